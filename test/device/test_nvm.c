/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EEPROM: its image, EERD, and the Microwire bus behind EECD, clocked by hand
 * in the orders in which drivers do it.
 */
#include "one_host.h"

#define WORDS	64u

static uint32_t eecd;			/* what "the driver" holds */

static void
nvm_power(enum e82540_chip chip)
{
	h->config.chip = chip;
	host_power(h);
	eecd = 0;
}

static uint16_t
eerd_read(unsigned int word)
{
	uint32_t v;

	host_write(h, E1000_EERD,
	    E1000_EERD_START | word << E1000_EERD_ADDR_SHIFT);
	v = host_read(h, E1000_EERD);
	assert_true(v & E1000_EERD_DONE);
	assert_int_equal((v & E1000_EERD_ADDR_MASK) >> E1000_EERD_ADDR_SHIFT,
	    word & 0xff);
	return v >> E1000_EERD_DATA_SHIFT;
}

/* ------------------------------------------------------------ the wires */

static void
eecd_set(uint32_t value)
{
	eecd = value;
	host_write(h, E1000_EECD, eecd);
	h->now_ns += 50000;
}

static void
sk_raise(void)
{
	eecd_set(eecd | E1000_EECD_SK);
}

static void
sk_lower(void)
{
	eecd_set(eecd & ~E1000_EECD_SK);
}

static bool
data_out(void)
{
	return host_read(h, E1000_EECD) & E1000_EECD_DO;
}

/* As Linux and FreeBSD: data, then clock up, clock down. */
static void
shift_out(uint32_t bits, unsigned int n)
{
	eecd = host_read(h, E1000_EECD) & ~E1000_EECD_DO;
	while (n-- > 0) {
		eecd_set(
		    (eecd & ~E1000_EECD_DI) | (bits >> n & 1) * E1000_EECD_DI);
		sk_raise();
		sk_lower();
	}
	eecd_set(eecd & ~E1000_EECD_DI);
}

static uint16_t
shift_in(unsigned int n)
{
	uint16_t value = 0;

	eecd = host_read(h, E1000_EECD) & ~(E1000_EECD_DO | E1000_EECD_DI);
	while (n-- > 0) {
		sk_raise();
		value = value << 1 | data_out();
		sk_lower();
	}
	return value;
}

static void
eecd_acquire(void)
{
	eecd = host_read(h, E1000_EECD);
	if (h->config.chip != E82540_82544GC) {
		eecd_set(eecd | E1000_EECD_REQ);
		assert_true(host_read(h, E1000_EECD) & E1000_EECD_GNT);
	}
	eecd_set(eecd & ~(E1000_EECD_DI | E1000_EECD_SK));
	eecd_set(eecd | E1000_EECD_CS);
}

/* CS falls, a clock goes by, CS rises while SK is high. */
static void
eecd_standby(void)
{
	eecd_set(eecd & ~(E1000_EECD_CS | E1000_EECD_SK));
	sk_raise();
	eecd_set(eecd | E1000_EECD_CS);
	sk_lower();
}

static void
eecd_release(void)
{
	eecd_set(eecd & ~(E1000_EECD_CS | E1000_EECD_DI));
	sk_raise();
	sk_lower();
	eecd_set(eecd & ~E1000_EECD_REQ);
}

static void
eecd_command(uint32_t opcode, uint32_t address)
{
	shift_out(opcode, E1000_NVM_OPCODE_BITS);
	shift_out(address, E1000_NVM_ADDR_BITS_64);
}

static uint16_t
eecd_read_word(unsigned int word)
{
	uint16_t value;

	eecd_acquire();
	eecd_command(E1000_NVM_OPCODE_READ, word);
	value = shift_in(16);
	eecd_standby();
	eecd_release();
	return value;
}

static void
write_enable(bool on)
{
	shift_out(on ? E1000_NVM_OPCODE_EWEN : E1000_NVM_OPCODE_EWDS, 5);
	shift_out(0, E1000_NVM_ADDR_BITS_64 - 2);
	eecd_standby();
}

static void
write_word(unsigned int word, uint16_t value)
{
	eecd_command(E1000_NVM_OPCODE_WRITE, word);
	shift_out(value, 16);
	eecd_standby();
	assert_true(data_out());		/* ready */
	eecd_standby();
}

