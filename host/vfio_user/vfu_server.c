/* SPDX-License-Identifier: BSD-2-Clause */
#include "vfu_server.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "vfu_irq.h"
#include "vfu_memory.h"
#include "vfu_message.h"

#define UNMASK_NS	250000u	/* the guest's time to read ICR after its EOI */
#define AWAKE_NS	500000u	/* between posted writes that are a stream */
#define AWAKE_WRITES	16u	/* of those, from which on it stays awake */
#define STAY_NS		2000000u /* then: after the last of them */
#define LOOK_NS		50000u	/* then: between two looks at the socket */
#define ASKS_NS		200000u	/* then: it spins, after an answer */
#define UNPOLLED	16u	/* looks at the socket alone, in a row */

struct vfu_server {
	struct vfu_config config;
	struct vfu_irq irq;
	struct vfu_memory memory;
	struct vfu_transport transport;
	_Alignas(8) uint8_t out[VFU_PAYLOAD_MAX];
	int stop_fd, lost_fd;		/* eventfds */
	uint64_t unmask_ns;		/* an unmask waits until then; or 0 */
	uint64_t posted_ns;		/* the last posted write */
	uint64_t asked_ns;		/* the last request with an answer */
	unsigned int stream;		/* of these, close to each other */
	bool awake;			/* see stays_awake() */
	bool drained;			/* the socket had nothing just now */
	unsigned int unpolled;		/* looks at the socket since poll() */
	bool greeted;			/* VERSION came */
	bool warned;
	bool refuse;			/* hang up after this reply */
	_Atomic uint64_t clients, reads, writes, posted, requests, errors;
};

/* The payload that a request is answered with. */
struct reply {
	uint32_t bytes;			/* of server.out */
	int fd;				/* goes along, or -1 */
};

static void
count(_Atomic uint64_t *counter)
{
	(void)atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* --------------------------------------------------------------- set up */

struct vfu_server *
vfu_new(const struct vfu_config *config, struct err *err)
{
	struct vfu_server *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)err_set(err, "vfio-user: out of memory");
		return NULL;
	}
	s->config = *config;
	vfu_irq_init(&s->irq, config->msi);
	s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->lost_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->stop_fd < 0 || s->lost_fd < 0)
		(void)err_set(err, "vfio-user: eventfd: %s", strerror(errno));
	else if (vfu_memory_init(&s->memory, config->ops->memory, config->ctx,
		     s->lost_fd, err) == 0)
		return s;
	(void)close(s->stop_fd);
	(void)close(s->lost_fd);
	vfu_irq_destroy(&s->irq);
	free(s);
	return NULL;
}

void
vfu_free(struct vfu_server *s)
{
	vfu_memory_destroy(&s->memory);
	vfu_irq_destroy(&s->irq);
	(void)close(s->stop_fd);
	(void)close(s->lost_fd);
	free(s);
}

void
vfu_stop(struct vfu_server *s)
{
	const uint64_t one = 1;

	/* It stays readable: nobody reads it. */
	(void)!write(s->stop_fd, &one, sizeof(one));
}

void
vfu_intx(struct vfu_server *s, bool asserted)
{
	vfu_irq_level(&s->irq, asserted);
}

void
vfu_msi(struct vfu_server *s)
{
	vfu_irq_msi(&s->irq);
}

void
vfu_stats(const struct vfu_server *s, struct vfu_stats *stats)
{
	stats->clients = atomic_load(&s->clients);
	stats->reads = atomic_load(&s->reads);
	stats->writes = atomic_load(&s->writes);
	stats->posted = atomic_load(&s->posted);
	stats->requests = atomic_load(&s->requests);
	stats->errors = atomic_load(&s->errors);
	stats->interrupts = atomic_load(&s->irq.interrupts);
	stats->unmasks = atomic_load(&s->irq.unmasks);
	stats->shared_bytes = atomic_load(&s->memory.shared_bytes);
	stats->private_bytes = atomic_load(&s->memory.private_bytes);
}

/* ------------------------------------------------------------ negotiation */

/*
 * The reply may have only what the client proposed.  Only write_multiple
 * matters, so there is no need to understand the text.  All the others have a
 * default: no client takes offence.
 */
static uint32_t
capabilities_put(char *out, size_t space, const char *proposed)
{
	bool multiple = strstr(proposed, "\"write_multiple\"") != NULL;
	int n = snprintf(out, space,
	    "{\"capabilities\":{\"max_msg_fds\":%u,\"max_data_xfer_size\":%u,"
	    "\"max_dma_maps\":%u,\"pgsizes\":%u%s}}",
	    VFU_FDS_MAX, VFU_DATA_MAX, (unsigned int)VFU_MAPS_MAX,
	    VFU_PAGE_BYTES, multiple ? ",\"write_multiple\":true" : "");

	return (uint32_t)n + 1;
}

