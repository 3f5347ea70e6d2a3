/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How often the device interrupts: the registers and their units, the rule for
 * streams, the rule for lone packets.
 */
#include "rig.h"

static struct lem_tx_ring *const tx = &rig.sc.tx;

/* ------------------------------------------------------------- registers */

static uint8_t
sent_cmd(void)
{
	rig.dev.packets = 0;
	assert_int_equal(rig_send(1), 1);
	lem_tx_flush(&rig.sc);
	while (fake_tx_run(&rig.dev, 1) != 0)
		;
	(void)lem_tx_reclaim(&rig.sc);
	assert_int_equal(rig.dev.packets, 1);
	return rig.dev.packet[0].cmd;
}

/* IDE is set if there is a transmit delay, and only then. */
static void
test_moderation_ide(void **state)
{
	static const struct lem_moderation m[] = { { .itr = 0 }, { .itr = 488 },
		{ .itr = 488, .rdtr = 9, .radv = 9 }, { .tidv = 8 },
		{ .tidv = 8, .tadv = 64 },
		{ 65535, 65535, 65535, 65535, 65535, 0, true }, { .itr = 0 } };
	size_t i;

	(void)state;
	rig_up(FAKE_82540, 16, 1);
	for (i = 0; i < RIG_COUNT(m); i++) {
		assert_int_equal(lem_moderation_set(&rig.sc, &m[i]), 0);
		assert_int_equal(fake_peek(&rig.dev, E1000_ITR), m[i].itr);
		assert_int_equal(fake_peek(&rig.dev, E1000_RDTR), m[i].rdtr);
		assert_int_equal(fake_peek(&rig.dev, E1000_RADV), m[i].radv);
		assert_int_equal(fake_peek(&rig.dev, E1000_TIDV), m[i].tidv);
		assert_int_equal(fake_peek(&rig.dev, E1000_TADV), m[i].tadv);
		assert_memory_equal(&rig.sc.moderation, &m[i], sizeof(m[i]));
		assert_int_equal((sent_cmd() & E1000_TXD_CMD_IDE) != 0,
		    m[i].tidv != 0);
	}
}

/* 13.4.41: with IDE a TIDV of 0 is not allowed, so not with TADV alone. */
static void
test_moderation_tadv_alone(void **state)
{
	const struct lem_moderation m = { .tadv = 64 };

	(void)state;
	rig_up(FAKE_82540, 16, 1);
	if (lem_moderation_set(&rig.sc, &m) == -EINVAL)
		return;
	assert_true(sent_cmd() & E1000_TXD_CMD_IDE);
	assert_int_equal(rig.dev.violations, 0);
	fake_advance_ns(&rig.dev, 64 * 1024);
	assert_true(rig.dev.icr & E1000_ICR_TXDW);
}

/* The interrupt comes after TIDV, and TADV bounds it. */
static void
test_moderation_delays(void **state)
{
	const struct lem_moderation m = { .tidv = 10, .tadv = 25 };
	unsigned int i;

	(void)state;
	rig_up(FAKE_82540, 16, 1);
	assert_int_equal(lem_moderation_set(&rig.sc, &m), 0);
	(void)sent_cmd();
	fake_advance_ns(&rig.dev, 10 * 1024 - 1);
	assert_false(rig.dev.icr & E1000_ICR_TXDW);
	fake_advance_ns(&rig.dev, 1);
	assert_true(rig.dev.icr & E1000_ICR_TXDW);
	rig.dev.icr = 0;
	for (i = 0; i < 3; i++) {
		(void)sent_cmd();
		assert_false(rig.dev.icr & E1000_ICR_TXDW);
		fake_advance_ns(&rig.dev, 9 * 1024);
	}
	assert_true(rig.dev.icr & E1000_ICR_TXDW);
}

static void
test_moderation_old_chips(void **state)
{
	static const struct lem_moderation bad[] = { { .itr = 1 },
		{ .itr_bulk = 1 }, { .radv = 1 }, { .tadv = 1 } };
	const struct lem_moderation good = { .rdtr = 7, .tidv = 9 };
	size_t i, chip;

	(void)state;
	for (chip = 0; chip < 2; chip++) {
		rig_up(rig_chips[chip], 16, 1);
		for (i = 0; i < RIG_COUNT(bad); i++) {
			assert_int_equal(lem_moderation_set(&rig.sc, &bad[i]),
			    -EOPNOTSUPP);
			assert_int_equal(rig.sc.moderation.itr, 0);
			assert_int_equal(rig.dev.logged, 0);
		}
		assert_int_equal(lem_moderation_set(&rig.sc, &good), 0);
		assert_int_equal(fake_peek(&rig.dev, E1000_RDTR), 7);
		assert_int_equal(fake_peek(&rig.dev, E1000_TIDV), 9);
		rig_ok();	/* no register that the chip lacks */
	}
}

