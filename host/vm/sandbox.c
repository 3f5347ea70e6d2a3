/* SPDX-License-Identifier: BSD-2-Clause */
#include "sandbox.h"

#include <linux/kvm.h>
#include <sys/ioctl.h>

#include "confine.h"

static const struct confine_rule main_rules[] = {
	CONFINE_CALL(pread64),		/* KVM's statistics */
	CONFINE_IOCTL(KVM_IRQ_LINE), CONFINE_IOCTL(TCGETS),
	CONFINE_IOCTL(TCSETS),
	CONFINE_IOCTL(0x802c542a),	/* TCGETS2 of newer C libraries */
	CONFINE_IOCTL(0x402c542b),	/* TCSETS2 */
};

#define CPU_RULES \
	CONFINE_IOCTL(KVM_RUN), CONFINE_IOCTL(KVM_GET_REGS),                   \
	    CONFINE_IOCTL(KVM_IRQ_LINE), CONFINE_IOCTL(KVM_SIGNAL_MSI),        \
	    CONFINE_IOCTL(KVM_SET_USER_MEMORY_REGION)

static const struct confine_rule cpu_rules[] = {
	CPU_RULES,
};

static const struct confine_rule cpu_restarts_rules[] = {
	CPU_RULES,
	CONFINE_IOCTL(KVM_SET_REGS),
	CONFINE_IOCTL(KVM_SET_SREGS),
	CONFINE_IOCTL(KVM_SET_XSAVE),
	CONFINE_IOCTL(KVM_SET_XCRS),
	CONFINE_IOCTL(KVM_SET_DEBUGREGS),
	CONFINE_IOCTL(KVM_SET_LAPIC),
	CONFINE_IOCTL(KVM_SET_VCPU_EVENTS),
	CONFINE_IOCTL(KVM_SET_MP_STATE),
	CONFINE_IOCTL(KVM_SET_MSRS),
	CONFINE_IOCTL(KVM_SET_IRQCHIP),
	CONFINE_IOCTL(KVM_SET_PIT2),
};

static const struct confine_rule nic_rules[] = {
	CONFINE_IOCTL(KVM_IRQ_LINE),
	CONFINE_IOCTL(KVM_SIGNAL_MSI),
	CONFINE_IOCTL(KVM_SET_USER_MEMORY_REGION),
};

static const struct confine_kind kinds[] = {
	[SANDBOX_MAIN] = CONFINE_KIND(CONFINE_MAIN, main_rules),
	[SANDBOX_CPU] = CONFINE_KIND(CONFINE_ACCESS, cpu_rules),
	[SANDBOX_CPU_RESTARTS] =
	    CONFINE_KIND(CONFINE_ACCESS, cpu_restarts_rules),
	[SANDBOX_NIC] = CONFINE_KIND(CONFINE_NIC, nic_rules),
	[SANDBOX_LOADER] = { 0 },
};

int
sandbox_enter(enum sandbox kind, struct err *err)
{
	return confine_enter(&kinds[kind], err);
}
