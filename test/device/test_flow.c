/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flow control, both ways (8.7.2 to 8.7.5).
 */
#include "rx_rig.h"

#define TX_RING		(HOST_RAM + 0x8000u)
#define TX_BUFFER	(HOST_RAM + 0x9000u)

static const uint8_t multicast[6] = { 0x01, 0x80, 0xC2, 0x00, 0x00, 0x01 };

static void
flow_start_host(struct rig *r, struct host *h, uint32_t ctrl)
{
	rig_on(r, h, 0);
	host_write(h, E1000_CTRL, host_read(h, E1000_CTRL) | ctrl);
	host_write(h, E1000_FCAL, E1000_FCAL_PAUSE);
	host_write(h, E1000_FCAH, E1000_FCAH_PAUSE);
	host_write(h, E1000_FCT, E1000_FCT_PAUSE);
	host_write(h, E1000_FCTTV, 0x1234);
	host_write(h, E1000_TDBAL, TX_RING);
	host_write(h, E1000_TDLEN, 8 * 16);
	host_write(h, E1000_TCTL, E1000_TCTL_EN);
	/* ctrl may have restarted the link: wait until it is up. */
	host_advance(h, h->config.link_delay_ns + 1000);
}

static void
flow_start(struct rig *r, uint32_t ctrl)
{
	flow_start_host(r, host_new(E82540_82540EM), ctrl);
}

static void
control_frame(uint8_t frame[60], const uint8_t *to, uint16_t opcode,
    uint16_t quanta)
{
	rig_frame(frame, 60, 0x8808);
	memcpy(frame, to, 6);
	frame[14] = opcode >> 8;
	frame[15] = opcode & 0xff;
	frame[16] = quanta >> 8;
	frame[17] = quanta & 0xff;
}

static void
pause_frame(struct rig *r, uint16_t quanta)
{
	uint8_t frame[60];

	control_frame(frame, multicast, 1, quanta);
	assert_int_equal(rig_give(r, frame, 60), 1);
}

/* One packet more into the transmit ring. */
static void
send_one(struct rig *r)
{
	uint32_t tail = host_read(r->h, E1000_TDT);
	struct e1000_tx_desc *d = host_ram(r->h, TX_RING + tail * 16);

	memset(d, 0, sizeof(*d));
	d->buffer_addr = TX_BUFFER;
	d->length = 60;
	d->cmd = E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS;
	host_write(r->h, E1000_TDT, (tail + 1) % 8);
}

static bool
transmitter_off(struct rig *r)
{
	return host_read(r->h, E1000_STATUS) & E1000_STATUS_TXOFF;
}

/* Quanta of 512 ns at 1000 Mb/s, to the nanosecond. */
static void
test_pause(void **state)
{
	struct rig r;

	(void)state;
	flow_start(&r, E1000_CTRL_RFCE);
	assert_false(transmitter_off(&r));
	send_one(&r);
	assert_int_equal(r.h->packets, 1);
	pause_frame(&r, 1000);
	assert_true(transmitter_off(&r));
	assert_int_equal(host_read(r.h, E1000_XOFFRXC), 1);
	send_one(&r);
	host_advance(r.h, 1000 * 512 - 1);
	send_one(&r);
	assert_true(transmitter_off(&r));
	assert_int_equal(r.h->packets, 1);
	host_advance(r.h, 1);
	assert_false(transmitter_off(&r));
	assert_int_equal(r.h->packets, 3);
	send_one(&r);
	assert_int_equal(r.h->packets, 4);
	/* A longer one, a shorter one: the last that came counts. */
	pause_frame(&r, 65535);
	host_advance(r.h, 1000000);
	pause_frame(&r, 2);
	host_advance(r.h, 2 * 512 - 1);
	assert_true(transmitter_off(&r));
	host_advance(r.h, 1);
	assert_false(transmitter_off(&r));
	host_advance(r.h, 100000000);
	assert_int_equal(host_read(r.h, E1000_XOFFRXC), 2);
	assert_int_equal(host_read(r.h, E1000_XONRXC), 0);
	rig_stop(&r);
}

