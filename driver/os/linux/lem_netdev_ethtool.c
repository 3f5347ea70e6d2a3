// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * ethtool.  lem_netdev.h says which context runs what; ethtool's calls hold the
 * RTNL.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/ethtool.h>
#include <linux/interrupt.h>
#include <linux/mii.h>
#include <linux/pm_wakeup.h>
#include <linux/rtnetlink.h>

#include "lem_netdev.h"

/* --- who, what --- */

static void get_drvinfo(struct net_device *netdev, struct ethtool_drvinfo *info)
{
	struct lem_netdev *ln = netdev_priv(netdev);

	strscpy(info->driver, KBUILD_MODNAME, sizeof(info->driver));
	strscpy(info->version, LEM_VERSION, sizeof(info->version));
	strscpy(info->bus_info, pci_name(ln->pdev), sizeof(info->bus_info));
}

static u32 get_msglevel(struct net_device *netdev)
{
	return ((struct lem_netdev *)netdev_priv(netdev))->msg_enable;
}

static void set_msglevel(struct net_device *netdev, u32 level)
{
	((struct lem_netdev *)netdev_priv(netdev))->msg_enable = level;
}

/* --- registers, EEPROM --- */

/*
 * In the order that ethtool knows from e1000 (register version 1), as far as it
 * prints them by name; a register that a read changes is not among them.
 */
static const u32 dump_regs[] = {
	E1000_CTRL,  E1000_STATUS, E1000_RCTL, E1000_RDLEN, E1000_RDH,
	E1000_RDT,   E1000_RDTR,   E1000_TCTL, E1000_TDLEN, E1000_TDH,
	E1000_TDT,   E1000_TIDV,
};

static int get_regs_len(struct net_device *netdev)
{
	return sizeof(u32) * 32;
}

static void get_regs(struct net_device *netdev, struct ethtool_regs *regs,
		     void *to)
{
	struct lem_netdev *ln = netdev_priv(netdev);
	u32 *value = to;
	unsigned int i;

	memset(to, 0, get_regs_len(netdev));
	regs->version = 1u << 24 | ln->pdev->revision << 16 |
			ln->pdev->device;
	mutex_lock(&ln->config);
	for (i = 0; i < ARRAY_SIZE(dump_regs); i++)
		value[i] = lem_os_read32(&ln->core.os, dump_regs[i]);
	mutex_unlock(&ln->config);
}

static int get_eeprom_len(struct net_device *netdev)
{
	return 2 * 64;
}

static int get_eeprom(struct net_device *netdev, struct ethtool_eeprom *eeprom,
		      u8 *to)
{
	struct lem_netdev *ln = netdev_priv(netdev);
	u32 at = eeprom->offset, end = at + eeprom->len;
	u16 word = 0;
	int error = 0;

	eeprom->magic = PCI_VENDOR_ID_INTEL | ln->pdev->device << 16;
	mutex_lock(&ln->config);
	for (; at < end && !error; at++) {
		error = lem_nvm_read(&ln->core, at / 2, &word);
		*to++ = at % 2 ? word >> 8 : word;
	}
	mutex_unlock(&ln->config);
	return error;
}

/* Byte by byte into words; then the sum is made right. */
static int eeprom_write(struct lem_netdev *ln, u32 at, u32 len, const u8 *from)
{
	u16 word;
	int error = 0;

	for (; len > 0 && !error; at++, len--, from++) {
		error = lem_nvm_read(&ln->core, at / 2, &word);
		if (error)
			return error;
		word = at % 2 ? (word & 0xff) | *from << 8 :
				(word & 0xff00) | *from;
		error = lem_nvm_write(&ln->core, at / 2, word);
	}
	return error ?: lem_nvm_seal(&ln->core);
}

static int set_eeprom(struct net_device *netdev, struct ethtool_eeprom *eeprom,
		      u8 *from)
{
	struct lem_netdev *ln = netdev_priv(netdev);
	int error;

	if (eeprom->magic != (PCI_VENDOR_ID_INTEL | ln->pdev->device << 16))
		return -EINVAL;
	mutex_lock(&ln->config);
	error = eeprom_write(ln, eeprom->offset, eeprom->len, from);
	mutex_unlock(&ln->config);
	return error;
}

/* --- wake-up --- */

static const struct {
	u32 wol, wufc;
} wakes[] = {
	{ WAKE_PHY, E1000_WUFC_LNKC },	 { WAKE_UCAST, E1000_WUFC_EX },
	{ WAKE_MCAST, E1000_WUFC_MC },	 { WAKE_BCAST, E1000_WUFC_BC },
	{ WAKE_ARP, E1000_WUFC_ARP },	 { WAKE_MAGIC, E1000_WUFC_MAG },
};

