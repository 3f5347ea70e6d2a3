/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What explore.c explores: the machine, what the test adds to it, and all
 * actions: may_x() says whether x() is possible now.
 */
#ifndef PAIR_WORLD_H
#define PAIR_WORLD_H

#include <string.h>

#include "sim.h"
#include "lem_impl.h"
#include "e82540_report.h"
#include "e82540_tx.h"

/*
 * The quantum: a multiple of both timers' units, 1/8 of the guard's period. A
 * window of ITR is two of them.
 */
#define QUANTUM_NS	624640u
#define GUARD_QUANTA	8u
#define ITR_QUANTA(n)	((n) * QUANTUM_NS / E1000_ITR_UNIT_NS)
#define DELAY_QUANTA(n)	((n) * QUANTUM_NS / E1000_DELAY_UNIT_NS)
_Static_assert(QUANTUM_NS % E1000_DELAY_UNIT_NS == 0, "off the grid");
_Static_assert(GUARD_QUANTA *QUANTUM_NS <= SIM_GUARD_NS, "guard too late");

#define RING		8u

struct setting {
	const char *name;
	const char *what;
	bool async;		/* packets leave one by one, or some at once */
	bool split;		/* their report comes later */
	bool lossy;		/* interrupts get lost */
	bool cable;		/* link loss */
	bool stops;		/* stop, start */
	bool resets;		/* reset, start */
	bool sparse;		/* no bursts, no reclaim but by interrupt */
	bool guard;		/* the guard ticks */
	bool masking;
	bool switching;		/* of the mode; else ON */
	bool doorbells;		/* memory for registers comes and goes */
	bool calm;		/* the memory comes only when all is quiet */
	unsigned int hold;	/* quanta: the host holds interrupts, or not */
	unsigned int longer;	/* quanta: the driver's longer ITR, or 0 */
	uint16_t max_segs;
	struct lem_moderation m;
	unsigned int window;	/* quanta: bound of the device's report */
};

/* What the test adds to the machine. */
static struct world {
	uint64_t accepted;	/* packets given to the driver */
	uint64_t seen;		/* the number that the wire sees next */
	const char *failed;	/* what went wrong */
	struct e82540_report report;
	uint32_t cause;		/* ICR as read, not yet dispatched */
	uint32_t age;		/* quanta: since when something is deferred */
	uint32_t guard_left;	/* quanta until it ticks */
	bool reported;		/* `report` is on its way */
	bool sampled;		/* handler: it saw the line asserted */
	bool read;		/* handler: it has read ICR */
	bool masked;
	bool cable;
	uint64_t edge_ns;	/* of the last interrupt */
	unsigned int edges;
	bool open;		/* doorbells are, and perhaps mapped */
	bool hurry;		/* something has waited for a quantum */
} world;

static const struct setting *set;
static struct sim *sim;
static struct lem *sc;
static struct lem_tx_ring *tx;

static void
world_fail(const char *why)
{
	if (world.failed == NULL)
		world.failed = why;
}

static void
wire_take(void *arg, const struct e82540_packet *packet)
{
	uint8_t bytes[60];
	uint64_t id;

	(void)arg;
	if (sim_gather(sim, packet, bytes, sizeof(bytes)) != sizeof(bytes))
		world_fail("a packet of another length");
	memcpy(&id, bytes, sizeof(id));
	if (id != world.seen)
		world_fail("a packet was lost, doubled or out of order");
	world.seen++;
}

static bool
tail_deferred(void)
{
	return tx->next_to_use != tx->tail_posted;
}

/* TDT, as the guest wrote it last. */
static uint16_t
tail_written(void)
{
	uint32_t tail = e82540_index(&sim->dev->tdt);

	if (world.open)
		tail = sim->doorbell[(E1000_TDT - E82540_DOORBELL_OFFSET) / 4];
	return (uint16_t)tail;
}

/* Does the device have packets that it may send, or other work? */
static bool
device_busy(void)
{
	return (sim->dev->tx.open &&
		   e82540_index(&sim->dev->tdh) != tail_written()) ||
	    (world.open && e82540_doorbell_rung(sim->dev) & E82540_RUNG_TX);
}

