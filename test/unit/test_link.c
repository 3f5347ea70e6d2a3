/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Settings of the link: forced speeds, flow control, wake-up.
 */
#include "rig.h"

static uint32_t
ctrl(void)
{
	return fake_peek(&rig.dev, E1000_CTRL);
}

/* CTRL and the PHY have a forced speed, also after another start. */
static void
test_force(void **state)
{
	const uint32_t forced = E1000_CTRL_FRCSPD | E1000_CTRL_FRCDPX;
	unsigned int i, again;

	(void)state;
	for (i = 1; i < 4; i++) {
		rig_up(rig_chips[i], 64, 1);
		assert_int_equal(lem_link_force(&rig.sc, 1000, true), -EINVAL);
		assert_int_equal(lem_link_force(&rig.sc, 100, true), 0);
		for (again = 0; again < 2; again++) {
			assert_int_equal(ctrl() &
				(forced | E1000_CTRL_SPEED_MASK |
				    E1000_CTRL_FD | E1000_CTRL_ASDE),
			    forced | E1000_CTRL_SPEED_100 | E1000_CTRL_FD);
			assert_int_equal(rig.dev.phy[E1000_PHY_CTRL],
			    E1000_PHY_CTRL_RESET | E1000_PHY_CTRL_SPEED_LSB |
				E1000_PHY_CTRL_FD);
			rig.dev.phy[E1000_PHY_CTRL] = 0;
			lem_stop(&rig.sc);
			assert_int_equal(lem_start(&rig.sc), 0);
		}
		assert_int_equal(lem_link_force(&rig.sc, 10, false), 0);
		assert_int_equal(ctrl() & E1000_CTRL_SPEED_MASK, 0);
		assert_int_equal(ctrl() & E1000_CTRL_FD, 0);
		assert_int_equal(rig.dev.phy[E1000_PHY_CTRL],
		    E1000_PHY_CTRL_RESET);
		rig.dev.phy_restarts = 0;
		assert_int_equal(lem_link_force(&rig.sc, 0, false), 0);
		assert_int_equal(ctrl() & (forced | E1000_CTRL_ASDE),
		    E1000_CTRL_ASDE);
		assert_int_equal(rig.dev.phy_restarts, 1);
		rig_ok();
	}
}

/* A device that is down is told at its start. */
static void
test_force_down(void **state)
{
	uint64_t accesses;

	(void)state;
	rig_attach(FAKE_82540);
	rig_rings(16, 1, 256);
	accesses = rig.dev.reads + rig.dev.writes;
	assert_int_equal(lem_link_force(&rig.sc, 10, true), 0);
	assert_int_equal(lem_pause_set(&rig.sc, LEM_PAUSE_RX), 0);
	assert_int_equal(rig.dev.reads + rig.dev.writes, accesses);
	assert_int_equal(lem_start(&rig.sc), 0);
	assert_int_equal(ctrl() &
		(E1000_CTRL_FRCSPD | E1000_CTRL_RFCE | E1000_CTRL_TFCE),
	    E1000_CTRL_FRCSPD | E1000_CTRL_RFCE);
}

/* Flow control survives other changes of CTRL, and starts. */
static void
test_pause(void **state)
{
	const uint32_t both = E1000_CTRL_RFCE | E1000_CTRL_TFCE;

	(void)state;
	rig_up(FAKE_82540, 64, 1);
	assert_int_equal(ctrl() & both, 0);
	rig_expect_reg(E1000_FCRTH, 0);
	assert_int_equal(lem_pause_set(&rig.sc, LEM_PAUSE_TX), 0);
	assert_int_equal(ctrl() & both, E1000_CTRL_TFCE);
	assert_true(fake_peek(&rig.dev, E1000_FCRTH) >
	    (fake_peek(&rig.dev, E1000_FCRTL) & E1000_FCRTL_RTL_MASK));
	/* Room for a frame of 16384 bytes, of 48 KiB. */
	assert_true(fake_peek(&rig.dev, E1000_FCRTH) <= (48 - 16) * 1024);
	assert_true(fake_peek(&rig.dev, E1000_FCRTL) & E1000_FCRTL_XONE);
	lem_rx_mode(&rig.sc, true, false, false);
	assert_int_equal(ctrl() & (both | E1000_CTRL_VME),
	    E1000_CTRL_TFCE | E1000_CTRL_VME);
	lem_stop(&rig.sc);
	assert_int_equal(lem_reset(&rig.sc), 0);
	fake_poke(&rig.dev, E1000_FCRTH, 0);
	assert_int_equal(lem_start(&rig.sc), 0);
	assert_int_equal(ctrl() & both, E1000_CTRL_TFCE);
	assert_true(fake_peek(&rig.dev, E1000_FCRTH) != 0);
	assert_int_equal(lem_pause_set(&rig.sc, 0), 0);
	assert_int_equal(ctrl() & both, 0);
}

static void
test_wake(void **state)
{
	(void)state;
	rig_up(FAKE_82543, 64, 1);
	lem_stop(&rig.sc);
	assert_int_equal(lem_wake_set(&rig.sc, E1000_WUFC_MAG), -EOPNOTSUPP);
	rig_up(FAKE_82540, 64, 1);
	lem_stop(&rig.sc);
	assert_int_equal(lem_wake_set(&rig.sc, E1000_WUFC_MC | E1000_WUFC_ARP),
	    0);
	rig_expect_reg(E1000_WUFC, E1000_WUFC_MC | E1000_WUFC_ARP);
	rig_expect_reg(E1000_RCTL,
	    E1000_RCTL_EN | E1000_RCTL_MPE | E1000_RCTL_BAM);
	assert_true(fake_peek(&rig.dev, E1000_WUC) & E1000_WUC_PME_EN);
	lem_stop(&rig.sc);
	assert_int_equal(lem_wake_set(&rig.sc, 0), 0);
	rig_expect_reg(E1000_WUFC, 0);
	rig_expect_reg(E1000_RCTL, 0);
	assert_false(fake_peek(&rig.dev, E1000_WUC) & E1000_WUC_PME_EN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_force),
		RIG_TEST(test_force_down),
		RIG_TEST(test_pause),
		RIG_TEST(test_wake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
