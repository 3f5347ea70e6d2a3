/* SPDX-License-Identifier: BSD-2-Clause */
#include "restart.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vm.h"

#define MSRS_MAX	1024u
#define MSR_TSC		0x10u		/* goes on, the same on all CPUs */

/* A call of KVM that saves or restores a part, and its name in messages. */
struct call {
	unsigned long request;
	size_t at;			/* in struct restart_cpu */
	const char *name;
	size_t needs;			/* a bool in struct restart; 0: none */
};

#define CALL(request, member, needs)                                           \
	{                                                                      \
		request, offsetof(struct restart_cpu, member), #request, needs \
	}
#define HAS_XSAVE	offsetof(struct restart, xsave)
#define HAS_XCRS	offsetof(struct restart, xcrs)

static const struct call save[] = {
	CALL(KVM_GET_REGS, regs, 0),
	CALL(KVM_GET_SREGS, sregs, 0),
	CALL(KVM_GET_XSAVE, xsave, HAS_XSAVE),
	CALL(KVM_GET_XCRS, xcrs, HAS_XCRS),
	CALL(KVM_GET_DEBUGREGS, debugregs, 0),
	CALL(KVM_GET_LAPIC, lapic, 0),
	CALL(KVM_GET_VCPU_EVENTS, events, 0),
	CALL(KVM_GET_MP_STATE, mp_state, 0),
};

/* The local APIC needs its address, in sregs; mp_state comes last. */
static const struct call restore[] = {
	CALL(KVM_SET_SREGS, sregs, 0),
	CALL(KVM_SET_LAPIC, lapic, 0),
	CALL(KVM_SET_REGS, regs, 0),
	CALL(KVM_SET_XSAVE, xsave, HAS_XSAVE),
	CALL(KVM_SET_XCRS, xcrs, HAS_XCRS),
	CALL(KVM_SET_DEBUGREGS, debugregs, 0),
	CALL(KVM_SET_VCPU_EVENTS, events, 0),
	CALL(KVM_SET_MP_STATE, mp_state, 0),
};

static int
cpu_calls(const struct vcpu *cpu, const struct call *call, unsigned int n,
    struct err *err)
{
	struct restart *r = &cpu->vm->restart;
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (call[i].needs != 0 &&
		    !*(const bool *)((const uint8_t *)r + call[i].needs))
			continue;
		if (ioctl(cpu->fd, call[i].request,
			(uint8_t *)&r->cpu[cpu->id] + call[i].at) != 0)
			return err_set(err, "CPU %u: %s: %s", cpu->id,
			    call[i].name, strerror(errno));
	}
	return 0;
}

/* --------------------------------------------------------------------- save */

/* Those that KVM lists and can read, one by one: it stops at the first bad. */
static int
msrs_save(const struct vcpu *cpu, struct err *err)
{
	struct restart_cpu *state = &cpu->vm->restart.cpu[cpu->id];
	struct kvm_msr_list *list =
	    calloc(1, sizeof(*list) + MSRS_MAX * sizeof(list->indices[0]));
	struct restart_msr *msr = calloc(MSRS_MAX, sizeof(*msr));
	unsigned int i, n = 0;
	int error = 0;

	if (list == NULL || msr == NULL) {
		error = err_set(err, "out of memory");
		goto free_list;
	}
	list->nmsrs = MSRS_MAX;
	if (ioctl(cpu->vm->kvm_fd, KVM_GET_MSR_INDEX_LIST, list) != 0)
		error =
		    err_set(err, "KVM_GET_MSR_INDEX_LIST: %s", strerror(errno));
	for (i = 0; error == 0 && i < list->nmsrs; i++) {
		msr[n].nmsrs = 1;
		msr[n].msr.index = list->indices[i];
		if (list->indices[i] != MSR_TSC &&
		    ioctl(cpu->fd, KVM_GET_MSRS, &msr[n]) == 1)
			n++;
	}
	state->msr = msr;
	state->msrs = n;
	msr = NULL;
free_list:
	free(list);
	free(msr);
	return error;
}

static int
chips_call(struct vm *vm, unsigned long chip, unsigned long pit)
{
	struct restart *r = &vm->restart;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		r->chip[i].chip_id = i;
		if (ioctl(vm->fd, chip, &r->chip[i]) != 0)
			return -errno;
	}
	return ioctl(vm->fd, pit, &r->pit) == 0 ? 0 : -errno;
}

