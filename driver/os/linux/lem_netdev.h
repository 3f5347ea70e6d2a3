/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * lem.ko: the Linux port of the lem driver core.
 *
 *	lem_netdev.c		up and down, filters, MTU, features, link, PCI
 *	lem_netdev_tx.c		transmit: sk_buffs and XDP frames
 *	lem_netdev_rx.c		receive: page pool, XDP; NAPI; the interrupt
 *	lem_netdev_ethtool.c	ethtool
 *	lem_compat.h		what differs between kernels
 *	lem_os.h		what the core asks of a port
 *
 * Which context runs what, and what keeps them apart:
 *
 *	context						core's group
 *	ndo_start_xmit, ndo_xdp_xmit, the guard's
 *	  timer, NAPI's transmit half			tx
 *	NAPI's receive half				rx
 *	the interrupt handler				none: it reads ICR
 *	ndo_open, ndo_stop, ethtool, work items		config
 *
 * The core's tx lock is the lock of the transmit queue (__netif_tx_lock()),
 * which ndo_start_xmit holds anyway.  Its rx lock is NAPI, which runs once at a
 * time.  Its config lock is `config`, a mutex, because the core sleeps while it
 * waits for the device; it nests inside the RTNL, and tx inside it.  Where the
 * core asks for all three, the interface is quiet: lem_netdev_quiet().
 *
 * The interrupt handler reads ICR, which acknowledges and deasserts, and leaves
 * the rest to NAPI.  It masks nothing as long as NAPI keeps up, so an interrupt
 * costs one register access.  An interrupt that finds NAPI still at work was
 * not needed: then the handler masks interrupts until NAPI has done its work.
 * Where the hypervisor moderates, this is rare.  `intr_lock` makes the read of
 * ICR and the store to `causes` one step towards NAPI: lem_rx_flush() relies on
 * it that the causes of a dispatch were read after those of the dispatch before
 * (struct lem_rx_ring).
 *
 * Names: lem_netdev_ is the port's prefix, lem_ the core's.
 */
#ifndef LEM_NETDEV_H
#define LEM_NETDEV_H

#include <linux/bpf.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>
#include <net/xdp.h>

#include "lem_compat.h"
#include "lem.h"

#define LEM_NETDEV_DESC 256 /* default of both rings */
#define LEM_NETDEV_DESC_MIN 80 /* a packet of LEM_NETDEV_SEGS fits twice */

/*
 * The most pieces of a packet to send: its head, its fragments, and what a
 * piece of more than LEM_SEG_MAX bytes is cut into.
 */
#define LEM_NETDEV_SEGS (MAX_SKB_FRAGS + 1 + 65536 / LEM_SEG_MAX)

/* A receive buffer is a page: headroom for XDP, the frame, the shared info. */
#define LEM_NETDEV_RX_BUF 2048
#define LEM_NETDEV_RX_FRAGS 8 /* of a frame of 16384 bytes */
#define LEM_NETDEV_COPYBREAK 256 /* shorter frames are copied */

#define LEM_NETDEV_MTU_MAX 16110
/* XDP sees a frame in one buffer. */
#define LEM_NETDEV_XDP_MTU_MAX \
	(LEM_NETDEV_RX_BUF - VLAN_ETH_HLEN - ETH_FCS_LEN)
#define LEM_NETDEV_USECS_MAX 10000 /* between interrupts */
#define LEM_NETDEV_LONE_MS 20 /* a lone packet is kept, at most */

/* A descriptor's share of what is being sent. */
struct lem_netdev_tx_buf {
	dma_addr_t dma;
	u32 len; /* bytes mapped at dma, 0: not mapped */
	bool page; /* mapped by skb_frag_dma_map() */
	bool pooled; /* the page pool's mapping: XDP_TX */
	/* At the first descriptor of a packet one of the two. */
	struct sk_buff *skb;
	struct xdp_frame *xdpf;
};

struct lem_netdev_stats {
	u64 packets;
	u64 bytes;
	u64 dropped;
};

struct lem_netdev {
	struct lem core;
	struct net_device *netdev;
	struct pci_dev *pdev;
	struct napi_struct napi;
	int irq;

	/* tx: the transmit queue's lock */
	struct lem_netdev_tx_buf *tx_buf;
	/* Not on the stack, which some kernels clear for each packet. */
	struct lem_tx_seg tx_seg[LEM_NETDEV_SEGS];
	u16 tx_freed; /* buffers before it are freed */
	bool tx_open; /* rings and registers may be used */
	unsigned long tx_looked; /* jiffies: when TXOFF was looked at */
	struct timer_list guard;
	struct u64_stats_sync tx_sync;
	struct lem_netdev_stats tx_stats;
	u64 tx_restarts;

	/* rx: NAPI */
	struct page **rx_page;
	struct page_pool *pool;
	struct bpf_prog *xdp_prog; /* RCU; config writes it */
	struct xdp_rxq_info xdp_rxq;
	struct u64_stats_sync rx_sync;
	struct lem_netdev_stats rx_stats;
	u64 rx_alloc_failed;
	u64 rx_csum_good, rx_csum_none;
	u64 xdp_tx, xdp_redirect, xdp_drop;

