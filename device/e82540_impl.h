/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model from inside: its state, which lock guards what, and what its files
 * are.  A file calls only files that are further down this list, and its
 * include lines say which (test/check/layers.sh):
 *
 *	e82540_snapshot.c save and load
 *	e82540_main.c	  the public functions: locks, time, guest memory
 *	e82540_pci.c	  configuration space
 *	e82540_regs.c	  one row a register; the reset
 *	e82540_tx.c	  transmit ring to packets
 *	e82540_tx_tally.c transmit statistics
 *	e82540_offload.c  checksums, segmentation, VLAN tags
 *	e82540_cursor.c	  reading from pieces of memory
 *	e82540_rx.c	  frames to receive ring; FIFO
 *	e82540_report.c	  takes in what a batch reports
 *	e82540_phy.c	  MDIC, the PHY's registers, the link
 *	e82540_wake.c	  packets that wake
 *	e82540_flow.c	  PAUSE, both ways
 *	e82540_intr.c	  causes, mask, the five moderation timers, MSI
 *	e82540_filter.c	  which frames are for us
 *	e82540_doorbell.c registers of the rings as memory: see e82540_tail.h
 *	e82540_nvm.c	  EEPROM: EERD, EECD
 *	e82540_stats.c	  statistics registers
 *	e82540_sum.c	  the Internet checksum
 *	e82540_fcs.c	  the CRC of a frame
 *	e82540_time.c	  deadlines, the host's timer
 *
 * The main idea: a data path (transmit, receive) runs with its own lock, and
 * touches rings, guest memory and its own state.  It writes what it has to say
 * to the rest of the device (causes, statistics, counters) into a struct
 * e82540_report on the stack.  Once the path has released its lock,
 * e82540_report_post() takes the report in, with the bus lock held.  So the
 * model looks at interrupts once a batch, and the threads share only four ring
 * indices, which are atomic.  A register that the data path reads is written
 * with the path's lock held, too (struct row of e82540_regs.c).
 *
 * What threads share without a lock is of an _Atomic type, or is in guest
 * memory (guest_mem.h).  Each access names its memory order, and a comment says
 * what an order above "relaxed" keeps apart.
 */
#ifndef E82540_IMPL_H
#define E82540_IMPL_H

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "e1000_hw.h"
#include "e82540.h"
#include "e82540_bytes.h"
#include "guest_mem.h"

_Static_assert(E82540_BAR0_BYTES == E1000_BAR0_SIZE_BYTES, "as the hardware");
_Static_assert(E82540_BAR2_BYTES == E1000_IOBAR_SIZE_BYTES, "as the hardware");

#define E82540_REGS_BYTES	0xA000u	/* PBM lies beyond */
#define E82540_STATS		64u	/* CRCERRS to TSCTFC */
#define E82540_FIFO_BYTES	0x10000u
#define E82540_NVM_WORDS	64u
#define E82540_LEN_SHORT	0x70u	/* of RDLEN, TDLEN: fewer than 8 */

#define E82540_IS(dev, model)	((dev)->config.chip == (model))
#define E82540_CHIP(model)	(1u << (model))
#define E82540_CHIPS_ALL	0x07u
#define E82540_CHIPS_STAR	0x03u	/* not in the 82544 */

/* ----------------------------------------------------------------- times */

enum e82540_deadline {
	E82540_DUE_ITR,			/* the interrupt that had to wait */
	E82540_DUE_RDTR,
	E82540_DUE_RADV,
	E82540_DUE_TIDV,
	E82540_DUE_TADV,
	E82540_DUE_LINK,		/* autonegotiation is done */
	E82540_DUE_PAUSE,		/* the peer's PAUSE ends */
	E82540_DUE_TX,			/* go on transmitting, receiving */
	E82540_DUE_STALL,		/* send() refused for too long */
	E82540_DUES,
};

/* The 64-bit statistics, GORCL to TOTH. */
enum e82540_total {
	E82540_GORC,
	E82540_GOTC,
	E82540_TOR,
	E82540_TOT,
	E82540_TOTALS,
};

/* ------------------------------------------------------------- transmit */

