/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register map: one row a register (13.4 to 13.8), and how a 32-bit access
 * finds its row.
 *
 *	offset --row_of[]--> row --> hook, or dev->reg[] and the row's masks
 *
 * Where the chips differ in bits, there are two rows with the same offset, for
 * different chips.  An offset without a row for the guest's chip reads as 0.
 *
 * Hooks that belong to interrupts, statistics, EEPROM, PHY and wake-up are in
 * their files; those of rings, enables and FIFO are here.
 */
#include "e82540_flow.h"
#include "e82540_intr.h"
#include "e82540_nvm.h"
#include "e82540_phy.h"
#include "e82540_regs.h"
#include "e82540_rx.h"
#include "e82540_stats.h"
#include "e82540_tail.h"
#include "e82540_time.h"
#include "e82540_tx.h"
#include "e82540_wake.h"

/* --------------------------------------------------------------------- row */

/* Locks that a write takes: a bit each. */
#define TX	(1u << E82540_LOCK_TX)
#define RX	(1u << E82540_LOCK_RX)
#define BOTH	(TX | RX)

/*
 * A row of the register map.  A register without hooks keeps what is written to
 * it, in the bits of write_mask, and has no effect by itself.  `read` returns
 * the value and changes nothing, so that a host can peek; `after_read` does
 * what else a guest's read does.  Hooks are called with the bus lock held, and
 * on writes also with the locks that `locks` names.
 */
struct row {
	struct e82540_reg_info info;
	uint8_t locks;			/* TX, RX: on writes */
	uint32_t keep;			/* bits that CTRL.RST leaves alone */
	uint32_t (*read)(const struct e82540 *dev, uint32_t offset);
	void (*after_read)(struct e82540 *dev, uint32_t offset);
	void (*write)(struct e82540 *dev, uint32_t offset, uint32_t value);
};

/* ------------------------------------------------------------------ values */

#define ALL	E82540_CHIPS_ALL
#define STAR	E82540_CHIPS_STAR
#define OLD	E82540_CHIP(E82540_82544GC)

#define BITS_32	0xFFFFFFFFu
#define BITS_16	0xFFFFu
#define BITS_13	0x1FFFu		/* of a FIFO of 64 KiB, in units of 8 */

/* 13.4.1, without RST, which always reads 0. */
#define CTRL_MASK							\
	(E1000_CTRL_FD | E1000_CTRL_LRST | E1000_CTRL_ASDE | E1000_CTRL_SLU | \
	    E1000_CTRL_ILOS | E1000_CTRL_SPEED_MASK | E1000_CTRL_FRCSPD | \
	    E1000_CTRL_FRCDPX | E1000_CTRL_SDP0_DATA | E1000_CTRL_SDP1_DATA | \
	    E1000_CTRL_SDP0_IODIR | E1000_CTRL_SDP1_IODIR | E1000_CTRL_RFCE | \
	    E1000_CTRL_TFCE | E1000_CTRL_VME | E1000_CTRL_PHY_RST)
#define CTRL_MASK_STAR							\
	(CTRL_MASK | E1000_CTRL_ADVD3WUC | E1000_CTRL_PHY_PWR_MGMT)
#define CTRL_MASK_OLD							\
	(CTRL_MASK | E1000_CTRL_SDP2_DATA | E1000_CTRL_SDP3_DATA |	\
	    E1000_CTRL_SDP2_IODIR | E1000_CTRL_SDP3_IODIR)
#define CTRL_RESET	(E1000_CTRL_FD | E1000_CTRL_SPEED_1000)
#define CTRL_RESET_STAR	(CTRL_RESET | E1000_CTRL_ADVD3WUC)
#define CTRL_NOTE "LRST is for fibre; pins and power are kept, without effect"

/* 13.4.6, without ASDCHK and EE_RST.  Later chips lack pins 4 and 5. */
#define CTRL_EXT_MASK							\
	(E1000_CTRL_EXT_IPS | E1000_CTRL_EXT_SPD_BYPS |			\
	    E1000_CTRL_EXT_RO_DIS | E1000_CTRL_EXT_LINK_MODE_MASK)
#define CTRL_EXT_MASK_STAR	(CTRL_EXT_MASK | 0xCCEu)
#define CTRL_EXT_MASK_OLD						\
	(CTRL_EXT_MASK | E1000_CTRL_EXT_GPI_EN_MASK |			\
	    E1000_CTRL_EXT_SDP_DATA_MASK | E1000_CTRL_EXT_SDP_IODIR_MASK)
#define CTRL_EXT_NOTE							\
	"pins are not wired; the link is copper whatever LINK_MODE says"

/* A reset of the MAC changes neither the PHY's link nor its speed. */
#define STATUS_KEEP							\
	(E1000_STATUS_FD | E1000_STATUS_LU | E1000_STATUS_SPEED_MASK |	\
	    E1000_STATUS_ASDV_MASK)

#define FLA_MASK	0x17u		/* SK, CE, SI, REQ */

#define TXCW_MASK	(BITS_16 | E1000_TXCW_TXC | E1000_TXCW_ANE)

/* 13.4.15: mode, IVRT, BLINK of LEDs: link up, activity, 100, 1000 Mb/s */
#define LEDCTL_MASK	0xCFCFCFCFu
#define LEDCTL_RESET	0x07068302u

