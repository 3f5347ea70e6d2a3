/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The NIC's thread: what there is to do, and how it sleeps.  See nic.h,
 * nic_impl.h.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "nic_impl.h"

#define LOOK_MAX_NS	80000u	/* between two looks in TURNS, if idle */
#define ANSWER_NS	250000u	/* for a vCPU thread to take its turn */
#define RECEIVE_BATCHES	8u	/* of frames, before something else is due */
#define WORK_MAX	64u	/* steps before file descriptors are polled */
#define LOOKS_CLOCK	16u	/* looks, of which one looks at the clock */
#define BREATHE_NS	1000u	/* between two looks, if one saw something */
#define POLL_BACKEND_NS	20000u	/* how often BUSY asks the backend */
#define POLL_EVENT_NS	1000000u /* ... for an event */

/* ------------------------------------------------------- wake-ups, timers */

int
loop_init(struct loop *l, struct err *err)
{
	l->deadline_ns = l->look_ns = E82540_NEVER;
	l->look_for_ns = TURN_NS;
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->timer_fd =
	    timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (l->wake_fd >= 0 && l->timer_fd >= 0)
		return 0;
	return err_set(err, "eventfd, timerfd: %s", strerror(errno));
}

void
loop_destroy(struct loop *l)
{
	if (l->wake_fd >= 0)
		(void)close(l->wake_fd);
	if (l->timer_fd >= 0)
		(void)close(l->timer_fd);
}

void
nic_wake(struct nic *nic)
{
	static const uint64_t one = 1;

	if (atomic_load(&nic->loop.asleep))
		(void)!write(nic->loop.wake_fd, &one, sizeof(one));
}

static void
timer_set(int fd, uint64_t at_ns)
{
	struct itimerspec t = { 0 };

	if (at_ns != E82540_NEVER) {
		if (at_ns == 0)
			at_ns = 1;	/* 0 would disarm it */
		t.it_value.tv_sec = (time_t)(at_ns / NSEC);
		t.it_value.tv_nsec = (long)(at_ns % NSEC);
	}
	(void)timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL);
}

/* While a vCPU thread transmits, look_ns does not end a sleep. */
static uint64_t
wake_at(const struct nic *nic)
{
	uint64_t at_ns = atomic_load(&nic->loop.deadline_ns);
	uint64_t look_ns = atomic_load(&nic->loop.look_ns);

	return look_ns < at_ns && !atomic_load(&nic->bell.in_turn) ? look_ns :
								      at_ns;
}

/* Several threads may be here.  Nobody knows which comes last: look again. */
void
nic_timer_arm(struct nic *nic)
{
	uint64_t at_ns;

	do {
		at_ns = wake_at(nic);
		timer_set(nic->loop.timer_fd, at_ns);
	} while (wake_at(nic) != at_ns);
}

void
nic_stop(struct nic *nic)
{
	atomic_store(&nic->loop.stop, true);
	nic_wake(nic);
}

/* ------------------------------------------------------ what there is to do */

static bool
rx_waits(const struct loop *l)
{
	return l->frame_next < l->frames;
}

static void
frames_give(struct nic *nic)
{
	struct loop *l = &nic->loop;
	unsigned int n = l->frames - l->frame_next;
	uint64_t now;

	atomic_store(&l->rx_ready, false);
	now = now_ns();
	atomic_store(&l->frame_ns, now);
	n = e82540_receive(nic->dev, now, &l->frame[l->frame_next], n);
	l->frame_next += n;
	atomic_store(&l->frames_wait, rx_waits(l));
	nic->packets += n;
}

/*
 * Frames from the backend, as long as there are some and the model takes them;
 * up to a bound, as there is more to do than that.
 */
static bool
frames_receive(struct nic *nic)
{
	const struct backend_ops *ops = nic->config.backend->ops;
	struct loop *l = &nic->loop;
	bool any = false;
	unsigned int n;

	l->rx_more = false;
	for (n = 0; ops->receive != NULL; n++) {
		if (n == RECEIVE_BATCHES) {
			l->rx_more = true;
			break;
		}
		if (l->frame_next == l->frames) {
			l->frame_next = 0;
			l->frames = ops->receive(nic->config.backend, l->frame,
			    BACKEND_BATCH);
			if (l->frames == 0)
				break;
		}
		any = true;
		frames_give(nic);
		if (rx_waits(l) && !atomic_load(&l->rx_ready))
			break;
	}
	return any;
}

