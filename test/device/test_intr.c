/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Causes, mask, line and the five moderation timers, to the nanosecond on a
 * fake clock (13.4.17 to 13.4.21, 13.4.30, 13.4.31, 13.4.41, 13.4.44).
 */
#include "one_host.h"

#define RING	HOST_RAM		/* transmit, 8 descriptors */
#define RX_RING	(HOST_RAM + 0x1000)
#define BUFFER	(HOST_RAM + 0x2000)
#define RX_BUF	(HOST_RAM + 0x4000)

static int
setup_intr(void **state)
{
	one_host_setup(state);
	host_power(h);
	host_read(h, E1000_ICR);
	return 0;
}

/* ------------------------------------------------------ causes and mask */

static void
test_mask(void **state)
{
	(void)state;
	host_write(h, E1000_ICS, E1000_ICR_RXSEQ);
	assert_false(h->line);
	host_write(h, E1000_IMS, E1000_ICR_TXDW);
	assert_false(h->line);
	/* Unmasking fires at once. */
	host_write(h, E1000_IMS, E1000_ICR_RXSEQ);
	assert_true(h->line);
	assert_int_equal(host_read(h, E1000_IMS),
	    E1000_ICR_TXDW | E1000_ICR_RXSEQ);
	host_write(h, E1000_IMC, E1000_ICR_RXSEQ);
	assert_false(h->line);
	assert_int_equal(host_read(h, E1000_IMS), E1000_ICR_TXDW);
	host_write(h, E1000_IMS, E1000_ICR_RXSEQ);
	assert_true(h->line);
	/* A read takes all causes, masked ones, too. */
	host_write(h, E1000_ICS, E1000_ICR_GPI3);
	assert_int_equal(host_read(h, E1000_ICR),
	    E1000_ICR_RXSEQ | E1000_ICR_GPI3);
	assert_false(h->line);
	assert_int_equal(host_read(h, E1000_ICR), 0);
	assert_int_equal(h->edges, 2);
}

static void
test_write_one_to_clear(void **state)
{
	(void)state;
	host_write(h, E1000_IMS, E1000_ICR_TXDW | E1000_ICR_RXT0);
	host_write(h, E1000_ICS, E1000_ICR_TXDW | E1000_ICR_RXT0);
	host_write(h, E1000_ICR, E1000_ICR_TXDW);
	assert_true(h->line);
	host_write(h, E1000_ICR, E1000_ICR_RXT0);
	assert_false(h->line);
	assert_int_equal(host_read(h, E1000_ICR), 0);
}

static void
test_reserved_causes(void **state)
{
	(void)state;
	host_write(h, E1000_IMS, UINT32_MAX);
	assert_int_equal(host_read(h, E1000_IMS), E1000_ICR_MASK);
	host_write(h, E1000_ICS, ~E1000_ICR_MASK);
	assert_false(h->line);
	assert_int_equal(host_read(h, E1000_ICR), 0);
}

/* Each bit on its own, reserved ones, too: Linux's interrupt test (ethtool). */
static void
test_each_cause(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 10; i++) {
		host_write(h, E1000_IMS, 1u << i);
		host_write(h, E1000_ICS, 1u << i);
		assert_true(h->line);
		assert_int_equal(host_read(h, E1000_ICR), 1u << i);
		host_write(h, E1000_IMC, 1u << i);
		host_write(h, E1000_ICS, 1u << i);
		assert_false(h->line);
		assert_int_equal(host_read(h, E1000_ICR), 1u << i);
	}
}

/* ------------------------------------------------------------------ ITR */

static uint64_t
raise_and_wait(uint32_t cause, uint64_t wait_ns)
{
	unsigned int before = h->edges;

	host_write(h, E1000_ICS, cause);
	if (h->edges == before)
		host_advance(h, wait_ns);
	assert_int_equal(h->edges, before + 1);
	return h->edge_ns;
}

