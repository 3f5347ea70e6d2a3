/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the three parts of a NIC share.  See nic.h first.
 *
 *	nic.c		model, backend, locks, accesses, statistics
 *	nic_loop.c	the thread: what there is to do, how it sleeps
 *	nic_doorbell.c	when to trap, look, take turns, park
 *	nic_moderate.c	how long interrupts of a stream are held
 *
 *	accesses ---> nic_doorbell.c ---> nic_loop.c (wakes)
 *	   the thread: nic_loop.c ---> nic_doorbell.c (judges)
 *
 * The thread sleeps in three steps: it says so (`asleep`), it looks once more
 * at everything that might have come, it sleeps.  Another thread that has
 * something for it sets that first, then looks whether it is asleep, then wakes
 * it.  Both are sequentially consistent, so that one of the two sees the other.
 */
#ifndef HOST_NIC_IMPL_H
#define HOST_NIC_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "clock.h"
#include "e1000_hw.h"
#include "nic.h"
#include "nic_moderate.h"

#define TURN_NS		20000u	/* the guest's, between two turns */

/* nic_loop.c.  Those that are not atomic are the thread's own. */
struct loop {
	int wake_fd, timer_fd;		/* each ends a sleep */
	atomic_bool asleep;
	atomic_bool stop;
	_Atomic(uint64_t) deadline_ns;	/* of the model */
	_Atomic(uint64_t) look_ns;	/* when it looks at doorbells next */
	_Atomic(uint64_t) look_for_ns;	/* TURNS: look to look */

	atomic_bool watched;		/* nic_look(): do not arm the timer */

	atomic_bool kicked;		/* the next look transmits */
	atomic_bool tx_stopped;		/* the backend takes no more now */
	atomic_bool rx_ready;		/* the model takes frames again */
	bool tx_more;			/* the ring had some more */
	bool rx_more;			/* the backend may have some more */
	struct e82540_frame frame[BACKEND_BATCH];
	unsigned int frames, frame_next;
	uint64_t backend_ns;		/* when the backend was asked last */
	uint64_t event_ns;		/* ... for an event, in BUSY */
	_Atomic(uint64_t) tail_ns;	/* TDT was found changed */
	_Atomic(uint64_t) frame_ns;	/* the backend had a frame */
	atomic_bool frames_wait;	/* the model takes no more */
	bool link;
	const char *said;		/* backend.down; NULL: it is up */
	uint64_t turns_seen;		/* turns, at the last look */
};

/* What other threads ask of the NIC's: struct doorbell.asked. */
#define ASK_MAP		1u
#define ASK_UNMAP	2u		/* they wait for it */

/* nic_doorbell.c. */
struct doorbell {
	/* The thread changes it; any thread ends PARKED.  With `lock`. */
	_Atomic(enum nic_state) state;
	pthread_mutex_t lock;
	pthread_cond_t unmapped;	/* ASK_UNMAP is done */
	atomic_uint asked;
	unsigned int users;		/* accesses under way; with `lock` */
	/* Constant: what the VMM and the configuration allow. */
	bool can_map;			/* TRAP is not all */
	bool access_unparks;		/* any guest access ends PARKED */
	_Atomic(uint64_t) access_ns;	/* the last, if it unparks */
	atomic_bool in_turn;		/* a vCPU thread transmits, TURNS */

	/* Of vCPU threads: how often they trap, and what comes of it. */
	_Atomic(uint64_t) trap_cost_ns;	/* as far as it is known */
	_Atomic(uint64_t) trap_least_ns; /* seen since those interrupts */
	atomic_uint trap_interrupts;	/* that came in TRAP */
	atomic_ullong exits;		/* of all registers; interrupts */
	atomic_uint run;		/* traps, of those that count */
	_Atomic(uint64_t) run_since_ns;	/* the first of those */
	_Atomic(uint64_t) run_last_ns;	/* the last of those */
	atomic_ullong run_packets;	/* packets by then */
	atomic_ullong run_sent;		/* of these, those sent */
	atomic_ullong run_exits;	/* exits by then */
	atomic_ullong run_work_ns;	/* in all but the first */
	_Atomic(uint64_t) hold_ns;	/* not BUSY before */
	_Atomic(uint64_t) try_ns;	/* ... unless traps are known as dear */
	_Atomic(uint64_t)
	    failed_run_ns; /* the shortest run that failed; or 0 */
	_Atomic(uint64_t) trap_saves_ns; /* what a mapping saved for each */
	atomic_bool is_try;		/* it has to show a gain */

