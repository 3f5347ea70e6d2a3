/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line of lem-vm run.
 */
#ifndef VM_OPTIONS_H
#define VM_OPTIONS_H

#include "machine.h"
#include "nic_options.h"
#include "program.h"

struct options {
	const char *kernel, *initrd, *append, *bios;
	uint64_t memory_bytes;
	int memory_fd;			/* -1: none */
	unsigned int cpus;
	struct nic_options nic[MACHINE_NICS];
	unsigned int nics;
	bool serial;
	struct program_options program;
	bool restarts;			/* --on-reset restart */
};

/*
 * options_parse: argv[1] is the command; strings in o point into argv.  Returns
 * 0; 1: it has printed --help or --version; or -1 with err set.  Free it by
 * options_free() in any case.
 */
int options_parse(struct options *o, int argc, char **argv, struct err *err);
void options_free(struct options *o);

#endif