static int
version_handle(struct vfu_server *s, struct reply *r)
{
	struct vfu_message *m = &s->transport.in;
	struct vfu_version version;
	const char *text = "";

	if (s->greeted || m->payload_bytes < sizeof(version))
		return -EINVAL;
	if (m->payload_bytes > sizeof(version)) {
		if (m->payload[m->payload_bytes - 1] != '\0')
			return -EINVAL;
		text = (const char *)m->payload + sizeof(version);
	}
	memcpy(&version, m->payload, sizeof(version));
	if (version.major != 0) {
		s->refuse = true;
		return -EOPNOTSUPP;
	}
	version.minor = 0;
	memcpy(s->out, &version, sizeof(version));
	r->bytes = (uint32_t)sizeof(version) +
	    capabilities_put((char *)s->out + sizeof(version),
		sizeof(s->out) - sizeof(version), text);
	s->greeted = true;
	return 0;
}

/* -------------------------------------------------------------- information */

/*
 * Memory without descriptors is of no use to the device.  The user hears of it
 * once a client.  Returns true if the client shares none at all.
 */
static bool
memory_is_private(struct vfu_server *s)
{
	uint64_t shared = atomic_load(&s->memory.shared_bytes);
	uint64_t private = atomic_load(&s->memory.private_bytes);
	struct err text;

	if (private <= shared)
		return false;
	if (!s->warned && s->config.ops->warn != NULL) {
		(void)err_set(&text,
		    "the VMM shares %llu MiB of the guest's memory and keeps "
		    "%llu MiB to itself: the device cannot reach these.  For "
		    "QEMU add: -object memory-backend-memfd,id=ram,size=SIZE,"
		    "share=on -machine memory-backend=ram",
		    (unsigned long long)(shared >> 20),
		    (unsigned long long)(private >> 20));
		s->config.ops->warn(s->config.ctx, text.text);
	}
	s->warned = true;
	return shared == 0;
}

/* The request's payload must begin with a structure of n bytes. */
static const void *
payload_at_least(struct vfu_server *s, size_t n)
{
	struct vfu_message *m = &s->transport.in;

	return m->payload_bytes >= n ? m->payload : NULL;
}

static int
device_info_handle(struct vfu_server *s, struct reply *r)
{
	struct vfu_device_info info = { sizeof(info),
		VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI, VFU_REGIONS,
		VFIO_PCI_MSIX_IRQ_INDEX + 1 };
	const struct vfu_device_info *asked = payload_at_least(s, sizeof(info));

	if (asked == NULL || asked->argsz < sizeof(info))
		return -EINVAL;
	if (memory_is_private(s))
		return -EOPNOTSUPP;
	memcpy(s->out, &info, sizeof(info));
	r->bytes = sizeof(info);
	return 0;
}

static void
region_info_fill(struct vfu_region_info *full, const struct vfu_region *region,
    uint32_t index)
{
	memset(full, 0, sizeof(*full));
	full->info.argsz = sizeof(full->info);
	full->info.index = index;
	full->info.size = region->bytes;
	if (region->bytes != 0)
		full->info.flags =
		    VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	if (region->map_bytes == 0)
		return;
	full->info.argsz = sizeof(*full);
	full->info.flags |=
	    VFIO_REGION_INFO_FLAG_MMAP | VFIO_REGION_INFO_FLAG_CAPS;
	full->info.cap_offset = sizeof(full->info);
	full->cap.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	full->cap.version = 1;
	full->areas = 1;
	full->area.offset = region->map_offset;
	full->area.size = region->map_bytes;
}

/*
 * A client that has too little space gets the structure without capability and
 * descriptor, and asks again with argsz bytes.
 */
static int
region_info_handle(struct vfu_server *s, struct reply *r)
{
	const struct vfio_region_info *asked =
	    payload_at_least(s, sizeof(*asked));
	struct vfu_region_info full;

	if (asked == NULL || asked->argsz < sizeof(*asked) ||
	    asked->index >= VFU_REGIONS)
		return -EINVAL;
	region_info_fill(&full, &s->config.region[asked->index], asked->index);
	r->bytes = sizeof(full.info);
	if (asked->argsz >= full.info.argsz &&
	    s->config.region[asked->index].map_bytes != 0) {
		r->bytes = sizeof(full);
		r->fd = s->config.region[asked->index].map_fd;
	}
	memcpy(s->out, &full, r->bytes);
	return 0;
}

