/* SPDX-License-Identifier: BSD-2-Clause */
#include "server_options.h"

#include <stdio.h>

#define STATS_MAX_S	86400u

static const char usage_begin[] =
    "usage: lem-nic --socket PATH [OPTION...]\n"
    "\n"
    "Serves an e1000 that is libe82540 to a VMM, over vfio-user.\n"
    "\n"
    "  --socket PATH     wait for the VMM there; or fd=N\n"
    "                    (without it: the socket that systemd passes)\n"
    "  --nic OPTIONS     the NIC; commas between OPTIONS:\n"
    "      mac=ADDRESS                     (52:54:00:12:34:56)\n";

static const char usage_nic[] =
    "      msi=on|off                      offer MSI (off)\n"
    "      doorbell=auto|mapped|trap       how TDT writes arrive (auto)\n"
    "      spin=MICROSECONDS               how long to look for more (500)\n";

static const char usage_end[] =
    "  --stats SECONDS   print statistics, a line of JSON, so often\n"
    "  --help, --version\n"
    "\n"
    "QEMU 10.1 or later, for a guest with 1 GiB of memory:\n"
    "  -object memory-backend-memfd,id=mem,size=1G,share=on\n"
    "  -machine memory-backend=mem -m 1G\n"
    "  -device '{\"driver\":\"vfio-user-pci\",\"socket\":"
    "{\"type\":\"unix\",\"path\":\"PATH\"}}'\n"
    "Cloud Hypervisor: --memory size=1G,shared=on --user-device socket=PATH\n"
    "\n"
    "Exit status: 0 a signal or \"quit\" ended lem-nic; 1 lem-nic could not\n"
    "start or go on; 2 the command line is wrong.\n";

static void
server_options_help(void)
{
	(void)fputs(usage_begin, stdout);
	(void)fputs(nic_options_help, stdout);
	(void)fputs(usage_nic, stdout);
	(void)fputs(nic_backends_help, stdout);
	(void)fputs(program_options_help, stdout);
	(void)fputs(usage_end, stdout);
}

/* The keys that lem-nic adds to those of all programs. */
static const struct nic_offer server_offer = {
	.msi = true,
	.spin = true,
	.doorbell = {
		[NIC_DOORBELL_AUTO] = "auto",
		[NIC_DOORBELL_EXIT] = "trap",
		[NIC_DOORBELL_MAPPED] = "mapped",
	},
};

static int
option_nic(struct server_options *o, const char *text, struct err *err)
{
	if (o->has_nic)
		return err_usage(err,
		    "--nic: given twice; a second NIC is a second lem-nic");
	o->has_nic = true;
	return nic_options_parse(&o->nic, text, 0, &server_offer, err) == 0 ?
	    0 :
	    err_in(err, "--nic");
}

static int
option_stats(struct server_options *o, const char *text, struct err *err)
{
	uint64_t n;

	if (parse_number(text, "--stats", STATS_MAX_S, &n, err) != 0 ||
	    n == 0) {
		(void)err_usage(err, "must be a number from 1 to %u",
		    STATS_MAX_S);
		return err_value(err, "--stats", text);
	}
	o->stats_s = (unsigned int)n;
	return 0;
}

enum {
	OPT_SOCKET = COMMAND_OWN,
	OPT_NIC,
	OPT_STATS,
};

static const struct option long_options[] = {
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "nic", required_argument, NULL, OPT_NIC },
	{ "stats", required_argument, NULL, OPT_STATS },
	{ 0 },
};

static int
option_take(void *ctx, int option, const char *text, struct err *err)
{
	struct server_options *o = ctx;

	switch (option) {
	case OPT_SOCKET:
		o->socket = text;
		return 0;
	case OPT_NIC:
		return option_nic(o, text, err);
	case OPT_STATS:
		return option_stats(o, text, err);
	default:
		return program_option_take(&o->program, option, text, err);
	}
}

int
server_options_parse(struct server_options *o, int argc, char **argv,
    struct err *err)
{
	const struct command command = { "lem-nic", long_options,
		program_option_list, server_options_help, option_take, o };
	int parsed;

	*o = (struct server_options){ .program = program_options_default };
	parsed = command_parse(&command, argc, argv, err);
	if (parsed != 0 || o->has_nic)
		return parsed;
	return option_nic(o, "", err);
}

void
server_options_free(struct server_options *o)
{
	nic_options_free(&o->nic);
}
