/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A NIC on a command line: "--nic key=value,..." of every program that runs
 * one.  All of them have model, mac, moderation, backend, its keys, and pcap;
 * each says which of the others it offers.
 */
#ifndef HOST_NIC_OPTIONS_H
#define HOST_NIC_OPTIONS_H

#include "nic.h"

/* What a program offers besides.  A key that it does not offer is an error. */
struct nic_offer {
	bool msi;			/* msi=on|off */
	bool spin;			/* spin=MICROSECONDS */
	unsigned int doorbells;		/* doorbell=: a bit for each mode */
};

struct nic_options {
	struct opts opts;		/* what is left is the backend's */
	struct nic_config config;
};

/*
 * Lines of --help, six blanks deep: about keys that all programs have, about
 * backends.
 */
extern const char nic_options_help[];
extern const char nic_backends_help[];

/*
 * nic_options_parse: config, but for its backend, vmm and ctx.  number: of the
 * NIC in its program, from 0; the default mac counts with it.  Opens nothing.
 * nic_options_free() ends it, also after an error.  Returns 0, or -1 with err
 * set.
 */
int nic_options_parse(struct nic_options *o, const char *text,
    unsigned int number, const struct nic_offer *offer, struct err *err);
void nic_options_free(struct nic_options *o);

/*
 * nic_options_open: open the backend, which is config.backend then, for
 * nic_new() to own.  An option that nobody has asked for by now is an error.
 * Returns 0, or -1 with err set and nothing open.
 */
int nic_options_open(struct nic_options *o, struct err *err);

#endif
