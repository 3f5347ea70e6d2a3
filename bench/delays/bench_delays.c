/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lem-nic by the ways its doorbells can go, beside QEMU's e1000 and virtio-net
 * in the same QEMU: how long the first packet after some quiet takes, what an
 * idle NIC costs, and what a busy one does; one instance and three.
 *
 * usage: bench_delays DIRECTORY
 *
 * DIRECTORY: of lem-nic and qemu/.  It needs KVM, root (for the memfd) and
 * about five minutes.  All ways take turns, round after round.  Each table is
 * printed at the end.
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "compare.h"
#include "frame.h"
#include "vmm.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define ROUNDS		3u
#define LONG_ROUNDS	5u	/* of 10 s of quiet */
#define IDLE_S		1.0
#define LOAD_S		1.0
#define INSTANCES	3u
#define SAMPLES		4096u
#define QUIET_FOR_EVER	3600000000u
#define READY_MS	60000u
#define ANSWER_MS	1000
#define TIMEOUT_US	1e5	/* the guest waits no longer */

/* The ways, in the order of the table.  Ratios are to the first. */
static const struct way {
	const char *name;
	enum lem_row row;
	enum lem_doorbell doorbell;
	bool no_fuse;
} ways[] = {
	{ "QEMU's e1000", LEM_ROW_STOCK, LEM_DOORBELL_NONE, false },
	{ "virtio-net", LEM_ROW_VIRTIO, LEM_DOORBELL_NONE, false },
	{ "lem-nic, FUSE", LEM_ROW_ADAPTIVE, LEM_DOORBELL_NONE, false },
	{ "lem-nic, memfd", LEM_ROW_ADAPTIVE, LEM_DOORBELL_NONE, true },
	{ "lem-nic, trap", LEM_ROW_ADAPTIVE, LEM_DOORBELL_EXIT, false },
};
#define WAYS COUNT(ways)

/* What is quiet before: so long, so many packets a round. */
static const struct quiet {
	const char *name;
	uint32_t us;
	unsigned int packets;
} quiets[] = {
	{ "1 ms", 1000, 200 },
	{ "100 ms", 100000, 12 },
	{ "10 s", 10000000, 1 },
};
#define QUIETS COUNT(quiets)

struct samples {
	double us[SAMPLES];
	unsigned int n;
};

static struct result {
	struct samples guest[QUIETS], outside[QUIETS];
	struct samples idle;			/* percent of a processor */
	struct samples kpps[2], cpu[2], trips;	/* one, INSTANCES */
} results[WAYS];

static struct lem_host host;
static struct lem_frame_flow to_guest;

static void __attribute__((noreturn)) die(const char *why)
{
	(void)fprintf(stderr, "bench_delays: %s\n", why);
	exit(1);
}

static void
sample_add(struct samples *s, double value)
{
	if (s->n < SAMPLES && isfinite(value))
		s->us[s->n++] = value;
}

/* ---------------------------------------------------------------- machines */

static struct lem_cell
way_cell(const struct way *way, enum lem_workload workload,
    enum lem_sink_id sink)
{
	const struct lem_row_kind *row = &lem_rows[way->row];

	return (struct lem_cell){ .vmm = LEM_VMM_NIC,
		.guest = LEM_GUEST_BARE,
		.driver = row->driver,
		.workload = workload,
		.sink = sink,
		.row = way->row,
		.frame = LEM_FRAME_MIN,
		.moderation = row->moderation,
		.itr = row->moderation ? 488 : 0,
		.doorbell = way->doorbell };
}

/* Where `way` is without FUSE another program stands for lem-nic. */
static struct lem_host
way_host(const struct way *way)
{
	struct lem_host h = host;

	if (way->no_fuse)
		(void)snprintf(h.lem_nic, sizeof(h.lem_nic),
		    "bench/delays/no-fuse.sh");
	return h;
}

static void
machine_start(struct lem_vmm *vmm, const struct way *way,
    enum lem_workload workload, enum lem_sink_id sink)
{
	struct lem_cell cell = way_cell(way, workload, sink);
	struct lem_host h = way_host(way);

	if (lem_vmm_start(vmm, &cell, &h) != 0)
		die(vmm->error);
}