bool
nic_cable(const struct nic *nic)
{
	return atomic_load(&nic->config.backend->up) &&
	    !atomic_load(&nic->cable_out);
}

void
nic_cable_set(struct nic *nic, bool in)
{
	atomic_store(&nic->cable_out, !in);
	nic_wake(nic);
}

/* Once each time that it goes down, and once for each reason. */
static void
down_say(struct nic *nic)
{
	const struct backend *b = nic->config.backend;
	const char *why = atomic_load(&b->up) ? NULL : b->down;

	if (why != NULL && why != nic->loop.said &&
	    nic->config.vmm->say != NULL)
		nic->config.vmm->say(nic->config.ctx, why);
	nic->loop.said = why;
}

static void
link_follow(struct nic *nic)
{
	bool up = nic_cable(nic);

	down_say(nic);
	if (up == nic->loop.link)
		return;
	nic->loop.link = up;
	e82540_link_set(nic->dev, now_ns(), up);
}

/* A step of all that needs no poll().  Returns whether there was anything. */
static bool
work_step(struct nic *nic)
{
	struct loop *l = &nic->loop;
	unsigned int rung = 0;
	bool any = false;
	uint64_t now;

	if (doorbell_visible(nic))
		rung = e82540_doorbell_rung(nic->dev);
	if (atomic_exchange(&l->kicked, false) || l->tx_more ||
	    rung & E82540_RUNG_TX) {
		now = now_ns();
		if (rung & E82540_RUNG_TX)
			atomic_store(&l->tail_ns, now);
		l->tx_more = e82540_transmit(nic->dev, now);
		any = true;
	}
	if (rung & E82540_RUNG_RX) {
		(void)e82540_receive(nic->dev, now_ns(), NULL, 0);
		any = true;
	}
	if (rung != 0) {
		nic->bell.rung++;
		if (doorbell_state(nic) != NIC_TURNS)
			nic->bell.writes++;
	}
	if (rx_waits(l) && atomic_load(&l->rx_ready))
		any |= frames_receive(nic);
	return any;
}

static void
work_all(struct nic *nic)
{
	unsigned int n;

	for (n = 0; n < WORK_MAX && work_step(nic); n++)
		;
}

/* ----------------------------------------------------------- how it sleeps */

/* BUSY, but the transmitter is off: it sleeps. */
static bool
loop_off(struct nic *nic)
{
	return doorbell_state(nic) == NIC_BUSY &&
	    doorbell_off_until_ns(nic) != 0;
}

/* Sleep does not last: doorbells are looked at from time to time. */
static bool
looks_by_time(struct nic *nic)
{
	return doorbell_state(nic) == NIC_TURNS || doorbell_unheard(nic) ||
	    loop_off(nic);
}

/* Nothing to do, as far as can be seen without sleeping. */
static bool
loop_idle(struct nic *nic, bool timed)
{
	struct loop *l = &nic->loop;

	if (atomic_load(&l->stop) ||
	    atomic_load(&nic->bell.asked) & ASK_UNMAP ||
	    nic_cable(nic) != l->link || (l->rx_more && !rx_waits(l)) ||
	    (rx_waits(l) && atomic_load(&l->rx_ready)))
		return false;
	if (timed && doorbell_state(nic) == NIC_TURNS)
		return true;		/* the rest can wait for look_ns */
	return !l->tx_more && !atomic_load(&l->kicked) &&
	    atomic_load(&nic->bell.asked) == 0 &&
	    (!doorbell_watched(nic) || (timed && loop_off(nic))) &&
	    !(doorbell_visible(nic) && e82540_doorbell_rung(nic->dev) != 0);
}

/* What ends a sleep.  A descriptor of -1 does not. */
enum {
	POLL_WAKE,
	POLL_TIMER,
	POLL_IN,
	POLL_OUT,
	POLL_EVENT,
	POLL_FDS
};

