/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts: causes, mask, line; and, with QEMU's clock standing still until
 * told, when the line comes up.
 */
#include <stdio.h>
#include <string.h>

#include "diff.h"

#define US_NS		1000ull
#define TOLERANCE_NS	(2 * US_NS)	/* of one device against the other */

static void
script_causes(struct pair *p)
{
	static const uint32_t icr[] = { E1000_ICR_TXDW, E1000_ICR_TXQE,
		E1000_ICR_LSC, E1000_ICR_RXDMT0, E1000_ICR_RXO, E1000_ICR_RXT0,
		E1000_ICR_MDAC, E1000_ICR_GPI2, E1000_ICR_TXD_LOW,
		E1000_ICR_SRPD };
	unsigned int i;

	both_write(p, E1000_ITR, 0);
	for (i = 0; i < sizeof(icr) / sizeof(icr[0]); i++) {
		both_write(p, E1000_ICS, icr[i]);
		both_clock(p, SETTLE_NS);
		both_line(p, "masked");
		both_write(p, E1000_IMS, icr[i]);
		both_clock(p, SETTLE_NS);
		both_line(p, "unmasked");
		both_write(p, E1000_IMC, icr[i]);
		both_clock(p, SETTLE_NS);
		both_line(p, "masked-again");
		both_write(p, E1000_IMS, icr[i]);
		both_clock(p, SETTLE_NS);
		both_read(p, "ICR", E1000_ICR);
		both_line(p, "read");
		both_read(p, "ICR-again", E1000_ICR);
		both_write(p, E1000_IMC, ~0u);
	}
	both_write(p, E1000_ICS, ~0u);
	both_read(p, "ICR-all", E1000_ICR);
	both_write(p, E1000_IMS, ~0u);
	both_read(p, "IMS-all", E1000_IMS);
	both_write(p, E1000_IMC, ~0u);
}

static void
script_acknowledge(struct pair *p)
{
	both_write(p, E1000_IMS, E1000_ICR_RXT0 | E1000_ICR_TXDW);
	both_write(p, E1000_ICS,
	    E1000_ICR_RXT0 | E1000_ICR_TXDW | E1000_ICR_LSC);
	both_clock(p, SETTLE_NS);
	both_line(p, "set");
	/* A 1 written clears (13.4.17). */
	both_write(p, E1000_ICR, E1000_ICR_RXT0);
	both_clock(p, SETTLE_NS);
	both_line(p, "one-left");
	both_write(p, E1000_ICR, E1000_ICR_TXDW);
	both_clock(p, SETTLE_NS);
	both_line(p, "none-left");
	both_read(p, "ICR", E1000_ICR);
	both_read(p, "ICS", E1000_ICS);
	both_read(p, "IMC", E1000_IMC);
	/* With every cause masked a read clears, too. */
	both_write(p, E1000_IMC, ~0u);
	both_write(p, E1000_ICS, E1000_ICR_LSC);
	both_read(p, "ICR-masked", E1000_ICR);
	both_read(p, "ICR-masked-again", E1000_ICR);
	/* Interrupt Disable of PCI's command register. */
	both_write(p, E1000_IMS, E1000_ICR_LSC);
	both_write(p, E1000_ICS, E1000_ICR_LSC);
	both_clock(p, SETTLE_NS);
	both_line(p, "before-disable");
}

/* Second event at once after the first was acknowledged. */
static void
itr_twice(struct pair *p, const char *name, uint32_t itr)
{
	char what[48];

	both_write(p, E1000_ITR, itr);
	both_write(p, E1000_IMS, E1000_ICR_RXO);
	both_clock(p, SETTLE_NS);
	both_write(p, E1000_ICS, E1000_ICR_RXO);
	snprintf(what, sizeof(what), "%s.first", name);
	both_wait(p, what, 512 * US_NS, TOLERANCE_NS);
	both_peek(p, E1000_ICR);
	both_clock(p, SETTLE_NS);
	both_write(p, E1000_ICS, E1000_ICR_RXO);
	both_peek(p, E1000_ICR);
	both_write(p, E1000_ICS, E1000_ICR_RXO);
	snprintf(what, sizeof(what), "%s.second", name);
	both_wait(p, what, 20480 * US_NS, TOLERANCE_NS);
	both_peek(p, E1000_ICR);
}

