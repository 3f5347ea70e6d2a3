// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Transmit: packets and XDP frames to the core's ring, and their buffers back.
 * lem_netdev.h says which context runs what.
 */
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/ip6_checksum.h>

#include "lem_netdev.h"

static u16 tx_next(const struct lem_tx_ring *r, u16 i)
{
	return i + 1 == r->count ? 0 : i + 1;
}

/* Stop the stack until there is room for two packets again. */
static bool tx_has_room(const struct lem_tx_ring *r)
{
	return lem_tx_free(r) >= 2 * r->reserve;
}

/* --- buffers --- */

static void tx_unmap(struct lem_netdev *ln, struct lem_netdev_tx_buf *buf)
{
	struct device *dev = &ln->pdev->dev;

	if (!buf->len)
		return;
	if (buf->page)
		dma_unmap_page(dev, buf->dma, buf->len, DMA_TO_DEVICE);
	else if (!buf->pooled)
		dma_unmap_single(dev, buf->dma, buf->len, DMA_TO_DEVICE);
	buf->len = 0;
	buf->page = false;
	buf->pooled = false;
}

void lem_netdev_tx_free(struct lem_netdev *ln, int budget)
{
	struct netdev_queue *nq = lem_netdev_queue(ln);
	struct lem_tx_ring *r = &ln->core.tx;
	unsigned int packets = 0, bytes = 0;
	u16 i = ln->tx_freed;

	while (i != r->next_to_clean) {
		struct lem_netdev_tx_buf *buf = &ln->tx_buf[i];

		tx_unmap(ln, buf);
		if (buf->skb) {
			packets++;
			bytes += buf->skb->len;
			napi_consume_skb(buf->skb, budget);
			buf->skb = NULL;
		} else if (buf->xdpf) {
			xdp_return_frame(buf->xdpf);
			buf->xdpf = NULL;
		}
		i = tx_next(r, i);
	}
	ln->tx_freed = i;
	netdev_tx_completed_queue(nq, packets, bytes);
	if (netif_tx_queue_stopped(nq) && ln->tx_open && tx_has_room(r)) {
		netif_tx_wake_queue(nq);
		ln->tx_restarts++;
	}
}

void lem_netdev_tx_drain(struct lem_netdev *ln)
{
	struct lem_tx_ring *r = &ln->core.tx;
	u16 i;

	for (i = 0; i < r->count; i++) {
		struct lem_netdev_tx_buf *buf = &ln->tx_buf[i];

		tx_unmap(ln, buf);
		if (buf->skb)
			dev_kfree_skb_any(buf->skb);
		else if (buf->xdpf)
			xdp_return_frame(buf->xdpf);
		buf->skb = NULL;
		buf->xdpf = NULL;
	}
	netdev_tx_reset_queue(lem_netdev_queue(ln));
}

/* --- doorbell, guard --- */

static void tx_guard_arm(struct lem_netdev *ln)
{
	timer_reduce(&ln->guard, jiffies + msecs_to_jiffies(LEM_GUARD_MS));
}

/*
 * BQL has stopped the stack.  If it stays so, somebody must look why, before
 * the stack's watchdog does.
 */
static void tx_guard_arm_late(struct lem_netdev *ln)
{
	ln->tx_looked = jiffies;
	timer_reduce(&ln->guard, jiffies + HZ);
}

/*
 * While packets are lone (lem_lone_interrupt()), nothing interrupts for them.
 * The stack wants a packet back nevertheless, soon, if no answer comes.
 */
static void tx_guard_arm_lone(struct lem_netdev *ln)
{
	timer_reduce(&ln->guard,
		     jiffies + msecs_to_jiffies(LEM_NETDEV_LONE_MS));
}

/*
 * Descriptors in use, for the rule of lone packets.  A stack that BQL has
 * stopped waits for an interrupt.
 */
static unsigned int tx_lone_held(struct lem_netdev *ln)
{
	struct lem_tx_ring *r = &ln->core.tx;

	if (netif_xmit_stopped(lem_netdev_queue(ln)))
		return LEM_LONE_DESC;
	return r->count - 1 - lem_tx_free(r);
}

