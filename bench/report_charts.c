/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The charts of the HTML page.
 */
#include "report.h"

#include <math.h>

#define MICRO		"\xc2\xb5"
#define ROW_COLOUR	5u	/* colours below it are those of VMMs */

_Static_assert(LEM_VMMS <= ROW_COLOUR, "a VMM has no colour");

static void
fill_bar(struct lem_svg_bar *b, const struct lem_cell *c, enum lem_measure what)
{
	char v[LEM_SVG_NUMBER_SIZE], low[LEM_SVG_NUMBER_SIZE];
	char high[LEM_SVG_NUMBER_SIZE], ratio[LEM_SVG_NUMBER_SIZE];
	bool rate = what == LEM_MEASURE_KPPS;

	*b = (struct lem_svg_bar){
		.group = lem_cell_name(c),
		.series = lem_vmms[c->vmm].label,
		.colour = c->vmm,
		.value = rate ? c->kpps.median : c->per_packet.exits,
		.low = rate ? c->kpps.min : NAN,
		.high = rate ? c->kpps.max : NAN,
		.mark = rate ? lem_cell_rfc(c) : NAN,
	};
	lem_html_number(v, b->value);
	if (rate && isfinite(c->ratio))
		snprintf(b->label, sizeof(b->label), "%.20s  (%.20s)", v,
		    lem_page_ratio(ratio, c->ratio));
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

void
lem_page_bars(const struct lem_page *p, const struct lem_page_group *g,
    enum lem_measure what, const char *caption)
{
	struct lem_svg_bars chart = {
		.title = what == LEM_MEASURE_KPPS ?
		    "Bar chart: Kpps by cell, logarithmic" :
		    "Bar chart: VM exits per packet by cell, logarithmic",
		.unit = what == LEM_MEASURE_KPPS ?
		    "Kpps, logarithmic" :
		    "VM exits per packet, logarithmic",
		.bar = p->bar,
	};
	size_t i, k;

	for (i = 0; i < LEM_ROWS; i++)
		for (k = 0; k < g->cells; k++) {
			struct lem_svg_bar *b = &p->bar[chart.bars];

			if (g->cell[k]->row != i ||
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
		lem_page_title(p->out, g->cell[0]);
		fputs(". ", p->out);
	}
	fprintf(p->out, "%s</figcaption>\n</figure>\n", caption);
}

/* Curves being gathered: those of one VMM and workload. */
struct curves {
	struct lem_svg_lines chart;
	size_t points;		/* of page.point in use */
};

static bool
on_curve(const struct lem_cell *c, enum lem_workload workload)
{
	return c->sweep && lem_cell_measured(c) && c->workload == workload;
}

/* curve_figure: what a curve draws of a cell; dashed is p99. */
static double
curve_figure(const struct lem_cell *c, bool dashed)
{
	if (c->workload != LEM_WORKLOAD_PING)
		return c->kpps.median;
	return dashed ? c->rtt_p99_us : c->rtt_p50_us;
}

/* row_colour: of the rows that a chart against ITR can have. */
static unsigned int
row_colour(enum lem_row row, bool across)
{
	static const enum lem_row rows[] = { LEM_ROW_MODERATED,
		LEM_ROW_MODIFIED, LEM_ROW_INTERRUPT_ONLY, LEM_ROW_ADAPTIVE,
		LEM_ROW_ADAPTIVE_IRQ, LEM_ROW_ADAPTIVE_BOTH };
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i] == row && !(row == LEM_ROW_MODIFIED && across))
			return ROW_COLOUR + i;
	return ROW_COLOUR + i;
}

/* line_label: a curve of a driver that adapts elsewhere has a fixed ITR. */
static void
line_label(struct lem_svg_line *l, const struct lem_cell *c)
{
	enum lem_row row = c->row == LEM_ROW_MODIFIED && c->sweep ?
	    LEM_ROW_MODIFIED_FIXED :
	    c->row;
	const char *quantile = l->dashed ? " p99" : " p50";

	if (c->workload != LEM_WORKLOAD_PING)
		quantile = "";
	snprintf(l->label, sizeof(l->label), "%s%s", lem_rows[row].id,
	    quantile);
}

/* add_line: the curve of cell `first` and those after it of its kind. */
static void
add_line(const struct lem_page *p, struct curves *k, size_t first, bool dashed)
{
	const struct lem_cell *f = p->cell[first];
	struct lem_svg_line *l = &p->line[k->chart.lines];
	size_t i;

	*l = (struct lem_svg_line){
		.colour = row_colour(f->row, false),
		.dashed = dashed,
		.point = p->point + k->points,
	};
	for (i = first; i < p->r->cells; i++) {
		const struct lem_cell *c = p->cell[i];

		if (lem_compare_groups(f, c) != 0 || c->row != f->row ||
		    c->vmm != f->vmm)
			break;
		if (!lem_cell_measured(c) || !(curve_figure(c, dashed) > 0))
			continue;
		p->point[k->points++] = (struct lem_svg_point){
			.x = c->itr,
			.y = curve_figure(c, dashed),
		};
		l->points++;
	}
	line_label(l, f);
	if (l->points > 0)
		k->chart.lines++;
}

