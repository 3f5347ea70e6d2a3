/* SPDX-License-Identifier: BSD-2-Clause */
/* Transmit: the ring to packets. */
#ifndef E82540_TX_H
#define E82540_TX_H

#include "e82540_report.h"

/*
 * e82540_tx_run: transmit up to E82540_SEND_MAX packets.  Tx lock; takes rx for
 * loopback.  Returns true if there is more.
 */
bool e82540_tx_run(struct e82540 *dev, struct e82540_report *report);

/* e82540_tx_reset: forget context and packet in progress.  Tx lock. */
void e82540_tx_reset(struct e82540 *dev);

/* e82540_tx_forget: forget the packet in progress: a new ring.  Tx lock. */
void e82540_tx_forget(struct e82540 *dev);

/* e82540_tx_tally: count the first n packets of a batch, as sent. */
void e82540_tx_tally(const struct e82540_tx_batch *batch, unsigned int n,
    bool hdr, uint32_t min_bytes, struct e82540_report *report);

#endif
