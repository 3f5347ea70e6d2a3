/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The results as one HTML file: the RFC's table, charts, every figure, the
 * machine and how to repeat it.  It has no script and fetches nothing; its
 * content security policy forbids both.
 */
#include "report.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define TIMES		"\xc3\x97"
#define DASH		"\xe2\x80\x93"
#define MICRO		"\xc2\xb5"
#define ARROW		"\xe2\x86\x92"

enum kind {
	DOUBLE,
	RATIO,
	COUNTER,
	LOSS
};

/* A column of the tables of everything. */
static const struct column {
	const char *head, *help;
	enum kind kind;
	size_t offset;
} columns[] = {
	{ "Kpps", "thousand packets a second, median", DOUBLE,
	    offsetof(struct lem_cell, kpps.median) },
	{ "min", "slowest run", DOUBLE, offsetof(struct lem_cell, kpps.min) },
	{ "max", "fastest run", DOUBLE, offsetof(struct lem_cell, kpps.max) },
	{ "ratio", "to the row standard, or stock where lem-nic is", RATIO,
	    offsetof(struct lem_cell, ratio) },
	{ "/vtnet", "to virtio-net with interrupts", RATIO,
	    offsetof(struct lem_cell, ratio_virtio) },
	{ "/polled", "to virtio-net, polled", RATIO,
	    offsetof(struct lem_cell, ratio_polled) },
	{ "irq/s", "interrupts a second", DOUBLE,
	    offsetof(struct lem_cell, interrupts_s) },
	{ "irq " MICRO "s", "time that an interrupt takes of the guest's CPU",
	    DOUBLE, offsetof(struct lem_cell, interrupt_us) },
	{ "irq share", "of the guest's time that interrupts take, 0 to 1",
	    DOUBLE, offsetof(struct lem_cell, interrupt_share) },
	{ "TDT", "doorbell writes a packet", DOUBLE,
	    offsetof(struct lem_cell, per_packet.doorbells) },
	{ "irq", "interrupts a packet", DOUBLE,
	    offsetof(struct lem_cell, per_packet.interrupts) },
	{ "regs", "register accesses a packet", DOUBLE,
	    offsetof(struct lem_cell, per_packet.registers) },
	{ "exits", "VM exits a packet", DOUBLE,
	    offsetof(struct lem_cell, per_packet.exits) },
	{ "trips", "accesses a packet that waited for lem-nic", DOUBLE,
	    offsetof(struct lem_cell, per_packet.round_trips) },
	{ "CPU " MICRO "s", "host CPU time a packet", DOUBLE,
	    offsetof(struct lem_cell, per_packet.host_cpu_us) },
	{ "p50 " MICRO "s", "median round trip", DOUBLE,
	    offsetof(struct lem_cell, rtt_p50_us) },
	{ "p99 " MICRO "s", "99th percentile of the round trip", DOUBLE,
	    offsetof(struct lem_cell, rtt_p99_us) },
	{ "lost", "packets, all runs", LOSS, offsetof(struct lem_cell, lost) },
	{ "dup.", "packets, all runs", LOSS,
	    offsetof(struct lem_cell, duplicated) },
	{ "reord.", "packets, all runs", LOSS,
	    offsetof(struct lem_cell, reordered) },
	{ "corr.", "packets, all runs", LOSS,
	    offsetof(struct lem_cell, corrupted) },
	{ "guard", "deferred packets the guard had to flush", COUNTER,
	    offsetof(struct lem_cell, guard_flushes) },
};

/* next_group: the one after g, the first for an empty one; false: no more. */
static bool
next_group(const struct lem_page *p, struct lem_page_group *g)
{
	size_t first =
	    g->cell == NULL ? 0 : (size_t)(g->cell - p->cell) + g->cells;
	size_t i = first;

	while (i < p->r->cells &&
	    lem_compare_groups(p->cell[first], p->cell[i]) == 0)
		i++;
	g->cell = p->cell + first;
	g->cells = i - first;
	return g->cells > 0;
}