/*
 * Bounds of what a guest can ask for.  The model drops a packet of more
 * descriptors.  If a packet has more pieces of memory, the model copies it into
 * one piece, or drops it if it is to be segmented.  A segmentation goes on over
 * several runs, into as many frames as its context can ask for (3.3.6).
 */
#define E82540_TX_DESCS_MAX	4096u	/* of a packet; looked at in a run */
#define E82540_TX_SEGMENTS_MAX	E1000_TXD_LEN_MASK	/* PAYLEN, MSS 1 */
#define E82540_TX_FRAGS_MAX	256u
#define E82540_TX_IOVS		1024u	/* of a batch */

/*
 * The model copies the first bytes of a packet if it changes them: 257 at most,
 * as a checksum can be at byte 255.  In front of them is room for the network's
 * header (12 bytes) and a VLAN tag (4).
 */
#define E82540_TX_HEAD_ROOM	16u
#define E82540_TX_HEAD_BYTES	288u

/* Offload context, as loaded by a context descriptor (3.3.6). */
struct e82540_tx_context {
	uint64_t qword[2];	/* of the descriptor, as numbers */
	bool loaded;
};

#define E82540_TX_CONTEXT_SUM	0	/* TSE clear: checksums alone */
#define E82540_TX_CONTEXT_TSO	1
#define E82540_TX_CONTEXTS	2

/* Where to go on if the network does not take this packet of the batch. */
struct e82540_tx_mark {
	uint16_t head;		/* its first descriptor */
	uint16_t reports;	/* how many of batch.report come before it */
	uint32_t segment;	/* of TSO: its number */
	uint8_t contexts;	/* batch.context[] that it uses */
	uint8_t flags;		/* E82540_MARK_* */
};

#define E82540_MARK_CONTEXT_DONE 1u	/* a segmentation is complete */
#define E82540_MARK_WHOLE	 2u	/* the network does the segmentation */
#define E82540_MARK_NO_FCS	 4u	/* without IFCS, and without a CRC */

/* What is about to be sent.  Means nothing between two runs. */
struct e82540_tx_batch {
	struct e82540_packet packet[E82540_SEND_MAX];
	struct e82540_tx_mark mark[E82540_SEND_MAX + 1];
	struct e82540_iov iov[E82540_TX_IOVS];
	struct e82540_iov frag[E82540_TX_FRAGS_MAX];	/* of one packet */
	struct e82540_tx_context context[E82540_SEND_MAX + 1]
					[E82540_TX_CONTEXTS];
	uint32_t report[E82540_TX_DESCS_MAX + E82540_SEND_MAX];
	uint16_t mss[E82540_SEND_MAX];	/* of packets that go whole */
	uint8_t header[256];		/* of the one that is segmented */
	uint8_t head[E82540_SEND_MAX][E82540_TX_HEAD_BYTES];
	uint8_t bounce[E1000_TX_PACKET_MAX_BYTES];
	uint8_t loop[E82540_FRAME_MAX_BYTES];
};

/*
 * Guarded by the tx lock; registers TDBAL to TADV, TCTL, CTRL are, too.
 * progress_gpa is where the descriptor at TDH was when transmit stopped.  If
 * the descriptor is elsewhere now, the model forgets the packet in progress.
 */
struct e82540_tx {
	bool open;		/* may transmit: want_gates */
	bool loopback;		/* to our own receiver */
	bool blocked;		/* send() took fewer: wait for tx_resume() */
	bool dropping;		/* ... for too long: drop what it refuses */
	/* The packet in progress: */
	bool discard;		/* drop it, up to EOP */
	uint32_t segments_done;	/* TSO: frames already sent */
	uint32_t partial;	/* descriptors looked at, without EOP */
	uint64_t progress_gpa;
	struct e82540_tx_context context[E82540_TX_CONTEXTS];
	struct e82540_report *report; /* of the batch, inside send(); or NULL */
	unsigned int hint;	/* guest_mem: data */
	unsigned int ring_hint;	/* guest_mem: descriptors */
	struct guest_dirty dirty; /* descriptors; empty between calls */
	struct e82540_tx_batch batch;
};

/* -------------------------------------------------------------- receive */

