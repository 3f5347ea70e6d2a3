/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which frames are received (3.2.1, 9.3, 10.1.1, 13.5).
 */
#include "rx_rig.h"

#define PIF	0x100			/* of filter_passes(): with PIF */

static const uint8_t broadcast[6] = { 255, 255, 255, 255, 255, 255 };
static const uint8_t group[6] = { 0x01, 0x00, 0x5E, 0x12, 0x9A, 0xBC };
static const uint8_t other[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x57 };

/* Is a frame to that address stored?  1, 0, or 1 | PIF. */
static int
filter_passes_frame(struct rig *r, const uint8_t *frame)
{
	uint64_t filtered = rig_counters(r).rx_filtered;
	int len;

	assert_int_equal(rig_give(r, frame, 60), 1);
	len = rig_get(r);
	rig_refill(r);
	if (len < 0) {
		assert_int_equal(rig_counters(r).rx_filtered, filtered + 1);
		return 0;
	}
	assert_int_equal(rig_counters(r).rx_filtered, filtered);
	return 1 | (r->last.status & E1000_RXD_STAT_PIF ? PIF : 0);
}

static int
filter_passes(struct rig *r, const uint8_t to[6])
{
	uint8_t frame[60];

	rig_frame(frame, sizeof(frame), 0x88B5);
	memcpy(frame, to, 6);
	return filter_passes_frame(r, frame);
}

/* A tagged frame to us. */
static int
filter_passes_tag(struct rig *r, uint16_t type, uint16_t tci)
{
	uint8_t frame[60];

	rig_frame(frame, sizeof(frame), type);
	frame[14] = tci >> 8;
	frame[15] = tci & 0xff;
	return filter_passes_frame(r, frame);
}

static void
ra_set(struct rig *r, unsigned int i, const uint8_t *a, uint32_t bits)
{
	host_write(r->h, E1000_RAL(i), rig_le32(a));
	host_write(r->h, E1000_RAH(i), a[4] | a[5] << 8 | bits);
}

/* 13.5.2, 13.5.3: sixteen addresses, each valid or not. */
static void
test_exact(void **state)
{
	uint8_t a[6] = { 0x02, 0x11, 0x22, 0x33, 0x44, 0x00 }, b[6];
	struct rig r;
	unsigned int i, bit;

	(void)state;
	rig_start(&r, 0);
	assert_int_equal(filter_passes(&r, rig_mac), 1);
	/* One bit makes another address. */
	for (bit = 1; bit < 48; bit++) {
		memcpy(b, rig_mac, 6);
		b[bit / 8] ^= 1 << bit % 8;
		assert_int_equal(filter_passes(&r, b), 0);
	}
	for (i = 0; i < E1000_RA_COUNT; i++) {
		a[5] = i;
		assert_int_equal(filter_passes(&r, a), 0);
		ra_set(&r, i, a, 0);
		assert_int_equal(filter_passes(&r, a), 0);
		ra_set(&r, i, a, E1000_RAH_AV);
		assert_int_equal(filter_passes(&r, a), 1);
	}
	/* A multicast or the broadcast in RA is an exact match, too. */
	ra_set(&r, 3, group, E1000_RAH_AV);
	assert_int_equal(filter_passes(&r, group), 1);
	ra_set(&r, 3, broadcast, E1000_RAH_AV);
	assert_int_equal(filter_passes(&r, broadcast), 1);
	rig_stop(&r);
}

/* 13.5.3: AS 1 compares the source; 2 and 3 are reserved: never. */
static void
test_source(void **state)
{
	static const uint8_t from[6] = { 2, 0, 0, 0, 0, 9 };
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	assert_int_equal(filter_passes(&r, other), 0);
	ra_set(&r, 5, from, E1000_RAH_AV | E1000_RAH_AS_SOURCE);
	assert_int_equal(filter_passes(&r, other), 1);
	assert_int_equal(filter_passes(&r, from), 1);	/* it came from there */
	ra_set(&r, 5, from, E1000_RAH_AV | 2u << E1000_RAH_AS_SHIFT);
	assert_int_equal(filter_passes(&r, other), 0);
	ra_set(&r, 5, from, E1000_RAH_AV | 3u << E1000_RAH_AS_SHIFT);
	assert_int_equal(filter_passes(&r, other), 0);
	ra_set(&r, 0, rig_mac, E1000_RAH_AV | E1000_RAH_AS_SOURCE);
	assert_int_equal(filter_passes(&r, rig_mac), 0);
	rig_stop(&r);
}

/* 13.4.22: UPE is unicast, MPE multicast, BAM broadcast. */
static void
test_promiscuous(void **state)
{
	static const struct {
		uint32_t rctl;
		int other, group, broadcast;
	} row[] = {
		{ 0, 0, 0, 0 },
		{ E1000_RCTL_UPE, 1, 0, 0 },
		{ E1000_RCTL_MPE, 0, 1, 1 },
		{ E1000_RCTL_BAM, 0, 0, 1 },
		{ E1000_RCTL_UPE | E1000_RCTL_MPE, 1, 1, 1 },
		{ E1000_RCTL_UPE | E1000_RCTL_BAM, 1, 0, 1 },
	};
	struct rig r;
	unsigned int i;

	(void)state;
	rig_start(&r, 0);
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		rig_rctl(&r, row[i].rctl);
		assert_int_equal(filter_passes(&r, rig_mac), 1);
		assert_int_equal(filter_passes(&r, other), row[i].other);
		assert_int_equal(filter_passes(&r, group), row[i].group);
		assert_int_equal(filter_passes(&r, broadcast),
		    row[i].broadcast);
	}
	rig_stop(&r);
}

