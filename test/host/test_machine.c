/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's ports and addresses: PCI as Linux enumerates it, NICs, ACPI's
 * fixed hardware, how a guest ends.  test_uart.c has the serial port.
 */
#include "machine_rig.h"

#include <pthread.h>

#define NIC0		MACHINE_NIC_DEV
#define BAR0		0x10u
#define BAR2		0x18u

/* -------------------------------------------------------------- mechanism 1 */

/* arch/x86/pci/direct.c: pci_check_type1(), pci_sanity_check(). */
static void
test_config_probe(void **state)
{
	struct rig *r = rig_new(0);

	(void)state;
	outb(r, 0xcfb, 0x01);
	assert_int_equal(in(r, 0xcf8, 4), 0);
	machine_port_write(&r->m, 0xcf8, 4, 0x80000000);
	assert_int_equal(in(r, 0xcf8, 4), 0x80000000);
	assert_int_equal(config_read(r, 0, 0x0a, 2), 0x0600);
	assert_int_equal(config_read(r, 0, 0x00, 2), 0x8086);
	/* Reserved bits read as 0. */
	machine_port_write(&r->m, 0xcf8, 4, 0xffffffff);
	assert_int_equal(in(r, 0xcf8, 4), 0x80fffffc);
	rig_free(r);
}

/* The address port needs the enable bit and accesses of 32 bits. */
static void
test_config_disabled(void **state)
{
	struct rig *r = rig_new(1);

	(void)state;
	machine_port_write(&r->m, 0xcf8, 4,
	    config_address(NIC0, 0) & 0x7fffffff);
	assert_int_equal(in(r, 0xcfc, 4), UINT32_MAX);
	machine_port_write(&r->m, 0xcf8, 4, 0);
	assert_int_equal(in(r, 0xcfc, 4), UINT32_MAX);
	machine_port_write(&r->m, 0xcf8, 4, config_address(NIC0, 0));
	machine_port_write(&r->m, 0xcf8, 2, 0);
	outb(r, 0xcf8, 0);
	assert_int_equal(in(r, 0xcfc, 4), 0x100e8086);
	assert_int_equal(in(r, 0xcf8, 2), 0xffff);
	assert_int_equal(in(r, 0xcf9, 1), 0xff);
	rig_free(r);
}

/* Bytes, words and dwords show the same 256 bytes. */
static void
test_config_widths(void **state)
{
	struct rig *r = rig_new(1);
	unsigned int device, offset, i;
	uint32_t value;

	(void)state;
	for (device = 0; device <= NIC0; device += NIC0)
		for (offset = 0; offset < 256; offset += 4) {
			value = config_read(r, device, offset, 4);
			for (i = 0; i < 4; i++)
				assert_int_equal(config_read(r, device,
						     offset + i, 1),
				    value >> i * 8 & 0xff);
			for (i = 0; i < 4; i += 2)
				assert_int_equal(config_read(r, device,
						     offset + i, 2),
				    value >> i * 8 & 0xffff);
		}
	/* An access beyond the dword reads as ones. */
	assert_int_equal(config_read(r, NIC0, 3, 2), 0xffff);
	assert_int_equal(config_read(r, NIC0, 2, 4), UINT32_MAX);
	/* Writes of bytes work, too. */
	config_write(r, NIC0, 0x3c, 1, 0x5a);
	config_write(r, NIC0, 0x0c, 1, 0x10);
	config_write(r, NIC0, 0x0d, 1, 0x40);
	assert_int_equal(config_read(r, NIC0, 0x3c, 1), 0x5a);
	assert_int_equal(config_read(r, NIC0, 0x0c, 2), 0x4010);
	config_write(r, NIC0, 0x0e, 4, 0);
	config_write(r, NIC0, 0x0f, 2, 0);
	assert_int_equal(config_read(r, NIC0, 0x0c, 2), 0x4010);
	rig_free(r);
}

