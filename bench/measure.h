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
	char nic_qemu[256], lem_nic[256];	/* of the cells of lem-nic */
	char freebsd_kernel[256];
	char freebsd_dir[256];	/* of boot.elf and bench.iso */
	char linux_dir[256];	/* of a kernel, an initial RAM disk, bin/ */
	uint64_t tsc_hz;
};

static inline bool
lem_host_has(const struct lem_host *host, enum lem_need need)
{
	return host->missing[need][0] == '\0';
}

/* What came out of one run; NAN: not measured. */
struct lem_run {
	double kpps, mbit_s;
	double doorbells, interrupts, registers, exits, host_cpu_us;
	double exits_by[LEM_EXITS];
	double deferred, ring_full, round_trips, batch_max;
	double interrupts_s, interrupt_us, interrupt_share;
	double itr_end, learned_us;
	double line_ns;
	double rtt_p50_us, rtt_p99_us;
	double boot_ms;		/* from fork to a NIC that is up */
	uint64_t lost, duplicated, reordered, corrupted, guard_flushes;
	uint64_t packets;	/* in the window */
};

/* What the user named; NULL: not named. */
struct lem_named {
	const char *qemu;	/* else qemu-system-x86_64 */
	/* Of lem-nic's cells.  Else that QEMU if it has vfio-user-pci, or
	 * qemu/qemu-system-x86_64 in the folder of this program. */
	const char *nic_qemu;
	const char *lem_vm, *lem_nic;	/* else those beside this program */
	const char *freebsd;	/* else the kernel of the environment */
	const char *linux_dir;	/* else linux/image beside this program */
};

/*
 * lem_probe: find out what this machine has.  Blocks: it runs QEMU, lem-vm and
 * lem-nic.
 */
void lem_probe(struct lem_host *host, struct lem_machine *machine,
    const struct lem_named *named);

/*
 * lem_run_cell: run `cell` once for a window of `seconds`.
 * Returns 0, or -1 with a sentence in error (error_bytes long).
 */
int lem_run_cell(const struct lem_cell *cell, const struct lem_host *host,
    double seconds, struct lem_run *run, char *error, size_t error_bytes);

#endif
