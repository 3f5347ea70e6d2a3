/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attach, reset, start and stop on each chip: what they write, what happens
 * when parts are dead, and when the device is removed at any access.
 */
#include "rig.h"

static const uint8_t nvm_mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
static const uint8_t rar_mac[6] = { 0x02, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5 };

static uint64_t
ms_since(uint64_t start_ns)
{
	return (rig.dev.now_ns - start_ns) / 1000000;
}

/* ---------------------------------------------------------------- attach */

static void
test_attach_all(void **state)
{
	static const enum lem_chip want[] = { LEM_82543, LEM_82544, LEM_82540,
		LEM_82545 };
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		rig_attach(rig_chips[i]);
		assert_int_equal(rig.sc.chip, want[i]);
		assert_memory_equal(rig.sc.mac, nvm_mac, 6);
		assert_false(rig.sc.gone);
		assert_int_equal(rig.dev.resets, 1);
		assert_int_equal(rig.dev.ims, 0);
		assert_true(ms_since(0) < 500);
		rig_ok();
	}
}

static void
test_attach_unknown_id(void **state)
{
	static const uint16_t ids[] = { 0, 0x1000, 0x1001, 0x1015, 0x10d3,
		0xffff };
	size_t i;

	(void)state;
	for (i = 0; i < RIG_COUNT(ids); i++) {
		rig_reset(FAKE_82540);
		rig.sc.device_id = ids[i];
		assert_int_equal(lem_attach(&rig.sc), -EOPNOTSUPP);
		assert_int_equal(rig.dev.reads + rig.dev.writes, 0);
	}
}

/* The addresses in the EEPROM and RAR 0 differ, to tell which was taken. */
static void
test_attach_prefers_nvm(void **state)
{
	(void)state;
	memcpy(rig.dev.rar0, rar_mac, 6);
	assert_int_equal(lem_attach(&rig.sc), 0);
	assert_memory_equal(rig.sc.mac, nvm_mac, 6);
}

static void
test_attach_bad_checksum(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		rig_reset(rig_chips[i]);
		memcpy(rig.dev.rar0, rar_mac, 6);
		rig.dev.nvm[20] ^= 1;
		assert_int_equal(lem_attach(&rig.sc), 0);
		assert_memory_equal(rig.sc.mac, rar_mac, 6);
		rig_ok();
	}
}

/* A good checksum over an address that is not unicast. */
static void
test_attach_bad_nvm_address(void **state)
{
	static const uint16_t words[][3] = { { 0, 0, 0 },
		{ 0xffff, 0xffff, 0xffff }, { 0x0001, 0x1200, 0x5634 } };
	size_t i;

	(void)state;
	for (i = 0; i < RIG_COUNT(words); i++) {
		rig_reset(FAKE_82545);
		memcpy(rig.dev.nvm, words[i], 6);
		fake_nvm_checksum(&rig.dev);
		memcpy(rig.dev.rar0, rar_mac, 6);
		assert_int_equal(lem_attach(&rig.sc), 0);
		assert_memory_equal(rig.sc.mac, rar_mac, 6);
	}
}

static void
test_attach_no_address(void **state)
{
	(void)state;
	rig.dev.nvm[63]++;
	rig.dev.rar0_valid = false;
	assert_int_equal(lem_attach(&rig.sc), -EIO);

	rig_reset(FAKE_82540);
	rig.dev.nvm[63]++;
	rig.dev.rar0[0] = 0x53;		/* multicast */
	assert_int_equal(lem_attach(&rig.sc), -EIO);

	rig_reset(FAKE_82540);
	rig.dev.nvm[63]++;
	memset(rig.dev.rar0, 0, 6);
	assert_int_equal(lem_attach(&rig.sc), -EIO);
	assert_false(rig.sc.gone);
}

/* ------------------------------------------------------------ dead parts */

static void
test_dead_reset(void **state)
{
	uint64_t accesses;
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		rig_reset(rig_chips[i]);
		rig.dev.dead_reset = true;
		assert_int_equal(lem_attach(&rig.sc), -ETIMEDOUT);
		accesses = rig.dev.reads + rig.dev.writes;
		assert_true(accesses < 100);
		assert_true(ms_since(0) <= 40);
		assert_false(rig.sc.gone);
	}
}

static void
test_dead_eerd(void **state)
{
	(void)state;
	rig.dev.dead_eerd = true;
	assert_int_equal(lem_attach(&rig.sc), 0);
	assert_memory_equal(rig.sc.mac, nvm_mac, 6);
	assert_true(ms_since(0) < 500);
}

