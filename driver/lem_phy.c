/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EEPROM and PHY: two serial buses behind registers.
 *
 * Both have a fast way (EERD, MDIC) and a slow one (software moves the wires,
 * through EECD and, on the 82543, CTRL).  Every clock edge moved by software is
 * a register access, and so an exit: where there is a fast way, it is tried
 * first.  The delay between two edges is too short to sleep.
 */
#include "lem_impl.h"

#define NVM_EERD_TIMEOUT_US	500u
#define NVM_GRANT_TIMEOUT_US	5000u
#define MDIC_TIMEOUT_US		3200u	/* 64 us on the wire, 13.4.7 */
#define NVM_WIRE_DELAY_US	50u
#define NVM_WRITE_TIMEOUT_US	20000u
#define MDIO_DELAY_US		10u
#define MDIO_PREAMBLE_BITS	32u

/* ---------------------------------------------------------------- EEPROM */

/* EERD (13.4.4); the 82543 and 82544 do not have it. */
static int
nvm_read_eerd(struct lem *sc, uint16_t word, uint16_t *value)
{
	uint32_t eerd;
	int error;

	lem_write(sc, E1000_EERD,
	    E1000_EERD_START | (uint32_t)word << E1000_EERD_ADDR_SHIFT);
	error = lem_wait(sc, E1000_EERD, E1000_EERD_DONE, E1000_EERD_DONE,
	    NVM_EERD_TIMEOUT_US);
	if (error != 0)
		return error;
	eerd = lem_read(sc, E1000_EERD);
	*value = (uint16_t)(eerd >> E1000_EERD_DATA_SHIFT);
	return eerd == UINT32_MAX ? lem_check_present(sc) : 0;
}

static unsigned int
nvm_addr_bits(const struct lem *sc)
{
	return sc->nvm_words == 256 ? E1000_NVM_ADDR_BITS_256 :
				      E1000_NVM_ADDR_BITS_64;
}

/* One edge of the Microwire clock; data is stable around it (5.3.1). */
static void
nvm_clock(struct lem *sc, uint32_t *eecd, bool high)
{
	*eecd = high ? *eecd | E1000_EECD_SK : *eecd & ~E1000_EECD_SK;
	lem_write(sc, E1000_EECD, *eecd);
	lem_os_udelay(&sc->os, NVM_WIRE_DELAY_US);
}

static void
nvm_shift_out(struct lem *sc, uint32_t *eecd, uint32_t bits, unsigned int n)
{
	while (n-- > 0) {
		*eecd &= ~E1000_EECD_DI;
		if (bits >> n & 1)
			*eecd |= E1000_EECD_DI;
		nvm_clock(sc, eecd, false);
		nvm_clock(sc, eecd, true);
	}
	*eecd &= ~E1000_EECD_DI;
	nvm_clock(sc, eecd, false);
}

static uint16_t
nvm_shift_in(struct lem *sc, uint32_t *eecd)
{
	uint16_t value = 0;
	unsigned int n;

	for (n = 0; n < 16; n++) {
		nvm_clock(sc, eecd, true);
		value = (uint16_t)(value << 1);
		if (lem_read(sc, E1000_EECD) & E1000_EECD_DO)
			value |= 1;
		nvm_clock(sc, eecd, false);
	}
	return value;
}

/*
 * Software may move the wires only while GNT is set (13.4.3).  The grant bits
 * came with the 82540; before it, software has the bus for itself.
 */
static int
nvm_acquire(struct lem *sc, uint32_t *eecd)
{
	int error = 0;

	*eecd = lem_read(sc, E1000_EECD);
	if (*eecd == UINT32_MAX) {
		lem_store(&sc->gone, true);
		return -ENODEV;
	}
	if (sc->chip >= LEM_82540) {
		*eecd |= E1000_EECD_REQ;
		lem_write(sc, E1000_EECD, *eecd);
		error = lem_wait(sc, E1000_EECD, E1000_EECD_GNT, E1000_EECD_GNT,
		    NVM_GRANT_TIMEOUT_US);
		if (error == -ETIMEDOUT)
			lem_write(sc, E1000_EECD, *eecd & ~E1000_EECD_REQ);
	}
	*eecd &= ~(E1000_EECD_SK | E1000_EECD_DI | E1000_EECD_CS);
	return error;
}

/* Deselect, give the EEPROM one clock to notice, and give the bus back. */
static void
nvm_release(struct lem *sc, uint32_t *eecd)
{
	*eecd &= ~(E1000_EECD_CS | E1000_EECD_DI);
	nvm_clock(sc, eecd, true);
	nvm_clock(sc, eecd, false);
	if (sc->chip >= LEM_82540)
		lem_write(sc, E1000_EECD, *eecd & ~E1000_EECD_REQ);
}

