/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot.h"

#include <asm/bootparam.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acpi.h"

/* Addresses in low memory, in use until the guest has read them. */
#define AT_PARAMS	0x7000u		/* boot_params, or PVH's start info */
#define AT_MEMMAP	0x8000u		/* PVH's memory map */
#define AT_MODULE	0x8800u		/* PVH's module list */
#define AT_GDT		0x9000u
#define AT_PAGES	0x10000u	/* six page tables */
#define AT_CMDLINE	0x20000u
#define CMDLINE_MAX	2047u

#define BIOS_AREA	0x9fc00u	/* no RAM from here to 1 MiB */
#define BIOS_AREA_END	0x100000u

#define BZIMAGE_MAGIC	0x53726448u	/* "HdrS" */
#define BZIMAGE_VERSION	0x020c		/* since Linux 3.8 */
#define SECTOR_BYTES	512u

#define PHDRS_MAX	64u		/* of an ELF kernel; Linux has 5 */

#define PVH_MAGIC	0x336ec578u
#define PVH_NOTE	18u		/* XEN_ELFNOTE_PHYS32_ENTRY */

#define RAM_USABLE	1u		/* E820, and PVH's map */
#define RAM_RESERVED	2u

/* Xen's include/public/arch-x86/hvm/start_info.h, version 1. */
struct pvh_start {
	uint32_t magic, version, flags, modules;
	uint64_t module_list, cmdline, rsdp, memmap;
	uint32_t memmap_entries, reserved;
};

struct pvh_module {
	uint64_t at, bytes, cmdline, reserved;
};

struct pvh_memmap {
	uint64_t addr, size;
	uint32_t type, reserved;
};

/* ------------------------------------------------------------------ files */

