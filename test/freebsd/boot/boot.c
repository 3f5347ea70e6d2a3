/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starts a FreeBSD/amd64 kernel in QEMU or lem-vm, without a disk or a boot
 * loader:
 *
 *	qemu-system-x86_64 -kernel boot.elf -initrd "KERNEL NAME=VALUE ...,ROOT"
 *	lem-vm run --kernel boot64.elf --initrd KERNEL+ROOT \
 *	    --append "KERNEL'S-BYTES NAME=VALUE ..."
 *
 * QEMU (by multiboot) or lem-vm (PVH) loads this program, the kernel and the
 * image of the root file system.  The program does what FreeBSD's loader does.
 * It moves the kernel to where it was linked and the image behind it.  Behind
 * that it writes a list of records: where they are, what memory there is, and
 * the kernel environment (FreeBSD: sys/sys/linker.h, sys/kern/subr_module.c).
 *
 * The kernel's place is at 2 MiB, so this is linked at 256 MiB, and QEMU puts
 * the two modules behind it.
 */
#include <stdint.h>

/* Records of the list: type, length, data, to a multiple of 8 bytes. */
#define INFO_END	0x0000u
#define INFO_NAME	0x0001u
#define INFO_TYPE	0x0002u
#define INFO_ADDR	0x0003u
#define INFO_SIZE	0x0004u
#define INFO_ENVP	0x8006u
#define INFO_HOWTO	0x8007u
#define INFO_KERNEND	0x8008u
#define INFO_SMAP	0x9001u

#define HOWTO_SERIAL	0x1000u		/* RB_SERIAL */
#define PAGE		4096u
#define ENV_BYTES	8192u

struct multiboot_info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline;
	uint32_t mods_count, mods_addr, syms[4], mmap_length, mmap_addr;
};

struct multiboot_module {
	uint32_t start, end, cmdline, reserved;
};

struct multiboot_mmap {
	uint32_t size;			/* of the rest */
	uint32_t base[2], len[2], type;
};

struct elf64 {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum;
};

struct elf64_phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

uint32_t boot_metadata, boot_free;
uint64_t boot_entry;

static uint8_t *at;		/* end of the list so far */

void boot_main(const struct multiboot_info *mbi);

static void
copy(uint32_t to, uint32_t from, uint32_t bytes)
{
	__asm__ volatile("rep movsb"
			 : "+D"(to), "+S"(from), "+c"(bytes)
			 :
			 : "memory");
}

static void
clear(uint32_t to, uint32_t bytes)
{
	__asm__ volatile("rep stosb"
			 : "+D"(to), "+c"(bytes)
			 : "a"(0)
			 : "memory");
}

static uint32_t
length(const char *s)
{
	uint32_t n = 0;

	while (s[n] != '\0')
		n++;
	return n;
}

static uint32_t
round_page(uint32_t a)
{
	return (a + PAGE - 1) & ~(PAGE - 1);
}

static void *
record(uint32_t type, uint32_t bytes)
{
	uint32_t *r = (uint32_t *)(void *)at;

	r[0] = type;
	r[1] = bytes;
	at += 8 + ((bytes + 7) & ~7u);
	return &r[2];
}

static void
record_string(uint32_t type, const char *s)
{
	copy((uint32_t)record(type, length(s) + 1), (uint32_t)s, length(s) + 1);
}

static void
record_u64(uint32_t type, uint64_t value)
{
	*(uint64_t *)record(type, sizeof(value)) = value;
}

/* The segments, to their physical addresses.  Returns the first byte beyond. */
static uint32_t
load_kernel(uint32_t image)
{
	const struct elf64 *elf = (const struct elf64 *)image;
	const struct elf64_phdr *p =
	    (const struct elf64_phdr *)(image + (uint32_t)elf->phoff);
	uint32_t end = 0, to, filesz, memsz;
	uint16_t i;

	for (i = 0; i < elf->phnum; i++, p++) {
		if (p->type != 1)	/* PT_LOAD */
			continue;
		to = (uint32_t)p->paddr;
		filesz = (uint32_t)p->filesz;
		memsz = (uint32_t)p->memsz;
		copy(to, image + (uint32_t)p->offset, filesz);
		clear(to + filesz, memsz - filesz);
		if (to + memsz > end)
			end = to + memsz;
	}
	boot_entry = elf->entry;
	return end;
}

