/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transmit: the ring, descriptors, reports, statistics, loopback, and what a
 * guest can get wrong there.
 */
#include "tx_rig.h"

/* ------------------------------------------------------------ the simplest */

static void
test_one(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint8_t *data = rig_fill(&r, RIG_DATA, 100, 1);
	uint32_t quiet = rig_legacy(&r, RIG_DATA, 100, CMD_LAST);
	uint32_t loud = rig_legacy(&r, RIG_DATA + 1, 99, CMD_LAST_RS);

	(void)state;
	data[1] &= 0xFE;
	rig_kick(&r);
	assert_int_equal(r.h->packets, 2);
	assert_int_equal(r.h->sends, 1);
	rig_sent(&r, 0, data, 100);
	rig_sent(&r, 1, data + 1, 99);
	assert_false(rig_done(&r, quiet));
	assert_true(rig_done(&r, loud));
	assert_int_equal(rig_head(&r), 2);
	assert_int_equal(host_read(r.h, E1000_ICR) &
		(E1000_ICR_TXDW | E1000_ICR_TXQE),
	    E1000_ICR_TXDW | E1000_ICR_TXQE);
	assert_int_equal(rig_counters(&r).tx_packets, 2);
	assert_int_equal(rig_counters(&r).tx_bytes, 199);
	assert_int_equal(rig_counters(&r).tx_sends, 1);
	rig_free(&r);
}

/* The rest of the status byte is written, too (3.3.3.2). */
static void
test_status(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint32_t i;

	(void)state;
	rig_fill(&r, RIG_DATA, 60, 1);
	i = rig_put(&r, RIG_DATA,
	    60 | (uint64_t)CMD_LAST_RS << 24 | (uint64_t)0x0E << 32);
	rig_kick(&r);
	assert_int_equal(rig_desc(&r, i)[12], E1000_TXD_STAT_DD);
	rig_free(&r);
}

static void
test_disabled(void **state)
{
	struct rig r = rig_new(E82540_82540EM);

	(void)state;
	rig_fill(&r, RIG_DATA, 60, 1);
	host_write(r.h, E1000_TCTL, E1000_TCTL_PSP);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 0);
	assert_int_equal(rig_head(&r), 0);
	host_write(r.h, E1000_TCTL, E1000_TCTL_EN);
	assert_int_equal(r.h->packets, 1);
	rig_free(&r);
}

static void
test_wrap(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	unsigned int i;

	(void)state;
	for (i = 0; i < 300; i++) {
		rig_fill(&r, RIG_DATA + i % 50 * 0x800, 60 + i, i);
		rig_legacy(&r, RIG_DATA + i % 50 * 0x800, 60 + i, CMD_LAST_RS);
		if (i % 50 == 49)
			rig_kick(&r);
		if (i % 50 == 49)
			assert_int_equal(rig_head(&r), (i + 1) % RIG_COUNT);
	}
	assert_int_equal(r.h->packets, 300);
	for (i = 250; i < 300; i++)
		rig_sent(&r, i, host_ram(r.h, RIG_DATA + i % 50 * 0x800),
		    60 + i);
	rig_free(&r);
}

/* A packet of many descriptors across the end of the ring. */
static void
test_wrap_inside(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint8_t *data = rig_fill(&r, RIG_DATA, 1000, 5);
	unsigned int i;

	(void)state;
	for (i = 0; i < RIG_COUNT - 5; i++)
		rig_legacy(&r, RIG_DATA, 60, CMD_LAST);
	rig_kick(&r);
	for (i = 0; i < 9; i++)
		rig_legacy(&r, RIG_DATA + i * 100, 100, 0);
	rig_legacy(&r, RIG_DATA + 900, 100, CMD_LAST_RS);
	rig_kick(&r);
	assert_int_equal(r.h->packets, RIG_COUNT - 4);
	rig_sent(&r, RIG_COUNT - 5, data, 1000);
	assert_int_equal(rig_head(&r), 5);
	assert_true(rig_done(&r, 4));
	rig_free(&r);
}

/* -------------------------------------------------------------- statistics */

