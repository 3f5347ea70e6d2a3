/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which cells exist, and which of them this run measures.
 */
#ifndef LEM_BENCH_CELLS_H
#define LEM_BENCH_CELLS_H

#include <stdbool.h>
#include <stddef.h>

#include "measure.h"
#include "results.h"

#define LEM_LIST_MAX	16

struct lem_options {
	bool full;
	bool list;
	bool verbose;
	const char *cells;	/* comma separated patterns, NULL: all */
	unsigned int guests;	/* bits 1 << enum lem_guest; 0: not said */
	const char *json, *report;
	struct lem_named named;
	double seconds;
	unsigned int runs;
	unsigned int itr[LEM_LIST_MAX], frame[LEM_LIST_MAX];
	size_t itrs, frames;
};

/*
 * lem_cells_make: all cells that the options ask for, in the table's order.
 * A cell that this machine cannot run has the reason in `skipped`.
 * r->cell is allocated; the caller frees it with free().
 * Returns 0, -ENOMEM, or -ENOENT if a pattern of --cells matches nothing:
 * *unmatched is then that pattern, within o->cells.
 */
int lem_cells_make(struct lem_results *r, const struct lem_options *o,
    const struct lem_host *host, const char **unmatched);

#endif
