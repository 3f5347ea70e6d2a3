/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Backends: their names, null, dgram, and pcap around another one.
 */
#include "backend_rig.h"
#include "child.h"
#include "confine.h"

/* ------------------------------------------------------------------- open */

static void
test_open_bad(void **state)
{
	(void)state;
	refused_by("backend=udp: must be one of null, tap, dgram, stream",
	    "backend=udp");
	refused_by("backend=: must be one of", "backend=");
	refused_by("backend=on: must be one of", "backend");
}

static void
test_fd_bad(void **state)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC), pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	refused_by("fd=x: must be the number of a descriptor",
	    "backend=dgram,fd=x");
	refused_by("fd=on: must be the number of a descriptor",
	    "backend=dgram,fd");
	refused_by("fd=4294967296: must be the number of a descriptor",
	    "backend=stream,fd=4294967296");
	refused_by("fd=1000: not an open descriptor", "backend=dgram,fd=1000");
	refused_by("fd=1000: not an open descriptor", "backend=stream,fd=1000");
	/* A socket of another type would be readable for ever. */
	refused_by("not a datagram socket", "backend=dgram,fd=%d", fd);
	refused_by("not a stream socket", "backend=stream,fd=%d", fd);
	refused_by("not a stream socket", "backend=stream,fd=%d", pair[0]);
	close(fd);
	close(pair[0]);
	close(pair[1]);
}

static void
test_null(void **state)
{
	struct backend *b = open_by("%s", "");
	unsigned int i;

	(void)state;
	assert_int_equal(b->fd, -1);
	assert_int_equal(b->vnet_hdr_bytes, 0);
	assert_int_equal(b->offloads, 0);
	assert_true(b->up);
	assert_null(b->ops->receive);
	for (i = 0; i < 100; i++)
		assert_int_equal(send_one(b, i, 60), 1);
	assert_int_equal(b->refused, 0);
	close_it(b);
	close_it(open_by("backend=null"));
}

/* ------------------------------------------------------------ dgram by fd */

static int peer;			/* our end of the pair */

static struct backend *
dgram_pair(void)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	peer = pair[1];
	assert_int_equal(fcntl(peer, F_SETFL, O_NONBLOCK), 0);
	return open_by("backend=dgram,fd=%d", pair[0]);
}

static void
dgram_peer_gets(uint64_t number, uint32_t len)
{
	static uint8_t bytes[BACKEND_FRAME_BYTES + 64];

	assert_int_equal(recv(peer, bytes, sizeof(bytes), 0), len);
	bytes_check(bytes, number, len);
}

static bool
dgram_peer_sends(uint64_t number, uint32_t len)
{
	static uint8_t bytes[BACKEND_FRAME_BYTES + 64];

	bytes_make(bytes, number, len);
	if (send(peer, bytes, len, 0) == (ssize_t)len)
		return true;
	assert_int_equal(errno, EAGAIN);
	return false;
}

