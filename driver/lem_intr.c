/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts: what came, what to do about it, and how often they may come.
 */
#include "lem.h"

/* What is unmasked.  TXQE would only repeat TXDW: every batch ends with RS. */
#define LEM_INTR_MASK (E1000_ICR_TXDW | LEM_INTR_RX | LEM_INTR_LINK)

uint32_t
lem_intr_cause(struct lem *sc)
{
	uint32_t icr = lem_read(sc, E1000_ICR);

	if (icr == UINT32_MAX)
		sc->gone = true;
	return icr;
}

static bool
has_throttle(const struct lem *sc)
{
	return sc->chip >= LEM_82540;	/* 13.4.18, 13.4.31, 13.4.44 */
}

/* ITR for now: itr, or the longer itr_bulk. */
static void
itr_write(struct lem *sc, bool bulk)
{
	const struct lem_moderation *m = &sc->moderation;

	sc->tx.bulk = bulk;
	lem_write(sc, E1000_ITR, bulk ? m->itr_bulk : m->itr);
}

/*
 * Is this a stream?  By the packets since the last transmit interrupt; not by
 * those that wait now, as a full ring is posted between interrupts.
 */
static void
tx_bulk(struct lem *sc)
{
	struct lem_tx_ring *r = &sc->tx;
	uint64_t packets = r->stats.packets - r->intr_packets;

	if (sc->moderation.itr_bulk <= sc->moderation.itr)
		return;
	r->intr_packets = r->stats.packets;
	if (r->combine == LEM_COMBINE_OFF || packets < LEM_BULK_PACKETS)
		r->bulk_run = 0;
	else if (r->bulk_run < LEM_BULK_INTERRUPTS)
		r->bulk_run++;
	if (r->bulk == (r->bulk_run == LEM_BULK_INTERRUPTS))
		return;
	itr_write(sc, !r->bulk);
	r->stats.bulk += r->bulk;
}

/*
 * A transmit interrupt, in the order that suits a device which transmits inside
 * the TDT write: the doorbell first.  Then the whole batch is already done when
 * reclaim looks, the whole ring is free again, and the next batch can be as
 * large as the ring.  Reclaiming first leaves the batch just posted in the ring
 * until the next interrupt, which halves every batch from then on.
 */
uint16_t
lem_tx_intr(struct lem *sc)
{
	struct lem_tx_ring *r = &sc->tx;
	uint16_t freed = 0;

	if (r->combine == LEM_COMBINE_ORIGINAL)
		freed = lem_tx_reclaim(sc);
	r->int_pending = false;
	tx_bulk(sc);
	lem_tx_flush(sc);	/* sets int_pending again if it writes */
	if (r->combine != LEM_COMBINE_ORIGINAL)
		freed = lem_tx_reclaim(sc);
	return freed;
}

unsigned int
lem_intr_dispatch(struct lem *sc, uint32_t icr)
{
	unsigned int work = 0;

	if (icr == UINT32_MAX)
		sc->gone = true;
	if (sc->gone)
		return LEM_WORK_GONE;
	sc->dispatches++;
	if (icr & LEM_INTR_TX && lem_tx_intr(sc) > 0)
		work |= LEM_WORK_TX;
	if (icr & LEM_INTR_RX)
		work |= LEM_WORK_RX;
	if (icr & LEM_INTR_LINK)
		work |= LEM_WORK_LINK;
	return work;
}

void
lem_intr_enable(struct lem *sc)
{
	lem_write(sc, E1000_IMS, LEM_INTR_MASK);
}

void
lem_intr_disable(struct lem *sc)
{
	lem_write(sc, E1000_IMC, UINT32_MAX);
}

void
lem_intr_rx_set(struct lem *sc, bool enable)
{
	lem_write(sc, enable ? E1000_IMS : E1000_IMC, LEM_INTR_RX);
}

void
lem_intr_tx_set(struct lem *sc, bool enable)
{
	lem_write(sc, enable ? E1000_IMS : E1000_IMC, E1000_ICR_TXDW);
}

int
lem_moderation_set(struct lem *sc, const struct lem_moderation *m)
{
	if (!has_throttle(sc) &&
	    (m->itr != 0 || m->itr_bulk != 0 || m->radv != 0 || m->tadv != 0))
		return -EOPNOTSUPP;
	sc->moderation = *m;
	if (sc->running)
		lem_moderation_write(sc);
	return 0;
}

/*
 * Without IDE a descriptor's interrupt does not wait for TIDV (3.3.3), and
 * QEMU's rate is min(TADV, ITR) as soon as IDE is set: an ITR of any length
 * would be hidden behind a TADV nobody asked for.
 */
void
lem_moderation_write(struct lem *sc)
{
	const struct lem_moderation *m = &sc->moderation;

	sc->tx.bulk_run = 0;
	sc->tx.cmd = E1000_TXD_CMD_IFCS;
	if (m->tidv != 0 || m->tadv != 0)
		sc->tx.cmd |= E1000_TXD_CMD_IDE;
	lem_write(sc, E1000_RDTR, m->rdtr);
	/* 13.4.41: 0 is not allowed with IDE. */
	lem_write(sc, E1000_TIDV, m->tidv != 0 ? m->tidv : m->tadv);
	if (has_throttle(sc)) {
		lem_write(sc, E1000_RADV, m->radv);
		lem_write(sc, E1000_TADV, m->tadv);
		itr_write(sc, false);
	}
	lem_push(sc);
}
