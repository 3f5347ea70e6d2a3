/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual machine on KVM: memory, CPUs, interrupt controllers, and behind
 * them a machine (machine.h).
 *
 * Threads: one a CPU (vcpu_run()), one a NIC (nic_run()), and the main one,
 * which waits for the end.
 */
#ifndef VM_VM_H
#define VM_VM_H

#include "boot.h"
#include "doorbell.h"
#include "machine.h"
#include "vcpu.h"

#define VM_CPUS_MAX	4u

/* A NIC's ctx: which VM it is in, and its number there. */
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

	int output_fd;			/* serial port, debug console; -1 */
	int end_fd;			/* readable: it is over */
	atomic_bool stopping;
	_Atomic(enum machine_end) end;
	atomic_int status;
	pthread_mutex_t end_lock;	/* of why */
	struct err why;			/* it broke: text is not empty */
};

struct vm_config {
	uint64_t memory_bytes;
	int memory_fd;			/* -1: its own */
	unsigned int cpus;
	int output_fd;			/* -1: nowhere */
};

/*
 * vm_new: a machine without NICs that has not booted.  Returns NULL with err
 * set: no KVM, no permission, no memory.
 */
struct vm *vm_new(const struct vm_config *config, struct err *err);
void vm_free(struct vm *vm);

/*
 * vm_nic_add: vmm and ctx of config are the VM's to set.  The VM owns the NIC
 * and its backend, also if it fails.  Returns NULL with err set.
 */
struct nic *
vm_nic_add(struct vm *vm, const struct nic_config *config, struct err *err);

/* vm_boot: what the CPUs begin with.  boot stays until vm_free(). */
int vm_boot(struct vm *vm, const struct boot *boot, struct err *err);

/*
 * vm_stop: have vcpu_run() return in all threads.  vm_fail: the same, for a
 * reason.  Any thread.
 */
void vm_stop(struct vm *vm);
void vm_fail(struct vm *vm, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Memory slots of KVM. */
#define VM_SLOT_LOW	0u
#define VM_SLOT_HIGH	1u
#define VM_SLOT_ROM	2u
#define VM_SLOT_DOORBELL 3u		/* and MACHINE_NICS - 1 more */

/*
 * vm_slot_set: the guest has `bytes` of mem at gpa; 0 bytes: no longer.  When
 * it returns no CPU uses what was there before.  Any thread.  Returns 0 or
 * -errno.
 */
int vm_slot_set(struct vm *vm, uint32_t slot, uint64_t gpa, const void *mem,
    uint64_t bytes, uint32_t flags);

#endif
