/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Of nic_rig.h, which comes first: a guest as data, and the VMMs around it.
 */
#ifndef TEST_NIC_VMM_H
#define TEST_NIC_VMM_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "e1000_hw.h"
#include "nic.h"
#include "open.h"
#include "pages.h"

#define NO_TSAN	__attribute__((no_sanitize_thread))

#define MS		1000000ull
#define SECOND		1000000000ull
#define STALL_NS	(20 * SECOND)
#define EXIT_NS		40000u		/* of a trap, where a test wants one */

#define COUNT_RING	256u
#define SLOT		2048u
#define TX_RING		0x1000u
#define RX_RING		0x2000u
#define TX_SLOTS	0x10000u
#define RX_SLOTS	0x90000u
#define VALUES		0x2001u		/* that registers in memory are given */
#define RAM_BYTES	0x110000u

static const uint8_t guest_mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

struct peer {
	int fd;
	int out_fd;			/* it sends here; -1: fd */
	bool stream;
	unsigned int read_us;		/* for each packet, if it is slow */
	pthread_t thread;
	bool started;
	atomic_bool stop;
	atomic_bool deaf;		/* does not read now */
	bool skip;			/* its first packet may be any */
	atomic_ullong got, want, sent;
	uint8_t in[65536];
	size_t in_len;
};

struct guest {
	struct nic *nic;
	struct nic_vmm vmm;
	struct peer peer;
	uint8_t *ram;
	pthread_t nic_thread;
	atomic_bool nic_ended;

	pthread_rwlock_t mapping;
	volatile uint32_t *mapped;	/* NULL: these registers trap */
	const struct nic_doorbell_ops *ops;
	uint32_t *mem, *guest_mem;	/* the same memory, twice */
	struct pages *pages;		/* behind it, VMM_FUSE */
	pthread_t waker;		/* hears when they are read */
	atomic_bool waker_stop;

	pthread_mutex_t lock;		/* of line */
	pthread_cond_t cond;
	bool line;
	atomic_uint edges, msis;

	unsigned int exit_ns;
	unsigned int irq_ns;		/* until it reads ICR */
	uint8_t tx_cmd;			/* besides EOP, IFCS and RS */
	uint32_t tx_next, tx_clean;
	uint64_t tx_sent;
	uint32_t rx_next;
	uint64_t rx_got;
	atomic_ullong stores;		/* of a doorbell that was memory */
	atomic_ullong wrong;
};

/* --------------------------------------------------------------- contents */

static inline uint32_t
packet_len(uint64_t number)
{
	return 60 + (uint32_t)(number * 37 % 1455);
}

static inline uint8_t
packet_byte(uint64_t number, uint32_t i)
{
	if (i < 6)
		return guest_mac[i];
	if (i >= 14 && i < 22)
		return (uint8_t)(number >> (i - 14) * 8);
	return (uint8_t)((number + 1) * 151 + i * 7);
}

/* -------------------------------------------------------------------- VMM */

static void
vmm_interrupt(void *ctx, bool asserted)
{
	struct guest *g = ctx;

	pthread_mutex_lock(&g->lock);
	if (g->line == asserted)
		g->wrong++;
	g->line = asserted;
	g->edges += asserted;
	pthread_cond_broadcast(&g->cond);
	pthread_mutex_unlock(&g->lock);
}

static void
vmm_msi(void *ctx, uint64_t addr, uint32_t data)
{
	struct guest *g = ctx;

	if (addr != 0xfee00000 || data != 0x41)
		g->wrong++;
	g->msis++;
}

static int
vmm_map(void *ctx)
{
	struct guest *g = ctx;

	pthread_rwlock_wrlock(&g->mapping);
	g->mapped = g->guest_mem;
	pthread_rwlock_unlock(&g->mapping);
	return 0;
}

static void
vmm_unmap(void *ctx)
{
	struct guest *g = ctx;

	pthread_rwlock_wrlock(&g->mapping);
	g->mapped = NULL;
	pthread_rwlock_unlock(&g->mapping);
}

static int
vmm_protect(uint32_t *mem, int prot)
{
	return mprotect(mem, E82540_DOORBELL_BYTES, prot) == 0 ? 0 : -errno;
}

static int
vmm_park(void *ctx, const uint32_t *seen)
{
	struct guest *g = ctx;

	(void)seen;
	return vmm_protect(g->guest_mem, PROT_READ);
}

static void
vmm_unpark(void *ctx)
{
	struct guest *g = ctx;

	if (vmm_protect(g->guest_mem, PROT_READ | PROT_WRITE) != 0)
		g->wrong++;
}

/* An access meanwhile crashes, the model's too. */
static void
vmm_away_unpark(void *ctx)
{
	struct guest *g = ctx;

	if (vmm_protect(g->mem, PROT_READ | PROT_WRITE) != 0)
		g->wrong++;
	vmm_unpark(ctx);
}

static int
vmm_away_park(void *ctx, const uint32_t *seen)
{
	struct guest *g = ctx;
	int error = vmm_protect(g->guest_mem, PROT_NONE);

	if (error == 0 && memcmp(g->mem, seen, E82540_DOORBELL_BYTES) != 0)
		error = -EAGAIN;
	if (error == 0)
		error = vmm_protect(g->mem, PROT_NONE);
	if (error != 0)
		vmm_away_unpark(ctx);
	return error;
}

static int
vmm_fuse_park(void *ctx, const uint32_t *seen)
{
	struct guest *g = ctx;

	return pages_park(g->pages, seen);
}

static void
vmm_fuse_unpark(void *ctx)
{
	struct guest *g = ctx;

	pages_unpark(g->pages);
}

/* As lem-nic does it: who was woken tells the NIC. */
static void *
vmm_fuse_wake(void *ctx)
{
	struct guest *g = ctx;
	struct pollfd fd = { .fd = pages_fd(g->pages), .events = POLLIN };

	while (!g->waker_stop) {
		if (poll(&fd, 1, 10) != 1)
			continue;
		if (pages_ready(g->pages) != 0)
			g->wrong++;
		(void)nic_fault(g->nic);
	}
	return NULL;
}

static const struct nic_vmm vmm_all = {
	.interrupt = vmm_interrupt,
	.msi = vmm_msi,
};

/* What a VMM can do with doorbells (struct nic_doorbell_ops). */
enum vmm_kind {
	VMM_RUNS_GUEST,			/* all, as lem-vm */
	VMM_TRAPS,			/* nothing */
	VMM_PERMANENT,			/* for good, hears of nothing */
	VMM_AWAY,			/* for good, takes pages back */
	VMM_PROTECTS,			/* for good, write-protects it */
	VMM_FUSE,			/* as VMM_AWAY, in a file of FUSE */
	VMM_KINDS
};

static const struct nic_doorbell_ops vmm_ops[VMM_KINDS] = {
	[VMM_RUNS_GUEST] = {
		.map = vmm_map,
		.unmap = vmm_unmap,
		.park = vmm_park,
		.unpark = vmm_unpark,
	},
	[VMM_PERMANENT] = { .permanent = true },
	[VMM_AWAY] = {
		.permanent = true,
		.away = true,
		.park = vmm_away_park,
		.unpark = vmm_away_unpark,
	},
	[VMM_PROTECTS] = {
		.permanent = true,
		.park = vmm_park,
		.unpark = vmm_unpark,
	},
	[VMM_FUSE] = {
		.permanent = true,
		.away = true,
		.park = vmm_fuse_park,
		.unpark = vmm_fuse_unpark,
	},
};

#endif
