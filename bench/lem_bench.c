/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lem-bench: the RFC's table, on this machine.
 *
 * Every cell is run `runs` times, and the runs are interleaved (all cells once,
 * then all cells again), so that all cells have the same share of a drift of
 * the machine's speed.  Medians are quoted.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cells.h"
#include "clock.h"
#include "command.h"
#include "compare.h"
#include "freebsd.h"
#include "line.h"
#include "linux.h"
#include "opts.h"
#include "sink.h"
#include "vmm.h"

#define EXIT_FAILED	1
#define EXIT_USAGE	2
#define RUNS_MAX	1000u

/* Units of 256 ns; 488 is 8000 interrupts a second, e1000's usual default. */
static const unsigned int itr_quick[] = { 488, 976, 1953, 3906, 7812 };
static const unsigned int itr_full[] = { 488, 0, 976, 1953, 3906, 7812 };

static const char usage[] =
    "usage: lem-bench [OPTION]...\n"
    "\n"
    "Measure what an emulated e1000 costs on this machine's hypervisor, with\n"
    "interrupt moderation and send combining off and on.  Print the table of\n"
    "the RFC of December 2012, and what lies behind it.\n"
    "\n"
    "  --quick         the table and one set of curves, in minutes (default)\n"
    "  --full          every row for every workload, curves for every VMM\n"
    "  --cells LIST    only the cells that match: kvm.tx.null.*,tcg.ping.*\n"
    "  --guests LIST   cells of bare, freebsd, linux alone (default:\n"
    "                  bare,freebsd; if --cells names linux.*, linux, too)\n"
    "  --list          name the cells, say which would be skipped and why\n"
    "  --json FILE     write everything measured as JSON\n"
    "  --report DIR    write DIR/index.html: the tables, and charts\n"
    "  --qemu PATH     QEMU to measure (default: qemu-system-x86_64)\n"
    "  --lem-vm PATH   lem-vm to measure (default: the one beside lem-bench)\n"
    "  --lem-nic PATH  lem-nic to measure (default: the one beside lem-bench)\n"
    "  --nic-qemu PATH QEMU >= 10.1 for lem-nic (default: --qemu if it is new\n"
    "                  enough, else qemu/qemu-system-x86_64 beside lem-bench)\n"
    "  --freebsd-kernel FILE\n"
    "                  a FreeBSD kernel, to be measured, too (default:\n"
    "                  $FREEBSD_KERNEL)\n"
    "  --linux DIR     what \"make linux-guest\" makes (default: linux/image\n"
    "                  beside lem-bench)\n"
    "  --seconds N     length of one measured window (default: 0.3; full: 1)\n"
    "  --runs N        runs of each cell, interleaved (default: 5)\n"
    "  --itr LIST      values of ITR, 0 to 65535 units of 256 ns; the first\n"
    "                  is the table's, all are points of the curves\n"
    "                  (default: 488,976,1953,3906,7812; full: 0, too)\n"
    "  --frame LIST    frame lengths without FCS, 60 to 1514; the first is\n"
    "                  the table's, the others add transmit cells (default:\n"
    "                  60)\n"
    "  --verbose       a line for every run\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 all well, 1 a cell failed or it was interrupted, 2 usage.\n"
    "lem-bench(1) explains cells, rows and figures.\n";

static void
on_signal(int signum)
{
	pid_t pid = lem_vmm_running;

	if (lem_vmm_interrupted)	/* the second signal: end at once */
		_exit(128 + signum);
	lem_vmm_interrupted = 1;
	if (pid > 0)
		(void)kill(-pid, SIGKILL);
}

/* --------------------------------------------------------------- options */

static int __attribute__((format(printf, 1, 2)))
complain(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)fputs("lem-bench: ", stderr);
	(void)vfprintf(stderr, format, ap);
	(void)fputs("\n", stderr);
	va_end(ap);
	return -1;
}

