/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lem: the driver core for Intel 8254x controllers (82540EM, 82545EM, 82544GC,
 * 82543GC, copper), as hypervisors present them.
 *
 * All ports share the core.  It knows registers, rings and the rules of send
 * combining; it knows no operating system.  It allocates nothing, takes no
 * lock, starts no timer and holds no function pointer.  A port (driver/os/)
 * gives it memory and calls it.  What the core needs of the port is lem_os.h,
 * found by the include path:
 *
 *	struct lem_os			what a register access needs
 *	lem_os_read32(os, reg)		read a register
 *	lem_os_write32(os, reg, value)	write a register
 *	lem_os_udelay(os, us)		wait at least us microseconds, 100 at
 *					most, without sleeping
 *	lem_os_sleep(os, us)		wait at least us microseconds; if it
 *					sleeps, the wait is longer
 *	lem_os_cycles(os)		a counter of about the CPU's clock, to
 *					tell what register accesses and
 *					interrupts cost; always 0 if the OS has
 *					none
 *	lem_os_khz(os)			how many of them a millisecond has; 0 if
 *					that is unknown
 *	lem_os_wmb()			the device sees the memory writes before
 *					it earlier than those after it, and than
 *					a register write after it
 *	lem_os_rmb()			memory reads before it are done earlier
 *					than those after it: what the device
 *					wrote in order is read in order
 *	EINVAL EIO ENODEV ENOSPC ETIMEDOUT EOPNOTSUPP	as positive numbers
 *
 * Locks.  A port serialises three groups of calls, each with a lock of its own:
 *
 *	tx	lem_tx_*, lem_lone_*, lem_intr_dispatch(), lem_intr_enable()
 *	rx	lem_rx_*, except lem_rx_mode()
 *	config	everything else, unless its comment names other locks
 *	all	lem_attach(), lem_reset(), lem_resume(), *_ring_init(),
 *		lem_start(), lem_stop()
 *
 * Where a call needs two locks, take config first, then tx, then rx.  On one
 * thread (bare metal) no lock is needed at all.  A port reads members of struct
 * lem with the lock of the calls that write them; lem_gone() and lem_link_up()
 * need none.
 *
 * Sleep.  These calls wait for the device with lem_os_sleep(), so call them
 * only where the OS allows a thread to sleep: lem_attach(), lem_reset(),
 * lem_start(), lem_stop(), lem_link_update(), lem_nvm_*, lem_phy_*.  No other
 * call sleeps, so the others may be made from an interrupt or with a spin lock
 * held.
 *
 * Errors are 0 or -errno throughout.  A device that has gone away reads as all
 * ones; the call that notices sets `gone` and returns -ENODEV.  No call waits
 * for the device without a bound.  lem_attach() waits longest: about 30 ms,
 * and 0.3 s where the EEPROM has to be read wire by wire; more where the OS's
 * sleep is coarse.
 *
 * Sections (13.4.x and so on) are those of Intel's "PCI/PCI-X Family of Gigabit
 * Ethernet Controllers Software Developer's Manual", 317453.
 */
#ifndef LEM_H
#define LEM_H

#include "lem_os.h"
#include "e1000_hw.h"

#define LEM_SEG_MAX		16288u	/* bytes of one segment, 3.3.3 */
#define LEM_MULTICAST_BITS	4096u
#define LEM_RAR_ENTRIES		15u	/* of 16: bhyve asserts on the last */
#define LEM_RING_MIN		8u	/* descriptors of a ring */
#define LEM_RING_MAX		4096u
#define LEM_RING_MAX_82543	256u
#define LEM_GUARD_MS		5u	/* call lem_tx_guard() this often */
#define LEM_CHEAP_CYCLES	400u	/* a TDT write that does not exit */

/* Policy of moderation: lem_moderate.c. */
#define LEM_BULK_PACKETS	8u	/* struct lem_moderation */
#define LEM_BULK_INTERRUPTS	4u
#define LEM_STREAM_PARTS	40u	/* of its time an interrupt takes one */
#define LEM_STREAM_ITR		7812u	/* the longest interval: 2 ms */
#define LEM_STREAM_BACKOFF	1024u	/* most interrupts before a new try */
#define LEM_STREAM_CHECK	4u	/* slower interrupts before it ends */
#define LEM_STREAM_WATCH	8u	/* interrupts between two samples */
#define LEM_STREAM_CLOSE	4u	/* costs from packet to packet */
#define LEM_ICR_PARTS		3u	/* an interrupt; the ICR read is one */
#define LEM_COST_SAMPLES	4u
#define LEM_LONE_DOORBELLS	2u	/* lem_lone_doorbell() */
#define LEM_LONE_RUN		8u	/* lem_lone_interrupt() */
#define LEM_LONE_DESC		32u
#define LEM_RATE_DEFAULT	8000u	/* interrupts a second */
#define LEM_RATE_BULK_DEFAULT	500u	/* while there is a stream */
#define LEM_RATE_MAX		3906250u /* ITR = 1 */

