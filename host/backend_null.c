/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "backend.h"

static unsigned int
null_send(struct backend *b, const struct e82540_packet *packet, unsigned int n)
{
	(void)b;
	(void)packet;
	return n;
}

static void
null_close(struct backend *b)
{
	free(b);
}

static const struct backend_ops null_ops = {
	.send = null_send,
	.close = null_close,
};

struct backend *
backend_null(struct opts *opts, struct err *err)
{
	(void)opts;
	return backend_new(sizeof(struct backend), &null_ops, -1, err);
}
