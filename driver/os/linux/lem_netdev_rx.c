// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Receive, NAPI and the interrupt.  A receive buffer is a page of a page pool;
 * a frame stays in it, and the page comes back when the stack has freed it.
 * lem_netdev.h says which context runs what.
 */
#include <linux/bpf_trace.h>
#include <linux/filter.h>

#include "lem_netdev.h"

#define RX_BATCH 32 /* buffers given to the core at a time */

/* --- buffers --- */

static u16 rx_add(const struct lem_rx_ring *r, u16 i, u16 n)
{
	return i + n >= r->count ? i + n - r->count : i + n;
}

/* Free descriptors, of which one always stays so. */
static u16 rx_room(const struct lem_rx_ring *r)
{
	u16 used = r->next_to_use - r->next_to_clean;

	if (r->next_to_use < r->next_to_clean)
		used += r->count;
	return r->count - 1 - used;
}

/* Returns false if there was no memory for some of the buffers. */
bool lem_netdev_rx_fill(struct lem_netdev *ln)
{
	struct lem_rx_ring *r = &ln->core.rx;
	u64 pa[RX_BATCH];
	u16 n, want;

	do {
		want = min_t(u16, rx_room(r), RX_BATCH);
		for (n = 0; n < want; n++) {
			struct page *page = page_pool_dev_alloc_pages(ln->pool);

			if (!page)
				break;
			ln->rx_page[rx_add(r, r->next_to_use, n)] = page;
			pa[n] = page_pool_get_dma_addr(page) +
				XDP_PACKET_HEADROOM;
		}
		(void)lem_rx_refill(&ln->core, pa, n);
	} while (n == RX_BATCH);
	if (n < want)
		ln->rx_alloc_failed++;
	return n == want;
}

int lem_netdev_rx_alloc(struct lem_netdev *ln)
{
	struct page_pool_params params = {
		.flags = PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV,
		.pool_size = ln->rx_desc,
		.nid = dev_to_node(&ln->pdev->dev),
		.dev = &ln->pdev->dev,
		.dma_dir = ln->xdp_prog ? DMA_BIDIRECTIONAL : DMA_FROM_DEVICE,
		.offset = XDP_PACKET_HEADROOM,
		.max_len = LEM_NETDEV_RX_BUF,
	};
	int error;

	BUILD_BUG_ON(SKB_WITH_OVERHEAD(PAGE_SIZE) <
		     XDP_PACKET_HEADROOM + LEM_NETDEV_RX_BUF);
	ln->rx_page = kvcalloc(ln->rx_desc, sizeof(*ln->rx_page), GFP_KERNEL);
	if (!ln->rx_page)
		return -ENOMEM;
	ln->pool = page_pool_create(&params);
	if (IS_ERR(ln->pool)) {
		error = PTR_ERR(ln->pool);
		goto free_pages;
	}
	error = xdp_rxq_info_reg(&ln->xdp_rxq, ln->netdev, 0,
				 ln->napi.napi_id);
	if (error)
		goto destroy_pool;
	error = xdp_rxq_info_reg_mem_model(&ln->xdp_rxq, MEM_TYPE_PAGE_POOL,
					   ln->pool);
	if (error)
		goto unreg_rxq;
	return 0;

unreg_rxq:
	xdp_rxq_info_unreg(&ln->xdp_rxq);
destroy_pool:
	page_pool_destroy(ln->pool);
free_pages:
	kvfree(ln->rx_page);
	return error;
}

void lem_netdev_rx_free(struct lem_netdev *ln)
{
	unsigned int i;

	for (i = 0; i < ln->rx_desc; i++)
		if (ln->rx_page[i])
			page_pool_put_full_page(ln->pool, ln->rx_page[i],
						false);
	xdp_rxq_info_unreg(&ln->xdp_rxq);
	page_pool_destroy(ln->pool);
	kvfree(ln->rx_page);
	ln->rx_page = NULL;
}

/* --- a packet --- */

static struct page *rx_take(struct lem_netdev *ln, u16 index)
{
	struct page *page = ln->rx_page[index];

	ln->rx_page[index] = NULL;
	return page;
}

