// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The interface up and down, its filters and settings, the link; the PCI
 * device.  lem_netdev.h says which context runs what.
 */
#include <linux/dma-mapping.h>
#include <linux/ethtool.h>
#include <linux/interrupt.h>
#include <linux/mii.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>

#include "lem_netdev.h"

#define LEM_NETDEV_MC_MAX 128 /* more: all multicast */
#define LEM_NETDEV_USECS 125 /* between interrupts, unless asked otherwise */

static bool send_combining;
module_param(send_combining, bool, 0444);
MODULE_PARM_DESC(send_combining,
		 "write TDT once for many packets (default: off)");

/* --- rings --- */

static void rings_free(struct lem_netdev *ln)
{
	struct device *dev = &ln->pdev->dev;

	if (ln->tx_ring)
		dma_free_coherent(dev, ln->tx_desc * E1000_DESC_BYTES,
				  ln->tx_ring, ln->tx_ring_dma);
	if (ln->rx_ring)
		dma_free_coherent(dev, ln->rx_desc * E1000_DESC_BYTES,
				  ln->rx_ring, ln->rx_ring_dma);
	kvfree(ln->tx_buf);
	kvfree(ln->rsq);
	ln->tx_ring = NULL;
	ln->rx_ring = NULL;
	ln->tx_buf = NULL;
	ln->rsq = NULL;
}

static int rings_alloc(struct lem_netdev *ln)
{
	struct device *dev = &ln->pdev->dev;
	int error = -ENOMEM;

	ln->tx_ring = dma_alloc_coherent(dev, ln->tx_desc * E1000_DESC_BYTES,
					 &ln->tx_ring_dma, GFP_KERNEL);
	ln->rx_ring = dma_alloc_coherent(dev, ln->rx_desc * E1000_DESC_BYTES,
					 &ln->rx_ring_dma, GFP_KERNEL);
	ln->tx_buf = kvcalloc(ln->tx_desc, sizeof(*ln->tx_buf), GFP_KERNEL);
	ln->rsq = kvcalloc(ln->tx_desc, sizeof(*ln->rsq), GFP_KERNEL);
	if (ln->tx_ring && ln->rx_ring && ln->tx_buf && ln->rsq)
		error = lem_netdev_rx_alloc(ln);
	if (error)
		rings_free(ln);
	return error;
}

/* --- settings that the core keeps --- */

/*
 * One ITR serves both directions: the shorter of the two intervals.  Where the
 * other direction may wait longer, its delay timers make it wait.
 */
int lem_netdev_moderate(struct lem_netdev *ln)
{
	u32 itr_usecs = min(ln->rx_usecs, ln->tx_usecs);
	struct lem_moderation m = { .adaptive = ln->adaptive };
	int error = 0;

	if (lem_has_itr(&ln->core)) {
		m.itr = DIV_ROUND_UP(itr_usecs * 1000, E1000_ITR_UNIT_NS);
		if (ln->rx_usecs > itr_usecs)
			error = lem_delay_from_us(ln->rx_usecs, &m.rdtr);
		if (ln->tx_usecs > itr_usecs)
			error = lem_delay_from_us(ln->tx_usecs, &m.tidv);
		m.radv = m.rdtr;
		m.tadv = m.tidv;
	} else {
		error = lem_delay_from_us(ln->rx_usecs, &m.rdtr) ?:
			lem_delay_from_us(ln->tx_usecs, &m.tidv);
	}
	return error ?: lem_moderation_set(&ln->core, &m);
}

static void rx_mode_apply(struct lem_netdev *ln)
{
	struct net_device *netdev = ln->netdev;
	u32 frame = netdev->mtu + VLAN_ETH_HLEN + ETH_FCS_LEN;

	lem_rx_mode(&ln->core, netdev->features & NETIF_F_HW_VLAN_CTAG_RX,
		    ln->vlans != 0, frame > E1000_RX_FRAME_MAX_BYTES);
}

/* The interface's addresses, copied while the stack's lock is held. */
struct filter {
	u32 flags;
	unsigned int mc, uc;
	u8 mc_addr[LEM_NETDEV_MC_MAX][ETH_ALEN];
	u8 uc_addr[LEM_RAR_ENTRIES - 1][ETH_ALEN];
};

