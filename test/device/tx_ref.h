/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A reference for offloads, which computes everything in the plain way:
 * checksums word by word, over pseudo-headers made from the addresses, and
 * segments from the payload.  Also a network, which does what a virtio header
 * asks it to do.
 */
#ifndef TEST_TX_REF_H
#define TEST_TX_REF_H

#include <time.h>

#include "tx_rig.h"

static uint32_t seed;

/*
 * LEM_TEST_SEED=n in the environment is another run of random tests; 0: one
 * that nobody has seen yet.  The check of a commit is always the same.
 */
static inline void
seed_init(void)
{
	const char *s = getenv("LEM_TEST_SEED");

	seed = s != NULL ? strtoul(s, NULL, 0) : 1;
	if (seed == 0)
		seed = (uint32_t)time(NULL);
	printf("LEM_TEST_SEED=%u\n", seed);
}

static inline uint32_t
draw_below(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

/* -------------------------------------------------------------- reference */

static inline uint16_t
ref_sum(const uint8_t *p, uint32_t len, uint32_t sum)
{
	uint32_t i;

	for (i = 0; i < len; i++) {
		sum += i % 2 == 0 ? p[i] << 8 : p[i];
		sum = (sum & 0xFFFF) + (sum >> 16);
	}
	return sum;
}

static inline void
put16(uint8_t *p, uint32_t v)
{
	p[0] = v >> 8;
	p[1] = v & 0xFF;
}

static inline uint32_t
get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

struct flow {
	bool v6, udp;
	uint32_t l3, l4, header;	/* bytes up to there */
};

static inline uint32_t
ref_protocol(const struct flow *f)
{
	return f->udp ? 17 : 6;
}

static inline uint16_t
ref_pseudo(const struct flow *f, const uint8_t *frame, uint32_t l4_bytes)
{
	uint32_t sum = ref_protocol(f) + l4_bytes;

	if (f->v6)
		return ref_sum(frame + f->l3 + 8, 32, sum);
	return ref_sum(frame + f->l3 + 12, 8, sum);
}

static inline uint32_t
ref_sum_at(const struct flow *f)
{
	return f->l4 + (f->udp ? 6 : 16);
}

/* A random header of the flow: lengths and checksums 0. */
static inline void
ref_header(const struct flow *f, uint8_t *h)
{
	uint32_t i;
	uint8_t *ip = h + f->l3, *l4 = h + f->l4;

	for (i = 0; i < f->header; i++)
		h[i] = draw_below(256);
	h[0] &= 0xFE;
	if (f->l3 == 18)
		put16(h + 12, 0x8100);
	put16(ip - 2, f->v6 ? 0x86DD : 0x0800);
	if (f->v6) {
		ip[0] = 0x60;
		put16(ip + 4, 0);
		ip[6] = ref_protocol(f);
	} else {
		ip[0] = 0x40 | (f->l4 - f->l3) / 4;
		put16(ip + 2, 0);
		put16(ip + 6, 0x4000);
		ip[9] = ref_protocol(f);
		put16(ip + 10, 0);
	}
	put16(h + ref_sum_at(f), 0);
	if (f->udp) {
		put16(l4 + 4, 0);
	} else {
		l4[12] = (f->header - f->l4) / 4 << 4;
		l4[13] &= 0x3F;		/* no CWR, ECE */
	}
}

/* Lengths and checksums of a whole frame, from nothing. */
static inline void
ref_finish(const struct flow *f, uint8_t *frame, uint32_t len)
{
	uint8_t *ip = frame + f->l3, *field = frame + ref_sum_at(f);
	uint16_t sum;

	if (f->v6) {
		put16(ip + 4, len - f->l3 - 40);
	} else {
		put16(ip + 2, len - f->l3);
		put16(ip + 10, 0);
		put16(ip + 10, (uint16_t)~ref_sum(ip, f->l4 - f->l3, 0));
	}
	if (f->udp)
		put16(frame + f->l4 + 4, len - f->l4);
	put16(field, 0);
	sum = ~ref_sum(frame + f->l4, len - f->l4,
	    ref_pseudo(f, frame, len - f->l4));
	put16(field, sum == 0 && f->udp ? 0xFFFF : sum);
}

/* Frame i of a segmentation.  Returns its length. */
static inline uint32_t
ref_segment(const struct flow *f, const uint8_t *header, const uint8_t *payload,
    uint32_t payload_bytes, uint32_t mss, uint32_t i, uint8_t *frame)
{
	uint32_t left = payload_bytes - i * mss, n = left < mss ? left : mss;
	uint8_t *l4 = frame + f->l4;
	uint32_t seq;

	memcpy(frame, header, f->header);
	memcpy(frame + f->header, payload + i * mss, n);
	if (!f->v6)
		put16(frame + f->l3 + 4, get16(header + f->l3 + 4) + i);
	if (!f->udp) {
		seq = (get16(l4 + 4) << 16 | get16(l4 + 6)) + i * mss;
		put16(l4 + 4, seq >> 16);
		put16(l4 + 6, seq & 0xFFFF);
		if (left > mss)
			l4[13] &= ~0x09;
	}
	ref_finish(f, frame, f->header + n);
	return f->header + n;
}

static inline uint32_t
ref_tag(uint8_t *frame, uint32_t len, uint32_t type, uint32_t tag)
{
	memmove(frame + 16, frame + 12, len - 12);
	put16(frame + 12, type);
	put16(frame + 14, tag);
	return len + 4;
}

static inline uint32_t
ref_pad(uint8_t *frame, uint32_t len)
{
	if (len < 60)
		memset(frame + len, 0, 60 - len);
	return len < 60 ? 60 : len;
}

/* ------------------------------------------------- the network, likewise */

/* Insert what the header asks for. */
static inline void
net_sum(struct host_packet *p)
{
	uint32_t start = p->hdr.csum_start, at = start + p->hdr.csum_offset;
	uint16_t sum;

	if (p->hdr.flags == 0)
		return;
	assert_int_equal(p->hdr.flags, E82540_VNET_NEEDS_CSUM);
	assert_in_range(at, 14, p->len_bytes - 2);
	sum = ~ref_sum(p->data + start, p->len_bytes - start, 0);
	put16(p->data + at, sum == 0 && p->hdr.csum_offset == 6 ? 0xFFFF : sum);
}

/*
 * net_segment: check that the headers of a packet to be segmented are as Linux
 * wants them, and make segment i.  The flow's positions count the tag.
 */
static inline uint32_t
net_segment(const struct flow *f, const struct host_packet *p, uint32_t i,
    uint8_t *frame)
{
	const uint8_t *ip = p->data + f->l3;

	assert_int_equal(p->hdr.flags, E82540_VNET_NEEDS_CSUM);
	assert_int_equal(p->hdr.gso_type,
	    f->v6 ? E82540_GSO_TCPV6 : E82540_GSO_TCPV4);
	assert_int_equal(p->hdr.hdr_len, f->header);
	assert_int_equal(p->hdr.csum_start, f->l4);
	assert_int_equal(p->hdr.csum_offset, 16);
	assert_int_equal(get16(p->data + ref_sum_at(f)),
	    ref_pseudo(f, p->data, p->len_bytes - f->l4));
	if (f->v6) {
		assert_int_equal(get16(ip + 4), p->len_bytes - f->l3 - 40);
	} else {
		assert_int_equal(get16(ip + 2), p->len_bytes - f->l3);
		assert_int_equal(ref_sum(ip, f->l4 - f->l3, 0), 0xFFFF);
	}
	return ref_segment(f, p->data, p->data + f->header,
	    p->len_bytes - f->header, p->hdr.gso_size, i, frame);
}

static inline struct rig
rig_with(uint32_t hdr_bytes, uint32_t offloads)
{
	struct rig r = { .h = host_new(E82540_82540EM) };

	r.h->config.vnet_hdr_bytes = hdr_bytes;
	r.h->config.offloads = offloads;
	rig_power(&r);
	rig_ring(&r, RIG_RING, 2048);
	return r;
}

static inline void
flow_context(const struct flow *f, struct rig_context *c)
{
	memset(c, 0, sizeof(*c));
	c->ipcss = f->l3;
	c->ipcso = f->l3 + 10;
	c->ipcse = f->l4 - 1;
	c->tucss = f->l4;
	c->tucso = ref_sum_at(f);
	c->tucmd = (f->v6 ? 0 : E1000_TXD_TUCMD_IP) |
	    (f->udp ? 0 : E1000_TXD_TUCMD_TCP);
	c->hdr_len = f->header;
}

static inline struct flow
flow_make(bool v6, bool udp, uint32_t tag, uint32_t ip_options,
    uint32_t tcp_options)
{
	struct flow f = { .v6 = v6, .udp = udp };

	f.l3 = 14 + tag;
	f.l4 = f.l3 + (v6 ? 40 : 20 + ip_options);
	f.header = f.l4 + (udp ? 8 : 20 + tcp_options);
	return f;
}

static inline struct flow
flow_random(void)
{
	bool udp = draw_below(3) == 0;

	return flow_make(draw_below(2), udp, draw_below(3) == 0 ? 4 : 0,
	    draw_below(3) == 0 ? 4 * draw_below(11) : 0,
	    draw_below(2) * 4 * draw_below(11));
}

/* Data descriptors for len bytes, cut anywhere. */
static inline void
put_pieces(struct rig *r, uint64_t gpa, uint32_t len, uint32_t cmd,
    uint32_t popts, uint32_t most)
{
	uint32_t n;

	for (; len > 0; len -= n, gpa += n) {
		n = 1 + draw_below(most);
		if (n > len)
			n = len;
		rig_data(r, gpa, n,
		    cmd & (n == len ? ~0u : ~(uint32_t)CMD_LAST_RS), popts);
		popts = 0;
	}
}

#endif
