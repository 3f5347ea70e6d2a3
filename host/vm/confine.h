/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is left to lem-vm once everything is open: another user's identity if it
 * was root's, and for each kind of thread the system calls that it needs
 * (seccomp).  None may open a file, start a program, or make memory executable.
 * Who calls something else is killed, and so is the process.
 */
#ifndef VM_CONFINE_H
#define VM_CONFINE_H

#include <stdbool.h>
#include <sys/types.h>

#include "err.h"

enum confine {
	CONFINE_MAIN,
	CONFINE_CPU,
	CONFINE_NIC,
};

struct confine_user {
	bool root;			/* that is what we are: else stay */
	uid_t uid;
	gid_t gid;
};

/*
 * confine_user_find: whom root is to become: `user` (NULL: nobody).  Returns 0,
 * or -1 with err set.
 */
int
confine_user_find(const char *user, struct confine_user *who, struct err *err);

/*
 * confine_user_become: for good.  In any case nothing that is run can gain
 * privileges from here on.  Before threads.  Returns 0, or -1 with err set.
 */
int confine_user_become(const struct confine_user *who, struct err *err);

/*
 * confine_thread: the calling thread, for good.  Returns 0, or -1 with err set:
 * this kernel has no seccomp filters.
 */
int confine_thread(enum confine what, struct err *err);

#endif