/* Can only the clock or the sender make anything happen now? */
static bool
world_quiet(void)
{
	return !device_busy() && !sim->kicked && !world.reported &&
	    !sim->line && !world.sampled && !world.read && !world.masked;
}

/* ---------------------------------------------------------------- actions */

static bool
can_send(unsigned int more)
{
	return sc->running && sc->link.up && lem_tx_free(tx) >= 2 + more;
}

static bool
may_send_one(void)
{
	return can_send(0);
}

static void
send_one(void)
{
	if (sim_send_id(sim, world.accepted) < 0)
		world_fail("encap refused a packet that has room");
	world.accepted++;
	lem_tx_doorbell(sc);
}

static bool
may_send_two(void)
{
	return !set->sparse && can_send(1);
}

static void
send_two(void)
{
	if (sim_send_id(sim, world.accepted) < 0)
		world_fail("encap refused a packet that has room");
	world.accepted++;
	send_one();
}

static bool
may_send_large(void)
{
	return set->max_segs == 2 && can_send(1);
}

/* Two segments, and a checksum: a context if the device has another. */
static void
send_large(void)
{
	uint8_t *slot = sim->tx_data + (size_t)tx->next_to_use * SIM_TX_SLOT;
	const struct lem_tx_seg seg[2] = {
		{ sim_pa(sim, slot), 34 },
		{ sim_pa(sim, slot + 34), 26 },
	};
	const struct lem_tx_pkt pkt = {
		.seg = seg,
		.segs = 2,
		.flags = LEM_TX_UDP_CSUM,
		.l2_len = 14,
		/* Two contexts in turn: the driver loads both. */
		.l3_len = world.accepted & 1 ? 20 : 24,
	};

	memcpy(slot, &world.accepted, sizeof(world.accepted));
	if (lem_tx_encap(sc, &pkt) < 0)
		world_fail("encap refused a packet that has room");
	world.accepted++;
	lem_tx_doorbell(sc);
}

static bool
may_make_room(void)
{
	return !set->sparse && sc->running && lem_tx_low(tx);
}

static void
make_room(void)
{
	(void)lem_tx_make_room(sc);
}

static bool
may_reclaim_done(void)
{
	return !set->sparse && sc->running && tx->rs_head != tx->rs_posted;
}

static void
reclaim_done(void)
{
	(void)lem_tx_reclaim(sc);
}

/* The data path's half of e82540_transmit(). */
static void
transmit_split(void)
{
	atomic_store(&sim->dev->kicked, false);
	sim->dev->tx.blocked = false;
	e82540_report_init(sim->dev, &world.report);
	(void)e82540_tx_run(sim->dev, &world.report);
	world.reported = true;
}

static void
transmit_batch(unsigned int room)
{
	sim->kicked = false;
	sim->room = room;
	if (set->split) {
		transmit_split();
	} else {
		if (sim->dev->tx.blocked)
			e82540_tx_resume(sim->dev, sim_now(sim));
		sim->kicked = false;
		(void)e82540_transmit(sim->dev, sim_now(sim));
	}
	sim->room = 0;
}

static bool
may_transmit_one(void)
{
	return set->async && !world.reported && (device_busy() || sim->kicked);
}

static void
transmit_one(void)
{
	transmit_batch(1);
}

static bool
may_transmit_all(void)
{
	return may_transmit_one() && device_busy();
}

static void
transmit_all(void)
{
	transmit_batch(UINT_MAX);
}

static bool
may_post_report(void)
{
	return world.reported;
}

/* The other half: e82540_run() stands for what transmit() does on leaving. */
static void
post_report(void)
{
	e82540_report_post(sim->dev, &world.report);
	memset(&world.report, 0, sizeof(world.report));
	world.reported = false;
	e82540_run(sim->dev, sim_now(sim));
}

static bool
may_sample_line(void)
{
	return sim->line && !world.sampled;
}

static void
sample_line(void)
{
	world.sampled = true;
}

static bool
may_read_icr(void)
{
	return world.sampled;
}

static void
read_icr(void)
{
	world.cause |= lem_intr_cause(sc);
	world.sampled = false;
	world.read = true;
}

static bool
may_dispatch_cause(void)
{
	return world.read;
}

