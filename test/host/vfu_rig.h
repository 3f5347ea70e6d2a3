/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vfio-user server on a thread, a device that notes what is done to it, and a
 * client that can send anything.
 */
#ifndef TEST_VFU_RIG_H
#define TEST_VFU_RIG_H

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"
#include "fds.h"
#include "vfu_memory.h"
#include "vfu_server.h"

#define PAGE 4096u
#define BAR_BYTES 0x20000u

/* The device: configuration space and BAR 0 are storage. */
struct device {
	uint8_t config[256];
	uint8_t bar[BAR_BYTES];
	struct e82540_region region[E82540_REGIONS_MAX];
	unsigned int regions;
	unsigned int resets, warnings, writes;
	unsigned int looks, look_ends;
	uint32_t read_max;		/* the longest read */
	int refuse;			/* what read, write, memory return */
	char warning[ERR_BYTES];
	/* Held while memory is in use; see rig_sync(). */
	pthread_mutex_t lock;
};

struct vfu_rig {
	struct vfu_server *server;
	struct device device;
	pthread_t thread;
	int server_end, client;		/* of the socket */
	int status;			/* of vfu_serve() */
	struct err err;
	uint16_t id;
	int map_fd;
	unsigned int fds_before;
};

/* What a request got. */
struct answer {
	struct vfu_header header;
	_Alignas(8) uint8_t payload[VFU_PAYLOAD_MAX];
	uint32_t bytes;			/* of payload */
	int fd;				/* or -1 */
};

/* Open descriptors of this process. */
static inline unsigned int
fds_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n;
}

/* ----------------------------------------------------------------- device */

static inline uint8_t *
device_place(struct device *d, unsigned int region, uint64_t offset)
{
	return region == VFU_REGION_CONFIG ? d->config + offset :
					     d->bar + offset;
}

static inline int
device_read(void *ctx, unsigned int region, uint64_t offset, void *data,
    uint32_t n)
{
	struct device *d = ctx;
	int refuse;

	(void)pthread_mutex_lock(&d->lock);
	memcpy(data, device_place(d, region, offset), n);
	if (n > d->read_max)
		d->read_max = n;
	refuse = d->refuse;
	(void)pthread_mutex_unlock(&d->lock);
	return refuse;
}

static inline int
device_write(void *ctx, unsigned int region, uint64_t offset, const void *data,
    uint32_t n)
{
	struct device *d = ctx;
	int refuse;

	(void)pthread_mutex_lock(&d->lock);
	refuse = d->refuse;
	if (refuse == 0)
		memcpy(device_place(d, region, offset), data, n);
	d->writes++;
	(void)pthread_mutex_unlock(&d->lock);
	return refuse;
}

static inline int
device_memory(void *ctx, const struct e82540_region *region, unsigned int n)
{
	struct device *d = ctx;
	int refuse;

	(void)pthread_mutex_lock(&d->lock);
	refuse = n > 0 ? d->refuse : 0;
	if (refuse == 0)
		d->regions = n;
	if (refuse == 0 && n > 0)
		memcpy(d->region, region, n * sizeof(*region));
	(void)pthread_mutex_unlock(&d->lock);
	return refuse;
}

static inline void
device_reset(void *ctx)
{
	struct device *d = ctx;

	(void)pthread_mutex_lock(&d->lock);
	d->resets++;
	(void)pthread_mutex_unlock(&d->lock);
}

static inline void
device_warn(void *ctx, const char *text)
{
	struct device *d = ctx;

	(void)pthread_mutex_lock(&d->lock);
	d->warnings++;
	(void)snprintf(d->warning, sizeof(d->warning), "%s", text);
	(void)pthread_mutex_unlock(&d->lock);
}

static inline void
device_look(void *ctx, bool awake)
{
	struct device *d = ctx;

	(void)pthread_mutex_lock(&d->lock);
	if (awake)
		d->looks++;
	else
		d->look_ends++;
	(void)pthread_mutex_unlock(&d->lock);
}

static const struct vfu_ops device_ops = { device_read, device_write,
	device_memory, device_reset, device_warn, device_look };

/* ----------------------------------------------------------------- server */

static inline void *
serve_thread(void *arg)
{
	struct vfu_rig *rig = arg;

	rig->status = vfu_serve(rig->server, rig->server_end, &rig->err);
	return NULL;
}

/* A socket orders the threads, but ThreadSanitizer does not see that. */
static inline void
rig_sync(struct vfu_rig *rig)
{
	(void)pthread_mutex_lock(&rig->device.lock);
	(void)pthread_mutex_unlock(&rig->device.lock);
}

static inline void
rig_connect(struct vfu_rig *rig)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
			     pair),
	    0);
	rig->server_end = pair[0];
	rig->client = pair[1];
	rig->err.text[0] = '\0';
	assert_int_equal(pthread_create(&rig->thread, NULL, serve_thread, rig),
	    0);
}

static inline void
rig_join(struct vfu_rig *rig)
{
	assert_int_equal(pthread_join(rig->thread, NULL), 0);
}

/* The client hangs up.  Returns what vfu_serve() did. */
static inline int
rig_hang_up(struct vfu_rig *rig)
{
	rig_sync(rig);
	(void)close(rig->client);
	rig_join(rig);
	return rig->status;
}

static inline void
rig_new(struct vfu_rig *rig)
{
	struct vfu_config config = { .ops = &device_ops,
		.ctx = &rig->device,
		.msi = true };
	struct err err;

	memset(rig, 0, sizeof(*rig));
	(void)pthread_mutex_init(&rig->device.lock, NULL);
	rig->fds_before = fds_open();
	rig->map_fd = memfd_create("bar", MFD_CLOEXEC);
	assert_int_equal(ftruncate(rig->map_fd, 4 * PAGE), 0);
	config.region[VFU_REGION_BAR0] =
	    (struct vfu_region){ BAR_BYTES, 2 * PAGE, 2 * PAGE, rig->map_fd };
	config.region[VFU_REGION_CONFIG].bytes = 256;
	rig->server = vfu_new(&config, &err);
	assert_non_null(rig->server);
	rig_connect(rig);
}

