/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers of the rings as memory: what the guest writes there takes effect as
 * if it had trapped, in the same order; nothing is lost when memory comes or
 * goes.
 */
#include <errno.h>

#include "tx_rig.h"

#define RX_RING		(HOST_RAM + 0x8000)
#define RX_BUFFERS	(HOST_RAM + 0x10000)
#define RX_COUNT	32u

static _Atomic(uint32_t) mem[E82540_DOORBELL_BYTES / 4];

static const uint8_t mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

/* All registers that the guest can write there. */
static const struct {
	uint32_t reg;
	uint32_t value;
} regs[] = {
	{ E1000_TDBAL, 0x12345670 },
	{ E1000_TDBAH, 0x9abcdef0 },
	{ E1000_TDLEN, 0x1000 },
	{ E1000_TDH, 0x22 },
	{ E1000_TIDV, 0x1111 },
	{ E1000_TXDCTL, 0x00010203 },
	{ E1000_TADV, 0x2222 },
	{ E1000_TSPMT, 0x01020304 },
	{ E1000_TDFH, 0x123 },
	{ E1000_TDFT, 0x124 },
	{ E1000_TDFHS, 0x125 },
	{ E1000_TDFTS, 0x126 },
	{ E1000_TDFPC, 0x127 },
	{ E1000_TXDMAC, 1 },
	{ E1000_TDT, 0x22 },
	{ E1000_RDBAL, 0x23456780 },
	{ E1000_RDBAH, 0xabcdef01 },
	{ E1000_RDLEN, 0x2000 },
	{ E1000_RDH, 0x33 },
	{ E1000_RDTR, 0x3333 },
	{ E1000_RXDCTL, 0x00010203 },
	{ E1000_RADV, 0x4444 },
	{ E1000_RSRPD, 0x555 },
	{ E1000_FCRTL, 0x80001238 },
	{ E1000_FCRTH, 0x2348 },
	{ E1000_RDFHS, 0x133 },
	{ E1000_RDFTS, 0x134 },
	{ E1000_RDT, 0x33 },
};
#define REGS (sizeof(regs) / sizeof(regs[0]))

static uint32_t
mem_get(uint32_t reg)
{
	return mem[(reg - E82540_DOORBELL_OFFSET) / 4];
}

static void
mem_set(uint32_t reg, uint32_t value)
{
	mem[(reg - E82540_DOORBELL_OFFSET) / 4] = value;
}

static void
doorbells_open(struct host *h)
{
	assert_int_equal(e82540_doorbell_open(h->dev, h->now_ns, mem), 0);
	assert_int_equal(e82540_doorbell_rung(h->dev), 0);
}

static void
doorbells_close(struct host *h)
{
	e82540_doorbell_close(h->dev, h->now_ns);
}

/* The host looks at both rings. */
static void
host_look(struct host *h)
{
	while (e82540_transmit(h->dev, h->now_ns))
		;
	assert_int_equal(e82540_receive(h->dev, h->now_ns, NULL, 0), 0);
	assert_int_equal(e82540_doorbell_rung(h->dev), 0);
}

static struct rig
rig_start_kicked(enum e82540_chip chip)
{
	struct rig r = { .h = host_new(chip) };

	r.h->table.tx_kick = host_tx_kick;
	rig_power(&r);
	(void)e82540_transmit(r.h->dev, r.h->now_ns);
	r.h->kicks = 0;
	return r;
}

static void
receive_ring(struct host *h, uint32_t tail)
{
	host_rx_ring(h, RX_RING, RX_COUNT, RX_BUFFERS, 2048, tail);
	host_write(h, E1000_RCTL, E1000_RCTL_EN);
}

static unsigned int
frames_give(struct host *h, unsigned int n)
{
	uint8_t data[64] = { 0 };
	struct e82540_frame frame = { .data = data, .len_bytes = sizeof(data) };
	unsigned int i, took = 0;

	memcpy(data, mac, sizeof(mac));
	for (i = 0; i < n; i++)
		took += e82540_receive(h->dev, h->now_ns, &frame, 1);
	return took;
}