/* 13.4.16: KiB, a multiple of 8; RXA 64 would leave nothing to transmit. */
#define PBA_KIB		64u
#define PBA_RXA_MAX	56u
#define PBA_RXA_MASK	0x38u
#define PBA_RESET	((PBA_KIB - 48u) << E1000_PBA_TXA_SHIFT | 48u)

#define RCTL_MASK							\
	(E1000_RCTL_EN | E1000_RCTL_SBP | E1000_RCTL_UPE | E1000_RCTL_MPE | \
	    E1000_RCTL_LPE | E1000_RCTL_LBM_MASK | E1000_RCTL_RDMTS_MASK | \
	    E1000_RCTL_MO_MASK | E1000_RCTL_BAM | E1000_RCTL_BSIZE_MASK | \
	    E1000_RCTL_VFE | E1000_RCTL_CFIEN | E1000_RCTL_CFI | \
	    E1000_RCTL_DPF | E1000_RCTL_PMCF | E1000_RCTL_SECRC)

/* 13.4.33, without SWXOFF. */
#define TCTL_MASK							\
	(E1000_TCTL_EN | E1000_TCTL_PSP | E1000_TCTL_CT_MASK |		\
	    E1000_TCTL_COLD_MASK | E1000_TCTL_RTLC)
#define TCTL_NOTE	"full duplex: CT, COLD and RTLC have no effect"

#define TIPG_MASK							\
	(E1000_TIPG_IPGT_MASK | E1000_TIPG_IPGR1_MASK | E1000_TIPG_IPGR2_MASK)

#define FCRTL_MASK	(E1000_FCRTL_RTL_MASK | E1000_FCRTL_XONE)

#define RXDCTL_MASK							\
	(E1000_RXDCTL_PTHRESH_MASK | E1000_RXDCTL_HTHRESH_MASK |	\
	    E1000_RXDCTL_WTHRESH_MASK | E1000_RXDCTL_GRAN)
#define RXDCTL_RESET	(1u << E1000_RXDCTL_WTHRESH_SHIFT)
#define TXDCTL_MASK							\
	(E1000_TXDCTL_PTHRESH_MASK | E1000_TXDCTL_HTHRESH_MASK |	\
	    E1000_TXDCTL_WTHRESH_MASK | E1000_TXDCTL_GRAN)
#define TXDCTL_MASK_STAR	(TXDCTL_MASK | E1000_TXDCTL_LWTHRESH_MASK)

#define LEN_NOTE	"1 to 7 descriptors are kept, too"

#define TSPMT_RESET							\
	(0x400u << E1000_TSPMT_TSMT_SHIFT | 0x100u << E1000_TSPMT_TSPBP_SHIFT)

#define RXCSUM_MASK							\
	(E1000_RXCSUM_PCSS_MASK | E1000_RXCSUM_IPOFL | E1000_RXCSUM_TUOFL)
#define RAH_MASK	(E1000_RAH_ADDR_MASK | E1000_RAH_AS_MASK | E1000_RAH_AV)

#define WUC_MASK	(E1000_WUC_APME | E1000_WUC_APMPME | E1000_WUC_PME_EN)
#define WUFC_MASK	0xF007Fu
#define WUFC_MASK_STAR	(WUFC_MASK | E1000_WUFC_IPV6)
#define IPAV_MASK	(E1000_IPAV_V4_MASK | E1000_IPAV_V6)
#define BITS_12		0xFFFu		/* of a packet's length: WUPL, FFLT */
#define FFMT_MASK	0xFu		/* one bit for each filter */

#define EECD_MASK							\
	(E1000_EECD_SK | E1000_EECD_CS | E1000_EECD_DI | E1000_EECD_FWE_MASK)
#define MDIC_MASK							\
	(E1000_MDIC_DATA_MASK | E1000_MDIC_REG_MASK | E1000_MDIC_PHY_MASK | \
	    E1000_MDIC_OP_MASK | E1000_MDIC_I)

#define UNUSED		"kept, without effect"
#define UNUSED_FWE	"FWE is kept, without effect"
#define NO_WIRE		"no wire: kept, without effect"
#define THRESHOLDS	"descriptors are fetched and written back at once"
#define ERRORS		"frames have no errors: stays 0"
#define HALF		"full duplex: stays 0"
#define MANAGEMENT	"no management: stays 0"

/* What a write without a hook does: see below. */
static void reg_store(struct e82540 *dev, uint32_t offset, uint32_t value);

/* ------------------------------------------------------------ device, link */

/*
 * 13.4.1.  With RST the rest of the value is lost, except PHY_RST, whose rising
 * edge resets the PHY, and VME.  Linux's e1000 resets the chip for a new MTU or
 * ring, reads CTRL to write it back with RST, and does not set VME anew:
 * without the bit, tagged packets would leave without their tags.
 */
static void
ctrl_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	uint32_t old = e82540_reg(dev, E1000_CTRL);

	(void)offset;
	if (value & E1000_CTRL_RST) {
		dev->counters.resets++;
		e82540_device_reset(dev);
		e82540_reg_set(dev, E1000_CTRL,
		    e82540_reg(dev, E1000_CTRL) | (value & E1000_CTRL_VME));
	} else {
		reg_store(dev, E1000_CTRL, value);
	}
	if (value & ~old & E1000_CTRL_PHY_RST)
		e82540_phy_reset(dev);
	e82540_link_update(dev);
}

/* CTRL_DUP is CTRL. */
static uint32_t
ctrl_read(const struct e82540 *dev, uint32_t offset)
{
	(void)offset;
	return e82540_reg(dev, E1000_CTRL);
}

