/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A NIC that is run: the model, a backend, a thread, and a VMM around them.
 *
 *	vCPU threads		the NIC's thread		the VMM
 *	nic_mmio_write() ---> model ---> backend
 *	    |  wake		  ^ |  ^       |
 *	    +---------------------+ |  +-------+		interrupt line,
 *				    +------------------------>	memory map
 *
 * Who transmits depends on how busy the guest is:
 *
 *	TRAP	each write of TDT exits, and the vCPU thread transmits before it
 *		goes back: the least latency, no thread to wake, and a guest
 *		that goes no faster than the backend.
 *	BUSY	TDT and its neighbours are memory (e82540_doorbell_open()); the
 *		NIC's thread looks there, again and again, for as long as
 *		something comes, and `spin_us` longer.
 *	...	by turns, if it gets too little of a processor: it sleeps, and
 *		whichever vCPU thread exits for some other register sends what
 *		the guest has posted by then.
 *	PARKED	that memory is there, but the guest's next write to it faults:
 *		the thread sleeps.
 *
 *	      an eighth of the guest's time is lost to traps
 *	 TRAP ------------------------------------------------------> BUSY
 *	   ^       nothing for spin_us, after less than 8 writes     | ^ |
 *	   +---------------------------------------------------------+ | |
 *	   +------------- it is slower than TRAP was ----------------+ | |
 *	                                                a write: fault | |
 *	 PARKED -------------------------------------------------------+ |
 *	   ^       nothing for spin_us, after more                       |
 *	   +-------------------------------------------------------------+
 *
 * "Lost": what a trap costs, not what is done in it.  "Slower": in packets a
 * second, by turns as well.
 *
 * While the transmitter is off (TCTL.EN) it is TRAP: drivers test registers
 * then.
 *
 * What each step costs is in doc/lem-vm.md.
 */
#ifndef HOST_NIC_H
#define HOST_NIC_H

#include "backend.h"

/* How a guest's doorbell reaches the model. */
enum nic_doorbell {
	NIC_DOORBELL_AUTO,	/* as above */
	NIC_DOORBELL_EXIT,	/* TRAP for ever */
	NIC_DOORBELL_MAPPED,	/* BUSY while the transmitter is on */
	NIC_DOORBELL_TURNS,	/* ... by turns */
};

/* What a NIC needs of its VMM.  ctx: nic_config.ctx. */
struct nic_vmm {
	/* interrupt: INTA#; msi: a message.  Any thread; must not block. */
	void (*interrupt)(void *ctx, bool asserted);
	void (*msi)(void *ctx, uint64_t addr, uint32_t data);
	/*
	 * map: the guest sees mem, E82540_DOORBELL_BYTES of it, in place of the
	 * registers there, wherever it has its BAR.  unmap: no more; when it
	 * returns no access to it is under way.  The NIC's thread.  map returns
	 * 0 or -errno; then it stays TRAP.  NULL: there is no such thing here.
	 */
	int (*map)(void *ctx, void *mem);
	void (*unmap)(void *ctx);
};

struct nic_config {
	enum e82540_chip chip;
	uint8_t mac[6];
	bool moderation;
	bool msi;
	enum nic_doorbell doorbell;
	unsigned int spin_us;		/* NIC_SPIN_US by default */
	struct backend *backend;	/* the NIC's, from nic_new() on */
	const struct nic_vmm *vmm;	/* stays */
	void *ctx;
};

#define NIC_SPIN_US	500u

/* Since the start; read while it runs. */
struct nic_stats {
	uint64_t traps;			/* TDT and RDT writes that exited */
	uint64_t busy;			/* times BUSY began */
	uint64_t parked;		/* ... became PARKED */
	uint64_t faults;		/* ... and BUSY again */
	uint64_t maps;			/* memory map changes, both ways */
	uint64_t slower;		/* times BUSY was given up as slower */
	uint64_t trap_cost_ns;		/* as it was found out */
	uint64_t looks;			/* in BUSY, with and without success */
	uint64_t busy_ns;		/* time in BUSY */
	uint64_t turns;			/* of vCPU threads, BUSY by turns */
	uint64_t refused;		/* by the backend */
	struct e82540_counters counters;
};

struct nic;

/*
 * nic_new: a NIC without guest memory, whose cable is in while it runs and its
 * backend is up.  It owns the backend, also if it fails.  Returns NULL with err
 * set.
 */
struct nic *nic_new(const struct nic_config *config, struct err *err);

/* nic_memory: as e82540_memory_set(). */
int
nic_memory(struct nic *nic, const struct e82540_region *region, unsigned int n);

/*
 * nic_run: what the NIC's thread does, until nic_stop(); the caller makes the
 * thread, so that it can confine it first.  Returns after nic_stop().
 */
void nic_run(struct nic *nic);

/* nic_stop: have nic_run() return.  Any thread, also before it began. */
void nic_stop(struct nic *nic);

/* nic_free: after nic_run() has returned, and no thread will call any more. */
void nic_free(struct nic *nic);

/* Accesses of the guest; as in e82540.h.  Any thread. */
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
 * nic_fault: an access of the guest's faulted, perhaps in memory that map()
 * showed it: if that was PARKED it is not now.  Returns how often the guest has
 * been shown something else there, by this call or before: who faults twice
 * with nothing new in between faults for something else.  Any thread.
 */
uint64_t nic_fault(struct nic *nic);

void nic_stats(struct nic *nic, struct nic_stats *stats);

#endif