static void
script_itr(struct pair *p)
{
	itr_twice(p, "ITR-0", 0);
	itr_twice(p, "ITR-100", 100);
	itr_twice(p, "ITR-500", 500);
	itr_twice(p, "ITR-1000", 1000);
	itr_twice(p, "ITR-10000", 10000);
	itr_twice(p, "ITR-65535", 65535);
}

/* Receive: RDTR, RADV, one packet or four, 20 us apart. */
static void
receive_delay(struct pair *p, uint32_t rdtr, uint32_t radv, unsigned int n)
{
	uint8_t frame[64];
	char name[48];
	unsigned int i;

	both_write(p, E1000_RDTR, rdtr);
	both_write(p, E1000_RADV, radv);
	both_clock(p, 100 * MS);
	both_peek(p, E1000_ICR);
	for (i = 0; i < n; i++) {
		both_frame(p, frame,
		    frame_build(frame, "52:54:00:12:34:56", 64, i));
		if (i + 1 < n)
			both_clock(p, 20 * US_NS);
	}
	snprintf(name, sizeof(name), "RDTR-%u-RADV-%u-%u", rdtr, radv, n);
	both_wait(p, name, 2048 * US_NS, TOLERANCE_NS);
	both_peek(p, E1000_ICR);
}

static void
script_rx_delay(struct pair *p)
{
	rx_setup(p, 64, 63, 2048, 0);
	both_write(p, E1000_ITR, 0);
	both_write(p, E1000_IMS, E1000_ICR_RXT0);
	receive_delay(p, 0, 0, 1);
	receive_delay(p, 100, 0, 1);
	receive_delay(p, 100, 0, 4);
	receive_delay(p, 100, 110, 4);
	receive_delay(p, 0, 100, 1);
}

static void
send_delay(struct pair *p, uint8_t ide, uint32_t tidv, uint32_t tadv,
    unsigned int n, unsigned int *next)
{
	struct e1000_tx_desc d = { .buffer_addr = TX_BUFFER,
		.length = 100,
		.cmd = E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS |
		    E1000_TXD_CMD_RS | ide };
	char name[48];
	unsigned int i;

	both_write(p, E1000_TIDV, tidv);
	both_write(p, E1000_TADV, tadv);
	both_clock(p, 100 * MS);
	both_peek(p, E1000_ICR);
	for (i = 0; i < n; i++) {
		both_mem_write(p, TX_RING + *next * E1000_DESC_BYTES, &d,
		    sizeof(d));
		*next = (*next + 1) % 64;
		both_write(p, E1000_TDT, *next);
		if (i + 1 < n)
			both_clock(p, 20 * US_NS);
	}
	snprintf(name, sizeof(name), "%sTIDV-%u-TADV-%u-%u", ide ? "IDE-" : "",
	    tidv, tadv, n);
	both_wait(p, name, 2048 * US_NS, TOLERANCE_NS);
	both_peek(p, E1000_ICR);
	both_sent(p, "frames");
}

static void
script_tx_delay(struct pair *p)
{
	unsigned int next = 0;

	tx_setup(p, 64, 0);
	both_write(p, E1000_ITR, 0);
	both_write(p, E1000_IMS, E1000_ICR_TXDW);
	send_delay(p, 0, 100, 0, 1, &next);
	send_delay(p, E1000_TXD_CMD_IDE, 100, 0, 1, &next);
	send_delay(p, E1000_TXD_CMD_IDE, 100, 0, 4, &next);
	send_delay(p, E1000_TXD_CMD_IDE, 100, 110, 4, &next);
}

const struct script scripts_intr[] = {
	{ "causes", script_causes, false, false, false },
	{ "acknowledge", script_acknowledge, false, true, false },
	{ "itr", script_itr, true, false, false },
	{ "rx-delay", script_rx_delay, true, true, false },
	{ "tx-delay", script_tx_delay, true, true, false },
	{ NULL, NULL, false, false, false },
};
