/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket of a program that runs NICs: a line in, a line out.
 *
 *	stats	what happened since the start, as JSON (stats.h)
 *	quit	end the program; no answer
 *	...	the program's own commands
 *
 * One client at a time; the next one waits.  Used by one thread; never blocks.
 */
#ifndef HOST_CONTROL_H
#define HOST_CONTROL_H

#include <sys/un.h>

#include "stats.h"

struct control_config {
	const char *where;		/* a path to listen at, or "fd=N" */
	const struct stats_source *stats;	/* stays */
	/*
	 * command: a line that is neither stats nor quit, without its newline.
	 * Writes the answer, newline included; returns false, with nothing
	 * written, if it does not know the command.  NULL: there are no others.
	 */
	bool (*command)(void *ctx, const char *line, struct json *answer);
	void *ctx;
};

struct control {
	struct control_config config;
	int listen_fd;			/* -1: connected from the start */
	int fd;				/* -1: no client */
	struct sockaddr_un at;		/* of listen_fd */
	char line[128];			/* received, no newline seen yet */
	size_t used;
};

/*
 * control_open: returns 0, or -1 with err set: "--control ...".
 * control_close() ends it, also after an error.
 */
int control_open(struct control *c, const struct control_config *config,
    struct err *err);
void control_close(struct control *c);

/* control_fd: to poll for input; another one after each control_ready(). */
int control_fd(const struct control *c);

/* control_ready: it is readable.  Returns false: the program is to end. */
bool control_ready(struct control *c);

#endif
