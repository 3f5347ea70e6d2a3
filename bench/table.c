/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The results as text: first the table of the RFC of 2012 with its own figures
 * beside ours, then what lies behind each rate, how many of the frames arrived,
 * and what was not run and why.  ASCII only, whatever the strings hold.
 */
#include "results.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define LINE_WIDTH	79u	/* so that an 80-column terminal never wraps */
#define LABEL_WIDTH	15	/* the longest: "virtio.standard" */
#define RFC_WIDTH	4	/* of a figure of the RFC: "QEMU" */
#define TEXT_SIZE	32u

/* A column of the tables behind: a double of struct lem_cell. */
static const struct column {
	const char *head;
	size_t offset;
	bool ratio;
} columns[] = {
	{ "Kpps", offsetof(struct lem_cell, kpps.median), false },
	{ "Mbit/s", offsetof(struct lem_cell, mbit_s), false },
	{ "ratio", offsetof(struct lem_cell, ratio), true },
	{ "/vtnet", offsetof(struct lem_cell, ratio_virtio), true },
	{ "RFC", offsetof(struct lem_cell, rfc_kpps), false },
	{ "TDT", offsetof(struct lem_cell, per_packet.doorbells), false },
	{ "irq", offsetof(struct lem_cell, per_packet.interrupts), false },
	{ "irq/s", offsetof(struct lem_cell, interrupts_s), false },
	{ "regs", offsetof(struct lem_cell, per_packet.registers), false },
	{ "exits", offsetof(struct lem_cell, per_packet.exits), false },
	{ "trips", offsetof(struct lem_cell, per_packet.round_trips), false },
	{ "CPU us", offsetof(struct lem_cell, per_packet.host_cpu_us), false },
	{ "p50 us", offsetof(struct lem_cell, rtt_p50_us), false },
	{ "p99 us", offsetof(struct lem_cell, rtt_p99_us), false },
};

/* The columns of one VMM in the RFC's table, and in lem-nic's. */
struct vmm_column {
	enum lem_vmm_id vmm;
	int kpps, range, ratio, virtio;	/* widths; 0: left out */
};

/* table_text: a string, with a "?" for what a terminal might obey. */
static void
table_text(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		putc(*text >= ' ' && *text <= '~' ? *text : '?', out);
}

/* table_wrapped: words from column `col` on, continued at `indent`. */
static void
table_wrapped(FILE *out, const char *text, size_t col, size_t indent)
{
	size_t len, start = col;

	while (*(text += strspn(text, " \t\n")) != '\0') {
		len = strcspn(text, " \t\n");
		if (col > start && col + 1 + len > LINE_WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			start = col = indent;
		} else if (col > start) {
			putc(' ', out);
			col++;
		}
		col += len;
		for (; len > 0; len--, text++)
			putc(*text >= ' ' && *text <= '~' ? *text : '?', out);
	}
	putc('\n', out);
}

/* number_text: three digits that matter, two of a small part; "-" for NAN. */
static const char *
number_text(char text[TEXT_SIZE], double v)
{
	double size = fabs(v);
	int digits = (size < 99.95) + (size < 9.995) + (size < 0.9995);

	if (!isfinite(v))
		return "-";
	if (v == 0)
		return "0";
	if (size < 0.0995)
		digits = (int)fmin(6, 1 - floor(log10(size)));
	snprintf(text, TEXT_SIZE, "%.*f", digits, v);
	return text;
}

/* times_text: a ratio, "1x", "1.40x", "85.3x". */
static const char *
times_text(char text[TEXT_SIZE], double v)
{
	char plain[TEXT_SIZE];

	if (!isfinite(v))
		return "-";
	if (v >= 0.0995 && v < 0.9995)
		snprintf(text, TEXT_SIZE, "%.2fx", v);
	else
		snprintf(text, TEXT_SIZE, "%.30sx",
		    v == 1 ? "1" : number_text(plain, v));
	return text;
}

