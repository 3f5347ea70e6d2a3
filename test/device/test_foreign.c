/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What other people's drivers do, register by register, and rely on: most of
 * them were written beside QEMU's e1000, not beside the manual.
 */
#include "one_host.h"

#define TX_RING		(HOST_RAM + 0x1000u)
#define RX_RING		(HOST_RAM + 0x2000u)
#define TX_BUFFER	(HOST_RAM + 0x4000u)
#define RX_BUFFERS	(HOST_RAM + 0x8000u)
#define RX_COUNT	16u

static const enum e82540_chip chips[] = { E82540_82540EM, E82540_82545EM,
	E82540_82544GC };

/* Power on as a VMM does: nothing that a driver does. */
static void
vmm_power(enum e82540_chip chip)
{
	h->config.chip = chip;
	memset(h->ram, 0, HOST_RAM_BYTES);
	h->packets = 0;
	host_plug(h);
	host_advance(h, h->config.link_delay_ns);
}

static bool
lu(void)
{
	return host_read(h, E1000_STATUS) & E1000_STATUS_LU;
}

/* ------------------------------------------------------- without CTRL.SLU */

/* In the order of xv6's drivers: RDT before RDLEN. */
static void
rings_up(void)
{
	struct e1000_rx_desc *rx = host_ram(h, RX_RING);
	uint32_t i;

	host_write(h, E1000_TDBAL, TX_RING);
	host_write(h, E1000_TDLEN, 16 * 16);
	host_write(h, E1000_TDH, 0);
	host_write(h, E1000_TDT, 0);
	for (i = 0; i < RX_COUNT; i++)
		rx[i].buffer_addr = RX_BUFFERS + i * 2048;
	host_write(h, E1000_RDBAL, RX_RING);
	host_write(h, E1000_RDH, 0);
	host_write(h, E1000_RDT, RX_COUNT - 1);
	host_write(h, E1000_RDLEN, RX_COUNT * 16);
}

static void
one_each_way(void)
{
	struct e1000_tx_desc *tx = host_ram(h, TX_RING);
	struct e1000_rx_desc *rx = host_ram(h, RX_RING);
	uint8_t data[60];
	struct e82540_frame frame = { data, sizeof(data), 0 };

	memset(data, 0xff, sizeof(data));
	memcpy(host_ram(h, TX_BUFFER), data, sizeof(data));
	tx->buffer_addr = TX_BUFFER;
	tx->length = sizeof(data);
	tx->cmd = E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS | E1000_TXD_CMD_RS;
	host_write(h, E1000_TDT, 1);
	assert_int_equal(h->packets, 1);
	assert_int_equal(h->sent[0].len_bytes, sizeof(data));
	assert_int_equal(e82540_receive(h->dev, h->now_ns, &frame, 1), 1);
	assert_true(rx->status & E1000_RXD_STAT_DD);
	assert_memory_equal(host_ram(h, RX_BUFFERS), data, sizeof(data));
}

/*
 * Teaching kernels: reset, rings, enables, and never SLU.  The EEPROM's APM bit
 * sets it (13.4.1).
 */
static void
test_no_slu(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		vmm_power(chips[i]);
		assert_true(lu());
		host_write(h, E1000_IMS, 0);
		host_write(h, E1000_CTRL,
		    host_read(h, E1000_CTRL) | E1000_CTRL_RST);
		host_write(h, E1000_IMS, 0);
		rings_up();
		host_write(h, E1000_TCTL,
		    E1000_TCTL_EN | E1000_TCTL_PSP |
			0x10u << E1000_TCTL_CT_SHIFT |
			0x40u << E1000_TCTL_COLD_SHIFT);
		host_write(h, E1000_RCTL,
		    E1000_RCTL_EN | E1000_RCTL_BAM | E1000_RCTL_SECRC);
		one_each_way();
		assert_true(lu());
		/* After a reset of the whole machine, too. */
		e82540_reset(h->dev, h->now_ns);
		host_advance(h, h->config.link_delay_ns);
		assert_true(lu());
		/* A driver that clears it has no link. */
		host_write(h, E1000_CTRL, 0);
		assert_false(lu());
	}
}

/* config.no_apm, and an EEPROM of the host's. */
static void
test_apm(void **state)
{
	uint16_t nvm[64] = { [E1000_NVM_ICW1] = 0x4000 };
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		vmm_power(chips[i]);
		assert_int_equal(host_read(h, E1000_WUC), E1000_WUC_APME);
		h->config.no_apm = true;
		vmm_power(chips[i]);
		assert_false(lu());
		assert_int_equal(host_read(h, E1000_WUC), 0);
		host_write(h, E1000_CTRL, E1000_CTRL_RST);
		assert_false(lu());
		host_write(h, E1000_CTRL, E1000_CTRL_SLU);
		assert_true(lu());
		h->config.no_apm = false;
		h->config.nvm = nvm;
		vmm_power(chips[i]);
		assert_false(lu());
		h->config.nvm = NULL;
	}
}

/* ------------------------------------------------------------- registers */

/* What was set, and what else is in ICR; a read of ICR clears it. */
static void
test_ics_reads_back(void **state)
{
	(void)state;
	vmm_power(E82540_82540EM);
	(void)host_read(h, E1000_ICR);
	assert_int_equal(host_read(h, E1000_ICS), 0);
	host_write(h, E1000_ICS, E1000_ICR_RXSEQ | E1000_ICR_TXDW);
	assert_int_equal(host_read(h, E1000_ICS),
	    E1000_ICR_RXSEQ | E1000_ICR_TXDW);
	assert_int_equal(host_read(h, E1000_ICS),
	    E1000_ICR_RXSEQ | E1000_ICR_TXDW);
	host_write(h, E1000_ICR, E1000_ICR_TXDW);
	assert_int_equal(host_read(h, E1000_ICS), E1000_ICR_RXSEQ);
	assert_int_equal(host_read(h, E1000_ICR), E1000_ICR_RXSEQ);
	assert_int_equal(host_read(h, E1000_ICS), 0);
}

/* RCTL.LBM is not for the internal PHY: frames pass, as in QEMU. */
static void
test_lbm(void **state)
{
	uint32_t lbm;
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++)
		for (lbm = 0; lbm < 4; lbm++) {
			vmm_power(chips[i]);
			rings_up();
			host_write(h, E1000_TCTL, E1000_TCTL_EN);
			host_write(h, E1000_RCTL,
			    E1000_RCTL_EN | E1000_RCTL_BAM |
				lbm << E1000_RCTL_LBM_SHIFT);
			one_each_way();
			assert_int_equal(host_read(h, E1000_RDH), 1);
			assert_int_equal(host_read(h, E1000_GPRC), 1);
		}
}

/* U-Boot takes the semaphore before it reads the EEPROM. */
static void
test_swsm(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		vmm_power(chips[i]);
		host_write(h, E1000_SWSM, host_read(h, E1000_SWSM) | 2);
		assert_int_equal(host_read(h, E1000_SWSM), 2);
		host_write(h, E1000_SWSM, host_read(h, E1000_SWSM) & ~3u);
		assert_int_equal(host_read(h, E1000_SWSM), 0);
		assert_int_equal(bad_accesses(), 0);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		ONE_HOST_TEST(test_no_slu),
		ONE_HOST_TEST(test_apm),
		ONE_HOST_TEST(test_ics_reads_back),
		ONE_HOST_TEST(test_swsm),
		ONE_HOST_TEST(test_lbm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
