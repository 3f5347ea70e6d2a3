/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the tests of snapshots: random operations, of guest and host, that keep
 * every part of a device busy.
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
draw64(void)				/* splitmix64 */
{
	uint64_t z = state += 0x9E3779B97F4A7C15u;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

static inline uint32_t
draw_below(uint32_t n)
{
	return n != 0 ? draw64() % n : 0;
}

static inline uint32_t
draw_sparse(void)				/* a quarter of the bits */
{
	uint32_t bits = draw64();

	return bits & draw64();
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
	int at = draw_below(256);
	struct operation o = { .verb = 0 };

	while ((at -= weight[o.verb]) >= 0)
		o.verb++;
	o.seed = draw64();
	return o;
}

/* Of those only that keep a device busy. */
static inline struct operation
draw_traffic(void)
{
	static const enum verb verbs[] = { SEND, SEND, RECEIVE, RECEIVE, REFILL,
		TUNE, ACKNOWLEDGE, RESUME, BIT_BANG, PHY };

	return (struct operation){ verbs[draw_below(10)], draw64() };
}

static inline void
op_tune(struct host *h)
{
	static const uint32_t regs[] = { E1000_ITR, E1000_RDTR, E1000_RADV,
		E1000_TIDV, E1000_TADV };

	host_write(h, regs[draw_below(5)], draw_below(1u << draw_below(17)));
}

static inline uint32_t
tx_descs(struct host *h)
{
	return host_read(h, E1000_TDLEN) == 128 ? 8 : RING_DESCS;
}

static inline void
op_setup(struct host *h)
{
	uint32_t size = RING_DESCS * E1000_DESC_BYTES;
	unsigned int i;

	e82540_pci_write(h->dev, h->now_ns, 0xE0, 2, 0);	/* D0 */
	e82540_pci_write(h->dev, h->now_ns, 0xF2, 2, draw_below(2)); /* MSI */
	e82540_link_set(h->dev, h->now_ns, true);
	host_advance(h, h->config.link_delay_ns);
	for (i = draw_below(8); i > 0; i--)
		op_tune(h);
	host_write(h, E1000_TDBAL, RINGS);
	host_write(h, E1000_TDBAH, 0);
	host_write(h, E1000_TDLEN, draw_below(2) ? size : 128);
	host_write(h, E1000_TDH, 0);
	host_write(h, E1000_TDT, 0);
	host_write(h, E1000_RDBAL, RINGS + size);
	host_write(h, E1000_RDBAH, 0);
	host_write(h, E1000_RDLEN, size);
	host_write(h, E1000_RDH, 0);
	host_write(h, E1000_RDT, draw_below(RING_DESCS));
	host_write(h, E1000_TIPG, 0x602008);
	host_write(h, E1000_CTRL,
	    E1000_CTRL_SLU | E1000_CTRL_FD |
		(draw_below(2) ? E1000_CTRL_VME : 0) |
		(draw_below(4) ? E1000_CTRL_RFCE | E1000_CTRL_TFCE : 0));
	host_write(h, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP);
	host_write(h, E1000_RCTL,
	    E1000_RCTL_EN | E1000_RCTL_BAM |
		(draw64() &
		    (E1000_RCTL_UPE | E1000_RCTL_MPE | E1000_RCTL_LPE |
			E1000_RCTL_SECRC | E1000_RCTL_BSIZE_MASK)));
	if (draw_below(8) == 0)
		host_loopback(h, true);
	host_write(h, E1000_FCAL, E1000_FCAL_PAUSE);
	host_write(h, E1000_FCAH, E1000_FCAH_PAUSE);
	host_write(h, E1000_FCT, E1000_FCT_PAUSE);
	host_write(h, E1000_FCTTV, 100);
	host_write(h, E1000_PBA, draw_below(2) ? 48 : 8);
	host_write(h, E1000_FCRTL, 0x400 | E1000_FCRTL_XONE);
	host_write(h, E1000_FCRTH, 0x800);
	host_write(h, E1000_IMS, draw64());
	e82540_pci_write(h->dev, h->now_ns, E82540_PCI_COMMAND, 2,
	    E82540_PCI_IO | E82540_PCI_MEMORY | E82540_PCI_MASTER);
}

/*
 * any_register: a random register's offset.  Not PBM: it shows bytes of frames
 * that have left the FIFO.
 */
static inline uint32_t
any_register(void)
{
	const struct e82540_reg_info *info;
	unsigned int rows = 0;

	while (e82540_reg_info(rows) != NULL)
		rows++;
	do
		info = e82540_reg_info(draw_below(rows));
	while (info->offset == E1000_PBM(0));
	return info->offset + draw_below(info->count) * info->stride;
}

static inline void
write_any(struct host *h)
{
	uint32_t reg = any_register(), value = draw64();

	if (draw_below(2))
		value &= draw_sparse();
	/* Rarely write what ends all traffic. */
	if (reg == E1000_CTRL || reg == E1000_CTRL_DUP)
		value &= ~(draw_below(8) ? E1000_CTRL_RST : 0);
	host_write(h, reg, value);
}

/* Put headers of IPv4 and TCP at p, as offloads expect them. */
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
	union e1000_tx_any_desc d = { .qword = { draw64(), draw64() } };
	uint32_t len = draw_below(8) ? 60 + draw_below(1500) : draw_below(9000),
		 cmd;
	uint64_t at = BUFFERS + draw_below(BUFFERS_BYTES - 9000);

	cmd = draw64() & 0xFF & ~(E1000_TXD_CMD_DEXT | E1000_TXD_CMD_EOP);
	cmd |= eop ? E1000_TXD_CMD_EOP : 0;
	switch (draw_below(3)) {
	case 0:
		d.legacy.length = len;
		d.legacy.cmd = cmd;
		d.legacy.cso = draw_below(60);
		d.legacy.css = draw_below(60);
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
			.mss = 100 + draw_below(1400),
			.cmd_len = draw_below(9000) |
			    (uint32_t)(E1000_TXD_TUCMD_DEXT |
				E1000_TXD_TUCMD_TCP | E1000_TXD_TUCMD_IP |
				(draw64() &
				    (E1000_TXD_TUCMD_TSE | E1000_TXD_TUCMD_RS)))
				<< E1000_TXD_CMD_SHIFT,
		};
		memcpy(host_ram(h, RINGS + index * E1000_DESC_BYTES), &d, 16);
		return;
	}
	d.data.buffer_addr = draw_below(32) ? at : draw64();
	if (headers)
		put_headers(host_ram(h, at));
	memcpy(host_ram(h, RINGS + index * E1000_DESC_BYTES), &d, 16);
}