/* ------------------------------------------------------------ open, close */

/* The guest reads from memory what a register access would return. */
static void
memory_shows(enum e82540_chip chip)
{
	struct host *h = host_new(chip);
	uint32_t was[E82540_DOORBELL_BYTES / 4], reg, i;

	host_power(h);
	for (i = 0; i < REGS; i++)
		host_write(h, regs[i].reg, regs[i].value);
	for (i = 0; i < E82540_DOORBELL_BYTES / 4; i++)
		was[i] = host_read(h, E82540_DOORBELL_OFFSET + i * 4);
	memset((void *)mem, 0xff, sizeof(mem));
	doorbells_open(h);
	for (i = 0; i < E82540_DOORBELL_BYTES / 4; i++) {
		reg = E82540_DOORBELL_OFFSET + i * 4;
		assert_int_equal(mem_get(reg), was[i]);
	}
	assert_int_equal(e82540_doorbell_open(h->dev, h->now_ns, mem), -EBUSY);
	assert_int_equal(e82540_save(h->dev, h->now_ns, NULL, 0), -EBUSY);
	assert_int_equal(e82540_load(h->dev, h->now_ns, was, sizeof(was)),
	    -EBUSY);
	doorbells_close(h);
	doorbells_close(h);
	assert_true(e82540_save(h->dev, h->now_ns, NULL, 0) > 0);
	host_free(h);
}

static void
test_shows(void **state)
{
	(void)state;
	memory_shows(E82540_82540EM);
	memory_shows(E82540_82545EM);
	memory_shows(E82540_82544GC);
}

enum end {
	LOOK,
	CLOSE,
	TRAP
};

/*
 * The guest writes every register there, reserved bits included.  The host's
 * look, a trapped access and the close take the values in; then the device is
 * like a twin whose writes all trap.
 */
static void
memory_takes(enum e82540_chip chip, enum end end)
{
	struct host *h = host_new(chip), *twin = host_new(chip);
	uint32_t i, value;

	h->table.tx_kick = twin->table.tx_kick = host_tx_kick;
	host_power(h);
	host_power(twin);
	doorbells_open(h);
	for (i = 0; i < REGS; i++) {
		mem_set(regs[i].reg, regs[i].value | 0x08080000);
		host_write(twin, regs[i].reg, regs[i].value | 0x08080000);
	}
	assert_int_equal(e82540_doorbell_rung(h->dev),
	    E82540_RUNG_TX | E82540_RUNG_RX);
	if (end == LOOK)
		host_look(h);
	if (end == CLOSE)
		doorbells_close(h);
	for (i = 0; i < REGS; i++) {
		value = host_read(h, regs[i].reg);
		assert_int_equal(value, host_read(twin, regs[i].reg));
		if (end != CLOSE)
			assert_int_equal(mem_get(regs[i].reg), value);
	}
	host_free(h);
	host_free(twin);
}

static void
test_takes(void **state)
{
	enum end end;

	(void)state;
	for (end = LOOK; end <= TRAP; end++) {
		memory_takes(E82540_82540EM, end);
		memory_takes(E82540_82545EM, end);
		memory_takes(E82540_82544GC, end);
	}
}

/* --------------------------------------------------------------- transmit */

static void
test_transmit(void **state)
{
	struct rig r = rig_start_kicked(E82540_82540EM);
	uint32_t i;

	(void)state;
	rig_fill(&r, RIG_DATA, 100, 1);
	doorbells_open(r.h);
	for (i = 0; i < 200; i++) {
		rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
		mem_set(E1000_TDT, r.tail);
		assert_int_equal(e82540_doorbell_rung(r.h->dev),
		    E82540_RUNG_TX);
		host_look(r.h);
		assert_int_equal(r.h->packets, i + 1);
		assert_int_equal(mem_get(E1000_TDH), r.tail);
		assert_int_equal(mem_get(E1000_TDT), r.tail);
	}
	assert_int_equal(r.h->kicks, 0);
	rig_free(&r);
}

