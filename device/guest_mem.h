/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only way to guest memory.  A bus address means nothing until the model
 * has looked it up here, anew for every use: the table can change between any
 * two calls of the model.  It never contains the device's own registers, so DMA
 * to its own BAR finds nothing (CVE-2021-3416).
 */
#ifndef GUEST_MEM_H
#define GUEST_MEM_H

#include <stdatomic.h>
#include <string.h>

#include "e1000_hw.h"
#include "e82540.h"

/*
 * The regions are sorted by gpa, without overlap, none empty or wrapping.
 * dirty: host->dirty(), with its ctx; constant.
 */
struct guest_mem {
	struct e82540_region region[E82540_REGIONS_MAX];
	unsigned int n;
	void (*dirty)(void *ctx, uint64_t gpa, uint64_t len);
	void *ctx;
};

/* What was written and the host has yet to be told; len 0: nothing. */
struct guest_dirty {
	uint64_t gpa, len;
};

/*
 * guest_find: the region that gpa lies in, or NULL.  hint: the caller's, the
 * region found last; rings and buffers mostly lie in one region.
 */
static inline const struct e82540_region *
guest_find(const struct guest_mem *mem, unsigned int *hint, uint64_t gpa)
{
	const struct e82540_region *r = &mem->region[*hint];
	unsigned int low = 0, high = mem->n, middle;

	if (*hint < mem->n && gpa - r->gpa < r->len)
		return r;
	while (low < high) {
		middle = (low + high) / 2;
		r = &mem->region[middle];
		if (gpa < r->gpa) {
			high = middle;
		} else if (gpa - r->gpa < r->len) {
			*hint = middle;
			return r;
		} else {
			low = middle + 1;
		}
	}
	return NULL;
}

/*
 * guest_span: where the bytes from gpa on are.  *len: how many are asked for, 1
 * or more; it is cut to how many lie there in one piece.  Returns NULL if gpa
 * is not in memory, or `write` is set and it is read-only.
 */
static inline void *
guest_span(const struct guest_mem *mem, unsigned int *hint, uint64_t gpa,
    uint32_t *len, bool write)
{
	const struct e82540_region *r = guest_find(mem, hint, gpa);
	uint64_t offset;

	if (r == NULL || (write && !r->writable))
		return NULL;
	offset = gpa - r->gpa;
	if (*len > r->len - offset)
		*len = r->len - offset;
	return (uint8_t *)r->host + offset;
}

/*
 * guest_ptr: len bytes in one piece, or NULL.  For descriptors: those are 16
 * bytes, aligned to 16, and so is where regions meet in any machine.
 */
static inline void *
guest_ptr(const struct guest_mem *mem, unsigned int *hint, uint64_t gpa,
    uint32_t len, bool write)
{
	uint32_t span = len;
	void *p = guest_span(mem, hint, gpa, &span, write);

	return span == len ? p : NULL;
}

/*
 * Three ways to tell the host what the model has written.  guest_dirty: those
 * of len bytes that are in memory.  mem->dirty is not NULL.
 */
static inline void
guest_dirty(const struct guest_mem *mem, uint64_t gpa, uint32_t len)
{
	const struct e82540_region *r = mem->region, *end = r + mem->n;
	uint64_t from, n;

	for (; r < end; r++) {
		from = gpa - r->gpa < r->len ? 0 : r->gpa - gpa;
		if (!r->writable || from >= len)
			continue;
		n = r->len - (gpa + from - r->gpa);
		mem->dirty(mem->ctx, gpa + from,
		    n < len - from ? n : len - from);
	}
}

/* guest_dirty_end: tell what has been kept. */
static inline void
guest_dirty_end(const struct guest_mem *mem, struct guest_dirty *kept)
{
	if (kept->len == 0 || mem->dirty == NULL)
		return;
	mem->dirty(mem->ctx, kept->gpa, kept->len);
	*kept = (struct guest_dirty){ 0, 0 };
}

/*
 * guest_dirty_keep: the same as guest_dirty(), for many small neighbours, which
 * become one call.
 */
static inline void
guest_dirty_keep(const struct guest_mem *mem, struct guest_dirty *kept,
    uint64_t gpa, uint64_t len)
{
	if (kept->gpa + kept->len != gpa)
		guest_dirty_end(mem, kept);
	if (kept->len == 0)
		kept->gpa = gpa;
	kept->len += len;
}

/* guest_write: copy.  False if a part is not in memory. */
static inline bool
guest_write(const struct guest_mem *mem, unsigned int *hint, uint64_t gpa,
    const void *from, uint32_t len)
{
	const uint8_t *in = from;
	uint32_t span;
	void *p;

	for (; len > 0; len -= span, gpa += span, in += span) {
		span = len;
		p = guest_span(mem, hint, gpa, &span, true);
		if (p == NULL)
			return false;
		memcpy(p, in, span);
	}
	return true;
}

/*
 * guest_load64: a little-endian number of 8 bytes, aligned to 8, read once: the
 * guest may write it meanwhile.
 */
static inline uint64_t
guest_load64(const uint8_t *p)
{
	uint64_t word = atomic_load_explicit((const _Atomic(uint64_t) *)p,
	    memory_order_relaxed);

	return e1000_le64(word);
}

/*
 * guest_publish8: store a byte that tells the guest that the model is done.
 * Release: the guest that sees the byte sees all that the model stored before.
 */
static inline void
guest_publish8(uint8_t *p, uint8_t value)
{
	atomic_store_explicit((_Atomic(uint8_t) *)p, value,
	    memory_order_release);
}

#endif
