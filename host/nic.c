/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model's callbacks, accesses that trap, set-up.  See nic.h, nic_impl.h.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "nic_impl.h"

#define LOST_SHARE	8u	/* of time lost: one in so many */
#define TRAP_BATCH	8u	/* packets a trap: worth it anyway */
#define TRAP_COST_NS	25000u	/* of one, until it is known better */
#define INLINE_BATCHES	16u	/* that a vCPU thread transmits at most */
#define INLINE_WAIT_NS	1000000u /* ... and waits for the backend */

void
nic_wake(struct nic *nic)
{
	static const uint64_t one = 1;

	if (atomic_load(&nic->asleep))
		(void)!write(nic->wake_fd, &one, sizeof(one));
}

/* ------------------------------------------------- the model's callbacks */

static void
on_interrupt(void *ctx, bool asserted)
{
	struct nic *nic = ctx;

	nic->config.vmm->interrupt(nic->config.ctx, asserted);
}

static void
on_msi(void *ctx, uint64_t addr, uint32_t data)
{
	struct nic *nic = ctx;

	nic->config.vmm->msi(nic->config.ctx, addr, data);
}

static void
timer_set(struct nic *nic, uint64_t at_ns)
{
	struct itimerspec t = { 0 };

	if (at_ns != E82540_NEVER) {
		if (at_ns == 0)
			at_ns = 1;	/* 0 would disarm it */
		t.it_value.tv_sec = (time_t)(at_ns / NSEC);
		t.it_value.tv_nsec = (long)(at_ns % NSEC);
	}
	(void)timerfd_settime(nic->timer_fd, TFD_TIMER_ABSTIME, &t, NULL);
}

static uint64_t
wake_at(const struct nic *nic)
{
	uint64_t at_ns = atomic_load(&nic->deadline_ns);
	uint64_t look_ns = atomic_load(&nic->look_ns);

	return look_ns < at_ns && !atomic_load(&nic->in_turn) ? look_ns : at_ns;
}

/* Several threads may be here: who comes last is not known, so look again. */
void
nic_timer_arm(struct nic *nic)
{
	uint64_t at_ns;

	do {
		at_ns = wake_at(nic);
		timer_set(nic, at_ns);
	} while (wake_at(nic) != at_ns);
}

static void
on_timer(void *ctx, uint64_t at_ns)
{
	struct nic *nic = ctx;

	atomic_store(&nic->deadline_ns, at_ns);
	if (atomic_load(&nic->asleep))
		nic_timer_arm(nic);
}

/* Another thread may have done it at the same time, and set the next. */
void
nic_due(struct nic *nic, uint64_t now)
{
	uint64_t at = atomic_load(&nic->deadline_ns);

	if (now >= at &&
	    atomic_compare_exchange_strong(&nic->deadline_ns, &at,
		E82540_NEVER))
		e82540_run(nic->dev, now);
}

static unsigned int
on_send(void *ctx, const struct e82540_packet *packet, unsigned int n)
{
	struct nic *nic = ctx;
	unsigned int taken = nic->backend->ops->send(nic->backend, packet, n);

	nic->packets += taken;
	nic->sent += taken;
	if (taken < n || atomic_load(&nic->backend->unsent))
		atomic_store(&nic->tx_stopped, true);
	return taken;
}

static void
on_tx_kick(void *ctx)
{
	struct nic *nic = ctx;

	atomic_store(&nic->kicked, true);
}

static void
on_rx_ready(void *ctx)
{
	struct nic *nic = ctx;

	atomic_store(&nic->rx_ready, true);
	nic_wake(nic);
}

static void
on_lock(void *ctx, enum e82540_lock lock)
{
	pthread_mutex_lock(&((struct nic *)ctx)->lock[lock]);
}

static void
on_unlock(void *ctx, enum e82540_lock lock)
{
	pthread_mutex_unlock(&((struct nic *)ctx)->lock[lock]);
}

static const struct e82540_host host = {
	.interrupt = on_interrupt,
	.msi = on_msi,
	.timer = on_timer,
	.send = on_send,
	.tx_kick = on_tx_kick,
	.rx_ready = on_rx_ready,
	.lock = on_lock,
	.unlock = on_unlock,
};

