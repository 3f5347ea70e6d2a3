/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Send combining, rule by rule, and then by chance: with random packets, random
 * interrupts (some get lost) and random changes of mode, each packet leaves
 * once, in order, and in time.
 *
 * LEM_TEST_SEED=n in the environment runs the last part with that seed alone.
 */
#include "rig.h"

static struct lem_tx_ring *const tx = &rig.sc.tx;

static unsigned int
tdt_writes(void)
{
	return fake_log_count(&rig.dev, FAKE_WRITE, E1000_TDT);
}

/* -------------------------------------------------------------- the rules */

static void
test_off_posts_each(void **state)
{
	(void)state;
	rig_tx_up(LEM_COMBINE_OFF, false, 64);
	rig_send_some(10);
	assert_int_equal(tdt_writes(), 10);
	assert_int_equal(tx->stats.doorbells, 10);
	assert_int_equal(tx->stats.deferred, 0);
	assert_int_equal(tx->stats.batch_max, 1);
}

/* A packet with TSO posts all that waits.  In 2012 it waited, too. */
static void
test_tso_posts(void **state)
{
	static const struct lem_tx_seg seg = { RIG_TX_DATA, 4054 };
	static const struct lem_tx_pkt tso = { .seg = &seg,
		.segs = 1,
		.flags = LEM_TX_TSO,
		.l2_len = 14,
		.l3_len = 20,
		.l4_len = 20,
		.mss = 1460,
		.len_bytes = 4054 };
	enum lem_combine mode;

	(void)state;
	for (mode = LEM_COMBINE_ON; mode <= LEM_COMBINE_ORIGINAL; mode++) {
		rig_tx_up(mode, false, 64);
		rig_send_some(3);
		assert_int_equal(fake_peek(&rig.dev, E1000_TDT), 1);
		assert_int_equal(lem_tx_encap(&rig.sc, &tso), 2);
		lem_tx_doorbell(&rig.sc);
		assert_int_equal(fake_peek(&rig.dev, E1000_TDT),
		    mode == LEM_COMBINE_ON ? 5 : 1);
		rig_send_some(1);
		assert_int_equal(fake_peek(&rig.dev, E1000_TDT),
		    mode == LEM_COMBINE_ON ? 5 : 1);
	}
}

/* The first after idle posts at once, the next wait for its interrupt. */
static void
test_first_posts(void **state)
{
	enum lem_combine mode;

	(void)state;
	for (mode = LEM_COMBINE_ON; mode <= LEM_COMBINE_ORIGINAL; mode++) {
		rig_tx_up(mode, false, 64);
		rig_send_some(1);
		assert_int_equal(fake_peek(&rig.dev, E1000_TDT), 1);
		assert_true(tx->int_pending);
		rig_send_some(9);
		assert_int_equal(tdt_writes(), 1);
		assert_int_equal(tx->stats.deferred, 9);
		assert_int_equal(fake_tx_run(&rig.dev, 64), 1);
		assert_int_equal(rig_irq(), LEM_WORK_TX);
		assert_int_equal(fake_peek(&rig.dev, E1000_TDT), 10);
		assert_int_equal(tdt_writes(), 2);
		assert_true(tx->int_pending);
		assert_int_equal(fake_tx_run(&rig.dev, 64), 9);
		assert_int_equal(rig_irq(), LEM_WORK_TX);
		assert_false(tx->int_pending);
		assert_int_equal(lem_tx_free(tx), 63);
		/* Idle again: posts at once again. */
		rig_send_some(1);
		assert_int_equal(tdt_writes(), 3);
		assert_int_equal(fake_peek(&rig.dev, E1000_TDT), 11);
	}
}

/* Only a transmit cause ends the wait. */
static void
test_other_causes(void **state)
{
	(void)state;
	rig_tx_up(LEM_COMBINE_ON, false, 64);
	rig_send_some(3);
	fake_cause(&rig.dev, E1000_ICR_RXT0 | E1000_ICR_LSC);
	assert_int_equal(rig_irq(), LEM_WORK_RX | LEM_WORK_LINK);
	assert_true(tx->int_pending);
	assert_int_equal(tdt_writes(), 1);
	(void)lem_intr_dispatch(&rig.sc, 0);
	assert_int_equal(tdt_writes(), 1);
}

