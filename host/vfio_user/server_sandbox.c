/* SPDX-License-Identifier: BSD-2-Clause */
#include "server_sandbox.h"

#include <fcntl.h>

#include "confine.h"

static const struct confine_rule main_rules[] = {
	CONFINE_CALL(alarm),
	CONFINE_CALL(getsockopt),
};

static const struct confine_rule vfio_rules[] = {
	CONFINE_CALL(recvmsg),
	CONFINE_CALL(sendmsg),		/* the doorbells' descriptor */
	CONFINE_CALL(recvfrom),
	CONFINE_CALL(shutdown),
	CONFINE_CALL(close),
	CONFINE_CALL(fstat),
	CONFINE_CALL(newfstatat),	/* fstat(), of newer C libraries */
	CONFINE_FCNTL(F_DUPFD_CLOEXEC),	/* server_clients.c */
	CONFINE_FCNTL(F_GETFL),
	CONFINE_FCNTL(F_SETFL),
	CONFINE_CALL(brk),
	CONFINE_MMAP,
};

/*
 * Where a client has cut its memory off, or the child that serves pages has
 * ended, other memory is mapped in place of that.  Pages are taken back by a
 * message to the child.
 */
static const struct confine_rule memory_rules[] = {
	CONFINE_CALL(recvfrom),
	CONFINE_MMAP,
};

static const struct confine_kind kinds[] = {
	[SERVER_MAIN] = CONFINE_KIND(CONFINE_MAIN, main_rules),
	[SERVER_VFIO] = CONFINE_KIND(CONFINE_ACCESS, vfio_rules),
	[SERVER_NIC] = CONFINE_KIND(CONFINE_NIC, memory_rules),
	[SERVER_FAULTS] = CONFINE_KIND(CONFINE_ACCESS, memory_rules),
};

int
server_sandbox_enter(enum server_sandbox kind, struct err *err)
{
	return confine_enter(&kinds[kind], err);
}
