/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Adaptive moderation, on a fake clock: a guest that sends, receives or waits
 * for answers, on a machine where an interrupt costs what the test says.
 */
#include "rig.h"

#define ITR		488u
#define RING		256u
#define LONGEST		LEM_STREAM_ITR

static struct guest {
	uint64_t cost_ns;	/* of an interrupt, all of it */
	uint64_t packet_ns;	/* the guest's work for one */
	bool beats;		/* the interrupt takes the sender's time */
	bool icr;		/* its third is the read of ICR */
	uint64_t interrupts;
	uint64_t interrupt_ns;
	uint64_t random;
	uint16_t low, high;	/* ITR since guest_mark() */
} guest;

static struct lem_tx_ring *const tx = &rig.sc.tx;
static const struct lem_moderation adaptive = { .itr = ITR, .adaptive = true };

static uint16_t
itr(void)
{
	return (uint16_t)fake_peek(&rig.dev, E1000_ITR);
}

static unsigned int
itr_writes(void)
{
	return fake_log_count(&rig.dev, FAKE_WRITE, E1000_ITR);
}

static uint32_t
draw(uint32_t n)
{
	guest.random =
	    guest.random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((guest.random >> 33) % n);
}

static void
guest_cost(uint64_t cost_ns)
{
	guest.cost_ns = cost_ns;
	rig.sc.os.icr_cycles = guest.icr ? (uint32_t)(cost_ns / 3) : 0;
}

static void
guest_up(uint64_t cost_ns, uint64_t packet_ns, bool beats, bool icr)
{
	rig_tx_up(LEM_COMBINE_ON, true, RING);
	memset(&guest, 0, sizeof(guest));
	guest.packet_ns = packet_ns;
	guest.beats = beats;
	guest.icr = icr;
	guest_cost(cost_ns);
	assert_int_equal(lem_moderation_set(&rig.sc, &adaptive), 0);
	assert_int_equal(itr(), ITR);
	fake_log_clear(&rig.dev);
}

/* The interrupt, if the line is asserted; half of its cost before, as it is. */
static bool
guest_interrupt(void)
{
	uint64_t rest_ns = 0;

	if (!fake_irq(&rig.dev))
		return false;
	if (guest.beats && guest.cost_ns > rig.sc.os.icr_cycles)
		rest_ns = guest.cost_ns - rig.sc.os.icr_cycles;
	fake_advance_ns(&rig.dev, rest_ns / 2);
	(void)rig_irq();
	fake_advance_ns(&rig.dev, rest_ns / 2);
	guest.interrupts++;
	guest.interrupt_ns += guest.cost_ns;
	if (itr() < guest.low)
		guest.low = itr();
	if (itr() > guest.high)
		guest.high = itr();
	return true;
}

static void
guest_mark(void)
{
	guest.interrupts = guest.interrupt_ns = 0;
	guest.low = guest.high = itr();
	fake_log_clear(&rig.dev);
}

/* One packet of a stream; an interrupt may come before the work is done. */
static void
stream_packet(void)
{
	if (lem_tx_low(tx))
		(void)lem_tx_make_room(&rig.sc);
	assert_int_equal(rig_send(0), 1);
	lem_beat(&rig.sc);
	fake_advance_ns(&rig.dev, guest.packet_ns);
	(void)guest_interrupt();
}

/* A stream, until so many interrupts came. */
static void
stream_run(unsigned int interrupts)
{
	uint64_t end = guest.interrupts + interrupts;
	unsigned int i;

	for (i = 0; guest.interrupts < end; i++) {
		assert_true(i < 10000000);
		stream_packet();
	}
}

/* What the rule makes of a cost, to a quarter. */
static void
assert_interval(uint64_t cost_ns)
{
	uint64_t want = cost_ns * LEM_STREAM_PARTS / E1000_ITR_UNIT_NS;

	if (want > LONGEST)
		want = LONGEST;
	if (want <= ITR) {
		assert_int_equal(itr(), ITR);
		return;
	}
	assert_in_range(itr(), want - want / 4, want + want / 4);
}

static const uint64_t costs_ns[] = { 300, 3000, 60000, 150000 };