static void get_wol(struct net_device *netdev, struct ethtool_wolinfo *wol)
{
	struct lem_netdev *ln = netdev_priv(netdev);
	unsigned int i;

	if (ln->core.chip == LEM_82543 || !device_can_wakeup(&ln->pdev->dev))
		return;
	for (i = 0; i < ARRAY_SIZE(wakes); i++) {
		wol->supported |= wakes[i].wol;
		if (ln->wake & wakes[i].wufc)
			wol->wolopts |= wakes[i].wol;
	}
}

static int set_wol(struct net_device *netdev, struct ethtool_wolinfo *wol)
{
	struct lem_netdev *ln = netdev_priv(netdev);
	struct ethtool_wolinfo can = { 0 };
	unsigned int i;

	get_wol(netdev, &can);
	if (wol->wolopts & ~can.supported)
		return -EOPNOTSUPP;
	ln->wake = 0;
	for (i = 0; i < ARRAY_SIZE(wakes); i++)
		if (wol->wolopts & wakes[i].wol)
			ln->wake |= wakes[i].wufc;
	return device_set_wakeup_enable(&ln->pdev->dev, ln->wake != 0);
}

/* --- rings --- */

static u32 desc_max(const struct lem_netdev *ln)
{
	return ln->core.chip == LEM_82543 ? LEM_RING_MAX_82543 : LEM_RING_MAX;
}

static void get_ringparam(struct net_device *netdev,
			  struct ethtool_ringparam *ring,
			  struct kernel_ethtool_ringparam *kernel_ring,
			  struct netlink_ext_ack *extack)
{
	struct lem_netdev *ln = netdev_priv(netdev);

	ring->rx_max_pending = desc_max(ln);
	ring->tx_max_pending = desc_max(ln);
	ring->rx_pending = ln->rx_desc;
	ring->tx_pending = ln->tx_desc;
}

static int set_ringparam(struct net_device *netdev,
			 struct ethtool_ringparam *ring,
			 struct kernel_ethtool_ringparam *kernel_ring,
			 struct netlink_ext_ack *extack)
{
	struct lem_netdev *ln = netdev_priv(netdev);
	u16 tx = ALIGN(ring->tx_pending, E1000_RING_DESC_MULTIPLE);
	u16 rx = ALIGN(ring->rx_pending, E1000_RING_DESC_MULTIPLE);
	u16 tx_was = ln->tx_desc, rx_was = ln->rx_desc;
	bool up = ln->up;
	int error = 0;

	if (ring->rx_mini_pending || ring->rx_jumbo_pending)
		return -EINVAL;
	if (tx < LEM_NETDEV_DESC_MIN || rx < LEM_NETDEV_DESC_MIN) {
		NL_SET_ERR_MSG_MOD(extack,
				   "a ring has at least 80 descriptors");
		return -EINVAL;
	}
	if (tx == tx_was && rx == rx_was)
		return 0;
	if (up)
		lem_netdev_down(ln);
	ln->tx_desc = tx;
	ln->rx_desc = rx;
	if (up)
		error = lem_netdev_up(ln);
	if (!error)
		return 0;
	ln->tx_desc = tx_was;
	ln->rx_desc = rx_was;
	if (lem_netdev_up(ln) != 0)
		dev_close(netdev);
	return error;
}

/* --- moderation, send combining --- */

static int get_coalesce(struct net_device *netdev, struct ethtool_coalesce *c,
			struct kernel_ethtool_coalesce *kernel_c,
			struct netlink_ext_ack *extack)
{
	struct lem_netdev *ln = netdev_priv(netdev);

	c->rx_coalesce_usecs = ln->rx_usecs;
	c->tx_coalesce_usecs = ln->tx_usecs;
	c->use_adaptive_rx_coalesce = ln->adaptive;
	c->use_adaptive_tx_coalesce = ln->adaptive;
	return 0;
}

static int set_coalesce(struct net_device *netdev, struct ethtool_coalesce *c,
			struct kernel_ethtool_coalesce *kernel_c,
			struct netlink_ext_ack *extack)
{
	struct lem_netdev *ln = netdev_priv(netdev);
	struct netdev_queue *nq = lem_netdev_queue(ln);
	u32 rx_was = ln->rx_usecs, tx_was = ln->tx_usecs;
	bool adaptive_was = ln->adaptive;
	int error;

