/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every register of the map on every chip: reset values, which bits hold, what
 * a read clears, what a reset leaves alone, I/O access, locks.
 */
#include "regs_map.h"

#include "e82540_stats.h"

/* ----------------------------------------------------------------- the map */

/* The model's rows are the manual's, in order, and say where they are from. */
static void
test_rows(void **state)
{
	const struct e82540_reg_info *info;
	unsigned int i;

	(void)state;
	for (i = 0; i < ENTRIES; i++) {
		info = e82540_reg_info(i);
		assert_non_null(info);
		assert_string_equal(info->name, map[i].name);
		assert_int_equal(info->offset, map[i].offset);
		assert_int_equal(info->count, map[i].count);
		assert_int_equal(info->stride, map[i].stride);
		assert_int_equal(info->chips, map[i].chips);
		assert_int_equal(info->reset, map[i].reset);
		assert_int_equal(info->write_mask, map[i].mask);
		assert_int_equal(strncmp(info->section, "13.", 3), 0);
		assert_non_null(info->note);
		assert_true(i == 0 || info->offset >= map[i - 1].offset);
	}
	assert_null(e82540_reg_info(ENTRIES));
	assert_null(e82540_reg_info(UINT32_MAX));
}

/* What the EEPROM has a say in is not at its reset value. */
static bool
from_eeprom(uint32_t offset)
{
	return offset == E1000_RAL(0) || offset == E1000_RAH(0) ||
	    offset == E1000_TXCW;
}

static void
reset_value(const struct entry *e)
{
	unsigned int i;

	if (e->kind == OWN)
		return;
	for (i = 0; i < e->count; i++)
		if (!from_eeprom(entry_offset(e, i)))
			expect_register(e, entry_offset(e, i), e->reset);
}

static void
reset_values(void)
{
	each_entry(reset_value);
	assert_int_equal(host_counters(h).bad_access, 0);
}

static void
test_reset_values(void **state)
{
	(void)state;
	each_chip(reset_values);
}

static void
entry_holds(const struct entry *e)
{
	static const uint32_t patterns[] = { ONES, 0, 0x5A5A5A5A, 0xA5A5A5A5,
		0x12345678, 0x80000001 };
	uint32_t before;
	unsigned int i, p;

	if (e->kind != RW && e->kind != RO)
		return;
	for (i = 0; i < e->count; i++) {
		before = host_read(h, entry_offset(e, i));
		for (p = 0; p < sizeof(patterns) / sizeof(*patterns); p++) {
			host_write(h, entry_offset(e, i), patterns[p]);
			expect_register(e, entry_offset(e, i),
			    patterns[p] & e->mask);
		}
		host_write(h, entry_offset(e, i), before);
		expect_register(e, entry_offset(e, i), before);
	}
}

static void
check_holds(void)
{
	/* It is all the same while rings and link are busy, or not. */
	each_entry(entry_holds);
	link_up();
	host_write(h, E1000_TCTL, E1000_TCTL_EN);
	host_write(h, E1000_RCTL, E1000_RCTL_EN);
	each_entry(entry_holds);
	assert_int_equal(host_counters(h).bad_access, 0);
}

static void
test_holds(void **state)
{
	(void)state;
	each_chip(check_holds);
}

/* Each register is its own: arrays do not overlap, nor do their neighbours. */
static uint32_t
value_of(uint32_t offset)
{
	return offset * 0x9E3779B1u ^ 0x5BD1E995u;
}

static void
entry_fill(const struct entry *e)
{
	unsigned int i;

	for (i = 0; e->kind == RW && i < e->count; i++)
		host_write(h, entry_offset(e, i), value_of(entry_offset(e, i)));
}

static void
entry_filled(const struct entry *e)
{
	unsigned int i;

	for (i = 0; e->kind == RW && i < e->count; i++)
		expect_register(e, entry_offset(e, i),
		    value_of(entry_offset(e, i)) & e->mask);
}

static void
check_distinct(void)
{
	each_entry(entry_fill);
	each_entry(entry_filled);
}

static void
test_distinct(void **state)
{
	(void)state;
	each_chip(check_distinct);
}

/* ------------------------------------------------------------------ resets */

