/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PHY behind MDIC: its registers, autonegotiation on the fake clock, forced
 * modes, resets, what STATUS makes of it; and the loopback test of Linux's
 * "ethtool -t", access by access.
 */
#include "one_host.h"

#define DELAY_NS	3000000u	/* of autonegotiation, odd on purpose */

/* Register 17, speed and duplex. */
#define M10	(0u << 14)
#define M100	(1u << 14)
#define M1000	(2u << 14)
#define MFD	(1u << 13)

static int
setup_phy(void **state)
{
	one_host_setup(state);
	h->config.link_delay_ns = DELAY_NS;
	return 0;
}

static uint32_t
mdic_access(uint32_t op, unsigned int phy, unsigned int reg, uint16_t data)
{
	host_write(h, E1000_MDIC,
	    op | phy << E1000_MDIC_PHY_SHIFT | reg << E1000_MDIC_REG_SHIFT |
		data);
	return host_read(h, E1000_MDIC);
}

static uint16_t
phy_read(unsigned int reg)
{
	uint32_t v = mdic_access(E1000_MDIC_OP_READ, E1000_PHY_ADDR, reg, 0);

	assert_int_equal(v >> 28, 1);		/* R, no I, no E */
	return v;
}

static void
phy_write(unsigned int reg, uint16_t value)
{
	uint32_t v =
	    mdic_access(E1000_MDIC_OP_WRITE, E1000_PHY_ADDR, reg, value);

	assert_int_equal(v >> 28, 1);
}

/* Power, SLU, the cable out. */
static void
phy_power(enum e82540_chip chip)
{
	h->config.chip = chip;
	assert_int_equal(e82540_init(h->dev, &h->config, h->now_ns), 0);
	host_write(h, E1000_CTRL, E1000_CTRL_SLU);
	host_read(h, E1000_ICR);
}

static void
cable_set(bool in)
{
	e82540_link_set(h->dev, h->now_ns, in);
}

static bool
status_lu(void)
{
	bool up = host_read(h, E1000_STATUS) & E1000_STATUS_LU;

	return up;
}

static uint32_t
status_mode(void)
{
	return host_read(h, E1000_STATUS) &
	    (E1000_STATUS_SPEED_MASK | E1000_STATUS_FD);
}

/* The link is down, comes up in DELAY_NS exactly, and is like this. */
static void
expect_link(uint16_t mode)
{
	assert_false(status_lu());
	assert_false(e82540_link_up(h->dev));
	host_advance(h, DELAY_NS - 1);
	assert_false(status_lu());
	host_advance(h, 1);
	assert_true(status_lu());
	assert_true(e82540_link_up(h->dev));
	assert_int_equal(phy_read(17) & 0xEC00, mode | 0x0C00);
	assert_int_equal(status_mode(),
	    (mode >> 14) << E1000_STATUS_SPEED_SHIFT |
		(mode & MFD ? E1000_STATUS_FD : 0));
	assert_int_equal(host_read(h, E1000_STATUS) & E1000_STATUS_ASDV_MASK,
	    (mode >> 14) << E1000_STATUS_ASDV_SHIFT);
}

static void
expect_no_link(void)
{
	host_advance(h, 10 * DELAY_NS);
	assert_false(status_lu());
	assert_false(e82540_link_up(h->dev));
	assert_int_equal(phy_read(17) & 0x0C00, 0);
}

/* -------------------------------------------------------------- registers */

/* 13.4.7.1: after a hardware reset, and what software can write. */
static const struct {
	uint16_t reset, mask;
} want[32] = {
	[0] = { 0x1140, 0 },		/* special */
	[1] = { 0x7949, 0 },
	[2] = { 0x0141, 0 },
	[3] = { 0x0C20, 0 },
	[4] = { 0x01E1, 0xADE0 },
	[6] = { 0x0004, 0 },
	[7] = { 0x2001, 0xB7FF },
	[9] = { 0x0E00, 0xFF00 },
	[15] = { 0x3000, 0 },
	[16] = { 0x0068, 0xFFFF },
	[18] = { 0x0000, 0xFFFF },
	[20] = { 0x0D60, 0xFFFF },
	[26] = { 0x000C, 0xFFFF },
	[29] = { 0x0000, 0xFFFF },
};

