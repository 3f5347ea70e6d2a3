/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receive (3.2): frames to the ring, or to the FIFO while the ring has no room.
 *
 *	frame -> PAUSE? -> filter -> length -> ring has room? -> guest memory
 *	                                        | no   ^
 *	                                        v      | RDT moved
 *	                                          FIFO
 *
 * A frame is stored once the ring has descriptors for all of it.  The frames of
 * the FIFO go first.  If the FIFO is full, too, the caller keeps the frame
 * (rx.waiting), or with config.rx_drop the frame is lost: MPC, RXO.
 *
 * A frame that can never fit into the ring must not wait, as all others would
 * wait behind it: it is lost in the same way.  It can never fit if it needs
 * more than N - 1 of N descriptors, or if the guest has given all that it can.
 * Some drivers always keep descriptors back.  So when the FIFO is full and the
 * guest has given half of the ring, the model drops the oldest frame.
 *
 * Where the manual is silent, or a wire differs from a virtual one:
 *
 * - VMMs hand over frames of fewer than 60 bytes.  The model pads them, as the
 *   sender's MAC would have done.  Fewer than 14 bytes are not a frame: RUC.
 * - TPR and TOR count every frame while the receiver is enabled, as 13.7.41 and
 *   13.7.43 say literally: also one that is not for us.
 * - A frame that is too long counts in ROC and RLEC.  It is a bad packet: it is
 *   stored if SBP is set (3.2.1) and it has at most 16384 bytes.
 * - If a buffer is outside of memory, the bus does not answer: the model uses
 *   up the descriptor, and loses this part of the frame.  If a descriptor is
 *   outside of memory, the model cannot use it up, and loses the frame.
 *   bad_address counts both; MPC is for the FIFO only.
 * - A ring without length, or with a head beyond it, has no room.
 * - A tail beyond the ring: drivers write RDT = N, or count on without modulo,
 *   as QEMU then never finds the ring empty.  It means N - 1 descriptors at any
 *   time (one, in a ring of one), but only those whose DD the guest has
 *   cleared: else the model would overwrite what the guest still reads.  Such a
 *   driver need not write RDT again, so the caller never waits for it.
 * - Reserved values: RDMTS 3 means 1/16; buffer size 0 with BSEX means 2048.
 */
#include "e82540_filter.h"
#include "e82540_flow.h"
#include "e82540_rx.h"
#include "e82540_sum.h"
#include "e82540_wake.h"

#define CRC_BYTES	4u
#define HEADER_BYTES	14u		/* of Ethernet */
#define FRAME_MIN_BYTES	60u		/* all without CRC */
#define FRAME_MAX_BYTES	(E1000_RX_FRAME_MAX_BYTES - CRC_BYTES)
#define LONG_MAX_BYTES	(E1000_RX_LONG_MAX_BYTES - CRC_BYTES)
#define TAG_AT		12u
#define TAG_BYTES	4u

/* Descriptors of a frame: 64 with 256 bytes each, and 64 without a buffer. */
#define SLOTS		128u

#define SIZES		6u		/* PRC64 to PRC1522 */

/* What a batch works with. */
struct run {
	struct e82540 *dev;
	struct e82540_report *report;
	uint64_t ring;			/* its bus address */
	uint32_t count;			/* of its descriptors */
	uint32_t head, tail;
	bool loose;			/* RDT is beyond the ring */
	bool dirty;			/* the host wants to hear of writes */
	uint32_t low;			/* RXDMT0 when only these are free */
	uint32_t shift;			/* a buffer is 1 << this bytes */
	uint32_t rctl;
	uint32_t max_bytes;		/* of a frame, without CRC */
	uint32_t frames, good_frames;	/* TPR, GPRC */
	uint64_t octets, good_octets;	/* TOR, GORC */
	uint32_t size[SIZES];
};

/* A descriptor that is about to be used. */
struct slot {
	uint8_t *desc;
	uint64_t buffer;		/* 0: none */
};

/* A frame on its way to memory: up to three pieces, and its status. */
struct packet {
	struct piece {
		const uint8_t *data;
		uint32_t len;
	} piece[3];			/* addresses; the rest, or all; CRC */
	struct piece *next;		/* the first that is not stored yet */
	uint8_t crc[CRC_BYTES];
	uint8_t status, errors;
	uint16_t csum, special;
};

enum fate {
	STORED,
	NO_ROOM,
	MISSED,				/* there will never be room: MPC */
	LOST,
};

/* -------------------------------------------------------------- checksums */

