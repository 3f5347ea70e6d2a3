/* SPDX-License-Identifier: BSD-2-Clause */
#include "view.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "rates.h"

#define LINE_BYTES	256u

/* A line: cells, as long as they fit. */
struct line {
	char text[LINE_BYTES];
	size_t used, width;
	bool full;
};

/* Where lines go; of those beyond the height only the number is known. */
struct page {
	FILE *out;
	unsigned int width, height, lines;
	bool brief;			/* a line for each NIC */
};

static struct line
line_begin(const struct page *p)
{
	struct line l = { .width = p->width < LINE_BYTES - 1 ? p->width :
							       LINE_BYTES - 1 };

	return l;
}

/* What does not fit is left out, and all that comes behind it. */
static void __attribute__((format(printf, 2, 3)))
line_cell(struct line *l, const char *format, ...)
{
	char cell[LINE_BYTES];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(cell, sizeof(cell), format, ap);
	va_end(ap);
	if (n < 0 || l->used + (size_t)n > l->width)
		l->full = true;
	if (l->full)
		return;
	memcpy(l->text + l->used, cell, (size_t)n + 1);
	l->used += (size_t)n;
}

static void
line_end(struct line *l, struct page *p)
{
	while (l->used > 0 && l->text[l->used - 1] == ' ')
		l->text[--l->used] = '\0';
	if (p->out != NULL && (p->height == 0 || p->lines < p->height))
		(void)fprintf(p->out, "%s\n", l->text);
	p->lines++;
}

/* --------------------------------------------------------------- numbers */

void
view_number(char text[16], double value)
{
	static const char units[] = " kMGT";
	unsigned int unit = 0;
	int digits = 0;

	if (isnan(value)) {
		(void)snprintf(text, 16, "-");
		return;
	}
	/* 999.5 would round to 1000. */
	for (; value >= 999.5 && unit < 4; unit++)
		value /= 1000;
	if (value >= 1000)
		value = 999;
	if (value < 0.995 && value > 0)
		digits = 2;
	else if (value < 9.95 && unit == 0)
		digits = value != floor(value);
	else if (unit > 0)
		digits = value < 9.995 ? 2 : value < 99.95;
	(void)snprintf(text, 16, "%.*f%.*s", digits, value, unit > 0,
	    &units[unit]);
}

void
view_ratio(char text[16], double value)
{
	if (isnan(value) || value >= 9.995 || value == 0)
		view_number(text, value);
	else if (value < 0.00005)
		(void)snprintf(text, 16, "0.0000");
	else
		(void)snprintf(text, 16, "%.*f", value < 0.1 ? 4 : 2, value);
}

/* A column of numbers. */
static void
line_number(struct line *l, double value)
{
	char text[16];

	view_number(text, value);
	line_cell(l, "%7s", text);
}

/* -------------------------------------------------------------------- NICs */

static void
columns_put(struct page *p)
{
	static const char *const column[] = { "TX p/s", "RX p/s", "TX b/s",
		"RX b/s", "IRQ/s", "TRAP/s", "SEEN/s", "TURN/s", "ACC/p",
		"DROP/s" };
	struct line l = line_begin(p);
	size_t i;

	line_cell(&l, "NIC STATE");
	line_cell(&l, " ");
	for (i = 0; i < sizeof(column) / sizeof(column[0]); i++)
		line_cell(&l, "%7s", column[i]);
	line_end(&l, p);
}

static void
nic_rates_put(struct page *p, size_t number, const struct span *nic)
{
	struct line l = line_begin(p);
	char state[7], text[16];
	unsigned int i;

	text_of(state, sizeof(state), nic->now, "state");
	for (i = 0; state[i] != '\0'; i++)
		if (state[i] >= 'a' && state[i] <= 'z')
			state[i] = (char)(state[i] - 'a' + 'A');
	line_cell(&l, "%3zu %-6s", number, state);
	line_number(&l, span_rate(nic, "tx_packets"));
	line_number(&l, span_rate(nic, "rx_packets"));
	line_number(&l, 8 * span_rate(nic, "tx_bytes"));
	line_number(&l, 8 * span_rate(nic, "rx_bytes"));
	line_number(&l, span_rate(nic, "interrupts"));
	line_number(&l, span_rate(nic, "traps"));
	line_number(&l, span_rate(nic, "rung"));
	line_number(&l, span_rate(nic, "turns"));
	view_ratio(text, per(nic_accesses(nic), nic_packets(nic)));
	line_cell(&l, "%7s", text);
	line_number(&l, nic_drops(nic));
	line_end(&l, p);
}

/* What is so now. */
static void
nic_now_put(struct page *p, const struct span *nic)
{
	double itr_ns = number_of(nic->now, "itr_ns");
	double hold_ns = number_of(nic->now, "hold_ns");
	struct line l = line_begin(p);
	char mac[18];

	text_of(mac, sizeof(mac), nic->now, "mac");
	line_cell(&l, "    %s", mac);
	if (number_of(nic->now, "cable") == 0)
		line_cell(&l, "  cable out");
	else if (number_of(nic->now, "link") == 0)
		line_cell(&l, "  no link");
	if (hold_ns > itr_ns)
		line_cell(&l, "  hold %.1f us", hold_ns / 1000);
	else if (itr_ns == 0)
		line_cell(&l, "  ITR off");
	else
		line_cell(&l, "  ITR %.1f us", itr_ns / 1000);
	line_cell(&l, "  tx %.0f/%.0f waiting", number_of(nic->now, "tx_used"),
	    number_of(nic->now, "tx_ring"));
	line_cell(&l, "  rx %.0f/%.0f free", number_of(nic->now, "rx_free"),
	    number_of(nic->now, "rx_ring"));
	line_end(&l, p);
}

