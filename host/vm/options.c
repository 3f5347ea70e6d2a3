/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "vm.h"

static const char usage_begin[] =
    "usage: lem-vm run [OPTION...]\n"
    "\n"
    "Runs one guest on KVM, with e1000 NICs that are libe82540.\n"
    "\n"
    "  --kernel FILE     a Linux bzImage, or an ELF kernel with a PVH entry\n"
    "  --initrd FILE     the kernel's initial RAM disk\n"
    "  --append TEXT     the kernel's command line (console=ttyS0)\n"
    "  --bios FILE       instead of a kernel: an image with a reset vector\n"
    "  --memory SIZE     16M to 64G, in steps of 2M (256M)\n"
    "  --memory-fd N     use the file that is open as N as memory\n"
    "  --cpus N          1 to 4 (1)\n"
    "  --nic OPTIONS     an e1000, up to 8 times; commas between OPTIONS:\n"
    "      mac=ADDRESS                     (52:54:00:12:34:56, the next NIC\n"
    "                                      one more, and so on)\n";

static const char usage_nic[] =
    "      msi=on|off                      offer MSI (off)\n"
    "      doorbell=auto|exit|mapped|turns how TDT writes arrive (auto)\n"
    "      spin=MICROSECONDS               how long to look for more (500)\n";

static const char usage_end[] =
    "  --on-reset WHAT   restart: the guest starts again; or exit (exit)\n"
    "  --serial on|off   the serial port is the terminal (on)\n";

static const char usage_last[] =
    "  --help, --version\n"
    "\n"
    "On a terminal, Ctrl-A x ends lem-vm, and Ctrl-A Ctrl-A sends Ctrl-A.\n"
    "Exit status: 0 the guest powered off; 4 it reset itself; 6 it said that\n"
    "it panicked; 8 triple fault; 10 a signal, quit or Ctrl-A x ended lem-vm;\n"
    "1 lem-vm could not start or go on; 2 the command line is wrong;\n"
    "2 N + 1 the guest wrote N to port F4h, 32 bits wide.\n";

