/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transmit: segmentation (3.5), here and by the network, against the reference
 * of tx_ref.h.
 */
#include "tx_ref.h"

#define TSE		E1000_TXD_CMD_TSE
#define BOTH_SUMS	(E1000_TXD_POPTS_IXSM | E1000_TXD_POPTS_TXSM)

/* ----------------------------------------------------------- segmentation */

/* A segmentation, with its header and payload, as a driver prepares it. */
struct tso {
	struct flow f;
	uint32_t payload, mss, frames;
	struct rig_context c;
};

static void
tso_make(struct rig *r, struct tso *t, uint32_t payload, uint32_t mss)
{
	uint8_t *data = host_ram(r->h, RIG_DATA);
	uint32_t i;

	t->payload = payload;
	t->mss = mss;
	t->frames = (payload + mss - 1) / mss;
	ref_header(&t->f, data);
	put16(data + ref_sum_at(&t->f), ref_pseudo(&t->f, data, 0));
	for (i = 0; i < payload; i++)
		data[t->f.header + i] = draw_below(256);
	flow_context(&t->f, &t->c);
	t->c.tucmd |= E1000_TXD_TUCMD_TSE;
	t->c.paylen = payload;
	t->c.mss = mss;
}

static void
tso_put(struct rig *r, const struct tso *t, uint32_t cmd, uint32_t most)
{
	rig_context(r, &t->c);
	put_pieces(r, RIG_DATA, t->f.header + t->payload,
	    CMD_LAST_RS | TSE | cmd,
	    E1000_TXD_POPTS_TXSM | (t->f.v6 ? 0 : E1000_TXD_POPTS_IXSM), most);
}

/* Packets from `first` on are its frames. */
static void
tso_check(struct rig *r, const struct tso *t, unsigned int first, bool tag)
{
	const uint8_t *data = host_ram(r->h, RIG_DATA);
	static uint8_t want[20000];
	uint32_t i, len;

	assert_int_equal(r->h->packets, first + t->frames);
	for (i = 0; i < t->frames; i++) {
		len = ref_segment(&t->f, data, data + t->f.header, t->payload,
		    t->mss, i, want);
		if (tag)
			len = ref_tag(want, len, 0x8100, 0);
		assert_int_equal(r->h->sent[first + i].hdr.gso_type,
		    E82540_GSO_NONE);
		net_sum(&r->h->sent[first + i]);
		rig_sent(r, first + i, want, ref_pad(want, len));
	}
}

/* It went whole; the network makes the frames. */
static void
tso_check_whole(struct rig *r, const struct tso *t, bool tag)
{
	const uint8_t *data = host_ram(r->h, RIG_DATA);
	static uint8_t want[20000], got[20000];
	struct flow f = t->f;
	uint32_t i, len;

	if (tag) {
		f.l3 += 4;
		f.l4 += 4;
		f.header += 4;
	}
	assert_int_equal(r->h->packets, 1);
	assert_int_equal(r->h->sent[0].hdr.gso_size, t->mss);
	assert_int_equal(r->h->sent[0].len_bytes, f.header + t->payload);
	for (i = 0; i < t->frames; i++) {
		len = ref_segment(&t->f, data, data + t->f.header, t->payload,
		    t->mss, i, want);
		if (tag)
			len = ref_tag(want, len, 0x8100, 0);
		assert_int_equal(net_segment(&f, &r->h->sent[0], i, got), len);
		assert_memory_equal(got, want, len);
	}
}

static const uint32_t stats[] = { E1000_TPT, E1000_GPTC, E1000_TOTL,
	E1000_PTC64, E1000_PTC127, E1000_PTC255, E1000_PTC511, E1000_PTC1023,
	E1000_PTC1522, E1000_MPTC, E1000_BPTC, E1000_TSCTC, E1000_TSCTFC };

