/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest.h"

#include <sys/param.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <netinet/in_systm.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>

#include "../pattern.h"

#define BUF_BYTES 65536

static unsigned char buf[BUF_BYTES], got[BUF_BYTES];

static void
sin_fill(struct sockaddr_in *sin, const char *host, unsigned long port)
{
	unsigned char *a = (unsigned char *)&sin->sin_addr.s_addr;
	int i;

	memset(sin, 0, sizeof(*sin));
	sin->sin_len = sizeof(*sin);
	sin->sin_family = AF_INET;
	sin->sin_port = __builtin_bswap16((unsigned short)port);
	for (i = 0; i < 4; i++) {
		a[i] = (unsigned char)number(host);
		while (*host >= '0' && *host <= '9')
			host++;
		host++;
	}
}

/*
 * A socket connected to host, with three seconds at most for each receive: QEMU
 * lets nothing in for one after RCTL was written.
 */
static long
connected(int type, int protocol, const char *host, unsigned long port)
{
	struct timeval second = { 3, 0 };
	struct sockaddr_in sin;
	long fd = SYS3(socket, AF_INET, type, protocol), error;

	if (fd < 0)
		return fd;
	sin_fill(&sin, host, port);
	(void)SYS6(setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &second,
	    sizeof(second), 0);
	error = SYS3(connect, fd, &sin, sizeof(sin));
	if (error == 0)
		return fd;
	(void)SYS1(close, fd);
	return error;
}

/* ---------------------------------------------------------------- host */

/* A line to the peer's control port, and its answer; asked three times. */
static long
ask(const char *host, const char *line, char *answer, size_t bytes)
{
	long fd = connected(SOCK_DGRAM, 0, host, PATTERN_PORT_CONTROL), n;
	int i;

	if (fd < 0)
		return fd;
	for (i = 0, n = -EAGAIN; i < 3 && n < 0; i++) {
		(void)SYS3(write, fd, line, length(line));
		n = SYS3(read, fd, answer, bytes - 1);
	}
	(void)SYS1(close, fd);
	if (n >= 0)
		answer[n] = '\0';
	return n;
}

void
join(char *line, size_t bytes, int n, char **w)
{
	size_t at = 0;
	int i;

	line[0] = '\0';
	for (i = 0; i < n && at + length(w[i]) + 2 < bytes; i++) {
		if (i > 0)
			line[at++] = ' ';
		copy(line + at, w[i], bytes - at);
		at += length(w[i]);
	}
}

int
tell(const char *host, const char *line)
{
	char answer[256];
	long n = ask(host, line, answer, sizeof(answer));

	return n < 0 ? (int)n : 0;
}

int
tell_only(const char *host, const char *line)
{
	long fd = connected(SOCK_DGRAM, 0, host, PATTERN_PORT_CONTROL), n;

	if (fd < 0)
		return (int)fd;
	n = SYS3(write, fd, line, length(line));
	(void)SYS1(close, fd);
	return n < 0 ? (int)n : 0;
}

/* The next number of a line of numbers. */
static unsigned long
next_number(const char **s)
{
	unsigned long n = number(*s);

	while (**s != ' ' && **s != '\0')
		(*s)++;
	if (**s == ' ')
		(*s)++;
	return n;
}

/* Asks what the sink has got, until it has all, or for five seconds. */
int
sink_has(const char *host, unsigned long count, unsigned long permil)
{
	unsigned long good, bad, again, until_us = now_us() + 5000000;
	char answer[256];
	const char *s;

	do {
		sleep_us(200000);
		if (ask(host, "report", answer, sizeof(answer)) < 0)
			return -ETIMEDOUT;
		s = answer;
		good = next_number(&s);
		bad = next_number(&s);
		again = next_number(&s);
	} while (good + bad < count && now_us() < until_us);
	say("of %d: %s\n", (long)count, answer);
	return bad == 0 && again == 0 &&
		(count - good) * 1000 <= count * permil ?
	    0 :
	    1;
}

/* host ADDRESS WORDS... */
int
do_host(int n, char **w)
{
	char line[256], answer[256];
	long got_bytes;

	if (n < 3)
		return -EINVAL;
	join(line, sizeof(line), n - 2, w + 2);
	got_bytes = ask(w[1], line, answer, sizeof(answer));
	if (got_bytes < 0)
		return (int)got_bytes;
	say("host: %s\n", answer);
	return 0;
}

/* ---------------------------------------------------------------- ping */

