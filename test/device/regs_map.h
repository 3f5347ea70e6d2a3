/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register map as the manual has it (13.4 to 13.8): which registers a chip
 * has, reset values, which bits hold.  The numbers come from the manual, not
 * from the model.  Also functions that tests of registers share.
 */
#ifndef TEST_REGS_MAP_H
#define TEST_REGS_MAP_H

#include "host.h"

#include "e82540_impl.h"

#define ALL	7u
#define STAR	3u			/* not on the 82544GC */
#define OLD	4u			/* only there */

#define ONES	0xFFFFFFFFu

enum kind {
	RW,				/* what is written, in mask's bits */
	RO,				/* constant */
	RC,				/* statistics: a read clears */
	TOTAL,				/* half of a 64-bit one */
	OWN,				/* a test of its own: test_regs_own.c */
};

struct entry {
	const char *name;
	uint32_t offset;
	unsigned int count, stride;
	uint32_t reset, mask;
	unsigned int chips;
	enum kind kind;
	bool kept;			/* by CTRL.RST */
};

static const struct entry map[] = {
	{ "CTRL", 0x00000, 1, 4, 0x00100201, 0xD8FC1BE9, STAR, OWN, false },
	{ "CTRL", 0x00000, 1, 4, 0x00000201, 0xDBFC1BE9, OLD, OWN, false },
	{ "CTRL_DUP", 0x00004, 1, 4, 0x00100201, 0xD8FC1BE9, STAR, OWN, false },
	{ "CTRL_DUP", 0x00004, 1, 4, 0x00000201, 0xDBFC1BE9, OLD, OWN, false },
	{ "STATUS", 0x00008, 1, 4, 0, 0, ALL, OWN, false },
	{ "EECD", 0x00010, 1, 4, 0, 0x77, STAR, OWN, false },
	{ "EECD", 0x00010, 1, 4, 0, 0x37, OLD, OWN, false },
	{ "EERD", 0x00014, 1, 4, 0, 0xFF00, ALL, OWN, false },
	{ "CTRL_EXT", 0x00018, 1, 4, 0, 0x00C2CCCE, STAR, RW, false },
	{ "CTRL_EXT", 0x00018, 1, 4, 0, 0x00C2CFFF, OLD, RW, false },
	{ "FLA", 0x0001C, 1, 4, 0, 0x17, ALL, RW, false },
	{ "MDIC", 0x00020, 1, 4, 0, 0x2FFFFFFF, ALL, OWN, false },
	{ "FCAL", 0x00028, 1, 4, 0, ONES, ALL, RW, false },
	{ "FCAH", 0x0002C, 1, 4, 0, 0xFFFF, ALL, RW, false },
	{ "FCT", 0x00030, 1, 4, 0, 0xFFFF, ALL, RW, false },
	{ "VET", 0x00038, 1, 4, 0x8100, 0xFFFF, ALL, RW, false },
	{ "ICR", 0x000C0, 1, 4, 0, 0, ALL, OWN, false },
	{ "ITR", 0x000C4, 1, 4, 0, 0xFFFF, STAR, RW, false },
	{ "ICS", 0x000C8, 1, 4, 0, 0, ALL, OWN, false },
	{ "IMS", 0x000D0, 1, 4, 0, 0x1FFFF, ALL, OWN, false },
	{ "IMC", 0x000D8, 1, 4, 0, 0, ALL, OWN, false },
	{ "RCTL", 0x00100, 1, 4, 0, 0x06DFB3FE, ALL, RW, false },
	{ "FCTTV", 0x00170, 1, 4, 0, 0xFFFF, ALL, RW, false },
	{ "TXCW", 0x00178, 1, 4, 0, 0xC000FFFF, ALL, RW, false },
	{ "RXCW", 0x00180, 1, 4, 0, 0, ALL, RO, false },
	{ "TCTL", 0x00400, 1, 4, 0, 0x013FFFFA, STAR, RW, false },
	{ "TCTL", 0x00400, 1, 4, 0, 0x033FFFFA, OLD, RW, false },
	{ "TIPG", 0x00410, 1, 4, 0, 0x3FFFFFFF, ALL, RW, false },
	{ "AIFS", 0x00458, 1, 4, 0, 0xFFFF, ALL, RW, false },
	{ "LEDCTL", 0x00E00, 1, 4, 0x07068302, 0xCFCFCFCF, STAR, RW, false },
	{ "PBA", 0x01000, 1, 4, 0x00100030, 0x38, ALL, OWN, true },
	{ "FCRTL", 0x02160, 1, 4, 0, 0x8000FFF8, ALL, RW, false },
	{ "FCRTH", 0x02168, 1, 4, 0, 0xFFF8, STAR, RW, false },
	{ "FCRTH", 0x02168, 1, 4, 0, 0x8000FFF8, OLD, RW, false },
	{ "RDFH", 0x02410, 1, 4, 0, 0, ALL, RO, false },
	{ "RDFT", 0x02418, 1, 4, 0, 0, ALL, RO, false },
	{ "RDFHS", 0x02420, 1, 4, 0, 0x1FFF, ALL, RW, false },
	{ "RDFTS", 0x02428, 1, 4, 0, 0x1FFF, ALL, RW, false },
	{ "RDFPC", 0x02430, 1, 4, 0, 0, ALL, RO, false },
	{ "RDBAL", 0x02800, 1, 4, 0, 0xFFFFFFF0, ALL, RW, false },
	{ "RDBAH", 0x02804, 1, 4, 0, ONES, ALL, RW, false },
	{ "RDLEN", 0x02808, 1, 4, 0, 0xFFF80, ALL, RW, false },
	{ "RDH", 0x02810, 1, 4, 0, 0xFFFF, ALL, RW, false },
	{ "RDT", 0x02818, 1, 4, 0, 0xFFFF, ALL, RW, false },
	{ "RDTR", 0x02820, 1, 4, 0, 0xFFFF, ALL, RW, false },
	{ "RXDCTL", 0x02828, 1, 4, 0x00010000, 0x013F3F3F, ALL, RW, false },
	{ "RADV", 0x0282C, 1, 4, 0, 0xFFFF, STAR, RW, false },
	{ "RSRPD", 0x02C00, 1, 4, 0, 0xFFF, STAR, RW, false },
	{ "TXDMAC", 0x03000, 1, 4, 0, 1, ALL, RW, false },
	{ "TDFH", 0x03410, 1, 4, 0, 0x1FFF, ALL, RW, false },
	{ "TDFT", 0x03418, 1, 4, 0, 0x1FFF, ALL, RW, false },
	{ "TDFHS", 0x03420, 1, 4, 0, 0x1FFF, ALL, RW, false },
	{ "TDFTS", 0x03428, 1, 4, 0, 0x1FFF, ALL, RW, false },
	{ "TDFPC", 0x03430, 1, 4, 0, 0x1FFF, ALL, RW, false },
	{ "TDBAL", 0x03800, 1, 4, 0, 0xFFFFFFF0, ALL, RW, false },
	{ "TDBAH", 0x03804, 1, 4, 0, ONES, ALL, RW, false },
	{ "TDLEN", 0x03808, 1, 4, 0, 0xFFF80, ALL, RW, false },
	{ "TDH", 0x03810, 1, 4, 0, 0xFFFF, ALL, RW, false },
	{ "TDT", 0x03818, 1, 4, 0, 0xFFFF, ALL, RW, false },
	{ "TIDV", 0x03820, 1, 4, 0, 0xFFFF, ALL, RW, false },
	{ "TXDCTL", 0x03828, 1, 4, 0, 0xFF3F3F3F, STAR, RW, false },
	{ "TXDCTL", 0x03828, 1, 4, 0, 0x013F3F3F, OLD, RW, false },
	{ "TADV", 0x0382C, 1, 4, 0, 0xFFFF, STAR, RW, false },
	{ "TSPMT", 0x03830, 1, 4, 0x01000400, ONES, ALL, RW, false },
	{ "CRCERRS", 0x04000, 1, 4, 0, 0, ALL, RC, false },
	{ "ALGNERRC", 0x04004, 1, 4, 0, 0, ALL, RC, false },
	{ "SYMERRS", 0x04008, 1, 4, 0, 0, ALL, RC, false },
	{ "RXERRC", 0x0400C, 1, 4, 0, 0, ALL, RC, false },
	{ "MPC", 0x04010, 1, 4, 0, 0, ALL, RC, false },
	{ "SCC", 0x04014, 1, 4, 0, 0, ALL, RC, false },
	{ "ECOL", 0x04018, 1, 4, 0, 0, ALL, RC, false },
	{ "MCC", 0x0401C, 1, 4, 0, 0, ALL, RC, false },
	{ "LATECOL", 0x04020, 1, 4, 0, 0, ALL, RC, false },
	{ "COLC", 0x04028, 1, 4, 0, 0, ALL, RC, false },
	{ "DC", 0x04030, 1, 4, 0, 0, ALL, RC, false },
	{ "TNCRS", 0x04034, 1, 4, 0, 0, ALL, RC, false },
	{ "SEC", 0x04038, 1, 4, 0, 0, ALL, RC, false },
	{ "CEXTERR", 0x0403C, 1, 4, 0, 0, ALL, RC, false },
	{ "RLEC", 0x04040, 1, 4, 0, 0, ALL, RC, false },
	{ "XONRXC", 0x04048, 1, 4, 0, 0, ALL, RC, false },
	{ "XONTXC", 0x0404C, 1, 4, 0, 0, ALL, RC, false },
	{ "XOFFRXC", 0x04050, 1, 4, 0, 0, ALL, RC, false },
	{ "XOFFTXC", 0x04054, 1, 4, 0, 0, ALL, RC, false },
	{ "FCRUC", 0x04058, 1, 4, 0, 0, ALL, RC, false },
	{ "PRC64", 0x0405C, 1, 4, 0, 0, ALL, RC, false },
	{ "PRC127", 0x04060, 1, 4, 0, 0, ALL, RC, false },
	{ "PRC255", 0x04064, 1, 4, 0, 0, ALL, RC, false },
	{ "PRC511", 0x04068, 1, 4, 0, 0, ALL, RC, false },
	{ "PRC1023", 0x0406C, 1, 4, 0, 0, ALL, RC, false },
	{ "PRC1522", 0x04070, 1, 4, 0, 0, ALL, RC, false },
	{ "GPRC", 0x04074, 1, 4, 0, 0, ALL, RC, false },
	{ "BPRC", 0x04078, 1, 4, 0, 0, ALL, RC, false },
	{ "MPRC", 0x0407C, 1, 4, 0, 0, ALL, RC, false },
	{ "GPTC", 0x04080, 1, 4, 0, 0, ALL, RC, false },
	{ "GORCL", 0x04088, 1, 4, 0, 0, ALL, TOTAL, false },
	{ "GORCH", 0x0408C, 1, 4, 0, 0, ALL, TOTAL, false },
	{ "GOTCL", 0x04090, 1, 4, 0, 0, ALL, TOTAL, false },
	{ "GOTCH", 0x04094, 1, 4, 0, 0, ALL, TOTAL, false },
	{ "RNBC", 0x040A0, 1, 4, 0, 0, ALL, RC, false },
	{ "RUC", 0x040A4, 1, 4, 0, 0, ALL, RC, false },
	{ "RFC", 0x040A8, 1, 4, 0, 0, ALL, RC, false },
	{ "ROC", 0x040AC, 1, 4, 0, 0, ALL, RC, false },
	{ "RJC", 0x040B0, 1, 4, 0, 0, ALL, RC, false },
	{ "MGTPRC", 0x040B4, 1, 4, 0, 0, STAR, RC, false },
	{ "MGTPDC", 0x040B8, 1, 4, 0, 0, STAR, RC, false },
	{ "MGTPTC", 0x040BC, 1, 4, 0, 0, STAR, RC, false },
	{ "TORL", 0x040C0, 1, 4, 0, 0, ALL, TOTAL, false },
	{ "TORH", 0x040C4, 1, 4, 0, 0, ALL, TOTAL, false },
	{ "TOTL", 0x040C8, 1, 4, 0, 0, ALL, TOTAL, false },
	{ "TOTH", 0x040CC, 1, 4, 0, 0, ALL, TOTAL, false },
	{ "TPR", 0x040D0, 1, 4, 0, 0, ALL, RC, false },
	{ "TPT", 0x040D4, 1, 4, 0, 0, ALL, RC, false },
	{ "PTC64", 0x040D8, 1, 4, 0, 0, ALL, RC, false },
	{ "PTC127", 0x040DC, 1, 4, 0, 0, ALL, RC, false },
	{ "PTC255", 0x040E0, 1, 4, 0, 0, ALL, RC, false },
	{ "PTC511", 0x040E4, 1, 4, 0, 0, ALL, RC, false },
	{ "PTC1023", 0x040E8, 1, 4, 0, 0, ALL, RC, false },
	{ "PTC1522", 0x040EC, 1, 4, 0, 0, ALL, RC, false },
	{ "MPTC", 0x040F0, 1, 4, 0, 0, ALL, RC, false },
	{ "BPTC", 0x040F4, 1, 4, 0, 0, ALL, RC, false },
	{ "TSCTC", 0x040F8, 1, 4, 0, 0, ALL, RC, false },
	{ "TSCTFC", 0x040FC, 1, 4, 0, 0, ALL, RC, false },
	{ "RXCSUM", 0x05000, 1, 4, 0, 0x7FF, STAR, RW, false },
	{ "RXCSUM", 0x05000, 1, 4, 0, 0x3FF, OLD, RW, false },
	{ "MTA", 0x05200, 128, 4, 0, ONES, ALL, RW, false },
	{ "RAL", 0x05400, 16, 8, 0, ONES, ALL, RW, false },
	{ "RAH", 0x05404, 16, 8, 0, 0x8003FFFF, ALL, RW, false },
	{ "VFTA", 0x05600, 128, 4, 0, ONES, ALL, RW, false },
	{ "WUC", 0x05800, 1, 4, 0, 0xB, ALL, OWN, false },
	{ "WUFC", 0x05808, 1, 4, 0, 0x000F00FF, STAR, RW, false },
	{ "WUFC", 0x05808, 1, 4, 0, 0x000F007F, OLD, RW, false },
	{ "WUS", 0x05810, 1, 4, 0, 0, ALL, OWN, true },
	{ "MANC", 0x05820, 1, 4, 0, 0, STAR, RW, false },
	{ "IPAV", 0x05838, 1, 4, 0, 0x1000F, ALL, RW, false },
	{ "IP4AT", 0x05840, 4, 8, 0, ONES, ALL, RW, false },
	{ "IP6AT", 0x05880, 4, 4, 0, ONES, ALL, RW, false },
	{ "WUPL", 0x05900, 1, 4, 0, 0xFFF, ALL, RW, true },
	{ "WUPM", 0x05A00, 32, 4, 0, ONES, ALL, RW, true },
	{ "SWSM", 0x05B50, 1, 4, 0, ONES, ALL, RW, false },
	{ "FFLT", 0x05F00, 4, 8, 0, 0xFFF, ALL, RW, false },
	{ "FFMT", 0x09000, 128, 8, 0, 0xF, ALL, RW, false },
	{ "FFVT", 0x09800, 128, 8, 0, ONES, ALL, RW, false },
	{ "PBM", 0x10000, 0x4000, 4, 0, 0, ALL, RO, false },
};

