/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TEST_OPEN_H
#define TEST_OPEN_H

#include "backend.h"
#include "common.h"

/* open_by: the backend of these options, as --nic has them. */
static inline struct backend *__attribute__((format(printf, 1, 2)))
open_by(const char *format, ...)
{
	char text[512];
	struct backend *b;
	struct opts opts;
	struct err err;
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	assert_int_equal(opts_parse(&opts, text, &err), 0);
	b = backend_open(&opts, &err);
	if (b == NULL)
		fail_msg("%s: %s", text, err.text);
	assert_null(opts_unused(&opts));
	opts_free(&opts);
	return b;
}

#endif
