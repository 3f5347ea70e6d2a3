/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A backend: packets of a NIC go there, and frames for the NIC come from there.
 *
 * A backend has three file descriptors and four functions.  Its owner polls
 * these descriptors: fd for POLLIN while the NIC has room (frames that come
 * later wait in the kernel or at the peer); out_fd for POLLOUT after send()
 * took too few packets; event_fd for POLLIN always.  They may be the same.
 *
 * Threads: send() and the others may run at the same time.  send() runs in one
 * thread at a time, receive(), event() and close() in the NIC's.  None of them
 * waits for a peer.
 */
#ifndef HOST_BACKEND_H
#define HOST_BACKEND_H

#include <stdatomic.h>
#include <stddef.h>
#include <sys/uio.h>

#include "e82540.h"
#include "opts.h"

#define BACKEND_BATCH	64u		/* most frames that receive() returns */

struct backend;

struct backend_ops {
	/*
	 * send: n packets, 1 to E82540_SEND_MAX, in order.  Returns how many it
	 * took.  If fewer than n, it takes more when out_fd is writable, or
	 * event() says so.  A packet that it can never send counts as
	 * taken, and in `refused`.  If `unsent` is set afterwards, call again
	 * when out_fd is writable, with n = 0 if there are no more packets.
	 */
	unsigned int (*send)(struct backend *b,
	    const struct e82540_packet *packet, unsigned int n);

	/*
	 * receive: up to n frames; n is at most BACKEND_BATCH.  The backend
	 * owns their bytes, which stay until the next call.  Returns how many
	 * there were; 0: nothing has come.  NULL: no frame ever comes.
	 */
	unsigned int (*receive)(struct backend *b, struct e82540_frame *frame,
	    unsigned int n);

	/* close: free everything, b included. */
	void (*close)(struct backend *b);

	/*
	 * event: event_fd is readable.  Returns whether send() may take more
	 * now.  NULL: there is no event_fd.
	 */
	bool (*event)(struct backend *b);
};

struct backend {
	const struct backend_ops *ops;
	/* To poll; -1: it is never ready.  Each function may change them. */
	atomic_int fd;
	atomic_int out_fd;
	atomic_int event_fd;
	/* As in struct e82540_config: the packets it wants. */
	uint8_t vnet_hdr_bytes;
	uint8_t offloads;
	/* There is a peer; if not, the cable is out.  Each function may change
	 * it; the backend's owner tells the NIC. */
	atomic_bool up;
	/* To tell the user when `up' becomes false: why, and what to do.  NULL:
	 * that is for the guest alone. */
	const char *_Atomic down;
	atomic_bool unsent;		/* a packet that it took went in part */
	atomic_ullong refused;		/* packets not sent, frames not valid */
};

/*
 * Each takes its options out of opts.  A backend stays usable after the program
 * has dropped its privileges.  They return NULL with err set.
 *
 *	null	packets go nowhere, nothing comes
 *	tap	a Linux tap: ifname=NAME, or fd=N of one (IFF_NO_PI);
 *		vnet=off if the tap has no header before packets
 *	dgram	one frame in each datagram, as QEMU's -netdev dgram:
 *		local=PATH and remote=PATH, or fd=N of a socket pair
 *	stream	length and frame, as QEMU's -netdev stream and passt:
 *		path=PATH, with server=on to listen there; or fd=N
 *
 * To add a backend: write backend_NAME.c, like backend_dgram.c; declare it
 * here; name it in backend_open() (backend.c), in the help (nic_options.c) and
 * in man/lem-vm.1; allow the system calls that it makes (confine.c); test it
 * beside test/host/test_backend.c.
 */
struct backend *backend_null(struct opts *opts, struct err *err);
struct backend *backend_tap(struct opts *opts, struct err *err);
struct backend *backend_dgram(struct opts *opts, struct err *err);
struct backend *backend_stream(struct opts *opts, struct err *err);

/*
 * backend_pcap: a backend around `inner` that writes all traffic to a file for
 * Wireshark.  It owns inner, also if it returns NULL.
 */
struct backend *
backend_pcap(struct backend *inner, const char *path, struct err *err);

/*
 * backend_open: the backend that opts name as backend=NAME ("null" if they name
 * none), with pcap=FILE around it.  Returns NULL with err set.
 */
struct backend *backend_open(struct opts *opts, struct err *err);

/* The kernel takes a packet's pieces as they are. */
_Static_assert(sizeof(struct e82540_iov) == sizeof(struct iovec) &&
	offsetof(struct e82540_iov, base) == offsetof(struct iovec, iov_base) &&
	offsetof(struct e82540_iov, len) == offsetof(struct iovec, iov_len),
    "struct e82540_iov is struct iovec");

/* Buffers for frames have this size: that of the largest that a NIC takes. */
#define BACKEND_FRAME_BYTES	16384u

/* backend_new: memory of `bytes` that begins with a struct backend, zeroed. */
void *backend_new(size_t bytes, const struct backend_ops *ops, int fd,
    struct err *err);

/*
 * backend_fd: the descriptor that opts name as fd=N, set to non-blocking.
 * type: SOCK_DGRAM or SOCK_STREAM, or 0 for any file.  Returns -1 with err set.
 */
int backend_fd(struct opts *opts, int type, struct err *err);

#endif
