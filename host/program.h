/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options that the programs that run NICs have in common.
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

#endif