	if (c->rx_coalesce_usecs > LEM_NETDEV_USECS_MAX ||
	    c->tx_coalesce_usecs > LEM_NETDEV_USECS_MAX) {
		NL_SET_ERR_MSG_MOD(extack, "usecs are at most 10000");
		return -ERANGE;
	}
	mutex_lock(&ln->config);
	ln->rx_usecs = c->rx_coalesce_usecs;
	ln->tx_usecs = c->tx_coalesce_usecs;
	/* One ITR, one setting: what the user changed of the two decides. */
	if (c->use_adaptive_rx_coalesce != adaptive_was ||
	    c->use_adaptive_tx_coalesce != adaptive_was)
		ln->adaptive = !adaptive_was;
	__netif_tx_lock_bh(nq);
	error = lem_netdev_moderate(ln);
	__netif_tx_unlock_bh(nq);
	if (error) {
		ln->rx_usecs = rx_was;
		ln->tx_usecs = tx_was;
		ln->adaptive = adaptive_was;
	}
	mutex_unlock(&ln->config);
	return error;
}

#define PRIV_SEND_COMBINING BIT(0)

static const char priv_flags[][ETH_GSTRING_LEN] = { "send-combining" };

static u32 get_priv_flags(struct net_device *netdev)
{
	struct lem_netdev *ln = netdev_priv(netdev);

	return ln->core.tx.asked == LEM_COMBINE_OFF ? 0 : PRIV_SEND_COMBINING;
}

static int set_priv_flags(struct net_device *netdev, u32 flags)
{
	struct lem_netdev *ln = netdev_priv(netdev);
	struct netdev_queue *nq = lem_netdev_queue(ln);

	mutex_lock(&ln->config);
	__netif_tx_lock_bh(nq);
	(void)lem_tx_combine_set(&ln->core, flags & PRIV_SEND_COMBINING ?
						    LEM_COMBINE_ON :
						    LEM_COMBINE_OFF);
	__netif_tx_unlock_bh(nq);
	mutex_unlock(&ln->config);
	return 0;
}

/* --- statistics --- */

struct own_stat {
	char name[ETH_GSTRING_LEN];
	size_t offset; /* in struct lem_netdev */
	bool small; /* of 32 bits */
};

#define STAT(name, member) { name, offsetof(struct lem_netdev, member), false }

/* The port's and the core's own counts.  Reading them costs nothing. */
static const struct own_stat own_stats[] = {
	STAT("rx_packets", rx_stats.packets),
	STAT("tx_packets", tx_stats.packets),
	STAT("rx_bytes", rx_stats.bytes),
	STAT("tx_bytes", tx_stats.bytes),
	STAT("rx_dropped", rx_stats.dropped),
	STAT("tx_dropped", tx_stats.dropped),
	STAT("rx_csum_offload_good", rx_csum_good),
	STAT("rx_csum_offload_none", rx_csum_none),
	STAT("alloc_rx_buff_failed", rx_alloc_failed),
	STAT("tx_restart_queue", tx_restarts),
	STAT("interrupts", interrupts),
	STAT("interrupt_masks", intr_masks),
	STAT("register_reads", core.os.reads),
	STAT("register_writes", core.os.writes),
	STAT("tx_doorbells", core.tx.stats.doorbells),
	STAT("tx_deferred", core.tx.stats.deferred),
	STAT("tx_batches", core.tx.stats.batches),
	STAT("tx_guard_flushes", core.tx.stats.guard_flushes),
	STAT("tx_ring_full", core.tx.stats.ring_full),
	STAT("tx_lone", core.tx.stats.lone),
	{ "tx_batch_max", offsetof(struct lem_netdev, core.tx.stats.batch_max),
	  true },
	STAT("rx_doorbells", core.rx.stats.doorbells),
	STAT("rx_pushes", core.rx.stats.pushes),
	STAT("xdp_tx", xdp_tx),
	STAT("xdp_redirect", xdp_redirect),
	STAT("xdp_drop", xdp_drop),
};

struct hw_stat {
	char name[ETH_GSTRING_LEN];
	u32 reg;
};

