/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Send combining, exhaustively: every interleaving of a sender, the device, an
 * interrupt handler, the guard, masking, mode switches, link loss, stop, start
 * and reset, doorbells as memory that comes and goes, on a ring of 8
 * descriptors, the real driver against the real model.
 *
 * A state is all memory of driver, device and guest, and the little that the
 * test adds (struct world).  From each state the test takes each possible
 * action.  It does not enter a state again that it has seen, by a 64-bit hash;
 * among n states there is an unnoticed collision with probability n^2 / 2^65.
 * Clocks are hashed relative to now, packet numbers relative to the wire's,
 * statistics not at all: so the number of states is finite, and the test visits
 * them all.
 *
 * Time moves in quanta.  One thing (packets, an interrupt, a masked line) may
 * stay unfinished for one quantum, not for a second; the bounds below allow for
 * that.  The guard ticks when its time has come.
 *
 * In every state:
 *   - the wire has seen packets 0, 1, 2 and so on, except those that a stop
 *     dropped;
 *   - what is deferred waits for an interrupt, with combining on, in a ring
 *     that is not full, and not longer than the bound;
 *   - if from here on nothing is sent, all packets reach the wire within the
 *     moderation window by interrupts alone, without the guard;
 *   - where the host holds interrupts, that window is the longer of ITR and the
 *     host's, though the host may forget the cause that it holds; and no
 *     interrupt comes earlier than ITR;
 *   - where the driver makes ITR longer, at any moment, that window is the
 *     longer one;
 *   - where interrupts get lost ("lossy"), the guard takes their place within
 *     two ticks, and counts; elsewhere it never fires.
 *
 * usage: explore [-v] [setting ...]
 * Prints figures.  After a violation it prints the shortest way to it; the exit
 * status is 1.
 */
#include <time.h>

#include "search.h"
#include "world.h"

#define STATES_MAX	40000000u

#define ITR2		.m = { .itr = ITR_QUANTA(2) }, .window = 2
#define DELAYS \
	.m = { .itr = ITR_QUANTA(1), \
		.tidv = DELAY_QUANTA(1), \
		.tadv = DELAY_QUANTA(2) }, \
	.window = 3

