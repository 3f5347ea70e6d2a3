/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "vm.h"

static const char usage_begin[] =
    "usage: lem-vm run [OPTION...]\n"
    "\n"
    "Runs one guest on KVM, with e1000 NICs that are libe82540.\n"
    "\n"
    "  --kernel FILE     a Linux bzImage, or an ELF kernel with a PVH entry\n"
    "  --initrd FILE     the kernel's initial RAM disk\n"
    "  --append TEXT     the kernel's command line\n"
    "  --bios FILE       instead of a kernel: an image with a reset vector\n"
    "  --memory SIZE     16M to 64G, in steps of 2M (256M)\n"
    "  --memory-fd N     use the file that is open as N as memory\n"
    "  --cpus N          1 to 4 (1)\n"
    "  --nic OPTIONS     an e1000, up to 8 times; commas between OPTIONS:\n";

static const char usage_nic[] =
    "      msi=on|off                      offer MSI (off)\n"
    "      doorbell=auto|exit|mapped|turns how TDT writes arrive (auto)\n"
    "      spin=MICROSECONDS               how long to look for more (500)\n";

static const char usage_end[] =
    "  --control PATH    a socket that takes stats and quit; or fd=N, off\n"
    "                    or auto, where lem-stat finds it (auto)\n"
    "  --serial on|off   the serial port is the terminal (on)\n"
    "  --user NAME       the user that root becomes after set-up (nobody)\n"
    "  --sandbox on|off  confine threads by seccomp (on)\n"
    "  --help, --version\n"
    "\n"
    "On a terminal, Ctrl-A x ends lem-vm, and Ctrl-A Ctrl-A sends Ctrl-A.\n"
    "Exit status: 0 the guest powered off or reset itself, or a signal ended\n"
    "lem-vm; 1 lem-vm could not start or go on; 2 the command line is wrong;\n"
    "2 N + 1 the guest wrote N to port F4h, 32 bits wide.\n";

void
options_help(void)
{
	(void)fputs(usage_begin, stdout);
	(void)fputs(nic_options_help, stdout);
	(void)fputs(usage_nic, stdout);
	(void)fputs(nic_backends_help, stdout);
	(void)fputs(usage_end, stdout);
}

/* The keys that lem-vm adds to those of all programs. */
static const struct nic_offer nic_offer = {
	.msi = true,
	.spin = true,
	.doorbell = {
		[NIC_DOORBELL_AUTO] = "auto",
		[NIC_DOORBELL_EXIT] = "exit",
		[NIC_DOORBELL_MAPPED] = "mapped",
		[NIC_DOORBELL_TURNS] = "turns",
	},
};

static int
option_nic(struct options *o, const char *text, struct err *err)
{
	struct nic_options *n = &o->nic[o->nics];

	if (o->nics == MACHINE_NICS)
		return err_usage(err, "too many --nic: at most %u",
		    MACHINE_NICS);
	if (nic_options_parse(n, text, o->nics, &nic_offer, err) != 0) {
		nic_options_free(n);
		return err_in(err, "--nic %u", o->nics);
	}
	o->nics++;
	return 0;
}

/* ---------------------------------------------------------------- options */

enum {
	OPT_KERNEL = 256,
	OPT_INITRD,
	OPT_APPEND,
	OPT_BIOS,
	OPT_MEMORY,
	OPT_MEMORY_FD,
	OPT_CPUS,
	OPT_NIC,
	OPT_CONTROL,
	OPT_SERIAL,
	OPT_USER,
	OPT_SANDBOX,
	OPT_HELP,
};

static const struct option long_options[] = {
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "initrd", required_argument, NULL, OPT_INITRD },
	{ "append", required_argument, NULL, OPT_APPEND },
	{ "bios", required_argument, NULL, OPT_BIOS },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "memory-fd", required_argument, NULL, OPT_MEMORY_FD },
	{ "cpus", required_argument, NULL, OPT_CPUS },
	{ "nic", required_argument, NULL, OPT_NIC },
	{ "control", required_argument, NULL, OPT_CONTROL },
	{ "serial", required_argument, NULL, OPT_SERIAL },
	{ "user", required_argument, NULL, OPT_USER },
	{ "sandbox", required_argument, NULL, OPT_SANDBOX },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 },
};

static int
option_take(struct options *o, int option, const char *text, struct err *err)
{
	uint64_t n;

	switch (option) {
	case OPT_KERNEL:
		o->kernel = text;
		return 0;
	case OPT_INITRD:
		o->initrd = text;
		return 0;
	case OPT_APPEND:
		o->append = text;
		return 0;
	case OPT_BIOS:
		o->bios = text;
		return 0;
	case OPT_MEMORY:
		return parse_bytes(text, "--memory", &o->memory_bytes, err);
	case OPT_MEMORY_FD:
		if (parse_number(text, "--memory-fd", 1 << 20, &n, err) != 0)
			return -1;
		o->memory_fd = (int)n;
		return 0;
	case OPT_CPUS:
		if (parse_number(text, "--cpus", VM_CPUS_MAX, &n, err) != 0 ||
		    n == 0) {
			(void)err_usage(err, "must be a number from 1 to %u",
			    VM_CPUS_MAX);
			return err_value(err, "--cpus", text);
		}
		o->cpus = (unsigned int)n;
		return 0;
	case OPT_NIC:
		return option_nic(o, text, err);
	case OPT_CONTROL:
		o->control = text;
		return 0;
	case OPT_SERIAL:
		return parse_bool(text, "--serial", &o->serial, err);
	case OPT_USER:
		o->user = text;
		return 0;
	default:
		return parse_bool(text, "--sandbox", &o->sandbox, err);
	}
}

int
options_parse(struct options *o, int argc, char **argv, struct err *err)
{
	int option;

	*o = (struct options){
		.memory_bytes = 256u << 20,
		.memory_fd = -1,
		.cpus = 1,
		.serial = true,
		.sandbox = true,
		.control = "auto",
	};
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+h", long_options, NULL)) !=
	    -1) {
		if (option == OPT_HELP || option == 'h')
			return 1;
		if (option == '?')
			return err_usage(err,
			    "%s: unknown option, or its value is missing; see "
			    "lem-vm --help",
			    argv[optind - 1]);
		if (option_take(o, option, optarg, err) != 0)
			return -1;
	}
	if (optind < argc)
		return err_usage(err,
		    "%s: unexpected argument; see lem-vm --help", argv[optind]);
	if ((o->kernel != NULL) == (o->bios != NULL))
		return err_usage(err,
		    "needs either --kernel FILE or --bios FILE");
	if (o->bios != NULL && (o->initrd != NULL || o->append != NULL))
		return err_usage(err, "--initrd and --append need --kernel");
	return 0;
}

void
options_free(struct options *o)
{
	unsigned int i;

	for (i = 0; i < o->nics; i++)
		nic_options_free(&o->nic[i]);
}
