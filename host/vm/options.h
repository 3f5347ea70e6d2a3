/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line of lem-vm run.
 */
#ifndef VM_OPTIONS_H
#define VM_OPTIONS_H

#include "machine.h"
#include "nic_options.h"

struct options {
	const char *kernel, *initrd, *append, *bios, *control, *user;
	uint64_t memory_bytes;
	int memory_fd;			/* -1: none */
	unsigned int cpus;
	struct nic_options nic[MACHINE_NICS];
	unsigned int nics;
	bool serial, sandbox;
};

/* options_help: --help, to standard output. */
void options_help(void);

/*
 * options_parse: argv[0] is the command; strings in o point into argv.  Returns
 * 0, 1 for --help, or -1 with err set.  Free it by options_free() in any case.
 */
int options_parse(struct options *o, int argc, char **argv, struct err *err);
void options_free(struct options *o);

#endif
