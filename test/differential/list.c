/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file `differences`: a line each, its columns separated by '|'.  Its head
 * says what they mean.
 */
#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"

#define COLUMNS	7

enum column {
	WHERE,
	VERSIONS,
	QEMU,
	MODEL,
	RIGHT,
	SECTION,
	WHY
};

struct entry {
	char *text;			/* that the columns point into */
	char *column[COLUMNS];
	unsigned int line;
	bool applies;			/* to this version of QEMU */
	unsigned int met;
};

struct list {
	struct entry *entry;
	size_t entries;
};

static char *
column_trim(char *s)
{
	char *end = s + strlen(s);

	while (end > s && isspace((unsigned char)end[-1]))
		*--end = '\0';
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

/* "10.2.1 (Debian ...)" to 10002; a text without a version to `none`. */
static unsigned int
version_number(const char *s, unsigned int none)
{
	unsigned int major = 0, minor = 0;

	if (sscanf(s, "%u.%u", &major, &minor) < 1)
		return none;
	return major * 1000 + minor;
}

/* in_range: "*", "7.2", "7.2-", "-10.1", "10.2-11.1". */
static bool
in_range(const char *range, unsigned int v)
{
	const char *dash = strchr(range, '-');

	if (strcmp(range, "*") == 0)
		return true;
	if (dash == NULL)
		return version_number(range, 0) == v;
	return v >= (dash == range ? 0 : version_number(range, 0)) &&
	    v <= version_number(dash + 1, ~0u);
}

static const char *
entry_check(const struct entry *e)
{
	static const char *const rights[] = { "model", "qemu", "both" };
	unsigned int i;

	for (i = 0; i < COLUMNS; i++)
		if (*e->column[i] == '\0')
			return "has not seven columns";
	for (i = 0; i < 3; i++)
		if (strcmp(e->column[RIGHT], rights[i]) == 0)
			break;
	if (i == 3)
		return "does not say model, qemu or both";
	if (!isdigit((unsigned char)*e->column[SECTION]))
		return "names no section of the manual";
	return NULL;
}

/* Columns that are not there are empty. */
static void
entry_split(struct entry *e)
{
	char *at = e->text, *next;
	unsigned int i;

	for (i = 0; i < COLUMNS; i++, at = next) {
		next = i == COLUMNS - 1 ? NULL : strchr(at, '|');
		if (next != NULL)
			*next++ = '\0';
		else
			next = at + strlen(at);
		e->column[i] = column_trim(at);
	}
}

/* Load a line of the file.  If it is wrong, says why and returns false. */
static bool
line_load(struct list *list, const char *path, unsigned int number,
    const char *text, unsigned int qemu)
{
	struct entry *e;
	const char *wrong;

	e = realloc(list->entry, (list->entries + 1) * sizeof(*e));
	if (e == NULL)
		return false;
	list->entry = e;
	e += list->entries++;
	*e = (struct entry){ .text = strdup(text), .line = number };
	if (e->text == NULL)
		return false;
	entry_split(e);
	wrong = entry_check(e);
	if (wrong != NULL) {
		fprintf(stderr, "%s:%u: %s\n", path, number, wrong);
		return false;
	}
	e->applies = in_range(e->column[VERSIONS], qemu);
	return true;
}

struct list *
list_load(const char *path, const char *qemu_version)
{
	struct list *list = calloc(1, sizeof(*list));
	FILE *file = fopen(path, "r");
	unsigned int number = 0;
	char line[1024];
	bool good = list != NULL && file != NULL;

	if (file == NULL)
		perror(path);
	while (good && fgets(line, sizeof(line), file) != NULL) {
		number++;
		if (*line != '#' && *column_trim(line) != '\0')
			good = line_load(list, path, number, line,
			    version_number(qemu_version, 0));
	}
	if (file != NULL)
		fclose(file);
	if (!good) {
		list_free(list);
		return NULL;
	}
	return list;
}

void
list_free(struct list *list)
{
	size_t i;

	if (list == NULL)
		return;
	for (i = 0; i < list->entries; i++)
		free(list->entry[i].text);
	free(list->entry);
	free(list);
}

bool
list_find(struct list *list, const char *where, const char *qemu,
    const char *model)
{
	struct entry *e;
	size_t i;

	for (i = 0; i < list->entries; i++) {
		e = &list->entry[i];
		if (e->applies &&
		    fnmatch(e->column[WHERE], where, FNM_PATHNAME) == 0 &&
		    fnmatch(e->column[QEMU], qemu, 0) == 0 &&
		    fnmatch(e->column[MODEL], model, 0) == 0) {
			e->met++;
			return true;
		}
	}
	return false;
}

/* Did this line's script run?  Random scripts do not count. */
static bool
entry_was_due(const struct entry *e, const char *const *ran, unsigned int rans)
{
	char pattern[256], *slash;
	unsigned int i;

	snprintf(pattern, sizeof(pattern), "%s", e->column[WHERE]);
	slash = strrchr(pattern, '/');
	if (slash == NULL || strstr(pattern, "/random") != NULL)
		return false;
	*slash = '\0';
	for (i = 0; i < rans; i++)
		if (fnmatch(pattern, ran[i], FNM_PATHNAME) == 0)
			return true;
	return false;
}

unsigned int
list_stale(const struct list *list, const char *const *ran, unsigned int rans)
{
	const struct entry *e;
	unsigned int stale = 0;
	size_t i;

	for (i = 0; i < list->entries; i++) {
		e = &list->entry[i];
		if (!e->applies || e->met != 0 || !entry_was_due(e, ran, rans))
			continue;
		printf("STALE differences:%u: %s does not differ so\n", e->line,
		    e->column[WHERE]);
		stale++;
	}
	return stale;
}
