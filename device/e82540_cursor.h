/* SPDX-License-Identifier: BSD-2-Clause */
/* Pieces of memory, read as if they were one. */
#ifndef E82540_CURSOR_H
#define E82540_CURSOR_H

#include "e82540.h"

/* A place in pieces of memory. */
struct e82540_cursor {
	const struct e82540_iov *iov;
	size_t offset;		/* in it */
};

/* e82540_cursor_read: copy n bytes from there, and go on behind them. */
void e82540_cursor_read(struct e82540_cursor *c, void *to, uint32_t n);

/* e82540_cursor_skip: go on n bytes further; there are as many. */
void e82540_cursor_skip(struct e82540_cursor *c, uint32_t n);

#endif
