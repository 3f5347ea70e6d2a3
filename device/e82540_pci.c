/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI: configuration space (4.1) and power states (6.3).
 *
 * Capabilities: power management at DCh, and MSI at F0h if the host wants it.
 * The 82545EM and 82544GC have PCI-X at E4h as well; the model leaves it out,
 * as it describes a bus that a virtual machine does not have.  There is no
 * flash: BAR 1 and the ROM's BAR read 0.
 */
#include "e82540_intr.h"
#include "e82540_nvm.h"
#include "e82540_pci.h"
#include "e82540_pci_state.h"
#include "e82540_phy.h"
#include "e82540_regs.h"

/* The header (PCI 2.3, 6.1), beside what e82540.h names. */
#define PCI_ID			0x00
#define PCI_COMMAND_MASK	0x0557u		/* what can be set */
#define PCI_STATUS		0x06
#define PCI_STATUS_INTERRUPT	0x0008u
#define PCI_STATUS_RESET	0x0230u	/* medium, 66 MHz, capabilities */
#define PCI_REVISION		0x08
#define PCI_CACHE_LINE		0x0C
#define PCI_LATENCY		0x0D
#define PCI_SUBSYSTEM		0x2C
#define PCI_CAPABILITIES	0x34
#define PCI_INT_LINE		0x3C
#define PCI_INT_PIN		0x3D
#define PCI_MIN_GRANT		0x3E

/* Power management (6.3.3) */
#define PM			0xDC
#define PM_ID			0x01u
#define PM_PMC			0xDE
#define PM_PMC_VALUE		0x0022u	/* version 2; DSI */
#define PM_PMC_PME		0x4800u	/* PME# from D0 and D3hot */
#define PM_DATA_SELECT_SHIFT	9
#define PM_DATA_SELECT_MASK	0x1E00u
#define PM_DATA_SCALE_TENTH	0x2000u	/* of a watt */
#define PM_DATA			0xE3

/* MSI (4.1.3.1) */
#define MSI			0xF0
#define MSI_ID			0x05u
#define MSI_CONTROL_MASK	0x0071u	/* ENABLE, messages granted */
#define MSI_CONTROL_64		0x0080u

static const uint8_t revision[] = {
	[E82540_82540EM] = 2,
	[E82540_82545EM] = 1,
	[E82540_82544GC] = 2,
};

/* The bits of the dword at offset that software can write. */
static uint32_t
config_mask(const struct e82540 *dev, unsigned int offset)
{
	switch (offset) {
	case E82540_PCI_COMMAND:
		return PCI_COMMAND_MASK;	/* STATUS: no bit to clear */
	case PCI_CACHE_LINE:
		return 0x0000FFFF;		/* and the latency timer */
	case E82540_PCI_BAR0:
		return ~(E82540_BAR0_BYTES - 1u);
	case E82540_PCI_BAR2:
		return ~(E82540_BAR2_BYTES - 1u);
	case PCI_INT_LINE:
		return 0x000000FF;
	case E82540_PCI_PMCSR:
		return E82540_PMCSR_STATE_MASK | E82540_PME_EN |
		    PM_DATA_SELECT_MASK;
	case MSI:
		return dev->config.msi ? MSI_CONTROL_MASK << 16 : 0;
	case E82540_PCI_MSI_ADDRESS:
		return dev->config.msi ? 0xFFFFFFFC : 0;
	case E82540_PCI_MSI_ADDRESS_HIGH:
		return dev->config.msi ? 0xFFFFFFFF : 0;
	case E82540_PCI_MSI_DATA:
		return dev->config.msi ? 0x0000FFFF : 0;
	default:
		return 0;
	}
}

/*
 * What software cannot write either follows from the config, or is one of
 * these: ids and PME# of the EEPROM, and what the device itself changes.
 */
