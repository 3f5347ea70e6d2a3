/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptors that go with bytes through a UNIX socket: the tests' end of it.
 */
#ifndef TEST_FDS_H
#define TEST_FDS_H

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#define FDS_SENT_MAX 40u

/* fds_send: as send(), with `fds` descriptors; 0: none, and fd may be NULL. */
static inline ssize_t
fds_send(int to, const void *data, size_t n, int flags, const int *fd,
    unsigned int fds)
{
	union {
		char bytes[CMSG_SPACE(FDS_SENT_MAX * sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct iovec iov = { (void *)(uintptr_t)data, n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (fds > 0) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fd, fds * sizeof(int));
	}
	return sendmsg(to, &msg, flags | MSG_NOSIGNAL);
}

/*
 * fds_receive: waits for n bytes.  Sets *fd to the descriptor that came with
 * them, which is then the caller's; leaves it as it is if none came.
 */
static inline ssize_t
fds_receive(int from, void *data, size_t n, int *fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { data, n };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t got = recvmsg(from, &msg, MSG_WAITALL | MSG_CMSG_CLOEXEC);

	if (got >= 0 && CMSG_FIRSTHDR(&msg) != NULL)
		memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(*fd));
	return got;
}

#endif
