/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI's tables: a guest finds them, they are valid, and they describe this
 * machine.
 *
 * usage: test_acpi [DIR]
 *
 * With DIR it writes each table there instead, for test/vm/acpi.sh.
 */
#include "boot_rig.h"

#include "acpi.h"
#include "machine.h"

static uint8_t
sum(uint64_t at, uint32_t n)
{
	uint8_t total = 0;

	while (n-- > 0)
		total = (uint8_t)(total + ram.base[at++]);
	return total;
}

static uint32_t
u32(uint64_t at)
{
	uint32_t v;

	assert_true(at + 4 <= ram.bytes);
	memcpy(&v, ram.base + at, 4);
	return v;
}

static uint64_t
u64(uint64_t at)
{
	return u32(at) | (uint64_t)u32(at + 4) << 32;
}

static uint16_t
u16(uint64_t at)
{
	return (uint16_t)u32(at);
}

/* 5.2.5.1: on a 16-byte boundary between E0000h and FFFFFh. */
static uint64_t
rsdp_find(void)
{
	uint64_t at;

	for (at = 0xe0000; at < 0x100000; at += 16)
		if (memcmp(ram.base + at, "RSD PTR ", 8) == 0)
			return at;
	fail();
	return 0;
}

/* A valid table of this name, in memory that the memory map reserves. */
static uint32_t
table_check(uint64_t at, const char *signature)
{
	uint32_t length = u32(at + 4);

	assert_memory_equal(ram.base + at, signature, 4);
	assert_true(at >= 0xe0000 && at + length <= 0x100000);
	assert_true(length >= 36);
	assert_int_equal(sum(at, length), 0);
	return length;
}

static uint64_t
table_find(const char *signature)
{
	uint64_t xsdt = u64(rsdp_find() + 24), at, found = 0;
	uint32_t i, length = table_check(xsdt, "XSDT");

	assert_int_equal((length - 36) % 8, 0);
	for (i = 36; i < length; i += 8) {
		at = u64(xsdt + i);
		if (memcmp(ram.base + at, signature, 4) == 0) {
			assert_int_equal(found, 0);
			found = at;
		}
	}
	assert_true(found != 0);
	(void)table_check(found, signature);
	return found;
}

static void
tables_new(unsigned int cpus)
{
	memory_new(16 * MIB);
	memory_dirty(0, 16 * MIB);
	acpi_write(&ram, cpus);
}

static void
test_rsdp(void **state)
{
	uint64_t at;

	(void)state;
	tables_new(1);
	at = rsdp_find();
	assert_int_equal(at, ACPI_RSDP);
	assert_int_equal(sum(at, 20), 0);
	assert_int_equal(u32(at + 20), 36);
	assert_int_equal(sum(at, 36), 0);
	assert_int_equal(ram.base[at + 15], 2);
	/* No RSDT: a guest of revision 2 does not look for it. */
	assert_int_equal(u32(at + 16), 0);
	/* No other memory is written. */
	assert_true(memory_is(0, ACPI_RSDP, DIRTY));
	assert_true(memory_is(0xf0000, 15 * MIB, DIRTY));
	memory_free();
}

static void
gas_check(uint64_t at, unsigned int bits, uint64_t port)
{
	static const uint8_t access[] = { [8] = 1, [16] = 2, [32] = 3 };

	assert_int_equal(ram.base[at], 1);
	assert_int_equal(ram.base[at + 1], bits);
	assert_int_equal(ram.base[at + 2], 0);
	assert_int_equal(ram.base[at + 3], access[bits]);
	assert_true(u64(at + 4) == port);
}

