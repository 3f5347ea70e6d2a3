/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The public functions as such: what they refuse, guest memory, locks, timer,
 * kicks, and what opens and closes the data path.
 */
#include <errno.h>

#include "one_host.h"

#define RING	HOST_RAM
#define BUFFER	(HOST_RAM + 0x2000)
#define RX_RING	(HOST_RAM + 0x4000)
#define RX_BUF	(HOST_RAM + 0x8000)

/* ---------------------------------------------------------------- config */

static void
init_refused(void)
{
	assert_int_equal(e82540_init(h->dev, &h->config, h->now_ns), -EINVAL);
}

static void
init_accepted(void)
{
	assert_int_equal(e82540_init(h->dev, &h->config, h->now_ns), 0);
}

static void
test_config(void **state)
{
	struct e82540_host table = h->table;

	(void)state;
	init_accepted();
	h->config.api = E82540_API + 1;
	init_refused();
	h->config.api = E82540_API_OLDEST - 1;
	init_refused();
	h->config.api = E82540_API;
	h->config.chip = 3;
	init_refused();
	h->config.chip = E82540_82544GC;
	init_accepted();

	h->config.vnet_hdr_bytes = 11;
	init_refused();
	h->config.vnet_hdr_bytes = 12;
	init_accepted();
	h->config.offloads = E82540_OFFLOAD_TSO4;
	init_refused();		/* a segment needs its checksum */
	h->config.offloads |= E82540_OFFLOAD_CSUM;
	init_accepted();
	h->config.offloads |= 0x80;
	init_refused();
	h->config.offloads = E82540_OFFLOAD_CSUM;
	h->config.vnet_hdr_bytes = 0;
	init_refused();
	h->config.offloads = 0;

	h->table.interrupt = NULL;
	init_refused();
	h->table = table;
	h->table.send = NULL;
	init_refused();
	h->table = table;
	h->table.msi = NULL;
	init_accepted();
	h->config.msi = true;
	init_refused();
	h->table = table;
	h->table.timer = NULL;
	h->table.rx_ready = NULL;
	init_accepted();
	h->table.lock = (void (*)(void *, enum e82540_lock))abort;
	init_refused();
	h->table = table;
	h->config.host = NULL;
	init_refused();
}

static void
test_memory_set(void **state)
{
	struct e82540_region r[E82540_REGIONS_MAX + 1] = { { 0 } };
	unsigned int i;

	(void)state;
	init_accepted();
	for (i = 0; i <= E82540_REGIONS_MAX; i++) {
		r[i].gpa = 0x100000u - i * 0x1000u;
		r[i].len = 0x1000;
		r[i].host = h->ram;
		r[i].writable = true;
	}
	assert_int_equal(e82540_memory_set(h->dev, r, E82540_REGIONS_MAX + 1),
	    -EINVAL);
	assert_int_equal(e82540_memory_set(h->dev, r, E82540_REGIONS_MAX), 0);
	r[5].len++;
	assert_int_equal(e82540_memory_set(h->dev, r, 6), -EINVAL);
	r[5].len = 0;		/* an empty region is ignored */
	assert_int_equal(e82540_memory_set(h->dev, r, 6), 0);
	r[0].gpa = UINT64_MAX - 0xfff;
	assert_int_equal(e82540_memory_set(h->dev, r, 1), 0);
	r[0].gpa++;
	assert_int_equal(e82540_memory_set(h->dev, r, 1), -EINVAL);
	assert_int_equal(e82540_memory_set(h->dev, NULL, 0), 0);
}

/* ------------------------------------------------------------- data path */

static void
ring_up(void)
{
	host_write(h, E1000_TDBAL, RING);
	host_write(h, E1000_TDLEN, 256 * 16);
	host_write(h, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP);
}

/* Each packet is 60 bytes and begins with its number. */
static void
post_packets(unsigned int first, unsigned int n)
{
	struct e1000_tx_desc desc = {
		.length = 60,
		.cmd =
		    E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS | E1000_TXD_CMD_RS,
	};
	unsigned int i, slot;

	for (i = first; i < first + n; i++) {
		slot = i % 256;
		desc.buffer_addr = BUFFER + slot * 4;
		memcpy(host_ram(h, desc.buffer_addr), &i, 4);
		memcpy(host_ram(h, RING + slot * 16), &desc, 16);
	}
	host_write(h, E1000_TDT, (first + n) % 256);
}