static void
expect_defaults(enum e82540_chip chip)
{
	unsigned int i;

	for (i = 0; i < 32; i++)
		assert_int_equal(phy_read(i),
		    i == 3 && chip == E82540_82544GC ? 0x0C30 : want[i].reset);
}

static void
test_defaults(void **state)
{
	unsigned int chip;

	(void)state;
	for (chip = 0; chip < 3; chip++) {
		phy_power(chip);
		expect_defaults(chip);
	}
}

static void
test_masks(void **state)
{
	static const uint16_t pattern[] = { 0x5A5A, 0xA5A5, 0, 0xFFFF };
	uint16_t expected;
	unsigned int i, p;

	(void)state;
	phy_power(E82540_82540EM);
	for (i = 1; i < 32; i++) {
		if (i == 30)
			continue;
		for (p = 0; p < 4; p++) {
			phy_write(i, pattern[p]);
			expected = (want[i].reset & ~want[i].mask) |
			    (pattern[p] & want[i].mask);
			assert_int_equal(phy_read(i), expected);
		}
	}
	/* A hardware reset brings all of them back. */
	host_write(h, E1000_CTRL, E1000_CTRL_PHY_RST);
	host_write(h, E1000_CTRL, E1000_CTRL_SLU);
	expect_defaults(E82540_82540EM);
}

/* Register 0: 15 and 9 clear themselves, 5 to 0 are reserved. */
static void
test_control_bits(void **state)
{
	(void)state;
	phy_power(E82540_82540EM);
	phy_write(0, 0x7FFF);
	assert_int_equal(phy_read(0), 0x7DC0);
	phy_write(0, 0);
	assert_int_equal(phy_read(0), 0);
	/* A soft reset keeps the mode written with it, and nothing else. */
	phy_write(0, 0xFFFF);
	assert_int_equal(phy_read(0), 0x3140);
	phy_write(0, 0x8000);
	assert_int_equal(phy_read(0), 0);
}

static void
test_soft_reset_keeps_settings(void **state)
{
	(void)state;
	phy_power(E82540_82540EM);
	phy_write(4, 0x0C00);
	phy_write(9, 0x0300);
	phy_write(16, 0x0868);
	phy_write(20, 0x0D70);
	phy_write(0, 0x9140);
	assert_int_equal(phy_read(4), 0x0C01);
	assert_int_equal(phy_read(9), 0x0300);
	assert_int_equal(phy_read(16), 0x0868);
	assert_int_equal(phy_read(20), 0x0D70);
}

/* Register 30 is another one for each value of 29. */
static void
test_pages(void **state)
{
	(void)state;
	phy_power(E82540_82545EM);
	phy_write(29, 0x001F);
	phy_write(30, 0x8FFC);
	phy_write(29, 0x001A);
	assert_int_equal(phy_read(30), 0);
	phy_write(30, 0x8FF0);
	assert_int_equal(phy_read(29), 0x001A);
	phy_write(29, 0x001F);
	assert_int_equal(phy_read(30), 0x8FFC);
	phy_write(29, 0x001A);
	assert_int_equal(phy_read(30), 0x8FF0);
	/* Beyond the last there is nothing. */
	phy_write(29, 0xFFFF);
	phy_write(30, 0x1234);
	assert_int_equal(phy_read(30), 0);
	phy_write(29, 32);
	assert_int_equal(phy_read(30), 0);
}

