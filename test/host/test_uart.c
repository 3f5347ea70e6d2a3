/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial port, as Linux's 8250 driver detects and uses it
 * (drivers/tty/serial/8250/8250_port.c).
 */
#include "machine_rig.h"

#define COM1		MACHINE_PORT_COM1
#define DATA		(COM1 + 0)
#define IER		(COM1 + 1)
#define IIR		(COM1 + 2)
#define FCR		(COM1 + 2)
#define LCR		(COM1 + 3)
#define MCR		(COM1 + 4)
#define LSR		(COM1 + 5)
#define MSR		(COM1 + 6)
#define SCR		(COM1 + 7)

#define LCR_DLAB	0x80
#define LCR_8N1		0x03
#define IER_RDI		0x01
#define IER_THRI	0x02
#define MCR_LOOP	0x10
#define MCR_OUT2	0x08
#define LSR_DR		0x01
#define LSR_OE		0x02
#define LSR_EMPTY	0x60		/* THRE, TEMT */
#define IIR_NONE	0x01
#define IIR_THRI	0x02
#define IIR_RDI		0x04

static size_t
type(struct rig *r, const char *text)
{
	return machine_input(&r->m, (const uint8_t *)text, strlen(text));
}

static bool
line(const struct rig *r)
{
	return r->line[MACHINE_IRQ_COM1];
}

/* autoconfig(): is there a port, and which? */
static void
test_autoconfig(void **state)
{
	struct rig *r = rig_new(0);
	uint8_t ier, mcr, lcr, scr;

	(void)state;
	ier = inb(r, IER);
	outb(r, IER, 0);
	outb(r, 0x80, 0xff);
	assert_int_equal(inb(r, IER) & 0x0f, 0);
	outb(r, IER, 0x0f);
	assert_int_equal(inb(r, IER) & 0x0f, 0x0f);
	outb(r, IER, ier);

	mcr = inb(r, MCR);
	lcr = inb(r, LCR);
	outb(r, MCR, MCR_LOOP | 0x0a);
	assert_int_equal(inb(r, MSR) & 0xf0, 0x90);
	outb(r, MCR, mcr);

	/* No EFR, and a FIFO: 16550A. */
	outb(r, LCR, 0xbf);
	outb(r, FCR, 0);
	outb(r, LCR, 0);
	outb(r, FCR, 1);
	assert_int_equal(inb(r, IIR) >> 6, 3);
	outb(r, FCR, 0);
	assert_int_equal(inb(r, IIR) >> 6, 0);
	outb(r, FCR, 1);

	/* autoconfig_16550a(): nothing better than that. */
	outb(r, LCR, LCR_DLAB);
	assert_int_not_equal(inb(r, FCR), 0);
	outb(r, LCR, 0xbf);
	assert_int_not_equal(inb(r, FCR), 0);
	outb(r, LCR, 0);
	outb(r, FCR, 1 | 0x20);
	assert_int_equal(inb(r, IIR) & 0xe0, 0xc0);
	outb(r, FCR, 1);
	outb(r, IER, 0x40);
	assert_int_equal(inb(r, IER) & 0x40, 0);
	outb(r, IER, 0);

	scr = inb(r, SCR);
	outb(r, SCR, 0xa5);
	assert_int_equal(inb(r, SCR), 0xa5);
	outb(r, SCR, 0x5a);
	assert_int_equal(inb(r, SCR), 0x5a);
	outb(r, SCR, scr);
	outb(r, LCR, lcr);
	assert_int_equal(r->out_n, 0);
	assert_int_equal(r->changes[MACHINE_IRQ_COM1], 0);
	rig_free(r);
}

/* In loop-back each of four outputs shows at its input (table of MCR). */
static void
test_loop_modem(void **state)
{
	static const uint8_t shows[4] = { 0x20, 0x10, 0x40, 0x80 };
	struct rig *r = rig_new(0);
	unsigned int i, j;
	uint8_t want;

	(void)state;
	for (i = 0; i < 16; i++) {
		want = 0;
		for (j = 0; j < 4; j++)
			if (i >> j & 1)
				want |= shows[j];
		outb(r, MCR, (uint8_t)(MCR_LOOP | i));
		assert_int_equal(inb(r, MSR), want);
	}
	outb(r, MCR, 0xff);
	assert_int_equal(inb(r, MCR), 0x1f);
	outb(r, MCR, 0x0f);
	/* The other end is there: carrier, ready, clear to send. */
	assert_int_equal(inb(r, MSR), 0xb0);
	rig_free(r);
}

