/* SPDX-License-Identifier: BSD-2-Clause */
/* Deadlines, and the host's timer.  All with the bus lock. */
#ifndef E82540_TIME_H
#define E82540_TIME_H

#include "e82540_impl.h"

/*
 * e82540_due_set, e82540_due_clear: when something is to happen; the host's
 * timer follows with e82540_time_arm(), before the lock is released.
 */
static inline void
e82540_due_set(struct e82540 *dev, enum e82540_deadline due, uint64_t at_ns)
{
	dev->deadline[due] = at_ns;
	dev->arm |= at_ns < dev->armed;
}

static inline void
e82540_due_clear(struct e82540 *dev, enum e82540_deadline due)
{
	dev->deadline[due] = E82540_NEVER;
}

/* e82540_time_disarm: the host's timer has expired, or may be early. */
static inline void
e82540_time_disarm(struct e82540 *dev)
{
	dev->armed = E82540_NEVER;
	dev->arm = true;
}

/* e82540_time_next: which deadline comes first. */
enum e82540_deadline e82540_time_next(const struct e82540 *dev);

/* e82540_time_arm: if e82540_run() is due earlier than the host knows, tell. */
void e82540_time_arm(struct e82540 *dev);

#endif
