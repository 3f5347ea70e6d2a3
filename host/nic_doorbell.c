/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When to trap, look, take turns, park.  See nic.h, nic_impl.h.
 *
 * Memory is opened in the model, then shown to the guest; hidden from the
 * guest, then closed.  Where the mapping is permanent it is open from the
 * beginning to the end.
 *
 * Order of locks: doorbell.lock, then the model's.  The VMM's operations are
 * called with doorbell.lock held.
 */
#include <errno.h>

#include "nic_impl.h"

#define RUN_TRAPS	8u	/* in a row, that are worth a memory map */
#define RUN_GAP_NS	100000000u /* traps further apart are not in a row */
#define LOST_SHARE	8u	/* traps may take 1/8 of the time */
#define TRAP_BATCH	8u	/* packets a trap: worth it anyway */
#define TRAP_COST_MAX_NS 2000000u /* of one, until it is known */
#define COST_INTERRUPTS	64u	/* then the host may have changed */
#define INTERRUPT_EXITS	2u	/* to deliver one, and its end */
#define JUDGE_NS	10000000u /* BUSY is given time to show what it can */
#define JUDGE_TRAPS	64u	/* or the time of so many traps */
#define QUIET_TRAPS	8u	/* or of so many: the guest is still at work */
#define LONG_QUIET_NS	50000000u /* more is known as quiet */
#define VAIN_TRAPS	1000u	/* that a map which is in vain may cost */
#define SETTLE_NS	100000000u /* a host may drop page tables to map */
#define SETTLE_PACKETS	16u	/* then it is done with that */
#define LONELY_MAX	8u	/* times of few writes: trap instead */
#define HOLD_NS		20000000u /* a slower state is not tried again */
#define HOLD_MAX_NS	640000000u
#define TRY_NS		400000000u /* from a try that failed to the next */
#define TRY_MAX_NS	64000000000u
#define RECHECK_SHARE	8u	/* of its rate: are traps better now? */
#define RECHECK_NS	1000000000u
#define OFF_NS		10000000u /* transmitter off: PARKED after so long */

/* ------------------------------------------------------------- transitions */

/* How long not to do again what failed.  It doubles each time. */
static uint64_t
hold_double(uint64_t *for_ns, uint64_t max_ns)
{
	uint64_t ns = *for_ns;

	if (ns < max_ns)
		*for_ns *= 2;
	return ns;
}

static uint64_t
hold_next(uint64_t *for_ns)
{
	return hold_double(for_ns, HOLD_MAX_NS);
}

/* With the lock. */
static void
state_set(struct nic *nic, enum nic_state state)
{
	atomic_store(&nic->bell.state, state);
}

static uint64_t
at_least(uint64_t ns, uint64_t least_ns)
{
	return ns > least_ns ? ns : least_ns;
}

/* While TCTL.EN is off doorbells gain nothing, and drivers test registers. */
static bool
transmitter_off(struct nic *nic)
{
	return !(e82540_peek(nic->dev, E1000_TCTL) & E1000_TCTL_EN);
}

/* Where it goes from TRAP and PARKED: TURNS only with doorbell=turns. */
static enum nic_state
state_watched(const struct nic *nic)
{
	return nic->config.doorbell == NIC_DOORBELL_TURNS ? NIC_TURNS :
							    NIC_BUSY;
}

/* TRAP to BUSY or TURNS.  Returns 0 or -errno: it stays TRAP. */
static int
doorbell_map(struct nic *nic)
{
	const struct nic_doorbell_ops *ops = nic->config.doorbell_ops;
	struct doorbell *b = &nic->bell;
	uint64_t ns = now_ns() - b->run_since_ns;
	int error;

	b->trap_rate = nic->config.doorbell == NIC_DOORBELL_AUTO && ns > 0 ?
	    (double)(nic->packets - b->run_packets) / (double)ns :
	    0;
	b->trap_run_ns = ns;
	pthread_mutex_lock(&b->lock);
	error = transmitter_off(nic) ?
	    -EAGAIN :
	    e82540_doorbell_open(nic->dev, now_ns(), nic->config.doorbell_mem);
	if (error != 0)
		goto unlock;
	error = ops->map(nic->config.ctx);
	if (error != 0) {
		e82540_doorbell_close(nic->dev, now_ns());
		goto unlock;
	}
	b->maps++;
	b->from_parked = false;
	b->map_ns = now_ns();
	b->map_packets = (unsigned long long)nic->packets;
	b->useful = false;
	b->lonely = 0;
	b->judged = false;
	state_set(nic, state_watched(nic));
unlock:
	pthread_mutex_unlock(&b->lock);
	return error;
}