/* 5.2.9: registers are where machine.c has them, in both sets of fields. */
static void
test_fadt(void **state)
{
	uint64_t at;
	uint32_t flags;

	(void)state;
	tables_new(1);
	at = table_find("FACP");
	assert_int_equal(u32(at + 4), 276);
	assert_int_equal(u16(at + 46), MACHINE_IRQ_SCI);
	assert_int_equal(u32(at + 48), 0);
	assert_int_equal(u32(at + 56), MACHINE_PORT_PM);
	assert_int_equal(u32(at + 64), MACHINE_PORT_PM + 4);
	assert_int_equal(u32(at + 76), MACHINE_PORT_PM + 8);
	assert_int_equal(ram.base[at + 88], 4);
	assert_int_equal(ram.base[at + 89], 2);
	assert_int_equal(ram.base[at + 91], 4);
	gas_check(at + 148, 32, MACHINE_PORT_PM);
	gas_check(at + 172, 16, MACHINE_PORT_PM + 4);
	gas_check(at + 208, 32, MACHINE_PORT_PM + 8);
	gas_check(at + 116, 8, MACHINE_PORT_PM + 12);
	flags = u32(at + 112);
	/* WBINVD; 32-bit timer; reset register; no buttons here. */
	assert_int_equal(flags & 0x531, 0x531);
	assert_int_equal(flags & 1u << 20, 0);

	assert_true(u64(at + 140) == u32(at + 40));
	assert_int_equal(u32(at + 36) % 64, 0);
	assert_memory_equal(ram.base + u32(at + 36), "FACS", 4);
	assert_int_equal(u32(u32(at + 36) + 4), 64);
	memory_free();
}

/* iasl checks its content (test/vm/acpi.sh); here it is whole. */
static void
test_dsdt(void **state)
{
	uint64_t at;
	uint32_t length, i, names = 0;

	(void)state;
	tables_new(1);
	at = u32(table_find("FACP") + 40);
	length = table_check(at, "DSDT");
	for (i = 0; i + 4 <= length; i++)
		names += memcmp(ram.base + at + i, "_S5_", 4) == 0 ||
		    memcmp(ram.base + at + i, "_PRT", 4) == 0 ||
		    memcmp(ram.base + at + i, "COM1", 4) == 0;
	assert_int_equal(names, 3);
	memory_free();
}

static void
madt_entries(uint64_t at, uint32_t length, unsigned int cpus)
{
	unsigned int cpu = 0, io_apics = 0, overrides = 0;
	uint64_t e, end = at + length;

	for (e = at + 44; e < end; e += ram.base[e + 1]) {
		assert_true(ram.base[e + 1] >= 8);
		switch (ram.base[e]) {
		case 0:
			assert_int_equal(ram.base[e + 2], cpu);
			assert_int_equal(ram.base[e + 3], cpu);
			assert_int_equal(u32(e + 4), 1);
			cpu++;
			break;
		case 1:
			assert_int_equal(u32(e + 4), 0xfec00000);
			assert_int_equal(u32(e + 8), 0);
			/* What the guest reads from KVM's. */
			assert_int_equal(ram.base[e + 2], 0);
			io_apics++;
			break;
		case 2:
			assert_int_equal(ram.base[e + 2], 0);
			if (ram.base[e + 3] == 0)
				assert_int_equal(u32(e + 4), 2);
			else
				assert_int_equal(ram.base[e + 3],
				    MACHINE_IRQ_SCI);
			overrides++;
			break;
		default:
			fail();
		}
	}
	assert_true(e == end);
	assert_int_equal(cpu, cpus);
	assert_int_equal(io_apics, 1);
	assert_int_equal(overrides, 2);
}

static void
test_madt(void **state)
{
	unsigned int cpus;
	uint64_t at;

	(void)state;
	for (cpus = 1; cpus <= 4; cpus++) {
		tables_new(cpus);
		at = table_find("APIC");
		assert_int_equal(u32(at + 36), 0xfee00000);
		assert_int_equal(u32(at + 40), 1);
		madt_entries(at, u32(at + 4), cpus);
		(void)table_find("FACP");
		memory_free();
	}
}

static int
dump(const char *folder, uint64_t at)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%.4s.dat", folder,
	    (char *)ram.base + at);
	f = fopen(path, "w");
	if (f == NULL || fwrite(ram.base + at, u32(at + 4), 1, f) != 1 ||
	    fclose(f) != 0) {
		perror(path);
		return 1;
	}
	return 0;
}

static int
dump_all(const char *folder)
{
	uint64_t fadt;

	tables_new(4);
	fadt = table_find("FACP");
	return dump(folder, u64(ACPI_RSDP + 24)) || dump(folder, fadt) ||
	    dump(folder, table_find("APIC")) || dump(folder, u32(fadt + 36)) ||
	    dump(folder, u32(fadt + 40));
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rsdp),
		cmocka_unit_test(test_fadt),
		cmocka_unit_test(test_dsdt),
		cmocka_unit_test(test_madt),
	};

	if (argc > 1)
		return dump_all(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
