/* SPDX-License-Identifier: BSD-2-Clause */
#include "quit.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define LATE_SIGNAL	SIGUSR2		/* QUIT_MS are over */

static const int quit_signals[] = { SIGTERM, SIGINT, SIGHUP };

#define SIGNALS		(sizeof(quit_signals) / sizeof(quit_signals[0]))

static int event_fd = -1;
static timer_t late_timer;
static volatile sig_atomic_t asked;
static int (*leave_by)(void);

static void
quit_set(sigset_t *set)
{
	size_t i;

	(void)sigemptyset(set);
	for (i = 0; i < SIGNALS; i++)
		(void)sigaddset(set, quit_signals[i]);
	(void)sigaddset(set, LATE_SIGNAL);
}

static void
on_quit(int number)
{
	static const struct itimerspec late = {
		.it_value = { .tv_nsec = QUIT_MS * 1000000l }
	};
	static const uint64_t one = 1;
	int error = errno;

	(void)number;
	if (!asked)
		(void)timer_settime(late_timer, 0, &late, NULL);
	asked = 1;
	(void)!write(event_fd, &one, sizeof(one));
	errno = error;
}

static void
on_late(int number)
{
	(void)number;
	_exit(leave_by());
}

static int
quit_handle(int number, void (*handler)(int))
{
	/* No SA_RESTART: what waits is to end. */
	struct sigaction action = { .sa_handler = handler };

	quit_set(&action.sa_mask);
	return sigaction(number, &action, NULL);
}

int
quit_open(int (*leave)(void), struct err *err)
{
	struct sigevent late = { .sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = LATE_SIGNAL };
	int error;
	size_t i;

	leave_by = leave;
	event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	error = event_fd < 0 ||
	    timer_create(CLOCK_MONOTONIC, &late, &late_timer) != 0 ||
	    quit_handle(LATE_SIGNAL, on_late) != 0;
	for (i = 0; i < SIGNALS && !error; i++)
		error = quit_handle(quit_signals[i], on_quit) != 0;
	if (error)
		return err_set(err, "signals: %s", strerror(errno));
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	quit_hold(false);
	return 0;
}

int
quit_fd(void)
{
	return event_fd;
}

bool
quit_asked(void)
{
	return asked != 0;
}

void
quit_hold(bool hold)
{
	sigset_t set;

	quit_set(&set);
	(void)pthread_sigmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

bool
quit_joined(unsigned long thread)
{
	static struct timespec end;

	if (end.tv_sec == 0) {
		(void)clock_gettime(CLOCK_REALTIME, &end);
		end.tv_nsec += QUIT_MS * 1000000l;
		end.tv_sec += end.tv_nsec / 1000000000l;
		end.tv_nsec %= 1000000000l;
	}
	return pthread_timedjoin_np(thread, NULL, &end) == 0;
}

void
quit_say(const char *text)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&p, 1, 0) == 1 && p.revents & POLLOUT)
		(void)!write(STDERR_FILENO, text, strlen(text));
}