static void
dispatch_cause(void)
{
	unsigned int work = lem_intr_dispatch(sc, world.cause);

	world.cause = 0;
	world.read = false;
	if (work & LEM_WORK_LINK && sc->running) {
		(void)lem_link_update(sc);
		if (!sc->link.up)
			lem_tx_flush(sc);
	}
}

static bool
may_lose_interrupt(void)
{
	return set->lossy && e82540_reg(sim->dev, E1000_ICR) != 0;
}

/* A stray read of ICR: the handler does not see the causes that it clears. */
static void
lose_interrupt(void)
{
	(void)lem_intr_cause(sc);
}

/*
 * If the line has risen, only its handler may mask it.  If others did, the
 * interrupt would come a window later (ITR counts from the last rise); and as
 * they could do it again and again, its delay would have no bound.
 */
static bool
may_mask_line(void)
{
	return set->masking && sc->running && !world.masked &&
	    (!sim->line || world.sampled);
}

static void
mask_line(void)
{
	lem_intr_disable(sc);
	world.masked = true;
}

static bool
may_unmask_line(void)
{
	return sc->running && world.masked;
}

static void
unmask_line(void)
{
	lem_intr_enable(sc);
	world.masked = false;
}

static bool
may_switch_mode(enum lem_combine to)
{
	return set->switching && sc->running && tx->combine != to;
}

static bool
may_combine_off(void)
{
	return may_switch_mode(LEM_COMBINE_OFF);
}

static void
combine_off(void)
{
	(void)lem_tx_combine_set(sc, LEM_COMBINE_OFF);
}

static bool
may_combine_on(void)
{
	return may_switch_mode(LEM_COMBINE_ON);
}

static void
combine_on(void)
{
	(void)lem_tx_combine_set(sc, LEM_COMBINE_ON);
}

static bool
may_combine_original(void)
{
	return may_switch_mode(LEM_COMBINE_ORIGINAL);
}

static void
combine_original(void)
{
	(void)lem_tx_combine_set(sc, LEM_COMBINE_ORIGINAL);
}

static bool
may_open_doorbells(void)
{
	return set->doorbells && !world.open && (!set->calm || world_quiet());
}

static void
open_doorbells(void)
{
	if (e82540_doorbell_open(sim->dev, sim_now(sim), sim->doorbell) != 0)
		world_fail("e82540_doorbell_open() fails");
	world.open = true;
}

static bool
may_map_doorbells(void)
{
	return world.open && !sim->mapped;
}

static void
map_doorbells(void)
{
	sim_doorbell_map(sim, true);
}

static bool
may_unmap_doorbells(void)
{
	return sim->mapped;
}

static void
unmap_doorbells(void)
{
	sim_doorbell_map(sim, false);
}

static void
close_doorbells(void)
{
	e82540_doorbell_close(sim->dev, sim_now(sim));
	world.open = false;
	/* What is left there has no effect: clear it, to have fewer states. */
	memset(sim->doorbell, 0, E82540_DOORBELL_BYTES);
	memset(sim->dev->doorbell.seen, 0, sizeof(sim->dev->doorbell.seen));
}

/* The host holds interrupts, lets one go, or ends it: at any moment. */
static bool
may_hold(void)
{
	return set->hold > 0 && sim->dev->intr.hold_ns == 0;
}

static void
hold(void)
{
	e82540_moderation_hold(sim->dev, sim_now(sim),
	    set->hold * (uint64_t)QUANTUM_NS);
}

static bool
may_hold_end(void)
{
	return sim->dev->intr.hold_ns != 0;
}

static void
hold_end(void)
{
	e82540_moderation_hold(sim->dev, sim_now(sim), 0);
}

static bool
may_release(void)
{
	return e82540_moderation_held(sim->dev) != 0;
}

static void
release(void)
{
	e82540_moderation_release(sim->dev, sim_now(sim));
}

/*
 * The driver's rule for streams, at any moment, whatever it has learned: all
 * that adaptive moderation can do is among it.
 */
static bool
may_longer_itr(void)
{
	return set->longer > 0 && sc->running && !sc->stream.longer;
}

static void
longer_itr(void)
{
	lem_stream_longer(sc, ITR_QUANTA(set->longer));
}

