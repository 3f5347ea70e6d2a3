/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The results as one HTML file: the RFC's table, four charts, every figure,
 * the machine and how to repeat it.  No script, nothing fetched; a content
 * security policy says so to the browser too.
 */
#include "results.h"
#include "svg.h"

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
#define ROW_COLOUR	4u	/* colours below it are those of hosts */

static const char *const line_labels[LEM_ROWS] = {
	[LEM_ROW_STANDARD] = "standard",
	[LEM_ROW_COMBINED_ALONE] = "modified alone",
	[LEM_ROW_MODERATED] = "moderated",
	[LEM_ROW_INTERRUPT] = "reclaims by interrupt",
	[LEM_ROW_ORIGINAL] = "driver of 2012",
	[LEM_ROW_COMBINED] = "modified",
	[LEM_ROW_VIRTIO] = "virtio-net",
	[LEM_ROW_VIRTIO_POLL] = "virtio polled",
};

/*
 * The page being written: all cells, sorted into groups of equal sweep,
 * workload, sink and frame, and by host, row and ITR within.
 */
struct page {
	FILE *out;
	const struct lem_results *r;
	const struct lem_cell **cell;
	struct lem_svg_bar *bar;	/* room for one a cell */
	struct lem_svg_line *line;	/* for two a cell */
	struct lem_svg_point *point;
};

/* A run of page.cell: one group. */
struct group {
	const struct lem_cell *const *cell;
	size_t cells;
};

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
	{ "ratio", "to standard hypervisor, standard driver", RATIO,
	    offsetof(struct lem_cell, ratio) },
	{ "/vtnet", "to vtnet in the same guest", RATIO,
	    offsetof(struct lem_cell, ratio_virtio) },
	{ "irq/s", "interrupts a second", DOUBLE,
	    offsetof(struct lem_cell, interrupts_s) },
	{ "TDT", "doorbell writes a packet", DOUBLE,
	    offsetof(struct lem_cell, per_packet.doorbells) },
	{ "irq", "interrupts a packet", DOUBLE,
	    offsetof(struct lem_cell, per_packet.interrupts) },
	{ "regs", "register accesses a packet", DOUBLE,
	    offsetof(struct lem_cell, per_packet.registers) },
	{ "exits", "VM exits a packet", DOUBLE,
	    offsetof(struct lem_cell, per_packet.exits) },
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
next_group(const struct page *p, struct group *g)
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

/* rfc_group: tx, null sink; 60-byte frames if there is a choice. */
static struct group
rfc_group(const struct page *p)
{
	struct group g = { 0 }, found = { 0 };

	while (next_group(p, &g)) {
		const struct lem_cell *c = g.cell[0];

		if (!lem_cell_of_rfc(c))
			continue;
		if (found.cell == NULL || c->frame == 60)
			found = g;
	}
	return found;
}

static const struct lem_cell *
find(const struct group *g, enum lem_row row, const char *host)
{
	size_t i;

	for (i = 0; i < g->cells; i++)
		if (g->cell[i]->row == row &&
		    strcmp(g->cell[i]->host, host) == 0)
			return g->cell[i];
	return NULL;
}

/* first_of_host: is cell i the first of its host in the group? */
static bool
first_of_host(const struct group *g, size_t i)
{
	return i == 0 || strcmp(g->cell[i - 1]->host, g->cell[i]->host) != 0;
}

/* host_colour: the RFC's two hosts keep theirs, others share the rest. */
static unsigned int
host_colour(const char *host)
{
	if (strcmp(host, "qemu-kvm") == 0)
		return 0;
	if (strcmp(host, "qemu-tcg") == 0)
		return 1;
	return 2 + (unsigned char)host[strlen(host) / 2] % 2;
}

/* ratio_text: "85.3x" with a true multiplication sign. */
static const char *
ratio_text(char text[LEM_SVG_NUMBER_SIZE], double v)
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

/* rfc_ratio: the RFC's own, NAN where it has no figure. */
static double
rfc_ratio(enum lem_row row, const char *host)
{
	return lem_rfc_kpps(row, host) / lem_rfc_kpps(LEM_ROW_STANDARD, host);
}

