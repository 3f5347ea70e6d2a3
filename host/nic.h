/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A NIC that is run: the model, a backend, a thread, and a VMM around them.
 *
 *	vCPU threads		the NIC's thread		the VMM
 *	nic_mmio_write() ---> model ---> backend
 *	    |  wake		  ^ |  ^       |
 *	    +---------------------+ |  +-------+		interrupt line,
 *				    +------------------------>	doorbell memory
 *
 * Who transmits depends on how busy the guest is.  The NIC is in one of four
 * states (enum nic_state):
 *
 *	TRAP	Each write of TDT traps.  The vCPU thread transmits before it
 *		goes back: this has the least latency, wakes no thread, and
 *		holds up a guest that is faster than the backend.
 *	BUSY	TDT and its neighbours are memory (e82540_doorbell_open()).  The
 *		NIC's thread looks there again and again.
 *	TURNS	They are memory, too, but the NIC's thread sleeps between two
 *		looks.  A vCPU thread that traps for another register sends what
 *		the guest has posted by then.
 *	PARKED	They are memory, nobody looks, and the NIC's thread sleeps.  The
 *		guest's next access faults, which wakes it.
 *
 * Each transition is one function of nic_doorbell.c:
 *
 *	from		to	function	when
 *	TRAP		BUSY	doorbell_map	exits take an eighth of the
 *						guest's time, or to try
 *	BUSY		TURNS	doorbell_turns	the thread gets too little of a
 *						processor
 *	TURNS		BUSY	doorbell_spin	TURNS is slower, or 640 ms are
 *						over: there may be a processor
 *	BUSY, TURNS	PARKED	doorbell_park	nothing came for spin_us, after
 *						8 writes or more, or after none
 *						since PARKED, or fewer, but not
 *						8 times in a row
 *	PARKED		BUSY	doorbell_unpark	the guest's next access
 *	BUSY, TURNS,	TRAP	doorbell_unmap	nothing came for spin_us, after
 *	PARKED					fewer writes, 8 times in a row;
 *						slower than TRAP was, or no
 *						faster in a try; the rate fell
 *						far; the transmitter is off
 *
 * The time that exits take is their own cost, without the work done in them.
 * What one costs is learned from all register accesses, and follows the host.
 * A NIC whose mapping ended at once is not mapped again for 20 ms or the time
 * of 1000 traps, then twice as long, up to 32 times.  A guest may be slow after
 * an exit.  That time is not part of the cost, and only a try shows it.  Each
 * try that fails doubles the time to the next one, up to 64 s.
 * "Slower" means in packets a second.  With doorbell=turns, TURNS stands for
 * BUSY.  While the transmitter is off (TCTL.EN) the state is TRAP, since
 * drivers test registers then.
 *
 * What each step costs is in doc/lem-vm.md.
 *
 * To plug in another VMM: implement struct nic_vmm; call nic_new() and
 * nic_memory(); give nic_run() a thread; pass the guest's accesses to
 * nic_mmio_read() and the functions beside it.  Doorbell memory is optional:
 * see struct nic_doorbell_ops.  lem-vm's part is in vm/vm.c, vm/machine.c and
 * vm/doorbell.c.
 */
#ifndef HOST_NIC_H
#define HOST_NIC_H

#include "backend.h"

enum nic_state {
	NIC_TRAP,
	NIC_BUSY,
	NIC_TURNS,
	NIC_PARKED,
};

/* Which of these states a NIC may use. */
enum nic_doorbell {
	NIC_DOORBELL_AUTO,	/* all, as above */
	NIC_DOORBELL_EXIT,	/* TRAP only */
	NIC_DOORBELL_MAPPED,	/* BUSY while the transmitter is on */
	NIC_DOORBELL_TURNS,	/* TURNS, never BUSY, while it is on */
	NIC_DOORBELLS,
};

/* How the NIC obeys ITR and the delay timers. */
enum nic_moderation {
	NIC_MODERATION_OFF,	/* an interrupt for each event */
	NIC_MODERATION_ON,	/* as the chip */
	NIC_MODERATION_ADAPTIVE, /* and longer, while a stream runs in BUSY */
	NIC_MODERATIONS
};

/* What a NIC needs of its VMM.  ctx: nic_config.ctx. */
struct nic_vmm {
	/* interrupt: INTA#; msi: a message.  Any thread; must not block. */
	void (*interrupt)(void *ctx, bool asserted);
	void (*msi)(void *ctx, uint64_t addr, uint32_t data);
	/* say: a line for the user, backend.down.  The NIC's thread.  NULL:
	 * it is not said. */
	void (*say)(void *ctx, const char *text);
};

