/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process that makes a system call which may end it.
 */
#ifndef TEST_CHILD_H
#define TEST_CHILD_H

#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"

#define ENDED_WELL	3	/* exit status of a process that got so far */

/* Not _exit(): ASan would make forbidden calls before that. */
static inline void
child_leave(int status)
{
	(void)syscall(SYS_exit_group, status);
}

static inline void
child_begin(void)
{
	static const struct rlimit no_core = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &no_core);
	(void)signal(SIGSYS, SIG_DFL);
	(void)signal(SIGSEGV, SIG_DFL);
}

/* Returns the status of wait(). */
static inline int
child_wait(pid_t pid)
{
	int status;

	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static inline bool
ended_well(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == ENDED_WELL;
}

static inline bool
was_killed(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

#endif
