/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which frames are for us (3.2.1, 9.3, 10.1.1, 13.5).
 *
 * The address must pass one of: an exact address, a promiscuous mode, broadcast
 * accept, the multicast hash.  A frame of the VLAN type must then also pass the
 * VLAN filters, in promiscuous modes as well (table 9-3).
 */
#include "e82540_filter.h"

/* Address bytes 0 to 3, and 4 and 5, as RAL and RAH have them. */
struct address {
	uint32_t low, high;
};

static inline struct address
address_get(const uint8_t *p)
{
	return (struct address){ e82540_get32(p), e82540_get16(p + 4) };
}

/*
 * Is entry i valid, does it compare with what `as` says (destination or
 * source), and is its address the same?  Values 2 and 3 of AS are reserved, and
 * match nothing.
 */
static inline bool
address_matches(const struct e82540 *dev, unsigned int i,
    const struct address *a, uint32_t as)
{
	uint32_t mask = E1000_RAH_AV | E1000_RAH_AS_MASK | E1000_RAH_ADDR_MASK;

	return e82540_reg(dev, E1000_RAL(i)) == a->low &&
	    (e82540_reg(dev, E1000_RAH(i)) & mask) ==
	    (E1000_RAH_AV | as | a->high);
}

static bool
address_exact(const struct e82540 *dev, const struct address *to,
    const struct address *from)
{
	unsigned int i;

	for (i = 0; i < E1000_RA_COUNT; i++)
		if (address_matches(dev, i, to, E1000_RAH_AS_DEST) ||
		    address_matches(dev, i, from, E1000_RAH_AS_SOURCE))
			return true;
	return false;
}

/*
 * 13.5.1: twelve of the last sixteen bits of the address are the number of a
 * bit in a table.  MO says which twelve.
 */
static bool
address_hashed(const struct e82540 *dev, const struct address *to,
    uint32_t rctl)
{
	static const uint8_t shift[4] = { 4, 3, 2, 0 };
	uint32_t bit = to->high >>
		shift[(rctl & E1000_RCTL_MO_MASK) >> E1000_RCTL_MO_SHIFT] &
	    0xFFFu;

	return e82540_reg(dev, E1000_MTA(bit / 32)) >> bit % 32 & 1;
}

/*
 * An address with the I/G bit is a multicast; so is the broadcast: if BAM is
 * clear, it may still pass as any multicast does (13.4.22).
 */
static unsigned int
filter_address(const struct e82540 *dev, const uint8_t *frame, uint32_t rctl)
{
	struct address to = address_get(frame), from;
	bool group = to.low & 1;

	if (address_matches(dev, 0, &to, E1000_RAH_AS_DEST))
		return E82540_PASS;
	if (rctl & (group ? E1000_RCTL_MPE : E1000_RCTL_UPE))
		return E82540_PASS;
	if (rctl & E1000_RCTL_BAM && to.low == UINT32_MAX && to.high == 0xFFFFu)
		return E82540_PASS;
	from = address_get(frame + 6);
	if (address_exact(dev, &to, &from))
		return E82540_PASS;
	return group && address_hashed(dev, &to, rctl) ?
	    E82540_PASS | E82540_PASS_INEXACT :
		  0;
}

/* 9.3.1: with VFE look the VLAN up; with CFIEN compare the CFI bit. */
static bool
filter_vlan(const struct e82540 *dev, const uint8_t *frame, uint32_t len,
    uint32_t rctl)
{
	uint16_t tag, vid;

	if (e82540_get_be16(frame + 12) !=
	    (e82540_reg(dev, E1000_VET) & 0xFFFFu))
		return true;
	if (len < 16)
		return false;
	tag = e82540_get_be16(frame + 14);
	vid = tag & E1000_SPECIAL_VID_MASK;
	if (rctl & E1000_RCTL_CFIEN &&
	    !(tag & E1000_SPECIAL_CFI) != !(rctl & E1000_RCTL_CFI))
		return false;
	return !(rctl & E1000_RCTL_VFE) ||
	    e82540_reg(dev, E1000_VFTA(vid / 32)) >> vid % 32 & 1;
}

unsigned int
e82540_filter(const struct e82540 *dev, const uint8_t *frame, uint32_t len)
{
	uint32_t rctl = e82540_reg(dev, E1000_RCTL);
	unsigned int pass = filter_address(dev, frame, rctl);

	if (pass != 0 && rctl & (E1000_RCTL_VFE | E1000_RCTL_CFIEN) &&
	    !filter_vlan(dev, frame, len, rctl))
		return 0;
	return pass;
}
