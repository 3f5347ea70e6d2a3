/* SPDX-License-Identifier: BSD-2-Clause */
/* Flow control: PAUSE frames, received and sent. */
#ifndef E82540_FLOW_H
#define E82540_FLOW_H

#include "e82540_report.h"

/*
 * e82540_flow_frame: is it a PAUSE or other MAC control frame (8.7.3), and if
 * so where does it go (8.7.4)?  frame: 60 bytes or more.  Fills in the report.
 * Rx lock.
 */
enum e82540_flow {
	E82540_FLOW_NONE,		/* an ordinary frame */
	E82540_FLOW_FILTER,		/* to the guest, through the filter */
	E82540_FLOW_PASS,		/* to the guest, whatever its address */
	E82540_FLOW_DROP,
};
enum e82540_flow e82540_flow_frame(const struct e82540 *dev,
    const uint8_t *frame, struct e82540_report *report);
/* e82540_flow_paused: a PAUSE frame came; quanta 0: go on.  Bus lock. */
void e82540_flow_paused(struct e82540 *dev, uint16_t quanta);

/* e82540_flow_fifo: act on fifo_high, fifo_low.  Bus lock; takes tx and rx. */
void e82540_flow_fifo(struct e82540 *dev, const struct e82540_report *report);
/*
 * send() takes fewer packets than it is given.  e82540_flow_held: a report says
 * so.  e82540_flow_resumed: the host says that it takes them again.
 * e82540_flow_stalled: config.tx_stall_ns is over.  Bus lock; they take tx.
 */
void e82540_flow_held(struct e82540 *dev);
void e82540_flow_resumed(struct e82540 *dev);
void e82540_flow_stalled(struct e82540 *dev);
/* e82540_flow_show: STATUS.TXOFF is what it should be.  Bus lock. */
void e82540_flow_show(struct e82540 *dev);
/* e82540_flow_due: the PAUSE is over.  Bus lock. */
void e82540_flow_due(struct e82540 *dev);
/* e82540_flow_xoff: TCTL.SWXOFF.  Bus and tx locks. */
void e82540_flow_xoff(struct e82540 *dev);

#endif
