/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual machine on KVM: memory, CPUs and interrupt controllers, and a
 * machine (machine.h) behind them.
 *
 * Threads: one for each CPU (vcpu_run()), one for each NIC (nic_run()), and the
 * main thread, which waits for the end.
 */
#ifndef VM_VM_H
#define VM_VM_H

#include "boot.h"
#include "doorbell.h"
#include "machine.h"
#include "restart.h"
#include "vcpu.h"

#define VM_CPUS_MAX	4u

/* A NIC's ctx: its VM, and its number there. */
struct nic_place {
	struct vm *vm;
	unsigned int number;
};

struct vm {
	int kvm_fd, fd;
	struct ram ram;
	struct machine machine;
	unsigned int cpus;
	struct vcpu cpu[VM_CPUS_MAX];

	pthread_mutex_t slot_lock;
	struct doorbell_slot doorbell[MACHINE_NICS];
	struct nic_place place[MACHINE_NICS];

	int output_fd;			/* as in vm_config */
	int end_fd;			/* readable after vm_stop() */
	atomic_bool stopping;
	atomic_bool restarting;		/* CPUs come to rest: restart.h */
	struct restart restart;
	_Atomic(enum machine_end) end;
	atomic_int status;
	pthread_mutex_t end_lock;	/* of why, and of restart */
	pthread_cond_t end_cond;	/* stopping, or the guest began again */
	struct err why;			/* of vm_fail(); else text is empty */
};

struct vm_config {
	uint64_t memory_bytes;
	int memory_fd;			/* -1: anonymous memory */
	unsigned int cpus;
	int output_fd;			/* of the serial port; -1: nowhere */
};

/*
 * vm_new: make a VM without NICs and without an image.  Returns NULL with err
 * set: no KVM, no permission, no memory.
 */
struct vm *vm_new(const struct vm_config *config, struct err *err);
/* vm_close_kvm: /dev/kvm, which only set-up needs. */
void vm_close_kvm(struct vm *vm);

void vm_free(struct vm *vm);

/*
 * vm_nic_add: add a NIC; the VM fills in what config says of the VMM.  The VM
 * owns the NIC and its backend, also after an error.  Returns NULL with err
 * set.
 */
struct nic *
vm_nic_add(struct vm *vm, const struct nic_config *config, struct err *err);

/*
 * vm_boot: set the state that the CPUs start with.  boot must stay until
 * vm_free().  Returns 0, or -1 with err set.
 */
int vm_boot(struct vm *vm, const struct boot *boot, struct err *err);

/*
 * vm_stop: make vcpu_run() return in all threads.  vm_fail: the same, with a
 * reason; the first reason stays.  Any thread.
 */
void vm_stop(struct vm *vm);
void vm_fail(struct vm *vm, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Memory slots of KVM. */
#define VM_SLOT_LOW	0u		/* and one more: high memory */
#define VM_SLOT_ROM	2u
#define VM_SLOT_DOORBELL 3u		/* and MACHINE_NICS - 1 more */

/*
 * vm_slot_set: give the guest `bytes` of mem at gpa; 0 bytes: take them away.
 * When it returns, no CPU uses the slot's former memory.  Any thread.  Returns
 * 0 or -errno.
 */
int vm_slot_set(struct vm *vm, uint32_t slot, uint64_t gpa, const void *mem,
    uint64_t bytes, uint32_t flags);

#endif