void lem_netdev_tx_kick(struct lem_netdev *ln)
{
	struct lem_tx_ring *r = &ln->core.tx;

	if (r->next_to_use == r->tail_posted)
		return;
	lem_tx_doorbell(&ln->core);
	lem_lone_doorbell(&ln->core, r->lone ? tx_lone_held(ln) : 0);
	if (r->next_to_use != r->tail_posted)
		tx_guard_arm(ln);
	else if (r->lone)
		tx_guard_arm_lone(ln);
}

bool lem_netdev_tx_paused(struct lem_netdev *ln)
{
	u32 status = lem_os_read32(&ln->core.os, E1000_STATUS);

	if (status != U32_MAX)
		return status & E1000_STATUS_TXOFF;
	/* The device is gone, says the link's work, and takes the carrier. */
	schedule_work(&ln->link_work);
	return true;
}

/*
 * A peer that stops reading makes the chip hold the ring (STATUS.TXOFF).  That
 * is no fault: the stack's watchdog must not reset the device for it.
 */
static void tx_look_paused(struct lem_netdev *ln)
{
	if (time_before(jiffies, ln->tx_looked + HZ))
		return;
	ln->tx_looked = jiffies;
	if (lem_netdev_tx_paused(ln))
		txq_trans_cond_update(lem_netdev_queue(ln));
}

/*
 * The backstop of send combining (doc/combining.md): it runs while something is
 * deferred, and while the stack waits for room.
 */
void lem_netdev_guard(struct timer_list *timer)
{
	struct lem_netdev *ln = timer_container_of(ln, timer, guard);
	struct netdev_queue *nq = lem_netdev_queue(ln);
	struct lem_tx_ring *r = &ln->core.tx;

	__netif_tx_lock(nq, smp_processor_id());
	if (ln->tx_open) {
		(void)lem_tx_guard(&ln->core);
		lem_netdev_tx_free(ln, 0);
		if (netif_xmit_stopped(nq))
			tx_look_paused(ln);
		if (netif_tx_queue_stopped(nq) ||
		    r->next_to_use != r->tail_posted)
			tx_guard_arm(ln);
		else if (netif_xmit_stopped(nq))
			timer_reduce(&ln->guard, jiffies + HZ);
	}
	__netif_tx_unlock(nq);
}

/* Take back what is finished.  If that is not enough, stop the stack. */
static noinline void tx_make_room(struct lem_netdev *ln)
{
	struct lem_tx_ring *r = &ln->core.tx;

	(void)lem_tx_make_room(&ln->core);
	lem_netdev_tx_free(ln, 0);
	if (!lem_tx_low(r))
		return;
	netif_tx_stop_queue(lem_netdev_queue(ln));
	ln->tx_looked = jiffies;
	tx_guard_arm(ln);
}

/*
 * After each packet: is the ring too full for another one?  (A device that
 * transmits inside the TDT write has finished all.)
 */
static void tx_room(struct lem_netdev *ln)
{
	if (unlikely(lem_tx_low(&ln->core.tx)))
		tx_make_room(ln);
}

/* --- sk_buffs --- */

/*
 * What the core can do for a packet is less than what the features say where
 * headers are very long: the chip has one byte for each offset.
 */
netdev_features_t lem_netdev_features_check(struct sk_buff *skb,
					    struct net_device *netdev,
					    netdev_features_t features)
{
	unsigned int hdr_len;

	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return features;
	hdr_len = skb_checksum_start_offset(skb) + 16;
	if (skb_is_gso(skb))
		hdr_len = skb_tcp_all_headers(skb);
	if (hdr_len > 255)
		features &= ~(NETIF_F_CSUM_MASK | NETIF_F_GSO_MASK);
	return features;
}

/*
 * TSO: the chip adds the length to the pseudo-header's sum, and writes length
 * and checksum of the IP header (3.5.4).
 */
static int tx_tso(struct sk_buff *skb, struct lem_tx_pkt *pkt)
{
	int error = skb_cow_head(skb, 0);

	if (error)
		return error;
	pkt->l4_len = tcp_hdrlen(skb);
	pkt->mss = skb_shinfo(skb)->gso_size;
	pkt->len_bytes = skb->len;
	pkt->flags |= LEM_TX_TSO;
	if (skb_is_gso_v6(skb)) {
		pkt->flags |= LEM_TX_IPV6;
		tcp_v6_gso_csum_prep(skb);
	} else {
		struct iphdr *ip = ip_hdr(skb);

		ip->tot_len = 0;
		ip->check = 0;
		tcp_hdr(skb)->check = ~csum_tcpudp_magic(ip->saddr, ip->daddr,
							 0, IPPROTO_TCP, 0);
	}
	return 0;
}

