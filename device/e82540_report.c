/* SPDX-License-Identifier: BSD-2-Clause */
/* Gives what a data path has reported to the rest of the device. */
#include "e82540_flow.h"
#include "e82540_intr.h"
#include "e82540_stats.h"
#include "e82540_wake.h"

static void
traffic_add(struct e82540_counters *to, const struct e82540_traffic *from)
{
	to->tx_packets += from->tx_packets;
	to->tx_bytes += from->tx_bytes;
	to->tx_sends += from->tx_sends;
	to->tx_stopped += from->tx_stopped;
	to->rx_packets += from->rx_packets;
	to->rx_bytes += from->rx_bytes;
	to->rx_filtered += from->rx_filtered;
	to->rx_waited += from->rx_waited;
	to->rx_dropped += from->rx_dropped;
}

static void
rare_add(struct e82540_counters *to, const struct e82540_counters *from)
{
	to->bad_ring += from->bad_ring;
	to->bad_address += from->bad_address;
	to->bad_descriptor += from->bad_descriptor;
	to->tx_dropped += from->tx_dropped;
	to->tx_no_fcs += from->tx_no_fcs;
	to->rx_no_link += from->rx_no_link;
	to->rx_disabled += from->rx_disabled;
	to->rx_runts += from->rx_runts;
	if (from->bad_ring_where == 0)
		return;
	to->bad_ring_where = from->bad_ring_where;
	to->bad_ring_value = from->bad_ring_value;
}

__attribute__((cold)) struct e82540_counters *
e82540_rare(struct e82540_report *report)
{
	if (!report->rare_used)
		memset(&report->rare, 0, sizeof(report->rare));
	report->rare_used = true;
	return &report->rare;
}

void
e82540_report_post(struct e82540 *dev, const struct e82540_report *report)
{
	/* These are for the host, even if the device was reset meanwhile. */
	traffic_add(&dev->counters, &report->counters);
	if (report->rare_used)
		rare_add(&dev->counters, &report->rare);
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
	if (report->paused)
		e82540_flow_paused(dev, report->pause_quanta);
	if (report->fifo_high || report->fifo_low)
		e82540_flow_fifo(dev, report);
	e82540_intr_report(dev, report);
}
