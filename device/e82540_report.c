/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes what a data path reports into the rest of the device. */
#include "e82540_flow.h"
#include "e82540_intr.h"
#include "e82540_stats.h"
#include "e82540_wake.h"

/* Four at a time: it runs once a batch, and the struct grows. */
static void
counters_add(struct e82540_counters *to, const struct e82540_counters *from)
{
	const unsigned int n = sizeof(*to) / sizeof(uint64_t);
	const uint64_t *restrict f = (const uint64_t *)from;
	uint64_t *restrict t = (uint64_t *)to;
	unsigned int i;

	for (i = 0; i + 4 <= n; i += 4) {
		t[i] += f[i];
		t[i + 1] += f[i + 1];
		t[i + 2] += f[i + 2];
		t[i + 3] += f[i + 3];
	}
	for (; i < n; i++)
		t[i] += f[i];
}

void
e82540_report_post(struct e82540 *dev, const struct e82540_report *report)
{
	/* These are for the host, even if the device was reset meanwhile. */
	counters_add(&dev->counters, &report->counters);
	if (report->bad_ring_where != 0) {
		dev->counters.bad_ring_where = report->bad_ring_where;
		dev->counters.bad_ring_value = report->bad_ring_value;
	}
	if (report->rx_ready && dev->host.rx_ready != NULL)
		dev->host.rx_ready(dev->config.ctx);
	dev->want_rx |= report->rx_again;
	if (report->held)
		e82540_flow_held(dev);
	if (report->wake != 0)
		e82540_wake_report(dev, report->wake);
	if (report->epoch != dev->epoch)
		return;
	e82540_stats_report(dev, report);
	if (report->paused || report->fifo_high || report->fifo_low)
		e82540_flow_report(dev, report);
	e82540_intr_report(dev, report);
}
