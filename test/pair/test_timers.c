/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The five moderation timers, to the nanosecond, as the driver sets them and as
 * its interrupts show them: ITR 13.4.18, RDTR 13.4.30, RADV 13.4.31, TIDV
 * 13.4.41, TADV 13.4.44; 3.2.7, 3.3.3.1.
 */
#include "pair.h"

static struct sim *sim;

static const struct sim_config defaults = {
	.tx_count = 64,
	.rx_count = 64,
	.max_segs = 1,
	.buf_bytes = 2048,
	.tx_data_bytes = 64 * SIM_TX_SLOT,
	.link_delay_ns = 1000,
};

#define ITR_NS(n)	((uint64_t)(n) * 256)
#define DELAY_NS(n)	((uint64_t)(n) * 1024)

/* Start the driver without combining; no interrupt for a long time. */
static void
pair_up(enum e82540_chip chip, struct lem_moderation m)
{
	struct sim_config config = defaults;

	config.chip = chip;
	sim = pair_new(&config);
	assert_int_equal(lem_moderation_set(&sim->sc, &m), 0);
	sim_advance(sim, 1000000000);
	assert_false(sim->line);
}

static int
pair_down(void **state)
{
	(void)state;
	if (sim != NULL)
		pair_free(sim);
	sim = NULL;
	return 0;
}

static void
send_one(void)
{
	assert_int_equal(sim_send_id(sim, 0), 1);
	lem_tx_doorbell(&sim->sc);
}

static void
receive_one(void)
{
	uint8_t frame[60] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

	assert_true(pair_receive(sim, frame, sizeof(frame)));
}

/* Take the interrupt, and all frames. */
static unsigned int
interrupt_take(void)
{
	struct lem_rx_frag frag;
	struct lem_rx_pkt pkt = { .frag = &frag, .frags_max = 1 };
	unsigned int work;

	assert_true(sim->line);
	work = sim_irq(sim);
	while (lem_rx_pkt_get(&sim->sc, &pkt) == 1)
		;
	sim_refill(sim);
	assert_false(sim->line);
	return work;
}

/* No interrupt for ns - 1 nanoseconds, and then there it is. */
static void
expect_after(uint64_t ns)
{
	unsigned int edges = sim->edges;

	assert_false(sim->line);
	if (ns > 0)
		sim_advance(sim, ns - 1);
	assert_int_equal(sim->edges, edges);
	sim_advance(sim, 1);
	assert_int_equal(sim->edges, edges + 1);
	assert_true(sim->line);
	assert_int_equal(sim->edge_ns, sim_now(sim));
}

static void
expect_now(void)
{
	assert_true(sim->line);
	assert_int_equal(sim->edge_ns, sim_now(sim));
}

static void
expect_none(uint64_t ns)
{
	unsigned int edges = sim->edges;

	sim_advance(sim, ns);
	assert_int_equal(sim->edges, edges);
}

/* -------------------------------------------------------------------- ITR */

/* The first at once; from then on one a window, whatever the cause. */
static void
test_itr(void **state)
{
	static const uint16_t itrs[] = { 1, 2, 99, 488, 3906, 65535 };
	unsigned int i, k, chip;

	(void)state;
	for (chip = 0; chip < 2; chip++)
		for (i = 0; i < PAIR_COUNT(itrs); i++) {
			pair_up(pair_chips[chip],
			    (struct lem_moderation){ .itr = itrs[i] });
			send_one();
			expect_now();
			assert_int_equal(interrupt_take(), LEM_WORK_TX);
			for (k = 0; k < 5; k++) {
				send_one();
				if (k % 2 == 0)
					receive_one();
				expect_after(ITR_NS(itrs[i]));
				assert_int_equal(interrupt_take(),
				    LEM_WORK_TX |
					(k % 2 == 0 ? LEM_WORK_RX : 0u));
			}
			/* A quiet window, and the next is at once again. */
			sim_advance(sim, ITR_NS(itrs[i]));
			receive_one();
			expect_now();
			(void)interrupt_take();
			(void)pair_down(NULL);
		}
}

