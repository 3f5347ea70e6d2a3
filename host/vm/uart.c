/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial port: a 16550A as far as drivers use it.  The transmitter is
 * always empty, because each byte leaves at once.  The interrupt that says so
 * ends when the guest has seen it (IIR read), or when another interrupt has
 * priority.
 */
#include "uart.h"

#include "machine.h"

#define REG_DATA	0		/* RBR, THR; divisor low with DLAB */
#define REG_IER		1		/* divisor high with DLAB */
#define REG_IIR		2		/* read; FCR on writes */
#define REG_LCR		3
#define REG_MCR		4
#define REG_LSR		5
#define REG_MSR		6
#define REG_SCR		7

#define IER_RDI		0x01u
#define IER_THRI	0x02u
#define IER_MASK	0x0fu
#define IIR_NONE	0x01u
#define IIR_THRI	0x02u
#define IIR_RDI		0x04u
#define IIR_FIFO	0xc0u
#define FCR_ENABLE	0x01u
#define FCR_CLEAR_IN	0x02u
#define LCR_DLAB	0x80u
#define MCR_OUT2	0x08u		/* lets the interrupt through */
#define MCR_LOOP	0x10u
#define LSR_DR		0x01u
#define LSR_OE		0x02u
#define LSR_EMPTY	0x60u
#define FIFO_BYTES	16u		/* 16550A: drivers measure it */
#define MSR_READY	0xb0u		/* DCD, DSR, CTS */

/* As after its reset (MR); the interrupt's line stays. */
static void
uart_registers_reset(struct uart *u)
{
	u->ier = u->mcr = u->scr = u->fcr = 0;
	u->lcr = 3;
	u->divisor = 1;
	u->thre = u->overrun = false;
	u->in_n = 0;
}

void
uart_init(struct uart *u)
{
	pthread_mutex_init(&u->lock, NULL);
	u->line = false;
	u->in_at = 0;
	uart_registers_reset(u);
}

static uint8_t
uart_pending(const struct uart *u)
{
	if (u->ier & IER_RDI && u->in_n > 0)
		return IIR_RDI;
	if (u->ier & IER_THRI && u->thre)
		return IIR_THRI;
	return IIR_NONE;
}

static void
uart_update(struct machine *m)
{
	struct uart *u = &m->uart;
	bool line = uart_pending(u) != IIR_NONE && u->mcr & MCR_OUT2;

	if (line == u->line)
		return;
	u->line = line;
	m->ops->irq(m->ctx, MACHINE_IRQ_COM1, line);
}

static void
uart_in_put(struct uart *u, uint8_t byte)
{
	if (u->in_n == sizeof(u->in))
		return;
	u->in[(u->in_at + u->in_n) % sizeof(u->in)] = byte;
	u->in_n++;
}

static uint8_t
uart_in_take(struct uart *u)
{
	uint8_t byte;

	if (u->in_n == 0)
		return 0;
	byte = u->in[u->in_at];
	u->in_at = (u->in_at + 1) % sizeof(u->in);
	u->in_n--;
	return byte;
}

/* Bytes that it sends to itself: no more than a 16550A has room for. */
static void
uart_loop_put(struct uart *u, uint8_t byte)
{
	unsigned int room = u->fcr & FCR_ENABLE ? FIFO_BYTES : 1;

	if (u->in_n < room)
		uart_in_put(u, byte);
	else
		u->overrun = true;
}

static uint8_t
uart_lsr_read(struct uart *u)
{
	uint8_t lsr =
	    LSR_EMPTY | (u->in_n > 0 ? LSR_DR : 0) | (u->overrun ? LSR_OE : 0);

	u->overrun = false;
	return lsr;
}

static uint8_t
uart_iir_read(struct uart *u)
{
	uint8_t iir = uart_pending(u);

	if (iir == IIR_THRI)
		u->thre = false;
	return iir | (u->fcr & FCR_ENABLE ? IIR_FIFO : 0);
}

static uint8_t
uart_reg_read(struct uart *u, unsigned int reg)
{
	bool dlab = u->lcr & LCR_DLAB;

	switch (reg) {
	case REG_DATA:
		return dlab ? u->divisor & 0xff : uart_in_take(u);
	case REG_IER:
		return dlab ? u->divisor >> 8 : u->ier;
	case REG_IIR:
		return uart_iir_read(u);
	case REG_LCR:
		return u->lcr;
	case REG_MCR:
		return u->mcr;
	case REG_LSR:
		return uart_lsr_read(u);
	case REG_MSR:
		/* Looped back: DTR, RTS, OUT1, OUT2 as DSR, CTS, RI, DCD. */
		if (u->mcr & MCR_LOOP)
			return (u->mcr & 1) << 5 | (u->mcr & 2) << 3 |
			    (u->mcr & 4) << 4 | (u->mcr & 8) << 4;
		return MSR_READY;
	default:
		return u->scr;
	}
}

uint8_t
uart_read(struct machine *m, unsigned int reg)
{
	uint8_t value;

	pthread_mutex_lock(&m->uart.lock);
	value = uart_reg_read(&m->uart, reg);
	uart_update(m);
	pthread_mutex_unlock(&m->uart.lock);
	return value;
}

static void
uart_data_write(struct machine *m, uint8_t value)
{
	struct uart *u = &m->uart;

	if (u->lcr & LCR_DLAB) {
		u->divisor = (u->divisor & 0xff00) | value;
		return;
	}
	if (u->mcr & MCR_LOOP)
		uart_loop_put(u, value);
	else
		m->ops->output(m->ctx, &value, 1);
	u->thre = true;
}

static void
uart_ier_write(struct uart *u, uint8_t value)
{
	if (u->lcr & LCR_DLAB) {
		u->divisor = (uint16_t)(value << 8 | (u->divisor & 0xff));
		return;
	}
	if (value & ~u->ier & IER_THRI)
		u->thre = true;
	u->ier = value & IER_MASK;
}

void
uart_write(struct machine *m, unsigned int reg, uint8_t value)
{
	struct uart *u = &m->uart;

	pthread_mutex_lock(&u->lock);
	switch (reg) {
	case REG_DATA:
		uart_data_write(m, value);
		break;
	case REG_IER:
		uart_ier_write(u, value);
		break;
	case REG_IIR:
		u->fcr = value;
		if (value & FCR_CLEAR_IN)
			u->in_n = 0;
		break;
	case REG_LCR:
		u->lcr = value;
		break;
	case REG_MCR:
		u->mcr = value & 0x1f;
		break;
	case REG_SCR:
		u->scr = value;
		break;
	default:
		break;
	}
	uart_update(m);
	pthread_mutex_unlock(&u->lock);
}

void
uart_reset(struct machine *m)
{
	pthread_mutex_lock(&m->uart.lock);
	uart_registers_reset(&m->uart);
	uart_update(m);
	pthread_mutex_unlock(&m->uart.lock);
}

size_t
uart_input(struct machine *m, const uint8_t *data, size_t n)
{
	struct uart *u = &m->uart;
	size_t i;

	/* A CPU may hold the lock and wait until its output is read. */
	if (pthread_mutex_trylock(&u->lock) != 0)
		return 0;
	for (i = 0; i < n && u->in_n < sizeof(u->in); i++)
		uart_in_put(u, data[i]);
	uart_update(m);
	pthread_mutex_unlock(&u->lock);
	return i;
}