static void
test_itr_exact(void **state)
{
	static const uint32_t itrs[] = { 1, 2, 488, 500, 3906, 65535 };
	uint64_t first;
	unsigned int i;

	(void)state;
	host_write(h, E1000_IMS, E1000_ICR_TXDW);
	for (i = 0; i < sizeof(itrs) / sizeof(itrs[0]); i++) {
		host_write(h, E1000_ITR, itrs[i]);
		assert_int_equal(host_read(h, E1000_ITR), itrs[i]);
		host_advance(h, 1000000000);
		/* The first after quiet comes at once. */
		first = raise_and_wait(E1000_ICR_TXDW, 0);
		assert_int_equal(first, h->now_ns);
		host_read(h, E1000_ICR);
		host_advance(h, 7);
		/* The next, not before its time, and then at once. */
		assert_int_equal(raise_and_wait(E1000_ICR_TXDW, 20000000) -
			first,
		    (uint64_t)itrs[i] * 256);
		host_read(h, E1000_ICR);
	}
}

static void
test_itr_zero_has_no_floor(void **state)
{
	unsigned int i;

	(void)state;
	host_write(h, E1000_IMS, E1000_ICR_TXDW);
	for (i = 0; i < 100; i++) {
		host_write(h, E1000_ICS, E1000_ICR_TXDW);
		assert_true(h->line);
		host_read(h, E1000_ICR);
		assert_false(h->line);
	}
	assert_int_equal(h->edges, 100);
	assert_int_equal(h->timer_ns, E82540_NEVER);
}

/* A cause that waits for the window is masked, read, or ITR gets shorter. */
static void
test_itr_while_waiting(void **state)
{
	uint64_t start;

	(void)state;
	host_write(h, E1000_ITR, 1000);
	host_write(h, E1000_IMS, E1000_ICR_TXDW);
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	host_read(h, E1000_ICR);
	start = h->now_ns;

	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	host_write(h, E1000_IMC, E1000_ICR_TXDW);
	host_advance(h, 300000);
	assert_int_equal(h->edges, 1);
	/* Unmasked after the window: at once. */
	host_write(h, E1000_IMS, E1000_ICR_TXDW);
	assert_int_equal(h->edges, 2);
	host_read(h, E1000_ICR);
	assert_true(h->now_ns - start == 300000);

	/* Unmasked within it: at its end. */
	start = h->now_ns;
	host_write(h, E1000_IMC, E1000_ICR_TXDW);
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	host_advance(h, 1000);
	host_write(h, E1000_IMS, E1000_ICR_TXDW);
	assert_int_equal(h->edges, 2);
	host_advance(h, 300000);
	assert_int_equal(h->edge_ns, start + 256000);
	host_read(h, E1000_ICR);

	/* ICR is read while the interrupt waits: no interrupt comes. */
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	host_read(h, E1000_ICR);
	host_advance(h, 300000);
	assert_int_equal(h->edges, 3);

	/* A shorter interval ends the wait when that is over. */
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	host_read(h, E1000_ICR);
	start = h->now_ns;
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	host_advance(h, 1000);
	host_write(h, E1000_ITR, 10);
	host_advance(h, 10000);
	assert_int_equal(h->edge_ns, start + 2560);
}

static void
test_one_interrupt_for_many_causes(void **state)
{
	(void)state;
	host_write(h, E1000_ITR, 100);
	host_write(h, E1000_IMS, E1000_ICR_MASK);
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	host_read(h, E1000_ICR);
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	host_write(h, E1000_ICS, E1000_ICR_RXT0);
	host_write(h, E1000_ICS, E1000_ICR_RXDMT0);
	host_advance(h, 30000);
	assert_int_equal(h->edges, 2);
	assert_int_equal(host_read(h, E1000_ICR),
	    E1000_ICR_TXDW | E1000_ICR_RXT0 | E1000_ICR_RXDMT0);
}

static void
test_moderation_off(void **state)
{
	uint64_t at;

	(void)state;
	host_write(h, E1000_ITR, 1000);
	host_write(h, E1000_IMS, E1000_ICR_TXDW);
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	host_read(h, E1000_ICR);
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	assert_int_equal(h->edges, 1);
	at = h->now_ns;
	/* What waits comes when it is switched off. */
	e82540_moderation_set(h->dev, h->now_ns, false);
	assert_int_equal(h->edges, 2);
	assert_int_equal(h->edge_ns, at);
	host_read(h, E1000_ICR);
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	assert_int_equal(h->edges, 3);
	host_read(h, E1000_ICR);
	/* The interrupt waits again when moderation is on. */
	e82540_moderation_set(h->dev, h->now_ns, true);
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	assert_int_equal(h->edges, 3);
	host_advance(h, 256000);
	assert_int_equal(h->edges, 4);
}

