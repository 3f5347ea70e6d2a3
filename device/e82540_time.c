/* SPDX-License-Identifier: BSD-2-Clause */
#include "e82540_time.h"

enum e82540_deadline
e82540_time_next(const struct e82540 *dev)
{
	unsigned int i, next = 0;

	for (i = 1; i < E82540_DUES; i++)
		if (dev->deadline[i] < dev->deadline[next])
			next = i;
	return next;
}

/*
 * If a deadline moves to later, the host's timer stays as it is: it expires
 * once for nothing, and is then set right.  RDTR and TIDV move with each
 * packet; this way they cost one call a window, not one a packet.
 */
void
e82540_time_arm(struct e82540 *dev)
{
	uint64_t slack = dev->config.timer_slack_ns;
	uint64_t at;

	if (!dev->arm)
		return;
	dev->arm = false;
	at = dev->deadline[e82540_time_next(dev)];
	/* A data path that has to go on does not wait for slack. */
	if (slack != 0 && at < E82540_NEVER - slack) {
		at += slack;
		if (at > dev->deadline[E82540_DUE_TX])
			at = dev->deadline[E82540_DUE_TX];
	}
	if (at >= dev->armed)
		return;
	dev->armed = at;
	if (dev->host.timer != NULL)
		dev->host.timer(dev->config.ctx, at);
}
