/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host that the fuzzers of the model share: it holds the model to every
 * promise of e82540.h that can be checked from outside, at each call.
 *
 * Guest memory is an arena in which regions lie between gaps.  What is not in
 * the model's table at the moment, the gaps and the regions that were taken
 * away, is poisoned for ASan; the gaps are looked at, too.
 */
#ifndef FUZZ_HOST_H
#define FUZZ_HOST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sanitizer/asan_interface.h>

#include "e82540_impl.h"
#include "e82540_sum.h"
#include "fuzz_input.h"

#define GAP_BYTES	4096u
#define GAP_BYTE	0xa5
#define ROM_BYTE	0x5a
#define RAM		0x10000u	/* bus address of the first region */
#define REGIONS		4u
#define MAP_ALL		((1u << REGIONS) - 1)
#define SEND_MAX_BYTES	(65536u + 64u)	/* of a packet left to be cut */

static const struct {
	uint64_t gpa;
	uint32_t at;			/* in the arena */
	uint32_t len;
	bool writable;
} fuzz_region[REGIONS] = {
	{ RAM, GAP_BYTES, 0x10000, true },
	{ RAM + 0x10000, 0x10000 + 2 * GAP_BYTES, 0x8000, true },
	{ RAM + 0x18000, 0x18000 + 3 * GAP_BYTES, 0x1000, false },
	{ 0xffffffffffffe000, 0x19000 + 4 * GAP_BYTES, 0x1000, true },
};

#define ARENA_BYTES	(0x1a000u + 5 * GAP_BYTES)

static _Alignas(4096) uint8_t fuzz_arena[ARENA_BYTES];

static struct {
	struct e82540 *dev;
	struct e82540_config config;
	struct e82540_host table;
	struct e82540_region map[REGIONS];
	unsigned int maps;
	uint64_t now_ns;
	uint64_t timer_ns;

	bool line;
	bool kicked;			/* since fuzz_transmit() was called */
	bool owed;			/* fuzz_transmit() has more to do */
	bool may_be_ready;		/* fuzz_receive() took fewer */
	bool loaded;			/* from a snapshot, once */
	unsigned int room;		/* of the network, packets */
	unsigned int held;		/* locks, a bit each */
	bool in_callback;
	unsigned int given;		/* packets, of this call */
	bool open;			/* doorbells */
	bool mapped;			/* the guest writes to doorbells */
	uint32_t stores;		/* doorbell_changes(); 0: none */
	uint64_t sent;
	uint32_t sum;			/* of all bytes, so that all are read */
} fuzz;

/* ----------------------------------------------------------- guest memory */

/* The piece of guest memory at gpa, if the model may see it. */
static uint8_t *
fuzz_at(uint64_t gpa, uint32_t len)
{
	const struct e82540_region *r;

	for (r = fuzz.map; r < fuzz.map + fuzz.maps; r++)
		if (gpa - r->gpa < r->len && r->len - (gpa - r->gpa) >= len)
			return (uint8_t *)r->host + (gpa - r->gpa);
	return NULL;
}

static void
fuzz_poke(uint64_t gpa, const void *from, uint32_t len)
{
	uint8_t *to = fuzz_at(gpa, len);

	/* ROM must not change: fuzz_memory_check(). */
	if (to != NULL && gpa - fuzz_region[2].gpa >= fuzz_region[2].len)
		memcpy(to, from, len);
}

static void
fuzz_memory_new(void)
{
	unsigned int i;

	ASAN_UNPOISON_MEMORY_REGION(fuzz_arena, sizeof(fuzz_arena));
	memset(fuzz_arena, GAP_BYTE, sizeof(fuzz_arena));
	for (i = 0; i < REGIONS; i++)
		memset(fuzz_arena + fuzz_region[i].at,
		    fuzz_region[i].writable ? 0 : ROM_BYTE, fuzz_region[i].len);
}

static void
fuzz_filled(uint32_t at, uint32_t len, uint8_t with)
{
	const uint8_t *p = fuzz_arena + at;

	CHECK(p[0] == with && memcmp(p, p + 1, len - 1) == 0);
}