	/* The thread's own: this time of BUSY and TURNS. */
	bool begun;			/* what follows is of now */
	bool from_parked;
	/* Since it was mapped. */
	uint64_t map_ns, map_packets;	/* when; packets by then */
	bool useful;			/* many writes came */
	unsigned int lonely;		/* times that few came, in a row */
	uint64_t lonely_ns, lonely_packets; /* the first of those */
	uint64_t begin_ns;
	uint64_t active_ns;		/* when something happened last */
	uint64_t writes;		/* packets or writes seen */
	uint64_t packets_seen;
	/* How it is judged, each JUDGE_NS. */
	uint64_t judged_ns, judged_packets, judged_cpu_ns;
	double trap_rate;		/* packets a ns, in TRAP before */
	uint64_t trap_run_ns;		/* ... and for how long */
	bool judged;			/* since it was mapped */
	double first_rate;		/* packets a ns, then */
	double spin_rate;		/* packets a ns, in BUSY before TURNS */
	uint64_t hold_for_ns;		/* if it is slower than TRAP */
	uint64_t vain_for_ns;		/* if it ended at once */
	uint64_t try_for_ns;		/* if a try fails */
	uint64_t recheck_ns;		/* are traps better? */
	uint64_t recheck_for_ns;
	uint64_t spin_until_ns;		/* no TURNS before */
	uint64_t spin_for_ns;		/* if TURNS is slower than BUSY */
	uint64_t park_ns;		/* not PARKED again before */
	uint64_t park_for_ns;		/* if it fails */
	uint64_t turns_until_ns;	/* then BUSY is tried again */
	uint32_t seen[E82540_DOORBELL_BYTES / 4];	/* to park, if away */

	unsigned long long refused;	/* parks that failed; with `lock` */
	atomic_ullong traps, busy, parked, faults, maps, slower, looks;
	atomic_ullong turns, busy_ns, rung;
};

/* nic_moderate.c. */
struct moderation {
	bool adaptive;			/* constant */
	_Atomic(uint64_t) raised_ns;	/* the interrupt; 0: ICR is read */
	_Atomic(uint64_t) latency_ns;	/* of the last one, up to that read */
	_Atomic(uint64_t) answered_ns;	/* that read */
	atomic_uint backlog;		/* of its first write of TDT since */
	/* The thread's own; what other threads may read is atomic. */
	struct moderate policy;
	uint64_t seen_ns;		/* answered_ns, at the last look */
	bool counted;			/* in `held`, since then */
	_Atomic(uint64_t) hold_ns, cost_ns;
	atomic_ullong held, released[MODERATE_REASONS];
};

struct nic {
	struct nic_config config;
	struct e82540 *dev;
	pthread_mutex_t lock[3];	/* the model's */
	atomic_ullong packets, sent;	/* both ways; out */
	atomic_uint sent_bytes;		/* of the last packet sent */
	atomic_bool cable_out;		/* nic_cable_set() */
	struct loop loop;
	struct doorbell bell;
	struct moderation moderation;
};

/* ------------------------------------------------------------------ nic.c */

/* nic_due: do what the model's timers say is due now.  Any thread. */
void nic_due(struct nic *nic, uint64_t now);

/* nic_send_again: the backend is writable again.  Any thread. */
void nic_send_again(struct nic *nic);

/*
 * nic_room_wait: the backend takes no more; wait until it does, or until_ns.
 * Returns whether it does.
 */
bool nic_room_wait(struct nic *nic, uint64_t until_ns);

/*
 * nic_transmit_inline: transmit, as far as bounds in packets and in time allow.
 * The NIC's thread, or a vCPU thread in its turn, does the rest.
 */
void nic_transmit_inline(struct nic *nic);

