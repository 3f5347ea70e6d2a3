/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The data path: seven verbs.  doc/combining.md explains the transmit half; the
 * comments here state its rules again at the code that carries them out.
 *
 * One packet costs a 16-byte store into the ring, and no access to the device.
 * One batch costs a write of TDT, one RS bit, and one load in reclaim.
 */
#include "lem_impl.h"

/* Ring arithmetic without a division: i is less than two laps. */
static inline uint16_t
ring_wrap(uint32_t i, uint16_t count)
{
	return (uint16_t)(i >= count ? i - count : i);
}

static inline uint16_t
ring_distance(uint16_t from, uint16_t to, uint16_t count)
{
	return to >= from ? to - from : to + count - from;
}

/* ------------------------------------------------------------- transmit */

/*
 * Set RS on the newest descriptor, which the device does not have yet.  The
 * command byte is at the same place in all formats (3.3.3 to 3.3.7).
 */
static inline void
tx_request_report(struct lem_tx_ring *r)
{
	uint16_t last;

	if (r->since_rs == 0)
		return;
	last = (r->next_to_use == 0 ? r->count : r->next_to_use) - 1;
	r->desc[last].legacy.cmd |= E1000_TXD_CMD_RS;
	r->rsq[r->rs_tail] = last;
	r->rs_tail = ring_wrap(r->rs_tail + 1, r->count);
	r->since_rs = 0;
}

/*
 * Write TDT, and time it: a write that exits takes thousands of cycles, one
 * that does not (on hardware, or where the hypervisor shows TDT as memory) tens
 * of them.  The core times every write while writes are dear or in doubt, and
 * otherwise the first after each interrupt: a hypervisor may change what it
 * does, but not while the guest is busy.  One dear write after cheap ones only
 * sets `doubt`, because the CPU may have been taken away during it; two in a
 * row are proof.
 */
static void
tx_write_tail(struct lem *sc, bool timed)
{
	struct lem_tx_ring *r = &sc->tx;
	uint64_t start, cost;
	bool dear;

	if (!timed) {
		lem_write(sc, E1000_TDT, r->tail_posted);
		return;
	}
	start = lem_os_cycles(&sc->os);
	lem_write(sc, E1000_TDT, r->tail_posted);
	cost = lem_os_cycles(&sc->os) - start;
	dear = cost == 0 || cost >= LEM_CHEAP_CYCLES;
	r->cheap = !dear || (r->cheap && !r->doubt);
	r->doubt = dear && r->cheap;
}

/*
 * Post everything: write TDT.  int_pending is set before it, because a device
 * that transmits inside the write may interrupt inside it, too.
 */
static void
tx_post(struct lem *sc)
{
	struct lem_tx_ring *r = &sc->tx;
	bool timed = r->combine == LEM_COMBINE_ON &&
	    (!r->cheap || r->doubt || !r->int_pending);

	lem_stream_post(sc);
	tx_request_report(r);
	if (r->unposted > 1)
		r->stats.batches++;
	if (r->unposted > r->stats.batch_max)
		r->stats.batch_max = r->unposted;
	r->unposted = 0;
	r->unposted_tso = false;
	r->tail_posted = r->next_to_use;
	r->rs_posted = r->rs_tail;
	r->int_pending = true;
	r->stats.doorbells++;
	/* Descriptors and what they point to, before the tail (3.4). */
	lem_os_wmb();
	tx_write_tail(sc, timed);
}

/*
 * The context descriptor that a packet's offloads need (3.3.6), as two qwords.
 */
