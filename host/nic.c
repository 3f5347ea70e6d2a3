/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See nic.h.  What the threads share:
 *
 *	state		written by the NIC's thread; PARKED to BUSY by a fault
 *	kicked		there is to transmit, by whoever looks next
 *	deadline_ns	of the model; the timer's, while the thread may sleep
 *	wake_fd		ends a sleep
 *
 * The thread sleeps in three steps: it says so (`asleep`), it looks once more
 * at everything that might have come, it sleeps.  Who has something for it sets
 * that first, then looks whether it is asleep, then wakes it.  Both with
 * sequential consistency, so that one of the two sees the other.
 */
#include "nic.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "e1000_hw.h"

#define BUSY_WRITES	8u	/* traps that are worth a memory map */
#define SOON_COSTS	8u	/* between two: so many times what one costs */
#define TRAP_COST_NS	25000u	/* of one, until it is known better */
#define JUDGE_NS	10000000u /* BUSY is given time to show what it can */
#define HOLD_NS		20000000u /* ... and if it was slower, not so soon */
#define HOLD_MAX_NS	640000000u
#define RECEIVE_BATCHES	8u	/* of frames, before something else is due */
#define WORK_MAX	64u	/* ... of all, before descriptors are polled */
#define INLINE_BATCHES	16u	/* that a vCPU thread transmits at most */
#define INLINE_WAIT_NS	1000000u /* ... and waits for the backend */
#define LOOKS_CLOCK	16u	/* looks, of which one looks at the clock */
#define BREATHE_NS	1000u	/* between two looks, if one saw something */
#define POLL_BACKEND_NS	20000u	/* how often BUSY asks the backend */

#define NSEC		1000000000ull

enum state {
	TRAP,
	BUSY,
	PARKED
};

struct nic {
	struct nic_config config;
	struct backend *backend;
	struct e82540 *dev;
	pthread_mutex_t lock[3];

	int wake_fd, timer_fd;
	_Atomic(enum state) state;
	atomic_bool asleep;
	atomic_bool stop;
	atomic_bool kicked;
	atomic_bool want_busy;
	atomic_bool tx_stopped;		/* the backend takes no more now */
	atomic_bool rx_ready;		/* the model takes frames again */
	_Atomic(uint64_t) deadline_ns;

	/* Doorbells: the same memory twice, the guest's can be write-protected.
	 * map_lock: both thread and vCPU change what the guest sees. */
	pthread_mutex_t map_lock;
	pthread_cond_t unmapped;
	bool mapped;
	atomic_bool want_trap;		/* no transmitter: take it back */
	void *guest_mem, *mem;

	/* Of vCPU threads: how often they trap, and what comes of it. */
	_Atomic(uint64_t) trap_end_ns;		/* when the last was done */
	_Atomic(uint64_t) trap_cost_ns;		/* least seen between two */
	atomic_uint soon;
	atomic_ullong traps;
	_Atomic(uint64_t) trap_since_ns;	/* the first of those */
	atomic_ullong trap_packets;		/* sent by then */
	_Atomic(uint64_t) hold_ns;		/* not BUSY before */
	atomic_ullong packets;			/* taken by the backend */

	/* The thread's own. */
	struct e82540_frame frame[BACKEND_BATCH];
	unsigned int frames, frame_next;
	bool rx_more;			/* the backend may have some more */
	bool link;
	uint64_t writes;		/* doorbells seen, of this BUSY */
	uint64_t busy_maps;		/* `maps', when it began */
	uint64_t active_ns;		/* when something happened last */
	uint64_t backend_ns;		/* when the backend was asked last */
	uint64_t judged_ns;		/* when BUSY was judged last */
	uint64_t judged_packets;	/* ... and packets sent by then */
	uint64_t hold_for_ns;		/* if it is found wanting */
	double trap_rate;		/* packets a ns, before that */
	atomic_ullong busy, parked, faults, maps, slower, looks, busy_ns;
};

static uint64_t
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NSEC + (uint64_t)t.tv_nsec;
}

static void
wake(struct nic *nic)
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

static void
on_timer(void *ctx, uint64_t at_ns)
{
	struct nic *nic = ctx;

	atomic_store(&nic->deadline_ns, at_ns);
	if (atomic_load(&nic->asleep))
		timer_set(nic, at_ns);
}

