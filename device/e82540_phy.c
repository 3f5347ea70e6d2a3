/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The integrated PHY: a Marvell 88E1000's descendant at address 1 of MDIC
 * (13.4.7, registers 13.4.7.1, functions chapter 11), and what the MAC makes of
 * it in STATUS.
 *
 * The link.  link_start() drops it and works out what it will be, by register 0
 * as it is now: negotiated, or forced.  config.link_delay_ns later
 * e82540_phy_due() brings it up.  So the mode bits of register 0 take effect
 * only when a reset, a restart, the end of power-down or a lost link lets the
 * PHY start anew, as 11.1.3 says.
 *
 *	         link_start()              e82540_phy_due()
 *	 link  ~~~~~~~~~~\__________________________/~~~~~~~~
 *	                 |<---- link_delay_ns ---->|
 *
 * The link partner negotiates, can do 10, 100 and 1000 Mb/s in both duplexes,
 * and never advertises PAUSE (what is behind a tap does not obey it).  So
 * forced 10 and 100 Mb/s come up, by parallel detection.  Forced 1000 does not:
 * it needs a partner that is forced, too (11.6.2).
 */
#include "e82540_intr.h"
#include "e82540_pci_state.h"
#include "e82540_phy.h"
#include "e82540_time.h"
#include "e82540_wake.h"

/* Register 16 and up, as far as the model names them. */
#define REG_PAGE		29u	/* selects what register 30 is */
#define REG_WINDOW		30u

#define ANE_PAGE_RECEIVED	(1u << 1)	/* latched */
#define ANE_NEXT_PAGE		(1u << 2)	/* we support it */
#define ANE_LP_NEXT_PAGE	(1u << 3)	/* the partner supports it */
#define LPA_NEXT_PAGE		(1u << 15)
#define GCON_MASTER_MANUAL	(1u << 12)
#define GCON_MASTER		(1u << 11)
#define GCON_MULTIPORT		(1u << 10)
#define GSTATUS_MASTER		(1u << 14)
#define GSTATUS_IDLE_ERRORS	0x00FFu		/* cleared by a read */
#define M88_PAGE_RECEIVED	(1u << 12)

/* Registers 18 and 19. */
#define INT_SPEED		(1u << 14)
#define INT_DUPLEX		(1u << 13)
#define INT_PAGE		(1u << 12)
#define INT_AN_DONE		(1u << 11)
#define INT_LINK		(1u << 10)

#define CTRL_SPEED	(E1000_PHY_CTRL_SPEED_MSB | E1000_PHY_CTRL_SPEED_LSB)
#define M88_MODE (E1000_PHY_M88_STATUS_SPEED_MASK | E1000_PHY_M88_STATUS_FD)
#define M88_UP (E1000_PHY_M88_STATUS_RESOLVED | E1000_PHY_M88_STATUS_LINK)

/* What register 0 keeps over a soft reset (11.1.3). */
#define CTRL_MODE	(CTRL_SPEED | E1000_PHY_CTRL_FD | E1000_PHY_CTRL_AN_EN)
#define CTRL_MASK \
	(CTRL_MODE | E1000_PHY_CTRL_LOOPBACK | E1000_PHY_CTRL_POWER_DOWN | \
			    E1000_PHY_CTRL_ISOLATE | E1000_PHY_CTRL_COLL_TEST)

/*
 * A register's value after a hardware reset, and the bits that software can
 * write (13.4.7.1).  Registers without a row (11 to 14, 22 to 25, 27, 28, 31)
 * read 0 and ignore writes.
 */