/* Others may boot at the same time. */
static void
machine_ready(struct lem_vmm *vmm)
{
	if (lem_vmm_wait(vmm, LEM_BOX_UP, READY_MS) != 0 ||
	    lem_vmm_up(vmm) != 0 || lem_vmm_greet(vmm) != 0 ||
	    lem_vmm_wait(vmm, LEM_BOX_READY, READY_MS) != 0)
		die(vmm->error);
}

static void
machine_up(struct lem_vmm *vmm, const struct way *way,
    enum lem_workload workload, enum lem_sink_id sink)
{
	machine_start(vmm, way, workload, sink);
	machine_ready(vmm);
}

static double
cpu_us(struct lem_vmm *vmm)
{
	struct lem_vmm_usage usage;

	if (lem_vmm_usage(vmm, &usage) != 0)
		die(vmm->error);
	return usage.cpu_us;
}

/* --------------------------------------------- the first packet after quiet */

static bool
frame_wait(struct lem_vmm *vmm, int ms)
{
	struct pollfd pfd = { .fd = vmm->net_fd, .events = POLLIN };

	return poll(&pfd, 1, ms) > 0;
}

static void
frame_send(struct lem_vmm *vmm, uint64_t seq)
{
	uint8_t frame[LEM_FRAME_MAX + 16] __attribute__((aligned(8)));

	lem_frame_build(&to_guest, seq, frame);
	if (send(vmm->net_fd, frame, LEM_FRAME_MIN, 0) < 0)
		die(strerror(errno));
}

static uint64_t
frame_take(struct lem_vmm *vmm)
{
	uint8_t frame[2048] __attribute__((aligned(8)));
	uint64_t seq = UINT64_MAX;

	if (recv(vmm->net_fd, frame, sizeof(frame), 0) >=
	    (ssize_t)LEM_FRAME_MIN)
		memcpy(&seq, frame + LEM_FRAME_SEQ_OFF, sizeof(seq));
	return seq;
}

/* The guest speaks first: answer it until it has `packets` samples more. */
static void
guest_first(struct lem_vmm *vmm, struct samples *s, const struct quiet *q,
    unsigned int packets)
{
	uint32_t *sample = (uint32_t *)(void *)(vmm->ram + LEM_SAMPLES_PA);
	uint64_t at = vmm->box->samples, end = at + packets;

	vmm->box->quiet_us = q->us;
	while (vmm->box->samples < end) {
		if (frame_wait(vmm, 50))
			frame_send(vmm, frame_take(vmm));
		if (lem_vmm_alive(vmm) != 0)
			die(vmm->error);
	}
	vmm->box->quiet_us = QUIET_FOR_EVER;
	for (; at < end; at++)
		sample_add(s,
		    sample[at] == UINT32_MAX ?
			TIMEOUT_US :
			sample[at] / ((double)host.tsc_hz / 1e6));
}

/* We speak first, and the guest answers. */
static void
outside_one(struct lem_vmm *vmm, struct samples *s)
{
	static uint64_t seq;
	double begin;

	while (frame_wait(vmm, 0))
		(void)frame_take(vmm);
	begin = lem_now();
	frame_send(vmm, seq++);
	if (!frame_wait(vmm, ANSWER_MS))
		die("the guest does not answer a frame within a second");
	sample_add(s, (lem_now() - begin) * 1e6);
	(void)frame_take(vmm);
}

static void
outside_first(struct lem_vmm *vmm, struct samples *s, const struct quiet *q)
{
	unsigned int i;

	vmm->box->quiet_us = 0;
	(void)usleep(20000);
	for (i = 0; i < q->packets; i++) {
		(void)usleep(q->us);
		outside_one(vmm, s);
	}
	vmm->box->quiet_us = QUIET_FOR_EVER;
}

static void
idle_measure(struct lem_vmm *vmm, struct samples *s)
{
	double begin, cpu;

	(void)usleep(200000);
	begin = lem_now();
	cpu = cpu_us(vmm);
	(void)usleep((unsigned int)(IDLE_S * 1e6));
	cpu = cpu_us(vmm) - cpu;
	sample_add(s, cpu / (lem_now() - begin) / 1e4);
}

