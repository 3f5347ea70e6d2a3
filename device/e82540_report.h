/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a data path has to say to the rest of the device, a batch at a time.
 */
#ifndef E82540_REPORT_H
#define E82540_REPORT_H

#include "e82540_impl.h"

/*
 * What nearly each batch counts, as in struct e82540_counters.  The others are
 * rare: e82540_rare().
 */
struct e82540_traffic {
	uint64_t tx_packets, tx_bytes, tx_sends, tx_stopped;
	uint64_t rx_packets, rx_bytes, rx_filtered, rx_waited, rx_dropped;
};

/*
 * What a batch of the data path reports to the rest of the device.  If
 * rxt0_delayed or txdw_delayed is set, the delay timer (RDTR, TIDV) starts
 * anew, and its bound (RADV, TADV) starts if it does not run yet.  If icr has
 * the same cause (RXT0, TXDW), that comes at once, and stops both timers before
 * they may start anew.
 */
struct e82540_report {
	uint32_t epoch;			/* dev->epoch when it was begun */
	uint32_t icr;			/* causes, to be set at once */
	bool txdw_delayed;		/* IDE: TXDW by way of TIDV, TADV */
	bool rxt0_delayed;		/* RXT0 by way of RDTR, RADV */
	bool held;			/* send() refused: tx.blocked */
	bool maybe_low;			/* TXD_LOW, if the guest waits for it */
	bool rx_ready;			/* tell the host */
	bool rx_again;			/* rx_nulls ended it: look again */
	uint32_t rx_nulls;		/* null descriptors passed */
	bool paused;			/* a PAUSE frame came */
	uint16_t pause_quanta;		/* its 512 bit times; 0: go on */
	bool fifo_high;			/* FIFO filled beyond FCRTH */
	bool fifo_low;			/* FIFO drained below FCRTL */
	uint32_t wake;			/* WUFC bits: packets seen in D3 */
	uint64_t good_octets_tx, total_octets_tx;
	uint64_t good_octets_rx, total_octets_rx;
	struct e82540_traffic counters;
	bool rare_used;
	uint64_t counted;		/* bit i: stat[i] means something */
	uint32_t stat[E82540_STATS];	/* from CRCERRS on; not the octets */
	struct e82540_counters rare;	/* see e82540_rare(); if rare_used */
};

/* e82540_count: add n to a 32-bit statistics register, E1000_GPTC and so on. */
static inline void
e82540_count(struct e82540_report *report, uint32_t reg, uint32_t n)
{
	unsigned int i = (reg - E1000_CRCERRS) / 4;

	if (!(report->counted >> i & 1)) {
		report->counted |= (uint64_t)1 << i;
		report->stat[i] = 0;
	}
	report->stat[i] += n;
}

/* e82540_rare: the counters that are not in struct e82540_traffic. */
struct e82540_counters *e82540_rare(struct e82540_report *report);

/* e82540_bad_ring: a register of a ring has a value that its length forbids. */
static inline void
e82540_bad_ring(struct e82540_report *report, uint32_t where, uint32_t value)
{
	struct e82540_counters *rare = e82540_rare(report);

	rare->bad_ring++;
	rare->bad_ring_where = where;
	rare->bad_ring_value = value;
}

/* e82540_report_init: begin a report.  The path's lock. */
static inline void
e82540_report_init(const struct e82540 *dev, struct e82540_report *report)
{
	memset(report, 0, offsetof(struct e82540_report, stat));
	report->epoch = dev->epoch;
}

/* e82540_report_post: take a report in.  Bus lock; takes the others. */
void e82540_report_post(struct e82540 *dev, const struct e82540_report *report);

#endif
