/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Images: what a good one leaves in the guest's memory, and which sentence
 * refuses a bad one.  No image writes outside of the memory.
 */
#include "boot_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "acpi.h"
#include "dir.h"

static struct boot boot;
static struct err err;
static const struct boot_initrd none;

/* ----------------------------------------------------------------- memory */

static void
test_ram_bad(void **state)
{
	static const uint64_t bad[] = { 0, 1, 4096, 14 * MIB, 15 * MIB,
		17 * MIB, (16 * MIB) + 4096, ((uint64_t)64 << 30) + 2 * MIB,
		UINT64_MAX, (uint64_t)1 << 63 };
	struct ram r;
	unsigned int i;
	int fd;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		assert_int_equal(ram_new(&r, bad[i], -1, &err), -1);
		says(&err,
		    "bytes of memory: must be 16M to 64G, in steps of 2M");
		ram_free(&r);
	}
	fd = memfd_create("ram", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fd, 18 * MIB - 1), 0);
	assert_int_equal(ram_new(&r, 18 * MIB, fd, &err), -1);
	says(&err, "the file is smaller than the memory");
	ram_free(&r);
	close(fd);
	assert_int_equal(ram_new(&r, 18 * MIB, fd, &err), -1);
	says(&err, "memory");
}

/* Anonymous memory, or that of a file. */
static void
test_ram_file(void **state)
{
	struct ram r;
	char c = 0;
	int fd;

	(void)state;
	assert_int_equal(ram_new(&r, 16 * MIB, -1, &err), 0);
	assert_int_equal(r.base[16 * MIB - 1], 0);
	assert_int_equal((uintptr_t)r.base % (2 * MIB), 0);
	ram_free(&r);
	ram_free(&r);
	fd = memfd_create("ram", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fd, 20 * MIB), 0);
	assert_int_equal(ram_new(&r, 18 * MIB, fd, &err), 0);
	r.base[18 * MIB - 1] = 'x';
	assert_int_equal(pread(fd, &c, 1, 18 * MIB - 1), 1);
	assert_int_equal(c, 'x');
	ram_free(&r);
	close(fd);
}

static void
test_ram_at(void **state)
{
	const struct ram small = { (uint8_t *)0x10000000, 32 * MIB };
	const struct ram large = { (uint8_t *)0x10000000, (uint64_t)5 << 30 };
	struct e82540_region region[2];

	(void)state;
	assert_ptr_equal(ram_at(&small, 0, 32 * MIB), small.base);
	assert_ptr_equal(ram_at(&small, 5, 0), small.base + 5);
	assert_ptr_equal(ram_at(&small, 32 * MIB, 0), small.base + 32 * MIB);
	assert_null(ram_at(&small, 0, 32 * MIB + 1));
	assert_null(ram_at(&small, 32 * MIB, 1));
	assert_null(ram_at(&small, 32 * MIB + 1, 0));
	assert_null(ram_at(&small, 1, UINT64_MAX));
	assert_null(ram_at(&small, UINT64_MAX, 2));
	assert_int_equal(ram_low_bytes(&small), 32 * MIB);
	assert_int_equal(ram_regions(&small, region), 1);
	assert_true(region[0].gpa == 0 && region[0].len == 32 * MIB);
	assert_true(region[0].writable);

	assert_true(ram_low_bytes(&large) == RAM_HOLE);
	assert_non_null(ram_at(&large, RAM_HOLE - 1, 1));
	assert_null(ram_at(&large, RAM_HOLE - 1, 2));
	assert_null(ram_at(&large, RAM_HIGH, 1));
	assert_int_equal(ram_regions(&large, region), 2);
	assert_true(region[0].len == RAM_HOLE);
	assert_true(region[1].gpa == RAM_HIGH);
	assert_true(region[1].len == ((uint64_t)2 << 30));
	assert_ptr_equal(region[1].host, large.base + RAM_HOLE);
}

/* ---------------------------------------------------------------- bzImage */

static int
bz_boot(const struct image *image, const struct boot_initrd *initrd)
{
	memset(&boot, 0, sizeof(boot));
	memset(&err, 0, sizeof(err));
	return boot_bzimage(&boot, &ram, image->data, image->bytes, initrd,
	    &err);
}