static const struct {
	uint32_t len, reg;
} sizes[] = {
	{ 60, E1000_PTC64 },
	{ 61, E1000_PTC127 },
	{ 123, E1000_PTC127 },
	{ 124, E1000_PTC255 },
	{ 251, E1000_PTC255 },
	{ 252, E1000_PTC511 },
	{ 507, E1000_PTC511 },
	{ 508, E1000_PTC1023 },
	{ 1019, E1000_PTC1023 },
	{ 1020, E1000_PTC1522 },
	{ 1518, E1000_PTC1522 },
	{ 9000, E1000_PTC1522 },
};

static void
test_sizes(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint32_t total = 0, i, j;

	(void)state;
	rig_fill(&r, RIG_DATA, 9000, 1);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		rig_legacy(&r, RIG_DATA, sizes[i].len, CMD_LAST);
		rig_kick(&r);
		for (j = E1000_PTC64; j <= E1000_PTC1522; j += 4)
			assert_int_equal(host_read(r.h, j), j == sizes[i].reg);
		total += sizes[i].len + 4;
	}
	assert_int_equal(host_read(r.h, E1000_TPT), i);
	assert_int_equal(host_read(r.h, E1000_GPTC), i);
	assert_int_equal(host_read(r.h, E1000_TOTL), total);
	assert_int_equal(host_read(r.h, E1000_GOTCL), total);
	assert_int_equal(host_read(r.h, E1000_MPTC), 0);
	assert_int_equal(host_read(r.h, E1000_BPTC), 0);
	rig_free(&r);
}

/* Below 64 bytes is not good (13.7.30), but counts in the totals. */
static void
test_runt(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint8_t *data = rig_fill(&r, RIG_DATA, 60, 1);
	uint8_t want[60] = { 0 };

	(void)state;
	rig_legacy(&r, RIG_DATA, 20, CMD_LAST);
	rig_kick(&r);
	memcpy(want, data, 20);
	rig_sent(&r, 0, want, 60);
	assert_int_equal(host_read(r.h, E1000_GPTC), 1);
	host_write(r.h, E1000_TCTL, E1000_TCTL_EN);
	rig_legacy(&r, RIG_DATA, 20, CMD_LAST);
	rig_legacy(&r, RIG_DATA, 59, CMD_LAST);
	rig_kick(&r);
	rig_sent(&r, 1, data, 20);
	rig_sent(&r, 2, data, 59);
	assert_int_equal(host_read(r.h, E1000_TPT), 3);
	assert_int_equal(host_read(r.h, E1000_GPTC), 0);
	assert_int_equal(host_read(r.h, E1000_TOTL), 64 + 24 + 63);
	assert_int_equal(host_read(r.h, E1000_GOTCL), 64);
	assert_int_equal(host_read(r.h, E1000_PTC64), 1);
	rig_free(&r);
}

static void
test_groups(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint8_t *data = rig_fill(&r, RIG_DATA, 400, 1);

	(void)state;
	memset(data, 0xFF, 6);
	data[100] = 0x01;
	memset(data + 200, 0xFF, 6);
	data[205] = 0xFE;
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST);
	rig_legacy(&r, RIG_DATA + 100, 60, CMD_LAST);
	rig_legacy(&r, RIG_DATA + 200, 60, CMD_LAST);
	/* Its address in pieces of one byte. */
	rig_legacy(&r, RIG_DATA, 1, 0);
	rig_legacy(&r, RIG_DATA + 1, 1, 0);
	rig_legacy(&r, RIG_DATA + 2, 98, CMD_LAST);
	rig_kick(&r);
	assert_int_equal(r.h->packets, 4);
	assert_int_equal(host_read(r.h, E1000_BPTC), 2);
	assert_int_equal(host_read(r.h, E1000_MPTC), 2);
	assert_int_equal(host_read(r.h, E1000_BPTC), 0);
	rig_free(&r);
}

/* --------------------------------------------------------- scatter, gather */

static void
gather_pieces(uint32_t descs, uint32_t each)
{
	struct rig r = rig_new(E82540_82540EM);
	uint8_t *data = rig_fill(&r, RIG_DATA, descs * each + 1, descs);
	uint32_t i, last = 0;

	rig_ring(&r, RIG_RING, 2048);
	for (i = 0; i < descs; i++) {
		if (i % 3 == 1)
			rig_data(&r, RIG_DATA, 0, 0, 0);
		last = rig_legacy(&r, RIG_DATA + i * each, each,
		    i + 1 == descs ? CMD_LAST_RS : 0);
	}
	/* Another behind it, which needs the bounce buffer, too. */
	for (i = 0; i < descs; i++)
		rig_data(&r, RIG_DATA + i * each + 1, each,
		    i + 1 == descs ? CMD_LAST_RS : 0, 0);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 2);
	rig_sent(&r, 0, data, descs * each);
	rig_sent(&r, 1, data + 1, descs * each);
	assert_true(rig_done(&r, last));
	assert_int_equal(rig_head(&r), r.tail);
	rig_free(&r);
}

