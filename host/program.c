/* SPDX-License-Identifier: BSD-2-Clause */
#include "program.h"

#include "opts.h"

const struct program_options program_options_default = {
	.control = "auto",
	.sandbox = true,
};

const struct option program_option_list[] = {
	{ "control", required_argument, NULL, PROGRAM_CONTROL },
	{ "user", required_argument, NULL, PROGRAM_USER },
	{ "sandbox", required_argument, NULL, PROGRAM_SANDBOX },
	{ 0 },
};

const char program_options_help[] =
    "  --control PATH    a socket that takes stats and quit; or fd=N, off\n"
    "                    or auto, where lem-stat finds it (auto)\n"
    "  --user NAME       the user that root becomes after set-up (nobody)\n"
    "  --sandbox on|off  limit what the program may ask of the kernel (on)\n";

int
program_option_take(struct program_options *o, int option, const char *value,
    struct err *err)
{
	switch (option) {
	case PROGRAM_CONTROL:
		o->control = value;
		return 0;
	case PROGRAM_USER:
		o->user = value;
		return 0;
	case PROGRAM_SANDBOX:
		return parse_bool(value, "--sandbox", &o->sandbox, err);
	default:
		return err_usage(err, "option %d: not known", option);
	}
}
