/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The double's two rings and its receive filter.
 */
#include <string.h>

#include "fake_device.h"

static uint64_t
ring_base(const struct fake_device *dev, uint32_t low, uint32_t high)
{
	return fake_peek(dev, low) | (uint64_t)fake_peek(dev, high) << 32;
}

static unsigned int
ring_owned(const struct fake_device *dev, uint32_t len, uint32_t head,
    uint32_t tail)
{
	unsigned int count = fake_peek(dev, len) / 16;

	if (count == 0)
		return 0;
	return (fake_peek(dev, tail) + count - fake_peek(dev, head)) % count;
}

/* -------------------------------------------------------------- transmit */

unsigned int
fake_tx_owned(const struct fake_device *dev)
{
	return ring_owned(dev, E1000_TDLEN, E1000_TDH, E1000_TDT);
}

/* RS: DD in memory, and a cause now or after TIDV or TADV. */
static void
tx_report(struct fake_device *dev, union e1000_tx_any_desc *desc, uint8_t cmd)
{
	uint32_t tidv = fake_peek(dev, E1000_TIDV);
	uint32_t tadv = fake_peek(dev, E1000_TADV);

	if (!(cmd & E1000_TXD_CMD_RS))
		return;
	desc->legacy.status |= E1000_TXD_STAT_DD;
	if (!(cmd & E1000_TXD_CMD_IDE)) {
		dev->tidv_at_ns = dev->tadv_at_ns = FAKE_NEVER;
		fake_cause(dev, E1000_ICR_TXDW);
		return;
	}
	if (tidv == 0)
		fake_violation(dev, "IDE while TIDV is 0, 13.4.41");
	dev->tidv_at_ns = dev->now_ns + (uint64_t)tidv * E1000_DELAY_UNIT_NS;
	if (tadv != 0 && dev->tadv_at_ns == FAKE_NEVER)
		dev->tadv_at_ns =
		    dev->now_ns + (uint64_t)tadv * E1000_DELAY_UNIT_NS;
}

static void
tx_packet_done(struct fake_device *dev)
{
	struct fake_packet *p = &dev->building;

	p->has_context = dev->has_context;
	p->context = dev->context;
	if (!(p->cmd & E1000_TXD_CMD_IFCS))
		fake_violation(dev, "transmit: no CRC");
	if (p->cmd & E1000_TXD_CMD_VLE &&
	    !(fake_peek(dev, E1000_CTRL) & E1000_CTRL_VME))
		p->cmd &= ~E1000_TXD_CMD_VLE;	/* 3.3.3.1: not inserted */
	if (dev->on_packet != NULL)
		dev->on_packet(dev->arg, p);
	else if (dev->packets < FAKE_PACKETS_MAX)
		dev->packet[dev->packets] = *p;
	dev->packets++;
	fake_poke(dev, E1000_TPT, fake_peek(dev, E1000_TPT) + 1);
	p->segs = 0;
	p->len_bytes = 0;
}

static void
tx_append(struct fake_device *dev, uint64_t bus, uint32_t len)
{
	struct fake_packet *p = &dev->building;
	uint32_t n = len;
	const uint8_t *from = fake_dma(dev, bus, len);

	if (p->len_bytes >= FAKE_DATA_MAX)
		n = 0;
	else if (n > FAKE_DATA_MAX - p->len_bytes)
		n = FAKE_DATA_MAX - p->len_bytes;
	if (from != NULL && n != 0)
		memcpy(p->data + p->len_bytes, from, n);
	p->len_bytes += len;
	p->segs++;
}

/* A descriptor with data, legacy (3.3.3) or extended (3.3.7). */
static void
tx_data(struct fake_device *dev, const union e1000_tx_any_desc *d)
{
	struct fake_packet *p = &dev->building;
	uint8_t cmd = d->legacy.cmd;
	bool legacy = !(cmd & E1000_TXD_CMD_DEXT);
	uint32_t len = legacy ?
	    e1000_le16(d->legacy.length) :
	    e1000_le32(d->data.cmd_len) & E1000_TXD_LEN_MASK;

	if (p->segs == 0) {
		p->legacy = legacy;
		p->first = (uint16_t)fake_peek(dev, E1000_TDH);
		p->cmd_first = cmd;
		p->popts = legacy ? 0 : d->data.popts;
	} else if (p->legacy != legacy) {
		fake_violation(dev, "transmit: formats mixed in a packet");
	}
	if (!legacy && p->popts != 0 && !dev->has_context)
		fake_violation(dev, "transmit: offload without a context");
	if (len == 0 || len > E1000_TX_PACKET_MAX_BYTES)
		fake_violation(dev, "transmit: length of a descriptor");
	if (d->legacy.status != 0)
		fake_violation(dev, "transmit: stale status");
	p->cmd = cmd;
	p->special = e1000_le16(d->legacy.special);
	tx_append(dev, e1000_le64(d->legacy.buffer_addr), len);
	if (cmd & E1000_TXD_CMD_EOP)
		tx_packet_done(dev);
}

