/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receive checksums (3.2.9, 13.4.47): which packets are checked, with which
 * result.
 */
#include "rx_rig.h"

#define IPCS	E1000_RXD_STAT_IPCS
#define TCPCS	E1000_RXD_STAT_TCPCS
#define IXSM	E1000_RXD_STAT_IXSM
#define IPE	E1000_RXD_ERR_IPE
#define TCPE	E1000_RXD_ERR_TCPE

/* What an IP packet looks like. */
struct shape {
	bool tag, snap, udp;
	uint32_t options;		/* bytes: of IP, or IPv6 extensions */
	uint32_t tcp_options;
	uint32_t payload;
	uint16_t fragment;
	bool ipv6;
};

struct made {
	uint8_t frame[2000];
	uint32_t len;
	uint32_t ip, l4, sum;		/* where they are */
};

static void
put_be16(uint8_t *p, uint32_t v)
{
	p[0] = v >> 8 & 0xff;
	p[1] = v & 0xff;
}

static void
frame_make(struct made *m, const struct shape *s)
{
	static const uint8_t snap[6] = { 0xAA, 0xAA, 3, 0, 0, 0 };
	uint32_t at = 12, header = s->udp ? 8 : 20 + s->tcp_options, l4_len;
	uint32_t type = s->ipv6 ? 0x86DD : 0x0800, pseudo, i;
	uint8_t *ip;

	memset(m, 0, sizeof(*m));
	rig_frame(m->frame, sizeof(m->frame), 0);
	l4_len = header + s->payload;
	if (s->tag) {
		put_be16(m->frame + at, 0x8100);
		put_be16(m->frame + at + 2, 5);
		at += 4;
	}
	if (s->snap) {
		put_be16(m->frame + at,
		    8 + (s->ipv6 ? 40 : 20) + s->options + l4_len);
		memcpy(m->frame + at + 2, snap, 6);
		at += 8;
	}
	put_be16(m->frame + at, type);
	m->ip = at + 2;
	ip = m->frame + m->ip;
	m->l4 = m->ip + (s->ipv6 ? 40 : 20) + s->options;
	m->sum = m->l4 + (s->udp ? 6 : 16);
	m->len = m->l4 + l4_len;
	if (s->ipv6) {
		ip[0] = 0x60;
		put_be16(ip + 4, s->options + l4_len);
		ip[6] = s->udp ? 17 : 6;
		if (s->options > 0) {
			ip[6] = 60;	/* destination options */
			ip[40] = s->udp ? 17 : 6;
			ip[41] = s->options / 8 - 1;
		}
	} else {
		ip[0] = 0x40 | (20 + s->options) / 4;
		put_be16(ip + 2, 20 + s->options + l4_len);
		put_be16(ip + 6, s->fragment);
		ip[9] = s->udp ? 17 : 6;
		put_be16(ip + 10, 0);
		put_be16(ip + 10, rig_csum(ip, 20 + s->options, 0));
	}
	if (s->udp)
		put_be16(m->frame + m->l4 + 4, l4_len);
	else
		m->frame[m->l4 + 12] = header / 4 << 4;
	pseudo = l4_len + (s->udp ? 17 : 6);
	for (i = s->ipv6 ? 8 : 12; i < (s->ipv6 ? 40u : 20u); i++)
		pseudo += i & 1 ? ip[i] : ip[i] << 8;
	put_be16(m->frame + m->sum, 0);
	put_be16(m->frame + m->sum, rig_csum(m->frame + m->l4, l4_len, pseudo));
	/* The sum does not cover Ethernet's padding. */
	if (m->len < 60) {
		memset(m->frame + m->len, 0xA5, 60 - m->len);
		m->len = 60;
	}
}

/* Status and errors that a frame gets, of those about checksums. */
static unsigned int
csum_verdict_flags(struct rig *r, const struct made *m, uint8_t flags)
{
	rig_give_flags(r, m->frame, m->len, flags);
	rig_expect(r, m->frame, m->len);
	rig_refill(r);
	return (r->last.status & (IPCS | TCPCS | IXSM)) | r->last.errors << 8;
}

static unsigned int
csum_verdict(struct rig *r, const struct made *m)
{
	return csum_verdict_flags(r, m, 0);
}

#define BOTH	(E1000_RXCSUM_IPOFL | E1000_RXCSUM_TUOFL)

