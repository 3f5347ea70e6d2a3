/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers of the rings as memory.  Only e82540_tail.h, and what opens and
 * closes the memory, calls these, while dev->doorbell.mem is not NULL.
 */
#ifndef E82540_DOORBELL_H
#define E82540_DOORBELL_H

#include "e82540_impl.h"

/* How far a scan of the path's registers is; see e82540_tail_next(). */
struct e82540_scan {
	bool done;
	bool given;		/* register `at` was the last one returned */
	uint8_t path;
	uint8_t at;
	uint32_t tail;
};

/*
 * e82540_doorbell_tail: TDT (or RDT) from memory.  Returns false if another
 * register of the path has changed.  The path's lock.
 */
bool e82540_doorbell_tail(struct e82540 *dev, enum e82540_lock path);

/* e82540_doorbell_head: let the guest see TDH, RDH.  The path's lock. */
void e82540_doorbell_head(struct e82540 *dev, enum e82540_lock path);

/* As in e82540_tail.h. */
void e82540_doorbell_scan(struct e82540 *dev, enum e82540_lock path,
    struct e82540_scan *scan);
bool e82540_doorbell_next(struct e82540 *dev, struct e82540_scan *scan,
    uint32_t *offset, uint32_t *value);
void e82540_doorbell_written(struct e82540 *dev, enum e82540_lock path,
    uint32_t offset);
void e82540_doorbell_renew(struct e82540 *dev);

#endif
