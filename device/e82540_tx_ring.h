/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transmit ring, as one run of e82540_tx.c sees it.
 *
 * An index outside of the ring is the driver's mistake (13.4.39, 13.4.40).  It
 * works on other hypervisors, so the model gives it a meaning:
 *
 *	TDH >= N	the ring begins at 0 again
 *	TDT >= N	it means TDT modulo N: a driver that counts on
 *	... and there	all N descriptors are given, as by TDT = N at TDH = 0;
 *	is TDH		with one descriptor any TDT but 0 gives it
 *
 * When the run has passed a descriptor it stores the right TDT; so each such
 * write counts once (bad_ring), and none gives a descriptor twice.
 */
#ifndef E82540_TX_RING_H
#define E82540_TX_RING_H

#include "e82540_report.h"

#define REPORT_DELAYED	  0x10000u	/* IDE, above a descriptor's index */

enum step {
	STEP_NEXT,		/* go on with the next descriptor */
	STEP_LATER,		/* end this run; another goes on */
	STEP_WAIT,		/* end this run; wait for a write of TDT */
};

struct run {
	struct e82540 *dev;
	struct e82540_tx *tx;
	struct e82540_tx_batch *batch;
	struct e82540_report *report;
	/* The ring. */
	uint64_t base;
	uint8_t *ring;		/* NULL: not in one piece */
	uint32_t count;
	uint32_t first;		/* TDH when the run began */
	uint32_t tail;
	bool mended;		/* an index was outside of the ring */
	uint32_t written;	/* TDT then */
	uint8_t report_bits;	/* RS, RPS */
	/* What goes out. */
	uint32_t min_bytes;	/* no need to pad */
	uint8_t hdr_bytes;
	uint8_t offloads;
	/* How far the run is. */
	uint32_t at;		/* next descriptor */
	uint32_t scanned;	/* descriptors */
	uint32_t segment;	/* the first to be sent of the packet at `at` */
	uint32_t partial;	/* descriptors of the incomplete packet there */
	uint32_t reports;
	uint32_t iovs;
	bool bounced;		/* batch->bounce is in use */
	unsigned int n;
	unsigned int contexts;	/* in use of batch->context[] */
};

/* --------------------------------------------------------------- the ring */

/* NULL also if the memory is not aligned as its bus address is. */
static inline uint8_t *
ring_memory(struct e82540 *dev, uint64_t gpa, uint32_t len)
{
	uint8_t *p = guest_ptr(&dev->mem, &dev->tx.ring_hint, gpa, len, true);

	return (uintptr_t)p % sizeof(uint64_t) == 0 ? p : NULL;
}

static inline uint8_t *
desc_at(const struct run *run, uint32_t i)
{
	if (run->ring != NULL)
		return run->ring + (size_t)i * E1000_DESC_BYTES;
	return ring_memory(run->dev, run->base + (uint64_t)i * E1000_DESC_BYTES,
	    E1000_DESC_BYTES);
}

/* Read it once: the guest may write it meanwhile. */
static inline void
ring_read(const struct run *run, uint32_t i, uint64_t q[2])
{
	const uint8_t *p = run->ring + (size_t)i * E1000_DESC_BYTES;

	q[0] = guest_load64(p);
	q[1] = guest_load64(p + 8);
}

static inline bool
desc_read(const struct run *run, uint32_t i, uint64_t q[2])
{
	const uint8_t *p = desc_at(run, i);

	if (p == NULL)
		return false;
	q[0] = guest_load64(p);
	q[1] = guest_load64(p + 8);
	return true;
}

static inline uint8_t
desc_cmd(uint64_t q1)
{
	return q1 >> E1000_TXD_CMD_SHIFT & 0xFF;
}

static inline uint32_t
desc_type(uint64_t q1)
{
	return q1 >> E1000_TXD_DTYP_SHIFT & 0xF;
}

static inline bool
desc_is_context(uint64_t q1)
{
	return desc_cmd(q1) & E1000_TXD_CMD_DEXT &&
	    desc_type(q1) == E1000_TXD_DTYP_CONTEXT;
}

/*
 * An index is outside of the ring.  If the whole ring is given, the run sends
 * the part up to the ring's end, and a second run sends the rest.  If the head
 * is at 0, one run sends all: `count` is one more than N, so that the tail N is
 * inside.  Returns false if there is nothing to do.
 */
static inline bool
ring_mend(struct run *run)
{
	const uint32_t n = run->count;
	bool outside = run->tail >= n;

	if (n == 0) {
		e82540_bad_ring(run->report, E1000_TDT, run->tail);
		return false;
	}
	run->mended = true;
	run->written = run->tail;
	if (run->at >= n)
		run->first = run->at = 0;
	run->tail %= n;
	if (outside && run->tail == run->at) {
		run->tail = run->at > 0 ? 0 : n;
		run->count += run->tail == n;
	}
	return run->at != run->tail;
}

static inline bool
ring_open(struct run *run, struct e82540 *dev, struct e82540_report *report)
{
	const uint32_t n = e82540_reg(dev, E1000_TDLEN) / E1000_DESC_BYTES;

	run->dev = dev;
	run->tx = &dev->tx;
	run->batch = &dev->tx.batch;
	run->report = report;
	run->count = n;
	run->first = run->at = e82540_index(&dev->tdh);
	run->tail = e82540_index(&dev->tdt);
	run->mended = false;
	if (run->at == run->tail) {
		dev->tx.partial = 0;
		return false;
	}
	if ((run->at >= n || run->tail >= n) && !ring_mend(run))
		return false;
	run->base = (uint64_t)e82540_reg(dev, E1000_TDBAH) << 32 |
	    (e82540_reg(dev, E1000_TDBAL) & E1000_TDBAL_MASK);
	run->ring = ring_memory(dev, run->base, n * E1000_DESC_BYTES);
	return true;
}

/*
 * A run that mended has come to `at`.  If it passed a descriptor, TDT becomes
 * what it means, unless the guest has written it meanwhile.  Returns TDH.
 */
static inline uint32_t
ring_mended(struct run *run, uint32_t at)
{
	const uint32_t n = e82540_reg(run->dev, E1000_TDLEN) / E1000_DESC_BYTES;

	if (at == run->first)
		return at;
	e82540_bad_ring(run->report, E1000_TDT, run->written);
	/* Release: as e82540_index_set(). */
	atomic_compare_exchange_strong_explicit(&run->dev->tdt, &run->written,
	    run->written % n, memory_order_release, memory_order_relaxed);
	return at == n ? 0 : at;
}

#endif
