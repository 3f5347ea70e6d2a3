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

static const struct confine_rule cpu_rules[] = {
	CONFINE_IOCTL(KVM_RUN),
	CONFINE_IOCTL(KVM_GET_REGS),
	CONFINE_IOCTL(KVM_IRQ_LINE),
	CONFINE_IOCTL(KVM_SIGNAL_MSI),
	CONFINE_IOCTL(KVM_SET_USER_MEMORY_REGION),
};

static const struct confine_rule nic_rules[] = {
	CONFINE_IOCTL(KVM_IRQ_LINE),
	CONFINE_IOCTL(KVM_SIGNAL_MSI),
	CONFINE_IOCTL(KVM_SET_USER_MEMORY_REGION),
};

static const struct confine_kind kinds[] = {
	[SANDBOX_MAIN] = CONFINE_KIND(CONFINE_MAIN, main_rules),
	[SANDBOX_CPU] = CONFINE_KIND(CONFINE_ACCESS, cpu_rules),
	[SANDBOX_NIC] = CONFINE_KIND(CONFINE_NIC, nic_rules),
};

int
sandbox_enter(enum sandbox kind, struct err *err)
{
	return confine_enter(&kinds[kind], err);
}