/* Gaps and ROM are as they were. */
static void
fuzz_memory_check(void)
{
	unsigned int i;

	ASAN_UNPOISON_MEMORY_REGION(fuzz_arena, sizeof(fuzz_arena));
	for (i = 0; i < REGIONS; i++) {
		fuzz_filled(fuzz_region[i].at - GAP_BYTES, GAP_BYTES, GAP_BYTE);
		if (!fuzz_region[i].writable)
			fuzz_filled(fuzz_region[i].at, fuzz_region[i].len,
			    ROM_BYTE);
	}
	fuzz_filled(ARENA_BYTES - GAP_BYTES, GAP_BYTES, GAP_BYTE);
}

static _Atomic(uint32_t) fuzz_doorbell[E82540_DOORBELL_BYTES / 4];

/*
 * Another CPU of the guest stores to doorbells while a call runs: after it has
 * looked there, before it looks again.
 */
static void
doorbell_changes(void)
{
	uint32_t *r = &fuzz.stores;
	uint32_t tail;

	if (*r == 0 || !fuzz.mapped)
		return;
	*r = *r * 1664525u + 1013904223u;
	if (*r >> 30 != 0)
		return;
	*r |= 1;
	fuzz_doorbell[(*r >> 8) % (E82540_DOORBELL_BYTES / 4)] =
	    (*r >> 27 & 1) != 0 ? *r : *r >> 16 & 0x7f;
	tail = (*r >> 26 & 1) != 0 ? E1000_TDT : E1000_RDT;
	/* Most often where the tails are: TDT and RDT. */
	if ((*r >> 28 & 1) != 0)
		fuzz_doorbell[(tail - E82540_DOORBELL_OFFSET) / 4] =
		    *r >> 16 & 0x7f;
}

/* -------------------------------------------------------------- callbacks */

static void
callback_begins(enum e82540_lock lock)
{
	CHECK(!fuzz.in_callback);
	CHECK((fuzz.held & 1u << lock) != 0);
	fuzz.in_callback = true;
	doorbell_changes();
}

static void
callback_ends(void)
{
	fuzz.in_callback = false;
}

static void
fuzz_interrupt(void *ctx, bool asserted)
{
	(void)ctx;
	callback_begins(E82540_LOCK_BUS);
	CHECK(fuzz.line != asserted);
	fuzz.line = asserted;
	callback_ends();
}

static void
fuzz_msi(void *ctx, uint64_t addr, uint32_t data)
{
	(void)ctx;
	(void)addr;
	(void)data;
	callback_begins(E82540_LOCK_BUS);
	CHECK(fuzz.config.msi);
	CHECK(!fuzz.line);
	callback_ends();
}

static void
fuzz_timer(void *ctx, uint64_t at_ns)
{
	(void)ctx;
	callback_begins(E82540_LOCK_BUS);
	fuzz.timer_ns = at_ns;
	callback_ends();
}

static void
check_vnet(const struct e82540_packet *packet)
{
	struct e82540_vnet_hdr v = { 0 };
	unsigned int may = fuzz.config.offloads;

	CHECK(packet->iov[0].len == fuzz.config.vnet_hdr_bytes);
	memcpy(&v, packet->iov[0].base, fuzz.config.vnet_hdr_bytes);
	CHECK((v.flags & ~E82540_VNET_NEEDS_CSUM) == 0);
	if (v.flags != 0) {
		CHECK(may != 0);
		CHECK(v.csum_start + v.csum_offset + 2u <= packet->len_bytes);
	}
	if (v.gso_type == E82540_GSO_NONE) {
		CHECK(v.gso_size == 0);
		return;
	}
	CHECK(v.gso_type == E82540_GSO_TCPV4 ?
		(may & E82540_OFFLOAD_TSO4) != 0 :
		v.gso_type == E82540_GSO_TCPV6 &&
		    (may & E82540_OFFLOAD_TSO6) != 0);
	CHECK(v.flags == E82540_VNET_NEEDS_CSUM);
	CHECK(v.gso_size != 0);
	CHECK(v.hdr_len != 0 && v.hdr_len <= packet->len_bytes);
	CHECK(v.csum_start < v.hdr_len);
}

