/* SPDX-License-Identifier: BSD-2-Clause */
/* The EEPROM.  All with the bus lock. */
#ifndef E82540_NVM_H
#define E82540_NVM_H

#include "e82540_impl.h"

/* ICW1 (5.6): what the chip takes from the EEPROM, if it is signed. */
#define E82540_ICW1_DEVICE	0x0001u	/* vendor and device id */
#define E82540_ICW1_SUBSYSTEM	0x0002u	/* the subsystem's ids */
#define E82540_ICW1_POWER	0x0008u	/* power management */

/* The PCI device id of each chip: enum e82540_chip. */
extern const uint16_t e82540_nvm_device_id[];

/* e82540_nvm_init: the image of config.nvm, or one of our own. */
void e82540_nvm_init(struct e82540 *dev);

/*
 * e82540_nvm_load: what the EEPROM sets up in registers, as at a reset.  Data
 * paths' locks, too.
 */
void e82540_nvm_load(struct e82540 *dev);

/* Hooks of EECD and EERD. */
uint32_t e82540_eecd_read(const struct e82540 *dev, uint32_t offset);
void e82540_eecd_write(struct e82540 *dev, uint32_t offset, uint32_t value);
void e82540_eerd_write(struct e82540 *dev, uint32_t offset, uint32_t value);

#endif
