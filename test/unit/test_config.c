/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is set while the controller runs: receive filters, VLANs, the link's
 * consequences; and the statistics.
 */
#include "rig.h"

#include "lem_impl.h"

static uint32_t
rctl(void)
{
	return fake_peek(&rig.dev, E1000_RCTL);
}

/* --------------------------------------------------------------- filters */

/*
 * Hashes by hand: bits 47:36 of the address, whose first byte is the lowest.
 * The first is the manual's own example (13.5.1).
 */
static const struct {
	uint8_t mac[6];
	unsigned int word, bit;
} hashes[] = {
	{ { 0x13, 0x34, 0x56, 0x78, 0x9a, 0xbc }, 94, 9 },
	{ { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x01 }, 0, 16 },
	{ { 0x33, 0x33, 0x00, 0x00, 0x00, 0x01 }, 0, 16 },
	{ { 0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e }, 7, 0 },
	{ { 0x01, 0x00, 0x5e, 0x7f, 0xff, 0xfa }, 125, 15 },
	{ { 0x01, 0x00, 0x00, 0x00, 0x00, 0x00 }, 0, 0 },
	{ { 0x01, 0x00, 0x00, 0x00, 0xf0, 0xff }, 127, 31 },
	{ { 0x01, 0x00, 0x00, 0x00, 0x0f, 0x00 }, 0, 0 },
};

static void
test_mta_hash(void **state)
{
	unsigned int word;
	size_t i;

	(void)state;
	rig_up(FAKE_82540, 16, 1);
	for (i = 0; i < RIG_COUNT(hashes); i++) {
		assert_int_equal(lem_filter_set(&rig.sc, 0, &hashes[i].mac, 1),
		    0);
		for (word = 0; word < 128; word++)
			assert_int_equal(fake_peek(&rig.dev, E1000_MTA(word)),
			    word == hashes[i].word ? 1u << hashes[i].bit : 0);
		assert_true(fake_accepts(&rig.dev, hashes[i].mac, -1));
	}
	/* No addresses: all cleared. */
	assert_int_equal(lem_filter_set(&rig.sc, 0, NULL, 0), 0);
	for (word = 0; word < 128; word++)
		assert_int_equal(fake_peek(&rig.dev, E1000_MTA(word)), 0);
}

/* Only the words that change are written: each is an exit. */
static void
test_mta_writes(void **state)
{
	static const uint8_t two[2][6] = { { 1, 0, 0, 0, 0, 1 },
		{ 1, 0, 0, 0, 0, 0x81 } };
	unsigned int i, n = 0;

	(void)state;
	rig_up(FAKE_82540, 16, 1);
	assert_int_equal(lem_filter_set(&rig.sc, 0, two, 2), 0);
	for (i = 0; i < 128; i++)
		n += fake_log_count(&rig.dev, FAKE_WRITE, E1000_MTA(i));
	assert_int_equal(n, 2);
	assert_true(fake_accepts(&rig.dev, two[0], -1));
	assert_true(fake_accepts(&rig.dev, two[1], -1));
	fake_log_clear(&rig.dev);
	assert_int_equal(lem_filter_set(&rig.sc, 0, two, 1), 0);
	assert_true(rig.dev.logged <= 3);
	assert_true(fake_accepts(&rig.dev, two[0], -1));
	assert_false(fake_accepts(&rig.dev, two[1], -1));
}

static void
test_filter_modes(void **state)
{
	static const uint8_t ours[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
	static const uint8_t other[6] = { 2, 0, 0, 0, 0, 1 };
	static const uint8_t group[6] = { 1, 0, 0x5e, 9, 9, 9 };
	static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };
	uint32_t f;

	(void)state;
	rig_up(FAKE_82545, 16, 1);
	for (f = 0; f < 8; f++) {
		bool promisc = f & LEM_FILTER_PROMISC;
		bool multi = promisc || f & LEM_FILTER_ALLMULTI;

		assert_int_equal(lem_filter_set(&rig.sc, f, NULL, 0), 0);
		assert_true(fake_accepts(&rig.dev, ours, -1));
		assert_int_equal(fake_accepts(&rig.dev, other, -1), promisc);
		assert_int_equal(fake_accepts(&rig.dev, group, -1), multi);
		assert_int_equal(fake_accepts(&rig.dev, all, -1),
		    multi || f & LEM_FILTER_BROADCAST);
		assert_int_equal(rctl() &
			~(E1000_RCTL_UPE | E1000_RCTL_MPE | E1000_RCTL_BAM),
		    0x04000002);
	}
}

