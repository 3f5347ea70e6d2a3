/* SPDX-License-Identifier: BSD-2-Clause */
#include "programs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "rates.h"
#include "unix.h"

#define ANSWER_BYTES	65536u
#define FOLDERS		4
#define UNIT_DIR	"/run/lem-vm/"	/* of lem-vm@.service */

/* --------------------------------------------------------------- the list */

static struct program *
program_new(struct programs *all, const char *path)
{
	struct program *more, *p;

	if (all->n == PROGRAMS_MAX)
		return NULL;
	more = realloc(all->at, (all->n + 1) * sizeof(*more));
	if (more == NULL)
		return NULL;
	all->at = more;
	p = &more[all->n++];
	*p = (struct program){ .fd = -1 };
	(void)snprintf(p->path, sizeof(p->path), "%s", path);
	return p;
}

static void
program_free(struct program *p)
{
	json_decref(p->now);
	json_decref(p->before);
}

static struct program *
program_at(const struct programs *all, const char *path)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (strcmp(all->at[i].path, path) == 0)
			return &all->at[i];
	return NULL;
}

int
programs_add(struct programs *all, const char *path, struct err *err)
{
	struct sockaddr_un at;
	struct program *p;

	if (unix_address(&at, path, "--control", err) != 0)
		return -1;
	p = program_at(all, path);
	if (p == NULL)
		p = program_new(all, path);
	if (p == NULL)
		return err_usage(err, "too many --control: at most %u",
		    PROGRAMS_MAX);
	p->given = true;
	return 0;
}

size_t
programs_answer(const struct programs *all)
{
	size_t i, n = 0;

	for (i = 0; i < all->n; i++)
		n += all->at[i].answers;
	return n;
}

size_t
programs_there(const struct programs *all)
{
	size_t i, n = 0;

	for (i = 0; i < all->n; i++)
		n += all->at[i].there;
	return n;
}

void
programs_free(struct programs *all)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		program_free(&all->at[i]);
	free(all->at);
	*all = (struct programs){ 0 };
}

/* ---------------------------------------------------------------- to find */

/* As patterns; the last part of each may hold the user's number. */
static void
folders_get(char folder[FOLDERS][CONTROL_DIR_BYTES])
{
	unsigned int uid = geteuid();

	if (control_dir(folder[0]) != 0)
		folder[0][0] = '\0';
	folder[3][0] = '\0';
	if (uid == 0) {
		(void)snprintf(folder[1], CONTROL_DIR_BYTES, "/run/user/*/lem");
		(void)snprintf(folder[2], CONTROL_DIR_BYTES,
		    CONTROL_DIR_TMP "/lem-*");
		(void)snprintf(folder[3], CONTROL_DIR_BYTES, UNIT_DIR "*");
		return;
	}
	(void)snprintf(folder[1], CONTROL_DIR_BYTES, "/run/user/%u/lem", uid);
	(void)snprintf(folder[2], CONTROL_DIR_BYTES, CONTROL_DIR_TMP "/lem-%u",
	    uid);
}

void
programs_folders(char *text, size_t bytes)
{
	char folder[FOLDERS][CONTROL_DIR_BYTES];
	size_t i, used = 0;

	folders_get(folder);
	text[0] = '\0';
	for (i = 0; i < FOLDERS && used < bytes; i++) {
		if (folder[i][0] == '\0' ||
		    (i > 0 && strcmp(folder[0], folder[i]) == 0))
			continue;
		used += (size_t)snprintf(text + used, bytes - used, "%s%s",
		    used > 0 ? ", " : "", folder[i]);
	}
}

/* Root makes the folder of a unit, and gives it to the unit's user. */
static bool
folder_is_units(const char *path)
{
	return strncmp(path, UNIT_DIR, sizeof(UNIT_DIR) - 1) == 0;
}

/*
 * Open the folder if nobody but its owner can put sockets there.  We take our
 * own; root takes those whose owner is root, the user in the folder's name, or
 * that of a unit.
 */