/* The chip's, by the names that e1000 gives them.  65 register reads. */
static const struct hw_stat hw_stats[] = {
	{ "rx_broadcast", E1000_BPRC },
	{ "tx_broadcast", E1000_BPTC },
	{ "rx_multicast", E1000_MPRC },
	{ "tx_multicast", E1000_MPTC },
	{ "rx_no_buffer_count", E1000_RNBC },
	{ "rx_missed_errors", E1000_MPC },
	{ "rx_crc_errors", E1000_CRCERRS },
	{ "rx_length_errors", E1000_RLEC },
	{ "rx_over_size", E1000_ROC },
	{ "rx_under_size", E1000_RUC },
	{ "rx_flow_control_xon", E1000_XONRXC },
	{ "rx_flow_control_xoff", E1000_XOFFRXC },
	{ "tx_flow_control_xon", E1000_XONTXC },
	{ "tx_flow_control_xoff", E1000_XOFFTXC },
	{ "tx_tcp_seg_good", E1000_TSCTC },
	{ "tx_tcp_seg_failed", E1000_TSCTFC },
	{ "tx_good_packets", E1000_GPTC },
	{ "rx_good_packets", E1000_GPRC },
	{ "rx_long_byte_count", E1000_GORCL },
	{ "tx_long_byte_count", E1000_GOTCL },
};

static const char test_names[][ETH_GSTRING_LEN] = {
	"Register test  (offline)",
	"Eeprom test    (offline)",
	"Interrupt test (offline)",
	"Loopback test  (offline)",
	"Link test   (on/offline)",
};

enum {
	TEST_REGISTERS,
	TEST_EEPROM,
	TEST_INTERRUPT,
	TEST_LOOPBACK,
	TEST_LINK,
	TESTS
};

static int get_sset_count(struct net_device *netdev, int set)
{
	switch (set) {
	case ETH_SS_STATS:
		return 2 + ARRAY_SIZE(own_stats) + ARRAY_SIZE(hw_stats);
	case ETH_SS_TEST:
		return TESTS;
	case ETH_SS_PRIV_FLAGS:
		return ARRAY_SIZE(priv_flags);
	default:
		return -EOPNOTSUPP;
	}
}

static void get_strings(struct net_device *netdev, u32 set, u8 *to)
{
	unsigned int i;

	switch (set) {
	case ETH_SS_STATS:
		ethtool_sprintf(&to, "itr_ns");
		ethtool_sprintf(&to, "interrupt_cost_ns");
		for (i = 0; i < ARRAY_SIZE(own_stats); i++)
			ethtool_sprintf(&to, "%s", own_stats[i].name);
		for (i = 0; i < ARRAY_SIZE(hw_stats); i++)
			ethtool_sprintf(&to, "%s", hw_stats[i].name);
		break;
	case ETH_SS_TEST:
		memcpy(to, test_names, sizeof(test_names));
		break;
	case ETH_SS_PRIV_FLAGS:
		memcpy(to, priv_flags, sizeof(priv_flags));
		break;
	}
}

static void get_ethtool_stats(struct net_device *netdev,
			      struct ethtool_stats *stats, u64 *to)
{
	struct lem_netdev *ln = netdev_priv(netdev);
	const u8 *base = (const u8 *)ln;
	unsigned int i;

	mutex_lock(&ln->config);
	if (ln->up)
		(void)lem_stats_update(&ln->core);
	*to++ = lem_itr_now(&ln->core) * E1000_ITR_UNIT_NS;
	*to++ = lem_intr_cost_ns(&ln->core);
	for (i = 0; i < ARRAY_SIZE(own_stats); i++) {
		const u8 *at = base + own_stats[i].offset;

		*to++ = own_stats[i].small ? READ_ONCE(*(const u32 *)at) :
					     READ_ONCE(*(const u64 *)at);
	}
	for (i = 0; i < ARRAY_SIZE(hw_stats); i++)
		*to++ = lem_stat(&ln->core, hw_stats[i].reg);
	mutex_unlock(&ln->config);
}

/* --- self-test --- */

/*
 * Registers that hold what is written to them, and the bits that do.  The
 * device is stopped and will be set up again.
 */
static const struct {
	u32 reg, mask;
} test_regs[] = {
	{ E1000_FCAL, 0xffffffff },  { E1000_FCAH, 0x0000ffff },
	{ E1000_FCT, 0x0000ffff },   { E1000_VET, 0x0000ffff },
	{ E1000_RDTR, 0x0000ffff },  { E1000_RDBAH, 0xffffffff },
	{ E1000_RDLEN, 0x000fff80 }, { E1000_RDH, 0x0000ffff },
	{ E1000_RDT, 0x0000ffff },   { E1000_TIPG, 0x3fffffff },
	{ E1000_TDBAH, 0xffffffff }, { E1000_TDLEN, 0x000fff80 },
};