static void filter_copy(struct net_device *netdev, struct filter *f)
{
	struct netdev_hw_addr *ha;

	netif_addr_lock_bh(netdev);
	if (netdev->flags & IFF_PROMISC ||
	    netdev_uc_count(netdev) > ARRAY_SIZE(f->uc_addr))
		f->flags |= LEM_FILTER_PROMISC;
	else
		netdev_for_each_uc_addr(ha, netdev)
			ether_addr_copy(f->uc_addr[f->uc++], ha->addr);
	if (netdev->flags & IFF_ALLMULTI ||
	    netdev_mc_count(netdev) > ARRAY_SIZE(f->mc_addr))
		f->flags |= LEM_FILTER_ALLMULTI;
	else
		netdev_for_each_mc_addr(ha, netdev)
			ether_addr_copy(f->mc_addr[f->mc++], ha->addr);
	netif_addr_unlock_bh(netdev);
}

/* Entry 0 is the station address, which ndo_set_mac_address sets. */
static void filter_set_uc(struct lem_netdev *ln, const struct filter *f)
{
	struct lem *core = &ln->core;
	unsigned int i;

	for (i = 1; i < LEM_RAR_ENTRIES; i++) {
		const u8 *want = i <= f->uc ? f->uc_addr[i - 1] : NULL;
		bool has = core->rar_valid & BIT(i);

		if (want ? !has || !ether_addr_equal(want, core->rar[i]) : has)
			(void)lem_rar_set(core, i, want);
	}
}

static int filter_apply(struct lem_netdev *ln)
{
	struct filter *f = kzalloc(sizeof(*f), GFP_KERNEL);
	int error;

	if (!f)
		return -ENOMEM;
	f->flags = LEM_FILTER_BROADCAST;
	filter_copy(ln->netdev, f);
	filter_set_uc(ln, f);
	error = lem_filter_set(&ln->core, f->flags, f->mc_addr, f->mc);
	kfree(f);
	return error;
}

static void filter_work(struct work_struct *work)
{
	struct lem_netdev *ln =
		container_of(work, struct lem_netdev, filter_work);

	mutex_lock(&ln->config);
	if (ln->up)
		(void)filter_apply(ln);
	mutex_unlock(&ln->config);
}

/* --- link --- */

int lem_netdev_advertise(struct lem_netdev *ln)
{
	u16 ana, gcon;
	int error;

	error = lem_phy_read(&ln->core, E1000_PHY_ANA, &ana) ?:
		lem_phy_read(&ln->core, E1000_PHY_GCON, &gcon);
	if (error || (ana == ln->ana && gcon == ln->gcon))
		return error;
	return lem_phy_write(&ln->core, E1000_PHY_ANA, ln->ana) ?:
	       lem_phy_write(&ln->core, E1000_PHY_GCON, ln->gcon) ?:
	       lem_phy_renegotiate(&ln->core);
}

/* What both ends advertise: IEEE 802.3, annex 28B. */
static u32 pause_agreed(struct lem_netdev *ln)
{
	u16 ana = 0, lpa = 0;
	u8 flow;

	if (!ln->core.link.full_duplex || ln->core.force.mbps ||
	    lem_phy_read(&ln->core, E1000_PHY_ANA, &ana) ||
	    lem_phy_read(&ln->core, E1000_PHY_LPA, &lpa))
		return 0;
	flow = mii_resolve_flowctrl_fdx(ana, lpa);
	return (flow & FLOW_CTRL_RX ? LEM_PAUSE_RX : 0) |
	       (flow & FLOW_CTRL_TX ? LEM_PAUSE_TX : 0);
}

int lem_netdev_pause(struct lem_netdev *ln)
{
	u32 pause = ln->pause;

	if (ln->pause_autoneg) {
		if (!lem_link_up(&ln->core))
			return 0;
		pause = pause_agreed(ln);
	}
	return pause == ln->core.pause ? 0 : lem_pause_set(&ln->core, pause);
}

