/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host->dirty(): what the model writes to guest memory it tells the host of,
 * all of it, and nothing that is not in memory; neighbours in one call.
 */
#include "rx_rig.h"

#define TX_RING		(HOST_RAM + 0x4000u)
#define TX_DATA		(HOST_RAM + 0x5000u)
#define CALLS_MAX	1000u

/* Guest memory as it was, with what dirty() told of taken over. */
static uint8_t shadow[HOST_RAM_BYTES];
static struct rig r;
static struct {
	uint64_t gpa, len;
} calls[CALLS_MAX];
static unsigned int n_calls;

static bool
is_descriptor(uint64_t gpa)
{
	return gpa < TX_DATA;
}

static void
dirty(void *ctx, uint64_t gpa, uint64_t len)
{
	struct host *h = ctx;
	unsigned int i;

	assert_true(len > 0);
	assert_in_range(gpa, HOST_RAM, HOST_RAM + HOST_RAM_BYTES - 1);
	assert_in_range(gpa + len, gpa, HOST_RAM + HOST_RAM_BYTES);
	assert_true(n_calls < CALLS_MAX);
	calls[n_calls].gpa = gpa;
	calls[n_calls++].len = len;
	memcpy(shadow + (gpa - HOST_RAM), host_ram(h, gpa), len);
	if (is_descriptor(gpa))
		return;
	/* The guest does not see this packet yet. */
	for (i = 0; i < r.count; i++)
		if (gpa - rig_desc(&r, i)->buffer_addr < r.buf_bytes)
			assert_false(
			    rig_desc(&r, i)->status & E1000_RXD_STAT_DD);
}

/* From here on, what the memory has is known. */
static void
dirty_begin(void)
{
	memcpy(shadow, r.h->ram, sizeof(shadow));
	n_calls = 0;
}

static void
dirty_check(void)
{
	assert_memory_equal(shadow, r.h->ram, sizeof(shadow));
}

/* How many calls told of descriptors; all others told of data. */
static unsigned int
descriptor_calls(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < n_calls; i++)
		n += is_descriptor(calls[i].gpa);
	return n;
}

static void
dirty_start(uint32_t rctl)
{
	struct host *h = host_new(E82540_82540EM);

	h->table.dirty = dirty;
	rig_on(&r, h, rctl);
	host_write(h, E1000_TDBAL, TX_RING);
	host_write(h, E1000_TDLEN, 16 * 16);
	host_write(h, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP);
	dirty_begin();
}

static void
dirty_give(unsigned int n, uint32_t len)
{
	static uint8_t frame[1600];
	struct e82540_frame frames[32];
	unsigned int i;

	rig_frame(frame, len, 0x0800);
	for (i = 0; i < n; i++)
		frames[i] = (struct e82540_frame){ frame, len, 0 };
	assert_int_equal(e82540_receive(r.h->dev, r.h->now_ns, frames, n), n);
}

/* One call a buffer, and one for neighbouring descriptors. */
static void
test_receive(void **state)
{
	unsigned int i;

	(void)state;
	dirty_start(0);
	dirty_give(20, 60);
	dirty_check();
	assert_int_equal(n_calls, 21);
	assert_int_equal(descriptor_calls(), 1);
	assert_int_equal(calls[20].gpa, RIG_RING);
	assert_int_equal(calls[20].len, 20 * 16);
	for (i = 0; i < 20; i++) {
		assert_int_equal(calls[i].gpa, rig_buffer(&r, i));
		assert_int_equal(calls[i].len, 64);
		rig_get(&r);
	}
	rig_refill(&r);
	dirty_begin();
	dirty_give(20, 60);		/* round the end of the ring */
	dirty_check();
	assert_int_equal(n_calls, 22);
	assert_int_equal(descriptor_calls(), 2);
	rig_stop(&r);
}

