/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iflib's data path, made of the core's, and the interrupt.  if_lem.h says
 * which thread runs what.
 */
#include "if_lem.h"

/* Descriptors that iflib has not been told are finished. */
static unsigned int
tx_owed(const struct if_lem_softc *sc)
{
	const struct lem_tx_ring *r = &sc->core.tx;

	return (r->count - 1u - lem_tx_free(r) +
	    (unsigned int)(r->stats.reclaimed - sc->credited));
}

/* ------------------------------------------------------------- transmit */

/* What iflib found out about a packet, as the core wants it. */
static void
tx_offloads(struct lem_tx_pkt *pkt, const struct if_pkt_info *pi)
{
	pkt->l2_len = pi->ipi_ehdrlen;
	pkt->l3_len = pi->ipi_ip_hlen;
	if (pi->ipi_csum_flags & CSUM_IP_TSO) {
		pkt->flags |= LEM_TX_TSO;
		pkt->l4_len = pi->ipi_tcp_hlen;
		pkt->mss = pi->ipi_tso_segsz;
		pkt->len_bytes = pi->ipi_len;
	} else if (pi->ipi_csum_flags & CSUM_IP_TCP) {
		pkt->flags |= LEM_TX_TCP_CSUM;
	} else if (pi->ipi_csum_flags & CSUM_IP_UDP) {
		pkt->flags |= LEM_TX_UDP_CSUM;
	}
}

/*
 * iflib and the core must agree on where the packet goes.  They disagree when
 * the interface was restarted while a sender was half way through iflib: then
 * the packet is dropped.
 */
static int
if_lem_txd_encap(void *arg, if_pkt_info_t pi)
{
	struct if_lem_softc *sc = arg;
	struct lem_tx_seg seg[IF_LEM_TX_SEGS];
	struct lem_tx_pkt pkt = { .seg = seg, .segs = pi->ipi_nsegs };
	int i, used;

	if (pi->ipi_nsegs > IF_LEM_TX_SEGS)
		return (EFBIG);
	for (i = 0; i < pi->ipi_nsegs; i++) {
		seg[i].pa = pi->ipi_segs[i].ds_addr;
		seg[i].len_bytes = pi->ipi_segs[i].ds_len;
	}
	if (pi->ipi_csum_flags != 0)
		tx_offloads(&pkt, pi);
	if (pi->ipi_mflags & M_VLANTAG) {
		pkt.flags |= LEM_TX_VLAN;
		pkt.vlan_tag = pi->ipi_vtag;
	}
	mtx_lock_spin(&sc->tx_mtx);
	if (sc->open && pi->ipi_pidx == sc->core.tx.next_to_use) {
		used = lem_tx_encap(&sc->core, &pkt);
		if (used > 0) {
			pi->ipi_new_pidx = sc->core.tx.next_to_use;
			sc->unflushed = true;
		}
	} else {
		used = -ENXIO;
	}
	mtx_unlock_spin(&sc->tx_mtx);
	return (used < 0 ? -used : 0);
}

/*
 * Set the core's mode to what was asked for.  This may post, so nothing may be
 * unflushed.
 */
void
if_lem_tx_settle(struct if_lem_softc *sc)
{
	mtx_assert(&sc->tx_mtx, MA_OWNED);
	if (sc->core.tx.asked != sc->combine)
		(void)lem_tx_combine_set(&sc->core, sc->combine);
}

/*
 * May transmit interrupts be masked for lone packets (lem_lone_interrupt())?
 * Not with netmap, which always waits for them.  And not in a small ring: with
 * an eighth of the ring in use iflib might delay the next packet's flush, and
 * LEM_LONE_DESC descriptors and one more packet must stay below that.
 */
static bool
tx_lone_allowed(const struct if_lem_softc *sc)
{
	return (!sc->unflushed && !sc->tx_missed &&
	    sc->core.tx.count / 8u >= LEM_LONE_DESC + IF_LEM_TX_SEGS + 2u &&
	    !(if_getcapenable(iflib_get_ifp(sc->ctx)) & IFCAP_NETMAP));
}

/*
 * iflib calls this up to four times a packet: before it, after it, at the end
 * of the drain and from its task.  Only a call with a new packet counts.
 */
static void
if_lem_txd_flush(void *arg, uint16_t txqid __unused, qidx_t pidx __unused)
{
	struct if_lem_softc *sc = arg;
	bool arm = false;

	if (!sc->unflushed)
		return;
	mtx_lock_spin(&sc->tx_mtx);
	sc->unflushed = false;
	if (sc->open) {
		if_lem_tx_settle(sc);
		if (sc->tx_missed) {
			sc->tx_missed = false;
			(void)lem_tx_intr(&sc->core);
		} else {
			lem_tx_doorbell(&sc->core);
		}
		lem_lone_doorbell(&sc->core, tx_owed(sc));
		lem_beat(&sc->core);
		arm = !sc->guard_armed &&
		    sc->core.tx.next_to_use != sc->core.tx.tail_posted;
		if (arm)
			sc->guard_armed = true;
	}
	mtx_unlock_spin(&sc->tx_mtx);
	if (arm)
		callout_reset_sbt(&sc->guard, SBT_1MS * LEM_GUARD_MS, SBT_1MS,
		    if_lem_guard, sc, 0);
}