/* This time of BUSY and TURNS is over. */
static void
busy_end(struct doorbell *b)
{
	if (b->begun)
		b->busy_ns += now_ns() - b->begin_ns;
	b->begun = false;
	b->writes = 0;
}

/* BUSY, TURNS, PARKED to TRAP.  Wakes the threads that wait for it. */
static void
doorbell_unmap(struct nic *nic)
{
	struct doorbell *b = &nic->bell;

	moderation_end(nic);
	pthread_mutex_lock(&b->lock);
	nic->config.doorbell_ops->unmap(nic->config.ctx);
	b->maps++;
	state_set(nic, NIC_TRAP);
	atomic_fetch_and(&b->asked, ~ASK_UNMAP);
	pthread_cond_broadcast(&b->unmapped);
	pthread_mutex_unlock(&b->lock);
	e82540_doorbell_close(nic->dev, now_ns());
	busy_end(b);
	atomic_store(&b->run, 0);
}

/*
 * What the model has seen of the memory.  Returns false if the guest has stored
 * more than that.
 */
static bool
doorbell_seen(struct nic *nic)
{
	const uint32_t *mem = nic->config.doorbell_mem;
	unsigned int i;

	for (i = 0; i < E82540_DOORBELL_BYTES / 4; i++)
		nic->bell.seen[i] = __atomic_load_n(&mem[i], __ATOMIC_ACQUIRE);
	return e82540_doorbell_rung(nic->dev) == 0;
}

/*
 * With the lock: no access is under way that could bring the pages back; the
 * model has seen all; and the transmitter, if it decides, is still off.
 */
static bool
may_park(struct nic *nic)
{
	const struct nic_doorbell_ops *ops = nic->config.doorbell_ops;

	if (nic->bell.users != 0 || (ops->away && !doorbell_seen(nic)))
		return false;
	return nic->config.doorbell == NIC_DOORBELL_AUTO ||
	    transmitter_off(nic);
}

/* BUSY, TURNS to PARKED.  The state stays if may_park() or park() says no. */
static void
doorbell_park(struct nic *nic)
{
	const struct nic_doorbell_ops *ops = nic->config.doorbell_ops;
	struct doorbell *b = &nic->bell;
	enum nic_state was = doorbell_state(nic);
	int error = -EAGAIN;

	moderation_end(nic);
	pthread_mutex_lock(&b->lock);
	if (may_park(nic)) {
		state_set(nic, NIC_PARKED);
		error =
		    ops->park != NULL ? ops->park(nic->config.ctx, b->seen) : 0;
	}
	if (error != 0) {
		b->refused++;
		state_set(nic, was);
	}
	pthread_mutex_unlock(&b->lock);
	if (error != 0) {
		b->active_ns = now_ns();
		if (error != -EAGAIN)
			b->park_ns = b->active_ns + hold_next(&b->park_for_ns);
		return;
	}
	b->parked++;
	b->from_parked = true;
	b->park_for_ns = HOLD_NS;
	if (b->useful)
		b->vain_for_ns = HOLD_NS;
	busy_end(b);
	atomic_store(&nic->loop.look_for_ns, TURN_NS);
	atomic_store(&nic->loop.look_ns, E82540_NEVER);
}

/* If it is PARKED: to BUSY or TURNS.  Any thread, with the lock. */
static void
doorbell_unpark(struct nic *nic)
{
	const struct nic_doorbell_ops *ops = nic->config.doorbell_ops;

	if (doorbell_state(nic) != NIC_PARKED)
		return;
	if (ops->unpark != NULL)
		ops->unpark(nic->config.ctx);
	nic->bell.faults++;
	state_set(nic, state_watched(nic));
	nic_wake(nic);
}

