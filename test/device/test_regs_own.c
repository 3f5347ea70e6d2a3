/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers that do more than hold what is written, one by one.  Interrupts,
 * rings, EEPROM, PHY and wake-up proper have tests of their own elsewhere.
 */
#include "regs_map.h"

/* 5.6: words of the EEPROM set CTRL, TXCW, WUC and the address up. */
static void
eeprom_check(const uint16_t nvm[64], uint32_t check_ctrl, uint32_t txcw,
    uint32_t wuc)
{
	host_free(h);
	h = host_new(chip == OLD ? E82540_82544GC : E82540_82540EM);
	h->config.nvm = nvm;
	assert_int_equal(e82540_init(h->dev, &h->config, h->now_ns), 0);
	e82540_link_set(h->dev, h->now_ns, true);
	host_advance(h, h->config.link_delay_ns);
	assert_int_equal(host_read(h, E1000_CTRL), check_ctrl);
	assert_int_equal(host_read(h, E1000_CTRL_DUP), check_ctrl);
	assert_int_equal(host_read(h, E1000_TXCW), txcw);
	assert_int_equal(host_read(h, E1000_WUC), wuc);
	assert_int_equal(status_lu(), (check_ctrl & E1000_CTRL_SLU) != 0);
}

static void
check_eeproms(void)
{
	uint32_t base = chip == OLD ? 0x200 : 0x100200;
	uint16_t nvm[64] = { 0x2211, 0x4433, 0x6655 };

	/* No signature: as if there were no EEPROM. */
	eeprom_check(nvm, base | 1, 0, 0);
	assert_int_equal(host_read(h, E1000_RAL(0)), 0);
	assert_int_equal(host_read(h, E1000_RAH(0)), 0);
	nvm[0x0A] = 0x4000;
	eeprom_check(nvm, base, 0, 0);
	assert_int_equal(host_read(h, E1000_RAL(0)), 0x44332211);
	assert_int_equal(host_read(h, E1000_RAH(0)), 0x80006655);
	nvm[0x0A] = 0x4400;		/* full duplex */
	eeprom_check(nvm, base | E1000_CTRL_FD, E1000_TXCW_FD, 0);
	nvm[0x0A] = 0x4A10;		/* FRCSPD, LRST, ILOS */
	eeprom_check(nvm, base | 0x888, 0, 0);
	nvm[0x0A] = 0x4000;
	nvm[0x0F] = 0xB800;		/* APM PME#, ASM_DIR, PAUSE, ANE */
	eeprom_check(nvm, base, 0x80000180, 8);
	/* APM: the link comes up before there is a driver. */
	nvm[0x0F] = 0x0004;
	nvm[0x24] = 0;
	eeprom_check(nvm, chip == OLD ? base | 0x40 : base, 0, chip == OLD);
	nvm[0x0F] = 0;
	nvm[0x24] = 0x0400;
	eeprom_check(nvm, chip == OLD ? base : base | 0x40, 0, chip != OLD);
}

static void
test_eeprom(void **state)
{
	(void)state;
	each_chip(check_eeproms);
}

/*
 * CTRL.RST does not touch the PHY.  If the EEPROM sets SLU, the link stays up,
 * and there is no LSC.
 */
static void
test_reset_link(void **state)
{
	uint16_t
	    nvm[64] = { [E1000_NVM_ICW1] = 0x4000, [E1000_NVM_ICW3] = 0x0400 };

	(void)state;
	map_power(E82540_82540EM);
	eeprom_check(nvm, 0x100240, 0, E1000_WUC_APME);
	assert_int_equal(host_read(h, E1000_ICR), E1000_ICR_LSC);
	host_write(h, E1000_CTRL, E1000_CTRL_RST);
	assert_true(status_lu());
	assert_int_equal(host_read(h, E1000_ICR), 0);
}

/* 13.4.6: EE_RST reads the EEPROM again, and then reads 0. */
static void
test_ctrl_ext(void **state)
{
	(void)state;
	map_power(E82540_82540EM);
	host_write(h, E1000_RAL(0), 0xDEADBEEF);
	host_write(h, E1000_RAH(0), 0);
	host_write(h, E1000_RAL(1), 0x01020304);
	host_write(h, E1000_TXCW, 0xFFFF);
	host_write(h, E1000_CTRL_EXT,
	    E1000_CTRL_EXT_RO_DIS | E1000_CTRL_EXT_ASDCHK);
	assert_int_equal(host_read(h, E1000_RAL(0)), 0xDEADBEEF);
	host_write(h, E1000_CTRL_EXT,
	    E1000_CTRL_EXT_RO_DIS | E1000_CTRL_EXT_EE_RST);
	assert_int_equal(host_read(h, E1000_CTRL_EXT), E1000_CTRL_EXT_RO_DIS);
	assert_int_equal(host_read(h, E1000_RAL(0)), 0x12005452);
	assert_int_equal(host_read(h, E1000_RAH(0)), 0x80005634);
	assert_int_equal(host_read(h, E1000_RAL(1)), 0x01020304);
	assert_int_equal(host_read(h, E1000_TXCW) & E1000_TXCW_ANE, 0);
}

