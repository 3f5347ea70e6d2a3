/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The results as text: first the table of the RFC of 2012 with its own figures
 * beside, then what lies behind each rate, what arrived of what was sent, and
 * what was not run and why.  ASCII only, whatever the strings hold.
 */
#include "results.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define LINE_WIDTH	79u	/* so that an 80-column terminal never wraps */
#define LABEL_WIDTH	18
#define HOSTS_MAX	8u
#define TEXT_SIZE	32u

/* The RFC's three rows in its order, then those for reference. */
const enum lem_row lem_row_order[] = {
	LEM_ROW_STANDARD,
	LEM_ROW_MODERATED,
	LEM_ROW_COMBINED,
	LEM_ROW_ORIGINAL,
	LEM_ROW_INTERRUPT,
	LEM_ROW_COMBINED_ALONE,
	LEM_ROW_VIRTIO,
	LEM_ROW_VIRTIO_POLL,
};
_Static_assert(COUNT(lem_row_order) == LEM_ROWS, "a row has no place");

static const struct {
	const char *name;	/* in full */
	const char *label;	/* hypervisor/driver, LABEL_WIDTH at most */
	double kvm, tcg;	/* Kpps of the RFC */
} rows[] = {
	[LEM_ROW_STANDARD] = { "standard hypervisor, standard driver",
	    "standard/standard", 20, 6.3 },
	[LEM_ROW_COMBINED_ALONE] = { "standard hypervisor, modified driver",
	    "standard/modified", NAN, NAN },
	[LEM_ROW_MODERATED] = { "moderated hypervisor, standard driver",
	    "moderated/standard", 37, 28 },
	[LEM_ROW_INTERRUPT] = { "moderated hypervisor, interrupt-only driver",
	    "moderated/lazy", NAN, NAN },
	[LEM_ROW_ORIGINAL] = { "moderated hypervisor, driver of 2012",
	    "moderated/of 2012", NAN, NAN },
	[LEM_ROW_COMBINED] = { "moderated hypervisor, modified driver",
	    "moderated/modified", 200, 34 },
	[LEM_ROW_VIRTIO] = { "virtio-net, interrupts", "virtio-net", NAN, NAN },
	[LEM_ROW_VIRTIO_POLL] = { "virtio-net, polled", "virtio-net, polled",
	    NAN, NAN },
};

/* A column of the tables behind: a double of struct lem_cell. */
static const struct column {
	const char *head;
	size_t offset;
	bool ratio;
} columns[] = {
	{ "Kpps", offsetof(struct lem_cell, kpps.median), false },
	{ "ratio", offsetof(struct lem_cell, ratio), true },
	{ "/vtnet", offsetof(struct lem_cell, ratio_virtio), true },
	{ "RFC", offsetof(struct lem_cell, rfc_kpps), false },
	{ "TDT", offsetof(struct lem_cell, per_packet.doorbells), false },
	{ "irq", offsetof(struct lem_cell, per_packet.interrupts), false },
	{ "irq/s", offsetof(struct lem_cell, interrupts_s), false },
	{ "regs", offsetof(struct lem_cell, per_packet.registers), false },
	{ "exits", offsetof(struct lem_cell, per_packet.exits), false },
	{ "CPU us", offsetof(struct lem_cell, per_packet.host_cpu_us), false },
	{ "p50 us", offsetof(struct lem_cell, rtt_p50_us), false },
	{ "p99 us", offsetof(struct lem_cell, rtt_p99_us), false },
};

/* The columns of one host in the RFC's table. */
struct host_column {
	const char *host;
	int kpps, range, ratio;		/* widths */
};

const char *
lem_row_name(enum lem_row row)
{
	return (unsigned int)row < LEM_ROWS ? rows[row].name : "unknown";
}

/*
 * The RFC's "modified driver" stands in the row of that name alone, although
 * its order was that of LEM_ROW_ORIGINAL: its table has three rows, so has
 * ours, and a figure is shown once.
 */
