/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One frame in each datagram, on a Unix socket: the format of QEMU's -netdev
 * dgram.
 *
 * A full socket refuses packets until it is writable, so a slow peer loses
 * nothing.  The peer may start after us, and start again.  Without a peer,
 * packets are lost, as on an open cable.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend.h"
#include "unix.h"

struct dgram {
	struct backend b;
	struct sockaddr_un local;	/* sun_path empty: none */
	struct sockaddr_un remote;
	bool connected;
	struct mmsghdr out[E82540_SEND_MAX];
	struct mmsghdr in[BACKEND_BATCH];
	struct iovec in_iov[BACKEND_BATCH];
	uint8_t frame[BACKEND_BATCH][BACKEND_FRAME_BYTES];
};

static bool
dgram_connect(struct dgram *d)
{
	if (!d->connected)
		d->connected = connect(d->b.fd, (struct sockaddr *)&d->remote,
				   sizeof(d->remote)) == 0;
	return d->connected;
}

static unsigned int
dgram_send(struct backend *b, const struct e82540_packet *packet,
    unsigned int n)
{
	struct dgram *d = (struct dgram *)b;
	unsigned int i;
	int sent;

	if (!dgram_connect(d)) {
		b->refused += n;
		return n;
	}
	for (i = 0; i < n; i++) {
		d->out[i].msg_hdr.msg_iov =
		    (struct iovec *)(uintptr_t)packet[i].iov;
		d->out[i].msg_hdr.msg_iovlen = packet[i].iovs;
	}
	sent = sendmmsg(b->fd, d->out, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent > 0)
		return (unsigned int)sent;
	if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)
		return 0;
	/* The first can never be sent: there is no peer, or it is too long. */
	d->connected = d->remote.sun_path[0] == '\0';
	b->refused++;
	return 1;
}

static unsigned int
dgram_receive(struct backend *b, struct e82540_frame *frame, unsigned int n)
{
	struct dgram *d = (struct dgram *)b;
	unsigned int count = 0;
	int i, got;

	got = recvmmsg(b->fd, d->in, n, MSG_DONTWAIT, NULL);
	for (i = 0; i < got; i++) {
		if (d->in[i].msg_len == 0 ||
		    d->in[i].msg_hdr.msg_flags & MSG_TRUNC) {
			b->refused++;
			continue;
		}
		frame[count].data = d->frame[i];
		frame[count].len_bytes = d->in[i].msg_len;
		frame[count++].flags = 0;
	}
	return count;
}

static void
dgram_close(struct backend *b)
{
	struct dgram *d = (struct dgram *)b;

	(void)close(b->fd);
	if (d->local.sun_path[0] != '\0')
		(void)unlink(d->local.sun_path);
	free(d);
}

static const struct backend_ops dgram_ops = {
	.send = dgram_send,
	.receive = dgram_receive,
	.close = dgram_close,
};

/*
 * Connects at once if the peer exists: the user that we become later may not be
 * allowed to connect.
 */
static int
dgram_bind(struct dgram *d, const char *local, const char *remote,
    struct err *err)
{
	struct sockaddr_un at;

	if (local == NULL || remote == NULL)
		return err_usage(err,
		    "backend=dgram: needs local=PATH and remote=PATH, or fd=N");
	if (unix_address(&at, local, "local", err) != 0 ||
	    unix_address(&d->remote, remote, "remote", err) != 0)
		return -1;
	d->b.fd = unix_bind(&at, SOCK_DGRAM, "local", err);
	if (d->b.fd < 0)
		return -1;
	if (unix_is_same(local, remote)) {
		(void)unlink(local);
		return err_usage(err,
		    "remote=%s: this is local, too; remote is the peer's "
		    "socket",
		    remote);
	}
	d->local = at;
	(void)dgram_connect(d);
	return 0;
}

static int
dgram_init(struct dgram *d, struct opts *opts, struct err *err)
{
	const char *local = opts_get(opts, "local");
	const char *remote = opts_get(opts, "remote");
	unsigned int i;

	d->b.fd = -1;
	for (i = 0; i < BACKEND_BATCH; i++) {
		d->in_iov[i].iov_base = d->frame[i];
		d->in_iov[i].iov_len = sizeof(d->frame[i]);
		d->in[i].msg_hdr.msg_iov = &d->in_iov[i];
		d->in[i].msg_hdr.msg_iovlen = 1;
	}
	if (opts_get(opts, "fd") == NULL)
		return dgram_bind(d, local, remote, err);
	if (local != NULL || remote != NULL)
		return err_usage(err,
		    "backend=dgram: takes either fd=N or local and remote");
	d->b.fd = backend_fd(opts, SOCK_DGRAM, err);
	d->connected = true;
	return d->b.fd < 0 ? -1 : 0;
}

struct backend *
backend_dgram(struct opts *opts, struct err *err)
{
	struct dgram *d = backend_new(sizeof(*d), &dgram_ops, -1, err);

	if (d == NULL)
		return NULL;
	if (dgram_init(d, opts, err) != 0) {
		if (d->b.fd >= 0)
			(void)close(d->b.fd);
		free(d);
		return NULL;
	}
	return &d->b;
}