static void link_report(struct lem_netdev *ln)
{
	struct netdev_queue *nq = lem_netdev_queue(ln);

	if (lem_link_up(&ln->core)) {
		(void)lem_netdev_pause(ln);
		netif_carrier_on(ln->netdev);
		netif_info(ln, link, ln->netdev,
			   "link up, %u Mb/s, %s duplex\n",
			   ln->core.link.mbps,
			   ln->core.link.full_duplex ? "full" : "half");
		return;
	}
	netif_carrier_off(ln->netdev);
	netif_info(ln, link, ln->netdev, "link down\n");
	__netif_tx_lock_bh(nq);
	if (ln->tx_open)
		lem_tx_flush(&ln->core);
	__netif_tx_unlock_bh(nq);
}

static void link_work(struct work_struct *work)
{
	struct lem_netdev *ln =
		container_of(work, struct lem_netdev, link_work);
	int changed;

	mutex_lock(&ln->config);
	if (ln->up) {
		changed = lem_link_update(&ln->core);
		if (changed > 0)
			link_report(ln);
		else if (changed == -ENODEV)
			netif_carrier_off(ln->netdev);
	}
	mutex_unlock(&ln->config);
}

/* --- up and down --- */

/* Set the core up as the interface is now, and start the device. */
static int core_start(struct lem_netdev *ln)
{
	struct lem *core = &ln->core;
	int error;

	error = lem_reset(core);
	if (!error)
		error = lem_rar_set(core, 0, ln->netdev->dev_addr);
	if (!error)
		error = filter_apply(ln);
	if (!error)
		error = lem_netdev_moderate(ln);
	if (!error)
		error = lem_tx_ring_init(core, ln->tx_ring, ln->tx_ring_dma,
					 ln->rsq, ln->tx_desc,
					 LEM_NETDEV_SEGS);
	if (!error)
		error = lem_rx_ring_init(core, ln->rx_ring, ln->rx_ring_dma,
					 ln->rx_desc, LEM_NETDEV_RX_BUF);
	rx_mode_apply(ln);
	if (!error)
		error = lem_pause_set(core, ln->pause_autoneg ? 0 : ln->pause);
	if (!error)
		error = lem_start(core);
	if (!error && ln->advertised)
		error = lem_netdev_advertise(ln);
	return error;
}

/* From here on the other contexts use rings and registers. */
static void gate_open(struct lem_netdev *ln)
{
	struct netdev_queue *nq = lem_netdev_queue(ln);

	ln->polling = false;
	ln->masked = false;
	ln->causes = 0;
	ln->tx_freed = 0;
	napi_enable(&ln->napi);
	spin_lock_irq(&ln->intr_lock);
	ln->intr_open = true;
	spin_unlock_irq(&ln->intr_lock);
	__netif_tx_lock_bh(nq);
	ln->tx_open = true;
	__netif_tx_unlock_bh(nq);
}

/* From here on no other context does, or will until gate_open(). */
static void gate_close(struct lem_netdev *ln)
{
	struct netdev_queue *nq = lem_netdev_queue(ln);

	netif_tx_disable(ln->netdev);
	__netif_tx_lock_bh(nq);
	ln->tx_open = false;
	__netif_tx_unlock_bh(nq);
	spin_lock_irq(&ln->intr_lock);
	ln->intr_open = false;
	spin_unlock_irq(&ln->intr_lock);
	lem_intr_disable(&ln->core);
	synchronize_irq(ln->irq);
	napi_disable(&ln->napi);
	timer_delete_sync(&ln->guard);
}

static int up_locked(struct lem_netdev *ln)
{
	int error;

	error = rings_alloc(ln);
	if (error)
		return error;
	error = core_start(ln);
	if (error)
		goto stop_core;
	error = request_irq(ln->irq, lem_netdev_intr,
			    ln->pdev->msi_enabled ? 0 : IRQF_SHARED,
			    ln->netdev->name, ln);
	if (error)
		goto stop_core;
	(void)lem_netdev_rx_fill(ln);
	lem_rx_flush(&ln->core);
	gate_open(ln);
	ln->up = true;
	lem_intr_enable(&ln->core);
	netif_start_queue(ln->netdev);
	link_report(ln);
	return 0;

stop_core:
	lem_stop(&ln->core);
	lem_netdev_rx_free(ln);
	rings_free(ln);
	return error;
}

int lem_netdev_up(struct lem_netdev *ln)
{
	int error;

	mutex_lock(&ln->config);
	error = up_locked(ln);
	mutex_unlock(&ln->config);
	if (error)
		netdev_err(ln->netdev, "cannot start: error %d\n", error);
	return error;
}