static const struct {
	uint16_t reset, mask;
} row[32] = {
	[E1000_PHY_CTRL] = { 0x1140, CTRL_MASK },
	[E1000_PHY_STATUS] = { 0x7949, 0 },
	[E1000_PHY_ID1] = { E1000_PHY_ID1_MARVELL, 0 },
	[E1000_PHY_ID2] = { E1000_PHY_ID2_82540, 0 },
	[E1000_PHY_ANA] = { 0x01E1, 0xADE0 },
	[E1000_PHY_LPA] = { 0, 0 },
	[E1000_PHY_ANE] = { ANE_NEXT_PAGE, 0 },
	[E1000_PHY_NPT] = { 0x2001, 0xB7FF },
	[E1000_PHY_LPN] = { 0, 0 },
	[E1000_PHY_GCON] = { 0x0E00, 0xFF00 },
	[E1000_PHY_GSTATUS] = { 0, 0 },
	[E1000_PHY_EXT_STATUS] = { 0x3000, 0 },
	[E1000_PHY_M88_CTRL] = { 0x0068, 0xFFFF },
	[E1000_PHY_M88_STATUS] = { 0, 0 },
	[E1000_PHY_M88_INT_EN] = { 0, 0xFFFF },
	[E1000_PHY_M88_INT_STAT] = { 0, 0 },
	[E1000_PHY_M88_EXT_CTRL] = { 0x0D60, 0xFFFF },
	[E1000_PHY_M88_RXERR] = { 0, 0 },
	[26] = { 0x000C, 0xFFFF },		/* extended control 2 */
	[REG_PAGE] = { 0, 0xFFFF },
};

/* ------------------------------------------------------------------ link */

bool
e82540_phy_loopback(const struct e82540 *dev)
{
	return (dev->phy.reg[E1000_PHY_CTRL] &
		   (E1000_PHY_CTRL_LOOPBACK | E1000_PHY_CTRL_POWER_DOWN |
		       E1000_PHY_CTRL_ISOLATE)) == E1000_PHY_CTRL_LOOPBACK;
}

/*
 * Is there anything to link with?  Loopback breaks the link.  In D3 the PHY is
 * off unless it is needed to wake up (11.4.2).
 */
static bool
can_link(const struct e82540 *dev)
{
	return dev->phy.cable &&
	    !(dev->phy.reg[E1000_PHY_CTRL] &
		(E1000_PHY_CTRL_LOOPBACK | E1000_PHY_CTRL_POWER_DOWN)) &&
	    (!e82540_pci_d3(dev) || e82540_wake_enabled(dev));
}

/*
 * What we can negotiate, best first; mode: as register 17 shows it.  The
 * partner supports all of these.
 */
static const struct {
	uint8_t reg;
	uint16_t bit, mode;
} ability[] = {
	{ E1000_PHY_GCON, E1000_PHY_GCON_1000_FD,
	    E1000_PHY_M88_STATUS_SPEED_1000 | E1000_PHY_M88_STATUS_FD },
	{ E1000_PHY_GCON, E1000_PHY_GCON_1000_HD,
	    E1000_PHY_M88_STATUS_SPEED_1000 },
	{ E1000_PHY_ANA, E1000_PHY_ANA_100_FD,
	    E1000_PHY_M88_STATUS_SPEED_100 | E1000_PHY_M88_STATUS_FD },
	{ E1000_PHY_ANA, E1000_PHY_ANA_100_HD, E1000_PHY_M88_STATUS_SPEED_100 },
	{ E1000_PHY_ANA, E1000_PHY_ANA_10_FD,
	    E1000_PHY_M88_STATUS_SPEED_10 | E1000_PHY_M88_STATUS_FD },
	{ E1000_PHY_ANA, E1000_PHY_ANA_10_HD, E1000_PHY_M88_STATUS_SPEED_10 },
};

/* Speed and duplex as register 0 forces them, in the bits of register 17. */
static uint16_t
link_forced(const struct e82540 *dev)
{
	uint16_t ctrl = dev->phy.reg[E1000_PHY_CTRL], mode = 0;

	if (ctrl & E1000_PHY_CTRL_SPEED_MSB)
		mode = E1000_PHY_M88_STATUS_SPEED_1000;
	else if (ctrl & E1000_PHY_CTRL_SPEED_LSB)
		mode = E1000_PHY_M88_STATUS_SPEED_100;
	if (ctrl & E1000_PHY_CTRL_FD)
		mode |= E1000_PHY_M88_STATUS_FD;
	return mode;
}

/* What register 17 will be once the link is up; 0: the link stays down. */
static uint16_t
link_resolve(const struct e82540 *dev)
{
	const struct e82540_phy *phy = &dev->phy;
	uint16_t mode = link_forced(dev);
	unsigned int i;

	if (!phy->autoneg)
		return mode & E1000_PHY_M88_STATUS_SPEED_1000 ? 0 :
								mode | M88_UP;
	for (i = 0; i < sizeof(ability) / sizeof(ability[0]); i++)
		if (phy->reg[ability[i].reg] & ability[i].bit)
			return ability[i].mode | M88_UP | M88_PAGE_RECEIVED;
	return 0;
}

