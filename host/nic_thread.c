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

#define LOOK_MAX_NS	80000u	/* between two by turns, if there is nothing */
#define ANSWER_NS	250000u	/* for a vCPU thread to take its turn */
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

/* What was no good is not tried again for so long: the longer, the oftener. */
static uint64_t
hold(uint64_t *for_ns)
{
	uint64_t ns = *for_ns;

	if (ns < HOLD_MAX_NS)
		*for_ns *= 2;
	return ns;
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
	if (!nic->mapped) {
		nic->hold_ns = now + hold(&nic->hold_for_ns);
		atomic_store(&nic->soon, 0);
	}
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
	n = e82540_receive(nic->dev, now_ns(), &nic->frame[nic->frame_next], n);
	nic->frame_next += n;
	nic->packets += n;
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

/* All that does not wait for a descriptor.  Did anything happen? */
static bool
work(struct nic *nic)
{
	unsigned int rung = 0;
	bool any = false;

	if (nic->mapped)
		rung = e82540_doorbell_rung(nic->dev);
	if (atomic_exchange(&nic->kicked, false) || nic->tx_more ||
	    rung & E82540_RUNG_TX) {
		nic->tx_more = e82540_transmit(nic->dev, now_ns());
		any = true;
	}
	if (rung & E82540_RUNG_RX) {
		(void)e82540_receive(nic->dev, now_ns(), NULL, 0);
		any = true;
	}
	if (rung != 0 && !nic->by_turns)
		nic->writes++;
	if (rx_waits(nic) && atomic_load(&nic->rx_ready))
		any |= receive(nic);
	return any;
}

/* ------------------------------------------------- the thread: its sleep */

static bool
by_turns(const struct nic *nic)
{
	return nic->by_turns && atomic_load(&nic->state) == BUSY;
}

/* Nothing to do, as far as can be seen without sleeping. */
static bool
idle(struct nic *nic, bool timed)
{
	return !atomic_load(&nic->stop) && !atomic_load(&nic->want_trap) &&
	    !(nic->rx_more && !rx_waits(nic)) &&
	    !(rx_waits(nic) && atomic_load(&nic->rx_ready)) &&
	    (timed ||
		(!nic->tx_more && !atomic_load(&nic->kicked) &&
		    !atomic_load(&nic->want_busy) &&
		    atomic_load(&nic->state) != BUSY &&
		    !(nic->mapped && e82540_doorbell_rung(nic->dev) != 0)));
}

static void
doze(struct nic *nic, struct pollfd fds[3])
{
	bool timed = by_turns(nic);	/* doorbells can wait for look_ns */
	uint64_t count;

	fds[0] = (struct pollfd){ .fd = nic->wake_fd, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = nic->timer_fd, .events = POLLIN };
	fds[2] = (struct pollfd){ .fd = nic->backend->fd };
	if (!rx_waits(nic))
		fds[2].events |= POLLIN;
	if (atomic_load(&nic->tx_stopped) &&
	    !(timed && atomic_load(&nic->in_turn)))
		fds[2].events |= POLLOUT;
	if (fds[2].events == 0)
		fds[2].fd = -1;		/* or a hang-up ends each sleep */

	if (!timed)
		atomic_store(&nic->look_ns, E82540_NEVER);
	else if (atomic_load(&nic->look_ns) == E82540_NEVER)
		atomic_store(&nic->look_ns, now_ns() + TURN_NS);
	atomic_store(&nic->asleep, true);
	nic_timer_arm(nic);
	(void)poll(fds, 3, idle(nic, timed) ? -1 : 0);
	atomic_store(&nic->asleep, false);
	if (fds[0].revents & POLLIN)
		(void)!read(nic->wake_fd, &count, sizeof(count));
}

/* Sleep until there is something to do; what can not wait is done. */
static void
rest(struct nic *nic)
{
	struct pollfd fds[3];

	doze(nic, fds);
	nic_due(nic, now_ns());
	if (fds[2].revents & POLLOUT)
		nic_send_again(nic);
	if (rx_waits(nic) ?
		atomic_load(&nic->rx_ready) :
		nic->rx_more || fds[2].revents & (POLLIN | POLLHUP | POLLERR))
		(void)receive(nic);
	link_follow(nic);
}

static void
work_all(struct nic *nic)
{
	unsigned int n;

	for (n = 0; n < WORK_MAX && work(nic); n++)
		;
}

static void
sleep_once(struct nic *nic)
{
	rest(nic);
	work_all(nic);
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

	nic_due(nic, now);
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

/* This thread's, not the clock's. */
static uint64_t
cpu_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * NSEC + (uint64_t)t.tv_nsec;
}

static void
judge_anew(struct nic *nic, uint64_t now)
{
	nic->judged_ns = now;
	nic->judged_packets = (unsigned long long)nic->packets;
	nic->judged_cpu_ns = cpu_ns();
}

/*
 * Spinning, was this thread off its processor for a quarter of the time?  Then
 * it waits for one, or for the backend, while the guest spins for room in its
 * ring.  So try it by turns; go back if that is slower, or after a while, as
 * there may be a processor now.  Returns whether it did either.
 */
static bool
turns_judge(struct nic *nic, uint64_t now, double rate, uint64_t ns)
{
	if (!nic->by_turns) {
		if (now < nic->spin_hold_ns ||
		    (cpu_ns() - nic->judged_cpu_ns) * 4 >= ns * 3)
			return false;
		nic->spin_rate = rate;
		nic->turns_until_ns = now + HOLD_MAX_NS;
	} else if (rate < nic->spin_rate) {
		nic->spin_hold_ns = now + hold(&nic->spin_hold_for_ns);
	} else {
		nic->spin_hold_for_ns = HOLD_NS;
		if (now < nic->turns_until_ns)
			return false;
	}
	nic->by_turns = !nic->by_turns;
	return true;
}

/*
 * Clearly fewer packets a second than by traps?  (Eight of them say little.)
 * Then the guest sends little, or there are too few processors for its CPUs and
 * this thread: traps are better for both.
 */
static bool
is_slower(struct nic *nic, uint64_t now)
{
	uint64_t ns = now - nic->judged_ns;
	bool other;
	double rate;

	if (ns < JUDGE_NS)
		return false;
	rate = (double)(nic->packets - nic->judged_packets) / (double)ns;
	other = turns_judge(nic, now, rate, ns);
	judge_anew(nic, now);
	if (other)
		return false;
	if (rate * 4 >= nic->trap_rate * 3) {
		nic->hold_for_ns = HOLD_NS;
		return false;
	}
	nic->slower++;
	nic->hold_ns = now + hold(&nic->hold_for_ns);
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
spin(struct nic *nic)
{
	bool any = false;
	unsigned int n;

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
}

/*
 * By turns.  Nothing is sent while it is the guest's or a vCPU thread's, then a
 * batch, so that there is an interrupt: the CPU that comes to see why sends the
 * rest.  If none comes: all, and so on until one does.
 */
static void
look(struct nic *nic)
{
	unsigned long long turns, sent;

	rest(nic);
	nic->looks++;
	turns = nic->turns;
	sent = nic->sent;
	if (!atomic_load(&nic->in_turn) &&
	    now_ns() >= atomic_load(&nic->look_ns)) {
		if (turns != nic->turns_seen)
			(void)work(nic);
		else
			work_all(nic);
		if (nic->sent == sent) {
			nic->look_for_ns = nic->look_for_ns < LOOK_MAX_NS ?
			    nic->look_for_ns * 2 :
			    LOOK_MAX_NS;
		} else if (turns != nic->turns_seen) {
			nic->turns_seen = turns;
			nic->look_for_ns = ANSWER_NS;
		} else {
			nic->look_for_ns = TURN_NS;
		}
		if (nic->turns == turns)
			atomic_store(&nic->look_ns,
			    now_ns() + nic->look_for_ns);
	}
	if (nic->packets != nic->packets_seen) {
		nic->writes += nic->packets - nic->packets_seen;
		nic->packets_seen = nic->packets;
		nic->active_ns = now_ns();
	}
}

static void
busy(struct nic *nic)
{
	bool again = nic->maps == nic->busy_maps;
	uint64_t start;

	nic->busy++;
	nic->busy_maps = nic->maps;
	start = nic->active_ns = now_ns();
	nic->packets_seen = nic->packets;
	judge_anew(nic, start);
	do {
		if (nic->by_turns)
			look(nic);
		else
			spin(nic);
	} while (!busy_ends(nic));
	nic->busy_ns += now_ns() - start;
	if (nic->config.doorbell != NIC_DOORBELL_AUTO || !nic->mapped)
		return;
	nic->by_turns = false;
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

/* --------------------------------------------------- the thread: all of it */

void
nic_run(struct nic *nic)
{
	link_follow(nic);
	while (!atomic_load(&nic->stop)) {
		if (atomic_load(&nic->want_trap))
			doorbells_unmap(nic);
		if (atomic_exchange(&nic->want_busy, false))
			doorbells_map(nic);
		if (atomic_load(&nic->state) == BUSY)
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
