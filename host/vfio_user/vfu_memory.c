/* SPDX-License-Identifier: BSD-2-Clause */
#include "vfu_memory.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWNERS_MAX 16u
#define HUGE_MAX ((uint64_t)1 << 30)

/* ----------------------------------------------------------------- SIGBUS */

static struct vfu_memory *_Atomic owner[OWNERS_MAX];
static struct sigaction sigbus_before;

/*
 * All of the piece, because huge pages cannot be replaced in part.  Two threads
 * may do so at once: the later zeros win.
 */
static bool
piece_replace(struct vfu_memory *mem, uintptr_t at)
{
	const uint64_t one = 1;
	uintptr_t base;
	size_t span;
	unsigned int i;

	for (i = 0; i < VFU_MAPS_MAX; i++) {
		base = atomic_load(&mem->map[i].base);
		span = atomic_load(&mem->map[i].span);
		/* It may be of another piece by now; then the span is, too. */
		if (base == 0 || atomic_load(&mem->map[i].base) != base ||
		    at - base >= span)
			continue;
		if (mmap((void *)base, span, PROT_READ | PROT_WRITE,
			MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			-1, 0) == MAP_FAILED)
			return false;
		return write(mem->lost_fd, &one, sizeof(one)) != 0;
	}
	return false;
}

/* If it returns with the old action set, the access faults again. */
static void
on_sigbus(int number, siginfo_t *info, void *context)
{
	int saved = errno;
	struct vfu_memory *mem;
	unsigned int i;

	(void)number;
	(void)context;
	for (i = 0; i < OWNERS_MAX; i++) {
		mem = atomic_load(&owner[i]);
		if (mem != NULL && piece_replace(mem, (uintptr_t)info->si_addr))
			break;
	}
	if (i == OWNERS_MAX)
		(void)sigaction(SIGBUS, &sigbus_before, NULL);
	errno = saved;
}

/* Somebody may have replaced it since the last server. */
static void
sigbus_install(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct sigaction action = { .sa_sigaction = on_sigbus,
		.sa_flags = SA_SIGINFO };
	struct sigaction before;

	(void)sigemptyset(&action.sa_mask);
	(void)pthread_mutex_lock(&lock);
	(void)sigaction(SIGBUS, &action, &before);
	if (before.sa_sigaction != on_sigbus)
		sigbus_before = before;
	(void)pthread_mutex_unlock(&lock);
}

static bool
owner_swap(struct vfu_memory *from, struct vfu_memory *to)
{
	struct vfu_memory *expected;
	unsigned int i;

	for (i = 0; i < OWNERS_MAX; i++) {
		expected = from;
		if (atomic_compare_exchange_strong(&owner[i], &expected, to))
			return true;
	}
	return false;
}

int
vfu_memory_init(struct vfu_memory *mem,
    int (*set)(void *ctx, const struct e82540_region *region, unsigned int n),
    void *ctx, int lost_fd, struct err *err)
{
	memset(mem, 0, sizeof(*mem));
	mem->set = set;
	mem->ctx = ctx;
	mem->lost_fd = lost_fd;
	sigbus_install();
	if (owner_swap(NULL, mem))
		return 0;
	return err_set(err, "vfio-user: more than %u servers in one process",
	    OWNERS_MAX);
}

void
vfu_memory_destroy(struct vfu_memory *mem)
{
	(void)owner_swap(mem, NULL);
}

/* ------------------------------------------------------------------- maps */

static bool
map_used(const struct vfu_map *map)
{
	return map->bytes != 0;
}

/* Tell the device of all pieces that it can reach. */
static int
regions_tell(struct vfu_memory *mem)
{
	struct e82540_region region[VFU_MAPS_MAX];
	const struct vfu_map *map;
	unsigned int i, n = 0;

	for (i = 0; i < mem->maps; i++) {
		map = &mem->map[i];
		if (map_used(map) && map->host != NULL)
			region[n++] = (struct e82540_region){ map->address,
				map->bytes, map->host, map->writable };
	}
	return mem->set(mem->ctx, region, n);
}

static void
bytes_count(struct vfu_memory *mem, const struct vfu_map *map, uint64_t sign)
{
	(void)atomic_fetch_add(map->host != NULL ? &mem->shared_bytes :
						   &mem->private_bytes,
	    sign * map->bytes);
}

/* The device does not know of it, or no longer. */
static void
map_free(struct vfu_map *map)
{
	uintptr_t base = atomic_load(&map->base);

	atomic_store(&map->base, 0);
	if (base != 0)
		(void)munmap((void *)base, atomic_load(&map->span));
	map->host = NULL;
	map->bytes = 0;
}

/* ---------------------------------------------------------------- DMA_MAP */

static bool
overlaps(const struct vfu_map *map, uint64_t address, uint64_t bytes)
{
	return map_used(map) && address - map->address < map->bytes ?
	    true :
	    map_used(map) && map->address - address < bytes;
}

