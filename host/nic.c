/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model's callbacks, the guest's accesses, set-up.  See nic.h, nic_impl.h.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "nic_impl.h"

#define INLINE_BATCHES	16u	/* that a vCPU thread transmits at most */
#define INLINE_WAIT_NS	1000000u /* that it waits for the backend at most */

/* ------------------------------------------------- the model's callbacks */

static void
on_interrupt(void *ctx, bool asserted)
{
	struct nic *nic = ctx;

	if (asserted)
		moderation_raised(nic);
	nic->config.vmm->interrupt(nic->config.ctx, asserted);
}

static void
on_msi(void *ctx, uint64_t addr, uint32_t data)
{
	struct nic *nic = ctx;

	moderation_raised(nic);
	nic->config.vmm->msi(nic->config.ctx, addr, data);
}

static void
on_timer(void *ctx, uint64_t at_ns)
{
	struct nic *nic = ctx;

	atomic_store(&nic->loop.deadline_ns, at_ns);
	if (atomic_load(&nic->loop.asleep) && !atomic_load(&nic->loop.watched))
		nic_timer_arm(nic);
}

static unsigned int
on_send(void *ctx, const struct e82540_packet *packet, unsigned int n)
{
	struct nic *nic = ctx;
	unsigned int taken =
	    nic->config.backend->ops->send(nic->config.backend, packet, n);

	nic->packets += taken;
	nic->sent += taken;
	if (packet != NULL && taken > 0)
		atomic_store_explicit(&nic->sent_bytes,
		    packet[taken - 1].len_bytes, memory_order_relaxed);
	if (taken < n || atomic_load(&nic->config.backend->unsent))
		atomic_store(&nic->loop.tx_stopped, true);
	return taken;
}

static void
on_tx_kick(void *ctx)
{
	struct nic *nic = ctx;

	atomic_store(&nic->loop.kicked, true);
}

