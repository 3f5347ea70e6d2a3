/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUID: what KVM leaves to its user.
 */
#ifndef VM_CPUID_H
#define VM_CPUID_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

#define CPUID_ENTRIES_MAX 256u

/* What the leaves of a CPU tell a guest. */
struct cpuid_facts {
	uint32_t id, cpus;	/* the APIC's number; how many there are */
	bool tsc_deadline;	/* KVM has that mode of the APIC's timer */
	uint32_t tsc_khz;	/* 0: KVM does not know it */
};

/*
 * cpuid_complete: c is what KVM_GET_SUPPORTED_CPUID gave, with room for
 * CPUID_ENTRIES_MAX entries; make of it the CPUID of one CPU.
 */
void cpuid_complete(struct kvm_cpuid2 *c, const struct cpuid_facts *facts);

#endif