enum lem_chip {
	LEM_82543,
	LEM_82544,
	LEM_82540,
	LEM_82545,
};

/*
 * The controllers that the core drives; there is no other list.
 * LEM_DEVICES(X) expands X(device id, enum lem_chip, name) once for each, with
 * the PCI device id; the vendor is E1000_VENDOR_INTEL.  A port makes the table
 * that its OS wants from it.  A port that searches takes this order.
 */
#define LEM_DEVICES(X)							\
	X(E1000_DEV_82540EM, LEM_82540, "Intel 82540EM")		\
	X(E1000_DEV_82545EM, LEM_82545, "Intel 82545EM")		\
	X(E1000_DEV_82544GC, LEM_82544, "Intel 82544GC")		\
	X(E1000_DEV_82544EI_COPPER, LEM_82544, "Intel 82544EI")		\
	X(E1000_DEV_82543GC_COPPER, LEM_82543, "Intel 82543GC")

/*
 * Send combining: when TDT is written (doc/combining.md).  These are the
 * values of mit_enable.
 */
enum lem_combine {
	/* At every doorbell: the standard driver. */
	LEM_COMBINE_OFF,
	/* Deferred while a transmit interrupt is pending, if a write of TDT
	 * exits and no TSO packet waits; the interrupt writes TDT first and
	 * reclaims second. */
	LEM_COMBINE_ON,
	/* The order of 2012, reclaim first; kept as a yardstick. */
	LEM_COMBINE_ORIGINAL,
};

/*
 * Transmit requests.  Offsets and lengths are those of struct lem_tx_pkt.
 */
#define LEM_TX_IP_CSUM	0x01u	/* insert the IPv4 header checksum */
#define LEM_TX_TCP_CSUM	0x02u	/* insert the TCP checksum */
#define LEM_TX_UDP_CSUM	0x04u	/* insert the UDP checksum */
#define LEM_TX_TSO	0x08u	/* cut into segments of mss; TCP only */
#define LEM_TX_IPV6	0x10u	/* with TSO: the header is IPv6 */
#define LEM_TX_VLAN	0x20u	/* insert vlan_tag; see lem_rx_mode() */

#define LEM_TX_ALL	0x3fu

struct lem_tx_seg {
	uint64_t pa;		/* bus address */
	uint32_t len_bytes;	/* 1 to LEM_SEG_MAX */
};

/*
 * One packet to send.  The caller keeps ownership of everything in it; the
 * memory that the segments point to must stay until the descriptors are
 * reclaimed.  For a checksum the caller leaves the pseudo-header sum in the
 * checksum field (for TSO: without the length, and total length and IP checksum
 * zero), 3.5.
 */
struct lem_tx_pkt {
	const struct lem_tx_seg *seg;
	uint16_t segs;
	uint16_t flags;		/* LEM_TX_* */
	uint8_t l2_len;		/* Ethernet header, bytes */
	uint8_t l4_len;		/* TCP header, bytes; TSO only */
	uint16_t l3_len;	/* IP header, bytes */
	uint16_t mss;		/* payload bytes of a segment; TSO only */
	uint16_t vlan_tag;	/* PCP, DEI, VID as on the wire, host order */
	uint32_t len_bytes;	/* of the whole packet; TSO only */
};

/*
 * A packet takes a descriptor for each segment.  A packet with offloads takes
 * at most this many more, for the context.
 */
#define LEM_TX_EXTRA_DESC	1u

struct lem_tx_stats {
	uint64_t packets;	/* encapsulated */
	uint64_t reclaimed;	/* descriptors taken back */
	uint64_t doorbells;	/* TDT writes */
	uint64_t deferred;	/* doorbells deferred */
	uint64_t batches;	/* TDT writes that carried more than one */
	uint64_t guard_flushes;	/* TDT writes by lem_tx_guard() */
	uint64_t ring_full;	/* packets refused with -ENOSPC */
	uint64_t bulk;		/* times ITR was made longer for a stream */
	uint64_t lone;		/* times transmit interrupts were masked */
	uint32_t batch_max;	/* most packets that one TDT write carried */
};

/*
 * A transmit ring.  Indices count descriptors, 0 to count - 1.  In ring order:
 *
 *	next_to_clean <= tail_posted <= next_to_use
 *
 *	[next_to_clean, tail_posted)	the device's
 *	[tail_posted, next_to_use)	filled, TDT not yet written: deferred
 *	the rest			free
 *
 * One descriptor always stays free, so that full and empty differ (3.4).
 *
 * `rsq` remembers which descriptors carry RS.  The core sets RS once a
 * doorbell, and after every count / 4 descriptors within one, instead of on
 * each packet: then the device writes back less, and reclaim reads one
 * descriptor a batch.
 */
