/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One QEMU with the bare-metal guest in it.
 *
 * Everything between us and it is a file descriptor it inherits: RAM and ROM
 * are memfds, QMP and the network are socket pairs.  No path is made, so none
 * is left behind, and QEMU dies with us (PR_SET_PDEATHSIG).
 */
#ifndef LEM_BENCH_VM_H
#define LEM_BENCH_VM_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "mailbox.h"
#include "results.h"

#define LEM_ERROR_BYTES	200

struct lem_vm {
	pid_t pid;
	int qmp_fd;
	int console_fd;		/* QEMU's stdout and stderr */
	int net_fd;		/* frames, a datagram each; -1: null sink */
	int net_peer_fd;	/* QEMU's end of it */
	uint8_t *ram;		/* shared with the guest */
	struct lem_mailbox *box;
	double started;		/* lem_now() */
	double boot_ms;		/* from fork to UP */
	char error[LEM_ERROR_BYTES];
};

/* How many exits the guest's CPU made, and what the process has cost. */
struct lem_vm_usage {
	double exits;		/* NAN where there is no KVM */
	double cpu_us;
};

/*
 * lem_vm_start: start QEMU on `cell`; vm->net_fd is there at once.
 * qemu: path of QEMU.  has_mitigation: its e1000 can switch moderation off.
 * tsc_hz: rate of this host's TSC.
 * Returns 0, or -1 with a sentence in vm->error; the VM is then stopped.
 */
int lem_vm_start(struct lem_vm *vm, const struct lem_cell *cell,
    const char *qemu, bool has_mitigation, uint64_t tsc_hz);

/*
 * lem_vm_up: wait until the guest has booted and its NIC is up.
 * Returns 0, or -1 with vm->error set.
 */
int lem_vm_up(struct lem_vm *vm);

/*
 * lem_vm_greet: begin the talk on QMP.  Somebody must read net_fd by then: a
 * QEMU that waits in send() answers nobody.  Returns 0, or -1 with vm->error.
 */
int lem_vm_greet(struct lem_vm *vm);

/*
 * lem_vm_wait: wait for a state of the guest, at most timeout_ms.
 * Returns 0, or -1 with vm->error set: failed, exited, or hangs.
 */
int lem_vm_wait(struct lem_vm *vm, enum lem_box_state state,
    unsigned int timeout_ms);

/* lem_vm_usage: the counters now.  Returns 0, or -1 with vm->error set. */
int lem_vm_usage(struct lem_vm *vm, bool kvm, struct lem_vm_usage *usage);

/* lem_vm_kill: end QEMU, by its pid; the mailbox stays. */
void lem_vm_kill(struct lem_vm *vm);

/* lem_vm_stop: end QEMU, close everything.  May be called twice. */
void lem_vm_stop(struct lem_vm *vm);

/* The pid of the VM that runs now, 0: none.  For the signal handler. */
extern volatile pid_t lem_vm_running;

/* A signal asked for an end: start nothing more. */
extern volatile sig_atomic_t lem_vm_interrupted;

/* lem_vm_alive: 0, or -1 with vm->error set when QEMU has ended. */
int lem_vm_alive(struct lem_vm *vm);

#endif
