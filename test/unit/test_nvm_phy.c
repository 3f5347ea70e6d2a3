/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EEPROM and PHY.  The fake device's ends of the wires check the protocol: an
 * error in it is a violation, which ends the test.
 */
#include "rig.h"

static uint16_t
nvm(uint16_t word)
{
	uint16_t value = 0;

	assert_int_equal(lem_nvm_read(&rig.sc, word, &value), 0);
	return value;
}

static void
expect_all_words(uint16_t words)
{
	uint16_t i, value;

	for (i = 0; i < words; i++)
		assert_int_equal(nvm(i), rig.dev.nvm[i]);
	assert_int_equal(lem_nvm_read(&rig.sc, words, &value), -EINVAL);
	assert_int_equal(lem_nvm_read(&rig.sc, 0xffff, &value), -EINVAL);
	rig_ok();
}

static void
test_nvm_every_word(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		rig_attach(rig_chips[i]);
		assert_int_equal(rig.sc.nvm_words, 64);
		expect_all_words(64);
	}
	rig_reset(FAKE_82545);
	rig.dev.nvm_words = 256;
	assert_int_equal(lem_attach(&rig.sc), 0);
	assert_int_equal(rig.sc.nvm_words, 256);
	expect_all_words(256);
}

/* Where the chip has EERD, no wire is moved. */
static void
test_nvm_eerd_only(void **state)
{
	(void)state;
	rig_attach(FAKE_82540);
	fake_log_clear(&rig.dev);
	(void)nvm(5);
	assert_int_equal(fake_log_count(&rig.dev, FAKE_WRITE, E1000_EECD), 0);
	assert_int_equal(fake_log_count(&rig.dev, FAKE_WRITE, E1000_EERD), 1);
	assert_true(rig.dev.logged < 12);
}

static void
test_nvm_dead_eerd(void **state)
{
	static const uint16_t sizes[] = { 64, 256 };
	uint64_t start_ns;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		rig_reset(FAKE_82540);
		rig.dev.nvm_words = sizes[i];
		rig.dev.dead_eerd = true;
		assert_int_equal(lem_attach(&rig.sc), 0);
		start_ns = rig.dev.now_ns;
		expect_all_words(sizes[i]);
		assert_true((rig.dev.now_ns - start_ns) / sizes[i] < 5000000);
		/* The wires are given back after each word. */
		assert_int_equal(fake_peek(&rig.dev, E1000_EECD) &
			(E1000_EECD_REQ | E1000_EECD_CS),
		    0);
	}
}

static void
test_nvm_no_grant(void **state)
{
	uint64_t start_ns, accesses;
	uint16_t value;

	(void)state;
	rig_attach(FAKE_82540);
	rig.dev.dead_eerd = rig.dev.dead_gnt = true;
	start_ns = rig.dev.now_ns;
	accesses = rig.dev.reads + rig.dev.writes;
	assert_int_equal(lem_nvm_read(&rig.sc, 0, &value), -ETIMEDOUT);
	assert_true(rig.dev.now_ns - start_ns < 20000000);
	assert_true(rig.dev.reads + rig.dev.writes - accesses < 2000);
	assert_int_equal(fake_peek(&rig.dev, E1000_EECD) & E1000_EECD_REQ, 0);
	assert_false(rig.sc.gone);
	assert_int_equal(lem_nvm_check(&rig.sc), -ETIMEDOUT);
	/* It answers again: so does the driver. */
	rig.dev.dead_gnt = false;
	assert_int_equal(nvm(1), rig.dev.nvm[1]);
}

/* Other bits of EECD, the flash's, survive. */
static void
test_nvm_keeps_flash_bits(void **state)
{
	(void)state;
	rig_attach(FAKE_82540);
	rig.dev.dead_eerd = true;
	fake_poke(&rig.dev, E1000_EECD, E1000_EECD_FWE_DIS);
	assert_int_equal(nvm(3), rig.dev.nvm[3]);
	assert_int_equal(fake_peek(&rig.dev, E1000_EECD) & E1000_EECD_FWE_MASK,
	    E1000_EECD_FWE_DIS);
}

/* 5.6.35: words 0 to 3f; those beyond do not count. */
static void
test_nvm_checksum(void **state)
{
	unsigned int i;

	(void)state;
	rig_reset(FAKE_82540);
	rig.dev.nvm_words = 256;
	assert_int_equal(lem_attach(&rig.sc), 0);
	assert_int_equal(lem_nvm_check(&rig.sc), 0);
	for (i = 0; i < 64; i++) {
		rig.dev.nvm[i] ^= 0x8000;
		assert_int_equal(lem_nvm_check(&rig.sc), -EIO);
		rig.dev.nvm[i] ^= 0x8000;
	}
	rig.dev.nvm[64] ^= 1;
	assert_int_equal(lem_nvm_check(&rig.sc), 0);
}

