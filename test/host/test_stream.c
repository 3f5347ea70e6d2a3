/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stream backend: frames do not depend on how their bytes are cut; peers
 * come, go, and break the protocol.
 */
#include "backend_rig.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>

#define PEER_MAX	(256u * 1024 - 4)	/* of a frame, by its length */

static int peer = -1;

static struct backend *
stream_pair(void)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	peer = pair[1];
	assert_int_equal(fcntl(peer, F_SETFL, O_NONBLOCK), 0);
	return open_by("backend=stream,fd=%d", pair[0]);
}

static void
length_put(uint8_t *p, uint32_t len)
{
	p[0] = (uint8_t)(len >> 24);
	p[1] = (uint8_t)(len >> 16);
	p[2] = (uint8_t)(len >> 8);
	p[3] = (uint8_t)len;
}

/* A frame as the peer writes it.  Returns its size in bytes. */
static uint32_t
stream_frame_make(uint8_t *to, uint64_t number, uint32_t len)
{
	length_put(to, len);
	bytes_make(to + 4, number, len);
	return 4 + len;
}

static void
peer_writes(const void *bytes, size_t n)
{
	assert_int_equal(send(peer, bytes, n, MSG_NOSIGNAL), n);
}

static void
stream_peer_sends(uint64_t number, uint32_t len)
{
	static uint8_t bytes[4 + PEER_MAX];

	peer_writes(bytes, stream_frame_make(bytes, number, len));
}

/* Reads exactly n bytes, without waiting. */
static void
peer_reads(uint8_t *to, size_t n)
{
	assert_int_equal(recv(peer, to, n, MSG_WAITALL), n);
}

static void
stream_peer_gets(uint64_t number, uint32_t len)
{
	static uint8_t bytes[BACKEND_FRAME_BYTES + 4];
	uint8_t want[4];

	length_put(want, len);
	peer_reads(bytes, 4);
	assert_memory_equal(bytes, want, 4);
	peer_reads(bytes, len);
	bytes_check(bytes, number, len);
}

static void
one_comes(struct backend *b, uint64_t number, uint32_t len)
{
	struct e82540_frame frame[BACKEND_BATCH];

	assert_int_equal(receive_some(b, frame), 1);
	frame_check(frame, number, len);
}

/* The cable is out, no packet is taken, and poll() reports nothing. */
static void
is_down(struct backend *b)
{
	unsigned long long refused = b->refused;

	assert_false(b->up);
	assert_int_equal(send_one(b, 0, 60), 0);
	assert_int_equal(b->refused, refused);
	assert_int_equal(b->out_fd, -1);
	none_come(b);
}

static void
stream_end(struct backend *b)
{
	close_it(b);
	if (peer >= 0)
		close(peer);
	peer = -1;
}

/* ---------------------------------------------------------------- options */

