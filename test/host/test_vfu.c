/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vfio-user: negotiation, information, regions, and what no client should send.
 */
#include "vfu_rig.h"

static struct answer a;

/* ------------------------------------------------------------ negotiation */

static void
test_version(void **state)
{
	struct vfu_rig rig;

	(void)state;
	rig_new(&rig);
	assert_int_equal(ask(&rig, VFU_VERSION, QEMU_VERSION,
			     sizeof(QEMU_VERSION), &a),
	    0);
	assert_memory_equal(a.payload, "\0\0\0\0", 4);
	assert_string_equal((char *)a.payload + 4,
	    "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":4096,"
	    "\"max_dma_maps\":512,\"pgsizes\":4096,\"write_multiple\":true}}");
	assert_int_equal(a.bytes, 4 + strlen((char *)a.payload + 4) + 1);
	/* Once is enough. */
	assert_int_equal(ask(&rig, VFU_VERSION, QEMU_VERSION,
			     sizeof(QEMU_VERSION), NULL),
	    EINVAL);
	assert_int_equal(rig_hang_up(&rig), 0);
	rig_free(&rig);
}

#define TEXT(s) s, sizeof(s)

static void
test_version_of_others(void **state)
{
	static const struct {
		const char *payload;
		uint32_t n;
		uint32_t error;
	} sent[] = {
		{ "\0\0\0\0", 4, 0 },
		{ TEXT("\0\0\7\0{}"), 0 },
		{ TEXT("\0\0\0\0{\"capabilities\":{\"x\":[null,\"\\u0041\"]}}"),
		    0 },
		{ TEXT("\0\0\0\0no JSON at all"), 0 },
		{ "\0\0\0\0{}", 6, EINVAL },
		{ "\0\0\0", 3, EINVAL },
		{ "", 0, EINVAL },
	};
	struct vfu_rig rig;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(sent); i++) {
		rig_new(&rig);
		assert_int_equal(ask(&rig, VFU_VERSION, sent[i].payload,
				     sent[i].n, &a),
		    sent[i].error);
		if (sent[i].error == 0) {
			assert_memory_equal(a.payload, "\0\0\0\0", 4);
			assert_null(strstr((char *)a.payload + 4, "multiple"));
		}
		assert_int_equal(rig_hang_up(&rig), 0);
		rig_free(&rig);
	}
}

static void
test_version_too_new(void **state)
{
	struct vfu_rig rig;

	(void)state;
	rig_new(&rig);
	assert_int_equal(ask(&rig, VFU_VERSION, "\1\0\0\0", 4, NULL),
	    EOPNOTSUPP);
	/* The server hangs up. */
	assert_int_equal(read(rig.client, &a, 1), 0);
	assert_int_equal(rig_hang_up(&rig), -1);
	says(&rig.err, "version 1 ");
	rig_free(&rig);
}

static void
test_nothing_before_version(void **state)
{
	const struct vfu_device_info info = { .argsz = sizeof(info) };
	struct vfu_rig rig;
	uint16_t command;

	(void)state;
	rig_new(&rig);
	for (command = VFU_DMA_MAP; command < 20; command++)
		assert_int_not_equal(ask(&rig, command, &info, sizeof(info),
					 NULL),
		    0);
	assert_int_equal(dma_map(&rig, 0, PAGE, 0, rig.map_fd), EINVAL);
	assert_int_equal(rig.device.regions, 0);
	greet(&rig);
	assert_int_equal(ask(&rig, VFU_DEVICE_GET_INFO, &info, sizeof(info),
			     NULL),
	    0);
	assert_int_equal(rig_hang_up(&rig), 0);
	rig_free(&rig);
}

/* ------------------------------------------------------------ information */