/* Since the start, by reason; no line if nothing was dropped. */
static void
nic_drops_put(struct page *p, const struct span *nic)
{
	struct line l = line_begin(p);
	const char *before = "    dropped:";
	double n, rate;
	unsigned int i;
	char text[16];

	for (i = 0; i < DROPS; i++) {
		n = number_of(nic->now, drops[i].key);
		if (!(n > 0))
			continue;
		rate = span_rate(nic, drops[i].key);
		view_number(text, rate);
		if (rate > 0)
			line_cell(&l, "%s %.0f %s (+%s/s)", before, n,
			    drops[i].text, text);
		else
			line_cell(&l, "%s %.0f %s", before, n, drops[i].text);
		before = ",";
	}
	if (l.used > 0)
		line_end(&l, p);
}

/* ---------------------------------------------------------------- programs */

/* A rate of the program's, and for each packet. */
static void
line_rate(struct line *l, const char *what, double rate, double packets)
{
	char text[16];

	if (isnan(rate))
		return;
	view_number(text, rate);
	line_cell(l, "  %s %s/s", what, text);
	if (packets > 0) {
		view_ratio(text, rate / packets);
		line_cell(l, ", %s/p", text);
	}
}

static void
program_cpu_put(struct line *l, const struct span *s)
{
	double cpu = span_rate(s, "cpu_us");
	double packets = program_packets(s), ns;
	char text[16];

	view_number(text, cpu / 1e4);
	line_cell(l, "  CPU %s %%", text);
	if (packets > 0) {
		ns = cpu * 1000 / packets;
		view_number(text, ns < 999.5 ? ns : ns / 1000);
		line_cell(l, ", %s %s/p", text, ns < 999.5 ? "ns" : "us");
	}
	line_rate(l, "exits", span_rate(s, "exits"), packets);
	line_rate(l, "requests", span_rate(s, "requests"), packets);
}

static void
program_line_put(struct page *p, const struct program *is, const struct span *s)
{
	struct line l = line_begin(p);
	char version[16];

	line_cell(&l, "%s", is->name[0] != '\0' ? is->name : is->path);
	text_of(version, sizeof(version), is->now, "version");
	if (version[0] != '\0')
		line_cell(&l, " %s", version);
	if (is->pid != 0)
		line_cell(&l, "  pid %d", (int)is->pid);
	if (is->answers)
		program_cpu_put(&l, s);
	else
		line_cell(&l, "  does not answer");
	line_end(&l, p);
}

static void
program_put(struct page *p, const struct program *is)
{
	struct span s = program_span(is), nic;
	struct line blank = { .used = 0 };
	size_t i;

	if (!p->brief)
		line_end(&blank, p);
	program_line_put(p, is, &s);
	for (i = 0; is->answers && i < span_nics(&s); i++) {
		nic = span_nic(&s, i);
		nic_rates_put(p, i, &nic);
		if (!p->brief) {
			nic_now_put(p, &nic);
			nic_drops_put(p, &nic);
		}
	}
}

/* -------------------------------------------------------------------- page */

static const char *
plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void
head_put(struct page *p, const struct programs *all, const struct view *view)
{
	struct line l = line_begin(p);
	size_t i, programs = programs_answer(all), nics = 0;
	struct span s;
	struct tm tm;
	char clock[16];

	for (i = 0; i < all->n; i++) {
		s = program_span(&all->at[i]);
		nics += all->at[i].answers ? span_nics(&s) : 0;
	}
	(void)localtime_r(&view->time, &tm);
	(void)strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	line_cell(&l, "lem-stat  %s", clock);
	line_cell(&l, "  %zu program%s, %zu NIC%s", programs, plural(programs),
	    nics, plural(nics));
	line_cell(&l, "  %s", view->hint);
	line_end(&l, p);
}

static void
page_put(struct page *p, const struct programs *all, const struct view *view)
{
	size_t i;

	head_put(p, all, view);
	columns_put(p);
	for (i = 0; i < all->n; i++)
		program_put(p, &all->at[i]);
}

void
view_put(FILE *out, const struct programs *all, const struct view *view)
{
	struct page p = { .width = view->width };
	unsigned int lines;
	struct line l;

	page_put(&p, all, view);
	if (view->height != 0 && p.lines > view->height) {
		p = (struct page){ .width = view->width, .brief = true };
		page_put(&p, all, view);
	}
	lines = p.lines;
	p = (struct page){ out, view->width, view->height, 0, p.brief };
	if (view->height != 0 && lines > view->height)
		p.height = view->height - 1;
	if (view->height == 1)
		p.height = 1;
	page_put(&p, all, view);
	if (view->height <= 1 || lines <= view->height)
		return;
	l = line_begin(&p);
	line_cell(&l, "... %u more", lines - p.height);
	line_cell(&l, " lines: make the terminal taller");
	p.height = 0;
	line_end(&l, &p);
}
