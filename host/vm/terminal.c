/* SPDX-License-Identifier: BSD-2-Clause */
#include "terminal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define ESCAPE	0x01			/* Ctrl-A */

void
terminal_open(struct terminal *t, bool on)
{
	struct termios raw;

	memset(t, 0, sizeof(*t));
	t->input = on;
	if (!on || !isatty(STDIN_FILENO) ||
	    tcgetattr(STDIN_FILENO, &t->was) != 0)
		return;
	raw = t->was;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST | ONLCR;
	t->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

void
terminal_close(struct terminal *t)
{
	if (t->raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &t->was);
}

int
terminal_fd(const struct terminal *t)
{
	return t->input && (t->raw || t->pending_n == 0) ? STDIN_FILENO : -1;
}

/* Returns false: Ctrl-A x. */
static bool
terminal_filter(struct terminal *t, const uint8_t *data, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (t->raw && !t->escaped && data[i] == ESCAPE) {
			t->escaped = true;
			continue;
		}
		if (t->escaped && (data[i] == 'x' || data[i] == 'X'))
			return false;
		t->escaped = false;
		if (t->pending_n < sizeof(t->pending))
			t->pending[t->pending_n++] = data[i];
	}
	return true;
}

bool
terminal_read(struct terminal *t)
{
	uint8_t data[sizeof(t->pending)];
	ssize_t n = read(STDIN_FILENO, data, sizeof(data));

	if (n <= 0) {
		t->input = n < 0 && (errno == EAGAIN || errno == EINTR);
		return true;
	}
	return terminal_filter(t, data, (size_t)n);
}

void
terminal_give(struct terminal *t, struct machine *m)
{
	size_t n;

	if (t->pending_n == 0)
		return;
	n = machine_input(m, t->pending, t->pending_n);
	t->pending_n -= n;
	memmove(t->pending, t->pending + n, t->pending_n);
}