static void
after_software_reset(const struct entry *e)
{
	unsigned int i;

	if (e->kind == OWN)
		return;
	for (i = 0; i < e->count; i++)
		if (!from_eeprom(entry_offset(e, i)))
			expect_register(e, entry_offset(e, i),
			    e->kept ? value_of(entry_offset(e, i)) & e->mask :
				      e->reset);
}

/* RST# leaves WUS, WUPL and WUPM alone, too (14.7), but resets PBA. */
static void
after_pci_reset(const struct entry *e)
{
	if (e->offset == E1000_WUPL || e->offset == E1000_WUPM(0))
		after_software_reset(e);
	else
		reset_value(e);
}

static void
check_resets(void)
{
	uint32_t status;

	link_up();
	status = host_read(h, E1000_STATUS);
	each_entry(entry_fill);
	host_write(h, E1000_PBA, 40);
	host_write(h, E1000_IMS, E1000_ICR_MASK);
	host_write(h, E1000_CTRL, E1000_CTRL_RST);
	assert_int_equal(host_counters(h).resets, 1);
	each_entry(after_software_reset);
	assert_int_equal(host_read(h, E1000_CTRL) & E1000_CTRL_RST, 0);
	assert_int_equal(host_read(h, E1000_IMS), 0);
	/* A partition is chosen, then CTRL.RST makes it so (13.4.16). */
	assert_int_equal(host_read(h, E1000_PBA), 24u << 16 | 40);
	assert_int_equal(host_read(h, E1000_RAL(0)), 0x12005452);
	assert_int_equal(host_read(h, E1000_RAH(0)), 0x80005634);
	/* Speed and duplex are the PHY's, and that was not reset. */
	assert_int_equal(host_read(h, E1000_STATUS) & ~E1000_STATUS_LU,
	    status & ~E1000_STATUS_LU);

	each_entry(entry_fill);
	e82540_reset(h->dev, h->now_ns);
	each_entry(after_pci_reset);
	assert_int_equal(host_read(h, E1000_PBA), 0x00100030);
	assert_int_equal(host_read(h, E1000_ICR), 0);
	assert_false(status_lu());
}

static void
test_resets(void **state)
{
	(void)state;
	each_chip(check_resets);
}

/* ------------------------------------------------------- what is not there */

static void
check_nothing_else(void)
{
	uint32_t offset, value;
	uint64_t bad;
	bool there;

	for (offset = 0; offset < 0x20000; offset += 4) {
		there = entry_at(offset) != NULL;
		bad = host_counters(h).bad_access;
		value = host_read(h, offset);
		assert_int_equal(host_counters(h).bad_access, bad + !there);
		if (there)
			continue;
		assert_int_equal(value, 0);
		host_write(h, offset, ONES);
		assert_int_equal(host_counters(h).bad_access, bad + 2);
		assert_int_equal(host_read(h, offset), 0);
	}
}

static void
test_nothing_else(void **state)
{
	(void)state;
	each_chip(check_nothing_else);
}

static void
entry_star(const struct entry *e)
{
	if (e->chips == STAR && entry_at(e->offset) == NULL) {
		host_write(h, e->offset, ONES);
		expect_register(e, e->offset, 0);
	}
}

/* ITR and its like do not exist on the 82544GC. */
static void
test_star(void **state)
{
	unsigned int i, n = 0;

	(void)state;
	map_power(E82540_82544GC);
	for (i = 0; i < ENTRIES; i++) {
		n += map[i].chips == STAR && entry_at(map[i].offset) == NULL;
		entry_star(&map[i]);
	}
	/* ITR LEDCTL RADV RSRPD TADV MGTPRC MGTPDC MGTPTC MANC */
	assert_int_equal(n, 9);
	assert_int_equal(host_counters(h).bad_access, 2 * n);
}

/* Any value anywhere, whatever it starts, leaves a device that works. */
static void
check_storm(void)
{
	static const uint32_t values[] = { ONES, 0x55555555, 0xAAAAAAAA, 0 };
	uint32_t offset;
	unsigned int v;

	link_up();
	for (v = 0; v < sizeof(values) / sizeof(*values); v++)
		for (offset = 0; offset < 0x20000; offset += 4) {
			host_write(h, offset, values[v]);
			host_read(h, offset);
		}
	host_advance(h, 1000000000);
	host_write(h, E1000_CTRL, E1000_CTRL_RST);
	each_entry(entry_holds);
}