static void
bz_refused(const struct setup_header *h, uint32_t kernel_bytes, const char *why)
{
	struct image image = bz_new(h, kernel_bytes);

	assert_int_equal(bz_boot(&image, &none), -1);
	says(&err, why);
	free(image.data);
}

/* Walks the page tables as a CPU does. */
static bool
page_walk(uint64_t va, uint64_t *pa)
{
	uint64_t *table = ram_at(&ram, boot.page_tables, 4096), entry = 0;
	unsigned int shift;

	for (shift = 39; shift >= 21; shift -= 9) {
		assert_non_null(table);
		entry = table[va >> shift & 511];
		if (!(entry & 1))
			return false;
		assert_int_equal(entry & 3, 3);
		table = ram_at(&ram, entry & 0xffffffffff000, 4096);
	}
	assert_true(entry & 0x80);
	*pa = (entry & 0xfffffffe00000) | (va & 0x1fffff);
	return true;
}

static void
page_tables_check(void)
{
	uint64_t va, pa = 0;

	for (va = 0; va < (uint64_t)1 << 33; va += 0x1fffff) {
		assert_int_equal(page_walk(va, &pa), va < RAM_HIGH);
		if (va < RAM_HIGH)
			assert_true(pa == va);
	}
	assert_false(page_walk(UINT64_MAX, &pa));
	assert_false(page_walk((uint64_t)1 << 39, &pa));
}

/* Each entry of the memory map is memory, and no two overlap. */
static void
e820_check(const struct boot_e820_entry *map, unsigned int n)
{
	uint64_t low = ram_low_bytes(&ram), usable = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		assert_true(map[i].size > 0);
		if (i > 0)
			assert_true(
			    map[i].addr >= map[i - 1].addr + map[i - 1].size);
		if (map[i].type != 1)
			continue;
		usable += map[i].size;
		assert_true(map[i].addr + map[i].size <= low ||
		    map[i].addr == RAM_HIGH);
		/* The guest must not overwrite ACPI's tables. */
		assert_false(map[i].addr < 0x100000 &&
		    map[i].addr + map[i].size > 0x9fc00);
	}
	assert_true(usable == ram.bytes - (0x100000 - 0x9fc00));
}

/* 1.14 of boot.rst: the state at the 64-bit entry. */
static void
test_bzimage(void **state)
{
	struct setup_header h = bz_header(100000);
	const struct boot_initrd initrd = { 0x1c00000, 12345 };
	struct image image = bz_new(&h, 100000);
	const struct boot_params *p;

	(void)state;
	memory_new(32 * MIB);
	memory_dirty(0, 32 * MIB);
	assert_int_equal(bz_boot(&image, &initrd), 0);
	assert_int_equal(boot.mode, BOOT_LONG);
	assert_true(boot.entry == PREF + 0x200);
	assert_memory_equal(ram.base + PREF, image.data + SETUP_BYTES, 100000);
	assert_true(memory_is(PREF + 100000, 1000, DIRTY));
	assert_true(memory_is(PREF - 1000, 1000, DIRTY));
	p = ram_at(&ram, boot.argument, sizeof(*p));
	assert_non_null(p);
	assert_int_equal(p->hdr.type_of_loader, 0xff);
	assert_int_equal(p->hdr.header, 0x53726448);
	assert_int_equal(p->hdr.ramdisk_image, initrd.at);
	assert_int_equal(p->hdr.ramdisk_size, initrd.bytes);
	assert_true(p->acpi_rsdp_addr == ACPI_RSDP);
	assert_non_null(ram_at(&ram, p->hdr.cmd_line_ptr, 2048));
	e820_check(p->e820_table, p->e820_entries);
	page_tables_check();
	free(image.data);
	memory_free();
}

/* No setup_sects: four of them (boot.rst). */
static void
test_bzimage_old_setup(void **state)
{
	struct setup_header h = bz_header(5000);
	struct image image;

	(void)state;
	memory_new(32 * MIB);
	h.setup_sects = 0;
	image = bz_new(&h, 5000);
	assert_int_equal(bz_boot(&image, &none), 0);
	assert_memory_equal(ram.base + PREF, image.data + 5 * 512, 5000);
	free(image.data);
	h.setup_sects = 255;
	image = bz_new(&h, 5000);
	assert_int_equal(bz_boot(&image, &none), 0);
	assert_memory_equal(ram.base + PREF, image.data + 256 * 512, 5000);
	free(image.data);
	memory_free();
}