/* put_tagged: <tag class="class">text</tag>. */
static void
put_tagged(FILE *out, const char *tag, const char *class, const char *text)
{
	fprintf(out, "<%s", tag);
	if (class != NULL)
		fprintf(out, " class=\"%s\"", class);
	fputs(">", out);
	lem_html_text(out, text);
	fprintf(out, "</%s>", tag);
}

static void
put_head(const struct page *p)
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
	    "<main>\n<h1>What an emulated e1000 costs, and need not</h1>\n"
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
		fputs("<p class=\"warn\">Interrupted: this is what had been "
		      "measured by then.</p>\n",
		    p->out);
}

/* put_tile: the outcome on one host, in a figure and a line. */
static void
put_tile(FILE *out, const struct lem_cell *before, const struct lem_cell *after)
{
	char a[LEM_SVG_NUMBER_SIZE], b[LEM_SVG_NUMBER_SIZE];
	bool both = before != NULL && lem_cell_measured(before);
	double rfc = rfc_ratio(after->row, after->host);

	fputs("<div class=\"tile\">", out);
	put_tagged(out, "p", "soft", lem_host_label(after->host));
	fprintf(out, "<p class=\"big\">%s</p><p>",
	    both ? ratio_text(a, after->ratio) :
		   lem_html_number(a, after->kpps.median));
	if (both)
		fprintf(out, "%s " ARROW " %s Kpps; ",
		    lem_html_number(a, before->kpps.median),
		    lem_html_number(b, after->kpps.median));
	else
		fputs("Kpps; ", out);
	fputs("moderated hypervisor, modified driver</p>", out);
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
put_tiles(FILE *out, const struct group *g)
{
	size_t i;

	fputs("<div class=\"tiles\">\n", out);
	for (i = 0; i < g->cells; i++)
		if (g->cell[i]->row == LEM_ROW_COMBINED &&
		    lem_cell_measured(g->cell[i]))
			put_tile(out,
			    find(g, LEM_ROW_STANDARD, g->cell[i]->host),
			    g->cell[i]);
	fputs("</div>\n", out);
}

static void
put_rfc_head(FILE *out, const struct group *g)
{
	size_t i;

	fputs(
	    "<div class=\"scroll\"><table class=\"main\">\n<thead><tr>"
	    "<th rowspan=\"2\" scope=\"col\" class=\"left\">Hypervisor, driver"
	    "</th>",
	    out);
	for (i = 0; i < g->cells; i++)
		if (first_of_host(g, i)) {
			fputs("<th colspan=\"4\" scope=\"colgroup\" "
			      "class=\"span\">",
			    out);
			lem_html_text(out, lem_host_label(g->cell[i]->host));
			fputs("</th>", out);
		}
	fputs("</tr>\n<tr>", out);
	for (i = 0; i < g->cells; i++)
		if (first_of_host(g, i))
			fputs("<th scope=\"col\" class=\"first\">Kpps</th>"
			    "<th scope=\"col\">min" DASH "max</th>"
			    "<th scope=\"col\">ratio</th>"
			      "<th scope=\"col\">RFC, 2012</th>",
			    out);
	fputs("</tr></thead>\n<tbody>\n", out);
}

/* put_rfc_cell: our figures of a row and host, then the RFC's. */
static void
put_rfc_cell(FILE *out, const struct group *g, enum lem_row row,
    const char *host)
{
	const struct lem_cell *c = find(g, row, host);
	const char *status = lem_cell_status(c);
	double rfc = lem_rfc_kpps(row, host);
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
		    ratio_text(a, c->ratio));
	}
	if (isfinite(rfc))
		fprintf(out, "<td class=\"rfc\">%g (%.3g" TIMES ")</td>", rfc,
		    rfc_ratio(row, host));
	else
		fputs("<td></td>", out);
}

