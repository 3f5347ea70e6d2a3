/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of the driver core share: one controller, one fake device, and
 * rings on the heap, of exactly their size, so that ASan sees a step beyond.
 * This is a header without a .c file, because the fuzzers link this folder,
 * too, and do not have cmocka.
 */
#ifndef RIG_H
#define RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_device.h"
#include "lem.h"

/* Bus addresses: all differ from pointers, and all are beyond 32 bits. */
#define RIG_TX_RING	0x123456000ull
#define RIG_RX_RING	0x2fedcb000ull
#define RIG_TX_DATA	0x500000000ull
#define RIG_RX_DATA	0x7ffff0000ull
#define RIG_TX_DATA_BYTES (1u << 18)

#define RIG_COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const enum fake_chip rig_chips[4] = { FAKE_82543, FAKE_82544, FAKE_82540,
	FAKE_82545 };

static struct rig {
	struct lem sc;
	struct fake_device dev;
	union e1000_tx_any_desc *tx;
	struct e1000_rx_desc *rx;
	uint16_t *rsq;
	uint8_t *tx_data;	/* RIG_TX_DATA_BYTES at RIG_TX_DATA */
	uint8_t *rx_data;	/* count * buf_bytes at RIG_RX_DATA */
} rig;

static uint8_t rig_tx_data[RIG_TX_DATA_BYTES];

/* rig_ok: no violation so far. */
static inline void
rig_ok(void)
{
	if (rig.dev.violations != 0)
		fail_msg("%u violations; the first: %s", rig.dev.violations,
		    rig.dev.violation);
}

static inline void
rig_free(void)
{
	fake_unmap_all(&rig.dev);
	free(rig.tx);
	free(rig.rx);
	free(rig.rsq);
	free(rig.rx_data);
	rig.tx = NULL;
	rig.rx = NULL;
	rig.rsq = NULL;
	rig.tx_data = rig.rx_data = NULL;
}

/* rig_reset: a new device, and a zeroed controller for it. */
static inline void
rig_reset(enum fake_chip chip)
{
	rig_free();
	fake_init(&rig.dev, chip);
	memset(&rig.sc, 0, sizeof(rig.sc));
	rig.sc.os.dev = &rig.dev;
	rig.sc.device_id = fake_device_id(chip);
}

/* rig_attach: rig_reset(), and attached. */
static inline void
rig_attach(enum fake_chip chip)
{
	rig_reset(chip);
	assert_int_equal(lem_attach(&rig.sc), 0);
}

static inline void *
rig_zeroed(size_t align, size_t bytes)
{
	void *p = aligned_alloc(align, (bytes + align - 1) / align * align);

	assert_non_null(p);
	memset(p, 0, bytes);
	return p;
}

/* rig_rings: allocate, map and describe both rings. */
static inline void
rig_rings(uint16_t count, uint16_t max_segs, uint16_t buf_bytes)
{
	size_t rx_bytes = (size_t)count * buf_bytes;

	rig_free();
	rig.tx = rig_zeroed(16, count * sizeof(*rig.tx));
	rig.rx = rig_zeroed(16, count * sizeof(*rig.rx));
	rig.rsq = rig_zeroed(16, count * sizeof(*rig.rsq));
	rig.tx_data = rig_tx_data;
	rig.rx_data = rig_zeroed(16, rx_bytes);
	fake_map(&rig.dev, RIG_TX_RING, rig.tx, count * sizeof(*rig.tx));
	fake_map(&rig.dev, RIG_RX_RING, rig.rx, count * sizeof(*rig.rx));
	fake_map(&rig.dev, RIG_TX_DATA, rig.tx_data, RIG_TX_DATA_BYTES);
	fake_map(&rig.dev, RIG_RX_DATA, rig.rx_data, rx_bytes);
	assert_int_equal(lem_tx_ring_init(&rig.sc, rig.tx, RIG_TX_RING, rig.rsq,
			     count, max_segs),
	    0);
	assert_int_equal(lem_rx_ring_init(&rig.sc, rig.rx, RIG_RX_RING, count,
			     buf_bytes),
	    0);
}

/* rig_fill: every free receive descriptor gets its buffer; no flush. */
static inline uint16_t
rig_fill(void)
{
	struct lem_rx_ring *r = &rig.sc.rx;
	uint16_t n = 0;
	uint64_t pa;

	do {
		pa = RIG_RX_DATA + (uint64_t)r->next_to_use * r->buf_bytes;
	} while (lem_rx_refill(&rig.sc, &pa, 1) == 1 && ++n != 0);
	return n;
}

/*
 * rig_up: attached, rings, started, receive ring full, interrupts on, log
 * empty, no interrupt pending.
 */
static inline void
rig_up(enum fake_chip chip, uint16_t count, uint16_t max_segs)
{
	rig_attach(chip);
	rig_rings(count, max_segs, 2048);
	assert_int_equal(lem_start(&rig.sc), 0);
	assert_int_equal(rig_fill(), count - 1);
	lem_rx_flush(&rig.sc);
	lem_intr_enable(&rig.sc);
	rig.dev.icr = 0;
	fake_log_clear(&rig.dev);
	rig_ok();
}

/* rig_tx_up: an 82540 that is up, to send; sync: struct fake_device. */
static inline void
rig_tx_up(enum lem_combine mode, bool sync, uint16_t count)
{
	rig_up(FAKE_82540, count, 1);
	rig.dev.sync_tx = sync;
	assert_int_equal(lem_tx_combine_set(&rig.sc, mode), 0);
	fake_log_clear(&rig.dev);
}

/* rig_send: encapsulate and doorbell a packet of 60 bytes that carries id. */
static inline int
rig_send(uint64_t id)
{
	struct lem_tx_seg seg = { .len_bytes = 60 };
	struct lem_tx_pkt pkt = { .seg = &seg, .segs = 1 };
	uint32_t slot = rig.sc.tx.next_to_use * 64u;
	int used;

	seg.pa = RIG_TX_DATA + slot;
	if (lem_tx_free(&rig.sc.tx) >= 1)
		memcpy(rig.tx_data + slot, &id, sizeof(id));
	used = lem_tx_encap(&rig.sc, &pkt);
	if (used > 0)
		lem_tx_doorbell(&rig.sc);
	return used;
}

/* rig_send_some: n packets, each with its doorbell. */
static inline void
rig_send_some(unsigned int n)
{
	while (n-- > 0)
		assert_int_equal(rig_send(0), 1);
}

/* rig_id: the id of a packet that rig_send() made. */
static inline uint64_t
rig_id(const struct fake_packet *packet)
{
	uint64_t id;

	memcpy(&id, packet->data, sizeof(id));
	return id;
}

/* rig_irq: what an interrupt handler does if the line is asserted. */
static inline unsigned int
rig_irq(void)
{
	if (!fake_irq(&rig.dev))
		return 0;
	return lem_intr_dispatch(&rig.sc, lem_intr_cause(&rig.sc));
}

/* Set-up and teardown of a test; the latter frees, and checks rig_ok(). */
static inline int
rig_setup(void **state)
{
	(void)state;
	rig_reset(FAKE_82540);
	return 0;
}

/* rig_expect_reg: a register of the device has this value. */
static inline void
rig_expect_reg(uint32_t reg, uint32_t want)
{
	if (fake_peek(&rig.dev, reg) != want)
		fail_msg("register %#x is %#x, not %#x", reg,
		    fake_peek(&rig.dev, reg), want);
}

static inline int
rig_teardown(void **state)
{
	(void)state;
	rig_free();
	rig_ok();
	return 0;
}

#define RIG_TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

#endif
