/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clocks, in nanoseconds.
 */
#ifndef HOST_CLOCK_H
#define HOST_CLOCK_H

#include <limits.h>
#include <stdint.h>
#include <time.h>

#define NSEC		1000000000ull

/* clock_ns: what clock_gettime(2) says. */
static inline uint64_t
clock_ns(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NSEC + (uint64_t)t.tv_nsec;
}

/* now_ns: the monotonic clock. */
static inline uint64_t
now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/*
 * ms_until: milliseconds until at_ns of the monotonic clock, rounded up, as
 * poll(2) takes them.  0: it is over.
 */
static inline int
ms_until(uint64_t at_ns)
{
	uint64_t now = now_ns();
	uint64_t ms = at_ns > now ? (at_ns - now + 999999) / 1000000 : 0;

	return ms < INT_MAX ? (int)ms : INT_MAX;
}

#endif
