/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs that run NICs on this machine: lem-stat finds their control
 * sockets (control_dir.h), and asks all of them at the same time.
 *
 * Nothing that a program answers is trusted: root looks at the programs of
 * other users, too.
 */
#ifndef STAT_PROGRAMS_H
#define STAT_PROGRAMS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "control_dir.h"
#include "err.h"

#define PROGRAM_PATH_BYTES	256u
#define PROGRAMS_MAX		256u	/* that are shown */
#define ANSWER_MS		300	/* that all of them have, together */

struct program {
	char path[PROGRAM_PATH_BYTES];	/* of its control socket */
	char name[CONTROL_PROGRAM_BYTES];	/* "" if not known */
	pid_t pid;			/* 0: not known */
	bool given;			/* by its path: it stays in the list */
	bool there;			/* this time there is a socket */
	bool answers;			/* this time */
	json_t *now;			/* its last answer, or NULL */
	json_t *before;			/* the one before, of the same run */
	/* While it is asked. */
	int fd;				/* -1: not connected */
	char *text;			/* answered so far */
	size_t used;
};

struct programs {
	struct program *at;
	size_t n;
};

/* programs_add: watch the socket at this path.  Returns 0, or -1 with err. */
int programs_add(struct programs *all, const char *path, struct err *err);

/*
 * programs_sample: look which programs there are, unless the list consists of
 * given ones only, and ask each.  Waits ANSWER_MS at most.
 */
void programs_sample(struct programs *all);

/* programs_answer: how many answer.  programs_there: ... or could. */
size_t programs_answer(const struct programs *all);
size_t programs_there(const struct programs *all);

/*
 * program_take: what the program has answered; `text` stays the caller's.
 * Returns whether it is statistics.  For tests.
 */
bool program_take(struct program *p, const char *text, size_t bytes);

/* programs_folders: where programs_sample() looks, for a message. */
void programs_folders(char *text, size_t bytes);

void programs_free(struct programs *all);

#endif
