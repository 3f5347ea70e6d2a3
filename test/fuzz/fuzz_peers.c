/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer target of the backends and nic*.c: a NIC with traffic both ways,
 * and a peer that pauses, restarts, and sends what is no frame.
 *
 * The input: the backend, how the NIC uses doorbells, what its VMM can do; then
 * what guest and peer do, in turn.  The NIC has its own thread.  In the end the
 * peer is well again, and all arrives.
 *
 *	traffic		whole, in order, once; none is lost but
 *			what a peer had that ended, or what the NIC counts
 *	guest		sees no byte of what is no frame
 *	thread		it sleeps while there is nothing to do, whatever the
 *			peer is at; it ends when it is told to
 *
 * A tap needs root; if it cannot be had, this is said, and other backends take
 * its place.
 */
#include <sys/stat.h>

#include "peers.h"

#define ACTIONS_MAX	100u
#define PACKETS_MAX	4000u		/* of an input */
#define FRAMES_AHEAD	300u		/* fewer than a tap's queue has */
#define RESTARTS_MAX	6u		/* a NIC that connects pauses longer */
#define END_NS		(12 * STALL_NS)
#define WINDOW_NS	(20 * MS)
#define WORK_NS		(5 * MS)	/* in WINDOW_NS, of one that sleeps */

static bool has_tap;

static struct {
	struct guest *g;
	enum nic_doorbell doorbell;
	uint64_t lost;			/* frames that never came */
	uint64_t next;			/* frame that comes next */
	unsigned int restarts, sleeps;
	bool cable_out, cable_was_out;
} fuzz;

/* ------------------------------------------------------------------ guest */

/* As rx_poll(), but frames may be missing. */
static void
guest_gets(struct guest *g)
{
	volatile struct e1000_rx_desc *d;
	uint64_t number;

	for (; rx_is_done(g, g->rx_next); g->rx_got++) {
		d = rx_desc(g, g->rx_next);
		CHECK(d->errors == 0 && d->status & E1000_RXD_STAT_EOP);
		number = numbered(g->ram + RX_SLOTS + (size_t)g->rx_next * SLOT,
		    d->length);
		CHECK(number >= fuzz.next && number < peer.sent + 1);
		if (!peer.other_misses && !fuzz.cable_was_out)
			fuzz.lost += number - fuzz.next;
		fuzz.next = number + 1;
		d->status = 0;
		d->length = 0;
		reg_write(g, E1000_RDT, g->rx_next);
		g->rx_next = (g->rx_next + 1) % COUNT_RING;
	}
}

/* As a handler: it reads the cause, if there is one. */
static void
guest_looks(struct guest *g)
{
	if (line_is(g))
		(void)reg_read(g, E1000_ICR);
	(void)tx_reclaim(g);
	guest_gets(g);
}

static void
guest_sends(struct guest *g, unsigned int n)
{
	for (; n > 0 && g->tx_sent < PACKETS_MAX; n--)
		if (!tx_send(g)) {
			guest_looks(g);
			break;
		}
}

/* ------------------------------------------------------------------- checks */