/*
 * Where the network header begins: behind Ethernet II or SNAP, with a VLAN tag
 * or without (3.2.9.2).  Returns its type.
 */
static uint16_t
network_find(const struct e82540 *dev, const uint8_t *data, uint32_t *at)
{
	static const uint8_t snap[6] = { 0xAA, 0xAA, 0x03, 0, 0, 0 };
	uint32_t i = TAG_AT;

	if (e82540_get_be16(data + i) == (e82540_reg(dev, E1000_VET) & 0xFFFFu))
		i += TAG_BYTES;
	if (e82540_get_be16(data + i) <= 1500 &&
	    memcmp(data + i + 2, snap, sizeof(snap)) == 0)
		i += 2 + sizeof(snap);
	*at = i + 2;
	return e82540_get_be16(data + i);
}

static bool
sum_bad(uint64_t sum)
{
	return e82540_fold(sum) != 0xFFFFu;
}

/*
 * Check TCP or UDP (3.2.9.5): len bytes from p on; sum: of both IP addresses.
 * UDP without a checksum is not checked.
 */
static void
csum_check_transport(struct packet *pkt, const uint8_t *p, uint32_t len,
    uint8_t protocol, uint64_t sum, bool valid)
{
	const uint8_t pseudo[4] = { 0, protocol, len >> 8 & 0xff, len & 0xff };

	if (protocol == 17) {
		if (len < 8 || e82540_get_be16(p + 6) == 0)
			return;
	} else if (protocol != 6 || len < 20) {
		return;
	}
	pkt->status |= E1000_RXD_STAT_TCPCS;
	if (!valid && sum_bad(e82540_sum(p, len, e82540_sum(pseudo, 4, sum))))
		pkt->errors |= E1000_RXD_ERR_TCPE;
}

/*
 * 3.2.9.3.  The manual says that the check of TCP needs IPOFL, too.  Drivers
 * set TUOFL alone, and the chips then check.  Fragments have no TCP checksum.
 */
static void
csum_check_ipv4(struct packet *pkt, const uint8_t *ip, uint32_t left,
    uint32_t rxcsum, bool valid)
{
	uint32_t header = (ip[0] & 15u) * 4u, total = e82540_get_be16(ip + 2);

	if (ip[0] >> 4 != 4 || header < 20 || header > left)
		return;
	if (rxcsum & E1000_RXCSUM_IPOFL) {
		pkt->status |= E1000_RXD_STAT_IPCS;
		if (!valid && sum_bad(e82540_sum(ip, header, 0)))
			pkt->errors |= E1000_RXD_ERR_IPE;
	}
	if (!(rxcsum & E1000_RXCSUM_TUOFL) || total < header || total > left ||
	    e82540_get_be16(ip + 6) & 0x3FFF)
		return;
	csum_check_transport(pkt, ip + header, total - header, ip[9],
	    e82540_sum(ip + 12, 8, 0), valid);
}

/*
 * 3.2.9.4: hop-by-hop, destination and routing headers of up to 64 bytes may
 * come before TCP.  With a routing header that has hops left, the sum covers
 * another address than the header's (RFC 8200, 8.1): it is not checked.
 */
static void
csum_check_ipv6(struct packet *pkt, const uint8_t *ip, uint32_t left,
    bool valid)
{
	uint32_t at = 40, end = 40u + e82540_get_be16(ip + 4), bytes;
	uint8_t next = ip[6];

	if (ip[0] >> 4 != 6 || end > left)
		return;
	while (next == 0 || next == 60 || next == 43) {
		if (at + 8 > end)
			return;
		bytes = 8u + ip[at + 1] * 8u;
		if (bytes > 64 || at + bytes > end ||
		    (next == 43 && ip[at + 3] != 0))
			return;
		next = ip[at];
		at += bytes;
	}
	csum_check_transport(pkt, ip + at, end - at, next,
	    e82540_sum(ip + 8, 32, 0), valid);
}

/*
 * 3.2.9, table 3-5.  The 82544 does not know IPv6 (table 3-6): no IPV6OFL.
 * valid: the network has checked already.
 */