/* CTRL (13.4.1): two addresses; which bits hold. */
static void
check_ctrl(void)
{
	uint32_t mask = entry_at(E1000_CTRL)->mask, way;

	for (way = E1000_CTRL; way <= E1000_CTRL_DUP; way += 4) {
		host_write(h, way, ~E1000_CTRL_RST);
		assert_int_equal(host_read(h, E1000_CTRL), mask);
		assert_int_equal(host_read(h, E1000_CTRL_DUP), mask);
		host_write(h, way, 0);
		assert_int_equal(host_read(h, E1000_CTRL), 0);
		assert_int_equal(host_read(h, E1000_CTRL_DUP), 0);
	}
	/* Bits written together with RST are reset, too. */
	host_write(h, E1000_TDT, 5);
	host_write(h, E1000_CTRL_DUP, ~E1000_CTRL_PHY_RST);
	assert_int_equal(host_read(h, E1000_TDT), 0);
	/* ... except VME, which drivers do not set again. */
	assert_int_equal(host_read(h, E1000_CTRL) & E1000_CTRL_VME,
	    E1000_CTRL_VME);
	host_write(h, E1000_CTRL, E1000_CTRL_RST);
	assert_int_equal(host_read(h, E1000_CTRL) & E1000_CTRL_VME, 0);
	assert_int_equal(host_counters(h).resets, 2);
}

static void
test_ctrl(void **state)
{
	(void)state;
	each_chip(check_ctrl);
}

/* SLU: the MAC sees the PHY's link, and sets LSC (13.4.17). */
static void
test_ctrl_link(void **state)
{
	(void)state;
	map_power(E82540_82540EM);
	link_up();
	host_write(h, E1000_CTRL, 0);
	assert_false(status_lu());
	assert_int_equal(host_read(h, E1000_ICR), E1000_ICR_LSC);
	host_write(h, E1000_CTRL, E1000_CTRL_SLU);
	assert_true(status_lu());
	assert_int_equal(host_read(h, E1000_ICR), E1000_ICR_LSC);

	/* PHY_RST: its rising edge costs the link, until negotiated anew. */
	host_write(h, E1000_CTRL, E1000_CTRL_SLU | E1000_CTRL_PHY_RST);
	assert_false(status_lu());
	host_advance(h, h->config.link_delay_ns);
	assert_true(status_lu());
	host_write(h, E1000_CTRL, E1000_CTRL_SLU | E1000_CTRL_PHY_RST);
	host_write(h, E1000_CTRL, E1000_CTRL_SLU);
	assert_true(status_lu());
	host_write(h, E1000_CTRL,
	    E1000_CTRL_SLU | E1000_CTRL_PHY_RST | E1000_CTRL_RST);
	assert_false(status_lu());
	assert_int_equal(host_read(h, E1000_CTRL) & E1000_CTRL_PHY_RST, 0);
}

/* 13.4.2 */
static void
test_status(void **state)
{
	uint32_t status;

	(void)state;
	map_power(E82540_82540EM);
	link_up();
	status = host_read(h, E1000_STATUS);
	assert_int_equal(status & 0xFF,
	    E1000_STATUS_FD | E1000_STATUS_LU | E1000_STATUS_SPEED_1000);
	host_write(h, E1000_STATUS, 0);
	assert_int_equal(host_read(h, E1000_STATUS), status);
	host_write(h, E1000_STATUS, ~status);
	assert_int_equal(host_read(h, E1000_STATUS), status);
}

/* 13.4.16: the two parts make 64 KiB. */
static void
test_pba(void **state)
{
	static const struct {
		uint32_t write, rxa;
	} pba[] = { { 0x30, 48 }, { 0x28, 40 }, { 8, 8 }, { 0x38, 56 },
		{ 0x40, 56 }, { 0x7F, 56 }, { ONES, 56 }, { 0x0F, 8 },
		{ 0xFFFF0010, 16 }, { 0x80, 0 }, { 0, 0 } };
	unsigned int i;

	(void)state;
	map_power(E82540_82540EM);
	for (i = 0; i < sizeof(pba) / sizeof(*pba); i++) {
		host_write(h, E1000_PBA, pba[i].write);
		assert_int_equal(host_read(h, E1000_PBA),
		    (64 - pba[i].rxa) << 16 | pba[i].rxa);
	}
}

