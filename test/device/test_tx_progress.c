/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transmit: what stays in the ring from one run to the next.  Packets whose end
 * has not come yet, and packets that the network did not take.
 */
#include "tx_rig.h"

#define TSO_HEADER	54u

/* ---------------------------------------------------------- partial packets */

static void
test_partial(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint8_t *data = rig_fill(&r, RIG_DATA, 1000, 3);
	uint32_t i, end;

	(void)state;
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	for (i = 0; i < 9; i++) {
		rig_legacy(&r, RIG_DATA + i * 100, 100, E1000_TXD_CMD_RS);
		rig_kick(&r);
		assert_int_equal(rig_head(&r), 1);
		assert_false(rig_done(&r, 1));
	}
	/* Taken back, and put anew. */
	host_write(r.h, E1000_TDT, 4);
	assert_int_equal(rig_head(&r), 1);
	rig_kick(&r);
	assert_int_equal(r.h->packets, 1);
	assert_int_equal(host_read(r.h, E1000_ICR) & E1000_ICR_TXQE, 0);
	end = rig_legacy(&r, RIG_DATA + 900, 100, CMD_LAST_RS);
	rig_legacy(&r, RIG_DATA, 60, 0);
	rig_kick(&r);
	assert_int_equal(r.h->packets, 2);
	rig_sent(&r, 1, data, 1000);
	assert_int_equal(rig_head(&r), end + 1);
	assert_true(rig_done(&r, 1));
	assert_true(rig_done(&r, end));
	assert_false(rig_done(&r, end + 1));
	rig_free(&r);
}

/* The driver takes descriptors back: what the model saw of them is void. */
static void
test_partial_moved(void **state)
{
	struct rig r = rig_new(E82540_82540EM);

	(void)state;
	rig_fill(&r, RIG_DATA, 1000, 3);
	rig_legacy(&r, RIG_DATA, 100, 0);
	rig_legacy(&r, RIG_DATA, 100, 0);
	rig_legacy(&r, RIG_DATA, 100, 0);
	rig_kick(&r);
	/* Another ring: what the model saw of the old one is void. */
	rig_ring(&r, RIG_RING + 0x1000, RIG_COUNT);
	rig_legacy(&r, RIG_DATA, 100, CMD_LAST);
	rig_legacy(&r, RIG_DATA, 100, 0);
	rig_legacy(&r, RIG_DATA, 100, 0);
	rig_legacy(&r, RIG_DATA, 100, 0);
	rig_kick(&r);
	assert_int_equal(r.h->packets, 1);
	assert_int_equal(rig_head(&r), 1);
	host_write(r.h, E1000_TDT, 1);
	rig_desc(&r, 1)[11] = CMD_LAST;
	host_write(r.h, E1000_TDT, 4);
	assert_int_equal(r.h->packets, 2);
	assert_int_equal(rig_head(&r), 2);
	host_write(r.h, E1000_TDT, 3);
	rig_desc(&r, 3)[11] = CMD_LAST;
	host_write(r.h, E1000_TDT, 4);
	assert_int_equal(r.h->packets, 3);
	assert_int_equal(rig_head(&r), 4);
	rig_free(&r);
}

/* A ring full of one packet is given up, up to its EOP. */
static void
test_partial_full(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint32_t i;

	(void)state;
	rig_fill(&r, RIG_DATA, 1000, 3);
	for (i = 0; i < RIG_COUNT - 1; i++)
		rig_legacy(&r, RIG_DATA, 10, i == 5 ? E1000_TXD_CMD_RS : 0);
	rig_flush(&r);
	assert_int_equal(rig_counters(&r).bad_descriptor, 1);
	assert_int_equal(rig_head(&r), RIG_COUNT - 1);
	assert_true(rig_done(&r, 5));
	assert_false(rig_done(&r, 6));
	/* The rest of the packet, which alone would be a packet, too. */
	rig_legacy(&r, RIG_DATA, 100, 0);
	rig_flush(&r);
	rig_legacy(&r, RIG_DATA, 100, CMD_LAST_RS);
	rig_legacy(&r, RIG_DATA, 200, CMD_LAST_RS);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 1);
	assert_int_equal(r.h->sent[0].len_bytes, 200);
	assert_true(rig_done(&r, 0));
	assert_int_equal(rig_counters(&r).bad_descriptor, 1);
	rig_free(&r);
}