/* The bridge ignores writes; there are no other functions or buses. */
static void
test_config_who(void **state)
{
	struct rig *r = rig_new(2);
	unsigned int bus, device, function, found = 0;
	uint32_t id;

	(void)state;
	for (bus = 0; bus < 256; bus += bus < 2 ? 1 : 127)
		for (device = 0; device < 32; device++)
			for (function = 0; function < 8; function++) {
				machine_port_write(&r->m, 0xcf8, 4,
				    config_address(device, 0) | bus << 16 |
					function << 8);
				id = in(r, 0xcfc, 4);
				if (id == UINT32_MAX)
					continue;
				found++;
				assert_int_equal(bus, 0);
				assert_int_equal(function, 0);
				assert_int_equal(id,
				    device == 0 ? 0x12378086 : 0x100e8086);
				assert_true(device == 0 || device == NIC0 ||
				    device == NIC0 + 1);
			}
	assert_int_equal(found, 3);
	config_write(r, 0, 0x04, 2, 0xffff);
	config_write(r, 0, 0x10, 4, 0xffffffff);
	assert_int_equal(config_read(r, 0, 0x04, 2), 0);
	assert_int_equal(config_read(r, 0, 0x10, 4), 0);
	assert_int_equal(config_read(r, 0, 0x0e, 1), 0);
	/* Writes to functions that do not exist. */
	config_write(r, 7, 0x04, 2, 0xffff);
	rig_free(r);
}

/* -------------------------------------------------------------------- BARs */

/* Linux's __pci_read_base(), with decoding off. */
static uint32_t
bar_size(struct rig *r, unsigned int bar)
{
	uint32_t command = config_read(r, NIC0, 4, 2), was, size;

	config_write(r, NIC0, 4, 2, command & ~(COMMAND_IO | COMMAND_MEM));
	was = config_read(r, NIC0, bar, 4);
	config_write(r, NIC0, bar, 4, UINT32_MAX);
	size = config_read(r, NIC0, bar, 4);
	config_write(r, NIC0, bar, 4, was);
	assert_int_equal(config_read(r, NIC0, bar, 4), was);
	config_write(r, NIC0, 4, 2, command);
	return size;
}

/* BARs have addresses, but the guest must enable decoding. */
static void
test_bars_as_found(void **state)
{
	static const unsigned int gsi[MACHINE_NICS] = { 5, 10, 11, 5, 10, 11, 5,
		10 };
	struct rig *r = rig_new(MACHINE_NICS);
	unsigned int i, dev;

	(void)state;
	for (i = 0; i < MACHINE_NICS; i++) {
		dev = NIC0 + i;
		assert_int_equal(config_read(r, dev, 0, 4), 0x100e8086);
		assert_int_equal(config_read(r, dev, 4, 2), 0);
		assert_int_equal(config_read(r, dev, 0x08, 4) >> 8, 0x020000);
		assert_int_equal(config_read(r, dev, BAR0, 4),
		    MACHINE_BAR_MEM + i * 0x20000);
		assert_int_equal(config_read(r, dev, BAR2, 4),
		    (MACHINE_BAR_IO + i * 64) | 1);
		assert_int_equal(config_read(r, dev, 0x3c, 2), 0x100 | gsi[i]);
		assert_true(
		    machine_mem_read(&r->m, MACHINE_BAR_MEM + i * 0x20000, 4) ==
		    UINT64_MAX);
		assert_int_equal(in(r, (uint16_t)(MACHINE_BAR_IO + i * 64), 4),
		    UINT32_MAX);
		assert_int_equal(r->bars[i], 0);
	}
	rig_free(r);
}

static void
test_bars_size(void **state)
{
	static const struct {
		unsigned int bar;
		uint32_t size;
	} bars[] = { { 0x10, 0xfffe0000 }, { 0x14, 0 }, { 0x18, 0xfffffff9 },
		{ 0x1c, 0 }, { 0x20, 0 }, { 0x24, 0 }, { 0x30, 0 } };
	struct rig *r = rig_new(1);
	unsigned int i;

	(void)state;
	config_write(r, NIC0, 4, 2, COMMAND_IO | COMMAND_MEM);
	assert_int_equal(r->bars[0], 1);
	for (i = 0; i < COUNT(bars); i++)
		assert_int_equal(bar_size(r, bars[i].bar), bars[i].size);
	/* Each off and on again. */
	assert_int_equal(r->bars[0], 1 + 2 * COUNT(bars));
	assert_int_equal(r->m.nic[0].mem, MACHINE_BAR_MEM);
	assert_int_equal(r->m.nic[0].io, MACHINE_BAR_IO);
	rig_free(r);
}