static void
test_bzimage_memory_map(void **state)
{
	static const uint64_t sizes[] = { 16 * MIB, 32 * MIB,
		RAM_HOLE - 2 * MIB, RAM_HOLE, RAM_HOLE + 2 * MIB,
		(uint64_t)6 << 30 };
	struct setup_header h = bz_header(5000);
	const struct boot_params *p;
	struct image image;
	unsigned int i;

	(void)state;
	h.pref_address = 2 * MIB;
	image = bz_new(&h, 5000);
	for (i = 0; i < COUNT(sizes); i++) {
		memory_new(sizes[i]);
		assert_int_equal(bz_boot(&image, &none), 0);
		p = ram_at(&ram, boot.argument, sizeof(*p));
		e820_check(p->e820_table, p->e820_entries);
		memory_free();
	}
	free(image.data);
}

static void
test_bzimage_bad(void **state)
{
	struct setup_header h;

	(void)state;
	memory_new(32 * MIB);
	h = bz_header(5000);
	h.version = 0x020b;
	bz_refused(&h, 5000,
	    "not a 64-bit Linux of 3.8 or later (its boot protocol is 2.11)");
	h.version = 0;
	bz_refused(&h, 5000, "its boot protocol is 0.0");
	h = bz_header(5000);
	h.xloadflags = (uint16_t)~XLF_KERNEL_64;
	bz_refused(&h, 5000, "not a 64-bit Linux");
	h = bz_header(5000);
	h.loadflags = (uint8_t)~LOADED_HIGH;
	bz_refused(&h, 5000, "truncated");
	/* Below 1 MiB there are tables. */
	h = bz_header(5000);
	h.pref_address = 0;
	bz_refused(&h, 5000, "below 1 MiB");
	h.pref_address = 0xff000;
	bz_refused(&h, 5000, "below 1 MiB");
	memory_free();
}

/* The memory that it needs to unpack itself, and the image's size. */
static void
test_bzimage_too_big(void **state)
{
	static const uint64_t at[] = { 32 * MIB - 4096, 32 * MIB,
		32 * MIB + 4096, RAM_HIGH, UINT64_MAX - 4096, UINT64_MAX,
		(uint64_t)1 << 63 };
	struct setup_header h;
	unsigned int i;

	(void)state;
	memory_new(32 * MIB);
	memory_dirty(0, 32 * MIB);
	for (i = 0; i < COUNT(at); i++) {
		h = bz_header(5000);
		h.pref_address = at[i];
		bz_refused(&h, 5000, "of memory");
	}
	h = bz_header(5000);
	h.init_size = 16 * MIB + 1;
	bz_refused(&h, 5000, "it needs 33 MiB");
	h.init_size = UINT32_MAX;
	bz_refused(&h, 5000, "of memory");
	h.init_size = 16 * MIB;
	bz_refused(&h, 16 * MIB + 16, "of memory");
	/* It is refused before memory is written. */
	assert_true(memory_is(0, 32 * MIB, DIRTY));
	memory_free();
}

/* Cut at every length, it is refused. */
static void
test_bzimage_cut(void **state)
{
	struct setup_header h = bz_header(160);
	struct image image = bz_new(&h, 160), cut;
	size_t n;

	(void)state;
	memory_new(32 * MIB);
	for (n = 0; n < image.bytes; n++) {
		cut = image_cut(&image, n);
		assert_int_equal(bz_boot(&cut, &none), -1);
		says(&err, "truncated");
		free(cut.data);
	}
	assert_int_equal(bz_boot(&image, &none), 0);
	/* A longer file is valid: a signature may follow. */
	h.syssize--;
	memcpy(image.data + SETUP_AT, &h, sizeof(h));
	assert_int_equal(bz_boot(&image, &none), 0);
	free(image.data);
	memory_free();
}

/* A kernel that would unpack itself over the initrd. */
static void
test_bzimage_over_initrd(void **state)
{
	struct setup_header h = bz_header(5000);
	struct image image = bz_new(&h, 5000);
	const struct boot_initrd good = { PREF + 4 * MIB, 8 * MIB };
	const struct boot_initrd bad = { PREF + 4 * MIB - 4096, 8 * MIB };

	(void)state;
	memory_new(32 * MIB);
	assert_int_equal(bz_boot(&image, &good), 0);
	assert_int_equal(bz_boot(&image, &bad), -1);
	says(&err, "initrd");
	free(image.data);
	memory_free();
}