static void
test_dead_eerd_256(void **state)
{
	(void)state;
	rig.dev.dead_eerd = true;
	rig.dev.nvm_words = 256;
	assert_int_equal(lem_attach(&rig.sc), 0);
	assert_memory_equal(rig.sc.mac, nvm_mac, 6);
}

static void
test_dead_eeprom(void **state)
{
	(void)state;
	rig.dev.dead_eerd = rig.dev.dead_gnt = true;
	memcpy(rig.dev.rar0, rar_mac, 6);
	assert_int_equal(lem_attach(&rig.sc), 0);
	assert_memory_equal(rig.sc.mac, rar_mac, 6);
	assert_true(ms_since(0) < 50);
	/* It no longer asks for the wires. */
	assert_int_equal(fake_peek(&rig.dev, E1000_EECD) & E1000_EECD_REQ, 0);
}

/* ----------------------------------------------------------------- waits */

/*
 * Long waits sleep, and short ones do not: the fake device counts a violation
 * for a wait of over 100 us that does not.
 */
static void
test_waits_sleep(void **state)
{
	uint16_t value;

	(void)state;
	assert_int_equal(lem_reset(&rig.sc), 0);
	assert_in_range(rig.dev.sleeps, 2, 20);
	rig.dev.sleeps = 0;
	rig.dev.dead_eerd = rig.dev.dead_gnt = true;
	assert_int_equal(lem_attach(&rig.sc), 0);
	assert_in_range(rig.dev.sleeps, 4, 40);
	rig.dev.dead_mdic = true;
	rig.dev.sleeps = 0;
	assert_int_equal(lem_phy_read(&rig.sc, 1, &value), -ETIMEDOUT);
	assert_in_range(rig.dev.sleeps, 2, 20);
	/* A device that answers at once costs no sleep. */
	rig_up(FAKE_82540, 64, 1);
	rig.dev.no_sleep = true;
	assert_int_equal(lem_nvm_check(&rig.sc), 0);
	assert_int_equal(lem_phy_renegotiate(&rig.sc), 0);
	assert_int_equal(lem_link_update(&rig.sc), 0);
}

/* Calls that may be made from an interrupt or with a spin lock held. */
static void
test_calls_that_never_sleep(void **state)
{
	const struct lem_moderation m = { .itr = 488 };

	(void)state;
	rig_up(FAKE_82540, 64, 1);
	rig.dev.no_sleep = true;
	assert_int_equal(lem_tx_combine_set(&rig.sc, LEM_COMBINE_ON), 0);
	assert_int_equal(rig_send(1), 1);
	assert_int_equal(rig_send(2), 1);
	(void)lem_tx_guard(&rig.sc);
	(void)lem_tx_guard(&rig.sc);
	(void)fake_tx_run(&rig.dev, 2);
	assert_int_equal(rig_irq(), LEM_WORK_TX);
	(void)lem_tx_make_room(&rig.sc);
	(void)lem_rx_available(&rig.sc, 8);
	lem_rx_flush(&rig.sc);
	lem_lone_interrupt(&rig.sc, E1000_ICR_TXDW, true);
	lem_lone_doorbell(&rig.sc, 1);
	lem_intr_rx_set(&rig.sc, false);
	lem_intr_disable(&rig.sc);
	lem_intr_enable(&rig.sc);
	assert_int_equal(lem_filter_set(&rig.sc, LEM_FILTER_PROMISC, NULL, 0),
	    0);
	assert_int_equal(lem_rar_set(&rig.sc, 1, rar_mac), 0);
	assert_int_equal(lem_vlan_filter(&rig.sc, 1, true), 0);
	lem_rx_mode(&rig.sc, true, true, true);
	assert_int_equal(lem_moderation_set(&rig.sc, &m), 0);
	assert_int_equal(lem_stats_update(&rig.sc), 0);
}

/* A device that went away in a suspend comes back by resume and reset. */
static void
test_resume(void **state)
{
	uint64_t accesses;

	(void)state;
	rig_up(FAKE_82540, 64, 1);
	rig.dev.remove_at = rig.dev.reads + rig.dev.writes;
	assert_int_equal(lem_link_update(&rig.sc), -ENODEV);
	assert_int_equal(lem_reset(&rig.sc), -ENODEV);
	rig.dev.remove_at = FAKE_NEVER;
	assert_int_equal(lem_reset(&rig.sc), -ENODEV);
	accesses = rig.dev.reads + rig.dev.writes;
	lem_resume(&rig.sc);
	assert_int_equal(rig.dev.reads + rig.dev.writes, accesses);
	assert_int_equal(lem_reset(&rig.sc), 0);
	assert_int_equal(lem_start(&rig.sc), 0);
}

