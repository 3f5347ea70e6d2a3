/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's end of the wire: a thread on a datagram socket that checks every
 * frame, and on request answers it or sends frames of its own.
 */
#ifndef LEM_BENCH_SINK_H
#define LEM_BENCH_SINK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "frame.h"
#include "sequence.h"

enum lem_sink_mode {
	LEM_SINK_RECEIVE,	/* check what the guest sends */
	LEM_SINK_ECHO,		/* and answer each with one of its number */
	LEM_SINK_SEND,		/* send as fast as the guest takes them */
};

/* The thread writes the counts: read them after lem_sink_finish(). */
struct lem_sink {
	pthread_t thread;
	int fd;
	enum lem_sink_mode mode;
	struct lem_frame_flow in, out;
	struct lem_sequence received;
	uint64_t corrupted;
	uint64_t sent;		/* LEM_SINK_SEND: frames that the VMM has */
	bool running;
	atomic_ullong expect;	/* receivers: end when so many have come */
	atomic_bool stop;	/* end at once */
};

/*
 * lem_sink_start: run a sink on fd, which stays the caller's.
 * Returns 0 or -errno.
 */
int lem_sink_start(struct lem_sink *sink, int fd, enum lem_sink_mode mode,
    unsigned int frame_bytes);

/*
 * lem_sink_finish: end the thread, if it runs: a sender at once, a receiver
 * when `expect` frames have come, or after 2 s without one.  Blocks until it
 * has ended.
 */
void lem_sink_finish(struct lem_sink *sink, uint64_t expect);

/*
 * lem_sink_ceiling: thousand frames a second that one thread can send, a batch
 * a system call, and a sink can check.  Blocks for `seconds`.  NAN if it could
 * not be measured or a frame was not right.
 */
double lem_sink_ceiling(unsigned int frame_bytes, double seconds);

#endif
