/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest of lem-bench: a NIC, a workload, and the mailbox (mailbox.h).
 */
#include <stddef.h>

#include "bare.h"
#include "frame.h"
#include "mailbox.h"
#include "nic.h"
#include "sequence.h"

#define DRAIN_MS	3000u	/* longest wait for what is outstanding */
#define PING_TIMEOUT_MS	100u
#define PING_WARM_UP	16u
#define IDLE_TICK_US	10000u
#define QUIET_SPIN_US	50000u	/* a shorter quiet is spent awake */
#define RX_BATCH	32u	/* frames between two RDT writes */

static struct lem_mailbox *const box =
    (struct lem_mailbox *)(uintptr_t)LEM_MAILBOX_PA;
static uint32_t *const sample = (uint32_t *)(uintptr_t)LEM_SAMPLES_PA;

/*
 * A workload is compiled once for each NIC, so that the NIC's functions are
 * known: TCG is slowest at an indirect call for each packet.
 */
#define PER_NIC	static inline __attribute__((always_inline))

static struct lem_frame_flow out, in;
static struct lem_sequence received;
static uint64_t sent;

static uint64_t
deadline(uint32_t ms)
{
	return bare_rdtsc() + box->tsc_hz / 1000 * ms;
}

static void __attribute__((noreturn)) guest_fail(const char *why)
{
	size_t i;

	for (i = 0; i < sizeof(box->error) - 1 && *why != '\0'; i++)
		box->error[i] = *why++;
	box->state = LEM_BOX_FAILED;
	bare_exit(1);
}

PER_NIC void
take_counters(const struct nic *nic, struct lem_box_counters *c)
{
	nic->counters(c);
	c->tsc = bare_rdtsc();
}

/* All is warm: wait for the host, then start the window. */
PER_NIC void
window_begin(const struct nic *nic)
{
	box->state = LEM_BOX_READY;
	while (box->go == 0) {
		nic->poll();
		bare_pause();
	}
	take_counters(nic, &box->begin);
	box->state = LEM_BOX_RUNNING;
}

/* The window is over; wait until the host has read its own counters. */
PER_NIC void
window_end(const struct nic *nic)
{
	take_counters(nic, &box->end);
	box->state = LEM_BOX_STOPPED;
	while (box->finish == 0)
		bare_pause();
}

PER_NIC void
tx_drain(const struct nic *nic)
{
	uint64_t limit = deadline(DRAIN_MS);

	while (!nic->tx_idle()) {
		nic->poll();
		bare_pause();
		if (bare_rdtsc() > limit)
			guest_fail(
			    "frames are still in the transmit ring after 3 s");
	}
}

/* -------------------------------------------------------------------- tx */

PER_NIC void
send_one(const struct nic *nic)
{
	uint8_t *buf;

	nic->poll();
	buf = nic->tx_buffer();
	if (buf == NULL) {
		bare_pause();
		return;
	}
	lem_frame_build(&out, sent++, buf);
	nic->tx_submit(box->frame_bytes);
}

PER_NIC void
run_tx(const struct nic *nic)
{
	while (sent < 2 * (uint64_t)box->ring_size)
		send_one(nic);
	tx_drain(nic);
	window_begin(nic);
	while (box->stop == 0)
		send_one(nic);
	window_end(nic);
	tx_drain(nic);
}

/* -------------------------------------------------------------------- rx */

/* Every frame there is, up to RX_BATCH; returns how many. */
PER_NIC unsigned int
receive_batch(const struct nic *nic)
{
	const uint8_t *frame;
	uint32_t len;
	uint64_t seq;
	unsigned int n;

	nic->poll();
	for (n = 0; n < RX_BATCH; n++) {
		frame = nic->rx_next(&len);
		if (frame == NULL)
			break;
		if (lem_frame_check(&in, frame, len, &seq))
			lem_sequence_note(&received, seq);
		else
			box->rx_corrupted++;
		nic->rx_release();
	}
	if (n > 0)
		nic->rx_flush();
	return n;
}

/* Receive what is still on its way, up to `expect` frames in all; count. */
PER_NIC void
receive_rest(const struct nic *nic, uint64_t expect)
{
	uint64_t limit = deadline(DRAIN_MS);

	while (received.unique < expect && bare_rdtsc() < limit)
		(void)receive_batch(nic);
	/* Look once more, for frames that come twice. */
	(void)receive_batch(nic);
	box->rx_unique = received.unique;
	box->rx_duplicated = received.duplicated;
	box->rx_reordered = received.reordered;
}

/*
 * The sender is sending already; the window begins when its frames arrive (QEMU
 * drops all for a second after RCTL is written).
 */
PER_NIC void
run_rx(const struct nic *nic)
{
	uint64_t limit = deadline(DRAIN_MS);

	while (received.unique < box->ring_size) {
		(void)receive_batch(nic);
		if (bare_rdtsc() > limit)
			guest_fail("no frames came within 3 s");
	}
	window_begin(nic);
	while (box->stop == 0)
		if (receive_batch(nic) == 0)
			bare_pause();
	window_end(nic);
	receive_rest(nic, box->expect);
}

/* ------------------------------------------------------------------ ping */

/*
 * One round trip; returns its TSC ticks, UINT32_MAX if no answer came in time.
 * It ends with an empty ring, so that the next answer takes an interrupt, too:
 * a ring that is never empty would be polled.
 */
