/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transmit: checksums, VLAN tags, padding, against the reference of tx_ref.h.
 */
#include "e82540_impl.h"
#include "e82540_sum.h"
#include "tx_ref.h"

#define BOTH_SUMS	(E1000_TXD_POPTS_IXSM | E1000_TXD_POPTS_TXSM)

/* -------------------------------------------------------------- checksums */

static void
test_sum(void **state)
{
	uint8_t data[512];
	uint32_t i, len, at;

	(void)state;
	for (i = 0; i < sizeof(data); i++)
		data[i] = draw_below(4) == 0 ? 0xFF : draw_below(256);
	for (at = 0; at < 9; at++)
		for (len = 0; len < 300; len++)
			assert_int_equal(e82540_fold(
					     e82540_sum(data + at, len, at)),
			    ref_sum(data + at, len, at));
	memset(data, 0xFF, sizeof(data));
	assert_int_equal(e82540_fold(e82540_sum(data, 512, 0)), 0xFFFF);
	memset(data, 0, sizeof(data));
	assert_int_equal(e82540_fold(e82540_sum(data, 512, 0)), 0);
	data[0] = 0x12;
	data[1] = 0x34;
	assert_int_equal(e82540_fold(e82540_sum(data, 2, 0)), 0x1234);
	assert_int_equal(e82540_fold(UINT64_MAX), 0xFFFF);
}

/* Legacy IC (3.3.3): from CSS to the end, into CSO. */
static void
legacy_sum(uint32_t len, uint32_t css, uint32_t cso, bool inserted)
{
	struct rig r = rig_with(0, 0);
	uint8_t *data = rig_fill(&r, RIG_DATA, len, len + css), want[400];

	memcpy(want, data, len);
	if (inserted)
		put16(want + cso, (uint16_t)~ref_sum(data + css, len - css, 0));
	rig_put(&r, RIG_DATA,
	    len | cso << 16 | (uint64_t)(CMD_LAST | E1000_TXD_CMD_IC) << 24 |
		(uint64_t)css << 40);
	/* In three: CSS counts in the first, CSO and IC in the last. */
	rig_put(&r, RIG_DATA,
	    1 | 3u << 16 | (uint64_t)E1000_TXD_CMD_IC << 24 |
		(uint64_t)css << 40);
	rig_legacy(&r, RIG_DATA + 1, 30, 0);
	rig_put(&r, RIG_DATA + 31,
	    (len - 31) | cso << 16 |
		(uint64_t)(CMD_LAST | E1000_TXD_CMD_IC) << 24 |
		(uint64_t)7 << 40);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 2);
	rig_sent(&r, 0, want, len);
	rig_sent(&r, 1, want, len);
	rig_free(&r);
}

static void
test_legacy(void **state)
{
	(void)state;
	legacy_sum(100, 34, 50, true);
	legacy_sum(101, 33, 51, true);
	legacy_sum(101, 34, 51, true);
	legacy_sum(100, 34, 10, true);	/* outside of what is summed */
	legacy_sum(100, 0, 98, true);
	legacy_sum(100, 99, 20, true);
	legacy_sum(100, 0, 99, false);
	legacy_sum(100, 100, 20, false);
	legacy_sum(100, 34, 255, false);
	legacy_sum(300, 255, 255, true);
}

/* What drivers prepare: the pseudo-header's sum, and all lengths. */
static void
plain_packet(uint32_t hdr_bytes, uint32_t offloads)
{
	struct rig r = rig_with(hdr_bytes, offloads);
	struct flow f = flow_random();
	uint32_t payload = draw_below(1400), len = f.header + payload, i;
	uint8_t *data = host_ram(r.h, RIG_DATA), want[2000];
	struct rig_context c;

	ref_header(&f, data);
	for (i = f.header; i < len; i++)
		data[i] = draw_below(256);
	memcpy(want, data, len);
	ref_finish(&f, want, len);
	memcpy(data, want, f.header);
	if (!f.v6)
		put16(data + f.l3 + 10, 0);
	put16(data + ref_sum_at(&f), ref_pseudo(&f, data, len - f.l4));
	flow_context(&f, &c);
	rig_context(&r, &c);
	put_pieces(&r, RIG_DATA, len, CMD_LAST,
	    E1000_TXD_POPTS_TXSM | (f.v6 ? 0 : E1000_TXD_POPTS_IXSM),
	    1 + draw_below(600));
	rig_flush(&r);
	assert_int_equal(r.h->packets, 1);
	assert_int_equal(r.h->sent[0].hdr.flags,
	    offloads ? E82540_VNET_NEEDS_CSUM : 0);
	net_sum(&r.h->sent[0]);
	rig_sent(&r, 0, want, ref_pad(want, len));
	rig_free(&r);
}

