/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest memory between pages without access, and kernels that the test makes
 * byte by byte.
 */
#ifndef TEST_BOOT_RIG_H
#define TEST_BOOT_RIG_H

#include <asm/bootparam.h>
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "boot.h"
#include "common.h"

#define MIB		(1u << 20)
#define GUARD_BYTES	(1u << 16)
#define DIRTY		0xa5		/* what is in memory before */

static struct ram ram;

/* An access outside of the memory ends the test. */
static inline void
memory_new(uint64_t bytes)
{
	uint8_t *p = mmap(NULL, bytes + 2 * GUARD_BYTES, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_true(p != MAP_FAILED);
	ram.base = p + GUARD_BYTES;
	ram.bytes = bytes;
	assert_int_equal(mprotect(ram.base, bytes, PROT_READ | PROT_WRITE), 0);
}

static inline void
memory_free(void)
{
	(void)munmap(ram.base - GUARD_BYTES, ram.bytes + 2 * GUARD_BYTES);
}

/* Clears the memory for the next image. */
static inline void
memory_dirty(uint64_t from, uint64_t bytes)
{
	memset(ram.base + from, DIRTY, bytes);
}

static inline bool
memory_is(uint64_t from, uint64_t bytes, uint8_t what)
{
	const uint8_t *p = ram.base + from;

	return bytes == 0 || (p[0] == what && memcmp(p, p + 1, bytes - 1) == 0);
}

/* ---------------------------------------------------------------- bzImage */

#define SETUP_AT	0x1f1u
#define SETUP_SECTS	4u
#define SETUP_BYTES	((SETUP_SECTS + 1) * 512)
#define PREF		0x1000000u	/* 16 MiB, as Linux has it */

struct image {
	uint8_t *data;			/* of exactly `bytes`: ASan watches */
	size_t bytes;
};

static inline uint8_t
code(size_t i)
{
	return (uint8_t)(i * 31 + (i >> 8) * 7 + 3);
}

static inline struct image
image_new(size_t bytes)
{
	struct image image = { calloc(1, bytes), bytes };

	assert_non_null(image.data);
	return image;
}

/* Loads the first n bytes of the image. */
static inline struct image
image_cut(const struct image *image, size_t n)
{
	struct image cut = { malloc(n != 0 ? n : 1), n };

	assert_non_null(cut.data);
	memcpy(cut.data, image->data, n);
	return cut;
}

static inline struct setup_header
bz_header(uint32_t kernel_bytes)
{
	return (struct setup_header){
		.setup_sects = SETUP_SECTS,
		.syssize = kernel_bytes / 16,
		.boot_flag = 0xaa55,
		.jump = 0x6aeb,
		.header = 0x53726448,
		.version = 0x020f,
		.loadflags = LOADED_HIGH,
		.initrd_addr_max = 0x7fffffff,
		.kernel_alignment = 0x200000,
		.relocatable_kernel = 1,
		.xloadflags = XLF_KERNEL_64,
		.cmdline_size = 2047,
		.pref_address = PREF,
		.init_size = 4 * MIB,
	};
}

/* A kernel with this header: setup code, then kernel_bytes. */
static inline struct image
bz_new(const struct setup_header *h, uint32_t kernel_bytes)
{
	size_t setup = (h->setup_sects != 0 ? h->setup_sects + 1u : 5u) * 512;
	struct image image = image_new(setup + kernel_bytes);
	size_t i;

	memset(image.data, 0x90, setup);
	memcpy(image.data + SETUP_AT, h, sizeof(*h));
	for (i = 0; i < kernel_bytes; i++)
		image.data[setup + i] = code(i);
	return image;
}

/* -------------------------------------------------------------------- ELF */

#define ELF_NOTE_AT	0x400u
#define ELF_CODE_AT	0x1000u
#define ELF_CODE_BYTES	5000u
#define ELF_PADDR	0x200000u
#define ELF_MEMSZ	20000u
#define ELF_ENTRY	0x200123u
#define ELF_BYTES	(ELF_CODE_AT + ELF_CODE_BYTES)

struct elf_note {
	Elf64_Nhdr head;
	char name[4];
	uint32_t value;
	uint32_t more;
};

/* A kernel as Linux links it: a segment of code, one of notes. */
struct elf_kernel {
	Elf64_Ehdr header;
	Elf64_Phdr load, note;
	uint8_t pad[ELF_NOTE_AT - sizeof(Elf64_Ehdr) - 2 * sizeof(Elf64_Phdr)];
	struct elf_note other;		/* another program's */
	struct elf_note pvh;
};

static inline struct elf_kernel
elf_kernel(void)
{
	struct elf_kernel k = {
		.header = {
			.e_ident = ELFMAG,
			.e_type = ET_EXEC,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_phoff = sizeof(Elf64_Ehdr),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 2,
		},
		.load = {
			.p_type = PT_LOAD,
			.p_flags = PF_R | PF_X,
			.p_offset = ELF_CODE_AT,
			.p_paddr = ELF_PADDR,
			.p_vaddr = ELF_PADDR,
			.p_filesz = ELF_CODE_BYTES,
			.p_memsz = ELF_MEMSZ,
		},
		.note = {
			.p_type = PT_NOTE,
			.p_offset = ELF_NOTE_AT,
			.p_filesz = 2 * sizeof(struct elf_note),
		},
		.other = { { 4, 8, 3 }, "GNU", 0xdead, 0xbeef },
		.pvh = { { 4, 8, 18 }, "Xen", ELF_ENTRY, 0 },
	};

	k.header.e_ident[EI_CLASS] = ELFCLASS64;
	k.header.e_ident[EI_DATA] = ELFDATA2LSB;
	k.header.e_ident[EI_VERSION] = EV_CURRENT;
	return k;
}

static inline struct image
elf_new(const struct elf_kernel *k)
{
	struct image image = image_new(ELF_BYTES);
	size_t i;

	memcpy(image.data, k, sizeof(*k));
	for (i = 0; i < ELF_CODE_BYTES; i++)
		image.data[ELF_CODE_AT + i] = code(i);
	return image;
}

#endif