/*
 * The core inserts TCP's and UDP's checksums, wherever they begin: behind IPv6
 * extension headers and in tunnels, too.
 */
static int tx_offloads(struct sk_buff *skb, struct lem_tx_pkt *pkt)
{
	int start;

	if (skb_vlan_tag_present(skb)) {
		pkt->flags |= LEM_TX_VLAN;
		pkt->vlan_tag = skb_vlan_tag_get(skb);
	}
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return 0;
	start = skb_checksum_start_offset(skb);
	pkt->l2_len = skb_network_offset(skb);
	pkt->l3_len = start - skb_network_offset(skb);
	if (skb_is_gso(skb))
		return tx_tso(skb, pkt);
	switch (skb->csum_offset) {
	case offsetof(struct tcphdr, check):
		pkt->flags |= LEM_TX_TCP_CSUM;
		return 0;
	case offsetof(struct udphdr, check):
		pkt->flags |= LEM_TX_UDP_CSUM;
		return 0;
	default:
		return skb_checksum_help(skb);
	}
}

/*
 * Map a piece of a packet, whose dma this is, and add it to what the core gets.
 * at: the buffer that keeps the mapping.  That of a packet's first piece is at
 * next_to_use.  A packet has at least as many descriptors as pieces.
 */
static int tx_add(struct lem_netdev *ln, struct lem_tx_pkt *pkt, u16 at,
		  dma_addr_t dma, u32 len, bool page)
{
	struct lem_netdev_tx_buf *buf = &ln->tx_buf[at];
	u32 part;

	if (unlikely(dma_mapping_error(&ln->pdev->dev, dma)))
		return -ENOMEM;
	buf->dma = dma;
	buf->len = len;
	buf->page = page;
	for (; len > 0; len -= part, dma += part) {
		if (unlikely(pkt->segs == LEM_NETDEV_SEGS))
			return -EMSGSIZE;
		part = min(len, LEM_SEG_MAX);
		ln->tx_seg[pkt->segs].pa = dma;
		ln->tx_seg[pkt->segs++].len_bytes = part;
	}
	return 0;
}

/* Free descriptors have no mappings, but for a packet's that failed. */
static void tx_undo(struct lem_netdev *ln)
{
	struct lem_tx_ring *r = &ln->core.tx;
	u16 i;

	for (i = r->next_to_use; ln->tx_buf[i].len; i = tx_next(r, i))
		tx_unmap(ln, &ln->tx_buf[i]);
}

static int tx_map_skb(struct lem_netdev *ln, const struct sk_buff *skb,
		      struct lem_tx_pkt *pkt)
{
	const struct skb_shared_info *info = skb_shinfo(skb);
	struct lem_tx_ring *r = &ln->core.tx;
	struct device *dev = &ln->pdev->dev;
	u32 len = skb_headlen(skb);
	u16 i, at = r->next_to_use;
	int error;

	error = tx_add(ln, pkt, at,
		       dma_map_single(dev, skb->data, len, DMA_TO_DEVICE), len,
		       false);
	for (i = 0; i < info->nr_frags && !error; i++) {
		const skb_frag_t *frag = &info->frags[i];

		at = tx_next(r, at);
		len = skb_frag_size(frag);
		error = tx_add(ln, pkt, at,
			       skb_frag_dma_map(dev, frag, 0, len,
						DMA_TO_DEVICE),
			       len, true);
	}
	return error;
}

static void tx_count(struct lem_netdev *ln, unsigned int packets,
		     unsigned int bytes)
{
	u64_stats_update_begin(&ln->tx_sync);
	ln->tx_stats.packets += packets;
	ln->tx_stats.bytes += bytes;
	u64_stats_update_end(&ln->tx_sync);
}

static void tx_count_skb(struct lem_netdev *ln, const struct sk_buff *skb,
			 const struct lem_tx_pkt *pkt)
{
	unsigned int packets = 1, hdr_len;

	if (pkt->flags & LEM_TX_TSO) {
		packets = skb_shinfo(skb)->gso_segs;
		hdr_len = pkt->l2_len + pkt->l3_len + pkt->l4_len;
		tx_count(ln, packets, skb->len + (packets - 1) * hdr_len);
	} else {
		tx_count(ln, packets, skb->len);
	}
}