static void
test_plain(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 150; i++) {
		plain_packet(0, 0);
		plain_packet(10, 0);
		plain_packet(12, E82540_OFFLOAD_CSUM);
	}
}

/* Bytes start to end summed into offset, by one of the two sums. */
struct range {
	uint32_t start, offset, end;
	uint32_t last;			/* byte that is summed; 0: no sum */
};

static const struct range ranges[] = {
	{ 34, 50, 0, 99 },
	{ 34, 50, 60, 60 },
	{ 34, 50, 61, 61 },
	{ 34, 50, 34, 34 },
	{ 34, 50, 99, 99 },
	{ 34, 50, 100, 99 },		/* behind the packet: to its end */
	{ 34, 50, 65535, 99 },
	{ 34, 50, 33, 0 },		/* ends before it starts */
	{ 99, 50, 0, 99 },
	{ 100, 50, 0, 0 },
	{ 255, 255, 255, 0 },
	{ 34, 98, 0, 99 },
	{ 34, 99, 0, 0 },
	{ 34, 20, 0, 99 },
};

static void
test_ranges(void **state)
{
	const uint32_t n = sizeof(ranges) / sizeof(ranges[0]);
	struct rig r = rig_with(0, 0);
	uint8_t *data = rig_fill(&r, RIG_DATA, 100, 3), want[100];
	const struct range *x;
	struct rig_context c;
	uint32_t i;

	(void)state;
	for (i = 0; i < 2 * n; i++) {
		x = &ranges[i % n];
		memset(&c, 0, sizeof(c));
		if (i < n) {
			c.ipcss = x->start;
			c.ipcso = x->offset;
			c.ipcse = x->end;
		} else {
			c.tucss = x->start;
			c.tucso = x->offset;
			c.tucse = x->end;
		}
		rig_context(&r, &c);
		rig_data(&r, RIG_DATA, 40, 0,
		    i < n ? E1000_TXD_POPTS_IXSM : E1000_TXD_POPTS_TXSM);
		/* POPTS of a later descriptor has no effect. */
		rig_data(&r, RIG_DATA + 40, 60, CMD_LAST, BOTH_SUMS);
		rig_flush(&r);
		memcpy(want, data, 100);
		if (x->last != 0)
			put16(want + x->offset,
			    (uint16_t)~ref_sum(data + x->start,
				x->last + 1 - x->start, 0));
		rig_sent(&r, i, want, 100);
	}
	rig_free(&r);
}

/* A UDP checksum of 0 is sent as FFFFh (RFC 768), others as they are. */
static void
test_zero(void **state)
{
	struct rig r = rig_with(0, 0);
	uint8_t *data = rig_fill(&r, RIG_DATA, 100, 3);
	struct rig_context c = { .tucss = 34, .tucso = 40 };

	(void)state;
	memset(data + 34, 0, 66);
	put16(data + 60, 0xFFFF);
	rig_context(&r, &c);
	rig_data(&r, RIG_DATA, 100, CMD_LAST, E1000_TXD_POPTS_TXSM);
	c.tucso = 50;
	rig_context(&r, &c);
	rig_data(&r, RIG_DATA, 100, CMD_LAST, E1000_TXD_POPTS_TXSM);
	put16(data + 50, 0x1234);
	put16(data + 60, 0xEDCB);
	rig_flush(&r);
	assert_int_equal(get16(r.h->sent[0].data + 40), 0xFFFF);
	assert_int_equal(get16(r.h->sent[1].data + 50), 0);
	rig_free(&r);
}