static int
irq_info_handle(struct vfu_server *s, struct reply *r)
{
	struct vfio_irq_info info;
	const struct vfio_irq_info *asked = payload_at_least(s, sizeof(info));
	int error;

	if (asked == NULL || asked->argsz < sizeof(info))
		return -EINVAL;
	error = vfu_irq_info(&s->irq, asked->index, &info);
	if (error != 0)
		return error;
	memcpy(s->out, &info, sizeof(info));
	r->bytes = sizeof(info);
	return 0;
}

static int
irq_set_handle(struct vfu_server *s, struct reply *r)
{
	(void)r;
	(void)memory_is_private(s);
	return vfu_irq_set(&s->irq, &s->transport.in);
}

/* ----------------------------------------------------------------- regions */

static int
access_check(const struct vfu_server *s, const struct vfu_access *at)
{
	uint64_t bytes;

	if (at->region >= VFU_REGIONS)
		return -EINVAL;
	bytes = s->config.region[at->region].bytes;
	if (at->bytes == 0 || at->bytes > VFU_DATA_MAX || at->offset > bytes ||
	    at->bytes > bytes - at->offset)
		return -EINVAL;
	return 0;
}

static int
read_handle(struct vfu_server *s, struct reply *r)
{
	struct vfu_message *m = &s->transport.in;
	struct vfu_access at;
	int error;

	if (m->payload_bytes != sizeof(at))
		return -EINVAL;
	memcpy(&at, m->payload, sizeof(at));
	error = access_check(s, &at);
	if (error != 0)
		return error;
	count(&s->reads);
	error = s->config.ops->read(s->config.ctx, at.region, at.offset,
	    s->out + sizeof(at), at.bytes);
	memcpy(s->out, &at, sizeof(at));
	r->bytes = (uint32_t)sizeof(at) + at.bytes;
	return error;
}

static void
posted_follow(struct vfu_server *s)
{
	uint64_t now = now_ns();

	count(&s->posted);
	if (now - s->posted_ns > (s->awake ? STAY_NS : AWAKE_NS))
		s->stream = 0;
	else if (s->stream < AWAKE_WRITES)
		s->stream++;
	s->posted_ns = now;
}

static int
write_one(struct vfu_server *s, const struct vfu_access *at, const void *data)
{
	int error = access_check(s, at);

	if (error != 0)
		return error;
	count(&s->writes);
	if (s->transport.in.header.flags & VFU_NO_REPLY)
		posted_follow(s);
	return s->config.ops->write(s->config.ctx, at->region, at->offset, data,
	    at->bytes);
}

static int
write_handle(struct vfu_server *s, struct reply *r)
{
	struct vfu_message *m = &s->transport.in;
	struct vfu_access at;

	if (m->payload_bytes < sizeof(at))
		return -EINVAL;
	memcpy(&at, m->payload, sizeof(at));
	if (m->payload_bytes - sizeof(at) != at.bytes)
		return -EINVAL;
	memcpy(s->out, &at, sizeof(at));
	r->bytes = sizeof(at);
	return write_one(s, &at, m->payload + sizeof(at));
}

/* The reply is the number of writes that were done, up to the first failure. */
static int
write_multi_handle(struct vfu_server *s, struct reply *r)
{
	struct vfu_message *m = &s->transport.in;
	struct vfu_write_one one;
	uint64_t n, i;

	if (m->payload_bytes < sizeof(n))
		return -EINVAL;
	memcpy(&n, m->payload, sizeof(n));
	if (n > VFU_PAYLOAD_MAX / sizeof(one) ||
	    m->payload_bytes != sizeof(n) + n * sizeof(one))
		return -EINVAL;
	for (i = 0; i < n; i++) {
		memcpy(&one, m->payload + sizeof(n) + i * sizeof(one),
		    sizeof(one));
		if (one.at.bytes > sizeof(one.data) ||
		    write_one(s, &one.at, one.data) != 0) {
			count(&s->errors);
			break;
		}
	}
	memcpy(s->out, &i, sizeof(i));
	r->bytes = sizeof(i);
	return 0;
}

/* ------------------------------------------------------------ memory, reset */

static int
map_handle(struct vfu_server *s, struct reply *r)
{
	(void)r;
	return vfu_memory_map(&s->memory, &s->transport.in);
}

static int
unmap_handle(struct vfu_server *s, struct reply *r)
{
	int error = vfu_memory_unmap(&s->memory, &s->transport.in);

	if (error == 0) {
		r->bytes = sizeof(struct vfu_dma_unmap);
		memcpy(s->out, s->transport.in.payload, r->bytes);
	}
	return error;
}