static int
folder_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char own[2][CONTROL_DIR_BYTES];
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && !(st.st_mode & (S_IWGRP | S_IWOTH))) {
		(void)snprintf(own[0], CONTROL_DIR_BYTES, "/run/user/%u/lem",
		    (unsigned int)st.st_uid);
		(void)snprintf(own[1], CONTROL_DIR_BYTES,
		    CONTROL_DIR_TMP "/lem-%u", (unsigned int)st.st_uid);
		if (st.st_uid == geteuid() ||
		    (geteuid() == 0 &&
			(folder_is_units(path) || strcmp(path, own[0]) == 0 ||
			    strcmp(path, own[1]) == 0)))
			return fd;
	}
	(void)close(fd);
	return -1;
}

/*
 * Connect to the socket `name` in the folder.  By a descriptor, so that it is
 * this very file, and no link to a socket of another program.
 */
static int
socket_connect(const char *path, int folder, const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd, file = -1, error = -1;
	struct stat st;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (folder >= 0)
		file = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		(void)snprintf(at.sun_path, sizeof(at.sun_path), "%.107s",
		    path);
	else if (file >= 0 && fstat(file, &st) == 0 && S_ISSOCK(st.st_mode))
		(void)snprintf(at.sun_path, sizeof(at.sun_path),
		    "/proc/self/fd/%d", file);
	if (at.sun_path[0] != '\0')
		error = connect(fd, (struct sockaddr *)&at, sizeof(at));
	if (file >= 0)
		(void)close(file);
	if (error == 0)
		return fd;
	error = errno;
	(void)close(fd);
	/* Its queue is full: it is there, and does not answer. */
	return error == EAGAIN ? -2 : -1;
}

/* A unit's socket has a name that stays the same. */
static bool
socket_name(const char *folder, const char *name,
    char program[CONTROL_PROGRAM_BYTES], pid_t *pid)
{
	if (!folder_is_units(folder))
		return control_name(name, program, pid);
	(void)snprintf(program, CONTROL_PROGRAM_BYTES, "lem-vm");
	*pid = 0;
	return strcmp(name, "control") == 0;
}

/* Of the process that listens there, or 0. */
static pid_t
peer_pid(int fd)
{
	struct ucred peer = { .pid = 0 };
	socklen_t bytes = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0 ?
	    peer.pid :
	    0;
}

/* Found in a folder: it is new, or it is asked again. */
static void
socket_found(struct programs *all, const char *folder, int fd, const char *name)
{
	char path[PROGRAM_PATH_BYTES], program[CONTROL_PROGRAM_BYTES];
	struct program *p;
	int connected;
	pid_t pid;

	if (!socket_name(folder, name, program, &pid) ||
	    snprintf(path, sizeof(path), "%s/%s", folder, name) >=
		(int)sizeof(path))
		return;
	p = program_at(all, path);
	if (p != NULL && p->fd >= 0)
		return;
	connected = socket_connect(path, fd, name);
	if (connected == -1)
		return;
	if (p == NULL)
		p = program_new(all, path);
	if (p != NULL) {
		p->fd = connected;
		p->pid = pid != 0 ? pid : peer_pid(connected);
		text_clean(p->name, sizeof(p->name), program);
	} else if (connected >= 0) {
		(void)close(connected);
	}
}

