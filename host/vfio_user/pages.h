/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doorbell memory that a VMM in another process maps into its guest: a file,
 * and the operations of struct nic_doorbell_ops on it.
 *
 *	fuse	A file of a FUSE mount that a small child process serves.  Its
 *		pages can be taken back from the guest; the guest's next access
 *		wakes us (nic_fault()).  `permanent`, `away`.
 *	memfd	Memory that stays mapped.  Nobody hears of an access.
 *		`permanent` only.
 *
 * Why a child: if the process that maps the file also answered for it, its
 * threads would wait for each other in the kernel for ever when it is killed.
 * The child has nothing but /dev/fuse and two descriptors of ours, is confined,
 * and ends when we end.  If it ends first, the mount is dead: see pages_fd().
 */
#ifndef VFU_PAGES_H
#define VFU_PAGES_H

#include "nic.h"

enum pages_kind {
	PAGES_AUTO,		/* FUSE, or memfd where there is no FUSE */
	PAGES_FUSE,
	PAGES_MEMFD,
};

struct pages;

/*
 * pages_open: make the file and map it.  Before there are threads, and before
 * privileges are dropped.  why: if not NULL and the kind is PAGES_AUTO and there
 * is no FUSE, it gets the reason.  Returns NULL with err set.
 */
struct pages *pages_open(enum pages_kind kind, struct err *why,
    struct err *err);

/* pages_close: no thread uses the pages or their operations any more. */
void pages_close(struct pages *p);

/* pages_file: the file, for clients to map at E82540_DOORBELL_OFFSET. */
int pages_file(const struct pages *p);

/* pages_kind: PAGES_FUSE or PAGES_MEMFD. */
enum pages_kind pages_kind(const struct pages *p);

/* For struct nic_config: doorbell_ops, doorbell_mem. */
const struct nic_doorbell_ops *pages_ops(const struct pages *p);
void *pages_memory(struct pages *p);

/*
 * pages_fd: to poll for POLLIN, or -1.  Readable: the guest's access has
 * faulted: call pages_ready(), then nic_fault().  pages_ready() returns 0, or
 * -errno: the child has ended, so no access succeeds any more.
 */
int pages_fd(const struct pages *p);
int pages_ready(struct pages *p);

#endif
