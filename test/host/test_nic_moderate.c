/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Adaptive moderation (nic_moderate.h) on a fake clock: the rules, around the
 * real model, with a guest whose interrupts cost what the test says, and whose
 * driver is of one of three kinds.
 */
#include "common.h"

#include <stdlib.h>
#include <string.h>

#include "e1000_hw.h"
#include "e82540.h"
#include "nic_moderate.h"

#define STEP_NS		200u
#define LOOK_NS		1000u
#define RING		256u
#define RAM_BYTES	0x100000u
#define TX_RING		0x1000u
#define RX_RING		0x2000u
#define BUFFER		0x10000u
#define ITR_NS		124928u		/* 488 */
#define MS		1000000u

/* How the guest's driver gets room in its transmit ring again. */
enum driver {
	ALSO_LOW,		/* when the ring is low, and by interrupts */
	INTERRUPT_ONLY,
};

static struct world {
	struct e82540 *dev;
	uint8_t *ram;
	uint64_t now_ns;
	/* The NIC. */
	struct moderate policy;
	struct moderate_view view;
	uint64_t raised_ns, latency_ns;
	uint64_t timer_ns, look_ns;
	bool line, answered;
	uint64_t released[MODERATE_REASONS];
	/* The guest. */
	enum driver driver;
	uint64_t cost_ns;		/* of an interrupt */
	uint64_t read_ns, back_ns;	/* of the one that it takes; or 0 */
	uint64_t gap_ns, next_ns;	/* between packets that it sends */
	uint32_t posted, reclaimed, tail;
	/* What came of it. */
	uint64_t interrupts, edge_ns, least_ns, most_ns;
	unsigned int changes;		/* of the interval */
} w;

/* -------------------------------------------------------------- the world */

static void
on_interrupt(void *ctx, bool asserted)
{
	uint64_t ns = w.now_ns - w.edge_ns;

	(void)ctx;
	w.line = asserted;
	if (!asserted)
		return;
	w.raised_ns = w.now_ns;
	if (w.interrupts++ > 0 && ns < w.least_ns)
		w.least_ns = ns;
	if (w.interrupts > 1 && ns > w.most_ns)
		w.most_ns = ns;
	w.edge_ns = w.now_ns;
}

static void
on_timer(void *ctx, uint64_t at_ns)
{
	(void)ctx;
	w.timer_ns = at_ns;
}

static unsigned int
on_send(void *ctx, const struct e82540_packet *packet, unsigned int n)
{
	(void)ctx;
	(void)packet;
	w.view.sent += n;
	return n;
}

static void
reg_write(uint32_t offset, uint32_t value)
{
	e82540_mmio_write(w.dev, w.now_ns, offset, 4, value);
}

static void
rx_refill(void)
{
	struct e1000_rx_desc desc = { .buffer_addr = BUFFER };
	unsigned int i;

	for (i = 0; i < RING; i++)
		memcpy(w.ram + RX_RING + i * sizeof(desc), &desc, sizeof(desc));
	reg_write(E1000_RDT, (e82540_peek(w.dev, E1000_RDH) + RING - 1) % RING);
}

static void
world_begin(enum driver driver, uint64_t cost_ns, uint64_t gap_ns)
{
	static const struct e82540_host host = {
		.interrupt = on_interrupt,
		.timer = on_timer,
		.send = on_send,
	};
	const struct e82540_config config = { .api = E82540_API,
		.host = &host };
	struct e82540_region region = { 0, RAM_BYTES, NULL, true };

	memset(&w, 0, sizeof(w));
	w.driver = driver;
	w.cost_ns = cost_ns;
	w.gap_ns = gap_ns;
	w.least_ns = UINT64_MAX;
	w.now_ns = w.next_ns = 10 * MS;
	w.ram = calloc(1, RAM_BYTES);
	w.dev = aligned_alloc(E82540_ALIGN,
	    (e82540_size() + E82540_ALIGN - 1) / E82540_ALIGN * E82540_ALIGN);
	assert_int_equal(e82540_init(w.dev, &config, w.now_ns), 0);
	region.host = w.ram;
	assert_int_equal(e82540_memory_set(w.dev, &region, 1), 0);
	e82540_pci_write(w.dev, w.now_ns, E82540_PCI_COMMAND, 2,
	    E82540_PCI_MASTER);
	e82540_link_set(w.dev, w.now_ns, true);
	reg_write(E1000_ITR, ITR_NS / E1000_ITR_UNIT_NS);
	reg_write(E1000_TDBAL, TX_RING);
	reg_write(E1000_TDLEN, RING * E1000_DESC_BYTES);
	reg_write(E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP);
	reg_write(E1000_RDBAL, RX_RING);
	reg_write(E1000_RDLEN, RING * E1000_DESC_BYTES);
	reg_write(E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_UPE);
	rx_refill();
	(void)e82540_mmio_read(w.dev, w.now_ns, E1000_ICR, 4);
	reg_write(E1000_IMS, E1000_ICR_TXDW | E1000_ICR_RXT0 | E1000_ICR_LSC);
}