/* ------------------------------------------------------------------ reset */

static void
test_reset_order(void **state)
{
	struct fake_device *dev = &rig.dev;
	int imc, rctl, tctl, rst;

	(void)state;
	rig_up(FAKE_82540, 64, 1);
	assert_int_equal(lem_reset(&rig.sc), 0);
	imc = fake_log_find(dev, 0, FAKE_WRITE, E1000_IMC);
	rctl = fake_log_find(dev, 0, FAKE_WRITE, E1000_RCTL);
	tctl = fake_log_find(dev, 0, FAKE_WRITE, E1000_TCTL);
	rst = fake_log_find(dev, 0, FAKE_WRITE, E1000_CTRL);
	assert_true(imc >= 0 && imc < rst);
	assert_true(rctl >= 0 && rctl < rst);
	assert_true(tctl >= 0 && tctl < rst);
	assert_int_equal(dev->log[imc].value, UINT32_MAX);
	assert_true(dev->log[rst].value & E1000_CTRL_RST);
	assert_int_equal(dev->resets, 2);
	/* Masked again afterwards, and nothing left pending. */
	assert_true(
	    fake_log_find(dev, (unsigned int)rst, FAKE_WRITE, E1000_IMC) > rst);
	assert_int_equal(dev->icr, 0);
}

static void
test_reset_clears_pending(void **state)
{
	(void)state;
	fake_cause(&rig.dev, E1000_ICR_MASK);
	assert_int_equal(lem_reset(&rig.sc), 0);
	assert_int_equal(rig.dev.icr, 0);
	assert_int_equal(rig.dev.ims, 0);
}

/* ------------------------------------------------------------- ring init */

static int
tx_init(enum fake_chip chip, uint64_t pa, uint16_t count, uint16_t segs)
{
	static union e1000_tx_any_desc desc[1];
	static uint16_t rsq[1];

	rig_attach(chip);
	return lem_tx_ring_init(&rig.sc, desc, pa, rsq, count, segs);
}

static void
test_tx_ring_arguments(void **state)
{
	(void)state;
	assert_int_equal(tx_init(FAKE_82540, 0x1000, 8, 1), 0);
	assert_int_equal(tx_init(FAKE_82540, 0x1010, 4096, 100), 0);
	/* The limit of 256 is the 82543's alone. */
	assert_int_equal(tx_init(FAKE_82544, 0x1000, 4096, 1), 0);
	assert_int_equal(tx_init(FAKE_82544, 0x1000, 4104, 1), -EINVAL);
	assert_int_equal(tx_init(FAKE_82543, 0x1000, 256, 1), 0);
	assert_int_equal(tx_init(FAKE_82540, 0x1000, 0, 1), -EINVAL);
	assert_int_equal(tx_init(FAKE_82540, 0x1000, 7, 1), -EINVAL);
	assert_int_equal(tx_init(FAKE_82540, 0x1000, 12, 1), -EINVAL);
	assert_int_equal(tx_init(FAKE_82540, 0x1000, 4104, 1), -EINVAL);
	assert_int_equal(tx_init(FAKE_82540, 0x1000, 65528, 1), -EINVAL);
	assert_int_equal(tx_init(FAKE_82543, 0x1000, 264, 1), -EINVAL);
	assert_int_equal(tx_init(FAKE_82545, 0x1008, 64, 1), -EINVAL);
	assert_int_equal(tx_init(FAKE_82545, 0x1000, 64, 0), -EINVAL);
	/* A packet, a context and the free one: 8 - 2 segments at most. */
	assert_int_equal(tx_init(FAKE_82545, 0x1000, 8, 6), 0);
	assert_int_equal(tx_init(FAKE_82545, 0x1000, 8, 7), -EINVAL);
	assert_int_equal(tx_init(FAKE_82545, 0x1000, 8, 65535), -EINVAL);
}

static int
rx_init(enum fake_chip chip, uint64_t pa, uint16_t count, uint16_t bytes)
{
	static struct e1000_rx_desc desc[1];

	rig_attach(chip);
	return lem_rx_ring_init(&rig.sc, desc, pa, count, bytes);
}