/* New ring, same moderation: lem_start() puts IDE back. */
static void
test_moderation_survives_restart(void **state)
{
	const struct lem_moderation m = { .itr = 5, .tidv = 10 };

	(void)state;
	rig_up(FAKE_82540, 16, 1);
	assert_int_equal(lem_moderation_set(&rig.sc, &m), 0);
	assert_int_equal(lem_reset(&rig.sc), 0);
	rig_rings(32, 1, 2048);
	assert_int_equal(lem_start(&rig.sc), 0);
	assert_int_equal(fake_peek(&rig.dev, E1000_ITR), 5);
	assert_int_equal(fake_peek(&rig.dev, E1000_TIDV), 10);
	assert_true(sent_cmd() & E1000_TXD_CMD_IDE);
}

/* ----------------------------------------------------------------- units */

/* The shortest interval that makes no more interrupts than asked for. */
static void
test_itr_from_rate(void **state)
{
	static const struct {
		uint32_t rate;
		uint16_t itr;
	} good[] = { { 0, 0 }, { 60, 65105 }, { 500, 7813 }, { 8000, 489 },
		{ 8004, 489 }, { 20000, 196 }, { 1953125, 2 }, { 1953126, 2 },
		{ 3906249, 2 }, { LEM_RATE_MAX, 1 } };
	static const uint32_t bad[] = { 1, 59, LEM_RATE_MAX + 1, 1u << 24,
		(1u << 24) + 8000, UINT32_MAX };
	uint16_t itr;
	size_t i;

	(void)state;
	for (i = 0; i < RIG_COUNT(good); i++) {
		assert_int_equal(lem_itr_from_rate(good[i].rate, &itr), 0);
		assert_int_equal(itr, good[i].itr);
		assert_true((uint64_t)itr * 256 * good[i].rate >=
		    (good[i].rate != 0 ? 1000000000u : 0));
	}
	itr = 7;
	for (i = 0; i < RIG_COUNT(bad); i++)
		assert_int_equal(lem_itr_from_rate(bad[i], &itr), -EINVAL);
	assert_int_equal(itr, 7);
}

static void
test_delay_from_us(void **state)
{
	static const struct {
		uint32_t us;
		uint16_t delay;
	} good[] = { { 0, 0 }, { 1, 1 }, { 2, 2 }, { 42, 41 }, { 43, 42 },
		{ 1024, 1000 }, { 67107, 65534 }, { 67108, 65535 } };
	uint16_t delay;
	size_t i;

	(void)state;
	for (i = 0; i < RIG_COUNT(good); i++) {
		assert_int_equal(lem_delay_from_us(good[i].us, &delay), 0);
		assert_int_equal(delay, good[i].delay);
	}
	delay = 7;
	assert_int_equal(lem_delay_from_us(67109, &delay), -EINVAL);
	assert_int_equal(lem_delay_from_us(UINT32_MAX, &delay), -EINVAL);
	assert_int_equal(delay, 7);
}

/* --------------------------------------------------------------- streams */

/* n packets, and the interrupt when its window is over. */
static void
send_window(unsigned int n)
{
	rig_send_some(n);
	fake_advance_ns(&rig.dev, 2000 * 256);
	assert_int_equal(rig_irq(), LEM_WORK_TX);
}

/*
 * A stream: after four interrupts in a row with eight packets each, ITR is
 * itr_bulk; after one with fewer, it is itr.  One write each.
 */
