/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile guests: one test for each attack that has broken a model of this chip
 * before.  A test has the name of its CVE, if there is one.
 *
 * The comment of a test says what the guest does.  A test checks that the call
 * returns after a bounded amount of work, that the model counts what is wrong,
 * that memory which the guest did not offer does not change, and, in
 * hostile_finish(), that after a reset the device works.
 */
#include "host.h"

#define TX_RING		(HOST_RAM + 0x0000u)
#define RX_RING		(HOST_RAM + 0x8000u)
#define TX_BUF		(HOST_RAM + 0x10000u)
#define RX_BUF		(HOST_RAM + 0x40000u)
#define FILL		0xc3		/* in memory that must not change */

#define TSE		E1000_TXD_CMD_TSE
#define EOP		E1000_TXD_CMD_EOP
#define RS		E1000_TXD_CMD_RS
#define IFCS		E1000_TXD_CMD_IFCS

/* ---------------------------------------------------------------- tools */

/* Set a ring.  Both directions are off meanwhile, as the manual demands. */
static void
ring_set(struct host *h, uint32_t base_reg, uint64_t gpa, uint32_t len_bytes)
{
	uint32_t tctl = host_read(h, E1000_TCTL);
	uint32_t rctl = host_read(h, E1000_RCTL);

	host_write(h, E1000_TCTL, 0);
	host_write(h, E1000_RCTL, 0);
	host_write(h, base_reg, (uint32_t)gpa);
	host_write(h, base_reg + 4, (uint32_t)(gpa >> 32));
	host_write(h, base_reg + 8, len_bytes);
	host_write(h, base_reg + 0x10, 0);
	host_write(h, base_reg + 0x18, 0);
	host_write(h, E1000_TCTL, tctl);
	host_write(h, E1000_RCTL, rctl);
}

static void
both_enable(struct host *h, uint32_t rctl)
{
	host_write(h, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP);
	host_write(h, E1000_RCTL,
	    E1000_RCTL_EN | E1000_RCTL_UPE | E1000_RCTL_BAM | rctl);
}

/* A device with two rings of 64, everything on; all memory is FILL. */
static struct host *
hostile_start_on(enum e82540_chip chip, uint32_t rctl, bool kick)
{
	struct host *h = host_new(chip);

	if (kick)
		h->table.tx_kick = host_tx_kick;
	memset(h->ram, FILL, HOST_RAM_BYTES);
	host_power(h);
	host_write(h, E1000_CTRL, E1000_CTRL_SLU | E1000_CTRL_ASDE);
	ring_set(h, E1000_TDBAL, TX_RING, 64 * 16);
	ring_set(h, E1000_RDBAL, RX_RING, 64 * 16);
	host_write(h, E1000_IMS, E1000_ICR_MASK);
	both_enable(h, rctl);
	return h;
}

static struct host *
hostile_start(uint32_t rctl)
{
	return hostile_start_on(E82540_82540EM, rctl, false);
}

static void
put_legacy(struct host *h, unsigned int i, uint64_t gpa, uint16_t len,
    uint8_t cmd)
{
	struct e1000_tx_desc d = { .buffer_addr = gpa,
		.length = len,
		.cmd = cmd };

	memcpy(host_ram(h, TX_RING + i * 16), &d, 16);
}

static void
put_data(struct host *h, unsigned int i, uint64_t gpa, uint32_t len,
    uint8_t cmd)
{
	struct e1000_tx_data_desc d = { .buffer_addr = gpa,
		.cmd_len = len | E1000_TXD_DTYP_DATA << E1000_TXD_DTYP_SHIFT |
		    (uint32_t)(cmd | E1000_TXD_CMD_DEXT) << E1000_TXD_CMD_SHIFT,
		.popts = E1000_TXD_POPTS_IXSM | E1000_TXD_POPTS_TXSM };

	memcpy(host_ram(h, TX_RING + i * 16), &d, 16);
}

/* A context for TCP over IPv4 in Ethernet. */
static struct e1000_tx_context_desc
context_make(uint32_t payload, uint8_t hdr_len, uint16_t mss)
{
	return (struct e1000_tx_context_desc){ .ipcss = 14,
		.ipcso = 24,
		.ipcse = 33,
		.tucss = 34,
		.tucso = 50,
		.hdr_len = hdr_len,
		.mss = mss,
		.cmd_len = payload |
		    (uint32_t)(E1000_TXD_TUCMD_DEXT | E1000_TXD_TUCMD_TCP |
			E1000_TXD_TUCMD_IP | E1000_TXD_TUCMD_TSE)
			<< E1000_TXD_CMD_SHIFT };
}

static void
put_context(struct host *h, unsigned int i, uint32_t payload, uint8_t hdr_len,
    uint16_t mss)
{
	struct e1000_tx_context_desc d = context_make(payload, hdr_len, mss);

	memcpy(host_ram(h, TX_RING + i * 16), &d, 16);
}

