/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI: configuration space and its masks, capabilities, INTA# against MSI, bus
 * mastering, power states.
 */
#include "one_host.h"

#define COMMAND		E82540_PCI_COMMAND
#define STATUS		0x06
#define PMC		0xDE
#define PMCSR		0xE0
#define PM_DATA		0xE3
#define MSI_CONTROL	0xF2
#define MSI_ADDRESS	0xF4
#define MSI_ADDRESS_HIGH 0xF8
#define MSI_DATA	0xFC

#define INTERRUPT	0x0008u		/* of STATUS */
#define D0		0x0000u
#define D3		0x0003u

static int
setup_pci(void **state)
{
	one_host_setup(state);
	h->config.msi = true;
	return 0;
}

static uint32_t
config_get(uint32_t offset, unsigned int size)
{
	return e82540_pci_read(h->dev, h->now_ns, offset, size);
}

static void
config_put(uint32_t offset, unsigned int size, uint32_t value)
{
	e82540_pci_write(h->dev, h->now_ns, offset, size, value);
}

static void
pci_power(enum e82540_chip chip)
{
	h->config.chip = chip;
	assert_int_equal(e82540_init(h->dev, &h->config, h->now_ns), 0);
}

/* ----------------------------------------------------------------- header */

static void
test_header(void **state)
{
	static const uint32_t id[] = { 0x100E8086, 0x100F8086, 0x100C8086 };
	static const uint32_t subsystem[] = { 0x001E8086, 0x10018086,
		0x11128086 };
	static const uint32_t class[] = { 0x02000002, 0x02000001, 0x02000002 };
	unsigned int chip;

	(void)state;
	for (chip = 0; chip < 3; chip++) {
		pci_power(chip);
		assert_int_equal(config_get(0x00, 4), id[chip]);
		assert_int_equal(config_get(0x04, 4), 0x02300000);
		assert_int_equal(config_get(0x08, 4), class[chip]);
		assert_int_equal(config_get(0x0C, 4), 0);
		assert_int_equal(config_get(0x10, 4), 0);
		assert_int_equal(config_get(0x14, 4), 0);
		assert_int_equal(config_get(0x18, 4), 1);
		assert_int_equal(config_get(0x28, 4), 0);
		assert_int_equal(config_get(0x2C, 4), subsystem[chip]);
		assert_int_equal(config_get(0x30, 4), 0);
		assert_int_equal(config_get(0x34, 4), 0xDC);
		assert_int_equal(config_get(0x3C, 4), 0x00FF0100);
	}
	/* In parts. */
	assert_int_equal(config_get(0x00, 2), 0x8086);
	assert_int_equal(config_get(0x02, 2), 0x100C);
	assert_int_equal(config_get(0x0B, 1), 0x02);
	assert_int_equal(config_get(0x3D, 1), 0x01);
}

static void
test_masks(void **state)
{
	static const struct {
		uint8_t offset;
		uint32_t ones, zeros;	/* as it reads after */
	} rows[] = {
		{ 0x04, 0x02300557, 0x02300000 },
		{ 0x0C, 0x0000FFFF, 0 },
		{ 0x10, 0xFFFE0000, 0 },
		{ 0x18, 0xFFFFFFF9, 1 },
		{ 0x3C, 0x00FF01FF, 0x00FF0100 },
		{ 0xF0, 0x00F10005, 0x00800005 },
		{ 0xF4, 0xFFFFFFFC, 0 },
		{ 0xF8, 0xFFFFFFFF, 0 },
		{ 0xFC, 0x0000FFFF, 0 },
	};
	uint32_t was, offset;
	unsigned int i;

	(void)state;
	pci_power(E82540_82540EM);
	for (offset = 0; offset < 256; offset += 4) {
		for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			if (rows[i].offset == offset)
				break;
		if (offset == PMCSR)
			continue;
		was = config_get(offset, 4);
		config_put(offset, 4, 0xFFFFFFFF);
		assert_int_equal(config_get(offset, 4),
		    i < sizeof(rows) / sizeof(rows[0]) ? rows[i].ones : was);
		config_put(offset, 4, 0);
		assert_int_equal(config_get(offset, 4),
		    i < sizeof(rows) / sizeof(rows[0]) ? rows[i].zeros : was);
	}
	/* Bytes and halves go where they belong. */
	config_put(0x12, 2, 0xFEBC);
	assert_int_equal(config_get(0x10, 4), 0xFEBC0000);
	config_put(0x13, 1, 0x12);
	assert_int_equal(config_get(0x10, 4), 0x12BC0000);
	config_put(0x19, 1, 0xC0);
	assert_int_equal(config_get(0x18, 4), 0xC001);
	config_put(0x3C, 1, 11);
	assert_int_equal(config_get(0x3C, 4), 0x00FF010B);
	e82540_reset(h->dev, h->now_ns);
	assert_int_equal(config_get(0x10, 4), 0);
	assert_int_equal(config_get(0x3C, 1), 0);
}