/* -------------------------------------------------------------------- ELF */

static int
elf_boot(const struct image *image, const struct boot_initrd *initrd)
{
	memset(&boot, 0, sizeof(boot));
	memset(&err, 0, sizeof(err));
	return boot_elf(&boot, &ram, image->data, image->bytes, initrd, &err);
}

static void
elf_refused(const struct elf_kernel *k, const char *why)
{
	struct image image = elf_new(k);

	assert_int_equal(elf_boot(&image, &none), -1);
	says(&err, why);
	free(image.data);
}

static void
elf_taken(const struct elf_kernel *k)
{
	struct image image = elf_new(k);

	if (elf_boot(&image, &none) != 0)
		fail_msg("%s", err.text);
	free(image.data);
}

/* Xen's start_info.h, version 1, by its offsets. */
struct start_info {
	uint32_t magic, version, flags, modules;
	uint64_t module_list, cmdline, rsdp, memmap;
	uint32_t memmap_entries, reserved;
};

static void
start_info_check(const struct boot_initrd *initrd)
{
	const struct start_info *s = ram_at(&ram, boot.argument, sizeof(*s));
	struct boot_e820_entry map[8];
	const uint64_t *m;
	unsigned int i;

	assert_non_null(s);
	assert_int_equal(s->magic, 0x336ec578);
	assert_int_equal(s->version, 1);
	assert_true(s->rsdp == ACPI_RSDP);
	assert_non_null(ram_at(&ram, s->cmdline, 2048));
	assert_int_equal(s->modules, initrd->bytes != 0);
	/* FreeBSD stops if there is a list without a module. */
	assert_true((s->module_list != 0) == (s->modules != 0));
	if (s->modules != 0) {
		m = ram_at(&ram, s->module_list, 32);
		assert_true(m[0] == initrd->at && m[1] == initrd->bytes);
	}
	assert_in_range(s->memmap_entries, 1, 8);
	for (i = 0; i < s->memmap_entries; i++) {
		m = ram_at(&ram, s->memmap + i * 24, 24);
		map[i].addr = m[0];
		map[i].size = m[1];
		map[i].type = (uint32_t)m[2];
	}
	e820_check(map, s->memmap_entries);
}

static void
test_elf(void **state)
{
	const struct boot_initrd initrd = { 0x1c00000, 12345 };
	struct elf_kernel k = elf_kernel();
	struct image image = elf_new(&k);
	unsigned int with;

	(void)state;
	memory_new(32 * MIB);
	for (with = 0; with < 2; with++) {
		memory_dirty(0, 32 * MIB);
		assert_int_equal(elf_boot(&image, with ? &initrd : &none), 0);
		assert_int_equal(boot.mode, BOOT_PVH);
		assert_int_equal(boot.entry, ELF_ENTRY);
		assert_memory_equal(ram.base + ELF_PADDR,
		    image.data + ELF_CODE_AT, ELF_CODE_BYTES);
		/* Memory beyond the file's data is zero. */
		assert_true(memory_is(ELF_PADDR + ELF_CODE_BYTES,
		    ELF_MEMSZ - ELF_CODE_BYTES, 0));
		assert_true(memory_is(ELF_PADDR + ELF_MEMSZ, 4096, DIRTY));
		assert_true(memory_is(ELF_PADDR - 4096, 4096, DIRTY));
		start_info_check(with ? &initrd : &none);
	}
	free(image.data);
	memory_free();
	memory_new((uint64_t)6 << 30);
	elf_taken(&k);
	start_info_check(&none);
	memory_free();
}