/* range_text: "(16.9-17.9)", nothing for a single run. */
static const char *
range_text(char text[TEXT_SIZE], const struct lem_spread *s)
{
	char min[TEXT_SIZE], max[TEXT_SIZE];

	if (s->runs < 2)
		return "";
	snprintf(text, TEXT_SIZE, "(%.14s-%.14s)", number_text(min, s->min),
	    number_text(max, s->max));
	return text;
}

static int
widest(int width, const char *text)
{
	int len = (int)strlen(text);

	return len > width ? len : width;
}

static double
column_value(const struct lem_cell *c, const struct column *col)
{
	double v;

	memcpy(&v, (const char *)c + col->offset, sizeof(v));
	if (col->offset == offsetof(struct lem_cell, interrupts_s) &&
	    !lem_cell_has_system(c))
		return NAN;	/* "irq" says as much */
	return c->kpps.runs == 0 && col == columns ? NAN : v;
}

/* main_frame: the tables' frame length, 60 if there is a choice; 0: none. */
static unsigned int
main_frame(const struct lem_results *r)
{
	unsigned int frame = 0;
	size_t i;

	for (i = 0; i < r->cells; i++) {
		if (!lem_cell_of_table(&r->cell[i]))
			continue;
		if (frame == 0 || r->cell[i].frame == 60)
			frame = r->cell[i].frame;
	}
	return frame;
}

static const struct lem_cell *
main_cell(const struct lem_results *r, enum lem_row row, enum lem_vmm_id vmm)
{
	unsigned int frame = main_frame(r);
	size_t i;

	for (i = 0; i < r->cells; i++) {
		const struct lem_cell *c = &r->cell[i];

		if (lem_cell_of_table(c) && c->row == row &&
		    c->frame == frame && c->vmm == vmm)
			return c;
	}
	return NULL;
}

/* find_vmms: those of the RFC's table, or of lem-nic's, that have a cell. */
static size_t
find_vmms(const struct lem_results *r, bool lem_nic,
    struct vmm_column h[LEM_VMMS])
{
	unsigned int vmm;
	size_t i, vmms = 0;

	memset(h, 0, LEM_VMMS * sizeof(*h));
	for (vmm = 0; vmm < LEM_VMMS; vmm++) {
		if (lem_vmms[vmm].lem_nic != lem_nic)
			continue;
		for (i = 0; i < r->cells; i++)
			if (lem_cell_of_table(&r->cell[i]) &&
			    r->cell[i].vmm == vmm)
				break;
		if (i < r->cells || vmm < LEM_RFC_VMMS)
			h[vmms++].vmm = (enum lem_vmm_id)vmm;
	}
	return vmms;
}

/* is_asked: has the RFC's table, or lem-nic's, a cell? */
static bool
is_asked(const struct lem_results *r, bool lem_nic)
{
	size_t i;

	for (i = 0; i < r->cells; i++)
		if (lem_cell_of_table(&r->cell[i]) &&
		    lem_vmms[r->cell[i].vmm].lem_nic == lem_nic)
			return true;
	return false;
}

static void
fit_vmm(const struct lem_results *r, struct vmm_column *h)
{
	char text[TEXT_SIZE];
	size_t i;

	h->kpps = 4;
	h->range = 9;
	h->ratio = 5;
	h->virtio = lem_vmms[h->vmm].lem_nic ? 6 : 0;
	for (i = 0; i < LEM_ROWS; i++) {
		const struct lem_cell *c;

		c = main_cell(r, (enum lem_row)i, h->vmm);
		if (c == NULL || !lem_cell_measured(c) || c->kpps.runs == 0)
			continue;
		h->kpps = widest(h->kpps, number_text(text, c->kpps.median));
		h->range = widest(h->range, range_text(text, &c->kpps));
		h->ratio = widest(h->ratio, times_text(text, c->ratio));
		if (h->virtio > 0)
			h->virtio = widest(h->virtio,
			    times_text(text, c->ratio_virtio));
	}
}

