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

/* Kinds of VM exits that KVM counts; others are in VCPU_EXITS_ALL alone. */
enum vcpu_exits {
	VCPU_EXITS_ALL,
	VCPU_EXITS_IRQ,		/* an interrupt of the host: a kick, a tick */
	VCPU_EXITS_WINDOW,	/* the guest can take an interrupt now */
	VCPU_EXITS_MMIO,	/* to lem-vm, for a register */
	VCPU_EXITS_IO,		/* to lem-vm, for a port */
	VCPU_EXITS_HALT,
	VCPU_EXITS
};

struct vcpu {
	struct vm *vm;
	unsigned int id;
	int fd;
	int stats_fd;			/* -1: this kernel has none */
	int64_t stat_at[VCPU_EXITS];	/* in stats_fd; -1: not there */
	struct kvm_run *run;
	size_t run_bytes;
	pthread_t thread;
	bool started;			/* thread is valid */
	pthread_t self;			/* the same, as the thread says it */
	atomic_bool runs;		/* self is valid */
	atomic_ullong returns;		/* of KVM_RUN */
	unsigned int faults;		/* in a row, with no change between */
	unsigned int undelivered;	/* KVM's DELIVERY_EV, in a row */
	uint64_t fault_changes;		/* nic_fault() at the last of them */
};

/*
 * vcpu_new: make the VM's next CPU, of number id, in vm->cpu[id].  vcpu_boot:
 * set its CPUID, and the first CPU's state.  Call them before there are
 * threads. Return 0, or -1 with err set.
 */
int vcpu_new(struct vm *vm, unsigned int id, struct err *err);
void vcpu_free(struct vcpu *cpu);
int vcpu_boot(struct vcpu *cpu, const struct boot *boot, struct err *err);

/* vcpu_run: run the CPU until vm_stop(); its thread calls this. */
void vcpu_run(struct vcpu *cpu);

/* vcpu_kick: end KVM_RUN.  VCPU_SIGNAL must have a handler. */
void vcpu_kick(struct vcpu *cpu);
#define VCPU_SIGNAL	SIGUSR1

/*
 * vcpu_exits: the CPU's VM exits so far, of one kind, as KVM counts them; -1:
 * it does not.
 */
int64_t vcpu_exits(const struct vcpu *cpu, enum vcpu_exits kind);

#endif
