/* SPDX-License-Identifier: BSD-2-Clause */
#include "tap_link.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGES_MAX	64u	/* that a call reads; others wait */

/* Of the interface alone: the answer is a message as any other. */
static void
tap_link_ask(struct tap_link *l)
{
	const struct {
		struct nlmsghdr head;
		struct ifinfomsg info;
	} m = {
		.head = { .nlmsg_len = sizeof(m),
		    .nlmsg_type = RTM_GETLINK,
		    .nlmsg_flags = NLM_F_REQUEST },
		.info = { .ifi_index = l->index },
	};

	l->lost = send(l->fd, &m, sizeof(m), MSG_DONTWAIT) < 0;
}

static void
tap_link_message(struct tap_link *l, const struct nlmsghdr *h)
{
	const struct ifinfomsg *info = NLMSG_DATA(h);

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) ||
	    info->ifi_index != l->index)
		return;
	if (h->nlmsg_type == RTM_NEWLINK)
		l->up = info->ifi_flags & IFF_UP;
	else if (h->nlmsg_type == RTM_DELLINK)
		l->gone = true;
}

/*
 * A message about an interface can be longer than the buffer, which ends it
 * after what we need.  If the kernel had no room for all (ENOBUFS), ask once
 * there is room for the answer.
 */
void
tap_link_read(struct tap_link *l)
{
	union {
		struct nlmsghdr head;
		uint8_t bytes[1024];
	} in;
	unsigned int i;
	ssize_t n;

	for (i = 0; i < MESSAGES_MAX; i++) {
		n = recv(l->fd, in.bytes, sizeof(in.bytes), MSG_DONTWAIT);
		if (n < 0 && errno == ENOBUFS)
			l->lost = true;
		else if (n < 0 && !l->lost)
			break;
		else if (n < 0)
			tap_link_ask(l);
		else if ((size_t)n >= NLMSG_LENGTH(sizeof(struct ifinfomsg)))
			tap_link_message(l, &in.head);
	}
}

/* The interface of this name that we see is that which tun_fd has open. */
static bool
tap_link_find(struct tap_link *l, int tun_fd, int socket_fd)
{
	struct ifreq tun, seen;

	memset(&tun, 0, sizeof(tun));
	if (ioctl(tun_fd, TUNGETIFF, &tun) != 0)
		return false;
	memcpy(l->name, tun.ifr_name, sizeof(l->name));
	seen = tun;
	if (ioctl(socket_fd, SIOCGIFINDEX, &seen) != 0)
		return false;
	l->index = seen.ifr_ifindex;
	seen = tun;
	if (ioctl(tun_fd, SIOCGIFHWADDR, &tun) != 0 ||
	    ioctl(socket_fd, SIOCGIFHWADDR, &seen) != 0 ||
	    memcmp(tun.ifr_hwaddr.sa_data, seen.ifr_hwaddr.sa_data, 6) != 0 ||
	    ioctl(socket_fd, SIOCGIFFLAGS, &seen) != 0)
		return false;
	l->up = seen.ifr_flags & IFF_UP;
	return true;
}

/* Listens first, so that no change comes in between. */
void
tap_link_open(struct tap_link *l, int tun_fd)
{
	const struct sockaddr_nl at = { .nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	l->up = true;
	l->gone = l->lost = false;
	l->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    NETLINK_ROUTE);
	if (l->fd >= 0 &&
	    (bind(l->fd, (const struct sockaddr *)&at, sizeof(at)) != 0 ||
		!tap_link_find(l, tun_fd, fd)))
		tap_link_close(l);
	if (fd >= 0)
		(void)close(fd);
}

void
tap_link_close(struct tap_link *l)
{
	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = -1;
	l->up = true;
}