static void
expect_sent(unsigned int n)
{
	unsigned int i, id;

	assert_int_equal(h->packets, n);
	for (i = 0; i < n; i++) {
		memcpy(&id, h->sent[i].data, 4);
		assert_int_equal(id, i);
	}
}

static void
test_gates(void **state)
{
	(void)state;
	host_power(h);
	ring_up();

	/* Each of four holds transmission up; when it goes, it goes on. */
	host_write(h, E1000_TCTL, 0);
	post_packets(0, 1);
	assert_int_equal(h->packets, 0);
	host_write(h, E1000_TCTL, E1000_TCTL_EN);
	expect_sent(1);

	e82540_pci_write(h->dev, h->now_ns, E82540_PCI_COMMAND, 2, 0);
	post_packets(1, 1);
	expect_sent(1);
	e82540_pci_write(h->dev, h->now_ns, E82540_PCI_COMMAND, 2,
	    E82540_PCI_MASTER);
	expect_sent(2);

	e82540_link_set(h->dev, h->now_ns, false);
	assert_false(e82540_link_up(h->dev));
	post_packets(2, 1);
	expect_sent(2);
	e82540_link_set(h->dev, h->now_ns, true);
	assert_false(e82540_link_up(h->dev));
	expect_sent(2);
	host_advance(h, h->config.link_delay_ns);
	assert_true(e82540_link_up(h->dev));
	expect_sent(3);
	assert_int_equal(host_read(h, E1000_TDH), 3);
}

/*
 * Loopback does not use the network: it works though the network takes no more
 * packets, and frames of the network are not received.
 */
static void
test_loopback_gates(void **state)
{
	static const uint8_t broadcast[60] = { 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff };
	struct e82540_frame frame = { .data = broadcast, .len_bytes = 60 };
	struct e82540_counters c;

	(void)state;
	host_power(h);
	ring_up();
	h->room = 0;
	post_packets(0, 3);
	expect_sent(0);
	host_write(h, E1000_RCTL,
	    E1000_RCTL_EN | E1000_RCTL_UPE | E1000_RCTL_MPE);
	host_loopback(h, true);
	assert_int_equal(host_read(h, E1000_TDH), 3);
	assert_int_equal(host_read(h, E1000_GPRC), 3);
	post_packets(3, 2);
	assert_int_equal(host_read(h, E1000_TDH), 5);
	assert_int_equal(host_read(h, E1000_GPRC), 2);
	assert_int_equal(e82540_receive(h->dev, h->now_ns, &frame, 1), 1);
	assert_int_equal(host_read(h, E1000_TPR), 5);
	e82540_counters(h->dev, &c, sizeof(c));
	assert_int_equal(c.rx_filtered, 0);
	/* Back on the network, which takes none yet. */
	host_loopback(h, false);
	host_write(h, E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_BAM);
	post_packets(5, 1);
	assert_int_equal(host_read(h, E1000_TDH), 5);
	assert_int_equal(e82540_receive(h->dev, h->now_ns, &frame, 1), 1);
	assert_int_equal(host_read(h, E1000_GPRC), 1);
	expect_sent(0);
}

static void
test_memory_returns(void **state)
{
	struct e82540_region r = { HOST_RAM, HOST_RAM_BYTES, h->ram, true };
	struct e82540_counters c;

	(void)state;
	host_power(h);
	ring_up();
	assert_int_equal(e82540_memory_set(h->dev, NULL, 0), 0);
	post_packets(0, 3);
	expect_sent(0);
	e82540_counters(h->dev, &c, sizeof(c));
	assert_int_not_equal(c.bad_address, 0);
	assert_int_equal(e82540_memory_set(h->dev, &r, 1), 0);
	expect_sent(3);
}

/* A caller that was compiled with another header has another size. */
static void
test_counters_size(void **state)
{
	struct {
		struct e82540_counters c;
		uint64_t newer[2], guard;
	} big;
	struct e82540_counters all, some;
	const size_t half = offsetof(struct e82540_counters, tx_bytes);

	(void)state;
	host_power(h);
	ring_up();
	post_packets(0, 3);
	e82540_counters(h->dev, &all, sizeof(all));
	assert_int_equal(all.tx_packets, 3);

	memset(&some, 0xAA, sizeof(some));
	e82540_counters(h->dev, &some, half);
	assert_memory_equal(&some, &all, half);
	assert_true(some.tx_bytes == 0xAAAAAAAAAAAAAAAAu);

	memset(&big, 0xAA, sizeof(big));
	e82540_counters(h->dev, &big.c, sizeof(big) - sizeof(big.guard));
	assert_memory_equal(&big.c, &all, sizeof(all));
	assert_true(big.newer[0] == 0 && big.newer[1] == 0);
	assert_true(big.guard == 0xAAAAAAAAAAAAAAAAu);
}