static void
test_mdic(void **state)
{
	struct e82540_counters before, after;
	unsigned int phy;
	uint32_t v;

	(void)state;
	phy_power(E82540_82540EM);
	for (phy = 0; phy < 32; phy++) {
		if (phy == E1000_PHY_ADDR)
			continue;
		v = mdic_access(E1000_MDIC_OP_READ, phy, 2, 0);
		assert_int_equal(v >> 28, 5);		/* R, E */
		assert_int_equal(v & 0xFFFF, 0xFFFF);
		v = mdic_access(E1000_MDIC_OP_WRITE, phy, 4, 0);
		assert_int_equal(v >> 28, 5);
	}
	assert_int_equal(phy_read(4), 0x01E1);
	/* Register, PHY and operation stay as they were written. */
	v = mdic_access(E1000_MDIC_OP_READ, 1, 2, 0x5555);
	assert_int_equal(v,
	    E1000_MDIC_R | E1000_MDIC_OP_READ | 1u << 21 | 2u << 16 | 0x0141);
	/* Neither read nor write. */
	e82540_counters(h->dev, &before, sizeof(before));
	assert_int_equal(mdic_access(0, 1, 4, 0xFFFF) >> 28, 5);
	assert_int_equal(mdic_access(3u << 26, 1, 4, 0xFFFF) >> 28, 5);
	e82540_counters(h->dev, &after, sizeof(after));
	assert_int_equal(after.bad_access, before.bad_access + 2);
	assert_int_equal(phy_read(4), 0x01E1);
	/* MDAC, if asked for. */
	assert_int_equal(host_read(h, E1000_ICR) & E1000_ICR_MDAC, 0);
	v = mdic_access(E1000_MDIC_OP_READ | E1000_MDIC_I, 1, 2, 0);
	assert_int_equal(v >> 28, 3);			/* R, I */
	assert_int_equal(host_read(h, E1000_ICR), E1000_ICR_MDAC);
}

/* -------------------------------------------------------- autonegotiation */

static void
test_negotiation(void **state)
{
	(void)state;
	phy_power(E82540_82540EM);
	expect_no_link();
	assert_int_equal(h->timer_ns, E82540_NEVER);
	cable_set(true);
	assert_int_equal(phy_read(1), 0x7949);
	assert_int_equal(phy_read(5), 0);
	assert_int_equal(host_read(h, E1000_ICR), 0);
	expect_link(M1000 | MFD);
	assert_int_equal(host_read(h, E1000_ICR), E1000_ICR_LSC);
	/* The partner: 10, 100, 1000, no PAUSE; we are master. */
	assert_int_equal(phy_read(5), 0xC1E1);
	assert_int_equal(phy_read(6), 0x000F);
	assert_int_equal(phy_read(6), 0x000D);		/* page: latched */
	assert_int_equal(phy_read(10), 0x7C00);
	/* It was down, says the first read, and the second: it is up. */
	assert_int_equal(phy_read(1), 0x7969);
	assert_int_equal(phy_read(1), 0x796D);

	cable_set(false);
	assert_false(status_lu());
	assert_int_equal(host_read(h, E1000_ICR), E1000_ICR_LSC);
	assert_int_equal(phy_read(1), 0x7949);
	assert_int_equal(phy_read(5), 0);
	assert_int_equal(phy_read(10), 0);
	expect_no_link();
	cable_set(true);
	expect_link(M1000 | MFD);
	assert_int_equal(phy_read(1), 0x7969);
}

/* A link that was lost and is back again is seen by one read. */
static void
test_link_latch(void **state)
{
	(void)state;
	phy_power(E82540_82540EM);
	cable_set(true);
	host_advance(h, DELAY_NS);
	phy_read(1);
	assert_true(phy_read(1) & E1000_PHY_STATUS_LINK);
	cable_set(false);
	cable_set(true);
	host_advance(h, DELAY_NS);
	assert_true(status_lu());
	assert_false(phy_read(1) & E1000_PHY_STATUS_LINK);
	assert_true(phy_read(1) & E1000_PHY_STATUS_LINK);
}