/* Each word takes what is written, and writes are off again afterwards. */
static void
test_nvm_write(void **state)
{
	static const uint16_t values[] = { 0x5aa5, 0, 0xffff, 0x8001 };
	uint16_t word, words, was;
	unsigned int i, k;

	(void)state;
	for (i = 0; i < 5; i++) {
		words = i == 4 ? 256 : 64;
		rig_reset(i == 4 ? FAKE_82545 : rig_chips[i]);
		rig.dev.nvm_words = words;
		assert_int_equal(lem_attach(&rig.sc), 0);
		for (word = 3; word < words; word += 20) {
			was = rig.dev.nvm[word - 1];
			for (k = 0; k < RIG_COUNT(values); k++) {
				assert_int_equal(lem_nvm_write(&rig.sc, word,
						     values[k]),
				    0);
				assert_int_equal(rig.dev.nvm[word], values[k]);
			}
			assert_int_equal(rig.dev.nvm[word - 1], was);
		}
		assert_int_equal(lem_nvm_check(&rig.sc), -EIO);
		assert_int_equal(lem_nvm_seal(&rig.sc), 0);
		assert_int_equal(lem_nvm_check(&rig.sc), 0);
		assert_int_equal(lem_nvm_write(&rig.sc, words, 0), -EINVAL);
		assert_false(rig.dev.nvm_writable);
		rig_ok();
	}
}

/* The word has that value: nothing is written.  The EEPROM takes nothing. */
static void
test_nvm_write_refused(void **state)
{
	(void)state;
	rig_attach(FAKE_82540);
	fake_log_clear(&rig.dev);
	assert_int_equal(lem_nvm_write(&rig.sc, 5, rig.dev.nvm[5]), 0);
	assert_int_equal(fake_log_count(&rig.dev, FAKE_WRITE, E1000_EECD), 0);
	rig.dev.nvm_read_only = true;
	assert_int_equal(lem_nvm_write(&rig.sc, 5, rig.dev.nvm[5] ^ 1u), -EIO);
	assert_false(rig.dev.nvm_writable);
	rig.dev.nvm_read_only = false;
	rig.dev.dead_gnt = true;
	assert_int_equal(lem_nvm_write(&rig.sc, 5, rig.dev.nvm[5] ^ 1u), -EIO);
	rig_ok();
}

/* ------------------------------------------------------------------- PHY */

static void
test_phy_read(void **state)
{
	unsigned int i;
	uint16_t value;
	uint8_t reg;

	(void)state;
	for (i = 0; i < 4; i++) {
		rig_attach(rig_chips[i]);
		for (reg = 18; reg < 32; reg++)
			rig.dev.phy[reg] = (uint16_t)(0x1357 * reg);
		rig.dev.phy[30] = 0x8001;
		rig.dev.phy[31] = 0x7ffe;
		for (reg = 0; reg < 32; reg++) {
			if (reg == E1000_PHY_M88_STATUS)
				continue;
			value = 0xdead;
			assert_int_equal(lem_phy_read(&rig.sc, reg, &value), 0);
			assert_int_equal(value, rig.dev.phy[reg]);
		}
		assert_int_equal(lem_phy_read(&rig.sc, 32, &value), -EINVAL);
		assert_int_equal(lem_phy_read(&rig.sc, 255, &value), -EINVAL);
		assert_int_equal(rig.dev.phy_writes, 0);
		rig_ok();
	}
}

static void
test_phy_write(void **state)
{
	static const uint16_t values[] = { 0, 0xffff, 0x8001, 0x5aa5 };
	unsigned int i;
	uint16_t value;
	size_t k;

	(void)state;
	for (i = 0; i < 4; i++) {
		rig_attach(rig_chips[i]);
		for (k = 0; k < RIG_COUNT(values); k++) {
			assert_int_equal(lem_phy_write(&rig.sc, E1000_PHY_ANA,
					     values[k]),
			    0);
			assert_int_equal(rig.dev.phy[E1000_PHY_ANA], values[k]);
			assert_int_equal(lem_phy_read(&rig.sc, E1000_PHY_ANA,
					     &value),
			    0);
			assert_int_equal(value, values[k]);
		}
		assert_int_equal(rig.dev.phy_writes, RIG_COUNT(values));
		assert_int_equal(lem_phy_write(&rig.sc, 32, 0), -EINVAL);
		rig_ok();
	}
}

