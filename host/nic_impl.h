/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What nic.c (set-up, and what other threads call) and nic_thread.c (the NIC's
 * own) share.  See nic.h first.
 *
 *	state		written by the NIC's thread; PARKED to BUSY by a fault
 *	kicked		there is to transmit, by whoever looks next
 *	deadline_ns	of the model
 *	look_ns		when the thread looks next, BUSY by turns
 *	in_turn		a vCPU thread transmits: look_ns does not end a sleep
 *	wake_fd		ends a sleep
 *
 * The thread sleeps in three steps: it says so (`asleep`), it looks once more
 * at everything that might have come, it sleeps.  Who has something for it sets
 * that first, then looks whether it is asleep, then wakes it.  Both with
 * sequential consistency, so that one of the two sees the other.
 */
#ifndef HOST_NIC_IMPL_H
#define HOST_NIC_IMPL_H

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "e1000_hw.h"
#include "nic.h"

#define NSEC		1000000000ull

#define BUSY_WRITES	8u	/* traps that are worth a memory map */
#define HOLD_NS		20000000u /* what was slower: not so soon */
#define TURN_NS		20000u	/* the guest's, between two turns */

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

	/* BUSY by turns. */
	atomic_bool by_turns;
	atomic_bool in_turn;
	_Atomic(uint64_t) look_ns;
	_Atomic(uint64_t) look_for_ns;		/* from look to look */
	atomic_ullong turns;		/* taken */

	/* Doorbells: the same memory twice, the guest's can be write-protected.
	 * map_lock: both thread and vCPU change what the guest sees. */
	pthread_mutex_t map_lock;
	pthread_cond_t unmapped;
	bool mapped;
	atomic_bool want_trap;		/* no transmitter: take it back */
	void *guest_mem, *mem;

	/* Of vCPU threads: how often they trap, and what comes of it. */
	_Atomic(uint64_t) trap_cost_ns;		/* least seen between two */
	atomic_uint soon;			/* traps, of those that count */
	atomic_ullong traps;
	_Atomic(uint64_t) trap_since_ns;	/* the first of those */
	atomic_ullong trap_packets;		/* packets by then */
	atomic_ullong trap_sent;		/* ... of which sent */
	atomic_ullong trap_work_ns;		/* in all but the first */
	_Atomic(uint64_t) hold_ns;		/* not BUSY before */
	atomic_ullong packets, sent;		/* both ways; out */

	/* The thread's own. */
	struct e82540_frame frame[BACKEND_BATCH];
	unsigned int frames, frame_next;
	bool rx_more;			/* the backend may have some more */
	bool tx_more;			/* the ring had some more */
	bool link;
	uint64_t writes;		/* or packets seen, of this BUSY */
	uint64_t busy_maps;		/* `maps', when it began */
	uint64_t active_ns;		/* when something happened last */
	uint64_t backend_ns;		/* when the backend was asked last */
	uint64_t judged_ns;		/* when BUSY was judged last */
	uint64_t judged_packets;	/* ... and packets by then */
	uint64_t hold_for_ns;		/* if it is found wanting */
	double trap_rate;		/* packets a ns, before that */
	uint64_t judged_cpu_ns;		/* this thread's time by then */
	double spin_rate;		/* packets a ns, before by_turns */
	uint64_t spin_hold_ns;		/* by_turns is not asked before */
	uint64_t spin_hold_for_ns;	/* if by_turns is found wanting */
	uint64_t turns_until_ns;	/* then spinning is tried again */
	unsigned long long turns_seen, packets_seen; /* by turns */
	atomic_ullong busy, parked, faults, maps, slower, looks, busy_ns;
};

static inline uint64_t
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NSEC + (uint64_t)t.tv_nsec;
}

/* ------------------------------------------------------------------ nic.c */

/* nic_wake: end the thread's sleep, if it is asleep. */
void nic_wake(struct nic *nic);

/* nic_timer_arm: the thread's sleep ends when something is due. */
void nic_timer_arm(struct nic *nic);

/* nic_due: what is due now is done.  Any thread. */
void nic_due(struct nic *nic, uint64_t now);

/* nic_send_again: the backend is writable again. */
void nic_send_again(struct nic *nic);

/*
 * nic_room_wait: the backend takes no more; wait until it does, or until_ns.
 * Returns whether it does.
 */
bool nic_room_wait(struct nic *nic, uint64_t until_ns);

/*
 * nic_tx_off: its transmitter is off, as after a reset.  Then doorbells gain
 * nothing, and a driver that tests its registers would read back reserved bits
 * that it wrote.  (Linux tests some of them with the receiver on.)
 */
bool nic_tx_off(struct nic *nic);

#endif
