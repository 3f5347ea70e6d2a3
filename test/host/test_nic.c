/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A NIC with its thread, a guest's thread and a peer's: each setting of
 * doorbell=, all states of nic.h and back, slow peers and fast ones.  It runs
 * under ThreadSanitizer as well.
 *
 * usage: test_nic [TEST]
 */
#include "dir.h"
#include "nic_cases.h"

#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

/*
 * The NIC's calls come here.  This holds up threads that set a timer, so that
 * they race to set it last.
 */
static atomic_bool hold_up;

int
timerfd_settime(int fd, int flags, const struct itimerspec *utmr,
    struct itimerspec *otmr)
{
	static _Thread_local unsigned int n;

	if (hold_up && n++ % 3 == 0)
		usleep(n % 5 * 30);
	return (int)syscall(SYS_timerfd_settime, fd, flags, utmr, otmr);
}

/* ---------------------------------------------------------------- traffic */

/* A peer that does not read, until a packet has waited for it. */
static void
stop_once(struct guest *g)
{
	uint64_t end = wall_ns() + STALL_NS;

	g->peer.deaf = true;
	while (stats_of(g).counters.tx_stopped == 0 && wall_ns() < end) {
		(void)tx_send(g);
		quiet(g, MS / 10);
	}
	g->peer.deaf = false;
}

static void
traffic(const struct how *how, unsigned int packets)
{
	struct nic_stats s;
	struct guest *g;
	unsigned int i;

	g = guest_new(how);
	if (how->doorbell >= NIC_DOORBELL_MAPPED)
		mapped_wait(g);
	peer_start(g);
	if (how->read_us != 0)
		stop_once(g);
	for (i = 0; i < packets; i += 100) {
		g->peer.want += 80;
		assert_true(tx_burst(g, 100));
		quiet(g, MS / 10);
	}
	check_all(g, &s);
	if (how->doorbell < NIC_DOORBELL_MAPPED) {
		assert_int_equal(s.busy, 0);
		assert_int_equal(s.maps, 0);
		assert_true(s.traps > packets);
		assert_int_equal(g->stores, 0);
	} else {
		assert_int_equal(s.maps, 1);
		assert_int_equal(s.parked, 0);
		assert_true(g->stores >= packets);
	}
	assert_true((how->doorbell == NIC_DOORBELL_TURNS) == (s.turns > 0));
	if (how->read_us != 0)
		assert_true(s.counters.tx_stopped > 0);
	guest_end(g);
}

static void
all_kinds(enum nic_doorbell doorbell)
{
	unsigned int kind;

	for (kind = 0; kind < 8; kind++)
		traffic(&(struct how){ .doorbell = doorbell,
			    .moderation = kind % NIC_MODERATIONS,
			    .stream = kind & 2,
			    .read_us = kind & 4 ? 100 : 0 },
		    kind & 4 ? 600 : 2000);
}

static void
test_exit(void **state)
{
	(void)state;
	all_kinds(NIC_DOORBELL_EXIT);
}

static void
test_mapped(void **state)
{
	(void)state;
	all_kinds(NIC_DOORBELL_MAPPED);
}

static void
test_turns(void **state)
{
	(void)state;
	all_kinds(NIC_DOORBELL_TURNS);
}

static void
test_auto(void **state)
{
	struct nic_stats s;
	struct guest *g;
	unsigned int kind;

	(void)state;
	for (kind = 0; kind < 4; kind++) {
		g = guest_new(&(struct how){ .doorbell = NIC_DOORBELL_AUTO,
		    .moderation = kind % NIC_MODERATIONS,
		    .stream = kind & 2,
		    .read_us = kind == 3 ? 20 : 0,
		    .spin_us = SPIN_US,
		    .exit_ns = EXIT_NS });
		peer_start(g);
		rounds(g);
		check_all(g, &s);
		assert_true(parked_twice(g));
		assert_true(s.traps > 0 && g->stores > 0);
		assert_true(s.faults <= s.parked);
		guest_end(g);
	}
}

/*
 * Few packets, with quiet between: a trap each is worth its price.  Mapping is
 * tried, and each time that was in vain it is tried later.  Returns whether it
 * stayed: not always on a busy machine, where traps are dear, too.
 */