/* A list of whole numbers, comma separated, each from least to most. */
static int
list_take(const char *option, const char *text, unsigned int least,
    unsigned int most, unsigned int *list, size_t *count, struct err *err)
{
	const char *whole = text;
	unsigned long value;
	char *end;
	size_t i;

	for (*count = 0;; text = end + 1) {
		errno = 0;
		value = strtoul(text, &end, 10);
		if (end == text || errno != 0 || value < least ||
		    value > most || (*end != '\0' && *end != ',') ||
		    *text == '-')
			return err_usage(err,
			    "%s %.200s: must be numbers from %u to %u, "
			    "separated by commas",
			    option, whole, least, most);
		if (*count == LEM_LIST_MAX)
			return err_usage(err,
			    "%s %.200s: must be at most %d numbers", option,
			    whole, LEM_LIST_MAX);
		for (i = 0; i < *count && list[i] != value; i++)
			;
		if (i == *count)	/* a number again: the same cell */
			list[(*count)++] = (unsigned int)value;
		if (*end == '\0')
			return 0;
	}
}

static int
runs_take(const char *text, unsigned int *runs, struct err *err)
{
	uint64_t n;

	if (parse_number(text, "--runs", RUNS_MAX, &n, err) != 0 || n == 0)
		return err_usage(err, "--runs %.200s: must be 1 to %u", text,
		    RUNS_MAX);
	*runs = (unsigned int)n;
	return 0;
}

static int
seconds_take(const char *text, double *seconds, struct err *err)
{
	char *end;

	*seconds = strtod(text, &end);
	if (end == text || *end != '\0' || !(*seconds >= 0.05) ||
	    *seconds > 3600)
		return err_usage(err, "--seconds %.200s: must be 0.05 to 3600",
		    text);
	return 0;
}

/* Names of guests, comma separated, as bits 1 << enum lem_guest. */
static int
guests_take(const char *text, unsigned int *guests, struct err *err)
{
	const char *name = text;
	unsigned int guest;
	size_t len;

	for (*guests = 0;; name += len + 1) {
		len = strcspn(name, ",");
		for (guest = 0; guest < LEM_GUESTS; guest++)
			if (strlen(lem_guests[guest].name) == len &&
			    strncmp(lem_guests[guest].name, name, len) == 0)
				break;
		if (guest == LEM_GUESTS)
			return err_usage(err,
			    "--guests %.200s: must be of bare, freebsd, linux, "
			    "separated by commas",
			    text);
		*guests |= 1u << guest;
		if (name[len] == '\0')
			return 0;
	}
}

enum {
	OPT_QUICK = COMMAND_OWN,
	OPT_FULL,
	OPT_CELLS,
	OPT_GUESTS,
	OPT_LIST,
	OPT_JSON,
	OPT_REPORT,
	OPT_QEMU,
	OPT_LEM_VM,
	OPT_LEM_NIC,
	OPT_NIC_QEMU,
	OPT_FREEBSD,
	OPT_LINUX,
	OPT_SECONDS,
	OPT_RUNS,
	OPT_ITR,
	OPT_FRAME,
	OPT_VERBOSE,
};

static const struct option long_options[] = {
	{ "quick", no_argument, NULL, OPT_QUICK },
	{ "full", no_argument, NULL, OPT_FULL },
	{ "cells", required_argument, NULL, OPT_CELLS },
	{ "guests", required_argument, NULL, OPT_GUESTS },
	{ "list", no_argument, NULL, OPT_LIST },
	{ "json", required_argument, NULL, OPT_JSON },
	{ "report", required_argument, NULL, OPT_REPORT },
	{ "qemu", required_argument, NULL, OPT_QEMU },
	{ "lem-vm", required_argument, NULL, OPT_LEM_VM },
	{ "lem-nic", required_argument, NULL, OPT_LEM_NIC },
	{ "nic-qemu", required_argument, NULL, OPT_NIC_QEMU },
	{ "freebsd-kernel", required_argument, NULL, OPT_FREEBSD },
	{ "linux", required_argument, NULL, OPT_LINUX },
	{ "seconds", required_argument, NULL, OPT_SECONDS },
	{ "runs", required_argument, NULL, OPT_RUNS },
	{ "itr", required_argument, NULL, OPT_ITR },
	{ "frame", required_argument, NULL, OPT_FRAME },
	{ "verbose", no_argument, NULL, OPT_VERBOSE },
	{ NULL, 0, NULL, 0 },
};