void lem_netdev_down(struct lem_netdev *ln)
{
	mutex_lock(&ln->config);
	if (ln->up) {
		ln->up = false;
		netif_carrier_off(ln->netdev);
		gate_close(ln);
		lem_stop(&ln->core);
		free_irq(ln->irq, ln);
		lem_netdev_tx_drain(ln);
		lem_netdev_rx_free(ln);
		rings_free(ln);
	}
	mutex_unlock(&ln->config);
}

int lem_netdev_restart(struct lem_netdev *ln)
{
	int error;

	ASSERT_RTNL();
	if (!ln->up)
		return 0;
	lem_netdev_down(ln);
	error = lem_netdev_up(ln);
	if (error)
		dev_close(ln->netdev);
	return error;
}

static void reset_work(struct work_struct *work)
{
	struct lem_netdev *ln =
		container_of(work, struct lem_netdev, reset_work);

	rtnl_lock();
	if (netif_running(ln->netdev))
		(void)lem_netdev_restart(ln);
	rtnl_unlock();
}

/* --- net_device_ops --- */

static int ndo_open(struct net_device *netdev)
{
	return lem_netdev_up(netdev_priv(netdev));
}

static int ndo_stop(struct net_device *netdev)
{
	lem_netdev_down(netdev_priv(netdev));
	return 0;
}

/* The stack's lock is a spin lock here, and registers are slow. */
static void ndo_set_rx_mode(struct net_device *netdev)
{
	struct lem_netdev *ln = netdev_priv(netdev);

	schedule_work(&ln->filter_work);
}

static int ndo_set_mac_address(struct net_device *netdev, void *addr)
{
	struct lem_netdev *ln = netdev_priv(netdev);
	int error;

	error = eth_prepare_mac_addr_change(netdev, addr);
	if (error)
		return error;
	mutex_lock(&ln->config);
	eth_commit_mac_addr_change(netdev, addr);
	if (ln->up)
		error = lem_rar_set(&ln->core, 0, netdev->dev_addr);
	mutex_unlock(&ln->config);
	return error;
}

/* Rings and buffers are the same for all MTUs. */
static int ndo_change_mtu(struct net_device *netdev, int mtu)
{
	struct lem_netdev *ln = netdev_priv(netdev);

	if (ln->xdp_prog && mtu > LEM_NETDEV_XDP_MTU_MAX) {
		netdev_warn(netdev, "XDP allows an MTU of at most %zu\n",
			    (size_t)LEM_NETDEV_XDP_MTU_MAX);
		return -EINVAL;
	}
	mutex_lock(&ln->config);
	WRITE_ONCE(netdev->mtu, mtu);
	if (ln->up)
		rx_mode_apply(ln);
	mutex_unlock(&ln->config);
	return 0;
}

static void ndo_tx_timeout(struct net_device *netdev, unsigned int queue)
{
	struct lem_netdev *ln = netdev_priv(netdev);

	if (lem_netdev_tx_paused(ln))
		netif_trans_update(netdev);
	else
		schedule_work(&ln->reset_work);
}

static void stats_read(const struct lem_netdev_stats *from,
		       const struct u64_stats_sync *sync,
		       struct lem_netdev_stats *to)
{
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(sync);
		*to = *from;
	} while (u64_stats_fetch_retry(sync, start));
}

static void ndo_get_stats64(struct net_device *netdev,
			    struct rtnl_link_stats64 *stats)
{
	struct lem_netdev *ln = netdev_priv(netdev);
	struct lem_netdev_stats rx, tx;

	stats_read(&ln->rx_stats, &ln->rx_sync, &rx);
	stats_read(&ln->tx_stats, &ln->tx_sync, &tx);
	stats->rx_packets = rx.packets;
	stats->rx_bytes = rx.bytes;
	stats->rx_dropped = rx.dropped;
	stats->tx_packets = tx.packets;
	stats->tx_bytes = tx.bytes;
	stats->tx_dropped = tx.dropped;
}