static const struct setting settings[] = {
	{ .name = "sync",
	    .what = "transmits inside the write of TDT",
	    .guard = true,
	    .masking = true,
	    .max_segs = 1,
	    ITR2 },
	{ .name = "sync-modes",
	    .what = "inside the write of TDT; with mode switches",
	    .switching = true,
	    .masking = true,
	    .max_segs = 1,
	    ITR2 },
	{ .name = "sync-faults",
	    .what = "inside the write of TDT; with link loss, stop, reset",
	    .cable = true,
	    .stops = true,
	    .resets = true,
	    .max_segs = 1,
	    ITR2 },
	{ .name = "sync-lossy",
	    .what = "inside the write of TDT; with lost interrupts",
	    .lossy = true,
	    .guard = true,
	    .masking = true,
	    .max_segs = 1,
	    ITR2 },
	{ .name = "async",
	    .what = "transmits packet by packet",
	    .async = true,
	    .guard = true,
	    .max_segs = 1,
	    ITR2 },
	{ .name = "async-modes",
	    .what = "packet by packet; with mode switches, masking",
	    .async = true,
	    .masking = true,
	    .switching = true,
	    .max_segs = 1,
	    ITR2 },
	{ .name = "async-link",
	    .what = "packet by packet; with link loss",
	    .async = true,
	    .cable = true,
	    .guard = true,
	    .sparse = true,
	    .max_segs = 1,
	    ITR2 },
	{ .name = "async-stop",
	    .what = "packet by packet; stop, start, reset",
	    .async = true,
	    .stops = true,
	    .resets = true,
	    .sparse = true,
	    .max_segs = 1,
	    ITR2 },
	{ .name = "async-lossy",
	    .what = "packet by packet; with lost interrupts",
	    .async = true,
	    .lossy = true,
	    .guard = true,
	    .max_segs = 1,
	    ITR2 },
	{ .name = "split",
	    .what = "write-back now, report later",
	    .async = true,
	    .split = true,
	    .max_segs = 1,
	    ITR2 },
	{ .name = "split-stop",
	    .what = "write-back now, report later; stops",
	    .async = true,
	    .split = true,
	    .stops = true,
	    .sparse = true,
	    .max_segs = 1,
	    ITR2 },
	{ .name = "delays",
	    .what = "packet by packet; TIDV, TADV and ITR",
	    .async = true,
	    .max_segs = 1,
	    DELAYS },
	{ .name = "doorbells",
	    .what = "TDT becomes memory, and back",
	    .async = true,
	    .doorbells = true,
	    .sparse = true,
	    .max_segs = 1,
	    ITR2 },
	{ .name = "doorbells-stop",
	    .what = "TDT becomes memory, and back; stop, reset",
	    .async = true,
	    .doorbells = true,
	    .calm = true,
	    .stops = true,
	    .resets = true,
	    .sparse = true,
	    .max_segs = 1,
	    ITR2 },
	{ .name = "doorbells-off",
	    .what = "TDT becomes memory, and back; mode switches",
	    .async = true,
	    .doorbells = true,
	    .calm = true,
	    .switching = true,
	    .sparse = true,
	    .max_segs = 1,
	    ITR2 },
	{ .name = "hold",
	    .what = "packet by packet; the host holds interrupts",
	    .async = true,
	    .guard = true,
	    .hold = 3,
	    .max_segs = 1,
	    .m = { .itr = ITR_QUANTA(2) },
	    .window = 3 },
	{ .name = "hold-modes",
	    .what = "the host holds interrupts; mode switches, masking",
	    .async = true,
	    .masking = true,
	    .switching = true,
	    .sparse = true,
	    .hold = 3,
	    .max_segs = 1,
	    .m = { .itr = ITR_QUANTA(2) },
	    .window = 3 },
	{ .name = "hold-stop",
	    .what = "the host holds interrupts; stop, start, reset",
	    .stops = true,
	    .resets = true,
	    .sparse = true,
	    .hold = 3,
	    .max_segs = 1,
	    .m = { .itr = ITR_QUANTA(2) },
	    .window = 3 },
	{ .name = "hold-delays",
	    .what = "the host holds interrupts; TIDV, TADV and ITR",
	    .async = true,
	    .sparse = true,
	    .hold = 3,
	    .max_segs = 1,
	    .m = { .itr = ITR_QUANTA(1),
		.tidv = DELAY_QUANTA(1),
		.tadv = DELAY_QUANTA(2) },
	    .window = 5 },
	{ .name = "stream",
	    .what = "packet by packet; the driver makes ITR longer",
	    .async = true,
	    .guard = true,
	    .longer = 3,
	    .max_segs = 1,
	    .m = { .itr = ITR_QUANTA(1) },
	    .window = 3 },
	{ .name = "stream-modes",
	    .what = "the driver makes ITR longer; mode switches, masking",
	    .async = true,
	    .masking = true,
	    .switching = true,
	    .sparse = true,
	    .longer = 3,
	    .max_segs = 1,
	    .m = { .itr = ITR_QUANTA(1) },
	    .window = 3 },
	{ .name = "stream-stop",
	    .what = "the driver makes ITR longer; stop, start, reset",
	    .stops = true,
	    .resets = true,
	    .longer = 3,
	    .max_segs = 1,
	    .m = { .itr = ITR_QUANTA(1) },
	    .window = 3 },
	{ .name = "stream-lossy",
	    .what = "the driver makes ITR longer; lost interrupts",
	    .lossy = true,
	    .guard = true,
	    .masking = true,
	    .longer = 3,
	    .max_segs = 1,
	    .m = { .itr = ITR_QUANTA(1) },
	    .window = 3 },
	{ .name = "context",
	    .what = "packets of up to three descriptors",
	    .async = true,
	    .max_segs = 2,
	    ITR2 },
};

static uint64_t taken[ACTIONS];

/* -------------------------------------------------------------- properties */