struct lem_tx_ring {
	union e1000_tx_any_desc *desc;
	uint16_t *rsq;
	uint16_t count;
	uint16_t next_to_use;
	uint16_t next_to_clean;
	uint16_t tail_posted;
	uint16_t free;		/* descriptors; lem_tx_free() */
	uint16_t reserve;	/* most descriptors that a packet takes */
	uint16_t rs_stride;	/* RS at least this often */
	uint16_t since_rs;	/* descriptors filled since the last RS */
	uint16_t rs_head;	/* rsq: oldest not yet written back */
	uint16_t rs_posted;	/* rsq: one past the last that is posted */
	uint16_t rs_tail;	/* rsq: one past the last */
	uint16_t unposted;	/* packets in [tail_posted, next_to_use) */
	/* One load tests the flags: not beside what each packet stores. */
	uint16_t low;		/* lem_tx_low(): fewer are free */
	bool unposted_tso;	/* one of them has LEM_TX_TSO */
	uint8_t cmd;		/* command bits of every descriptor */
	bool int_pending;	/* an interrupt was asked for and not seen */
	bool cheap;		/* a write of TDT does not exit */
	bool doubt;		/* cheap, but the last one timed was dear */
	bool lone;		/* transmit interrupts are masked */
	enum lem_combine combine;	/* in force: while `lone`, OFF */
	enum lem_combine asked;	/* of lem_tx_combine_set() */
	uint8_t lone_run;	/* interrupts in a row with one at most */
	uint32_t lone_doorbells;	/* since the last interrupt */
	uint32_t lone_frames;	/* rx.cleaned then */
	uint64_t offload;	/* what the device's context is for; 0: none */
	uint64_t offload_bits;	/* of the data descriptors that use it */
	uint64_t guard_mark;	/* doorbells when the guard last saw some
				 * deferred; UINT64_MAX: it saw none */
	struct lem_tx_stats stats;
	uint64_t desc_pa;
};

/* What lem_rx_pkt_get() says of a packet. */
#define LEM_RX_IP_OK	0x01u	/* IPv4 header checksum was right */
#define LEM_RX_L4_OK	0x02u	/* TCP or UDP checksum was right */
#define LEM_RX_VLAN	0x04u	/* vlan_tag was stripped from the frame */
#define LEM_RX_ERROR	0x08u	/* damaged, or too many buffers: drop it */

struct lem_rx_frag {
	uint16_t index;		/* of the descriptor, and so of its buffer */
	uint16_t len_bytes;
};

struct lem_rx_pkt {
	struct lem_rx_frag *frag;	/* caller's array */
	uint16_t frags_max;		/* its length */
	uint16_t frags;			/* filled in */
	uint16_t flags;			/* LEM_RX_* */
	uint16_t vlan_tag;
	uint16_t descs;			/* descriptors stepped over, >= frags */
	uint32_t len_bytes;
};

struct lem_rx_stats {
	uint64_t packets;
	uint64_t errors;	/* packets with LEM_RX_ERROR */
	uint64_t doorbells;	/* RDT writes */
	uint64_t pushes;	/* reads that pushed RDT through */
};

/*
 * A receive ring: [next_to_clean, tail_posted) is the device's or waits to be
 * read, [tail_posted, next_to_use) is refilled but RDT is not yet written.
 *
 * KVM may hold back a write of RDT: it collects writes to the registers that
 * QEMU calls coalescable, and delivers them when the guest exits next.  RDT is
 * such a register.  So the core has two counts of the descriptors that it gave
 * to the device.  `posted` counts those that an RDT write covers, `seen` those
 * that the device certainly has.  When the device has used up all that are
 * `seen`, it may wait for a write that is still held back.  Then lem_rx_flush()
 * reads a register, which delivers the write: a push.
 *
 * A read of ICR delivers what was held back before it, too.  The core counts
 * dispatches.  The third dispatch after an RDT write read ICR after that write,
 * on any number of CPUs.  `seen` is then set to `marked`.  Counts wrap.
 */
struct lem_rx_ring {
	struct e1000_rx_desc *desc;
	uint16_t count;
	uint16_t next_to_use;
	uint16_t next_to_clean;
	uint16_t tail_posted;
	uint16_t buf_bytes;	/* 256, 512, 1024, 2048, 4096, 8192, 16384 */
	uint32_t posted;	/* descriptors ever given to the device */
	uint32_t seen;
	uint32_t marked;
	uint32_t mark_dispatch;	/* dispatches when they were marked */
	uint32_t cleaned;	/* returned with a frame */
	uint32_t partial;	/* written back, of a frame not yet complete */
	struct lem_rx_stats stats;
	uint64_t desc_pa;
};