static void
test_dgram_options(void **state)
{
	struct backend *b = dgram_pair();

	(void)state;
	/* A program that inherits it would keep the peer connected. */
	assert_int_equal(fcntl(b->fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_true(fcntl(b->fd, F_GETFL) & O_NONBLOCK);
	assert_true(b->up);
	refused_by("either fd=N or local and remote",
	    "backend=dgram,fd=%d,local=/x", b->fd);
	refused_by("either fd=N or local and remote",
	    "backend=dgram,fd=%d,remote=/x", b->fd);
	close_it(b);
	close(peer);
	refused_by("needs local=PATH and remote=PATH, or fd=N",
	    "backend=dgram");
	refused_by("needs local=PATH and remote=PATH, or fd=N",
	    "backend=dgram,local=/x");
	refused_by("needs local=PATH and remote=PATH, or fd=N",
	    "backend=dgram,remote=/x");
}

static void
test_dgram_send(void **state)
{
	struct backend *b = dgram_pair();

	(void)state;
	send_in_pieces(b, dgram_peer_gets);
	close_it(b);
	close(peer);
}

/*
 * Batches of 64 into a socket that takes fewer: it returns how many, becomes
 * writable when the peer has read, and no packet is lost or doubled.
 */
static void
test_dgram_send_full(void **state)
{
	static struct made m[E82540_SEND_MAX];
	struct e82540_packet packet[E82540_SEND_MAX];
	struct backend *b = dgram_pair();
	unsigned int i, took, full = 0;
	uint64_t sent = 0, got = 0;

	(void)state;
	while (sent < 1000) {
		for (i = 0; i < E82540_SEND_MAX; i++) {
			packet_make(&m[i], sent + i, 60 + (sent + i) % 1455,
			    1 + i % 3);
			packet[i] = m[i].packet;
		}
		took = b->ops->send(b, packet, E82540_SEND_MAX);
		assert_true(took <= E82540_SEND_MAX);
		sent += took;
		if (took == E82540_SEND_MAX)
			continue;
		full++;
		assert_int_equal(b->ops->send(b, &packet[took], 1), 0);
		assert_int_equal(ready(b, POLLOUT), 0);
		/* Linux says that it is writable when it is half empty. */
		while (ready(b, POLLOUT) == 0) {
			assert_true(got < sent);
			dgram_peer_gets(got, 60 + got % 1455);
			got++;
		}
	}
	for (; got < sent; got++)
		dgram_peer_gets(got, 60 + got % 1455);
	assert_int_equal(recv(peer, m, 1, 0), -1);
	assert_true(full > 1);
	assert_int_equal(b->refused, 0);
	close_it(b);
	close(peer);
}

/* A packet that can never be sent is counted; the next ones are sent. */
static void
test_dgram_send_too_long(void **state)
{
	struct backend *b = dgram_pair();
	static struct made m[3];
	struct e82540_packet packet[3];
	int bytes = 4096;
	unsigned int i, at;

	(void)state;
	assert_int_equal(setsockopt(b->fd, SOL_SOCKET, SO_SNDBUF, &bytes,
			     sizeof(bytes)),
	    0);
	for (i = 0; i < 3; i++) {
		packet_make(&m[i], i, i == 1 ? 16384 : 60, 1);
		packet[i] = m[i].packet;
	}
	for (at = 0, i = 0; at < 3 && i < 10; i++)
		at += b->ops->send(b, &packet[at], 3 - at);
	assert_int_equal(at, 3);
	assert_int_equal(b->refused, 1);
	dgram_peer_gets(0, 60);
	dgram_peer_gets(2, 60);
	close_it(b);
	close(peer);
}

static void
test_dgram_receive(void **state)
{
	struct e82540_frame frame[BACKEND_BATCH];
	struct backend *b = dgram_pair();
	uint64_t sent = 0, got = 0;
	unsigned int i, n;

	(void)state;
	none_come(b);
	while (got < 2000) {
		while (sent < 2000 && dgram_peer_sends(sent, 1 + sent % 1514))
			sent++;
		n = receive_some(b, frame);
		assert_true(n > 0);
		for (i = 0; i < n; i++, got++)
			frame_check(&frame[i], got, 1 + got % 1514);
	}
	none_come(b);
	assert_int_equal(b->refused, 0);
	close_it(b);
	close(peer);
}

/* Frames too long or empty are counted; the others arrive. */
static void
test_dgram_receive_odd(void **state)
{
	struct e82540_frame frame[BACKEND_BATCH];
	struct backend *b = dgram_pair();
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_true(dgram_peer_sends(0, 16385));
		assert_true(dgram_peer_sends(1, 16384));
		assert_true(dgram_peer_sends(2, 0));
		assert_int_equal(receive_some(b, frame), 1);
		frame_check(frame, 1, 16384);
		assert_int_equal(b->refused, 2 * (i + 1));
	}
	close_it(b);
	close(peer);
}

/* The other end of the pair is closed: packets are lost. */
static void
test_dgram_pair_closed(void **state)
{
	struct backend *b = dgram_pair();
	unsigned int i;

	(void)state;
	while (send_one(b, 0, 1514) == 1)
		;
	close(peer);
	assert_true(ready(b, POLLOUT) & POLLOUT);
	for (i = 1; i <= 10; i++) {
		assert_int_equal(send_one(b, i, 60), 1);
		assert_int_equal(b->refused, i);
	}
	none_come(b);
	/* It must not be ready for ever, or the NIC's thread would spin. */
	assert_int_equal(ready(b, POLLIN), 0);
	close_it(b);
}

/* --------------------------------------------------------- dgram by paths */

/*
 * A peer with one socket.  If it connects this to us, it takes frames from that
 * socket of ours alone that has our name: the kernel's rule.
 */
static void
peer_comes(bool connects)
{
	struct sockaddr_un at = unix_at("peer"), to = unix_at("us");

	peer = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(peer, (struct sockaddr *)&at, sizeof(at)), 0);
	if (connects)
		assert_int_equal(connect(peer, (struct sockaddr *)&to,
				     sizeof(to)),
		    0);
}

