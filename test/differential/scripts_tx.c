/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transmit: descriptors in, frames out, what is written back.
 */
#include <stdio.h>
#include <string.h>

#include "diff.h"

#define DESCS	16u

/* A transmit ring, and where the next descriptor goes. */
struct ring {
	struct pair *p;
	unsigned int descs;
	unsigned int next;
};

void
tx_setup(struct pair *p, unsigned int descs, unsigned int first)
{
	static const uint8_t zeros[4096];

	both_mem_write(p, TX_RING, zeros, descs * E1000_DESC_BYTES);
	both_write(p, E1000_TCTL, 0);
	both_write(p, E1000_TDBAL, TX_RING);
	both_write(p, E1000_TDBAH, 0);
	both_write(p, E1000_TDLEN, descs * E1000_DESC_BYTES);
	both_write(p, E1000_TDH, first);
	both_write(p, E1000_TDT, first);
	both_write(p, E1000_TCTL,
	    E1000_TCTL_EN | E1000_TCTL_CT_DEFAULT | E1000_TCTL_COLD_FD);
	both_peek(p, E1000_ICR);
}

uint32_t
frame_build(uint8_t *frame, const char *to, unsigned int len, uint32_t seed)
{
	static const uint8_t from[] = { 0x02, 0, 0, 0, 0, 0x77 };
	unsigned int i, byte;

	for (i = 0; i < 6; i++) {
		sscanf(to + 3 * i, "%2x", &byte);
		frame[i] = byte;
	}
	memcpy(frame + 6, from, sizeof(from));
	frame[12] = 0x88;	/* IEEE 802 local experimental EtherType */
	frame[13] = 0xb5;
	for (i = 14; i < len; i++) {
		seed = seed * 1664525u + 1013904223u;
		frame[i] = seed >> 24;
	}
	return len;
}

static void
ring_put(struct ring *r, const union e1000_tx_any_desc *desc)
{
	both_mem_write(r->p, TX_RING + r->next * E1000_DESC_BYTES, desc,
	    sizeof(*desc));
	r->next = (r->next + 1) % r->descs;
}

static void
put_legacy(struct ring *r, uint32_t address, uint16_t len, uint8_t cmd,
    uint8_t css, uint8_t cso, uint16_t special)
{
	union e1000_tx_any_desc d = { .legacy = { .buffer_addr = address,
					  .length = len,
					  .cso = cso,
					  .cmd = cmd,
					  .css = css,
					  .special = special } };

	ring_put(r, &d);
}

static void
put_data(struct ring *r, uint32_t address, uint32_t len, uint8_t cmd,
    uint8_t popts, uint16_t special)
{
	union e1000_tx_any_desc d = {
		.data = { .buffer_addr = address,
		    .cmd_len = len |
			E1000_TXD_DTYP_DATA << E1000_TXD_DTYP_SHIFT |
			(uint32_t)(cmd | E1000_TXD_CMD_DEXT)
			    << E1000_TXD_CMD_SHIFT,
		    .popts = popts,
		    .special = special }
	};

	ring_put(r, &d);
}

/* Headers: Ethernet 14, IP `ip` bytes, then TCP or UDP `l4` bytes. */
static void
put_context(struct ring *r, uint8_t cmd, unsigned int ip, unsigned int l4,
    uint32_t payload, uint16_t mss)
{
	bool tcp = (cmd & E1000_TXD_TUCMD_TCP) != 0;
	union e1000_tx_any_desc d = {
		.context = { .ipcss = 14,
		    .ipcso = 24,
		    .ipcse = 14 + ip - 1,
		    .tucss = 14 + ip,
		    .tucso = 14 + ip + (tcp ? 16 : 6),
		    .tucse = 0,
		    .cmd_len = payload |
			E1000_TXD_DTYP_CONTEXT << E1000_TXD_DTYP_SHIFT |
			(uint32_t)(cmd | E1000_TXD_TUCMD_DEXT)
			    << E1000_TXD_CMD_SHIFT,
		    .hdr_len = 14 + ip + l4,
		    .mss = mss }
	};

	ring_put(r, &d);
}

/* Give QEMU the ring as the model left it, so as to tell a difference once. */
static void
ring_same(struct ring *r)
{
	uint8_t ring[4096];

	model_mem_read(r->p->model, TX_RING, ring, r->descs * E1000_DESC_BYTES);
	qemu_mem_write(r->p->qemu, TX_RING, ring, r->descs * E1000_DESC_BYTES);
}