static int
map_check(const struct vfu_memory *mem, const struct vfu_dma_map *r)
{
	const uint32_t known = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
	unsigned int i;

	if (r->argsz < sizeof(*r) || r->flags == 0 || r->flags & ~known ||
	    r->bytes == 0 ||
	    (r->address | r->bytes | r->offset) % VFU_PAGE_BYTES != 0 ||
	    r->address + (r->bytes - 1) < r->address || r->bytes > INT64_MAX ||
	    r->offset > INT64_MAX - r->bytes)
		return -EINVAL;
	for (i = 0; i < mem->maps; i++)
		if (overlaps(&mem->map[i], r->address, r->bytes))
			return -EEXIST;
	return 0;
}

/*
 * The unit in which a file can be mapped: of hugetlbfs it is the huge page,
 * while QEMU's pieces begin anywhere in it.  Other file systems do not mind.
 */
static uint64_t
file_unit(const struct stat *st)
{
	uint64_t unit = (uint64_t)st->st_blksize;

	if (unit < VFU_PAGE_BYTES || unit > HUGE_MAX ||
	    (unit & (unit - 1)) != 0)
		return VFU_PAGE_BYTES;
	return unit;
}

static int
file_map(struct vfu_map *map, const struct vfu_dma_map *r, int fd)
{
	int prot = PROT_READ;
	uint64_t unit, begin, span;
	struct stat st;
	uint8_t *base;

	if (fstat(fd, &st) != 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size < r->offset + r->bytes)
		return -EINVAL;
	unit = file_unit(&st);
	begin = r->offset / unit * unit;
	span = (r->offset + r->bytes - begin + unit - 1) / unit * unit;
	if (r->flags & VFIO_DMA_MAP_FLAG_WRITE)
		prot |= PROT_WRITE;
	base = mmap(NULL, span, prot, MAP_SHARED, fd, (off_t)begin);
	if (base == MAP_FAILED)
		return -errno;
	map->host = base + (r->offset - begin);
	atomic_store(&map->span, span);
	atomic_store(&map->base, (uintptr_t)base);
	return 0;
}

static struct vfu_map *
map_unused(struct vfu_memory *mem)
{
	unsigned int i;

	for (i = 0; i < VFU_MAPS_MAX; i++) {
		if (map_used(&mem->map[i]))
			continue;
		if (i >= mem->maps)
			mem->maps = i + 1;
		return &mem->map[i];
	}
	return NULL;
}

static int
map_fill(struct vfu_memory *mem, struct vfu_map *map,
    const struct vfu_dma_map *r, int fd)
{
	int error = fd < 0 ? 0 : file_map(map, r, fd);

	if (error != 0)
		return error;
	map->address = r->address;
	map->bytes = r->bytes;
	map->writable = (r->flags & VFIO_DMA_MAP_FLAG_WRITE) != 0;
	if (fd < 0 || (error = regions_tell(mem)) == 0)
		bytes_count(mem, map, 1);
	else
		map_free(map);
	return error;
}

int
vfu_memory_map(struct vfu_memory *mem, struct vfu_message *m)
{
	struct vfu_dma_map r;
	struct vfu_map *map;
	int error;

	if (m->payload_bytes != sizeof(r) || m->fds.n > 1)
		return -EINVAL;
	memcpy(&r, m->payload, sizeof(r));
	error = map_check(mem, &r);
	if (error != 0)
		return error;
	map = map_unused(mem);
	if (map == NULL)
		return -ENOSPC;
	return map_fill(mem, map, &r, m->fds.n == 1 ? m->fds.fd[0] : -1);
}

/* -------------------------------------------------------------- DMA_UNMAP */

/* The device may refuse: then the piece stays. */
static int
map_remove(struct vfu_memory *mem, struct vfu_map *map)
{
	uint8_t *host = map->host;
	int error;

	if (host != NULL) {
		map->host = NULL;
		error = regions_tell(mem);
		map->host = host;
		if (error != 0)
			return error;
	}
	bytes_count(mem, map, UINT64_MAX);
	map_free(map);
	return 0;
}

static int
unmap_all(struct vfu_memory *mem)
{
	int error = mem->set(mem->ctx, NULL, 0);
	unsigned int i;

	if (error != 0)
		return error;
	for (i = 0; i < mem->maps; i++)
		map_free(&mem->map[i]);
	mem->maps = 0;
	atomic_store(&mem->shared_bytes, 0);
	atomic_store(&mem->private_bytes, 0);
	return 0;
}

int
vfu_memory_unmap(struct vfu_memory *mem, const struct vfu_message *m)
{
	struct vfu_dma_unmap r;
	unsigned int i;

	if (m->payload_bytes != sizeof(r))
		return -EINVAL;
	memcpy(&r, m->payload, sizeof(r));
	if (r.argsz < sizeof(r) || r.flags & ~VFIO_DMA_UNMAP_FLAG_ALL)
		return -EINVAL;
	if (r.flags & VFIO_DMA_UNMAP_FLAG_ALL)
		return r.address == 0 && r.bytes == 0 ? unmap_all(mem) :
							-EINVAL;
	if (r.bytes == 0)
		return -EINVAL;
	for (i = 0; i < mem->maps; i++)
		if (mem->map[i].address == r.address &&
		    mem->map[i].bytes == r.bytes)
			return map_remove(mem, &mem->map[i]);
	return -ENOENT;
}

void
vfu_memory_client_gone(struct vfu_memory *mem)
{
	(void)unmap_all(mem);
}
