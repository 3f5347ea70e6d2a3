/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Backends, with a peer that the test plays: packets in pieces, frames whose
 * every byte is known.
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

#include "backend.h"
#include "common.h"

#define PIECES_MAX	64u
#define DIR_BYTES	48u

static struct err err;

/* A packet, its bytes, and the pieces it is handed over in. */
struct made {
	struct e82540_packet packet;
	struct e82540_iov iov[PIECES_MAX];
	uint8_t bytes[BACKEND_FRAME_BYTES + 64];
};

/* A folder that is gone afterwards; paths in it. */
static char dir[DIR_BYTES];

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

/* At most BACKEND_BATCH frames are asked for, as the contract has it. */
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

/* ready: what poll() says of the backend, at once. */
static inline short
ready(struct backend *b, short events)
{
	struct pollfd fd = { .fd = b->fd, .events = events };

	assert_true(poll(&fd, 1, 0) >= 0);
	return fd.revents;
}

static inline struct backend *__attribute__((format(printf, 1, 2)))
open_by(const char *format, ...)
{
	char text[512];
	struct backend *b;
	struct opts opts;
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	assert_int_equal(opts_parse(&opts, text, &err), 0);
	b = backend_open(&opts, &err);
	if (b == NULL)
		fail_msg("%s: %s", text, err.text);
	assert_null(opts_unused(&opts));
	opts_free(&opts);
	return b;
}

/* Its sentence has `why` in it. */
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

/* The folder is empty at the end: sockets are gone. */
static inline int
dir_make(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/lem-backend.XXXXXX");
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static inline int
dir_remove(void **state)
{
	(void)state;
	return rmdir(dir);
}

static inline struct sockaddr_un
unix_at(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s/%s", dir, name);
	return at;
}

#endif