static void
tx_context(const struct lem_tx_ring *r, const struct lem_tx_pkt *pkt,
    uint64_t ctx[2])
{
	uint32_t l3 = pkt->l2_len, l4 = l3 + pkt->l3_len;
	uint32_t tucso = l4 + (pkt->flags & LEM_TX_UDP_CSUM ? 6 : 16);
	uint32_t cmd = E1000_TXD_TUCMD_DEXT | (r->cmd & E1000_TXD_CMD_IDE);
	uint64_t paylen = 0, hdr_len = 0, mss = 0;

	if (pkt->flags & LEM_TX_TCP_CSUM)
		cmd |= E1000_TXD_TUCMD_TCP;
	if (pkt->flags & LEM_TX_IP_CSUM)
		cmd |= E1000_TXD_TUCMD_IP;
	if (pkt->flags & LEM_TX_TSO) {
		cmd |= E1000_TXD_TUCMD_TSE | E1000_TXD_TUCMD_TCP;
		if (!(pkt->flags & LEM_TX_IPV6))
			cmd |= E1000_TXD_TUCMD_IP;
		hdr_len = l4 + pkt->l4_len;
		paylen = pkt->len_bytes - hdr_len;
		mss = pkt->mss;
	}
	ctx[0] = l3 | (l3 + 10) << 8 | (uint64_t)(l4 - 1) << 16 |
	    (uint64_t)l4 << 32 | (uint64_t)tucso << 40;
	ctx[1] = paylen |
	    (uint64_t)E1000_TXD_DTYP_CONTEXT << E1000_TXD_DTYP_SHIFT |
	    (uint64_t)cmd << E1000_TXD_CMD_SHIFT | hdr_len << 40 | mss << 48;
}

/*
 * At most one checksum above IP; TSO is for TCP; IPv6 has no header checksum.
 * Offsets are single bytes in the context; TUCSO is up to 16 beyond L4.
 */
static bool
tx_offload_valid(const struct lem_tx_pkt *pkt)
{
	uint32_t l4 = (uint32_t)pkt->l2_len + pkt->l3_len;
	uint32_t hdr_len = l4 + pkt->l4_len;
	uint16_t f = pkt->flags;

	if (f & ~LEM_TX_ALL || pkt->l2_len < 14 || pkt->l3_len < 20 ||
	    l4 + 16 > 255)
		return false;
	if ((f & LEM_TX_UDP_CSUM && f & (LEM_TX_TCP_CSUM | LEM_TX_TSO)) ||
	    (f & LEM_TX_IPV6 && f & LEM_TX_IP_CSUM))
		return false;
	return !(f & LEM_TX_TSO) ||
	    (pkt->mss != 0 && hdr_len <= 255 && pkt->len_bytes > hdr_len &&
		pkt->len_bytes - hdr_len <= E1000_TXD_LEN_MASK);
}

/* The bits of its data descriptors besides the ring's own (3.3.7). */
static uint64_t
tx_offload_bits(uint16_t flags)
{
	uint64_t cmd = E1000_TXD_CMD_DEXT, popts = 0;

	if (flags & LEM_TX_IP_CSUM)
		popts |= E1000_TXD_POPTS_IXSM;
	if (flags & (LEM_TX_TCP_CSUM | LEM_TX_UDP_CSUM))
		popts |= E1000_TXD_POPTS_TXSM;
	if (flags & LEM_TX_TSO) {
		cmd |= E1000_TXD_CMD_TSE;
		popts |= E1000_TXD_POPTS_TXSM;
		if (!(flags & LEM_TX_IPV6))
			popts |= E1000_TXD_POPTS_IXSM;
	}
	return (uint64_t)E1000_TXD_DTYP_DATA << E1000_TXD_DTYP_SHIFT |
	    cmd << E1000_TXD_CMD_SHIFT | popts << 40;
}

/*
 * The context of a packet with offloads, at the next free descriptor, unless
 * the device has it already.  A context without TSO depends on what `wanted'
 * has, and so does tx_offload_valid().
 * Returns how many descriptors that took, or -EINVAL.
 */
static inline int
tx_offload(struct lem_tx_ring *r, const struct lem_tx_pkt *pkt)
{
	uint64_t wanted = (uint64_t)(pkt->flags & ~LEM_TX_VLAN) |
	    (uint64_t)pkt->l2_len << 16 | (uint64_t)pkt->l3_len << 24 |
	    (uint64_t)r->cmd << 40;
	uint64_t ctx[2];

	if (wanted == r->offload && !(pkt->flags & LEM_TX_TSO))
		return 0;
	if (!tx_offload_valid(pkt))
		return -EINVAL;
	tx_context(r, pkt, ctx);
	r->desc[r->next_to_use].qword[0] = e1000_le64(ctx[0]);
	r->desc[r->next_to_use].qword[1] = e1000_le64(ctx[1]);
	r->offload = wanted;
	r->offload_bits = tx_offload_bits(pkt->flags);
	return LEM_TX_EXTRA_DESC;
}

/*
 * What the packet asks for, in the bits of its data descriptors.
 * Returns how many descriptors were written for it, or -errno.
 */
