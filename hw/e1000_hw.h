/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * e1000_hw.h - what the two halves agree on
 *
 * The registers, bits, descriptors and EEPROM words of Intel's 8254x gigabit
 * controllers, as far as lem drives and models them: 82540EM, 82545EM and
 * 82544GC, with what differs in the older 82543GC. The guest driver and the
 * device model both include this file and share no other. So where the two
 * differ about the hardware, this file is wrong or the code is.
 *
 * The facts are those of Intel's "PCI/PCI-X Family of Gigabit Ethernet
 * Controllers Software Developer's Manual" (317453, revision 4.0); "13.4.18"
 * in a comment is its section. It covers the 8254x from the 82540 on. The
 * 82543GC is older: the facts about it are what drivers know.
 *
 * The chip in one paragraph: BAR 0 is 128 KiB of 32-bit registers, accessed
 * 32 bits at a time and little-endian. Two rings of 16-byte descriptors, one
 * for each direction, lie in host memory. Software adds descriptors by moving
 * the tail (TDT, RDT), the chip consumes them and moves the head (TDH, RDH);
 * head equal to tail is an empty ring for the chip. A finished descriptor is
 * written back with DD set, on transmit only where RS asked for it. Each
 * event sets a bit in ICR; ICR & IMS asserts the one interrupt line, no more
 * often than ITR allows; reading ICR clears it.
 *
 * Access, second column of each register's comment:
 *
 *	RW	reads back what was written, except for reserved bits
 *	RO	writes are ignored
 *	WO	reads mean nothing
 *	RC	a read clears it; writes are ignored
 *	RC/W1	a read clears it, and so does a 1 written to a bit
 *	W1S	a 1 sets the bit, a 0 leaves it
 *	RW/SC	RW, with bits that clear themselves
 *
 * A star after the section: in the 82540 and 82545, not in the 82544 or the
 * 82543. Note that this includes ITR, RADV and TADV.
 *
 * Names: E1000_<REG> is a byte offset into BAR 0, E1000_<REG>(i) that of the
 * i-th of an array. E1000_<REG>_<BIT> is a bit or a value in its place: or it
 * and test it without a shift. _MASK is a field's bits in their place, _SHIFT
 * its lowest bit. Names are written whole at each use, so that grep finds
 * every use. Constants with a unit carry it (_NS, _BYTES).
 */
#ifndef E1000_HW_H
#define E1000_HW_H

/*
 * An OS that has its own types defines E1000_HW_NO_STDINT, and supplies
 * uint8_t .. uint64_t and offsetof() before.
 */
#ifndef E1000_HW_NO_STDINT
#include <stddef.h>
#include <stdint.h>
#endif

/* ------------------------------------------------------------------------
 * PCI (4.1, 13.2)
 *
 * BAR 0	registers: 128 KiB of memory, not prefetchable, 32-bit or 64-bit
 * then		flash, if the EEPROM enables it
 * then		I/O window: 8 bytes, IOADDR and IODATA; BAR 2 beside 32-bit
 *		BARs, BAR 4 beside 64-bit ones; not in the 82543
 *
 * Emulators give the I/O BAR different numbers (QEMU: 1): look for the first
 * BAR that has the I/O bit, never for a number.
 */
#define E1000_VENDOR_INTEL		0x8086
#define E1000_DEV_82543GC_FIBER		0x1001
#define E1000_DEV_82543GC_COPPER	0x1004
#define E1000_DEV_82544EI_COPPER	0x1008
#define E1000_DEV_82544EI_FIBER		0x1009
#define E1000_DEV_82544GC		0x100C	/* copper */
#define E1000_DEV_82544GC_LOM		0x100D	/* on a main board */
#define E1000_DEV_82540EM		0x100E	/* QEMU, VirtualBox */
#define E1000_DEV_82545EM		0x100F	/* copper; VMware, bhyve */
#define E1000_DEV_82545EM_FIBER		0x1011
#define E1000_DEV_82540EM_LOM		0x1015	/* on a main board */

#define E1000_PCI_CLASS			0x020000 /* network, Ethernet */

#define E1000_BAR0_SIZE_BYTES		0x20000	/* registers */
#define E1000_IOBAR_SIZE_BYTES		8	/* 4.1; 13.2.2 says 32 */

/*
 * The I/O window, offsets into the I/O BAR. Write a register's BAR 0 offset
 * to IOADDR, 32 bits wide (narrower writes are ignored), then read or write
 * it through IODATA.
 */
#define E1000_IOADDR	0x0	/* RW  13.2.2.1 which register; bits 19:0 */
#define E1000_IODATA	0x4	/* RW  13.2.2.2 that register */

/* ------------------------------------------------------------------------
 * Registers
 *
 * Only the 82542, which is not covered, has its rings, filters and thresholds
 * elsewhere (RDBAL at 0x110, TDBAL at 0x420, MTA at 0x200); drivers use the
 * offsets below from the 82543 on.
 */

/* Control, EEPROM, PHY, link */
#define E1000_CTRL	0x00000	/* RW/SC 13.4.1  device control */
#define E1000_CTRL_DUP	0x00004	/* RW/SC 13.4.1  same register again */
#define E1000_STATUS	0x00008	/* RO    13.4.2  device status */
#define E1000_EECD	0x00010	/* RW    13.4.3  EEPROM pins, by hand */
#define E1000_EERD	0x00014	/* RW    13.4.4  EEPROM word, by hardware */
#define E1000_CTRL_EXT	0x00018	/* RW/SC 13.4.6  more device control */
#define E1000_FLA	0x0001C	/* RW    13.4.5  flash pins, by hand */
#define E1000_MDIC	0x00020	/* RW    13.4.7  PHY register access */
#define E1000_FCAL	0x00028	/* RW    13.4.8  PAUSE address, bytes 0-3 */
#define E1000_FCAH	0x0002C	/* RW    13.4.9  PAUSE address, bytes 4-5 */
#define E1000_FCT	0x00030	/* RW    13.4.10 PAUSE EtherType */
#define E1000_VET	0x00038	/* RW    13.4.11 VLAN EtherType */
#define E1000_FCTTV	0x00170	/* RW    13.4.12 pause time to send */
#define E1000_TXCW	0x00178	/* RW    13.4.13 fibre: config word sent */
#define E1000_RXCW	0x00180	/* RO    13.4.14 fibre: config word seen */
#define E1000_LEDCTL	0x00E00	/* RW    13.4.15* what the LEDs show */
#define E1000_PBA	0x01000	/* RW    13.4.16 packet buffer: RX/TX split */

/* Interrupts: ICR, ICS, IMS and IMC have the same bits, E1000_ICR_* */
#define E1000_ICR	0x000C0	/* RC/W1 13.4.17 causes; a read acknowledges */
#define E1000_ITR	0x000C4	/* RW    13.4.18* least time between two */
#define E1000_ICS	0x000C8	/* WO    13.4.19 W1S: sets causes in ICR */
#define E1000_IMS	0x000D0	/* RW    13.4.20 W1S: unmasks; reads the mask */
#define E1000_IMC	0x000D8	/* WO    13.4.21 a 1 masks, a 0 does nothing */

/* Receive */
#define E1000_RCTL	0x00100	/* RW    13.4.22 receive control */
#define E1000_FCRTL	0x02160	/* RW    13.4.23 XON below this fill */
#define E1000_FCRTH	0x02168	/* RW    13.4.24 XOFF above this fill */
#define E1000_RDBAL	0x02800	/* RW    13.4.25 ring address, bits 31:4 */
#define E1000_RDBAH	0x02804	/* RW    13.4.26 ring address, bits 63:32 */
#define E1000_RDLEN	0x02808	/* RW    13.4.27 ring bytes, bits 19:7 */
#define E1000_RDH	0x02810	/* RW    13.4.28 head: the chip's */
#define E1000_RDT	0x02818	/* RW    13.4.29 tail: software's, doorbell */
#define E1000_RDTR	0x02820	/* RW/SC 13.4.30 delay after each packet */
#define E1000_RXDCTL	0x02828	/* RW    13.4.46 descriptor fetch, write-back */
#define E1000_RADV	0x0282C	/* RW    13.4.31* bound on RDTR's delay */
#define E1000_RSRPD	0x02C00	/* RW    13.4.32* small packets: at once */
#define E1000_RXCSUM	0x05000	/* RW    13.4.47 receive checksums */