static void
test_storm(void **state)
{
	(void)state;
	each_chip(check_storm);
}

/* ------------------------------------------------------------ ways to them */

static void
io_write(uint32_t offset, uint32_t value)
{
	e82540_io_write(h->dev, h->now_ns, E1000_IOADDR, 4, offset);
	e82540_io_write(h->dev, h->now_ns, E1000_IODATA, 4, value);
}

static void
entry_by_io(const struct entry *e)
{
	uint32_t offset = entry_offset(e, e->count - 1);

	if (e->kind != RW)
		return;
	io_write(offset, value_of(offset));
	expect_register(e, offset, value_of(offset) & e->mask);
	host_write(h, offset, ~value_of(offset));
	assert_int_equal(e82540_io_read(h->dev, h->now_ns, E1000_IODATA, 4),
	    ~value_of(offset) & e->mask);
	assert_int_equal(e82540_io_read(h->dev, h->now_ns, E1000_IOADDR, 4),
	    offset);
}

static void
check_by_io(void)
{
	each_entry(entry_by_io);
	assert_int_equal(host_counters(h).bad_access, 0);
}

static void
test_io(void **state)
{
	(void)state;
	each_chip(check_by_io);
}

static uint64_t
wide_read(uint32_t offset, unsigned int size)
{
	return e82540_mmio_read(h->dev, h->now_ns, offset, size);
}

/* 13.3: registers are 32 bits wide. */
static void
test_widths(void **state)
{
	unsigned int i;

	(void)state;
	map_power(E82540_82540EM);
	e82540_mmio_write(h->dev, h->now_ns, E1000_RAL(3), 8,
	    0x8000665544332211u);
	assert_int_equal(host_read(h, E1000_RAL(3)), 0x44332211);
	assert_int_equal(host_read(h, E1000_RAH(3)), 0x80006655 & 0x8003FFFF);
	host_write(h, E1000_RAH(3), 0x00026655);
	assert_true(wide_read(E1000_RAL(3), 8) == 0x0002665544332211u);
	for (i = 0; i < 4; i++)
		assert_int_equal(wide_read(E1000_RAL(3) + i, 1),
		    0x11 * (i + 1));
	assert_int_equal(wide_read(E1000_RAL(3), 2), 0x2211);
	assert_int_equal(wide_read(E1000_RAL(3) + 2, 2), 0x4433);
	assert_int_equal(host_counters(h).bad_access, 0);

	e82540_mmio_write(h->dev, h->now_ns, E1000_RAL(3) + 2, 4, ONES);
	assert_int_equal(host_read(h, E1000_RAL(3)), 0x44332211);
	e82540_mmio_write(h->dev, h->now_ns, E1000_RAL(3), 1, 0xFF);
	assert_int_equal(host_read(h, E1000_RAL(3)), 0xFF);
	e82540_mmio_write(h->dev, h->now_ns, E1000_RAL(3), 2, 0xFFFF);
	assert_int_equal(host_read(h, E1000_RAL(3)), 0xFFFF);
	assert_int_equal(host_counters(h).bad_access, 3);
	/* The last register, and what lies beyond. */
	assert_true(wide_read(0x1FFFC, 8) == 0);
	assert_int_equal(host_counters(h).bad_access, 3);
	assert_int_equal(wide_read(0x20000, 4), 0);
	assert_int_equal(host_counters(h).bad_access, 4);
}

/* An access of 8 bytes is two; all are counted. */
static void
test_counted(void **state)
{
	struct e82540_counters was, is;

	(void)state;
	map_power(E82540_82540EM);
	was = host_counters(h);
	host_read(h, E1000_STATUS);
	host_write(h, E1000_VET, 0x8100);
	wide_read(E1000_RDBAL, 8);
	host_write(h, E1000_TDT, 0);
	host_write(h, E1000_RDT, 0);
	host_write(h, E1000_RDT, 0);
	is = host_counters(h);
	assert_int_equal(is.reg_reads - was.reg_reads, 3);
	assert_int_equal(is.reg_writes - was.reg_writes, 4);
	assert_int_equal(is.tdt_writes - was.tdt_writes, 1);
	assert_int_equal(is.rdt_writes - was.rdt_writes, 2);
}

