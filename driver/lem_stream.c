/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Streams: while there is one, interrupts may come more seldom.  Here are the
 * rule of itr_bulk, and that of adaptive moderation, which learns what an
 * interrupt costs.  doc/moderation.md explains them.
 */
#include "lem_impl.h"

/* Such that a product of theirs has 32 bits. */
#define COST_MAX	(1u << 26)	/* cycles */
#define FRAMES_TIME_MAX	(1u << 20)	/* units of ITR */

/* ------------------------------------------------------------------ time */

/* Cycles from then to now, at most 2^32; 0 if the clock went backwards. */
static uint32_t
cycles_since(uint64_t now, uint64_t then)
{
	uint64_t cycles = now - then;

	if (cycles > INT64_MAX)
		return 0;
	return cycles < UINT32_MAX ? (uint32_t)cycles : UINT32_MAX;
}

/* Cycles of one unit of ITR, 256 ns; 0 without a clock of 4 MHz or more. */
static uint32_t
itr_unit_cycles(struct lem *sc)
{
	return lem_os_khz(&sc->os) / 125u * 4u / 125u;
}

/* ------------------------------------------------------------------ cost */

static void
cost_add(struct lem_cost *c, uint32_t cycles)
{
	c->sample[c->next] = cycles < COST_MAX ? cycles : COST_MAX;
	c->next = (c->next + 1) % LEM_COST_SAMPLES;
	if (c->samples < LEM_COST_SAMPLES)
		c->samples++;
}

/* The smallest, until there are all samples; then the second smallest. */
static uint32_t
cost_learned(const struct lem_cost *c)
{
	uint32_t first = UINT32_MAX, second = UINT32_MAX, v;
	unsigned int i;

	for (i = 0; i < c->samples; i++) {
		v = c->sample[i];
		if (v < first) {
			second = first;
			first = v;
		} else if (v < second) {
			second = v;
		}
	}
	if (c->samples == 0)
		return 0;
	return c->samples < LEM_COST_SAMPLES ? first : second;
}

/*
 * The dearer of two estimates.  From beat to beat all is in it that an
 * interrupt takes away, but only if it interrupts the thread that beats.  The
 * read of ICR is one exit, and can always be timed, but under emulation it
 * tells nothing: there the read is cheap, and the interrupt is dear.
 */
static uint32_t
interrupt_cost(const struct lem *sc)
{
	uint32_t whole = cost_learned(&sc->stream.whole);
	uint32_t read = cost_learned(&sc->stream.read);

	return whole > read ? whole : read;
}

uint32_t
lem_intr_cost_ns(struct lem *sc)
{
	uint32_t unit = itr_unit_cycles(sc);

	if (unit == 0)
		return 0;
	return interrupt_cost(sc) * 32u / unit * (E1000_ITR_UNIT_NS / 32u);
}

/*
 * A beat.  If an interrupt came since the last one, then what it cost is their
 * distance, without the dispatch itself, which writes TDT for packets, and
 * without the work that lies between any two beats.  A TDT write in between
 * makes it useless.
 */
void
lem_stream_beat(struct lem *sc)
{
	struct lem_stream *s = &sc->stream;
	uint64_t now = lem_os_cycles(&sc->os);
	uint32_t gap = cycles_since(now, s->ended ? s->done_at : s->beat_at);
	uint32_t was = cost_learned(&s->whole), cost;

	if (s->beat_at == 0 || s->posted) {
		s->ended = false;
	} else if (!s->ended) {
		if (gap < s->beat_min)
			s->beat_min = gap;
	} else {
		s->ended = false;
		cost = gap < COST_MAX ? s->before + gap : COST_MAX;
		cost = cost > s->beat_min ? cost - s->beat_min : 0;
		cost_add(&s->whole, cost);
		/* Look again at once if it has changed. */
		s->watch = s->whole.samples < LEM_COST_SAMPLES ||
		    cost / 2 > was || cost < was / 2;
		s->watches = 0;
	}
	s->posted = false;
	s->beat_at = now;
}

/* Only for a stream that is sent: what is received comes in batches. */
static void
watch_begin(struct lem_stream *s)
{
	if (s->watch ||
	    (s->whole.samples == LEM_COST_SAMPLES &&
		++s->watches < LEM_STREAM_WATCH))
		return;
	s->watch = true;
	s->posted = s->ended = false;
	s->beat_at = 0;
	s->beat_min = UINT32_MAX;
}