static void
world_end(void)
{
	free(w.dev);
	free(w.ram);
}

/* The guest is in its handler: it reads ICR half way, then goes back. */
static void
guest_interrupted(void)
{
	if (w.read_ns != 0 && w.now_ns >= w.read_ns) {
		w.read_ns = 0;
		(void)e82540_mmio_read(w.dev, w.now_ns, E1000_ICR, 4);
		w.latency_ns = w.now_ns - w.raised_ns;
		w.answered = true;
	}
	if (w.now_ns < w.back_ns)
		return;
	w.back_ns = 0;
	w.reclaimed = w.posted;
	w.next_ns = w.now_ns;
	rx_refill();
}

static void
guest_step(void)
{
	struct e1000_tx_desc desc = { .buffer_addr = BUFFER,
		.length = 60,
		.cmd =
		    E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS | E1000_TXD_CMD_RS };
	uint32_t tail = w.tail;

	if (w.back_ns != 0) {
		guest_interrupted();
		return;
	}
	if (w.line) {
		w.read_ns = w.now_ns + w.cost_ns / 2;
		w.back_ns = w.now_ns + w.cost_ns;
		return;
	}
	while (w.gap_ns != 0 && w.next_ns <= w.now_ns) {
		if (w.posted - w.reclaimed == RING - 1) {
			w.next_ns = w.now_ns;
			if (w.driver == INTERRUPT_ONLY)
				break;
			w.reclaimed = w.posted;
		}
		memcpy(w.ram + TX_RING + tail * sizeof(desc), &desc,
		    sizeof(desc));
		tail = (tail + 1) % RING;
		w.posted++;
		w.next_ns += w.gap_ns;
	}
	if (tail == w.tail)
		return;
	w.tail = tail;
	w.view.tail_ns = w.now_ns;
	reg_write(E1000_TDT, tail);
}

/* What moderation_look() of nic_moderate.c does. */
static void
nic_look(void)
{
	uint32_t held = e82540_moderation_held(w.dev);
	uint64_t was = w.policy.hold_ns;
	enum moderate_reason reason;

	w.view.now_ns = w.now_ns;
	w.view.tx_held = held & (E1000_ICR_TXDW | E1000_ICR_TXQE);
	w.view.rx_held = held & E1000_ICR_RXT0;
	if (w.answered) {
		w.answered = false;
		moderate_answer(&w.policy, &w.view, w.now_ns, w.latency_ns,
		    RING, RING);
		if (w.policy.hold_ns != was) {
			w.changes++;
			e82540_moderation_hold(w.dev, w.now_ns,
			    w.policy.hold_ns);
		}
	}
	if (held == 0)
		return;
	reason = moderate_look(&w.policy, &w.view);
	w.released[reason]++;
	if (reason != MODERATE_HOLD)
		e82540_moderation_release(w.dev, w.now_ns);
}

static void
world_step(void)
{
	w.now_ns += STEP_NS;
	if (w.now_ns >= w.timer_ns)
		e82540_run(w.dev, w.now_ns);
	guest_step();
	if (w.now_ns >= w.look_ns) {
		w.look_ns = w.now_ns + LOOK_NS;
		nic_look();
	}
}

static void
run_ns(uint64_t ns)
{
	uint64_t end = w.now_ns + ns;

	while (w.now_ns < end)
		world_step();
}

static void
run_interrupts(uint64_t n)
{
	uint64_t until = w.interrupts + n, end = w.now_ns + n * 100 * MS;

	while (w.interrupts < until && w.now_ns < end)
		world_step();
	assert_true(w.interrupts >= until);
}

static void
frame_comes(void)
{
	static const uint8_t data[60] = { 2 };
	const struct e82540_frame frame = { .data = data,
		.len_bytes = sizeof(data) };

	w.view.frame_ns = w.now_ns;
	w.view.received += e82540_receive(w.dev, w.now_ns, &frame, 1);
}