/* A segmentation: a context, and data for it of one or more descriptors. */
static inline uint32_t
put_segmented(struct host *h, uint32_t tail)
{
	uint32_t at = BUFFERS + draw_below(BUFFERS_BYTES - 9000), rest, len,
		 cmd;
	uint32_t payload = 1 + draw_below(9000 - 54);
	union e1000_tx_any_desc d = { .context = {
					  .ipcss = 14,
					  .ipcso = 24,
					  .ipcse = 33,
					  .tucss = 34,
					  .tucso = 50,
					  .hdr_len = 54,
					  .mss = 50 + draw_below(1400),
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
		len = draw_below(2) ? rest : 1 + draw_below(rest);
		cmd = E1000_TXD_CMD_DEXT | E1000_TXD_CMD_TSE | E1000_TXD_CMD_RS;
		cmd |= draw64() & E1000_TXD_CMD_IDE;
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
	uint32_t descs = tx_descs(h), n = 1 + draw_below(6);
	uint32_t tail = host_read(h, E1000_TDT) % descs;
	bool endless = draw_below(6) == 0;

	if (draw_below(3) == 0) {
		tail = put_segmented(h, tail);
	} else {
		if (endless)
			n = descs - 1;
		for (; n > 0; n--, tail = (tail + 1) % descs)
			put_descriptor(h, tail, draw_below(2),
			    !endless && draw_below(6));
	}
	/* Sometimes without the last one: the packet stays in progress. */
	if (draw_below(8) == 0)
		tail = (tail + descs - 1) % descs;
	host_write(h, E1000_TDT, tail);
}

static inline unsigned int
op_receive(struct host *h)
{
	static uint8_t bytes[8][9000];
	struct e82540_frame frame[8];
	unsigned int n = 1 + draw_below(8), i, j;
	uint64_t fill;

	for (i = 0; i < n; i++) {
		fill = draw64();
		for (j = 0; j < sizeof(bytes[i]); j++)
			bytes[i][j] = fill >> j % 8 * 8;
		frame[i].data = bytes[i];
		frame[i].len_bytes = draw_below(8) ? 60 + draw_below(1455) :
						     14 + draw_below(8987);
		frame[i].flags = draw_below(2);
		put_headers(bytes[i]);
		switch (draw_below(8)) {
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
			if (draw_below(4) != 0)
				break;
			memcpy(bytes[i], "\x01\x80\xc2\x00\x00\x01", 6);
			memcpy(bytes[i] + 12, "\x88\x08\x00\x01\x00", 5);
			bytes[i][16] = draw_below(2) ? draw_below(256) : 0;
			bytes[i][17] = draw_below(64);
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
op_refill(struct host *h)
{
	uint32_t ring = RINGS + RING_DESCS * E1000_DESC_BYTES, i;
	struct e1000_rx_desc d = { .status = 0 };

	for (i = 0; i < RING_DESCS; i++) {
		d.buffer_addr = BUFFERS + BUFFERS_BYTES + i * 0x2000;
		if (draw_below(64) == 0)
			d.buffer_addr = draw64();
		memcpy(host_ram(h, ring + i * E1000_DESC_BYTES), &d, 16);
	}
	host_write(h, E1000_RDT,
	    (host_read(h, E1000_RDT) + draw_below(12)) % RING_DESCS);
}

static inline uint32_t
op_bit_bang(struct host *h)
{
	/* EWEN, WRITE, READ; the rest of the address follows, and data. */
	static const uint8_t command[] = { 0x98, 0xA0, 0xC0 };
	uint32_t bits =
	    (uint32_t)command[draw_below(3)] << 24 | draw_below(1u << 24);
	uint32_t base = E1000_EECD_REQ | E1000_EECD_CS, seen = 0;
	unsigned int i;

	if (draw_below(4) == 0)
		host_write(h, E1000_EERD,
		    E1000_EERD_START | draw_below(64) << E1000_EERD_ADDR_SHIFT);
	if (draw_below(2))
		host_write(h, E1000_EECD, E1000_EECD_REQ);
	for (i = draw_below(30); i > 0; i--, bits <<= 1) {
		base &= ~E1000_EECD_DI;
		base |= bits >> 31 ? E1000_EECD_DI : 0;
		host_write(h, E1000_EECD, base);
		host_write(h, E1000_EECD, base | E1000_EECD_SK);
		seen = seen << 1 ^ host_read(h, E1000_EECD);
	}
	return seen;
}

static inline uint32_t
op_phy(struct host *h)
{
	uint32_t reg = draw_below(32), data = draw64() & 0xFFFF;

	if (reg == E1000_PHY_CTRL)
		data &= draw_below(8) ? 0x3340 : 0xFFFF;
	if (reg == 29)			/* a page that there is */
		data = draw_below(32);
	host_write(h, E1000_MDIC,
	    data | reg << E1000_MDIC_REG_SHIFT |
		E1000_PHY_ADDR << E1000_MDIC_PHY_SHIFT |
		(draw_below(2) ? E1000_MDIC_OP_WRITE : E1000_MDIC_OP_READ) |
		(draw64() & E1000_MDIC_I));
	return host_read(h, E1000_MDIC);
}

static inline uint32_t
op_pci(struct host *h)
{
	uint32_t offset = draw_below(256), size = 1u << draw_below(3);
	uint32_t value = draw64();

	offset &= ~(size - 1);
	switch (draw_below(8)) {
	case 0:				/* MSI on, or off */
		offset = 0xF2;
		size = 2;
		value &= 0x71;
		break;
	case 1:				/* D0 or D3 */
		offset = 0xE0;
		size = 2;
		value = (value & 0x8100) | (draw_below(4) ? 0 : 3);
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
op_io(struct host *h)
{
	uint32_t reg = any_register(), value = draw_sparse();

	if (reg == E1000_CTRL)
		value &= ~E1000_CTRL_RST;
	e82540_io_write(h->dev, h->now_ns, 0, 4, reg);
	if (draw_below(2))
		e82540_io_write(h->dev, h->now_ns, 4, 4, value);
	return e82540_io_read(h->dev, h->now_ns, 4, 4);
}

static inline uint32_t
op_perform(struct host *h, enum verb verb)
{
	switch (verb) {
	case SETUP:
		op_setup(h);
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
		return op_receive(h);
	case REFILL:
		op_refill(h);
		return 0;
	case WAIT:
		host_advance(h, draw_below(1u << draw_below(25)));
		return 0;
	case ACKNOWLEDGE:
		return host_read(h, E1000_ICR);
	case TUNE:
		op_tune(h);
		return 0;
	case BIT_BANG:
		return op_bit_bang(h);
	case PHY:
		return op_phy(h);
	case PCI:
		return op_pci(h);
	case CABLE:
		e82540_link_set(h->dev, h->now_ns, draw_below(4));
		return 0;
	case MODERATION:
		e82540_moderation_set(h->dev, h->now_ns, draw_below(4));
		return 0;
	case IO:
		return op_io(h);
	case RESUME:
		h->room = draw_below(4) ? draw_below(20) : UINT32_MAX;
		e82540_tx_resume(h->dev, h->now_ns);
		return 0;
	case TRANSMIT:
		return e82540_transmit(h->dev, h->now_ns);
	default:
		e82540_reset(h->dev, h->now_ns);
		return 0;
	}
}

/* op_apply: returns what the operation returns to the guest, or the host. */
static inline uint32_t
op_apply(struct host *h, struct operation o)
{
	uint64_t chance = state;
	uint32_t told;

	state = o.seed;
	told = op_perform(h, o.verb);
	state = chance;
	return told;
}

/* ------------------------------------------------------------------ hosts */

static inline size_t
host_save(struct host *h, uint8_t *buf)
{
	int64_t len = e82540_save(h->dev, h->now_ns, buf, SNAPSHOT_MAX);

	assert_in_range(len, 1, SNAPSHOT_MAX);
	return len;
}

/* A host of some kind, the same for the same number. */
static inline struct host *
snapshot_host_new(unsigned int kind, uint64_t now_ns)
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
host_forget(struct host *h)
{
	h->packets = h->edges = h->msis = h->kicks = h->rx_readies = 0;
}

#endif
