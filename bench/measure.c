/* SPDX-License-Identifier: BSD-2-Clause */
#include "measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sink.h"
#include "vmm.h"

#define READY_TIMEOUT_MS	10000u
#define STOP_TIMEOUT_MS	5000u
#define DONE_TIMEOUT_MS	10000u

/* Sleep, unless the VMM ends meanwhile; ten looks a second cost nothing. */
static int
sleep_seconds(struct lem_vmm *vmm, double seconds)
{
	struct timespec t = { 0 };
	long left_ms, slice_ms;

	for (left_ms = (long)(seconds * 1e3); left_ms > 0;
	    left_ms -= slice_ms) {
		slice_ms = left_ms < 100 ? left_ms : 100;
		t.tv_nsec = slice_ms * 1000000;
		(void)nanosleep(&t, NULL);
		if (lem_vmm_alive(vmm) != 0)
			return -1;
	}
	return 0;
}

static int
compare_u32(const void *a, const void *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

/* Round trips: the guest left TSC ticks; tsc_mhz turns them into us. */
static void
round_trips(struct lem_run *run, const struct lem_vmm *vmm, double tsc_mhz)
{
	uint64_t n = vmm->box->samples, p50 = n / 2, p99 = n - 1 - n / 100;
	uint32_t *sample = (uint32_t *)(void *)(vmm->ram + LEM_SAMPLES_PA);

	if (n == 0 || n > LEM_SAMPLES_MAX)
		return;
	qsort(sample, n, sizeof(*sample), compare_u32);
	run->rtt_p50_us = sample[p50] / tsc_mhz;
	run->rtt_p99_us = sample[p99] / tsc_mhz;
}

/* The window's figures: end minus begin, divided by the window's packets. */
static void
window_figures(struct lem_run *run, const struct lem_cell *cell,
    const struct lem_vmm *vmm, const struct lem_vmm_usage usage[2],
    double tsc_hz)
{
	const struct lem_box_counters *b = &vmm->box->begin,
				      *e = &vmm->box->end;
	bool idle = cell->workload == LEM_WORKLOAD_IDLE;
	unsigned int i;
	double seconds = (double)(e->tsc - b->tsc) / tsc_hz, n;

	run->packets = cell->workload == LEM_WORKLOAD_TX ?
	    e->tx_packets - b->tx_packets :
	    e->rx_packets - b->rx_packets;
	run->kpps = (double)run->packets / seconds / 1e3;
	/* Idle has no packets: its figures are by the second. */
	n = idle ? seconds : run->packets > 0 ? (double)run->packets : NAN;
	run->doorbells = (double)(e->doorbells - b->doorbells) / n;
	run->interrupts = (double)(e->interrupts - b->interrupts) / n;
	run->registers = (double)(e->reg_reads - b->reg_reads + e->reg_writes -
			     b->reg_writes) /
	    n;
	run->exits = (usage[1].exits - usage[0].exits) / n;
	for (i = 0; i < LEM_EXITS; i++)
		run->exits_by[i] =
		    (usage[1].exits_by[i] - usage[0].exits_by[i]) / n;
	run->interrupts_s = (double)(e->interrupts - b->interrupts) / seconds;
	run->interrupt_us = vmm->box->interrupt_ticks > 0 ?
	    (double)vmm->box->interrupt_ticks / tsc_hz * 1e6 :
	    NAN;
	run->itr_end = run->learned_us = NAN;
	if (cell->driver_adaptive) {
		run->itr_end = (double)e->itr;
		run->learned_us =
		    e->intr_cost_ns > 0 ? (double)e->intr_cost_ns / 1e3 : NAN;
	}
	run->interrupt_share = run->interrupts_s * run->interrupt_us / 1e6;
	if (run->interrupt_share > 1)
		run->interrupt_share = 1;	/* the host was busy */
	run->round_trips = (usage[1].round_trips - usage[0].round_trips) / n;
	run->host_cpu_us = (usage[1].cpu_us - usage[0].cpu_us) / n;
	run->guard_flushes = e->guard_flushes - b->guard_flushes;
	run->deferred = (double)(e->deferred - b->deferred) / n;
	run->ring_full = (double)(e->ring_full - b->ring_full) / n;
	run->batch_max = (double)e->batch_max;
	if (cell->workload == LEM_WORKLOAD_PING)
		round_trips(run, vmm, tsc_hz / 1e6);
}

/* Count what became of every frame that was sent. */
static void
account_frames(struct lem_run *run, const struct lem_vmm *vmm,
    const struct lem_sink *sink)
{
	const struct lem_mailbox *box = vmm->box;
	uint64_t sent = box->sent_total, arrived = box->rx_unique;

	if (sink->mode == LEM_SINK_SEND)
		sent = sink->sent;
	if (sink->mode == LEM_SINK_RECEIVE)
		arrived = sink->received.unique;
	if (vmm->net_fd < 0)
		return;		/* null sink: the guest has compared TPT */
	/* A ping is lost once, on its way there or back. */
	run->lost = lem_frames_lost(sent, arrived);
	run->duplicated = sink->received.duplicated + box->rx_duplicated;
	run->reordered = sink->received.reordered + box->rx_reordered;
	run->corrupted = sink->corrupted + box->rx_corrupted;
}

static enum lem_sink_mode
sink_mode(const struct lem_cell *cell)
{
	return cell->workload == LEM_WORKLOAD_RX ? LEM_SINK_SEND :
	    cell->workload == LEM_WORKLOAD_PING  ? LEM_SINK_ECHO :
						    LEM_SINK_RECEIVE;
}

static int
start_sink(struct lem_vmm *vmm, struct lem_sink *sink, enum lem_sink_mode mode)
{
	int error =
	    lem_sink_start(sink, vmm->net_fd, mode, vmm->box->frame_bytes);

	if (error != 0)
		(void)snprintf(vmm->error, sizeof(vmm->error),
		    "cannot start the receiver's thread: %s", strerror(-error));
	return error;
}

/*
 * The window opens and closes by our clock, but the guest's TSC says how long
 * it was: a CPU that was away when it opened does not count as slow.
 */
static int
measure_window(struct lem_vmm *vmm, double seconds,
    struct lem_vmm_usage usage[2])
{
	if (lem_vmm_usage(vmm, &usage[0]) != 0)
		return -1;
	vmm->box->go = 1;
	if (sleep_seconds(vmm, seconds) != 0)
		return -1;
	vmm->box->stop = 1;
	if (lem_vmm_wait(vmm, LEM_BOX_STOPPED, STOP_TIMEOUT_MS) != 0 ||
	    lem_vmm_usage(vmm, &usage[1]) != 0)
		return -1;
	return 0;
}

/* Boot, window, drain; the sink runs from warm-up to the end of the drain. */
static int
run_vmm(struct lem_vmm *vmm, const struct lem_cell *cell,
    const struct lem_host *host, double seconds, struct lem_sink *sink,
    struct lem_vmm_usage usage[2])
{
	int failed;

	if (lem_vmm_start(vmm, cell, host) != 0)
		return -1;
	/* Only now: QEMU drops what comes before a NIC is reset. */
	failed = lem_vmm_up(vmm);
	if (failed == 0 && vmm->net_fd >= 0)
		failed = start_sink(vmm, sink, sink_mode(cell));
	if (failed == 0)
		failed = lem_vmm_greet(vmm);
	if (failed == 0)
		failed = lem_vmm_wait(vmm, LEM_BOX_READY, READY_TIMEOUT_MS);
	if (failed == 0)
		failed = measure_window(vmm, seconds, usage);
	if (sink->mode == LEM_SINK_SEND) {
		lem_sink_finish(sink, 0);
		vmm->box->expect = sink->sent;
	}
	if (failed == 0) {
		vmm->box->finish = 1;
		failed = lem_vmm_wait(vmm, LEM_BOX_DONE, DONE_TIMEOUT_MS);
	}
	if (failed != 0)
		lem_vmm_kill(vmm);	/* so that the sink ends, too */
	lem_sink_finish(sink, failed == 0 ? vmm->box->sent_total : 0);
	return failed;
}

int
lem_run_cell(const struct lem_cell *cell, const struct lem_host *host,
    double seconds, struct lem_run *run, char *error, size_t error_bytes)
{
	struct lem_sink *sink = calloc(1, sizeof(*sink));
	struct lem_vmm_usage usage[2];
	struct lem_vmm vmm;
	int failed;

	*run = (struct lem_run){ .mbit_s = NAN,
		.rtt_p50_us = NAN,
		.rtt_p99_us = NAN };
	if (sink == NULL) {
		(void)snprintf(error, error_bytes, "out of memory");
		return -1;
	}
	failed = run_vmm(&vmm, cell, host, seconds, sink, usage);
	if (failed == 0) {
		window_figures(run, cell, &vmm, usage, (double)host->tsc_hz);
		run->boot_ms = vmm.boot_ms;
		account_frames(run, &vmm, sink);
	} else {
		(void)snprintf(error, error_bytes, "%s", vmm.error);
	}
	lem_vmm_stop(&vmm);
	free(sink);
	return failed;
}