/* While it is dropped, the ring leaves memory, and comes back. */
static void
test_discard_gone(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	struct e82540_region region = { HOST_RAM, 0x1000, r.h->ram, true };
	uint32_t i;

	(void)state;
	rig_fill(&r, RIG_DATA, 1000, 3);
	for (i = 0; i < RIG_COUNT - 1; i++)
		rig_legacy(&r, RIG_DATA, 10, 0);
	rig_flush(&r);
	assert_int_equal(e82540_memory_set(r.h->dev, &region, 1), 0);
	rig_legacy(&r, RIG_DATA, 100, CMD_LAST);
	rig_legacy(&r, RIG_DATA, 200, CMD_LAST);
	rig_flush(&r);
	assert_int_equal(rig_head(&r), RIG_COUNT - 1);
	assert_in_range(rig_counters(&r).bad_address, 1, 2);
	region.len = HOST_RAM_BYTES;
	assert_int_equal(e82540_memory_set(r.h->dev, &region, 1), 0);
	rig_kick(&r);
	assert_int_equal(r.h->packets, 1);
	assert_int_equal(r.h->sent[0].len_bytes, 200);
	rig_free(&r);
}

/* More descriptors than a packet may have; a bounded number at a time. */
static void
test_partial_endless(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint32_t i, count = 16384;

	(void)state;
	rig_fill(&r, RIG_DATA, 1000, 3);
	rig_ring(&r, RIG_RING, count);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST);
	for (i = 0; i < count - 20; i++)
		rig_legacy(&r, RIG_DATA, i == 0, 0);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_legacy(&r, RIG_DATA, 70, CMD_LAST_RS);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 2);
	assert_int_equal(r.h->sent[1].len_bytes, 70);
	assert_int_equal(rig_counters(&r).bad_descriptor, 1);
	assert_int_equal(rig_head(&r), r.tail);
	rig_free(&r);
}

/* The same, one descriptor a write of TDT: no write looks at all of them. */
static void
test_partial_slow(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint32_t i;

	(void)state;
	rig_fill(&r, RIG_DATA, 1000, 3);
	rig_ring(&r, RIG_RING, 16384);
	for (i = 0; i < 4096; i++) {
		rig_legacy(&r, RIG_DATA, 1, 0);
		rig_kick(&r);
		assert_int_equal(rig_head(&r), i + 1 == 4096 ? 4096 : 0);
	}
	assert_int_equal(rig_counters(&r).bad_descriptor, 1);
	rig_legacy(&r, RIG_DATA, 1, CMD_LAST_RS);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 1);
	rig_free(&r);
}

/* 4096 are allowed. */
static void
test_many_descriptors(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint8_t *data = rig_fill(&r, RIG_DATA, 4096, 3);
	uint32_t i;

	(void)state;
	rig_ring(&r, RIG_RING, 16384);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST);
	for (i = 0; i < 4096; i++)
		rig_legacy(&r, RIG_DATA + i, 1, i == 4095 ? CMD_LAST_RS : 0);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 2);
	rig_sent(&r, 1, data, 4096);
	rig_free(&r);
}

/* ------------------------------------------------------------ back-pressure */

#define TSO_MSS		100u
#define TSO_PAYLOAD	1050u		/* 11 frames */

/* Without its context. */
static void
tso_data(struct rig *r, uint64_t gpa)
{
	rig_data(r, gpa, TSO_HEADER, E1000_TXD_CMD_TSE,
	    E1000_TXD_POPTS_IXSM | E1000_TXD_POPTS_TXSM);
	rig_data(r, gpa + TSO_HEADER, TSO_PAYLOAD,
	    CMD_LAST_RS | E1000_TXD_CMD_TSE, 0);
}

