/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Charts as inline SVG.  A table of the page has every figure that a chart
 * draws, so for a screen reader a chart is one image with a title.
 */
#include "svg.h"

#include <math.h>
#include <string.h>

#define MAX(a, b)	((a) > (b) ? (a) : (b))

/* Geometry, in CSS pixels at full width. */
enum {
	BAR_WIDTH = 1060,
	BAR_LEFT = 178,
	BAR_RIGHT = 132,
	BAR_TOP = 40,
	BAR_BOTTOM = 46,
	BAR_THICK = 15,
	BAR_STEP = 19,
	GROUP_MIN = 40,
	GROUP_GAP = 14,
	LINE_WIDTH = 540,
	LINE_HEIGHT = 330,
	LINE_LEFT = 58,
	LINE_RIGHT = 140,
	LINE_TOP = 14,
	LINE_BOTTOM = 58,
	LABEL_STEP = 15,
	LABELS_MAX = 32,
	CHAR_WIDTH = 7,
};

const char lem_svg_style[] =
    ":root{color-scheme:light dark;--page:#f9f9f7;--card:#fcfcfb;"
    "--ink:#0b0b0b;--soft:#52514e;--mute:#75736d;--grid:#e4e3dd;"
    "--base:#b4b2a9;--edge:#e1e0d9;--c0:#2a78d6;--c1:#eb6834;"
    "--c2:#1baf7a;--c3:#4a3aa7;--c4:#a0522d;--c5:#898781;--c6:#2a78d6;"
    "--c7:#d18f00;--c8:#e0609a;--c9:#1a9e70;--c10:#5b4bc0;--c11:#e34948}\n"
    "@media(prefers-color-scheme:dark){:root{--page:#0d0d0d;"
    "--card:#1a1a19;--ink:#fff;--soft:#c3c2b7;--mute:#9a988f;"
    "--grid:#2c2c2a;--base:#55544f;--edge:#2f2f2c;--c0:#3987e5;"
    "--c1:#d95926;--c2:#199e70;--c3:#9085e9;--c4:#c98a5a;--c5:#9a988f;"
    "--c6:#3987e5;--c7:#c98500;--c8:#d55181;--c9:#1fae7c;--c10:#9085e9;"
    "--c11:#e66767}}\n"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--page);color:var(--ink);"
    "font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
    "main{max-width:1240px;margin:0 auto;padding:40px 24px 64px}"
    "h1{font-size:28px;line-height:1.2;margin:0 0 6px;font-weight:650}"
    "h2{font-size:19px;margin:44px 0 6px;font-weight:620}"
    "h3{font-size:15px;margin:26px 0 6px;font-weight:620}"
    "p{margin:0 0 10px;max-width:74ch}"
    ".soft,figcaption,dt{color:var(--soft)}"
    ".warn{border-left:3px solid var(--c11);padding-left:12px}\n"
    ".tiles{display:flex;flex-wrap:wrap;gap:16px;margin:24px 0 0}"
    ".tile,figure,.scroll{background:var(--card);"
    "border:1px solid var(--edge);border-radius:10px}"
    ".tile{flex:1 1 300px;padding:18px 22px}.tile p{margin:0}"
    ".tile .big{font-size:44px;line-height:1.15;font-weight:650}"
    "figure{margin:12px 0;padding:16px 18px 12px;overflow-x:auto}"
    "figcaption{font-size:13.5px;max-width:80ch}"
    ".panels{display:grid;gap:16px;"
    "grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr))}"
    ".panels figure{margin:0}.panels h3{margin:0 0 4px}"
    "svg{display:block;max-width:100%;height:auto;margin:6px auto}"
    "svg text{font-size:12px;fill:var(--soft);"
    "font-variant-numeric:tabular-nums}\n"
    ".mid{text-anchor:middle}.end{text-anchor:end}"
    "svg .tick{fill:var(--mute)}svg .value,svg .strong{fill:var(--ink)}"
    "svg .value{font-weight:600}svg .legend{fill:var(--soft)}"
    ".grid{stroke:var(--grid)}.base{stroke:var(--base)}"
    ".leader{stroke:var(--base);stroke-width:.8}"
    ".bar{fill:var(--c)}"
    ".whisker{stroke:var(--ink);stroke-width:1.3;fill:none}"
    ".mark{fill:var(--card);stroke:var(--ink);stroke-width:1.6}"
    ".line{fill:none;stroke:var(--c);stroke-width:2;"
    "stroke-linejoin:round}.dashed{stroke-dasharray:5 4}"
    ".faint{opacity:.45;stroke-dasharray:1 4;stroke-linecap:round}"
    ".dot{fill:var(--c);stroke:var(--card);stroke-width:1.5}"
    ".hollow{fill:var(--card);stroke:var(--c);stroke-width:2}"
    ".k0{--c:var(--c0)}.k1{--c:var(--c1)}.k2{--c:var(--c2)}"
    ".k3{--c:var(--c3)}.k4{--c:var(--c4)}.k5{--c:var(--c5)}.k6{--c:var(--c6)}"
    ".k7{--c:var(--c7)}.k8{--c:var(--c8)}.k9{--c:var(--c9)}"
    ".k10{--c:var(--c10)}.k11{--c:var(--c11)}\n"
    ".scroll{overflow-x:auto;margin:12px 0}"
    "table{border-collapse:collapse;width:100%;font-size:14px;"
    "font-variant-numeric:tabular-nums}"
    "th,td{padding:7px 10px;text-align:right;white-space:nowrap;"
    "border-top:1px solid var(--grid)}thead tr:first-child th"
    "{border-top:0}th{font-weight:500;color:var(--soft)}"
    "tbody th,.left{text-align:left}tbody th{color:var(--ink)}"
    ".span{text-align:center}.main td.kpps,.main td.ratio"
    "{font-weight:650}.range,.rfc{color:var(--soft)}"
    "table.all{font-size:12.5px}.all th,.all td{padding:5px 7px}"
    ".all code{font-size:11.5px}"
    ".main th,.main td{padding:7px 8px}"
    ".main .kpps,.main .first{padding-left:18px}"
    "tr.ref th,tr.ref td{color:var(--soft)}"
    "tbody th .soft{font-size:12px}"
    "dl{display:grid;grid-template-columns:max-content 1fr;"
    "gap:3px 18px;margin:8px 0}dd{margin:0;overflow-wrap:anywhere}"
    "code,pre{font:13px/1.5 ui-monospace,Menlo,Consolas,monospace}"
    "pre{background:var(--card);border:1px solid var(--edge);"
    "border-radius:8px;padding:12px 16px;overflow-x:auto}"
    "@media(max-width:700px){main{padding:24px 14px}"
    "figure svg{min-width:620px}.panels svg{min-width:480px}}"
    "@media print{figure,.tile,.scroll{break-inside:avoid}}\n";

