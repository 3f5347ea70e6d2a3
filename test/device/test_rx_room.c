/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receive rings that have no room, or seem to have none: frames larger than the
 * ring, tails beyond it, rings of a few descriptors.  What comes afterwards
 * arrives.
 */
#include "e82540_rx.h"
#include "rx_rig.h"

static uint32_t doorbell_mem[E82540_DOORBELL_BYTES / 4];
static bool doorbells;

/* RDT as the guest writes it: trapped, or as memory, and a thread looks. */
static void
tail_write(struct rig *r, uint32_t tail)
{
	if (!doorbells) {
		host_write(r->h, E1000_RDT, tail);
		return;
	}
	doorbell_mem[(E1000_RDT - E82540_DOORBELL_OFFSET) / 4] = tail;
	(void)e82540_receive(r->h->dev, r->h->now_ns, NULL, 0);
}

static void
refill(struct rig *r)
{
	tail_write(r, (r->next + r->count - 1) % r->count);
}

static void
numbered(uint8_t *frame, uint32_t len, uint32_t n)
{
	rig_frame(frame, len, 0x88B5);
	memcpy(frame + 14, &n, 4);
}

static void
room_start(struct rig *r, bool drop, uint32_t count, uint32_t buf,
    uint32_t free, uint32_t rctl)
{
	struct host *h = host_new(E82540_82540EM);

	h->config.rx_drop = drop;
	rig_on(r, h, 0);
	host_write(h, E1000_RCTL, 0);
	rig_ring(r, count, buf, free);
	rig_rctl(r, rctl | E1000_RCTL_LPE);
	if (doorbells)
		assert_int_equal(e82540_doorbell_open(h->dev, h->now_ns,
				     doorbell_mem),
		    0);
}

/* 200 small frames, the ring refilled after each: all arrive, in order. */
static void
small_ones_arrive(struct rig *r)
{
	uint8_t frame[100];
	uint32_t n;

	for (n = 0; n < 200; n++) {
		numbered(frame, sizeof(frame), n);
		assert_int_equal(rig_give(r, frame, sizeof(frame)), 1);
		rig_expect(r, frame, sizeof(frame));
		refill(r);
		host_advance(r->h, 1000000);
	}
	assert_int_equal(rig_get(r), -1);
}

static void
big_frame(bool drop, uint32_t sbp, uint32_t count, uint32_t buf)
{
	static uint8_t big[16380];
	struct rig r;

	room_start(&r, drop, count, buf, count - 1, sbp);
	rig_frame(big, sizeof(big), 0x88B5);
	(void)host_read(r.h, E1000_ICR);
	assert_int_equal(rig_give(&r, big, sizeof(big)), 1);
	assert_int_equal(rig_get(&r), -1);
	assert_true(host_read(r.h, E1000_ICR) & E1000_ICR_RXO);
	assert_int_equal(host_read(r.h, E1000_MPC), 1);
	assert_int_equal(rig_counters(&r).rx_dropped, 1);
	small_ones_arrive(&r);
	/* Again, with little given: it can never fit, whatever comes. */
	tail_write(&r, r.next);
	assert_int_equal(rig_give(&r, big, sizeof(big)), 1);
	assert_int_equal(host_read(r.h, E1000_MPC), 1);
	refill(&r);
	small_ones_arrive(&r);
	/* One byte less than what fits, and it does. */
	rig_frame(big, (count - 1) * buf - 4, 0x88B5);
	assert_int_equal(rig_give(&r, big, (count - 1) * buf - 4), 1);
	rig_expect(&r, big, (count - 1) * buf - 4);
	assert_int_equal(rig_counters(&r).rx_dropped, 2);
	assert_int_equal(rig_counters(&r).rx_waited, 0);
	rig_stop(&r);
}

static void
test_big_frame(void **state)
{
	static const struct {
		uint32_t count, buf;
	} ring[] = { { 8, 1024 }, { 8, 2048 }, { 16, 256 }, { 24, 512 },
		{ 3, 4096 }, { 2, 8192 } };
	unsigned int i, way;

	(void)state;
	for (i = 0; i < sizeof(ring) / sizeof(ring[0]); i++)
		for (way = 0; way < 8; way++) {
			doorbells = way & 4;
			big_frame(way & 1, way & 2 ? E1000_RCTL_SBP : 0,
			    ring[i].count, ring[i].buf);
		}
	doorbells = false;
}

/*
 * The big frame waits in the FIFO with others in front and behind, and the host
 * with more, when the driver gives a ring that is too small for it.
 */
