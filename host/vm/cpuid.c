/* SPDX-License-Identifier: BSD-2-Clause */
#include "cpuid.h"

#include <stddef.h>

#define LEAF_1_HTT	(1u << 28)	/* EDX */
#define LEAF_1_TSC_DEADLINE (1u << 24)	/* ECX */
#define LEAF_1_HYPERVISOR (1u << 31)	/* ECX */

#define LEAF_KVM	0x40000000u
#define LEAF_FREQUENCIES 0x40000010u
#define LEAF_POWER	0x80000007u
#define POWER_TSC_INVARIANT (1u << 8)	/* EDX */

#define APIC_KHZ	1000000u	/* of KVM's APIC timer */

static struct kvm_cpuid_entry2 *
cpuid_leaf(struct kvm_cpuid2 *c, uint32_t function)
{
	uint32_t i;

	for (i = 0; i < c->nent; i++)
		if (c->entries[i].function == function)
			return &c->entries[i];
	return NULL;
}

/*
 * The APIC's number, in all leaves that show it (SDM 2A, CPUID; AMD's extended
 * topology); the bit that says hypervisor, without which no guest looks for
 * KVM's clock; and the local APIC's timer.
 */
static void
cpuid_leaf_change(struct kvm_cpuid_entry2 *e, const struct cpuid_facts *facts)
{
	switch (e->function) {
	case 1:
		e->ebx =
		    (e->ebx & 0xffff) | facts->id << 24 | facts->cpus << 16;
		if (facts->cpus > 1)
			e->edx |= LEAF_1_HTT;
		e->ecx |= LEAF_1_HYPERVISOR;
		if (facts->tsc_deadline)
			e->ecx |= LEAF_1_TSC_DEADLINE;
		break;
	case 4:
		e->eax = (e->eax & 0x3ff) | (facts->cpus - 1) << 26;
		break;
	case 0xb:
	case 0x1f:
		/* Two levels: one thread in each core, and the cores. */
		e->edx = facts->id;
		if (e->index == 1) {
			e->eax = 2;
			e->ebx = facts->cpus;
			e->ecx = 0x201;
		} else if (e->index == 0) {
			e->eax = 0;
			e->ebx = 1;
			e->ecx = 0x100;
		}
		break;
	case 0x80000008:
		e->ecx = (e->ecx & ~0xf0ffu) | (facts->cpus - 1) | 2u << 12;
		break;
	case 0x8000001e:
		e->eax = facts->id;
		e->ebx = facts->id;
		e->ecx = 0;
		break;
	default:
		break;
	}
}

/* Adds the second level of a topology leaf, if this KVM leaves it out. */
static void
cpuid_topology_complete(struct kvm_cpuid2 *c, uint32_t function)
{
	uint32_t i, levels = 0;

	for (i = 0; i < c->nent; i++)
		levels += c->entries[i].function == function;
	if (levels != 1 || c->nent == CPUID_ENTRIES_MAX)
		return;
	c->entries[c->nent++] = (struct kvm_cpuid_entry2){
		.function = function,
		.index = 1,
		.flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
	};
}

/*
 * The leaf of frequencies, as VMware defined it and QEMU has it with KVM.
 * FreeBSD's PVH entry needs it: otherwise it waits, and measures the TSC, by
 * Xen's clock, which only Xen has.
 */
static void
cpuid_frequencies_add(struct kvm_cpuid2 *c, uint32_t tsc_khz)
{
	struct kvm_cpuid_entry2 *kvm = cpuid_leaf(c, LEAF_KVM);
	const struct kvm_cpuid_entry2 *power = cpuid_leaf(c, LEAF_POWER);

	if (tsc_khz == 0 || kvm == NULL || power == NULL ||
	    (power->edx & POWER_TSC_INVARIANT) == 0 ||
	    cpuid_leaf(c, LEAF_FREQUENCIES) != NULL ||
	    c->nent == CPUID_ENTRIES_MAX)
		return;
	if (kvm->eax < LEAF_FREQUENCIES)
		kvm->eax = LEAF_FREQUENCIES;
	c->entries[c->nent++] = (struct kvm_cpuid_entry2){
		.function = LEAF_FREQUENCIES,
		.eax = tsc_khz,
		.ebx = APIC_KHZ,
	};
}

void
cpuid_complete(struct kvm_cpuid2 *c, const struct cpuid_facts *facts)
{
	uint32_t i;

	cpuid_topology_complete(c, 0xb);
	cpuid_topology_complete(c, 0x1f);
	for (i = 0; i < c->nent; i++)
		cpuid_leaf_change(&c->entries[i], facts);
	cpuid_frequencies_add(c, facts->tsc_khz);
}
