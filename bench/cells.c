/* SPDX-License-Identifier: BSD-2-Clause */
#include "cells.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define PATTERN_BYTES	64u	/* as an id's */
#define FREEBSD_ITR	488u	/* the default of both drivers there */

#define ROW(r)	(1u << LEM_ROW_##r)
#define RFC	(ROW(STANDARD) | ROW(MODERATED) | ROW(MODIFIED) | ROW(VIRTIO))
#define NIC (ROW(MODERATED) | ROW(ADAPTIVE) | ROW(STOCK) | ROW(VIRTIO))
#define ALL	((1u << LEM_ROWS) - 1)

/*
 * What is run: with --quick the rows of `quick`, with --full all of `full`; for
 * lem-nic those of nic_quick (KVM; under TCG of nic_tcg) and nic_full.
 */
static const struct {
	enum lem_workload workload;
	enum lem_sink_id sink;
	bool every_frame;	/* of --frame; otherwise the first only */
	bool ways;		/* of the doorbell, too */
	unsigned int quick, full, nic_quick, nic_tcg, nic_full;
} plan[] = {
	{ LEM_WORKLOAD_TX, LEM_SINK_NULL, true, true, ALL, ALL,
	    NIC | ROW(MODIFIED) | ROW(INTERRUPT_ONLY) | ROW(ADAPTIVE_IRQ) |
		ROW(ADAPTIVE_BOTH) | ROW(VIRTIO_POLLED),
	    NIC | ROW(MODIFIED), ALL },
	{ LEM_WORKLOAD_TX, LEM_SINK_DGRAM, true, true, RFC, ALL, NIC, 0, ALL },
	{ LEM_WORKLOAD_RX, LEM_SINK_DGRAM, false, true, RFC, ALL, NIC, 0, ALL },
	{ LEM_WORKLOAD_PING, LEM_SINK_DGRAM, false, true, RFC, ALL, NIC, 0,
	    ALL },
	{ LEM_WORKLOAD_IDLE, LEM_SINK_NULL, false, false, 0,
	    ROW(STANDARD) | ROW(MODIFIED), 0, 0, NIC },
};

/*
 * The points of the curves against ITR.  A driver that could choose ITR has the
 * ITR of the point.  With --quick: `first` of one VMM of QEMU, `ours` of lem-vm
 * and lem-nic.
 */
static const struct {
	enum lem_workload workload;
	enum lem_sink_id sink;
	unsigned int full, first, ours;
} curves[] = {
	{ LEM_WORKLOAD_TX, LEM_SINK_NULL,
	    ROW(MODERATED) | ROW(MODIFIED) | ROW(INTERRUPT_ONLY),
	    ROW(MODERATED) | ROW(MODIFIED), ROW(MODERATED) },
	{ LEM_WORKLOAD_PING, LEM_SINK_DGRAM, ROW(MODERATED) | ROW(MODIFIED),
	    ROW(MODERATED) | ROW(MODIFIED), 0 },
};

/*
 * What a FreeBSD guest runs, the RFC's three rows first; their standard driver
 * is FreeBSD's own.
 */
static const struct {
	const char *id;
	enum lem_driver driver;
	enum lem_row row;
	enum lem_mit_mode mit_enable;
	bool moderation;
	bool rfc;	/* the RFC's figure is that of this cell */
} freebsd[] = {
	{ "standard.em", LEM_DRIVER_EM, LEM_ROW_STANDARD, LEM_MIT_OFF, false,
	    true },
	{ "moderated.em", LEM_DRIVER_EM, LEM_ROW_MODERATED, LEM_MIT_OFF, true,
	    true },
	{ "modified", LEM_DRIVER_LEM, LEM_ROW_MODIFIED, LEM_MIT_ON, true,
	    true },
	{ "moderated", LEM_DRIVER_LEM, LEM_ROW_MODERATED, LEM_MIT_OFF, true,
	    false },
	{ "standard", LEM_DRIVER_LEM, LEM_ROW_STANDARD, LEM_MIT_OFF, false,
	    false },
	{ "modified-alone", LEM_DRIVER_LEM, LEM_ROW_MODIFIED_ALONE, LEM_MIT_ON,
	    false, false },
	{ "virtio", LEM_DRIVER_VTNET, LEM_ROW_VIRTIO, LEM_MIT_OFF, true,
	    false },
	{ "virtio.standard", LEM_DRIVER_VTNET, LEM_ROW_VIRTIO, LEM_MIT_OFF,
	    false, false },
};

