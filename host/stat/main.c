/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lem-stat: see --help, and man/lem-stat.1.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "lines.h"
#include "opts.h"
#include "screen.h"
#include "view.h"

#define EXIT_USAGE	2
#define INTERVAL_S	1.0
#define INTERVAL_MIN_S	0.1
#define INTERVAL_MAX_S	86400.0

enum form {
	FORM_VIEW,
	FORM_JSON,
	FORM_METRICS,
};

struct run {
	enum form form;
	double interval_s;		/* 0: the default */
	uint64_t count;			/* reports; 0: no end */
	struct programs programs;
	struct screen screen;
};

static const char usage[] =
    "usage: lem-stat [OPTION...]\n"
    "\n"
    "Shows what every lem-vm and lem-nic that runs does.  On a terminal the\n"
    "screen is drawn again and again; q ends it.\n"
    "\n"
    "  --interval SECONDS  from 0.1 on (1)\n"
    "  --count N           end after N reports\n"
    "  --json              a line of JSON for each program and report\n"
    "  --metrics           print counters for Prometheus, once\n"
    "  --control PATH      the control socket of a program; as often as you\n"
    "                      like. Without it: those of --control auto\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 success; 1 no program runs, or the output cannot be\n"
    "written; 2 the command line is wrong.\n";

static void
print_error(const char *text)
{
	fprintf(stderr, "lem-stat: %s\n", text);
}

/* ---------------------------------------------------------------- options */

enum {
	OPT_INTERVAL = COMMAND_OWN,
	OPT_COUNT,
	OPT_JSON,
	OPT_METRICS,
	OPT_CONTROL,
};

static const struct option long_options[] = {
	{ "interval", required_argument, NULL, OPT_INTERVAL },
	{ "count", required_argument, NULL, OPT_COUNT },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "metrics", no_argument, NULL, OPT_METRICS },
	{ "control", required_argument, NULL, OPT_CONTROL },
	{ 0 },
};

static int
interval_take(struct run *r, const char *text, struct err *err)
{
	char *end;

	r->interval_s = strtod(text, &end);
	if (end != text && *end == '\0' && r->interval_s >= INTERVAL_MIN_S &&
	    r->interval_s <= INTERVAL_MAX_S)
		return 0;
	(void)err_usage(err, "must be a number of seconds from %g to %g",
	    INTERVAL_MIN_S, INTERVAL_MAX_S);
	return err_value(err, "--interval", text);
}

static int
count_take(struct run *r, const char *text, struct err *err)
{
	if (parse_number(text, "--count", UINT32_MAX, &r->count, err) == 0 &&
	    r->count > 0)
		return 0;
	(void)err_usage(err, "must be a number from 1 on");
	return err_value(err, "--count", text);
}

static int
form_take(struct run *r, enum form form, struct err *err)
{
	if (r->form != FORM_VIEW && r->form != form)
		return err_usage(err,
		    "--json and --metrics: give one of the two");
	r->form = form;
	return 0;
}

static int
option_take(void *ctx, int option, const char *text, struct err *err)
{
	struct run *r = ctx;

	switch (option) {
	case OPT_INTERVAL:
		return interval_take(r, text, err);
	case OPT_COUNT:
		return count_take(r, text, err);
	case OPT_JSON:
		return form_take(r, FORM_JSON, err);
	case OPT_METRICS:
		return form_take(r, FORM_METRICS, err);
	default:
		return programs_add(&r->programs, text, err);
	}
}

static void
help_print(void)
{
	(void)fputs(usage, stdout);
}

/* Returns as command_parse() does. */
static int
options_take(struct run *r, int argc, char **argv, struct err *err)
{
	const struct command command = { "lem-stat", long_options, NULL,
		help_print, option_take, r };
	int parsed;

	*r = (struct run){ .form = FORM_VIEW };
	parsed = command_parse(&command, argc, argv, err);
	if (parsed == 0 && r->form == FORM_METRICS &&
	    (r->interval_s > 0 || r->count > 1))
		return err_usage(err,
		    "--metrics prints once: leave out --interval and --count");
	if (r->interval_s == 0)
		r->interval_s = INTERVAL_S;
	return parsed;
}

