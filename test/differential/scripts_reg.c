/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers one by one: what they are after reset, which bits they hold, the
 * EEPROM and the PHY behind them, configuration space.
 */
#include <stdio.h>
#include <string.h>

#include "diff.h"

/* Of a long array these elements stand for all. */
static bool
is_sample(const struct e82540_reg_info *info, unsigned int i)
{
	return i < 4 || i + 1u == info->count || i == info->count / 2u;
}

static void
reg_name(char *name, size_t len, const struct e82540_reg_info *info,
    unsigned int i)
{
	if (info->count == 1)
		snprintf(name, len, "%s", info->name);
	else
		snprintf(name, len, "%s.%u", info->name, i);
}

static void
script_reset(struct pair *p)
{
	const struct e82540_reg_info *info;
	unsigned int row, i;
	char name[48];

	for (row = 0; (info = e82540_reg_info(row)) != NULL; row++) {
		for (i = 0; i < info->count; i++) {
			if (!is_sample(info, i))
				continue;
			reg_name(name, sizeof(name), info, i);
			both_read(p, name, info->offset + i * info->stride);
		}
	}
}

/* What of a register cannot be written at random. */
static uint32_t
write_filter(uint32_t offset)
{
	switch (offset) {
	case E1000_CTRL:
	case E1000_CTRL_DUP:
		return ~(E1000_CTRL_RST | E1000_CTRL_PHY_RST);
	case E1000_CTRL_EXT:
		return ~E1000_CTRL_EXT_EE_RST;
	case E1000_RCTL:
		return ~E1000_RCTL_EN;
	case E1000_TCTL:
		return ~(E1000_TCTL_EN | E1000_TCTL_SWXOFF);
	case E1000_MDIC:
		return 0;
	default:
		return ~0u;
	}
}

/* Which bits read 1 after ones were written, and after zeros. */
static void
ones_and_zeros(struct pair *p, const char *name, uint32_t offset,
    uint32_t filter)
{
	uint32_t qemu[2], model[2];
	char a[24], b[24];

	both_write(p, offset, filter);
	qemu[0] = qemu_read(p->qemu, offset);
	model[0] = model_read(p->model, offset);
	both_write(p, offset, 0);
	qemu[1] = qemu_read(p->qemu, offset);
	model[1] = model_read(p->model, offset);
	if (qemu[0] == model[0] && qemu[1] == model[1])
		return;
	snprintf(a, sizeof(a), "%08x/%08x", qemu[0], qemu[1]);
	snprintf(b, sizeof(b), "%08x/%08x", model[0], model[1]);
	differ(p, name, a, b);
}

static void
script_write(struct pair *p)
{
	const struct e82540_reg_info *info;
	unsigned int row, i;
	uint32_t offset;
	char name[48];

	for (row = 0; (info = e82540_reg_info(row)) != NULL; row++) {
		for (i = 0; i < info->count; i++) {
			offset = info->offset + i * info->stride;
			if (!is_sample(info, i) || write_filter(offset) == 0)
				continue;
			reg_name(name, sizeof(name), info, i);
			ones_and_zeros(p, name, offset, write_filter(offset));
		}
	}
}

/* Registers of which one writes into another. */
static void
script_alias(struct pair *p)
{
	both_write(p, E1000_CTRL, E1000_CTRL_SLU | E1000_CTRL_VME);
	both_read(p, "CTRL_DUP", E1000_CTRL_DUP);
	both_write(p, E1000_CTRL_DUP, E1000_CTRL_SLU);
	both_read(p, "CTRL", E1000_CTRL);
	both_write(p, E1000_RAL(1), 0x11223344);
	both_write(p, E1000_RAH(1), E1000_RAH_AV | 0x5566);
	both_read(p, "RAL", E1000_RAL(1));
	both_read(p, "RAH", E1000_RAH(1));
	/* Beyond the map, and between registers. */
	both_write(p, 0x0fffc, 0xffffffff);
	both_read(p, "hole-0fffc", 0x0fffc);
	both_write(p, 0x00034, 0xffffffff);
	both_read(p, "hole-00034", 0x00034);
}

static void
script_eerd(struct pair *p)
{
	unsigned int word;
	char name[24];

	for (word = 0; word < 64; word++) {
		snprintf(name, sizeof(name), "word-%02x", word);
		both_write(p, E1000_EERD,
		    E1000_EERD_START | word << E1000_EERD_ADDR_SHIFT);
		both_read(p, name, E1000_EERD);
	}
	both_write(p, E1000_EERD,
	    E1000_EERD_START | 64u << E1000_EERD_ADDR_SHIFT);
	both_read(p, "beyond", E1000_EERD);
	both_write(p, E1000_EERD, 0);
	both_read(p, "no-start", E1000_EERD);
}