static unsigned short
checksum(const unsigned char *p, unsigned int n)
{
	unsigned int sum = 0, i;

	for (i = 0; i + 1 < n; i += 2)
		sum += (unsigned int)p[i] << 8 | p[i + 1];
	if (n & 1)
		sum += (unsigned int)p[n - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return __builtin_bswap16((unsigned short)~sum);
}

/* One echo, checked to the last byte.  Microseconds, or 0. */
static unsigned long
ping_one(long fd, unsigned int bytes, unsigned short seq)
{
	struct icmp *icmp = (struct icmp *)(void *)buf;
	unsigned long start = now_us();
	struct ip *ip = (struct ip *)(void *)got;
	long n;

	memset(icmp, 0, 8);
	icmp->icmp_type = ICMP_ECHO;
	icmp->icmp_seq = seq;
	pattern_fill(buf + 8, bytes, seq);
	icmp->icmp_cksum = checksum(buf, bytes + 8);
	if (SYS3(write, fd, buf, bytes + 8) < 0)
		return 0;
	do {
		n = SYS3(read, fd, got, sizeof(got));
		if (n < 0)
			return 0;
		icmp = (struct icmp *)(void *)(got + ip->ip_hl * 4);
	} while (icmp->icmp_type != ICMP_ECHOREPLY || icmp->icmp_seq != seq);
	if (n != ip->ip_hl * 4 + 8 + (long)bytes ||
	    memcmp((char *)icmp + 8, buf + 8, bytes) != 0)
		return 0;
	return now_us() - start;
}

#define PINGS_MAX 4096
static unsigned int rtt[PINGS_MAX];

/* ping HOST COUNT BYTES [INTERVAL_US]: every one answered, or it fails. */
int
do_ping(int n, char **w)
{
	unsigned long count, i, k, us;
	long fd;

	if (n < 4)
		return -EINVAL;
	count = number(w[2]);
	fd = connected(SOCK_RAW, IPPROTO_ICMP, w[1], 0);
	if (fd < 0 || count == 0 || count > PINGS_MAX)
		return fd < 0 ? (int)fd : -EINVAL;
	for (i = 0; i < count; i++) {
		us =
		    ping_one(fd, (unsigned int)number(w[3]), (unsigned short)i);
		if (us == 0)
			break;
		for (k = i; k > 0 && rtt[k - 1] > us; k--)
			rtt[k] = rtt[k - 1];
		rtt[k] = (unsigned int)us;
		if (n > 4)
			sleep_us(number(w[4]));
	}
	(void)SYS1(close, fd);
	say("ping %s: %d of %d, p50 %d us, p99 %d us\n", w[1], (long)i,
	    (long)count, i == 0 ? 0L : (long)rtt[i / 2],
	    i == 0 ? 0L : (long)rtt[i - 1 - i / 100]);
	return i == count ? 0 : 1;
}

/* ----------------------------------------------------------------- UDP */

/*
 * udp-out HOST COUNT BYTES [PERMIL]: numbered datagrams to the sink.  No
 * datagram may be damaged or doubled, and at most PERMIL (0) lost.  The sender
 * waits while the queue is full and, where losses are allowed, while the
 * interface is down.
 */
int
do_udp_out(int n, char **w)
{
	unsigned long count, bytes, i, k;
	int lossy = n > 4;
	long fd, sent = 0;

	if (n < 4)
		return -EINVAL;
	count = number(w[2]);
	bytes = number(w[3]);
	if (tell(w[1], "zero") != 0)
		return -ETIMEDOUT;
	fd = connected(SOCK_DGRAM, 0, w[1], PATTERN_PORT_SINK);
	if (fd < 0)
		return (int)fd;
	for (i = 0; i < count; i++) {
		pattern_fill(buf, (unsigned int)bytes, (unsigned int)i);
		for (k = 0; k < 5000; k++) {
			sent = SYS3(write, fd, buf, bytes);
			if (sent >= 0 || (sent != -ENOBUFS && !lossy))
				break;
			sleep_us(1000);
		}
		if (sent < 0) {
			(void)SYS1(close, fd);
			return (int)sent;
		}
	}
	(void)SYS1(close, fd);
	return sink_has(w[1], count, lossy ? number(w[4]) : 0);
}

/*
 * udp-in HOST US COUNT BYTES [PERMIL]: the peer sends, we check.  What the NIC
 * brought, and this machine dropped as the socket was full, is not lost.
 */
int
do_udp_in(int n, char **w)
{
	char *send[] = { "send", "", "5000", "", "" };
	unsigned long count, good = 0, bad = 0, full, wait_until;
	struct timeval patience = { 5, 0 };
	struct sockaddr_in sin;
	char line[256];
	int bytes = 1 << 20;
	long fd, k;

	if (n < 5)
		return -EINVAL;
	count = number(w[3]);
	fd = SYS3(socket, AF_INET, SOCK_DGRAM, 0);
	sin_fill(&sin, "0.0.0.0", 5000);
	(void)SYS6(setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof(patience), 0);
	(void)SYS6(setsockopt, fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes),
	    0);
	k = SYS3(bind, fd, &sin, sizeof(sin));
	if (k != 0)
		return (int)k;
	send[1] = w[2];
	send[3] = w[3];
	send[4] = w[4];
	join(line, sizeof(line), 5, send);
	k = connected(SOCK_DGRAM, 0, w[1], PATTERN_PORT_CONTROL);
	full = udp_full();
	(void)SYS3(write, k, line, length(line));
	wait_until = now_us() + 30000000;
	while (good + bad < count && now_us() < wait_until) {
		long bytes_got = SYS3(read, fd, got, sizeof(got));

		if (bytes_got < 0)
			break;
		if (bytes_got == (long)number(w[4]) &&
		    pattern_check(got, (unsigned int)bytes_got) >= 0)
			good++;
		else
			bad++;
	}
	(void)SYS1(close, k);
	(void)SYS1(close, fd);
	say("udp-in %d: %d good, %d bad", (long)count, (long)good, (long)bad);
	full = udp_full() - full;
	say(", %d found the socket full\n", (long)full);
	return bad == 0 &&
		(count - good - full) * 1000 <=
		    count * (n > 5 ? number(w[5]) : 0) ?
	    0 :
	    1;
}

