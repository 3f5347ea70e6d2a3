/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-net over PCI: the NIC that a user would choose instead of an e1000, so
 * its figures stand beside ours.  Sections are those of VIRTIO 1.2.
 *
 * One receive and one transmit queue, split rings, a descriptor a packet: the
 * 12-byte header lies right before the frame.  Two ways to reclaim:
 *
 *  polled = 1	look at the used index; the device never interrupts
 *  polled = 0	as Linux's virtio_net does (without NAPI for transmit):
 *			look when descriptors run out; when that finds none,
 *			ask for one interrupt after 3/4 of the ring and wait.
 *			Receive: an interrupt for the first frame, then look
 *			until there are no more, then ask again.
 *
 * Device accesses after open(): a write for each queue notification, a read of
 * the ISR status for each interrupt (start.S).  Nothing else.
 */
#include <stddef.h>

#include "bare.h"
#include "mailbox.h"
#include "nic.h"

/* PCI ids: transitional and modern network device (4.1.2). */
#define VIRTIO_VENDOR		0x1af4
#define VIRTIO_NET_TRANSITIONAL	0x1000
#define VIRTIO_NET_MODERN	0x1041

#define PCI_CAP_POINTER		0x34
#define PCI_CAP_VENDOR		0x09

/* Virtio structure PCI capabilities (4.1.4). */
#define CAP_COMMON		1
#define CAP_NOTIFY		2
#define CAP_ISR			3

/* Common configuration, offsets in bytes (4.1.4.3). */
#define COMMON_DEVICE_FEATURE_SELECT	0x00
#define COMMON_DEVICE_FEATURE		0x04
#define COMMON_DRIVER_FEATURE_SELECT	0x08
#define COMMON_DRIVER_FEATURE		0x0c
#define COMMON_DEVICE_STATUS		0x14
#define COMMON_QUEUE_SELECT		0x16
#define COMMON_QUEUE_SIZE		0x18
#define COMMON_QUEUE_ENABLE		0x1c
#define COMMON_QUEUE_NOTIFY_OFF		0x1e
#define COMMON_QUEUE_DESC		0x20
#define COMMON_QUEUE_DRIVER		0x28
#define COMMON_QUEUE_DEVICE		0x30

/* Device status (2.1). */
#define STATUS_ACKNOWLEDGE	0x01
#define STATUS_DRIVER		0x02
#define STATUS_DRIVER_OK	0x04
#define STATUS_FEATURES_OK	0x08

/* Features: low and high word (5.1.3, 6). */
#define FEATURE0_NET_MAC	(1u << 5)
#define FEATURE0_EVENT_IDX	(1u << 29)
#define FEATURE1_VERSION_1	(1u << 0)

#define DESC_WRITE		0x2	/* the device writes it (2.7.5) */
#define AVAIL_NO_INTERRUPT	0x1	/* (2.7.6) */
#define USED_NO_NOTIFY		0x1	/* (2.7.8) */

#define QUEUE_RX		0	/* (5.1.2) */
#define QUEUE_TX		1

#define HEADER_BYTES		12u	/* struct virtio_net_hdr (5.1.6) */
#define FRAME_OFFSET		64u	/* of the frame in its buffer */
#define BUFFER_BYTES		(FRAME_OFFSET + NIC_BUF_BYTES)

/*
 * The device does not reach an event index this far ahead before the driver
 * looks again: a ring has at most NIC_RING_MAX entries.  An index just behind
 * would not do: a device may publish, be overtaken, and only then compare.
 */
#define EVENT_NEVER		0x8000u

struct vq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct vq_used_elem {
	uint32_t id;
	uint32_t len;
};

/* The rings in memory; the event index follows the last entry in use. */
struct vq_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[NIC_RING_MAX + 1];
};

struct vq_used {
	uint16_t flags;
	uint16_t idx;
	struct vq_used_elem ring[NIC_RING_MAX + 1];
};

