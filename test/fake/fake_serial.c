/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The double's slow buses, as their slaves see them: a 93C46 or 93C66 on the
 * four wires of EECD, and an IEEE 802.3 clause 22 PHY behind MDIC or, in the
 * 82543, on two pins of CTRL.
 */
#include <string.h>

#include "fake_device.h"

#define EERD_NS		20000u
#define MDIC_NS		64000u	/* 64 bits at 1 MHz, 13.4.7 */
#define NVM_NS		5000000u	/* a word is programmed */
#define SK_MIN_NS	1000u	/* 93C46 at 5 V: 250 ns to 1 us high or low */
#define MDC_MIN_NS	200u	/* 22.2.2.11: 160 ns high or low, 400 in all */

/* ---------------------------------------------------------------- EEPROM */

enum {
	NVM_SWITCH,
	NVM_WRITE,
	NVM_READ,
	NVM_ERASE
};

void
fake_nvm_checksum(struct fake_device *dev)
{
	unsigned int i, sum = 0;

	for (i = 0; i < 63; i++)
		sum += dev->nvm[i];
	dev->nvm[63] = (uint16_t)(0xbaba - sum);
}

static bool
needs_grant(const struct fake_device *dev)
{
	return dev->chip >= FAKE_82540;
}

static bool
granted(const struct fake_device *dev)
{
	return !needs_grant(dev) ||
	    (!dev->dead_gnt && fake_peek(dev, E1000_EECD) & E1000_EECD_REQ);
}

static unsigned int
nvm_address_bits(const struct fake_device *dev)
{
	return dev->nvm_words == 256 ? 8 : 6;
}

/*
 * Start bit, two bits of operation, the address; then READ answers, and WRITE
 * takes a word.  Operation 0 switches writes: address bits 11 on, 00 off.
 */
static void
nvm_edge(struct fake_device *dev, bool di)
{
	struct fake_wire *w = &dev->nvm_wire;
	unsigned int address_bits = nvm_address_bits(dev);

	if (w->bits == 0 && !di)
		return;		/* zeros before the start bit */
	if (w->bits == 0 && dev->now_ns < dev->nvm_busy_ns)
		fake_violation(dev, "EEPROM: busy with a word");
	if (w->bits < 3 + address_bits) {
		w->in = w->in << 1 | di;
		if (++w->bits < 3 + address_bits)
			return;
		dev->nvm_operation = w->in >> address_bits & 3;
		dev->nvm_address = w->in & (dev->nvm_words - 1u);
		if (dev->nvm_operation == NVM_ERASE)
			fake_violation(dev, "EEPROM: ERASE");
		if (dev->nvm_operation != NVM_READ)
			return;
		w->out = dev->nvm[dev->nvm_address];
		w->driven = true;
		w->level = false;	/* the dummy bit */
		return;
	}
	if (dev->nvm_operation != NVM_READ) {
		w->in = w->in << 1 | di;
		w->bits++;
		return;
	}
	if (di)
		fake_violation(dev, "EEPROM: DI set while it answers");
	w->level = w->out >> 15 & 1;
	w->out = (w->out << 1) & 0xffff;
	w->bits++;
}

/* CS falls after a whole instruction. */
static void
nvm_obey(struct fake_device *dev, uint16_t word)
{
	switch (dev->nvm_operation) {
	case NVM_SWITCH:
		dev->nvm_writable =
		    dev->nvm_address >> (nvm_address_bits(dev) - 2) == 3;
		break;
	case NVM_WRITE:
		if (!dev->nvm_writable)
			fake_violation(dev, "EEPROM: WRITE while it is off");
		if (dev->nvm_read_only)
			break;
		dev->nvm[dev->nvm_address] = word;
		dev->nvm_busy_ns = dev->now_ns + NVM_NS;
		break;
	default:
		break;
	}
}

static void
nvm_deselect(struct fake_device *dev)
{
	struct fake_wire *w = &dev->nvm_wire;
	unsigned int all = 3 + nvm_address_bits(dev);

	if (w->bits != 0 && dev->nvm_operation != NVM_SWITCH)
		all += 16;
	if (w->bits != 0 && w->bits != all)
		fake_violation(dev, "EEPROM: CS dropped within a word");
	else if (w->bits != 0)
		nvm_obey(dev, w->in & 0xffff);
	w->bits = 0;
	w->in = 0;
	w->driven = false;
}