static void
test_options(void **state)
{
	char path[128];
	struct backend *b;

	(void)state;
	memset(path, 'x', sizeof(path));
	path[108] = '\0';
	refused_by("needs path=PATH or fd=N", "backend=stream");
	refused_by("needs path=PATH or fd=N", "backend=stream,server=on");
	refused_by("server=yes: must be on or off",
	    "backend=stream,path=/x,server=yes");
	refused_by("path must be 1 to 107 bytes long", "backend=stream,path=");
	refused_by("path must be 1 to 107 bytes long", "backend=stream,path=%s",
	    path);
	refused_by("start the peer first, or add server=on",
	    "backend=stream,path=%s/none", dir);
	refused_by("path=/nonexistent/x: No such file",
	    "backend=stream,path=/nonexistent/x,server=on");
	b = stream_pair();
	assert_int_equal(fcntl(b->fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	refused_by("either fd=N or path=PATH", "backend=stream,fd=%d,path=/x",
	    b->fd);
	refused_by("either fd=N or path=PATH", "backend=stream,fd=%d,server",
	    b->fd);
	assert_true(b->up);
	stream_end(b);
}

/* ------------------------------------------------------------------- send */

static void
test_send(void **state)
{
	struct backend *b = stream_pair();

	(void)state;
	send_in_pieces(b, stream_peer_gets);
	stream_end(b);
}

/* 64 packets of 64 pieces are more than one system call takes. */
static void
test_send_batch(void **state)
{
	static struct made m[E82540_SEND_MAX];
	struct e82540_packet packet[E82540_SEND_MAX];
	struct backend *b = stream_pair();
	unsigned int i, took, at = 0, calls = 0;

	(void)state;
	for (i = 0; i < E82540_SEND_MAX; i++) {
		packet_make(&m[i], i, 1000 + i, PIECES_MAX);
		packet[i] = m[i].packet;
	}
	while (at < E82540_SEND_MAX) {
		took = b->ops->send(b, &packet[at], E82540_SEND_MAX - at);
		assert_true(took > 0);
		for (i = at; i < at + took; i++)
			stream_peer_gets(i, 1000 + i);
		at += took;
		calls++;
	}
	assert_true(calls > 1);
	assert_int_equal(b->refused, 0);
	stream_end(b);
}

static uint32_t
odd_len(uint64_t number)
{
	return 1 + (uint32_t)(number * 2654435761u % 16384);
}

/*
 * A small socket, and a peer that reads some bytes now and then: packets go out
 * in parts, and the rest of one packet goes out before the next packet.
 */
static void
test_send_partial(void **state)
{
	static struct made m[8];
	static uint8_t bytes[4 + BACKEND_FRAME_BYTES], want[4];
	struct e82540_packet packet[8];
	struct backend *b = stream_pair();
	uint64_t sent = 0, got = 0;
	size_t have = 0, need;
	unsigned int i, stopped = 0;
	int small = 5000;
	ssize_t n;

	(void)state;
	assert_int_equal(setsockopt(b->fd, SOL_SOCKET, SO_SNDBUF, &small,
			     sizeof(small)),
	    0);
	while (got < 1000) {
		for (i = 0; i < 8; i++) {
			packet_make(&m[i], sent + i, odd_len(sent + i), 1 + i);
			packet[i] = m[i].packet;
		}
		i = b->ops->send(b, packet, 8);
		stopped += i == 0;
		sent += i;
		need = 4 + odd_len(got);
		n = recv(peer, bytes + have,
		    need - have < 3001 ? need - have : 3001, 0);
		assert_true(n > 0 || (errno == EAGAIN && i > 0));
		have += n > 0 ? (size_t)n : 0;
		if (have < need)
			continue;
		length_put(want, odd_len(got));
		assert_memory_equal(bytes, want, 4);
		bytes_check(bytes + 4, got, odd_len(got));
		got++;
		have = 0;
	}
	assert_true(stopped > 100);
	assert_int_equal(b->refused, 0);
	stream_end(b);
}

/* The rest of a packet goes out even if no packet follows. */
static void
test_send_rest(void **state)
{
	static uint8_t bytes[65536];
	struct backend *b = stream_pair();
	size_t sent = 0, got = 0;
	uint64_t number = 0;
	int small = 5000;
	ssize_t n;

	(void)state;
	assert_int_equal(setsockopt(b->fd, SOL_SOCKET, SO_SNDBUF, &small,
			     sizeof(small)),
	    0);
	while (!b->unsent) {
		assert_int_equal(send_one(b, number++, 16000), 1);
		sent += 4 + 16000;
	}
	do {
		n = recv(peer, bytes, sizeof(bytes), 0);
		got += n > 0 ? (size_t)n : 0;
		if (b->unsent)
			assert_int_equal(b->ops->send(b, NULL, 0), 0);
	} while (n > 0 || b->unsent);
	assert_int_equal(got, sent);
	assert_int_equal(b->refused, 0);
	stream_end(b);
}

/* A full socket becomes writable when the peer has read. */
static void
test_send_full(void **state)
{
	struct backend *b = stream_pair();
	uint64_t sent = 0, got = 0;

	(void)state;
	while (send_one(b, sent, 1514) == 1)
		sent++;
	assert_int_equal(send_one(b, sent, 1514), 0);
	assert_int_equal(ready(b, POLLOUT), 0);
	while (ready(b, POLLOUT) == 0) {
		assert_true(got < sent);
		stream_peer_gets(got++, 1514);
	}
	assert_int_equal(send_one(b, sent++, 1514), 1);
	while (got < sent)
		stream_peer_gets(got++, 1514);
	assert_int_equal(recv(peer, &got, 1, 0), -1);
	stream_end(b);
}

/*
 * The peer goes while a packet is sent in part.  send() takes no more, and does
 * not wait; receive() finds out, too.
 */
static void
test_send_peer_goes(void **state)
{
	struct backend *b = stream_pair();
	int small = 5000, bytes;

	(void)state;
	assert_int_equal(setsockopt(b->fd, SOL_SOCKET, SO_SNDBUF, &small,
			     sizeof(small)),
	    0);
	assert_int_equal(send_one(b, 0, 16384), 1);
	assert_int_equal(send_one(b, 0, 60), 0);
	assert_int_equal(ioctl(peer, FIONREAD, &bytes), 0);
	assert_true(bytes > 0 && bytes < 16388);
	close(peer);
	peer = -1;
	assert_true(ready(b, POLLOUT) & POLLOUT);
	assert_int_equal(send_one(b, 0, 60), 0);
	/* It must not be ready for ever, or the NIC's thread would spin. */
	assert_int_equal(b->out_fd, -1);
	assert_int_equal(send_one(b, 0, 60), 0);
	assert_int_equal(b->refused, 0);
	none_come(b);
	is_down(b);
	assert_int_equal(b->fd, -1);
	stream_end(b);
}

/* ---------------------------------------------------------------- receive */

static void
test_receive(void **state)
{
	static const uint32_t lens[] = { 1, 2, 60, 1514, 16383, 16384 };
	struct backend *b = stream_pair();
	size_t i;

	(void)state;
	none_come(b);
	for (i = 0; i < COUNT(lens); i++) {
		stream_peer_sends(i, lens[i]);
		one_comes(b, i, lens[i]);
		none_come(b);
	}
	assert_true(b->up);
	assert_int_equal(b->refused, 0);
	stream_end(b);
}

/* Frames and lengths, cut at every byte. */
static void
test_receive_split(void **state)
{
	struct backend *b = stream_pair();
	struct e82540_frame frame[BACKEND_BATCH];
	uint8_t bytes[256];
	uint32_t n, cut;

	(void)state;
	n = stream_frame_make(bytes, 1, 60);
	n += stream_frame_make(bytes + n, 2, 1);
	n += stream_frame_make(bytes + n, 3, 61);
	for (cut = 1; cut < n; cut++) {
		unsigned int count, before;

		peer_writes(bytes, cut);
		count = before = receive_some(b, frame);
		assert_int_equal(before, (cut >= 64) + (cut >= 69));
		if (before > 0)
			frame_check(&frame[0], 1, 60);
		if (before > 1)
			frame_check(&frame[1], 2, 1);
		none_come(b);
		peer_writes(bytes + cut, n - cut);
		count += receive_some(b, frame);
		assert_int_equal(count, 3);
		frame_check(&frame[2 - before], 3, 61);
	}
	stream_end(b);
}

static void
test_receive_byte_by_byte(void **state)
{
	struct backend *b = stream_pair();
	uint8_t bytes[1600];
	uint32_t i, n = stream_frame_make(bytes, 9, 1514);

	(void)state;
	for (i = 0; i < n; i++) {
		none_come(b);
		peer_writes(bytes + i, 1);
	}
	one_comes(b, 9, 1514);
	stream_end(b);
}

/* Many at once arrive in order, a batch in each call. */
static void
test_receive_many(void **state)
{
	struct backend *b = stream_pair();
	struct e82540_frame frame[BACKEND_BATCH];
	unsigned int i, n, got = 0;

	(void)state;
	for (i = 0; i < 150; i++)
		stream_peer_sends(i, 20 + i);
	while (got < 150) {
		n = receive_some(b, frame);
		assert_true(n > 0);
		for (i = 0; i < n; i++, got++)
			frame_check(&frame[i], got, 20 + got);
	}
	none_come(b);
	stream_end(b);
}

/*
 * More than the buffer holds, with frames of all lengths, so that some lie
 * across the buffer's end.  The peer writes whenever there is room.
 */
static void
test_receive_much(void **state)
{
	static uint8_t bytes[4 + BACKEND_FRAME_BYTES];
	struct e82540_frame frame[BACKEND_BATCH];
	struct backend *b = stream_pair();
	uint64_t sent = 0, got = 0;
	size_t at = 0, len = 0;
	unsigned int i, n;
	ssize_t wrote;

	(void)state;
	while (got < 1000) {
		for (;;) {
			if (at == len && sent < 1000) {
				len = stream_frame_make(bytes, sent,
				    odd_len(sent));
				at = 0;
				sent++;
			}
			wrote = send(peer, bytes + at, len - at, MSG_NOSIGNAL);
			if (at == len || wrote < 0)
				break;
			at += (size_t)wrote;
		}
		n = receive_some(b, frame);
		for (i = 0; i < n; i++, got++)
			frame_check(&frame[i], got, odd_len(got));
	}
	none_come(b);
	assert_int_equal(b->refused, 0);
	stream_end(b);
}

/* Frames too long for any chip are counted, up to our buffer's size. */
static void
test_receive_too_long(void **state)
{
	static const uint32_t lens[] = { 16385, 65536, PEER_MAX };
	static uint8_t bytes[4 + PEER_MAX];
	struct backend *b = stream_pair();
	uint32_t at, n, part;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(lens); i++) {
		n = stream_frame_make(bytes, i, lens[i]);
		for (at = 0; at < n; at += part) {
			part = n - at < 50000 ? n - at : 50000;
			peer_writes(bytes + at, part);
			none_come(b);
		}
		assert_int_equal(b->refused, i + 1);
		stream_peer_sends(i, 60);
		one_comes(b, i, 60);
	}
	assert_true(b->up);
	stream_end(b);
}

/* An impossible length: the peer is not a stream peer, and is dropped. */
static void
test_receive_bad_length(void **state)
{
	static const uint32_t lens[] = { 0, PEER_MAX + 1, 0x80000000,
		UINT32_MAX };
	struct e82540_frame frame[BACKEND_BATCH];
	struct backend *b;
	uint8_t bytes[256];
	unsigned int i, first;
	uint32_t n;

	(void)state;
	for (i = 0; i < COUNT(lens); i++)
		for (first = 0; first < 2; first++) {
			b = stream_pair();
			n = first != 0 ? stream_frame_make(bytes, 1, 60) : 0;
			length_put(bytes + n, lens[i]);
			peer_writes(bytes, n + 4);
			/* Frames before it are good. */
			if (first != 0)
				one_comes(b, 1, 60);
			/* Found without more input. */
			assert_int_equal(receive_some(b, frame), 0);
			is_down(b);
			assert_int_equal(recv(peer, bytes, 1, 0), 0);
			stream_end(b);
		}
}

/* The peer goes within a frame or a length: whole frames arrive. */
static void
test_receive_peer_goes(void **state)
{
	static const uint32_t cuts[] = { 64, 65, 67, 68, 127 };
	struct backend *b;
	uint8_t bytes[256];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cuts); i++) {
		b = stream_pair();
		(void)stream_frame_make(bytes + stream_frame_make(bytes, 1, 60),
		    2, 60);
		peer_writes(bytes, cuts[i]);
		close(peer);
		peer = -1;
		one_comes(b, 1, 60);
		none_come(b);
		is_down(b);
		/* One of fd=N does not connect again: poll() is silent. */
		assert_int_equal(b->fd, -1);
		stream_end(b);
	}
}