/* Its MSS depends on the place: 100 to 97. */
static void
tso_put(struct rig *r, uint64_t gpa, uint32_t flags)
{
	struct rig_context c = {
		.ipcss = 14,
		.ipcso = 24,
		.ipcse = 33,
		.tucss = 34,
		.tucso = 50,
		.paylen = TSO_PAYLOAD,
		.tucmd = E1000_TXD_TUCMD_TSE | E1000_TXD_TUCMD_TCP |
		    E1000_TXD_TUCMD_IP | flags,
		.hdr_len = TSO_HEADER,
		.mss = TSO_MSS - (gpa / 0x2000 & 3),
	};

	rig_context(r, &c);
	tso_data(r, gpa);
}

/*
 * Packets of all kinds, with contexts between them; some to be dropped, which
 * end a batch.
 */
static void
put_mixture(struct rig *r, bool drops)
{
	struct rig_context c = { .tucss = 14, .tucso = 20 };
	uint32_t i;

	for (i = 0; i < 4; i++) {
		rig_fill(r, RIG_DATA + i * 0x2000, 0x2000, i + 1);
		rig_legacy(r, RIG_DATA + i * 0x2000, 60 + i, CMD_LAST);
		c.tucso = 20 + i;
		rig_context(r, &c);
		rig_data(r, RIG_DATA + i * 0x2000, 200, CMD_LAST_RS,
		    E1000_TXD_POPTS_TXSM);
		rig_data(r, RIG_DATA + i * 0x2000, 100, 0,
		    E1000_TXD_POPTS_TXSM);
		rig_legacy(r, RIG_DATA + i * 0x2000 + 700, 100, CMD_LAST_RS);
		tso_put(r, RIG_DATA + i * 0x2000, i == 2 ? 8 : 0);
		rig_legacy(r, 0, 0, CMD_LAST_RS);
		if (drops)
			rig_legacy(r, RIG_DATA + i * 0x2000, 9, CMD_LAST_RS);
	}
	/* Two contexts, nothing behind. */
	rig_context(r, &c);
	c.tucmd = E1000_TXD_TUCMD_RS;
	rig_context(r, &c);
}

static const uint32_t stats[] = { E1000_TPT, E1000_GPTC, E1000_TOTL,
	E1000_GOTCL, E1000_PTC64, E1000_PTC127, E1000_PTC255, E1000_PTC511,
	E1000_PTC1023, E1000_PTC1522, E1000_MPTC, E1000_BPTC, E1000_TSCTC,
	E1000_TSCTFC };

/* Both sent, counted and reported the same. */
static void
assert_same(struct rig *a, struct rig *b)
{
	unsigned int i;

	assert_int_equal(a->h->packets, b->h->packets);
	for (i = 0; i < a->h->packets; i++)
		rig_sent(b, i, a->h->sent[i].data, a->h->sent[i].len_bytes);
	for (i = 0; i < sizeof(stats) / sizeof(stats[0]); i++)
		assert_int_equal(host_read(a->h, stats[i]),
		    host_read(b->h, stats[i]));
	assert_memory_equal(rig_desc(a, 0), rig_desc(b, 0),
	    (size_t)a->count * E1000_DESC_BYTES);
	assert_int_equal(rig_head(a), rig_head(b));
	assert_int_equal(rig_counters(a).bad_descriptor,
	    rig_counters(b).bad_descriptor);
	assert_int_equal(rig_counters(a).tx_packets,
	    rig_counters(b).tx_packets);
	assert_int_equal(rig_counters(a).tx_bytes, rig_counters(b).tx_bytes);
}