uint32_t
e82540_pci_state_mask(const struct e82540 *dev, unsigned int offset)
{
	uint32_t own = 0;

	switch (offset) {
	case PCI_ID:
	case PCI_SUBSYSTEM:
		own = UINT32_MAX;
		break;
	case E82540_PCI_COMMAND:
		own = PCI_STATUS_INTERRUPT << 16;
		break;
	case PM:
		own = PM_PMC_PME << 16;
		break;
	case E82540_PCI_PMCSR:
		own = E82540_PME_STATUS | PM_DATA_SCALE_TENTH | 0xFFu << 24;
		break;
	default:
		break;
	}
	return own | config_mask(dev, offset);
}

/* The image's ICW1; 0 if the image has no signature (5.6.35). */
static uint16_t
config_icw1(const struct e82540 *dev)
{
	uint16_t word = dev->nvm.word[E1000_NVM_ICW1];

	return (word & E1000_NVM_ICW1_SIG_MASK) == E1000_NVM_ICW1_SIG_VALID ?
	    word :
	    0;
}

/* ------------------------------------------------------------------ reset */

/* The ids are the EEPROM's if it is signed, and ICW1 says so (5.6.6). */
static void
reset_ids(struct e82540 *dev)
{
	const uint16_t *word = dev->nvm.word;

	e82540_pci_put(dev, PCI_ID, 2, E1000_VENDOR_INTEL);
	e82540_pci_put(dev, PCI_ID + 2, 2,
	    e82540_nvm_device_id[dev->config.chip]);
	e82540_pci_put(dev, PCI_SUBSYSTEM, 2, E1000_VENDOR_INTEL);
	if (config_icw1(dev) & E82540_ICW1_DEVICE) {
		e82540_pci_put(dev, PCI_ID, 2, word[E1000_NVM_VENDOR_ID]);
		e82540_pci_put(dev, PCI_ID + 2, 2, word[E1000_NVM_DEVICE_ID]);
	}
	if (config_icw1(dev) & E82540_ICW1_SUBSYSTEM) {
		e82540_pci_put(dev, PCI_SUBSYSTEM, 2,
		    word[E1000_NVM_SUBSYS_VENDOR]);
		e82540_pci_put(dev, PCI_SUBSYSTEM + 2, 2,
		    word[E1000_NVM_SUBSYS_ID]);
	}
}

static void
reset_capabilities(struct e82540 *dev)
{
	uint32_t pmc = PM_PMC_VALUE;

	if (config_icw1(dev) & E82540_ICW1_POWER)
		pmc |= PM_PMC_PME;
	e82540_pci_put(dev, PCI_CAPABILITIES, 1, PM);
	e82540_pci_put(dev, PM, 1, PM_ID);
	e82540_pci_put(dev, PM_PMC, 2, pmc);
	if (dev->config.msi) {
		e82540_pci_put(dev, PM + 1, 1, MSI);
		e82540_pci_put(dev, MSI, 1, MSI_ID);
		e82540_pci_put(dev, E82540_PCI_MSI_CONTROL, 2, MSI_CONTROL_64);
	}
}

void
e82540_pci_reset(struct e82540 *dev)
{
	memset(&dev->pci, 0, sizeof(dev->pci));
	reset_ids(dev);
	e82540_pci_put(dev, PCI_STATUS, 2, PCI_STATUS_RESET);
	e82540_pci_put(dev, PCI_REVISION, 4,
	    (uint32_t)E1000_PCI_CLASS << 8 | revision[dev->config.chip]);
	e82540_pci_put(dev, E82540_PCI_BAR2, 4, 1); /* I/O */
	e82540_pci_put(dev, PCI_INT_PIN, 1, 1);		/* INTA# */
	e82540_pci_put(dev, PCI_MIN_GRANT, 1, 0xFF);
	reset_capabilities(dev);
}

/* --------------------------------------------------------------- accesses */

static bool
config_access_valid(uint32_t offset, unsigned int size)
{
	return (size == 1 || size == 2 || size == 4) && offset < 256 &&
	    offset % size == 0;
}