/* XON: quanta of 0. */
static void
test_xon(void **state)
{
	struct e82540_frame both[2];
	uint8_t off[60], on[60];
	struct rig r;

	(void)state;
	flow_start(&r, E1000_CTRL_RFCE);
	pause_frame(&r, 1000);
	send_one(&r);
	assert_int_equal(r.h->packets, 0);
	pause_frame(&r, 0);
	assert_false(transmitter_off(&r));
	assert_int_equal(r.h->packets, 1);
	assert_int_equal(host_read(r.h, E1000_XONRXC), 1);
	assert_int_equal(host_read(r.h, E1000_XOFFRXC), 1);
	assert_true(e82540_deadline(r.h->dev) == E82540_NEVER);
	/* In one batch. */
	control_frame(off, multicast, 1, 5);
	control_frame(on, multicast, 1, 0);
	both[0] = (struct e82540_frame){ off, 60, 0 };
	both[1] = (struct e82540_frame){ on, 60, 0 };
	assert_int_equal(e82540_receive(r.h->dev, r.h->now_ns, both, 2), 2);
	assert_false(transmitter_off(&r));
	both[0].data = on;
	both[1].data = off;
	assert_int_equal(e82540_receive(r.h->dev, r.h->now_ns, both, 2), 2);
	assert_true(transmitter_off(&r));
	/* A reset ends it. */
	host_write(r.h, E1000_CTRL, E1000_CTRL_RST);
	assert_false(transmitter_off(&r));
	rig_stop(&r);
}

/* Without RFCE, or with another address or type, it is an ordinary frame. */
static void
test_ignored(void **state)
{
	static const uint8_t other[6] = { 0x01, 0x80, 0xC2, 0x00, 0x00, 0x02 };
	uint8_t frame[60];
	struct rig r;

	(void)state;
	flow_start(&r, 0);
	rig_rctl(&r, E1000_RCTL_MPE | E1000_RCTL_DPF);
	pause_frame(&r, 100);
	assert_false(transmitter_off(&r));
	assert_int_equal(rig_get(&r), 64);
	assert_int_equal(host_read(r.h, E1000_XOFFRXC), 0);
	assert_int_equal(host_read(r.h, E1000_GPRC), 1);
	rig_stop(&r);

	flow_start(&r, E1000_CTRL_RFCE);
	rig_rctl(&r, E1000_RCTL_MPE | E1000_RCTL_DPF);
	control_frame(frame, other, 1, 100);
	rig_give(&r, frame, 60);
	assert_int_equal(rig_get(&r), 64);
	control_frame(frame, multicast, 1, 100);
	frame[13] = 9;
	rig_give(&r, frame, 60);
	assert_int_equal(rig_get(&r), 64);
	assert_false(transmitter_off(&r));
	assert_int_equal(host_read(r.h, E1000_XOFFRXC), 0);
	assert_int_equal(host_read(r.h, E1000_FCRUC), 0);
	/* Nor to an address that is not valid. */
	rig_rctl(&r, E1000_RCTL_UPE | E1000_RCTL_DPF);
	control_frame(frame, rig_mac, 1, 100);
	host_write(r.h, E1000_RAH(0), 0x5634);
	rig_give(&r, frame, 60);
	assert_int_equal(rig_get(&r), 64);
	assert_false(transmitter_off(&r));
	/* Address and type are what the registers say. */
	control_frame(frame, multicast, 1, 100);
	frame[13] = 9;
	host_write(r.h, E1000_FCAL, 0x00C28001);
	host_write(r.h, E1000_FCAH, 0x0200);
	host_write(r.h, E1000_FCT, 0x8809);
	memcpy(frame, other, 6);
	rig_give(&r, frame, 60);
	assert_true(transmitter_off(&r));
	rig_stop(&r);
}

