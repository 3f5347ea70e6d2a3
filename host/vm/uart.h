/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's serial port: a 16550A without a modem.  Any thread; only
 * uart_input() never waits.
 */
#ifndef VM_UART_H
#define VM_UART_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;

struct uart {
	pthread_mutex_t lock;
	uint8_t ier, lcr, mcr, scr, fcr;
	uint16_t divisor;
	bool thre;			/* THR empty: interrupt not yet seen */
	bool overrun;
	bool line;
	uint8_t in[64];			/* received, not yet read */
	unsigned int in_at, in_n;
};

void uart_init(struct uart *u);

/* uart_reset: as after power-on; bytes that were not read are lost. */
void uart_reset(struct machine *m);

/*
 * uart_read, uart_write: a byte of register 0 to 7.  A write may call the
 * machine's output() and irq(), with the lock held.
 */
uint8_t uart_read(struct machine *m, unsigned int reg);
void uart_write(struct machine *m, unsigned int reg, uint8_t value);

/* uart_input: as machine_input(). */
size_t uart_input(struct machine *m, const uint8_t *data, size_t n);

#endif
