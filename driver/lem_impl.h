/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the core share among themselves.  A port does not include
 * this: what it may call is in lem.h.
 */
#ifndef LEM_IMPL_H
#define LEM_IMPL_H

#include "lem.h"

/* A wait of this many microseconds or more sleeps: lem_wait(). */
#define LEM_SPIN_US	100u

/*
 * lem_load, lem_store: access to a member that calls of several lock groups
 * share (lem.h: gone, link.up, vlan, dispatches, rx.cleaned, stream.on,
 * stream.icr).  It is atomic, but orders nothing else.  Builtins, because
 * FreeBSD's kernel has no <stdatomic.h>.
 */
#define lem_load(member) __atomic_load_n(member, __ATOMIC_RELAXED)
#define lem_store(member, value)					\
	__atomic_store_n(member, value, __ATOMIC_RELAXED)

static inline uint32_t
lem_read(struct lem *sc, uint32_t reg)
{
	return lem_os_read32(&sc->os, reg);
}

static inline void
lem_write(struct lem *sc, uint32_t reg, uint32_t value)
{
	lem_os_write32(&sc->os, reg, value);
}

/*
 * lem_push: make the device act on the writes so far.  KVM may hold back writes
 * to most registers until something is read (see struct lem_rx_ring).
 */
static inline void
lem_push(struct lem *sc)
{
	(void)lem_read(sc, E1000_STATUS);
}

/*
 * lem_desc_status: read a descriptor's status byte, and only after it the rest
 * of the descriptor and the data: the device writes these first, and DD last.
 * The barrier keeps the order towards a device; the load is atomic and acquires
 * because in the sim port the device is another thread, which stores DD with
 * release.  On x86 both together are a plain load.
 */
static inline uint8_t
lem_desc_status(const uint8_t *status)
{
	uint8_t value = __atomic_load_n(status, __ATOMIC_ACQUIRE);

	lem_os_rmb();
	return value;
}

/* --- lem_main.c --- */

/* lem_check_present: 0, or -ENODEV when STATUS reads all ones. */
int lem_check_present(struct lem *sc);

/*
 * lem_wait: poll until (register & mask) == want, for about timeout_us.  May
 * sleep, but not in the first LEM_SPIN_US.
 * Returns 0, -ETIMEDOUT, or -ENODEV when the register reads all ones.
 */
int lem_wait(struct lem *sc, uint32_t reg, uint32_t mask, uint32_t want,
    unsigned int timeout_us);

/* --- lem_txrx.c --- */

/* lem_tx_low_set: combining or the ring is new: when is the ring low? */
void lem_tx_low_set(struct lem_tx_ring *r);

/* --- lem_intr.c --- */

/*
 * lem_intr_tx_set: unmask or mask the transmit causes alone.  While they are
 * masked the caller defers nothing (tx.combine is LEM_COMBINE_OFF).  A cause
 * that comes meanwhile interrupts when they are unmasked.  Locks: tx.
 */
void lem_intr_tx_set(struct lem *sc, bool enable);

/* --- lem_stream.c; Locks: tx, of each --- */

/*
 * lem_stream_reset: moderation or combining was set anew.  Nothing is a stream
 * yet; ITR is moderation.itr again.
 */
void lem_stream_reset(struct lem *sc);

/* lem_stream_interrupt, lem_stream_done: a dispatch begins; it is done. */
void lem_stream_look(struct lem *sc);

static inline void
lem_stream_interrupt(struct lem *sc)
{
	if (sc->stream.on)
		lem_stream_look(sc);
}

static inline void
lem_stream_done(struct lem *sc)
{
	if (!sc->stream.ended)
		return;
	sc->stream.done_at = lem_os_cycles(&sc->os);
	sc->stream.posted = false;
}

/* lem_stream_bulk: at each transmit interrupt: the rule of itr_bulk. */
void lem_stream_bulk_look(struct lem *sc);

static inline void
lem_stream_bulk(struct lem *sc)
{
	const struct lem_moderation *m = &sc->moderation;

	if (!sc->stream.on && m->itr_bulk > m->itr)
		lem_stream_bulk_look(sc);
}

/* lem_stream_paused: ITR is short again if the stream has paused. */
void lem_stream_paused(struct lem *sc);

/*
 * lem_stream_post: call it before each write of TDT.  A packet that goes out
 * with no interrupt pending, and later than one would have come by the interval
 * that was asked for: the stream has paused, and the answer must not wait for
 * the longer interval.
 */
static inline void
lem_stream_post(struct lem *sc)
{
	/* A write that does not exit takes no time: see tx_write_tail(). */
	if (!sc->tx.cheap)
		sc->stream.posted = true;
	if (sc->stream.longer && !sc->tx.int_pending)
		lem_stream_paused(sc);
}

/* lem_stream_longer: ITR becomes itr, which is longer; lem_stream_end: not. */
void lem_stream_longer(struct lem *sc, uint16_t itr);
void lem_stream_end(struct lem *sc);

/* --- lem_moderate.c --- */

/* lem_moderation_write: what lem_start() needs of lem_moderation_set(). */
void lem_moderation_write(struct lem *sc);

/*
 * lem_lone_end: packets are no longer lone; combining is as the port asked.  It
 * accesses no register: the caller unmasks transmit interrupts.
 */
void lem_lone_end(struct lem_tx_ring *r);

#endif