static bool
auto_stays(void)
{
	uint64_t begin = wall_ns();
	struct nic_stats s;
	struct guest *g;
	unsigned int i, j;
	bool stays;

	g = guest_new(&(struct how){ .doorbell = NIC_DOORBELL_AUTO,
	    .moderation = NIC_MODERATION_ADAPTIVE,
	    .exit_ns = EXIT_NS });
	peer_start(g);
	for (i = 0; i < 60; i++) {
		for (j = 0; j < 4; j++)
			assert_true(tx_burst(g, 1));
		quiet(g, 10 * MS);
	}
	check_all(g, &s);
	/* Up to eight are of bursts that were twice as fast. */
	assert_true(s.maps <= 20 + (wall_ns() - begin) / (320 * MS));
	stays = s.traps > g->stores;
	guest_end(g);
	return stays;
}

static void
test_auto_stays(void **state)
{
	unsigned int tries = 1;

	(void)state;
	while (!auto_stays())
		assert_true(tries++ < 30);
}

/* ----------------------------------------------------- moderation=adaptive */

/* Until an interrupt was held, or for so long. */
static struct nic_stats
stream(enum nic_moderation moderation, enum nic_doorbell doorbell, uint64_t ns)
{
	uint64_t end = wall_ns() + ns;
	struct nic_stats s;
	struct guest *g;

	g = guest_new(&(struct how){ .doorbell = doorbell,
	    .moderation = moderation,
	    .exit_ns = EXIT_NS });
	peer_start(g);
	do
		assert_true(tx_burst(g, 1000));
	while (stats_of(g).held < 10 && wall_ns() < end);
	check_all(g, &s);
	print_message("  held %llu: ring %llu, pause %llu, cost %llu ns\n",
	    (unsigned long long)s.held, (unsigned long long)s.released_ring,
	    (unsigned long long)s.released_pause,
	    (unsigned long long)s.interrupt_cost_ns);
	guest_end(g);
	return s;
}

/* Interrupts of a stream are held, and the guest that waits gets them. */
static void
test_adaptive(void **state)
{
	struct nic_stats s;

	(void)state;
	s = stream(NIC_MODERATION_ADAPTIVE, NIC_DOORBELL_MAPPED, 20 * SECOND);
	assert_true(s.held >= 10);
	assert_true(s.released_ring + s.released_pause > 0);
	assert_true(s.interrupt_cost_ns > 0);
	/* Only where the rings are looked at all the time, and if asked for. */
	s = stream(NIC_MODERATION_ADAPTIVE, NIC_DOORBELL_EXIT, SECOND / 5);
	assert_int_equal(s.held, 0);
	s = stream(NIC_MODERATION_ADAPTIVE, NIC_DOORBELL_TURNS, SECOND / 5);
	assert_int_equal(s.held, 0);
	s = stream(NIC_MODERATION_ON, NIC_DOORBELL_MAPPED, SECOND / 5);
	assert_int_equal(s.held, 0);
	assert_int_equal(s.hold_ns, 0);
}

/* Doorbells trap, and another thread than the NIC's looks, for a while. */
struct looker {
	struct guest *g;
	atomic_bool stop;
};

static void *
looker(void *arg)
{
	struct looker *l = arg;

	while (!atomic_load(&l->stop)) {
		nic_look(l->g->nic);
		(void)sched_yield();
	}
	nic_look_end(l->g->nic);
	return NULL;
}

static void
test_looked_at(void **state)
{
	uint64_t end = wall_ns() + 30 * SECOND;
	struct nic_stats s;
	struct looker l;
	pthread_t thread;
	unsigned int i;

	(void)state;
	l.g = guest_new(&(struct how){ .doorbell = NIC_DOORBELL_EXIT,
	    .moderation = NIC_MODERATION_ADAPTIVE });
	l.g->irq_ns = 200000;
	peer_start(l.g);
	for (i = 0; i < 3; i++) {
		atomic_store(&l.stop, false);
		assert_int_equal(pthread_create(&thread, NULL, looker, &l), 0);
		do
			assert_true(tx_burst(l.g, 1000));
		while (stats_of(l.g).held < 10 * (i + 1) && wall_ns() < end);
		assert_true(stats_of(l.g).held >= 10 * (i + 1));
		/* The end may come while something is held, or is due. */
		atomic_store(&l.stop, true);
		assert_true(tx_burst(l.g, 1000));
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_int_equal(stats_of(l.g).hold_ns, 0);
		assert_true(tx_burst(l.g, 1000));
	}
	check_all(l.g, &s);
	assert_int_equal(s.busy, 0);
	guest_end(l.g);
}

