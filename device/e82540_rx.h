/* SPDX-License-Identifier: BSD-2-Clause */
/* Receive: frames to the ring. */
#ifndef E82540_RX_H
#define E82540_RX_H

#include "e82540_report.h"

/* e82540_rx_run: as e82540_receive().  Rx lock. */
unsigned int e82540_rx_run(struct e82540 *dev, const struct e82540_frame *frame,
    unsigned int n, struct e82540_report *report);

/* e82540_rx_drain: FIFO to ring, as far as it has room.  Rx lock. */
void e82540_rx_drain(struct e82540 *dev, struct e82540_report *report);

/* e82540_rx_reset: empty the FIFO.  Rx lock. */
void e82540_rx_reset(struct e82540 *dev);

#endif
