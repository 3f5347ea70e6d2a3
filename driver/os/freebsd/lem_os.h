/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the driver core needs of FreeBSD (driver/lem.h lists it).  counter(9)
 * counts the accesses, because in a guest each is a VM exit.
 */
#ifndef LEM_OS_H
#define LEM_OS_H

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/time.h>
#include <sys/bus.h>
#include <sys/counter.h>
#include <sys/errno.h>
#include <sys/stddef.h>
#include <sys/stdint.h>

#include <machine/atomic.h>
#include <machine/bus.h>
#include <machine/cpufunc.h>
#include <machine/resource.h>

#include <sys/rman.h>

#define E1000_HW_NO_STDINT

struct lem_os {
	struct resource *bar;	/* BAR 0: registers */
	uint32_t khz;		/* of the TSC, 0 if unknown */
	counter_u64_t reads;	/* register reads since attach */
	counter_u64_t writes;
};

static inline uint32_t
lem_os_read32(struct lem_os *os, uint32_t reg)
{
	counter_u64_add(os->reads, 1);
	return (bus_read_4(os->bar, reg));
}

static inline void
lem_os_write32(struct lem_os *os, uint32_t reg, uint32_t value)
{
	counter_u64_add(os->writes, 1);
	bus_write_4(os->bar, reg, value);
}

static inline void
lem_os_udelay(struct lem_os *os __unused, unsigned int us)
{
	DELAY(us);
}

/* With config_sx held, but no mutex.  While the system boots it spins. */
static inline void
lem_os_sleep(struct lem_os *os __unused, unsigned int us)
{
	pause_sbt("lemwait", us * SBT_1US, 0, 0);
}

/* 0 on other processors, where the counter may be slower than the CPU. */
static inline uint64_t
lem_os_cycles(struct lem_os *os __unused)
{
#if defined(__amd64__) || defined(__i386__)
	return (rdtsc());
#else
	return (0);
#endif
}

static inline uint32_t
lem_os_khz(struct lem_os *os)
{
	return (os->khz);
}

/*
 * Descriptors are ordinary, coherent memory and registers are uncached: x86
 * keeps stores to both in order, and loads; the compiler may not.
 *
 * lem_os_wmb: stores to descriptors before the store to RDT or TDT.  (iflib has
 * called bus_dmamap_sync() for the buffers.)
 * lem_os_rmb: the load of a descriptor's status before the loads of the rest of
 * it.
 */
static inline void
lem_os_wmb(void)
{
#if defined(__amd64__) || defined(__i386__)
	__compiler_membar();
#else
	wmb();
#endif
}

static inline void
lem_os_rmb(void)
{
#if defined(__amd64__) || defined(__i386__)
	__compiler_membar();
#else
	rmb();
#endif
}

#endif