static void
tx_context(struct fake_device *dev, const union e1000_tx_any_desc *d)
{
	if (dev->building.segs != 0)
		fake_violation(dev, "transmit: context within a packet");
	if (d->context.status != 0)
		fake_violation(dev, "transmit: stale status");
	dev->context = d->context;
	dev->has_context = true;
}

static void
tx_one(struct fake_device *dev, union e1000_tx_any_desc *desc)
{
	union e1000_tx_any_desc d = *desc;
	uint32_t type = (e1000_le32(d.data.cmd_len) & E1000_TXD_DTYP_MASK) >>
	    E1000_TXD_DTYP_SHIFT;

	if (!(d.legacy.cmd & E1000_TXD_CMD_DEXT) || type == 1)
		tx_data(dev, &d);
	else if (type == 0)
		tx_context(dev, &d);
	else
		fake_violation(dev, "transmit: no such descriptor type");
	tx_report(dev, desc, d.legacy.cmd);
}

unsigned int
fake_tx_run(struct fake_device *dev, unsigned int n)
{
	uint32_t count = fake_peek(dev, E1000_TDLEN) / 16, head, done = 0;
	uint64_t base = ring_base(dev, E1000_TDBAL, E1000_TDBAH);
	union e1000_tx_any_desc *desc;

	if (fake_gone(dev) || n == 0 || fake_tx_owned(dev) == 0 ||
	    !(fake_peek(dev, E1000_TCTL) & E1000_TCTL_EN))
		return 0;
	desc = fake_dma(dev, base, count * 16ull);
	if (desc == NULL)
		return 0;
	for (; done < n && fake_tx_owned(dev) != 0; done++) {
		head = fake_peek(dev, E1000_TDH);
		tx_one(dev, &desc[head]);
		fake_poke(dev, E1000_TDH, (head + 1) % count);
	}
	if (fake_tx_owned(dev) == 0) {
		fake_cause(dev, E1000_ICR_TXQE);
		if (dev->building.segs != 0)
			fake_violation(dev, "transmit: tail within a packet");
	}
	return done;
}

/* --------------------------------------------------------------- receive */

unsigned int
fake_rx_owned(const struct fake_device *dev)
{
	return ring_owned(dev, E1000_RDLEN, E1000_RDH, E1000_RDT);
}

/* 13.4.22: BSIZE is 2048, 1024, 512 or 256, and with BSEX 16 times that. */
static uint32_t
rx_buf_bytes(struct fake_device *dev)
{
	uint32_t rctl = fake_peek(dev, E1000_RCTL);
	uint32_t bytes = 2048u >> (rctl >> E1000_RCTL_BSIZE_SHIFT & 3);

	if (!(rctl & E1000_RCTL_BSEX))
		return bytes;
	if (bytes == 2048)
		fake_violation(dev, "RCTL: BSIZE 0 with BSEX is reserved");
	return bytes * 16;
}

static struct e1000_rx_desc *
rx_desc(struct fake_device *dev)
{
	uint64_t base = ring_base(dev, E1000_RDBAL, E1000_RDBAH);

	return fake_dma(dev, base + fake_peek(dev, E1000_RDH) * 16ull, 16);
}

static void
rx_step(struct fake_device *dev)
{
	uint32_t count = fake_peek(dev, E1000_RDLEN) / 16;

	fake_poke(dev, E1000_RDH, (fake_peek(dev, E1000_RDH) + 1) % count);
	if (fake_rx_owned(dev) <= count / 2)
		fake_cause(dev, E1000_ICR_RXDMT0);
}

