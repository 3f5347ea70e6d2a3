/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mailbox: one page of guest memory that the host maps too.
 *
 * lem-bench gives the VMM a memfd as the guest's RAM and keeps its own mapping
 * of it, so both sides see this page as plain memory.  Parameters go in and
 * counters come out without a register access and without an exit: this does
 * not disturb what is measured.
 *
 * Protocol (one writer a field; every field little endian, host and guest are
 * both x86-64):
 *
 *	host	zeroes the page, fills the parameters, sets `magic`, boots
 *	guest	brings the NIC up, state = UP, warms up, state = READY
 *	host	reads its own counters, sets go = 1
 *	guest	state = RUNNING, takes its counters, works
 *	host	waits, sets stop = 1
 *	guest	takes its counters again, state = STOPPED
 *	host	reads its own counters again, sets expect, then finish = 1
 *	guest	drains, checks the device's statistics, state = DONE
 *
 * A guest that cannot go on writes a sentence to `error` and sets FAILED.
 */
#ifndef LEM_BENCH_MAILBOX_H
#define LEM_BENCH_MAILBOX_H

#include <stdint.h>

#define LEM_MAILBOX_PA		0x70000u	/* guest physical address */
#define LEM_MAILBOX_MAGIC	0x786f624d454cu	/* "LEMBox" */
#define LEM_SAMPLES_PA		0x3000000u	/* uint32_t[], TSC ticks */
#define LEM_SAMPLES_MAX		(1u << 20)
#define LEM_GUEST_RAM_BYTES	(64u << 20)

enum lem_box_state {
	LEM_BOX_BOOTING,	/* also what an untouched page says */
	LEM_BOX_UP,
	LEM_BOX_READY,
	LEM_BOX_RUNNING,
	LEM_BOX_STOPPED,
	LEM_BOX_DONE,
	LEM_BOX_FAILED,
};

enum lem_nic {
	LEM_NIC_E1000,
	LEM_NIC_VIRTIO,
	LEM_NICS
};

enum lem_workload {
	LEM_WORKLOAD_TX,
	LEM_WORKLOAD_RX,
	LEM_WORKLOAD_PING,
	LEM_WORKLOAD_IDLE,
	LEM_WORKLOAD_QUIET,	/* bench/delays/ */
	/* Of guests with sockets only. */
	LEM_WORKLOAD_TCP_TX,
	LEM_WORKLOAD_TCP_RX,
	LEM_WORKLOAD_TCP_RR,
	LEM_WORKLOADS
};

/* The same numbers as enum lem_combine of driver/lem.h. */
enum lem_mit_mode {
	LEM_MIT_OFF,
	LEM_MIT_ON,
	LEM_MIT_ORIGINAL,
	LEM_MIT_MODES
};

/* What a guest counts; a window's figure is the difference of two of these. */
struct lem_box_counters {
	uint64_t tsc;
	uint64_t tx_packets;	/* transmitted and reclaimed */
	uint64_t rx_packets;
	uint64_t doorbells;	/* writes to TDT; virtio: queue notifications */
	uint64_t interrupts;
	uint64_t reg_reads;	/* device registers, doorbells included */
	uint64_t reg_writes;
	uint64_t deferred;	/* doorbells put off */
	uint64_t batches;	/* TDT writes that carried more than one */
	uint64_t guard_flushes;
	uint64_t ring_full;
	uint64_t batch_max;	/* largest number of packets one TDT carried */
	uint64_t intr_cost_ns;	/* of an interrupt, as the driver learned; 0 */
	uint64_t itr;		/* as it is now; virtio: 0 */
};

struct lem_mailbox {
	/* host to guest */
	uint64_t magic;
	uint64_t tsc_hz;	/* of the host, which the guest shares */
	uint32_t nic;		/* enum lem_nic */
	uint32_t workload;	/* enum lem_workload */
	uint32_t frame_bytes;	/* 60 to 1514, without FCS */
	uint32_t ring_size;	/* descriptors a ring, multiple of 8 */
	uint32_t mit_enable;	/* enum lem_mit_mode */
	uint32_t itr;		/* units of 256 ns */
	uint32_t tidv, tadv;	/* units of 1.024 us */
	uint32_t rdtr, radv;
	uint32_t polled;	/* 1: virtio-net without interrupts */
	uint32_t interrupt_only; /* 1: reclaim only when an interrupt came */
	uint32_t adaptive;	/* 1: the driver chooses ITR, from itr up */
	volatile uint32_t go;
	volatile uint32_t stop;
	volatile uint32_t finish;
	volatile uint32_t quiet_us;	/* before a packet; 0: answer */
	uint64_t expect;	/* rx: frames that were sent in all */

	/* guest to host */
	volatile uint32_t state;	/* enum lem_box_state */
	uint64_t sent_total;	/* tx, ping: sequence numbers 0 .. this - 1 */
	volatile uint64_t samples;	/* round trips, at LEM_SAMPLES_PA */
	uint64_t rx_unique, rx_duplicated, rx_reordered, rx_corrupted;
	uint64_t interrupt_ticks;	/* that one takes; 0: unknown */
	struct lem_box_counters begin, end;
	char error[160];
};

_Static_assert(sizeof(struct lem_mailbox) <= 4096, "the mailbox is one page");

#endif