double
lem_rfc_kpps(enum lem_row row, const char *host)
{
	if ((unsigned int)row >= LEM_ROWS || host == NULL)
		return NAN;
	if (strcmp(host, "qemu-kvm") == 0)
		return rows[row].kvm;
	if (strcmp(host, "qemu-tcg") == 0)
		return rows[row].tcg;
	return NAN;
}

const char *
lem_host_label(const char *host)
{
	if (strcmp(host, "qemu-kvm") == 0)
		return "KVM";
	return strcmp(host, "qemu-tcg") == 0 ? "QEMU (TCG)" : host;
}

/* put_text: a string with whatever a terminal might obey made harmless. */
static void
put_text(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		putc(*text >= ' ' && *text <= '~' ? *text : '?', out);
}

/* put_wrapped: words from column `col` on, continued at `indent`. */
static void
put_wrapped(FILE *out, const char *text, size_t col, size_t indent)
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

/* number: three digits that matter, two of a small part; "-" for NAN. */
static const char *
number(char text[TEXT_SIZE], double v)
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

/* times: a ratio, "1x", "1.40x", "85.3x". */
static const char *
times(char text[TEXT_SIZE], double v)
{
	char plain[TEXT_SIZE];

	if (!isfinite(v))
		return "-";
	if (v >= 0.0995 && v < 0.9995)
		snprintf(text, TEXT_SIZE, "%.2fx", v);
	else
		snprintf(text, TEXT_SIZE, "%.30sx",
		    v == 1 ? "1" : number(plain, v));
	return text;
}

/* range: "(16.9-17.9)", nothing for a single run. */
static const char *
range(char text[TEXT_SIZE], const struct lem_spread *s)
{
	char min[TEXT_SIZE], max[TEXT_SIZE];

	if (s->runs < 2)
		return "";
	snprintf(text, TEXT_SIZE, "(%.14s-%.14s)", number(min, s->min),
	    number(max, s->max));
	return text;
}

static int
widest(int width, const char *text)
{
	int len = (int)strlen(text);

	return len > width ? len : width;
}

bool
lem_cell_measured(const struct lem_cell *c)
{
	if (c->skipped[0] != '\0' || c->failed[0] != '\0')
		return false;
	return c->kpps.runs > 0 ||
	    (strcmp(c->workload, "idle") == 0 &&
		(isfinite(c->per_packet.exits) ||
	    isfinite(c->per_packet.host_cpu_us)));
}

static double
value(const struct lem_cell *c, const struct column *col)
{
	double v;

	memcpy(&v, (const char *)c + col->offset, sizeof(v));
	return c->kpps.runs == 0 && col == columns ? NAN : v;
}

bool
lem_cell_freebsd(const struct lem_cell *c)
{
	return strcmp(c->guest, "freebsd") == 0;
}

bool
lem_cell_of_rfc(const struct lem_cell *c)
{
	return !c->sweep && !c->way && !lem_cell_freebsd(c) &&
	    strcmp(c->workload, "tx") == 0 && strcmp(c->sink, "null") == 0;
}

double
lem_cell_rfc(const struct lem_cell *c)
{
	if (lem_cell_freebsd(c))
		return c->rfc_kpps;
	return lem_cell_of_rfc(c) ? lem_rfc_kpps(c->row, c->host) : NAN;
}

/* rfc_frame: the table's frame, 60 if there is a choice, 0 if no cell is. */
static unsigned int
rfc_frame(const struct lem_results *r)
{
	unsigned int frame = 0;
	size_t i;

	for (i = 0; i < r->cells; i++) {
		if (!lem_cell_of_rfc(&r->cell[i]))
			continue;
		if (frame == 0 || r->cell[i].frame == 60)
			frame = r->cell[i].frame;
	}
	return frame;
}

static const struct lem_cell *
rfc_cell(const struct lem_results *r, enum lem_row row, const char *host)
{
	unsigned int frame = rfc_frame(r);
	size_t i;

	for (i = 0; i < r->cells; i++) {
		const struct lem_cell *c = &r->cell[i];

		if (lem_cell_of_rfc(c) && c->row == row && c->frame == frame &&
		    strcmp(c->host, host) == 0)
			return c;
	}
	return NULL;
}

