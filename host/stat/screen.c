/* SPDX-License-Identifier: BSD-2-Clause */
#include "screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "view.h"

/* ECMA-48, and xterm's screen of its own. */
#define SCREEN_OWN	"\033[?1049h\033[?25l"
#define SCREEN_BACK	"\033[?25h\033[?1049l"
#define HOME		"\033[H"
#define LINE_CLEAR	"\033[K"
#define REST_CLEAR	"\033[J"

static void
screen_size(struct screen *s)
{
	struct winsize w = { 0 };

	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &w);
	s->width = w.ws_col > 0 ? w.ws_col : VIEW_WIDTH;
	s->height = w.ws_row > 0 ? w.ws_row : 24;
}

static void
screen_take(struct screen *s)
{
	struct termios raw;

	s->keys = tcgetattr(STDIN_FILENO, &s->was) == 0;
	if (s->keys) {
		raw = s->was;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		raw.c_cc[VMIN] = 1;
		raw.c_cc[VTIME] = 0;
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	}
	(void)fputs(SCREEN_OWN, stdout);
	(void)fflush(stdout);
	screen_size(s);
}

static void
screen_give_back(struct screen *s)
{
	(void)fputs(SCREEN_BACK, stdout);
	(void)fflush(stdout);
	if (s->keys)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &s->was);
}

int
screen_open(struct screen *s, struct err *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
		SIGWINCH, SIGTSTP };
	sigset_t set;
	size_t i;

	*s = (struct screen){ .signal_fd = -1 };
	(void)sigemptyset(&set);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)sigaddset(&set, signals[i]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signal_fd < 0)
		return err_set(err, "signalfd: %s", strerror(errno));
	s->open = true;
	screen_take(s);
	return 0;
}

void
screen_close(struct screen *s)
{
	if (!s->open)
		return;
	screen_give_back(s);
	(void)close(s->signal_fd);
	s->open = false;
}

/*
 * The last line has no newline: that would scroll.  A line is cleared before it
 * is written: behind its last column that would take the last character.
 */
void
screen_draw(struct screen *s, const char *text)
{
	unsigned int line = 0;
	size_t n;

	(void)fputs(HOME, stdout);
	for (; *text != '\0' && line < s->height; line++) {
		n = strcspn(text, "\n");
		(void)fprintf(stdout, "%s" LINE_CLEAR "%.*s",
		    line > 0 ? "\r\n" : "", (int)n, text);
		text += text[n] == '\n' ? n + 1 : n;
	}
	if (line < s->height)
		(void)fputs("\r\n" REST_CLEAR, stdout);
	(void)fflush(stdout);
}

/* Ctrl-Z: the shell gets the terminal, and we take it again after fg. */
static enum screen_event
screen_stop(struct screen *s)
{
	screen_give_back(s);
	(void)raise(SIGSTOP);
	screen_take(s);
	return SCREEN_AGAIN;
}

static enum screen_event
screen_signal(struct screen *s)
{
	struct signalfd_siginfo info;

	if (read(s->signal_fd, &info, sizeof(info)) != sizeof(info))
		return SCREEN_AGAIN;
	if (info.ssi_signo == SIGTSTP)
		return screen_stop(s);
	if (info.ssi_signo != SIGWINCH)
		return SCREEN_END;
	screen_size(s);
	return SCREEN_AGAIN;
}

/* Returns false: there will be no more keys, or one of them is q. */
static bool
keys_read(void)
{
	char key[64];
	ssize_t n = read(STDIN_FILENO, key, sizeof(key));

	return n > 0 && memchr(key, 'q', (size_t)n) == NULL &&
	    memchr(key, 'Q', (size_t)n) == NULL;
}

enum screen_event
screen_wait(struct screen *s, uint64_t at_ns)
{
	struct pollfd fds[2];
	int n;

	for (;;) {
		fds[0] =
		    (struct pollfd){ .fd = s->signal_fd, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = s->keys ? STDIN_FILENO : -1,
			.events = POLLIN };
		n = poll(fds, 2, ms_until(at_ns));
		if (n <= 0)
			return SCREEN_TIME;
		if (fds[0].revents != 0)
			return screen_signal(s);
		if (fds[1].revents != 0 && !keys_read())
			return SCREEN_END;
	}
}