/* BUSY to TURNS. */
static void
doorbell_turns(struct nic *nic, uint64_t now, double rate)
{
	struct doorbell *b = &nic->bell;

	b->spin_rate = rate;
	b->turns_until_ns = now + HOLD_MAX_NS;
	b->packets_seen = nic->packets;
	moderation_end(nic);
	pthread_mutex_lock(&b->lock);
	state_set(nic, NIC_TURNS);
	pthread_mutex_unlock(&b->lock);
}

/* TURNS to BUSY. */
static void
doorbell_spin(struct nic *nic)
{
	pthread_mutex_lock(&nic->bell.lock);
	state_set(nic, NIC_BUSY);
	pthread_mutex_unlock(&nic->bell.lock);
}

/* --------------------------------------------------- traps, by vCPU threads */

/*
 * Does the guest lose so much time to exits that its doorbells should be
 * memory?  It does if two things hold.  In the time of eight traps in a row all
 * exits took an eighth; those of interrupts count, too, because a NIC that
 * looks interrupts more seldom.  And the work in the traps took no longer than
 * that, or each trap sent a batch: otherwise (a ping, a burst in one packet)
 * the guest waits for the work, not for the trap.
 *
 * After an exit the guest may be slow for a while, because its host has dropped
 * what it had cached.  trap_cost_ns does not include that time.  A mapping
 * shows it: trap_saves_ns is the time that a mapping saved for each trap.
 */
static bool
run_is_dear(struct nic *nic, unsigned int n, uint64_t begin_ns)
{
	const struct doorbell *b = &nic->bell;
	uint64_t lost_ns = (b->exits - b->run_exits) * b->trap_cost_ns;

	lost_ns = at_least(lost_ns, n * b->trap_saves_ns);
	if (begin_ns - b->run_since_ns > LOST_SHARE * lost_ns)
		return false;
	return b->run_work_ns <= lost_ns ||
	    nic->sent - b->run_sent >= (unsigned long long)TRAP_BATCH * n;
}

/*
 * Is it time to map?  After a mapping that failed, only when its hold is over.
 * But if the guest traps twice as fast as before every failure, its work has
 * changed, and it is mapped at once.  If exits do not look dear, a mapping is a
 * try.  Each try that fails doubles the time to the next.
 */
static bool
run_maps(struct nic *nic, unsigned int n, uint64_t begin_ns)
{
	struct doorbell *b = &nic->bell;
	uint64_t failed_ns = b->failed_run_ns;
	bool faster = (begin_ns - b->run_since_ns) * 2 < failed_ns;

	if (begin_ns < b->hold_ns && !faster)
		return false;
	b->is_try = !run_is_dear(nic, n, begin_ns);
	return !b->is_try || begin_ns >= b->try_ns || faster;
}

static void
run_count(struct nic *nic, uint64_t begin_ns, uint64_t end_ns)
{
	struct doorbell *b = &nic->bell;
	uint64_t gap_ns = begin_ns - atomic_exchange(&b->run_last_ns, begin_ns);
	unsigned int n;

	if (gap_ns > RUN_GAP_NS)
		b->run = 0;
	n = b->run++;

	if (n == 0) {
		b->run_since_ns = begin_ns;
		b->run_packets = (unsigned long long)nic->packets;
		b->run_sent = (unsigned long long)nic->sent;
		b->run_exits = (unsigned long long)b->exits;
		b->run_work_ns = 0;
		return;
	}
	b->run_work_ns += end_ns - begin_ns;
	if (n != RUN_TRAPS)
		return;
	if (run_maps(nic, n, begin_ns)) {
		atomic_fetch_or(&b->asked, ASK_MAP);
		nic_wake(nic);
	} else {
		b->run = 0;
	}
}

/*
 * What a trap costs is a microsecond on one host, and a millisecond on another
 * that is a guest itself.  It is the least time between two accesses of one
 * CPU: there the guest did nothing else.  An interrupt's handler makes such a
 * pair, if the driver did not when it began.  So after some interrupts in TRAP
 * the least that was seen meanwhile stands, even if it is more than before: the
 * host is slower now.
 */