static bool test_registers(struct lem_netdev *ln)
{
	static const u32 patterns[] = { 0x5a5a5a5a, 0xa5a5a5a5, 0, ~0u };
	struct lem_os *os = &ln->core.os;
	unsigned int i, j;
	u32 got;

	for (i = 0; i < ARRAY_SIZE(test_regs); i++) {
		for (j = 0; j < ARRAY_SIZE(patterns); j++) {
			u32 mask = test_regs[i].mask;

			lem_os_write32(os, test_regs[i].reg,
				       patterns[j] & mask);
			got = lem_os_read32(os, test_regs[i].reg);
			if ((got ^ patterns[j]) & mask) {
				netif_err(ln, hw, ln->netdev,
					  "register %05x is %08x, not %08x\n",
					  test_regs[i].reg, got,
					  patterns[j] & mask);
				return false;
			}
		}
	}
	return true;
}

static irqreturn_t test_intr(int irq, void *arg)
{
	struct lem_netdev *ln = arg;

	if (lem_intr_cause(&ln->core) == 0)
		return IRQ_NONE;
	WRITE_ONCE(ln->intr_seen, true);
	return IRQ_HANDLED;
}

/* A cause set by hand interrupts while it is unmasked, and else does not. */
static bool test_interrupt(struct lem_netdev *ln)
{
	struct lem_os *os = &ln->core.os;
	bool masked_quiet, came;
	unsigned int i;

	if (request_irq(ln->irq, test_intr,
			ln->pdev->msi_enabled ? 0 : IRQF_SHARED,
			ln->netdev->name, ln) != 0)
		return false;
	lem_intr_disable(&ln->core);
	(void)lem_os_read32(os, E1000_ICR);
	ln->intr_seen = false;
	lem_os_write32(os, E1000_ICS, E1000_ICR_TXDW);
	(void)lem_os_read32(os, E1000_STATUS);
	msleep(20);
	masked_quiet = !READ_ONCE(ln->intr_seen);
	lem_os_write32(os, E1000_IMS, E1000_ICR_TXDW);
	lem_os_write32(os, E1000_ICS, E1000_ICR_TXDW);
	(void)lem_os_read32(os, E1000_STATUS);
	for (i = 0; i < 50 && !READ_ONCE(ln->intr_seen); i++)
		msleep(20);
	came = READ_ONCE(ln->intr_seen);
	lem_intr_disable(&ln->core);
	free_irq(ln->irq, ln);
	return masked_quiet && came;
}

#define LOOP_DESC 8 /* LEM_RING_MIN */
#define LOOP_BYTES 512
#define LOOP_FRAMES 150

struct loop {
	union e1000_tx_any_desc tx[LOOP_DESC];
	struct e1000_rx_desc rx[LOOP_DESC];
	u8 out[LOOP_BYTES];
	u8 in[LEM_NETDEV_RX_BUF];
	u16 rsq[LOOP_DESC];
};

/* All descriptors that the device does not have, with the same buffer. */
static void loop_refill(struct lem_netdev *ln, dma_addr_t dma)
{
	u64 pa = dma + offsetof(struct loop, in);

	while (lem_rx_refill(&ln->core, &pa, 1) == 1)
		;
	lem_rx_flush(&ln->core);
}

/* The device starts with rings of its own, at 1000 Mb/s, with PHY loopback. */
static int loop_start(struct lem_netdev *ln, struct loop *loop, dma_addr_t dma)
{
	struct lem *core = &ln->core;
	u32 ctrl;
	int error;

	error = lem_reset(core) ?:
		lem_tx_ring_init(core, loop->tx,
				 dma + offsetof(struct loop, tx), loop->rsq,
				 LOOP_DESC, 1) ?:
		lem_rx_ring_init(core, loop->rx,
				 dma + offsetof(struct loop, rx), LOOP_DESC,
				 LEM_NETDEV_RX_BUF) ?:
		lem_start(core) ?:
		lem_phy_write(core, E1000_PHY_CTRL,
			      E1000_PHY_CTRL_LOOPBACK | E1000_PHY_CTRL_FD |
				      E1000_PHY_CTRL_SPEED_MSB);
	if (error)
		return error;
	ctrl = lem_os_read32(&core->os, E1000_CTRL);
	ctrl &= ~(E1000_CTRL_ASDE | E1000_CTRL_SPEED_MASK);
	lem_os_write32(&core->os, E1000_CTRL,
		       ctrl | E1000_CTRL_FRCSPD | E1000_CTRL_FRCDPX |
			       E1000_CTRL_SPEED_1000 | E1000_CTRL_FD);
	loop_refill(ln, dma);
	return 0;
}