/* The transmit half by itself, after a dispatch without it. */
static void
test_transmit_half(void **state)
{
	(void)state;
	rig_tx_up(LEM_COMBINE_ON, false, 64);
	rig_send_some(3);
	assert_int_equal(fake_tx_run(&rig.dev, 64), 1);
	assert_int_equal(lem_intr_dispatch(&rig.sc,
			     lem_intr_cause(&rig.sc) & ~LEM_INTR_TX),
	    0);
	assert_true(tx->int_pending);
	assert_int_equal(tdt_writes(), 1);
	assert_int_equal(lem_tx_intr(&rig.sc), 1);
	assert_true(tx->int_pending);
	assert_int_equal(tdt_writes(), 2);
	assert_int_equal(fake_tx_run(&rig.dev, 64), 2);
	assert_int_equal(lem_tx_intr(&rig.sc), 2);
	assert_false(tx->int_pending);
}

/* Reclaim alone, as from a poll, does not end the pending interrupt. */
static void
test_reclaim_keeps_pending(void **state)
{
	(void)state;
	rig_tx_up(LEM_COMBINE_ON, false, 64);
	rig_send_some(1);
	assert_int_equal(fake_tx_run(&rig.dev, 1), 1);
	assert_int_equal(lem_tx_reclaim(&rig.sc), 1);
	assert_true(tx->int_pending);
	rig_send_some(2);
	assert_int_equal(tdt_writes(), 1);
	assert_int_equal(rig_irq(), 0);
	assert_int_equal(tdt_writes(), 2);
}

/*
 * With a device that transmits inside the write the order shows in what is free
 * after the interrupt: everything, or all but the batch just posted.
 */
static void
test_order_sync(void **state)
{
	(void)state;
	rig_tx_up(LEM_COMBINE_ON, true, 64);
	rig_send_some(20);
	assert_int_equal(rig_irq(), LEM_WORK_TX);
	assert_int_equal(rig.dev.packets, 20);
	assert_int_equal(lem_tx_free(tx), 63);
	assert_true(tx->int_pending);

	rig_tx_up(LEM_COMBINE_ORIGINAL, true, 64);
	rig_send_some(20);
	assert_int_equal(rig_irq(), LEM_WORK_TX);
	assert_int_equal(rig.dev.packets, 20);
	assert_int_equal(lem_tx_free(tx), 63 - 19);
	assert_int_equal(rig_irq(), LEM_WORK_TX);
	assert_int_equal(lem_tx_free(tx), 63);
}

/*
 * Where a write of TDT does not exit, only the driver of 2012 defers.  The core
 * measures it again after each interrupt.
 */
static void
test_cheap(void **state)
{
	(void)state;
	rig_tx_up(LEM_COMBINE_ON, false, 64);
	rig.sc.os.cheap_tdt = true;
	rig_send_some(10);
	assert_true(tx->cheap);
	assert_int_equal(tdt_writes(), 10);
	assert_int_equal(tx->stats.deferred, 0);
	/* It became dear: not seen while the interrupt is pending, */
	rig.sc.os.cheap_tdt = false;
	rig_send_some(3);
	assert_int_equal(tdt_writes(), 13);
	assert_true(tx->cheap);
	assert_int_equal(fake_tx_run(&rig.dev, 64), 13);
	assert_int_equal(rig_irq(), LEM_WORK_TX);
	/* After it, it counts when it is seen a second time. */
	rig_send_some(1);
	assert_true(tx->cheap);
	assert_int_equal(tdt_writes(), 14);
	rig_send_some(4);
	assert_false(tx->cheap);
	assert_int_equal(tdt_writes(), 15);
	assert_int_equal(tx->stats.deferred, 3);
	/* Cheap again: from the next write on. */
	rig.sc.os.cheap_tdt = true;
	assert_int_equal(fake_tx_run(&rig.dev, 64), 2);
	assert_int_equal(rig_irq(), LEM_WORK_TX);
	assert_true(tx->cheap);
	rig_send_some(2);
	assert_int_equal(tdt_writes(), 18);

	rig_tx_up(LEM_COMBINE_ORIGINAL, false, 64);
	rig.sc.os.cheap_tdt = true;
	rig_send_some(10);
	assert_int_equal(tdt_writes(), 1);
}

/*
 * Now and then the CPU is away during a write: one dear write is only a doubt,
 * and the next write, which is timed in any case, removes it.
 */
