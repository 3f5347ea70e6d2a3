/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transmit, as drivers of other people do it: what the manual does not say, or
 * forbids, and works in other models.
 */
#include "tx_rig.h"

/* ------------------------------------------------------- empty descriptors */

/* A ring of zeros is given up to `tail`; then a packet is put at `at`. */
static void
zeros_first(uint32_t count, uint32_t tail, uint32_t at)
{
	struct rig r = rig_new(E82540_82540EM);
	uint8_t *data = rig_fill(&r, RIG_DATA, 100, 1);

	rig_ring(&r, RIG_RING, count);
	host_write(r.h, E1000_TDT, tail);
	assert_int_equal(rig_head(&r), tail);
	r.tail = at;
	rig_legacy(&r, RIG_DATA, 100, CMD_LAST_RS);
	rig_flush(&r);
	assert_int_equal(rig_counters(&r).bad_descriptor, 0);
	assert_int_equal(rig_counters(&r).bad_ring, 0);
	assert_int_equal(rig_head(&r), r.tail);
	/* The head is there already: chip and other models send nothing. */
	if ((at + 1) % count != tail) {
		assert_int_equal(r.h->packets, 1);
		rig_sent(&r, 0, data, 100);
		assert_true(rig_done(&r, at));
	}
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_flush(&r);
	rig_sent(&r, r.h->packets - 1, data, 60);
	rig_free(&r);
}

static void
test_zeros_first(void **state)
{
	uint32_t tail;

	(void)state;
	for (tail = 0; tail < 8; tail++) {
		zeros_first(8, tail, 0);
		zeros_first(8, tail, tail);
	}
	for (tail = 0; tail < 64; tail += 9)
		zeros_first(64, tail, tail);
	zeros_first(8192, 8191, 8191);
	zeros_first(8192, 8191, 0);
}

/*
 * Of every kind, with RS: DD at once.  What they ask for belongs to no packet.
 */
static void
test_null_kinds(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint8_t *data = rig_fill(&r, RIG_DATA, 100, 1);
	uint32_t i;

	(void)state;
	rig_legacy(&r, 0, 100, E1000_TXD_CMD_RS | E1000_TXD_CMD_IC);
	rig_legacy(&r, RIG_DATA, 0, E1000_TXD_CMD_RS);
	rig_data(&r, 0, 100, E1000_TXD_CMD_RS | E1000_TXD_CMD_TSE, 3);
	rig_data(&r, RIG_DATA, 0, E1000_TXD_CMD_RS, 3);
	rig_kick(&r);
	assert_int_equal(rig_head(&r), 4);
	for (i = 0; i < 4; i++)
		assert_true(rig_done(&r, i));
	rig_legacy(&r, RIG_DATA, 50, 0);
	rig_legacy(&r, 0, 0, E1000_TXD_CMD_RS);
	rig_kick(&r);
	/* Within a packet they wait for its end. */
	assert_int_equal(rig_head(&r), 4);
	assert_false(rig_done(&r, 5));
	rig_legacy(&r, RIG_DATA + 50, 50, CMD_LAST_RS);
	rig_kick(&r);
	assert_int_equal(r.h->packets, 1);
	rig_sent(&r, 0, data, 100);
	assert_int_equal(rig_head(&r), 7);
	rig_free(&r);
}

/* So many that a run cannot pass all of them. */
static void
test_null_many(void **state)
{
	struct rig r = rig_new(E82540_82540EM);
	uint32_t i;

	(void)state;
	rig_fill(&r, RIG_DATA, 100, 1);
	rig_ring(&r, RIG_RING, 16384);
	for (i = 0; i < 16000; i++)
		rig_legacy(&r, 0, 0, 0);
	rig_legacy(&r, RIG_DATA, 100, CMD_LAST_RS);
	rig_flush(&r);
	assert_int_equal(r.h->packets, 1);
	assert_int_equal(rig_head(&r), r.tail);
	assert_int_equal(rig_counters(&r).bad_descriptor, 0);
	rig_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zeros_first),
		cmocka_unit_test(test_null_kinds),
		cmocka_unit_test(test_null_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