/* What a Linux guest runs: with each VMM, each of the drivers. */
static const struct {
	enum lem_workload workload;
	enum lem_sink_id sink;
	unsigned int frame;
} linux_plan[] = {
	{ LEM_WORKLOAD_TX, LEM_SINK_NULL, LEM_FRAME_MIN },
	{ LEM_WORKLOAD_TX, LEM_SINK_USER, LEM_FRAME_MIN },
	{ LEM_WORKLOAD_RX, LEM_SINK_USER, LEM_FRAME_MIN },
	{ LEM_WORKLOAD_PING, LEM_SINK_USER, 98 },
	{ LEM_WORKLOAD_TCP_TX, LEM_SINK_USER, LEM_FRAME_MAX },
	{ LEM_WORKLOAD_TCP_RX, LEM_SINK_USER, LEM_FRAME_MAX },
	{ LEM_WORKLOAD_TCP_RR, LEM_SINK_USER, 67 },
};

static const struct {
	const char *id;
	enum lem_driver driver;
	enum lem_row row;
	enum lem_mit_mode mit_enable;
} linux_drivers[] = {
	{ "e1000", LEM_DRIVER_E1000, LEM_ROW_MODERATED, LEM_MIT_OFF },
	{ "lem", LEM_DRIVER_LEM, LEM_ROW_MODERATED, LEM_MIT_OFF },
	{ "lem-combining", LEM_DRIVER_LEM, LEM_ROW_MODIFIED, LEM_MIT_ON },
	{ "virtio", LEM_DRIVER_VIRTIO, LEM_ROW_VIRTIO, LEM_MIT_OFF },
};

/* The first of comma separated patterns; returns what follows it. */
static const char *
next_pattern(const char *patterns, char pattern[PATTERN_BYTES])
{
	size_t n = strcspn(patterns, ",");

	(void)snprintf(pattern, PATTERN_BYTES, "%.*s", (int)n, patterns);
	return patterns + n + (patterns[n] == ',');
}

static bool
cell_wanted(const char *id, const char *patterns)
{
	char pattern[PATTERN_BYTES];

	if (patterns == NULL)
		return true;
	while (*patterns != '\0') {
		patterns = next_pattern(patterns, pattern);
		if (fnmatch(pattern, id, 0) == 0)
			return true;
	}
	return false;
}

/*
 * Without --guests: the bare one and FreeBSD; and Linux, which takes minutes,
 * where a pattern of --cells begins with its name.
 */
static bool
guest_wanted(const struct lem_options *o, enum lem_guest guest)
{
	const char *patterns = o->cells;
	char pattern[PATTERN_BYTES];

	if (o->guests != 0 || guest != LEM_GUEST_LINUX)
		return o->guests == 0 || o->guests & 1u << guest;
	while (patterns != NULL && *patterns != '\0') {
		patterns = next_pattern(patterns, pattern);
		if (strncmp(pattern, "linux", 5) == 0)
			return true;
	}
	return false;
}

/* Bits 1 << enum lem_need. */
static unsigned int
cell_needs(const struct lem_cell *c)
{
	unsigned int needs =
	    lem_vmms[c->vmm].needs | lem_guests[c->guest].needs;

	if (lem_vmms[c->vmm].own_e1000 && !c->moderation &&
	    lem_drivers[c->driver].nic == LEM_NIC_E1000)
		needs |= 1u << LEM_NEED_MITIGATION;
	if (lem_vmms[c->vmm].lem_nic && !lem_cell_has_lem_nic(c))
		needs &= ~(1u << LEM_NEED_LEM_NIC);
	return needs;
}

