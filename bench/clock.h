/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LEM_BENCH_CLOCK_H
#define LEM_BENCH_CLOCK_H

#include <time.h>

/* lem_now: seconds on the monotonic clock, which only runs forward. */
static inline double
lem_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#endif