static int vlan_set(struct lem_netdev *ln, u16 vid, bool accept)
{
	int error;

	mutex_lock(&ln->config);
	error = lem_vlan_filter(&ln->core, vid, accept);
	if (!error) {
		ln->vlans += accept ? 1 : -1;
		if (ln->up && ln->vlans <= 1)
			rx_mode_apply(ln);
	}
	mutex_unlock(&ln->config);
	return error;
}

static int ndo_vlan_rx_add_vid(struct net_device *netdev, __be16 proto, u16 vid)
{
	return vlan_set(netdev_priv(netdev), vid, true);
}

static int ndo_vlan_rx_kill_vid(struct net_device *netdev, __be16 proto,
				u16 vid)
{
	return vlan_set(netdev_priv(netdev), vid, false);
}

/* One bit of the chip, CTRL.VME, switches tags in both directions. */
static netdev_features_t ndo_fix_features(struct net_device *netdev,
					  netdev_features_t features)
{
	if (features & NETIF_F_HW_VLAN_CTAG_RX)
		features |= NETIF_F_HW_VLAN_CTAG_TX;
	else
		features &= ~NETIF_F_HW_VLAN_CTAG_TX;
	return features;
}

static int ndo_set_features(struct net_device *netdev,
			    netdev_features_t features)
{
	struct lem_netdev *ln = netdev_priv(netdev);
	netdev_features_t changed = netdev->features ^ features;

	if (!(changed & NETIF_F_HW_VLAN_CTAG_RX))
		return 0;
	mutex_lock(&ln->config);
	netdev->features = features;
	if (ln->up)
		rx_mode_apply(ln);
	mutex_unlock(&ln->config);
	return 1;
}

/* The first program and the last change how pages are mapped: start again. */
static int xdp_set(struct lem_netdev *ln, struct netdev_bpf *bpf)
{
	struct net_device *netdev = ln->netdev;
	struct bpf_prog *old = ln->xdp_prog;
	bool restart = !old != !bpf->prog && ln->up;

	if (bpf->prog && netdev->mtu > LEM_NETDEV_XDP_MTU_MAX) {
		NL_SET_ERR_MSG_MOD(bpf->extack, "MTU is too large for XDP");
		return -EOPNOTSUPP;
	}
	if (restart)
		lem_netdev_down(ln);
	WRITE_ONCE(ln->xdp_prog, bpf->prog);
	if (restart && lem_netdev_up(ln) != 0) {
		/* The caller keeps the new program, and we the old one. */
		WRITE_ONCE(ln->xdp_prog, old);
		dev_close(netdev);
		return -ENETDOWN;
	}
	if (old)
		bpf_prog_put(old);
	return 0;
}

static int ndo_bpf(struct net_device *netdev, struct netdev_bpf *bpf)
{
	switch (bpf->command) {
	case XDP_SETUP_PROG:
		return xdp_set(netdev_priv(netdev), bpf);
	default:
		return -EINVAL;
	}
}

static const struct net_device_ops lem_netdev_ops = {
	.ndo_open = ndo_open,
	.ndo_stop = ndo_stop,
	.ndo_start_xmit = lem_netdev_xmit,
	.ndo_features_check = lem_netdev_features_check,
	.ndo_set_rx_mode = ndo_set_rx_mode,
	.ndo_set_mac_address = ndo_set_mac_address,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_change_mtu = ndo_change_mtu,
	.ndo_tx_timeout = ndo_tx_timeout,
	.ndo_get_stats64 = ndo_get_stats64,
	.ndo_vlan_rx_add_vid = ndo_vlan_rx_add_vid,
	.ndo_vlan_rx_kill_vid = ndo_vlan_rx_kill_vid,
	.ndo_fix_features = ndo_fix_features,
	.ndo_set_features = ndo_set_features,
	.ndo_bpf = ndo_bpf,
	.ndo_xdp_xmit = lem_netdev_xdp_xmit,
};

/* --- PCI --- */