/* As a BIOS finds out how large BARs are. */
static void
test_sizing(void **state)
{
	(void)state;
	pci_power(E82540_82540EM);
	config_put(0x10, 4, 0xFFFFFFFF);
	assert_int_equal(~(config_get(0x10, 4) & ~0xFu) + 1, 0x20000);
	assert_int_equal(config_get(0x10, 4) & 0xF, 0);	/* 32 bits, memory */
	config_put(0x18, 4, 0xFFFFFFFF);
	assert_int_equal(~(config_get(0x18, 4) & ~0x3u) + 1, 8);
	assert_int_equal(config_get(0x18, 4) & 3, 1);		/* I/O */
	config_put(0x14, 4, 0xFFFFFFFF);
	assert_int_equal(config_get(0x14, 4), 0);
	config_put(0x30, 4, 0xFFFFFFFF);
	assert_int_equal(config_get(0x30, 4), 0);
}

static void
test_capabilities(void **state)
{
	(void)state;
	pci_power(E82540_82540EM);
	assert_int_equal(config_get(STATUS, 2) & 0x10, 0x10);
	assert_int_equal(config_get(0xDC, 2), 0xF001);
	assert_int_equal(config_get(PMC, 2), 0x4822);
	assert_int_equal(config_get(0xF0, 4), 0x00800005);
	h->config.msi = false;
	pci_power(E82540_82545EM);
	assert_int_equal(config_get(0xDC, 2), 0x0001);
	config_put(0xF0, 4, 0xFFFFFFFF);
	config_put(0xF4, 4, 0xFFFFFFFF);
	config_put(0xF8, 4, 0xFFFFFFFF);
	config_put(0xFC, 4, 0xFFFFFFFF);
	assert_int_equal(config_get(0xF0, 4) | config_get(0xF4, 4) |
		config_get(0xF8, 4) | config_get(0xFC, 4),
	    0);
}

static void
test_bad_accesses(void **state)
{
	static const struct {
		uint32_t offset;
		unsigned int size;
	} rows[] = {
		{ 256, 1 },
		{ 256, 4 },
		{ 0xFFFFFFFC, 4 },
		{ 255, 2 },
		{ 254, 4 },
		{ 1, 2 },
		{ 2, 4 },
		{ 0, 0 },
		{ 0, 3 },
		{ 0, 8 },
		{ 0, 0xFFFFFFFF },
	};
	unsigned int i, n = sizeof(rows) / sizeof(rows[0]);

	(void)state;
	pci_power(E82540_82540EM);
	for (i = 0; i < n; i++) {
		config_get(rows[i].offset, rows[i].size);
		config_put(rows[i].offset, rows[i].size, 0xFFFFFFFF);
	}
	assert_int_equal(bad_accesses(), 2 * n);
	assert_int_equal(config_get(COMMAND, 2), 0);
	assert_int_equal(config_get(0, 4), 0x100E8086);
}