/* ------------------------------------------------------- server and client */

static struct backend *
server(void)
{
	struct backend *b =
	    open_by("backend=stream,path=%s/sock,server=on", dir);

	is_down(b);
	return b;
}

static void
peer_connects(void)
{
	struct sockaddr_un at = unix_at("sock");

	peer = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(peer, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(fcntl(peer, F_SETFL, O_NONBLOCK), 0);
}

/* The descriptor is readable when a peer connects; then it is up. */
static void
stream_accepted(struct backend *b)
{
	assert_int_equal(ready(b, POLLIN), POLLIN);
	none_come(b);
	assert_true(b->up);
}

static void
stream_both_ways(struct backend *b, uint64_t number)
{
	assert_int_equal(send_one(b, number, 1514), 1);
	stream_peer_gets(number, 1514);
	stream_peer_sends(number + 1, 100);
	one_comes(b, number + 1, 100);
}

static void
test_server(void **state)
{
	struct backend *b = server();
	unsigned int round;

	(void)state;
	refused_by("another program uses it, or it is not a socket",
	    "backend=stream,path=%s/sock,server=on", dir);
	assert_int_equal(ready(b, POLLIN | POLLOUT), 0);
	for (round = 0; round < 5; round++) {
		peer_connects();
		/* The cable is out until receive(). */
		assert_false(b->up);
		stream_accepted(b);
		stream_both_ways(b, round);
		close(peer);
		assert_true(ready(b, POLLIN) & POLLIN);
		none_come(b);
		is_down(b);
		/* It polls the listening socket again. */
		assert_int_equal(ready(b, POLLIN | POLLOUT), 0);
	}
	peer = -1;
	stream_end(b);
	assert_int_equal(access(unix_at("sock").sun_path, F_OK), -1);
}

/*
 * A peer goes in the middle of a frame, in both directions: the next peer gets
 * ours whole, and no rest of the peer's counts.
 */
static void
test_server_peer_goes_within(void **state)
{
	struct backend *b = server();
	uint8_t bytes[256];
	int small = 5000;
	uint64_t i;

	(void)state;
	peer_connects();
	stream_accepted(b);
	(void)stream_frame_make(bytes, 1, 60);
	peer_writes(bytes, 30);
	none_come(b);
	assert_int_equal(setsockopt(b->fd, SOL_SOCKET, SO_SNDBUF, &small,
			     sizeof(small)),
	    0);
	for (i = 0; send_one(b, i, 16384) == 1; i++)
		;
	assert_true(b->unsent);
	close(peer);
	none_come(b);
	is_down(b);
	peer_connects();
	stream_accepted(b);
	assert_int_equal(b->ops->send(b, NULL, 0), 0);
	stream_peer_gets(i - 1, 16384);
	stream_both_ways(b, 7);
	stream_end(b);
}

/* One peer at a time: another waits for its turn. */
static void
test_server_second(void **state)
{
	struct backend *b = server();
	int first;

	(void)state;
	peer_connects();
	stream_accepted(b);
	first = peer;
	peer_connects();
	none_come(b);
	stream_peer_sends(5, 70);
	none_come(b);
	close(first);
	none_come(b);
	is_down(b);
	assert_true(b->up);
	one_comes(b, 5, 70);
	stream_both_ways(b, 1);
	stream_end(b);
}

static void
test_client(void **state)
{
	struct sockaddr_un at = unix_at("sock");
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	struct backend *b;

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	refused_by("Connection refused", "backend=stream,path=%s/sock", dir);
	assert_int_equal(listen(listener, 1), 0);
	b = open_by("backend=stream,path=%s/sock", dir);
	peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	assert_true(peer >= 0);
	assert_true(b->up);
	stream_both_ways(b, 1);
	stream_end(b);
	close(listener);
	/* A client does not remove the socket. */
	assert_int_equal(unlink(at.sun_path), 0);
}

/* A listening peer, which closes its socket when it goes. */
static int
peer_listens(void)
{
	struct sockaddr_un at = unix_at("sock");
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 1), 0);
	return listener;
}

