/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine.h"

#include <string.h>

#include "clock.h"
#include "pci.h"

#define PORT_RESET_KBD	0x64u
#define KBD_RESET	0xfeu
#define PORT_EXIT	0xf4u
#define PORT_CONSOLE	0x402u
#define PORT_PANIC	0x505u
#define PANICKED	0x01u

/* ACPI 4.8.3: fixed hardware, from MACHINE_PORT_PM on. */
#define PM1_STATUS	0u
#define PM1_ENABLE	2u
#define PM1_CONTROL	4u
#define PM_TIMER	8u
#define PM_RESET	12u
#define PM_BYTES	13u
#define PM1_SCI_EN	0x0001u
#define PM1_SLP_EN	0x2000u
#define PM1_SLP_TYP(v)	((v) >> 10 & 7)
#define SLP_TYP_S5	5u
#define PM_TIMER_HZ	3579545u

/* NICs share three interrupts of the 8259; its others are in use. */
static const unsigned int nic_gsi[] = { 5, 10, 11 };

void
machine_init(struct machine *m, const struct machine_ops *ops, void *ctx)
{
	memset(m, 0, sizeof(*m));
	m->ops = ops;
	m->ctx = ctx;
	uart_init(&m->uart);
	pthread_mutex_init(&m->pci_lock, NULL);
	pthread_mutex_init(&m->irq_lock, NULL);
	m->pm_start_ns = now_ns();
}

void
machine_reset(struct machine *m)
{
	uart_reset(m);
	pci_reset(m);
	m->pm_status = m->pm_enable = m->pm_control = 0;
}

void
machine_destroy(struct machine *m)
{
	pthread_mutex_destroy(&m->uart.lock);
	pthread_mutex_destroy(&m->pci_lock);
	pthread_mutex_destroy(&m->irq_lock);
}

/* ------------------------------------------------------------------- NICs */

unsigned int
machine_nic_add(struct machine *m, struct nic *nic)
{
	unsigned int i = m->nics++;
	struct machine_nic *n = &m->nic[i];

	n->nic = nic;
	n->gsi = nic_gsi[i % (sizeof(nic_gsi) / sizeof(nic_gsi[0]))];
	pci_place(m, i);
	return i;
}

void
machine_nic_irq(struct machine *m, unsigned int nic, bool asserted)
{
	unsigned int gsi = m->nic[nic].gsi;
	uint32_t was, *holders = &m->irq_holders[gsi];

	pthread_mutex_lock(&m->irq_lock);
	was = *holders;
	*holders = asserted ? was | 1u << nic : was & ~(1u << nic);
	if ((was != 0) != (*holders != 0))
		m->ops->irq(m->ctx, gsi, *holders != 0);
	pthread_mutex_unlock(&m->irq_lock);
}

static struct machine_nic *
machine_nic_at(struct machine *m, uint64_t addr, uint64_t *base)
{
	unsigned int i;

	for (i = 0; i < m->nics; i++) {
		*base = m->nic[i].mem;
		if (*base != 0 && addr - *base < E82540_BAR0_BYTES)
			return &m->nic[i];
	}
	return NULL;
}

static struct machine_nic *
machine_nic_at_port(struct machine *m, uint16_t port, uint32_t *base)
{
	unsigned int i;

	for (i = 0; i < m->nics; i++) {
		*base = m->nic[i].io;
		if (*base != 0 && port - *base < 8)
			return &m->nic[i];
	}
	return NULL;
}

uint64_t
machine_mem_read(struct machine *m, uint64_t addr, unsigned int size)
{
	uint64_t base;
	struct machine_nic *n = machine_nic_at(m, addr, &base);

	return n == NULL ? UINT64_MAX :
			   nic_mmio_read(n->nic, (uint32_t)(addr - base), size);
}

void
machine_mem_write(struct machine *m, uint64_t addr, unsigned int size,
    uint64_t value)
{
	uint64_t base;
	struct machine_nic *n = machine_nic_at(m, addr, &base);

	if (n != NULL)
		nic_mmio_write(n->nic, (uint32_t)(addr - base), size, value);
}

/* ------------------------------------------------------------------- ACPI */

