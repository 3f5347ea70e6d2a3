/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <string.h>

#include "lines.h"
#include "rates.h"

/* A line of a family: a value, and the label that tells it from its sisters. */
struct row {
	const char *key;		/* in the statistics */
	const char *label, *value;	/* NULL: there is one row */
};

struct family {
	const char *name, *type, *help;
	bool nic;			/* of each NIC, or of the program */
	double scale;			/* to base units */
	const struct row *rows;
	size_t n;
};

#define ROWS(...)							\
	(const struct row[]){ __VA_ARGS__ },				\
	    sizeof((const struct row[]){ __VA_ARGS__ }) / sizeof(struct row)
#define ROW(key)	ROWS({ key, NULL, NULL })

static const struct family families[] = {
	{ "lem_cpu_seconds_total", "counter", "CPU time of the process.", false,
	    1e-6, ROW("cpu_us") },
	{ "lem_guest_exits_total", "counter",
	    "VM exits of all CPUs of the guest, as KVM counts them.", false, 1,
	    ROW("exits") },
	{ "lem_vfio_user_requests_total", "counter", "Requests of the VMM.",
	    false, 1, ROW("requests") },
	{ "lem_vfio_user_posted_writes_total", "counter",
	    "Register writes that the VMM does not wait for.", false, 1,
	    ROW("posted") },
	{ "lem_vfio_user_errors_total", "counter",
	    "Requests that got an error reply.", false, 1, ROW("errors") },
	{ "lem_nic_packets_total", "counter",
	    "Packets that the guest sent and received.", true, 1,
	    ROWS({ "tx_packets", "direction", "transmit" },
		{ "rx_packets", "direction", "receive" }) },
	{ "lem_nic_bytes_total", "counter",
	    "Bytes of these packets, without their CRCs.", true, 1,
	    ROWS({ "tx_bytes", "direction", "transmit" },
		{ "rx_bytes", "direction", "receive" }) },
	{ "lem_nic_dropped_packets_total", "counter",
	    "Packets that were lost, by reason.", true, 1, NULL, DROPS },
	{ "lem_nic_filtered_packets_total", "counter",
	    "Frames that were for somebody else.", true, 1,
	    ROW("rx_filtered") },
	{ "lem_nic_interrupts_total", "counter",
	    "Interrupts that the NIC raised.", true, 1, ROW("interrupts") },
	{ "lem_nic_held_interrupts_total", "counter",
	    "Interrupts that were held, by adaptive moderation.", true, 1,
	    ROW("held") },
	{ "lem_nic_released_interrupts_total", "counter",
	    "Held interrupts that came early, by reason.", true, 1,
	    ROWS({ "released_ring", "reason", "ring" },
		{ "released_pause", "reason", "pause" },
		{ "released_frame", "reason", "frame" },
		{ "released_half", "reason", "half" }) },
	{ "lem_nic_register_accesses_total", "counter",
	    "Register accesses of the guest that trapped.", true, 1,
	    ROWS({ "reg_reads", "access", "read" },
		{ "reg_writes", "access", "write" }) },
	{ "lem_nic_doorbells_total", "counter",
	    "Doorbells: writes that trapped, looks at doorbell memory that "
	    "found a write, turns that a trap of another register took.",
	    true, 1,
	    ROWS({ "traps", "kind", "trap" }, { "rung", "kind", "memory" },
		{ "turns", "kind", "turn" }) },
	{ "lem_nic_busy_seconds_total", "counter",
	    "Time in the states busy and turns that is over.", true, 1e-6,
	    ROW("busy_us") },
	{ "lem_nic_parks_total", "counter", "Times that it was parked.", true,
	    1, ROW("parked") },
	{ "lem_nic_resets_total", "counter", "Resets by the guest.", true, 1,
	    ROW("resets") },
	{ "lem_nic_guest_errors_total", "counter",
	    "What the guest got wrong, by kind.", true, 1,
	    ROWS({ "bad_access", "kind", "access" },
		{ "bad_ring", "kind", "ring" },
		{ "bad_address", "kind", "address" },
		{ "bad_descriptor", "kind", "descriptor" }) },
	{ "lem_nic_link_up", "gauge", "Whether the link is up.", true, 1,
	    ROW("link") },
	{ "lem_nic_cable_in", "gauge", "Whether the cable is in.", true, 1,
	    ROW("cable") },
	{ "lem_nic_interrupt_interval_seconds", "gauge",
	    "Least time between two interrupts; 0: none.", true, 1e-9,
	    ROW("itr_ns") },
	{ "lem_nic_interrupt_hold_seconds", "gauge",
	    "The same while a stream runs, by adaptive moderation; 0: none.",
	    true, 1e-9, ROW("hold_ns") },
	{ "lem_nic_interrupt_cost_seconds", "gauge",
	    "What an interrupt costs the guest, as that has learnt it.", true,
	    1e-9, ROW("interrupt_cost_ns") },
	{ "lem_nic_ring_descriptors", "gauge", "Descriptors in the ring.", true,
	    1,
	    ROWS({ "tx_ring", "ring", "transmit" },
		{ "rx_ring", "ring", "receive" }) },
	{ "lem_nic_ring_owned_descriptors", "gauge",
	    "Descriptors that the NIC has: to send, or free for frames.", true,
	    1,
	    ROWS({ "tx_used", "ring", "transmit" },
		{ "rx_free", "ring", "receive" }) },
};