static void
test_cheap_doubt(void **state)
{
	unsigned int i;

	(void)state;
	rig_tx_up(LEM_COMBINE_ON, false, 64);
	rig.sc.os.cheap_tdt = true;
	rig_send_some(1);
	for (i = 0; i < 10; i++) {
		assert_true(fake_tx_run(&rig.dev, 64) > 0);
		assert_int_equal(rig_irq(), LEM_WORK_TX);
		rig.sc.os.cheap_tdt = false;
		rig_send_some(1);
		assert_true(tx->cheap && tx->doubt);
		rig.sc.os.cheap_tdt = true;
		rig_send_some(1);
		assert_true(tx->cheap && !tx->doubt);
		rig_send_some(3);
	}
	assert_int_equal(tx->stats.deferred, 0);
	assert_int_equal(tdt_writes(), 51);
}

/* The core times writes only where their cost matters. */
static void
test_timed_when_on(void **state)
{
	enum lem_combine mode;

	(void)state;
	for (mode = LEM_COMBINE_OFF; mode <= LEM_COMBINE_ORIGINAL; mode++) {
		rig_tx_up(mode, true, 64);
		rig.sc.os.cheap_tdt = true;
		rig.sc.os.cycles = 0;
		rig_send_some(10);
		assert_int_equal(rig_irq(), LEM_WORK_TX);
		if (mode == LEM_COMBINE_ON)
			assert_int_not_equal(rig.sc.os.cycles, 0);
		else
			assert_int_equal(rig.sc.os.cycles, 0);
	}
}

/* Without a counter a write counts as dear; a start forgets. */
static void
test_no_cycles(void **state)
{
	(void)state;
	rig_tx_up(LEM_COMBINE_ON, false, 64);
	rig.sc.os.cheap_tdt = rig.sc.os.no_cycles = true;
	rig_send_some(10);
	assert_false(tx->cheap);
	assert_int_equal(tdt_writes(), 1);
	tx->cheap = true;
	lem_stop(&rig.sc);
	assert_int_equal(lem_start(&rig.sc), 0);
	assert_false(tx->cheap);
}

static void
note_state(void *arg, const struct fake_packet *packet)
{
	unsigned int *calls = arg;

	(void)packet;
	(*calls)++;
	assert_true(tx->int_pending);
	assert_int_equal(tx->tail_posted, tx->next_to_use);
	assert_int_equal(tx->unposted, 0);
	assert_int_equal(tx->rs_posted, tx->rs_tail);
}

/* All is in order before TDT is written: the device may interrupt in it. */
static void
test_state_inside_write(void **state)
{
	unsigned int calls = 0;

	(void)state;
	rig_tx_up(LEM_COMBINE_ON, true, 64);
	rig.dev.on_packet = note_state;
	rig.dev.arg = &calls;
	rig_send_some(20);
	assert_int_equal(calls, 1);
	(void)rig_irq();
	assert_int_equal(calls, 20);
}

/* The ring could not take another packet: it posts, interrupt or not. */
static void
test_ring_full_posts(void **state)
{
	enum lem_combine mode;

	(void)state;
	for (mode = LEM_COMBINE_ON; mode <= LEM_COMBINE_ORIGINAL; mode++) {
		rig_tx_up(mode, false, 16);
		rig_send_some(13);
		assert_int_equal(tdt_writes(), 1);
		assert_int_equal(lem_tx_free(tx), 2);
		rig_send_some(1);
		assert_int_equal(tdt_writes(), 2);
		assert_int_equal(fake_peek(&rig.dev, E1000_TDT), 14);
		assert_int_equal(tx->stats.deferred, 12);
		/* The last one fits only because it needs no context. */
		rig_send_some(1);
		assert_int_equal(tdt_writes(), 3);
		assert_int_equal(rig_send(0), -ENOSPC);
		assert_int_equal(tx->stats.ring_full, 1);
		assert_int_equal(tdt_writes(), 3);
	}
}

