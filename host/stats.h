/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statistics of a program that runs NICs, as a line of JSON: what the program
 * has of its own, its CPU time, and the counters of each NIC.
 */
#ifndef HOST_STATS_H
#define HOST_STATS_H

#include <stddef.h>

#include "nic.h"

/* Text that grows up to a bound; what is too much is cut off. */
struct json {
	char text[16384];
	size_t used;			/* bytes, without the final 0 */
};

/* json_put: as printf(), behind what is there. */
void json_put(struct json *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What a program's statistics are made of. */
struct stats_source {
	/* own: the program's keys, each with a comma behind it.  NULL: none. */
	void (*own)(void *ctx, struct json *out);
	/* nic: number i, from 0; NULL: there are no more. */
	struct nic *(*nic)(void *ctx, unsigned int i);
	void *ctx;
};

/*
 * stats_put: {own keys,"cpu_us":N,"nics":[{...},...]} and a newline.  Any
 * thread; does not block.
 */
void stats_put(struct json *out, const struct stats_source *from);

#endif
