/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vfio-user: the guest's memory.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "vfu_rig.h"

#define FILE_PAGES 8u

static int
memory_file(void)
{
	int fd = memfd_create("ram", MFD_CLOEXEC);
	char text[16];
	unsigned int i;

	assert_int_equal(ftruncate(fd, FILE_PAGES * PAGE), 0);
	for (i = 0; i < FILE_PAGES; i++) {
		(void)snprintf(text, sizeof(text), "page %u", i);
		assert_int_equal(pwrite(fd, text, sizeof(text),
				     (off_t)i * PAGE),
		    sizeof(text));
	}
	return fd;
}

static void
region_is(struct vfu_rig *rig, unsigned int i, uint64_t gpa, uint64_t len,
    const char *text)
{
	const struct e82540_region *r = &rig->device.region[i];

	assert_int_equal(r->gpa, gpa);
	assert_int_equal(r->len, len);
	assert_string_equal(r->host, text);
}

static void
test_map_and_unmap(void **state)
{
	struct vfu_rig *rig = *state;
	struct vfu_stats stats;
	int fd = memory_file();
	char text[8];

	assert_int_equal(dma_map(rig, 0, 2 * PAGE, 0, fd), 0);
	assert_int_equal(dma_map(rig, 0x100000000, PAGE, 5 * PAGE, fd), 0);
	assert_int_equal(rig->device.regions, 2);
	region_is(rig, 0, 0, 2 * PAGE, "page 0");
	region_is(rig, 1, 0x100000000, PAGE, "page 5");
	vfu_stats(rig->server, &stats);
	assert_int_equal(stats.shared_bytes, 3 * PAGE);
	assert_int_equal(stats.private_bytes, 0);
	/* It is the client's memory, not a copy. */
	memcpy((char *)rig->device.region[1].host + 100, "written", 8);
	assert_int_equal(pread(fd, text, 8, 5 * PAGE + 100), 8);
	assert_string_equal(text, "written");
	assert_int_equal(dma_unmap(rig, 0, 0, 2 * PAGE), 0);
	assert_int_equal(rig->device.regions, 1);
	region_is(rig, 0, 0x100000000, PAGE, "page 5");
	assert_int_equal(dma_unmap(rig, 0, 0, 2 * PAGE), ENOENT);
	assert_int_equal(dma_map(rig, 0, PAGE, 7 * PAGE, fd), 0);
	assert_int_equal(dma_unmap(rig, VFIO_DMA_UNMAP_FLAG_ALL, 0, 0), 0);
	assert_int_equal(rig->device.regions, 0);
	vfu_stats(rig->server, &stats);
	assert_int_equal(stats.shared_bytes, 0);
	(void)close(fd);
}

/* The reply to DMA_UNMAP is the request. */
static void
test_unmap_reply(void **state)
{
	const struct vfu_dma_unmap unmap = { sizeof(unmap), 0, PAGE, PAGE };
	static struct answer a;
	int fd = memory_file();

	assert_int_equal(dma_map(*state, PAGE, PAGE, 0, fd), 0);
	assert_int_equal(ask(*state, VFU_DMA_UNMAP, &unmap, sizeof(unmap), &a),
	    0);
	assert_int_equal(a.bytes, sizeof(unmap));
	assert_memory_equal(a.payload, &unmap, sizeof(unmap));
	(void)close(fd);
}

#define RW (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