static void
put_headers(struct host *h, uint64_t gpa)
{
	static const uint8_t head[54] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 2,
		0, 0, 0, 0, 1, 0x08, 0x00, 0x45, [23] = 6, [46] = 0x50 };

	memcpy(host_ram(h, gpa), head, sizeof(head));
}

static void
rx_buffers(struct host *h, unsigned int n, uint64_t gpa, uint32_t step)
{
	struct e1000_rx_desc d = { 0 };
	unsigned int i;

	for (i = 0; i < n; i++) {
		d.buffer_addr = gpa + i * (uint64_t)step;
		memcpy(host_ram(h, RX_RING + i * 16), &d, 16);
	}
}

static struct e1000_rx_desc
rx_desc_get(struct host *h, unsigned int i)
{
	struct e1000_rx_desc d;

	memcpy(&d, host_ram(h, RX_RING + i * 16), 16);
	return d;
}

static unsigned int
frame_arrives(struct host *h, uint32_t len)
{
	static uint8_t bytes[20000] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct e82540_frame frame = { bytes, len, 0 };

	return e82540_receive(h->dev, h->now_ns, &frame, 1);
}

/* Write the tail; check that one register access sends at most one burst. */
static void
tdt_write_bounded(struct host *h, uint32_t tail)
{
	unsigned int was = h->packets;

	host_write(h, E1000_TDT, tail);
	assert_in_range(h->packets - was, 0, E82540_TX_BURST);
}

/* Let the timer run for a second, so that the rest is sent. */
static void
run_one_second(struct host *h)
{
	host_advance(h, 1000000000);
}

static void
assert_untouched(struct host *h, uint64_t gpa, uint32_t len)
{
	const uint8_t *p = host_ram(h, gpa);
	uint32_t i;

	for (i = 0; i < len; i++)
		assert_int_equal(p[i], FILL);
}

/* After a reset one packet goes out and one comes in: the device works. */
static void
hostile_finish(struct host *h)
{
	struct e82540_region all = { HOST_RAM, HOST_RAM_BYTES, h->ram, true };
	unsigned int was;

	assert_int_equal(e82540_memory_set(h->dev, &all, 1), 0);
	host_write(h, E1000_CTRL, E1000_CTRL_RST);
	host_write(h, E1000_CTRL, E1000_CTRL_PHY_RST | E1000_CTRL_SLU);
	host_write(h, E1000_CTRL, E1000_CTRL_SLU | E1000_CTRL_ASDE);
	host_advance(h, 100000000);
	assert_true(e82540_link_up(h->dev));
	ring_set(h, E1000_TDBAL, TX_RING, 128);
	ring_set(h, E1000_RDBAL, RX_RING, 128);
	both_enable(h, 0);
	put_legacy(h, 0, TX_BUF, 60, EOP | RS | IFCS);
	rx_buffers(h, 1, RX_BUF, 0);
	was = h->packets;
	tdt_write_bounded(h, 1);
	if (h->table.tx_kick != NULL)
		while (e82540_transmit(h->dev, h->now_ns))
			;
	assert_int_equal(h->packets, was + 1);
	assert_int_equal(host_read(h, E1000_TDH), 1);
	host_write(h, E1000_RDT, 1);
	assert_int_equal(frame_arrives(h, 60), 1);
	assert_int_equal(rx_desc_get(h, 0).length, 64);
	assert_int_equal(host_read(h, E1000_RDH), 1);
	host_free(h);
}

/* ------------------------------------------------- loops without an end */

/*
 * CVE-2015-6815: a TSO context with mss 0 and hdr_len 0.  A model that cuts
 * segments of hdr_len + mss bytes cuts forever.
 */
static void
cve_2015_6815_no_mss(void **state)
{
	static const struct {
		uint8_t hdr_len;
		uint16_t mss;
	} bad[] = { { 0, 0 }, { 54, 0 }, { 0, 1460 } };
	struct host *h;
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		h = hostile_start(0);
		put_headers(h, TX_BUF);
		put_context(h, 0, 4000, bad[i].hdr_len, bad[i].mss);
		put_data(h, 1, TX_BUF, 4054, TSE | EOP | RS);
		put_legacy(h, 2, TX_BUF, 60, EOP | RS);
		tdt_write_bounded(h, 3);
		run_one_second(h);
		/* The bad packet is dropped, the next is sent. */
		assert_int_equal(host_counters(h).bad_descriptor, 1);
		assert_int_equal(h->packets, 1);
		assert_int_equal(host_read(h, E1000_TDH), 3);
		hostile_finish(h);
	}
}

/*
 * CVE-2016-1981: TDH and RDH written to beyond the ring.  A model that goes
 * from head to tail, back to 0 at the ring's length, never meets the tail.
 */
