/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket of a program that runs NICs: a line in, a line out.
 *
 *	stats	what happened since the start, as JSON (stats.h)
 *	link [N] up|down
 *		plug the cable of NIC N in, or pull it out (nic_cable_set());
 *		without N: of the only NIC
 *	quit	end the program; no answer
 *	...	the program's own commands
 *
 * Only root, and the user that the program runs as, may connect; others are
 * hung up on.
 *
 * One client at a time; the next one waits.  Used by one thread; never blocks.
 */
#ifndef HOST_CONTROL_H
#define HOST_CONTROL_H

#include <sys/un.h>

#include "stats.h"

struct control_config {
	/*
	 * where: a path to listen at; "fd=N", a socket that is connected;
	 * "off" for no socket; "auto" for one that lem-stat finds
	 * (control_dir.h).  If "auto" cannot be had it does not listen, and
	 * goes on.
	 */
	const char *where;
	const struct stats_source *stats;	/* stays */
	/*
	 * command: gets every line except stats, link and quit, without its
	 * newline.  It puts the answer, with a newline.  It returns false, and
	 * puts nothing, if it does not know the command.  NULL: the program
	 * has no commands of its own.
	 */
	bool (*command)(void *ctx, const char *line, struct json *answer);
	void *ctx;
};

struct control {
	struct control_config config;
	int listen_fd;			/* -1: it does not listen */
	int fd;				/* -1: no client */
	uid_t owner;			/* who may connect, beside root */
	struct sockaddr_un at;		/* of listen_fd */
	char line[128];			/* received, no newline seen yet */
	size_t used;
};

/*
 * control_open: listen, or use the descriptor.  Before there are threads.  Free
 * it by control_close(), also after an error.  Returns 0, or -1 with err set.
 */
int control_open(struct control *c, const struct control_config *config,
    struct err *err);
void control_close(struct control *c);

/* control_unlink: remove the socket only; signal handlers may call it. */
void control_unlink(const struct control *c);

/*
 * control_fd: poll this for input; control_ready() changes it.  -1: there is no
 * client, and none can come.
 */
int control_fd(const struct control *c);

/*
 * control_ready: call it when control_fd() is readable.  Returns false on
 * "quit": the program is to end.
 */
bool control_ready(struct control *c);

#endif
