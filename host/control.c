/* SPDX-License-Identifier: BSD-2-Clause */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control_dir.h"
#include "unix.h"

#define BACKLOG		16	/* clients that wait */

static void
client_drop(struct control *c)
{
	(void)close(c->fd);
	c->fd = -1;
	c->used = 0;
}

/* A client that does not read its answers is dropped: it gets no half ones. */
static void
client_reply(struct control *c, const struct json *answer)
{
	if (send(c->fd, answer->text, answer->used,
		MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)answer->used)
		client_drop(c);
}

/* "link [N] up|down"; rest: what follows "link". */
static void
client_link(const struct stats_source *from, const char *rest,
    struct json *answer)
{
	unsigned long number = 0;
	unsigned int nics = 0;
	bool in, named = *rest >= '0' && *rest <= '9';
	char *end;

	while (from->nic(from->ctx, nics) != NULL)
		nics++;
	if (named) {
		number = strtoul(rest, &end, 10);
		rest = *end == ' ' ? end + 1 : "";
	}
	in = strcmp(rest, "up") == 0;
	if (!in && strcmp(rest, "down") != 0) {
		json_put(answer, "{\"error\":\"link [N] up|down\"}\n");
	} else if (number >= nics || (!named && nics > 1)) {
		json_put(answer,
		    "{\"error\":\"link N up|down, where N is less than "
		    "%u\"}\n",
		    nics);
	} else {
		nic_cable_set(from->nic(from->ctx, (unsigned int)number), in);
		json_put(answer, "{\"nic\":%lu,\"link\":\"%s\"}\n", number,
		    rest);
	}
}

/* Returns false: the program is to end. */
static bool
client_command(struct control *c, const char *line)
{
	const struct control_config *config = &c->config;
	struct json answer = { .used = 0 };

	if (strcmp(line, "quit") == 0)
		return false;
	if (strcmp(line, "stats") == 0)
		stats_put(&answer, config->stats);
	else if (strncmp(line, "link ", 5) == 0)
		client_link(config->stats, line + 5, &answer);
	else if (config->command == NULL ||
	    !config->command(config->ctx, line, &answer))
		json_put(&answer, "{\"error\":\"unknown command\"}\n");
	client_reply(c, &answer);
	return true;
}

/* Every whole line.  Returns false: the program is to end. */
static bool
client_lines(struct control *c)
{
	char *line = c->line, *end;
	bool stay = true;

	while (stay && c->fd >= 0 && (end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		stay = client_command(c, line);
		line = end + 1;
	}
	if (c->fd < 0)
		return stay;
	c->used = strlen(line);
	memmove(c->line, line, c->used + 1);
	if (c->used == sizeof(c->line) - 1)
		client_drop(c);		/* no command is that long */
	return stay;
}

int
control_fd(const struct control *c)
{
	return c->fd >= 0 ? c->fd : c->listen_fd;
}

/* The mode of a socket's file is only as good as that of its folder. */
static void
client_accept(struct control *c)
{
	struct ucred who;
	socklen_t bytes = sizeof(who);

	c->fd = accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (c->fd >= 0 &&
	    (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &who, &bytes) != 0 ||
		(who.uid != 0 && who.uid != c->owner)))
		client_drop(c);
}

bool
control_ready(struct control *c)
{
	ssize_t n;

	if (c->fd < 0) {
		client_accept(c);
		return true;
	}
	n = recv(c->fd, c->line + c->used, sizeof(c->line) - 1 - c->used,
	    MSG_DONTWAIT);
	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			client_drop(c);
		return true;
	}
	c->used += (size_t)n;
	c->line[c->used] = '\0';
	return client_lines(c);
}

static int
control_listen(struct control *c, const char *path, struct err *err)
{
	if (unix_address(&c->at, path, "--control", err) != 0)
		return -1;
	c->listen_fd = unix_bind_owned(&c->at, "--control", err);
	if (c->listen_fd < 0)
		return -1;
	if (listen(c->listen_fd, BACKLOG) == 0)
		return 0;
	(void)err_set(err, "%s", strerror(errno));
	return err_value(err, "--control", path);
}

static int
control_listen_auto(struct control *c)
{
	const char *program = c->config.stats->program;
	char dir[CONTROL_DIR_BYTES], path[CONTROL_DIR_BYTES + 64];
	struct err err;
	int fd;

	if (control_dir_make(dir) != 0)
		return -1;
	control_dir_clean(dir);
	(void)snprintf(path, sizeof(path), "%s/%s.%d.sock", dir, program,
	    (int)getpid());
	if (unix_address(&c->at, path, "--control", &err) != 0)
		return -1;
	fd = unix_bind_private(&c->at);
	if (fd < 0)
		return -1;
	c->listen_fd = fd;
	return listen(fd, BACKLOG);
}

static int
control_descriptor(struct control *c, const char *where, struct err *err)
{
	socklen_t bytes = sizeof(int);
	int fd, type;

	if (parse_descriptor("--control", where, where + 3, &fd, err) != 0)
		return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &bytes) != 0 ||
	    type != SOCK_STREAM) {
		(void)err_usage(err, "not a stream socket");
		return err_value(err, "--control", where);
	}
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	c->fd = fd;
	return 0;
}

int
control_open(struct control *c, const struct control_config *config,
    struct err *err)
{
	const char *where = config->where;

	*c = (struct control){ .config = *config,
		.fd = -1,
		.listen_fd = -1,
		.owner = unix_owner_uid() };
	if (strcmp(where, "off") == 0)
		return 0;
	if (strncmp(where, "fd=", 3) == 0)
		return control_descriptor(c, where, err);
	if (strcmp(where, "auto") != 0)
		return control_listen(c, where, err);
	if (control_listen_auto(c) != 0)
		control_close(c);
	return 0;
}

void
control_unlink(const struct control *c)
{
	if (c->listen_fd >= 0)
		(void)unlink(c->at.sun_path);
}

void
control_close(struct control *c)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	control_unlink(c);
	if (c->listen_fd >= 0)
		(void)close(c->listen_fd);
	c->fd = c->listen_fd = -1;
}