static void
csum_check(const struct run *run, struct packet *pkt, const uint8_t *data,
    uint32_t len, bool valid)
{
	uint32_t rxcsum = e82540_reg(run->dev, E1000_RXCSUM), at;
	const uint32_t ipv6 = E1000_RXCSUM_TUOFL | E1000_RXCSUM_IPV6OFL;

	if (rxcsum & (E1000_RXCSUM_IPOFL | E1000_RXCSUM_TUOFL)) {
		switch (network_find(run->dev, data, &at)) {
		case 0x0800:
			csum_check_ipv4(pkt, data + at, len - at, rxcsum,
			    valid);
			break;
		case 0x86DD:
			if ((rxcsum & ipv6) == ipv6)
				csum_check_ipv6(pkt, data + at, len - at,
				    valid);
			break;
		default:
			break;
		}
	}
	if (!(pkt->status & (E1000_RXD_STAT_IPCS | E1000_RXD_STAT_TCPCS)))
		pkt->status |= E1000_RXD_STAT_IXSM;
}

/*
 * The packet checksum (13.4.47): the complement of the sum over what is stored,
 * from byte PCSS on.  The 82544's descriptor has no place for it (table 3-1).
 */
static uint16_t
packet_csum(const struct run *run, const struct packet *pkt)
{
	uint32_t skip =
	    e82540_reg(run->dev, E1000_RXCSUM) & E1000_RXCSUM_PCSS_MASK;
	uint32_t len, at = 0;
	uint64_t sum = 0;
	unsigned int i;

	if (E82540_IS(run->dev, E82540_82544GC))
		return 0;
	for (i = 0; i < 3; i++) {
		len = pkt->piece[i].len;
		if (len <= skip) {
			skip -= len;
			continue;
		}
		sum = e82540_sum_piece(pkt->piece[i].data + skip, len - skip,
		    sum, at);
		at += len - skip;
		skip = 0;
	}
	return ~e82540_fold(sum) & 0xFFFF;
}

/* ------------------------------------------------------------------- ring */

/* How many descriptors a guest can give at most. */
static inline uint32_t
ring_most(const struct run *run)
{
	return run->count > 1 ? run->count - 1 : run->count;
}

/* Load RDT.  A ring with a bad head counts as an empty one. */
static void
ring_tail(struct run *run)
{
	run->tail = e82540_index(&run->dev->rdt);
	run->loose = false;
	if (run->head < run->count && run->tail < run->count)
		return;
	e82540_bad_ring(run->report, E1000_RDT, run->tail);
	run->loose = run->head < run->count;
	run->tail = run->head;
	if (run->loose) {
		run->tail += ring_most(run);
		if (run->count > 1 && run->tail >= run->count)
			run->tail -= run->count;
	}
}

static void
run_begin(struct run *run, struct e82540 *dev, struct e82540_report *report)
{
	uint32_t rctl = e82540_reg(dev, E1000_RCTL);
	uint32_t size = (rctl & E1000_RCTL_BSIZE_MASK & ~E1000_RCTL_BSEX) >>
	    E1000_RCTL_BSIZE_SHIFT;

	memset(run, 0, sizeof(*run));
	run->dev = dev;
	run->report = report;
	run->rctl = rctl;
	run->ring = (e82540_reg(dev, E1000_RDBAL) & E1000_RDBAL_MASK) |
	    (uint64_t)e82540_reg(dev, E1000_RDBAH) << 32;
	run->dirty = dev->mem.dirty != NULL;
	run->count = e82540_reg(dev, E1000_RDLEN) / E1000_DESC_BYTES;
	/* RDT is loaded when there is something to store. */
	run->head = run->tail = e82540_index(&dev->rdh);
	run->low = run->count >>
	    (1 + ((rctl & E1000_RCTL_RDMTS_MASK) >> E1000_RCTL_RDMTS_SHIFT));
	run->shift = 11 - size + (rctl & E1000_RCTL_BSEX && size != 0 ? 4 : 0);
	run->max_bytes =
	    rctl & E1000_RCTL_LPE ? LONG_MAX_BYTES : FRAME_MAX_BYTES;
}

/* If RDT equals RDH the ring is empty (3.2.6). */
static inline uint32_t
ring_free(const struct run *run)
{
	return e82540_ring_distance(run->head, run->tail, run->count);
}

/* Set DD last: once the guest sees DD, it reads data, length and the rest. */
static inline void
desc_done(uint8_t *desc, uint8_t status)
{
	guest_publish8(desc + offsetof(struct e1000_rx_desc, status), status);
}

/*
 * A null descriptor has no buffer.  The model sets its DD, leaves the rest of
 * it alone, and uses the next one (3.2.5, null descriptor padding).
 */
static void
desc_skip(const struct slot *slot)
{
	desc_done(slot->desc, slot->desc[12] | E1000_RXD_STAT_DD);
}

/*
 * Tell the host of n descriptors from index i on, which the model has written.
 * It takes members of struct run, not a pointer to it, so that the compiler can
 * keep them in processor registers.
 */
