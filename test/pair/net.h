/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames for the pair tests: made at random, with right checksums; the form in
 * which a driver hands them to the chip; and the frames that the chip must make
 * of that, computed here from the RFCs and 3.5, 3.6 of the manual, a byte at a
 * time.
 */
#ifndef PAIR_NET_H
#define PAIR_NET_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define NET_TCP		6u
#define NET_UDP		17u
#define NET_MAX_BYTES	65536u

struct net_frame {
	uint32_t len_bytes;
	uint8_t l2_len;		/* 14, or 18 with a tag in it */
	uint16_t l3_len;	/* 0: not IP */
	uint8_t l4_len;		/* TCP header, or UDP's 8 */
	uint8_t protocol;	/* NET_TCP, NET_UDP */
	bool ipv6;
	uint8_t data[NET_MAX_BYTES];
};

/* ------------------------------------------------------------------ chance */

struct net_random {
	uint64_t state;
};

/* net_draw: 0 to n - 1. */
static inline uint32_t
net_draw(struct net_random *r, uint32_t n)
{
	r->state = r->state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(((r->state >> 33) * n) >> 31);
}

static inline void
net_fill(struct net_random *r, uint8_t *p, uint32_t len)
{
	uint64_t v = (uint64_t)net_draw(r, 1u << 31) << 31 | 1;
	uint32_t i;

	for (i = 0; i < len; i++) {
		if (i % 8 == 0)
			v = v * 0x9e3779b97f4a7c15u + 1;
		p[i] = (uint8_t)(v >> (8 * (i % 8)));
	}
}

/* ------------------------------------------------------------------- sums */

static inline uint16_t
net_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline void
net_put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline uint32_t
net_get32(const uint8_t *p)
{
	return (uint32_t)net_get16(p) << 16 | net_get16(p + 2);
}

static inline void
net_put32(uint8_t *p, uint32_t v)
{
	net_put16(p, v >> 16);
	net_put16(p + 2, v);
}