static void rx_sync(struct lem_netdev *ln, struct page *page, u32 len)
{
	dma_sync_single_range_for_cpu(&ln->pdev->dev,
				      page_pool_get_dma_addr(page),
				      XDP_PACKET_HEADROOM, len,
				      page_pool_get_dma_dir(ln->pool));
}

/* Give back the pages of descs descriptors from `first` on. */
static void rx_recycle(struct lem_netdev *ln, u16 first, u16 descs)
{
	u16 i;

	for (i = 0; i < descs; i++) {
		struct page *page;

		page = rx_take(ln, rx_add(&ln->core.rx, first, i));
		page_pool_recycle_direct(ln->pool, page);
	}
}

/*
 * A short frame is copied, because a page for it would be charged to the
 * receiver's socket as a whole.
 */
static struct sk_buff *rx_copy(struct lem_netdev *ln, struct page *page,
			       u32 offset, u32 len)
{
	struct sk_buff *skb = napi_alloc_skb(&ln->napi, len);

	if (skb)
		skb_put_data(skb, page_address(page) + offset, len);
	page_pool_recycle_direct(ln->pool, page);
	return skb;
}

static struct sk_buff *rx_build(struct lem_netdev *ln, struct page *page,
				u32 offset, u32 len)
{
	struct sk_buff *skb = napi_build_skb(page_address(page), PAGE_SIZE);

	if (!skb) {
		page_pool_recycle_direct(ln->pool, page);
		return NULL;
	}
	skb_reserve(skb, offset);
	__skb_put(skb, len);
	skb_mark_for_recycle(skb);
	return skb;
}

static void rx_add_frags(struct lem_netdev *ln, struct sk_buff *skb,
			 const struct lem_rx_pkt *pkt)
{
	unsigned int i;

	for (i = 1; i < pkt->frags; i++) {
		struct page *page = rx_take(ln, pkt->frag[i].index);
		u32 len = pkt->frag[i].len_bytes;

		rx_sync(ln, page, len);
		skb_add_rx_frag(skb, i - 1, page, XDP_PACKET_HEADROOM, len,
				PAGE_SIZE);
	}
}

static void rx_deliver(struct lem_netdev *ln, struct sk_buff *skb,
		       const struct lem_rx_pkt *pkt)
{
	struct net_device *netdev = ln->netdev;

	if (pkt->flags & LEM_RX_L4_OK && netdev->features & NETIF_F_RXCSUM) {
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		ln->rx_csum_good++;
	} else {
		ln->rx_csum_none++;
	}
	if (pkt->flags & LEM_RX_VLAN)
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), pkt->vlan_tag);
	skb->protocol = eth_type_trans(skb, netdev);
	napi_gro_receive(&ln->napi, skb);
}

static void rx_count(struct lem_netdev *ln, unsigned int packets,
		     unsigned int bytes, unsigned int dropped)
{
	u64_stats_update_begin(&ln->rx_sync);
	ln->rx_stats.packets += packets;
	ln->rx_stats.bytes += bytes;
	ln->rx_stats.dropped += dropped;
	u64_stats_update_end(&ln->rx_sync);
}

/* --- XDP --- */

#define RX_XDP_TX 0x1u /* kick the transmitter */
#define RX_XDP_REDIRECT 0x2u /* flush the maps */

static bool rx_xdp_tx(struct lem_netdev *ln, struct xdp_buff *xdp)
{
	struct netdev_queue *nq = lem_netdev_queue(ln);
	struct xdp_frame *xdpf = xdp_convert_buff_to_frame(xdp);
	int error;

	if (!xdpf)
		return false;
	__netif_tx_lock(nq, smp_processor_id());
	txq_trans_cond_update(nq);
	error = lem_netdev_tx_xdp(ln, xdpf, true);
	__netif_tx_unlock(nq);
	return error == 0;
}

/*
 * Do what the program says.  Returns true if the packet goes on to the stack;
 * else the page is not ours any more.
 */
