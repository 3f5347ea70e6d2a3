/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A NIC whose doorbells stay mapped, on a clock of its own: how long its thread
 * spins, how long it naps, and when its pages are taken back.
 *
 * usage: test_nic_naps [TEST]
 */
#include "common.h"
#include "nic_impl.h"

#define US		1000ull
#define MS		1000000ull
#define SECOND		1000000000ull
#define SPIN_US		500u

/* What clock_gettime() says here; and how long this thread had a processor. */
static uint64_t clock_now_ns, cpu_now_ns;

/* In place of glibc's clock_gettime(), whose parameters have reserved names. */
int fake_gettime(clockid_t clock, struct timespec *t) __asm__("clock_gettime");

int
fake_gettime(clockid_t clock, struct timespec *t)
{
	uint64_t ns =
	    clock == CLOCK_THREAD_CPUTIME_ID ? cpu_now_ns : clock_now_ns;

	t->tv_sec = (time_t)(ns / SECOND);
	t->tv_nsec = (long)(ns % SECOND);
	return 0;
}

/* ------------------------------------------------------------- a NIC alone */

struct world {
	struct nic *nic;
	uint32_t memory[E82540_DOORBELL_BYTES / 4];
	uint64_t park_ns;		/* what one costs */
};

static int
host_park(void *ctx, const uint32_t *seen)
{
	(void)seen;
	clock_now_ns += ((struct world *)ctx)->park_ns;
	return 0;
}

static void
host_unpark(void *ctx)
{
	(void)ctx;
}

static int
host_map(void *ctx)
{
	(void)ctx;
	return 0;
}

static void
host_unmap(void *ctx)
{
	(void)ctx;
}

static void
host_interrupt(void *ctx, bool asserted)
{
	(void)ctx;
	(void)asserted;
}

static void
host_msi(void *ctx, uint64_t addr, uint32_t data)
{
	(void)ctx;
	(void)addr;
	(void)data;
}

static unsigned int
all_send(struct backend *b, const struct e82540_packet *packet, unsigned int n)
{
	(void)b;
	(void)packet;
	return n;
}

static void
all_close(struct backend *b)
{
	(void)b;
}

static const struct nic_vmm vmm = { .interrupt = host_interrupt,
	.msi = host_msi };

static const struct nic_doorbell_ops takes_back = { .permanent = true,
	.park = host_park,
	.unpark = host_unpark };

static const struct nic_doorbell_ops maps = { .map = host_map,
	.unmap = host_unmap,
	.park = host_park,
	.unpark = host_unpark };

/* Its transmitter is on, and it is BUSY if the mapping is permanent. */
static struct world *
world_new(const struct nic_doorbell_ops *ops, enum nic_doorbell doorbell)
{
	static const struct backend_ops backend_ops = { .send = all_send,
		.close = all_close };
	static struct backend backend = { .ops = &backend_ops,
		.fd = -1,
		.up = true };
	struct world *w = calloc(1, sizeof(*w));
	struct nic_config config = { .doorbell = doorbell,
		.mac = { 2 },
		.spin_us = SPIN_US,
		.backend = &backend,
		.vmm = &vmm,
		.doorbell_ops = ops,
		.doorbell_mem = w->memory,
		.ctx = w };
	struct err err;

	assert_non_null(w);
	clock_now_ns = SECOND;
	cpu_now_ns = 0;
	w->nic = nic_new(&config, &err);
	assert_non_null(w->nic);
	/* Two accesses of one CPU, and the least time between them. */
	nic_mmio_write(w->nic, E1000_TCTL, 4, E1000_TCTL_EN);
	clock_now_ns += US;
	(void)nic_mmio_read(w->nic, E1000_STATUS, 4);
	return w;
}

static void
world_free(struct world *w)
{
	nic_free(w->nic);
	free(w);
}

/* A thread that runs `late_ns` after the end of each nap. */
static uint64_t
nap(struct world *w, uint64_t late_ns)
{
	uint64_t ns = loop_nap_ns(w->nic, clock_now_ns), from = clock_now_ns;

	assert_true(ns > 0);
	clock_now_ns += ns + late_ns;
	loop_napped(w->nic, from, from + ns, clock_now_ns);
	return ns;
}

/* How long it spins from now on, in microseconds. */
static unsigned int
spin(struct world *w)
{
	unsigned int us;

	for (us = 0; loop_nap_ns(w->nic, clock_now_ns) == 0; us++) {
		assert_true(us < 10 * SPIN_US);
		clock_now_ns += US;
	}
	return us;
}

/* -------------------------------------------------------------------- tests */

/* After a lone packet it does not spin; after two close to each other it does.
 */
static void
test_spin(void **state)
{
	struct world *w = world_new(&takes_back, NIC_DOORBELL_AUTO);
	unsigned int i;

	(void)state;
	loop_sign(w->nic, clock_now_ns);
	assert_in_range(spin(w), 1, 50);
	for (i = 0; i < 100; i++)
		(void)nap(w, 8 * US);
	/* Now it knows that it is late by 8 us. */
	clock_now_ns += 10 * MS;
	loop_sign(w->nic, clock_now_ns);
	assert_in_range(spin(w), 8, 9);
	clock_now_ns += 100 * US;
	loop_sign(w->nic, clock_now_ns);
	assert_int_equal(spin(w), SPIN_US);
	world_free(w);
}

/* Naps become longer, up to 80 us; a host without a processor changes little.
 */