static uint32_t
pm_timer(const struct machine *m)
{
	uint64_t ns = now_ns() - m->pm_start_ns, ticks;

	/* In two steps, as the product would overflow after an hour. */
	ticks = ns / NSEC * PM_TIMER_HZ;
	ticks += ns % NSEC * PM_TIMER_HZ / NSEC;
	return (uint32_t)ticks;
}

static uint32_t
pm_read(const struct machine *m, unsigned int reg)
{
	switch (reg) {
	case PM1_STATUS:
		return m->pm_status | (uint32_t)m->pm_enable << 16;
	case PM1_ENABLE:
		return m->pm_enable;
	case PM1_CONTROL:
		return m->pm_control | PM1_SCI_EN;
	case PM_TIMER:
		return pm_timer(m);
	default:
		return 0;
	}
}

static void
pm_write(struct machine *m, unsigned int reg, unsigned int size, uint32_t value)
{
	switch (reg) {
	case PM1_STATUS:
		m->pm_status &= (uint16_t)~value;
		if (size == 4)
			m->pm_enable = (uint16_t)(value >> 16);
		break;
	case PM1_ENABLE:
		m->pm_enable = (uint16_t)value;
		break;
	case PM1_CONTROL:
		m->pm_control = value & 0x1c04;
		if (value & PM1_SLP_EN && PM1_SLP_TYP(value) == SLP_TYP_S5)
			m->ops->end(m->ctx, MACHINE_OFF, 0);
		break;
	case PM_RESET:
		m->ops->end(m->ctx, MACHINE_RESET, 0);
		break;
	default:
		break;
	}
}

/* ------------------------------------------------------------------ ports */

static uint32_t
machine_serial_read(struct machine *m, unsigned int reg, unsigned int size)
{
	return size == 1 ? uart_read(m, reg) : UINT32_MAX;
}

uint32_t
machine_port_read(struct machine *m, uint16_t port, unsigned int size)
{
	struct machine_nic *n;
	uint32_t base;

	if (port - MACHINE_PORT_COM1 < 8u)
		return machine_serial_read(m, port - MACHINE_PORT_COM1, size);
	if (port - MACHINE_PORT_PM < PM_BYTES)
		return pm_read(m, port - MACHINE_PORT_PM);
	if (port >= 0xcf8 && port < 0xd00)
		return pci_read(m, port, size);
	if (port == PORT_CONSOLE)
		return 0xe9;		/* the console exists */
	if (port == PORT_PANIC)
		return PANICKED;	/* the event that it takes */
	n = machine_nic_at_port(m, port, &base);
	return n == NULL ? UINT32_MAX : nic_io_read(n->nic, port - base, size);
}

void
machine_port_write(struct machine *m, uint16_t port, unsigned int size,
    uint32_t value)
{
	uint8_t byte = (uint8_t)value;
	struct machine_nic *n;
	uint32_t base;

	if (port - MACHINE_PORT_COM1 < 8u) {
		if (size == 1)
			uart_write(m, port - MACHINE_PORT_COM1, byte);
	} else if (port - MACHINE_PORT_PM < PM_BYTES) {
		pm_write(m, port - MACHINE_PORT_PM, size, value);
	} else if (port >= 0xcf8 && port < 0xd00) {
		pci_write(m, port, size, value);
	} else if (port == PORT_CONSOLE && size == 1) {
		m->ops->output(m->ctx, &byte, 1);
	} else if (port == PORT_EXIT && size == 4) {
		m->ops->end(m->ctx, MACHINE_EXIT, (int)(value << 1 | 1) & 0xff);
	} else if (port == PORT_PANIC && byte & PANICKED) {
		m->ops->end(m->ctx, MACHINE_PANIC, 0);
	} else if (port == PORT_RESET_KBD && byte == KBD_RESET) {
		m->ops->end(m->ctx, MACHINE_RESET, 0);
	} else {
		n = machine_nic_at_port(m, port, &base);
		if (n != NULL)
			nic_io_write(n->nic, port - base, size, value);
	}
}

size_t
machine_input(struct machine *m, const uint8_t *data, size_t n)
{
	return uart_input(m, data, n);
}
