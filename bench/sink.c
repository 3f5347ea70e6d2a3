/* SPDX-License-Identifier: BSD-2-Clause */
#include "sink.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "vmm.h"

#define BATCH		64
#define SLOT_BYTES	2048
#define LOOK_MS		10	/* how long a receiver waits at a time */
#define LOOKS_MAX	200	/* waits without a frame, then it ends */

/* A batch of datagrams, one buffer each. */
struct batch {
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	uint8_t slot[BATCH][SLOT_BYTES] __attribute__((aligned(64)));
};

static struct batch *
batch_new(void)
{
	struct batch *b = calloc(1, sizeof(*b));
	int i;

	for (i = 0; b != NULL && i < BATCH; i++) {
		b->iov[i].iov_base = b->slot[i];
		b->iov[i].iov_len = SLOT_BYTES;
		b->msg[i].msg_hdr.msg_iov = &b->iov[i];
		b->msg[i].msg_hdr.msg_iovlen = 1;
	}
	return b;
}

static void
sink_answer(struct lem_sink *sink, uint64_t seq)
{
	uint8_t frame[SLOT_BYTES] __attribute__((aligned(8)));

	lem_frame_build(&sink->out, seq, frame);
	(void)send(sink->fd, frame, sink->out.frame_bytes, 0);
}

static void
sink_check(struct lem_sink *sink, const struct batch *b, int n)
{
	uint64_t seq;
	int i;

	for (i = 0; i < n; i++) {
		if (!lem_frame_check(&sink->in, b->slot[i], b->msg[i].msg_len,
			&seq)) {
			sink->corrupted++;
			continue;
		}
		lem_sequence_note(&sink->received, seq);
		if (sink->mode == LEM_SINK_ECHO)
			sink_answer(sink, seq);
	}
}

static void
sink_receive(struct lem_sink *sink, struct batch *b)
{
	struct pollfd pfd = { .fd = sink->fd, .events = POLLIN };
	int n, looks = 0;

	while (looks < LOOKS_MAX &&
	    sink->received.unique < atomic_load(&sink->expect)) {
		n = recvmmsg(sink->fd, b->msg, BATCH, MSG_DONTWAIT, NULL);
		if (n > 0) {
			sink_check(sink, b, n);
			looks = 0;
			continue;
		}
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return;
		n = poll(&pfd, 1, LOOK_MS);
		if (n == 0 && atomic_load(&sink->stop))
			looks++;
	}
}

/*
 * A short batch means that the socket is full: the VMM does not read while the
 * guest's receive ring is full, so nothing is lost, and we wait.
 */
static void
sink_transmit(struct lem_sink *sink, struct batch *b)
{
	struct pollfd pfd = { .fd = sink->fd, .events = POLLOUT };
	int i, n, first = BATCH;

	while (!atomic_load(&sink->stop)) {
		if (first == BATCH) {
			for (i = 0; i < BATCH; i++) {
				lem_frame_build(&sink->out,
				    sink->sent + (uint64_t)i, b->slot[i]);
				b->iov[i].iov_len = sink->out.frame_bytes;
			}
			first = 0;
		}
		n = sendmmsg(sink->fd, b->msg + first,
		    (unsigned int)(BATCH - first), MSG_DONTWAIT);
		if (n > 0) {
			first += n;
			sink->sent += (uint64_t)n;
		} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
			return;
		} else {
			(void)poll(&pfd, 1, 1);
		}
	}
}

static void *
sink_main(void *arg)
{
	struct lem_sink *sink = arg;
	struct batch *b = batch_new();

	if (b == NULL)
		return NULL;
	if (sink->mode == LEM_SINK_SEND)
		sink_transmit(sink, b);
	else
		sink_receive(sink, b);
	free(b);
	return NULL;
}

int
lem_sink_start(struct lem_sink *sink, int fd, enum lem_sink_mode mode,
    unsigned int frame_bytes)
{
	int error;

	memset(sink, 0, sizeof(*sink));
	sink->fd = fd;
	sink->mode = mode;
	lem_frame_init(&sink->in, frame_bytes, LEM_FRAME_FROM_GUEST);
	lem_frame_init(&sink->out, frame_bytes, LEM_FRAME_TO_GUEST);
	atomic_store(&sink->expect, UINT64_MAX);
	sink->running = true;
	error = pthread_create(&sink->thread, NULL, sink_main, sink);
	if (error != 0)
		sink->running = false;
	return -error;
}

void
lem_sink_finish(struct lem_sink *sink, uint64_t expect)
{
	if (!sink->running)
		return;
	atomic_store(&sink->expect, expect);
	atomic_store(&sink->stop, true);
	(void)pthread_join(sink->thread, NULL);
	sink->running = false;
}

/* Send frames until the time is over, a batch a call; returns how many. */
static uint64_t
ceiling_send(int fd, unsigned int frame_bytes, double until)
{
	struct batch *b = batch_new();
	struct lem_frame_flow flow;
	uint64_t seq = 0;
	int i, n = b != NULL ? 0 : -1;

	lem_frame_init(&flow, frame_bytes, LEM_FRAME_FROM_GUEST);
	while (n >= 0 && lem_now() < until && !lem_vmm_interrupted) {
		for (i = 0; i < BATCH; i++) {
			lem_frame_build(&flow, seq + (uint64_t)i, b->slot[i]);
			b->iov[i].iov_len = frame_bytes;
		}
		n = sendmmsg(fd, b->msg, BATCH, 0);
		if (n > 0)
			seq += (uint64_t)n;
	}
	free(b);
	return seq;
}

double
lem_sink_ceiling(unsigned int frame_bytes, double seconds)
{
	struct lem_sink *sink = malloc(sizeof(*sink));
	double kpps = NAN, start;
	uint64_t sent;
	int pair[2];

	if (sink == NULL)
		return NAN;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) != 0)
		goto free_sink;
	if (lem_sink_start(sink, pair[0], LEM_SINK_RECEIVE, frame_bytes) != 0)
		goto close_pair;
	start = lem_now();
	sent = ceiling_send(pair[1], frame_bytes, start + seconds);
	kpps = (double)sent / (lem_now() - start) / 1e3;
	lem_sink_finish(sink, sent);
	if (sink->received.unique != sent || sink->corrupted != 0 ||
	    sink->received.reordered != 0)
		kpps = NAN;
close_pair:
	(void)close(pair[0]);
	(void)close(pair[1]);
free_sink:
	free(sink);
	return kpps;
}
