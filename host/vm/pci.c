/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI bus 0: a host bridge and the NICs, by configuration mechanism 1 (PCI 3.0,
 * 3.2.2.3.2).  A NIC's configuration space is its model's.
 */
#include "pci.h"

#include "machine.h"

#define PORT_ADDRESS	0xcf8u
#define PORT_DATA	0xcfcu
#define ADDRESS_ENABLE	0x80000000u

#define BAR_IO_MASK	0xfffffff8u
#define BAR_MEM_MASK	0xfffe0000u

/* Intel's 440FX: a name that every guest knows.  Its registers read as 0. */
static uint32_t
pci_bridge_read(unsigned int offset)
{
	switch (offset & ~3u) {
	case 0x00:
		return 0x12378086;
	case 0x08:
		return 0x06000002;
	default:
		return 0;
	}
}

static struct machine_nic *
pci_selected(struct machine *m)
{
	unsigned int bus = m->pci_address >> 16 & 0xff;
	unsigned int device = m->pci_address >> 11 & 0x1f;
	unsigned int function = m->pci_address >> 8 & 7;

	if (!(m->pci_address & ADDRESS_ENABLE) || bus != 0 || function != 0 ||
	    device - MACHINE_NIC_DEV >= m->nics)
		return NULL;
	return &m->nic[device - MACHINE_NIC_DEV];
}

static bool
pci_is_bridge(const struct machine *m)
{
	return (m->pci_address & ~0xffu) == ADDRESS_ENABLE;
}

/* Follows the guest's BARs; a BAR that is not enabled is nowhere. */
static void
pci_bars_follow(struct machine *m, struct machine_nic *n)
{
	uint32_t command = nic_pci_read(n->nic, E82540_PCI_COMMAND, 2);
	uint32_t mem = nic_pci_read(n->nic, E82540_PCI_BAR0, 4) & BAR_MEM_MASK;
	uint32_t io = nic_pci_read(n->nic, E82540_PCI_BAR2, 4) & BAR_IO_MASK;
	uint64_t was = n->mem;

	if (!(command & E82540_PCI_MEMORY) || mem < MACHINE_BAR_MEM ||
	    mem > MACHINE_BAR_MEM_END - E82540_BAR0_BYTES)
		mem = 0;
	if (!(command & E82540_PCI_IO) || io < MACHINE_BAR_IO || io > 0xfff8)
		io = 0;
	n->mem = mem;
	n->io = io;
	if (was != mem)
		m->ops->bars(m->ctx, (unsigned int)(n - m->nic));
}

static uint32_t
pci_data_read(struct machine *m, unsigned int offset, unsigned int size)
{
	struct machine_nic *n = pci_selected(m);

	if (n != NULL)
		return nic_pci_read(n->nic, offset, size);
	if (pci_is_bridge(m))
		return pci_bridge_read(offset) >> (offset & 3) * 8;
	return UINT32_MAX;
}

/*
 * CPUs make no access across the end of a dword; such an access has no effect.
 */
uint32_t
pci_read(struct machine *m, uint16_t port, unsigned int size)
{
	uint32_t value = UINT32_MAX;

	pthread_mutex_lock(&m->pci_lock);
	if (port == PORT_ADDRESS && size == 4)
		value = m->pci_address;
	else if (port >= PORT_DATA && (port & 3u) + size <= 4)
		value = pci_data_read(m, (m->pci_address & 0xfc) | (port & 3u),
		    size);
	pthread_mutex_unlock(&m->pci_lock);
	return value;
}

void
pci_write(struct machine *m, uint16_t port, unsigned int size, uint32_t value)
{
	unsigned int offset;
	struct machine_nic *n;

	pthread_mutex_lock(&m->pci_lock);
	n = pci_selected(m);
	if (port == PORT_ADDRESS && size == 4) {
		m->pci_address = value & (ADDRESS_ENABLE | 0xfffffc);
	} else if (port >= PORT_DATA && (port & 3u) + size <= 4 && n != NULL) {
		offset = (m->pci_address & 0xfc) | (port & 3u);
		nic_pci_write(n->nic, offset, size, value);
		pci_bars_follow(m, n);
	}
	pthread_mutex_unlock(&m->pci_lock);
}

void
pci_place(struct machine *m, unsigned int nic)
{
	struct machine_nic *n = &m->nic[nic];

	nic_pci_write(n->nic, E82540_PCI_BAR0, 4,
	    MACHINE_BAR_MEM + nic * E82540_BAR0_BYTES);
	nic_pci_write(n->nic, E82540_PCI_BAR2, 4, MACHINE_BAR_IO + nic * 64);
	nic_pci_write(n->nic, 0x3c, 1, n->gsi);
}

void
pci_reset(struct machine *m)
{
	unsigned int i;

	pthread_mutex_lock(&m->pci_lock);
	m->pci_address = 0;
	for (i = 0; i < m->nics; i++) {
		nic_reset(m->nic[i].nic);
		pci_place(m, i);
		pci_bars_follow(m, &m->nic[i]);
	}
	pthread_mutex_unlock(&m->pci_lock);
}
