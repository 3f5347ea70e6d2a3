/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a path's tail (TDT, RDT) comes from, and where its head goes:
 *
 *	a register write	tdt_write(), rdt_write() of e82540_regs.c
 *	doorbell memory		while it is open: e82540_doorbell.c
 *
 * A source that the guest writes without a trap has to be asked.  That happens
 * here, and the rest of the model is the same for all of them:
 *
 *	a data path	e82540_path_begin() ... e82540_path_end(): the newest
 *			tail, without the bus lock
 *	a register	e82540_tail_scan(), e82540_tail_next(): everything that
 *			was written before, with the bus lock;
 *			e82540_tail_written(): a trap wrote it, after that
 *
 * A further source (a status block in guest memory, say) is one more branch in
 * each of these functions.
 *
 * path: E82540_LOCK_TX or E82540_LOCK_RX.
 */
#ifndef E82540_TAIL_H
#define E82540_TAIL_H

#include "e82540_doorbell.h"

/*
 * e82540_path_begin: take the path's lock, and the tail from wherever it is.
 * Returns false if the guest has also written other registers of the path: the
 * tail is then as before, and these registers come first (e82540_tail_scan()).
 */
static inline bool
e82540_path_begin(struct e82540 *dev, enum e82540_lock path)
{
	e82540_lock(dev, path);
	return dev->doorbell.mem == NULL || e82540_doorbell_tail(dev, path);
}

/* e82540_path_end: let the guest see the head, and release the path's lock. */
static inline void
e82540_path_end(struct e82540 *dev, enum e82540_lock path)
{
	if (dev->doorbell.mem != NULL)
		e82540_doorbell_head(dev, path);
	e82540_unlock(dev, path);
}

/*
 * e82540_tail_scan, e82540_tail_next: what the guest has written to the path's
 * registers without a trap, one write a call, the tail last.  The caller
 * applies each before it asks for the next.  Next returns false when there is
 * no more.  Bus and path's lock.
 */
static inline void
e82540_tail_scan(struct e82540 *dev, enum e82540_lock path,
    struct e82540_scan *scan)
{
	if (dev->doorbell.mem != NULL)
		e82540_doorbell_scan(dev, path, scan);
}

static inline bool
e82540_tail_next(struct e82540 *dev, struct e82540_scan *scan, uint32_t *offset,
    uint32_t *value)
{
	return dev->doorbell.mem != NULL &&
	    e82540_doorbell_next(dev, scan, offset, value);
}

/*
 * e82540_tail_path: the path of a register that the guest can write without a
 * trap now; E82540_LOCK_BUS if it cannot.  Any lock.
 */
static inline enum e82540_lock
e82540_tail_path(const struct e82540 *dev, uint32_t offset)
{
	if (dev->doorbell.mem == NULL ||
	    offset - E82540_DOORBELL_OFFSET >= E82540_DOORBELL_BYTES)
		return E82540_LOCK_BUS;
	return offset >= E1000_TXDMAC ? E82540_LOCK_TX : E82540_LOCK_RX;
}

/*
 * e82540_tail_written: a trapped access has written a register for which
 * e82540_tail_path() is `path`, not the bus.  Bus and path's lock.
 */
static inline void
e82540_tail_written(struct e82540 *dev, enum e82540_lock path, uint32_t offset)
{
	e82540_doorbell_written(dev, path, offset);
}

/* e82540_tail_renew: after a reset.  All locks. */
static inline void
e82540_tail_renew(struct e82540 *dev)
{
	if (dev->doorbell.mem != NULL)
		e82540_doorbell_renew(dev);
}

#endif