/* Ring the doorbell; compare frames, ring, head, causes. */
static void
ring_go(struct ring *r, const char *what)
{
	char name[64];

	both_write(r->p, E1000_TDT, r->next);
	both_clock(r->p, SETTLE_NS);
	both_sent(r->p, what);
	snprintf(name, sizeof(name), "%s.ring", what);
	both_mem(r->p, name, TX_RING, r->descs * E1000_DESC_BYTES);
	ring_same(r);
	snprintf(name, sizeof(name), "%s.TDH", what);
	both_read(r->p, name, E1000_TDH);
	both_icr(r->p, what);
}

static void
frame_write(struct pair *p, uint32_t address, unsigned int len, uint32_t seed)
{
	uint8_t frame[16384];

	frame_build(frame, "02:00:00:00:00:99", len, seed);
	both_mem_write(p, address, frame, len);
}

#define LAST	(E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS | E1000_TXD_CMD_RS)

static void
script_tx_legacy(struct pair *p)
{
	struct ring r = { p, DESCS, 0 };
	unsigned int len;
	char name[32];

	tx_setup(p, r.descs, 0);
	frame_write(p, TX_BUFFER, 2048, 1);
	for (len = 60; len <= 1514; len += 727) {
		put_legacy(&r, TX_BUFFER, len, LAST, 0, 0, 0);
		snprintf(name, sizeof(name), "length-%u", len);
		ring_go(&r, name);
	}
	put_legacy(&r, TX_BUFFER, 60, E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS, 0,
	    0, 0);
	ring_go(&r, "no-RS");
	put_legacy(&r, TX_BUFFER, 60, LAST | E1000_TXD_CMD_RPS, 0, 0, 0);
	ring_go(&r, "RPS");
	put_legacy(&r, TX_BUFFER, 60,
	    E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS | E1000_TXD_CMD_RPS, 0, 0,
	    0);
	ring_go(&r, "RPS-alone");
	put_legacy(&r, TX_BUFFER, 60, LAST | E1000_TXD_CMD_IDE, 0, 0, 0);
	ring_go(&r, "IDE");
	put_legacy(&r, TX_BUFFER, 60, E1000_TXD_CMD_EOP | E1000_TXD_CMD_RS, 0,
	    0, 0);
	ring_go(&r, "no-IFCS");
	/* A packet of three, and three packets of one. */
	put_legacy(&r, TX_BUFFER, 14, 0, 0, 0, 0);
	put_legacy(&r, TX_BUFFER + 14, 100, E1000_TXD_CMD_RS, 0, 0, 0);
	put_legacy(&r, TX_BUFFER + 114, 100, LAST, 0, 0, 0);
	ring_go(&r, "gather");
	put_legacy(&r, TX_BUFFER, 64, LAST, 0, 0, 0);
	put_legacy(&r, TX_BUFFER, 65, LAST, 0, 0, 0);
	put_legacy(&r, TX_BUFFER, 66, LAST, 0, 0, 0);
	ring_go(&r, "three");
	/* Checksum from byte 14 to byte 40. */
	put_legacy(&r, TX_BUFFER, 200, LAST | E1000_TXD_CMD_IC, 14, 40, 0);
	ring_go(&r, "checksum");
	put_legacy(&r, TX_BUFFER, 60, LAST | E1000_TXD_CMD_IC, 80, 40, 0);
	ring_go(&r, "checksum-from-beyond");
	put_legacy(&r, TX_BUFFER, 60, LAST | E1000_TXD_CMD_IC, 14, 80, 0);
	ring_go(&r, "checksum-to-beyond");
	both_write(p, E1000_TDT, r.next);
	ring_go(&r, "nothing-new");
}

static void
script_tx_short(struct pair *p)
{
	struct ring r = { p, DESCS, 0 };

	tx_setup(p, r.descs, 0);
	frame_write(p, TX_BUFFER, 2048, 2);
	put_legacy(&r, TX_BUFFER, 30, LAST, 0, 0, 0);
	ring_go(&r, "no-PSP");
	both_write(p, E1000_TCTL,
	    E1000_TCTL_EN | E1000_TCTL_PSP | E1000_TCTL_CT_DEFAULT |
		E1000_TCTL_COLD_FD);
	both_peek(p, E1000_ICR);
	put_legacy(&r, TX_BUFFER, 30, LAST, 0, 0, 0);
	ring_go(&r, "PSP");
	put_legacy(&r, TX_BUFFER, 30, 0, 0, 0, 0);
	put_legacy(&r, 0, 0, 0, 0, 0, 0);
	put_legacy(&r, TX_BUFFER + 30, 40, LAST, 0, 0, 0);
	ring_go(&r, "length-0-inside");
	put_legacy(&r, 0, 100, LAST, 0, 0, 0);
	ring_go(&r, "null-buffer");
	/* The last, as it stops QEMU's network for good. */
	put_legacy(&r, TX_BUFFER, 0, LAST, 0, 0, 0);
	ring_go(&r, "length-0");
}

