/* SPDX-License-Identifier: BSD-2-Clause */
#include "kinds.h"

#include <math.h>
#include <stddef.h>

#define NEED(n)	(1u << LEM_NEED_##n)

const struct lem_vmm_kind lem_vmms[LEM_VMMS] = {
	[LEM_VMM_KVM] = {
		.id = "kvm",
		.name = "qemu-kvm",
		.label = "KVM",
		.program = "QEMU",
		.rfc = "KVM",
		.needs = NEED(QEMU) | NEED(KVM),
		.own_e1000 = true,
		.virtio = true,
	},
	[LEM_VMM_TCG] = {
		.id = "tcg",
		.name = "qemu-tcg",
		.label = "QEMU (TCG)",
		.program = "QEMU",
		.rfc = "QEMU",
		.needs = NEED(QEMU),
		.own_e1000 = true,
		.virtio = true,
	},
	[LEM_VMM_LEM_VM] = {
		.id = "vm",
		.name = "lem-vm",
		.label = "lem-vm",
		.program = "lem-vm",
		.needs = NEED(KVM) | NEED(LEM_VM),
		.adaptive = true,
		.doorbell = LEM_DOORBELL_AUTO,
	},
	[LEM_VMM_NIC] = {
		.id = "nic",
		.name = "lem-nic-kvm",
		.label = "lem-nic, KVM",
		.program = "QEMU",
		.needs = NEED(KVM) | NEED(LEM_NIC) | NEED(VFIO_USER),
		.lem_nic = true,
		.adaptive = true,
		.virtio = true,
	},
	[LEM_VMM_NIC_TCG] = {
		.id = "nic-tcg",
		.name = "lem-nic-tcg",
		.label = "lem-nic, TCG",
		.program = "QEMU",
		.needs = NEED(LEM_NIC) | NEED(VFIO_USER),
		.lem_nic = true,
		.adaptive = true,
		.virtio = true,
	},
};

const struct lem_driver_kind lem_drivers[LEM_DRIVERS] = {
	[LEM_DRIVER_LEM] = { "lem", LEM_NIC_E1000 },
	[LEM_DRIVER_VIRTIO] = { "virtio-net", LEM_NIC_VIRTIO },
	[LEM_DRIVER_EM] = { "em", LEM_NIC_E1000 },
	[LEM_DRIVER_VTNET] = { "vtnet", LEM_NIC_VIRTIO },
	[LEM_DRIVER_E1000] = { "e1000", LEM_NIC_E1000 },
};

const struct lem_guest_kind lem_guests[LEM_GUESTS] = {
	[LEM_GUEST_BARE] = { .name = "bare", .title = "" },
	[LEM_GUEST_FREEBSD] = {
		.name = "freebsd",
		.system = "FreeBSD",
		.title = ", FreeBSD guest; ratio to its em(4)",
		.needs = NEED(FREEBSD),
		.base = LEM_DRIVER_EM,
		.virtio = LEM_DRIVER_VTNET,
	},
	[LEM_GUEST_LINUX] = {
		.name = "linux",
		.system = "Linux",
		.title = ", Linux guest; ratio to its e1000",
		.needs = NEED(LINUX),
		.base = LEM_DRIVER_E1000,
		.virtio = LEM_DRIVER_VIRTIO,
	},
};

const char *const lem_nics[LEM_NICS] = {
	[LEM_NIC_E1000] = "e1000",
	[LEM_NIC_VIRTIO] = "virtio-net",
};

const char *const lem_workloads[LEM_WORKLOADS] = {
	[LEM_WORKLOAD_TX] = "tx",
	[LEM_WORKLOAD_RX] = "rx",
	[LEM_WORKLOAD_PING] = "ping",
	[LEM_WORKLOAD_IDLE] = "idle",
	[LEM_WORKLOAD_QUIET] = "quiet",
	[LEM_WORKLOAD_TCP_TX] = "tcp-tx",
	[LEM_WORKLOAD_TCP_RX] = "tcp-rx",
	[LEM_WORKLOAD_TCP_RR] = "tcp-rr",
};

const char *const lem_sinks[LEM_SINKS] = {
	[LEM_SINK_NULL] = "null",
	[LEM_SINK_DGRAM] = "dgram",
	[LEM_SINK_USER] = "user",
};

const char *const lem_doorbells[LEM_DOORBELLS] = {
	[LEM_DOORBELL_NONE] = NULL,
	[LEM_DOORBELL_EXIT] = "exit",
	[LEM_DOORBELL_MAPPED] = "mapped",
	[LEM_DOORBELL_TURNS] = "turns",
	[LEM_DOORBELL_AUTO] = "auto",
};