static void
set_skipped(struct lem_cell *c, const struct lem_host *host)
{
	unsigned int needs = cell_needs(c), need;

	for (need = 0; need < LEM_NEEDS; need++)
		if (needs & 1u << need && c->skipped[0] == '\0')
			(void)snprintf(c->skipped, sizeof(c->skipped), "%s",
			    host->missing[need]);
}

static void
set_unmeasured(struct lem_cell *c)
{
	unsigned int i;

	c->mbit_s = c->ratio = c->rtt_p50_us = c->rtt_p99_us = c->boot_ms = NAN;
	c->ratio_virtio = c->ratio_polled = NAN;
	c->rfc_kpps = c->interrupts_s = NAN;
	c->interrupt_us = c->interrupt_share = c->line_ns = NAN;
	c->itr_end = c->learned_us = NAN;
	for (i = 0; i < LEM_EXITS; i++)
		c->per_packet.exits_by[i] = NAN;
	c->per_packet.doorbells = c->per_packet.interrupts =
	    c->per_packet.registers = c->per_packet.exits =
		c->per_packet.host_cpu_us = c->per_packet.deferred =
	    c->per_packet.ring_full = c->per_packet.round_trips =
			c->batch_max = NAN;
}

/* "kvm.tx.null.modified", and how it differs from the table's cell. */
static void
set_id(struct lem_cell *c, unsigned int table_frame)
{
	size_t n, room = sizeof(c->id);

	n = (size_t)snprintf(c->id, room, "%s.%s.%s.%s", lem_vmms[c->vmm].id,
	    lem_workloads[c->workload], lem_sinks[c->sink],
	    lem_rows[c->row].id);
	if (c->way)
		n += (size_t)snprintf(c->id + n, room - n, ".%s",
		    lem_doorbells[c->doorbell]);
	if (c->frame != table_frame)
		n +=
		    (size_t)snprintf(c->id + n, room - n, ".frame%u", c->frame);
	if (c->sweep)
		(void)snprintf(c->id + n, room - n, ".itr%u", c->itr);
}

/*
 * A cell of the bare guest, if it is wanted.  Its VMM, workload, sink, row,
 * frame and ITR are set; the rest follows from them.
 */
static void
add_bare(struct lem_results *r, const struct lem_options *o,
    const struct lem_host *host, struct lem_cell cell)
{
	const struct lem_row_kind *row = &lem_rows[cell.row];

	if (!guest_wanted(o, LEM_GUEST_BARE))
		return;
	if (!lem_vmms[cell.vmm].virtio &&
	    lem_drivers[row->driver].nic == LEM_NIC_VIRTIO)
		return;
	if ((row->stock && !lem_vmms[cell.vmm].lem_nic) ||
	    (row->adaptive && !lem_vmms[cell.vmm].adaptive))
		return;
	set_id(&cell, o->frame[0]);
	if (!cell_wanted(cell.id, o->cells))
		return;
	cell.guest = LEM_GUEST_BARE;
	cell.driver = row->driver;
	if (cell.doorbell == LEM_DOORBELL_NONE)
		cell.doorbell = lem_vmms[cell.vmm].doorbell;
	cell.moderation = row->moderation;
	cell.mit_enable = row->mit_enable;
	cell.driver_adaptive = row->driver_adaptive && !cell.sweep;
	if (!cell.moderation)
		cell.itr = 0;
	set_unmeasured(&cell);
	set_skipped(&cell, host);
	r->cell[r->cells++] = cell;
}