static void
test_elf_bad(void **state)
{
	struct elf_kernel k;

	(void)state;
	memory_new(32 * MIB);
	k = elf_kernel();
	k.header.e_ident[EI_CLASS] = ELFCLASS32;
	elf_refused(&k, "an ELF file, but not for x86-64");
	k = elf_kernel();
	k.header.e_machine = EM_AARCH64;
	elf_refused(&k, "an ELF file, but not for x86-64");
	k = elf_kernel();
	k.header.e_ident[EI_DATA] = ELFDATA2MSB;
	elf_refused(&k, "an ELF file, but not for x86-64");
	k = elf_kernel();
	k.header.e_phnum = 0;
	elf_refused(&k, "no PVH entry: build it with CONFIG_PVH=y");
	/* Wrong sizes of program headers; too many of them. */
	k = elf_kernel();
	k.header.e_phentsize = sizeof(Elf64_Phdr) - 1;
	elf_refused(&k, "program headers");
	k.header.e_phentsize = 0;
	elf_refused(&k, "program headers");
	k = elf_kernel();
	k.header.e_phnum = PN_XNUM;
	elf_refused(&k, "program headers");
	k = elf_kernel();
	k.header.e_phoff = ELF_BYTES - 60;
	elf_refused(&k, "truncated");
	k.header.e_phoff = UINT64_MAX - 20;
	elf_refused(&k, "truncated");
	k.header.e_phoff = (uint64_t)1 << 63;
	elf_refused(&k, "truncated");
	memory_free();
}

static void
test_elf_segments(void **state)
{
	static const uint64_t outside[] = { 32 * MIB - ELF_MEMSZ + 1, 32 * MIB,
		32 * MIB + 1, RAM_HIGH, UINT64_MAX,
		UINT64_MAX - ELF_MEMSZ + 2 };
	static const uint64_t beyond[] = { ELF_BYTES, ELF_BYTES + 1,
		ELF_CODE_AT + 1, UINT64_MAX, UINT64_MAX - 10,
		UINT64_MAX - ELF_CODE_BYTES + 1 };
	struct elf_kernel k;
	unsigned int i;

	(void)state;
	memory_new(32 * MIB);
	for (i = 0; i < COUNT(outside); i++) {
		k = elf_kernel();
		k.load.p_paddr = outside[i];
		elf_refused(&k, "does not fit into 32 MiB of memory");
	}
	for (i = 0; i < COUNT(beyond); i++) {
		k = elf_kernel();
		k.load.p_offset = beyond[i];
		elf_refused(&k, "truncated");
	}
	k = elf_kernel();
	k.load.p_memsz = (uint64_t)1 << 63;
	elf_refused(&k, "does not fit");
	k.load.p_memsz = UINT64_MAX;
	elf_refused(&k, "does not fit");
	k.load.p_memsz = ELF_CODE_BYTES - 1;
	elf_refused(&k, "truncated");
	k = elf_kernel();
	k.load.p_filesz = UINT64_MAX;
	elf_refused(&k, "truncated");
	k = elf_kernel();
	k.load.p_paddr = 0xff000;
	elf_refused(&k, "below 1 MiB");
	k.load.p_paddr = 0;
	elf_refused(&k, "below 1 MiB");
	/* It just fits. */
	k.load.p_paddr = 32 * MIB - ELF_MEMSZ;
	elf_taken(&k);
	/* An empty segment may be anywhere. */
	k = elf_kernel();
	k.load.p_memsz = k.load.p_filesz = 0;
	k.load.p_paddr = UINT64_MAX;
	elf_taken(&k);
	memory_free();
}

