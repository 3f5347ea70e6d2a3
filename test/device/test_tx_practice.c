/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transmit, as drivers of other people do it: what the manual does not say, or
 * forbids, and works in other models.
 */
#include "tx_rig.h"

/* ------------------------------------------------------- empty descriptors */

/* A ring of zeros is given up to `tail`; then a packet is put at `at`. */
static void
zeros_first(uint32_t count, uint32_t tail, uint32_t at)
{
	struct rig r = rig_new(E82540_82540EM);
	uint8_t *data = rig_fill(&r, RIG_DATA, 100, 1);

	rig_ring(&r, RIG_RING, count);
	host_write(r.h, E1000_TDT, tail);
	assert_int_equal(rig_head(&r), tail);
	r.tail = at;
	rig_legacy(&r, RIG_DATA, 100, CMD_LAST_RS);
	rig_flush(&r);
	assert_int_equal(rig_counters(&r).bad_descriptor, 0);
	assert_int_equal(rig_counters(&r).bad_ring, 0);
	assert_int_equal(rig_head(&r), r.tail);
	/* The head is there already: chip and other models send nothing. */
	if ((at + 1) % count != tail) {
		assert_int_equal(r.h->packets, 1);
		rig_sent(&r, 0, data, 100);
		assert_true(rig_done(&r, at));
	}
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_flush(&r);
	rig_sent(&r, r.h->packets - 1, data, 60);
	rig_free(&r);
}

static void
test_zeros_first(void **state)
{
	uint32_t tail;

	(void)state;
	for (tail = 0; tail < 8; tail++) {
		zeros_first(8, tail, 0);
		zeros_first(8, tail, tail);
	}
	for (tail = 0; tail < 64; tail += 9)
		zeros_first(64, tail, tail);
	zeros_first(8192, 8191, 8191);
	zeros_first(8192, 8191, 0);
}

/* The ring of zeros is given whole, by TDT = N. */
static void
test_zeros_whole(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint8_t *data = rig_fill(&r, RIG_DATA, 100, 1);

	(void)state;
	rig_ring(&r, RIG_RING, 8);
	host_write(r.h, E1000_TDT, 8);
	assert_int_equal(rig_head(&r), 0);
	assert_int_equal(host_read(r.h, E1000_TDT), 0);
	assert_int_equal(rig_counters(&r).bad_ring, 1);
	rig_legacy(&r, RIG_DATA, 100, CMD_LAST_RS);
	rig_kick(&r);
	assert_int_equal(r.h->packets, 1);
	rig_sent(&r, 0, data, 100);
	assert_true(rig_done(&r, 0));
	assert_int_equal(rig_head(&r), 1);
	assert_int_equal(rig_counters(&r).bad_descriptor, 0);
	rig_free(&r);
}

/*
 * Of every kind, with RS: DD at once.  What they ask for belongs to no packet.
 */
static void
test_null_kinds(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint8_t *data = rig_fill(&r, RIG_DATA, 100, 1);
	uint32_t i;

	(void)state;
	rig_legacy(&r, 0, 100, E1000_TXD_CMD_RS | E1000_TXD_CMD_IC);
	rig_legacy(&r, RIG_DATA, 0, E1000_TXD_CMD_RS);
	rig_data(&r, 0, 100, E1000_TXD_CMD_RS | E1000_TXD_CMD_TSE, 3);
	rig_data(&r, RIG_DATA, 0, E1000_TXD_CMD_RS, 3);
	rig_kick(&r);
	assert_int_equal(rig_head(&r), 4);
	for (i = 0; i < 4; i++)
		assert_true(rig_done(&r, i));
	rig_legacy(&r, RIG_DATA, 50, 0);
	rig_legacy(&r, 0, 0, E1000_TXD_CMD_RS);
	rig_kick(&r);
	/* Within a packet they wait for its end. */
	assert_int_equal(rig_head(&r), 4);
	assert_false(rig_done(&r, 5));
	rig_legacy(&r, RIG_DATA + 50, 50, CMD_LAST_RS);
	rig_kick(&r);
	assert_int_equal(r.h->packets, 1);
	rig_sent(&r, 0, data, 100);
	assert_int_equal(rig_head(&r), 7);
	rig_free(&r);
}