static void
test_back_pressure(void **state)
{
	(void)state;
	host_power(h);
	ring_up();
	h->room = 5;
	post_packets(0, 20);
	expect_sent(5);
	assert_int_equal(host_read(h, E1000_TDH), 5);
	post_packets(20, 1);
	expect_sent(5);
	h->room = 7;
	e82540_tx_resume(h->dev, h->now_ns);
	expect_sent(12);
	h->room = UINT32_MAX;
	e82540_tx_resume(h->dev, h->now_ns);
	expect_sent(21);
}

/* One register write transmits a burst at most; the timer does the rest. */
static void
test_burst(void **state)
{
	unsigned int i;
	struct e1000_tx_desc desc = {
		.buffer_addr = BUFFER,
		.length = 60,
		.cmd = E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS,
	};

	(void)state;
	host_power(h);
	host_write(h, E1000_TDBAL, RX_BUF);
	host_write(h, E1000_TDLEN, 4096 * 16);
	host_write(h, E1000_TCTL, E1000_TCTL_EN);
	for (i = 0; i < 4096; i++)
		memcpy(host_ram(h, RX_BUF + i * 16), &desc, 16);
	host_write(h, E1000_TDT, 4000);
	assert_int_equal(h->packets, E82540_TX_BURST);
	assert_int_equal(h->timer_ns, h->now_ns);
	h->timer_ns = E82540_NEVER;
	e82540_run(h->dev, h->now_ns);
	assert_int_equal(h->packets, 2 * E82540_TX_BURST);
	host_advance(h, 1);
	assert_int_equal(h->packets, 4000);
	assert_int_equal(host_read(h, E1000_TDH), 4000);
}

/* The host's timer is late: the next call does what was due. */
static void
test_late_timer(void **state)
{
	(void)state;
	host_power(h);
	host_write(h, E1000_IMS, E1000_ICR_TXDW);
	host_write(h, E1000_ITR, 1000);
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	(void)host_read(h, E1000_ICR);
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	assert_false(h->line);
	h->now_ns += 1000 * E1000_ITR_UNIT_NS - 1;
	(void)host_read(h, E1000_STATUS);
	assert_false(h->line);
	h->now_ns++;
	(void)host_read(h, E1000_STATUS);
	assert_true(h->line);
	/* Nothing is due twice. */
	(void)host_read(h, E1000_ICR);
	e82540_run(h->dev, h->now_ns);
	assert_false(h->line);
	assert_int_equal(h->edges, 2);
}

static void
test_kick(void **state)
{
	(void)state;
	h->table.tx_kick = host_tx_kick;
	host_power(h);
	ring_up();
	while (e82540_transmit(h->dev, h->now_ns))
		;
	h->kicks = 0;
	post_packets(0, 1);
	post_packets(1, 1);
	/* Once, until it is answered. */
	assert_int_equal(h->kicks, 1);
	expect_sent(0);
	while (e82540_transmit(h->dev, h->now_ns))
		;
	expect_sent(2);
	post_packets(2, 100);
	assert_int_equal(h->kicks, 2);
	assert_true(e82540_transmit(h->dev, h->now_ns));
	expect_sent(2 + E82540_SEND_MAX);
	assert_false(e82540_transmit(h->dev, h->now_ns));
	expect_sent(102);
	/* Back-pressure: resume kicks. */
	h->room = 1;
	post_packets(102, 2);
	assert_int_equal(h->kicks, 3);
	assert_false(e82540_transmit(h->dev, h->now_ns));
	h->room = UINT32_MAX;
	e82540_tx_resume(h->dev, h->now_ns);
	assert_int_equal(h->kicks, 4);
	assert_false(e82540_transmit(h->dev, h->now_ns));
	expect_sent(104);
}

