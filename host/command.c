/* SPDX-License-Identifier: BSD-2-Clause */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COMMON_OPTIONS	2u

static const struct option common_options[COMMON_OPTIONS + 1] = {
	{ "help", no_argument, NULL, COMMAND_HELP },
	{ "version", no_argument, NULL, COMMAND_VERSION },
	{ 0 },
};

void
command_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

/* The length of the name in "name=value" or "name". */
static size_t
name_length(const char *text)
{
	return strcspn(text, "=");
}

/* How many options begin with this name; 1 if it is the whole name of one. */
static unsigned int
name_matches(const struct option *o, const char *name, size_t length)
{
	unsigned int n = 0;

	for (; o->name != NULL; o++) {
		if (strncmp(o->name, name, length) != 0)
			continue;
		if (o->name[length] == '\0')
			return 1;
		n++;
	}
	return n;
}

static int
complain_ambiguous(const struct command *c, const char *word, struct err *err)
{
	size_t length = name_length(word + 2), used = 0;
	const struct option *o;
	char list[100] = "";

	for (o = c->options; o->name != NULL && used < sizeof(list); o++)
		if (strncmp(o->name, word + 2, length) == 0)
			used +=
			    (size_t)snprintf(list + used, sizeof(list) - used,
				"%s--%s", used > 0 ? " or " : "", o->name);
	return err_usage(err, "%.100s: ambiguous: %s; see %s --help", word,
	    list, c->program);
}

/* -kernel, as some programs have it. */
static int
complain_dash(const struct command *c, const char *word, struct err *err)
{
	int length = (int)name_length(word + 1);

	if (length > 1 &&
	    name_matches(c->options, word + 1, (size_t)length) > 0)
		return err_usage(err,
		    "%.100s: unknown option; write --%.*s; see %s --help", word,
		    length < 60 ? length : 60, word + 1, c->program);
	return err_usage(err, "%.100s: unknown option; see %s --help", word,
	    c->program);
}

/* getopt_long() does not take this word, although no value is missing. */
static int
complain_word(const struct command *c, const char *word, struct err *err)
{
	size_t length;
	unsigned int n;

	if (word[1] != '-')
		return complain_dash(c, word, err);
	length = name_length(word + 2);
	n = name_matches(c->options, word + 2, length);
	if (n > 1)
		return complain_ambiguous(c, word, err);
	if (n == 0)
		return err_usage(err, "%.100s: unknown option; see %s --help",
		    word, c->program);
	return err_usage(err,
	    "%.100s: this option takes no value; see %s --help", word,
	    c->program);
}

/* Is this word, which getopt_long() takes for a value, an option's name? */
static bool
is_option(const struct command *c, const char *word)
{
	const struct option *o;
	size_t length;

	if (strncmp(word, "--", 2) != 0)
		return false;
	length = name_length(word + 2);
	for (o = c->options; o->name != NULL; o++)
		if (strlen(o->name) == length &&
		    strncmp(o->name, word + 2, length) == 0)
			return true;
	return false;
}

/* One option, of the word argv[at] and, maybe, the next one. */
static int
option_take(const struct command *c, int option, char **argv, int at,
    struct err *err)
{
	const char *program = c->program;

	if (option == ':')
		return err_usage(err, "%.100s: needs a value; see %s --help",
		    argv[at], program);
	if (optarg != NULL && optarg == argv[at + 1] && is_option(c, optarg))
		return err_usage(err,
		    "%.100s: needs a value, but %.100s follows; see %s --help",
		    argv[at], optarg, program);
	return c->take(c->ctx, option, optarg, err);
}

/* What getopt_long() is to know; the list ends with { 0 }. */
static void
list_make(struct option *list, const struct command *c)
{
	const struct option *from[] = { c->options, c->more, common_options };
	const struct option *o;
	size_t i, n = 0;

	for (i = 0; i < sizeof(from) / sizeof(from[0]); i++)
		for (o = from[i]; o != NULL && o->name != NULL; o++)
			if (n < COMMAND_OPTIONS_MAX + COMMON_OPTIONS)
				list[n++] = *o;
	list[n] = (struct option){ 0 };
}

int
command_parse(const struct command *c, int argc, char **argv, struct err *err)
{
	struct option list[COMMAND_OPTIONS_MAX + COMMON_OPTIONS + 1];
	struct command all = *c;
	int option, at;

	list_make(list, c);
	all.options = list;
	/* 0, not 1, makes glibc forget an earlier call. */
	for (optind = 0;;) {
		at = optind > 0 ? optind : 1;
		option = getopt_long(argc, argv, "+:h", list, NULL);
		if (option == -1)
			break;
		if (option == COMMAND_HELP)
			return command_help(c, err);
		if (option == COMMAND_VERSION)
			return command_version(c, err);
		if (option == '?')
			return complain_word(&all, argv[at], err);
		if (option_take(&all, option, argv, at, err) != 0)
			return -1;
	}
	return optind >= argc ?
	    0 :
	    err_usage(err, "%.100s: unexpected argument; see %s --help",
		argv[optind], c->program);
}

static int
output_check(struct err *err)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 1;
	return err_set(err, "cannot write the output: %s", strerror(errno));
}

int
command_help(const struct command *c, struct err *err)
{
	c->help();
	return output_check(err);
}

int
command_version(const struct command *c, struct err *err)
{
	(void)printf("%s %s\n", c->program, LEM_VERSION);
	return output_check(err);
}