/*
 * Within 20 interrupts the interval is right; then it stays, and interrupts
 * take less than a sixteenth of the time, unless the bound is reached.
 */
static void
converges(bool beats, bool icr)
{
	uint64_t start_ns;
	size_t i;

	for (i = 0; i < RIG_COUNT(costs_ns); i++) {
		guest_up(costs_ns[i], 1000, beats, icr);
		stream_run(20);
		assert_interval(costs_ns[i]);
		guest_mark();
		start_ns = rig.dev.now_ns;
		stream_run(300);
		assert_int_equal(itr_writes(), 0);
		if (itr() != LONGEST)
			assert_true(guest.interrupt_ns * 16 <
			    rig.dev.now_ns - start_ns);
		assert_int_equal(tx->stats.bulk, itr() != ITR);
	}
}

/* By what lies between two beats: under emulation ICR tells nothing. */
static void
test_converges_by_beats(void **state)
{
	(void)state;
	converges(true, false);
}

/* By the read of ICR: another CPU takes the interrupt. */
static void
test_converges_by_icr(void **state)
{
	(void)state;
	converges(false, true);
}

static void
test_converges_by_both(void **state)
{
	(void)state;
	converges(true, true);
}

/* Where TDT is memory: it is written for each packet, and that is no reason. */
static void
test_converges_cheap(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < RIG_COUNT(costs_ns); i++) {
		guest_up(costs_ns[i], 1000, true, false);
		rig.sc.os.cheap_tdt = true;
		stream_run(20);
		assert_true(tx->cheap);
		assert_interval(costs_ns[i]);
	}
}

/* The CPU is away now and then, and for long: the interval stays. */
static void
test_noise(void **state)
{
	unsigned int i;

	(void)state;
	guest_up(10000, 1000, true, false);
	stream_run(20);
	guest_mark();
	guest.random = 1;
	for (i = 0; i < 1000; i++) {
		guest_cost(draw(8) == 0 ? 200000 + draw(200000) : 10000);
		stream_run(1);
	}
	assert_true(itr_writes() <= 6);
	assert_interval(10000);
}

/* No two interrupts cost the same: ITR is not written for that. */
static void
test_jitter(void **state)
{
	unsigned int i;

	(void)state;
	guest_up(30000, 1000, true, true);
	stream_run(20);
	guest_mark();
	for (i = 0; i < 1000; i++) {
		guest_cost(28000 + draw(4000));
		stream_run(1);
	}
	assert_int_equal(itr_writes(), 0);
	assert_interval(30000);
}

/* Live migration: another machine, where an interrupt costs another time. */
static void
test_follows(void **state)
{
	size_t i, k, icr;

	(void)state;
	for (i = 0; i < RIG_COUNT(costs_ns); i++)
		for (k = 0; k < RIG_COUNT(costs_ns); k++) {
			icr = (i + k) % 2;
			guest_up(costs_ns[i], 1000, true, icr != 0);
			stream_run(100);
			assert_interval(costs_ns[i]);
			guest_cost(costs_ns[k]);
			stream_run(20);
			assert_interval(costs_ns[k]);
		}
}

/*
 * Where an interrupt costs as much as packets, each packet of a stream has one
 * of its own, until the interval is longer.  Packets that are far apart keep
 * ITR as asked, and so do those that are a stream by ITR, but cheap.
 */
static void
test_few(void **state)
{
	static const struct {
		uint64_t cost_ns, packet_ns;
		bool stream;
	} cases[] = { { 150000, 300000, true }, { 400000, 200000, true },
		{ 60000, 30000, true }, { 150000, 700000, false },
		{ 3000, 100000, false }, { 300, 20000, false } };
	uint64_t packets;
	size_t i;

	(void)state;
	for (i = 0; i < RIG_COUNT(cases); i++) {
		guest_up(cases[i].cost_ns, cases[i].packet_ns, true, true);
		stream_run(40);
		if (!cases[i].stream) {
			assert_int_equal(itr_writes(), 0);
			continue;
		}
		assert_interval(cases[i].cost_ns);
		guest_mark();
		packets = tx->stats.packets;
		stream_run(100);
		assert_int_equal(itr_writes(), 0);
		assert_true(tx->stats.packets - packets >= 300);
	}
}