/* A peek returns what a read would return, and does not change the model. */
static void
entry_peek(const struct entry *e)
{
	struct e82540 *was = malloc(e82540_size());
	uint32_t value;
	unsigned int i;

	assert_non_null(was);
	for (i = 0; i < e->count; i += e->count / 8 + 1) {
		if (e->kind == RC)
			e82540_reg_set(h->dev, entry_offset(e, i), 7 + i);
		memcpy(was, h->dev, e82540_size());
		value = e82540_peek(h->dev, entry_offset(e, i));
		assert_memory_equal(was, h->dev, e82540_size());
		assert_int_equal(e82540_peek(h->dev, entry_offset(e, i) + 1),
		    0);
		if (e->kind == RC)
			assert_int_equal(value, 7 + i);
		expect_register(e, entry_offset(e, i), value);
	}
	free(was);
}

static void
check_peeks(void)
{
	each_entry(entry_fill);
	h->dev->total[E82540_GORC] = 0x300000002u;
	h->dev->total[E82540_TOT] = 0x500000004u;
	host_write(h, E1000_IMS, E1000_ICR_RXT0);
	host_write(h, E1000_ICS, E1000_ICR_RXT0);
	assert_true(h->line);
	assert_int_equal(e82540_peek(h->dev, E1000_ICR) & E1000_ICR_RXT0,
	    E1000_ICR_RXT0);
	assert_true(h->line);
	each_entry(entry_peek);
	assert_false(h->line);		/* now ICR was read, too */
}

static void
test_peek(void **state)
{
	struct e82540_counters was;

	(void)state;
	each_chip(check_peeks);
	map_power(E82540_82540EM);
	was = host_counters(h);
	assert_int_equal(e82540_peek(h->dev, 0x0FFFC), 0);
	assert_int_equal(e82540_peek(h->dev, 0x20000), 0);
	assert_int_equal(e82540_peek(h->dev, UINT32_MAX & ~3u), 0);
	assert_int_equal(host_counters(h).reg_reads, was.reg_reads);
	assert_int_equal(host_counters(h).bad_access, was.bad_access);
}

/* -------------------------------------------------------------- statistics */

static void
count_own(const struct entry *e)
{
	if (e->kind == RC)
		e82540_stat_add(h->dev, e->offset, e->offset);
}

/* Adds up, ignores writes, and is cleared by a read. */
static void
counted_own(const struct entry *e)
{
	if (e->kind != RC)
		return;
	e82540_stat_add(h->dev, e->offset, 4);
	host_write(h, e->offset, 1000);
	expect_register(e, e->offset, e->offset + 4);
	expect_register(e, e->offset, 0);
}

/* 13.7: they stick, and do not wrap. */
static void
entry_saturate(const struct entry *e)
{
	if (e->kind != RC)
		return;
	e82540_stat_add(h->dev, e->offset, ONES - 1);
	e82540_stat_add(h->dev, e->offset, 1);
	e82540_stat_add(h->dev, e->offset, 1);
	e82540_stat_add(h->dev, e->offset, 7);
	expect_register(e, e->offset, ONES);
	expect_register(e, e->offset, 0);
}

static void
check_statistics(void)
{
	each_entry(count_own);
	each_entry(counted_own);
	each_entry(entry_saturate);
	each_entry(count_own);
	host_write(h, E1000_CTRL, E1000_CTRL_RST);
	each_entry(reset_value);
}

static void
test_statistics(void **state)
{
	(void)state;
	each_chip(check_statistics);
}