/* send() takes `first`, then `step` at a time. */
static void
back_pressure(unsigned int first, unsigned int step, bool drops)
{
	struct rig a = rig_new(E82540_82540EM), b = rig_new(E82540_82540EM);
	unsigned int i;

	put_mixture(&a, drops);
	rig_flush(&a);
	assert_int_equal(a.h->packets, 4 * 3 + 4 * 11);
	put_mixture(&b, drops);
	b.h->room = first;
	rig_flush(&b);
	assert_int_equal(b.h->packets,
	    first < a.h->packets ? first : a.h->packets);
	for (i = 0; i < 200 && rig_head(&b) != b.tail; i++) {
		b.h->room = step;
		e82540_tx_resume(b.h->dev, b.h->now_ns);
		host_advance(b.h, 10000);
	}
	assert_same(&a, &b);
	if (first < a.h->packets)
		assert_in_range(rig_counters(&b).tx_stopped, 1, UINT32_MAX);
	rig_free(&a);
	rig_free(&b);
}

static void
test_back_pressure(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i <= 4 * 3 + 4 * 11; i++) {
		back_pressure(i, UINT32_MAX, false);
		back_pressure(i, UINT32_MAX, true);
	}
	back_pressure(0, 1, false);
	back_pressure(1, 1, true);
	back_pressure(5, 2, false);
	back_pressure(3, 7, true);
}

/* Blocked means that send() is not bothered, whatever is written. */
static void
test_blocked(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	unsigned int sends;

	(void)state;
	rig_fill(&r, RIG_DATA, 60, 1);
	r.h->room = 1;
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_legacy(&r, RIG_DATA, 61, CMD_LAST_RS);
	rig_flush(&r);
	sends = r.h->sends;
	assert_true(rig_done(&r, 0));
	assert_false(rig_done(&r, 1));
	assert_int_equal(rig_head(&r), 1);
	rig_legacy(&r, RIG_DATA, 62, CMD_LAST_RS);
	rig_flush(&r);
	assert_int_equal(r.h->sends, sends);
	assert_int_equal(rig_counters(&r).tx_stopped, 1);
	r.h->room = 5;
	e82540_tx_resume(r.h->dev, r.h->now_ns);
	assert_int_equal(r.h->packets, 3);
	rig_free(&r);
}

/* ------------------------------------------------ a peer that reads nothing */

static bool
txoff(struct rig *r)
{
	return host_read(r->h, E1000_STATUS) & E1000_STATUS_TXOFF;
}

static struct rig
stalled(uint64_t stall_ns)
{
	struct rig r = { .h = host_new(E82540_82540EM) };

	r.h->config.tx_stall_ns = stall_ns;
	rig_power(&r);
	rig_fill(&r, RIG_DATA, 60, 1);
	r.h->room = 1;
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_legacy(&r, RIG_DATA, 61, CMD_LAST_RS);
	rig_legacy(&r, RIG_DATA, 62, CMD_LAST_RS);
	assert_false(txoff(&r));
	rig_kick(&r);
	assert_true(txoff(&r));
	assert_int_equal(r.h->packets, 1);
	return r;
}

/* Up to the bound nothing is lost, and STATUS.TXOFF tells (13.4.2). */
static void
test_stall_short(void **state)
{
	struct rig r = stalled(0);

	(void)state;
	host_advance(r.h, E82540_TX_STALL_NS - 1);
	assert_true(txoff(&r));
	assert_int_equal(rig_head(&r), 1);
	r.h->room = UINT32_MAX;
	e82540_tx_resume(r.h->dev, r.h->now_ns);
	assert_false(txoff(&r));
	assert_int_equal(r.h->packets, 3);
	host_advance(r.h, 2 * (uint64_t)E82540_TX_STALL_NS);
	assert_int_equal(rig_counters(&r).tx_dropped, 0);
	rig_free(&r);
}

