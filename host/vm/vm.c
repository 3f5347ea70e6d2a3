/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "e1000_hw.h"

/* Three pages and one page that KVM uses on Intel; nothing else is there. */
#define TSS_ADDRESS	0xfeffd000u
#define IDENTITY_ADDRESS 0xfeffc000ull

/* KVM_X86_QUIRK_SLOT_ZAP_ALL: newer than the headers of Debian 12. */
#define QUIRK_ZAP_ALL	(1u << 7)

/* ---------------------------------------------------------------- the end */

void
vm_stop(struct vm *vm)
{
	static const uint64_t one = 1;
	unsigned int i;

	pthread_mutex_lock(&vm->end_lock);
	atomic_store(&vm->stopping, true);
	pthread_cond_broadcast(&vm->end_cond);
	pthread_mutex_unlock(&vm->end_lock);
	(void)!write(vm->end_fd, &one, sizeof(one));
	for (i = 0; i < vm->cpus; i++)
		vcpu_kick(&vm->cpu[i]);
}

void
vm_fail(struct vm *vm, const char *format, ...)
{
	va_list ap;

	pthread_mutex_lock(&vm->end_lock);
	if (vm->why.text[0] == '\0') {
		va_start(ap, format);
		err_vset(&vm->why, false, format, ap);
		va_end(ap);
	}
	pthread_mutex_unlock(&vm->end_lock);
	vm_stop(vm);
}

/* ----------------------------------------------------------- memory slots */

int
vm_slot_set(struct vm *vm, uint32_t slot, uint64_t gpa, const void *mem,
    uint64_t bytes, uint32_t flags)
{
	struct kvm_userspace_memory_region r = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = bytes,
		.userspace_addr = (uintptr_t)mem,
	};

	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &r) == 0 ? 0 : -errno;
}

static int
slots_ram(struct vm *vm, struct err *err)
{
	struct e82540_region region[2];
	unsigned int i, n = ram_regions(&vm->ram, region);
	int error;

	for (i = 0; i < n; i++) {
		error = vm_slot_set(vm, VM_SLOT_LOW + i, region[i].gpa,
		    region[i].host, region[i].len, 0);
		if (error != 0)
			return err_set(err,
			    "KVM refuses the guest's memory: %s",
			    strerror(-error));
	}
	return 0;
}

/* -------------------------------------------------------- what NICs ask for */

static void
place_interrupt(void *ctx, bool asserted)
{
	struct nic_place *p = ctx;

	machine_nic_irq(&p->vm->machine, p->number, asserted);
}

static void
place_msi(void *ctx, uint64_t addr, uint32_t data)
{
	struct nic_place *p = ctx;
	struct kvm_msi msi = {
		.address_lo = (uint32_t)addr,
		.address_hi = (uint32_t)(addr >> 32),
		.data = data,
	};

	(void)ioctl(p->vm->fd, KVM_SIGNAL_MSI, &msi);
}

static void
place_say(void *ctx, const char *text)
{
	const struct nic_place *p = ctx;

	fprintf(stderr, "lem-vm: --nic %u: %s\n", p->number, text);
}

static const struct nic_vmm vmm = {
	.interrupt = place_interrupt,
	.msi = place_msi,
	.say = place_say,
};

struct nic *
vm_nic_add(struct vm *vm, const struct nic_config *config, struct err *err)
{
	struct nic_config c = *config;
	unsigned int i = vm->machine.nics, regions;
	struct e82540_region region[2];
	struct nic *nic;

	if (i == MACHINE_NICS) {
		c.backend->ops->close(c.backend);
		(void)err_set(err, "too many NICs: at most %u", MACHINE_NICS);
		return NULL;
	}
	vm->place[i] = (struct nic_place){ vm, i };
	c.ctx = &vm->place[i];
	c.vmm = &vmm;
	if (vm_doorbell_new(vm, i, err) != 0) {
		c.backend->ops->close(c.backend);
		return NULL;
	}
	c.doorbell_ops = &vm_doorbell_ops;
	c.doorbell_mem = vm->doorbell[i].mem;
	nic = nic_new(&c, err);
	if (nic == NULL)
		return NULL;
	regions = ram_regions(&vm->ram, region);
	(void)nic_memory(nic, region, regions);
	(void)machine_nic_add(&vm->machine, nic);
	return nic;
}

/* --------------------------------------------- what the machine asks for */

