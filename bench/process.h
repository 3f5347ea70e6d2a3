/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes that end when lem-bench ends, however it ends.
 *
 * They are in a process group.  Its leader is a guard: a child of ours that
 * waits for the end of a pipe, which only we hold open, and then kills the
 * group.  (PR_SET_PDEATHSIG is not enough: the kernel forgets it when a program
 * that was started by root becomes another user, as lem-vm and lem-nic do.)
 */
#ifndef LEM_BENCH_PROCESS_H
#define LEM_BENCH_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

struct lem_group {
	pid_t pid;		/* the guard's, and the group's; 0: no group */
	int fd;			/* our end of the pipe */
};

/* lem_group_open: returns 0 or -errno. */
int lem_group_open(struct lem_group *g);

/*
 * lem_group_kill: SIGKILL for all its processes; wait for the guard.  The
 * caller waits for the others.
 */
void lem_group_kill(struct lem_group *g);

/*
 * lem_process_start: run a program in the group, found as execvp() finds it.
 * It gets std as its standard input, output and error (-1: /dev/null), and n
 * descriptors, keep, by their numbers, although they are close-on-exec here.
 * Returns its pid, or -1 with errno set.
 */
pid_t lem_process_start(const struct lem_group *g, char *const argv[],
    const int std[3], const int *keep, size_t n);

/* lem_process_cpu_us: its CPU time so far, in us; NAN if it has ended. */
double lem_process_cpu_us(pid_t pid);

#endif