/* ---------------------------------------------------- accesses that trap */

void
nic_send_again(struct nic *nic)
{
	atomic_store(&nic->tx_stopped, false);
	if (atomic_load(&nic->backend->unsent))
		(void)on_send(nic, NULL, 0);
	e82540_tx_resume(nic->dev, now_ns());
}

bool
nic_room_wait(struct nic *nic, uint64_t until_ns)
{
	struct pollfd fd = { .fd = nic->backend->fd, .events = POLLOUT };
	uint64_t now = now_ns();
	struct timespec t = { 0 };

	if (until_ns > now)
		t.tv_nsec = (long)(until_ns - now);
	if (ppoll(&fd, 1, &t, NULL) <= 0)
		return false;
	nic_send_again(nic);
	return true;
}

/*
 * What an access has left to transmit: by this thread if the NIC's does not
 * look anyway, up to a bound in packets and in time.  A guest that is faster
 * than the backend is best held up here: where it would spin instead, it would
 * take the processor from who works for it.
 */
static void
transmit_inline(struct nic *nic)
{
	uint64_t now = now_ns(), until_ns = now + INLINE_WAIT_NS, at_ns;
	unsigned int i;

	for (i = 0; i < INLINE_BATCHES && now < until_ns; i++) {
		atomic_store(&nic->kicked, false);
		if (!e82540_transmit(nic->dev, now)) {
			if (!atomic_load(&nic->tx_stopped))
				return;
			at_ns = atomic_load(&nic->deadline_ns);
			(void)nic_room_wait(nic,
			    at_ns < until_ns ? at_ns : until_ns);
		}
		now = now_ns();
		nic_due(nic, now);
	}
	atomic_store(&nic->kicked, true);
	if (!atomic_load(&nic->in_turn))
		nic_wake(nic);
}

static void
transmit(struct nic *nic)
{
	if (!atomic_load(&nic->kicked) || atomic_load(&nic->state) == BUSY)
		return;
	transmit_inline(nic);
}

/*
 * BUSY by turns: a CPU's thread is here for some other register, most often to
 * read ICR; what the guest has posted meanwhile goes out before it goes back.
 * The NIC's thread looks when the guest has had time to fill its ring again;
 * that also waits for a backend that was full before, or each access would take
 * a millisecond while a peer does not read.
 */
static void
turn(struct nic *nic)
{
	unsigned long long sent = nic->sent;
	uint64_t look_ns;

	if (!atomic_load(&nic->by_turns) || atomic_load(&nic->state) != BUSY ||
	    atomic_exchange(&nic->in_turn, true))
		return;
	if (e82540_transmit(nic->dev, now_ns()) ||
	    (atomic_load(&nic->tx_stopped) && nic->sent != sent)) {
		nic_timer_arm(nic);
		transmit_inline(nic);
	}
	look_ns = now_ns() + TURN_NS;
	if (nic->sent != sent || atomic_load(&nic->look_ns) > look_ns) {
		nic->look_for_ns = TURN_NS;
		atomic_store(&nic->look_ns, look_ns);
	}
	nic->turns++;
	atomic_store(&nic->in_turn, false);
	if (atomic_load(&nic->state) == BUSY) {
		nic_timer_arm(nic);
	} else {
		/* That is over, and the thread had left this to us. */
		atomic_store(&nic->kicked, true);
		nic_wake(nic);
	}
}

/*
 * Is the guest so busy that its doorbells should be memory?  When an eighth of
 * its time is lost to traps, for eight of them after one; and they have little
 * to do, or a batch each.  Else (a ping, a burst in one packet) the guest waits
 * for what is done in the trap rather than for the trap.
 *
 * What a trap costs is a microsecond on one host, and forty on another that is
 * a guest itself.  It is the least time that ever was between two of one CPU:
 * there a guest did nothing else.
 */
