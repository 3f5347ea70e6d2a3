/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A backend that writes the traffic of another one to a file.  The file has
 * packets as the guest sent them, before the network segments them and computes
 * their checksums.
 */
#include <pthread.h>
#include <stdlib.h>

#include "backend.h"
#include "pcap_file.h"

struct pcap {
	struct backend b;
	struct backend *inner;
	pthread_mutex_t lock;		/* of file */
	struct pcap_file file;
};

static void
pcap_record_packet(struct pcap *p, const struct e82540_packet *packet)
{
	uint32_t i;

	pcap_file_record(&p->file, packet->len_bytes);
	for (i = p->b.vnet_hdr_bytes != 0; i < packet->iovs; i++)
		pcap_file_put(&p->file, packet->iov[i].base,
		    packet->iov[i].len);
}

/* The state of the inner backend is ours, too. */
static void
pcap_follow(struct pcap *p)
{
	p->b.up = (bool)p->inner->up;
	p->b.refused = (unsigned long long)p->inner->refused;
	p->b.fd = (int)p->inner->fd;
	p->b.out_fd = (int)p->inner->out_fd;
	p->b.event_fd = (int)p->inner->event_fd;
	p->b.unsent = (bool)p->inner->unsent;
	p->b.down = (const char *)p->inner->down;
}

static unsigned int
pcap_send(struct backend *b, const struct e82540_packet *packet, unsigned int n)
{
	struct pcap *p = (struct pcap *)b;
	unsigned int i, taken = p->inner->ops->send(p->inner, packet, n);

	pthread_mutex_lock(&p->lock);
	for (i = 0; i < taken; i++)
		pcap_record_packet(p, &packet[i]);
	pcap_file_flush(&p->file);
	pcap_follow(p);
	pthread_mutex_unlock(&p->lock);
	return taken;
}

static unsigned int
pcap_receive(struct backend *b, struct e82540_frame *frame, unsigned int n)
{
	struct pcap *p = (struct pcap *)b;
	unsigned int i, got;

	if (p->inner->ops->receive == NULL)
		return 0;
	got = p->inner->ops->receive(p->inner, frame, n);
	pthread_mutex_lock(&p->lock);
	for (i = 0; i < got; i++) {
		pcap_file_record(&p->file, frame[i].len_bytes);
		pcap_file_put(&p->file, frame[i].data, frame[i].len_bytes);
	}
	if (got > 0)
		pcap_file_flush(&p->file);
	pcap_follow(p);
	pthread_mutex_unlock(&p->lock);
	return got;
}

static bool
pcap_event(struct backend *b)
{
	struct pcap *p = (struct pcap *)b;
	bool more = p->inner->ops->event(p->inner);

	pthread_mutex_lock(&p->lock);
	pcap_follow(p);
	pthread_mutex_unlock(&p->lock);
	return more;
}

static void
pcap_close(struct backend *b)
{
	struct pcap *p = (struct pcap *)b;

	p->inner->ops->close(p->inner);
	pcap_file_close(&p->file);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static const struct backend_ops pcap_ops = {
	.send = pcap_send,
	.receive = pcap_receive,
	.close = pcap_close,
	.event = pcap_event,
};

struct backend *
backend_pcap(struct backend *inner, const char *path, struct err *err)
{
	struct pcap *p = backend_new(sizeof(*p), &pcap_ops, inner->fd, err);

	if (p == NULL)
		goto close_inner;
	p->b.vnet_hdr_bytes = inner->vnet_hdr_bytes;
	p->b.offloads = inner->offloads;
	p->inner = inner;
	pcap_follow(p);
	pthread_mutex_init(&p->lock, NULL);
	if (pcap_file_open(&p->file, path, err) == 0)
		return &p->b;
	pthread_mutex_destroy(&p->lock);
	free(p);
close_inner:
	inner->ops->close(inner);
	return NULL;
}
