/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lem-vm's half of nic_doorbell.c: doorbell memory as a memory slot of KVM's.
 */
#ifndef VM_DOORBELL_H
#define VM_DOORBELL_H

#include "nic.h"

struct vm;

/* Where a NIC's doorbells are memory.  vm.slot_lock guards shown and gpa. */
struct doorbell_slot {
	void *mem, *guest_mem;		/* the same memory, mapped twice */
	bool shown;			/* the guest is to see it */
	uint64_t gpa;			/* of the slot; 0: no slot now */
};

/* The NIC's ctx is its struct nic_place. */
extern const struct nic_doorbell_ops vm_doorbell_ops;

/*
 * vm_doorbell_new: memory for the NIC of that number.  Returns 0, or -1 with
 * err set.  vm_doorbell_free: after nic_free().
 */
int vm_doorbell_new(struct vm *vm, unsigned int nic, struct err *err);
void vm_doorbell_free(struct vm *vm, unsigned int nic);

/* vm_doorbell_move: a NIC's BAR has moved (machine_ops.bars).  Any thread. */
void vm_doorbell_move(struct vm *vm, unsigned int nic);

#endif