static void
put_rfc_table(FILE *out, const struct group *g)
{
	size_t i, k;

	put_rfc_head(out, g);
	for (i = 0; i < LEM_ROWS; i++) {
		enum lem_row row = lem_row_order[i];

		for (k = 0; k < g->cells && g->cell[k]->row != row; k++)
			;
		if (i >= LEM_RFC_ROWS && k == g->cells)
			continue;
		fprintf(out, "<tr%s><th scope=\"row\">",
		    i >= LEM_RFC_ROWS ? " class=\"ref\"" : "");
		lem_html_text(out, lem_row_name(row));
		fputs("</th>", out);
		for (k = 0; k < g->cells; k++)
			if (first_of_host(g, k))
				put_rfc_cell(out, g, row, g->cell[k]->host);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

static bool
any_measured(const struct group *g)
{
	size_t i;

	for (i = 0; i < g->cells; i++)
		if (lem_cell_measured(g->cell[i]))
			return true;
	return false;
}

/* put_group_name: "tx, sink null, 60-byte frames". */
static void
put_group_name(FILE *out, const struct lem_cell *c)
{
	lem_html_text(out, c->workload);
	fputs(", sink ", out);
	lem_html_text(out, c->sink);
	if (strcmp(c->workload, "idle") == 0)
		fputs("; counts are a second, not a packet", out);
	else
		fprintf(out, ", %u-byte frames", c->frame);
	fputs(c->sweep ? ", against ITR" : "", out);
	if (c->way)
		fputs(", by the doorbell's way", out);
	if (lem_cell_freebsd(c))
		fputs(", FreeBSD guest; ratio to its em(4)", out);
	if (strcmp(c->workload, "ping") == 0)
		fputs("; Kpps of round trips", out);
}

/* What a chart of bars shows of a cell. */
enum measure {
	KPPS,
	EXITS
};

static void
fill_bar(struct lem_svg_bar *b, const struct lem_cell *c, enum measure what)
{
	char v[LEM_SVG_NUMBER_SIZE], low[LEM_SVG_NUMBER_SIZE];
	char high[LEM_SVG_NUMBER_SIZE], ratio[LEM_SVG_NUMBER_SIZE];
	bool rate = what == KPPS;

	*b = (struct lem_svg_bar){
		.group = lem_cell_name(c),
		.series = lem_host_label(c->host),
		.colour = host_colour(c->host),
		.value = rate ? c->kpps.median : c->per_packet.exits,
		.low = rate ? c->kpps.min : NAN,
		.high = rate ? c->kpps.max : NAN,
		.mark = rate ? lem_cell_rfc(c) : NAN,
	};
	lem_html_number(v, b->value);
	if (rate && isfinite(c->ratio))
		snprintf(b->label, sizeof(b->label), "%.20s  (%.20s)", v,
		    ratio_text(ratio, c->ratio));
	else
		snprintf(b->label, sizeof(b->label), "%.30s", v);
	if (rate)
		snprintf(b->hint, sizeof(b->hint),
		    "%.60s: %.20s Kpps, "
		    "%.20s to %.20s in %u runs",
		    c->id, v, lem_html_number(low, c->kpps.min),
		    lem_html_number(high, c->kpps.max), c->kpps.runs);
	else
		snprintf(b->hint, sizeof(b->hint),
		    "%.60s: %.20s exits a "
		    "packet",
		    c->id, v);
}

/* put_bars: one bar for each cell of the group that has the figure. */
static void
put_bars(const struct page *p, const struct group *g, enum measure what,
    const char *caption)
{
	struct lem_svg_bars chart = {
		.title = what == KPPS ?
		    "Bar chart: Kpps by cell, logarithmic" :
		    "Bar chart: VM exits per packet by cell, logarithmic",
		.unit = what == KPPS ? "Kpps, logarithmic" :
		    "VM exits per packet, logarithmic",
		.bar = p->bar,
	};
	size_t i, k;

	for (i = 0; i < LEM_ROWS; i++)
		for (k = 0; k < g->cells; k++) {
			struct lem_svg_bar *b = &p->bar[chart.bars];

			if (g->cell[k]->row != lem_row_order[i] ||
			    !lem_cell_measured(g->cell[k]))
				continue;
			fill_bar(b, g->cell[k], what);
			if (!isfinite(b->value))
				continue;
			chart.bars++;
			if (isfinite(b->mark))
				chart.mark = "RFC, 2012";
		}
	fputs("<figure>\n", p->out);
	if (chart.bars > 0)
		lem_svg_bars(p->out, &chart);
	else
		fputs("<p>No cell measured has this figure, so there is no "
		      "chart.</p>\n",
		    p->out);
	fputs("<figcaption>", p->out);
	if (chart.bars > 0) {
		put_group_name(p->out, g->cell[0]);
		fputs(". ", p->out);
	}
	fprintf(p->out, "%s</figcaption>\n</figure>\n", caption);
}

/* Curves being gathered: those of one host and workload. */
struct curves {
	struct lem_svg_lines chart;
	size_t points;		/* of page.point in use */
};

static bool
on_curve(const struct lem_cell *c, const char *workload)
{
	return c->sweep && lem_cell_measured(c) &&
	    strcmp(c->workload, workload) == 0;
}

/* figure: what a curve draws of a cell; whole for Kpps and p50. */
static double
figure(const struct lem_cell *c, bool dashed)
{
	if (strcmp(c->workload, "ping") != 0)
		return c->kpps.median;
	return dashed ? c->rtt_p99_us : c->rtt_p50_us;
}

/* add_line: the curve of cell `first` and those after it of its kind. */
static void
add_line(const struct page *p, struct curves *k, size_t first, bool dashed)
{
	const struct lem_cell *f = p->cell[first];
	struct lem_svg_line *l = &p->line[k->chart.lines];
	const char *quantile = dashed ? " p99" : " p50";
	size_t i;

	*l = (struct lem_svg_line){
		.colour = ROW_COLOUR + (unsigned int)f->row,
		.dashed = dashed,
		.point = p->point + k->points,
	};
	for (i = first; i < p->r->cells; i++) {
		const struct lem_cell *c = p->cell[i];

		if (lem_compare_groups(f, c) != 0 || c->row != f->row ||
		    strcmp(c->host, f->host) != 0)
			break;
		if (!lem_cell_measured(c) || !(figure(c, dashed) > 0))
			continue;
		p->point[k->points++] = (struct lem_svg_point){
			.x = c->itr,
			.y = figure(c, dashed),
		};
		l->points++;
	}
	if (strcmp(f->workload, "ping") != 0)
		quantile = "";
	snprintf(l->label, sizeof(l->label), "%s%s", line_labels[f->row],
	    quantile);
	if (l->points > 0)
		k->chart.lines++;
}

/* Does cell i begin a curve? */
static bool
begins_line(const struct page *p, size_t i)
{
	const struct lem_cell *a, *b = p->cell[i];

	if (i == 0)
		return true;
	a = p->cell[i - 1];
	return lem_compare_groups(a, b) != 0 || a->row != b->row ||
	    strcmp(a->host, b->host) != 0;
}

/* put_panel: all curves of one host. */
static void
put_panel(const struct page *p, const char *workload, const char *host,
    double y_min, double y_max)
{
	bool ping = strcmp(workload, "ping") == 0;
	struct curves k = { 0 };
	size_t i;

	k.chart = (struct lem_svg_lines){
		.title = "Line chart: Kpps against ITR",
		.x_name = "ITR, units of 256 ns",
		.y_name = "Kpps",
		.line = p->line,
		.y_min = y_min,
		.y_max = y_max,
	};
	if (ping) {
		k.chart.title = "Line chart: round trip against ITR";
		k.chart.y_name = "round trip, " MICRO "s";
	}
	for (i = 0; i < p->r->cells; i++) {
		const struct lem_cell *c = p->cell[i];

		if (!c->sweep || strcmp(c->workload, workload) != 0 ||
		    strcmp(c->host, host) != 0 || !begins_line(p, i))
			continue;
		add_line(p, &k, i, false);
		if (ping)
			add_line(p, &k, i, true);
	}
	if (k.chart.lines == 0)
		return;
	fputs("<figure>", p->out);
	put_tagged(p->out, "h3", NULL, lem_host_label(host));
	fputs("\n", p->out);
	lem_svg_lines(p->out, &k.chart);
	fputs("</figure>\n", p->out);
}

/* put_curves: a panel for each host, with one y axis. */
static void
put_curves(const struct page *p, const char *workload, const char *caption)
{
	double min = INFINITY, max = 0;
	size_t i, k;

	for (i = 0; i < p->r->cells; i++) {
		const struct lem_cell *c = p->cell[i];

		for (k = 0; k < 2 && on_curve(c, workload); k++)
			if (figure(c, k == 1) > 0) {
				min = fmin(min, figure(c, k == 1));
				max = fmax(max, figure(c, k == 1));
			}
	}
	if (max == 0) {
		fputs("<p>No such cells were measured, so there is no chart: "
		    "<code>lem-bench --full</code> or <code>--itr 0,128,488,"
		      "1953</code> makes them.</p>\n",
		    p->out);
		return;
	}
	fprintf(p->out, "<p class=\"soft\">%s</p>\n<div class=\"panels\">\n",
	    caption);
	for (i = 0; i < p->r->cells; i++) {
		for (k = 0; k < i &&
		     strcmp(p->r->cell[k].host, p->r->cell[i].host) != 0;
		     k++)
			;
		if (k == i)
			put_panel(p, workload, p->r->cell[i].host, min, max);
	}
	fputs("</div>\n", p->out);
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

/* has_figure: is there anything to say in this column of this cell? */
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
put_figure(FILE *out, const struct lem_cell *c, const struct column *col)
{
	char text[LEM_SVG_NUMBER_SIZE];

	if (col->kind == LOSS && !lem_cell_checked(c))
		fputs("<td>" DASH "</td>", out);
	else if (col->kind == LOSS || col->kind == COUNTER)
		fprintf(out, "<td>%ju</td>", (uintmax_t)counter_of(c, col));
	else
		fprintf(out, "<td>%s</td>",
		    col->kind == RATIO ?
			ratio_text(text, double_of(c, col)) :
			lem_html_number(text, double_of(c, col)));
}

/* use_columns: which ones have a figure in this group. */
static void
use_columns(const struct group *g, bool use[COUNT(columns)])
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
put_group_rows(FILE *out, const struct group *g, const bool use[COUNT(columns)])
{
	size_t i, k;

	for (i = 0; i < g->cells; i++) {
		const struct lem_cell *c = g->cell[i];

		if (!lem_cell_measured(c))
			continue;
		fputs("<tr><th scope=\"row\"><code>", out);
		lem_html_text(out, c->id);
		fputs("</code></th>", out);
		put_tagged(out, "td", "left", lem_cell_name(c));
		fprintf(out, "<td>%u</td>", c->itr);
		for (k = 0; k < COUNT(columns); k++)
			if (use[k])
				put_figure(out, c, &columns[k]);
		fputs("</tr>\n", out);
	}
}

static void
put_group_table(FILE *out, const struct group *g)
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
	put_group_rows(out, g, use);
	fputs("</tbody></table></div>\n", out);
}

static void
put_everything(const struct page *p)
{
	struct group g = { 0 };

	fputs("<h2>Every figure</h2>\n<p>Per packet: TDT writes, interrupts "
	    "(irq), register accesses (regs), VM exits and host CPU time; "
	    "medians over the runs. ITR counts units of 256 ns. A dash: not "
	      "measured.</p>\n",
	    p->out);
	while (next_group(p, &g)) {
		if (!any_measured(&g))
			continue;
		fputs("<h3>", p->out);
		put_group_name(p->out, g.cell[0]);
		fputs("</h3>\n", p->out);
		put_group_table(p->out, &g);
	}
}

static void
put_integrity(const struct page *p)
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

/* put_reasons: the cells that were skipped, or that failed. */
static void
put_reasons(const struct page *p, bool failed)
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
		put_tagged(p->out, "dd", NULL, reason);
		fputs("\n", p->out);
	}
	if (n > 0)
		fputs("</dl>\n", p->out);
}

