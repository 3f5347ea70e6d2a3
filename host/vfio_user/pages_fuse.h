/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file of doorbells as pages.c sees it, and its child.  See pages.h.
 *
 *	pages_fuse.c	our side: starts the child, asks it
 *	pages_mount.c	mounts, in the child
 *	pages_child.c	the child: answers the kernel, takes pages back
 */
#ifndef VFU_PAGES_FUSE_H
#define VFU_PAGES_FUSE_H

#include <stdint.h>
#include <sys/types.h>

#include "e82540.h"
#include "err.h"

#define PAGES_NAME	 "lem-nic-doorbells"
#define PAGES_FILE_BYTES (E82540_DOORBELL_OFFSET + E82540_DOORBELL_BYTES)
#define PAGES_DIR_BYTES	 256u

/* Memory that both see. */
struct pages_store {
	uint8_t file[PAGES_FILE_BYTES];
	/* The folder that shows the mount, while there is one; else "". */
	char dir[PAGES_DIR_BYTES];
};

/* What the child says first, with the file if there is no error. */
struct pages_hello {
	pid_t pid;
	struct err err;			/* .text "": none */
};

/* ----------------------------------------------------------- pages_fuse.c */

struct pages_fuse {
	int file;
	int ask;		/* SOCK_SEQPACKET: a number, which comes back */
	int wake;		/* SOCK_STREAM: a byte when pages were read */
	int store_fd;
	struct pages_store *store;
	pid_t pid;
	uint32_t asked, answered;
};

/* pages_fuse_open: returns 0, or -1 with err set and nothing left. */
int pages_fuse_open(struct pages_fuse *f, struct err *err);
void pages_fuse_close(struct pages_fuse *f);

/*
 * pages_fuse_take_back: all pages leave all page tables; what was stored there
 * is in f->store.  Returns 0; -EIO: no answer in time; -EPIPE: the child has
 * ended.  One thread at a time.
 */
int pages_fuse_take_back(struct pages_fuse *f);

/* pages_fuse_alive: returns 0; -EPIPE: the child has ended.  Any thread. */
int pages_fuse_alive(const struct pages_fuse *f);

/*
 * pages_fuse_woken: forget that pages were read up to now.  Returns as
 * pages_fuse_alive().  Any thread.
 */
int pages_fuse_woken(struct pages_fuse *f);

/* ---------------------------------------------------------- pages_mount.c */

struct pages_mount {
	int fuse;		/* /dev/fuse */
	int root;		/* the folder that is the mount's root */
};

/*
 * pages_mount: mount; nobody answers yet.  dir: gets the folder that shows it,
 * or "": no folder does.  Returns 0, or -1 with err set and nothing left.
 */
int
pages_mount(struct pages_mount *m, char dir[PAGES_DIR_BYTES], struct err *err);

/*
 * pages_unmount: no folder shows the mount any more.  Descriptors of it still
 * work.
 */
int pages_unmount(char dir[PAGES_DIR_BYTES], struct err *err);

/* ---------------------------------------------------------- pages_child.c */

/* pages_child_main: be the child.  Its other descriptors are closed. */
void pages_child_main(int ask, int wake, struct pages_store *store)
    __attribute__((noreturn));

#endif