/* --------------------------------------------------------- more processors */

static void
test_processors(void **state)
{
	(void)state;
	processors(VMM_RUNS_GUEST, NIC_DOORBELL_AUTO, 10, true);
}

static void
test_processors_turns(void **state)
{
	(void)state;
	processors(VMM_RUNS_GUEST, NIC_DOORBELL_TURNS, 30, false);
}

/*
 * The cost of a trap is measured for each CPU.  Two CPUs that trap at the same
 * time do not make it look cheap.
 */
static void *
trapper(void *arg)
{
	struct guest *g = arg;
	unsigned int i;

	for (i = 0; i < 2000; i++) {
		spin(EXIT_NS);
		nic_mmio_write(g->nic, E1000_RDT, 4, COUNT_RING - 1);
	}
	return NULL;
}

static void
test_trap_cost(void **state)
{
	pthread_t thread[2];
	struct guest *g;
	unsigned int i;

	(void)state;
	g = guest_new(
	    &(struct how){ .doorbell = NIC_DOORBELL_EXIT, .exit_ns = EXIT_NS });
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, trapper, g),
		    0);
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	assert_true(stats_of(g).trap_cost_ns >= 20000);
	guest_end(g);
}

static bool
has_parked(const struct nic_stats *s)
{
	return s->parked > s->faults;
}

static bool
has_unmapped(const struct nic_stats *s)
{
	return s->maps > 0 && s->maps % 2 == 0;
}

/* PARKED, if the machine is not too busy for it. */
static bool
park_it(struct guest *g)
{
	uint64_t end = wall_ns() + 60 * SECOND;
	struct nic_stats s;

	do {
		assert_true(tx_burst(g, 400));
		quiet(g, PARK_NS);
		s = stats_of(g);
	} while (!has_parked(&s) && wall_ns() < end);
	return has_parked(&s);
}

/*
 * Two CPUs fault.  One is so late that the doorbells are unmapped meanwhile:
 * then its write traps, which is neither a loss nor an error.
 */
static void
test_late_fault(void **state)
{
	struct nic_stats s;
	struct guest *g;
	uint64_t changes, end;

	(void)state;
	g = guest_new(&(struct how){ .doorbell = NIC_DOORBELL_AUTO,
	    .spin_us = SPIN_US,
	    .exit_ns = EXIT_NS });
	peer_start(g);
	assert_int_equal(nic_fault(g->nic), 0);
	assert_true(park_it(g));
	changes = nic_fault(g->nic);
	assert_true(changes > 0);
	/* Lonely packets, until they are enough. */
	end = wall_ns() + STALL_NS;
	do {
		assert_true(tx_burst(g, 1));
		quiet(g, PARK_NS);
		s = stats_of(g);
	} while (!has_unmapped(&s) && wall_ns() < end);
	assert_true(has_unmapped(&s));
	assert_true(nic_fault(g->nic) > changes);
	assert_true(tx_burst(g, 10));
	assert_true(all_done(g));
	assert_int_equal(g->wrong, 0);
	guest_end(g);
}

/* A VMM whose map fails, or that has none: the state stays TRAP. */
static int
map_fails(void *ctx)
{
	(void)ctx;
	return -ENOSPC;
}

static void
test_no_map(void **state)
{
	struct nic_stats s;
	struct guest *g;
	struct nic_doorbell_ops ops = vmm_ops[VMM_RUNS_GUEST];
	unsigned int way;

	(void)state;
	ops.map = map_fails;
	for (way = 0; way < 4; way++) {
		int pair[2];

		g = guest_alloc();
		if (way & 1)
			g->ops = &ops;
		assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
		g->peer.fd = pair[1];
		guest_start(g, open_by("backend=dgram,fd=%d", pair[0]),
		    &(struct how){ .vmm = VMM_TRAPS,
			.doorbell =
			    way & 2 ? NIC_DOORBELL_MAPPED : NIC_DOORBELL_AUTO,
			.exit_ns = EXIT_NS });
		guest_up(g);
		assert_true(link_wait(g, true));
		peer_start(g);
		g->peer.want = 100;
		assert_true(tx_burst(g, 300));
		check_all(g, &s);
		assert_int_equal(s.busy, 0);
		assert_int_equal(s.maps, 0);
		guest_end(g);
	}
}

