/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flow control (8.7.2 to 8.7.5, IEEE 802.3 annex 31B): a PAUSE frame from the
 * peer stops our transmitter; when our FIFO fills to FCRTH we send one.
 *
 * A PAUSE counts while the guest's driver has set RFCE, as in the chip, and
 * holds as long as the peer renews it.  The model's link partner advertises no
 * PAUSE, so a driver that obeys negotiation does not set RFCE.  If RFCE is set,
 * the guest's user has asked for flow control by hand.
 *
 * If the network does not take our PAUSE frame, the model forgets it, as if it
 * were lost on the wire: it counts tx_stopped, and does not try again.
 */
#include "e82540_flow.h"
#include "e82540_stats.h"
#include "e82540_time.h"

#define OPCODE_AT	14u		/* behind the type */
#define QUANTA_AT	16u
#define OPCODE_PAUSE	1u
#define FRAME_BYTES	60u		/* without CRC */
#define CRC_BYTES	4u

/* --------------------------------------------------------------- received */

static bool
address_is(const uint8_t *frame, uint32_t low, uint32_t high)
{
	return e82540_get32(frame) == low &&
	    e82540_get16(frame + 4) == (high & E1000_RAH_ADDR_MASK);
}

/* 8.7.3: is it to the flow control address, or to receive address 0? */
static bool
pause_to_us(const struct e82540 *dev, const uint8_t *frame)
{
	uint32_t rah = e82540_reg(dev, E1000_RAH(0));

	if (address_is(frame, e82540_reg(dev, E1000_FCAL),
		e82540_reg(dev, E1000_FCAH)))
		return true;
	return rah & E1000_RAH_AV &&
	    address_is(frame, e82540_reg(dev, E1000_RAL(0)), rah);
}

/*
 * Without RFCE a control frame is treated as any frame.  DPF drops PAUSE frames
 * whatever the filter says; PMCF passes other control frames (13.4.22).
 */
enum e82540_flow
e82540_flow_frame(const struct e82540 *dev, const uint8_t *frame,
    struct e82540_report *report)
{
	uint32_t rctl = e82540_reg(dev, E1000_RCTL);

	if (!(e82540_reg(dev, E1000_CTRL) & E1000_CTRL_RFCE) ||
	    e82540_get_be16(frame + 12) !=
		(e82540_reg(dev, E1000_FCT) & 0xFFFFu) ||
	    !pause_to_us(dev, frame))
		return E82540_FLOW_NONE;
	if (e82540_get_be16(frame + OPCODE_AT) != OPCODE_PAUSE) {
		e82540_count(report, E1000_FCRUC, 1);
		return rctl & E1000_RCTL_PMCF ? E82540_FLOW_PASS :
						E82540_FLOW_DROP;
	}
	report->paused = true;
	report->pause_quanta = e82540_get_be16(frame + QUANTA_AT);
	e82540_count(report,
	    report->pause_quanta == 0 ? E1000_XONRXC : E1000_XOFFRXC, 1);
	return rctl & E1000_RCTL_DPF ? E82540_FLOW_DROP : E82540_FLOW_FILTER;
}

static uint64_t
quantum_ns(const struct e82540 *dev)
{
	switch (e82540_reg(dev, E1000_STATUS) & E1000_STATUS_SPEED_MASK) {
	case E1000_STATUS_SPEED_10:
		return 512 * 100;
	case E1000_STATUS_SPEED_100:
		return 512 * 10;
	default:
		return 512;
	}
}

/* 13.4.2: transmission is held, by PAUSE or by a network that takes nothing. */
void
e82540_flow_show(struct e82540 *dev)
{
	uint32_t status = e82540_reg(dev, E1000_STATUS) & ~E1000_STATUS_TXOFF;

	e82540_reg_set(dev, E1000_STATUS,
	    dev->paused || dev->held ? status | E1000_STATUS_TXOFF : status);
}

static void
pause_end(struct e82540 *dev)
{
	e82540_due_clear(dev, E82540_DUE_PAUSE);
	dev->paused = false;
	e82540_flow_show(dev);
	dev->want_gates = true;
}

/* A new PAUSE replaces one that still runs. */
static void
pause_begin(struct e82540 *dev, uint16_t quanta)
{
	e82540_due_set(dev, E82540_DUE_PAUSE,
	    dev->now_ns + quanta * quantum_ns(dev));
	dev->paused = true;
	e82540_flow_show(dev);
	dev->want_gates = true;
}

void
e82540_flow_due(struct e82540 *dev)
{
	pause_end(dev);
}

/* --------------------------------------------------- a network that is full */

static bool
network_refuses(const struct e82540 *dev)
{
	bool blocked;

	e82540_lock(dev, E82540_LOCK_TX);
	blocked = dev->tx.blocked;
	e82540_unlock(dev, E82540_LOCK_TX);
	return blocked;
}

/* If the host resumed before the report came, the network refuses no longer. */
void
e82540_flow_held(struct e82540 *dev)
{
	uint64_t stall_ns = dev->config.tx_stall_ns;

	if (dev->held || !network_refuses(dev))
		return;
	dev->held = true;
	e82540_flow_show(dev);
	if (stall_ns == 0)
		stall_ns = E82540_TX_STALL_NS;
	if (stall_ns < E82540_NEVER - dev->now_ns)
		e82540_due_set(dev, E82540_DUE_STALL, dev->now_ns + stall_ns);
}