/* All but 10 s of quiet, by one machine. */
static void
short_round(const struct way *way, struct result *r)
{
	struct lem_vmm vmm;
	unsigned int q;

	machine_up(&vmm, way, LEM_WORKLOAD_QUIET, LEM_SINK_DGRAM);
	vmm.box->quiet_us = QUIET_FOR_EVER;
	vmm.box->go = 1;
	for (q = 0; q < 2; q++)
		guest_first(&vmm, &r->guest[q], &quiets[q], quiets[q].packets);
	idle_measure(&vmm, &r->idle);
	for (q = 0; q < 2; q++)
		outside_first(&vmm, &r->outside[q], &quiets[q]);
	lem_vmm_stop(&vmm);
}

/* 10 s, by all machines at once: they are idle. */
static void
long_rounds(void)
{
	static struct lem_vmm vmm[WAYS];
	const struct quiet *q = &quiets[QUIETS - 1];
	unsigned int w, round;

	for (w = 0; w < WAYS; w++) {
		machine_up(&vmm[w], &ways[w], LEM_WORKLOAD_QUIET,
		    LEM_SINK_DGRAM);
		vmm[w].box->quiet_us = QUIET_FOR_EVER;
		vmm[w].box->go = 1;
	}
	for (round = 0; round < LONG_ROUNDS; round++) {
		/* Each begins a little later than the one before. */
		for (w = 0; w < WAYS; w++) {
			(void)usleep(100000);
			vmm[w].box->quiet_us = q->us;
		}
		for (w = 0; w < WAYS; w++)
			guest_first(&vmm[w], &results[w].guest[QUIETS - 1], q,
			    1);
	}
	for (w = 0; w < WAYS; w++)
		vmm[w].box->quiet_us = 0;
	for (round = 0; round < LONG_ROUNDS; round++) {
		(void)usleep(q->us);
		for (w = 0; w < WAYS; w++)
			outside_one(&vmm[w], &results[w].outside[QUIETS - 1]);
	}
	for (w = 0; w < WAYS; w++)
		lem_vmm_stop(&vmm[w]);
}

/* -------------------------------------------------------------------- load */

static void
load_window(struct lem_vmm *vmm, unsigned int n, struct result *r)
{
	struct lem_vmm_usage usage[INSTANCES][2];
	double kpps = 0, cpu = 0, trips = 0, packets = 0, got;
	const struct lem_mailbox *box;
	unsigned int i;

	for (i = 0; i < n; i++)
		if (lem_vmm_usage(&vmm[i], &usage[i][0]) != 0)
			die(vmm[i].error);
	for (i = 0; i < n; i++)
		vmm[i].box->go = 1;
	(void)usleep((unsigned int)(LOAD_S * 1e6));
	for (i = 0; i < n; i++)
		vmm[i].box->stop = 1;
	for (i = 0; i < n; i++) {
		if (lem_vmm_wait(&vmm[i], LEM_BOX_STOPPED, READY_MS) != 0 ||
		    lem_vmm_usage(&vmm[i], &usage[i][1]) != 0)
			die(vmm[i].error);
		box = vmm[i].box;
		got = (double)(box->end.tx_packets - box->begin.tx_packets);
		packets += got;
		kpps += got * 1e-3 * (double)host.tsc_hz /
		    (double)(box->end.tsc - box->begin.tsc);
		cpu += usage[i][1].cpu_us - usage[i][0].cpu_us;
		trips += usage[i][1].round_trips - usage[i][0].round_trips;
	}
	sample_add(&r->kpps[n > 1], kpps);
	sample_add(&r->cpu[n > 1], cpu / packets);
	if (n == 1)
		sample_add(&r->trips, trips / packets);
}

static void
load_round(const struct way *way, struct result *r, unsigned int n)
{
	struct lem_vmm vmm[INSTANCES];
	unsigned int i;

	for (i = 0; i < n; i++)
		machine_start(&vmm[i], way, LEM_WORKLOAD_TX, LEM_SINK_NULL);
	for (i = 0; i < n; i++)
		machine_ready(&vmm[i]);
	load_window(vmm, n, r);
	for (i = 0; i < n; i++)
		lem_vmm_stop(&vmm[i]);
}

/* ------------------------------------------------------------------- tables */