static uint16_t
ring_behind(uint16_t from, uint16_t to)
{
	return (uint16_t)((to + RING - from) % RING);
}

static void
check_deferral(void)
{
	unsigned int bound = set->lossy ? 2 * GUARD_QUANTA : set->window + 4;

	if (!tail_deferred())
		return;
	if (!tx->int_pending)
		world_fail("deferred, and no interrupt is pending");
	if (tx->combine == LEM_COMBINE_OFF)
		world_fail("deferred without combining");
	if (lem_tx_free(tx) < tx->reserve)
		world_fail("deferred in a full ring");
	if (world.age > bound)
		world_fail("a packet waits longer than its bound");
}

/* The host can only make interrupts later. */
static void
check_itr(void)
{
	uint64_t itr_ns = set->m.itr * (uint64_t)E1000_ITR_UNIT_NS;

	if (sim->edges != world.edges && sim->edge_ns - world.edge_ns < itr_ns)
		world_fail("an interrupt earlier than ITR");
	world.edge_ns = sim->edge_ns;
	world.edges = sim->edges;
}

static void
check_state(void)
{
	const struct e82540_counters *c = &sim->dev->counters;
	uint16_t clean = tx->next_to_clean;

	if (!tail_deferred() || !sc->running)
		world.age = 0;
	if (world_quiet())
		world.hurry = false;
	if (sim->violations != 0)
		world_fail("the model broke the contract of its host");
	if (c->bad_access + c->bad_ring + c->bad_address + c->bad_descriptor)
		world_fail("the model counted something bad");
	if (set->hold > 0 && !set->resets)
		check_itr();
	if (sc->gone)
		world_fail("the device is gone");
	if (!sc->running)
		return;
	if (ring_behind(clean, tx->tail_posted) >
	    ring_behind(clean, tx->next_to_use))
		world_fail("clean <= posted <= use does not hold");
	if (tail_written() != tx->tail_posted)
		world_fail("tail_posted is not TDT");
	if (ring_behind(clean, e82540_index(&sim->dev->tdh)) >
	    ring_behind(clean, tx->tail_posted))
		world_fail("reclaimed what the device had not sent");
	check_deferral();
}

/* An honest host: everything that can be done at this instant is done. */
static void
run_until_quiet(void)
{
	unsigned int i;

	for (i = 0; i < 100 && !world_quiet(); i++) {
		if (world.reported)
			post_report();
		while (may_transmit_one()) {
			transmit_all();
			if (world.reported)
				post_report();
		}
		if (may_sample_line())
			sample_line();
		if (world.sampled)
			read_icr();
		if (world.read)
			dispatch_cause();
		if (may_unmask_line())
			unmask_line();
	}
	if (!world_quiet())
		world_fail("the machine does not come to rest");
}

/*
 * From here on nothing is sent: does all that was accepted reach the wire in
 * time, and (but where interrupts get lost) without the guard?
 */
static void
check_progress(void)
{
	unsigned int left = set->lossy ? 2 * GUARD_QUANTA : set->window;

	if (!sc->running)
		return;
	if (!world.cable)
		switch_cable();
	for (run_until_quiet(); world.seen != world.accepted;
	     run_until_quiet()) {
		if (left-- == 0) {
			world_fail("packets wait for good");
			return;
		}
		if (set->lossy && may_tick_guard()) {
			tick_guard();
			run_until_quiet();
		}
		if (set->guard && world.guard_left > 0)
			world.guard_left--;
		sim_advance(sim, QUANTUM_NS);
		if (set->lossy && may_tick_guard())
			tick_guard();
	}
}

/* ----------------------------------------------------------------- states */

static struct image image;

/* A time relative to now; 0 if it is past. */
static uint64_t
time_relative(uint64_t at_ns)
{
	uint64_t now_ns = sim_now(sim);

	if (at_ns == E82540_NEVER)
		return at_ns;
	return at_ns > now_ns ? at_ns - now_ns : 0;
}