/* A request and its answer, after answer_ns. */
static void
ping(uint64_t answer_ns)
{
	static const uint8_t data[60];
	const struct fake_frame frame = { .data = data, .len_bytes = 60 };
	struct lem_rx_frag frag;
	struct lem_rx_pkt pkt = { .frag = &frag, .frags_max = 1 };
	uint64_t sent_ns = rig.dev.now_ns;

	(void)lem_tx_reclaim(&rig.sc);
	assert_int_equal(rig_send(0), 1);
	lem_beat(&rig.sc);
	(void)guest_interrupt();
	fake_advance_ns(&rig.dev, answer_ns);
	(void)fake_rx(&rig.dev, &frame);
	while (lem_rx_pkt_get(&rig.sc, &pkt) == 0) {
		fake_advance_ns(&rig.dev, 1000);
		(void)guest_interrupt();
		assert_true(rig.dev.now_ns - sent_ns < 3000000);
		if (fake_peek(&rig.dev, E1000_ICR) == 0 && answer_ns == 0)
			break;
	}
	(void)rig_fill();
	lem_rx_flush(&rig.sc);
}

/* Requests and answers, also after a stream, never see the long interval. */
static void
test_ping(void **state)
{
	unsigned int i;

	(void)state;
	guest_up(60000, 1000, true, true);
	for (i = 0; i < 1000; i++)
		ping(20000);
	assert_int_equal(itr_writes(), 0);
	stream_run(20);
	assert_true(itr() > 4 * ITR);
	/* The stream's last interrupt. */
	fake_advance_ns(&rig.dev, 3000000);
	while (guest_interrupt())
		fake_advance_ns(&rig.dev, 3000000);
	guest_mark();
	for (i = 0; i < 1000; i++)
		ping(20000);
	assert_true(itr_writes() <= 1);
	assert_int_equal(itr(), ITR);
}

/* A stream that stops with a full ring: nothing is deferred then. */
static void
stream_stop(void)
{
	unsigned int i;

	stream_run(20);
	for (i = 0; i < 2 * RING || tx->next_to_use != tx->tail_posted; i++)
		stream_packet();
	while (!guest_interrupt())
		fake_advance_ns(&rig.dev, 1000);
	assert_true(rig.sc.stream.longer);
	assert_false(tx->int_pending);
	fake_log_clear(&rig.dev);
}

/*
 * The packet after a pause has ITR as asked, before TDT is written; one that
 * follows at once has not.  If it was not the end, the stream goes on.
 */
static void
test_pause(void **state)
{
	(void)state;
	guest_up(60000, 1000, true, true);
	stream_stop();
	fake_advance_ns(&rig.dev, 10000);
	assert_int_equal(rig_send(0), 1);
	assert_int_equal(itr_writes(), 0);

	guest_up(60000, 1000, true, true);
	stream_stop();
	fake_advance_ns(&rig.dev, 500000);
	assert_int_equal(rig_send(0), 1);
	assert_int_equal(itr(), ITR);
	assert_int_equal(itr_writes(), 1);
	assert_true(fake_log_find(&rig.dev, 0, FAKE_WRITE, E1000_ITR) <
	    fake_log_find(&rig.dev, 0, FAKE_WRITE, E1000_TDT));
	while (!guest_interrupt())
		fake_advance_ns(&rig.dev, 1000);
	assert_int_equal(rig.sc.stream.run, 0);

	guest_up(60000, 1000, true, true);
	stream_stop();
	fake_advance_ns(&rig.dev, 500000);
	stream_run(1);
	assert_true(itr() > 4 * ITR);
}

/*
 * Each packet waits for the answer to another one: a longer interval makes them
 * fewer.  Nearly always ITR is as asked.
 */
