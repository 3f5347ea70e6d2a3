/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of one command-line argument: "key=value,key=value,flag".  A comma
 * within a value is written twice.
 */
#ifndef HOST_OPTS_H
#define HOST_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define OPTS_MAX	24

struct opts {
	char *text;			/* a copy; key, value point into it */
	struct {
		const char *key;
		const char *value;	/* "on" of a flag */
		bool used;
	} opt[OPTS_MAX];
	size_t n;
};

/*
 * opts_parse: take an argument apart.  opts_free() ends it, also after an
 * error.  Returns 0, or -1 with err set: no key, a key twice, too many.
 */
int opts_parse(struct opts *o, const char *argument, struct err *err);
void opts_free(struct opts *o);

/* opts_get: a value, now used; NULL: it was not given. */
const char *opts_get(struct opts *o, const char *key);

/* opts_unused: a key that nobody asked for, NULL: there is none. */
const char *opts_unused(const struct opts *o);

/*
 * opts_bool: "on" or "off".  opts_number: decimal, or 0x..., at most max.
 * *value stays as it is if the key was not given.
 * Return 0, or -1 with err set.
 */
int opts_bool(struct opts *o, const char *key, bool *value, struct err *err);
int opts_number(struct opts *o, const char *key, uint64_t max, uint64_t *value,
    struct err *err);

/* parse_bool, parse_number: the same of a string; what: for the sentence. */
int
parse_bool(const char *text, const char *what, bool *value, struct err *err);
int parse_number(const char *text, const char *what, uint64_t max,
    uint64_t *value, struct err *err);

/* parse_bytes: a number with K, M or G behind it; of bytes without. */
int parse_bytes(const char *text, const char *what, uint64_t *value,
    struct err *err);

/* parse_mac: six pairs of hexadecimal digits with colons; not a group's. */
int parse_mac(const char *text, uint8_t mac[6], struct err *err);

#endif