static void
trap_cost_learn(struct doorbell *b, uint64_t own_ns, bool interrupt)
{
	if (own_ns < b->trap_cost_ns)
		b->trap_cost_ns = own_ns;
	if (own_ns < b->trap_least_ns)
		b->trap_least_ns = own_ns;
	if (!interrupt || ++b->trap_interrupts != COST_INTERRUPTS)
		return;
	b->trap_cost_ns = (uint64_t)b->trap_least_ns;
	b->trap_least_ns = TRAP_COST_MAX_NS;
	b->trap_interrupts = 0;
}

/* When this CPU's thread went back to the guest; 0: it was not here yet. */
static _Thread_local uint64_t back_ns;

void
doorbell_exited(struct nic *nic, uint32_t offset, uint64_t begin_ns)
{
	bool interrupt = offset == E1000_ICR && doorbell_state(nic) == NIC_TRAP;
	struct doorbell *b = &nic->bell;
	uint64_t was_ns = back_ns;

	b->exits += interrupt ? 1 + INTERRUPT_EXITS : 1;
	back_ns = now_ns();
	if (was_ns != 0)
		trap_cost_learn(b, begin_ns - was_ns, interrupt);
}

void
doorbell_trapped(struct nic *nic, uint64_t begin_ns)
{
	struct doorbell *b = &nic->bell;

	b->traps++;
	if (nic->config.doorbell == NIC_DOORBELL_AUTO && b->can_map &&
	    doorbell_state(nic) == NIC_TRAP)
		run_count(nic, begin_ns, now_ns());
}

/*
 * The guest may have switched its transmitter off, or reset the NIC: when it
 * goes on its doorbells trap again.  Or it may have switched it on.  The NIC's
 * thread changes the mapping, and does not wait for vCPU threads that are here.
 */
void
doorbell_follow(struct nic *nic)
{
	struct doorbell *b = &nic->bell;
	bool off;

	/* Where the mapping is permanent: the thread slept, as it was off. */
	if (b->access_unparks)
		nic_wake(nic);
	if (!b->can_map)
		return;
	pthread_mutex_lock(&b->lock);
	off = transmitter_off(nic);
	if (off && doorbell_state(nic) != NIC_TRAP) {
		atomic_fetch_or(&b->asked, ASK_UNMAP);
		nic_wake(nic);
		while (atomic_load(&b->asked) & ASK_UNMAP)
			pthread_cond_wait(&b->unmapped, &b->lock);
	}
	pthread_mutex_unlock(&b->lock);
	if (!off && nic->config.doorbell >= NIC_DOORBELL_MAPPED) {
		atomic_fetch_or(&b->asked, ASK_MAP);
		nic_wake(nic);
	}
}

/* --------------------------------------------- accesses, by vCPU threads */

/*
 * TURNS: a CPU's thread is here for another register, most often to read ICR.
 * What the guest has posted meanwhile goes out before it goes back.  The NIC's
 * thread looks when the guest has had time to fill its ring again.  A backend
 * that was full before is its business, too: otherwise each access would take
 * a millisecond while a peer does not read.
 */
static void
turn_take(struct nic *nic)
{
	unsigned long long sent = nic->sent;
	struct doorbell *b = &nic->bell;
	struct loop *l = &nic->loop;
	uint64_t look_ns;

	if (atomic_exchange(&b->in_turn, true))
		return;
	if (e82540_transmit(nic->dev, now_ns()) ||
	    (atomic_load(&l->tx_stopped) && nic->sent != sent)) {
		nic_timer_arm(nic);
		nic_transmit_inline(nic);
	}
	look_ns = now_ns() + TURN_NS;
	if (nic->sent != sent || atomic_load(&l->look_ns) > look_ns) {
		l->look_for_ns = TURN_NS;
		atomic_store(&l->look_ns, look_ns);
	}
	b->turns++;
	atomic_store(&b->in_turn, false);
	if (doorbell_state(nic) == NIC_TURNS) {
		nic_timer_arm(nic);
	} else {
		/* That is over, and the thread had left this to us. */
		atomic_store(&l->kicked, true);
		nic_wake(nic);
	}
}

