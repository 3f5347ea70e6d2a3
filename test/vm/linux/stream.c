/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: streams that are compared byte for byte where they end, and streams that
 * are only measured.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "traffic.h"

#define RATE_BYTES	(256u * 1024)	/* of a write, when it is measured */

/* ------------------------------------------------------ each byte compared */

/* Puts the checksum of the sent bytes into *sum. */
static bool
stream_send(int fd, const struct stream *s, uint64_t *sum)
{
	static uint8_t buf[CHUNK_MAX];
	uint64_t at, i = 0;
	size_t n;

	*sum = 0;
	for (at = 0; at < s->bytes; at += n) {
		n = s->chunk != 0 ? s->chunk :
				    pattern_number(s->seed, i++, CHUNK_MAX);
		if (n > s->bytes - at)
			n = (size_t)(s->bytes - at);
		pattern_fill(s->seed, at, buf, n);
		*sum = pattern_sum(*sum, buf, n);
		if (!net_send(fd, buf, n))
			return false;
	}
	return true;
}

/* Returns how many bytes were right: s->bytes if all were. */
static uint64_t
stream_receive(int fd, const struct stream *s, uint64_t *sum)
{
	static uint8_t buf[CHUNK_MAX];
	uint64_t at = 0;
	size_t right;
	ssize_t n;

	*sum = 0;
	while (at < s->bytes) {
		n = recv(fd, buf,
		    s->bytes - at < sizeof(buf) ? (size_t)(s->bytes - at) :
						  sizeof(buf),
		    0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		*sum = pattern_sum(*sum, buf, (size_t)n);
		right = pattern_match(s->seed, at, buf, (size_t)n);
		at += right;
		if (right != (size_t)n)
			break;
	}
	return at;
}

void
stream_serve_sink(int fd, const struct stream *s)
{
	uint64_t sum, right = stream_receive(fd, s, &sum);

	if (right == s->bytes)
		(void)net_say(fd, "ok %" PRIu64 " %016" PRIx64, right, sum);
	else
		(void)net_say(fd, "no: wrong or missing from byte %" PRIu64,
		    right);
}

void
stream_serve_source(int fd, const struct stream *s)
{
	uint64_t sum;

	if (stream_send(fd, s, &sum))
		(void)net_say(fd, "ok %" PRIu64 " %016" PRIx64, s->bytes, sum);
	else
		(void)net_say(fd, "no: not all bytes were sent");
}

static bool
transfer(int fd, bool out, const struct stream *s, uint64_t *sum)
{
	uint64_t right;

	errno = 0;
	if (out)
		return stream_send(fd, s, sum) ||
		    fail("send: %s", strerror(errno)) == 0;
	right = stream_receive(fd, s, sum);
	return right == s->bytes ||
	    fail("wrong or missing from byte %" PRIu64 ": %s", right,
		strerror(errno)) == 0;
}

/* Both sides' counts and checksums must be the same. */
int
stream_client(const struct peer *peer, const char *direction,
    const struct stream *s)
{
	bool out = strcmp(direction, "send") == 0;
	char line[LINE_BYTES], mine[LINE_BYTES];
	int fd, status = EXIT_FAILURE;
	uint64_t sum, start = now_ns();
	const char *theirs;

	fd = net_ask(peer, "%s %" PRIu64 " %" PRIu64 " %u",
	    out ? "sink" : "source", s->seed, s->bytes, s->chunk);
	if (fd < 0)
		return EXIT_FAILURE;
	if (!transfer(fd, out, s, &sum))
		goto close_fd;
	theirs = net_answer(fd, line);
	if (theirs == NULL)
		goto close_fd;
	(void)snprintf(mine, sizeof(mine), "%" PRIu64 " %016" PRIx64, s->bytes,
	    sum);
	if (strcmp(mine, theirs) != 0) {
		(void)fail("here %s, there %s", mine, theirs);
		goto close_fd;
	}
	printf("tcp %s: %" PRIu64 " bytes, chunk %u, seed %" PRIu64
	       ", sum %016" PRIx64 ", %" PRIu64 " ms\n",
	    direction, s->bytes, s->chunk, s->seed, sum,
	    (now_ns() - start) / 1000000);
	status = EXIT_SUCCESS;
close_fd:
	(void)close(fd);
	return status;
}

/* ---------------------------------------------------------------- measured */

static uint64_t
drain(int fd)
{
	static uint8_t buf[RATE_BYTES];
	uint64_t bytes = 0;
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		bytes += (uint64_t)n;
	return bytes;
}

static void
pour(int fd, double seconds)
{
	static uint8_t buf[RATE_BYTES];
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);

	while (now_ns() < end && net_send(fd, buf, sizeof(buf)))
		;
	(void)shutdown(fd, SHUT_WR);
}

void
rate_serve_sink(int fd)
{
	(void)net_say(fd, "ok %" PRIu64, drain(fd));
}

/* The server knows the end, because the client ends the connection. */
void
rate_serve_source(int fd, double seconds)
{
	pour(fd, seconds);
	(void)drain(fd);
}

/* By this side's clock, until the other side has all bytes. */
int
rate_client(const struct peer *peer, const char *direction, double seconds)
{
	bool out = strcmp(direction, "send") == 0;
	uint64_t start = now_ns(), bytes = 0, ns;
	char line[LINE_BYTES];
	const char *answer;
	int fd = out ? net_ask(peer, "rate-sink") :
		       net_ask(peer, "rate-source %f", seconds);

	if (fd < 0)
		return EXIT_FAILURE;
	if (out) {
		pour(fd, seconds);
		answer = net_answer(fd, line);
		if (answer != NULL)
			bytes = strtoull(answer, NULL, 10);
	} else {
		bytes = drain(fd);
	}
	ns = now_ns() - start;
	(void)close(fd);
	if (bytes == 0)
		return fail("no bytes arrived");
	printf("%" PRIu64 " bytes, %" PRIu64 " us\n", bytes, ns / 1000);
	return EXIT_SUCCESS;
}