static bool rx_xdp_act(struct lem_netdev *ln, struct bpf_prog *prog,
		       struct xdp_buff *xdp, struct page *page,
		       unsigned int *todo)
{
	u32 act = bpf_prog_run_xdp(prog, xdp);

	switch (act) {
	case XDP_PASS:
		return true;
	case XDP_TX:
		if (!rx_xdp_tx(ln, xdp))
			goto aborted;
		ln->xdp_tx++;
		*todo |= RX_XDP_TX;
		return false;
	case XDP_REDIRECT:
		if (xdp_do_redirect(ln->netdev, xdp, prog) != 0)
			goto aborted;
		ln->xdp_redirect++;
		*todo |= RX_XDP_REDIRECT;
		return false;
	default:
		bpf_warn_invalid_xdp_action(ln->netdev, prog, act);
		fallthrough;
	case XDP_ABORTED:
aborted:
		trace_xdp_exception(ln->netdev, prog, act);
		fallthrough;
	case XDP_DROP:
		ln->xdp_drop++;
		page_pool_recycle_direct(ln->pool, page);
		return false;
	}
}

/*
 * Run the program on a frame of one page, which may move both ends of it.  Not
 * inline: some kernels clear xdp_buff, even for packets that no program sees.
 */
static noinline bool rx_xdp(struct lem_netdev *ln, struct bpf_prog *prog,
			    struct page *page, u32 *offset, u32 *len,
			    unsigned int *todo)
{
	struct xdp_buff xdp;

	xdp_init_buff(&xdp, PAGE_SIZE, &ln->xdp_rxq);
	xdp_prepare_buff(&xdp, page_address(page), *offset, *len, false);
	if (!rx_xdp_act(ln, prog, &xdp, page, todo))
		return false;
	*offset = xdp.data - xdp.data_hard_start;
	*len = xdp.data_end - xdp.data;
	return true;
}

static void rx_xdp_finish(struct lem_netdev *ln, unsigned int todo)
{
	struct netdev_queue *nq = lem_netdev_queue(ln);

	if (todo & RX_XDP_REDIRECT)
		xdp_do_flush();
	if (!(todo & RX_XDP_TX))
		return;
	__netif_tx_lock(nq, smp_processor_id());
	if (ln->tx_open)
		lem_netdev_tx_kick(ln);
	__netif_tx_unlock(nq);
}

/* --- NAPI --- */

/* first: the packet's first descriptor.  Returns what rx_xdp_finish() does. */
static unsigned int rx_packet(struct lem_netdev *ln, struct bpf_prog *prog,
			      const struct lem_rx_pkt *pkt, u16 first)
{
	u32 offset = XDP_PACKET_HEADROOM, len = pkt->frag[0].len_bytes;
	unsigned int todo = 0;
	struct sk_buff *skb;
	struct page *page;

	if (unlikely(pkt->flags & LEM_RX_ERROR || len < ETH_HLEN)) {
		rx_recycle(ln, first, pkt->descs);
		rx_count(ln, 0, 0, 1);
		return 0;
	}
	rx_count(ln, 1, pkt->len_bytes, 0);
	page = rx_take(ln, first);
	rx_sync(ln, page, len);
	if (prog && pkt->frags == 1 &&
	    !rx_xdp(ln, prog, page, &offset, &len, &todo))
		return todo;
	if (len <= LEM_NETDEV_COPYBREAK && pkt->frags == 1)
		skb = rx_copy(ln, page, offset, len);
	else
		skb = rx_build(ln, page, offset, len);
	if (!skb) {
		rx_recycle(ln, rx_add(&ln->core.rx, first, 1), pkt->descs - 1);
		ln->rx_alloc_failed++;
		rx_count(ln, 0, 0, 1);
		return 0;
	}
	rx_add_frags(ln, skb, pkt);
	rx_deliver(ln, skb, pkt);
	return 0;
}

/*
 * Descriptors are refilled a quarter of the ring at a time: an RDT write for
 * each packet would be an exit for each packet.  Returns the packets received;
 * budget if buffers could not be had, so that NAPI comes again.
 */
