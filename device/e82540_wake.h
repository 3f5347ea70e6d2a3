/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets and events that wake the guest. */
#ifndef E82540_WAKE_H
#define E82540_WAKE_H

#include "e82540_impl.h"

/*
 * e82540_wake_frame: which of the filters that WUFC and WUC.APME enable does a
 * frame match (6.4.3), the address filter included?  Returns WUFC bits.  Keeps
 * the packet.  Rx lock.
 */
uint32_t
e82540_wake_frame(struct e82540 *dev, const uint8_t *frame, uint32_t len);
/* e82540_wake_report: set WUS, PME, WUPM; found: not 0.  Bus lock; takes rx. */
void e82540_wake_report(struct e82540 *dev, uint32_t found);
/* e82540_wake_link: the link went up or down.  Bus lock. */
void e82540_wake_link(struct e82540 *dev);
/* e82540_wake_enabled: is the link needed in D3 (11.4.2)?  Bus lock. */
bool e82540_wake_enabled(const struct e82540 *dev);
/* Hooks of WUC (its PME bits are those of PMCSR) and WUS (W1C).  Bus lock. */
uint32_t e82540_wuc_read(const struct e82540 *dev, uint32_t offset);
void e82540_wuc_write(struct e82540 *dev, uint32_t offset, uint32_t value);
void e82540_wus_write(struct e82540 *dev, uint32_t offset, uint32_t value);

#endif