static inline int
tx_flags(struct lem *sc, const struct lem_tx_pkt *pkt, uint64_t *bits)
{
	struct lem_tx_ring *r = &sc->tx;
	int written = 0;

	if (pkt->flags & LEM_TX_TSO && sc->chip == LEM_82543)
		return -EOPNOTSUPP;
	if (pkt->flags & LEM_TX_VLAN) {
		if (!lem_load(&sc->vlan))
			return -EINVAL;	/* it would leave untagged */
		*bits |= (uint64_t)pkt->vlan_tag << 48 |
		    (uint64_t)E1000_TXD_CMD_VLE << E1000_TXD_CMD_SHIFT;
	}
	if (pkt->flags & ~LEM_TX_VLAN) {
		written = tx_offload(r, pkt);
		*bits |= r->offload_bits;
	}
	return written;
}

/* Has the ring room for the packet, and can the packet be? */
static inline int
tx_check(struct lem *sc, const struct lem_tx_pkt *pkt)
{
	struct lem_tx_ring *r = &sc->tx;
	uint32_t need = pkt->segs;

	if (need == 0 || need + LEM_TX_EXTRA_DESC > r->reserve)
		return -EINVAL;
	if (lem_gone(sc))
		return -ENODEV;
	if (pkt->flags & ~LEM_TX_VLAN)
		need += LEM_TX_EXTRA_DESC;
	if (r->free >= need)
		return 0;
	r->stats.ring_full++;
	return -ENOSPC;
}

/*
 * next_to_use moves only after the last descriptor is written: a packet that is
 * refused half-way leaves the ring as it was.  (If it wrote a context, the core
 * forgets that, as the device will not see it.)
 */
int
lem_tx_encap(struct lem *sc, const struct lem_tx_pkt *pkt)
{
	struct lem_tx_ring *r = &sc->tx;
	uint64_t bits = (uint64_t)r->cmd << E1000_TXD_CMD_SHIFT;
	uint32_t left = pkt->segs, next = r->next_to_use, len;
	const struct lem_tx_seg *seg = pkt->seg;
	int used = tx_check(sc, pkt);

	if (used == 0 && pkt->flags != 0)
		used = tx_flags(sc, pkt, &bits);
	if (used < 0)
		return used;
	next = ring_wrap(next + (uint32_t)used, r->count);
	used += (int)left;
	for (; left > 0; seg++) {
		len = seg->len_bytes;
		if (len - 1 >= LEM_SEG_MAX) {
			r->offload = 0;
			return -EINVAL;
		}
		if (--left == 0)
			bits |= (uint64_t)E1000_TXD_CMD_EOP
			    << E1000_TXD_CMD_SHIFT;
		r->desc[next].qword[0] = e1000_le64(seg->pa);
		r->desc[next].qword[1] = e1000_le64(bits | len);
		next = ring_wrap(next + 1, r->count);
	}
	r->next_to_use = (uint16_t)next;
	r->free -= (uint16_t)used;
	r->since_rs += (uint16_t)used;
	if (r->since_rs >= r->rs_stride)
		tx_request_report(r);
	r->unposted++;
	if (pkt->flags & LEM_TX_TSO)
		r->unposted_tso = true;
	r->stats.packets++;
	return used;
}

/*
 * The rule of send combining: while a transmit interrupt is pending, TDT may
 * wait for it, unless the ring could not take another packet.  So a batch ends
 * in one of three ways: the interrupt comes, the ring is full, or the guard
 * fires.  Where a write is cheap, waiting gains nothing and keeps the device
 * idle.  Nor does a packet with TSO wait: it is a batch itself, and TCP has one
 * or two of them on their way before it waits for answers.  (The driver of 2012
 * did not look at either.)
 */
static inline bool
tx_may_defer(const struct lem_tx_ring *r)
{
	bool at_once = r->cheap || r->unposted_tso;

	return r->combine != LEM_COMBINE_OFF && r->int_pending &&
	    !(at_once && r->combine == LEM_COMBINE_ON) &&
	    lem_tx_free(r) >= r->reserve;
}

void
lem_tx_doorbell(struct lem *sc)
{
	struct lem_tx_ring *r = &sc->tx;

	if (r->next_to_use == r->tail_posted)
		return;
	if (tx_may_defer(r))
		r->stats.deferred++;	/* the interrupt will write TDT */
	else
		tx_post(sc);
}

/*
 * Has the device written back the descriptor before index `end`?  The slot and
 * its buffer are used again only after this.
 */
