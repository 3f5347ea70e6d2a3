/* SPDX-License-Identifier: BSD-2-Clause */
#include "vfu_message.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define HEADER_BYTES ((uint32_t)sizeof(struct vfu_header))

void
vfu_transport_init(struct vfu_transport *t, int fd, int stop_fd)
{
	int flags = fcntl(fd, F_GETFL);

	(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	t->fd = fd;
	t->stop_fd = stop_fd;
	t->have = t->next = t->end = 0;
	t->fds = t->in.fds = (struct vfu_fds){ .n = 0 };
}

static void
fds_close(struct vfu_fds *fds)
{
	unsigned int i;

	for (i = 0; i < fds->n; i++)
		if (fds->fd[i] >= 0)
			(void)close(fds->fd[i]);
	*fds = (struct vfu_fds){ .n = 0 };
}

void
vfu_transport_end(struct vfu_transport *t)
{
	vfu_message_end(t);
	fds_close(&t->fds);
}

int
vfu_message_fd(struct vfu_message *m, unsigned int i)
{
	int fd = m->fds.fd[i];

	m->fds.fd[i] = -1;
	return fd;
}

void
vfu_message_end(struct vfu_transport *t)
{
	fds_close(&t->in.fds);
	t->have = 0;
}

/* ---------------------------------------------------------------- receive */

/* Descriptors beyond VFU_FDS_MAX are closed here. */
static void
fds_add(struct vfu_fds *fds, const struct cmsghdr *cmsg)
{
	size_t i, n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	int fd;

	for (i = 0; i < n; i++) {
		memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd), sizeof(fd));
		if (fds->n < VFU_FDS_MAX) {
			fds->fd[fds->n++] = fd;
		} else {
			fds->lost = true;
			(void)close(fd);
		}
	}
}

/* A message that is sent in parts may have descriptors with each of them. */
static void
fds_move(struct vfu_fds *to, struct vfu_fds *from)
{
	unsigned int i;

	for (i = 0; i < from->n; i++)
		if (to->n < VFU_FDS_MAX) {
			to->fd[to->n++] = from->fd[i];
			from->fd[i] = -1;
		} else {
			to->lost = true;
		}
	to->lost |= from->lost;
	fds_close(from);
}