static void
check_iov(const struct e82540_iov *iov)
{
	const uint8_t *p = iov->base;
	const struct e82540_region *r;
	size_t i;

	CHECK(iov->len > 0);
	if (p >= fuzz_arena && p < fuzz_arena + ARENA_BYTES) {
		for (r = fuzz.map; r < fuzz.map + fuzz.maps; r++)
			if ((size_t)(p - (uint8_t *)r->host) < r->len)
				break;
		CHECK(r < fuzz.map + fuzz.maps);
		CHECK(iov->len <= r->len - (size_t)(p - (uint8_t *)r->host));
	}
	for (i = 0; i < iov->len; i++)
		fuzz.sum = fuzz.sum * 31 + p[i];
}

static void
check_packet(const struct e82540_packet *packet)
{
	unsigned int i = 0;
	size_t sum = 0;

	if (fuzz.config.vnet_hdr_bytes != 0) {
		CHECK(packet->iovs > 0);
		check_vnet(packet);
		i = 1;
	}
	for (; i < packet->iovs; i++) {
		check_iov(&packet->iov[i]);
		sum += packet->iov[i].len;
	}
	CHECK(sum == packet->len_bytes);
	CHECK(sum > 0 && sum <= SEND_MAX_BYTES);
}

static unsigned int
fuzz_send(void *ctx, const struct e82540_packet *packet, unsigned int n)
{
	unsigned int i;

	(void)ctx;
	callback_begins(E82540_LOCK_TX);
	CHECK(n >= 1 && n <= E82540_SEND_MAX);
	fuzz.given += n;
	for (i = 0; i < n; i++)
		check_packet(&packet[i]);
	if (n > fuzz.room)
		n = fuzz.room;
	fuzz.room -= n;
	fuzz.sent += n;
	callback_ends();
	return n;
}

static void
fuzz_tx_kick(void *ctx)
{
	(void)ctx;
	callback_begins(E82540_LOCK_BUS);
	CHECK(!fuzz.kicked);
	fuzz.kicked = fuzz.owed = true;
	callback_ends();
}

static void
fuzz_rx_ready(void *ctx)
{
	(void)ctx;
	callback_begins(E82540_LOCK_BUS);
	/* rx.waiting is in a snapshot, too: it may be another device's. */
	CHECK(fuzz.may_be_ready || fuzz.loaded);
	fuzz.may_be_ready = false;
	callback_ends();
}

/* Locks are taken in their order, and none of them twice. */
static void
fuzz_lock(void *ctx, enum e82540_lock lock)
{
	(void)ctx;
	CHECK(!fuzz.in_callback);
	CHECK(fuzz.held >> lock == 0);
	fuzz.held |= 1u << lock;
	doorbell_changes();
}

static void
fuzz_unlock(void *ctx, enum e82540_lock lock)
{
	(void)ctx;
	CHECK(!fuzz.in_callback);
	CHECK((fuzz.held & 1u << lock) != 0);
	fuzz.held &= ~(1u << lock);
	doorbell_changes();
}

/* -------------------------------------------------------------- invariants */

static void
call_begins(void)
{
	fuzz.given = 0;
}

static void
check_interrupt(const struct e82540 *dev)
{
	uint32_t causes =
	    e82540_reg(dev, E1000_ICR) & e82540_reg(dev, E1000_IMS);

	CHECK(fuzz.line == dev->intr.line);
	CHECK(!fuzz.line || causes != 0);
	/* None gets lost: it is out, or its time is set. */
	CHECK(causes == 0 || dev->intr.asserted ||
	    dev->deadline[E82540_DUE_ITR] != E82540_NEVER);
}

static void
call_ends(void)
{
	struct e82540 *dev = fuzz.dev;

	CHECK(fuzz.held == 0);
	CHECK(fuzz.given <= E82540_TX_BURST + E82540_SEND_MAX);
	CHECK(fuzz.timer_ns <= e82540_deadline(dev));
	CHECK(fuzz.held == 0);
	check_interrupt(dev);
	CHECK(dev->rx.fifo_tail - dev->rx.fifo_head <= E82540_FIFO_BYTES);
}

