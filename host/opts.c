/* SPDX-License-Identifier: BSD-2-Clause */
#include "opts.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Terminates the option at p, with single commas; returns the next option. */
static char *
opts_option_end(char *p)
{
	char *to = p;

	for (; *p != '\0'; *to++ = *p++) {
		if (*p != ',')
			continue;
		if (p[1] != ',') {
			*to = '\0';
			return p + 1;
		}
		p++;
	}
	*to = '\0';
	return p;
}

static int
opts_option_add(struct opts *o, char *option, struct err *err)
{
	char *equals = strchr(option, '=');
	size_t i;

	if (equals == option || *option == '\0')
		return err_usage(err, "'%s': an option is KEY=VALUE or KEY",
		    option);
	if (o->n == OPTS_MAX)
		return err_usage(err, "too many options: at most %d", OPTS_MAX);
	if (equals != NULL)
		*equals = '\0';
	for (i = 0; i < o->n; i++)
		if (strcmp(o->opt[i].key, option) == 0)
			return err_usage(err, "%s: given twice", option);
	o->opt[o->n].key = option;
	o->opt[o->n].value = equals != NULL ? equals + 1 : "on";
	o->opt[o->n++].used = false;
	return 0;
}

int
opts_parse(struct opts *o, const char *argument, struct err *err)
{
	char *p, *next;

	memset(o, 0, sizeof(*o));
	o->text = strdup(argument);
	if (o->text == NULL)
		return err_set(err, "out of memory");
	for (p = o->text; *p != '\0'; p = next) {
		next = opts_option_end(p);
		if (opts_option_add(o, p, err) != 0)
			return -1;
	}
	return 0;
}

void
opts_free(struct opts *o)
{
	free(o->text);
	memset(o, 0, sizeof(*o));
}

const char *
opts_get(struct opts *o, const char *key)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		if (strcmp(o->opt[i].key, key) == 0) {
			o->opt[i].used = true;
			return o->opt[i].value;
		}
	return NULL;
}

const char *
opts_peek(const struct opts *o, const char *key)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		if (strcmp(o->opt[i].key, key) == 0)
			return o->opt[i].value;
	return NULL;
}

const char *
opts_unused(const struct opts *o)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		if (!o->opt[i].used)
			return o->opt[i].key;
	return NULL;
}

int
parse_bool(const char *text, const char *what, bool *value, struct err *err)
{
	if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0) {
		(void)err_usage(err, "must be on or off");
		return err_value(err, what, text);
	}
	*value = strcmp(text, "on") == 0;
	return 0;
}

int
opts_bool(struct opts *o, const char *key, bool *value, struct err *err)
{
	const char *text = opts_get(o, key);

	return text == NULL ? 0 : parse_bool(text, key, value, err);
}

int
parse_number(const char *text, const char *what, uint64_t max, uint64_t *value,
    struct err *err)
{
	/* A leading zero does not mean octal. */
	int base = text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10;
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(text, &end, base);
	if (!isdigit((unsigned char)*text) || *end != '\0' || errno != 0 ||
	    v > max) {
		(void)err_usage(err, "must be a number from 0 to %llu",
		    (unsigned long long)max);
		return err_value(err, what, text);
	}
	*value = v;
	return 0;
}

int
opts_number(struct opts *o, const char *key, uint64_t max, uint64_t *value,
    struct err *err)
{
	const char *text = opts_get(o, key);

	return text == NULL ? 0 : parse_number(text, key, max, value, err);
}

int
parse_bytes(const char *text, const char *what, uint64_t *value,
    struct err *err)
{
	static const char units[] = "KMG";
	unsigned int shift = 0;
	char number[24];
	size_t n = strlen(text);
	const char *unit =
	    n > 0 ? strchr(units, toupper((unsigned char)text[n - 1])) : NULL;

	if (unit != NULL && *unit != '\0') {
		shift = 10 * (unsigned int)(unit - units + 1);
		n--;
	}
	if (n >= sizeof(number))
		n = 0;			/* too long for any number */
	memcpy(number, text, n);
	number[n] = '\0';
	if (parse_number(number, what, UINT64_MAX >> shift, value, err) != 0) {
		(void)err_usage(err, "must be a size such as 512M");
		return err_value(err, what, text);
	}
	*value <<= shift;
	return 0;
}

int
parse_descriptor(const char *what, const char *value, const char *number,
    int *fd, struct err *err)
{
	uint64_t n = 0;

	if (parse_number(number, what, INT_MAX, &n, err) != 0) {
		(void)err_usage(err, "must be the number of a descriptor");
		return err_value(err, what, value);
	}
	*fd = (int)n;
	if (fcntl(*fd, F_GETFD) >= 0)
		return 0;
	(void)err_usage(err, "not an open descriptor");
	return err_value(err, what, value);
}

int
parse_file(const char *text, const char *what, const char **path,
    struct err *err)
{
	if (text[0] == '\0') {
		(void)err_usage(err, "must be the name of a file");
		return err_value(err, what, text);
	}
	*path = text;
	return 0;
}

int
parse_mac(const char *text, uint8_t mac[6], struct err *err)
{
	unsigned int v[6], i;

	/* sscanf() alone would accept blanks and signs. */
	for (i = 0; i < 17; i++)
		if (i % 3 == 2 ? text[i] != ':' :
				 !isxdigit((unsigned char)text[i]))
			break;
	if (i != 17 || text[17] != '\0' ||
	    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x", &v[0], &v[1], &v[2], &v[3],
		&v[4], &v[5]) != 6) {
		(void)err_usage(err,
		    "must be an address such as 52:54:00:12:34:56");
		return err_value(err, "mac", text);
	}
	if (v[0] & 1) {
		(void)err_usage(err,
		    "multicast address; a NIC needs a unicast one");
		return err_value(err, "mac", text);
	}
	if ((v[0] | v[1] | v[2] | v[3] | v[4] | v[5]) == 0) {
		(void)err_usage(err,
		    "all-zero address; a NIC needs one of its own");
		return err_value(err, "mac", text);
	}
	for (i = 0; i < 6; i++)
		mac[i] = (uint8_t)v[i];
	return 0;
}