/* The same segmentation here, and by the network. */
static void
tso_random(uint32_t all)
{
	struct rig a = rig_with(all == 0 ? 0 : 10, 0), b = rig_with(12, all);
	uint32_t start, i, mss, payload, most;
	bool tag = draw_below(3) == 0, regular;
	struct tso t, u;

	mss = draw_below(2) ? 1 + draw_below(1460) : 1 + draw_below(9000);
	payload = 1 + draw_below(draw_below(2) ? 3 * mss : 64 * mss);
	payload = payload > 60000 ? 60000 : payload;
	do
		t.f = flow_random();
	while (t.f.v6 && t.f.udp);	/* that is a constant header */
	u.f = t.f;
	most = 1 + draw_below(8) * draw_below(2000);
	if (most < payload / 100 + 3)
		most = payload / 100 + 3;
	start = seed;
	tso_make(&a, &t, payload, mss);
	seed = start;
	tso_make(&b, &u, payload, mss);
	if (tag) {
		host_write(a.h, E1000_CTRL, E1000_CTRL_SLU | E1000_CTRL_VME);
		host_write(b.h, E1000_CTRL, E1000_CTRL_SLU | E1000_CTRL_VME);
		host_write(a.h, E1000_VET, 0x8100);
		host_write(b.h, E1000_VET, 0x8100);
	}
	tso_put(&a, &t, tag ? E1000_TXD_CMD_VLE : 0, most);
	tso_put(&b, &u, tag ? E1000_TXD_CMD_VLE : 0, most);
	rig_flush(&a);
	rig_flush(&b);
	tso_check(&a, &t, 0, tag);
	regular = !t.f.udp && t.frames > 1 && t.f.header + payload >= 60 &&
	    all & (t.f.v6 ? E82540_OFFLOAD_TSO6 : E82540_OFFLOAD_TSO4);
	if (regular)
		tso_check_whole(&b, &u, tag);
	else
		tso_check(&b, &u, 0, tag);
	assert_int_equal(host_read(a.h, E1000_TSCTC), 1);
	assert_int_equal(host_read(b.h, E1000_TSCTC), 1);
	for (i = 0; i < sizeof(stats) / sizeof(stats[0]); i++)
		assert_int_equal(host_read(a.h, stats[i]),
		    host_read(b.h, stats[i]));
	assert_int_equal(rig_head(&a), a.tail);
	assert_int_equal(rig_head(&b), b.tail);
	rig_free(&a);
	rig_free(&b);
}

static void
test_tso(void **state)
{
	const uint32_t sum = E82540_OFFLOAD_CSUM;
	uint32_t i;

	(void)state;
	for (i = 0; i < 60; i++) {
		tso_random(0);
		tso_random(sum);
		tso_random(sum | E82540_OFFLOAD_TSO4);
		tso_random(sum | E82540_OFFLOAD_TSO6);
		tso_random(sum | E82540_OFFLOAD_TSO4 | E82540_OFFLOAD_TSO6);
	}
}

/* Group addresses count once a frame, whoever makes the frames. */
static void
test_tso_groups(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct rig r = rig_with(12,
		    i == 0 ? 0 : E82540_OFFLOAD_CSUM | E82540_OFFLOAD_TSO4);
		struct tso t = { .f = flow_make(false, false, 0, 0, 0) };

		tso_make(&r, &t, 1000, 100);
		memset(host_ram(r.h, RIG_DATA), 0xFF, 6);
		tso_put(&r, &t, 0, 2000);
		rig_flush(&r);
		assert_int_equal(r.h->packets, i == 0 ? 10 : 1);
		assert_int_equal(host_read(r.h, E1000_BPTC), 10);
		assert_int_equal(host_read(r.h, E1000_MPTC), 0);
		assert_int_equal(host_read(r.h, E1000_GPTC), 10);
		assert_int_equal(host_read(r.h, E1000_TOTL), 10 * 158);
		rig_free(&r);
	}
}

