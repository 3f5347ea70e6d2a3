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

/* What a host can do, found out once (probe.c). */
struct lem_host {
	char qemu[256];
	bool has_qemu;
	bool has_mitigation;	/* its e1000 can switch moderation off */
	bool has_kvm;
	char why_no_qemu[200];	/* one sentence each, what to do included */
	char why_no_kvm[200];
	char lem_vm[256];	/* path of lem-vm */
	bool has_lem_vm;
	char why_no_lem_vm[200];
	char freebsd_kernel[256];
	char freebsd_dir[256];	/* of boot.elf and bench.iso */
	char why_no_freebsd[200]; /* "" where there is one */
	uint64_t tsc_hz;
};

/* What came out of one run; NAN: not measured. */
struct lem_run {
	double kpps;
	double doorbells, interrupts, registers, exits, host_cpu_us;
	double deferred, ring_full, batch_max;
	double interrupts_s;	/* a second; a FreeBSD guest's only */
	double rtt_p50_us, rtt_p99_us;
	double boot_ms;		/* from fork to a NIC that is up */
	uint64_t lost, duplicated, reordered, corrupted, guard_flushes;
	uint64_t packets;	/* in the window */
};

/*
 * lem_probe: what this machine has.  qemu, lem_vm: a path or name given by the
 * user; NULL for qemu-system-x86_64, and the lem-vm beside this program.
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
