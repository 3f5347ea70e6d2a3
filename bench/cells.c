/* SPDX-License-Identifier: BSD-2-Clause */
#include "cells.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"

#define FREEBSD_ITR	488u	/* both drivers' default there */

/* Where cells run, and how their ids begin. */
static const struct {
	const char *name, *id;
} hosts[] = {
	{ "qemu-kvm", "kvm" },
	{ "qemu-tcg", "tcg" },
	{ "lem-vm", "vm" },
};

/* How each row sets up hypervisor and driver. */
static const struct {
	const char *id;
	unsigned int mit_enable;	/* enum lem_combine of driver/lem.h */
	bool moderation;
	bool virtio;
} rows[LEM_ROWS] = {
	[LEM_ROW_STANDARD] = { "standard", 0, false, false },
	[LEM_ROW_COMBINED_ALONE] = { "combined-alone", 1, false, false },
	[LEM_ROW_MODERATED] = { "moderated", 0, true, false },
	[LEM_ROW_INTERRUPT] = { "interrupt", 0, true, false },
	[LEM_ROW_ORIGINAL] = { "original", 2, true, false },
	[LEM_ROW_COMBINED] = { "combined", 1, true, false },
	[LEM_ROW_VIRTIO] = { "virtio", 0, false, true },
	[LEM_ROW_VIRTIO_POLL] = { "virtio-poll", 0, false, true },
};

/* What is run: with --quick the rows of `quick`, with --full all of `full`. */
#define ROW(r)	(1u << LEM_ROW_##r)
#define RFC	(ROW(STANDARD) | ROW(MODERATED) | ROW(COMBINED) | ROW(VIRTIO))
#define ALL								\
	(RFC | ROW(COMBINED_ALONE) | ROW(ORIGINAL) | ROW(INTERRUPT) |	\
	    ROW(VIRTIO_POLL))

static const struct {
	const char *workload, *sink;
	unsigned int quick, full;
	bool every_frame;	/* of --frame; otherwise the first only */
} plan[] = {
	{ "tx", "null", ALL, ALL, true },
	{ "tx", "dgram", RFC, ALL, true },
	{ "rx", "dgram", RFC, ALL, false },
	{ "ping", "dgram", RFC, ALL, false },
	{ "idle", "null", 0, ROW(STANDARD) | ROW(COMBINED), false },
};

/* The points of the curves against ITR. */
static const struct {
	const char *workload, *sink;
	unsigned int rows;
} curves[] = {
	{ "tx", "null", ROW(MODERATED) | ROW(COMBINED) },
	{ "ping", "dgram", ROW(MODERATED) | ROW(COMBINED) },
};

/* The ways by which a doorbell can reach lem-vm; "auto" is its own choice. */
static const char *const ways[] = { "exit", "mapped", "turns", "auto" };

/*
 * What a FreeBSD guest runs, the RFC's three rows first; its standard driver is
 * FreeBSD's own.
 */
static const struct {
	const char *id, *label, *nic, *driver;
	enum lem_row row;
	unsigned int mit_enable;
	bool moderation, rfc;
} freebsd[] = {
	{ "standard.em", "standard/em", "e1000", "em", LEM_ROW_STANDARD, 0,
	    false, true },
	{ "moderated.em", "moderated/em", "e1000", "em", LEM_ROW_MODERATED, 0,
	    true, true },
	{ "combined", "moderated/lem mit", "e1000", "lem", LEM_ROW_COMBINED, 1,
	    true, true },
	{ "moderated", "moderated/lem", "e1000", "lem", LEM_ROW_MODERATED, 0,
	    true, false },
	{ "standard", "standard/lem", "e1000", "lem", LEM_ROW_STANDARD, 0,
	    false, false },
	{ "combined-alone", "standard/lem mit", "e1000", "lem",
	    LEM_ROW_COMBINED_ALONE, 1, false, false },
	{ "virtio", "vtnet, with mod.", "virtio-net", "vtnet", LEM_ROW_VIRTIO,
	    0, true, false },
	{ "virtio.standard", "vtnet, with std.", "virtio-net", "vtnet",
	    LEM_ROW_VIRTIO, 0, false, false },
};

static bool
wanted(const char *id, const char *patterns)
{
	char pattern[64];
	size_t n;

	if (patterns == NULL)
		return true;
	for (; *patterns != '\0'; patterns += n + (patterns[n] == ',')) {
		n = strcspn(patterns, ",");
		(void)snprintf(pattern, sizeof(pattern), "%.*s", (int)n,
		    patterns);
		if (fnmatch(pattern, id, 0) == 0)
			return true;
	}
	return false;
}