/* ----------------------------------------------------------------- timers */

/*
 * Each packet's interrupt is delayed, and the guest sleeps until it comes.  The
 * timer is set by the guest's processor while the NIC's thread falls asleep.
 */
static void
test_delayed(void **state)
{
	struct nic_stats s;
	struct guest *g;
	unsigned int i;

	(void)state;
	g = guest_new(&(struct how){ .doorbell = NIC_DOORBELL_EXIT,
	    .moderation = NIC_MODERATION_ADAPTIVE });
	peer_start(g);
	reg_write(g, E1000_TIDV, 50);
	g->tx_cmd = E1000_TXD_CMD_IDE;
	hold_up = true;
	for (i = 0; i < 1500; i++) {
		g->peer.want += i % 2;
		assert_true(tx_burst(g, 1));
		while (g->tx_clean != g->tx_next) {
			if (!halt(g, wall_ns() + STALL_NS))
				fail_msg("no interrupt for packet %u", i);
			(void)irq(g);
		}
	}
	check_all(g, &s);
	hold_up = false;
	guest_end(g);
}

/* --------------------------------------------- peers that do not read */

/* A peer that reads nothing: a write of TDT still returns soon. */
static void
stuck(bool stream, enum nic_doorbell doorbell)
{
	struct nic_stats s;
	struct guest *g;
	uint64_t start;
	unsigned int i;

	g = guest_new(&(struct how){ .doorbell = doorbell, .stream = stream });
	g->peer.deaf = true;
	peer_start(g);
	for (i = 0; i < COUNT_RING - 1 || tx_reclaim(g); i++) {
		start = wall_ns();
		if (!tx_send(g))
			break;
		assert_true(wall_ns() - start < STALL_NS);
		(void)irq(g);
	}
	/* The NIC's thread may not have run yet. */
	start = wall_ns();
	do {
		quiet(g, 5 * MS);
		while (tx_send(g))
			quiet(g, MS);
	} while (stats_of(g).counters.tx_stopped == 0 &&
	    wall_ns() - start < STALL_NS);
	assert_true(g->tx_clean != g->tx_next);
	if (doorbell < NIC_DOORBELL_MAPPED)
		sleeps(g);
	/* It goes on where it stopped. */
	g->peer.deaf = false;
	check_all(g, &s);
	assert_true(s.counters.tx_stopped > 0);
	guest_end(g);
}

static void
test_stuck(void **state)
{
	(void)state;
	stuck(false, NIC_DOORBELL_EXIT);
	stuck(true, NIC_DOORBELL_EXIT);
	stuck(false, NIC_DOORBELL_AUTO);
	stuck(true, NIC_DOORBELL_MAPPED);
	stuck(false, NIC_DOORBELL_TURNS);
}

/* The peer has sent until the guest has no room, and more than that. */
static void
no_room_wait(struct guest *g)
{
	uint64_t end = wall_ns() + STALL_NS, sent;

	while (stats_of(g).counters.rx_waited == 0 && wall_ns() < end)
		usleep(1000);
	do {
		sent = g->peer.sent;
		usleep(100000);
	} while (g->peer.sent != sent && wall_ns() < end);
	assert_true(stats_of(g).counters.rx_waited > 0);
}

/* The guest takes no frames: they wait, and no thread spins. */
static void
test_no_room(void **state)
{
	struct nic_stats s;
	struct guest *g;

	(void)state;
	g = guest_new(
	    &(struct how){ .doorbell = NIC_DOORBELL_AUTO, .stream = true });
	peer_start(g);
	g->peer.want = 2000;
	no_room_wait(g);
	assert_true(g->peer.sent < 2000);
	sleeps(g);
	check_all(g, &s);
	guest_end(g);
}

/*
 * The same, and the peer goes while a packet to it is sent in part.  The guest
 * still gets what had arrived.
 */
