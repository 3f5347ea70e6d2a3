/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer target of the driver core, with a hostile device.
 *
 * The input is a stream of bytes.  One selects the next call, a few more are
 * its arguments.  Each register read takes its value from the same stream, and
 * at each access the device may write into either ring.  At the end of the
 * stream, registers read 0 and no more calls are made.
 *
 * Asserted: indices stay within the rings, the rings' order holds, a call
 * returns one of its documented values, the core hands over only what was
 * posted, and no call makes more accesses, or waits longer, than its bound.
 * ASan finds accesses beyond the rings: they are on the heap, of exactly their
 * size.
 *
 * This uses only the hooks of the fake device: the fake device behaves well,
 * the device here does not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_device.h"
#include "fuzz_input.h"
#include "lem.h"

#define ACCESSES_MAX	20000u	/* lem_attach() by wires, all words */
#define FAST_ACCESSES_MAX 16u	/* of a call on the data path */
#define DELAY_MAX_US	2000000u
#define SEGS_MAX	4u
#define FRAGS_MAX	3u

static struct {
	struct lem sc;
	bool rings;		/* described to the core */
	bool tame;		/* all goes well, and takes no input */
	unsigned int accesses;	/* of this call */
	unsigned int delay_us;	/* of this call */
} fuzz;

static struct fake_device dev;

/* ------------------------------------------------------------- the device */

/* A frame, plausible or not, in a descriptor the core will look at next. */
static void
scribble_frame(unsigned int ahead)
{
	struct lem_rx_ring *r = &fuzz.sc.rx;
	struct e1000_rx_desc *d =
	    &r->desc[(r->next_to_clean + ahead) % r->count];

	d->length = input_u16();
	d->status = input_u8() | E1000_RXD_STAT_DD;
}

/* DD where the core looks for it: in the last one posted, or before it. */
static void
scribble_done(unsigned int back)
{
	struct lem_tx_ring *r = &fuzz.sc.tx;
	unsigned int i = r->tail_posted + r->count - 1u - back;

	r->desc[i % r->count].legacy.status |= E1000_TXD_STAT_DD;
}

/* Write into a ring: what helps, or any byte, mostly a status. */
static void
scribble(uint8_t what)
{
	struct lem *sc = &fuzz.sc;
	uint8_t *to;

	if (!fuzz.rings)
		return;
	if (what & 4) {
		scribble_frame(what >> 3 & 1);
		return;
	}
	if (what & 8) {
		scribble_done(what & 2 ? input_u8() : 0);
		return;
	}
	if (what & 1)
		to = (uint8_t *)&sc->tx.desc[input_u8() % sc->tx.count];
	else
		to = (uint8_t *)&sc->rx.desc[input_u8() % sc->rx.count];
	if (what & 2)
		to[offsetof(struct e1000_tx_desc, status)] = input_u8();
	else
		to[input_u8() & 15] = input_u8();
}

static void
access_begins(void)
{
	uint8_t what;

	fuzz.accesses++;
	CHECK(fuzz.accesses <= ACCESSES_MAX);
	if (input.left == 0 || fuzz.tame)
		return;
	what = input_u8();
	while (what >= 0xf0) {
		scribble(what);
		what = input_u8();
	}
}

/* Mostly a value that lets the call go on: ready, done, granted; or gone. */
static uint32_t
hostile_read(void *arg, uint32_t reg)
{
	uint8_t how;

	(void)arg;
	CHECK(reg < E1000_BAR0_SIZE_BYTES && reg % 4 == 0);
	access_begins();
	how = fuzz.tame ? 0x10 : input_u8();
	if (how < 0x80)
		switch (reg) {
		case E1000_CTRL:
			return 0;
		case E1000_EERD:
			return E1000_EERD_DONE | (uint32_t)how << 16;
		case E1000_MDIC:
			return E1000_MDIC_R | how;
		case E1000_EECD:
			return E1000_EECD_GNT | (how & E1000_EECD_DO);
		default:
			return how;
		}
	if (how < 0x88)
		return UINT32_MAX;
	return input_u32();
}

static void
hostile_write(void *arg, uint32_t reg, uint32_t value)
{
	const struct lem *sc = &fuzz.sc;

	(void)arg;
	CHECK(reg < E1000_BAR0_SIZE_BYTES && reg % 4 == 0);
	access_begins();
	if (reg == E1000_TDT)
		CHECK(value < sc->tx.count);
	if (reg == E1000_RDT)
		CHECK(value < sc->rx.count);
	if (reg == E1000_TDLEN || reg == E1000_RDLEN)
		CHECK(value % 128 == 0 && value != 0);
}

static void
hostile_udelay(void *arg, unsigned int us)
{
	(void)arg;
	fuzz.delay_us += us;
	CHECK(fuzz.delay_us <= DELAY_MAX_US);
}

/* The descriptor may change between the read of DD and that of the rest. */
static void
hostile_barrier(void *arg, enum fake_op op)
{
	(void)arg;
	if (op == FAKE_RMB && input.left != 0 && input_u8() >= 0xe0)
		scribble(input_u8());
}