static void
test_device_info(void **state)
{
	struct vfu_device_info info = { .argsz = sizeof(info) };

	assert_int_equal(ask(*state, VFU_DEVICE_GET_INFO, &info, sizeof(info),
			     &a),
	    0);
	assert_int_equal(a.bytes, sizeof(info));
	memcpy(&info, a.payload, sizeof(info));
	assert_int_equal(info.argsz, sizeof(info));
	assert_int_equal(info.flags,
	    VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI);
	assert_int_equal(info.regions, 9);
	assert_int_equal(info.irqs, 3);
	assert_int_equal(ask(*state, VFU_DEVICE_GET_INFO, &info,
			     sizeof(info) - 1, NULL),
	    EINVAL);
	info.argsz = sizeof(info) - 1;
	assert_int_equal(ask(*state, VFU_DEVICE_GET_INFO, &info, sizeof(info),
			     NULL),
	    EINVAL);
}

static uint32_t
region_info(struct vfu_rig *rig, uint32_t index, uint32_t argsz,
    struct vfu_region_info *full)
{
	struct vfio_region_info info = { .argsz = argsz, .index = index };
	uint32_t error =
	    ask(rig, VFU_DEVICE_GET_REGION_INFO, &info, sizeof(info), &a);

	memset(full, 0, sizeof(*full));
	if (error == 0)
		memcpy(full, a.payload, a.bytes);
	return error;
}

/* Too little space: the client learns how much it takes, as QEMU does. */
static void
test_region_that_can_be_mapped(void **state)
{
	const uint32_t flags = VFIO_REGION_INFO_FLAG_READ |
	    VFIO_REGION_INFO_FLAG_WRITE | VFIO_REGION_INFO_FLAG_MMAP |
	    VFIO_REGION_INFO_FLAG_CAPS;
	struct vfu_rig *rig = *state;
	struct vfu_region_info full;
	uint32_t *client, *server;

	assert_int_equal(region_info(rig, 0, 32, &full), 0);
	assert_int_equal(a.bytes, 32);
	assert_int_equal(a.fd, -1);
	assert_int_equal(full.info.argsz, 64);
	assert_int_equal(region_info(rig, 0, full.info.argsz, &full), 0);
	assert_int_equal(a.bytes, 64);
	assert_int_equal(full.info.flags, flags);
	assert_int_equal(full.info.size, BAR_BYTES);
	assert_int_equal(full.info.offset, 0);
	assert_int_equal(full.info.cap_offset, 32);
	assert_int_equal(full.cap.id, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
	assert_int_equal(full.cap.version, 1);
	assert_int_equal(full.cap.next, 0);
	assert_int_equal(full.areas, 1);
	client = mmap(NULL, full.area.size, PROT_READ | PROT_WRITE, MAP_SHARED,
	    a.fd, (off_t)(full.info.offset + full.area.offset));
	assert_true(client != MAP_FAILED);
	server = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, rig->map_fd, 2 * PAGE);
	client[5] = 0x12345678;
	assert_int_equal(server[5], 0x12345678);
	(void)munmap(client, full.area.size);
	(void)munmap(server, PAGE);
	(void)close(a.fd);
}

static void
test_other_regions(void **state)
{
	struct vfu_region_info full;
	uint32_t i;

	for (i = 1; i < 9; i++) {
		assert_int_equal(region_info(*state, i, 32, &full), 0);
		assert_int_equal(a.bytes, 32);
		assert_int_equal(a.fd, -1);
		assert_int_equal(full.info.index, i);
		assert_int_equal(full.info.argsz, 32);
		assert_int_equal(full.info.size, i == 7 ? 256 : 0);
		assert_int_equal(full.info.flags, i == 7 ? 3 : 0);
	}
	assert_int_equal(region_info(*state, 9, 32, &full), EINVAL);
	assert_int_equal(region_info(*state, UINT32_MAX, 32, &full), EINVAL);
	assert_int_equal(region_info(*state, 0, 31, &full), EINVAL);
	assert_int_equal(ask(*state, VFU_DEVICE_GET_REGION_INFO, &full, 31,
			     NULL),
	    EINVAL);
}