static void
test_gather(void **state)
{
	(void)state;
	gather_pieces(2, 30);
	gather_pieces(3, 700);
	gather_pieces(255, 7);
	gather_pieces(256, 7);
	gather_pieces(257, 7);
	gather_pieces(800, 3);
	gather_pieces(60, 271);
}

/* Exactly the longest, and a byte more (3.3.3). */
static void
test_longest(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint8_t *data = rig_fill(&r, RIG_DATA, 16289, 9);
	uint32_t i;

	(void)state;
	rig_legacy(&r, RIG_DATA, 16288, CMD_LAST);
	rig_legacy(&r, RIG_DATA, 16000, 0);
	rig_legacy(&r, RIG_DATA + 16000, 288, CMD_LAST);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 2);
	rig_sent(&r, 0, data, 16288);
	rig_sent(&r, 1, data, 16288);
	rig_legacy(&r, RIG_DATA, 16289, CMD_LAST_RS);
	rig_data(&r, RIG_DATA, 16289, CMD_LAST_RS, 0);
	rig_data(&r, RIG_DATA, 0xFFFFF, CMD_LAST_RS, 0);
	rig_legacy(&r, RIG_DATA, 16000, 0);
	i = rig_legacy(&r, RIG_DATA + 16000, 289, CMD_LAST_RS);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 3);
	assert_int_equal(rig_counters(&r).bad_descriptor, 4);
	assert_int_equal(rig_head(&r), r.tail);
	assert_true(rig_done(&r, i));
	rig_free(&r);
}

/* Memory in two pieces that are apart in the host, and a hole behind. */
static void
test_borders(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint8_t *high = calloc(1, 0x2000);
	struct e82540_region region[] = {
		{ HOST_RAM, 0x40000, r.h->ram, true },
		{ HOST_RAM + 0x40000, 0x2000, high, false },
	};
	uint64_t border = HOST_RAM + 0x40000;
	uint8_t want[200];
	uint32_t i;

	(void)state;
	rig_fill(&r, border - 100, 100, 1);
	for (i = 0; i < 0x2000; i++)
		high[i] = i * 7;
	memcpy(want, host_ram(r.h, border - 100), 100);
	memcpy(want + 100, high, 100);
	assert_int_equal(e82540_memory_set(r.h->dev, region, 2), 0);
	rig_legacy(&r, border - 100, 200, CMD_LAST);
	rig_legacy(&r, border - 100, 50, 0);
	rig_legacy(&r, border - 50, 150, CMD_LAST);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 2);
	rig_sent(&r, 0, want, 200);
	rig_sent(&r, 1, want, 200);
	/* Half in the hole, wholly, wrapping: dropped, and completed. */
	rig_legacy(&r, border + 0x1FFF, 60, CMD_LAST_RS);
	rig_legacy(&r, border + 0x2000, 60, CMD_LAST_RS);
	rig_legacy(&r, UINT64_MAX - 20, 60, CMD_LAST_RS);
	rig_legacy(&r, border, 60, 0);
	i = rig_legacy(&r, 8, 60, CMD_LAST_RS);
	rig_legacy(&r, border, 60, CMD_LAST_RS);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 3);
	assert_int_equal(rig_counters(&r).bad_address, 4);
	assert_int_equal(rig_counters(&r).bad_descriptor, 0);
	assert_true(rig_done(&r, i));
	assert_int_equal(rig_head(&r), r.tail);
	rig_free(&r);
	free(high);
}

