/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP: datagrams of 8 bytes to 64 KiB, each answered, and compared in both
 * directions; round trips, timed; and a flood, to count interrupts.
 *
 * Datagram i of a seed has pattern_number(seed, i) bytes, 8 at least: i, then
 * the pattern of seed + i.  The answer is as long, of the seed's complement.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "traffic.h"

#define NUMBER_BYTES	8u
#define WINDOW_BYTES	65536u		/* on their way at most */
#define SILENCE_MS	15000		/* after that they are lost */

static uint32_t
datagram_make(uint8_t *buf, uint64_t seed, uint64_t i, uint32_t len)
{
	memcpy(buf, &i, NUMBER_BYTES);
	pattern_fill(seed + i, NUMBER_BYTES, buf + NUMBER_BYTES,
	    len - NUMBER_BYTES);
	return len;
}

static uint32_t
datagram_len(uint64_t seed, uint64_t i, uint32_t max)
{
	return NUMBER_BYTES - 1 +
	    pattern_number(seed, i, max - NUMBER_BYTES + 1);
}

static bool
datagram_right(const uint8_t *buf, size_t n, uint64_t seed, uint64_t i,
    uint32_t len)
{
	return n == len &&
	    pattern_match(seed + i, NUMBER_BYTES, buf + NUMBER_BYTES,
		n - NUMBER_BYTES) == n - NUMBER_BYTES;
}

/* ------------------------------------------------------------------- server */

/* A socket with a port that the kernel chooses, in host order. */
static int
udp_socket(uint16_t *port)
{
	struct sockaddr_in at = { 0 };
	socklen_t len = sizeof(at);
	int fd = net_listen("0", SOCK_DGRAM);

	if (fd < 0)
		return -1;
	if (getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
		(void)close(fd);
		return -1;
	}
	*port = ntohs(at.sin_port);
	return fd;
}

/* Checks a datagram, and answers a right one. */
static bool
answer(int udp, uint64_t seed, uint32_t max)
{
	static uint8_t buf[CHUNK_MAX];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(udp, buf, sizeof(buf), 0, (struct sockaddr *)&from,
	    &from_len);
	uint64_t i;
	uint32_t len;

	if (n < (ssize_t)NUMBER_BYTES)
		return fail("a datagram of %zd bytes (%s)", n,
			   strerror(errno)) == 0;
	memcpy(&i, buf, NUMBER_BYTES);
	len = datagram_len(seed, i, max);
	if (!datagram_right(buf, (size_t)n, seed, i, len))
		return fail("datagram %" PRIu64 " of %u bytes is wrong, or has "
			    "%zd bytes",
			   i, len, n) == 0;
	(void)datagram_make(buf, ~seed, i, len);
	if (sendto(udp, buf, len, 0, (struct sockaddr *)&from, from_len) !=
	    (ssize_t)len)
		return fail("answer of %u bytes: %s", len, strerror(errno)) ==
		    0;
	return true;
}

void
datagram_serve(int fd)
{
	uint64_t seed, right = 0, wrong = 0;
	char line[LINE_BYTES];
	struct pollfd fds[2];
	unsigned int max;
	uint16_t port = 0;
	int udp = udp_socket(&port);

	if (udp < 0 || !net_say(fd, "ok %u", port) || !net_line(fd, line) ||
	    sscanf(line, "%" SCNu64 " %u", &seed, &max) != 2 ||
	    max < NUMBER_BYTES || max > DATAGRAM_MAX)
		return;
	fds[0] = (struct pollfd){ .fd = udp, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = fd, .events = POLLIN };
	while (poll(fds, 2, WAIT_SECONDS * 1000) > 0 && fds[1].revents == 0) {
		if (answer(udp, seed, max))
			right++;
		else
			wrong++;
	}
	(void)net_line(fd, line);	/* "done"; unread it would be a reset */
	(void)net_say(fd, "%s %" PRIu64 " right %" PRIu64 " wrong",
	    wrong == 0 ? "ok" : "no:", right, wrong);
	(void)close(udp);
}

/* ------------------------------------------------------------------- client */

struct datagrams {
	int udp;
	uint64_t seed;
	uint32_t max;
	uint32_t window;		/* bytes under way at most; 0: one */
	unsigned int count;
	unsigned int sent, back;
	uint32_t under_way;		/* bytes */
	uint64_t bytes;
	uint8_t *seen;			/* one an answer */
	uint64_t *at;			/* of the start, then of each answer */
};

