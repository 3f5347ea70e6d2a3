/* SPDX-License-Identifier: BSD-2-Clause */
#include "err.h"

#include <stdio.h>

void
err_vset(struct err *err, bool usage, const char *format, va_list ap)
{
	(void)vsnprintf(err->text, sizeof(err->text), format, ap);
	err->usage = usage;
}

int
err_set(struct err *err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	err_vset(err, false, format, ap);
	va_end(ap);
	return -1;
}

int
err_usage(struct err *err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	err_vset(err, true, format, ap);
	va_end(ap);
	return -1;
}

int
err_in(struct err *err, const char *format, ...)
{
	struct err was = *err;
	char where[64];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(where, sizeof(where), format, ap);
	va_end(ap);
	(void)snprintf(err->text, sizeof(err->text), "%s: %.*s", where,
	    ERR_BYTES - 70, was.text);
	return -1;
}

int
err_value(struct err *err, const char *option, const char *value)
{
	struct err was = *err;
	int n;

	n = snprintf(err->text, sizeof(err->text), "%.60s%s%.200s: ", option,
	    option[0] == '-' ? " " : "=", value);
	(void)snprintf(err->text + n, sizeof(err->text) - (size_t)n, "%.*s",
	    ERR_BYTES - 264, was.text);
	return -1;
}