/* Null descriptors (3.3.3.1, note 3) have no data, and are legal. */
static void
test_null(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint8_t *data = rig_fill(&r, RIG_DATA, 60, 1);
	uint32_t i, j;

	(void)state;
	i = rig_legacy(&r, 0, 60, CMD_LAST_RS);
	j = rig_legacy(&r, RIG_DATA, 0, CMD_LAST_RS);
	rig_legacy(&r, 0, 1000, 0);
	rig_data(&r, 0, 1000, 0, 0);
	rig_legacy(&r, RIG_DATA, 60, 0);
	rig_legacy(&r, 0, 1000, CMD_LAST);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 1);
	rig_sent(&r, 0, data, 60);
	assert_true(rig_done(&r, i));
	assert_true(rig_done(&r, j));
	assert_int_equal(rig_counters(&r).bad_descriptor, 0);
	rig_free(&r);
}

static void
test_malformed(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	struct rig_context c = { 0 };
	uint32_t i;

	(void)state;
	rig_fill(&r, RIG_DATA, 100, 1);
	/* Too short: the model makes the CRC, the guest does, nobody does. */
	rig_legacy(&r, RIG_DATA, 13, CMD_LAST_RS);
	rig_fcs(&r, RIG_DATA, 13);
	rig_legacy(&r, RIG_DATA, 17, E1000_TXD_CMD_EOP);
	rig_legacy(&r, RIG_DATA, 3, E1000_TXD_CMD_EOP);
	/* A type that does not exist. */
	rig_put(&r, RIG_DATA,
	    60 | 2u << 20 | (uint64_t)(CMD_LAST | E1000_TXD_CMD_DEXT) << 24);
	/* A context within a packet: its bit 0 is not EOP. */
	rig_legacy(&r, RIG_DATA, 60, 0);
	c.tucmd = E1000_TXD_TUCMD_TCP;
	rig_context(&r, &c);
	i = rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_legacy(&r, RIG_DATA, 14, CMD_LAST_RS);
	rig_flush(&r);
	assert_int_equal(rig_counters(&r).bad_descriptor, 5);
	assert_int_equal(r.h->packets, 1);
	assert_true(rig_done(&r, 0));
	assert_true(rig_done(&r, i));
	assert_int_equal(rig_head(&r), r.tail);
	assert_int_equal(host_read(r.h, E1000_TPT), 1);
	rig_free(&r);
}

/* ------------------------------------------------------------ the ring */

static void
test_bad_ring(void **state)
{
	struct rig r = rig_new(E82540_82540EM);

	(void)state;
	rig_fill(&r, RIG_DATA, 60, 1);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	host_write(r.h, E1000_TDLEN, 0);
	host_write(r.h, E1000_TDT, 1);
	assert_int_equal(rig_counters(&r).bad_ring, 1);
	host_write(r.h, E1000_TDT, 0xFFFF);
	assert_int_equal(rig_counters(&r).bad_ring, 2);
	host_write(r.h, E1000_TDLEN, 15);
	assert_int_equal(rig_counters(&r).bad_ring, 3);
	assert_int_equal(r.h->packets, 0);
	host_write(r.h, E1000_TDT, 1);
	assert_int_equal(rig_counters(&r).bad_ring, 4);
	host_write(r.h, E1000_TDLEN, 128);
	assert_int_equal(r.h->packets, 1);
	rig_free(&r);
}

static void
test_ring_gone(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint64_t end = HOST_RAM + HOST_RAM_BYTES;
	uint32_t i;

	(void)state;
	rig_fill(&r, RIG_DATA, 60, 1);
	/* Two packets before memory ends, and a half one. */
	rig_ring(&r, end - 48, 8);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_legacy(&r, RIG_DATA, 60, 0);
	host_write(r.h, E1000_TDT, 6);
	assert_int_equal(r.h->packets, 2);
	assert_int_equal(rig_head(&r), 2);
	assert_int_equal(rig_counters(&r).bad_address, 1);
	/* Nothing happens by itself. */
	host_advance(r.h, 1000000);
	assert_int_equal(rig_counters(&r).bad_address, 1);
	host_write(r.h, E1000_TDT, 7);
	assert_int_equal(rig_counters(&r).bad_address, 2);
	for (i = 0; i < 2; i++) {
		rig_ring(&r, RIG_RING, 8);
		host_write(r.h, E1000_TDBAL, i == 0 ? 0x40 : 0xFFFFFFF0);
		host_write(r.h, E1000_TDBAH, i == 0 ? 0 : 0xFFFFFFFF);
		host_write(r.h, E1000_TDT, 4);
		assert_int_equal(rig_counters(&r).bad_address, 3 + i);
		assert_int_equal(rig_head(&r), 0);
	}
	assert_int_equal(r.h->packets, 2);
	rig_free(&r);
}

