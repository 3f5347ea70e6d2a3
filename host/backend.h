/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A backend: where packets of a NIC go, and frames for it come from.
 *
 * The contract is narrow.  A backend has one file descriptor, and three
 * functions; who owns it polls the descriptor, stops polling it when the NIC
 * has no room (what waits then waits in the kernel, or at the peer), and is
 * told by EPOLLOUT when packets can go out again.
 *
 * Threads: send() and receive() may run at the same time, each in one thread at
 * a time.  Neither waits for a peer.
 */
#ifndef HOST_BACKEND_H
#define HOST_BACKEND_H

#include <stdatomic.h>
#include <stddef.h>
#include <sys/uio.h>

#include "e82540.h"
#include "opts.h"

#define BACKEND_BATCH	64u		/* frames of a receive() at most */

struct backend;

struct backend_ops {
	/*
	 * send: n packets, 1 to E82540_SEND_MAX, in order.  Returns how many it
	 * took; fewer than n: until fd is writable.  A packet that it will
	 * never take is taken, and counted in `refused`.  If `unsent` is set
	 * afterwards, call again when fd is writable, with n of 0 if there are
	 * no more packets.
	 */
	unsigned int (*send)(struct backend *b,
	    const struct e82540_packet *packet, unsigned int n);

	/*
	 * receive: up to n frames, n at most BACKEND_BATCH, whose bytes are the
	 * backend's and stay until the next call.  Returns how many: 0, there
	 * are none now.  NULL: nothing ever comes.
	 */
	unsigned int (*receive)(struct backend *b, struct e82540_frame *frame,
	    unsigned int n);

	/* close: give everything back, b included. */
	void (*close)(struct backend *b);
};

struct backend {
	const struct backend_ops *ops;
	/* To poll; -1: never ready.  receive() may change it. */
	atomic_int fd;
	/* As in struct e82540_config: what it wants, and can do. */
	uint8_t vnet_hdr_bytes;
	uint8_t offloads;
	/* The peer is there: else the cable is out.  send() and receive() set
	 * it; who owns the backend tells the NIC. */
	atomic_bool up;
	atomic_bool unsent;		/* send() has a part of what it took */
	atomic_ullong refused;		/* packets, and frames not understood */
};

/*
 * Each takes its options out of opts.  What is opened stays usable after
 * privileges are dropped.  They return NULL with err set.
 *
 *	null	packets go nowhere, nothing comes
 *	tap	a Linux tap: ifname=NAME, or fd=N of one (IFF_NO_PI);
 *		vnet=off for a device that knows no header before packets
 *	dgram	a frame a datagram, as QEMU's -netdev dgram has it:
 *		local=PATH and remote=PATH, or fd=N of a socket pair
 *	stream	length, frame, as QEMU's -netdev stream and passt have it:
 *		path=PATH, with server=on if it is for others to connect to;
 *		or fd=N
 */
struct backend *backend_null(struct opts *opts, struct err *err);
struct backend *backend_tap(struct opts *opts, struct err *err);
struct backend *backend_dgram(struct opts *opts, struct err *err);
struct backend *backend_stream(struct opts *opts, struct err *err);

/*
 * backend_pcap: another one, with all that passes written to a file that
 * Wireshark opens.  It owns inner, also if it returns NULL.
 */
struct backend *
backend_pcap(struct backend *inner, const char *path, struct err *err);

/*
 * backend_open: the one that opts have as backend=NAME ("null" if none), with
 * pcap=FILE around it.  Returns NULL with err set.
 */
struct backend *backend_open(struct opts *opts, struct err *err);

/* A packet's pieces can be handed to the kernel as they are. */
_Static_assert(sizeof(struct e82540_iov) == sizeof(struct iovec) &&
	offsetof(struct e82540_iov, base) == offsetof(struct iovec, iov_base) &&
	offsetof(struct e82540_iov, len) == offsetof(struct iovec, iov_len),
    "struct e82540_iov is struct iovec");

/* Frames arrive in buffers of this size: the largest that a NIC takes. */
#define BACKEND_FRAME_BYTES	16384u

/* backend_new: memory of `bytes` that begins with a struct backend, zeroed. */
void *backend_new(size_t bytes, const struct backend_ops *ops, int fd,
    struct err *err);

/*
 * backend_fd: the descriptor that opts have as fd=N, not blocking; of a socket
 * of that type (SOCK_DGRAM, SOCK_STREAM), or of any file (0).  -1: err.
 */
int backend_fd(struct opts *opts, int type, struct err *err);

#endif
