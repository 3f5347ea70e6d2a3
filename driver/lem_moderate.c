/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How often the device may interrupt: the five registers, and the rule of lone
 * packets.  (The rules for streams are in lem_stream.c.)  doc/moderation.md
 * explains the registers, doc/combining.md the rule.
 */
#include "lem_impl.h"

#define NS_PER_SECOND	1000000000u
#define DELAY_US_MAX	67108u		/* 65535 units of 1.024 us */

/* ------------------------------------------------------------- registers */

int
lem_moderation_set(struct lem *sc, const struct lem_moderation *m)
{
	if (!lem_has_itr(sc) &&
	    (m->itr != 0 || m->itr_bulk != 0 || m->radv != 0 || m->tadv != 0))
		return -EOPNOTSUPP;
	sc->moderation = *m;
	if (sc->running)
		lem_moderation_write(sc);
	else
		lem_stream_reset(sc);
	return 0;
}

/*
 * A descriptor without IDE interrupts without waiting for TIDV (3.3.3).  With
 * IDE set, QEMU's rate is min(TADV, ITR): a TADV that nobody asked for would
 * hide any longer ITR.
 */
void
lem_moderation_write(struct lem *sc)
{
	const struct lem_moderation *m = &sc->moderation;

	sc->tx.cmd = E1000_TXD_CMD_IFCS;
	if (m->tidv != 0 || m->tadv != 0)
		sc->tx.cmd |= E1000_TXD_CMD_IDE;
	lem_write(sc, E1000_RDTR, m->rdtr);
	/* 13.4.41: 0 is not allowed with IDE. */
	lem_write(sc, E1000_TIDV, m->tidv != 0 ? m->tidv : m->tadv);
	if (lem_has_itr(sc)) {
		lem_write(sc, E1000_RADV, m->radv);
		lem_write(sc, E1000_TADV, m->tadv);
		lem_write(sc, E1000_ITR, m->itr);
	}
	sc->stream.longer = false;
	lem_stream_reset(sc);
	lem_push(sc);
}

/* ----------------------------------------------------------------- units */

/*
 * total_ns: what per_second intervals of one unit last together; the units are
 * as many as make that a second.  Without a 64-bit division, which some kernels
 * do not have.
 */
int
lem_itr_from_rate(uint32_t per_second, uint16_t *itr)
{
	uint32_t total_ns = per_second * E1000_ITR_UNIT_NS, units = 0;

	if (per_second > LEM_RATE_MAX)
		return -EINVAL;
	if (per_second != 0)
		units = (NS_PER_SECOND + total_ns - 1) / total_ns;
	if (units > E1000_ITR_INTERVAL_MASK)
		return -EINVAL;
	*itr = (uint16_t)units;
	return 0;
}

int
lem_delay_from_us(uint32_t us, uint16_t *delay)
{
	if (us > DELAY_US_MAX)
		return -EINVAL;
	*delay = (uint16_t)((us * 1000 + E1000_DELAY_UNIT_NS / 2) /
	    E1000_DELAY_UNIT_NS);
	return 0;
}

/* ---------------------------------------------------------- lone packets */

void
lem_lone_end(struct lem_tx_ring *r)
{
	r->lone = false;
	r->combine = r->asked;
}

/*
 * The ring must hold what may be sent before the rule ends: nothing reclaims
 * meanwhile.
 */
static bool
lone_may_begin(const struct lem_tx_ring *r)
{
	return !r->lone && r->lone_run == LEM_LONE_RUN &&
	    r->next_to_use == r->tail_posted &&
	    r->count > LEM_LONE_DESC + r->reserve;
}

void
lem_lone_interrupt(struct lem *sc, uint32_t icr, bool allowed)
{
	struct lem_tx_ring *r = &sc->tx;
	uint32_t frames = lem_load(&sc->rx.cleaned);

	if (!allowed || r->lone_doorbells > 1)
		r->lone_run = 0;
	else if (r->lone_run < LEM_LONE_RUN)
		r->lone_run++;
	if (!lem_gone(sc) && icr & LEM_INTR_TX && frames != r->lone_frames &&
	    lone_may_begin(r)) {
		r->lone = true;
		r->stats.lone++;
		r->combine = LEM_COMBINE_OFF;
		lem_intr_tx_set(sc, false);
	}
	r->lone_frames = frames;
	r->lone_doorbells = 0;
}

void
lem_lone_look(struct lem *sc, unsigned int held)
{
	struct lem_tx_ring *r = &sc->tx;

	if (r->lone_doorbells < LEM_LONE_DOORBELLS && held < LEM_LONE_DESC)
		return;
	lem_lone_end(r);
	lem_intr_tx_set(sc, true);
}
