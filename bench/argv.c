/* SPDX-License-Identifier: BSD-2-Clause */
#include "argv.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

void
lem_argv_add(struct lem_argv *c, const char *value)
{
	if (c->args < LEM_ARGS_MAX - 1)
		c->arg[c->args++] = (char *)(uintptr_t)value;
}

void
lem_argv_addf(struct lem_argv *c, const char *option, const char *format, ...)
{
	char *text;
	va_list ap;

	if (c->texts == LEM_ARG_TEXTS)
		return;
	text = c->text[c->texts++];
	va_start(ap, format);
	(void)vsnprintf(text, LEM_ARG_BYTES, format, ap);
	va_end(ap);
	if (option != NULL)
		lem_argv_add(c, option);
	lem_argv_add(c, text);
}
