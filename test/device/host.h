/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The smallest host that the model can have: guest memory, a fake clock, an
 * interrupt line, a wire.  It records what the model does.  It checks only that
 * the model keeps to the contract of e82540.h.
 */
#ifndef TEST_HOST_H
#define TEST_HOST_H

#include <assert.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "e1000_hw.h"
#include "e82540.h"

#define HOST_RAM_BYTES	0x100000u	/* guest memory, at bus address: */
#define HOST_RAM	0x10000u
#define HOST_SENT_MAX	4096u

struct host_packet {
	uint8_t *data;			/* copied; without the header */
	uint32_t len_bytes;
	unsigned int iovs;
	struct e82540_vnet_hdr hdr;
};

struct host {
	struct e82540 *dev;
	struct e82540_config config;
	struct e82540_host table;
	uint8_t *ram;
	uint64_t now_ns;
	uint64_t timer_ns;		/* as the model asked */

	bool line;			/* INTA# */
	unsigned int edges;		/* rising */
	uint64_t edge_ns;		/* when last */
	unsigned int msis;
	uint64_t msi_addr;
	uint32_t msi_data;

	struct host_packet sent[HOST_SENT_MAX];
	unsigned int packets;
	unsigned int sends;		/* calls */
	unsigned int room;		/* packets send() still takes */
	unsigned int kicks;
	unsigned int rx_readies;
	int depth;			/* callbacks must not nest */
};

static inline void
host_interrupt(void *ctx, bool asserted)
{
	struct host *h = ctx;

	assert_int_not_equal(h->line, asserted);
	h->line = asserted;
	if (asserted) {
		h->edges++;
		h->edge_ns = h->now_ns;
	}
}

static inline void
host_msi(void *ctx, uint64_t addr, uint32_t data)
{
	struct host *h = ctx;

	h->msis++;
	h->msi_addr = addr;
	h->msi_data = data;
	h->edge_ns = h->now_ns;
}

static inline void
host_timer(void *ctx, uint64_t at_ns)
{
	struct host *h = ctx;

	h->timer_ns = at_ns;
}

/* host_vnet_hdr: its numbers are little-endian; make them the processor's. */
static inline void
host_vnet_hdr(struct e82540_vnet_hdr *hdr)
{
	hdr->hdr_len = e1000_le16(hdr->hdr_len);
	hdr->gso_size = e1000_le16(hdr->gso_size);
	hdr->csum_start = e1000_le16(hdr->csum_start);
	hdr->csum_offset = e1000_le16(hdr->csum_offset);
}

static inline unsigned int
host_send(void *ctx, const struct e82540_packet *packet, unsigned int n)
{
	struct host *h = ctx;
	unsigned int i, j, hdr = h->config.vnet_hdr_bytes != 0;
	struct host_packet *p;
	uint32_t at;

	assert_in_range(n, 1, E82540_SEND_MAX);
	h->sends++;
	for (i = 0; i < n && h->room > 0; i++, h->room--) {
		assert_true(h->packets < HOST_SENT_MAX);
		p = &h->sent[h->packets++];
		free(p->data);
		p->data = malloc(packet[i].len_bytes + 1);
		p->len_bytes = packet[i].len_bytes;
		p->iovs = packet[i].iovs;
		assert_in_range(packet[i].iovs, 1 + hdr, E82540_SEND_IOVS_MAX);
		assert_in_range(p->len_bytes, 1,
		    h->config.offloads & ~E82540_OFFLOAD_CSUM ?
			E82540_SEND_TSO_MAX_BYTES :
			E82540_SEND_MAX_BYTES);
		if (hdr) {
			assert_int_equal(packet[i].iov[0].len,
			    h->config.vnet_hdr_bytes);
			memset(&p->hdr, 0, sizeof(p->hdr));
			memcpy(&p->hdr, packet[i].iov[0].base,
			    packet[i].iov[0].len);
			host_vnet_hdr(&p->hdr);
		}
		for (at = 0, j = hdr; j < packet[i].iovs; j++) {
			assert_true(at + packet[i].iov[j].len <= p->len_bytes);
			memcpy(p->data + at, packet[i].iov[j].base,
			    packet[i].iov[j].len);
			at += packet[i].iov[j].len;
		}
		assert_int_equal(at, p->len_bytes);
	}
	return i;
}

static inline void
host_tx_kick(void *ctx)
{
	((struct host *)ctx)->kicks++;
}

static inline void
host_rx_ready(void *ctx)
{
	((struct host *)ctx)->rx_readies++;
}

/* host_new: zeroed host with callbacks; change config, then host_power(). */
static inline struct host *
host_new(enum e82540_chip chip)
{
	static const uint8_t mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
	struct host *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	h->table.interrupt = host_interrupt;
	h->table.msi = host_msi;
	h->table.timer = host_timer;
	h->table.send = host_send;
	h->table.rx_ready = host_rx_ready;
	h->config.api = E82540_API;
	h->config.chip = chip;
	h->config.host = &h->table;
	h->config.ctx = h;
	h->config.link_delay_ns = 1000000;
	memcpy(h->config.mac, mac, 6);
	h->room = UINT32_MAX;
	h->timer_ns = E82540_NEVER;
	h->now_ns = 1000;
	h->ram = calloc(1, HOST_RAM_BYTES);
	h->dev = aligned_alloc(E82540_ALIGN,
	    (e82540_size() + E82540_ALIGN - 1) / E82540_ALIGN * E82540_ALIGN);
	assert_non_null(h->dev);
	return h;
}