/* find_hosts: the RFC's two, then others in order of appearance. */
static size_t
find_hosts(const struct lem_results *r, struct host_column *h)
{
	size_t i, k, hosts = 2;

	h[0].host = "qemu-kvm";
	h[1].host = "qemu-tcg";
	for (i = 0; i < r->cells; i++) {
		const char *host = r->cell[i].host;

		for (k = 0; k < hosts && strcmp(h[k].host, host) != 0; k++)
			;
		if (k == hosts && hosts < HOSTS_MAX &&
		    lem_cell_of_rfc(&r->cell[i]))
			h[hosts++].host = host;
	}
	return hosts;
}

static void
fit_host(const struct lem_results *r, struct host_column *h)
{
	char text[TEXT_SIZE];
	size_t i;

	h->kpps = 4;
	h->range = 9;
	h->ratio = 5;
	for (i = 0; i < LEM_ROWS; i++) {
		const struct lem_cell *c;

		c = rfc_cell(r, lem_row_order[i], h->host);
		if (c == NULL || !lem_cell_measured(c) || c->kpps.runs == 0)
			continue;
		h->kpps = widest(h->kpps, number(text, c->kpps.median));
		h->range = widest(h->range, range(text, &c->kpps));
		h->ratio = widest(h->ratio, times(text, c->ratio));
	}
}

static int
host_width(const struct host_column *h)
{
	return h->kpps + 1 + h->ratio + (h->range > 0 ? h->range + 1 : 0);
}

/* fit_hosts: all columns; without the spread if a line would be too long. */
static void
fit_hosts(const struct lem_results *r, struct host_column *h, size_t hosts)
{
	size_t i, line = LABEL_WIDTH + strlen("  RFC, 2012");

	for (i = 0; i < hosts; i++) {
		fit_host(r, &h[i]);
		line += 2 + (size_t)host_width(&h[i]);
	}
	for (i = 0; i < hosts && line > LINE_WIDTH; i++)
		h[i].range = 0;
}

static void
put_rfc_head(FILE *out, const struct host_column *h, size_t hosts)
{
	size_t i;

	fprintf(out, "%-*s", LABEL_WIDTH, "");
	for (i = 0; i < hosts; i++)
		fprintf(out, "  %-*.*s", host_width(&h[i]), host_width(&h[i]),
		    lem_host_label(h[i].host));
	fprintf(out, "  RFC, 2012\n%-*s", LABEL_WIDTH, "hypervisor/driver");
	for (i = 0; i < hosts; i++) {
		fprintf(out, "  %*s", h[i].kpps, "Kpps");
		if (h[i].range > 0)
			fprintf(out, " %-*s", h[i].range, "(min-max)");
		fprintf(out, " %*s", h[i].ratio, "ratio");
	}
	fprintf(out, "   KVM QEMU\n");
}

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

/* put_rfc_cell: returns the blanks it leaves to whatever comes next. */
static int
put_rfc_cell(FILE *out, const struct lem_cell *c, const struct host_column *h)
{
	char kpps[TEXT_SIZE], spread[TEXT_SIZE], ratio[TEXT_SIZE];
	const char *status = lem_cell_status(c);

	if (status != NULL) {
		fprintf(out, "%*s", widest(h->kpps, status), status);
		return host_width(h) - widest(h->kpps, status);
	}
	fprintf(out, "%*s", h->kpps, number(kpps, c->kpps.median));
	if (h->range > 0)
		fprintf(out, " %-*s", h->range, range(spread, &c->kpps));
	fprintf(out, " %*s", h->ratio, times(ratio, c->ratio));
	return 0;
}