static void
test_malformed_map(void **state)
{
	static const struct {
		struct vfu_dma_map map;
		uint32_t error;
	} sent[] = {
		{ { 32, RW, 0, 0x8000, PAGE }, EEXIST },
		{ { 32, RW, 0, 0x9000, PAGE }, EEXIST },
		{ { 32, RW, 0, 0x7000, 2 * PAGE }, EEXIST },
		{ { 32, RW, 0, 0x7000, 8 * PAGE }, EEXIST },
		{ { 31, RW, 0, 0, PAGE }, EINVAL },
		{ { 32, 0, 0, 0, PAGE }, EINVAL },
		{ { 32, RW | 4, 0, 0, PAGE }, EINVAL },
		{ { 32, RW, 0, 0, 0 }, EINVAL },
		{ { 32, RW, 0, 0, 1 }, EINVAL },
		{ { 32, RW, 0, 1, PAGE }, EINVAL },
		{ { 32, RW, 1, 0, PAGE }, EINVAL },
		{ { 32, RW, 0, 0x100000, 9 * PAGE }, EINVAL },
		{ { 32, RW, 8 * PAGE, 0, PAGE }, EINVAL },
		{ { 32, RW, 7 * PAGE, 0, 2 * PAGE }, EINVAL },
		{ { 32, RW, 0, 0x100000, UINT64_MAX - 4095 }, EINVAL },
		{ { 32, RW, 0, UINT64_MAX - 4095, 2 * PAGE }, EINVAL },
		{ { 32, RW, UINT64_MAX - 4095, 0, PAGE }, EINVAL },
		{ { 32, RW, UINT64_MAX - 4095, 0, 2 * PAGE }, EINVAL },
		{ { 32, RW, (uint64_t)1 << 63, 0, PAGE }, EINVAL },
		{ { 32, RW, 0, 0x100000, (uint64_t)1 << 63 }, EINVAL },
		{ { 32, RW, 7 * PAGE, UINT64_MAX - 4095, PAGE }, 0 },
		{ { 32, RW, 0, UINT64_MAX - 4095, PAGE }, EEXIST },
	};
	struct vfu_rig *rig = *state;
	int fd = memory_file(), two[2] = { fd, fd };
	size_t i;

	assert_int_equal(dma_map(rig, 0x8000, 2 * PAGE, 0, fd), 0);
	for (i = 0; i < COUNT(sent); i++)
		if (ask_fds(rig, VFU_DMA_MAP, &sent[i].map, sizeof(sent[i].map),
			&fd, 1, NULL) != sent[i].error)
			fail_msg("row %zu", i);
	assert_int_equal(rig->device.regions, 2);
	assert_int_equal(ask_fds(rig, VFU_DMA_MAP, &sent[20].map, 31, &fd, 1,
			     NULL),
	    EINVAL);
	assert_int_equal(ask_fds(rig, VFU_DMA_MAP, &sent[20].map, 32, two, 2,
			     NULL),
	    EINVAL);
	(void)close(fd);
}

static void
test_malformed_unmap(void **state)
{
	static const struct {
		struct vfu_dma_unmap unmap;
		uint32_t error;
	} sent[] = {
		{ { 24, 0, 0x8000, PAGE }, ENOENT },
		{ { 24, 0, 0x9000, PAGE }, ENOENT },
		{ { 24, 0, 0x8000, 4 * PAGE }, ENOENT },
		{ { 24, 0, 0, 0 }, EINVAL },
		{ { 24, 0, 0x8000, 0 }, EINVAL },
		{ { 24, 0, 0, UINT64_MAX }, ENOENT },
		{ { 23, 0, 0x8000, 2 * PAGE }, EINVAL },
		{ { 24, 1, 0x8000, 2 * PAGE }, EINVAL },
		{ { 24, 4, 0x8000, 2 * PAGE }, EINVAL },
		{ { 24, 2, 0x8000, 2 * PAGE }, EINVAL },
		{ { 24, 2, 0, 2 * PAGE }, EINVAL },
	};
	struct vfu_rig *rig = *state;
	int fd = memory_file();
	size_t i;

	assert_int_equal(dma_map(rig, 0x8000, 2 * PAGE, 0, fd), 0);
	for (i = 0; i < COUNT(sent); i++)
		if (ask(rig, VFU_DMA_UNMAP, &sent[i].unmap,
			sizeof(sent[i].unmap), NULL) != sent[i].error)
			fail_msg("row %zu", i);
	assert_int_equal(ask(rig, VFU_DMA_UNMAP, &sent[0].unmap, 23, NULL),
	    EINVAL);
	assert_int_equal(rig->device.regions, 1);
	(void)close(fd);
}

static uint32_t
map_flags(struct vfu_rig *rig, uint32_t flags, int fd)
{
	const struct vfu_dma_map map = { sizeof(map), flags, 0, 0, PAGE };

	return ask_fds(rig, VFU_DMA_MAP, &map, sizeof(map), &fd, 1, NULL);
}