/*
 * How a VMM shows the guest doorbell memory in place of the registers there.
 * ctx: nic_config.ctx.  A VMM has one of these sets:
 *
 *	none			The state is TRAP for ever.
 *	map, unmap,		The VMM runs the guest, as lem-vm does.  Without
 *	park, unpark		park and unpark a quiet NIC goes back to TRAP.
 *	permanent, away,	Another process runs the guest, but the VMM can
 *	park, unpark		take pages back and hears of the next access
 *				(FUSE).
 *	permanent, park, unpark	The same, if the model may touch the memory
 *				while the guest's accesses fault.
 *	permanent		Nobody hears of an access.  In PARKED the NIC's
 *				thread looks ever more seldom, and after frames
 *				and register accesses.  From look to look is a
 *				NIC_SELDOM_SHARE'th of the quiet before, and
 *				NIC_SELDOM_NS at most.
 *
 * Where the mapping is permanent there is no TRAP: the state is BUSY at first,
 * and PARKED whenever it would be TRAP.  While the transmitter is off the NIC's
 * thread sleeps in BUSY, too, and PARKED comes 10 ms after the guest's last
 * access: a driver that sets the NIC up makes thousands of them.  A driver that
 * tests registers of these pages meanwhile may read back reserved bits that it
 * wrote.
 *
 * Threads: one call at a time, with a lock of the NIC held: an operation must
 * not call nic_* functions, or wait for a thread that does.  unpark comes from
 * any thread, the others from the NIC's.
 */
struct nic_doorbell_ops {
	/*
	 * The guest may have the memory mapped at any time.  It must not store
	 * there before nic_new() returns, and can until nic_free().
	 */
	bool permanent;
	/*
	 * In PARKED the model's memory must not be touched: that would bring
	 * the pages back, and the guest's next access would wake nobody.  So
	 * any access of the guest, and any wake-up of the NIC's thread, ends
	 * PARKED.
	 */
	bool away;
	/* map: show it.  Returns 0, or -errno: then the state stays TRAP. */
	int (*map)(void *ctx);
	/* unmap: hide it.  When it returns no access to it is under way. */
	void (*unmap)(void *ctx);
	/*
	 * park: make the guest's next access fault.  Returns 0; or -errno, and
	 * accesses succeed: then the state stays, and it is tried again after
	 * 20 to 640 ms.
	 * If `away`, seen is what the model has seen of the memory,
	 * E82540_DOORBELL_BYTES of it.  If the guest left something else there,
	 * it has just stored that: then give the pages back and return -EAGAIN,
	 * after which it is tried again soon.
	 */
	int (*park)(void *ctx, const uint32_t *seen);
	/* unpark: let accesses succeed.  It cannot fail. */
	void (*unpark)(void *ctx);
};

struct nic_config {
	enum e82540_chip chip;
	uint8_t mac[6];
	enum nic_moderation moderation;
	bool msi;
	enum nic_doorbell doorbell;
	unsigned int spin_us;		/* NIC_SPIN_US by default */
	uint64_t stall_ns;		/* e82540_config.tx_stall_ns */
	uint64_t autoneg_ns;		/* e82540_config.link_delay_ns */
	bool cable_out;			/* at first; nic_cable_set() */
	struct backend *backend;	/* the NIC's, from nic_new() on */
	const struct nic_vmm *vmm;	/* stays */
	/* NULL: TRAP only.  Else both stay: the operations, and the model's
	 * view of the memory, E82540_DOORBELL_BYTES of it. */
	const struct nic_doorbell_ops *doorbell_ops;
	void *doorbell_mem;
	void *ctx;
};

#define NIC_SPIN_US	500u
#define NIC_SELDOM_NS	16000000u
#define NIC_SELDOM_SHARE 32u

