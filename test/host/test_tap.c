/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tap backend, on real taps, in a network namespace of its own.  Needs
 * root.
 */
#include "backend_rig.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#define HDR_BYTES	12u
#define PROTOCOL	0x88b5		/* for experiments: nobody else's */
#define NOBODY		65534
#define LARGE		17000		/* MTU: more than a chip takes */

static const uint8_t mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
static const uint8_t no_hdr[HDR_BYTES];

static int control = -1;		/* a socket for ioctls */

/* -------------------------------------------------------------- interfaces */

static struct ifreq
tap_request(const char *name)
{
	struct ifreq r;

	memset(&r, 0, sizeof(r));
	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	return r;
}

static void
interface_up(const char *name, bool up)
{
	struct ifreq r = tap_request(name);

	r.ifr_mtu = LARGE;
	assert_int_equal(ioctl(control, SIOCSIFMTU, &r), 0);
	r.ifr_flags = up ? IFF_UP : 0;
	assert_int_equal(ioctl(control, SIOCSIFFLAGS, &r), 0);
}

/* 10.0.0.1 is the host's, 10.0.0.2 the guest's. */
static void
interface_address(const char *name)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct ifreq r = tap_request(name);
	struct arpreq arp;

	at.sin_addr.s_addr = htonl(0x0a000001);
	memcpy(&r.ifr_addr, &at, sizeof(at));
	assert_int_equal(ioctl(control, SIOCSIFADDR, &r), 0);
	memset(&arp, 0, sizeof(arp));
	at.sin_addr.s_addr = htonl(0x0a000002);
	memcpy(&arp.arp_pa, &at, sizeof(at));
	arp.arp_ha.sa_family = ARPHRD_ETHER;
	memcpy(arp.arp_ha.sa_data, mac, sizeof(mac));
	arp.arp_flags = ATF_COM | ATF_PERM;
	(void)snprintf(arp.arp_dev, sizeof(arp.arp_dev), "%s", name);
	assert_int_equal(ioctl(control, SIOCSARP, &arp), 0);
}

static int
interface_index(const char *name)
{
	struct ifreq r = tap_request(name);

	return ioctl(control, SIOCGIFINDEX, &r) == 0 ? r.ifr_ifindex : -1;
}

static void
interface_delete(const char *name)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg info;
	} m = {
		.head = { .nlmsg_len = sizeof(m),
		    .nlmsg_type = RTM_DELLINK,
		    .nlmsg_flags = NLM_F_REQUEST },
		.info = { .ifi_index = interface_index(name) },
	};
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	assert_int_equal(send(fd, &m, sizeof(m), 0), sizeof(m));
	close(fd);
	assert_int_equal(interface_index(name), -1);
}

/* A tap as another program opens it. */
static int
other_tap(const char *name, int flags)
{
	struct ifreq r = tap_request(name);
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	r.ifr_flags = (short)flags;
	assert_int_equal(ioctl(fd, TUNSETIFF, &r), 0);
	return fd;
}

/* That process changes all settings, makes the tap persistent, and ends. */
static void
other_program(const char *name)
{
	int fd = other_tap(name, IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
	int hdr_bytes = 10;

	assert_int_equal(ioctl(fd, TUNSETVNETHDRSZ, &hdr_bytes), 0);
	assert_int_equal(ioctl(fd, TUNSETOFFLOAD,
			     TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6),
	    0);
	assert_int_equal(ioctl(fd, TUNSETPERSIST, 1), 0);
	close(fd);
}

static void
not_persistent(struct backend *b)
{
	assert_int_equal(ioctl(b->fd, TUNSETPERSIST, 0), 0);
}

/* The host's side of a tap: all frames of our protocol. */
static int
packet_socket(const char *name, bool header)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
		.sll_protocol = htons(PROTOCOL),
		.sll_ifindex = interface_index(name) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(PROTOCOL));
	int on = header;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on,
			     sizeof(on)),
	    0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* ----------------------------------------------------------------- traffic */

/* A frame of our protocol to the guest, or from it. */
static void
tap_frame_make(uint8_t *to, const uint8_t dst[6], uint64_t number, uint32_t len)
{
	bytes_make(to, number, len);
	memcpy(to, dst, 6);
	memcpy(to + 6, mac, 6);
	to[12] = PROTOCOL >> 8;
	to[13] = PROTOCOL & 0xff;
}