static void
test_ids_of_eeprom(void **state)
{
	uint16_t nvm[64] = { 0 };

	(void)state;
	nvm[0x0A] = 0x4003;
	nvm[0x0B] = 0x0750;
	nvm[0x0C] = 0x15AD;
	nvm[0x0D] = 0x1011;
	nvm[0x0E] = 0x8086;
	h->config.nvm = nvm;
	pci_power(E82540_82545EM);
	assert_int_equal(config_get(0x00, 4), 0x10118086);
	assert_int_equal(config_get(0x2C, 4), 0x075015AD);
	/* Without the load bits the ids are as without EEPROM. */
	nvm[0x0A] = 0x4000;
	pci_power(E82540_82545EM);
	assert_int_equal(config_get(0x00, 4), 0x100F8086);
	assert_int_equal(config_get(0x2C, 4), 0x00008086);
	/* Without a signature the EEPROM is ignored. */
	nvm[0x0A] = 0x800B;
	pci_power(E82540_82545EM);
	assert_int_equal(config_get(0x00, 4), 0x100F8086);
	assert_int_equal(config_get(0x2C, 4), 0x00008086);
	/* Power management is off then: the device cannot wake the guest. */
	assert_int_equal(config_get(PMC, 2), 0x0022);
	config_put(PMCSR, 2, 0xFFFF);
	assert_int_equal(config_get(PMCSR, 4), D3);
	h->config.nvm = NULL;
}

/* ------------------------------------------------------------- interrupts */

static void
cause_raise(void)
{
	host_write(h, E1000_IMS, E1000_ICR_LSC);
	host_write(h, E1000_ICS, E1000_ICR_LSC);
}

static void
cause_clear(void)
{
	host_read(h, E1000_ICR);
}

static void
msi_on(void)
{
	config_put(MSI_ADDRESS, 4, 0xFEE01000);
	config_put(MSI_ADDRESS_HIGH, 4, 0x12);
	config_put(MSI_DATA, 2, 0x4041);
	config_put(MSI_CONTROL, 2, 1);
}

static void
test_intx(void **state)
{
	(void)state;
	pci_power(E82540_82540EM);
	cause_raise();			/* needs no bus mastering */
	assert_true(h->line);
	assert_int_equal(config_get(STATUS, 2) & INTERRUPT, INTERRUPT);
	config_put(COMMAND, 2, E82540_PCI_INTX_DISABLE);
	assert_false(h->line);
	/* The status bit does not depend on INTX_DISABLE. */
	assert_int_equal(config_get(STATUS, 2) & INTERRUPT, INTERRUPT);
	config_put(COMMAND, 2, 0);
	assert_true(h->line);
	cause_clear();
	assert_false(h->line);
	assert_int_equal(config_get(STATUS, 2) & INTERRUPT, 0);
	assert_int_equal(h->edges, 2);
	config_put(COMMAND, 2, E82540_PCI_INTX_DISABLE);
	cause_raise();
	assert_false(h->line);
	cause_clear();
	config_put(COMMAND, 2, 0);
	assert_false(h->line);
	assert_int_equal(h->edges, 2);
	assert_int_equal(h->msis, 0);
}

static void
test_msi(void **state)
{
	(void)state;
	pci_power(E82540_82540EM);
	config_put(COMMAND, 2, E82540_PCI_MASTER);
	msi_on();
	assert_int_equal(h->msis, 0);
	cause_raise();
	assert_int_equal(h->msis, 1);
	assert_true(h->msi_addr == 0x12FEE01000);
	assert_int_equal(h->msi_data, 0x4041);
	/* Once, until ICR was read and there is a new cause (4.1.3). */
	cause_raise();
	host_write(h, E1000_ICS, E1000_ICR_TXDW);
	assert_int_equal(h->msis, 1);
	cause_clear();
	assert_int_equal(h->msis, 1);
	cause_raise();
	assert_int_equal(h->msis, 2);
	assert_false(h->line);
	assert_int_equal(h->edges, 0);
	/* INTX_DISABLE is not about messages. */
	cause_clear();
	config_put(COMMAND, 2, E82540_PCI_MASTER | E82540_PCI_INTX_DISABLE);
	cause_raise();
	assert_int_equal(h->msis, 3);
}

