/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LEM_BENCH_COMPARE_H
#define LEM_BENCH_COMPARE_H

#include <string.h>

/* lem_compare_double: for qsort(3), ascending; no NAN. */
static inline int
lem_compare_double(const void *a, const void *b)
{
	double x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

#endif