__attribute__((noinline, cold)) static void
ring_dirty(struct e82540 *dev, uint64_t ring, uint32_t count, uint32_t i,
    uint32_t n)
{
	for (; n > 0; n--, i = e82540_ring_next(i, count))
		guest_dirty_keep(&dev->mem, &dev->rx.dirty,
		    ring + (uint64_t)i * E1000_DESC_BYTES, E1000_DESC_BYTES);
}

static inline bool
slot_get(struct run *run, uint32_t i, struct slot *slot)
{
	struct e82540 *dev = run->dev;

	slot->desc = guest_ptr(&dev->mem, &dev->rx.hint,
	    run->ring + (uint64_t)i * E1000_DESC_BYTES, E1000_DESC_BYTES, true);
	if (slot->desc == NULL) {
		e82540_rare(run->report)->bad_address++;
		return false;
	}
	slot->buffer = e82540_get64(slot->desc);
	return true;
}

/* Has the guest given all that it can, or at least half of the ring? */
static inline bool
ring_whole(const struct run *run)
{
	return run->count != 0 && ring_free(run) >= ring_most(run);
}

static inline bool
ring_half(const struct run *run)
{
	return !run->loose && run->count != 0 &&
	    ring_free(run) >= (run->count + 1) / 2;
}

/* The ring lacks descriptors for a frame: now, or for ever? */
static enum fate
ring_lacks(const struct run *run, uint32_t needed)
{
	bool never =
	    ring_whole(run) || (run->count != 0 && needed > ring_most(run));

	return never ? MISSED : NO_ROOM;
}

/*
 * A batch passes as many null descriptors as the ring has: a guest that gives
 * more meanwhile must not keep it busy.
 */
static bool
nulls_end(const struct run *run)
{
	struct e82540_report *report = run->report;

	report->rx_again = report->rx_nulls >= run->count;
	report->rx_nulls++;
	return report->rx_again;
}

/*
 * Collect descriptors with `needed` buffers, from head on.  Null descriptors
 * that come before the first buffer are used up at once.  *used: the number of
 * descriptors collected.
 */
static enum fate
slots_get(struct run *run, uint32_t needed, struct slot slot[SLOTS],
    uint32_t *used)
{
	uint32_t i = run->head, n = 0, left;

	if (ring_free(run) < needed)
		ring_tail(run);
	for (left = ring_free(run); needed > 0; left--) {
		if (left < needed)
			return ring_lacks(run, needed);
		if (n == SLOTS) {
			e82540_rare(run->report)->bad_descriptor++;
			return LOST;
		}
		if (!slot_get(run, i, &slot[n]))
			return LOST;
		if (run->loose && slot[n].desc[12] & E1000_RXD_STAT_DD)
			return NO_ROOM;
		i = e82540_ring_next(i, run->count);
		if (slot[n].buffer != 0) {
			needed--;
			n++;
		} else if (n == 0) {
			if (nulls_end(run))
				return NO_ROOM;
			desc_skip(&slot[n]);
			if (run->dirty)
				ring_dirty(run->dev, run->ring, run->count,
				    run->head, 1);
			run->head = i;
		} else {
			n++;
		}
	}
	*used = n;
	return STORED;
}

/* --------------------------------------------------------------- a packet */

/* 9.2: with VME, the tag of a frame of type VET moves to the descriptor. */
static inline bool
tag_comes_off(const struct run *run, const uint8_t *data)
{
	return e82540_get_be16(data + TAG_AT) ==
	    (e82540_reg(run->dev, E1000_VET) & 0xFFFFu) &&
	    e82540_reg(run->dev, E1000_CTRL) & E1000_CTRL_VME;
}

static void
packet_crc(const struct run *run, struct packet *pkt, const uint8_t *data,
    uint32_t len)
{
	uint32_t crc = 0;

	pkt->piece[2].data = pkt->crc;
	pkt->piece[2].len = 0;
	if (run->rctl & E1000_RCTL_SECRC)
		return;
	pkt->piece[2].len = CRC_BYTES;
	if (!run->dev->config.no_fcs)
		crc = e82540_fcs(data, len);
	e82540_put16(pkt->crc, crc & 0xFFFF);
	e82540_put16(pkt->crc + 2, crc >> 16);
}