static bool
send_next(struct datagrams *d)
{
	static uint8_t buf[CHUNK_MAX];
	uint32_t len;

	while (d->sent < d->count) {
		len = datagram_len(d->seed, d->sent, d->max);
		if (d->under_way != 0 && d->under_way + len > d->window)
			return true;
		(void)datagram_make(buf, d->seed, d->sent, len);
		if (send(d->udp, buf, len, 0) != (ssize_t)len)
			return fail("send of %u bytes: %s", len,
				   strerror(errno)) == 0;
		d->under_way += len;
		d->bytes += len;
		d->sent++;
	}
	return true;
}

static bool
take_answer(struct datagrams *d)
{
	static uint8_t buf[CHUNK_MAX];
	struct pollfd fds = { .fd = d->udp, .events = POLLIN };
	uint64_t i = UINT64_MAX;
	uint32_t len;
	ssize_t n;

	if (poll(&fds, 1, SILENCE_MS) <= 0)
		return fail("%u of %u datagrams are lost", d->sent - d->back,
			   d->count) == 0;
	n = recv(d->udp, buf, sizeof(buf), 0);
	if (n >= (ssize_t)NUMBER_BYTES)
		memcpy(&i, buf, NUMBER_BYTES);
	if (i >= d->sent || d->seen[i])
		return fail("an answer to nothing, or a second: %zd bytes (%s)",
			   n, strerror(errno)) == 0;
	len = datagram_len(d->seed, i, d->max);
	if (!datagram_right(buf, (size_t)n, ~d->seed, i, len))
		return fail("answer %" PRIu64 " of %u bytes is wrong", i,
			   len) == 0;
	d->seen[i] = 1;
	d->back++;
	d->under_way -= len;
	return true;
}

static bool
exchange(struct datagrams *d)
{
	d->at[0] = now_ns();
	while (d->back < d->count) {
		if (!send_next(d) || !take_answer(d))
			return false;
		d->at[d->back] = now_ns();
	}
	return true;
}

static bool
finish(int fd, const struct datagrams *d)
{
	char line[LINE_BYTES], wanted[LINE_BYTES];
	const char *theirs;

	if (!net_say(fd, "done"))
		return fail("the server has gone") == 0;
	theirs = net_answer(fd, line);
	if (theirs == NULL)
		return false;
	(void)snprintf(wanted, sizeof(wanted), "%u right 0 wrong", d->count);
	if (d->back != d->count || strcmp(wanted, theirs) != 0)
		return fail("%u answers here, there %s", d->back, theirs) == 0;
	printf("udp: %u datagrams of up to %u bytes, seed %" PRIu64 ", %" PRIu64
	       " bytes each way\n",
	    d->count, d->max, d->seed, d->bytes);
	return true;
}

/* converse: asks the server to answer d's datagrams, and sends them. */
static bool
converse(const struct peer *peer, struct datagrams *d)
{
	char line[LINE_BYTES];
	const char *port;
	struct peer udp;
	bool done = false;
	int fd = net_ask(peer, "datagrams");

	port = fd < 0 ? NULL : net_answer(fd, line);
	if (port != NULL) {
		udp = (struct peer){ .addr = peer->addr, .port = port };
		d->udp = net_connect(&udp, SOCK_DGRAM);
		if (d->udp >= 0 &&
		    net_say(fd, "%" PRIu64 " %u", d->seed, d->max)) {
			done = exchange(d);
			done = finish(fd, d) && done;
		}
	}
	if (d->udp >= 0)
		(void)close(d->udp);
	if (fd >= 0)
		(void)close(fd);
	return done;
}

/* print_fastest: the shortest time of `row` successive round trips. */
static void
print_fastest(const struct datagrams *d, unsigned int row)
{
	uint64_t least = UINT64_MAX;
	unsigned int i;

	for (i = row; i <= d->count; i++)
		if (d->at[i] - d->at[i - row] < least)
			least = d->at[i] - d->at[i - row];
	printf("trips: %u in a row took %" PRIu64 " us at least\n", row,
	    least / 1000);
}