/* --------------------------------------------- the host's own interval */

/* One cause a step: expect an interrupt exactly `after` the one before. */
static void
hold_expect(uint32_t cause, uint64_t after)
{
	uint64_t last = h->edge_ns;

	host_write(h, E1000_ICS, cause);
	host_advance(h, last + after - 1 - h->now_ns);
	assert_int_equal(h->edge_ns, last);
	host_advance(h, 1);
	assert_int_equal(h->edge_ns, last + after);
	host_read(h, E1000_ICR);
}

static void
hold_begin(uint32_t itr, uint64_t interval_ns)
{
	host_write(h, E1000_ITR, itr);
	host_write(h, E1000_IMS, E1000_ICR_MASK);
	host_advance(h, 1000000000);
	e82540_moderation_hold(h->dev, h->now_ns, interval_ns);
	/* The first after quiet comes at once, held or not. */
	assert_int_equal(raise_and_wait(E1000_ICR_TXDW, 0), h->now_ns);
	assert_int_equal(e82540_moderation_held(h->dev), 0);
	host_read(h, E1000_ICR);
}

/* The longer of the two, to the nanosecond; then ITR alone again. */
static void
test_hold_is_a_least_interval(void **state)
{
	static const uint64_t holds[] = { 1, 255999, 256000, 256001, 1000000,
		E82540_HOLD_MAX_NS, UINT64_MAX };
	uint64_t want;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(holds) / sizeof(holds[0]); i++) {
		want = holds[i] < 256000 ? 256000 : holds[i];
		if (want > E82540_HOLD_MAX_NS)
			want = E82540_HOLD_MAX_NS;
		hold_begin(1000, holds[i]);
		hold_expect(E1000_ICR_TXDW, want);
		hold_expect(E1000_ICR_RXT0 | E1000_ICR_TXQE, want);
		e82540_moderation_hold(h->dev, h->now_ns, 0);
		hold_expect(E1000_ICR_TXDW, 256000);
	}
}

/* A cause without a packet waits for ITR alone, and releases what is held. */
static void
test_hold_is_for_packets(void **state)
{
	static const uint32_t others[] = { E1000_ICR_LSC, E1000_ICR_RXSEQ,
		E1000_ICR_RXDMT0, E1000_ICR_RXO, E1000_ICR_SRPD,
		E1000_ICR_TXD_LOW, E1000_ICR_GPI3 };
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		hold_begin(1000, 1000000);
		hold_expect(others[i], 256000);
		host_write(h, E1000_ICS, E1000_ICR_TXDW);
		assert_int_equal(e82540_moderation_held(h->dev),
		    E1000_ICR_TXDW);
		hold_expect(others[i], 256000);
		/* A masked one does not. */
		host_write(h, E1000_IMC, others[i]);
		host_write(h, E1000_ICS, others[i]);
		hold_expect(E1000_ICR_TXDW, 1000000);
	}
}

/* Released: at once, or when ITR allows; and for this once only. */
static void
test_hold_release(void **state)
{
	uint64_t last;

	(void)state;
	hold_begin(1000, 1000000);
	last = h->edge_ns;
	/* Nothing is held: this releases nothing. */
	e82540_moderation_release(h->dev, h->now_ns);
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	assert_int_equal(e82540_moderation_held(h->dev), E1000_ICR_TXDW);
	host_advance(h, 300000);
	assert_false(h->line);
	e82540_moderation_release(h->dev, h->now_ns);
	assert_int_equal(h->edge_ns, last + 300000);
	assert_int_equal(e82540_moderation_held(h->dev), 0);
	host_read(h, E1000_ICR);
	hold_expect(E1000_ICR_TXDW, 1000000);

	/* Inside ITR's window it waits for that, and others come along. */
	last = h->edge_ns;
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	host_advance(h, 100000);
	e82540_moderation_release(h->dev, h->now_ns);
	assert_int_equal(e82540_moderation_held(h->dev), 0);
	host_write(h, E1000_ICS, E1000_ICR_RXT0);
	assert_int_equal(e82540_moderation_held(h->dev), 0);
	host_advance(h, 155999);
	assert_false(h->line);
	host_advance(h, 1);
	assert_int_equal(h->edge_ns, last + 256000);
	assert_int_equal(host_read(h, E1000_ICR),
	    E1000_ICR_TXDW | E1000_ICR_RXT0);
	hold_expect(E1000_ICR_RXT0, 1000000);

	/* The guest took the cause: what comes then is held again. */
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	e82540_moderation_release(h->dev, h->now_ns);
	host_read(h, E1000_ICR);
	hold_expect(E1000_ICR_TXDW, 1000000);
}

