/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Linux tap, with the header of virtio-net before each packet.  So the host's
 * network stack does the guest's segmentation and checksums, and a packet of
 * 64 KiB passes whole.
 *
 * A tap that is down is a cable that is out.
 *
 * Towards the guest it asks for plain frames, because the chip cannot say that
 * a checksum is still to be computed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "backend.h"
#include "tap_link.h"

#define HDR_BYTES	sizeof(struct e82540_vnet_hdr)

struct tap {
	struct backend b;
	int fd;
	struct tap_link link;		/* its fd: b.event_fd */
	char down[96], gone[96];	/* b.down */
	/* A byte more than a frame has, to see that a frame was cut. */
	uint8_t in[BACKEND_BATCH][HDR_BYTES + BACKEND_FRAME_BYTES + 1];
};

static unsigned int
tap_send(struct backend *b, const struct e82540_packet *packet, unsigned int n)
{
	struct tap *tap = (struct tap *)b;
	const struct iovec *iov;
	unsigned int i;

	for (i = 0; i < n; i++) {
		iov = (const struct iovec *)(const void *)packet[i].iov;
		if (writev(tap->fd, iov, (int)packet[i].iovs) >= 0)
			continue;
		if (errno == EAGAIN || errno == EINTR) {
			b->out_fd = tap->fd;
			break;
		}
		/* Down: event() tells when it is up. */
		if (errno == EIO && tap->link.fd >= 0) {
			b->out_fd = -1;
			break;
		}
		b->refused++;
	}
	return i;
}

/* The interface was removed: then the descriptor is ready for ever. */
static void
tap_gone(struct backend *b)
{
	b->fd = b->out_fd = -1;
	b->down = ((struct tap *)b)->gone;
	b->up = false;
}

static bool
tap_event(struct backend *b)
{
	struct tap *tap = (struct tap *)b;

	tap_link_read(&tap->link);
	if (tap->link.gone)
		tap_gone(b);
	if (b->fd < 0)
		return false;
	b->up = tap->link.up;
	b->out_fd = tap->link.up ? tap->fd : -1;
	return tap->link.up;
}

/* Refuses what we cannot use and did not ask for: segments, open checksums. */
static bool
tap_frame(struct backend *b, struct e82540_frame *frame, uint8_t *in,
    uint32_t len)
{
	struct e82540_vnet_hdr hdr;

	memset(&hdr, 0, sizeof(hdr));
	if (len < b->vnet_hdr_bytes)
		return false;
	memcpy(&hdr, in, b->vnet_hdr_bytes);
	frame->data = in + b->vnet_hdr_bytes;
	frame->len_bytes = len - b->vnet_hdr_bytes;
	frame->flags =
	    hdr.flags & E82540_VNET_DATA_VALID ? E82540_FRAME_CSUM_VALID : 0;
	return frame->len_bytes <= BACKEND_FRAME_BYTES &&
	    !(hdr.flags & E82540_VNET_NEEDS_CSUM) &&
	    hdr.gso_type == E82540_GSO_NONE;
}

/* Reads n times at most: a flood of frames that it refuses has a bound. */
static unsigned int
tap_receive(struct backend *b, struct e82540_frame *frame, unsigned int n)
{
	struct tap *tap = (struct tap *)b;
	unsigned int i, got = 0;
	ssize_t len;

	for (i = 0; i < n; i++) {
		len = read(tap->fd, tap->in[got], sizeof(tap->in[got]));
		if (len < 0 && errno == EBADFD)
			tap_gone(b);
		if (len <= 0)
			break;
		if (tap_frame(b, &frame[got], tap->in[got], (uint32_t)len))
			got++;
		else
			b->refused++;
	}
	return got;
}

static void
tap_close(struct backend *b)
{
	struct tap *tap = (struct tap *)b;

	tap_link_close(&tap->link);
	(void)close(tap->fd);
	free(b);
}

static const struct backend_ops tap_ops = {
	.send = tap_send,
	.receive = tap_receive,
	.close = tap_close,
	.event = tap_event,
};

/* An interface has this name, and is not a tap.  fd: any socket. */
static void
tap_is_other(int fd, const char *name, struct err *err)
{
	struct ifreq ifr = { .ifr_flags = 0 };

	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &ifr) != 0)
		(void)err_set(err, "tap %s: %s: such a name is not allowed",
		    name, strerror(EINVAL));
	else if (ifr.ifr_hwaddr.sa_family == ARPHRD_NONE)
		(void)err_set(err,
		    "tap %s: this is a tun, which has no Ethernet: as root, "
		    "run 'ip tuntap add dev NAME mode tap user %d', and use "
		    "ifname=NAME",
		    name, (int)getuid());
	else
		(void)err_set(err,
		    "tap %s: this interface is not a tap: as root, run "
		    "'ip tuntap add dev NAME mode tap user %d', use "
		    "ifname=NAME, and bridge or route to %s",
		    name, (int)getuid(), name);
}