/* The interval for a cost, within what hysteresis and the step allow. */
static void
check_interval(uint64_t cost_ns)
{
	uint64_t want = cost_ns * MODERATE_SHARE;

	if (want > MODERATE_MAX_NS)
		want = MODERATE_MAX_NS;
	assert_in_range(w.policy.hold_ns, want * 3 / 4,
	    (want + 2 * STEP_NS * MODERATE_SHARE) * 5 / 4);
}

/* -------------------------------------------------------------- the tests */

static const uint64_t costs[] = { 300, 3000, 60000, 150000 };

#define COSTS	(sizeof(costs) / sizeof(costs[0]))

/* A stream: within 20 interrupts the interval is there, and stays. */
static void
test_converges(void **state)
{
	unsigned int i, changes;

	(void)state;
	for (i = 0; i < COSTS; i++) {
		world_begin(ALSO_LOW, costs[i], 200);
		run_interrupts(20);
		check_interval(costs[i]);
		changes = w.changes;
		run_interrupts(500);
		assert_int_equal(w.changes, changes);
		check_interval(costs[i]);
		/* Never earlier than ITR, never later than the bound. */
		assert_true(w.least_ns >= ITR_NS);
		assert_true(w.most_ns <= MODERATE_MAX_NS + LOOK_NS);
		world_end();
	}
}

/* Interrupts take a small part of the guest's time, where ITR's take all. */
static void
test_share(void **state)
{
	uint64_t begin;

	(void)state;
	world_begin(ALSO_LOW, 60000, 200);
	run_interrupts(20);
	w.interrupts = 0;
	begin = w.now_ns;
	run_ns(100 * (uint64_t)MS);
	assert_true(w.interrupts * w.cost_ns * 10 < w.now_ns - begin);
	world_end();
}

/* The interrupt comes when the ring is used up, and not before. */
static void
test_interrupt_only(void **state)
{
	uint64_t sent, least;
	unsigned int i;

	(void)state;
	for (i = 0; i < COSTS; i++) {
		world_begin(INTERRUPT_ONLY, costs[i], 200);
		run_interrupts(20);
		w.interrupts = 0;
		sent = w.view.sent;
		run_ns(100 * (uint64_t)MS);
		sent = w.view.sent - sent;
		print_message("cost %6llu: %llu packets an interrupt, %llu "
			      "interrupts\n",
		    (unsigned long long)costs[i],
		    (unsigned long long)(sent / w.interrupts),
		    (unsigned long long)w.interrupts);
		assert_true(sent / w.interrupts >= 250);
		/* Filling the ring and the interrupt, or ITR; some us more. */
		least = RING * 200 + costs[i];
		if (least < ITR_NS)
			least = ITR_NS;
		assert_true(100 * (uint64_t)MS / w.interrupts <= least + 5000);
		world_end();
	}
}

/*
 * An emulated guest: packets are as far apart as a pause is elsewhere.  The
 * interrupt comes with the interval, or when the ring is used up; not sooner.
 */
static void
test_slow_guest(void **state)
{
	static const uint64_t gaps[] = { 5000, 15000, 30000, 60000 };
	uint64_t sent;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		world_begin(INTERRUPT_ONLY, 150000, gaps[i]);
		run_interrupts(50);
		w.interrupts = 0;
		sent = w.view.sent;
		run_ns(1000 * (uint64_t)MS);
		sent = (w.view.sent - sent) / w.interrupts;
		print_message("gap %5llu: %llu packets an interrupt\n",
		    (unsigned long long)gaps[i], (unsigned long long)sent);
		if (sent < RING * 9 / 10)
			assert_true((sent + 1) * gaps[i] >
			    150000 * MODERATE_SHARE * 3 / 4);
		world_end();
	}
}

/* A packet now and then, and its answer: nothing is ever held. */
static void
test_ping(void **state)
{
	unsigned int i, k;

	(void)state;
	for (i = 0; i < COSTS; i++) {
		world_begin(ALSO_LOW, costs[i], 200);
		/* Even after a stream, once that has paused. */
		run_interrupts(20);
		w.gap_ns = 0;
		run_ns(3 * MS);
		for (k = 0; k < 50; k++) {
			w.interrupts = 0;
			w.gap_ns = 1000000000;
			w.next_ns = w.now_ns;
			run_ns(50000);
			w.gap_ns = 0;
			frame_comes();
			run_ns(ITR_NS + 400000);
			assert_in_range(w.interrupts, 1, 2);
			if (k > 3)
				assert_int_equal(w.policy.hold_ns, 0);
		}
		world_end();
	}
}

