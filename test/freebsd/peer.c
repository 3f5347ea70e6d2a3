/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usage: peer MONITOR
 *
 * The other end of the wire, on Linux's own sockets: echoes UDP and TCP, checks
 * and counts UDP, and does what the guest asks for on its control port:
 *
 *	zero				forget what was counted
 *	report				"GOOD BAD AGAIN", of the sink
 *	send HOST PORT COUNT BYTES	that many datagrams, not too fast
 *	monitor LINE			LINE to QEMU's monitor, socket MONITOR
 *	exits WORD			"exits WORD N": VM exits, if MONITOR is
 *					the control socket of lem-vm
 *
 * Ends with the process that started it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pattern.h"

#define SEEN_MAX (1u << 22)

static const char *monitor;
static uint64_t good, bad, again;
static uint8_t seen[SEEN_MAX / 8];

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static int
bound(int type, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons(port) };
	int fd = socket(AF_INET, type, 0), on = 1, bytes = 8 << 20;

	if (fd < 0)
		die("socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) != 0)
		die("bind");
	return fd;
}

static void
sink_count(const uint8_t *buf, size_t n)
{
	long number = pattern_check(buf, (unsigned int)n);
	uint8_t bit;

	if (number < 0 || number >= SEEN_MAX) {
		bad++;
		return;
	}
	bit = (uint8_t)(1u << number % 8);
	if (seen[number / 8] & bit)
		again++;
	else
		good++;
	seen[number / 8] |= bit;
}

static void *
sink(void *arg)
{
	int fd = bound(SOCK_DGRAM, PATTERN_PORT_SINK);
	uint8_t buf[65536];
	ssize_t n;

	(void)arg;
	while ((n = recv(fd, buf, sizeof(buf), 0)) >= 0)
		sink_count(buf, (size_t)n);
	die("sink");
	return NULL;
}

static void *
udp_echo(void *arg)
{
	int fd = bound(SOCK_DGRAM, PATTERN_PORT_ECHO);
	struct sockaddr_in from;
	uint8_t buf[65536];
	socklen_t len;
	ssize_t n;

	(void)arg;
	do {
		len = sizeof(from);
		n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from,
		    &len);
		if (n < 0)
			break;
		(void)sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&from,
		    len);
	} while (n >= 0);
	die("echo");
	return NULL;
}

static void *
tcp_echo_one(void *arg)
{
	int fd = (int)(intptr_t)arg;
	uint8_t buf[65536];
	ssize_t n, m, at;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		for (at = 0; at < n; at += m) {
			m = send(fd, buf + at, (size_t)(n - at), MSG_NOSIGNAL);
			if (m < 0)
				break;
		}
	(void)close(fd);
	return NULL;
}

static void *
tcp_echo(void *arg)
{
	int fd = bound(SOCK_STREAM, PATTERN_PORT_ECHO), one;
	pthread_t thread;

	(void)arg;
	if (listen(fd, 16) != 0)
		die("listen");
	while ((one = accept(fd, NULL, NULL)) >= 0) {
		if (pthread_create(&thread, NULL, tcp_echo_one,
			(void *)(intptr_t)one) != 0)
			die("thread");
		(void)pthread_detach(thread);
	}
	die("accept");
	return NULL;
}

static void
control_send(const char *line, char *reply, size_t bytes)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	unsigned int port, count, size, i;
	char host[64];
	uint8_t buf[65536];
	int fd;

	if (sscanf(line, "%63s %u %u %u", host, &port, &count, &size) != 4 ||
	    inet_pton(AF_INET, host, &to.sin_addr) != 1 || size > sizeof(buf)) {
		(void)snprintf(reply, bytes, "what?");
		return;
	}
	to.sin_port = htons((uint16_t)port);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		die("socket");
	for (i = 0; i < count; i++) {
		pattern_fill(buf, size, i);
		if (sendto(fd, buf, size, 0, (struct sockaddr *)&to,
			sizeof(to)) < 0)
			break;
		(void)usleep(50 + size / 20);
	}
	(void)close(fd);
	(void)snprintf(reply, bytes, "%u", i);
}

static void
control_monitor(const char *line, char *reply, size_t bytes)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0)
		die("socket");
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", monitor);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) != 0 ||
	    dprintf(fd, "%s\n", line) < 0)
		(void)snprintf(reply, bytes, "no monitor: %s", strerror(errno));
	else
		(void)snprintf(reply, bytes, "sent");
	(void)usleep(300000);	/* the monitor reads before it closes */
	(void)close(fd);
}

static void
control_exits(const char *word, char *reply, size_t bytes)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char text[8192] = "";
	const char *exits;

	if (fd < 0)
		die("socket");
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", monitor);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) != 0 ||
	    dprintf(fd, "stats\n") < 0 ||
	    recv(fd, text, sizeof(text) - 1, 0) <= 0 ||
	    (exits = strstr(text, "\"exits\":")) == NULL)
		(void)snprintf(reply, bytes, "no exits: %s", strerror(errno));
	else
		(void)snprintf(reply, bytes, "exits %.100s %ld", word,
		    strtol(exits + 8, NULL, 10));
	(void)close(fd);
}

static void
control(const char *line, char *reply, size_t bytes)
{
	(void)snprintf(reply, bytes, "what?");
	if (strcmp(line, "zero") == 0) {
		good = bad = again = 0;
		memset(seen, 0, sizeof(seen));
		(void)snprintf(reply, bytes, "zero");
	} else if (strcmp(line, "report") == 0) {
		(void)snprintf(reply, bytes, "%lu %lu %lu", good, bad, again);
	} else if (strncmp(line, "send ", 5) == 0) {
		control_send(line + 5, reply, bytes);
	} else if (strncmp(line, "monitor ", 8) == 0) {
		control_monitor(line + 8, reply, bytes);
	} else if (strncmp(line, "exits ", 6) == 0) {
		control_exits(line + 6, reply, bytes);
	}
}

int
main(int argc, char **argv)
{
	void *(*const service[])(void *) = { sink, udp_echo, tcp_echo };
	struct sockaddr_in from;
	pthread_t thread;
	char line[256], reply[256];
	socklen_t len;
	size_t i;
	ssize_t n;
	int fd;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: peer MONITOR\n");
		return 2;
	}
	monitor = argv[1];
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = bound(SOCK_DGRAM, PATTERN_PORT_CONTROL);
	for (i = 0; i < sizeof(service) / sizeof(service[0]); i++)
		if (pthread_create(&thread, NULL, service[i], NULL) != 0)
			die("thread");
	for (;;) {
		len = sizeof(from);
		n = recvfrom(fd, line, sizeof(line) - 1, 0,
		    (struct sockaddr *)&from, &len);
		if (n < 0)
			die("control");
		line[n] = '\0';
		control(line, reply, sizeof(reply));
		(void)sendto(fd, reply, strlen(reply), 0,
		    (struct sockaddr *)&from, len);
	}
}