static void
test_flags_and_rights(void **state)
{
	struct vfu_rig *rig = *state;
	int fd = memory_file(), read_only, directory, pair[2];
	char path[40];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_only = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(map_flags(rig, RW, read_only), EACCES);
	assert_int_equal(map_flags(rig, VFIO_DMA_MAP_FLAG_READ, read_only), 0);
	assert_false(rig->device.region[0].writable);
	assert_int_equal(dma_unmap(rig, 0, 0, PAGE), 0);
	assert_int_equal(map_flags(rig, VFIO_DMA_MAP_FLAG_WRITE, fd), 0);
	assert_true(rig->device.region[0].writable);
	region_is(rig, 0, 0, PAGE, "page 0");
	assert_int_equal(dma_unmap(rig, 0, 0, PAGE), 0);
	directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	assert_int_equal(map_flags(rig, RW, directory), EINVAL);
	assert_int_equal(map_flags(rig, RW, pair[0]), EINVAL);
	assert_int_equal(rig->device.regions, 0);
	(void)close(fd);
	(void)close(read_only);
	(void)close(directory);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void
test_the_device_refuses(void **state)
{
	struct vfu_rig *rig = *state;
	int fd = memory_file();

	assert_int_equal(dma_map(rig, 0, PAGE, 0, fd), 0);
	assert_int_equal(dma_map(rig, PAGE, PAGE, 0, fd), 0);
	rig->device.refuse = -EBUSY;
	assert_int_equal(dma_map(rig, 2 * PAGE, PAGE, PAGE, fd), EBUSY);
	assert_int_equal(dma_unmap(rig, 0, 0, PAGE), EBUSY);
	rig->device.refuse = 0;
	assert_int_equal(dma_map(rig, 2 * PAGE, PAGE, 2 * PAGE, fd), 0);
	assert_int_equal(rig->device.regions, 3);
	region_is(rig, 0, 0, PAGE, "page 0");
	region_is(rig, 2, 2 * PAGE, PAGE, "page 2");
	(void)close(fd);
}

/* Every other page, so that nothing could be merged. */
static void
test_as_many_as_there_are(void **state)
{
	struct vfu_rig *rig = *state;
	int fd = memory_file();
	uint64_t i;

	for (i = 0; i < VFU_MAPS_MAX; i++)
		assert_int_equal(dma_map(rig, i * 2 * PAGE, PAGE, 0, fd), 0);
	assert_int_equal(rig->device.regions, VFU_MAPS_MAX);
	assert_int_equal(dma_map(rig, i * 2 * PAGE, PAGE, 0, fd), ENOSPC);
	assert_int_equal(dma_unmap(rig, 0, 200 * PAGE, PAGE), 0);
	assert_int_equal(dma_map(rig, i * 2 * PAGE, PAGE, PAGE, fd), 0);
	assert_int_equal(rig->device.regions, VFU_MAPS_MAX);
	region_is(rig, 100, i * 2 * PAGE, PAGE, "page 1");
	(void)close(fd);
}

/*
 * QEMU's pieces begin anywhere in a huge page.  This host may have none: then
 * mmap() fails.
 */
static void
test_huge_pages(void **state)
{
	const uint64_t huge = (uint64_t)2 << 20;
	int fd = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB);
	struct vfu_rig *rig = *state;
	uint32_t error = ENOMEM;

	if (fd >= 0 && ftruncate(fd, (off_t)(2 * huge)) == 0)
		error = dma_map(rig, 0, 0xa0000, 0, fd);
	if (fd >= 0 && error == ENOMEM)
		(void)close(fd);
	if (error == ENOMEM)
		skip();
	assert_int_equal(error, 0);
	assert_int_equal(dma_map(rig, 0xc0000, huge, 0xc0000, fd), 0);
	assert_int_equal(rig->device.regions, 2);
	memcpy((char *)rig->device.region[0].host + 0x9f000, "low", 4);
	memcpy((char *)rig->device.region[1].host + huge - 4, "end", 4);
	assert_int_equal(dma_map(rig, 0x400000, PAGE, huge + 0xbf000, fd), 0);
	assert_string_equal((char *)rig->device.region[2].host + 4092, "end");
	assert_int_equal(dma_unmap(rig, 0, 0xc0000, huge), 0);
	region_is(rig, 1, 0x400000, PAGE, "");
	assert_int_equal(dma_map(rig, 0x500000, PAGE, 0x9f000, fd), 0);
	region_is(rig, 1, 0x500000, PAGE, "low");
	(void)close(fd);
}

/* ----------------------------------------------------- without descriptors */

static uint32_t
device_info(struct vfu_rig *rig)
{
	const struct vfu_device_info info = { .argsz = sizeof(info) };

	return ask(rig, VFU_DEVICE_GET_INFO, &info, sizeof(info), NULL);
}

/* A QEMU without share=on does not start; its user is told what to type. */
static void
test_nothing_is_shared(void **state)
{
	struct vfu_rig *rig = *state;
	struct vfu_stats stats;

	assert_int_equal(dma_map(rig, 0, 512 * PAGE, 0, -1), 0);
	assert_int_equal(rig->device.regions, 0);
	vfu_stats(rig->server, &stats);
	assert_int_equal(stats.private_bytes, 512 * PAGE);
	assert_int_equal(device_info(rig), EOPNOTSUPP);
	assert_int_equal(device_info(rig), EOPNOTSUPP);
	assert_int_equal(rig->device.warnings, 1);
	assert_non_null(strstr(rig->device.warning, "keeps 2 MiB to itself"));
	assert_non_null(strstr(rig->device.warning, "share=on"));
	assert_true(strlen(rig->device.warning) < ERR_BYTES - 1);
	assert_int_equal(dma_unmap(rig, 0, 0, 512 * PAGE), 0);
	vfu_stats(rig->server, &stats);
	assert_int_equal(stats.private_bytes, 0);
	assert_int_equal(device_info(rig), 0);
}