static void
add_freebsd(struct lem_results *r, const struct lem_options *o,
    const struct lem_host *host)
{
	struct lem_cell *c;
	size_t i;

	if (!guest_wanted(o, LEM_GUEST_FREEBSD))
		return;
	for (i = 0; i < COUNT(freebsd); i++) {
		c = &r->cell[r->cells];
		*c = (struct lem_cell){
			.vmm = LEM_VMM_TCG,
			.guest = LEM_GUEST_FREEBSD,
			.driver = freebsd[i].driver,
			.workload = LEM_WORKLOAD_TX,
			.sink = LEM_SINK_NULL,
			.row = freebsd[i].row,
			.label = freebsd[i].id,
			.frame = LEM_FRAME_MIN,
			.moderation = freebsd[i].moderation,
			.mit_enable = freebsd[i].mit_enable,
			.driver_adaptive =
			    lem_rows[freebsd[i].row].driver_adaptive,
		};
		(void)snprintf(c->id, sizeof(c->id), "freebsd.tx.null.%s",
		    freebsd[i].id);
		if (!cell_wanted(c->id, o->cells))
			continue;
		if (c->moderation &&
		    lem_drivers[c->driver].nic == LEM_NIC_E1000)
			c->itr = FREEBSD_ITR;
		set_unmeasured(c);
		if (freebsd[i].rfc)
			c->rfc_kpps = lem_rfc_kpps(c->row, c->vmm);
		set_skipped(c, host);
		r->cells++;
	}
}

/* A cell of linux_plan[p] and linux_drivers[d], if it is wanted. */
static void
add_linux_cell(struct lem_results *r, const struct lem_options *o,
    const struct lem_host *host, enum lem_vmm_id vmm, size_t p, size_t d)
{
	struct lem_cell *c = &r->cell[r->cells];

	*c = (struct lem_cell){
		.vmm = vmm,
		.guest = LEM_GUEST_LINUX,
		.driver = linux_drivers[d].driver,
		.workload = linux_plan[p].workload,
		.sink = linux_plan[p].sink,
		.row = linux_drivers[d].row,
		.label = linux_drivers[d].id,
		.frame = linux_plan[p].frame,
		.moderation = true,
		.mit_enable = linux_drivers[d].mit_enable,
		.driver_adaptive =
		    lem_drivers[linux_drivers[d].driver].nic == LEM_NIC_E1000,
	};
	(void)snprintf(c->id, sizeof(c->id), "linux.%s.%s.%s.%s",
	    lem_vmms[vmm].id, lem_workloads[c->workload], lem_sinks[c->sink],
	    c->label);
	if (!cell_wanted(c->id, o->cells))
		return;
	set_unmeasured(c);
	set_skipped(c, host);
	r->cells++;
}

/* lem-vm has no virtio-net, and no network of its own. */
static void
add_linux(struct lem_results *r, const struct lem_options *o,
    const struct lem_host *host)
{
	unsigned int vmm;
	size_t p, d;

	if (!guest_wanted(o, LEM_GUEST_LINUX))
		return;
	for (vmm = 0; vmm <= LEM_VMM_LEM_VM; vmm++)
		for (p = 0; p < COUNT(linux_plan); p++)
			for (d = 0; d < COUNT(linux_drivers); d++)
				if (vmm != LEM_VMM_LEM_VM ||
				    (linux_plan[p].sink == LEM_SINK_NULL &&
					linux_drivers[d].driver !=
					    LEM_DRIVER_VIRTIO))
					add_linux_cell(r, o, host,
					    (enum lem_vmm_id)vmm, p, d);
}

/* The rows of plan[p] for this VMM: bits 1 << enum lem_row. */
static unsigned int
plan_rows(size_t p, enum lem_vmm_id vmm, bool full)
{
	if (!lem_vmms[vmm].lem_nic)
		return full ? plan[p].full : plan[p].quick;
	if (full)
		return plan[p].nic_full;
	return vmm == LEM_VMM_NIC ? plan[p].nic_quick : plan[p].nic_tcg;
}

static void
add_table(struct lem_results *r, const struct lem_options *o,
    const struct lem_host *host, enum lem_vmm_id vmm)
{
	size_t p, f;
	unsigned int row;

	for (p = 0; p < COUNT(plan); p++)
		for (f = 0; f < (plan[p].every_frame ? o->frames : 1); f++)
			for (row = 0; row < LEM_ROWS; row++)
				if (plan_rows(p, vmm, o->full) & 1u << row)
					add_bare(r, o, host,
					    (struct lem_cell){ .vmm = vmm,
						.workload = plan[p].workload,
						.sink = plan[p].sink,
						.row = (enum lem_row)row,
						.frame = o->frame[f],
						.itr = o->itr[0] });
}