static void
peer_accepts(int listener)
{
	struct pollfd fd = { .fd = listener, .events = POLLIN };

	assert_int_equal(poll(&fd, 1, 20000), 1);
	peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(peer >= 0);
}

static void
peer_ends(int listener)
{
	assert_int_equal(unlink(unix_at("sock").sun_path), 0);
	close(listener);
	close(peer);
	peer = -1;
}

/* event_fd says when there is a peer again. */
static void
reconnected(struct backend *b)
{
	struct pollfd fd = { .fd = b->event_fd, .events = POLLIN };

	assert_int_equal(poll(&fd, 1, 20000), 1);
	assert_true(b->ops->event(b));
	assert_true(b->up);
	assert_int_equal(poll(&fd, 1, 0), 0);
	assert_int_equal(fcntl(b->fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_true(fcntl(b->fd, F_GETFL) & O_NONBLOCK);
}

/*
 * The peer of a client restarts: the client connects again, whether the peer is
 * back at once or later, or goes at once.
 */
static void
test_client_reconnects(void **state)
{
	int listener = peer_listens();
	struct backend *b;
	unsigned int i;

	(void)state;
	b = open_by("backend=stream,path=%s/sock", dir);
	peer_accepts(listener);
	for (i = 0; i < 6; i++) {
		stream_both_ways(b, i);
		if (i % 2) {
			close(peer);	/* it listens all the time */
		} else {
			peer_ends(listener);
			usleep(i * 20000);
		}
		none_come(b);
		is_down(b);
		if (i % 2 == 0)
			listener = peer_listens();
		peer_accepts(listener);
		reconnected(b);
	}
	stream_both_ways(b, 7);
	peer_ends(listener);
	stream_end(b);
}

/* How many connections a peer gets that closes each one at once. */
static void
test_client_pauses(void **state)
{
	int listener = peer_listens();
	unsigned int connections = 0;
	struct timespec begin, now;
	struct backend *b;

	(void)state;
	b = open_by("backend=stream,path=%s/sock", dir);
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &begin), 0);
	do {
		peer_accepts(listener);
		close(peer);
		peer = -1;
		if (!b->up)
			reconnected(b);
		none_come(b);
		assert_false(b->up);
		connections++;
		assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	} while (connections < 2 ||
	    now.tv_sec * 1000 + now.tv_nsec / 1000000 <
		begin.tv_sec * 1000 + begin.tv_nsec / 1000000 + 1000);
	/* 10, 20, 40 ... 640 ms are 1270. */
	assert_in_range(connections, 2, 9);
	assert_int_equal(unlink(unix_at("sock").sun_path), 0);
	close(listener);
	stream_end(b);
}