/* A window begins when the line rises, not when it is served. */
static void
test_itr_from_edge(void **state)
{
	(void)state;
	pair_up(E82540_82540EM, (struct lem_moderation){ .itr = 1000 });
	send_one();
	expect_now();
	sim_advance(sim, ITR_NS(600));
	(void)interrupt_take();
	send_one();
	expect_after(ITR_NS(400));
	sim_advance(sim, ITR_NS(5000));
	(void)interrupt_take();
	send_one();
	expect_now();
}

/* ITR 0 means no window: an interrupt a packet, all in one nanosecond. */
static void
test_itr_zero(void **state)
{
	uint64_t now_ns;
	unsigned int i, edges;

	(void)state;
	pair_up(E82540_82545EM, (struct lem_moderation){ 0 });
	now_ns = sim_now(sim);
	edges = sim->edges;
	for (i = 0; i < 1000; i++) {
		if (i & 1)
			send_one();
		else
			receive_one();
		expect_now();
		(void)interrupt_take();
	}
	assert_int_equal(sim->edges, edges + 1000);
	assert_int_equal(sim_now(sim), now_ns);
}

/* Set while an interrupt waits: counts from the last one. */
static void
test_itr_changed(void **state)
{
	struct lem_moderation m = { .itr = 2000 };

	(void)state;
	pair_up(E82540_82540EM, m);
	send_one();
	(void)interrupt_take();
	send_one();
	sim_advance(sim, ITR_NS(100));
	m.itr = 500;
	assert_int_equal(lem_moderation_set(&sim->sc, &m), 0);
	expect_after(ITR_NS(400));
	(void)interrupt_take();
	send_one();
	sim_advance(sim, ITR_NS(100));
	m.itr = 0;
	assert_int_equal(lem_moderation_set(&sim->sc, &m), 0);
	expect_now();
}

/* A masked cause is kept; unmasked it fires at once, if the window allows. */
static void
test_masked(void **state)
{
	(void)state;
	pair_up(E82540_82540EM, (struct lem_moderation){ .itr = 1000 });
	lem_intr_disable(&sim->sc);
	send_one();
	expect_none(ITR_NS(3000));
	assert_false(sim->line);
	lem_intr_enable(&sim->sc);
	expect_now();
	lem_intr_disable(&sim->sc);
	assert_false(sim->line);
	sim_advance(sim, ITR_NS(300));
	lem_intr_enable(&sim->sc);
	expect_after(ITR_NS(700));
	assert_int_equal(interrupt_take(), LEM_WORK_TX);
}

/* ---------------------------------------------------------------- receive */

static void
test_rdtr(void **state)
{
	static const uint16_t delays[] = { 1, 32, 1000, 65535 };
	unsigned int i, k, chip;

	(void)state;
	for (chip = 0; chip < 2; chip++)
		for (i = 0; i < PAIR_COUNT(delays); i++) {
			pair_up(pair_chips[chip],
			    (struct lem_moderation){ .rdtr = delays[i] });
			/* Each frame starts it anew. */
			for (k = 0; k < 10; k++) {
				receive_one();
				expect_none(DELAY_NS(delays[i]) - 1);
			}
			expect_after(1);
			assert_int_equal(interrupt_take(), LEM_WORK_RX);
			expect_none(DELAY_NS(100000));
			(void)pair_down(NULL);
		}
}