/* is_across: a cell of the tables whose driver or hypervisor chooses ITR. */
static bool
is_across(const struct lem_cell *c, const struct lem_cell *curve)
{
	return !c->sweep && !c->way && !lem_cell_has_system(c) &&
	    (c->driver_adaptive || lem_rows[c->row].adaptive) &&
	    lem_cell_measured(c) && c->workload == curve->workload &&
	    c->sink == curve->sink && c->frame == curve->frame;
}

/* add_across: its figure, from the least ITR above 0 to the greatest. */
static void
add_across(const struct lem_page *p, struct curves *k, const struct lem_cell *c,
    bool dashed)
{
	struct lem_svg_line *l = &p->line[k->chart.lines];
	struct lem_svg_point *point = p->point + k->points;
	double y = curve_figure(c, dashed), first, last = 0;
	size_t i;

	if (!(y > 0))
		return;
	*l = (struct lem_svg_line){
		.colour = row_colour(c->row, true),
		.dashed = dashed,
		.across = true,
		.point = point,
		.points = 2,
	};
	for (i = 0; i < k->points; i++)
		last = fmax(last, p->point[i].x);
	first = last;
	for (i = 0; i < k->points; i++)
		if (p->point[i].x > 0)
			first = fmin(first, p->point[i].x);
	point[0] = (struct lem_svg_point){ first, y };
	point[1] = (struct lem_svg_point){ last, y };
	line_label(l, c);
	k->points += 2;
	k->chart.lines++;
}

/* add_acrosses: all of a VMM, beside the curves that are there. */
static void
add_acrosses(const struct lem_page *p, struct curves *k,
    const struct lem_cell *curve)
{
	size_t i;

	for (i = 0; i < p->r->cells; i++) {
		if (p->cell[i]->vmm != curve->vmm ||
		    !is_across(p->cell[i], curve))
			continue;
		add_across(p, k, p->cell[i], false);
		if (curve->workload == LEM_WORKLOAD_PING)
			add_across(p, k, p->cell[i], true);
	}
}

/* Does cell i begin a curve? */
static bool
begins_line(const struct lem_page *p, size_t i)
{
	const struct lem_cell *a, *b = p->cell[i];

	if (i == 0)
		return true;
	a = p->cell[i - 1];
	return lem_compare_groups(a, b) != 0 || a->row != b->row ||
	    a->vmm != b->vmm;
}

/* page_panel: all curves of one VMM. */
static void
page_panel(const struct lem_page *p, enum lem_workload workload,
    enum lem_vmm_id vmm, double y_min, double y_max)
{
	bool ping = workload == LEM_WORKLOAD_PING;
	const struct lem_cell *curve = NULL;
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

		if (!c->sweep || c->workload != workload || c->vmm != vmm ||
		    !begins_line(p, i))
			continue;
		curve = c;
		add_line(p, &k, i, false);
		if (ping)
			add_line(p, &k, i, true);
	}
	if (k.chart.lines == 0)
		return;
	add_acrosses(p, &k, curve);
	fputs("<figure>", p->out);
	lem_page_tagged(p->out, "h3", NULL, lem_vmms[vmm].label);
	fputs("\n", p->out);
	lem_svg_lines(p->out, &k.chart);
	fputs("</figure>\n", p->out);
}

/* is_drawn: a point of a curve, or a line across in a panel with curves. */
static bool
is_drawn(const struct lem_page *p, const struct lem_cell *c,
    enum lem_workload workload)
{
	size_t i;

	if (on_curve(c, workload))
		return true;
	for (i = 0; i < p->r->cells; i++)
		if (p->cell[i]->vmm == c->vmm &&
		    on_curve(p->cell[i], workload) && is_across(c, p->cell[i]))
			return true;
	return false;
}

void
lem_page_curves(const struct lem_page *p, enum lem_workload workload,
    const char *caption)
{
	double min = INFINITY, max = 0;
	unsigned int vmm;
	size_t i, k;

	for (i = 0; i < p->r->cells; i++) {
		const struct lem_cell *c = p->cell[i];

		for (k = 0; k < 2 && is_drawn(p, c, workload); k++)
			if (curve_figure(c, k == 1) > 0) {
				min = fmin(min, curve_figure(c, k == 1));
				max = fmax(max, curve_figure(c, k == 1));
			}
	}
	if (max == 0) {
		fputs("<p>No cell of such a curve was measured, so there is "
		    "no chart: <code>lem-bench --full</code> or <code>--itr "
		      "0,128,488,1953</code> measures some.</p>\n",
		    p->out);
		return;
	}
	fprintf(p->out, "<p class=\"soft\">%s</p>\n<div class=\"panels\">\n",
	    caption);
	for (vmm = 0; vmm < LEM_VMMS; vmm++)
		page_panel(p, workload, (enum lem_vmm_id)vmm, min, max);
	fputs("</div>\n", p->out);
}