/* Transmit */
#define E1000_TCTL	0x00400	/* RW    13.4.33 transmit control */
#define E1000_TIPG	0x00410	/* RW    13.4.34 inter-packet gaps */
#define E1000_AIFS	0x00458	/* RW    13.4.35 adaptive gap, 8 ns units */
#define E1000_TXDMAC	0x03000	/* RW    13.4.42 transmit DMA control */
#define E1000_TDBAL	0x03800	/* RW    13.4.36 ring address, bits 31:4 */
#define E1000_TDBAH	0x03804	/* RW    13.4.37 ring address, bits 63:32 */
#define E1000_TDLEN	0x03808	/* RW    13.4.38 ring bytes, bits 19:7 */
#define E1000_TDH	0x03810	/* RW    13.4.39 head: the chip's */
#define E1000_TDT	0x03818	/* RW    13.4.40 tail: software's, doorbell */
#define E1000_TIDV	0x03820	/* RW    13.4.41 delay after each packet */
#define E1000_TXDCTL	0x03828	/* RW    13.4.43 descriptor fetch, write-back */
#define E1000_TADV	0x0382C	/* RW    13.4.44* bound on TIDV's delay */
#define E1000_TSPMT	0x03830	/* RW    13.4.45 TSO: padding, threshold */

/* Address filters */
#define E1000_MTA(i)	(0x05200 + (i) * 4) /* RW 13.5.1 multicast hash bits */
#define E1000_RAL(i)	(0x05400 + (i) * 8) /* RW 13.5.2 address, bytes 0-3 */
#define E1000_RAH(i)	(0x05404 + (i) * 8) /* RW 13.5.3 bytes 4-5, valid */
#define E1000_VFTA(i)	(0x05600 + (i) * 4) /* RW 13.5.4 VLAN bits */

#define E1000_MTA_COUNT		128	/* of 32 bits: 4096 hash values */
#define E1000_RA_COUNT		16	/* of RAL and RAH each */
#define E1000_VFTA_COUNT	128	/* of 32 bits: 4096 VLANs */

/* Wake-up */
#define E1000_WUC	0x05800	/* RW    13.6.1  control */
#define E1000_WUFC	0x05808	/* RW    13.6.2  which packets wake */
#define E1000_WUS	0x05810	/* RW    13.6.3  which did */
#define E1000_MANC	0x05820	/* RW    13.7.38* management: the name only */
#define E1000_IPAV	0x05838	/* RW    13.6.4  which addresses are valid */
#define E1000_IP4AT(i)	(0x05840 + (i) * 8) /* RW 13.6.5 IPv4, i < 4 */
#define E1000_IP6AT(i)	(0x05880 + (i) * 4) /* RW 13.6.6 IPv6, i < 4 words */
#define E1000_WUPL	0x05900	/* RW    13.6.7  length of waking packet */
#define E1000_WUPM(i)	(0x05A00 + (i) * 4) /* RW 13.6.8 its bytes, i < 32 */
#define E1000_SWSM	0x05B50	/* RW    -       semaphore: of later chips */
#define E1000_FFLT(i)	(0x05F00 + (i) * 8) /* RW 13.6.9 length, filter i < 4 */
#define E1000_FFMT(i)	(0x09000 + (i) * 8) /* RW 13.6.10 mask, byte i < 128 */
#define E1000_FFVT(i)	(0x09800 + (i) * 8) /* RW 13.6.11 value, byte i < 128 */

#define E1000_IP4AT_COUNT	4
#define E1000_IP6AT_COUNT	4
#define E1000_WUPM_COUNT	32
#define E1000_FFLT_COUNT	4
#define E1000_FFMT_COUNT	128
#define E1000_FFVT_COUNT	128

/*
 * Statistics: 13.7. All stick at their maximum. Of a pair, L is the low half
 * and reading H clears both. "Good" is: no error, 64 bytes or more.
 */
#define E1000_CRCERRS	0x04000	/* RC    13.7.1  CRC errors */
#define E1000_ALGNERRC	0x04004	/* RC    13.7.2  alignment errors */
#define E1000_SYMERRS	0x04008	/* RC    13.7.3  symbol errors */
#define E1000_RXERRC	0x0400C	/* RC    13.7.4  RX_ER from the PHY */
#define E1000_MPC	0x04010	/* RC    13.7.5  missed: no room in the FIFO */
#define E1000_SCC	0x04014	/* RC    13.7.6  sent after 1 collision */
#define E1000_ECOL	0x04018	/* RC    13.7.7  given up after 16 */
#define E1000_MCC	0x0401C	/* RC    13.7.8  sent after 2 to 15 */
#define E1000_LATECOL	0x04020	/* RC    13.7.9  late collisions */
#define E1000_COLC	0x04028	/* RC    13.7.10 collisions */
#define E1000_DC	0x04030	/* RC    13.7.11 deferred transmissions */
#define E1000_TNCRS	0x04034	/* RC    13.7.12 sent without carrier */
#define E1000_SEC	0x04038	/* RC    13.7.13 sequence errors (fibre) */
#define E1000_CEXTERR	0x0403C	/* RC    13.7.14 carrier extension errors */
#define E1000_RLEC	0x04040	/* RC    13.7.15 length errors */
#define E1000_XONRXC	0x04048	/* RC    13.7.16 XON received */
#define E1000_XONTXC	0x0404C	/* RC    13.7.17 XON sent */
#define E1000_XOFFRXC	0x04050	/* RC    13.7.18 XOFF received */
#define E1000_XOFFTXC	0x04054	/* RC    13.7.19 XOFF sent */
#define E1000_FCRUC	0x04058	/* RC    13.7.20 unknown flow control */
#define E1000_PRC64	0x0405C	/* RC    13.7.21 good RX packets, 64 bytes */
#define E1000_PRC127	0x04060	/* RC    13.7.22 ... 65 to 127 */
#define E1000_PRC255	0x04064	/* RC    13.7.23 ... 128 to 255 */
#define E1000_PRC511	0x04068	/* RC    13.7.24 ... 256 to 511 */
#define E1000_PRC1023	0x0406C	/* RC    13.7.25 ... 512 to 1023 */
#define E1000_PRC1522	0x04070	/* RC    13.7.26 ... 1024 to maximum */
#define E1000_GPRC	0x04074	/* RC    13.7.27 good packets received */
#define E1000_BPRC	0x04078	/* RC    13.7.28 ... of them broadcast */
#define E1000_MPRC	0x0407C	/* RC    13.7.29 ... multicast */
#define E1000_GPTC	0x04080	/* RC    13.7.30 good packets sent */
#define E1000_GORCL	0x04088	/* RO    13.7.31 good octets received */
#define E1000_GORCH	0x0408C	/* RC    13.7.31 */
#define E1000_GOTCL	0x04090	/* RO    13.7.32 good octets sent */
#define E1000_GOTCH	0x04094	/* RC    13.7.32 */
#define E1000_RNBC	0x040A0	/* RC    13.7.33 no receive descriptor */
#define E1000_RUC	0x040A4	/* RC    13.7.34 short, good CRC */
#define E1000_RFC	0x040A8	/* RC    13.7.35 short, bad CRC */
#define E1000_ROC	0x040AC	/* RC    13.7.36 long, good CRC */
#define E1000_RJC	0x040B0	/* RC    13.7.37 long, bad CRC */
#define E1000_MGTPRC	0x040B4	/* RC    13.7.38* management RX */
#define E1000_MGTPDC	0x040B8	/* RC    13.7.39* management dropped */
#define E1000_MGTPTC	0x040BC	/* RC    13.7.40* management TX */
#define E1000_TORL	0x040C0	/* RO    13.7.41 octets received, all */
#define E1000_TORH	0x040C4	/* RC    13.7.41 */
#define E1000_TOTL	0x040C8	/* RO    13.7.42 octets sent, all */
#define E1000_TOTH	0x040CC	/* RC    13.7.42 */
#define E1000_TPR	0x040D0	/* RC    13.7.43 packets received, all */
#define E1000_TPT	0x040D4	/* RC    13.7.44 packets sent, all */
#define E1000_PTC64	0x040D8	/* RC    13.7.45 packets sent, 64 bytes */
#define E1000_PTC127	0x040DC	/* RC    13.7.46 ... 65 to 127 */
#define E1000_PTC255	0x040E0	/* RC    13.7.47 ... 128 to 255 */
#define E1000_PTC511	0x040E4	/* RC    13.7.48 ... 256 to 511 */
#define E1000_PTC1023	0x040E8	/* RC    13.7.49 ... 512 to 1023 */
#define E1000_PTC1522	0x040EC	/* RC    13.7.50 ... 1024 and more */
#define E1000_MPTC	0x040F0	/* RC    13.7.51 multicast packets sent */
#define E1000_BPTC	0x040F4	/* RC    13.7.52 broadcast packets sent */
#define E1000_TSCTC	0x040F8	/* RC    13.7.53 TSO contexts done */
#define E1000_TSCTFC	0x040FC	/* RC    13.7.54 TSO contexts failed */