static int
vmm_width(const struct vmm_column *h)
{
	return h->kpps + 1 + h->ratio + (h->range > 0 ? h->range + 1 : 0) +
	    (h->virtio > 0 ? h->virtio + 1 : 0);
}

/* fit_vmms: all columns; without (min-max) if a line would be too long. */
static void
fit_vmms(const struct lem_results *r, struct vmm_column *h, size_t vmms)
{
	size_t i, line = LABEL_WIDTH;

	if (!lem_vmms[h[0].vmm].lem_nic)
		line += strlen("  RFC, 2012");

	for (i = 0; i < vmms; i++) {
		fit_vmm(r, &h[i]);
		line += 2 + (size_t)vmm_width(&h[i]);
	}
	for (i = 0; i < vmms && line > LINE_WIDTH; i++)
		h[i].range = 0;
}

static void
table_main_head(FILE *out, const struct vmm_column *h, size_t vmms)
{
	bool rfc = !lem_vmms[h[0].vmm].lem_nic;
	size_t i;

	fprintf(out, "%-*s", LABEL_WIDTH, "");
	for (i = 0; i < vmms; i++)
		fprintf(out, "  %-*.*s",
		    i + 1 < vmms || rfc ? vmm_width(&h[i]) : 0,
		    vmm_width(&h[i]), lem_vmms[h[i].vmm].label);
	fprintf(out, "%s\n%-*s", rfc ? "  RFC, 2012" : "", LABEL_WIDTH, "");
	for (i = 0; i < vmms; i++) {
		fprintf(out, "  %*s", h[i].kpps, "Kpps");
		if (h[i].range > 0)
			fprintf(out, " %-*s", h[i].range, "(min-max)");
		fprintf(out, " %*s", h[i].ratio, "ratio");
		if (h[i].virtio > 0)
			fprintf(out, " %*s", h[i].virtio, "/vtnet");
	}
	for (i = 0; rfc && i < LEM_RFC_VMMS; i++)
		fprintf(out, "%*s%*s", i == 0 ? 2 : 1, "", RFC_WIDTH,
		    lem_vmms[i].rfc);
	putc('\n', out);
}

/* table_main_cell: returns the blanks to print before the next. */
static int
table_main_cell(FILE *out, const struct lem_cell *c, const struct vmm_column *h)
{
	char kpps[TEXT_SIZE], spread[TEXT_SIZE], ratio[TEXT_SIZE];
	const char *status = lem_cell_status(c);

	if (status != NULL) {
		fprintf(out, "%*s", widest(h->kpps, status), status);
		return vmm_width(h) - widest(h->kpps, status);
	}
	fprintf(out, "%*s", h->kpps, number_text(kpps, c->kpps.median));
	if (h->range > 0)
		fprintf(out, " %-*s", h->range, range_text(spread, &c->kpps));
	fprintf(out, " %*s", h->ratio, times_text(ratio, c->ratio));
	if (h->virtio > 0)
		fprintf(out, " %*s", h->virtio,
		    times_text(ratio, c->ratio_virtio));
	return 0;
}

/* table_rfc_figures: the RFC's own, nothing in a row that it does not have. */
static void
table_rfc_figures(FILE *out, enum lem_row row, int blanks)
{
	char text[TEXT_SIZE];
	unsigned int vmm;
	double kpps;

	for (vmm = 0; vmm < LEM_RFC_VMMS; vmm++) {
		kpps = lem_rfc_kpps(row, (enum lem_vmm_id)vmm);
		if (!isfinite(kpps))
			return;
		snprintf(text, sizeof(text), "%g", kpps);
		fprintf(out, "%*s%*s", blanks + (vmm == 0 ? 2 : 1), "",
		    RFC_WIDTH, text);
		blanks = 0;
	}
}