/* table_group: tx, null sink; 60-byte frames if there is a choice. */
static struct lem_page_group
table_group(const struct lem_page *p)
{
	struct lem_page_group g = { 0 }, found = { 0 };

	while (next_group(p, &g)) {
		const struct lem_cell *c = g.cell[0];

		if (!lem_cell_of_table(c))
			continue;
		if (found.cell == NULL || c->frame == 60)
			found = g;
	}
	return found;
}

/* group_part: its cells of lem-nic, which are the last, or the others. */
static struct lem_page_group
group_part(const struct lem_page_group *g, bool lem_nic)
{
	size_t others = 0;

	if (g->cells == 0)
		return *g;
	while (others < g->cells && !lem_vmms[g->cell[others]->vmm].lem_nic)
		others++;
	return lem_nic ?
	    (struct lem_page_group){ g->cell + others, g->cells - others } :
	    (struct lem_page_group){ g->cell, others };
}

static const struct lem_cell *
find_cell(const struct lem_page_group *g, enum lem_row row, enum lem_vmm_id vmm)
{
	size_t i;

	for (i = 0; i < g->cells; i++)
		if (g->cell[i]->row == row && g->cell[i]->vmm == vmm)
			return g->cell[i];
	return NULL;
}

/* first_of_vmm: is cell i the first of its VMM in the group? */
static bool
first_of_vmm(const struct lem_page_group *g, size_t i)
{
	return i == 0 || g->cell[i - 1]->vmm != g->cell[i]->vmm;
}

const char *
lem_page_ratio(char text[LEM_SVG_NUMBER_SIZE], double v)
{
	if (!isfinite(v))
		return DASH;
	if (v >= 0.0995 && v < 0.9995) {
		snprintf(text, LEM_SVG_NUMBER_SIZE, "%.2f" TIMES, v);
	} else {
		char plain[LEM_SVG_NUMBER_SIZE];

		snprintf(text, LEM_SVG_NUMBER_SIZE, "%.30s" TIMES,
		    v == 1 ? "1" : lem_html_number(plain, v));
	}
	return text;
}

/* rfc_ratio: the RFC's own, NAN where the RFC has no figure. */
static double
rfc_ratio(enum lem_row row, enum lem_vmm_id vmm)
{
	return lem_rfc_kpps(row, vmm) / lem_rfc_kpps(LEM_ROW_STANDARD, vmm);
}

void
lem_page_tagged(FILE *out, const char *tag, const char *class, const char *text)
{
	fprintf(out, "<%s", tag);
	if (class != NULL)
		fprintf(out, " class=\"%s\"", class);
	fputs(">", out);
	lem_html_text(out, text);
	fprintf(out, "</%s>", tag);
}

static void
page_head(const struct lem_page *p)
{
	const struct lem_machine *m = &p->r->machine;

	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\"/>\n"
	    "<meta http-equiv=\"Content-Security-Policy\" content=\""
	    "default-src 'none'; style-src 'unsafe-inline'\"/>\n"
	    "<meta name=\"viewport\" content=\"width=device-width\"/>\n"
	      "<title>lem-bench",
	    p->out);
	if (m->date[0] != '\0')
		fputs(", ", p->out);
	lem_html_text(p->out, m->date);
	fprintf(p->out,
	    "</title>\n<style>\n%s</style>\n</head>\n<body>\n"
	    "<main>\n<h1>What an emulated e1000 costs, and what helps</h1>\n"
	    "<p class=\"soft\">",
	    lem_svg_style);
	lem_html_text(p->out, m->cpu);
	fprintf(p->out, "%s%u core%s%s", m->cpu[0] != '\0' ? ", " : "",
	    m->cores, m->cores == 1 ? "" : "s", m->qemu[0] ? ", " : "");
	lem_html_text(p->out, m->qemu);
	fputs(m->date[0] != '\0' ? ", " : "", p->out);
	lem_html_text(p->out, m->date);
	fputs("</p>\n", p->out);
	if (p->r->interrupted)
		fputs("<p class=\"warn\">Interrupted: this is what was "
		      "measured before.</p>\n",
		    p->out);
}