/* 3.3.6.1, note 2: TCP and IP clear: the header is a constant. */
static void
test_tso_block(void **state)
{
	struct rig r = rig_with(0, 0);
	uint8_t *data = rig_fill(&r, RIG_DATA, 1000, 3), want[200];
	struct rig_context c = { .tucss = 14,
		.tucso = 16,
		.paylen = 249,
		.hdr_len = 21,
		.mss = 100,
		.tucmd = E1000_TXD_TUCMD_TSE };
	uint32_t i;

	(void)state;
	rig_context(&r, &c);
	rig_data(&r, RIG_DATA, 270, CMD_LAST | TSE, 0);
	rig_context(&r, &c);
	rig_data(&r, RIG_DATA, 270, CMD_LAST | TSE, E1000_TXD_POPTS_TXSM);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 6);
	for (i = 0; i < 3; i++) {
		memcpy(want, data, 21);
		memcpy(want + 21, data + 21 + i * 100, 100);
		rig_sent(&r, i, want, i == 2 ? 70 : 121);
		put16(want + 16,
		    (uint16_t)~ref_sum(want + 14, i == 2 ? 56 : 107, 0));
		rig_sent(&r, 3 + i, want, i == 2 ? 70 : 121);
	}
	rig_free(&r);
}

/* Each is a payload error (13.7.54): dropped, counted, completed. */
static void
tso_refused(void (*spoil)(struct tso *t))
{
	struct rig r = rig_with(12,
	    E82540_OFFLOAD_CSUM | E82540_OFFLOAD_TSO4 | E82540_OFFLOAD_TSO6);
	struct tso t = { .f = flow_make(false, false, 0, 0, 0) };
	uint32_t last;

	tso_make(&r, &t, 5000, 1000);
	spoil(&t);
	tso_put(&r, &t, 0, 5000);
	last = r.tail - 1;
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 1);
	assert_int_equal(r.h->sent[0].len_bytes, 60);
	assert_int_equal(host_read(r.h, E1000_TSCTFC), 1);
	assert_int_equal(host_read(r.h, E1000_TSCTC), 0);
	assert_int_equal(rig_counters(&r).bad_descriptor, 1);
	assert_true(rig_done(&r, last));
	assert_int_equal(rig_head(&r), r.tail);
	rig_free(&r);
}

static void
spoil_paylen_more(struct tso *t)
{
	t->c.paylen++;
}

static void
spoil_paylen_less(struct tso *t)
{
	t->c.paylen--;
}

static void
spoil_paylen_none(struct tso *t)
{
	t->c.paylen = 0;
	t->payload = 0;
}

static void
spoil_mss_none(struct tso *t)
{
	t->c.mss = 0;
}

/* 3.3.6, note 2: a frame must fit in the FIFO. */
static void
spoil_mss_huge(struct tso *t)
{
	t->c.mss = 65535;
	t->payload = t->c.paylen = 16288 - 54 + 1;
}

static void
spoil_no_header(struct tso *t)
{
	t->c.hdr_len = 0;
	t->c.paylen = t->payload + 54;
}

static void
spoil_header_short(struct tso *t)
{
	t->c.hdr_len = 53;
	t->c.paylen = t->payload + 1;
}

static void
spoil_ip_behind(struct tso *t)
{
	t->c.ipcss = 35;
}

static void
spoil_tcp_behind(struct tso *t)
{
	t->c.tucss = 35;
}

static void
spoil_tcp_far(struct tso *t)
{
	t->c.tucss = 255;
	t->c.ipcss = 255;
}

/* IPv6 needs 40 bytes of header. */
static void
spoil_ipv6(struct tso *t)
{
	t->c.tucmd &= ~E1000_TXD_TUCMD_IP;
	t->c.ipcss = 15;
}

static void
spoil_udp(struct tso *t)
{
	t->c.tucmd &= ~E1000_TXD_TUCMD_TCP;
	t->c.tucss = 47;
}

static void
spoil_block(struct tso *t)
{
	t->c.tucmd = E1000_TXD_TUCMD_TSE;
	t->c.hdr_len = 13;
	t->c.paylen = t->payload + 54 - 13;
}