/* Drivers that were written beside QEMU read back what they have set. */
static uint32_t
ics_read(const struct e82540 *dev, uint32_t offset)
{
	(void)offset;
	return e82540_reg(dev, E1000_ICR);
}

/* 13.4.6.  The model always knows the speed: ASDCHK changes nothing. */
static void
ctrl_ext_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	reg_store(dev, offset, value);
	if (value & E1000_CTRL_EXT_EE_RST) {
		e82540_nvm_load(dev);
		e82540_phy_power(dev);
	}
	e82540_link_update(dev);
}

static void
pba_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	uint32_t rxa = value & E1000_PBA_RXA_MASK & ~7u;

	if (rxa > PBA_RXA_MAX)
		rxa = PBA_RXA_MAX;
	e82540_reg_set(dev, offset,
	    (PBA_KIB - rxa) << E1000_PBA_TXA_SHIFT | rxa);
	dev->want_rx = true;
}

/* ------------------------------------------------------------------- rings */

/*
 * If EN is clear, close the receiver before the rx lock is released: a receive
 * in another thread must not use the buffer size of the same write.
 */
static void
rctl_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	reg_store(dev, offset, value);
	if (!(value & E1000_RCTL_EN))
		dev->rx.open = false;
	dev->want_gates = true;
}

static void
tctl_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	reg_store(dev, offset, value);
	if (value & E1000_TCTL_SWXOFF)
		e82540_flow_xoff(dev);
	dev->want_gates = true;
}

static void
tx_ring_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	reg_store(dev, offset, value);
	e82540_tx_forget(dev);
	dev->want_tx = true;
}

static void
rx_ring_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	reg_store(dev, offset, value);
	dev->want_rx = true;
}

/*
 * 13.4.27, 13.4.38: a multiple of 128 bytes.  Some drivers have rings of fewer
 * than the 8 descriptors of that; where nothing would be left, the model keeps
 * their length, in units of a descriptor.
 */
static void
len_store(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	uint32_t len = value & E1000_RDLEN_MASK;

	e82540_reg_set(dev, offset, len != 0 ? len : value & E82540_LEN_SHORT);
}

static void
rdlen_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	len_store(dev, offset, value);
	dev->want_rx = true;
}

static void
tdlen_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	len_store(dev, offset, value);
	e82540_tx_forget(dev);
	dev->want_tx = true;
}

static void
tdh_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	(void)offset;
	e82540_index_set(&dev->tdh, value & E1000_TDT_MASK);
	e82540_tx_forget(dev);
	dev->want_tx = true;
}

static void
tdt_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	(void)offset;
	e82540_index_set(&dev->tdt, value & E1000_TDT_MASK);
	dev->counters.tdt_writes++;
	dev->want_tx = true;
}

static void
rdh_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	(void)offset;
	e82540_index_set(&dev->rdh, value & E1000_RDT_MASK);
	dev->want_rx = true;
}

static void
rdt_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	(void)offset;
	e82540_index_set(&dev->rdt, value & E1000_RDT_MASK);
	dev->counters.rdt_writes++;
	dev->want_rx = true;
}

/* ----------------------------------------------------------------- wake-up */

/* In D3 the PHY is on only if it is needed to wake (11.4.2). */
static void
wuc_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	e82540_wuc_write(dev, offset, value);
	e82540_phy_power(dev);
}

/* ------------------------------------------------------------- diagnostics */

/* 13.8.1: in units of 8 bytes.  Reads need the FIFO's lock, too. */
static uint32_t
fifo_read(const struct e82540 *dev, uint32_t offset)
{
	uint32_t value;

	e82540_lock(dev, E82540_LOCK_RX);
	switch (offset) {
	case E1000_RDFH:
		value = dev->rx.fifo_head / 8;
		break;
	case E1000_RDFT:
		value = dev->rx.fifo_tail / 8;
		break;
	default:
		value = dev->rx.fifo_packets;
		break;
	}
	e82540_unlock(dev, E82540_LOCK_RX);
	return value & BITS_13;
}

static uint32_t
pbm_read(const struct e82540 *dev, uint32_t offset)
{
	const uint8_t *p = &dev->rx.fifo[offset - E1000_PBM(0)];
	uint32_t value;

	e82540_lock(dev, E82540_LOCK_RX);
	value = e82540_get16(p) | (uint32_t)e82540_get16(p + 2) << 16;
	e82540_unlock(dev, E82540_LOCK_RX);
	return value;
}

/* -------------------------------------------------------------------- rows */

#define REGS(name_, offset_, count_, stride_, reset_, mask_, chips_, section_, \
    note_)								\
	.info = {							\
		.name = (name_),					\
		.offset = (offset_),					\
		.count = (count_),					\
		.stride = (stride_),					\
		.reset = (reset_),					\
		.write_mask = (mask_),					\
		.chips = (chips_),					\
		.section = (section_),					\
		.note = (note_),					\
	}
#define REG(name, offset, reset, mask, chips, section, note)		\
	REGS(name, offset, 1, 4, reset, mask, chips, section, note)
#define STAT(name, offset, chips, section, note)			\
	{								\
		REG(name, offset, 0, 0, chips, section, note),		\
		    .after_read = e82540_stat_after_read		\
	}

/* 13.7.31 to 13.7.42. */
#define TOTAL_LOW(name, offset, section)				\
	{								\
		REG(name, offset, 0, 0, ALL, section, ""),		\
		    .read = e82540_total_low_read			\
	}
