/* SPDX-License-Identifier: BSD-2-Clause */
#include "control_dir.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unix.h"

int
control_dir(char dir[CONTROL_DIR_BYTES])
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	uid_t uid = geteuid();
	int n;

	if (uid == 0)
		n = snprintf(dir, CONTROL_DIR_BYTES, CONTROL_DIR_ROOT);
	else if (runtime != NULL && runtime[0] == '/')
		n = snprintf(dir, CONTROL_DIR_BYTES, "%s/lem", runtime);
	else
		n = snprintf(dir, CONTROL_DIR_BYTES, CONTROL_DIR_TMP "/lem-%u",
		    (unsigned int)uid);
	return n >= (int)CONTROL_DIR_BYTES ? -ENAMETOOLONG : 0;
}

/* In /tmp anybody may have made it. */
int
control_dir_make(char dir[CONTROL_DIR_BYTES])
{
	uid_t uid = geteuid();
	int error = control_dir(dir);
	struct stat st;

	if (error != 0)
		return error;
	if (mkdir(dir, uid == 0 ? 0755 : 0700) != 0 && errno != EEXIST)
		return -errno;
	if (lstat(dir, &st) != 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return st.st_uid != uid || st.st_mode & (S_IWGRP | S_IWOTH) ? -EPERM :
								      0;
}

/* A socket without a process, and a process that is not there. */
static void
socket_clean(const char *dir, const char *name)
{
	char program[CONTROL_PROGRAM_BYTES],
	    path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	struct sockaddr_un at;
	struct err err;
	pid_t pid;

	if (!control_name(name, program, &pid) || kill(pid, 0) == 0 ||
	    errno != ESRCH ||
	    snprintf(path, sizeof(path), "%s/%s", dir, name) >=
		(int)sizeof(path))
		return;
	if (unix_address(&at, path, "--control", &err) == 0 &&
	    unix_is_stale(&at))
		(void)unlink(path);
}

void
control_dir_clean(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	if (d == NULL)
		return;
	while ((entry = readdir(d)) != NULL)
		socket_clean(dir, entry->d_name);
	(void)closedir(d);
}

bool
control_name(const char *name, char program[CONTROL_PROGRAM_BYTES], pid_t *pid)
{
	const char *dot = strchr(name, '.');
	char *end;
	long n;

	if (dot == NULL || dot == name || dot[1] < '1' || dot[1] > '9' ||
	    (size_t)(dot - name) >= CONTROL_PROGRAM_BYTES)
		return false;
	n = strtol(dot + 1, &end, 10);
	if (strcmp(end, ".sock") != 0 || n > 1 << 30)
		return false;
	memcpy(program, name, (size_t)(dot - name));
	program[dot - name] = '\0';
	*pid = (pid_t)n;
	return true;
}