static void
test_big_frame_in_fifo(void **state)
{
	static uint8_t frame[9014];
	uint32_t way, sent, got, want;
	struct rig r;
	int len;

	(void)state;
	for (way = 0; way < 4; way++) {
		doorbells = way & 2;
		room_start(&r, way & 1, 8, 1024, 0, 0);
		host_write(r.h, E1000_RDLEN, 0);	/* no ring yet */
		for (sent = 0; sent < 200; sent++) {
			len = sent == 5 ? 9014 : 1000;
			numbered(frame, len, sent);
			if (rig_give(&r, frame, len) == 0)
				break;
		}
		host_write(r.h, E1000_RCTL, 0);
		rig_ring(&r, 8, 1024, 7);
		rig_rctl(&r, E1000_RCTL_LPE);
		for (got = want = 0; got < 1000; got++) {
			len = rig_get(&r);
			if (len < 0)
				break;
			want += want == 5;
			assert_memory_equal(r.data + 14, &want, 4);
			want++;
			refill(&r);
		}
		assert_in_range(got, 30, 48);
		assert_int_equal(r.h->rx_readies, way & 1 ? 0 : 1);
		assert_true(host_read(r.h, E1000_MPC) >= 1);
		small_ones_arrive(&r);
		rig_stop(&r);
	}
	doorbells = false;
}

/*
 * A driver that always keeps two of eight descriptors back: a frame of seven
 * waits, until the FIFO is full.
 */
static void
test_ring_never_whole(void **state)
{
	static uint8_t frame[6500];
	uint32_t way, n, got = 0;
	struct rig r;
	int len;

	(void)state;
	for (way = 0; way < 2; way++) {
		room_start(&r, way & 1, 8, 1024, 6, 0);
		rig_frame(frame, sizeof(frame), 0x88B5);
		assert_int_equal(rig_give(&r, frame, sizeof(frame)), 1);
		for (n = 0; n < 200; n++) {
			numbered(frame, 1000, n);
			assert_int_equal(rig_give(&r, frame, 1000), 1);
			while ((len = rig_get(&r)) >= 0) {
				assert_int_equal(len, 1004);
				got++;
				host_write(r.h, E1000_RDT,
				    (r.next + r.count - 2) % r.count);
			}
		}
		assert_int_equal(got, 200);
		got = 0;
		assert_int_equal(host_read(r.h, E1000_MPC), 1);
		assert_int_equal(rig_counters(&r).rx_dropped, 1);
		assert_int_equal(rig_counters(&r).rx_waited, 0);
		rig_stop(&r);
	}
	/* The same for a frame that the FIFO cannot hold either. */
	room_start(&r, false, 8, 1024, 6, 0);
	host_write(r.h, E1000_PBA, 0);
	rig_frame(frame, sizeof(frame), 0x88B5);
	assert_int_equal(rig_give(&r, frame, sizeof(frame)), 1);
	assert_int_equal(host_read(r.h, E1000_MPC), 1);
	numbered(frame, 1000, 0);
	assert_int_equal(rig_give(&r, frame, 1000), 1);
	rig_expect(&r, frame, 1000);
	rig_stop(&r);
}

/* Null descriptors in the middle make a ring smaller. */
static void
test_null_descriptors(void **state)
{
	static uint8_t frame[5000];
	uint32_t i;
	struct rig r;

	(void)state;
	room_start(&r, false, 8, 1024, 0, 0);
	for (i = 1; i < 6; i++)
		rig_desc(&r, i)->buffer_addr = 0;
	host_write(r.h, E1000_RDT, 7);
	rig_frame(frame, sizeof(frame), 0x88B5);
	assert_int_equal(rig_give(&r, frame, sizeof(frame)), 1);
	assert_int_equal(host_read(r.h, E1000_MPC), 1);
	assert_int_equal(rig_give(&r, frame, 60), 1);
	rig_expect(&r, frame, 60);
	rig_stop(&r);
}

/*
 * A guest that gives null descriptors as fast as the model passes them: after
 * as many as the ring has, the batch ends, and another one follows.
 */