static void
test_make_room(void **state)
{
	(void)state;
	rig_tx_up(LEM_COMBINE_ON, true, 16);
	rig_send_some(10);
	assert_int_equal(rig.dev.packets, 1);
	assert_int_equal(lem_tx_make_room(&rig.sc), 10);
	assert_int_equal(rig.dev.packets, 10);
	assert_int_equal(lem_tx_free(tx), 15);
	assert_int_equal(lem_tx_make_room(&rig.sc), 0);
	assert_int_equal(tdt_writes(), 2);

	/* The original reclaims first, and forgets the interrupt. */
	rig_tx_up(LEM_COMBINE_ORIGINAL, true, 16);
	rig_send_some(10);
	assert_int_equal(lem_tx_make_room(&rig.sc), 1);
	assert_int_equal(rig.dev.packets, 10);
	assert_true(tx->int_pending);
	assert_int_equal(lem_tx_make_room(&rig.sc), 9);
	assert_false(tx->int_pending);
	rig_send_some(1);
	assert_int_equal(tdt_writes(), 3);
}

static void
test_switching(void **state)
{
	enum lem_combine from, to;

	(void)state;
	for (from = 0; from <= LEM_COMBINE_ORIGINAL; from++)
		for (to = 0; to <= LEM_COMBINE_ORIGINAL; to++) {
			rig_tx_up(from, false, 64);
			rig_send_some(5);
			assert_int_equal(lem_tx_combine_set(&rig.sc, to), 0);
			assert_int_equal(fake_peek(&rig.dev, E1000_TDT), 5);
			assert_int_equal(tx->combine, to);
			rig_send_some(2);
			assert_int_equal(fake_peek(&rig.dev, E1000_TDT),
			    to == LEM_COMBINE_OFF ? 7 : 5);
		}
	assert_int_equal(lem_tx_combine_set(&rig.sc, (enum lem_combine)3),
	    -EINVAL);
	assert_int_equal(lem_tx_combine_set(&rig.sc, (enum lem_combine) - 1),
	    -EINVAL);
	assert_int_equal(tx->combine, LEM_COMBINE_ORIGINAL);
}

static void
test_link_loss(void **state)
{
	(void)state;
	rig_tx_up(LEM_COMBINE_ON, false, 64);
	rig_send_some(5);
	fake_link(&rig.dev, false, 0, false);
	assert_int_equal(rig_irq(), LEM_WORK_LINK);
	assert_int_equal(lem_link_update(&rig.sc), 1);
	lem_tx_flush(&rig.sc);
	assert_int_equal(fake_peek(&rig.dev, E1000_TDT), 5);
	assert_int_equal(tx->next_to_use, tx->tail_posted);
}

/* Stop drops what is deferred; start begins with an empty ring. */
static void
test_stop_drops(void **state)
{
	(void)state;
	rig_tx_up(LEM_COMBINE_ON, false, 64);
	rig_send_some(5);
	lem_stop(&rig.sc);
	assert_int_equal(tx->next_to_clean, 0);
	assert_int_equal(tx->next_to_use, 5);
	assert_int_equal(lem_reset(&rig.sc), 0);
	assert_int_equal(lem_start(&rig.sc), 0);
	assert_false(tx->int_pending);
	assert_int_equal(tx->unposted, 0);
	rig_send_some(1);
	assert_int_equal(fake_peek(&rig.dev, E1000_TDT), 1);
	assert_int_equal(fake_tx_run(&rig.dev, 9), 1);
}

/* ------------------------------------------------------------------ guard */

static void
lose_interrupt(void)
{
	(void)fake_tx_run(&rig.dev, UINT32_MAX);
	rig.dev.icr = 0;
}

static void
test_guard_lost(void **state)
{
	unsigned int tick;

	(void)state;
	rig_tx_up(LEM_COMBINE_ON, false, 64);
	assert_int_equal(lem_tx_guard(&rig.sc), 0);
	rig_send_some(1);
	lose_interrupt();
	rig_send_some(4);
	for (tick = 0; tick < 2 && tx->next_to_use != tx->tail_posted; tick++)
		(void)lem_tx_guard(&rig.sc);
	assert_int_equal(fake_peek(&rig.dev, E1000_TDT), 5);
	assert_int_equal(tx->stats.guard_flushes, 1);
	assert_int_equal(tdt_writes(), 2);
	/* Once is enough, as the device interrupts for that. */
	for (tick = 0; tick < 5; tick++)
		(void)lem_tx_guard(&rig.sc);
	assert_int_equal(tdt_writes(), 2);
	(void)fake_tx_run(&rig.dev, 64);
	assert_int_equal(rig_irq(), LEM_WORK_TX);
	assert_int_equal(tx->stats.guard_flushes, 1);
	assert_int_equal(lem_tx_free(tx), 63);
}