static void
trapped(struct nic *nic, uint64_t begin_ns)
{
	static _Thread_local uint64_t last_ns;	/* this CPU's, of any NIC */
	uint64_t cost_ns = nic->trap_cost_ns;
	uint64_t own_ns = begin_ns - last_ns, lost_ns;
	unsigned int n;

	nic->traps++;
	if (own_ns < cost_ns)
		nic->trap_cost_ns = cost_ns = own_ns;
	last_ns = now_ns();
	if (nic->config.doorbell != NIC_DOORBELL_AUTO ||
	    atomic_load(&nic->state) != TRAP || begin_ns < nic->hold_ns)
		return;
	n = nic->soon++;
	if (n == 0) {
		nic->trap_since_ns = begin_ns;
		nic->trap_packets = (unsigned long long)nic->packets;
		nic->trap_sent = (unsigned long long)nic->sent;
		nic->trap_work_ns = 0;
		return;
	}
	nic->trap_work_ns += last_ns - begin_ns;
	if (n != BUSY_WRITES)
		return;
	lost_ns = n * cost_ns;
	if (begin_ns - nic->trap_since_ns > LOST_SHARE * lost_ns ||
	    (nic->trap_work_ns > lost_ns &&
		nic->sent - nic->trap_sent < TRAP_BATCH * n)) {
		nic->soon = 0;
		return;
	}
	atomic_store(&nic->want_busy, true);
	nic_wake(nic);
}

bool
nic_tx_off(struct nic *nic)
{
	return !(e82540_peek(nic->dev, E1000_TCTL) & E1000_TCTL_EN);
}

/*
 * The guest may have switched its transmitter on or off, or reset the NIC: when
 * it goes on its doorbells are no memory any more, or can be again.  The thread
 * does it; it does not wait for vCPUs that are here.
 */
static void
tx_follow(struct nic *nic)
{
	bool off = nic_tx_off(nic);

	pthread_mutex_lock(&nic->map_lock);
	if (off && nic->mapped) {
		atomic_store(&nic->want_trap, true);
		nic_wake(nic);
		while (atomic_load(&nic->want_trap))
			pthread_cond_wait(&nic->unmapped, &nic->map_lock);
	}
	pthread_mutex_unlock(&nic->map_lock);
	if (!off && nic->config.doorbell >= NIC_DOORBELL_MAPPED) {
		atomic_store(&nic->want_busy, true);
		nic_wake(nic);
	}
}

uint64_t
nic_mmio_read(struct nic *nic, uint32_t offset, unsigned int size)
{
	uint64_t value;

	turn(nic);
	value = e82540_mmio_read(nic->dev, now_ns(), offset, size);

	transmit(nic);
	return value;
}

void
nic_mmio_write(struct nic *nic, uint32_t offset, unsigned int size,
    uint64_t value)
{
	uint64_t now;

	turn(nic);
	now = now_ns();
	e82540_mmio_write(nic->dev, now, offset, size, value);
	transmit(nic);
	if (offset == E1000_TDT || offset == E1000_RDT)
		trapped(nic, now);
	else if (offset == E1000_CTRL || offset == E1000_CTRL_DUP ||
	    offset == E1000_TCTL)
		tx_follow(nic);
}

uint32_t
nic_io_read(struct nic *nic, uint32_t offset, unsigned int size)
{
	uint32_t value;

	turn(nic);
	value = e82540_io_read(nic->dev, now_ns(), offset, size);

	transmit(nic);
	return value;
}

void
nic_io_write(struct nic *nic, uint32_t offset, unsigned int size,
    uint32_t value)
{
	turn(nic);
	e82540_io_write(nic->dev, now_ns(), offset, size, value);
	transmit(nic);
	tx_follow(nic);
}

uint32_t
nic_pci_read(struct nic *nic, uint32_t offset, unsigned int size)
{
	uint32_t value;

	turn(nic);
	value = e82540_pci_read(nic->dev, now_ns(), offset, size);

	transmit(nic);
	return value;
}

void
nic_pci_write(struct nic *nic, uint32_t offset, unsigned int size,
    uint32_t value)
{
	turn(nic);
	e82540_pci_write(nic->dev, now_ns(), offset, size, value);
	transmit(nic);
	tx_follow(nic);
}

/* ------------------------------------------------------------- new, free */