/* ----------------------------------------------------------------- TCP */

static int
tcp_send(long fd, unsigned long bytes)
{
	unsigned long at = 0, i, chunk;
	long n;

	while (at < bytes) {
		chunk = bytes - at < BUF_BYTES ? bytes - at : BUF_BYTES;
		for (i = 0; i < chunk; i++)
			buf[i] = pattern_byte(0, (unsigned int)(at + i));
		for (i = 0; i < chunk; i += (unsigned long)n) {
			n = SYS3(write, fd, buf + i, chunk - i);
			if (n <= 0)
				return 1;
		}
		at += chunk;
	}
	return 0;
}

/* TCP's retransmission timer doubles up to 64 s: patience for 75. */
static unsigned long
tcp_receive(long fd, unsigned long bytes)
{
	unsigned long at = 0, quiet = 0;
	long n, i;

	while (at < bytes && quiet < 25) {
		n = SYS3(read, fd, got, sizeof(got));
		if (n == -EAGAIN) {
			quiet++;
			continue;
		}
		if (n <= 0)
			break;
		quiet = 0;
		for (i = 0; i < n; i++)
			if (got[i] !=
			    pattern_byte(0, (unsigned int)at + (unsigned)i))
				return at + (unsigned long)i;
		at += (unsigned long)n;
	}
	return at;
}

/* tcp HOST BYTES: to the peer and back, by two processes. */
int
do_tcp(int n, char **w)
{
	unsigned long bytes, back, start = now_us();
	long fd, child;
	int status = 0;

	if (n != 3)
		return -EINVAL;
	bytes = number(w[2]);
	fd = connected(SOCK_STREAM, 0, w[1], PATTERN_PORT_ECHO);
	if (fd < 0)
		return (int)fd;
	child = SYS0(fork);
	if (child == 0)
		(void)SYS1(exit, tcp_send(fd, bytes));
	back = tcp_receive(fd, bytes);
	(void)SYS1(close, fd);
	(void)SYS6(wait4, child, &status, 0, 0, 0, 0);
	say("tcp %s: %d of %d bytes there and back, %d ms\n", w[1], (long)back,
	    (long)bytes, (long)((now_us() - start) / 1000));
	return back == bytes && status == 0 ? 0 : 1;
}

/* --------------------------------------------------------------- flood */

/*
 * flood HOST PORT MS BYTES [COUNTER...]: sends as many datagrams as it can.
 * Prints the rate, the last error of those refused, and how much each counter
 * (get_counter) grew: a packet, in millionths, and a second.
 */
int
do_flood(int n, char **w)
{
	unsigned long before[8], after, start, us, sent = 0, full = 0, bytes;
	long fd, r, why = 0;
	int i;

	if (n < 5 || n > 13)
		return -EINVAL;
	fd = connected(SOCK_DGRAM, 0, w[1], number(w[2]));
	if (fd < 0)
		return (int)fd;
	bytes = number(w[4]);
	pattern_fill(buf, (unsigned int)bytes, 0);
	for (i = 5; i < n; i++)
		(void)get_counter(w[i], &before[i - 5]);
	start = now_us();
	do {
		for (i = 0; i < 256; i++) {
			r = SYS3(write, fd, buf, bytes);
			if (r >= 0)
				sent++;
			else
				full++, why = -r;
		}
		us = now_us() - start;
	} while (us < number(w[3]) * 1000);
	(void)SYS1(close, fd);
	say("flood %s: %d pps, %d sent, %d refused (%d)", w[1],
	    (long)(sent * 1000000 / us), (long)sent, (long)full, why);
	for (i = 5; i < n; i++) {
		(void)get_counter(w[i], &after);
		say(", %s %d/M %d/s", w[i],
		    (long)((after - before[i - 5]) * 1000000 /
			(sent > 0 ? sent : 1)),
		    (long)((after - before[i - 5]) * 1000000 / us));
	}
	say("\n");
	return sent > 0 ? 0 : 1;
}