static void
on_rx_ready(void *ctx)
{
	struct nic *nic = ctx;

	atomic_store(&nic->loop.rx_ready, true);
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

/* ----------------------------------------- what several threads call here */

/* Another thread may have done it at the same time, and set the next. */
void
nic_due(struct nic *nic, uint64_t now)
{
	uint64_t at = atomic_load(&nic->loop.deadline_ns);

	if (now >= at &&
	    atomic_compare_exchange_strong(&nic->loop.deadline_ns, &at,
		E82540_NEVER))
		e82540_run(nic->dev, now);
}

void
nic_send_again(struct nic *nic)
{
	atomic_store(&nic->loop.tx_stopped, false);
	if (atomic_load(&nic->config.backend->unsent))
		(void)on_send(nic, NULL, 0);
	e82540_tx_resume(nic->dev, now_ns());
}

bool
nic_room_wait(struct nic *nic, uint64_t until_ns)
{
	struct pollfd fd = { .fd = nic->config.backend->out_fd,
		.events = POLLOUT };
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
 * If the guest is faster than the backend, its vCPU thread waits here.  If it
 * did not, the guest would spin for room in its ring, and take the processor
 * from the threads that work for it.
 */
void
nic_transmit_inline(struct nic *nic)
{
	uint64_t now = now_ns(), until_ns = now + INLINE_WAIT_NS, at_ns;
	unsigned int i;

	for (i = 0; i < INLINE_BATCHES && now < until_ns; i++) {
		atomic_store(&nic->loop.kicked, false);
		if (!e82540_transmit(nic->dev, now)) {
			if (!atomic_load(&nic->loop.tx_stopped) ||
			    nic->config.backend->out_fd < 0)
				return;
			at_ns = atomic_load(&nic->loop.deadline_ns);
			(void)nic_room_wait(nic,
			    at_ns < until_ns ? at_ns : until_ns);
		}
		now = now_ns();
		nic_due(nic, now);
	}
	atomic_store(&nic->loop.kicked, true);
	if (!atomic_load(&nic->bell.in_turn))
		nic_wake(nic);
}

/* ----------------------------------------------------- the guest's accesses */

/*
 * Send what the access has left to transmit, unless another thread looks at the
 * ring anyway.
 */
static void
access_end(struct nic *nic)
{
	if (atomic_load(&nic->loop.kicked) && !doorbell_watched(nic))
		nic_transmit_inline(nic);
	doorbell_access_end(nic);
}

uint64_t
nic_mmio_read(struct nic *nic, uint32_t offset, unsigned int size)
{
	uint64_t now, value;

	doorbell_access(nic);
	now = now_ns();
	value = e82540_mmio_read(nic->dev, now, offset, size);
	access_end(nic);
	if (offset == E1000_ICR)
		moderation_answered(nic);
	doorbell_exited(nic, offset, now);
	return value;
}

void
nic_mmio_write(struct nic *nic, uint32_t offset, unsigned int size,
    uint64_t value)
{
	unsigned long long sent = nic->sent;
	uint64_t now;

	doorbell_access(nic);
	now = now_ns();
	e82540_mmio_write(nic->dev, now, offset, size, value);
	access_end(nic);
	if (offset == E1000_TDT && atomic_load(&nic->loop.watched))
		moderation_sent(nic, now, (unsigned int)(nic->sent - sent));
	if (offset == E1000_TDT || offset == E1000_RDT)
		doorbell_trapped(nic, now);
	else if (offset == E1000_CTRL || offset == E1000_CTRL_DUP ||
	    offset == E1000_TCTL)
		doorbell_follow(nic);
	doorbell_exited(nic, offset, now);
}

uint32_t
nic_io_read(struct nic *nic, uint32_t offset, unsigned int size)
{
	uint32_t value;

	doorbell_access(nic);
	value = e82540_io_read(nic->dev, now_ns(), offset, size);
	access_end(nic);
	return value;
}

void
nic_io_write(struct nic *nic, uint32_t offset, unsigned int size,
    uint32_t value)
{
	doorbell_access(nic);
	e82540_io_write(nic->dev, now_ns(), offset, size, value);
	access_end(nic);
	doorbell_follow(nic);
}

uint32_t
nic_pci_read(struct nic *nic, uint32_t offset, unsigned int size)
{
	uint32_t value;

	doorbell_access(nic);
	value = e82540_pci_read(nic->dev, now_ns(), offset, size);
	access_end(nic);
	return value;
}

void
nic_pci_write(struct nic *nic, uint32_t offset, unsigned int size,
    uint32_t value)
{
	doorbell_access(nic);
	e82540_pci_write(nic->dev, now_ns(), offset, size, value);
	access_end(nic);
	doorbell_follow(nic);
}

/* ------------------------------------------- a thread that stays awake */

static bool
always_traps(const struct nic *nic)
{
	return nic->config.doorbell_ops == NULL ||
	    nic->config.doorbell == NIC_DOORBELL_EXIT;
}

void
nic_look(struct nic *nic)
{
	uint64_t now = now_ns();

	if (!always_traps(nic))
		return;
	atomic_store(&nic->loop.watched, true);
	nic_due(nic, now);
	if (nic->moderation.adaptive)
		moderation_look(nic, now);
}

/* The next deadline may have been set while the timer was left alone. */
void
nic_look_end(struct nic *nic)
{
	if (!always_traps(nic))
		return;
	moderation_end(nic);
	atomic_store(&nic->loop.watched, false);
	nic_timer_arm(nic);
}

/* ------------------------------------------------------------- new, free */

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
		.moderation_off = nic->config.moderation == NIC_MODERATION_OFF,
		.msi = nic->config.msi,
		.vnet_hdr_bytes = nic->config.backend->vnet_hdr_bytes,
		.offloads = nic->config.backend->offloads,
		.tx_stall_ns = nic->config.stall_ns,
		.link_delay_ns = nic->config.autoneg_ns,
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
	nic->cable_out = config->cable_out;
	nic->loop.wake_fd = nic->loop.timer_fd = -1;
	for (i = 0; i < 3; i++)
		pthread_mutex_init(&nic->lock[i], NULL);
	nic->moderation.adaptive =
	    config->moderation == NIC_MODERATION_ADAPTIVE;
	nic->moderation.policy.traps = always_traps(nic);
	doorbell_init(nic);
	if (config->doorbell_ops != NULL && config->doorbell_ops->permanent &&
	    config->doorbell == NIC_DOORBELL_EXIT)
		(void)err_set(err,
		    "doorbell=exit: this VMM cannot make doorbells trap");
	else if (loop_init(&nic->loop, err) == 0 && model_new(nic, err) == 0) {
		doorbell_offer(nic);
		return nic;
	}
	nic_free(nic);
	return NULL;
}

int
nic_memory(struct nic *nic, const struct e82540_region *region, unsigned int n)
{
	int error;

	doorbell_access(nic);
	error = e82540_memory_set(nic->dev, region, n);
	access_end(nic);
	return error;
}

void
nic_reset(struct nic *nic)
{
	doorbell_access(nic);
	e82540_reset(nic->dev, now_ns());
	access_end(nic);
	doorbell_follow(nic);
}

void
nic_free(struct nic *nic)
{
	unsigned int i;

	nic->config.backend->ops->close(nic->config.backend);
	loop_destroy(&nic->loop);
	doorbell_destroy(nic);
	for (i = 0; i < 3; i++)
		pthread_mutex_destroy(&nic->lock[i]);
	free(nic->dev);
	free(nic);
}

/* How many descriptors of a ring the NIC has: from head to tail. */
static uint32_t
ring_peek(const struct nic *nic, uint32_t len, uint32_t head, uint32_t tail,
    uint32_t *owned)
{
	uint32_t n = e82540_peek(nic->dev, len) / E1000_DESC_BYTES;
	uint32_t h = e82540_peek(nic->dev, head);
	uint32_t t = e82540_peek(nic->dev, tail);

	/* The guest may have written anything, and changes it meanwhile. */
	*owned = h < n && t < n ? (t + n - h) % n : 0;
	return n;
}

static void
stats_now(const struct nic *nic, struct nic_stats *s)
{
	s->state = nic_state(nic);
	memcpy(s->mac, nic->config.mac, sizeof(s->mac));
	s->link = e82540_link_up(nic->dev);
	s->cable = nic_cable(nic);
	s->itr_ns = nic->config.moderation != NIC_MODERATION_OFF ?
	    (uint64_t)(e82540_peek(nic->dev, E1000_ITR) &
		E1000_ITR_INTERVAL_MASK) *
		E1000_ITR_UNIT_NS :
	    0;
	s->tx_ring =
	    ring_peek(nic, E1000_TDLEN, E1000_TDH, E1000_TDT, &s->tx_used);
	s->rx_ring =
	    ring_peek(nic, E1000_RDLEN, E1000_RDH, E1000_RDT, &s->rx_free);
}

void
nic_stats(struct nic *nic, struct nic_stats *stats)
{
	const struct moderation *m = &nic->moderation;
	const struct doorbell *b = &nic->bell;

	stats->traps = b->traps;
	stats->busy = b->busy;
	stats->parked = b->parked;
	stats->faults = b->faults;
	stats->maps = b->maps;
	stats->slower = b->slower;
	stats->trap_cost_ns = b->trap_cost_ns;
	stats->looks = b->looks;
	stats->turns = b->turns;
	stats->busy_ns = b->busy_ns;
	stats->rung = b->rung;
	stats->refused = nic->config.backend->refused;
	stats->held = m->held;
	stats->released_ring = m->released[MODERATE_RING];
	stats->released_pause = m->released[MODERATE_PAUSE];
	stats->released_frame = m->released[MODERATE_FRAME];
	stats->released_half = m->released[MODERATE_HALF];
	stats->hold_ns = m->hold_ns;
	stats->interrupt_cost_ns = m->cost_ns;
	e82540_counters(nic->dev, &stats->counters, sizeof(stats->counters));
	stats_now(nic, stats);
}
