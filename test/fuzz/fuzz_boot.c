/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer target of boot_bzimage() and boot_elf(): a hostile kernel.
 *
 * The input: which of the two, the size of the memory, the initrd's place; then
 * the image.  Guest memory is between pages without access.  The initrd in it
 * must not change, nor the tables below 1 MiB that boot.c did not write.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "boot.h"
#include "fuzz_input.h"

#define MEMORY_BYTES	(4u << 20)
#define GUARD_BYTES	(1u << 20)
#define BIOS_AREA	0x9fc00u
#define KERNELS		0x100000u	/* from here on */
#define INITRD_BYTE	0xa5
#define HEAD_BYTES	4u

static struct ram ram;

/* Clears all of it. */
static void
memory_clear(void)
{
	uint8_t *p;

	if (ram.base == NULL) {
		p = mmap(NULL, MEMORY_BYTES + 2 * GUARD_BYTES, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(p != MAP_FAILED);
		ram.base = p + GUARD_BYTES;
	}
	CHECK(mmap(ram.base, MEMORY_BYTES, PROT_NONE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == ram.base);
	CHECK(mprotect(ram.base, ram.bytes, PROT_READ | PROT_WRITE) == 0);
}

static int
all_are(uint64_t from, uint64_t bytes, uint8_t what)
{
	const uint8_t *p = ram.base + from;

	return bytes == 0 || (p[0] == what && memcmp(p, p + 1, bytes - 1) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot_initrd initrd;
	struct boot boot = { 0 };
	struct err err = { 0 };
	int error;

	if (size < HEAD_BYTES)
		return 0;
	ram.bytes = data[1] % 2 ? MEMORY_BYTES : MEMORY_BYTES / 2;
	memory_clear();
	initrd.bytes = data[2] * 1024u;
	initrd.at = KERNELS + data[3] * 4096u;
	if (initrd.at + initrd.bytes > ram.bytes)
		initrd.at = ram.bytes - initrd.bytes;
	memset(ram.base + initrd.at, INITRD_BYTE, initrd.bytes);

	error = (data[0] % 2 ? boot_elf : boot_bzimage)(&boot, &ram,
	    data + HEAD_BYTES, size - HEAD_BYTES, &initrd, &err);
	CHECK(error == 0 || (error == -1 && err.text[0] != '\0'));
	CHECK(all_are(initrd.at, initrd.bytes, INITRD_BYTE));
	CHECK(all_are(BIOS_AREA, KERNELS - BIOS_AREA, 0));
	if (error == 0) {
		CHECK(boot.mode == (data[0] % 2 ? BOOT_PVH : BOOT_LONG));
		CHECK(boot.entry < RAM_HIGH && boot.argument < BIOS_AREA);
	}
	boot_free(&boot);
	return 0;
}