/* --------------------------------------------------------------- the calls */

static void
fuzz_reg_write(uint32_t reg, uint32_t value)
{
	if (fuzz.mapped && reg % 4 == 0 &&
	    reg - E82540_DOORBELL_OFFSET < E82540_DOORBELL_BYTES) {
		fuzz_doorbell[(reg - E82540_DOORBELL_OFFSET) / 4] = value;
		return;
	}
	call_begins();
	e82540_mmio_write(fuzz.dev, fuzz.now_ns, reg, 4, value);
	call_ends();
}

static inline uint32_t
fuzz_reg_read(uint32_t reg)
{
	uint32_t value;

	call_begins();
	value = (uint32_t)e82540_mmio_read(fuzz.dev, fuzz.now_ns, reg, 4);
	call_ends();
	return value;
}

/* Read all registers, which clears those that a read clears. */
static void
fuzz_read_all(void)
{
	const struct e82540_reg_info *info;
	struct e82540_counters counters;
	uint16_t nvm[64];
	unsigned int row, i;

	for (row = 0; (info = e82540_reg_info(row)) != NULL; row++)
		for (i = 0; i < info->count && i < 128; i++)
			fuzz.sum +=
			    fuzz_reg_read(info->offset + i * info->stride);
	call_begins();
	e82540_counters(fuzz.dev, &counters, sizeof(counters));
	e82540_nvm_get(fuzz.dev, nvm);
	fuzz.sum += (uint32_t)counters.bad_access + nvm[0];
	call_ends();
}

static void
fuzz_pci_write(uint32_t offset, unsigned int size, uint32_t value)
{
	call_begins();
	e82540_pci_write(fuzz.dev, fuzz.now_ns, offset, size, value);
	call_ends();
}

static inline uint32_t
fuzz_pci_read(uint32_t offset, unsigned int size)
{
	uint32_t value;

	call_begins();
	value = e82540_pci_read(fuzz.dev, fuzz.now_ns, offset, size);
	call_ends();
	return value;
}

static void
fuzz_run(void)
{
	call_begins();
	if (fuzz.timer_ns <= fuzz.now_ns)
		fuzz.timer_ns = E82540_NEVER;
	e82540_run(fuzz.dev, fuzz.now_ns);
	call_ends();
}

static bool
fuzz_transmit(void)
{
	bool more;

	call_begins();
	fuzz.kicked = false;
	more = e82540_transmit(fuzz.dev, fuzz.now_ns);
	fuzz.owed = more || fuzz.kicked;
	call_ends();
	/* Without kicks this call also does what was due by a late timer. */
	CHECK(fuzz.given <= E82540_SEND_MAX || fuzz.table.tx_kick == NULL);
	return more;
}

static unsigned int
fuzz_receive(const struct e82540_frame *frame, unsigned int n)
{
	bool was = fuzz.may_be_ready;
	unsigned int took;

	call_begins();
	/* The model may call rx_ready() before this returns. */
	fuzz.may_be_ready = true;
	took = e82540_receive(fuzz.dev, fuzz.now_ns, frame, n);
	fuzz.may_be_ready = (fuzz.may_be_ready && was) || took < n;
	call_ends();
	CHECK(took <= n);
	CHECK(took == n || !fuzz.config.rx_drop);
	return took;
}

static void
fuzz_doorbells_close(void)
{
	fuzz.mapped = false;
	call_begins();
	e82540_doorbell_close(fuzz.dev, fuzz.now_ns);
	call_ends();
	fuzz.open = false;
}

static void
fuzz_link_set(bool up)
{
	call_begins();
	e82540_link_set(fuzz.dev, fuzz.now_ns, up);
	call_ends();
}