static bool
is_ours(const struct e82540_frame *f)
{
	const uint8_t *p = f->data;

	return f->len_bytes >= 14 && p[12] == PROTOCOL >> 8 &&
	    p[13] == (PROTOCOL & 0xff);
}

static void
host_sends(int fd, uint64_t number, uint32_t len)
{
	static uint8_t bytes[LARGE + 14];

	tap_frame_make(bytes, mac, number, len);
	assert_int_equal(send(fd, bytes, len, 0), len);
}

static void
guest_gets(struct backend *b, uint64_t number, uint32_t len)
{
	struct e82540_frame frame[BACKEND_BATCH];
	static uint8_t want[LARGE + 14];
	unsigned int i, n, ours = 0;

	tap_frame_make(want, mac, number, len);
	n = receive_some(b, frame);
	for (i = 0; i < n; i++)
		if (is_ours(&frame[i])) {
			ours++;
			assert_int_equal(frame[i].len_bytes, len);
			assert_memory_equal(frame[i].data, want, len);
		}
	assert_int_equal(ours, 1);
}

/* In two pieces, after a header if the tap has one. */
static unsigned int
guest_sends(struct backend *b, const uint8_t *bytes, uint32_t len)
{
	struct e82540_iov iov[3] = { { no_hdr, HDR_BYTES }, { bytes, 14 },
		{ bytes + 14, len - 14 } };
	bool hdr = b->vnet_hdr_bytes != 0;
	struct e82540_packet packet = { hdr ? iov : iov + 1, hdr ? 3 : 2, len };

	return b->ops->send(b, &packet, 1);
}

static void
tap_both_ways(struct backend *b, const char *name, uint64_t number)
{
	static const uint32_t lens[] = { 60, 61, 1514, 9014, 16288 };
	static uint8_t bytes[LARGE], got[LARGE];
	int fd = packet_socket(name, false);
	size_t i;

	for (i = 0; i < COUNT(lens); i++) {
		tap_frame_make(bytes,
		    (const uint8_t *)"\xff\xff\xff\xff\xff\xff", number + i,
		    lens[i]);
		assert_int_equal(guest_sends(b, bytes, lens[i]), 1);
		assert_int_equal(recv(fd, got, sizeof(got), 0), lens[i]);
		assert_memory_equal(got, bytes, lens[i]);
		host_sends(fd, number + i, lens[i]);
		guest_gets(b, number + i, lens[i]);
	}
	assert_int_equal(b->refused, 0);
	close(fd);
}

static uint32_t
sum_of(const uint8_t *p, uint32_t n, uint32_t sum)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/*
 * The host's stack sends a datagram: it arrives as plain frames of the MTU's
 * size with their checksums, whatever another program has set before.
 */
static void
host_udp(struct backend *b, const char *name)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(0x0a000002) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct e82540_frame frame[BACKEND_BATCH];
	unsigned int i, n, seen = 0;
	const uint8_t *p;
	char data[1000];

	interface_address(name);
	memset(data, 'd', sizeof(data));
	assert_int_equal(sendto(fd, data, sizeof(data), 0,
			     (struct sockaddr *)&to, sizeof(to)),
	    sizeof(data));
	n = receive_some(b, frame);
	for (i = 0; i < n; i++) {
		p = frame[i].data;
		if (p[12] != 0x08 || p[13] != 0 || p[23] != IPPROTO_UDP)
			continue;
		seen++;
		assert_int_equal(frame[i].len_bytes, 14 + 20 + 8 + 1000);
		assert_memory_equal(p, mac, 6);
		assert_int_equal(sum_of(p + 14, 20, 0), 0xffff);
		assert_int_equal(sum_of(p + 26, 8 + 8 + 1000,
				     IPPROTO_UDP + 8 + 1000),
		    0xffff);
		assert_memory_equal(p + 42, data, sizeof(data));
	}
	assert_int_equal(seen, 1);
	close(fd);
}

/* ------------------------------------------------------------------- tests */

