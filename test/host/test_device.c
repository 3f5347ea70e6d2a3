/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lem-nic's device as a VMM and its guest see it, through a socket: BAR 0, BAR
 * 2, configuration space, guest memory, doorbell memory, interrupts, and the
 * end of a VMM.  The peer of the NIC's backend is the test.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "device.h"
#include "e1000_hw.h"
#include "fds.h"
#include "open.h"
#include "vfu_proto.h"

#define SECOND		1000000000ull
#define RAM_BYTES	0x100000u
#define RING		0x1000u
#define FRAMES		0x10000u
#define FRAME_BYTES	100u
#define DOORBELL(r) ((r)-E82540_DOORBELL_OFFSET)

struct rig {
	struct device *device;
	pthread_t thread[3];
	int peer;			/* of the backend */
	int client, server;		/* of the VMM's socket */
	uint16_t id;
	int intx;			/* eventfd */
	uint8_t *ram;
	int pages;			/* descriptor of BAR 0's file, or -1 */
	uint32_t next;			/* descriptor */
};

/* ---------------------------------------------------------------- threads */

static void *
serve_main(void *arg)
{
	struct rig *rig = arg;
	struct err err;

	assert_int_equal(device_serve(rig->device, rig->server, &err), 0);
	return NULL;
}

static void *
nic_main(void *arg)
{
	device_run_nic(((struct rig *)arg)->device);
	return NULL;
}

static void *
faults_main(void *arg)
{
	struct err err;

	assert_int_equal(device_run_faults(((struct rig *)arg)->device, &err),
	    0);
	return NULL;
}

/* --------------------------------------------------------------- the VMM */

struct request {
	struct vfu_header header;
	uint8_t payload[4096];
} __attribute__((packed));

/* Sends n bytes of payload, with a descriptor (-1: none). */
static void
request_send(struct rig *rig, uint16_t command, const void *payload, uint32_t n,
    int fd)
{
	struct request r = { { ++rig->id, command,
				 (uint32_t)sizeof(r.header) + n, 0, 0 },
		{ 0 } };

	if (n > 0)
		memcpy(r.payload, payload, n);
	assert_int_equal(fds_send(rig->client, &r, r.header.bytes, 0, &fd,
			     fd >= 0),
	    r.header.bytes);
}

/* Returns the reply's payload, until the next call.  *fd: what came with it. */
static const void *
reply_receive(struct rig *rig, int *fd)
{
	static struct request r;
	ssize_t n;

	assert_int_equal(fds_receive(rig->client, &r.header, sizeof(r.header),
			     fd),
	    sizeof(r.header));
	if (r.header.flags & VFU_ERROR)
		fail_msg("command %u: error %u", r.header.command,
		    r.header.error);
	assert_int_equal(r.header.id, rig->id);
	n = (ssize_t)(r.header.bytes - sizeof(r.header));
	if (n > 0)
		assert_int_equal(recv(rig->client, r.payload, (size_t)n,
				     MSG_WAITALL),
		    n);
	return r.payload;
}

static const void *
ask(struct rig *rig, uint16_t command, const void *payload, uint32_t n, int fd)
{
	int unused = -1;

	request_send(rig, command, payload, n, fd);
	return reply_receive(rig, &unused);
}

static void
region_read(struct rig *rig, uint32_t region, uint64_t offset, void *data,
    uint32_t n)
{
	struct vfu_access at = { offset, region, n };
	const uint8_t *reply = ask(rig, VFU_REGION_READ, &at, sizeof(at), -1);

	memcpy(data, reply + sizeof(at), n);
}

static void
region_write(struct rig *rig, uint32_t region, uint64_t offset,
    const void *data, uint32_t n)
{
	struct {
		struct vfu_access at;
		uint8_t data[64];
	} w = { { offset, region, n }, { 0 } };

	memcpy(w.data, data, n);
	(void)ask(rig, VFU_REGION_WRITE, &w, (uint32_t)sizeof(w.at) + n, -1);
}