/* In two pieces it works; read-only, or at odd addresses, it is not there. */
static void
test_ring_places(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint8_t *high = calloc(1, 0x1001);
	struct e82540_region region[] = {
		{ HOST_RAM, 0x40000, r.h->ram, true },
		{ HOST_RAM + 0x40000, 0x1000, high, true },
	};
	uint32_t i, j, bad;

	(void)state;
	rig_fill(&r, HOST_RAM + 0x8000, 60, 1);
	assert_int_equal(e82540_memory_set(r.h->dev, region, 2), 0);
	rig_ring(&r, HOST_RAM + 0x40000 - 4 * 16, 8);
	for (i = 0; i < 8; i++)
		rig_legacy(&r, HOST_RAM + 0x8000, 60, CMD_LAST_RS);
	memcpy(high, r.h->ram + 0x40000, 64);
	host_write(r.h, E1000_TDT, 7);
	assert_int_equal(r.h->packets, 7);
	assert_true(rig_done(&r, 3));
	assert_true(high[12] & E1000_TXD_STAT_DD);
	for (j = 1; j < 3; j++) {
		region[1].writable = j != 1;
		region[1].host = high + (j == 2);
		assert_int_equal(e82540_memory_set(r.h->dev, region, 2), 0);
		rig_ring(&r, HOST_RAM + 0x40000, 8);
		bad = rig_counters(&r).bad_address;
		host_write(r.h, E1000_TDT, 1);
		assert_int_equal(rig_counters(&r).bad_address, bad + 1);
		assert_int_equal(rig_head(&r), 0);
	}
	assert_int_equal(r.h->packets, 7);
	rig_free(&r);
	free(high);
}

/* ------------------------------------------------------------- reports */

#define TIDV_UNITS	10u
#define TIDV_NS		((uint64_t)TIDV_UNITS * E1000_DELAY_UNIT_NS)

static uint32_t
icr_read(struct rig *r)
{
	return host_read(r->h, E1000_ICR);
}

static void
test_ide(void **state)
{
	struct rig r = rig_new(E82540_82540EM);

	(void)state;
	rig_fill(&r, RIG_DATA, 60, 1);
	host_write(r.h, E1000_TIDV, TIDV_UNITS);
	/* Without RS, IDE has no effect. */
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST | E1000_TXD_CMD_IDE);
	rig_kick(&r);
	host_advance(r.h, TIDV_NS);
	assert_int_equal(icr_read(&r) & E1000_ICR_TXDW, 0);
	/* RS and IDE: TXDW comes later, but DD at once. */
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS | E1000_TXD_CMD_IDE);
	rig_kick(&r);
	assert_true(rig_done(&r, 1));
	assert_int_equal(icr_read(&r) & E1000_ICR_TXDW, 0);
	host_advance(r.h, TIDV_NS - 1);
	assert_int_equal(icr_read(&r) & E1000_ICR_TXDW, 0);
	host_advance(r.h, 1);
	assert_int_equal(icr_read(&r) & E1000_ICR_TXDW, E1000_ICR_TXDW);
	/* RS alone behind it: at once, and the timer is cleared. */
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS | E1000_TXD_CMD_IDE);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_kick(&r);
	assert_int_equal(icr_read(&r) & E1000_ICR_TXDW, E1000_ICR_TXDW);
	host_advance(r.h, 2 * TIDV_NS);
	assert_int_equal(icr_read(&r) & E1000_ICR_TXDW, 0);
	/* RS alone, then RS and IDE: TXDW at once, and again later. */
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS | E1000_TXD_CMD_IDE);
	rig_kick(&r);
	assert_int_equal(icr_read(&r) & E1000_ICR_TXDW, E1000_ICR_TXDW);
	host_advance(r.h, TIDV_NS);
	assert_int_equal(icr_read(&r) & E1000_ICR_TXDW, E1000_ICR_TXDW);
	rig_free(&r);
}