const char *const lem_mit_modes[LEM_MIT_MODES] = {
	[LEM_MIT_OFF] = "off",
	[LEM_MIT_ON] = "on",
	[LEM_MIT_ORIGINAL] = "original",
};

const char *const lem_exits[LEM_EXITS] = {
	[LEM_EXITS_IRQ] = "irq",
	[LEM_EXITS_IRQ_WINDOW] = "irq_window",
	[LEM_EXITS_MMIO] = "mmio",
	[LEM_EXITS_IO] = "io",
	[LEM_EXITS_HALT] = "halt",
};

/*
 * The RFC's "modified driver" had the order of 2012, as LEM_ROW_ORIGINAL has.
 * But its figures stand in our row "modified" alone: the RFC's table has three
 * rows, ours begins with the same three, and each figure is shown once.
 */
const struct lem_row_kind lem_rows[LEM_ROWS] = {
	[LEM_ROW_STANDARD] = {
		.id = "standard",
		.name = "standard hypervisor, standard driver",
		.rfc_kpps = { [LEM_VMM_KVM] = 20, [LEM_VMM_TCG] = 6.3 },
	},
	[LEM_ROW_MODERATED] = {
		.id = "moderated",
		.name = "moderated hypervisor, standard driver",
		.moderation = true,
		.rfc_kpps = { [LEM_VMM_KVM] = 37, [LEM_VMM_TCG] = 28 },
	},
	[LEM_ROW_MODIFIED] = {
		.id = "modified",
		.name = "moderated hypervisor, modified driver",
		.moderation = true,
		.mit_enable = LEM_MIT_ON,
		.driver_adaptive = true,
		.rfc_kpps = { [LEM_VMM_KVM] = 200, [LEM_VMM_TCG] = 34 },
	},
	[LEM_ROW_MODIFIED_FIXED] = {
		.id = "modified-fixed",
		.name = "moderated hypervisor, modified driver, fixed ITR",
		.moderation = true,
		.mit_enable = LEM_MIT_ON,
	},
	[LEM_ROW_ORIGINAL] = {
		.id = "original",
		.name = "moderated hypervisor, original driver of 2012",
		.moderation = true,
		.mit_enable = LEM_MIT_ORIGINAL,
	},
	[LEM_ROW_INTERRUPT_ONLY] = {
		.id = "interrupt-only",
		.name = "moderated hypervisor, interrupt-only driver",
		.moderation = true,
		.interrupt_only = true,
	},
	[LEM_ROW_MODIFIED_ALONE] = {
		.id = "modified-alone",
		.name = "standard hypervisor, modified driver",
		.mit_enable = LEM_MIT_ON,
	},
	[LEM_ROW_ADAPTIVE] = {
		.id = "adaptive",
		.name = "adaptive hypervisor, standard driver",
		.moderation = true,
		.adaptive = true,
	},
	[LEM_ROW_ADAPTIVE_IRQ] = {
		.id = "adaptive-irq",
		.name = "adaptive hypervisor, interrupt-only driver",
		.moderation = true,
		.adaptive = true,
		.interrupt_only = true,
	},
	[LEM_ROW_ADAPTIVE_BOTH] = {
		.id = "adaptive-both",
		.name = "adaptive hypervisor, modified driver",
		.moderation = true,
		.adaptive = true,
		.mit_enable = LEM_MIT_ON,
		.driver_adaptive = true,
	},
	[LEM_ROW_STOCK] = {
		.id = "stock",
		.name = "QEMU's own e1000, standard driver",
		.moderation = true,
		.stock = true,
	},
	[LEM_ROW_VIRTIO] = {
		.id = "virtio",
		.name = "virtio-net with interrupts",
		.driver = LEM_DRIVER_VIRTIO,
	},
	[LEM_ROW_VIRTIO_POLLED] = {
		.id = "virtio-polled",
		.name = "virtio-net, polled",
		.driver = LEM_DRIVER_VIRTIO,
		.polled = true,
	},
};

enum lem_row
lem_vmm_base(enum lem_vmm_id vmm)
{
	return lem_vmms[vmm].lem_nic ? LEM_ROW_STOCK : LEM_ROW_STANDARD;
}

double
lem_rfc_kpps(enum lem_row row, enum lem_vmm_id vmm)
{
	if ((unsigned int)row >= LEM_ROWS || (unsigned int)vmm >= LEM_VMMS ||
	    lem_rows[row].rfc_kpps[vmm] == 0)
		return NAN;
	return lem_rows[row].rfc_kpps[vmm];
}