/* The regions of mask, the second one shorter by cut. */
static void
fuzz_memory_map(unsigned int mask, uint32_t cut)
{
	struct e82540_region *r = fuzz.map;
	unsigned int i;

	for (i = 0; i < REGIONS; i++)
		if ((mask & 1u << i) != 0)
			*r++ = (struct e82540_region){ fuzz_region[i].gpa,
				fuzz_region[i].len - (i == 1 ? cut : 0),
				fuzz_arena + fuzz_region[i].at,
				fuzz_region[i].writable };
	fuzz.maps = (unsigned int)(r - fuzz.map);
	ASAN_POISON_MEMORY_REGION(fuzz_arena, ARENA_BYTES);
	for (i = 0; i < fuzz.maps; i++)
		ASAN_UNPOISON_MEMORY_REGION(fuzz.map[i].host, fuzz.map[i].len);
	call_begins();
	CHECK(e82540_memory_set(fuzz.dev, fuzz.map, fuzz.maps) == 0);
	call_ends();
}

/* ----------------------------------------------------- beginning and end */

/* fuzz_new: a device as two bytes of the input want it, powered, idle. */
static void
fuzz_new(void)
{
	static const uint8_t vnet[4] = { 0, 0, 10, 12 };
	static const uint8_t mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
	struct e82540 *dev = fuzz.dev;
	uint8_t what = input_u8(), how = input_u8();

	if (dev == NULL)
		dev = aligned_alloc(E82540_ALIGN,
		    (e82540_size() + E82540_ALIGN - 1) / E82540_ALIGN *
			E82540_ALIGN);
	CHECK(dev != NULL);
	fuzz.dev = dev;
	fuzz.maps = 0;
	fuzz.line = fuzz.kicked = fuzz.owed = false;
	fuzz.may_be_ready = fuzz.loaded = false;
	fuzz.open = fuzz.mapped = false;
	fuzz.stores = 0;
	fuzz.room = UINT32_MAX;
	fuzz.held = 0;
	fuzz.now_ns = 1000;
	fuzz.timer_ns = E82540_NEVER;
	fuzz.table = (struct e82540_host){ .interrupt = fuzz_interrupt,
		.msi = fuzz_msi,
		.timer = fuzz_timer,
		.send = fuzz_send,
		.tx_kick = (how & 1) != 0 ? fuzz_tx_kick : NULL,
		.rx_ready = fuzz_rx_ready,
		.lock = fuzz_lock,
		.unlock = fuzz_unlock };
	fuzz.config = (struct e82540_config){ .api = E82540_API,
		.chip = what % 3u,
		.host = &fuzz.table,
		.moderation_off = (what & 4) != 0,
		.msi = (what & 8) != 0,
		.no_fcs = (what & 16) != 0,
		.rx_drop = (what & 32) != 0,
		.vnet_hdr_bytes = vnet[how >> 1 & 3],
		.link_delay_ns = (what & 64) != 0 ? 1000000 : 0 };
	if (fuzz.config.vnet_hdr_bytes != 0)
		fuzz.config.offloads = how >> 3 & 7;
	/* Segmentation goes with the checksum. */
	if (fuzz.config.offloads != 0)
		fuzz.config.offloads |= E82540_OFFLOAD_CSUM;
	memcpy(fuzz.config.mac, mac, sizeof(mac));
	fuzz_memory_new();
	CHECK(e82540_init(dev, &fuzz.config, fuzz.now_ns) == 0);
	fuzz_memory_map(MAP_ALL, 0);
}

/* Let what is pending happen, for a bounded number of calls. */
static void
fuzz_settle(void)
{
	unsigned int i;

	for (i = 0; i < 64 && fuzz.owed; i++)
		(void)fuzz_transmit();
	for (i = 0; i < 64 && fuzz.timer_ns != E82540_NEVER; i++) {
		if (fuzz.timer_ns > fuzz.now_ns)
			fuzz.now_ns = fuzz.timer_ns;
		fuzz_run();
	}
}

/* The driver's way to a working device, from wherever it is. */
static void
fuzz_reset_by_driver(void)
{
	uint32_t cap;

	/* Power management's capability: to D0. */
	cap = fuzz_pci_read(0x34, 1) & 0xfc;
	if (cap != 0 && fuzz_pci_read(cap, 1) == 1)
		fuzz_pci_write(cap + 4, 2, 0x8000);
	fuzz_reg_write(E1000_IMC, UINT32_MAX);
	fuzz_reg_write(E1000_CTRL, E1000_CTRL_RST);
	fuzz_reg_write(E1000_CTRL, E1000_CTRL_PHY_RST | E1000_CTRL_SLU);
}

