/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Charts as inline SVG for an HTML page, on logarithmic axes.  They have
 * classes, not colours: "k<N>" sets the custom property --c of a mark, and the
 * page's style says how .bar, .line, .grid, .tick and others look, once for
 * light and once for dark.  The caller sets LC_NUMERIC to "C" (uselocale(3)).
 */
#ifndef LEM_BENCH_SVG_H
#define LEM_BENCH_SVG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define LEM_SVG_NUMBER_SIZE	40u

/* One bar; neighbours of equal group stand together under one label. */
struct lem_svg_bar {
	const char *group;	/* at the left; ", " breaks the line */
	const char *series;	/* in the legend */
	unsigned int colour;
	double value, low, high;	/* NAN: not drawn */
	double mark;		/* a diamond, NAN: none */
	char label[48];		/* beside the bar */
	char hint[192];		/* shown under the pointer */
};

struct lem_svg_bars {
	const char *title;	/* what a screen reader says */
	const char *unit;	/* under the axis */
	const char *mark;	/* the diamond in the legend, NULL: none */
	const struct lem_svg_bar *bar;
	size_t bars;
};

struct lem_svg_point {
	double x, y;		/* x >= 0, y > 0 */
};

struct lem_svg_line {
	char label[48];		/* at its right end */
	unsigned int colour;
	bool dashed;
	bool across;		/* one value, whatever x: without dots */
	const struct lem_svg_point *point;	/* by rising x */
	size_t points;
};

/* y_min, y_max: what the axis must reach, so that panels can share it. */
struct lem_svg_lines {
	const char *title, *x_name, *y_name;
	const struct lem_svg_line *line;
	size_t lines;
	double y_min, y_max;
};

/* lem_svg_bars: horizontal bars with whiskers; bars > 0, one value > 0. */
void lem_svg_bars(FILE *out, const struct lem_svg_bars *chart);

/* lem_svg_lines: curves over x, 0 included; at least one point. */
void lem_svg_lines(FILE *out, const struct lem_svg_lines *chart);

/* lem_html_text: text, escaped for element content and attributes. */
void lem_html_text(FILE *out, const char *text);

/*
 * lem_html_number: v with the digits that matter and commas between thousands,
 * an en dash for NAN.  Returns text.
 */
const char *lem_html_number(char text[LEM_SVG_NUMBER_SIZE], double v);

/* lem_svg_style: the page's style sheet, light and dark, charts and tables. */
extern const char lem_svg_style[];

#endif