static void *
map_memory(int fd)
{
	void *p = mmap(NULL, E82540_DOORBELL_BYTES, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int
doorbells_new(struct nic *nic, struct err *err)
{
	int fd = memfd_create("e1000-doorbells", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, E82540_DOORBELL_BYTES) != 0)
		goto failed;
	nic->mem = map_memory(fd);
	nic->guest_mem = map_memory(fd);
	if (nic->mem == NULL || nic->guest_mem == NULL)
		goto failed;
	(void)close(fd);
	return 0;
failed:
	(void)err_set(err, "no memory for doorbells: %s", strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static int
model_new(struct nic *nic, struct err *err)
{
	const struct e82540_config config = {
		.api = E82540_API,
		.chip = nic->config.chip,
		.host = &host,
		.ctx = nic,
		.mac = { nic->config.mac[0], nic->config.mac[1],
		    nic->config.mac[2], nic->config.mac[3], nic->config.mac[4],
		    nic->config.mac[5] },
		.moderation_off = !nic->config.moderation,
		.msi = nic->config.msi,
		.vnet_hdr_bytes = nic->backend->vnet_hdr_bytes,
		.offloads = nic->backend->offloads,
	};
	size_t bytes =
	    (e82540_size() + E82540_ALIGN - 1) / E82540_ALIGN * E82540_ALIGN;

	nic->dev = aligned_alloc(E82540_ALIGN, bytes);
	if (nic->dev == NULL)
		return err_set(err, "out of memory");
	if (e82540_init(nic->dev, &config, now_ns()) != 0)
		return err_set(err,
		    "the NIC's model refuses its configuration");
	return 0;
}

struct nic *
nic_new(const struct nic_config *config, struct err *err)
{
	struct nic *nic = calloc(1, sizeof(*nic));
	unsigned int i;

	if (nic == NULL) {
		(void)err_set(err, "out of memory");
		config->backend->ops->close(config->backend);
		return NULL;
	}
	nic->config = *config;
	nic->backend = config->backend;
	nic->deadline_ns = nic->look_ns = E82540_NEVER;
	nic->by_turns = config->doorbell == NIC_DOORBELL_TURNS;
	nic->trap_cost_ns = TRAP_COST_NS;
	nic->hold_for_ns = nic->spin_hold_for_ns = HOLD_NS;
	nic->look_for_ns = TURN_NS;
	for (i = 0; i < 3; i++)
		pthread_mutex_init(&nic->lock[i], NULL);
	pthread_mutex_init(&nic->map_lock, NULL);
	pthread_cond_init(&nic->unmapped, NULL);
	nic->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	nic->timer_fd =
	    timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (nic->wake_fd < 0 || nic->timer_fd < 0)
		(void)err_set(err, "eventfd, timerfd: %s", strerror(errno));
	else if (doorbells_new(nic, err) == 0 && model_new(nic, err) == 0)
		return nic;
	nic_free(nic);
	return NULL;
}

int
nic_memory(struct nic *nic, const struct e82540_region *region, unsigned int n)
{
	return e82540_memory_set(nic->dev, region, n);
}

void
nic_free(struct nic *nic)
{
	unsigned int i;

	nic->backend->ops->close(nic->backend);
	if (nic->mem != NULL)
		(void)munmap(nic->mem, E82540_DOORBELL_BYTES);
	if (nic->guest_mem != NULL)
		(void)munmap(nic->guest_mem, E82540_DOORBELL_BYTES);
	if (nic->wake_fd >= 0)
		(void)close(nic->wake_fd);
	if (nic->timer_fd >= 0)
		(void)close(nic->timer_fd);
	for (i = 0; i < 3; i++)
		pthread_mutex_destroy(&nic->lock[i]);
	pthread_mutex_destroy(&nic->map_lock);
	pthread_cond_destroy(&nic->unmapped);
	free(nic->dev);
	free(nic);
}

void
nic_stats(struct nic *nic, struct nic_stats *stats)
{
	stats->traps = nic->traps;
	stats->busy = nic->busy;
	stats->parked = nic->parked;
	stats->faults = nic->faults;
	stats->maps = nic->maps;
	stats->slower = nic->slower;
	stats->trap_cost_ns = nic->trap_cost_ns;
	stats->looks = nic->looks;
	stats->turns = nic->turns;
	stats->busy_ns = nic->busy_ns;
	stats->refused = nic->backend->refused;
	e82540_counters(nic->dev, &stats->counters, sizeof(stats->counters));
}