static void
put_rfc_row(FILE *out, const struct lem_results *r, enum lem_row row,
    const struct host_column *h, size_t hosts)
{
	double kvm = lem_rfc_kpps(row, "qemu-kvm");
	double tcg = lem_rfc_kpps(row, "qemu-tcg");
	char text[TEXT_SIZE];
	size_t i;
	int blanks = 0;

	fprintf(out, "%-*s", LABEL_WIDTH, rows[row].label);
	for (i = 0; i < hosts; i++) {
		fprintf(out, "%*s", blanks + 2, "");
		blanks = put_rfc_cell(out, rfc_cell(r, row, h[i].host), &h[i]);
	}
	if (isfinite(kvm)) {
		snprintf(text, sizeof(text), "%g", tcg);
		fprintf(out, "%*s%4g %4s", blanks + 2, "", kvm, text);
	}
	putc('\n', out);
}

/* Was this row of the RFC's table asked for on any host? */
static bool
has_row(const struct lem_results *r, enum lem_row row,
    const struct host_column *h, size_t hosts)
{
	size_t i;

	for (i = 0; i < hosts; i++)
		if (rfc_cell(r, row, h[i].host) != NULL)
			return true;
	return false;
}

static void
put_rfc_ratios(FILE *out)
{
	static const char *const host[] = { "qemu-kvm", "qemu-tcg" };
	char text[TEXT_SIZE];
	size_t h, i;

	fprintf(out, "\nThe RFC's ratios:");
	for (h = 0; h < COUNT(host); h++) {
		double first = lem_rfc_kpps(LEM_ROW_STANDARD, host[h]);

		fprintf(out, "%s", h == 0 ? " KVM" : "; QEMU");
		for (i = 0; i < LEM_RFC_ROWS; i++)
			fprintf(out, "%s %s", i == 0 ? "" : ",",
			    times(text,
				lem_rfc_kpps(lem_row_order[i], host[h]) /
				    first));
	}
	fprintf(out, ".\n");
}

static void
put_rfc_table(FILE *out, const struct lem_results *r)
{
	struct host_column h[HOSTS_MAX];
	size_t hosts = find_hosts(r, h), i;
	bool gap = false;

	if (rfc_frame(r) == 0) {
		fprintf(out,
		    "The RFC's table (tx into a null sink) was not "
		    "asked for.\n");
		return;
	}
	fprintf(out,
	    "UDP transmit, %u-byte frames, null sink; ratio to the "
	    "first row\n\n",
	    rfc_frame(r));
	fit_hosts(r, h, hosts);
	put_rfc_head(out, h, hosts);
	for (i = 0; i < LEM_ROWS; i++) {
		if (i >= LEM_RFC_ROWS &&
		    !has_row(r, lem_row_order[i], h, hosts))
			continue;
		if (i >= LEM_RFC_ROWS && !gap) {
			fprintf(out, "for reference:\n");
			gap = true;
		}
		put_rfc_row(out, r, lem_row_order[i], h, hosts);
	}
	put_rfc_ratios(out);
}

static void
put_fact(FILE *out, const char *name, const char *text)
{
	if (text[0] == '\0')
		return;
	fprintf(out, "%-10s", name);
	put_wrapped(out, text, 10, 10);
}

static void
put_machine(FILE *out, const struct lem_results *r)
{
	const struct lem_machine *m = &r->machine;
	char text[320], figure[TEXT_SIZE];

	putc('\n', out);
	snprintf(text, sizeof(text), "%s%s%u core%s", m->cpu,
	    m->cpu[0] != '\0' ? ", " : "", m->cores, m->cores == 1 ? "" : "s");
	put_fact(out, "machine", text);
	snprintf(text, sizeof(text), "%s%s%s", m->os,
	    m->os[0] != '\0' && m->kernel[0] != '\0' ? ", " : "", m->kernel);
	put_fact(out, "system", text);
	put_fact(out, "QEMU", m->qemu);
	put_fact(out, "KVM", m->kvm);
	snprintf(text, sizeof(text), "%s%s%u run%s of %g s a cell%s", m->date,
	    m->date[0] != '\0' ? "; " : "", r->runs, r->runs == 1 ? "" : "s",
	    r->seconds, r->interrupted ? "; INTERRUPTED, not complete" : "");
	put_fact(out, "measured", text);
	if (!isfinite(m->sink_kpps))
		return;
	snprintf(text, sizeof(text),
	    "%s Kpps, the ceiling of the receiver "
	    "on the host itself",
	    number(figure, m->sink_kpps));
	put_fact(out, "receiver", text);
}

