/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations at random, of guest and host, that keep a device busy in all of
 * its ways; what tests of snapshots share.
 */
#ifndef TEST_SNAPSHOT_RIG_H
#define TEST_SNAPSHOT_RIG_H

#include <errno.h>

#include "host.h"

#define RINGS		(HOST_RAM + 0x1000u)	/* transmit, then receive */
#define RING_DESCS	64u			/* or 8 */
#define BUFFERS		(HOST_RAM + 0x10000u)
#define BUFFERS_BYTES	0x20000u
#define SNAPSHOT_MAX	(128u << 10)

/* ------------------------------------------------------------------ chance */

static uint64_t state;

static inline uint64_t
draw(void)				/* splitmix64 */
{
	uint64_t z = state += 0x9E3779B97F4A7C15u;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

static inline uint32_t
below(uint32_t n)
{
	return n != 0 ? draw() % n : 0;
}

static inline uint32_t
sparse(void)				/* a quarter of the bits */
{
	uint32_t bits = draw();

	return bits & draw();
}

/* -------------------------------------------------------------- operations */

enum verb {
	SETUP,				/* rings, enables, mask */
	WRITE,				/* any register */
	READ,
	SEND,				/* descriptors, and TDT */
	RECEIVE,
	REFILL,				/* RDT */
	WAIT,
	ACKNOWLEDGE,			/* ICR */
	TUNE,				/* a moderation register */
	BIT_BANG,			/* EECD */
	PHY,				/* MDIC */
	PCI,
	CABLE,
	MODERATION,
	IO,
	RESUME,
	TRANSMIT,
	RESET,
	VERBS,
};

/* How often, of 256. */
static const uint8_t weight[VERBS] = {
	[SETUP] = 8,
	[WRITE] = 6,
	[READ] = 20,
	[SEND] = 48,
	[RECEIVE] = 48,
	[REFILL] = 20,
	[WAIT] = 22,
	[ACKNOWLEDGE] = 24,
	[TUNE] = 12,
	[BIT_BANG] = 8,
	[PHY] = 8,
	[PCI] = 10,
	[CABLE] = 3,
	[MODERATION] = 3,
	[IO] = 4,
	[RESUME] = 8,
	[TRANSMIT] = 3,
	[RESET] = 1,
};

struct operation {
	enum verb verb;
	uint64_t seed;			/* the rest is drawn from it */
};

static inline struct operation
draw_operation(void)
{
	int at = below(256);
	struct operation o = { .verb = 0 };

	while ((at -= weight[o.verb]) >= 0)
		o.verb++;
	o.seed = draw();
	return o;
}

/* Of those only that keep a device busy. */
static inline struct operation
draw_traffic(void)
{
	static const enum verb verbs[] = { SEND, SEND, RECEIVE, RECEIVE, REFILL,
		TUNE, ACKNOWLEDGE, RESUME, BIT_BANG, PHY };

	return (struct operation){ verbs[below(10)], draw() };
}

static inline void
tune(struct host *h)
{
	static const uint32_t regs[] = { E1000_ITR, E1000_RDTR, E1000_RADV,
		E1000_TIDV, E1000_TADV };

	host_write(h, regs[below(5)], below(1u << below(17)));
}

static inline uint32_t
tx_descs(struct host *h)
{
	return host_read(h, E1000_TDLEN) == 128 ? 8 : RING_DESCS;
}

static inline void
setup(struct host *h)
{
	uint32_t size = RING_DESCS * E1000_DESC_BYTES;
	unsigned int i;

	e82540_pci_write(h->dev, h->now_ns, 0xE0, 2, 0);	/* D0 */
	e82540_pci_write(h->dev, h->now_ns, 0xF2, 2, below(2));	/* MSI */
	e82540_link_set(h->dev, h->now_ns, true);
	host_advance(h, h->config.link_delay_ns);
	for (i = below(8); i > 0; i--)
		tune(h);
	host_write(h, E1000_TDBAL, RINGS);
	host_write(h, E1000_TDBAH, 0);
	host_write(h, E1000_TDLEN, below(2) ? size : 128);
	host_write(h, E1000_TDH, 0);
	host_write(h, E1000_TDT, 0);
	host_write(h, E1000_RDBAL, RINGS + size);
	host_write(h, E1000_RDBAH, 0);
	host_write(h, E1000_RDLEN, size);
	host_write(h, E1000_RDH, 0);
	host_write(h, E1000_RDT, below(RING_DESCS));
	host_write(h, E1000_TIPG, 0x602008);
	host_write(h, E1000_CTRL,
	    E1000_CTRL_SLU | E1000_CTRL_FD | (below(2) ? E1000_CTRL_VME : 0) |
		(below(4) ? E1000_CTRL_RFCE | E1000_CTRL_TFCE : 0));
	host_write(h, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP);
	host_write(h, E1000_RCTL,
	    E1000_RCTL_EN | E1000_RCTL_BAM |
		(draw() &
		    (E1000_RCTL_UPE | E1000_RCTL_MPE | E1000_RCTL_LPE |
			E1000_RCTL_SECRC | E1000_RCTL_BSIZE_MASK)) |
		(below(8) ? 0 : E1000_RCTL_LBM_PHY));
	host_write(h, E1000_FCAL, E1000_FCAL_PAUSE);
	host_write(h, E1000_FCAH, E1000_FCAH_PAUSE);
	host_write(h, E1000_FCT, E1000_FCT_PAUSE);
	host_write(h, E1000_FCTTV, 100);
	host_write(h, E1000_PBA, below(2) ? 48 : 8);
	host_write(h, E1000_FCRTL, 0x400 | E1000_FCRTL_XONE);
	host_write(h, E1000_FCRTH, 0x800);
	host_write(h, E1000_IMS, draw());
	e82540_pci_write(h->dev, h->now_ns, E82540_PCI_COMMAND, 2,
	    E82540_PCI_IO | E82540_PCI_MEMORY | E82540_PCI_MASTER);
}

/*
 * any_register: an offset, of an element of a row; but not PBM, where the FIFO
 * shows bytes of frames that have left it.
 */
static inline uint32_t
any_register(void)
{
	const struct e82540_reg_info *info;
	unsigned int rows = 0;

	while (e82540_reg_info(rows) != NULL)
		rows++;
	do
		info = e82540_reg_info(below(rows));
	while (info->offset == E1000_PBM(0));
	return info->offset + below(info->count) * info->stride;
}

static inline void
write_any(struct host *h)
{
	uint32_t reg = any_register(), value = draw();

	if (below(2))
		value &= sparse();
	/* Rarely what ends all traffic. */
	if (reg == E1000_CTRL || reg == E1000_CTRL_DUP)
		value &= ~(below(8) ? E1000_CTRL_RST : 0);
	host_write(h, reg, value);
}

/* A header of IPv4 and TCP at p: what offloads expect to find. */
static inline void
put_headers(uint8_t *p)
{
	static const uint8_t headers[54] = {
		[0] = 0x52,
		0x54,
		0x00,
		0x12,
		0x34,
		0x56,
		[6] = 0x52,
		0x54,
		0x00,
		0x65,
		0x43,
		0x21,
		[12] = 0x08,
		0x00,
		[14] = 0x45,
		0x00,
		0x00,
		0x28,
		[22] = 64,
		6,
		[26] = 10,
		0,
		0,
		1,
		[30] = 10,
		0,
		0,
		2,
		[46] = 0x50,
		0x10,
	};

	memcpy(p, headers, sizeof(headers));
}

static inline void
put_descriptor(struct host *h, uint32_t index, bool headers, bool eop)
{
	union e1000_tx_any_desc d = { .qword = { draw(), draw() } };
	uint32_t len = below(8) ? 60 + below(1500) : below(9000), cmd;
	uint64_t at = BUFFERS + below(BUFFERS_BYTES - 9000);

	cmd = draw() & 0xFF & ~(E1000_TXD_CMD_DEXT | E1000_TXD_CMD_EOP);
	cmd |= eop ? E1000_TXD_CMD_EOP : 0;
	switch (below(3)) {
	case 0:
		d.legacy.length = len;
		d.legacy.cmd = cmd;
		d.legacy.cso = below(60);
		d.legacy.css = below(60);
		break;
	case 1:
		d.data.cmd_len = len |
		    E1000_TXD_DTYP_DATA << E1000_TXD_DTYP_SHIFT |
		    (cmd | E1000_TXD_CMD_DEXT) << E1000_TXD_CMD_SHIFT;
		break;
	default:
		d.context = (struct e1000_tx_context_desc){
			.ipcss = 14,
			.ipcso = 24,
			.ipcse = 33,
			.tucss = 34,
			.tucso = 50,
			.hdr_len = 54,
			.mss = 100 + below(1400),
			.cmd_len = below(9000) |
			    (uint32_t)(E1000_TXD_TUCMD_DEXT |
				E1000_TXD_TUCMD_TCP | E1000_TXD_TUCMD_IP |
				(draw() &
				    (E1000_TXD_TUCMD_TSE | E1000_TXD_TUCMD_RS)))
				<< E1000_TXD_CMD_SHIFT,
		};
		memcpy(host_ram(h, RINGS + index * E1000_DESC_BYTES), &d, 16);
		return;
	}
	d.data.buffer_addr = below(32) ? at : draw();
	if (headers)
		put_headers(host_ram(h, at));
	memcpy(host_ram(h, RINGS + index * E1000_DESC_BYTES), &d, 16);
}

/* A segmentation: a context, and data for it of one or more descriptors. */
static inline uint32_t
put_segmented(struct host *h, uint32_t tail)
{
	uint32_t at = BUFFERS + below(BUFFERS_BYTES - 9000), rest, len, cmd;
	uint32_t payload = 1 + below(9000 - 54);
	union e1000_tx_any_desc d = { .context = {
					  .ipcss = 14,
					  .ipcso = 24,
					  .ipcse = 33,
					  .tucss = 34,
					  .tucso = 50,
					  .hdr_len = 54,
					  .mss = 50 + below(1400),
					  .cmd_len = payload |
					      (uint32_t)(E1000_TXD_TUCMD_DEXT |
						  E1000_TXD_TUCMD_TCP |
						  E1000_TXD_TUCMD_IP |
						  E1000_TXD_TUCMD_TSE)
						  << E1000_TXD_CMD_SHIFT,
				      } };

	put_headers(host_ram(h, at));
	memcpy(host_ram(h, RINGS + tail * E1000_DESC_BYTES), &d, 16);
	tail = (tail + 1) % tx_descs(h);
	for (rest = 54 + payload; rest > 0; rest -= len, at += len) {
		len = below(2) ? rest : 1 + below(rest);
		cmd = E1000_TXD_CMD_DEXT | E1000_TXD_CMD_TSE | E1000_TXD_CMD_RS;
		cmd |= draw() & E1000_TXD_CMD_IDE;
		cmd |= len == rest ? E1000_TXD_CMD_EOP : 0;
		d.data = (struct e1000_tx_data_desc){
			.buffer_addr = at,
			.cmd_len = len |
			    E1000_TXD_DTYP_DATA << E1000_TXD_DTYP_SHIFT |
			    cmd << E1000_TXD_CMD_SHIFT,
			.popts = E1000_TXD_POPTS_IXSM | E1000_TXD_POPTS_TXSM,
		};
		memcpy(host_ram(h, RINGS + tail * E1000_DESC_BYTES), &d, 16);
		tail = (tail + 1) % tx_descs(h);
	}
	return tail;
}

static inline void
put_ring(struct host *h)
{
	uint32_t descs = tx_descs(h), n = 1 + below(6);
	uint32_t tail = host_read(h, E1000_TDT) % descs;
	bool endless = below(6) == 0;

	if (below(3) == 0) {
		tail = put_segmented(h, tail);
	} else {
		if (endless)
			n = descs - 1;
		for (; n > 0; n--, tail = (tail + 1) % descs)
			put_descriptor(h, tail, below(2), !endless && below(6));
	}
	/* Sometimes, but for the last one: what is in progress. */
	if (below(8) == 0)
		tail = (tail + descs - 1) % descs;
	host_write(h, E1000_TDT, tail);
}

static inline unsigned int
receive(struct host *h)
{
	static uint8_t bytes[8][9000];
	struct e82540_frame frame[8];
	unsigned int n = 1 + below(8), i, j;
	uint64_t fill;

	for (i = 0; i < n; i++) {
		fill = draw();
		for (j = 0; j < sizeof(bytes[i]); j++)
			bytes[i][j] = fill >> j % 8 * 8;
		frame[i].data = bytes[i];
		frame[i].len_bytes =
		    below(8) ? 60 + below(1455) : 14 + below(8987);
		frame[i].flags = below(2);
		put_headers(bytes[i]);
		switch (below(8)) {
		case 0:
			memset(bytes[i], 0xFF, 6);
			break;
		case 1:
			memcpy(bytes[i], "\x01\x00\x5e\x01\x02\x03", 6);
			break;
		case 2:			/* VLAN 1 */
			memcpy(bytes[i] + 12, "\x81\x00\x00\x01\x08", 5);
			break;
		case 3:			/* PAUSE, 802.3 annex 31B */
			if (below(4) != 0)
				break;
			memcpy(bytes[i], "\x01\x80\xc2\x00\x00\x01", 6);
			memcpy(bytes[i] + 12, "\x88\x08\x00\x01\x00", 5);
			bytes[i][16] = below(2) ? below(256) : 0;
			bytes[i][17] = below(64);
			frame[i].len_bytes = 60;
			break;
		default:
			break;
		}
	}
	return e82540_receive(h->dev, h->now_ns, frame, n);
}

/* Buffers for all descriptors, some new tail. */
static inline void
refill(struct host *h)
{
	uint32_t ring = RINGS + RING_DESCS * E1000_DESC_BYTES, i;
	struct e1000_rx_desc d = { .status = 0 };

	for (i = 0; i < RING_DESCS; i++) {
		d.buffer_addr = BUFFERS + BUFFERS_BYTES + i * 0x2000;
		if (below(64) == 0)
			d.buffer_addr = draw();
		memcpy(host_ram(h, ring + i * E1000_DESC_BYTES), &d, 16);
	}
	host_write(h, E1000_RDT,
	    (host_read(h, E1000_RDT) + below(12)) % RING_DESCS);
}

static inline uint32_t
bit_bang(struct host *h)
{
	/* EWEN, WRITE, READ; the rest of the address follows, and data. */
	static const uint8_t command[] = { 0x98, 0xA0, 0xC0 };
	uint32_t bits = (uint32_t)command[below(3)] << 24 | below(1u << 24);
	uint32_t base = E1000_EECD_REQ | E1000_EECD_CS, seen = 0;
	unsigned int i;

	if (below(4) == 0)
		host_write(h, E1000_EERD,
		    E1000_EERD_START | below(64) << E1000_EERD_ADDR_SHIFT);
	if (below(2))
		host_write(h, E1000_EECD, E1000_EECD_REQ);
	for (i = below(30); i > 0; i--, bits <<= 1) {
		base &= ~E1000_EECD_DI;
		base |= bits >> 31 ? E1000_EECD_DI : 0;
		host_write(h, E1000_EECD, base);
		host_write(h, E1000_EECD, base | E1000_EECD_SK);
		seen = seen << 1 ^ host_read(h, E1000_EECD);
	}
	return seen;
}

static inline uint32_t
phy(struct host *h)
{
	uint32_t reg = below(32), data = draw() & 0xFFFF;

	if (reg == E1000_PHY_CTRL)
		data &= below(8) ? 0x3340 : 0xFFFF;
	if (reg == 29)			/* a page that there is */
		data = below(32);
	host_write(h, E1000_MDIC,
	    data | reg << E1000_MDIC_REG_SHIFT |
		E1000_PHY_ADDR << E1000_MDIC_PHY_SHIFT |
		(below(2) ? E1000_MDIC_OP_WRITE : E1000_MDIC_OP_READ) |
		(draw() & E1000_MDIC_I));
	return host_read(h, E1000_MDIC);
}

static inline uint32_t
pci(struct host *h)
{
	uint32_t offset = below(256), size = 1u << below(3);
	uint32_t value = draw();

	offset &= ~(size - 1);
	switch (below(8)) {
	case 0:				/* MSI on, or off */
		offset = 0xF2;
		size = 2;
		value &= 0x71;
		break;
	case 1:				/* D0 or D3 */
		offset = 0xE0;
		size = 2;
		value = (value & 0x8100) | (below(4) ? 0 : 3);
		break;
	case 2:
		break;
	default:
		offset = E82540_PCI_COMMAND;
		size = 2;
		value |= E82540_PCI_MASTER;
		break;
	}
	e82540_pci_write(h->dev, h->now_ns, offset, size, value);
	return e82540_pci_read(h->dev, h->now_ns, offset, size);
}

static inline uint32_t
io(struct host *h)
{
	uint32_t reg = any_register(), value = sparse();

	if (reg == E1000_CTRL)
		value &= ~E1000_CTRL_RST;
	e82540_io_write(h->dev, h->now_ns, 0, 4, reg);
	if (below(2))
		e82540_io_write(h->dev, h->now_ns, 4, 4, value);
	return e82540_io_read(h->dev, h->now_ns, 4, 4);
}

static inline uint32_t
perform(struct host *h, enum verb verb)
{
	switch (verb) {
	case SETUP:
		setup(h);
		return 0;
	case WRITE:
		write_any(h);
		return 0;
	case READ:
		return host_read(h, any_register());
	case SEND:
		put_ring(h);
		return 0;
	case RECEIVE:
		return receive(h);
	case REFILL:
		refill(h);
		return 0;
	case WAIT:
		host_advance(h, below(1u << below(25)));
		return 0;
	case ACKNOWLEDGE:
		return host_read(h, E1000_ICR);
	case TUNE:
		tune(h);
		return 0;
	case BIT_BANG:
		return bit_bang(h);
	case PHY:
		return phy(h);
	case PCI:
		return pci(h);
	case CABLE:
		e82540_link_set(h->dev, h->now_ns, below(4));
		return 0;
	case MODERATION:
		e82540_moderation_set(h->dev, h->now_ns, below(4));
		return 0;
	case IO:
		return io(h);
	case RESUME:
		h->room = below(4) ? below(20) : UINT32_MAX;
		e82540_tx_resume(h->dev, h->now_ns);
		return 0;
	case TRANSMIT:
		return e82540_transmit(h->dev, h->now_ns);
	default:
		e82540_reset(h->dev, h->now_ns);
		return 0;
	}
}

/* apply: returns what the guest, or the host, is told. */
static inline uint32_t
apply(struct host *h, struct operation o)
{
	uint64_t chance = state;
	uint32_t told;

	state = o.seed;
	told = perform(h, o.verb);
	state = chance;
	return told;
}

/* ------------------------------------------------------------------ hosts */

static inline size_t
save(struct host *h, uint8_t *buf)
{
	int64_t len = e82540_save(h->dev, h->now_ns, buf, SNAPSHOT_MAX);

	assert_in_range(len, 1, SNAPSHOT_MAX);
	return len;
}

/* A host of some kind, the same for the same number. */
static inline struct host *
power(unsigned int kind, uint64_t now_ns)
{
	struct host *h = host_new(kind % 3);

	if (kind & 8)
		h->table.tx_kick = host_tx_kick;
	if (kind & 16) {
		h->config.vnet_hdr_bytes = 12;
		h->config.offloads = E82540_OFFLOAD_CSUM;
	}
	h->config.msi = kind & 32;
	h->config.rx_drop = kind & 64;
	h->now_ns = now_ns;
	host_power(h);
	return h;
}

static inline void
forget(struct host *h)
{
	h->packets = h->edges = h->msis = h->kicks = h->rx_readies = 0;
}

#endif