static void
packet_init(const struct run *run, struct packet *pkt, const uint8_t *data,
    uint32_t len, unsigned int flags, bool untag)
{
	pkt->next = &pkt->piece[untag ? 0 : 1];
	pkt->status = E1000_RXD_STAT_DD | E1000_RXD_STAT_EOP;
	pkt->errors = 0;
	pkt->special = 0;
	pkt->piece[0].data = pkt->piece[1].data = data;
	pkt->piece[0].len = 0;
	pkt->piece[1].len = len;
	if (untag) {
		pkt->status |= E1000_RXD_STAT_VP;
		pkt->special = e82540_get_be16(data + TAG_AT + 2);
		pkt->piece[0].len = TAG_AT;
		pkt->piece[1].data = data + TAG_AT + TAG_BYTES;
		pkt->piece[1].len = len - TAG_AT - TAG_BYTES;
	}
	if (flags & E82540_FIFO_INEXACT)
		pkt->status |= E1000_RXD_STAT_PIF;
	packet_crc(run, pkt, data, len);
	csum_check(run, pkt, data, len, flags & E82540_FIFO_CSUM_VALID);
	pkt->csum = packet_csum(run, pkt);
}

/* Take n bytes of the packet, or fewer: as many as are in one piece. */
static inline uint32_t
packet_take(struct packet *pkt, uint32_t n, const uint8_t **data)
{
	struct piece *piece = pkt->next;

	*data = piece->data;
	if (n >= piece->len) {
		pkt->next++;
		return piece->len;
	}
	piece->data += n;
	piece->len -= n;
	return n;
}

__attribute__((noinline, cold)) static void
data_dirty(struct e82540 *dev, uint64_t gpa, uint32_t len)
{
	guest_dirty(&dev->mem, gpa, len);
}

/* Write the next n bytes of the packet to bus address `to`. */
static void
packet_write(struct run *run, struct packet *pkt, uint64_t to, uint32_t n)
{
	struct e82540 *dev = run->dev;
	unsigned int *hint = &dev->rx.buffer_hint;
	uint32_t span = n, part;
	uint8_t *p = guest_span(&dev->mem, hint, to, &span, true);
	const uint8_t *data;
	bool lost = false;

	if (p != NULL && span == n) {
		for (; n > 0; n -= part, p += part) {
			part = packet_take(pkt, n, &data);
			memcpy(p, data, part);
		}
		return;
	}
	for (; n > 0; n -= part, to += part) {
		part = packet_take(pkt, n, &data);
		lost |= !guest_write(&dev->mem, hint, to, data, part);
	}
	if (lost)
		e82540_rare(run->report)->bad_address++;
}

/*
 * Store the packet.  Before its last descriptor only length and DD mean
 * anything (3.2.3.1).
 */
static void
packet_store(struct run *run, struct packet *pkt, uint32_t left,
    const struct slot *slot, uint32_t used)
{
	uint32_t size = 1u << run->shift, n, i;
	uint16_t csum = pkt->csum;
	bool last;

	for (i = 0; i < used; i++, slot++) {
		if (slot->buffer == 0) {
			desc_skip(slot);
			continue;
		}
		n = left < size ? left : size;
		left -= n;
		last = left == 0;
		packet_write(run, pkt, slot->buffer, n);
		if (run->dirty)
			data_dirty(run->dev, slot->buffer, n);
		e82540_put16(slot->desc + 8, n);
		e82540_put16(slot->desc + 10, csum);
		slot->desc[13] = last ? pkt->errors : 0;
		e82540_put16(slot->desc + 14, last ? pkt->special : 0);
		desc_done(slot->desc, last ? pkt->status : E1000_RXD_STAT_DD);
		csum = 0;
	}
}

/*
 * The interrupt causes of a packet.  A small packet (RSRPD, 3.2.7.2) does not
 * wait for RDTR.  RXDMT0 comes once, when the number of free descriptors
 * reaches the threshold, and not again with each packet below it (3.2.7.3).
 */
static void
packet_report(struct run *run, uint32_t bytes, uint32_t free_before)
{
	struct e82540_report *report = run->report;
	uint32_t small =
	    e82540_reg(run->dev, E1000_RSRPD) & E1000_RSRPD_SIZE_MASK;

	/* The last packet of the batch decides whether RXT0 waits. */
	report->rxt0_delayed = bytes > small;
	if (bytes <= small)
		report->icr |= E1000_ICR_SRPD | E1000_ICR_RXT0;
	if (free_before > run->low && ring_free(run) <= run->low)
		report->icr |= E1000_ICR_RXDMT0;
}

