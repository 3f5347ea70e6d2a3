/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A NIC among peers that restart, while packets go both ways.
 */
#include "dir.h"
#include "nic_rig.h"

#include <linux/if.h>
#include <sys/ioctl.h>
#include <sys/un.h>

/* In each of four ways to ring; LEM_LONG=1: more. */
static unsigned int restarts = 6;

/* A name in the test's folder. */
static struct sockaddr_un
name_at(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", dir_path(name));
	return at;
}

static void
fails_unless(bool is)
{
	if (!is)
		abort();
}

/* ------------------------------------------------------------------- dgram */

/*
 * How a peer uses its sockets.  ONE: it has one, which it connects to us: the
 * kernel lets nobody else send there.  TWO: as lem-vm does.
 */
enum sockets {
	ONE,
	TWO
};

static void
dgram_peer_comes(struct guest *g, enum sockets sockets)
{
	struct sockaddr_un at = name_at("peer"), us = name_at("us");
	struct peer *p = &g->peer;

	p->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	fails_unless(bind(p->fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	if (sockets == TWO)
		p->out_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	fails_unless(connect(sockets == TWO ? p->out_fd : p->fd,
			 (struct sockaddr *)&us, sizeof(us)) == 0);
	peer_start(g);
}

/* The peer that does not read goes when something is there for it. */
static void
arrives(const struct peer *p)
{
	struct pollfd fd = { .fd = p->fd, .events = POLLIN };

	if (p->deaf)
		(void)poll(&fd, 1, STALL_NS / MS);
}

/*
 * It ends, and the kernel drops what it has not read.  Nothing more arrives
 * after shutdown(), so that what it had can be counted.  Returns how many.
 */
static unsigned int
dgram_peer_goes(struct guest *g)
{
	struct peer *p = &g->peer;
	unsigned int had = 0;
	ssize_t n;

	peer_end(g);
	arrives(p);
	(void)unlink(name_at("peer").sun_path);
	(void)shutdown(p->fd, SHUT_RD);
	while ((n = recv(p->fd, p->in, sizeof(p->in), MSG_DONTWAIT)) > 0) {
		peer_packet(g, p->in, (size_t)n);
		had++;
	}
	close(p->fd);
	if (p->out_fd >= 0)
		close(p->out_fd);
	p->fd = p->out_fd = -1;
	return had;
}

struct restarts {
	struct guest *g;
	int listener;			/* of a stream's peer */
	unsigned int had;
	atomic_bool over;
};

/* The peer of every third time does not read before it goes. */
static void *
dgram_restarts(void *arg)
{
	struct restarts *r = arg;
	uint64_t end = wall_ns() + STALL_NS;
	unsigned int i;

	for (i = 0; i < restarts || (r->had == 0 && wall_ns() < end); i++) {
		r->g->peer.deaf = i % 3 == 0;
		usleep(2000 + i * 500);
		r->had += dgram_peer_goes(r->g);
		usleep(i % 4 * 10000);
		r->g->peer.deaf = false;
		dgram_peer_comes(r->g, i / 2 % 2 ? ONE : TWO);
	}
	r->over = true;
	return NULL;
}

/*
 * Each packet and each frame arrives once and in order, over 24 restarts; a
 * packet that a peer had when it went counts as arrived.
 */
static void
dgram_restarted(enum nic_doorbell doorbell)
{
	struct guest *g = guest_alloc();
	struct restarts r = { .g = g };
	struct nic_stats s;
	pthread_t thread;

	guest_start(g,
	    open_by("backend=dgram,local=%s/us,remote=%s/peer", dir, dir),
	    &(struct how){ .doorbell = doorbell,
		.moderation = NIC_MODERATION_ADAPTIVE });
	guest_up(g);
	dgram_peer_comes(g, TWO);
	assert_true(link_wait(g, true));
	assert_int_equal(pthread_create(&thread, NULL, dgram_restarts, &r), 0);
	while (!r.over) {
		g->peer.want = g->rx_got + 50;
		assert_true(tx_burst(g, 50));
	}
	pthread_join(thread, NULL);
	g->peer.want = g->peer.sent + 20;
	assert_true(tx_burst(g, 20));
	check_all(g, &s);
	print_message("  %u restarts: %llu packets, %llu frames, none lost; "
		      "peers that went had %u\n",
	    restarts, (unsigned long long)g->tx_sent,
	    (unsigned long long)g->rx_got, r.had);
	assert_int_equal(s.counters.tx_dropped, 0);
	assert_true(r.had > 0);
	(void)dgram_peer_goes(g);
	guest_end(g);
}

static void
test_dgram_restarts(void **state)
{
	(void)state;
	dgram_restarted(NIC_DOORBELL_EXIT);
	dgram_restarted(NIC_DOORBELL_AUTO);
	dgram_restarted(NIC_DOORBELL_MAPPED);
	dgram_restarted(NIC_DOORBELL_TURNS);
}

/*
 * Nobody comes: packets wait as long as for a peer that does not read, and are
 * dropped after that, and counted.  The guest is not held up.
 */
static void
test_dgram_nobody(void **state)
{
	struct guest *g = guest_alloc();
	uint64_t begin, end;

	(void)state;
	guest_start(g,
	    open_by("backend=dgram,local=%s/us,remote=%s/peer", dir, dir),
	    &(struct how){ .doorbell = NIC_DOORBELL_AUTO, .stall_ms = 3000 });
	guest_up(g);
	assert_true(link_wait(g, true));
	begin = wall_ns();
	assert_true(tx_burst(g, COUNT_RING - 1));
	assert_true(stats_of(g).counters.tx_dropped == 0 ||
	    wall_ns() - begin >= 3000 * MS);
	end = wall_ns() + STALL_NS;
	while (
	    stats_of(g).counters.tx_dropped < COUNT_RING - 1 && wall_ns() < end)
		usleep(1000);
	assert_int_equal(stats_of(g).counters.tx_dropped, COUNT_RING - 1);
	end = wall_ns() + STALL_NS;
	assert_true(tx_burst(g, 1000));
	assert_true(wall_ns() < end);
	/* One who comes at last gets what is sent from now on. */
	g->peer.skip = true;
	dgram_peer_comes(g, TWO);
	usleep(200000);
	(void)irq(g);
	assert_true(tx_burst(g, 100));
	assert_true(all_done(g));
	(void)dgram_peer_goes(g);
	assert_int_equal(g->wrong, 0);
	guest_end(g);
}

/* ------------------------------------------------------------------ stream */

static int
stream_peer_listens(void)
{
	struct sockaddr_un at = name_at("peer");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	fails_unless(bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	fails_unless(listen(fd, 1) == 0);
	return fd;
}

static void
stream_peer_accepts(struct guest *g, int listener)
{
	g->peer.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	fails_unless(g->peer.fd >= 0);
	g->peer.in_len = 0;
	peer_start(g);
}

/* As dgram_peer_goes().  A packet that it has in part is for its successor. */
static unsigned int
stream_peer_goes(struct guest *g)
{
	uint64_t got;

	peer_end(g);
	arrives(&g->peer);
	(void)shutdown(g->peer.fd, SHUT_RD);
	got = g->peer.got;
	while (recv(g->peer.fd, g->peer.in, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
		(void)peer_reads_stream(g);
	close(g->peer.fd);
	return (unsigned int)(g->peer.got - got);
}

/* The peer comes back at once, or later. */
static void *
stream_restarts(void *arg)
{
	struct restarts *r = arg;
	unsigned int i;

	for (i = 0; i < restarts / 2; i++) {
		r->g->peer.deaf = i % 3 == 0;
		usleep(5000 + i * 500);
		(void)unlink(name_at("peer").sun_path);
		close(r->listener);
		r->had += stream_peer_goes(r->g);
		usleep(i % 4 * 10000);
		r->g->peer.deaf = false;
		r->listener = stream_peer_listens();
		stream_peer_accepts(r->g, r->listener);
	}
	r->over = true;
	return NULL;
}

/* The peer of a client, passt for example, restarts. */
static void
stream_restarted(enum nic_doorbell doorbell)
{
	struct guest *g = guest_alloc();
	struct restarts r = { .g = g, .listener = stream_peer_listens() };
	struct nic_stats s;
	pthread_t thread;

	g->peer.stream = true;
	guest_start(g, open_by("backend=stream,path=%s/peer", dir),
	    &(struct how){ .doorbell = doorbell,
		.moderation = NIC_MODERATION_ADAPTIVE });
	stream_peer_accepts(g, r.listener);
	guest_up(g);
	assert_true(link_wait(g, true));
	assert_int_equal(pthread_create(&thread, NULL, stream_restarts, &r), 0);
	while (!r.over) {
		g->peer.want = g->rx_got + 50;
		assert_true(tx_burst(g, 50));
	}
	pthread_join(thread, NULL);
	assert_true(link_wait(g, true));
	g->peer.want = g->peer.sent + 20;
	assert_true(tx_burst(g, 20));
	check_all(g, &s);
	print_message("  %u restarts: %llu packets, %llu frames, none lost; "
		      "peers that went had %u\n",
	    restarts / 2, (unsigned long long)g->tx_sent,
	    (unsigned long long)g->rx_got, r.had);
	assert_int_equal(s.counters.tx_dropped, 0);
	(void)unlink(name_at("peer").sun_path);
	close(r.listener);
	guest_end(g);
}

static void
test_stream_restarts(void **state)
{
	(void)state;
	stream_restarted(NIC_DOORBELL_EXIT);
	stream_restarted(NIC_DOORBELL_AUTO);
	stream_restarted(NIC_DOORBELL_MAPPED);
	stream_restarted(NIC_DOORBELL_TURNS);
}

/* ------------------------------------------------------------------- cable */

/* The interrupt that says that the link has changed. */
static bool
lsc_comes(struct guest *g)
{
	uint64_t end = wall_ns() + STALL_NS;

	while (wall_ns() < end)
		if (halt(g, end) && reg_read(g, E1000_ICR) & E1000_ICR_LSC)
			return true;
	return false;
}

static void
cable_pulled(enum nic_doorbell doorbell, unsigned int autoneg_ms)
{
	struct guest *g = guest_alloc();
	unsigned int i;
	uint64_t begin;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	g->peer.fd = pair[1];
	guest_start(g, open_by("backend=dgram,fd=%d", pair[0]),
	    &(struct how){ .doorbell = doorbell,
		.moderation = NIC_MODERATION_ON,
		.autoneg_ms = autoneg_ms,
		.cable_out = true });
	peer_start(g);
	guest_up(g);
	quiet(g, 10 * MS);
	assert_false(reg_read(g, E1000_STATUS) & E1000_STATUS_LU);
	assert_false(stats_of(g).cable);
	for (i = 0; i < 4; i++) {
		begin = wall_ns();
		nic_cable_set(g->nic, true);
		assert_true(lsc_comes(g));
		assert_true(wall_ns() - begin >= autoneg_ms * MS);
		assert_true(reg_read(g, E1000_STATUS) & E1000_STATUS_LU);
		assert_true(stats_of(g).cable && stats_of(g).link);
		/* In every other round doorbells are memory. */
		g->peer.want += 100;
		assert_true(tx_burst(g, i % 2 ? 2000 : 100));
		assert_true(all_done(g));
		(void)reg_read(g, E1000_ICR);
		nic_cable_set(g->nic, false);
		assert_true(lsc_comes(g));
		assert_false(reg_read(g, E1000_STATUS) & E1000_STATUS_LU);
		assert_false(stats_of(g).cable || stats_of(g).link);
	}
	assert_int_equal(g->wrong, 0);
	guest_end(g);
}

static void
test_cable(void **state)
{
	(void)state;
	cable_pulled(NIC_DOORBELL_EXIT, 0);
	cable_pulled(NIC_DOORBELL_AUTO, 30);
	cable_pulled(NIC_DOORBELL_MAPPED, 0);
	cable_pulled(NIC_DOORBELL_TURNS, 10);
}

/* ---------------------------------------------------------------------- tap */

static atomic_uint said;

static void
count_say(void *ctx, const char *text)
{
	(void)ctx;
	said +=
	    strcmp(text,
		"tap lem0 is down: as root, run 'ip link set lem0 up'") == 0;
}

static void
tap_up(bool up)
{
	struct ifreq r = { .ifr_name = "lem0", .ifr_flags = up ? IFF_UP : 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &r), 0);
	close(fd);
}

static bool
said_wait(unsigned int times)
{
	uint64_t end = wall_ns() + STALL_NS;

	while (said < times && wall_ns() < end)
		usleep(1000);
	return said == times;
}

/* A tap goes down and up: so does the guest's link; the user is told once. */
static void
tap_goes_down(enum nic_doorbell doorbell)
{
	struct guest *g = guest_alloc();
	unsigned int i;

	said = 0;
	g->vmm.say = count_say;
	guest_start(g, open_by("backend=tap,ifname=lem0,vnet=off"),
	    &(struct how){ .doorbell = doorbell });
	guest_up(g);
	for (i = 1; i <= 3; i++) {
		quiet(g, 20 * MS);
		assert_true(link_wait(g, false));
		/* The link may have been down anyway. */
		assert_true(said_wait(i));
		assert_false(stats_of(g).cable);
		tap_up(true);
		assert_true(link_wait(g, true));
		assert_true(tx_burst(g, 500));
		while (g->tx_clean != g->tx_next) {
			assert_true(halt(g, wall_ns() + STALL_NS));
			/* The link's interrupt reclaims nothing. */
			(void)irq(g);
		}
		tap_up(false);
	}
	assert_true(link_wait(g, false));
	assert_int_equal(stats_of(g).counters.tx_packets, g->tx_sent);
	assert_int_equal(stats_of(g).refused, 0);
	assert_int_equal(g->wrong, 0);
	guest_end(g);
}

static void
test_tap_goes_down(void **state)
{
	(void)state;
	if (geteuid() != 0 || access("/dev/net/tun", R_OK | W_OK) != 0 ||
	    unshare(CLONE_NEWNET) != 0)
		skip();
	tap_goes_down(NIC_DOORBELL_EXIT);
	tap_goes_down(NIC_DOORBELL_AUTO);
	tap_goes_down(NIC_DOORBELL_MAPPED);
	tap_goes_down(NIC_DOORBELL_TURNS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dgram_restarts),
		cmocka_unit_test(test_dgram_nobody),
		cmocka_unit_test(test_stream_restarts),
		cmocka_unit_test(test_cable),
		cmocka_unit_test(test_tap_goes_down),
	};

	if (getenv("LEM_LONG") != NULL)
		restarts = 24;
	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}