static void
test_irq_info(void **state)
{
	static const struct {
		uint32_t index, error, flags, count;
	} irq[] = { { 0, 0, 7, 1 }, { 1, 0, 9, 1 }, { 2, 0, 9, 0 },
		{ 3, EINVAL, 0, 0 }, { UINT32_MAX, EINVAL, 0, 0 } };
	struct vfio_irq_info info;
	size_t i;

	for (i = 0; i < COUNT(irq); i++) {
		info =
		    (struct vfio_irq_info){ sizeof(info), 0, irq[i].index, 0 };
		assert_int_equal(ask(*state, VFU_DEVICE_GET_IRQ_INFO, &info,
				     sizeof(info), &a),
		    irq[i].error);
		if (irq[i].error != 0)
			continue;
		memcpy(&info, a.payload, sizeof(info));
		assert_int_equal(info.argsz, sizeof(info));
		assert_int_equal(info.flags, irq[i].flags);
		assert_int_equal(info.count, irq[i].count);
	}
	info.argsz = 15;
	assert_int_equal(ask(*state, VFU_DEVICE_GET_IRQ_INFO, &info,
			     sizeof(info), NULL),
	    EINVAL);
	assert_int_equal(ask(*state, VFU_DEVICE_GET_IRQ_INFO, &info, 8, NULL),
	    EINVAL);
}

/* ---------------------------------------------------------------- regions */

static uint32_t
region_read(struct vfu_rig *rig, uint32_t region, uint64_t offset, uint32_t n)
{
	const struct vfu_access at = { offset, region, n };
	uint32_t error = ask(rig, VFU_REGION_READ, &at, sizeof(at), &a);

	if (error != 0)
		return error;
	assert_int_equal(a.bytes, sizeof(at) + n);
	assert_memory_equal(a.payload, &at, sizeof(at));
	return 0;
}

static uint32_t
write_flags(struct vfu_rig *rig, uint32_t flags, const struct vfu_access *at,
    const void *data, uint32_t n)
{
	uint8_t payload[sizeof(*at) + VFU_DATA_MAX];

	memcpy(payload, at, sizeof(*at));
	memcpy(payload + sizeof(*at), data, n);
	send_flags(rig, VFU_REGION_WRITE, flags, payload,
	    (uint32_t)sizeof(*at) + n, NULL, 0);
	if (flags & VFU_NO_REPLY)
		return 0;
	answer_receive(rig, &a);
	if (a.header.flags & VFU_ERROR)
		return a.header.error;
	assert_int_equal(a.bytes, sizeof(*at));
	assert_memory_equal(a.payload, at, sizeof(*at));
	return 0;
}

/* QEMU reads all of it at once. */
static void
test_configuration_space(void **state)
{
	const struct vfu_access at = { 4, VFU_REGION_CONFIG, 2 };
	struct vfu_rig *rig = *state;
	unsigned int i;

	for (i = 0; i < 256; i++)
		rig->device.config[i] = (uint8_t)(i * 7);
	assert_int_equal(region_read(rig, VFU_REGION_CONFIG, 0, 256), 0);
	assert_memory_equal(a.payload + 16, rig->device.config, 256);
	assert_int_equal(rig->device.read_max, 256);
	assert_int_equal(write_flags(rig, 0, &at, "\x06\x01", 2), 0);
	assert_memory_equal(rig->device.config + 3, "\x15\x06\x01\x2a", 4);
}

