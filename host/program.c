/* SPDX-License-Identifier: BSD-2-Clause */
#include "program.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

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

int
program_signals(struct err *err)
{
	sigset_t set;
	int error, fd;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)signal(SIGPIPE, SIG_IGN);
	error = pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (error != 0)
		return err_set(err, "signals: %s", strerror(error));
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_set(err, "signalfd: %s", strerror(errno)) : fd;
}