static const struct fake_hooks hostile = { hostile_read, hostile_write,
	hostile_udelay, hostile_barrier };

/* -------------------------------------------------------------- invariants */

static uint16_t
distance(uint16_t from, uint16_t to, uint16_t count)
{
	return (uint16_t)((to + count - from) % count);
}

static void
check_tx(const struct lem_tx_ring *r)
{
	uint16_t use = distance(r->next_to_clean, r->next_to_use, r->count);
	uint16_t posted = distance(r->next_to_clean, r->tail_posted, r->count);

	CHECK(r->next_to_use < r->count);
	CHECK(r->next_to_clean < r->count);
	CHECK(r->tail_posted < r->count);
	CHECK(r->rs_head < r->count);
	CHECK(r->rs_posted < r->count);
	CHECK(r->rs_tail < r->count);
	CHECK(posted <= use);
	CHECK(lem_tx_free(r) == r->count - 1 - use);
	CHECK(r->stats.reclaimed <= r->stats.packets * (SEGS_MAX + 1));
	CHECK((r->unposted != 0) == (use != posted));
	CHECK(use == 0 || r->rs_head != r->rs_tail || r->since_rs != 0);
}

static void
check_rx(const struct lem_rx_ring *r)
{
	CHECK(r->next_to_use < r->count);
	CHECK(r->next_to_clean < r->count);
	CHECK(r->tail_posted < r->count);
	CHECK(distance(r->next_to_clean, r->tail_posted, r->count) <=
	    distance(r->next_to_clean, r->next_to_use, r->count));
	CHECK(r->posted - r->cleaned < r->count);
}

static bool
is_error(int error)
{
	return error == 0 || error == 1 || error == -ENODEV ||
	    error == -EINVAL || error == -EIO || error == -ETIMEDOUT ||
	    error == -EOPNOTSUPP;
}

/* --------------------------------------------------------------- the calls */

static uint64_t fuzz_pa[256];

static void
call_encap(void)
{
	struct lem_tx_seg seg[SEGS_MAX + 1];
	struct lem_tx_pkt pkt = { .seg = seg };
	struct lem_tx_ring *r = &fuzz.sc.tx;
	uint16_t free = lem_tx_free(r), i;
	int used;

	pkt.segs = input_u8() % (SEGS_MAX + 2);
	pkt.flags = input_u8();
	if (pkt.flags != 0) {
		pkt.l2_len = input_u8();
		pkt.l3_len = input_u16();
		pkt.l4_len = input_u8();
		pkt.mss = input_u16();
		pkt.len_bytes = input_u32();
	}
	for (i = 0; i < pkt.segs; i++) {
		seg[i].pa = 0x1000;
		seg[i].len_bytes = 1u + input_u8();
		if (seg[i].len_bytes == 256)
			seg[i].len_bytes = input_u32();
	}
	used = lem_tx_encap(&fuzz.sc, &pkt);
	CHECK(used == -EINVAL || used == -ENOSPC || used == -EOPNOTSUPP ||
	    used == -ENODEV || used == pkt.segs || used == pkt.segs + 1);
	CHECK(used != 0 && (used < 0 || pkt.segs <= SEGS_MAX));
	CHECK(lem_tx_free(r) == free - (used > 0 ? used : 0));
}

static void
call_get(void)
{
	struct lem_rx_frag frag[FRAGS_MAX];
	struct lem_rx_pkt pkt = { .frag = frag };
	const struct lem_rx_ring *r = &fuzz.sc.rx;
	uint16_t clean = r->next_to_clean, i;
	uint32_t sum = 0;

	pkt.frags_max = input_u8() % (FRAGS_MAX + 1);
	(void)lem_rx_available(&fuzz.sc, input_u8());
	if (lem_rx_pkt_get(&fuzz.sc, &pkt) == 0) {
		CHECK(r->next_to_clean == clean);
		return;
	}
	CHECK(pkt.frags <= pkt.frags_max);
	CHECK(r->next_to_clean != clean || r->count == 1);
	for (i = 0; i < pkt.frags; i++) {
		CHECK(frag[i].index == (clean + i) % r->count);
		CHECK(frag[i].len_bytes <= r->buf_bytes);
		sum += frag[i].len_bytes;
	}
	CHECK(sum == pkt.len_bytes);
}

static void
call_refill(void)
{
	uint16_t n = input_u8(), got;
	const struct lem_rx_ring *r = &fuzz.sc.rx;
	uint16_t used = distance(r->next_to_clean, r->next_to_use, r->count);

	got = lem_rx_refill(&fuzz.sc, fuzz_pa, n);
	CHECK(got == n || got == r->count - 1 - used);
	CHECK(got <= n);
}

static void
call_reclaim(uint16_t (*verb)(struct lem *sc))
{
	const struct lem_tx_ring *r = &fuzz.sc.tx;
	uint16_t clean = r->next_to_clean, freed = verb(&fuzz.sc);

	CHECK(distance(clean, r->next_to_clean, r->count) == freed);
}