static void
eecd_write_word(unsigned int word, uint16_t value)
{
	eecd_acquire();
	write_enable(true);
	write_word(word, value);
	write_enable(false);
	eecd_release();
}

/* ------------------------------------------------------------------ tests */

static void
test_image(void **state)
{
	static const uint16_t device[] = { 0x100e, 0x100f, 0x100c };
	uint16_t nvm[WORDS], sum;
	unsigned int chip, i;

	(void)state;
	for (chip = 0; chip < 3; chip++) {
		nvm_power(chip);
		e82540_nvm_get(h->dev, nvm);
		for (i = 0, sum = 0; i < WORDS; i++) {
			assert_int_equal(eerd_read(i), nvm[i]);
			sum += nvm[i];
		}
		assert_int_equal(sum, 0xBABA);		/* 5.6.35 */
		assert_int_equal(nvm[0], 0x5452);
		assert_int_equal(nvm[1], 0x1200);
		assert_int_equal(nvm[2], 0x5634);
		assert_int_equal(nvm[0x0A] >> 14, 1);	/* signature */
		assert_int_equal(nvm[0x0C], 0x8086);
		assert_int_equal(nvm[0x0D], device[chip]);
		assert_int_equal(nvm[0x0E], 0x8086);
		/* The station address comes from the EEPROM. */
		assert_int_equal(host_read(h, E1000_RAL(0)), 0x12005452);
		assert_int_equal(host_read(h, E1000_RAH(0)),
		    0x5634 | E1000_RAH_AV);
	}
}

static void
test_own_image(void **state)
{
	uint16_t mine[WORDS], nvm[WORDS];
	unsigned int i;

	(void)state;
	for (i = 0; i < WORDS; i++)
		mine[i] = 0x1234 + 7 * i;	/* no signature, no checksum */
	h->config.nvm = mine;
	nvm_power(E82540_82545EM);
	h->config.nvm = NULL;
	e82540_nvm_get(h->dev, nvm);
	assert_memory_equal(nvm, mine, sizeof(nvm));
	memset(mine, 0, sizeof(mine));		/* it was copied */
	assert_int_equal(eerd_read(5), 0x1234 + 35);
}

static void
test_eerd(void **state)
{
	(void)state;
	nvm_power(E82540_82540EM);
	assert_int_equal(host_read(h, E1000_EERD) & E1000_EERD_DONE, 0);
	host_write(h, E1000_EERD, 3u << E1000_EERD_ADDR_SHIFT);
	assert_int_equal(host_read(h, E1000_EERD), 3u << E1000_EERD_ADDR_SHIFT);
	assert_int_equal(eerd_read(0x0E), 0x8086);
	/* Only START begins a read, and ends the result of the last. */
	host_write(h, E1000_EERD, ~E1000_EERD_START);
	assert_int_equal(host_read(h, E1000_EERD), E1000_EERD_ADDR_MASK);
	assert_int_equal(bad_accesses(), 0);
	assert_int_equal(eerd_read(63), eerd_read(63));
	assert_int_equal(bad_accesses(), 0);
	assert_int_equal(eerd_read(64), 0xFFFF);
	assert_int_equal(eerd_read(255), 0xFFFF);
	assert_int_equal(bad_accesses(), 2);
}

static void
test_eecd_bits(void **state)
{
	const uint32_t idle = E1000_EECD_PRES | E1000_EECD_DO;

	(void)state;
	nvm_power(E82540_82540EM);
	assert_int_equal(host_read(h, E1000_EECD) & ~E1000_EECD_FWE_MASK, idle);
	host_write(h, E1000_EECD, E1000_EECD_REQ);
	assert_int_equal(host_read(h, E1000_EECD),
	    idle | E1000_EECD_REQ | E1000_EECD_GNT);
	host_write(h, E1000_EECD, 0);
	assert_int_equal(host_read(h, E1000_EECD), idle);
	/* DO, GNT, PRES, SIZE are read-only; the rest is kept. */
	host_write(h, E1000_EECD, 0xFFFFFFFF);
	assert_int_equal(host_read(h, E1000_EECD), idle | 0xF7);

	nvm_power(E82540_82544GC);			/* no arbitration */
	host_write(h, E1000_EECD, 0xFFFFFFFF);
	assert_int_equal(host_read(h, E1000_EECD), idle | 0x37);
}

