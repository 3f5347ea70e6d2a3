/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reset, bring-up, link, receive filters, statistics: everything that happens
 * seldom.
 */
#include "lem_impl.h"

/* lem_wait(): the shortest and the longest time between two looks. */
#define POLL_MIN_US		5u
#define POLL_MAX_US		1000u

/* Of the 48 KiB of the receive FIFO.  A frame has 16 KiB at most. */
#define PAUSE_XOFF_BYTES	0x7000u
#define PAUSE_XON_BYTES		0x6000u

#define TCTL_CT			15u	/* collision threshold, 13.4.33 */
/* TIPG, 13.4.34, for copper: IPGT is 8 on the old chips, 10 since the 82540. */
#define TIPG_IPGR (8u << E1000_TIPG_IPGR1_SHIFT | 6u << E1000_TIPG_IPGR2_SHIFT)
#define TIPG_IPGT_82543		8u
#define TIPG_IPGT_82540		10u

#define LEM_DEVICE_CHIP(id, chip, name) { id, chip },

static const struct {
	uint16_t device_id;
	enum lem_chip chip;
} lem_devices[] = { LEM_DEVICES(LEM_DEVICE_CHIP) };

/* A wait of a length known only now: spin if it is short, else sleep. */
static void
wait_us(struct lem *sc, unsigned int us)
{
	if (us < LEM_SPIN_US)
		lem_os_udelay(&sc->os, us);
	else
		lem_os_sleep(&sc->os, us);
}

/*
 * Each wait is as long as all before it, because a look is a register read, and
 * so an exit: a quick device is noticed soon, and a slow one costs few looks.
 */
int
lem_wait(struct lem *sc, uint32_t reg, uint32_t mask, uint32_t want,
    unsigned int timeout_us)
{
	unsigned int waited_us = 0, next_us;
	uint32_t value;

	for (;;) {
		value = lem_read(sc, reg);
		if (value == UINT32_MAX && mask != UINT32_MAX) {
			lem_store(&sc->gone, true);
			return -ENODEV;
		}
		if ((value & mask) == want)
			return 0;
		if (waited_us >= timeout_us)
			return -ETIMEDOUT;
		next_us = waited_us < POLL_MIN_US ? POLL_MIN_US :
		    waited_us > POLL_MAX_US       ? POLL_MAX_US :
						    waited_us;
		wait_us(sc, next_us);
		waited_us += next_us;
	}
}

int
lem_check_present(struct lem *sc)
{
	if (lem_read(sc, E1000_STATUS) == UINT32_MAX)
		lem_store(&sc->gone, true);
	return lem_gone(sc) ? -ENODEV : 0;
}

/* ------------------------------------------------------ reset and attach */

/*
 * 14.3: mask interrupts, stop both units, let what is under way finish, reset.
 * On a model that ignores CTRL.RST the writes around it have the same effect.
 */
int
lem_reset(struct lem *sc)
{
	int error;

	lem_stop(sc);
	error = lem_check_present(sc);
	if (error != 0)
		return error;
	lem_write(sc, E1000_CTRL, lem_read(sc, E1000_CTRL) | E1000_CTRL_RST);
	/* 13.4.1: no access for 1 us; then the EEPROM is loaded, 5.5. */
	lem_os_sleep(&sc->os, 5000);
	error = lem_wait(sc, E1000_CTRL, E1000_CTRL_RST, 0, 20000);
	if (error != 0)
		return error;
	lem_intr_disable(sc);
	(void)lem_read(sc, E1000_ICR);
	return 0;
}

void
lem_resume(struct lem *sc)
{
	lem_store(&sc->gone, false);
}

static bool
mac_is_unicast(const uint8_t *mac)
{
	return !(mac[0] & 1) &&
	    (mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]) != 0;
}

/* The EEPROM's address, or the one a hypervisor put into RAR 0. */
static int
mac_find(struct lem *sc)
{
	uint32_t low, high;
	uint16_t i, word;
	int error;

	error = lem_nvm_check(sc);
	if (error == -ENODEV)
		return error;
	for (i = 0; error == 0 && i < 3; i++) {
		error = lem_nvm_read(sc, E1000_NVM_MAC0 + i, &word);
		sc->mac[2 * i] = (uint8_t)word;
		sc->mac[2 * i + 1] = (uint8_t)(word >> 8);
	}
	if (error == 0 && mac_is_unicast(sc->mac))
		return 0;
	low = lem_read(sc, E1000_RAL(0));
	high = lem_read(sc, E1000_RAH(0));
	for (i = 0; i < 4; i++)
		sc->mac[i] = (uint8_t)(low >> (8 * i));
	sc->mac[4] = (uint8_t)high;
	sc->mac[5] = (uint8_t)(high >> 8);
	return high & E1000_RAH_AV && mac_is_unicast(sc->mac) ? 0 : -EIO;
}