static void
test_options(void **state)
{
	(void)state;
	refused_by("backend=tap: needs either ifname=NAME or fd=N",
	    "backend=tap");
	refused_by("backend=tap: needs either ifname=NAME or fd=N",
	    "backend=tap,ifname=x,fd=1");
	refused_by("must be 1 to 15 bytes long", "backend=tap,ifname=");
	refused_by("must be 1 to 15 bytes long",
	    "backend=tap,ifname=0123456789abcdef");
	refused_by("vnet=1: must be on or off", "backend=tap,ifname=x,vnet=1");
}

static void
test_vnet_on(void **state)
{
	struct backend *b = open_by("backend=tap,ifname=lem0");

	(void)state;
	assert_int_equal(b->vnet_hdr_bytes, HDR_BYTES);
	assert_int_equal(b->offloads,
	    E82540_OFFLOAD_CSUM | E82540_OFFLOAD_TSO4 | E82540_OFFLOAD_TSO6);
	assert_true(fcntl(b->fd, F_GETFD) & FD_CLOEXEC);
	interface_up("lem0", true);
	tap_both_ways(b, "lem0", 1);
	host_udp(b, "lem0");
	close_it(b);
	assert_int_equal(interface_index("lem0"), -1);
}

static void
test_vnet_off(void **state)
{
	struct backend *b = open_by("backend=tap,ifname=lem0,vnet=off");

	(void)state;
	assert_int_equal(b->vnet_hdr_bytes, 0);
	assert_int_equal(b->offloads, 0);
	interface_up("lem0", true);
	tap_both_ways(b, "lem0", 1);
	host_udp(b, "lem0");
	close_it(b);
}

/* A call for 64: fewer arrive, and none is left. */
static void
test_batches(void **state)
{
	struct backend *b = open_by("backend=tap,ifname=lem0");
	struct e82540_frame frame[BACKEND_BATCH];
	unsigned int i, n, got = 0;
	const uint8_t *p;
	int fd;

	(void)state;
	interface_up("lem0", true);
	fd = packet_socket("lem0", false);
	for (i = 0; i < 150; i++)
		host_sends(fd, i, 100 + i);
	while ((n = receive_some(b, frame)) > 0)
		for (i = 0; i < n; i++)
			if (is_ours(&frame[i])) {
				p = frame[i].data;
				assert_int_equal(frame[i].len_bytes, 100 + got);
				assert_int_equal(p[20], pattern(got, 20));
				got++;
			}
	assert_int_equal(got, 150);
	close(fd);
	close_it(b);
}

/* The largest frame for a chip arrives; a larger one does not. */
static void
largest(const char *vnet)
{
	struct backend *b = open_by("backend=tap,ifname=lem0,vnet=%s", vnet);
	int fd;

	interface_up("lem0", true);
	fd = packet_socket("lem0", false);
	host_sends(fd, 1, 16384);
	guest_gets(b, 1, 16384);
	host_sends(fd, 2, 16385);
	host_sends(fd, 3, LARGE);
	host_sends(fd, 4, 60);
	guest_gets(b, 4, 60);
	assert_int_equal(b->refused, 2);
	close(fd);
	close_it(b);
}

static void
test_largest(void **state)
{
	(void)state;
	largest("on");
	largest("off");
}

#define TSO_PAYLOAD	40000u
#define TSO_HEAD	(14u + 20 + 20)

/* Headers of TCP over IPv4, as a guest leaves them to the network. */
static uint32_t
tso_make(uint8_t *p, struct e82540_vnet_hdr *hdr)
{
	uint32_t len = TSO_HEAD + TSO_PAYLOAD;

	bytes_make(p, 1, len);
	memset(p, 0xff, 6);
	memcpy(p + 6, mac, 6);
	memset(p + 12, 0, 42);
	p[12] = 0x08;
	p[14] = 0x45;
	p[16] = (len - 14) >> 8;
	p[17] = (len - 14) & 0xff;
	p[22] = 64;
	p[23] = IPPROTO_TCP;
	p[26] = p[30] = 10;
	p[29] = 2;
	p[33] = 1;
	p[46] = 5 << 4;
	p[47] = 0x10;
	*hdr = (struct e82540_vnet_hdr){ .flags = E82540_VNET_NEEDS_CSUM,
		.gso_type = E82540_GSO_TCPV4,
		.hdr_len = TSO_HEAD,
		.gso_size = 1460,
		.csum_start = 34,
		.csum_offset = 16 };
	return len;
}