/* A logarithmic axis: values lo to hi lie at pixels from to to. */
struct axis {
	double lo, hi, from, to;
};

void
lem_html_text(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			/* Control characters are not allowed in a page. */
			putc((unsigned char)*text < ' ' || *text == 0x7f ?
				' ' :
				*text,
			    out);
		}
}

/* svg_commas: digits of an integer part, in threes. */
static void
svg_commas(char text[LEM_SVG_NUMBER_SIZE], const char *plain)
{
	size_t digits = strspn(plain, "0123456789"), i, n = 0;

	for (i = 0; plain[i] != '\0' && n + 2 < LEM_SVG_NUMBER_SIZE; i++) {
		if (i > 0 && i < digits && (digits - i) % 3 == 0)
			text[n++] = ',';
		text[n++] = plain[i];
	}
	text[n] = '\0';
}

const char *
lem_html_number(char text[LEM_SVG_NUMBER_SIZE], double v)
{
	char plain[LEM_SVG_NUMBER_SIZE] = "\xe2\x80\x93";	/* en dash */
	double size = fabs(v);
	int digits = (size < 99.95) + (size < 9.995) + (size < 0.9995);

	if (size < 0.0995)
		digits = (int)fmin(6, 1 - floor(log10(size)));
	if (isfinite(v))
		snprintf(plain, sizeof(plain), "%.*f", v == 0 ? 0 : digits, v);
	svg_commas(text, plain);
	return text;
}

/* tick_number: a round value with no more digits than it has. */
static const char *
tick_number(char text[LEM_SVG_NUMBER_SIZE], double v)
{
	char plain[LEM_SVG_NUMBER_SIZE];

	snprintf(plain, sizeof(plain), "%.*f",
	    v < 1 ? (int)fmin(9, -floor(log10(v) + 1e-9)) : 0, v);
	svg_commas(text, plain);
	return text;
}