int
lem_attach(struct lem *sc)
{
	unsigned int i, n = sizeof(lem_devices) / sizeof(lem_devices[0]);
	int error;

	for (i = 0; i < n; i++)
		if (lem_devices[i].device_id == sc->device_id)
			break;
	if (i == n)
		return -EOPNOTSUPP;
	sc->chip = lem_devices[i].chip;
	error = lem_reset(sc);
	if (error == 0)
		error = mac_find(sc);
	return error != 0 ? error : lem_check_present(sc);
}

/* ----------------------------------------------------------------- rings */

/* 13.4.27, 13.4.38: whole lines of 128 bytes; the limits: lem.h. */
static bool
ring_size_valid(const struct lem *sc, uint16_t count)
{
	uint16_t max =
	    sc->chip == LEM_82543 ? LEM_RING_MAX_82543 : LEM_RING_MAX;

	return count >= LEM_RING_MIN && count <= max &&
	    count % E1000_RING_DESC_MULTIPLE == 0;
}

static void
tx_ring_reset(struct lem_tx_ring *r)
{
	r->next_to_use = r->next_to_clean = r->tail_posted = 0;
	r->free = r->count - 1;
	r->rs_head = r->rs_posted = r->rs_tail = 0;
	r->since_rs = 0;
	r->unposted = 0;
	r->unposted_tso = false;
	r->int_pending = false;
	r->cheap = r->doubt = false;
	r->lone_doorbells = 0;
	r->lone_run = 0;
	lem_lone_end(r);
	r->offload = 0;
}

int
lem_tx_ring_init(struct lem *sc, union e1000_tx_any_desc *desc,
    uint64_t desc_pa, uint16_t *rsq, uint16_t count, uint16_t max_segs)
{
	struct lem_tx_ring *r = &sc->tx;

	if (!ring_size_valid(sc, count) || desc_pa % 16 != 0 || max_segs == 0 ||
	    max_segs + LEM_TX_EXTRA_DESC > count - 1u)
		return -EINVAL;
	r->desc = desc;
	r->desc_pa = desc_pa;
	r->rsq = rsq;
	r->count = count;
	r->reserve = (uint16_t)(max_segs + LEM_TX_EXTRA_DESC);
	lem_tx_low_set(r);
	r->rs_stride = count / 4;
	r->cmd = E1000_TXD_CMD_IFCS;
	tx_ring_reset(r);
	return 0;
}

int
lem_rx_ring_init(struct lem *sc, struct e1000_rx_desc *desc, uint64_t desc_pa,
    uint16_t count, uint16_t buf_bytes)
{
	struct lem_rx_ring *r = &sc->rx;

	if (!ring_size_valid(sc, count) || desc_pa % 16 != 0 ||
	    buf_bytes < 256 || buf_bytes > 16384 ||
	    (buf_bytes & (buf_bytes - 1)) != 0)
		return -EINVAL;
	r->desc = desc;
	r->desc_pa = desc_pa;
	r->count = count;
	r->buf_bytes = buf_bytes;
	r->next_to_use = r->next_to_clean = r->tail_posted = 0;
	return 0;
}

/* ------------------------------------------------------------ start, stop */

/* RCTL.BSIZE and BSEX for a buffer size, 13.4.22. */
static uint32_t
rctl_bsize(uint16_t buf_bytes)
{
	switch (buf_bytes) {
	case 256:
		return E1000_RCTL_BSIZE_256;
	case 512:
		return E1000_RCTL_BSIZE_512;
	case 1024:
		return E1000_RCTL_BSIZE_1024;
	case 4096:
		return E1000_RCTL_BSIZE_4096;
	case 8192:
		return E1000_RCTL_BSIZE_8192;
	case 16384:
		return E1000_RCTL_BSIZE_16384;
	default:
		return E1000_RCTL_BSIZE_2048;
	}
}