static void
put_fact(FILE *out, const char *name, const char *text)
{
	if (text[0] == '\0')
		return;
	put_tagged(out, "dt", NULL, name);
	put_tagged(out, "dd", NULL, text);
	fputs("\n", out);
}

static void
put_machine(const struct page *p)
{
	const struct lem_machine *m = &p->r->machine;
	char text[64], figure_text[LEM_SVG_NUMBER_SIZE];

	fputs("<h2>The machine, and how to repeat it</h2>\n<dl>\n", p->out);
	put_fact(p->out, "CPU", m->cpu);
	snprintf(text, sizeof(text), "%u", m->cores);
	put_fact(p->out, "Cores", text);
	put_fact(p->out, "System", m->os);
	put_fact(p->out, "Kernel", m->kernel);
	put_fact(p->out, "QEMU", m->qemu);
	put_fact(p->out, "KVM", m->kvm);
	put_fact(p->out, "Date", m->date);
	snprintf(text, sizeof(text), "%u of %g s a cell, interleaved",
	    p->r->runs, p->r->seconds);
	put_fact(p->out, "Runs", text);
	if (isfinite(m->sink_kpps)) {
		snprintf(text, sizeof(text), "%s Kpps, its own ceiling",
		    lem_html_number(figure_text, m->sink_kpps));
		put_fact(p->out, "Receiver", text);
	}
	fprintf(p->out,
	    "</dl>\n<pre>lem-bench --runs %u --seconds %g --json "
	    "results.json --report report</pre>\n",
	    p->r->runs, p->r->seconds);
	fputs("<p>Hosts drift: figures of one run compare with each other, "
	      "those of two runs only by their ratios.</p>\n",
	    p->out);
}