/* Set bits of register 19, and the MAC's PHYINT if register 18 enables it. */
static void
phy_event(struct e82540 *dev, uint16_t events)
{
	dev->phy.reg[E1000_PHY_M88_INT_STAT] |= events;
	if (dev->phy.reg[E1000_PHY_M88_INT_EN] & events &&
	    !E82540_IS(dev, E82540_82544GC))
		e82540_intr_set(dev, E1000_ICR_PHYINT);
}

static void
link_drop(struct e82540 *dev)
{
	uint16_t *reg = dev->phy.reg;
	bool was = dev->phy.link;

	dev->phy.link = false;
	reg[E1000_PHY_STATUS] &=
	    (uint16_t)~(E1000_PHY_STATUS_LINK | E1000_PHY_STATUS_AN_DONE);
	reg[E1000_PHY_LPA] = 0;
	reg[E1000_PHY_ANE] = ANE_NEXT_PAGE;
	reg[E1000_PHY_GSTATUS] = 0;
	/*
	 * Speed and duplex stay, without RESOLVED: e82540_phy_due() compares
	 * them with the next link's for register 19.
	 */
	reg[E1000_PHY_M88_STATUS] &= M88_MODE;
	if (was)
		phy_event(dev, INT_LINK);
}

/* Drop the link; if a link is possible, begin to establish it. */
static void
link_start(struct e82540 *dev)
{
	struct e82540_phy *phy = &dev->phy;

	link_drop(dev);
	phy->autoneg = phy->reg[E1000_PHY_CTRL] & E1000_PHY_CTRL_AN_EN;
	phy->coming = link_resolve(dev);
	if (phy->coming != 0 && can_link(dev))
		e82540_due_set(dev, E82540_DUE_LINK,
		    dev->now_ns + dev->config.link_delay_ns);
	else
		e82540_due_clear(dev, E82540_DUE_LINK);
	e82540_link_update(dev);
	dev->want_gates = true;
}

/*
 * What the link partner sent.  The end that is configured as master becomes
 * master, else the end with more ports (802.3, 40.5.2).  The partner has one
 * port, and is not configured.
 */
static void
link_partner(struct e82540 *dev)
{
	uint16_t *reg = dev->phy.reg, gcon = reg[E1000_PHY_GCON];

	reg[E1000_PHY_LPA] = LPA_NEXT_PAGE | E1000_PHY_LPA_ACK |
	    E1000_PHY_ANA_100_FD | E1000_PHY_ANA_100_HD | E1000_PHY_ANA_10_FD |
	    E1000_PHY_ANA_10_HD | E1000_PHY_ANA_SELECTOR_8023;
	reg[E1000_PHY_ANE] = ANE_NEXT_PAGE | E1000_PHY_ANE_LP_AN |
	    ANE_LP_NEXT_PAGE | ANE_PAGE_RECEIVED;
	/* The rest comes in next pages, which only 1000BASE-T uses. */
	if (!(dev->phy.coming & E1000_PHY_M88_STATUS_SPEED_1000))
		return;
	reg[E1000_PHY_GSTATUS] = E1000_PHY_GSTATUS_LP_1000_FD |
	    E1000_PHY_GSTATUS_LP_1000_HD | E1000_PHY_GSTATUS_LOCAL_RX_OK |
	    E1000_PHY_GSTATUS_REMOTE_RX_OK;
	if (gcon & GCON_MASTER_MANUAL ? gcon & GCON_MASTER :
					gcon & GCON_MULTIPORT)
		reg[E1000_PHY_GSTATUS] |= GSTATUS_MASTER;
}

void
e82540_phy_due(struct e82540 *dev)
{
	struct e82540_phy *phy = &dev->phy;
	uint16_t changed, events = INT_LINK;

	changed = phy->reg[E1000_PHY_M88_STATUS] ^ phy->coming;
	if (changed & E1000_PHY_M88_STATUS_SPEED_MASK)
		events |= INT_SPEED;
	if (changed & E1000_PHY_M88_STATUS_FD)
		events |= INT_DUPLEX;
	phy->link = true;
	phy->reg[E1000_PHY_M88_STATUS] = phy->coming;
	if (phy->autoneg) {
		events |= INT_AN_DONE | INT_PAGE;
		phy->reg[E1000_PHY_STATUS] |= E1000_PHY_STATUS_AN_DONE;
		link_partner(dev);
	}
	phy_event(dev, events);
	e82540_link_update(dev);
}