/* "KERNEL A=1 B=2" to "A=1\0B=2\0\0" at env. */
static void
make_env(char *env, const char *words)
{
	while (*words != '\0' && *words != ' ')
		words++;
	while (*words == ' ')
		words++;
	for (; *words != '\0'; words++)
		*env++ = *words == ' ' ? '\0' : *words;
	*env++ = '\0';
	*env = '\0';
}

/* Our list of memory is the BIOS's, of 20 bytes an entry. */
static void
record_memory(const struct multiboot_info *mbi)
{
	const struct multiboot_mmap *m;
	uint32_t a, n = 0, *to;

	for (a = mbi->mmap_addr; a < mbi->mmap_addr + mbi->mmap_length;
	    a += m->size + 4, n++)
		m = (const struct multiboot_mmap *)a;
	to = record(INFO_SMAP, n * 20);
	for (a = mbi->mmap_addr; a < mbi->mmap_addr + mbi->mmap_length;
	    a += m->size + 4, to += 5) {
		m = (const struct multiboot_mmap *)a;
		copy((uint32_t)to, (uint32_t)m->base, 20);
	}
}

void
boot_main(const struct multiboot_info *mbi)
{
	const struct multiboot_module *kernel =
	    (const struct multiboot_module *)mbi->mods_addr;
	const struct multiboot_module *root = kernel + 1;
	uint32_t image, image_bytes = root->end - root->start, env;
	uint64_t *kernend;

	image = round_page(load_kernel(kernel->start));
	copy(image, root->start, image_bytes);
	env = round_page(image + image_bytes);
	make_env((char *)env, (const char *)kernel->cmdline);
	boot_metadata = env + ENV_BYTES;
	at = (uint8_t *)boot_metadata;

	record_string(INFO_NAME, "/kernel");
	record_string(INFO_TYPE, "elf kernel");
	record_u64(INFO_ADDR, 0x200000);
	record_u64(INFO_SIZE, image - 0x200000);
	*(uint32_t *)record(INFO_HOWTO, 4) = HOWTO_SERIAL;
	record_u64(INFO_ENVP, env);
	record_memory(mbi);
	kernend = record(INFO_KERNEND, sizeof(*kernend));
	record_string(INFO_NAME, "/root");
	record_string(INFO_TYPE, "mfs_root");
	record_u64(INFO_ADDR, image);
	record_u64(INFO_SIZE, image_bytes);
	(void)record(INFO_END, 0);
	boot_free = round_page((uint32_t)at);
	*kernend = boot_free;
}

/* ---------------------------------------------------------------------- PVH */

/* Xen's include/public/arch-x86/hvm/start_info.h, below 4 GiB. */
struct pvh_start {
	uint32_t magic, version, flags, modules;
	uint32_t module_list[2], cmdline[2], rsdp[2], memmap[2];
	uint32_t memmap_entries, reserved;
};

struct pvh_module {
	uint32_t start[2], bytes[2], cmdline[2], reserved[2];
};

struct pvh_memmap {
	uint32_t base[2], len[2];
	uint32_t type, reserved;
};

void boot_pvh(const struct pvh_start *start);

static uint32_t
number(const char *s)
{
	uint32_t n = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (uint32_t)(*s - '0');
	return n;
}

/* The same as multiboot has it: one module is two there. */
void
boot_pvh(const struct pvh_start *start)
{
	static struct multiboot_module module[2];
	static struct multiboot_mmap map[8];
	static struct multiboot_info mbi;
	const struct pvh_module *m =
	    (const struct pvh_module *)start->module_list[0];
	const struct pvh_memmap *from =
	    (const struct pvh_memmap *)start->memmap[0];
	uint32_t i;

	module[0].start = m->start[0];
	module[0].end =
	    module[0].start + number((const char *)start->cmdline[0]);
	module[0].cmdline = start->cmdline[0];
	module[1].start = module[0].end;
	module[1].end = m->start[0] + m->bytes[0];
	for (i = 0; i < start->memmap_entries && i < 8; i++, from++) {
		map[i].size = sizeof(map[i]) - 4;
		copy((uint32_t)map[i].base, (uint32_t)from->base, 16);
		map[i].type = from->type;
	}
	mbi.mods_count = 2;
	mbi.mods_addr = (uint32_t)module;
	mbi.mmap_addr = (uint32_t)map;
	mbi.mmap_length = i * sizeof(map[0]);
	boot_main(&mbi);
}
