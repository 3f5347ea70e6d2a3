/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual CPU: KVM's, and what lem-vm does when it exits.
 *
 * Threads: vcpu_run() in the CPU's own; vcpu_kick() and vcpu_exits() in any.
 */
#ifndef VM_VCPU_H
#define VM_VCPU_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct boot;
struct kvm_run;
struct vm;

struct vcpu {
	struct vm *vm;
	unsigned int id;
	int fd;
	int stats_fd;			/* -1: this kernel has none */
	struct kvm_run *run;
	size_t run_bytes;
	pthread_t thread;
	atomic_bool started;		/* thread is valid */
	atomic_ullong returns;		/* of KVM_RUN */
	unsigned int faults;		/* in a row, with nothing new between */
	uint64_t fault_changes;		/* of nic_fault(), at the last */
};

/*
 * vcpu_new: the VM's next CPU, number id, in vm->cpu[id].  vcpu_boot: its CPUID,
 * and how the first CPU begins.  Before threads.  Return 0, or -1 with err set.
 */
int vcpu_new(struct vm *vm, unsigned int id, struct err *err);
void vcpu_free(struct vcpu *cpu);
int vcpu_boot(struct vcpu *cpu, const struct boot *boot, struct err *err);

/* vcpu_run: what the CPU's thread does, until vm_stop(). */
void vcpu_run(struct vcpu *cpu);

/* vcpu_kick: out of KVM_RUN.  VCPU_SIGNAL must have a handler. */
void vcpu_kick(struct vcpu *cpu);
#define VCPU_SIGNAL	SIGUSR1

/* vcpu_exits: of the hardware, as KVM counts them; -1: not known. */
int64_t vcpu_exits(const struct vcpu *cpu);

#endif
