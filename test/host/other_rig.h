/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests of --control auto and of who finds its socket: a user's folder, and
 * a program without NICs.  Root's folder is /run/lem, so root becomes another
 * user for these tests.
 */
#ifndef TEST_OTHER_RIG_H
#define TEST_OTHER_RIG_H

#include <unistd.h>

#include "control.h"
#include "dir.h"

#define OTHER		65534

static inline struct nic *
nic_at(void *ctx, unsigned int i)
{
	(void)ctx;
	(void)i;
	return NULL;
}

static const struct stats_source source = { .program = "prog", .nic = nic_at };

/* The group's setup: dir is the other user's, who we are then. */
static inline int
other_begin(void **state)
{
	if (dir_make(state) != 0 || setenv("XDG_RUNTIME_DIR", dir, 1) != 0)
		return -1;
	if (geteuid() != 0)
		return 0;
	return chown(dir, OTHER, (gid_t)-1) != 0 || seteuid(OTHER) != 0 ? -1 :
									 0;
}

static inline int
other_end(void **state)
{
	if (getuid() == 0 && seteuid(0) != 0)
		return -1;
	return dir_remove(state);
}

#endif