static void
test_io_window(void **state)
{
	(void)state;
	host_power(h);
	e82540_io_write(h->dev, h->now_ns, E1000_IOADDR, 4, E1000_FCT);
	e82540_io_write(h->dev, h->now_ns, E1000_IODATA, 4, 0x1234);
	assert_int_equal(e82540_io_read(h->dev, h->now_ns, E1000_IODATA, 4),
	    0x1234);
	assert_int_equal(e82540_io_read(h->dev, h->now_ns, E1000_IOADDR, 4),
	    E1000_FCT);
	assert_int_equal(e82540_io_read(h->dev, h->now_ns, E1000_IODATA + 1, 1),
	    0x12);
	assert_int_equal(host_read(h, E1000_FCT), 0x1234);
	/* Narrow writes are ignored (4.1). */
	e82540_io_write(h->dev, h->now_ns, E1000_IODATA, 2, 0xffff);
	e82540_io_write(h->dev, h->now_ns, E1000_IOADDR, 1, 0);
	assert_int_equal(host_read(h, E1000_FCT), 0x1234);
	/* Beyond the registers. */
	e82540_io_write(h->dev, h->now_ns, E1000_IOADDR, 4, UINT32_MAX);
	assert_int_equal(e82540_io_read(h->dev, h->now_ns, E1000_IOADDR, 4),
	    0xFFFFF);
	assert_int_equal(e82540_io_read(h->dev, h->now_ns, E1000_IODATA, 4), 0);
	e82540_io_write(h->dev, h->now_ns, E1000_IODATA, 4, 1);
	e82540_io_write(h->dev, h->now_ns, 8, 4, 1);
	assert_int_equal(e82540_io_read(h->dev, h->now_ns, 8, 4), 0);
}

static void
test_access_widths(void **state)
{
	struct e82540_counters c;

	(void)state;
	host_power(h);
	e82540_mmio_write(h->dev, h->now_ns, E1000_RAL(3), 8,
	    0x8000443322110002u);
	assert_int_equal(host_read(h, E1000_RAL(3)), 0x22110002);
	assert_int_equal(host_read(h, E1000_RAH(3)), 0x80004433);
	assert_true(e82540_mmio_read(h->dev, h->now_ns, E1000_RAL(3), 8) ==
	    0x8000443322110002u);
	assert_int_equal(e82540_mmio_read(h->dev, h->now_ns, E1000_RAL(3) + 2,
			     2),
	    0x2211);
	assert_int_equal(e82540_mmio_read(h->dev, h->now_ns, E1000_RAL(3) + 3,
			     1),
	    0x22);
	/* Not aligned: of the first register alone. */
	assert_true(
	    e82540_mmio_read(h->dev, h->now_ns, E1000_RAL(3) + 2, 8) == 0x2211);
	e82540_mmio_write(h->dev, h->now_ns, E1000_RAL(3) + 1, 4, 0xffff);
	e82540_mmio_write(h->dev, h->now_ns, E1000_RAL(3) + 2, 2, 0xffff);
	e82540_mmio_write(h->dev, h->now_ns, E1000_RAL(3) + 3, 1, 0xff);
	assert_int_equal(host_read(h, E1000_RAL(3)), 0x22110002);
	assert_int_equal(host_counters(h).bad_access, 3);
	/* Narrow ones are a whole register. */
	e82540_mmio_write(h->dev, h->now_ns, E1000_RAL(3), 2, 0x777789ab);
	assert_int_equal(host_read(h, E1000_RAL(3)), 0x89ab);
	e82540_mmio_write(h->dev, h->now_ns, E1000_RAL(3), 1, 0x1234);
	assert_int_equal(host_read(h, E1000_RAL(3)), 0x34);
	assert_int_equal(host_read(h, E1000_RAH(3)), 0x80004433);
	assert_int_equal(host_counters(h).bad_access, 5);
	e82540_mmio_write(h->dev, h->now_ns, E1000_BAR0_SIZE_BYTES, 4,
	    UINT32_MAX);
	e82540_mmio_write(h->dev, h->now_ns, E1000_BAR0_SIZE_BYTES - 4, 8,
	    UINT64_MAX);
	assert_int_equal(e82540_mmio_read(h->dev, h->now_ns,
			     E1000_BAR0_SIZE_BYTES, 8),
	    0);
	e82540_counters(h->dev, &c, sizeof(c));
	assert_true(c.bad_access >= 4);
}

/* -------------------------------------------------------------- the locks */

static int held[3], taken[3];

static void
order_lock(void *ctx, enum e82540_lock lock)
{
	unsigned int i;

	(void)ctx;
	assert_int_equal(held[lock], 0);
	for (i = lock + 1; i < 3; i++)
		assert_int_equal(held[i], 0);	/* the order */
	held[lock] = 1;
	taken[lock]++;
}

