/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Backends whose peer is the test: packets in pieces, and frames of which each
 * byte is checked.
 */
#ifndef TEST_BACKEND_RIG_H
#define TEST_BACKEND_RIG_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "dir.h"
#include "open.h"

#define PIECES_MAX	64u

static struct err err;

/* A packet, its bytes, and its pieces. */
struct made {
	struct e82540_packet packet;
	struct e82540_iov iov[PIECES_MAX];
	uint8_t bytes[BACKEND_FRAME_BYTES + 64];
};

static inline uint8_t
pattern(uint64_t number, uint32_t i)
{
	return (uint8_t)((number + 1) * 151 + i * 7 + (i >> 8));
}

static inline void
bytes_make(uint8_t *bytes, uint64_t number, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		bytes[i] = pattern(number, i);
}

static inline void
bytes_check(const uint8_t *bytes, uint64_t number, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		if (bytes[i] != pattern(number, i))
			fail_msg("byte %u of %u of number %llu", i, len,
			    (unsigned long long)number);
}

/* Pieces of 1, 2, 3 ... bytes, and the rest in the last. */
static inline void
packet_make(struct made *m, uint64_t number, uint32_t len, unsigned int pieces)
{
	uint32_t at = 0, n;
	unsigned int i;

	assert_true(pieces <= PIECES_MAX && len <= sizeof(m->bytes));
	bytes_make(m->bytes, number, len);
	for (i = 0; i < pieces && at < len; i++, at += n) {
		n = i + 1 == pieces || i + 1 > len - at ? len - at : i + 1;
		m->iov[i] = (struct e82540_iov){ m->bytes + at, n };
	}
	m->packet = (struct e82540_packet){ m->iov, i, len };
}

static inline unsigned int
send_one(struct backend *b, uint64_t number, uint32_t len)
{
	static struct made m;

	packet_make(&m, number, len, 1 + number % 9);
	return b->ops->send(b, &m.packet, 1);
}

/*
 * Packets of every length that a chip can send, in pieces of all sizes; gets()
 * is the peer, which checks each.
 */
static inline void
send_in_pieces(struct backend *b, void (*gets)(uint64_t number, uint32_t len))
{
	static const uint32_t lens[] = { 1, 14, 60, 61, 1514, 9018, 16288,
		16384 };
	struct made m;
	unsigned int pieces;
	size_t i;

	for (i = 0; i < COUNT(lens); i++)
		for (pieces = 1; pieces <= PIECES_MAX; pieces += 7) {
			packet_make(&m, i + pieces, lens[i], pieces);
			assert_int_equal(b->ops->send(b, &m.packet, 1), 1);
			gets(i + pieces, lens[i]);
		}
	assert_int_equal(b->refused, 0);
}

/* Asks for BACKEND_BATCH frames, the most that the contract allows. */
static inline unsigned int
receive_some(struct backend *b, struct e82540_frame frame[BACKEND_BATCH])
{
	unsigned int n = b->ops->receive(b, frame, BACKEND_BATCH);

	assert_true(n <= BACKEND_BATCH);
	return n;
}

static inline void
frame_check(const struct e82540_frame *f, uint64_t number, uint32_t len)
{
	assert_int_equal(f->len_bytes, len);
	assert_int_equal(f->flags, 0);
	bytes_check(f->data, number, len);
}

static inline void
none_come(struct backend *b)
{
	struct e82540_frame frame[BACKEND_BATCH];

	assert_int_equal(receive_some(b, frame), 0);
}

/* ready: POLLIN or POLLOUT, as poll() reports it now. */
static inline short
ready(struct backend *b, short events)
{
	struct pollfd fd = { .fd = events == POLLOUT ? b->out_fd : b->fd,
		.events = events };

	assert_true(poll(&fd, 1, 0) >= 0);
	return fd.revents;
}

/* backend_open() fails, and its sentence contains `why`. */
static inline void __attribute__((format(printf, 2, 3)))
refused_by(const char *why, const char *format, ...)
{
	char text[512];
	struct opts opts;
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	memset(&err, 0, sizeof(err));
	assert_int_equal(opts_parse(&opts, text, &err), 0);
	assert_null(backend_open(&opts, &err));
	opts_free(&opts);
	says(&err, why);
}

static inline void
close_it(struct backend *b)
{
	b->ops->close(b);
}

static inline struct sockaddr_un
unix_at(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", dir_path(name));
	return at;
}

#endif
