/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iflib's data path on the core's, and the interrupt.  if_lem.h says who may
 * run what beside whom.
 */
#include "if_lem.h"

/* Descriptors that iflib has not been told are finished. */
static unsigned int
tx_owed(const struct lem_softc *sc)
{
	const struct lem_tx_ring *r = &sc->core.tx;

	return (r->count - 1u - lem_tx_free(r) +
	    (unsigned int)(r->stats.reclaimed - sc->credited));
}

/* ------------------------------------------------------------- transmit */

/* What iflib found out about a packet, in the core's words. */
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
 * A packet goes where iflib says only if that is where the core stands: a
 * sender that was half way through iflib while the interface was restarted
 * under it comes too late, and its packet is dropped.
 */
static int
lem_txd_encap(void *arg, if_pkt_info_t pi)
{
	struct lem_softc *sc = arg;
	struct lem_tx_seg seg[LEM_TX_SEGS];
	struct lem_tx_pkt pkt = { .seg = seg, .segs = pi->ipi_nsegs };
	int i, used;

	if (pi->ipi_nsegs > LEM_TX_SEGS)
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
 * The core's mode is what was asked for, as soon as that may post; but without
 * interrupts nothing is deferred.
 */
void
lem_tx_settle(struct lem_softc *sc)
{
	enum lem_combine mode = sc->tx_alone ? LEM_COMBINE_OFF : sc->combine;

	mtx_assert(&sc->tx_mtx, MA_OWNED);
	if (sc->core.tx.combine != mode)
		(void)lem_tx_combine_set(&sc->core, mode);
}

/*
 * A packet now and then needs no transmit interrupt: it is reclaimed with the
 * next, or by the interrupt that its answer makes.  With moderation in the
 * hypervisor its own would hold that up.  So they are masked after one that was
 * for a packet alone, until there are some without any interrupt between; or so
 * many descriptors that iflib, with an eighth of the ring in use, might put off
 * the next packet's flush.
 */
static void
tx_alone_begin(struct lem_softc *sc)
{
	if (sc->tx_alone || sc->unflushed ||
	    sc->core.tx.count / 8u < LEM_ALONE_DESC + LEM_TX_SEGS + 2u ||
	    sc->tx_missed ||
	    sc->core.tx.next_to_use != sc->core.tx.tail_posted ||
	    if_getcapenable(iflib_get_ifp(sc->ctx)) & IFCAP_NETMAP)
		return;
	sc->tx_alone = true;
	lem_intr_tx_set(&sc->core, false);
	lem_tx_settle(sc);
}

static void
tx_alone_end(struct lem_softc *sc)
{
	if (!sc->tx_alone ||
	    (sc->flushes < LEM_ALONE_MAX && tx_owed(sc) < LEM_ALONE_DESC))
		return;
	sc->tx_alone = false;
	lem_intr_tx_set(&sc->core, true);
	lem_tx_settle(sc);
}

/*
 * iflib rings up to four times a packet: before it, after it, at the end of the
 * drain and from the task.  Only a ring that has something new in it counts.
 */
static void
lem_txd_flush(void *arg, uint16_t txqid __unused, qidx_t pidx __unused)
{
	struct lem_softc *sc = arg;
	bool arm = false;

	if (!sc->unflushed)
		return;
	mtx_lock_spin(&sc->tx_mtx);
	sc->unflushed = false;
	if (sc->open) {
		lem_tx_settle(sc);
		if (sc->tx_missed) {
			sc->tx_missed = false;
			(void)lem_tx_intr(&sc->core);
		} else {
			lem_tx_doorbell(&sc->core);
		}
		sc->flushes++;
		tx_alone_end(sc);
		arm = !sc->guard_armed &&
		    sc->core.tx.next_to_use != sc->core.tx.tail_posted;
		if (arm)
			sc->guard_armed = true;
	}
	mtx_unlock_spin(&sc->tx_mtx);
	if (arm)
		callout_reset_sbt(&sc->guard, SBT_1MS * LEM_GUARD_MS, SBT_1MS,
		    lem_guard, sc, 0);
}

/*
 * Interrupts reclaim; here it is done when the ring has filled up in between,
 * and when an interrupt or the guard has left its part to us.  If it is the
 * drain that asks (clear), what is unflushed has been synced.  It must not wait
 * for flush: iflib puts that off for up to 63 descriptors, and asks for it
 * early only when something was reclaimed.
 */
static int
lem_txd_credits_update(void *arg, uint16_t txqid __unused, bool clear)
{
	struct lem_softc *sc = arg;
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
 * The backstop of send combining (doc/combining.md): runs while something is
 * deferred.  What iflib has not flushed by now is posted when its task runs.
 */
void
lem_guard(void *arg)
{
	struct lem_softc *sc = arg;
	bool again = false, kick = false;

	mtx_lock_spin(&sc->tx_mtx);
	if (sc->open) {
		if (sc->unflushed)
			sc->tx_missed = kick = true;
		else
			(void)lem_tx_guard(&sc->core);
		again = sc->core.link.up &&
		    sc->core.tx.next_to_use != sc->core.tx.tail_posted;
	}
	sc->guard_armed = again;
	mtx_unlock_spin(&sc->tx_mtx);
	if (kick && again)
		iflib_tx_intr_deferred(sc->ctx, 0);
	if (again)
		callout_reset_sbt(&sc->guard, SBT_1MS * LEM_GUARD_MS, SBT_1MS,
		    lem_guard, sc, 0);
}

/* -------------------------------------------------------------- receive */

static int
lem_rxd_available(void *arg, uint16_t rxqid __unused, qidx_t cidx __unused,
    qidx_t budget)
{
	struct lem_softc *sc = arg;

	return (sc->rx_broken ? 0 : lem_rx_available(&sc->core, budget));
}

/*
 * iflib can not drop a packet and keep its buffers.  A damaged one is no
 * ordinary event, as the device is told to keep those to itself: iflib starts
 * the interface anew, and until then nothing more is received.
 */
static int
rx_damaged(struct lem_softc *sc)
{
	sc->rx_broken = true;
	iflib_request_reset(sc->ctx);
	iflib_admin_intr_deferred(sc->ctx);
	return (EBADMSG);
}

static void
rx_offloads(const struct lem_softc *sc, if_rxd_info_t ri,
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
lem_rxd_pkt_get(void *arg, if_rxd_info_t ri)
{
	struct lem_softc *sc = arg;
	struct lem_rx_frag frag[LEM_RX_FRAGS];
	struct lem_rx_pkt pkt = { .frag = frag, .frags_max = LEM_RX_FRAGS };
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
 * netmap fills the whole ring and lets the device have all but the last one.
 * The core's ring does not take the last one: it is held until there is room.
 */
static void
lem_rxd_refill(void *arg, if_rxd_update_t iru)
{
	struct lem_softc *sc = arg;
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
lem_rxd_flush(void *arg, uint16_t rxqid __unused, uint8_t flid __unused,
    qidx_t pidx __unused)
{
	struct lem_softc *sc = arg;

	if (!sc->rx_broken)
		lem_rx_flush(&sc->core);
}

/* ------------------------------------------------------------ interrupt */

/* An interrupt's causes, but not what would post an unflushed packet. */
static unsigned int
intr_dispatch(struct lem_softc *sc, uint32_t icr)
{
	if (sc->unflushed && icr != UINT32_MAX && icr & LEM_INTR_TX) {
		sc->tx_missed = true;
		icr &= ~LEM_INTR_TX;
	}
	return (lem_intr_dispatch(&sc->core, icr));
}

/*
 * An interrupt that finds the receive task still at work is one too many:
 * receive causes are masked until the task is done (lem_if_intr_enable()).
 * With moderation in the hypervisor this hardly ever happens.
 */
static void
intr_rx(struct lem_softc *sc)
{
	if (sc->rx_busy && !sc->rx_masked) {
		lem_intr_rx_set(&sc->core, false);
		sc->rx_masked = true;
		sc->rx_masks++;
	}
	sc->rx_busy = true;
}

/*
 * Does iflib have to hear of finished descriptors now, or will it do with the
 * next packet?  It sits on packets when it takes the ring for full, or when it
 * is putting off a flush; netmap always waits for us.
 */
static bool
intr_wants_tx(const struct lem_softc *sc)
{
	return (sc->unflushed || tx_owed(sc) > sc->core.tx.count / 2u ||
	    if_getcapenable(iflib_get_ifp(sc->ctx)) & IFCAP_NETMAP);
}

/*
 * The filter.  Reading ICR acknowledges and deasserts, so nothing is masked,
 * and a transmit interrupt costs one read, and one write if packets were
 * deferred.  iflib's own part of the filter is left out (FILTER_HANDLED): it
 * would start a task for every transmit interrupt, which then finds nothing.
 */
static int
lem_intr(void *arg)
{
	struct lem_softc *sc = arg;
	unsigned int work;
	uint32_t icr = 0;
	bool tx;

	mtx_lock_spin(&sc->tx_mtx);
	if (sc->open && !sc->core.gone)
		icr = lem_intr_cause(&sc->core);
	if (icr == 0) {
		mtx_unlock_spin(&sc->tx_mtx);
		return (FILTER_STRAY);
	}
	sc->interrupts++;
	work = intr_dispatch(sc, icr);
	if (icr & LEM_INTR_TX && sc->flushes <= 1)
		tx_alone_begin(sc);
	sc->flushes = 0;
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

struct if_txrx lem_if_txrx = {
	.ift_txd_encap = lem_txd_encap,
	.ift_txd_flush = lem_txd_flush,
	.ift_txd_credits_update = lem_txd_credits_update,
	.ift_rxd_available = lem_rxd_available,
	.ift_rxd_pkt_get = lem_rxd_pkt_get,
	.ift_rxd_refill = lem_rxd_refill,
	.ift_rxd_flush = lem_rxd_flush,
	.ift_legacy_intr = lem_intr,
};