/* So many that a run cannot pass all of them. */
static void
test_null_many(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint32_t i;

	(void)state;
	rig_fill(&r, RIG_DATA, 100, 1);
	rig_ring(&r, RIG_RING, 16384);
	for (i = 0; i < 16000; i++)
		rig_legacy(&r, 0, 0, 0);
	rig_legacy(&r, RIG_DATA, 100, CMD_LAST_RS);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 1);
	assert_int_equal(rig_head(&r), r.tail);
	assert_int_equal(rig_counters(&r).bad_descriptor, 0);
	rig_free(&r);
}

/* --------------------------------------------------------- without IFCS */

/* len bytes, which end with their CRC or not, in pieces of `each`. */
static void
no_ifcs(uint32_t len, bool crc, uint32_t each, uint32_t tctl)
{
	struct rig r = rig_new(E82540_82540EM);
	uint8_t *data = rig_fill(&r, RIG_DATA, 2000, len);
	uint32_t at, n, want_bytes = crc ? len - 4 : len;
	uint8_t want[2000] = { 0 };

	host_write(r.h, E1000_TCTL, tctl);
	if (crc)
		rig_fcs(&r, RIG_DATA, len - 4);
	for (at = 0; at < len; at += n) {
		n = each < len - at ? each : len - at;
		rig_legacy(&r, RIG_DATA + at, n,
		    at + n == len ? E1000_TXD_CMD_EOP | E1000_TXD_CMD_RS : 0);
	}
	rig_flush(&r);
	assert_int_equal(r.h->packets, 1);
	memcpy(want, data, want_bytes);
	if (tctl & E1000_TCTL_PSP && want_bytes < 60)
		want_bytes = 60;
	rig_sent(&r, 0, want, want_bytes);
	assert_int_equal(rig_counters(&r).tx_no_fcs, !crc);
	assert_int_equal(rig_counters(&r).bad_descriptor, 0);
	assert_int_equal(host_read(r.h, E1000_TOTL), want_bytes + 4);
	rig_free(&r);
}

static void
test_no_ifcs(void **state)
{
	static const uint32_t len[] = { 18, 42, 46, 59, 60, 63, 64, 65, 100,
		1514, 1518 };
	static const uint32_t each[] = { 1514, 33, 7, 1 };
	uint32_t i, j;

	(void)state;
	for (i = 0; i < sizeof(len) / sizeof(len[0]); i++)
		for (j = 0; j < sizeof(each) / sizeof(each[0]); j++) {
			if (len[i] / each[j] > 60)
				continue;
			no_ifcs(len[i], false, each[j], E1000_TCTL_EN);
			no_ifcs(len[i], true, each[j], E1000_TCTL_EN);
			no_ifcs(len[i], false, each[j],
			    E1000_TCTL_EN | E1000_TCTL_PSP);
			no_ifcs(len[i], true, each[j],
			    E1000_TCTL_EN | E1000_TCTL_PSP);
		}
}