/* Changed while a cause is held: counts from the last interrupt. */
static void
test_hold_changed(void **state)
{
	uint64_t last;

	(void)state;
	hold_begin(1000, 1000000);
	last = h->edge_ns;
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	host_advance(h, 300000);
	e82540_moderation_hold(h->dev, h->now_ns, 500000);
	host_advance(h, 199999);
	assert_false(h->line);
	host_advance(h, 1);
	assert_int_equal(h->edge_ns, last + 500000);
	host_read(h, E1000_ICR);
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	host_advance(h, 400000);
	e82540_moderation_hold(h->dev, h->now_ns, 0);
	assert_int_equal(h->edge_ns, last + 900000);
	host_read(h, E1000_ICR);

	/* Moderation off: nothing is held.  On again: it is. */
	e82540_moderation_hold(h->dev, h->now_ns, 1000000);
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	e82540_moderation_set(h->dev, h->now_ns, false);
	assert_true(h->line);
	assert_int_equal(e82540_moderation_held(h->dev), 0);
	host_read(h, E1000_ICR);
	e82540_moderation_set(h->dev, h->now_ns, true);
	hold_expect(E1000_ICR_TXDW, 1000000);

	/* Resets keep the interval, and forget the interrupt before. */
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	host_write(h, E1000_CTRL, E1000_CTRL_RST);
	assert_int_equal(e82540_moderation_held(h->dev), 0);
	host_write(h, E1000_IMS, E1000_ICR_MASK);
	host_read(h, E1000_ICR);
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	assert_true(h->line);
	host_read(h, E1000_ICR);
	hold_expect(E1000_ICR_TXDW, 1000000);
}

/* The interval is the host's, not of the device that it loads. */
static void
test_hold_and_snapshot(void **state)
{
	static uint8_t snapshot[256 * 1024];
	uint64_t last;
	int64_t len;

	(void)state;
	hold_begin(1000, 1000000);
	last = h->edge_ns;
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	host_advance(h, 100000);
	len = e82540_save(h->dev, h->now_ns, snapshot, sizeof(snapshot));
	assert_true(len > 0);
	e82540_moderation_hold(h->dev, h->now_ns, 0);
	assert_int_equal(e82540_load(h->dev, h->now_ns, snapshot, (size_t)len),
	    0);
	assert_int_equal(e82540_moderation_held(h->dev), 0);
	host_advance(h, 155999);
	assert_false(h->line);
	host_advance(h, 1);
	assert_int_equal(h->edge_ns, last + 256000);
	host_read(h, E1000_ICR);

	/* Loaded again, into a host that holds. */
	e82540_moderation_hold(h->dev, h->now_ns, 500000);
	assert_int_equal(e82540_load(h->dev, h->now_ns, snapshot, (size_t)len),
	    0);
	assert_int_equal(e82540_moderation_held(h->dev), E1000_ICR_TXDW);
	last = h->now_ns - 100000;
	host_advance(h, 1000000);
	assert_int_equal(h->edge_ns, last + 500000);
}

/* -------------------------------------------------------- delay timers */

static void
rings_set_up(void)
{
	host_write(h, E1000_TDBAL, RING);
	host_write(h, E1000_TDLEN, 8 * 16 * 16);
	host_write(h, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP);
	host_rx_ring(h, RX_RING, 128, RX_BUF, 2048, 127);
	host_write(h, E1000_RCTL,
	    E1000_RCTL_EN | E1000_RCTL_UPE | E1000_RCTL_BAM);
	host_read(h, E1000_ICR);
	host_write(h, E1000_IMS, E1000_ICR_TXDW | E1000_ICR_RXT0);
}

static void
send_one(uint8_t cmd)
{
	struct e1000_tx_desc desc = {
		.buffer_addr = BUFFER,
		.length = 60,
		.cmd = E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS |
		    E1000_TXD_CMD_RS | cmd,
	};
	uint32_t tail = host_read(h, E1000_TDT);

	memcpy(host_ram(h, RING + tail * 16), &desc, 16);
	host_write(h, E1000_TDT, (tail + 1) % 128);
}

