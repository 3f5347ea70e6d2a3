/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What went wrong, as a sentence for the user: what failed, with the value, and
 * what to do.
 */
#ifndef HOST_ERR_H
#define HOST_ERR_H

#include <stdarg.h>
#include <stdbool.h>

#define ERR_BYTES	400

struct err {
	char text[ERR_BYTES];
	bool usage;		/* the command line is wrong */
};

/* err_set, err_usage: set the sentence, and `usage`.  Return -1. */
int err_set(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int err_usage(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* err_vset: the same for a va_list. */
void err_vset(struct err *err, bool usage, const char *format, va_list ap)
    __attribute__((format(printf, 3, 0)));

/* err_in: put "WHERE: " before the sentence.  Returns -1. */
int err_in(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * err_value: put the option and its value before the sentence: "spin=fast: ",
 * "--cpus 5: ".  Returns -1.
 */
int err_value(struct err *err, const char *option, const char *value);

#endif