int
restart_save(struct vm *vm, int (*load)(void *ctx, struct err *err), void *ctx,
    struct err *err)
{
	struct restart *r = &vm->restart;
	unsigned int i;
	int error;

	r->load = load;
	r->ctx = ctx;
	r->xsave = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_XSAVE) > 0;
	r->xcrs = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_XCRS) > 0;
	r->cpu = calloc(vm->cpus, sizeof(*r->cpu));
	if (r->cpu == NULL)
		return err_set(err, "out of memory");
	for (i = 0; i < vm->cpus; i++)
		if (cpu_calls(&vm->cpu[i], save, sizeof(save) / sizeof(save[0]),
			err) != 0 ||
		    msrs_save(&vm->cpu[i], err) != 0)
			return -1;
	error = chips_call(vm, KVM_GET_IRQCHIP, KVM_GET_PIT2);
	return error == 0 ?
	    0 :
	    err_set(err, "KVM's interrupt controllers: %s", strerror(-error));
}

void
restart_free(struct vm *vm)
{
	struct restart *r = &vm->restart;
	unsigned int i;

	for (i = 0; r->cpu != NULL && i < vm->cpus; i++)
		free(r->cpu[i].msr);
	free(r->cpu);
	r->cpu = NULL;
}

/* ------------------------------------------------------------------ restore */

/* An MSR that KVM refuses is one that the guest cannot have changed. */
static int
cpu_restore(const struct vcpu *cpu, struct err *err)
{
	struct restart_cpu *state = &cpu->vm->restart.cpu[cpu->id];
	unsigned int i;

	if (cpu_calls(cpu, restore, sizeof(restore) / sizeof(restore[0]),
		err) != 0)
		return -1;
	for (i = 0; i < state->msrs; i++)
		(void)ioctl(cpu->fd, KVM_SET_MSRS, &state->msr[i]);
	return 0;
}

/* In the thread of one CPU; the others rest. */
static void
restart_all(struct vm *vm)
{
	struct err err = { .text = "" };
	unsigned int i;
	int error;

	machine_reset(&vm->machine);
	error = chips_call(vm, KVM_SET_IRQCHIP, KVM_SET_PIT2);
	if (error != 0)
		(void)err_set(&err, "KVM's interrupt controllers: %s",
		    strerror(-error));
	for (i = 0; i < vm->cpus && error == 0; i++)
		error = cpu_restore(&vm->cpu[i], &err);
	if (error == 0)
		error = vm->restart.load(vm->restart.ctx, &err);
	if (error != 0)
		vm_fail(vm, "cannot start the guest again: %s", err.text);
}

/*
 * KVM finishes the instruction that exited last only when it runs the CPU
 * again; with immediate_exit it does no more than that.
 */
static void
cpu_settle(struct vcpu *cpu)
{
	unsigned int i;

	__atomic_store_n(&cpu->run->immediate_exit, 1, __ATOMIC_RELAXED);
	for (i = 0; i < 64 && ioctl(cpu->fd, KVM_RUN, 0) == 0; i++)
		;
}

void
restart_begin(struct vm *vm)
{
	unsigned int i;

	atomic_store(&vm->restarting, true);
	for (i = 0; i < vm->cpus; i++)
		vcpu_kick(&vm->cpu[i]);
}

void
restart_rest(struct vcpu *cpu)
{
	struct vm *vm = cpu->vm;
	struct restart *r = &vm->restart;
	unsigned long long count;
	bool last;

	cpu_settle(cpu);
	pthread_mutex_lock(&vm->end_lock);
	count = r->count;
	last = ++r->resting == vm->cpus;
	while (!last && r->count == count && !atomic_load(&vm->stopping))
		pthread_cond_wait(&vm->end_cond, &vm->end_lock);
	pthread_mutex_unlock(&vm->end_lock);
	if (!last)
		return;
	restart_all(vm);
	pthread_mutex_lock(&vm->end_lock);
	atomic_store(&vm->restarting, false);
	r->resting = 0;
	r->count++;
	pthread_cond_broadcast(&vm->end_cond);
	pthread_mutex_unlock(&vm->end_lock);
}