/* The kernel closes descriptors that have no place in it: MSG_CTRUNC. */
static ssize_t
bytes_read(struct vfu_transport *t)
{
	union {
		char bytes[CMSG_SPACE(VFU_FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { t->buf, sizeof(t->buf) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg;
	ssize_t got;

	do
		got = recvmsg(t->fd, &msg, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return got;
	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg != NULL;
	     cmsg = CMSG_NXTHDR(&msg, cmsg))
		if (cmsg->cmsg_level == SOL_SOCKET &&
		    cmsg->cmsg_type == SCM_RIGHTS)
			fds_add(&t->fds, cmsg);
	if (msg.msg_flags & MSG_CTRUNC)
		t->fds.lost = true;
	t->next = 0;
	t->end = (uint32_t)got;
	return got;
}

/* Up to n bytes of the message. */
static void
bytes_take(struct vfu_transport *t, uint8_t *to, uint32_t n)
{
	if (n > t->end - t->next)
		n = t->end - t->next;
	memcpy(to, t->buf + t->next, n);
	t->next += n;
	t->have += n;
	if (t->next == t->end)
		fds_move(&t->in.fds, &t->fds);
}

/* Where the message's next bytes go, and how many belong to this part of it. */
static uint8_t *
bytes_wanted(struct vfu_transport *t, uint32_t *n)
{
	uint32_t have = t->have;

	if (have < HEADER_BYTES) {
		*n = HEADER_BYTES - have;
		return (uint8_t *)&t->in.header + have;
	}
	*n = t->in.header.bytes - have;
	return t->in.payload + (have - HEADER_BYTES);
}

static int
header_check(const struct vfu_header *header, struct err *err)
{
	if (header->bytes >= HEADER_BYTES &&
	    header->bytes - HEADER_BYTES <= VFU_PAYLOAD_MAX)
		return 0;
	return err_set(err,
	    "vfio-user: the client's message %u (command %u) has %lu bytes: "
	    "must be %lu to %lu",
	    header->id, header->command, (unsigned long)header->bytes,
	    (unsigned long)HEADER_BYTES,
	    (unsigned long)HEADER_BYTES + VFU_PAYLOAD_MAX);
}

enum vfu_received
vfu_receive(struct vfu_transport *t, struct err *err)
{
	uint8_t *to;
	uint32_t n;
	ssize_t got;

	for (;;) {
		to = bytes_wanted(t, &n);
		if (n == 0)
			break;
		if (!vfu_received_more(t)) {
			got = bytes_read(t);
			if (got < 0 &&
			    (errno == EAGAIN || errno == EWOULDBLOCK))
				return VFU_RECEIVED_PART;
			if (got <= 0)
				return VFU_RECEIVED_END;
		}
		bytes_take(t, to, n);
		if (t->have == HEADER_BYTES &&
		    header_check(&t->in.header, err) != 0)
			return VFU_RECEIVED_BROKEN;
	}
	t->in.payload_bytes = t->in.header.bytes - HEADER_BYTES;
	return VFU_RECEIVED_ALL;
}

/* ------------------------------------------------------------------ reply */

/* Returns 0 when the socket takes bytes; -1 if there is to be no reply. */
static int
writable_wait(struct vfu_transport *t)
{
	struct pollfd p[2] = { { t->fd, POLLOUT, 0 },
		{ t->stop_fd, POLLIN, 0 } };
	int n;

	do
		n = poll(p, 2, -1);
	while (n < 0 && errno == EINTR);
	return n < 0 || p[1].revents != 0 ? -1 : 0;
}

static void
fd_attach(struct msghdr *msg, void *control, size_t bytes, int fd)
{
	struct cmsghdr *cmsg;

	msg->msg_control = control;
	msg->msg_controllen = bytes;
	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
}

/* n bytes of iov are sent. */
static void
iov_skip(struct iovec *iov, size_t n)
{
	size_t part;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		part = n < iov[i].iov_len ? n : iov[i].iov_len;
		iov[i].iov_base = (uint8_t *)iov[i].iov_base + part;
		iov[i].iov_len -= part;
		n -= part;
	}
}

static int
iov_send(struct vfu_transport *t, struct iovec *iov, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t n;

	if (fd >= 0)
		fd_attach(&msg, &control, sizeof(control), fd);
	while (iov[0].iov_len + iov[1].iov_len > 0) {
		n = sendmsg(t->fd, &msg, MSG_NOSIGNAL);
		if (n > 0) {
			iov_skip(iov, (size_t)n);
			msg.msg_control = NULL;
			msg.msg_controllen = 0;
		} else if (n < 0 && errno == EAGAIN) {
			if (writable_wait(t) != 0)
				return -1;
		} else if (n == 0 || errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

static int
reply_send(struct vfu_transport *t, struct vfu_header *header,
    const void *payload, int fd)
{
	struct iovec iov[2] = { { header, HEADER_BYTES },
		{ (void *)(uintptr_t)payload, header->bytes - HEADER_BYTES } };

	if (t->in.header.flags & VFU_NO_REPLY)
		return 0;
	header->id = t->in.header.id;
	header->command = t->in.header.command;
	return iov_send(t, iov, fd);
}

int
vfu_reply(struct vfu_transport *t, const void *payload, uint32_t n, int fd)
{
	struct vfu_header header = { .bytes = HEADER_BYTES + n,
		.flags = VFU_TYPE_REPLY };

	return reply_send(t, &header, payload, fd);
}

int
vfu_reply_error(struct vfu_transport *t, uint32_t error)
{
	struct vfu_header header = { .bytes = HEADER_BYTES,
		.flags = VFU_TYPE_REPLY | VFU_ERROR,
		.error = error };

	return reply_send(t, &header, "", -1);
}