void
fake_eecd_write(struct fake_device *dev, uint32_t value)
{
	const uint32_t wires = E1000_EECD_SK | E1000_EECD_CS | E1000_EECD_DI;
	struct fake_wire *w = &dev->nvm_wire;
	uint32_t was = fake_peek(dev, E1000_EECD), now;
	bool owner = granted(dev);

	if ((value ^ was) & ~(wires | E1000_EECD_REQ | E1000_EECD_FWE_MASK) &
	    0xfffffc00)
		fake_violation(dev, "EECD: a reserved bit was changed");
	now = value & (wires | E1000_EECD_REQ | E1000_EECD_FWE_MASK);
	if (!owner) {
		if (now & wires & ~was)
			fake_violation(dev, "EECD: a wire moved, no grant");
		now &= ~wires;
	}
	fake_poke(dev, E1000_EECD, now);
	if (!(now & E1000_EECD_CS)) {
		nvm_deselect(dev);
		return;
	}
	if (!(was & E1000_EECD_CS) && now & E1000_EECD_SK)
		fake_violation(dev, "EEPROM: CS raised while SK is high");
	if (!((was ^ now) & E1000_EECD_SK))
		return;
	if (dev->now_ns - w->edge_ns < SK_MIN_NS)
		fake_violation(dev, "EEPROM: clock too fast");
	w->edge_ns = dev->now_ns;
	if (!(now & E1000_EECD_SK))
		return;
	if ((was ^ now) & E1000_EECD_DI)
		fake_violation(dev, "EEPROM: DI changed with the clock");
	nvm_edge(dev, (now & E1000_EECD_DI) != 0);
}

/* DO is high while the EEPROM does not drive it; it is low while busy. */
uint32_t
fake_eecd_read(const struct fake_device *dev)
{
	const struct fake_wire *w = &dev->nvm_wire;
	uint32_t eecd = fake_peek(dev, E1000_EECD) | E1000_EECD_PRES;
	bool busy = eecd & E1000_EECD_CS && w->bits == 0 &&
	    dev->now_ns < dev->nvm_busy_ns;

	if (dev->nvm_words == 256)
		eecd |= E1000_EECD_SIZE;
	if (needs_grant(dev) && granted(dev))
		eecd |= E1000_EECD_GNT;
	if (!busy && (!w->driven || w->level))
		eecd |= E1000_EECD_DO;
	return eecd;
}

void
fake_eerd_write(struct fake_device *dev, uint32_t value)
{
	if (fake_peek(dev, E1000_EECD) & E1000_EECD_REQ)
		fake_violation(dev, "EERD: software has the wires");
	if (!(value & E1000_EERD_START))
		return;
	if (dev->eerd_at_ns != FAKE_NEVER && dev->now_ns < dev->eerd_at_ns)
		fake_violation(dev, "EERD: written while it reads");
	if ((value & E1000_EERD_ADDR_MASK) >> E1000_EERD_ADDR_SHIFT >=
	    dev->nvm_words)
		fake_violation(dev, "EERD: no such word");
	fake_poke(dev, E1000_EERD, value & E1000_EERD_ADDR_MASK);
	dev->eerd_at_ns = dev->dead_eerd ? FAKE_NEVER : dev->now_ns + EERD_NS;
}

uint32_t
fake_eerd_read(const struct fake_device *dev)
{
	uint32_t eerd = fake_peek(dev, E1000_EERD);

	if (dev->eerd_at_ns == FAKE_NEVER || dev->now_ns < dev->eerd_at_ns)
		return eerd;
	return eerd | E1000_EERD_DONE |
	    (uint32_t)dev->nvm[eerd >> E1000_EERD_ADDR_SHIFT & 0xff]
	    << E1000_EERD_DATA_SHIFT;
}

/* ------------------------------------------------------------------- PHY */