/* 8.7.4: which control frames reach memory. */
static void
test_forward(void **state)
{
	static const struct {
		uint32_t rctl;
		bool to_us;
		uint16_t opcode;
		bool stored;
	} row[] = {
		/* PAUSE: DPF drops it; else it is filtered as any frame. */
		{ 0, false, 1, false },
		{ 0, true, 1, true },
		{ E1000_RCTL_MPE, false, 1, true },
		{ E1000_RCTL_DPF, true, 1, false },
		{ E1000_RCTL_DPF | E1000_RCTL_MPE, false, 1, false },
		{ E1000_RCTL_PMCF, false, 1, false },
		/* Others: PMCF alone decides. */
		{ 0, true, 2, false },
		{ E1000_RCTL_MPE, false, 2, false },
		{ E1000_RCTL_PMCF, false, 2, true },
		{ E1000_RCTL_PMCF, true, 2, true },
		{ E1000_RCTL_PMCF | E1000_RCTL_DPF, false, 0x101, true },
	};
	uint8_t frame[60];
	struct rig r;
	unsigned int i;

	(void)state;
	flow_start(&r, E1000_CTRL_RFCE);
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		rig_rctl(&r, row[i].rctl);
		control_frame(frame, row[i].to_us ? rig_mac : multicast,
		    row[i].opcode, 3);
		rig_give(&r, frame, 60);
		assert_int_equal(transmitter_off(&r), row[i].opcode == 1);
		assert_int_equal(host_read(r.h, E1000_XOFFRXC),
		    row[i].opcode == 1);
		assert_int_equal(host_read(r.h, E1000_FCRUC),
		    row[i].opcode != 1);
		assert_int_equal(rig_get(&r), row[i].stored ? 64 : -1);
		/* 13.7: in the totals only. */
		assert_int_equal(host_read(r.h, E1000_TPR), 1);
		assert_int_equal(host_read(r.h, E1000_GPRC), 0);
		assert_int_equal(host_read(r.h, E1000_MPRC), 0);
		assert_int_equal(host_read(r.h, E1000_PRC64), 0);
		host_advance(r.h, 3 * 512);
		assert_false(transmitter_off(&r));
	}
	assert_int_equal(rig_counters(&r).rx_filtered, 0);
	rig_stop(&r);
}

/* One that finds ring and FIFO full is missed: kept, it would count twice. */
static void
test_full(void **state)
{
	static uint8_t big[1514];
	uint8_t frame[60];
	struct rig r;

	(void)state;
	flow_start(&r, E1000_CTRL_RFCE);
	host_write(r.h, E1000_RDT, 0);
	rig_frame(big, sizeof(big), 0x88B5);
	while (rig_give(&r, big, sizeof(big)) == 1)
		;
	while (rig_give(&r, big, 60) == 1)
		;
	host_read(r.h, E1000_RNBC);
	control_frame(frame, rig_mac, 1, 3);
	assert_int_equal(rig_give(&r, frame, 60), 1);
	assert_true(transmitter_off(&r));
	assert_int_equal(host_read(r.h, E1000_MPC), 1);
	assert_int_equal(host_read(r.h, E1000_RNBC), 0);
	rig_stop(&r);
}

/* 512 bit times at the speed of the link. */
static void
test_speed(void **state)
{
	static const struct {
		uint32_t speed;
		uint64_t ns;
	} row[] = {
		{ E1000_CTRL_SPEED_10, 51200 },
		{ E1000_CTRL_SPEED_100, 5120 },
		{ E1000_CTRL_SPEED_1000, 512 },
	};
	struct rig r;
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		flow_start(&r, E1000_CTRL_RFCE);
		host_write(r.h, E1000_CTRL,
		    (host_read(r.h, E1000_CTRL) & ~E1000_CTRL_SPEED_MASK) |
			E1000_CTRL_FRCSPD | E1000_CTRL_FRCDPX | E1000_CTRL_FD |
			E1000_CTRL_SLU | row[i].speed);
		host_advance(r.h, r.h->config.link_delay_ns * 2);
		assert_int_equal(host_read(r.h, E1000_STATUS) &
			E1000_STATUS_SPEED_MASK,
		    row[i].speed >> 2);
		pause_frame(&r, 7);
		host_advance(r.h, 7 * row[i].ns - 1);
		assert_true(transmitter_off(&r));
		host_advance(r.h, 1);
		assert_false(transmitter_off(&r));
		rig_stop(&r);
	}
}

