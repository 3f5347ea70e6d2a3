/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receive: frames in, what gets through, what is written where.
 */
#include <stdio.h>
#include <string.h>

#include "diff.h"

#define US	"52:54:00:12:34:56"	/* test_mac */
#define STAT_SUMS \
	(E1000_RXD_STAT_IXSM | E1000_RXD_STAT_TCPCS | E1000_RXD_STAT_IPCS)
#define ERR_SUMS (E1000_RXD_ERR_TCPE | E1000_RXD_ERR_IPE)

/* A descriptor as a driver hands it over, its buffer filled with 0xee. */
static void
rx_refill(struct pair *p, unsigned int i)
{
	struct e1000_rx_desc d = { .buffer_addr =
				       RX_BUFFER + i * p->rx.buffer_bytes };
	uint8_t filler[16384];

	memset(filler, 0xee, sizeof(filler));
	both_mem_write(p, RX_RING + i * E1000_DESC_BYTES, &d, sizeof(d));
	both_mem_write(p, d.buffer_addr, filler, p->rx.buffer_bytes);
}

/* Descriptors up to `posted` are the device's; all have buffers. */
void
rx_setup(struct pair *p, unsigned int descs, unsigned int posted,
    uint32_t buffer_bytes, uint32_t rctl)
{
	unsigned int i;

	p->rx.descs = descs;
	p->rx.buffer_bytes = buffer_bytes;
	p->rx.qemu_head = p->rx.model_head = 0;
	for (i = 0; i < descs; i++)
		rx_refill(p, i);
	both_write(p, E1000_RCTL, 0);
	both_write(p, E1000_RDBAL, RX_RING);
	both_write(p, E1000_RDBAH, 0);
	both_write(p, E1000_RDLEN, descs * E1000_DESC_BYTES);
	both_write(p, E1000_RDH, 0);
	both_write(p, E1000_RDT, posted);
	both_write(p, E1000_RCTL, rctl | E1000_RCTL_EN);
	both_clock(p, RCTL_NS);
	both_peek(p, E1000_ICR);
}

static void
rctl_write(struct pair *p, uint32_t rctl)
{
	both_write(p, E1000_RCTL, rctl | E1000_RCTL_EN);
	both_clock(p, RCTL_NS);
}

/* How many bytes of descriptor i, of the model's, are CRC? */
static uint32_t
crc_bytes(struct pair *p, unsigned int i, const struct e1000_rx_desc *d)
{
	struct e1000_rx_desc next;

	if ((model_read(p->model, E1000_RCTL) & E1000_RCTL_SECRC) != 0)
		return 0;
	if ((d->status & E1000_RXD_STAT_EOP) != 0)
		return d->length < 4 ? d->length : 4;
	i = (i + 1) % p->rx.descs;
	model_mem_read(p->model, RX_RING + i * E1000_DESC_BYTES, &next,
	    sizeof(next));
	if ((next.status & E1000_RXD_STAT_EOP) != 0 && next.length < 4)
		return 4 - next.length;
	return 0;
}

/* QEMU's buffer qi against the model's mi. */
static void
buffer_compare(struct pair *p, unsigned int qi, unsigned int mi,
    const struct e1000_rx_desc *m)
{
	uint32_t bytes = p->rx.buffer_bytes, len = m->length, crc;
	uint32_t qat = RX_BUFFER + qi * bytes, mat = RX_BUFFER + mi * bytes;

	if (len > bytes)
		len = bytes;
	crc = crc_bytes(p, mi, m);
	both_mem_at(p, "crc", qat + len - crc, mat + len - crc, crc);
	both_mem_at(p, "data", qat, mat, len - crc);
	/* Bytes beyond the packet do not change. */
	both_mem_at(p, "beyond", qat + len, mat + len, bytes - len);
}