static uint32_t
status_at(struct rig *r, uint64_t bar)
{
	return (uint32_t)machine_mem_read(&r->m, bar + E1000_STATUS, 4);
}

/* Memory and I/O have a bit each; bars() reports memory only. */
static void
test_bars_decode(void **state)
{
	struct rig *r = rig_new(1);
	uint32_t status;

	(void)state;
	config_write(r, NIC0, 4, 2, COMMAND_MEM);
	assert_int_equal(r->bars[0], 1);
	status = status_at(r, MACHINE_BAR_MEM);
	assert_int_not_equal(status, UINT32_MAX);
	assert_int_equal(in(r, MACHINE_BAR_IO, 4), UINT32_MAX);

	config_write(r, NIC0, 4, 2, COMMAND_IO);
	assert_int_equal(r->bars[0], 2);
	assert_int_equal(status_at(r, MACHINE_BAR_MEM), UINT32_MAX);
	machine_port_write(&r->m, MACHINE_BAR_IO, 4, E1000_STATUS);
	assert_int_equal(in(r, MACHINE_BAR_IO, 4), E1000_STATUS);
	assert_int_equal(in(r, MACHINE_BAR_IO + 4, 4), status);

	config_write(r, NIC0, 4, 2, COMMAND_IO | COMMAND_MEM);
	assert_int_equal(r->bars[0], 3);
	config_write(r, NIC0, 4, 2, 0);
	assert_int_equal(r->bars[0], 4);
	assert_int_equal(in(r, MACHINE_BAR_IO + 4, 4), UINT32_MAX);
	assert_int_equal(status_at(r, MACHINE_BAR_MEM), UINT32_MAX);
	/* bars() reports changes only. */
	config_write(r, NIC0, 0x3c, 1, 11);
	config_write(r, NIC0, 4, 2, COMMAND_IO);
	assert_int_equal(r->bars[0], 4);
	rig_free(r);
}

/* BARs decode where the guest puts them, if that is in the window. */
static void
test_bars_move(void **state)
{
	static const uint32_t good[] = { 0xe0000000, 0xe1000000, 0xf0020000,
		0xfebe0000 };
	static const uint32_t bad[] = { 0, 0x10000000, 0xdffe0000, 0xfec00000,
		0xfee00000, 0xfffe0000 };
	struct rig *r = rig_new(1);
	unsigned int i, bars = 0;

	(void)state;
	config_write(r, NIC0, BAR0, 4, 0xe8000000);
	config_write(r, NIC0, 4, 2, COMMAND_MEM);
	assert_int_equal(r->bars[0], ++bars);
	for (i = 0; i < COUNT(good); i++) {
		config_write(r, NIC0, BAR0, 4, good[i]);
		assert_int_equal(r->bars[0], ++bars);
		assert_int_equal(r->m.nic[0].mem, good[i]);
		assert_int_not_equal(status_at(r, good[i]), UINT32_MAX);
		assert_int_equal(status_at(r, 0xe8000000), UINT32_MAX);
		assert_true(machine_mem_read(&r->m, good[i] + 0x1fffc, 4) !=
		    UINT64_MAX);
		assert_true(machine_mem_read(&r->m, good[i] + 0x20000, 4) ==
		    UINT64_MAX);
		assert_true(
		    machine_mem_read(&r->m, good[i] - 1, 1) == UINT64_MAX);
	}
	for (i = 0; i < COUNT(bad); i++) {
		config_write(r, NIC0, BAR0, 4, bad[i]);
		assert_int_equal(r->m.nic[0].mem, 0);
		assert_int_equal(status_at(r, bad[i]), UINT32_MAX);
	}
	assert_int_equal(r->bars[0], ++bars);
	rig_free(r);
}