/* A stream pauses: what is held comes some microseconds later, or with ITR. */
static void
test_pause(void **state)
{
	uint64_t paused, bound;
	unsigned int i, k;

	(void)state;
	for (i = 0; i < COSTS; i++) {
		world_begin(ALSO_LOW, costs[i], 200);
		run_interrupts(20);
		for (k = 0; k < 40; k++) {
			w.gap_ns = 200;
			w.next_ns = w.now_ns;
			run_ns(3 * MS + k * 37000);
			w.gap_ns = 0;
			paused = w.now_ns;
			w.interrupts = 0;
			run_ns(2 * MS);
			/* One may have been under way. */
			bound = ITR_NS + 2 * costs[i] + costs[i] + 25000;
			assert_true(
			    w.interrupts == 0 || w.edge_ns - paused <= bound);
			assert_int_equal(e82540_peek(w.dev, E1000_ICR), 0);
		}
		world_end();
	}
}

/* Streams of 50 packets, and pauses; returns how many of these let go. */
static uint64_t
paused_stream(unsigned int n, uint64_t gap_ns, uint64_t pause_ns)
{
	uint64_t pauses = w.released[MODERATE_PAUSE];
	unsigned int i;

	for (i = 0; i < n; i++) {
		w.gap_ns = gap_ns;
		w.next_ns = w.now_ns;
		run_ns(50 * gap_ns);
		w.gap_ns = 0;
		run_ns(pause_ns);
	}
	return w.released[MODERATE_PAUSE] - pauses;
}

/*
 * Registers trap to another process: a pause shorter than an interrupt does not
 * end a wait; a longer one does, and a short one does after large packets.
 */
static void
test_traps(void **state)
{
	static const uint64_t gaps[] = { 2000, 5000, 12000 };
	unsigned int i;
	uint64_t sent;

	(void)state;
	for (i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		world_begin(INTERRUPT_ONLY, 60000, gaps[i]);
		w.policy.traps = true;
		w.view.bytes = 60;
		run_interrupts(50);
		w.interrupts = 0;
		sent = w.view.sent;
		assert_int_equal(paused_stream(1000, gaps[i], 60000), 0);
		sent = (w.view.sent - sent) / w.interrupts;
		print_message("gap %5llu: %llu packets an interrupt\n",
		    (unsigned long long)gaps[i], (unsigned long long)sent);
		assert_in_range(sent, RING * 5 / 8, RING);
		assert_true(paused_stream(10, gaps[i], 400000) > 0);
		assert_int_equal(e82540_moderation_held(w.dev), 0);
		/* The guest has a queue of its own. */
		w.view.backlog = 20;
		assert_int_equal(paused_stream(10, gaps[i], 400000), 0);
		w.view.bytes = 1514;
		assert_true(paused_stream(100, gaps[i], 60000) > 0);
		world_end();
	}
}

/* The guest moves to another host: the interval follows in 20 interrupts. */
static void
test_cost_changes(void **state)
{
	unsigned int i, k;

	(void)state;
	world_begin(ALSO_LOW, costs[0], 200);
	for (k = 0; k < 3; k++)
		for (i = 0; i < COSTS; i++) {
			w.cost_ns = costs[(i * 3 + k) % COSTS];
			run_interrupts(20);
			check_interval(w.cost_ns);
		}
	world_end();
}

/* A guest that is late now and then does not make an interrupt dear. */
static void
test_outliers(void **state)
{
	unsigned int i;

	(void)state;
	world_begin(ALSO_LOW, 10000, 200);
	run_interrupts(20);
	for (i = 0; i < 100; i++) {
		w.cost_ns = i % 3 == 0 ? 2000000 : i % 7 == 0 ? 0 : 10000;
		run_interrupts(1);
		assert_in_range(w.policy.cost_ns, 10000, 10000 + 4 * STEP_NS);
	}
	world_end();
}

/* ---------------------------------------------------------------- receive */

/* Frames at a rate: half of the ring at most, or the interval. */
static void
test_receive_stream(void **state)
{
	static const uint64_t gaps[] = { 1000, 5000, 20000 };
	uint64_t frames, most;
	unsigned int i, k;

	(void)state;
	for (i = 0; i < 3; i++) {
		world_begin(ALSO_LOW, 60000, 0);
		for (k = 0; k < 30000; k++) {
			run_ns(gaps[i]);
			frame_comes();
			if (k == 10000) {
				w.interrupts = 0;
				w.most_ns = 0;
			}
		}
		frames = 20000;
		print_message("gap %5llu: %llu frames an interrupt, at most "
			      "%llu ns apart\n",
		    (unsigned long long)gaps[i],
		    (unsigned long long)(frames / w.interrupts),
		    (unsigned long long)w.most_ns);
		most = RING / 2 * gaps[i] + LOOK_NS + w.cost_ns;
		if (most > 60000 * MODERATE_SHARE + LOOK_NS)
			most = 60000 * MODERATE_SHARE * 5 / 4 + LOOK_NS;
		if (most < ITR_NS + LOOK_NS)
			most = ITR_NS + LOOK_NS;
		assert_true(w.most_ns <= most);
		assert_int_equal(w.policy.rx.stream, true);
		assert_true(e82540_peek(w.dev, E1000_MPC) == 0);
		world_end();
	}
}

