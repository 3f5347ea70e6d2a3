/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket: a line in, a line out.
 *
 *	stats	what happened since the start, as JSON
 *	quit	end the machine
 *
 * Used by the main thread alone; never blocks.
 */
#ifndef VM_CONTROL_H
#define VM_CONTROL_H

#include <sys/un.h>

#include "vm.h"

struct control {
	int listen_fd;			/* -1: connected from the start */
	int fd;				/* -1: nobody is there */
	struct sockaddr_un at;		/* of listen_fd */
	char line[128];
	size_t used;
};

/*
 * control_open: on a socket of this path, or on a descriptor if it is "fd=N".
 * Returns 0, or -1 with err set.
 */
int control_open(struct control *c, const char *where, struct err *err);
void control_close(struct control *c);

/* control_fd: to poll for input. */
int control_fd(const struct control *c);

/* control_ready: it is readable.  Returns false: the machine is to end. */
bool control_ready(struct control *c, struct vm *vm);

#endif
