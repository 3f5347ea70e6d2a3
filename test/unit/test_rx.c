/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The receive ring: frames of one and of many buffers, what the errors become,
 * bounds against a bad device, and the push that delivers an RDT which is held
 * back on its way.
 */
#include "rig.h"

static struct lem_rx_ring *const rx = &rig.sc.rx;
static struct lem_rx_frag frags[70];
static uint8_t frame_data[16384];

/*
 * rx_up: started with empty filters, all buffers given.  coalesce: hold writes
 * back, as under KVM.
 */
static void
rx_up(uint16_t count, uint16_t buf_bytes, bool coalesce)
{
	unsigned int i;

	rig_attach(FAKE_82540);
	rig_rings(count, 1, buf_bytes);
	rig.dev.coalesce = coalesce;
	rig.sc.long_packets = true;
	assert_int_equal(lem_start(&rig.sc), 0);
	assert_int_equal(rig_fill(), count - 1);
	lem_rx_flush(&rig.sc);
	lem_intr_enable(&rig.sc);
	(void)lem_intr_cause(&rig.sc);
	fake_log_clear(&rig.dev);
	for (i = 0; i < sizeof(frame_data); i++)
		frame_data[i] = (uint8_t)(i * 13 + i / 256);
}

static unsigned int
receive(uint32_t len_bytes)
{
	const struct fake_frame f = { .data = frame_data,
		.len_bytes = len_bytes };

	return fake_rx(&rig.dev, &f);
}

static int
rx_get(struct lem_rx_pkt *pkt, uint16_t frags_max)
{
	*pkt = (struct lem_rx_pkt){ .frag = frags, .frags_max = frags_max };
	return lem_rx_pkt_get(&rig.sc, pkt);
}

static void
expect_frame(uint32_t len_bytes, unsigned int first, unsigned int n)
{
	struct lem_rx_pkt pkt;
	uint32_t at = 0, want;
	unsigned int i;

	assert_int_equal(rx_get(&pkt, 70), 1);
	assert_int_equal(pkt.frags, n);
	assert_int_equal(pkt.descs, n);
	assert_int_equal(pkt.flags, 0);
	assert_int_equal(pkt.len_bytes, len_bytes);
	for (i = 0; i < n; i++) {
		assert_int_equal(frags[i].index, (first + i) % rx->count);
		want = len_bytes - at < rx->buf_bytes ? len_bytes - at :
							rx->buf_bytes;
		assert_int_equal(frags[i].len_bytes, want);
		assert_memory_equal(rig.rx_data +
			(size_t)frags[i].index * rx->buf_bytes,
		    frame_data + at, want);
		at += want;
	}
}

/* ----------------------------------------------------------------- frames */

static void
test_single(void **state)
{
	struct lem_rx_pkt pkt;
	unsigned int i;

	(void)state;
	rx_up(16, 2048, false);
	assert_int_equal(rx_get(&pkt, 70), 0);
	assert_int_equal(lem_rx_available(&rig.sc, 9), 0);
	for (i = 0; i < 100; i++) {
		assert_int_equal(receive(60 + i), 1);
		assert_int_equal(lem_rx_available(&rig.sc, 9), 1);
		expect_frame(60 + i, i, 1);
		assert_int_equal(lem_rx_available(&rig.sc, 9), 0);
		assert_int_equal(rig_fill(), 1);
		lem_rx_flush(&rig.sc);
	}
	assert_int_equal(rx->stats.packets, 100);
	assert_int_equal(rx->stats.errors, 0);
}

/* Each buffer size, lengths about its multiples. */
static void
test_multi(void **state)
{
	uint32_t bytes, k, first = 0, n;
	int d;

	(void)state;
	for (bytes = 256; bytes <= 4096; bytes *= 2) {
		rx_up(16, (uint16_t)bytes, false);
		first = 0;
		for (k = 1; k <= 3; k++)
			for (d = -1; d <= 1; d++) {
				n = (k * bytes + d + bytes - 1) / bytes;
				assert_int_equal(receive(k * bytes + d), n);
				assert_int_equal(lem_rx_available(&rig.sc, 9),
				    1);
				expect_frame(k * bytes + d, first, n);
				assert_int_equal(rig_fill(), n);
				lem_rx_flush(&rig.sc);
				first += n;
			}
	}
}