static void
test_bars_move_io(void **state)
{
	static const uint32_t good[] = { 0xc000, 0xd008, 0xfff8 };
	static const uint32_t bad[] = { 0, 0x3f8, 0x600, 0xcf8, 0xbff8, 0x10000,
		0x1c000, 0xfffffff8 };
	struct rig *r = rig_new(1);
	unsigned int i;

	(void)state;
	config_write(r, NIC0, 4, 2, COMMAND_IO);
	for (i = 0; i < COUNT(good); i++) {
		config_write(r, NIC0, BAR2, 4, good[i]);
		assert_int_equal(r->m.nic[0].io, good[i]);
		machine_port_write(&r->m, (uint16_t)good[i], 4, E1000_TIPG);
		machine_port_write(&r->m, (uint16_t)(good[i] + 4), 4, 0x123);
		assert_int_equal(in(r, (uint16_t)(good[i] + 4), 4), 0x123);
		assert_int_equal(in(r, (uint16_t)(good[i] - 4), 4), UINT32_MAX);
		/* There is no port 0xfff8 + 8. */
		if (good[i] != 0xfff8)
			assert_int_equal(in(r, (uint16_t)(good[i] + 8), 4),
			    UINT32_MAX);
	}
	for (i = 0; i < COUNT(bad); i++) {
		config_write(r, NIC0, BAR2, 4, bad[i]);
		assert_int_equal(r->m.nic[0].io, 0);
	}
	assert_int_equal(r->bars[0], 0);
	rig_free(r);
}

/* Each address reaches its own NIC, for all widths. */
static void
test_dispatch(void **state)
{
	struct rig *r = rig_new(3);
	uint64_t bar, two;
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++)
		config_write(r, NIC0 + i, 4, 2, COMMAND_IO | COMMAND_MEM);
	for (i = 0; i < 3; i++) {
		bar = MACHINE_BAR_MEM + i * 0x20000;
		machine_mem_write(&r->m, bar + E1000_TIPG, 4, 0x100 + i);
		machine_mem_write(&r->m, bar + E1000_RDBAL, 8,
		    0x1234567800010000u + i * 0x100);
	}
	for (i = 0; i < 3; i++) {
		bar = MACHINE_BAR_MEM + i * 0x20000;
		assert_int_equal(machine_mem_read(&r->m, bar + E1000_TIPG, 4),
		    0x100 + i);
		assert_int_equal(machine_mem_read(&r->m, bar + E1000_TIPG, 1),
		    i);
		two = machine_mem_read(&r->m, bar + E1000_RDBAL, 8);
		assert_true(two == 0x1234567800010000u + i * 0x100);
		machine_port_write(&r->m, (uint16_t)(0xc000 + i * 64), 4,
		    E1000_TIPG);
		assert_int_equal(in(r, (uint16_t)(0xc004 + i * 64), 4),
		    0x100 + i);
		/* The NIC's own MAC. */
		assert_int_equal(machine_mem_read(&r->m, bar + E1000_RAL(0), 4),
		    0x5452);
		assert_int_equal(machine_mem_read(&r->m, bar + E1000_RAH(0), 2),
		    i << 8);
	}
	rig_free(r);
}

/* An access across the end of a NIC, or of an impossible width. */
static void
test_dispatch_edges(void **state)
{
	struct rig *r = rig_new(1);
	unsigned int size;

	(void)state;
	config_write(r, NIC0, 4, 2, COMMAND_IO | COMMAND_MEM);
	for (size = 1; size <= 8; size++) {
		(void)machine_mem_read(&r->m, MACHINE_BAR_MEM + 0x1ffff, size);
		(void)machine_mem_read(&r->m, MACHINE_BAR_MEM + 0x1fffc, size);
		machine_mem_write(&r->m, MACHINE_BAR_MEM + 0x1ffff, size,
		    UINT64_MAX);
		machine_mem_write(&r->m, MACHINE_BAR_MEM + 0x1fffc, size,
		    UINT64_MAX);
		assert_true(machine_mem_read(&r->m, MACHINE_BAR_MEM - 1,
				size) == UINT64_MAX);
		machine_mem_write(&r->m, MACHINE_BAR_MEM - 1, size, 0);
		assert_true(machine_mem_read(&r->m, UINT64_MAX - size + 1,
				size) == UINT64_MAX);
	}
	for (size = 1; size <= 4; size *= 2) {
		(void)in(r, MACHINE_BAR_IO + 7, size);
		machine_port_write(&r->m, MACHINE_BAR_IO + 7, size, 0);
	}
	rig_free(r);
}

/* -------------------------------------------------------------- interrupts */