/* ---------------------------------------------------------------- reports */

static void
screen_report(struct run *r)
{
	struct view view = { r->screen.width, r->screen.height, time(NULL),
		"q quits" };
	size_t bytes;
	char *text;
	FILE *out = open_memstream(&text, &bytes);

	if (out == NULL)
		return;
	view_put(out, &r->programs, &view);
	if (fclose(out) == 0)
		screen_draw(&r->screen, text);
	free(text);
}

/* To standard output, which is not a terminal. */
static void
plain_report(struct run *r)
{
	struct view view = { VIEW_WIDTH, 0, time(NULL), "" };

	if (r->form == FORM_JSON) {
		json_lines_put(stdout, &r->programs,
		    (double)clock_ns(CLOCK_REALTIME) / 1e9);
	} else if (r->form == FORM_METRICS) {
		metrics_put(stdout, &r->programs);
	} else {
		view_put(stdout, &r->programs, &view);
		(void)fputc('\n', stdout);
	}
	(void)fflush(stdout);
}

/* Returns false: the user has had enough. */
static bool
wait_until(struct run *r, uint64_t at_ns)
{
	struct timespec t = { (time_t)(at_ns / NSEC), (long)(at_ns % NSEC) };
	enum screen_event event;

	if (!r->screen.open) {
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t,
			   NULL) == EINTR)
			;
		return true;
	}
	while ((event = screen_wait(&r->screen, at_ns)) == SCREEN_AGAIN)
		screen_report(r);
	return event == SCREEN_TIME;
}

static void
watch(struct run *r)
{
	uint64_t interval_ns = (uint64_t)(r->interval_s * 1e9);
	uint64_t at_ns = now_ns();
	uint64_t n;

	if (r->screen.open)
		screen_report(r);
	for (n = 0; r->count == 0 || n < r->count; n++) {
		at_ns += interval_ns;
		if (!wait_until(r, at_ns))
			return;
		programs_sample(&r->programs);
		if (r->screen.open)
			screen_report(r);
		else
			plain_report(r);
		if (ferror(stdout))
			return;
		/* We were stopped, or programs were slow: no hurry. */
		if (now_ns() > at_ns + interval_ns)
			at_ns = now_ns();
	}
}

/* No program at all, given or found. */
static int
nothing_runs(const struct run *r, struct err *err)
{
	const struct programs *all = &r->programs;
	char folders[300];

	if (all->n > 0)
		return err_set(err,
		    "--control %s: no program listens there; does it run?",
		    all->at[0].path);
	programs_folders(folders, sizeof(folders));
	return err_set(err,
	    "no running lem-vm or lem-nic found in %s; start one with "
	    "--control auto, or name its socket: --control PATH",
	    folders);
}

static int
run(struct run *r, struct err *err)
{
	programs_sample(&r->programs);
	if (programs_there(&r->programs) == 0 &&
	    (r->form != FORM_METRICS || r->programs.n == 0))
		return nothing_runs(r, err);
	if (r->form == FORM_METRICS) {
		plain_report(r);
	} else {
		if (r->form == FORM_VIEW && isatty(STDOUT_FILENO) &&
		    screen_open(&r->screen, err) != 0)
			return -1;
		watch(r);
		screen_close(&r->screen);
	}
	return ferror(stdout) ? err_set(err, "cannot write the output") : 0;
}

int
main(int argc, char **argv)
{
	static struct run r;
	struct err err;
	int done;

	command_standard_fds();
	done = options_take(&r, argc, argv, &err);
	if (done == 0)
		done = run(&r, &err);
	programs_free(&r.programs);
	if (done >= 0)
		return EXIT_SUCCESS;
	print_error(err.text);
	return err.usage ? EXIT_USAGE : EXIT_FAILURE;
}