/* In loop-back a sent byte comes back, and does not go out. */
static void
test_loop_data(void **state)
{
	struct rig *r = rig_new(0);
	unsigned int i;

	(void)state;
	outb(r, LCR, LCR_8N1);
	outb(r, MCR, MCR_LOOP);
	for (i = 0; i < 100; i++) {
		outb(r, DATA, (uint8_t)i);
		assert_int_equal(inb(r, LSR), LSR_EMPTY | LSR_DR);
		assert_int_equal(inb(r, DATA), i);
		assert_int_equal(inb(r, LSR), LSR_EMPTY);
	}
	/* More bytes than it holds: the first ones stay. */
	outb(r, DATA, 0);
	assert_int_equal(inb(r, LSR), LSR_EMPTY | LSR_DR);
	outb(r, DATA, 1);
	assert_int_equal(inb(r, LSR), LSR_EMPTY | LSR_DR | LSR_OE);
	assert_int_equal(inb(r, LSR), LSR_EMPTY | LSR_DR);
	assert_int_equal(inb(r, DATA), 0);
	assert_int_equal(inb(r, LSR), LSR_EMPTY);
	assert_int_equal(r->out_n, 0);
	rig_free(r);
}

/* ns8250_bus_probe() of FreeBSD: 16 bytes, or it is "non-standard". */
static void
test_loop_fifo(void **state)
{
	struct rig *r = rig_new(0);
	unsigned int i;

	(void)state;
	outb(r, LCR, LCR_8N1);
	outb(r, MCR, MCR_LOOP);
	outb(r, FCR, 0x07);
	for (i = 0; i < 16; i++) {
		outb(r, DATA, (uint8_t)i);
		assert_int_equal(inb(r, LSR), LSR_EMPTY | LSR_DR);
	}
	outb(r, DATA, 16);
	assert_int_equal(inb(r, LSR), LSR_EMPTY | LSR_DR | LSR_OE);
	for (i = 0; i < 16; i++)
		assert_int_equal(inb(r, DATA), i);
	assert_int_equal(inb(r, LSR), LSR_EMPTY);
	rig_free(r);
}

static void
test_divisor(void **state)
{
	struct rig *r = rig_new(0);

	(void)state;
	outb(r, IER, IER_RDI);
	outb(r, LCR, LCR_DLAB | LCR_8N1);
	outb(r, DATA, 0x34);
	outb(r, IER, 0x12);
	assert_int_equal(inb(r, DATA), 0x34);
	assert_int_equal(inb(r, IER), 0x12);
	outb(r, LCR, LCR_8N1);
	assert_int_equal(inb(r, LCR), LCR_8N1);
	assert_int_equal(inb(r, IER), IER_RDI);
	assert_int_equal(r->out_n, 0);
	outb(r, DATA, 'x');
	assert_int_equal(r->out_n, 1);
	rig_free(r);
}

static void
test_output(void **state)
{
	static const char text[] = "Linux version\n";
	struct rig *r = rig_new(0);
	size_t i;

	(void)state;
	for (i = 0; text[i] != '\0'; i++) {
		assert_int_equal(inb(r, LSR), LSR_EMPTY);
		outb(r, DATA, (uint8_t)text[i]);
	}
	assert_int_equal(r->out_n, strlen(text));
	assert_memory_equal(r->out, text, strlen(text));
	assert_false(line(r));
	rig_free(r);
}

/* ------------------------------------------------------------- interrupts */

/*
 * serial8250_do_startup(), twice: is the interrupt that says "empty" raised
 * again when it is enabled again?  Then: is it raised at all (UART_BUG_TXEN)?
 */
static void
test_thre_probe(void **state)
{
	struct rig *r = rig_new(0);

	(void)state;
	outb(r, MCR, MCR_OUT2);
	outb(r, IER, IER_THRI);
	assert_int_equal(inb(r, IIR), IIR_THRI);
	outb(r, IER, 0);
	outb(r, IER, IER_THRI);
	assert_int_equal(inb(r, IIR), IIR_THRI);
	outb(r, IER, 0);
	outb(r, IER, IER_THRI);
	assert_int_equal(inb(r, LSR), LSR_EMPTY);
	assert_int_equal(inb(r, IIR), IIR_THRI);
	outb(r, IER, 0);
	assert_int_equal(inb(r, IIR), IIR_NONE);
	assert_false(line(r));
	rig_free(r);
}

/* Enabling it or sending raises it; reading IIR ends it. */
static void
test_thre(void **state)
{
	struct rig *r = rig_new(0);
	unsigned int i;

	(void)state;
	outb(r, MCR, MCR_OUT2);
	assert_false(line(r));
	outb(r, IER, IER_THRI);
	assert_true(line(r));
	assert_int_equal(inb(r, IIR), IIR_THRI);
	assert_false(line(r));
	assert_int_equal(inb(r, IIR), IIR_NONE);
	for (i = 0; i < 10; i++) {
		outb(r, DATA, 'a');
		assert_true(line(r));
		assert_int_equal(inb(r, IIR), IIR_THRI);
		assert_false(line(r));
	}
	/* It is enabled already: no new interrupt. */
	outb(r, IER, IER_THRI);
	assert_false(line(r));
	outb(r, DATA, 'a');
	outb(r, IER, 0);
	assert_false(line(r));
	rig_free(r);
}