/* A tail that is only in memory when it is closed. */
static void
test_transmit_at_close(void **state)
{
	struct rig r = rig_start_kicked(E82540_82540EM);

	(void)state;
	rig_fill(&r, RIG_DATA, 100, 1);
	doorbells_open(r.h);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	mem_set(E1000_TDT, r.tail);
	doorbells_close(r.h);
	assert_int_equal(r.h->kicks, 1);
	(void)e82540_transmit(r.h->dev, r.h->now_ns);
	assert_int_equal(r.h->packets, 1);
	rig_free(&r);
}

/* A newer tail that traps, an older one in memory: the newer one counts. */
static void
test_trap_after_memory(void **state)
{
	struct rig r = rig_start_kicked(E82540_82540EM);

	(void)state;
	rig_fill(&r, RIG_DATA, 100, 1);
	doorbells_open(r.h);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	mem_set(E1000_TDT, r.tail);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_kick(&r);
	assert_int_equal(mem_get(E1000_TDT), 2);
	assert_int_equal(e82540_doorbell_rung(r.h->dev), 0);
	doorbells_close(r.h);
	assert_int_equal(host_read(r.h, E1000_TDT), 2);
	(void)e82540_transmit(r.h->dev, r.h->now_ns);
	assert_int_equal(r.h->packets, 2);
	rig_free(&r);
}

/* Another ring, all in memory: its tail is not one of the old ring's. */
static void
test_another_ring(void **state)
{
	struct rig r = rig_start_kicked(E82540_82540EM);

	(void)state;
	rig_fill(&r, RIG_DATA, 100, 1);
	rig_fill(&r, RIG_DATA + 0x1000, 200, 2);
	doorbells_open(r.h);
	/* Packets of the old ring that its tail never reached. */
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	r.ring = RIG_RING + 0x2000;
	r.tail = 0;
	rig_legacy(&r, RIG_DATA + 0x1000, 200, CMD_LAST_RS);
	mem_set(E1000_TDBAL, (uint32_t)r.ring);
	mem_set(E1000_TDH, 0);
	mem_set(E1000_TDT, 1);
	host_look(r.h);
	assert_int_equal(r.h->packets, 1);
	rig_sent(&r, 0, host_ram(r.h, RIG_DATA + 0x1000), 200);
	/* And one that the transmitter's switch takes in. */
	host_write(r.h, E1000_TCTL, 0);
	mem_set(E1000_TDLEN, 8 * E1000_DESC_BYTES);
	mem_set(E1000_TDBAL, RIG_RING);
	mem_set(E1000_TDH, 0);
	mem_set(E1000_TDT, 2);
	host_write(r.h, E1000_TCTL, E1000_TCTL_EN);
	assert_int_equal(r.h->kicks, 1);
	host_look(r.h);
	assert_int_equal(r.h->packets, 3);
	rig_sent(&r, 2, host_ram(r.h, RIG_DATA), 60);
	rig_free(&r);
}

/* TIDV and TADV of a packet that comes after them. */
static void
test_delays(void **state)
{
	struct rig r = rig_start_kicked(E82540_82540EM);

	(void)state;
	rig_fill(&r, RIG_DATA, 100, 1);
	host_write(r.h, E1000_IMS, E1000_ICR_TXDW);
	doorbells_open(r.h);
	mem_set(E1000_TIDV, 100);
	mem_set(E1000_TADV, 150);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS | E1000_TXD_CMD_IDE);
	mem_set(E1000_TDT, r.tail);
	host_look(r.h);
	host_advance(r.h, 100 * E1000_DELAY_UNIT_NS - 1);
	assert_false(r.h->line);
	host_advance(r.h, 1);
	assert_true(r.h->line);
	rig_free(&r);
}