static void
test_stream(void **state)
{
	struct lem_moderation m = { .itr = 100, .itr_bulk = 2000 };
	unsigned int i;

	(void)state;
	rig_tx_up(LEM_COMBINE_ON, true, 64);
	assert_int_equal(lem_moderation_set(&rig.sc, &m), 0);
	assert_int_equal(fake_peek(&rig.dev, E1000_ITR), 100);
	for (i = 0; i < LEM_BULK_INTERRUPTS; i++) {
		assert_int_equal(fake_peek(&rig.dev, E1000_ITR), 100);
		send_window(LEM_BULK_PACKETS);
	}
	assert_int_equal(fake_peek(&rig.dev, E1000_ITR), 2000);
	assert_int_equal(tx->stats.bulk, 1);
	fake_log_clear(&rig.dev);
	for (i = 0; i < 10; i++) {
		send_window(LEM_BULK_PACKETS + i);
	}
	assert_int_equal(fake_log_count(&rig.dev, FAKE_WRITE, E1000_ITR), 0);
	send_window(LEM_BULK_PACKETS - 1);
	assert_int_equal(fake_peek(&rig.dev, E1000_ITR), 100);
	assert_int_equal(fake_log_count(&rig.dev, FAKE_WRITE, E1000_ITR), 1);

	/* New values begin with itr. */
	for (i = 0; i < LEM_BULK_INTERRUPTS; i++)
		send_window(LEM_BULK_PACKETS);
	assert_int_equal(fake_peek(&rig.dev, E1000_ITR), 2000);
	assert_int_equal(tx->stats.bulk, 2);
	m.itr = 200;
	assert_int_equal(lem_moderation_set(&rig.sc, &m), 0);
	assert_int_equal(fake_peek(&rig.dev, E1000_ITR), 200);
}

/* No stream without combining, nor where itr is the longer one. */
static void
test_no_stream(void **state)
{
	struct lem_moderation m = { .itr = 100, .itr_bulk = 2000 };
	unsigned int i, k;

	(void)state;
	rig_tx_up(LEM_COMBINE_OFF, true, 64);
	for (k = 0; k < 2; k++) {
		assert_int_equal(lem_moderation_set(&rig.sc, &m), 0);
		for (i = 0; i < 2 * LEM_BULK_INTERRUPTS; i++)
			send_window(2 * LEM_BULK_PACKETS);
		assert_int_equal(fake_peek(&rig.dev, E1000_ITR), m.itr);
		assert_int_equal(tx->stats.bulk, 0);
		assert_int_equal(lem_tx_combine_set(&rig.sc, LEM_COMBINE_ON),
		    0);
		m.itr = m.itr_bulk;
	}
}

/* ---------------------------------------------------------- lone packets */

/* A doorbell as a port with the rule makes it. */
static void
lone_send(unsigned int held)
{
	rig_send_some(1);
	lem_lone_doorbell(&rig.sc, held);
}

/* The device sends everything; the interrupt, if one comes. */
static bool
lone_irq(bool allowed)
{
	uint32_t icr;

	(void)fake_tx_run(&rig.dev, UINT32_MAX);
	if (!fake_irq(&rig.dev))
		return false;
	icr = lem_intr_cause(&rig.sc);
	(void)lem_intr_dispatch(&rig.sc, icr);
	lem_lone_interrupt(&rig.sc, icr, allowed);
	return true;
}

/* A packet, its answer, and their interrupt. */
static bool
lone_trip(bool allowed)
{
	lone_send(1);
	rig.sc.rx.cleaned++;
	return lone_irq(allowed);
}

static bool
lone(void)
{
	assert_int_equal(tx->lone, !(rig.dev.ims & E1000_ICR_TXDW));
	return tx->lone;
}

/* One trip less than it takes. */
static void
lone_nearly(void)
{
	unsigned int i;

	for (i = 1; i < LEM_LONE_RUN; i++) {
		assert_true(lone_trip(true));
		assert_false(lone());
	}
}

static void
lone_up(enum lem_combine mode)
{
	rig_tx_up(mode, false, 64);
	lone_nearly();
	assert_true(lone_trip(true));
	assert_true(lone());
}

/*
 * After some interrupts for one doorbell each: no transmit interrupt, nothing
 * deferred; the second doorbell without any interrupt ends it.
 */
static void
test_lone(void **state)
{
	enum lem_combine mode;
	unsigned int i;

	(void)state;
	for (mode = LEM_COMBINE_OFF; mode <= LEM_COMBINE_ORIGINAL; mode++) {
		lone_up(mode);
		assert_int_equal(tx->combine, LEM_COMBINE_OFF);
		for (i = 1; i < LEM_LONE_DOORBELLS; i++) {
			lone_send(i);
			assert_false(lone_irq(true));
			assert_true(lone());
			assert_int_equal(tx->next_to_use, tx->tail_posted);
		}
		assert_int_equal(tx->stats.deferred, 0);
		lone_send(i);
		assert_false(lone());
		assert_int_equal(tx->combine, mode);
		/* The causes that were masked come now. */
		assert_true(lone_irq(true));
		assert_int_equal(lem_tx_free(tx), 63);
		assert_false(lone());
	}
}