/* MSI on and off while asserted: no interrupt is lost or told twice. */
static void
test_msi_switch(void **state)
{
	(void)state;
	pci_power(E82540_82540EM);
	config_put(COMMAND, 2, E82540_PCI_MASTER);
	cause_raise();
	assert_true(h->line);
	msi_on();
	assert_false(h->line);
	assert_int_equal(h->msis, 1);
	config_put(MSI_DATA, 2, 0x4042);
	config_put(MSI_CONTROL, 2, 1);
	assert_int_equal(h->msis, 1);
	config_put(MSI_CONTROL, 2, 0);
	assert_true(h->line);
	assert_int_equal(h->msis, 1);
	/* On again: the interrupt is still asserted. */
	config_put(MSI_CONTROL, 2, 1);
	assert_false(h->line);
	assert_int_equal(h->msis, 2);
	config_put(MSI_CONTROL, 2, 0);
	cause_clear();
	assert_false(h->line);
	config_put(MSI_CONTROL, 2, 1);
	assert_int_equal(h->msis, 2);
}

/* A message is a memory write: without the bus it waits. */
static void
test_msi_master(void **state)
{
	(void)state;
	pci_power(E82540_82540EM);
	msi_on();
	cause_raise();
	assert_int_equal(h->msis, 0);
	assert_false(h->line);
	config_put(COMMAND, 2, E82540_PCI_MASTER);
	assert_int_equal(h->msis, 1);
	config_put(COMMAND, 2, 0);
	config_put(COMMAND, 2, E82540_PCI_MASTER);
	assert_int_equal(h->msis, 1);
	/* What has gone by then is gone. */
	cause_clear();
	config_put(COMMAND, 2, 0);
	cause_raise();
	cause_clear();
	config_put(COMMAND, 2, E82540_PCI_MASTER);
	assert_int_equal(h->msis, 1);
}

static void
test_reset_while_asserted(void **state)
{
	(void)state;
	pci_power(E82540_82540EM);
	cause_raise();
	assert_true(h->line);
	e82540_reset(h->dev, h->now_ns);
	assert_false(h->line);
	assert_int_equal(h->edges, 1);
	config_put(COMMAND, 2, E82540_PCI_MASTER);
	msi_on();
	cause_raise();
	e82540_reset(h->dev, h->now_ns);
	assert_int_equal(h->msis, 1);
	assert_int_equal(h->edges, 1);
	assert_int_equal(config_get(MSI_CONTROL, 2), 0x80);
}

/* --------------------------------------------------------- bus and power */

#define RING	HOST_RAM
#define BUFFER	(HOST_RAM + 0x1000)

static void
transmit_to(unsigned int tail)
{
	struct e1000_tx_desc desc = {
		.buffer_addr = BUFFER,
		.length = 60,
		.cmd =
		    E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS | E1000_TXD_CMD_RS,
	};

	host_write(h, E1000_TDBAL, RING);
	host_write(h, E1000_TDLEN, 128);
	host_write(h, E1000_TCTL, E1000_TCTL_EN);
	memcpy(host_ram(h, RING + (tail - 1) * 16), &desc, 16);
	host_write(h, E1000_TDT, tail);
	host_advance(h, 1000);
}

static void
test_master(void **state)
{
	(void)state;
	host_power(h);
	config_put(COMMAND, 2, E82540_PCI_MEMORY);
	transmit_to(1);
	assert_int_equal(h->packets, 0);
	config_put(COMMAND, 2, E82540_PCI_MEMORY | E82540_PCI_MASTER);
	host_advance(h, 1000);
	assert_int_equal(h->packets, 1);
	transmit_to(2);
	assert_int_equal(h->packets, 2);
}

