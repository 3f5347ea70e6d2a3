/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What went wrong, as a sentence for whoever started the program: what it was,
 * and what to do about it.
 */
#ifndef HOST_ERR_H
#define HOST_ERR_H

#include <stdbool.h>

#define ERR_BYTES	400

struct err {
	char text[ERR_BYTES];
	bool usage;		/* the command line is wrong, not the world */
};

/* err_set, err_usage: the sentence; it replaces what was there.  Return -1. */
int err_set(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int err_usage(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* err_in: says where, in front of it.  Returns -1. */
int err_in(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * err_value: names the option it is about, and its value, in front of it:
 * "spin=fast: ...", "--cpus 5: ...".  Returns -1.
 */
int err_value(struct err *err, const char *option, const char *value);

#endif
