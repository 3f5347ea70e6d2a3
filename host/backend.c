/* SPDX-License-Identifier: BSD-2-Clause */
#include "backend.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

void *
backend_new(size_t bytes, const struct backend_ops *ops, int fd,
    struct err *err)
{
	struct backend *b = calloc(1, bytes);

	if (b == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	b->ops = ops;
	b->fd = b->out_fd = fd;
	b->event_fd = -1;
	b->up = true;
	return b;
}

/* A socket of another type would be readable for ever, and never be read. */
static int
fd_check_type(int fd, int type, struct err *err)
{
	socklen_t bytes = sizeof(int);
	int is;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &is, &bytes) == 0 && is == type)
		return 0;
	return err_usage(err, "fd=%d: not a %s socket", fd,
	    type == SOCK_DGRAM ? "datagram" : "stream");
}

int
backend_fd(struct opts *opts, int type, struct err *err)
{
	const char *text = opts_get(opts, "fd");
	int fd, flags;

	if (parse_descriptor("fd", text, text, &fd, err) != 0)
		return -1;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return err_usage(err, "fd=%d: %s", fd, strerror(errno));
	if (type != 0 && fd_check_type(fd, type, err) != 0)
		return -1;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

struct backend *
backend_open(struct opts *opts, struct err *err)
{
	static const struct {
		const char *name;
		struct backend *(*open)(struct opts *opts, struct err *err);
	} known[] = {
		{ "null", backend_null },
		{ "tap", backend_tap },
		{ "dgram", backend_dgram },
		{ "stream", backend_stream },
	};
	const char *name = opts_get(opts, "backend");
	const char *pcap = opts_get(opts, "pcap");
	struct backend *b;
	size_t i;

	if (name == NULL)
		name = "null";
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, name) == 0)
			break;
	if (i == sizeof(known) / sizeof(known[0])) {
		(void)err_usage(err, "must be one of null, tap, dgram, stream");
		(void)err_value(err, "backend", name);
		return NULL;
	}
	b = known[i].open(opts, err);
	return b != NULL && pcap != NULL ? backend_pcap(b, pcap, err) : b;
}
