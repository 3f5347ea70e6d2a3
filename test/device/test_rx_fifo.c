/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The receive FIFO: frames that wait for room in the ring, and missed frames.
 */
#include "rx_rig.h"

/* A frame that says which it is. */
static void
frame_numbered(uint8_t *frame, uint32_t len, uint32_t n)
{
	rig_frame(frame, len, 0x88B5);
	memcpy(frame + 14, &n, 4);
	frame[len - 1] = n & 0xff;
}

/*
 * Without a ring the FIFO takes 48 KiB; then the host keeps the rest until the
 * guest makes room.  No frame is lost, and all come in order.
 */
static void
test_back_pressure(void **state)
{
	static uint8_t frame[1514];
	uint32_t n, got = 0;
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	rig_ring(&r, 32, 2048, 0);
	for (n = 0;; n++) {
		frame_numbered(frame, sizeof(frame), n);
		if (rig_give(&r, frame, sizeof(frame)) == 0)
			break;
		assert_in_range(n, 0, 100);
	}
	/* Each takes up its bytes, and a little more. */
	assert_in_range(n, 49152 / 1536, 49152 / 1514);
	assert_int_equal(host_read(r.h, E1000_RNBC), n);
	assert_int_equal(host_read(r.h, E1000_GPRC), n);
	assert_int_equal(host_read(r.h, E1000_TPR), n);
	assert_int_equal(host_read(r.h, E1000_MPC), 0);
	assert_int_equal(rig_counters(&r).rx_waited, 1);
	assert_int_equal(rig_counters(&r).rx_packets, 0);
	/* A packet less is not yet room; half of the FIFO is. */
	host_write(r.h, E1000_RDT, 1);
	assert_int_equal(r.h->rx_readies, 0);
	host_write(r.h, E1000_RDT, n / 2 + 1);
	assert_int_equal(r.h->rx_readies, 1);
	for (; got < n / 2 + 1; got++) {
		frame_numbered(frame, sizeof(frame), got);
		rig_expect(&r, frame, sizeof(frame));
	}
	for (n = got + 1; got < 200; n++) {
		/* From here on give a frame for each that is taken. */
		while (rig_get(&r) >= 0) {
			assert_memory_equal(r.data + 14, &got, 4);
			got++;
		}
		rig_refill(&r);
		frame_numbered(frame, sizeof(frame), n + 14);
		(void)rig_give(&r, frame, sizeof(frame));
		if (n > 100)
			break;
	}
	assert_int_equal(rig_counters(&r).rx_dropped, 0);
	rig_stop(&r);
}

/*
 * Random frames in random batches, to a guest that takes them at random: all
 * arrive, in order and whole.
 */
static void
test_order(void **state)
{
	static uint8_t frame[8][4000], want[4000];
	struct e82540_frame batch[8];
	static uint32_t length[4000];
	uint32_t sent = 0, got = 0, i, n, taken, pba, free, seed;
	unsigned int waited = 0;
	struct rig r;
	int len;

	(void)state;
	for (seed = 1; seed <= 8; seed++) {
		print_message("seed %u\n", seed);
		srand(seed);
		pba = 8 * (1 + seed % 7);
		rig_start(&r, 0);
		rig_ring(&r, 24, seed & 1 ? 512 : 2048, 0);
		rig_rctl(&r, E1000_RCTL_LPE);
		host_write(r.h, E1000_PBA, pba);
		sent = got = 0;
		while (got < 3000 || got < sent) {
			n = sent < 3000 ? rand() % 8 : 0;
			for (i = 0; i < n; i++) {
				length[sent + i] = 60 +
				    (rand() % 4 == 0 ? rand() % 3900 :
						  rand() % 200);
				frame_numbered(frame[i], length[sent + i],
				    sent + i);
				batch[i] = (struct e82540_frame){ frame[i],
					length[sent + i], 0 };
			}
			taken = e82540_receive(r.h->dev, r.h->now_ns, batch, n);
			waited += taken < n;
			sent += taken;
			for (i = rand() % 12; i > 0; i--) {
				len = rig_get(&r);
				if (len < 0)
					break;
				assert_int_equal(len, length[got] + 4);
				frame_numbered(want, length[got], got);
				assert_memory_equal(r.data, want, len - 4);
				assert_int_equal(rig_le32(r.data + len - 4),
				    host_crc(want, len - 4));
				got++;
			}
			free = (r.next + r.count - 1) % r.count;
			if (rand() % 3 == 0)
				host_write(r.h, E1000_RDT, free);
		}
		assert_int_equal(got, sent);
		assert_int_equal(rig_counters(&r).rx_dropped, 0);
		assert_int_equal(rig_counters(&r).rx_packets, got);
		assert_int_equal(host_read(r.h, E1000_GPRC), got);
		rig_stop(&r);
	}
	assert_true(waited > 0);
}