/* Store a frame in the ring.  len: 60 or more; flags: E82540_FIFO_*. */
static enum fate
ring_store(struct run *run, const uint8_t *data, uint32_t len,
    unsigned int flags)
{
	bool untag = tag_comes_off(run, data);
	uint32_t bytes = len - (untag ? TAG_BYTES : 0) +
	    (run->rctl & E1000_RCTL_SECRC ? 0 : CRC_BYTES);
	uint32_t needed = (bytes + (1u << run->shift) - 1) >> run->shift;
	uint32_t head = run->head, used = 0;
	struct slot slot[SLOTS];
	struct packet pkt;
	enum fate fate;

	fate = slots_get(run, needed, slot, &used);
	if (fate != STORED)
		return fate;
	packet_init(run, &pkt, data, len, flags, untag);
	packet_store(run, &pkt, bytes, slot, used);
	if (run->dirty)
		ring_dirty(run->dev, run->ring, run->count, run->head, used);
	run->head += used;
	if (run->head >= run->count)
		run->head -= run->count;
	packet_report(run, bytes,
	    e82540_ring_distance(head, run->tail, run->count));
	run->report->counters.rx_packets++;
	run->report->counters.rx_bytes += len;
	return STORED;
}

/* ------------------------------------------------------------------- FIFO */

#define FIFO_MASK		(E82540_FIFO_BYTES - 1)

static uint32_t
fifo_fill(const struct e82540_rx *rx)
{
	return rx->fifo_tail - rx->fifo_head;
}

/* 13.4.16: of the packet buffer's 64 KiB, the FIFO has RXA KiB. */
static uint32_t
fifo_capacity(const struct e82540 *dev)
{
	uint32_t kib = (e82540_reg(dev, E1000_PBA) & E1000_PBA_RXA_MASK) >>
	    E1000_PBA_RXA_SHIFT;

	return kib * 1024 < E82540_FIFO_BYTES ? kib * 1024 : E82540_FIFO_BYTES;
}

static bool
fifo_put(struct run *run, const uint8_t *data, uint32_t len, unsigned int flags)
{
	struct e82540 *dev = run->dev;
	struct e82540_rx *rx = &dev->rx;
	uint32_t before = fifo_fill(rx),
		 fill = before + e82540_fifo_entry_bytes(len);
	uint32_t high = e82540_reg(dev, E1000_FCRTH) & E1000_FCRTH_RTH_MASK;
	uint32_t at = rx->fifo_tail & FIFO_MASK, first;

	if (fill > fifo_capacity(dev))
		return false;
	e82540_put16(&rx->fifo[at], len);
	rx->fifo[at + 2] = flags;
	rx->fifo[at + 3] = 0;
	at = (at + E82540_FIFO_HEADER_BYTES) & FIFO_MASK;
	first = E82540_FIFO_BYTES - at;
	if (first > len)
		first = len;
	memcpy(&rx->fifo[at], data, first);
	memcpy(rx->fifo, data + first, len - first);
	rx->fifo_tail = rx->fifo_head + fill;
	rx->fifo_packets++;
	if (before < high && fill >= high) {
		run->report->fifo_high = true;
		run->report->fifo_low = false;
	}
	return true;
}

/* The oldest frame, in one piece. */
static const uint8_t *
fifo_first(struct e82540_rx *rx, uint32_t *len, unsigned int *flags)
{
	uint32_t at = rx->fifo_head & FIFO_MASK, first;

	*len = e82540_get16(&rx->fifo[at]);
	*flags = rx->fifo[at + 2];
	at = (at + E82540_FIFO_HEADER_BYTES) & FIFO_MASK;
	first = E82540_FIFO_BYTES - at;
	if (first >= *len)
		return &rx->fifo[at];
	memcpy(rx->unwrapped, &rx->fifo[at], first);
	memcpy(rx->unwrapped + first, rx->fifo, *len - first);
	return rx->unwrapped;
}

/* A frame for us is lost for want of room (3.2.7.4, 13.7.5). */
static void
frame_missed(struct run *run)
{
	e82540_count(run->report, E1000_MPC, 1);
	run->report->icr |= E1000_ICR_RXO;
	run->report->counters.rx_dropped++;
}

/*
 * Move frames to the ring while it has room.  crowded: the FIFO has no room for
 * the next frame.  If the guest has given half of the ring then, it may give no
 * more, so the oldest frame is missed.
 */