static uint16_t
m88_status(const struct fake_device *dev)
{
	uint16_t v = E1000_PHY_M88_STATUS_RESOLVED;

	if (!dev->link_up)
		return 0;
	v |= E1000_PHY_M88_STATUS_LINK;
	if (dev->link_fd)
		v |= E1000_PHY_M88_STATUS_FD;
	if (dev->link_mbps == 1000)
		v |= E1000_PHY_M88_STATUS_SPEED_1000;
	else if (dev->link_mbps == 100)
		v |= E1000_PHY_M88_STATUS_SPEED_100;
	return v;
}

static uint16_t
phy_get(const struct fake_device *dev, unsigned int reg)
{
	return reg == E1000_PHY_M88_STATUS ? m88_status(dev) : dev->phy[reg];
}

static void
phy_set(struct fake_device *dev, unsigned int reg, uint16_t value)
{
	dev->phy_writes++;
	if (reg == E1000_PHY_STATUS || reg == E1000_PHY_ID1 ||
	    reg == E1000_PHY_ID2 || reg == E1000_PHY_M88_STATUS) {
		fake_violation(dev, "PHY: write of a read-only register");
		return;
	}
	if (reg == E1000_PHY_CTRL && value & E1000_PHY_CTRL_RESTART_AN) {
		dev->phy_restarts++;
		value &= ~E1000_PHY_CTRL_RESTART_AN;
	}
	dev->phy[reg] = value;
}

static bool
phy_answers(const struct fake_device *dev, unsigned int address)
{
	return !dev->no_phy && address == E1000_PHY_ADDR;
}

void
fake_mdic_write(struct fake_device *dev, uint32_t value)
{
	unsigned int reg =
	    (value & E1000_MDIC_REG_MASK) >> E1000_MDIC_REG_SHIFT;
	unsigned int address =
	    (value & E1000_MDIC_PHY_MASK) >> E1000_MDIC_PHY_SHIFT;
	uint32_t op = value & E1000_MDIC_OP_MASK;

	if (dev->mdic_at_ns != FAKE_NEVER && dev->now_ns < dev->mdic_at_ns)
		fake_violation(dev, "MDIC: written before it was ready");
	if (op != E1000_MDIC_OP_READ && op != E1000_MDIC_OP_WRITE)
		fake_violation(dev, "MDIC: neither read nor write");
	if (value & E1000_MDIC_R)
		fake_violation(dev, "MDIC: R written as 1");
	if (op == E1000_MDIC_OP_WRITE && phy_answers(dev, address))
		phy_set(dev, reg, (uint16_t)value);
	if (op == E1000_MDIC_OP_READ)
		value = (value & ~E1000_MDIC_DATA_MASK) |
		    (phy_answers(dev, address) ? phy_get(dev, reg) : 0xffff);
	if (!phy_answers(dev, address))
		value |= E1000_MDIC_E;
	fake_poke(dev, E1000_MDIC, value);
	dev->mdic_at_ns = dev->dead_mdic ? FAKE_NEVER : dev->now_ns + MDIC_NS;
}

uint32_t
fake_mdic_read(const struct fake_device *dev)
{
	uint32_t mdic = fake_peek(dev, E1000_MDIC);

	if (dev->mdic_at_ns == FAKE_NEVER || dev->now_ns < dev->mdic_at_ns)
		return mdic & ~(E1000_MDIC_E | E1000_MDIC_DATA_MASK);
	return mdic | E1000_MDIC_R;
}

/* --------------------------------------------- the 82543's two-wire MDIO */

/*
 * Clause 22.2.4.5, each bit taken at a rising edge of MDC: 32 ones or more; 01;
 * operation 10 (read) or 01; five bits each of PHY and register; turnaround,
 * two; data, 16.  Edges are numbered from the first bit after the ones.  What
 * the PHY drives changes just after the edge, so a bit "of" edge n is on the
 * wire between n and n + 1.
 */
static bool
mdio_is_read(const struct fake_wire *w)
{
	return (w->in >> 10 & 3) == 2;
}