static void
test_rar(void **state)
{
	static const uint8_t a[6] = { 0x02, 0x81, 0xfe, 0xff, 0x80, 0xc3 };
	unsigned int i;
	int from;

	(void)state;
	rig_up(FAKE_82540, 16, 1);
	for (i = 1; i < LEM_RAR_ENTRIES; i++) {
		fake_log_clear(&rig.dev);
		assert_int_equal(lem_rar_set(&rig.sc, i, a), 0);
		assert_int_equal(fake_peek(&rig.dev, E1000_RAL(i)), 0xfffe8102);
		assert_int_equal(fake_peek(&rig.dev, E1000_RAH(i)), 0x8000c380);
		/* Not valid while it is half written. */
		from = fake_log_find(&rig.dev, 0, FAKE_WRITE, E1000_RAL(i));
		assert_true(from > 0);
		assert_int_equal(rig.dev.log[from - 1].reg, E1000_RAH(i));
		assert_int_equal(rig.dev.log[from - 1].value, 0);
		assert_true(fake_accepts(&rig.dev, a, -1));
		assert_int_equal(lem_rar_set(&rig.sc, i, NULL), 0);
		assert_false(fake_accepts(&rig.dev, a, -1));
	}
	assert_int_equal(lem_rar_set(&rig.sc, LEM_RAR_ENTRIES, a), -EINVAL);
	assert_int_equal(lem_rar_set(&rig.sc, UINT32_MAX, a), -EINVAL);
	assert_int_equal(lem_rar_set(&rig.sc, 0, NULL), -EINVAL);
	assert_int_equal(lem_rar_set(&rig.sc, 0, a), 0);
	assert_true(fake_accepts(&rig.dev, a, -1));
}

static void
test_vlan_filter(void **state)
{
	static const uint16_t vids[] = { 0, 1, 31, 32, 100, 2047, 4094, 4095 };
	static const uint8_t ours[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
	size_t i, k;

	(void)state;
	rig_up(FAKE_82540, 16, 1);
	lem_rx_mode(&rig.sc, false, true, false);
	for (i = 0; i < RIG_COUNT(vids); i++) {
		assert_int_equal(lem_vlan_filter(&rig.sc, vids[i], true), 0);
		for (k = 0; k < RIG_COUNT(vids); k++)
			assert_int_equal(fake_accepts(&rig.dev, ours, vids[k]),
			    k <= i);
	}
	for (i = 0; i < RIG_COUNT(vids); i++) {
		assert_int_equal(lem_vlan_filter(&rig.sc, vids[i], false), 0);
		assert_false(fake_accepts(&rig.dev, ours, vids[i]));
	}
	assert_int_equal(lem_vlan_filter(&rig.sc, 4096, true), -EINVAL);
	assert_int_equal(lem_vlan_filter(&rig.sc, 65535, false), -EINVAL);
	assert_true(fake_accepts(&rig.dev, ours, -1));
	for (i = 0; i < 128; i++)
		assert_int_equal(fake_peek(&rig.dev, E1000_VFTA(i)), 0);
}

/* Promiscuous means every VLAN, too; filtering comes back after it. */
static void
test_vlan_and_promisc(void **state)
{
	(void)state;
	rig_up(FAKE_82540, 16, 1);
	lem_rx_mode(&rig.sc, true, true, true);
	assert_true(rctl() & E1000_RCTL_VFE);
	assert_true(rctl() & E1000_RCTL_LPE);
	assert_int_equal(lem_filter_set(&rig.sc, LEM_FILTER_PROMISC, NULL, 0),
	    0);
	assert_false(rctl() & E1000_RCTL_VFE);
	assert_true(rctl() & E1000_RCTL_LPE);
	assert_int_equal(lem_filter_set(&rig.sc, LEM_FILTER_ALLMULTI, NULL, 0),
	    0);
	assert_true(rctl() & E1000_RCTL_VFE);
	lem_rx_mode(&rig.sc, true, false, false);
	assert_false(rctl() & (E1000_RCTL_VFE | E1000_RCTL_LPE));
	assert_true(rctl() & E1000_RCTL_MPE);
}

static void
test_vlan_strip(void **state)
{
	uint32_t ctrl;

	(void)state;
	rig_up(FAKE_82540, 16, 1);
	ctrl = fake_peek(&rig.dev, E1000_CTRL);
	assert_false(ctrl & E1000_CTRL_VME);
	lem_rx_mode(&rig.sc, true, false, false);
	assert_int_equal(fake_peek(&rig.dev, E1000_CTRL),
	    ctrl | E1000_CTRL_VME);
	lem_rx_mode(&rig.sc, false, false, false);
	assert_int_equal(fake_peek(&rig.dev, E1000_CTRL), ctrl);
}

/* ------------------------------------------------------------------ link */

static void
link_is(bool up, uint16_t mbps, bool fd, int changed)
{
	uint32_t cold = fd ? 0x40 : 0x200;

	fake_link(&rig.dev, up, mbps, fd);
	assert_int_equal(lem_link_update(&rig.sc), changed);
	assert_int_equal(rig.sc.link.up, up);
	if (!up)
		return;
	assert_int_equal(rig.sc.link.mbps, mbps);
	assert_int_equal(rig.sc.link.full_duplex, fd);
	assert_int_equal((fake_peek(&rig.dev, E1000_TCTL) >>
			     E1000_TCTL_COLD_SHIFT) &
		0x3ff,
	    cold);
	assert_int_equal(fake_peek(&rig.dev, E1000_TCTL) &
		~E1000_TCTL_COLD_MASK,
	    0xfa);
}

static void
test_link_after_start(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		rig_up(rig_chips[i], 16, 1);
		assert_true(rig.sc.link.up);
		assert_true(rig.sc.link.full_duplex);
		assert_int_equal(rig.sc.link.mbps, 1000);
		assert_int_equal(lem_link_update(&rig.sc), 0);
	}
}

