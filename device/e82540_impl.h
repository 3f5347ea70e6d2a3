/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model from inside: its state, which lock guards what, and what its files
 * offer each other.
 *
 *	e82540_main.c	  the public functions: locks, time, guest memory
 *	e82540_regs.c	  one row a register
 *	e82540_intr.c	  causes, mask, the five moderation timers
 *	e82540_tx.c	  transmit ring to packets
 *	e82540_tx_tally.c transmit statistics
 *	e82540_offload.c  checksums, segmentation, VLAN tags
 *	e82540_rx.c	  frames to receive ring; FIFO
 *	e82540_filter.c	  which frames are for us
 *	e82540_flow.c	  PAUSE, both ways
 *	e82540_nvm.c	  EEPROM: EERD, EECD
 *	e82540_phy.c	  MDIC, the PHY's registers, the link
 *	e82540_wake.c	  packets that wake
 *	e82540_pci.c	  configuration space, MSI
 *	e82540_doorbell.c registers of the rings as memory
 *	e82540_snapshot.c
 *
 * One idea holds it together.  The data path (transmit, receive) runs with its
 * own lock and touches rings, guest memory and its own state; what it has to
 * say to the rest of the device it writes into a struct e82540_report on the
 * stack: causes, statistics, counters.  e82540_post() takes that in, with the
 * bus lock, after the data path's lock was released.  So interrupts are looked
 * at once a batch, nothing is shared but four ring indices, and these are
 * atomic.  Registers that the data path reads are written with its lock held,
 * too (e82540_row.locks).
 */
#ifndef E82540_IMPL_H
#define E82540_IMPL_H

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "e1000_hw.h"
#include "e82540.h"
#include "guest_mem.h"

_Static_assert(E82540_BAR0_BYTES == E1000_BAR0_SIZE_BYTES, "as the hardware");

#define E82540_REGS_BYTES	0xA000u	/* what lies beyond is PBM */
#define E82540_STATS		64u	/* CRCERRS to TSCTFC */
#define E82540_FIFO_BYTES	0x10000u
#define E82540_NVM_WORDS	64u

#define E82540_IS(dev, model)	((dev)->config.chip == (model))
#define E82540_CHIP(model)	(1u << (model))
#define E82540_CHIPS_ALL	0x07u
#define E82540_CHIPS_STAR	0x03u	/* not in the 82544 */

/* Index of a statistics register in e82540_report.stat; see e82540_count(). */
#define E82540_STAT(reg) (((reg)-E1000_CRCERRS) / 4)

/* ------------------------------------------------------------- registers */

#define E82540_TAKES_TX	1u
#define E82540_TAKES_RX	2u

/*
 * A row of the register map.  Without hooks a register reads as it was written
 * last, in the bits of write_mask, and has no effect by itself.  `read` is the
 * value, and changes nothing, so that a host can peek; `after_read` is what a
 * guest's read does besides.  Hooks are called with the bus lock held, and on
 * writes also with what `locks` names.
 */
struct e82540_row {
	struct e82540_reg_info info;
	uint8_t locks;			/* E82540_TAKES_*, on writes */
	uint32_t keep;			/* bits that CTRL.RST leaves alone */
	uint32_t (*read)(const struct e82540 *dev, uint32_t offset);
	void (*after_read)(struct e82540 *dev, uint32_t offset);
	void (*write)(struct e82540 *dev, uint32_t offset, uint32_t value);
};

/* ----------------------------------------------------------------- times */