static void
test_rx_ring_arguments(void **state)
{
	uint32_t bytes;

	(void)state;
	for (bytes = 0; bytes <= UINT16_MAX; bytes += bytes < 300 ? 1 : 7) {
		bool good = bytes == 256 || bytes == 512 || bytes == 1024 ||
		    bytes == 2048 || bytes == 4096 || bytes == 8192 ||
		    bytes == 16384;

		assert_int_equal(rx_init(FAKE_82540, 0x1000, 64,
				     (uint16_t)bytes),
		    good ? 0 : -EINVAL);
	}
	for (bytes = 256; bytes <= 16384; bytes *= 2)
		assert_int_equal(rx_init(FAKE_82540, 0, 64, (uint16_t)bytes),
		    0);
	assert_int_equal(rx_init(FAKE_82540, 0x1000, 32768, 2048), -EINVAL);
	assert_int_equal(rx_init(FAKE_82540, 0x1000, 4096, 2048), 0);
	assert_int_equal(rx_init(FAKE_82540, 0x1000, 4104, 2048), -EINVAL);
	assert_int_equal(rx_init(FAKE_82540, 0x1000, 20, 2048), -EINVAL);
	assert_int_equal(rx_init(FAKE_82543, 0x1000, 264, 2048), -EINVAL);
	assert_int_equal(rx_init(FAKE_82540, 0x1001, 64, 2048), -EINVAL);
	assert_int_equal(rx_init(FAKE_82540, 0x1000, 64, 32768), -EINVAL);
}

/* ----------------------------------------------------------------- start */

/* Values from the manual, in figures: 13.4.8 to 13.4.11, 13.4.33, 13.4.34. */
static void
test_start_registers(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		rig_attach(rig_chips[i]);
		rig_rings(64, 4, 2048);
		assert_int_equal(lem_start(&rig.sc), 0);
		rig_expect_reg(E1000_FCAL, 0x00c28001);
		rig_expect_reg(E1000_FCAH, 0x00000100);
		rig_expect_reg(E1000_FCT, 0x8808);
		rig_expect_reg(E1000_VET, 0x8100);
		rig_expect_reg(E1000_TDBAL, (uint32_t)RIG_TX_RING);
		rig_expect_reg(E1000_TDBAH, RIG_TX_RING >> 32);
		rig_expect_reg(E1000_TDLEN, 64 * 16);
		rig_expect_reg(E1000_TDH, 0);
		rig_expect_reg(E1000_TDT, 0);
		/* IPGT is 8 for the 82544 and 10 for the later ones. */
		rig_expect_reg(E1000_TIPG,
		    (i < 2 ? 8 : 10) | 8 << 10 | 6 << 20);
		rig_expect_reg(E1000_TCTL, 0x000400fa);
		rig_expect_reg(E1000_RDBAL, (uint32_t)RIG_RX_RING);
		rig_expect_reg(E1000_RDBAH, RIG_RX_RING >> 32);
		rig_expect_reg(E1000_RDLEN, 64 * 16);
		rig_expect_reg(E1000_RDH, 0);
		rig_expect_reg(E1000_RDT, 0);
		rig_expect_reg(E1000_RXCSUM, 0x300);
		rig_expect_reg(E1000_RCTL, 0x04000002);
		rig_expect_reg(E1000_RAL(0), 0x12005452);
		rig_expect_reg(E1000_RAH(0), 0x80005634);
		assert_true(fake_peek(&rig.dev, E1000_CTRL) & E1000_CTRL_SLU);
		assert_int_equal(rig.dev.ims, 0);
		rig_ok();
	}
}

/* The units go on only after their rings are described (14.4, 14.5). */
static void
test_start_order(void **state)
{
	static const uint32_t tx[] = { E1000_TDBAL, E1000_TDBAH, E1000_TDLEN,
		E1000_TDH, E1000_TDT, E1000_TIPG };
	static const uint32_t rx[] = { E1000_RDBAL, E1000_RDBAH, E1000_RDLEN,
		E1000_RDH, E1000_RDT, E1000_RXCSUM, E1000_RAL(0),
		E1000_MTA(127) };
	int tctl, rctl;
	size_t i;

	(void)state;
	rig_attach(FAKE_82540);
	rig_rings(64, 1, 2048);
	fake_log_clear(&rig.dev);
	assert_int_equal(lem_start(&rig.sc), 0);
	tctl = fake_log_find(&rig.dev, 0, FAKE_WRITE, E1000_TCTL);
	rctl = fake_log_find(&rig.dev, 0, FAKE_WRITE, E1000_RCTL);
	for (i = 0; i < RIG_COUNT(tx); i++)
		assert_in_range(fake_log_find(&rig.dev, 0, FAKE_WRITE, tx[i]),
		    0, tctl);
	for (i = 0; i < RIG_COUNT(rx); i++)
		assert_in_range(fake_log_find(&rig.dev, 0, FAKE_WRITE, rx[i]),
		    0, rctl);
}