static inline void
host_free(struct host *h)
{
	unsigned int i;

	for (i = 0; i < HOST_SENT_MAX; i++)
		free(h->sent[i].data);
	free(h->dev);
	free(h->ram);
	free(h);
}

/* host_advance: let time pass; timers go off exactly when they are due. */
static inline void
host_advance(struct host *h, uint64_t ns)
{
	uint64_t end = h->now_ns + ns;

	while (h->timer_ns <= end) {
		if (h->timer_ns > h->now_ns)
			h->now_ns = h->timer_ns;
		h->timer_ns = E82540_NEVER;
		e82540_run(h->dev, h->now_ns);
	}
	h->now_ns = end;
}

static inline uint32_t
host_read(struct host *h, uint32_t reg)
{
	return e82540_mmio_read(h->dev, h->now_ns, reg, 4);
}

static inline void
host_write(struct host *h, uint32_t reg, uint32_t value)
{
	e82540_mmio_write(h->dev, h->now_ns, reg, 4, value);
}

/* host_counters: what the model has counted. */
static inline struct e82540_counters
host_counters(const struct host *h)
{
	struct e82540_counters c;

	e82540_counters(h->dev, &c, sizeof(c));
	return c;
}

/* host_plug: what a VMM does: init, memory, bus master, the cable in. */
static inline void
host_plug(struct host *h)
{
	struct e82540_region region = { HOST_RAM, HOST_RAM_BYTES, h->ram,
		true };

	assert_int_equal(e82540_init(h->dev, &h->config, h->now_ns), 0);
	assert_int_equal(e82540_memory_set(h->dev, &region, 1), 0);
	e82540_pci_write(h->dev, h->now_ns, E82540_PCI_COMMAND, 2,
	    E82540_PCI_IO | E82540_PCI_MEMORY | E82540_PCI_MASTER);
	e82540_link_set(h->dev, h->now_ns, true);
}

/* host_power: as a driver has it, too: SLU, and the link is up. */
static inline void
host_power(struct host *h)
{
	host_plug(h);
	/* Without SLU the MAC does not see the link (8.6.2.1). */
	host_write(h, E1000_CTRL, host_read(h, E1000_CTRL) | E1000_CTRL_SLU);
	host_advance(h, h->config.link_delay_ns + 1000);
}

/*
 * host_loopback: the PHY sends what it gets back, or no longer: then the link
 * comes up again.
 */
static inline void
host_loopback(struct host *h, bool on)
{
	uint32_t control = E1000_PHY_CTRL_FD | E1000_PHY_CTRL_SPEED_MSB |
	    (on ? E1000_PHY_CTRL_LOOPBACK : E1000_PHY_CTRL_AN_EN);

	host_write(h, E1000_MDIC,
	    E1000_MDIC_OP_WRITE | E1000_PHY_ADDR << E1000_MDIC_PHY_SHIFT |
		E1000_PHY_CTRL << E1000_MDIC_REG_SHIFT | control);
	if (!on)
		host_advance(h, h->config.link_delay_ns + 1000);
}

/* host_ram: guest memory by its bus address. */
static inline void *
host_ram(struct host *h, uint64_t gpa)
{
	assert_in_range(gpa, HOST_RAM, HOST_RAM + HOST_RAM_BYTES - 1);
	return h->ram + (gpa - HOST_RAM);
}

/*
 * host_rx_ring: a receive ring of count descriptors at bus address ring; its
 * buffers are `each` bytes apart, from `buffers` on.  RDT is tail.
 */
static inline void
host_rx_ring(struct host *h, uint64_t ring, uint32_t count, uint64_t buffers,
    uint32_t each, uint32_t tail)
{
	struct e1000_rx_desc *d = host_ram(h, ring);
	uint32_t i;

	memset(d, 0, count * sizeof(*d));
	for (i = 0; i < count; i++)
		d[i].buffer_addr = buffers + (uint64_t)i * each;
	host_write(h, E1000_RDBAL, ring);
	host_write(h, E1000_RDBAH, 0);
	host_write(h, E1000_RDLEN, count * sizeof(*d));
	host_write(h, E1000_RDH, 0);
	host_write(h, E1000_RDT, tail);
}

/* 802.3 3.2.9, a bit at a time; crc: UINT32_MAX at first, complement at last */
static inline uint32_t
host_crc_byte(uint32_t crc, uint8_t byte)
{
	unsigned int bit;

	for (bit = 0; bit < 8; bit++, byte >>= 1)
		crc = crc >> 1 ^ ((crc ^ byte) & 1 ? 0xEDB88320u : 0);
	return crc;
}

static inline uint32_t
host_crc(const uint8_t *p, uint32_t len)
{
	static uint32_t table[256];
	uint32_t crc = UINT32_MAX, i;

	if (table[1] == 0)
		for (i = 0; i < 256; i++)
			table[i] = host_crc_byte(0, i);
	while (len-- > 0)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return ~crc;
}

#endif
