/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every form of the results needs to know of cells.
 */
#include "results.h"

#include <math.h>

const char *
lem_cell_status(const struct lem_cell *c)
{
	if (c == NULL)
		return "-";
	if (c->skipped[0] != '\0')
		return "skipped";
	if (c->failed[0] != '\0')
		return "failed";
	return c->kpps.runs == 0 ? "-" : NULL;
}

bool
lem_cell_measured(const struct lem_cell *c)
{
	if (c->skipped[0] != '\0' || c->failed[0] != '\0')
		return false;
	return c->kpps.runs > 0 ||
	    (c->workload == LEM_WORKLOAD_IDLE &&
		(isfinite(c->per_packet.exits) ||
		    isfinite(c->per_packet.host_cpu_us)));
}

bool
lem_cell_checked(const struct lem_cell *c)
{
	return c->skipped[0] == '\0' && c->kpps.runs > 0 &&
	    c->sink != LEM_SINK_NULL && c->sink != LEM_SINK_USER &&
	    c->workload != LEM_WORKLOAD_IDLE;
}

bool
lem_cell_has_system(const struct lem_cell *c)
{
	return lem_guests[c->guest].system != NULL;
}

bool
lem_cell_has_lem_nic(const struct lem_cell *c)
{
	return lem_vmms[c->vmm].lem_nic && !lem_rows[c->row].stock &&
	    lem_drivers[c->driver].nic == LEM_NIC_E1000;
}

bool
lem_cell_of_table(const struct lem_cell *c)
{
	return !c->sweep && !c->way && !lem_cell_has_system(c) &&
	    c->workload == LEM_WORKLOAD_TX && c->sink == LEM_SINK_NULL;
}

bool
lem_cell_of_rfc(const struct lem_cell *c)
{
	return lem_cell_of_table(c) && !lem_vmms[c->vmm].lem_nic;
}

double
lem_cell_rfc(const struct lem_cell *c)
{
	if (lem_cell_has_system(c))
		return c->rfc_kpps;
	return lem_cell_of_rfc(c) ? lem_rfc_kpps(c->row, c->vmm) : NAN;
}

const char *
lem_cell_label(const struct lem_cell *c)
{
	if (c->label != NULL)
		return c->label;
	return c->way ? lem_doorbells[c->doorbell] : lem_rows[c->row].id;
}

const char *
lem_cell_name(const struct lem_cell *c)
{
	return c->way || c->label != NULL ? lem_cell_label(c) :
					    lem_rows[c->row].name;
}

/* What counts as a packet there. */
static const char *
kpps_of(enum lem_workload workload)
{
	switch (workload) {
	case LEM_WORKLOAD_PING:
	case LEM_WORKLOAD_TCP_RR:
		return "; Kpps of round trips";
	case LEM_WORKLOAD_TCP_TX:
	case LEM_WORKLOAD_TCP_RX:
		return "; a packet is 1,448 bytes";
	default:
		return "";
	}
}

/* The longest title is shorter than LEM_TITLE_BYTES. */
void
lem_group_title(char title[LEM_TITLE_BYTES], const struct lem_cell *c)
{
	char frames[48] = "; counts are a second, not a packet";

	if (c->workload != LEM_WORKLOAD_IDLE)
		(void)snprintf(frames, sizeof(frames), ", %u-byte frames",
		    c->frame);
	(void)snprintf(title, LEM_TITLE_BYTES, "%s, sink %s%s%s%s%s%s",
	    lem_workloads[c->workload], lem_sinks[c->sink], frames,
	    c->sweep ? ", against ITR" : "",
	    c->way ? ", by the doorbell's way" : "", lem_guests[c->guest].title,
	    kpps_of(c->workload));
}

static int
compare_numbers(unsigned int a, unsigned int b)
{
	return (a > b) - (a < b);
}

int
lem_compare_groups(const struct lem_cell *a, const struct lem_cell *b)
{
	int d = compare_numbers(a->guest, b->guest);

	if (d == 0)
		d = compare_numbers(a->sweep, b->sweep);
	if (d == 0)
		d = compare_numbers(a->way, b->way);
	if (d == 0)
		d = compare_numbers(a->workload, b->workload);
	if (d == 0)
		d = compare_numbers(a->sink, b->sink);
	return d != 0 ? d : compare_numbers(a->frame, b->frame);
}

int
lem_compare_cells(const void *va, const void *vb)
{
	const struct lem_cell *a = *(const struct lem_cell *const *)va;
	const struct lem_cell *b = *(const struct lem_cell *const *)vb;
	int d = lem_compare_groups(a, b);

	if (d == 0)
		d = compare_numbers(a->vmm, b->vmm);
	if (d == 0 && !lem_cell_has_system(a)) {
		d = compare_numbers(a->row, b->row);
		if (d == 0)
			d = compare_numbers(a->itr, b->itr);
	}
	/* Else as they were made. */
	return d != 0 ? d : (a > b) - (a < b);
}