/*
 * KVM_IRQ_LINE, not an irqfd with resampling.  The irqfd takes as long to
 * assert, and then wakes a thread at each EOI to look at the level again.  Here
 * the CPU that reads ICR deasserts the line in the same exit.
 */
static void
machine_on_irq(void *ctx, unsigned int gsi, bool level)
{
	struct vm *vm = ctx;
	struct kvm_irq_level l = { .irq = gsi, .level = level };

	(void)ioctl(vm->fd, KVM_IRQ_LINE, &l);
}

/* Waits until the output is read, or until vm_stop(). */
static void
machine_on_output(void *ctx, const uint8_t *data, size_t n)
{
	struct vm *vm = ctx;
	struct pollfd fds[2] = {
		{ .fd = vm->output_fd, .events = POLLOUT },
		{ .fd = vm->end_fd, .events = POLLIN },
	};
	ssize_t done;

	if (vm->output_fd < 0)
		return;
	while (n > 0 && !atomic_load(&vm->stopping)) {
		(void)poll(fds, 2, -1);
		if (fds[0].revents == 0)
			continue;
		done = write(vm->output_fd, data, n);
		if (done > 0) {
			data += done;
			n -= (size_t)done;
		} else if (done == 0 || (errno != EAGAIN && errno != EINTR)) {
			return;		/* the reader has gone */
		}
	}
}

static void
machine_on_end(void *ctx, enum machine_end how, int status)
{
	struct vm *vm = ctx;

	if (how == MACHINE_RESET && vm->restart.cpu != NULL) {
		restart_begin(vm);
		return;
	}
	vm->status = status;
	vm->end = how;
	vm_stop(vm);
}

static void
machine_on_bars(void *ctx, unsigned int nic)
{
	vm_doorbell_move(ctx, nic);
}

static const struct machine_ops machine_ops = {
	.irq = machine_on_irq,
	.output = machine_on_output,
	.end = machine_on_end,
	.bars = machine_on_bars,
};

/* --------------------------------------------------------------- new, free */

static int
kvm_open(struct vm *vm, struct err *err)
{
	int version;

	vm->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm_fd >= 0) {
		version = ioctl(vm->kvm_fd, KVM_GET_API_VERSION, 0);
		if (version == KVM_API_VERSION)
			return 0;
		if (version < 0)
			return err_set(err, "/dev/kvm: not KVM: %s",
			    strerror(errno));
		return err_set(err,
		    "unsupported KVM API version %d; lem-vm needs %d", version,
		    KVM_API_VERSION);
	}
	if (errno == ENOENT)
		return err_set(err,
		    "there is no /dev/kvm: load kvm-intel or kvm-amd, and "
		    "switch virtualisation on in the firmware");
	if (errno == EACCES || errno == EPERM)
		return err_set(err,
		    "no permission for /dev/kvm: as root, run "
		    "'adduser %s kvm', and log in again",
		    getenv("USER") != NULL ? getenv("USER") : "YOU");
	return err_set(err, "/dev/kvm: %s", strerror(errno));
}

/*
 * GSIs below 16 go to the 8259s and to the I/O APIC, where the timer has pin 2
 * (as the MADT says).  The other GSIs go to the I/O APIC alone.
 */
static int
irq_routes(struct vm *vm)
{
	struct kvm_irq_routing *r =
	    calloc(1, sizeof(*r) + (16 + MACHINE_GSIS) * sizeof(r->entries[0]));
	struct kvm_irq_routing_entry *e;
	unsigned int gsi;
	int error;

	if (r == NULL)
		return -1;
	e = r->entries;
	for (gsi = 0; gsi < 16; gsi++, e++) {
		e->gsi = gsi;
		e->type = KVM_IRQ_ROUTING_IRQCHIP;
		e->u.irqchip.irqchip =
		    gsi < 8 ? KVM_IRQCHIP_PIC_MASTER : KVM_IRQCHIP_PIC_SLAVE;
		e->u.irqchip.pin = gsi & 7;
	}
	for (gsi = 0; gsi < MACHINE_GSIS; gsi++) {
		if (gsi == 2)
			continue;
		e->gsi = gsi;
		e->type = KVM_IRQ_ROUTING_IRQCHIP;
		e->u.irqchip.irqchip = KVM_IRQCHIP_IOAPIC;
		e->u.irqchip.pin = gsi == 0 ? 2 : gsi;
		e++;
	}
	r->nr = (uint32_t)(e - r->entries);
	error = ioctl(vm->fd, KVM_SET_GSI_ROUTING, r);
	free(r);
	return error;
}

