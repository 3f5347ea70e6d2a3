/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the driver core needs of bare metal (driver/lem.h lists it): registers
 * are mapped one to one, and every access is counted, because in a guest each
 * is a VM exit.
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

static inline uint64_t
lem_os_cycles(struct lem_os *os)
{
	(void)os;
	return bare_rdtsc();
}

/* x86 keeps stores in order, and loads in order; only the compiler may not. */
static inline void
lem_os_wmb(void)
{
	__asm__ volatile("" : : : "memory");
}

static inline void
lem_os_rmb(void)
{
	__asm__ volatile("" : : : "memory");
}

#endif
