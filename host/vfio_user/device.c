/* SPDX-License-Identifier: BSD-2-Clause */
#include "device.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "e1000_hw.h"

#define CONFIG_BYTES	256u

/* ------------------------------------------- the server calls the device */

/*
 * The largest access at this offset that is aligned and has at most n bytes.
 * QEMU passes on the guest's accesses as they are, and reads all 256 bytes of
 * configuration space at once.
 */
static unsigned int
piece_bytes(unsigned int region, uint64_t offset, uint32_t n)
{
	unsigned int bytes = region == VFU_REGION_BAR0 ? 8 : 4;

	while (bytes > n || offset % bytes != 0)
		bytes /= 2;
	return bytes;
}

static uint64_t
piece_read(struct nic *nic, unsigned int region, uint32_t offset,
    unsigned int bytes)
{
	switch (region) {
	case VFU_REGION_BAR0:
		return nic_mmio_read(nic, offset, bytes);
	case VFU_REGION_BAR0 + 2:
		return nic_io_read(nic, offset, bytes);
	default:
		return nic_pci_read(nic, offset, bytes);
	}
}

static int
device_read(void *ctx, unsigned int region, uint64_t offset, void *data,
    uint32_t n)
{
	struct device *d = ctx;
	uint8_t *to = data;
	unsigned int bytes;
	uint64_t value;

	for (; n > 0; n -= bytes, offset += bytes, to += bytes) {
		bytes = piece_bytes(region, offset, n);
		value = piece_read(d->nic, region, (uint32_t)offset, bytes);
		memcpy(to, &value, bytes);	/* little-endian, as PCI is */
	}
	return 0;
}

static void
piece_write(struct nic *nic, unsigned int region, uint32_t offset,
    unsigned int bytes, uint64_t value)
{
	switch (region) {
	case VFU_REGION_BAR0:
		nic_mmio_write(nic, offset, bytes, value);
		break;
	case VFU_REGION_BAR0 + 2:
		nic_io_write(nic, offset, bytes, (uint32_t)value);
		break;
	default:
		nic_pci_write(nic, offset, bytes, (uint32_t)value);
		break;
	}
}

static int
device_write(void *ctx, unsigned int region, uint64_t offset, const void *data,
    uint32_t n)
{
	struct device *d = ctx;
	const uint8_t *from = data;
	unsigned int bytes;
	uint64_t value;

	for (; n > 0; n -= bytes, offset += bytes, from += bytes) {
		bytes = piece_bytes(region, offset, n);
		value = 0;
		memcpy(&value, from, bytes);
		piece_write(d->nic, region, (uint32_t)offset, bytes, value);
	}
	return 0;
}

static int
device_memory(void *ctx, const struct e82540_region *region, unsigned int n)
{
	struct device *d = ctx;

	return nic_memory(d->nic, region, n);
}

static void
device_look(void *ctx, bool awake)
{
	struct device *d = ctx;

	if (awake)
		nic_look(d->nic);
	else
		nic_look_end(d->nic);
}

static void
device_reset(void *ctx)
{
	nic_reset(((struct device *)ctx)->nic);
}

static void
device_warn(void *ctx, const char *text)
{
	struct device *d = ctx;

	d->config.warn(d->config.ctx, text);
}

static const struct vfu_ops device_ops = {
	.read = device_read,
	.write = device_write,
	.memory = device_memory,
	.look = device_look,
	.reset = device_reset,
	.warn = device_warn,
};

/* ---------------------------------------------- the NIC calls its VMM */

static void
device_interrupt(void *ctx, bool asserted)
{
	vfu_intx(((struct device *)ctx)->server, asserted);
}

static void
device_say(void *ctx, const char *text)
{
	struct device *d = ctx;

	if (d->config.say != NULL)
		d->config.say(d->config.ctx, text);
}

/* The VMM knows address and data: it has seen the guest write them. */
static void
device_msi(void *ctx, uint64_t addr, uint32_t data)
{
	(void)addr;
	(void)data;
	vfu_msi(((struct device *)ctx)->server);
}

static const struct nic_vmm device_vmm = {
	.interrupt = device_interrupt,
	.msi = device_msi,
	.say = device_say,
};

static int
device_park(void *ctx, const uint32_t *seen)
{
	return pages_park(((struct device *)ctx)->config.pages, seen);
}

