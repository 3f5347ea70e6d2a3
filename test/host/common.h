/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared by the tests of host/ and host/vm/.
 */
#ifndef TEST_COMMON_H
#define TEST_COMMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "err.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* says: the sentence contains this text; it is whole, without a newline. */
static inline void
says(const struct err *err, const char *text)
{
	if (strstr(err->text, text) == NULL)
		fail_msg("'%s' does not say '%s'", err->text, text);
	assert_null(strchr(err->text, '\n'));
	assert_true(strlen(err->text) < sizeof(err->text) - 1);
}

static inline uint64_t
wall_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#endif