static void
cve_2016_1981_head_beyond_ring(void **state)
{
	struct host *h = hostile_start(0);
	uint64_t bad;

	(void)state;
	put_legacy(h, 0, TX_BUF, 60, EOP | RS);
	rx_buffers(h, 8, RX_BUF, 2048);
	host_write(h, E1000_TDH, 64);
	tdt_write_bounded(h, 2);
	run_one_second(h);
	bad = host_counters(h).bad_ring;
	assert_true(bad > 0);
	/* For TDH it means 0. */
	assert_int_equal(h->packets, 1);
	host_write(h, E1000_TDH, 0xffff);
	tdt_write_bounded(h, 3);
	run_one_second(h);
	assert_true(host_counters(h).bad_ring > bad);
	assert_int_equal(h->packets, 2);
	assert_int_equal(host_read(h, E1000_TDH), 3);
	bad = host_counters(h).bad_ring;
	host_write(h, E1000_RDH, 1000);
	host_write(h, E1000_RDT, 7);
	(void)frame_arrives(h, 60);
	run_one_second(h);
	assert_true(host_counters(h).bad_ring > bad);
	assert_int_equal(host_counters(h).rx_packets, 0);
	assert_untouched(h, RX_BUF, 8 * 2048);
	hostile_finish(h);
}

/*
 * CVE-2021-20257: data without EOP, then a context with smaller segments than
 * what was gathered, then more data.  In other models the difference of hdr_len
 * + mss and the bytes gathered wraps.
 */
static void
cve_2021_20257_context_in_a_packet(void **state)
{
	struct host *h = hostile_start(0);

	(void)state;
	put_headers(h, TX_BUF);
	put_context(h, 0, 8000, 54, 8000);
	put_data(h, 1, TX_BUF, 4000, TSE);
	put_context(h, 2, 10, 54, 10);
	put_data(h, 3, TX_BUF, 4054, TSE | EOP | RS);
	put_legacy(h, 4, TX_BUF, 60, EOP | RS);
	tdt_write_bounded(h, 5);
	run_one_second(h);
	assert_int_equal(host_read(h, E1000_TDH), 5);
	/* Segments of either context, and the last packet: finitely many. */
	assert_in_range(h->packets, 1, 8054 / 10 + 2);
	assert_int_equal(h->sent[h->packets - 1].len_bytes, 60);
	hostile_finish(h);
}

/* TDT and RDT beyond the ring, and then anything in them. */
static void
tail_beyond_ring(void **state)
{
	static const uint32_t tail[] = { 64, 65, 0x7fff, 0xffff, 0xffffffff };
	struct host *h = hostile_start(0);
	unsigned int i;
	uint64_t bad = 0;

	(void)state;
	rx_buffers(h, 8, RX_BUF, 2048);
	for (i = 0; i < 5; i++) {
		put_legacy(h, i, TX_BUF, 60, EOP | RS);
		tdt_write_bounded(h, tail[i]);
		host_write(h, E1000_RDT, tail[i]);
		(void)frame_arrives(h, 60);
		run_one_second(h);
		assert_true(host_counters(h).bad_ring > bad);
		bad = host_counters(h).bad_ring;
	}
	/* For TDT it means up to TDT modulo 64; there, the whole ring. */
	assert_int_equal(h->packets, 1 + 1 + 2 + 4 + 5);
	/* For RDT it means the whole ring: test_rx_room.c. */
	assert_int_equal(host_counters(h).rx_packets, 5);
	assert_untouched(h, RX_BUF + 5 * 2048, 3 * 2048);
	hostile_finish(h);
}

/* The ring shrinks below head and tail while both are in use. */
static void
ring_shrinks(void **state)
{
	struct host *h = hostile_start(0);

	(void)state;
	h->room = 0;
	put_legacy(h, 0, TX_BUF, 60, EOP | RS);
	tdt_write_bounded(h, 40);
	host_write(h, E1000_TDLEN, 128);
	host_write(h, E1000_RDT, 40);
	host_write(h, E1000_RDLEN, 128);
	h->room = UINT32_MAX;
	e82540_tx_resume(h->dev, h->now_ns);
	(void)frame_arrives(h, 60);
	run_one_second(h);
	assert_true(host_counters(h).bad_ring > 0);
	assert_in_range(h->packets, 0, 8);
	hostile_finish(h);
}

/* ----------------------------------------------------------- odd rings */

/*
 * Length 0, and a length that is not a multiple of 128: bits 6:0 are 0
 * (13.4.38).  The smallest ring has 8 descriptors, and works.
 */
static void
tiny_rings(void **state)
{
	struct host *h = hostile_start(0);
	unsigned int i;

	(void)state;
	for (i = 0; i < 8; i++)
		put_legacy(h, i, TX_BUF, 60, EOP | RS);
	rx_buffers(h, 8, RX_BUF, 2048);
	ring_set(h, E1000_TDBAL, TX_RING, 0);
	ring_set(h, E1000_RDBAL, RX_RING, 15);
	assert_int_equal(host_read(h, E1000_RDLEN), 0);
	tdt_write_bounded(h, 1);
	host_write(h, E1000_RDT, 1);
	(void)frame_arrives(h, 60);
	run_one_second(h);
	assert_int_equal(h->packets, 0);
	assert_int_equal(host_counters(h).rx_packets, 0);
	assert_true(host_counters(h).bad_ring > 0);

	ring_set(h, E1000_TDBAL, TX_RING, 255);
	assert_int_equal(host_read(h, E1000_TDLEN), 128);
	tdt_write_bounded(h, 7);
	tdt_write_bounded(h, 6);
	assert_int_equal(h->packets, 14);
	assert_int_equal(host_read(h, E1000_TDH), 6);
	hostile_finish(h);
}