/* Diagnostics: not to be written in operation. Units of 8 bytes. */
#define E1000_RDFH	0x02410	/* RW    13.8.1  receive FIFO head */
#define E1000_RDFT	0x02418	/* RW    13.8.2  tail */
#define E1000_RDFHS	0x02420	/* RW    13.8.3  head, saved */
#define E1000_RDFTS	0x02428	/* RW    13.8.4  tail, saved */
#define E1000_RDFPC	0x02430	/* RW    13.8.5  packets in it */
#define E1000_TDFH	0x03410	/* RW    13.8.6  transmit FIFO head */
#define E1000_TDFT	0x03418	/* RW    13.8.7  tail */
#define E1000_TDFHS	0x03420	/* RW    13.8.8  head, saved */
#define E1000_TDFTS	0x03428	/* RW    13.8.9  tail, saved */
#define E1000_TDFPC	0x03430	/* RW    13.8.10 packets in it */
#define E1000_PBM(i)	(0x10000 + (i) * 4) /* RW 13.8.11 packet buffer */

#define E1000_PBM_COUNT	0x4000	/* of 32 bits: 64 KiB */

/* ------------------------------------------------------------------------
 * Control and status
 */

/* CTRL, 13.4.1 */
#define E1000_CTRL_FD		(1u << 0)	/* full duplex */
#define E1000_CTRL_LRST		(1u << 3)	/* fibre: link reset */
#define E1000_CTRL_ASDE		(1u << 5)	/* detect speed from PHY */
#define E1000_CTRL_SLU		(1u << 6)	/* set link up */
#define E1000_CTRL_ILOS		(1u << 7)	/* invert loss of signal */
#define E1000_CTRL_SPEED_SHIFT	8		/* with FRCSPD */
#define E1000_CTRL_SPEED_MASK	(3u << 8)
#define E1000_CTRL_SPEED_10	(0u << 8)
#define E1000_CTRL_SPEED_100	(1u << 8)
#define E1000_CTRL_SPEED_1000	(2u << 8)
#define E1000_CTRL_FRCSPD	(1u << 11)	/* speed from SPEED */
#define E1000_CTRL_FRCDPX	(1u << 12)	/* duplex from FD */
#define E1000_CTRL_SDP0_DATA	(1u << 18)	/* software pins: value */
#define E1000_CTRL_SDP1_DATA	(1u << 19)
#define E1000_CTRL_ADVD3WUC	(1u << 20)	/* * D3cold wake advertised */
#define E1000_CTRL_PHY_PWR_MGMT	(1u << 21)	/* * PHY power management */
#define E1000_CTRL_SDP0_IODIR	(1u << 22)	/* ... 1 is output */
#define E1000_CTRL_SDP1_IODIR	(1u << 23)
#define E1000_CTRL_RST		(1u << 26)	/* reset; clears itself */
#define E1000_CTRL_RFCE		(1u << 27)	/* obey PAUSE */
#define E1000_CTRL_TFCE		(1u << 28)	/* send PAUSE */
#define E1000_CTRL_VME		(1u << 30)	/* VLAN tags off and on */
#define E1000_CTRL_PHY_RST	(1u << 31)	/* PHY reset, 3 us or more */

/*
 * The 82543 and 82544 have two more software pins where later chips have
 * ADVD3WUC and PHY_PWR_MGMT. The 82543 has no MDIC: its driver clocks the
 * PHY's management frames out by hand, data on pin 2, clock on pin 3.
 */
#define E1000_CTRL_SDP2_DATA	(1u << 20)
#define E1000_CTRL_SDP3_DATA	(1u << 21)
#define E1000_CTRL_SDP2_IODIR	(1u << 24)
#define E1000_CTRL_SDP3_IODIR	(1u << 25)

/* STATUS, 13.4.2 */
#define E1000_STATUS_FD		(1u << 0)	/* full duplex */
#define E1000_STATUS_LU		(1u << 1)	/* link up */
#define E1000_STATUS_FUNC_SHIFT	2		/* PCI function */
#define E1000_STATUS_FUNC_MASK	(3u << 2)
#define E1000_STATUS_TXOFF	(1u << 4)	/* paused by the peer */
#define E1000_STATUS_TBIMODE	(1u << 5)	/* fibre */
#define E1000_STATUS_SPEED_SHIFT 6
#define E1000_STATUS_SPEED_MASK	(3u << 6)
#define E1000_STATUS_SPEED_10	(0u << 6)
#define E1000_STATUS_SPEED_100	(1u << 6)
#define E1000_STATUS_SPEED_1000	(2u << 6)	/* 3 means the same */
#define E1000_STATUS_ASDV_SHIFT	8		/* speed detected */
#define E1000_STATUS_ASDV_MASK	(3u << 8)
#define E1000_STATUS_PCI66	(1u << 11)	/* 66 MHz slot */
#define E1000_STATUS_BUS64	(1u << 12)	/* 64-bit slot */
#define E1000_STATUS_PCIX_MODE	(1u << 13)	/* PCI-X */
#define E1000_STATUS_PCIXSPD_SHIFT 14		/* 0: 66, 1: 100, 2: 133 MHz */
#define E1000_STATUS_PCIXSPD_MASK (3u << 14)

/* CTRL_EXT, 13.4.6: pins 4 to 7 are SDP4..SDP7 of the 82543 and 82544 */
#define E1000_CTRL_EXT_GPI_EN_SHIFT	0	/* pins that interrupt */
#define E1000_CTRL_EXT_GPI_EN_MASK	(0xFu << 0)
#define E1000_CTRL_EXT_SDP_DATA_SHIFT	4	/* their values */
#define E1000_CTRL_EXT_SDP_DATA_MASK	(0xFu << 4)
#define E1000_CTRL_EXT_SDP_IODIR_SHIFT	8	/* ... 1 is output */
#define E1000_CTRL_EXT_SDP_IODIR_MASK	(0xFu << 8)
#define E1000_CTRL_EXT_ASDCHK	(1u << 12)	/* detect speed now; SC */
#define E1000_CTRL_EXT_EE_RST	(1u << 13)	/* reload from EEPROM; SC */
#define E1000_CTRL_EXT_IPS	(1u << 14)	/* invert power state */
#define E1000_CTRL_EXT_SPD_BYPS	(1u << 15)	/* force speed, no clocks */
#define E1000_CTRL_EXT_RO_DIS	(1u << 17)	/* no relaxed ordering */
#define E1000_CTRL_EXT_LINK_MODE_SHIFT	22
#define E1000_CTRL_EXT_LINK_MODE_MASK	(3u << 22)
#define E1000_CTRL_EXT_LINK_MODE_PHY	(0u << 22)	/* copper */
#define E1000_CTRL_EXT_LINK_MODE_TBI	(3u << 22)	/* fibre, SerDes */

/* FCAL, FCAH, FCT, VET: what a driver writes there */
#define E1000_FCAL_PAUSE	0x00C28001u	/* 01:80:C2:00:00:01 */
#define E1000_FCAH_PAUSE	0x00000100u
#define E1000_FCT_PAUSE		0x8808u
#define E1000_VET_8021Q		0x8100u

