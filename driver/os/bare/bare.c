/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring-3 side of the bare-metal platform.  bare.h documents the functions;
 * start.S explains why they run in ring 3.
 */
#include <errno.h>

#include "bare.h"

#define PORT_PCI_ADDRESS	0xcf8
#define PORT_PCI_DATA		0xcfc
#define PORT_EXIT		0xf4

#define IRQ_NIC			5	/* as in start.S */

#define PCI_ID			0x00
#define PCI_COMMAND		0x04
#define PCI_COMMAND_IO		0x0001u
#define PCI_COMMAND_MEMORY	0x0002u
#define PCI_COMMAND_MASTER	0x0004u
#define PCI_COMMAND_INTX_OFF	0x0400u
#define PCI_HEADER		0x0c	/* dword with the header type */
#define PCI_HEADER_MULTI	0x00800000u
#define PCI_BAR0		0x10
#define PCI_BAR_IO		0x1u
#define PCI_BAR_TYPE_MASK	0x6u
#define PCI_BAR_TYPE_64		0x4u

/* Free on i440fx and q35 alike: above 64 MiB of RAM, below the I/O APIC. */
#define MEMORY_WINDOW		0xe0000000u
#define MEMORY_WINDOW_END	0xfec00000u
#define IO_WINDOW		0xc000u
#define IO_WINDOW_END		0x10000u

#define LAPIC_SVR		0xfee000f0u
#define LAPIC_LVT_LINT0		0xfee00350u
#define LAPIC_LVT_TIMER		0xfee00320u
#define LAPIC_TIMER_COUNT	0xfee00380u
#define LAPIC_TIMER_DIVIDE	0xfee003e0u
#define LAPIC_TIMER_PERIODIC	0x20000u
#define LAPIC_TIMER_MASKED	0x10000u
#define LAPIC_DIVIDE_BY_1	0xbu

#define VECTOR_TICK		0x2e	/* these two as in start.S */
#define VECTOR_SPURIOUS		0x2f

/* start.S */
extern uint8_t bare_irq_stub32[], bare_irq_stub8[];
extern uint8_t bare_irq_stub32_addr[], bare_irq_stub8_addr[];
extern volatile uint16_t bare_irq_gate[];

#define TSC_HZ_UNKNOWN		5000000000u	/* no TSC is faster */

static uint64_t tsc_hz;
static uint32_t memory_next = MEMORY_WINDOW;
static uint32_t io_next = IO_WINDOW;

static void
pci_select(int devfn, unsigned int offset)
{
	bare_out32(PORT_PCI_ADDRESS,
	    0x80000000u | (uint32_t)devfn << 8 | (offset & 0xfc));
}

uint32_t
bare_pci_read32(int devfn, unsigned int offset)
{
	pci_select(devfn, offset);
	return bare_in32(PORT_PCI_DATA);
}

void
bare_pci_write32(int devfn, unsigned int offset, uint32_t value)
{
	pci_select(devfn, offset);
	bare_out32(PORT_PCI_DATA, value);
}

void
bare_pci_write8(int devfn, unsigned int offset, uint8_t value)
{
	pci_select(devfn, offset);
	bare_out8((uint16_t)(PORT_PCI_DATA + (offset & 3)), value);
}

int
bare_pci_find(uint16_t vendor, uint16_t device)
{
	uint32_t wanted = (uint32_t)device << 16 | vendor;
	uint32_t id;
	int devfn;

	for (devfn = 0; devfn < 256; devfn++) {
		id = bare_pci_read32(devfn, PCI_ID);
		if (id == wanted)
			return devfn;
		/* Each access is an exit: skip functions that cannot exist. */
		if ((devfn & 7) == 0 &&
		    (id == 0xffffffff ||
			!(bare_pci_read32(devfn, PCI_HEADER) &
			    PCI_HEADER_MULTI)))
			devfn |= 7;
	}
	return -ENODEV;
}

/*
 * Takes `size` bytes, a power of two, aligned to it.  Returns 0 when there is
 * no room left.
 */
static uint32_t
window_take(uint32_t *next, uint32_t end, uint32_t size)
{
	uint32_t base = (*next + size - 1) & ~(size - 1);

	if (base < *next || base >= end || size > end - base)
		return 0;
	*next = base + size;
	return base;
}

/*
 * Sizes and places the BAR at `offset`; PCI Local Bus 3.0, 6.2.5.1.  Stores
 * the address that the device has then, as a device may ignore our choice, and
 * whether the BAR is the lower half of a 64-bit one.
 */
static int
bar_place(int devfn, unsigned int offset, uint64_t *address, int *is_64)
{
	uint32_t flags, size;

	bare_pci_write32(devfn, offset, 0xffffffff);
	size = bare_pci_read32(devfn, offset);
	*is_64 = !(size & PCI_BAR_IO) &&
	    (size & PCI_BAR_TYPE_MASK) == PCI_BAR_TYPE_64;
	*address = 0;
	if (size == 0)
		return 0;
	flags = size & PCI_BAR_IO ? 0x3 : 0xf;
	size = ~(size & ~flags) + 1;
	if (flags == 0x3) {
		size &= 0xffff;	/* the upper half may be hardwired to 0 */
		*address = window_take(&io_next, IO_WINDOW_END, size);
	} else {
		*address = window_take(&memory_next, MEMORY_WINDOW_END, size);
	}
	if (*address == 0)
		return -ENOSPC;
	bare_pci_write32(devfn, offset, (uint32_t)*address);
	if (*is_64)
		bare_pci_write32(devfn, offset + 4, 0);
	*address = bare_pci_read32(devfn, offset) & ~flags;
	return 0;
}