static void
desc_compare(struct pair *p, unsigned int qi, unsigned int mi)
{
	struct e1000_rx_desc q, m;

	qemu_mem_read(p->qemu, RX_RING + qi * E1000_DESC_BYTES, &q, sizeof(q));
	model_mem_read(p->model, RX_RING + mi * E1000_DESC_BYTES, &m,
	    sizeof(m));
	differ_number(p, "rxd.PIF", q.status & E1000_RXD_STAT_PIF,
	    m.status & E1000_RXD_STAT_PIF);
	differ_number(p, "rxd.sums", q.status & STAT_SUMS,
	    m.status & STAT_SUMS);
	q.status &= ~(STAT_SUMS | E1000_RXD_STAT_PIF);
	m.status &= ~(STAT_SUMS | E1000_RXD_STAT_PIF);
	differ_number(p, "rxd.status", q.status, m.status);
	differ_number(p, "rxd.errors", q.errors & ~ERR_SUMS,
	    m.errors & ~ERR_SUMS);
	differ_number(p, "rxd.sum-errors", q.errors & ERR_SUMS,
	    m.errors & ERR_SUMS);
	differ_number(p, "rxd.length", q.length, m.length);
	differ_number(p, "rxd.csum", q.csum, m.csum);
	differ_number(p, "rxd.special", q.special, m.special);
	buffer_compare(p, qi, mi, &m);
}

/* rx_taken: compare both heads, and the descriptors and buffers up to them. */
void
rx_taken(struct pair *p, const char *what)
{
	unsigned int descs = p->rx.descs;
	unsigned int q = qemu_read(p->qemu, E1000_RDH) % descs;
	unsigned int m = model_read(p->model, E1000_RDH) % descs;
	unsigned int qi = p->rx.qemu_head, mi = p->rx.model_head;
	unsigned int qn = (q + descs - qi) % descs;
	unsigned int mn = (m + descs - mi) % descs, i;
	char name[64];

	p->steps++;
	p->rx.qemu_head = q;
	p->rx.model_head = m;
	snprintf(name, sizeof(name), "%s.descs", what);
	if (qn != mn) {
		differ_number(p, name, qn, mn);
		both_peek(p, E1000_ICR);
	} else {
		for (i = 0; i < mn; i++)
			desc_compare(p, (qi + i) % descs, (mi + i) % descs);
		both_icr(p, what);
	}
	for (i = 0; i < qn || i < mn; i++) {
		rx_refill(p, (qi + i) % descs);
		rx_refill(p, (mi + i) % descs);
	}
}

/* A frame in; did it get through? */
static void
filter_try(struct pair *p, const char *what, const char *to, unsigned int len)
{
	uint8_t frame[2048];

	both_frame(p, frame, frame_build(frame, to, len, len));
	both_clock(p, SETTLE_NS);
	rx_taken(p, what);
}

static void
filter_tries(struct pair *p, const char *mode)
{
	static const struct {
		const char *name, *to;
	} frame[] = {
		{ "us", US },
		{ "other", "02:00:00:00:00:01" },
		{ "broadcast", "ff:ff:ff:ff:ff:ff" },
		{ "multicast", "01:00:5e:11:22:33" },
		{ "second", "02:11:22:33:44:55" },
	};
	char name[48];
	unsigned int i;

	for (i = 0; i < sizeof(frame) / sizeof(frame[0]); i++) {
		snprintf(name, sizeof(name), "%s-%s", mode, frame[i].name);
		filter_try(p, name, frame[i].to, 64);
	}
}

static void
script_rx_filter(struct pair *p)
{
	static const unsigned int shift[] = { 4, 3, 2, 0 };
	unsigned int mo;
	char name[24];

	rx_setup(p, 128, 127, 2048, 0);
	filter_tries(p, "none");
	rctl_write(p, E1000_RCTL_BAM);
	filter_tries(p, "BAM");
	rctl_write(p, E1000_RCTL_UPE);
	filter_tries(p, "UPE");
	rctl_write(p, E1000_RCTL_MPE);
	filter_tries(p, "MPE");
	both_write(p, E1000_RAL(5), 0x33221102);
	both_write(p, E1000_RAH(5), 0x5544);
	rctl_write(p, 0);
	filter_tries(p, "RA-invalid");
	both_write(p, E1000_RAH(5), E1000_RAH_AV | 0x5544);
	filter_tries(p, "RA");
	/* 01:00:5e:11:22:33: each of the four hashes by itself. */
	for (mo = 0; mo < 4; mo++) {
		uint32_t hash = 0x3322u >> shift[mo] & 0xfff;

		both_write(p, E1000_MTA(hash >> 5), 1u << (hash & 31));
		rctl_write(p, mo << E1000_RCTL_MO_SHIFT);
		snprintf(name, sizeof(name), "MTA-%u", mo);
		filter_tries(p, name);
		both_write(p, E1000_MTA(hash >> 5), 0);
		snprintf(name, sizeof(name), "MTA-%u-off", mo);
		filter_tries(p, name);
	}
}

