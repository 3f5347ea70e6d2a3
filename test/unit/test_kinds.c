/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/kinds.c: a value added to an enum has its line in the table, and no two
 * values have the same name.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kinds.h"

#define NAMES_MAX	16u

/* Names seen so far; a name that is missing or comes again fails. */
struct names {
	const char *name[NAMES_MAX];
	unsigned int n;
};

static void
expect_new_name(struct names *names, const char *name)
{
	unsigned int i;

	assert_non_null(name);
	assert_true(name[0] != '\0');
	for (i = 0; i < names->n; i++)
		assert_string_not_equal(name, names->name[i]);
	assert_true(names->n < NAMES_MAX);
	names->name[names->n++] = name;
}

/* A list of plain names, from value `first` on. */
static void
expect_names(const char *const *name, unsigned int first, unsigned int end)
{
	struct names names = { 0 };
	unsigned int i;

	for (i = first; i < end; i++)
		expect_new_name(&names, name[i]);
}

static void
test_plain_names(void **state)
{
	(void)state;
	expect_names(lem_nics, 0, LEM_NICS);
	expect_names(lem_workloads, 0, LEM_WORKLOADS);
	expect_names(lem_sinks, 0, LEM_SINKS);
	expect_names(lem_mit_modes, 0, LEM_MIT_MODES);
	assert_null(lem_doorbells[LEM_DOORBELL_NONE]);
	expect_names(lem_doorbells, LEM_DOORBELL_NONE + 1, LEM_DOORBELLS);
}

static void
test_vmms(void **state)
{
	struct names ids = { 0 }, names = { 0 }, labels = { 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < LEM_VMMS; i++) {
		expect_new_name(&ids, lem_vmms[i].id);
		expect_new_name(&names, lem_vmms[i].name);
		expect_new_name(&labels, lem_vmms[i].label);
		assert_non_null(lem_vmms[i].program);
		assert_true(lem_vmms[i].needs != 0);
		assert_true(lem_vmms[i].needs < 1u << LEM_NEEDS);
		assert_int_equal(lem_vmms[i].rfc != NULL, i < LEM_RFC_VMMS);
		/* It is QEMU's. */
		if (lem_vmms[i].own_e1000)
			assert_true(lem_vmms[i].needs & 1u << LEM_NEED_QEMU);
		/* It needs another QEMU, and is measured against that. */
		assert_false(lem_vmms[i].own_e1000 && lem_vmms[i].lem_nic);
		if (lem_vmms[i].lem_nic) {
			assert_true(
			    lem_vmms[i].needs & 1u << LEM_NEED_VFIO_USER);
			assert_true(lem_vmms[i].virtio);
		}
		assert_int_equal(lem_vmm_base((enum lem_vmm_id)i),
		    lem_vmms[i].lem_nic ? LEM_ROW_STOCK : LEM_ROW_STANDARD);
	}
}

static void
test_guests_and_drivers(void **state)
{
	struct names guests = { 0 }, drivers = { 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < LEM_DRIVERS; i++)
		expect_new_name(&drivers, lem_drivers[i].name);
	for (i = 0; i < LEM_GUESTS; i++) {
		expect_new_name(&guests, lem_guests[i].name);
		assert_non_null(lem_guests[i].title);
		if (lem_guests[i].system == NULL)
			continue;
		assert_int_equal(lem_drivers[lem_guests[i].base].nic,
		    LEM_NIC_E1000);
		assert_int_equal(lem_drivers[lem_guests[i].virtio].nic,
		    LEM_NIC_VIRTIO);
	}
}

/* The names are those of CONTRIBUTING.md. */
static void
test_rows(void **state)
{
	static const char *const ids[] = { "standard", "moderated", "modified",
		"modified-fixed", "original", "interrupt-only",
		"modified-alone", "adaptive", "adaptive-irq", "adaptive-both",
		"stock", "virtio", "virtio-polled" };
	struct names names = { 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < LEM_ROWS; i++) {
		assert_string_equal(lem_rows[i].id, ids[i]);
		expect_new_name(&names, lem_rows[i].name);
		assert_int_equal(isfinite(lem_rfc_kpps((enum lem_row)i,
				     LEM_VMM_KVM)) != 0,
		    i < LEM_RFC_ROWS);
		/* A driver that adapts combines, and writes ITR. */
		if (lem_rows[i].driver_adaptive) {
			assert_true(lem_rows[i].moderation);
			assert_int_equal(lem_rows[i].mit_enable, LEM_MIT_ON);
		}
		/* virtio-net has no ITR and no TDT. */
		if (lem_drivers[lem_rows[i].driver].nic == LEM_NIC_VIRTIO) {
			assert_false(lem_rows[i].moderation);
			assert_int_equal(lem_rows[i].mit_enable, LEM_MIT_OFF);
		}
	}
	assert_string_equal(lem_rows[LEM_ROW_STANDARD].name,
	    "standard hypervisor, standard driver");
	assert_string_equal(lem_rows[LEM_ROW_MODERATED].name,
	    "moderated hypervisor, standard driver");
	/* The RFC's third row is the driver at its default. */
	assert_true(lem_rows[LEM_ROW_MODIFIED].driver_adaptive);
	assert_false(lem_rows[LEM_ROW_MODIFIED_FIXED].driver_adaptive);
	assert_string_equal(lem_rows[LEM_ROW_MODIFIED].name,
	    "moderated hypervisor, modified driver");
}

static void
test_rfc_figures(void **state)
{
	(void)state;
	assert_true(lem_rfc_kpps(LEM_ROW_STANDARD, LEM_VMM_KVM) == 20);
	assert_true(lem_rfc_kpps(LEM_ROW_MODERATED, LEM_VMM_KVM) == 37);
	assert_true(lem_rfc_kpps(LEM_ROW_MODIFIED, LEM_VMM_KVM) == 200);
	assert_true(lem_rfc_kpps(LEM_ROW_STANDARD, LEM_VMM_TCG) == 6.3);
	assert_true(lem_rfc_kpps(LEM_ROW_MODERATED, LEM_VMM_TCG) == 28);
	assert_true(lem_rfc_kpps(LEM_ROW_MODIFIED, LEM_VMM_TCG) == 34);
	assert_true(isnan(lem_rfc_kpps(LEM_ROW_VIRTIO, LEM_VMM_KVM)));
	assert_true(isnan(lem_rfc_kpps(LEM_ROW_STANDARD, LEM_VMM_LEM_VM)));
	assert_true(isnan(lem_rfc_kpps(LEM_ROW_STANDARD, LEM_VMMS)));
	assert_true(isnan(lem_rfc_kpps(LEM_ROWS, LEM_VMM_KVM)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_names),
		cmocka_unit_test(test_vmms),
		cmocka_unit_test(test_guests_and_drivers),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_rfc_figures),
	};

	return cmocka_run_group_tests_name("kinds", tests, NULL, NULL);
}