static void
test_csum_ipv4(void **state)
{
	struct shape s = { 0 };
	struct made m;
	struct rig r;
	unsigned int i;

	(void)state;
	rig_start(&r, 0);
	host_write(r.h, E1000_RXCSUM, BOTH);
	for (i = 0; i < 256; i++) {
		s.tag = i & 1;
		s.snap = i & 2;
		s.udp = i & 4;
		s.options = (i >> 3 & 3) * 12;
		s.tcp_options = i & 32 ? 12 : 0;
		s.payload = (i >> 6) * 333 + i % 3;
		frame_make(&m, &s);
		assert_int_equal(csum_verdict(&r, &m), IPCS | TCPCS);
		/* A bit of the payload, of the L4 header, of IP's. */
		m.frame[m.l4 + 1] ^= 0x10;
		assert_int_equal(csum_verdict(&r, &m),
		    IPCS | TCPCS | TCPE << 8);
		assert_int_equal(csum_verdict_flags(&r, &m,
				     E82540_FRAME_CSUM_VALID),
		    IPCS | TCPCS);
		m.frame[m.l4 + 1] ^= 0x10;
		if (s.payload > 0) {
			m.frame[m.sum + (s.udp ? 2 : 4 + s.tcp_options)] ^= 1;
			assert_int_equal(csum_verdict(&r, &m),
			    IPCS | TCPCS | TCPE << 8);
			m.frame[m.sum + (s.udp ? 2 : 4 + s.tcp_options)] ^= 1;
		}
		m.frame[m.ip + 8] ^= 1;
		assert_int_equal(csum_verdict(&r, &m), IPCS | TCPCS | IPE << 8);
		m.frame[m.ip + 13] ^= 1;
		assert_int_equal(csum_verdict(&r, &m),
		    IPCS | TCPCS | (IPE | TCPE) << 8);
	}
	rig_stop(&r);
}

/* 13.4.47: each by itself. */
static void
test_csum_enable(void **state)
{
	const struct shape s = { .payload = 100 };
	struct made m;
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	frame_make(&m, &s);
	m.frame[m.ip + 8] ^= 1;
	m.frame[m.l4] ^= 1;
	assert_int_equal(csum_verdict(&r, &m), IXSM);
	host_write(r.h, E1000_RXCSUM, E1000_RXCSUM_IPOFL);
	assert_int_equal(csum_verdict(&r, &m), IPCS | IPE << 8);
	host_write(r.h, E1000_RXCSUM, E1000_RXCSUM_TUOFL);
	assert_int_equal(csum_verdict(&r, &m), TCPCS | TCPE << 8);
	/* With a tag that comes off, too. */
	host_write(r.h, E1000_RXCSUM, BOTH);
	frame_make(&m, &(struct shape){ .tag = true, .payload = 100 });
	host_write(r.h, E1000_CTRL,
	    host_read(r.h, E1000_CTRL) | E1000_CTRL_VME);
	rig_give(&r, m.frame, m.len);
	assert_int_equal(rig_get(&r), m.len);
	assert_int_equal(r.last.status,
	    E1000_RXD_STAT_DD | E1000_RXD_STAT_EOP | E1000_RXD_STAT_VP | IPCS |
		TCPCS);
	assert_int_equal(r.last.errors, 0);
	rig_stop(&r);
}

/* Table 3-5: packets that are not checked, and malformed packets. */
static void
test_csum_not(void **state)
{
	struct shape s = { .payload = 100 };
	struct made m;
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	host_write(r.h, E1000_RXCSUM, BOTH);
	/* Fragments: the first, one in the middle, the last; DF is not one. */
	s.fragment = 0x2000;
	frame_make(&m, &s);
	assert_int_equal(csum_verdict(&r, &m), IPCS);
	s.fragment = 0x2010;
	frame_make(&m, &s);
	assert_int_equal(csum_verdict(&r, &m), IPCS);
	s.fragment = 0x0010;
	frame_make(&m, &s);
	assert_int_equal(csum_verdict(&r, &m), IPCS);
	s.fragment = 0x4000;
	frame_make(&m, &s);
	assert_int_equal(csum_verdict(&r, &m), IPCS | TCPCS);
	s.fragment = 0;
	/* UDP without. */
	s.udp = true;
	frame_make(&m, &s);
	put_be16(m.frame + m.sum, 0);
	assert_int_equal(csum_verdict(&r, &m), IPCS);
	/* ICMP. */
	frame_make(&m, &s);
	m.frame[m.ip + 9] = 1;
	assert_int_equal(csum_verdict(&r, &m), IPCS | IPE << 8);
	/* Version, header length: no IP at all. */
	frame_make(&m, &s);
	m.frame[m.ip] = 0x55;
	assert_int_equal(csum_verdict(&r, &m), IXSM);
	m.frame[m.ip] = 0x44;
	assert_int_equal(csum_verdict(&r, &m), IXSM);
	s.payload = 0;
	frame_make(&m, &s);
	m.frame[m.ip] = 0x4F;		/* 60 bytes, beyond the end */
	assert_int_equal(csum_verdict(&r, &m), IXSM);
	/* Longer than the frame, shorter than its header. */
	s.payload = 100;
	frame_make(&m, &s);
	put_be16(m.frame + m.ip + 2, m.len - m.ip + 1);
	assert_int_equal(csum_verdict(&r, &m), IPCS | IPE << 8);
	put_be16(m.frame + m.ip + 2, 19);
	assert_int_equal(csum_verdict(&r, &m), IPCS | IPE << 8);
	/* No room for a UDP, a TCP header. */
	put_be16(m.frame + m.ip + 2, 20 + 7);
	assert_int_equal(csum_verdict(&r, &m), IPCS | IPE << 8);
	put_be16(m.frame + m.ip + 2, 20 + 19);
	m.frame[m.ip + 9] = 6;
	assert_int_equal(csum_verdict(&r, &m), IPCS | IPE << 8);
	/* ARP. */
	put_be16(m.frame + 12, 0x0806);
	assert_int_equal(csum_verdict(&r, &m), IXSM);
	rig_stop(&r);
}