static void
test_region_bounds(void **state)
{
	static const struct {
		uint32_t region;
		uint64_t offset;
		uint32_t n;
		uint32_t error;
	} sent[] = {
		{ 0, 0, VFU_DATA_MAX, 0 },
		{ 0, BAR_BYTES - 4, 4, 0 },
		{ 0, BAR_BYTES - 3, 4, EINVAL },
		{ 0, BAR_BYTES, 1, EINVAL },
		{ 0, BAR_BYTES, 0, EINVAL },
		{ 0, UINT64_MAX, 1, EINVAL },
		{ 0, UINT64_MAX - 1, 4, EINVAL },
		{ 0, 0, 0, EINVAL },
		{ 0, 0, VFU_DATA_MAX + 1, EINVAL },
		{ 0, 0, UINT32_MAX, EINVAL },
		{ 7, 0, 257, EINVAL },
		{ 1, 0, 1, EINVAL },
		{ 9, 0, 4, EINVAL },
		{ UINT32_MAX, 0, 4, EINVAL },
	};
	static uint8_t data[VFU_DATA_MAX];
	struct vfu_access at;
	size_t i;

	for (i = 0; i < COUNT(sent); i++) {
		assert_int_equal(region_read(*state, sent[i].region,
				     sent[i].offset, sent[i].n),
		    sent[i].error);
		if (sent[i].n > VFU_DATA_MAX)
			continue;
		at = (struct vfu_access){ sent[i].offset, sent[i].region,
			sent[i].n };
		assert_int_equal(write_flags(*state, 0, &at, data, sent[i].n),
		    sent[i].error);
	}
}

/* The length of a message must agree with what is in it. */
static void
test_region_lengths(void **state)
{
	const struct vfu_access at = { 0, 0, 4 };
	struct vfu_rig *rig = *state;
	uint8_t payload[64] = { 0 };

	memcpy(payload, &at, sizeof(at));
	assert_int_equal(ask(rig, VFU_REGION_READ, payload, 15, NULL), EINVAL);
	assert_int_equal(ask(rig, VFU_REGION_READ, payload, 17, NULL), EINVAL);
	assert_int_equal(ask(rig, VFU_REGION_READ, payload, 0, NULL), EINVAL);
	assert_int_equal(write_flags(rig, 0, &at, payload, 3), EINVAL);
	assert_int_equal(write_flags(rig, 0, &at, payload, 5), EINVAL);
	assert_int_equal(ask(rig, VFU_REGION_WRITE, payload, 15, NULL), EINVAL);
	assert_int_equal(rig->device.writes, 0);
	assert_int_equal(rig->device.read_max, 0);
}

static void
test_the_device_refuses(void **state)
{
	const struct vfu_access at = { 0, 0, 4 };
	struct vfu_rig *rig = *state;

	rig->device.refuse = -ENXIO;
	assert_int_equal(region_read(rig, 0, 0, 4), ENXIO);
	assert_int_equal(write_flags(rig, 0, &at, "abcd", 4), ENXIO);
	rig->device.refuse = 0;
}

/* Posted ones come before what is asked afterwards. */
static void
test_posted_writes(void **state)
{
	const struct vfu_access good = { 0x100, 0, 4 }, bad = { 0, 8, 4 };
	struct vfu_rig *rig = *state;
	struct vfu_stats stats;

	(void)write_flags(rig, VFU_NO_REPLY, &good, "abcd", 4);
	(void)write_flags(rig, VFU_NO_REPLY, &bad, "efgh", 4);
	assert_int_equal(region_read(rig, 0, 0x100, 4), 0);
	assert_memory_equal(a.payload + 16, "abcd", 4);
	vfu_stats(rig->server, &stats);
	assert_int_equal(stats.posted, 1);
	assert_int_equal(stats.writes, 1);
	assert_int_equal(stats.reads, 1);
	assert_int_equal(stats.errors, 1);
	assert_int_equal(stats.requests, 4);
	assert_int_equal(stats.clients, 1);
}

struct multi {
	uint64_t n;
	struct vfu_write_one one[10];
};