static void
fifo_drain(struct run *run, bool crowded)
{
	struct e82540_rx *rx = &run->dev->rx;
	uint32_t low = e82540_reg(run->dev, E1000_FCRTL) & E1000_FCRTL_RTL_MASK;
	uint32_t before = fifo_fill(rx), len;
	unsigned int flags;
	const uint8_t *data;
	enum fate fate;

	while (rx->fifo_packets > 0) {
		data = fifo_first(rx, &len, &flags);
		fate = ring_store(run, data, len, flags);
		if (fate == NO_ROOM && crowded && ring_half(run))
			fate = MISSED;
		if (fate == NO_ROOM)
			break;
		crowded = false;
		if (fate == MISSED)
			frame_missed(run);
		if (fate == LOST)
			run->report->counters.rx_dropped++;
		rx->fifo_head += e82540_fifo_entry_bytes(len);
		rx->fifo_packets--;
	}
	if (before > low && fifo_fill(rx) <= low) {
		run->report->fifo_low = true;
		run->report->fifo_high = false;
	}
}

void
e82540_rx_reset(struct e82540 *dev)
{
	dev->rx.fifo_head = dev->rx.fifo_tail = dev->rx.fifo_packets = 0;
}

/* ----------------------------------------------------------------- frames */

/* Count a received frame, for us or not; len without CRC. */
static inline void
count_frame(struct run *run, uint32_t len)
{
	run->frames++;
	run->octets += (uint64_t)len + CRC_BYTES;
}

/* 13.7.21 to 13.7.31: count a frame for us, of legal length, not missed. */
static inline void
count_good(struct run *run, const uint8_t *data, uint32_t len)
{
	static const uint8_t broadcast[6] = { 255, 255, 255, 255, 255, 255 };
	uint32_t bytes = len + CRC_BYTES;
	unsigned int i = 0;

	run->good_frames++;
	run->good_octets += bytes;
	if (bytes > 64)
		while (i < SIZES - 1 && bytes >> (6 + i) != 0)
			i++;
	run->size[i]++;
	if (!(data[0] & 1))
		return;
	if (memcmp(data, broadcast, sizeof(broadcast)) != 0)
		e82540_count(run->report, E1000_MPRC, 1);
	else if (run->rctl & E1000_RCTL_BAM)
		e82540_count(run->report, E1000_BPRC, 1);
}

/*
 * The ring has no room for the frame: put it into the FIFO.  A frame that is
 * longer than the whole FIFO cannot wait there.
 */
static enum fate
frame_wait(struct run *run, const uint8_t *data, uint32_t len,
    unsigned int flags, bool control)
{
	struct e82540_rx *rx = &run->dev->rx;
	enum fate fate = NO_ROOM;

	if (fifo_put(run, data, len, flags))
		return STORED;
	if (rx->fifo_packets == 0 && ring_half(run))
		return MISSED;
	fifo_drain(run, true);
	if (rx->fifo_packets == 0)
		fate = ring_store(run, data, len, flags);
	if (fate != NO_ROOM)
		return fate;
	if (fifo_put(run, data, len, flags))
		return STORED;
	if (run->dev->config.rx_drop || control || run->loose)
		return MISSED;
	return NO_ROOM;
}

/*
 * Put a frame into the ring, or into the FIFO.  If neither has room, return
 * NO_ROOM: the caller keeps the frame.  RNBC counts frames that find no
 * descriptors, except flow control frames (13.7.33).
 */
static enum fate
frame_put(struct run *run, const uint8_t *data, uint32_t len,
    unsigned int flags, bool control)
{
	enum fate fate = NO_ROOM;

	if (run->dev->rx.fifo_packets == 0)
		fate = ring_store(run, data, len, flags);
	if (fate == STORED)
		return STORED;
	if (fate == NO_ROOM) {
		fate = frame_wait(run, data, len, flags, control);
		if (fate != NO_ROOM && !control)
			e82540_count(run->report, E1000_RNBC, 1);
	}
	if (fate == MISSED)
		frame_missed(run);
	if (fate == LOST)
		run->report->counters.rx_dropped++;
	return fate;
}

/*
 * Take a frame of 60 bytes or more.  given: E82540_FRAME_*.  Returns false if
 * the caller has to keep the frame.
 */
