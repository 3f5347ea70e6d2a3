/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What went wrong, as a sentence for whoever started the program: what it was,
 * and what to do about it.
 */
#ifndef HOST_ERR_H
#define HOST_ERR_H

#define ERR_BYTES	400

struct err {
	char text[ERR_BYTES];
};

/* err_set: the sentence; it replaces what was there.  Returns -1. */
int err_set(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