/* It may refuse again already. */
void
e82540_flow_resumed(struct e82540 *dev)
{
	dev->held = false;
	e82540_due_clear(dev, E82540_DUE_STALL);
	e82540_flow_held(dev);
	e82540_flow_show(dev);
}

/*
 * A wire always takes frames, and may lose them: one peer that does not read
 * must not stop what the guest sends to all others.
 */
void
e82540_flow_stalled(struct e82540 *dev)
{
	e82540_lock(dev, E82540_LOCK_TX);
	dev->tx.dropping |= dev->tx.blocked;
	dev->tx.blocked = false;
	e82540_unlock(dev, E82540_LOCK_TX);
	e82540_flow_resumed(dev);
	dev->want_tx = true;
}

/* ------------------------------------------------------------------- sent */

static void
address_put(uint8_t *to, uint32_t low, uint32_t high)
{
	e82540_put_n(to, 4, low);
	e82540_put16(to + 4, high & 0xFFFF);
}

static void
pause_build(const struct e82540 *dev, uint8_t frame[FRAME_BYTES],
    uint16_t quanta)
{
	memset(frame, 0, FRAME_BYTES);
	address_put(frame, e82540_reg(dev, E1000_FCAL),
	    e82540_reg(dev, E1000_FCAH));
	address_put(frame + 6, e82540_reg(dev, E1000_RAL(0)),
	    e82540_reg(dev, E1000_RAH(0)));
	e82540_put_be16(frame + 12, e82540_reg(dev, E1000_FCT));
	e82540_put_be16(frame + OPCODE_AT, OPCODE_PAUSE);
	e82540_put_be16(frame + QUANTA_AT, quanta);
}

/*
 * Send a PAUSE frame to the network, unless the transmitter is off.  It goes
 * out even while the transmitter is paused.  Bus and tx locks.  Returns true if
 * the network took it.
 */
static bool
flow_send(struct e82540 *dev, uint16_t quanta)
{
	static const struct e82540_vnet_hdr nothing;
	uint8_t frame[FRAME_BYTES];
	struct e82540_iov iov[2] = {
		{ &nothing, dev->config.vnet_hdr_bytes },
		{ frame, FRAME_BYTES },
	};
	bool plain = dev->config.vnet_hdr_bytes == 0;
	struct e82540_packet packet = { iov + plain, 2 - plain, FRAME_BYTES };

	if (!(e82540_reg(dev, E1000_TCTL) & E1000_TCTL_EN) ||
	    !(e82540_reg(dev, E1000_STATUS) & E1000_STATUS_LU) ||
	    dev->tx.loopback)
		return false;
	pause_build(dev, frame, quanta);
	dev->counters.tx_sends++;
	if (dev->host.send(dev->config.ctx, &packet, 1) == 0) {
		dev->counters.tx_stopped++;
		return false;
	}
	dev->counters.tx_packets++;
	dev->counters.tx_bytes += FRAME_BYTES;
	e82540_stat_add(dev, quanta == 0 ? E1000_XONTXC : E1000_XOFFTXC, 1);
	/* Only the totals count control frames, too (13.7). */
	e82540_stat_add(dev, E1000_TPT, 1);
	dev->total[E82540_TOT] += FRAME_BYTES + CRC_BYTES;
	return true;
}

/*
 * 13.4.33: it is sent whatever TFCE and the FIFO say.  If FCTTV is 0 it is an
 * XON.
 */
void
e82540_flow_xoff(struct e82540 *dev)
{
	flow_send(dev, e82540_reg(dev, E1000_FCTTV) & E1000_FCTTV_TTV_MASK);
}

/*
 * 13.4.23, 13.4.24: send XOFF each time the FIFO fills to FCRTH; with XONE send
 * XON when it has then drained to FCRTL.
 */
void
e82540_flow_fifo(struct e82540 *dev, const struct e82540_report *report)
{
	uint32_t low = e82540_reg(dev, E1000_FCRTL) & E1000_FCRTL_RTL_MASK;
	bool is_low;

	if (!(e82540_reg(dev, E1000_CTRL) & E1000_CTRL_TFCE))
		return;
	e82540_lock(dev, E82540_LOCK_TX);
	/* Two threads' reports may come in either order: look at the FIFO. */
	e82540_lock(dev, E82540_LOCK_RX);
	is_low = dev->rx.fifo_tail - dev->rx.fifo_head <= low;
	e82540_unlock(dev, E82540_LOCK_RX);
	if (report->fifo_high && !is_low)
		dev->xoff_sent = flow_send(dev,
		    e82540_reg(dev, E1000_FCTTV) & E1000_FCTTV_TTV_MASK);
	if (report->fifo_low && is_low && dev->xoff_sent) {
		dev->xoff_sent = false;
		if (e82540_reg(dev, E1000_FCRTL) & E1000_FCRTL_XONE)
			flow_send(dev, 0);
	}
	e82540_unlock(dev, E82540_LOCK_TX);
}

void
e82540_flow_paused(struct e82540 *dev, uint16_t quanta)
{
	if (quanta != 0)
		pause_begin(dev, quanta);
	else
		pause_end(dev);
}