/* Without a context, or for a legacy packet, there is nothing to insert. */
static void
test_no_context(void **state)
{
	struct rig r = rig_with(0, 0);
	uint8_t *data = rig_fill(&r, RIG_DATA, 100, 3);
	struct rig_context c = { .tucss = 34, .tucso = 50 };

	(void)state;
	rig_data(&r, RIG_DATA, 100, CMD_LAST, BOTH_SUMS);
	c.tucmd = E1000_TXD_TUCMD_TSE;
	rig_context(&r, &c);
	rig_data(&r, RIG_DATA, 100, CMD_LAST, BOTH_SUMS);
	rig_flush(&r);
	rig_sent(&r, 0, data, 100);
	rig_sent(&r, 1, data, 100);
	/* After a reset it is gone. */
	c.tucmd = 0;
	rig_context(&r, &c);
	rig_flush(&r);
	host_write(r.h, E1000_CTRL, E1000_CTRL_RST);
	host_write(r.h, E1000_CTRL, E1000_CTRL_SLU);
	host_advance(r.h, 10000000);
	rig_ring(&r, RIG_RING, 64);
	rig_data(&r, RIG_DATA, 100, CMD_LAST, BOTH_SUMS);
	rig_flush(&r);
	rig_sent(&r, 2, data, 100);
	rig_free(&r);
}

/* ----------------------------------------------------------- VLAN, padding */

static void
test_vlan(void **state)
{
	struct rig r = rig_with(0, 0);
	uint8_t *data = rig_fill(&r, RIG_DATA, 100, 3), want[104];
	const uint64_t tag = 0x6123;
	const uint32_t vle = E1000_TXD_CMD_VLE;

	(void)state;
	/* Without CTRL.VME it means nothing. */
	rig_put(&r, RIG_DATA,
	    100 | (uint64_t)(CMD_LAST | vle) << 24 | tag << 48);
	rig_flush(&r);
	rig_sent(&r, 0, data, 100);
	host_write(r.h, E1000_CTRL, E1000_CTRL_SLU | E1000_CTRL_VME);
	host_write(r.h, E1000_VET, 0x88A8);
	rig_legacy(&r, RIG_DATA, 100, CMD_LAST);
	rig_put(&r, RIG_DATA,
	    100 | (uint64_t)(CMD_LAST | vle) << 24 | tag << 48);
	/* Of the last descriptor counts, not of the first (3.3.3.1). */
	rig_put(&r, RIG_DATA, 5 | (uint64_t)vle << 24 | (uint64_t)0x777 << 48);
	rig_put(&r, RIG_DATA + 5,
	    95 | (uint64_t)(CMD_LAST | vle) << 24 | tag << 48);
	rig_put(&r, RIG_DATA, 5 | (uint64_t)vle << 24 | (uint64_t)0x777 << 48);
	rig_legacy(&r, RIG_DATA + 5, 95, CMD_LAST);
	/* Padding comes behind the tag. */
	rig_put(&r, RIG_DATA,
	    50 | (uint64_t)(CMD_LAST | vle) << 24 | tag << 48);
	rig_put(&r, RIG_DATA,
	    57 | (uint64_t)(CMD_LAST | vle) << 24 | tag << 48);
	rig_flush(&r);
	memcpy(want, data, 100);
	ref_tag(want, 100, 0x88A8, tag);
	rig_sent(&r, 1, data, 100);
	rig_sent(&r, 2, want, 104);
	rig_sent(&r, 3, want, 104);
	rig_sent(&r, 4, data, 100);
	rig_sent(&r, 6, want, 61);
	memset(want + 54, 0, 6);
	rig_sent(&r, 5, want, 60);
	rig_free(&r);
}