struct vq_memory {
	struct vq_desc desc[NIC_RING_MAX] __attribute__((aligned(4096)));
	struct vq_avail avail __attribute__((aligned(4096)));
	struct vq_used used __attribute__((aligned(4096)));
};

/*
 * A queue as the driver sees it.  Indices run freely modulo 65,536 and are
 * compared by subtraction.
 */
struct vq {
	struct vq_memory *mem;
	volatile void *notify;		/* the device's doorbell */
	volatile uint16_t *used_event;	/* ours: interrupt when it is used */
	volatile uint16_t *avail_event;	/* its: notify when it is published */
	uint16_t size, mask;		/* entries, a power of two */
	uint16_t index;			/* QUEUE_RX or QUEUE_TX */
	uint16_t next_avail;		/* entries filled */
	uint16_t published;		/* avail->idx, as last announced */
	uint16_t next_used;		/* entries taken back */
	uint16_t event;			/* what *used_event holds */
	uint16_t armed;			/* waiting for an interrupt */
};

static struct vq_memory rx_mem, tx_mem;
static uint8_t rx_buffers[NIC_RING_MAX][BUFFER_BYTES]
    __attribute__((aligned(64))) BARE_NOINIT;
static uint8_t tx_buffers[NIC_RING_MAX][BUFFER_BYTES]
    __attribute__((aligned(64))) BARE_NOINIT;

static struct {
	struct vq rx, tx;
	uint8_t *common, *notify, *isr;
	uint32_t notify_multiplier;
	uint32_t event_idx;		/* negotiated */
	uint32_t polling;

	uint16_t tx_free[NIC_RING_MAX];	/* stack of descriptor numbers */
	uint32_t tx_free_count;
	uint32_t tx_full;		/* the last tx_buffer() was NULL */

	uint32_t rx_held;		/* rx_id is the caller's */
	uint16_t rx_id;
	uint32_t rx_bytes;

	uint32_t irq_base;		/* bare_irq_count after open() */
	uint64_t tx_packets, rx_packets, doorbells, ring_full;
	const char *broken;		/* what the device did wrong */
} vnet;

/* --- Virtqueues --- */

/* Ask for an interrupt when entry `event` is used, or (never) for none. */
static void
vq_set_event(struct vq *q, uint16_t event, uint16_t armed)
{
	q->armed = armed;
	q->event = event;
	if (vnet.event_idx)
		*q->used_event = event;
	else
		*(volatile uint16_t *)&q->mem->avail.flags =
		    armed ? 0 : AVAIL_NO_INTERRUPT;
}

static void
vq_disarm(struct vq *q)
{
	vq_set_event(q, (uint16_t)(q->next_used + EVENT_NEVER), 0);
}

/* Entries the device has used and the driver has not taken back. */
static uint16_t
vq_used_count(const struct vq *q)
{
	/* Acquire: what the entry says is read after the index (2.7.8). */
	return (uint16_t)(__atomic_load_n(&q->mem->used.idx, __ATOMIC_ACQUIRE) -
	    q->next_used);
}

/*
 * Ask for an interrupt when more than `after` used entries wait to be taken
 * back.  Returns false if so many wait already: then none comes (2.7.7.1).
 */
static bool
vq_arm(struct vq *q, uint16_t after)
{
	vq_set_event(q, (uint16_t)(q->next_used + after), 1);
	/* The device either sees the event index, or we see its used index. */
	bare_fence();
	if (vq_used_count(q) > (vnet.event_idx ? after : 0)) {
		vq_disarm(q);
		return false;
	}
	return true;
}

/*
 * The oldest used entry, which the caller takes back by next_used++, checked:
 * 0, or -1 after noting why.  There must be one.
 */
static int
vq_peek(struct vq *q, struct vq_used_elem *elem)
{
	*elem = q->mem->used.ring[q->next_used & q->mask];
	if (elem->id >= q->size) {
		vnet.broken = "virtio: used descriptor out of range";
		return -1;
	}
	return 0;
}