/*
 * RCTL from what the port asked for; SECRC so that lengths do not include the
 * FCS.  It is written only when it changes, because QEMU receives nothing for a
 * second afterwards.
 */
static void
rctl_write(struct lem *sc)
{
	uint32_t rctl =
	    E1000_RCTL_EN | E1000_RCTL_SECRC | rctl_bsize(sc->rx.buf_bytes);

	if (sc->filter & LEM_FILTER_PROMISC)
		rctl |= E1000_RCTL_UPE | E1000_RCTL_MPE;
	if (sc->filter & LEM_FILTER_ALLMULTI)
		rctl |= E1000_RCTL_MPE;
	if (sc->filter & LEM_FILTER_BROADCAST)
		rctl |= E1000_RCTL_BAM;
	if (sc->long_packets)
		rctl |= E1000_RCTL_LPE;
	if (sc->vlan_filter && !(sc->filter & LEM_FILTER_PROMISC))
		rctl |= E1000_RCTL_VFE;
	if (rctl != sc->rctl)
		lem_write(sc, E1000_RCTL, rctl);
	sc->rctl = rctl;
}

/* The transmitter on; collision distance follows duplex (13.4.33). */
static void
tctl_write(struct lem *sc, bool full_duplex)
{
	lem_write(sc, E1000_TCTL,
	    E1000_TCTL_EN | E1000_TCTL_PSP | TCTL_CT << E1000_TCTL_CT_SHIFT |
		(full_duplex ? E1000_TCTL_COLD_FD : E1000_TCTL_COLD_HD));
}

/* 14.5: base, length, head and tail while the unit is off; then TCTL.EN. */
static void
start_tx(struct lem *sc)
{
	struct lem_tx_ring *r = &sc->tx;

	tx_ring_reset(r);
	lem_write(sc, E1000_TDBAL, (uint32_t)r->desc_pa);
	lem_write(sc, E1000_TDBAH, (uint32_t)(r->desc_pa >> 32));
	lem_write(sc, E1000_TDLEN, r->count * (uint32_t)sizeof(*r->desc));
	lem_write(sc, E1000_TDH, 0);
	lem_write(sc, E1000_TDT, 0);
	lem_write(sc, E1000_TIPG,
	    TIPG_IPGR |
		(sc->chip < LEM_82540 ? TIPG_IPGT_82543 : TIPG_IPGT_82540)
		    << E1000_TIPG_IPGT_SHIFT);
	tctl_write(sc, true);
}

/* 14.4, in the same order; the ring is empty until the port refills it. */
static void
start_rx(struct lem *sc)
{
	struct lem_rx_ring *r = &sc->rx;

	r->next_to_use = r->next_to_clean = r->tail_posted = 0;
	r->posted = r->seen = r->marked = r->cleaned = r->partial = 0;
	lem_write(sc, E1000_RDBAL, (uint32_t)r->desc_pa);
	lem_write(sc, E1000_RDBAH, (uint32_t)(r->desc_pa >> 32));
	lem_write(sc, E1000_RDLEN, r->count * (uint32_t)sizeof(*r->desc));
	lem_write(sc, E1000_RDH, 0);
	lem_write(sc, E1000_RDT, 0);
	lem_write(sc, E1000_RXCSUM, E1000_RXCSUM_IPOFL | E1000_RXCSUM_TUOFL);
	rctl_write(sc);
}

static void
rar_write(struct lem *sc, unsigned int index, const uint8_t *mac)
{
	uint32_t low = 0, high = 0;

	if (mac != NULL) {
		low = (uint32_t)mac[0] | (uint32_t)mac[1] << 8 |
		    (uint32_t)mac[2] << 16 | (uint32_t)mac[3] << 24;
		high = (uint32_t)mac[4] | (uint32_t)mac[5] << 8 | E1000_RAH_AV;
	}
	/* 13.5.2: the entry is not valid while its low half is written. */
	lem_write(sc, E1000_RAH(index), 0);
	lem_write(sc, E1000_RAL(index), low);
	lem_write(sc, E1000_RAH(index), high);
}

