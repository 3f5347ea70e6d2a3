/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the driver core needs of the sim port (driver/lem.h lists it): register
 * accesses go straight into the NIC model, in the same process and, unless a
 * test has several, on the same thread.  The clock is the machine's.
 */
#ifndef LEM_OS_H
#define LEM_OS_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "e1000_hw.h"
#include "e82540.h"

#define SIM_CYCLES	10u
#define SIM_TRAP_CYCLES	10000u

struct sim;

struct lem_os {
	struct sim *sim;
	struct e82540 *dev;
	const _Atomic(uint64_t) *now_ns;
	bool doorbells;		/* the machine may show registers as memory */
	_Atomic(uint64_t) cycles; /* a trapped access costs many */
};

void sim_udelay(struct sim *sim, unsigned int us);

/*
 * If the register is memory now, access it there, without a call of the model,
 * and return true.  If the device is gone, a read is all ones, a write is lost.
 */
bool sim_doorbell_read(struct sim *sim, uint32_t reg, uint32_t *value);
bool sim_doorbell_write(struct sim *sim, uint32_t reg, uint32_t value);

static inline uint32_t
lem_os_read32(struct lem_os *os, uint32_t reg)
{
	uint64_t now_ns =
	    atomic_load_explicit(os->now_ns, memory_order_relaxed);
	uint32_t value;

	if (os->doorbells && sim_doorbell_read(os->sim, reg, &value))
		return value;
	if (reg == E1000_ICR)
		os->cycles += SIM_TRAP_CYCLES;
	return (uint32_t)e82540_mmio_read(os->dev, now_ns, reg, 4);
}

static inline void
lem_os_write32(struct lem_os *os, uint32_t reg, uint32_t value)
{
	uint64_t now_ns =
	    atomic_load_explicit(os->now_ns, memory_order_relaxed);

	if (os->doorbells && sim_doorbell_write(os->sim, reg, value))
		return;
	e82540_mmio_write(os->dev, now_ns, reg, 4, value);
	if (reg == E1000_TDT)
		os->cycles += SIM_TRAP_CYCLES;
}

static inline uint64_t
lem_os_cycles(struct lem_os *os)
{
	return atomic_fetch_add(&os->cycles, SIM_CYCLES) + SIM_CYCLES +
	    atomic_load_explicit(os->now_ns, memory_order_relaxed);
}

/* A cycle is a nanosecond. */
static inline uint32_t
lem_os_khz(struct lem_os *os)
{
	(void)os;
	return 1000000;
}

static inline void
lem_os_udelay(struct lem_os *os, unsigned int us)
{
	sim_udelay(os->sim, us);
}

static inline void
lem_os_sleep(struct lem_os *os, unsigned int us)
{
	sim_udelay(os->sim, us);
}

/*
 * The compiler is held back; the model's locks and atomic indices do the rest:
 * TDT is stored with release, and DD comes with release.
 */
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