/* ------------------------------------------------------------------- sent */

/* The device has sent `packets`; the last is a PAUSE of `quanta`. */
static void
expect_pause(struct rig *r, unsigned int packets, uint16_t quanta)
{
	const struct host_packet *p;
	unsigned int i;

	assert_int_equal(r->h->packets, packets);
	p = &r->h->sent[packets - 1];
	assert_int_equal(p->len_bytes, 60);
	assert_memory_equal(p->data, multicast, 6);
	assert_memory_equal(p->data + 6, rig_mac, 6);
	assert_int_equal(p->data[12] << 8 | p->data[13], 0x8808);
	assert_int_equal(p->data[14] << 8 | p->data[15], 1);
	assert_int_equal(p->data[16] << 8 | p->data[17], quanta);
	for (i = 18; i < 60; i++)
		assert_int_equal(p->data[i], 0);
}

/*
 * Frames of 1514 bytes into the FIFO until the host sees a packet; how many
 * bytes are in it then, at least.
 */
static uint32_t
fifo_fill(struct rig *r)
{
	static uint8_t frame[1514];
	unsigned int before = r->h->packets;
	uint32_t bytes = 0;

	rig_frame(frame, sizeof(frame), 0x88B5);
	while (r->h->packets == before) {
		assert_int_equal(rig_give(r, frame, sizeof(frame)), 1);
		bytes += sizeof(frame);
	}
	return bytes;
}

/* 13.4.23, 13.4.24: XOFF at FCRTH, then XON at FCRTL, each once a crossing. */
static void
test_thresholds(void **state)
{
	static uint8_t big[1514];
	uint8_t frame[60];
	struct rig r;
	uint32_t bytes, tail;
	unsigned int round;

	(void)state;
	flow_start(&r, E1000_CTRL_TFCE);
	host_write(r.h, E1000_RDT, 0);
	host_write(r.h, E1000_FCRTH, 20000);
	host_write(r.h, E1000_FCRTL, E1000_FCRTL_XONE | 8000);
	rig_frame(frame, 60, 0x88B5);
	tail = 0;
	for (round = 0; round < 3; round++) {
		bytes = fifo_fill(&r);
		assert_in_range(bytes, 20000 - 200, 20000 + 1514);
		expect_pause(&r, 2 * round + 1, 0x1234);
		assert_int_equal(host_read(r.h, E1000_XOFFTXC), 1);
		/* Not for each that comes above it. */
		assert_int_equal(rig_give(&r, frame, 60), 1);
		assert_int_equal(r.h->packets, 2 * round + 1);
		/* Drained one by one: XON when 8000 bytes are left. */
		while (r.h->packets == 2 * round + 1) {
			assert_true(bytes > 8000 - 1514 - 200);
			tail = (tail + 1) % r.count;
			host_write(r.h, E1000_RDT, tail);
			assert_int_equal(rig_get(&r), 1518);
			bytes -= 1514;
		}
		assert_in_range(bytes, 8000 - 1514 - 200, 8000);
		expect_pause(&r, 2 * round + 2, 0);
		assert_int_equal(host_read(r.h, E1000_XONTXC), 1);
		/* All the rest. */
		while (rig_get(&r) >= 0 || host_read(r.h, E1000_RDFPC) > 0) {
			tail = (tail + 1) % r.count;
			host_write(r.h, E1000_RDT, tail);
		}
		tail = r.next;
		host_write(r.h, E1000_RDT, tail);
		assert_int_equal(r.h->packets, 2 * round + 2);
	}
	/* No XON without an XOFF before it. */
	for (round = 0; round < 8; round++) {
		rig_frame(big, sizeof(big), 0x88B5);
		rig_give(&r, big, sizeof(big));
	}
	host_write(r.h, E1000_RDT, (tail + 10) % r.count);
	assert_int_equal(host_read(r.h, E1000_RDFPC), 0);
	assert_int_equal(r.h->packets, 6);
	/* Totals count them, good packets do not (13.7.30, 13.7.44). */
	assert_int_equal(host_read(r.h, E1000_TPT), 6);
	assert_int_equal(host_read(r.h, E1000_TOTL), 6 * 64);
	assert_int_equal(host_read(r.h, E1000_GPTC), 0);
	assert_int_equal(host_read(r.h, E1000_PTC64), 0);
	assert_int_equal(rig_counters(&r).tx_packets, 6);
	rig_stop(&r);
}