/* Base addresses off 16 bytes: bits 3:0 are 0 (13.4.36, 13.4.25). */
static void
unaligned_rings(void **state)
{
	struct host *h = hostile_start(0);

	(void)state;
	put_legacy(h, 0, TX_BUF, 60, EOP | RS);
	rx_buffers(h, 8, RX_BUF, 2048);
	ring_set(h, E1000_TDBAL, TX_RING + 15, 128);
	ring_set(h, E1000_RDBAL, RX_RING + 9, 128);
	assert_int_equal(host_read(h, E1000_TDBAL), TX_RING);
	assert_int_equal(host_read(h, E1000_RDBAL), RX_RING);
	tdt_write_bounded(h, 1);
	assert_int_equal(h->packets, 1);
	host_write(h, E1000_RDT, 7);
	assert_int_equal(frame_arrives(h, 60), 1);
	assert_int_equal(rx_desc_get(h, 0).length, 64);
	hostile_finish(h);
}

/* ------------------------------------------------- the device meets itself */

/*
 * CVE-2021-3416: packets that the guest sends to itself, into a receive ring
 * which is also the transmit ring, so that what is received are descriptors.
 * host.h fails if callbacks nest.
 */
static void
cve_2021_3416_loopback_into_own_ring(void **state)
{
	struct host *h = hostile_start(0);
	unsigned int i;

	(void)state;
	host_loopback(h, true);
	/* A frame that is a ring of descriptors which send it again. */
	for (i = 0; i < 64; i++)
		put_legacy(h, i, TX_RING, 64 * 16, EOP | RS);
	memcpy(host_ram(h, TX_BUF), host_ram(h, TX_RING), 64 * 16);
	rx_buffers(h, 64, TX_RING, 0);
	host_write(h, E1000_RDT, 63);
	tdt_write_bounded(h, 63);
	run_one_second(h);
	assert_int_equal(h->packets, 0);
	assert_in_range(host_counters(h).tx_packets, 1, 63);
	assert_in_range(host_counters(h).rx_packets, 0, 63);
	assert_untouched(h, RX_BUF, 0x1000);
	hostile_finish(h);
}

/* CVE-2021-3416: buffers and rings that are the device's own registers. */
static void
cve_2021_3416_dma_to_own_bar(void **state)
{
	const uint32_t bar = 0xfeb00000u;
	struct host *h = hostile_start(0);
	unsigned int i;

	(void)state;
	host_loopback(h, true);
	e82540_pci_write(h->dev, h->now_ns, E82540_PCI_BAR0, 4, bar);
	for (i = 0; i < 8; i++)
		put_legacy(h, i, bar + E1000_TDT - 8, 60, EOP | RS);
	rx_buffers(h, 8, bar + E1000_TDT, 0);
	host_write(h, E1000_RDT, 7);
	tdt_write_bounded(h, 4);
	assert_int_equal(frame_arrives(h, 60), 1);
	run_one_second(h);
	assert_true(host_counters(h).bad_address > 0);
	assert_int_equal(host_read(h, E1000_TDT), 4);
	/* The rings, too. */
	ring_set(h, E1000_TDBAL, bar + E1000_RDBAL, 128);
	ring_set(h, E1000_RDBAL, bar + E1000_TDBAL, 128);
	host_write(h, E1000_RDT, 3);
	tdt_write_bounded(h, 3);
	(void)frame_arrives(h, 60);
	run_one_second(h);
	assert_int_equal(host_read(h, E1000_RDBAL), bar + E1000_TDBAL);
	assert_int_equal(host_read(h, E1000_TDBAL), bar + E1000_RDBAL);
	assert_int_equal(host_read(h, E1000_RDT), 3);
	assert_int_equal(host_counters(h).tdt_writes, 4);
	hostile_finish(h);
}

/* --------------------------------------------------------------- receive */

/*
 * CVE-2012-6075: a frame longer than the buffer, while long packets are not
 * enabled.  It is dropped and counted as too long (13.7.36).
 */
static void
cve_2012_6075_oversized(void **state)
{
	struct host *h = hostile_start(E1000_RCTL_BSIZE_2048);

	(void)state;
	rx_buffers(h, 8, RX_BUF, 4096);
	host_write(h, E1000_RDT, 7);
	assert_int_equal(frame_arrives(h, 9000), 1);
	assert_int_equal(frame_arrives(h, 1519), 1);	/* and 4 of CRC */
	assert_int_equal(frame_arrives(h, 20000), 1);
	assert_int_equal(host_counters(h).rx_packets, 0);
	assert_in_range(host_read(h, E1000_ROC), 2, 3);
	assert_int_equal(host_read(h, E1000_RDH), 0);
	assert_untouched(h, RX_BUF, 8 * 4096);
	hostile_finish(h);
}