/* A context descriptor with RS is reported, too (3.3.6.2). */
static void
test_context_report(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	struct rig_context c = { .tucmd = E1000_TXD_TUCMD_RS };
	uint32_t i, j;

	(void)state;
	i = rig_context(&r, &c);
	c.tucmd = 0;
	j = rig_context(&r, &c);
	rig_kick(&r);
	assert_true(rig_done(&r, i));
	assert_false(rig_done(&r, j));
	assert_int_equal(rig_head(&r), 2);
	assert_int_equal(r.h->sends, 0);
	assert_int_equal(icr_read(&r) & (E1000_ICR_TXDW | E1000_ICR_TXQE),
	    E1000_ICR_TXDW | E1000_ICR_TXQE);
	rig_free(&r);
}

static void
test_rps(void **state)
{
	struct rig old = rig_new(E82540_82544GC);
	struct rig r = rig_new(E82540_82540EM);

	(void)state;
	rig_fill(&old, RIG_DATA, 60, 1);
	rig_fill(&r, RIG_DATA, 60, 1);
	rig_legacy(&old, RIG_DATA, 60, CMD_LAST | E1000_TXD_CMD_RPS);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST | E1000_TXD_CMD_RPS);
	rig_kick(&old);
	rig_kick(&r);
	assert_true(rig_done(&old, 0));
	assert_false(rig_done(&r, 0));
	assert_int_equal(icr_read(&old) & E1000_ICR_TXDW, E1000_ICR_TXDW);
	assert_int_equal(icr_read(&r) & E1000_ICR_TXDW, 0);
	rig_free(&old);
	rig_free(&r);
}

/* Packets that stay behind leave `left` descriptors. */
static uint32_t
low_icr(struct rig *r, uint32_t n, uint32_t left)
{
	uint32_t i;

	(void)icr_read(r);
	for (i = 0; i < n; i++)
		rig_legacy(r, RIG_DATA, 60, CMD_LAST);
	r->h->room = n - left;
	rig_flush(r);
	i = icr_read(r);
	r->h->room = UINT32_MAX;
	e82540_tx_resume(r->h->dev, r->h->now_ns);
	assert_int_equal(rig_head(r), r->tail);
	return i & (E1000_ICR_TXD_LOW | E1000_ICR_TXQE);
}

/* 13.4.43: TXD_LOW when it comes down to 8 * LWTHRESH, TXQE when to 0. */
static void
test_low(void **state)
{
	struct rig r = rig_new(E82540_82540EM), old = rig_new(E82540_82544GC);
	const uint32_t low = E1000_ICR_TXD_LOW, both = low | E1000_ICR_TXQE;

	(void)state;
	rig_fill(&r, RIG_DATA, 60, 1);
	rig_fill(&old, RIG_DATA, 60, 1);
	assert_int_equal(low_icr(&r, 20, 1), 0);
	assert_int_equal(low_icr(&r, 20, 0), both);
	host_write(r.h, E1000_TXDCTL, 1u << E1000_TXDCTL_LWTHRESH_SHIFT);
	assert_int_equal(low_icr(&r, 20, 9), 0);
	assert_int_equal(low_icr(&r, 20, 8), low);
	assert_int_equal(low_icr(&r, 20, 0), both);
	assert_int_equal(low_icr(&r, 9, 8), low);
	/* It was not above before. */
	assert_int_equal(low_icr(&r, 8, 3), 0);
	assert_int_equal(low_icr(&r, 8, 0), E1000_ICR_TXQE);
	host_write(old.h, E1000_TXDCTL, 1u << E1000_TXDCTL_LWTHRESH_SHIFT);
	assert_int_equal(low_icr(&old, 20, 3), 0);
	assert_int_equal(low_icr(&old, 20, 0), E1000_ICR_TXQE);
	rig_free(&r);
	rig_free(&old);
}

/* Transmit in another thread, which comes late: ten writes of TDT, one run. */
static uint32_t
late_icr(struct rig *r, uint32_t ims)
{
	uint32_t i;

	host_write(r->h, E1000_IMC, UINT32_MAX);
	host_write(r->h, E1000_IMS, ims);
	(void)icr_read(r);
	for (i = 0; i < 10; i++) {
		rig_legacy(r, RIG_DATA, 60, CMD_LAST);
		rig_kick(r);
	}
	while (e82540_transmit(r->h->dev, r->h->now_ns))
		;
	return icr_read(r) & (E1000_ICR_TXD_LOW | E1000_ICR_TXQE);
}

