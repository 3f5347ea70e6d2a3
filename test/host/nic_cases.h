/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What several tests of a NIC do with the guest of nic_rig.h.
 */
#ifndef TEST_NIC_CASES_H
#define TEST_NIC_CASES_H

#include "nic_rig.h"

/* Not 500 us: another process may have the processor for longer. */
#define SPIN_US	4000
#define PARK_NS	(10 * MS)

/* ---------------------------------------------------------------- one CPU */

/* TRAP, BUSY, PARKED, and back: bursts, lonely packets, silence. */
static inline void
rounds(struct guest *g)
{
	uint64_t end = wall_ns() + 60 * SECOND;
	unsigned int round;

	for (round = 0; round < 3 || (!parked_twice(g) && wall_ns() < end);
	     round++) {
		g->peer.want += 100;
		assert_true(tx_burst(g, 400));
		quiet(g, PARK_NS);
		assert_true(tx_burst(g, 1));
		quiet(g, PARK_NS);
		g->peer.want += 1;
		quiet(g, MS / 2);
	}
}

static inline uint64_t
cpu_of(pthread_t thread)
{
	struct timespec t;
	clockid_t clock;

	assert_int_equal(pthread_getcpuclockid(thread, &clock), 0);
	assert_int_equal(clock_gettime(clock, &t), 0);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* The NIC's thread sleeps: it uses no processor. */
static inline void
sleeps(struct guest *g)
{
	uint64_t cpu;

	usleep(20000);
	cpu = cpu_of(g->nic_thread);
	usleep(80000);
	assert_true(cpu_of(g->nic_thread) - cpu < 20 * MS);
}

/* Traffic, and an end in the middle of it; each i is another moment. */
static inline void
stop_at(unsigned int i, const struct how *how)
{
	struct guest *g = guest_new(how);

	peer_start(g);
	g->peer.want = 1000;
	assert_true(tx_burst(g, i * 7));
	if (i % 3 == 0)
		quiet(g, i * MS / 20);
	assert_int_equal(g->wrong, 0);
	guest_end(g);
}

/* --------------------------------------------------------- more processors */

static inline void *
receiver(void *arg)
{
	struct guest *g = arg;
	uint64_t end = wall_ns() + STALL_NS;

	while (!g->peer.stop && wall_ns() < end) {
		if (rx_poll(g))
			end = wall_ns() + STALL_NS;
		usleep(50);
	}
	return NULL;
}

/* Reads statistics and registers at any time. */
static inline void *
onlooker(void *arg)
{
	static const uint32_t regs[] = { E1000_STATUS, E1000_GPTC, E1000_TDH,
		E1000_RDH, E1000_TDT, E1000_ICS, E1000_TIDV };
	struct guest *g = arg;
	unsigned int i;

	for (i = 0; !g->peer.stop; i++) {
		(void)nic_mmio_read(g->nic, regs[i % COUNT(regs)], 4);
		if (i % 7 == 0)
			reg_write(g, E1000_TIDV, i % 3);
		(void)nic_pci_read(g->nic, 0, 4);
		(void)nic_io_read(g->nic, 0, 4);
		(void)stats_of(g);
		usleep(100);
	}
	return NULL;
}

static inline void
tx_irq(struct guest *g)
{
	if (line_is(g))
		(void)reg_read(g, E1000_ICR);
	(void)tx_reclaim(g);
}

/* One CPU sends, one receives, one reads; each of them may fault. */
static inline void
processors(enum vmm_kind vmm, enum nic_doorbell doorbell, unsigned int rounds,
    bool all)
{
	pthread_t thread[2];
	struct nic_stats s;
	struct guest *g;
	uint64_t end = wall_ns() + 60 * SECOND, full;
	unsigned int i, round;

	g = guest_new(&(struct how){ .vmm = vmm,
	    .doorbell = doorbell,
	    .moderation = NIC_MODERATION_ADAPTIVE,
	    .spin_us = SPIN_US,
	    .exit_ns = EXIT_NS });
	peer_start(g);
	assert_int_equal(pthread_create(&thread[0], NULL, receiver, g), 0);
	assert_int_equal(pthread_create(&thread[1], NULL, onlooker, g), 0);
	for (round = 0;
	     round < rounds || (all && !parked_twice(g) && wall_ns() < end);
	     round++) {
		g->peer.want += 300;
		for (i = 0; i < 300; i += tx_send(g)) {
			full = wall_ns();
			do
				tx_irq(g);
			while ((g->tx_next + 1) % COUNT_RING == g->tx_clean &&
			    wall_ns() - full < STALL_NS);
			assert_true(wall_ns() - full < STALL_NS);
		}
		usleep(PARK_NS / 1000);
	}
	end = wall_ns() + STALL_NS;
	while ((g->peer.got != g->tx_sent || g->peer.sent != g->peer.want ||
		   stats_of(g).counters.rx_packets != g->peer.sent ||
		   g->tx_clean != g->tx_next) &&
	    wall_ns() < end) {
		tx_irq(g);
		usleep(1000);
	}
	usleep(10000);
	peer_end(g);
	g->peer.stop = true;
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	g->peer.stop = false;
	s = stats_of(g);
	print_stats(g, &s);
	assert_int_equal(g->wrong, 0);
	assert_int_equal(g->peer.got, g->tx_sent);
	assert_int_equal(g->rx_got, g->peer.sent);
	assert_true(!all || parked_twice(g));
	guest_end(g);
}

#endif