static void
receive_one(uint32_t len)
{
	uint8_t data[1514] = { 0x02 };
	struct e82540_frame frame = { .data = data, .len_bytes = len };

	assert_int_equal(e82540_receive(h->dev, h->now_ns, &frame, 1), 1);
}

static void
test_tidv_tadv(void **state)
{
	uint64_t start;
	unsigned int i;

	(void)state;
	rings_set_up();
	host_write(h, E1000_TIDV, 100);

	/* Without IDE: at once. */
	send_one(0);
	assert_int_equal(h->edge_ns, h->now_ns);
	host_read(h, E1000_ICR);

	/* The delay counts from the last of several. */
	for (i = 0; i < 5; i++) {
		send_one(E1000_TXD_CMD_IDE);
		host_advance(h, 50000);
	}
	start = h->now_ns - 50000;
	assert_int_equal(h->edges, 1);
	host_advance(h, 200000);
	assert_int_equal(h->edges, 2);
	assert_int_equal(h->edge_ns, start + 102400);
	host_read(h, E1000_ICR);

	/* The bound counts from the first. */
	host_write(h, E1000_TADV, 150);
	start = h->now_ns;
	for (i = 0; i < 5; i++) {
		send_one(E1000_TXD_CMD_IDE);
		host_advance(h, 50000);
	}
	assert_int_equal(h->edges, 3);
	assert_int_equal(h->edge_ns, start + 153600);
	host_read(h, E1000_ICR);

	/* One without IDE stops both. */
	host_advance(h, 1000000);
	host_read(h, E1000_ICR);
	i = h->edges;
	send_one(E1000_TXD_CMD_IDE);
	send_one(0);
	assert_int_equal(h->edges, i + 1);
	host_read(h, E1000_ICR);
	host_advance(h, 1000000);
	assert_int_equal(h->edges, i + 1);
}

static void
test_rdtr_radv(void **state)
{
	uint64_t start;
	unsigned int i;

	(void)state;
	rings_set_up();
	receive_one(60);
	assert_int_equal(h->edge_ns, h->now_ns);
	host_read(h, E1000_ICR);

	host_write(h, E1000_RDTR, 20);
	for (i = 0; i < 5; i++) {
		receive_one(60);
		host_advance(h, 20000);
	}
	start = h->now_ns - 20000;
	host_advance(h, 100000);
	assert_int_equal(h->edges, 2);
	assert_int_equal(h->edge_ns, start + 20480);
	host_read(h, E1000_ICR);

	host_write(h, E1000_RADV, 40);
	start = h->now_ns;
	for (i = 0; i < 3; i++) {
		receive_one(60);
		host_advance(h, 20000);
	}
	assert_int_equal(h->edges, 3);
	assert_int_equal(h->edge_ns, start + 40960);
	host_read(h, E1000_ICR);

	/* FPD ends the wait, and reads back as 0. */
	host_advance(h, 1000000);
	host_read(h, E1000_ICR);
	i = h->edges;
	receive_one(60);
	assert_int_equal(h->edges, i);
	host_write(h, E1000_RDTR, 20 | E1000_RDTR_FPD);
	assert_int_equal(h->edges, i + 1);
	assert_int_equal(host_read(h, E1000_RDTR), 20);
	host_read(h, E1000_ICR);
	host_advance(h, 1000000);
	assert_int_equal(h->edges, i + 1);
	/* With nothing waiting it does nothing. */
	host_write(h, E1000_RDTR, 20 | E1000_RDTR_FPD);
	assert_int_equal(h->edges, i + 1);
}

static void
test_small_packets_do_not_wait(void **state)
{
	(void)state;
	rings_set_up();
	host_write(h, E1000_RDTR, 100);
	host_write(h, E1000_RSRPD, 128);
	receive_one(1000);
	assert_false(h->line);
	receive_one(60);
	assert_true(h->line);
	assert_int_equal(host_read(h, E1000_ICR) &
		(E1000_ICR_SRPD | E1000_ICR_RXT0),
	    E1000_ICR_SRPD | E1000_ICR_RXT0);
	host_advance(h, 1000000);
	assert_int_equal(h->edges, 1);
}

