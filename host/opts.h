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
	char *text;			/* a copy; key and value point there */
	struct {
		const char *key;
		const char *value;	/* "on" of a flag */
		bool used;
	} opt[OPTS_MAX];
	size_t n;
};

/*
 * opts_parse: split an argument into options.  Free it by opts_free(), also
 * after an error.  Returns 0, or -1 with err set: no key, a key twice, too
 * many.
 */
int opts_parse(struct opts *o, const char *argument, struct err *err);
void opts_free(struct opts *o);

/* opts_get: an option's value, or NULL.  The option is used from now on. */
const char *opts_get(struct opts *o, const char *key);

/* opts_peek: the same, but it does not use the option. */
const char *opts_peek(const struct opts *o, const char *key);

/* opts_unused: the key of an option that is not used, or NULL. */
const char *opts_unused(const struct opts *o);

/*
 * opts_bool: "on" or "off".  opts_number: decimal, or 0x..., at most max.
 * *value does not change if there is no such key.
 * Return 0, or -1 with err set.
 */
int opts_bool(struct opts *o, const char *key, bool *value, struct err *err);
int opts_number(struct opts *o, const char *key, uint64_t max, uint64_t *value,
    struct err *err);

/* parse_bool, parse_number: the same for a string; what: the option's name. */
int
parse_bool(const char *text, const char *what, bool *value, struct err *err);
int parse_number(const char *text, const char *what, uint64_t max,
    uint64_t *value, struct err *err);

/* parse_bytes: a number of bytes, or one followed by K, M or G. */
int parse_bytes(const char *text, const char *what, uint64_t *value,
    struct err *err);

/*
 * parse_descriptor: the number of a descriptor that is open.  what and value:
 * the option and its value, for messages; number: that part of the value.
 * Returns 0, or -1 with err set.
 */
int parse_descriptor(const char *what, const char *value, const char *number,
    int *fd, struct err *err);

/* parse_file: a path, which is not empty; it keeps text. */
int parse_file(const char *text, const char *what, const char **path,
    struct err *err);

/* parse_mac: a unicast address, six pairs of hexadecimal digits and colons. */
int parse_mac(const char *text, uint8_t mac[6], struct err *err);

#endif