static void
poll_set(struct nic *nic, struct pollfd fds[POLL_FDS], bool timed)
{
	const struct backend *b = nic->config.backend;
	struct loop *l = &nic->loop;
	bool out = atomic_load(&l->tx_stopped) &&
	    !(timed && atomic_load(&nic->bell.in_turn));

	fds[POLL_WAKE] = (struct pollfd){ l->wake_fd, POLLIN, 0 };
	fds[POLL_TIMER] = (struct pollfd){ l->timer_fd, POLLIN, 0 };
	fds[POLL_IN] = (struct pollfd){ rx_waits(l) ? -1 : b->fd, POLLIN, 0 };
	fds[POLL_OUT] = (struct pollfd){ out ? b->out_fd : -1, POLLOUT, 0 };
	fds[POLL_EVENT] = (struct pollfd){ b->event_fd, POLLIN, 0 };
}

/* An event may bring a peer: the link is there before the peer's frames. */
static void
event_do(struct nic *nic)
{
	struct backend *b = nic->config.backend;
	bool more = b->ops->event(b);

	link_follow(nic);
	if (more && atomic_load(&nic->loop.tx_stopped))
		nic_send_again(nic);
}

/* In BUSY, which does not poll. */
static void
event_look(struct nic *nic)
{
	struct pollfd fd = { nic->config.backend->event_fd, POLLIN, 0 };

	if (fd.fd >= 0 && poll(&fd, 1, 0) > 0)
		event_do(nic);
}

static void
loop_doze(struct nic *nic, struct pollfd fds[POLL_FDS])
{
	struct loop *l = &nic->loop;
	bool timed = looks_by_time(nic);
	uint64_t count;

	poll_set(nic, fds, timed);
	if (!timed)
		atomic_store(&l->look_ns, E82540_NEVER);
	else if (atomic_load(&l->look_ns) == E82540_NEVER)
		atomic_store(&l->look_ns, now_ns() + TURN_NS);
	atomic_store(&l->asleep, true);
	nic_timer_arm(nic);
	(void)poll(fds, POLL_FDS, loop_idle(nic, timed) ? -1 : 0);
	atomic_store(&l->asleep, false);
	if (fds[POLL_WAKE].revents & POLLIN)
		(void)!read(l->wake_fd, &count, sizeof(count));
}

/* Sleep until there is something to do; do what cannot wait. */
static void
loop_rest(struct nic *nic)
{
	struct loop *l = &nic->loop;
	struct pollfd fds[POLL_FDS];

	loop_doze(nic, fds);
	doorbell_awake(nic);
	nic_due(nic, now_ns());
	if (fds[POLL_EVENT].revents != 0)
		event_do(nic);
	if (fds[POLL_OUT].revents != 0)
		nic_send_again(nic);
	if (rx_waits(l) ? atomic_load(&l->rx_ready) :
			  l->rx_more || fds[POLL_IN].revents != 0)
		(void)frames_receive(nic);
	link_follow(nic);
}

/* ------------------------------------------------------- a round, by state */

/* TRAP, PARKED: sleep, then work. */
static void
round_sleep(struct nic *nic)
{
	loop_rest(nic);
	work_all(nic);
}

/*
 * Now and then in BUSY: what costs a system call, or a look at the clock.
 * While the backend takes no more there is nothing to spin for.
 */
static void
busy_seldom(struct nic *nic, bool any)
{
	uint64_t now = now_ns(), until_ns = now + POLL_BACKEND_NS;
	struct loop *l = &nic->loop;

	nic_due(nic, now);
	if (any)
		nic->bell.active_ns = now;
	if (!any && atomic_load(&l->tx_stopped)) {
		if (atomic_load(&l->deadline_ns) < until_ns)
			until_ns = atomic_load(&l->deadline_ns);
		if (nic_room_wait(nic, until_ns))
			nic->bell.active_ns = now;
	}
	if (now - l->backend_ns >= POLL_BACKEND_NS) {
		l->backend_ns = now;
		if (!rx_waits(l) && frames_receive(nic))
			nic->bell.active_ns = now;
		link_follow(nic);
	}
	if (now - l->event_ns >= POLL_EVENT_NS) {
		l->event_ns = now;
		event_look(nic);
	}
	if (nic->moderation.adaptive)
		moderation_look(nic, now);
}

/*
 * Each look at what the guest is writing takes the cache line away from it,
 * doorbell and descriptors alike.  So do not look again at once: some packets
 * at a time are better.
 */
static void
breathe(void)
{
	uint64_t until_ns = now_ns() + BREATHE_NS;

	while (now_ns() < until_ns)
		__builtin_ia32_pause();
}