static void
test_nulls_without_end(void **state)
{
	uint8_t bytes[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct e82540_frame frame = { bytes, sizeof(bytes), 0 };
	struct e82540_report report;
	struct rig r;

	(void)state;
	room_start(&r, false, 8, 2048, 7, E1000_RCTL_BAM);
	memset(rig_desc(&r, 0), 0, 8 * 16);
	rig_desc(&r, 6)->buffer_addr = RIG_BUFFERS;
	e82540_report_init(r.h->dev, &report);
	report.rx_nulls = 3;		/* passed before, by other frames */
	assert_int_equal(e82540_rx_run(r.h->dev, &frame, 1, &report), 1);
	assert_int_equal(host_read(r.h, E1000_RDH), 5);
	assert_true(report.rx_again);
	e82540_report_post(r.h->dev, &report);
	assert_int_equal(rig_desc(&r, 6)->status, 0);
	/* Any call goes on with it. */
	e82540_run(r.h->dev, r.h->now_ns);
	assert_int_equal(host_read(r.h, E1000_RDH), 7);
	assert_true(rig_desc(&r, 6)->status & E1000_RXD_STAT_DD);
	rig_stop(&r);
}

/* ------------------------------------------------------- tail beyond ring */

/*
 * RDT = N, written once, or counted on without modulo, or N + 100 and so on.
 * The driver clears DD.
 */
static void
test_tail_beyond(void **state)
{
	static const uint32_t beyond[] = { 0, 1, 100, 0xFFFF - 8 };
	uint8_t frame[100];
	uint32_t way, n, tail;
	struct rig r;

	(void)state;
	for (way = 0; way < 16; way++) {
		doorbells = way & 8;
		room_start(&r, false, 8, 2048, 0, 0);
		tail = 8 + beyond[way & 3];
		tail_write(&r, tail);
		for (n = 0; n < 500; n++) {
			numbered(frame, sizeof(frame), n);
			assert_int_equal(rig_give(&r, frame, sizeof(frame)), 1);
			rig_expect(&r, frame, sizeof(frame));
			assert_int_equal(rig_get(&r), -1);
			if (way & 4)
				tail_write(&r, tail += tail < 0xFFFF);
		}
		assert_true(rig_counters(&r).bad_ring > 0);
		assert_int_equal(rig_counters(&r).bad_ring_where, E1000_RDT);
		assert_true(rig_counters(&r).bad_ring_value >= 8);
		assert_int_equal(host_read(r.h, E1000_RDT), tail);
		rig_stop(&r);
	}
	doorbells = false;
}

/* What the guest has not read yet stays; the host never has to wait. */
static void
test_tail_beyond_full(void **state)
{
	uint8_t frame[1000];
	uint32_t n, drop, got = 0;
	struct rig r;

	(void)state;
	for (drop = 0; drop < 2; drop++) {
		room_start(&r, drop, 8, 2048, 0, 0);
		host_write(r.h, E1000_RDT, 8);
		for (n = 0; n < 100; n++) {
			numbered(frame, sizeof(frame), n);
			assert_int_equal(rig_give(&r, frame, sizeof(frame)), 1);
		}
		assert_true(host_read(r.h, E1000_MPC) > 0);
		assert_true(host_read(r.h, E1000_ICR) & E1000_ICR_RXO);
		for (got = 0; rig_get(&r) >= 0; got++) {
			assert_memory_equal(r.data + 14, &got, 4);
			/* Any write of RDT brings what is in the FIFO. */
			host_write(r.h, E1000_RDT, 8);
		}
		assert_in_range(got, 8 + 40, 8 + 48);
		assert_int_equal(host_read(r.h, E1000_MPC), 0);
		assert_int_equal(rig_counters(&r).rx_dropped, 100 - got);
		rig_stop(&r);
	}
}

/* The host waits for a good ring when the driver writes such a tail. */
static void
test_tail_beyond_wakes(void **state)
{
	uint8_t frame[1000];
	struct rig r;

	(void)state;
	room_start(&r, false, 8, 2048, 0, 0);
	numbered(frame, sizeof(frame), 0);
	while (rig_give(&r, frame, sizeof(frame)) == 1)
		;
	assert_int_equal(r.h->rx_readies, 0);
	host_write(r.h, E1000_RDT, 8);
	assert_int_equal(r.h->rx_readies, 1);
	assert_int_equal(rig_give(&r, frame, sizeof(frame)), 1);
	rig_stop(&r);
}

/* ------------------------------------------------------------ short rings */

/* RDLEN of 16 to 112: 1 to 7 descriptors. */
static void
test_short_ring(void **state)
{
	uint8_t frame[100];
	uint32_t count, n, beyond;
	struct rig r;

	(void)state;
	for (count = 1; count < 8; count++)
		for (beyond = count == 1; beyond < 2; beyond++) {
			room_start(&r, false, count, 2048,
			    beyond ? count : count - 1, 0);
			assert_int_equal(host_read(r.h, E1000_RDLEN),
			    count * 16);
			for (n = 0; n < 50; n++) {
				numbered(frame, sizeof(frame), n);
				assert_int_equal(rig_give(&r, frame,
						     sizeof(frame)),
				    1);
				rig_expect(&r, frame, sizeof(frame));
				if (!beyond)
					rig_refill(&r);
			}
			/* A frame in all that can be given. */
			n = count > 1 ? count - 1 : 1;
			assert_true(2048 * n <= 16384);
			rig_frame(r.data, 2048 * n - 4, 0x88B5);
			assert_int_equal(rig_give(&r, r.data, 2048 * n - 4), 1);
			assert_int_equal(rig_get(&r), 2048 * n);
			assert_int_equal(rig_counters(&r).rx_dropped, 0);
			rig_stop(&r);
		}
}

/* Bits 6:4 are there only if nothing else is (13.4.27). */
static void
test_rdlen(void **state)
{
	uint32_t len;
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	for (len = 0; len < 0x400; len++) {
		host_write(r.h, E1000_RDLEN, len);
		assert_int_equal(host_read(r.h, E1000_RDLEN),
		    len < 128 ? len / 16 * 16 : len / 128 * 128);
	}
	rig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_big_frame),
		cmocka_unit_test(test_big_frame_in_fifo),
		cmocka_unit_test(test_ring_never_whole),
		cmocka_unit_test(test_null_descriptors),
		cmocka_unit_test(test_nulls_without_end),
		cmocka_unit_test(test_tail_beyond),
		cmocka_unit_test(test_tail_beyond_full),
		cmocka_unit_test(test_tail_beyond_wakes),
		cmocka_unit_test(test_short_ring),
		cmocka_unit_test(test_rdlen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