static void
test_link_changes(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 1; i < 4; i++) {
		rig_up(rig_chips[i], 16, 1);
		link_is(true, 1000, true, 0);
		link_is(true, 100, true, 1);
		link_is(true, 100, false, 1);
		link_is(true, 100, false, 0);
		link_is(true, 10, false, 1);
		link_is(true, 10, true, 1);
		link_is(false, 0, false, 1);
		link_is(false, 0, true, 0);
		link_is(true, 1000, true, 1);
		rig_ok();
	}
}

/*
 * The link goes down as full duplex and comes up as half.  TCTL must follow,
 * whatever STATUS shows while the link is down.
 */
static void
test_link_down_then_half(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		rig_up(rig_chips[i], 16, 1);
		link_is(true, 1000, true, 0);
		link_is(false, 0, false, 1);
		assert_int_equal(lem_link_update(&rig.sc), 0);
		link_is(true, 10, false, 1);
		link_is(false, 0, false, 1);
		link_is(true, 1000, true, 1);
	}
}

/* No cable at start, then half duplex. */
static void
test_link_down_at_start(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		rig_attach(rig_chips[i]);
		rig_rings(16, 1, 2048);
		fake_link(&rig.dev, false, 10, false);
		assert_int_equal(lem_start(&rig.sc), 0);
		assert_false(rig.sc.link.up);
		link_is(true, 100, false, 1);
	}
}

static void
expect_forced(uint16_t mbps, bool fd)
{
	uint32_t ctrl = fake_peek(&rig.dev, E1000_CTRL);
	uint32_t speed = mbps == 1000 ? 2 : mbps == 100 ? 1 : 0;

	assert_true(ctrl & E1000_CTRL_FRCSPD);
	assert_true(ctrl & E1000_CTRL_FRCDPX);
	assert_int_equal(ctrl >> 8 & 3, speed);
	assert_int_equal(ctrl & E1000_CTRL_FD, fd);
	assert_true(ctrl & E1000_CTRL_SLU);
}

static void
test_link_force_82543(void **state)
{
	static const struct {
		uint16_t mbps;
		bool fd;
	} modes[] = { { 1000, true }, { 100, false }, { 10, true },
		{ 10, false }, { 100, true }, { 1000, false } };
	size_t i;

	(void)state;
	rig_up(FAKE_82543, 16, 1);
	expect_forced(1000, true);
	for (i = 0; i < RIG_COUNT(modes); i++) {
		link_is(false, 0, false, 1);
		link_is(true, modes[i].mbps, modes[i].fd, 1);
		expect_forced(modes[i].mbps, modes[i].fd);
		rig_ok();
	}
}

/* The other chips take speed and duplex from the PHY by themselves. */
static void
test_link_not_forced(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 1; i < 4; i++) {
		rig_up(rig_chips[i], 16, 1);
		link_is(false, 0, false, 1);
		link_is(true, 100, true, 1);
		assert_int_equal(fake_peek(&rig.dev, E1000_CTRL) &
			(E1000_CTRL_FRCSPD | E1000_CTRL_FRCDPX),
		    0);
		assert_true(fake_peek(&rig.dev, E1000_CTRL) & E1000_CTRL_ASDE);
	}
}