static int
rank(const char *name, const char *const *known, int n)
{
	int i;

	for (i = 0; i < n && strcmp(name, known[i]) != 0; i++)
		;
	return i;
}

static int
compare_names(const char *a, const char *b, const char *const *known, int n)
{
	int ra = rank(a, known, n), rb = rank(b, known, n);

	return ra != rb ? ra - rb : strcmp(a, b);
}

static int
row_rank(enum lem_row row)
{
	size_t i;

	for (i = 0; i < LEM_ROWS && lem_row_order[i] != row; i++)
		;
	return (int)i;
}

int
lem_compare_groups(const struct lem_cell *a, const struct lem_cell *b)
{
	static const char *const work[] = { "tx", "rx", "ping", "idle" };
	static const char *const sinks[] = { "null", "dgram" };
	int d = lem_cell_freebsd(a) - lem_cell_freebsd(b);

	if (d == 0)
		d = a->sweep - b->sweep;
	if (d == 0)
		d = a->way - b->way;
	if (d == 0)
		d = compare_names(a->workload, b->workload, work, COUNT(work));
	if (d == 0)
		d = compare_names(a->sink, b->sink, sinks, COUNT(sinks));
	return d != 0 ? d : (a->frame > b->frame) - (a->frame < b->frame);
}

int
lem_compare_cells(const void *va, const void *vb)
{
	static const char *const hosts[] = { "qemu-kvm", "qemu-tcg" };
	const struct lem_cell *a = *(const struct lem_cell *const *)va;
	const struct lem_cell *b = *(const struct lem_cell *const *)vb;
	int d = lem_compare_groups(a, b);

	if (d == 0)
		d = compare_names(a->host, b->host, hosts, COUNT(hosts));
	if (d == 0 && lem_cell_freebsd(a))
		return (a > b) - (a < b);	/* as they were made */
	if (d == 0)
		d = row_rank(a->row) - row_rank(b->row);
	if (d == 0)
		d = (a->itr > b->itr) - (a->itr < b->itr);
	return d != 0 ? d : (a > b) - (a < b);
}

const char *
lem_cell_label(const struct lem_cell *c)
{
	if (c->label != NULL)
		return c->label;
	return c->way ? c->doorbell : rows[c->row].label;
}

const char *
lem_cell_name(const struct lem_cell *c)
{
	return c->way || c->label != NULL ? lem_cell_label(c) :
					    lem_row_name(c->row);
}

/* same_table: equal but for row and ITR. */
static bool
same_table(const struct lem_cell *a, const struct lem_cell *b)
{
	return lem_compare_groups(a, b) == 0 && strcmp(a->host, b->host) == 0;
}

/* put_group_title: "KVM: tx, sink null, 60-byte frames". */
static void
put_group_title(FILE *out, const struct lem_cell *c)
{
	putc('\n', out);
	put_text(out, lem_host_label(c->host));
	fprintf(out, ": ");
	put_text(out, c->workload);
	fprintf(out, ", sink ");
	put_text(out, c->sink);
	if (strcmp(c->workload, "idle") == 0)
		fprintf(out, "; counts are a second, not a packet");
	else
		fprintf(out, ", %u-byte frames", c->frame);
	if (c->sweep)
		fprintf(out, ", against ITR");
	if (c->way)
		fprintf(out, ", by the doorbell's way");
	if (lem_cell_freebsd(c))
		fprintf(out, ", FreeBSD guest; ratio to its em(4)");
	if (strcmp(c->workload, "ping") == 0)
		fprintf(out, "; Kpps of round trips");
	putc('\n', out);
}