/* 16 KiB buffers: RCTL takes them, a length fits its 16 bits. */
static void
test_largest(void **state)
{
	(void)state;
	rx_up(8, 16384, false);
	assert_int_equal(receive(16384), 1);
	expect_frame(16384, 0, 1);
}

/* Only the packet's first descriptors are there: it is not complete. */
static void
test_incomplete(void **state)
{
	struct lem_rx_pkt pkt;

	(void)state;
	rx_up(16, 256, false);
	fake_rx_raw(&rig.dev, 256, E1000_RXD_STAT_DD, 0);
	fake_rx_raw(&rig.dev, 256, E1000_RXD_STAT_DD, 0);
	assert_int_equal(lem_rx_available(&rig.sc, 9), 0);
	assert_int_equal(rx_get(&pkt, 70), 0);
	assert_int_equal(rx->next_to_clean, 0);
	assert_int_equal(rx->stats.packets, 0);
	fake_rx_raw(&rig.dev, 10, E1000_RXD_STAT_DD | E1000_RXD_STAT_EOP, 0);
	assert_int_equal(lem_rx_available(&rig.sc, 9), 1);
	assert_int_equal(rx_get(&pkt, 70), 1);
	assert_int_equal(pkt.frags, 3);
	assert_int_equal(pkt.len_bytes, 522);
	assert_int_equal(rx->next_to_clean, 3);
}

static void
test_budget(void **state)
{
	struct lem_rx_pkt pkt;
	uint16_t budget;
	unsigned int i;

	(void)state;
	rx_up(64, 256, false);
	for (i = 0; i < 10; i++)
		assert_int_equal(receive(i % 2 ? 100 : 500), i % 2 ? 1 : 2);
	for (budget = 0; budget <= 10; budget++)
		assert_int_equal(lem_rx_available(&rig.sc, budget), budget);
	assert_int_equal(lem_rx_available(&rig.sc, 11), 10);
	assert_int_equal(lem_rx_available(&rig.sc, UINT16_MAX), 10);
	assert_int_equal(rx_get(&pkt, 70), 1);
	assert_int_equal(lem_rx_available(&rig.sc, UINT16_MAX), 9);
}

/* The whole ring, over its end: all but one descriptor. */
static void
test_full_ring(void **state)
{
	unsigned int lap, i;

	(void)state;
	rx_up(16, 2048, false);
	for (lap = 0; lap < 20; lap++) {
		for (i = 0; i < 15; i++)
			assert_int_equal(receive(64 + i), 1);
		assert_int_equal(receive(64), 0);
		assert_int_equal(lem_rx_available(&rig.sc, 99), 15);
		for (i = 0; i < 15; i++)
			expect_frame(64 + i, lap * 15 + i, 1);
		assert_int_equal(rig_fill(), 15);
		lem_rx_flush(&rig.sc);
	}
	assert_int_equal(rig.dev.rx_missed, 20);
}

/* The read of DD before that of the rest, for every descriptor. */
static void
test_barrier(void **state)
{
	struct lem_rx_pkt pkt;

	(void)state;
	rx_up(16, 256, false);
	assert_int_equal(receive(700), 3);
	fake_log_clear(&rig.dev);
	assert_int_equal(rx_get(&pkt, 70), 1);
	assert_int_equal(fake_log_count(&rig.dev, FAKE_RMB, 0), 3);
	assert_int_equal(rig_fill(), 3);
	fake_log_clear(&rig.dev);
	lem_rx_flush(&rig.sc);
	assert_int_equal(rig.dev.log[0].op, FAKE_WMB);
	assert_int_equal(rig.dev.log[1].reg, E1000_RDT);
}

/* ---------------------------------------------------------- status, errors */

static uint16_t
flags_of(uint8_t status, uint8_t errors, uint16_t special)
{
	const struct fake_frame f = { frame_data, 100, status, errors,
		special };
	struct lem_rx_pkt pkt;

	assert_int_equal(fake_rx(&rig.dev, &f), 1);
	assert_int_equal(rx_get(&pkt, 70), 1);
	assert_int_equal(pkt.frags, 1);
	if (pkt.flags & LEM_RX_VLAN)
		assert_int_equal(pkt.vlan_tag, special);
	(void)rig_fill();
	lem_rx_flush(&rig.sc);
	return pkt.flags;
}