/* Put descriptor `id` into the next entry, not yet visible to the device. */
static void
vq_fill(struct vq *q, uint16_t id)
{
	q->mem->avail.ring[q->next_avail & q->mask] = id;
	q->next_avail++;
}

/* Show the filled entries, and notify if the device wants it (2.7.13). */
static void
vq_publish(struct vq *q)
{
	uint16_t old = q->published;
	uint16_t added = (uint16_t)(q->next_avail - old);
	bool notify;

	/* Release: descriptor and entry are written before the index. */
	__atomic_store_n(&q->mem->avail.idx, q->next_avail, __ATOMIC_RELEASE);
	q->published = q->next_avail;
	/*
	 * Store the index before loading whether the device wants to be
	 * notified.  The device stores its want before it loads the index, so
	 * one of us sees the other's store (2.7.13.4.1).
	 */
	bare_fence();
	if (vnet.event_idx)
		notify = (uint16_t)(q->published - *q->avail_event - 1) < added;
	else
		notify = !(
		    *(volatile uint16_t *)&q->mem->used.flags & USED_NO_NOTIFY);
	if (notify) {
		bare_mmio_write16(q->notify, q->index);
		vnet.doorbells++;
	}
}

/* --- Transmit --- */

static void
tx_reclaim(void)
{
	struct vq *q = &vnet.tx;
	struct vq_used_elem elem;
	uint16_t count = vq_used_count(q);

	if (count > q->size - vnet.tx_free_count) {
		vnet.broken = "virtio: more used than was made available";
		return;
	}
	while (count-- > 0) {
		if (vq_peek(q, &elem) == 0)
			vnet.tx_free[vnet.tx_free_count++] = (uint16_t)elem.id;
		q->next_used++;
		vnet.tx_packets++;
	}
	/* Keep "never" ahead; while armed the event index must stay. */
	if (!q->armed && (uint16_t)(q->event - q->next_used) < EVENT_NEVER / 2)
		vq_disarm(q);
}

/* The ring is full.  Returns whether there is room now. */
static bool
tx_make_room(void)
{
	struct vq *q = &vnet.tx;
	uint16_t after = (uint16_t)(q->size * 3u / 4);

	if (!q->armed) {
		tx_reclaim();
		if (vnet.tx_free_count == 0 && !vnet.polling &&
		    !vq_arm(q, after))
			tx_reclaim();
	}
	if (vnet.tx_free_count == 0 && !vnet.tx_full) {
		vnet.tx_full = 1;
		vnet.ring_full++;
	}
	return !q->armed && vnet.tx_free_count != 0;
}

static void
vnet_poll(void)
{
	if (bare_irq_take() == 0)
		return;
	if (vnet.tx.armed) {
		tx_reclaim();
		if (vnet.tx_free_count != 0)
			vq_disarm(&vnet.tx);
	}
	if (vnet.rx.armed && vq_used_count(&vnet.rx) != 0)
		vq_disarm(&vnet.rx);
}

static uint8_t *
vnet_tx_buffer(void)
{
	if (vnet.tx.armed)
		vnet_poll();
	if ((vnet.tx.armed || vnet.tx_free_count == 0) && !tx_make_room())
		return NULL;
	vnet.tx_full = 0;
	return tx_buffers[vnet.tx_free[vnet.tx_free_count - 1]] + FRAME_OFFSET;
}

static void
vnet_tx_submit(uint32_t len_bytes)
{
	uint16_t id = vnet.tx_free[--vnet.tx_free_count];

	vnet.tx.mem->desc[id].len = HEADER_BYTES + len_bytes;
	vq_fill(&vnet.tx, id);
	vq_publish(&vnet.tx);
}

static bool
vnet_tx_idle(void)
{
	tx_reclaim();
	return vnet.tx_free_count == vnet.tx.size;
}

