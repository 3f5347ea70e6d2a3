/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lem-traffic: two machines send each other data and check what arrives.  One
 * serves, the other asks; see traffic.c.
 *
 * A request is a TCP connection that begins with a line.  The rest depends on
 * that line.  The server ends it with a line that begins with "ok" or "no".
 */
#ifndef LINUX_TRAFFIC_H
#define LINUX_TRAFFIC_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_BYTES	512
#define WAIT_SECONDS	90		/* for the other side, at most */
#define CHUNK_MAX	65536u
#define DATAGRAM_MAX	65507u
#define LEM_ETHERTYPE	0x88b5		/* for experiments: IEEE 802, annex */

/* ------------------------------------------------------------------ pattern */

/* Bytes of the stream of seed, from byte `at` on: write or compare buf. */
void pattern_fill(uint64_t seed, uint64_t at, void *buf, size_t n);

/* pattern_match: how many of the n bytes are right before a wrong one. */
size_t pattern_match(uint64_t seed, uint64_t at, const void *buf, size_t n);

/* pattern_sum: continues the checksum `sum` (at first 0) with n bytes. */
uint64_t pattern_sum(uint64_t sum, const void *buf, size_t n);

/* The i-th number of seed, from 1 to max. */
uint32_t pattern_number(uint64_t seed, uint64_t i, uint32_t max);

/* ------------------------------------------------------------------ sockets */

/* The server's address. */
struct peer {
	const char *addr, *port;
};

uint64_t now_ns(void);

/* net_connect: returns a socket with time limits; prints why it cannot. */
int net_connect(const struct peer *peer, int type);
/* net_listen: port "0" is any; "fd=N" is a socket that listens already. */
int net_listen(const char *port, int type);
bool net_send(int fd, const void *buf, size_t n);
bool
net_say(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* net_line: reads a line, byte by byte, and nothing beyond its newline. */
bool net_line(int fd, char line[LINE_BYTES]);
/* net_ask: connects and sends the first line.  -1: it printed why not. */
int net_ask(const struct peer *peer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* net_answer: the server's text after "ok "; NULL: it printed why not. */
const char *net_answer(int fd, char line[LINE_BYTES]);
/* Prints to standard error; returns EXIT_FAILURE. */
int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ------------------------------------------------------- streams (stream.c) */

/* chunk: bytes of a write; 0: a random size, 1 byte to 64 KiB. */
struct stream {
	uint64_t seed, bytes;
	uint32_t chunk;
};

int stream_client(const struct peer *peer, const char *direction,
    const struct stream *stream);
void stream_serve_sink(int fd, const struct stream *stream);
void stream_serve_source(int fd, const struct stream *stream);

int rate_client(const struct peer *peer, const char *direction, double seconds);
void rate_serve_sink(int fd);
void rate_serve_source(int fd, double seconds);

/* ------------------------------------------------ datagrams (datagram.c) */

/*
 * datagram_client: sends `count` datagrams of up to `max` bytes, and checks
 * their answers.  row 0: many at a time.  Otherwise one at a time; prints the
 * shortest time in which `row` successive ones were answered.
 */
int datagram_client(const struct peer *peer, uint64_t seed, unsigned int count,
    uint32_t max, unsigned int row);
void datagram_serve(int fd);
int blast_client(const struct peer *peer, double seconds, uint32_t bytes);
int flood_client(const struct peer *peer, double seconds, uint32_t bytes,
    uint32_t gap_us);
void flood_serve(int fd, double seconds, uint32_t bytes, uint32_t gap_us);

/* ---------------------------------------------------- round trips (trips.c) */

/* Each prints their number, its time, and percentiles of one trip. */
int rr_client(const struct peer *peer, double seconds);
void rr_serve(int fd);
int ping_client(const char *addr, double seconds);

/* --------------------------------------------------------- frames (frame.c) */

/* How a listener sets its NIC's filter. */
struct hear {
	const char *ifname;
	const char *to;			/* where frames go */
	const char *mode;		/* see usage_text */
	unsigned int count;
	int vlan;			/* -1: no tag */
};

int hear_client(const struct peer *peer, const struct hear *hear);
void hear_serve(int fd, const char *ifname, const char *to, unsigned int count,
    int vlan);
int watch_client(const struct peer *peer, char *const command[]);
void watch_serve(int fd, const char *ifname);
/* command_run: returns its exit status, -1 if it does not run. */
int command_run(char *const command[]);

/* ---------------------------------------- the kernel (xdp.c, system.c) */

#define XDP_BYTES	77u		/* datagrams that the program acts on */

/* xdp_run: the command runs while ifname has an XDP program. */
int xdp_run(const char *ifname, const char *action, const char *to,
    char *const command[]);
/* stamps_client: sends datagrams, and waits for the time stamp of each. */
int stamps_client(const struct peer *peer, unsigned int count);
int kexec(const char *kernel, const char *initrd, const char *append);

#endif