/* With long packets on: it fills as many buffers as it needs, not more. */
static void
long_frame_in_small_buffers(void **state)
{
	struct host *h = hostile_start(E1000_RCTL_BSIZE_256 | E1000_RCTL_LPE);
	unsigned int i;

	(void)state;
	rx_buffers(h, 60, RX_BUF, 1024);
	host_write(h, E1000_RDT, 60);
	assert_int_equal(frame_arrives(h, 9000), 1);
	assert_int_equal(host_read(h, E1000_RDH), (9004 + 255) / 256);
	for (i = 0; i < 60; i++)
		assert_untouched(h, RX_BUF + i * 1024 + 256, 768);
	assert_int_equal(frame_arrives(h, 16381),
	    1); /* too long for any chip */
	assert_int_equal(host_read(h, E1000_RDH), (9004 + 255) / 256);
	hostile_finish(h);
}

/*
 * A frame that needs more descriptors than the ring has.  It never fits.  It
 * must block neither the host nor a reset for ever.
 */
static void
frame_larger_than_ring(void **state)
{
	struct host *h = hostile_start(E1000_RCTL_BSIZE_256 | E1000_RCTL_LPE);
	unsigned int i;

	(void)state;
	rx_buffers(h, 8, RX_BUF, 1024);
	ring_set(h, E1000_RDBAL, RX_RING, 128);
	host_write(h, E1000_RDT, 7);
	for (i = 0; i < 100; i++)
		(void)frame_arrives(h, 9000);
	run_one_second(h);
	for (i = 0; i < 8; i++)
		assert_untouched(h, RX_BUF + i * 1024 + 256, 768);
	hostile_finish(h);
}

/* -------------------------------------------------------------- offloads */

/*
 * VirtualBox, 2018: headers longer than the packet, and longer than the payload
 * of the context: lengths that are computed as differences wrap.
 */
static void
virtualbox_2018_context_underflow(void **state)
{
	static const struct {
		uint32_t payload, len;
		uint8_t hdr_len;
		uint16_t mss;
	} bad[] = {
		{ 0, 60, 200, 1460 },
		{ 0, 54, 255, 1 },
		{ 10, 60, 61, 16 },
		{ 0xfffff, 60, 54, 1460 },
		{ 0, 0, 54, 1460 },
		{ 100, 53, 54, 0xffff },
	};
	struct host *h = hostile_start(0);
	unsigned int i;

	(void)state;
	put_headers(h, TX_BUF);
	for (i = 0; i < 6; i++) {
		put_context(h, 3 * i, bad[i].payload, bad[i].hdr_len,
		    bad[i].mss);
		put_data(h, 3 * i + 1, TX_BUF, bad[i].len, TSE | EOP | RS);
		put_legacy(h, 3 * i + 2, TX_BUF, 60, EOP | RS);
	}
	tdt_write_bounded(h, 18);
	run_one_second(h);
	assert_int_equal(host_read(h, E1000_TDH), 18);
	/* No segment with bytes from elsewhere. */
	for (i = 0; i < h->packets; i++)
		assert_in_range(h->sent[i].len_bytes, 54, 60);
	assert_in_range(h->packets, 6, 12);
	assert_true(host_counters(h).bad_descriptor >= 3);
	hostile_finish(h);
}

/* The same, by a context that changes between two data descriptors. */
static void
virtualbox_2018_context_shrinks(void **state)
{
	struct host *h = hostile_start(0);
	unsigned int i;

	(void)state;
	put_headers(h, TX_BUF);
	put_context(h, 0, 0x3000, 54, 0x2000);
	put_data(h, 1, TX_BUF, 0x1000, TSE);
	put_context(h, 2, 0, 14, 0xf);
	put_data(h, 3, TX_BUF, 0, TSE);
	put_context(h, 4, 0, 255, 0xffff);
	put_data(h, 5, TX_BUF, 0x100, TSE | EOP | RS);
	put_legacy(h, 6, TX_BUF, 60, EOP | RS);
	tdt_write_bounded(h, 7);
	run_one_second(h);
	assert_int_equal(host_read(h, E1000_TDH), 7);
	for (i = 0; i < h->packets; i++)
		assert_in_range(h->sent[i].len_bytes, 1, 0x1100);
	assert_true(h->packets >= 1);
	hostile_finish(h);
}

/*
 * CVE-2022-23087 (bhyve): checksum offsets beyond the headers or the packet.
 * The sum has nowhere to go: it is left out, or the packet is.
 */