/*
 * Interrupt moderation, in the registers' own units (13.4.18, 13.4.30, 13.4.31,
 * 13.4.41, 13.4.44); lem_itr_from_rate() and lem_delay_from_us() make them.
 * tidv and tadv take effect only on descriptors with IDE.  The core sets IDE
 * when one of the two is not zero, and only then, so that with both zero ITR
 * alone decides.  radv is a bound on rdtr: alone it does nothing.
 *
 * itr_bulk, if longer than itr, is in force while send combining has a stream
 * to combine: from the fourth transmit interrupt in a row (LEM_BULK_INTERRUPTS)
 * with eight packets since the one before (LEM_BULK_PACKETS), until there are
 * fewer.  A stream gains from few and large batches.  A conversation does not
 * reach eight packets.
 *
 * adaptive: while there is a stream, the core chooses the interval by what an
 * interrupt costs here (struct lem_stream): between itr and the longest, which
 * is itr_bulk or, where that is 0, 2 ms.  It has an effect with
 * LEM_COMBINE_ON, where itr and the chip's ITR exist and no delay is asked for,
 * and if the OS has a clock.  Otherwise the core does as if it were false.
 */
struct lem_moderation {
	uint16_t itr;		/* least time between interrupts, 256 ns */
	uint16_t rdtr, radv;	/* receive delay, absolute bound, 1.024 us */
	uint16_t tidv, tadv;	/* transmit delay, absolute bound, 1.024 us */
	uint16_t itr_bulk;	/* as itr, while there is a stream to send */
	bool adaptive;		/* see above; false: itr and itr_bulk decide */
};

/*
 * What something costs, in cycles of lem_os_cycles(): the second smallest of
 * the last samples, because the CPU may have been away during some of them.
 */
struct lem_cost {
	uint32_t sample[LEM_COST_SAMPLES];
	uint8_t samples;
	uint8_t next;
};

/*
 * Streams, and what an interrupt costs (doc/moderation.md, "In the driver").
 * All of it is of the lock group tx, except `on` and `icr`, which
 * lem_intr_cause() accesses without a lock.
 */
struct lem_stream {
	bool on;		/* moderation is adaptive, and can be */
	bool longer;		/* ITR is longer than moderation.itr */
	bool watch;		/* lem_beat() reads the clock */
	bool posted;		/* TDT was written since the last beat */
	bool ended;		/* an interrupt came since the last beat */
	uint16_t run;		/* interrupts in a row with many packets */
	uint16_t need;		/* so many before ITR becomes longer */
	uint8_t lasted;		/* interrupts since it did, to 2 * CHECK */
	uint8_t looks;		/* interrupts in a row that were slower */
	uint8_t watches;	/* interrupts since the last sample */
	uint16_t itr;		/* as last written */
	uint32_t icr;		/* cycles of the last ICR read; 0: none */
	uint32_t packets;	/* tx.stats.packets at the last interrupt */
	uint32_t frames;	/* rx.cleaned then */
	uint64_t intr_at;	/* cycles: when that was */
	uint32_t apart;		/* cycles between it and the one before */
	uint32_t few;		/* packets of interrupts with few */
	uint64_t few_time;	/* in so many cycles */
	uint64_t beat_at;	/* of the last beat; 0: none */
	uint64_t done_at;	/* the last dispatch was done */
	uint32_t before;	/* from the last beat to the dispatch */
	uint32_t beat_min;	/* shortest time between two beats */
	struct lem_cost whole;	/* an interrupt, from beat to beat */
	struct lem_cost read;	/* the same, from the time of the ICR read */
	/* The rate of this stream at moderation.itr; time in 2^8 cycles. */
	uint64_t short_packets, short_time;
};

struct lem_link {
	bool up;		/* lem_link_up() */
	bool full_duplex;
	uint16_t mbps;		/* 10, 100 or 1000 */
};

/* Receive filter modes of lem_filter_set(). */
#define LEM_FILTER_PROMISC	0x01u
#define LEM_FILTER_ALLMULTI	0x02u
#define LEM_FILTER_BROADCAST	0x04u

/* Flow control of lem_pause_set(). */
#define LEM_PAUSE_RX	0x01u	/* obey the peer's PAUSE frames */
#define LEM_PAUSE_TX	0x02u	/* send them when the FIFO is nearly full */

#define LEM_STATS	((E1000_TSCTFC - E1000_CRCERRS) / 4 + 1)

/*
 * One controller.  The port embeds it, zeroes it, sets `os` and `device_id`,
 * then calls lem_attach().  `os` stays the port's.  Everything else is the
 * core's: from then on a port reads it and never writes it.
 */
