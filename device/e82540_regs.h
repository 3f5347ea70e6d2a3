/* SPDX-License-Identifier: BSD-2-Clause */
/* The register map. */
#ifndef E82540_REGS_H
#define E82540_REGS_H

#include "e82540_impl.h"

/*
 * e82540_reg_read, e82540_reg_write: a 32-bit access, offset a multiple of 4
 * below E82540_BAR0_BYTES.  Bus lock; they take the locks that the row names.
 */
uint32_t e82540_reg_read(struct e82540 *dev, uint32_t offset);
void e82540_reg_write(struct e82540 *dev, uint32_t offset, uint32_t value);

/*
 * e82540_reg_apply: what a write does.  Bus lock, and the locks of its row.
 * e82540_reg_value: what a read returns, without its effects.  Bus lock.
 */
void e82540_reg_apply(struct e82540 *dev, uint32_t offset, uint32_t value);
uint32_t e82540_reg_value(const struct e82540 *dev, uint32_t offset);

/*
 * e82540_regs_init: build row_of, and set every register to its value at
 * power-on, also those that CTRL.RST leaves alone.  All locks.
 */
void e82540_regs_init(struct e82540 *dev);

/*
 * e82540_regs_absorb: take in what the guest has written without a trap to the
 * path's registers.  Bus and path's lock.
 */
void e82540_regs_absorb(struct e82540 *dev, enum e82540_lock path);

/*
 * e82540_device_reset: CTRL.RST (13.4.1): registers, rings, FIFO, timers; not
 * PCI, PHY, EEPROM.  All locks.
 */
void e82540_device_reset(struct e82540 *dev);

#endif