static void
test_checksum_flags(void **state)
{
	const uint8_t both = E1000_RXD_STAT_IPCS | E1000_RXD_STAT_TCPCS;

	(void)state;
	rx_up(16, 2048, false);
	assert_int_equal(flags_of(0, 0, 0), 0);
	assert_int_equal(flags_of(E1000_RXD_STAT_IPCS, 0, 0), LEM_RX_IP_OK);
	assert_int_equal(flags_of(E1000_RXD_STAT_TCPCS, 0, 0), LEM_RX_L4_OK);
	assert_int_equal(flags_of(both, 0, 0), LEM_RX_IP_OK | LEM_RX_L4_OK);
	assert_int_equal(flags_of(both, E1000_RXD_ERR_IPE, 0), LEM_RX_L4_OK);
	assert_int_equal(flags_of(both, E1000_RXD_ERR_TCPE, 0), LEM_RX_IP_OK);
	assert_int_equal(flags_of(both, E1000_RXD_ERR_TCPE | E1000_RXD_ERR_IPE,
			     0),
	    0);
	assert_int_equal(flags_of(both | E1000_RXD_STAT_IXSM, 0, 0), 0);
	/* The stack deals with a wrong checksum: the driver does not drop. */
	assert_int_equal(rx->stats.errors, 0);
}

static void
test_vlan(void **state)
{
	(void)state;
	rx_up(16, 2048, false);
	assert_int_equal(flags_of(E1000_RXD_STAT_VP, 0, 0xe123), LEM_RX_VLAN);
	assert_int_equal(flags_of(E1000_RXD_STAT_VP, 0, 0), LEM_RX_VLAN);
	assert_int_equal(flags_of(0, 0, 0xffff), 0);
}

static void
test_error_bits(void **state)
{
	unsigned int bit, want = 0;

	(void)state;
	rx_up(16, 2048, false);
	for (bit = 0; bit < 8; bit++) {
		bool drop = bit != 3 && bit != 5 && bit != 6;

		want += drop;
		assert_int_equal(flags_of(0, (uint8_t)(1u << bit), 0),
		    drop ? LEM_RX_ERROR : 0);
		assert_int_equal(rx->stats.errors, want);
	}
	assert_int_equal(rx->stats.packets, 8);
}

/* More buffers than the caller can take: dropped, and all stepped over. */
static void
test_too_many_frags(void **state)
{
	struct lem_rx_pkt pkt;

	(void)state;
	rx_up(16, 256, false);
	assert_int_equal(receive(256 * 5), 5);
	assert_int_equal(rx_get(&pkt, 3), 1);
	assert_int_equal(pkt.frags, 3);
	assert_int_equal(pkt.descs, 5);
	assert_int_equal(pkt.flags, LEM_RX_ERROR);
	assert_int_equal(rx->next_to_clean, 5);
	assert_int_equal(receive(256 * 3), 3);
	assert_int_equal(rx_get(&pkt, 3), 1);
	assert_int_equal(pkt.flags, 0);
	assert_int_equal(receive(60), 1);
	assert_int_equal(rx_get(&pkt, 0), 1);
	assert_int_equal(pkt.frags, 0);
	assert_int_equal(pkt.flags, LEM_RX_ERROR);
	assert_int_equal(rx->stats.errors, 2);
	assert_int_equal(rig_fill(), 9);
}

/* A length beyond the buffer must not reach the code that copies. */
static void
test_oversize(void **state)
{
	static const uint16_t lengths[] = { 257, 4096, 65535 };
	struct lem_rx_pkt pkt;
	size_t i;

	(void)state;
	rx_up(16, 256, false);
	for (i = 0; i < RIG_COUNT(lengths); i++) {
		fake_rx_raw(&rig.dev, lengths[i],
		    E1000_RXD_STAT_DD | E1000_RXD_STAT_EOP, 0);
		assert_int_equal(rx_get(&pkt, 70), 1);
		assert_int_equal(pkt.flags, LEM_RX_ERROR);
		assert_true(pkt.len_bytes <= 256);
		assert_true(frags[0].len_bytes <= 256);
	}
	/* In the middle of a packet, too. */
	fake_rx_raw(&rig.dev, 65535, E1000_RXD_STAT_DD, 0);
	fake_rx_raw(&rig.dev, 256, E1000_RXD_STAT_DD | E1000_RXD_STAT_EOP, 0);
	assert_int_equal(rx_get(&pkt, 70), 1);
	assert_int_equal(pkt.flags, LEM_RX_ERROR);
	assert_true(pkt.len_bytes <= 512);
	assert_int_equal(rx->stats.errors, 4);
}

