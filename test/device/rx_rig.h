/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the tests of receive: a host whose guest has a receive ring, a driver for
 * it, and CRC and checksum computed the slow way.
 */
#ifndef TEST_RX_RIG_H
#define TEST_RX_RIG_H

#include "host.h"

#define RIG_RING	(HOST_RAM + 0x1000u)
#define RIG_BUFFERS	(HOST_RAM + 0x10000u)
#define RIG_COUNT	32u		/* descriptors, unless said otherwise */

static const uint8_t rig_mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

struct rig {
	struct host *h;
	uint32_t count;			/* of descriptors */
	uint32_t buf_bytes;
	uint32_t next;			/* descriptor to look at */
	struct e1000_rx_desc last;	/* of the frame got last */
	uint16_t csum;			/* of its first */
	uint32_t descs;			/* it took */
	uint8_t data[16384 + 64];
};

static inline struct e1000_rx_desc *
rig_desc(struct rig *r, uint32_t i)
{
	return host_ram(r->h, RIG_RING + i * 16);
}

/* From a buffer to the next: what is written behind one shows. */
static inline uint32_t
rig_step(const struct rig *r)
{
	return r->buf_bytes + 64;
}

static inline uint32_t
rig_buffer(const struct rig *r, uint32_t i)
{
	return RIG_BUFFERS + i * rig_step(r);
}

/* rig_ring: set up an empty ring, then give `free` descriptors. */
static inline void
rig_ring(struct rig *r, uint32_t count, uint32_t buf_bytes, uint32_t free)
{
	r->count = count;
	r->buf_bytes = buf_bytes;
	r->next = 0;
	host_rx_ring(r->h, RIG_RING, count, RIG_BUFFERS, rig_step(r), free);
}

static inline uint32_t
rig_bsize(uint32_t buf_bytes)
{
	switch (buf_bytes) {
	case 256:
		return E1000_RCTL_BSIZE_256;
	case 512:
		return E1000_RCTL_BSIZE_512;
	case 1024:
		return E1000_RCTL_BSIZE_1024;
	case 4096:
		return E1000_RCTL_BSIZE_4096;
	case 8192:
		return E1000_RCTL_BSIZE_8192;
	case 16384:
		return E1000_RCTL_BSIZE_16384;
	default:
		return E1000_RCTL_BSIZE_2048;
	}
}

static inline void
rig_rctl(struct rig *r, uint32_t bits)
{
	host_write(r->h, E1000_RCTL,
	    E1000_RCTL_EN | rig_bsize(r->buf_bytes) | bits);
}

/* rig_on: power on; a ring of RIG_COUNT, all but one free; receiving. */
static inline void
rig_on(struct rig *r, struct host *h, uint32_t rctl)
{
	memset(r, 0, sizeof(*r));
	r->h = h;
	host_power(h);
	host_write(h, E1000_VET, E1000_VET_8021Q);
	rig_ring(r, RIG_COUNT, 2048, RIG_COUNT - 1);
	rig_rctl(r, rctl);
}

static inline void
rig_start(struct rig *r, uint32_t rctl)
{
	rig_on(r, host_new(E82540_82540EM), rctl);
}

static inline void
rig_stop(struct rig *r)
{
	host_free(r->h);
}

/* rig_frame: to us, from somebody, of a type; a pattern behind. */
static inline void
rig_frame(uint8_t *frame, uint32_t len, uint16_t type)
{
	static const uint8_t from[6] = { 2, 0, 0, 0, 0, 9 };
	uint32_t i;

	for (i = 0; i < len; i++)
		frame[i] = i * 7 + (i >> 8) + 3;
	memcpy(frame, rig_mac, 6);
	memcpy(frame + 6, from, 6);
	frame[12] = type >> 8;
	frame[13] = type & 0xff;
}

static inline unsigned int
rig_give_flags(struct rig *r, const void *data, uint32_t len, uint8_t flags)
{
	struct e82540_frame frame = { data, len, flags };

	return e82540_receive(r->h->dev, r->h->now_ns, &frame, 1);
}

static inline unsigned int
rig_give(struct rig *r, const void *data, uint32_t len)
{
	return rig_give_flags(r, data, len, 0);
}

/*
 * rig_get: copy the ring's next frame to r->data, and clear its descriptors.
 * Returns its length, or -1 if there is no frame.
 */
static inline int
rig_get(struct rig *r)
{
	struct e1000_rx_desc *d;
	uint32_t len = 0;

	r->descs = 0;
	do {
		d = rig_desc(r, r->next);
		if (!(d->status & E1000_RXD_STAT_DD)) {
			assert_int_equal(r->descs, 0);
			return -1;
		}
		assert_true(d->length <= r->buf_bytes);
		assert_true(len + d->length <= sizeof(r->data));
		assert_true(d->buffer_addr == rig_buffer(r, r->next));
		memcpy(r->data + len, host_ram(r->h, d->buffer_addr),
		    d->length);
		len += d->length;
		r->last = *d;
		if (r->descs++ == 0)
			r->csum = d->csum;
		else
			assert_int_equal(d->csum, 0);
		if (!(d->status & E1000_RXD_STAT_EOP)) {
			assert_int_equal(d->status, E1000_RXD_STAT_DD);
			assert_int_equal(d->length, r->buf_bytes);
			assert_int_equal(d->errors, 0);
			assert_int_equal(d->special, 0);
		}
		d->status = 0;
		r->next = (r->next + 1) % r->count;
	} while (!(r->last.status & E1000_RXD_STAT_EOP));
	return len;
}

/* rig_refill: give the descriptors back that rig_get() took. */
static inline void
rig_refill(struct rig *r)
{
	host_write(r->h, E1000_RDT, (r->next + r->count - 1) % r->count);
}

static inline struct e82540_counters
rig_counters(struct rig *r)
{
	return host_counters(r->h);
}

static inline uint32_t
rig_le32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/* RFC 1071: the complement of the sum of 16-bit words, high byte first. */
static inline uint16_t
rig_csum(const uint8_t *p, uint32_t len, uint32_t sum)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	while (sum > 0xFFFF)
		sum = (sum & 0xFFFF) + (sum >> 16);
	return ~sum & 0xFFFF;
}

/* rig_expect: got is this frame, its CRC behind. */
static inline void
rig_expect_crc(struct rig *r, const uint8_t *frame, uint32_t len, uint32_t crc)
{
	assert_int_equal(rig_get(r), len + 4);
	assert_memory_equal(r->data, frame, len);
	assert_int_equal(rig_le32(r->data + len), crc);
}

static inline void
rig_expect(struct rig *r, const uint8_t *frame, uint32_t len)
{
	rig_expect_crc(r, frame, len, host_crc(frame, len));
}

#endif
