/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that resets the machine, and begins again (--on-reset restart).
 *
 * KVM has no reset.  What CPUs and interrupt controllers are like before the
 * guest's first instruction is saved; a reset restores it.  All CPUs' threads
 * come to rest first; the last one of them resets everything.  Threads of NICs
 * go on.
 *
 *	restart_save()		after vm_boot()
 *	restart_begin()		the guest has reset the machine
 *	restart_rest()		each CPU's thread: until the guest begins again
 *
 * What was in memory stays there, but for what is loaded.
 */
#ifndef VM_RESTART_H
#define VM_RESTART_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct vcpu;
struct vm;

/* As struct kvm_msrs, of one. */
struct restart_msr {
	uint32_t nmsrs, pad;
	struct kvm_msr_entry msr;
};

/* A CPU, as KVM has it. */
struct restart_cpu {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	uint32_t xsave[1024];		/* struct kvm_xsave */
	struct kvm_xcrs xcrs;
	struct kvm_debugregs debugregs;
	struct kvm_lapic_state lapic;
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp_state;
	struct restart_msr *msr;
	unsigned int msrs;
};

struct restart {
	struct restart_cpu *cpu;	/* NULL: the guest does not restart */
	bool xsave, xcrs;		/* KVM has them */
	struct kvm_irqchip chip[3];
	struct kvm_pit_state2 pit;
	/* load: put the guest's image into memory again; -1: err is set. */
	int (*load)(void *ctx, struct err *err);
	void *ctx;
	unsigned int resting;		/* threads; with end_lock */
	unsigned long long count;	/* resets that are done; likewise */
};

/*
 * restart_save: after this a reset of the guest's starts it again.  Free it by
 * restart_free(), also after an error.  Returns 0, or -1 with err set.
 */
int restart_save(struct vm *vm, int (*load)(void *ctx, struct err *err),
    void *ctx, struct err *err);
void restart_free(struct vm *vm);

/* restart_begin: make all CPUs' threads come to rest.  A CPU's thread. */
void restart_begin(struct vm *vm);

/*
 * restart_rest: wait until all CPUs' threads are here and the machine is reset,
 * or until vm_stop().  For CPUs' threads, while vm->restarting.
 */
void restart_rest(struct vcpu *cpu);

#endif
