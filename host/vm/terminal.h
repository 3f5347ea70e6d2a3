/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Standard input goes to the guest's serial port.  A terminal is raw meanwhile,
 * and Ctrl-A x ends lem-vm, as in QEMU.
 *
 * Threads: the main thread.
 */
#ifndef VM_TERMINAL_H
#define VM_TERMINAL_H

#include <termios.h>

#include "machine.h"

struct terminal {
	bool raw;
	struct termios was;
	bool input;			/* not at its end yet */
	bool escaped;			/* Ctrl-A came last */
	uint8_t pending[256];		/* read, and not given to the guest */
	size_t pending_n;
};

/* terminal_open: start; if `on` is false, standard input is never read. */
void terminal_open(struct terminal *t, bool on);
void terminal_close(struct terminal *t);

/*
 * terminal_fd: poll this for input; -1: not now.  A terminal is read even when
 * the guest reads nothing, to see Ctrl-A x; then input is lost, as at any
 * serial port.  A file or pipe waits for the guest.
 */
int terminal_fd(const struct terminal *t);

/* terminal_read: read what there is.  Returns false: Ctrl-A x. */
bool terminal_read(struct terminal *t);

/* terminal_give: give the guest as much pending input as it has room for. */
void terminal_give(struct terminal *t, struct machine *m);

#endif