/* A bound from the first frame, for each batch anew. */
static void
test_radv(void **state)
{
	unsigned int batch, k, chip;

	(void)state;
	for (chip = 0; chip < 2; chip++) {
		pair_up(pair_chips[chip],
		    (struct lem_moderation){ .rdtr = 100, .radv = 950 });
		for (batch = 0; batch < 3; batch++) {
			for (k = 0; k < 10; k++) {
				receive_one();
				if (k < 9)
					expect_none(DELAY_NS(99));
			}
			expect_after(DELAY_NS(950 - 9 * 99));
			assert_int_equal(interrupt_take(), LEM_WORK_RX);
			/* It stopped RDTR's, too. */
			expect_none(DELAY_NS(5000));
		}
		/* A single frame does not wait for the bound. */
		receive_one();
		expect_after(DELAY_NS(100));
		(void)interrupt_take();
		(void)pair_down(NULL);
	}
}

/* 13.4.31: without RDTR it does nothing. */
static void
test_radv_alone(void **state)
{
	(void)state;
	pair_up(E82540_82540EM, (struct lem_moderation){ .radv = 100 });
	receive_one();
	expect_now();
	(void)interrupt_take();
	expect_none(DELAY_NS(1000));
}

/* --------------------------------------------------------------- transmit */

static void
test_tidv(void **state)
{
	static const uint16_t delays[] = { 1, 32, 1000, 65535 };
	unsigned int i, k, chip;

	(void)state;
	for (chip = 0; chip < PAIR_COUNT(pair_chips); chip++)
		for (i = 0; i < PAIR_COUNT(delays); i++) {
			pair_up(pair_chips[chip],
			    (struct lem_moderation){ .tidv = delays[i] });
			for (k = 0; k < 10; k++) {
				send_one();
				expect_none(DELAY_NS(delays[i]) - 1);
			}
			expect_after(1);
			assert_int_equal(interrupt_take(), LEM_WORK_TX);
			expect_none(DELAY_NS(100000));
			(void)pair_down(NULL);
		}
}

static void
test_tadv(void **state)
{
	unsigned int batch, k, chip;

	(void)state;
	for (chip = 0; chip < 2; chip++) {
		pair_up(pair_chips[chip],
		    (struct lem_moderation){ .tidv = 100, .tadv = 950 });
		for (batch = 0; batch < 3; batch++) {
			for (k = 0; k < 10; k++) {
				send_one();
				if (k < 9)
					expect_none(DELAY_NS(99));
			}
			expect_after(DELAY_NS(950 - 9 * 99));
			assert_int_equal(interrupt_take(), LEM_WORK_TX);
			expect_none(DELAY_NS(5000));
		}
		send_one();
		expect_after(DELAY_NS(100));
		(void)interrupt_take();
		(void)pair_down(NULL);
	}
}

/* The driver sets TIDV to TADV's value, as it must not be 0 (13.4.41). */
static void
test_tadv_alone(void **state)
{
	(void)state;
	pair_up(E82540_82540EM, (struct lem_moderation){ .tadv = 300 });
	send_one();
	expect_none(DELAY_NS(200));
	send_one();
	expect_after(DELAY_NS(100));
	assert_int_equal(interrupt_take(), LEM_WORK_TX);
}

/* Switched off while a timer runs: the next packet comes at once, and ends it
 * (3.3.3.1: RS without IDE). */
static void
test_tidv_off(void **state)
{
	const struct lem_moderation none = { 0 };

	(void)state;
	pair_up(E82540_82540EM, (struct lem_moderation){ .tidv = 300 });
	send_one();
	sim_advance(sim, DELAY_NS(100));
	assert_int_equal(lem_moderation_set(&sim->sc, &none), 0);
	send_one();
	expect_now();
	assert_int_equal(interrupt_take(), LEM_WORK_TX);
	expect_none(DELAY_NS(1000));
}

/* The write-back does not wait for the timers. */
static void
test_reclaim_before(void **state)
{
	(void)state;
	pair_up(E82540_82540EM,
	    (struct lem_moderation){ .itr = 65535, .tidv = 65535 });
	send_one();
	send_one();
	assert_int_equal(lem_tx_reclaim(&sim->sc), 2);
	assert_false(sim->line);
	expect_after(DELAY_NS(65535));
}

