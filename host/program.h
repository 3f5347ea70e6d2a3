/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the programs that run NICs have in common: some options, and signals.
 */
#ifndef HOST_PROGRAM_H
#define HOST_PROGRAM_H

#include <stdbool.h>

#include "command.h"

struct program_options {
	const char *control;		/* control_config.where */
	const char *user;		/* NULL: not given */
	bool sandbox;			/* confine the program */
};

/* Without any option. */
extern const struct program_options program_options_default;

enum {
	PROGRAM_CONTROL = COMMAND_PROGRAM,
	PROGRAM_USER,
	PROGRAM_SANDBOX,
};

/* command.more, with these. */
extern const struct option program_option_list[];

/* The lines of --help. */
extern const char program_options_help[];

/*
 * program_option_take: command.take for these options; another one is a defect
 * of the program.  Returns 0, or -1 with err set.
 */
int program_option_take(struct program_options *o, int option,
    const char *value, struct err *err);

/*
 * program_signals: SIGTERM, SIGINT and SIGHUP make a descriptor readable
 * instead of ending the program, and SIGPIPE is ignored.  Call it before there
 * are threads.  Returns the descriptor, which the caller closes, or -1 with err
 * set.
 */
int program_signals(struct err *err);

#endif
