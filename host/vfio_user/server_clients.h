/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where clients (VMMs) come from: one at a time, one after another.
 *
 *	main thread				vfu_serve()'s thread
 *	clients_ready(): accept ---> next ---> clients_next()
 *	   a second one is closed at once	clients_done()
 *
 * A client that comes after the last one has hung up, and before vfu_serve()
 * has noticed, waits: a VMM may be started again at once.
 */
#ifndef VFU_SERVER_CLIENTS_H
#define VFU_SERVER_CLIENTS_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/un.h>

#include "err.h"

struct clients {
	int listen_fd;			/* -1: no client comes any more */
	bool bound;			/* `at` is ours, to remove */
	struct sockaddr_un at;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* With the lock. */
	int next;			/* to be served next, or -1 */
	int watch;			/* a copy of the one that is served */
	bool stop;
};

/*
 * clients_open: listen.  where: a path; fd=N of a stream socket, which listens,
 * or is connected to the only client; or NULL: a socket that systemd passes
 * (LISTEN_FDS).  Free it by clients_close(), also after an error.  Returns 0,
 * or -1 with err set.
 */
int clients_open(struct clients *c, const char *where, struct err *err);

/* clients_close: when no thread uses it any more.  Removes the socket. */
void clients_close(struct clients *c);

/* clients_unlink: remove the socket, nothing else. */
void clients_unlink(const struct clients *c);

/* clients_fd: poll this for input; -1: no further client can come. */
int clients_fd(const struct clients *c);

/*
 * clients_ready: call it when clients_fd() is readable.  Returns 0; 1: it
 * refused a client, because there is one; or -errno: the client that comes next
 * cannot be accepted now.
 */
int clients_ready(struct clients *c);

/*
 * clients_wait: does a client wait, although there was one before it, which has
 * hung up and has not been served to its end?
 */
bool clients_wait(struct clients *c);

/* clients_next: wait for a client.  Returns its socket, or -1: stopped. */
int clients_next(struct clients *c);

/* clients_done: the client of clients_next() has been served. */
void clients_done(struct clients *c);

/* clients_stop: make clients_next() return -1, from now on.  Any thread. */
void clients_stop(struct clients *c);

#endif