static void
test_answers(void **state)
{
	uint64_t longer_ns = 0, start_ns;
	unsigned int i, k;

	(void)state;
	guest_up(60000, 1000, true, true);
	start_ns = rig.dev.now_ns;
	for (i = 0; i < 4000; i++) {
		uint64_t was_ns = rig.dev.now_ns;
		bool was = rig.sc.stream.longer;

		for (k = 0; k < 16; k++) {
			assert_int_equal(rig_send(0), 1);
			lem_beat(&rig.sc);
		}
		while (!guest_interrupt())
			fake_advance_ns(&rig.dev, 1000);
		if (was)
			longer_ns += rig.dev.now_ns - was_ns;
	}
	assert_true(rig.sc.stream.need > LEM_BULK_INTERRUPTS);
	assert_true(longer_ns * 2 < rig.dev.now_ns - start_ns);
}

/* Frames of a stream: the interval never lets half of the ring fill up. */
static void
test_receive(void **state)
{
	static const uint64_t gaps_ns[] = { 1000, 4000, 10000 };
	static const uint8_t data[60];
	const struct fake_frame frame = { .data = data, .len_bytes = 60 };
	struct lem_rx_frag frag;
	struct lem_rx_pkt pkt = { .frag = &frag, .frags_max = 1 };
	unsigned int n, most;
	size_t i;

	(void)state;
	for (i = 0; i < RIG_COUNT(gaps_ns); i++) {
		guest_up(60000, 0, false, true);
		for (n = most = 0; guest.interrupts < 300; n++) {
			assert_true(fake_rx(&rig.dev, &frame));
			fake_advance_ns(&rig.dev, gaps_ns[i]);
			if (!guest_interrupt())
				continue;
			while (lem_rx_pkt_get(&rig.sc, &pkt) == 1)
				;
			(void)rig_fill();
			lem_rx_flush(&rig.sc);
			if (guest.interrupts > 4 && n > most)
				most = n;
			n = 0;
		}
		assert_true(most <= RING / 2 ||
		    most * gaps_ns[i] <= 2 * ITR * E1000_ITR_UNIT_NS);
		if (gaps_ns[i] >= 4000)
			assert_true(itr() > ITR);
		assert_int_equal(rig.dev.rx_missed, 0);
	}
}

/* Whatever the clock and the costs: ITR stays in its bounds, packets go out. */
static void
test_adversary(void **state)
{
	static const uint64_t jumps[] = { 0, 1, 1ull << 20, 1ull << 33,
		1ull << 62, 1ull << 63, UINT64_MAX, UINT64_MAX - 1000000 };
	static const uint32_t reads[] = { 0, 1, 1000, 1u << 25, 1u << 26,
		1u << 27, UINT32_MAX };
	uint64_t packets;
	unsigned int i;

	(void)state;
	guest_up(60000, 1000, true, true);
	guest.random = 1;
	for (i = 0; i < 2000000; i++) {
		if (draw(100) == 0)
			rig.sc.os.cycles += jumps[draw(RIG_COUNT(jumps))];
		if (draw(100) == 0)
			rig.sc.os.icr_cycles = reads[draw(RIG_COUNT(reads))];
		if (draw(1000) == 0)
			guest.cost_ns = draw(10) == 0 ? 5000000 : draw(300000);
		if (draw(2000) == 0)
			fake_advance_ns(&rig.dev, draw(5000000));
		stream_packet();
		assert_in_range(itr(), ITR, LONGEST);
		fake_log_clear(&rig.dev);
	}
	fake_advance_ns(&rig.dev, 2 * LONGEST * 256ull);
	(void)guest_interrupt();
	packets = tx->stats.packets;
	assert_int_equal(rig.dev.packets, packets);
	assert_int_equal(tx->stats.guard_flushes, 0);
}

/* A clock that only runs backwards tells nothing. */
static void
test_backwards(void **state)
{
	unsigned int i;

	(void)state;
	guest_up(150000, 1000, true, false);
	for (i = 0; i < 100000; i++) {
		if (lem_tx_low(tx))
			(void)lem_tx_make_room(&rig.sc);
		assert_int_equal(rig_send(0), 1);
		lem_beat(&rig.sc);
		fake_advance_ns(&rig.dev, guest.packet_ns);
		rig.sc.os.cycles -= 1000000;
		(void)guest_interrupt();
		rig.sc.os.cycles -= 1000000;
	}
	assert_true(guest.interrupts > 100);
	assert_int_equal(itr_writes(), 0);
}