static void
test_elf_notes(void **state)
{
	struct elf_kernel k;
	unsigned int i;

	(void)state;
	memory_new(32 * MIB);
	/* The note is the first, or its value has four bytes. */
	k = elf_kernel();
	k.other = k.pvh;
	elf_taken(&k);
	assert_int_equal(boot.entry, ELF_ENTRY);
	k.other.head.n_descsz = 4;
	elf_taken(&k);
	/* Notes of another type, name or size. */
	k = elf_kernel();
	k.pvh.head.n_type = 17;
	elf_refused(&k, "no PVH entry");
	k = elf_kernel();
	k.pvh.name[0] = 'x';
	elf_refused(&k, "no PVH entry");
	k = elf_kernel();
	k.pvh.name[3] = 'x';
	elf_refused(&k, "no PVH entry");
	k = elf_kernel();
	k.pvh.head.n_namesz = 3;
	elf_refused(&k, "no PVH entry");
	k = elf_kernel();
	k.pvh.head.n_descsz = 3;
	elf_refused(&k, "no PVH entry");
	/* A bad note before it. */
	for (i = 0; i < 32; i++) {
		k = elf_kernel();
		k.other.head.n_namesz = 1u << i | 0xff0;
		elf_refused(&k, "no PVH entry");
		k = elf_kernel();
		k.other.head.n_descsz = UINT32_MAX - i;
		elf_refused(&k, "no PVH entry");
	}
	/*
	 * The segment ends before the note or within it, or is outside the
	 * file.
	 */
	for (i = 0; i < sizeof(k.other) + sizeof(k.pvh.head); i++) {
		k = elf_kernel();
		k.note.p_filesz = i;
		k.pvh.head.n_type = i <= sizeof(k.other) ? 18 : 17;
		elf_refused(&k, "no PVH entry");
	}
	k = elf_kernel();
	k.note.p_offset = ELF_BYTES - 4;
	elf_refused(&k, "no PVH entry");
	k.note.p_offset = UINT64_MAX - 4;
	elf_refused(&k, "no PVH entry");
	k = elf_kernel();
	k.note.p_filesz = UINT64_MAX;
	elf_refused(&k, "no PVH entry");
	k = elf_kernel();
	k.note.p_type = PT_NULL;
	elf_refused(&k, "no PVH entry");
	memory_free();
}

/* Segments over each other: each fits, but all would take too long. */
static void
test_elf_sum(void **state)
{
	struct elf_kernel k = elf_kernel();
	const unsigned int n = 64;
	struct image image = image_new(sizeof(k) + n * sizeof(k.load));
	Elf64_Phdr p = k.load;
	unsigned int i, fit;

	(void)state;
	memory_new(32 * MIB);
	k.header.e_phoff = sizeof(k);
	k.header.e_phnum = n;
	p.p_filesz = 0;
	for (fit = 0; fit < 2; fit++) {
		p.p_memsz = fit ? 32 * MIB / n : 16 * MIB;
		memcpy(image.data, &k, sizeof(k));
		memcpy(image.data + sizeof(k), &k.note, sizeof(k.note));
		for (i = 1; i < n; i++)
			memcpy(image.data + sizeof(k) + i * sizeof(p), &p,
			    sizeof(p));
		assert_int_equal(elf_boot(&image, &none), fit ? 0 : -1);
		if (!fit)
			says(&err, "larger than the memory, of 32 MiB, in all");
	}
	free(image.data);
	memory_free();
}

static void
test_elf_cut(void **state)
{
	struct elf_kernel k = elf_kernel();
	struct image image = elf_new(&k), cut;
	size_t n;

	(void)state;
	memory_new(32 * MIB);
	for (n = 0; n < image.bytes; n += n < 0x500 ? 1 : 7) {
		cut = image_cut(&image, n);
		assert_int_equal(elf_boot(&cut, &none), -1);
		says(&err,
		    n < sizeof(k.header) ? "an ELF file, but not" :
					   "truncated");
		free(cut.data);
	}
	free(image.data);
	memory_free();
}

static void
test_elf_over_initrd(void **state)
{
	struct elf_kernel k = elf_kernel();
	struct image image = elf_new(&k);
	const struct boot_initrd good = { 0x300000, 5000 };
	const struct boot_initrd bad = { 0x204000, 5000 };

	(void)state;
	memory_new(32 * MIB);
	assert_int_equal(elf_boot(&image, &good), 0);
	assert_int_equal(elf_boot(&image, &bad), -1);
	says(&err, "initrd");
	free(image.data);
	memory_free();
}

/* ------------------------------------------------------------------ files */

static void
file_write(const char *name, const void *data, size_t n)
{
	int fd = open(dir_path(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, n), n);
	close(fd);
}

static int
kernel_boot(const char *initrd, const char *append)
{
	char kernel[sizeof(dir) + 32], path[sizeof(dir) + 32];

	memset(&err, 0, sizeof(err));
	(void)snprintf(kernel, sizeof(kernel), "%s", dir_path("kernel"));
	if (initrd != NULL)
		(void)snprintf(path, sizeof(path), "%s", dir_path(initrd));
	return boot_kernel(&boot, &ram, kernel, initrd != NULL ? path : NULL,
	    append, &err);
}