static void
order_unlock(void *ctx, enum e82540_lock lock)
{
	(void)ctx;
	assert_int_equal(held[lock], 1);
	held[lock] = 0;
}

static void
locked_interrupt(void *ctx, bool asserted)
{
	assert_int_equal(held[E82540_LOCK_BUS], 1);
	host_interrupt(ctx, asserted);
}

static unsigned int
locked_send(void *ctx, const struct e82540_packet *packet, unsigned int n)
{
	/* Whoever sends does not hold registers up. */
	assert_int_equal(held[E82540_LOCK_BUS], 0);
	assert_int_equal(held[E82540_LOCK_TX], 1);
	return host_send(ctx, packet, n);
}

static void
test_locks(void **state)
{
	uint8_t data[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct e82540_frame frame = { .data = data, .len_bytes = 60 };

	(void)state;
	h->table.lock = order_lock;
	h->table.unlock = order_unlock;
	h->table.interrupt = locked_interrupt;
	h->table.send = locked_send;
	host_power(h);
	ring_up();
	host_write(h, E1000_IMS, E1000_ICR_MASK);
	memset(taken, 0, sizeof(taken));
	post_packets(0, 10);
	expect_sent(10);
	assert_true(h->line);
	assert_int_equal(taken[E82540_LOCK_TX], 1);
	assert_int_equal(taken[E82540_LOCK_RX], 0);
	assert_int_equal(e82540_receive(h->dev, h->now_ns, &frame, 1), 1);
	assert_int_equal(taken[E82540_LOCK_RX], 1);
	e82540_reset(h->dev, h->now_ns);
	assert_false(h->line);
	assert_int_equal(held[0] + held[1] + held[2], 0);
}

/* After PCI reset a device is as new, except EEPROM and counters. */
static void
test_pci_reset(void **state)
{
	(void)state;
	host_power(h);
	ring_up();
	host_write(h, E1000_IMS, E1000_ICR_MASK);
	post_packets(0, 1);
	assert_true(h->line);
	e82540_reset(h->dev, h->now_ns);
	assert_false(h->line);
	assert_int_equal(host_read(h, E1000_TDLEN), 0);
	assert_int_equal(host_read(h, E1000_IMS), 0);
	assert_int_equal(e82540_pci_read(h->dev, h->now_ns, E82540_PCI_COMMAND,
			     2),
	    0);
	/* The cable is still in. */
	host_advance(h, h->config.link_delay_ns);
	assert_true(e82540_link_up(h->dev));
}

/* ------------------------------------------------------- what hosts ask for */

static void
test_lost_frames(void **state)
{
	static const uint8_t bytes[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	const struct e82540_frame frame[2] = { { bytes, 60, 0 },
		{ bytes, 13, 0 } };

	(void)state;
	host_power(h);
	assert_int_equal(e82540_receive(h->dev, h->now_ns, frame, 2), 2);
	assert_int_equal(host_counters(h).rx_disabled, 2);
	host_write(h, E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_BAM);
	assert_int_equal(e82540_receive(h->dev, h->now_ns, frame, 2), 2);
	assert_int_equal(host_counters(h).rx_runts, 1);
	e82540_link_set(h->dev, h->now_ns, false);
	assert_int_equal(e82540_receive(h->dev, h->now_ns, frame, 2), 2);
	assert_int_equal(host_counters(h).rx_no_link, 2);
	e82540_link_set(h->dev, h->now_ns, true);
	host_advance(h, h->config.link_delay_ns);
	e82540_pci_write(h->dev, h->now_ns, E82540_PCI_COMMAND, 2, 0);
	assert_int_equal(e82540_receive(h->dev, h->now_ns, frame, 1), 1);
	assert_int_equal(host_counters(h).rx_disabled, 3);
	assert_int_equal(host_counters(h).rx_no_link, 2);
}

static void
expect_bad(uint32_t where, uint64_t value)
{
	assert_int_equal(host_counters(h).bad_access_where, where);
	assert_int_equal(host_counters(h).bad_access_value, value);
}

static void
test_last_offender(void **state)
{
	(void)state;
	host_power(h);
	expect_bad(0, 0);
	host_write(h, 0x5BFC, 7);
	expect_bad(0x5BFC | E82540_BAD_WRITE, 7);
	(void)host_read(h, 0x5BF8);
	expect_bad(0x5BF8, 0);
	e82540_io_write(h->dev, h->now_ns, 1, 4, 9);
	expect_bad(1 | E82540_BAD_IO | E82540_BAD_WRITE, 9);
	(void)e82540_pci_read(h->dev, h->now_ns, 3, 4);
	expect_bad(3 | E82540_BAD_PCI, 0);
	e82540_pci_write(h->dev, h->now_ns, 0x104, 4, 11);
	expect_bad(0x104 | E82540_BAD_PCI | E82540_BAD_WRITE, 11);
	(void)e82540_mmio_read(h->dev, h->now_ns, 0xFF020000, 4);
	expect_bad(E82540_BAR0_BYTES, 0);
	host_write(h, E1000_TDLEN, 0);
	host_write(h, E1000_TCTL, E1000_TCTL_EN);
	host_write(h, E1000_TDT, 5);
	assert_int_equal(host_counters(h).bad_ring_where, E1000_TDT);
	assert_int_equal(host_counters(h).bad_ring_value, 5);
}

static void
test_mac_get(void **state)
{
	static const uint8_t other[6] = { 2, 3, 4, 5, 6, 7 };
	uint64_t reads;
	uint8_t mac[6];

	(void)state;
	host_power(h);
	reads = host_counters(h).reg_reads;
	e82540_mac_get(h->dev, mac);
	assert_memory_equal(mac, h->config.mac, 6);
	host_write(h, E1000_RAL(0), 0x05040302);
	host_write(h, E1000_RAH(0), 0x80000706);
	e82540_mac_get(h->dev, mac);
	assert_memory_equal(mac, other, 6);
	assert_int_equal(host_counters(h).reg_reads, reads);
	assert_true(e82540_version()[0] != '\0');
}

static void
test_link_at_once(void **state)
{
	(void)state;
	h->config.link_delay_ns = 0;
	init_accepted();
	assert_false(e82540_link_up(h->dev));
	e82540_link_set(h->dev, h->now_ns, true);
	assert_true(e82540_link_up(h->dev));
	e82540_link_set(h->dev, h->now_ns, false);
	assert_false(e82540_link_up(h->dev));
}

static unsigned int timers;

static void
count_timer(void *ctx, uint64_t at_ns)
{
	timers++;
	host_timer(ctx, at_ns);
}

/* 100 packets, 10 us apart, each with a delay of 8 us: how many timers? */
static unsigned int
timers_with_slack(uint64_t slack_ns)
{
	struct e1000_tx_desc *desc;
	unsigned int i;

	h->table.timer = count_timer;
	h->config.timer_slack_ns = slack_ns;
	host_power(h);
	ring_up();
	host_write(h, E1000_TIDV, 8);
	host_write(h, E1000_IMS, E1000_ICR_TXDW);
	(void)host_read(h, E1000_ICR);
	timers = h->edges = 0;
	for (i = 0; i < 100; i++) {
		desc = host_ram(h, RING + i * 16);
		desc->buffer_addr = BUFFER;
		desc->length = 60;
		desc->cmd = E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS |
		    E1000_TXD_CMD_RS | E1000_TXD_CMD_IDE;
		host_write(h, E1000_TDT, i + 1);
		host_advance(h, 10000);
		(void)host_read(h, E1000_ICR);
	}
	host_advance(h, 1000000);
	return timers;
}

/* A packet, or the read of ICR, does what is due; the last waits for slack. */
static void
test_timer_slack(void **state)
{
	(void)state;
	assert_int_equal(timers_with_slack(0), 100);
	assert_int_equal(h->edges, 100);
	assert_in_range(timers_with_slack(50000), 10, 25);
	assert_in_range(h->edges, 99, 100);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		ONE_HOST_TEST(test_config),
		ONE_HOST_TEST(test_memory_set),
		ONE_HOST_TEST(test_gates),
		ONE_HOST_TEST(test_loopback_gates),
		ONE_HOST_TEST(test_memory_returns),
		ONE_HOST_TEST(test_counters_size),
		ONE_HOST_TEST(test_back_pressure),
		ONE_HOST_TEST(test_burst),
		ONE_HOST_TEST(test_late_timer),
		ONE_HOST_TEST(test_kick),
		ONE_HOST_TEST(test_io_window),
		ONE_HOST_TEST(test_access_widths),
		ONE_HOST_TEST(test_locks),
		ONE_HOST_TEST(test_pci_reset),
		ONE_HOST_TEST(test_lost_frames),
		ONE_HOST_TEST(test_last_offender),
		ONE_HOST_TEST(test_mac_get),
		ONE_HOST_TEST(test_link_at_once),
		ONE_HOST_TEST(test_timer_slack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