static int
nvm_read_wires(struct lem *sc, uint16_t word, uint16_t *value)
{
	uint32_t eecd;
	int error;

	error = nvm_acquire(sc, &eecd);
	if (error != 0)
		return error;
	eecd |= E1000_EECD_CS;
	nvm_clock(sc, &eecd, false);
	nvm_shift_out(sc, &eecd, E1000_NVM_OPCODE_READ, E1000_NVM_OPCODE_BITS);
	nvm_shift_out(sc, &eecd, word, nvm_addr_bits(sc));
	*value = nvm_shift_in(sc, &eecd);
	nvm_release(sc, &eecd);
	return lem_check_present(sc);	/* all ones: there was no device */
}

int
lem_nvm_read(struct lem *sc, uint16_t word, uint16_t *value)
{
	int error;

	if (sc->nvm_words == 0)
		sc->nvm_words = sc->chip >= LEM_82540 &&
			lem_read(sc, E1000_EECD) & E1000_EECD_SIZE ?
		    256 :
		    64;
	if (word >= sc->nvm_words)
		return -EINVAL;
	if (sc->chip >= LEM_82540 && !sc->eerd_dead) {
		error = nvm_read_eerd(sc, word, value);
		if (error != -ETIMEDOUT)
			return error;
		sc->eerd_dead = true;	/* as in bhyve: ask only once */
	}
	return nvm_read_wires(sc, word, value);
}

int
lem_nvm_check(struct lem *sc)
{
	uint16_t sum = 0, value, word;
	int error;

	for (word = 0; word <= E1000_NVM_CHECKSUM_WORD; word++) {
		error = lem_nvm_read(sc, word, &value);
		if (error != 0)
			return error;
		sum = (uint16_t)(sum + value);
	}
	return sum == E1000_NVM_CHECKSUM ? 0 : -EIO;
}

/* An instruction without data: writes on, writes off. */
static void
nvm_switch(struct lem *sc, uint32_t *eecd, uint32_t opcode)
{
	*eecd |= E1000_EECD_CS;
	nvm_clock(sc, eecd, false);
	nvm_shift_out(sc, eecd, opcode, E1000_NVM_OPCODE_BITS + 2);
	nvm_shift_out(sc, eecd, 0, nvm_addr_bits(sc) - 2);
	*eecd &= ~E1000_EECD_CS;
	nvm_clock(sc, eecd, false);
}

/* Select it again; DO is high when the word is programmed (5.3.1). */
static int
nvm_programmed(struct lem *sc, uint32_t *eecd)
{
	int error;

	*eecd |= E1000_EECD_CS;
	nvm_clock(sc, eecd, false);
	error = lem_wait(sc, E1000_EECD, E1000_EECD_DO, E1000_EECD_DO,
	    NVM_WRITE_TIMEOUT_US);
	*eecd &= ~E1000_EECD_CS;
	nvm_clock(sc, eecd, false);
	return error;
}

static int
nvm_write_wires(struct lem *sc, uint16_t word, uint16_t value)
{
	uint32_t eecd;
	int error;

	error = nvm_acquire(sc, &eecd);
	if (error != 0)
		return error;
	nvm_switch(sc, &eecd, E1000_NVM_OPCODE_EWEN);
	eecd |= E1000_EECD_CS;
	nvm_clock(sc, &eecd, false);
	nvm_shift_out(sc, &eecd, E1000_NVM_OPCODE_WRITE, E1000_NVM_OPCODE_BITS);
	nvm_shift_out(sc, &eecd, word, nvm_addr_bits(sc));
	nvm_shift_out(sc, &eecd, value, 16);
	eecd &= ~E1000_EECD_CS;
	nvm_clock(sc, &eecd, false);
	error = nvm_programmed(sc, &eecd);
	if (error != -ENODEV)
		nvm_switch(sc, &eecd, E1000_NVM_OPCODE_EWDS);
	nvm_release(sc, &eecd);
	return error;
}

int
lem_nvm_write(struct lem *sc, uint16_t word, uint16_t value)
{
	uint16_t now;
	int error;

	error = lem_nvm_read(sc, word, &now);
	if (error != 0 || now == value)
		return error;
	error = nvm_write_wires(sc, word, value);
	if (error == 0 || error == -ETIMEDOUT)
		error = lem_nvm_read(sc, word, &now);
	return error != 0 ? error : now == value ? 0 : -EIO;
}

int
lem_nvm_seal(struct lem *sc)
{
	uint16_t sum = 0, value, word;
	int error;

	for (word = 0; word < E1000_NVM_CHECKSUM_WORD; word++) {
		error = lem_nvm_read(sc, word, &value);
		if (error != 0)
			return error;
		sum = (uint16_t)(sum + value);
	}
	return lem_nvm_write(sc, E1000_NVM_CHECKSUM_WORD,
	    (uint16_t)(E1000_NVM_CHECKSUM - sum));
}

/* ------------------------------------------------------------------- PHY */

static int
phy_mdic(struct lem *sc, uint32_t command, uint16_t *value)
{
	uint32_t mdic;
	int error;

	lem_write(sc, E1000_MDIC, command);
	error = lem_wait(sc, E1000_MDIC, E1000_MDIC_R, E1000_MDIC_R,
	    MDIC_TIMEOUT_US);
	if (error != 0)
		return error;
	mdic = lem_read(sc, E1000_MDIC);
	if (mdic & E1000_MDIC_E)
		return -EIO;
	*value = (uint16_t)(mdic & E1000_MDIC_DATA_MASK);
	return 0;
}