static void
test_read_by_hand(void **state)
{
	uint16_t nvm[WORDS];
	unsigned int chip, i;

	(void)state;
	for (chip = 0; chip < 3; chip++) {
		nvm_power(chip);
		e82540_nvm_get(h->dev, nvm);
		for (i = 0; i < WORDS; i++)
			assert_int_equal(eecd_read_word(i), nvm[i]);
	}
}

/* As lem: DI changes together with the falling clock. */
static void
lem_out(uint32_t bits, unsigned int n)
{
	while (n-- > 0) {
		eecd = (eecd & ~(E1000_EECD_DI | E1000_EECD_SK)) |
		    (bits >> n & 1) * E1000_EECD_DI;
		eecd_set(eecd);
		sk_raise();
	}
	eecd_set(eecd & ~(E1000_EECD_DI | E1000_EECD_SK));
}

static void
test_read_other_order(void **state)
{
	unsigned int i;

	(void)state;
	nvm_power(E82540_82545EM);
	for (i = 0; i < WORDS; i++) {
		eecd_set(host_read(h, E1000_EECD) | E1000_EECD_REQ);
		eecd_set(
		    (eecd & ~(E1000_EECD_SK | E1000_EECD_DI)) | E1000_EECD_CS);
		lem_out(0, 2);		/* zeros before the start bit */
		lem_out(E1000_NVM_OPCODE_READ, 3);
		lem_out(i, 6);
		assert_false(data_out());	/* the dummy bit */
		assert_int_equal(shift_in(16), eerd_read(i));
		eecd_set(eecd & ~E1000_EECD_CS);
		assert_true(data_out());	/* DO is pulled up */
		eecd_release();
	}
}

/* One command, many words; behind the last comes the first. */
static void
test_read_sequential(void **state)
{
	unsigned int i;

	(void)state;
	nvm_power(E82540_82540EM);
	eecd_acquire();
	eecd_command(E1000_NVM_OPCODE_READ, 60);
	for (i = 60; i < 70; i++)
		assert_int_equal(shift_in(16), eerd_read(i % WORDS));
	eecd_release();
}

/* Without REQ the wires are not the driver's. */
static void
test_not_granted(void **state)
{
	(void)state;
	nvm_power(E82540_82540EM);
	eecd = E1000_EECD_CS;
	eecd_set(eecd);
	eecd_command(E1000_NVM_OPCODE_READ, 0x0E);
	assert_int_equal(shift_in(16), 0xFFFF);
	/* To lose it in the middle is to lose CS. */
	eecd_acquire();
	shift_out(E1000_NVM_OPCODE_READ, 3);
	eecd_set(eecd & ~E1000_EECD_REQ);
	eecd_set(eecd | E1000_EECD_REQ);
	eecd_command(E1000_NVM_OPCODE_READ, 0x0E);
	assert_int_equal(shift_in(16), 0x8086);
}

static void
test_write(void **state)
{
	uint16_t nvm[WORDS];
	unsigned int i;

	(void)state;
	nvm_power(E82540_82540EM);
	/* Disabled at first. */
	eecd_acquire();
	write_word(0x06, 0x1111);
	eecd_release();
	assert_int_equal(eerd_read(6), 0);

	for (i = 0; i < WORDS; i++)
		eecd_write_word(i, 0xA500 + i);
	for (i = 0; i < WORDS; i++)
		assert_int_equal(eecd_read_word(i), 0xA500 + i);
	/* EWDS came last: disabled again. */
	eecd_acquire();
	write_word(0x06, 0x1111);
	eecd_release();
	assert_int_equal(eerd_read(6), 0xA506);

	/* It lasts, whatever is reset. */
	host_write(h, E1000_CTRL, E1000_CTRL_RST);
	assert_int_equal(eerd_read(7), 0xA507);
	e82540_reset(h->dev, h->now_ns);
	e82540_nvm_get(h->dev, nvm);
	for (i = 0; i < WORDS; i++)
		assert_int_equal(nvm[i], 0xA500 + i);
}