static void
call_data_path(uint8_t which)
{
	struct lem *sc = &fuzz.sc;
	uint32_t icr;

	switch (which & 15) {
	case 0:
	case 1:
		call_encap();
		break;
	case 2:
		lem_tx_doorbell(sc);
		if (which & 16)
			lem_lone_doorbell(sc, which >> 2);
		break;
	case 3:
		call_reclaim(lem_tx_reclaim);
		break;
	case 4:
		call_reclaim(lem_tx_make_room);
		break;
	case 5:
		call_reclaim(lem_tx_guard);
		break;
	case 6:
		lem_tx_flush(sc);
		break;
	case 7:
		(void)lem_tx_combine_set(sc, input_u8() & 3);
		break;
	case 8:
	case 9:
		call_get();
		break;
	case 10:
		call_refill();
		break;
	case 11:
		lem_rx_flush(sc);
		break;
	case 12:
		icr = lem_intr_cause(sc);
		(void)lem_intr_dispatch(sc, icr);
		lem_lone_interrupt(sc, icr, which & 16);
		break;
	case 13:
		(void)lem_intr_dispatch(sc, input_u32());
		break;
	case 14:
		lem_intr_enable(sc);
		break;
	default:
		scribble(input_u8());
		break;
	}
	CHECK(fuzz.accesses <= FAST_ACCESSES_MAX);
	CHECK(fuzz.delay_us == 0);
}

static int
call_config(uint8_t which)
{
	static const uint8_t mc[4][6] = { { 1, 2, 3, 4, 5, 6 }, { 255 } };
	struct lem *sc = &fuzz.sc;
	struct lem_moderation m;
	uint16_t word;
	uint8_t a;

	switch (which & 15) {
	case 0:
		return lem_reset(sc);
	case 1:
	case 2:
		return lem_start(sc);
	case 3:
		lem_stop(sc);
		return 0;
	case 4:
	case 5:
		return lem_link_update(sc);
	case 6:
		a = input_u8();
		return lem_filter_set(sc, a, mc, a & 3);
	case 7:
		a = input_u8();
		return lem_rar_set(sc, a & 31, a & 32 ? mc[0] : NULL);
	case 8:
		return lem_vlan_filter(sc, input_u16(), input_u8() & 1);
	case 9:
		a = input_u8();
		lem_rx_mode(sc, a & 1, a & 2, a & 4);
		return 0;
	case 10:
		m = (struct lem_moderation){ input_u8(), input_u8(), input_u8(),
			input_u8(), input_u8(), input_u8(), input_u8() & 1 };
		return lem_moderation_set(sc, &m);
	case 11:
		return lem_stats_update(sc);
	case 12:
		return lem_phy_read(sc, input_u8(), &word);
	case 13:
		return lem_phy_write(sc, input_u8(), input_u16());
	case 14:
		return lem_phy_renegotiate(sc);
	default:
		return lem_nvm_read(sc, input_u16(), &word);
	}
}

/* --------------------------------------------------------------- the frame */

static void *
zeroed(size_t bytes)
{
	void *p = aligned_alloc(16, bytes);

	if (p == NULL)
		abort();
	memset(p, 0, bytes);
	return p;
}

static int
set_up(void)
{
	static const uint16_t ids[] = { 0x1004, 0x100c, 0x100e, 0x100f };
	static const uint16_t counts[] = { 8, 16, 32, 256 };
	struct lem *sc = &fuzz.sc;
	uint8_t how = input_u8();
	uint16_t count = counts[how >> 2 & 3];
	uint16_t buf_bytes = (uint16_t)(256u << (how >> 4 & 3) * 2);
	int error;

	/* Most inputs are for the calls after this. */
	fuzz.tame = how < 0xc0;
	sc->os.dev = &dev;
	sc->device_id = ids[how & 3];
	error = lem_attach(sc);
	CHECK(is_error(error));
	/* Go on after an error, too: a port would not, but the core must not
	 * break. */
	CHECK(lem_tx_ring_init(sc, zeroed(count * 16u), 0x10000,
	    zeroed(count * sizeof(uint16_t)), count, SEGS_MAX) == 0);
	CHECK(lem_rx_ring_init(sc, zeroed(count * 16u), 0x20000, count,
	    buf_bytes) == 0);
	fuzz.rings = true;
	fuzz.accesses = fuzz.delay_us = 0;
	error = lem_start(sc);
	fuzz.tame = false;
	return error;
}

static void
one_call(void)
{
	uint8_t which = input_u8();
	int error;

	fuzz.accesses = fuzz.delay_us = 0;
	if (which < 0xc0) {
		call_data_path(which);
	} else {
		error = call_config(which);
		CHECK(is_error(error));
		CHECK(error != -ENODEV || fuzz.sc.gone);
	}
	check_tx(&fuzz.sc.tx);
	check_rx(&fuzz.sc.rx);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (dev.hooks == NULL) {
		fake_init(&dev, FAKE_82540);
		dev.hooks = &hostile;
	}
	memset(&fuzz, 0, sizeof(fuzz));
	input_begin(data, size);
	(void)set_up();
	while (input.left != 0)
		one_call();
	free(fuzz.sc.tx.desc);
	free(fuzz.sc.tx.rsq);
	free(fuzz.sc.rx.desc);
	return 0;
}
