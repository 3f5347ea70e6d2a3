/* SPDX-License-Identifier: BSD-2-Clause */
#include "ram.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define PAGE_BYTES	((uint64_t)2 << 20)

bool
ram_size_ok(uint64_t bytes)
{
	return bytes >= RAM_MIN_BYTES && bytes <= RAM_MAX_BYTES &&
	    bytes % PAGE_BYTES == 0;
}

/*
 * KVM maps 2 MiB at once if the guest's address and ours have the same offset
 * within 2 MiB.  So align base: mmap(2) of kernels before 6.7 does not.
 */
static void *
anonymous_map(uint64_t bytes)
{
	uint64_t all = bytes + PAGE_BYTES, before;
	uint8_t *p = mmap(NULL, all, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return p;
	before = -(uintptr_t)p % PAGE_BYTES;
	if (before != 0)
		(void)munmap(p, before);
	p += before;
	(void)munmap(p + bytes, PAGE_BYTES - before);
	(void)madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

int
ram_new(struct ram *ram, uint64_t bytes, int fd, struct err *err)
{
	struct stat st;
	void *p;

	ram->base = NULL;
	if (!ram_size_ok(bytes))
		return err_usage(err,
		    "%llu bytes of memory: must be 16M to 64G, in steps of 2M",
		    (unsigned long long)bytes);
	if (fd >= 0 && fstat(fd, &st) != 0)
		return err_usage(err, "--memory-fd %d: %s", fd,
		    strerror(errno));
	if (fd >= 0 && (uint64_t)st.st_size < bytes)
		return err_usage(err,
		    "--memory-fd %d: the file is smaller than the memory: "
		    "it has %llu bytes of %llu",
		    fd, (unsigned long long)st.st_size,
		    (unsigned long long)bytes);
	p = fd < 0 ?
	    anonymous_map(bytes) :
	    mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return err_set(err, "cannot map %llu MiB of memory: %s",
		    (unsigned long long)(bytes >> 20), strerror(errno));
	ram->base = p;
	ram->bytes = bytes;
	return 0;
}

void
ram_free(struct ram *ram)
{
	if (ram->base != NULL)
		(void)munmap(ram->base, ram->bytes);
	ram->base = NULL;
}

uint64_t
ram_low_bytes(const struct ram *ram)
{
	return ram->bytes < RAM_HOLE ? ram->bytes : RAM_HOLE;
}

unsigned int
ram_regions(const struct ram *ram, struct e82540_region region[2])
{
	uint64_t low = ram_low_bytes(ram);

	region[0] = (struct e82540_region){ 0, low, ram->base, true };
	if (low == ram->bytes)
		return 1;
	region[1] = (struct e82540_region){ RAM_HIGH, ram->bytes - low,
		ram->base + low, true };
	return 2;
}

void *
ram_at(const struct ram *ram, uint64_t gpa, uint64_t len)
{
	uint64_t low = ram_low_bytes(ram);

	return gpa > low || len > low - gpa ? NULL : ram->base + gpa;
}
