/* SPDX-License-Identifier: BSD-2-Clause */
#include "vcpu.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cpuid.h"
#include "vm.h"

#define FAULTS_MAX	100u	/* without a change: not a doorbell */

/*
 * KVM of Linux 6.14 and later takes an exit for one that delivers an event, and
 * does not emulate it, if exit_int_info has a type, though it is not valid.
 * QEMU's TCG leaves the type of the last exception there.  The next try works.
 */
#define UNDELIVERED_MAX	3u

#define CR0_PE		0x1u
#define CR0_LONG	0x80050033u	/* PG AM WP NE ET MP PE */
#define CR4_PAE		0x20u
#define EFER_LONG	0x500u		/* LMA LME */

/* ------------------------------------------------------------------- exits */

static const char *const exit_names[VCPU_EXITS] = {
	[VCPU_EXITS_ALL] = "exits",
	[VCPU_EXITS_IRQ] = "irq_exits",
	[VCPU_EXITS_WINDOW] = "irq_window_exits",
	[VCPU_EXITS_MMIO] = "mmio_exits",
	[VCPU_EXITS_IO] = "io_exits",
	[VCPU_EXITS_HALT] = "halt_exits",
};

/* KVM's binary statistics: a header, names, descriptors, data. */
static void
vcpu_exits_find(struct vcpu *cpu)
{
	uint8_t buf[sizeof(struct kvm_stats_desc) + 128];
	struct kvm_stats_desc *d = (struct kvm_stats_desc *)(void *)buf;
	struct kvm_stats_header h;
	unsigned int kind;
	uint32_t i;
	size_t bytes;

	for (kind = 0; kind < VCPU_EXITS; kind++)
		cpu->stat_at[kind] = -1;
	cpu->stats_fd = ioctl(cpu->fd, KVM_GET_STATS_FD, NULL);
	/* KVM leaves it to programs that we may start. */
	if (cpu->stats_fd >= 0)
		(void)fcntl(cpu->stats_fd, F_SETFD, FD_CLOEXEC);
	if (cpu->stats_fd < 0 ||
	    pread(cpu->stats_fd, &h, sizeof(h), 0) != sizeof(h) ||
	    h.name_size > 128)
		return;
	bytes = sizeof(*d) + h.name_size;
	for (i = 0; i < h.num_desc; i++) {
		if (pread(cpu->stats_fd, buf, bytes,
			(off_t)h.desc_offset + (off_t)(i * bytes)) !=
		    (ssize_t)bytes)
			return;
		buf[bytes - 1] = '\0';
		for (kind = 0; kind < VCPU_EXITS; kind++)
			if (strcmp(d->name, exit_names[kind]) == 0)
				cpu->stat_at[kind] =
				    (int64_t)h.data_offset + d->offset;
	}
}

int64_t
vcpu_exits(const struct vcpu *cpu, enum vcpu_exits kind)
{
	uint64_t value;

	if (cpu->stat_at[kind] < 0 ||
	    pread(cpu->stats_fd, &value, sizeof(value), cpu->stat_at[kind]) !=
		sizeof(value))
		return -1;
	return (int64_t)value;
}

/* --------------------------------------------------------------- new, free */

static struct cpuid_facts
cpuid_facts_of(const struct vcpu *cpu)
{
	/* An error if this host's TSC changes its speed. */
	int khz = ioctl(cpu->fd, KVM_GET_TSC_KHZ, NULL);

	return (struct cpuid_facts){
		.id = cpu->id,
		.cpus = cpu->vm->cpus,
		.tsc_deadline = ioctl(cpu->vm->kvm_fd, KVM_CHECK_EXTENSION,
				    KVM_CAP_TSC_DEADLINE_TIMER) > 0,
		.tsc_khz = khz > 0 ? (uint32_t)khz : 0,
	};
}

static int
cpuid_set(struct vcpu *cpu, struct err *err)
{
	struct kvm_cpuid2 *c = calloc(1,
	    sizeof(*c) + CPUID_ENTRIES_MAX * sizeof(struct kvm_cpuid_entry2));
	const struct cpuid_facts facts = cpuid_facts_of(cpu);
	int error = 0;

	if (c == NULL)
		return err_set(err, "out of memory");
	c->nent = CPUID_ENTRIES_MAX;
	if (ioctl(cpu->vm->kvm_fd, KVM_GET_SUPPORTED_CPUID, c) != 0) {
		error = err_set(err, "KVM_GET_SUPPORTED_CPUID: %s",
		    strerror(errno));
		goto free_cpuid;
	}
	cpuid_complete(c, &facts);
	if (ioctl(cpu->fd, KVM_SET_CPUID2, c) != 0)
		error = err_set(err, "KVM_SET_CPUID2: %s", strerror(errno));
free_cpuid:
	free(c);
	return error;
}