static uint64_t
multi_done(struct vfu_rig *rig, const struct multi *m)
{
	uint64_t done;

	assert_int_equal(ask(rig, VFU_REGION_WRITE_MULTI, m,
			     (uint32_t)(8 + m->n * sizeof(m->one[0])), &a),
	    0);
	assert_int_equal(a.bytes, sizeof(done));
	memcpy(&done, a.payload, sizeof(done));
	return done;
}

static void
test_write_multi(void **state)
{
	struct multi m = { 10, { { { 0, 0, 0 }, { 0 } } } };
	struct vfu_rig *rig = *state;
	unsigned int i;

	for (i = 0; i < 10; i++) {
		m.one[i].at = (struct vfu_access){ i * 8u, 0, 1 + i % 8 };
		memset(m.one[i].data, 'a' + (int)i, 8);
	}
	assert_int_equal(multi_done(rig, &m), 10);
	assert_memory_equal(rig->device.bar + 16, "ccc\0\0\0\0\0dddd", 12);
	m.one[3].at.bytes = 9;
	assert_int_equal(multi_done(rig, &m), 3);
	m.one[3].at.bytes = 0;
	assert_int_equal(multi_done(rig, &m), 3);
	m.one[0].at.region = 2;
	assert_int_equal(multi_done(rig, &m), 0);
	m.n = 0;
	assert_int_equal(multi_done(rig, &m), 0);
	m.n = UINT64_MAX;
	assert_int_equal(ask(rig, VFU_REGION_WRITE_MULTI, &m, sizeof(m), NULL),
	    EINVAL);
	m.n = 9;
	assert_int_equal(ask(rig, VFU_REGION_WRITE_MULTI, &m, sizeof(m), NULL),
	    EINVAL);
	assert_int_equal(ask(rig, VFU_REGION_WRITE_MULTI, &m, 7, NULL), EINVAL);
}

static void
test_reset(void **state)
{
	struct vfu_rig *rig = *state;

	assert_int_equal(ask(rig, VFU_DEVICE_RESET, NULL, 0, &a), 0);
	assert_int_equal(a.bytes, 0);
	assert_int_equal(rig->device.resets, 1);
	assert_int_equal(ask(rig, VFU_DEVICE_RESET, "x", 1, NULL), EINVAL);
	assert_int_equal(rig->device.resets, 1);
}

/* -------------------------------------------------------------- malformed */

static void
test_unknown_commands(void **state)
{
	static const uint16_t unknown[] = { 0, VFU_DEVICE_GET_REGION_IO_FDS,
		VFU_DMA_READ, VFU_DMA_WRITE, 14, VFU_DEVICE_FEATURE,
		VFU_MIG_DATA_READ, VFU_MIG_DATA_WRITE, 19, 0x8000, UINT16_MAX };
	const uint8_t payload[32] = { 32 };
	size_t i;

	for (i = 0; i < COUNT(unknown); i++)
		assert_int_equal(ask(*state, unknown[i], payload,
				     sizeof(payload), NULL),
		    EOPNOTSUPP);
}

/* A reply to nothing is dropped; a type that does not exist is an error. */
static void
test_types(void **state)
{
	struct vfu_rig *rig = *state;
	uint32_t type;

	send_flags(rig, VFU_DEVICE_RESET, VFU_TYPE_REPLY, NULL, 0, NULL, 0);
	for (type = 2; type < 16; type++) {
		send_flags(rig, VFU_DEVICE_RESET, type, NULL, 0, NULL, 0);
		answer_receive(rig, &a);
		assert_int_equal(a.header.error, EINVAL);
	}
	assert_int_equal(rig->device.resets, 0);
}

static void
test_length_is_wrong(void **state)
{
	static const uint32_t bytes[] = { 0, 15, 16 + VFU_PAYLOAD_MAX + 1,
		UINT32_MAX };
	struct vfu_header header = { 7, VFU_DEVICE_RESET, 0, 0, 0 };
	struct vfu_rig rig;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bytes); i++) {
		rig_new(&rig);
		greet(&rig);
		header.bytes = bytes[i];
		send_raw(&rig, &header, sizeof(header), &rig.map_fd, 1);
		assert_int_equal(rig_hang_up(&rig), -1);
		says(&rig.err, "must be 16 to 8208");
		assert_int_equal(rig.device.resets, 1);
		rig_free(&rig);
	}
}

