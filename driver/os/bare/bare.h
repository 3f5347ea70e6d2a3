/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bare-metal platform: one CPU, one thread in ring 3, one PCI device with
 * an interrupt, all memory below 4 GiB mapped one to one (so a pointer is a
 * DMA address).  No firmware, no clock but the TSC.
 *
 * Boot: rom.S (reset to long mode) -> start.S (ring 0 set-up) -> bare_main()
 * in ring 3, which the program defines.  It calls bare_init() first.
 *
 * Nothing here blocks or allocates; nothing is safe against a second CPU.
 * Interrupts only touch bare_irq_cause and the two counts.
 */
#ifndef LEM_BARE_H
#define LEM_BARE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Memory that is not cleared at boot: packet buffers, megabytes of them.  (The
 * host has to find a page for every page that is cleared.)  Its contents at
 * boot are undefined.
 */
#define BARE_NOINIT	__attribute__((section(".bss.noinit")))

#define BARE_PCI_BARS	6

/* The program.  When it returns, the machine leaves with code 0. */
void bare_main(void);

/* --- Memory-mapped registers --- */

/*
 * Each is one plain mov, independent of the optimiser: the hypervisor's
 * emulator decodes an access to a device, and it knows fewer forms than the
 * CPU.  Each is also a compiler barrier.  The CPU by itself orders stores to
 * memory before a store to a device (x86 keeps stores in order).
 */
static inline uint8_t
bare_mmio_read8(const volatile void *reg)
{
	uint8_t value;

	__asm__ volatile("movb %1, %0"
			 : "=q"(value)
			 : "m"(*(const volatile uint8_t *)reg)
			 : "memory");
	return value;
}

static inline uint16_t
bare_mmio_read16(const volatile void *reg)
{
	uint16_t value;

	__asm__ volatile("movw %1, %0"
			 : "=r"(value)
			 : "m"(*(const volatile uint16_t *)reg)
			 : "memory");
	return value;
}

static inline uint32_t
bare_mmio_read32(const volatile void *reg)
{
	uint32_t value;

	__asm__ volatile("movl %1, %0"
			 : "=r"(value)
			 : "m"(*(const volatile uint32_t *)reg)
			 : "memory");
	return value;
}

static inline void
bare_mmio_write8(volatile void *reg, uint8_t value)
{
	__asm__ volatile("movb %1, %0"
			 : "=m"(*(volatile uint8_t *)reg)
			 : "q"(value)
			 : "memory");
}

static inline void
bare_mmio_write16(volatile void *reg, uint16_t value)
{
	__asm__ volatile("movw %1, %0"
			 : "=m"(*(volatile uint16_t *)reg)
			 : "r"(value)
			 : "memory");
}

static inline void
bare_mmio_write32(volatile void *reg, uint32_t value)
{
	__asm__ volatile("movl %1, %0"
			 : "=m"(*(volatile uint32_t *)reg)
			 : "r"(value)
			 : "memory");
}

/* --- I/O ports --- */

static inline uint32_t
bare_in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a" (value) : "Nd" (port) : "memory");
	return value;
}

static inline void
bare_out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a" (value), "Nd" (port) : "memory");
}

static inline void
bare_out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a" (value), "Nd" (port) : "memory");
}

/* --- CPU --- */

static inline uint64_t
bare_rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a" (low), "=d" (high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* For every loop that waits: a hint to the CPU, and a compiler barrier. */
static inline void
bare_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

/*
 * A full fence between ordinary memory accesses: for all observers, those
 * before it are done before those after it.
 *
 * TCG of QEMU 7.2 drops every fence while the machine can have only one CPU
 * (tcg_gen_mb() without CF_PARALLEL), although QEMU's own threads access the
 * same memory.  A virtqueue then lost a notification and stood still in 13 runs
 * of 84, and in 0 of 84 with "-smp 1,maxcpus=2": start such a QEMU so.  Later
 * versions keep mfence, but still not a locked instruction, so this is mfence.
 */
static inline void
bare_fence(void)
{
	__asm__ volatile("mfence" : : : "memory");
}

