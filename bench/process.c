/* SPDX-License-Identifier: BSD-2-Clause */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Until we close the pipe, or end. */
static void __attribute__((noreturn)) guard_run(int fd)
{
	char byte;

	(void)setpgid(0, 0);
	while (read(fd, &byte, 1) < 0 && errno == EINTR)
		;
	(void)kill(0, SIGKILL);
	_exit(0);
}

int
lem_group_open(struct lem_group *g)
{
	int fd[2], error;

	if (pipe2(fd, O_CLOEXEC) != 0)
		return -errno;
	g->pid = fork();
	error = g->pid < 0 ? -errno : 0;
	if (g->pid == 0) {
		(void)close(fd[1]);
		guard_run(fd[0]);
	}
	(void)close(fd[0]);
	g->fd = fd[1];
	if (error != 0) {
		(void)close(fd[1]);
		*g = (struct lem_group){ .fd = -1 };
	} else {
		(void)setpgid(g->pid, g->pid); /* as it does, in any order */
	}
	return error;
}

void
lem_group_kill(struct lem_group *g)
{
	if (g->pid > 0) {
		(void)kill(-g->pid, SIGKILL);
		(void)waitpid(g->pid, NULL, 0);
		(void)close(g->fd);
	}
	*g = (struct lem_group){ .fd = -1 };
}

static void __attribute__((noreturn)) process_exec(pid_t group,
    char *const argv[], const int std[3], const int *keep, size_t n)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	size_t i;

	(void)setpgid(0, group);	/* Ctrl-C goes to lem-bench alone */
	for (i = 0; i < n; i++)
		if (fcntl(keep[i], F_SETFD, 0) != 0)
			_exit(127);
	for (i = 0; i < 3; i++)
		if (dup2(std[i] < 0 ? null : std[i], (int)i) < 0)
			_exit(127);
	execvp(argv[0], argv);
	(void)dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

pid_t
lem_process_start(const struct lem_group *g, char *const argv[],
    const int std[3], const int *keep, size_t n)
{
	pid_t pid = fork();

	if (pid == 0)
		process_exec(g->pid, argv, std, keep, n);
	if (pid > 0)
		(void)setpgid(pid, g->pid); /* as it does, in any order */
	return pid;
}

double
lem_process_cpu_us(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	if (pid <= 0 || clock_getcpuclockid(pid, &clock) != 0 ||
	    clock_gettime(clock, &t) != 0)
		return NAN;
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}
