/* SPDX-License-Identifier: BSD-2-Clause */
/* Receive: frames to the ring. */
#ifndef E82540_RX_H
#define E82540_RX_H

#include "e82540_report.h"

#define E82540_FIFO_ALIGN		8u
#define E82540_FIFO_HEADER_BYTES	4u

/* e82540_fifo_entry_bytes: what a frame takes in the FIFO; see e82540_rx. */
static inline uint32_t
e82540_fifo_entry_bytes(uint32_t frame_bytes)
{
	return (E82540_FIFO_HEADER_BYTES + frame_bytes + E82540_FIFO_ALIGN -
		   1) &
	    ~(E82540_FIFO_ALIGN - 1);
}

/* e82540_rx_run: as e82540_receive().  Rx lock. */
unsigned int e82540_rx_run(struct e82540 *dev, const struct e82540_frame *frame,
    unsigned int n, struct e82540_report *report);

/* e82540_rx_drain: FIFO to ring, as far as it has room.  Rx lock. */
void e82540_rx_drain(struct e82540 *dev, struct e82540_report *report);

/* e82540_rx_reset: empty the FIFO.  Rx lock. */
void e82540_rx_reset(struct e82540 *dev);

#endif