/* --- Receive --- */

static void
vnet_rx_release(void)
{
	vq_fill(&vnet.rx, vnet.rx_id);
	vnet.rx_held = 0;
	vnet.rx_packets++;
}

static void
vnet_rx_flush(void)
{
	if (vnet.rx.published != vnet.rx.next_avail)
		vq_publish(&vnet.rx);
}

/* Takes the oldest used buffer, or drops it if the device left it wrong. */
static void
rx_take(void)
{
	struct vq_used_elem elem;
	int error = vq_peek(&vnet.rx, &elem);

	vnet.rx.next_used++;
	if (error != 0)
		return;
	if (elem.len < HEADER_BYTES ||
	    elem.len > HEADER_BYTES + NIC_BUF_BYTES) {
		vnet.broken = "virtio: received length out of range";
		vq_fill(&vnet.rx, (uint16_t)elem.id);
		return;
	}
	vnet.rx_id = (uint16_t)elem.id;
	vnet.rx_bytes = elem.len - HEADER_BYTES;
	vnet.rx_held = 1;
}

static const uint8_t *
vnet_rx_next(uint32_t *len_bytes)
{
	struct vq *q = &vnet.rx;
	uint16_t count;

	while (!vnet.rx_held) {
		if (q->armed)
			return NULL;
		count = vq_used_count(q);
		if (count == 0 && (vnet.polling || vq_arm(q, 0)))
			return NULL;
		if (count > q->size) {
			vnet.broken = "virtio: more received than asked for";
			return NULL;
		}
		if (count != 0)
			rx_take();
	}
	if (!q->armed && (uint16_t)(q->event - q->next_used) < EVENT_NEVER / 2)
		vq_disarm(q);
	*len_bytes = vnet.rx_bytes;
	return rx_buffers[vnet.rx_id] + FRAME_OFFSET;
}

/* --- Bringing it up --- */

static uint8_t *
cap_address(int devfn, unsigned int cap, const uint64_t *bar)
{
	uint32_t number = bare_pci_read32(devfn, cap + 4) & 0xff;

	if (number >= BARE_PCI_BARS || bar[number] == 0)
		return NULL;
	return (uint8_t *)(uintptr_t)(bar[number] +
	    bare_pci_read32(devfn, cap + 8));
}

/* Finds the device's structures; the first of each kind counts (4.1.4). */
static const char *
find_structures(int devfn, const uint64_t *bar)
{
	unsigned int cap = bare_pci_read32(devfn, PCI_CAP_POINTER) & 0xfc;
	unsigned int left = 48;	/* all that fits: the list may be a loop */
	uint32_t head;

	for (; cap != 0 && left > 0; left--, cap = head >> 8 & 0xfc) {
		head = bare_pci_read32(devfn, cap);
		if ((head & 0xff) != PCI_CAP_VENDOR)
			continue;
		switch (head >> 24) {
		case CAP_COMMON:
			if (vnet.common == NULL)
				vnet.common = cap_address(devfn, cap, bar);
			break;
		case CAP_NOTIFY:
			if (vnet.notify != NULL)
				break;
			vnet.notify = cap_address(devfn, cap, bar);
			vnet.notify_multiplier =
			    bare_pci_read32(devfn, cap + 16);
			break;
		case CAP_ISR:
			if (vnet.isr == NULL)
				vnet.isr = cap_address(devfn, cap, bar);
			break;
		}
	}
	if (vnet.common == NULL || vnet.notify == NULL || vnet.isr == NULL)
		return "virtio: not a modern device";
	return NULL;
}

static void
status_add(uint8_t bits)
{
	bare_mmio_write8(vnet.common + COMMON_DEVICE_STATUS,
	    (uint8_t)(bits |
		bare_mmio_read8(vnet.common + COMMON_DEVICE_STATUS)));
}

