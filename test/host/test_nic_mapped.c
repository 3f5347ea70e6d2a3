/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A NIC whose doorbells are memory, by its thread and a vCPU that the test
 * plays: they are only while the transmitter is on.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "common.h"
#include "e1000_hw.h"
#include "nic.h"

static struct err err;
static struct nic *nic;
static pthread_t thread;
static atomic_bool mapped;
static atomic_uint maps;

static void
on_interrupt(void *ctx, bool asserted)
{
	(void)ctx;
	(void)asserted;
}

static int
on_map(void *ctx, void *mem)
{
	(void)ctx;
	assert_non_null(mem);
	mapped = true;
	maps++;
	return 0;
}

static void
on_unmap(void *ctx)
{
	(void)ctx;
	mapped = false;
}

static void *
run(void *arg)
{
	nic_run(arg);
	return NULL;
}

static int
nic_begin(void **state)
{
	static const struct nic_vmm vmm = {
		.interrupt = on_interrupt,
		.map = on_map,
		.unmap = on_unmap,
	};
	struct nic_config config = {
		.mac = { 2, 0, 0, 0, 0, 1 },
		.doorbell = NIC_DOORBELL_MAPPED,
		.vmm = &vmm,
	};
	struct opts opts;

	(void)state;
	mapped = false;
	maps = 0;
	if (opts_parse(&opts, "backend=null", &err) != 0)
		return -1;
	config.backend = backend_open(&opts, &err);
	opts_free(&opts);
	nic = config.backend == NULL ? NULL : nic_new(&config, &err);
	return nic == NULL ? -1 : pthread_create(&thread, NULL, run, nic);
}

static int
nic_end(void **state)
{
	(void)state;
	nic_stop(nic);
	pthread_join(thread, NULL);
	assert_false(mapped);
	nic_free(nic);
	return 0;
}

static void
transmitter(bool on)
{
	nic_mmio_write(nic, E1000_TCTL, 4, on ? E1000_TCTL_EN : 0);
}

static void
wait_mapped(unsigned int times)
{
	uint64_t end = wall_ns() + 10000000000u;

	while (!(mapped && maps == times))
		if (wall_ns() > end)
			fail_msg("not memory in 10 s: %u of %u times",
			    (unsigned int)maps, times);
}

/* When the write returns, they are what the register is. */
static void
test_off(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 1; i <= 100; i++) {
		transmitter(true);
		wait_mapped(i);
		transmitter(false);
		assert_false(mapped);
	}
}

static void
test_receiver(void **state)
{
	(void)state;
	nic_mmio_write(nic, E1000_RCTL, 4, E1000_RCTL_EN);
	nic_mmio_write(nic, E1000_RDBAL, 4, 0x5a5a5a5a);
	assert_int_equal(nic_mmio_read(nic, E1000_RDBAL, 4), 0x5a5a5a50);
	assert_false(mapped);
	transmitter(true);
	wait_mapped(1);
}

static void
test_reset(void **state)
{
	(void)state;
	transmitter(true);
	wait_mapped(1);
	nic_mmio_write(nic, E1000_CTRL, 4, E1000_CTRL_RST);
	assert_false(mapped);
	transmitter(true);
	wait_mapped(2);
	nic_io_write(nic, 0, 4, E1000_CTRL);
	nic_io_write(nic, 4, 4, E1000_CTRL_RST);
	assert_false(mapped);
}

/* A vCPU's access faulted before, and comes to us after. */
static void
test_late_fault(void **state)
{
	(void)state;
	assert_false(nic_fault(nic));
	transmitter(true);
	wait_mapped(1);
	assert_true(nic_fault(nic));
	transmitter(false);
	assert_true(nic_fault(nic));
}

/* From two vCPUs; both return, at the end too. */
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
	assert_false(mapped);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_off, nic_begin, nic_end),
		cmocka_unit_test_setup_teardown(test_receiver, nic_begin,
		    nic_end),
		cmocka_unit_test_setup_teardown(test_reset, nic_begin, nic_end),
		cmocka_unit_test_setup_teardown(test_late_fault, nic_begin,
		    nic_end),
		cmocka_unit_test_setup_teardown(test_two, nic_begin, nic_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
