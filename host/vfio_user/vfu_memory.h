/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's memory, as the client maps it.
 *
 * The client shares a file for each piece.  It keeps the file, and may cut it
 * off (ftruncate) while it is mapped here.  Then an access raises SIGBUS.  A
 * handler puts zero pages in place of the whole piece, so that the access
 * succeeds, and marks the memory as lost: vfu_serve() ends that client.
 *
 * A piece without a descriptor is legal, and QEMU has such pieces for firmware
 * and graphics.  The device cannot reach them: DMA there finds no memory.
 */
#ifndef VFU_MEMORY_H
#define VFU_MEMORY_H

#include <stdatomic.h>
#include <stdint.h>

#include "e82540.h"
#include "err.h"
#include "vfu_message.h"

#define VFU_MAPS_MAX E82540_REGIONS_MAX
#define VFU_PAGE_BYTES 4096u

struct vfu_map {
	uint64_t address;		/* on the bus */
	uint64_t bytes;
	uint8_t *host;			/* of `address`, or NULL */
	bool writable;
	/* What mmap() returned and was asked for; the handler reads them. */
	_Atomic uintptr_t base;		/* 0: none */
	_Atomic size_t span;
};

struct vfu_memory {
	struct vfu_map map[VFU_MAPS_MAX];
	unsigned int maps;		/* highest in use, and 1 */
	int (*set)(void *ctx, const struct e82540_region *region,
	    unsigned int n);
	void *ctx;
	int lost_fd;			/* the handler writes it: an eventfd */
	_Atomic uint64_t shared_bytes, private_bytes;
};

/*
 * vfu_memory_init: no memory.  set: see vfu_ops.memory.  lost_fd stays the
 * caller's.  It installs the handler of SIGBUS, for the whole process, which
 * leaves other faults to the handler that was there before.
 * Returns 0, or -1 with err set: there are too many in this process.
 */
int vfu_memory_init(struct vfu_memory *mem,
    int (*set)(void *ctx, const struct e82540_region *region, unsigned int n),
    void *ctx, int lost_fd, struct err *err);

/* vfu_memory_destroy: after vfu_memory_client_gone(). */
void vfu_memory_destroy(struct vfu_memory *mem);

/* vfu_memory_map, vfu_memory_unmap: DMA_MAP, DMA_UNMAP.  0 or -errno. */
int vfu_memory_map(struct vfu_memory *mem, struct vfu_message *m);
int vfu_memory_unmap(struct vfu_memory *mem, const struct vfu_message *m);

/* vfu_memory_client_gone: unmap all. */
void vfu_memory_client_gone(struct vfu_memory *mem);

#endif