/* A reset ignores what the guest wrote, and then memory has reset values. */
static void
test_reset(void **state)
{
	struct rig r = rig_start_kicked(E82540_82540EM);

	(void)state;
	doorbells_open(r.h);
	mem_set(E1000_TDT, 5);
	mem_set(E1000_RDT, 6);
	mem_set(E1000_TADV, 7);
	host_write(r.h, E1000_CTRL,
	    host_read(r.h, E1000_CTRL) | E1000_CTRL_RST);
	assert_int_equal(e82540_doorbell_rung(r.h->dev), 0);
	assert_int_equal(mem_get(E1000_TDT), 0);
	assert_int_equal(mem_get(E1000_RDT), 0);
	assert_int_equal(mem_get(E1000_TADV), 0);
	assert_int_equal(mem_get(E1000_TSPMT), 0x01000400);
	doorbells_close(r.h);
	assert_int_equal(host_read(r.h, E1000_TDT), 0);
	rig_free(&r);
}

/* ---------------------------------------------------------------- receive */

static void
test_receive(void **state)
{
	struct rig r = rig_start_kicked(E82540_82540EM);
	struct host *h = r.h;

	(void)state;
	receive_ring(h, 2);
	doorbells_open(h);
	assert_int_equal(frames_give(h, 5), 5);
	assert_int_equal(mem_get(E1000_RDH), 2);
	assert_int_equal(rig_counters(&r).rx_packets, 2);
	mem_set(E1000_RDT, 4);
	assert_int_equal(e82540_doorbell_rung(h->dev), E82540_RUNG_RX);
	host_look(h);
	assert_int_equal(mem_get(E1000_RDH), 4);
	assert_int_equal(rig_counters(&r).rx_packets, 4);
	/* With the next frame it is seen, too. */
	mem_set(E1000_RDT, 10);
	assert_int_equal(frames_give(h, 1), 1);
	assert_int_equal(mem_get(E1000_RDH), 6);
	/* An expired delay (FPD) does not stay in memory. */
	host_write(h, E1000_IMS, E1000_ICR_RXT0);
	(void)host_read(h, E1000_ICR);
	mem_set(E1000_RDTR, 1000);
	assert_int_equal(frames_give(h, 1), 1);
	assert_false(h->line);
	mem_set(E1000_RDTR, 1000 | E1000_RDTR_FPD);
	host_look(h);
	assert_true(h->line);
	assert_int_equal(mem_get(E1000_RDTR), 1000);
	rig_free(&r);
}

/* Who was told to wait is told that there is room. */
static void
test_rx_ready(void **state)
{
	struct rig r = rig_start_kicked(E82540_82540EM);

	(void)state;
	receive_ring(r.h, 0);
	doorbells_open(r.h);
	while (frames_give(r.h, 1) == 1)
		;
	assert_int_equal(r.h->rx_readies, 0);
	while (r.h->rx_readies == 0) {
		mem_set(E1000_RDT,
		    (mem_get(E1000_RDH) + RX_COUNT - 1) % RX_COUNT);
		host_look(r.h);
	}
	rig_free(&r);
}

static void
test_loopback(void **state)
{
	struct rig r = rig_start_kicked(E82540_82540EM);

	(void)state;
	memcpy(rig_fill(&r, RIG_DATA, 100, 1), mac, sizeof(mac));
	receive_ring(r.h, 0);
	host_loopback(r.h, true);
	doorbells_open(r.h);
	rig_legacy(&r, RIG_DATA, 60, CMD_LAST_RS);
	mem_set(E1000_RDT, 8);
	mem_set(E1000_TDT, r.tail);
	(void)e82540_transmit(r.h->dev, r.h->now_ns);
	assert_int_equal(rig_counters(&r).rx_packets, 1);
	assert_int_equal(mem_get(E1000_RDH), 1);
	rig_free(&r);
}

/* ----------------------------------------------------- a guest that goes on */