/* 3.2.9.4, for chips that know IPv6 and with the bit for it. */
static void
test_csum_ipv6(void **state)
{
	struct shape s = { .ipv6 = true };
	struct made m;
	struct rig r;
	unsigned int i;

	(void)state;
	rig_start(&r, 0);
	host_write(r.h, E1000_RXCSUM, BOTH);
	frame_make(&m, &s);
	assert_int_equal(csum_verdict(&r, &m), IXSM);
	host_write(r.h, E1000_RXCSUM, BOTH | E1000_RXCSUM_IPV6OFL);
	for (i = 0; i < 64; i++) {
		s.tag = i & 1;
		s.snap = i & 2;
		s.udp = i & 4;
		s.options = (i >> 3 & 1) * 64;
		s.payload = (i >> 4) * 333 + i % 3;
		frame_make(&m, &s);
		assert_int_equal(csum_verdict(&r, &m), TCPCS);
		m.frame[m.l4 + 1] ^= 0x10;
		assert_int_equal(csum_verdict(&r, &m), TCPCS | TCPE << 8);
	}
	/* Extensions of more than 64 bytes, and those it does not know. */
	s.options = 72;
	frame_make(&m, &s);
	assert_int_equal(csum_verdict(&r, &m), IXSM);
	s.options = 8;
	frame_make(&m, &s);
	m.frame[m.ip + 6] = 44;		/* fragment */
	assert_int_equal(csum_verdict(&r, &m), IXSM);
	m.frame[m.ip + 6] = 0;		/* hop by hop */
	assert_int_equal(csum_verdict(&r, &m), TCPCS);
	m.frame[m.ip + 6] = 43;		/* routing, no hops left, or one */
	m.frame[m.ip + 43] = 0;
	i = csum_verdict(&r, &m);
	assert_int_equal(i & 0xFF, TCPCS);
	m.frame[m.ip + 43] = 1;
	assert_int_equal(csum_verdict(&r, &m), IXSM);
	/* It ends in the middle of an extension; of nothing. */
	m.frame[m.ip + 6] = 60;
	m.frame[m.ip + 41] = 7;
	put_be16(m.frame + m.ip + 4, 63);
	assert_int_equal(csum_verdict(&r, &m), IXSM);
	put_be16(m.frame + m.ip + 4, 0);
	assert_int_equal(csum_verdict(&r, &m), IXSM);
	put_be16(m.frame + m.ip + 4, 0xFFFF);
	assert_int_equal(csum_verdict(&r, &m), IXSM);
	rig_stop(&r);

	/* Table 3-6: the 82544 does not. */
	rig_on(&r, host_new(E82540_82544GC), 0);
	host_write(r.h, E1000_RXCSUM, BOTH | E1000_RXCSUM_IPV6OFL);
	s.options = 0;
	frame_make(&m, &s);
	assert_int_equal(csum_verdict(&r, &m), IXSM);
	s.ipv6 = false;
	frame_make(&m, &s);
	assert_int_equal(csum_verdict(&r, &m), IPCS | TCPCS);
	assert_int_equal(r.csum, 0);	/* table 3-1 */
	rig_stop(&r);
}

/* PCSS: from any byte on, to the end of what is stored. */
static void
test_packet_csum(void **state)
{
	uint8_t frame[151];
	struct rig r;
	uint32_t start;

	(void)state;
	rig_start(&r, 0);
	rig_frame(frame, sizeof(frame), 0x88B5);
	for (start = 0; start < 256; start++) {
		host_write(r.h, E1000_RXCSUM, start);
		rig_give(&r, frame, sizeof(frame));
		rig_expect(&r, frame, sizeof(frame));
		assert_int_equal(r.csum,
		    start < 155 ? rig_csum(r.data + start, 155 - start, 0) :
				  0xFFFF);
		rig_refill(&r);
	}
	rig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csum_ipv4),
		cmocka_unit_test(test_csum_enable),
		cmocka_unit_test(test_csum_not),
		cmocka_unit_test(test_csum_ipv6),
		cmocka_unit_test(test_packet_csum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