/* page_tile: the outcome with one VMM, in a figure and a line. */
static void
page_tile(FILE *out, const struct lem_cell *before,
    const struct lem_cell *after)
{
	char a[LEM_SVG_NUMBER_SIZE], b[LEM_SVG_NUMBER_SIZE];
	bool both = before != NULL && lem_cell_measured(before);
	double rfc = rfc_ratio(after->row, after->vmm);

	fputs("<div class=\"tile\">", out);
	lem_page_tagged(out, "p", "soft", lem_vmms[after->vmm].label);
	fprintf(out, "<p class=\"big\">%s</p><p>",
	    both ? lem_page_ratio(a, after->ratio) :
		   lem_html_number(a, after->kpps.median));
	if (both)
		fprintf(out, "%s " ARROW " %s Kpps; ",
		    lem_html_number(a, before->kpps.median),
		    lem_html_number(b, after->kpps.median));
	else
		fputs("Kpps; ", out);
	fprintf(out, "%s</p>", lem_cell_name(after));
	if (both && isfinite(after->per_packet.exits))
		fprintf(out,
		    "<p class=\"soft\">%s " ARROW " %s VM exits a "
		    "packet</p>",
		    lem_html_number(a, before->per_packet.exits),
		    lem_html_number(b, after->per_packet.exits));
	if (isfinite(rfc))
		fprintf(out, "<p class=\"soft\">RFC of 2012: %.3g" TIMES "</p>",
		    rfc);
	fputs("</div>\n", out);
}

static void
page_tiles(FILE *out, const struct lem_page_group *g)
{
	size_t i;

	fputs("<div class=\"tiles\">\n", out);
	/* lem-nic is for guests whose driver stays as it is. */
	for (i = 0; i < g->cells; i++)
		if (g->cell[i]->row ==
			(lem_vmms[g->cell[i]->vmm].lem_nic ?
				LEM_ROW_MODERATED :
				LEM_ROW_MODIFIED) &&
		    lem_cell_measured(g->cell[i]))
			page_tile(out,
			    find_cell(g, lem_vmm_base(g->cell[i]->vmm),
				g->cell[i]->vmm),
			    g->cell[i]);
	fputs("</div>\n", out);
}

/* page_rfc_head: four columns for a VMM that the RFC has, three for others. */
static void
page_rfc_head(FILE *out, const struct lem_page_group *g)
{
	const struct lem_vmm_kind *vmm;
	size_t i;

	fputs("<div class=\"scroll\"><table class=\"main\">\n<thead><tr>"
	    "<th rowspan=\"2\" scope=\"col\" class=\"left\">row: hypervisor, "
	    "driver</th>",
	    out);
	for (i = 0; i < g->cells; i++) {
		vmm = &lem_vmms[g->cell[i]->vmm];
		if (first_of_vmm(g, i))
			fprintf(out,
			    "<th colspan=\"%d\" scope=\"colgroup\" "
			    "class=\"span\">%s</th>",
			    vmm->rfc != NULL ? 4 : 3, vmm->label);
	}
	fputs("</tr>\n<tr>", out);
	for (i = 0; i < g->cells; i++) {
		vmm = &lem_vmms[g->cell[i]->vmm];
		if (first_of_vmm(g, i))
			fprintf(out,
			    "<th scope=\"col\" class=\"first\">Kpps</th>"
			    "<th scope=\"col\">min" DASH "max</th>"
			    "<th scope=\"col\">ratio</th>%s",
			    vmm->rfc != NULL ?
				"<th scope=\"col\">RFC, 2012</th>" :
				"");
	}
	fputs("</tr></thead>\n<tbody>\n", out);
}

/* page_rfc_cell: our figures of a row and VMM, then the RFC's. */
static void
page_rfc_cell(FILE *out, const struct lem_page_group *g, enum lem_row row,
    enum lem_vmm_id vmm)
{
	const struct lem_cell *c = find_cell(g, row, vmm);
	const char *status = lem_cell_status(c);
	double rfc = lem_rfc_kpps(row, vmm);
	char a[LEM_SVG_NUMBER_SIZE], b[LEM_SVG_NUMBER_SIZE];