static double
place(const struct axis *a, double v)
{
	return a->from +
	    (a->to - a->from) * log10(v / a->lo) / log10(a->hi / a->lo);
}

/* round_down: the 1, 2 or 5 times a power of ten at or below v. */
static double
round_down(double v)
{
	double decade = pow(10, floor(log10(v) + 1e-9));
	double m = v / decade * (1 + 1e-9);

	if (m >= 5)
		return decade * 5;
	return decade * (m >= 2 ? 2 : 1);
}

/* round_next: the 1, 2 or 5 times a power of ten above such a v. */
static double
round_next(double v)
{
	double decade = pow(10, floor(log10(v) + 1e-9));
	double m = v / decade;

	if (m > 4)
		return decade * 10;
	return decade * (m > 1.5 ? 5 : 2);
}

/* fit_axis: round ends around min and max, more than a step apart. */
static void
fit_axis(struct axis *a, double min, double max, bool decades)
{
	a->lo = decades ? pow(10, floor(log10(min * 0.9))) : round_down(min);
	a->hi = round_down(max);
	while (a->hi < max * (1 - 1e-9) || a->hi < a->lo * 1.9)
		a->hi = round_next(a->hi);
}

/* next_tick: every 1, 2, 5 on a short axis, decades on a long one. */
static double
next_tick(const struct axis *a, double v)
{
	return a->hi / a->lo > 500 ? v * 10 : round_next(v);
}

static void
svg_text_at(FILE *out, double x, double y, const char *class, const char *text)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, class);
	lem_html_text(out, text);
	fputs("</text>\n", out);
}

static void
svg_segment(FILE *out, const char *class, double x1, double y1, double x2,
    double y2)
{
	fprintf(out,
	    "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" "
	    "y2=\"%.1f\"/>\n",
	    class, x1, y1, x2, y2);
}

static void
svg_open(FILE *out, const char *title, int width, int height)
{
	fprintf(out,
	    "<svg role=\"img\" viewBox=\"0 0 %d %d\" width=\"%d\" "
	    "height=\"%d\" aria-label=\"",
	    width, height, width, height);
	lem_html_text(out, title);
	fputs("\">\n", out);
}

static void
svg_diamond(FILE *out, double x, double y)
{
	fprintf(out, "<path class=\"mark\" d=\"M%.1f %.1fl6 6-6 6-6-6z\"/>\n",
	    x, y - 6);
}

/* svg_bar_legend: each series once, then the diamond. */
static void
svg_bar_legend(FILE *out, const struct lem_svg_bars *chart)
{
	double x = BAR_LEFT;
	size_t i, k;

	for (i = 0; i < chart->bars; i++) {
		const struct lem_svg_bar *b = &chart->bar[i];

		for (k = 0;
		     k < i && strcmp(chart->bar[k].series, b->series) != 0; k++)
			;
		if (k < i)
			continue;
		fprintf(out,
		    "<rect class=\"bar k%u\" x=\"%.1f\" y=\"8\" "
		    "width=\"12\" height=\"12\" rx=\"3\"/>\n",
		    b->colour, x);
		svg_text_at(out, x + 18, 18, "legend", b->series);
		x += 18 + (double)strlen(b->series) * CHAR_WIDTH + 22;
	}
	if (chart->mark == NULL)
		return;
	svg_diamond(out, x + 6, 14);
	svg_text_at(out, x + 18, 18, "legend", chart->mark);
}

static bool
same_group(const struct lem_svg_bars *chart, size_t a, size_t b)
{
	return strcmp(chart->bar[a].group, chart->bar[b].group) == 0;
}

/* group_bars: how many stand together from bar i on. */
static size_t
group_bars(const struct lem_svg_bars *chart, size_t i)
{
	size_t n = 1;

	while (i + n < chart->bars && same_group(chart, i, i + n))
		n++;
	return n;
}

/* group_height: of a group's bars without the gap, at least two lines. */
static int
group_height(const struct lem_svg_bars *chart, size_t i)
{
	return MAX((int)group_bars(chart, i) * BAR_STEP, GROUP_MIN);
}

static int
bars_height(const struct lem_svg_bars *chart)
{
	int height = BAR_TOP + BAR_BOTTOM;
	size_t i;

	for (i = 0; i < chart->bars; i += group_bars(chart, i))
		height += group_height(chart, i) + GROUP_GAP;
	return height;
}