static void
test_cable_midway(void **state)
{
	(void)state;
	phy_power(E82540_82540EM);
	cable_set(true);
	host_advance(h, DELAY_NS - 1);
	cable_set(true);			/* it is in already */
	host_advance(h, 1);
	assert_true(status_lu());
	cable_set(true);
	assert_true(status_lu());
	cable_set(false);
	cable_set(true);
	host_advance(h, DELAY_NS - 1);
	cable_set(false);
	expect_no_link();
	cable_set(true);
	host_advance(h, DELAY_NS / 2);
	cable_set(false);
	cable_set(true);			/* all anew */
	expect_link(M1000 | MFD);
}

static void
test_advertisement(void **state)
{
	static const struct {
		uint16_t ana, gcon, mode;
	} rows[] = {
		{ 0x0DE1, 0x0300, M1000 | MFD },
		{ 0x0000, 0x0200, M1000 | MFD },
		{ 0x01E1, 0x0100, M1000 },
		{ 0x01E1, 0x0000, M100 | MFD },
		{ 0x0100, 0x0000, M100 | MFD },
		{ 0x00E0, 0x0000, M100 },
		{ 0x0060, 0x0000, M10 | MFD },
		{ 0x0020, 0x0000, M10 },
	};
	unsigned int i;

	(void)state;
	phy_power(E82540_82540EM);
	cable_set(true);
	host_advance(h, DELAY_NS);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		phy_write(4, rows[i].ana);
		phy_write(9, rows[i].gcon);
		assert_true(status_lu());	/* not before a restart */
		phy_write(0, 0x1200);
		assert_int_equal(phy_read(0), 0x1000);
		expect_link(rows[i].mode);
		/* The partner tells of 1000 only if we advertise it. */
		assert_int_equal(phy_read(10), rows[i].gcon ? 0x3C00 : 0);
	}
	phy_write(4, 0);
	phy_write(9, 0);
	phy_write(0, 0x1200);
	expect_no_link();
	phy_write(4, 0x01E1);
	phy_write(0, 0x1200);
	expect_link(M100 | MFD);
}

/* 802.3, 40.5.2 */
static void
test_master(void **state)
{
	static const struct {
		uint16_t gcon;
		bool master;
	} rows[] = {
		{ 0x0200, false },
		{ 0x0600, true },
		{ 0x0A00, false },
		{ 0x1200, false },
		{ 0x1600, false },
		{ 0x1A00, true },
	};
	unsigned int i;

	(void)state;
	phy_power(E82540_82540EM);
	cable_set(true);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		phy_write(9, rows[i].gcon);
		phy_write(0, 0x1340);
		expect_link(M1000 | MFD);
		assert_int_equal(phy_read(10),
		    rows[i].master ? 0x7C00 : 0x3C00);
	}
}

/* ------------------------------------------------------------ forced modes */

static void
test_forced(void **state)
{
	static const struct {
		uint16_t control, mode;
	} rows[] = {
		{ 0x8000, M10 },
		{ 0x8100, M10 | MFD },
		{ 0xA000, M100 },
		{ 0xA100, M100 | MFD },
		{ 0x2300, M100 | MFD },		/* by bit 9, 11.1.3 */
		{ 0x0200, M10 },
	};
	unsigned int i;

	(void)state;
	phy_power(E82540_82540EM);
	cable_set(true);
	host_advance(h, DELAY_NS);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		phy_write(0, rows[i].control);
		expect_link(rows[i].mode);
		/* Nothing was negotiated. */
		phy_read(1);
		assert_int_equal(phy_read(1), 0x794D);
		assert_int_equal(phy_read(5), 0);
		assert_int_equal(phy_read(6), 0x0004);
	}
	/* 1000 cannot be forced on a partner that negotiates, 11.6.4. */
	phy_write(0, 0x8140);
	expect_no_link();
	phy_write(0, 0xA140);			/* 11: reserved */
	expect_no_link();
	phy_write(0, 0x1200);
	expect_link(M1000 | MFD);
}