/* Reset and start again with the link up all the time. */
static void
test_link_restart(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		rig_up(rig_chips[i], 16, 1);
		assert_int_equal(lem_reset(&rig.sc), 0);
		assert_int_equal(lem_start(&rig.sc), 0);
		link_is(true, 1000, true, 0);
		if (rig_chips[i] == FAKE_82543)
			expect_forced(1000, true);
		fake_link(&rig.dev, true, 100, false);
		lem_stop(&rig.sc);
		assert_int_equal(lem_reset(&rig.sc), 0);
		assert_int_equal(lem_start(&rig.sc), 0);
		link_is(true, 100, false, 0);
	}
}

/* ------------------------------------------------------------ statistics */

static void
test_stats_sum(void **state)
{
	uint32_t reg;

	(void)state;
	rig_up(FAKE_82540, 16, 1);
	for (reg = E1000_CRCERRS; reg <= E1000_TSCTFC; reg += 4)
		fake_poke(&rig.dev, reg, reg);
	assert_int_equal(lem_stats_update(&rig.sc), 0);
	/* Reading cleared them. */
	for (reg = E1000_CRCERRS; reg <= E1000_TSCTFC; reg += 4)
		assert_int_equal(fake_peek(&rig.dev, reg), 0);
	assert_int_equal(lem_stats_update(&rig.sc), 0);
	fake_poke(&rig.dev, E1000_GPRC, 5);
	fake_poke(&rig.dev, E1000_TSCTFC, 0xffffffff);
	assert_int_equal(lem_stats_update(&rig.sc), 0);
	assert_int_equal(lem_stat(&rig.sc, E1000_CRCERRS), E1000_CRCERRS);
	assert_int_equal(lem_stat(&rig.sc, E1000_MPC), E1000_MPC);
	assert_int_equal(lem_stat(&rig.sc, E1000_GPRC), E1000_GPRC + 5);
	assert_int_equal(lem_stat(&rig.sc, E1000_TPT), E1000_TPT);
	assert_int_equal(lem_stat(&rig.sc, E1000_TSCTFC),
	    E1000_TSCTFC + 0xffffffffull);
}

static void
test_stats_octets(void **state)
{
	static const uint32_t pairs[] = { E1000_GORCL, E1000_GOTCL, E1000_TORL,
		E1000_TOTL };
	unsigned int i, k;

	(void)state;
	rig_up(FAKE_82540, 16, 1);
	for (k = 0; k < 3; k++) {
		for (i = 0; i < 4; i++) {
			fake_poke(&rig.dev, pairs[i], 0xfffffff0 + i);
			fake_poke(&rig.dev, pairs[i] + 4, 3 + i);
		}
		fake_log_clear(&rig.dev);
		assert_int_equal(lem_stats_update(&rig.sc), 0);
		for (i = 0; i < 4; i++)
			assert_int_equal(lem_stat(&rig.sc, pairs[i]),
			    (k + 1) * ((3ull + i) << 32 | (0xfffffff0 + i)));
	}
	/* The low half first: the high half's read clears both. */
	for (i = 0; i < 4; i++)
		assert_true(fake_log_find(&rig.dev, 0, FAKE_READ, pairs[i]) <
		    fake_log_find(&rig.dev, 0, FAKE_READ, pairs[i] + 4));
}

/* Each counted once, and nothing written. */
static void
test_stats_reads(void **state)
{
	uint32_t reg;
	unsigned int i;

	(void)state;
	rig_up(FAKE_82540, 16, 1);
	assert_int_equal(lem_stats_update(&rig.sc), 0);
	for (reg = E1000_CRCERRS; reg <= E1000_TSCTFC; reg += 4)
		assert_true(fake_log_count(&rig.dev, FAKE_READ, reg) <= 1);
	for (i = 0; i < rig.dev.logged; i++)
		assert_int_equal(rig.dev.log[i].op, FAKE_READ);
	assert_true(rig.dev.logged <= 70);
}

/* Removed half-way: the counts stay as they were. */
static void
test_stats_removed(void **state)
{
	uint64_t before[LEM_STATS];
	uint64_t n;

	(void)state;
	for (n = 0; n < 64; n++) {
		rig_up(FAKE_82540, 16, 1);
		fake_poke(&rig.dev, E1000_GPTC, 77);
		assert_int_equal(lem_stats_update(&rig.sc), 0);
		memcpy(before, rig.sc.stat, sizeof(before));
		rig.dev.remove_at = rig.dev.reads + rig.dev.writes + n;
		assert_int_equal(lem_stats_update(&rig.sc), -ENODEV);
		assert_memory_equal(before, rig.sc.stat, sizeof(before));
	}
}

/* ------------------------------------------------------------ interrupts */

