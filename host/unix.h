/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unix sockets that have a name in the file system.
 */
#ifndef HOST_UNIX_H
#define HOST_UNIX_H

#include <sys/types.h>
#include <sys/un.h>

#include "err.h"

/*
 * unix_address: of a path; what: the option it comes from.  Returns 0, or -1
 * with err set: it is empty or too long.
 */
int unix_address(struct sockaddr_un *at, const char *path, const char *what,
    struct err *err);

/*
 * unix_owner: whose the sockets are to be that are made from now on: the user
 * that root becomes later, since who connects must be their owner, or root.
 * Without it: who runs us.
 */
void unix_owner(uid_t uid, gid_t gid);

/*
 * unix_bind: a socket of that type (SOCK_STREAM, SOCK_DGRAM), not blocking,
 * with this name.  One that an earlier run left there, and nobody listens to,
 * gives way.  Returns the descriptor, or -1 with err set.
 */
int unix_bind(const struct sockaddr_un *at, int type, const char *what,
    struct err *err);

#endif