struct lem {
	struct lem_os os;
	struct lem_tx_ring tx;
	struct lem_rx_ring rx;
	struct lem_moderation moderation;
	struct lem_stream stream;
	struct lem_link link;
	enum lem_chip chip;
	uint16_t device_id;
	uint16_t nvm_words;	/* 64 or 256 */
	uint8_t mac[6];
	bool gone;		/* removed without notice; lem_gone() */
	bool running;		/* between lem_start() and lem_stop() */
	bool eerd_dead;		/* EERD does not answer here */
	bool vlan;		/* CTRL.VME: strip and insert tags */
	bool vlan_filter;
	bool long_packets;	/* accept over 1522 bytes, RCTL.LPE */
	uint32_t filter;	/* LEM_FILTER_* */
	uint32_t pause;		/* LEM_PAUSE_* */
	struct lem_link force;	/* lem_link_force(); mbps 0: negotiate */
	uint32_t rctl;		/* as last written, 0: off */
	uint32_t dispatches;	/* of lem_intr_dispatch(); rx only reads it */
	/* What the device forgets in a reset: MTA, VFTA, RAR (0 is `mac`). */
	uint32_t mta[128];
	uint32_t vfta[128];
	uint8_t rar[LEM_RAR_ENTRIES][6];
	uint16_t rar_valid;	/* a bit for each entry */
	uint64_t stat[LEM_STATS];
};

/*
 * lem_gone: has a call found that the device is no longer there?
 * lem_link_up: is the link up, as lem_link_update() found last?
 * Locks: none.
 */
static inline bool
lem_gone(const struct lem *sc)
{
	return __atomic_load_n(&sc->gone, __ATOMIC_RELAXED);
}

static inline bool
lem_link_up(const struct lem *sc)
{
	return __atomic_load_n(&sc->link.up, __ATOMIC_RELAXED);
}

/* ------------------------------------------------------------ lem_main.c */

/*
 * lem_attach: identify the chip, reset it, find its address.  May sleep.
 * sc: zeroed, then `os` and `device_id` set.
 * Returns 0; -EOPNOTSUPP unknown device id; -ENODEV gone; -ETIMEDOUT it does
 * not come out of reset; -EIO no valid address in EEPROM or RAR 0.
 */
int lem_attach(struct lem *sc);

/*
 * lem_reset: global reset (CTRL.RST, 13.4.1): units off, interrupts masked.
 * lem_start() must set the rings up again.  May sleep.
 * Returns 0, -ENODEV, -ETIMEDOUT.
 */
int lem_reset(struct lem *sc);

/*
 * lem_resume: call it when the device has power again after a suspend.  Without
 * power it may have read as all ones; lem_resume() clears `gone`.  The device
 * has lost its state: call lem_reset() and lem_start() next.  Accesses no
 * register.
 */
void lem_resume(struct lem *sc);

/*
 * lem_tx_ring_init, lem_rx_ring_init: describe a ring to the core.
 * desc: count descriptors, 16-byte aligned, zeroed, the caller's until
 *	lem_stop(); desc_pa: their bus address.
 * rsq: count entries of the caller's.
 * count: a multiple of 8 (13.4.27, 13.4.38), LEM_RING_MIN to LEM_RING_MAX, on
 *	the 82543 to LEM_RING_MAX_82543.  The manual has no such limits; they
 *	are those that all e1000 drivers keep to: 256 for the 82543, 4096 for
 *	the 82544 and later.
 * max_segs: the most segments that one packet will have.
 * buf_bytes: the size of a receive buffer, one of the sizes of RCTL (13.4.22).
 * Returns 0 or -EINVAL.
 */
int lem_tx_ring_init(struct lem *sc, union e1000_tx_any_desc *desc,
    uint64_t desc_pa, uint16_t *rsq, uint16_t count, uint16_t max_segs);
int lem_rx_ring_init(struct lem *sc, struct e1000_rx_desc *desc,
    uint64_t desc_pa, uint16_t count, uint16_t buf_bytes);

/*
 * lem_start: program both rings, filters and moderation, and switch the units
 * on.  Call lem_rx_refill() and lem_rx_flush() next, then lem_intr_enable().
 * The setters below only store their values while the device is stopped;
 * lem_start() writes them to the device.  It also reads the link into sc->link.
 * lem_link_update() reports only the changes after that.  May sleep.
 * Returns 0 or -ENODEV.
 */
int lem_start(struct lem *sc);

/*
 * lem_stop: units off, interrupts masked.  Deferred packets are dropped with
 * the posted ones: the caller frees [next_to_clean, next_to_use) of both rings.
 * May sleep.
 */
void lem_stop(struct lem *sc);

/*
 * lem_link_update: read the link's state into sc->link and set what depends on
 * it.  Returns 1 when it changed, 0 when not, -ENODEV.  When the link went down
 * the caller also calls lem_tx_flush(), so that nothing stays deferred.  May
 * sleep.
 */
