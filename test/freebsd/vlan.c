/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usage: vlan TAP NAME TAG
 *
 * Makes the tap interface NAME, which is VLAN TAG of TAP: what Linux's 8021q
 * does, for kernels without it.  Frames that arrive on TAP with the tag appear
 * on NAME without it, and the other way round.  Prints "ready" when NAME
 * exists; ends with the process that started it.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ADDRESSES	12	/* bytes before the tag */
#define TAG_BYTES	4

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static int
open_tap(const char *name)
{
	struct ifreq req = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR);

	(void)snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &req) != 0)
		die(name);
	return fd;
}

static int
open_packet(const char *name)
{
	struct sockaddr_ll sll = { .sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(name) };
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), on = 1;
	int bytes = 8 << 20;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	if (fd < 0 || bind(fd, (struct sockaddr *)&sll, sizeof(sll)) != 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) != 0)
		die(name);
	return fd;
}

/* A frame of the trunk: the kernel gives the tag separately from the frame. */
static void
from_trunk(int trunk, int vlan, unsigned int tag)
{
	union {
		struct cmsghdr align;
		char bytes[256];
	} control;
	struct tpacket_auxdata aux;
	struct sockaddr_ll from;
	uint8_t frame[65536];
	struct iovec iov = { frame, sizeof(frame) };
	struct msghdr msg = { .msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(trunk, &msg, 0);
	struct cmsghdr *c;

	if (n <= 0 || from.sll_pkttype == PACKET_OUTGOING)
		return;
	for (c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if (aux.tp_status & TP_STATUS_VLAN_VALID &&
		    (aux.tp_vlan_tci & 0xfff) == tag &&
		    write(vlan, frame, (size_t)n) < 0)
			perror("vlan: write");
	}
}

static void
to_trunk(int trunk, int vlan, unsigned int tag)
{
	uint8_t frame[65536];
	ssize_t n = read(vlan, frame + TAG_BYTES, sizeof(frame) - TAG_BYTES);

	if (n < ADDRESSES)
		return;
	memmove(frame, frame + TAG_BYTES, ADDRESSES);
	frame[ADDRESSES] = ETH_P_8021Q >> 8;
	frame[ADDRESSES + 1] = ETH_P_8021Q & 0xff;
	frame[ADDRESSES + 2] = (uint8_t)(tag >> 8);
	frame[ADDRESSES + 3] = (uint8_t)tag;
	if (send(trunk, frame, (size_t)n + TAG_BYTES, 0) < 0)
		perror("vlan: send");
}

int
main(int argc, char **argv)
{
	struct pollfd fd[2] = { { .events = POLLIN }, { .events = POLLIN } };
	unsigned int tag;

	if (argc != 4) {
		(void)fprintf(stderr, "usage: vlan TAP NAME TAG\n");
		return 2;
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	tag = (unsigned int)strtoul(argv[3], NULL, 10);
	fd[0].fd = open_packet(argv[1]);
	fd[1].fd = open_tap(argv[2]);
	(void)puts("ready");
	(void)fflush(stdout);
	while (poll(fd, 2, -1) > 0) {
		if (fd[0].revents & POLLIN)
			from_trunk(fd[0].fd, fd[1].fd, tag);
		if (fd[1].revents & POLLIN)
			to_trunk(fd[0].fd, fd[1].fd, tag);
	}
	return 1;
}