/* 11.1.3: without reset or restart, only the loss of the link lets them in. */
static void
test_register_update(void **state)
{
	(void)state;
	phy_power(E82540_82540EM);
	cable_set(true);
	expect_link(M1000 | MFD);
	phy_write(0, 0x2100);
	assert_int_equal(phy_read(0), 0x2100);
	host_advance(h, DELAY_NS * 2);
	assert_true(status_lu());
	assert_int_equal(phy_read(17) & 0xE000, M1000 | MFD);
	cable_set(false);
	cable_set(true);
	expect_link(M100 | MFD);
}

static void
test_power_down(void **state)
{
	(void)state;
	phy_power(E82540_82540EM);
	cable_set(true);
	expect_link(M1000 | MFD);
	phy_write(0, 0x1940);
	assert_false(status_lu());
	assert_int_equal(phy_read(2), 0x0141);		/* MDIC works */
	expect_no_link();
	cable_set(false);
	cable_set(true);
	expect_no_link();
	phy_write(0, 0x1140);
	expect_link(M1000 | MFD);
	/* Down in the middle. */
	phy_write(0, 0x1340);
	host_advance(h, DELAY_NS - 1);
	phy_write(0, 0x1940);
	expect_no_link();
	phy_write(0, 0x9140);
	expect_link(M1000 | MFD);
}

static void
test_isolate(void **state)
{
	(void)state;
	phy_power(E82540_82540EM);
	cable_set(true);
	expect_link(M1000 | MFD);
	host_read(h, E1000_ICR);
	phy_write(0, 0x1540);
	assert_false(status_lu());				/* the MAC's */
	assert_true(phy_read(17) & 0x0400);		/* the PHY's */
	assert_int_equal(host_read(h, E1000_ICR), E1000_ICR_LSC);
	phy_write(0, 0x1140);
	assert_true(status_lu());
	/* Neither is it a loopback then. */
	phy_write(0, 0x4540);
	assert_int_equal(status_mode(), 0);
}

/* ---------------------------------------------------------------- resets */

/* CTRL.RST leaves the PHY alone: the link is there as soon as SLU is. */
static void
test_mac_reset(void **state)
{
	(void)state;
	h->config.no_apm = true;	/* it would set SLU */
	phy_power(E82540_82540EM);
	phy_write(16, 0x0868);
	cable_set(true);
	expect_link(M1000 | MFD);
	host_write(h, E1000_CTRL, E1000_CTRL_RST | E1000_CTRL_SLU);
	assert_false(status_lu());
	assert_true(e82540_link_up(h->dev));
	assert_int_equal(phy_read(16), 0x0868);
	host_read(h, E1000_ICR);
	host_write(h, E1000_CTRL, E1000_CTRL_SLU);
	assert_true(status_lu());
	assert_int_equal(host_read(h, E1000_ICR), E1000_ICR_LSC);
	/* Nor does it hold up a negotiation. */
	phy_write(0, 0x1340);
	host_advance(h, DELAY_NS / 2);
	host_write(h, E1000_CTRL, E1000_CTRL_RST);
	host_write(h, E1000_CTRL, E1000_CTRL_SLU);
	host_advance(h, DELAY_NS - DELAY_NS / 2 - 1);
	assert_false(status_lu());
	host_advance(h, 1);
	assert_true(status_lu());
}

static void
test_phy_reset(void **state)
{
	(void)state;
	phy_power(E82540_82544GC);
	phy_write(9, 0);
	cable_set(true);
	expect_link(M100 | MFD);
	host_write(h, E1000_CTRL, E1000_CTRL_SLU | E1000_CTRL_PHY_RST);
	host_write(h, E1000_CTRL, E1000_CTRL_SLU);
	expect_link(M1000 | MFD);
	e82540_reset(h->dev, h->now_ns);
	host_write(h, E1000_CTRL, E1000_CTRL_SLU);
	expect_link(M1000 | MFD);
}

