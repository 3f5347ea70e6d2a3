/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's memory: one mapping.  The guest sees it at 0, and what does not
 * fit below the hole for devices from 4 GiB on.  Before the guest runs, all
 * writes go through ram_at(), which checks them.  Afterwards only the NICs'
 * models write to it, through the regions they were given.
 */
#ifndef VM_RAM_H
#define VM_RAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "e82540.h"
#include "err.h"

#define RAM_HOLE	0xc0000000u	/* 3 GiB: no memory from here ... */
#define RAM_HIGH	0x100000000u	/* to here */
#define RAM_MIN_BYTES	(16u << 20)
#define RAM_MAX_BYTES	((uint64_t)64 << 30)

struct ram {
	uint8_t *base;
	uint64_t bytes;
};

/* ram_size_ok: can a guest have so many bytes? */
bool ram_size_ok(uint64_t bytes);

/*
 * ram_new: anonymous memory (fd -1), or that of a file, which other programs
 * may map, too; the caller keeps fd.  bytes: ram_size_ok().  Returns 0, or
 * -1 with err set.
 */
int ram_new(struct ram *ram, uint64_t bytes, int fd, struct err *err);
void ram_free(struct ram *ram);

/* ram_regions: the memory as 1 or 2 regions.  Returns how many. */
unsigned int ram_regions(const struct ram *ram, struct e82540_region region[2]);

/* ram_low_bytes: how much memory is below the hole. */
uint64_t ram_low_bytes(const struct ram *ram);

/* ram_at: len bytes from gpa on; NULL if they are not memory below the hole. */
void *ram_at(const struct ram *ram, uint64_t gpa, uint64_t len);

#endif