/* Positions do not count the tag, and it is not summed (3.3.3, note 2). */
static void
vlan_sum(uint32_t hdr_bytes, uint32_t offloads)
{
	struct rig r = rig_with(hdr_bytes, offloads);
	uint8_t *data = rig_fill(&r, RIG_DATA, 100, 3), want[104];
	struct rig_context c = { .tucss = 34, .tucso = 50 };

	host_write(r.h, E1000_CTRL, E1000_CTRL_SLU | E1000_CTRL_VME);
	host_write(r.h, E1000_VET, 0x8100);
	rig_context(&r, &c);
	rig_put(&r, RIG_DATA,
	    100 | 1u << 20 |
		(uint64_t)(CMD_LAST | E1000_TXD_CMD_VLE | E1000_TXD_CMD_DEXT)
		    << 24 |
		(uint64_t)E1000_TXD_POPTS_TXSM << 40 | (uint64_t)9 << 48);
	rig_flush(&r);
	memcpy(want, data, 100);
	put16(want + 50, (uint16_t)~ref_sum(data + 34, 66, 0));
	ref_tag(want, 100, 0x8100, 9);
	if (offloads)
		assert_int_equal(r.h->sent[0].hdr.csum_start, 38);
	net_sum(&r.h->sent[0]);
	rig_sent(&r, 0, want, 104);
	rig_free(&r);
}

/* The most that the header says: of pieces, and of bytes. */
static void
test_most(void **state)
{
	const uint64_t tagged =
	    (uint64_t)(CMD_LAST | E1000_TXD_CMD_VLE) << 24 | (uint64_t)9 << 48;
	struct rig r = rig_with(12, 0);
	uint32_t i;

	(void)state;
	host_write(r.h, E1000_CTRL, E1000_CTRL_SLU | E1000_CTRL_VME);
	rig_fill(&r, RIG_DATA, 0x8000, 3);
	/* Apart from each other, so that none are one piece. */
	for (i = 0; i < 255; i++)
		rig_legacy(&r, RIG_DATA + i * 100, 60, 0);
	rig_put(&r, RIG_DATA + i * 100, 60 | tagged);
	rig_put(&r, RIG_DATA, 16288 | tagged);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 2);
	assert_int_equal(r.h->sent[0].len_bytes, 256 * 60 + 4);
	assert_int_equal(r.h->sent[0].iovs, E82540_SEND_IOVS_MAX);
	assert_int_equal(r.h->sent[1].len_bytes, E82540_SEND_MAX_BYTES);
	rig_free(&r);
}

static void
test_vlan_sum(void **state)
{
	(void)state;
	vlan_sum(0, 0);
	vlan_sum(12, 0);
	vlan_sum(12, E82540_OFFLOAD_CSUM);
}

/* A sum that the network cannot finish is inserted here. */
static void
test_not_left(void **state)
{
	struct rig r = rig_with(12, E82540_OFFLOAD_CSUM);
	uint8_t *data = rig_fill(&r, RIG_DATA, 100, 3);
	struct rig_context c[] = {
		{ .tucss = 34, .tucso = 50, .tucse = 60 },
		{ .tucss = 34, .tucso = 20 },
		{ .tucss = 13, .tucso = 20 },
		{ .tucss = 34, .tucso = 99 },
		{ .ipcss = 34, .ipcso = 50 },
	};
	uint32_t i;

	(void)state;
	for (i = 0; i < 5; i++) {
		rig_context(&r, &c[i]);
		rig_data(&r, RIG_DATA, 100, CMD_LAST, BOTH_SUMS);
		rig_flush(&r);
		assert_int_equal(r.h->sent[i].hdr.flags, 0);
	}
	assert_int_equal(get16(r.h->sent[0].data + 50),
	    (uint16_t)~ref_sum(data + 34, 27, 0));
	assert_int_equal(get16(r.h->sent[1].data + 20),
	    (uint16_t)~ref_sum(data + 34, 66, 0));
	/* A header that asks for nothing: all zero, of either size. */
	rig_legacy(&r, RIG_DATA, 100, CMD_LAST);
	rig_flush(&r);
	assert_int_equal(r.h->sent[5].hdr.flags, 0);
	assert_int_equal(r.h->sent[5].hdr.csum_start, 0);
	rig_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_legacy),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_zero),
		cmocka_unit_test(test_no_context),
		cmocka_unit_test(test_vlan),
		cmocka_unit_test(test_vlan_sum),
		cmocka_unit_test(test_most),
		cmocka_unit_test(test_not_left),
	};

	seed_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