/* -------------------------------------------------------------- interval */

void
lem_stream_longer(struct lem *sc, uint16_t itr)
{
	if (!sc->stream.longer)
		sc->tx.stats.bulk++;
	sc->stream.longer = true;
	sc->stream.itr = itr;
	lem_write(sc, E1000_ITR, itr);
}

static void
stream_shorter(struct lem *sc)
{
	if (!sc->stream.longer)
		return;
	sc->stream.longer = false;
	lem_write(sc, E1000_ITR, sc->moderation.itr);
}

void
lem_stream_end(struct lem *sc)
{
	struct lem_stream *s = &sc->stream;

	stream_shorter(sc);
	s->run = 0;
	s->few = s->few_time = 0;
	s->short_packets = s->short_time = 0;
	s->watch = s->ended = false;
}

void
lem_stream_reset(struct lem *sc)
{
	const struct lem_moderation *m = &sc->moderation;
	struct lem_stream *s = &sc->stream;

	lem_stream_end(sc);
	s->need = LEM_BULK_INTERRUPTS;
	s->packets = (uint32_t)sc->tx.stats.packets;
	s->frames = lem_load(&sc->rx.cleaned);
	s->intr_at = s->apart = 0;
	lem_store(&s->icr, 0);
	lem_store(&s->on,
	    m->adaptive && sc->tx.asked == LEM_COMBINE_ON && lem_has_itr(sc) &&
		m->itr != 0 && (m->rdtr | m->radv | m->tidv | m->tadv) == 0 &&
		itr_unit_cycles(sc) != 0);
}

/*
 * The interval, in units of ITR: LEM_STREAM_PARTS times the cost, between the
 * one that was asked for and the longest.  At the rate of these frames no more
 * than a quarter of the receive ring may fill meanwhile; half of it takes twice
 * that rate.  cycles: in which the frames came.
 */
static uint16_t
stream_interval(struct lem *sc, uint32_t frames, uint32_t cycles)
{
	const struct lem_moderation *m = &sc->moderation;
	uint32_t unit = itr_unit_cycles(sc);
	uint32_t longest = m->itr_bulk != 0 ? m->itr_bulk : LEM_STREAM_ITR;
	uint32_t itr, room;

	if (unit == 0)
		return m->itr;	/* the clock is gone */
	itr = interrupt_cost(sc) * LEM_STREAM_PARTS / unit;
	room = cycles / unit;
	if (itr > longest)
		itr = longest;
	if (frames != 0) {
		if (room > FRAMES_TIME_MAX)
			room = FRAMES_TIME_MAX;
		room = room * (sc->rx.count / 4u) / frames;
		if (itr > room)
			itr = room;
	}
	return itr > m->itr ? (uint16_t)itr : m->itr;
}

/* It changes by a quarter, or not at all; a little longer is not longer. */
static void
interval_follow(struct lem *sc, uint16_t itr)
{
	uint32_t was = lem_itr_now(sc), asked = sc->moderation.itr;

	if (itr <= asked + asked / 8u)
		stream_shorter(sc);
	else if (itr > was + was / 4 || itr < was - was / 4)
		lem_stream_longer(sc, itr);
}

/* --------------------------------------------------------------- streams */

/*
 * Does the longer interval pay?  Where each packet waits for the answer to
 * another one, it makes them fewer.  If the rate has been less than half of
 * what it was for LEM_STREAM_CHECK interrupts, the next stream has to last for
 * twice as long before ITR is made longer.  (One such interrupt tells nothing:
 * the CPU may have been away.)
 */
static bool
stream_pays(struct lem_stream *s, uint32_t n, uint32_t cycles)
{
	if (s->lasted < 2 * LEM_STREAM_CHECK)
		s->lasted++;
	else
		s->need = LEM_BULK_INTERRUPTS;
	if (2 * (uint64_t)n * s->short_time >=
	    s->short_packets * (cycles >> 8)) {
		s->looks = 0;
		return true;
	}
	if (++s->looks < LEM_STREAM_CHECK)
		return true;
	if (s->need < LEM_STREAM_BACKOFF)
		s->need *= 2;
	return false;
}