static int
reset_handle(struct vfu_server *s, struct reply *r)
{
	(void)r;
	if (s->transport.in.payload_bytes != 0)
		return -EINVAL;
	s->config.ops->reset(s->config.ctx);
	return 0;
}

/* ---------------------------------------------------------------- requests */

typedef int request_fn(struct vfu_server *s, struct reply *r);

/* We offer neither migration nor ioeventfds. */
static request_fn *const handler[] = {
	[VFU_VERSION] = version_handle,
	[VFU_DMA_MAP] = map_handle,
	[VFU_DMA_UNMAP] = unmap_handle,
	[VFU_DEVICE_GET_INFO] = device_info_handle,
	[VFU_DEVICE_GET_REGION_INFO] = region_info_handle,
	[VFU_DEVICE_GET_IRQ_INFO] = irq_info_handle,
	[VFU_DEVICE_SET_IRQS] = irq_set_handle,
	[VFU_REGION_READ] = read_handle,
	[VFU_REGION_WRITE] = write_handle,
	[VFU_DEVICE_RESET] = reset_handle,
	[VFU_REGION_WRITE_MULTI] = write_multi_handle,
};

static int
request_do(struct vfu_server *s, struct reply *r)
{
	const struct vfu_message *m = &s->transport.in;
	uint16_t command = m->header.command;

	if ((m->header.flags & VFU_TYPE) != VFU_TYPE_COMMAND || m->fds.lost)
		return -EINVAL;
	if (command >= sizeof(handler) / sizeof(handler[0]) ||
	    handler[command] == NULL)
		return -EOPNOTSUPP;
	if (!s->greeted && command != VFU_VERSION)
		return -EINVAL;
	return handler[command](s, r);
}

/* Returns 0, or -1 if the client cannot be answered. */
static int
request_handle(struct vfu_server *s)
{
	struct vfu_transport *t = &s->transport;
	struct reply r = { 0, -1 };
	int error;

	count(&s->requests);
	/* We send no requests, so it answers nothing.  Do not answer that. */
	if ((t->in.header.flags & VFU_TYPE) == VFU_TYPE_REPLY) {
		count(&s->errors);
		vfu_message_end(t);
		return 0;
	}
	if (!(t->in.header.flags & VFU_NO_REPLY))
		s->asked_ns = now_ns();
	error = request_do(s, &r);
	if (error != 0)
		count(&s->errors);
	/* Before the reply: the client may count on it. */
	vfu_message_end(t);
	if (error != 0)
		return vfu_reply_error(t, (uint32_t)-error);
	return vfu_reply(t, s->out, r.bytes, r.fd);
}

/* -------------------------------------------------------------------- serve */

enum {
	POLL_CLIENT,
	POLL_STOP,
	POLL_LOST,
	POLL_UNMASK,
	POLLS
};

/*
 * Some guests end the interrupt (EOI) before their driver reads ICR.  An unmask
 * that was handled then would fire the line once more, for nothing: KVM hears
 * of events, not of the end of a level.  So while the device still asserts the
 * line, KVM's unmask is left unread for a while.
 */
static bool
unmask_waits(struct vfu_server *s)
{
	uint64_t now;

	if (!vfu_irq_kept(&s->irq)) {
		s->unmask_ns = 0;
		return false;
	}
	now = now_ns();
	if (s->unmask_ns == 0)
		s->unmask_ns = now + UNMASK_NS;
	if (now < s->unmask_ns)
		return true;
	s->unmask_ns = 0;
	return false;
}

/*
 * A client that posts writes does not wait for us.  If we slept until one
 * came, each of them would pay for waking us, which costs a virtual processor
 * more than the write itself.  So while they come as a stream this thread looks
 * at the socket from time to time.
 */
static void
stays_awake(struct vfu_server *s)
{
	bool was = s->awake;

	s->awake =
	    s->stream == AWAKE_WRITES && now_ns() - s->posted_ns < STAY_NS;
	if (s->config.ops->look != NULL && (s->awake || was))
		s->config.ops->look(s->config.ctx, s->awake);
}

/*
 * Will the client soon wait for another answer?  The handler of an interrupt
 * makes some accesses one after another.
 */
static bool
asks_more(const struct vfu_server *s)
{
	return now_ns() - s->asked_ns < ASKS_NS;
}

/*
 * May the socket be looked at without poll()?  There are bytes of it here, or
 * more may have come.  Everything else is looked at now and then.
 */
