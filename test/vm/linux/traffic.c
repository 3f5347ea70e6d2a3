/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lem-traffic: see usage_text, and traffic.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "traffic.h"

#define EXIT_USAGE	2
#define PORT_EXIT	0xf4
#define TRIP_BYTES	64u

static const char usage_text[] =
    "usage: lem-traffic serve PORT|fd=N IFNAME\n"
    "       lem-traffic COMMAND ADDRESS PORT ...\n"
    "\n"
    "  tcp send|receive BYTES CHUNK SEED  a stream; CHUNK 0: of 1 to 65536\n"
    "  udp COUNT MAX SEED                 datagrams and their answers\n"
    "  trips COUNT ROW SEED               as udp, one at a time; the shortest\n"
    "                                     time of ROW in a row\n"
    "  rate send|receive SECONDS          a stream, only measured\n"
    "  rr SECONDS                         bytes, each answered in its turn\n"
    "  ping SECONDS                       the same with ICMP; PORT is unused\n"
    "  blast SECONDS BYTES                datagrams there, not counted there\n"
    "  flood SECONDS BYTES GAP_US         datagrams from there, counted\n"
    "  hear IFNAME MODE MAC COUNT VLAN    frames from there to MAC; MODE:\n"
    "                                     plain promiscuous all join many\n"
    "  watch COMMAND...                   what arrives there while it runs\n"
    "  mtu N                              of the server's interface\n"
    "  stamps COUNT                       datagrams, with times of sending\n"
    "       lem-traffic xdp IFNAME ACTION TO COMMAND...  datagrams of\n"
    "                                     77 bytes get this XDP action:\n"
    "                                     pass drop abort tx redirect (to TO)\n"
    "       lem-traffic kexec KERNEL INITRD APPEND\n"
    "       lem-traffic exit N             a 32-bit write of N to port F4h\n";

/* ------------------------------------------------------------------- server */

static void
mtu_serve(int fd, const char *ifname, unsigned int mtu)
{
	struct ifreq ifr = { .ifr_mtu = (int)mtu };

	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	if (ioctl(fd, SIOCSIFMTU, &ifr) == 0)
		(void)net_say(fd, "ok %u", mtu);
	else
		(void)net_say(fd, "no: %s: %s", ifname, strerror(errno));
}

static void
request(int fd, const char *ifname)
{
	char line[LINE_BYTES], to[LINE_BYTES];
	struct stream s;
	unsigned int n, gap;
	double seconds;
	int vlan;

	if (!net_line(fd, line))
		return;
	if (sscanf(line, "sink %" SCNu64 " %" SCNu64 " %u", &s.seed, &s.bytes,
		&s.chunk) == 3)
		stream_serve_sink(fd, &s);
	else if (sscanf(line, "source %" SCNu64 " %" SCNu64 " %u", &s.seed,
		     &s.bytes, &s.chunk) == 3)
		stream_serve_source(fd, &s);
	else if (strcmp(line, "rate-sink") == 0)
		rate_serve_sink(fd);
	else if (sscanf(line, "rate-source %lf", &seconds) == 1)
		rate_serve_source(fd, seconds);
	else if (strcmp(line, "rr") == 0)
		rr_serve(fd);
	else if (strcmp(line, "datagrams") == 0)
		datagram_serve(fd);
	else if (sscanf(line, "flood %lf %u %u", &seconds, &n, &gap) == 3)
		flood_serve(fd, seconds, n, gap);
	else if (sscanf(line, "frames %511s %u %d", to, &n, &vlan) == 3)
		hear_serve(fd, ifname, to, n, vlan);
	else if (strcmp(line, "watch") == 0)
		watch_serve(fd, ifname);
	else if (sscanf(line, "mtu %u", &n) == 1)
		mtu_serve(fd, ifname, n);
	else
		(void)net_say(fd, "no: '%s': unknown request", line);
}

/* Serves each client in a process of its own, until it is killed. */
static int
serve(const char *port, const char *ifname)
{
	int fd = net_listen(port, SOCK_STREAM), peer;
	pid_t child;

	if (fd < 0)
		return EXIT_FAILURE;
	(void)signal(SIGCHLD, SIG_IGN);
	for (;;) {
		peer = accept(fd, NULL, NULL);
		if (peer < 0)
			continue;
		child = fork();
		if (child == 0) {
			request(peer, ifname);
			_exit(0);
		}
		(void)close(peer);
	}
}