/* Reset and feature negotiation: steps 1 to 6 of 3.1.1. */
static const char *
vnet_negotiate(void)
{
	uint8_t *common = vnet.common;
	uint32_t features;
	unsigned int tries = 1000;

	bare_mmio_write8(common + COMMON_DEVICE_STATUS, 0);
	while (bare_mmio_read8(common + COMMON_DEVICE_STATUS) != 0) {
		if (--tries == 0)
			return "virtio: reset does not end";
		bare_udelay(100);
	}
	status_add(STATUS_ACKNOWLEDGE);
	status_add(STATUS_DRIVER);

	bare_mmio_write32(common + COMMON_DEVICE_FEATURE_SELECT, 1);
	features = bare_mmio_read32(common + COMMON_DEVICE_FEATURE);
	if (!(features & FEATURE1_VERSION_1))
		return "virtio: VIRTIO_F_VERSION_1 not offered";
	bare_mmio_write32(common + COMMON_DRIVER_FEATURE_SELECT, 1);
	bare_mmio_write32(common + COMMON_DRIVER_FEATURE, FEATURE1_VERSION_1);

	bare_mmio_write32(common + COMMON_DEVICE_FEATURE_SELECT, 0);
	features = bare_mmio_read32(common + COMMON_DEVICE_FEATURE);
	features &= FEATURE0_EVENT_IDX | FEATURE0_NET_MAC;
	bare_mmio_write32(common + COMMON_DRIVER_FEATURE_SELECT, 0);
	bare_mmio_write32(common + COMMON_DRIVER_FEATURE, features);
	vnet.event_idx = (features & FEATURE0_EVENT_IDX) != 0;

	status_add(STATUS_FEATURES_OK);
	if (!(bare_mmio_read8(common + COMMON_DEVICE_STATUS) &
		STATUS_FEATURES_OK))
		return "virtio: features refused";
	return NULL;
}

/* The largest power of two that is neither over `wanted` nor `limit`. */
static uint16_t
queue_size(uint32_t wanted, uint32_t limit)
{
	uint32_t size = NIC_RING_MAX;

	while (size > wanted || size > limit)
		size /= 2;
	return (uint16_t)size;
}

static void
write_address(unsigned int offset, const void *address)
{
	uint64_t value = (uintptr_t)address;

	bare_mmio_write32(vnet.common + offset, (uint32_t)value);
	bare_mmio_write32(vnet.common + offset + 4, (uint32_t)(value >> 32));
}

/* Queue set-up (4.1.5.1.3). */
static const char *
queue_open(struct vq *q, struct vq_memory *mem, uint16_t index, uint32_t wanted)
{
	uint8_t *common = vnet.common;

	bare_mmio_write16(common + COMMON_QUEUE_SELECT, index);
	q->size =
	    queue_size(wanted, bare_mmio_read16(common + COMMON_QUEUE_SIZE));
	if (q->size < 8)
		return "virtio: queue missing or too small";
	q->mask = (uint16_t)(q->size - 1);
	q->index = index;
	q->mem = mem;
	q->used_event = &mem->avail.ring[q->size];
	q->avail_event = (volatile uint16_t *)&mem->used.ring[q->size];
	q->notify = vnet.notify +
	    (size_t)vnet.notify_multiplier *
		bare_mmio_read16(common + COMMON_QUEUE_NOTIFY_OFF);
	vq_disarm(q);

	bare_mmio_write16(common + COMMON_QUEUE_SIZE, q->size);
	write_address(COMMON_QUEUE_DESC, mem->desc);
	write_address(COMMON_QUEUE_DRIVER, &mem->avail);
	write_address(COMMON_QUEUE_DEVICE, &mem->used);
	bare_mmio_write16(common + COMMON_QUEUE_ENABLE, 1);
	return NULL;
}