/* Returns 0, or -errno and the packet is the caller's. */
static int tx_skb(struct lem_netdev *ln, struct sk_buff *skb)
{
	struct lem_tx_pkt pkt = { .seg = ln->tx_seg };
	struct lem_tx_ring *r = &ln->core.tx;
	u16 first = r->next_to_use;
	int error;

	if (unlikely(lem_tx_low(r)))
		return -ENOSPC;
	error = tx_offloads(skb, &pkt);
	if (unlikely(error))
		return error;
	error = tx_map_skb(ln, skb, &pkt);
	if (likely(!error))
		error = lem_tx_encap(&ln->core, &pkt);
	if (unlikely(error < 0)) {
		tx_undo(ln);
		return error;
	}
	ln->tx_buf[first].skb = skb;
	tx_count_skb(ln, skb, &pkt);
	return 0;
}

static noinline void tx_drop(struct lem_netdev *ln, struct sk_buff *skb,
			     bool more)
{
	u64_stats_update_begin(&ln->tx_sync);
	ln->tx_stats.dropped++;
	u64_stats_update_end(&ln->tx_sync);
	dev_kfree_skb_any(skb);
	/* Those before it were promised a doorbell. */
	if (ln->tx_open && !more)
		lem_netdev_tx_kick(ln);
}

netdev_tx_t lem_netdev_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	struct lem_netdev *ln = netdev_priv(netdev);
	struct netdev_queue *nq = lem_netdev_queue(ln);
	bool more = netdev_xmit_more();

	lem_beat(&ln->core);
	if (unlikely(!ln->tx_open || tx_skb(ln, skb) != 0)) {
		tx_drop(ln, skb, more);
		return NETDEV_TX_OK;
	}
	skb_tx_timestamp(skb);
	if (__netdev_tx_sent_queue(nq, skb->len, more))
		lem_netdev_tx_kick(ln);
	tx_room(ln);
	if (netif_xmit_stopped(nq))
		tx_guard_arm_late(ln);
	return NETDEV_TX_OK;
}

/* --- XDP --- */

int lem_netdev_tx_xdp(struct lem_netdev *ln, struct xdp_frame *xdpf,
		      bool pooled)
{
	struct device *dev = &ln->pdev->dev;
	struct lem_tx_pkt pkt = { .seg = ln->tx_seg };
	struct lem_netdev_tx_buf *buf;
	dma_addr_t dma;
	int error;

	if (!ln->tx_open || lem_tx_low(&ln->core.tx))
		return -EBUSY;
	if (pooled) {
		dma = page_pool_get_dma_addr(virt_to_page(xdpf->data)) +
		      offset_in_page(xdpf->data);
		dma_sync_single_for_device(dev, dma, xdpf->len,
					   DMA_BIDIRECTIONAL);
	} else {
		dma = dma_map_single(dev, xdpf->data, xdpf->len, DMA_TO_DEVICE);
	}
	buf = &ln->tx_buf[ln->core.tx.next_to_use];
	buf->pooled = pooled;
	error = tx_add(ln, &pkt, ln->core.tx.next_to_use, dma, xdpf->len,
		       false);
	if (!error)
		error = lem_tx_encap(&ln->core, &pkt);
	if (error < 0) {
		tx_undo(ln);
		buf->pooled = false;
		return error;
	}
	buf->xdpf = xdpf;
	tx_count(ln, 1, xdpf->len);
	tx_room(ln);
	return 0;
}

int lem_netdev_xdp_xmit(struct net_device *netdev, int n,
			struct xdp_frame **frames, u32 flags)
{
	struct lem_netdev *ln = netdev_priv(netdev);
	struct netdev_queue *nq = lem_netdev_queue(ln);
	int sent;

	if (flags & ~XDP_XMIT_FLAGS_MASK)
		return -EINVAL;
	if (!netif_running(netdev) || !netif_carrier_ok(netdev))
		return -ENETDOWN;
	__netif_tx_lock(nq, smp_processor_id());
	txq_trans_cond_update(nq);
	for (sent = 0; sent < n; sent++)
		if (lem_netdev_tx_xdp(ln, frames[sent], false) != 0)
			break;
	if (ln->tx_open && flags & XDP_XMIT_FLUSH)
		lem_netdev_tx_kick(ln);
	__netif_tx_unlock(nq);
	return sent;
}
