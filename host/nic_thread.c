/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The NIC's thread, and what it shows the guest of doorbells.  See nic.h,
 * nic_impl.h.
 */
#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nic_impl.h"

#define JUDGE_NS	10000000u /* BUSY is given time to show what it can */
#define HOLD_MAX_NS	640000000u
#define RECEIVE_BATCHES	8u	/* of frames, before something else is due */
#define WORK_MAX	64u	/* ... of all, before descriptors are polled */
#define LOOKS_CLOCK	16u	/* looks, of which one looks at the clock */
#define BREATHE_NS	1000u	/* between two looks, if one saw something */
#define POLL_BACKEND_NS	20000u	/* how often BUSY asks the backend */

/* ------------------------------------------------------------- doorbells */

/* Write-protected, the guest's next write faults.  Returns 0 or -errno. */
static int
protect(struct nic *nic, bool on)
{
	return mprotect(nic->guest_mem, E82540_DOORBELL_BYTES,
		   on ? PROT_READ : PROT_READ | PROT_WRITE) == 0 ?
	    0 :
	    -errno;
}

/* TRAP to BUSY.  If it can not be, it stays TRAP. */
static void
doorbells_map(struct nic *nic)
{
	const struct nic_vmm *vmm = nic->config.vmm;
	uint64_t now = now_ns(), ns = now - nic->trap_since_ns;

	nic->trap_rate = nic->config.doorbell == NIC_DOORBELL_AUTO && ns > 0 ?
	    (double)(nic->packets - nic->trap_packets) / (double)ns :
	    0;
	pthread_mutex_lock(&nic->map_lock);
	if (vmm->map == NULL || nic_tx_off(nic) ||
	    e82540_doorbell_open(nic->dev, now, nic->mem) != 0)
		goto unlock;
	if (protect(nic, false) == 0)
		nic->mapped = vmm->map(nic->config.ctx, nic->guest_mem) == 0;
	if (!nic->mapped) {
		e82540_doorbell_close(nic->dev, now_ns());
		goto unlock;
	}
	nic->maps++;
	atomic_store(&nic->state, BUSY);
unlock:
	pthread_mutex_unlock(&nic->map_lock);
}

static void
doorbells_unmap(struct nic *nic)
{
	pthread_mutex_lock(&nic->map_lock);
	if (nic->mapped)
		nic->config.vmm->unmap(nic->config.ctx);
	nic->mapped = false;
	nic->maps++;
	atomic_store(&nic->want_trap, false);
	pthread_cond_broadcast(&nic->unmapped);
	pthread_mutex_unlock(&nic->map_lock);
	atomic_store(&nic->soon, 0);
	atomic_store(&nic->state, TRAP);
	e82540_doorbell_close(nic->dev, now_ns());
}

uint64_t
nic_fault(struct nic *nic)
{
	uint64_t changes;

	pthread_mutex_lock(&nic->map_lock);
	if (nic->mapped && atomic_load(&nic->state) == PARKED &&
	    protect(nic, false) == 0) {
		nic->faults++;
		atomic_store(&nic->state, BUSY);
		nic_wake(nic);
	}
	changes = nic->faults + nic->maps;
	pthread_mutex_unlock(&nic->map_lock);
	return changes;
}

static void
park(struct nic *nic)
{
	pthread_mutex_lock(&nic->map_lock);
	atomic_store(&nic->state, PARKED);
	if (protect(nic, true) != 0)
		atomic_store(&nic->state, BUSY);
	pthread_mutex_unlock(&nic->map_lock);
	nic->parked++;
}

/* -------------------------------------------------- the thread: its work */

static void
frames_give(struct nic *nic)
{
	unsigned int n = nic->frames - nic->frame_next;

	atomic_store(&nic->rx_ready, false);
	nic->frame_next +=
	    e82540_receive(nic->dev, now_ns(), &nic->frame[nic->frame_next], n);
}

/*
 * Frames from the backend, as long as there are some and they are taken; up to
 * a bound, as there is more to do than that.
 */
static bool
receive(struct nic *nic)
{
	const struct backend_ops *ops = nic->backend->ops;
	bool any = false;
	unsigned int n;

	nic->rx_more = false;
	for (n = 0; ops->receive != NULL; n++) {
		if (n == RECEIVE_BATCHES) {
			nic->rx_more = true;
			break;
		}
		if (nic->frame_next == nic->frames) {
			nic->frame_next = 0;
			nic->frames = ops->receive(nic->backend, nic->frame,
			    BACKEND_BATCH);
			if (nic->frames == 0)
				break;
		}
		any = true;
		frames_give(nic);
		if (nic->frame_next < nic->frames &&
		    !atomic_load(&nic->rx_ready))
			break;
	}
	return any;
}