/*
 * Readies timing and interrupts; the first call of bare_main(), once.
 * `tsc_hz`: rate of the TSC in Hz; 0 if unknown, when delays are made for a
 * TSC of 5 GHz and so last longer than asked.
 */
void bare_init(uint64_t tsc_hz);

/* Busy-waits at least `delay_us` microseconds. */
void bare_udelay(uint32_t delay_us);

/* --- PCI, bus 0 --- */

/*
 * Configuration space of function `devfn` (device << 3 | function).
 * `offset` is in bytes and aligned to the access.
 */
uint32_t bare_pci_read32(int devfn, unsigned int offset);
void bare_pci_write32(int devfn, unsigned int offset, uint32_t value);
void bare_pci_write8(int devfn, unsigned int offset, uint8_t value);

/*
 * Returns the devfn of the first function with this vendor and device id, or
 * -ENODEV.
 */
int bare_pci_find(uint16_t vendor, uint16_t device);

/*
 * Places every BAR of `devfn` below 4 GiB and turns memory and I/O decoding,
 * bus mastering and INTx on.  bar[i] becomes the address (memory) or port (I/O)
 * of BAR i, or 0 if it does not exist.  Call it once for a function: addresses
 * go upwards and are never given back.  Returns 0, or -ENOSPC when the memory
 * or I/O window is exhausted (the function is then left disabled).
 */
int bare_pci_enable(int devfn, uint64_t bar[BARE_PCI_BARS]);

/* --- The interrupt --- */

/*
 * Values read from the cause register, ORed together, and how many interrupts
 * that took (each was one read of the register).  Written by start.S.
 */
extern volatile uint32_t bare_irq_cause;
extern volatile uint32_t bare_irq_count;
/* Interrupts that were not the device's. */
extern volatile uint32_t bare_irq_spurious;

/*
 * Makes `cause_register` (whose read clears it and deasserts INTx) the one
 * that an interrupt reads, with an access of `width_bytes`, 4 or 1.  A later
 * call replaces it.  The device must not interrupt during the call.  Returns 0
 * or -EINVAL.
 */
int bare_irq_attach(volatile void *cause_register, unsigned int width_bytes);

/*
 * Returns the causes since the last call and clears them.  Without a cause it
 * costs a load and a branch.
 */
static inline uint32_t
bare_irq_take(void)
{
	uint32_t cause = 0;

	if (bare_irq_cause == 0)
		return 0;
	/* One instruction, as an interrupt may come before or after it. */
	__asm__ volatile("xchgl %0, %1"
			 : "+r"(cause), "+m"(bare_irq_cause)
			 :
			 : "memory");
	return cause;
}

/*
 * Halts the CPU until an interrupt, of the device or of the tick; returns at
 * once while bare_irq_cause is not 0.  It checks with interrupts off, so an
 * interrupt between the check and the halt is not lost.  It is a hlt in ring 3,
 * which faults to ring 0, which halts: a few microseconds where ring 0 is
 * emulated.  It works, and leaves the host's CPU idle, on KVM below PVM and on
 * TCG (QEMU 7.2).
 *
 * Only interrupts end it: to wait for a change in memory, start a tick.
 */
void bare_wait_for_interrupt(void);

/*
 * From now on every wait ends after at most `period_us` (1 to 4,000,000; 0 is
 * off).  It uses the LAPIC timer, at the 1 GHz that it has in KVM (which raises
 * less than 200 to 200) and QEMU.  A tick costs exits, and no counter counts
 * it.
 */
void bare_tick_start(uint32_t period_us);

/* --- The end; start.S also prints exceptions on port 0x402 (debugcon) --- */

/* Leaves QEMU with status 2 * code + 1 (port 0xf4, isa-debug-exit). */
void bare_exit(uint32_t code) __attribute__((noreturn));

/* --- What a compiler expects of any environment --- */

void *memcpy(void *restrict to, const void *restrict from, size_t len_bytes);
void *memset(void *to, int byte, size_t len_bytes);
int memcmp(const void *a, const void *b, size_t len_bytes);

#endif