/* TXCW, RXCW, 13.4.13 and 13.4.14: fibre auto-negotiation (802.3 clause 37) */
#define E1000_TXCW_FD		(1u << 5)	/* full duplex */
#define E1000_TXCW_HD		(1u << 6)	/* half duplex */
#define E1000_TXCW_PAUSE	(1u << 7)	/* symmetric PAUSE */
#define E1000_TXCW_ASM_DIR	(1u << 8)	/* asymmetric PAUSE */
#define E1000_TXCW_RF_SHIFT	12		/* remote fault */
#define E1000_TXCW_RF_MASK	(3u << 12)
#define E1000_TXCW_NP		(1u << 15)	/* next page */
#define E1000_TXCW_TXC		(1u << 30)	/* send config words */
#define E1000_TXCW_ANE		(1u << 31)	/* negotiate */

#define E1000_RXCW_CW_MASK	0xFFFFu		/* config word received */
#define E1000_RXCW_NC		(1u << 26)	/* no carrier */
#define E1000_RXCW_IV		(1u << 27)	/* invalid symbol */
#define E1000_RXCW_CC		(1u << 28)	/* config word changed */
#define E1000_RXCW_C		(1u << 29)	/* receiving config words */
#define E1000_RXCW_SYNCH	(1u << 30)	/* synchronised */
#define E1000_RXCW_ANC		(1u << 31)	/* negotiation complete */

/* LEDCTL, 13.4.15: LED n is byte n */
#define E1000_LEDCTL_LED_SHIFT(n)	((n) * 8)
#define E1000_LEDCTL_MODE_MASK	0xFu		/* of the byte: */
#define E1000_LEDCTL_IVRT	(1u << 6)	/* inverted */
#define E1000_LEDCTL_BLINK	(1u << 7)
#define E1000_LEDCTL_MODE_LINK_10_1000	0x0u
#define E1000_LEDCTL_MODE_LINK_100_1000	0x1u
#define E1000_LEDCTL_MODE_LINK_UP	0x2u
#define E1000_LEDCTL_MODE_ACTIVITY	0x3u
#define E1000_LEDCTL_MODE_LINK_ACTIVITY	0x4u
#define E1000_LEDCTL_MODE_LINK_10	0x5u
#define E1000_LEDCTL_MODE_LINK_100	0x6u
#define E1000_LEDCTL_MODE_LINK_1000	0x7u
#define E1000_LEDCTL_MODE_PCIX		0x8u
#define E1000_LEDCTL_MODE_FULL_DUPLEX	0x9u
#define E1000_LEDCTL_MODE_COLLISION	0xAu
#define E1000_LEDCTL_MODE_BUS_SPEED	0xBu
#define E1000_LEDCTL_MODE_BUS_SIZE	0xCu
#define E1000_LEDCTL_MODE_PAUSED	0xDu
#define E1000_LEDCTL_MODE_ON		0xEu
#define E1000_LEDCTL_MODE_OFF		0xFu

/* PBA, 13.4.16: KiB of the 64 for each direction; after reset 48 and 16 */
#define E1000_PBA_RXA_SHIFT	0		/* multiple of 8 */
#define E1000_PBA_RXA_MASK	(0x7Fu << 0)
#define E1000_PBA_TXA_SHIFT	16		/* RO: 64 less RXA */
#define E1000_PBA_TXA_MASK	(0xFFFFu << 16)

/* FCTTV, 13.4.12: in slots of 64 byte times */
#define E1000_FCTTV_TTV_MASK	0xFFFFu

/* ------------------------------------------------------------------------
 * Interrupts and moderation
 */

/*
 * ICR, ICS, IMS, IMC, 13.4.17 to 13.4.21. A cause is recorded in ICR whether
 * or not it is unmasked; reading ICR takes all of them.
 */
#define E1000_ICR_TXDW		(1u << 0)	/* TX descriptor written back */
#define E1000_ICR_TXQE		(1u << 1)	/* transmit ring empty */
#define E1000_ICR_LSC		(1u << 2)	/* link went up or down */
#define E1000_ICR_RXSEQ		(1u << 3)	/* sequence error (fibre) */
#define E1000_ICR_RXDMT0	(1u << 4)	/* few RX descriptors left */
#define E1000_ICR_RXO		(1u << 6)	/* receiver overrun */
#define E1000_ICR_RXT0		(1u << 7)	/* packets received, RDTR up */
#define E1000_ICR_MDAC		(1u << 9)	/* MDIC access complete */
#define E1000_ICR_RXCFG		(1u << 10)	/* config words (fibre) */
#define E1000_ICR_GPI0		(1u << 11)	/* 82543/4: pin SDP4 */
#define E1000_ICR_GPI1		(1u << 12)	/* 82543/4: pin SDP5 */
#define E1000_ICR_PHYINT	(1u << 12)	/* * interrupt of the PHY */
#define E1000_ICR_GPI2		(1u << 13)	/* pin SDP6 */
#define E1000_ICR_GPI3		(1u << 14)	/* pin SDP7 */
#define E1000_ICR_TXD_LOW	(1u << 15)	/* * TX below LWTHRESH */
#define E1000_ICR_SRPD		(1u << 16)	/* * small packet received */
/*
 * All of them, and bits 5 and 8: these are not causes, but the chips let ICS
 * set them, and Linux's interrupt test checks that.
 */
#define E1000_ICR_MASK		0x0001FFFFu

/* ITR, 13.4.18: 0 does not throttle */
#define E1000_ITR_INTERVAL_MASK	0xFFFFu
#define E1000_ITR_UNIT_NS	256

/*
 * RDTR, RADV, TIDV, TADV: 13.4.30, 13.4.31, 13.4.41, 13.4.44.
 *
 * Receive: each stored packet restarts RDTR's timer; only the first starts
 * RADV's. The one that runs out first sets RXT0 and stops the other. RDTR 0:
 * RXT0 at once, for any RADV. RADV 0: no bound. The 82543 and 82544 have only
 * RDTR, and there it is the absolute one (3.2.8).
 *
 * Transmit: each descriptor written back that has RS and IDE restarts TIDV's
 * timer; only the first starts TADV's. The one that runs out first sets TXDW
 * and stops the other. RS without IDE: TXDW at once, and the timer is cleared
 * (3.3.3.1). TADV 0: no bound. 0 is not allowed in TIDV. The write-back itself
 * does not wait for these timers.
 */
#define E1000_DELAY_UNIT_NS	1024
#define E1000_RDTR_DELAY_MASK	0xFFFFu
#define E1000_RDTR_FPD		(1u << 31)	/* flush: expire now; SC */
#define E1000_RADV_DELAY_MASK	0xFFFFu
#define E1000_TIDV_IDV_MASK	0xFFFFu
#define E1000_TADV_IDV_MASK	0xFFFFu

/*
 * RSRPD, 13.4.32: a packet of at most so many bytes sets SRPD and RXT0 at
 * once (3.2.7.2); 0 is off
 */
#define E1000_RSRPD_SIZE_MASK	0xFFFu

/* ------------------------------------------------------------------------
 * Receive
 */