static inline void
rig_free(struct vfu_rig *rig)
{
	vfu_free(rig->server);
	(void)close(rig->map_fd);
	assert_int_equal(fds_open(), rig->fds_before);
}

/* ----------------------------------------------------------------- client */

static inline void
send_raw(struct vfu_rig *rig, const void *data, size_t n, const int *fd,
    unsigned int fds)
{
	rig_sync(rig);
	assert_int_equal(fds_send(rig->client, data, n, 0, fd, fds), n);
}

/* Returns the length of the message in out. */
static inline size_t
message_make(struct vfu_rig *rig, uint8_t *out, uint16_t command,
    uint32_t flags, const void *payload, uint32_t n)
{
	struct vfu_header header = { ++rig->id, command,
		(uint32_t)sizeof(header) + n, flags, 0 };

	memcpy(out, &header, sizeof(header));
	if (n > 0)
		memcpy(out + sizeof(header), payload, n);
	return sizeof(header) + n;
}

static inline void
send_flags(struct vfu_rig *rig, uint16_t command, uint32_t flags,
    const void *payload, uint32_t n, const int *fd, unsigned int fds)
{
	uint8_t out[sizeof(struct vfu_header) + VFU_PAYLOAD_MAX];

	send_raw(rig, out, message_make(rig, out, command, flags, payload, n),
	    fd, fds);
}

static inline void
receive_exact(struct vfu_rig *rig, void *data, size_t n, int *fd)
{
	assert_int_equal(fds_receive(rig->client, data, n, fd), n);
}

static inline void
answer_receive(struct vfu_rig *rig, struct answer *a)
{
	a->fd = -1;
	receive_exact(rig, &a->header, sizeof(a->header), &a->fd);
	assert_int_equal(a->header.id, rig->id);
	a->bytes = a->header.bytes - (uint32_t)sizeof(a->header);
	if (a->bytes > 0)
		receive_exact(rig, a->payload, a->bytes, &a->fd);
	rig_sync(rig);
}

/* The errno of the reply, or 0. */
static inline uint32_t
ask_fds(struct vfu_rig *rig, uint16_t command, const void *payload, uint32_t n,
    const int *fd, unsigned int fds, struct answer *a)
{
	struct answer unused;

	if (a == NULL)
		a = &unused;
	send_flags(rig, command, 0, payload, n, fd, fds);
	answer_receive(rig, a);
	assert_int_equal(a->header.command, command);
	if (a == &unused && a->fd >= 0)
		(void)close(a->fd);
	if (!(a->header.flags & VFU_ERROR)) {
		assert_int_equal(a->header.flags, VFU_TYPE_REPLY);
		return 0;
	}
	assert_int_equal(a->header.flags, VFU_TYPE_REPLY | VFU_ERROR);
	assert_int_equal(a->bytes, 0);
	assert_int_equal(a->fd, -1);
	assert_int_not_equal(a->header.error, 0);
	return a->header.error;
}

static inline uint32_t
ask(struct vfu_rig *rig, uint16_t command, const void *payload, uint32_t n,
    struct answer *a)
{
	return ask_fds(rig, command, payload, n, NULL, 0, a);
}

/* What QEMU 11.1 sends. */
#define QEMU_VERSION \
	"\0\0\0\0{\"capabilities\": {\"max_dma_maps\": 65535, " \
	"\"max_msg_fds\": 8, \"write_multiple\": true, \"migration\": " \
	"{\"max_bitmap_size\": 268435456, \"pgsize\": 4096}, \"pgsizes\": " \
	"4096, \"max_data_xfer_size\": 1048576}}"

static inline void
greet(struct vfu_rig *rig)
{
	assert_int_equal(ask(rig, VFU_VERSION, QEMU_VERSION,
			     sizeof(QEMU_VERSION), NULL),
	    0);
}

static inline int
rig_setup(void **state)
{
	static struct vfu_rig rig;

	rig_new(&rig);
	greet(&rig);
	*state = &rig;
	return 0;
}

static inline int
rig_teardown(void **state)
{
	struct vfu_rig *rig = *state;

	assert_int_equal(rig_hang_up(rig), 0);
	rig_free(rig);
	return 0;
}

/* -------------------------------------------------------------- requests */

static inline uint32_t
irqs_set(struct vfu_rig *rig, uint32_t flags, uint32_t index, int fd)
{
	const struct vfu_irq_set set = { sizeof(set), flags, index, 0, 1 };

	return ask_fds(rig, VFU_DEVICE_SET_IRQS, &set, sizeof(set), &fd,
	    fd >= 0 ? 1 : 0, NULL);
}

static inline uint32_t
dma_map(struct vfu_rig *rig, uint64_t address, uint64_t bytes, uint64_t offset,
    int fd)
{
	const struct vfu_dma_map map = { sizeof(map),
		VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE, offset,
		address, bytes };

	return ask_fds(rig, VFU_DMA_MAP, &map, sizeof(map), &fd,
	    fd >= 0 ? 1 : 0, NULL);
}

static inline uint32_t
dma_unmap(struct vfu_rig *rig, uint32_t flags, uint64_t address, uint64_t bytes)
{
	const struct vfu_dma_unmap unmap = { sizeof(unmap), flags, address,
		bytes };

	return ask(rig, VFU_DMA_UNMAP, &unmap, sizeof(unmap), NULL);
}

#endif
