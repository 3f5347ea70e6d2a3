/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One run of one cell: boot, measure a window, drain, account for every frame.
 */
#ifndef LEM_BENCH_MEASURE_H
#define LEM_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "results.h"

#define LEM_REASON_BYTES	200

/* What this machine has, found out once (probe.c). */
struct lem_host {
	/* Why it does not have what a cell needs and what to do, one sentence;
	 * "" where it does. */
	char missing[LEM_NEEDS][LEM_REASON_BYTES];
	char qemu[256], lem_vm[256];	/* paths, or names to be found */
	char freebsd_kernel[256];
	char freebsd_dir[256];	/* of boot.elf and bench.iso */
	uint64_t tsc_hz;
};

static inline bool
lem_host_has(const struct lem_host *host, enum lem_need need)
{
	return host->missing[need][0] == '\0';
}

/* What came out of one run; NAN: not measured. */
struct lem_run {
	double kpps;
	double doorbells, interrupts, registers, exits, host_cpu_us;
	double deferred, ring_full, batch_max;
	double interrupts_s;	/* a second; of a FreeBSD guest only */
	double rtt_p50_us, rtt_p99_us;
	double boot_ms;		/* from fork to a NIC that is up */
	uint64_t lost, duplicated, reordered, corrupted, guard_flushes;
	uint64_t packets;	/* in the window */
};

/*
 * lem_probe: find out what this machine has.  Blocks: it runs QEMU and lem-vm.
 * qemu, lem_vm: a path or name that the user gave; NULL for
 * qemu-system-x86_64, and for the lem-vm beside this program.
 * freebsd: path of a FreeBSD kernel, or NULL for that of the environment.
 */
void lem_probe(struct lem_host *host, struct lem_machine *machine,
    const char *qemu, const char *lem_vm, const char *freebsd);

/*
 * lem_run_cell: run `cell` once for a window of `seconds`.
 * Returns 0, or -1 with a sentence in error (error_bytes long).
 */
int lem_run_cell(const struct lem_cell *cell, const struct lem_host *host,
    double seconds, struct lem_run *run, char *error, size_t error_bytes);

#endif