/* first_measured: what the charts show where the RFC's cells are not. */
static struct group
first_measured(const struct page *p)
{
	struct group g = { 0 };

	while (next_group(p, &g))
		if (any_measured(&g))
			break;
	return g;
}

static void
put_main(const struct page *p)
{
	struct group g = rfc_group(p);

	if (g.cells > 0)
		put_tiles(p->out, &g);
	fputs("<h2>The table of the RFC</h2>\n", p->out);
	if (g.cells > 0) {
		fprintf(p->out,
		    "<p>UDP transmit, %u-byte frames, null sink; "
		    "medians, and ratios to the first row.</p>\n",
		    g.cell[0]->frame);
		put_rfc_table(p->out, &g);
	} else
		fputs("<p>Its cells (tx, sink null) were not asked for.</p>\n",
		    p->out);
	put_integrity(p);
	if (g.cells == 0)
		g = first_measured(p);
	fputs("<h2>Kpps by cell</h2>\n", p->out);
	put_bars(p, &g, KPPS,
	    "Median of the runs, whiskers from the slowest "
	    "to the fastest; in brackets the ratio to the standard hypervisor "
	    "with the standard driver.");
	fputs("<h2>Exits per packet</h2>\n", p->out);
	put_bars(p, &g, EXITS,
	    "What a packet costs in VM exits, the fewer "
	    "the better. Only KVM counts them.");
}

