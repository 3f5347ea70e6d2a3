/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest.h"

#include <sys/param.h>
#include <sys/fcntl.h>
#include <sys/ioccom.h>
#include <sys/mman.h>
#include <sys/poll.h>
#include <net/if.h>
#include <net/netmap.h>
#include <net/netmap_legacy.h>

#include "../pattern.h"

#define HEADERS		42	/* Ethernet, IPv4, UDP */
#define WAIT_MS		100

struct port {
	long fd;
	char *memory;
	size_t bytes;
	struct netmap_ring *tx, *rx;
};

static int
port_open(struct port *p, const char *name)
{
	struct netmap_if *nifp;
	struct nmreq req;
	long error;

	memset(&req, 0, sizeof(req));
	copy(req.nr_name, name, sizeof(req.nr_name));
	req.nr_version = NETMAP_API;
	req.nr_flags = NR_REG_ALL_NIC;
	p->fd = SYS3(open, "/dev/netmap", O_RDWR, 0);
	if (p->fd < 0)
		return (int)p->fd;
	error = SYS3(ioctl, p->fd, NIOCREGIF, &req);
	if (error != 0)
		return (int)error;
	p->bytes = req.nr_memsize;
	p->memory = (char *)SYS6(mmap, 0, p->bytes, PROT_READ | PROT_WRITE,
	    MAP_SHARED, p->fd, 0);
	nifp = (struct netmap_if *)(void *)(p->memory + req.nr_offset);
	/* The rings: transmit, the host's, receive. */
	p->tx =
	    (struct netmap_ring *)(void *)((char *)nifp + nifp->ring_ofs[0]);
	p->rx = (struct netmap_ring *)(void *)((char *)nifp +
	    nifp->ring_ofs[nifp->ni_tx_rings + 1]);
	return 0;
}

static void
port_close(struct port *p)
{
	(void)SYS2(munmap, p->memory, p->bytes);
	(void)SYS1(close, p->fd);
}

static unsigned char *
slot_buf(struct netmap_ring *r, uint32_t i)
{
	return (unsigned char *)r + r->buf_ofs +
	    (size_t)r->slot[i].buf_idx * r->nr_buf_size;
}

static uint32_t
after(const struct netmap_ring *r, uint32_t i)
{
	return i + 1 == r->num_slots ? 0 : i + 1;
}

/* poll: for room to send, or for something received. */
static int
port_wait(struct port *p, short events)
{
	struct pollfd fd = { (int)p->fd, events, 0 };

	return (int)SYS3(poll, &fd, 1, WAIT_MS);
}

static void
put16(unsigned char *p, unsigned int v)
{
	p[0] = (unsigned char)(v >> 8);
	p[1] = (unsigned char)v;
}

/* A datagram from 10.9.0.2 to 10.9.0.1, broadcast on the wire. */
static unsigned int
frame_fill(unsigned char *f, unsigned int bytes, unsigned int number)
{
	static const unsigned char address[8] = { 10, 9, 0, 2, 10, 9, 0, 1 };
	unsigned int i, sum = 0;

	memset(f, 0, HEADERS);
	memset(f, 0xff, 6);
	f[6] = 2;
	put16(f + 12, 0x0800);
	f[14] = 0x45;
	put16(f + 16, bytes + 28);
	f[22] = 64;
	f[23] = 17;
	memcpy(f + 26, address, 8);
	for (i = 14; i < 34; i += 2)
		sum += (unsigned int)f[i] << 8 | f[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	put16(f + 24, ~(sum + (sum >> 16)));
	put16(f + 34, 5000);
	put16(f + 36, PATTERN_PORT_SINK);
	put16(f + 38, bytes + 8);
	pattern_fill(f + HEADERS, bytes, number);
	return HEADERS + bytes;
}

/* Returns how many were queued and, at the end, finished. */
static unsigned long
send_all(struct port *p, unsigned long count, unsigned int bytes)
{
	struct netmap_ring *r = p->tx;
	unsigned long n = 0;
	uint32_t i;

	while (n < count) {
		for (i = r->head; i != r->tail && n < count; i = after(r, i))
			r->slot[i].len = (uint16_t)frame_fill(slot_buf(r, i),
			    bytes, (unsigned int)n++);
		r->head = r->cur = i;
		(void)SYS3(ioctl, p->fd, NIOCTXSYNC, 0);
		if (r->head == r->tail && port_wait(p, POLLOUT) <= 0)
			break;
	}
	for (i = 0; i < 20 && after(r, r->tail) != r->head; i++) {
		sleep_us(10000);
		(void)SYS3(ioctl, p->fd, NIOCTXSYNC, 0);
	}
	return after(r, r->tail) == r->head ? n : 0;
}

/* Datagrams to port 5000 that are right to the last byte. */
static unsigned long
receive(struct port *p, unsigned long count, unsigned int bytes)
{
	struct netmap_ring *r = p->rx;
	unsigned long good = 0, quiet = 0;
	unsigned char *f;
	uint32_t i;

	while (good < count && quiet < 30) {
		if (port_wait(p, POLLIN) <= 0)
			quiet++;
		for (i = r->head; i != r->tail; i = after(r, i)) {
			f = slot_buf(r, i);
			if (r->slot[i].len == HEADERS + bytes &&
			    f[36] == 5000 >> 8 && f[37] == (5000 & 0xff) &&
			    pattern_check(f + HEADERS, bytes) >= 0)
				good++;
		}
		r->head = r->cur = i;
	}
	return good;
}

/*
 * netmap IF HOST COUNT BYTES: takes IF from the system, sends COUNT datagrams
 * to the sink, has the peer send as many, and gives IF back.  HOST is the peer
 * on another wire.
 */
int
do_netmap(int n, char **w)
{
	unsigned long count, sent, good;
	char *words[] = { "send", "10.9.0.2", "5000", "", "" };
	char line[256];
	struct port p;
	unsigned int bytes;
	int error;

	if (n != 5)
		return -EINVAL;
	count = number(w[3]);
	bytes = (unsigned int)number(w[4]);
	words[3] = w[3];
	words[4] = w[4];
	error = tell(w[2], "zero");
	if (error == 0)
		error = port_open(&p, w[1]);
	if (error != 0)
		return error;
	sleep_us(2000000);	/* QEMU lets nothing in for a second */
	sent = send_all(&p, count, bytes);
	join(line, sizeof(line), 5, words);
	error = tell_only(w[2], line);
	good = error == 0 ? receive(&p, count, bytes) : 0;
	port_close(&p);
	say("netmap %s: %d sent, %d received\n", w[1], (long)sent, (long)good);
	return sent == count && good * 100 >= count * 98 ?
	    sink_has(w[2], count, 0) :
	    1;
}
