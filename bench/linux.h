/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cells of a Linux guest: sockets, a stock kernel, its own drivers or
 * lem.ko.
 *
 * Linux boots in seconds.  So each VMM boots one guest for each driver, which
 * stays; all but one wait for a line on their serial port while that has
 * a window.  A guest has a NIC with a null sink, and on QEMU one with its user
 * network, at the other end of which lem-traffic serves on the host.
 */
#ifndef LEM_BENCH_LINUX_H
#define LEM_BENCH_LINUX_H

#include <stddef.h>

#include "measure.h"
#include "results.h"

struct lem_linux;

/*
 * lem_linux_open: start the guests of all cells of r that are not skipped, and
 * what serves them.  Does not wait for them.  NULL: no memory.
 */
struct lem_linux *
lem_linux_open(const struct lem_results *r, const struct lem_host *host);

/*
 * lem_linux_run: one window of a cell.  Blocks; for the first of a guest until
 * that has booted.  Returns 0; or -1 with a sentence in error, or in *skipped
 * where this /dev/kvm cannot run Linux (each LEM_REASON_BYTES long).
 */
int lem_linux_run(struct lem_linux *l, const struct lem_cell *cell,
    double seconds, struct lem_run *run, char *error, char *skipped);

/*
 * lem_linux_trace: a window more of a cell of Linux's own e1000, which does not
 * count its register accesses, while QEMU traces them.  Fills doorbells and
 * registers of run, a packet each; NAN where it cannot.
 */
void lem_linux_trace(struct lem_linux *l, const struct lem_cell *cell,
    double seconds, struct lem_run *run);

/* lem_linux_close: end all of it.  NULL is allowed. */
void lem_linux_close(struct lem_linux *l);

#endif