static uint32_t
reg_read(struct rig *rig, uint32_t reg)
{
	uint32_t value;

	region_read(rig, VFU_REGION_BAR0, reg, &value, 4);
	return value;
}

static void
reg_write(struct rig *rig, uint32_t reg, uint32_t value)
{
	region_write(rig, VFU_REGION_BAR0, reg, &value, 4);
}

/* BAR 0's file, if there is one. */
static int
bar_file(struct rig *rig)
{
	const struct vfio_region_info info = {
		.argsz = sizeof(struct vfu_region_info),
		.index = VFU_REGION_BAR0,
	};
	struct vfu_region_info reply;
	const void *payload;
	int fd = -1;

	request_send(rig, VFU_DEVICE_GET_REGION_INFO, &info, sizeof(info), -1);
	payload = reply_receive(rig, &fd);
	if (fd >= 0) {
		memcpy(&reply, payload, sizeof(reply));
		assert_int_equal(reply.area.offset, E82540_DOORBELL_OFFSET);
		assert_int_equal(reply.area.size, E82540_DOORBELL_BYTES);
	}
	return fd;
}

static void
vmm_memory(struct rig *rig)
{
	struct vfu_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.bytes = RAM_BYTES,
	};
	int fd = memfd_create("ram", MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, RAM_BYTES), 0);
	rig->ram =
	    mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(rig->ram != MAP_FAILED);
	(void)ask(rig, VFU_DMA_MAP, &map, sizeof(map), fd);
	(void)close(fd);
}

static void
vmm_interrupt(struct rig *rig)
{
	const struct vfu_irq_set set = { sizeof(set),
		VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, 0, 0,
		1 };

	rig->intx = eventfd(0, EFD_CLOEXEC);
	(void)ask(rig, VFU_DEVICE_SET_IRQS, &set, sizeof(set), rig->intx);
}

static void
vmm_begin(struct rig *rig)
{
	const struct vfu_version version = { 0, 0 };
	const uint16_t command =
	    E82540_PCI_IO | E82540_PCI_MEMORY | E82540_PCI_MASTER;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	rig->client = pair[0];
	rig->server = pair[1];
	rig->next = 0;
	assert_int_equal(pthread_create(&rig->thread[0], NULL, serve_main, rig),
	    0);
	(void)ask(rig, VFU_VERSION, &version, sizeof(version), -1);
	vmm_memory(rig);
	vmm_interrupt(rig);
	region_write(rig, VFU_REGION_CONFIG, E82540_PCI_COMMAND, &command, 2);
	rig->pages = bar_file(rig);
}

static void
vmm_end(struct rig *rig)
{
	(void)close(rig->client);
	(void)pthread_join(rig->thread[0], NULL);
	(void)munmap(rig->ram, RAM_BYTES);
	(void)close(rig->intx);
	if (rig->pages >= 0)
		(void)close(rig->pages);
}

/* -------------------------------------------------------------- the guest */

static void
guest_up(struct rig *rig)
{
	uint64_t end = wall_ns() + 30 * SECOND;

	reg_write(rig, E1000_TDBAL, RING);
	reg_write(rig, E1000_TDLEN, 128);
	reg_write(rig, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP);
	reg_write(rig, E1000_CTRL, E1000_CTRL_SLU | E1000_CTRL_FD);
	while (!(reg_read(rig, E1000_STATUS) & E1000_STATUS_LU))
		assert_true(wall_ns() < end);
}

/* A frame in the ring.  Returns the tail that says so. */
static uint32_t
guest_frame(struct rig *rig, uint8_t fill)
{
	struct e1000_tx_desc *d =
	    (struct e1000_tx_desc *)(void *)(rig->ram + RING) + rig->next;
	uint8_t *data = rig->ram + FRAMES + rig->next * 2048;

	memset(data, fill, FRAME_BYTES);
	memset(d, 0, sizeof(*d));
	d->buffer_addr = FRAMES + rig->next * 2048;
	d->length = FRAME_BYTES;
	d->cmd = E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS | E1000_TXD_CMD_RS;
	rig->next = (rig->next + 1) % 8;
	return rig->next;
}