/* The rest of dev->rx_frame, as far as there are descriptors. */
static unsigned int
rx_write(struct fake_device *dev)
{
	const struct fake_frame *f = &dev->rx_frame;
	uint32_t bytes = rx_buf_bytes(dev), n;
	struct e1000_rx_desc *d;
	unsigned int used = 0;
	void *to;

	while (dev->rx_rest_bytes != 0 && fake_rx_owned(dev) != 0) {
		d = rx_desc(dev);
		if (d == NULL)
			return used;
		n = dev->rx_rest_bytes < bytes ? dev->rx_rest_bytes : bytes;
		to = fake_dma(dev, e1000_le64(d->buffer_addr), bytes);
		if (to != NULL)
			memcpy(to,
			    dev->rx_rest + f->len_bytes - dev->rx_rest_bytes,
			    n);
		dev->rx_rest_bytes -= n;
		if (d->status & E1000_RXD_STAT_DD)
			fake_violation(dev, "receive: stale status");
		d->length = e1000_le16((uint16_t)n);
		d->errors = 0;
		d->status = E1000_RXD_STAT_DD | f->status;
		if (dev->rx_rest_bytes == 0) {
			d->errors = f->errors;
			d->special = e1000_le16(f->special);
			d->status |= E1000_RXD_STAT_EOP;
			fake_cause(dev, E1000_ICR_RXT0);
		}
		rx_step(dev);
		used++;
	}
	return used;
}

void
fake_rx_continue(struct fake_device *dev)
{
	if (dev->rx_rest_bytes != 0)
		(void)rx_write(dev);
}

unsigned int
fake_rx(struct fake_device *dev, const struct fake_frame *frame)
{
	uint32_t bytes = rx_buf_bytes(dev);
	unsigned int need = (frame->len_bytes + bytes - 1) / bytes;
	bool room = fake_rx_owned(dev) >= need ||
	    (dev->rx_partial && fake_rx_owned(dev) != 0);

	if (fake_gone(dev) || !(fake_peek(dev, E1000_RCTL) & E1000_RCTL_EN))
		return 0;
	if (!room || dev->rx_rest_bytes != 0) {
		dev->rx_missed++;
		if (!dev->rx_partial)
			fake_cause(dev, E1000_ICR_RXO);
		return 0;
	}
	memcpy(dev->rx_rest, frame->data, frame->len_bytes);
	dev->rx_frame = *frame;
	dev->rx_rest_bytes = frame->len_bytes;
	return rx_write(dev);
}

void
fake_rx_raw(struct fake_device *dev, uint16_t length, uint8_t status,
    uint8_t errors)
{
	struct e1000_rx_desc *d = rx_desc(dev);

	if (d == NULL)
		return;
	d->length = e1000_le16(length);
	d->errors = errors;
	d->status = status;
	rx_step(dev);
}

/* --------------------------------------------------------------- filters */

static bool
accepts_exact(const struct fake_device *dev, const uint8_t *mac)
{
	uint32_t low = (uint32_t)mac[0] | (uint32_t)mac[1] << 8 |
	    (uint32_t)mac[2] << 16 | (uint32_t)mac[3] << 24;
	uint32_t high = (uint32_t)mac[4] | (uint32_t)mac[5] << 8;
	unsigned int i;

	for (i = 0; i < E1000_RA_COUNT; i++)
		if (fake_peek(dev, E1000_RAH(i)) & E1000_RAH_AV &&
		    fake_peek(dev, E1000_RAL(i)) == low &&
		    (fake_peek(dev, E1000_RAH(i)) & 0x3ffff) == high)
			return true;
	return false;
}

/* 13.5.1: twelve bits of the address taken as 48, its first byte lowest. */
static bool
accepts_hash(const struct fake_device *dev, const uint8_t *mac)
{
	static const unsigned int shift[] = { 36, 35, 34, 32 };
	uint32_t rctl = fake_peek(dev, E1000_RCTL), hash;
	uint64_t address = 0;
	unsigned int i;

	for (i = 0; i < 6; i++)
		address |= (uint64_t)mac[i] << (8 * i);
	hash = address >> shift[rctl >> E1000_RCTL_MO_SHIFT & 3] & 0xfff;
	return fake_peek(dev, E1000_MTA(hash >> 5)) >> (hash & 31) & 1;
}

bool
fake_accepts(const struct fake_device *dev, const uint8_t *mac, int vid)
{
	static const uint8_t broadcast[6] = { 255, 255, 255, 255, 255, 255 };
	uint32_t rctl = fake_peek(dev, E1000_RCTL);
	uint32_t vfta;

	if (!(rctl & E1000_RCTL_EN))
		return false;
	if (vid >= 0 && rctl & E1000_RCTL_VFE) {
		vfta = fake_peek(dev, E1000_VFTA((unsigned int)vid >> 5));
		if (!(vfta >> (vid & 31) & 1))
			return false;
	}
	if (accepts_exact(dev, mac))
		return true;
	if (memcmp(mac, broadcast, 6) == 0)
		return rctl & (E1000_RCTL_BAM | E1000_RCTL_MPE);
	if (mac[0] & 1)
		return rctl & E1000_RCTL_MPE || accepts_hash(dev, mac);
	return rctl & E1000_RCTL_UPE;
}