static uint64_t
thread_ns(pthread_t thread)
{
	struct timespec t;
	clockid_t clock;

	CHECK(pthread_getcpuclockid(thread, &clock) == 0);
	CHECK(clock_gettime(clock, &t) == 0);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/*
 * Soon the thread sleeps.  A slow machine does not make a thread that sleeps
 * look busy.
 */
static void
check_sleeps(struct guest *g)
{
	uint64_t end = wall_ns() + END_NS, was, used;

	if (fuzz.doorbell >= NIC_DOORBELL_MAPPED || fuzz.sleeps++ > 0)
		return;
	do {
		CHECK(wall_ns() < end);
		was = thread_ns(g->nic_thread);
		usleep(WINDOW_NS / 1000);
		used = thread_ns(g->nic_thread) - was;
	} while (used > WORK_NS);
}

static bool
all_is_there(struct guest *g)
{
	return peer.next == g->tx_sent && g->tx_clean == g->tx_next &&
	    fuzz.next == peer.sent;
}

/*
 * A peer that read nothing for a second reads again.  The NIC sees that soon,
 * and drops what the guest sends until then.
 */
static void
guest_sends_more(struct guest *g)
{
	if (g->tx_clean == g->tx_next && peer.next != g->tx_sent &&
	    stats_of(g).counters.tx_dropped != 0)
		(void)tx_send(g);
}

/* Everything arrives, and some more of it. */
static void
check_arrives(struct guest *g)
{
	uint64_t end = wall_ns() + END_NS, want = peer.sent + 20;
	struct nic_stats s;

	while (peer.sent < want || !all_is_there(g)) {
		CHECK(wall_ns() < end);
		if (peer.sent < want)
			(void)peer_sends_one();
		peer_reads_all();
		guest_looks(g);
		guest_sends_more(g);
		usleep(50);
	}
	s = stats_of(g);
	CHECK(peer.lost <= s.counters.tx_dropped);
	CHECK(fuzz.lost <= s.counters.rx_dropped);
	CHECK(s.counters.bad_ring == 0 && s.counters.bad_address == 0);
}

/* A pair whose other end has gone: the ring drains, or the link is down. */
static void
check_drains(struct guest *g)
{
	uint64_t end = wall_ns() + END_NS;

	while (g->tx_clean != g->tx_next && stats_of(g).link) {
		CHECK(wall_ns() < end);
		guest_looks(g);
		usleep(50);
	}
}

/* ----------------------------------------------------- what the input does */

static void
act_cable(struct guest *g, bool out)
{
	fuzz.cable_out = out;
	fuzz.cable_was_out |= out;
	nic_cable_set(g->nic, !out);
}

/* Half of it is closed, or its queue is short. */
static void
act_halves(uint8_t kind)
{
	int bytes = 2048 << (kind >> 4 & 3);

	if (peer.fd < 0 || peer.wire == WIRE_TAP)
		return;
	switch (kind & 3) {
	case 0:
		(void)setsockopt(peer.fd, SOL_SOCKET, SO_RCVBUF, &bytes,
		    sizeof(bytes));
		break;
	case 1:
		(void)setsockopt(peer_out(), SOL_SOCKET, SO_SNDBUF, &bytes,
		    sizeof(bytes));
		break;
	case 2:
		if (wire_is_stream() && peer.out_len == 0) {
			(void)shutdown(peer.fd, SHUT_WR);
			peer.spoilt = true;
		}
		break;
	default:
		break;
	}
}

/* Another one connects to the NIC, and goes. */
static void
act_other(uint8_t kind)
{
	struct sockaddr_un us = wire_name("us");
	int fd;

	if (peer.wire != WIRE_DGRAM && peer.wire != WIRE_SERVER)
		return;
	/* Without a peer it would be the peer. */
	if (peer.wire == WIRE_SERVER && (peer.fd < 0 || peer.spoilt))
		return;
	fd = wire_socket(
	    peer.wire == WIRE_DGRAM ? SOCK_DGRAM : SOCK_STREAM | SOCK_NONBLOCK);
	if (connect(fd, (struct sockaddr *)&us, sizeof(us)) == 0)
		(void)!send(fd, &kind, peer.wire == WIRE_DGRAM ? 1 : 0,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void
act_peer_sends(unsigned int n)
{
	while (n-- > 0 && peer.sent - fuzz.next < FRAMES_AHEAD &&
	    peer.sent < PACKETS_MAX && peer_sends_one())
		;
}

static void
act_restart(bool gently, bool one)
{
	if (wire_is_pair() || fuzz.restarts >= RESTARTS_MAX)
		return;
	fuzz.restarts++;
	peer_goes(gently);
	peer_comes(one);
}

static void
act(struct guest *g)
{
	uint8_t kind = input_u8(), n = kind >> 4;

	switch (kind & 15) {
	case 0:
	case 1:
		guest_sends(g, 1 + n * n);
		break;
	case 2:
		guest_looks(g);
		break;
	case 3:
		usleep(n * n * 20);
		break;
	case 4:
	case 5:
		act_peer_sends(1 + n * 2);
		break;
	case 6:
		peer_reads_all();
		break;
	case 7:
		for (n++; n > 0; n--)
			(void)peer_reads_once();
		break;
	case 8:
		act_restart(true, n & 1);
		break;
	case 9:
		act_restart(false, n & 1);
		break;
	case 10:
		if (!wire_is_pair() || n == 15)
			peer_goes(n & 1);
		break;
	case 11:
		peer_comes(n & 1);
		break;
	case 12:
		peer_sends_garbage(input_u8());
		break;
	case 13:
		act_halves(input_u8());
		break;
	case 14:
		if (n < 8)
			act_other(n);
		else
			act_cable(g, n & 1);
		break;
	default:
		check_sleeps(g);
		break;
	}
}

/* ------------------------------------------------------- beginning and end */

static struct backend *
nic_backend(uint8_t how)
{
	int pair[2];

	switch (peer.wire) {
	case WIRE_DGRAM:
		return open_by("backend=dgram,local=%s/us,remote=%s/peer", dir,
		    dir);
	case WIRE_CLIENT:
		peer_listens();
		return open_by("backend=stream,path=%s/peer", dir);
	case WIRE_SERVER:
		return open_by("backend=stream,path=%s/us,server=on", dir);
	case WIRE_TAP:
		return open_by("backend=tap,ifname=%s,vnet=%s", TAP,
		    how & 1 ? "on" : "off");
	default:
		CHECK(socketpair(AF_UNIX,
			  wire_is_stream() ? SOCK_STREAM : SOCK_DGRAM, 0,
			  pair) == 0);
		peer.fd = pair[1];
		return open_by("backend=%s,fd=%d",
		    wire_is_stream() ? "stream" : "dgram", pair[0]);
	}
}

static void
fuzz_begin(void)
{
	static const enum vmm_kind vmm[] = { VMM_RUNS_GUEST, VMM_TRAPS,
		VMM_PERMANENT, VMM_AWAY, VMM_PROTECTS };
	uint8_t which = input_u8(), how = input_u8();
	struct how h = { .vmm = vmm[which / WIRES % 5],
		.doorbell = how % NIC_DOORBELLS,
		.moderation = (how >> 2) % NIC_MODERATIONS,
		.exit_ns = (how & 0x40) != 0 ? 10000 : 0 };
	struct guest *g = guest_alloc();
	struct backend *b;

	memset(&fuzz, 0, sizeof(fuzz));
	memset(&peer, 0, sizeof(peer));
	peer.fd = peer.out_fd = peer.listener = -1;
	peer.wire = which % WIRES;
	if (peer.wire == WIRE_TAP && !has_tap)
		peer.wire = WIRE_DGRAM;
	/* Of one name: confine_peer() keeps those of a process, up to 32. */
	CHECK((dir[0] == 0 ? dir_make(NULL) : mkdir(dir, 0700)) == 0);
	/* The others are for VMMs that run the guest themselves. */
	if (h.doorbell != NIC_DOORBELL_AUTO)
		h.vmm = VMM_RUNS_GUEST;
	if (h.vmm == VMM_TRAPS)
		h.doorbell = NIC_DOORBELL_EXIT;
	fuzz.g = g;
	fuzz.doorbell = h.doorbell;
	b = nic_backend(how >> 7);
	guest_start(g, b, &h);
	if (peer.wire == WIRE_CLIENT)
		peer_accepts();
	else
		peer_comes(how >> 5 & 1);
	guest_up(g);
	CHECK(link_wait(g, true));
}

static void
fuzz_end(void)
{
	struct guest *g = fuzz.g;
	bool ended = peer.fd < 0;

	if (fuzz.cable_out)
		act_cable(g, false);
	if (peer.spoilt || (ended && !wire_is_pair())) {
		peer_goes(true);
		peer_comes(false);
	}
	if (wire_is_pair() && peer.fd < 0) {
		check_drains(g);
	} else {
		CHECK(link_wait(g, true));
		guest_sends(g, 20);
		check_arrives(g);
	}
	CHECK(g->wrong == 0);
	nic_end(g);
	peer_goes(true);
	guest_free(g);
	CHECK(dir_remove(NULL) == 0);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	(void)setenv("CMOCKA_TEST_ABORT", "1", 1);
	has_tap = geteuid() == 0 && access("/dev/net/tun", R_OK | W_OK) == 0 &&
	    unshare(CLONE_NEWNET) == 0;
	if (!has_tap)
		fprintf(stderr,
		    "skipped: a tap: it needs root and /dev/net/tun\n");
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int i;

	input_begin(data, size);
	fuzz_begin();
	for (i = 0; i < ACTIONS_MAX && input.left > 0; i++)
		act(fuzz.g);
	fuzz_end();
	return 0;
}
