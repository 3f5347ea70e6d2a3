/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Standard input as what is typed at the guest's serial port.  If it is a
 * terminal, it is raw meanwhile, and Ctrl-A x ends the machine, as in QEMU.
 *
 * Threads: the main one.
 */
#ifndef VM_TERMINAL_H
#define VM_TERMINAL_H

#include <termios.h>

#include "machine.h"

struct terminal {
	bool raw;
	struct termios was;
	bool input;			/* there may come more */
	bool escaped;			/* Ctrl-A came last */
	uint8_t pending[256];		/* the guest has not taken them yet */
	size_t pending_n;
};

/* terminal_open: nothing is read of it if not `on`. */
void terminal_open(struct terminal *t, bool on);
void terminal_close(struct terminal *t);

/*
 * terminal_fd: to poll for input; -1: not now.  A terminal is read also if the
 * guest reads nothing, or Ctrl-A x would not be seen; what is too much is lost,
 * as at any serial port.  A file or pipe waits.
 */
int terminal_fd(const struct terminal *t);

/* terminal_read: what is there.  Returns false: Ctrl-A x. */
bool terminal_read(struct terminal *t);

/* terminal_give: pending input, as much as there is room for. */
void terminal_give(struct terminal *t, struct machine *m);

#endif
