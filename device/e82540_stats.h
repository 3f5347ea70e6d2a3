/* SPDX-License-Identifier: BSD-2-Clause */
/* Statistics registers (13.7).  All with the bus lock. */
#ifndef E82540_STATS_H
#define E82540_STATS_H

#include "e82540_report.h"

/* e82540_stat_add: to a statistics register, which sticks at its maximum. */
void e82540_stat_add(struct e82540 *dev, uint32_t reg, uint32_t n);

/* e82540_stats_report: add what a batch has counted. */
void
e82540_stats_report(struct e82540 *dev, const struct e82540_report *report);

/* Hooks of the statistics, and of both halves of those of 64 bits. */
void e82540_stat_after_read(struct e82540 *dev, uint32_t offset);
uint32_t e82540_total_low_read(const struct e82540 *dev, uint32_t offset);
uint32_t e82540_total_high_read(const struct e82540 *dev, uint32_t offset);
void e82540_total_after_read(struct e82540 *dev, uint32_t offset);

#endif