/* Since the start; read while it runs. */
struct nic_stats {
	uint64_t traps;			/* TDT and RDT writes that trapped */
	uint64_t busy;			/* times BUSY or TURNS began */
	uint64_t parked;		/* times it was PARKED after that */
	uint64_t faults;		/* times PARKED ended, but to TRAP */
	uint64_t maps;			/* map and unmap */
	uint64_t slower;		/* times traps were faster */
	uint64_t trap_cost_ns;		/* of one trap, as it was found out */
	uint64_t looks;			/* at doorbell memory */
	uint64_t busy_ns;		/* in BUSY and TURNS that are over */
	uint64_t turns;			/* of vCPU threads, in TURNS */
	uint64_t rung;			/* looks that found one written */
	uint64_t refused;		/* packets, by the backend */
	/* Adaptive moderation: interrupts held, and why they were let go. */
	uint64_t held;
	uint64_t released_ring;		/* the transmit ring was full */
	uint64_t released_pause;	/* the stream paused */
	uint64_t released_frame;	/* a frame that belongs to no stream */
	uint64_t released_half;		/* half of the receive ring */
	struct e82540_counters counters;
	/* What is so now, as far as the model has seen doorbells. */
	enum nic_state state;
	uint8_t mac[6];			/* nic_config.mac */
	bool link;			/* as the guest sees it */
	bool cable;			/* it is in */
	uint64_t itr_ns;		/* between interrupts; 0: any */
	uint64_t hold_ns;		/* longer, while a stream runs; or 0 */
	uint64_t interrupt_cost_ns;	/* to the guest's read of ICR */
	uint32_t tx_ring, tx_used;	/* descriptors; those not sent yet */
	uint32_t rx_ring, rx_free;	/* descriptors; those without a frame */
};

struct nic;

/*
 * nic_new: a NIC without guest memory.  Its cable is in while it runs, its
 * backend is up, and nic_cable_set() has not pulled it.  It owns the backend,
 * even if it fails.  Returns NULL with err set.
 */
struct nic *nic_new(const struct nic_config *config, struct err *err);

/* nic_memory: as e82540_memory_set().  It may wait as an access does. */
int
nic_memory(struct nic *nic, const struct e82540_region *region, unsigned int n);

/*
 * nic_reset: PCI reset (RST#), as e82540_reset().  Any thread; it may wait as
 * an access does.
 */
void nic_reset(struct nic *nic);

/*
 * nic_cable_set: plug the cable in, or pull it out.  The NIC's thread tells the
 * guest, which sees STATUS.LU and gets an interrupt (LSC).  Any thread; does
 * not wait.
 */
void nic_cable_set(struct nic *nic, bool in);

/*
 * nic_run: what the NIC's thread does.  The caller makes the thread, so that it
 * can confine it first.  Returns after nic_stop().
 */
void nic_run(struct nic *nic);

/* nic_stop: make nic_run() return.  Any thread, also before it began. */
void nic_stop(struct nic *nic);

/* nic_free: after nic_run() has returned, when no thread calls any more. */
void nic_free(struct nic *nic);

/*
 * Accesses of the guest, as in e82540.h.  Any thread.  Each may transmit, and
 * then waits about a millisecond at most for a backend that takes nothing.  A
 * write that switches the transmitter off waits for unmap.  If the mapping is
 * permanent, an access may wait for park and unpark.
 *
 * Each CPU of the guest should have a thread of its own: the time between two
 * register accesses of one thread tells what a trap costs.
 */
uint64_t nic_mmio_read(struct nic *nic, uint32_t offset, unsigned int size);
void nic_mmio_write(struct nic *nic, uint32_t offset, unsigned int size,
    uint64_t value);
uint32_t nic_io_read(struct nic *nic, uint32_t offset, unsigned int size);
void nic_io_write(struct nic *nic, uint32_t offset, unsigned int size,
    uint32_t value);
uint32_t nic_pci_read(struct nic *nic, uint32_t offset, unsigned int size);
void nic_pci_write(struct nic *nic, uint32_t offset, unsigned int size,
    uint32_t value);

/*
 * nic_look: where doorbells always trap: a thread that passes on the guest's
 * accesses, one after another, stays awake between them.  Then it does what is
 * due, in place of the NIC's thread, which sleeps; and holds interrupts, where
 * moderation is adaptive.  It calls this again and again, until nic_look_end().
 * One thread at a time.  Without effect where doorbells can be memory.
 */
void nic_look(struct nic *nic);
void nic_look_end(struct nic *nic);

/*
 * nic_fault: an access of the guest faulted, perhaps in doorbell memory.  If
 * the NIC is PARKED it is not any more.  Any thread; waits for a park that is
 * under way.  So a VMM whose park waits for accesses that fault (FUSE) lets the
 * access succeed first, and calls nic_fault() after that: a store in between is
 * found.
 * Returns how often access to the memory has changed, by this call or before.
 * If a CPU faults twice and this number is the same, it faults for another
 * reason.
 */
uint64_t nic_fault(struct nic *nic);

/* nic_state: what it is in now.  Any thread. */
enum nic_state nic_state(const struct nic *nic);

void nic_stats(struct nic *nic, struct nic_stats *stats);

#endif