static void
peer_goes(void)
{
	assert_int_equal(unlink(unix_at("peer").sun_path), 0);
	close(peer);
}

/* By name: it need not be connected. */
static void
dgram_peer_sends_to_us(uint64_t number, uint32_t len)
{
	static uint8_t bytes[BACKEND_FRAME_BYTES];
	struct sockaddr_un to = unix_at("us");

	bytes_make(bytes, number, len);
	assert_int_equal(sendto(peer, bytes, len, 0, (struct sockaddr *)&to,
			     sizeof(to)),
	    len);
}

static void
dgram_we_get(struct backend *b, uint64_t number, uint32_t len)
{
	struct e82540_frame frame[BACKEND_BATCH];

	assert_int_equal(receive_some(b, frame), 1);
	frame_check(frame, number, len);
}

static void
dgram_both_ways(struct backend *b, uint64_t number)
{
	assert_int_equal(send_one(b, number, 60), 1);
	dgram_peer_gets(number, 60);
	dgram_peer_sends_to_us(number + 1, 100);
	dgram_we_get(b, number + 1, 100);
}

static struct backend *
dgram_by_paths(void)
{
	return open_by("backend=dgram,local=%s/us,remote=%s/peer", dir, dir);
}

/* The peer comes after us, goes, and comes again.  No packet is lost. */
static void
test_dgram_paths(void **state)
{
	struct backend *b = dgram_by_paths();
	unsigned int i, round;

	(void)state;
	for (round = 0; round < 6; round++) {
		for (i = 0; i < 5; i++) {
			assert_int_equal(send_one(b, i, 60), 0);
			assert_int_equal(ready(b, POLLIN), 0);
			assert_int_equal(b->out_fd, -1);
		}
		none_come(b);
		peer_comes(round % 2);
		for (i = 0; i < 5; i++)
			dgram_both_ways(b, i);
		peer_goes();
	}
	assert_int_equal(b->refused, 0);
	assert_true(b->up);
	close_it(b);
	assert_int_equal(access(unix_at("us").sun_path, F_OK), -1);
}

/*
 * A successor sends to us before it gets anything; what the peer before it has
 * sent is still there; and the packet that the kernel refused, as that one had
 * gone, goes to the successor.
 */
static void
test_dgram_successor(void **state)
{
	struct e82540_frame frame[BACKEND_BATCH];
	struct backend *b;
	unsigned int i;

	(void)state;
	peer_comes(false);
	b = dgram_by_paths();
	for (i = 0; i < 24; i++) {
		dgram_both_ways(b, i);
		dgram_peer_sends_to_us(i, 70);
		peer_goes();
		peer_comes(i % 2);
		dgram_peer_sends_to_us(i + 1, 80);
		assert_int_equal(send_one(b, i, 60), 1);
		dgram_peer_gets(i, 60);
		assert_int_equal(receive_some(b, frame), 2);
		frame_check(&frame[0], i, 70);
		frame_check(&frame[1], i + 1, 80);
	}
	peer_goes();
	assert_int_equal(b->refused, 0);
	close_it(b);
}