void
doorbell_access(struct nic *nic)
{
	struct doorbell *b = &nic->bell;

	if (b->access_unparks) {
		atomic_store(&b->access_ns, now_ns());
		pthread_mutex_lock(&b->lock);
		b->users++;
		doorbell_unpark(nic);
		pthread_mutex_unlock(&b->lock);
	}
	if (doorbell_state(nic) == NIC_TURNS)
		turn_take(nic);
}

void
doorbell_access_end(struct nic *nic)
{
	struct doorbell *b = &nic->bell;

	if (!b->access_unparks)
		return;
	pthread_mutex_lock(&b->lock);
	b->users--;
	pthread_mutex_unlock(&b->lock);
}

void
doorbell_wake(struct nic *nic)
{
	pthread_mutex_lock(&nic->bell.lock);
	doorbell_unpark(nic);
	pthread_mutex_unlock(&nic->bell.lock);
}

uint64_t
nic_fault(struct nic *nic)
{
	struct doorbell *b = &nic->bell;
	uint64_t changes;

	pthread_mutex_lock(&b->lock);
	doorbell_unpark(nic);
	changes = b->faults + b->maps + b->refused;
	pthread_mutex_unlock(&b->lock);
	return changes;
}

/* ------------------------------------------- to judge: by the NIC's thread */

/* This thread's time, not the clock's. */
static uint64_t
cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static void
judge_anew(struct nic *nic, uint64_t now)
{
	struct doorbell *b = &nic->bell;

	b->judged_ns = now;
	b->judged_packets = (unsigned long long)nic->packets;
	b->judged_cpu_ns = cpu_ns();
}

/*
 * BUSY: was this thread off its processor for a quarter of the time?  Then it
 * waits for one, or for the backend, while the guest spins for room in its
 * ring: try TURNS.  TURNS: go back if that is slower, or after a while, because
 * there may be a processor now.  Returns whether the state has changed.
 */
static bool
judge_turns(struct nic *nic, uint64_t now, double rate, uint64_t ns)
{
	struct doorbell *b = &nic->bell;

	if (doorbell_state(nic) == NIC_BUSY) {
		if (now < b->spin_until_ns ||
		    (cpu_ns() - b->judged_cpu_ns) * 4 >= ns * 3)
			return false;
		doorbell_turns(nic, now, rate);
		return true;
	}
	if (rate < b->spin_rate) {
		b->spin_until_ns = now + hold_next(&b->spin_for_ns);
	} else {
		b->spin_for_ns = HOLD_NS;
		if (now < b->turns_until_ns)
			return false;
	}
	doorbell_spin(nic);
	return true;
}

/*
 * To change a memory map costs the guest more than one exit, where the host
 * drops page tables for it: as many as it uses pages.  That is over soon, and
 * says nothing about BUSY.
 */
static bool
map_settled(const struct nic *nic, uint64_t now)
{
	const struct doorbell *b = &nic->bell;

	return nic->packets - b->map_packets >= SETTLE_PACKETS ||
	    now - b->map_ns >= SETTLE_NS;
}

/*
 * The first time that a mapping is judged: how much time of the guest's does it
 * save for each trap?
 */
static void
saving_learn(struct doorbell *b, double rate)
{
	double saved = rate > b->trap_rate ? 1 - b->trap_rate / rate : 0;

	if (!b->judged && b->trap_rate > 0)
		b->trap_saves_ns =
		    (uint64_t)(saved * (double)b->trap_run_ns / RUN_TRAPS);
	if (!b->judged)
		b->first_rate = rate;
	b->judged = true;
}

/* Is it worth a thread that looks?  A try has to show a gain. */
static bool
rate_pays(const struct doorbell *b, double rate, bool gain)
{
	return gain ? rate * 8 >= b->trap_rate * 9 :
		      rate * 4 >= b->trap_rate * 3;
}

/*
 * The guest does something else than when it was mapped: see whether traps are
 * better for that.  Ever more seldom.
 */
static bool
rate_fell(struct doorbell *b, uint64_t now, double rate)
{
	if (rate * RECHECK_SHARE >= b->first_rate || now < b->recheck_ns)
		return false;
	b->recheck_ns = now + hold_double(&b->recheck_for_ns, TRY_MAX_NS);
	return true;
}

