/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lem-bench measured, and the three forms it is told in: the table on the
 * terminal (table.c), JSON (json.c) and an HTML page (report.c).
 */
#ifndef LEM_BENCH_RESULTS_H
#define LEM_BENCH_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Median, smallest and largest of `runs` figures; runs 0: not measured. */
struct lem_spread {
	double median, min, max;
	unsigned int runs;
};

/*
 * Which row of the RFC's table a cell belongs to.  LEM_ROW_ORIGINAL is the
 * modified driver with the order of 2012 (reclaim, then the deferred TDT).
 */
enum lem_row {
	LEM_ROW_STANDARD,	/* standard hypervisor, standard driver */
	LEM_ROW_COMBINED_ALONE,	/* standard hypervisor, modified driver */
	LEM_ROW_MODERATED,	/* moderated hypervisor, standard driver */
	LEM_ROW_INTERRUPT,	/* ... that reclaims in its interrupt alone */
	LEM_ROW_ORIGINAL,	/* moderated hypervisor, driver of 2012 */
	LEM_ROW_COMBINED,	/* moderated hypervisor, modified driver */
	LEM_ROW_VIRTIO,		/* virtio-net, interrupts, for reference */
	LEM_ROW_VIRTIO_POLL,	/* virtio-net, polled, for reference */
	LEM_ROWS
};

/*
 * One cell: what it runs, then what came out.  The strings of the first part
 * are static.  NAN in a double means "not measured" (JSON null).
 */
struct lem_cell {
	char id[64];		/* "kvm.tx.null.combined", unique */
	const char *host;	/* "qemu-kvm", "qemu-tcg", "lem-vm" */
	const char *nic;	/* "e1000", "virtio-net" */
	const char *driver;	/* "lem", "virtio-net"; "em", "vtnet" */
	const char *guest;	/* "bare", "freebsd" */
	const char *label;	/* what its line begins with; NULL: its row */
	const char *workload;	/* "tx", "rx", "ping", "idle" */
	const char *sink;	/* "null", "dgram" */
	enum lem_row row;
	unsigned int frame;	/* bytes without FCS */
	bool moderation;
	unsigned int mit_enable;	/* enum lem_combine of driver/lem.h */
	unsigned int itr;	/* units of 256 ns */
	const char *doorbell;	/* lem-vm's option; NULL: another VMM */
	bool way;		/* one of a comparison of its doorbells */
	bool sweep;		/* a point of a curve, not of the table */

	struct lem_spread kpps;	/* ping: thousand round trips a second */
	double ratio;		/* median of kpps over the standard row's */
	/* Of a FreeBSD guest's cells, else NAN: kpps over vtnet's, the RFC's
	 * figure, interrupts a second. */
	double ratio_virtio, rfc_kpps, interrupts_s;
	struct {
		double doorbells, interrupts, registers, exits, host_cpu_us;
		double deferred, ring_full;
	} per_packet;		/* medians over the runs; idle: a second */
	double batch_max;	/* most packets one TDT write carried */
	double rtt_p50_us, rtt_p99_us;
	double boot_ms;		/* from starting the VM to a NIC that is up */
	/* Of all runs; only where a receiver looked, lem_cell_checked(). */
	uint64_t lost, duplicated, reordered, corrupted;
	uint64_t guard_flushes;
	char skipped[200];	/* why it was not run, or "" */
	char failed[200];	/* what went wrong, or "" */
};

/* The machine, for the heading of every form. */
struct lem_machine {
	char cpu[128], kernel[128], os[128], qemu[128], kvm[128], date[64];
	unsigned int cores;
	double sink_kpps;	/* ceiling of the receiver itself, or NAN */
};

struct lem_results {
	struct lem_machine machine;
	struct lem_cell *cell;
	size_t cells;
	double seconds;		/* length of one measured window */
	unsigned int runs;
	bool interrupted;	/* Ctrl-C: what there is so far */
};

/* lem_row_name: "moderated hypervisor, modified driver". */
const char *lem_row_name(enum lem_row row);

/* lem_rfc_kpps: the RFC's own figure for a row and host, or NAN. */
double lem_rfc_kpps(enum lem_row row, const char *host);

/*
 * What every form needs to know of cells (table.c).
 *
 * lem_row_order: the RFC's three rows in its order, then those for reference.
 * lem_host_label: "KVM", "QEMU (TCG)", any other host as it is.
 * lem_cell_status: "skipped", "failed", "-" (NULL too), or NULL: it has a rate.
 * lem_cell_measured: is there a figure in it?
 * lem_cell_checked: were its packets looked at by a receiver?
 * lem_cell_freebsd: is FreeBSD its guest?
 * lem_cell_of_rfc: is it a cell of the RFC's table, frames apart?
 * lem_cell_rfc: the RFC's figure for a cell, or NAN.
 * lem_cell_label: what a line about it begins with: its row, or its way.
 * lem_cell_name: the same in full.
 * lem_compare_groups: by guest, sweep, way, workload, sink and frame, as
 *	memcmp(3).
 * lem_compare_cells: of qsort(3), for an array of pointers: by group, then
 *	host, row and ITR.
 */
#define LEM_RFC_ROWS	3u
extern const enum lem_row lem_row_order[LEM_ROWS];
const char *lem_host_label(const char *host);
const char *lem_cell_status(const struct lem_cell *c);
bool lem_cell_measured(const struct lem_cell *c);
bool lem_cell_checked(const struct lem_cell *c);
bool lem_cell_freebsd(const struct lem_cell *c);
bool lem_cell_of_rfc(const struct lem_cell *c);
double lem_cell_rfc(const struct lem_cell *c);
const char *lem_cell_label(const struct lem_cell *c);
const char *lem_cell_name(const struct lem_cell *c);
int lem_compare_groups(const struct lem_cell *a, const struct lem_cell *b);
int lem_compare_cells(const void *va, const void *vb);

/*
 * lem_table_print: the RFC's table and what lies behind it, 80 columns of
 * text where they suffice.  Errors: those of `out`.
 */
void lem_table_print(FILE *out, const struct lem_results *r);

/*
 * lem_json_write: the whole of it as one JSON object (RFC 8259), the keys of
 * which are an interface.  Returns 0 or -errno of the stream.
 */
int lem_json_write(FILE *out, const struct lem_results *r);

/*
 * lem_report_write: dir/index.html, one file with the table and SVG charts,
 * nothing fetched from anywhere; makes dir when it is not there.
 * Returns 0 or -errno.
 */
int lem_report_write(const char *dir, const struct lem_results *r);

#endif