static void
test_start_buffer_sizes(void **state)
{
	static const struct {
		uint16_t bytes;
		uint32_t bsize;		/* BSEX, and bits 17:16 */
	} sizes[] = { { 2048, 0 }, { 1024, 0x10000 }, { 512, 0x20000 },
		{ 256, 0x30000 }, { 16384, 0x02010000 }, { 8192, 0x02020000 },
		{ 4096, 0x02030000 } };
	size_t i;

	(void)state;
	for (i = 0; i < RIG_COUNT(sizes); i++) {
		rig_attach(FAKE_82540);
		rig_rings(8, 1, sizes[i].bytes);
		assert_int_equal(lem_start(&rig.sc), 0);
		rig_expect_reg(E1000_RCTL, 0x04000002 | sizes[i].bsize);
	}
}

static void
test_start_with_modes(void **state)
{
	(void)state;
	rig_attach(FAKE_82540);
	rig_rings(8, 1, 2048);
	rig.sc.vlan = rig.sc.vlan_filter = true;
	rig.sc.long_packets = true;
	rig.sc.filter = LEM_FILTER_BROADCAST | LEM_FILTER_ALLMULTI;
	rig.sc.moderation = (struct lem_moderation){ 1, 2, 3, 4, 5, 0, false };
	assert_int_equal(lem_start(&rig.sc), 0);
	rig_expect_reg(E1000_RCTL,
	    0x04000002 | E1000_RCTL_MPE | E1000_RCTL_BAM | E1000_RCTL_LPE |
		E1000_RCTL_VFE);
	assert_true(fake_peek(&rig.dev, E1000_CTRL) & E1000_CTRL_VME);
	rig_expect_reg(E1000_ITR, 1);
	rig_expect_reg(E1000_RDTR, 2);
	rig_expect_reg(E1000_RADV, 3);
	rig_expect_reg(E1000_TIDV, 4);
	rig_expect_reg(E1000_TADV, 5);
}

/* Registers that an old chip does not have are never written. */
static void
test_start_old_chip(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		rig_attach(rig_chips[i]);
		rig_rings(8, 1, 2048);
		rig.sc.moderation =
		    (struct lem_moderation){ 1, 2, 3, 4, 5, 0, false };
		assert_int_equal(lem_start(&rig.sc), 0);
		rig_expect_reg(E1000_RDTR, 2);
		rig_expect_reg(E1000_TIDV, 4);
		rig_ok();
	}
}

/* After the reset, everything is as it was before. */
static void
test_restart(void **state)
{
	static const uint8_t mc[1][6] = { { 1, 0, 0x5e, 0, 0, 1 } };
	static const uint8_t other[6] = { 2, 0, 0, 0, 0, 9 };

	(void)state;
	rig_up(FAKE_82540, 64, 1);
	assert_int_equal(lem_filter_set(&rig.sc, LEM_FILTER_BROADCAST, mc, 1),
	    0);
	assert_int_equal(lem_vlan_filter(&rig.sc, 100, true), 0);
	assert_int_equal(lem_rar_set(&rig.sc, 3, other), 0);
	assert_true(rig_send(1) > 0);
	lem_stop(&rig.sc);
	assert_int_equal(lem_reset(&rig.sc), 0);
	memset(&rig.dev.reg[E1000_MTA(0) / 4], 0xff, 512);
	memset(&rig.dev.reg[E1000_VFTA(0) / 4], 0xff, 512);
	memset(rig.rx, 0, 64 * sizeof(*rig.rx));
	assert_int_equal(lem_start(&rig.sc), 0);
	assert_true(fake_accepts(&rig.dev, mc[0], -1));
	assert_false(
	    fake_accepts(&rig.dev, (const uint8_t *)"\1\0\0\0\0\2", -1));
	assert_true(fake_accepts(&rig.dev, other, -1));
	rig_expect_reg(E1000_VFTA(3), 1u << 4);
	rig_expect_reg(E1000_VFTA(4), 0);
	assert_int_equal(lem_tx_free(&rig.sc.tx), 63);
	assert_int_equal(rig_fill(), 63);
	lem_rx_flush(&rig.sc);
	assert_int_equal(rig_send(2), 1);
	assert_int_equal(fake_tx_run(&rig.dev, 10), 1);
	assert_int_equal(rig_id(&rig.dev.packet[0]), 2);
}

