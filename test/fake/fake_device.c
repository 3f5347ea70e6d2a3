/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The double's registers: which accesses are allowed, what they do, in which
 * order they arrive, and the log of them.
 */
#include <stdio.h>
#include <string.h>

#include "fake_device.h"

#define RESET_NS	2000000u	/* EEPROM load included, 5.5 */
#define QUIET_NS	1000u		/* 13.4.1: no access after RST */
#define FAKE_SPIN_MAX_US 100u		/* lem_os_udelay(), driver/lem.h */

/* The device that barriers belong to: a barrier does not name one. */
static struct fake_device *current;

static const uint8_t station[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

void
fake_violation(struct fake_device *dev, const char *text)
{
	if (dev->violations++ == 0)
		(void)snprintf(dev->violation, sizeof(dev->violation), "%s",
		    text);
}

static void
violation_reg(struct fake_device *dev, const char *text, uint32_t reg)
{
	char line[96];

	(void)snprintf(line, sizeof(line), "%s %#x", text, reg);
	fake_violation(dev, line);
}

/* ------------------------------------------------------------ the making */

uint16_t
fake_device_id(enum fake_chip chip)
{
	static const uint16_t ids[] = { 0x1004, 0x100c, 0x100e, 0x100f };

	return ids[chip];
}

/* What CTRL.RST does, 13.4.1 and 14.3: all but the tables. */
static void
reset_registers(struct fake_device *dev)
{
	uint32_t tables[E1000_VFTA_COUNT + E1000_MTA_COUNT];

	memcpy(tables, &dev->reg[E1000_MTA(0) / 4], 512);
	memcpy(tables + 128, &dev->reg[E1000_VFTA(0) / 4], 512);
	memset(dev->reg, 0, sizeof(dev->reg));
	memcpy(&dev->reg[E1000_MTA(0) / 4], tables, 512);
	memcpy(&dev->reg[E1000_VFTA(0) / 4], tables + 128, 512);
	dev->icr = dev->ims = 0;
	dev->irq_next_ns = 0;
	dev->tidv_at_ns = dev->tadv_at_ns = FAKE_NEVER;
	dev->eerd_at_ns = dev->mdic_at_ns = FAKE_NEVER;
	dev->has_context = false;
	dev->building.segs = 0;
	dev->building.len_bytes = 0;
	dev->rx_rest_bytes = 0;
	dev->helds = 0;
	fake_poke(dev, E1000_MDIC, E1000_MDIC_R);
	if (dev->rar0_valid) {
		fake_poke(dev, E1000_RAL(0),
		    (uint32_t)dev->rar0[0] | (uint32_t)dev->rar0[1] << 8 |
			(uint32_t)dev->rar0[2] << 16 |
			(uint32_t)dev->rar0[3] << 24);
		fake_poke(dev, E1000_RAH(0),
		    (uint32_t)dev->rar0[4] | (uint32_t)dev->rar0[5] << 8 |
			E1000_RAH_AV);
	}
}

void
fake_init(struct fake_device *dev, enum fake_chip chip)
{
	unsigned int i;

	memset(dev, 0, offsetof(struct fake_device, rx_rest));
	current = dev;
	dev->chip = chip;
	dev->remove_at = FAKE_NEVER;
	dev->rar0_valid = true;
	memcpy(dev->rar0, station, 6);
	dev->nvm_words = 64;
	for (i = 0; i < 3; i++)
		dev->nvm[i] =
		    (uint16_t)(station[2 * i] | station[2 * i + 1] << 8);
	for (; i < 256; i++)
		dev->nvm[i] = (uint16_t)(0x9e37 * i);
	fake_nvm_checksum(dev);
	dev->phy[E1000_PHY_ID1] = E1000_PHY_ID1_MARVELL;
	dev->phy[E1000_PHY_ID2] = E1000_PHY_ID2_82540;
	dev->phy[E1000_PHY_CTRL] = 0x1140;
	dev->link_up = dev->link_fd = true;
	dev->link_mbps = 1000;
	reset_registers(dev);
}

void
fake_link(struct fake_device *dev, bool up, uint16_t mbps, bool fd)
{
	if (up != dev->link_up)
		fake_cause(dev, E1000_ICR_LSC);
	dev->link_up = up;
	dev->link_mbps = mbps;
	dev->link_fd = fd;
}

/* ---------------------------------------------------------------- memory */

void
fake_map(struct fake_device *dev, uint64_t bus, void *mem, size_t bytes)
{
	if (dev->regions == FAKE_REGIONS) {
		fake_violation(dev, "a test maps too many regions");
		return;
	}
	dev->region[dev->regions++] = (struct fake_region){ bus, mem, bytes };
}

void
fake_unmap_all(struct fake_device *dev)
{
	dev->regions = 0;
}

void *
fake_dma(struct fake_device *dev, uint64_t bus, size_t bytes)
{
	const struct fake_region *r = dev->region;
	unsigned int i;

	for (i = 0; i < dev->regions; i++, r++)
		if (bus >= r->bus && bytes <= r->bytes &&
		    bus - r->bus <= r->bytes - bytes)
			return r->mem + (bus - r->bus);
	fake_violation(dev, "DMA to an address the device was not given");
	return NULL;
}

/* ------------------------------------------------------ time, interrupts */

void
fake_cause(struct fake_device *dev, uint32_t icr)
{
	dev->icr |= icr;
}

/* Timers of TIDV and TADV, armed by fake_ring.c. */
static void
run_timers(struct fake_device *dev)
{
	if (dev->now_ns < dev->tidv_at_ns && dev->now_ns < dev->tadv_at_ns)
		return;
	dev->tidv_at_ns = dev->tadv_at_ns = FAKE_NEVER;
	fake_cause(dev, E1000_ICR_TXDW);
}

void
fake_advance_ns(struct fake_device *dev, uint64_t ns)
{
	dev->now_ns += ns;
	run_timers(dev);
}

static void
pass_time(struct fake_device *dev, unsigned int us)
{
	if (dev->hooks != NULL)
		dev->hooks->udelay(dev->arg, us);
	else
		fake_advance_ns(dev, us * 1000ull);
}

uint64_t
fake_now_ns(const struct fake_device *dev)
{
	return dev->now_ns;
}

void
fake_udelay(struct fake_device *dev, unsigned int us)
{
	if (us > FAKE_SPIN_MAX_US)
		fake_violation(dev, "a wait this long must sleep");
	pass_time(dev, us);
}

void
fake_sleep(struct fake_device *dev, unsigned int us)
{
	if (dev->no_sleep)
		fake_violation(dev, "a sleep in a call that must not");
	dev->sleeps++;
	pass_time(dev, us);
}

bool
fake_gone(const struct fake_device *dev)
{
	return dev->reads + dev->writes >= dev->remove_at;
}

bool
fake_irq(const struct fake_device *dev)
{
	return !fake_gone(dev) && (dev->icr & dev->ims) != 0 &&
	    dev->now_ns >= dev->irq_next_ns;
}

static uint32_t
icr_read(struct fake_device *dev)
{
	uint32_t icr = dev->icr;

	if (fake_irq(dev)) {
		dev->interrupts++;
		dev->irq_next_ns = dev->now_ns +
		    (uint64_t)fake_peek(dev, E1000_ITR) * E1000_ITR_UNIT_NS;
	}
	dev->icr = 0;
	return icr;
}

/* ------------------------------------------------------------------- log */

static void
log_add(struct fake_device *dev, enum fake_op op, uint32_t reg, uint32_t value)
{
	if (dev->logged < FAKE_LOG_MAX)
		dev->log[dev->logged++] =
		    (struct fake_access){ op, reg, value, dev->now_ns };
}

void
fake_log_clear(struct fake_device *dev)
{
	dev->logged = 0;
}

unsigned int
fake_log_count(const struct fake_device *dev, enum fake_op op, uint32_t reg)
{
	unsigned int i, n = 0;

	for (i = 0; i < dev->logged; i++)
		n += dev->log[i].op == op && dev->log[i].reg == reg;
	return n;
}

int
fake_log_find(const struct fake_device *dev, unsigned int from, enum fake_op op,
    uint32_t reg)
{
	unsigned int i;

	for (i = from; i < dev->logged; i++)
		if (dev->log[i].op == op && dev->log[i].reg == reg)
			return (int)i;
	return -1;
}

static void
log_barrier(enum fake_op op)
{
	if (current->hooks != NULL)
		current->hooks->barrier(current->arg, op);
	else
		log_add(current, op, 0, 0);
}

void
fake_wmb(void)
{
	log_barrier(FAKE_WMB);
}

void
fake_rmb(void)
{
	log_barrier(FAKE_RMB);
}

/* -------------------------------------------------------------- registers */

/* Registers that the 82543 and 82544 do not have. */
static bool
is_missing(const struct fake_device *dev, uint32_t reg)
{
	switch (reg) {
	case E1000_MDIC:
		return dev->chip == FAKE_82543;
	case E1000_EERD:
	case E1000_ITR:
	case E1000_RADV:
	case E1000_TADV:
	case E1000_RSRPD:
		return dev->chip < FAKE_82540;
	default:
		return false;
	}
}

static bool
is_statistic(uint32_t reg)
{
	return reg >= E1000_CRCERRS && reg <= E1000_TSCTFC;
}

static bool
is_octets_high(uint32_t reg)
{
	return reg == E1000_GORCH || reg == E1000_GOTCH || reg == E1000_TORH ||
	    reg == E1000_TOTH;
}

/* 13.7: a read clears; of a pair, that of the high half clears both. */
static uint32_t
statistic_read(struct fake_device *dev, uint32_t reg)
{
	uint32_t value = fake_peek(dev, reg);

	if (is_octets_high(reg + 4))
		return value;
	if (is_octets_high(reg))
		fake_poke(dev, reg - 4, 0);
	fake_poke(dev, reg, 0);
	return value;
}

static uint32_t
speed_bits(uint16_t mbps)
{
	return mbps == 1000 ? E1000_STATUS_SPEED_1000 :
	    mbps == 100     ? E1000_STATUS_SPEED_100 :
			  E1000_STATUS_SPEED_10;
}

/* The 82543 has only the speed and duplex that software forced on it. */
static uint32_t
status_read(const struct fake_device *dev)
{
	uint32_t ctrl = fake_peek(dev, E1000_CTRL), status = 0;

	if (dev->link_up && ctrl & E1000_CTRL_SLU)
		status |= E1000_STATUS_LU;
	if (dev->chip == FAKE_82543) {
		if (ctrl & E1000_CTRL_FRCDPX && ctrl & E1000_CTRL_FD)
			status |= E1000_STATUS_FD;
		if (ctrl & E1000_CTRL_FRCSPD)
			status |= (ctrl & E1000_CTRL_SPEED_MASK) >>
			    E1000_CTRL_SPEED_SHIFT << E1000_STATUS_SPEED_SHIFT;
		return status;
	}
	/* Without link the bits mean nothing; these chips show 10, half. */
	if (dev->link_up && dev->link_fd)
		status |= E1000_STATUS_FD;
	if (dev->link_up)
		status |= speed_bits(dev->link_mbps);
	return status;
}

static uint32_t
ctrl_read(const struct fake_device *dev)
{
	uint32_t ctrl = fake_peek(dev, E1000_CTRL);

	if (dev->now_ns < dev->reset_until_ns ||
	    (dev->dead_reset && dev->resets != 0))
		ctrl |= E1000_CTRL_RST;
	if (dev->chip == FAKE_82543)
		ctrl = fake_mdio_level(dev, ctrl);
	return ctrl;
}

static uint32_t
read_register(struct fake_device *dev, uint32_t reg)
{
	if (is_missing(dev, reg)) {
		violation_reg(dev, "read of a register the chip lacks", reg);
		return 0;
	}
	if (is_statistic(reg))
		return statistic_read(dev, reg);
	switch (reg) {
	case E1000_CTRL:
		return ctrl_read(dev);
	case E1000_STATUS:
		return status_read(dev);
	case E1000_EECD:
		return fake_eecd_read(dev);
	case E1000_EERD:
		return fake_eerd_read(dev);
	case E1000_MDIC:
		return fake_mdic_read(dev);
	case E1000_ICR:
		return icr_read(dev);
	case E1000_IMS:
		return dev->ims;
	default:
		return fake_peek(dev, reg);
	}
}

static void
ctrl_write(struct fake_device *dev, uint32_t value)
{
	uint32_t was = fake_peek(dev, E1000_CTRL);

	if (value & E1000_CTRL_RST) {
		dev->resets++;
		if (fake_peek(dev, E1000_RCTL) & E1000_RCTL_EN ||
		    fake_peek(dev, E1000_TCTL) & E1000_TCTL_EN)
			fake_violation(dev, "reset while a unit is on, 14.3");
		if (dev->dead_reset)
			return;
		reset_registers(dev);
		dev->quiet_until_ns = dev->now_ns + QUIET_NS;
		dev->reset_until_ns = dev->now_ns + RESET_NS;
		return;
	}
	fake_poke(dev, E1000_CTRL, value);
	if (dev->chip == FAKE_82543)
		fake_mdio_pins(dev, was, value);
}

/* Ring registers may not change under a running unit (13.4.25, 13.4.36). */
static void
check_ring_write(struct fake_device *dev, uint32_t reg, uint32_t value)
{
	bool rx = reg < E1000_TDBAL;
	uint32_t on = rx ? fake_peek(dev, E1000_RCTL) & E1000_RCTL_EN :
			   fake_peek(dev, E1000_TCTL) & E1000_TCTL_EN;
	uint32_t count;

	if (reg != E1000_TDT && reg != E1000_RDT) {
		if (on)
			violation_reg(dev, "ring moved under a unit", reg);
		return;
	}
	count = fake_peek(dev, rx ? E1000_RDLEN : E1000_TDLEN) / 16;
	if (value >= count)
		violation_reg(dev, "tail beyond the ring", value);
}

static void
tail_write(struct fake_device *dev, uint32_t reg, uint32_t value)
{
	check_ring_write(dev, reg, value);
	fake_poke(dev, reg, value);
	if (reg == E1000_TDT && dev->sync_tx)
		(void)fake_tx_run(dev, UINT32_MAX);
	if (reg == E1000_RDT)
		fake_rx_continue(dev);
}

static void
write_register(struct fake_device *dev, uint32_t reg, uint32_t value)
{
	switch (reg) {
	case E1000_CTRL:
		ctrl_write(dev, value);
		return;
	case E1000_EECD:
		fake_eecd_write(dev, value);
		return;
	case E1000_EERD:
		fake_eerd_write(dev, value);
		return;
	case E1000_MDIC:
		fake_mdic_write(dev, value);
		return;
	case E1000_ICR:
		dev->icr &= ~value;
		return;
	case E1000_ICS:
		fake_cause(dev, value);
		return;
	case E1000_IMS:
		dev->ims |= value;
		return;
	case E1000_IMC:
		dev->ims &= ~value;
		return;
	case E1000_TDT:
	case E1000_RDT:
		tail_write(dev, reg, value);
		return;
	case E1000_RDBAL:
	case E1000_RDBAH:
	case E1000_RDLEN:
	case E1000_RDH:
	case E1000_TDBAL:
	case E1000_TDBAH:
	case E1000_TDLEN:
	case E1000_TDH:
		check_ring_write(dev, reg, value);
		break;
	default:
		break;
	}
	fake_poke(dev, reg, value);
}

static bool
is_read_only(uint32_t reg)
{
	return is_statistic(reg) || reg == E1000_STATUS;
}

static void
write_arrives(struct fake_device *dev, uint32_t reg, uint32_t value)
{
	if (is_missing(dev, reg))
		violation_reg(dev, "write of a register the chip lacks", reg);
	else if (is_read_only(reg))
		violation_reg(dev, "write of a read-only register", reg);
	else
		write_register(dev, reg, value);
}

/* ------------------------------------------------------------- the access */

/*
 * QEMU asks KVM to collect writes to all of the register page but these (its
 * e1000_mmio_setup()).  Any exit of the guest delivers them, in order.
 */
static bool
is_held_back(uint32_t reg)
{
	switch (reg) {
	case E1000_MDIC:
	case E1000_ICR:
	case E1000_ICS:
	case E1000_IMS:
	case E1000_IMC:
	case E1000_TCTL:
	case E1000_TDT:
		return false;
	default:
		return true;
	}
}

void
fake_deliver(struct fake_device *dev)
{
	unsigned int i, n = dev->helds;

	dev->helds = 0;
	for (i = 0; i < n; i++)
		write_arrives(dev, dev->held[i].reg, dev->held[i].value);
}

/* Returns false when the device is gone. */
static bool
access_begins(struct fake_device *dev, uint32_t reg)
{
	if (fake_gone(dev))
		return false;
	if (reg >= E1000_BAR0_SIZE_BYTES || reg % 4 != 0) {
		violation_reg(dev, "no such register", reg);
		return false;
	}
	if (dev->now_ns < dev->quiet_until_ns)
		violation_reg(dev, "access within 1 us of RST", reg);
	return true;
}

uint32_t
fake_read(struct fake_device *dev, uint32_t reg)
{
	uint32_t value = UINT32_MAX;

	if (dev->hooks != NULL)
		return dev->hooks->read(dev->arg, reg);
	if (access_begins(dev, reg)) {
		fake_deliver(dev);
		value = read_register(dev, reg);
	}
	dev->reads++;
	log_add(dev, FAKE_READ, reg, value);
	return value;
}

void
fake_write(struct fake_device *dev, uint32_t reg, uint32_t value)
{
	bool there;

	if (dev->hooks != NULL) {
		dev->hooks->write(dev->arg, reg, value);
		return;
	}
	there = access_begins(dev, reg);
	dev->writes++;
	log_add(dev, FAKE_WRITE, reg, value);
	if (!there)
		return;
	if (!dev->coalesce) {
		write_arrives(dev, reg, value);
		return;
	}
	if (is_held_back(reg) && dev->helds < FAKE_HELD_MAX) {
		dev->held[dev->helds++] =
		    (struct fake_access){ FAKE_WRITE, reg, value, dev->now_ns };
		return;
	}
	fake_deliver(dev);
	write_arrives(dev, reg, value);
}
