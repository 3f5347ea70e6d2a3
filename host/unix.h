/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unix sockets that have a name in the file system.
 */
#ifndef HOST_UNIX_H
#define HOST_UNIX_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

#include "err.h"

/*
 * unix_address: the address of a path.  what: the option that named the path.
 * Returns 0, or -1 with err set: the path is empty or too long.
 */
int unix_address(struct sockaddr_un *at, const char *path, const char *what,
    struct err *err);

/*
 * unix_owner: unix_bind() gives each further socket to this user.  Root calls
 * it with the user that it becomes later, because the socket's owner and root
 * can connect to it; others can as far as umask(2) allows.
 */
void unix_owner(uid_t uid, gid_t gid);

/*
 * unix_owner_get: the user that unix_owner() has set.  Returns false if it was
 * not called.
 */
bool unix_owner_get(uid_t *uid, gid_t *gid);

/*
 * unix_bind: a non-blocking socket of that type (SOCK_STREAM, SOCK_DGRAM) with
 * this name.  It replaces a socket that an earlier run left behind and that no
 * program uses.  Returns the descriptor, or -1 with err set.
 */
int unix_bind(const struct sockaddr_un *at, int type, const char *what,
    struct err *err);

/*
 * unix_bind_owned: the same for SOCK_STREAM; only its owner and root can
 * connect, whatever umask(2) says.  unix_owner_uid: the owner.
 */
int unix_bind_owned(const struct sockaddr_un *at, const char *what,
    struct err *err);
uid_t unix_owner_uid(void);

/*
 * unix_bind_private: a SOCK_STREAM socket that only the effective user and root
 * can connect to; it is not given away.  Returns the descriptor or -errno.
 */
int unix_bind_private(const struct sockaddr_un *at);

/* unix_is_same: do both paths name one file? */
bool unix_is_same(const char *a, const char *b);

/*
 * unix_is_stale: is there a socket with this name that no program has open?
 * The program that has it open does not notice.
 */
bool unix_is_stale(const struct sockaddr_un *at);

#endif
