/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "vm.h"

const char options_usage[] =
    "usage: lem-vm run [OPTION...]\n"
    "\n"
    "Runs one guest on KVM, with e1000 NICs that are libe82540.\n"
    "\n"
    "  --kernel FILE     a Linux bzImage, or an ELF kernel with a PVH entry\n"
    "  --initrd FILE     its initial RAM disk\n"
    "  --append TEXT     its command line\n"
    "  --bios FILE       instead: an image that starts at the reset vector\n"
    "  --memory SIZE     16M to 64G, in steps of 2M (256M)\n"
    "  --memory-fd N     memory that others see, too: a file, open as N\n"
    "  --cpus N          1 to 4 (1)\n"
    "  --nic OPTIONS     an e1000, up to 8 times; OPTIONS, commas between:\n"
    "      model=82540em|82545em|82544gc   the chip (82540em)\n"
    "      mac=ADDRESS                     (52:54:00:12:34:56 and up)\n"
    "      moderation=on|off               obey ITR and the delay timers (on)\n"
    "      msi=on|off                      offer MSI (off)\n"
    "      doorbell=auto|exit|mapped|turns how TDT writes arrive (auto)\n"
    "      spin=MICROSECONDS               a busy thread waits for more (500)\n"
    "      backend=null|tap|dgram|stream   where packets go (null):\n"
    "        tap,ifname=NAME    or fd=N; vnet=off without offloads\n"
    "        dgram,local=PATH,remote=PATH    or fd=N\n"
    "        stream,path=PATH   or fd=N; server=on waits for a peer\n"
    "      pcap=FILE                       write all packets there, too\n"
    "  --control PATH    a socket that takes \"stats\" and \"quit\"; or fd=N\n"
    "  --serial on|off   the serial port is the terminal (on)\n"
    "  --user NAME       whom root becomes, once all is open (nobody)\n"
    "  --sandbox on|off  confine threads by seccomp (on)\n"
    "  --help, --version\n"
    "\n"
    "On a terminal Ctrl-A x ends it, Ctrl-A Ctrl-A is Ctrl-A.\n"
    "Exit status: 0 the guest powered off or asked for a reset, or SIGTERM;\n"
    "1 it could not start, or broke; 2 usage; or the guest's own, an odd one,\n"
    "by a 32-bit write of N to port F4h: 2 N + 1.\n";

/* ------------------------------------------------------------------- NICs */

static int
name_index(const char *text, const char *const *names, const char *what,
    struct err *err)
{
	int i;

	for (i = 0; names[i] != NULL; i++)
		if (strcmp(names[i], text) == 0)
			return i;
	return err_usage(err, "%s: '%s' is none; see --help", what, text);
}

static int
nic_parse(struct nic_config *c, struct opts *opts, unsigned int number,
    struct err *err)
{
	static const char *const models[] = { "82540em", "82545em", "82544gc",
		NULL };
	static const char *const ways[] = { "auto", "exit", "mapped", "turns",
		NULL };
	const char *model = opts_get(opts, "model");
	const char *way = opts_get(opts, "doorbell");
	const char *mac = opts_get(opts, "mac");
	uint64_t spin_us = NIC_SPIN_US;
	int i;

	*c = (struct nic_config){
		.mac = { 0x52, 0x54, 0x00, 0x12, 0x34,
		    (uint8_t)(0x56 + number) },
		.moderation = true,
	};
	i = model == NULL ? 0 : name_index(model, models, "model", err);
	if (i < 0)
		return -1;
	c->chip = (enum e82540_chip)i;
	i = way == NULL ? 0 : name_index(way, ways, "doorbell", err);
	if (i < 0)
		return -1;
	c->doorbell = (enum nic_doorbell)i;
	if (mac != NULL && parse_mac(mac, c->mac, err) != 0)
		return -1;
	if (opts_bool(opts, "moderation", &c->moderation, err) != 0 ||
	    opts_bool(opts, "msi", &c->msi, err) != 0 ||
	    opts_number(opts, "spin", 1000000, &spin_us, err) != 0)
		return -1;
	c->spin_us = (unsigned int)spin_us;
	return 0;
}

static int
option_nic(struct options *o, const char *text, struct err *err)
{
	struct option_nic *n = &o->nic[o->nics];

	if (o->nics == MACHINE_NICS)
		return err_usage(err, "%u NICs at most", MACHINE_NICS);
	if (opts_parse(&n->opts, text, err) != 0 ||
	    nic_parse(&n->config, &n->opts, o->nics, err) != 0) {
		opts_free(&n->opts);
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
		return parse_number(text, "--cpus", VM_CPUS_MAX, &o->cpus, err);
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
	};
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+h", long_options, NULL)) !=
	    -1) {
		if (option == OPT_HELP || option == 'h')
			return 1;
		if (option == '?')
			return err_usage(err,
			    "'%s': no such option, or it wants a value",
			    argv[optind - 1]);
		if (option_take(o, option, optarg, err) != 0)
			return -1;
	}
	if (o->cpus == 0)
		return err_usage(err, "--cpus is a number of 1 to %u",
		    VM_CPUS_MAX);
	if (optind < argc)
		return err_usage(err, "'%s' is no option", argv[optind]);
	if ((o->kernel != NULL) == (o->bios != NULL))
		return err_usage(err, "say --kernel FILE, or --bios FILE");
	if (o->bios != NULL && (o->initrd != NULL || o->append != NULL))
		return err_usage(err, "--initrd and --append go with --kernel");
	return 0;
}

void
options_free(struct options *o)
{
	unsigned int i;

	for (i = 0; i < o->nics; i++)
		opts_free(&o->nic[i].opts);
}