/* 40 KiB of TCP pass the tap whole. */
static void
test_tso(void **state)
{
	static uint8_t bytes[65536], got[65536 + HDR_BYTES];
	struct backend *b = open_by("backend=tap,ifname=lem0");
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP) };
	struct e82540_vnet_hdr hdr, seen;
	struct e82540_iov iov[2] = { { &hdr, HDR_BYTES }, { bytes, 0 } };
	struct e82540_packet packet = { iov, 2, 0 };
	int fd;

	(void)state;
	interface_up("lem0", true);
	fd = packet_socket("lem0", true);
	at.sll_ifindex = interface_index("lem0");
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	packet.len_bytes = tso_make(bytes, &hdr);
	iov[1].len = packet.len_bytes;
	assert_int_equal(b->ops->send(b, &packet, 1), 1);
	assert_int_equal(b->refused, 0);
	/* Another program has set a header of 10 bytes. */
	assert_int_equal(recv(fd, got, sizeof(got), 0), 10 + packet.len_bytes);
	memcpy(&seen, got, 10);
	assert_int_equal(seen.gso_type, E82540_GSO_TCPV4);
	assert_int_equal(seen.gso_size, 1460);
	assert_int_equal(seen.flags, E82540_VNET_NEEDS_CSUM);
	assert_memory_equal(got + 10, bytes, packet.len_bytes);
	close(fd);
	close_it(b);
}

/* The kernel refuses a packet with a wrong header; the next one passes. */
static void
test_bad_header(void **state)
{
	static uint8_t bytes[65536];
	struct backend *b = open_by("backend=tap,ifname=lem0");
	struct e82540_vnet_hdr hdr;
	struct e82540_iov iov[2] = { { &hdr, HDR_BYTES }, { bytes, 60 } };
	struct e82540_packet packet = { iov, 2, 60 };

	(void)state;
	interface_up("lem0", true);
	(void)tso_make(bytes, &hdr);
	hdr.hdr_len = 0xffff;
	assert_int_equal(b->ops->send(b, &packet, 1), 1);
	assert_int_equal(b->refused, 1);
	b->refused = 0;
	tap_both_ways(b, "lem0", 3);
	close_it(b);
}

static void
test_stale_state(void **state)
{
	static const char *const vnet[] = { "off", "on" };
	struct backend *b;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(vnet); i++) {
		other_program("lem1");
		b = open_by("backend=tap,ifname=lem1,vnet=%s", vnet[i]);
		interface_up("lem1", true);
		tap_both_ways(b, "lem1", i);
		host_udp(b, "lem1");
		not_persistent(b);
		close_it(b);
		assert_int_equal(interface_index("lem1"), -1);
	}
}

static void
test_busy(void **state)
{
	struct backend *b = open_by("backend=tap,ifname=lem0");

	(void)state;
	refused_by("tap lem0: another program uses it",
	    "backend=tap,ifname=lem0");
	close_it(b);
	close_it(open_by("backend=tap,ifname=lem0"));
}

/* A flood of frames that are refused: a call has a bound. */
static void
test_refused_flood(void **state)
{
	struct backend *b = open_by("backend=tap,ifname=lem0");
	unsigned int i;
	int fd;

	(void)state;
	interface_up("lem0", true);
	fd = packet_socket("lem0", false);
	for (i = 0; i < 3 * BACKEND_BATCH; i++)
		host_sends(fd, i, LARGE);
	for (i = 1; i <= 3; i++) {
		none_come(b);
		assert_int_equal(b->refused, i * BACKEND_BATCH);
	}
	assert_int_equal(ready(b, POLLIN), 0);
	close(fd);
	close_it(b);
}

/* A tap with several queues is a tap, too. */
static void
test_multi_queue(void **state)
{
	struct backend *b;
	int fd;

	(void)state;
	fd = other_tap("lem5", IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE);
	assert_int_equal(ioctl(fd, TUNSETPERSIST, 1), 0);
	close(fd);
	b = open_by("backend=tap,ifname=lem5");
	interface_up("lem5", true);
	tap_both_ways(b, "lem5", 1);
	host_udp(b, "lem5");
	close_it(b);
	interface_delete("lem5");
}

