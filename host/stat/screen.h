/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The terminal: a screen of its own that is drawn again and again, and given
 * back as it was.
 */
#ifndef STAT_SCREEN_H
#define STAT_SCREEN_H

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

#include "err.h"

struct screen {
	bool open;
	bool keys;			/* standard input is a terminal */
	struct termios was;		/* if keys */
	int signal_fd;
	unsigned int width, height;	/* now */
};

/*
 * screen_open: standard output is a terminal: take it.  Returns 0, or -1 with
 * err set.
 */
int screen_open(struct screen *s, struct err *err);

/* screen_close: give it back.  Harmless if it is not open. */
void screen_close(struct screen *s);

/* screen_draw: these lines, each with its newline, at most `height`. */
void screen_draw(struct screen *s, const char *text);

enum screen_event {
	SCREEN_TIME,			/* it is time */
	SCREEN_AGAIN,			/* draw: the size has changed */
	SCREEN_END,			/* a key or a signal */
};

/* screen_wait: until at_ns of CLOCK_MONOTONIC, or until something happens. */
enum screen_event screen_wait(struct screen *s, uint64_t at_ns);

#endif