int lem_link_update(struct lem *sc);

/*
 * lem_link_force: 10 or 100 Mb/s without negotiation, or mbps 0 to negotiate
 * (1000BASE-T always does).  The link drops meanwhile.  May sleep.
 * Returns 0, -EINVAL, or as lem_phy_write().
 */
int lem_link_force(struct lem *sc, uint16_t mbps, bool full_duplex);

/*
 * lem_pause_set: flow control by PAUSE frames (13.4.1), LEM_PAUSE_*; the caller
 * knows what both ends agreed on.  0 after lem_attach().
 * Returns 0 or -ENODEV.
 */
int lem_pause_set(struct lem *sc, uint32_t pause);

/*
 * lem_wake_set: which packets wake the machine (13.6.2), E1000_WUFC_*, 0 for
 * none.  Call it after lem_stop(), as the last before the device loses power:
 * receive stays on for these packets, and writes no memory if the port has
 * taken bus mastering away.
 * Returns 0, -ENODEV, -EOPNOTSUPP: an 82543.
 */
int lem_wake_set(struct lem *sc, uint32_t wufc);

/*
 * lem_filter_set: receive filter.  flags: LEM_FILTER_*.
 * mc: count multicast addresses of 6 bytes, hashed into MTA (13.5.1).
 * Returns 0 or -ENODEV.
 */
int lem_filter_set(struct lem *sc, uint32_t flags, const uint8_t (*mc)[6],
    unsigned int count);

/*
 * lem_rar_set: exact unicast filter, index 0 to 14; 0 is the station address,
 * and becomes sc->mac.  mac NULL clears the entry (not for 0).
 * Returns 0 or -EINVAL.
 */
int lem_rar_set(struct lem *sc, unsigned int index, const uint8_t *mac);

/*
 * lem_vlan_filter: accept a VLAN, or no longer; vid 0 to 4095.
 * Returns 0 or -EINVAL.
 */
int lem_vlan_filter(struct lem *sc, uint16_t vid, bool accept);

/*
 * lem_rx_mode: VLAN tags in hardware (stripped on receive, and inserted where
 * LEM_TX_VLAN asks: one bit, CTRL.VME, controls both), VLAN filter, and frames
 * over 1522 bytes, up to 16384: the receive ring must hold the longest.
 */
void
lem_rx_mode(struct lem *sc, bool vlan, bool vlan_filter, bool long_packets);

/*
 * lem_stats_update: add the device's counters, which reading clears, to
 * sc->stat.  65 register reads: not for a hot path.  bhyve's do not clear, and
 * some versions of QEMU have only a few.  Returns 0, or -ENODEV and adds
 * nothing.
 */
int lem_stats_update(struct lem *sc);

/*
 * lem_stat: a counter as last updated.  reg: its register, E1000_CRCERRS to
 * E1000_TSCTFC; the octet counters by their low half.
 */
static inline uint64_t
lem_stat(const struct lem *sc, uint32_t reg)
{
	return sc->stat[(reg - E1000_CRCERRS) / 4];
}

/* ------------------------------------------------------------- lem_phy.c */

/*
 * lem_nvm_read: one 16-bit word of the EEPROM, by EERD where the chip has it
 * and answers, else by the four wires of EECD (5.3, 13.4.3, 13.4.4).
 * May sleep.  Returns 0, -EINVAL, -ETIMEDOUT, -ENODEV.
 */
int lem_nvm_read(struct lem *sc, uint16_t word, uint16_t *value);

/*
 * lem_nvm_write: writes a word, by the wires, and reads it again: -EIO if the
 * EEPROM did not take it.  lem_nvm_seal: makes the sum right (5.6.35).  Many
 * models have an EEPROM that takes none.  May sleep.  Else as lem_nvm_read().
 */
int lem_nvm_write(struct lem *sc, uint16_t word, uint16_t value);
int lem_nvm_seal(struct lem *sc);

/*
 * lem_nvm_check: is the sum of words 0 to 0x3f 0xbaba (5.6.35)?  May sleep.
 * Returns 0, -EIO if not, or what lem_nvm_read() does.
 */
int lem_nvm_check(struct lem *sc);

/*
 * lem_phy_read, lem_phy_write: an MII register of the PHY, reg 0 to 31, by
 * MDIC, on the 82543 by its MDIO pins (13.4.7).  May sleep.
 * Returns 0, -EINVAL, -EIO the PHY did not answer, -ETIMEDOUT, -ENODEV.
 */
int lem_phy_read(struct lem *sc, uint8_t reg, uint16_t *value);
int lem_phy_write(struct lem *sc, uint8_t reg, uint16_t value);

/*
 * lem_phy_renegotiate: restart autonegotiation; the link drops meanwhile.
 * May sleep.  Returns as lem_phy_write().
 */
