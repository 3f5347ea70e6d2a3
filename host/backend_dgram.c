/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One frame in each datagram, on a Unix socket: the format of QEMU's -netdev
 * dgram.
 *
 * A full socket refuses packets until it is writable, so a slow peer loses
 * nothing.  The peer may start after us, and start again.  Without a peer no
 * packet is taken: the NIC keeps packets as long as it does for a peer that
 * does not read (stall=).
 *
 * There are two sockets, because the kernel lets nobody but its peer send to a
 * socket that is connected, and drops what has arrived there when it is
 * connected again.
 *
 *	b.fd		receives.  Its name is local=.  Never connected, so that
 *			the peer's successor can send at once.
 *	connected_fd	sends.  Connected to remote=: no look-up for each frame,
 *			and it is writable when the peer has room.  It was bound
 *			to local= before b.fd was: a name stays with a socket
 *			after its file has gone, and peers see it as the sender.
 *
 * A peer that has connected its socket to local= takes frames from b.fd alone
 * (EPERM).  These go by remote='s name.
 *
 * Each packet is a system call.  sendmmsg() would take 64 in one, but it can
 * also pass descriptors, and send to any name (confine.c).
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "backend.h"
#include "confine.h"
#include "e1000_hw.h"
#include "unix.h"

#define PAUSE_MIN_NS	1000000		/* until the peer is looked for again */
#define PAUSE_MAX_NS	64000000

enum dgram_way {
	WAY_NONE,			/* there is no peer */
	WAY_CONNECTED,			/* connected_fd; or b.fd of fd=N */
	WAY_NAME,			/* b.fd, with remote */
};

struct dgram {
	struct backend b;		/* event_fd: a timer, to look again */
	struct sockaddr_un local;	/* sun_path empty: fd=N */
	const struct sockaddr_un *remote; /* NULL: fd=N */
	int connected_fd;		/* of fd=N: b.fd */
	pthread_mutex_t lock;		/* of what follows, up to `out' */
	enum dgram_way way;
	long pause_ns;
	uint8_t out[BACKEND_FRAME_BYTES]; /* by name, a packet in a piece */
	/* Of receive(). */
	struct mmsghdr in[BACKEND_BATCH];
	struct iovec in_iov[BACKEND_BATCH];
	uint8_t frame[BACKEND_BATCH][BACKEND_FRAME_BYTES];
};

/* ------------------------------------------------------------------- send */

static void
dgram_way_set(struct dgram *d, enum dgram_way way)
{
	d->way = way;
	d->b.out_fd = way == WAY_NONE ? -1 :
	    way == WAY_NAME           ? (int)d->b.fd :
					d->connected_fd;
}

/* Returns whether there is a peer. */
static bool
dgram_find(struct dgram *d)
{
	const struct sockaddr *to = (const struct sockaddr *)d->remote;

	if (connect(d->connected_fd, to, sizeof(*d->remote)) == 0)
		dgram_way_set(d, WAY_CONNECTED);
	else
		dgram_way_set(d, errno == EPERM ? WAY_NAME : WAY_NONE);
	return d->way != WAY_NONE;
}

/* event() follows, and looks for a peer. */
static void
dgram_find_later(struct dgram *d)
{
	struct itimerspec t = { .it_value.tv_nsec = d->pause_ns };

	(void)timerfd_settime(d->b.event_fd, 0, &t, NULL);
	d->pause_ns *= 2;
	if (d->pause_ns > PAUSE_MAX_NS)
		d->pause_ns = PAUSE_MAX_NS;
}

_Static_assert(E1000_TX_PACKET_MAX_BYTES + 4 <= BACKEND_FRAME_BYTES,
    "a packet with its VLAN tag fits into `out'");

static ssize_t
dgram_put_named(struct dgram *d, const struct e82540_packet *packet)
{
	const struct sockaddr *to = (const struct sockaddr *)d->remote;
	size_t n = 0;
	uint32_t i;

	for (i = 0; i < packet->iovs; i++) {
		memcpy(d->out + n, packet->iov[i].base, packet->iov[i].len);
		n += packet->iov[i].len;
	}
	return sendto(d->b.fd, d->out, n, MSG_DONTWAIT | MSG_NOSIGNAL, to,
	    sizeof(*d->remote));
}

/* Returns how many it sent; -1: none, and errno says why. */
static int
dgram_put(struct dgram *d, const struct e82540_packet *packet, unsigned int n)
{
	const struct iovec *iov;
	unsigned int i;
	ssize_t sent;

	for (i = 0; i < n; i++) {
		iov = (const struct iovec *)packet[i].iov;
		sent = d->way == WAY_NAME ?
		    dgram_put_named(d, &packet[i]) :
		    writev(d->connected_fd, iov, (int)packet[i].iovs);
		if (sent < 0)
			return i > 0 ? (int)i : -1;
	}
	return (int)n;
}

/*
 * After dgram_put() has failed: has the peer gone, or is this not the way to it
 * any more?  A pair has no successors.  By name, a socket is writable although
 * the peer is full, unless the peer is connected to us.
 */
static bool
dgram_lost_peer(const struct dgram *d)
{
	if (d->local.sun_path[0] == '\0')
		return false;
	switch (errno) {
	case ECONNREFUSED:
	case ECONNRESET:
	case ENOENT:
	case ENOTCONN:
	case EPERM:
	case EPIPE:
		return true;
	default:
		return d->way == WAY_NAME && errno == EAGAIN;
	}
}