	if (status != NULL)
		fprintf(out, "<td class=\"kpps\">%s</td><td></td><td></td>",
		    strcmp(status, "-") == 0 ? DASH : status);
	else {
		fprintf(out, "<td class=\"kpps\">%s</td>",
		    lem_html_number(a, c->kpps.median));
		fprintf(out, "<td class=\"range\">%s" DASH "%s</td>",
		    lem_html_number(a, c->kpps.min),
		    lem_html_number(b, c->kpps.max));
		fprintf(out, "<td class=\"ratio\">%s</td>",
		    lem_page_ratio(a, c->ratio));
	}
	if (isfinite(rfc))
		fprintf(out, "<td class=\"rfc\">%g (%.3g" TIMES ")</td>", rfc,
		    rfc_ratio(row, vmm));
	else if (lem_vmms[vmm].rfc != NULL)
		fputs("<td></td>", out);
}

static void
page_rfc_table(FILE *out, const struct lem_page_group *g)
{
	unsigned int row;
	size_t k;

	page_rfc_head(out, g);
	for (row = 0; row < LEM_ROWS; row++) {
		for (k = 0; k < g->cells && g->cell[k]->row != row; k++)
			;
		if (row >= LEM_RFC_ROWS && k == g->cells)
			continue;
		fprintf(out, "<tr%s><th scope=\"row\">",
		    row >= LEM_RFC_ROWS ? " class=\"ref\"" : "");
		fprintf(out, "%s<br/>", lem_rows[row].id);
		lem_page_tagged(out, "span", "soft", lem_rows[row].name);
		fputs("</th>", out);
		for (k = 0; k < g->cells; k++)
			if (first_of_vmm(g, k))
				page_rfc_cell(out, g, (enum lem_row)row,
				    g->cell[k]->vmm);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

static bool
any_measured(const struct lem_page_group *g)
{
	size_t i;

	for (i = 0; i < g->cells; i++)
		if (lem_cell_measured(g->cell[i]))
			return true;
	return false;
}

void
lem_page_title(FILE *out, const struct lem_cell *c)
{
	char title[LEM_TITLE_BYTES];

	lem_group_title(title, c);
	lem_html_text(out, title);
}

static double
double_of(const struct lem_cell *c, const struct column *col)
{
	double v;

	if (col->offset < offsetof(struct lem_cell, ratio) && c->kpps.runs == 0)
		return NAN;
	memcpy(&v, (const char *)c + col->offset, sizeof(v));
	return v;
}

static uint64_t
counter_of(const struct lem_cell *c, const struct column *col)
{
	uint64_t v;

	memcpy(&v, (const char *)c + col->offset, sizeof(v));
	return v;
}

/* has_figure: does the cell have a figure for this column? */
static bool
has_figure(const struct lem_cell *c, const struct column *col)
{
	switch (col->kind) {
	case LOSS:
		return lem_cell_checked(c);
	case COUNTER:
		return counter_of(c, col) > 0;
	default:
		return isfinite(double_of(c, col));
	}
}

static void
page_figure(FILE *out, const struct lem_cell *c, const struct column *col)
{
	char text[LEM_SVG_NUMBER_SIZE];

	if (col->kind == LOSS && !lem_cell_checked(c))
		fputs("<td>" DASH "</td>", out);
	else if (col->kind == LOSS || col->kind == COUNTER)
		fprintf(out, "<td>%ju</td>", (uintmax_t)counter_of(c, col));
	else
		fprintf(out, "<td>%s</td>",
		    col->kind == RATIO ?
			lem_page_ratio(text, double_of(c, col)) :
			lem_html_number(text, double_of(c, col)));
}

/* use_columns: which columns have a figure in this group. */
static void
use_columns(const struct lem_page_group *g, bool use[COUNT(columns)])
{
	size_t i, k;

	for (k = 0; k < COUNT(columns); k++) {
		use[k] = false;
		for (i = 0; i < g->cells; i++)
			use[k] |= lem_cell_measured(g->cell[i]) &&
			    has_figure(g->cell[i], &columns[k]);
	}
}

static void
page_group_rows(FILE *out, const struct lem_page_group *g,
    const bool use[COUNT(columns)])
{
	size_t i, k;

	for (i = 0; i < g->cells; i++) {
		const struct lem_cell *c = g->cell[i];

		if (!lem_cell_measured(c))
			continue;
		fputs("<tr><th scope=\"row\"><code>", out);
		lem_html_text(out, c->id);
		fputs("</code></th>", out);
		lem_page_tagged(out, "td", "left", lem_cell_name(c));
		fprintf(out, "<td>%u</td>", c->itr);
		for (k = 0; k < COUNT(columns); k++)
			if (use[k])
				page_figure(out, c, &columns[k]);
		fputs("</tr>\n", out);
	}
}

static void
page_group_table(FILE *out, const struct lem_page_group *g)
{
	bool use[COUNT(columns)];
	size_t k;

	use_columns(g, use);
	fputs("<div class=\"scroll\"><table class=\"all\">\n<thead><tr>"
	    "<th scope=\"col\" class=\"left\">cell</th>"
	    "<th scope=\"col\" class=\"left\">hypervisor, driver</th>"
	      "<th scope=\"col\" title=\"units of 256 ns\">ITR</th>",
	    out);
	for (k = 0; k < COUNT(columns); k++)
		if (use[k])
			fprintf(out, "<th scope=\"col\" title=\"%s\">%s</th>",
			    columns[k].help, columns[k].head);
	fputs("</tr></thead>\n<tbody>\n", out);
	page_group_rows(out, g, use);
	fputs("</tbody></table></div>\n", out);
}

static void
page_everything(const struct lem_page *p)
{
	struct lem_page_group g = { 0 };

	fputs("<h2>Every figure</h2>\n<p>Per packet: TDT writes, interrupts "
	    "(irq), register accesses (regs), VM exits and host CPU time; "
	    "medians over the runs. ITR counts units of 256 ns. A dash: not "
	      "measured.</p>\n",
	    p->out);
	while (next_group(p, &g)) {
		if (!any_measured(&g))
			continue;
		fputs("<h3>", p->out);
		lem_page_title(p->out, g.cell[0]);
		fputs("</h3>\n", p->out);
		page_group_table(p->out, &g);
	}
}

static void
page_integrity(const struct lem_page *p)
{
	uintmax_t lost = 0, duplicated = 0, reordered = 0, corrupted = 0;
	size_t i, checked = 0;

	for (i = 0; i < p->r->cells; i++) {
		const struct lem_cell *c = p->cell[i];

		checked += lem_cell_checked(c);
		lost += c->lost;
		duplicated += c->duplicated;
		reordered += c->reordered;
		corrupted += c->corrupted;
	}
	fprintf(p->out,
	    "<p%s>%ju lost, %ju duplicated, %ju reordered, %ju "
	    "corrupted, in %zu cell%s whose every packet was checked.</p>\n",
	    lost + duplicated + reordered + corrupted > 0 ? " class=\"warn\"" :
							    "",
	    lost, duplicated, reordered, corrupted, checked,
	    checked == 1 ? "" : "s");
}

/* page_reasons: the cells that were skipped or failed, and why. */
static void
page_reasons(const struct lem_page *p, bool failed)
{
	size_t i, n = 0;

	for (i = 0; i < p->r->cells; i++) {
		const struct lem_cell *c = &p->r->cell[i];
		const char *reason = failed ? c->failed : c->skipped;

		if (reason[0] == '\0')
			continue;
		if (n++ == 0)
			fprintf(p->out, "<h2>%s</h2>\n<dl>\n",
			    failed ? "Failed cells" : "Skipped cells");
		fputs("<dt><code>", p->out);
		lem_html_text(p->out, c->id);
		fputs("</code></dt>", p->out);
		lem_page_tagged(p->out, "dd", NULL, reason);
		fputs("\n", p->out);
	}
	if (n > 0)
		fputs("</dl>\n", p->out);
}

static void
page_fact(FILE *out, const char *name, const char *text)
{
	if (text[0] == '\0')
		return;
	lem_page_tagged(out, "dt", NULL, name);
	lem_page_tagged(out, "dd", NULL, text);
	fputs("\n", out);
}

static void
page_machine(const struct lem_page *p)
{
	const struct lem_machine *m = &p->r->machine;
	char text[64], figure_text[LEM_SVG_NUMBER_SIZE];

	fputs("<h2>The machine, and how to repeat it</h2>\n<dl>\n", p->out);
	page_fact(p->out, "CPU", m->cpu);
	snprintf(text, sizeof(text), "%u", m->cores);
	page_fact(p->out, "Cores", text);
	page_fact(p->out, "System", m->os);
	page_fact(p->out, "Kernel", m->kernel);
	page_fact(p->out, "QEMU", m->qemu);
	if (strcmp(m->nic_qemu, m->qemu) != 0)
		page_fact(p->out, "QEMU with lem-nic", m->nic_qemu);
	page_fact(p->out, "KVM", m->kvm);
	page_fact(p->out, "Date", m->date);
	snprintf(text, sizeof(text), "%u of %g s a cell, interleaved",
	    p->r->runs, p->r->seconds);
	page_fact(p->out, "Runs", text);
	if (isfinite(m->sink_kpps)) {
		snprintf(text, sizeof(text),
		    "%s Kpps, the most that it can take",
		    lem_html_number(figure_text, m->sink_kpps));
		page_fact(p->out, "Receiver", text);
	}
	fprintf(p->out,
	    "</dl>\n<pre>lem-bench --runs %u --seconds %g --json "
	    "results.json --report report</pre>\n",
	    p->r->runs, p->r->seconds);
	fputs("<p>The speed of a machine drifts: compare figures of one run "
	      "with each other, those of two runs only by their ratios.</p>\n",
	    p->out);
}

/* first_measured: what the charts show without the RFC's cells. */
static struct lem_page_group
first_measured(const struct lem_page *p)
{
	struct lem_page_group g = { 0 };

	while (next_group(p, &g))
		if (any_measured(&g))
			break;
	return g;
}

/* page_tables: the RFC's, and that of lem-nic in the same form. */
static void
page_tables(const struct lem_page *p, const struct lem_page_group *g)
{
	struct lem_page_group rfc = group_part(g, false),
			      nic = group_part(g, true);

	fputs("<h2>The table of the RFC</h2>\n", p->out);
	if (rfc.cells > 0) {
		fprintf(p->out,
		    "<p>UDP transmit, %u-byte frames, null sink; "
		    "medians, and ratios to the first row.</p>\n",
		    rfc.cell[0]->frame);
		page_rfc_table(p->out, &rfc);
	} else
		fputs("<p>No cell of it (tx, sink null) was asked for.</p>\n",
		    p->out);
	if (nic.cells == 0)
		return;
	fprintf(p->out,
	    "<h2>lem-nic in QEMU</h2>\n"
	    "<p>UDP transmit, %u-byte frames, null sink; medians, and ratios "
	    "to the row stock: all in the same ",
	    nic.cell[0]->frame);
	lem_html_text(p->out,
	    p->r->machine.nic_qemu[0] != '\0' ? p->r->machine.nic_qemu :
						"QEMU");
	fputs(".</p>\n", p->out);
	page_rfc_table(p->out, &nic);
}

static void
page_main(const struct lem_page *p)
{
	struct lem_page_group g = table_group(p);

	if (g.cells > 0)
		page_tiles(p->out, &g);
	page_tables(p, &g);
	page_integrity(p);
	if (g.cells == 0)
		g = first_measured(p);
	fputs("<h2>Kpps by cell</h2>\n", p->out);
	lem_page_bars(p, &g, LEM_MEASURE_KPPS,
	    "Median of the runs, whiskers from the slowest "
	    "to the fastest; in brackets the ratio to the standard hypervisor "
	    "with the standard driver, of lem-nic to QEMU's own e1000.");
	fputs("<h2>Exits per packet</h2>\n", p->out);
	lem_page_bars(p, &g, LEM_MEASURE_EXITS,
	    "VM exits for each packet: fewer are better. KVM counts them.");
}

/* page_ways: the ways in which a doorbell can reach lem-vm, side by side. */
static void
page_ways(const struct lem_page *p)
{
	struct lem_page_group g = { 0 };
	bool any = false;

	while (next_group(p, &g)) {
		if (!g.cell[0]->way || !any_measured(&g))
			continue;
		if (!any)
			fputs("<h2>Ways of a doorbell</h2>\n", p->out);
		any = true;
		lem_page_bars(p, &g, LEM_MEASURE_KPPS,
		    "lem-vm with a driver that writes TDT for each packet; in "
		    "brackets the ratio to an exit for each. lem-vm(1) "
		    "explains the ways.");
	}
}

static void
page_page(const struct lem_page *p)
{
	page_head(p);
	page_main(p);
	page_ways(p);
	fputs("<h2>Kpps against ITR</h2>\n", p->out);
	lem_page_curves(p, LEM_WORKLOAD_TX,
	    "Transmit rate for each setting of the interrupt "
	    "throttle; 0 does not throttle. Lines across: driver or "
	    "hypervisor choose the interval.");
	fputs("<h2>Latency against ITR</h2>\n", p->out);
	lem_page_curves(p, LEM_WORKLOAD_PING,
	    "Round trips of one packet at a time: median "
	    "(whole line) and 99th percentile (dashed).");
	page_everything(p);
	page_reasons(p, false);
	page_reasons(p, true);
	page_machine(p);
	fputs("</main>\n</body>\n</html>\n", p->out);
}

/* write_page: allocate what the page needs and write it. */
static int
write_page(FILE *out, const struct lem_results *r)
{
	struct lem_page p = { .out = out, .r = r };
	int error = -ENOMEM;
	size_t i;

	p.cell = calloc(r->cells + 1, sizeof(*p.cell));
	p.bar = calloc(r->cells + 1, sizeof(*p.bar));
	p.line = calloc(2 * r->cells + 1, sizeof(*p.line));
	p.point = calloc(4 * r->cells + 1, sizeof(*p.point));
	if (p.cell != NULL && p.bar != NULL && p.line != NULL &&
	    p.point != NULL) {
		for (i = 0; i < r->cells; i++)
			p.cell[i] = &r->cell[i];
		qsort(p.cell, r->cells, sizeof(*p.cell), lem_compare_cells);
		errno = 0;
		page_page(&p);
		error = 0;
		if (fflush(out) != 0 || ferror(out))
			error = errno != 0 ? -errno : -EIO;
	}
	free(p.cell);
	free(p.bar);
	free(p.line);
	free(p.point);
	return error;
}

/* write_file: the page, under a temporary name until it is whole. */
static int
write_file(const char *path, const char *temporary, const struct lem_results *r)
{
	FILE *out = fopen(temporary, "we");
	int error;

	if (out == NULL)
		return -errno;
	error = write_page(out, r);
	if (fclose(out) != 0 && error == 0)
		error = -errno;
	if (error == 0 && rename(temporary, path) != 0)
		error = -errno;
	if (error != 0)
		unlink(temporary);
	return error;
}

int
lem_report_write(const char *dir, const struct lem_results *r)
{
	/* SVG needs decimal points, whatever the user's locale has. */
	char path[PATH_MAX], temporary[PATH_MAX];
	locale_t c, old;
	int error;

	if (snprintf(path, sizeof(path), "%s/index.html", dir) >= PATH_MAX ||
	    snprintf(temporary, sizeof(temporary), "%s/.index.html.%ld", dir,
		(long)getpid()) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (mkdir(dir, 0777) != 0 && errno != EEXIST)
		return -errno;
	c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
	if (c == (locale_t)0)
		return -errno;
	old = uselocale(c);
	error = write_file(path, temporary, r);
	uselocale(old);
	freelocale(c);
	return error;
}