static int
option_take(void *ctx, int option, const char *text, struct err *err)
{
	struct lem_options *o = ctx;

	switch (option) {
	case OPT_QUICK:
		o->full = false;
		return 0;
	case OPT_FULL:
		o->full = true;
		return 0;
	case OPT_CELLS:
		o->cells = text;
		return 0;
	case OPT_GUESTS:
		return guests_take(text, &o->guests, err);
	case OPT_LIST:
		o->list = true;
		return 0;
	case OPT_JSON:
		return parse_file(text, "--json", &o->json, err);
	case OPT_REPORT:
		return parse_file(text, "--report", &o->report, err);
	case OPT_QEMU:
		return parse_file(text, "--qemu", &o->named.qemu, err);
	case OPT_LEM_VM:
		return parse_file(text, "--lem-vm", &o->named.lem_vm, err);
	case OPT_LEM_NIC:
		return parse_file(text, "--lem-nic", &o->named.lem_nic, err);
	case OPT_NIC_QEMU:
		return parse_file(text, "--nic-qemu", &o->named.nic_qemu, err);
	case OPT_FREEBSD:
		return parse_file(text, "--freebsd-kernel", &o->named.freebsd,
		    err);
	case OPT_LINUX:
		return parse_file(text, "--linux", &o->named.linux_dir, err);
	case OPT_SECONDS:
		return seconds_take(text, &o->seconds, err);
	case OPT_RUNS:
		return runs_take(text, &o->runs, err);
	case OPT_ITR:
		return list_take("--itr", text, 0, 65535, o->itr, &o->itrs,
		    err);
	case OPT_FRAME:
		return list_take("--frame", text, LEM_FRAME_MIN, LEM_FRAME_MAX,
		    o->frame, &o->frames, err);
	default:
		o->verbose = true;
		return 0;
	}
}

static void
help_print(void)
{
	(void)fputs(usage, stdout);
}

/* Returns as command_parse() does. */
static int
options_take(struct lem_options *o, int argc, char **argv, struct err *err)
{
	const struct command command = { "lem-bench", long_options, NULL,
		help_print, option_take, o };
	int parsed = command_parse(&command, argc, argv, err);

	if (parsed != 0)
		return parsed;
	if (o->seconds == 0)
		o->seconds = o->full ? 1 : 0.3;
	if (o->itrs == 0) {
		o->itrs = o->full ? sizeof(itr_full) / sizeof(itr_full[0]) :
		    sizeof(itr_quick) / sizeof(itr_quick[0]);
		memcpy(o->itr, o->full ? itr_full : itr_quick,
		    o->itrs * sizeof(o->itr[0]));
	}
	return 0;
}

static bool
writable_folder(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		errno = ENOTDIR;
	else if (access(path, W_OK | X_OK) == 0)
		return true;
	return false;
}