#define TOTAL_HIGH(name, offset, section)				\
	{								\
		REG(name, offset, 0, 0, ALL, section, ""),		\
		    .read = e82540_total_high_read,			\
		    .after_read = e82540_total_after_read		\
	}

/*
 * Sorted by offset.  Reset values are the manual's; what it leaves undefined
 * (X) is 0.
 */
static const struct row rows[] = {
	{ REG("CTRL", E1000_CTRL, CTRL_RESET_STAR, CTRL_MASK_STAR, STAR,
	      "13.4.1", CTRL_NOTE),
	    .locks = BOTH, .write = ctrl_write },
	{ REG("CTRL", E1000_CTRL, CTRL_RESET, CTRL_MASK_OLD, OLD, "13.4.1",
	      CTRL_NOTE),
	    .locks = BOTH, .write = ctrl_write },
	{ REG("CTRL_DUP", E1000_CTRL_DUP, CTRL_RESET_STAR, CTRL_MASK_STAR, STAR,
	      "13.4.1", ""),
	    .locks = BOTH, .read = ctrl_read, .write = ctrl_write },
	{ REG("CTRL_DUP", E1000_CTRL_DUP, CTRL_RESET, CTRL_MASK_OLD, OLD,
	      "13.4.1", ""),
	    .locks = BOTH, .read = ctrl_read, .write = ctrl_write },
	{ REG("STATUS", E1000_STATUS, 0, 0, ALL, "13.4.2",
	      "32-bit PCI at 33 MHz"),
	    .keep = STATUS_KEEP },
	{ REG("EECD", E1000_EECD, 0, EECD_MASK | E1000_EECD_REQ, STAR, "13.4.3",
	      UNUSED_FWE),
	    .read = e82540_eecd_read, .write = e82540_eecd_write },
	{ REG("EECD", E1000_EECD, 0, EECD_MASK, OLD, "13.4.3", UNUSED_FWE),
	    .read = e82540_eecd_read, .write = e82540_eecd_write },
	{ REG("EERD", E1000_EERD, 0, E1000_EERD_ADDR_MASK, ALL, "13.4.4",
	      "done at once"),
	    .write = e82540_eerd_write },
	{ REG("CTRL_EXT", E1000_CTRL_EXT, 0, CTRL_EXT_MASK_STAR, STAR, "13.4.6",
	      CTRL_EXT_NOTE),
	    .locks = BOTH, .write = ctrl_ext_write },
	{ REG("CTRL_EXT", E1000_CTRL_EXT, 0, CTRL_EXT_MASK_OLD, OLD, "13.4.6",
	      CTRL_EXT_NOTE),
	    .locks = BOTH, .write = ctrl_ext_write },
	{ REG("FLA", E1000_FLA, 0, FLA_MASK, ALL, "13.4.5",
	    "no flash: never granted") },
	{ REG("MDIC", E1000_MDIC, 0, MDIC_MASK, ALL, "13.4.7", "done at once"),
	    .write = e82540_mdic_write },
	{ REG("FCAL", E1000_FCAL, 0, BITS_32, ALL, "13.4.8", ""), .locks = RX },
	{ REG("FCAH", E1000_FCAH, 0, BITS_16, ALL, "13.4.9", ""), .locks = RX },
	{ REG("FCT", E1000_FCT, 0, BITS_16, ALL, "13.4.10", ""), .locks = RX },
	{ REG("VET", E1000_VET, E1000_VET_8021Q, BITS_16, ALL, "13.4.11",
	      "undefined after reset by the manual: what chips have"),
	    .locks = BOTH },
	{ REG("ICR", E1000_ICR, 0, 0, ALL, "13.4.17", ""),
	    .after_read = e82540_icr_after_read, .write = e82540_icr_write },
	{ REG("ITR", E1000_ITR, 0, E1000_ITR_INTERVAL_MASK, STAR, "13.4.18",
	      ""),
	    .write = e82540_itr_write },
	{ REG("ICS", E1000_ICS, 0, 0, ALL, "13.4.19",
	      "write-only by the manual: reads as ICR, and clears nothing"),
	    .read = ics_read, .write = e82540_ics_write },
	{ REG("IMS", E1000_IMS, 0, E1000_ICR_MASK, ALL, "13.4.20", ""),
	    .write = e82540_ims_write },
	{ REG("IMC", E1000_IMC, 0, 0, ALL, "13.4.21", "reads 0"),
	    .write = e82540_imc_write },
	{ REG("RCTL", E1000_RCTL, 0, RCTL_MASK, ALL, "13.4.22",
	      "LBM has no effect: loopback is the PHY's"),
	    .locks = RX, .write = rctl_write },
	{ REG("FCTTV", E1000_FCTTV, 0, E1000_FCTTV_TTV_MASK, ALL, "13.4.12",
	    "") },
	{ REG("TXCW", E1000_TXCW, 0, TXCW_MASK, ALL, "13.4.13",
	    "for fibre: " UNUSED) },
	{ REG("RXCW", E1000_RXCW, 0, 0, ALL, "13.4.14", "for fibre: reads 0") },
	{ REG("TCTL", E1000_TCTL, 0, TCTL_MASK, STAR, "13.4.33", TCTL_NOTE),
	    .locks = TX, .write = tctl_write },
	{ REG("TCTL", E1000_TCTL, 0, TCTL_MASK | E1000_TCTL_NRTU, OLD,
	      "13.4.33", TCTL_NOTE),
	    .locks = TX, .write = tctl_write },
	{ REG("TIPG", E1000_TIPG, 0, TIPG_MASK, ALL, "13.4.34", NO_WIRE) },
	{ REG("AIFS", E1000_AIFS, 0, E1000_AIFS_MASK, ALL, "13.4.35",
	    NO_WIRE) },
	{ REG("LEDCTL", E1000_LEDCTL, LEDCTL_RESET, LEDCTL_MASK, STAR,
	    "13.4.15", "no LEDs: " UNUSED) },
	{ REG("PBA", E1000_PBA, PBA_RESET, PBA_RXA_MASK, ALL, "13.4.16",
	      "RXA is cut to 56; TXA has no effect"),
	    .locks = RX, .keep = BITS_32, .write = pba_write },
	{ REG("FCRTL", E1000_FCRTL, 0, FCRTL_MASK, ALL, "13.4.23",
	      "XONE in all chips, as drivers expect"),
	    .locks = RX },
	{ REG("FCRTH", E1000_FCRTH, 0, E1000_FCRTH_RTH_MASK, STAR, "13.4.24",
	      ""),
	    .locks = RX },
	{ REG("FCRTH", E1000_FCRTH, 0, E1000_FCRTH_RTH_MASK | E1000_FCRTH_XFCE,
	      OLD, "13.4.24", "no pins: XFCE has no effect"),
	    .locks = RX },
	{ REG("RDFH", E1000_RDFH, 0, 0, ALL, "13.8.1", "writes are ignored"),
	    .read = fifo_read },
	{ REG("RDFT", E1000_RDFT, 0, 0, ALL, "13.8.2", "writes are ignored"),
	    .read = fifo_read },
	{ REG("RDFHS", E1000_RDFHS, 0, BITS_13, ALL, "13.8.3", UNUSED) },
	{ REG("RDFTS", E1000_RDFTS, 0, BITS_13, ALL, "13.8.4", UNUSED) },
	{ REG("RDFPC", E1000_RDFPC, 0, 0, ALL, "13.8.5", "writes are ignored"),
	    .read = fifo_read },
	{ REG("RDBAL", E1000_RDBAL, 0, E1000_RDBAL_MASK, ALL, "13.4.25", ""),
	    .locks = RX, .write = rx_ring_write },
	{ REG("RDBAH", E1000_RDBAH, 0, BITS_32, ALL, "13.4.26", ""),
	    .locks = RX, .write = rx_ring_write },
	{ REG("RDLEN", E1000_RDLEN, 0, E1000_RDLEN_MASK, ALL, "13.4.27",
	      LEN_NOTE),
	    .locks = RX, .write = rdlen_write },
	{ REG("RDH", E1000_RDH, 0, E1000_RDT_MASK, ALL, "13.4.28", ""),
	    .locks = RX, .read = e82540_ring_reg, .write = rdh_write },
	{ REG("RDT", E1000_RDT, 0, E1000_RDT_MASK, ALL, "13.4.29", ""),
	    .read = e82540_ring_reg, .write = rdt_write },
	{ REG("RDTR", E1000_RDTR, 0, E1000_RDTR_DELAY_MASK, ALL, "13.4.30",
	    "delays the interrupt, never the write-back"),
	    .write = e82540_rdtr_write },
	{ REG("RXDCTL", E1000_RXDCTL, RXDCTL_RESET, RXDCTL_MASK, ALL, "13.4.46",
	      THRESHOLDS),
	    .locks = RX },
	{ REG("RADV", E1000_RADV, 0, E1000_RADV_DELAY_MASK, STAR, "13.4.31",
	    "") },
	{ REG("RSRPD", E1000_RSRPD, 0, E1000_RSRPD_SIZE_MASK, STAR, "13.4.32",
	      ""),
	    .locks = RX },
	{ REG("TXDMAC", E1000_TXDMAC, 0, E1000_TXDMAC_DPP, ALL, "13.4.42",
	    UNUSED) },
	{ REG("TDFH", E1000_TDFH, 0, BITS_13, ALL, "13.8.6", UNUSED) },
	{ REG("TDFT", E1000_TDFT, 0, BITS_13, ALL, "13.8.7", UNUSED) },
	{ REG("TDFHS", E1000_TDFHS, 0, BITS_13, ALL, "13.8.8", UNUSED) },
	{ REG("TDFTS", E1000_TDFTS, 0, BITS_13, ALL, "13.8.9", UNUSED) },
	{ REG("TDFPC", E1000_TDFPC, 0, BITS_13, ALL, "13.8.10", UNUSED) },
	{ REG("TDBAL", E1000_TDBAL, 0, E1000_TDBAL_MASK, ALL, "13.4.36", ""),
	    .locks = TX, .write = tx_ring_write },
	{ REG("TDBAH", E1000_TDBAH, 0, BITS_32, ALL, "13.4.37", ""),
	    .locks = TX, .write = tx_ring_write },
	{ REG("TDLEN", E1000_TDLEN, 0, E1000_TDLEN_MASK, ALL, "13.4.38",
	      LEN_NOTE),
	    .locks = TX, .write = tdlen_write },
	{ REG("TDH", E1000_TDH, 0, E1000_TDT_MASK, ALL, "13.4.39", ""),
	    .locks = TX, .read = e82540_ring_reg, .write = tdh_write },
	{ REG("TDT", E1000_TDT, 0, E1000_TDT_MASK, ALL, "13.4.40", ""),
	    .read = e82540_ring_reg, .write = tdt_write },
	{ REG("TIDV", E1000_TIDV, 0, E1000_TIDV_IDV_MASK, ALL, "13.4.41",
	    "delays the interrupt, never the write-back; 0 does not delay") },
	{ REG("TXDCTL", E1000_TXDCTL, 0, TXDCTL_MASK_STAR, STAR, "13.4.43",
	      THRESHOLDS ", but LWTHRESH counts"),
	    .locks = TX },
	{ REG("TXDCTL", E1000_TXDCTL, 0, TXDCTL_MASK, OLD, "13.4.43",
	      THRESHOLDS),
	    .locks = TX },
	{ REG("TADV", E1000_TADV, 0, E1000_TADV_IDV_MASK, STAR, "13.4.44",
	    "") },
	{ REG("TSPMT", E1000_TSPMT, TSPMT_RESET, BITS_32, ALL, "13.4.45",
	      UNUSED),
	    .locks = TX },
	STAT("CRCERRS", E1000_CRCERRS, ALL, "13.7.1", ERRORS),
	STAT("ALGNERRC", E1000_ALGNERRC, ALL, "13.7.2", ERRORS),
	STAT("SYMERRS", E1000_SYMERRS, ALL, "13.7.3", ERRORS),
	STAT("RXERRC", E1000_RXERRC, ALL, "13.7.4", ERRORS),
	STAT("MPC", E1000_MPC, ALL, "13.7.5", ""),
	STAT("SCC", E1000_SCC, ALL, "13.7.6", HALF),
	STAT("ECOL", E1000_ECOL, ALL, "13.7.7", HALF),
	STAT("MCC", E1000_MCC, ALL, "13.7.8", HALF),
	STAT("LATECOL", E1000_LATECOL, ALL, "13.7.9", HALF),
	STAT("COLC", E1000_COLC, ALL, "13.7.10", HALF),
	STAT("DC", E1000_DC, ALL, "13.7.11", HALF),
	STAT("TNCRS", E1000_TNCRS, ALL, "13.7.12", HALF),
	STAT("SEC", E1000_SEC, ALL, "13.7.13", ERRORS),
	STAT("CEXTERR", E1000_CEXTERR, ALL, "13.7.14", ERRORS),
	STAT("RLEC", E1000_RLEC, ALL, "13.7.15", ""),
	STAT("XONRXC", E1000_XONRXC, ALL, "13.7.16", ""),
	STAT("XONTXC", E1000_XONTXC, ALL, "13.7.17", ""),
	STAT("XOFFRXC", E1000_XOFFRXC, ALL, "13.7.18", ""),
	STAT("XOFFTXC", E1000_XOFFTXC, ALL, "13.7.19", ""),
	STAT("FCRUC", E1000_FCRUC, ALL, "13.7.20", ""),
	STAT("PRC64", E1000_PRC64, ALL, "13.7.21", ""),
	STAT("PRC127", E1000_PRC127, ALL, "13.7.22", ""),
	STAT("PRC255", E1000_PRC255, ALL, "13.7.23", ""),
	STAT("PRC511", E1000_PRC511, ALL, "13.7.24", ""),
	STAT("PRC1023", E1000_PRC1023, ALL, "13.7.25", ""),
	STAT("PRC1522", E1000_PRC1522, ALL, "13.7.26", ""),
	STAT("GPRC", E1000_GPRC, ALL, "13.7.27", ""),
	STAT("BPRC", E1000_BPRC, ALL, "13.7.28", ""),
	STAT("MPRC", E1000_MPRC, ALL, "13.7.29", ""),
	STAT("GPTC", E1000_GPTC, ALL, "13.7.30", ""),
	TOTAL_LOW("GORCL", E1000_GORCL, "13.7.31"),
	TOTAL_HIGH("GORCH", E1000_GORCH, "13.7.31"),
	TOTAL_LOW("GOTCL", E1000_GOTCL, "13.7.32"),
	TOTAL_HIGH("GOTCH", E1000_GOTCH, "13.7.32"),
	STAT("RNBC", E1000_RNBC, ALL, "13.7.33", ""),
	STAT("RUC", E1000_RUC, ALL, "13.7.34", ""),
	STAT("RFC", E1000_RFC, ALL, "13.7.35", ERRORS),
	STAT("ROC", E1000_ROC, ALL, "13.7.36", ""),
	STAT("RJC", E1000_RJC, ALL, "13.7.37", ERRORS),
	STAT("MGTPRC", E1000_MGTPRC, STAR, "13.7.38", MANAGEMENT),
	STAT("MGTPDC", E1000_MGTPDC, STAR, "13.7.39", MANAGEMENT),
	STAT("MGTPTC", E1000_MGTPTC, STAR, "13.7.40", MANAGEMENT),
	TOTAL_LOW("TORL", E1000_TORL, "13.7.41"),
	TOTAL_HIGH("TORH", E1000_TORH, "13.7.41"),
	TOTAL_LOW("TOTL", E1000_TOTL, "13.7.42"),
	TOTAL_HIGH("TOTH", E1000_TOTH, "13.7.42"),
	STAT("TPR", E1000_TPR, ALL, "13.7.43", ""),
	STAT("TPT", E1000_TPT, ALL, "13.7.44", ""),
	STAT("PTC64", E1000_PTC64, ALL, "13.7.45", ""),
	STAT("PTC127", E1000_PTC127, ALL, "13.7.46", ""),
	STAT("PTC255", E1000_PTC255, ALL, "13.7.47", ""),
	STAT("PTC511", E1000_PTC511, ALL, "13.7.48", ""),
	STAT("PTC1023", E1000_PTC1023, ALL, "13.7.49", ""),
	STAT("PTC1522", E1000_PTC1522, ALL, "13.7.50", ""),
	STAT("MPTC", E1000_MPTC, ALL, "13.7.51", ""),
	STAT("BPTC", E1000_BPTC, ALL, "13.7.52", ""),
	STAT("TSCTC", E1000_TSCTC, ALL, "13.7.53", ""),
	STAT("TSCTFC", E1000_TSCTFC, ALL, "13.7.54", ""),
	{ REG("RXCSUM", E1000_RXCSUM, 0, RXCSUM_MASK | E1000_RXCSUM_IPV6OFL,
	      STAR, "13.4.47", ""),
	    .locks = RX },
	{ REG("RXCSUM", E1000_RXCSUM, 0, RXCSUM_MASK, OLD, "13.4.47", ""),
	    .locks = RX },
	{ REGS("MTA", E1000_MTA(0), E1000_MTA_COUNT, 4, 0, BITS_32, ALL,
	      "13.5.1", ""),
	    .locks = RX },
	{ REGS("RAL", E1000_RAL(0), E1000_RA_COUNT, 8, 0, BITS_32, ALL,
	      "13.5.2", ""),
	    .locks = RX },
	{ REGS("RAH", E1000_RAH(0), E1000_RA_COUNT, 8, 0, RAH_MASK, ALL,
	      "13.5.3", ""),
	    .locks = RX },
	{ REGS("VFTA", E1000_VFTA(0), E1000_VFTA_COUNT, 4, 0, BITS_32, ALL,
	      "13.5.4", ""),
	    .locks = RX },
	{ REG("WUC", E1000_WUC, 0, WUC_MASK, ALL, "13.6.1",
	      "APME wakes in D3 only; there is no pin PME#"),
	    .locks = RX, .read = e82540_wuc_read, .write = wuc_write },
	{ REG("WUFC", E1000_WUFC, 0, WUFC_MASK_STAR, STAR, "13.6.2", ""),
	    .locks = RX },
	{ REG("WUFC", E1000_WUFC, 0, WUFC_MASK, OLD, "13.6.2", ""),
	    .locks = RX },
	{ REG("WUS", E1000_WUS, 0, 0, ALL, "13.6.3", ""), .keep = BITS_32,
	    .write = e82540_wus_write },
	{ REG("MANC", E1000_MANC, 0, 0, STAR, "13.7.38",
	    "no management: writes are ignored; drivers clear bits of it") },
	{ REG("IPAV", E1000_IPAV, 0, IPAV_MASK, ALL, "13.6.4", ""),
	    .locks = RX },
	{ REGS("IP4AT", E1000_IP4AT(0), E1000_IP4AT_COUNT, 8, 0, BITS_32, ALL,
	      "13.6.5", ""),
	    .locks = RX },
	{ REGS("IP6AT", E1000_IP6AT(0), E1000_IP6AT_COUNT, 4, 0, BITS_32, ALL,
	      "13.6.6", ""),
	    .locks = RX },
	{ REG("WUPL", E1000_WUPL, 0, BITS_12, ALL, "13.6.7", ""), .locks = RX,
	    .keep = BITS_32 },
	{ REGS("WUPM", E1000_WUPM(0), E1000_WUPM_COUNT, 4, 0, BITS_32, ALL,
	      "13.6.8", ""),
	    .locks = RX, .keep = BITS_32 },
	{ REG("SWSM", E1000_SWSM, 0, BITS_32, ALL, "13.3",
	    "not in the manual: later chips' semaphore, kept for drivers") },
	{ REGS("FFLT", E1000_FFLT(0), E1000_FFLT_COUNT, 8, 0, BITS_12, ALL,
	      "13.6.9", ""),
	    .locks = RX },
	{ REGS("FFMT", E1000_FFMT(0), E1000_FFMT_COUNT, 8, 0, FFMT_MASK, ALL,
	      "13.6.10", ""),
	    .locks = RX },
	{ REGS("FFVT", E1000_FFVT(0), E1000_FFVT_COUNT, 8, 0, BITS_32, ALL,
	      "13.6.11", ""),
	    .locks = RX },
	{ REGS("PBM", E1000_PBM(0), E1000_PBM_COUNT, 4, 0, 0, ALL, "13.8.11",
	    "the receive FIFO's bytes; writes are ignored"),
	    .read = pbm_read },
};

