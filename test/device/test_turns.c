/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two threads, made exact: whenever one of them releases a lock, it may be the
 * other's turn.  The other runs right there, in turn_unlock(), to its end.
 */
#include "rx_rig.h"

#define TX_RING		(HOST_RAM + 0x2000u)
#define TX_BUFFER	(HOST_RAM + 0x3000u)

static struct {
	enum e82540_lock lock;
	unsigned int after;		/* releases of it before the turn */
	void (*turn)(struct rig *r);
	struct rig *r;
} other;

static void
turn_lock(void *ctx, enum e82540_lock lock)
{
	(void)ctx;
	(void)lock;
}

static void
turn_unlock(void *ctx, enum e82540_lock lock)
{
	void (*turn)(struct rig * r) = other.turn;

	(void)ctx;
	if (turn == NULL || lock != other.lock || other.after-- > 0)
		return;
	other.turn = NULL;
	turn(other.r);
}

/* The other thread's turn is when `lock` is released next. */
static void
turn_at(struct rig *r, enum e82540_lock lock, void (*turn)(struct rig *r))
{
	other.lock = lock;
	other.after = 0;
	other.r = r;
	other.turn = turn;
}

static void
turn_taken(void)
{
	assert_null(other.turn);
}

static void
turns_start(struct rig *r)
{
	struct host *h = host_new(E82540_82540EM);

	h->table.lock = turn_lock;
	h->table.unlock = turn_unlock;
	h->table.tx_kick = host_tx_kick;
	rig_on(r, h, 0);
	host_write(h, E1000_TDBAL, TX_RING);
	host_write(h, E1000_TDLEN, 8 * E1000_DESC_BYTES);
	host_write(h, E1000_TCTL, E1000_TCTL_EN);
	host_write(h, E1000_IMS, E1000_ICR_MASK);
	(void)host_read(h, E1000_ICR);
}

static void
turn_give(struct rig *r)
{
	uint8_t frame[1514];

	rig_frame(frame, sizeof(frame), 0x88B5);
	(void)rig_give(r, frame, sizeof(frame));
}

static void
turn_reset(struct rig *r)
{
	host_write(r->h, E1000_CTRL,
	    host_read(r->h, E1000_CTRL) | E1000_CTRL_RST);
}

static void
turn_refill(struct rig *r)
{
	host_write(r->h, E1000_RDT, RIG_COUNT - 1);
}

/*
 * RCTL 0 is off, and the size it has is 2048: a frame that comes at that moment
 * must not go into a buffer of 256.
 */
static void
test_receive_while_switched_off(void **state)
{
	struct rig r;
	uint32_t i;

	(void)state;
	turns_start(&r);
	rig_ring(&r, RIG_COUNT, 256, RIG_COUNT - 1);
	rig_rctl(&r, 0);
	turn_at(&r, E82540_LOCK_RX, turn_give);
	host_write(r.h, E1000_RCTL, 0);
	turn_taken();
	for (i = 0; i < 1514; i++)
		assert_int_equal(r.h->ram[RIG_BUFFERS - HOST_RAM + i], 0);
	assert_int_equal(rig_get(&r), -1);
	rig_stop(&r);
}

/* A path's report from before a reset must not reach the guest after it. */
static void
test_report_of_receive_after_reset(void **state)
{
	struct rig r;

	(void)state;
	turns_start(&r);
	turn_at(&r, E82540_LOCK_RX, turn_reset);
	turn_give(&r);
	turn_taken();
	assert_int_equal(host_read(r.h, E1000_ICR) & ~E1000_ICR_LSC, 0);
	assert_int_equal(host_read(r.h, E1000_GPRC), 0);
	assert_int_equal(rig_counters(&r).rx_packets, 1);
	rig_stop(&r);
}

static void
test_report_of_transmit_after_reset(void **state)
{
	struct e1000_tx_desc *d;
	struct rig r;

	(void)state;
	turns_start(&r);
	d = host_ram(r.h, TX_RING);
	d->buffer_addr = TX_BUFFER;
	d->length = 60;
	d->cmd = E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS | E1000_TXD_CMD_RS;
	host_write(r.h, E1000_TDT, 1);
	assert_int_equal(r.h->kicks, 1);
	turn_at(&r, E82540_LOCK_TX, turn_reset);
	assert_false(e82540_transmit(r.h->dev, r.h->now_ns));
	turn_taken();
	assert_int_equal(r.h->packets, 1);
	assert_int_equal(host_read(r.h, E1000_ICR) & ~E1000_ICR_LSC, 0);
	assert_int_equal(host_read(r.h, E1000_GPTC), 0);
	assert_int_equal(rig_counters(&r).tx_packets, 1);
	rig_stop(&r);
}

/* But a host that waits for room must be told, or it waits for good. */
static void
test_rx_ready_after_reset(void **state)
{
	uint8_t frame[1514];
	struct rig r;

	(void)state;
	turns_start(&r);
	rig_ring(&r, RIG_COUNT, 2048, 0);
	rig_frame(frame, sizeof(frame), 0x88B5);
	while (rig_give(&r, frame, sizeof(frame)) == 1)
		continue;
	assert_int_equal(r.h->rx_readies, 0);
	turn_at(&r, E82540_LOCK_RX, turn_reset);
	turn_refill(&r);
	turn_taken();
	assert_true(r.h->rx_readies > 0);
	rig_stop(&r);
}

/*
 * The report "the FIFO is high" comes after "it is low again": an XOFF now
 * would stop the peer for nothing.
 */
static void
test_late_report_of_full_fifo(void **state)
{
	struct rig r;

	(void)state;
	turns_start(&r);
	host_write(r.h, E1000_CTRL,
	    host_read(r.h, E1000_CTRL) | E1000_CTRL_TFCE);
	host_write(r.h, E1000_FCTTV, 100);
	host_write(r.h, E1000_FCRTH, 1024);
	host_write(r.h, E1000_FCRTL, 512 | E1000_FCRTL_XONE);
	rig_ring(&r, RIG_COUNT, 2048, 0);
	turn_at(&r, E82540_LOCK_RX, turn_refill);
	turn_give(&r);
	turn_taken();
	assert_int_equal(r.h->packets, 0);
	assert_int_equal(rig_counters(&r).rx_packets, 1);
	rig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_receive_while_switched_off),
		cmocka_unit_test(test_report_of_receive_after_reset),
		cmocka_unit_test(test_report_of_transmit_after_reset),
		cmocka_unit_test(test_rx_ready_after_reset),
		cmocka_unit_test(test_late_report_of_full_fifo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