static int
chips_new(struct vm *vm, struct err *err)
{
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
	struct kvm_enable_cap quirks = { .cap = KVM_CAP_DISABLE_QUIRKS2 };
	uint64_t identity = IDENTITY_ADDRESS;
	int has;

	vm->fd = ioctl(vm->kvm_fd, KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		return err_set(err, "KVM cannot create a VM: %s",
		    strerror(errno));
	if (ioctl(vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity) != 0 ||
	    ioctl(vm->fd, KVM_SET_TSS_ADDR, TSS_ADDRESS) != 0 ||
	    ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0) != 0 ||
	    ioctl(vm->fd, KVM_CREATE_PIT2, &pit) != 0 || irq_routes(vm) != 0)
		return err_set(err,
		    "KVM cannot create interrupt controllers: %s",
		    strerror(errno));
	/*
	 * Without this, KVM drops all page tables when a doorbell's slot goes.
	 */
	has = ioctl(vm->kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_DISABLE_QUIRKS2);
	quirks.args[0] = QUIRK_ZAP_ALL;
	if (has > 0 && (unsigned int)has & QUIRK_ZAP_ALL)
		(void)ioctl(vm->fd, KVM_ENABLE_CAP, &quirks);
	return 0;
}

static int
cpus_new(struct vm *vm, unsigned int cpus, struct err *err)
{
	unsigned int i;

	if (cpus < 1 || cpus > VM_CPUS_MAX)
		return err_set(err, "%u CPUs: must be 1 to %u", cpus,
		    VM_CPUS_MAX);
	for (i = 0; i < cpus; i++)
		if (vcpu_new(vm, i, err) != 0)
			return -1;
	return 0;
}

struct vm *
vm_new(const struct vm_config *config, struct err *err)
{
	struct vm *vm = calloc(1, sizeof(*vm));

	if (vm == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	vm->kvm_fd = vm->fd = -1;
	vm->output_fd = config->output_fd;
	pthread_mutex_init(&vm->slot_lock, NULL);
	pthread_mutex_init(&vm->end_lock, NULL);
	pthread_cond_init(&vm->end_cond, NULL);
	machine_init(&vm->machine, &machine_ops, vm);
	vm->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vm->end_fd < 0)
		(void)err_set(err, "eventfd: %s", strerror(errno));
	else if (kvm_open(vm, err) == 0 && chips_new(vm, err) == 0 &&
	    ram_new(&vm->ram, config->memory_bytes, config->memory_fd, err) ==
		0 &&
	    slots_ram(vm, err) == 0 && cpus_new(vm, config->cpus, err) == 0)
		return vm;
	vm_free(vm);
	return NULL;
}

int
vm_boot(struct vm *vm, const struct boot *boot, struct err *err)
{
	unsigned int i;
	int error;

	if (boot->rom != NULL) {
		error = vm_slot_set(vm, VM_SLOT_ROM, RAM_HIGH - boot->rom_bytes,
		    boot->rom, boot->rom_bytes, KVM_MEM_READONLY);
		if (error != 0)
			return err_set(err, "KVM refuses the BIOS image: %s",
			    strerror(-error));
	}
	for (i = 0; i < vm->cpus; i++)
		if (vcpu_boot(&vm->cpu[i], boot, err) != 0)
			return -1;
	return 0;
}

void
vm_close_kvm(struct vm *vm)
{
	if (vm->kvm_fd >= 0)
		(void)close(vm->kvm_fd);
	vm->kvm_fd = -1;
}

void
vm_free(struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < vm->machine.nics; i++)
		nic_free(vm->machine.nic[i].nic);
	restart_free(vm);
	for (i = 0; i < vm->cpus; i++)
		vcpu_free(&vm->cpu[i]);
	if (vm->fd >= 0)
		(void)close(vm->fd);
	vm_close_kvm(vm);
	if (vm->end_fd >= 0)
		(void)close(vm->end_fd);
	for (i = 0; i < MACHINE_NICS; i++)
		vm_doorbell_free(vm, i);
	ram_free(&vm->ram);
	machine_destroy(&vm->machine);
	pthread_mutex_destroy(&vm->slot_lock);
	pthread_mutex_destroy(&vm->end_lock);
	pthread_cond_destroy(&vm->end_cond);
	free(vm);
}