static void
device_unpark(void *ctx)
{
	pages_unpark(((struct device *)ctx)->config.pages);
}

/* ---------------------------------------------------------------- threads */

int
device_serve(struct device *d, int fd, struct err *err)
{
	return vfu_serve(d->server, fd, err);
}

void
device_run_nic(struct device *d)
{
	nic_run(d->nic);
}

bool
device_has_faults(const struct device *d)
{
	return d->config.pages != NULL && pages_fd(d->config.pages) >= 0;
}

/* The guest's access succeeds first; a store is found in nic_fault(). */
int
device_run_faults(struct device *d, struct err *err)
{
	struct pollfd fds[2] = {
		{ .fd = d->stop_fd, .events = POLLIN },
		{ .fd = pages_fd(d->config.pages), .events = POLLIN },
	};
	int error;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return err_set(err, "poll: %s", strerror(errno));
		if (fds[0].revents != 0)
			return 0;
		if (fds[1].revents == 0)
			continue;
		error = pages_ready(d->config.pages);
		if (error != 0)
			return err_set(err,
			    "the process that serves doorbell pages has ended "
			    "(%s): restart lem-nic and its guest",
			    strerror(-error));
		(void)nic_fault(d->nic);
	}
}

void
device_stop(struct device *d)
{
	static const uint64_t one = 1;

	(void)!write(d->stop_fd, &one, sizeof(one));
	vfu_stop(d->server);
	nic_stop(d->nic);
}

/* ------------------------------------------------------------- new, free */

static void
device_regions(const struct device *d, struct vfu_config *c)
{
	c->region[VFU_REGION_BAR0].bytes = E82540_BAR0_BYTES;
	c->region[VFU_REGION_BAR0 + 2].bytes = E1000_IOBAR_SIZE_BYTES;
	c->region[VFU_REGION_CONFIG].bytes = CONFIG_BYTES;
	if (d->config.pages == NULL)
		return;
	c->region[VFU_REGION_BAR0].map_offset = E82540_DOORBELL_OFFSET;
	c->region[VFU_REGION_BAR0].map_bytes = E82540_DOORBELL_BYTES;
	c->region[VFU_REGION_BAR0].map_fd = pages_file(d->config.pages);
}

static int
device_server(struct device *d, struct err *err)
{
	struct vfu_config c = {
		.ops = &device_ops,
		.ctx = d,
		.msi = d->config.nic.msi,
	};

	d->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->stop_fd < 0)
		return err_set(err, "eventfd: %s", strerror(errno));
	device_regions(d, &c);
	d->server = vfu_new(&c, err);
	return d->server == NULL ? -1 : 0;
}

static void
device_doorbell(struct device *d)
{
	struct nic_config *c = &d->config.nic;

	if (d->config.pages == NULL)
		return;
	d->doorbell.permanent = true;
	if (pages_kind(d->config.pages) == PAGES_FUSE) {
		d->doorbell.away = true;
		d->doorbell.park = device_park;
		d->doorbell.unpark = device_unpark;
	}
	c->doorbell_ops = &d->doorbell;
	c->doorbell_mem = pages_memory(d->config.pages);
}

static void
unused_close(const struct device_config *config)
{
	config->nic.backend->ops->close(config->nic.backend);
	if (config->pages != NULL)
		pages_close(config->pages);
}

struct device *
device_new(const struct device_config *config, struct err *err)
{
	struct device *d = calloc(1, sizeof(*d));

	if (d == NULL) {
		(void)err_set(err, "out of memory");
		unused_close(config);
		return NULL;
	}
	d->config = *config;
	d->config.nic.vmm = &device_vmm;
	d->config.nic.ctx = d;
	device_doorbell(d);
	if (device_server(d, err) == 0) {
		d->nic = nic_new(&d->config.nic, err);
		if (d->nic != NULL)
			return d;
	} else {
		d->config.nic.backend->ops->close(d->config.nic.backend);
	}
	device_free(d);
	return NULL;
}

void
device_free(struct device *d)
{
	if (d->server != NULL)
		vfu_free(d->server);
	if (d->nic != NULL)
		nic_free(d->nic);
	if (d->config.pages != NULL)
		pages_close(d->config.pages);
	if (d->stop_fd >= 0)
		(void)close(d->stop_fd);
	free(d);
}