static void
test_receive(void **state)
{
	struct rig *r = rig_new(0);

	(void)state;
	outb(r, MCR, MCR_OUT2);
	outb(r, FCR, 1);
	outb(r, IER, IER_RDI);
	assert_int_equal(inb(r, LSR), LSR_EMPTY);
	assert_int_equal(inb(r, DATA), 0);
	assert_int_equal(type(r, "ok"), 2);
	assert_true(line(r));
	assert_int_equal(inb(r, IIR), 0xc0 | IIR_RDI);
	/* Reading LSR does not take the byte. */
	assert_true(line(r));
	assert_int_equal(inb(r, LSR), LSR_EMPTY | LSR_DR);
	assert_int_equal(inb(r, DATA), 'o');
	assert_true(line(r));
	assert_int_equal(inb(r, DATA), 'k');
	assert_false(line(r));
	assert_int_equal(inb(r, IIR), 0xc0 | IIR_NONE);
	assert_int_equal(r->changes[MACHINE_IRQ_COM1], 2);
	rig_free(r);
}

/* Received data has priority over "empty", which comes afterwards. */
static void
test_priority(void **state)
{
	struct rig *r = rig_new(0);

	(void)state;
	outb(r, MCR, MCR_OUT2);
	outb(r, IER, IER_RDI | IER_THRI);
	assert_int_equal(type(r, "x"), 1);
	assert_int_equal(inb(r, IIR), IIR_RDI);
	assert_int_equal(inb(r, IIR), IIR_RDI);
	assert_int_equal(inb(r, DATA), 'x');
	assert_true(line(r));
	assert_int_equal(inb(r, IIR), IIR_THRI);
	assert_false(line(r));
	rig_free(r);
}

/* Data raises no interrupt without OUT2, or if it is not enabled. */
static void
test_masked(void **state)
{
	struct rig *r = rig_new(0);

	(void)state;
	outb(r, IER, IER_RDI);
	assert_int_equal(type(r, "x"), 1);
	assert_false(line(r));
	assert_int_equal(inb(r, IIR), IIR_RDI);
	outb(r, MCR, MCR_OUT2);
	assert_true(line(r));
	outb(r, MCR, 0);
	assert_false(line(r));
	outb(r, MCR, MCR_OUT2);
	outb(r, IER, 0);
	assert_false(line(r));
	outb(r, IER, IER_RDI);
	assert_true(line(r));
	rig_free(r);
}

/* The caller keeps the bytes that do not fit; none is lost. */
static void
test_full(void **state)
{
	struct rig *r = rig_new(0);
	uint8_t data[300];
	size_t at = 0, got = 0;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	assert_int_equal(machine_input(&r->m, data, 0), 0);
	while (got < sizeof(data)) {
		at += machine_input(&r->m, data + at, sizeof(data) - at);
		assert_true(at - got <= 64);
		assert_true(at - got == 64 || at == sizeof(data));
		for (i = 0; i < 1 + got % 64 && inb(r, LSR) & LSR_DR; i++)
			assert_int_equal(inb(r, DATA), data[got++]);
	}
	assert_int_equal(inb(r, LSR), LSR_EMPTY);
	/* FCR empties it. */
	assert_int_equal(machine_input(&r->m, data, 100), 64);
	outb(r, FCR, 1 | 2);
	assert_int_equal(inb(r, LSR), LSR_EMPTY);
	assert_int_equal(machine_input(&r->m, data, 100), 64);
	assert_int_equal(inb(r, DATA), data[0]);
	rig_free(r);
}

/* Clearing the FIFO ends the interrupt. */
static void
test_clear(void **state)
{
	struct rig *r = rig_new(0);

	(void)state;
	outb(r, MCR, MCR_OUT2);
	outb(r, IER, IER_RDI);
	assert_int_equal(type(r, "abc"), 3);
	assert_true(line(r));
	outb(r, FCR, 2);
	assert_false(line(r));
	rig_free(r);
}

/* Registers are bytes; LSR and MSR are read-only. */
static void
test_widths(void **state)
{
	struct rig *r = rig_new(0);

	(void)state;
	assert_int_equal(in(r, DATA, 2), 0xffff);
	assert_int_equal(in(r, IER, 4), UINT32_MAX);
	machine_port_write(&r->m, DATA, 2, 'x');
	machine_port_write(&r->m, DATA, 4, 'x');
	assert_int_equal(r->out_n, 0);
	outb(r, LSR, 0);
	outb(r, MSR, 0);
	assert_int_equal(inb(r, LSR), LSR_EMPTY);
	assert_int_equal(inb(r, MSR), 0xb0);
	rig_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_autoconfig),
		cmocka_unit_test(test_loop_modem),
		cmocka_unit_test(test_loop_data),
		cmocka_unit_test(test_loop_fifo),
		cmocka_unit_test(test_divisor),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_thre_probe),
		cmocka_unit_test(test_thre),
		cmocka_unit_test(test_receive),
		cmocka_unit_test(test_priority),
		cmocka_unit_test(test_masked),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_widths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