static void
script_rx_size(struct pair *p)
{
	static const struct {
		uint32_t bits, bytes;
		unsigned int descs;
	} size[] = {
		{ E1000_RCTL_BSIZE_256, 256, 64 },
		{ E1000_RCTL_BSIZE_512, 512, 64 },
		{ E1000_RCTL_BSIZE_1024, 1024, 64 },
		{ E1000_RCTL_BSIZE_2048, 2048, 64 },
		{ E1000_RCTL_BSIZE_4096, 4096, 16 },
		{ E1000_RCTL_BSIZE_8192, 8192, 16 },
		{ E1000_RCTL_BSIZE_16384, 16384, 16 },
	};
	static const unsigned int len[] = { 60, 252, 253, 256, 257, 508, 509,
		1020, 1021, 1514 };
	unsigned int i, j;
	char name[32];

	for (i = 0; i < sizeof(size) / sizeof(size[0]); i++) {
		rx_setup(p, size[i].descs, size[i].descs - 1, size[i].bytes,
		    size[i].bits);
		for (j = 0; j < sizeof(len) / sizeof(len[0]); j++) {
			snprintf(name, sizeof(name), "%u-%u", size[i].bytes,
			    len[j]);
			filter_try(p, name, US, len[j]);
		}
	}
}

static void
script_rx_secrc(struct pair *p)
{
	static const unsigned int len[] = { 60, 252, 256, 257, 512, 1514 };
	unsigned int i;

	rx_setup(p, 64, 63, 256, E1000_RCTL_BSIZE_256 | E1000_RCTL_SECRC);
	for (i = 0; i < sizeof(len) / sizeof(len[0]); i++)
		filter_try(p, "strip", US, len[i]);
}

/* Too long, and LPE; too short. */
static void
script_rx_long(struct pair *p)
{
	static uint8_t frame[16384];
	static const unsigned int len[] = { 1518, 1519, 4000, 9000, 16000,
		16380 };
	unsigned int i, lpe;
	char name[32];

	for (lpe = 0; lpe < 2; lpe++) {
		rx_setup(p, 64, 63, 2048, lpe * E1000_RCTL_LPE);
		for (i = 0; i < sizeof(len) / sizeof(len[0]); i++) {
			both_frame(p, frame, frame_build(frame, US, len[i], 9));
			both_clock(p, SETTLE_NS);
			snprintf(name, sizeof(name), "%s-%u",
			    lpe ? "LPE" : "no-LPE", len[i]);
			rx_taken(p, name);
		}
		both_read(p, lpe ? "LPE.ROC" : "no-LPE.ROC", E1000_ROC);
	}
}

static void
put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v & 0xff;
}

/* A tagged frame of VLAN vid. */
static void
tagged_frame(struct pair *p, const char *what, const char *to, uint16_t tci)
{
	uint8_t frame[128];

	frame_build(frame, to, 100, tci);
	put16(frame + 12, E1000_VET_8021Q);
	put16(frame + 14, tci);
	put16(frame + 16, 0x88b5);
	both_frame(p, frame, 100);
	both_clock(p, SETTLE_NS);
	rx_taken(p, what);
}

static void
script_rx_vlan(struct pair *p)
{
	both_write(p, E1000_VET, E1000_VET_8021Q);
	rx_setup(p, 32, 31, 2048, 0);
	tagged_frame(p, "plain", US, 0x6123);
	both_write(p, E1000_CTRL, E1000_CTRL_SLU | E1000_CTRL_VME);
	tagged_frame(p, "VME", US, 0x6123);
	filter_try(p, "VME-untagged", US, 64);
	both_write(p, E1000_VFTA(0x123 >> 5), 1u << (0x123 & 31));
	rctl_write(p, E1000_RCTL_VFE);
	tagged_frame(p, "VFE-in", US, 0x6123);
	tagged_frame(p, "VFE-out", US, 0x6124);
	filter_try(p, "VFE-untagged", US, 64);
	rctl_write(p, E1000_RCTL_VFE | E1000_RCTL_UPE);
	tagged_frame(p, "UPE-out", "02:00:00:00:00:01", 0x6124);
	rctl_write(p, E1000_RCTL_VFE | E1000_RCTL_CFIEN);
	tagged_frame(p, "CFI-0", US, 0x0123);
	tagged_frame(p, "CFI-1", US, 0x1123);
	both_write(p, E1000_CTRL, E1000_CTRL_SLU);
	rctl_write(p, E1000_RCTL_VFE);
	tagged_frame(p, "no-VME-VFE-out", US, 0x6124);
}