/* The queue may never have been so long in a chip. */
static void
test_low_late(void **state)
{
	struct rig r = { .h = host_new(E82540_82540EM) };
	const uint32_t low = E1000_ICR_TXD_LOW, both = low | E1000_ICR_TXQE;

	(void)state;
	r.h->table.tx_kick = host_tx_kick;
	rig_power(&r);
	rig_fill(&r, RIG_DATA, 60, 1);
	assert_int_equal(late_icr(&r, 0), both);
	host_write(r.h, E1000_TXDCTL, 1u << E1000_TXDCTL_LWTHRESH_SHIFT);
	assert_int_equal(late_icr(&r, 0), E1000_ICR_TXQE);
	/* A guest that waits for it must not wait in vain. */
	assert_int_equal(late_icr(&r, low), both);
	rig_free(&r);
}

/* ------------------------------------------------------------------ bounds */

/* A write of TDT transmits one burst; the timer sends the rest. */
static void
test_burst(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint32_t i, n = E82540_TX_BURST + 100;

	(void)state;
	rig_fill(&r, RIG_DATA, 60, 1);
	rig_ring(&r, RIG_RING, 2048);
	for (i = 0; i < n; i++)
		rig_legacy(&r, RIG_DATA, 60, CMD_LAST);
	rig_kick(&r);
	assert_int_equal(r.h->packets, E82540_TX_BURST);
	assert_int_equal(r.h->sends, E82540_TX_BURST / E82540_SEND_MAX);
	host_advance(r.h, 0);
	assert_int_equal(r.h->packets, n);
	rig_free(&r);
}

/* Large packets: fewer of them. */
static void
test_burst_bytes(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	const uint32_t batch = E82540_SEND_MAX * 16288, n = 1000;
	uint32_t i, most = 0;

	(void)state;
	while (most * batch < E82540_TX_BURST_BYTES)
		most++;
	rig_fill(&r, RIG_DATA, 16288, 1);
	rig_ring(&r, RIG_RING, 2048);
	for (i = 0; i < n; i++)
		rig_legacy(&r, RIG_DATA, 16288, CMD_LAST);
	rig_kick(&r);
	assert_int_equal(r.h->packets, most * E82540_SEND_MAX);
	host_advance(r.h, 0);
	assert_int_equal(r.h->packets, n);
	rig_free(&r);
}

/* Context descriptors send nothing, but they are bounded all the same. */
static void
test_contexts(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	struct rig_context c = { 0 };
	uint32_t i;

	(void)state;
	r.h->table.tx_kick = host_tx_kick;
	rig_power(&r);
	rig_ring(&r, RIG_RING, 16384);
	for (i = 0; i < 10000; i++)
		rig_context(&r, &c);
	rig_kick(&r);
	for (i = 0; i < 2; i++) {
		assert_true(e82540_transmit(r.h->dev, r.h->now_ns));
		assert_int_equal(rig_head(&r), (i + 1) * 4096);
	}
	assert_false(e82540_transmit(r.h->dev, r.h->now_ns));
	assert_int_equal(rig_head(&r), r.tail);
	rig_free(&r);
}

/* A packet that is dropped is not reported before it is its turn. */
static void
test_drop_later(void **state)
{
	struct rig r = { .h = host_new(E82540_82540EM) };

	(void)state;
	r.h->table.tx_kick = host_tx_kick;
	rig_power(&r);
	rig_fill(&r, RIG_DATA, 60, 1);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_legacy(&r, RIG_DATA, 9, CMD_LAST_RS);
	rig_kick(&r);
	assert_true(e82540_transmit(r.h->dev, r.h->now_ns));
	assert_true(rig_done(&r, 0));
	assert_false(rig_done(&r, 1));
	assert_int_equal(rig_head(&r), 1);
	assert_int_equal(rig_counters(&r).bad_descriptor, 0);
	assert_false(e82540_transmit(r.h->dev, r.h->now_ns));
	assert_true(rig_done(&r, 1));
	assert_int_equal(rig_counters(&r).bad_descriptor, 1);
	rig_free(&r);
}