/* Work out the fields that may change between two reads. */
static void
config_refresh(struct e82540 *dev)
{
	const uint16_t power = dev->nvm.word[E1000_NVM_D0_D3_POWER];
	uint32_t pmcsr = e82540_pci_get(dev, E82540_PCI_PMCSR, 2), data = 0;
	uint32_t status =
	    e82540_pci_get(dev, PCI_STATUS, 2) & ~PCI_STATUS_INTERRUPT;

	if (dev->intr.asserted && !e82540_pci_d3(dev))
		status |= PCI_STATUS_INTERRUPT;
	e82540_pci_put(dev, PCI_STATUS, 2, status);
	pmcsr &= ~PM_DATA_SCALE_TENTH;
	if (config_icw1(dev) & E82540_ICW1_POWER) {
		switch (pmcsr >> PM_DATA_SELECT_SHIFT & 0xF) {
		case 0:
		case 4:				/* D0: consumed, dissipated */
			data = power >> 8;
			pmcsr |= PM_DATA_SCALE_TENTH;
			break;
		case 3:
		case 7:				/* D3 */
			data = power & 0xFF;
			pmcsr |= PM_DATA_SCALE_TENTH;
			break;
		default:
			break;
		}
	}
	e82540_pci_put(dev, E82540_PCI_PMCSR, 2, pmcsr);
	e82540_pci_put(dev, PM_DATA, 1, data);
}

/* A bad offset or size reads as all ones, as if there were no device. */
uint32_t
e82540_pci_config_read(struct e82540 *dev, uint32_t offset, unsigned int size)
{
	if (!config_access_valid(offset, size)) {
		e82540_bad_access(dev, E82540_BAD_PCI, offset, 0);
		return UINT32_MAX;
	}
	config_refresh(dev);
	return e82540_pci_get(dev, offset, size);
}

/*
 * 6.3.1: D1 and D2 do not exist; a write of them leaves the state as it is.
 * From D3 to D0 the device is reset, with its PHY; WUS, WUPL and WUPM stay.
 */
static void
power_write(struct e82540 *dev, uint32_t was)
{
	uint32_t pmcsr = e82540_pci_get(dev, E82540_PCI_PMCSR, 2);
	uint32_t state = pmcsr & E82540_PMCSR_STATE_MASK;

	if (state != E82540_PMCSR_D0 && state != E82540_PMCSR_D3)
		state = was & E82540_PMCSR_STATE_MASK;
	pmcsr = (pmcsr & ~E82540_PMCSR_STATE_MASK) | state;
	if (!(config_icw1(dev) & E82540_ICW1_POWER))
		pmcsr &= ~(E82540_PME_EN | PM_DATA_SELECT_MASK);
	e82540_pci_put(dev, E82540_PCI_PMCSR, 2, pmcsr);

	if ((was & E82540_PMCSR_STATE_MASK) != E82540_PMCSR_D0 &&
	    state == E82540_PMCSR_D0) {
		e82540_lock_paths(dev);
		e82540_phy_reset(dev);
		e82540_device_reset(dev);
		e82540_unlock_paths(dev);
	} else
		e82540_phy_power(dev);
}

void
e82540_pci_config_write(struct e82540 *dev, uint32_t offset, unsigned int size,
    uint32_t value)
{
	unsigned int dword = offset & ~3u, shift = (offset & 3) * 8;
	uint32_t bytes, was, writable;

	if (!config_access_valid(offset, size)) {
		e82540_bad_access(dev, E82540_BAD_PCI | E82540_BAD_WRITE,
		    offset, value);
		return;
	}
	bytes = UINT32_MAX >> (32 - size * 8) << shift;
	was = e82540_pci_get(dev, dword, 4);
	writable = config_mask(dev, dword) & bytes;
	value <<= shift;
	if (dword == E82540_PCI_PMCSR && value & bytes & E82540_PME_STATUS)
		e82540_pci_put(dev, dword, 4,
		    was & ~E82540_PME_STATUS); /* W1C */
	e82540_pci_put(dev, dword, 4,
	    (e82540_pci_get(dev, dword, 4) & ~writable) | (value & writable));
	if (dword == E82540_PCI_PMCSR)
		power_write(dev, was);
	dev->want_gates = true;
	e82540_intr_signal(dev, dev->intr.asserted);
}
