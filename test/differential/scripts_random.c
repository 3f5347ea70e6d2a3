/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random traffic as a driver makes it: it varies all that a driver may vary.
 */
#include <stdio.h>
#include <string.h>

#include "diff.h"

static uint32_t
random_below(struct pair *p, uint32_t n)
{
	/* Numerical Recipes' 64-bit LCG; its high half. */
	p->seed = p->seed * 6364136223846793005ull + 1442695040888963407ull;
	return (p->seed >> 33) % n;
}

/* A packet in one to four legacy or data descriptors; returns the next. */
static unsigned int
packet_random(struct pair *p, unsigned int next, unsigned int descs)
{
	uint8_t frame[1514];
	union e1000_tx_any_desc d;
	uint32_t len = 60 + random_below(p, 1455), at = 0, n, address;
	unsigned int pieces = 1 + random_below(p, 4);
	bool extended = random_below(p, 2), rs = random_below(p, 4) != 0;
	uint8_t cmd;

	address = TX_BUFFER + next * 2048 + random_below(p, 64);
	frame_build(frame, "02:00:00:00:00:99", len, random_below(p, 1 << 30));
	both_mem_write(p, address, frame, len);
	for (; pieces > 0; pieces--) {
		n = pieces == 1 ? len - at :
		    1 + random_below(p, len - at - pieces);
		cmd =
		    (pieces == 1 ? E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS : 0) |
		    (rs ? E1000_TXD_CMD_RS : 0);
		memset(&d, 0, sizeof(d));
		d.legacy.buffer_addr = address + at;
		d.data.cmd_len = n | (uint32_t)cmd << E1000_TXD_CMD_SHIFT;
		if (extended)
			d.data.cmd_len |= (uint32_t)E1000_TXD_CMD_DEXT
				<< E1000_TXD_CMD_SHIFT |
			    E1000_TXD_DTYP_DATA << E1000_TXD_DTYP_SHIFT;
		both_mem_write(p, TX_RING + next * E1000_DESC_BYTES, &d,
		    sizeof(d));
		next = (next + 1) % descs;
		at += n;
	}
	return next;
}

static void
random_tx(struct pair *p)
{
	unsigned int descs = 8 * (1 + random_below(p, 8));
	unsigned int next = random_below(p, descs), round, i, n;

	tx_setup(p, descs, next);
	for (round = 0; round < 12; round++) {
		n = 1 + random_below(p, (descs - 1) / 4);
		for (i = 0; i < n; i++)
			next = packet_random(p, next, descs);
		both_write(p, E1000_TDT, next);
		both_clock(p, SETTLE_NS);
		both_sent(p, "sent");
		both_mem(p, "ring", TX_RING, descs * E1000_DESC_BYTES);
		both_read(p, "TDH", E1000_TDH);
		both_icr(p, "sent");
	}
	both_read(p, "TPT", E1000_TPT);
	both_read(p, "TOTL", E1000_TOTL);
}

static void
random_address(struct pair *p, char *to)
{
	static const char *const address[] = { "52:54:00:12:34:56",
		"ff:ff:ff:ff:ff:ff", "02:11:22:33:44:55", "02:11:22:33:44:56" };
	uint32_t pick = random_below(p, 6);

	if (pick < 4)
		memcpy(to, address[pick], 18);
	else
		snprintf(to, 18, "01:00:5e:%02x:%02x:%02x",
		    random_below(p, 128), random_below(p, 256),
		    random_below(p, 256));
}

static uint32_t
random_rctl(struct pair *p)
{
	static const uint32_t bit[] = { E1000_RCTL_UPE, E1000_RCTL_MPE,
		E1000_RCTL_BAM, E1000_RCTL_SECRC };
	uint32_t rctl = random_below(p, 4) << E1000_RCTL_MO_SHIFT;
	unsigned int i;

	rctl |= random_below(p, 3) << E1000_RCTL_RDMTS_SHIFT;
	for (i = 0; i < sizeof(bit) / sizeof(bit[0]); i++)
		if (random_below(p, 3) == 0)
			rctl |= bit[i];
	return rctl;
}

/* The kind of a frame's address, as a name for differences. */
static const char *
address_kind(const char *to)
{
	if (strcmp(to, "ff:ff:ff:ff:ff:ff") == 0)
		return "broadcast";
	if (strncmp(to, "01:", 3) == 0)
		return "multicast";
	return "unicast";
}

static void
random_rx(struct pair *p)
{
	static const uint32_t size[] = { 2048, 1024, 512, 256 };
	uint32_t which = random_below(p, 4);
	unsigned int descs = 8 * (4 + random_below(p, 8)), round;
	uint8_t frame[1514];
	char to[24];

	for (round = 0; round < E1000_MTA_COUNT; round++)
		both_write(p, E1000_MTA(round), random_below(p, 1u << 31));
	both_write(p, E1000_RAL(7), 0x33221102);
	both_write(p, E1000_RAH(7), E1000_RAH_AV | 0x5544);
	rx_setup(p, descs, descs - 1, size[which],
	    random_rctl(p) | which << E1000_RCTL_BSIZE_SHIFT);
	for (round = 0; round < 40; round++) {
		random_address(p, to);
		both_frame(p, frame,
		    frame_build(frame, to, 60 + random_below(p, 1455),
			random_below(p, 1 << 30)));
		both_clock(p, SETTLE_NS);
		rx_taken(p, address_kind(to));
		/* Hand back all but one; each has its own head. */
		qemu_write(p->qemu, E1000_RDT,
		    (p->rx.qemu_head + descs - 1) % descs);
		model_write(p->model, E1000_RDT,
		    (p->rx.model_head + descs - 1) % descs);
	}
}

/* Causes, mask and acknowledgement in any order. */
static void
random_intr(struct pair *p)
{
	static const uint32_t reg[] = { E1000_ICS, E1000_IMS, E1000_IMC,
		E1000_ICR };
	unsigned int round;

	for (round = 0; round < 60; round++) {
		both_write(p, reg[random_below(p, 4)],
		    random_below(p, E1000_ICR_MASK + 1) & E1000_ICR_MASK);
		both_clock(p, SETTLE_NS);
		both_line(p, "line");
		both_read(p, "IMS", E1000_IMS);
		if (random_below(p, 4) == 0)
			both_read(p, "ICR", E1000_ICR);
	}
}

const struct script scripts_random[] = {
	{ "random-tx", random_tx, false, true, false },
	{ "random-rx", random_rx, false, true, false },
	{ "random-intr", random_intr, false, true, false },
	{ NULL, NULL, false, false, false },
};