/* An interface that exists, and is not a tap: what it is, and what to do. */
static void
test_not_a_tap(void **state)
{
	int fd = other_tap("lem6", IFF_TUN | IFF_NO_PI);

	(void)state;
	refused_by("tap lem6: this is a tun, which has no Ethernet: as root, "
		   "run 'ip tuntap add dev NAME mode tap user 0'",
	    "backend=tap,ifname=lem6");
	close(fd);
	refused_by("tap lo: this interface is not a tap: as root, run "
		   "'ip tuntap add dev NAME mode tap user 0'",
	    "backend=tap,ifname=lo");
	refused_by("and bridge or route to lo", "backend=tap,ifname=lo");
	refused_by("tap a/b: Invalid argument", "backend=tap,ifname=a/b");
}

/* The kernel has told of a change. */
static void
told(struct backend *b, bool up)
{
	struct pollfd fd = { .fd = b->event_fd, .events = POLLIN };
	unsigned int n = 0;

	assert_int_equal(poll(&fd, 1, 20000), 1);
	do {
		assert_int_equal(b->ops->event(b), up);
		assert_int_equal(b->up, up);
		assert_int_equal(b->out_fd, up ? b->fd : -1);
		/* Its state of operation follows, up to a second later. */
		assert_true(n++ < 10);
	} while (poll(&fd, 1, 0) == 1);
}

/* While it is down the cable is out, and packets wait; then it goes on. */
static void
test_down(void **state)
{
	struct backend *b = open_by("backend=tap,ifname=lem0");
	uint8_t bytes[60];
	unsigned int i;

	(void)state;
	assert_string_equal(b->down,
	    "tap lem0 is down: as root, run 'ip link set lem0 up'");
	tap_frame_make(bytes, mac, 1, 60);
	for (i = 0; i < 3; i++) {
		assert_int_equal(guest_sends(b, bytes, 60), 0);
		assert_int_equal(b->out_fd, -1);
		none_come(b);
		assert_int_equal(ready(b, POLLIN), 0);
		interface_up("lem0", true);
		told(b, true);
		tap_both_ways(b, "lem0", 1);
		interface_up("lem0", false);
		/* Also before we know. */
		assert_int_equal(guest_sends(b, bytes, 60), 0);
		assert_int_equal(b->out_fd, -1);
		told(b, false);
	}
	assert_int_equal(b->refused, 0);
	close_it(b);
}

/* It is up already; other interfaces come and go; the kernel loses messages. */
static void
test_down_among_others(void **state)
{
	int other = other_tap("lem7", IFF_TAP | IFF_NO_PI), small = 1;
	struct pollfd fd = { .events = POLLIN };
	struct backend *b;
	unsigned int i;

	(void)state;
	other_program("lem1");
	interface_up("lem1", true);
	b = open_by("backend=tap,ifname=lem1");
	fd.fd = b->event_fd;
	assert_true(b->up);
	for (i = 0; i < 2; i++) {
		interface_up("lem7", true);
		interface_up("lem7", false);
		assert_int_equal(poll(&fd, 1, 20000), 1);
		while (poll(&fd, 1, 0) > 0)
			assert_true(b->ops->event(b));
		assert_true(b->up);
	}
	assert_int_equal(setsockopt(b->event_fd, SOL_SOCKET, SO_RCVBUF, &small,
			     sizeof(small)),
	    0);
	for (i = 0; i < 100; i++)
		interface_up("lem7", i % 2);
	interface_up("lem1", false);
	while (poll(&fd, 1, 100) > 0)
		(void)b->ops->event(b);
	assert_false(b->up);
	not_persistent(b);
	close_it(b);
	close(other);
}

/* In another network namespace.  Returns 0 if all is well. */
static int
as_other_namespace(int fd)
{
	struct backend *b;

	if (unshare(CLONE_NEWNET) != 0)
		return 2;
	b = open_by("backend=tap,fd=%d", fd);
	if (b->event_fd != -1 || !b->up)
		return 3;
	close_it(b);
	return 0;
}

/* A tap that we cannot watch is up. */
static void
test_other_namespace(void **state)
{
	int status, fd = other_tap("lem2", IFF_TAP | IFF_NO_PI);
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(as_other_namespace(fd));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(fd);
}