#define ROWS	(sizeof(rows) / sizeof(rows[0]))

_Static_assert(ROWS <= UINT8_MAX, "row_of holds row + 1");

/* PBM, which is not in dev->reg[]. */
#define PBM_ROW	(&rows[ROWS - 1])

static inline const struct row *
row_at(const struct e82540 *dev, uint32_t offset)
{
	unsigned int row;

	if (offset >= E82540_REGS_BYTES)
		return offset >= E1000_PBM(0) ? PBM_ROW : NULL;
	row = dev->row_of[offset / 4];
	return row != 0 ? &rows[row - 1] : NULL;
}

static void
reg_store(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	uint32_t mask = row_at(dev, offset)->info.write_mask;

	e82540_reg_set(dev, offset,
	    (e82540_reg(dev, offset) & ~mask) | (value & mask));
}

/* ---------------------------------------------------------------- accesses */

void
e82540_regs_absorb(struct e82540 *dev, enum e82540_lock path)
{
	struct e82540_scan scan;
	uint32_t offset, value;

	e82540_tail_scan(dev, path, &scan);
	while (e82540_tail_next(dev, &scan, &offset, &value))
		e82540_reg_apply(dev, offset, value);
}

static void
locks_take(struct e82540 *dev, uint8_t locks)
{
	if (locks & TX) {
		e82540_lock(dev, E82540_LOCK_TX);
		e82540_regs_absorb(dev, E82540_LOCK_TX);
	}
	if (locks & RX) {
		e82540_lock(dev, E82540_LOCK_RX);
		e82540_regs_absorb(dev, E82540_LOCK_RX);
	}
}