/* Every command with every number of descriptors: none stays open. */
static void
test_descriptors_nobody_wants(void **state)
{
	static const unsigned int fds[] = { 1, 2, VFU_FDS_MAX, VFU_FDS_MAX + 1,
		FDS_SENT_MAX };
	struct vfu_rig *rig = *state;
	int fd[FDS_SENT_MAX];
	unsigned int open_before, i;
	uint16_t command;

	for (i = 0; i < FDS_SENT_MAX; i++)
		fd[i] = rig->map_fd;
	open_before = fds_open();
	for (i = 0; i < COUNT(fds); i++)
		for (command = 0; command < 20; command++) {
			if (command == VFU_DEVICE_RESET &&
			    fds[i] <= VFU_FDS_MAX)
				continue;
			assert_int_not_equal(ask_fds(rig, command, NULL, 0, fd,
						 fds[i], NULL),
			    0);
		}
	assert_int_equal(fds_open(), open_before);
}

/* Each byte on its own, a descriptor with each of some. */
static void
test_in_pieces(void **state)
{
	const struct vfu_access at = { 0, VFU_REGION_CONFIG, 8 };
	struct vfu_rig *rig = *state;
	uint8_t out[64];
	size_t i, n;

	n = message_make(rig, out, VFU_REGION_READ, 0, &at, sizeof(at));
	for (i = 0; i < n; i++)
		send_raw(rig, out + i, 1, &rig->map_fd, i % 8 == 0);
	answer_receive(rig, &a);
	assert_int_equal(a.header.flags, VFU_TYPE_REPLY);
	assert_int_equal(a.bytes, sizeof(at) + 8);
}

static void
send_one(struct vfu_rig *rig, uint16_t command, uint32_t flags,
    const void *payload, uint32_t bytes, int fd)
{
	uint8_t out[256];
	size_t n = message_make(rig, out, command, flags, payload, bytes);

	assert_int_equal(fds_send(rig->client, out, n, 0, &fd, fd >= 0), n);
}

/*
 * The server finds many messages at once; descriptors go to the one that they
 * came with, whatever is before it and behind it.
 */
static void
test_pipelined(void **state)
{
	struct vfu_dma_map map = { sizeof(map), 3, 0, 0, PAGE };
	struct vfu_rig *rig = *state;
	struct {
		struct vfu_access at;
		uint8_t data[4];
	} write = { { 0x100, 0, 4 }, "abcd" };
	unsigned int i, k;

	/* It is busy with the first one, until all are there. */
	(void)pthread_mutex_lock(&rig->device.lock);
	for (i = 0; i < 8; i++) {
		for (k = 0; k < i; k++)
			send_one(rig, VFU_REGION_WRITE, VFU_NO_REPLY, &write,
			    20, -1);
		map.address = i * PAGE;
		send_one(rig, VFU_DMA_MAP, 0, &map, sizeof(map), rig->map_fd);
		send_one(rig, VFU_DEVICE_RESET, 0, NULL, 0, -1);
	}
	(void)pthread_mutex_unlock(&rig->device.lock);
	for (i = 0; i < 16; i++) {
		receive_exact(rig, &a.header, sizeof(a.header), &a.fd);
		rig_sync(rig);
		assert_int_equal(a.header.flags, VFU_TYPE_REPLY);
		assert_int_equal(a.header.bytes, sizeof(a.header));
	}
	assert_int_equal(rig->device.resets, 8);
	assert_int_equal(rig->device.regions, 8);
	assert_int_equal(rig->device.writes, 28);
}