/* What is left of ITR's window, or of the host's or the driver's longer one. */
static uint64_t
window_left(void)
{
	const struct e82540_intr *intr = &sim->dev->intr;
	uint64_t ns = set->m.itr * (uint64_t)E1000_ITR_UNIT_NS;

	if (ns < set->hold * (uint64_t)QUANTUM_NS)
		ns = set->hold * (uint64_t)QUANTUM_NS;
	if (ns < set->longer * (uint64_t)QUANTUM_NS)
		ns = set->longer * (uint64_t)QUANTUM_NS;
	return intr->fired ? time_relative(intr->last_ns + ns) : 0;
}

/*
 * The transmit ring, as far as it matters from now on: the report of
 * descriptors that are done; everything of those to come except the address,
 * which depends on the slot.  Of reports (RS) the oldest first.
 */
static uint64_t
ring_hash(uint64_t h)
{
	uint16_t i, head = (uint16_t)e82540_index(&sim->dev->tdh);
	uint16_t done = ring_behind(tx->next_to_clean, head);

	for (i = tx->next_to_clean; i != tx->next_to_use; i = (i + 1) % RING)
		h = image_mix(h,
		    ring_behind(tx->next_to_clean, i) < done ?
			tx->desc[i].legacy.status :
			tx->desc[i].qword[1]);
	for (i = tx->rs_head; i != tx->rs_tail; i = (i + 1) % RING)
		h = image_mix(h, tx->rsq[i]);
	h = image_mix(h, ring_behind(tx->rs_head, tx->rs_posted));
	return image_mix(h, ring_behind(tx->rs_head, tx->rs_tail));
}

static uint64_t
world_hash(uint64_t h)
{
	const struct e82540_report *report = &world.report;
	uint64_t fresh = report->epoch == sim->dev->epoch;

	h = image_mix(h, world.accepted - world.seen);
	h = image_mix(h, set->max_segs == 2 ? world.accepted & 1 : 0);
	h = image_mix(h,
	    world.reported ? report->icr |
		    (uint64_t)report->txdw_delayed << 32 | fresh << 33 :
			     UINT64_MAX);
	h = image_mix(h,
	    (uint64_t)world.cause << 32 | world.age << 16 | world.guard_left);
	return image_mix(h,
	    world.sampled | world.read << 1 | world.masked << 2 |
		world.cable << 3 | world.hurry << 4);
}

static uint64_t
state_hash(void)
{
	uint64_t h = world_hash(ring_hash(image_hash(&image)));
	unsigned int i;

	for (i = 0; i < E82540_DUES; i++)
		h = image_mix(h, time_relative(sim->dev->deadline[i]));
	h = image_mix(h, time_relative(sim->dev->armed));
	h = image_mix(h, time_relative(sim->timer_ns));
	h = image_mix(h, window_left());
	h = image_mix(h, sc->stream.longer);
	h = image_mix(h, tx->guard_mark == tx->stats.doorbells);
	return image_mix(image_mix(h, 1), 2) | 1;
}

