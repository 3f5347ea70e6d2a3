/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A NIC on a command line: "--nic key=value,..." of every program that runs
 * NICs.  All of these programs have the keys model, mac, moderation, stall,
 * link, autoneg, backend, those of the backend, and pcap.  Each program says
 * which others it offers.
 */
#ifndef HOST_NIC_OPTIONS_H
#define HOST_NIC_OPTIONS_H

#include "nic.h"

/* The other keys.  One that the program does not offer is an error. */
struct nic_offer {
	bool msi;			/* msi=on|off */
	bool spin;			/* spin=MICROSECONDS */
	/* doorbell=: the names of modes, by enum nic_doorbell; NULL: not
	 * offered. */
	const char *doorbell[NIC_DOORBELLS];
};

struct nic_options {
	struct opts opts;		/* the backend's are not used yet */
	struct nic_config config;
};

/* Lines of --help, indented by six: keys of all programs (mac= is each one's
 * own), and backends. */
extern const char nic_options_help[];
extern const char nic_backends_help[];

/*
 * nic_options_parse: fill o->config, except for the backend and what belongs to
 * the VMM.  It opens nothing.  number: the NIC's number in the program, from 0,
 * which the default mac contains.  Free it by nic_options_free(), also after an
 * error.  Returns 0, or -1 with err set.
 */
int nic_options_parse(struct nic_options *o, const char *text,
    unsigned int number, const struct nic_offer *offer, struct err *err);
void nic_options_free(struct nic_options *o);

/*
 * nic_options_open: open the backend and put it into o->config; nic_new() will
 * own it.  An option that is not used by then is an error.  Returns 0, or -1
 * with err set and nothing open.
 */
int nic_options_open(struct nic_options *o, struct err *err);

#endif