static void
set_skipped(struct lem_cell *cell, const struct lem_host *host)
{
	bool lem_vm = strcmp(cell->host, "lem-vm") == 0;
	const char *why = "";

	if (lem_vm && !host->has_kvm)
		why = host->why_no_kvm;
	else if (lem_vm)
		why = host->why_no_lem_vm;
	else if (!host->has_qemu)
		why = host->why_no_qemu;
	else if (strcmp(cell->host, "qemu-kvm") == 0 && !host->has_kvm)
		why = host->why_no_kvm;
	else if (!cell->moderation && !host->has_mitigation &&
	    strcmp(cell->nic, "e1000") == 0)
		why = "this QEMU can not switch moderation off (gone in "
		    "10.0): name an older one, such as Debian 12's 7.2, "
		    "with --qemu PATH";
	(void)snprintf(cell->skipped, sizeof(cell->skipped), "%s", why);
}

static void
set_unmeasured(struct lem_cell *c)
{
	c->ratio = c->rtt_p50_us = c->rtt_p99_us = c->boot_ms = NAN;
	c->ratio_virtio = c->rfc_kpps = c->interrupts_s = NAN;
	c->per_packet.doorbells = c->per_packet.interrupts =
	    c->per_packet.registers = c->per_packet.exits =
		c->per_packet.host_cpu_us = c->per_packet.deferred =
	    c->per_packet.ring_full = c->batch_max = NAN;
}

static const char *
host_id(const char *name)
{
	size_t h = 0;

	while (strcmp(hosts[h].name, name) != 0)
		h++;
	return hosts[h].id;
}

static void
add(struct lem_results *r, const struct lem_options *o,
    const struct lem_host *host, struct lem_cell cell)
{
	struct lem_cell *c = &r->cell[r->cells];
	bool lem_vm = strcmp(cell.host, "lem-vm") == 0;
	int n;

	if (lem_vm && rows[cell.row].virtio)
		return;			/* it has e1000s only */
	n = snprintf(cell.id, sizeof(cell.id), "%s.%s.%s.%s",
	    host_id(cell.host), cell.workload, cell.sink, rows[cell.row].id);
	if (cell.way)
		n += snprintf(cell.id + n, sizeof(cell.id) - (size_t)n, ".%s",
		    cell.doorbell);
	if (cell.frame != o->frame[0])
		n += snprintf(cell.id + n, sizeof(cell.id) - (size_t)n,
		    ".frame%u", cell.frame);
	if (cell.sweep)
		(void)snprintf(cell.id + n, sizeof(cell.id) - (size_t)n,
		    ".itr%u", cell.itr);
	if (!wanted(cell.id, o->cells))
		return;
	cell.nic = rows[cell.row].virtio ? "virtio-net" : "e1000";
	cell.driver = rows[cell.row].virtio ? "virtio-net" : "lem";
	cell.guest = "bare";
	if (lem_vm && cell.doorbell == NULL)
		cell.doorbell = "auto";
	cell.moderation = rows[cell.row].moderation;
	cell.mit_enable = rows[cell.row].mit_enable;
	if (!cell.moderation)
		cell.itr = 0;
	set_unmeasured(&cell);
	set_skipped(&cell, host);
	*c = cell;
	r->cells++;
}

/* Figures that nobody has measured yet. */
static void
add_freebsd(struct lem_results *r, const struct lem_options *o,
    const struct lem_host *host)
{
	struct lem_cell *c;
	size_t i;

	for (i = 0; i < sizeof(freebsd) / sizeof(freebsd[0]); i++) {
		c = &r->cell[r->cells];
		*c = (struct lem_cell){
			.host = "qemu-tcg",
			.nic = freebsd[i].nic,
			.driver = freebsd[i].driver,
			.guest = "freebsd",
			.label = freebsd[i].label,
			.workload = "tx",
			.sink = "null",
			.row = freebsd[i].row,
			.frame = LEM_FRAME_MIN,
			.moderation = freebsd[i].moderation,
			.mit_enable = freebsd[i].mit_enable,
		};
		(void)snprintf(c->id, sizeof(c->id), "freebsd.tx.null.%s",
		    freebsd[i].id);
		if (!wanted(c->id, o->cells))
			continue;
		if (c->moderation && strcmp(c->nic, "e1000") == 0)
			c->itr = FREEBSD_ITR;
		set_unmeasured(c);
		if (freebsd[i].rfc)
			c->rfc_kpps = lem_rfc_kpps(c->row, c->host);
		set_skipped(c, host);
		if (c->skipped[0] == '\0')
			(void)snprintf(c->skipped, sizeof(c->skipped), "%s",
			    host->why_no_freebsd);
		r->cells++;
	}
}