static void
test_no_room_peer_goes(void **state)
{
	struct guest *g;
	uint64_t end;

	(void)state;
	g = guest_new(
	    &(struct how){ .doorbell = NIC_DOORBELL_EXIT, .stream = true });
	g->peer.deaf = true;
	peer_start(g);
	g->peer.want = 2000;
	no_room_wait(g);
	while (tx_send(g))
		(void)tx_reclaim(g);
	peer_end(g);
	close(g->peer.fd);
	g->peer.fd = -1;
	sleeps(g);
	end = wall_ns() + STALL_NS;
	while (
	    (g->rx_got < 100 || reg_read(g, E1000_STATUS) & E1000_STATUS_LU) &&
	    wall_ns() < end) {
		(void)irq(g);
		(void)rx_poll(g);
	}
	assert_true(g->rx_got >= 100);
	assert_int_equal(g->wrong, 0);
	assert_int_equal(reg_read(g, E1000_STATUS) & E1000_STATUS_LU, 0);
	sleeps(g);
	guest_end(g);
}

/* More frames than one receive() returns are in the backend's memory. */
static void
test_much_at_once(void **state)
{
	struct nic_stats s;
	struct guest *g;
	uint64_t end = wall_ns() + STALL_NS;

	(void)state;
	g = guest_new(
	    &(struct how){ .doorbell = NIC_DOORBELL_EXIT, .stream = true });
	g->peer.want = 150;
	while (g->peer.sent < g->peer.want && wall_ns() < end)
		if (!peer_sends(&g->peer))
			usleep(100);
	check_all(g, &s);
	guest_end(g);
}

/* --------------------------------------------- frames without an end */

static struct endless {
	struct backend b;
	uint8_t frame[60];
	atomic_ullong sent;
} endless;

static unsigned int
endless_send(struct backend *b, const struct e82540_packet *packet,
    unsigned int n)
{
	(void)b;
	(void)packet;
	endless.sent += n;
	return n;
}

static unsigned int
endless_receive(struct backend *b, struct e82540_frame *frame, unsigned int n)
{
	unsigned int i;

	(void)b;
	for (i = 0; i < n; i++)
		frame[i] = (struct e82540_frame){ endless.frame,
			sizeof(endless.frame), 0 };
	return n;
}

static void
endless_close(struct backend *b)
{
	close(b->fd);
}

static const struct backend_ops endless_ops = {
	.send = endless_send,
	.receive = endless_receive,
	.close = endless_close,
};

/*
 * Frames for another station come without end.  Packets still go out, timers
 * still go off, and nic_run() still ends.
 */
static void
flooded(enum nic_doorbell doorbell)
{
	struct guest *g;
	unsigned int i;

	g = guest_alloc();
	memset(&endless, 0, sizeof(endless));
	endless.b.ops = &endless_ops;
	endless.b.fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	endless.b.out_fd = endless.b.event_fd = -1;
	endless.b.up = true;
	guest_start(g, &endless.b,
	    &(struct how){ .doorbell = doorbell,
		.moderation = NIC_MODERATION_ADAPTIVE });
	guest_up(g);
	reg_write(g, E1000_TIDV, 100);
	g->tx_cmd = E1000_TXD_CMD_IDE;
	for (i = 1; i <= 50; i++) {
		assert_true(tx_burst(g, 1));
		while (g->tx_clean != g->tx_next) {
			assert_true(halt(g, wall_ns() + STALL_NS));
			(void)irq(g);
		}
		assert_int_equal(endless.sent, i);
	}
	assert_true(stats_of(g).counters.rx_filtered > 0);
	assert_int_equal(g->wrong, 0);
	guest_end(g);
}

static void
test_flooded(void **state)
{
	(void)state;
	flooded(NIC_DOORBELL_EXIT);
	flooded(NIC_DOORBELL_AUTO);
	flooded(NIC_DOORBELL_MAPPED);
	flooded(NIC_DOORBELL_TURNS);
}

/* ------------------------------------------------------------------- link */

static void
peer_connects(struct guest *g)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s",
	    dir_path("sock"));
	g->peer.fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(g->peer.fd, (struct sockaddr *)&at,
			     sizeof(at)),
	    0);
	g->peer.in_len = 0;
	g->peer.deaf = false;
	g->peer.skip = true;
	peer_start(g);
}

