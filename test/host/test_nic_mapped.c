/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NIC_DOORBELL_MAPPED: doorbells are memory while the transmitter is on, and
 * only then.
 */
#include "nic_rig.h"

static struct guest *g;

static int
mapped_begin(void **state)
{
	(void)state;
	g = guest_alloc();
	guest_start(g, open_by("backend=null"),
	    &(struct how){ .doorbell = NIC_DOORBELL_MAPPED });
	return 0;
}

static int
mapped_end(void **state)
{
	(void)state;
	assert_int_equal(g->wrong, 0);
	guest_end(g);
	return 0;
}

static void
transmitter(bool on)
{
	nic_mmio_write(g->nic, E1000_TCTL, 4, on ? E1000_TCTL_EN : 0);
}

/* When the write of TCTL returns, doorbells are what it says. */
static void
test_off(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		transmitter(true);
		mapped_wait(g);
		transmitter(false);
		assert_false(mapped(g));
	}
	assert_int_equal(stats_of(g).maps, 200);
}

static void
test_receiver(void **state)
{
	(void)state;
	nic_mmio_write(g->nic, E1000_RCTL, 4, E1000_RCTL_EN);
	nic_mmio_write(g->nic, E1000_RDBAL, 4, 0x5a5a5a5a);
	assert_int_equal(nic_mmio_read(g->nic, E1000_RDBAL, 4), 0x5a5a5a50);
	assert_false(mapped(g));
	transmitter(true);
	mapped_wait(g);
}

static void
test_reset(void **state)
{
	(void)state;
	transmitter(true);
	mapped_wait(g);
	nic_mmio_write(g->nic, E1000_CTRL, 4, E1000_CTRL_RST);
	assert_false(mapped(g));
	transmitter(true);
	mapped_wait(g);
	nic_io_write(g->nic, 0, 4, E1000_CTRL);
	nic_io_write(g->nic, 4, 4, E1000_CTRL_RST);
	assert_false(mapped(g));
}

/* A CPU faults, and calls nic_fault() after the memory is gone. */
static void
test_late_fault(void **state)
{
	uint64_t changes;

	(void)state;
	assert_int_equal(nic_fault(g->nic), 0);
	transmitter(true);
	mapped_wait(g);
	changes = nic_fault(g->nic);
	assert_true(changes > 0);
	transmitter(false);
	assert_true(nic_fault(g->nic) > changes);
}

/* Two CPUs do so at the same time; both return. */
static void *
other(void *arg)
{
	unsigned int i;

	for (i = 0; i < 300; i++)
		transmitter(i & 1);
	return arg;
}

static void
test_two(void **state)
{
	pthread_t t;

	(void)state;
	assert_int_equal(pthread_create(&t, NULL, other, NULL), 0);
	(void)other(NULL);
	pthread_join(t, NULL);
	transmitter(false);
	assert_false(mapped(g));
}

/*
 * One CPU switches the transmitter off, the other on, at the same time.  If it
 * is on in the end, doorbells are memory in the end.
 */
static pthread_barrier_t both;

static void *
switches_off(void *arg)
{
	pthread_barrier_wait(&both);
	transmitter(false);
	return arg;
}

static void
test_off_and_on(void **state)
{
	unsigned int i;
	pthread_t t;

	(void)state;
	pthread_barrier_init(&both, NULL, 2);
	for (i = 0; i < 500; i++) {
		transmitter(true);
		mapped_wait(g);
		assert_int_equal(pthread_create(&t, NULL, switches_off, NULL),
		    0);
		pthread_barrier_wait(&both);
		transmitter(true);
		pthread_join(t, NULL);
		if (nic_mmio_read(g->nic, E1000_TCTL, 4) & E1000_TCTL_EN)
			mapped_wait(g);
	}
	pthread_barrier_destroy(&both);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_off, mapped_begin,
		    mapped_end),
		cmocka_unit_test_setup_teardown(test_receiver, mapped_begin,
		    mapped_end),
		cmocka_unit_test_setup_teardown(test_reset, mapped_begin,
		    mapped_end),
		cmocka_unit_test_setup_teardown(test_late_fault, mapped_begin,
		    mapped_end),
		cmocka_unit_test_setup_teardown(test_two, mapped_begin,
		    mapped_end),
		cmocka_unit_test_setup_teardown(test_off_and_on, mapped_begin,
		    mapped_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
