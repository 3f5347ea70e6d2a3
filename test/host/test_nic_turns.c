/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A NIC whose thread gets too little of a processor: from BUSY to TURNS, back,
 * and from TURNS to PARKED (nic.h).
 */
#include "nic_rig.h"

#include <sys/syscall.h>

#define SPIN_US	4000	/* another may have the processor for long */
#define PARK_NS	(10 * MS)

/* What the NIC's thread is told: it got no processor, or one all the time. */
static atomic_bool starved;

int
clock_gettime(clockid_t clock_id, struct timespec *tp)
{
	if (clock_id == CLOCK_THREAD_CPUTIME_ID && starved) {
		*tp = (struct timespec){ 0 };
		return 0;
	}
	if (clock_id == CLOCK_THREAD_CPUTIME_ID)
		clock_id = CLOCK_MONOTONIC;
	return (int)syscall(SYS_clock_gettime, clock_id, tp);
}

/* TURNS while the thread gets no processor; BUSY when it does again. */
static void
test_spins_again(void **state)
{
	uint64_t end = wall_ns() + 60 * SECOND, turns = 0;
	struct nic_stats s;
	struct guest *g;
	unsigned int n;

	(void)state;
	g = guest_new(&(struct how){ .doorbell = NIC_DOORBELL_AUTO,
	    .moderation = NIC_MODERATION_ADAPTIVE,
	    .spin_us = 1000000,
	    .exit_ns = EXIT_NS });
	peer_start(g);
	starved = true;
	for (n = 0; stats_of(g).turns < 100 && wall_ns() < end; n++) {
		g->peer.want += 20;
		assert_true(tx_burst(g, 400));
	}
	assert_true(stats_of(g).turns >= 100);
	starved = false;
	for (n = 0; n < 50 && wall_ns() < end; n++) {
		if (stats_of(g).turns != turns)
			n = 0;
		turns = stats_of(g).turns;
		g->peer.want += 20;
		assert_true(tx_burst(g, 400));
	}
	assert_int_equal(n, 50);
	check_all(g, &s);
	guest_end(g);
}

/* TURNS, then quiet: the next packet is a fault, whatever was before. */
static void
test_rest(void **state)
{
	uint64_t end = wall_ns() + 60 * SECOND, turns = 0, until;
	struct nic_stats s;
	struct guest *g;
	unsigned int round;

	(void)state;
	g = guest_new(&(struct how){ .doorbell = NIC_DOORBELL_AUTO,
	    .moderation = NIC_MODERATION_ADAPTIVE,
	    .spin_us = SPIN_US,
	    .exit_ns = EXIT_NS });
	peer_start(g);
	starved = true;
	for (round = 0;
	     (round < 5 || !parked_twice(g) || turns < 100) && wall_ns() < end;
	     round++) {
		until = wall_ns() + SECOND / 5;
		do {
			g->peer.want += 20;
			assert_true(tx_burst(g, 400));
		} while (stats_of(g).turns == turns && wall_ns() < until);
		quiet(g, PARK_NS);
		assert_true(tx_burst(g, 1));
		quiet(g, PARK_NS);
		turns = stats_of(g).turns;
	}
	starved = false;
	check_all(g, &s);
	assert_true(parked_twice(g));
	assert_true(s.turns >= 100);
	guest_end(g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spins_again),
		cmocka_unit_test(test_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
