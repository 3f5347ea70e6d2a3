/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statistics of a program that runs NICs, as a line of JSON: the program's own
 * keys, its CPU time, and the counters of each NIC.
 */
#ifndef HOST_STATS_H
#define HOST_STATS_H

#include <stddef.h>

#include "nic.h"

/* Text that grows up to a bound; the rest is cut off. */
struct json {
	char text[16384];
	size_t used;			/* bytes, without the final 0 */
};

/* json_put: append, as printf(). */
void json_put(struct json *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Where a program's statistics come from. */
struct stats_source {
	const char *program;		/* its name: "lem-vm" */
	/*
	 * own: put the program's keys, each followed by a comma.  NULL: none.
	 */
	void (*own)(void *ctx, struct json *out);
	/* nic: the NIC of number i, from 0, or NULL after the last. */
	struct nic *(*nic)(void *ctx, unsigned int i);
	void *ctx;
};

/*
 * stats_put: append {own keys,"cpu_us":N,...,"nics":[{...},...]} and a newline;
 * lem-stat(1) has the keys.  Any thread; does not block.
 */
void stats_put(struct json *out, const struct stats_source *from);

#endif