static void
options_help(void)
{
	(void)fputs(usage_begin, stdout);
	(void)fputs(nic_options_help, stdout);
	(void)fputs(usage_nic, stdout);
	(void)fputs(nic_backends_help, stdout);
	(void)fputs(usage_end, stdout);
	(void)fputs(program_options_help, stdout);
	(void)fputs(usage_last, stdout);
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

static int
option_memory(struct options *o, const char *text, struct err *err)
{
	if (parse_bytes(text, "--memory", &o->memory_bytes, err) != 0)
		return -1;
	if (ram_size_ok(o->memory_bytes))
		return 0;
	(void)err_usage(err, "must be 16M to 64G, in steps of 2M");
	return err_value(err, "--memory", text);
}

/* Two NICs of one guest need two addresses. */
static int
options_check_macs(const struct options *o, struct err *err)
{
	const uint8_t *mac;
	unsigned int i, j;

	for (i = 1; i < o->nics; i++) {
		mac = o->nic[i].config.mac;
		for (j = 0; j < i; j++)
			if (memcmp(mac, o->nic[j].config.mac, 6) == 0)
				return err_usage(err,
				    "--nic %u: mac=%02x:%02x:%02x:%02x:%02x:"
				    "%02x: --nic %u has it, too; give each its "
				    "own",
				    i, mac[0], mac[1], mac[2], mac[3], mac[4],
				    mac[5], j);
	}
	return 0;
}

/* Two NICs must not write one file, read one descriptor, have one socket. */
static int
options_check_own(const struct options *o, const char *key, struct err *err)
{
	const char *a, *b;
	unsigned int i, j;

	for (i = 1; i < o->nics; i++)
		for (j = 0; j < i; j++) {
			a = opts_peek(&o->nic[i].opts, key);
			b = opts_peek(&o->nic[j].opts, key);
			if (a != NULL && b != NULL && strcmp(a, b) == 0)
				return err_usage(err,
				    "--nic %u: %s=%.200s: --nic %u has it, "
				    "too; give each its own",
				    i, key, a, j);
		}
	return 0;
}

/* ---------------------------------------------------------------- options */

enum {
	OPT_KERNEL = COMMAND_OWN,
	OPT_INITRD,
	OPT_APPEND,
	OPT_BIOS,
	OPT_MEMORY,
	OPT_MEMORY_FD,
	OPT_CPUS,
	OPT_NIC,
	OPT_ON_RESET,
	OPT_SERIAL,
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
	{ "on-reset", required_argument, NULL, OPT_ON_RESET },
	{ "serial", required_argument, NULL, OPT_SERIAL },
	{ 0 },
};

static int
option_on_reset(struct options *o, const char *text, struct err *err)
{
	o->restarts = strcmp(text, "restart") == 0;
	if (o->restarts || strcmp(text, "exit") == 0)
		return 0;
	(void)err_usage(err, "must be restart or exit");
	return err_value(err, "--on-reset", text);
}

static int
option_take(void *ctx, int option, const char *text, struct err *err)
{
	struct options *o = ctx;
	uint64_t n;

	switch (option) {
	case OPT_KERNEL:
		return parse_file(text, "--kernel", &o->kernel, err);
	case OPT_INITRD:
		return parse_file(text, "--initrd", &o->initrd, err);
	case OPT_APPEND:
		o->append = text;
		return 0;
	case OPT_BIOS:
		return parse_file(text, "--bios", &o->bios, err);
	case OPT_MEMORY:
		return option_memory(o, text, err);
	case OPT_MEMORY_FD:
		return parse_descriptor("--memory-fd", text, text,
		    &o->memory_fd, err);
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
	case OPT_ON_RESET:
		return option_on_reset(o, text, err);
	case OPT_SERIAL:
		return parse_bool(text, "--serial", &o->serial, err);
	default:
		return program_option_take(&o->program, option, text, err);
	}
}

/* What options need of each other. */
static int
options_check(const struct options *o, struct err *err)
{
	if (o->kernel == NULL && o->bios == NULL)
		return err_usage(err,
		    "needs --kernel FILE or --bios FILE; see lem-vm --help");
	if (o->kernel != NULL && o->bios != NULL)
		return err_usage(err,
		    "--kernel and --bios: give one of the two");
	if (o->bios != NULL && o->initrd != NULL)
		return err_usage(err, "--initrd: needs --kernel, not --bios");
	if (o->bios != NULL && o->append != NULL)
		return err_usage(err, "--append: needs --kernel, not --bios");
	if (options_check_macs(o, err) != 0 ||
	    options_check_own(o, "pcap", err) != 0 ||
	    options_check_own(o, "local", err) != 0)
		return -1;
	return options_check_own(o, "fd", err);
}

/* There is no command "run".  Returns as options_parse() does. */
static int
options_no_run(const struct command *c, const char *word, struct err *err)
{
	if (word == NULL)
		return err_usage(err, "no command; see lem-vm --help");
	if (strcmp(word, "--version") == 0)
		return command_version(c, err);
	if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 ||
	    strcmp(word, "-h") == 0)
		return command_help(c, err);
	if (word[0] == '-')
		return err_usage(err,
		    "%.100s: the command comes first: lem-vm run %.100s ...; "
		    "see lem-vm --help",
		    word, word);
	return err_usage(err, "unknown command '%.100s'; see lem-vm --help",
	    word);
}

int
options_parse(struct options *o, int argc, char **argv, struct err *err)
{
	const struct command command = { "lem-vm", long_options,
		program_option_list, options_help, option_take, o };
	const char *word = argc > 1 ? argv[1] : NULL;
	int parsed;

	*o = (struct options){
		.memory_bytes = 256u << 20,
		.memory_fd = -1,
		.cpus = 1,
		.serial = true,
		.program = program_options_default,
	};
	if (word == NULL || strcmp(word, "run") != 0)
		return options_no_run(&command, word, err);
	parsed = command_parse(&command, argc - 1, argv + 1, err);
	return parsed != 0 ? parsed : options_check(o, err);
}

void
options_free(struct options *o)
{
	unsigned int i;

	for (i = 0; i < o->nics; i++)
		nic_options_free(&o->nic[i]);
}