/* Removed: the cable is out, and poll() reports nothing. */
static void
deleted(bool events)
{
	struct backend *b = open_by("backend=tap,ifname=lem0");
	uint8_t bytes[60];

	interface_up("lem0", true);
	told(b, true);
	interface_delete("lem0");
	assert_true(ready(b, POLLIN) != 0);
	if (events)
		told(b, false);
	else
		none_come(b);
	assert_false(b->up);
	assert_int_equal(b->fd, -1);
	assert_string_equal(b->down,
	    "tap lem0 was removed: make it, and start again");
	tap_frame_make(bytes, mac, 1, 60);
	assert_int_equal(guest_sends(b, bytes, 60), 1);
	assert_int_equal(b->refused, 1);
	none_come(b);
	close_it(b);
}

static void
test_deleted(void **state)
{
	(void)state;
	deleted(false);
	deleted(true);
}

static void
test_inherited(void **state)
{
	struct backend *b;
	int fd, flags;

	(void)state;
	for (flags = 0; flags <= IFF_VNET_HDR; flags += IFF_VNET_HDR) {
		fd = other_tap("lem2", IFF_TAP | IFF_NO_PI | flags);
		interface_up("lem2", true);
		b = open_by("backend=tap,fd=%d", fd);
		assert_int_equal(b->fd, fd);
		assert_int_equal(b->vnet_hdr_bytes, flags ? HDR_BYTES : 0);
		tap_both_ways(b, "lem2", 4);
		close_it(b);
	}
	fd = other_tap("lem2", IFF_TUN | IFF_NO_PI);
	refused_by("not a tap", "backend=tap,fd=%d", fd);
	close(fd);
	fd = open("/dev/null", O_RDWR);
	refused_by("not a tap", "backend=tap,fd=%d", fd);
	close(fd);
}

/* As the user nobody.  Returns 0 if all is well. */
static int
as_nobody(void)
{
	struct opts opts;
	struct backend *b;

	if (setresuid(NOBODY, NOBODY, NOBODY) != 0)
		return 2;
	if (opts_parse(&opts, "backend=tap,ifname=lem3", &err) != 0 ||
	    backend_open(&opts, &err) != NULL ||
	    strcmp(err.text,
		"tap lem3: no permission: as root, run "
		"'ip tuntap add dev lem3 mode tap user 65534'") != 0) {
		fprintf(stderr, "%s\n", err.text);
		return 3;
	}
	opts_free(&opts);
	if (opts_parse(&opts, "backend=tap,ifname=lem4", &err) != 0)
		return 4;
	b = backend_open(&opts, &err);
	opts_free(&opts);
	if (b == NULL) {
		fprintf(stderr, "%s\n", err.text);
		return 5;
	}
	close_it(b);
	return 0;
}

/* The message without permission says what to do, and that helps. */
static void
test_permission(void **state)
{
	int status, fd = other_tap("lem4", IFF_TAP | IFF_NO_PI);
	struct stat st;
	pid_t child;

	(void)state;
	assert_int_equal(stat("/dev/net/tun", &st), 0);
	if ((st.st_mode & 06) != 06)
		skip();
	assert_int_equal(ioctl(fd, TUNSETOWNER, NOBODY), 0);
	assert_int_equal(ioctl(fd, TUNSETPERSIST, 1), 0);
	close(fd);
	child = fork();
	if (child == 0)
		_exit(as_nobody());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	interface_delete("lem4");
}

static void
write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd >= 0) {
		(void)!write(fd, text, strlen(text));
		close(fd);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_vnet_on),
		cmocka_unit_test(test_vnet_off),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_tso),
		cmocka_unit_test(test_bad_header),
		cmocka_unit_test(test_stale_state),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_refused_flood),
		cmocka_unit_test(test_multi_queue),
		cmocka_unit_test(test_not_a_tap),
		cmocka_unit_test(test_down),
		cmocka_unit_test(test_down_among_others),
		cmocka_unit_test(test_other_namespace),
		cmocka_unit_test(test_deleted),
		cmocka_unit_test(test_inherited),
		cmocka_unit_test(test_permission),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0) {
		printf("taps in a network namespace take root\n");
		return 77;
	}
	if (access("/dev/net/tun", R_OK | W_OK) != 0) {
		printf("there is no /dev/net/tun\n");
		return 77;
	}
	/* The host sends no frames by itself. */
	write_to("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
	write_to("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	control = socket(AF_INET, SOCK_DGRAM, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