/* --------------------------------------------------------------- the MAC */

static void
test_ctrl(void **state)
{
	const uint32_t slu = E1000_CTRL_SLU;

	(void)state;
	phy_power(E82540_82540EM);
	host_write(h, E1000_CTRL, 0);
	cable_set(true);
	host_advance(h, DELAY_NS);
	assert_false(status_lu());	/* 8.6.2.1: SLU is a must */
	assert_int_equal(host_read(h, E1000_ICR), 0);
	host_write(h, E1000_CTRL, slu);
	assert_true(status_lu());
	assert_int_equal(host_read(h, E1000_ICR), E1000_ICR_LSC);
	host_write(h, E1000_CTRL, slu | E1000_CTRL_ASDE);
	assert_int_equal(status_mode(),
	    E1000_STATUS_SPEED_1000 | E1000_STATUS_FD);
	host_write(h, E1000_CTRL,
	    slu | E1000_CTRL_FRCSPD | E1000_CTRL_SPEED_100);
	assert_int_equal(status_mode(),
	    E1000_STATUS_SPEED_100 | E1000_STATUS_FD);
	host_write(h, E1000_CTRL, slu | E1000_CTRL_FRCSPD | E1000_CTRL_FRCDPX);
	assert_int_equal(status_mode(), 0);
	host_write(h, E1000_CTRL, slu | E1000_CTRL_FRCDPX | E1000_CTRL_FD);
	assert_int_equal(status_mode(),
	    E1000_STATUS_SPEED_1000 | E1000_STATUS_FD);
	assert_int_equal(host_read(h, E1000_ICR), 0);
	host_write(h, E1000_CTRL, slu | E1000_CTRL_ILOS);
	assert_false(status_lu());
	cable_set(false);
	assert_true(status_lu());
	host_write(h, E1000_CTRL, slu);
	assert_false(status_lu());
	host_write(h, E1000_CTRL, 0);
	assert_int_equal(host_read(h, E1000_ICR), E1000_ICR_LSC);
}

/* ------------------------------------------------------- its interrupts */

static void
test_interrupts(void **state)
{
	(void)state;
	phy_power(E82540_82540EM);
	cable_set(true);
	host_advance(h, DELAY_NS);
	/* Link, done, page, duplex, speed; register 18 enables none of them. */
	assert_int_equal(host_read(h, E1000_ICR), E1000_ICR_LSC);
	assert_int_equal(phy_read(19), 0x7C00);
	assert_int_equal(phy_read(19), 0);
	phy_write(18, 0x0400);
	assert_int_equal(host_read(h, E1000_ICR), 0);
	cable_set(false);
	assert_int_equal(host_read(h, E1000_ICR),
	    E1000_ICR_LSC | E1000_ICR_PHYINT);
	assert_int_equal(phy_read(19), 0x0400);
	/* The same speed again does not set the change bits. */
	cable_set(true);
	host_advance(h, DELAY_NS);
	assert_int_equal(host_read(h, E1000_ICR),
	    E1000_ICR_LSC | E1000_ICR_PHYINT);
	assert_int_equal(phy_read(19), 0x1C00);
	phy_write(18, 0x4000);
	phy_write(9, 0);
	phy_write(0, 0x1340);
	assert_int_equal(host_read(h, E1000_ICR), E1000_ICR_LSC);
	host_advance(h, DELAY_NS);
	assert_int_equal(host_read(h, E1000_ICR),
	    E1000_ICR_LSC | E1000_ICR_PHYINT);
	/* What is pending when it is enabled comes then. */
	phy_write(18, 0);
	assert_int_equal(host_read(h, E1000_ICR), 0);
	phy_write(18, 0x0800);
	assert_int_equal(host_read(h, E1000_ICR), E1000_ICR_PHYINT);
	assert_int_equal(phy_read(19), 0x5C00);

	phy_power(E82540_82544GC);	/* bit 12 is a pin there */
	phy_write(18, 0xFFFF);
	cable_set(true);
	host_advance(h, DELAY_NS);
	assert_int_equal(host_read(h, E1000_ICR), E1000_ICR_LSC);
}