static bool
boot_file_map(struct boot_file *f, const char *path, const char *what,
    struct err *err)
{
	/* O_NONBLOCK: without it the open of a FIFO waits. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	void *p = MAP_FAILED;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		(void)err_set(err, "%s %s: %s", what, path, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		(void)err_set(err, "%s %s: this is a directory; name a file",
		    what, path);
	else if (!S_ISREG(st.st_mode))
		(void)err_set(err, "%s %s: not a regular file", what, path);
	else if (st.st_size == 0)
		(void)err_set(err, "%s %s: the file is empty", what, path);
	else if ((p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd,
		      0)) == MAP_FAILED)
		(void)err_set(err, "%s %s: %s", what, path, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	if (p == MAP_FAILED)
		return false;
	f->data = p;
	f->bytes = (size_t)st.st_size;
	return true;
}

static void
boot_file_unmap(struct boot_file *f)
{
	if (f->data != NULL)
		(void)munmap(f->data, f->bytes);
	f->data = NULL;
}

/* The file in memory of our own, which does not change when the file does. */
static int
boot_file_copy(struct boot_file *f, const char *what, struct err *err)
{
	void *copy = mmap(NULL, f->bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (copy == MAP_FAILED)
		return err_set(err, "no memory for a copy of the %s", what);
	memcpy(copy, f->data, f->bytes);
	(void)munmap(f->data, f->bytes);
	f->data = copy;
	return 0;
}

/* ------------------------------------------------------------------- BIOS */

/*
 * Makes a copy, because the guest's memory must not change when the file does.
 * The guest sees it from 4 GiB - size on.
 */
int
boot_bios(struct boot *boot, const char *path, struct err *err)
{
	struct boot_file f = { 0 };
	int error = 0;

	memset(boot, 0, sizeof(*boot));
	if (!boot_file_map(&f, path, "BIOS image", err))
		return -1;
	if (f.bytes % 65536 != 0 || f.bytes > 1u << 20) {
		error = err_set(err,
		    "BIOS image %s: %zu bytes; must be a multiple of 64 KiB, "
		    "up to 1 MiB",
		    path, f.bytes);
		goto unmap_file;
	}
	boot->rom = mmap(NULL, f.bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (boot->rom == MAP_FAILED) {
		boot->rom = NULL;
		error = err_set(err, "out of memory");
		goto unmap_file;
	}
	memcpy(boot->rom, f.data, f.bytes);
	boot->rom_bytes = f.bytes;
	boot->mode = BOOT_RESET;
unmap_file:
	boot_file_unmap(&f);
	return error;
}

void
boot_free(struct boot *boot)
{
	if (boot->rom != NULL)
		(void)munmap(boot->rom, boot->rom_bytes);
	boot->rom = NULL;
	boot_file_unmap(&boot->kernel);
	boot_file_unmap(&boot->initrd);
}

/* ------------------------------------------------------------ what all need */

/*
 * Page tables that map the first 4 GiB one to one in pages of 2 MiB; and a
 * table of segments, which the boot protocol demands, although the CPU has them
 * loaded already.
 */
static void
boot_tables_write(const struct ram *ram)
{
	static const uint64_t gdt[BOOT_GDT_BYTES / 8] = {
		[BOOT_CS / 8] = 0x00af9b000000ffff,
		[BOOT_DS / 8] = 0x00cf93000000ffff,
	};

	uint64_t *table = ram_at(ram, AT_PAGES, 6 * 4096);
	unsigned int i;

	memcpy(ram_at(ram, AT_GDT, sizeof(gdt)), gdt, sizeof(gdt));
	memset(table, 0, (size_t)2 * 4096);
	table[0] = (AT_PAGES + 0x1000) | 3;
	for (i = 0; i < 4; i++)
		table[512 + i] = (AT_PAGES + 0x2000 + i * 0x1000) | 3;
	for (i = 0; i < 2048; i++)
		table[1024 + i] = (uint64_t)i << 21 | 0x83;
}

static void
boot_map_add(struct boot_e820_entry *map, unsigned int *n, uint64_t from,
    uint64_t to, uint32_t type)
{
	if (from >= to)
		return;
	map[*n].addr = from;
	map[*n].size = to - from;
	map[(*n)++].type = type;
}

static unsigned int
boot_memory_map(const struct ram *ram, struct boot_e820_entry map[4])
{
	uint64_t low = ram_low_bytes(ram);
	unsigned int n = 0;

	boot_map_add(map, &n, 0, BIOS_AREA, RAM_USABLE);
	boot_map_add(map, &n, BIOS_AREA, BIOS_AREA_END, RAM_RESERVED);
	boot_map_add(map, &n, BIOS_AREA_END, low, RAM_USABLE);
	boot_map_add(map, &n, RAM_HIGH, RAM_HIGH + (ram->bytes - low),
	    RAM_USABLE);
	return n;
}

/*
 * Can a kernel have this memory?  It must not overwrite the tables below 1 MiB
 * or the initrd.
 */
static int
kernel_place_check(const struct ram *ram, uint64_t from, uint64_t bytes,
    const struct boot_initrd *initrd, struct err *err)
{
	unsigned long long mib = ram->bytes >> 20;

	if (from < BIOS_AREA_END)
		return err_set(err, "the kernel is linked to run below 1 MiB");
	if (from > RAM_MAX_BYTES || bytes > RAM_MAX_BYTES)
		return err_set(err,
		    "the kernel does not fit into %llu MiB of memory", mib);
	if (ram_at(ram, from, bytes) == NULL)
		return err_set(err,
		    "the kernel does not fit into %llu MiB of memory: it needs "
		    "%llu MiB: use more --memory",
		    mib, (unsigned long long)((from + bytes - 1) >> 20) + 1);
	if (initrd->bytes != 0 && initrd->at < from + bytes &&
	    from < initrd->at + initrd->bytes)
		return err_set(err,
		    "kernel and initrd do not fit into %llu MiB of memory: use "
		    "more --memory",
		    mib);
	return 0;
}

/* ---------------------------------------------------------------- bzImage */

/* The size of what comes before the kernel; 0 sectors mean 4 (boot.rst). */
static size_t
bzimage_setup_bytes(const struct setup_header *h)
{
	return ((h->setup_sects != 0 ? h->setup_sects : 4) + 1u) *
	    (size_t)SECTOR_BYTES;
}

static int
bzimage_check(const struct ram *ram, const struct setup_header *h, size_t bytes,
    const struct boot_initrd *initrd, struct err *err)
{
	size_t setup = bzimage_setup_bytes(h), image;

	if (h->version < BZIMAGE_VERSION || !(h->xloadflags & XLF_KERNEL_64))
		return err_set(err,
		    "the kernel is not a 64-bit Linux of 3.8 or later (its "
		    "boot protocol is %u.%u)",
		    h->version >> 8, h->version & 0xff);
	image = bytes - setup;
	if (setup >= bytes || image / 16 < h->syssize ||
	    !(h->loadflags & LOADED_HIGH))
		return err_set(err, "the kernel's file is truncated");
	return kernel_place_check(ram, h->pref_address,
	    h->init_size > image ? h->init_size : image, initrd, err);
}

/* 64-bit boot protocol: 1.14 of boot.rst. */
int
boot_bzimage(struct boot *boot, const struct ram *ram, const uint8_t *image,
    size_t bytes, const struct boot_initrd *initrd, struct err *err)
{
	struct boot_params params = { 0 };
	struct setup_header *h = &params.hdr;
	size_t setup;

	if (bytes < 0x1f1 + sizeof(*h))
		return err_set(err, "the kernel's file is truncated");
	memcpy(h, image + 0x1f1, sizeof(*h));
	if (bzimage_check(ram, h, bytes, initrd, err) != 0)
		return -1;
	setup = bzimage_setup_bytes(h);
	memcpy(ram_at(ram, h->pref_address, bytes - setup), image + setup,
	    bytes - setup);
	h->type_of_loader = 0xff;
	h->cmd_line_ptr = AT_CMDLINE;
	h->ramdisk_image = (uint32_t)initrd->at;
	h->ramdisk_size = (uint32_t)initrd->bytes;
	params.acpi_rsdp_addr = ACPI_RSDP;
	params.e820_entries = (uint8_t)boot_memory_map(ram, params.e820_table);
	memcpy(ram_at(ram, AT_PARAMS, sizeof(params)), &params, sizeof(params));
	boot_tables_write(ram);
	boot->mode = BOOT_LONG;
	boot->entry = h->pref_address + 0x200;
	boot->argument = AT_PARAMS;
	boot->page_tables = AT_PAGES;
	boot->gdt = AT_GDT;
	return 0;
}

/* -------------------------------------------------------------------- ELF */

struct elf {
	const uint8_t *image;
	size_t bytes;
	Elf64_Ehdr header;
	uint64_t room;			/* for what is still to load */
};

/* Copies len bytes of the image.  Returns false if it does not have them. */
static bool
elf_get(const struct elf *e, uint64_t at, void *to, size_t len)
{
	if (at > e->bytes || len > e->bytes - at)
		return false;
	memcpy(to, e->image + at, len);
	return true;
}

static bool
elf_phdr(const struct elf *e, unsigned int i, Elf64_Phdr *p)
{
	return elf_get(e,
	    e->header.e_phoff + (uint64_t)i * e->header.e_phentsize, p,
	    sizeof(*p));
}

/* The PVH entry in a segment of notes. */
static bool
elf_note_find(const struct elf *e, const Elf64_Phdr *p, uint64_t *entry)
{
	uint64_t at = p->p_offset, end = p->p_offset + p->p_filesz, data;
	Elf64_Nhdr note;
	char name[4];
	uint32_t value;

	if (end < at)
		return false;
	while (at < end && elf_get(e, at, &note, sizeof(note))) {
		at += sizeof(note);
		data = at + ((note.n_namesz + 3ull) & ~3ull);
		if (note.n_type == PVH_NOTE && note.n_namesz == 4 &&
		    note.n_descsz >= 4 && elf_get(e, at, name, 4) &&
		    memcmp(name, "Xen", 4) == 0 &&
		    elf_get(e, data, &value, 4)) {
			*entry = value;
			return true;
		}
		at = data + ((note.n_descsz + 3ull) & ~3ull);
	}
	return false;
}

/* Segments may overlap, but all together they are no larger than memory. */
static int
elf_segment_load(struct elf *e, const struct ram *ram, const Elf64_Phdr *p,
    const struct boot_initrd *initrd, struct err *err)
{
	uint8_t *to;

	if (p->p_memsz == 0)
		return 0;
	if (kernel_place_check(ram, p->p_paddr, p->p_memsz, initrd, err) != 0)
		return -1;
	if (p->p_memsz > e->room)
		return err_set(err,
		    "the kernel's segments are larger than the memory, of "
		    "%llu MiB, in all",
		    (unsigned long long)(ram->bytes >> 20));
	e->room -= p->p_memsz;
	to = ram_at(ram, p->p_paddr, p->p_memsz);
	if (p->p_filesz > p->p_memsz ||
	    !elf_get(e, p->p_offset, to, p->p_filesz))
		return err_set(err, "the kernel's file is truncated");
	memset(to + p->p_filesz, 0, p->p_memsz - p->p_filesz);
	return 0;
}

static int
elf_segments_load(struct elf *e, const struct ram *ram,
    const struct boot_initrd *initrd, uint64_t *entry, struct err *err)
{
	bool found = false;
	Elf64_Phdr p;
	unsigned int i;

	for (i = 0; i < e->header.e_phnum; i++) {
		if (!elf_phdr(e, i, &p))
			return err_set(err, "the kernel's file is truncated");
		if (p.p_type == PT_NOTE && !found)
			found = elf_note_find(e, &p, entry);
		if (p.p_type == PT_LOAD &&
		    elf_segment_load(e, ram, &p, initrd, err) != 0)
			return -1;
	}
	return found ? 0 :
		       err_set(err,
			   "the kernel has no PVH entry: build it with "
			   "CONFIG_PVH=y, or use its bzImage");
}

static void
pvh_start(const struct ram *ram, const struct boot_initrd *initrd)
{
	struct pvh_start s = {
		.magic = PVH_MAGIC,
		.version = 1,
		.modules = initrd->bytes != 0,
		/* FreeBSD stops if there is a list without a module. */
		.module_list = initrd->bytes != 0 ? AT_MODULE : 0,
		.cmdline = AT_CMDLINE,
		.rsdp = ACPI_RSDP,
		.memmap = AT_MEMMAP,
	};
	struct pvh_module module = { .at = initrd->at, .bytes = initrd->bytes };
	struct boot_e820_entry map[4];
	struct pvh_memmap m[4] = { 0 };
	unsigned int i;

	s.memmap_entries = boot_memory_map(ram, map);
	for (i = 0; i < s.memmap_entries; i++) {
		m[i].addr = map[i].addr;
		m[i].size = map[i].size;
		m[i].type = map[i].type;
	}
	memcpy(ram_at(ram, AT_PARAMS, sizeof(s)), &s, sizeof(s));
	memcpy(ram_at(ram, AT_MEMMAP, sizeof(m)), m, sizeof(m));
	memcpy(ram_at(ram, AT_MODULE, sizeof(module)), &module, sizeof(module));
}

int
boot_elf(struct boot *boot, const struct ram *ram, const uint8_t *image,
    size_t bytes, const struct boot_initrd *initrd, struct err *err)
{
	struct elf e = { .image = image, .bytes = bytes, .room = ram->bytes };

	if (!elf_get(&e, 0, &e.header, sizeof(e.header)) ||
	    e.header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    e.header.e_ident[EI_DATA] != ELFDATA2LSB ||
	    e.header.e_machine != EM_X86_64)
		return err_set(err,
		    "the kernel is an ELF file, but not for x86-64");
	/* The number is bounded because each may cost much time. */
	if (e.header.e_phnum > PHDRS_MAX ||
	    (e.header.e_phnum != 0 &&
		e.header.e_phentsize != sizeof(Elf64_Phdr)))
		return err_set(err,
		    "the kernel's ELF program headers are invalid");
	if (elf_segments_load(&e, ram, initrd, &boot->entry, err) != 0)
		return -1;
	pvh_start(ram, initrd);
	boot->mode = BOOT_PVH;
	boot->argument = AT_PARAMS;
	return 0;
}

/* --------------------------------------------------------------- a kernel */

static bool
is_bzimage(const struct boot_file *f)
{
	uint32_t magic;

	if (f->bytes < 0x206)
		return false;
	memcpy(&magic, (const uint8_t *)f->data + 0x202, 4);
	return magic == BZIMAGE_MAGIC;
}

static bool
is_elf(const struct boot_file *f)
{
	return f->bytes >= SELFMAG && memcmp(f->data, ELFMAG, SELFMAG) == 0;
}

/* As high as possible, out of the kernel's way. */
static int
initrd_load(const struct ram *ram, const struct boot_file *f,
    struct boot_initrd *where, struct err *err)
{
	uint64_t top = ram_low_bytes(ram);

	where->at = where->bytes = 0;
	if (f->data == NULL)
		return 0;
	if (f->bytes >= top / 2)
		return err_set(err,
		    "the initrd is larger than half of the memory: use more "
		    "--memory");
	if (top > 0x7fffffff)
		top = 0x7fffffff;	/* initrd_addr_max of old kernels */
	where->bytes = f->bytes;
	where->at = (top - f->bytes) & ~(uint64_t)0xfff;
	memcpy(ram_at(ram, where->at, f->bytes), f->data, f->bytes);
	return 0;
}

int
boot_open(struct boot *boot, const char *kernel, const char *initrd,
    const char *append, struct err *err)
{
	memset(boot, 0, sizeof(*boot));
	boot->append = append != NULL ? append : "";
	if (strlen(boot->append) > CMDLINE_MAX)
		return err_usage(err, "--append: must be at most %u bytes long",
		    CMDLINE_MAX);
	return boot_file_map(&boot->kernel, kernel, "kernel", err) &&
		(initrd == NULL ||
		    boot_file_map(&boot->initrd, initrd, "initrd", err)) ?
	    0 :
	    -1;
}

int
boot_keep(struct boot *boot, struct err *err)
{
	if (boot->kernel.data != NULL &&
	    boot_file_copy(&boot->kernel, "kernel", err) != 0)
		return -1;
	return boot->initrd.data != NULL ?
	    boot_file_copy(&boot->initrd, "initrd", err) :
	    0;
}

void
boot_close(struct boot *boot)
{
	boot_file_unmap(&boot->kernel);
	boot_file_unmap(&boot->initrd);
}

int
boot_again(struct boot *boot, const struct ram *ram, struct err *err)
{
	const struct boot_file *f = &boot->kernel;
	struct boot_initrd where;

	if (f->data == NULL)
		return 0;
	memcpy(ram_at(ram, AT_CMDLINE, CMDLINE_MAX + 1), boot->append,
	    strlen(boot->append) + 1);
	if (initrd_load(ram, &boot->initrd, &where, err) != 0)
		return -1;
	if (is_bzimage(f))
		return boot_bzimage(boot, ram, f->data, f->bytes, &where, err);
	if (is_elf(f))
		return boot_elf(boot, ram, f->data, f->bytes, &where, err);
	return err_set(err, "neither a bzImage nor an ELF file");
}

int
boot_kernel(struct boot *boot, const struct ram *ram, const char *kernel,
    const char *initrd, const char *append, struct err *err)
{
	int error = boot_open(boot, kernel, initrd, append, err);

	if (error == 0 && boot_again(boot, ram, err) != 0)
		error = err_in(err, "kernel %s", kernel);
	boot_close(boot);
	return error;
}

int
boot_kernel_keep(struct boot *boot, const struct ram *ram, const char *kernel,
    const char *initrd, const char *append, struct err *err)
{
	if (boot_open(boot, kernel, initrd, append, err) != 0 ||
	    boot_keep(boot, err) != 0)
		return -1;
	return boot_again(boot, ram, err) == 0 ?
	    0 :
	    err_in(err, "kernel %s", kernel);
}