/* EECD: a bit to the EEPROM; DO while the clock is high, as drivers do. */
static void
bit_out(struct pair *p, uint32_t pins, bool bit, uint32_t *qemu,
    uint32_t *model)
{
	uint32_t di = bit ? E1000_EECD_DI : 0;

	both_write(p, E1000_EECD, pins | di);
	both_write(p, E1000_EECD, pins | di | E1000_EECD_SK);
	*qemu = *qemu << 1 |
	    (qemu_read(p->qemu, E1000_EECD) & E1000_EECD_DO) / E1000_EECD_DO;
	*model = *model << 1 |
	    (model_read(p->model, E1000_EECD) & E1000_EECD_DO) / E1000_EECD_DO;
	both_write(p, E1000_EECD, pins | di);
}

/* A command of `bits` bits, then read 16 or write 16. */
static void
eecd_microwire(struct pair *p, const char *name, uint32_t command,
    unsigned int bits, bool reads, uint32_t data)
{
	uint32_t pins = E1000_EECD_REQ | E1000_EECD_CS, qemu = 0, model = 0;
	unsigned int i;

	both_write(p, E1000_EECD, E1000_EECD_REQ);
	both_write(p, E1000_EECD, pins);
	for (i = bits; i-- > 0;)
		bit_out(p, pins, command >> i & 1, &qemu, &model);
	if (reads) {
		/* The dummy 0 bit comes with the last bit of the address. */
		differ_number(p, "dummy-bit", qemu & 1, model & 1);
		qemu = model = 0;
		for (i = 0; i < 16; i++)
			bit_out(p, pins, false, &qemu, &model);
		differ_number(p, name, qemu, model);
	} else if (data != ~0u) {
		for (i = 16; i-- > 0;)
			bit_out(p, pins, data >> i & 1, &qemu, &model);
	}
	both_write(p, E1000_EECD, E1000_EECD_REQ);
	both_write(p, E1000_EECD, 0);
}

static void
script_eecd(struct pair *p)
{
	unsigned int word;
	char name[24];

	both_write(p, E1000_EECD, E1000_EECD_REQ);
	both_read(p, "grant", E1000_EECD);
	for (word = 0; word < 64; word++) {
		snprintf(name, sizeof(name), "word-%02x", word);
		eecd_microwire(p, name, E1000_NVM_OPCODE_READ << 6 | word, 9,
		    true, 0);
	}
	/* Write-enable, write word 5, write-disable, and see. */
	eecd_microwire(p, "", E1000_NVM_OPCODE_EWEN << 4, 9, false, ~0u);
	eecd_microwire(p, "", E1000_NVM_OPCODE_WRITE << 6 | 0x1e, 9, false,
	    0x1234);
	both_clock(p, 20 * MS);
	eecd_microwire(p, "", E1000_NVM_OPCODE_EWDS << 4, 9, false, ~0u);
	eecd_microwire(p, "written", E1000_NVM_OPCODE_READ << 6 | 0x1e, 9, true,
	    0);
}

static void
mdic_access(struct pair *p, const char *what, uint32_t op, unsigned int phy,
    unsigned int reg, uint32_t data)
{
	both_write(p, E1000_MDIC,
	    op | phy << E1000_MDIC_PHY_SHIFT | reg << E1000_MDIC_REG_SHIFT |
		data);
	both_clock(p, MS);
	both_read(p, what, E1000_MDIC);
}

static void
script_phy(struct pair *p)
{
	unsigned int reg;
	char name[32];

	for (reg = 0; reg < 32; reg++) {
		snprintf(name, sizeof(name), "reset-%02x", reg);
		mdic_access(p, name, E1000_MDIC_OP_READ, E1000_PHY_ADDR, reg,
		    0);
	}
	/* Ones and zeros, except bits that reset, restart, or cut the link. */
	for (reg = 4; reg < 32; reg++) {
		snprintf(name, sizeof(name), "ones-%02x", reg);
		both_write(p, E1000_MDIC,
		    E1000_MDIC_OP_WRITE |
			E1000_PHY_ADDR << E1000_MDIC_PHY_SHIFT |
			reg << E1000_MDIC_REG_SHIFT | 0xffff);
		mdic_access(p, name, E1000_MDIC_OP_READ, E1000_PHY_ADDR, reg,
		    0);
		snprintf(name, sizeof(name), "zeros-%02x", reg);
		both_write(p, E1000_MDIC,
		    E1000_MDIC_OP_WRITE |
			E1000_PHY_ADDR << E1000_MDIC_PHY_SHIFT |
			reg << E1000_MDIC_REG_SHIFT);
		mdic_access(p, name, E1000_MDIC_OP_READ, E1000_PHY_ADDR, reg,
		    0);
	}
}