/* DD in descriptors that were not given: only posted ones are read. */
static void
test_liar(void **state)
{
	struct lem_rx_pkt pkt;
	unsigned int i, n = 0;

	(void)state;
	rx_up(16, 256, false);
	for (i = 0; i < 16; i++)
		rig.rx[i].status = 0xff;
	assert_int_equal(lem_rx_available(&rig.sc, UINT16_MAX), 15);
	while (rx_get(&pkt, 70) == 1)
		n++;
	assert_int_equal(n, 15);
	/* DD everywhere and EOP nowhere: no packet, no endless loop. */
	rx_up(16, 256, false);
	for (i = 0; i < 16; i++)
		rig.rx[i].status = E1000_RXD_STAT_DD;
	assert_int_equal(lem_rx_available(&rig.sc, UINT16_MAX), 0);
	assert_int_equal(rx_get(&pkt, 70), 0);
}

/* Refilled but not yet posted descriptors are not the device's. */
static void
test_unposted(void **state)
{
	struct lem_rx_pkt pkt;

	(void)state;
	rx_up(16, 256, false);
	assert_int_equal(receive(60), 1);
	assert_int_equal(rx_get(&pkt, 70), 1);
	assert_int_equal(rig_fill(), 1);
	rig.rx[15].status = 0xff;
	while (fake_rx_owned(&rig.dev) != 0)
		assert_int_equal(receive(60), 1);
	assert_int_equal(lem_rx_available(&rig.sc, 99), 14);
}

/* ------------------------------------------------------------------ refill */

static void
test_refill(void **state)
{
	uint64_t pa[64];
	struct lem_rx_pkt pkt;
	unsigned int i;

	(void)state;
	rig_attach(FAKE_82540);
	rig_rings(16, 1, 2048);
	assert_int_equal(lem_start(&rig.sc), 0);
	for (i = 0; i < 64; i++)
		pa[i] = RIG_RX_DATA + (i % 15) * 2048ull;
	fake_log_clear(&rig.dev);
	assert_int_equal(lem_rx_refill(&rig.sc, pa, 0), 0);
	assert_int_equal(lem_rx_refill(&rig.sc, pa, 5), 5);
	assert_int_equal(lem_rx_refill(&rig.sc, pa + 5, 59), 10);
	assert_int_equal(lem_rx_refill(&rig.sc, pa, 64), 0);
	for (i = 0; i < 15; i++)
		assert_int_equal(rig.rx[i].buffer_addr, pa[i]);
	assert_int_equal(rig.dev.logged, 0);
	assert_int_equal(fake_peek(&rig.dev, E1000_RDT), 0);
	lem_rx_flush(&rig.sc);
	assert_int_equal(fake_peek(&rig.dev, E1000_RDT), 15);
	assert_int_equal(rx->stats.doorbells, 1);
	fake_log_clear(&rig.dev);
	lem_rx_flush(&rig.sc);
	assert_int_equal(rig.dev.logged, 0);
	/* Two come back, two fit, their DD is cleared. */
	assert_int_equal(receive(60), 1);
	assert_int_equal(receive(60), 1);
	assert_int_equal(rx_get(&pkt, 70), 1);
	assert_int_equal(rx_get(&pkt, 70), 1);
	rig.rx[15].status = E1000_RXD_STAT_DD;
	assert_int_equal(lem_rx_refill(&rig.sc, pa, 64), 2);
	assert_int_equal(rig.rx[15].status, 0);
	assert_int_equal(rig.rx[0].status, 0);
	lem_rx_flush(&rig.sc);
	assert_int_equal(fake_peek(&rig.dev, E1000_RDT), 1);
}

