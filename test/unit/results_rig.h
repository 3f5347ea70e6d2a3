/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Results to write: cells with plausible figures.  For the tests of the three
 * forms: table, JSON and the HTML page.
 */
#ifndef TEST_RESULTS_RIG_H
#define TEST_RESULTS_RIG_H

#include "../../bench/results.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SET(array, text) ((void)snprintf(array, sizeof(array), "%s", text))

static struct lem_cell cells[64];
static struct lem_results results;

/* add_cell: a cell of KVM with plausible figures. */
static inline struct lem_cell *
add_cell(const char *id, enum lem_row row, double kpps, double ratio)
{
	struct lem_cell *c = &cells[results.cells++];

	assert_true(results.cells <= sizeof(cells) / sizeof(cells[0]));
	*c = (struct lem_cell){
		.vmm = LEM_VMM_KVM,
		.guest = LEM_GUEST_BARE,
		.driver = LEM_DRIVER_LEM,
		.workload = LEM_WORKLOAD_TX,
		.sink = LEM_SINK_NULL,
		.row = row,
		.mit_enable = lem_rows[row].mit_enable,
		.driver_adaptive = lem_rows[row].driver_adaptive,
		.frame = 60,
		.moderation = row != LEM_ROW_STANDARD,
		.itr = 488,
		.kpps = { kpps, kpps * 0.95, kpps * 1.05, 5 },
		.ratio = ratio,
		.ratio_virtio = NAN,
		.ratio_polled = NAN,
		.mbit_s = NAN,
		.rfc_kpps = NAN,
		.interrupts_s = 7800,
		.interrupt_us = 45.5,
		.interrupt_share = 0.355,
		.itr_end = NAN,
		.learned_us = NAN,
		.line_ns = 53,
		.per_packet = { 1, 0.24, 1.5, 1.5, 57.8, 0.5, 0, NAN,
		    { 0.25, 0, 1.24, 0, NAN } },
		.batch_max = 254,
		.rtt_p50_us = NAN,
		.rtt_p99_us = NAN,
		.boot_ms = 150,
	};
	snprintf(c->id, sizeof(c->id), "%s", id);
	return c;
}

static inline int
setup(void **state)
{
	(void)state;
	memset(cells, 0, sizeof(cells));
	results = (struct lem_results){
		.machine = {
			.cpu = "CPU", .kernel = "Linux 6.1", .os = "Debian 12",
			.qemu = "7.2", .nic_qemu = "7.2", .kvm = "nested",
			.date = "2026-01-02",
			.cores = 2, .sink_kpps = NAN,
		},
		.cell = cells, .seconds = 0.5, .runs = 5,
	};
	return 0;
}

/* fill: the RFC's table with both its VMMs, and one of every other kind. */
static inline void
fill(void)
{
	struct lem_cell *c;

	add_cell("kvm.tx.null.standard", LEM_ROW_STANDARD, 17.3, 1);
	add_cell("kvm.tx.null.moderated", LEM_ROW_MODERATED, 24.3, 1.404);
	add_cell("kvm.tx.null.modified", LEM_ROW_MODIFIED, 1476, 85.3);
	add_cell("kvm.tx.null.original", LEM_ROW_ORIGINAL, 768, 44.4);
	c = add_cell("tcg.tx.null.standard", LEM_ROW_STANDARD, 360, 1);
	c->vmm = LEM_VMM_TCG;
	c->per_packet.exits = NAN;
	c = add_cell("tcg.tx.null.modified", LEM_ROW_MODIFIED, 1495, 4.15);
	c->vmm = LEM_VMM_TCG;
	c->per_packet.exits = NAN;
	add_cell("kvm.tx.dgram.modified", LEM_ROW_MODIFIED, 290, 20)->sink =
	    LEM_SINK_DGRAM;
	c = add_cell("kvm.ping.dgram.modified", LEM_ROW_MODIFIED, 6.1, 0.86);
	c->workload = LEM_WORKLOAD_PING;
	c->sink = LEM_SINK_DGRAM;
	c->rtt_p50_us = 161;
	c->rtt_p99_us = 470;
	c = add_cell("kvm.idle.null.modified", LEM_ROW_MODIFIED, NAN, NAN);
	c->workload = LEM_WORKLOAD_IDLE;
	c->kpps.runs = 0;
}

/* fill_sweep: three points of a curve for each of two workloads. */
static inline void
fill_sweep(void)
{
	unsigned int k;

	for (k = 0; k < 6; k++) {
		struct lem_cell *c =
		    add_cell("sweep", LEM_ROW_MODIFIED, 100 + 10 * k, 5);

		c->sweep = true;
		c->driver_adaptive = false;
		c->itr = k / 2 * 488;
		if (k % 2 == 1) {
			c->workload = LEM_WORKLOAD_PING;
			c->sink = LEM_SINK_DGRAM;
			c->rtt_p50_us = 100 + k;
			c->rtt_p99_us = 300 + k;
		}
	}
}

/* add_nic: a cell of lem-nic, of tx and null sink or of ping. */
static inline struct lem_cell *
add_nic(enum lem_vmm_id vmm, enum lem_row row, bool ping)
{
	struct lem_cell *c = add_cell("nic", row, 13785, 2088);

	c->vmm = vmm;
	c->driver = lem_rows[row].driver;
	c->ratio_virtio = 17.9;
	c->ratio_polled = 13.1;
	c->per_packet.round_trips = 0.00412;
	if (ping) {
		c->workload = LEM_WORKLOAD_PING;
		c->sink = LEM_SINK_DGRAM;
		c->rtt_p50_us = 1161;
		c->rtt_p99_us = 14700;
	}
	return c;
}

static inline void
fill_nic(void)
{
	unsigned int row, vmm;

	for (vmm = LEM_VMM_NIC; vmm <= LEM_VMM_NIC_TCG; vmm++)
		for (row = 0; row < LEM_ROWS; row++)
			add_nic((enum lem_vmm_id)vmm, (enum lem_row)row, false);
	add_nic(LEM_VMM_NIC, LEM_ROW_MODIFIED_ALONE, true);
}

static inline void
assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static inline void
assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("\"%s\" in:\n%s", part, text);
}

#endif