static void
script_mdic(struct pair *p)
{
	mdic_access(p, "write", E1000_MDIC_OP_WRITE, E1000_PHY_ADDR,
	    E1000_PHY_ANA, 0x01e1);
	mdic_access(p, "read", E1000_MDIC_OP_READ, E1000_PHY_ADDR,
	    E1000_PHY_ANA, 0);
	mdic_access(p, "other-phy", E1000_MDIC_OP_READ, 2, E1000_PHY_ID1, 0);
	mdic_access(p, "no-op", 0, E1000_PHY_ADDR, E1000_PHY_ID1, 0);
	both_peek(p, E1000_ICR);
	mdic_access(p, "interrupt", E1000_MDIC_OP_READ | E1000_MDIC_I,
	    E1000_PHY_ADDR, E1000_PHY_ID1, 0);
	both_read(p, "MDAC", E1000_ICR);
	mdic_access(p, "isolate", E1000_MDIC_OP_WRITE, E1000_PHY_ADDR,
	    E1000_PHY_CTRL, E1000_PHY_CTRL_SPEED_MSB | E1000_PHY_CTRL_FD);
	mdic_access(p, "ctrl", E1000_MDIC_OP_READ, E1000_PHY_ADDR,
	    E1000_PHY_CTRL, 0);
}

static void
autoneg_restart(struct pair *p)
{
	both_peek(p, E1000_ICR);
	both_write(p, E1000_MDIC,
	    E1000_MDIC_OP_WRITE | E1000_PHY_ADDR << E1000_MDIC_PHY_SHIFT |
		E1000_PHY_CTRL << E1000_MDIC_REG_SHIFT | E1000_PHY_CTRL_AN_EN |
		E1000_PHY_CTRL_RESTART_AN | E1000_PHY_CTRL_FD |
		E1000_PHY_CTRL_SPEED_MSB);
}

/* Restarted negotiation: down, LSC. */
static void
script_autoneg_begin(struct pair *p)
{
	autoneg_restart(p);
	both_clock(p, 100 * MS);
	both_read(p, "STATUS", E1000_STATUS);
	both_read(p, "ICR", E1000_ICR);
	mdic_access(p, "PHY", E1000_MDIC_OP_READ, E1000_PHY_ADDR,
	    E1000_PHY_STATUS, 0);
}

/* And up again, LSC. */
static void
script_autoneg(struct pair *p)
{
	autoneg_restart(p);
	both_clock(p, LINK_DELAY_NS + 100 * MS);
	both_read(p, "STATUS", E1000_STATUS);
	both_read(p, "ICR", E1000_ICR);
	mdic_access(p, "PHY-first", E1000_MDIC_OP_READ, E1000_PHY_ADDR,
	    E1000_PHY_STATUS, 0);
	mdic_access(p, "PHY", E1000_MDIC_OP_READ, E1000_PHY_ADDR,
	    E1000_PHY_STATUS, 0);
	mdic_access(p, "GSTATUS", E1000_MDIC_OP_READ, E1000_PHY_ADDR,
	    E1000_PHY_GSTATUS, 0);
	mdic_access(p, "LPA", E1000_MDIC_OP_READ, E1000_PHY_ADDR, E1000_PHY_LPA,
	    0);
	mdic_access(p, "CTRL", E1000_MDIC_OP_READ, E1000_PHY_ADDR,
	    E1000_PHY_CTRL, 0);
}

static void
script_pci(struct pair *p)
{
	uint32_t offset;
	char name[16];

	/* BARs lie where each has them. */
	for (offset = 0; offset < 256; offset += 4) {
		if (offset >= 0x10 && offset < 0x28)
			continue;
		snprintf(name, sizeof(name), "%02x", offset);
		differ_number(p, name, qemu_pci_read(p->qemu, offset),
		    model_pci_read(p->model, offset));
	}
	for (offset = 0x10; offset < 0x28; offset += 4) {
		qemu_pci_write(p->qemu, offset, ~0u);
		model_pci_write(p->model, offset, ~0u);
		snprintf(name, sizeof(name), "size-%02x", offset);
		differ_number(p, name, qemu_pci_read(p->qemu, offset),
		    model_pci_read(p->model, offset));
	}
}