static void loop_fill(struct lem_netdev *ln, u8 *frame)
{
	struct ethhdr *eth = (struct ethhdr *)frame;
	unsigned int i;

	ether_addr_copy(eth->h_dest, ln->core.mac);
	ether_addr_copy(eth->h_source, ln->core.mac);
	eth->h_proto = htons(ETH_P_LOOPBACK);
	for (i = ETH_HLEN; i < LOOP_BYTES; i++)
		frame[i] = i * 7;
}

/* What came is our frame, as it was.  A model may give us others', too. */
static bool loop_receive(struct lem_netdev *ln, struct loop *loop,
			 dma_addr_t dma)
{
	struct lem_rx_frag frag;
	struct lem_rx_pkt in = { .frag = &frag, .frags_max = 1 };
	bool back;

	if (lem_rx_pkt_get(&ln->core, &in) == 0)
		return false;
	back = !(in.flags & LEM_RX_ERROR) && in.len_bytes == LOOP_BYTES &&
	       !memcmp(loop->in, loop->out, LOOP_BYTES);
	loop_refill(ln, dma);
	return back;
}

/* One frame; did it come back within 20 ms? */
static bool loop_frame(struct lem_netdev *ln, struct loop *loop, dma_addr_t dma)
{
	struct lem_tx_seg seg = {
		.pa = dma + offsetof(struct loop, out),
		.len_bytes = LOOP_BYTES,
	};
	struct lem_tx_pkt out = { .seg = &seg, .segs = 1 };
	unsigned int i;

	(void)lem_tx_make_room(&ln->core);
	(void)lem_tx_encap(&ln->core, &out);
	lem_tx_flush(&ln->core);
	for (i = 0; i < 20; i++) {
		if (loop_receive(ln, loop, dma))
			return true;
		usleep_range(1000, 1500);
	}
	return false;
}

/*
 * Many frames, for 3 s at least, because QEMU receives nothing for a second
 * after a start.
 */
static bool test_loopback(struct lem_netdev *ln)
{
	struct device *dev = &ln->pdev->dev;
	struct loop *loop;
	dma_addr_t dma;
	unsigned int tries = LOOP_FRAMES;
	bool back = false;

	loop = dma_alloc_coherent(dev, sizeof(*loop), &dma, GFP_KERNEL);
	if (!loop)
		return false;
	loop_fill(ln, loop->out);
	if (loop_start(ln, loop, dma) == 0)
		do
			back = loop_frame(ln, loop, dma);
		while (!back && !lem_gone(&ln->core) && --tries > 0);
	/* Out of loopback, and the link as it was. */
	(void)lem_link_force(&ln->core, ln->core.force.mbps,
			     ln->core.force.full_duplex);
	(void)lem_reset(&ln->core);
	dma_free_coherent(dev, sizeof(*loop), loop, dma);
	return back;
}

static void self_test(struct net_device *netdev, struct ethtool_test *test,
		      u64 *failed)
{
	struct lem_netdev *ln = netdev_priv(netdev);
	bool offline = test->flags & ETH_TEST_FL_OFFLINE, up = ln->up;
	unsigned int i;

	memset(failed, 0, TESTS * sizeof(*failed));
	failed[TEST_LINK] = up && !netif_carrier_ok(netdev);
	if (offline) {
		if (up)
			lem_netdev_down(ln);
		mutex_lock(&ln->config);
		failed[TEST_EEPROM] = lem_nvm_check(&ln->core) != 0;
		failed[TEST_INTERRUPT] = !test_interrupt(ln);
		failed[TEST_LOOPBACK] = !test_loopback(ln);
		failed[TEST_REGISTERS] = !test_registers(ln);
		(void)lem_reset(&ln->core);
		mutex_unlock(&ln->config);
		if (up && lem_netdev_up(ln) != 0)
			dev_close(netdev);
	}
	for (i = 0; i < TESTS; i++)
		if (failed[i])
			test->flags |= ETH_TEST_FL_FAILED;
}

/* --- link --- */

static int nway_reset(struct net_device *netdev)
{
	struct lem_netdev *ln = netdev_priv(netdev);
	int error = -ENETDOWN;

	mutex_lock(&ln->config);
	if (ln->up)
		error = lem_phy_renegotiate(&ln->core);
	mutex_unlock(&ln->config);
	return error;
}