/*
 * Bring-up under KVM, which holds most writes back: when a step returns, the
 * device has its writes.
 */
static void
test_held_back(void **state)
{
	static const uint8_t mc[1][6] = { { 1, 0, 0x5e, 0, 0, 1 } };
	const struct lem_moderation m = { .itr = 77 };

	(void)state;
	rig.dev.coalesce = true;
	assert_int_equal(lem_attach(&rig.sc), 0);
	assert_memory_equal(rig.sc.mac, nvm_mac, 6);
	rig_rings(64, 1, 2048);
	assert_int_equal(lem_start(&rig.sc), 0);
	rig_expect_reg(E1000_RCTL, 0x04000002);
	rig_expect_reg(E1000_TDLEN, 1024);
	assert_int_equal(rig_fill(), 63);
	lem_rx_flush(&rig.sc);
	lem_intr_enable(&rig.sc);
	assert_int_equal(fake_rx_owned(&rig.dev), 63);
	assert_int_equal(lem_filter_set(&rig.sc, 0, mc, 1), 0);
	assert_true(fake_accepts(&rig.dev, mc[0], -1));
	assert_int_equal(lem_rar_set(&rig.sc, 1, rar_mac), 0);
	assert_true(fake_accepts(&rig.dev, rar_mac, -1));
	assert_int_equal(lem_moderation_set(&rig.sc, &m), 0);
	rig_expect_reg(E1000_ITR, 77);
	assert_int_equal(lem_vlan_filter(&rig.sc, 5, true), 0);
	rig_expect_reg(E1000_VFTA(0), 1u << 5);
	lem_rx_mode(&rig.sc, false, false, true);
	assert_true(fake_peek(&rig.dev, E1000_RCTL) & E1000_RCTL_LPE);
	assert_int_equal(rig_send(1), 1);
	assert_int_equal(fake_tx_run(&rig.dev, 1), 1);
	lem_stop(&rig.sc);
	rig_expect_reg(E1000_RCTL, 0);
	assert_int_equal(rig.dev.helds, 0);
}

static void
test_stop(void **state)
{
	const struct lem_moderation m = { .itr = 77 };

	(void)state;
	rig_up(FAKE_82540, 64, 1);
	fake_cause(&rig.dev, E1000_ICR_RXT0);
	lem_stop(&rig.sc);
	assert_int_equal(rig.dev.ims, 0);
	assert_int_equal(rig.dev.icr, 0);
	assert_int_equal(fake_peek(&rig.dev, E1000_RCTL) & E1000_RCTL_EN, 0);
	assert_int_equal(fake_peek(&rig.dev, E1000_TCTL) & E1000_TCTL_EN, 0);
	/* Later changes must not start the receiver: its buffers may be in
	 * use for something else by now. */
	assert_int_equal(lem_filter_set(&rig.sc, LEM_FILTER_PROMISC, NULL, 0),
	    0);
	lem_rx_mode(&rig.sc, true, false, true);
	assert_int_equal(lem_vlan_filter(&rig.sc, 33, true), 0);
	assert_int_equal(lem_rar_set(&rig.sc, 1, rar_mac), 0);
	assert_int_equal(lem_moderation_set(&rig.sc, &m), 0);
	assert_int_equal(fake_peek(&rig.dev, E1000_RCTL) & E1000_RCTL_EN, 0);
	/* They take effect at the next start. */
	assert_int_equal(lem_start(&rig.sc), 0);
	rig_expect_reg(E1000_RCTL,
	    0x04000002 | E1000_RCTL_UPE | E1000_RCTL_MPE | E1000_RCTL_LPE);
	assert_true(fake_peek(&rig.dev, E1000_CTRL) & E1000_CTRL_VME);
	rig_expect_reg(E1000_VFTA(1), 2);
	rig_expect_reg(E1000_RAH(1), 0x8000e5d4);
	rig_expect_reg(E1000_ITR, 77);
}