static void
cve_2022_23087_checksum_offset(void **state)
{
	struct host *h = hostile_start(0);
	struct e1000_tx_context_desc d;
	uint8_t before[256];
	unsigned int i, n = 0;

	(void)state;
	put_headers(h, TX_BUF);
	memcpy(before, host_ram(h, TX_BUF), sizeof(before));
	for (i = 0; i < 8; i++) {
		d = context_make(i & 4 ? 200 : 60, 54, 100);
		if (i & 1)
			d.ipcso = 255;
		if (i & 2)
			d.tucso = i & 4 ? 254 : 59;
		if (i == 0)
			d.ipcss = d.tucss = 255;
		d.tucse = i & 1 ? 0xffff : 0;
		memcpy(host_ram(h, TX_RING + n++ * 16), &d, 16);
		put_data(h, n++, TX_BUF, i & 4 ? 254 : 60,
		    EOP | RS | (i & 4 ? TSE : 0));
	}
	tdt_write_bounded(h, n);
	run_one_second(h);
	assert_int_equal(host_read(h, E1000_TDH), n);
	for (i = 0; i < h->packets; i++)
		assert_in_range(h->sent[i].len_bytes, 60, 254);
	/* Inserted into a copy, if at all: guest memory is the guest's. */
	assert_memory_equal(before, host_ram(h, TX_BUF), sizeof(before));
	hostile_finish(h);
}

/* The same for a legacy descriptor: CSO, CSS beyond the packet (3.3.3). */
static void
legacy_checksum_beyond_packet(void **state)
{
	struct host *h = hostile_start(0);
	struct e1000_tx_desc d = { .buffer_addr = TX_BUF,
		.length = 60,
		.cmd = EOP | RS | E1000_TXD_CMD_IC };
	static const uint8_t at[][2] = { { 59, 0 }, { 60, 0 }, { 255, 255 },
		{ 50, 60 }, { 50, 255 }, { 0, 59 } };
	unsigned int i;

	(void)state;
	for (i = 0; i < 6; i++) {
		d.cso = at[i][0];
		d.css = at[i][1];
		memcpy(host_ram(h, TX_RING + i * 16), &d, 16);
	}
	tdt_write_bounded(h, 6);
	run_one_second(h);
	assert_int_equal(host_read(h, E1000_TDH), 6);
	for (i = 0; i < h->packets; i++)
		assert_int_equal(h->sent[i].len_bytes, 60);
	assert_untouched(h, TX_BUF, 4096);
	hostile_finish(h);
}

/* ---------------------------------------------------------- much at once */

/*
 * One frame a byte, each with 255 bytes of headers: it is a register write that
 * has to return.  A megabyte of it goes on by the timer, burst after burst, and
 * the next packets come after it.
 */
static void
absurd_tso(void **state)
{
	struct host *h = hostile_start(0);
	unsigned int i, n, all = 0, want = 0xe0000 - 255 + 3001;

	(void)state;
	put_headers(h, TX_BUF);
	put_context(h, 0, 0xe0000 - 255, 255, 1);
	put_data(h, 1, TX_BUF, 0xe0000, TSE | EOP | RS);
	put_context(h, 2, 3000, 255, 1);
	put_data(h, 3, TX_BUF, 3255, TSE | EOP | RS);
	put_legacy(h, 4, TX_BUF, 60, EOP | RS);
	tdt_write_bounded(h, 5);
	do {
		n = h->packets;
		for (i = 0; i < n; i++, all++)
			assert_int_equal(h->sent[i].len_bytes,
			    all + 1 == want ? 60 : 256);
		h->packets = 0;
		h->timer_ns = E82540_NEVER;
		e82540_run(h->dev, h->now_ns);
		assert_in_range(h->packets, 0, E82540_TX_BURST);
	} while (all < want && h->packets != 0);
	assert_int_equal(all, want);
	assert_int_equal(host_read(h, E1000_TDH), 5);
	hostile_finish(h);
}

/* A ring of 65,528 descriptors without EOP: a packet that never ends. */
static void
packet_without_end(void **state)
{
	struct host *h = hostile_start(0);
	struct e1000_tx_desc d = { .buffer_addr = HOST_RAM, .length = 0xffff };
	unsigned int i, round;

	(void)state;
	ring_set(h, E1000_TDBAL, HOST_RAM, 65528 * 16);
	for (i = 0; i < 65528; i++)
		memcpy(h->ram + i * 16, &d, 16);
	for (round = 0; round < 4; round++) {
		tdt_write_bounded(h, (host_read(h, E1000_TDH) + 65527) % 65528);
		run_one_second(h);
	}
	assert_int_equal(h->packets, 0);
	/* Its end comes at last: it is dropped, and the next is sent. */
	i = host_read(h, E1000_TDT);
	d.length = 60;
	d.cmd = EOP;
	memcpy(h->ram + i * 16, &d, 16);
	memcpy(h->ram + (i + 1) % 65528 * 16, &d, 16);
	tdt_write_bounded(h, (i + 2) % 65528);
	run_one_second(h);
	assert_in_range(h->packets, 1, 1);
	assert_true(host_counters(h).bad_descriptor >= 1);
	hostile_finish(h);
}