static void
table_main_row(FILE *out, const struct lem_results *r, enum lem_row row,
    const struct vmm_column *h, size_t vmms)
{
	int blanks = 0;
	size_t i;

	fprintf(out, "%-*s", LABEL_WIDTH, lem_rows[row].id);
	for (i = 0; i < vmms; i++) {
		fprintf(out, "%*s", blanks + 2, "");
		blanks =
		    table_main_cell(out, main_cell(r, row, h[i].vmm), &h[i]);
	}
	if (!lem_vmms[h[0].vmm].lem_nic)
		table_rfc_figures(out, row, blanks);
	putc('\n', out);
}

/* Was this row asked for with any of these VMMs? */
static bool
has_row(const struct lem_results *r, enum lem_row row,
    const struct vmm_column *h, size_t vmms)
{
	size_t i;

	for (i = 0; i < vmms; i++)
		if (main_cell(r, row, h[i].vmm) != NULL)
			return true;
	return false;
}

static void
table_rfc_ratios(FILE *out)
{
	char text[TEXT_SIZE];
	unsigned int vmm, row;
	double first;

	fprintf(out, "\nThe RFC's ratios:");
	for (vmm = 0; vmm < LEM_RFC_VMMS; vmm++) {
		first = lem_rfc_kpps(LEM_ROW_STANDARD, (enum lem_vmm_id)vmm);
		fprintf(out, "%s %s", vmm == 0 ? "" : ";", lem_vmms[vmm].rfc);
		for (row = 0; row < LEM_RFC_ROWS; row++)
			fprintf(out, "%s %s", row == 0 ? "" : ",",
			    times_text(text,
				lem_rfc_kpps((enum lem_row)row,
				    (enum lem_vmm_id)vmm) /
				    first));
	}
	fprintf(out, ".\n");
}

/*
 * table_row_names: what the rows' short names stand for; after lem-nic's table,
 * those that are not in the RFC's.
 */
static void
table_row_names(FILE *out, const struct lem_results *r, bool lem_nic)
{
	struct vmm_column h[LEM_VMMS], rfc[LEM_VMMS];
	size_t vmms = find_vmms(r, lem_nic, h), rfcs = find_vmms(r, false, rfc);
	bool old = lem_nic && is_asked(r, false);
	unsigned int row;

	putc('\n', out);
	for (row = 0; row < LEM_ROWS; row++) {
		if (old &&
		    (row < LEM_RFC_ROWS ||
			has_row(r, (enum lem_row)row, rfc, rfcs)))
			continue;
		if ((!lem_nic && row < LEM_RFC_ROWS) ||
		    has_row(r, (enum lem_row)row, h, vmms))
			fprintf(out, "%-*s  %s\n", LABEL_WIDTH,
			    lem_rows[row].id, lem_rows[row].name);
	}
}

static void
table_rfc_table(FILE *out, const struct lem_results *r)
{
	struct vmm_column h[LEM_VMMS];
	size_t vmms = find_vmms(r, false, h);
	bool gap = false;
	unsigned int row;

	if (!is_asked(r, false)) {
		fprintf(out,
		    "No cell of the RFC's table (tx, sink null) was asked "
		    "for.\n");
		return;
	}
	fprintf(out,
	    "UDP transmit, %u-byte frames, null sink; ratio to the "
	    "first row\n\n",
	    main_frame(r));
	fit_vmms(r, h, vmms);
	table_main_head(out, h, vmms);
	for (row = 0; row < LEM_ROWS; row++) {
		if (row >= LEM_RFC_ROWS &&
		    !has_row(r, (enum lem_row)row, h, vmms))
			continue;
		if (row >= LEM_RFC_ROWS && !gap) {
			fprintf(out, "for reference:\n");
			gap = true;
		}
		table_main_row(out, r, (enum lem_row)row, h, vmms);
	}
	table_row_names(out, r, false);
	table_rfc_ratios(out);
}