/* Several buffers a frame, null descriptors, the FIFO, a tag taken off. */
static void
test_receive_pieces(void **state)
{
	unsigned int i;

	(void)state;
	dirty_start(E1000_RCTL_LPE);
	rig_ring(&r, 32, 256, 30);
	rig_rctl(&r, E1000_RCTL_LPE);
	for (i = 0; i < 32; i += 3)
		rig_desc(&r, i)->buffer_addr = 0;
	dirty_begin();
	dirty_give(1, 1500);
	dirty_check();
	assert_int_equal(n_calls - descriptor_calls(), 6);
	dirty_give(10, 300);		/* the last of them into the FIFO */
	dirty_check();
	for (i = 0; i < 32; i++)
		rig_desc(&r, i)->status = 0;
	dirty_begin();
	host_write(r.h, E1000_RDT, host_read(r.h, E1000_RDH) - 1);
	assert_true(n_calls > 0);
	dirty_check();
	rig_stop(&r);
}

/* Memory ends, or is read-only, within a buffer. */
static void
test_holes(void **state)
{
	struct e82540_region region[3] = {
		{ HOST_RAM, 0x10100, NULL, true },
		{ HOST_RAM + 0x10100, 0x100, NULL, false },
		{ HOST_RAM + 0x10200, HOST_RAM_BYTES - 0x10200, NULL, true },
	};
	unsigned int i;

	(void)state;
	dirty_start(0);
	for (i = 0; i < 3; i++)
		region[i].host = host_ram(r.h, region[i].gpa);
	assert_int_equal(e82540_memory_set(r.h->dev, region, 3), 0);
	rig_desc(&r, 0)->buffer_addr = HOST_RAM + 0x10080;
	rig_desc(&r, 1)->buffer_addr = HOST_RAM + HOST_RAM_BYTES - 100;
	rig_desc(&r, 2)->buffer_addr = HOST_RAM + HOST_RAM_BYTES;
	dirty_begin();
	dirty_give(3, 1000);
	dirty_check();
	/*
	 * Before the hole; behind it; before the end; nothing; three
	 * descriptors.
	 */
	assert_int_equal(n_calls, 4);
	assert_int_equal(calls[0].len, 0x80);
	assert_int_equal(calls[1].len, 1004 - 0x180);
	assert_int_equal(calls[2].len, 100);
	assert_int_equal(calls[3].len, 3 * 16);
	rig_stop(&r);
}

/* Descriptors with RS are written, others are not. */
static void
transmit(unsigned int from, unsigned int n, uint32_t cmd)
{
	struct e1000_tx_desc d = { .buffer_addr = TX_DATA,
		.length = 60,
		.cmd = E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS | cmd };
	unsigned int i;

	for (i = from; i < from + n; i++)
		memcpy(host_ram(r.h, TX_RING + i % 16 * 16), &d, 16);
	dirty_begin();
	host_write(r.h, E1000_TDT, (from + n) % 16);
	dirty_check();
}

static void
test_transmit(void **state)
{
	(void)state;
	dirty_start(0);
	transmit(0, 10, E1000_TXD_CMD_RS);
	assert_int_equal(n_calls, 1);
	assert_int_equal(calls[0].gpa, TX_RING);
	assert_int_equal(calls[0].len, 10 * 16);
	transmit(10, 10, E1000_TXD_CMD_RS);
	assert_int_equal(n_calls, 2);
	transmit(4, 3, 0);
	assert_int_equal(n_calls, 0);
	rig_stop(&r);
}

static void
test_loopback(void **state)
{
	(void)state;
	dirty_start(E1000_RCTL_UPE | E1000_RCTL_MPE | E1000_RCTL_BAM);
	host_loopback(r.h, true);
	transmit(0, 5, E1000_TXD_CMD_RS);
	/* Each is a batch of its own to the receiver. */
	assert_int_equal(n_calls, 5 + 5 + 1);
	rig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_receive),
		cmocka_unit_test(test_receive_pieces),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_transmit),
		cmocka_unit_test(test_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