/*
 * The same, but EOP comes around descriptor 4096, where the model gives up.
 * Whether it sends or drops the packet, it must send the next ones whole.
 */
static void
packet_ends_late(void **state)
{
	static const unsigned int at[] = { 4094, 4095, 4096, 4097, 8191, 8192,
		8193 };
	struct host *h;
	struct e1000_tx_desc d = { .buffer_addr = TX_BUF + 0x40000,
		.length = 1 };
	unsigned int i, n;

	(void)state;
	for (i = 0; i < 7; i++) {
		h = hostile_start(0);
		ring_set(h, E1000_TDBAL, TX_RING, 16384 * 16);
		d.cmd = 0;
		d.length = 1;
		for (n = 0; n < at[i]; n++)
			memcpy(host_ram(h, TX_RING + n * 16), &d, 16);
		d.cmd = EOP | IFCS | RS;
		for (; n < at[i] + 10; n++) {
			d.length = 60 + n - at[i];
			memcpy(host_ram(h, TX_RING + n * 16), &d, 16);
		}
		tdt_write_bounded(h, n);
		run_one_second(h);
		assert_int_equal(host_read(h, E1000_TDH), n);
		/* The first of the ten is the end of the long one. */
		assert_in_range(h->packets, 9, 10);
		for (n = 1; n < 10; n++)
			assert_int_equal(h->sent[h->packets - 10 + n].len_bytes,
			    60 + n);
		if (h->packets == 10)
			assert_int_equal(h->sent[0].len_bytes, at[i] + 60);
		hostile_finish(h);
	}
}

/* A full ring of context descriptors alone. */
static void
contexts_only(void **state)
{
	struct host *h = hostile_start(0);
	unsigned int i;

	(void)state;
	for (i = 0; i < 64; i++)
		put_context(h, i, 0xfffff, 255, 0xffff);
	for (i = 0; i < 1000; i++)
		tdt_write_bounded(h, (i * 63 + 63) % 64);
	run_one_second(h);
	assert_int_equal(h->packets, 0);
	assert_int_equal(host_read(h, E1000_TDH), host_read(h, E1000_TDT));
	hostile_finish(h);
}

/* --------------------------------------------------- memory that vanishes */

/* Between doorbell and transmission, between transmission and the rest. */
static void
memory_vanishes(void **state)
{
	struct host *h = hostile_start_on(E82540_82545EM, 0, true);
	struct e82540_region half = { HOST_RAM, 0x8000, h->ram, true };
	unsigned int i;

	(void)state;
	for (i = 0; i < 60; i++)
		put_legacy(h, i, TX_BUF, 60, EOP | RS);
	rx_buffers(h, 60, RX_BUF, 2048);
	host_write(h, E1000_RDT, 60);
	h->room = 10;
	tdt_write_bounded(h, 60);
	assert_int_equal(h->kicks, 1);
	(void)e82540_transmit(h->dev, h->now_ns);
	assert_int_equal(h->packets, 10);
	/* The ring is there, buffers are not. */
	assert_int_equal(e82540_memory_set(h->dev, &half, 1), 0);
	h->room = UINT32_MAX;
	e82540_tx_resume(h->dev, h->now_ns);
	for (i = 0; i < 100 && e82540_transmit(h->dev, h->now_ns); i++)
		;
	assert_true(i < 100);
	assert_int_equal(h->packets, 10);
	assert_true(host_counters(h).bad_address > 0);
	/* Nothing is. */
	assert_int_equal(e82540_memory_set(h->dev, NULL, 0), 0);
	(void)frame_arrives(h, 60);
	tdt_write_bounded(h, 5);
	for (i = 0; i < 100 && e82540_transmit(h->dev, h->now_ns); i++)
		;
	assert_true(i < 100);
	run_one_second(h);
	assert_int_equal(h->packets, 10);
	assert_untouched(h, RX_BUF, 60 * 2048);
	hostile_finish(h);
}

/* Rings and buffers of which only the first half is there. */
static void
half_outside(void **state)
{
	struct host *h = hostile_start(0);
	const uint64_t end = HOST_RAM + HOST_RAM_BYTES;
	struct e1000_tx_desc d = { .buffer_addr = TX_BUF,
		.length = 60,
		.cmd = EOP | RS };
	unsigned int i;

	(void)state;
	/* A buffer. */
	put_legacy(h, 0, end - 30, 60, EOP | RS);
	put_legacy(h, 1, UINT64_MAX - 30, 60, EOP | RS);
	put_legacy(h, 2, TX_BUF, 60, EOP | RS);
	tdt_write_bounded(h, 3);
	assert_int_equal(h->packets, 1);
	assert_true(host_counters(h).bad_address >= 2);
	rx_buffers(h, 8, end - 30, 0);
	host_write(h, E1000_RDT, 7);
	assert_int_equal(frame_arrives(h, 60), 1);
	assert_true(host_counters(h).bad_address >= 3);
	/* A ring. */
	ring_set(h, E1000_TDBAL, end - 64, 128);
	for (i = 0; i < 4; i++)
		memcpy(host_ram(h, end - 64 + i * 16), &d, 16);
	tdt_write_bounded(h, 7);
	run_one_second(h);
	assert_in_range(h->packets, 5, 5);
	ring_set(h, E1000_RDBAL, end - 16, 128);
	host_write(h, E1000_RDT, 7);
	for (i = 0; i < 4; i++)
		(void)frame_arrives(h, 60);
	run_one_second(h);
	hostile_finish(h);
}