/* table_nic_table: lem-nic beside the NICs of the same QEMU. */
static void
table_nic_table(FILE *out, const struct lem_results *r)
{
	struct vmm_column h[LEM_VMMS];
	size_t vmms = find_vmms(r, true, h);
	unsigned int row;

	if (vmms == 0)
		return;
	fprintf(out,
	    "\nThe same with lem-nic, in one QEMU; ratio to its own e1000 "
	    "(stock), /vtnet to\nits virtio-net (virtio)\n\n");
	fit_vmms(r, h, vmms);
	table_main_head(out, h, vmms);
	for (row = 0; row < LEM_ROWS; row++)
		if (has_row(r, (enum lem_row)row, h, vmms))
			table_main_row(out, r, (enum lem_row)row, h, vmms);
	table_row_names(out, r, true);
}

static void
table_fact(FILE *out, const char *name, const char *text)
{
	if (text[0] == '\0')
		return;
	fprintf(out, "%-10s", name);
	table_wrapped(out, text, 10, 10);
}

/*
 * table_line: how far apart the processors were; rates of runs that differ here
 * cannot be compared.
 */
static void
table_line(FILE *out, const struct lem_results *r)
{
	char low[TEXT_SIZE], high[TEXT_SIZE], text[160];
	double min = INFINITY, max = 0;
	size_t i;

	for (i = 0; i < r->cells; i++)
		if (isfinite(r->cell[i].line_ns) && r->cell[i].line_ns > 0) {
			min = fmin(min, r->cell[i].line_ns);
			max = fmax(max, r->cell[i].line_ns);
		}
	if (max == 0)
		return;
	number_text(low, min);
	number_text(high, max);
	snprintf(text, sizeof(text),
	    "%s%s%s ns for a cache line from one processor to another and "
	    "back",
	    low, strcmp(low, high) != 0 ? " to " : "",
	    strcmp(low, high) != 0 ? high : "");
	table_fact(out, "distance", text);
}

static void
table_machine(FILE *out, const struct lem_results *r)
{
	const struct lem_machine *m = &r->machine;
	char text[320], figure[TEXT_SIZE];

	putc('\n', out);
	snprintf(text, sizeof(text), "%s%s%u core%s", m->cpu,
	    m->cpu[0] != '\0' ? ", " : "", m->cores, m->cores == 1 ? "" : "s");
	table_fact(out, "machine", text);
	snprintf(text, sizeof(text), "%s%s%s", m->os,
	    m->os[0] != '\0' && m->kernel[0] != '\0' ? ", " : "", m->kernel);
	table_fact(out, "system", text);
	table_fact(out, "QEMU", m->qemu);
	if (strcmp(m->nic_qemu, m->qemu) != 0)
		table_fact(out, "  lem-nic", m->nic_qemu);
	table_fact(out, "KVM", m->kvm);
	snprintf(text, sizeof(text), "%s%s%u run%s of %g s a cell%s", m->date,
	    m->date[0] != '\0' ? "; " : "", r->runs, r->runs == 1 ? "" : "s",
	    r->seconds, r->interrupted ? "; INTERRUPTED, not complete" : "");
	table_fact(out, "measured", text);
	table_line(out, r);
	if (!isfinite(m->sink_kpps))
		return;
	snprintf(text, sizeof(text),
	    "%s Kpps, the most that it can take, measured without a VMM",
	    number_text(figure, m->sink_kpps));
	table_fact(out, "receiver", text);
}

/* same_table: equal but for row and ITR. */
static bool
same_table(const struct lem_cell *a, const struct lem_cell *b)
{
	return lem_compare_groups(a, b) == 0 && a->vmm == b->vmm;
}

/* table_group_title: "KVM: tx, sink null, 60-byte frames". */
static void
table_group_title(FILE *out, const struct lem_cell *c)
{
	char title[LEM_TITLE_BYTES];

	lem_group_title(title, c);
	fprintf(out, "\n%s: ", lem_vmms[c->vmm].label);
	table_wrapped(out, title, strlen(lem_vmms[c->vmm].label) + 2, 4);
}