static const char *
column_text(char text[TEXT_SIZE], const struct lem_cell *c,
    const struct column *col)
{
	double v = value(c, col);

	return col->ratio ? times(text, v) : number(text, v);
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
		if (isfinite(value(cell[i], col)))
			width = widest(width, column_text(text, cell[i], col));
	return width == 0 ? 0 : widest(width, col->head);
}

/* fit_columns: every width; returns the gap that keeps to the line. */
static int
fit_columns(const struct lem_cell *const *cell, size_t cells,
    int width[COUNT(columns)])
{
	size_t k, line = LABEL_WIDTH + (cell[0]->sweep ? 7 : 0);

	for (k = 0; k < COUNT(columns); k++) {
		width[k] = fit_column(cell, cells, &columns[k]);
		if (width[k] > 0)
			line += (size_t)width[k] + 2;
	}
	return line > LINE_WIDTH ? 1 : 2;
}

/* put_group: the cells of one host, workload, sink and frame. */
static void
put_group(FILE *out, const struct lem_cell *const *cell, size_t cells)
{
	int width[COUNT(columns)], gap = fit_columns(cell, cells, width);
	char text[TEXT_SIZE];
	size_t i, k;

	put_group_title(out, cell[0]);
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

static void
put_behind(FILE *out, const struct lem_results *r)
{
	const struct lem_cell **cell = calloc(r->cells + 1, sizeof(*cell));
	size_t i, first, cells = 0;

	if (cell == NULL) {
		fprintf(out,
		    "\nOut of memory: the other tables are left "
		    "out.\n");
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
		    "host CPU time; p50 and p99 of the round trip.\n");
	for (first = 0; first < cells; first = i) {
		for (i = first + 1;
		     i < cells && same_table(cell[first], cell[i]); i++)
			;
		put_group(out, cell + first, i - first);
	}
	free(cell);
}

bool
lem_cell_checked(const struct lem_cell *c)
{
	return c->skipped[0] == '\0' && c->kpps.runs > 0 &&
	    strcmp(c->sink, "null") != 0 && strcmp(c->workload, "idle") != 0;
}

static void
put_losses(FILE *out, const struct lem_cell *c)
{
	fprintf(out, "%ju lost, %ju duplicated, %ju reordered, %ju corrupted",
	    (uintmax_t)c->lost, (uintmax_t)c->duplicated,
	    (uintmax_t)c->reordered, (uintmax_t)c->corrupted);
}

/* put_integrity: the sum, then whatever cell is not clean. */
static void
put_integrity(FILE *out, const struct lem_results *r)
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
	put_losses(out, &sum);
	fprintf(out, " of %zu cell%s checked\n", checked,
	    checked == 1 ? "" : "s");
	for (i = 0; i < r->cells; i++) {
		const struct lem_cell *c = &r->cell[i];

		if (c->lost + c->duplicated + c->reordered + c->corrupted) {
			fprintf(out, "  ");
			put_text(out, c->id);
			fprintf(out, ": ");
			put_losses(out, c);
			putc('\n', out);
		}
		if (c->guard_flushes > 0) {
			fprintf(out, "  ");
			put_text(out, c->id);
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

/* put_names: every cell from `i` on with cell i's reason, on wrapped lines. */
static void
put_names(FILE *out, const struct lem_results *r, size_t i, bool failed)
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
		put_text(out, c->id);
		col += strlen(c->id) + (col == 0 ? 2 : 1);
	}
	fprintf(out, ":\n      ");
	put_wrapped(out, reason, 6, 6);
}

/* put_reasons: cells skipped or failed, those of one reason together. */
static void
put_reasons(FILE *out, const struct lem_results *r, bool failed)
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
		put_names(out, r, i, failed);
	}
}

void
lem_table_print(FILE *out, const struct lem_results *r)
{
	put_rfc_table(out, r);
	put_machine(out, r);
	put_behind(out, r);
	put_integrity(out, r);
	put_reasons(out, r, false);
	put_reasons(out, r, true);
}
