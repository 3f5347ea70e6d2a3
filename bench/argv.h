/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line of a program that lem-bench starts.
 */
#ifndef LEM_BENCH_ARGV_H
#define LEM_BENCH_ARGV_H

#define LEM_ARGS_MAX	80
#define LEM_ARG_TEXTS	12
#define LEM_ARG_BYTES	512

/* All zero: empty.  Strings that vary are kept in `text`. */
struct lem_argv {
	char *arg[LEM_ARGS_MAX];	/* ends with NULL */
	int args;
	char text[LEM_ARG_TEXTS][LEM_ARG_BYTES];
	int texts;
};

/* lem_argv_add: `value` must stay while the command line is used. */
void lem_argv_add(struct lem_argv *c, const char *value);

/* lem_argv_addf: an option, or NULL, and its value as of printf(3). */
void lem_argv_addf(struct lem_argv *c, const char *option, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

#endif
