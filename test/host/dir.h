/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A folder of the test's own: dir, between dir_make() and dir_remove().
 */
#ifndef TEST_DIR_H
#define TEST_DIR_H

#include <unistd.h>

#include "common.h"

#define DIR_BYTES	48u

static char dir[DIR_BYTES];

static inline int
dir_make(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/lem-host.XXXXXX");
	return mkdtemp(dir) == NULL ? -1 : 0;
}

/* Fails unless the folder is empty: what is tested removes its files. */
static inline int
dir_remove(void **state)
{
	(void)state;
	return rmdir(dir);
}

/* A path in it, until the next call. */
static inline const char *
dir_path(const char *name)
{
	static char path[DIR_BYTES + 32];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

#endif