/* Rings and buffers in ROM: read, never written. */
static void
rom_is_not_written(void **state)
{
	struct host *h = hostile_start(0);
	struct e82540_region rom = { HOST_RAM, HOST_RAM_BYTES, h->ram, false };
	uint8_t *was;

	(void)state;
	put_legacy(h, 0, TX_BUF, 60, EOP | RS);
	rx_buffers(h, 8, RX_BUF, 2048);
	was = malloc(HOST_RAM_BYTES);
	assert_non_null(was);
	memcpy(was, h->ram, HOST_RAM_BYTES);
	assert_int_equal(e82540_memory_set(h->dev, &rom, 1), 0);
	host_write(h, E1000_RDT, 7);
	tdt_write_bounded(h, 1);
	(void)frame_arrives(h, 60);
	run_one_second(h);
	assert_true(host_counters(h).bad_address > 0);
	assert_memory_equal(was, h->ram, HOST_RAM_BYTES);
	free(was);
	hostile_finish(h);
}

/* --------------------------------------------------------------- accesses */

/* Every offset and size is written and read, also those that do not exist. */
static void
any_access(void **state)
{
	static const enum e82540_chip chips[] = { E82540_82540EM,
		E82540_82545EM, E82540_82544GC };
	struct host *h;
	uint32_t at;
	unsigned int i, size;

	(void)state;
	for (i = 0; i < 3; i++) {
		h = hostile_start_on(chips[i], 0, false);
		for (at = 0; at < E1000_BAR0_SIZE_BYTES + 16; at += 3) {
			size = 1u << (at & 3);
			e82540_mmio_write(h->dev, h->now_ns, at, size,
			    UINT64_MAX);
			(void)e82540_mmio_read(h->dev, h->now_ns, at, size);
		}
		for (at = 0; at < E1000_BAR0_SIZE_BYTES + 16; at += 4) {
			e82540_mmio_write(h->dev, h->now_ns, at, 8, UINT64_MAX);
			(void)e82540_mmio_read(h->dev, h->now_ns, at, 8);
		}
		e82540_mmio_write(h->dev, h->now_ns, UINT32_MAX - 3, 8, 1);
		(void)e82540_mmio_read(h->dev, h->now_ns, UINT32_MAX - 3, 8);
		for (at = 0; at < 300; at++)
			for (size = 1; size <= 4; size *= 2) {
				e82540_pci_write(h->dev, h->now_ns, at, size,
				    UINT32_MAX);
				(void)e82540_pci_read(h->dev, h->now_ns, at,
				    size);
				e82540_io_write(h->dev, h->now_ns, at, size,
				    UINT32_MAX);
				(void)e82540_io_read(h->dev, h->now_ns, at,
				    size);
			}
		assert_true(host_counters(h).bad_access > 0);
		run_one_second(h);
		e82540_reset(h->dev, h->now_ns);
		e82540_pci_write(h->dev, h->now_ns, E82540_PCI_COMMAND, 2,
		    E82540_PCI_MEMORY | E82540_PCI_MASTER);
		hostile_finish(h);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cve_2015_6815_no_mss),
		cmocka_unit_test(cve_2016_1981_head_beyond_ring),
		cmocka_unit_test(cve_2021_20257_context_in_a_packet),
		cmocka_unit_test(tail_beyond_ring),
		cmocka_unit_test(ring_shrinks),
		cmocka_unit_test(tiny_rings),
		cmocka_unit_test(unaligned_rings),
		cmocka_unit_test(cve_2021_3416_loopback_into_own_ring),
		cmocka_unit_test(cve_2021_3416_dma_to_own_bar),
		cmocka_unit_test(cve_2012_6075_oversized),
		cmocka_unit_test(long_frame_in_small_buffers),
		cmocka_unit_test(frame_larger_than_ring),
		cmocka_unit_test(virtualbox_2018_context_underflow),
		cmocka_unit_test(virtualbox_2018_context_shrinks),
		cmocka_unit_test(cve_2022_23087_checksum_offset),
		cmocka_unit_test(legacy_checksum_beyond_packet),
		cmocka_unit_test(absurd_tso),
		cmocka_unit_test(packet_without_end),
		cmocka_unit_test(packet_ends_late),
		cmocka_unit_test(contexts_only),
		cmocka_unit_test(memory_vanishes),
		cmocka_unit_test(half_outside),
		cmocka_unit_test(rom_is_not_written),
		cmocka_unit_test(any_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