static void
locks_release(struct e82540 *dev, uint8_t locks)
{
	if (locks & RX)
		e82540_unlock(dev, E82540_LOCK_RX);
	if (locks & TX)
		e82540_unlock(dev, E82540_LOCK_TX);
}

static inline uint32_t
row_value(const struct e82540 *dev, const struct row *row, uint32_t offset)
{
	return row->read != NULL ? row->read(dev, offset) :
				   e82540_reg(dev, offset);
}

uint32_t
e82540_reg_value(const struct e82540 *dev, uint32_t offset)
{
	const struct row *row = row_at(dev, offset);

	return row != NULL ? row_value(dev, row, offset) : 0;
}

uint32_t
e82540_reg_read(struct e82540 *dev, uint32_t offset)
{
	const struct row *row = row_at(dev, offset);
	uint8_t locks = 1u << e82540_tail_path(dev, offset) & BOTH;
	uint32_t value;

	dev->counters.reg_reads++;
	if (row == NULL) {
		e82540_bad_access(dev, 0, offset, 0);
		return 0;
	}
	if (locks != 0) {
		locks_take(dev, locks);
		locks_release(dev, locks);
	}
	value = row_value(dev, row, offset);
	if (row->after_read != NULL)
		row->after_read(dev, offset);
	return value;
}