int
bare_pci_enable(int devfn, uint64_t bar[BARE_PCI_BARS])
{
	uint32_t command;
	int error, i, is_64;

	/* Decoding off, as a BAR being sized claims the top of memory. */
	command = bare_pci_read32(devfn, PCI_COMMAND) & 0xffff;
	command &= ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
	    PCI_COMMAND_INTX_OFF);
	bare_pci_write32(devfn, PCI_COMMAND, command);
	for (i = 0; i < BARE_PCI_BARS; i++)
		bar[i] = 0;
	for (i = 0; i < BARE_PCI_BARS; i += 1 + is_64) {
		error = bar_place(devfn, PCI_BAR0 + 4 * (unsigned int)i,
		    &bar[i], &is_64);
		if (error != 0)
			return error;
	}
	bare_pci_write32(devfn, PCI_COMMAND,
	    command | PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	return 0;
}

/*
 * All PCI interrupt lines to IRQ5: PIRQ[A-D]_ROUT of the PIIX3 (82371SB, 3.3.2)
 * and PIRQ[A-H]_ROUT of the ICH9 (13.1.11, 13.1.14).  A VMM with neither is
 * expected to wire INTx to IRQ5 itself.
 */
static void
irq_route(void)
{
	unsigned int i;
	int devfn;

	devfn = bare_pci_find(0x8086, 0x7000);
	for (i = 0; devfn >= 0 && i < 4; i++)
		bare_pci_write8(devfn, 0x60 + i, IRQ_NIC);
	devfn = bare_pci_find(0x8086, 0x2918);
	for (i = 0; devfn >= 0 && i < 4; i++) {
		bare_pci_write8(devfn, 0x60 + i, IRQ_NIC);
		bare_pci_write8(devfn, 0x68 + i, IRQ_NIC);
	}
}

static void
lapic_write(uint32_t reg, uint32_t value)
{
	bare_mmio_write32((volatile void *)(uintptr_t)reg, value);
}

void
bare_init(uint64_t hz)
{
	tsc_hz = hz;
	irq_route();
	/*
	 * The LAPIC must be on (bit 8), with LINT0 as ExtINT, before the
	 * 8259's interrupts arrive.  KVM starts like that; TCG does not.
	 */
	lapic_write(LAPIC_SVR, 0x100 | VECTOR_SPURIOUS);
	lapic_write(LAPIC_LVT_LINT0, 0x700);
}

void
bare_tick_start(uint32_t period_us)
{
	lapic_write(LAPIC_LVT_TIMER,
	    VECTOR_TICK |
		(period_us != 0 ? LAPIC_TIMER_PERIODIC : LAPIC_TIMER_MASKED));
	lapic_write(LAPIC_TIMER_DIVIDE, LAPIC_DIVIDE_BY_1);
	lapic_write(LAPIC_TIMER_COUNT, period_us * 1000);
}

void
bare_udelay(uint32_t delay_us)
{
	uint64_t hz = tsc_hz != 0 ? tsc_hz : TSC_HZ_UNKNOWN;
	uint64_t ticks = (hz / 1000000 + 1) * delay_us;
	uint64_t start = bare_rdtsc();

	while (bare_rdtsc() - start < ticks)
		bare_pause();
}

int
bare_irq_attach(volatile void *cause_register, unsigned int width_bytes)
{
	uint64_t address = (uintptr_t)cause_register;
	uint8_t *stub, *operand;

	switch (width_bytes) {
	case 1:
		stub = bare_irq_stub8;
		operand = bare_irq_stub8_addr;
		break;
	case 4:
		stub = bare_irq_stub32;
		operand = bare_irq_stub32_addr;
		break;
	default:
		return -EINVAL;
	}
	__builtin_memcpy(operand, &address, sizeof(address));
	/* The gate's lowest 16 bits; the others are alike, see start.S. */
	bare_irq_gate[0] = (uint16_t)(uintptr_t)stub;
	return 0;
}

void
bare_exit(uint32_t code)
{
	bare_out32(PORT_EXIT, code);
	for (;;)	/* no isa-debug-exit: stay */
		bare_pause();
}

/*
 * These use the string instructions, because a compiler could turn a loop here
 * into a call of the same function.  They go by words, because TCG emulates one
 * iteration at a time.  They are "used", because gcc 16 makes calls of them at
 * link time, when it has dropped the functions that nobody calls.
 */
__attribute__((used)) void *
memcpy(void *restrict to, const void *restrict from, size_t len_bytes)
{
	void *cursor = to;
	size_t words = len_bytes / 8;
	size_t tail = len_bytes % 8;

	__asm__ volatile("rep movsq\n\tmovq %3, %%rcx\n\trep movsb"
	    : "+D" (cursor), "+S" (from), "+c" (words)
			 : "r"(tail)
			 : "memory");
	return to;
}

__attribute__((used)) void *
memset(void *to, int byte, size_t len_bytes)
{
	void *cursor = to;
	uint64_t pattern = (uint8_t)byte * 0x0101010101010101u;
	size_t words = len_bytes / 8;
	size_t tail = len_bytes % 8;

	__asm__ volatile("rep stosq\n\tmovq %3, %%rcx\n\trep stosb"
	    : "+D" (cursor), "+c" (words)
			 : "a"(pattern), "r"(tail)
			 : "memory");
	return to;
}

__attribute__((used)) int
memcmp(const void *a, const void *b, size_t len_bytes)
{
	const uint8_t *left = a, *right = b;
	size_t i;

	for (i = 0; i < len_bytes; i++) {
		if (left[i] != right[i])
			return left[i] < right[i] ? -1 : 1;
	}
	return 0;
}
