/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ethernet frames: which frames of the server pass this side's filter, and
 * which frames the server's interface receives while a command runs here.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "traffic.h"

#define FRAME_BYTES	64u		/* without FCS */
#define HEADER_BYTES	14u
#define TAG_BYTES	4u
#define OTHERS		40u		/* addresses joined besides: "many" */
#define QUIET_MS	700		/* then no more frames will come */

/* A packet socket on one interface, for one type of frames (0: it sends). */
static int
packet_socket(const char *ifname, uint16_t type)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
		.sll_protocol = htons(type),
		.sll_ifindex = (int)if_nametoindex(ifname) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0 && at.sll_ifindex != 0 &&
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	(void)fail("packet socket on %s: %s", ifname, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static bool
mac_parse(const char *text, uint8_t mac[6])
{
	unsigned int b[6];
	int i;

	if (sscanf(text, "%x:%x:%x:%x:%x:%x", &b[0], &b[1], &b[2], &b[3], &b[4],
		&b[5]) != 6)
		return false;
	for (i = 0; i < 6; i++)
		mac[i] = (uint8_t)b[i];
	return true;
}

/* --------------------------------------------------------------------- hear */

static size_t
frame_make(uint8_t *buf, const uint8_t to[6], int vlan, uint32_t i)
{
	uint16_t type = htons(LEM_ETHERTYPE), tpid = htons(ETH_P_8021Q), tci;
	uint8_t *p = buf + 12;

	memset(buf, 0, FRAME_BYTES + TAG_BYTES);
	memcpy(buf, to, 6);
	buf[6] = 0x02;			/* from an address of nobody's */
	if (vlan >= 0) {
		tci = htons((uint16_t)vlan);
		memcpy(p, &tpid, 2);
		memcpy(p + 2, &tci, 2);
		p += TAG_BYTES;
	}
	memcpy(p, &type, 2);
	memcpy(p + 2, &i, sizeof(i));
	return FRAME_BYTES + (vlan >= 0 ? TAG_BYTES : 0);
}

void
hear_serve(int fd, const char *ifname, const char *to, unsigned int count,
    int vlan)
{
	uint8_t mac[6], buf[FRAME_BYTES + TAG_BYTES];
	int raw = packet_socket(ifname, 0);
	unsigned int i, sent = 0;
	size_t len;

	if (raw < 0 || !mac_parse(to, mac))
		return;
	for (i = 0; i < count; i++) {
		len = frame_make(buf, mac, vlan, i);
		sent += send(raw, buf, len, 0) == (ssize_t)len;
	}
	(void)net_say(fd, "%s %u", sent == count ? "ok" : "no: sent", sent);
	(void)close(raw);
}

static bool
join(int raw, const char *ifname, uint16_t type, const uint8_t mac[6])
{
	struct packet_mreq m = {
		.mr_ifindex = (int)if_nametoindex(ifname),
		.mr_type = type,
		.mr_alen = 6,
	};

	memcpy(m.mr_address, mac, 6);
	return setsockopt(raw, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m,
		   sizeof(m)) == 0;
}

static bool
filter_open(int raw, const struct hear *h, const uint8_t mac[6])
{
	uint16_t type = mac[0] & 1 ? PACKET_MR_MULTICAST : PACKET_MR_UNICAST;
	uint8_t other[6] = { (mac[0] & 1) | 0x02, 0x4c, 0x45, 0x4d };
	bool many = strcmp(h->mode, "many") == 0, done = true;
	unsigned int i;

	if (strcmp(h->mode, "promiscuous") == 0)
		return join(raw, h->ifname, PACKET_MR_PROMISC, mac);
	if (strcmp(h->mode, "all") == 0)
		return join(raw, h->ifname, PACKET_MR_ALLMULTI, mac);
	for (i = 0; many && i < OTHERS; i++) {
		other[4] = (uint8_t)(i * 37);
		other[5] = (uint8_t)i;
		done = done && join(raw, h->ifname, type, other);
	}
	if (many || strcmp(h->mode, "join") == 0)
		return done && join(raw, h->ifname, type, mac);
	return strcmp(h->mode, "plain") == 0;
}

/* Returns how many different frames arrived. */
static unsigned int
hear_count(int raw, unsigned int count)
{
	struct pollfd fds = { .fd = raw, .events = POLLIN };
	uint8_t buf[2048], *seen = calloc(count, 1);
	unsigned int n = 0;
	uint32_t i;

	while (seen != NULL && poll(&fds, 1, QUIET_MS) > 0) {
		if (recv(raw, buf, sizeof(buf), 0) < (ssize_t)FRAME_BYTES)
			continue;
		memcpy(&i, buf + HEADER_BYTES, sizeof(i));
		if (i < count && !seen[i]) {
			seen[i] = 1;
			n++;
		}
	}
	free(seen);
	return n;
}

int
hear_client(const struct peer *peer, const struct hear *h)
{
	int raw = packet_socket(h->ifname, LEM_ETHERTYPE), fd;
	char line[LINE_BYTES];
	const char *sent;
	uint8_t mac[6];

	if (raw < 0)
		return EXIT_FAILURE;
	if (!mac_parse(h->to, mac) || !filter_open(raw, h, mac))
		return fail("%s %s: %s", h->mode, h->to, strerror(errno));
	fd = net_ask(peer, "frames %s %u %d", h->to, h->count, h->vlan);
	if (fd < 0)
		return EXIT_FAILURE;
	sent = net_answer(fd, line);
	(void)close(fd);
	if (sent != NULL)
		printf("%u\n", hear_count(raw, h->count));
	(void)close(raw);
	return sent != NULL ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* -------------------------------------------------------------------- watch */

static unsigned int
mtu_get(int fd, const char *ifname)
{
	struct ifreq ifr = { .ifr_mtu = 0 };

	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	return ioctl(fd, SIOCGIFMTU, &ifr) == 0 ? (unsigned int)ifr.ifr_mtu : 0;
}

struct watched {
	uint64_t frames, bytes, over;
	size_t longest, limit;
};

static void
watch_one(int raw, struct watched *w)
{
	struct sockaddr_ll from = { 0 };
	socklen_t from_len = sizeof(from);
	uint8_t buf[64];
	ssize_t n = recvfrom(raw, buf, sizeof(buf), MSG_TRUNC,
	    (struct sockaddr *)&from, &from_len);

	if (n <= 0 || from.sll_pkttype == PACKET_OUTGOING)
		return;
	w->frames++;
	w->bytes += (uint64_t)n;
	w->over += (size_t)n > w->limit;
	if ((size_t)n > w->longest)
		w->longest = (size_t)n;
}

/* Until the client says that its command has ended. */
void
watch_serve(int fd, const char *ifname)
{
	int raw = packet_socket(ifname, ETH_P_ALL);
	struct watched w = { 0 };
	char line[LINE_BYTES];
	struct pollfd fds[2];

	if (raw < 0)
		return;
	w.limit = mtu_get(raw, ifname) + HEADER_BYTES + TAG_BYTES;
	fds[0] = (struct pollfd){ .fd = raw, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = fd, .events = POLLIN };
	if (!net_say(fd, "ok"))
		return;
	while (poll(fds, 2, WAIT_SECONDS * 1000) > 0) {
		if (fds[0].revents != 0)
			watch_one(raw, &w);
		else if (fds[1].revents != 0)
			break;
	}
	if (net_line(fd, line))
		(void)net_say(fd,
		    "ok frames %" PRIu64 " bytes %" PRIu64
		    " longest %zu over %" PRIu64,
		    w.frames, w.bytes, w.longest, w.over);
	(void)close(raw);
}

int
command_run(char *const command[])
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		(void)dup2(STDERR_FILENO, STDOUT_FILENO);
		(void)execvp(command[0], command);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int
watch_client(const struct peer *peer, char *const command[])
{
	int fd = net_ask(peer, "watch"), status;
	char line[LINE_BYTES];
	const char *seen;

	if (fd < 0)
		return EXIT_FAILURE;
	if (net_answer(fd, line) == NULL)
		return EXIT_FAILURE;
	status = command_run(command);
	seen = net_say(fd, "done") ? net_answer(fd, line) : NULL;
	(void)close(fd);
	if (seen == NULL)
		return EXIT_FAILURE;
	printf("%s\n", seen);
	return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
