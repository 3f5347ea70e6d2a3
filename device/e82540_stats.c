/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statistics (13.7).  The data paths count in reports (e82540_count()); here
 * their counts go into the registers.
 */
#include "e82540_stats.h"

void
e82540_stat_add(struct e82540 *dev, uint32_t reg, uint32_t n)
{
	uint32_t value = e82540_reg(dev, reg);

	e82540_reg_set(dev, reg,
	    n > UINT32_MAX - value ? UINT32_MAX : value + n);
}

void
e82540_stats_report(struct e82540 *dev, const struct e82540_report *report)
{
	uint64_t left;
	unsigned int i;

	for (left = report->counted; left != 0; left &= left - 1) {
		i = __builtin_ctzll(left);
		e82540_stat_add(dev, E1000_CRCERRS + i * 4, report->stat[i]);
	}
	dev->total[E82540_GORC] += report->good_octets_rx;
	dev->total[E82540_GOTC] += report->good_octets_tx;
	dev->total[E82540_TOR] += report->total_octets_rx;
	dev->total[E82540_TOT] += report->total_octets_tx;
}

/* ----------------------------------------------------------- registers */

/* 13.7: cleared by a read. */
void
e82540_stat_after_read(struct e82540 *dev, uint32_t offset)
{
	e82540_reg_set(dev, offset, 0);
}

static enum e82540_total
total_of(uint32_t offset)
{
	switch (offset) {
	case E1000_GORCL:
	case E1000_GORCH:
		return E82540_GORC;
	case E1000_GOTCL:
	case E1000_GOTCH:
		return E82540_GOTC;
	case E1000_TORL:
	case E1000_TORH:
		return E82540_TOR;
	default:
		return E82540_TOT;
	}
}

uint32_t
e82540_total_low_read(const struct e82540 *dev, uint32_t offset)
{
	return dev->total[total_of(offset)] & UINT32_MAX;
}

uint32_t
e82540_total_high_read(const struct e82540 *dev, uint32_t offset)
{
	return dev->total[total_of(offset)] >> 32;
}

/* 13.7.31: reading the high half clears both. */
void
e82540_total_after_read(struct e82540 *dev, uint32_t offset)
{
	dev->total[total_of(offset)] = 0;
}