int lem_phy_renegotiate(struct lem *sc);

/* ------------------------------------------------------------ lem_txrx.c */

/*
 * The data path is seven verbs; iflib has the same.
 *
 *	transmit	encap, doorbell, reclaim
 *	receive		available, pkt_get, refill, flush
 */

/*
 * lem_tx_encap: write a packet's descriptors; the device does not see them yet.
 * Returns the number of descriptors used, which begin at the next_to_use from
 * before the call; -ENOSPC no room: call lem_tx_make_room() or wait for an
 * interrupt; -EINVAL; -EOPNOTSUPP TSO on an 82543; -ENODEV.
 */
int lem_tx_encap(struct lem *sc, const struct lem_tx_pkt *pkt);

/*
 * lem_tx_doorbell: give the device what was encapsulated, or defer that by the
 * rule of send combining.
 */
void lem_tx_doorbell(struct lem *sc);

/*
 * lem_tx_reclaim: take back what the device has finished with.
 * Returns the number of descriptors, which begin at the next_to_clean from
 * before the call.  Reads memory only, no register.  Interrupts and the guard
 * reclaim, too: a port frees buffers from a cursor of its own up to
 * next_to_clean, and stats.reclaimed counts them all.
 */
uint16_t lem_tx_reclaim(struct lem *sc);

/*
 * lem_tx_make_room: the ring is too full for another packet: give the device
 * everything, then reclaim.  Returns as lem_tx_reclaim().
 */
uint16_t lem_tx_make_room(struct lem *sc);

/* lem_tx_flush: write TDT now if anything is deferred. */
void lem_tx_flush(struct lem *sc);

/*
 * lem_tx_guard: the backstop against a device that loses an interrupt.  Call
 * it every LEM_GUARD_MS from an ordinary timer while descriptors are
 * outstanding.  If anything was deferred at the last call and TDT was not
 * written since, the guard posts and counts it.  (Where ITR asks for a longer
 * window than that, the guard is what bounds the wait.)  Returns as
 * lem_tx_reclaim().
 */
uint16_t lem_tx_guard(struct lem *sc);

/*
 * lem_tx_combine_set: set when TDT is written.  Call it at any time.  It posts
 * what is deferred.  While the rule of lone packets masks transmit interrupts
 * (lem_lone_interrupt()), the core stores the new mode and begins it when it
 * unmasks them.  Returns 0 or -EINVAL.
 */
int lem_tx_combine_set(struct lem *sc, enum lem_combine combine);

/* Free descriptors of the transmit ring. */
static inline uint16_t
lem_tx_free(const struct lem_tx_ring *r)
{
	return r->free;
}

/*
 * lem_tx_low: should the caller make room before the next packet?
 */
static inline bool
lem_tx_low(const struct lem_tx_ring *r)
{
	return r->free < r->low;
}

/*
 * lem_rx_available: packets ready to be read, counted up to budget.
 */
uint16_t lem_rx_available(struct lem *sc, uint16_t budget);

/*
 * lem_rx_pkt_get: describe the next packet and step over its descriptors.
 * pkt: frag and frags_max set by the caller.
 * Returns 1, or 0 when no whole packet is there.
 */
int lem_rx_pkt_get(struct lem *sc, struct lem_rx_pkt *pkt);

/*
 * lem_rx_refill: give n buffers of buf_bytes, at bus addresses pa[], to the
 * descriptors from next_to_use on.  Returns how many fitted.
 */
uint16_t lem_rx_refill(struct lem *sc, const uint64_t *pa, uint16_t n);

/* lem_rx_flush: give the device what was refilled (one RDT write). */
void lem_rx_flush(struct lem *sc);

/* ------------------------------------------------------------ lem_intr.c */

/* Causes, by what they are about. */
#define LEM_INTR_TX	(E1000_ICR_TXDW | E1000_ICR_TXQE | E1000_ICR_TXD_LOW)
#define LEM_INTR_RX	(E1000_ICR_RXT0 | E1000_ICR_RXDMT0 | E1000_ICR_RXO)
#define LEM_INTR_LINK	(E1000_ICR_LSC | E1000_ICR_RXSEQ)

#define LEM_WORK_TX	0x01u	/* descriptors were reclaimed */
#define LEM_WORK_RX	0x02u	/* look at the receive ring */
#define LEM_WORK_LINK	0x04u	/* call lem_link_update() */
#define LEM_WORK_GONE	0x08u	/* the device is not there any more */

/*
 * lem_intr_cause: read, and so acknowledge, ICR (13.4.17).  Locks: none.
 * Returns the causes, 0 when the interrupt is not ours, UINT32_MAX when the
 * device is gone (which lem_intr_dispatch() understands).
 */