/* ------------------------------------------------------------------- client */

static int
mtu(const struct peer *peer, const char *n)
{
	char line[LINE_BYTES];
	int fd = net_ask(peer, "mtu %s", n), status = EXIT_FAILURE;

	if (fd < 0)
		return EXIT_FAILURE;
	if (net_answer(fd, line) != NULL)
		status = EXIT_SUCCESS;
	(void)close(fd);
	return status;
}

static int
guest_exit(const char *n)
{
	(void)tcdrain(STDOUT_FILENO);
	if (iopl(3) != 0)
		return fail("iopl: %s", strerror(errno));
	outl((unsigned int)strtoul(n, NULL, 0), PORT_EXIT);
	return fail("still here after a write to port F4h");
}

static uint64_t
number(const char *text)
{
	return strtoull(text, NULL, 0);
}

static bool
is_direction(const char *text)
{
	return strcmp(text, "send") == 0 || strcmp(text, "receive") == 0;
}

/* Returns -1 for an unknown command, or a wrong number of arguments. */
static int
client(const char *command, const struct peer *peer, int n, char **arg)
{
	struct stream s;
	struct hear h;

	if (strcmp(command, "tcp") == 0 && n == 4 && is_direction(arg[0])) {
		s = (struct stream){ .bytes = number(arg[1]),
			.chunk = (uint32_t)number(arg[2]),
			.seed = number(arg[3]) };
		return s.chunk > CHUNK_MAX ? -1 :
					     stream_client(peer, arg[0], &s);
	}
	if (strcmp(command, "udp") == 0 && n == 3)
		return datagram_client(peer, number(arg[2]),
		    (unsigned int)number(arg[0]), (uint32_t)number(arg[1]), 0);
	if (strcmp(command, "trips") == 0 && n == 3)
		return datagram_client(peer, number(arg[2]),
		    (unsigned int)number(arg[0]), TRIP_BYTES,
		    (unsigned int)number(arg[1]));
	if (strcmp(command, "rate") == 0 && n == 2 && is_direction(arg[0]))
		return rate_client(peer, arg[0], strtod(arg[1], NULL));
	if (strcmp(command, "rr") == 0 && n == 1)
		return rr_client(peer, strtod(arg[0], NULL));
	if (strcmp(command, "ping") == 0 && n == 1)
		return ping_client(peer->addr, strtod(arg[0], NULL));
	if (strcmp(command, "blast") == 0 && n == 2)
		return blast_client(peer, strtod(arg[0], NULL),
		    (uint32_t)number(arg[1]));
	if (strcmp(command, "flood") == 0 && n == 3)
		return flood_client(peer, strtod(arg[0], NULL),
		    (uint32_t)number(arg[1]), (uint32_t)number(arg[2]));
	if (strcmp(command, "hear") == 0 && n == 5) {
		h = (struct hear){ .ifname = arg[0],
			.mode = arg[1],
			.to = arg[2],
			.count = (unsigned int)number(arg[3]),
			.vlan = (int)strtol(arg[4], NULL, 10) };
		return hear_client(peer, &h);
	}
	if (strcmp(command, "watch") == 0 && n > 0)
		return watch_client(peer, arg);
	if (strcmp(command, "stamps") == 0 && n == 1)
		return stamps_client(peer, (unsigned int)number(arg[0]));
	if (strcmp(command, "mtu") == 0 && n == 1)
		return mtu(peer, arg[0]);
	return -1;
}

int
main(int argc, char **argv)
{
	struct peer peer;
	int status = -1;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	if (argc == 4 && strcmp(argv[1], "serve") == 0)
		return serve(argv[2], argv[3]);
	if (argc == 3 && strcmp(argv[1], "exit") == 0)
		return guest_exit(argv[2]);
	if (argc == 5 && strcmp(argv[1], "kexec") == 0)
		return kexec(argv[2], argv[3], argv[4]);
	if (argc >= 6 && strcmp(argv[1], "xdp") == 0)
		return xdp_run(argv[2], argv[3], argv[4], argv + 5);
	if (argc >= 4) {
		peer = (struct peer){ .addr = argv[2], .port = argv[3] };
		status = client(argv[1], &peer, argc - 4, argv + 4);
	}
	if (status >= 0)
		return status;
	(void)fputs(usage_text, stderr);
	return EXIT_USAGE;
}