/* What a reset clears: addresses, hash, VLANs (13.5.1 to 13.5.4). */
static void
start_filters(struct lem *sc)
{
	unsigned int i;

	rar_write(sc, 0, sc->mac);
	for (i = 1; i < LEM_RAR_ENTRIES; i++)
		rar_write(sc, i, sc->rar_valid & 1u << i ? sc->rar[i] : NULL);
	for (i = 0; i < 128; i++) {
		lem_write(sc, E1000_MTA(i), sc->mta[i]);
		lem_write(sc, E1000_VFTA(i), sc->vfta[i]);
	}
}

/* CTRL with what is set: link, tags, flow control; the rest as it was. */
static uint32_t
ctrl_of(const struct lem *sc, uint32_t ctrl)
{
	ctrl &= ~(E1000_CTRL_VME | E1000_CTRL_RFCE | E1000_CTRL_TFCE);
	/* On an 82543 with a link FRCSPD is link_force_82543()'s. */
	if (sc->chip != LEM_82543 || !sc->link.up)
		ctrl &= ~(E1000_CTRL_FRCSPD | E1000_CTRL_FRCDPX);
	ctrl |= E1000_CTRL_SLU | E1000_CTRL_ASDE;
	if (sc->force.mbps != 0) {
		ctrl &= ~(E1000_CTRL_ASDE | E1000_CTRL_FD);
		ctrl &= ~E1000_CTRL_SPEED_MASK;
		ctrl |= E1000_CTRL_FRCSPD | E1000_CTRL_FRCDPX;
		if (sc->force.mbps == 100)
			ctrl |= E1000_CTRL_SPEED_100;
		if (sc->force.full_duplex)
			ctrl |= E1000_CTRL_FD;
	}
	if (sc->vlan)
		ctrl |= E1000_CTRL_VME;
	if (sc->pause & LEM_PAUSE_RX)
		ctrl |= E1000_CTRL_RFCE;
	if (sc->pause & LEM_PAUSE_TX)
		ctrl |= E1000_CTRL_TFCE;
	return ctrl;
}

/* The PHY's half of sc->force: it takes a new speed in a reset of its own. */
static int
phy_force(struct lem *sc)
{
	uint16_t control = E1000_PHY_CTRL_RESET;

	if (sc->force.mbps == 0)
		control |= E1000_PHY_CTRL_AN_EN | E1000_PHY_CTRL_RESTART_AN |
		    E1000_PHY_CTRL_FD | E1000_PHY_CTRL_SPEED_MSB;
	if (sc->force.mbps == 100)
		control |= E1000_PHY_CTRL_SPEED_LSB;
	if (sc->force.full_duplex)
		control |= E1000_PHY_CTRL_FD;
	return lem_phy_write(sc, E1000_PHY_CTRL, control);
}

/* XOFF while the FIFO has room for the longest frame, 13.4.12, .23, .24. */
static void
pause_levels(struct lem *sc)
{
	lem_write(sc, E1000_FCTTV, E1000_FCTTV_TTV_MASK);
	lem_write(sc, E1000_FCRTL, PAUSE_XON_BYTES | E1000_FCRTL_XONE);
	lem_write(sc, E1000_FCRTH, PAUSE_XOFF_BYTES);
}

int
lem_start(struct lem *sc)
{
	uint32_t ctrl;
	int error;

	error = lem_check_present(sc);
	if (error != 0)
		return error;
	/* 13.4.1, 14.6: link up, speed and duplex from the PHY. */
	ctrl = lem_read(sc, E1000_CTRL) &
	    ~(E1000_CTRL_ILOS | E1000_CTRL_LRST | E1000_CTRL_PHY_RST);
	lem_write(sc, E1000_CTRL, ctrl_of(sc, ctrl));
	if (sc->force.mbps != 0)
		(void)phy_force(sc);
	lem_write(sc, E1000_FCAL, E1000_FCAL_PAUSE);
	lem_write(sc, E1000_FCAH, E1000_FCAH_PAUSE);
	lem_write(sc, E1000_FCT, E1000_FCT_PAUSE);
	if (sc->pause & LEM_PAUSE_TX)
		pause_levels(sc);
	lem_write(sc, E1000_VET, E1000_VET_8021Q);
	start_filters(sc);
	start_tx(sc);
	start_rx(sc);
	lem_moderation_write(sc);
	sc->running = true;
	sc->link.full_duplex = true;	/* as start_tx() left TCTL */
	(void)lem_link_update(sc);
	return lem_check_present(sc);
}