static void
writes_post(struct vfu_rig *rig, unsigned int n)
{
	const struct vfu_access at = { 0x100, 0, 4 };

	while (n-- > 0)
		(void)write_flags(rig, VFU_NO_REPLY, &at, "abcd", 4);
	/* It has done them. */
	assert_int_equal(region_read(rig, 0, 0x100, 4), 0);
}

/* How often the device was told to look (or that this ends), so far. */
static unsigned int
counted(struct vfu_rig *rig, const unsigned int *what)
{
	unsigned int n;

	(void)pthread_mutex_lock(&rig->device.lock);
	n = *what;
	(void)pthread_mutex_unlock(&rig->device.lock);
	return n;
}

/* It stays awake while writes are posted, and only then. */
static void
test_awake(void **state)
{
	struct vfu_rig *rig = *state;
	unsigned int i, looks, *ends = &rig->device.look_ends;

	/* One at a time, or with answers, they are no stream. */
	for (i = 0; i < 20; i++) {
		writes_post(rig, 1);
		(void)usleep(1000);
	}
	for (i = 0; i < 100; i++)
		assert_int_equal(region_read(rig, 0, 0x100, 4), 0);
	assert_int_equal(counted(rig, &rig->device.looks), 0);
	/* A busy machine may hold the server, or this test, up. */
	for (i = 0; i < 5000 && counted(rig, &rig->device.looks) == 0; i++)
		writes_post(rig, 100);
	assert_true(counted(rig, &rig->device.looks) > 0);
	/* It ends by itself; then nobody looks. */
	for (i = 0; i < 30000 && counted(rig, ends) == 0; i++)
		(void)usleep(1000);
	assert_true(counted(rig, ends) > 0);
	/* This test may have been late, so that it began again. */
	i = 0;
	do {
		assert_true(i++ < 1000);
		looks = counted(rig, &rig->device.looks);
		(void)usleep(20000);
	} while (counted(rig, &rig->device.looks) != looks);
	/* Or with the client. */
	while (counted(rig, &rig->device.looks) == looks)
		writes_post(rig, 100);
	assert_int_equal(rig_hang_up(rig), 0);
	assert_true(counted(rig, ends) >= 2);
	rig_connect(rig);
}

/* ------------------------------------------------------------------- ends */

static void
test_hang_up_anywhere(void **state)
{
	const struct vfu_dma_map map = { sizeof(map), 3, 0, 0, PAGE };
	struct vfu_rig rig;
	uint8_t out[64];
	size_t i, n;

	(void)state;
	rig_new(&rig);
	for (i = 0; i < 48; i++) {
		greet(&rig);
		n = message_make(&rig, out, VFU_DMA_MAP, 0, &map, sizeof(map));
		assert_true(i < n);
		if (i > 0)
			send_raw(&rig, out, i, &rig.map_fd, 1);
		assert_int_equal(rig_hang_up(&rig), 0);
		assert_int_equal(rig.device.resets, i + 1);
		rig_connect(&rig);
	}
	assert_int_equal(rig_hang_up(&rig), 0);
	rig_free(&rig);
}

static void
test_stop_in_the_middle(void **state)
{
	const struct vfu_header header = { 1, VFU_REGION_WRITE, 100, 0, 0 };
	struct vfu_rig rig;

	(void)state;
	rig_new(&rig);
	greet(&rig);
	send_raw(&rig, &header, sizeof(header), &rig.map_fd, 1);
	vfu_stop(rig.server);
	rig_join(&rig);
	assert_int_equal(rig.status, 0);
	/* From now on it returns at once. */
	(void)close(rig.client);
	rig_connect(&rig);
	rig_join(&rig);
	assert_int_equal(rig.status, 0);
	(void)close(rig.client);
	rig_free(&rig);
}