	/* intr_lock */
	spinlock_t intr_lock;
	bool intr_open; /* the handler may read ICR */
	bool polling; /* NAPI was asked for and has not finished */
	bool masked; /* all interrupts are */
	u32 causes; /* read, for NAPI */
	u64 interrupts;
	u64 intr_masks;

	/* config */
	struct mutex config;
	bool up; /* between lem_netdev_up() and _down() */
	bool intr_seen; /* ethtool -t */
	u32 ledctl; /* ethtool -p: as it was */
	u16 tx_desc, rx_desc; /* ring sizes asked for */
	u32 rx_usecs, tx_usecs; /* as asked for */
	bool adaptive;
	bool pause_autoneg; /* PAUSE as both ends advertise it */
	u32 pause; /* LEM_PAUSE_*, as asked for without that */
	bool advertised; /* the two are not what the PHY had */
	u16 ana, gcon; /* its registers 4 and 9, as asked for */
	u32 wake; /* E1000_WUFC_* */
	u32 vlans; /* accepted */
	u32 msg_enable;
	void *tx_ring, *rx_ring;
	dma_addr_t tx_ring_dma, rx_ring_dma;
	u16 *rsq;
	struct work_struct link_work; /* the link may have changed */
	struct work_struct filter_work; /* addresses or flags did */
	struct work_struct reset_work; /* start the interface again */
};

static inline struct netdev_queue *lem_netdev_queue(struct lem_netdev *ln)
{
	return netdev_get_tx_queue(ln->netdev, 0);
}

/* --- lem_netdev.c --- */

/*
 * lem_netdev_up, lem_netdev_down: start and stop the interface, with what is
 * set now.  They sleep.  Locks: RTNL.
 */
int lem_netdev_up(struct lem_netdev *ln);
void lem_netdev_down(struct lem_netdev *ln);

/*
 * lem_netdev_restart: down and up, if the interface is up.  If it does not come
 * up again, it is closed.  Locks: RTNL.  Returns 0 or -errno.
 */
int lem_netdev_restart(struct lem_netdev *ln);

/* lem_netdev_moderate: rx_usecs, tx_usecs to the core.  Locks: config. */
int lem_netdev_moderate(struct lem_netdev *ln);

/*
 * lem_netdev_advertise: what the PHY offers is ln->ana, ln->gcon.
 * lem_netdev_pause: flow control as it is set, or as both ends agreed.
 * Both sleep.  Locks: config; the interface is up.
 */
int lem_netdev_advertise(struct lem_netdev *ln);
int lem_netdev_pause(struct lem_netdev *ln);

/* --- lem_netdev_tx.c --- */

netdev_tx_t lem_netdev_xmit(struct sk_buff *skb, struct net_device *netdev);
int lem_netdev_xdp_xmit(struct net_device *netdev, int n,
			struct xdp_frame **frames, u32 flags);
void lem_netdev_guard(struct timer_list *timer);
netdev_features_t lem_netdev_features_check(struct sk_buff *skb,
					    struct net_device *netdev,
					    netdev_features_t features);

/*
 * lem_netdev_tx_xdp: send a frame that lies in a page of ours.  The caller
 * calls lem_netdev_tx_kick() after the last one.
 * Locks: tx.  Returns 0, or -errno and the frame is the caller's.
 */
int lem_netdev_tx_xdp(struct lem_netdev *ln, struct xdp_frame *xdpf,
		      bool pooled);
void lem_netdev_tx_kick(struct lem_netdev *ln);

/*
 * lem_netdev_tx_free: free what the core has reclaimed, and let the stack send
 * again if there is room.  budget: NAPI's.  Locks: tx.
 */
void lem_netdev_tx_free(struct lem_netdev *ln, int budget);

/*
 * lem_netdev_tx_paused: does a peer that does not read make the chip wait
 * (STATUS.TXOFF, 13.4.2)?  One register read.  Locks: none.
 */
bool lem_netdev_tx_paused(struct lem_netdev *ln);

/* lem_netdev_tx_drain: free everything.  The device is stopped. */
void lem_netdev_tx_drain(struct lem_netdev *ln);

/* --- lem_netdev_rx.c --- */

irqreturn_t lem_netdev_intr(int irq, void *arg);
int lem_netdev_poll(struct napi_struct *napi, int budget);

/*
 * lem_netdev_rx_alloc, lem_netdev_rx_free: the page pool and all buffers.
 * Locks: config; NAPI does not run.  Return 0 or -errno.
 */
int lem_netdev_rx_alloc(struct lem_netdev *ln);
void lem_netdev_rx_free(struct lem_netdev *ln);

/* lem_netdev_rx_fill: buffers to all free descriptors.  Locks: rx. */
bool lem_netdev_rx_fill(struct lem_netdev *ln);

/* --- lem_netdev_ethtool.c --- */

extern const struct ethtool_ops lem_netdev_ethtool_ops;

#endif
