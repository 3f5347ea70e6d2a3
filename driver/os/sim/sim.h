/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine for the driver core and the NIC model, both of them real, in one
 * process: guest memory, a clock that moves when it is told to, an interrupt
 * line, and a wire.
 *
 *	test  --  lem_tx_encap() ...  the core   --  registers --  the model
 *	  \                                 \-- rings, buffers --/     /
 *	   \---- sim: clock, interrupt line, memory, wire ------------/
 *
 * The machine does not wait, and does not allocate after sim_new().  It checks
 * only that the model keeps to the contract of e82540.h (`violations`).  All
 * state that changes lies in struct sim, guest memory and the device: if these
 * three are copied, and later put back, the machine is where it was.
 *
 * Threads: with config.threads the model gets real locks, and each function
 * below that says so may be called by any thread.
 */
#ifndef SIM_H
#define SIM_H

#include <limits.h>
#include <pthread.h>

#include "lem.h"

#define SIM_RAM		0xfffc0000ull	/* bus address; 4 GiB lies within */
#define SIM_REGIONS	3u		/* guest memory comes in pieces */
#define SIM_TX_SLOT	64u		/* bytes of sim_send_id()'s packets */
#define SIM_GUARD_NS	(LEM_GUARD_MS * 1000000ull)

struct sim_config {
	enum e82540_chip chip;
	bool async;			/* the model kicks; sim_transmit() */
	bool threads;
	bool doorbells;			/* sim_doorbell_*() will be called */
	bool moderation_off;
	uint8_t vnet_hdr_bytes;		/* as in struct e82540_config */
	uint8_t offloads;
	uint16_t tx_count, rx_count;	/* descriptors */
	uint16_t max_segs;		/* of a packet to send */
	uint16_t buf_bytes;		/* of a receive buffer */
	uint32_t tx_data_bytes;		/* for packets to send */
	uint64_t link_delay_ns;		/* of autonegotiation */
	uint64_t quantum_ns;		/* udelay() rounds up to it, or 0 */
};

struct sim {
	struct lem sc;
	struct e82540 *dev;
	struct sim_config config;
	struct e82540_host host;

	/* Guest memory: bus address SIM_RAM + offset. */
	uint8_t *ram;
	uint32_t ram_bytes;
	union e1000_tx_any_desc *tx;
	struct e1000_rx_desc *rx;
	uint8_t *tx_data;
	uint8_t *rx_data;		/* rx_count buffers, that of a slot */
	uint16_t *rsq;			/* in ram for the copying's sake */

	/* The model's side. */
	_Atomic(uint64_t) now_ns;
	_Atomic(uint64_t) timer_ns;	/* as the model asked */
	_Atomic(bool) line;		/* INTA# */
	_Atomic(bool) kicked;		/* there is to transmit */
	_Atomic(bool) rx_ready;		/* e82540_receive() has room again */
	_Atomic(unsigned int) room;	/* sim_room() */
	unsigned int edges;		/* rising, of line */
	uint64_t edge_ns;		/* when last */
	unsigned int violations;	/* of the contract of e82540.h */
	pthread_mutex_t lock[3];

	_Atomic(bool) removed;		/* sim_remove() */

	/* Registers as memory, while the guest may see it there. */
	_Atomic(uint32_t) *doorbell;
	bool mapped;
	pthread_rwlock_t mapping;	/* guards mapped: what a TLB does */

	/* wire: each packet sent, with the tx lock held. */
	void (*wire)(void *arg, const struct e82540_packet *packet);
	void *arg;
};

/*
 * sim_new: a machine, switched on, its cable in; the driver has not attached.
 * NULL: no memory, or the model refused the config.  End it by sim_free().
 */
struct sim *sim_new(const struct sim_config *config);
void sim_free(struct sim *sim);

/*
 * sim_attach: lem_attach() and both rings.  sim_start: lem_start(), give
 * all receive buffers, enable interrupts, and wait for the link.  sim_up: both.
 * They return 0 or -errno.
 */
int sim_attach(struct sim *sim);
int sim_start(struct sim *sim);
int sim_up(struct sim *sim);

/* sim_regions: guest memory in n pieces, 1 to E82540_REGIONS_MAX.  Threads. */
int sim_regions(struct sim *sim, unsigned int n);

/*
 * sim_advance: let ns nanoseconds pass; the model's timers go off exactly when
 * they are due.  Threads.
 */
void sim_advance(struct sim *sim, uint64_t ns);

/* sim_transmit: answer a kick, if there is one.  Threads. */
void sim_transmit(struct sim *sim);

/*
 * sim_room: the wire takes n more packets, UINT_MAX for any number, and the
 * model is told.  Threads.
 */
void sim_room(struct sim *sim, unsigned int n);

/*
 * sim_doorbell_map: from now on the guest's accesses to these registers go to
 * memory (mapped), or to the model.  When it returns, no access of the old kind
 * is under way.  Call it between e82540_doorbell_open() of sim->doorbell and
 * _close().  Threads.
 */
void sim_doorbell_map(struct sim *sim, bool mapped);

/*
 * sim_remove: the device is gone: the driver reads all ones, and its writes
 * have no effect.  Needs config.doorbells.  Threads.
 */
void sim_remove(struct sim *sim);

/*
 * sim_irq: what an interrupt handler does if the line is asserted: cause,
 * dispatch, and the link's half.  Returns LEM_WORK_*.
 */
unsigned int sim_irq(struct sim *sim);

/* sim_refill: a buffer for each free receive descriptor, and RDT. */
void sim_refill(struct sim *sim);

/*
 * sim_send_id: encapsulate, without a doorbell, a packet of 60 bytes that
 * begins with id, from the slot of its descriptor.  Returns lem_tx_encap()'s.
 */
int sim_send_id(struct sim *sim, uint64_t id);

/*
 * sim_gather: the bytes of a packet, without its header, into buf.
 * Returns their number; more than size are not stored.
 */
uint32_t sim_gather(const struct sim *sim, const struct e82540_packet *packet,
    uint8_t *buf, uint32_t size);

static inline uint64_t
sim_pa(const struct sim *sim, const void *p)
{
	return SIM_RAM + (uint64_t)((const uint8_t *)p - sim->ram);
}

static inline uint64_t
sim_now(const struct sim *sim)
{
	return atomic_load_explicit(&sim->now_ns, memory_order_relaxed);
}

#endif
