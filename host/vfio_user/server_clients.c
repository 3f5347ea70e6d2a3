/* SPDX-License-Identifier: BSD-2-Clause */
#include "server_clients.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "opts.h"
#include "unix.h"

#define SYSTEMD_FD	3		/* sd_listen_fds(3) */

/* -------------------------------------------------------------------- open */

static int
socket_option(int fd, int option)
{
	socklen_t bytes = sizeof(int);
	int value;

	return getsockopt(fd, SOL_SOCKET, option, &value, &bytes) == 0 ? value :
									 -1;
}

/* A socket that listens, or that is connected to the only client. */
static int
clients_use(struct clients *c, int fd, const char *what, struct err *err)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || socket_option(fd, SO_TYPE) != SOCK_STREAM ||
	    socket_option(fd, SO_DOMAIN) != AF_UNIX)
		return err_usage(err, "%s: not a UNIX stream socket", what);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (socket_option(fd, SO_ACCEPTCONN) != 1) {
		c->next = fd;
		return 0;
	}
	c->listen_fd = fd;
	(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	return 0;
}

static int
clients_use_number(struct clients *c, const char *where, struct err *err)
{
	char what[40];
	int fd;

	if (parse_descriptor("--socket", where, where + 3, &fd, err) != 0)
		return -1;
	(void)snprintf(what, sizeof(what), "--socket fd=%d", fd);
	return clients_use(c, fd, what, err);
}

/* sd_listen_fds(3): the sockets are 3, 4 and so on, if they are for us. */
static int
clients_use_systemd(struct clients *c, struct err *err)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	bool ours = pid != NULL && fds != NULL &&
	    strtoull(pid, NULL, 10) == (unsigned long long)getpid();
	unsigned long n = ours ? strtoul(fds, NULL, 10) : 0;

	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	if (n == 0)
		return err_usage(err,
		    "needs --socket PATH, at which the VMM is to connect; see "
		    "lem-nic --help");
	if (n > 1)
		return err_usage(err,
		    "systemd passes %lu sockets: lem-nic serves one; use one "
		    "instance for each NIC",
		    n);
	return clients_use(c, SYSTEMD_FD, "the socket that systemd passes",
	    err);
}

static int
clients_listen(struct clients *c, const char *path, struct err *err)
{
	if (unix_address(&c->at, path, "--socket", err) != 0)
		return -1;
	c->listen_fd = unix_bind(&c->at, SOCK_STREAM, "--socket", err);
	if (c->listen_fd < 0)
		return -1;
	c->bound = true;
	if (listen(c->listen_fd, 4) == 0)
		return 0;
	(void)err_set(err, "%s", strerror(errno));
	return err_value(err, "--socket", path);
}

int
clients_open(struct clients *c, const char *where, struct err *err)
{
	*c = (struct clients){ .listen_fd = -1, .next = -1, .watch = -1 };
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	if (where == NULL)
		return clients_use_systemd(c, err);
	if (strncmp(where, "fd=", 3) == 0)
		return clients_use_number(c, where, err);
	return clients_listen(c, where, err);
}

void
clients_unlink(const struct clients *c)
{
	if (c->bound)
		(void)unlink(c->at.sun_path);
}

void
clients_close(struct clients *c)
{
	if (c->listen_fd >= 0)
		(void)close(c->listen_fd);
	clients_unlink(c);
	if (c->next >= 0)
		(void)close(c->next);
	if (c->watch >= 0)
		(void)close(c->watch);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->changed);
}

/* -------------------------------------------------------------- main thread */

int
clients_fd(const struct clients *c)
{
	return c->listen_fd;
}

static bool
has_hung_up(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) == 1 &&
	    (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* With the lock. */
static bool
clients_has_room(const struct clients *c)
{
	return c->next < 0 && (c->watch < 0 || has_hung_up(c->watch));
}

int
clients_ready(struct clients *c)
{
	int fd = accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	bool takes;

	if (fd < 0)
		return errno == EAGAIN || errno == EINTR ||
			errno == ECONNABORTED ?
		    0 :
		    -errno;
	pthread_mutex_lock(&c->lock);
	takes = clients_has_room(c);
	if (takes) {
		c->next = fd;
		pthread_cond_signal(&c->changed);
	}
	pthread_mutex_unlock(&c->lock);
	if (!takes)
		(void)close(fd);
	return takes ? 0 : 1;
}

bool
clients_wait(struct clients *c)
{
	bool waits;

	pthread_mutex_lock(&c->lock);
	waits = c->next >= 0 && c->watch >= 0;
	pthread_mutex_unlock(&c->lock);
	return waits;
}

void
clients_stop(struct clients *c)
{
	pthread_mutex_lock(&c->lock);
	c->stop = true;
	pthread_cond_signal(&c->changed);
	pthread_mutex_unlock(&c->lock);
}

/* ----------------------------------------------------- vfu_serve()'s thread */

int
clients_next(struct clients *c)
{
	int fd = -1;

	pthread_mutex_lock(&c->lock);
	while (!c->stop && c->next < 0)
		pthread_cond_wait(&c->changed, &c->lock);
	if (!c->stop) {
		fd = c->next;
		c->next = -1;
		c->watch = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	}
	pthread_mutex_unlock(&c->lock);
	return fd;
}

/* The copy must not keep the connection. */
void
clients_done(struct clients *c)
{
	pthread_mutex_lock(&c->lock);
	if (c->watch >= 0) {
		(void)shutdown(c->watch, SHUT_RDWR);
		(void)close(c->watch);
	}
	c->watch = -1;
	pthread_mutex_unlock(&c->lock);
}
