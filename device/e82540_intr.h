/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts.  All with the bus lock. */
#ifndef E82540_INTR_H
#define E82540_INTR_H

#include "e82540_report.h"

/* e82540_intr_reset: ICR was cleared; the next cause interrupts at once. */
void e82540_intr_reset(struct e82540 *dev);
/* e82540_intr_set: add causes to ICR. */
void e82540_intr_set(struct e82540 *dev, uint32_t causes);
/* e82540_intr_update: ICR, IMS or ITR has changed. */
void e82540_intr_update(struct e82540 *dev);
/*
 * e82540_intr_signal: carry ICR & IMS, as moderated, out of the device: by MSI
 * if it is enabled, else by INTA# unless that is disabled (4.1.3).
 */
void e82540_intr_signal(struct e82540 *dev, bool asserted);
/* e82540_intr_report: the causes of a batch, at once or delayed. */
void e82540_intr_report(struct e82540 *dev, const struct e82540_report *r);
/* e82540_intr_due: a moderation timer ran out. */
void e82540_intr_due(struct e82540 *dev, enum e82540_deadline due);
/* e82540_intr_flush: moderation was switched off: raise what waits. */
void e82540_intr_flush(struct e82540 *dev);
/* e82540_intr_hold, e82540_intr_release: see e82540_moderation_hold(). */
void e82540_intr_hold(struct e82540 *dev, uint64_t interval_ns);
void e82540_intr_release(struct e82540 *dev);
/* e82540_intr_loaded: a snapshot was: all but what is the host's is new. */
void e82540_intr_loaded(struct e82540 *dev);
/* Hooks of ICR, ICS, IMS, IMC, ITR, RDTR. */
void e82540_icr_after_read(struct e82540 *dev, uint32_t offset);
void e82540_icr_write(struct e82540 *dev, uint32_t offset, uint32_t value);
void e82540_ics_write(struct e82540 *dev, uint32_t offset, uint32_t value);
void e82540_ims_write(struct e82540 *dev, uint32_t offset, uint32_t value);
void e82540_imc_write(struct e82540 *dev, uint32_t offset, uint32_t value);
void e82540_itr_write(struct e82540 *dev, uint32_t offset, uint32_t value);
void e82540_rdtr_write(struct e82540 *dev, uint32_t offset, uint32_t value);

#endif