/* After it the model drops what is not taken, until something is taken. */
static void
test_stall_long(void **state)
{
	struct rig r = stalled(0);
	struct e82540_counters c;

	(void)state;
	host_advance(r.h, E82540_TX_STALL_NS);
	assert_false(txoff(&r));
	assert_int_equal(rig_head(&r), 3);
	assert_true(rig_done(&r, 2));
	c = rig_counters(&r);
	assert_int_equal(c.tx_dropped, 2);
	assert_int_equal(c.tx_packets, 1);
	assert_int_equal(c.tx_bytes, 60);
	/* The chip knows nothing of it. */
	assert_int_equal(host_read(r.h, E1000_GPTC), 3);
	/* It takes none: both are lost. */
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_kick(&r);
	assert_int_equal(rig_counters(&r).tx_dropped, 4);
	assert_false(txoff(&r));
	/* It takes one of two: the other waits, and a new time begins. */
	r.h->room = 1;
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_kick(&r);
	assert_int_equal(r.h->packets, 2);
	assert_true(txoff(&r));
	assert_int_equal(rig_counters(&r).tx_dropped, 4);
	host_advance(r.h, E82540_TX_STALL_NS - 1);
	assert_true(txoff(&r));
	host_advance(r.h, 1);
	assert_int_equal(rig_counters(&r).tx_dropped, 5);
	/* The host says that it takes them again. */
	e82540_tx_resume(r.h->dev, r.h->now_ns);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_kick(&r);
	assert_true(txoff(&r));
	assert_int_equal(rig_counters(&r).tx_dropped, 5);
	rig_free(&r);
}

static void
test_stall_bounds(void **state)
{
	struct rig r = stalled(5000);

	(void)state;
	host_advance(r.h, 4999);
	assert_int_equal(rig_counters(&r).tx_dropped, 0);
	host_advance(r.h, 1);
	assert_int_equal(rig_counters(&r).tx_dropped, 2);
	rig_free(&r);
	r = stalled(E82540_NEVER);
	host_advance(r.h, 1000 * (uint64_t)E82540_TX_STALL_NS);
	assert_true(txoff(&r));
	assert_int_equal(rig_counters(&r).tx_dropped, 0);
	r.h->room = UINT32_MAX;
	e82540_tx_resume(r.h->dev, r.h->now_ns);
	assert_int_equal(r.h->packets, 3);
	assert_false(txoff(&r));
	rig_free(&r);
}

/* A reset does not make the peer read; the time goes on. */
static void
test_stall_reset(void **state)
{
	struct rig r = stalled(0);

	(void)state;
	host_advance(r.h, E82540_TX_STALL_NS / 2);
	host_write(r.h, E1000_CTRL, E1000_CTRL_RST);
	assert_true(txoff(&r));
	host_write(r.h, E1000_CTRL, E1000_CTRL_SLU);
	host_advance(r.h, E82540_TX_STALL_NS / 4);
	rig_ring(&r, RIG_RING, RIG_COUNT);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_kick(&r);
	assert_int_equal(rig_head(&r), 0);
	host_advance(r.h, E82540_TX_STALL_NS / 4);
	assert_false(txoff(&r));
	assert_int_equal(rig_head(&r), 1);
	assert_int_equal(rig_counters(&r).tx_dropped, 1);
	rig_free(&r);
}

/* Another thread transmits: the report comes after the host resumed. */
static void
test_stall_kick(void **state)
{
	struct rig r = { .h = host_new(E82540_82540EM) };

	(void)state;
	r.h->table.tx_kick = host_tx_kick;
	rig_power(&r);
	rig_fill(&r, RIG_DATA, 60, 1);
	r.h->room = 0;
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_kick(&r);
	(void)e82540_transmit(r.h->dev, r.h->now_ns);
	assert_true(txoff(&r));
	r.h->kicks = 0;
	host_advance(r.h, E82540_TX_STALL_NS);
	assert_int_equal(r.h->kicks, 1);
	assert_false(e82540_transmit(r.h->dev, r.h->now_ns));
	assert_int_equal(rig_counters(&r).tx_dropped, 1);
	assert_false(txoff(&r));
	rig_free(&r);
}