void
e82540_phy_cable(struct e82540 *dev, bool in)
{
	if (dev->phy.cable == in)
		return;
	dev->phy.cable = in;
	link_start(dev);
}

void
e82540_phy_power(struct e82540 *dev)
{
	bool tries =
	    dev->phy.link || dev->deadline[E82540_DUE_LINK] != E82540_NEVER;

	if (can_link(dev) != tries)
		link_start(dev);
}

/* ----------------------------------------------------------------- resets */

/* A hardware reset: everything but the cable. */
void
e82540_phy_reset(struct e82540 *dev)
{
	struct e82540_phy *phy = &dev->phy;
	unsigned int i;

	for (i = 0; i < 32; i++)
		phy->reg[i] = row[i].reset;
	if (E82540_IS(dev, E82540_82544GC))
		phy->reg[E1000_PHY_ID2] = E1000_PHY_ID2_82544;
	memset(phy->window, 0, sizeof(phy->window));
	link_start(dev);
}

/*
 * Bit 15 of register 0 resets states and status, not settings.  Register 0
 * itself gets the mode bits of the same write.
 */
static void
soft_reset(struct e82540 *dev, uint16_t control)
{
	uint16_t *reg = dev->phy.reg;

	reg[E1000_PHY_CTRL] = control & CTRL_MODE;
	reg[E1000_PHY_M88_INT_STAT] = 0;
	reg[E1000_PHY_M88_RXERR] = 0;
	link_start(dev);
}

/* -------------------------------------------------------------- registers */

static void
control_write(struct e82540 *dev, uint16_t value)
{
	uint16_t was = dev->phy.reg[E1000_PHY_CTRL], changed;

	if (value & E1000_PHY_CTRL_RESET) {
		soft_reset(dev, value);
		return;
	}
	dev->phy.reg[E1000_PHY_CTRL] = value & CTRL_MASK;
	changed = was ^ value;
	/* A change of loopback or power-down, on or off, restarts the link. */
	if (value & E1000_PHY_CTRL_RESTART_AN ||
	    changed & (E1000_PHY_CTRL_POWER_DOWN | E1000_PHY_CTRL_LOOPBACK))
		link_start(dev);
	else if (changed & E1000_PHY_CTRL_ISOLATE) {
		e82540_link_update(dev);
		dev->want_gates = true;
	}
}

static void
phy_write(struct e82540 *dev, unsigned int n, uint16_t value)
{
	struct e82540_phy *phy = &dev->phy;

	switch (n) {
	case E1000_PHY_CTRL:
		control_write(dev, value);
		break;
	case E1000_PHY_M88_INT_EN:
		phy->reg[n] = value;
		phy_event(dev, phy->reg[E1000_PHY_M88_INT_STAT]);
		break;
	case REG_WINDOW:
		if (phy->reg[REG_PAGE] < 32)
			phy->window[phy->reg[REG_PAGE]] = value;
		break;
	default:
		phy->reg[n] =
		    (phy->reg[n] & ~row[n].mask) | (value & row[n].mask);
		break;
	}
}

/* Some registers are latched: a read updates them for the next read. */
static uint16_t
phy_read(struct e82540 *dev, unsigned int n)
{
	struct e82540_phy *phy = &dev->phy;
	uint16_t value = phy->reg[n];

	switch (n) {
	case E1000_PHY_STATUS:
		if (phy->link)
			phy->reg[n] |= E1000_PHY_STATUS_LINK;
		break;
	case E1000_PHY_ANE:
		phy->reg[n] &= (uint16_t)~ANE_PAGE_RECEIVED;
		break;
	case E1000_PHY_GSTATUS:
		phy->reg[n] &= (uint16_t)~GSTATUS_IDLE_ERRORS;
		break;
	case E1000_PHY_M88_INT_STAT:
	case E1000_PHY_M88_RXERR:
		phy->reg[n] = 0;
		break;
	case REG_WINDOW:
		value = phy->reg[REG_PAGE] < 32 ?
		    phy->window[phy->reg[REG_PAGE]] :
		    0;
		break;
	default:
		break;
	}
	return value;
}