/*
 * Interrupts reclaim.  This reclaims when the ring has filled up in between,
 * and when an interrupt or the guard has left its part to us (tx_missed).  If
 * the drain calls (clear), iflib has synced what is unflushed.  Then do that
 * part at once and do not leave it to flush: iflib delays flush for up to 63
 * descriptors, and calls it early only when something was reclaimed.
 */
static int
if_lem_txd_credits_update(void *arg, uint16_t txqid __unused, bool clear)
{
	struct if_lem_softc *sc = arg;
	struct lem_tx_ring *r = &sc->core.tx;
	int n = (int)(r->stats.reclaimed - sc->credited);

	if (n == 0 && !(clear && sc->tx_missed) &&
	    lem_tx_free(r) > r->count / 2)
		return (0);
	mtx_lock_spin(&sc->tx_mtx);
	if (sc->open) {
		if (clear && sc->tx_missed) {
			sc->tx_missed = sc->unflushed = false;
			(void)lem_tx_intr(&sc->core);
		} else if (lem_tx_low(r) && (clear || !sc->unflushed)) {
			sc->unflushed = false;
			(void)lem_tx_make_room(&sc->core);
		} else {
			(void)lem_tx_reclaim(&sc->core);
		}
	}
	n = (int)(r->stats.reclaimed - sc->credited);
	mtx_unlock_spin(&sc->tx_mtx);
	if (clear)
		sc->credited += n;
	return (n);
}

/*
 * The backstop of send combining (doc/combining.md): it runs while something is
 * deferred.  What iflib has not flushed by now, iflib's task posts.
 */
void
if_lem_guard(void *arg)
{
	struct if_lem_softc *sc = arg;
	bool again = false, kick = false;

	mtx_lock_spin(&sc->tx_mtx);
	if (sc->open) {
		if (sc->unflushed)
			sc->tx_missed = kick = true;
		else
			(void)lem_tx_guard(&sc->core);
		again = lem_link_up(&sc->core) &&
		    sc->core.tx.next_to_use != sc->core.tx.tail_posted;
	}
	sc->guard_armed = again;
	mtx_unlock_spin(&sc->tx_mtx);
	if (kick && again)
		iflib_tx_intr_deferred(sc->ctx, 0);
	if (again)
		callout_reset_sbt(&sc->guard, SBT_1MS * LEM_GUARD_MS, SBT_1MS,
		    if_lem_guard, sc, 0);
}

/* -------------------------------------------------------------- receive */

static int
if_lem_rxd_available(void *arg, uint16_t rxqid __unused, qidx_t cidx __unused,
    qidx_t budget)
{
	struct if_lem_softc *sc = arg;

	return (sc->rx_broken ? 0 : lem_rx_available(&sc->core, budget));
}

/*
 * iflib cannot drop a packet and keep its buffers.  A damaged packet is rare,
 * because the device is told to drop them.  So iflib restarts the interface,
 * and nothing more is received until then.
 */
static int
rx_damaged(struct if_lem_softc *sc)
{
	sc->rx_broken = true;
	iflib_request_reset(sc->ctx);
	iflib_admin_intr_deferred(sc->ctx);
	return (EBADMSG);
}

static void
rx_offloads(const struct if_lem_softc *sc, if_rxd_info_t ri,
    const struct lem_rx_pkt *pkt)
{
	if (pkt->flags & LEM_RX_VLAN) {
		ri->iri_vtag = pkt->vlan_tag;
		ri->iri_flags |= M_VLANTAG;
	}
	if (!(if_getcapenable(ri->iri_ifp) & IFCAP_RXCSUM))
		return;
	if (pkt->flags & LEM_RX_IP_OK)
		ri->iri_csum_flags |= CSUM_IP_CHECKED | CSUM_IP_VALID;
	if (pkt->flags & LEM_RX_L4_OK) {
		ri->iri_csum_flags |= CSUM_DATA_VALID | CSUM_PSEUDO_HDR;
		ri->iri_csum_data = 0xffff;
	}
}

static int
if_lem_rxd_pkt_get(void *arg, if_rxd_info_t ri)
{
	struct if_lem_softc *sc = arg;
	struct lem_rx_frag frag[IF_LEM_RX_FRAGS];
	struct lem_rx_pkt pkt = { .frag = frag, .frags_max = IF_LEM_RX_FRAGS };
	int i;

	if (sc->rx_broken || lem_rx_pkt_get(&sc->core, &pkt) == 0 ||
	    pkt.flags & LEM_RX_ERROR || frag[0].len_bytes == 0)
		return (rx_damaged(sc));
	for (i = 0; i < pkt.frags; i++) {
		ri->iri_frags[i].irf_flid = 0;
		ri->iri_frags[i].irf_idx = frag[i].index;
		ri->iri_frags[i].irf_len = frag[i].len_bytes;
	}
	ri->iri_nfrags = pkt.frags;
	ri->iri_len = pkt.len_bytes;
	rx_offloads(sc, ri, &pkt);
	return (0);
}

