/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's PCI bus, by the ports of configuration mechanism 1.
 */
#ifndef VM_PCI_H
#define VM_PCI_H

#include <stdint.h>

struct machine;

/*
 * pci_read, pci_write: 1, 2 or 4 bytes of ports CF8h to CFFh.  A write that
 * moves a NIC's memory BAR calls the machine's bars(), with pci_lock held.  Any
 * thread.
 */
uint32_t pci_read(struct machine *m, uint16_t port, unsigned int size);
void
pci_write(struct machine *m, uint16_t port, unsigned int size, uint32_t value);

/*
 * pci_place: give a NIC its addresses and its interrupt, as firmware would.
 * pci_reset: RST# on the bus; NICs have their addresses again after that.
 */
void pci_place(struct machine *m, unsigned int nic);
void pci_reset(struct machine *m);

#endif