/* What we advertise, of the PHY's registers 4 and 9. */
static const struct {
	u8 reg;
	u16 bit;
	enum ethtool_link_mode_bit_indices mode;
} modes[] = {
	{ E1000_PHY_ANA, BIT(5), ETHTOOL_LINK_MODE_10baseT_Half_BIT },
	{ E1000_PHY_ANA, BIT(6), ETHTOOL_LINK_MODE_10baseT_Full_BIT },
	{ E1000_PHY_ANA, BIT(7), ETHTOOL_LINK_MODE_100baseT_Half_BIT },
	{ E1000_PHY_ANA, BIT(8), ETHTOOL_LINK_MODE_100baseT_Full_BIT },
	{ E1000_PHY_GCON, BIT(9), ETHTOOL_LINK_MODE_1000baseT_Full_BIT },
};

static int get_link_ksettings(struct net_device *netdev,
			      struct ethtool_link_ksettings *k)
{
	struct lem_netdev *ln = netdev_priv(netdev);
	struct lem_link link;
	u16 ana = 0, gcon = 0;
	unsigned int i;

	mutex_lock(&ln->config);
	link = ln->core.link;
	(void)lem_phy_read(&ln->core, E1000_PHY_ANA, &ana);
	(void)lem_phy_read(&ln->core, E1000_PHY_GCON, &gcon);
	mutex_unlock(&ln->config);
	ethtool_link_ksettings_zero_link_mode(k, supported);
	ethtool_link_ksettings_zero_link_mode(k, advertising);
	ethtool_link_ksettings_add_link_mode(k, supported, TP);
	ethtool_link_ksettings_add_link_mode(k, supported, Autoneg);
	ethtool_link_ksettings_add_link_mode(k, supported, Pause);
	ethtool_link_ksettings_add_link_mode(k, supported, Asym_Pause);
	ethtool_link_ksettings_add_link_mode(k, advertising, TP);
	if (!ln->core.force.mbps)
		ethtool_link_ksettings_add_link_mode(k, advertising, Autoneg);
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		u16 value = modes[i].reg == E1000_PHY_ANA ? ana : gcon;

		__set_bit(modes[i].mode, k->link_modes.supported);
		if (value & modes[i].bit)
			__set_bit(modes[i].mode, k->link_modes.advertising);
	}
	k->base.port = PORT_TP;
	k->base.phy_address = E1000_PHY_ADDR;
	k->base.autoneg = ln->core.force.mbps ? AUTONEG_DISABLE :
						AUTONEG_ENABLE;
	if (ana & E1000_PHY_ANA_PAUSE)
		ethtool_link_ksettings_add_link_mode(k, advertising, Pause);
	if (ana & E1000_PHY_ANA_ASM_DIR)
		ethtool_link_ksettings_add_link_mode(k, advertising,
						     Asym_Pause);
	k->base.speed = link.up ? link.mbps : SPEED_UNKNOWN;
	k->base.duplex = !link.up	   ? DUPLEX_UNKNOWN :
			 link.full_duplex ? DUPLEX_FULL :
					    DUPLEX_HALF;
	return 0;
}

/* The PHY's registers 4 and 9, into ln->ana and ln->gcon. */
static int advertised_get(struct lem_netdev *ln)
{
	int error;

	if (ln->advertised)
		return 0;
	error = lem_phy_read(&ln->core, E1000_PHY_ANA, &ln->ana) ?:
		lem_phy_read(&ln->core, E1000_PHY_GCON, &ln->gcon);
	ln->advertised = !error;
	return error;
}

/* The link modes that the user wants to be offered. */
static int advertise(struct lem_netdev *ln,
		     const struct ethtool_link_ksettings *k)
{
	unsigned int i;
	int error = advertised_get(ln);

	if (error)
		return error;
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		u16 *value = modes[i].reg == E1000_PHY_ANA ? &ln->ana :
							     &ln->gcon;

		if (test_bit(modes[i].mode, k->link_modes.advertising))
			*value |= modes[i].bit;
		else
			*value &= ~modes[i].bit;
	}
	if (!ln->core.force.mbps)
		return lem_netdev_advertise(ln);
	return lem_link_force(&ln->core, 0, false) ?: lem_netdev_advertise(ln);
}

/* 1000BASE-T has no way but negotiation (IEEE 802.3, 40.5.1). */
static int set_link_ksettings(struct net_device *netdev,
			      const struct ethtool_link_ksettings *k)
{
	struct lem_netdev *ln = netdev_priv(netdev);
	int error = -ENETDOWN;

	if (k->base.autoneg != AUTONEG_ENABLE &&
	    k->base.speed != SPEED_10 && k->base.speed != SPEED_100)
		return -EINVAL;
	mutex_lock(&ln->config);
	if (ln->up && k->base.autoneg == AUTONEG_ENABLE)
		error = advertise(ln, k);
	else if (ln->up)
		error = lem_link_force(&ln->core, k->base.speed,
				       k->base.duplex == DUPLEX_FULL);
	mutex_unlock(&ln->config);
	if (!error)
		schedule_work(&ln->link_work);
	return error;
}

