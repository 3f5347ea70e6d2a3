/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wake-up (6.4, 13.6): packets that the sleeping device looks for in D3, and
 * changes of the link.
 *
 * There are two kinds.  ACPI: filters that WUFC enables set PME_Status of
 * PMCSR.  APM: with WUC.APME and WUC.APMPME a Magic Packet sets it, whatever
 * WUFC says.  Either leaves its trace in WUS, WUPL and WUPM until software
 * clears WUS.
 *
 * PME# has no callback: a host that wants to wake its guest looks at
 * PME_Status in configuration space, E1h bit 7, after e82540_receive() or
 * e82540_link_set().
 *
 * e82540_wake_frame() runs with the rx lock alone; e82540_wake_report() later
 * carries what it found to the registers.
 */
#include "e82540_filter.h"
#include "e82540_pci_state.h"
#include "e82540_wake.h"

#define HEADER_BYTES	14u
#define CRC_BYTES	4u
#define SNAP_MAX	1500u		/* above it is a type, not a length */
#define TYPE_IPV4	0x0800u
#define TYPE_VLAN	0x8100u		/* whatever VET says */
#define TYPE_ARP	0x0806u
#define TYPE_IPV6	0x86DDu
#define WUPL_MAX	2047u

/* ---------------------------------------------------------------- addresses */

static bool
is_broadcast(const uint8_t *frame)
{
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	return memcmp(frame, all, 6) == 0;
}

/* 6.4.3.1.1: is it the address of a valid entry of RAL and RAH? */
static bool
is_exact(const struct e82540 *dev, const uint8_t *frame)
{
	const uint32_t care =
	    E1000_RAH_AV | E1000_RAH_AS_MASK | E1000_RAH_ADDR_MASK;
	uint32_t low = e82540_get32(frame);
	uint32_t high =
	    E1000_RAH_AV | E1000_RAH_AS_DEST | e82540_get16(frame + 4);
	unsigned int i;

	for (i = 0; i < E1000_RA_COUNT; i++)
		if (e82540_reg(dev, E1000_RAL(i)) == low &&
		    (e82540_reg(dev, E1000_RAH(i)) & care) == high)
			return true;
	return false;
}

/* 6.4.3.1.2: is the address's bit set in the multicast table (13.5.1)? */
static bool
is_hashed(const struct e82540 *dev, const uint8_t *frame)
{
	static const uint8_t shift[4] = { 4, 3, 2, 0 };
	uint32_t mo = (e82540_reg(dev, E1000_RCTL) & E1000_RCTL_MO_MASK) >>
	    E1000_RCTL_MO_SHIFT;
	uint32_t bit = (uint32_t)e82540_get16(frame + 4) >> shift[mo] & 0xFFF;

	return frame[0] & 1 && !is_broadcast(frame) &&
	    e82540_reg(dev, E1000_MTA(bit / 32)) >> bit % 32 & 1;
}

/* ------------------------------------------------------------------ packets */

/* Is the address of RAL(0), RAH(0) there sixteen times? */
static bool
is_station_16(const struct e82540 *dev, const uint8_t *p)
{
	uint32_t low = e82540_reg(dev, E1000_RAL(0)), i;
	uint32_t high = e82540_reg(dev, E1000_RAH(0)) & E1000_RAH_ADDR_MASK;

	for (i = 0; i < 16; i++, p += 6)
		if (e82540_get32(p) != low || e82540_get16(p + 4) != high)
			return false;
	return true;
}

/*
 * 6.4.3.1.4: a Magic Packet has, anywhere behind the header, six or more bytes
 * FFh; right behind these the station's address follows, sixteen times.
 */
static bool
is_magic(const struct e82540 *dev, const uint8_t *frame, uint32_t len)
{
	uint32_t i, ones = 0;

	for (i = HEADER_BYTES; i < len; i++) {
		if (frame[i] == 0xff) {
			ones++;
			continue;
		}
		if (ones >= 6 && len - i >= 96 && is_station_16(dev, frame + i))
			return true;
		ones = 0;
	}
	return false;
}

/*
 * Where the type field is: behind the VLAN tag and the LLC/SNAP header, if the
 * frame has them.  The frame has at least 2 bytes there.
 */
static uint32_t
type_offset(const uint8_t *frame, uint32_t len)
{
	static const uint8_t snap[6] = { 0xaa, 0xaa, 3, 0, 0, 0 };
	uint32_t at = 12;

	if (e82540_get_be16(frame + at) == TYPE_VLAN && len >= at + 6)
		at += 4;
	if (e82540_get_be16(frame + at) <= SNAP_MAX && len >= at + 10 &&
	    memcmp(frame + at + 2, snap, 6) == 0)
		at += 8;
	return at;
}