/* The line falls when the last NIC deasserts it; each counts once. */
static void
test_irq_shared(void **state)
{
	struct rig *r = rig_new(MACHINE_NICS);

	(void)state;
	machine_nic_irq(&r->m, 0, true);
	assert_true(r->line[5]);
	machine_nic_irq(&r->m, 3, true);
	machine_nic_irq(&r->m, 3, true);
	machine_nic_irq(&r->m, 6, true);
	machine_nic_irq(&r->m, 1, true);
	assert_true(r->line[10]);
	machine_nic_irq(&r->m, 0, false);
	machine_nic_irq(&r->m, 3, false);
	assert_true(r->line[5]);
	machine_nic_irq(&r->m, 6, false);
	assert_false(r->line[5]);
	assert_int_equal(r->changes[5], 2);
	machine_nic_irq(&r->m, 6, false);
	assert_int_equal(r->changes[5], 2);
	assert_true(r->line[10]);
	assert_false(r->line[11]);
	rig_free(r);
}

static uint32_t
reg(struct rig *r, unsigned int nic, uint32_t offset)
{
	return (uint32_t)machine_mem_read(&r->m,
	    MACHINE_BAR_MEM + nic * 0x20000 + offset, 4);
}

static void
reg_set(struct rig *r, unsigned int nic, uint32_t offset, uint32_t value)
{
	machine_mem_write(&r->m, MACHINE_BAR_MEM + nic * 0x20000 + offset, 4,
	    value);
}

/* The same by the chips' registers, as two drivers that share a line. */
static void
test_irq_of_nics(void **state)
{
	struct rig *r = rig_new(4);
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		config_write(r, NIC0 + i, 4, 2, COMMAND_MEM);
		reg_set(r, i, E1000_IMS, E1000_ICR_RXT0);
	}
	reg_set(r, 0, E1000_ICS, E1000_ICR_RXT0);
	reg_set(r, 3, E1000_ICS, E1000_ICR_RXT0);
	assert_true(r->line[5]);
	assert_true(reg(r, 0, E1000_ICR) & E1000_ICR_RXT0);
	assert_true(r->line[5]);
	assert_int_equal(reg(r, 0, E1000_ICR), 0);
	assert_true(reg(r, 3, E1000_ICR) & E1000_ICR_RXT0);
	assert_false(r->line[5]);
	/* Disabling INTx deasserts it, too. */
	reg_set(r, 2, E1000_ICS, E1000_ICR_RXT0);
	assert_true(r->line[11]);
	config_write(r, NIC0 + 2, 4, 2, COMMAND_MEM | E82540_PCI_INTX_DISABLE);
	assert_false(r->line[11]);
	rig_free(r);
}

static void *
irq_thread(void *arg)
{
	struct place *p = arg;
	unsigned int i;

	for (i = 0; i < 20000; i++)
		machine_nic_irq(&p->rig->m, p->number, i % 2 == 0);
	return NULL;
}

/* Each NIC has its own thread; rig_irq() checks that levels change. */
static void
test_irq_threads(void **state)
{
	struct rig *r = rig_new(MACHINE_NICS);
	pthread_t thread[MACHINE_NICS];
	unsigned int i;

	(void)state;
	for (i = 0; i < MACHINE_NICS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, irq_thread,
				     &r->place[i]),
		    0);
	for (i = 0; i < MACHINE_NICS; i++)
		pthread_join(thread[i], NULL);
	for (i = 0; i < MACHINE_GSIS; i++) {
		assert_false(r->line[i]);
		assert_int_equal(r->changes[i] % 2, 0);
	}
	assert_true(r->changes[5] > 0);
	rig_free(r);
}

/* -------------------------------------------------------------------- ACPI */

#define PM		MACHINE_PORT_PM
#define PM_HZ		3579545u

static uint64_t
ticks(uint64_t ns)
{
	return (uint64_t)((unsigned __int128)ns * PM_HZ / 1000000000);
}

static void
test_pm_timer(void **state)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	struct rig *r = rig_new(0);
	uint64_t before, after, begin, end;
	uint32_t first, passed;
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		begin = wall_ns();
		first = in(r, PM + 8, 4);
		after = wall_ns();
		nanosleep(&pause, NULL);
		before = wall_ns();
		passed = in(r, PM + 8, 4) - first;
		end = wall_ns();
		assert_true(passed + 2 >= ticks(before - after));
		assert_true(passed <= ticks(end - begin) + 2);
	}
	rig_free(r);
}