static void
reach(double v, double *min, double *max)
{
	if (!(v >= 1e-9 && v <= 1e15))
		return;
	*min = fmin(*min, v);
	*max = fmax(*max, v);
}

/* fit_bars: the axis that holds every value, whisker and diamond. */
static void
fit_bars(const struct lem_svg_bars *chart, struct axis *a)
{
	double min = INFINITY, max = 0;
	size_t i;

	for (i = 0; i < chart->bars; i++) {
		reach(chart->bar[i].value, &min, &max);
		reach(chart->bar[i].low, &min, &max);
		reach(chart->bar[i].high, &min, &max);
		reach(chart->bar[i].mark, &min, &max);
	}
	if (max == 0)
		min = max = 1;
	fit_axis(a, min, max, true);
	a->from = BAR_LEFT;
	a->to = BAR_WIDTH - BAR_RIGHT;
}

/* svg_bar_axis: grid lines and their values, the unit below. */
static void
svg_bar_axis(FILE *out, const struct axis *a, const char *unit, int height)
{
	char text[LEM_SVG_NUMBER_SIZE];
	double v, bottom = height - BAR_BOTTOM;

	v = a->lo;
	while (v <= a->hi * 1.001) {
		svg_segment(out, v == a->lo ? "base" : "grid", place(a, v),
		    BAR_TOP - 8, place(a, v), bottom);
		svg_text_at(out, place(a, v), bottom + 17, "tick mid",
		    tick_number(text, v));
		v = next_tick(a, v);
	}
	svg_text_at(out, (a->from + a->to) / 2, bottom + 37, "name mid", unit);
}

/* svg_group_label: one line, or two broken at ", ". */
static void
svg_group_label(FILE *out, const char *group, double middle)
{
	const char *second = strstr(group, ", ");
	char first[64];

	if (second == NULL) {
		svg_text_at(out, BAR_LEFT - 12, middle + 4, "label end", group);
		return;
	}
	snprintf(first, sizeof(first), "%.*s", (int)(second - group + 1),
	    group);
	svg_text_at(out, BAR_LEFT - 12, middle - 4, "label end", first);
	svg_text_at(out, BAR_LEFT - 12, middle + 12, "label end strong",
	    second + 2);
}

/* svg_whisker: from the smallest to the largest run. */
static void
svg_whisker(FILE *out, const struct axis *a, const struct lem_svg_bar *b,
    double y)
{
	double x1, x2;

	if (!(b->low > 0) || !isfinite(b->high) || b->high <= b->low)
		return;
	x1 = place(a, b->low);
	x2 = place(a, b->high);
	fprintf(out,
	    "<path class=\"whisker\" d=\"M%.1f %.1fv6m0-3H%.1f"
	    "m0-3v6\"/>\n",
	    x1, y - 3, x2);
}

/* svg_bar: bar, whisker, diamond and figure, with its middle at y. */
static void
svg_bar(FILE *out, const struct axis *a, const struct lem_svg_bar *b, double y)
{
	bool mark = isfinite(b->mark) && b->mark > 0;
	double end = a->from;

	fputs("<g><title>", out);
	lem_html_text(out, b->hint);
	fputs("</title>\n", out);
	if (isfinite(b->value) && b->value > 0) {
		end = place(a, b->value);
		fprintf(out,
		    "<path class=\"bar k%u\" d=\"M%.1f %.1fH%.1f"
		    "q3 0 3 3v%dq0 3-3 3H%.1fz\"/>\n",
		    b->colour, a->from, y - BAR_THICK / 2.0,
		    MAX(end - 3, a->from), BAR_THICK - 6, a->from);
		svg_whisker(out, a, b, y);
		if (isfinite(b->high) && b->high > b->value)
			end = place(a, b->high);
	}
	if (mark) {
		svg_diamond(out, place(a, b->mark), y);
		end = fmax(end, place(a, b->mark) + 6);
	}
	svg_text_at(out, end + 7, y + 4, "value", b->label);
	fputs("</g>\n", out);
}

void
lem_svg_bars(FILE *out, const struct lem_svg_bars *chart)
{
	int height = bars_height(chart);
	double y = BAR_TOP, middle;
	struct axis a;
	size_t i, k, n;

	fit_bars(chart, &a);
	svg_open(out, chart->title, BAR_WIDTH, height);
	svg_bar_legend(out, chart);
	svg_bar_axis(out, &a, chart->unit, height);
	for (i = 0; i < chart->bars; i += n) {
		n = group_bars(chart, i);
		middle = y + group_height(chart, i) / 2.0;
		svg_group_label(out, chart->bar[i].group, middle);
		middle -= (double)(n - 1) / 2 * BAR_STEP;
		for (k = 0; k < n; k++, middle += BAR_STEP)
			svg_bar(out, &a, &chart->bar[i + k], middle);
		y += group_height(chart, i) + GROUP_GAP;
	}
	fputs("</svg>\n", out);
}