static bool
rx_waits(const struct nic *nic)
{
	return nic->frame_next < nic->frames;
}

static void
link_follow(struct nic *nic)
{
	bool up = atomic_load(&nic->backend->up);

	if (up == nic->link)
		return;
	nic->link = up;
	e82540_link_set(nic->dev, now_ns(), up);
}

/* A vCPU thread may have done it at the same time, and set the next. */
static void
due(struct nic *nic, uint64_t now)
{
	uint64_t at = atomic_load(&nic->deadline_ns);

	if (now >= at &&
	    atomic_compare_exchange_strong(&nic->deadline_ns, &at,
		E82540_NEVER))
		e82540_run(nic->dev, now);
}

/* The ways that are only measured: a tail that did not come by an access. */
static bool
way_look(struct nic *nic)
{
	const struct nic_vmm *vmm = nic->config.vmm;
	uint64_t now = now_ns();
	uint32_t head, count;
	int tail;

	if (vmm->way_tail == NULL)
		return false;
	head = (uint32_t)e82540_mmio_read(nic->dev, now, E1000_TDH, 4);
	count = (uint32_t)e82540_mmio_read(nic->dev, now, E1000_TDLEN, 4) /
	    E1000_DESC_BYTES;
	tail = vmm->way_tail(nic->config.ctx, head, count);
	if (tail >= 0)
		e82540_mmio_write(nic->dev, now, E1000_TDT, 4, (uint32_t)tail);
	return tail >= 0;
}

/* All that does not wait for a descriptor.  Did anything happen? */
static bool
work(struct nic *nic)
{
	unsigned int rung = 0;
	bool any;

	if (nic->mapped)
		rung = e82540_doorbell_rung(nic->dev);
	any = nic->config.doorbell >= NIC_DOORBELL_IOEVENTFD && way_look(nic);
	if (atomic_exchange(&nic->kicked, false) || rung & E82540_RUNG_TX) {
		if (e82540_transmit(nic->dev, now_ns()))
			atomic_store(&nic->kicked, true);
		any = true;
	}
	if (rung & E82540_RUNG_RX) {
		(void)e82540_receive(nic->dev, now_ns(), NULL, 0);
		any = true;
	}
	if (rung != 0)
		nic->writes++;
	if (rx_waits(nic) && atomic_load(&nic->rx_ready))
		any |= receive(nic);
	return any;
}

/* ----------------------------------------------- the thread: busy or not */

/*
 * What costs a system call, or a look at the clock, is done now and then.
 * While the backend takes no more there is nothing to spin for.
 */
static void
busy_seldom(struct nic *nic, bool any)
{
	uint64_t now = now_ns(), until_ns = now + POLL_BACKEND_NS;

	due(nic, now);
	if (any)
		nic->active_ns = now;
	if (!any && atomic_load(&nic->tx_stopped)) {
		if (atomic_load(&nic->deadline_ns) < until_ns)
			until_ns = atomic_load(&nic->deadline_ns);
		if (nic_room_wait(nic, until_ns))
			nic->active_ns = now;
	}
	if (now - nic->backend_ns >= POLL_BACKEND_NS) {
		nic->backend_ns = now;
		if (!rx_waits(nic) && receive(nic))
			nic->active_ns = now;
		link_follow(nic);
	}
}

static void
judge_anew(struct nic *nic, uint64_t now)
{
	nic->judged_ns = now;
	nic->judged_packets = (unsigned long long)nic->packets;
}

/*
 * Do fewer packets go out than by traps?  Then the guest sends little, or there
 * are too few processors for its CPUs and for this thread: traps are better for
 * both.  The longer, the oftener that was found.
 */
static bool
is_slower(struct nic *nic, uint64_t now)
{
	uint64_t ns = now - nic->judged_ns, packets;

	if (ns < JUDGE_NS)
		return false;
	packets = nic->packets - nic->judged_packets;
	judge_anew(nic, now);
	if ((double)packets >= nic->trap_rate * (double)ns) {
		nic->hold_for_ns = HOLD_NS;
		return false;
	}
	nic->slower++;
	nic->hold_ns = now + nic->hold_for_ns;
	if (nic->hold_for_ns < HOLD_MAX_NS)
		nic->hold_for_ns *= 2;
	return true;
}

static bool
busy_ends(struct nic *nic)
{
	uint64_t now = now_ns();

	if (atomic_load(&nic->stop) || atomic_load(&nic->want_trap))
		return true;
	return nic->config.doorbell == NIC_DOORBELL_AUTO &&
	    (now - nic->active_ns >= (uint64_t)nic->config.spin_us * 1000 ||
		is_slower(nic, now));
}

/*
 * Not to look again at once: each look at what the guest is writing takes the
 * cache line away from it, doorbell and descriptors alike.  Better some packets
 * at a time.
 */
