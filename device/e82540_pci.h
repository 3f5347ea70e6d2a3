/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration space.  All with the bus lock. */
#ifndef E82540_PCI_H
#define E82540_PCI_H

#include "e82540_impl.h"

/* e82540_pci_reset: as after RST#.  The ids are the EEPROM's. */
void e82540_pci_reset(struct e82540 *dev);

/*
 * e82540_pci_state_mask: the bits of the dword at offset that may differ
 * between two devices of the same config.
 */
uint32_t e82540_pci_state_mask(const struct e82540 *dev, unsigned int offset);

/* As e82540_pci_read(), e82540_pci_write().  A write takes the other locks. */
uint32_t
e82540_pci_config_read(struct e82540 *dev, uint32_t offset, unsigned int size);
void e82540_pci_config_write(struct e82540 *dev, uint32_t offset,
    unsigned int size, uint32_t value);

#endif