/*
 * The x axis of curves is logarithmic with a place of its own for 0, half a
 * decade left of the smallest value: lo to hi are values above 0.
 */
struct x_axis {
	struct axis log;
	bool zero;
};

static double
place_x(const struct x_axis *x, double v)
{
	return v > 0 ? place(&x->log, v) : LINE_LEFT + 14;
}

static void
fit_x(const struct lem_svg_lines *chart, struct x_axis *x)
{
	double min = INFINITY, max = 0;
	size_t i, k;

	x->zero = false;
	for (i = 0; i < chart->lines; i++)
		for (k = 0; k < chart->line[i].points; k++) {
			reach(chart->line[i].point[k].x, &min, &max);
			if (!(chart->line[i].point[k].x > 0))
				x->zero = true;
		}
	if (max == 0)
		min = max = 1;
	x->log.lo = min;
	x->log.hi = max > min ? max : min * 2;
	x->log.from = LINE_LEFT + (x->zero ? 68 : 14);
	x->log.to = LINE_WIDTH - LINE_RIGHT - 8;
}

/* next_x: the smallest x of any point above v, or INFINITY. */
static double
next_x(const struct lem_svg_lines *chart, double v)
{
	double next = INFINITY;
	size_t i, k;

	for (i = 0; i < chart->lines; i++)
		for (k = 0; k < chart->line[i].points; k++)
			if (chart->line[i].point[k].x > v)
				next = fmin(next, chart->line[i].point[k].x);
	return next;
}

/* svg_x_axis: a tick at every measured x that has room for its figure. */
static void
svg_x_axis(FILE *out, const struct lem_svg_lines *chart, const struct x_axis *x)
{
	double v, end = -1e9, bottom = LINE_HEIGHT - LINE_BOTTOM;
	char text[LEM_SVG_NUMBER_SIZE];

	svg_segment(out, "base", LINE_LEFT, bottom, LINE_WIDTH - LINE_RIGHT,
	    bottom);
	if (x->zero)
		svg_text_at(out, (place_x(x, 0) + x->log.from) / 2, bottom + 4,
		    "tick mid", "//");
	for (v = next_x(chart, -1); isfinite(v); v = next_x(chart, v)) {
		double at = place_x(x, v), half;

		lem_html_number(text, v);
		half = (double)strlen(text) * CHAR_WIDTH / 2;
		if (at - half < end + 6)
			continue;
		svg_segment(out, "base", at, bottom, at, bottom + 4);
		svg_text_at(out, at, bottom + 18, "tick mid", text);
		end = at + half;
	}
	svg_text_at(out, (LINE_LEFT + LINE_WIDTH - LINE_RIGHT) / 2.0,
	    bottom + 40, "name mid", chart->x_name);
}

static void
svg_y_axis(FILE *out, const struct axis *y, const char *name)
{
	char text[LEM_SVG_NUMBER_SIZE];
	double v, middle = (y->from + y->to) / 2;

	v = y->lo;
	while (v <= y->hi * 1.001) {
		if (v > y->lo)
			svg_segment(out, "grid", LINE_LEFT, place(y, v),
			    LINE_WIDTH - LINE_RIGHT, place(y, v));
		svg_text_at(out, LINE_LEFT - 7, place(y, v) + 4, "tick end",
		    tick_number(text, v));
		v = next_tick(y, v);
	}
	fprintf(out, "<g transform=\"translate(12 %.1f) rotate(-90)\">\n",
	    middle);
	svg_text_at(out, 0, 0, "name mid", name);
	fputs("</g>\n", out);
}