/* IPv4, TCP and UDP, right and wrong sums; the packet checksum. */
static void
script_rx_checksum(struct pair *p)
{
	static const uint8_t ip[] = { 0x45, 0x00, 0x00, 0x32, 0x00, 0x01, 0x00,
		0x00, 0x40, 0x11, 0x66, 0xb8, 0x0a, 0x00, 0x00, 0x01, 0x0a,
		0x00, 0x00, 0x02, 0x00, 0x07, 0x00, 0x09, 0x00, 0x1e, 0x00,
		0x00 };
	uint8_t frame[64];

	rx_setup(p, 16, 15, 2048, 0);
	frame_build(frame, US, 64, 11);
	put16(frame + 12, 0x0800);
	memcpy(frame + 14, ip, sizeof(ip));
	both_frame(p, frame, 64);
	frame[24] ^= 1;
	both_frame(p, frame, 64);
	both_write(p, E1000_RXCSUM,
	    E1000_RXCSUM_IPOFL | E1000_RXCSUM_TUOFL | 14);
	both_frame(p, frame, 64);
	frame[24] ^= 1;
	both_frame(p, frame, 64);
	both_clock(p, SETTLE_NS);
	rx_taken(p, "sums");
}

/* Ring full: frames wait, and come when there is room; in order. */
static void
script_rx_full(struct pair *p)
{
	uint8_t frame[128];
	unsigned int i;

	rx_setup(p, 8, 3, 2048, 0);
	for (i = 0; i < 3; i++)
		both_frame(p, frame, frame_build(frame, US, 70 + i, i));
	both_clock(p, SETTLE_NS);
	rx_taken(p, "full");
	both_frame(p, frame, frame_build(frame, US, 80, 3));
	both_clock(p, SETTLE_NS);
	rx_taken(p, "more");
	both_write(p, E1000_RDT, 6);
	both_clock(p, SETTLE_NS);
	rx_taken(p, "room");
	both_read(p, "RNBC", E1000_RNBC);
	both_read(p, "MPC", E1000_MPC);
}

/* Not enough for one packet. */
static void
script_rx_short_ring(struct pair *p)
{
	uint8_t frame[1024];

	rx_setup(p, 8, 2, 256, E1000_RCTL_BSIZE_256);
	both_frame(p, frame, frame_build(frame, US, 1000, 1));
	both_clock(p, SETTLE_NS);
	rx_taken(p, "big");
	both_write(p, E1000_RDT, 7);
	both_clock(p, SETTLE_NS);
	rx_taken(p, "room");
	both_read(p, "RNBC", E1000_RNBC);
	both_read(p, "MPC", E1000_MPC);
}

/* A frame that the whole ring cannot take, and one that it can. */
static void
script_rx_too_big(struct pair *p)
{
	static uint8_t frame[9014];

	rx_setup(p, 8, 7, 1024, E1000_RCTL_BSIZE_1024 | E1000_RCTL_LPE);
	both_frame(p, frame, frame_build(frame, US, sizeof(frame), 1));
	both_clock(p, SETTLE_NS);
	rx_taken(p, "big");
	filter_try(p, "small", US, 100);
	both_read(p, "RNBC", E1000_RNBC);
	both_read(p, "MPC", E1000_MPC);
}

/* RDT = N, beyond the last descriptor, and it stays there. */
static void
script_rx_tail_beyond(struct pair *p)
{
	unsigned int i;

	rx_setup(p, 8, 8, 2048, 0);
	for (i = 0; i < 20; i++)
		filter_try(p, "frame", US, 100);
	both_read(p, "RDH", E1000_RDH);
	both_read(p, "RDT", E1000_RDT);
}

/* Four descriptors, which RDLEN cannot say (13.4.27). */
static void
script_rx_tiny_ring(struct pair *p)
{
	rx_setup(p, 4, 3, 2048, 0);
	both_read(p, "RDLEN", E1000_RDLEN);
	filter_try(p, "frame", US, 100);
}

static void
script_rx_rxdmt0(struct pair *p)
{
	unsigned int rdmts, i;
	char name[32];

	for (rdmts = 0; rdmts < 3; rdmts++) {
		rx_setup(p, 16, 15, 2048, rdmts << E1000_RCTL_RDMTS_SHIFT);
		for (i = 0; i < 15; i++) {
			snprintf(name, sizeof(name), "%u-%u", rdmts, i);
			filter_try(p, name, US, 64);
		}
	}
}