static void
family_head(FILE *out, const char *name, const char *type, const char *help)
{
	(void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
	    type);
}

/* Whose metrics these are: program="...",pid="..." */
static void
labels_put(FILE *out, const struct program *p)
{
	(void)fprintf(out, "program=\"%s\",pid=\"%d\"", p->name, (int)p->pid);
}

static void
row_put(FILE *out, const struct family *f, const struct row *row,
    const struct program *p, const json_t *object, size_t nic)
{
	double value = number_of(object, row->key);

	if (isnan(value))
		return;
	(void)fprintf(out, "%s{", f->name);
	labels_put(out, p);
	if (f->nic)
		(void)fprintf(out, ",nic=\"%zu\"", nic);
	if (row->label != NULL)
		(void)fprintf(out, ",%s=\"%s\"", row->label, row->value);
	(void)fprintf(out, "} %.15g\n", value * f->scale);
}

static struct row
family_row(const struct family *f, size_t i)
{
	if (f->rows != NULL)
		return f->rows[i];
	return (struct row){ drops[i].key, "reason", drops[i].reason };
}

static void
family_put(FILE *out, const struct family *f, const struct program *p)
{
	struct span s = program_span(p), nic;
	struct row row;
	size_t i, j;

	for (i = 0; i < (f->nic ? span_nics(&s) : 1); i++) {
		nic = f->nic ? span_nic(&s, i) : s;
		for (j = 0; j < f->n; j++) {
			row = family_row(f, j);
			row_put(out, f, &row, p, nic.now, i);
		}
	}
}

/* ------------------------------------------------- those without a number */

static void
up_put(FILE *out, const struct programs *all)
{
	char path[PROGRAM_PATH_BYTES];
	size_t i;

	family_head(out, "lem_up", "gauge", "Whether the program answers.");
	for (i = 0; i < all->n; i++) {
		text_clean(path, sizeof(path), all->at[i].path);
		(void)fprintf(out, "lem_up{");
		labels_put(out, &all->at[i]);
		(void)fprintf(out, ",control=\"%s\"} %d\n", path,
		    all->at[i].answers);
	}
}

static void
info_put(FILE *out, const struct programs *all)
{
	char version[16];
	size_t i;

	family_head(out, "lem_info", "gauge", "The program's version.");
	for (i = 0; i < all->n; i++) {
		if (!all->at[i].answers)
			continue;
		text_of(version, sizeof(version), all->at[i].now, "version");
		(void)fprintf(out, "lem_info{");
		labels_put(out, &all->at[i]);
		(void)fprintf(out, ",version=\"%s\"} 1\n", version);
	}
}

static void
nic_states_put(FILE *out, const struct program *p, const json_t *nic, size_t i)
{
	static const char *const states[] = { "trap", "busy", "turns",
		"parked" };
	char mac[18], is[16];
	size_t j;

	text_of(mac, sizeof(mac), nic, "mac");
	text_of(is, sizeof(is), nic, "state");
	for (j = 0; j < sizeof(states) / sizeof(states[0]); j++) {
		(void)fprintf(out, "lem_nic_state{");
		labels_put(out, p);
		(void)fprintf(out, ",nic=\"%zu\",mac=\"%s\",state=\"%s\"} %d\n",
		    i, mac, states[j], strcmp(is, states[j]) == 0);
	}
}

static void
states_put(FILE *out, const struct programs *all)
{
	struct span s;
	size_t i, j;

	family_head(out, "lem_nic_state", "gauge",
	    "The state of the doorbells: 1, and 0 of the other states.");
	for (i = 0; i < all->n; i++) {
		s = program_span(&all->at[i]);
		for (j = 0; all->at[i].answers && j < span_nics(&s); j++)
			nic_states_put(out, &all->at[i], span_nic(&s, j).now,
			    j);
	}
}

void
metrics_put(FILE *out, const struct programs *all)
{
	const struct family *f;
	size_t i, j;

	up_put(out, all);
	info_put(out, all);
	states_put(out, all);
	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		f = &families[i];
		family_head(out, f->name, f->type, f->help);
		for (j = 0; j < all->n; j++)
			if (all->at[j].answers)
				family_put(out, f, &all->at[j]);
	}
}