static void
script_io(struct pair *p)
{
	qemu_io_write(p->qemu, E1000_IOADDR, E1000_RAL(0));
	model_io_write(p->model, E1000_IOADDR, E1000_RAL(0));
	differ_number(p, "IOADDR", qemu_io_read(p->qemu, E1000_IOADDR),
	    model_io_read(p->model, E1000_IOADDR));
	differ_number(p, "IODATA-read", qemu_io_read(p->qemu, E1000_IODATA),
	    model_io_read(p->model, E1000_IODATA));
	qemu_io_write(p->qemu, E1000_IODATA, 0x12345678);
	model_io_write(p->model, E1000_IODATA, 0x12345678);
	both_read(p, "IODATA-write", E1000_RAL(0));
}

static void
narrow_try(struct pair *p, const char *name, uint32_t offset,
    unsigned int bytes, unsigned int at)
{
	char what[48];

	both_write(p, offset, 0x44332280);
	qemu_narrow_write(p->qemu, offset + at, bytes, 0x9180);
	model_narrow_write(p->model, offset + at, bytes, 0x9180);
	snprintf(what, sizeof(what), "%s.%u.at-%u", name, bytes * 8, at);
	both_read(p, what, offset);
	snprintf(what, sizeof(what), "%s.%u.read-at-%u", name, bytes * 8, at);
	differ_number(p, what, qemu_narrow_read(p->qemu, offset + at, bytes),
	    model_narrow_read(p->model, offset + at, bytes));
}

/*
 * Accesses of 1 and 2 bytes, at each place of a register that keeps all bits,
 * one that keeps some, and a doorbell.
 */
static void
script_narrow(struct pair *p)
{
	unsigned int bytes, at;

	for (bytes = 1; bytes <= 2; bytes++)
		for (at = 0; at + bytes <= 4; at++) {
			narrow_try(p, "RAL3", E1000_RAL(3), bytes, at);
			narrow_try(p, "TDLEN", E1000_TDLEN, bytes, at);
			narrow_try(p, "TDT", E1000_TDT, bytes, at);
		}
}

/* CTRL.RST, after some registers were written (13.4.1). */
static void
script_rst(struct pair *p)
{
	static const struct {
		const char *name;
		uint32_t offset, value;
	} reg[] = {
		{ "RDLEN", E1000_RDLEN, 0x800 },
		{ "TDLEN", E1000_TDLEN, 0x800 },
		{ "TDH", E1000_TDH, 5 },
		{ "TDT", E1000_TDT, 5 },
		{ "RDH", E1000_RDH, 6 },
		{ "RDT", E1000_RDT, 7 },
		{ "RDTR", E1000_RDTR, 9 },
		{ "IMS", E1000_IMS, E1000_ICR_LSC },
		{ "RCTL", E1000_RCTL, E1000_RCTL_UPE },
		{ "TCTL", E1000_TCTL, E1000_TCTL_PSP },
		{ "ITR", E1000_ITR, 100 },
		{ "MTA", E1000_MTA(5), 0xffff },
		{ "RAL1", E1000_RAL(1), 0x55 },
		{ "VET", E1000_VET, 0x88a8 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(reg) / sizeof(reg[0]); i++)
		both_write(p, reg[i].offset, reg[i].value);
	both_write(p, E1000_ICS, E1000_ICR_RXO);
	both_write(p, E1000_CTRL, E1000_CTRL_RST | E1000_CTRL_SLU);
	both_clock(p, LINK_DELAY_NS * 2);
	both_read(p, "CTRL", E1000_CTRL);
	both_read(p, "STATUS", E1000_STATUS);
	both_read(p, "ICR", E1000_ICR);
	both_read(p, "RAL0", E1000_RAL(0));
	both_read(p, "RAH0", E1000_RAH(0));
	for (i = 0; i < sizeof(reg) / sizeof(reg[0]); i++)
		both_read(p, reg[i].name, reg[i].offset);
	both_write(p, E1000_CTRL,
	    E1000_CTRL_RST | E1000_CTRL_SLU | E1000_CTRL_VME);
	both_read(p, "CTRL-VME", E1000_CTRL);
}

const struct script scripts_reg[] = {
	{ "reset", script_reset, false, false, true },
	{ "write", script_write, false, false, false },
	{ "alias", script_alias, false, true, false },
	{ "eerd", script_eerd, false, false, false },
	{ "eecd", script_eecd, false, true, false },
	{ "phy", script_phy, false, false, false },
	{ "mdic", script_mdic, false, true, false },
	{ "autoneg-begin", script_autoneg_begin, true, true, false },
	{ "autoneg", script_autoneg, false, true, false },
	{ "pci", script_pci, false, false, false },
	{ "io", script_io, false, true, false },
	{ "narrow", script_narrow, false, true, false },
	{ "rst", script_rst, false, true, false },
	{ NULL, NULL, false, false, false },
};