static void
script_rx_null(struct pair *p)
{
	struct e1000_rx_desc d = { 0 };

	rx_setup(p, 8, 7, 2048, 0);
	both_mem_write(p, RX_RING, &d, sizeof(d));
	filter_try(p, "null", US, 64);
}

static void
script_rx_statistics(struct pair *p)
{
	static const struct {
		const char *name;
		uint32_t offset;
	} reg[] = {
		{ "GPRC", E1000_GPRC },
		{ "TPR", E1000_TPR },
		{ "GORCL", E1000_GORCL },
		{ "GORCH", E1000_GORCH },
		{ "TORL", E1000_TORL },
		{ "TORH", E1000_TORH },
		{ "PRC64", E1000_PRC64 },
		{ "PRC127", E1000_PRC127 },
		{ "PRC255", E1000_PRC255 },
		{ "PRC511", E1000_PRC511 },
		{ "PRC1023", E1000_PRC1023 },
		{ "PRC1522", E1000_PRC1522 },
		{ "MPRC", E1000_MPRC },
		{ "BPRC", E1000_BPRC },
		{ "RUC", E1000_RUC },
		{ "ROC", E1000_ROC },
		{ "GPRC-again", E1000_GPRC },
		{ "TORL-again", E1000_TORL },
	};
	static const unsigned int len[] = { 60, 61, 123, 124, 251, 252, 507,
		508, 1019, 1020, 1514 };
	uint8_t frame[1514];
	unsigned int i;

	rx_setup(p, 32, 31, 2048, E1000_RCTL_BAM | E1000_RCTL_MPE);
	for (i = 0; i < sizeof(len) / sizeof(len[0]); i++)
		both_frame(p, frame,
		    frame_build(frame,
			i % 3 == 0     ? US :
			    i % 3 == 1 ? "ff:ff:ff:ff:ff:ff" :
					 "01:00:5e:00:00:01",
			len[i], i));
	/* And one that is not for us. */
	both_frame(p, frame, frame_build(frame, "02:00:00:00:00:01", 64, 1));
	both_clock(p, SETTLE_NS);
	for (i = 0; i < sizeof(reg) / sizeof(reg[0]); i++)
		both_read(p, reg[i].name, reg[i].offset);
}

/* PHY loopback: what is sent comes back. */
static void
script_loopback(struct pair *p)
{
	struct e1000_tx_desc d = { .buffer_addr = TX_BUFFER,
		.length = 100,
		.cmd =
		    E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS | E1000_TXD_CMD_RS };
	uint8_t frame[128];

	rx_setup(p, 8, 7, 2048, 0);
	tx_setup(p, 8, 0);
	both_write(p, E1000_MDIC,
	    E1000_MDIC_OP_WRITE | E1000_PHY_ADDR << E1000_MDIC_PHY_SHIFT |
		E1000_PHY_CTRL_LOOPBACK | E1000_PHY_CTRL_FD |
		E1000_PHY_CTRL_SPEED_MSB);
	both_mem_write(p, TX_BUFFER, frame, frame_build(frame, US, 100, 1));
	both_mem_write(p, TX_RING, &d, sizeof(d));
	both_write(p, E1000_TDT, 1);
	both_clock(p, SETTLE_NS);
	both_sent(p, "wire");
	rx_taken(p, "back");
}

const struct script scripts_rx[] = {
	{ "rx-filter", script_rx_filter, false, true, false },
	{ "rx-size", script_rx_size, false, true, false },
	{ "rx-secrc", script_rx_secrc, false, true, false },
	{ "rx-long", script_rx_long, false, true, false },
	{ "rx-vlan", script_rx_vlan, false, true, false },
	{ "rx-checksum", script_rx_checksum, false, true, false },
	{ "rx-full", script_rx_full, false, true, false },
	{ "rx-short-ring", script_rx_short_ring, false, true, false },
	{ "rx-too-big", script_rx_too_big, false, true, false },
	{ "rx-tail-beyond", script_rx_tail_beyond, false, true, false },
	{ "rx-tiny-ring", script_rx_tiny_ring, false, true, false },
	{ "rx-rxdmt0", script_rx_rxdmt0, false, true, false },
	{ "rx-null", script_rx_null, false, true, false },
	{ "rx-statistics", script_rx_statistics, false, true, false },
	{ "loopback", script_loopback, false, true, false },
	{ NULL, NULL, false, false, false },
};