void
e82540_reg_apply(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	const struct row *row = row_at(dev, offset);

	if (row == NULL)
		e82540_bad_access(dev, E82540_BAD_WRITE, offset, value);
	else if (row->write != NULL)
		row->write(dev, offset, value);
	else if (row->info.write_mask != 0)
		reg_store(dev, offset, value);
}

void
e82540_reg_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	const struct row *row = row_at(dev, offset);
	enum e82540_lock path = e82540_tail_path(dev, offset);
	uint8_t locks = 1u << path & BOTH;

	dev->counters.reg_writes++;
	if (row != NULL)
		locks |= row->locks;
	if (locks != 0)
		locks_take(dev, locks);
	e82540_reg_apply(dev, offset, value);
	if (path != E82540_LOCK_BUS)
		e82540_tail_written(dev, path, offset);
	if (locks != 0)
		locks_release(dev, locks);
}

/* ------------------------------------------------------------------- reset */

/* Set each register of a row to its reset value, except the bits of keep. */
static void
reset_row(struct e82540 *dev, const struct row *row, uint32_t keep)
{
	const struct e82540_reg_info *info = &row->info;
	uint32_t i, offset;

	for (i = 0; i < info->count; i++) {
		offset = info->offset + i * info->stride;
		e82540_reg_set(dev, offset,
		    (e82540_reg(dev, offset) & keep) | (info->reset & ~keep));
	}
}

