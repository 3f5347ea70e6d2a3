/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames on a Unix stream socket.  Each follows its length in four bytes, most
 * significant first: the format of QEMU's -netdev stream, and of passt.
 *
 * A server takes one peer at a time.  A client connects again when its peer has
 * gone (connector.h).  Without a peer the cable is out, and no packet is taken;
 * what is not sent, or in part, goes to the next peer.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "backend.h"
#include "connector.h"
#include "e1000_hw.h"
#include "unix.h"

#define LENGTH_BYTES	4u
#define IN_BYTES	(256u * 1024)
#define OUT_BYTES	(LENGTH_BYTES + BACKEND_FRAME_BYTES)
#define PEER_MAX_BYTES	(256u * 1024 - LENGTH_BYTES)	/* of a frame */
#define IOVS		1024u

struct stream {
	struct backend b;		/* b.fd: the peer's, or listen_fd;
					 * b.event_fd: the connector */
	pthread_mutex_t lock;		/* of peer_fd: one sends, one closes */
	int listen_fd;			/* -1: a client */
	int peer_fd;			/* -1: none */
	struct sockaddr_un at;		/* of listen_fd, or the peer's */
	/* A packet that went out in part; out_len 0: none. */
	uint32_t out_at, out_len;
	uint8_t out[OUT_BYTES];
	/* Received bytes; those from in_at to in_len are not parsed yet. */
	uint32_t in_at, in_len;
	uint8_t in[IN_BYTES];
};

_Static_assert(E1000_TX_PACKET_MAX_BYTES + 4 <= BACKEND_FRAME_BYTES,
    "a packet with its VLAN tag fits into `out'");