/*
 * netmap fills the whole ring and gives the device all but the last descriptor.
 * The core's ring does not take the last one: hold it until there is room.
 */
static void
if_lem_rxd_refill(void *arg, if_rxd_update_t iru)
{
	struct if_lem_softc *sc = arg;
	uint16_t n;

	if (sc->rx_broken)
		return;
	if (sc->rx_held && lem_rx_refill(&sc->core, &sc->rx_held_pa, 1) == 1)
		sc->rx_held = false;
	KASSERT(iru->iru_pidx == sc->core.rx.next_to_use && !sc->rx_held,
	    ("%s: iflib at %u, ring at %u", __func__, iru->iru_pidx,
		sc->core.rx.next_to_use));
	n = lem_rx_refill(&sc->core, iru->iru_paddrs, iru->iru_count);
	if (n < iru->iru_count) {
		KASSERT(n + 1 == iru->iru_count,
		    ("%s: %u of %u fitted", __func__, n, iru->iru_count));
		sc->rx_held = true;
		sc->rx_held_pa = iru->iru_paddrs[n];
	}
}

static void
if_lem_rxd_flush(void *arg, uint16_t rxqid __unused, uint8_t flid __unused,
    qidx_t pidx __unused)
{
	struct if_lem_softc *sc = arg;

	if (!sc->rx_broken)
		lem_rx_flush(&sc->core);
}

/* ------------------------------------------------------------ interrupt */

/* Dispatch, but leave out what would post an unflushed packet. */
static unsigned int
intr_dispatch(struct if_lem_softc *sc, uint32_t icr)
{
	if (sc->unflushed && icr != UINT32_MAX && icr & LEM_INTR_TX) {
		sc->tx_missed = true;
		icr &= ~LEM_INTR_TX;
	}
	return (lem_intr_dispatch(&sc->core, icr));
}

/*
 * An interrupt that finds the receive task still at work was not needed: mask
 * receive causes until the task is done (if_lem_intr_enable()).  Where the
 * hypervisor moderates, this is rare.
 */
static void
intr_rx(struct if_lem_softc *sc)
{
	if (sc->rx_busy && !sc->rx_masked) {
		lem_intr_rx_set(&sc->core, false);
		sc->rx_masked = true;
		sc->rx_masks++;
	}
	sc->rx_busy = true;
}

/*
 * Does iflib need to know of finished descriptors now, or is the next packet
 * early enough?  iflib holds packets back when it takes the ring for full or
 * delays a flush; netmap always waits for us.
 */
static bool
intr_wants_tx(const struct if_lem_softc *sc)
{
	return (sc->unflushed || tx_owed(sc) > sc->core.tx.count / 2u ||
	    if_getcapenable(iflib_get_ifp(sc->ctx)) & IFCAP_NETMAP);
}

/*
 * The filter.  Reading ICR acknowledges and deasserts, so nothing is masked,
 * and a transmit interrupt costs one read, and one write if packets were
 * deferred.  FILTER_HANDLED skips iflib's own part of the filter: that would
 * start a task for every transmit interrupt, which then finds nothing to do.
 */
static int
if_lem_intr(void *arg)
{
	struct if_lem_softc *sc = arg;
	unsigned int work;
	uint32_t icr = 0;
	bool tx;

	mtx_lock_spin(&sc->tx_mtx);
	if (sc->open && !lem_gone(&sc->core))
		icr = lem_intr_cause(&sc->core);
	if (icr == 0) {
		mtx_unlock_spin(&sc->tx_mtx);
		return (FILTER_STRAY);
	}
	sc->interrupts++;
	work = intr_dispatch(sc, icr);
	lem_lone_interrupt(&sc->core, icr, tx_lone_allowed(sc));
	if (work & LEM_WORK_RX)
		intr_rx(sc);
	tx = intr_wants_tx(sc);
	mtx_unlock_spin(&sc->tx_mtx);
	if (work & LEM_WORK_RX)
		iflib_rx_intr_deferred(sc->ctx, 0);
	if (tx)
		iflib_tx_intr_deferred(sc->ctx, 0);
	if (work & (LEM_WORK_LINK | LEM_WORK_GONE))
		iflib_admin_intr_deferred(sc->ctx);
	return (FILTER_HANDLED);
}

struct if_txrx if_lem_txrx = {
	.ift_txd_encap = if_lem_txd_encap,
	.ift_txd_flush = if_lem_txd_flush,
	.ift_txd_credits_update = if_lem_txd_credits_update,
	.ift_rxd_available = if_lem_rxd_available,
	.ift_rxd_pkt_get = if_lem_rxd_pkt_get,
	.ift_rxd_refill = if_lem_rxd_refill,
	.ift_rxd_flush = if_lem_rxd_flush,
	.ift_legacy_intr = if_lem_intr,
};