/* Not mapped again before. */
static void
hold(struct doorbell *b, uint64_t now, uint64_t for_ns)
{
	b->hold_ns = now +
	    for_ns / HOLD_NS * at_least(HOLD_NS, VAIN_TRAPS * b->trap_cost_ns);
	if (b->failed_run_ns == 0 || b->trap_run_ns < b->failed_run_ns)
		b->failed_run_ns = b->trap_run_ns;
	b->try_ns = now + hold_double(&b->try_for_ns, TRY_MAX_NS);
}

/*
 * Clearly fewer packets a second than by traps?  (Eight traps say little; where
 * there is no TRAP their rate is 0, so the answer is no.)
 * Then the guest sends little, or there are too few processors for its CPUs and
 * this thread: traps are better for both.
 */
static bool
judge_slower(struct nic *nic, uint64_t now)
{
	struct doorbell *b = &nic->bell;
	uint64_t ns = now - b->judged_ns;
	bool changed;
	double rate;

	if (!map_settled(nic, now)) {
		judge_anew(nic, now);
		return false;
	}
	if (ns < at_least(at_least(JUDGE_NS, b->trap_run_ns),
		     JUDGE_TRAPS * b->trap_cost_ns))
		return false;
	rate = (double)(nic->packets - b->judged_packets) / (double)ns;
	changed = judge_turns(nic, now, rate, ns);
	judge_anew(nic, now);
	if (changed)
		return false;
	saving_learn(b, rate);
	if (rate_pays(b, rate, b->is_try)) {
		b->hold_for_ns = b->vain_for_ns = HOLD_NS;
		b->try_for_ns = TRY_NS;
		b->is_try = false;
		b->failed_run_ns = 0;
		return rate_fell(b, now, rate);
	}
	b->slower++;
	hold(b, now, hold_next(&b->hold_for_ns));
	return true;
}

/*
 * Nothing came for a while.  Few writes before that were lonely packets, which
 * a trap each serves better; but a memory map costs more than some faults, so
 * this must have been so several times, without more packets a second than by
 * traps.  (This thread may have kept the guest's processor busy.)  A fault for
 * another NIC wakes this one, too: no write at all says nothing.
 */
static bool
judge_parks(struct nic *nic, uint64_t now)
{
	struct doorbell *b = &nic->bell;
	double rate;

	if (b->writes >= RUN_TRAPS) {
		b->useful = true;
		b->lonely = 0;
		return true;
	}
	if (b->writes == 0 && b->from_parked)
		return true;
	if (b->lonely++ == 0) {
		b->lonely_ns = now;
		b->lonely_packets = (unsigned long long)nic->packets;
	}
	if (b->lonely < LONELY_MAX)
		return true;
	rate = (double)(nic->packets - b->lonely_packets) /
	    (double)(now - b->lonely_ns);
	b->lonely = 0;
	b->useful = false;
	saving_learn(b, rate);
	return rate_pays(b, rate, true);
}

void
doorbell_busy(struct nic *nic)
{
	struct doorbell *b = &nic->bell;

	if (b->begun)
		return;
	b->begun = true;
	b->busy++;
	b->begin_ns = b->active_ns = now_ns();
	b->packets_seen = nic->packets;
	judge_anew(nic, b->begin_ns);
}

/*
 * While the transmitter is off a driver sets the NIC up, by one access after
 * another.  Each would end PARKED, which costs more than the access.
 */
static uint64_t
off_until_ns(const struct nic *nic)
{
	const struct doorbell *b = &nic->bell;
	uint64_t at_ns = atomic_load(&b->access_ns);

	if (at_ns < b->active_ns)
		at_ns = b->active_ns;
	at_ns += OFF_NS;
	return at_ns < b->park_ns ? b->park_ns : at_ns;
}

uint64_t
doorbell_off_until_ns(struct nic *nic)
{
	return nic->config.doorbell_ops->permanent && transmitter_off(nic) ?
	    off_until_ns(nic) :
	    0;
}

/*
 * How long nothing must come until it is quiet.  At first the guest still is as
 * slow as in TRAP: each fault may cost it as much as a trap.
 */