static unsigned int
on_send(void *ctx, const struct e82540_packet *packet, unsigned int n)
{
	struct nic *nic = ctx;
	unsigned int taken = nic->backend->ops->send(nic->backend, packet, n);

	nic->packets += taken;
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
	wake(nic);
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

/* The backend is writable again. */
static void
send_again(struct nic *nic)
{
	atomic_store(&nic->tx_stopped, false);
	if (atomic_load(&nic->backend->unsent))
		(void)on_send(nic, NULL, 0);
	e82540_tx_resume(nic->dev, now_ns());
}

/*
 * The backend takes no more: wait until it does, or until_ns.  Returns whether
 * it does.
 */
static bool
room_wait(struct nic *nic, uint64_t until_ns)
{
	struct pollfd fd = { .fd = nic->backend->fd, .events = POLLOUT };
	uint64_t now = now_ns();
	struct timespec t = { 0 };

	if (until_ns > now)
		t.tv_nsec = (long)(until_ns - now);
	if (ppoll(&fd, 1, &t, NULL) <= 0)
		return false;
	send_again(nic);
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
	uint64_t until_ns = now_ns() + INLINE_WAIT_NS;
	unsigned int i;

	atomic_store(&nic->kicked, false);
	for (i = 0; i < INLINE_BATCHES; i++) {
		if (e82540_transmit(nic->dev, now_ns()))
			continue;
		if (!atomic_load(&nic->tx_stopped))
			return;
		if (!room_wait(nic, until_ns))
			break;
	}
	atomic_store(&nic->kicked, true);
	wake(nic);
}

static void
transmit(struct nic *nic)
{
	if (!atomic_load(&nic->kicked) || atomic_load(&nic->state) == BUSY)
		return;
	if (nic->config.doorbell == NIC_DOORBELL_THREAD)
		wake(nic);
	else
		transmit_inline(nic);
}

/*
 * Is the guest so busy that its doorbells should be memory?  Counts traps that
 * come soon after the one before and have little to do.
 *
 * What a trap costs is a microsecond on one host, and forty on another that is
 * a guest itself.  It is the least time that ever was between two of one CPU:
 * there a guest did nothing else.  Soon: an eighth of the guest's time is lost
 * to traps.  Little: less than the trap costs.
 */
static void
trapped(struct nic *nic, uint64_t begin_ns)
{
	static _Thread_local struct {
		const struct nic *nic;
		uint64_t end_ns;
	} own;				/* this CPU's last */
	uint64_t end_ns = now_ns(), cost_ns = nic->trap_cost_ns;
	uint64_t last_ns = atomic_exchange(&nic->trap_end_ns, end_ns);
	uint64_t gap_ns = begin_ns > last_ns ? begin_ns - last_ns : 0;
	uint64_t own_ns = begin_ns - own.end_ns;

	nic->traps++;
	if (own.nic == nic && own_ns < cost_ns)
		nic->trap_cost_ns = cost_ns = own_ns;
	own.nic = nic;
	own.end_ns = end_ns;
	if (nic->config.doorbell != NIC_DOORBELL_AUTO ||
	    atomic_load(&nic->state) != TRAP || begin_ns < nic->hold_ns)
		return;
	if (gap_ns > SOON_COSTS * cost_ns || end_ns - begin_ns > cost_ns) {
		nic->soon = 0;
		nic->trap_since_ns = begin_ns;
		nic->trap_packets = (unsigned long long)nic->packets;
	} else if (++nic->soon == BUSY_WRITES) {
		atomic_store(&nic->want_busy, true);
		wake(nic);
	}
}

/*
 * Its transmitter is off, as after a reset.  Then doorbells gain nothing, and a
 * driver that tests its registers would read back reserved bits that it wrote.
 * (Linux tests some of them with the receiver on.)
 */
static bool
tx_off(struct nic *nic)
{
	return !(e82540_mmio_read(nic->dev, now_ns(), E1000_TCTL, 4) &
	    E1000_TCTL_EN);
}

/*
 * The guest may have switched its transmitter on or off, or reset the NIC: when
 * it goes on its doorbells are no memory any more, or can be again.  The thread
 * does it; it does not wait for vCPUs that are here.
 */
static void
tx_follow(struct nic *nic)
{
	bool off = tx_off(nic);

	pthread_mutex_lock(&nic->map_lock);
	if (off && nic->mapped) {
		atomic_store(&nic->want_trap, true);
		wake(nic);
		while (atomic_load(&nic->want_trap))
			pthread_cond_wait(&nic->unmapped, &nic->map_lock);
	}
	pthread_mutex_unlock(&nic->map_lock);
	if (!off && nic->config.doorbell == NIC_DOORBELL_MAPPED) {
		atomic_store(&nic->want_busy, true);
		wake(nic);
	}
}

uint64_t
nic_mmio_read(struct nic *nic, uint32_t offset, unsigned int size)
{
	uint64_t value = e82540_mmio_read(nic->dev, now_ns(), offset, size);

	transmit(nic);
	return value;
}

void
nic_mmio_write(struct nic *nic, uint32_t offset, unsigned int size,
    uint64_t value)
{
	uint64_t now = now_ns();

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
	uint32_t value = e82540_io_read(nic->dev, now_ns(), offset, size);

	transmit(nic);
	return value;
}

void
nic_io_write(struct nic *nic, uint32_t offset, unsigned int size,
    uint32_t value)
{
	e82540_io_write(nic->dev, now_ns(), offset, size, value);
	transmit(nic);
	tx_follow(nic);
}

uint32_t
nic_pci_read(struct nic *nic, uint32_t offset, unsigned int size)
{
	uint32_t value = e82540_pci_read(nic->dev, now_ns(), offset, size);

	transmit(nic);
	return value;
}

void
nic_pci_write(struct nic *nic, uint32_t offset, unsigned int size,
    uint32_t value)
{
	e82540_pci_write(nic->dev, now_ns(), offset, size, value);
	transmit(nic);
	tx_follow(nic);
}

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
	if (vmm->map == NULL || tx_off(nic) ||
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
		wake(nic);
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

static void
due(struct nic *nic, uint64_t now)
{
	if (now < atomic_load(&nic->deadline_ns))
		return;
	atomic_store(&nic->deadline_ns, E82540_NEVER);
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
		if (room_wait(nic, until_ns))
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
		timer_set(nic, at);
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
		send_again(nic);
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
	wake(nic);
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
	nic->deadline_ns = E82540_NEVER;
	nic->trap_cost_ns = TRAP_COST_NS;
	nic->hold_for_ns = HOLD_NS;
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
	stats->busy_ns = nic->busy_ns;
	stats->refused = nic->backend->refused;
	e82540_counters(nic->dev, &stats->counters);
}