/* The peer sees local= as the sender, and can answer there. */
static void
test_dgram_sender(void **state)
{
	struct sockaddr_un from, us = unix_at("us");
	socklen_t bytes = sizeof(from);
	struct backend *b;
	unsigned int i;
	char c = 'c';

	(void)state;
	for (i = 0; i < 2; i++) {
		b = dgram_by_paths();
		peer_comes(i);
		memset(&from, 0, sizeof(from));
		assert_int_equal(send_one(b, 1, 60), 1);
		assert_int_equal(recvfrom(peer, &c, 1, MSG_TRUNC,
				     (struct sockaddr *)&from, &bytes),
		    60);
		assert_string_equal(from.sun_path, us.sun_path);
		peer_goes();
		close_it(b);
	}
}

/* The same peer connects its socket to us, and undoes that. */
static void
test_dgram_peer_connects(void **state)
{
	struct sockaddr_un us = unix_at("us"), none = { .sun_family = 0 };
	struct backend *b;
	unsigned int i;

	(void)state;
	peer_comes(false);
	b = dgram_by_paths();
	for (i = 0; i < 3; i++) {
		dgram_both_ways(b, i);
		assert_int_equal(connect(peer, (struct sockaddr *)&us,
				     sizeof(us)),
		    0);
		dgram_both_ways(b, i);
		assert_int_equal(connect(peer, (struct sockaddr *)&none,
				     sizeof(none)),
		    0);
		/* Full: nothing is writable before it has read. */
		while (send_one(b, 7, 60) == 1)
			;
		assert_int_equal(ready(b, POLLOUT), 0);
		while (recv(peer, &us, 1, 0) > 0)
			;
		us = unix_at("us");
		assert_true(ready(b, POLLOUT) & POLLOUT);
	}
	peer_goes();
	assert_int_equal(b->refused, 0);
	close_it(b);
}

/* A packet that was not taken: event() says when a peer has come. */
static void
test_dgram_event(void **state)
{
	struct backend *b = dgram_by_paths();
	struct pollfd fd = { .fd = b->event_fd, .events = POLLIN };
	uint64_t begin;
	unsigned int i;

	(void)state;
	assert_int_equal(poll(&fd, 1, 0), 0);
	assert_int_equal(send_one(b, 1, 60), 0);
	/* It looks again a millisecond later, at the earliest. */
	for (i = 0; i < 4; i++) {
		assert_int_equal(poll(&fd, 1, 20000), 1);
		begin = wall_ns();
		assert_false(b->ops->event(b));
		assert_true(
		    poll(&fd, 1, 0) == 0 || wall_ns() - begin >= 1000000);
	}
	peer_comes(false);
	assert_int_equal(poll(&fd, 1, 20000), 1);
	assert_true(b->ops->event(b));
	assert_int_equal(send_one(b, 1, 60), 1);
	dgram_peer_gets(1, 60);
	assert_int_equal(poll(&fd, 1, 100), 0);
	peer_goes();
	close_it(b);
}

/* A peer stops reading and goes: then the backend is writable again. */
static void
test_dgram_peer_goes_full(void **state)
{
	struct backend *b = dgram_by_paths();
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		peer_comes(i);
		while (send_one(b, 0, 1514) == 1)
			;
		assert_int_equal(ready(b, POLLOUT), 0);
		peer_goes();
		assert_true(ready(b, POLLOUT) & POLLOUT);
		assert_int_equal(send_one(b, 0, 1514), 0);
		peer_comes(!i);
		dgram_both_ways(b, 5);
		peer_goes();
	}
	assert_int_equal(b->refused, 0);
	close_it(b);
}