void
lem_stop(struct lem *sc)
{
	lem_intr_disable(sc);
	lem_write(sc, E1000_RCTL, 0);
	lem_write(sc, E1000_TCTL, E1000_TCTL_PSP);
	sc->running = false;
	sc->rctl = 0;
	sc->stream.longer = false;
	lem_store(&sc->link.up, false);
	sc->link.full_duplex = false;
	sc->link.mbps = 0;
	/* 14.3: the device may still write packets to memory. */
	lem_os_sleep(&sc->os, 1000);
	(void)lem_read(sc, E1000_ICR);
}

/* ------------------------------------------------------------------ link */

static uint16_t
status_mbps(uint32_t status)
{
	switch (status & E1000_STATUS_SPEED_MASK) {
	case E1000_STATUS_SPEED_10:
		return 10;
	case E1000_STATUS_SPEED_100:
		return 100;
	default:
		return 1000;
	}
}

/*
 * The 82543 does not take speed and duplex from the PHY by itself: read what
 * was negotiated and force it (M88 specific status).
 */
static int
link_force_82543(struct lem *sc)
{
	uint32_t ctrl = lem_read(sc, E1000_CTRL);
	uint16_t phy;
	int error;

	error = lem_phy_read(sc, E1000_PHY_M88_STATUS, &phy);
	if (error != 0)
		return error;
	ctrl &= ~(E1000_CTRL_SPEED_MASK | E1000_CTRL_FD);
	ctrl |= E1000_CTRL_FRCSPD | E1000_CTRL_FRCDPX;
	if (phy & E1000_PHY_M88_STATUS_FD)
		ctrl |= E1000_CTRL_FD;
	switch (phy & E1000_PHY_M88_STATUS_SPEED_MASK) {
	case E1000_PHY_M88_STATUS_SPEED_1000:
		ctrl |= E1000_CTRL_SPEED_1000;
		break;
	case E1000_PHY_M88_STATUS_SPEED_100:
		ctrl |= E1000_CTRL_SPEED_100;
		break;
	default:
		break;
	}
	lem_write(sc, E1000_CTRL, ctrl);
	return 0;
}

int
lem_link_update(struct lem *sc)
{
	struct lem_link was = sc->link;
	uint32_t status = lem_read(sc, E1000_STATUS);

	if (sc->chip == LEM_82543 && sc->force.mbps == 0 && !was.up &&
	    status & E1000_STATUS_LU) {
		(void)link_force_82543(sc);
		status = lem_read(sc, E1000_STATUS);
	}
	if (status == UINT32_MAX) {
		lem_store(&sc->gone, true);
		return -ENODEV;
	}
	lem_store(&sc->link.up, (status & E1000_STATUS_LU) != 0);
	sc->link.full_duplex = (status & E1000_STATUS_FD) != 0;
	sc->link.mbps = status_mbps(status);
	if (sc->running && sc->link.up &&
	    (!was.up || sc->link.full_duplex != was.full_duplex))
		tctl_write(sc, sc->link.full_duplex);
	return sc->link.up != was.up ||
	    (sc->link.up &&
		(sc->link.mbps != was.mbps ||
	    sc->link.full_duplex != was.full_duplex));
}

int
lem_link_force(struct lem *sc, uint16_t mbps, bool full_duplex)
{
	if (mbps != 0 && mbps != 10 && mbps != 100)
		return -EINVAL;
	sc->force.mbps = mbps;
	sc->force.full_duplex = mbps != 0 && full_duplex;
	if (!sc->running)
		return 0;
	lem_write(sc, E1000_CTRL, ctrl_of(sc, lem_read(sc, E1000_CTRL)));
	return phy_force(sc);
}

int
lem_pause_set(struct lem *sc, uint32_t pause)
{
	sc->pause = pause;
	if (!sc->running)
		return 0;
	if (pause & LEM_PAUSE_TX)
		pause_levels(sc);
	lem_write(sc, E1000_CTRL, ctrl_of(sc, lem_read(sc, E1000_CTRL)));
	return lem_check_present(sc);
}