static bool
has_words(const struct e82540 *dev, const struct row *row)
{
	return row->info.chips & E82540_CHIP(dev->config.chip) &&
	    row->info.offset < E82540_REGS_BYTES;
}

void
e82540_regs_init(struct e82540 *dev)
{
	const struct e82540_reg_info *info;
	unsigned int row, i;

	for (row = 0; row < ROWS; row++) {
		if (!has_words(dev, &rows[row]))
			continue;
		info = &rows[row].info;
		for (i = 0; i < info->count; i++)
			dev->row_of[(info->offset + i * info->stride) / 4] =
			    row + 1;
		reset_row(dev, &rows[row], 0);
	}
}

static void
regs_reset(struct e82540 *dev)
{
	unsigned int row;

	for (row = 0; row < ROWS; row++)
		if (has_words(dev, &rows[row]))
			reset_row(dev, &rows[row], rows[row].keep);
	e82540_index_set(&dev->tdh, 0);
	e82540_index_set(&dev->tdt, 0);
	e82540_index_set(&dev->rdh, 0);
	e82540_index_set(&dev->rdt, 0);
	e82540_tail_renew(dev);
	e82540_nvm_load(dev);
}

void
e82540_device_reset(struct e82540 *dev)
{
	unsigned int i;

	for (i = 0; i < E82540_DUES; i++)
		if (i != E82540_DUE_LINK && i != E82540_DUE_STALL)
			e82540_due_clear(dev, i);
	memset(dev->total, 0, sizeof(dev->total));
	dev->paused = dev->xoff_sent = false;
	/* A new epoch: reports that are under way are of the old device. */
	dev->tx.open = dev->rx.open = false;
	dev->epoch++;
	regs_reset(dev);
	e82540_flow_show(dev);
	e82540_tx_reset(dev);
	e82540_rx_reset(dev);
	e82540_intr_reset(dev);
	e82540_link_update(dev);
	dev->want_gates = true;
}

const struct e82540_reg_info *
e82540_reg_info(unsigned int row)
{
	return row < ROWS ? &rows[row].info : NULL;
}