/* Firmware and graphics have no descriptor: that is usual. */
static void
test_some_is_not_shared(void **state)
{
	struct vfu_rig *rig = *state;
	int fd = memory_file();

	assert_int_equal(dma_map(rig, 0, 4 * PAGE, 0, fd), 0);
	assert_int_equal(dma_map(rig, 4 * PAGE, 2 * PAGE, 0, -1), 0);
	assert_int_equal(dma_map(rig, 5 * PAGE, PAGE, 0, fd), EEXIST);
	assert_int_equal(dma_map(rig, 6 * PAGE, PAGE, 6 * PAGE, fd), 0);
	assert_int_equal(rig->device.regions, 2);
	region_is(rig, 1, 6 * PAGE, PAGE, "page 6");
	assert_int_equal(device_info(rig), 0);
	assert_int_equal(rig->device.warnings, 0);
	assert_int_equal(dma_map(rig, 16 * PAGE, 6 * PAGE, 0, -1), 0);
	assert_int_equal(device_info(rig), 0);
	assert_int_equal(rig->device.warnings, 1);
	(void)close(fd);
}

/* ----------------------------------------------------------------- SIGBUS */

/* The client cuts off the file: the device reads zeros, the client is lost. */
static void
test_the_file_is_cut_off(void **state)
{
	struct vfu_rig rig;
	volatile char *page;
	int fd = memory_file();

	(void)state;
	rig_new(&rig);
	greet(&rig);
	assert_int_equal(dma_map(&rig, 0, 4 * PAGE, 4 * PAGE, fd), 0);
	assert_int_equal(dma_map(&rig, 4 * PAGE, 2 * PAGE, 0, fd), 0);
	page = rig.device.region[0].host;
	assert_int_equal(page[0], 'p');
	/* The lock is the device's: it uses the memory, nobody unmaps it. */
	assert_int_equal(ftruncate(fd, 6 * PAGE), 0);
	assert_int_equal(page[PAGE], 'p');
	(void)pthread_mutex_lock(&rig.device.lock);
	assert_int_equal(page[2 * PAGE], 0);
	page[3 * PAGE] = 'x';
	assert_int_equal(page[3 * PAGE], 'x');
	(void)pthread_mutex_unlock(&rig.device.lock);
	rig_join(&rig);
	assert_int_equal(rig.status, -1);
	says(&rig.err, "cut off");
	assert_int_equal(rig.device.regions, 0);
	(void)close(rig.client);
	/* The next one is served. */
	rig_connect(&rig);
	greet(&rig);
	assert_int_equal(dma_map(&rig, 0, PAGE, 0, fd), 0);
	region_is(&rig, 0, 0, PAGE, "page 0");
	assert_int_equal(rig_hang_up(&rig), 0);
	rig_free(&rig);
	(void)close(fd);
}

static sigjmp_buf jump;

static void
on_other_sigbus(int number)
{
	(void)number;
	siglongjmp(jump, 1);
}

/* A fault that is not in guest memory is for the handler that was there. */
static void
test_other_faults(void **state)
{
	struct sigaction action = { .sa_handler = on_other_sigbus };
	int fd = memory_file();
	volatile char *page;
	struct vfu_rig rig;

	(void)state;
	(void)sigaction(SIGBUS, &action, NULL);
	rig_new(&rig);
	page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	if (sigsetjmp(jump, 1) == 0) {
		(void)page[0];
		fail_msg("no fault");
	}
	(void)munmap((void *)(uintptr_t)page, PAGE);
	assert_int_equal(rig_hang_up(&rig), 0);
	rig_free(&rig);
	(void)close(fd);
}

#define WITH_RIG(test) \
	cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_other_faults),
		WITH_RIG(test_map_and_unmap),
		WITH_RIG(test_unmap_reply),
		WITH_RIG(test_malformed_map),
		WITH_RIG(test_malformed_unmap),
		WITH_RIG(test_flags_and_rights),
		WITH_RIG(test_the_device_refuses),
		WITH_RIG(test_as_many_as_there_are),
		WITH_RIG(test_huge_pages),
		WITH_RIG(test_nothing_is_shared),
		WITH_RIG(test_some_is_not_shared),
		cmocka_unit_test(test_the_file_is_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