/* -------------------------------------------------------------- loopback */

static void
test_loopback_link(void **state)
{
	(void)state;
	phy_power(E82540_82540EM);
	cable_set(true);
	expect_link(M1000 | MFD);
	phy_write(0, 0x5140);
	assert_false(e82540_link_up(h->dev));	/* it breaks the link */
	expect_no_link();
	phy_write(0, 0x1140);
	expect_link(M1000 | MFD);
}

#define TX_RING		HOST_RAM
#define RX_RING		(HOST_RAM + 0x2000)
#define TX_BUF(i)	(HOST_RAM + 0x10000 + (i) * 0x400)
#define RX_BUF(i)	(HOST_RAM + 0x60000 + (i) * 0x800)
#define RING		256u
#define FRAME_BYTES	1024u

static void
loopback_rings(void)
{
	struct e1000_tx_desc tx = {
		.length = FRAME_BYTES,
		.cmd =
		    E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS | E1000_TXD_CMD_RPS,
	};
	struct e1000_rx_desc rx = { .length = 0 };
	unsigned int i;

	host_write(h, E1000_TDBAL, TX_RING);
	host_write(h, E1000_TDBAH, 0);
	host_write(h, E1000_TDLEN, RING * 16);
	host_write(h, E1000_TDH, 0);
	host_write(h, E1000_TDT, 0);
	host_write(h, E1000_TCTL,
	    E1000_TCTL_PSP | E1000_TCTL_EN | E1000_TCTL_CT_DEFAULT |
		E1000_TCTL_COLD_FD);
	for (i = 0; i < RING; i++) {
		tx.buffer_addr = TX_BUF(i);
		memcpy(host_ram(h, TX_RING + i * 16), &tx, 16);
	}
	host_write(h, E1000_RCTL, host_read(h, E1000_RCTL) & ~E1000_RCTL_EN);
	host_write(h, E1000_RDBAL, RX_RING);
	host_write(h, E1000_RDBAH, 0);
	host_write(h, E1000_RDLEN, RING * 16);
	host_write(h, E1000_RDH, 0);
	host_write(h, E1000_RDT, 0);
	host_write(h, E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_BAM);
	for (i = 0; i < RING; i++) {
		rx.buffer_addr = RX_BUF(i);
		memcpy(host_ram(h, RX_RING + i * 16), &rx, 16);
		memset(host_ram(h, RX_BUF(i)), 0, 2048);
	}
}

static void
loopback_phy(void)
{
	phy_write(16, 0x0808);		/* no automatic crossover */
	phy_write(0, 0x9140);		/* reset, so that it takes effect */
	phy_write(0, 0x8140);		/* no negotiation */
	phy_write(0, 0x4140);		/* 1000, full duplex, loopback */
	host_write(h, E1000_CTRL,
	    (host_read(h, E1000_CTRL) & ~E1000_CTRL_SPEED_MASK) |
		E1000_CTRL_FRCSPD | E1000_CTRL_FRCDPX | E1000_CTRL_SPEED_1000 |
		E1000_CTRL_FD | E1000_CTRL_ILOS);
	phy_write(29, 0x001F);		/* the receiver off */
	phy_write(30, 0x8FFC);
	phy_write(29, 0x001A);
	phy_write(30, 0x8FF0);
	h->now_ns += 500000;
}