static void
script_tx_wrap(struct pair *p)
{
	struct ring r = { p, 8, 6 };
	unsigned int i;
	char name[32];

	tx_setup(p, r.descs, 6);
	frame_write(p, TX_BUFFER, 2048, 3);
	for (i = 0; i < 20; i++) {
		put_legacy(&r, TX_BUFFER + i, 60 + i, LAST, 0, 0, 0);
		if (i % 3 == 2) {
			snprintf(name, sizeof(name), "wrap-%u", i);
			ring_go(&r, name);
		}
	}
	ring_go(&r, "end");
}

/* A packet's descriptors come by several doorbells. */
static void
script_tx_partial(struct pair *p)
{
	struct ring r = { p, DESCS, 0 };

	tx_setup(p, r.descs, 0);
	frame_write(p, TX_BUFFER, 2048, 4);
	put_legacy(&r, TX_BUFFER, 20, 0, 0, 0, 0);
	ring_go(&r, "first");
	put_legacy(&r, TX_BUFFER + 20, 40, E1000_TXD_CMD_RS, 0, 0, 0);
	ring_go(&r, "second");
	put_legacy(&r, TX_BUFFER + 60, 40, LAST, 0, 0, 0);
	ring_go(&r, "third");
	/* Disabled meanwhile. */
	both_write(p, E1000_TCTL, 0);
	put_legacy(&r, TX_BUFFER, 70, LAST, 0, 0, 0);
	ring_go(&r, "disabled");
	both_write(p, E1000_TCTL, E1000_TCTL_EN);
	ring_go(&r, "enabled");
}