/* The peer comes, goes and comes again: link and traffic follow. */
static void
test_link(void **state)
{
	struct guest *g;
	unsigned int round;

	(void)state;
	g = guest_alloc();
	g->peer.stream = true;
	guest_start(g,
	    open_by("backend=stream,path=%s,server=on", dir_path("sock")),
	    &(struct how){ .doorbell = NIC_DOORBELL_AUTO,
		.moderation = NIC_MODERATION_ADAPTIVE,
		.exit_ns = EXIT_NS });
	guest_up(g);
	for (round = 0; round < 6; round++) {
		assert_true(link_wait(g, false));
		quiet(g, MS);
		peer_connects(g);
		assert_true(link_wait(g, true));
		g->peer.want += 200;
		assert_true(tx_burst(g, 300));
		assert_true(all_done(g));
		/* In every other round the peer goes amid a packet. */
		g->peer.deaf = round % 2;
		while (g->peer.deaf && tx_send(g))
			(void)tx_reclaim(g);
		peer_end(g);
		close(g->peer.fd);
	}
	/* Sent packets are lost; the others went to the next peer. */
	g->peer.fd = -1;
	assert_int_equal(g->wrong, 0);
	guest_end(g);
}

/* ------------------------------------------------------------------- MSI */

/* 4.1.3.1: found in the list of capabilities, as a driver does. */
static void
msi_on(struct guest *g)
{
	uint32_t at = nic_pci_read(g->nic, 0x34, 1);

	while (at != 0 && nic_pci_read(g->nic, at, 1) != 5)
		at = nic_pci_read(g->nic, at + 1, 1);
	assert_true(at != 0);
	nic_pci_write(g->nic, at + 4, 4, 0xfee00000);
	nic_pci_write(g->nic, at + 8, 4, 0);
	nic_pci_write(g->nic, at + 12, 2, 0x41);
	nic_pci_write(g->nic, at + 2, 2, 1);
}

static void
test_msi(void **state)
{
	struct nic_stats s;
	struct guest *g;
	uint64_t end = wall_ns() + STALL_NS;

	(void)state;
	g = guest_new(&(struct how){ .doorbell = NIC_DOORBELL_EXIT,
	    .moderation = NIC_MODERATION_ADAPTIVE,
	    .msi = true });
	quiet(g, MS);
	(void)reg_read(g, E1000_ICR);
	msi_on(g);
	g->edges = 0;
	peer_start(g);
	g->peer.want = 20;
	while ((g->rx_got < 20 || g->msis == 0) && wall_ns() < end) {
		usleep(1000);
		(void)rx_poll(g);
		(void)reg_read(g, E1000_ICR);
	}
	s = stats_of(g);
	assert_int_equal(g->rx_got, 20);
	assert_true(g->msis > 0);
	assert_true(g->msis <= s.counters.interrupts);
	assert_int_equal(g->edges, 0);
	assert_int_equal(g->wrong, 0);
	guest_end(g);
}

/* -------------------------------------------------------------------- stop */

/* At any moment, also before nic_run() began. */
static void
test_stop(void **state)
{
	static const enum nic_doorbell ways[] = { NIC_DOORBELL_MAPPED,
		NIC_DOORBELL_EXIT, NIC_DOORBELL_AUTO, NIC_DOORBELL_AUTO,
		NIC_DOORBELL_TURNS };
	unsigned int i;

	(void)state;
	for (i = 0; i < 24; i++)
		stop_at(i,
		    &(struct how){ .doorbell = ways[i % COUNT(ways)],
			.moderation = i % NIC_MODERATIONS,
			.stream = i & 2,
			.spin_us = 100,
			.exit_ns = EXIT_NS });
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit),
		cmocka_unit_test(test_mapped),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_auto),
		cmocka_unit_test(test_auto_stays),
		cmocka_unit_test(test_adaptive),
		cmocka_unit_test(test_looked_at),
		cmocka_unit_test(test_processors),
		cmocka_unit_test(test_processors_turns),
		cmocka_unit_test(test_trap_cost),
		cmocka_unit_test(test_late_fault),
		cmocka_unit_test(test_no_map),
		cmocka_unit_test(test_delayed),
		cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_no_room_peer_goes),
		cmocka_unit_test(test_much_at_once),
		cmocka_unit_test(test_flooded),
		cmocka_unit_test_setup_teardown(test_link, dir_make,
		    dir_remove),
		cmocka_unit_test(test_msi),
		cmocka_unit_test(test_stop),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