/* IMC is for writing (13.4.21); ICS shows ICR. */
static void
test_causes(void **state)
{
	(void)state;
	map_power(E82540_82540EM);
	host_write(h, E1000_ICS, ONES);
	assert_int_equal(host_read(h, E1000_ICS), E1000_ICR_MASK);
	host_write(h, E1000_ICR, ~E1000_ICR_TXDW);
	assert_int_equal(host_read(h, E1000_ICR), E1000_ICR_TXDW);
	assert_int_equal(host_read(h, E1000_ICR), 0);
	host_write(h, E1000_IMS, ONES);
	host_write(h, E1000_IMS, 0);
	assert_int_equal(host_read(h, E1000_IMS), E1000_ICR_MASK);
	host_write(h, E1000_IMC, ~E1000_ICR_LSC);
	assert_int_equal(host_read(h, E1000_IMC), 0);
	assert_int_equal(host_read(h, E1000_IMS), E1000_ICR_LSC);
}

/* 13.6.1, 13.6.3 */
static void
test_wake(void **state)
{
	(void)state;
	map_power(E82540_82540EM);
	host_write(h, E1000_WUC, ONES);
	assert_int_equal(host_read(h, E1000_WUC), 0xB);
	host_write(h, E1000_WUC, 0);
	assert_int_equal(host_read(h, E1000_WUC), 0);
	h->dev->reg[E1000_WUS / 4] = 0xF0033;
	assert_int_equal(host_read(h, E1000_WUS), 0xF0033);
	host_write(h, E1000_WUS, 0x10001);
	assert_int_equal(host_read(h, E1000_WUS), 0xE0032);
	/* Only power-on clears it, no other reset (14.7). */
	host_write(h, E1000_CTRL, E1000_CTRL_RST);
	assert_int_equal(host_read(h, E1000_WUS), 0xE0032);
	host_write(h, E1000_WUS, ONES);
	assert_int_equal(host_read(h, E1000_WUS), 0);
}

/* Commands to EEPROM and PHY are done at once (13.4.3, 13.4.4, 13.4.7). */
static void
test_commands(void **state)
{
	uint32_t mdic = E1000_PHY_ADDR << E1000_MDIC_PHY_SHIFT |
	    E1000_PHY_ID1 << E1000_MDIC_REG_SHIFT | E1000_MDIC_OP_READ;

	(void)state;
	map_power(E82540_82540EM);
	host_write(h, E1000_EERD,
	    1u << E1000_EERD_ADDR_SHIFT | E1000_EERD_START);
	assert_int_equal(host_read(h, E1000_EERD), 0x12000110);
	host_write(h, E1000_MDIC, mdic);
	assert_int_equal(host_read(h, E1000_MDIC),
	    mdic | E1000_MDIC_R | E1000_PHY_ID1_MARVELL);
	host_write(h, E1000_EECD, E1000_EECD_REQ);
	assert_int_equal(host_read(h, E1000_EECD) &
		(E1000_EECD_REQ | E1000_EECD_GNT | E1000_EECD_PRES),
	    E1000_EECD_REQ | E1000_EECD_GNT | E1000_EECD_PRES);
	host_write(h, E1000_CTRL, E1000_CTRL_RST);
	assert_int_equal(host_read(h, E1000_EERD), 0);
	assert_int_equal(host_read(h, E1000_MDIC), 0);
	assert_int_equal(host_read(h, E1000_EECD) & E1000_EECD_GNT, 0);
}

/* 13.4.33: SWXOFF sends one PAUSE, and is gone. */
static void
test_swxoff(void **state)
{
	(void)state;
	map_power(E82540_82540EM);
	link_up();
	host_write(h, E1000_FCAL, E1000_FCAL_PAUSE);
	host_write(h, E1000_FCAH, E1000_FCAH_PAUSE);
	host_write(h, E1000_FCT, E1000_FCT_PAUSE);
	host_write(h, E1000_FCTTV, 0x1234);
	host_write(h, E1000_TCTL, E1000_TCTL_EN);
	assert_int_equal(h->packets, 0);
	host_write(h, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_SWXOFF);
	assert_int_equal(host_read(h, E1000_TCTL), E1000_TCTL_EN);
	assert_int_equal(h->packets, 1);
	assert_memory_equal(h->sent[0].data, "\x01\x80\xC2\x00\x00\x01", 6);
	assert_memory_equal(h->sent[0].data + 12, "\x88\x08\x00\x01\x12\x34",
	    6);
}

