/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole messages on a stream socket, with the descriptors that they carry.
 *
 * A read takes as many messages as are there: a client that does not wait for
 * replies is often several ahead.  Linux ends a read behind the bytes that
 * descriptors were sent with.  So they belong to the message that has the last
 * byte of that read: a client sends a message with descriptors on its own.
 */
#ifndef VFU_MESSAGE_H
#define VFU_MESSAGE_H

#include <stdbool.h>

#include "err.h"
#include "vfu_proto.h"

#define VFU_DATA_MAX 4096u		/* bytes of one region access */
#define VFU_PAYLOAD_MAX (2 * VFU_DATA_MAX)
#define VFU_FDS_MAX 8u			/* descriptors of one message */
#define VFU_READ_BYTES 8192u		/* of one read */

/* Descriptors that came; fd[i] is -1 once somebody has taken it. */
struct vfu_fds {
	int fd[VFU_FDS_MAX];
	unsigned int n;
	bool lost;			/* more came than fit */
};

struct vfu_message {
	struct vfu_header header;
	_Alignas(8) uint8_t payload[VFU_PAYLOAD_MAX];
	uint32_t payload_bytes;
	struct vfu_fds fds;		/* see vfu_message_fd() */
};

struct vfu_transport {
	int fd;
	int stop_fd;			/* readable: give up */
	uint32_t have;			/* bytes of the message so far */
	struct vfu_message in;
	/* The last read: what no message has yet, and its descriptors. */
	uint32_t next, end;
	struct vfu_fds fds;
	uint8_t buf[VFU_READ_BYTES];
};

enum vfu_received {
	VFU_RECEIVED_PART,		/* wait until the socket is readable */
	VFU_RECEIVED_ALL,		/* t->in is a message */
	VFU_RECEIVED_END,		/* the client has hung up */
	VFU_RECEIVED_BROKEN		/* err says why */
};

/*
 * vfu_transport_init: fd: a stream socket, which becomes non-blocking; the
 * caller closes it, and stop_fd, after vfu_transport_end().
 */
void vfu_transport_init(struct vfu_transport *t, int fd, int stop_fd);
void vfu_transport_end(struct vfu_transport *t);

/*
 * vfu_receive: go on with the message.  Never blocks.  After VFU_RECEIVED_ALL
 * call vfu_message_end() before the next vfu_receive().
 */
enum vfu_received vfu_receive(struct vfu_transport *t, struct err *err);

/* vfu_received_more: bytes were read that belong to the next message. */
static inline bool
vfu_received_more(const struct vfu_transport *t)
{
	return t->next < t->end;
}

/* vfu_message_fd: descriptor i, which is the caller's from now on. */
int vfu_message_fd(struct vfu_message *m, unsigned int i);

/*
 * vfu_message_end: close those that nobody took.  The header stays until the
 * next vfu_receive().
 */
void vfu_message_end(struct vfu_transport *t);

/*
 * vfu_reply: answer the last message, unless it wants no reply.  fd goes along
 * and stays the caller's; -1: none.  Blocks until the socket has taken all, or
 * stop_fd is readable.  Returns 0, or -1: the client has hung up, or stop_fd is
 * readable.
 */
int vfu_reply(struct vfu_transport *t, const void *payload, uint32_t n, int fd);

/* vfu_reply_error: answer it with this errno, a positive number. */
int vfu_reply_error(struct vfu_transport *t, uint32_t error);

#endif
