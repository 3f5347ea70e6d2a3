/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vfio-user: SET_IRQS in all its forms, and threads.  What the line does in all
 * interleavings is in test_vfu_line.c.
 */
#include <fcntl.h>

#include "vfu_irq.h"
#include "vfu_rig.h"

enum {
	NONE = VFIO_IRQ_SET_DATA_NONE,
	BOOL = VFIO_IRQ_SET_DATA_BOOL,
	EVENT = VFIO_IRQ_SET_DATA_EVENTFD,
	MASK = VFIO_IRQ_SET_ACTION_MASK,
	UNMASK = VFIO_IRQ_SET_ACTION_UNMASK,
	TRIGGER = VFIO_IRQ_SET_ACTION_TRIGGER,
	INTX = VFIO_PCI_INTX_IRQ_INDEX,
	MSI = VFIO_PCI_MSI_IRQ_INDEX,
	MSIX = VFIO_PCI_MSIX_IRQ_INDEX,
};

static int
event_new(void)
{
	return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

/* How often it was written since it was last asked. */
static uint64_t
events(int fd)
{
	uint64_t n = 0;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void
event_write(int fd)
{
	const uint64_t one = 1;

	assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
}

static uint32_t
irqs(struct vfu_rig *rig, uint32_t flags, uint32_t index)
{
	return irqs_set(rig, flags, index, -1);
}

static uint32_t
irqs_bool(struct vfu_rig *rig, uint32_t action, uint32_t index, uint8_t value)
{
	const struct vfu_irq_set set = { sizeof(set) + 1, BOOL | action, index,
		0, 1 };
	uint8_t payload[sizeof(set) + 1];

	memcpy(payload, &set, sizeof(set));
	payload[sizeof(set)] = value;
	return ask(rig, VFU_DEVICE_SET_IRQS, payload, sizeof(payload), NULL);
}

/* The client turns an interrupt off. */
static uint32_t
irqs_off(struct vfu_rig *rig, uint32_t index)
{
	const struct vfu_irq_set set = { sizeof(set), NONE | TRIGGER, index, 0,
		0 };

	return ask(rig, VFU_DEVICE_SET_IRQS, &set, sizeof(set), NULL);
}

/* An unmask by eventfd has been seen. */
static void
unmasks_wait(struct vfu_rig *rig, uint64_t n)
{
	uint64_t end = wall_ns() + 30000000000u;
	struct vfu_stats stats;

	do {
		vfu_stats(rig->server, &stats);
		assert_true(wall_ns() < end);
	} while (stats.unmasks < n);
}

/* -------------------------------------------------------------------- INTx */

static void
test_intx_by_messages(void **state)
{
	struct vfu_rig *rig = *state;
	int event = event_new();

	assert_int_equal(irqs_set(rig, EVENT | TRIGGER, INTX, event), 0);
	assert_int_equal(events(event), 0);
	vfu_intx(rig->server, true);
	vfu_intx(rig->server, true);
	assert_int_equal(events(event), 1);
	vfu_intx(rig->server, false);
	vfu_intx(rig->server, true);
	assert_int_equal(events(event), 0);
	assert_int_equal(irqs(rig, NONE | UNMASK, INTX), 0);
	assert_int_equal(events(event), 1);
	vfu_intx(rig->server, false);
	assert_int_equal(irqs(rig, NONE | UNMASK, INTX), 0);
	assert_int_equal(events(event), 0);
	assert_int_equal(irqs(rig, NONE | MASK, INTX), 0);
	vfu_intx(rig->server, true);
	assert_int_equal(events(event), 0);
	assert_int_equal(irqs_bool(rig, UNMASK, INTX, 0), 0);
	assert_int_equal(events(event), 0);
	assert_int_equal(irqs_bool(rig, UNMASK, INTX, 1), 0);
	assert_int_equal(events(event), 1);
	assert_int_equal(irqs_bool(rig, MASK, INTX, 1), 0);
	assert_int_equal(irqs_bool(rig, MASK, INTX, 0), 0);
	assert_int_equal(irqs(rig, NONE | TRIGGER, INTX), 0);
	assert_int_equal(irqs_bool(rig, TRIGGER, INTX, 0), 0);
	assert_int_equal(events(event), 1);
	assert_int_equal(irqs_bool(rig, UNMASK, INTX, 1), 0);
	assert_int_equal(events(event), 1);
	(void)close(event);
}

/* As KVM does it: the EOI writes the other eventfd. */
static void
test_intx_by_resampling(void **state)
{
	struct vfu_rig *rig = *state;
	int event = event_new(), resample = event_new();

	assert_int_equal(irqs_set(rig, EVENT | TRIGGER, INTX, event), 0);
	assert_int_equal(irqs(rig, NONE | MASK, INTX), 0);
	assert_int_equal(irqs_set(rig, EVENT | UNMASK, INTX, resample), 0);
	vfu_intx(rig->server, true);
	assert_int_equal(irqs(rig, NONE | UNMASK, INTX), 0);
	assert_int_equal(events(event), 1);
	event_write(resample);
	unmasks_wait(rig, 2);
	assert_int_equal(events(event), 1);
	vfu_intx(rig->server, false);
	event_write(resample);
	unmasks_wait(rig, 3);
	assert_int_equal(events(event), 0);
	vfu_intx(rig->server, true);
	assert_int_equal(events(event), 1);
	event_write(resample);
	assert_int_equal(irqs_set(rig, EVENT | UNMASK, INTX, -1), 0);
	assert_int_equal(events(event), 1);
	event_write(resample);
	assert_int_equal(irqs(rig, NONE | MASK, INTX), 0);
	assert_int_equal(events(event), 0);
	(void)close(event);
	(void)close(resample);
}

/*
 * The guest's EOI may come before its driver reads ICR: if the level was up all
 * the time, the line fires again, but not at once.
 */
static void
test_early_eoi(void **state)
{
	struct vfu_rig *rig = *state;
	int event = event_new(), resample = event_new();
	struct pollfd p = { .fd = event, .events = POLLIN };
	uint64_t begin_ns;

	assert_int_equal(irqs_set(rig, EVENT | TRIGGER, INTX, event), 0);
	assert_int_equal(irqs_set(rig, EVENT | UNMASK, INTX, resample), 0);
	vfu_intx(rig->server, true);
	assert_int_equal(events(event), 1);
	begin_ns = wall_ns();
	event_write(resample);
	assert_int_equal(poll(&p, 1, 30000), 1);
	assert_true(wall_ns() - begin_ns >= 250000);
	assert_int_equal(events(event), 1);
	/* A level that went and came again is another interrupt. */
	vfu_intx(rig->server, false);
	vfu_intx(rig->server, true);
	event_write(resample);
	assert_int_equal(poll(&p, 1, 30000), 1);
	assert_int_equal(events(event), 1);
	(void)close(event);
	(void)close(resample);
}

/* What the old one got counts, even if poll() has not seen it. */
static void
test_resample_replaced(void **state)
{
	static struct vfu_message m;
	const struct vfu_irq_set set = { sizeof(set), EVENT | UNMASK, INTX, 0,
		1 };
	int event = event_new(), resample = event_new();
	struct vfu_irq irq;

	(void)state;
	vfu_irq_init(&irq, false);
	memcpy(m.payload, &set, sizeof(set));
	m.payload_bytes = sizeof(set);
	m.fds.n = 1;
	m.fds.fd[0] = dup(resample);
	assert_int_equal(vfu_irq_set(&irq, &m), 0);
	irq.intx_fd = dup(event);
	(void)vfu_line_arm(&irq.line, true);
	vfu_irq_level(&irq, true);
	assert_int_equal(events(event), 1);
	event_write(resample);
	m.fds.n = 0;
	assert_int_equal(vfu_irq_set(&irq, &m), 0);
	assert_int_equal(events(event), 1);
	vfu_irq_destroy(&irq);
	(void)close(event);
	(void)close(resample);
}

static void
test_intx_eventfd_comes_and_goes(void **state)
{
	struct vfu_rig *rig = *state;
	int first = event_new(), second = event_new();

	vfu_intx(rig->server, true);
	assert_int_equal(irqs_set(rig, EVENT | TRIGGER, INTX, first), 0);
	assert_int_equal(events(first), 1);
	assert_int_equal(irqs_set(rig, EVENT | TRIGGER, INTX, second), 0);
	assert_int_equal(events(first), 0);
	assert_int_equal(events(second), 1);
	assert_int_equal(irqs(rig, EVENT | TRIGGER, INTX), 0);
	assert_int_equal(irqs(rig, NONE | UNMASK, INTX), 0);
	assert_int_equal(events(second), 0);
	assert_int_equal(irqs_set(rig, EVENT | TRIGGER, INTX, first), 0);
	assert_int_equal(events(first), 1);
	assert_int_equal(irqs(rig, NONE | MASK, INTX), 0);
	assert_int_equal(irqs_off(rig, INTX), 0);
	assert_int_equal(irqs_set(rig, EVENT | TRIGGER, INTX, first), 0);
	assert_int_equal(events(first), 1);
	(void)close(first);
	(void)close(second);
}

/* The level is the device's; the next client gets it. */
static void
test_intx_without_a_client(void **state)
{
	int event = event_new();
	struct vfu_rig rig;

	(void)state;
	rig_new(&rig);
	greet(&rig);
	assert_int_equal(irqs_set(&rig, EVENT | TRIGGER, INTX, event), 0);
	assert_int_equal(irqs(&rig, NONE | MASK, INTX), 0);
	assert_int_equal(rig_hang_up(&rig), 0);
	vfu_intx(rig.server, true);
	assert_int_equal(events(event), 0);
	rig_connect(&rig);
	greet(&rig);
	assert_int_equal(irqs_set(&rig, EVENT | TRIGGER, INTX, event), 0);
	assert_int_equal(events(event), 1);
	assert_int_equal(rig_hang_up(&rig), 0);
	rig_free(&rig);
	(void)close(event);
}

/* --------------------------------------------------------------------- MSI */

/* Before the device is reset it may send one more: nobody gets it. */
static void
test_msi_without_a_client(void **state)
{
	int event = event_new();
	struct vfu_rig rig;

	(void)state;
	rig_new(&rig);
	greet(&rig);
	assert_int_equal(rig_hang_up(&rig), 0);
	vfu_msi(rig.server);
	rig_connect(&rig);
	greet(&rig);
	assert_int_equal(irqs_set(&rig, EVENT | TRIGGER, MSI, event), 0);
	assert_int_equal(events(event), 0);
	vfu_msi(rig.server);
	assert_int_equal(events(event), 1);
	assert_int_equal(rig_hang_up(&rig), 0);
	rig_free(&rig);
	(void)close(event);
}

static void
test_msi(void **state)
{
	struct vfu_rig *rig = *state;
	struct vfu_stats stats;
	int event = event_new();

	/* QEMU sends the eventfd after the guest has enabled MSI. */
	vfu_msi(rig->server);
	assert_int_equal(irqs_set(rig, EVENT | TRIGGER, MSI, event), 0);
	assert_int_equal(events(event), 1);
	vfu_msi(rig->server);
	vfu_msi(rig->server);
	assert_int_equal(events(event), 2);
	assert_int_equal(irqs(rig, NONE | TRIGGER, MSI), 0);
	assert_int_equal(events(event), 1);
	assert_int_equal(irqs(rig, EVENT | TRIGGER, MSI), 0);
	vfu_msi(rig->server);
	assert_int_equal(irqs_off(rig, MSI), 0);
	assert_int_equal(irqs_set(rig, EVENT | TRIGGER, MSI, event), 0);
	assert_int_equal(events(event), 0);
	assert_int_equal(irqs(rig, NONE | MASK, MSI), EOPNOTSUPP);
	assert_int_equal(irqs(rig, NONE | UNMASK, MSI), EOPNOTSUPP);
	assert_int_equal(irqs_set(rig, EVENT | UNMASK, MSI, event), EOPNOTSUPP);
	vfu_stats(rig->server, &stats);
	assert_int_equal(stats.interrupts, 4);
	(void)close(event);
}

/* --------------------------------------------------------------- malformed */

static uint32_t
irqs_raw(struct vfu_rig *rig, const struct vfu_irq_set *set, uint32_t n,
    unsigned int fds)
{
	int fd[4];
	uint32_t error;
	unsigned int i;

	for (i = 0; i < fds; i++)
		fd[i] = event_new();
	error = ask_fds(rig, VFU_DEVICE_SET_IRQS, set, n, fd, fds, NULL);
	for (i = 0; i < fds; i++)
		(void)close(fd[i]);
	return error;
}

static void
test_malformed(void **state)
{
	static const struct {
		struct vfu_irq_set set;
		uint32_t n;
		unsigned int fds;
		uint32_t error;
	} sent[] = {
		{ { 20, EVENT | TRIGGER, INTX, 0, 1 }, 19, 1, EINVAL },
		{ { 19, EVENT | TRIGGER, INTX, 0, 1 }, 20, 1, EINVAL },
		{ { 20, EVENT | TRIGGER, INTX, 0, 1 }, 20, 2, EINVAL },
		{ { 20, EVENT | TRIGGER, INTX, 0, 2 }, 20, 2, EINVAL },
		{ { 20, EVENT | TRIGGER, INTX, 1, 1 }, 20, 1, EINVAL },
		{ { 20, EVENT | TRIGGER, INTX, 0, 0 }, 20, 0, EINVAL },
		{ { 20, EVENT | TRIGGER, INTX, UINT32_MAX, 1 }, 20, 1, EINVAL },
		{ { 20, EVENT | TRIGGER, INTX, 0, UINT32_MAX }, 20, 1, EINVAL },
		{ { 20, EVENT | TRIGGER, MSIX, 0, 1 }, 20, 1, EINVAL },
		{ { 20, EVENT | TRIGGER, 3, 0, 1 }, 20, 1, EINVAL },
		{ { 20, EVENT | TRIGGER, UINT32_MAX, 0, 1 }, 20, 1, EINVAL },
		{ { 20, EVENT | MASK, INTX, 0, 1 }, 20, 1, EOPNOTSUPP },
		{ { 20, EVENT | NONE | TRIGGER, INTX, 0, 1 }, 20, 1, EINVAL },
		{ { 20, EVENT | TRIGGER | MASK, INTX, 0, 1 }, 20, 1, EINVAL },
		{ { 20, EVENT, INTX, 0, 1 }, 20, 1, EINVAL },
		{ { 20, TRIGGER, INTX, 0, 1 }, 20, 1, EINVAL },
		{ { 20, NONE | TRIGGER | 64, INTX, 0, 1 }, 20, 0, EINVAL },
		{ { 20, 0, INTX, 0, 0 }, 20, 0, EINVAL },
		{ { 20, NONE | MASK, INTX, 0, 0 }, 20, 0, EINVAL },
		{ { 20, NONE | TRIGGER, INTX, 1, 0 }, 20, 0, EINVAL },
		{ { 20, NONE | TRIGGER, MSIX, 0, 0 }, 20, 0, EINVAL },
		{ { 20, BOOL | UNMASK, INTX, 0, 1 }, 20, 0, EINVAL },
		{ { 20, BOOL | UNMASK, INTX, 0, UINT32_MAX }, 20, 0, EINVAL },
		{ { 20, NONE | UNMASK, INTX, 0, 1 }, 20, 1, 0 },
	};
	size_t i;

	for (i = 0; i < COUNT(sent); i++)
		if (irqs_raw(*state, &sent[i].set, sent[i].n, sent[i].fds) !=
		    sent[i].error)
			fail_msg("row %zu", i);
}

/* What is not an eventfd could block the device. */
static void
test_only_eventfds(void **state)
{
	int fd[5], i, pair[2];

	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	fd[0] = pair[1];
	fd[1] = pair[0];
	fd[2] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	fd[3] = memfd_create("no", MFD_CLOEXEC);
	/* Nobody reads this one: a write would be SIGPIPE. */
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	fd[4] = pair[1];
	(void)close(pair[0]);
	for (i = 0; i < 5; i++) {
		assert_int_equal(irqs_set(*state, EVENT | TRIGGER, INTX, fd[i]),
		    EINVAL);
		assert_int_equal(irqs_set(*state, EVENT | UNMASK, INTX, fd[i]),
		    EINVAL);
		assert_int_equal(irqs_set(*state, EVENT | TRIGGER, MSI, fd[i]),
		    EINVAL);
	}
	for (i = 0; i < 5; i++)
		(void)close(fd[i]);
}

/* A client that never reads the eventfd does not block the device. */
static void
test_a_full_eventfd(void **state)
{
	const uint64_t full = UINT64_MAX - 1;
	struct vfu_rig *rig = *state;
	int event = eventfd(0, EFD_CLOEXEC);

	assert_int_equal(irqs_set(rig, EVENT | TRIGGER, MSI, event), 0);
	assert_int_equal(write(event, &full, sizeof(full)), sizeof(full));
	vfu_msi(rig->server);
	assert_int_equal(events(event), full);
	(void)close(event);
}

/* ----------------------------------------------------------------- threads */

#define ROUNDS 2000u

/* Devices threads assert a level for a cause; the guest takes the cause. */
static struct {
	struct vfu_server *server;
	pthread_mutex_t lock;		/* as the model's bus lock */
	unsigned int pending, taken;
} shared = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void *
device_thread(void *arg)
{
	unsigned int i;

	(void)arg;
	for (i = 0; i < ROUNDS; i++) {
		(void)pthread_mutex_lock(&shared.lock);
		shared.pending++;
		vfu_intx(shared.server, true);
		(void)pthread_mutex_unlock(&shared.lock);
		if (i % 16 == 0)
			(void)usleep(50);
		vfu_msi(shared.server);
	}
	return NULL;
}

/* The guest reads the cause: the level ends. */
static bool
cause_taken(void)
{
	bool any;

	(void)pthread_mutex_lock(&shared.lock);
	any = shared.pending > 0;
	shared.taken += shared.pending;
	shared.pending = 0;
	vfu_intx(shared.server, false);
	(void)pthread_mutex_unlock(&shared.lock);
	return any;
}

static void
guest_run(struct vfu_rig *rig, int event, int resample, unsigned int devices)
{
	struct pollfd p = { event, POLLIN, 0 };
	unsigned int entries = 0, idle = 0;

	while (shared.taken < devices * ROUNDS) {
		/* Lost: a cause waits, and no interrupt comes. */
		assert_int_equal(poll(&p, 1, 30000), 1);
		assert_int_equal(events(event), 1);
		entries++;
		idle += !cause_taken();
		if (entries % 8 == 0)
			assert_int_equal(irqs(rig, NONE | UNMASK, INTX), 0);
		else
			event_write(resample);
	}
	print_message("%u interrupts, %u of them without a cause\n", entries,
	    idle);
}

static void
test_threads(void **state)
{
	struct vfu_rig *rig = *state;
	int event = event_new(), resample = event_new(), msi = event_new();
	pthread_t thread[3];
	unsigned int i;

	shared.server = rig->server;
	assert_int_equal(irqs_set(rig, EVENT | TRIGGER, MSI, msi), 0);
	assert_int_equal(irqs_set(rig, EVENT | UNMASK, INTX, resample), 0);
	assert_int_equal(irqs_set(rig, EVENT | TRIGGER, INTX, event), 0);
	for (i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, device_thread,
				     NULL),
		    0);
	guest_run(rig, event, resample, 3);
	for (i = 0; i < 3; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(events(msi), 3 * ROUNDS);
	(void)close(event);
	(void)close(resample);
	(void)close(msi);
}

#define WITH_RIG(test) \
	cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RIG(test_intx_by_messages),
		WITH_RIG(test_intx_by_resampling),
		WITH_RIG(test_early_eoi),
		cmocka_unit_test(test_resample_replaced),
		WITH_RIG(test_intx_eventfd_comes_and_goes),
		cmocka_unit_test(test_intx_without_a_client),
		cmocka_unit_test(test_msi_without_a_client),
		WITH_RIG(test_msi),
		WITH_RIG(test_malformed),
		WITH_RIG(test_only_eventfds),
		WITH_RIG(test_a_full_eventfd),
		WITH_RIG(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
