/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server side of vfio-user: a PCI device for a VMM in another process.
 *
 *	VMM (client)			server			device
 *	  | socket: requests ----------> vfu_serve() ---------> ops->read, write
 *	  | guest memory, by descriptor  vfu_memory.c --------> ops->memory
 *	  | eventfds <------------------ vfu_irq.c <----------- vfu_intx(), msi
 *
 * The protocol is QEMU's docs/interop/vfio-user.rst, version 0.0.  This file
 * and vfu_*.c know nothing of the device.  Nothing that a client sends is
 * trusted: each malformed or unknown request gets the protocol's error reply.
 */
#ifndef VFU_SERVER_H
#define VFU_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "e82540.h"
#include "err.h"

/* Indexes of regions, and of interrupts (linux/vfio.h). */
enum vfu_region_index {
	VFU_REGION_BAR0,
	VFU_REGION_BAR5 = 5,
	VFU_REGION_ROM,
	VFU_REGION_CONFIG,
	VFU_REGION_VGA,
	VFU_REGIONS,
};

/* A region of the device.  bytes 0: there is no such region. */
struct vfu_region {
	uint64_t bytes;
	/*
	 * The client may map map_bytes of it from map_offset on (multiples of
	 * 4096), which are in the file map_fd at the same offset.  0: none.
	 */
	uint64_t map_offset, map_bytes;
	int map_fd;
};

struct vfu_ops {
	/*
	 * read, write: n bytes of a region, inside of it; n is at most 4096.
	 * Return 0 or -errno, which the client gets.  vfu_serve()'s thread.
	 */
	int (*read)(void *ctx, unsigned int region, uint64_t offset, void *data,
	    uint32_t n);
	int (*write)(void *ctx, unsigned int region, uint64_t offset,
	    const void *data, uint32_t n);
	/*
	 * memory: the guest memory is now these regions, instead of all that
	 * were before.  When it returns, the old ones are not used any more.
	 * Returns 0 or -errno: then the old ones stay.  vfu_serve()'s thread.
	 */
	int (*memory)(void *ctx, const struct e82540_region *region,
	    unsigned int n);
	/* reset: RST#.  vfu_serve()'s thread. */
	void (*reset)(void *ctx);
	/*
	 * warn: something that the user has to change, a sentence without
	 * newline.  Once a client at most.  May be NULL.
	 */
	void (*warn)(void *ctx, const char *text);
	/*
	 * look: while the client posts a stream of writes the thread does not
	 * sleep between them, and calls this again and again; with false when
	 * that ends.  May be NULL.  vfu_serve()'s thread.
	 */
	void (*look)(void *ctx, bool awake);
};

struct vfu_config {
	const struct vfu_ops *ops;	/* stays */
	void *ctx;
	struct vfu_region region[VFU_REGIONS];
	bool msi;			/* it has one MSI vector */
};

/* Since the start; any thread reads it. */
struct vfu_stats {
	uint64_t clients;		/* that connected */
	uint64_t reads, writes;		/* of regions, and in write_multiple */
	uint64_t posted;		/* of these writes, without reply */
	uint64_t requests;		/* all */
	uint64_t errors;		/* requests that got an error reply */
	uint64_t interrupts;		/* eventfds written: INTx, MSI */
	uint64_t unmasks;		/* of INTx by the client or by KVM */
	/* Of the guest now: what came with a descriptor, and what did not. */
	uint64_t shared_bytes, private_bytes;
};

struct vfu_server;

struct vfu_server *vfu_new(const struct vfu_config *config, struct err *err);

/* vfu_free: no other call is under way.  It calls no operation. */
void vfu_free(struct vfu_server *s);

/*
 * vfu_serve: serve one client that is connected by fd (a stream socket, which
 * it owns), until it hangs up or vfu_stop() is called.  At the end all of the
 * client is gone: guest memory, eventfds, masks; the device is reset.
 * Returns 0, or -1 with err set: the client broke the protocol so that its
 * requests cannot be told apart any more, speaks another version, or cut off a
 * file of its memory.
 *
 * For a filter of system calls: it calls poll, sched_yield, recvmsg, sendmsg,
 * read, write, close, fcntl, fstat, mmap, munmap.  Each thread that uses the
 * guest's memory can get SIGBUS, whose handler (vfu_memory.h) calls mmap,
 * write, sigaction and rt_sigreturn.  vfu_intx() and vfu_msi() call write.
 */
int vfu_serve(struct vfu_server *s, int fd, struct err *err);

/* vfu_stop: make vfu_serve() return, now or when it begins.  Any thread. */
void vfu_stop(struct vfu_server *s);

/*
 * vfu_intx: the level of INTA#.  vfu_msi: a message.  Any thread, several at
 * once; never block.  Without a client they have no effect but the level.
 */
void vfu_intx(struct vfu_server *s, bool asserted);
void vfu_msi(struct vfu_server *s);

void vfu_stats(const struct vfu_server *s, struct vfu_stats *stats);

#endif