/*
 * Guarded by the rx lock; so are the registers that receive reads: RDBAL to
 * RADV, RSRPD, RCTL, RXCSUM, CTRL, VET, PBA, flow control, filters.
 *
 * The FIFO holds frames as they came, oldest first, each in a multiple of 8
 * bytes: length (16 bits, little-endian, 60 or more), E82540_FIFO_* flags, 0,
 * and the frame without its CRC.  It wraps anywhere but in those four bytes.
 */
#define E82540_FIFO_INEXACT	0x01u	/* PIF */
#define E82540_FIFO_CSUM_VALID	0x02u	/* E82540_FRAME_CSUM_VALID */

struct e82540_rx {
	bool open;		/* may receive: want_gates */
	bool asleep;		/* D3: only wake-up looks at packets */
	bool deaf;		/* loopback: the network is not heard */
	bool unlinked;		/* the link is down, and there is no loopback */
	bool waiting;		/* the caller keeps frames: tell it of room */
	unsigned int hint;	/* guest_mem: ring */
	unsigned int buffer_hint;
	struct guest_dirty dirty; /* descriptors; empty between calls */
	uint32_t fifo_head;	/* oldest byte; free-running, multiple of 8 */
	uint32_t fifo_tail;
	uint32_t fifo_packets;
	uint8_t fifo[E82540_FIFO_BYTES];
	uint8_t unwrapped[E82540_FRAME_MAX_BYTES]; /* scratch, no state */
};

/* The first packet that matched a wake-up filter, on its way to WUPM. */
struct e82540_wake {
	uint32_t len_bytes;	/* 0: none; with CRC */
	uint8_t data[E1000_WUPM_COUNT * 4];
};

/* ------------------------------------------------------- bus lock's own */

/* Interrupts.  ICR, IMS and ITR are in reg[]. */
struct e82540_intr {
	bool moderation;
	bool asserted;		/* ICR & IMS, as moderated */
	bool line;		/* what host->interrupt() was told last */
	bool fired;		/* ever: last_ns means something */
	uint64_t last_ns;	/* of the last assertion */
	/* The host's, not saved: see e82540_moderation_hold(). */
	uint64_t hold_ns;
	bool released;		/* what waits now waits for ITR only */
	_Atomic(uint32_t) held;	/* causes that wait for hold_ns */
};

/* EEPROM and the Microwire bus to it (5.3). */
struct e82540_nvm {
	uint16_t word[E82540_NVM_WORDS];
	bool write_enabled;	/* EWEN */
	uint8_t phase;		/* private to e82540_nvm.c */
	uint8_t bits;		/* clocked in so far */
	uint8_t address;
	bool out;		/* level of DO */
	uint32_t shift_in;
	uint32_t shift_out;
};

struct e82540_phy {
	uint16_t reg[32];	/* without 30 */
	uint16_t window[32];	/* register 30, by page (register 29) */
	uint16_t coming;	/* register 17, when DUE_LINK comes */
	bool autoneg;		/* the link is negotiated, not forced */
	bool cable;		/* the cable is in */
	bool link;		/* the link is up */
};

struct e82540_pci {
	uint8_t config[256];
	uint32_t io_address;	/* IOADDR */
	bool msi_sent;		/* for this assertion */
};

/*
 * Registers as memory, which is the host's.  The pointer mem is written with
 * all locks held; seen[] with the path's lock, and the bus lock except for tail
 * and head.
 */
#define E82540_DOORBELL_PATHS	2u
#define E82540_DOORBELL_REGS	15u

struct e82540_doorbell {
	_Atomic(uint32_t) *mem;	/* from E82540_DOORBELL_OFFSET on; NULL: no */
	_Atomic(uint32_t) seen[E82540_DOORBELL_PATHS][E82540_DOORBELL_REGS];
};

struct e82540 {
	/* Constant. */
	struct e82540_config config;
	struct e82540_host host;
	uint8_t
	    row_of[E82540_REGS_BYTES / 4]; /* row + 1 of a register; 0: none */