enum e82540_deadline {
	E82540_DUE_ITR,			/* the interrupt that had to wait */
	E82540_DUE_RDTR,
	E82540_DUE_RADV,
	E82540_DUE_TIDV,
	E82540_DUE_TADV,
	E82540_DUE_LINK,		/* autonegotiation is done */
	E82540_DUE_PAUSE,		/* the peer's PAUSE ends */
	E82540_DUE_TX,			/* go on transmitting */
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

/* ---------------------------------------------------------------- report */

/*
 * What a batch of the data path has to say.  The delay timers: with one of
 * *_delayed set, the delay starts anew (RDTR, TIDV) and the bound starts unless
 * it runs (RADV, TADV); RXT0 or TXDW in icr come at once and stop both, then a
 * later *_delayed starts them again.
 */
struct e82540_report {
	uint32_t epoch;			/* dev->epoch when it was begun */
	uint32_t icr;			/* causes, to be set at once */
	bool txdw_delayed;		/* IDE: TXDW by way of TIDV, TADV */
	bool rxt0_delayed;		/* RXT0 by way of RDTR, RADV */
	bool rx_ready;			/* tell the host */
	bool paused;			/* a PAUSE frame came, of: */
	uint16_t pause_quanta;		/* 512 bit times; 0: go on */
	bool fifo_high;			/* FIFO filled beyond FCRTH */
	bool fifo_low;			/* ... drained below FCRTL */
	uint32_t wake;			/* WUFC bits: packets seen in D3 */
	uint64_t good_octets_tx, total_octets_tx;
	uint64_t good_octets_rx, total_octets_rx;
	struct e82540_counters counters;
	uint64_t counted;		/* bit i: stat[i] means something */
	uint32_t stat[E82540_STATS];	/* e82540_count(); not the octets */
};

/* e82540_count: add n to a 32-bit statistics register, E1000_GPTC and so on. */
static inline void
e82540_count(struct e82540_report *report, uint32_t reg, uint32_t n)
{
	unsigned int i = E82540_STAT(reg);

	if (!(report->counted >> i & 1)) {
		report->counted |= (uint64_t)1 << i;
		report->stat[i] = 0;
	}
	report->stat[i] += n;
}

/* ------------------------------------------------------------- transmit */

/*
 * Bounds of what a guest can ask for.  A packet of more descriptors, or a
 * segmentation into more frames, is dropped; one of more pieces of memory is
 * copied into one, or if it is to be segmented dropped.
 */
#define E82540_TX_DESCS_MAX	4096u	/* of a packet; looked at in a run */
#define E82540_TX_SEGMENTS_MAX	4096u
#define E82540_TX_FRAGS_MAX	256u
#define E82540_TX_IOVS		1024u	/* of a batch */

/* Header for the network 12, room for a tag 4, checksum at 255, to be even. */
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

/* Where to go on if a packet of the batch, and those behind, were not taken. */
struct e82540_tx_mark {
	uint16_t head;		/* its first descriptor */
	uint16_t reports;	/* how many of batch.report come before it */
	uint16_t segment;	/* of TSO: which it is */
	uint8_t contexts;	/* batch.context[] that it uses */
	uint8_t flags;		/* E82540_MARK_* */
};

#define E82540_MARK_CONTEXT_DONE 1u	/* a segmentation is complete */
#define E82540_MARK_WHOLE	 2u	/* ... left to the network */

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
 * progress_gpa is where the descriptor at TDH was when transmit stopped: is it
 * another now, then what was in progress is forgotten.
 */
struct e82540_tx {
	bool open;		/* may transmit: want_gates */
	bool loopback;		/* to our own receiver */
	bool blocked;		/* send() had taken fewer */
	bool discard;		/* in progress: drop up to EOP */
	uint32_t segments_done;	/* ... of a TSO packet: already sent */
	uint32_t partial;	/* ... so many descriptors are there, no EOP */
	uint64_t progress_gpa;
	struct e82540_tx_context context[E82540_TX_CONTEXTS];
	unsigned int hint;	/* guest_mem: data */
	unsigned int ring_hint;	/* ... descriptors */
	struct e82540_tx_batch batch;
};

/* A place in pieces of memory. */
struct e82540_cursor {
	const struct e82540_iov *iov;
	size_t offset;		/* in it */
};

/* A frame on its way out: bytes that may be changed, then others. */
struct e82540_tx_frame {
	uint8_t *head;		/* HEAD_ROOM bytes before it are free */
	uint32_t head_bytes;
	uint32_t payload_bytes;
	struct e82540_cursor payload;
	uint8_t hdr[12];	/* struct e82540_vnet_hdr */
	bool hdr_used;		/* it is not all zero */
	uint8_t offloads;	/* E82540_OFFLOAD_*: what may go there */
};

/* A checksum to insert: of bytes start to end (0: the last), at offset. */
struct e82540_tx_sum {
	bool wanted;
	uint8_t start;
	uint8_t offset;
	uint16_t end;
};

/* What its descriptors want of a packet. */
struct e82540_tx_job {
	struct e82540_tx_sum ip;
	struct e82540_tx_sum l4;	/* TCP, UDP, or the legacy one */
	bool pad;			/* to 60 bytes, TCTL.PSP */
	bool tag;
	uint16_t tag_type;
	uint16_t tag_control;
};

/* A segmentation context (3.5), with what it was checked against. */
struct e82540_tx_tso {
	uint32_t payload_bytes;
	uint32_t segments;
	uint16_t mss;
	uint8_t header_bytes;
	uint8_t ip_start;
	uint8_t l4_start;
	uint8_t tucmd;
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
	bool waiting;		/* receive() took fewer than it was given */
	unsigned int hint;	/* guest_mem: ring */
	unsigned int buffer_hint;
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
	bool asserted;		/* ICR & IMS has got through */
	bool line;		/* what host->interrupt() was told last */
	bool fired;		/* ever: last_ns means something */
	uint64_t last_ns;	/* of the last assertion */
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
	uint16_t reg[32];	/* but 30, which is: */
	uint16_t window[32];	/* register 30, by page (register 29) */
	uint16_t coming;	/* register 17, when DUE_LINK comes */
	bool autoneg;		/* ... and it was negotiated */
	bool cable;		/* is in */
	bool link;		/* up */
};

struct e82540_pci {
	uint8_t config[256];
	uint32_t io_address;	/* IOADDR */
	bool msi_sent;		/* for this assertion */
};

/*
 * Registers as memory.  mem, of the host's, is written with all locks held;
 * seen[] with the path's, and the bus lock but for tail and head.
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
	/*
	 * What a hook, or a report, asks for.  It is done when the bus lock is
	 * about to be, or was, released: see e82540_main.c.
	 */
	bool want_gates;	/* work out tx.open, rx.open and so on anew */
	bool want_tx;		/* transmit, or kick */
	bool want_rx;		/* look at FIFO and ring */
	bool paused;		/* by the peer, 3.7.2.5 */
	bool xoff_sent;
	uint64_t total[E82540_TOTALS];	/* 64-bit statistics */
	struct e82540_counters counters;