static bool
socket_first(struct vfu_server *s)
{
	if (s->unpolled < UNPOLLED &&
	    (vfu_received_more(&s->transport) || (s->awake && !s->drained))) {
		s->unpolled++;
		return true;
	}
	s->unpolled = 0;
	return false;
}

/*
 * While the client posts writes none of them ends a sleep, but time does.  To
 * look without sleeping would take a processor from those of the client's
 * threads that hand an interrupt to the guest.
 */
static void
wait_for_any(struct vfu_server *s, struct pollfd p[POLLS])
{
	static const struct timespec late = { 0, UNMASK_NS }, none = { 0, 0 },
				     look = { 0, LOOK_NS };
	bool waits = s->unmask_ns != 0;
	const struct timespec *wait = waits ? &late : NULL;
	int n;

	if (vfu_received_more(&s->transport) || (s->awake && !s->drained))
		wait = &none;
	else if (s->awake)
		wait = asks_more(s) ? &none : &look;

	p[POLL_CLIENT] =
	    (struct pollfd){ s->awake ? -1 : s->transport.fd, POLLIN, 0 };
	p[POLL_STOP] = (struct pollfd){ s->stop_fd, POLLIN, 0 };
	p[POLL_LOST] = (struct pollfd){ s->lost_fd, POLLIN, 0 };
	p[POLL_UNMASK] =
	    (struct pollfd){ waits ? -1 : s->irq.unmask_fd, POLLIN, 0 };
	do
		n = ppoll(p, POLLS, wait, NULL);
	while (n < 0 && errno == EINTR);
	if (waits && s->irq.unmask_fd >= 0)
		p[POLL_UNMASK].revents = POLLIN;
	if (s->awake || vfu_received_more(&s->transport))
		p[POLL_CLIENT].revents = POLLIN;
	s->drained = false;
}

/* Returns 1 to go on, 0 at the end, -1 with err set. */
static int
client_readable(struct vfu_server *s, struct err *err)
{
	uint16_t major;

	switch (vfu_receive(&s->transport, err)) {
	case VFU_RECEIVED_PART:
		/* Another thread may wait for this processor. */
		if (s->awake)
			(void)sched_yield();
		s->drained = true;
		return 1;
	case VFU_RECEIVED_END:
		return 0;
	case VFU_RECEIVED_BROKEN:
		return -1;
	case VFU_RECEIVED_ALL:
		break;
	}
	memcpy(&major, s->transport.in.payload, sizeof(major));
	if (request_handle(s) != 0)
		return 0;
	if (s->refuse)
		return err_set(err,
		    "vfio-user: the client speaks version %u of the protocol: "
		    "only version 0 is known here",
		    major);
	return 1;
}

static int
serve_loop(struct vfu_server *s, struct err *err)
{
	struct pollfd p[POLLS];
	bool unmask;
	int go_on = 1;

	while (go_on == 1) {
		stays_awake(s);
		if (socket_first(s)) {
			go_on = client_readable(s, err);
			continue;
		}
		wait_for_any(s, p);
		if (p[POLL_STOP].revents != 0)
			return 0;
		if (p[POLL_LOST].revents != 0)
			return err_set(err,
			    "vfio-user: the client cut off the file of the "
			    "guest's memory while it was shared");
		unmask = p[POLL_UNMASK].revents & POLLIN;
		if (!unmask && p[POLL_UNMASK].revents != 0)
			vfu_irq_resample_end(&s->irq);
		/* First: it may be the read of ICR. */
		if (p[POLL_CLIENT].revents != 0)
			go_on = client_readable(s, err);
		if (unmask && !unmask_waits(s))
			vfu_irq_resample(&s->irq);
	}
	return go_on;
}

static void
client_forget(struct vfu_server *s)
{
	uint64_t count;

	vfu_irq_client_gone(&s->irq);
	vfu_memory_client_gone(&s->memory);
	s->config.ops->reset(s->config.ctx);
	/* A store that was under way when the memory went may have set it. */
	(void)!read(s->lost_fd, &count, sizeof(count));
}

int
vfu_serve(struct vfu_server *s, int fd, struct err *err)
{
	int status;

	count(&s->clients);
	s->greeted = s->warned = s->refuse = false;
	s->unmask_ns = s->posted_ns = s->asked_ns = 0;
	s->stream = s->unpolled = 0;
	s->awake = s->drained = false;
	/* What the device sent before it was reset is not for this one. */
	vfu_irq_client_gone(&s->irq);
	vfu_transport_init(&s->transport, fd, s->stop_fd);
	status = serve_loop(s, err);
	s->stream = 0;
	stays_awake(s);
	vfu_transport_end(&s->transport);
	client_forget(s);
	(void)close(fd);
	return status;
}