/* The CRC is that of the bytes in memory; checksum and tag come later. */
static void
test_no_ifcs_offloads(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint8_t *data = rig_fill(&r, RIG_DATA, 100, 1), want[100];
	unsigned int i;

	(void)state;
	host_write(r.h, E1000_CTRL,
	    host_read(r.h, E1000_CTRL) | E1000_CTRL_VME);
	for (i = 0; i < 2; i++) {
		rig_put(&r, RIG_DATA,
		    100 |
			(uint64_t)(E1000_TXD_CMD_EOP | E1000_TXD_CMD_VLE)
			    << 24 |
			(uint64_t)0x2345 << 48);
		rig_kick(&r);
		assert_int_equal(r.h->sent[i].len_bytes, 104 - 4 * i);
		assert_memory_equal(r.h->sent[i].data, data, 12);
		assert_memory_equal(r.h->sent[i].data + 12, "\x81\0\x23\x45",
		    4);
		assert_memory_equal(r.h->sent[i].data + 16, data + 12,
		    88 - 4 * i);
		rig_fcs(&r, RIG_DATA, 96);
	}
	/* A sum of bytes 14 to 95, at 20. */
	rig_put(&r, RIG_DATA,
	    100 | 20u << 16 |
		(uint64_t)(E1000_TXD_CMD_EOP | E1000_TXD_CMD_IC) << 24 |
		(uint64_t)14 << 40);
	rig_kick(&r);
	memcpy(want, data, 96);
	memcpy(want + 20, r.h->sent[2].data + 20, 2);
	assert_memory_not_equal(want, data, 96);
	rig_sent(&r, 2, want, 96);
	assert_int_equal(rig_counters(&r).tx_no_fcs, 1);
	rig_free(&r);
}

/* Counted when it is sent, not when it is gathered. */
static void
test_no_ifcs_refused(void **state)
{
	struct rig r = rig_new(E82540_82540EM);

	(void)state;
	rig_fill(&r, RIG_DATA, 100, 1);
	r.h->room = 0;
	rig_legacy(&r, RIG_DATA, 100, E1000_TXD_CMD_EOP);
	rig_flush(&r);
	assert_int_equal(rig_counters(&r).tx_no_fcs, 0);
	r.h->room = UINT32_MAX;
	e82540_tx_resume(r.h->dev, r.h->now_ns);
	assert_int_equal(r.h->packets, 1);
	assert_int_equal(rig_counters(&r).tx_no_fcs, 1);
	rig_free(&r);
}

/* An empty frame with the CRC of nothing, which is 0. */
static void
test_no_ifcs_nothing(void **state)
{
	struct rig r = rig_new(E82540_82540EM);

	(void)state;
	memset(host_ram(r.h, RIG_DATA), 0, 4);
	rig_legacy(&r, RIG_DATA, 4, E1000_TXD_CMD_EOP);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 0);
	assert_int_equal(rig_counters(&r).bad_descriptor, 1);
	rig_free(&r);
}

static void
test_no_ifcs_loopback(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint8_t *data = rig_fill(&r, RIG_DATA, 300, 1);
	const struct e1000_rx_desc *rx = host_ram(r.h, RIG_RX_RING);

	(void)state;
	data[100] &= 0xFE;
	rig_fcs(&r, RIG_DATA + 100, 96);
	rig_loopback(&r, 8, 7);
	rig_legacy(&r, RIG_DATA, 100, E1000_TXD_CMD_EOP);
	rig_legacy(&r, RIG_DATA + 100, 100, E1000_TXD_CMD_EOP);
	rig_kick(&r);
	assert_int_equal(host_read(r.h, E1000_RDH), 2);
	assert_int_equal(rx[0].length, 100);
	assert_memory_equal(host_ram(r.h, RIG_RX_DATA), data, 100);
	assert_int_equal(rx[1].length, 96);
	assert_memory_equal(host_ram(r.h, RIG_RX_DATA + 2048), data + 100, 96);
	rig_free(&r);
}

/* -------------------------------------------- indices outside of the ring */

/* Frames of 60 + i bytes in descriptors i of a ring; the head is at `head`. */
static struct rig
full_ring(uint32_t count, uint32_t head)
{
	struct rig r = rig_new(E82540_82540EM);
	uint32_t i;

	rig_fill(&r, RIG_DATA, 2000, 1);
	rig_ring(&r, RIG_RING, count);
	host_write(r.h, E1000_TDT, head);
	host_write(r.h, E1000_TDH, head);
	assert_int_equal(r.h->packets, 0);
	for (i = 0; i < count; i++)
		rig_legacy(&r, RIG_DATA, 60 + i, CMD_LAST_RS);
	return r;
}

/* From `first` on n frames went out, in order. */
static void
sent_round(struct rig *r, uint32_t first, uint32_t n)
{
	uint32_t i;

	assert_int_equal(r->h->packets, n);
	for (i = 0; i < n; i++)
		assert_int_equal(r->h->sent[i].len_bytes,
		    60 + (first + i) % r->count);
}