static void
loopback_run(void)
{
	unsigned int round, i, good, k = 0, l = 0, n;
	uint8_t *p;

	host_write(h, E1000_RDT, RING - 1);
	for (round = 0; round <= RING / 64 * 2 + 1; round++) {
		for (i = 0; i < 64; i++) {
			p = host_ram(h, TX_BUF(i));
			memset(p, 0xFF, FRAME_BYTES);
			memset(p + 512, 0xAA, 511);
			p[522] = 0xBE;
			p[524] = 0xAF;
			p = host_ram(h, TX_BUF(k));
			memcpy(p, host_ram(h, TX_BUF(i)), FRAME_BYTES);
			k = (k + 1) % RING;
		}
		host_write(h, E1000_TDT, k);
		host_read(h, E1000_STATUS);
		host_advance(h, 200000000);
		/* RDT stays: later rounds find what the first ones left. */
		for (good = n = 0; good < 64 && n < RING; n++) {
			p = host_ram(h, RX_BUF(l));
			good +=
			    p[3] == 0xFF && p[522] == 0xBE && p[524] == 0xAF;
			l = (l + 1) % RING;
		}
		assert_int_equal(good, 64);
		if (round == 0)
			assert_int_equal(host_read(h, E1000_RDH), 64);
		if (round == 3)
			assert_int_equal(host_read(h, E1000_RDH), RING - 1);
	}
	assert_int_equal(h->packets, 0);	/* not on the wire */
}

static void
loopback_end(void)
{
	uint16_t control;

	host_write(h, E1000_RCTL,
	    host_read(h, E1000_RCTL) & ~E1000_RCTL_LBM_MASK);
	control = phy_read(0);
	assert_int_equal(control, 0x4140);
	phy_write(0, control & ~E1000_PHY_CTRL_LOOPBACK);
	phy_write(0, phy_read(0) | E1000_PHY_CTRL_RESET);
	/* Then the driver starts anew. */
	host_write(h, E1000_CTRL, host_read(h, E1000_CTRL) | E1000_CTRL_RST);
	host_write(h, E1000_CTRL, E1000_CTRL_SLU);
	phy_write(16, 0x0868);
	phy_write(0, phy_read(0) | E1000_PHY_CTRL_RESET);
	phy_write(4, 0x0DE1);
	phy_write(9, 0x0E00);
	phy_write(0, phy_read(0) | 0x1200);
}

/* drivers/net/ethernet/intel/e1000: e1000_loopback_test(). */
static void
test_ethtool_loopback(void **state)
{
	unsigned int i;

	(void)state;
	/* Three chips, without and with a cable. */
	for (i = 0; i < 6; i++) {
		h->config.chip = i % 3;
		host_power(h);
		cable_set(i >= 3);
		host_advance(h, DELAY_NS);
		host_write(h, E1000_IMC, 0xFFFFFFFF);
		host_write(h, E1000_CTRL, E1000_CTRL_RST);
		host_write(h, E1000_CTRL, E1000_CTRL_SLU);
		loopback_rings();
		loopback_phy();
		assert_true(status_lu());
		assert_int_equal(status_mode(),
		    E1000_STATUS_SPEED_1000 | E1000_STATUS_FD);
		loopback_run();
		loopback_end();
		cable_set(true);
		expect_link(M1000 | MFD);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_phy, one_host_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_defaults),
		TEST(test_masks),
		TEST(test_control_bits),
		TEST(test_soft_reset_keeps_settings),
		TEST(test_pages),
		TEST(test_mdic),
		TEST(test_negotiation),
		TEST(test_link_latch),
		TEST(test_cable_midway),
		TEST(test_advertisement),
		TEST(test_master),
		TEST(test_forced),
		TEST(test_register_update),
		TEST(test_power_down),
		TEST(test_isolate),
		TEST(test_mac_reset),
		TEST(test_phy_reset),
		TEST(test_ctrl),
		TEST(test_interrupts),
		TEST(test_loopback_link),
		TEST(test_ethtool_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