/* The rows of curves[p] for this VMM.  --quick has few, as they take time. */
static unsigned int
curve_rows(size_t p, enum lem_vmm_id vmm, bool full,
    const struct lem_host *host)
{
	enum lem_vmm_id first =
	    lem_host_has(host, LEM_NEED_KVM) ? LEM_VMM_KVM : LEM_VMM_TCG;

	if (full)
		return curves[p].full;
	if (vmm == first)
		return curves[p].first;
	return lem_vmms[vmm].adaptive && vmm != LEM_VMM_NIC_TCG ?
	    curves[p].ours :
	    0;
}

static void
add_curves(struct lem_results *r, const struct lem_options *o,
    const struct lem_host *host, enum lem_vmm_id vmm)
{
	size_t p, i;
	unsigned int row;

	for (p = 0; p < COUNT(curves); p++)
		for (row = 0; row < LEM_ROWS; row++)
			for (i = 0; i < o->itrs; i++)
				if (curve_rows(p, vmm, o->full, host) &
				    1u << row)
					add_bare(r, o, host,
					    (struct lem_cell){ .vmm = vmm,
						.workload = curves[p].workload,
						.sink = curves[p].sink,
						.row = (enum lem_row)row,
						.frame = o->frame[0],
						.itr = o->itr[i],
						.sweep = true });
}

/*
 * The doorbell's ways: the standard driver, which rings for each packet.  The
 * null sink is always there; --full has the other workloads of plan[], too.
 */
static void
add_ways(struct lem_results *r, const struct lem_options *o,
    const struct lem_host *host)
{
	unsigned int way;
	size_t p;

	for (p = 0; p < COUNT(plan); p++) {
		if (!plan[p].ways ||
		    (!o->full && plan[p].sink != LEM_SINK_NULL))
			continue;
		for (way = LEM_DOORBELL_NONE + 1; way < LEM_DOORBELLS; way++)
			add_bare(r, o, host,
			    (struct lem_cell){ .vmm = LEM_VMM_LEM_VM,
				.workload = plan[p].workload,
				.sink = plan[p].sink,
				.row = LEM_ROW_MODERATED,
				.frame = o->frame[0],
				.itr = o->itr[0],
				.doorbell = (enum lem_doorbell)way,
				.way = true });
	}
}

/* The first pattern that no cell matches; NULL if each one matches. */
static const char *
find_unmatched(const struct lem_results *r, const char *patterns)
{
	char pattern[PATTERN_BYTES];
	const char *this;
	size_t i;

	if (*patterns == '\0')
		return patterns;
	while (*patterns != '\0') {
		this = patterns;
		patterns = next_pattern(patterns, pattern);
		for (i = 0; i < r->cells; i++)
			if (fnmatch(pattern, r->cell[i].id, 0) == 0)
				break;
		if (i == r->cells)
			return this;
	}
	return NULL;
}

int
lem_cells_make(struct lem_results *r, const struct lem_options *o,
    const struct lem_host *host, const char **unmatched)
{
	size_t most = LEM_DOORBELLS * COUNT(plan) + COUNT(freebsd) +
	    LEM_VMMS * COUNT(linux_plan) * COUNT(linux_drivers) +
	    LEM_VMMS * LEM_ROWS * LEM_LIST_MAX * (COUNT(plan) + COUNT(curves));
	unsigned int vmm;

	r->cells = 0;
	r->cell = calloc(most, sizeof(*r->cell));
	if (r->cell == NULL)
		return -ENOMEM;
	for (vmm = 0; vmm < LEM_VMMS; vmm++)
		add_table(r, o, host, (enum lem_vmm_id)vmm);
	add_ways(r, o, host);
	for (vmm = 0; vmm < LEM_VMMS; vmm++)
		if (o->itrs > 1)
			add_curves(r, o, host, (enum lem_vmm_id)vmm);
	add_freebsd(r, o, host);
	add_linux(r, o, host);
	*unmatched = o->cells == NULL ? NULL : find_unmatched(r, o->cells);
	return *unmatched == NULL ? 0 : -ENOENT;
}