static void
test_intr_mask(void **state)
{
	(void)state;
	rig_up(FAKE_82540, 16, 1);
	assert_int_equal(rig.dev.ims,
	    E1000_ICR_TXDW | E1000_ICR_RXT0 | E1000_ICR_RXDMT0 | E1000_ICR_RXO |
		E1000_ICR_LSC | E1000_ICR_RXSEQ);
	lem_intr_disable(&rig.sc);
	assert_int_equal(rig.dev.ims, 0);
	assert_false(fake_irq(&rig.dev));
}

/* A port that polls masks only receive causes. */
static void
test_intr_rx_mask(void **state)
{
	(void)state;
	rig_up(FAKE_82540, 16, 1);
	lem_intr_rx_set(&rig.sc, false);
	assert_int_equal(rig.dev.ims,
	    E1000_ICR_TXDW | E1000_ICR_LSC | E1000_ICR_RXSEQ);
	fake_cause(&rig.dev, E1000_ICR_RXT0);
	assert_false(fake_irq(&rig.dev));
	lem_intr_rx_set(&rig.sc, true);
	assert_true(fake_irq(&rig.dev));
	assert_int_equal(rig_irq(), LEM_WORK_RX);
}

/* The rule of lone packets masks transmit interrupts alone. */
static void
test_intr_tx_mask(void **state)
{
	(void)state;
	rig_up(FAKE_82540, 16, 1);
	lem_intr_tx_set(&rig.sc, false);
	assert_int_equal(rig.dev.ims,
	    E1000_ICR_LSC | E1000_ICR_RXSEQ | E1000_ICR_RXT0 |
		E1000_ICR_RXDMT0 | E1000_ICR_RXO);
	fake_cause(&rig.dev, E1000_ICR_TXDW);
	assert_false(fake_irq(&rig.dev));
	lem_intr_tx_set(&rig.sc, true);
	assert_true(fake_irq(&rig.dev));
}

static void
test_intr_work(void **state)
{
	static const struct {
		uint32_t icr;
		unsigned int work;
	} causes[] = { { 0, 0 }, { E1000_ICR_RXT0, LEM_WORK_RX },
		{ E1000_ICR_RXDMT0, LEM_WORK_RX },
		{ E1000_ICR_RXO, LEM_WORK_RX },
		{ E1000_ICR_LSC, LEM_WORK_LINK },
		{ E1000_ICR_RXSEQ, LEM_WORK_LINK }, { E1000_ICR_TXDW, 0 },
		{ E1000_ICR_MDAC, 0 },
		{ E1000_ICR_LSC | E1000_ICR_RXT0,
		    LEM_WORK_LINK | LEM_WORK_RX } };
	uint64_t accesses;
	size_t i;

	(void)state;
	rig_up(FAKE_82540, 16, 1);
	for (i = 0; i < RIG_COUNT(causes); i++) {
		fake_log_clear(&rig.dev);
		assert_int_equal(lem_intr_dispatch(&rig.sc, causes[i].icr),
		    causes[i].work);
		assert_int_equal(rig.dev.logged, 0);
	}
	/* TX is work only if descriptors were reclaimed. */
	assert_int_equal(rig_send(1), 1);
	assert_int_equal(lem_intr_dispatch(&rig.sc, E1000_ICR_TXDW), 0);
	assert_int_equal(fake_tx_run(&rig.dev, 1), 1);
	accesses = rig.dev.reads + rig.dev.writes;
	assert_int_equal(rig_irq(), LEM_WORK_TX);
	/* ICR, and no more */
	assert_int_equal(rig.dev.reads + rig.dev.writes, accesses + 1);
	assert_int_equal(lem_intr_cause(&rig.sc), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_mta_hash),
		RIG_TEST(test_mta_writes),
		RIG_TEST(test_filter_modes),
		RIG_TEST(test_rar),
		RIG_TEST(test_vlan_filter),
		RIG_TEST(test_vlan_and_promisc),
		RIG_TEST(test_vlan_strip),
		RIG_TEST(test_link_after_start),
		RIG_TEST(test_link_changes),
		RIG_TEST(test_link_down_then_half),
		RIG_TEST(test_link_down_at_start),
		RIG_TEST(test_link_force_82543),
		RIG_TEST(test_link_not_forced),
		RIG_TEST(test_link_restart),
		RIG_TEST(test_stats_sum),
		RIG_TEST(test_stats_octets),
		RIG_TEST(test_stats_reads),
		RIG_TEST(test_stats_removed),
		RIG_TEST(test_intr_mask),
		RIG_TEST(test_intr_rx_mask),
		RIG_TEST(test_intr_tx_mask),
		RIG_TEST(test_intr_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
