/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cells of a FreeBSD guest: the RFC's "QEMU" column on the RFC's system.
 *
 * FreeBSD boots in seconds, not in a tenth of one, and the host's speed drifts.
 * So one guest has all drivers side by side, each with a NIC and a null sink of
 * its own, and sends through one after the other, round after round.
 */
#ifndef LEM_BENCH_FREEBSD_H
#define LEM_BENCH_FREEBSD_H

#include <stdbool.h>

#include "measure.h"
#include "results.h"

/*
 * lem_freebsd_run: measure those cells of this guest with this moderation that
 * are not skipped: r->runs rounds of windows of r->seconds.  Blocks.
 * run, n: room for r->runs runs of each cell of r, and how many are filled.
 * A cell with fewer than r->runs has the reason in `failed`.
 */
void lem_freebsd_run(struct lem_results *r, const struct lem_host *host,
    bool moderation, struct lem_run *run, unsigned int *n);

#endif