static inline bool
tx_done(const struct lem_tx_ring *r, unsigned int end)
{
	return lem_desc_status(&r->desc[end - 1].legacy.status) &
	    E1000_TXD_STAT_DD;
}

/*
 * The device writes back in order (3.4), so look at the newest report first: if
 * it is there, one load frees the whole ring.  Look only at what was posted: a
 * device that writes DD into descriptors that it does not own frees nothing.
 */
uint16_t
lem_tx_reclaim(struct lem *sc)
{
	struct lem_tx_ring *r = &sc->tx;
	uint16_t clean = r->next_to_clean, freed;

	if (r->rs_head == r->rs_posted)
		return 0;
	if (tx_done(r, r->tail_posted == 0 ? r->count : r->tail_posted)) {
		clean = r->tail_posted;
		r->rs_head = r->rs_posted;
	}
	while (
	    r->rs_head != r->rs_posted && tx_done(r, r->rsq[r->rs_head] + 1u)) {
		clean = ring_wrap(r->rsq[r->rs_head] + 1, r->count);
		r->rs_head = ring_wrap(r->rs_head + 1, r->count);
	}
	freed = ring_distance(r->next_to_clean, clean, r->count);
	r->next_to_clean = clean;
	r->free += freed;
	r->stats.reclaimed += freed;
	return freed;
}

void
lem_tx_flush(struct lem *sc)
{
	if (sc->tx.next_to_use != sc->tx.tail_posted)
		tx_post(sc);
}

uint16_t
lem_tx_make_room(struct lem *sc)
{
	uint16_t freed;

	/* lem_txeof() of 2012, which served here and in the interrupt. */
	if (sc->tx.combine == LEM_COMBINE_ORIGINAL) {
		freed = lem_tx_reclaim(sc);
		sc->tx.int_pending = false;
		lem_tx_flush(sc);
		return freed;
	}
	lem_tx_flush(sc);
	return lem_tx_reclaim(sc);
}

uint16_t
lem_tx_guard(struct lem *sc)
{
	struct lem_tx_ring *r = &sc->tx;

	if (r->next_to_use != r->tail_posted &&
	    r->guard_mark == r->stats.doorbells) {
		r->stats.guard_flushes++;
		tx_post(sc);
	}
	/* Remember what is deferred now; what comes later has its own time. */
	r->guard_mark =
	    r->next_to_use != r->tail_posted ? r->stats.doorbells : UINT64_MAX;
	return lem_tx_reclaim(sc);
}

void
lem_tx_low_set(struct lem_tx_ring *r)
{
	r->low = r->reserve;
	/* The driver of 2012 began to reclaim at an eighth of the ring. */
	if (r->asked == LEM_COMBINE_ORIGINAL && r->count / 8 > r->low)
		r->low = r->count / 8;
}

int
lem_tx_combine_set(struct lem *sc, enum lem_combine combine)
{
	if (combine > LEM_COMBINE_ORIGINAL)
		return -EINVAL;
	lem_tx_flush(sc);
	sc->tx.asked = combine;
	lem_tx_low_set(&sc->tx);
	if (!sc->tx.lone)
		sc->tx.combine = combine;
	lem_stream_reset(sc);
	return 0;
}

/* -------------------------------------------------------------- receive */

uint16_t
lem_rx_available(struct lem *sc, uint16_t budget)
{
	struct lem_rx_ring *r = &sc->rx;
	uint16_t i = r->next_to_clean, packets = 0;
	uint8_t status;

	while (packets < budget && i != r->tail_posted) {
		status = lem_desc_status(&r->desc[i].status);
		if (!(status & E1000_RXD_STAT_DD))
			break;
		if (status & E1000_RXD_STAT_EOP)
			packets++;
		i = ring_wrap(i + 1, r->count);
	}
	return packets;
}

