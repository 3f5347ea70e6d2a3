/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine that a guest of lem-vm finds: its ports, and its addresses that
 * are not memory.  It knows no KVM, so tests and fuzzers need none.
 *
 *	I/O ports
 *	0060, 0064	no keyboard; the reset of its controller (FEh to 0064)
 *	00f4		a 32-bit write ends lem-vm, as QEMU's isa-debug-exit
 *	03f8-03ff	serial port, 16550A, interrupt 4
 *	0402		debug console, as QEMU's isa-debugcon
 *	0505		the guest says that it panicked, as QEMU's pvpanic
 *	0600-060c	ACPI: PM1 event and control, timer, reset
 *	0cf8, 0cfc	PCI configuration, mechanism 1
 *	c000-ffff	BARs of PCI devices, where the guest puts them
 *	memory
 *	e0000000-	BARs, likewise
 *	fec00000-	I/O APIC and more, in KVM
 *
 * Every other port and address reads as all ones and ignores writes.
 */
#ifndef VM_MACHINE_H
#define VM_MACHINE_H

#include <pthread.h>

#include "nic.h"
#include "uart.h"

#define MACHINE_NICS	8u
#define MACHINE_NIC_DEV	3u		/* device number of the first */
#define MACHINE_GSIS	24u

#define MACHINE_BAR_MEM	0xe0000000u	/* of the first NIC, at first */
#define MACHINE_BAR_IO	0xc000u
#define MACHINE_BAR_MEM_END 0xfec00000u

#define MACHINE_PORT_COM1 0x3f8u
#define MACHINE_PORT_PM	0x600u
#define MACHINE_IRQ_COM1 4u
#define MACHINE_IRQ_SCI	9u

/* How a guest ends. */
enum machine_end {
	MACHINE_RUNS,
	MACHINE_OFF,			/* it powered off */
	MACHINE_RESET,			/* it reset the machine */
	MACHINE_PANIC,			/* it says that it panicked */
	MACHINE_TRIPLE_FAULT,		/* a CPU shut down */
	MACHINE_EXIT,			/* it wrote a status to port f4h */
};

struct machine_ops {
	/* irq: the level of a GSI has changed.  Any thread. */
	void (*irq)(void *ctx, unsigned int gsi, bool level);
	/* output: bytes from serial port or debug console.  vCPU threads. */
	void (*output)(void *ctx, const uint8_t *data, size_t n);
	/* end: the guest has ended.  vCPU threads. */
	void (*end)(void *ctx, enum machine_end how, int status);
	/* bars: the guest has moved a NIC's registers.  vCPU threads. */
	void (*bars)(void *ctx, unsigned int nic);
};

struct machine_nic {
	struct nic *nic;
	unsigned int gsi;
	/* The addresses that it decodes now; 0: none. */
	_Atomic(uint64_t) mem;
	_Atomic(uint32_t) io;
};

struct machine {
	const struct machine_ops *ops;
	void *ctx;
	struct uart uart;
	struct machine_nic nic[MACHINE_NICS];
	unsigned int nics;
	pthread_mutex_t pci_lock;
	uint32_t pci_address;		/* CF8 */
	_Atomic(uint16_t) pm_status, pm_enable, pm_control;
	uint64_t pm_start_ns;
	/* The NICs that assert a line: a bit for each. */
	pthread_mutex_t irq_lock;
	uint32_t irq_holders[MACHINE_GSIS];
};

void machine_init(struct machine *m, const struct machine_ops *ops, void *ctx);
void machine_destroy(struct machine *m);

/*
 * machine_reset: as after power-on, but for what is plugged in.  No CPU runs.
 */
void machine_reset(struct machine *m);

/*
 * machine_nic_add: add a NIC; the caller keeps it.  Sets its BARs, as firmware
 * would.  Returns its number.
 */
unsigned int machine_nic_add(struct machine *m, struct nic *nic);

/* machine_nic_irq: INTA# of a NIC has changed.  Any thread. */
void machine_nic_irq(struct machine *m, unsigned int nic, bool asserted);

/*
 * machine_input: give the serial port n bytes.  Returns how many it took: it
 * may be full, or in use by a CPU.  Does not wait.
 */
size_t machine_input(struct machine *m, const uint8_t *data, size_t n);

/*
 * machine_port_read, machine_port_write: an access of 1, 2 or 4 bytes.
 * machine_mem_read, machine_mem_write: up to 8 bytes.  Any thread.
 */
uint32_t machine_port_read(struct machine *m, uint16_t port, unsigned int size);
void machine_port_write(struct machine *m, uint16_t port, unsigned int size,
    uint32_t value);
uint64_t machine_mem_read(struct machine *m, uint64_t addr, unsigned int size);
void machine_mem_write(struct machine *m, uint64_t addr, unsigned int size,
    uint64_t value);

#endif