static void netdev_features_init(struct lem_netdev *ln)
{
	struct net_device *netdev = ln->netdev;

	netdev->hw_features = NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_RXCSUM |
			      NETIF_F_HW_VLAN_CTAG_RX |
			      NETIF_F_HW_VLAN_CTAG_TX;
	if (ln->core.chip != LEM_82543)
		netdev->hw_features |= NETIF_F_TSO | NETIF_F_TSO6;
	netdev->features = netdev->hw_features | NETIF_F_HW_VLAN_CTAG_FILTER |
			   NETIF_F_HIGHDMA;
	netdev->vlan_features = NETIF_F_SG | NETIF_F_HW_CSUM |
				(netdev->hw_features &
				 (NETIF_F_TSO | NETIF_F_TSO6));
	netdev->priv_flags |= IFF_UNICAST_FLT;
	netdev->min_mtu = ETH_MIN_MTU;
	netdev->max_mtu = LEM_NETDEV_MTU_MAX;
	lem_compat_xdp_features(netdev);
}

static void netdev_init(struct lem_netdev *ln)
{
	struct net_device *netdev = ln->netdev;
	struct lem *core = &ln->core;
	u16 max = core->chip == LEM_82543 ? LEM_RING_MAX_82543 : LEM_RING_MAX;

	ln->tx_desc = min_t(u16, LEM_NETDEV_DESC, max);
	ln->rx_desc = ln->tx_desc;
	if (lem_has_itr(core))
		ln->rx_usecs = ln->tx_usecs = LEM_NETDEV_USECS;
	ln->adaptive = true;
	ln->pause_autoneg = true;
	ln->pause = LEM_PAUSE_RX | LEM_PAUSE_TX;
	ln->msg_enable = NETIF_MSG_DRV | NETIF_MSG_PROBE;
	(void)lem_tx_combine_set(core, send_combining ? LEM_COMBINE_ON :
							LEM_COMBINE_OFF);
	netdev->netdev_ops = &lem_netdev_ops;
	netdev->ethtool_ops = &lem_netdev_ethtool_ops;
	netdev->watchdog_timeo = 5 * HZ;
	eth_hw_addr_set(netdev, core->mac);
	netdev_features_init(ln);
	netif_napi_add(netdev, &ln->napi, lem_netdev_poll);
	netif_carrier_off(netdev);
}

static struct lem_netdev *netdev_new(struct pci_dev *pdev)
{
	struct net_device *netdev = alloc_etherdev(sizeof(struct lem_netdev));
	struct lem_netdev *ln;

	if (!netdev)
		return NULL;
	SET_NETDEV_DEV(netdev, &pdev->dev);
	pci_set_drvdata(pdev, netdev);
	ln = netdev_priv(netdev);
	ln->netdev = netdev;
	ln->pdev = pdev;
	ln->core.device_id = pdev->device;
	mutex_init(&ln->config);
	spin_lock_init(&ln->intr_lock);
	u64_stats_init(&ln->tx_sync);
	u64_stats_init(&ln->rx_sync);
	timer_setup(&ln->guard, lem_netdev_guard, 0);
	INIT_WORK(&ln->link_work, link_work);
	INIT_WORK(&ln->filter_work, filter_work);
	INIT_WORK(&ln->reset_work, reset_work);
	return ln;
}

static int lem_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct lem_netdev *ln;
	int error;

	error = pcim_enable_device(pdev);
	if (error)
		return error;
	error = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (error)
		return error;
	pci_set_master(pdev);
	pci_save_state(pdev);
	ln = netdev_new(pdev);
	if (!ln)
		return -ENOMEM;
	error = pcim_iomap_regions(pdev, BIT(0), KBUILD_MODNAME);
	if (error)
		goto free_netdev;
	ln->core.os.bar = pcim_iomap_table(pdev)[0];
	error = lem_attach(&ln->core);
	if (error) {
		dev_err(&pdev->dev, "the device does not answer: error %d\n",
			error);
		goto free_netdev;
	}
	error = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI | PCI_IRQ_INTX);
	if (error < 0)
		goto free_netdev;
	ln->irq = pci_irq_vector(pdev, 0);
	netdev_init(ln);
	error = register_netdev(ln->netdev);
	if (error)
		goto free_vectors;
	return 0;

free_vectors:
	pci_free_irq_vectors(pdev);
free_netdev:
	free_netdev(ln->netdev);
	return error;
}

static void lem_remove(struct pci_dev *pdev)
{
	struct net_device *netdev = pci_get_drvdata(pdev);
	struct lem_netdev *ln = netdev_priv(netdev);

	unregister_netdev(netdev);
	cancel_work_sync(&ln->reset_work);
	cancel_work_sync(&ln->filter_work);
	cancel_work_sync(&ln->link_work);
	pci_free_irq_vectors(pdev);
	free_netdev(netdev);
}

