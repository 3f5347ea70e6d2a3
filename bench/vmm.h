/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One VMM, QEMU or lem-vm, with the bare-metal guest in it; and lem-nic beside
 * QEMU, where that serves its e1000.
 *
 * Each inherits a file descriptor for everything that it shares with us: RAM
 * and ROM are memfds, control (QMP, or our programs') and the network are
 * socket pairs.  Nothing is left behind in a file system, and all die with us
 * (process.h).
 */
#ifndef LEM_BENCH_VMM_H
#define LEM_BENCH_VMM_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "mailbox.h"
#include "measure.h"
#include "process.h"
#include "results.h"

#define LEM_ERROR_BYTES	200

struct lem_vmm {
	struct lem_group group;
	pid_t pid, nic_pid;	/* the VMM, lem-nic; 0: it does not run */
	enum lem_vmm_id id;
	const char *name;	/* for sentences: "QEMU" */
	int control_fd;
	int nic_control_fd;	/* lem-nic's */
	int console_fd;		/* its stdout and stderr */
	int net_fd;		/* frames, a datagram each; -1: null sink */
	int net_peer_fd;	/* its end of it */
	uint8_t *ram;		/* shared with the guest */
	struct lem_mailbox *box;
	double started;		/* lem_now() */
	double boot_ms;		/* from fork to UP */
	char error[LEM_ERROR_BYTES];
};

/* The guest's CPU so far, and CPU time of the VMM with lem-nic. */
struct lem_vmm_usage {
	double exits;		/* NAN without KVM */
	double exits_by[LEM_EXITS];	/* and of these, by kind */
	double round_trips;	/* accesses that waited for lem-nic, or NAN */
	double cpu_us;
};

/*
 * lem_vmm_start: start the VMM of `cell`; vmm->net_fd can be used at once.
 * host: what this machine has.
 * Returns 0, or -1 with a sentence in vmm->error; the VMM is then stopped.
 */
int lem_vmm_start(struct lem_vmm *vmm, const struct lem_cell *cell,
    const struct lem_host *host);

/*
 * lem_vmm_up: wait until the guest has booted and its NIC is up.
 * Returns 0, or -1 with vmm->error set.
 */
int lem_vmm_up(struct lem_vmm *vmm);

/*
 * lem_vmm_greet: begin the talk on its control socket.  A thread must read
 * net_fd by then: a QEMU that waits in send() does not answer.
 * Returns 0, or -1 with vmm->error set.
 */
int lem_vmm_greet(struct lem_vmm *vmm);

/*
 * lem_vmm_wait: wait for a state of the guest, at most timeout_ms.
 * Returns 0, or -1 with vmm->error set: the guest failed, ended or hangs.
 */
int lem_vmm_wait(struct lem_vmm *vmm, enum lem_box_state state,
    unsigned int timeout_ms);

/* lem_vmm_usage: the counters now.  Returns 0, or -1 with vmm->error set. */
int lem_vmm_usage(struct lem_vmm *vmm, struct lem_vmm_usage *usage);

/* lem_vmm_kill: end all its processes; the mailbox stays. */
void lem_vmm_kill(struct lem_vmm *vmm);

/* lem_vmm_stop: end the VMM, close everything.  May be called twice. */
void lem_vmm_stop(struct lem_vmm *vmm);

/* The process group of the VMM that runs now, or 0.  For the signal handler. */
extern volatile pid_t lem_vmm_running;

/* A signal asked lem-bench to end: start nothing more. */
extern volatile sig_atomic_t lem_vmm_interrupted;

/* lem_vmm_alive: 0, or -1 with vmm->error set when the VMM has ended. */
int lem_vmm_alive(struct lem_vmm *vmm);

#endif