static void
stream_put_length(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static uint32_t
stream_get_length(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

/* ------------------------------------------------------------------ peers */

/* Only the NIC's thread calls this; other threads see the peer go. */
static void
stream_peer_set(struct stream *s, int fd)
{
	pthread_mutex_lock(&s->lock);
	if (s->peer_fd >= 0)
		(void)close(s->peer_fd);
	s->peer_fd = fd;
	s->out_at = 0;			/* the next peer gets it whole */
	s->in_len = s->in_at = 0;
	s->b.fd = fd >= 0 ? fd : s->listen_fd;
	s->b.out_fd = fd;
	s->b.up = fd >= 0;
	pthread_mutex_unlock(&s->lock);
}

static void
stream_peer_gone(struct stream *s)
{
	stream_peer_set(s, -1);
	if (s->b.event_fd >= 0)
		connector_ask(s->b.event_fd);
}

static void
stream_peer_accept(struct stream *s)
{
	int fd =
	    accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		stream_peer_set(s, fd);
}

/* ------------------------------------------------------------------- send */

static bool
stream_is_full(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/*
 * After an error of send(): the socket is full, or the peer has gone.  A socket
 * without a peer is writable for ever, so it is not to be polled any more;
 * receive() finds the end, too.
 */
static void
stream_send_failed(struct stream *s)
{
	if (!stream_is_full())
		s->b.out_fd = -1;
}

/* Sends the rest of a packet.  Returns false if there is still a rest. */
static bool
stream_send_rest(struct stream *s)
{
	ssize_t n;

	if (s->out_len == 0)
		return true;
	n = send(s->peer_fd, s->out + s->out_at, s->out_len - s->out_at,
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		s->out_at += (uint32_t)n;
	else
		stream_send_failed(s);
	if (s->out_at == s->out_len)
		s->out_at = s->out_len = 0;
	return s->out_len == 0;
}

/* `done` bytes of a packet, 1 or more, are sent: keep the others. */
static void
stream_keep_rest(struct stream *s, const struct e82540_packet *packet,
    size_t done)
{
	uint32_t i, at = LENGTH_BYTES;

	stream_put_length(s->out, packet->len_bytes);
	for (i = 0; i < packet->iovs; i++) {
		memcpy(s->out + at, packet->iov[i].base, packet->iov[i].len);
		at += (uint32_t)packet->iov[i].len;
	}
	s->out_at = (uint32_t)done;
	s->out_len = at;
}

/* How many packets are in the first `bytes` bytes; the last may be cut. */
static unsigned int
stream_taken(struct stream *s, const struct e82540_packet *packet,
    unsigned int n, size_t bytes)
{
	size_t whole;
	unsigned int i;

	for (i = 0; i < n && bytes > 0; i++, bytes -= whole) {
		whole = LENGTH_BYTES + packet[i].len_bytes;
		if (bytes < whole) {
			stream_keep_rest(s, &packet[i], bytes);
			return i + 1;
		}
	}
	return i;
}

static unsigned int
stream_send_some(struct stream *s, const struct e82540_packet *packet,
    unsigned int n)
{
	uint8_t length[E82540_SEND_MAX][LENGTH_BYTES];
	struct iovec iov[IOVS];
	unsigned int i, j, iovs = 0;
	ssize_t sent;

	for (i = 0; i < n; i++) {
		if (iovs + 1 + packet[i].iovs > IOVS)
			break;
		stream_put_length(length[i], packet[i].len_bytes);
		iov[iovs++] = (struct iovec){ length[i], LENGTH_BYTES };
		for (j = 0; j < packet[i].iovs; j++)
			iov[iovs++] = (struct iovec){
				(void *)(uintptr_t)packet[i].iov[j].base,
				packet[i].iov[j].len
			};
	}
	sent = writev(s->peer_fd, iov, (int)iovs);
	if (sent > 0)
		return stream_taken(s, packet, i, (size_t)sent);
	stream_send_failed(s);
	return 0;
}

static unsigned int
stream_send(struct backend *b, const struct e82540_packet *packet,
    unsigned int n)
{
	struct stream *s = (struct stream *)b;
	unsigned int took = 0;

	pthread_mutex_lock(&s->lock);
	if (s->peer_fd >= 0 && stream_send_rest(s) && n > 0)
		took = stream_send_some(s, packet, n);
	b->unsent = s->out_len != 0;
	pthread_mutex_unlock(&s->lock);
	return took;
}

/* ---------------------------------------------------------------- receive */

/* Returns false: the peer has gone, or its frame does not fit. */
static bool
stream_fill(struct stream *s)
{
	ssize_t n;

	memmove(s->in, s->in + s->in_at, s->in_len - s->in_at);
	s->in_len -= s->in_at;
	s->in_at = 0;
	n = recv(s->peer_fd, s->in + s->in_len, IN_BYTES - s->in_len,
	    MSG_DONTWAIT);
	if (n > 0)
		s->in_len += (uint32_t)n;
	return n > 0 || (n < 0 && stream_is_full());
}

/* The frames received so far.  Clears *valid at an impossible length. */
static unsigned int
stream_frames(struct stream *s, struct e82540_frame *frame, unsigned int n,
    bool *valid)
{
	unsigned int count = 0;
	uint32_t len;

	while (count < n && s->in_len - s->in_at >= LENGTH_BYTES) {
		len = stream_get_length(s->in + s->in_at);
		if (len == 0 || len > PEER_MAX_BYTES) {
			*valid = false;
			break;
		}
		if (s->in_len - s->in_at < LENGTH_BYTES + len)
			break;
		frame[count].data = s->in + s->in_at + LENGTH_BYTES;
		frame[count].len_bytes = len;
		frame[count].flags = 0;
		if (len <= BACKEND_FRAME_BYTES)
			count++;
		else
			s->b.refused++;
		s->in_at += LENGTH_BYTES + len;
	}
	return count;
}

static unsigned int
stream_receive(struct backend *b, struct e82540_frame *frame, unsigned int n)
{
	struct stream *s = (struct stream *)b;
	unsigned int count;
	bool valid = true;

	if (s->peer_fd < 0) {
		if (s->listen_fd >= 0)
			stream_peer_accept(s);
		return 0;
	}
	count = stream_frames(s, frame, n, &valid);
	if (count == 0 && valid) {
		valid = stream_fill(s);
		if (valid)
			count = stream_frames(s, frame, n, &valid);
	}
	/* Frames before a bad length are good; the next call handles that. */
	if (count == 0 && !valid)
		stream_peer_gone(s);
	return count;
}

/* The connector has a peer.  If it has ended, none comes any more. */
static bool
stream_event(struct backend *b)
{
	struct stream *s = (struct stream *)b;
	int fd = connector_take(b->event_fd);

	if (fd >= 0) {
		stream_peer_set(s, fd);
	} else if (fd == -EPIPE) {
		(void)close(b->event_fd);
		b->event_fd = -1;
	}
	return fd >= 0;
}

static void
stream_close(struct backend *b)
{
	struct stream *s = (struct stream *)b;

	stream_peer_set(s, -1);
	if (b->event_fd >= 0)
		(void)close(b->event_fd);
	if (s->listen_fd >= 0) {
		(void)close(s->listen_fd);
		(void)unlink(s->at.sun_path);
	}
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static const struct backend_ops stream_ops = {
	.send = stream_send,
	.receive = stream_receive,
	.close = stream_close,
	.event = stream_event,
};

/* ------------------------------------------------------------------- open */

static int
stream_listen(struct stream *s, struct err *err)
{
	int fd = unix_bind(&s->at, SOCK_STREAM, "path", err);

	if (fd < 0)
		return -1;
	if (listen(fd, 1) != 0) {
		(void)close(fd);
		return err_set(err, "path=%s: %s", s->at.sun_path,
		    strerror(errno));
	}
	s->listen_fd = fd;
	stream_peer_set(s, -1);
	return 0;
}

static int
stream_connect(struct stream *s, struct err *err)
{
	const struct sockaddr *at = (const struct sockaddr *)&s->at;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_set(err, "socket: %s", strerror(errno));
	if (connect(fd, at, sizeof(s->at)) != 0) {
		(void)close(fd);
		return err_set(err,
		    "path=%s: %s: start the peer first, or add server=on",
		    s->at.sun_path, strerror(errno));
	}
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	s->b.event_fd = connector_start(&s->at, err);
	if (s->b.event_fd < 0) {
		(void)close(fd);
		return -1;
	}
	stream_peer_set(s, fd);
	return 0;
}

static int
stream_init(struct stream *s, struct opts *opts, struct err *err)
{
	const char *path = opts_get(opts, "path");
	bool server = false;
	int fd;

	(void)signal(SIGPIPE, SIG_IGN); /* writev() has no MSG_NOSIGNAL */
	if (opts_bool(opts, "server", &server, err) != 0)
		return -1;
	if (opts_get(opts, "fd") != NULL) {
		fd = path != NULL || server ?
		    err_usage(err,
			"backend=stream: takes either fd=N or path=PATH") :
		    backend_fd(opts, SOCK_STREAM, err);
		if (fd >= 0)
			stream_peer_set(s, fd);
		return fd < 0 ? -1 : 0;
	}
	if (path == NULL)
		return err_usage(err,
		    "backend=stream: needs path=PATH or fd=N");
	if (unix_address(&s->at, path, "path", err) != 0)
		return -1;
	return server ? stream_listen(s, err) : stream_connect(s, err);
}

struct backend *
backend_stream(struct opts *opts, struct err *err)
{
	struct stream *s = backend_new(sizeof(*s), &stream_ops, -1, err);

	if (s == NULL)
		return NULL;
	pthread_mutex_init(&s->lock, NULL);
	s->listen_fd = s->peer_fd = -1;
	if (stream_init(s, opts, err) == 0)
		return &s->b;
	pthread_mutex_destroy(&s->lock);
	free(s);
	return NULL;
}
