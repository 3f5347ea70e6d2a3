/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "traffic.h"

#define ROOM_BYTES	(8u << 20)	/* for datagrams that wait */

/* ------------------------------------------------------------------ pattern */

/* SplitMix64's output function: computes any word of a stream. */
static uint64_t
word(uint64_t seed, uint64_t i)
{
	uint64_t z = seed + (i + 1) * 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

void
pattern_fill(uint64_t seed, uint64_t at, void *buf, size_t n)
{
	uint8_t *p = buf;
	uint64_t w;
	size_t skip, len;

	while (n > 0) {
		w = word(seed, at / 8);
		skip = at % 8;
		len = 8 - skip < n ? 8 - skip : n;
		memcpy(p, (uint8_t *)&w + skip, len);
		p += len;
		at += len;
		n -= len;
	}
}

size_t
pattern_match(uint64_t seed, uint64_t at, const void *buf, size_t n)
{
	static __thread uint8_t right[CHUNK_MAX];
	const uint8_t *p = buf;
	size_t done, len, i;

	for (done = 0; done < n; done += len) {
		len = n - done < sizeof(right) ? n - done : sizeof(right);
		pattern_fill(seed, at + done, right, len);
		if (memcmp(p + done, right, len) == 0)
			continue;
		for (i = 0; p[done + i] == right[i]; i++)
			;
		return done + i;
	}
	return n;
}

uint64_t
pattern_sum(uint64_t sum, const void *buf, size_t n)
{
	const uint8_t *p = buf;
	size_t i;

	for (i = 0; i < n; i++)
		sum = (sum ^ p[i]) * 0x100000001b3ull;
	return sum;
}

uint32_t
pattern_number(uint64_t seed, uint64_t i, uint32_t max)
{
	return 1 + (uint32_t)(word(~seed, i) % max);
}

/* ------------------------------------------------------------------ sockets */

uint64_t
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int
fail(const char *format, ...)
{
	va_list ap;

	(void)fputs("lem-traffic: ", stderr);
	va_start(ap, format);
	(void)vfprintf(stderr, format, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	return EXIT_FAILURE;
}

static void
limits(int fd, int type)
{
	struct timeval t = { .tv_sec = WAIT_SECONDS };
	int one = 1, bytes = ROOM_BYTES;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	/* A small buffer would lose datagrams here. */
	if (type == SOCK_DGRAM)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes,
		    sizeof(bytes));
}

static bool
address(const char *addr, const char *port, struct sockaddr_in *at)
{
	*at = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(port, NULL, 10)) };
	return inet_pton(AF_INET, addr, &at->sin_addr) == 1;
}

int
net_connect(const struct peer *peer, int type)
{
	struct sockaddr_in at;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || !address(peer->addr, peer->port, &at)) {
		(void)fail("no address: %s", peer->addr);
		return -1;
	}
	limits(fd, type);
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	(void)fail("connect to %s: %s", peer->addr, strerror(errno));
	(void)close(fd);
	return -1;
}

int
net_listen(const char *port, int type)
{
	struct sockaddr_in at;
	int fd, one = 1;

	if (strncmp(port, "fd=", 3) == 0)
		return (int)strtol(port + 3, NULL, 10);
	fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	if (fd < 0 || !address("0.0.0.0", port, &at) ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    (type == SOCK_STREAM && listen(fd, 16) != 0)) {
		(void)fail("port %s: %s", port, strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	limits(fd, type);
	return fd;
}

bool
net_send(int fd, const void *buf, size_t n)
{
	const uint8_t *p = buf;
	ssize_t sent;

	while (n > 0) {
		sent = send(fd, p, n, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		p += sent;
		n -= (size_t)sent;
	}
	return true;
}

static bool
say(int fd, const char *format, va_list ap)
{
	char line[LINE_BYTES];
	int n = vsnprintf(line, sizeof(line) - 1, format, ap);

	if (n < 0 || (size_t)n >= sizeof(line) - 1)
		return false;
	line[n] = '\n';
	return net_send(fd, line, (size_t)n + 1);
}

bool
net_say(int fd, const char *format, ...)
{
	va_list ap;
	bool done;

	va_start(ap, format);
	done = say(fd, format, ap);
	va_end(ap);
	return done;
}

bool
net_line(int fd, char line[LINE_BYTES])
{
	size_t n;
	ssize_t got;

	for (n = 0; n < LINE_BYTES - 1; n++) {
		do
			got = recv(fd, &line[n], 1, 0);
		while (got < 0 && errno == EINTR);
		if (got <= 0)
			return false;
		if (line[n] == '\n') {
			line[n] = '\0';
			return true;
		}
	}
	return false;
}

int
net_ask(const struct peer *peer, const char *format, ...)
{
	int fd = net_connect(peer, SOCK_STREAM);
	va_list ap;
	bool done;

	if (fd < 0)
		return -1;
	va_start(ap, format);
	done = say(fd, format, ap);
	va_end(ap);
	if (done)
		return fd;
	(void)fail("request: %s", strerror(errno));
	(void)close(fd);
	return -1;
}

const char *
net_answer(int fd, char line[LINE_BYTES])
{
	if (!net_line(fd, line)) {
		(void)fail("no answer: %s",
		    errno != 0 ? strerror(errno) : "the connection ended");
		return NULL;
	}
	if (strncmp(line, "ok", 2) == 0)
		return line[2] == ' ' ? line + 3 : line + 2;
	(void)fail("the other side says: %s", line);
	return NULL;
}