/* What the guest has overwritten is there again; files may have changed. */
static void
test_kernel_again(void **state)
{
	struct setup_header h = bz_header(5000);
	struct image bz = bz_new(&h, 5000), was = image_new(64 * MIB);
	char kernel[sizeof(dir) + 32], initrd[sizeof(dir) + 32];
	unsigned int from;

	(void)state;
	(void)snprintf(kernel, sizeof(kernel), "%s", dir_path("kernel"));
	(void)snprintf(initrd, sizeof(initrd), "%s", dir_path("initrd"));
	memory_new(64 * MIB);
	file_write("kernel", bz.data, bz.bytes);
	file_write("initrd", bz.data, 5001);
	assert_int_equal(boot_kernel_keep(&boot, &ram, kernel, initrd, "quiet",
			     &err),
	    0);
	memcpy(was.data, ram.base, ram.bytes);
	file_write("kernel", "", 0);
	(void)unlink(dir_path("initrd"));
	memory_dirty(0, ram.bytes);
	assert_int_equal(boot_again(&boot, &ram, &err), 0);
	for (from = 0; from < ram.bytes; from++)
		if (was.data[from] != 0)
			assert_int_equal(ram.base[from], was.data[from]);
	boot_free(&boot);
	free(bz.data);
	free(was.data);
	memory_free();
}

static void
test_kernel_files(void **state)
{
	struct setup_header h = bz_header(5000);
	struct image bz = bz_new(&h, 5000);
	struct elf_kernel k = elf_kernel();
	struct image elf = elf_new(&k);
	const struct boot_params *p;
	char append[2049];

	(void)state;
	memory_new(64 * MIB);
	file_write("initrd", elf.data, 5001);
	file_write("kernel", bz.data, bz.bytes);
	assert_int_equal(kernel_boot("initrd", "console=ttyS0 quiet"), 0);
	assert_int_equal(boot.mode, BOOT_LONG);
	p = ram_at(&ram, boot.argument, sizeof(*p));
	assert_string_equal((char *)ram.base + p->hdr.cmd_line_ptr,
	    "console=ttyS0 quiet");
	assert_int_equal(p->hdr.ramdisk_size, 5001);
	assert_int_equal(p->hdr.ramdisk_image % 4096, 0);
	assert_true(p->hdr.ramdisk_image + 5001 <= 64 * MIB);
	assert_true(p->hdr.ramdisk_image >= 60 * MIB);
	assert_memory_equal(ram.base + p->hdr.ramdisk_image, elf.data, 5001);
	boot_free(&boot);

	file_write("kernel", elf.data, elf.bytes);
	memset(append, 'a', 2048);
	append[2047] = '\0';
	assert_int_equal(kernel_boot(NULL, append), 0);
	assert_int_equal(boot.mode, BOOT_PVH);
	start_info_check(&none);
	append[2047] = 'a';
	append[2048] = '\0';
	assert_int_equal(kernel_boot(NULL, append), -1);
	says(&err, "--append: must be at most 2047 bytes long");
	assert_int_equal(kernel_boot(NULL, NULL), 0);
	free(bz.data);
	free(elf.data);
	memory_free();
}

/* High in memory, but below 2 GiB, which every kernel can reach. */
static void
test_initrd_place(void **state)
{
	struct setup_header h = bz_header(5000);
	struct image bz = bz_new(&h, 5000);
	const struct boot_params *p;

	(void)state;
	memory_new((uint64_t)5 << 30);
	file_write("kernel", bz.data, bz.bytes);
	file_write("initrd", bz.data, bz.bytes);
	assert_int_equal(kernel_boot("initrd", ""), 0);
	p = ram_at(&ram, boot.argument, sizeof(*p));
	assert_true(p->hdr.ramdisk_image + bz.bytes <= 0x7fffffff);
	assert_memory_equal(ram.base + p->hdr.ramdisk_image, bz.data, bz.bytes);
	free(bz.data);
	memory_free();
}