/* Interrupts never come at all: a flush within two ticks, each time. */
static void
test_guard_dead_interrupts(void **state)
{
	unsigned int i, tick;

	(void)state;
	rig_tx_up(LEM_COMBINE_ON, true, 64);
	lem_intr_disable(&rig.sc);
	for (i = 0; i < 50; i++) {
		rig_send_some(3);
		for (tick = 0; tick < 2; tick++)
			(void)lem_tx_guard(&rig.sc);
		assert_int_equal(tx->next_to_use, tx->tail_posted);
		assert_int_equal(lem_tx_free(tx), 63);
	}
	assert_int_equal(rig.dev.packets, 150);
	assert_int_equal(tx->stats.guard_flushes, 50);
}

/* Reclaims, too, so that senders of a stalled ring go on. */
static void
test_guard_reclaims(void **state)
{
	(void)state;
	rig_tx_up(LEM_COMBINE_OFF, true, 64);
	rig_send_some(7);
	assert_int_equal(lem_tx_guard(&rig.sc), 7);
	assert_int_equal(tx->stats.guard_flushes, 0);
	assert_int_equal(lem_tx_guard(&rig.sc), 0);
}

/* Nothing deferred, or posted since the last tick: nothing to do. */
static void
test_guard_quiet(void **state)
{
	(void)state;
	rig_tx_up(LEM_COMBINE_ON, false, 64);
	(void)lem_tx_guard(&rig.sc);
	(void)lem_tx_guard(&rig.sc);
	rig_send_some(3);
	(void)lem_tx_guard(&rig.sc);
	assert_int_equal(tx->stats.guard_flushes, 0);
	(void)fake_tx_run(&rig.dev, 9);
	(void)rig_irq();
	rig_send_some(2);
	(void)lem_tx_guard(&rig.sc);
	assert_int_equal(tx->stats.guard_flushes, 0);
	assert_int_equal(tdt_writes(), 2);
}

/* A scripted hour of a ring's life, every counter at its end. */
static void
test_counters(void **state)
{
	unsigned int i;

	(void)state;
	rig_tx_up(LEM_COMBINE_ON, false, 16);
	rig_send_some(1);		/* doorbell 1, batch of 1 */
	rig_send_some(6);		/* 6 deferred */
	(void)fake_tx_run(&rig.dev, 16);
	(void)rig_irq();		/* doorbell 2, batch of 6 */
	rig_send_some(3);		/* 3 deferred */
	(void)fake_tx_run(&rig.dev, 16);
	(void)rig_irq();		/* doorbell 3, batch of 3 */
	(void)fake_tx_run(&rig.dev, 16);
	(void)rig_irq();
	assert_int_equal(lem_tx_free(tx), 15);
	rig_send_some(13);		/* doorbell 4; 12 deferred */
	rig_send_some(1);		/* full: doorbell 5, batch of 13 */
	rig_send_some(1);		/* doorbell 6 */
	for (i = 0; i < 3; i++)
		assert_int_equal(rig_send(0), -ENOSPC);
	assert_int_equal(tx->stats.packets, 25);
	assert_int_equal(tx->stats.reclaimed, 10);
	assert_int_equal(tx->stats.doorbells, 6);
	assert_int_equal(tx->stats.deferred, 21);
	assert_int_equal(tx->stats.batches, 3);
	assert_int_equal(tx->stats.batch_max, 13);
	assert_int_equal(tx->stats.ring_full, 3);
	assert_int_equal(tx->stats.guard_flushes, 0);
	assert_int_equal(tdt_writes(), 6);
}

/* ------------------------------------------------------------- by chance */

#define STEP_NS		50000u
#define TICK_NS		(LEM_GUARD_MS * 1000000ull)

struct chance {
	uint64_t seed, random;
	bool lossy;		/* interrupts get lost */
	bool switches;		/* modes are switched */
	uint64_t accepted;	/* by encap */
	uint64_t seen;		/* by the device */
	uint64_t next_tick_ns;
	uint64_t waiting_ns;	/* since when something is deferred, or 0 */
	uint64_t longest_ns;
	uint64_t bound_ns;
	uint64_t writes;	/* of the device before */
	unsigned int step;
};