static uint16_t
sum16(const uint8_t *p, unsigned int len, uint32_t sum)
{
	for (; len > 1; len -= 2, p += 2)
		sum += p[0] << 8 | p[1];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/*
 * An IPv4 or IPv6 packet as a driver prepares it: IP checksum 0, in TCP's or
 * UDP's the sum of the pseudo-header, with its length unless it is for TSO.
 * Returns the bytes of header.
 */
static unsigned int
ip_packet(uint8_t *frame, bool v6, bool tcp, unsigned int payload, bool tso)
{
	unsigned int ip = v6 ? 40 : 20, l4 = tcp ? 20 : 8, l4len;
	uint8_t *h = frame + 14, *t = h + ip;
	uint16_t sum;

	frame_build(frame, "02:00:00:00:00:99", 14 + ip + l4 + payload, 5);
	l4len = l4 + payload;
	frame[12] = v6 ? 0x86 : 0x08;
	frame[13] = v6 ? 0xdd : 0x00;
	h[0] = v6 ? 0x60 : 0x45;
	if (v6) {
		h[4] = l4len >> 8;
		h[5] = l4len & 0xff;
		h[6] = tcp ? 6 : 17;
	} else {
		h[1] = 0;
		h[2] = (ip + l4len) >> 8;
		h[3] = (ip + l4len) & 0xff;
		h[6] = h[7] = h[10] = h[11] = 0;
		h[9] = tcp ? 6 : 17;
	}
	sum = sum16(h + (v6 ? 8 : 12), v6 ? 32 : 8,
	    (tcp ? 6 : 17) + (tso ? 0 : l4len));
	if (tcp)
		t[12] = 0x50;
	else {
		t[4] = l4len >> 8;
		t[5] = l4len & 0xff;
	}
	t[tcp ? 16 : 6] = sum >> 8;
	t[tcp ? 17 : 7] = sum & 0xff;
	return 14 + ip + l4;
}

static uint8_t
context_tucmd(bool v6, bool tcp)
{
	return (v6 ? 0 : E1000_TXD_TUCMD_IP) | (tcp ? E1000_TXD_TUCMD_TCP : 0);
}

static void
script_tx_checksum(struct pair *p)
{
	const union e1000_tx_any_desc behind = {
		.context = { .tucss = 34,
		    .tucso = 50,
		    .tucse = 40,
		    .cmd_len = (uint32_t)E1000_TXD_TUCMD_DEXT
			<< E1000_TXD_CMD_SHIFT }
	};
	uint8_t frame[2048];
	struct ring r = { p, DESCS, 0 };
	unsigned int v6, tcp, hdr;
	char name[48];

	tx_setup(p, r.descs, 0);
	for (v6 = 0; v6 < 2; v6++) {
		for (tcp = 0; tcp < 2; tcp++) {
			hdr = ip_packet(frame, v6, tcp, 301, false);
			both_mem_write(p, TX_BUFFER, frame, hdr + 301);
			put_context(&r, context_tucmd(v6, tcp), v6 ? 40 : 20,
			    tcp ? 20 : 8, 0, 0);
			put_data(&r, TX_BUFFER, hdr + 301, LAST,
			    E1000_TXD_POPTS_TXSM |
				(v6 ? 0 : E1000_TXD_POPTS_IXSM),
			    0);
			snprintf(name, sizeof(name), "%s-%s",
			    v6 ? "ipv6" : "ipv4", tcp ? "tcp" : "udp");
			ring_go(&r, name);
		}
	}
	/* The same context again, in pieces, and IP's alone. */
	put_data(&r, TX_BUFFER, 33, 0, E1000_TXD_POPTS_TXSM, 0);
	put_data(&r, TX_BUFFER + 33, 200, 0, 0, 0);
	put_data(&r, TX_BUFFER + 233, 100, LAST, 0, 0);
	ring_go(&r, "pieces");
	put_data(&r, TX_BUFFER, 200, LAST, 0, 0);
	ring_go(&r, "no-options");
	hdr = ip_packet(frame, false, true, 100, false);
	both_mem_write(p, TX_BUFFER, frame, hdr + 100);
	put_context(&r, context_tucmd(false, true), 20, 20, 0, 0);
	put_data(&r, TX_BUFFER, hdr + 100, LAST, E1000_TXD_POPTS_IXSM, 0);
	ring_go(&r, "ip-alone");
	/* The sum of bytes 34 to 40, at 50, behind them. */
	ring_put(&r, &behind);
	put_data(&r, TX_BUFFER, hdr + 100, LAST, E1000_TXD_POPTS_TXSM, 0);
	ring_go(&r, "TUCSO-behind-TUCSE");
}

static void
script_tx_tso(struct pair *p)
{
	static uint8_t frame[16384];
	struct ring r = { p, DESCS, 0 };
	unsigned int v6, hdr, payload;
	char name[48];

	tx_setup(p, r.descs, 0);
	for (v6 = 0; v6 < 2; v6++) {
		for (payload = 900; payload < 6000; payload += 1700) {
			hdr = ip_packet(frame, v6, true, payload, true);
			frame[hdr - 7] = 0x19;	/* ACK, PSH, FIN */
			both_mem_write(p, TX_BUFFER, frame, hdr + payload);
			put_context(&r,
			    context_tucmd(v6, true) | E1000_TXD_TUCMD_TSE,
			    v6 ? 40 : 20, 20, payload, 1000);
			put_data(&r, TX_BUFFER, hdr, E1000_TXD_CMD_TSE,
			    E1000_TXD_POPTS_TXSM |
				(v6 ? 0 : E1000_TXD_POPTS_IXSM),
			    0);
			put_data(&r, TX_BUFFER + hdr, 777, E1000_TXD_CMD_TSE, 0,
			    0);
			put_data(&r, TX_BUFFER + hdr + 777, payload - 777,
			    LAST | E1000_TXD_CMD_TSE, 0, 0);
			snprintf(name, sizeof(name), "%s-%u",
			    v6 ? "ipv6" : "ipv4", payload);
			ring_go(&r, name);
		}
	}
	both_read(p, "TSCTC", E1000_TSCTC);
	both_read(p, "TSCTFC", E1000_TSCTFC);
	/* Header and data in one descriptor; UDP. */
	hdr = ip_packet(frame, false, true, 2500, true);
	both_mem_write(p, TX_BUFFER, frame, hdr + 2500);
	put_context(&r, context_tucmd(false, true) | E1000_TXD_TUCMD_TSE, 20,
	    20, 2500, 1460);
	put_data(&r, TX_BUFFER, hdr + 2500, LAST | E1000_TXD_CMD_TSE,
	    E1000_TXD_POPTS_TXSM | E1000_TXD_POPTS_IXSM, 0);
	ring_go(&r, "one-descriptor");
	hdr = ip_packet(frame, false, false, 2500, true);
	both_mem_write(p, TX_BUFFER, frame, hdr + 2500);
	put_context(&r, context_tucmd(false, false) | E1000_TXD_TUCMD_TSE, 20,
	    8, 2500, 1400);
	put_data(&r, TX_BUFFER, hdr + 2500, LAST | E1000_TXD_CMD_TSE,
	    E1000_TXD_POPTS_TXSM | E1000_TXD_POPTS_IXSM, 0);
	ring_go(&r, "udp");
}

static void
script_tx_vlan(struct pair *p)
{
	static uint8_t frame[4096];
	struct ring r = { p, DESCS, 0 };
	unsigned int hdr;

	tx_setup(p, r.descs, 0);
	frame_write(p, TX_BUFFER, 2048, 6);
	both_write(p, E1000_VET, E1000_VET_8021Q);
	put_legacy(&r, TX_BUFFER, 60, LAST | E1000_TXD_CMD_VLE, 0, 0, 0x6123);
	ring_go(&r, "VME-off");
	both_write(p, E1000_CTRL, E1000_CTRL_SLU | E1000_CTRL_VME);
	put_legacy(&r, TX_BUFFER, 60, LAST | E1000_TXD_CMD_VLE, 0, 0, 0x6123);
	ring_go(&r, "legacy");
	put_legacy(&r, TX_BUFFER, 60, LAST, 0, 0, 0x6123);
	ring_go(&r, "no-VLE");
	put_data(&r, TX_BUFFER, 60, LAST | E1000_TXD_CMD_VLE, 0, 0xf001);
	ring_go(&r, "data");
	hdr = ip_packet(frame, false, true, 2000, true);
	both_mem_write(p, TX_BUFFER, frame, hdr + 2000);
	put_context(&r, context_tucmd(false, true) | E1000_TXD_TUCMD_TSE, 20,
	    20, 2000, 1000);
	put_data(&r, TX_BUFFER, hdr + 2000,
	    LAST | E1000_TXD_CMD_TSE | E1000_TXD_CMD_VLE,
	    E1000_TXD_POPTS_TXSM | E1000_TXD_POPTS_IXSM, 7);
	ring_go(&r, "tso");
}

static void
script_tx_statistics(struct pair *p)
{
	static const struct {
		const char *name;
		uint32_t offset;
	} reg[] = {
		{ "GPTC", E1000_GPTC },
		{ "TPT", E1000_TPT },
		{ "GOTCL", E1000_GOTCL },
		{ "GOTCH", E1000_GOTCH },
		{ "TOTL", E1000_TOTL },
		{ "TOTH", E1000_TOTH },
		{ "PTC64", E1000_PTC64 },
		{ "PTC127", E1000_PTC127 },
		{ "PTC255", E1000_PTC255 },
		{ "PTC511", E1000_PTC511 },
		{ "PTC1023", E1000_PTC1023 },
		{ "PTC1522", E1000_PTC1522 },
		{ "MPTC", E1000_MPTC },
		{ "BPTC", E1000_BPTC },
		{ "GPTC-again", E1000_GPTC },
		{ "TOTL-again", E1000_TOTL },
	};
	static const unsigned int len[] = { 60, 61, 123, 124, 251, 252, 507,
		508, 1019, 1020, 1514 };
	struct ring r = { p, DESCS, 0 };
	uint8_t frame[1514];
	unsigned int i;

	tx_setup(p, r.descs, 0);
	for (i = 0; i < sizeof(len) / sizeof(len[0]); i++) {
		frame_build(frame,
		    i % 3 == 0     ? "02:00:00:00:00:99" :
			i % 3 == 1 ? "ff:ff:ff:ff:ff:ff" :
				     "01:00:5e:00:00:01",
		    len[i], i);
		both_mem_write(p, TX_BUFFER + i * 2048, frame, len[i]);
		put_legacy(&r, TX_BUFFER + i * 2048, len[i], LAST, 0, 0, 0);
	}
	ring_go(&r, "all");
	for (i = 0; i < sizeof(reg) / sizeof(reg[0]); i++)
		both_read(p, reg[i].name, reg[i].offset);
}

/* A ring of zeros is given to the chip; then a frame is put into it. */
static void
script_tx_zeros(struct pair *p)
{
	struct ring r = { p, 8, 0 };
	unsigned int i;

	tx_setup(p, r.descs, 0);
	frame_write(p, TX_BUFFER, 4096, 7);
	r.next = 7;
	ring_go(&r, "zeros");
	r.next = 0;
	put_legacy(&r, TX_BUFFER, 100, LAST, 0, 0, 0);
	ring_go(&r, "first");
	for (i = 0; i < 12; i++) {
		r.next = (r.next + i) % r.descs;
		ring_go(&r, "skip");
		put_legacy(&r, TX_BUFFER, 60 + i, LAST, 0, 0, 0);
		ring_go(&r, "frame");
		both_mem_write(p, TX_RING, (const uint8_t[128]){ 0 }, 128);
	}
}

/*
 * TDT outside of the ring: QEMU goes round once, ours to TDT modulo the ring's
 * length.  And rings of fewer than 8 descriptors: QEMU's TDLEN is then 0.
 */
static void
script_tx_outside(struct pair *p)
{
	struct ring r = { p, 8, 0 };
	unsigned int i;

	frame_write(p, TX_BUFFER, 4096, 7);
	tx_setup(p, r.descs, 0);
	for (i = 0; i < 8; i++)
		put_legacy(&r, TX_BUFFER, 60 + i, LAST, 0, 0, 0);
	r.next = 8;
	ring_go(&r, "whole");
	tx_setup(p, r.descs, 0);
	r.next = 0;
	put_legacy(&r, TX_BUFFER, 60, LAST, 0, 0, 0);
	put_legacy(&r, TX_BUFFER, 61, LAST, 0, 0, 0);
	r.next = 9;
	ring_go(&r, "beyond");
	/* One descriptor, given each time by TDT = 1. */
	r.descs = 1;
	tx_setup(p, r.descs, 0);
	for (i = 0; i < 3; i++) {
		r.next = 0;
		put_legacy(&r, TX_BUFFER, 60 + i, LAST, 0, 0, 0);
		r.next = 1;
		ring_go(&r, "one");
	}
	r.descs = 4;
	tx_setup(p, r.descs, 0);
	r.next = 0;
	for (i = 0; i < 4; i++) {
		put_legacy(&r, TX_BUFFER, 60 + i, LAST, 0, 0, 0);
		ring_go(&r, "four");
	}
}

/* Descriptors that a driver never makes. */
static void
script_tx_odd(struct pair *p)
{
	static const uint8_t zeros[16];
	struct ring r = { p, 8, 0 };

	tx_setup(p, r.descs, 0);
	frame_write(p, TX_BUFFER, 4096, 7);
	/* Data before any context descriptor. */
	put_data(&r, TX_BUFFER, 100, LAST, E1000_TXD_POPTS_TXSM, 0);
	ring_go(&r, "no-context");
	/* Kinds mixed in a packet. */
	put_legacy(&r, TX_BUFFER, 50, 0, 0, 0, 0);
	put_data(&r, TX_BUFFER + 50, 50, LAST, 0, 0);
	ring_go(&r, "mixed");
	put_context(&r, context_tucmd(false, true), 20, 20, 0, 0);
	ring_go(&r, "context-alone");
	put_legacy(&r, TX_BUFFER, 4000, LAST, 0, 0, 0);
	ring_go(&r, "long");
	/* A ring of length 0. */
	both_write(p, E1000_TDLEN, 0);
	both_write(p, E1000_TDH, 0);
	both_mem_write(p, TX_RING, zeros, sizeof(zeros));
	both_write(p, E1000_TDT, 1);
	both_sent(p, "no-ring");
	both_read(p, "no-ring.TDH", E1000_TDH);
}

const struct script scripts_tx[] = {
	{ "tx-legacy", script_tx_legacy, false, false, false },
	{ "tx-short", script_tx_short, false, true, false },
	{ "tx-wrap", script_tx_wrap, false, true, false },
	{ "tx-partial", script_tx_partial, false, true, false },
	{ "tx-checksum", script_tx_checksum, false, true, false },
	{ "tx-tso", script_tx_tso, false, true, false },
	{ "tx-vlan", script_tx_vlan, false, true, false },
	{ "tx-statistics", script_tx_statistics, false, true, false },
	{ "tx-zeros", script_tx_zeros, false, true, false },
	{ "tx-outside", script_tx_outside, false, true, false },
	{ "tx-odd", script_tx_odd, false, true, false },
	{ NULL, NULL, false, false, false },
};
