/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lem-bench measured, and its three forms: the table on the terminal
 * (table.c), JSON (json.c) and an HTML page (report.c).
 */
#ifndef LEM_BENCH_RESULTS_H
#define LEM_BENCH_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "kinds.h"

/* Median, smallest and largest of `runs` figures; runs 0: not measured. */
struct lem_spread {
	double median, min, max;
	unsigned int runs;
};

/*
 * One cell: what it runs, then what came out.  NAN in a double means "not
 * measured" (JSON null).
 */
struct lem_cell {
	char id[64];		/* "kvm.tx.null.modified", unique */
	enum lem_vmm_id vmm;
	enum lem_guest guest;
	enum lem_driver driver;
	enum lem_workload workload;
	enum lem_sink_id sink;
	enum lem_row row;
	const char *label;	/* static; NULL: the id of its row */
	unsigned int frame;	/* bytes without FCS */
	bool moderation;
	enum lem_mit_mode mit_enable;
	unsigned int itr;	/* units of 256 ns; the least if it adapts */
	bool driver_adaptive;	/* the driver chooses ITR, from itr up */
	enum lem_doorbell doorbell;
	bool way;		/* of the comparison of lem-vm's doorbells */
	bool sweep;		/* a point of a curve, not of the table */

	struct lem_spread kpps;	/* ping: thousand round trips a second */
	double mbit_s;		/* of TCP streams, else NAN */
	double ratio;		/* median of kpps over the standard row's */
	/* Else NAN: kpps over that of virtio-net, of a guest with an operating
	 * system and where lem-nic is; and over virtio-net polled, there. */
	double ratio_virtio, ratio_polled;
	double rfc_kpps;	/* of a guest with a system, or NAN */
	double interrupts_s;
	/* What an interrupt takes of the time of the guest's CPU; and the share
	 * of all interrupts of the window, 0 to 1.  NAN: not known. */
	double interrupt_us, interrupt_share;
	/* Of a driver that adapts: ITR at the end of the window, and what an
	 * interrupt takes, as it has learned.  Else NAN. */
	double itr_end, learned_us;
	double line_ns;		/* lem_line_ns(), before its runs */
	struct {
		double doorbells, interrupts, registers, exits, host_cpu_us;
		double deferred, ring_full;
		double round_trips;	/* QEMU waited for lem-nic */
		double exits_by[LEM_EXITS];
	} per_packet;		/* medians over the runs; idle: a second */
	double batch_max;	/* most packets one TDT write carried */
	double rtt_p50_us, rtt_p99_us;
	double boot_ms;		/* from starting the VM to a NIC that is up */
	/* Of all runs, where a receiver looked: lem_cell_checked(). */
	uint64_t lost, duplicated, reordered, corrupted;
	uint64_t guard_flushes;
	char skipped[200];	/* why it was not run, or "" */
	char failed[200];	/* what went wrong, or "" */
};

/* The machine, for the heading of every form. */
struct lem_machine {
	char cpu[128], kernel[128], os[128], qemu[128], kvm[128], date[64];
	char nic_qemu[128];	/* that of the cells of lem-nic; or "" */
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

/*
 * What every form needs to know of cells (results.c).
 *
 * lem_cell_status: "skipped", "failed", "-" (NULL too), or NULL: it has a rate.
 * lem_cell_measured: does it have a figure?
 * lem_cell_checked: did a receiver look at its packets?
 * lem_cell_has_system: does an operating system run in its guest?
 * lem_cell_has_lem_nic: does lem-nic serve its e1000?
 * lem_cell_of_table: is it a cell of a table of the RFC's kind (tx, null sink),
 *	of whatever frame length?
 * lem_cell_of_rfc: is it one of the RFC's table, not of lem-nic's?
 * lem_cell_rfc: the RFC's figure for a cell, or NAN.
 * lem_cell_label: how a line about it begins: its row, or its way.
 * lem_cell_name: the same in full.
 * lem_group_title: what the cells of a group have in common, for a title:
 *	"tx, sink null, 60-byte frames".
 * lem_compare_groups: by guest, sweep, way, workload, sink and frame, as
 *	memcmp(3).
 * lem_compare_cells: of qsort(3), for an array of pointers: by group, then
 *	VMM, row and ITR.
 */
#define LEM_TITLE_BYTES	160u
const char *lem_cell_status(const struct lem_cell *c);
bool lem_cell_measured(const struct lem_cell *c);
bool lem_cell_checked(const struct lem_cell *c);
bool lem_cell_has_system(const struct lem_cell *c);
bool lem_cell_has_lem_nic(const struct lem_cell *c);
bool lem_cell_of_table(const struct lem_cell *c);
bool lem_cell_of_rfc(const struct lem_cell *c);
double lem_cell_rfc(const struct lem_cell *c);
const char *lem_cell_label(const struct lem_cell *c);
const char *lem_cell_name(const struct lem_cell *c);
void lem_group_title(char title[LEM_TITLE_BYTES], const struct lem_cell *c);
int lem_compare_groups(const struct lem_cell *a, const struct lem_cell *b);
int lem_compare_cells(const void *va, const void *vb);

/*
 * lem_table_print: the RFC's table and what lies behind it, in 80 columns of
 * text if they are enough.  Errors: those of `out`.
 */
void lem_table_print(FILE *out, const struct lem_results *r);

/*
 * lem_json_write: all results as one JSON object (RFC 8259); its keys are an
 * interface.  Returns 0 or -errno of the stream.
 */
int lem_json_write(FILE *out, const struct lem_results *r);

/*
 * lem_report_write: dir/index.html, one file with the table and SVG charts,
 * which fetches nothing; makes dir if it does not exist.
 * Returns 0 or -errno.
 */
int lem_report_write(const char *dir, const struct lem_results *r);

#endif
