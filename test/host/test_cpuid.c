/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest reads of its CPUs, made of what a KVM gives.
 */
#include "common.h"

#include "cpuid.h"

#define LEAF_KVM	0x40000000u
#define LEAF_FREQUENCIES 0x40000010u
#define KVM_LEAVES	0x40000001u

static union {
	struct kvm_cpuid2 head;
	uint8_t room[sizeof(struct kvm_cpuid2) +
	    CPUID_ENTRIES_MAX * sizeof(struct kvm_cpuid_entry2)];
} c;

static const struct cpuid_facts two = { .id = 1,
	.cpus = 2,
	.tsc_khz = 2600000 };

static struct kvm_cpuid_entry2 *
leaf(uint32_t function, uint32_t index)
{
	struct kvm_cpuid_entry2 *e = c.head.entries, *end = e + c.head.nent;

	for (; e < end; e++)
		if (e->function == function && e->index == index)
			return e;
	return NULL;
}

static void
leaf_add(const struct kvm_cpuid_entry2 *e)
{
	c.head.entries[c.head.nent++] = *e;
}

/* As KVM gives them; power_edx: its bit 8 says that the TSC is invariant. */
static void
kvm_gives(uint32_t power_edx)
{
	const struct kvm_cpuid_entry2 e[] = {
		{ .function = 0, .eax = 0x1f },
		{ .function = 1, .ebx = 0x7f000800 },
		{ .function = 0xb,
		    .ebx = 7,
		    .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX },
		{ .function = LEAF_KVM, .eax = KVM_LEAVES, .ebx = 0x4b4d564b },
		{ .function = KVM_LEAVES, .eax = 0x1003fff },
		{ .function = 0x80000007, .edx = power_edx },
	};
	unsigned int i;

	memset(&c, 0, sizeof(c));
	for (i = 0; i < sizeof(e) / sizeof(e[0]); i++)
		leaf_add(&e[i]);
}

static void
test_topology(void **state)
{
	(void)state;
	kvm_gives(0);
	cpuid_complete(&c.head, &two);
	assert_int_equal(leaf(1, 0)->ebx, 0x01020800);
	assert_int_equal(leaf(1, 0)->ecx >> 31, 1);
	assert_int_equal(leaf(1, 0)->ecx >> 24 & 1, 0);
	assert_int_equal(leaf(1, 0)->edx >> 28 & 1, 1);
	assert_int_equal(leaf(0xb, 0)->ebx, 1);
	assert_non_null(leaf(0xb, 1));
	assert_int_equal(leaf(0xb, 1)->ebx, 2);
	assert_int_equal(leaf(0xb, 1)->edx, 1);
}

static void
test_frequencies(void **state)
{
	(void)state;
	kvm_gives(1u << 8);
	cpuid_complete(&c.head, &two);
	assert_int_equal(leaf(LEAF_KVM, 0)->eax, LEAF_FREQUENCIES);
	assert_int_equal(leaf(LEAF_KVM, 0)->ebx, 0x4b4d564b);
	assert_non_null(leaf(LEAF_FREQUENCIES, 0));
	assert_int_equal(leaf(LEAF_FREQUENCIES, 0)->eax, two.tsc_khz);
	assert_int_equal(leaf(LEAF_FREQUENCIES, 0)->ebx, 1000000);
}

/* A guest must not rely on a clock that changes its speed. */
static void
test_no_frequencies(void **state)
{
	struct cpuid_facts facts = two;

	(void)state;
	kvm_gives(0);
	cpuid_complete(&c.head, &facts);
	assert_null(leaf(LEAF_FREQUENCIES, 0));
	assert_int_equal(leaf(LEAF_KVM, 0)->eax, KVM_LEAVES);

	kvm_gives(1u << 8);
	facts.tsc_khz = 0;
	cpuid_complete(&c.head, &facts);
	assert_null(leaf(LEAF_FREQUENCIES, 0));
	assert_int_equal(leaf(LEAF_KVM, 0)->eax, KVM_LEAVES);
}

/* A KVM that has this leaf keeps its own; a full table stays as it is. */
static void
test_no_room(void **state)
{
	const struct kvm_cpuid_entry2 own = { .function = LEAF_FREQUENCIES,
		.eax = 1 };
	struct kvm_cpuid_entry2 other = { .function = 0x20000000 };

	(void)state;
	kvm_gives(1u << 8);
	leaf_add(&own);
	cpuid_complete(&c.head, &two);
	assert_int_equal(leaf(LEAF_FREQUENCIES, 0)->eax, 1);

	kvm_gives(1u << 8);
	while (c.head.nent < CPUID_ENTRIES_MAX) {
		other.function++;
		leaf_add(&other);
	}
	cpuid_complete(&c.head, &two);
	assert_int_equal(c.head.nent, CPUID_ENTRIES_MAX);
	assert_null(leaf(LEAF_FREQUENCIES, 0));
	assert_int_equal(leaf(LEAF_KVM, 0)->eax, KVM_LEAVES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_topology),
		cmocka_unit_test(test_frequencies),
		cmocka_unit_test(test_no_frequencies),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
