/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the driver core needs of bare metal (driver/lem.h lists it).  Registers
 * are mapped one to one.  Every access is counted, because in a guest each is a
 * VM exit.
 */
#ifndef LEM_OS_H
#define LEM_OS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bare.h"

struct lem_os {
	uint8_t *bar0;
	uint64_t reads;		/* register reads since boot */
	uint64_t writes;
	uint32_t khz;		/* of the TSC, 0 if unknown */
};

static inline uint32_t
lem_os_read32(struct lem_os *os, uint32_t reg)
{
	os->reads++;
	return bare_mmio_read32(os->bar0 + reg);
}

static inline void
lem_os_write32(struct lem_os *os, uint32_t reg, uint32_t value)
{
	os->writes++;
	bare_mmio_write32(os->bar0 + reg, value);
}

static inline void
lem_os_udelay(struct lem_os *os, unsigned int us)
{
	(void)os;
	bare_udelay(us);
}

/* There is nothing else to run meanwhile. */
static inline void
lem_os_sleep(struct lem_os *os, unsigned int us)
{
	(void)os;
	bare_udelay(us);
}

static inline uint64_t
lem_os_cycles(struct lem_os *os)
{
	(void)os;
	return bare_rdtsc();
}

static inline uint32_t
lem_os_khz(struct lem_os *os)
{
	return os->khz;
}

/*
 * Stores to descriptors and buffers before the store to RDT or TDT.  x86 keeps
 * stores in order, to memory and to registers; the compiler may not.
 */
static inline void
lem_os_wmb(void)
{
	__asm__ volatile("" : : : "memory");
}

/*
 * The load of a descriptor's status before the loads of the rest and the data.
 * x86 keeps loads in order; the compiler may not.
 */
static inline void
lem_os_rmb(void)
{
	__asm__ volatile("" : : : "memory");
}

#endif