/* The context goes to the other set, and leaves this one empty. */
static void
spoil_no_context(struct tso *t)
{
	t->c.tucmd &= ~E1000_TXD_TUCMD_TSE;
}

static void
test_tso_refused(void **state)
{
	(void)state;
	tso_refused(spoil_paylen_more);
	tso_refused(spoil_paylen_less);
	tso_refused(spoil_paylen_none);
	tso_refused(spoil_mss_none);
	tso_refused(spoil_mss_huge);
	tso_refused(spoil_no_header);
	tso_refused(spoil_header_short);
	tso_refused(spoil_ip_behind);
	tso_refused(spoil_tcp_behind);
	tso_refused(spoil_tcp_far);
	tso_refused(spoil_ipv6);
	tso_refused(spoil_udp);
	tso_refused(spoil_block);
	tso_refused(spoil_no_context);
}

/* The most frames, and the longest payload, there are. */
static void
test_tso_limits(void **state)
{
	struct rig r = rig_with(0, 0);
	struct tso t = { .f = flow_make(false, false, 0, 0, 0) };
	uint32_t i;

	(void)state;
	tso_make(&r, &t, 4096, 1);
	tso_put(&r, &t, 0, 5000);
	rig_flush(&r);
	tso_check(&r, &t, 0, false);
	rig_free(&r);

	r = rig_with(0, 0);
	tso_make(&r, &t, 0x60000, 1460);
	t.c.paylen = 0xFFFFF;
	rig_context(&r, &t.c);
	rig_data(&r, RIG_DATA, 54, TSE, BOTH_SUMS);
	for (i = 0; i < 0xFFFFF / 0x8000; i++)
		rig_data(&r, RIG_DATA + i * 0x100, 0x8000, TSE, 0);
	rig_data(&r, RIG_DATA, 0x7FFF, CMD_LAST | TSE, 0);
	rig_flush(&r);
	assert_int_equal(r.h->packets, (0xFFFFF + 1459) / 1460);
	assert_int_equal(host_read(r.h, E1000_TSCTC), 1);
	rig_free(&r);
}

/* Frames of one byte: is each the next one? */
static unsigned int
send_ones(void *ctx, const struct e82540_packet *packet, unsigned int n)
{
	struct host *h = ctx;
	const uint8_t *data = host_ram(h, RIG_DATA), *p;
	uint32_t i, seq;

	n = n < h->room ? n : h->room;
	for (i = 0; i < n; i++, h->packets++) {
		p = packet[i].iov[0].base;
		seq = get16(data + 38) << 16 | get16(data + 40);
		assert_int_equal(packet[i].len_bytes, 60);
		assert_int_equal(get16(p + 38) << 16 | get16(p + 40),
		    seq + h->packets);
		assert_int_equal(p[54], data[54 + h->packets % 0x8000]);
	}
	return n;
}

/* More than a run sends, than 16 bits count, up to the most that PAYLEN can. */
static void
test_tso_many(void **state)
{
	static const uint32_t payload[] = { 64, 65, 4096, 4097, 65535, 65536,
		65537, 0xFFFFF };
	struct rig r = { .h = host_new(E82540_82540EM) };
	struct tso t = { .f = flow_make(false, false, 0, 0, 0) };
	uint32_t i, at, n;

	(void)state;
	r.h->table.send = send_ones;
	rig_power(&r);
	tso_make(&r, &t, 0x8000, 1);
	for (i = 0; i < sizeof(payload) / sizeof(payload[0]); i++) {
		r.h->packets = 0;
		t.c.paylen = payload[i];
		rig_context(&r, &t.c);
		rig_data(&r, RIG_DATA, 54, TSE, BOTH_SUMS);
		for (at = 0; at < payload[i]; at += n) {
			n = payload[i] - at < 0x8000 ? payload[i] - at : 0x8000;
			rig_data(&r, RIG_DATA + 54, n,
			    at + n == payload[i] ? CMD_LAST | TSE : TSE, 0);
		}
		/* The network refuses the rest for a while. */
		r.h->room = payload[i] / 2;
		rig_flush(&r);
		while (rig_head(&r) != r.tail) {
			r.h->room = UINT32_MAX;
			e82540_tx_resume(r.h->dev, r.h->now_ns);
			host_advance(r.h, 1000);
		}
		assert_int_equal(r.h->packets, payload[i]);
	}
	assert_int_equal(host_read(r.h, E1000_TSCTC), i);
	assert_int_equal(host_read(r.h, E1000_TSCTFC), 0);
	rig_free(&r);
}