/*
 * 13.4.7.  The chip needs 64 us; the model is done at once.  There is no PHY at
 * other addresses: E is set, and a read returns all ones, as from a wire that
 * is pulled up.
 */
void
e82540_mdic_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	unsigned int phy =
	    (value & E1000_MDIC_PHY_MASK) >> E1000_MDIC_PHY_SHIFT;
	unsigned int n = (value & E1000_MDIC_REG_MASK) >> E1000_MDIC_REG_SHIFT;
	uint32_t op = value & E1000_MDIC_OP_MASK;
	uint32_t data = value & E1000_MDIC_DATA_MASK;
	bool bad = op != E1000_MDIC_OP_READ && op != E1000_MDIC_OP_WRITE;
	bool there = !bad && phy == E1000_PHY_ADDR;

	if (bad)
		e82540_bad_access(dev, E82540_BAD_WRITE, offset, value);
	if (op == E1000_MDIC_OP_READ)
		data = there ? phy_read(dev, n) : E1000_MDIC_DATA_MASK;
	else if (there)
		phy_write(dev, n, data);
	value &= E1000_MDIC_REG_MASK | E1000_MDIC_PHY_MASK |
	    E1000_MDIC_OP_MASK | E1000_MDIC_I;
	value |= data | E1000_MDIC_R;
	e82540_reg_set(dev, offset, there ? value : value | E1000_MDIC_E);
	if (value & E1000_MDIC_I)
		e82540_intr_set(dev, E1000_ICR_MDAC);
}

/* --------------------------------------------------------------- the MAC */

/*
 * 13.4.2, 8.6.2: the MAC takes note of the PHY's link only with SLU.  ILOS
 * inverts the PHY's signal; drivers use it to have a link in PHY loopback.
 * Speed and duplex are the PHY's, with or without ASDE, unless CTRL forces
 * them.  They are 0 while the PHY has no link.
 */
static uint32_t
mac_status(const struct e82540 *dev)
{
	uint32_t ctrl = e82540_reg(dev, E1000_CTRL), status = 0, speed = 0;
	const struct e82540_phy *phy = &dev->phy;
	uint16_t mode = 0;
	bool signal =
	    phy->link && !(phy->reg[E1000_PHY_CTRL] & E1000_PHY_CTRL_ISOLATE);

	if (e82540_phy_loopback(dev))
		mode = link_forced(dev);
	else if (signal)
		mode = phy->reg[E1000_PHY_M88_STATUS];
	speed = (mode & E1000_PHY_M88_STATUS_SPEED_MASK) /
	    E1000_PHY_M88_STATUS_SPEED_100;
	status |= speed << E1000_STATUS_ASDV_SHIFT;
	if (ctrl & E1000_CTRL_FRCSPD)
		speed =
		    (ctrl & E1000_CTRL_SPEED_MASK) >> E1000_CTRL_SPEED_SHIFT;
	status |= speed << E1000_STATUS_SPEED_SHIFT;
	if (ctrl & E1000_CTRL_FRCDPX ? ctrl & E1000_CTRL_FD :
				       mode & E1000_PHY_M88_STATUS_FD)
		status |= E1000_STATUS_FD;
	if (ctrl & E1000_CTRL_SLU && signal != !!(ctrl & E1000_CTRL_ILOS))
		status |= E1000_STATUS_LU;
	return status;
}

void
e82540_link_update(struct e82540 *dev)
{
	const uint32_t mask = E1000_STATUS_FD | E1000_STATUS_LU |
	    E1000_STATUS_SPEED_MASK | E1000_STATUS_ASDV_MASK;
	uint32_t was = e82540_reg(dev, E1000_STATUS);
	uint32_t now = (was & ~mask) | mac_status(dev);

	e82540_reg_set(dev, E1000_STATUS, now);
	if (!((was ^ now) & E1000_STATUS_LU))
		return;
	dev->want_gates = true;
	e82540_intr_set(dev, E1000_ICR_LSC);
	e82540_wake_link(dev);
}