static void
mdio_header(struct fake_device *dev)
{
	struct fake_wire *w = &dev->mdio_wire;
	unsigned int op = w->in >> 10 & 3;

	if (w->in >> 12 != 1)
		fake_violation(dev, "MDIO: the start is not 01");
	if (op != 1 && op != 2)
		fake_violation(dev, "MDIO: neither read nor write");
	w->driven = false;
	if (mdio_is_read(w) && phy_answers(dev, w->in >> 5 & 31))
		w->out = phy_get(dev, w->in & 31);
	else
		w->out = 0x1ffff;
}

/* Edge 15 brings the turnaround's zero, 16 to 31 the data, 32 ends it. */
static void
mdio_read_edge(struct fake_device *dev, bool host_drives)
{
	struct fake_wire *w = &dev->mdio_wire;

	if (host_drives)
		fake_violation(dev, "MDIO: both drive the wire");
	w->driven = w->bits < 32 && phy_answers(dev, w->in >> 5 & 31);
	w->level = w->out >> 16 & 1;
	w->out <<= 1;
}

static void
mdio_write_edge(struct fake_device *dev, bool host_drives, bool bit)
{
	struct fake_wire *w = &dev->mdio_wire;

	if (!host_drives)
		fake_violation(dev, "MDIO: the host does not drive its write");
	if ((w->bits == 15 && !bit) || (w->bits == 16 && bit))
		fake_violation(dev, "MDIO: the turnaround is not 10");
	w->out = w->out << 1 | bit;
	if (w->bits == 32 && phy_answers(dev, w->in >> 5 & 31))
		phy_set(dev, w->in & 31, (uint16_t)w->out);
}

static void
mdio_edge(struct fake_device *dev, bool host_drives, bool bit)
{
	struct fake_wire *w = &dev->mdio_wire;

	if (w->bits == 0 && bit) {
		dev->mdio_ones += host_drives;
		return;
	}
	if (w->bits == 0) {
		if (dev->mdio_ones < 32)
			fake_violation(dev, "MDIO: preamble too short");
		dev->mdio_ones = 0;
		w->in = 0;
	}
	w->bits++;
	if (w->bits <= 14) {
		w->in = w->in << 1 | bit;
		if (!host_drives)
			fake_violation(dev,
			    "MDIO: the host does not drive its header");
		if (w->bits == 14)
			mdio_header(dev);
	} else if (mdio_is_read(w)) {
		mdio_read_edge(dev, host_drives);
	} else {
		mdio_write_edge(dev, host_drives, bit);
	}
	if (w->bits == 32)
		w->bits = 0;
}

void
fake_mdio_pins(struct fake_device *dev, uint32_t was, uint32_t ctrl)
{
	struct fake_wire *w = &dev->mdio_wire;
	bool drives = (ctrl & E1000_CTRL_SDP2_IODIR) != 0;
	bool mdc_was = (was & E1000_CTRL_SDP3_IODIR) != 0 &&
	    (was & E1000_CTRL_SDP3_DATA) != 0;
	bool mdc = (ctrl & E1000_CTRL_SDP3_IODIR) != 0 &&
	    (ctrl & E1000_CTRL_SDP3_DATA) != 0;
	bool bit = drives ? (ctrl & E1000_CTRL_SDP2_DATA) != 0 :
			    !w->driven || w->level;

	if (mdc == mdc_was)
		return;
	if (dev->now_ns - w->edge_ns < MDC_MIN_NS)
		fake_violation(dev, "MDIO: clock too fast");
	w->edge_ns = dev->now_ns;
	if (!mdc)
		return;
	if (drives &&
	    (was ^ ctrl) & (E1000_CTRL_SDP2_DATA | E1000_CTRL_SDP2_IODIR))
		fake_violation(dev, "MDIO: data changed with the clock");
	mdio_edge(dev, drives, bit);
}

/* What a read of CTRL shows: an input pin's level, high if it is not driven. */
uint32_t
fake_mdio_level(const struct fake_device *dev, uint32_t ctrl)
{
	const struct fake_wire *w = &dev->mdio_wire;

	if (ctrl & E1000_CTRL_SDP2_IODIR)
		return ctrl;
	ctrl &= ~E1000_CTRL_SDP2_DATA;
	return !w->driven || w->level ? ctrl | E1000_CTRL_SDP2_DATA : ctrl;
}