static bool
frame_take(struct run *run, const uint8_t *data, uint32_t len, uint8_t given)
{
	enum e82540_flow flow = e82540_flow_frame(run->dev, data, run->report);
	unsigned int pass = E82540_PASS, flags;
	bool control = flow != E82540_FLOW_NONE;
	bool oversize = len > run->max_bytes;
	enum fate fate;

	if (flow == E82540_FLOW_NONE || flow == E82540_FLOW_FILTER)
		pass = e82540_filter(run->dev, data, len);
	if (pass == 0 || flow == E82540_FLOW_DROP) {
		run->report->counters.rx_filtered += !control;
		count_frame(run, len);
		return true;
	}
	if (oversize &&
	    (len > LONG_MAX_BYTES || !(run->rctl & E1000_RCTL_SBP))) {
		fate = LOST;
		run->report->counters.rx_dropped++;
	} else {
		flags = (pass & E82540_PASS_INEXACT ? E82540_FIFO_INEXACT : 0) |
		    (given & E82540_FRAME_CSUM_VALID ? E82540_FIFO_CSUM_VALID :
							     0);
		fate = frame_put(run, data, len, flags, control);
		if (fate == NO_ROOM)
			return false;
	}
	count_frame(run, len);
	if (oversize) {
		e82540_count(run->report, E1000_ROC, 1);
		e82540_count(run->report, E1000_RLEC, 1);
	} else if (fate == STORED && !control) {
		count_good(run, data, len);
	}
	return true;
}

static bool
frame_short(struct run *run, const struct e82540_frame *frame)
{
	uint8_t padded[FRAME_MIN_BYTES] = { 0 };

	if (frame->len_bytes < HEADER_BYTES) {
		count_frame(run, frame->len_bytes);
		e82540_rare(run->report)->rx_runts++;
		e82540_count(run->report, E1000_RUC, 1);
		e82540_count(run->report, E1000_RLEC, 1);
		return true;
	}
	memcpy(padded, frame->data, frame->len_bytes);
	return frame_take(run, padded, sizeof(padded), frame->flags);
}

static void
run_end(struct run *run)
{
	struct e82540_report *report = run->report;
	unsigned int i;

	guest_dirty_end(&run->dev->mem, &run->dev->rx.dirty);
	e82540_index_set(&run->dev->rdh, run->head);
	report->total_octets_rx += run->octets;
	report->good_octets_rx += run->good_octets;
	if (run->frames != 0)
		e82540_count(report, E1000_TPR, run->frames);
	if (run->good_frames != 0)
		e82540_count(report, E1000_GPRC, run->good_frames);
	for (i = 0; i < SIZES; i++)
		if (run->size[i] != 0)
			e82540_count(report, E1000_PRC64 + i * 4, run->size[i]);
}

/* The receiver is closed: it drops the frames, but one may wake (6.4). */
static void
rx_closed(struct e82540 *dev, const struct e82540_frame *frame, unsigned int n,
    struct e82540_report *report)
{
	unsigned int i;

	if (dev->rx.unlinked)
		e82540_rare(report)->rx_no_link += n;
	else
		e82540_rare(report)->rx_disabled += n;
	if (!dev->rx.asleep)
		return;
	for (i = 0; i < n; i++)
		if (frame[i].len_bytes >= HEADER_BYTES)
			report->wake |= e82540_wake_frame(dev, frame[i].data,
			    frame[i].len_bytes);
}

unsigned int
e82540_rx_run(struct e82540 *dev, const struct e82540_frame *frame,
    unsigned int n, struct e82540_report *report)
{
	struct run run;
	unsigned int i;
	bool taken;

	if (!dev->rx.open) {
		rx_closed(dev, frame, n, report);
		return n;
	}
	run_begin(&run, dev, report);
	fifo_drain(&run, false);
	for (i = 0; i < n; i++) {
		if (frame[i].len_bytes < FRAME_MIN_BYTES)
			taken = frame_short(&run, &frame[i]);
		else
			taken = frame_take(&run, frame[i].data,
			    frame[i].len_bytes, frame[i].flags);
		if (!taken) {
			dev->rx.waiting = true;
			report->counters.rx_waited++;
			break;
		}
	}
	run_end(&run);
	return i;
}

/*
 * The model tells the caller that there is room once half of the FIFO is free,
 * not for each frame that leaves it.  It also tells the caller when the
 * receiver closes: the frames that the caller keeps are lost then.
 */
void
e82540_rx_drain(struct e82540 *dev, struct e82540_report *report)
{
	struct e82540_rx *rx = &dev->rx;
	bool loose = false;
	struct run run;

	if (rx->open && rx->fifo_packets > 0) {
		run_begin(&run, dev, report);
		fifo_drain(&run, rx->waiting);
		run_end(&run);
		loose = run.loose;
	}
	if (rx->waiting &&
	    (!rx->open || rx->deaf || loose ||
		fifo_fill(rx) <= fifo_capacity(dev) / 2)) {
		rx->waiting = false;
		report->rx_ready = true;
	}
}