static void
breathe(void)
{
	uint64_t until_ns = now_ns() + BREATHE_NS;

	while (now_ns() < until_ns)
		__builtin_ia32_pause();
}

static void
busy(struct nic *nic)
{
	bool any = false, again = nic->maps == nic->busy_maps;
	unsigned int n = 0;
	uint64_t start;

	nic->busy++;
	nic->busy_maps = nic->maps;
	start = nic->active_ns = now_ns();
	judge_anew(nic, start);
	do {
		for (n = 0; n < LOOKS_CLOCK; n++) {
			if (work(nic)) {
				any = true;
				breathe();
			} else {
				__builtin_ia32_pause();
			}
		}
		nic->looks += n;
		busy_seldom(nic, any);
		any = false;
	} while (!busy_ends(nic));
	nic->busy_ns += now_ns() - start;
	if (nic->config.doorbell != NIC_DOORBELL_AUTO || !nic->mapped)
		return;
	/* A fault for another NIC says nothing of this one. */
	if (again && nic->writes == 0 && !atomic_load(&nic->want_trap))
		park(nic);
	else if (nic->writes < BUSY_WRITES || nic->hold_ns > start ||
	    atomic_load(&nic->stop) || atomic_load(&nic->want_trap))
		doorbells_unmap(nic);
	else
		park(nic);
	nic->writes = 0;		/* sleep_once() may see the next */
}

/* Nothing to do, as far as can be seen without sleeping. */
static bool
idle(struct nic *nic)
{
	return !atomic_load(&nic->stop) && !atomic_load(&nic->want_busy) &&
	    !atomic_load(&nic->want_trap) && !atomic_load(&nic->kicked) &&
	    atomic_load(&nic->state) != BUSY &&
	    !(nic->rx_more && !rx_waits(nic)) &&
	    !(rx_waits(nic) && atomic_load(&nic->rx_ready)) &&
	    !(nic->mapped && e82540_doorbell_rung(nic->dev) != 0);
}

/*
 * A vCPU's thread may set the timer at the same time, as it sees us asleep: who
 * comes last is not known, so look again.
 */
static void
timer_arm(struct nic *nic)
{
	uint64_t at;

	do {
		at = atomic_load(&nic->deadline_ns);
		nic_timer_set(nic, at);
	} while (atomic_load(&nic->deadline_ns) != at);
}

static void
doze(struct nic *nic, struct pollfd fds[4])
{
	const struct nic_vmm *vmm = nic->config.vmm;
	uint64_t count;

	fds[0] = (struct pollfd){ .fd = nic->wake_fd, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = nic->timer_fd, .events = POLLIN };
	fds[2] = (struct pollfd){ .fd = nic->backend->fd };
	fds[3] = (struct pollfd){ .fd = -1, .events = POLLIN };
	if (!rx_waits(nic))
		fds[2].events |= POLLIN;
	if (atomic_load(&nic->tx_stopped))
		fds[2].events |= POLLOUT;
	if (fds[2].events == 0)
		fds[2].fd = -1;		/* or a hang-up ends each sleep */
	if (vmm->way_fd != NULL)
		fds[3].fd = vmm->way_fd(nic->config.ctx);

	atomic_store(&nic->asleep, true);
	timer_arm(nic);
	(void)poll(fds, 4, idle(nic) ? -1 : 0);
	atomic_store(&nic->asleep, false);
	if (fds[0].revents & POLLIN)
		(void)!read(nic->wake_fd, &count, sizeof(count));
}

static void
sleep_once(struct nic *nic)
{
	struct pollfd fds[4];
	unsigned int n;

	doze(nic, fds);
	due(nic, now_ns());
	if (fds[2].revents & POLLOUT)
		nic_send_again(nic);
	if ((nic->rx_more || fds[2].revents & (POLLIN | POLLHUP | POLLERR)) &&
	    !rx_waits(nic))
		(void)receive(nic);
	for (n = 0; n < WORK_MAX && work(nic); n++)
		;
	link_follow(nic);
}

void
nic_run(struct nic *nic)
{
	enum nic_doorbell way = nic->config.doorbell;

	link_follow(nic);
	while (!atomic_load(&nic->stop)) {
		if (atomic_load(&nic->want_trap))
			doorbells_unmap(nic);
		if (atomic_exchange(&nic->want_busy, false))
			doorbells_map(nic);
		if (atomic_load(&nic->state) == BUSY ||
		    way == NIC_DOORBELL_COALESCED)
			busy(nic);
		else
			sleep_once(nic);
	}
	if (nic->mapped)
		doorbells_unmap(nic);
}

void
nic_stop(struct nic *nic)
{
	atomic_store(&nic->stop, true);
	nic_wake(nic);
}