static int rx_poll(struct lem_netdev *ln, int budget)
{
	struct bpf_prog *prog = READ_ONCE(ln->xdp_prog);
	struct lem_rx_frag frag[LEM_NETDEV_RX_FRAGS];
	struct lem_rx_pkt pkt = {
		.frag = frag,
		.frags_max = LEM_NETDEV_RX_FRAGS,
	};
	struct lem_rx_ring *r = &ln->core.rx;
	bool filled = true;
	unsigned int todo = 0;
	int done = 0;
	u16 first;

	while (done < budget) {
		first = r->next_to_clean;
		if (lem_rx_pkt_get(&ln->core, &pkt) == 0)
			break;
		todo |= rx_packet(ln, prog, &pkt, first);
		done++;
		if (rx_room(r) >= r->count / 4) {
			filled = lem_netdev_rx_fill(ln);
			lem_rx_flush(&ln->core);
		}
	}
	if (rx_room(r) >= r->count / 4)
		filled = lem_netdev_rx_fill(ln);
	lem_rx_flush(&ln->core);
	if (todo)
		rx_xdp_finish(ln, todo);
	return filled ? done : budget;
}

/* The interrupts' causes so far; *polled: the device does not interrupt. */
static u32 intr_take(struct lem_netdev *ln, bool *polled)
{
	unsigned long flags;
	u32 causes;

	spin_lock_irqsave(&ln->intr_lock, flags);
	causes = ln->causes;
	ln->causes = 0;
	*polled = ln->masked;
	spin_unlock_irqrestore(&ln->intr_lock, flags);
	return causes;
}

/*
 * NAPI has finished.  An interrupt that comes meanwhile schedules NAPI again
 * and may mask; then that run unmasks once more, which does no harm.
 */
static void intr_rearm(struct lem_netdev *ln)
{
	struct netdev_queue *nq = lem_netdev_queue(ln);
	unsigned long flags;
	bool unmask;

	spin_lock_irqsave(&ln->intr_lock, flags);
	unmask = ln->masked;
	ln->polling = false;
	ln->masked = false;
	spin_unlock_irqrestore(&ln->intr_lock, flags);
	if (!unmask)
		return;
	__netif_tx_lock(nq, smp_processor_id());
	if (ln->tx_open)
		lem_intr_enable(&ln->core);
	__netif_tx_unlock(nq);
}

/* The queue is locked.  Returns LEM_WORK_*. */
static unsigned int tx_poll(struct lem_netdev *ln, int budget)
{
	unsigned int work = 0;
	bool polled;
	u32 causes;

	causes = intr_take(ln, &polled);
	if (ln->tx_open) {
		if (causes) {
			work = lem_intr_dispatch(&ln->core, causes);
			lem_lone_interrupt(&ln->core, causes, !polled);
		}
		/* Else the dispatch has done it. */
		if (!(causes & LEM_INTR_TX)) {
			if (polled)
				(void)lem_tx_intr(&ln->core);
			else
				(void)lem_tx_reclaim(&ln->core);
		}
		lem_netdev_tx_free(ln, budget);
	}
	return work;
}

int lem_netdev_poll(struct napi_struct *napi, int budget)
{
	struct lem_netdev *ln = container_of(napi, struct lem_netdev, napi);
	struct netdev_queue *nq = lem_netdev_queue(ln);
	unsigned int work = 0;
	int done = 0;

	/* Netpoll, with a budget of 0, may come while this CPU has the lock. */
	if (budget)
		__netif_tx_lock(nq, smp_processor_id());
	if (budget || __netif_tx_trylock(nq)) {
		work = tx_poll(ln, budget);
		__netif_tx_unlock(nq);
	}
	if (work & (LEM_WORK_LINK | LEM_WORK_GONE))
		schedule_work(&ln->link_work);
	if (budget > 0)
		done = rx_poll(ln, budget);
	if (done < budget && napi_complete_done(napi, done))
		intr_rearm(ln);
	return done;
}

irqreturn_t lem_netdev_intr(int irq, void *arg)
{
	struct lem_netdev *ln = arg;
	u32 causes = 0;

	spin_lock(&ln->intr_lock);
	if (ln->intr_open && !lem_gone(&ln->core))
		causes = lem_intr_cause(&ln->core);
	if (!causes) {
		spin_unlock(&ln->intr_lock);
		return IRQ_NONE;
	}
	ln->interrupts++;
	ln->causes |= causes;
	if (ln->polling && !ln->masked) {
		lem_intr_disable(&ln->core);
		ln->masked = true;
		ln->intr_masks++;
	}
	ln->polling = true;
	spin_unlock(&ln->intr_lock);
	napi_schedule(&ln->napi);
	return IRQ_HANDLED;
}