/* 13.7.31: the low half any time, the high half clears both. */
static void
test_totals(void **state)
{
	static const uint32_t low[] = { E1000_GORCL, E1000_GOTCL, E1000_TORL,
		E1000_TOTL };
	unsigned int i;

	(void)state;
	map_power(E82540_82540EM);
	for (i = 0; i < 4; i++)
		h->dev->total[i] = 0x0000001122334400u * 0x100 + i;
	for (i = 0; i < 4; i++) {
		assert_int_equal(host_read(h, low[i]), 0x33440000 + i);
		host_write(h, low[i], 0);
		host_write(h, low[i] + 4, 0);
		assert_int_equal(host_read(h, low[i]), 0x33440000 + i);
		assert_int_equal(host_read(h, low[i] + 4), 0x1122);
		assert_int_equal(host_read(h, low[i]), 0);
		assert_int_equal(host_read(h, low[i] + 4), 0);
	}
	h->dev->total[0] = 0x300000002u;
	assert_true(wide_read(E1000_GORCL, 8) == 0x300000002u);
	assert_true(wide_read(E1000_GORCL, 8) == 0);
}

/* ------------------------------------------------------------------- locks */

static int depth[3];
static unsigned int taken;		/* bits, while bus was held */

static void
count_lock(void *ctx, enum e82540_lock which)
{
	(void)ctx;
	assert_int_equal(depth[which], 0);
	/* In the order of enum e82540_lock. */
	assert_true(which == E82540_LOCK_RX || depth[which + 1] == 0);
	depth[which]++;
	if (depth[E82540_LOCK_BUS])
		taken |= 1u << which;
}

static void
count_unlock(void *ctx, enum e82540_lock which)
{
	(void)ctx;
	assert_int_equal(depth[which], 1);
	depth[which]--;
}

#define B	1u
#define T	2u
#define R	4u

static bool
in_fifo(uint32_t offset)
{
	return offset == E1000_RDFH || offset == E1000_RDFT ||
	    offset == E1000_RDFPC || offset == E1000_PBM(0);
}

/* A write waits for the data path if that must see it, and else does not. */
static void
test_locks(void **state)
{
	static const struct {
		uint32_t offset;
		unsigned int locks;
	} writes[] = {
		{ E1000_TDT, B },
		{ E1000_RDT, B },
		{ E1000_ITR, B },
		{ E1000_IMS, B },
		{ E1000_ICR, B },
		{ E1000_TIDV, B },
		{ E1000_TADV, B },
		{ E1000_RDTR, B },
		{ E1000_RADV, B },
		{ E1000_TDBAL, B | T },
		{ E1000_TDBAH, B | T },
		{ E1000_TDLEN, B | T },
		{ E1000_TDH, B | T },
		{ E1000_TXDCTL, B | T },
		{ E1000_RDBAL, B | R },
		{ E1000_RDBAH, B | R },
		{ E1000_RDLEN, B | R },
		{ E1000_RDH, B | R },
		{ E1000_RXCSUM, B | R },
		{ E1000_RSRPD, B | R },
		{ E1000_MTA(127), B | R },
		{ E1000_RAL(15), B | R },
		{ E1000_RAH(15), B | R },
		{ E1000_VFTA(127), B | R },
		{ E1000_PBA, B | R },
		{ E1000_FCRTL, B | R },
		{ E1000_FCRTH, B | R },
		{ E1000_FCAL, B | R },
		{ E1000_FCT, B | R },
		{ E1000_WUFC, B | R },
		{ E1000_FFVT(127), B | R },
		{ E1000_VET, B | T | R },
		{ E1000_CTRL, B | T | R },
		{ E1000_RCTL, B | T | R },
		{ E1000_TCTL, B | T | R },
	};
	unsigned int i;

	(void)state;
	chip = STAR;
	memset(depth, 0, sizeof(depth));
	h = host_new(E82540_82540EM);
	h->table.lock = count_lock;
	h->table.unlock = count_unlock;
	host_power(h);
	for (i = 0; i < sizeof(writes) / sizeof(*writes); i++) {
		taken = 0;
		host_write(h, writes[i].offset, 0);
		if (taken != writes[i].locks)
			fail_msg("%05X: locks %x, not %x", writes[i].offset,
			    taken, writes[i].locks);
	}
	/* Reads take the bus lock alone, except those of the FIFO. */
	for (i = 0; i < ENTRIES; i++) {
		if (!(map[i].chips & STAR))
			continue;
		taken = 0;
		host_read(h, map[i].offset);
		assert_int_equal(taken, in_fifo(map[i].offset) ? B | R : B);
		taken = 0;
		e82540_peek(h->dev, map[i].offset);
		assert_int_equal(taken, in_fifo(map[i].offset) ? B | R : B);
	}
	/* A reset takes all locks. */
	taken = 0;
	host_write(h, E1000_CTRL, E1000_CTRL_RST);
	assert_int_equal(taken, B | T | R);
	assert_int_equal(depth[0] + depth[1] + depth[2], 0);
}