/* A user wants to know now, not after minutes of measuring. */
static int
check_writable(const struct lem_options *o)
{
	int fd;

	if (o->json != NULL) {
		fd = open(o->json, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		if (fd < 0)
			return complain("--json %s: %s: name a file that you "
					"can write",
			    o->json, strerror(errno));
		(void)close(fd);
	}
	if (o->report != NULL && mkdir(o->report, 0777) != 0 &&
	    (errno != EEXIST || !writable_folder(o->report)))
		return complain("--report %s: %s: name a folder that you can "
				"write",
		    o->report, strerror(errno));
	return 0;
}

/* --------------------------------------------------------------- running */

/* Median, smallest and largest of n values; sorts them. */
static struct lem_spread
spread_of(double *value, unsigned int n)
{
	if (n == 0)
		return (struct lem_spread){ NAN, NAN, NAN, 0 };
	qsort(value, n, sizeof(*value), lem_compare_double);
	return (struct lem_spread){ (value[(n - 1) / 2] + value[n / 2]) / 2,
		value[0], value[n - 1], n };
}

/* The same of one figure over a cell's runs. */
static struct lem_spread
run_spread(const struct lem_run *run, unsigned int runs, size_t offset)
{
	double value[runs > 0 ? runs : 1];
	unsigned int i;

	for (i = 0; i < runs; i++)
		memcpy(&value[i], (const char *)&run[i] + offset,
		    sizeof(double));
	return spread_of(value, runs);
}

#define MEDIAN(field) run_spread(run, n, offsetof(struct lem_run, field)).median

static void
summarize(struct lem_cell *c, const struct lem_run *run, unsigned int n)
{
	unsigned int i;

	c->kpps = run_spread(run, n, offsetof(struct lem_run, kpps));
	c->per_packet.doorbells = MEDIAN(doorbells);
	c->per_packet.interrupts = MEDIAN(interrupts);
	c->per_packet.registers = MEDIAN(registers);
	c->per_packet.exits = MEDIAN(exits);
	for (i = 0; i < LEM_EXITS; i++)
		c->per_packet.exits_by[i] = run_spread(run, n,
		    offsetof(struct lem_run, exits_by) + i * sizeof(double))
						.median;
	c->per_packet.host_cpu_us = MEDIAN(host_cpu_us);
	c->per_packet.deferred = MEDIAN(deferred);
	c->per_packet.ring_full = MEDIAN(ring_full);
	c->per_packet.round_trips = MEDIAN(round_trips);
	c->batch_max = MEDIAN(batch_max);
	c->mbit_s = MEDIAN(mbit_s);
	c->interrupts_s = MEDIAN(interrupts_s);
	c->interrupt_us = MEDIAN(interrupt_us);
	c->interrupt_share = MEDIAN(interrupt_share);
	c->itr_end = MEDIAN(itr_end);
	c->learned_us = MEDIAN(learned_us);
	c->line_ns = MEDIAN(line_ns);
	c->rtt_p50_us = MEDIAN(rtt_p50_us);
	c->rtt_p99_us = MEDIAN(rtt_p99_us);
	c->boot_ms = MEDIAN(boot_ms);
	for (i = 0; i < n; i++) {
		c->lost += run[i].lost;
		c->duplicated += run[i].duplicated;
		c->reordered += run[i].reordered;
		c->corrupted += run[i].corrupted;
		c->guard_flushes += run[i].guard_flushes;
	}
	if (c->failed[0] == '\0' &&
	    c->lost + c->duplicated + c->reordered + c->corrupted != 0)
		(void)snprintf(c->failed, sizeof(c->failed),
		    "%lu frames lost, %lu duplicated, %lu reordered, "
		    "%lu corrupted",
		    c->lost, c->duplicated, c->reordered, c->corrupted);
}

/* The cell of another driver in the guest of cell c; or NULL. */
static const struct lem_cell *
in_guest_of(const struct lem_results *r, const struct lem_cell *c,
    enum lem_driver driver)
{
	const struct lem_cell *base;

	for (base = r->cell; base < r->cell + r->cells; base++)
		if (lem_compare_groups(base, c) == 0 && base->vmm == c->vmm &&
		    base->failed[0] == '\0' &&
		    base->moderation == c->moderation && base->driver == driver)
			return base;
	return NULL;
}

/* This row of a cell's VMM, workload, sink and frame; or NULL. */
static const struct lem_cell *
row_beside(const struct lem_results *r, const struct lem_cell *c,
    enum lem_row row)
{
	const struct lem_cell *base;

	for (base = r->cell; base < r->cell + r->cells; base++)
		if (base->row == row && !base->sweep && !base->way &&
		    base->guest == c->guest && base->frame == c->frame &&
		    base->failed[0] == '\0' && base->vmm == c->vmm &&
		    base->workload == c->workload && base->sink == c->sink)
			return base;
	return NULL;
}

/* The way of the doorbell that other ways are compared with; or NULL. */
static const struct lem_cell *
exit_beside(const struct lem_results *r, const struct lem_cell *c)
{
	const struct lem_cell *base;

	for (base = r->cell; base < r->cell + r->cells; base++)
		if (base->way && base->doorbell == LEM_DOORBELL_EXIT &&
		    base->failed[0] == '\0' && lem_compare_groups(base, c) == 0)
			return base;
	return NULL;
}

/* What a cell's ratio is to; or NULL. */
static const struct lem_cell *
base_of(const struct lem_results *r, const struct lem_cell *c)
{
	if (lem_cell_has_system(c))
		return in_guest_of(r, c, lem_guests[c->guest].base);
	return c->way ? exit_beside(r, c) :
			row_beside(r, c, lem_vmm_base(c->vmm));
}

/*
 * Ratios are taken round by round, and their median is quoted: the runs of one
 * round are seconds apart, so the machine's speed was much the same for both.
 * NAN without a base.
 */
static double
ratio_to(const struct lem_results *r, const struct lem_run *run,
    const unsigned int *n, size_t i, const struct lem_cell *base)
{
	double ratio[r->runs];
	unsigned int k, rounds;
	size_t b;

	if (base == NULL)
		return NAN;
	b = (size_t)(base - r->cell);
	rounds = n[i] < n[b] ? n[i] : n[b];
	for (k = 0; k < rounds; k++)
		ratio[k] =
		    run[i * r->runs + k].kpps / run[b * r->runs + k].kpps;
	return spread_of(ratio, rounds).median;
}

static void
set_ratios(struct lem_results *r, const struct lem_run *run,
    const unsigned int *n)
{
	struct lem_cell *c;
	size_t i;

	for (i = 0; i < r->cells; i++) {
		c = &r->cell[i];
		c->ratio = ratio_to(r, run, n, i, base_of(r, c));
		if (lem_cell_has_system(c))
			c->ratio_virtio = ratio_to(r, run, n, i,
			    in_guest_of(r, c, lem_guests[c->guest].virtio));
		if (!lem_vmms[c->vmm].lem_nic)
			continue;
		c->ratio_virtio =
		    ratio_to(r, run, n, i, row_beside(r, c, LEM_ROW_VIRTIO));
		c->ratio_polled = ratio_to(r, run, n, i,
		    row_beside(r, c, LEM_ROW_VIRTIO_POLLED));
	}
}

/* On a terminal one line, which is written over and over. */
static void
show_progress(const struct lem_results *r, const struct lem_cell *c,
    unsigned int round, size_t done, size_t all, double start)
{
	double left = done == 0 ?
	    0 :
	    (lem_now() - start) / (double)done * (double)(all - done);

	if (!isatty(STDERR_FILENO)) {
		if (done * r->runs % all == 0)
			(void)fprintf(stderr, "run %u of %u\n", round + 1,
			    r->runs);
		return;
	}
	(void)fprintf(stderr, "\r\033[K[%zu/%zu] %s, run %u of %u", done + 1,
	    all, c->id, round + 1, r->runs);
	if (done > 0)
		(void)fprintf(stderr, ", %u:%02u left", (unsigned int)left / 60,
		    (unsigned int)left % 60);
	(void)fflush(stderr);
}

static void
verbose_line(const struct lem_cell *c, const struct lem_run *run)
{
	(void)fprintf(stderr,
	    "\r\033[K%-32s %9.1f Kpps  tdt %.4f  irq %.4f  "
	    "reg %.4f  exits %.4f  cpu %.2f us  batch %.0f  boot %.0f ms  "
	    "int %.1f us, %.3f  line %.0f ns\n",
	    c->id, run->kpps, run->doorbells, run->interrupts, run->registers,
	    run->exits, run->host_cpu_us, run->batch_max, run->boot_ms,
	    run->interrupt_us, run->interrupt_share, run->line_ns);
}

/*
 * If two cells of a VMM have failed and none has succeeded, skip the others:
 * they would only take their time to fail, too.
 */
static void
give_up_vmm(struct lem_results *r, enum lem_vmm_id vmm, const unsigned int *n)
{
	unsigned int failed = 0;
	struct lem_cell *c;
	size_t i;

	for (i = 0; i < r->cells; i++)
		if (r->cell[i].vmm == vmm) {
			if (n[i] > 0)
				return;
			failed += r->cell[i].failed[0] != '\0';
		}
	for (i = 0; i < r->cells && failed >= 2; i++) {
		c = &r->cell[i];
		if (c->vmm == vmm && c->failed[0] == '\0')
			(void)snprintf(c->skipped, sizeof(c->skipped),
			    "not tried: %u cells of %s failed", failed,
			    lem_vmms[vmm].name);
	}
}

/* Register counts of Linux's e1000: those of one window, for all its runs. */
static void
trace_linux(struct lem_results *r, struct lem_linux *l, struct lem_run *run,
    const unsigned int *n)
{
	struct lem_run traced;
	unsigned int k;
	size_t i;

	for (i = 0; i < r->cells; i++) {
		if (r->cell[i].driver != LEM_DRIVER_E1000 || n[i] == 0)
			continue;
		traced = run[i * r->runs];
		lem_linux_trace(l, &r->cell[i], r->seconds, &traced);
		for (k = 0; k < n[i]; k++) {
			run[i * r->runs + k].doorbells = traced.doorbells;
			run[i * r->runs + k].registers = traced.registers;
		}
	}
}

/* The cells of Linux: all once, then all again, in guests that stay. */
static void
run_linux(struct lem_results *r, const struct lem_options *o,
    const struct lem_host *host, struct lem_run *run, unsigned int *n)
{
	struct lem_linux *l = NULL;
	size_t i, done = 0, todo = 0;
	unsigned int round;
	double start;
	struct lem_cell *c;

	for (i = 0; i < r->cells; i++)
		todo += r->cell[i].guest == LEM_GUEST_LINUX &&
		    r->cell[i].skipped[0] == '\0';
	if (todo > 0 && !lem_vmm_interrupted)
		l = lem_linux_open(r, host);
	start = lem_now();
	for (round = 0; l != NULL && round < r->runs; round++)
		for (i = 0; i < r->cells && !lem_vmm_interrupted; i++) {
			c = &r->cell[i];
			if (c->guest != LEM_GUEST_LINUX ||
			    c->skipped[0] != '\0' || c->failed[0] != '\0')
				continue;
			show_progress(r, c, round, done++, todo * r->runs,
			    start);
			if (lem_linux_run(l, c, r->seconds,
				&run[i * r->runs + n[i]], c->failed,
				c->skipped) == 0) {
				if (o->verbose)
					verbose_line(c,
					    &run[i * r->runs + n[i]]);
				n[i]++;
			} else if (lem_vmm_interrupted) {
				c->failed[0] = '\0';	/* we ended it */
			}
		}
	if (l != NULL)
		trace_linux(r, l, run, n);
	lem_linux_close(l);
}

/* The cells of FreeBSD: a guest for each setting of the hypervisor. */
static void
run_freebsd(struct lem_results *r, const struct lem_options *o,
    const struct lem_host *host, struct lem_run *run, unsigned int *n)
{
	unsigned int k;
	size_t i;

	if (!lem_host_has(host, LEM_NEED_FREEBSD))
		return;
	if (isatty(STDERR_FILENO))
		(void)fputs("\r\033[KFreeBSD", stderr);
	lem_freebsd_run(r, host, false, run, n);
	lem_freebsd_run(r, host, true, run, n);
	for (i = 0; i < r->cells && o->verbose; i++)
		for (k = 0; r->cell[i].guest == LEM_GUEST_FREEBSD && k < n[i];
		     k++)
			verbose_line(&r->cell[i], &run[i * r->runs + k]);
}

/* Run all cells once, then all again, except those that have failed. */
static void
run_all(struct lem_results *r, const struct lem_options *o,
    const struct lem_host *host, struct lem_run *run, unsigned int *n)
{
	size_t i, done = 0, todo = 0;
	double start = lem_now(), line_ns;
	unsigned int round;
	struct lem_cell *c;

	for (i = 0; i < r->cells; i++)
		todo += r->cell[i].skipped[0] == '\0' &&
		    !lem_cell_has_system(&r->cell[i]);
	for (round = 0; todo > 0 && round < r->runs; round++)
		for (i = 0; i < r->cells && !lem_vmm_interrupted; i++) {
			c = &r->cell[i];
			if (c->skipped[0] != '\0' || c->failed[0] != '\0' ||
			    lem_cell_has_system(c))
				continue;
			show_progress(r, c, round, done++, todo * r->runs,
			    start);
			line_ns = lem_line_ns();
			if (lem_run_cell(c, host, r->seconds,
				&run[i * r->runs + n[i]], c->failed,
				sizeof(c->failed)) == 0) {
				run[i * r->runs + n[i]].line_ns = line_ns;
				if (o->verbose)
					verbose_line(c,
					    &run[i * r->runs + n[i]]);
				n[i]++;
			} else if (lem_vmm_interrupted) {
				c->failed[0] = '\0';	/* we ended it */
			} else {
				give_up_vmm(r, c->vmm, n);
			}
		}
	run_freebsd(r, o, host, run, n);
	run_linux(r, o, host, run, n);
	if (isatty(STDERR_FILENO))
		(void)fputs("\r\033[K", stderr);
	r->interrupted = lem_vmm_interrupted;
	for (i = 0; i < r->cells; i++)
		summarize(&r->cell[i], &run[i * r->runs], n[i]);
	set_ratios(r, run, n);
}

/* ---------------------------------------------------------------- output */

static int
write_json(const struct lem_options *o, const struct lem_results *r)
{
	FILE *f = fopen(o->json, "we");
	int error;

	if (f == NULL)
		return complain("%s: %s", o->json, strerror(errno));
	error = lem_json_write(f, r);
	if (fclose(f) != 0 && error == 0)
		error = -errno;
	return error == 0 ? 0 : complain("%s: %s", o->json, strerror(-error));
}

static int
output_results(const struct lem_options *o, const struct lem_results *r)
{
	int status = r->interrupted ? EXIT_FAILED : EXIT_SUCCESS, error;
	size_t i;

	lem_table_print(stdout, r);
	if (fflush(stdout) != 0)
		status = EXIT_FAILED;
	if (o->json != NULL && write_json(o, r) != 0)
		status = EXIT_FAILED;
	if (o->report != NULL) {
		error = lem_report_write(o->report, r);
		if (error != 0) {
			(void)complain("%s: %s", o->report, strerror(-error));
			status = EXIT_FAILED;
		} else {
			(void)printf("\nreport: %s/index.html\n", o->report);
		}
	}
	for (i = 0; i < r->cells; i++)
		if (r->cell[i].failed[0] != '\0')
			status = EXIT_FAILED;
	return status;
}

static void
list_cells(const struct lem_results *r)
{
	size_t i;

	for (i = 0; i < r->cells; i++)
		if (r->cell[i].skipped[0] != '\0')
			(void)printf("%-32s skipped: %s\n", r->cell[i].id,
			    r->cell[i].skipped);
		else
			(void)printf("%s\n", r->cell[i].id);
}

static int
measure_cells(const struct lem_options *o, const struct lem_host *host,
    struct lem_results *r)
{
	struct lem_run *run = calloc(r->cells * r->runs, sizeof(*run));
	unsigned int *n = calloc(r->cells, sizeof(*n));
	int status = EXIT_FAILED;

	if (run == NULL || n == NULL) {
		(void)complain("out of memory");
		goto free_runs;
	}
	if (r->cells > 0)
		r->machine.sink_kpps = lem_sink_ceiling(o->frame[0],
		    r->seconds < 1 ? r->seconds : 1);
	run_all(r, o, host, run, n);
	status = output_results(o, r);
free_runs:
	free(n);
	free(run);
	return status;
}

int
main(int argc, char **argv)
{
	struct lem_options o = { .runs = 5, .frame = { 60 }, .frames = 1 };
	struct sigaction sa = { .sa_handler = on_signal };
	struct lem_results r = { 0 };
	struct lem_host host;
	const char *unmatched;
	struct err err;
	int parsed, status;

	command_standard_fds();
	parsed = options_take(&o, argc, argv, &err);
	if (parsed < 0)
		(void)complain("%s", err.text);
	if (parsed != 0)
		return parsed > 0 ? EXIT_SUCCESS :
		    err.usage     ? EXIT_USAGE :
				    EXIT_FAILED;
	lem_probe(&host, &r.machine, &o.named);
	r.seconds = o.seconds;
	r.runs = o.runs;
	r.machine.sink_kpps = NAN;
	status = lem_cells_make(&r, &o, &host, &unmatched);
	if (status == -ENOENT) {
		(void)complain("--cells: no cell matches \"%.*s\"; lem-bench "
			       "--list names them",
		    (int)strcspn(unmatched, ","), unmatched);
		status = EXIT_USAGE;
	} else if (status != 0) {
		(void)complain("%s", strerror(-status));
		status = EXIT_FAILED;
	} else if (o.list) {
		list_cells(&r);
	} else if (check_writable(&o) != 0) {
		status = EXIT_USAGE;
	} else {
		(void)signal(SIGCHLD, SIG_DFL);	/* we wait for VMMs */
		(void)sigaction(SIGINT, &sa, NULL);
		(void)sigaction(SIGTERM, &sa, NULL);
		status = measure_cells(&o, &host, &r);
	}
	free(r.cell);
	return status;
}