/* After days of uptime; the timer wraps every 20 minutes. */
static void
test_pm_timer_wraps(void **state)
{
	struct rig *r = rig_new(0);
	uint64_t days_ns = (uint64_t)100 * 86400 * 1000000000, begin, end, t;
	uint32_t now;

	(void)state;
	r->m.pm_start_ns -= days_ns;
	begin = ticks(wall_ns() - r->m.pm_start_ns);
	now = in(r, PM + 8, 4);
	end = ticks(wall_ns() - r->m.pm_start_ns);
	for (t = begin > 0 ? begin - 1 : 0; t <= end + 1; t++)
		if ((uint32_t)t == now)
			break;
	assert_true(t <= end + 1);
	rig_free(r);
}

/* 4.8.3: ones clear status bits, enable bits stay, SCI_EN is set. */
static void
test_pm_registers(void **state)
{
	struct rig *r = rig_new(0);

	(void)state;
	assert_int_equal(in(r, PM + 0, 2), 0);
	assert_int_equal(in(r, PM + 4, 2), 1);
	machine_port_write(&r->m, PM + 2, 2, 0x0321);
	assert_int_equal(in(r, PM + 2, 2), 0x0321);
	assert_int_equal(in(r, PM + 0, 4), 0x03210000);
	machine_port_write(&r->m, PM + 0, 4, 0x0120ffff);
	assert_int_equal(in(r, PM + 0, 4), 0x01200000);
	machine_port_write(&r->m, PM + 0, 2, 0xffff);
	assert_int_equal(in(r, PM + 2, 2), 0x0120);
	machine_port_write(&r->m, PM + 4, 2, 0x1c04);
	assert_int_equal(in(r, PM + 4, 2), 0x1c05);
	assert_int_equal(r->ends, 0);
	/* Writes do not change the timer. */
	machine_port_write(&r->m, PM + 8, 4, 0);
	rig_free(r);
}

/* ------------------------------------------------------------ ways to end */

static void
test_power_off(void **state)
{
	struct rig *r = rig_new(0);
	uint32_t type;

	(void)state;
	/* Other sleep types, or none, do nothing. */
	for (type = 0; type < 8; type++)
		if (type != 5)
			machine_port_write(&r->m, PM + 4, 2,
			    0x2000 | type << 10);
	machine_port_write(&r->m, PM + 4, 2, 5 << 10);
	assert_int_equal(r->ends, 0);
	machine_port_write(&r->m, PM + 4, 2, 0x2000 | 5 << 10);
	assert_int_equal(r->ends, 1);
	assert_int_equal(r->how, MACHINE_OFF);
	assert_int_equal(r->status, 0);
	rig_free(r);
}

static void
test_reset(void **state)
{
	struct rig *r = rig_new(0);

	(void)state;
	outb(r, 0x64, 0xd1);
	outb(r, 0x60, 0xfe);
	assert_int_equal(r->ends, 0);
	outb(r, 0x64, 0xfe);
	assert_int_equal(r->ends, 1);
	assert_int_equal(r->how, MACHINE_RESET);
	outb(r, PM + 12, 1);
	assert_int_equal(r->ends, 2);
	assert_int_equal(r->how, MACHINE_RESET);
	rig_free(r);
}

/* 2 N + 1, from a 32-bit write only, and never 0. */
/* QEMU's pvpanic: which events it takes; one of them. */
static void
test_panic(void **state)
{
	struct rig *r = rig_new(0);

	(void)state;
	assert_int_equal(inb(r, 0x505), 1);
	outb(r, 0x505, 2);
	assert_int_equal(r->ends, 0);
	outb(r, 0x505, 1);
	assert_int_equal(r->ends, 1);
	assert_int_equal(r->how, MACHINE_PANIC);
	rig_free(r);
}

/* What woke the guest stays (14.7); to read ICR clears it. */
static bool
reg_stays(uint32_t at)
{
	return at == E1000_ICR || at == E1000_WUS || at == E1000_WUPL ||
	    at - E1000_WUPM(0) < 4 * E1000_WUPM_COUNT;
}