static void
folder_find(struct programs *all, const char *folder)
{
	int fd = folder_open(folder);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (d == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while ((entry = readdir(d)) != NULL)
		socket_found(all, folder, fd, entry->d_name);
	(void)closedir(d);
}

static void
programs_find(struct programs *all)
{
	char folder[FOLDERS][CONTROL_DIR_BYTES];
	glob_t paths = { 0 };
	unsigned int i;
	size_t j;

	folders_get(folder);
	for (i = 0; i < FOLDERS; i++) {
		if (folder[i][0] == '\0')
			continue;
		if (glob(folder[i], 0, NULL, &paths) == 0)
			for (j = 0; j < paths.gl_pathc; j++)
				folder_find(all, paths.gl_pathv[j]);
		globfree(&paths);
	}
}

/* ----------------------------------------------------------------- to ask */

bool
program_take(struct program *p, const char *text, size_t bytes)
{
	json_t *is = json_loadb(text, bytes, 0, NULL);
	double pid = number_of(is, "pid");

	p->answers = is != NULL && json_is_array(json_object_get(is, "nics"));
	if (!p->answers) {
		json_decref(is);
		return false;
	}
	if (p->now == NULL || number_of(p->now, "pid") != pid ||
	    !(number_of(p->now, "time_us") < number_of(is, "time_us"))) {
		json_decref(p->before);
		p->before = NULL;
	} else {
		json_decref(p->before);
		p->before = p->now;
		p->now = NULL;
	}
	json_decref(p->now);
	p->now = is;
	/* A path that was given does not say whose it is. */
	if (p->given) {
		p->pid = pid > 0 && pid < 1 << 30 ? (pid_t)pid : 0;
		text_of(p->name, sizeof(p->name), is, "program");
	}
	return true;
}

static void
program_ask(struct program *p)
{
	static const char question[] = "stats\n";

	p->answers = false;
	p->used = 0;
	if (p->fd < 0)
		return;
	p->text = malloc(ANSWER_BYTES);
	if (p->text != NULL &&
	    send(p->fd, question, sizeof(question) - 1, MSG_NOSIGNAL) ==
		sizeof(question) - 1)
		return;
	(void)close(p->fd);
	p->fd = -1;
}

/* Some of its answer is there, or it has gone. */
static void
program_read(struct program *p)
{
	ssize_t n = recv(p->fd, p->text + p->used, ANSWER_BYTES - p->used, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	p->used += n > 0 ? (size_t)n : 0;
	if (n > 0 && p->used < ANSWER_BYTES &&
	    memchr(p->text, '\n', p->used) == NULL)
		return;
	(void)program_take(p, p->text, p->used);
	(void)close(p->fd);
	p->fd = -1;
}

static void
programs_read(struct programs *all)
{
	static struct pollfd fds[PROGRAMS_MAX];
	uint64_t end_ns = now_ns() + ANSWER_MS * 1000000ull;
	size_t i, waiting;

	do {
		waiting = 0;
		for (i = 0; i < all->n; i++) {
			fds[i] = (struct pollfd){ .fd = all->at[i].fd,
				.events = POLLIN };
			waiting += fds[i].fd >= 0;
		}
		if (waiting == 0 || poll(fds, all->n, ms_until(end_ns)) <= 0)
			break;
		for (i = 0; i < all->n; i++)
			if (fds[i].fd >= 0 && fds[i].revents != 0)
				program_read(&all->at[i]);
	} while (waiting > 0);
}

/* It had its time. */
static void
program_asked(struct program *p)
{
	if (p->fd >= 0)
		(void)close(p->fd);
	p->fd = -1;
	free(p->text);
	p->text = NULL;
}

/* Those that have neither been found nor given are over. */
static void
programs_forget(struct programs *all)
{
	size_t i, n = 0;

	for (i = 0; i < all->n; i++) {
		if (all->at[i].there || all->at[i].given)
			all->at[n++] = all->at[i];
		else
			program_free(&all->at[i]);
	}
	all->n = n;
}

static int
program_compare(const void *a, const void *b)
{
	const struct program *p = a, *q = b;
	int by_name = strcmp(p->name, q->name);

	return by_name != 0 ? by_name : (p->pid > q->pid) - (p->pid < q->pid);
}

void
programs_sample(struct programs *all)
{
	bool given = all->n > 0;
	struct program *p;
	size_t i;

	for (i = 0; i < all->n; i++) {
		p = &all->at[i];
		given = given && p->given;
		p->fd = p->given ? socket_connect(p->path, -1, NULL) : -1;
	}
	if (!given)
		programs_find(all);
	for (i = 0; i < all->n; i++) {
		all->at[i].there = all->at[i].fd != -1;
		program_ask(&all->at[i]);
	}
	programs_read(all);
	for (i = 0; i < all->n; i++)
		program_asked(&all->at[i]);
	programs_forget(all);
	if (all->n > 0)
		qsort(all->at, all->n, sizeof(*all->at), program_compare);
}
