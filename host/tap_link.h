/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a network interface of the host is up: the kernel tells each change
 * (rtnetlink(7)).
 */
#ifndef HOST_TAP_LINK_H
#define HOST_TAP_LINK_H

#include <linux/if.h>
#include <stdbool.h>

struct tap_link {
	int fd;				/* poll it for input; -1: not told */
	int index;			/* the interface's */
	bool up;
	bool gone;			/* it was removed */
	bool lost;			/* the kernel had no room for changes */
	char name[IFNAMSIZ];
};

/*
 * tap_link_open: begin to watch the tap that tun_fd has open.  If the tap is in
 * another network namespace, or the kernel tells nothing, fd is -1 and up is
 * true.
 */
void tap_link_open(struct tap_link *l, int tun_fd);
void tap_link_close(struct tap_link *l);

/* tap_link_read: call it when fd is readable; it sets up.  Does not wait. */
void tap_link_read(struct tap_link *l);

#endif