static void
test_power_states(void **state)
{
	(void)state;
	h->config.no_apm = true;	/* it would keep the PHY on in D3 */
	host_power(h);
	host_write(h, E1000_FCTTV, 0x1234);
	cause_raise();
	assert_true(h->line);
	/* There is no D1 and no D2. */
	config_put(PMCSR, 2, 1);
	assert_int_equal(config_get(PMCSR, 2) & 3, D0);
	config_put(PMCSR, 2, 2);
	assert_int_equal(config_get(PMCSR, 2) & 3, D0);
	assert_true(h->line);

	config_put(PMCSR, 2, D3);
	assert_int_equal(config_get(PMCSR, 2) & 3, D3);
	config_put(PMCSR, 1, 2);
	assert_int_equal(config_get(PMCSR, 2) & 3, D3);
	assert_false(h->line);
	assert_int_equal(config_get(STATUS, 2) & INTERRUPT, 0);
	cause_clear();
	cause_raise();
	assert_false(h->line);
	transmit_to(1);
	assert_int_equal(h->packets, 0);
	/* The PHY is off: nothing is to wake us (11.4.2). */
	host_advance(h, 10 * h->config.link_delay_ns);
	assert_false(e82540_link_up(h->dev));

	/* Back: reset, PHY too; the rest of configuration space stays. */
	config_put(PMCSR, 2, D0);
	assert_int_equal(config_get(PMCSR, 2) & 3, D0);
	assert_false(h->line);
	assert_int_equal(host_read(h, E1000_ICR), 0);
	assert_int_equal(host_read(h, E1000_FCTTV), 0);
	assert_int_equal(host_read(h, E1000_IMS), 0);
	assert_int_equal(config_get(COMMAND, 2),
	    E82540_PCI_IO | E82540_PCI_MEMORY | E82540_PCI_MASTER);
	host_write(h, E1000_CTRL, E1000_CTRL_SLU);
	host_advance(h, h->config.link_delay_ns - 1);
	assert_false(e82540_link_up(h->dev));
	host_advance(h, 1);
	assert_true(e82540_link_up(h->dev));
	transmit_to(1);
	assert_int_equal(h->packets, 1);
}

static void
test_msi_in_d3(void **state)
{
	(void)state;
	host_power(h);
	msi_on();
	config_put(PMCSR, 2, D3);
	cause_raise();
	assert_int_equal(h->msis, 0);
	config_put(PMCSR, 2, D0);
	assert_int_equal(h->msis, 0);		/* the reset took the cause */
	cause_raise();
	assert_int_equal(h->msis, 1);
}

/* 6.3.3.4, 6.3.3.6 */
static void
test_pmcsr(void **state)
{
	static const uint8_t data[16] = { 20, 0, 0, 5, 20, 0, 0, 5 };
	unsigned int i;

	(void)state;
	h->config.no_apm = true;
	pci_power(E82540_82540EM);
	for (i = 0; i < 16; i++) {
		config_put(PMCSR, 2, i << 9);
		assert_int_equal(config_get(PMCSR, 2),
		    i << 9 | (data[i] != 0 ? 0x2000 : 0));
		assert_int_equal(config_get(PM_DATA, 1), data[i]);
	}
	config_put(PMCSR, 4, 0xFFFFFFFC);
	assert_int_equal(config_get(PMCSR, 4), 0x1F00);
	/* WUC shows and changes the same bits (13.6.1). */
	assert_int_equal(host_read(h, E1000_WUC), E1000_WUC_PME_EN);
	host_write(h, E1000_WUC, 0);
	assert_int_equal(config_get(PMCSR, 2), 0x1E00);
	host_write(h, E1000_WUC, E1000_WUC_PME_EN | E1000_WUC_APME);
	assert_int_equal(config_get(PMCSR, 2), 0x1F00);
	assert_int_equal(host_read(h, E1000_WUC),
	    E1000_WUC_PME_EN | E1000_WUC_APME);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_pci, one_host_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_header),
		TEST(test_masks),
		TEST(test_sizing),
		TEST(test_capabilities),
		TEST(test_bad_accesses),
		TEST(test_ids_of_eeprom),
		TEST(test_intx),
		TEST(test_msi),
		TEST(test_msi_switch),
		TEST(test_msi_master),
		TEST(test_reset_while_asserted),
		TEST(test_master),
		TEST(test_power_states),
		TEST(test_msi_in_d3),
		TEST(test_pmcsr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