/* A share of the samples is below this one.  NAN without samples. */
static double
quantile(struct samples *s, double share)
{
	qsort(s->us, s->n, sizeof(s->us[0]), lem_compare_double);
	return s->n == 0 ? NAN : s->us[(size_t)(share * (s->n - 1) + 0.5)];
}

static void
table_delays(const char *title, size_t offset)
{
	struct samples *s, *base;
	unsigned int w, q;

	printf("\n%s: us, median p99 (median to QEMU's e1000)\n%-16s", title,
	    "");
	for (q = 0; q < QUIETS; q++)
		printf(" %24s", quiets[q].name);
	printf("\n");
	for (w = 0; w < WAYS; w++) {
		printf("%-16s", ways[w].name);
		for (q = 0; q < QUIETS; q++) {
			s = (struct samples *)(void *)((char *)&results[w] +
				offset) +
			    q;
			base = (struct samples *)(void *)((char *)results +
				   offset) +
			    q;
			printf(" %7.0f %7.0f (%5.2fx)", quantile(s, 0.5),
			    quantile(s, 0.99),
			    quantile(s, 0.5) / quantile(base, 0.5));
		}
		printf("\n");
	}
}

static void
table_load(void)
{
	struct result *r;
	unsigned int w;

	printf("\nidle: %% of a processor; transmit, null sink: Kpps "
	       "(to QEMU's e1000), CPU us and trips a packet\n"
	       "%-16s %6s %32s %32s\n",
	    "", "idle", "one instance", "three instances");
	for (w = 0; w < WAYS; w++) {
		r = &results[w];
		printf("%-16s %6.2f %9.1f (%6.1fx) %7.3f %7.4f"
		       " %9.1f (%6.1fx) %7.3f\n",
		    ways[w].name, quantile(&r->idle, 0.5),
		    quantile(&r->kpps[0], 0.5),
		    quantile(&r->kpps[0], 0.5) /
			quantile(&results[0].kpps[0], 0.5),
		    quantile(&r->cpu[0], 0.5), quantile(&r->trips, 0.5),
		    quantile(&r->kpps[1], 0.5),
		    quantile(&r->kpps[1], 0.5) /
			quantile(&results[0].kpps[1], 0.5),
		    quantile(&r->cpu[1], 0.5));
	}
}

static void
host_find(const char *directory)
{
	static char nic[256], qemu[256];
	struct lem_named named = { .lem_nic = nic, .nic_qemu = qemu };
	static const enum lem_need needs[] = { LEM_NEED_KVM, LEM_NEED_LEM_NIC,
		LEM_NEED_VFIO_USER };
	struct lem_machine machine;
	size_t i;

	(void)snprintf(nic, sizeof(nic), "%s/lem-nic", directory);
	(void)snprintf(qemu, sizeof(qemu), "%s/qemu/qemu-system-x86_64",
	    directory);
	lem_probe(&host, &machine, &named);
	for (i = 0; i < COUNT(needs); i++)
		if (!lem_host_has(&host, needs[i]))
			die(host.missing[needs[i]]);
	printf("machine   %s, %u cores\nQEMU      %s\nmeasured  %s; medians, "
	       "all ways by turns\n",
	    machine.cpu, machine.cores, machine.nic_qemu, machine.date);
	(void)setenv("LEM_NIC", nic, 1);
}

int
main(int argc, char **argv)
{
	unsigned int round, w;

	if (argc != 2 || geteuid() != 0)
		die("usage, as root: bench_delays DIRECTORY");
	host_find(argv[1]);
	lem_frame_init(&to_guest, LEM_FRAME_MIN, LEM_FRAME_TO_GUEST);
	for (round = 0; round < ROUNDS; round++)
		for (w = 0; w < WAYS; w++) {
			(void)fprintf(stderr, "round %u of %u: %s\n", round + 1,
			    ROUNDS, ways[w].name);
			short_round(&ways[w], &results[w]);
			load_round(&ways[w], &results[w], 1);
			load_round(&ways[w], &results[w], INSTANCES);
		}
	(void)fprintf(stderr, "10 s of quiet\n");
	long_rounds();
	table_delays("the guest speaks first, and is answered",
	    offsetof(struct result, guest));
	table_delays("the peer speaks first, and is answered",
	    offsetof(struct result, outside));
	table_load();
	return 0;
}