/* ------------------------------------------------------ surprise removal */

enum step {
	STEP_ATTACH,
	STEP_START,
	STEP_STATS,
	STEP_LINK,
	STEP_FILTER,
	STEP_PHY_READ,
	STEP_PHY_WRITE,
	STEP_RENEGOTIATE,
	STEP_NVM_CHECK,
	STEP_NVM_READ,
	STEP_NVM_WRITE,
	STEP_FORCE,
	STEP_PAUSE,
	STEP_RESET,
	STEP_STOP,
};

static int
do_step(enum step step)
{
	struct lem *sc = &rig.sc;
	uint16_t value;

	switch (step) {
	case STEP_ATTACH:
		return lem_attach(sc);
	case STEP_START:
		return lem_start(sc);
	case STEP_STATS:
		return lem_stats_update(sc);
	case STEP_LINK:
		return lem_link_update(sc);
	case STEP_FILTER:
		return lem_filter_set(sc, LEM_FILTER_PROMISC, NULL, 0);
	case STEP_PHY_READ:
		return lem_phy_read(sc, E1000_PHY_ID1, &value);
	case STEP_PHY_WRITE:
		return lem_phy_write(sc, E1000_PHY_ANA, 0x01e1);
	case STEP_RENEGOTIATE:
		return lem_phy_renegotiate(sc);
	case STEP_NVM_CHECK:
		return lem_nvm_check(sc);
	case STEP_NVM_READ:
		return lem_nvm_read(sc, 1, &value);
	case STEP_NVM_WRITE:
		return lem_nvm_write(sc, 5, rig.dev.nvm[5] ^ 1);
	case STEP_FORCE:
		return lem_link_force(sc, 100, true);
	case STEP_PAUSE:
		return lem_pause_set(sc, LEM_PAUSE_TX);
	case STEP_RESET:
		return lem_reset(sc);
	default:
		lem_stop(sc);
		return 0;
	}
}

static void
prepare_step(enum fake_chip chip, enum step step)
{
	if (step == STEP_ATTACH) {
		rig_reset(chip);
		return;
	}
	rig_attach(chip);
	rig_rings(16, 1, 256);
	if (step != STEP_START)
		assert_int_equal(lem_start(&rig.sc), 0);
	if (step == STEP_LINK) {
		/* Something to do: the link comes up, half duplex. */
		fake_link(&rig.dev, false, 10, false);
		assert_int_equal(lem_link_update(&rig.sc), 1);
		fake_link(&rig.dev, true, 100, false);
	}
}

/*
 * May this step succeed although the device was removed at its access n?  Only
 * if it reads nothing that it needs after that; it reads ICR only to clear it.
 */
static bool
may_succeed(enum step step, uint64_t n)
{
	const struct fake_access *a = rig.dev.log + n;

	for (; a < rig.dev.log + rig.dev.logged; a++)
		if (a->op == FAKE_READ && a->reg != E1000_ICR)
			return step == STEP_STOP;
	return true;
}

static void
remove_at(enum fake_chip chip, enum step step, uint64_t n)
{
	uint64_t base, start_ns;
	int error;

	prepare_step(chip, step);
	fake_log_clear(&rig.dev);
	base = rig.dev.reads + rig.dev.writes;
	start_ns = rig.dev.now_ns;
	rig.dev.remove_at = base + n;
	error = do_step(step);
	assert_true(rig.dev.reads + rig.dev.writes - base < 20000);
	assert_true(ms_since(start_ns) < 500);
	if (error >= 0 && !may_succeed(step, n))
		fail_msg("chip %d step %d access %u: returned %d", chip, step,
		    (unsigned int)n, error);
	if (error < 0 && error != -ENODEV && error != -EIO &&
	    error != -ETIMEDOUT)
		fail_msg("chip %d step %d access %u: error %d", chip, step,
		    (unsigned int)n, error);
	/* The next call returns the error. */
	assert_int_equal(lem_link_update(&rig.sc), -ENODEV);
	assert_true(rig.sc.gone);
}

static void
remove_everywhere(enum step step)
{
	uint64_t n, all;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		prepare_step(rig_chips[i], step);
		all = rig.dev.reads + rig.dev.writes;
		assert_true(do_step(step) >= 0);
		all = rig.dev.reads + rig.dev.writes - all;
		rig_ok();
		for (n = 0; n < all; n++)
			remove_at(rig_chips[i], step, n);
	}
}