	/* Between them. */
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

/* With the path's lock: a report from before a reset is none after it. */
static inline void
e82540_report_init(const struct e82540 *dev, struct e82540_report *report)
{
	memset(report, 0, offsetof(struct e82540_report, stat));
	report->epoch = dev->epoch;
}

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

static inline uint16_t
e82540_get16(const void *p)		/* little-endian, unaligned */
{
	const uint8_t *b = p;

	return b[0] | b[1] << 8;
}

static inline uint32_t
e82540_get32(const void *p)
{
	const uint8_t *b = p;

	return b[0] | b[1] << 8 | b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint16_t
e82540_get_be16(const void *p)
{
	const uint8_t *b = p;

	return b[0] << 8 | b[1];
}

static inline void
e82540_put_be16(void *p, uint16_t v)
{
	uint8_t *b = p;

	b[0] = v >> 8;
	b[1] = v & 0xff;
}

/* ------------------------------------------------------- e82540_main.c */

/* e82540_post: take a report in.  Bus lock. */
void e82540_post(struct e82540 *dev, const struct e82540_report *report);

/*
 * e82540_due_set, e82540_due_clear: when something is to happen; the host's
 * timer follows before the lock is released (e82540_timer()).  Bus lock.
 */
void
e82540_due_set(struct e82540 *dev, enum e82540_deadline due, uint64_t at_ns);
void e82540_due_clear(struct e82540 *dev, enum e82540_deadline due);

/*
 * e82540_device_reset: CTRL.RST (13.4.1): registers, rings, FIFO, timers; not
 * PCI, PHY, EEPROM.  All locks.
 */
void e82540_device_reset(struct e82540 *dev);

/* ------------------------------------------------------- e82540_regs.c */

/*
 * e82540_reg_read, e82540_reg_write: a 32-bit access, offset a multiple of 4
 * below E82540_BAR0_BYTES.  Bus lock; they take the others by the row.
 */
uint32_t e82540_reg_read(struct e82540 *dev, uint32_t offset);
void e82540_reg_write(struct e82540 *dev, uint32_t offset, uint32_t value);

/*
 * e82540_reg_apply: what a write does, for who holds the locks of its row, too.
 * e82540_reg_value: what a read returns, without its effects.  Bus lock.
 * e82540_reg_ring_value: the same for registers of the rings, fast.
 */
void e82540_reg_apply(struct e82540 *dev, uint32_t offset, uint32_t value);
uint32_t e82540_reg_value(const struct e82540 *dev, uint32_t offset);
uint32_t e82540_reg_ring_value(const struct e82540 *dev, uint32_t offset);

/*
 * e82540_regs_init: build row_of; every register its value at power-on, those
 * that CTRL.RST leaves alone included.  All locks.
 */
void e82540_regs_init(struct e82540 *dev);

/* e82540_regs_reset: as CTRL.RST does it, EEPROM included.  All locks. */
void e82540_regs_reset(struct e82540 *dev);

/* e82540_stat_add: to a statistics register, which sticks at its maximum. */
void e82540_stat_add(struct e82540 *dev, uint32_t reg, uint32_t n);

/* --------------------------------------------------- e82540_doorbell.c */

/*
 * e82540_doorbell_tail: TDT (or RDT) from memory, if that is where the guest
 * writes it.  Returns false if another register of the path has changed: then
 * e82540_doorbell_absorb() comes first.  The path's lock.
 */
bool e82540_doorbell_tail(struct e82540 *dev, enum e82540_lock lock);

/* e82540_doorbell_head: let the guest see TDH, RDH.  The path's lock. */
void e82540_doorbell_head(struct e82540 *dev, enum e82540_lock lock);

/* e82540_doorbell_absorb: take in all that was written.  Bus and path's. */
void e82540_doorbell_absorb(struct e82540 *dev, enum e82540_lock lock);

/* e82540_doorbell_written: by an access that trapped.  Bus and path's lock. */
void e82540_doorbell_written(struct e82540 *dev, uint32_t offset);

/* e82540_doorbell_renew: after a reset.  All locks. */
void e82540_doorbell_renew(struct e82540 *dev);

/* ------------------------------------------------------- e82540_intr.c */

/* All with the bus lock. */
void e82540_intr_reset(struct e82540 *dev);
void e82540_intr_set(struct e82540 *dev, uint32_t causes);
void e82540_intr_update(struct e82540 *dev);
void e82540_intr_report(struct e82540 *dev, const struct e82540_report *r);
/* e82540_intr_due: a moderation timer ran out. */
void e82540_intr_due(struct e82540 *dev, enum e82540_deadline due);
/* e82540_intr_flush: moderation was switched off: what waits comes now. */
void e82540_intr_flush(struct e82540 *dev);
/* Hooks of ICR, ICS, IMS, IMC, ITR, RDTR. */
void e82540_icr_after_read(struct e82540 *dev, uint32_t offset);
void e82540_icr_write(struct e82540 *dev, uint32_t offset, uint32_t value);
void e82540_ics_write(struct e82540 *dev, uint32_t offset, uint32_t value);
void e82540_ims_write(struct e82540 *dev, uint32_t offset, uint32_t value);
void e82540_imc_write(struct e82540 *dev, uint32_t offset, uint32_t value);
void e82540_itr_write(struct e82540 *dev, uint32_t offset, uint32_t value);
void e82540_rdtr_write(struct e82540 *dev, uint32_t offset, uint32_t value);

/* ------------------------------------------ e82540_tx.c, _offload.c */

/*
 * e82540_tx_run: transmit up to E82540_SEND_MAX packets.  Tx lock; takes rx for
 * loopback.  Returns true if there is more.
 */
bool e82540_tx_run(struct e82540 *dev, struct e82540_report *report);

/* e82540_tx_reset: forget context and packet in progress.  Tx lock. */
void e82540_tx_reset(struct e82540 *dev);

/* e82540_tx_forget: the packet in progress: the ring is another.  Tx lock. */
void e82540_tx_forget(struct e82540 *dev);

/* e82540_cursor_read: copy n bytes from there, and go on behind them. */
void e82540_cursor_read(struct e82540_cursor *c, void *to, uint32_t n);

/* e82540_cursor_skip: go on n bytes further; there are as many. */
void e82540_cursor_skip(struct e82540_cursor *c, uint32_t n);

/* e82540_tx_tally: count the first n packets of a batch, as sent. */
void e82540_tx_tally(const struct e82540_tx_batch *batch, unsigned int n,
    bool hdr, uint32_t min_bytes, struct e82540_report *report);

/* e82540_offload_head: how many bytes at the front a job may change. */
uint32_t e82540_offload_head(const struct e82540_tx_job *job, uint32_t len);

/*
 * e82540_offload: do the job.  l4_add: to be added to the TCP or UDP sum.
 * f->head_bytes: what e82540_offload_head() said.
 */
void e82540_offload(struct e82540_tx_frame *f, const struct e82540_tx_job *job,
    uint32_t l4_add);

/* e82540_offload_sums: what the context and POPTS want. */
void e82540_offload_sums(struct e82540_tx_job *job,
    const struct e82540_tx_context *context, uint8_t popts);

/*
 * e82540_tso_open: take a context apart, for a packet of len bytes.  Returns
 * false if they do not fit together, or it makes no sense.
 */
bool e82540_tso_open(struct e82540_tx_tso *tso,
    const struct e82540_tx_context *context, uint32_t len);

/* e82540_tso_frame: make frame i of it, with its head a copy of header. */
void
e82540_tso_frame(struct e82540_tx_frame *f, const struct e82540_tx_tso *tso,
    const struct e82540_tx_job *job, const uint8_t *header, uint32_t i);

/*
 * e82540_tso_whole: leave the segmentation to the network, if it is one that
 * the network can do.  Returns false, having done nothing, if not.
 */
bool
e82540_tso_whole(struct e82540_tx_frame *f, const struct e82540_tx_tso *tso,
    const struct e82540_tx_job *job, const uint8_t *header);

/* ------------------------- e82540_rx.c, _filter.c, _flow.c, _wake.c */

/* e82540_rx_run: as e82540_receive().  Rx lock. */
unsigned int e82540_rx_run(struct e82540 *dev, const struct e82540_frame *frame,
    unsigned int n, struct e82540_report *report);

/* e82540_rx_drain: FIFO to ring, as far as it has room.  Rx lock. */
void e82540_rx_drain(struct e82540 *dev, struct e82540_report *report);

/* e82540_rx_reset: empty the FIFO.  Rx lock. */
void e82540_rx_reset(struct e82540 *dev);

/*
 * e82540_filter: is a frame for us (10.1.1, 13.5)?  len: 14 or more.
 * Returns 0 no, E82540_PASS, or'ed with E82540_PASS_INEXACT if only a hash said
 * so (PIF).  Rx lock.
 */
#define E82540_PASS		1u
#define E82540_PASS_INEXACT	2u
unsigned int
e82540_filter(const struct e82540 *dev, const uint8_t *frame, uint32_t len);

/*
 * e82540_flow_frame: is it a PAUSE or other MAC control frame (8.7.3), and if
 * so where does it go (8.7.4)?  Fills in the report.  60 bytes or
 * more.  Rx lock.
 */
enum e82540_flow {
	E82540_FLOW_NONE,		/* an ordinary frame */
	E82540_FLOW_FILTER,		/* as far as the filter lets it */
	E82540_FLOW_PASS,		/* to the host, whatever its address */
	E82540_FLOW_DROP,
};
enum e82540_flow e82540_flow_frame(const struct e82540 *dev,
    const uint8_t *frame, struct e82540_report *report);
/* e82540_flow_report: act on paused, fifo_high, fifo_low.  Bus lock. */
void e82540_flow_report(struct e82540 *dev, const struct e82540_report *report);
/* e82540_flow_due: the PAUSE is over.  Bus lock. */
void e82540_flow_due(struct e82540 *dev);
/* e82540_flow_xoff: TCTL.SWXOFF.  Bus and tx locks. */
void e82540_flow_xoff(struct e82540 *dev);

/*
 * e82540_wake_frame: of what WUFC and WUC.APME ask for, the WUFC bits that a
 * frame matches (6.4.3); address filter included.  Keeps the packet.  Rx lock.
 */
uint32_t
e82540_wake_frame(struct e82540 *dev, const uint8_t *frame, uint32_t len);
/* e82540_wake_report: set WUS, PME, WUPM.  Bus lock; takes rx. */
void e82540_wake_report(struct e82540 *dev, uint32_t found);
/* e82540_wake_link: the link went up or down.  Bus lock. */
void e82540_wake_link(struct e82540 *dev);
/* e82540_wake_enabled: is the link needed in D3 (11.4.2)?  Bus lock. */
bool e82540_wake_enabled(const struct e82540 *dev);
/* Hooks of WUC (its PME bits are those of PMCSR) and WUS (W1C).  Bus lock. */
uint32_t e82540_wuc_read(const struct e82540 *dev, uint32_t offset);
void e82540_wuc_write(struct e82540 *dev, uint32_t offset, uint32_t value);
void e82540_wus_write(struct e82540 *dev, uint32_t offset, uint32_t value);

/* e82540_fcs: the CRC of an Ethernet frame (802.3, 3.2.9), as a number. */
uint32_t e82540_fcs(const uint8_t *frame, uint32_t len);

/*
 * e82540_sum: Internet checksum, unfolded: add len bytes, the first at an even
 * place, to sum.  e82540_fold: to 16 bits, not complemented.
 */
uint64_t e82540_sum(const uint8_t *p, uint32_t len, uint64_t sum);
uint16_t e82540_fold(uint64_t sum);

/* -------------------------------------------- e82540_nvm.c, _phy.c */

/* ICW1 (5.6): what the chip takes from the EEPROM, if it is signed. */
#define E82540_ICW1_DEVICE	0x0001u	/* vendor and device id */
#define E82540_ICW1_SUBSYSTEM	0x0002u	/* ... of the subsystem */
#define E82540_ICW1_POWER	0x0008u	/* power management */

/* All with the bus lock. */
void e82540_nvm_init(struct e82540 *dev);
uint32_t e82540_eecd_read(const struct e82540 *dev, uint32_t offset);
void e82540_eecd_write(struct e82540 *dev, uint32_t offset, uint32_t value);
void e82540_eerd_write(struct e82540 *dev, uint32_t offset, uint32_t value);

/* e82540_phy_reset: PHY to its defaults; negotiates if there is a cable. */
void e82540_phy_reset(struct e82540 *dev);
void e82540_phy_due(struct e82540 *dev);	/* negotiation is done */
void e82540_phy_cable(struct e82540 *dev, bool in);
/* e82540_phy_power: power state, or what wakes from it, has changed. */
void e82540_phy_power(struct e82540 *dev);
bool e82540_phy_loopback(const struct e82540 *dev);
void e82540_mdic_write(struct e82540 *dev, uint32_t offset, uint32_t value);
/* e82540_link_update: STATUS from PHY and CTRL; LSC if LU changed. */
void e82540_link_update(struct e82540 *dev);

/* ------------------------------------------------------- e82540_pci.c */

/* All with the bus lock. */
void e82540_pci_reset(struct e82540 *dev);
uint32_t
e82540_pci_config_read(struct e82540 *dev, uint32_t offset, unsigned int size);
void e82540_pci_config_write(struct e82540 *dev, uint32_t offset,
    unsigned int size, uint32_t value);
bool e82540_pci_master(const struct e82540 *dev);
bool e82540_pci_d3(const struct e82540 *dev);	/* power state not D0 */
/* e82540_pci_pme: PME_En and PME_Status of PMCSR (6.3.3.4). */
uint16_t e82540_pci_pme(const struct e82540 *dev);
void e82540_pci_pme_set(struct e82540 *dev, uint16_t pme);
#define E82540_PME_STATUS	0x8000u
#define E82540_PME_EN		0x0100u
/*
 * e82540_pci_interrupt: carry ICR & IMS, as moderated, out of the device: by
 * MSI if enabled, else INTx unless disabled.
 */
void e82540_pci_interrupt(struct e82540 *dev, bool asserted);

#endif
