/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the driver core needs of the unit tests (driver/lem.h lists it).  Every
 * access goes to a struct fake_device; lem_os_udelay() and lem_os_sleep()
 * advance its clock.  A barrier has no device as an argument: the device that
 * fake_init() was called for last logs it.
 */
#ifndef LEM_OS_H
#define LEM_OS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "e1000_hw.h"

struct fake_device;

#define FAKE_TDT_CYCLES	10000u		/* of a write of TDT, as an exit */

struct lem_os {
	struct fake_device *dev;
	uint64_t cycles;
	bool no_cycles;			/* there is no counter */
	bool cheap_tdt;			/* its writes are not trapped */
	uint32_t icr_cycles;		/* of a read of ICR */
};

uint32_t fake_read(struct fake_device *dev, uint32_t reg);
void fake_write(struct fake_device *dev, uint32_t reg, uint32_t value);
uint64_t fake_now_ns(const struct fake_device *dev);
void fake_udelay(struct fake_device *dev, unsigned int us);
void fake_sleep(struct fake_device *dev, unsigned int us);
void fake_wmb(void);
void fake_rmb(void);

static inline uint32_t
lem_os_read32(struct lem_os *os, uint32_t reg)
{
	if (reg == E1000_ICR)
		os->cycles += os->icr_cycles;
	return fake_read(os->dev, reg);
}

static inline void
lem_os_write32(struct lem_os *os, uint32_t reg, uint32_t value)
{
	fake_write(os->dev, reg, value);
	if (reg == E1000_TDT && !os->cheap_tdt)
		os->cycles += FAKE_TDT_CYCLES;
}

static inline uint64_t
lem_os_cycles(struct lem_os *os)
{
	os->cycles += 10;
	return os->no_cycles ? 0 : os->cycles + fake_now_ns(os->dev);
}

/* A cycle is a nanosecond. */
static inline uint32_t
lem_os_khz(struct lem_os *os)
{
	return os->no_cycles ? 0 : 1000000;
}

static inline void
lem_os_udelay(struct lem_os *os, unsigned int us)
{
	fake_udelay(os->dev, us);
}

static inline void
lem_os_sleep(struct lem_os *os, unsigned int us)
{
	fake_sleep(os->dev, us);
}

static inline void
lem_os_wmb(void)
{
	__asm__ volatile("" : : : "memory");
	fake_wmb();
}

static inline void
lem_os_rmb(void)
{
	__asm__ volatile("" : : : "memory");
	fake_rmb();
}

#endif