/* Skip clocks, counts, and what state_hash() hashes in its own way. */
static void
skip_all(void)
{
	struct e82540 *dev = sim->dev;
	uint32_t *stat = &dev->reg[E1000_CRCERRS / 4];

	image_skip(&image, &world, sizeof(world));
	image_skip(&image, &sim->now_ns, sizeof(sim->now_ns));
	image_skip(&image, &sim->timer_ns, sizeof(sim->timer_ns));
	image_skip(&image, &sim->edges, sizeof(sim->edges));
	image_skip(&image, &sim->edge_ns, sizeof(sim->edge_ns));
	image_skip(&image, &sc->dispatches, sizeof(sc->dispatches));
	image_skip(&image, &sc->os.cycles, sizeof(sc->os.cycles));
	image_skip(&image, &sc->stream, sizeof(sc->stream));
	image_skip(&image, &sc->rx.stats, sizeof(sc->rx.stats));
	image_skip(&image, &tx->stats, sizeof(tx->stats));
	image_skip(&image, &tx->guard_mark, sizeof(tx->guard_mark));
	image_skip(&image, &tx->rs_head, sizeof(tx->rs_head));
	image_skip(&image, &tx->rs_posted, sizeof(tx->rs_posted));
	image_skip(&image, &tx->rs_tail, sizeof(tx->rs_tail));
	image_skip(&image, &tx->unposted, sizeof(tx->unposted));
	image_skip(&image, sim->tx, RING * sizeof(*sim->tx));
	image_skip(&image, sim->rsq, RING * sizeof(*sim->rsq));
	image_skip(&image, sim->tx_data, sim->config.tx_data_bytes);
	image_skip(&image, &dev->now_ns, sizeof(dev->now_ns));
	image_skip(&image, dev->deadline, sizeof(dev->deadline));
	image_skip(&image, &dev->armed, sizeof(dev->armed));
	image_skip(&image, &dev->epoch, sizeof(dev->epoch));
	image_skip(&image, &dev->intr.last_ns, sizeof(dev->intr.last_ns));
	image_skip(&image, &dev->counters, sizeof(dev->counters));
	image_skip(&image, dev->total, sizeof(dev->total));
	image_skip(&image, stat, E82540_STATS * sizeof(*stat));
	image_skip(&image, &dev->tx.hint, sizeof(dev->tx.hint));
	image_skip(&image, &dev->tx.ring_hint, sizeof(dev->tx.ring_hint));
}

static void
machine_new(void)
{
	const struct sim_config config = {
		.chip = E82540_82540EM,
		.async = set->async,
		.doorbells = set->doorbells,
		.tx_count = RING,
		.rx_count = 8,
		.max_segs = set->max_segs,
		.buf_bytes = 256,
		.tx_data_bytes = RING * SIM_TX_SLOT,
		.quantum_ns = QUANTUM_NS,
	};
	uint8_t *after;

	memset(&world, 0, sizeof(world));
	world.cable = true;
	world.guard_left = GUARD_QUANTA;
	sim = sim_new(&config);
	if (sim == NULL)
		abort();
	sc = &sim->sc;
	tx = &sc->tx;
	sim->wire = wire_take;
	if (sim_up(sim) != 0 || lem_moderation_set(sc, &set->m) != 0 ||
	    lem_tx_combine_set(sc, LEM_COMBINE_ON) != 0)
		abort();
	if (set->async)
		sim->room = 0;
	run_until_quiet();
	sim_advance(sim, 100 * (uint64_t)QUANTUM_NS);
	run_until_quiet();
	check_state();
	memset(&image, 0, sizeof(image));
	image_add(&image, sim, sizeof(*sim));
	image_add(&image, &world, sizeof(world));
	image_add(&image, sim->ram, sim->ram_bytes);
	image_add(&image, sim->doorbell, E82540_DOORBELL_BYTES);
	/* Not what means nothing between two runs, and not the FIFO. */
	image_add(&image, sim->dev, offsetof(struct e82540, tx.batch));
	after = (uint8_t *)(&sim->dev->tx.batch + 1);
	image_add(&image, after, (size_t)(sim->dev->rx.fifo - after));
	skip_all();
}

static void
machine_free(void)
{
	image_free(&image);
	sim_free(sim);
}

/* ------------------------------------------------------------- the search */

static struct search search;

static void
print_state(const char *what)
{
	printf("  %-20s %8.3f ms  clean %u posted %u use %u%s  TDH %u  ICR "
	       "%#x%s%s  accepted %llu sent %llu\n",
	    what, (double)sim_now(sim) / 1e6, tx->next_to_clean,
	    tx->tail_posted, tx->next_to_use, tx->int_pending ? " pending" : "",
	    e82540_index(&sim->dev->tdh), e82540_reg(sim->dev, E1000_ICR),
	    sim->line ? " line" : "", world.masked ? " masked" : "",
	    (unsigned long long)world.accepted, (unsigned long long)world.seen);
}

