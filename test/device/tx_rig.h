/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A transmit ring to write descriptors into, on the host of host.h.
 */
#ifndef TEST_TX_RIG_H
#define TEST_TX_RIG_H

#include "host.h"

#define RIG_RING	(HOST_RAM + 0x1000)
#define RIG_COUNT	64u		/* descriptors, unless told */
#define RIG_DATA	(HOST_RAM + 0x40000)
#define RIG_RX_RING	(HOST_RAM + 0x20000)	/* of rig_loopback() */
#define RIG_RX_DATA	(HOST_RAM + 0x80000)

#define CMD_LAST	(E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS)
#define CMD_LAST_RS	(CMD_LAST | E1000_TXD_CMD_RS)

struct rig {
	struct host *h;
	uint64_t ring;
	uint32_t count;
	uint32_t tail;			/* written by put(), sent by kick() */
};

static inline void
rig_ring(struct rig *r, uint64_t gpa, uint32_t count)
{
	r->ring = gpa;
	r->count = count;
	r->tail = 0;
	host_write(r->h, E1000_TCTL, 0);
	host_write(r->h, E1000_TDBAL, gpa & 0xFFFFFFFF);
	host_write(r->h, E1000_TDBAH, gpa >> 32);
	host_write(r->h, E1000_TDLEN, count * E1000_DESC_BYTES);
	host_write(r->h, E1000_TDH, 0);
	host_write(r->h, E1000_TDT, 0);
	host_write(r->h, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP);
}

static inline void
rig_power(struct rig *r)
{
	host_power(r->h);
	rig_ring(r, RIG_RING, RIG_COUNT);
	(void)host_read(r->h, E1000_ICR);
}

static inline struct rig
rig_new(enum e82540_chip chip)
{
	struct rig r = { .h = host_new(chip) };

	rig_power(&r);
	return r;
}

static inline void
rig_free(struct rig *r)
{
	host_free(r->h);
}

static inline uint8_t *
rig_desc(struct rig *r, uint32_t i)
{
	return host_ram(r->h, r->ring + (uint64_t)i * E1000_DESC_BYTES);
}

/* Returns the descriptor's index. */
static inline uint32_t
rig_put(struct rig *r, uint64_t q0, uint64_t q1)
{
	uint8_t *p = rig_desc(r, r->tail);
	uint32_t i = r->tail;
	unsigned int b;

	for (b = 0; b < 8; b++) {
		p[b] = q0 >> 8 * b & 0xFF;
		p[8 + b] = q1 >> 8 * b & 0xFF;
	}
	r->tail = (r->tail + 1) % r->count;
	return i;
}

static inline uint32_t
rig_legacy(struct rig *r, uint64_t gpa, uint32_t len, uint32_t cmd)
{
	return rig_put(r, gpa, len | (uint64_t)cmd << 24);
}

static inline uint32_t
rig_data(struct rig *r, uint64_t gpa, uint32_t len, uint32_t cmd,
    uint32_t popts)
{
	cmd |= E1000_TXD_CMD_DEXT;
	return rig_put(r, gpa,
	    len | 1u << 20 | (uint64_t)cmd << 24 | (uint64_t)popts << 40);
}

/* Offsets as in struct e1000_tx_context_desc; tucmd without DEXT. */
struct rig_context {
	uint64_t ipcss, ipcso, ipcse, tucss, tucso, tucse;
	uint64_t paylen, tucmd, hdr_len, mss;
};

static inline uint32_t
rig_context(struct rig *r, const struct rig_context *c)
{
	const uint64_t bit40 = (uint64_t)1 << 40, bit48 = (uint64_t)1 << 48;
	uint64_t cmd = c->tucmd | E1000_TXD_TUCMD_DEXT;

	/* Products: clang-tidy 14 does not understand the shifts. */
	return rig_put(r,
	    c->ipcss | c->ipcso << 8 | c->ipcse << 16 | c->tucss << 32 |
		c->tucso * bit40 | c->tucse * bit48,
	    c->paylen | cmd << 24 | c->hdr_len * bit40 | c->mss * bit48);
}

static inline void
rig_kick(struct rig *r)
{
	host_write(r->h, E1000_TDT, r->tail);
}

/* Until the ring is empty, or nothing more happens. */
static inline void
rig_settle(struct rig *r)
{
	unsigned int i;

	for (i = 0; i < 64; i++)
		host_advance(r->h, 1000);
}

static inline void
rig_flush(struct rig *r)
{
	rig_kick(r);
	rig_settle(r);
}

static inline bool
rig_done(struct rig *r, uint32_t i)
{
	return rig_desc(r, i)[12] & E1000_TXD_STAT_DD;
}

static inline uint32_t
rig_head(struct rig *r)
{
	return host_read(r->h, E1000_TDH);
}

static inline struct e82540_counters
rig_counters(struct rig *r)
{
	return host_counters(r->h);
}

/* Bytes that differ from place to place; a unicast destination. */
static inline uint8_t *
rig_fill(struct rig *r, uint64_t gpa, uint32_t len, uint32_t seed)
{
	uint8_t *p = host_ram(r->h, gpa);
	uint32_t i;

	for (i = 0; i < len; i++) {
		seed = seed * 1664525u + 1013904223u;
		p[i] = seed >> 24;
	}
	p[0] &= 0xFE;
	return p;
}

/* The CRC of len bytes there, behind them. */
static inline void
rig_fcs(struct rig *r, uint64_t gpa, uint32_t len)
{
	uint8_t *p = host_ram(r->h, gpa);
	uint32_t crc = host_crc(p, len), i;

	for (i = 0; i < 4; i++)
		p[len + i] = crc >> 8 * i & 0xFF;
}

/*
 * Loopback into a receive ring at RIG_RX_RING, whose buffers of 2048 bytes
 * begin at RIG_RX_DATA.  RDT is tail.
 */
static inline void
rig_loopback(struct rig *r, uint32_t count, uint32_t tail)
{
	host_rx_ring(r->h, RIG_RX_RING, count, RIG_RX_DATA, 2048, tail);
	host_write(r->h, E1000_RCTL,
	    E1000_RCTL_EN | E1000_RCTL_UPE | E1000_RCTL_SECRC);
	host_loopback(r->h, true);
}

static inline void
rig_sent(struct rig *r, unsigned int i, const void *data, uint32_t len)
{
	assert_true(i < r->h->packets);
	assert_int_equal(r->h->sent[i].len_bytes, len);
	assert_memory_equal(r->h->sent[i].data, data, len);
}

#endif