/* RCTL, 13.4.22 */
#define E1000_RCTL_EN		(1u << 1)	/* receive */
#define E1000_RCTL_SBP		(1u << 2)	/* store bad packets */
#define E1000_RCTL_UPE		(1u << 3)	/* all unicast */
#define E1000_RCTL_MPE		(1u << 4)	/* all multicast */
#define E1000_RCTL_LPE		(1u << 5)	/* over 1522 bytes */
#define E1000_RCTL_LBM_SHIFT	6		/* loopback, SerDes only */
#define E1000_RCTL_LBM_MASK	(3u << 6)
#define E1000_RCTL_LBM_NONE	(0u << 6)
#define E1000_RCTL_LBM_MAC	(1u << 6)	/* 82543; else undefined */
#define E1000_RCTL_LBM_PHY	(3u << 6)	/* in PHY or transceiver */
#define E1000_RCTL_RDMTS_SHIFT	8		/* RXDMT0 when this is free: */
#define E1000_RCTL_RDMTS_MASK	(3u << 8)
#define E1000_RCTL_RDMTS_HALF	(0u << 8)	/* ... 1/2 of RDLEN */
#define E1000_RCTL_RDMTS_QUARTER (1u << 8)
#define E1000_RCTL_RDMTS_EIGHTH	(2u << 8)
#define E1000_RCTL_MO_SHIFT	12		/* multicast hash, of address */
#define E1000_RCTL_MO_MASK	(3u << 12)
#define E1000_RCTL_MO_47_36	(0u << 12)	/* ... bits 47:36 */
#define E1000_RCTL_MO_46_35	(1u << 12)
#define E1000_RCTL_MO_45_34	(2u << 12)
#define E1000_RCTL_MO_43_32	(3u << 12)
#define E1000_RCTL_BAM		(1u << 15)	/* accept broadcast */
#define E1000_RCTL_VFE		(1u << 18)	/* VLAN filter */
#define E1000_RCTL_CFIEN	(1u << 19)	/* filter on CFI: */
#define E1000_RCTL_CFI		(1u << 20)	/* ... must equal this */
#define E1000_RCTL_DPF		(1u << 22)	/* drop PAUSE frames */
#define E1000_RCTL_PMCF		(1u << 23)	/* pass MAC control frames */
#define E1000_RCTL_BSEX		(1u << 25)	/* buffer sizes times 16 */
#define E1000_RCTL_SECRC	(1u << 26)	/* strip the CRC */

/* RCTL buffer size: two bits and BSEX, which this mask and values contain */
#define E1000_RCTL_BSIZE_SHIFT	16
#define E1000_RCTL_BSIZE_MASK	(E1000_RCTL_BSEX | (3u << 16))
#define E1000_RCTL_BSIZE_2048	(0u << 16)
#define E1000_RCTL_BSIZE_1024	(1u << 16)
#define E1000_RCTL_BSIZE_512	(2u << 16)
#define E1000_RCTL_BSIZE_256	(3u << 16)
#define E1000_RCTL_BSIZE_16384	(E1000_RCTL_BSEX | (1u << 16))
#define E1000_RCTL_BSIZE_8192	(E1000_RCTL_BSEX | (2u << 16))
#define E1000_RCTL_BSIZE_4096	(E1000_RCTL_BSEX | (3u << 16))

/*
 * FCRTL, FCRTH, 13.4.23 and 13.4.24: bytes, multiples of 8. The manual has
 * XONE only in the 82544 (and 82541, 82547); drivers set it everywhere.
 */
#define E1000_FCRTL_RTL_MASK	0xFFF8u
#define E1000_FCRTL_XONE	(1u << 31)	/* send XON */
#define E1000_FCRTH_RTH_MASK	0xFFF8u
#define E1000_FCRTH_XFCE	(1u << 31)	/* 82543/4: by pins, too */

/* RXDCTL, 13.4.46: in descriptors with GRAN, in cache lines without */
#define E1000_RXDCTL_PTHRESH_SHIFT	0	/* prefetch if fewer on chip */
#define E1000_RXDCTL_PTHRESH_MASK	(0x3Fu << 0)
#define E1000_RXDCTL_HTHRESH_SHIFT	8	/* ... and so many in host */
#define E1000_RXDCTL_HTHRESH_MASK	(0x3Fu << 8)
#define E1000_RXDCTL_WTHRESH_SHIFT	16	/* write back so many */
#define E1000_RXDCTL_WTHRESH_MASK	(0x3Fu << 16)
#define E1000_RXDCTL_GRAN		(1u << 24)

/* RXCSUM, 13.4.47 */
#define E1000_RXCSUM_PCSS_MASK	0xFFu		/* sum from this byte on */
#define E1000_RXCSUM_IPOFL	(1u << 8)	/* check IPv4 headers */
#define E1000_RXCSUM_TUOFL	(1u << 9)	/* check TCP and UDP */
#define E1000_RXCSUM_IPV6OFL	(1u << 10)	/* * IPv6, too: 3.2.9.4 */

/* RAH, 13.5.3 */
#define E1000_RAH_ADDR_MASK	0xFFFFu		/* address bytes 4 and 5 */
#define E1000_RAH_AS_SHIFT	16		/* compare with: */
#define E1000_RAH_AS_MASK	(3u << 16)
#define E1000_RAH_AS_DEST	(0u << 16)	/* ... destination */
#define E1000_RAH_AS_SOURCE	(1u << 16)
#define E1000_RAH_AV		(1u << 31)	/* valid */

/* ------------------------------------------------------------------------
 * Transmit
 */

/* TCTL, 13.4.33 */
#define E1000_TCTL_EN		(1u << 1)	/* transmit */
#define E1000_TCTL_PSP		(1u << 3)	/* pad to 64 bytes */
#define E1000_TCTL_CT_SHIFT	4		/* tries before giving up */
#define E1000_TCTL_CT_MASK	(0xFFu << 4)
#define E1000_TCTL_CT_DEFAULT	(0x0Fu << 4)
#define E1000_TCTL_COLD_SHIFT	12		/* collision distance, bytes */
#define E1000_TCTL_COLD_MASK	(0x3FFu << 12)
#define E1000_TCTL_COLD_FD	(0x040u << 12)	/* full duplex */
#define E1000_TCTL_COLD_HD	(0x200u << 12)	/* half duplex */
#define E1000_TCTL_SWXOFF	(1u << 22)	/* send an XOFF; SC */
#define E1000_TCTL_RTLC		(1u << 24)	/* retry late collisions */
#define E1000_TCTL_NRTU		(1u << 25)	/* no resend after underrun */

/* TIPG, 13.4.34 */
#define E1000_TIPG_IPGT_SHIFT	0		/* back to back */
#define E1000_TIPG_IPGT_MASK	(0x3FFu << 0)
#define E1000_TIPG_IPGR1_SHIFT	10		/* half duplex, first part */
#define E1000_TIPG_IPGR1_MASK	(0x3FFu << 10)
#define E1000_TIPG_IPGR2_SHIFT	20		/* half duplex, total */
#define E1000_TIPG_IPGR2_MASK	(0x3FFu << 20)

/* AIFS, 13.4.35 */
#define E1000_AIFS_MASK		0xFFFFu

/* TXDMAC, 13.4.42 */
#define E1000_TXDMAC_DPP	(1u << 0)	/* no packet prefetching */

/* TXDCTL, 13.4.43: as RXDCTL, and LWTHRESH */
#define E1000_TXDCTL_PTHRESH_SHIFT	0
#define E1000_TXDCTL_PTHRESH_MASK	(0x3Fu << 0)
#define E1000_TXDCTL_HTHRESH_SHIFT	8
#define E1000_TXDCTL_HTHRESH_MASK	(0x3Fu << 8)
#define E1000_TXDCTL_WTHRESH_SHIFT	16
#define E1000_TXDCTL_WTHRESH_MASK	(0x3Fu << 16)
#define E1000_TXDCTL_GRAN		(1u << 24)
#define E1000_TXDCTL_LWTHRESH_SHIFT	25	/* * TXD_LOW at 8 times this */
#define E1000_TXDCTL_LWTHRESH_MASK	(0x7Fu << 25)

/* TSPMT, 13.4.45: bytes */
#define E1000_TSPMT_TSMT_SHIFT	0		/* fetch no fewer */
#define E1000_TSPMT_TSMT_MASK	(0xFFFFu << 0)
#define E1000_TSPMT_TSPBP_SHIFT	16		/* keep free for headers */
#define E1000_TSPMT_TSPBP_MASK	(0xFFFFu << 16)

/* ------------------------------------------------------------------------
 * Wake-up, 13.6
 */
#define E1000_WUC_APME		(1u << 0)	/* APM: Magic Packet */
#define E1000_WUC_PME_EN	(1u << 1)
#define E1000_WUC_PME_STATUS	(1u << 2)	/* W1C */
#define E1000_WUC_APMPME	(1u << 3)	/* PME# on APM wake-up */