/* ------------------------------------------------------------- nic_loop.c */

int loop_init(struct loop *l, struct err *err);
void loop_destroy(struct loop *l);

/* nic_cable: is it in?  Any thread. */
bool nic_cable(const struct nic *nic);

/* nic_wake: end the thread's sleep, if it is asleep.  Any thread. */
void nic_wake(struct nic *nic);

/* nic_timer_arm: the thread's sleep ends when something is due.  Any thread. */
void nic_timer_arm(struct nic *nic);

/* --------------------------------------------------------- nic_doorbell.c */

/*
 * doorbell_init: before the model is there.  doorbell_offer: after that; where
 * the mapping is permanent it opens the doorbells.
 */
void doorbell_init(struct nic *nic);
void doorbell_offer(struct nic *nic);
void doorbell_destroy(struct nic *nic);

/*
 * doorbell_access, doorbell_access_end: around each access of the guest, which
 * may end PARKED and takes the vCPU thread's turn.  Any thread.
 */
void doorbell_access(struct nic *nic);
void doorbell_access_end(struct nic *nic);

/* doorbell_exited: an access of a register at `offset` trapped at begin_ns. */
void doorbell_exited(struct nic *nic, uint32_t offset, uint64_t begin_ns);

/* doorbell_trapped: the same, for a write of TDT or RDT; before that. */
void doorbell_trapped(struct nic *nic, uint64_t begin_ns);

/* doorbell_follow: the transmitter may have been switched on or off. */
void doorbell_follow(struct nic *nic);

/* What follows is the thread's. */

/* doorbell_asked: do what other threads have asked for. */
void doorbell_asked(struct nic *nic);

/* doorbell_wake: end PARKED, if it is PARKED. */
void doorbell_wake(struct nic *nic);

/* doorbell_awake: the thread woke, in PARKED perhaps, and calls the model. */
void doorbell_awake(struct nic *nic);

/* doorbell_busy: before a round in BUSY or TURNS. */
void doorbell_busy(struct nic *nic);

/*
 * doorbell_off_until_ns: the transmitter is off where the mapping is permanent:
 * until then there is nothing to look at, and it is not PARKED yet.  Or 0.
 */
uint64_t doorbell_off_until_ns(struct nic *nic);

/* doorbell_judge: after a look, in BUSY or TURNS: on to which state? */
void doorbell_judge(struct nic *nic);

/* doorbell_stop: the thread ends.  The guest's accesses trap again. */
void doorbell_stop(struct nic *nic);

static inline enum nic_state
doorbell_state(const struct nic *nic)
{
	return atomic_load(&nic->bell.state);
}

/* The NIC's thread, or a vCPU thread in its turn, looks at doorbells. */
static inline bool
doorbell_watched(const struct nic *nic)
{
	enum nic_state state = doorbell_state(nic);

	return state == NIC_BUSY || state == NIC_TURNS;
}

/*
 * Nobody is told of the guest's next access: the thread looks at doorbells from
 * time to time, although it is PARKED.
 */
static inline bool
doorbell_unheard(const struct nic *nic)
{
	return doorbell_state(nic) == NIC_PARKED &&
	    nic->config.doorbell_ops->park == NULL;
}

/* May doorbell memory be looked at now? */
static inline bool
doorbell_visible(const struct nic *nic)
{
	enum nic_state state = doorbell_state(nic);

	return state != NIC_TRAP &&
	    !(state == NIC_PARKED && nic->config.doorbell_ops->away);
}

/* ------------------------------------------------------- nic_moderate.c */

/* moderation_raised, moderation_answered: an interrupt; its read of ICR. */
void moderation_raised(struct nic *nic);
void moderation_answered(struct nic *nic);

/* moderation_sent: a write of TDT trapped at `now`, and sent n packets. */
void moderation_sent(struct nic *nic, uint64_t now, unsigned int n);

/* moderation_look: in BUSY or nic_look(): hold interrupts, or let one go. */
void moderation_look(struct nic *nic, uint64_t now);

/* moderation_end: before that ends, by the same thread. */
void moderation_end(struct nic *nic);

#endif
