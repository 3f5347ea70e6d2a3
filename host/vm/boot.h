/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the guest starts: an image in its memory, and the state of its first CPU.
 * This knows no KVM.  An image may be hostile: an inconsistent one is refused.
 *
 *	BIOS image	mapped below 4 GiB; the CPU starts as after a reset
 *	bzImage		Linux's 64-bit boot protocol
 *			(Documentation/arch/x86/boot.rst), version 2.12 or later
 *	ELF		a kernel with a PVH entry (XEN_ELFNOTE_PHYS32_ENTRY):
 *			Linux's vmlinux, FreeBSD's kernel
 */
#ifndef VM_BOOT_H
#define VM_BOOT_H

#include "ram.h"

enum boot_mode {
	BOOT_RESET,			/* at the reset vector, 16 bit */
	BOOT_PVH,			/* 32 bit, no paging */
	BOOT_LONG,			/* 64 bit, the first 4 GiB mapped */
};

#define BOOT_CS		0x10u
#define BOOT_DS		0x18u
#define BOOT_GDT_BYTES	0x20u

/* A file in memory. */
struct boot_file {
	void *data;			/* NULL: none */
	size_t bytes;
};

struct boot {
	enum boot_mode mode;
	uint64_t entry;
	uint64_t argument;		/* RSI of BOOT_LONG, EBX of BOOT_PVH */
	uint64_t page_tables;		/* CR3 of BOOT_LONG */
	uint64_t gdt;			/* its segments, of BOOT_LONG */
	/* A BIOS image: read-only memory that ends at 4 GiB. */
	void *rom;
	size_t rom_bytes;
	/* A kernel, as boot_kernel_keep() has read it. */
	struct boot_file kernel, initrd;
	const char *append;
};

/*
 * boot_bios: load an image of 64 KiB to 1 MiB.  boot_kernel: load a kernel;
 * initrd and append may be NULL; the ACPI tables are in memory already.
 * Return 0, or -1 with err set.  Free it by boot_free(), also after an error.
 */
int boot_bios(struct boot *boot, const char *path, struct err *err);
int boot_kernel(struct boot *boot, const struct ram *ram, const char *kernel,
    const char *initrd, const char *append, struct err *err);

/*
 * boot_kernel_keep: the same, for a guest that may start again: boot keeps a
 * copy of the files, and append, which must stay.  boot_again: load them into
 * memory again; the ACPI tables are there.  It makes no system call.
 */
int
boot_kernel_keep(struct boot *boot, const struct ram *ram, const char *kernel,
    const char *initrd, const char *append, struct err *err);
int boot_again(struct boot *boot, const struct ram *ram, struct err *err);
void boot_free(struct boot *boot);

/*
 * The same in steps: boot_open() while the program may open files, boot_again()
 * when it may not any more; then boot_close(), unless the guest may start
 * again.  For that, boot_keep() makes a copy.
 */
int boot_open(struct boot *boot, const char *kernel, const char *initrd,
    const char *append, struct err *err);
int boot_keep(struct boot *boot, struct err *err);
void boot_close(struct boot *boot);

/*
 * The same for images in memory; also for fuzzers.  initrd: where it is.
 */
struct boot_initrd {
	uint64_t at, bytes;
};

int boot_bzimage(struct boot *boot, const struct ram *ram, const uint8_t *image,
    size_t bytes, const struct boot_initrd *initrd, struct err *err);
int boot_elf(struct boot *boot, const struct ram *ram, const uint8_t *image,
    size_t bytes, const struct boot_initrd *initrd, struct err *err);

#endif