/* WUFC, and WUS, where the same bit says that it happened */
#define E1000_WUFC_LNKC		(1u << 0)	/* link change */
#define E1000_WUFC_MAG		(1u << 1)	/* Magic Packet */
#define E1000_WUFC_EX		(1u << 2)	/* directed, exact */
#define E1000_WUFC_MC		(1u << 3)	/* directed, multicast */
#define E1000_WUFC_BC		(1u << 4)	/* broadcast */
#define E1000_WUFC_ARP		(1u << 5)	/* ARP request */
#define E1000_WUFC_IPV4		(1u << 6)	/* directed IPv4 */
#define E1000_WUFC_IPV6		(1u << 7)	/* * directed IPv6 */
#define E1000_WUFC_FLX0		(1u << 16)	/* flexible filters */
#define E1000_WUFC_FLX1		(1u << 17)
#define E1000_WUFC_FLX2		(1u << 18)
#define E1000_WUFC_FLX3		(1u << 19)

#define E1000_IPAV_V4_MASK	0xFu		/* IP4AT(0) to IP4AT(3) */
#define E1000_IPAV_V6		(1u << 16)	/* IP6AT */

/* ------------------------------------------------------------------------
 * EEPROM (chapter 5; EECD 13.4.3, EERD 13.4.4)
 *
 * 64 or 256 words of 16 bits behind a Microwire bus. There are two ways to
 * read it: EERD reads a word by itself; EECD hands the four wires to software.
 * On the 82540 and later, software sets REQ and waits for GNT before it uses
 * EECD.
 */
#define E1000_EECD_SK		(1u << 0)	/* clock */
#define E1000_EECD_CS		(1u << 1)	/* chip select */
#define E1000_EECD_DI		(1u << 2)	/* data into the EEPROM */
#define E1000_EECD_DO		(1u << 3)	/* data out of it; RO */
#define E1000_EECD_FWE_SHIFT	4		/* flash writes: */
#define E1000_EECD_FWE_MASK	(3u << 4)
#define E1000_EECD_FWE_DIS	(1u << 4)	/* ... disabled */
#define E1000_EECD_FWE_EN	(2u << 4)	/* ... enabled */
#define E1000_EECD_REQ		(1u << 6)	/* software asks */
#define E1000_EECD_GNT		(1u << 7)	/* software may; RO */
#define E1000_EECD_PRES		(1u << 8)	/* one is there; RO */
#define E1000_EECD_SIZE		(1u << 9)	/* 256 words, not 64; RO */

#define E1000_EERD_START	(1u << 0)	/* read the word at ADDR */
#define E1000_EERD_DONE		(1u << 4)	/* DATA is valid */
#define E1000_EERD_ADDR_SHIFT	8
#define E1000_EERD_ADDR_MASK	(0xFFu << 8)
#define E1000_EERD_DATA_SHIFT	16
#define E1000_EERD_DATA_MASK	(0xFFFFu << 16)

/* Microwire: opcode with its start bit, then address, MSB first */
#define E1000_NVM_OPCODE_BITS	3
#define E1000_NVM_OPCODE_WRITE	0x5		/* 101 */
#define E1000_NVM_OPCODE_READ	0x6		/* 110 */
#define E1000_NVM_OPCODE_ERASE	0x7		/* 111 */
#define E1000_NVM_OPCODE_EWDS	0x10		/* 10000: 5 bits, writes off */
#define E1000_NVM_OPCODE_EWEN	0x13		/* 10011: 5 bits, writes on */
#define E1000_NVM_ADDR_BITS_64	6		/* of a 64-word EEPROM */
#define E1000_NVM_ADDR_BITS_256	8		/* of a 256-word one */

/* Word addresses, 5.6 */
#define E1000_NVM_MAC0		0x00		/* bytes 0 (low) and 1 */
#define E1000_NVM_MAC1		0x01		/* bytes 2 and 3 */
#define E1000_NVM_MAC2		0x02		/* bytes 4 and 5 */
#define E1000_NVM_COMPAT	0x03
#define E1000_NVM_ID_LED	0x04		/* LED settings */
#define E1000_NVM_VERSION	0x05		/* of the image */
#define E1000_NVM_PBA0		0x08		/* board number */
#define E1000_NVM_PBA1		0x09
#define E1000_NVM_ICW1		0x0A		/* initialization control 1 */
#define E1000_NVM_SUBSYS_ID	0x0B
#define E1000_NVM_SUBSYS_VENDOR	0x0C
#define E1000_NVM_DEVICE_ID	0x0D
#define E1000_NVM_VENDOR_ID	0x0E
#define E1000_NVM_ICW2		0x0F		/* initialization control 2 */
#define E1000_NVM_SDP_CTRL	0x20		/* software pins */
#define E1000_NVM_D0_D3_POWER	0x22		/* power consumption */
#define E1000_NVM_ICW3		0x24		/* initialization control 3 */
#define E1000_NVM_CHECKSUM_WORD	0x3F

#define E1000_NVM_CHECKSUM	0xBABA	/* 5.6.35: sum of words 00h to 3Fh */
#define E1000_NVM_SUM_WORDS	0x40

/* Bits of ICW1: hardware takes the image only if the signature is 01 */
#define E1000_NVM_ICW1_SIG_SHIFT	14
#define E1000_NVM_ICW1_SIG_MASK		(3u << 14)
#define E1000_NVM_ICW1_SIG_VALID	(1u << 14)

/* Bits of ICW2 */
#define E1000_NVM_ICW2_ANE	(1u << 11)	/* to TXCW.ANE */
#define E1000_NVM_ICW2_PAUSE	(1u << 12)	/* to TXCW.PAUSE */
#define E1000_NVM_ICW2_ASM_DIR	(1u << 13)	/* to TXCW.ASM_DIR */

/* ------------------------------------------------------------------------
 * PHY (MDIC 13.4.7; registers 13.4.7.1)
 *
 * A Marvell 88E1000 or its integrated descendant. Write MDIC with an
 * operation, register and PHY address; R is set when it is done (64 us on the
 * wire), and E with it if no PHY answered.
 */
#define E1000_MDIC_DATA_MASK	0xFFFFu
#define E1000_MDIC_REG_SHIFT	16
#define E1000_MDIC_REG_MASK	(0x1Fu << 16)
#define E1000_MDIC_PHY_SHIFT	21
#define E1000_MDIC_PHY_MASK	(0x1Fu << 21)
#define E1000_MDIC_OP_SHIFT	26
#define E1000_MDIC_OP_MASK	(3u << 26)
#define E1000_MDIC_OP_WRITE	(1u << 26)
#define E1000_MDIC_OP_READ	(2u << 26)
#define E1000_MDIC_R		(1u << 28)	/* ready */
#define E1000_MDIC_I		(1u << 29)	/* set MDAC when ready */
#define E1000_MDIC_E		(1u << 30)	/* error */

#define E1000_PHY_ADDR		1u		/* of the internal PHY */

/* IEEE 802.3 clause 22 and 40 registers */
#define E1000_PHY_CTRL		0x00
#define E1000_PHY_STATUS	0x01
#define E1000_PHY_ID1		0x02
#define E1000_PHY_ID2		0x03
#define E1000_PHY_ANA		0x04		/* we advertise */
#define E1000_PHY_LPA		0x05		/* the partner does */
#define E1000_PHY_ANE		0x06		/* negotiation, expansion */
#define E1000_PHY_NPT		0x07		/* next page to send */
#define E1000_PHY_LPN		0x08		/* partner's next page */
#define E1000_PHY_GCON		0x09		/* 1000BASE-T control */
#define E1000_PHY_GSTATUS	0x0A		/* 1000BASE-T status */
#define E1000_PHY_EXT_STATUS	0x0F

/* Marvell's own */
#define E1000_PHY_M88_CTRL	0x10		/* specific control */
#define E1000_PHY_M88_STATUS	0x11		/* specific status */
#define E1000_PHY_M88_INT_EN	0x12		/* interrupt enable */
#define E1000_PHY_M88_INT_STAT	0x13		/* interrupt status */
#define E1000_PHY_M88_EXT_CTRL	0x14		/* extended control */
#define E1000_PHY_M88_RXERR	0x15		/* receive errors */