/* 256 pieces of memory pass, 257 do not; a hole in memory neither. */
static void
test_tso_pieces(void **state)
{
	struct rig r = rig_with(0, 0);
	struct tso t = { .f = flow_make(false, false, 0, 0, 0) };
	uint32_t i, j;

	(void)state;
	tso_make(&r, &t, 255 * 10, 1000);
	for (j = 0; j < 2; j++) {
		rig_context(&r, &t.c);
		rig_data(&r, RIG_DATA, j == 0 ? 54 : 53, TSE, BOTH_SUMS);
		if (j == 1)
			rig_data(&r, RIG_DATA + 53, 1, TSE, 0);
		for (i = 0; i < 255; i++)
			rig_data(&r, RIG_DATA + 54 + i * 10, 10,
			    TSE | (i == 254 ? CMD_LAST : 0), 0);
	}
	rig_context(&r, &t.c);
	rig_data(&r, RIG_DATA, 54, TSE, BOTH_SUMS);
	rig_data(&r, UINT64_MAX / 2, 2550, CMD_LAST | TSE, 0);
	rig_flush(&r);
	tso_check(&r, &t, 0, false);
	assert_int_equal(host_read(r.h, E1000_TSCTC), 1);
	assert_int_equal(host_read(r.h, E1000_TSCTFC), 2);
	assert_int_equal(rig_counters(&r).bad_address, 1);
	assert_int_equal(rig_counters(&r).bad_descriptor, 1);
	rig_free(&r);
}

/* Behind packets whose pieces leave too little room for its own pieces. */
static void
test_tso_later(void **state)
{
	struct rig r = rig_with(0, 0);
	struct tso t = { .f = flow_make(false, false, 0, 0, 0) };
	uint32_t i;

	(void)state;
	tso_make(&r, &t, 2000, 1000);
	for (i = 0; i < 800; i++)
		rig_legacy(&r, RIG_DATA, 10, i % 200 == 199 ? CMD_LAST : 0);
	rig_context(&r, &t.c);
	rig_data(&r, RIG_DATA, 54, TSE, BOTH_SUMS);
	for (i = 0; i < 200; i++)
		rig_data(&r, RIG_DATA + 54 + i * 10, 10,
		    TSE | (i == 199 ? CMD_LAST : 0), 0);
	rig_flush(&r);
	tso_check(&r, &t, 4, false);
	assert_int_equal(r.h->sends, 2);
	rig_free(&r);
}

/* The two contexts do not disturb each other. */
static void
test_two_contexts(void **state)
{
	struct rig r = rig_with(0, 0);
	struct rig_context c = { .tucss = 20, .tucso = 30 };
	struct tso t = { .f = flow_make(true, false, 0, 0, 12) };
	uint8_t *data, want[100];

	(void)state;
	tso_make(&r, &t, 3000, 500);
	data = host_ram(r.h, RIG_DATA);
	rig_context(&r, &c);
	tso_put(&r, &t, 0, 700);
	rig_data(&r, RIG_DATA, 100, CMD_LAST, E1000_TXD_POPTS_TXSM);
	rig_flush(&r);
	memcpy(want, data, 100);
	put16(want + 30, (uint16_t)~ref_sum(data + 20, 80, 0));
	rig_sent(&r, 6, want, 100);
	/* And the other way round: TSO's is still there. */
	put_pieces(&r, RIG_DATA, t.f.header + 3000, CMD_LAST | TSE,
	    E1000_TXD_POPTS_TXSM, 900);
	rig_flush(&r);
	tso_check(&r, &t, 7, false);
	rig_free(&r);
}