/* RFC 1071. */
static inline uint64_t
net_sum(const uint8_t *p, uint32_t len, uint64_t sum)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static inline uint16_t
net_fold(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static inline uint8_t *
net_l3(struct net_frame *f)
{
	return f->data + f->l2_len;
}

static inline uint8_t *
net_l4(struct net_frame *f)
{
	return f->data + f->l2_len + f->l3_len;
}

static inline uint8_t *
net_l4_sum(struct net_frame *f)
{
	return net_l4(f) + (f->protocol == NET_UDP ? 6 : 16);
}

/* net_pseudo: addresses, protocol and, where not 0, length (RFC 793, 8200). */
static inline uint64_t
net_pseudo(struct net_frame *f, uint32_t len)
{
	const uint8_t *ip = net_l3(f);
	uint64_t sum =
	    f->ipv6 ? net_sum(ip + 8, 32, 0) : net_sum(ip + 12, 8, 0);

	return sum + f->protocol + (len & 0xffff) + (len >> 16);
}

/* net_sums: both checksums, right. */
static inline void
net_sums(struct net_frame *f)
{
	uint32_t len = f->len_bytes - f->l2_len - f->l3_len;
	uint8_t *ip = net_l3(f), *field;
	uint16_t sum;

	if (f->l3_len == 0)
		return;
	if (!f->ipv6) {
		net_put16(ip + 10, 0);
		net_put16(ip + 10,
		    (uint16_t)~net_fold(net_sum(ip, f->l3_len, 0)));
	}
	if (f->protocol == 0)
		return;
	field = net_l4_sum(f);
	net_put16(field, 0);
	sum = (uint16_t)~net_fold(net_sum(net_l4(f), len, net_pseudo(f, len)));
	/* RFC 768: a sum of 0 goes as all ones. */
	net_put16(field, sum == 0 && f->protocol == NET_UDP ? 0xffff : sum);
}

static inline void
net_lengths(struct net_frame *f)
{
	uint8_t *ip = net_l3(f);
	uint32_t len = f->len_bytes - f->l2_len;

	if (f->ipv6)
		net_put16(ip + 4, len - 40);
	else
		net_put16(ip + 2, len);
	if (f->protocol == NET_UDP)
		net_put16(net_l4(f) + 4, len - f->l3_len);
}

/* ----------------------------------------------------------------- frames */

/* net_raw: len bytes that are not IP. */
static inline void
net_raw(struct net_random *r, struct net_frame *f, uint32_t len)
{
	f->len_bytes = len;
	f->l2_len = 14;
	f->l3_len = 0;
	f->l4_len = f->protocol = 0;
	f->ipv6 = false;
	net_fill(r, f->data, len);
	f->data[0] &= 0xfe;
	net_put16(f->data + 12, 0x88b5);	/* local experiments */
}

static inline void
net_ip_header(struct net_random *r, struct net_frame *f)
{
	uint8_t *ip = net_l3(f);

	net_fill(r, ip, f->l3_len);
	if (f->ipv6) {
		ip[0] = 0x60;
		ip[6] = f->protocol;
	} else {
		ip[0] = (uint8_t)(0x40 | f->l3_len / 4);
		net_put16(ip + 6, 0x4000);
		ip[9] = f->protocol;
		memset(ip + 20, 1, f->l3_len - 20u);	/* no operation */
	}
}

/*
 * net_ip: protocol NET_TCP or NET_UDP over IPv4 or IPv6, headers of random
 * length, `payload` bytes of data, lengths and sums right.
 */
static inline void
net_ip(struct net_random *r, struct net_frame *f, uint8_t protocol, bool ipv6,
    uint32_t payload)
{
	uint8_t *l4;

	f->protocol = protocol;
	f->ipv6 = ipv6;
	f->l2_len = 14;
	f->l3_len = ipv6 ? 40 : (uint16_t)(20 + 4 * net_draw(r, 11));
	f->l4_len =
	    protocol == NET_UDP ? 8 : (uint8_t)(20 + 4 * net_draw(r, 11));
	f->len_bytes = f->l2_len + f->l3_len + f->l4_len + payload;
	net_fill(r, f->data, f->len_bytes);
	f->data[0] &= 0xfe;
	net_put16(f->data + 12, ipv6 ? 0x86dd : 0x0800);
	net_ip_header(r, f);
	l4 = net_l4(f);
	if (protocol == NET_TCP) {
		l4[12] = (uint8_t)(f->l4_len / 4 << 4);
		l4[13] = (uint8_t)(0x10 | net_draw(r, 2) | net_draw(r, 2) << 3);
	}
	net_lengths(f);
	net_sums(f);
}

/* net_tag: insert an 802.1Q tag. */
static inline void
net_tag(struct net_frame *f, uint16_t tag)
{
	memmove(f->data + 16, f->data + 12, f->len_bytes - 12);
	net_put16(f->data + 12, 0x8100);
	net_put16(f->data + 14, tag);
	f->len_bytes += 4;
	f->l2_len += 4;
}

/*
 * net_unsum: make the frame as a driver hands it to the chip: where the chip is
 * to insert a sum, the pseudo-header's, or 0 for IP (3.5, 3.6).
 */
static inline void
net_unsum(struct net_frame *f, bool ip, bool l4, bool tso)
{
	uint32_t len = f->len_bytes - f->l2_len - f->l3_len;

	if (ip)
		net_put16(net_l3(f) + 10, 0);
	if (l4)
		net_put16(net_l4_sum(f),
		    net_fold(net_pseudo(f, tso ? 0 : len)));
	if (tso)
		net_put16(net_l3(f) + (f->ipv6 ? 4 : 2), 0);
}

/*
 * net_segment: frame i of the segmentation of f into mss bytes (3.5.9): IP
 * identification and TCP sequence number count up; only the last frame has FIN
 * and PSH.  Returns false if the segmentation has fewer frames.
 */
static inline bool
net_segment(const struct net_frame *f, uint32_t mss, uint32_t i,
    struct net_frame *out)
{
	uint32_t header = f->l2_len + f->l3_len + f->l4_len;
	uint32_t payload = f->len_bytes - header, left;
	uint8_t *l4;

	if (i * mss >= payload)
		return false;
	left = payload - i * mss;
	memcpy(out, f, offsetof(struct net_frame, data) + header);
	out->len_bytes = header + (left < mss ? left : mss);
	memcpy(out->data + header, f->data + header + (size_t)i * mss,
	    out->len_bytes - header);
	if (!f->ipv6)
		net_put16(net_l3(out) + 4, net_get16(net_l3(out) + 4) + i);
	l4 = net_l4(out);
	net_put32(l4 + 4, net_get32(l4 + 4) + i * mss);
	if (left > mss)
		l4[13] &= (uint8_t)~0x09;
	net_lengths(out);
	net_sums(out);
	return true;
}

#endif