/* TDT outside: up to TDT modulo N; all N if the head is there. */
static void
outside(uint32_t count, uint32_t head, uint32_t tdt)
{
	struct rig r = full_ring(count, head);
	uint32_t n = (tdt - head) % count;

	n = n == 0 ? count : n;
	host_write(r.h, E1000_TDT, tdt);
	rig_settle(&r);
	sent_round(&r, head, n);
	assert_int_equal(rig_head(&r), tdt % count);
	assert_int_equal(host_read(r.h, E1000_TDT), tdt % count);
	assert_int_equal(rig_counters(&r).bad_ring, 1);
	/* Once, whatever happens; the ring goes on. */
	host_write(r.h, E1000_TCTL, 0);
	host_write(r.h, E1000_TCTL, E1000_TCTL_EN);
	e82540_tx_resume(r.h->dev, r.h->now_ns);
	assert_int_equal(r.h->packets, n);
	if (count > 1) {
		host_write(r.h, E1000_TDT, (tdt + 1) % count);
		sent_round(&r, head, n + 1);
	}
	assert_int_equal(rig_counters(&r).bad_ring, 1);
	rig_free(&r);
}

static void
test_tdt_outside(void **state)
{
	static const uint32_t counts[] = { 1, 2, 3, 7, 8, 64 };
	uint32_t i, head;

	(void)state;
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		for (head = 0; head < counts[i]; head += 1 + head) {
			outside(counts[i], head, counts[i]);
			outside(counts[i], head, counts[i] + 1);
			outside(counts[i], head, 3 * counts[i] - 1 + (i == 0));
			outside(counts[i], head, counts[i] + head);
			outside(counts[i], head, 65535);
		}
	outside(1024, 0, 1024);
	outside(1024, 1000, 3 * 1024 + 1000);
	outside(1024, 1000, 1024);
}

/* A driver that counts on: each frame goes out once. */
static void
counts_on(uint32_t count)
{
	struct rig r = rig_new(E82540_82540EM);
	uint32_t i;

	rig_fill(&r, RIG_DATA, 2000, 1);
	rig_ring(&r, RIG_RING, count);
	for (i = 1; i <= 100; i++) {
		rig_legacy(&r, RIG_DATA, 60 + i, CMD_LAST_RS);
		host_write(r.h, E1000_TDT, i);
		assert_int_equal(r.h->packets, i);
		assert_int_equal(r.h->sent[i - 1].len_bytes, 60 + i);
		assert_true(rig_done(&r, (i - 1) % count));
	}
	rig_free(&r);
}

/* 13.4.38: a multiple of 128 bytes; less than that is kept. */
static void
test_tdlen(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint32_t len;

	(void)state;
	for (len = 0; len < 0x1000; len++) {
		host_write(r.h, E1000_TDLEN, 0xFFF00000 + len);
		assert_int_equal(host_read(r.h, E1000_TDLEN),
		    len < 128 ? len & 0x70 : len & 0xF80);
	}
	host_write(r.h, E1000_TDLEN, UINT32_MAX);
	assert_int_equal(host_read(r.h, E1000_TDLEN), 0xFFF80);
	rig_free(&r);
}

/* Rings shorter than the shortest of the manual (13.4.38). */
static void
short_ring(uint32_t count)
{
	struct rig r = rig_new(E82540_82540EM);
	uint32_t i;

	rig_fill(&r, RIG_DATA, 2000, 1);
	rig_ring(&r, RIG_RING, count);
	for (i = 0; i < 3 * count; i++) {
		rig_legacy(&r, RIG_DATA, 60 + i, CMD_LAST_RS);
		rig_kick(&r);
		assert_int_equal(r.h->packets, i + 1);
		assert_int_equal(r.h->sent[i].len_bytes, 60 + i);
		assert_int_equal(rig_head(&r), r.tail);
	}
	assert_int_equal(rig_counters(&r).bad_ring, 0);
	rig_free(&r);
}