	/* Bus lock. */
	uint64_t now_ns;
	uint32_t reg[E82540_REGS_BYTES / 4];
	struct e82540_intr intr;
	struct e82540_nvm nvm;
	struct e82540_phy phy;
	struct e82540_pci pci;
	uint64_t deadline[E82540_DUES];
	uint64_t armed;		/* what host->timer() was told last */
	bool arm;		/* a deadline may be before `armed` */
	/*
	 * What a hook, or a report, asks for.  bus_leave() of e82540_main.c
	 * does it.
	 */
	bool want_gates;	/* work out tx.open, rx.open and so on anew */
	bool want_tx;		/* transmit, or kick */
	bool want_rx;		/* look at FIFO and ring */
	bool paused;		/* by the peer, 3.7.2.5 */
	bool held;		/* tx.blocked, as STATUS.TXOFF shows it */
	bool xoff_sent;
	uint64_t total[E82540_TOTALS];	/* 64-bit statistics */
	struct e82540_counters counters;

	/* Shared by the locks. */
	_Atomic(uint32_t) tdh, tdt, rdh, rdt;
	uint32_t epoch;		/* resets and loads; written with all locks */
	_Atomic(bool) kicked;	/* tx_kick() was called, not yet answered */
	_Alignas(64) struct e82540_doorbell doorbell;

	/* The data path's; mem is written with all locks held. */
	_Alignas(64) struct e82540_tx tx;
	_Alignas(64) struct e82540_rx rx;
	struct e82540_wake wake; /* rx lock; empty between calls */
	struct guest_mem mem;
};

static inline uint32_t
e82540_reg(const struct e82540 *dev, uint32_t offset)
{
	return dev->reg[offset / 4];
}

static inline void
e82540_reg_set(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	dev->reg[offset / 4] = value;
}

/*
 * A ring's index.  Acquire and release: a thread that sees an index also sees
 * what its writer stored before.
 */
static inline uint32_t
e82540_index(const _Atomic(uint32_t) *index)
{
	return atomic_load_explicit(index, memory_order_acquire);
}

static inline void
e82540_index_set(_Atomic(uint32_t) *index, uint32_t value)
{
	atomic_store_explicit(index, value, memory_order_release);
}

/* e82540_ring_next: the index behind i, in a ring of count descriptors. */
static inline uint32_t
e82540_ring_next(uint32_t i, uint32_t count)
{
	return i + 1 == count ? 0 : i + 1;
}

/* e82540_ring_distance: how many descriptors `to` is behind `from`. */
static inline uint32_t
e82540_ring_distance(uint32_t from, uint32_t to, uint32_t count)
{
	return to - from + (to < from ? count : 0);
}

/* e82540_ring_reg: a register of a ring.  reg[] has no TDH, TDT, RDH, RDT. */
static inline uint32_t
e82540_ring_reg(const struct e82540 *dev, uint32_t offset)
{
	switch (offset) {
	case E1000_TDH:
		return e82540_index(&dev->tdh);
	case E1000_TDT:
		return e82540_index(&dev->tdt);
	case E1000_RDH:
		return e82540_index(&dev->rdh);
	case E1000_RDT:
		return e82540_index(&dev->rdt);
	default:
		return e82540_reg(dev, offset);
	}
}

static inline void
e82540_lock(const struct e82540 *dev, enum e82540_lock lock)
{
	if (dev->host.lock != NULL)
		dev->host.lock(dev->config.ctx, lock);
}

static inline void
e82540_unlock(const struct e82540 *dev, enum e82540_lock lock)
{
	if (dev->host.unlock != NULL)
		dev->host.unlock(dev->config.ctx, lock);
}

/*
 * e82540_bad_access: count an access that has no register, or not this width.
 * kind: E82540_BAD_*, 0 for a read of BAR 0.  Bus lock.
 */
static inline void
e82540_bad_access(struct e82540 *dev, uint32_t kind, uint32_t offset,
    uint64_t value)
{
	dev->counters.bad_access++;
	dev->counters.bad_access_where = kind | (offset & 0xFFFFFFu);
	dev->counters.bad_access_value = value;
}

/* Both data paths' locks, in their order.  With the bus lock held. */
static inline void
e82540_lock_paths(const struct e82540 *dev)
{
	e82540_lock(dev, E82540_LOCK_TX);
	e82540_lock(dev, E82540_LOCK_RX);
}

static inline void
e82540_unlock_paths(const struct e82540 *dev)
{
	e82540_unlock(dev, E82540_LOCK_RX);
	e82540_unlock(dev, E82540_LOCK_TX);
}

#endif