/* Descriptor i is for buffer i for good; a header of zeros asks for nothing. */
static void
buffers_init(void)
{
	struct vq_desc *desc;
	uint16_t i;

	for (i = 0; i < vnet.tx.size; i++) {
		desc = &vnet.tx.mem->desc[i];
		desc->addr =
		    (uintptr_t)tx_buffers[i] + FRAME_OFFSET - HEADER_BYTES;
		memset(tx_buffers[i], 0, FRAME_OFFSET);
		vnet.tx_free[vnet.tx.size - 1 - i] = i;
	}
	vnet.tx_free_count = vnet.tx.size;
	for (i = 0; i < vnet.rx.size; i++) {
		desc = &vnet.rx.mem->desc[i];
		desc->addr =
		    (uintptr_t)rx_buffers[i] + FRAME_OFFSET - HEADER_BYTES;
		desc->len = HEADER_BYTES + NIC_BUF_BYTES;
		desc->flags = DESC_WRITE;
		vq_fill(&vnet.rx, i);
	}
}

static const char *
queues_open(const struct lem_mailbox *box)
{
	const char *error;

	error = queue_open(&vnet.rx, &rx_mem, QUEUE_RX, box->ring_size);
	if (error == NULL)
		error = queue_open(&vnet.tx, &tx_mem, QUEUE_TX, box->ring_size);
	return error;
}

static const char *
vnet_open(struct lem_mailbox *box)
{
	uint64_t bar[BARE_PCI_BARS];
	const char *error;
	int devfn;

	devfn = bare_pci_find(VIRTIO_VENDOR, VIRTIO_NET_TRANSITIONAL);
	if (devfn < 0)
		devfn = bare_pci_find(VIRTIO_VENDOR, VIRTIO_NET_MODERN);
	if (devfn < 0)
		return "virtio: no such device on PCI bus 0";
	if (bare_pci_enable(devfn, bar) != 0)
		return "virtio: no room for its BARs";
	vnet.polling = box->polled;
	error = find_structures(devfn, bar);
	if (error == NULL)
		error = vnet_negotiate();
	if (error == NULL)
		error = queues_open(box);
	if (error != NULL)
		return error;
	(void)bare_irq_attach(vnet.isr, 1);
	buffers_init();
	status_add(STATUS_DRIVER_OK);
	/* Not before DRIVER_OK (3.1.1): this may notify. */
	vq_publish(&vnet.rx);
	if (!vnet.polling)
		vq_arm(&vnet.rx, 0);
	vnet.doorbells = 0;
	vnet.irq_base = bare_irq_count;
	return NULL;
}

/* --- The rest of the interface --- */

static void
vnet_counters(struct lem_box_counters *c)
{
	tx_reclaim();
	c->tx_packets = vnet.tx_packets;
	c->rx_packets = vnet.rx_packets;
	c->doorbells = vnet.doorbells;
	c->interrupts = bare_irq_count - vnet.irq_base;
	c->reg_reads = c->interrupts;
	c->reg_writes = vnet.doorbells;
	c->deferred = 0;
	c->batches = 0;
	c->guard_flushes = 0;
	c->ring_full = vnet.ring_full;
	c->batch_max = 0;
}

/* A virtio-net has no counters: all that is known is what it did wrong. */
static const char *
vnet_verify(uint64_t frames_sent)
{
	(void)frames_sent;
	return vnet.broken;
}

/* No driver can ask a virtio device for an interrupt. */
static uint64_t
vnet_interrupt_ticks(void)
{
	return 0;
}

const struct nic nic_virtio = {
	.open = vnet_open,
	.tx_buffer = vnet_tx_buffer,
	.tx_submit = vnet_tx_submit,
	.poll = vnet_poll,
	.tx_idle = vnet_tx_idle,
	.rx_next = vnet_rx_next,
	.rx_release = vnet_rx_release,
	.rx_flush = vnet_rx_flush,
	.counters = vnet_counters,
	.interrupt_ticks = vnet_interrupt_ticks,
	.verify = vnet_verify,
};