/*
 * The 82543 has no MDIC: its MDIO bus is two software pins of CTRL, data on pin
 * 2 and clock on pin 3 (IEEE 802.3, 22.2.4.5).
 */
static void
mdio_clock(struct lem *sc, uint32_t ctrl)
{
	lem_write(sc, E1000_CTRL, ctrl | E1000_CTRL_SDP3_DATA);
	lem_os_udelay(&sc->os, MDIO_DELAY_US);
	lem_write(sc, E1000_CTRL, ctrl & ~E1000_CTRL_SDP3_DATA);
	lem_os_udelay(&sc->os, MDIO_DELAY_US);
}

static void
mdio_shift_out(struct lem *sc, uint32_t bits, unsigned int n)
{
	uint32_t ctrl = lem_read(sc, E1000_CTRL);

	ctrl |= E1000_CTRL_SDP2_IODIR | E1000_CTRL_SDP3_IODIR;
	while (n-- > 0) {
		ctrl &= ~(E1000_CTRL_SDP2_DATA | E1000_CTRL_SDP3_DATA);
		if (bits >> n & 1)
			ctrl |= E1000_CTRL_SDP2_DATA;
		lem_write(sc, E1000_CTRL, ctrl);
		lem_os_udelay(&sc->os, MDIO_DELAY_US);
		mdio_clock(sc, ctrl);
	}
}

/*
 * Turn the bus round, then read 16 bits, most significant first.  A PHY that is
 * there answers the turnaround with a 0; without one the wire is pulled up.
 */
static int
mdio_shift_in(struct lem *sc, uint16_t *result)
{
	uint32_t ctrl = lem_read(sc, E1000_CTRL);
	uint16_t value = 0;
	unsigned int n;
	bool absent;

	ctrl &= ~(E1000_CTRL_SDP2_IODIR | E1000_CTRL_SDP2_DATA |
	    E1000_CTRL_SDP3_DATA);
	lem_write(sc, E1000_CTRL, ctrl);
	mdio_clock(sc, ctrl);
	absent = (lem_read(sc, E1000_CTRL) & E1000_CTRL_SDP2_DATA) != 0;
	for (n = 0; n < 16; n++) {
		lem_write(sc, E1000_CTRL, ctrl | E1000_CTRL_SDP3_DATA);
		lem_os_udelay(&sc->os, MDIO_DELAY_US);
		value = (uint16_t)(value << 1);
		if (lem_read(sc, E1000_CTRL) & E1000_CTRL_SDP2_DATA)
			value |= 1;
		lem_write(sc, E1000_CTRL, ctrl);
		lem_os_udelay(&sc->os, MDIO_DELAY_US);
	}
	mdio_clock(sc, ctrl);
	*result = value;
	return absent ? -EIO : 0;
}

/* Start 01, operation, PHY and register address: 14 bits. */
static uint32_t
mdio_header(bool read, uint8_t reg)
{
	return 1u << 12 | (read ? 2u : 1u) << 10 | E1000_PHY_ADDR << 5 | reg;
}

int
lem_phy_read(struct lem *sc, uint8_t reg, uint16_t *value)
{
	int error;

	if (reg > 31)
		return -EINVAL;
	if (sc->chip != LEM_82543)
		return phy_mdic(sc,
		    E1000_MDIC_OP_READ |
			E1000_PHY_ADDR << E1000_MDIC_PHY_SHIFT |
			(uint32_t)reg << E1000_MDIC_REG_SHIFT,
		    value);
	mdio_shift_out(sc, UINT32_MAX, MDIO_PREAMBLE_BITS);
	mdio_shift_out(sc, mdio_header(true, reg), 14);
	error = mdio_shift_in(sc, value);
	return lem_check_present(sc) != 0 ? -ENODEV : error;
}

int
lem_phy_write(struct lem *sc, uint8_t reg, uint16_t value)
{
	uint16_t ignored;

	if (reg > 31)
		return -EINVAL;
	if (sc->chip != LEM_82543)
		return phy_mdic(sc,
		    E1000_MDIC_OP_WRITE |
			E1000_PHY_ADDR << E1000_MDIC_PHY_SHIFT |
			(uint32_t)reg << E1000_MDIC_REG_SHIFT | value,
		    &ignored);
	mdio_shift_out(sc, UINT32_MAX, MDIO_PREAMBLE_BITS);
	/* Header, turnaround 10, data. */
	mdio_shift_out(sc, mdio_header(false, reg) << 18 | 2u << 16 | value,
	    32);
	return lem_check_present(sc);
}

int
lem_phy_renegotiate(struct lem *sc)
{
	uint16_t control;
	int error;

	error = lem_phy_read(sc, E1000_PHY_CTRL, &control);
	if (error != 0)
		return error;
	return lem_phy_write(sc, E1000_PHY_CTRL,
	    control | E1000_PHY_CTRL_AN_EN | E1000_PHY_CTRL_RESTART_AN);
}
