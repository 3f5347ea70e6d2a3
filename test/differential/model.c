/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our model in this process: memory, a fake clock, a line, a wire.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"

#define FRAMES	1024u

struct frame {
	uint32_t len;
	uint8_t *data;
};

struct model {
	struct e82540 *dev;
	struct e82540_host host;
	uint8_t *ram;
	uint64_t now_ns;
	uint64_t timer_ns;
	bool line;
	struct frame out[FRAMES];	/* sent, up to out_tail */
	unsigned int out_head, out_tail;
	struct frame in[FRAMES];	/* not taken yet */
	unsigned int in_head, in_tail;
};

static void
model_die(const char *what)
{
	fprintf(stderr, "model: %s\n", what);
	exit(2);
}

static void
frame_put(struct frame *queue, unsigned int *tail, uint32_t len, uint8_t **data)
{
	struct frame *f = &queue[*tail % FRAMES];

	free(f->data);
	f->data = malloc(len + 1);
	if (f->data == NULL)
		model_die("no memory");
	f->len = len;
	*data = f->data;
	(*tail)++;
}

static void
model_interrupt(void *ctx, bool asserted)
{
	struct model *m = ctx;

	m->line = asserted;
}

static void
model_timer(void *ctx, uint64_t at_ns)
{
	struct model *m = ctx;

	m->timer_ns = at_ns;
}

static unsigned int
model_send(void *ctx, const struct e82540_packet *packet, unsigned int n)
{
	struct model *m = ctx;
	unsigned int i, j;
	uint8_t *data;

	for (i = 0; i < n; i++) {
		frame_put(m->out, &m->out_tail, packet[i].len_bytes, &data);
		for (j = 0; j < packet[i].iovs; j++) {
			memcpy(data, packet[i].iov[j].base,
			    packet[i].iov[j].len);
			data += packet[i].iov[j].len;
		}
	}
	return n;
}

/* Offer what waits. */
static void
frames_offer(struct model *m)
{
	struct e82540_frame frame;

	while (m->in_head != m->in_tail) {
		frame.data = m->in[m->in_head % FRAMES].data;
		frame.len_bytes = m->in[m->in_head % FRAMES].len;
		frame.flags = 0;
		if (e82540_receive(m->dev, m->now_ns, &frame, 1) == 0)
			return;
		m->in_head++;
	}
}

struct model *
model_start(enum e82540_chip chip)
{
	struct model *m = calloc(1, sizeof(*m));
	struct e82540_config config = { .api = E82540_API,
		.chip = chip,
		.link_delay_ns = LINK_DELAY_NS };
	struct e82540_region region = { RAM, RAM_BYTES, NULL, true };

	if (m == NULL)
		model_die("no memory");
	m->host = (struct e82540_host){ .interrupt = model_interrupt,
		.timer = model_timer,
		.send = model_send };
	config.host = &m->host;
	config.ctx = m;
	memcpy(config.mac, test_mac, sizeof(test_mac));
	m->timer_ns = E82540_NEVER;
	m->ram = calloc(1, RAM_BYTES);
	m->dev = aligned_alloc(E82540_ALIGN,
	    (e82540_size() + E82540_ALIGN - 1) / E82540_ALIGN * E82540_ALIGN);
	region.host = m->ram;
	if (m->ram == NULL || m->dev == NULL ||
	    e82540_init(m->dev, &config, 0) != 0 ||
	    e82540_memory_set(m->dev, &region, 1) != 0)
		model_die("does not start");
	model_pci_write(m, 0x04,
	    E82540_PCI_IO | E82540_PCI_MEMORY | E82540_PCI_MASTER);
	e82540_link_set(m->dev, m->now_ns, true);
	return m;
}

void
model_stop(struct model *m)
{
	unsigned int i;

	for (i = 0; i < FRAMES; i++) {
		free(m->in[i].data);
		free(m->out[i].data);
	}
	free(m->dev);
	free(m->ram);
	free(m);
}

uint32_t
model_read(struct model *m, uint32_t offset)
{
	return e82540_mmio_read(m->dev, m->now_ns, offset, 4);
}

void
model_write(struct model *m, uint32_t offset, uint32_t value)
{
	e82540_mmio_write(m->dev, m->now_ns, offset, 4, value);
	frames_offer(m);
}

uint32_t
model_narrow_read(struct model *m, uint32_t offset, unsigned int bytes)
{
	return e82540_mmio_read(m->dev, m->now_ns, offset, bytes);
}

void
model_narrow_write(struct model *m, uint32_t offset, unsigned int bytes,
    uint32_t value)
{
	e82540_mmio_write(m->dev, m->now_ns, offset, bytes, value);
	frames_offer(m);
}

uint32_t
model_pci_read(struct model *m, uint32_t offset)
{
	return e82540_pci_read(m->dev, m->now_ns, offset, 4);
}

void
model_pci_write(struct model *m, uint32_t offset, uint32_t value)
{
	e82540_pci_write(m->dev, m->now_ns, offset, 4, value);
}

uint32_t
model_io_read(struct model *m, uint32_t offset)
{
	return e82540_io_read(m->dev, m->now_ns, offset, 4);
}

void
model_io_write(struct model *m, uint32_t offset, uint32_t value)
{
	e82540_io_write(m->dev, m->now_ns, offset, 4, value);
}

static uint8_t *
ram_at(struct model *m, uint32_t gpa, uint32_t len)
{
	if (gpa > RAM_BYTES - len)
		model_die("a script accesses an address outside of memory");
	return m->ram + gpa;
}

void
model_mem_read(struct model *m, uint32_t gpa, void *buf, uint32_t len)
{
	memcpy(buf, ram_at(m, gpa, len), len);
}

void
model_mem_write(struct model *m, uint32_t gpa, const void *buf, uint32_t len)
{
	memcpy(ram_at(m, gpa, len), buf, len);
}

void
model_clock(struct model *m, uint64_t ns)
{
	uint64_t end = m->now_ns + ns;

	while (m->timer_ns <= end) {
		if (m->timer_ns > m->now_ns)
			m->now_ns = m->timer_ns;
		m->timer_ns = E82540_NEVER;
		e82540_run(m->dev, m->now_ns);
		frames_offer(m);
	}
	m->now_ns = end;
}

bool
model_line(struct model *m)
{
	return m->line;
}

void
model_frame_in(struct model *m, const void *frame, uint32_t len)
{
	uint8_t *data;

	if (m->in_tail - m->in_head == FRAMES)
		model_die("too many frames wait");
	frame_put(m->in, &m->in_tail, len, &data);
	memcpy(data, frame, len);
	frames_offer(m);
}

int
model_frame_out(struct model *m, void *frame)
{
	const struct frame *f = &m->out[m->out_head % FRAMES];

	if (m->out_head == m->out_tail)
		return -1;
	memcpy(frame, f->data, f->len);
	m->out_head++;
	return f->len;
}