/* From another thread, in the end: e82540_transmit() says if there is more. */
static void
test_kick(void **state)
{
	struct rig r = { .h = host_new(E82540_82540EM) };
	unsigned int i;

	(void)state;
	r.h->table.tx_kick = host_tx_kick;
	rig_power(&r);
	rig_fill(&r, RIG_DATA, 60, 1);
	rig_ring(&r, RIG_RING, 1024);
	while (e82540_transmit(r.h->dev, r.h->now_ns))
		;
	r.h->kicks = 0;
	for (i = 0; i < 200; i++)
		rig_legacy(&r, RIG_DATA, 60, CMD_LAST);
	rig_kick(&r);
	assert_int_equal(r.h->kicks, 1);
	assert_int_equal(r.h->packets, 0);
	for (i = 1; e82540_transmit(r.h->dev, r.h->now_ns); i++)
		;
	assert_int_equal(i, 4);
	assert_int_equal(r.h->packets, 200);
	rig_free(&r);
}

/* Packets of so many pieces that a batch is full before 64. */
static void
test_many_pieces(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint8_t *data = rig_fill(&r, RIG_DATA, 2000, 1);
	uint32_t i, j;

	(void)state;
	rig_ring(&r, RIG_RING, 4096);
	for (i = 0; i < 20; i++)
		for (j = 0; j < 200; j++)
			rig_data(&r, RIG_DATA + j * 10, 10,
			    j == 199 ? CMD_LAST : 0, 0);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 20);
	for (i = 0; i < 20; i++)
		rig_sent(&r, i, data, 2000);
	rig_free(&r);
}

/* ---------------------------------------------------------------- loopback */

static void
test_loopback(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint8_t *data = rig_fill(&r, RIG_DATA, 300, 1), *d, copy[300];

	(void)state;
	memcpy(copy, data, 300);
	rig_loopback(&r, 64, 8);
	rig_legacy(&r, RIG_DATA, 100, 0);
	rig_legacy(&r, RIG_DATA + 100, 200, CMD_LAST_RS);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	/* Into the buffer that it comes from, a little further. */
	d = host_ram(r.h, RIG_RX_RING + 2 * 16);
	d[0] = 10;
	d[1] = RIG_DATA >> 8 & 0xFF;
	d[2] = RIG_DATA >> 16;
	rig_legacy(&r, RIG_DATA, 200, CMD_LAST_RS);
	rig_kick(&r);
	assert_int_equal(r.h->packets, 0);
	assert_int_equal(host_read(r.h, E1000_RDH), 3);
	assert_memory_equal(host_ram(r.h, RIG_RX_DATA), copy, 300);
	assert_memory_equal(host_ram(r.h, RIG_RX_DATA + 2048), copy, 60);
	assert_memory_equal(data + 10, copy, 200);
	assert_int_equal(host_read(r.h, E1000_GPTC), 3);
	assert_int_equal(host_read(r.h, E1000_GPRC), 3);
	assert_true(rig_done(&r, 1));
	rig_free(&r);
}

/* Loopback: a frame that the receiver has no room for is lost. */
static void
test_loopback_full(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint32_t i, n = 8;

	(void)state;
	rig_fill(&r, RIG_DATA, 9000, 1);
	rig_loopback(&r, 64, 0);
	host_write(r.h, E1000_RCTL,
	    host_read(r.h, E1000_RCTL) | E1000_RCTL_LPE);
	for (i = 0; i < n; i++)
		rig_legacy(&r, RIG_DATA, 9000, CMD_LAST_RS);
	rig_flush(&r);
	assert_int_equal(rig_head(&r), r.tail);
	/* 48 KiB of FIFO hold five. */
	assert_int_equal(host_read(r.h, E1000_MPC), n - 5);
	assert_int_equal(rig_counters(&r).rx_dropped, n - 5);
	assert_int_equal(rig_counters(&r).rx_waited, 0);
	assert_int_equal(icr_read(&r) & E1000_ICR_RXO, E1000_ICR_RXO);
	host_write(r.h, E1000_RDT, 40);
	assert_int_equal(r.h->rx_readies, 0);
	rig_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_disabled),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_wrap_inside),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_runt),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_gather),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_borders),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_bad_ring),
		cmocka_unit_test(test_ring_gone),
		cmocka_unit_test(test_ring_places),
		cmocka_unit_test(test_ide),
		cmocka_unit_test(test_context_report),
		cmocka_unit_test(test_rps),
		cmocka_unit_test(test_low),
		cmocka_unit_test(test_low_late),
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_burst_bytes),
		cmocka_unit_test(test_contexts),
		cmocka_unit_test(test_drop_later),
		cmocka_unit_test(test_kick),
		cmocka_unit_test(test_many_pieces),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_loopback_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