static const char *
column_text(char text[TEXT_SIZE], const struct lem_cell *c,
    const struct column *col)
{
	double v = column_value(c, col);

	return col->ratio ? times_text(text, v) : number_text(text, v);
}

/* fit_column: its width, 0 where no cell has a figure. */
static int
fit_column(const struct lem_cell *const *cell, size_t cells,
    const struct column *col)
{
	char text[TEXT_SIZE];
	int width = 0;
	size_t i;

	for (i = 0; i < cells; i++)
		if (isfinite(column_value(cell[i], col)))
			width = widest(width, column_text(text, cell[i], col));
	return width == 0 ? 0 : widest(width, col->head);
}

/*
 * fit_columns: every width; returns the gap with which a line fits.  If it does
 * not even with one blank, the ratio to virtio-net is left out.
 */
static int
fit_columns(const struct lem_cell *const *cell, size_t cells,
    int width[COUNT(columns)])
{
	size_t k, used = 0, line = LABEL_WIDTH + (cell[0]->sweep ? 5 : 0);

	for (k = 0; k < COUNT(columns); k++) {
		width[k] = fit_column(cell, cells, &columns[k]);
		line += (size_t)width[k];
		used += width[k] > 0;
	}
	used += cell[0]->sweep;
	if (line + 2 * used <= LINE_WIDTH)
		return 2;
	for (k = 0; k < COUNT(columns) && line + used > LINE_WIDTH; k++)
		if (columns[k].offset ==
		    offsetof(struct lem_cell, ratio_virtio)) {
			line -= (size_t)width[k];
			width[k] = 0;
		}
	return 1;
}

/* table_group: the cells of one VMM, workload, sink and frame. */
static void
table_group(FILE *out, const struct lem_cell *const *cell, size_t cells)
{
	int width[COUNT(columns)], gap = fit_columns(cell, cells, width);
	char text[TEXT_SIZE];
	size_t i, k;

	table_group_title(out, cell[0]);
	fprintf(out, "%-*s", LABEL_WIDTH, "");
	if (cell[0]->sweep)
		fprintf(out, "%*s", gap + 5, "ITR");
	for (k = 0; k < COUNT(columns); k++)
		if (width[k] > 0)
			fprintf(out, "%*s", gap + width[k], columns[k].head);
	putc('\n', out);
	for (i = 0; i < cells; i++) {
		fprintf(out, "%-*s", LABEL_WIDTH, lem_cell_label(cell[i]));
		if (cell[i]->sweep)
			fprintf(out, "%*u", gap + 5, cell[i]->itr);
		for (k = 0; k < COUNT(columns); k++)
			if (width[k] > 0)
				fprintf(out, "%*s", gap + width[k],
				    column_text(text, cell[i], &columns[k]));
		putc('\n', out);
	}
}

/* is_served: has lem-nic counted in any cell? */
static bool
is_served(const struct lem_results *r)
{
	size_t i;

	for (i = 0; i < r->cells; i++)
		if (isfinite(r->cell[i].per_packet.round_trips))
			return true;
	return false;
}

static void
table_behind(FILE *out, const struct lem_results *r)
{
	const struct lem_cell **cell = calloc(r->cells + 1, sizeof(*cell));
	size_t i, first, cells = 0;

	if (cell == NULL) {
		fprintf(out,
		    "\nOut of memory: the other tables are missing.\n");
		return;
	}
	for (i = 0; i < r->cells; i++)
		if (lem_cell_measured(&r->cell[i]))
			cell[cells++] = &r->cell[i];
	qsort(cell, cells, sizeof(*cell), lem_compare_cells);
	if (cells > 0)
		fprintf(out,
		    "\nWhat lies behind it, per packet: TDT writes, "
		    "interrupts (irq), register\naccesses (regs), VM exits, "
		    "host CPU time; p50 and p99 of the round trip.%s\n",
		    is_served(r) ?
			"\nAccesses that waited for lem-nic: trips." :
			"");
	for (first = 0; first < cells; first = i) {
		for (i = first + 1;
		     i < cells && same_table(cell[first], cell[i]); i++)
			;
		table_group(out, cell + first, i - first);
	}
	free(cell);
}