/* A batch, of which a peer that goes took a part: the others are not lost. */
static void
test_dgram_batch_to_nobody(void **state)
{
	struct e82540_packet packet[E82540_SEND_MAX];
	static struct made m[E82540_SEND_MAX];
	struct backend *b = dgram_by_paths();
	unsigned int i, at;

	(void)state;
	for (i = 0; i < E82540_SEND_MAX; i++) {
		packet_make(&m[i], i, 60, 1);
		packet[i] = m[i].packet;
	}
	assert_int_equal(b->ops->send(b, packet, E82540_SEND_MAX), 0);
	peer_comes(false);
	at = b->ops->send(b, packet, E82540_SEND_MAX);
	assert_true(at > 0);
	peer_goes();
	if (at < E82540_SEND_MAX)
		assert_int_equal(b->ops->send(b, &packet[at],
				     E82540_SEND_MAX - at),
		    0);
	peer_comes(false);
	while (at < E82540_SEND_MAX) {
		i = at;
		at += b->ops->send(b, &packet[at], E82540_SEND_MAX - at);
		assert_true(at > i);
		for (; i < at; i++)
			dgram_peer_gets(i, 60);
	}
	assert_int_equal(b->refused, 0);
	peer_goes();
	close_it(b);
}

static void
test_dgram_paths_bad(void **state)
{
	struct backend *b =
	    open_by("backend=dgram,local=%s/us,remote=%s/peer", dir, dir);
	char path[128];

	(void)state;
	memset(path, 'x', sizeof(path));
	path[108] = '\0';
	refused_by("another program uses it, or it is not a socket",
	    "backend=dgram,local=%s/us,remote=%s/peer", dir, dir);
	close_it(b);
	refused_by("local=/nonexistent/x: No such file",
	    "backend=dgram,local=/nonexistent/x,remote=/x");
	refused_by("/us: this is local, too",
	    "backend=dgram,local=%s/us,remote=%s/us", dir, dir);
	refused_by("this is local, too",
	    "backend=dgram,local=%s/us,remote=%s/./us", dir, dir);
	refused_by("path must be 1 to 107 bytes long",
	    "backend=dgram,local=%s,remote=/x", path);
	refused_by("path must be 1 to 107 bytes long",
	    "backend=dgram,local=%s/us,remote=%s", dir, path);
	refused_by("path must be 1 to 107 bytes long",
	    "backend=dgram,local=,remote=/x");
	refused_by("path must be 1 to 107 bytes long",
	    "backend=dgram,local=%s/us,remote=", dir);
	/* dir is empty: dir_remove(). */
}

/* ------------------------------------------------------------------- pcap */

/* The inner backend of pcap: it takes `room` packets. */
struct net {
	struct backend b;
	unsigned int room;
	unsigned int closed;
	struct made in;
};

static struct net net;

static unsigned int
net_send(struct backend *b, const struct e82540_packet *packet, unsigned int n)
{
	struct net *w = (struct net *)b;

	(void)packet;
	if (n > w->room)
		n = w->room;
	w->room -= n;
	b->refused += n;
	return n;
}

static unsigned int
net_receive(struct backend *b, struct e82540_frame *frame, unsigned int n)
{
	struct net *w = (struct net *)b;
	unsigned int i;

	for (i = 0; i < n && i < 3; i++) {
		packet_make(&w->in, 7, 200, 1);
		frame[i] = (struct e82540_frame){ w->in.bytes, 200, 0 };
	}
	b->up = false;
	b->fd = 77;
	return i;
}

static void
net_close(struct backend *b)
{
	((struct net *)b)->closed++;
}

static const struct backend_ops net_ops = {
	.send = net_send,
	.receive = net_receive,
	.close = net_close,
};

static struct backend *
net_new(void)
{
	memset(&net, 0, sizeof(net));
	net.b.ops = &net_ops;
	net.b.fd = net.b.out_fd = 55;
	net.b.event_fd = -1;
	net.b.up = true;
	net.b.vnet_hdr_bytes = 12;
	net.b.offloads = E82540_OFFLOAD_CSUM;
	net.room = 1000;
	return &net.b;
}

static struct {
	uint8_t data[1 << 16];
	size_t bytes, at;
} file;

static void
file_read(const char *name)
{
	FILE *f;

	f = fopen(unix_at(name).sun_path, "r");
	assert_non_null(f);
	file.bytes = fread(file.data, 1, sizeof(file.data), f);
	file.at = 0;
	fclose(f);
	assert_int_equal(unlink(unix_at(name).sun_path), 0);
}

