/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts: what came, and what to do about it.
 */
#include "lem_impl.h"

/* Unmasked.  TXQE would only repeat TXDW, as every batch ends with RS. */
#define LEM_INTR_MASK (E1000_ICR_TXDW | LEM_INTR_RX | LEM_INTR_LINK)

uint32_t
lem_intr_cause(struct lem *sc)
{
	bool timed = lem_load(&sc->stream.on);
	uint64_t start = timed ? lem_os_cycles(&sc->os) : 0, cycles;
	uint32_t icr = lem_read(sc, E1000_ICR);

	if (timed) {
		cycles = lem_os_cycles(&sc->os) - start;
		lem_store(&sc->stream.icr,
		    cycles < UINT32_MAX ? (uint32_t)cycles : 0);
	}
	if (icr == UINT32_MAX)
		lem_store(&sc->gone, true);
	return icr;
}

/*
 * The doorbell comes first, for devices that transmit inside the TDT write.
 * Then the whole batch is already done when reclaim looks, the whole ring is
 * free again, and the next batch can be as large as the ring.  Reclaiming first
 * leaves the batch just posted in the ring until the next interrupt, which
 * halves every batch from then on.
 */
uint16_t
lem_tx_intr(struct lem *sc)
{
	struct lem_tx_ring *r = &sc->tx;
	uint16_t freed = 0;

	if (r->combine == LEM_COMBINE_ORIGINAL)
		freed = lem_tx_reclaim(sc);
	r->int_pending = false;
	lem_stream_bulk(sc);
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
		lem_store(&sc->gone, true);
	if (lem_gone(sc))
		return LEM_WORK_GONE;
	/* Only this group, tx, writes it; rx reads it. */
	lem_store(&sc->dispatches, sc->dispatches + 1);
	lem_stream_interrupt(sc);
	if (icr & LEM_INTR_TX && lem_tx_intr(sc) > 0)
		work |= LEM_WORK_TX;
	if (icr & LEM_INTR_RX)
		work |= LEM_WORK_RX;
	if (icr & LEM_INTR_LINK)
		work |= LEM_WORK_LINK;
	lem_stream_done(sc);
	return work;
}

void
lem_intr_enable(struct lem *sc)
{
	lem_lone_end(&sc->tx);
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