/* To the peer, or if it has gone, to its successor.  Returns as dgram_put(). */
static int
dgram_put_again(struct dgram *d, const struct e82540_packet *packet,
    unsigned int n)
{
	int sent = dgram_put(d, packet, n);

	if (sent > 0 || !dgram_lost_peer(d) || !dgram_find(d))
		return sent;
	sent = dgram_put(d, packet, n);
	if (sent < 0 && errno != EAGAIN && dgram_lost_peer(d))
		dgram_way_set(d, WAY_NONE);
	return sent;
}

static unsigned int
dgram_send_locked(struct dgram *d, const struct e82540_packet *packet,
    unsigned int n)
{
	int sent = 0;

	if (d->way != WAY_NONE || dgram_find(d))
		sent = dgram_put_again(d, packet, n);
	if (d->way == WAY_NONE) {
		dgram_find_later(d);
		return 0;
	}
	if (sent > 0) {
		d->pause_ns = PAUSE_MIN_NS;
		return (unsigned int)sent;
	}
	if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)
		return 0;
	/* It can never be sent: the pair's other end has gone, or too long. */
	d->b.refused++;
	return 1;
}

static unsigned int
dgram_send(struct backend *b, const struct e82540_packet *packet,
    unsigned int n)
{
	struct dgram *d = (struct dgram *)b;
	unsigned int took;

	pthread_mutex_lock(&d->lock);
	took = dgram_send_locked(d, packet, n);
	pthread_mutex_unlock(&d->lock);
	return took;
}

static bool
dgram_event(struct backend *b)
{
	struct dgram *d = (struct dgram *)b;
	uint64_t count;
	bool found;

	(void)!read(b->event_fd, &count, sizeof(count));
	pthread_mutex_lock(&d->lock);
	found = d->way != WAY_NONE || dgram_find(d);
	if (!found)
		dgram_find_later(d);
	pthread_mutex_unlock(&d->lock);
	return found;
}

/* ---------------------------------------------------------------- receive */

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

/* ------------------------------------------------------------ open, close */

static void
dgram_close(struct backend *b)
{
	struct dgram *d = (struct dgram *)b;

	if (b->fd >= 0)
		(void)close(b->fd);
	if (d->connected_fd >= 0 && d->connected_fd != b->fd)
		(void)close(d->connected_fd);
	if (b->event_fd >= 0)
		(void)close(b->event_fd);
	if (d->local.sun_path[0] != '\0')
		(void)unlink(d->local.sun_path);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

static const struct backend_ops dgram_ops = {
	.send = dgram_send,
	.receive = dgram_receive,
	.close = dgram_close,
	.event = dgram_event,
};

/* Nothing arrives at connected_fd: a peer that tries at this moment is told. */
static int
dgram_sockets(struct dgram *d, const struct sockaddr_un *at, struct err *err)
{
	d->connected_fd = unix_bind(at, SOCK_DGRAM, "local", err);
	if (d->connected_fd < 0)
		return -1;
	(void)shutdown(d->connected_fd, SHUT_RD);
	(void)unlink(at->sun_path);
	d->b.fd = unix_bind(at, SOCK_DGRAM, "local", err);
	if (d->b.fd < 0)
		return -1;
	d->local = *at;
	d->b.event_fd =
	    timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return d->b.event_fd >= 0 ?
	    0 :
	    err_set(err, "timerfd: %s", strerror(errno));
}

/*
 * Connects at once if the peer exists: the user that we become later may not be
 * allowed to connect.
 */
static int
dgram_bind(struct dgram *d, const char *local, const char *remote,
    struct err *err)
{
	struct sockaddr_un at, to;

	if (local == NULL || remote == NULL)
		return err_usage(err,
		    "backend=dgram: needs local=PATH and remote=PATH, or fd=N");
	if (unix_address(&at, local, "local", err) != 0 ||
	    unix_address(&to, remote, "remote", err) != 0 ||
	    (d->remote = confine_peer(&to, err)) == NULL ||
	    dgram_sockets(d, &at, err) != 0)
		return -1;
	if (unix_is_same(local, remote))
		return err_usage(err,
		    "remote=%s: this is local, too; remote is the peer's "
		    "socket",
		    remote);
	(void)dgram_find(d);
	return 0;
}

static int
dgram_init(struct dgram *d, struct opts *opts, struct err *err)
{
	const char *local = opts_get(opts, "local");
	const char *remote = opts_get(opts, "remote");
	unsigned int i;

	d->connected_fd = -1;
	d->pause_ns = PAUSE_MIN_NS;
	pthread_mutex_init(&d->lock, NULL);
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
	d->b.fd = d->connected_fd = backend_fd(opts, SOCK_DGRAM, err);
	dgram_way_set(d, WAY_CONNECTED);
	return d->b.fd < 0 ? -1 : 0;
}

struct backend *
backend_dgram(struct opts *opts, struct err *err)
{
	struct dgram *d = backend_new(sizeof(*d), &dgram_ops, -1, err);

	if (d == NULL)
		return NULL;
	if (dgram_init(d, opts, err) == 0)
		return &d->b;
	dgram_close(&d->b);
	return NULL;
}