static void
add_table(struct lem_results *r, const struct lem_options *o,
    const struct lem_host *host, const char *name)
{
	size_t p, f;
	unsigned int row;

	for (p = 0; p < sizeof(plan) / sizeof(plan[0]); p++)
		for (f = 0; f < (plan[p].every_frame ? o->frames : 1); f++)
			for (row = 0; row < LEM_ROWS; row++)
				if ((o->full ? plan[p].full : plan[p].quick) &
				    1u << row)
					add(r, o, host,
					    (struct lem_cell){ .host = name,
						.workload = plan[p].workload,
						.sink = plan[p].sink,
						.row = (enum lem_row)row,
						.frame = o->frame[f],
						.itr = o->itr[0] });
}

static void
add_curves(struct lem_results *r, const struct lem_options *o,
    const struct lem_host *host, const char *name)
{
	size_t p, i;
	unsigned int row;

	for (p = 0; p < sizeof(curves) / sizeof(curves[0]); p++)
		for (row = 0; row < LEM_ROWS; row++)
			for (i = 0; i < o->itrs; i++)
				if (curves[p].rows & 1u << row)
					add(r, o, host,
					    (struct lem_cell){ .host = name,
						.workload = curves[p].workload,
						.sink = curves[p].sink,
						.row = (enum lem_row)row,
						.frame = o->frame[0],
						.itr = o->itr[i],
						.sweep = true });
}

/* The doorbell ways: the standard driver, which rings for each packet. */
static void
add_ways(struct lem_results *r, const struct lem_options *o,
    const struct lem_host *host)
{
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		add(r, o, host,
		    (struct lem_cell){ .host = "lem-vm",
			.workload = "tx",
			.sink = "null",
			.row = LEM_ROW_MODERATED,
			.frame = o->frame[0],
			.itr = o->itr[0],
			.doorbell = ways[i],
			.way = true });
}

/* A pattern of the list that no cell matches, NULL when there is none. */
static const char *
find_unmatched(const struct lem_results *r, const char *patterns)
{
	char pattern[64];
	size_t n, i;

	if (*patterns == '\0')
		return patterns;
	for (; *patterns != '\0'; patterns += n + (patterns[n] == ',')) {
		n = strcspn(patterns, ",");
		(void)snprintf(pattern, sizeof(pattern), "%.*s", (int)n,
		    patterns);
		for (i = 0; i < r->cells; i++)
			if (fnmatch(pattern, r->cell[i].id, 0) == 0)
				break;
		if (i == r->cells)
			return patterns;
	}
	return NULL;
}

int
lem_cells_make(struct lem_results *r, const struct lem_options *o,
    const struct lem_host *host, const char **unmatched)
{
	size_t h,
	    most = sizeof(ways) / sizeof(ways[0]) +
	    sizeof(freebsd) / sizeof(freebsd[0]) +
	    sizeof(hosts) / sizeof(hosts[0]) *
		(LEM_ROWS * (sizeof(plan) / sizeof(plan[0])) * LEM_LIST_MAX +
		    LEM_ROWS * (sizeof(curves) / sizeof(curves[0])) *
			LEM_LIST_MAX);
	/* Curves take time: of one host only, unless all is asked for. */
	size_t curve_host = host->has_kvm ? 0 : 1;

	r->cells = 0;
	r->cell = calloc(most, sizeof(*r->cell));
	if (r->cell == NULL)
		return -ENOMEM;
	for (h = 0; h < sizeof(hosts) / sizeof(hosts[0]); h++)
		add_table(r, o, host, hosts[h].name);
	add_ways(r, o, host);
	for (h = 0; h < sizeof(hosts) / sizeof(hosts[0]); h++)
		if (o->itrs > 1 && (o->full || h == curve_host))
			add_curves(r, o, host, hosts[h].name);
	add_freebsd(r, o, host);
	*unmatched = o->cells == NULL ? NULL : find_unmatched(r, o->cells);
	return *unmatched == NULL ? 0 : -ENOENT;
}