static void
test_phy_renegotiate(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		rig_attach(rig_chips[i]);
		rig.dev.phy[E1000_PHY_CTRL] = 0x0140;
		assert_int_equal(lem_phy_renegotiate(&rig.sc), 0);
		assert_int_equal(rig.dev.phy_restarts, 1);
		assert_int_equal(rig.dev.phy[E1000_PHY_CTRL], 0x1140);
		rig_ok();
	}
}

/* No PHY answers: MDIC sets E, in MDIO the turnaround stays high. */
static void
test_phy_absent(void **state)
{
	unsigned int i;
	uint16_t value;

	(void)state;
	for (i = 0; i < 4; i++) {
		rig_attach(rig_chips[i]);
		rig.dev.no_phy = true;
		assert_int_equal(lem_phy_read(&rig.sc, E1000_PHY_ID1, &value),
		    -EIO);
		assert_int_equal(lem_phy_renegotiate(&rig.sc), -EIO);
		assert_int_equal(rig.dev.phy_restarts, 0);
		assert_false(rig.sc.gone);
	}
}

static void
test_phy_dead_mdic(void **state)
{
	uint64_t start_ns, accesses;
	unsigned int i;
	uint16_t value;

	(void)state;
	for (i = 1; i < 4; i++) {
		rig_attach(rig_chips[i]);
		rig.dev.dead_mdic = true;
		start_ns = rig.dev.now_ns;
		accesses = rig.dev.reads + rig.dev.writes;
		assert_int_equal(lem_phy_read(&rig.sc, 2, &value), -ETIMEDOUT);
		assert_int_equal(lem_phy_write(&rig.sc, 4, 0), -ETIMEDOUT);
		assert_int_equal(lem_phy_renegotiate(&rig.sc), -ETIMEDOUT);
		assert_true(rig.dev.now_ns - start_ns < 20000000);
		assert_true(rig.dev.reads + rig.dev.writes - accesses < 300);
	}
}

/* Moving the 82543's pins does not change other bits of CTRL. */
static void
test_mdio_keeps_ctrl(void **state)
{
	const uint32_t pins = E1000_CTRL_SDP2_DATA | E1000_CTRL_SDP3_DATA |
	    E1000_CTRL_SDP2_IODIR | E1000_CTRL_SDP3_IODIR;
	const uint32_t others = E1000_CTRL_SLU | E1000_CTRL_FD |
	    E1000_CTRL_FRCSPD | E1000_CTRL_VME | E1000_CTRL_SDP0_DATA;
	uint16_t value;
	unsigned int i;

	(void)state;
	rig_attach(FAKE_82543);
	fake_poke(&rig.dev, E1000_CTRL, others);
	fake_log_clear(&rig.dev);
	assert_int_equal(lem_phy_read(&rig.sc, 2, &value), 0);
	assert_int_equal(lem_phy_write(&rig.sc, 4, 0x1e1), 0);
	for (i = 0; i < rig.dev.logged; i++)
		if (rig.dev.log[i].op == FAKE_WRITE)
			assert_int_equal(rig.dev.log[i].value & ~pins, others);
	assert_int_equal(fake_log_count(&rig.dev, FAKE_WRITE, E1000_MDIC), 0);
}

/* Two reads with other traffic between: no bit of one reaches the next. */
static void
test_mdio_back_to_back(void **state)
{
	uint16_t value;
	unsigned int i;

	(void)state;
	rig_attach(FAKE_82543);
	for (i = 0; i < 200; i++) {
		rig.dev.phy[20] = (uint16_t)(i * 257);
		assert_int_equal(lem_phy_read(&rig.sc, 20, &value), 0);
		assert_int_equal(value, (uint16_t)(i * 257));
		if (i % 3 == 0)
			assert_int_equal(lem_phy_write(&rig.sc, 21,
					     (uint16_t)i),
			    0);
		assert_int_equal(rig.dev.phy[21], i / 3 * 3);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_nvm_every_word),
		RIG_TEST(test_nvm_eerd_only),
		RIG_TEST(test_nvm_dead_eerd),
		RIG_TEST(test_nvm_no_grant),
		RIG_TEST(test_nvm_keeps_flash_bits),
		RIG_TEST(test_nvm_checksum),
		RIG_TEST(test_nvm_write),
		RIG_TEST(test_nvm_write_refused),
		RIG_TEST(test_phy_read),
		RIG_TEST(test_phy_write),
		RIG_TEST(test_phy_renegotiate),
		RIG_TEST(test_phy_absent),
		RIG_TEST(test_phy_dead_mdic),
		RIG_TEST(test_mdio_keeps_ctrl),
		RIG_TEST(test_mdio_back_to_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