/* Both kinds of timer: the delay makes the cause, ITR spaces the interrupts. */
static void
test_delay_then_itr(void **state)
{
	uint64_t start;

	(void)state;
	rings_set_up();
	host_write(h, E1000_ITR, 1000);
	host_write(h, E1000_TIDV, 10);
	send_one(0);
	start = h->edge_ns;
	host_read(h, E1000_ICR);
	send_one(E1000_TXD_CMD_IDE);
	host_advance(h, 20000);
	assert_int_equal(h->edges, 1);
	host_advance(h, 1000000);
	assert_int_equal(h->edges, 2);
	assert_int_equal(h->edge_ns, start + 256000);
}

static void
test_moderation_off_delays(void **state)
{
	(void)state;
	rings_set_up();
	host_write(h, E1000_TIDV, 100);
	host_write(h, E1000_RDTR, 100);
	send_one(E1000_TXD_CMD_IDE);
	receive_one(60);
	assert_int_equal(h->edges, 0);
	e82540_moderation_set(h->dev, h->now_ns, false);
	assert_int_equal(host_read(h, E1000_ICR) &
		(E1000_ICR_TXDW | E1000_ICR_RXT0),
	    E1000_ICR_TXDW | E1000_ICR_RXT0);
	assert_int_equal(h->edges, 1);
	send_one(E1000_TXD_CMD_IDE);
	assert_int_equal(h->edges, 2);
	host_read(h, E1000_ICR);
	receive_one(60);
	assert_int_equal(h->edges, 3);
}

/* The 82544 has no bounds, and its receive delay counts from the first. */
static void
test_82544_delay_is_absolute(void **state)
{
	uint64_t start;

	(void)state;
	host_free(h);
	h = host_new(E82540_82544GC);
	host_power(h);
	rings_set_up();
	host_write(h, E1000_RDTR, 20);
	host_write(h, E1000_ITR, 60000);
	start = h->now_ns;
	receive_one(60);
	host_advance(h, 15000);
	receive_one(60);
	host_advance(h, 15000);
	assert_int_equal(h->edge_ns, start + 20480);
}

static void
test_reset_stops_all(void **state)
{
	(void)state;
	rings_set_up();
	host_write(h, E1000_ITR, 1000);
	host_write(h, E1000_TIDV, 100);
	send_one(0);
	assert_true(h->line);
	send_one(E1000_TXD_CMD_IDE);
	host_write(h, E1000_CTRL, E1000_CTRL_RST);
	assert_false(h->line);
	host_advance(h, 10000000);
	assert_int_equal(h->edges, 1);
	assert_int_equal(host_read(h, E1000_IMS), 0);
	assert_int_equal(host_read(h, E1000_ICR) & E1000_ICR_TXDW, 0);
}

/* Timers may be called late, early, or by polling; time may not step back. */
static void
test_sloppy_host(void **state)
{
	uint64_t at;

	(void)state;
	host_write(h, E1000_ITR, 1000);
	host_write(h, E1000_IMS, E1000_ICR_TXDW);
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	host_read(h, E1000_ICR);
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	at = e82540_deadline(h->dev);
	assert_int_equal(at, h->timer_ns);
	e82540_run(h->dev, at - 1);
	assert_int_equal(h->edges, 1);
	assert_int_equal(h->timer_ns, at);
	e82540_run(h->dev, 0);
	assert_int_equal(h->edges, 1);
	e82540_run(h->dev, at + 12345);
	assert_int_equal(h->edges, 2);
	assert_int_equal(e82540_deadline(h->dev), E82540_NEVER);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, setup_intr, one_host_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_mask),
		TEST(test_write_one_to_clear),
		TEST(test_reserved_causes),
		TEST(test_each_cause),
		TEST(test_itr_exact),
		TEST(test_itr_zero_has_no_floor),
		TEST(test_itr_while_waiting),
		TEST(test_one_interrupt_for_many_causes),
		TEST(test_moderation_off),
		TEST(test_hold_is_a_least_interval),
		TEST(test_hold_is_for_packets),
		TEST(test_hold_release),
		TEST(test_hold_changed),
		TEST(test_hold_and_snapshot),
		TEST(test_tidv_tadv),
		TEST(test_rdtr_radv),
		TEST(test_small_packets_do_not_wait),
		TEST(test_delay_then_itr),
		TEST(test_moderation_off_delays),
		TEST(test_82544_delay_is_absolute),
		TEST(test_reset_stops_all),
		TEST(test_sloppy_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
