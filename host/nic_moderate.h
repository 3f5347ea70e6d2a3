/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Adaptive moderation: how long the NIC holds interrupts of a stream, beyond
 * what the guest's driver asks for in ITR, and when it lets one go at once.
 * Nothing here has a clock, a lock or a thread; nic_moderate.c says how a NIC
 * uses it.
 *
 *	interrupts		ITR or longer		to the guest
 *	  raised --> guest reads ICR: moderate_answer() --> interval
 *	  held   --> each look:       moderate_look()   --> release, or not
 *
 * An interrupt costs the guest a microsecond on one host, and a hundred on
 * another, which is a guest itself.  The interval is MODERATE_SHARE times the
 * cost, so that interrupts take about that part of the guest's time, but at
 * most MODERATE_MAX_NS.  Only a stream is held: packets that come closer
 * together than an interrupt costs.  What is held goes at once when the guest
 * may wait for it: see enum moderate_reason.
 */
#ifndef HOST_NIC_MODERATE_H
#define HOST_NIC_MODERATE_H

#include <stdbool.h>
#include <stdint.h>

#define MODERATE_SHARE		16u
#define MODERATE_TRAPS		64u	/* the same, if registers trap */
#define MODERATE_MAX_NS		4000000u
#define MODERATE_SAMPLES	8u	/* of the cost, that count */

/* Why what is held goes at once. */
enum moderate_reason {
	MODERATE_HOLD,		/* it does not */
	MODERATE_RING,		/* the guest has filled its transmit ring */
	MODERATE_PAUSE,		/* a stream pauses */
	MODERATE_FRAME,		/* a frame came that belongs to no stream */
	MODERATE_HALF,		/* frames for half of the receive ring */
	MODERATE_REASONS
};

/* What the NIC's thread sees.  Times are of one clock; 0: never. */
struct moderate_view {
	uint64_t now_ns;
	uint64_t sent, received;	/* packets, ever */
	uint64_t tail_ns;		/* TDT: when it had changed last */
	uint64_t frame_ns;		/* the last frame came */
	bool tx_held, rx_held;		/* causes of the two directions */
	bool frames_wait;		/* the model takes no more frames */
	unsigned int backlog;		/* packets of the first write of TDT */
	unsigned int bytes;		/* of the last packet sent */
};

struct moderate_path {
	uint64_t packets;		/* ever, at the last answer */
	uint64_t gap_ns;		/* between two packets */
	uint32_t ring;			/* descriptors */
	bool stream;
};

struct moderate {
	/*
	 * Constant: each register access waits for another process.  The
	 * handler has four, so an interrupt costs four times as much.
	 */
	bool traps;
	uint64_t sample[MODERATE_SAMPLES];	/* of the cost, newest last */
	unsigned int samples;
	uint64_t cost_ns;		/* what an interrupt costs */
	uint64_t hold_ns;		/* the interval; 0: ITR alone */
	uint64_t answer_ns;		/* the guest read ICR last */
	struct moderate_path tx, rx;
};

/*
 * moderate_answer: the guest has read ICR at at_ns, latency_ns after the
 * interrupt was raised.  The rings have tx_ring and rx_ring descriptors.  Sets
 * m->hold_ns.
 */
void moderate_answer(struct moderate *m, const struct moderate_view *v,
    uint64_t at_ns, uint64_t latency_ns, uint32_t tx_ring, uint32_t rx_ring);

/* moderate_look: a cause is held.  Returns whether it goes, and why. */
enum moderate_reason
moderate_look(const struct moderate *m, const struct moderate_view *v);

/* moderate_end: nobody looks from now on.  What was learnt stays. */
void moderate_end(struct moderate *m);

#endif