/* Stop until resume_device(), with the packets that wake the machine set. */
static void stop_device(struct net_device *netdev)
{
	struct lem_netdev *ln = netdev_priv(netdev);

	rtnl_lock();
	netif_device_detach(netdev);
	lem_netdev_down(ln);
	/* What wakes the machine must not reach memory: the rings are freed. */
	pci_clear_master(ln->pdev);
	if (ln->wake && device_may_wakeup(&ln->pdev->dev))
		(void)lem_wake_set(&ln->core, ln->wake);
	rtnl_unlock();
}

static int resume_device(struct net_device *netdev)
{
	struct lem_netdev *ln = netdev_priv(netdev);
	int error = 0;

	rtnl_lock();
	lem_resume(&ln->core);
	if (ln->wake)
		(void)lem_wake_set(&ln->core, 0);
	if (netif_running(netdev))
		error = lem_netdev_up(ln);
	if (!error)
		netif_device_attach(netdev);
	rtnl_unlock();
	return error;
}

static int lem_suspend(struct device *dev)
{
	stop_device(dev_get_drvdata(dev));
	return 0;
}

static int lem_resume_device(struct device *dev)
{
	struct pci_dev *pdev = to_pci_dev(dev);

	pci_set_master(pdev);
	pci_save_state(pdev);
	return resume_device(pci_get_drvdata(pdev));
}

/* Before kexec: the device must not write to memory any more. */
static void lem_shutdown(struct pci_dev *pdev)
{
	struct net_device *netdev = pci_get_drvdata(pdev);
	struct lem_netdev *ln = netdev_priv(netdev);

	stop_device(netdev);
	if (system_state == SYSTEM_POWER_OFF && ln->wake)
		(void)pci_prepare_to_sleep(pdev);
}

/* --- PCI errors (Documentation/PCI/pci-error-recovery.rst) --- */

static pci_ers_result_t lem_error_detected(struct pci_dev *pdev,
					   pci_channel_state_t state)
{
	struct net_device *netdev = pci_get_drvdata(pdev);

	rtnl_lock();
	netif_device_detach(netdev);
	if (state != pci_channel_io_perm_failure)
		lem_netdev_down(netdev_priv(netdev));
	rtnl_unlock();
	return state == pci_channel_io_perm_failure ?
		       PCI_ERS_RESULT_DISCONNECT :
		       PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t lem_slot_reset(struct pci_dev *pdev)
{
	struct lem_netdev *ln = netdev_priv(pci_get_drvdata(pdev));

	pci_restore_state(pdev);
	pci_save_state(pdev);
	pci_set_master(pdev);
	lem_resume(&ln->core);
	return lem_reset(&ln->core) == 0 ? PCI_ERS_RESULT_RECOVERED :
					   PCI_ERS_RESULT_DISCONNECT;
}

static void lem_error_resume(struct pci_dev *pdev)
{
	(void)resume_device(pci_get_drvdata(pdev));
}

static const struct pci_error_handlers lem_error_handlers = {
	.error_detected = lem_error_detected,
	.slot_reset = lem_slot_reset,
	.resume = lem_error_resume,
};

static DEFINE_SIMPLE_DEV_PM_OPS(lem_pm_ops, lem_suspend, lem_resume_device);

#define LEM_PCI_ID(id, chip, name) { PCI_VDEVICE(INTEL, id) },

static const struct pci_device_id lem_pci_ids[] = {
	LEM_DEVICES(LEM_PCI_ID) {}
};
MODULE_DEVICE_TABLE(pci, lem_pci_ids);

static struct pci_driver lem_driver = {
	.name = KBUILD_MODNAME,
	.id_table = lem_pci_ids,
	.probe = lem_probe,
	.remove = lem_remove,
	.shutdown = lem_shutdown,
	.err_handler = &lem_error_handlers,
	.driver.pm = pm_sleep_ptr(&lem_pm_ops),
};
module_pci_driver(lem_driver);

MODULE_DESCRIPTION("Intel 8254x for virtual machines, with send combining");
MODULE_LICENSE("Dual BSD/GPL");
MODULE_VERSION(LEM_VERSION);