/* 13.8: the registers show the frames that wait in the receive FIFO. */
static void
test_fifo(void **state)
{
	static const uint8_t needle[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	static uint8_t bytes[100] = { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF };
	struct e82540_frame frame = { bytes, sizeof(bytes), 0 };
	uint32_t at, used, word;

	(void)state;
	map_power(E82540_82540EM);
	link_up();
	memcpy(bytes + 40, needle, sizeof(needle));
	host_write(h, E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_BAM);
	assert_int_equal(e82540_receive(h->dev, h->now_ns, &frame, 1), 1);
	assert_int_equal(host_read(h, E1000_RDFPC), 1);
	used = (host_read(h, E1000_RDFT) - host_read(h, E1000_RDFH)) * 8;
	assert_in_range(used, sizeof(bytes), sizeof(bytes) + 16);
	at = host_read(h, E1000_RDFH) * 8;
	for (used += at; at < used; at += 4) {
		word = e1000_le32(host_read(h, E1000_PBM(0) + at));
		if (memcmp(&word, needle, 4) == 0)
			break;
	}
	assert_true(at < used);
	word = e1000_le32(host_read(h, E1000_PBM(1) + at));
	assert_memory_equal(&word, needle + 4, 4);
	host_write(h, E1000_PBM(0) + at, 0);
	host_write(h, E1000_RDFPC, 0);
	host_write(h, E1000_RDFT, 0);
	assert_int_equal(host_read(h, E1000_RDFPC), 1);
	host_write(h, E1000_CTRL, E1000_CTRL_RST);
	assert_int_equal(host_read(h, E1000_RDFPC), 0);
	/* They run freely, and are seen in 13 bits. */
	h->dev->rx.fifo_head = h->dev->rx.fifo_tail = 0x12345678;
	assert_int_equal(host_read(h, E1000_RDFH), 0xACF);
	assert_int_equal(host_read(h, E1000_RDFT), 0xACF);
}

/* ------------------------------------------------------------------- rings */

#define RING	HOST_RAM		/* 8 descriptors */
#define BUFFER	(HOST_RAM + 0x1000)

static void
tx_desc(unsigned int i)
{
	struct e1000_tx_desc *desc = host_ram(h, RING);

	desc[i].buffer_addr = BUFFER;
	desc[i].length = 60;
	desc[i].cmd = E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS;
}

/* There is a packet once all registers say so, whichever was written last. */
static void
test_tx_ring(void **state)
{
	(void)state;
	map_power(E82540_82540EM);
	link_up();
	tx_desc(0);
	tx_desc(1);
	host_write(h, E1000_TCTL, E1000_TCTL_EN);
	host_write(h, E1000_TDBAL, RING);
	host_write(h, E1000_TDT, 1);
	assert_int_equal(h->packets, 0);
	host_write(h, E1000_TDLEN, 8 * 16);
	assert_int_equal(h->packets, 1);
	assert_int_equal(host_read(h, E1000_TDH), 1);
	host_write(h, E1000_TDH, 0);
	assert_int_equal(h->packets, 2);
	host_write(h, E1000_TCTL, 0);
	host_write(h, E1000_TDT, 2);
	assert_int_equal(h->packets, 2);
	host_write(h, E1000_TCTL, E1000_TCTL_EN);
	assert_int_equal(h->packets, 3);
}

static void
frame_arrives(void)
{
	static const uint8_t bytes[60] = { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF };
	struct e82540_frame frame = { bytes, sizeof(bytes), 0 };

	assert_int_equal(e82540_receive(h->dev, h->now_ns, &frame, 1), 1);
}

/* So for a frame that waits in the FIFO. */
static void
test_rx_ring(void **state)
{
	struct e1000_rx_desc *desc;

	(void)state;
	map_power(E82540_82540EM);
	link_up();
	desc = host_ram(h, RING);
	desc[0].buffer_addr = desc[1].buffer_addr = BUFFER;
	host_write(h, E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_BAM);
	host_write(h, E1000_RDBAL, RING);
	host_write(h, E1000_RDT, 1);
	frame_arrives();
	assert_int_equal(host_read(h, E1000_RDFPC), 1);
	host_write(h, E1000_RDLEN, 8 * 16);
	assert_int_equal(host_read(h, E1000_RDFPC), 0);
	assert_int_equal(host_read(h, E1000_RDH), 1);
	frame_arrives();
	assert_int_equal(host_read(h, E1000_RDFPC), 1);
	host_write(h, E1000_RDH, 0);
	assert_int_equal(host_read(h, E1000_RDFPC), 0);
	frame_arrives();
	assert_int_equal(host_read(h, E1000_RDFPC), 1);
	host_write(h, E1000_RDT, 2);
	assert_int_equal(host_read(h, E1000_RDFPC), 0);
}

#define TEST(f) cmocka_unit_test_teardown(f, map_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_eeprom),
		TEST(test_reset_link),
		TEST(test_ctrl_ext),
		TEST(test_ctrl),
		TEST(test_ctrl_link),
		TEST(test_status),
		TEST(test_pba),
		TEST(test_causes),
		TEST(test_wake),
		TEST(test_commands),
		TEST(test_swxoff),
		TEST(test_fifo),
		TEST(test_tx_ring),
		TEST(test_rx_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