static const uint8_t *
file_take(size_t n)
{
	const uint8_t *p = file.data + file.at;

	assert_true(n <= file.bytes - file.at);
	file.at += n;
	return p;
}

static uint32_t
file_u32(void)
{
	uint32_t v;

	memcpy(&v, file_take(4), 4);
	return v;
}

/* The draft "PCAP Capture File Format", 4: magic of nanoseconds, 2.4. */
static void
file_header(void)
{
	static const uint8_t version[4] = { 2, 0, 4, 0 };

	assert_int_equal(file_u32(), 0xa1b23c4d);
	assert_memory_equal(file_take(4), version, 4);
	assert_int_equal(file_u32(), 0);
	assert_int_equal(file_u32(), 0);
	assert_true(file_u32() >= 65536 + 100);
	assert_int_equal(file_u32(), 1);
}

static void
file_record(uint64_t number, uint32_t len)
{
	uint32_t seconds = file_u32(), nanoseconds = file_u32();
	struct timespec now;

	/* Not time(): its clock is up to a tick late. */
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
	assert_in_range(seconds, now.tv_sec - 60, now.tv_sec);
	assert_true(nanoseconds < 1000000000);
	assert_int_equal(file_u32(), len);
	assert_int_equal(file_u32(), len);
	bytes_check(file_take(len), number, len);
}

/* Both directions, in order; everything else is as in the inner one. */
static void
test_pcap(void **state)
{
	struct backend *b;
	struct e82540_frame frame[BACKEND_BATCH];
	uint64_t i;

	(void)state;
	b = dgram_pair();
	b = backend_pcap(b, unix_at("pcap").sun_path, &err);
	assert_non_null(b);
	for (i = 0; i < 9; i++) {
		assert_int_equal(send_one(b, i, 60 + (uint32_t)i), 1);
		dgram_peer_gets(i, 60 + (uint32_t)i);
		assert_true(dgram_peer_sends(i + 100, 1514));
		assert_int_equal(receive_some(b, frame), 1);
		frame_check(frame, i + 100, 1514);
	}
	/* The file is complete at any time. */
	file_read("pcap");
	close_it(b);
	close(peer);
	file_header();
	for (i = 0; i < 9; i++) {
		file_record(i, 60 + (uint32_t)i);
		file_record(i + 100, 1514);
	}
	assert_int_equal(file.at, file.bytes);
}

/* The file has no virtio-net headers, and no packets that were refused. */
static void
test_pcap_header(void **state)
{
	static const uint8_t hdr[12] = { 0xff, 0xee, 0xdd };
	struct backend *b =
	    backend_pcap(net_new(), unix_at("pcap").sun_path, &err);
	struct e82540_frame frame[BACKEND_BATCH];
	struct e82540_packet packet[5];
	struct e82540_iov iov[3];
	struct made m;
	unsigned int i;

	(void)state;
	assert_non_null(b);
	assert_int_equal(b->vnet_hdr_bytes, 12);
	assert_int_equal(b->offloads, E82540_OFFLOAD_CSUM);
	assert_int_equal(b->fd, 55);
	packet_make(&m, 3, 300, 2);
	iov[0] = (struct e82540_iov){ hdr, sizeof(hdr) };
	iov[1] = m.iov[0];
	iov[2] = m.iov[1];
	for (i = 0; i < 5; i++)
		packet[i] = (struct e82540_packet){ iov, 3, 300 };
	net.room = 2;
	assert_int_equal(b->ops->send(b, packet, 5), 2);
	assert_int_equal(b->refused, 2);
	assert_true(b->up);
	assert_int_equal(receive_some(b, frame), 3);
	assert_false(b->up);
	assert_int_equal(b->fd, 77);
	close_it(b);
	assert_int_equal(net.closed, 1);
	file_read("pcap");
	file_header();
	file_record(3, 300);
	file_record(3, 300);
	for (i = 0; i < 3; i++)
		file_record(7, 200);
	assert_int_equal(file.at, file.bytes);
}