/* As ethtool -E: a new address, then the checksum that fits. */
static void
test_new_address(void **state)
{
	uint16_t sum = 0;
	unsigned int i;

	(void)state;
	nvm_power(E82540_82544GC);
	eecd_write_word(0, 0x1302);
	for (i = 0; i < 63; i++)
		sum += eecd_read_word(i);
	eecd_write_word(63, 0xBABA - sum);
	host_write(h, E1000_CTRL, E1000_CTRL_RST);
	assert_int_equal(host_read(h, E1000_RAL(0)), 0x12001302);
	for (i = 0, sum = 0; i < WORDS; i++)
		sum += eerd_read(i);
	assert_int_equal(sum, 0xBABA);
}

static void
test_write_cut_short(void **state)
{
	(void)state;
	nvm_power(E82540_82540EM);
	eecd_acquire();
	write_enable(true);
	eecd_command(E1000_NVM_OPCODE_WRITE, 6);
	shift_out(0x7FFF, 15);
	eecd_standby();
	assert_int_equal(eerd_read(6), 0);
	/* More than 16 bits: the first 16 count. */
	eecd_command(E1000_NVM_OPCODE_WRITE, 6);
	shift_out(0xABCD, 16);
	shift_out(0x5, 3);
	assert_int_equal(eerd_read(6), 0);	/* not before CS falls */
	eecd_standby();
	assert_int_equal(eerd_read(6), 0xABCD);
	/* And a command of which only a part came. */
	shift_out(E1000_NVM_OPCODE_ERASE, 3);
	shift_out(6 >> 1, 5);
	eecd_standby();
	assert_int_equal(eerd_read(6), 0xABCD);
	eecd_release();
}

static void
test_erase(void **state)
{
	unsigned int i;

	(void)state;
	nvm_power(E82540_82545EM);
	eecd_acquire();
	eecd_command(E1000_NVM_OPCODE_ERASE, 0x0E);	/* without EWEN */
	eecd_standby();
	assert_int_equal(eerd_read(0x0E), 0x8086);
	write_enable(true);
	eecd_command(E1000_NVM_OPCODE_ERASE, 0x0E);
	eecd_standby();
	assert_true(data_out());
	assert_int_equal(eerd_read(0x0E), 0xFFFF);
	assert_int_equal(eerd_read(0x0C), 0x8086);
	shift_out(0x11, 5);			/* WRAL: 1 00 01 */
	shift_out(0, 4);
	shift_out(0x600D, 16);
	eecd_standby();
	for (i = 0; i < WORDS; i++)
		assert_int_equal(eerd_read(i), 0x600D);
	shift_out(0x12, 5);			/* ERAL: 1 00 10 */
	shift_out(0, 4);
	eecd_standby();
	for (i = 0; i < WORDS; i++)
		assert_int_equal(eerd_read(i), 0xFFFF);
	write_enable(false);
	shift_out(0x11, 5);
	shift_out(0, 4);
	shift_out(0, 16);
	eecd_standby();
	assert_int_equal(eerd_read(0), 0xFFFF);
	eecd_release();
}

/* CTRL.RST takes CS down in the middle of a command. */
static void
test_reset_midway(void **state)
{
	(void)state;
	nvm_power(E82540_82540EM);
	eecd_acquire();
	shift_out(E1000_NVM_OPCODE_READ, 3);
	host_write(h, E1000_CTRL, E1000_CTRL_RST);
	eecd = E1000_EECD_REQ | E1000_EECD_CS;
	eecd_set(eecd);
	eecd_command(E1000_NVM_OPCODE_READ, 0x0D);
	assert_int_equal(shift_in(16), 0x100E);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ONE_HOST_TEST(test_image),
		ONE_HOST_TEST(test_own_image),
		ONE_HOST_TEST(test_eerd),
		ONE_HOST_TEST(test_eecd_bits),
		ONE_HOST_TEST(test_read_by_hand),
		ONE_HOST_TEST(test_read_other_order),
		ONE_HOST_TEST(test_read_sequential),
		ONE_HOST_TEST(test_not_granted),
		ONE_HOST_TEST(test_write),
		ONE_HOST_TEST(test_new_address),
		ONE_HOST_TEST(test_write_cut_short),
		ONE_HOST_TEST(test_erase),
		ONE_HOST_TEST(test_reset_midway),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