/* put_ways: how a doorbell can reach lem-vm, side by side. */
static void
put_ways(const struct page *p)
{
	struct group g = { 0 };

	while (next_group(p, &g))
		if (g.cell[0]->way && any_measured(&g))
			break;
	if (g.cells == 0)
		return;
	fputs("<h2>Ways a doorbell can take</h2>\n", p->out);
	put_bars(p, &g, KPPS,
	    "lem-vm with a driver that writes TDT for each packet; in brackets "
	    "the ratio to an exit for each. lem-vm(1) says what the ways are.");
}

static void
put_page(const struct page *p)
{
	put_head(p);
	put_main(p);
	put_ways(p);
	fputs("<h2>Kpps against ITR</h2>\n", p->out);
	put_curves(p, "tx",
	    "Transmit rate for each setting of the interrupt "
	    "throttle; 0 asks for none.");
	fputs("<h2>Latency against ITR</h2>\n", p->out);
	put_curves(p, "ping",
	    "Round trips of one packet at a time: median "
	    "(whole line) and 99th percentile (dashed).");
	put_everything(p);
	put_reasons(p, false);
	put_reasons(p, true);
	put_machine(p);
	fputs("</main>\n</body>\n</html>\n", p->out);
}

/* write_page: the page with the room it needs. */
static int
write_page(FILE *out, const struct lem_results *r)
{
	struct page p = { .out = out, .r = r };
	int error = -ENOMEM;
	size_t i;

	p.cell = calloc(r->cells + 1, sizeof(*p.cell));
	p.bar = calloc(r->cells + 1, sizeof(*p.bar));
	p.line = calloc(2 * r->cells + 1, sizeof(*p.line));
	p.point = calloc(2 * r->cells + 1, sizeof(*p.point));
	if (p.cell != NULL && p.bar != NULL && p.line != NULL &&
	    p.point != NULL) {
		for (i = 0; i < r->cells; i++)
			p.cell[i] = &r->cell[i];
		qsort(p.cell, r->cells, sizeof(*p.cell), lem_compare_cells);
		errno = 0;
		put_page(&p);
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

/* write_file: the page under a name of its own until it is whole. */
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
	/* SVG wants decimal points, whatever the user's locale writes. */
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
