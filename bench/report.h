/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of the HTML page: report.c has its text and tables, report_charts.c
 * its charts.  They write to page.out, whose errors lem_report_write() reports.
 */
#ifndef LEM_BENCH_REPORT_H
#define LEM_BENCH_REPORT_H

#include "results.h"
#include "svg.h"

/*
 * The page being written: all cells, sorted into groups
 * (lem_compare_groups()), and within these by VMM, row and ITR.
 */
struct lem_page {
	FILE *out;
	const struct lem_results *r;
	const struct lem_cell **cell;
	struct lem_svg_bar *bar;	/* room for one a cell */
	struct lem_svg_line *line;	/* for two a cell */
	struct lem_svg_point *point;	/* for four a cell */
};

/* A run of page.cell: one group. */
struct lem_page_group {
	const struct lem_cell *const *cell;
	size_t cells;
};

/* What a chart of bars shows of a cell. */
enum lem_measure {
	LEM_MEASURE_KPPS,
	LEM_MEASURE_EXITS
};

/* lem_page_tagged: <tag class="class">text</tag>; class may be NULL. */
void lem_page_tagged(FILE *out, const char *tag, const char *class,
    const char *text);

/* lem_page_title: the title of c's group (lem_group_title()). */
void lem_page_title(FILE *out, const struct lem_cell *c);

/* lem_page_ratio: "85.3x" with a true multiplication sign.  Returns a text. */
const char *lem_page_ratio(char text[LEM_SVG_NUMBER_SIZE], double v);

/* lem_page_bars: one bar for each cell of the group that has the figure. */
void lem_page_bars(const struct lem_page *p, const struct lem_page_group *g,
    enum lem_measure what, const char *caption);

/*
 * lem_page_curves: the rate, or for ping the round trip, against ITR: a panel
 * for each VMM, all with the same y axis.  What adapts is a line across.
 */
void lem_page_curves(const struct lem_page *p, enum lem_workload workload,
    const char *caption);

#endif
