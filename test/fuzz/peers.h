/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The peer of fuzz_peers.c: on a socket, or on the other side of a tap.  It
 * knows which packets it must get, and which frames the guest must get from it.
 *
 * Whatever it does, what comes is whole, in order, and comes once.  It may miss
 * packets only if it has ended without reading them (`misses').
 */
#ifndef FUZZ_PEERS_H
#define FUZZ_PEERS_H

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/ioctl.h>

#include "dir.h"
#include "fuzz_input.h"
#include "nic_rig.h"

enum wire {
	WIRE_DGRAM,			/* by names: it can restart */
	WIRE_CLIENT,			/* a stream; the NIC connects */
	WIRE_SERVER,			/* ... the peer connects */
	WIRE_TAP,
	WIRE_DGRAM_PAIR,		/* cannot restart */
	WIRE_STREAM_PAIR,
	WIRES
};

#define TAP		"lemfuzz0"
#define OUT_BYTES	(4 + SLOT)

static struct {
	enum wire wire;
	int fd;				/* -1: it has ended */
	int out_fd;			/* it sends here, of WIRE_DGRAM */
	int listener;			/* of WIRE_CLIENT */
	bool spoilt;			/* it sent what is no frame */
	bool misses;			/* the next packet may be any later */
	bool other_misses;		/* likewise for the guest */
	uint64_t next;			/* packet that comes next */
	uint64_t lost;			/* packets that never came */
	uint64_t sent;			/* frames */
	uint8_t in[1 << 17];
	size_t in_len;
	uint8_t out[OUT_BYTES];		/* a frame that went in part */
	size_t out_at, out_len;
} peer;

static bool
wire_is_stream(void)
{
	return peer.wire == WIRE_CLIENT || peer.wire == WIRE_SERVER ||
	    peer.wire == WIRE_STREAM_PAIR;
}

static bool
wire_is_pair(void)
{
	return peer.wire >= WIRE_DGRAM_PAIR;
}

/* --------------------------------------------------------------- it gets */

/* Whole, and not before any that came before it.  Returns its number. */
static uint64_t
numbered(const uint8_t *p, size_t len)
{
	uint64_t number;
	uint32_t i;

	CHECK(len >= 60);
	memcpy(&number, p + 14, sizeof(number));
	CHECK(len == packet_len(number));
	for (i = 0; i < len; i++)
		CHECK(p[i] == packet_byte(number, i));
	return number;
}

static void
peer_gets(const uint8_t *p, size_t len)
{
	uint64_t number = numbered(p, len);

	CHECK(number >= peer.next);
	if (!peer.misses)
		peer.lost += number - peer.next;
	peer.misses = false;
	peer.next = number + 1;
}

/* Returns false: nothing has come. */
static bool
peer_reads_stream_once(void)
{
	size_t at = 0, len;
	ssize_t n;

	n = recv(peer.fd, peer.in + peer.in_len, sizeof(peer.in) - peer.in_len,
	    MSG_DONTWAIT);
	if (n <= 0)
		return false;
	for (peer.in_len += (size_t)n; peer.in_len - at >= 4; at += 4 + len) {
		len = (size_t)peer.in[at] << 24 |
		    (size_t)peer.in[at + 1] << 16 |
		    (size_t)peer.in[at + 2] << 8 | peer.in[at + 3];
		CHECK(len >= 60 && len <= SLOT);
		if (peer.in_len - at < 4 + len)
			break;
		peer_gets(peer.in + at + 4, len);
	}
	peer.in_len -= at;
	memmove(peer.in, peer.in + at, peer.in_len);
	return true;
}

static bool
peer_reads_once(void)
{
	ssize_t n;

	if (peer.fd < 0)
		return false;
	if (wire_is_stream())
		return peer_reads_stream_once();
	n = recv(peer.fd, peer.in, sizeof(peer.in), MSG_DONTWAIT);
	if (n > 0)
		peer_gets(peer.in, (size_t)n);
	return n > 0;
}

static void
peer_reads_all(void)
{
	while (peer_reads_once())
		;
}

/* -------------------------------------------------------------- it sends */

static int
peer_out(void)
{
	return peer.out_fd >= 0 ? peer.out_fd : peer.fd;
}

/* The rest of a frame that went in part.  Returns whether it is out. */
static bool
peer_flushes(void)
{
	ssize_t n;

	if (peer.out_len == 0)
		return true;
	n = send(peer_out(), peer.out + peer.out_at, peer.out_len - peer.out_at,
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		peer.out_at += (size_t)n;
	if (peer.out_at < peer.out_len)
		return false;
	peer.out_len = peer.out_at = 0;
	peer.sent++;
	return true;
}

/* The peer sends a frame.  Returns false if it cannot send it now. */
static bool
peer_sends_one(void)
{
	uint32_t i, len = packet_len(peer.sent);
	size_t head = wire_is_stream() ? 4 : 0;
	ssize_t n;

	if (peer.fd < 0 || peer.spoilt || !peer_flushes())
		return false;
	peer.out[0] = peer.out[1] = 0;
	peer.out[2] = (uint8_t)(len >> 8);
	peer.out[3] = (uint8_t)len;
	for (i = 0; i < len; i++)
		peer.out[head + i] = packet_byte(peer.sent, i);
	n = send(peer_out(), peer.out, head + len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n <= 0)
		return false;
	if ((size_t)n == head + len) {
		peer.sent++;
		return true;
	}
	peer.out_at = (size_t)n;
	peer.out_len = head + len;
	return false;
}

/* Not for the guest: it must never see this. */
static void
peer_sends_garbage(uint8_t kind)
{
	static uint8_t bytes[70000];
	size_t len = kind & 1 ? input_u8() : 1 + input_u16();
	size_t i;

	if (peer.fd < 0)
		return;
	if (wire_is_stream()) {
		if (peer.out_len != 0)
			return;
		peer.spoilt = true;
	}
	if (peer.wire == WIRE_TAP)
		len = 14 + len % 1400;
	bytes[0] = 0x42;
	for (i = 1; i < len; i++)
		bytes[i] = (uint8_t)(kind & 2 ? input_u8() : i * kind);
	/* A stream: lengths that are right, or nearly so. */
	if (wire_is_stream() && (kind & 4) != 0 && len > 4) {
		bytes[0] = kind & 8 ? input_u8() : 0;
		bytes[1] = kind & 16 ? input_u8() : 0;
		bytes[2] = (uint8_t)(len >> 8);
		bytes[3] = (uint8_t)len;
		bytes[4] = 0x42;
	}
	(void)!send(peer_out(), bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* ------------------------------------------------------- it comes and goes */

static struct sockaddr_un
wire_name(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", dir_path(name));
	return at;
}

static int
wire_socket(int type)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	return fd;
}

static void
tap_is_up(bool up)
{
	struct ifreq r = { .ifr_name = TAP, .ifr_flags = up ? IFF_UP : 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK(ioctl(fd, SIOCSIFFLAGS, &r) == 0);
	close(fd);
}

static void
tap_peer_comes(void)
{
	struct ifreq r = { .ifr_name = TAP };
	struct sockaddr_ll at = { .sll_family = AF_PACKET };
	int on = 1, large = 16 << 20;

	peer.fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	CHECK(peer.fd >= 0 && ioctl(peer.fd, SIOCGIFINDEX, &r) == 0);
	at.sll_ifindex = r.ifr_ifindex;
	CHECK(setsockopt(peer.fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on,
		  sizeof(on)) == 0);
	(void)setsockopt(peer.fd, SOL_SOCKET, SO_RCVBUFFORCE, &large,
	    sizeof(large));
	at.sll_protocol = htons(ETH_P_ALL);
	CHECK(bind(peer.fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	tap_is_up(true);
}

/* ONE socket, connected to us, so that nobody else can send there; or two. */
static void
dgram_peer_comes(bool one)
{
	struct sockaddr_un at = wire_name("peer"), us = wire_name("us");

	peer.fd = wire_socket(SOCK_DGRAM);
	CHECK(bind(peer.fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	if (!one)
		peer.out_fd = wire_socket(SOCK_DGRAM);
	CHECK(connect(peer_out(), (struct sockaddr *)&us, sizeof(us)) == 0);
}

static void
peer_listens(void)
{
	struct sockaddr_un at = wire_name("peer");

	peer.listener = wire_socket(SOCK_STREAM);
	CHECK(bind(peer.listener, (struct sockaddr *)&at, sizeof(at)) == 0);
	CHECK(listen(peer.listener, 1) == 0);
}

/* A NIC that connects may take a while, as it pauses between attempts. */
static void
peer_accepts(void)
{
	struct pollfd p = { .fd = peer.listener, .events = POLLIN };

	CHECK(poll(&p, 1, (int)(3 * STALL_NS / MS)) == 1);
	peer.fd = accept4(peer.listener, NULL, NULL, SOCK_CLOEXEC);
	CHECK(peer.fd >= 0);
}

static void
peer_connects(void)
{
	struct sockaddr_un us = wire_name("us");

	peer.fd = wire_socket(SOCK_STREAM);
	CHECK(connect(peer.fd, (struct sockaddr *)&us, sizeof(us)) == 0);
}

static void
peer_comes(bool one)
{
	if (peer.fd >= 0 || wire_is_pair())
		return;
	switch (peer.wire) {
	case WIRE_DGRAM:
		dgram_peer_comes(one);
		break;
	case WIRE_CLIENT:
		peer_listens();
		peer_accepts();
		break;
	case WIRE_SERVER:
		peer_connects();
		break;
	default:
		tap_peer_comes();
		break;
	}
}

/*
 * Gently: it reads what it has; nothing comes after shutdown().  A packet that
 * it has in part comes again, to its successor.
 */
static void
peer_goes(bool gently)
{
	if (peer.fd < 0)
		return;
	if (peer.wire == WIRE_TAP)
		tap_is_up(false);
	if (peer.wire == WIRE_DGRAM || peer.wire == WIRE_CLIENT)
		(void)unlink(wire_name("peer").sun_path);
	if (peer.listener >= 0)
		close(peer.listener);
	if (gently && peer.wire != WIRE_TAP)
		(void)shutdown(peer.fd, SHUT_RD);
	if (gently)
		peer_reads_all();
	else
		peer.misses = true;
	/* A tap's frames go with it; so does a frame that went in part. */
	if (peer.wire == WIRE_TAP) {
		peer.misses = true;
		peer.other_misses = true;
	}
	close(peer.fd);
	if (peer.out_fd >= 0)
		close(peer.out_fd);
	peer.fd = peer.out_fd = peer.listener = -1;
	peer.in_len = peer.out_at = peer.out_len = 0;
	peer.spoilt = false;
}

#endif
