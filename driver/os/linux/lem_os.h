/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the driver core needs of Linux (driver/lem.h lists it).  The port counts
 * the accesses, because in a guest each is a VM exit.
 */
#ifndef LEM_OS_H
#define LEM_OS_H

#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/stddef.h>
#include <linux/timex.h>
#include <linux/types.h>
#ifdef CONFIG_X86
#include <asm/tsc.h>
#endif

#define E1000_HW_NO_STDINT

#ifndef UINT32_MAX
#define UINT32_MAX U32_MAX
#endif
#ifndef INT64_MAX
#define INT64_MAX S64_MAX
#endif
#ifndef UINT64_MAX
#define UINT64_MAX U64_MAX
#endif

/*
 * The counts are exact for one CPU.  Accesses of two CPUs at the same time may
 * count as one: an atomic count would cost more than it is worth.
 */
struct lem_os {
	u8 __iomem *bar;	/* BAR 0: registers */
	u64 reads;		/* register reads since probe */
	u64 writes;
};

static inline u32 lem_os_read32(struct lem_os *os, u32 reg)
{
	WRITE_ONCE(os->reads, os->reads + 1);
	return readl(os->bar + reg);
}

/* Memory writes before it come first: that is writel()'s promise. */
static inline void lem_os_write32(struct lem_os *os, u32 reg, u32 value)
{
	WRITE_ONCE(os->writes, os->writes + 1);
	writel(value, os->bar + reg);
}

static inline void lem_os_udelay(struct lem_os *os, unsigned int us)
{
	udelay(us);
}

static inline void lem_os_sleep(struct lem_os *os, unsigned int us)
{
	usleep_range(us, us + us / 4 + 10);
}

/* 0 on processors whose counter may be slower than the CPU. */
static inline u64 lem_os_cycles(struct lem_os *os)
{
#ifdef CONFIG_X86
	return get_cycles();
#else
	return 0;
#endif
}

static inline u32 lem_os_khz(struct lem_os *os)
{
#ifdef CONFIG_X86
	return tsc_khz;
#else
	return 0;
#endif
}

/*
 * Descriptors are coherent memory.  What orders stores to them before the store
 * to a register is lem_os_write32().  dma_rmb() orders the load of a status
 * before the loads of the descriptor's other words and of the packet.
 */
static inline void lem_os_wmb(void)
{
	dma_wmb();
}

static inline void lem_os_rmb(void)
{
	dma_rmb();
}

#endif