/* itr_bulk is the longest interval; no rule makes it shorter than itr. */
static void
test_bounds(void **state)
{
	struct lem_moderation m = adaptive;

	(void)state;
	guest_up(150000, 1000, true, true);
	m.itr_bulk = 2000;
	assert_int_equal(lem_moderation_set(&rig.sc, &m), 0);
	stream_run(20);
	assert_int_equal(itr(), 2000);
	m.itr_bulk = ITR / 2;
	assert_int_equal(lem_moderation_set(&rig.sc, &m), 0);
	stream_run(20);
	assert_int_equal(itr(), ITR);
	m.itr_bulk = 0;
	m.itr = 10000;
	assert_int_equal(lem_moderation_set(&rig.sc, &m), 0);
	stream_run(20);
	assert_int_equal(itr(), 10000);
}

static void
off_run(const struct lem_moderation *m)
{
	assert_int_equal(lem_moderation_set(&rig.sc, m), 0);
	fake_log_clear(&rig.dev);
	if (m->itr != 0)
		stream_run(30);
	assert_int_equal(itr(), m->itr);
	assert_int_equal(itr_writes(), 0);
}

/* Where it is off, or cannot be: a fixed ITR stays what it is. */
static void
test_off(void **state)
{
	static const struct lem_moderation off[] = { { .itr = ITR },
		{ .itr = 0, .adaptive = true },
		{ .itr = ITR, .adaptive = true, .tidv = 8, .tadv = 8 },
		{ .itr = ITR, .adaptive = true, .rdtr = 8 } };
	size_t i;

	(void)state;
	for (i = 0; i < RIG_COUNT(off); i++) {
		guest_up(150000, 1000, true, true);
		off_run(&off[i]);
	}
	guest_up(150000, 1000, true, true);
	assert_int_equal(lem_tx_combine_set(&rig.sc, LEM_COMBINE_ORIGINAL), 0);
	off_run(&adaptive);
	guest_up(150000, 1000, true, true);
	rig.sc.os.no_cycles = true;
	off_run(&adaptive);
	assert_int_equal(lem_intr_cost_ns(&rig.sc), 0);
	for (i = 0; i < 2; i++) {
		rig_up(rig_chips[i], 64, 1);
		assert_int_equal(lem_moderation_set(&rig.sc,
				     &(struct lem_moderation){
					 .adaptive = true }),
		    0);
		assert_false(rig.sc.stream.on);
	}
}

/* Combining is switched off, or moderation set, while ITR is longer. */
static void
test_switch(void **state)
{
	(void)state;
	guest_up(60000, 1000, true, true);
	stream_run(20);
	assert_true(itr() > ITR);
	assert_int_equal(lem_itr_now(&rig.sc), itr());
	assert_in_range(lem_intr_cost_ns(&rig.sc), 45000, 75000);
	assert_int_equal(lem_tx_combine_set(&rig.sc, LEM_COMBINE_OFF), 0);
	assert_int_equal(itr(), ITR);
	assert_int_equal(lem_itr_now(&rig.sc), ITR);
	assert_int_equal(lem_tx_combine_set(&rig.sc, LEM_COMBINE_ON), 0);
	stream_run(20);
	assert_true(itr() > ITR);
	assert_int_equal(lem_moderation_set(&rig.sc, &adaptive), 0);
	assert_int_equal(itr(), ITR);
	stream_run(20);
	assert_int_equal(lem_reset(&rig.sc), 0);
	assert_int_equal(lem_start(&rig.sc), 0);
	assert_int_equal(itr(), ITR);
	assert_false(rig.sc.stream.longer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_converges_by_beats),
		RIG_TEST(test_converges_by_icr),
		RIG_TEST(test_converges_by_both),
		RIG_TEST(test_converges_cheap),
		RIG_TEST(test_noise),
		RIG_TEST(test_jitter),
		RIG_TEST(test_follows),
		RIG_TEST(test_few),
		RIG_TEST(test_ping),
		RIG_TEST(test_pause),
		RIG_TEST(test_answers),
		RIG_TEST(test_receive),
		RIG_TEST(test_adversary),
		RIG_TEST(test_backwards),
		RIG_TEST(test_bounds),
		RIG_TEST(test_off),
		RIG_TEST(test_switch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