#define E1000_PHY_ID1_MARVELL	0x0141
#define E1000_PHY_ID2_MASK	0xFFF0		/* without revision */
#define E1000_PHY_ID2_82540	0x0C20		/* and 82545 */
#define E1000_PHY_ID2_82544	0x0C30
#define E1000_PHY_ID2_82543	0x0C50		/* 88E1000, external */

#define E1000_PHY_CTRL_SPEED_MSB	(1u << 6)
#define E1000_PHY_CTRL_COLL_TEST	(1u << 7)
#define E1000_PHY_CTRL_FD		(1u << 8)	/* full duplex */
#define E1000_PHY_CTRL_RESTART_AN	(1u << 9)	/* SC */
#define E1000_PHY_CTRL_ISOLATE		(1u << 10)
#define E1000_PHY_CTRL_POWER_DOWN	(1u << 11)
#define E1000_PHY_CTRL_AN_EN		(1u << 12)	/* negotiate */
#define E1000_PHY_CTRL_SPEED_LSB	(1u << 13)	/* MSB alone: 1000 */
#define E1000_PHY_CTRL_LOOPBACK		(1u << 14)
#define E1000_PHY_CTRL_RESET		(1u << 15)	/* SC */

#define E1000_PHY_STATUS_EXT		(1u << 0)	/* extended registers */
#define E1000_PHY_STATUS_JABBER		(1u << 1)
#define E1000_PHY_STATUS_LINK		(1u << 2)	/* latches down */
#define E1000_PHY_STATUS_AN_CAP		(1u << 3)	/* can negotiate */
#define E1000_PHY_STATUS_REMOTE_FAULT	(1u << 4)
#define E1000_PHY_STATUS_AN_DONE	(1u << 5)
#define E1000_PHY_STATUS_MF_PREAMBLE	(1u << 6)	/* may be left out */
#define E1000_PHY_STATUS_EXT_STATUS	(1u << 8)	/* register 0Fh */
#define E1000_PHY_STATUS_10_HD		(1u << 11)
#define E1000_PHY_STATUS_10_FD		(1u << 12)
#define E1000_PHY_STATUS_100_HD		(1u << 13)
#define E1000_PHY_STATUS_100_FD		(1u << 14)

/* ANA and LPA have the same bits */
#define E1000_PHY_ANA_SELECTOR_8023	0x0001u
#define E1000_PHY_ANA_10_HD		(1u << 5)
#define E1000_PHY_ANA_10_FD		(1u << 6)
#define E1000_PHY_ANA_100_HD		(1u << 7)
#define E1000_PHY_ANA_100_FD		(1u << 8)
#define E1000_PHY_ANA_PAUSE		(1u << 10)
#define E1000_PHY_ANA_ASM_DIR		(1u << 11)
#define E1000_PHY_LPA_ACK		(1u << 14)

#define E1000_PHY_ANE_LP_AN		(1u << 0)	/* partner can */
#define E1000_PHY_GCON_1000_HD		(1u << 8)
#define E1000_PHY_GCON_1000_FD		(1u << 9)
#define E1000_PHY_GSTATUS_LP_1000_HD	(1u << 10)
#define E1000_PHY_GSTATUS_LP_1000_FD	(1u << 11)
#define E1000_PHY_GSTATUS_REMOTE_RX_OK	(1u << 12)
#define E1000_PHY_GSTATUS_LOCAL_RX_OK	(1u << 13)
#define E1000_PHY_EXT_STATUS_1000_HD	(1u << 12)
#define E1000_PHY_EXT_STATUS_1000_FD	(1u << 13)

#define E1000_PHY_M88_STATUS_LINK	(1u << 10)	/* now */
#define E1000_PHY_M88_STATUS_RESOLVED	(1u << 11)	/* speed, duplex */
#define E1000_PHY_M88_STATUS_FD		(1u << 13)	/* full duplex */
#define E1000_PHY_M88_STATUS_SPEED_MASK	(3u << 14)
#define E1000_PHY_M88_STATUS_SPEED_10	(0u << 14)
#define E1000_PHY_M88_STATUS_SPEED_100	(1u << 14)
#define E1000_PHY_M88_STATUS_SPEED_1000	(2u << 14)

/* ------------------------------------------------------------------------
 * Descriptors (3.2, 3.3)
 *
 * 16 bytes, all fields little-endian in memory on every host. In a finished
 * descriptor, software relies only on the fields that the chip writes; it
 * keeps the others elsewhere.
 */

/* Receive, 3.2.3: software writes the address, the chip all the rest */
struct e1000_rx_desc {
	uint64_t buffer_addr;
	uint16_t length;	/* bytes in the buffer, CRC too unless SECRC */
	uint16_t csum;		/* in a packet's first: sum from PCSS on */
	uint8_t status;		/* E1000_RXD_STAT_* */
	uint8_t errors;		/* E1000_RXD_ERR_*, valid with EOP and DD */
	uint16_t special;	/* VLAN tag if VP: E1000_SPECIAL_* */
};

/* Transmit, legacy, 3.3.3: DEXT clear in cmd */
struct e1000_tx_desc {
	uint64_t buffer_addr;
	uint16_t length;	/* of the buffer */
	uint8_t cso;		/* checksum goes to this byte of the packet */
	uint8_t cmd;		/* E1000_TXD_CMD_* */
	uint8_t status;		/* E1000_TXD_STAT_* in the low 4 bits */
	uint8_t css;		/* checksum starts at this byte */
	uint16_t special;	/* VLAN tag if VLE: E1000_SPECIAL_* */
};

/*
 * Transmit, context, 3.3.6: no data; it tells where the headers lie and how
 * to cut the data descriptors that follow. DEXT set, DTYP 0. A start is the
 * first byte summed, an offset is the byte where the sum goes, an end is the
 * last byte summed, or 0 for the end of the packet.
 */
struct e1000_tx_context_desc {
	uint8_t ipcss;		/* IP checksum: start */
	uint8_t ipcso;		/* ... offset */
	uint16_t ipcse;		/* ... end */
	uint8_t tucss;		/* TCP or UDP checksum: start */
	uint8_t tucso;		/* ... offset */
	uint16_t tucse;		/* ... end */
	uint32_t cmd_len;	/* payload length, DTYP, E1000_TXD_TUCMD_* */
	uint8_t status;
	uint8_t hdr_len;	/* bytes of header, put before each segment */
	uint16_t mss;		/* bytes of payload in a segment */
};

/* Transmit, data, 3.3.7: DEXT set, DTYP 1 */
struct e1000_tx_data_desc {
	uint64_t buffer_addr;
	uint32_t cmd_len;	/* buffer length, DTYP, E1000_TXD_CMD_* */
	uint8_t status;
	uint8_t popts;		/* E1000_TXD_POPTS_*, of a packet's first */
	uint16_t special;
};

/* A slot of the transmit ring. DEXT is the same bit in all three. */
union e1000_tx_any_desc {
	struct e1000_tx_desc legacy;
	struct e1000_tx_context_desc context;
	struct e1000_tx_data_desc data;
	uint64_t qword[2];
};

/*
 * Command byte: e1000_tx_desc.cmd, bits 31:24 of cmd_len. Legacy: VLE, IFCS
 * and IC count in a packet's last descriptor, the one with EOP. VLE needs
 * CTRL.VME.
 */
#define E1000_TXD_CMD_EOP	0x01u	/* packet ends here */
#define E1000_TXD_CMD_IFCS	0x02u	/* append the CRC */
#define E1000_TXD_CMD_IC	0x04u	/* legacy: insert checksum at cso */
#define E1000_TXD_CMD_TSE	0x04u	/* data: TCP segmentation */
#define E1000_TXD_CMD_RS	0x08u	/* report status: write back, DD */
#define E1000_TXD_CMD_RPS	0x10u	/* 82543/4: DD only once it is sent */
#define E1000_TXD_CMD_DEXT	0x20u	/* extended: context or data */
#define E1000_TXD_CMD_VLE	0x40u	/* insert special as VLAN tag */
#define E1000_TXD_CMD_IDE	0x80u	/* delay TXDW by TIDV, TADV */