/* All that a guest can read of the machine and its NICs. */
static void
machine_read(struct rig *r, uint32_t *to)
{
	unsigned int i, at;

	for (i = 0; i < r->m.nics; i++)
		for (at = 0; at < 0x40; at += 4)
			*to++ = config_read(r, NIC0 + i, at, 4);
	for (i = 0; i < r->m.nics; i++) {
		config_write(r, NIC0 + i, 4, 2, COMMAND_MEM);
		for (at = 0; at < 0x6000; at += 4)
			*to++ = reg_stays(at) ? 0 : reg(r, i, at);
		config_write(r, NIC0 + i, 4, 2, 0);
	}
	for (at = 1; at < 8; at++)
		*to++ = inb(r, (uint16_t)(0x3f8 + at));
	for (at = 0; at < 8; at += 2)
		*to++ = in(r, (uint16_t)(PM + at), 2);
}

/* After a reset the guest finds what it found first. */
static void
test_machine_reset(void **state)
{
	static uint32_t first[2 * 0x1810 + 16], again[2 * 0x1810 + 16];
	struct rig *r = rig_new(2);
	unsigned int i, at;

	(void)state;
	machine_read(r, first);
	for (i = 0; i < 2; i++) {
		config_write(r, NIC0 + i, 4, 2,
		    COMMAND_MEM | E82540_PCI_MASTER);
		for (at = 0; at < 0x6000; at += 4)
			if (at != E1000_CTRL && at != E1000_CTRL_DUP &&
			    at != E1000_EERD && at != E1000_EECD)
				reg_set(r, i, at, 0x01010101);
		reg_set(r, i, E1000_IMS, UINT32_MAX);
		reg_set(r, i, E1000_ICS, E1000_ICR_LSC);
		config_write(r, NIC0 + i, BAR0, 4, 0xe8000000 + i * 0x20000);
		config_write(r, NIC0 + i, 0x3c, 1, 77);
	}
	assert_true(r->line[5] && r->line[10]);
	outb(r, 0x3f8 + 4, 0x0b);
	outb(r, 0x3f8 + 1, 0x02);
	assert_true(r->line[4]);
	assert_int_equal(machine_input(&r->m, (const uint8_t *)"abc", 3), 3);
	in(r, PM, 2);
	machine_port_write(&r->m, PM + 2, 2, 0x0321);
	machine_port_write(&r->m, PM + 4, 2, 0x1404);
	machine_reset(&r->m);
	assert_false(r->line[4] || r->line[5] || r->line[10]);
	assert_int_equal(r->m.nic[0].mem, 0);
	machine_read(r, again);
	assert_memory_equal(first, again, sizeof(first));
	rig_free(r);
}

static void
test_exit_port(void **state)
{
	static const struct {
		uint32_t value;
		int status;
	} ways[] = { { 0, 1 }, { 1, 3 }, { 0x31, 0x63 }, { 0x7f, 0xff },
		{ 0x80, 1 }, { UINT32_MAX, 0xff } };
	struct rig *r = rig_new(0);
	unsigned int i;

	(void)state;
	outb(r, 0xf4, 0);
	machine_port_write(&r->m, 0xf4, 2, 0);
	assert_int_equal(r->ends, 0);
	for (i = 0; i < COUNT(ways); i++) {
		machine_port_write(&r->m, 0xf4, 4, ways[i].value);
		assert_int_equal(r->ends, i + 1);
		assert_int_equal(r->how, MACHINE_EXIT);
		assert_int_equal(r->status, ways[i].status);
	}
	rig_free(r);
}

static void
test_console(void **state)
{
	struct rig *r = rig_new(0);

	(void)state;
	assert_int_equal(inb(r, 0x402), 0xe9);
	outb(r, 0x402, 'o');
	outb(r, 0x402, 'k');
	machine_port_write(&r->m, 0x402, 4, 'x');
	assert_int_equal(r->out_n, 2);
	assert_memory_equal(r->out, "ok", 2);
	rig_free(r);
}