/* svg_dots: round for a whole line, hollow for a dashed one. */
static void
svg_dots(FILE *out, const struct lem_svg_line *l, const struct x_axis *x,
    const struct axis *y)
{
	char a[LEM_SVG_NUMBER_SIZE], b[LEM_SVG_NUMBER_SIZE];
	size_t i;

	for (i = 0; i < l->points; i++) {
		const struct lem_svg_point *p = &l->point[i];

		fprintf(out,
		    "<circle class=\"%s k%u\" cx=\"%.1f\" "
		    "cy=\"%.1f\" r=\"4\"><title>",
		    l->dashed ? "hollow" : "dot", l->colour, place_x(x, p->x),
		    place(y, p->y));
		lem_html_text(out, l->label);
		fprintf(out, ": %s at %s</title></circle>\n",
		    lem_html_number(a, p->y), lem_html_number(b, p->x));
	}
}

/* svg_line: the curve; 0 is not on the scale, so the line to it is faint. */
static void
svg_line(FILE *out, const struct lem_svg_line *l, const struct x_axis *x,
    const struct axis *y)
{
	size_t i, first = 0;

	if (l->points > 1 && !(l->point[0].x > 0)) {
		fprintf(out,
		    "<path class=\"line faint k%u\" d=\"M%.1f %.1f"
		    "L%.1f %.1f\"/>\n",
		    l->colour, place_x(x, 0), place(y, l->point[0].y),
		    place_x(x, l->point[1].x), place(y, l->point[1].y));
		first = 1;
	}
	fprintf(out, "<path class=\"line%s k%u\" d=\"",
	    l->dashed ? " dashed" : "", l->colour);
	for (i = first; i < l->points; i++)
		fprintf(out, "%c%.1f %.1f", i == first ? 'M' : 'L',
		    place_x(x, l->point[i].x), place(y, l->point[i].y));
	fputs("\"/>\n", out);
	if (!l->across)
		svg_dots(out, l, x, y);
}

/* spread_labels: heights of the labels, none nearer than LABEL_STEP. */
static void
spread_labels(double *at, const size_t *order, size_t n, double bottom)
{
	size_t i;

	for (i = 1; i < n; i++)
		at[order[i]] =
		    fmax(at[order[i]], at[order[i - 1]] + LABEL_STEP);
	if (n > 0 && at[order[n - 1]] > bottom)
		at[order[n - 1]] = bottom;
	for (i = n; i-- > 1;)
		at[order[i - 1]] =
		    fmin(at[order[i - 1]], at[order[i]] - LABEL_STEP);
}

/* svg_end_labels: a name at the right end of every curve. */
static void
svg_end_labels(FILE *out, const struct lem_svg_lines *chart,
    const struct x_axis *x, const struct axis *y)
{
	size_t order[LABELS_MAX] = { 0 }, n = chart->lines;
	double at[LABELS_MAX] = { 0 }, right = LINE_WIDTH - LINE_RIGHT;
	size_t i, k;

	if (n > LABELS_MAX)
		n = LABELS_MAX;
	for (i = 0; i < n; i++) {
		const struct lem_svg_line *l = &chart->line[i];

		at[i] = place(y, l->point[l->points - 1].y);
		for (k = i; k > 0 && at[order[k - 1]] > at[i]; k--)
			order[k] = order[k - 1];
		order[k] = i;
	}
	spread_labels(at, order, n, LINE_HEIGHT - LINE_BOTTOM);
	for (i = 0; i < n; i++) {
		const struct lem_svg_line *l = &chart->line[i];
		const struct lem_svg_point *p = &l->point[l->points - 1];

		svg_segment(out, "leader", place_x(x, p->x) + 6, place(y, p->y),
		    right + 6, at[i]);
		fprintf(out,
		    "<path class=\"line%s k%u\" d=\"M%.1f %.1fh14"
		    "\"/>\n",
		    l->dashed ? " dashed" : "", l->colour, right + 8, at[i]);
		svg_text_at(out, right + 26, at[i] + 4, "legend", l->label);
	}
}

void
lem_svg_lines(FILE *out, const struct lem_svg_lines *chart)
{
	struct axis y = {
		.from = LINE_HEIGHT - LINE_BOTTOM,
		.to = LINE_TOP,
	};
	struct x_axis x;
	size_t i;

	fit_axis(&y, chart->y_min, chart->y_max, false);
	fit_x(chart, &x);
	svg_open(out, chart->title, LINE_WIDTH, LINE_HEIGHT);
	svg_y_axis(out, &y, chart->y_name);
	svg_x_axis(out, chart, &x);
	for (i = 0; i < chart->lines; i++)
		svg_line(out, &chart->line[i], &x, &y);
	svg_end_labels(out, chart, &x, &y);
	fputs("</svg>\n", out);
}
