/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "e82540_cursor.h"

void
e82540_cursor_read(struct e82540_cursor *c, void *to, uint32_t n)
{
	uint8_t *out = to;
	size_t piece;

	for (; n > 0; n -= piece, out += piece) {
		if (c->offset == c->iov->len) {
			c->iov++;
			c->offset = 0;
		}
		piece = c->iov->len - c->offset;
		if (piece > n)
			piece = n;
		memcpy(out, (const uint8_t *)c->iov->base + c->offset, piece);
		c->offset += piece;
	}
}

void
e82540_cursor_skip(struct e82540_cursor *c, uint32_t n)
{
	for (c->offset += n; c->offset > c->iov->len; c->iov++)
		c->offset -= c->iov->len;
}