/* 13.7.5: with rx_drop a frame that finds the FIFO full is missed. */
static void
test_drop(void **state)
{
	static uint8_t frame[1514];
	struct host *h = host_new(E82540_82540EM);
	uint32_t n, kept;
	struct rig r;

	(void)state;
	h->config.rx_drop = true;
	rig_on(&r, h, 0);
	rig_ring(&r, 64, 2048, 0);
	host_write(h, E1000_IMS, E1000_ICR_RXO);
	for (n = 0; n < 100; n++) {
		frame_numbered(frame, sizeof(frame), n);
		assert_int_equal(rig_give(&r, frame, sizeof(frame)), 1);
	}
	assert_true(h->line);
	assert_true(host_read(h, E1000_ICR) & E1000_ICR_RXO);
	kept = host_read(h, E1000_GPRC);
	assert_in_range(kept, 32, 33);
	assert_int_equal(host_read(h, E1000_MPC), 100 - kept);
	/* These frames count, too, in RNBC and TPR (13.7.33, 13.7.43). */
	assert_int_equal(host_read(h, E1000_RNBC), 100);
	assert_int_equal(host_read(h, E1000_TPR), 100);
	assert_int_equal(host_read(h, E1000_TORL), 100 * 1518);
	assert_int_equal(host_read(h, E1000_GORCL), kept * 1518);
	assert_int_equal(rig_counters(&r).rx_dropped, 100 - kept);
	assert_int_equal(rig_counters(&r).rx_waited, 0);
	host_write(h, E1000_RDT, 60);
	for (n = 0; n < kept; n++) {
		frame_numbered(frame, sizeof(frame), n);
		rig_expect(&r, frame, sizeof(frame));
	}
	assert_int_equal(rig_get(&r), -1);
	assert_int_equal(h->rx_readies, 0);
	rig_stop(&r);
}

/* What waits with the host when the receiver closes is let go. */
static void
test_ready_when_closed(void **state)
{
	static uint8_t frame[1514];
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	rig_ring(&r, 32, 2048, 0);
	rig_frame(frame, sizeof(frame), 0x88B5);
	while (rig_give(&r, frame, sizeof(frame)) == 1)
		;
	assert_int_equal(r.h->rx_readies, 0);
	host_write(r.h, E1000_RCTL, 0);
	assert_int_equal(r.h->rx_readies, 1);
	assert_int_equal(rig_give(&r, frame, sizeof(frame)), 1);
	/* What is in the FIFO stays, and arrives. */
	rig_rctl(&r, 0);
	host_write(r.h, E1000_RDT, 31);
	rig_expect(&r, frame, sizeof(frame));
	/* A reset empties it (13.4.1). */
	host_write(r.h, E1000_RDT, r.next);
	host_write(r.h, E1000_CTRL, E1000_CTRL_RST);
	rig_ring(&r, 32, 2048, 31);
	rig_rctl(&r, 0);
	host_advance(r.h, r.h->config.link_delay_ns + 1000);
	assert_int_equal(rig_get(&r), -1);
	rig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_back_pressure),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_ready_when_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