static void
test_kernel_files_bad(void **state)
{
	struct setup_header h = bz_header(5000);
	struct image bz = bz_new(&h, 5000), big = image_new(16 * MIB + 1);

	(void)state;
	memory_new(32 * MIB);
	(void)unlink(dir_path("kernel"));
	assert_int_equal(kernel_boot(NULL, NULL), -1);
	says(&err, "kernel: No such file");
	file_write("kernel", "", 0);
	assert_int_equal(kernel_boot(NULL, NULL), -1);
	says(&err, "the file is empty");
	file_write("kernel", "x", 1);
	assert_int_equal(kernel_boot(NULL, NULL), -1);
	says(&err, "neither a bzImage nor an ELF file");
	file_write("kernel", bz.data, 0x205);
	assert_int_equal(kernel_boot(NULL, NULL), -1);
	says(&err, "neither a bzImage nor an ELF file");
	assert_int_equal(boot_kernel(&boot, &ram, "/tmp", NULL, NULL, &err),
	    -1);
	says(&err, "kernel /tmp: ");

	file_write("kernel", bz.data, bz.bytes);
	(void)unlink(dir_path("initrd"));
	assert_int_equal(kernel_boot("initrd", NULL), -1);
	says(&err, "initrd: No such file");
	file_write("initrd", "", 0);
	assert_int_equal(kernel_boot("initrd", NULL), -1);
	says(&err, "the file is empty");
	file_write("initrd", big.data, big.bytes);
	assert_int_equal(kernel_boot("initrd", NULL), -1);
	says(&err, "larger than half of the memory");
	/* It fits, but not beside the kernel. */
	file_write("initrd", big.data, 13 * MIB);
	assert_int_equal(kernel_boot("initrd", NULL), -1);
	says(&err, "initrd");
	file_write("initrd", big.data, 12 * MIB);
	assert_int_equal(kernel_boot("initrd", NULL), 0);
	free(bz.data);
	free(big.data);
	memory_free();
}

static void
test_bios(void **state)
{
	static const size_t bad[] = { 1, 65535, 65537, 98304, MIB + 65536 };
	struct image image = image_new(MIB + 65536);
	size_t i;

	(void)state;
	for (i = 0; i < image.bytes; i++)
		image.data[i] = code(i);
	for (i = 1; i <= 16; i *= 4) {
		file_write("bios", image.data, i * 65536);
		assert_int_equal(boot_bios(&boot, dir_path("bios"), &err), 0);
		assert_int_equal(boot.mode, BOOT_RESET);
		assert_int_equal(boot.rom_bytes, i * 65536);
		assert_memory_equal(boot.rom, image.data, i * 65536);
		boot_free(&boot);
		boot_free(&boot);
	}
	for (i = 0; i < COUNT(bad); i++) {
		file_write("bios", image.data, bad[i]);
		assert_int_equal(boot_bios(&boot, dir_path("bios"), &err), -1);
		says(&err, "must be a multiple of 64 KiB, up to 1 MiB");
		boot_free(&boot);
	}
	file_write("bios", "", 0);
	assert_int_equal(boot_bios(&boot, dir_path("bios"), &err), -1);
	says(&err, "the file is empty");
	assert_int_equal(unlink(dir_path("bios")), 0);
	assert_int_equal(boot_bios(&boot, dir_path("bios"), &err), -1);
	says(&err, "No such file");
	boot_free(&boot);
	free(image.data);
}

static int
files_remove(void **state)
{
	(void)unlink(dir_path("kernel"));
	(void)unlink(dir_path("initrd"));
	return dir_remove(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ram_bad),
		cmocka_unit_test(test_ram_file),
		cmocka_unit_test(test_ram_at),
		cmocka_unit_test(test_bzimage),
		cmocka_unit_test(test_bzimage_old_setup),
		cmocka_unit_test(test_bzimage_memory_map),
		cmocka_unit_test(test_bzimage_bad),
		cmocka_unit_test(test_bzimage_too_big),
		cmocka_unit_test(test_bzimage_cut),
		cmocka_unit_test(test_bzimage_over_initrd),
		cmocka_unit_test(test_elf),
		cmocka_unit_test(test_elf_bad),
		cmocka_unit_test(test_elf_segments),
		cmocka_unit_test(test_elf_notes),
		cmocka_unit_test(test_elf_sum),
		cmocka_unit_test(test_elf_cut),
		cmocka_unit_test(test_elf_over_initrd),
		cmocka_unit_test(test_kernel_files),
		cmocka_unit_test(test_kernel_again),
		cmocka_unit_test(test_initrd_place),
		cmocka_unit_test(test_kernel_files_bad),
		cmocka_unit_test(test_bios),
	};

	return cmocka_run_group_tests(tests, dir_make, files_remove);
}