/* Is it a valid address (IPAV) of IP4AT?  Lowest byte: first on the wire. */
static bool
is_ipv4(const struct e82540 *dev, const uint8_t *address)
{
	uint32_t ipav = e82540_reg(dev, E1000_IPAV);
	unsigned int i;

	for (i = 0; i < E1000_IP4AT_COUNT; i++)
		if (ipav >> i & 1 &&
		    e82540_reg(dev, E1000_IP4AT(i)) == e82540_get32(address))
			return true;
	return false;
}

static bool
is_ipv6(const struct e82540 *dev, const uint8_t *address)
{
	unsigned int i;

	if (!(e82540_reg(dev, E1000_IPAV) & E1000_IPAV_V6))
		return false;
	for (i = 0; i < E1000_IP6AT_COUNT; i++)
		if (e82540_reg(dev, E1000_IP6AT(i)) !=
		    e82540_get32(address + 4 * i))
			return false;
	return true;
}

/* 6.4.3.1.5: is it an Ethernet and IPv4 request for one of our addresses? */
static bool
is_arp(const struct e82540 *dev, const uint8_t *p, uint32_t len)
{
	static const uint8_t request[8] = { 0, 1, 8, 0, 6, 4, 0, 1 };

	return len >= 28 && memcmp(p, request, 8) == 0 && is_ipv4(dev, p + 24);
}

/*
 * Match ARP, IPv4 and IPv6: 6.4.3.1.5, 6.4.3.1.6, 6.4.3.2.  For IPv6 the manual
 * asks for type 0800h, by mistake for 86DDh; the model takes both.
 */
static uint32_t
match_protocol(const struct e82540 *dev, const uint8_t *frame, uint32_t len)
{
	uint32_t at = type_offset(frame, len);
	uint16_t type = e82540_get_be16(frame + at);
	const uint8_t *p = frame + at + 2;

	len -= at + 2;
	if (type == TYPE_ARP)
		return is_broadcast(frame) && is_arp(dev, p, len) ?
		    E1000_WUFC_ARP :
		    0;
	if ((type != TYPE_IPV4 && type != TYPE_IPV6) || !is_exact(dev, frame))
		return 0;
	if (type == TYPE_IPV4 && len >= 20 && p[0] >> 4 == 4)
		return is_ipv4(dev, p + 16) ? E1000_WUFC_IPV4 : 0;
	if (len >= 40 && p[0] >> 4 == 6 && !E82540_IS(dev, E82540_82544GC))
		return is_ipv6(dev, p + 24) ? E1000_WUFC_IPV6 : 0;
	return 0;
}

/*
 * 6.4.3.3, 13.6.9 to 13.6.11: if bit i of FFMT(n) is set, filter i compares
 * byte n of the packet with byte i of FFVT(n).  The filter has FFLT(i) bytes; a
 * shorter packet does not match.  A filter of length 0 was not set up.
 */
static bool
is_flexible(const struct e82540 *dev, unsigned int i, const uint8_t *frame,
    uint32_t len)
{
	uint32_t need = e82540_reg(dev, E1000_FFLT(i)) & 0x7FF, n;

	if (need == 0 || len < need)
		return false;
	for (n = 0; n < need && n < E1000_FFMT_COUNT; n++)
		if (e82540_reg(dev, E1000_FFMT(n)) >> i & 1 &&
		    (e82540_reg(dev, E1000_FFVT(n)) >> i * 8 & 0xFF) !=
			frame[n])
			return false;
	return true;
}

static uint32_t
match_flexible(const struct e82540 *dev, uint32_t wufc, const uint8_t *frame,
    uint32_t len)
{
	uint32_t found = 0;
	unsigned int i;

	for (i = 0; i < E1000_FFLT_COUNT; i++)
		if (wufc & E1000_WUFC_FLX0 << i &&
		    is_flexible(dev, i, frame, len))
			found |= E1000_WUFC_FLX0 << i;
	return found;
}

/* ----------------------------------------------------------------- a frame */

/* The filters for frames that the address filter has let through. */
static uint32_t
wake_match(const struct e82540 *dev, uint32_t wufc, const uint8_t *frame,
    uint32_t len)
{
	uint32_t found = match_protocol(dev, frame, len);

	if (is_exact(dev, frame))
		found |= E1000_WUFC_EX;
	if (is_hashed(dev, frame))
		found |= E1000_WUFC_MC;
	if (is_broadcast(frame))
		found |= E1000_WUFC_BC;
	return (found & wufc) | match_flexible(dev, wufc, frame, len);
}