static uint32_t
draw(struct chance *c, uint32_t n)
{
	c->random = c->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(c->random >> 33) % n;
}

static void
failed(const struct chance *c, const char *why)
{
	fail_msg("LEM_TEST_SEED=%llu, step %u: %s", (unsigned long long)c->seed,
	    c->step, why);
}

static void
take_packet(void *arg, const struct fake_packet *packet)
{
	struct chance *c = arg;

	if (rig_id(packet) != c->seen)
		failed(c, "a packet was lost, doubled or out of order");
	c->seen++;
}

static uint16_t
behind(uint16_t from, uint16_t to)
{
	return (uint16_t)((to + tx->count - from) % tx->count);
}

static void
check_invariants(struct chance *c)
{
	uint16_t clean = tx->next_to_clean;
	bool deferred = tx->next_to_use != tx->tail_posted;

	if (behind(clean, tx->tail_posted) > behind(clean, tx->next_to_use))
		failed(c, "clean <= posted <= use does not hold");
	if (fake_peek(&rig.dev, E1000_TDT) != tx->tail_posted)
		failed(c, "tail_posted is not TDT");
	if (deferred && !tx->int_pending)
		failed(c, "deferred, and no interrupt is pending");
	if (deferred && tx->combine == LEM_COMBINE_OFF)
		failed(c, "deferred without combining");
	if (deferred && lem_tx_free(tx) < tx->reserve)
		failed(c, "deferred in a full ring");
	if (rig.dev.writes - c->writes != tx->stats.doorbells)
		failed(c, "doorbells are not the writes of TDT");
	if (tx->stats.packets != c->accepted)
		failed(c, "packets miscounted");
	if (tx->stats.reclaimed > c->accepted || c->seen < tx->stats.reclaimed)
		failed(c, "reclaimed before it was sent");
	if (rig.dev.violations != 0)
		failed(c, rig.dev.violation);
	if (!deferred)
		c->waiting_ns = 0;
	else if (c->waiting_ns == 0)
		c->waiting_ns = rig.dev.now_ns;
	else if (rig.dev.now_ns - c->waiting_ns > c->longest_ns)
		c->longest_ns = rig.dev.now_ns - c->waiting_ns;
	if (c->longest_ns > c->bound_ns)
		failed(c, "a packet waits too long");
}

static void
chance_send(struct chance *c, bool doorbell)
{
	struct lem_tx_seg seg = { .len_bytes = 60 };
	struct lem_tx_pkt pkt = { .seg = &seg, .segs = 1 };
	uint32_t slot = tx->next_to_use * 64u;
	bool room = lem_tx_free(tx) >= 1;

	seg.pa = RIG_TX_DATA + slot;
	if (room)
		memcpy(rig.tx_data + slot, &c->accepted, 8);
	if ((lem_tx_encap(&rig.sc, &pkt) == 1) != room)
		failed(c, "encap and what is free disagree");
	c->accepted += room;
	if (doorbell || !room)
		lem_tx_doorbell(&rig.sc);
}

/* A burst is several packets and one doorbell. */
static void
chance_burst(struct chance *c)
{
	unsigned int n = 1 + draw(c, 12);

	while (n-- > 0)
		chance_send(c, n == 0);
}

static void
chance_time(struct chance *c)
{
	fake_advance_ns(&rig.dev, draw(c, STEP_NS));
	if (rig.dev.now_ns >= c->next_tick_ns) {
		c->next_tick_ns = rig.dev.now_ns + TICK_NS;
		(void)lem_tx_guard(&rig.sc);
	}
}

/* A correct host: everything transmitted, all interrupts handled. */
static void
chance_settle(struct chance *c)
{
	(void)fake_tx_run(&rig.dev, UINT32_MAX);
	if (c->lossy && draw(c, 4) == 0)
		rig.dev.icr = 0;
	(void)rig_irq();
}

static void
chance_step(struct chance *c)
{
	switch (draw(c, 12)) {
	case 0:
	case 1:
	case 2:
	case 3:
		chance_send(c, true);
		break;
	case 4:
		chance_burst(c);
		break;
	case 5:
	case 6:
		(void)fake_tx_run(&rig.dev, draw(c, 20));
		break;
	case 7:
		(void)rig_irq();
		break;
	case 8:
		(void)lem_tx_make_room(&rig.sc);
		break;
	case 9:
		(void)lem_tx_reclaim(&rig.sc);
		break;
	case 10:
		if (c->switches && draw(c, 50) == 0)
			(void)lem_tx_combine_set(&rig.sc, draw(c, 3));
		break;
	default:
		chance_time(c);
		if (draw(c, 2) == 0)
			chance_settle(c);
		break;
	}
	check_invariants(c);
}