/* Checksum and VLAN results of a packet's last descriptor (3.2.3, 3.2.4). */
static void
rx_flags(struct lem_rx_pkt *pkt, const struct e1000_rx_desc *d)
{
	if (d->errors &
	    (E1000_RXD_ERR_CE | E1000_RXD_ERR_SE | E1000_RXD_ERR_SEQ |
		E1000_RXD_ERR_CXE | E1000_RXD_ERR_RXE))
		pkt->flags |= LEM_RX_ERROR;
	if (!(d->status & E1000_RXD_STAT_IXSM)) {
		if (d->status & E1000_RXD_STAT_IPCS &&
		    !(d->errors & E1000_RXD_ERR_IPE))
			pkt->flags |= LEM_RX_IP_OK;
		if (d->status & E1000_RXD_STAT_TCPCS &&
		    !(d->errors & E1000_RXD_ERR_TCPE))
			pkt->flags |= LEM_RX_L4_OK;
	}
	if (d->status & E1000_RXD_STAT_VP) {
		pkt->flags |= LEM_RX_VLAN;
		pkt->vlan_tag = e1000_le16(d->special);
	}
}

int
lem_rx_pkt_get(struct lem *sc, struct lem_rx_pkt *pkt)
{
	struct lem_rx_ring *r = &sc->rx;
	struct e1000_rx_desc d;
	uint16_t i = r->next_to_clean, len;

	pkt->frags = 0;
	pkt->flags = 0;
	pkt->len_bytes = 0;
	do {
		if (i == r->tail_posted ||
		    !(lem_desc_status(&r->desc[i].status) &
			E1000_RXD_STAT_DD)) {
			/* The rest has not come yet. */
			r->partial =
			    ring_distance(r->next_to_clean, i, r->count);
			return 0;
		}
		d = r->desc[i];
		len = e1000_le16(d.length);
		if (len > r->buf_bytes) {
			len = 0;
			pkt->flags |= LEM_RX_ERROR;
		}
		if (pkt->frags < pkt->frags_max) {
			pkt->frag[pkt->frags].index = i;
			pkt->frag[pkt->frags++].len_bytes = len;
			pkt->len_bytes += len;
		} else {
			pkt->flags |= LEM_RX_ERROR;
		}
		i = ring_wrap(i + 1, r->count);
	} while (!(d.status & E1000_RXD_STAT_EOP));
	rx_flags(pkt, &d);
	pkt->descs = ring_distance(r->next_to_clean, i, r->count);
	lem_store(&r->cleaned, r->cleaned + pkt->descs);
	r->partial = 0;
	r->next_to_clean = i;
	r->stats.packets++;
	if (pkt->flags & LEM_RX_ERROR)
		r->stats.errors++;
	return 1;
}

uint16_t
lem_rx_refill(struct lem *sc, const uint64_t *pa, uint16_t n)
{
	struct lem_rx_ring *r = &sc->rx;
	uint16_t done = 0, next;

	while (done < n) {
		next = ring_wrap(r->next_to_use + 1, r->count);
		if (next == r->next_to_clean)
			break;
		r->desc[r->next_to_use].buffer_addr = e1000_le64(pa[done++]);
		r->desc[r->next_to_use].status = 0;
		r->next_to_use = next;
	}
	return done;
}

/*
 * What was marked three dispatches ago has arrived.  Dispatch 1 may be at work
 * when RDT is written, and the ICR read of dispatch 2 may come before the
 * write.  Dispatch 2 itself comes after it, so the ICR of dispatch 3 was read
 * later.
 */
static void
rx_seen(struct lem_rx_ring *r, uint32_t dispatches)
{
	if (dispatches - r->mark_dispatch < 3)
		return;
	r->seen = r->marked;
	r->marked = r->posted;
	r->mark_dispatch = dispatches;
}

/*
 * Has the device used up all descriptors that it has for certain, while newer
 * ones may be held back on their way to it?  While it has one left, it
 * interrupts with the next frame, and the read of ICR delivers the rest.
 */
static bool
rx_starved(const struct lem_rx_ring *r)
{
	return r->seen != r->posted &&
	    (int32_t)(r->cleaned + r->partial - r->seen) >= 0;
}

void
lem_rx_flush(struct lem *sc)
{
	struct lem_rx_ring *r = &sc->rx;

	if (r->next_to_use != r->tail_posted) {
		/* Addresses and cleared DD bits, before the tail (3.2.6). */
		lem_os_wmb();
		lem_write(sc, E1000_RDT, r->next_to_use);
		r->posted +=
		    ring_distance(r->tail_posted, r->next_to_use, r->count);
		r->tail_posted = r->next_to_use;
		r->stats.doorbells++;
	}
	rx_seen(r, lem_load(&sc->dispatches));
	if (rx_starved(r)) {
		r->stats.pushes++;
		lem_push(sc);
		r->seen = r->marked = r->posted;
	}
}