/* Frames that pause, as a sender does whose window is full. */
static void
test_receive_window(void **state)
{
	unsigned int i, k;

	(void)state;
	world_begin(ALSO_LOW, 60000, 0);
	for (i = 0; i < 500; i++) {
		for (k = 0; k < 43; k++) {
			run_ns(1000);
			frame_comes();
		}
		run_ns(ITR_NS + 26000 + 60000 * 2);
		/* All has been told by now. */
		assert_int_equal(e82540_peek(w.dev, E1000_ICR), 0);
		assert_int_equal(e82540_moderation_held(w.dev), 0);
	}
	world_end();
}

/* A frame that belongs to no stream, while the guest transmits one. */
static void
test_frame_in_stream(void **state)
{
	unsigned int i;

	(void)state;
	world_begin(ALSO_LOW, 60000, 200);
	run_interrupts(20);
	for (i = 0; i < 100; i++) {
		run_ns(5 * MS + i * 3000);
		frame_comes();
		run_ns(ITR_NS + LOOK_NS + 60000);
		assert_false(e82540_peek(w.dev, E1000_ICR) & E1000_ICR_RXT0);
	}
	assert_true(w.released[MODERATE_FRAME] > 50);
	world_end();
}

/* ------------------------------------------------------------ adversaries */

static uint64_t
draw(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 16 ^ *seed << 20;
}

/* Whatever it is told, also by a clock that steps back: the bounds hold. */
static void
test_adversary(void **state)
{
	static const uint64_t times[] = { 0, 1, 300, 60000, MS, UINT64_MAX / 2,
		UINT64_MAX - 1, UINT64_MAX };
	struct moderate_view v = { 0 };
	struct moderate m = { 0 };
	uint64_t seed = 1, cost;
	unsigned int i;

	(void)state;
	for (i = 0; i < 1000000; i++) {
		cost = draw(&seed) % 3 ? times[draw(&seed) % 8] : draw(&seed);
		v.now_ns = draw(&seed) % 2 ? times[draw(&seed) % 8] :
					     v.now_ns + draw(&seed) % 100000;
		v.tail_ns = times[draw(&seed) % 8];
		v.frame_ns = v.now_ns - draw(&seed) % 50000;
		v.sent += draw(&seed) % 5000;
		v.received += draw(&seed) % 5000;
		if (draw(&seed) % 16 == 0)
			v.sent = v.received = 0;
		v.tx_held = draw(&seed) % 2;
		v.rx_held = draw(&seed) % 2;
		v.frames_wait = draw(&seed) % 2;
		moderate_answer(&m, &v,
		    draw(&seed) % 2 ? v.now_ns : times[draw(&seed) % 8], cost,
		    (uint32_t)draw(&seed), draw(&seed) % 4 ? 256 : 0);
		assert_true(m.hold_ns <= MODERATE_MAX_NS);
		assert_true(m.cost_ns <= MODERATE_MAX_NS);
		assert_true(moderate_look(&m, &v) < MODERATE_REASONS);
	}
	moderate_end(&m);
	assert_int_equal(m.hold_ns, 0);
}

/* The clock steps back in a stream: it goes on as soon as time does. */
static void
test_clock_back(void **state)
{
	(void)state;
	world_begin(ALSO_LOW, 60000, 200);
	run_interrupts(20);
	w.policy.answer_ns += 1000000 * (uint64_t)MS;
	w.view.tail_ns += 1000000 * (uint64_t)MS;
	w.most_ns = 0;
	run_interrupts(30);
	assert_true(w.most_ns <= MODERATE_MAX_NS + LOOK_NS);
	check_interval(60000);
	world_end();
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_converges),
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_interrupt_only),
		cmocka_unit_test(test_slow_guest),
		cmocka_unit_test(test_ping),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_traps),
		cmocka_unit_test(test_cost_changes),
		cmocka_unit_test(test_outliers),
		cmocka_unit_test(test_receive_stream),
		cmocka_unit_test(test_receive_window),
		cmocka_unit_test(test_frame_in_stream),
		cmocka_unit_test(test_adversary),
		cmocka_unit_test(test_clock_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
