/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doorbell memory on KVM.  Each NIC's is a memfd that is mapped twice: once for
 * the model, once for the guest, whose mapping is behind a memory slot.
 *
 *	map, unmap	the slot comes and goes; KVM waits until no vCPU uses it
 *	park, unpark	the guest's mapping is write-protected, and is not; its
 *			next write makes KVM_RUN fail with EFAULT
 *
 * The slot follows the BAR: it is where the registers are, or nowhere.
 */
#include "doorbell.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vm.h"

/* With slot_lock. */
static int
slot_follow(struct vm *vm, unsigned int nic)
{
	struct doorbell_slot *d = &vm->doorbell[nic];
	uint64_t bar = vm->machine.nic[nic].mem, gpa = 0;
	int error = 0;

	if (d->shown && bar != 0)
		gpa = bar + E82540_DOORBELL_OFFSET;
	if (gpa == d->gpa)
		return 0;
	if (d->gpa != 0)
		(void)vm_slot_set(vm, VM_SLOT_DOORBELL + nic, d->gpa,
		    d->guest_mem, 0, 0);
	d->gpa = 0;
	if (gpa != 0)
		error = vm_slot_set(vm, VM_SLOT_DOORBELL + nic, gpa,
		    d->guest_mem, E82540_DOORBELL_BYTES, 0);
	if (error == 0)
		d->gpa = gpa;
	return error;
}

static int
slot_show(struct nic_place *p, bool shown)
{
	struct vm *vm = p->vm;
	int error;

	pthread_mutex_lock(&vm->slot_lock);
	vm->doorbell[p->number].shown = shown;
	error = slot_follow(vm, p->number);
	if (error != 0)
		vm->doorbell[p->number].shown = false;
	pthread_mutex_unlock(&vm->slot_lock);
	return error;
}

static int
guest_mem_protect(const struct nic_place *p, int prot)
{
	return mprotect(p->vm->doorbell[p->number].guest_mem,
		   E82540_DOORBELL_BYTES, prot) == 0 ?
	    0 :
	    -errno;
}

static int
slot_map(void *ctx)
{
	int error = guest_mem_protect(ctx, PROT_READ | PROT_WRITE);

	return error != 0 ? error : slot_show(ctx, true);
}

static void
slot_unmap(void *ctx)
{
	(void)slot_show(ctx, false);
}

static int
slot_park(void *ctx, const uint32_t *seen)
{
	(void)seen;
	return guest_mem_protect(ctx, PROT_READ);
}

static void
slot_unpark(void *ctx)
{
	(void)guest_mem_protect(ctx, PROT_READ | PROT_WRITE);
}

const struct nic_doorbell_ops vm_doorbell_ops = {
	.map = slot_map,
	.unmap = slot_unmap,
	.park = slot_park,
	.unpark = slot_unpark,
};

void
vm_doorbell_move(struct vm *vm, unsigned int nic)
{
	pthread_mutex_lock(&vm->slot_lock);
	(void)slot_follow(vm, nic);
	pthread_mutex_unlock(&vm->slot_lock);
}

static void *
memory_map(int fd)
{
	void *p = mmap(NULL, E82540_DOORBELL_BYTES, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

int
vm_doorbell_new(struct vm *vm, unsigned int nic, struct err *err)
{
	struct doorbell_slot *d = &vm->doorbell[nic];
	int fd = memfd_create("e1000-doorbells", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, E82540_DOORBELL_BYTES) != 0)
		goto failed;
	d->mem = memory_map(fd);
	d->guest_mem = memory_map(fd);
	if (d->mem == NULL || d->guest_mem == NULL)
		goto failed;
	(void)close(fd);
	return 0;
failed:
	(void)err_set(err, "no memory for doorbells: %s", strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

void
vm_doorbell_free(struct vm *vm, unsigned int nic)
{
	struct doorbell_slot *d = &vm->doorbell[nic];

	if (d->mem != NULL)
		(void)munmap(d->mem, E82540_DOORBELL_BYTES);
	if (d->guest_mem != NULL)
		(void)munmap(d->guest_mem, E82540_DOORBELL_BYTES);
	*d = (struct doorbell_slot){ 0 };
}