static void
tap_open_failed(const char *name, int error, struct err *err)
{
	int fd;

	switch (error) {
	case EBUSY:
		(void)err_set(err, "tap %s: another program uses it", name);
		break;
	case EPERM:
		(void)err_set(err,
		    "tap %s: no permission: as root, run "
		    "'ip tuntap add dev %s mode tap user %d'",
		    name, name, (int)getuid());
		break;
	case EINVAL:
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		tap_is_other(fd, name, err);
		if (fd >= 0)
			(void)close(fd);
		break;
	default:
		(void)err_set(err, "tap %s: %s", name, strerror(error));
		break;
	}
}

static int
tap_open(const char *name, bool vnet, struct err *err)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int error, fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return err_set(err, "/dev/net/tun: %s%s", strerror(errno),
		    errno == ENOENT ? ": load the kernel's module tun" : "");
	/*
	 * This overrides the flags that a persistent tap was used with before,
	 * except that a tap made with multi_queue stays so.
	 */
	if (vnet)
		ifr.ifr_flags |= IFF_VNET_HDR;
	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	error = ioctl(fd, TUNSETIFF, &ifr);
	if (error != 0 && errno == EINVAL) {
		ifr.ifr_flags |= IFF_MULTI_QUEUE;
		error = ioctl(fd, TUNSETIFF, &ifr);
	}
	if (error == 0)
		return fd;
	tap_open_failed(name, errno, err);
	(void)close(fd);
	return -1;
}

/*
 * Asks the kernel whether an inherited tap has a header.  IFF_NO_PI cannot be
 * asked for: the kernel's answer uses that bit for something else.
 */
static int
tap_inherit(struct opts *opts, bool *vnet, struct err *err)
{
	struct ifreq ifr;
	int fd = backend_fd(opts, 0, err);

	if (fd < 0)
		return -1;
	if (ioctl(fd, TUNGETIFF, &ifr) != 0 || !(ifr.ifr_flags & IFF_TAP))
		return err_usage(err, "fd=%d: not a tap", fd);
	*vnet = ifr.ifr_flags & IFF_VNET_HDR;
	return fd;
}

/* A persistent tap keeps the settings of its last user: set them all. */
static int
tap_set_up(struct tap *tap, bool vnet, struct err *err)
{
	struct backend *b = &tap->b;
	int hdr_bytes = HDR_BYTES;

	tap->fd = b->fd;
	if (ioctl(tap->fd, TUNSETOFFLOAD, 0) != 0)
		return err_set(err, "tap: TUNSETOFFLOAD: %s", strerror(errno));
	if (!vnet)
		return 0;
	if (ioctl(tap->fd, TUNSETVNETHDRSZ, &hdr_bytes) != 0)
		return err_set(err, "tap: TUNSETVNETHDRSZ: %s: try vnet=off",
		    strerror(errno));
	b->vnet_hdr_bytes = HDR_BYTES;
	b->offloads =
	    E82540_OFFLOAD_CSUM | E82540_OFFLOAD_TSO4 | E82540_OFFLOAD_TSO6;
	return 0;
}

static void
tap_watch(struct tap *tap)
{
	struct backend *b = &tap->b;

	tap_link_open(&tap->link, tap->fd);
	b->event_fd = tap->link.fd;
	b->up = tap->link.up;
	if (!b->up)
		b->out_fd = -1;
	(void)snprintf(tap->down, sizeof(tap->down),
	    "tap %s is down: as root, run 'ip link set %s up'", tap->link.name,
	    tap->link.name);
	(void)snprintf(tap->gone, sizeof(tap->gone),
	    "tap %s was removed: make it, and start again", tap->link.name);
	b->down = tap->down;
}

struct backend *
backend_tap(struct opts *opts, struct err *err)
{
	const char *name = opts_get(opts, "ifname");
	bool inherited = opts_get(opts, "fd") != NULL, vnet = true;
	struct tap *tap;
	int fd;

	if (opts_bool(opts, "vnet", &vnet, err) != 0)
		return NULL;
	if ((name != NULL) == inherited) {
		(void)err_usage(err,
		    "backend=tap: needs either ifname=NAME or fd=N");
		return NULL;
	}
	if (name != NULL && (*name == '\0' || strlen(name) >= IFNAMSIZ)) {
		(void)err_usage(err, "must be 1 to %d bytes long",
		    IFNAMSIZ - 1);
		(void)err_value(err, "ifname", name);
		return NULL;
	}
	fd = inherited ? tap_inherit(opts, &vnet, err) :
			 tap_open(name, vnet, err);
	if (fd < 0)
		return NULL;
	tap = backend_new(sizeof(*tap), &tap_ops, fd, err);
	if (tap == NULL)
		goto close_fd;
	if (tap_set_up(tap, vnet, err) == 0) {
		tap_watch(tap);
		return &tap->b;
	}
	free(tap);
close_fd:
	(void)close(fd);
	return NULL;
}