static void
fuzz_rings_for_one(void)
{
	struct e1000_tx_desc tx = { .buffer_addr = RAM + 0x1000,
		.length = 60,
		.cmd =
		    E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS | E1000_TXD_CMD_RS };
	struct e1000_rx_desc rx = { .buffer_addr = RAM + 0x2000 };
	static const uint8_t frame[60] = { 1, 2, 3, 4, 5, 6 };

	fuzz_poke(RAM, &tx, sizeof(tx));
	fuzz_poke(RAM + 0x800, &rx, sizeof(rx));
	fuzz_poke(RAM + 0x1000, frame, sizeof(frame));
	fuzz_reg_write(E1000_TDBAL, RAM);
	fuzz_reg_write(E1000_TDBAH, 0);
	fuzz_reg_write(E1000_TDLEN, 128);
	fuzz_reg_write(E1000_RDBAL, RAM + 0x800);
	fuzz_reg_write(E1000_RDBAH, 0);
	fuzz_reg_write(E1000_RDLEN, 128);
	fuzz_reg_write(E1000_TDH, 0);
	fuzz_reg_write(E1000_TDT, 0);
	fuzz_reg_write(E1000_RDH, 0);
	fuzz_reg_write(E1000_RDT, 0);
	fuzz_reg_write(E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP);
	fuzz_reg_write(E1000_RCTL,
	    E1000_RCTL_EN | E1000_RCTL_UPE | E1000_RCTL_MPE | E1000_RCTL_BAM);
	fuzz_reg_write(E1000_RDT, 1);
}

/*
 * Whatever happened before: after a reset, one packet goes out and one comes
 * in, each with its interrupt cause.
 */
static void
check_usable(bool by_driver)
{
	static const uint8_t data[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct e82540_frame frame = { data, sizeof(data), 0 };
	struct e1000_rx_desc rx;
	struct e1000_tx_desc tx;
	uint64_t sent;

	fuzz_memory_map(MAP_ALL, 0);
	fuzz_doorbells_close();
	fuzz_settle();
	fuzz.room = UINT32_MAX;
	fuzz.now_ns += 1000000000;
	call_begins();
	e82540_tx_resume(fuzz.dev, fuzz.now_ns);
	call_ends();
	if (by_driver) {
		fuzz_reset_by_driver();
	} else {
		call_begins();
		e82540_reset(fuzz.dev, fuzz.now_ns);
		call_ends();
	}
	CHECK(!fuzz.line);
	fuzz_pci_write(E82540_PCI_COMMAND, 2,
	    E82540_PCI_MEMORY | E82540_PCI_MASTER);
	fuzz_reg_write(E1000_CTRL,
	    E1000_CTRL_SLU | E1000_CTRL_ASDE | E1000_CTRL_FD);
	fuzz_link_set(false);
	fuzz_link_set(true);
	fuzz.now_ns += 10000000;
	fuzz_run();
	CHECK(e82540_link_up(fuzz.dev));
	fuzz_settle();
	fuzz_rings_for_one();
	sent = fuzz.sent;
	fuzz_reg_write(E1000_TDT, 1);
	fuzz_settle();
	CHECK(fuzz.sent == sent + 1);
	CHECK(fuzz_receive(&frame, 1) == 1);
	memcpy(&tx, fuzz_at(RAM, 16), 16);
	memcpy(&rx, fuzz_at(RAM + 0x800, 16), 16);
	CHECK((tx.status & E1000_TXD_STAT_DD) != 0);
	CHECK(rx.status & E1000_RXD_STAT_DD && rx.status & E1000_RXD_STAT_EOP);
	CHECK(rx.length == 64);
	CHECK(memcmp(fuzz_at(RAM + 0x2000, 60), data, 60) == 0);
	CHECK((fuzz_reg_read(E1000_ICR) & (E1000_ICR_TXDW | E1000_ICR_RXT0)) ==
	    (E1000_ICR_TXDW | E1000_ICR_RXT0));
	fuzz_memory_check();
}

#endif