int
datagram_client(const struct peer *peer, uint64_t seed, unsigned int count,
    uint32_t max, unsigned int row)
{
	struct datagrams d = { .udp = -1,
		.seed = seed,
		.max = max,
		.window = row > 0 ? 0 : WINDOW_BYTES,
		.count = count };
	bool done = false;

	if (max < NUMBER_BYTES || max > DATAGRAM_MAX || row > count)
		return fail("%u datagrams of %u bytes, %u in a row: at least "
			    "the row, and %u to %u bytes",
		    count, max, row, NUMBER_BYTES, DATAGRAM_MAX);
	d.seen = calloc(count, sizeof(*d.seen));
	d.at = calloc(count + 1ul, sizeof(*d.at));
	if (d.seen != NULL && d.at != NULL)
		done = converse(peer, &d);
	if (done && row > 0)
		print_fastest(&d, row);
	free(d.seen);
	free(d.at);
	return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* -------------------------------------------------------------------- flood */

/* The client's first datagram says where the others go, through NAT, too. */
void
flood_serve(int fd, double seconds, uint32_t bytes, uint32_t gap_us)
{
	static uint8_t buf[CHUNK_MAX];
	struct sockaddr_in to;
	socklen_t len = sizeof(to);
	uint64_t end, n = 0, next;
	uint16_t port = 0;
	int udp = udp_socket(&port);

	if (udp < 0 || bytes > sizeof(buf) || !net_say(fd, "ok %u", port) ||
	    recvfrom(udp, buf, 1, 0, (struct sockaddr *)&to, &len) < 0)
		return;
	end = now_ns() + (uint64_t)(seconds * 1e9);
	while (now_ns() < end) {
		n +=
		    sendto(udp, buf, bytes, 0, (struct sockaddr *)&to, len) > 0;
		/* With timers, a slow machine would send several at once. */
		next = now_ns() + gap_us * 1000ull;
		while (now_ns() < next)
			;
	}
	(void)net_say(fd, "ok %" PRIu64, n);
	(void)close(udp);
}

/* What the interface takes: it blocks where its queue is full. */
int
blast_client(const struct peer *peer, double seconds, uint32_t bytes)
{
	static uint8_t buf[CHUNK_MAX];
	uint64_t begin = now_ns(), end = begin + (uint64_t)(seconds * 1e9),
		 n = 0;
	int udp = bytes > sizeof(buf) ? -1 : net_connect(peer, SOCK_DGRAM);

	if (udp < 0)
		return EXIT_FAILURE;
	while (now_ns() < end)
		n += send(udp, buf, bytes, 0) >= 0;
	printf("blast: %" PRIu64 " datagrams in %" PRIu64 " us\n", n,
	    (now_ns() - begin) / 1000);
	(void)close(udp);
	return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* flood_count: counts what comes until the server says that it is done. */
static uint64_t
flood_count(int udp, int fd)
{
	struct pollfd fds[2] = { { .fd = udp, .events = POLLIN },
		{ .fd = fd, .events = POLLIN } };
	static uint8_t buf[CHUNK_MAX];
	uint64_t n = 0;

	while (poll(fds, 2, WAIT_SECONDS * 1000) > 0 && fds[1].revents == 0)
		while (recv(udp, buf, sizeof(buf), MSG_DONTWAIT) > 0)
			n++;
	return n;
}

int
flood_client(const struct peer *peer, double seconds, uint32_t bytes,
    uint32_t gap_us)
{
	struct peer from = { .addr = peer->addr };
	const char *theirs = NULL;
	uint64_t n = 0, begin = 0;
	char line[LINE_BYTES];
	int udp = -1, fd;

	fd = net_ask(peer, "flood %f %u %u", seconds, bytes, gap_us);
	from.port = fd < 0 ? NULL : net_answer(fd, line);
	if (from.port != NULL)
		udp = net_connect(&from, SOCK_DGRAM);
	if (udp >= 0 && send(udp, "", 1, 0) == 1) {
		begin = now_ns();
		n = flood_count(udp, fd);
		theirs = net_answer(fd, line);
	}
	if (theirs != NULL)
		printf("flood: %" PRIu64 " of %s datagrams arrived in %" PRIu64
		       " us\n",
		    n, theirs, (now_ns() - begin) / 1000);
	if (udp >= 0)
		(void)close(udp);
	if (fd >= 0)
		(void)close(fd);
	return theirs != NULL && n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
