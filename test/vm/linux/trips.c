/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Round trips, one after the other, each of them timed: of one byte on a TCP
 * connection, and of ICMP's echo.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "traffic.h"

#define TRIPS_MAX	(1u << 20)
#define ECHO_BYTES	56u		/* as ping(8) has them */

struct trips {
	uint32_t *ns;			/* room for TRIPS_MAX */
	uint64_t count, begin;
};

static int
compare_u32(const void *a, const void *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

/* Prints how many, in what time, and the 50th and 99th of 100. */
static int
trips_print(struct trips *t, const char *what)
{
	uint64_t us = (now_ns() - t->begin) / 1000;

	if (t->count == 0)
		return fail("%s: no answer", what);
	qsort(t->ns, t->count, sizeof(*t->ns), compare_u32);
	printf("%s: %ju in %ju us, p50 %u ns, p99 %u ns\n", what,
	    (uintmax_t)t->count, (uintmax_t)us, t->ns[t->count / 2],
	    t->ns[t->count - 1 - t->count / 100]);
	return EXIT_SUCCESS;
}

/* trips_run: `trip` is one, with fd; it returns false where that failed. */
static int
trips_run(const char *what, int fd, double seconds,
    bool (*trip)(int fd, uint64_t i))
{
	struct trips t = { .ns = calloc(TRIPS_MAX, sizeof(*t.ns)) };
	uint64_t end, start, now;
	int status;

	if (t.ns == NULL)
		return fail("no memory");
	t.begin = now = now_ns();
	end = t.begin + (uint64_t)(seconds * 1e9);
	while (now < end && t.count < TRIPS_MAX) {
		start = now;
		if (!trip(fd, t.count))
			break;
		now = now_ns();
		t.ns[t.count++] = (uint32_t)(now - start);
	}
	status = now < end && t.count < TRIPS_MAX ?
	    fail("%s %ju: %s", what, (uintmax_t)t.count, strerror(errno)) :
	    trips_print(&t, what);
	free(t.ns);
	return status;
}

/* ---------------------------------------------------------------------- TCP */

/* Until the client ends the connection. */
void
rr_serve(int fd)
{
	char byte;

	while (recv(fd, &byte, 1, 0) == 1 && net_send(fd, &byte, 1))
		;
}

static bool
rr_trip(int fd, uint64_t i)
{
	char byte = (char)i, back;

	return net_send(fd, &byte, 1) && recv(fd, &back, 1, 0) == 1 &&
	    back == byte;
}

int
rr_client(const struct peer *peer, double seconds)
{
	int fd = net_ask(peer, "rr"), status;

	if (fd < 0)
		return EXIT_FAILURE;
	status = trips_run("rr", fd, seconds, rr_trip);
	(void)close(fd);
	return status;
}

/* --------------------------------------------------------------------- ICMP */

static uint16_t
checksum(const void *buf, size_t n)
{
	const uint8_t *p = buf;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] | (uint32_t)p[i + 1] << 8;
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Other ICMP messages may come between. */
static bool
ping_trip(int fd, uint64_t i)
{
	uint8_t buf[sizeof(struct icmphdr) + ECHO_BYTES] = { 0 }, in[256];
	struct icmphdr icmp = { .type = ICMP_ECHO };
	size_t at;
	ssize_t n;

	icmp.un.echo.id = htons((uint16_t)getpid());
	icmp.un.echo.sequence = htons((uint16_t)i);
	memcpy(buf, &icmp, sizeof(icmp));
	icmp.checksum = checksum(buf, sizeof(buf));
	memcpy(buf, &icmp, sizeof(icmp));
	if (send(fd, buf, sizeof(buf), 0) != (ssize_t)sizeof(buf))
		return false;
	for (;;) {
		n = recv(fd, in, sizeof(in), 0);
		if (n < (ssize_t)sizeof(struct iphdr))
			return false;
		at = (in[0] & 0xfu) * 4;
		if ((size_t)n != at + sizeof(buf))
			continue;
		if (in[at] == ICMP_ECHOREPLY &&
		    memcmp(in + at + 4, buf + 4, sizeof(buf) - 4) == 0)
			return true;
	}
}

/* Needs the right to use raw sockets. */
int
ping_client(const char *addr, double seconds)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct timeval limit = { .tv_sec = 5 };
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	int status = EXIT_FAILURE;

	if (fd < 0)
		return fail("raw socket: %s", strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (inet_pton(AF_INET, addr, &to.sin_addr) != 1 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		(void)fail("%s: %s", addr, strerror(errno));
	else
		status = trips_run("ping", fd, seconds, ping_trip);
	(void)close(fd);
	return status;
}