PER_NIC uint64_t
ping_one(const struct nic *nic)
{
	uint64_t want = sent, seq, start, limit, ticks = UINT32_MAX;
	const uint8_t *frame;
	uint32_t len;

	start = bare_rdtsc();
	limit = deadline(PING_TIMEOUT_MS);
	while (sent == want)
		send_one(nic);
	do {
		nic->poll();
		frame = nic->rx_next(&len);
		if (frame == NULL && ticks != UINT32_MAX)
			return ticks;
		if (frame == NULL) {
			bare_pause();
			continue;
		}
		if (!lem_frame_check(&in, frame, len, &seq)) {
			box->rx_corrupted++;
			seq = UINT64_MAX;
		} else {
			lem_sequence_note(&received, seq);
		}
		nic->rx_release();
		nic->rx_flush();
		if (seq == want)
			ticks = bare_rdtsc() - start;
	} while (bare_rdtsc() < limit);
	return ticks;
}

PER_NIC void
run_ping(const struct nic *nic)
{
	uint64_t ticks;

	while (sent < PING_WARM_UP)
		(void)ping_one(nic);
	tx_drain(nic);
	window_begin(nic);
	while (box->stop == 0) {
		ticks = ping_one(nic);
		if (box->samples < LEM_SAMPLES_MAX)
			sample[box->samples++] =
			    ticks < UINT32_MAX ? (uint32_t)ticks : UINT32_MAX;
	}
	window_end(nic);
	tx_drain(nic);
	receive_rest(nic, sent);
}

/* ------------------------------------------------------------------ idle */

PER_NIC void
run_idle(const struct nic *nic)
{
	bare_tick_start(IDLE_TICK_US);	/* to see that the window is over */
	window_begin(nic);
	while (box->stop == 0)
		bare_wait_for_interrupt();
	window_end(nic);
}

/* ----------------------------------------------------------------- quiet */

/* Nothing for quiet_us, unless the host wants something else meanwhile. */
PER_NIC bool
quiet_pass(const struct nic *nic, uint32_t quiet_us)
{
	uint64_t end = bare_rdtsc() + box->tsc_hz / 1000000 * quiet_us;

	while (bare_rdtsc() < end) {
		if (box->quiet_us != quiet_us || box->stop != 0)
			return false;
		if (quiet_us > QUIET_SPIN_US)
			bare_wait_for_interrupt();
		else
			bare_pause();
		nic->poll();
	}
	return true;
}

/* A frame for each that comes. */
PER_NIC void
quiet_answer(const struct nic *nic)
{
	const uint8_t *frame;
	uint32_t len;
	uint64_t was = sent;

	nic->poll();
	frame = nic->rx_next(&len);
	if (frame == NULL) {
		bare_wait_for_interrupt();
		return;
	}
	nic->rx_release();
	nic->rx_flush();
	while (sent == was)
		send_one(nic);
}

/*
 * The first packet after some quiet: the guest's, or the host's.  One for all
 * NICs, as it waits most of the time: the ROM is small.
 */
static __attribute__((noinline)) void
run_quiet(const struct nic *nic)
{
	uint32_t quiet_us;
	uint64_t ticks;

	bare_tick_start(IDLE_TICK_US);
	window_begin(nic);
	while (box->stop == 0) {
		quiet_us = box->quiet_us;
		if (quiet_us == 0) {
			quiet_answer(nic);
		} else if (quiet_pass(nic, quiet_us)) {
			ticks = ping_one(nic);
			if (box->samples < LEM_SAMPLES_MAX)
				sample[box->samples++] = (uint32_t)ticks;
		}
	}
	window_end(nic);
}

PER_NIC void
run_workload(const struct nic *nic)
{
	const char *why = nic->open(box);

	if (why != NULL)
		guest_fail(why);
	box->state = LEM_BOX_UP;
	switch (box->workload) {
	case LEM_WORKLOAD_TX:
		run_tx(nic);
		break;
	case LEM_WORKLOAD_RX:
		run_rx(nic);
		break;
	case LEM_WORKLOAD_PING:
		run_ping(nic);
		break;
	case LEM_WORKLOAD_QUIET:
		run_quiet(nic);
		break;
	default:
		run_idle(nic);
		break;
	}
	box->sent_total = sent;
	box->interrupt_ticks = nic->interrupt_ticks();
	why = nic->verify(sent);
	if (why != NULL)
		guest_fail(why);
}

void
bare_main(void)
{
	bare_init(box->tsc_hz);
	if (box->magic != LEM_MAILBOX_MAGIC)
		guest_fail("no mailbox: only lem-bench can start this guest");
	if (box->frame_bytes < LEM_FRAME_MIN ||
	    box->frame_bytes > LEM_FRAME_MAX)
		guest_fail("frames are 60 to 1514 bytes");
	lem_frame_init(&out, box->frame_bytes, LEM_FRAME_FROM_GUEST);
	lem_frame_init(&in, box->frame_bytes, LEM_FRAME_TO_GUEST);
	if (box->nic == LEM_NIC_VIRTIO)
		run_workload(&nic_virtio);
	else
		run_workload(&nic_e1000);
	box->state = LEM_BOX_DONE;
	for (;;)
		bare_pause();
}