/* Command byte of a context descriptor */
#define E1000_TXD_TUCMD_TCP	0x01u	/* TCP, not UDP */
#define E1000_TXD_TUCMD_IP	0x02u	/* IPv4, not IPv6 */
#define E1000_TXD_TUCMD_TSE	0x04u	/* for TCP segmentation */
#define E1000_TXD_TUCMD_RS	0x08u
#define E1000_TXD_TUCMD_DEXT	0x20u
#define E1000_TXD_TUCMD_IDE	0x80u

/* Fields of cmd_len */
#define E1000_TXD_LEN_MASK	0xfffffu
#define E1000_TXD_DTYP_SHIFT	20
#define E1000_TXD_DTYP_MASK	(0xFu << 20)
#define E1000_TXD_DTYP_CONTEXT	0u	/* to be shifted */
#define E1000_TXD_DTYP_DATA	1u	/* to be shifted */
#define E1000_TXD_CMD_SHIFT	24

#define E1000_TXD_STAT_DD	0x01u	/* done */
#define E1000_TXD_STAT_EC	0x02u	/* excess collisions */
#define E1000_TXD_STAT_LC	0x04u	/* late collision */
#define E1000_TXD_STAT_TU	0x08u	/* 82543/4: underrun */

#define E1000_TXD_POPTS_IXSM	0x01u	/* insert IP checksum */
#define E1000_TXD_POPTS_TXSM	0x02u	/* insert TCP or UDP checksum */

#define E1000_RXD_STAT_DD	0x01u	/* done */
#define E1000_RXD_STAT_EOP	0x02u	/* packet ends here */
#define E1000_RXD_STAT_IXSM	0x04u	/* TCPCS, IPCS mean nothing */
#define E1000_RXD_STAT_VP	0x08u	/* VLAN tag taken off, in special */
#define E1000_RXD_STAT_TCPCS	0x20u	/* TCP or UDP checksum was checked */
#define E1000_RXD_STAT_IPCS	0x40u	/* IP checksum was checked */
#define E1000_RXD_STAT_PIF	0x80u	/* inexact filter: check address */

#define E1000_RXD_ERR_CE	0x01u	/* CRC or alignment */
#define E1000_RXD_ERR_SE	0x02u	/* symbol (fibre) */
#define E1000_RXD_ERR_SEQ	0x04u	/* sequence (fibre) */
#define E1000_RXD_ERR_CXE	0x10u	/* 82543/4: carrier extension */
#define E1000_RXD_ERR_TCPE	0x20u	/* TCP or UDP checksum */
#define E1000_RXD_ERR_IPE	0x40u	/* IP checksum */
#define E1000_RXD_ERR_RXE	0x80u	/* receive data */

/* special: an 802.1Q tag */
#define E1000_SPECIAL_VID_MASK	0x0FFFu
#define E1000_SPECIAL_CFI	0x1000u
#define E1000_SPECIAL_PRI_SHIFT	13
#define E1000_SPECIAL_PRI_MASK	0xE000u

/* Little-endian to the processor's order, and back: it is the same swap. */
#define E1000_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

static inline uint16_t
e1000_le16(uint16_t v)
{
	return E1000_BIG_ENDIAN ? __builtin_bswap16(v) : v;
}

static inline uint32_t
e1000_le32(uint32_t v)
{
	return E1000_BIG_ENDIAN ? __builtin_bswap32(v) : v;
}

static inline uint64_t
e1000_le64(uint64_t v)
{
	return E1000_BIG_ENDIAN ? __builtin_bswap64(v) : v;
}

/* ------------------------------------------------------------------------
 * Limits
 *
 * A ring's length is bits 19:7 of TDLEN or RDLEN (13.4.27, 13.4.38): a
 * multiple of 128 bytes, that is of 8 descriptors, at most 65,528 of them
 * ("up to 64K", chapter 3). One fewer can be in use: head equal to tail is
 * an empty ring. Drivers have limits of their own (80 to 256 for the 82543, to
 * 4096 for later ones), which are not in the manual.
 */
#define E1000_DESC_BYTES	16
#define E1000_RING_ALIGN_BYTES	16		/* of TDBA, RDBA */
#define E1000_RING_LEN_BYTES	128		/* TDLEN, RDLEN: multiple of */
#define E1000_RING_DESC_MULTIPLE 8
#define E1000_RING_DESC_MAX	65528
#define E1000_TDLEN_MASK	0x000FFF80u
#define E1000_RDLEN_MASK	0x000FFF80u
#define E1000_TDBAL_MASK	0xFFFFFFF0u
#define E1000_RDBAL_MASK	0xFFFFFFF0u
#define E1000_TDT_MASK		0xFFFFu		/* TDH, too */
#define E1000_RDT_MASK		0xFFFFu		/* RDH, too */

#define E1000_TX_PACKET_MAX_BYTES	16288	/* 3.3.3: and of a descriptor */
#define E1000_RX_FRAME_MAX_BYTES	1522	/* with CRC, without LPE */
#define E1000_RX_LONG_MAX_BYTES		16384	/* with CRC, with LPE */

/* ------------------------------------------------------------------------
 * The layout, checked
 */
_Static_assert(sizeof(struct e1000_rx_desc) == 16, "16 bytes");
_Static_assert(offsetof(struct e1000_rx_desc, buffer_addr) == 0, "layout");
_Static_assert(offsetof(struct e1000_rx_desc, length) == 8, "layout");
_Static_assert(offsetof(struct e1000_rx_desc, csum) == 10, "layout");
_Static_assert(offsetof(struct e1000_rx_desc, status) == 12, "layout");
_Static_assert(offsetof(struct e1000_rx_desc, errors) == 13, "layout");
_Static_assert(offsetof(struct e1000_rx_desc, special) == 14, "layout");

_Static_assert(sizeof(struct e1000_tx_desc) == 16, "16 bytes");
_Static_assert(offsetof(struct e1000_tx_desc, buffer_addr) == 0, "layout");
_Static_assert(offsetof(struct e1000_tx_desc, length) == 8, "layout");
_Static_assert(offsetof(struct e1000_tx_desc, cso) == 10, "layout");
_Static_assert(offsetof(struct e1000_tx_desc, cmd) == 11, "layout");
_Static_assert(offsetof(struct e1000_tx_desc, status) == 12, "layout");
_Static_assert(offsetof(struct e1000_tx_desc, css) == 13, "layout");
_Static_assert(offsetof(struct e1000_tx_desc, special) == 14, "layout");

_Static_assert(sizeof(struct e1000_tx_context_desc) == 16, "16 bytes");
_Static_assert(offsetof(struct e1000_tx_context_desc, ipcss) == 0, "layout");
_Static_assert(offsetof(struct e1000_tx_context_desc, ipcso) == 1, "layout");
_Static_assert(offsetof(struct e1000_tx_context_desc, ipcse) == 2, "layout");
_Static_assert(offsetof(struct e1000_tx_context_desc, tucss) == 4, "layout");
_Static_assert(offsetof(struct e1000_tx_context_desc, tucso) == 5, "layout");
_Static_assert(offsetof(struct e1000_tx_context_desc, tucse) == 6, "layout");
_Static_assert(offsetof(struct e1000_tx_context_desc, cmd_len) == 8, "layout");
_Static_assert(offsetof(struct e1000_tx_context_desc, status) == 12, "layout");
_Static_assert(offsetof(struct e1000_tx_context_desc, hdr_len) == 13, "layout");
_Static_assert(offsetof(struct e1000_tx_context_desc, mss) == 14, "layout");

_Static_assert(sizeof(struct e1000_tx_data_desc) == 16, "16 bytes");
_Static_assert(offsetof(struct e1000_tx_data_desc, buffer_addr) == 0, "layout");
_Static_assert(offsetof(struct e1000_tx_data_desc, cmd_len) == 8, "layout");
_Static_assert(offsetof(struct e1000_tx_data_desc, status) == 12, "layout");
_Static_assert(offsetof(struct e1000_tx_data_desc, popts) == 13, "layout");
_Static_assert(offsetof(struct e1000_tx_data_desc, special) == 14, "layout");

_Static_assert(sizeof(union e1000_tx_any_desc) == 16, "16 bytes");

#endif /* E1000_HW_H */