/*
 * No more packets.  Everything must leave by interrupts alone, or, if some got
 * lost, by two ticks of the guard.
 */
static void
chance_end(struct chance *c)
{
	uint64_t until_ns = rig.dev.now_ns + 3 * TICK_NS;

	while (rig.dev.now_ns < until_ns) {
		(void)fake_tx_run(&rig.dev, UINT32_MAX);
		(void)rig_irq();
		chance_time(c);
		check_invariants(c);
	}
	(void)lem_tx_reclaim(&rig.sc);
	if (c->seen != c->accepted)
		failed(c, "not everything was sent");
	if (lem_tx_free(tx) != tx->count - 1)
		failed(c, "not everything was reclaimed");
	if (!c->lossy && tx->stats.guard_flushes != 0)
		failed(c, "the guard fired with a conforming device");
}

static void
chance_run(uint64_t seed, bool lossy, bool switches)
{
	static const uint16_t counts[] = { 8, 16, 64, 256 };
	static const uint16_t itrs[] = { 0, 0, 100, 488, 4000, 15000 };
	struct chance c = { .seed = seed,
		.random = seed,
		.lossy = lossy,
		.switches = switches };
	struct lem_moderation m = { 0 };
	unsigned int i;

	for (i = 0; i < 10; i++)
		(void)draw(&c, 1);
	rig_tx_up(draw(&c, 3), draw(&c, 2), counts[draw(&c, 4)]);
	m.itr = itrs[draw(&c, 6)];
	if (draw(&c, 3) == 0)
		m.tidv = (uint16_t)(1 + draw(&c, 200));
	if (m.tidv != 0 && draw(&c, 2) == 0)
		m.tadv = (uint16_t)(1 + draw(&c, 400));
	assert_int_equal(lem_moderation_set(&rig.sc, &m), 0);
	rig.dev.on_packet = take_packet;
	rig.dev.arg = &c;
	c.writes = rig.dev.writes;
	c.next_tick_ns = rig.dev.now_ns + draw(&c, (uint32_t)TICK_NS);
	/* Two ticks, each late by what a step takes. */
	c.bound_ns = 2 * (TICK_NS + STEP_NS);
	for (c.step = 0; c.step < 3000; c.step++)
		chance_step(&c);
	chance_end(&c);
}

static void
run_all(bool lossy, bool switches)
{
	const char *only = getenv("LEM_TEST_SEED");
	uint64_t seed;

	if (only != NULL) {
		chance_run(strtoull(only, NULL, 0), lossy, switches);
		return;
	}
	for (seed = 1; seed <= 300; seed++)
		chance_run(seed, lossy, switches);
}

static void
test_chance(void **state)
{
	(void)state;
	run_all(false, false);
}

static void
test_chance_switching(void **state)
{
	(void)state;
	run_all(false, true);
}

static void
test_chance_lossy(void **state)
{
	(void)state;
	run_all(true, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_off_posts_each),
		RIG_TEST(test_first_posts),
		RIG_TEST(test_other_causes),
		RIG_TEST(test_transmit_half),
		RIG_TEST(test_reclaim_keeps_pending),
		RIG_TEST(test_order_sync),
		RIG_TEST(test_tso_posts),
		RIG_TEST(test_cheap),
		RIG_TEST(test_cheap_doubt),
		RIG_TEST(test_timed_when_on),
		RIG_TEST(test_no_cycles),
		RIG_TEST(test_state_inside_write),
		RIG_TEST(test_ring_full_posts),
		RIG_TEST(test_make_room),
		RIG_TEST(test_switching),
		RIG_TEST(test_link_loss),
		RIG_TEST(test_stop_drops),
		RIG_TEST(test_guard_lost),
		RIG_TEST(test_guard_dead_interrupts),
		RIG_TEST(test_guard_reclaims),
		RIG_TEST(test_guard_quiet),
		RIG_TEST(test_counters),
		RIG_TEST(test_chance),
		RIG_TEST(test_chance_switching),
		RIG_TEST(test_chance_lossy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