/* Another processor, which stores whenever a thread takes a lock. */
static struct {
	uint32_t reg[4];
	unsigned int regs;
	uint32_t turn;
	unsigned int locks;
} other;

static void
other_stores(void *ctx, enum e82540_lock lock)
{
	uint32_t bit = 1u << (7 + other.turn++ % 3);
	unsigned int i;

	(void)ctx;
	(void)lock;
	for (i = 0; i < other.regs; i++)
		mem_set(other.reg[i], mem_get(other.reg[i]) ^ bit);
	if (++other.locks >= 10000)
		fail_msg("the call goes round and round");
}

static void
other_unlock(void *ctx, enum e82540_lock lock)
{
	(void)ctx;
	(void)lock;
}

/* Locks taken in one call of what the header bounds. */
static unsigned int
call_locks(struct host *h, unsigned int call)
{
	uint8_t bytes[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct e82540_frame frame = { bytes, sizeof(bytes), 0 };

	other.locks = 0;
	switch (call) {
	case 0:
		(void)e82540_receive(h->dev, h->now_ns, &frame, 1);
		break;
	case 1:
		(void)e82540_receive(h->dev, h->now_ns, NULL, 0);
		break;
	case 2:
		host_write(h, E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_BAM);
		break;
	case 3:
		host_write(h, E1000_RDT, 3);
		break;
	case 4:
		host_write(h, E1000_TDT, 9);
		break;
	case 5:
		(void)e82540_transmit(h->dev, h->now_ns);
		break;
	case 6:
		host_write(h, E1000_TCTL, E1000_TCTL_EN);
		break;
	case 7:
		e82540_run(h->dev, h->now_ns);
		break;
	case 8:
		e82540_tx_resume(h->dev, h->now_ns);
		break;
	case 9:
		host_write(h, E1000_RDTR, 7);
		break;
	default:
		e82540_doorbell_close(h->dev, h->now_ns);
		doorbells_open(h);
		break;
	}
	return other.locks;
}

/*
 * Each register of both rings, alone and some together, with kicks and without:
 * no call takes more than some locks.
 */
static void
test_guest_goes_on(void **state)
{
	static const uint32_t some[2][4] = {
		{ E1000_RDBAL, E1000_RDH, E1000_TDBAL, E1000_TDT },
		{ E1000_RDLEN, E1000_RDT, E1000_TDLEN, E1000_TDH },
	};
	unsigned int i, call, kick, most = 0, n;
	struct rig r;

	(void)state;
	for (kick = 0; kick < 2; kick++) {
		memset(&other, 0, sizeof(other));
		r = (struct rig){ .h = host_new(E82540_82540EM) };
		r.h->table.lock = other_stores;
		r.h->table.unlock = other_unlock;
		if (kick)
			r.h->table.tx_kick = host_tx_kick;
		rig_power(&r);
		receive_ring(r.h, 0);
		(void)call_locks(r.h, 0);	/* into the FIFO */
		doorbells_open(r.h);
		for (i = 0; i < REGS + 2; i++) {
			other.regs = i < REGS ? 1 : 4;
			if (i < REGS)
				other.reg[0] = regs[i].reg;
			else
				memcpy(other.reg, some[i - REGS],
				    sizeof(other.reg));
			for (call = 0; call < 11; call++) {
				other.regs = call < 10 ? other.regs : 0;
				n = call_locks(r.h, call);
				most = n > most ? n : most;
			}
		}
		rig_free(&r);
	}
	print_message("at most %u locks in a call\n", most);
	assert_in_range(most, 1, 40);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shows),
		cmocka_unit_test(test_takes),
		cmocka_unit_test(test_transmit),
		cmocka_unit_test(test_transmit_at_close),
		cmocka_unit_test(test_trap_after_memory),
		cmocka_unit_test(test_another_ring),
		cmocka_unit_test(test_delays),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_receive),
		cmocka_unit_test(test_rx_ready),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_guest_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