/* An error closes the inner backend, too. */
static void
test_pcap_bad(void **state)
{
	(void)state;
	assert_null(backend_pcap(net_new(), "/nonexistent/x", &err));
	says(&err, "pcap=/nonexistent/x: No such file");
	assert_int_equal(net.closed, 1);
	assert_null(backend_pcap(net_new(), "/dev/full", &err));
	says(&err, "pcap=/dev/full: No space left");
	assert_int_equal(net.closed, 1);
	refused_by("pcap=/tmp: Is a directory", "pcap=/tmp");
}

static void
test_pcap_null(void **state)
{
	struct backend *b = open_by("pcap=%s/pcap", dir);
	struct e82540_frame frame[1];

	(void)state;
	assert_int_equal(send_one(b, 5, 60), 1);
	if (b->ops->receive != NULL)
		assert_int_equal(b->ops->receive(b, frame, 1), 0);
	close_it(b);
	file_read("pcap");
	file_header();
	file_record(5, 60);
	assert_int_equal(file.at, file.bytes);
}

/* -------------------------------------------------------- dgram, confined */

/* As a NIC's thread.  It sends a packet for each byte of `ask'. */
static void
dgram_confined(struct backend *b, int ask)
{
	struct sockaddr_un other = unix_at("other");
	unsigned char number;

	child_begin();
	if (confine_no_new_privs(&err) != 0 ||
	    confine_thread(CONFINE_NIC, NULL, 0, &err) != 0)
		child_leave(1);
	while (read(ask, &number, 1) == 1 && number != 0xff)
		if (send_one(b, number, 60) != 1)
			child_leave(2);
	(void)sendto(b->fd, "x", 1, 0, (struct sockaddr *)&other,
	    sizeof(other));
	child_leave(ENDED_WELL);
}

static void
dgram_ask(int ask, unsigned char number)
{
	struct pollfd p = { .fd = peer, .events = POLLIN };

	assert_int_equal(write(ask, &number, 1), 1);
	if (number == 0xff)
		return;
	assert_int_equal(poll(&p, 1, 20000), 1);
	dgram_peer_gets(number, 60);
}

/*
 * A confined thread reaches each successor of its peer, also those that connect
 * to us, and no other socket: trying kills it.
 */
static void
test_dgram_confined(void **state)
{
	struct sockaddr_un at = unix_at("other");
	struct backend *b = dgram_by_paths();
	int ask[2], other = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	unsigned char i;
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(bind(other, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(pipe(ask), 0);
	pid = fork();
	if (pid == 0)
		dgram_confined(b, ask[0]);
	for (i = 0; i < 6; i++) {
		peer_comes(i & 1);
		dgram_ask(ask[1], i);
		dgram_ask(ask[1], i);
		peer_goes();
	}
	dgram_ask(ask[1], 0xff);
	assert_true(was_killed(child_wait(pid)));
	assert_int_equal(recv(other, &byte, 1, 0), -1);
	close(ask[0]);
	close(ask[1]);
	close(other);
	assert_int_equal(unlink(at.sun_path), 0);
	close_it(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_bad),
		cmocka_unit_test(test_fd_bad),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_dgram_options),
		cmocka_unit_test(test_dgram_send),
		cmocka_unit_test(test_dgram_send_full),
		cmocka_unit_test(test_dgram_send_too_long),
		cmocka_unit_test(test_dgram_receive),
		cmocka_unit_test(test_dgram_receive_odd),
		cmocka_unit_test(test_dgram_pair_closed),
		cmocka_unit_test(test_dgram_paths),
		cmocka_unit_test(test_dgram_peer_goes_full),
		cmocka_unit_test(test_dgram_batch_to_nobody),
		cmocka_unit_test(test_dgram_successor),
		cmocka_unit_test(test_dgram_sender),
		cmocka_unit_test(test_dgram_peer_connects),
		cmocka_unit_test(test_dgram_confined),
		cmocka_unit_test(test_dgram_event),
		cmocka_unit_test(test_dgram_paths_bad),
		cmocka_unit_test(test_pcap),
		cmocka_unit_test(test_pcap_header),
		cmocka_unit_test(test_pcap_bad),
		cmocka_unit_test(test_pcap_null),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}