/* Sums that are not wanted, or lie outside of the header, are left alone. */
static void
test_tso_no_sums(void **state)
{
	struct rig r = rig_with(0, 0);
	struct tso t = { .f = flow_make(false, false, 0, 0, 0) };
	uint32_t i, at;

	(void)state;
	tso_make(&r, &t, 3000, 1000);
	at = ref_sum_at(&t.f);
	rig_context(&r, &t.c);
	rig_data(&r, RIG_DATA, 3054, CMD_LAST | TSE, 0);
	t.c.tucso = 53;
	t.c.ipcso = 54;
	rig_context(&r, &t.c);
	rig_data(&r, RIG_DATA, 3054, CMD_LAST | TSE, BOTH_SUMS);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 6);
	for (i = 0; i < 6; i++) {
		assert_int_equal(get16(r.h->sent[i].data + 24), 0);
		assert_memory_equal(r.h->sent[i].data + at,
		    (uint8_t *)host_ram(r.h, RIG_DATA) + at, 4);
		assert_memory_equal(r.h->sent[i].data + 54,
		    (uint8_t *)host_ram(r.h, RIG_DATA) + 54 + i % 3 * 1000,
		    1000);
	}
	rig_free(&r);
}

/* ------------------------------ segmentations the network could not do */

static void
odd_tag(struct rig *r, struct tso *t)
{
	(void)t;
	put16((uint8_t *)host_ram(r->h, RIG_DATA) + 12, 0x9100);
}

static void
odd_place(struct rig *r, struct tso *t)
{
	t->f.l3 += 2;
	t->f.l4 += 2;
	t->f.header += 2;
	tso_make(r, t, 5000, 1000);
}

/* A frame that is padded is not one to be cut. */
static void
odd_tiny(struct rig *r, struct tso *t)
{
	tso_make(r, t, 3, 1);
}

static void
odd_cwr(struct rig *r, struct tso *t)
{
	uint8_t *data = host_ram(r->h, RIG_DATA);

	data[t->f.l4 + 13] |= 0x80;
}

static void
odd_fragment(struct rig *r, struct tso *t)
{
	uint8_t *data = host_ram(r->h, RIG_DATA);

	put16(data + t->f.l3 + 6, 0x2000);
}

/* Its own checksum then covers half a header. */
static void
odd_range(struct rig *r, struct tso *t)
{
	(void)r;
	t->c.tucse = 3000;
}

static void
odd_offset(struct rig *r, struct tso *t)
{
	(void)r;
	t->c.tucso = t->f.l4 + 14;
}

static void
odd_version(struct rig *r, struct tso *t)
{
	uint8_t *data = host_ram(r->h, RIG_DATA);

	data[t->f.l3] ^= 0x10;
}

static void
odd_protocol(struct rig *r, struct tso *t)
{
	uint8_t *data = host_ram(r->h, RIG_DATA);

	data[t->f.l3 + 9] = 17;
}

static void
odd_tcp_length(struct rig *r, struct tso *t)
{
	uint8_t *data = host_ram(r->h, RIG_DATA);

	data[t->f.l4 + 12] = 0x60;
}

static void
odd_ip_sum(struct rig *r, struct tso *t)
{
	(void)r;
	t->c.ipcse = 0;
}

static void
odd_type(struct rig *r, struct tso *t)
{
	put16((uint8_t *)host_ram(r->h, RIG_DATA) + t->f.l3 - 2, 0x86DD);
}

/* Longer than IP can say. */
static void
odd_long(struct rig *r, struct tso *t)
{
	tso_make(r, t, 65536 - 40, 1460);
}