/* Any interrupt restarts the count of doorbells. */
static void
test_lone_answers(void **state)
{
	unsigned int i;

	(void)state;
	lone_up(LEM_COMBINE_ON);
	for (i = 0; i < 3 * LEM_LONE_DOORBELLS; i++) {
		lone_send(1);
		fake_cause(&rig.dev, E1000_ICR_RXT0);
		assert_true(lone_irq(true));
		assert_true(lone());
		/* The answer's interrupt reclaims. */
		assert_int_equal(lem_tx_free(tx), 63);
	}
}

/* Many descriptors in use end it as well. */
static void
test_lone_held(void **state)
{
	(void)state;
	lone_up(LEM_COMBINE_ON);
	lone_send(LEM_LONE_DESC - 1);
	assert_true(lone());
	fake_cause(&rig.dev, E1000_ICR_RXT0);
	assert_true(lone_irq(true));
	assert_true(lone());
	lone_send(LEM_LONE_DESC);
	assert_false(lone());
	assert_int_equal(tx->combine, LEM_COMBINE_ON);
}

static void
test_lone_not(void **state)
{
	(void)state;
	/* Two doorbells since an interrupt: it takes as many trips again. */
	rig_tx_up(LEM_COMBINE_OFF, false, 64);
	lone_nearly();
	lone_send(1);
	assert_true(lone_trip(true));
	assert_false(lone());
	lone_nearly();
	/* The port does not allow it. */
	assert_true(lone_trip(false));
	assert_false(lone());
	/* No frame came: a stream without answers needs its interrupts. */
	lone_nearly();
	lone_send(1);
	assert_true(lone_irq(true));
	assert_false(lone());
	/* It was not a transmit interrupt. */
	rig.sc.rx.cleaned++;
	fake_cause(&rig.dev, E1000_ICR_RXT0);
	assert_true(lone_irq(true));
	assert_false(lone());
	/* Something is encapsulated and not posted. */
	rig_tx_up(LEM_COMBINE_ON, false, 64);
	lone_nearly();
	lone_send(1);
	rig.sc.rx.cleaned++;
	(void)fake_tx_run(&rig.dev, UINT32_MAX);
	rig_send_some(1);
	lem_lone_interrupt(&rig.sc, E1000_ICR_TXDW, true);
	assert_false(lone());
	/* The device is gone. */
	lem_tx_flush(&rig.sc);
	rig.sc.gone = true;
	rig.sc.rx.cleaned++;
	lem_lone_interrupt(&rig.sc, UINT32_MAX, true);
	assert_false(lone());
	/* The ring could fill up before the rule ends. */
	rig_up(FAKE_82540, 40, 7);
	lone_nearly();
	assert_true(lone_trip(true));
	assert_false(lone());
	rig_up(FAKE_82540, 48, 7);
	lone_nearly();
	assert_true(lone_trip(true));
	assert_true(lone());
}

/* A mode that is set meanwhile holds afterwards. */
static void
test_lone_mode(void **state)
{
	(void)state;
	lone_up(LEM_COMBINE_OFF);
	assert_int_equal(lem_tx_combine_set(&rig.sc, LEM_COMBINE_ON), 0);
	assert_int_equal(tx->combine, LEM_COMBINE_OFF);
	lone_send(LEM_LONE_DESC);
	assert_int_equal(tx->combine, LEM_COMBINE_ON);
}

/* lem_intr_enable() and lem_start() end it. */
static void
test_lone_restart(void **state)
{
	(void)state;
	lone_up(LEM_COMBINE_ON);
	lem_intr_enable(&rig.sc);
	assert_false(lone());
	assert_int_equal(tx->combine, LEM_COMBINE_ON);
	lone_up(LEM_COMBINE_ON);
	assert_int_equal(lem_reset(&rig.sc), 0);
	assert_int_equal(lem_start(&rig.sc), 0);
	assert_false(tx->lone);
	assert_int_equal(tx->combine, LEM_COMBINE_ON);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_moderation_ide),
		RIG_TEST(test_moderation_tadv_alone),
		RIG_TEST(test_moderation_delays),
		RIG_TEST(test_moderation_old_chips),
		RIG_TEST(test_moderation_survives_restart),
		RIG_TEST(test_itr_from_rate),
		RIG_TEST(test_delay_from_us),
		RIG_TEST(test_stream),
		RIG_TEST(test_no_stream),
		RIG_TEST(test_lone),
		RIG_TEST(test_lone_answers),
		RIG_TEST(test_lone_held),
		RIG_TEST(test_lone_not),
		RIG_TEST(test_lone_mode),
		RIG_TEST(test_lone_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
