/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A backend that writes the traffic of another one to a file: pcap 2.4 with
 * nanoseconds, link type Ethernet, in the byte order of this machine.  The file
 * has packets as the guest sent them, before the network segments them and
 * computes their checksums.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend.h"

#define MAGIC_NS	0xa1b23c4du
#define LINKTYPE_ETHERNET 1u
#define SNAPLEN		262144u

struct file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy;
	uint32_t snaplen;
	uint32_t linktype;
};

struct record {
	uint32_t seconds, nanoseconds;
	uint32_t captured, length;
};

struct pcap {
	struct backend b;
	struct backend *inner;
	pthread_mutex_t lock;		/* of file */
	FILE *file;
};

static void
pcap_record(struct pcap *p, uint32_t len)
{
	struct record r = { .captured = len, .length = len };
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	r.seconds = (uint32_t)now.tv_sec;
	r.nanoseconds = (uint32_t)now.tv_nsec;
	(void)fwrite(&r, sizeof(r), 1, p->file);
}

static void
pcap_record_packet(struct pcap *p, const struct e82540_packet *packet)
{
	uint32_t i;

	pcap_record(p, packet->len_bytes);
	for (i = p->b.vnet_hdr_bytes != 0; i < packet->iovs; i++)
		(void)fwrite(packet->iov[i].base, packet->iov[i].len, 1,
		    p->file);
}

/* The state of the inner backend is ours, too. */
static void
pcap_follow(struct pcap *p)
{
	p->b.up = (bool)p->inner->up;
	p->b.refused = (unsigned long long)p->inner->refused;
	p->b.fd = (int)p->inner->fd;
	p->b.unsent = (bool)p->inner->unsent;
}

static unsigned int
pcap_send(struct backend *b, const struct e82540_packet *packet, unsigned int n)
{
	struct pcap *p = (struct pcap *)b;
	unsigned int i, taken = p->inner->ops->send(p->inner, packet, n);

	pthread_mutex_lock(&p->lock);
	for (i = 0; i < taken; i++)
		pcap_record_packet(p, &packet[i]);
	(void)fflush(p->file);
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
		pcap_record(p, frame[i].len_bytes);
		(void)fwrite(frame[i].data, frame[i].len_bytes, 1, p->file);
	}
	if (got > 0)
		(void)fflush(p->file);
	pcap_follow(p);
	pthread_mutex_unlock(&p->lock);
	return got;
}

static void
pcap_close(struct backend *b)
{
	struct pcap *p = (struct pcap *)b;

	p->inner->ops->close(p->inner);
	(void)fclose(p->file);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static const struct backend_ops pcap_ops = {
	.send = pcap_send,
	.receive = pcap_receive,
	.close = pcap_close,
};

struct backend *
backend_pcap(struct backend *inner, const char *path, struct err *err)
{
	const struct file_header header = {
		.magic = MAGIC_NS,
		.major = 2,
		.minor = 4,
		.snaplen = SNAPLEN,
		.linktype = LINKTYPE_ETHERNET,
	};
	struct pcap *p = backend_new(sizeof(*p), &pcap_ops, inner->fd, err);

	if (p == NULL)
		goto close_inner;
	p->b.vnet_hdr_bytes = inner->vnet_hdr_bytes;
	p->b.offloads = inner->offloads;
	p->inner = inner;
	pcap_follow(p);
	pthread_mutex_init(&p->lock, NULL);
	p->file = fopen(path, "we");
	if (p->file == NULL) {
		(void)err_set(err, "pcap=%s: %s", path, strerror(errno));
		goto free_pcap;
	}
	if (fwrite(&header, sizeof(header), 1, p->file) == 1 &&
	    fflush(p->file) == 0)
		return &p->b;
	(void)err_set(err, "pcap=%s: %s", path, strerror(errno));
	(void)fclose(p->file);
free_pcap:
	pthread_mutex_destroy(&p->lock);
	free(p);
close_inner:
	inner->ops->close(inner);
	return NULL;
}