static uint64_t
quiet_least_ns(const struct nic *nic)
{
	const struct doorbell *b = &nic->bell;
	uint64_t ns = QUIET_TRAPS * at_least(b->trap_cost_ns, b->trap_saves_ns);
	uint64_t first_ns = 3 * b->trap_run_ns / RUN_TRAPS / 2;

	if (ns > LONG_QUIET_NS)
		ns = LONG_QUIET_NS;
	ns = at_least(ns, nic->config.spin_us * 1000ull);
	if (b->judged ||
	    first_ns > at_least(JUDGE_NS, 2 * QUIET_TRAPS * b->trap_cost_ns))
		return ns;
	return at_least(ns, first_ns);
}

void
doorbell_judge(struct nic *nic)
{
	const struct nic_doorbell_ops *ops = nic->config.doorbell_ops;
	struct doorbell *b = &nic->bell;
	uint64_t now = now_ns();
	bool quiet = now - b->active_ns >= quiet_least_ns(nic);

	if (ops->permanent && transmitter_off(nic)) {
		if (now >= off_until_ns(nic))
			doorbell_park(nic);
		return;
	}
	if (nic->config.doorbell != NIC_DOORBELL_AUTO || now < b->park_ns)
		return;
	if (!quiet && !judge_slower(nic, now))
		return;
	if (ops->permanent ||
	    (quiet && ops->park != NULL && judge_parks(nic, now))) {
		doorbell_park(nic);
		return;
	}
	/* It was mapped in vain: so try that ever more seldom. */
	if (quiet && !b->useful)
		hold(b, now, hold_next(&b->vain_for_ns));
	doorbell_unmap(nic);
}

void
doorbell_asked(struct nic *nic)
{
	struct doorbell *b = &nic->bell;

	if (atomic_load(&b->asked) & ASK_UNMAP)
		doorbell_unmap(nic);
	if (!(atomic_fetch_and(&b->asked, ~ASK_MAP) & ASK_MAP) ||
	    doorbell_state(nic) != NIC_TRAP)
		return;
	if (doorbell_map(nic) != 0) {
		b->hold_ns = now_ns() + hold_next(&b->hold_for_ns);
		atomic_store(&b->run, 0);
	}
}

void
doorbell_awake(struct nic *nic)
{
	if (nic->config.doorbell_ops != NULL && nic->config.doorbell_ops->away)
		doorbell_wake(nic);
}

/* ------------------------------------------------------------ begin and end */

void
doorbell_init(struct nic *nic)
{
	const struct nic_doorbell_ops *ops = nic->config.doorbell_ops;
	struct doorbell *b = &nic->bell;

	b->trap_cost_ns = b->trap_least_ns = TRAP_COST_MAX_NS;
	b->hold_for_ns = b->vain_for_ns = b->spin_for_ns = b->park_for_ns =
	    HOLD_NS;
	b->try_for_ns = TRY_NS;
	b->recheck_for_ns = RECHECK_NS;
	b->can_map = ops != NULL && ops->map != NULL &&
	    nic->config.doorbell != NIC_DOORBELL_EXIT;
	b->access_unparks =
	    ops != NULL && ops->permanent && (ops->away || ops->park == NULL);
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->unmapped, NULL);
}

/* The guest may store from now on: look, before it is PARKED. */
void
doorbell_offer(struct nic *nic)
{
	const struct nic_doorbell_ops *ops = nic->config.doorbell_ops;

	if (ops == NULL || !ops->permanent)
		return;
	(void)e82540_doorbell_open(nic->dev, now_ns(),
	    nic->config.doorbell_mem);
	nic->bell.from_parked = true;
	atomic_store(&nic->bell.state, state_watched(nic));
}

void
doorbell_stop(struct nic *nic)
{
	doorbell_awake(nic);
	if (doorbell_state(nic) != NIC_TRAP &&
	    !nic->config.doorbell_ops->permanent)
		doorbell_unmap(nic);
}

void
doorbell_destroy(struct nic *nic)
{
	pthread_mutex_destroy(&nic->bell.lock);
	pthread_cond_destroy(&nic->bell.unmapped);
}

enum nic_state
nic_state(const struct nic *nic)
{
	return doorbell_state(nic);
}