/* -------------------------------------------------------------------- push */

static unsigned int
pushes(void)
{
	return fake_log_count(&rig.dev, FAKE_READ, E1000_STATUS);
}

/* What a driver does on an interrupt: everything that is there, then refill. */
static unsigned int
poll_ring(void)
{
	struct lem_rx_pkt pkt;
	unsigned int n = 0;

	while (rx_get(&pkt, 70) == 1)
		n++;
	(void)rig_fill();
	lem_rx_flush(&rig.sc);
	return n;
}

/*
 * RDT is held back, yet while the device has a descriptor it interrupts with
 * the next frame, and reading ICR lets RDT through: no push is needed.
 */
static void
test_no_push_while_alive(void **state)
{
	unsigned int i;

	(void)state;
	rx_up(16, 2048, true);
	assert_int_equal(fake_rx_owned(&rig.dev), 15);
	for (i = 0; i < 500; i++) {
		assert_int_equal(receive(60), 1);
		assert_int_equal(rig_irq(), LEM_WORK_RX);
		assert_int_equal(poll_ring(), 1);
		assert_int_equal(pushes(), 0);
		assert_true(fake_rx_owned(&rig.dev) >= 13);
	}
	assert_int_equal(rx->stats.pushes, pushes() + 1);
}

/* It uses up the last one that it knows of: one push, and it goes on. */
static void
test_push_when_starved(void **state)
{
	unsigned int lap, i;

	(void)state;
	rx_up(16, 2048, true);
	for (lap = 0; lap < 50; lap++) {
		for (i = 0; i < 15; i++)
			assert_int_equal(receive(60), 1);
		assert_int_equal(receive(60), 0);
		(void)rig_irq();
		assert_int_equal(poll_ring(), 15);
		assert_int_equal(pushes(), lap + 1);
		assert_int_equal(fake_rx_owned(&rig.dev), 15);
	}
}

/* While it knows of one more descriptor: no push. */
static void
test_push_bound(void **state)
{
	unsigned int i;

	(void)state;
	rx_up(16, 2048, true);
	for (i = 0; i < 14; i++)
		assert_int_equal(receive(60), 1);
	assert_int_equal(rig_irq(), LEM_WORK_RX);
	assert_int_equal(poll_ring(), 14);
	assert_int_equal(pushes(), 0);
	assert_int_equal(fake_rx_owned(&rig.dev), 1);
	assert_int_equal(rig.dev.helds, 1);
	/* That one is used while RDT is still on its way. */
	assert_int_equal(receive(60), 1);
	assert_int_equal(fake_rx_owned(&rig.dev), 0);
	assert_int_equal(rig_irq(), LEM_WORK_RX);
	assert_int_equal(fake_rx_owned(&rig.dev), 14);
	/* It may push now: it cannot know that RDT came before ICR was read. */
	assert_int_equal(poll_ring(), 1);
	assert_true(pushes() <= 1);
}

/*
 * On two CPUs ICR may have been read, twice, before RDT is written, and be
 * dispatched after it: those two dispatches prove nothing about RDT.
 */
static void
test_push_racing_reads(void **state)
{
	uint32_t first, second;
	unsigned int i;

	(void)state;
	rx_up(16, 2048, true);
	for (i = 0; i < 3; i++)
		(void)lem_intr_dispatch(&rig.sc, 0);
	for (i = 0; i < 14; i++)
		assert_int_equal(receive(60), 1);
	first = lem_intr_cause(&rig.sc);
	second = lem_intr_cause(&rig.sc);
	assert_int_equal(poll_ring(), 14);
	(void)lem_intr_dispatch(&rig.sc, first);
	(void)lem_intr_dispatch(&rig.sc, second);
	assert_int_equal(receive(60), 1);
	assert_int_equal(fake_rx_owned(&rig.dev), 0);
	assert_int_equal(poll_ring(), 1);
	assert_int_equal(pushes(), 1);
	assert_int_equal(fake_rx_owned(&rig.dev), 15);
}