/* It arrives, and each byte of it is right. */
static void
peer_receives(struct rig *rig, uint8_t fill)
{
	struct pollfd p = { .fd = rig->peer, .events = POLLIN };
	uint8_t frame[2048];
	unsigned int i;

	assert_int_equal(poll(&p, 1, 30000), 1);
	assert_int_equal(recv(rig->peer, frame, sizeof(frame), 0), FRAME_BYTES);
	for (i = 0; i < FRAME_BYTES; i++)
		assert_int_equal(frame[i], fill);
}

/* -------------------------------------------------------------------- rig */

static void
rig_begin(struct rig *rig, enum nic_doorbell doorbell, enum pages_kind kind)
{
	struct device_config config = {
		.nic = { .mac = { 2, 0, 0, 0, 0, 1 },
		    .moderation = NIC_MODERATION_ADAPTIVE,
		    .doorbell = doorbell,
		    .spin_us = 100 },
	};
	struct err err;
	int pair[2];

	*rig = (struct rig){ 0 };
	if (doorbell != NIC_DOORBELL_EXIT) {
		config.pages = pages_open(kind, NULL, &err);
		if (config.pages == NULL) {
			print_message("%s\n", err.text);
			skip();
		}
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	rig->peer = pair[1];
	config.nic.backend = open_by("backend=dgram,fd=%d", pair[0]);
	rig->device = device_new(&config, &err);
	assert_non_null(rig->device);
	(void)pthread_create(&rig->thread[1], NULL, nic_main, rig);
	assert_int_equal(device_has_faults(rig->device),
	    config.pages != NULL && pages_kind(config.pages) == PAGES_FUSE);
	if (device_has_faults(rig->device))
		(void)pthread_create(&rig->thread[2], NULL, faults_main, rig);
	vmm_begin(rig);
}

static void
rig_end(struct rig *rig)
{
	vmm_end(rig);
	device_stop(rig->device);
	(void)pthread_join(rig->thread[1], NULL);
	if (device_has_faults(rig->device))
		(void)pthread_join(rig->thread[2], NULL);
	device_free(rig->device);
	(void)close(rig->peer);
}

/* ------------------------------------------------------------------ tests */

/* QEMU reads it whole, and writes it in pieces. */
static void
test_config(void **state)
{
	static struct rig rig;
	uint8_t all[256], one;
	uint32_t bar = UINT32_MAX;
	unsigned int i;

	(void)state;
	rig_begin(&rig, NIC_DOORBELL_EXIT, PAGES_AUTO);
	region_read(&rig, VFU_REGION_CONFIG, 0, all, sizeof(all));
	for (i = 0; i < sizeof(all); i++) {
		region_read(&rig, VFU_REGION_CONFIG, i, &one, 1);
		assert_int_equal(all[i], one);
	}
	assert_memory_equal(all, "\x86\x80\x0e\x10", 4);
	region_write(&rig, VFU_REGION_CONFIG, E82540_PCI_BAR0, &bar, 4);
	region_read(&rig, VFU_REGION_CONFIG, E82540_PCI_BAR0, &bar, 4);
	assert_int_equal(bar, 0xfffe0000);
	bar = 0;
	/* Neither aligned nor of a size that a processor writes. */
	region_write(&rig, VFU_REGION_CONFIG, E82540_PCI_BAR0 + 1, &bar, 3);
	region_read(&rig, VFU_REGION_CONFIG, E82540_PCI_BAR0, &bar, 4);
	assert_int_equal(bar, 0);
	rig_end(&rig);
}

static void
test_registers(void **state)
{
	static struct rig rig;
	uint64_t two;
	uint32_t value, got;

	(void)state;
	rig_begin(&rig, NIC_DOORBELL_EXIT, PAGES_AUTO);
	assert_int_equal(rig.pages, -1);
	reg_write(&rig, E1000_RAL(0), 0x04030201);
	reg_write(&rig, E1000_RAH(0), 0x80000605);
	region_read(&rig, VFU_REGION_BAR0, E1000_RAL(0), &two, 8);
	assert_true(two == 0x8000060504030201);
	/* BAR 2: an address, then its data. */
	value = E1000_RAL(0);
	region_write(&rig, VFU_REGION_BAR0 + 2, 0, &value, 4);
	region_read(&rig, VFU_REGION_BAR0 + 2, 4, &got, 4);
	assert_int_equal(got, 0x04030201);
	rig_end(&rig);
}

/* A frame by a register, byte for byte; then its interrupt. */
static void
test_frame(void **state)
{
	static struct rig rig;
	struct pollfd p;
	uint64_t count;

	(void)state;
	rig_begin(&rig, NIC_DOORBELL_EXIT, PAGES_AUTO);
	guest_up(&rig);
	(void)reg_read(&rig, E1000_ICR);
	reg_write(&rig, E1000_IMS, E1000_ICR_TXDW);
	reg_write(&rig, E1000_TDT, guest_frame(&rig, 0x5a));
	peer_receives(&rig, 0x5a);
	p = (struct pollfd){ .fd = rig.intx, .events = POLLIN };
	assert_int_equal(poll(&p, 1, 30000), 1);
	assert_int_equal(read(rig.intx, &count, sizeof(count)), 8);
	assert_int_equal(count, 1);
	assert_true(reg_read(&rig, E1000_ICR) & E1000_ICR_TXDW);
	rig_end(&rig);
}

/* The guest stores to memory, after quiet times of all lengths. */
static void
doorbells(enum nic_doorbell doorbell, enum pages_kind kind)
{
	static struct rig rig;
	volatile uint32_t *bell;
	struct nic_stats stats;
	unsigned int i;

	rig_begin(&rig, doorbell, kind);
	assert_true(rig.pages >= 0);
	bell = mmap(NULL, E82540_DOORBELL_BYTES, PROT_READ | PROT_WRITE,
	    MAP_SHARED, rig.pages, E82540_DOORBELL_OFFSET);
	assert_true(bell != MAP_FAILED);
	guest_up(&rig);
	for (i = 0; i < 200; i++) {
		bell[DOORBELL(E1000_TDT) / 4] = guest_frame(&rig, (uint8_t)i);
		peer_receives(&rig, (uint8_t)i);
		if (i % 4 == 0)
			(void)usleep(i * 10);
	}
	/* A frame is counted after the peer has it; then it is quiet. */
	do
		nic_stats(rig.device->nic, &stats);
	while (stats.counters.tx_packets < 200 ||
	    (stats.parked == 0 && doorbell == NIC_DOORBELL_AUTO));
	assert_int_equal(stats.counters.tx_packets, 200);
	assert_int_equal(stats.traps, 0);
	(void)munmap((void *)(uintptr_t)bell, E82540_DOORBELL_BYTES);
	rig_end(&rig);
}

static void
test_fuse(void **state)
{
	(void)state;
	doorbells(NIC_DOORBELL_AUTO, PAGES_FUSE);
}

static void
test_memfd(void **state)
{
	(void)state;
	doorbells(NIC_DOORBELL_AUTO, PAGES_MEMFD);
}

static void
test_mapped(void **state)
{
	(void)state;
	doorbells(NIC_DOORBELL_MAPPED, PAGES_MEMFD);
}

/*
 * A VMM ends in the middle of it.  The next one finds a NIC after a reset, with
 * the same pages, and gets nothing of the first one's.
 */
static void
test_next_vmm(void **state)
{
	static struct rig rig;
	unsigned int i;

	(void)state;
	rig_begin(&rig, NIC_DOORBELL_AUTO, PAGES_AUTO);
	for (i = 0; i < 20; i++) {
		assert_int_equal(reg_read(&rig, E1000_TCTL) & E1000_TCTL_EN, 0);
		assert_int_equal(reg_read(&rig, E1000_TDT), 0);
		assert_int_equal(reg_read(&rig, E1000_TDBAL), 0);
		guest_up(&rig);
		reg_write(&rig, E1000_TDT, guest_frame(&rig, (uint8_t)i));
		peer_receives(&rig, (uint8_t)i);
		vmm_end(&rig);
		vmm_begin(&rig);
	}
	rig_end(&rig);
}

/* The peer reads nothing until the guest's frames stay in the ring. */
static void
backend_fill(struct rig *rig, volatile uint32_t *bell)
{
	uint32_t head, before = UINT32_MAX;

	while ((head = reg_read(rig, E1000_TDH)) != before) {
		before = head;
		while (rig->next != (head + 7) % 8)
			(void)guest_frame(rig, 0xff);
		bell[DOORBELL(E1000_TDT) / 4] = rig->next;
		(void)usleep(20000);
	}
}

static void
peer_drain(struct rig *rig)
{
	uint8_t frame[2048];
	unsigned int quiet = 0;

	while (quiet < 20)
		if (recv(rig->peer, frame, sizeof(frame), MSG_DONTWAIT) < 0) {
			(void)usleep(1000);
			quiet++;
		}
}

/* One frame by a store: it arrives, and one interrupt says so. */
static void
guest_sends(struct rig *rig, volatile uint32_t *bell, uint8_t fill)
{
	const struct vfu_irq_set unmask = { sizeof(unmask),
		VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK, 0, 0, 1 };
	struct pollfd p = { .fd = rig->intx, .events = POLLIN };
	uint64_t count;

	bell[DOORBELL(E1000_TDT) / 4] = guest_frame(rig, fill);
	peer_receives(rig, fill);
	assert_int_equal(poll(&p, 1, 30000), 1);
	assert_int_equal(read(rig->intx, &count, sizeof(count)), 8);
	assert_int_equal(count, 1);
	assert_true(reg_read(rig, E1000_ICR) & E1000_ICR_TXDW);
	(void)ask(rig, VFU_DEVICE_SET_IRQS, &unmask, sizeof(unmask), -1);
}

/*
 * A VMM ends while the NIC looks at doorbells, is parked, has an interrupt that
 * nobody has handled, or has a backend that is full.  The next one notices
 * nothing of that.
 */
static void
next_vmm(enum pages_kind kind)
{
	static struct rig rig;
	volatile uint32_t *bell;
	unsigned int i, j;

	rig_begin(&rig, NIC_DOORBELL_AUTO, kind);
	for (i = 0; i < 24; i++) {
		bell = mmap(NULL, E82540_DOORBELL_BYTES, PROT_READ | PROT_WRITE,
		    MAP_SHARED, rig.pages, E82540_DOORBELL_OFFSET);
		assert_true(bell != MAP_FAILED);
		assert_int_equal(bell[DOORBELL(E1000_TDT) / 4], 0);
		guest_up(&rig);
		(void)reg_read(&rig, E1000_ICR);
		reg_write(&rig, E1000_IMS, E1000_ICR_TXDW);
		for (j = 0; j < 10; j++)
			guest_sends(&rig, bell, (uint8_t)(i + j));
		if (i % 4 == 1)
			(void)usleep(5000);
		if (i % 4 == 2)
			bell[DOORBELL(E1000_TDT) / 4] = guest_frame(&rig, 0xff);
		if (i % 4 == 3)
			backend_fill(&rig, bell);
		(void)munmap((void *)(uintptr_t)bell, E82540_DOORBELL_BYTES);
		vmm_end(&rig);
		peer_drain(&rig);
		vmm_begin(&rig);
	}
	rig_end(&rig);
}

static void
test_next_vmm_fuse(void **state)
{
	(void)state;
	next_vmm(PAGES_FUSE);
}

static void
test_next_vmm_memfd(void **state)
{
	(void)state;
	next_vmm(PAGES_MEMFD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_frame),
		cmocka_unit_test(test_fuse),
		cmocka_unit_test(test_memfd),
		cmocka_unit_test(test_mapped),
		cmocka_unit_test(test_next_vmm),
		cmocka_unit_test(test_next_vmm_fuse),
		cmocka_unit_test(test_next_vmm_memfd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
