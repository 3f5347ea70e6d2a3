/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the rest of the model needs of configuration space: may it master the
 * bus, is it awake, where do messages go.  All with the bus lock.
 */
#ifndef E82540_PCI_STATE_H
#define E82540_PCI_STATE_H

#include "e82540_impl.h"

/* Power management (6.3.3) */
#define E82540_PCI_PMCSR		0xE0
#define E82540_PMCSR_STATE_MASK		0x0003u
#define E82540_PMCSR_D0			0x0000u
#define E82540_PMCSR_D3			0x0003u
#define E82540_PME_EN			0x0100u
#define E82540_PME_STATUS		0x8000u

/* MSI (4.1.3.1) */
#define E82540_PCI_MSI_CONTROL		0xF2
#define E82540_MSI_ENABLE		0x0001u
#define E82540_PCI_MSI_ADDRESS		0xF4
#define E82540_PCI_MSI_ADDRESS_HIGH	0xF8
#define E82540_PCI_MSI_DATA		0xFC

/* e82540_pci_get, e82540_pci_put: size bytes of it, 1, 2 or 4. */
static inline uint32_t
e82540_pci_get(const struct e82540 *dev, unsigned int offset, unsigned int size)
{
	return e82540_get_n(&dev->pci.config[offset], size);
}

static inline void
e82540_pci_put(struct e82540 *dev, unsigned int offset, unsigned int size,
    uint32_t value)
{
	e82540_put_n(&dev->pci.config[offset], size, value);
}

static inline bool
e82540_pci_master(const struct e82540 *dev)
{
	return e82540_pci_get(dev, E82540_PCI_COMMAND, 2) & E82540_PCI_MASTER;
}

/* e82540_pci_d3: the power state is not D0. */
static inline bool
e82540_pci_d3(const struct e82540 *dev)
{
	return (e82540_pci_get(dev, E82540_PCI_PMCSR, 2) &
		   E82540_PMCSR_STATE_MASK) != E82540_PMCSR_D0;
}

/*
 * e82540_pci_pme, e82540_pci_pme_set: PME_En and PME_Status of PMCSR (6.3.3.4).
 * After a change of PME_En, e82540_phy_power() is due.
 */
static inline uint16_t
e82540_pci_pme(const struct e82540 *dev)
{
	return e82540_pci_get(dev, E82540_PCI_PMCSR, 2) &
	    (E82540_PME_EN | E82540_PME_STATUS);
}

static inline void
e82540_pci_pme_set(struct e82540 *dev, uint16_t pme)
{
	uint32_t pmcsr = e82540_pci_get(dev, E82540_PCI_PMCSR, 2) &
	    ~(E82540_PME_EN | E82540_PME_STATUS);

	e82540_pci_put(dev, E82540_PCI_PMCSR, 2, pmcsr | pme);
}

#endif