static bool
may_asked_itr(void)
{
	return sc->running && sc->stream.longer;
}

static void
asked_itr(void)
{
	lem_stream_end(sc);
}

/* A link that came up stays until all is quiet: else there is no bound. */
static bool
may_switch_cable(void)
{
	return set->cable && (!world.cable || world_quiet());
}

static void
switch_cable(void)
{
	world.cable = !world.cable;
	e82540_link_set(sim->dev, sim_now(sim), world.cable);
}

static bool
may_stop_driver(void)
{
	return set->stops && sc->running;
}

/* What was accepted and not sent is dropped: lem_stop()'s rule. */
static void
driver_stopped(void)
{
	world.seen = world.accepted;
	world.masked = false;
	world.guard_left = GUARD_QUANTA;
}

static void
stop_driver(void)
{
	lem_stop(sc);
	driver_stopped();
}

static void
reset_driver(void)
{
	if (lem_reset(sc) != 0)
		world_fail("reset failed");
	driver_stopped();
}

static bool
may_reset_driver(void)
{
	return set->resets;
}

static bool
may_start_driver(void)
{
	return !sc->running;
}

static void
start_driver(void)
{
	if (lem_start(sc) != 0)
		world_fail("start failed");
	lem_intr_enable(sc);
}

static bool
may_tick_guard(void)
{
	return set->guard && sc->running && world.guard_left == 0;
}

static void
tick_guard(void)
{
	uint64_t before = tx->stats.guard_flushes;
	bool due = tail_deferred() && tx->guard_mark == tx->stats.doorbells;

	(void)lem_tx_guard(sc);
	if (tx->stats.guard_flushes != before + due || (due && tail_deferred()))
		world_fail("the guard did not flush, or did not count");
	world.guard_left = GUARD_QUANTA;
	if (due && !set->lossy)
		world_fail("the guard fired with a conforming device");
}

static bool
may_pass_time(void)
{
	return (!world.hurry || world_quiet()) && !may_tick_guard();
}

static void
pass_time(void)
{
	world.hurry = !world_quiet();
	if (set->guard && sc->running)
		world.guard_left--;
	if (tail_deferred())
		world.age++;
	sim_advance(sim, QUANTUM_NS);
}

static const struct action {
	const char *name;
	bool (*may)(void);
	void (*take)(void);
} actions[] = {
	{ "send", may_send_one, send_one },
	{ "send two", may_send_two, send_two },
	{ "send large", may_send_large, send_large },
	{ "make room", may_make_room, make_room },
	{ "reclaim", may_reclaim_done, reclaim_done },
	{ "device: one packet", may_transmit_one, transmit_one },
	{ "device: all packets", may_transmit_all, transmit_all },
	{ "device: report", may_post_report, post_report },
	{ "line sampled", may_sample_line, sample_line },
	{ "ICR read", may_read_icr, read_icr },
	{ "dispatch", may_dispatch_cause, dispatch_cause },
	{ "interrupt lost", may_lose_interrupt, lose_interrupt },
	{ "mask", may_mask_line, mask_line },
	{ "unmask", may_unmask_line, unmask_line },
	{ "mode OFF", may_combine_off, combine_off },
	{ "mode ON", may_combine_on, combine_on },
	{ "mode ORIGINAL", may_combine_original, combine_original },
	{ "doorbells: open", may_open_doorbells, open_doorbells },
	{ "doorbells: map", may_map_doorbells, map_doorbells },
	{ "doorbells: unmap", may_unmap_doorbells, unmap_doorbells },
	{ "doorbells: close", may_map_doorbells, close_doorbells },
	{ "hold", may_hold, hold },
	{ "hold: end", may_hold_end, hold_end },
	{ "hold: release", may_release, release },
	{ "ITR: longer", may_longer_itr, longer_itr },
	{ "ITR: as asked", may_asked_itr, asked_itr },
	{ "cable", may_switch_cable, switch_cable },
	{ "stop", may_stop_driver, stop_driver },
	{ "reset", may_reset_driver, reset_driver },
	{ "start", may_start_driver, start_driver },
	{ "guard", may_tick_guard, tick_guard },
	{ "time", may_pass_time, pass_time },
};
#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

#endif