/* The client sends requests, but reads no reply until the socket is full. */
static void
test_stop_while_the_client_does_not_read(void **state)
{
	const struct vfu_access at = { 0, 0, VFU_DATA_MAX };
	struct pollfd p = { .events = POLLOUT };
	struct vfu_rig rig;
	unsigned int i;

	(void)state;
	rig_new(&rig);
	greet(&rig);
	p.fd = rig.client;
	for (i = 0; i < 100000 && poll(&p, 1, 200) == 1; i++)
		send_flags(&rig, VFU_REGION_READ, 0, &at, sizeof(at), NULL, 0);
	assert_true(i > 10 && i < 100000);
	vfu_stop(rig.server);
	rig_join(&rig);
	assert_int_equal(rig.status, 0);
	(void)close(rig.client);
	rig_free(&rig);
}

/* A client that reads late gets every reply whole. */
static void
test_the_client_reads_late(void **state)
{
	const struct vfu_access at = { 0, 0, VFU_DATA_MAX };
	struct vfu_rig *rig = *state;
	unsigned int i;

	for (i = 0; i < 200; i++)
		send_flags(rig, VFU_REGION_READ, 0, &at, sizeof(at), NULL, 0);
	(void)usleep(50000);
	rig->id = 1;
	for (i = 0; i < 200; i++) {
		rig->id++;
		answer_receive(rig, &a);
		assert_int_equal(a.bytes, sizeof(at) + VFU_DATA_MAX);
		assert_memory_equal(a.payload, &at, sizeof(at));
	}
}

static void
test_a_new_client(void **state)
{
	struct vfu_rig rig;
	struct vfu_stats stats;
	int event, fd;
	unsigned int i;

	(void)state;
	rig_new(&rig);
	event = eventfd(0, EFD_CLOEXEC);
	fd = memfd_create("ram", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fd, PAGE), 0);
	for (i = 0; i < 3; i++) {
		greet(&rig);
		assert_int_equal(dma_map(&rig, 0, PAGE, 0, fd), 0);
		assert_int_equal(rig.device.regions, 1);
		assert_int_equal(irqs_set(&rig, 0x24, 0, event), 0);
		assert_int_equal(irqs_set(&rig, 0x09, 0, -1), 0);
		assert_int_equal(rig_hang_up(&rig), 0);
		assert_int_equal(rig.device.regions, 0);
		assert_int_equal(rig.device.resets, i + 1);
		vfu_stats(rig.server, &stats);
		assert_int_equal(stats.clients, i + 1);
		assert_int_equal(stats.shared_bytes, 0);
		rig_connect(&rig);
	}
	assert_int_equal(rig_hang_up(&rig), 0);
	(void)close(event);
	(void)close(fd);
	rig_free(&rig);
}

#define WITH_RIG(test) \
	cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_version_of_others),
		cmocka_unit_test(test_version_too_new),
		cmocka_unit_test(test_nothing_before_version),
		WITH_RIG(test_device_info),
		WITH_RIG(test_region_that_can_be_mapped),
		WITH_RIG(test_other_regions),
		WITH_RIG(test_irq_info),
		WITH_RIG(test_configuration_space),
		WITH_RIG(test_region_bounds),
		WITH_RIG(test_region_lengths),
		WITH_RIG(test_the_device_refuses),
		WITH_RIG(test_posted_writes),
		WITH_RIG(test_awake),
		WITH_RIG(test_write_multi),
		WITH_RIG(test_reset),
		WITH_RIG(test_unknown_commands),
		WITH_RIG(test_types),
		cmocka_unit_test(test_length_is_wrong),
		WITH_RIG(test_descriptors_nobody_wants),
		WITH_RIG(test_in_pieces),
		WITH_RIG(test_pipelined),
		cmocka_unit_test(test_hang_up_anywhere),
		cmocka_unit_test(test_stop_in_the_middle),
		cmocka_unit_test(test_stop_while_the_client_does_not_read),
		WITH_RIG(test_the_client_reads_late),
		cmocka_unit_test(test_a_new_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
