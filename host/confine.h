/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program may still do once everything is open: as another user if it
 * was root, without gaining privileges, and in each thread only the system
 * calls that the thread needs (seccomp).  Any other call kills the process.
 *
 * No thread may make memory executable, whatever its rules say.
 */
#ifndef HOST_CONFINE_H
#define HOST_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include "err.h"

/* ------------------------------------------------------------------- user */

struct confine_user {
	bool root;			/* else we stay who we are */
	uid_t uid;
	gid_t gid;
};

/*
 * confine_user_find: the user that root is to become: `user` (NULL: nobody).
 * Returns 0, or -1 with err set.
 */
int
confine_user_find(const char *user, struct confine_user *who, struct err *err);

/*
 * confine_user_become: for good.  In any case no program that we start can gain
 * privileges from here on.  Before threads.  Returns 0, or -1 with err set.
 */
int confine_user_become(const struct confine_user *who, struct err *err);

/* ---------------------------------------------------------------- threads */

/* When a call is allowed. */
enum confine_when {
	CONFINE_ALWAYS,
	CONFINE_NO_EXEC,	/* mmap, mprotect: never PROT_EXEC */
	CONFINE_REQUEST,		/* its second argument is `value` */
};

struct confine_rule {
	int call;			/* SYS_... */
	enum confine_when when;
	uint32_t value;
};

#define CONFINE_CALL(name) \
	{ \
		SYS_##name, CONFINE_ALWAYS, 0 \
	}
#define CONFINE_IOCTL(request) \
	{ \
		SYS_ioctl, CONFINE_REQUEST, request \
	}

/*
 * Rules that come with what a thread calls of host/.  What threads, locks,
 * signals, malloc() and descriptors need is allowed to all.
 */
#define CONFINE_ACCESS	(1u << 0)	/* nic_mmio_write() and the like */
#define CONFINE_NIC	(1u << 1)	/* nic_run() */
#define CONFINE_MAIN	(1u << 2)	/* control.h, and the end: nic_free() */

/*
 * confine_thread: the calling thread, for good: `sets` of CONFINE_ACCESS ...,
 * and n rules of the program's own.  Returns 0, or -1 with err set: this kernel
 * has no seccomp filters.
 */
int confine_thread(unsigned int sets, const struct confine_rule *own, size_t n,
    struct err *err);

#endif