/* All other ports and addresses read as ones and ignore writes. */
static void
test_nowhere(void **state)
{
	static const uint64_t mem[] = { 0, 0xa0000, 0xc0000000, 0xdfffffff,
		0xe0000000, 0xfec00000, 0xfed00000, 0xfee00000, 0xffffffff,
		0x100000000, UINT64_MAX };
	struct rig *r = rig_new(1);
	unsigned int size, i;
	uint32_t port;

	(void)state;
	for (port = 0; port < 0x10000; port++) {
		if (port - 0x3f8 < 8 || port - PM < 13 || port - 0xcf8 < 8 ||
		    port == 0x402 || port == 0x505)
			continue;
		for (size = 1; size <= 4; size *= 2)
			assert_int_equal(in(r, (uint16_t)port, size),
			    ones(size));
		if (port == 0x64 || port == 0xf4)
			continue;
		for (size = 1; size <= 4; size *= 2)
			machine_port_write(&r->m, (uint16_t)port, size,
			    UINT32_MAX);
	}
	for (i = 0; i < COUNT(mem); i++)
		for (size = 1; size <= 8; size++) {
			assert_true(machine_mem_read(&r->m, mem[i], size) ==
			    UINT64_MAX);
			machine_mem_write(&r->m, mem[i], size, 0);
		}
	assert_int_equal(r->ends, 0);
	assert_int_equal(r->out_n, 0);
	assert_int_equal(r->bars[0], 0);
	rig_free(r);
}

/* ----------------------------------------------------------------- threads */

/* Threads do not wait for each other at a lock. */
static void
pm_accesses(struct rig *r)
{
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		machine_port_write(&r->m, PM + i % 3 * 2, 2, i & ~0x2000u);
		(void)in(r, PM + i % 5 * 2, 2);
	}
}

/* One CPU's accesses to all registers, except those that end lem-vm. */
static void *
port_thread(void *arg)
{
	static const uint16_t ports[] = { 0x3f8, 0x3f9, 0x3fa, 0x3fb, 0x3fc,
		0x3fd, 0x3fe, 0x3ff, PM + 0, PM + 2, PM + 4, PM + 8, 0xcf8,
		0xcfc, 0xcfd, MACHINE_BAR_IO, MACHINE_BAR_IO + 4 };
	struct rig *r = arg;
	unsigned int i, device;
	uint32_t value;

	pm_accesses(r);
	for (i = 0; i < 3000; i++) {
		device = NIC0 + i % 2;
		config_write(r, device, i % 64 * 4, 1u << i % 3,
		    i * 2654435761u);
		config_write(r, device, BAR0, 4,
		    MACHINE_BAR_MEM + i % 7 * 0x20000);
		config_write(r, device, 4, 2, i % 8);
		value = in(r, ports[i % COUNT(ports)], 1u << i % 3);
		if (ports[i % COUNT(ports)] != 0x3f8)
			machine_port_write(&r->m, ports[i % COUNT(ports)],
			    1u << i % 3, value & ~0x2000u);
		(void)machine_input(&r->m, (const uint8_t *)"x", 1);
		machine_mem_write(&r->m, MACHINE_BAR_MEM + i % 0xe0000, 4, i);
		(void)machine_mem_read(&r->m, MACHINE_BAR_MEM + i % 0xe0000, 4);
	}
	return NULL;
}

static void
test_port_threads(void **state)
{
	struct rig *r = rig_new(2);
	pthread_t thread[3];
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(thread); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, port_thread,
				     r),
		    0);
	for (i = 0; i < COUNT(thread); i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(r->ends, 0);
	rig_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config_probe),
		cmocka_unit_test(test_config_disabled),
		cmocka_unit_test(test_config_widths),
		cmocka_unit_test(test_config_who),
		cmocka_unit_test(test_bars_as_found),
		cmocka_unit_test(test_bars_size),
		cmocka_unit_test(test_bars_decode),
		cmocka_unit_test(test_bars_move),
		cmocka_unit_test(test_bars_move_io),
		cmocka_unit_test(test_dispatch),
		cmocka_unit_test(test_dispatch_edges),
		cmocka_unit_test(test_irq_shared),
		cmocka_unit_test(test_irq_of_nics),
		cmocka_unit_test(test_irq_threads),
		cmocka_unit_test(test_pm_timer),
		cmocka_unit_test(test_pm_timer_wraps),
		cmocka_unit_test(test_pm_registers),
		cmocka_unit_test(test_power_off),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_panic),
		cmocka_unit_test(test_machine_reset),
		cmocka_unit_test(test_exit_port),
		cmocka_unit_test(test_console),
		cmocka_unit_test(test_nowhere),
		cmocka_unit_test(test_port_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