/*
 * 13.5.1.  Its example: an address that ends in 9x:BC, with MO 0, is bit 9 of
 * row 94 (bits 47:36 of the address: BC9h).
 */
static void
test_hash(void **state)
{
	static const unsigned int low_bit[4] = { 36, 35, 34, 32 };
	uint64_t address;
	unsigned int mo, i, hash;
	uint8_t to[6];
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	host_write(r.h, E1000_MTA(94), 1u << 9);
	assert_int_equal(filter_passes(&r, group), 1 | PIF);
	host_write(r.h, E1000_MTA(94), ~(1u << 9));
	assert_int_equal(filter_passes(&r, group), 0);
	host_write(r.h, E1000_MTA(94), 0);

	srand(1);
	for (i = 0; i < 400; i++) {
		mo = i % 4;
		address = (uint64_t)(rand() & 0xFFFFFF) << 24 |
		    (rand() & 0xFFFFFE) | 1;
		for (hash = 0; hash < 6; hash++)
			to[hash] = address >> 8 * hash & 0xff;
		rig_rctl(&r, mo << E1000_RCTL_MO_SHIFT);
		hash = address >> low_bit[mo] & 0xFFF;
		host_write(r.h, E1000_MTA(hash / 32), 1u << hash % 32);
		assert_int_equal(filter_passes(&r, to), 1 | PIF);
		/* Not for unicasts. */
		to[0] &= ~1;
		assert_int_equal(filter_passes(&r, to), 0);
		to[0] |= 1;
		/* An exact match does not set PIF. */
		ra_set(&r, 7, to, E1000_RAH_AV);
		assert_int_equal(filter_passes(&r, to), 1);
		ra_set(&r, 7, to, 0);
		host_write(r.h, E1000_MTA(hash / 32), ~(1u << hash % 32));
		assert_int_equal(filter_passes(&r, to), 0);
		host_write(r.h, E1000_MTA(hash / 32), 0);
	}
	/* Without BAM a broadcast passes as a multicast does. */
	rig_rctl(&r, 0);
	host_write(r.h, E1000_MTA(127), 1u << 31);
	assert_int_equal(filter_passes(&r, broadcast), 1 | PIF);
	rig_rctl(&r, E1000_RCTL_BAM);
	assert_int_equal(filter_passes(&r, broadcast), 1);
	rig_stop(&r);
}

/* Table 9-3; 13.5.4: 7 upper bits of the VLAN are the row, 5 lower the bit. */
static void
test_vlan(void **state)
{
	static const uint16_t vlan[] = { 0, 1, 31, 32, 100, 2048, 4095 };
	struct rig r;
	unsigned int i;

	(void)state;
	rig_start(&r, 0);
	for (i = 0; i < sizeof(vlan) / sizeof(vlan[0]); i++) {
		rig_rctl(&r, 0);
		assert_int_equal(filter_passes_tag(&r, 0x8100, vlan[i]), 1);
		rig_rctl(&r, E1000_RCTL_VFE);
		assert_int_equal(filter_passes_tag(&r, 0x8100, vlan[i]), 0);
		assert_int_equal(filter_passes_tag(&r, 0x88A8, vlan[i]), 1);
		/* It is one more filter, for promiscuous modes, too. */
		rig_rctl(&r, E1000_RCTL_VFE | E1000_RCTL_UPE);
		assert_int_equal(filter_passes_tag(&r, 0x8100, vlan[i]), 0);
		rig_rctl(&r, E1000_RCTL_VFE);
		host_write(r.h, E1000_VFTA(vlan[i] / 32), 1u << vlan[i] % 32);
		/* Priority and CFI do not matter. */
		assert_int_equal(filter_passes_tag(&r, 0x8100, vlan[i]), 1);
		assert_int_equal(filter_passes_tag(&r, 0x8100,
				     vlan[i] | 0xF000),
		    1);
		assert_int_equal(filter_passes_tag(&r, 0x8100, vlan[i] ^ 1), 0);
		host_write(r.h, E1000_VFTA(vlan[i] / 32), 0);
	}
	/* The type is VET's. */
	host_write(r.h, E1000_VET, 0x88A8);
	assert_int_equal(filter_passes_tag(&r, 0x8100, 5), 1);
	assert_int_equal(filter_passes_tag(&r, 0x88A8, 5), 0);
	rig_stop(&r);
}

static void
test_cfi(void **state)
{
	struct rig r;

	(void)state;
	rig_start(&r, E1000_RCTL_CFI);
	assert_int_equal(filter_passes_tag(&r, 0x8100, 0x0005), 1);
	assert_int_equal(filter_passes_tag(&r, 0x8100, 0x1005), 1);
	rig_rctl(&r, E1000_RCTL_CFIEN);
	assert_int_equal(filter_passes_tag(&r, 0x8100, 0x0005), 1);
	assert_int_equal(filter_passes_tag(&r, 0x8100, 0x1005), 0);
	rig_rctl(&r, E1000_RCTL_CFIEN | E1000_RCTL_CFI);
	assert_int_equal(filter_passes_tag(&r, 0x8100, 0x0005), 0);
	assert_int_equal(filter_passes_tag(&r, 0x8100, 0x1005), 1);
	assert_int_equal(filter_passes_tag(&r, 0x0800, 0x0005), 1);
	rig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_promiscuous),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_vlan),
		cmocka_unit_test(test_cfi),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
