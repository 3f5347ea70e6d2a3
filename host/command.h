/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program's command line: options that getopt_long(3) knows, --help and
 * --version, and the messages about what is wrong.
 */
#ifndef HOST_COMMAND_H
#define HOST_COMMAND_H

#include <getopt.h>

#include "err.h"

enum {
	COMMAND_HELP = 'h',
	COMMAND_VERSION = 256,
	COMMAND_OWN,			/* programs' options: from here on */
	COMMAND_PROGRAM = 512,		/* those of program.h */
};

#define COMMAND_OPTIONS_MAX	30u

struct command {
	const char *program;		/* its name, for messages */
	/* Without --help and --version.  Both lists end with { 0 }; more may be
	 * NULL.  At most COMMAND_OPTIONS_MAX in both. */
	const struct option *options, *more;
	void (*help)(void);		/* --help, to standard output */
	/* An option; value: NULL if it takes none.  Returns 0, or -1 with err
	 * set. */
	int (*take)(void *ctx, int option, const char *value, struct err *err);
	void *ctx;
};

/*
 * command_standard_fds: open /dev/null as those of the descriptors 0 to 2 that
 * are closed.  Call it first of all: otherwise a file or a socket gets their
 * numbers, and messages go there.
 */
void command_standard_fds(void);

/*
 * command_parse: take every option of argv; argv[0] is not read.  An option
 * that is given twice is taken twice.  Values point into argv.  Returns 0;
 * 1: it has printed --help or --version, and that is all; or -1 with err set.
 * Not for two threads at once.
 */
int
command_parse(const struct command *c, int argc, char **argv, struct err *err);

/*
 * command_help, command_version: print what --help and --version print.  Return
 * 1, or -1 with err set: standard output does not take it.
 */
int command_help(const struct command *c, struct err *err);
int command_version(const struct command *c, struct err *err);

#endif
