/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers from programs' answers, and what happened between two of these.  What
 * is not known is NAN.
 */
#ifndef STAT_RATES_H
#define STAT_RATES_H

#include "programs.h"

/* number_of: a number or a boolean of an object; NAN if it is not there. */
double number_of(const json_t *object, const char *key);

/*
 * text_of: a string of an object, made clean; "" if it is not there.
 * text_clean: copy, with ? for what could do harm on a terminal or in a label.
 */
void text_of(char *text, size_t bytes, const json_t *object, const char *key);
void text_clean(char *text, size_t bytes, const char *from);

/* An object, now and some time ago. */
struct span {
	const json_t *now, *before;	/* before may be NULL */
	double seconds;			/* between them, or NAN */
};

struct span program_span(const struct program *p);

/* span_nics: how many NICs the program has; span_nic: one of them. */
size_t span_nics(const struct span *program);
struct span span_nic(const struct span *program, size_t i);

/* span_rate: how much a counter grew, a second. */
double span_rate(const struct span *s, const char *key);

/* Packets a second, both ways: of a NIC, of all NICs. */
double nic_packets(const struct span *nic);
double program_packets(const struct span *program);

/* nic_accesses: register reads and writes a second. */
double nic_accesses(const struct span *nic);

/* per: a / b; NAN if b is 0. */
double per(double a, double b);

/* Why packets are dropped. */
struct drop {
	const char *key;		/* in the statistics */
	const char *text;		/* for people */
	const char *reason;		/* for Prometheus */
};

#define DROPS	7u
extern const struct drop drops[DROPS];

/* nic_drops: dropped packets a second, of all reasons. */
double nic_drops(const struct span *nic);

#endif