/* What was in progress is forgotten with a reset, or if TDH is moved. */
static void
progress_lost(bool reset)
{
	struct rig r = rig_new(E82540_82540EM);

	rig_fill(&r, RIG_DATA, 0x1000, 1);
	r.h->room = 4;
	tso_put(&r, RIG_DATA, 0);
	rig_flush(&r);
	assert_int_equal(rig_head(&r), 1);
	if (reset) {
		host_write(r.h, E1000_CTRL, E1000_CTRL_RST);
		host_write(r.h, E1000_CTRL, E1000_CTRL_SLU);
		host_advance(r.h, 10000000);
		rig_ring(&r, RIG_RING, RIG_COUNT);
	} else {
		r.tail = 10;
		host_write(r.h, E1000_TDT, 10);
		host_write(r.h, E1000_TDH, 10);
	}
	r.h->room = UINT32_MAX;
	e82540_tx_resume(r.h->dev, r.h->now_ns);
	if (reset)
		tso_put(&r, RIG_DATA, 0);
	else
		tso_data(&r, RIG_DATA);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 4 + 11);
	assert_int_equal(host_read(r.h, E1000_TSCTC), 1);
	rig_free(&r);
}

static void
test_progress_lost(void **state)
{
	(void)state;
	progress_lost(false);
	progress_lost(true);
}

/* The guest shortens a segmentation that is on its way. */
static void
test_progress_changed(void **state)
{
	struct rig r = rig_new(E82540_82540EM);

	(void)state;
	rig_fill(&r, RIG_DATA, 0x1000, 1);
	r.h->room = 4;
	tso_put(&r, RIG_DATA, 0);
	rig_flush(&r);
	/* It becomes something else. */
	rig_desc(&r, 1)[11] = CMD_LAST;
	rig_desc(&r, 1)[10] = 0x10;
	rig_desc(&r, 2)[11] = CMD_LAST;
	r.h->room = UINT32_MAX;
	e82540_tx_resume(r.h->dev, r.h->now_ns);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 6);
	assert_int_equal(rig_head(&r), r.tail);
	rig_free(&r);
}

/* The ring is set up anew, in the same place: the packet is another. */
static void
test_progress_of_old_ring(void **state)
{
	struct rig r = rig_new(E82540_82540EM);

	(void)state;
	rig_fill(&r, RIG_DATA, 0x2000, 3);
	tso_put(&r, RIG_DATA, 0);
	r.h->room = 4;
	rig_flush(&r);
	assert_int_equal(r.h->packets, 4);
	rig_ring(&r, RIG_RING + E1000_DESC_BYTES, RIG_COUNT);
	r.h->room = UINT32_MAX;
	e82540_tx_resume(r.h->dev, r.h->now_ns);
	tso_data(&r, RIG_DATA);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 4 + 11);
	rig_free(&r);
}

/*
 * Behind an ordinary packet comes one with 4096 descriptors, which is too many,
 * and then the ring ends.  It is dropped without another write of TDT.
 */
static void
test_endless_behind_another(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint32_t i;

	(void)state;
	rig_fill(&r, RIG_DATA, 1000, 3);
	rig_ring(&r, RIG_RING, 16384);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST);
	for (i = 0; i < 4096; i++)
		rig_legacy(&r, RIG_DATA, i == 0, 0);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 1);
	assert_int_equal(rig_head(&r), r.tail);
	assert_int_equal(rig_counters(&r).bad_descriptor, 1);
	rig_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_partial),
		cmocka_unit_test(test_partial_moved),
		cmocka_unit_test(test_partial_full),
		cmocka_unit_test(test_discard_gone),
		cmocka_unit_test(test_partial_endless),
		cmocka_unit_test(test_partial_slow),
		cmocka_unit_test(test_many_descriptors),
		cmocka_unit_test(test_back_pressure),
		cmocka_unit_test(test_blocked),
		cmocka_unit_test(test_stall_short),
		cmocka_unit_test(test_stall_long),
		cmocka_unit_test(test_stall_bounds),
		cmocka_unit_test(test_stall_reset),
		cmocka_unit_test(test_stall_kick),
		cmocka_unit_test(test_progress_lost),
		cmocka_unit_test(test_progress_changed),
		cmocka_unit_test(test_progress_of_old_ring),
		cmocka_unit_test(test_endless_behind_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