/* Frames there are all the same, made here. */
static void
tso_odd(void (*spoil)(struct rig *r, struct tso *t), uint32_t tag)
{
	struct rig r = rig_with(12,
	    E82540_OFFLOAD_CSUM | E82540_OFFLOAD_TSO4 | E82540_OFFLOAD_TSO6);
	struct tso t = { .f = flow_make(false, false, tag, 0, 0) };
	unsigned int i;

	tso_make(&r, &t, 5000, 1000);
	if (spoil != NULL)
		spoil(&r, &t);
	tso_put(&r, &t, 0, 5000);
	rig_flush(&r);
	assert_int_equal(r.h->packets, spoil == NULL ? 1 : t.frames);
	for (i = 0; i < r.h->packets; i++)
		assert_int_equal(r.h->sent[i].hdr.gso_type,
		    spoil == NULL ? E82540_GSO_TCPV4 : E82540_GSO_NONE);
	assert_int_equal(host_read(r.h, E1000_TPT), t.frames);
	rig_free(&r);
}

static void
test_tso_odd(void **state)
{
	(void)state;
	tso_odd(NULL, 0);
	tso_odd(NULL, 4);
	tso_odd(odd_tag, 4);
	tso_odd(odd_tiny, 0);
	tso_odd(odd_place, 0);
	tso_odd(odd_cwr, 0);
	tso_odd(odd_fragment, 0);
	tso_odd(odd_range, 0);
	tso_odd(odd_offset, 0);
	tso_odd(odd_version, 0);
	tso_odd(odd_protocol, 0);
	tso_odd(odd_tcp_length, 0);
	tso_odd(odd_ip_sum, 0);
	tso_odd(odd_type, 0);
	tso_odd(odd_long, 0);
}

/* The most that IP can say, with a tag of the guest's and one of the chip's. */
static void
test_whole_longest(void **state)
{
	struct rig r = rig_with(12, E82540_OFFLOAD_CSUM | E82540_OFFLOAD_TSO4);
	struct tso t = { .f = flow_make(false, false, 4, 0, 0) };

	(void)state;
	host_write(r.h, E1000_CTRL, E1000_CTRL_SLU | E1000_CTRL_VME);
	tso_make(&r, &t, 65535 - 40, 1460);
	tso_put(&r, &t, E1000_TXD_CMD_VLE, 16000);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 1);
	assert_int_equal(r.h->sent[0].hdr.gso_type, E82540_GSO_TCPV4);
	assert_int_equal(r.h->sent[0].len_bytes, E82540_SEND_TSO_MAX_BYTES);
	rig_free(&r);
}

/* In loopback the model makes all frames itself, without a header. */
static void
test_loopback(void **state)
{
	struct rig r = rig_with(12,
	    E82540_OFFLOAD_CSUM | E82540_OFFLOAD_TSO4 | E82540_OFFLOAD_TSO6);
	struct tso t = { .f = flow_make(false, false, 0, 0, 0) };
	uint8_t want[2000], *d;
	uint32_t i, len;

	(void)state;
	tso_make(&r, &t, 5000, 1000);
	rig_loopback(&r, 8, 7);
	tso_put(&r, &t, 0, 5000);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 0);
	assert_int_equal(host_read(r.h, E1000_RDH), 5);
	d = host_ram(r.h, RIG_DATA);
	for (i = 0; i < 5; i++) {
		len = ref_segment(&t.f, d, d + 54, 5000, 1000, i, want);
		assert_memory_equal(host_ram(r.h, RIG_RX_DATA + i * 2048), want,
		    len);
	}
	rig_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tso),
		cmocka_unit_test(test_tso_groups),
		cmocka_unit_test(test_tso_block),
		cmocka_unit_test(test_tso_refused),
		cmocka_unit_test(test_tso_limits),
		cmocka_unit_test(test_tso_many),
		cmocka_unit_test(test_tso_pieces),
		cmocka_unit_test(test_tso_later),
		cmocka_unit_test(test_two_contexts),
		cmocka_unit_test(test_tso_no_sums),
		cmocka_unit_test(test_tso_odd),
		cmocka_unit_test(test_whole_longest),
		cmocka_unit_test(test_loopback),
	};

	seed_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