/* Print the way to state n, and the action that then led to the violation. */
static void
print_way(uint32_t n, unsigned int last)
{
	uint8_t way[4096];
	unsigned int steps = 0;

	printf("%s: %s:\n", set->name, world.failed);
	for (way[steps++] = (uint8_t)last; n != 0 && steps < sizeof(way);
	     n = search.parent[n])
		way[steps++] = search.by[n];
	image_base(&image);
	print_state("");
	while (steps-- > 0) {
		actions[way[steps]].take();
		check_state();
		print_state(actions[way[steps]].name);
	}
	if (world.failed == NULL) {
		check_progress();
		print_state("then nothing sent");
	}
	printf("  %s\n", world.failed != NULL ? world.failed : "?");
}

/* All that can follow state n.  Returns false on a violation. */
static bool
state_expand(uint32_t n)
{
	const uint64_t *state = search_state(&search, &image, n);
	bool may[ACTIONS];
	unsigned int i;

	image_unpack(&image, state);
	for (i = 0; i < ACTIONS; i++)
		may[i] = actions[i].may();
	for (i = 0; i < ACTIONS; i++) {
		if (!may[i])
			continue;
		image_unpack(&image, state);
		actions[i].take();
		check_state();
		taken[i]++;
		search.transitions++;
		if (world.failed == NULL &&
		    search_add(&search, &image, state_hash(), n, i))
			check_progress();
		if (world.failed != NULL) {
			if (image_cold(&image))
				print_way(n, i);
			return false;
		}
	}
	return true;
}

/* Learn which words change: act at random, compare all words at each step. */
static void
hot_words_learn(void)
{
	uint64_t random = 1;
	unsigned int step, i;

	for (step = 0; step < 100000; step++) {
		if (step % 2000 == 0)
			image_base(&image);
		i = search_random(&random, ACTIONS);
		if (!actions[i].may())
			continue;
		actions[i].take();
		check_state();
		(void)image_learn(&image);
	}
	image_base(&image);
}

/* Returns 0; 1 violation; -1 a word changed that was not known to. */
static int
search_all(void)
{
	uint32_t n;

	(void)search_add(&search, &image, state_hash(), 0, 0);
	for (n = 0; n < search.states; n++) {
		if (search.states > STATES_MAX) {
			printf("%s: more states than %u\n", set->name,
			    STATES_MAX);
			return 1;
		}
		if (!state_expand(n))
			return image_cold(&image) ? 1 : -1;
		search_done(&search, n);
		if (n % 4096 == 0 && !image_cold(&image))
			return -1;
	}
	return image_cold(&image) ? 0 : -1;
}

static int
setting_explore(bool verbose)
{
	struct timespec t0, t1;
	unsigned int i;
	int error;

	clock_gettime(CLOCK_MONOTONIC, &t0);
	memset(taken, 0, sizeof(taken));
	machine_new();
	hot_words_learn();
	while ((error = search_all()) < 0) {
		search_free(&search);
		(void)image_learn(&image);
		image_base(&image);
	}
	clock_gettime(CLOCK_MONOTONIC, &t1);
	if (error == 0)
		printf("%-12s %9zu states %10llu transitions  depth %3u  "
		       "%5.1f s  (%s)\n",
		    set->name, search.states,
		    (unsigned long long)search.transitions,
		    search_depth(&search, search.states - 1),
		    (double)(t1.tv_sec - t0.tv_sec) +
			(double)(t1.tv_nsec - t0.tv_nsec) / 1e9,
		    set->what);
	for (i = 0; verbose && i < ACTIONS; i++)
		if (taken[i] != 0)
			printf("    %-20s %10llu\n", actions[i].name,
			    (unsigned long long)taken[i]);
	fflush(stdout);
	search_free(&search);
	machine_free();
	return error;
}

static bool
setting_chosen(const char *name, int argc, char **argv, int first)
{
	int i;

	for (i = first; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return first == argc;
}

int
main(int argc, char **argv)
{
	bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
	unsigned int i;
	int status = 0;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		set = &settings[i];
		if (setting_chosen(set->name, argc, argv, verbose ? 2 : 1) &&
		    setting_explore(verbose) != 0)
			status = 1;
	}
	return status;
}