/* As asked for; what the ends agreed on is in the link's report. */
static void get_pauseparam(struct net_device *netdev,
			   struct ethtool_pauseparam *pause)
{
	struct lem_netdev *ln = netdev_priv(netdev);

	pause->autoneg = ln->pause_autoneg;
	pause->rx_pause = !!(ln->pause & LEM_PAUSE_RX);
	pause->tx_pause = !!(ln->pause & LEM_PAUSE_TX);
}

static int set_pauseparam(struct net_device *netdev,
			  struct ethtool_pauseparam *pause)
{
	struct lem_netdev *ln = netdev_priv(netdev);
	int error = 0;
	u16 offer;

	if (pause->autoneg && ln->core.force.mbps)
		return -EOPNOTSUPP;
	offer = mii_advertise_flowctrl((pause->rx_pause ? FLOW_CTRL_RX : 0) |
				       (pause->tx_pause ? FLOW_CTRL_TX : 0));
	mutex_lock(&ln->config);
	ln->pause_autoneg = pause->autoneg;
	ln->pause = (pause->rx_pause ? LEM_PAUSE_RX : 0) |
		    (pause->tx_pause ? LEM_PAUSE_TX : 0);
	if (ln->up)
		error = lem_netdev_pause(ln);
	if (ln->up && !error && pause->autoneg) {
		error = advertised_get(ln);
		ln->ana &= ~(E1000_PHY_ANA_PAUSE | E1000_PHY_ANA_ASM_DIR);
		ln->ana |= offer;
		error = error ?: lem_netdev_advertise(ln);
	}
	mutex_unlock(&ln->config);
	return error;
}

/* -p: every LED blinks (13.4.15).  Chips before the 82540 have no LEDCTL. */
static int set_phys_id(struct net_device *netdev, enum ethtool_phys_id_state is)
{
	struct lem_netdev *ln = netdev_priv(netdev);
	struct lem_os *os = &ln->core.os;
	u32 led = E1000_LEDCTL_MODE_OFF;
	unsigned int i;

	if (!lem_has_itr(&ln->core))
		return -EOPNOTSUPP;
	switch (is) {
	case ETHTOOL_ID_ACTIVE:
		ln->ledctl = lem_os_read32(os, E1000_LEDCTL);
		return 2; /* times a second */
	case ETHTOOL_ID_INACTIVE:
		lem_os_write32(os, E1000_LEDCTL, ln->ledctl);
		return 0;
	case ETHTOOL_ID_ON:
		led = E1000_LEDCTL_MODE_ON;
		break;
	case ETHTOOL_ID_OFF:
		break;
	}
	for (i = 1; i < 4; i++)
		led |= (led & E1000_LEDCTL_MODE_MASK)
		       << E1000_LEDCTL_LED_SHIFT(i);
	lem_os_write32(os, E1000_LEDCTL, led);
	return 0;
}

const struct ethtool_ops lem_netdev_ethtool_ops = {
	.supported_coalesce_params = ETHTOOL_COALESCE_USECS |
				     ETHTOOL_COALESCE_USE_ADAPTIVE,
	.get_drvinfo = get_drvinfo,
	.get_msglevel = get_msglevel,
	.set_msglevel = set_msglevel,
	.get_regs_len = get_regs_len,
	.get_regs = get_regs,
	.get_eeprom_len = get_eeprom_len,
	.get_eeprom = get_eeprom,
	.set_eeprom = set_eeprom,
	.get_wol = get_wol,
	.set_wol = set_wol,
	.get_link = ethtool_op_get_link,
	.nway_reset = nway_reset,
	.get_link_ksettings = get_link_ksettings,
	.set_link_ksettings = set_link_ksettings,
	.get_pauseparam = get_pauseparam,
	.set_pauseparam = set_pauseparam,
	.get_ringparam = get_ringparam,
	.set_ringparam = set_ringparam,
	.get_coalesce = get_coalesce,
	.set_coalesce = set_coalesce,
	.get_priv_flags = get_priv_flags,
	.set_priv_flags = set_priv_flags,
	.get_sset_count = get_sset_count,
	.get_strings = get_strings,
	.get_ethtool_stats = get_ethtool_stats,
	.get_ts_info = ethtool_op_get_ts_info,
	.self_test = self_test,
	.set_phys_id = set_phys_id,
};