static void
wake_keep(struct e82540_wake *wake, const uint8_t *frame, uint32_t len)
{
	uint32_t n = len < sizeof(wake->data) ? len : sizeof(wake->data);

	if (wake->len_bytes != 0)
		return;			/* keep the first packet */
	memset(wake->data, 0, sizeof(wake->data));
	memcpy(wake->data, frame, n);
	wake->len_bytes = len + CRC_BYTES;
}

uint32_t
e82540_wake_frame(struct e82540 *dev, const uint8_t *frame, uint32_t len)
{
	uint32_t wufc = e82540_reg(dev, E1000_WUFC), found = 0;
	bool apm = e82540_reg(dev, E1000_WUC) & E1000_WUC_APME;
	bool pass;

	if (len < HEADER_BYTES)
		return 0;
	pass = e82540_filter(dev, frame, len) != 0;
	if (pass)
		found = wake_match(dev, wufc, frame, len);
	/* 6.4.3.1.4: as a broadcast, a Magic Packet does not need BAM. */
	if ((wufc & E1000_WUFC_MAG || apm) &&
	    (pass ||
		(is_broadcast(frame) && !E82540_IS(dev, E82540_82544GC))) &&
	    is_magic(dev, frame, len))
		found |= E1000_WUFC_MAG;
	if (found != 0)
		wake_keep(&dev->wake, frame, len);
	return found;
}

/* --------------------------------------------------------------- registers */

/* The caller has checked that WUS is 0: else the old packet stays (6.4.1). */
static void
wake_store(struct e82540 *dev, const struct e82540_wake *wake)
{
	uint32_t len = wake->len_bytes;
	unsigned int i;

	e82540_reg_set(dev, E1000_WUPL, len < WUPL_MAX ? len : WUPL_MAX);
	for (i = 0; i < E1000_WUPM_COUNT; i++)
		e82540_reg_set(dev, E1000_WUPM(i),
		    e82540_get32(&wake->data[4 * i]));
}

static void
wake_event(struct e82540 *dev, uint32_t found)
{
	uint32_t wuc = e82540_reg(dev, E1000_WUC);
	bool acpi = found & e82540_reg(dev, E1000_WUFC);
	bool apm = found & E1000_WUFC_MAG && wuc & E1000_WUC_APME &&
	    wuc & E1000_WUC_APMPME;

	e82540_reg_set(dev, E1000_WUS, e82540_reg(dev, E1000_WUS) | found);
	if (acpi || apm)
		e82540_pci_pme_set(dev,
		    e82540_pci_pme(dev) | E82540_PME_STATUS);
}

void
e82540_wake_report(struct e82540 *dev, uint32_t found)
{
	struct e82540_wake wake;

	e82540_lock(dev, E82540_LOCK_RX);
	wake = dev->wake;
	dev->wake.len_bytes = 0;
	e82540_unlock(dev, E82540_LOCK_RX);
	/* Without a link no packet comes; in D0 the device is awake. */
	if (!dev->phy.link || !e82540_pci_d3(dev))
		return;
	if (e82540_reg(dev, E1000_WUS) == 0)
		wake_store(dev, &wake);
	wake_event(dev, found);
}

void
e82540_wake_link(struct e82540 *dev)
{
	if (e82540_pci_d3(dev) && e82540_reg(dev, E1000_WUFC) & E1000_WUFC_LNKC)
		wake_event(dev, E1000_WUFC_LNKC);
}

bool
e82540_wake_enabled(const struct e82540 *dev)
{
	return e82540_pci_pme(dev) & E82540_PME_EN ||
	    e82540_reg(dev, E1000_WUC) & E1000_WUC_APME;
}

/* 13.6.1: the PME bits of WUC are those of PMCSR. */
uint32_t
e82540_wuc_read(const struct e82540 *dev, uint32_t offset)
{
	uint32_t wuc =
	    e82540_reg(dev, offset) & (E1000_WUC_APME | E1000_WUC_APMPME);
	uint16_t pme = e82540_pci_pme(dev);

	if (pme & E82540_PME_EN)
		wuc |= E1000_WUC_PME_EN;
	if (pme & E82540_PME_STATUS)
		wuc |= E1000_WUC_PME_STATUS;
	return wuc;
}

void
e82540_wuc_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	uint16_t pme = e82540_pci_pme(dev) & E82540_PME_STATUS;

	e82540_reg_set(dev, offset,
	    value & (E1000_WUC_APME | E1000_WUC_APMPME));
	if (value & E1000_WUC_PME_STATUS)	/* W1C */
		pme = 0;
	if (value & E1000_WUC_PME_EN)
		pme |= E82540_PME_EN;
	e82540_pci_pme_set(dev, pme);
}

/* 13.6.3: a bit written as 1 is cleared. */
void
e82540_wus_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	e82540_reg_set(dev, offset, e82540_reg(dev, offset) & ~value);
}