/* The process that connects is told by close(), and ends. */
static void
test_client_process_ends(void **state)
{
	int listener = peer_listens(), fd;
	struct pollfd p = { .events = 0 };
	struct backend *b;

	(void)state;
	b = open_by("backend=stream,path=%s/sock", dir);
	peer_accepts(listener);
	fd = dup(b->event_fd);
	peer_ends(listener);
	none_come(b);
	is_down(b);
	/* It looks for a peer now; our copy of the socket keeps it alive. */
	close_it(b);
	p.fd = fd;
	assert_int_equal(poll(&p, 1, 100), 0);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_int_equal(poll(&p, 1, 20000), 1);
	assert_true(p.revents & POLLHUP);
	close(fd);
}

/* A peer that goes must not end the program. */
static void
test_no_sigpipe(void **state)
{
	struct backend *b;
	pid_t child;
	int status;

	(void)state;
	child = fork();
	if (child == 0) {
		(void)signal(SIGPIPE, SIG_DFL);	/* as in a new program */
		b = stream_pair();
		close(peer);
		_exit(
		    send_one(b, 0, 60) == 0 && send_one(b, 1, 60) == 0 ? 7 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_send),
		cmocka_unit_test(test_send_batch),
		cmocka_unit_test(test_send_partial),
		cmocka_unit_test(test_send_rest),
		cmocka_unit_test(test_send_full),
		cmocka_unit_test(test_send_peer_goes),
		cmocka_unit_test(test_receive),
		cmocka_unit_test(test_receive_split),
		cmocka_unit_test(test_receive_byte_by_byte),
		cmocka_unit_test(test_receive_many),
		cmocka_unit_test(test_receive_much),
		cmocka_unit_test(test_receive_too_long),
		cmocka_unit_test(test_receive_bad_length),
		cmocka_unit_test(test_receive_peer_goes),
		cmocka_unit_test(test_server),
		cmocka_unit_test(test_server_peer_goes_within),
		cmocka_unit_test(test_server_second),
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_client_reconnects),
		cmocka_unit_test(test_client_pauses),
		cmocka_unit_test(test_client_process_ends),
		cmocka_unit_test(test_no_sigpipe),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}