/* An interrupt with many packets. */
static void
stream_follow(struct lem *sc, uint32_t packets, uint32_t frames,
    uint32_t cycles, uint32_t frames_cycles)
{
	uint32_t n = packets > frames ? packets : frames;
	struct lem_stream *s = &sc->stream;

	if (packets >= LEM_BULK_PACKETS)
		watch_begin(s);
	if (s->longer) {
		if (!stream_pays(s, n, cycles)) {
			lem_stream_end(sc);
			return;
		}
	} else {
		/* The first is also of the time before the stream. */
		if (s->run > 0) {
			s->short_packets += n;
			s->short_time += cycles >> 8;
		}
		if (s->run < s->need)
			s->run++;
		s->looks = s->lasted = 0;
	}
	if (s->run == s->need)
		interval_follow(sc, stream_interval(sc, frames, frames_cycles));
}

/*
 * An interrupt with few packets: where it costs as much as some packets, or
 * more, a stream has no others.  Such a stream sends without an answer, and its
 * packets are close together: on average less than LEM_STREAM_CLOSE interrupts
 * cost.  Its interrupts count together, as one with many packets.  Returns
 * false if this is no stream.
 */
static bool
stream_few(struct lem *sc, uint32_t packets, uint32_t cycles)
{
	struct lem_stream *s = &sc->stream;
	uint64_t close =
	    (uint64_t)packets * LEM_STREAM_CLOSE * interrupt_cost(sc);

	if (cycles >= close)
		return false;
	s->few += packets;
	s->few_time += cycles;
	if (s->few < LEM_BULK_PACKETS)
		return true;
	packets = s->few;
	cycles = s->few_time < UINT32_MAX ? (uint32_t)s->few_time : UINT32_MAX;
	s->few = s->few_time = 0;
	stream_follow(sc, packets, 0, cycles, cycles);
	return true;
}

/*
 * What came since the last interrupt?  The frames are those that were read
 * since, which have perhaps come in the time before it: take the shorter time.
 */
void
lem_stream_look(struct lem *sc)
{
	struct lem_stream *s = &sc->stream;
	uint32_t packets, frames, read, cycles, apart;
	uint64_t now = lem_os_cycles(&sc->os);

	cycles = cycles_since(now, s->intr_at);
	packets = (uint32_t)sc->tx.stats.packets - s->packets;
	frames = lem_load(&sc->rx.cleaned) - s->frames;
	s->packets += packets;
	s->frames += frames;
	apart = s->apart;
	s->apart = cycles;
	s->intr_at = now;
	read = lem_load(&s->icr);
	if (read != 0)
		cost_add(&s->read,
		    read < COST_MAX / LEM_ICR_PARTS ? read * LEM_ICR_PARTS :
						      COST_MAX);
	if (s->watch && s->beat_at != 0 && !s->posted) {
		s->before = cycles_since(now, s->beat_at);
		if (s->before > COST_MAX)
			s->before = COST_MAX;
		s->ended = true;
	}
	if (packets >= LEM_BULK_PACKETS || frames >= LEM_BULK_PACKETS)
		stream_follow(sc, packets, frames, cycles,
		    apart < cycles ? apart : cycles);
	else if (frames != 0 || !stream_few(sc, packets, cycles))
		lem_stream_end(sc);
}

/*
 * If many packets follow until the next interrupt, it was only a short pause,
 * and the stream goes on.
 */
void
lem_stream_paused(struct lem *sc)
{
	const struct lem_stream *s = &sc->stream;

	if (s->on &&
	    cycles_since(lem_os_cycles(&sc->os), s->intr_at) >
		sc->moderation.itr * itr_unit_cycles(sc) + interrupt_cost(sc))
		stream_shorter(sc);
}

/*
 * The rule of itr_bulk (struct lem_moderation).  It counts packets since the
 * last transmit interrupt, not those that are deferred now, because a full ring
 * is posted between interrupts.
 */
void
lem_stream_bulk_look(struct lem *sc)
{
	const struct lem_moderation *m = &sc->moderation;
	struct lem_stream *s = &sc->stream;
	uint32_t packets = (uint32_t)sc->tx.stats.packets - s->packets;

	s->packets += packets;
	if (sc->tx.combine == LEM_COMBINE_OFF || packets < LEM_BULK_PACKETS)
		lem_stream_end(sc);
	else if (s->run < LEM_BULK_INTERRUPTS)
		s->run++;
	if (s->run == LEM_BULK_INTERRUPTS && !s->longer)
		lem_stream_longer(sc, m->itr_bulk);
}