/* Refill in two parts: the second flush makes the push. */
static void
test_push_late_refill(void **state)
{
	struct lem_rx_pkt pkt;
	unsigned int i;

	(void)state;
	rx_up(16, 2048, true);
	for (i = 0; i < 15; i++)
		assert_int_equal(receive(60), 1);
	(void)rig_irq();
	for (i = 0; i < 15; i++)
		assert_int_equal(rx_get(&pkt, 70), 1);
	/* No buffers to give: nothing to push. */
	lem_rx_flush(&rig.sc);
	assert_int_equal(pushes(), 0);
	(void)rig_fill();
	lem_rx_flush(&rig.sc);
	assert_int_equal(pushes(), 1);
	lem_rx_flush(&rig.sc);
	assert_int_equal(pushes(), 1);
}

/*
 * A device begins a frame of several buffers with the descriptors that it has,
 * uses them up, and waits in the middle, without an interrupt.
 */
static void
test_push_within_frame(void **state)
{
	unsigned int i;

	(void)state;
	rx_up(16, 256, true);
	rig.dev.rx_partial = true;
	for (i = 0; i < 13; i++)
		assert_int_equal(receive(60), 1);
	assert_int_equal(receive(4 * 256), 2);
	assert_int_equal(fake_rx_owned(&rig.dev), 0);
	(void)rig_irq();
	assert_int_equal(poll_ring(), 13);
	assert_int_equal(fake_rx_owned(&rig.dev), 11);
	(void)rig_irq();
	assert_int_equal(poll_ring(), 1);
}

/*
 * By chance: frames come in while the driver polls, between any two of its
 * steps.  At the end of each round the device must not be stuck: when it can
 * take no frame, and no interrupt is pending, nothing would ever happen again.
 */
static void
chance_round(uint64_t *random)
{
	unsigned int i, n;

	*random = *random * 6364136223846793005u + 1442695040888963407u;
	n = (unsigned int)(*random >> 40) % 20;
	for (i = 0; i < n; i++)
		(void)receive(60 + (*random >> (i % 40) & 1) * 300);
	if (*random >> 50 & 1 && rig_irq() == 0 && *random >> 51 & 1)
		return;
	(void)poll_ring();
	if (fake_rx_owned(&rig.dev) == 0 && !fake_irq(&rig.dev))
		fail_msg("the device is stuck");
}

static void
test_push_chance(void **state)
{
	uint64_t random = 7;
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		rx_up(i == 0 ? 8 : 32, 2048, true);
		for (unsigned int k = 0; k < 20000; k++)
			chance_round(&random);
		/* Everything is delivered in the end. */
		(void)rig_irq();
		(void)poll_ring();
		assert_true(fake_rx_owned(&rig.dev) > 0);
		assert_true(rx->stats.pushes < 20000);
	}
}

/* The free-running counts may overflow. */
static void
test_push_counts_wrap(void **state)
{
	unsigned int lap, i;

	(void)state;
	rx_up(16, 2048, true);
	rx->posted += UINT32_MAX - 40;
	rx->seen += UINT32_MAX - 40;
	rx->marked += UINT32_MAX - 40;
	rx->cleaned += UINT32_MAX - 40;
	for (lap = 0; lap < 10; lap++) {
		for (i = 0; i < 15; i++)
			assert_int_equal(receive(60), 1);
		(void)rig_irq();
		assert_int_equal(poll_ring(), 15);
		assert_int_equal(pushes(), lap + 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_single),
		RIG_TEST(test_multi),
		RIG_TEST(test_largest),
		RIG_TEST(test_incomplete),
		RIG_TEST(test_budget),
		RIG_TEST(test_full_ring),
		RIG_TEST(test_barrier),
		RIG_TEST(test_checksum_flags),
		RIG_TEST(test_vlan),
		RIG_TEST(test_error_bits),
		RIG_TEST(test_too_many_frags),
		RIG_TEST(test_oversize),
		RIG_TEST(test_liar),
		RIG_TEST(test_unposted),
		RIG_TEST(test_refill),
		RIG_TEST(test_no_push_while_alive),
		RIG_TEST(test_push_when_starved),
		RIG_TEST(test_push_bound),
		RIG_TEST(test_push_racing_reads),
		RIG_TEST(test_push_late_refill),
		RIG_TEST(test_push_within_frame),
		RIG_TEST(test_push_chance),
		RIG_TEST(test_push_counts_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