int
vcpu_new(struct vm *vm, unsigned int id, struct err *err)
{
	struct vcpu *cpu = &vm->cpu[id];
	int bytes;
	void *run;

	cpu->vm = vm;
	cpu->id = id;
	cpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, id);
	cpu->stats_fd = -1;
	if (cpu->fd < 0)
		return err_set(err, "KVM cannot create CPU %u: %s", id,
		    strerror(errno));
	vm->cpus = id + 1;
	bytes = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (bytes < 0)
		return err_set(err, "KVM_GET_VCPU_MMAP_SIZE: %s",
		    strerror(errno));
	cpu->run_bytes = (size_t)bytes;
	run = mmap(NULL, cpu->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
	    cpu->fd, 0);
	if (run == MAP_FAILED)
		return err_set(err, "cannot map KVM's page of CPU %u: %s", id,
		    strerror(errno));
	cpu->run = run;
	vcpu_exits_find(cpu);
	return 0;
}

void
vcpu_free(struct vcpu *cpu)
{
	if (cpu->run != NULL)
		(void)munmap(cpu->run, cpu->run_bytes);
	if (cpu->stats_fd >= 0)
		(void)close(cpu->stats_fd);
	if (cpu->fd >= 0)
		(void)close(cpu->fd);
}

/* ------------------------------------------------------------------- begin */

static struct kvm_segment
vcpu_segment(uint16_t selector, uint8_t type, bool code64)
{
	return (struct kvm_segment){
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.s = 1,
		.g = 1,
		.db = !code64,
		.l = code64,
	};
}

static void
vcpu_flat_segments(struct kvm_sregs *s, bool code64)
{
	s->cs = vcpu_segment(BOOT_CS, 0xb, code64);
	s->ds = vcpu_segment(BOOT_DS, 0x3, false);
	s->es = s->fs = s->gs = s->ss = s->ds;
}

static void
vcpu_boot_sregs(struct kvm_sregs *s, const struct boot *boot)
{
	vcpu_flat_segments(s, boot->mode == BOOT_LONG);
	if (boot->mode == BOOT_LONG) {
		s->gdt.base = boot->gdt;
		s->gdt.limit = BOOT_GDT_BYTES - 1;
		s->cr0 = CR0_LONG;
		s->cr3 = boot->page_tables;
		s->cr4 = CR4_PAE;
		s->efer = EFER_LONG;
	} else {
		s->cr0 = CR0_PE;
		s->tr = vcpu_segment(0x20, 0xb, false);
		s->tr.s = 0;
		s->tr.limit = 0x67;
	}
}

/* Only the first CPU starts; the others wait for its INIT and SIPI. */
int
vcpu_boot(struct vcpu *cpu, const struct boot *boot, struct err *err)
{
	struct kvm_regs regs = { .rflags = 2, .rip = boot->entry };
	struct kvm_sregs sregs;

	if (cpuid_set(cpu, err) != 0)
		return -1;
	if (cpu->id != 0 || boot->mode == BOOT_RESET)
		return 0;
	if (ioctl(cpu->fd, KVM_GET_SREGS, &sregs) != 0)
		return err_set(err, "KVM_GET_SREGS: %s", strerror(errno));
	vcpu_boot_sregs(&sregs, boot);
	if (boot->mode == BOOT_LONG)
		regs.rsi = boot->argument;
	else
		regs.rbx = boot->argument;
	if (ioctl(cpu->fd, KVM_SET_SREGS, &sregs) != 0 ||
	    ioctl(cpu->fd, KVM_SET_REGS, &regs) != 0)
		return err_set(err, "KVM refuses the CPU's registers: %s",
		    strerror(errno));
	return 0;
}

/* --------------------------------------------------------------------- run */

static void
vcpu_exit_port(struct vcpu *cpu)
{
	struct kvm_run *run = cpu->run;
	struct machine *m = &cpu->vm->machine;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	uint32_t i, value;

	for (i = 0; i < run->io.count; i++, data += run->io.size) {
		value = 0;
		if (run->io.direction == KVM_EXIT_IO_IN) {
			value =
			    machine_port_read(m, run->io.port, run->io.size);
			memcpy(data, &value, run->io.size);
		} else {
			memcpy(&value, data, run->io.size);
			machine_port_write(m, run->io.port, run->io.size,
			    value);
		}
	}
}

/* Ends the run; the message says where the CPU is. */
static void
vcpu_broken(struct vcpu *cpu, const char *what, unsigned long long detail)
{
	struct kvm_regs regs = { 0 };

	(void)ioctl(cpu->fd, KVM_GET_REGS, &regs);
	vm_fail(cpu->vm, "CPU %u: %s (%#llx) at RIP %#llx", cpu->id, what,
	    detail, (unsigned long long)regs.rip);
}