uint32_t lem_intr_cause(struct lem *sc);

/*
 * lem_intr_dispatch: do what an interrupt's causes ask for.  The transmit half
 * is done here, in the order of sc->tx.combine.
 * icr: of lem_intr_cause(), or several of them ORed.
 * Returns LEM_WORK_*.
 */
unsigned int lem_intr_dispatch(struct lem *sc, uint32_t icr);

/*
 * lem_tx_intr: the transmit half of lem_intr_dispatch() alone, for a port that
 * does it later, or in another thread, than the rest: it takes LEM_INTR_TX out
 * of the causes that it dispatches.  Returns as lem_tx_reclaim().
 */
uint16_t lem_tx_intr(struct lem *sc);

/*
 * lem_intr_enable, lem_intr_disable: unmask what the core uses; mask all.
 * Locks: the former tx, the latter none.
 */
void lem_intr_enable(struct lem *sc);
void lem_intr_disable(struct lem *sc);

/*
 * lem_intr_rx_set: unmask or mask the receive causes alone, for a port that
 * polls while there is much to receive.  Transmit interrupts, on which send
 * combining depends, keep coming.  Locks: none.
 */
void lem_intr_rx_set(struct lem *sc, bool enable);

/* -------------------------------------------------------- lem_moderate.c */

/* lem_has_itr: does the chip have ITR, RADV, TADV (13.4.18, .31, .44)? */
static inline bool
lem_has_itr(const struct lem *sc)
{
	return sc->chip >= LEM_82540;
}

/*
 * lem_moderation_set: take new values, at any time.  Locks: config and tx.
 * Returns 0, or -EOPNOTSUPP when the chip has no ITR, RADV and TADV and one of
 * them is not zero.
 */
int lem_moderation_set(struct lem *sc, const struct lem_moderation *m);

/*
 * lem_beat: call it often, at the same place, while there is something to do:
 * once a packet is right.  When an interrupt comes between two beats, their
 * distance is what it costs.  Mostly it only loads a flag.  Locks: tx.
 */
void lem_stream_beat(struct lem *sc);

static inline void
lem_beat(struct lem *sc)
{
	if (sc->stream.watch)
		lem_stream_beat(sc);
}

/*
 * lem_intr_cost_ns: what an interrupt costs here, as far as adaptive moderation
 * has learned; 0 before.  lem_itr_now: ITR, in its unit.  Locks: tx.
 */
uint32_t lem_intr_cost_ns(struct lem *sc);

static inline uint16_t
lem_itr_now(const struct lem *sc)
{
	return sc->stream.longer ? sc->stream.itr : sc->moderation.itr;
}

/*
 * lem_itr_from_rate: interrupts a second, 60 to LEM_RATE_MAX or 0 for any
 * number, as ITR's units of 256 ns (13.4.18).  It rounds so that the device
 * makes no more interrupts than asked for.  Locks: none.
 * Returns 0 or -EINVAL, and *itr is unchanged then.
 */
int lem_itr_from_rate(uint32_t per_second, uint16_t *itr);

/*
 * lem_delay_from_us: microseconds, 0 to 67108, as units of 1.024 us, to the
 * nearest (13.4.30).  Locks: none.
 * Returns 0 or -EINVAL, and *delay is unchanged then.
 */
int lem_delay_from_us(uint32_t us, uint16_t *delay);

/*
 * The rule of lone packets, for a port that wants it.  A packet that is sent
 * alone needs no transmit interrupt: the core reclaims it with the next packet,
 * or in the receive interrupt of its answer.  Where the hypervisor moderates, a
 * transmit interrupt would delay that receive interrupt.  So the core masks
 * transmit interrupts when LEM_LONE_RUN interrupts in a row were for a single
 * doorbell at most, and frames come, too: a stream without answers needs its
 * interrupts, and masking is an access.  It unmasks them when
 * LEM_LONE_DOORBELLS doorbells have come without any interrupt in between, or
 * LEM_LONE_DESC descriptors are in use.  While they are masked nothing is
 * deferred.
 *
 * lem_lone_interrupt: call it after lem_intr_dispatch(), with all causes of the
 * interrupt.  allowed: false where transmit interrupts must keep coming.
 *
 * lem_lone_doorbell: call it after each lem_tx_doorbell() that had something to
 * post.  held: descriptors whose buffers the port has not freed.
 *
 * lem_lone_look: the part of lem_lone_doorbell() for masked interrupts.
 */
void lem_lone_interrupt(struct lem *sc, uint32_t icr, bool allowed);
void lem_lone_look(struct lem *sc, unsigned int held);

static inline void
lem_lone_doorbell(struct lem *sc, unsigned int held)
{
	sc->tx.lone_doorbells++;
	if (sc->tx.lone)
		lem_lone_look(sc, held);
}

#endif