/* --------------------------------------------------------------- together */

/* What a delay timer sets waits for ITR's window like any other cause. */
static void
test_all(void **state)
{
	(void)state;
	pair_up(E82540_82540EM,
	    (struct lem_moderation){ .itr = 4000,
		.rdtr = 100,
		.radv = 200,
		.tidv = 300,
		.tadv = 400 });
	send_one();
	receive_one();
	expect_after(DELAY_NS(100));
	/* TXQE, which nothing delays but which is masked, came along. */
	assert_int_equal(interrupt_take(), LEM_WORK_RX | LEM_WORK_TX);
	/* At 100 and 300; held until the window of that ends: one for both. */
	send_one();
	receive_one();
	expect_after(ITR_NS(4000));
	assert_int_equal(interrupt_take(), LEM_WORK_RX | LEM_WORK_TX);
	expect_none(ITR_NS(65535));
	/* Beyond a window the delays alone decide. */
	send_one();
	expect_after(DELAY_NS(300));
	(void)interrupt_take();
}

/* Moderation off: as hypervisors were in 2012, whatever the registers say. */
static void
test_moderation_off(void **state)
{
	unsigned int i;

	(void)state;
	pair_up(E82540_82540EM,
	    (struct lem_moderation){ .itr = 4000,
		.rdtr = 100,
		.radv = 200,
		.tidv = 300,
		.tadv = 400 });
	send_one();
	e82540_moderation_set(sim->dev, sim_now(sim), false);
	expect_now();
	(void)interrupt_take();
	for (i = 0; i < 20; i++) {
		if (i & 1)
			send_one();
		else
			receive_one();
		expect_now();
		(void)interrupt_take();
	}
	e82540_moderation_set(sim->dev, sim_now(sim), true);
	receive_one();
	expect_after(ITR_NS(4000));
	(void)interrupt_take();
}

/*
 * The host holds interrupts: each comes the longer of ITR and that after the
 * one before, whatever the delays, unless the host releases it.
 */
static void
test_host_holds(void **state)
{
	static const uint16_t itrs[] = { 0, 488, 3906 };
	const uint64_t hold_ns = 400000;
	unsigned int i, k;

	(void)state;
	for (i = 0; i < PAIR_COUNT(itrs); i++) {
		pair_up(E82540_82540EM,
		    (struct lem_moderation){ .itr = itrs[i] });
		e82540_moderation_hold(sim->dev, sim_now(sim), hold_ns);
		send_one();
		expect_now();
		(void)interrupt_take();
		for (k = 0; k < 5; k++) {
			if (k % 2 == 0)
				receive_one();
			send_one();
			expect_after(ITR_NS(itrs[i]) > hold_ns ?
				ITR_NS(itrs[i]) :
				hold_ns);
			(void)interrupt_take();
		}
		send_one();
		e82540_moderation_release(sim->dev, sim_now(sim));
		if (itrs[i] == 0)
			expect_now();
		else
			expect_after(ITR_NS(itrs[i]));
		(void)interrupt_take();
		/* Many, and then none: no cause is forgotten. */
		send_one();
		receive_one();
		sim_advance(sim, ITR_NS(100));
		send_one();
		expect_none(hold_ns - ITR_NS(100) - 1);
		sim_advance(sim, ITR_NS(3906));
		assert_int_equal(interrupt_take(), LEM_WORK_RX | LEM_WORK_TX);
		expect_none(ITR_NS(65535));
		(void)pair_down(NULL);
	}
}

