/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a cell is made of: a VMM, a guest and its driver, a workload, a sink, a
 * row.  Each kind is an enum and a table of what is known of its values, both
 * in the order in which results are shown.
 *
 * To add a VMM, a row or another value, add it to the enum here and a line to
 * its table in kinds.c.  A VMM also needs a line in vmm.c, which says how to
 * start it.
 */
#ifndef LEM_BENCH_KINDS_H
#define LEM_BENCH_KINDS_H

#include <stdbool.h>

#include "mailbox.h"

/* What a cell needs of this machine, in the order in which it is looked for. */
enum lem_need {
	LEM_NEED_QEMU,
	LEM_NEED_KVM,
	LEM_NEED_LEM_VM,
	LEM_NEED_LEM_NIC,
	LEM_NEED_VFIO_USER,	/* a QEMU that has vfio-user-pci */
	LEM_NEED_MITIGATION,	/* a QEMU whose e1000 can do without */
	LEM_NEED_FREEBSD,
	LEM_NEED_LINUX,
	LEM_NEEDS
};

/* Ways in which a doorbell can reach lem-vm: its option "doorbell". */
enum lem_doorbell {
	LEM_DOORBELL_NONE,	/* the VMM has no such option */
	LEM_DOORBELL_EXIT,
	LEM_DOORBELL_MAPPED,
	LEM_DOORBELL_TURNS,
	LEM_DOORBELL_AUTO,
	LEM_DOORBELLS
};

/* The columns of the table, those of the RFC first. */
enum lem_vmm_id {
	LEM_VMM_KVM,
	LEM_VMM_TCG,
	LEM_VMM_LEM_VM,
	LEM_VMM_NIC,		/* QEMU, its e1000 served by lem-nic */
	LEM_VMM_NIC_TCG,
	LEM_VMMS
};
#define LEM_RFC_VMMS	2u

struct lem_vmm_kind {
	const char *id;		/* first part of a cell's id: "kvm" */
	const char *name;	/* in JSON: "qemu-kvm" */
	const char *label;	/* above its column: "KVM" */
	const char *program;	/* in sentences: "QEMU" */
	const char *rfc;	/* the RFC's name of the column, or NULL */
	unsigned int needs;	/* bits 1 << enum lem_need */
	bool own_e1000;		/* its e1000 is QEMU's own */
	bool lem_nic;		/* it is lem-nic's, except in row stock */
	bool adaptive;		/* its moderation can adapt */
	bool virtio;		/* it has a virtio-net */
	enum lem_doorbell doorbell;	/* of a cell that does not say */
};
extern const struct lem_vmm_kind lem_vmms[LEM_VMMS];

enum lem_driver {
	LEM_DRIVER_LEM,
	LEM_DRIVER_VIRTIO,	/* of the bare guest, and Linux's */
	LEM_DRIVER_EM,		/* FreeBSD's */
	LEM_DRIVER_VTNET,
	LEM_DRIVER_E1000,	/* Linux's own */
	LEM_DRIVERS
};

struct lem_driver_kind {
	const char *name;	/* in JSON */
	enum lem_nic nic;
};
extern const struct lem_driver_kind lem_drivers[LEM_DRIVERS];

enum lem_guest {
	LEM_GUEST_BARE,		/* bench/guest/ */
	LEM_GUEST_FREEBSD,
	LEM_GUEST_LINUX,
	LEM_GUESTS
};

/*
 * A guest with an operating system boots slowly.  So one guest has all drivers,
 * each with its own NIC, and they are measured one after the other.  `base` and
 * `virtio` are the drivers in it that the others are compared with.
 */
struct lem_guest_kind {
	const char *name;	/* in JSON */
	const char *system;	/* its name, NULL: the guest has none */
	const char *title;	/* what the title of its table adds, or "" */
	unsigned int needs;
	enum lem_driver base, virtio;
};
extern const struct lem_guest_kind lem_guests[LEM_GUESTS];

/* Where frames go: nowhere; to lem-bench, which checks them; or to sockets. */
enum lem_sink_id {
	LEM_SINK_NULL,
	LEM_SINK_DGRAM,
	LEM_SINK_USER,		/* QEMU's user network, and lem-traffic */
	LEM_SINKS
};

/* Kinds of VM exits that KVM counts by themselves. */
enum lem_exits {
	LEM_EXITS_IRQ,		/* an interrupt of the host: a kick, a tick */
	LEM_EXITS_IRQ_WINDOW,	/* the guest can take an interrupt now */
	LEM_EXITS_MMIO,		/* to the VMM, for a register */
	LEM_EXITS_IO,		/* to the VMM, for a port */
	LEM_EXITS_HALT,
	LEM_EXITS
};

/* Names in ids, tables and JSON.  That of LEM_DOORBELL_NONE is NULL. */
extern const char *const lem_nics[LEM_NICS];
extern const char *const lem_workloads[LEM_WORKLOADS];
extern const char *const lem_sinks[LEM_SINKS];
extern const char *const lem_doorbells[LEM_DOORBELLS];
extern const char *const lem_mit_modes[LEM_MIT_MODES];
extern const char *const lem_exits[LEM_EXITS];

/* Rows (CONTRIBUTING.md, "Words"): the RFC's three, then the others. */
enum lem_row {
	LEM_ROW_STANDARD,	/* what ratios are to */
	LEM_ROW_MODERATED,
	LEM_ROW_MODIFIED,	/* at its default: it chooses ITR, too */
	LEM_ROW_MODIFIED_FIXED,
	LEM_ROW_ORIGINAL,
	LEM_ROW_INTERRUPT_ONLY,
	LEM_ROW_MODIFIED_ALONE,
	LEM_ROW_ADAPTIVE,
	LEM_ROW_ADAPTIVE_IRQ,
	LEM_ROW_ADAPTIVE_BOTH,
	LEM_ROW_STOCK,		/* the same for VMMs with lem_nic */
	LEM_ROW_VIRTIO,
	LEM_ROW_VIRTIO_POLLED,
	LEM_ROWS
};
#define LEM_RFC_ROWS	3u

struct lem_row_kind {
	const char *id;		/* in ids, tables and JSON: "modified" */
	const char *name;	/* "moderated hypervisor, modified driver" */
	bool moderation;	/* the hypervisor obeys ITR */
	bool adaptive;		/* and interrupts more seldom, if better */
	enum lem_driver driver;	/* of the bare guest */
	enum lem_mit_mode mit_enable;
	bool driver_adaptive;	/* the driver chooses ITR, from itr up */
	bool interrupt_only;	/* it reclaims in its interrupt alone */
	bool polled;		/* virtio-net without interrupts */
	bool stock;		/* QEMU's own e1000, where lem-nic is */
	double rfc_kpps[LEM_VMMS];	/* the RFC's figures, 0: it has none */
};
extern const struct lem_row_kind lem_rows[LEM_ROWS];

/* lem_vmm_base: the row that a VMM's ratios are to. */
enum lem_row lem_vmm_base(enum lem_vmm_id vmm);

/* lem_rfc_kpps: the RFC's own figure for a row and VMM, or NAN. */
double lem_rfc_kpps(enum lem_row row, enum lem_vmm_id vmm);

#endif