/* One descriptor, which TDT = 1 gives each time. */
static void
one_descriptor(void)
{
	struct rig r = rig_new(E82540_82540EM);
	uint32_t i;

	rig_fill(&r, RIG_DATA, 2000, 1);
	rig_ring(&r, RIG_RING, 1);
	for (i = 0; i < 5; i++) {
		rig_legacy(&r, RIG_DATA, 60 + i, CMD_LAST_RS);
		host_write(r.h, E1000_TDT, 1);
		assert_int_equal(r.h->packets, i + 1);
		assert_int_equal(r.h->sent[i].len_bytes, 60 + i);
		assert_true(rig_done(&r, 0));
		assert_int_equal(rig_head(&r), 0);
	}
	rig_free(&r);
}

static void
test_short_rings(void **state)
{
	uint32_t count;

	(void)state;
	for (count = 2; count <= 8; count++) {
		short_ring(count);
		counts_on(count);
	}
	counts_on(1);
	one_descriptor();
}

/* The network takes one at a time: no frame is lost or sent twice. */
static void
test_outside_refused(void **state)
{
	struct rig r = full_ring(8, 3);
	uint32_t i;

	(void)state;
	r.h->room = 0;
	host_write(r.h, E1000_TDT, 11);
	assert_int_equal(host_read(r.h, E1000_TDT), 11);
	for (i = 0; i < 20; i++) {
		r.h->room = 1;
		e82540_tx_resume(r.h->dev, r.h->now_ns);
		host_advance(r.h, 1000);
	}
	sent_round(&r, 3, 8);
	rig_free(&r);
}

/* The same value twice, in doorbell memory. */
static void
test_outside_doorbell(void **state)
{
	struct rig r = full_ring(1, 0);
	uint32_t *mem, i;

	(void)state;
	mem = aligned_alloc(4096, E82540_DOORBELL_BYTES);
	assert_int_equal(e82540_doorbell_open(r.h->dev, r.h->now_ns, mem), 0);
	for (i = 1; i < 4; i++) {
		mem[(E1000_TDT - E82540_DOORBELL_OFFSET) / 4] = 1;
		while (e82540_transmit(r.h->dev, r.h->now_ns))
			;
		assert_int_equal(r.h->packets, i);
		assert_false(e82540_transmit(r.h->dev, r.h->now_ns));
		assert_int_equal(r.h->packets, i);
	}
	e82540_doorbell_close(r.h->dev, r.h->now_ns);
	free(mem);
	rig_free(&r);
}

/* TDH outside: the ring begins at 0 again. */
static void
test_tdh_outside(void **state)
{
	struct rig r = full_ring(8, 0);

	(void)state;
	host_write(r.h, E1000_TCTL, 0);
	host_write(r.h, E1000_TDH, 0xFFFF);
	host_write(r.h, E1000_TDT, 3);
	host_write(r.h, E1000_TCTL, E1000_TCTL_EN);
	sent_round(&r, 0, 3);
	assert_int_equal(rig_head(&r), 3);
	assert_int_equal(rig_counters(&r).bad_ring, 1);
	host_write(r.h, E1000_TDT, 0);
	sent_round(&r, 0, 8);
	rig_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zeros_first),
		cmocka_unit_test(test_zeros_whole),
		cmocka_unit_test(test_null_kinds),
		cmocka_unit_test(test_null_many),
		cmocka_unit_test(test_no_ifcs),
		cmocka_unit_test(test_no_ifcs_offloads),
		cmocka_unit_test(test_no_ifcs_refused),
		cmocka_unit_test(test_no_ifcs_nothing),
		cmocka_unit_test(test_no_ifcs_loopback),
		cmocka_unit_test(test_tdt_outside),
		cmocka_unit_test(test_tdlen),
		cmocka_unit_test(test_short_rings),
		cmocka_unit_test(test_outside_refused),
		cmocka_unit_test(test_outside_doorbell),
		cmocka_unit_test(test_tdh_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