static void
test_remove_attach(void **state)
{
	(void)state;
	remove_everywhere(STEP_ATTACH);
}

static void
test_remove_start(void **state)
{
	(void)state;
	remove_everywhere(STEP_START);
}

static void
test_remove_stats(void **state)
{
	(void)state;
	remove_everywhere(STEP_STATS);
}

static void
test_remove_link(void **state)
{
	(void)state;
	remove_everywhere(STEP_LINK);
}

static void
test_remove_filter(void **state)
{
	(void)state;
	remove_everywhere(STEP_FILTER);
}

static void
test_remove_phy(void **state)
{
	(void)state;
	remove_everywhere(STEP_PHY_READ);
	remove_everywhere(STEP_PHY_WRITE);
	remove_everywhere(STEP_RENEGOTIATE);
}

static void
test_remove_nvm(void **state)
{
	(void)state;
	remove_everywhere(STEP_NVM_CHECK);
	remove_everywhere(STEP_NVM_READ);
	remove_everywhere(STEP_NVM_WRITE);
}

static void
test_remove_settings(void **state)
{
	(void)state;
	remove_everywhere(STEP_FORCE);
	remove_everywhere(STEP_PAUSE);
}

static void
test_remove_reset_stop(void **state)
{
	(void)state;
	remove_everywhere(STEP_RESET);
	remove_everywhere(STEP_STOP);
}

/* The data path goes on with memory, and encap returns the error. */
static void
test_remove_running(void **state)
{
	unsigned int i, sent = 0;

	(void)state;
	rig_up(FAKE_82540, 16, 1);
	rig.dev.remove_at = rig.dev.reads + rig.dev.writes;
	for (i = 0; i < 100; i++)
		sent += rig_send(i) > 0;
	assert_int_equal(sent, 15);
	assert_int_equal(lem_tx_make_room(&rig.sc), 0);
	assert_int_equal(lem_tx_guard(&rig.sc), 0);
	lem_rx_flush(&rig.sc);
	assert_int_equal(lem_rx_available(&rig.sc, 100), 0);
	assert_int_equal(lem_intr_cause(&rig.sc), UINT32_MAX);
	assert_int_equal(rig_send(100), -ENODEV);
	assert_int_equal(lem_intr_dispatch(&rig.sc, 0), LEM_WORK_GONE);
	assert_int_equal(lem_intr_dispatch(&rig.sc, E1000_ICR_TXDW),
	    LEM_WORK_GONE);
	rig.sc.gone = false;
	assert_int_equal(lem_intr_dispatch(&rig.sc, UINT32_MAX), LEM_WORK_GONE);
	assert_true(rig.sc.gone);
	assert_int_equal(lem_start(&rig.sc), -ENODEV);
	assert_int_equal(lem_reset(&rig.sc), -ENODEV);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_attach_all),
		RIG_TEST(test_attach_unknown_id),
		RIG_TEST(test_attach_prefers_nvm),
		RIG_TEST(test_attach_bad_checksum),
		RIG_TEST(test_attach_bad_nvm_address),
		RIG_TEST(test_attach_no_address),
		RIG_TEST(test_dead_reset),
		RIG_TEST(test_dead_eerd),
		RIG_TEST(test_dead_eerd_256),
		RIG_TEST(test_dead_eeprom),
		RIG_TEST(test_waits_sleep),
		RIG_TEST(test_calls_that_never_sleep),
		RIG_TEST(test_resume),
		RIG_TEST(test_reset_order),
		RIG_TEST(test_reset_clears_pending),
		RIG_TEST(test_tx_ring_arguments),
		RIG_TEST(test_rx_ring_arguments),
		RIG_TEST(test_start_registers),
		RIG_TEST(test_start_order),
		RIG_TEST(test_start_buffer_sizes),
		RIG_TEST(test_start_with_modes),
		RIG_TEST(test_start_old_chip),
		RIG_TEST(test_restart),
		RIG_TEST(test_held_back),
		RIG_TEST(test_stop),
		RIG_TEST(test_remove_attach),
		RIG_TEST(test_remove_start),
		RIG_TEST(test_remove_stats),
		RIG_TEST(test_remove_link),
		RIG_TEST(test_remove_filter),
		RIG_TEST(test_remove_phy),
		RIG_TEST(test_remove_nvm),
		RIG_TEST(test_remove_settings),
		RIG_TEST(test_remove_reset_stop),
		RIG_TEST(test_remove_running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
