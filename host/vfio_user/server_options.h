/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line of lem-nic.
 */
#ifndef VFU_SERVER_OPTIONS_H
#define VFU_SERVER_OPTIONS_H

#include "nic_options.h"
#include "program.h"

struct server_options {
	/* A path, or fd=N; NULL: the socket comes from systemd. */
	const char *socket;
	struct nic_options nic;
	bool has_nic;
	unsigned int stats_s;		/* 0: never */
	struct program_options program;
};

/*
 * server_options_parse: returns 0; 1: it has printed --help or --version; or -1
 * with err set.  It keeps pointers into argv.  Free it by
 * server_options_free(), also after an error.
 */
int server_options_parse(struct server_options *o, int argc, char **argv,
    struct err *err);
void server_options_free(struct server_options *o);

#endif
