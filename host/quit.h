/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SIGTERM, SIGINT and SIGHUP end a program within a second, whatever it waits
 * for.
 *
 * Such a signal interrupts what the main thread waits for, and makes a
 * descriptor readable.  The program then ends in its own way.  If a thread does
 * not end, or a large image takes long to load, the program leaves without it.
 */
#ifndef HOST_QUIT_H
#define HOST_QUIT_H

#include <stdbool.h>

#include "err.h"

/* What a program has to end in its own way. */
#define QUIT_MS		800

/*
 * quit_open: from now on the signals do as above; and an error of write() is
 * only an error (SIGPIPE and SIGXFSZ are ignored).  The main thread calls it
 * once, first of all.  If the program still runs QUIT_MS after a signal, a
 * handler of the main thread calls leave(), which returns the exit status.  It
 * may make only calls that are safe there, signal-safety(7).
 * Returns 0, or -1 with err set.
 */
int quit_open(int (*leave)(void), struct err *err);

/* quit_fd: readable for good once a signal came. */
int quit_fd(void);

/* quit_asked: did a signal come? */
bool quit_asked(void);

/*
 * quit_hold: hold the signals up, or let them come.  Hold them while you start
 * threads: a thread inherits that, so that they come to the main thread alone.
 */
void quit_hold(bool hold);

/*
 * quit_joined: wait for a thread, but QUIT_MS after the first call of this
 * function at the longest.  Returns whether the thread has ended.
 */
bool quit_joined(unsigned long thread);

/*
 * quit_say: a short text to standard error, unless that would block.  Signal
 * handlers may call it.
 */
void quit_say(const char *text);

#endif