/* No XON without XONE; nothing without TFCE, or with thresholds of 0. */
static void
test_thresholds_off(void **state)
{
	static uint8_t frame[1514];
	struct rig r;
	unsigned int i, k;

	(void)state;
	rig_frame(frame, sizeof(frame), 0x88B5);
	for (i = 0; i < 4; i++) {
		flow_start(&r, i == 0 ? 0 : E1000_CTRL_TFCE);
		host_write(r.h, E1000_RDT, 0);
		host_write(r.h, E1000_FCRTH, i == 1 ? 0 : 8000);
		host_write(r.h, E1000_FCRTL,
		    i == 2 ? 4000 : 4000 | E1000_FCRTL_XONE);
		if (i == 3)		/* the transmitter is off */
			host_write(r.h, E1000_TCTL, 0);
		for (k = 0; k < 10; k++)
			rig_give(&r, frame, sizeof(frame));
		assert_int_equal(r.h->packets, i == 2);
		host_write(r.h, E1000_RDT, 31);
		assert_int_equal(r.h->packets, i == 2);
		rig_stop(&r);
	}
}

/* 13.4.33: SWXOFF sends one, and is clear again; TFCE does not matter. */
static void
test_software(void **state)
{
	struct rig r;

	(void)state;
	flow_start(&r, 0);
	host_write(r.h, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_SWXOFF);
	expect_pause(&r, 1, 0x1234);
	assert_int_equal(host_read(r.h, E1000_TCTL) & E1000_TCTL_SWXOFF, 0);
	assert_int_equal(host_read(r.h, E1000_XOFFTXC), 1);
	host_write(r.h, E1000_FCTTV, 0);
	host_write(r.h, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_SWXOFF);
	expect_pause(&r, 2, 0);
	assert_int_equal(host_read(r.h, E1000_XOFFTXC), 0);
	assert_int_equal(host_read(r.h, E1000_XONTXC), 1);
	/* Not while the link is down; and not if the network is full. */
	r.h->room = 0;
	host_write(r.h, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_SWXOFF);
	assert_int_equal(rig_counters(&r).tx_stopped, 1);
	r.h->room = 10;
	e82540_tx_resume(r.h->dev, r.h->now_ns);
	assert_int_equal(r.h->packets, 2);
	host_loopback(r.h, true);
	host_write(r.h, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_SWXOFF);
	assert_int_equal(r.h->packets, 2);
	host_loopback(r.h, false);
	e82540_link_set(r.h->dev, r.h->now_ns, false);
	host_write(r.h, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_SWXOFF);
	assert_int_equal(r.h->packets, 2);
	assert_int_equal(host_read(r.h, E1000_XONTXC), 0);
	rig_stop(&r);
}

/* While paused ourselves; and with the header that the network wants. */
static void
test_software_paused(void **state)
{
	static const struct e82540_vnet_hdr none;
	static const uint8_t bytes[] = { 10, 12 };
	struct host *h;
	struct rig r;
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		h = host_new(E82540_82540EM);
		h->config.vnet_hdr_bytes = bytes[i];
		flow_start_host(&r, h, E1000_CTRL_RFCE);
		memset(&h->sent[0].hdr, 0xFF, sizeof(none));
		pause_frame(&r, 100);
		host_write(h, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_SWXOFF);
		expect_pause(&r, 1, 0x1234);
		assert_memory_equal(&h->sent[0].hdr, &none, sizeof(none));
		assert_true(transmitter_off(&r));
		rig_stop(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_xon),
		cmocka_unit_test(test_ignored),
		cmocka_unit_test(test_forward),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_speed),
		cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_thresholds_off),
		cmocka_unit_test(test_software),
		cmocka_unit_test(test_software_paused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