/* A delay makes the cause; only then the host can hold it. */
static void
test_host_holds_delays(void **state)
{
	(void)state;
	pair_up(E82540_82540EM,
	    (struct lem_moderation){ .itr = 1000, .tidv = 300 });
	e82540_moderation_hold(sim->dev, sim_now(sim), 1000000);
	send_one();
	expect_after(DELAY_NS(300));
	(void)interrupt_take();
	send_one();
	sim_advance(sim, DELAY_NS(300) - 1);
	assert_int_equal(e82540_moderation_held(sim->dev), 0);
	sim_advance(sim, 1);
	assert_int_not_equal(e82540_moderation_held(sim->dev), 0);
	expect_after(1000000 - DELAY_NS(300));
	(void)interrupt_take();
	/* A delay longer than the interval: at its end. */
	e82540_moderation_hold(sim->dev, sim_now(sim), DELAY_NS(300) - 1);
	send_one();
	expect_after(DELAY_NS(300));
}

/* Combining rides on it: one TDT write and one interrupt a window. */
static void
test_combining(void **state)
{
	const struct lem_tx_stats *stats;
	unsigned int window, i;

	(void)state;
	pair_up(E82540_82540EM, (struct lem_moderation){ .itr = 1000 });
	stats = &sim->sc.tx.stats;
	assert_int_equal(lem_tx_combine_set(&sim->sc, LEM_COMBINE_ON), 0);
	send_one();
	assert_int_equal(stats->doorbells, 1);
	(void)interrupt_take();
	send_one();
	for (window = 0; window < 10; window++) {
		assert_int_equal(stats->doorbells, 2 + window);
		for (i = 0; i < 20; i++)
			send_one();
		assert_int_equal(stats->doorbells, 2 + window);
		expect_after(ITR_NS(1000));
		(void)interrupt_take();
	}
	assert_int_equal(stats->batches, 10);
	assert_int_equal(stats->batch_max, 20);
	assert_int_equal(stats->guard_flushes, 0);
}

/* The 82544 has RDTR and TIDV alone, and there RDTR is absolute (3.2.8). */
static void
test_82544(void **state)
{
	const struct lem_moderation bad[] = { { .itr = 1 }, { .radv = 1 },
		{ .tadv = 1 } };
	unsigned int i;

	(void)state;
	pair_up(E82540_82544GC, (struct lem_moderation){ .rdtr = 200 });
	for (i = 0; i < PAIR_COUNT(bad); i++)
		assert_int_equal(lem_moderation_set(&sim->sc, &bad[i]),
		    -EOPNOTSUPP);
	receive_one();
	expect_none(DELAY_NS(150));
	receive_one();
	expect_after(DELAY_NS(50));
	assert_int_equal(interrupt_take(), LEM_WORK_RX);
	expect_none(DELAY_NS(1000));
	receive_one();
	expect_after(DELAY_NS(200));
	(void)interrupt_take();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_itr, pair_down),
		cmocka_unit_test_teardown(test_itr_from_edge, pair_down),
		cmocka_unit_test_teardown(test_itr_zero, pair_down),
		cmocka_unit_test_teardown(test_itr_changed, pair_down),
		cmocka_unit_test_teardown(test_masked, pair_down),
		cmocka_unit_test_teardown(test_rdtr, pair_down),
		cmocka_unit_test_teardown(test_radv, pair_down),
		cmocka_unit_test_teardown(test_radv_alone, pair_down),
		cmocka_unit_test_teardown(test_tidv, pair_down),
		cmocka_unit_test_teardown(test_tadv, pair_down),
		cmocka_unit_test_teardown(test_tadv_alone, pair_down),
		cmocka_unit_test_teardown(test_tidv_off, pair_down),
		cmocka_unit_test_teardown(test_reclaim_before, pair_down),
		cmocka_unit_test_teardown(test_all, pair_down),
		cmocka_unit_test_teardown(test_moderation_off, pair_down),
		cmocka_unit_test_teardown(test_host_holds, pair_down),
		cmocka_unit_test_teardown(test_host_holds_delays, pair_down),
		cmocka_unit_test_teardown(test_combining, pair_down),
		cmocka_unit_test_teardown(test_82544, pair_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