/* 13.6: the filters of the receiver decide what WUFC gets to see. */
int
lem_wake_set(struct lem *sc, uint32_t wufc)
{
	uint32_t rctl = E1000_RCTL_EN;

	if (sc->chip == LEM_82543)
		return -EOPNOTSUPP;
	if (wufc & E1000_WUFC_MC)
		rctl |= E1000_RCTL_MPE;
	if (wufc & (E1000_WUFC_BC | E1000_WUFC_ARP))
		rctl |= E1000_RCTL_BAM;
	lem_write(sc, E1000_WUS, UINT32_MAX);
	lem_write(sc, E1000_WUFC, wufc);
	lem_write(sc, E1000_WUC,
	    E1000_WUC_PME_STATUS | (wufc != 0 ? E1000_WUC_PME_EN : 0));
	if (wufc != 0)
		lem_write(sc, E1000_RCTL, rctl);
	return lem_check_present(sc);
}

/* --------------------------------------------------------------- filters */

/* 13.5.1 with RCTL.MO = 0: bits 47:36 of the address, 12 bits of hash. */
static unsigned int
multicast_hash(const uint8_t *mac)
{
	return (unsigned int)(mac[4] >> 4 | mac[5] << 4) &
	    (LEM_MULTICAST_BITS - 1);
}

int
lem_filter_set(struct lem *sc, uint32_t flags, const uint8_t (*mc)[6],
    unsigned int count)
{
	uint32_t mta[128];
	unsigned int i, hash;

	for (i = 0; i < 128; i++)
		mta[i] = 0;
	for (i = 0; i < count; i++) {
		hash = multicast_hash(mc[i]);
		mta[hash / 32] |= 1u << hash % 32;
	}
	sc->filter = flags;
	for (i = 0; i < 128; i++)
		if (mta[i] != sc->mta[i]) {
			sc->mta[i] = mta[i];
			if (sc->running)
				lem_write(sc, E1000_MTA(i), mta[i]);
		}
	if (!sc->running)
		return 0;
	rctl_write(sc);
	return lem_check_present(sc);	/* and pushes the writes through */
}

int
lem_rar_set(struct lem *sc, unsigned int index, const uint8_t *mac)
{
	uint8_t *shadow;
	unsigned int i;

	if (index >= LEM_RAR_ENTRIES || (index == 0 && mac == NULL))
		return -EINVAL;
	shadow = index == 0 ? sc->mac : sc->rar[index];
	sc->rar_valid &= (uint16_t)~(1u << index);
	for (i = 0; mac != NULL && i < 6; i++)
		shadow[i] = mac[i];
	if (mac != NULL)
		sc->rar_valid |= (uint16_t)(1u << index);
	if (sc->running) {
		rar_write(sc, index, mac);
		lem_push(sc);
	}
	return 0;
}

int
lem_vlan_filter(struct lem *sc, uint16_t vid, bool accept)
{
	uint32_t bit = 1u << vid % 32;

	if (vid > 4095)
		return -EINVAL;
	if (accept)
		sc->vfta[vid / 32] |= bit;
	else
		sc->vfta[vid / 32] &= ~bit;
	if (sc->running) {
		lem_write(sc, E1000_VFTA(vid / 32), sc->vfta[vid / 32]);
		lem_push(sc);
	}
	return 0;
}

void
lem_rx_mode(struct lem *sc, bool vlan, bool vlan_filter, bool long_packets)
{
	lem_store(&sc->vlan, vlan);
	sc->vlan_filter = vlan_filter;
	sc->long_packets = long_packets;
	if (!sc->running)
		return;
	lem_write(sc, E1000_CTRL, ctrl_of(sc, lem_read(sc, E1000_CTRL)));
	rctl_write(sc);
	lem_push(sc);
}

/* ------------------------------------------------------------ statistics */

/* The octet counters are 64 bits: low half first, high half clears (13.7). */
static bool
stat_is_octets(uint32_t reg)
{
	return reg == E1000_GORCL || reg == E1000_GOTCL || reg == E1000_TORL ||
	    reg == E1000_TOTL;
}

int
lem_stats_update(struct lem *sc)
{
	uint64_t now[LEM_STATS] = { 0 };
	uint32_t reg, i;

	for (reg = E1000_CRCERRS; reg <= E1000_TSCTFC; reg += 4) {
		i = (reg - E1000_CRCERRS) / 4;
		now[i] = lem_read(sc, reg);
		if (stat_is_octets(reg)) {
			reg += 4;
			now[i] |= (uint64_t)lem_read(sc, reg) << 32;
		}
	}
	if (lem_check_present(sc) != 0)
		return -ENODEV;
	for (i = 0; i < LEM_STATS; i++)
		sc->stat[i] += now[i];
	return 0;
}