static void
vcpu_exit_memory(struct vcpu *cpu)
{
	struct kvm_run *run = cpu->run;
	struct machine *m = &cpu->vm->machine;
	uint64_t value = 0;

	/* KVM could not: the file of --memory-fd was truncated. */
	if (ram_at(&cpu->vm->ram, run->mmio.phys_addr, run->mmio.len) != NULL) {
		vcpu_broken(cpu, "access to memory that does not exist",
		    run->mmio.phys_addr);
	} else if (run->mmio.is_write) {
		memcpy(&value, run->mmio.data, run->mmio.len);
		machine_mem_write(m, run->mmio.phys_addr, run->mmio.len, value);
	} else {
		value = machine_mem_read(m, run->mmio.phys_addr, run->mmio.len);
		memcpy(run->mmio.data, &value, sizeof(value));
	}
}

static void
vcpu_exit_other(struct vcpu *cpu)
{
	struct kvm_run *run = cpu->run;

	switch (run->exit_reason) {
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		break;
	case KVM_EXIT_SHUTDOWN:
		cpu->vm->end = MACHINE_TRIPLE_FAULT;
		vcpu_broken(cpu, "the guest caused a triple fault", 0);
		break;
	case KVM_EXIT_SYSTEM_EVENT:
		cpu->vm->machine.ops->end(cpu->vm,
		    run->system_event.type == KVM_SYSTEM_EVENT_SHUTDOWN ?
			MACHINE_OFF :
			run->system_event.type == KVM_SYSTEM_EVENT_CRASH ?
			MACHINE_PANIC :
			MACHINE_RESET,
		    0);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		vcpu_broken(cpu, "KVM cannot enter the guest",
		    run->fail_entry.hardware_entry_failure_reason);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		if (cpu->run->internal.suberror ==
			KVM_INTERNAL_ERROR_DELIVERY_EV &&
		    cpu->undelivered++ < UNDELIVERED_MAX)
			break;
		vcpu_broken(cpu, "KVM cannot emulate an instruction",
		    run->internal.suberror);
		break;
	default:
		vcpu_broken(cpu, "unknown KVM exit", run->exit_reason);
		break;
	}
}

/*
 * KVM_RUN fails if the guest writes to a parked doorbell; nic_fault() unparks
 * it, unless another CPU has done so already.  If a CPU faults again and again,
 * and no NIC's state changes, the address is not a doorbell.
 */
static void
vcpu_exit_fault(struct vcpu *cpu)
{
	struct machine *m = &cpu->vm->machine;
	uint64_t changes = 0;
	unsigned int i;

	for (i = 0; i < m->nics; i++)
		changes += nic_fault(m->nic[i].nic);
	cpu->faults = changes == cpu->fault_changes ? cpu->faults + 1 : 0;
	cpu->fault_changes = changes;
	if (cpu->faults == FAULTS_MAX)
		vcpu_broken(cpu, "access to memory that does not exist", 0);
}

/*
 * A signal, or vcpu_kick(), ended KVM_RUN.  After this vcpu_run() looks why: so
 * a kick that comes now is not lost.
 */
static void
vcpu_kicked(struct vcpu *cpu)
{
	__atomic_store_n(&cpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
}

void
vcpu_run(struct vcpu *cpu)
{
	struct vm *vm = cpu->vm;

	/* A kick is a signal from now on; one that came before is seen here. */
	cpu->self = pthread_self();
	atomic_store(&cpu->runs, true);
	while (!atomic_load(&vm->stopping)) {
		if (atomic_load(&vm->restarting)) {
			restart_rest(cpu);
			continue;
		}
		cpu->returns++;
		if (ioctl(cpu->fd, KVM_RUN, 0) != 0) {
			if (errno == EFAULT)
				vcpu_exit_fault(cpu);
			else if (errno == EINTR)
				vcpu_kicked(cpu);
			else if (errno != EAGAIN)
				vcpu_broken(cpu, strerror(errno), errno);
			continue;
		}
		cpu->faults = 0;
		if (cpu->run->exit_reason != KVM_EXIT_INTERNAL_ERROR)
			cpu->undelivered = 0;
		if (cpu->run->exit_reason == KVM_EXIT_MMIO)
			vcpu_exit_memory(cpu);
		else if (cpu->run->exit_reason == KVM_EXIT_IO)
			vcpu_exit_port(cpu);
		else
			vcpu_exit_other(cpu);
	}
}

void
vcpu_kick(struct vcpu *cpu)
{
	if (cpu->run != NULL)
		__atomic_store_n(&cpu->run->immediate_exit, 1,
		    __ATOMIC_RELAXED);
	if (atomic_load(&cpu->runs))
		(void)pthread_kill(cpu->self, VCPU_SIGNAL);
}