static void
test_longer(void **state)
{
	struct world *w = world_new(&takes_back, NIC_DOORBELL_AUTO);
	uint64_t was, ns;
	unsigned int i;

	(void)state;
	clock_now_ns += MS;
	loop_sign(w->nic, clock_now_ns);
	(void)spin(w);
	was = nap(w, 5 * US);
	for (i = 0; i < 20; i++, was = ns) {
		ns = nap(w, 5 * US);
		assert_true(ns == 2 * was || ns == 80 * US);
	}
	assert_int_equal(was, 80 * US);
	for (i = 0; i < 20; i++)
		(void)nap(w, 20 * MS);
	clock_now_ns += MS;
	loop_sign(w->nic, clock_now_ns);
	assert_in_range(spin(w), 50, 51);
	assert_int_equal(nap(w, 0), 50 * US);
	world_free(w);
}

/* A read of ICR during a nap, and none while there is no nap. */
static void
test_answer(void **state)
{
	struct world *w = world_new(&takes_back, NIC_DOORBELL_AUTO);
	uint64_t from, ns;

	(void)state;
	clock_now_ns += MS;
	loop_sign(w->nic, clock_now_ns);
	(void)spin(w);
	ns = loop_nap_ns(w->nic, clock_now_ns);
	assert_true(ns > 0);
	from = clock_now_ns;
	(void)nic_mmio_read(w->nic, E1000_ICR, 4);
	assert_false(atomic_load(&w->nic->loop.answered));
	atomic_store(&w->nic->loop.napping, true);
	(void)nic_mmio_read(w->nic, E1000_STATUS, 4);
	assert_false(atomic_load(&w->nic->loop.answered));
	(void)nic_mmio_read(w->nic, E1000_ICR, 4);
	assert_true(atomic_load(&w->nic->loop.answered));
	atomic_store(&w->nic->loop.napping, false);
	clock_now_ns += US;
	loop_napped(w->nic, from, from + ns, clock_now_ns);
	assert_false(atomic_load(&w->nic->loop.answered));
	assert_int_equal(loop_nap_ns(w->nic, clock_now_ns), 0);
	world_free(w);
}

/* Where the guest's CPUs can trap instead, and with doorbell=mapped: never. */
static void
test_never(void **state)
{
	struct world *w = world_new(&maps, NIC_DOORBELL_AUTO);

	(void)state;
	clock_now_ns += SECOND;
	assert_int_equal(loop_nap_ns(w->nic, clock_now_ns), 0);
	world_free(w);
	w = world_new(&takes_back, NIC_DOORBELL_MAPPED);
	clock_now_ns += SECOND;
	assert_int_equal(loop_nap_ns(w->nic, clock_now_ns), 0);
	world_free(w);
}

/* A thread that naps has not lost its processor: it stays BUSY. */
static void
test_not_lost(void **state)
{
	struct world *w = world_new(&takes_back, NIC_DOORBELL_AUTO);
	struct nic *nic = w->nic;
	unsigned int i;

	(void)state;
	doorbell_busy(nic);
	for (i = 0; i < 1000; i++) {
		nic->packets += 2;
		nic->bell.active_ns = clock_now_ns;
		clock_now_ns += 10 * US;
		cpu_now_ns += 10 * US;
		loop_napped(nic, clock_now_ns, clock_now_ns + 80 * US,
		    clock_now_ns + 80 * US);
		clock_now_ns += 80 * US;
		doorbell_judge(nic);
		assert_int_equal(nic_state(nic), NIC_BUSY);
	}
	/* What it does not sleep on purpose, it has lost. */
	for (i = 0; i < 1000 && nic_state(nic) == NIC_BUSY; i++) {
		nic->packets += 2;
		nic->bell.active_ns = clock_now_ns;
		clock_now_ns += 90 * US;
		cpu_now_ns += 10 * US;
		doorbell_judge(nic);
	}
	assert_int_equal(nic_state(nic), NIC_TURNS);
	world_free(w);
}

/* For how long it is quiet until its pages are taken back, in microseconds. */
static uint64_t
quiet_us(struct world *w)
{
	struct nic *nic = w->nic;
	uint64_t begin = clock_now_ns;

	doorbell_wake(nic);
	doorbell_busy(nic);
	nic->bell.active_ns = begin;
	while (nic_state(nic) == NIC_BUSY) {
		assert_true(clock_now_ns - begin < SECOND);
		clock_now_ns += US;
		cpu_now_ns += US;
		doorbell_judge(nic);
	}
	assert_int_equal(nic_state(nic), NIC_PARKED);
	return (clock_now_ns - begin - w->park_ns) / US;
}

/* The dearer it is to take pages back, the longer it waits with that. */
static void
test_park(void **state)
{
	struct world *w = world_new(&takes_back, NIC_DOORBELL_AUTO);
	unsigned int i;

	(void)state;
	w->park_ns = 20 * US;
	for (i = 0; i < 20; i++)
		assert_int_equal(quiet_us(w), SPIN_US);
	w->park_ns = 300 * US;
	for (i = 0; i < 40; i++)
		(void)quiet_us(w);
	assert_in_range(quiet_us(w), 8 * 290, 8 * 300 + 1);
	/* The host had no processor for a second: that is bounded. */
	w->park_ns = SECOND / 2;
	(void)quiet_us(w);
	w->park_ns = 20 * US;
	assert_in_range(quiet_us(w), SPIN_US, 32000);
	for (i = 0; i < 40; i++)
		(void)quiet_us(w);
	assert_int_equal(quiet_us(w), SPIN_US);
	world_free(w);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spin),
		cmocka_unit_test(test_longer),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_not_lost),
		cmocka_unit_test(test_park),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