/* ------------------------------------------------- as a driver's self-test */

/*
 * As Linux's e1000 checks registers in "ethtool -t": write four patterns,
 * and-ed with `write`; they must read back and-ed with `mask`.
 */
static void
check_pattern(uint32_t offset, uint32_t mask, uint32_t write)
{
	static const uint32_t patterns[] = { 0x5A5A5A5A, 0xA5A5A5A5, 0, ONES };
	uint32_t value;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		value = patterns[i] & write;
		host_write(h, offset, value);
		if (host_read(h, offset) != (value & mask))
			fail_msg("chip %x, %05X: %08X, not %08X", chip, offset,
			    host_read(h, offset), value & mask);
	}
}

static void
check_settable(uint32_t offset, uint32_t mask, uint32_t write)
{
	host_write(h, offset, write & mask);
	assert_int_equal(host_read(h, offset) & mask, write & mask);
}

static void
self_test(void)
{
	static const struct {
		uint32_t offset, mask, write;
	} test[] = {
		{ E1000_FCAL, ONES, ONES },
		{ E1000_FCAH, 0xFFFF, ONES },
		{ E1000_FCT, 0xFFFF, ONES },
		{ E1000_VET, 0xFFFF, ONES },
		{ E1000_RDTR, 0xFFFF, ONES },
		{ E1000_RDBAH, ONES, ONES },
		{ E1000_RDLEN, 0xFFF80, 0xFFFFF },
		{ E1000_RDH, 0xFFFF, 0xFFFF },
		{ E1000_RDT, 0xFFFF, 0xFFFF },
		{ E1000_FCRTH, 0xFFF8, 0xFFF8 },
		{ E1000_FCTTV, 0xFFFF, 0xFFFF },
		{ E1000_TIPG, 0x3FFFFFFF, 0x3FFFFFFF },
		{ E1000_TDBAH, ONES, ONES },
		{ E1000_TDLEN, 0xFFF80, 0xFFFFF },
		{ E1000_RDBAL, 0xFFFFFFF0, ONES },
		{ E1000_TXCW, 0xC000FFFF, 0xFFFF },
		{ E1000_TDBAL, 0xFFFFFFF0, ONES },
		{ E1000_TIDV, 0xFFFF, 0xFFFF },
	};
	uint32_t status = host_read(h, E1000_STATUS), i;

	host_write(h, E1000_STATUS, 0xFFFFF833);
	assert_int_equal(host_read(h, E1000_STATUS), status);
	for (i = 0; i < sizeof(test) / sizeof(*test); i++)
		check_pattern(test[i].offset, test[i].mask, test[i].write);
	check_settable(E1000_RCTL, ONES, 0);
	check_settable(E1000_RCTL, 0x06DFB3FE, 0x003FFFFB);
	check_settable(E1000_TCTL, ONES, 0);
	check_settable(E1000_RCTL, 0x06DFB3FE, ONES);
	for (i = 0; i < E1000_RA_COUNT; i++)
		check_pattern(E1000_RAH(i), 0x8003FFFF, ONES);
	for (i = 0; i < E1000_MTA_COUNT; i++)
		check_pattern(E1000_MTA(i), ONES, ONES);
	assert_int_equal(host_counters(h).bad_access, 0);
}

static void
self_tests(void)
{
	self_test();
	link_up();
	self_test();
}

static void
test_self_test(void **state)
{
	(void)state;
	each_chip(self_tests);
}

#define TEST(f) cmocka_unit_test_teardown(f, map_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_rows),
		TEST(test_reset_values),
		TEST(test_holds),
		TEST(test_distinct),
		TEST(test_resets),
		TEST(test_nothing_else),
		TEST(test_star),
		TEST(test_storm),
		TEST(test_io),
		TEST(test_widths),
		TEST(test_counted),
		TEST(test_peek),
		TEST(test_statistics),
		TEST(test_totals),
		TEST(test_locks),
		TEST(test_self_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