static void
round_busy(struct nic *nic)
{
	bool any = false;
	unsigned int n;

	for (n = 0; n < LOOKS_CLOCK; n++) {
		if (work_step(nic)) {
			any = true;
			breathe();
		} else {
			__builtin_ia32_pause();
		}
	}
	nic->bell.looks += n;
	/* Another thread may wait for this processor, and the guest for it. */
	if (!any)
		(void)sched_yield();
	busy_seldom(nic, any);
}

/* BUSY while the transmitter is off. */
static void
round_off(struct nic *nic, uint64_t until_ns)
{
	atomic_store(&nic->loop.look_ns, until_ns);
	round_sleep(nic);
}

/* TURNS: nothing there, so the next look is later, up to a bound. */
static void
look_less(struct loop *l)
{
	uint64_t ns = l->look_for_ns * 2;

	l->look_for_ns = ns < LOOK_MAX_NS ? ns : LOOK_MAX_NS;
}

/*
 * TURNS: send what is there.  If a vCPU thread has sent something since the
 * last time, send one batch only: it makes an interrupt, and the vCPU thread
 * that traps to read the cause sends the rest.  If no vCPU thread has, send
 * all.
 */
static void
turns_work(struct nic *nic)
{
	struct loop *l = &nic->loop;
	unsigned long long turns = nic->bell.turns, sent = nic->sent;

	if (turns != l->turns_seen)
		(void)work_step(nic);
	else
		work_all(nic);
	if (nic->sent == sent) {
		look_less(l);
	} else if (turns != l->turns_seen) {
		l->turns_seen = turns;
		l->look_for_ns = ANSWER_NS;
	} else {
		l->look_for_ns = TURN_NS;
	}
	if (nic->bell.turns == turns)
		atomic_store(&l->look_ns, now_ns() + l->look_for_ns);
}

static void
round_turns(struct nic *nic)
{
	struct doorbell *b = &nic->bell;

	loop_rest(nic);
	b->looks++;
	/* Nothing is sent while it is the guest's or a vCPU thread's turn. */
	if (!atomic_load(&b->in_turn) &&
	    now_ns() >= atomic_load(&nic->loop.look_ns))
		turns_work(nic);
	if (nic->packets != b->packets_seen) {
		b->writes += nic->packets - b->packets_seen;
		b->packets_seen = nic->packets;
		b->active_ns = now_ns();
	}
}

/* PARKED: so a packet waits for a small part of the quiet before it. */
static uint64_t
look_seldom_ns(const struct nic *nic, uint64_t now)
{
	uint64_t ns = (now - nic->bell.active_ns) / NIC_SELDOM_SHARE;

	return ns < TURN_NS ? TURN_NS : ns < NIC_SELDOM_NS ? ns : NIC_SELDOM_NS;
}

/* PARKED, and nobody hears of an access: the thread looks, ever less often. */
static void
round_seldom(struct nic *nic)
{
	struct loop *l = &nic->loop;
	uint64_t packets = nic->packets, now;

	loop_rest(nic);
	nic->bell.looks++;
	now = now_ns();
	/* After frames the guest is likely to answer. */
	if (e82540_doorbell_rung(nic->dev) != 0 || nic->packets != packets) {
		doorbell_wake(nic);
	} else if (now >= atomic_load(&l->look_ns)) {
		atomic_store(&l->look_ns, now + look_seldom_ns(nic, now));
	}
	work_all(nic);
}

void
nic_run(struct nic *nic)
{
	uint64_t off_ns;

	link_follow(nic);
	while (!atomic_load(&nic->loop.stop)) {
		doorbell_asked(nic);
		switch (doorbell_state(nic)) {
		case NIC_BUSY:
			doorbell_busy(nic);
			off_ns = doorbell_off_until_ns(nic);
			if (off_ns != 0)
				round_off(nic, off_ns);
			else
				round_busy(nic);
			doorbell_judge(nic);
			break;
		case NIC_TURNS:
			doorbell_busy(nic);
			round_turns(nic);
			doorbell_judge(nic);
			break;
		case NIC_PARKED:
			if (doorbell_unheard(nic)) {
				round_seldom(nic);
				break;
			}
			/* FALLTHROUGH */
		case NIC_TRAP:
			round_sleep(nic);
			break;
		}
	}
	doorbell_stop(nic);
}