#define ENTRIES	(sizeof(map) / sizeof(map[0]))

static struct host *h;
static unsigned int chip;		/* a bit of entry.chips */

/* ----------------------------------------------------------------- helpers */

static inline void
map_power(enum e82540_chip which)
{
	chip = 1u << which;
	h = host_new(which);
	host_power(h);
}

static inline void
map_power_off(void)
{
	host_free(h);
	h = NULL;
}

static inline int
map_teardown(void **state)
{
	(void)state;
	if (h != NULL)
		map_power_off();
	return 0;
}

static inline void
each_chip(void (*test)(void))
{
	static const enum e82540_chip chips[] = { E82540_82540EM,
		E82540_82545EM, E82540_82544GC };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		map_power(chips[i]);
		test();
		map_power_off();
	}
}

static inline void
each_entry(void (*test)(const struct entry *))
{
	unsigned int i;

	for (i = 0; i < ENTRIES; i++)
		if (map[i].chips & chip)
			test(&map[i]);
}

static inline uint32_t
entry_offset(const struct entry *e, unsigned int i)
{
	return e->offset + i * e->stride;
}

static inline const struct entry *
entry_at(uint32_t offset)
{
	unsigned int i;

	for (i = 0; i < ENTRIES; i++)
		if (map[i].chips & chip && offset >= map[i].offset &&
		    (offset - map[i].offset) % map[i].stride == 0 &&
		    (offset - map[i].offset) / map[i].stride < map[i].count)
			return &map[i];
	return NULL;
}

static inline void
expect_register(const struct entry *e, uint32_t offset, uint32_t want)
{
	uint32_t got = host_read(h, offset);

	if (got != want)
		fail_msg("chip %x, %s (%05X): %08X, not %08X", chip, e->name,
		    offset, got, want);
}

/* Does the MAC see a link? */
static inline bool
status_lu(void)
{
	return host_read(h, E1000_STATUS) & E1000_STATUS_LU;
}

static inline void
link_up(void)
{
	host_write(h, E1000_CTRL, host_read(h, E1000_CTRL) | E1000_CTRL_SLU);
	host_advance(h, h->config.link_delay_ns + 1000);
	host_read(h, E1000_ICR);
	assert_true(status_lu());
}

#endif