static void
table_losses(FILE *out, const struct lem_cell *c)
{
	fprintf(out, "%ju lost, %ju duplicated, %ju reordered, %ju corrupted",
	    (uintmax_t)c->lost, (uintmax_t)c->duplicated,
	    (uintmax_t)c->reordered, (uintmax_t)c->corrupted);
}

/* table_integrity: the sum, then each cell that is not clean. */
static void
table_integrity(FILE *out, const struct lem_results *r)
{
	struct lem_cell sum = { 0 };
	size_t i, checked = 0;

	for (i = 0; i < r->cells; i++) {
		const struct lem_cell *c = &r->cell[i];

		checked += lem_cell_checked(c);
		sum.lost += c->lost;
		sum.duplicated += c->duplicated;
		sum.reordered += c->reordered;
		sum.corrupted += c->corrupted;
	}
	putc('\n', out);
	table_losses(out, &sum);
	fprintf(out, " in %zu checked cell%s\n", checked,
	    checked == 1 ? "" : "s");
	for (i = 0; i < r->cells; i++) {
		const struct lem_cell *c = &r->cell[i];

		if (c->lost + c->duplicated + c->reordered + c->corrupted) {
			fprintf(out, "  ");
			table_text(out, c->id);
			fprintf(out, ": ");
			table_losses(out, c);
			putc('\n', out);
		}
		if (c->guard_flushes > 0) {
			fprintf(out, "  ");
			table_text(out, c->id);
			fprintf(out, ": %ju flushed by the guard\n",
			    (uintmax_t)c->guard_flushes);
		}
	}
}

static const char *
reason_of(const struct lem_cell *c, bool failed)
{
	return failed ? c->failed : c->skipped;
}

/* table_names: the cells from `i` on that have cell i's reason, wrapped. */
static void
table_names(FILE *out, const struct lem_results *r, size_t i, bool failed)
{
	const char *reason = reason_of(&r->cell[i], failed);
	size_t col = 0;

	for (; i < r->cells; i++) {
		const struct lem_cell *c = &r->cell[i];

		if (strcmp(reason_of(c, failed), reason) != 0)
			continue;
		if (col > 0) {
			putc(',', out);
			col++;
		}
		if (col + strlen(c->id) + 2 > LINE_WIDTH && col > 0) {
			putc('\n', out);
			col = 0;
		}
		fprintf(out, col == 0 ? "  " : " ");
		table_text(out, c->id);
		col += strlen(c->id) + (col == 0 ? 2 : 1);
	}
	fprintf(out, ":\n      ");
	table_wrapped(out, reason, 6, 6);
}

/* table_reasons: cells skipped or failed, one list for each reason. */
static void
table_reasons(FILE *out, const struct lem_results *r, bool failed)
{
	bool any = false;
	size_t i, k;

	for (i = 0; i < r->cells; i++) {
		const char *reason = reason_of(&r->cell[i], failed);

		for (k = 0; k < i &&
		     strcmp(reason_of(&r->cell[k], failed), reason) != 0;
		     k++)
			;
		if (reason[0] == '\0' || k < i)
			continue;
		if (!any)
			fprintf(out, "\n%s:\n", failed ? "Failed" : "Skipped");
		any = true;
		table_names(out, r, i, failed);
	}
}

void
lem_table_print(FILE *out, const struct lem_results *r)
{
	table_rfc_table(out, r);
	table_nic_table(out, r);
	table_machine(out, r);
	table_behind(out, r);
	table_integrity(out, r);
	table_reasons(out, r, false);
	table_reasons(out, r, true);
}
