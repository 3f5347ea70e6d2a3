/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receive: frames to descriptors (3.2), VLAN tags, causes, what is counted.
 */
#include "rx_rig.h"

#include "e82540_impl.h"
#include "e82540_sum.h"

#define FRAME_MAX	16380u		/* with LPE, without CRC */
#define STAT_PLAIN \
	(E1000_RXD_STAT_DD | E1000_RXD_STAT_EOP | E1000_RXD_STAT_IXSM)

static void
test_fcs(void **state)
{
	uint8_t data[300];
	uint32_t i, len;

	(void)state;
	/* The usual check value of CRC-32, and the CRC of an empty string. */
	assert_int_equal(e82540_fcs((const uint8_t *)"123456789", 9),
	    0xCBF43926);
	assert_int_equal(e82540_fcs(data, 0), 0);
	/* Four bytes of zero. */
	memset(data, 0, sizeof(data));
	assert_int_equal(e82540_fcs(data, 4), 0x2144DF1C);
	srand(2);
	for (i = 0; i < sizeof(data); i++)
		data[i] = rand();
	for (i = 0; i < 8; i++)
		for (len = 0; len + i <= sizeof(data); len++)
			assert_int_equal(e82540_fcs(data + i, len),
			    host_crc(data + i, len));
}

static void
test_one(void **state)
{
	const uint32_t unmasked = E1000_ICR_RXT0;
	struct e82540_counters c;
	uint8_t frame[60];
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	host_write(r.h, E1000_IMS, unmasked);
	rig_frame(frame, sizeof(frame), 0x88B5);
	assert_int_equal(rig_give(&r, frame, sizeof(frame)), 1);
	assert_true(r.h->line);
	assert_int_equal(host_read(r.h, E1000_RDH), 1);
	rig_expect(&r, frame, sizeof(frame));
	assert_int_equal(r.last.status, STAT_PLAIN);
	assert_int_equal(r.last.errors, 0);
	assert_int_equal(r.last.special, 0);
	assert_int_equal(r.csum, rig_csum(r.data, 64, 0));
	assert_int_equal(host_read(r.h, E1000_ICR) & ~E1000_ICR_LSC,
	    E1000_ICR_RXT0);
	assert_int_equal(rig_get(&r), -1);
	c = rig_counters(&r);
	assert_int_equal(c.rx_packets, 1);
	assert_int_equal(c.rx_bytes, 60);
	assert_int_equal(c.rx_dropped + c.rx_filtered + c.rx_waited, 0);
	assert_int_equal(c.bad_ring + c.bad_address + c.bad_descriptor, 0);
	rig_stop(&r);
}

/* The model writes the frame, and no other byte of a buffer. */
static void
guard_set(struct rig *r)
{
	memset(host_ram(r->h, RIG_BUFFERS), 0xEE,
	    r->count * (r->buf_bytes + 64));
}

static void
guard_check(struct rig *r)
{
	const uint8_t *p;
	uint32_t i, k;

	for (i = 0; i < r->count; i++) {
		p = host_ram(r->h, rig_buffer(r, i) + r->buf_bytes);
		for (k = 0; k < 64; k++)
			assert_int_equal(p[k], 0xEE);
	}
}

/*
 * Each length with each buffer size (2048: every one; else around multiples of
 * the size, and some): data, CRC, packet checksum, descriptors used.  The CRC
 * and the sum of a prefix are worked out byte by byte.
 */
static void
test_lengths(void **state)
{
	static const uint32_t sizes[] = { 256, 512, 1024, 2048, 4096, 8192,
		16384 };
	static uint8_t frame[FRAME_MAX], crc[4];
	uint32_t i, k, len, size, tail, sum, state_crc, descs;
	struct rig r;

	(void)state;
	rig_frame(frame, sizeof(frame), 0x88B5);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size = sizes[i];
		rig_start(&r, 0);
		rig_ring(&r, size == 256 ? 72 : size >= 8192 ? 8 : 40, size, 0);
		rig_rctl(&r, E1000_RCTL_LPE);
		guard_set(&r);
		rig_refill(&r);
		state_crc = UINT32_MAX;
		sum = 0;
		for (len = 1; len <= FRAME_MAX; len++) {
			state_crc = host_crc_byte(state_crc, frame[len - 1]);
			sum += len & 1 ? frame[len - 1] << 8 : frame[len - 1];
			tail = (len + 4) % size;
			if (len < 60 ||
			    (size != 2048 && tail > 6 && tail < size - 6 &&
				len % 211 != 0))
				continue;
			assert_int_equal(rig_give(&r, frame, len), 1);
			rig_expect_crc(&r, frame, len, ~state_crc);
			descs = (len + 4 + size - 1) / size;
			assert_int_equal(r.descs, descs);
			for (k = 0; k < 4; k++)
				crc[k] = r.data[len + k];
			assert_int_equal(r.csum,
			    len & 1 ? rig_csum(crc + 1, 3, sum + crc[0]) :
				      rig_csum(crc, 4, sum));
			rig_refill(&r);
		}
		guard_check(&r);
		assert_int_equal(rig_counters(&r).rx_dropped, 0);
		rig_stop(&r);
	}
}

/* A buffer size of 32768 (BSEX, 0) is reserved: 2048. */
static void
test_size_reserved(void **state)
{
	static uint8_t frame[3000];
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	rig_frame(frame, sizeof(frame), 0x88B5);
	rig_rctl(&r, E1000_RCTL_LPE | E1000_RCTL_BSEX);
	rig_give(&r, frame, sizeof(frame));
	rig_expect(&r, frame, sizeof(frame));
	assert_int_equal(r.descs, 2);
	rig_stop(&r);
}

static void
test_crc_strip(void **state)
{
	static uint8_t frame[1514];
	struct host *h;
	struct rig r;

	(void)state;
	rig_start(&r, E1000_RCTL_SECRC);
	rig_frame(frame, sizeof(frame), 0x88B5);
	rig_give(&r, frame, sizeof(frame));
	assert_int_equal(rig_get(&r), sizeof(frame));
	assert_memory_equal(r.data, frame, sizeof(frame));
	assert_int_equal(r.csum, rig_csum(frame, sizeof(frame), 0));
	rig_stop(&r);

	h = host_new(E82540_82540EM);
	h->config.no_fcs = true;
	rig_on(&r, h, 0);
	rig_give(&r, frame, sizeof(frame));
	rig_expect_crc(&r, frame, sizeof(frame), 0);
	rig_stop(&r);
}

/* Hypervisors hand over frames of 42 bytes. */
static void
test_short(void **state)
{
	uint8_t frame[60], padded[60];
	struct rig r;
	uint32_t len;

	(void)state;
	rig_start(&r, 0);
	rig_frame(frame, sizeof(frame), 0x88B5);
	for (len = 14; len < 60; len++) {
		memset(padded, 0, sizeof(padded));
		memcpy(padded, frame, len);
		assert_int_equal(rig_give(&r, frame, len), 1);
		rig_expect(&r, padded, sizeof(padded));
		rig_refill(&r);
	}
	assert_int_equal(host_read(r.h, E1000_PRC64), 46);
	assert_int_equal(host_read(r.h, E1000_RUC), 0);
	for (len = 0; len < 14; len++)
		assert_int_equal(rig_give(&r, len == 0 ? NULL : frame, len), 1);
	assert_int_equal(rig_get(&r), -1);
	assert_int_equal(host_read(r.h, E1000_RUC), 14);
	assert_int_equal(host_read(r.h, E1000_RLEC), 14);
	rig_stop(&r);
}

/* 13.7.15, 13.7.36: 1522 bytes with CRC, with LPE 16384. */
static void
test_long(void **state)
{
	static uint8_t frame[FRAME_MAX + 100];
	struct e82540_frame huge = { frame, UINT32_MAX, 0 };
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	rig_frame(frame, sizeof(frame), 0x88B5);
	assert_int_equal(rig_give(&r, frame, 1518), 1);
	rig_expect(&r, frame, 1518);
	assert_int_equal(rig_give(&r, frame, 1519), 1);
	assert_int_equal(rig_get(&r), -1);
	assert_int_equal(host_read(r.h, E1000_ROC), 1);
	assert_int_equal(host_read(r.h, E1000_RLEC), 1);
	assert_int_equal(host_read(r.h, E1000_PRC1522), 1);
	/* Only of those for us. */
	frame[5] ^= 1;
	rig_give(&r, frame, 1519);
	frame[5] ^= 1;
	assert_int_equal(host_read(r.h, E1000_ROC), 0);
	/* 3.2.1: bad packets are stored with SBP, but are not good. */
	rig_rctl(&r, E1000_RCTL_SBP);
	rig_give(&r, frame, 1519);
	rig_expect(&r, frame, 1519);
	assert_int_equal(host_read(r.h, E1000_ROC), 1);
	assert_int_equal(host_read(r.h, E1000_PRC1522), 0);

	rig_rctl(&r, E1000_RCTL_LPE | E1000_RCTL_SBP);
	rig_give(&r, frame, FRAME_MAX);
	rig_expect(&r, frame, FRAME_MAX);
	assert_int_equal(host_read(r.h, E1000_PRC1522), 1);
	assert_int_equal(rig_give(&r, frame, FRAME_MAX + 1), 1);
	assert_int_equal(e82540_receive(r.h->dev, r.h->now_ns, &huge, 1), 1);
	assert_int_equal(rig_get(&r), -1);
	assert_int_equal(host_read(r.h, E1000_ROC), 2);
	assert_int_equal(rig_counters(&r).rx_dropped, 3);
	rig_stop(&r);
}

/* Closed: EN clear, link down, no bus master.  Frames are lost, not counted. */
static void
test_closed(void **state)
{
	uint8_t frame[60];
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	rig_frame(frame, sizeof(frame), 0x88B5);
	host_write(r.h, E1000_RCTL, 0);
	assert_int_equal(rig_give(&r, frame, 60), 1);
	rig_rctl(&r, 0);
	e82540_link_set(r.h->dev, r.h->now_ns, false);
	assert_int_equal(rig_give(&r, frame, 60), 1);
	e82540_link_set(r.h->dev, r.h->now_ns, true);
	host_advance(r.h, r.h->config.link_delay_ns + 1);
	e82540_pci_write(r.h->dev, r.h->now_ns, E82540_PCI_COMMAND, 2, 0);
	assert_int_equal(rig_give(&r, frame, 60), 1);
	e82540_pci_write(r.h->dev, r.h->now_ns, E82540_PCI_COMMAND, 2,
	    E82540_PCI_MASTER);
	assert_int_equal(rig_get(&r), -1);
	assert_int_equal(host_read(r.h, E1000_TPR), 0);
	assert_int_equal(rig_give(&r, frame, 60), 1);
	rig_expect(&r, frame, 60);
	rig_stop(&r);
}

/* ------------------------------------------------------------------- ring */

/* RDH equal to RDT is empty, so seven of eight hold frames; and it wraps. */
static void
test_wrap(void **state)
{
	uint8_t frame[60];
	struct rig r;
	uint32_t i, k;

	(void)state;
	rig_start(&r, 0);
	rig_ring(&r, 8, 2048, 7);
	rig_frame(frame, sizeof(frame), 0x88B5);
	for (i = 0; i < 50; i++) {
		for (k = 0; k < 7; k++) {
			frame[20] = k;
			assert_int_equal(rig_give(&r, frame, 60), 1);
		}
		assert_int_equal(host_read(r.h, E1000_RDH),
		    host_read(r.h, E1000_RDT));
		for (k = 0; k < 7; k++) {
			frame[20] = k;
			rig_expect(&r, frame, 60);
		}
		rig_refill(&r);
	}
	assert_int_equal(host_read(r.h, E1000_RNBC), 0);
	rig_stop(&r);
}

/* A frame of four buffers waits for the fourth; then all come. */
static void
test_all_or_none(void **state)
{
	static uint8_t frame[1000];
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	rig_ring(&r, 8, 256, 3);
	rig_rctl(&r, 0);
	rig_frame(frame, sizeof(frame), 0x88B5);
	assert_int_equal(rig_give(&r, frame, sizeof(frame)), 1);
	assert_int_equal(host_read(r.h, E1000_RDH), 0);
	assert_int_equal(host_read(r.h, E1000_RNBC), 1);
	/* What would have room does not overtake. */
	assert_int_equal(rig_give(&r, frame, 100), 1);
	assert_int_equal(rig_get(&r), -1);
	host_write(r.h, E1000_RDT, 4);
	assert_int_equal(host_read(r.h, E1000_RDH), 4);
	rig_expect(&r, frame, sizeof(frame));
	assert_int_equal(r.descs, 4);
	assert_int_equal(rig_get(&r), -1);
	host_write(r.h, E1000_RDT, 7);
	rig_expect(&r, frame, 100);
	rig_stop(&r);
}

/* 3.2.5: a descriptor without a buffer gets DD, and no part of a frame. */
static void
test_null(void **state)
{
	static uint8_t frame[700];
	struct e1000_rx_desc *d;
	struct rig r;
	uint32_t i;

	(void)state;
	rig_start(&r, 0);
	rig_ring(&r, 16, 256, 0);
	rig_rctl(&r, 0);
	rig_frame(frame, sizeof(frame), 0x88B5);
	for (i = 0; i < 16; i++) {
		d = rig_desc(&r, i);
		if (i == 0 || i == 1 || i == 3 || i == 4)
			d->buffer_addr = 0;
		d->length = 0x5555;
		d->special = 0x6666;
	}
	host_write(r.h, E1000_RDT, 6);
	/* Three buffers are wanted, two are there. */
	rig_give(&r, frame, sizeof(frame));
	assert_int_equal(rig_desc(&r, 2)->status, 0);
	assert_int_equal(rig_desc(&r, 5)->status, 0);
	host_write(r.h, E1000_RDT, 7);
	assert_int_equal(host_read(r.h, E1000_RDH), 7);
	for (i = 0; i < 7; i++) {
		d = rig_desc(&r, i);
		if (d->buffer_addr != 0) {
			assert_int_equal(d->length, i == 6 ? 192 : 256);
			assert_memory_equal(host_ram(r.h, d->buffer_addr),
			    frame +
				(i == 2        ? 0 :
					i == 5 ? 256 :
						 512),
			    188);
			continue;
		}
		assert_int_equal(d->status, E1000_RXD_STAT_DD);
		assert_int_equal(d->length, 0x5555);
		assert_int_equal(d->special, 0x6666);
	}
	/* A ring of null descriptors alone is used up, once. */
	for (i = 0; i < 16; i++) {
		rig_desc(&r, i)->buffer_addr = 0;
		rig_desc(&r, i)->status = 0;
	}
	host_write(r.h, E1000_RDT, 6);
	rig_give(&r, frame, 60);
	assert_int_equal(host_read(r.h, E1000_RDH), 6);
	assert_int_equal(rig_counters(&r).rx_packets, 1);
	rig_stop(&r);
}

/* More than 64 null descriptors inside of a frame: it is dropped. */
static void
test_null_many(void **state)
{
	static uint8_t frame[700];
	struct rig r;
	uint32_t i;

	(void)state;
	rig_start(&r, 0);
	rig_ring(&r, 256, 256, 0);
	rig_rctl(&r, 0);
	rig_frame(frame, sizeof(frame), 0x88B5);
	/* 64 are not. */
	for (i = 1; i < 65; i++)
		rig_desc(&r, i)->buffer_addr = 0;
	host_write(r.h, E1000_RDT, 255);
	assert_int_equal(rig_give(&r, frame, sizeof(frame)), 1);
	assert_int_equal(host_read(r.h, E1000_RDH), 67);
	assert_int_equal(rig_counters(&r).bad_descriptor, 0);
	rig_ring(&r, 256, 256, 0);
	for (i = 1; i < 200; i++)
		rig_desc(&r, i)->buffer_addr = 0;
	host_write(r.h, E1000_RDT, 255);
	assert_int_equal(rig_give(&r, frame, sizeof(frame)), 1);
	assert_int_equal(rig_counters(&r).bad_descriptor, 1);
	assert_int_equal(rig_counters(&r).rx_dropped, 1);
	assert_int_equal(host_read(r.h, E1000_RDH), 0);
	assert_int_equal(rig_give(&r, frame, 60), 1);
	assert_int_equal(host_read(r.h, E1000_RDH), 1);
	assert_int_equal(rig_give(&r, frame, sizeof(frame)), 1);
	assert_int_equal(host_read(r.h, E1000_RDH), 203);
	rig_stop(&r);
}

static void
test_bad_ring(void **state)
{
	static const struct {
		uint32_t len, head, tail;
	} row[] = {
		{ 0, 0, 0 },
		{ 0, 0, 5 },
		{ 128, 8, 3 },
		{ 128, 0xFFFF, 3 },
		{ 0, 7, 7 },
	};
	uint8_t frame[60];
	struct rig r;
	uint32_t i;
	uint64_t bad;

	(void)state;
	rig_frame(frame, sizeof(frame), 0x88B5);
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		rig_start(&r, 0);
		rig_ring(&r, 32, 2048, 0);
		host_write(r.h, E1000_RDLEN, row[i].len);
		host_write(r.h, E1000_RDH, row[i].head);
		host_write(r.h, E1000_RDT, row[i].tail);
		bad = rig_counters(&r).bad_ring;
		assert_int_equal(rig_give(&r, frame, 60), 1);
		assert_true(rig_counters(&r).bad_ring > bad);
		assert_int_equal(host_read(r.h, E1000_RDH), row[i].head);
		assert_int_equal(rig_get(&r), -1);
		/* It waits in the FIFO for a better one. */
		assert_int_equal(host_read(r.h, E1000_RNBC), 1);
		host_write(r.h, E1000_RCTL, 0);
		rig_ring(&r, 32, 2048, 3);
		rig_rctl(&r, 0);
		rig_expect(&r, frame, 60);
		rig_stop(&r);
	}
}

/* A ring, or a buffer, where there is no memory. */
static void
test_bad_address(void **state)
{
	const uint64_t end = HOST_RAM + HOST_RAM_BYTES;
	uint8_t frame[200];
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	rig_frame(frame, sizeof(frame), 0x88B5);
	host_write(r.h, E1000_RDBAH, 1);
	assert_int_equal(rig_give(&r, frame, 60), 1);
	assert_int_equal(rig_counters(&r).bad_address, 1);
	assert_int_equal(rig_counters(&r).rx_dropped, 1);
	assert_int_equal(host_read(r.h, E1000_MPC), 0);
	assert_int_equal(host_read(r.h, E1000_RDH), 0);
	host_write(r.h, E1000_RDBAH, 0);
	/* Bits 3:0 of RDBAL do not exist; the ring goes beyond the end. */
	host_write(r.h, E1000_RDBAL, end - 32);
	((struct e1000_rx_desc *)host_ram(r.h, end - 32))->buffer_addr =
	    RIG_BUFFERS;
	((struct e1000_rx_desc *)host_ram(r.h, end - 16))->buffer_addr =
	    RIG_BUFFERS;
	rig_give(&r, frame, 60);
	rig_give(&r, frame, 60);
	assert_int_equal(rig_counters(&r).rx_packets, 2);
	rig_give(&r, frame, 60);
	assert_int_equal(rig_counters(&r).rx_packets, 2);
	assert_int_equal(rig_counters(&r).bad_address, 2);
	assert_int_equal(host_read(r.h, E1000_RDH), 2);

	/* Buffers: the descriptor is used up, the rest of the frame arrives. */
	rig_ring(&r, 8, 256, 7);
	rig_desc(&r, 0)->buffer_addr = UINT64_MAX - 10;
	rig_desc(&r, 1)->buffer_addr = end - 100;
	rig_desc(&r, 2)->buffer_addr = HOST_RAM - 50;
	rig_rctl(&r, 0);
	rig_give(&r, frame, 60);
	assert_int_equal(rig_counters(&r).bad_address, 3);
	rig_give(&r, frame, 196);
	assert_int_equal(rig_counters(&r).bad_address, 4);
	assert_memory_equal(host_ram(r.h, end - 100), frame, 100);
	rig_give(&r, frame, 196);
	assert_int_equal(rig_counters(&r).bad_address, 5);
	assert_int_equal(host_read(r.h, E1000_RDH), 3);
	assert_int_equal(rig_desc(&r, 1)->status, STAT_PLAIN);
	assert_int_equal(rig_desc(&r, 1)->length, 200);
	rig_stop(&r);
}

/* Memory in pieces: a buffer over a seam, and one that is read-only. */
static void
test_regions(void **state)
{
	struct e82540_region region[3];
	uint8_t *one, *two;
	uint8_t frame[300];
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	rig_frame(frame, sizeof(frame), 0x88B5);
	one = malloc(128);
	two = calloc(1, 512);
	region[0] =
	    (struct e82540_region){ HOST_RAM, HOST_RAM_BYTES, r.h->ram, true };
	region[1] = (struct e82540_region){ 0x80000000, 128, one, true };
	region[2] = (struct e82540_region){ 0x80000080, 512, two, true };
	assert_int_equal(e82540_memory_set(r.h->dev, region, 3), 0);
	rig_desc(&r, 0)->buffer_addr = 0x80000000 + 28;
	rig_desc(&r, 1)->buffer_addr = 0x80000000 + 28;
	rig_give(&r, frame, sizeof(frame));
	assert_memory_equal(one + 28, frame, 100);
	assert_memory_equal(two, frame + 100, 200);
	assert_int_equal(rig_le32(two + 200), host_crc(frame, 300));
	assert_int_equal(rig_counters(&r).bad_address, 0);
	region[2].writable = false;
	memset(two, 0, 512);
	assert_int_equal(e82540_memory_set(r.h->dev, region, 3), 0);
	rig_give(&r, frame, sizeof(frame));
	assert_int_equal(rig_counters(&r).bad_address, 1);
	assert_int_equal(two[0], 0);
	/* A ring in read-only memory. */
	region[0].writable = false;
	assert_int_equal(e82540_memory_set(r.h->dev, region, 1), 0);
	rig_give(&r, frame, sizeof(frame));
	assert_int_equal(rig_counters(&r).bad_address, 2);
	assert_int_equal(rig_counters(&r).rx_dropped, 1);
	/* No memory at all. */
	assert_int_equal(e82540_memory_set(r.h->dev, region, 0), 0);
	rig_give(&r, frame, sizeof(frame));
	assert_int_equal(rig_counters(&r).rx_dropped, 2);
	rig_stop(&r);
	free(one);
	free(two);
}

/* ------------------------------------------------------------------- VLAN */

/* 9.2: the tag goes to the descriptor.  The CRC is that of the wire. */
static void
test_vlan(void **state)
{
	uint8_t frame[104], bare[104];
	uint32_t crc;
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	rig_frame(frame, sizeof(frame), 0x8100);
	frame[14] = 0xB1;
	frame[15] = 0x23;
	memcpy(bare, frame, 12);
	memcpy(bare + 12, frame + 16, sizeof(frame) - 16);
	crc = host_crc(frame, sizeof(frame));
	/* Without VME it stays. */
	rig_give(&r, frame, sizeof(frame));
	rig_expect(&r, frame, sizeof(frame));
	assert_int_equal(r.last.status, STAT_PLAIN);
	assert_int_equal(r.last.special, 0);

	host_write(r.h, E1000_CTRL,
	    host_read(r.h, E1000_CTRL) | E1000_CTRL_VME);
	rig_give(&r, frame, sizeof(frame));
	rig_expect_crc(&r, bare, 100, crc);
	assert_int_equal(r.last.status, STAT_PLAIN | E1000_RXD_STAT_VP);
	assert_int_equal(r.last.special, 0xB123);
	assert_int_equal(r.csum, rig_csum(r.data, 104, 0));
	rig_rctl(&r, E1000_RCTL_SECRC);
	rig_give(&r, frame, sizeof(frame));
	assert_int_equal(rig_get(&r), 100);
	assert_memory_equal(r.data, bare, 100);
	assert_int_equal(r.csum, rig_csum(bare, 100, 0));
	/* Only the type in VET makes a tag. */
	host_write(r.h, E1000_VET, 0x88A8);
	rig_rctl(&r, 0);
	rig_give(&r, frame, sizeof(frame));
	rig_expect(&r, frame, sizeof(frame));
	/* A short one is padded before the tag goes, as the wire has it. */
	host_write(r.h, E1000_VET, 0x8100);
	rig_give(&r, frame, 20);
	assert_int_equal(rig_get(&r), 60);
	assert_int_equal(r.data[16], 0);
	rig_stop(&r);
}

/* Stripped, and over several buffers, by way of the FIFO. */
static void
test_vlan_long(void **state)
{
	static uint8_t frame[1518], bare[1518];
	struct rig r;
	uint32_t len;

	(void)state;
	rig_start(&r, 0);
	rig_ring(&r, 16, 256, 0);
	rig_rctl(&r, 0);
	host_write(r.h, E1000_CTRL,
	    host_read(r.h, E1000_CTRL) | E1000_CTRL_VME);
	rig_frame(frame, sizeof(frame), 0x8100);
	memcpy(bare, frame, 12);
	memcpy(bare + 12, frame + 16, sizeof(frame) - 16);
	for (len = 500; len <= 530; len++) {
		rig_give(&r, frame, len);
		rig_refill(&r);
		rig_expect_crc(&r, bare, len - 4, host_crc(frame, len));
		assert_int_equal(r.descs, (len + 255) / 256);
		assert_int_equal(r.csum, rig_csum(r.data, len, 0));
		assert_true(r.last.status & E1000_RXD_STAT_VP);
		host_write(r.h, E1000_RDT, r.next);
	}
	rig_give(&r, frame, 1518);
	rig_refill(&r);
	rig_expect_crc(&r, bare, 1514, host_crc(frame, 1518));
	rig_stop(&r);
}

/* ------------------------------------------------------------------ causes */

/* 3.2.7.3: when the number of free descriptors falls to RDMTS's part. */
static void
test_rxdmt0(void **state)
{
	static const uint32_t part[4] = { 2, 4, 8, 16 };
	uint8_t frame[60];
	struct rig r;
	uint32_t i, k, cause;

	(void)state;
	rig_frame(frame, sizeof(frame), 0x88B5);
	for (i = 0; i < 4; i++) {
		rig_start(&r, 0);
		rig_ring(&r, 64, 2048, 63);
		rig_rctl(&r, i << E1000_RCTL_RDMTS_SHIFT);
		for (k = 62; k + 1 > 0; k--) {	/* free, after it */
			rig_give(&r, frame, 60);
			cause = host_read(r.h, E1000_ICR) & E1000_ICR_RXDMT0;
			assert_int_equal(cause != 0, k == 64 / part[i]);
			rig_get(&r);
		}
		/* Given back, it starts anew. */
		rig_refill(&r);
		for (k = 62; k >= 64 / part[i]; k--)
			rig_give(&r, frame, 60);
		assert_true(host_read(r.h, E1000_ICR) & E1000_ICR_RXDMT0);
		rig_stop(&r);
	}
}

/* 3.2.7.1, 3.2.7.2: RDTR delays RXT0, except for a small packet. */
static void
test_delay(void **state)
{
	uint8_t frame[100];
	struct e82540_frame both[2];
	struct rig r;

	(void)state;
	rig_start(&r, 0);
	rig_frame(frame, sizeof(frame), 0x88B5);
	host_write(r.h, E1000_IMS, E1000_ICR_RXT0);
	host_write(r.h, E1000_RDTR, 10);
	host_write(r.h, E1000_RSRPD, 103);
	rig_give(&r, frame, 100);		/* 104 bytes are not small */
	assert_false(r.h->line);
	host_advance(r.h, 10 * 1024 - 1);
	assert_false(r.h->line);
	host_advance(r.h, 1);
	assert_true(r.h->line);
	assert_int_equal(host_read(r.h, E1000_ICR) & ~E1000_ICR_LSC,
	    E1000_ICR_RXT0);
	rig_give(&r, frame, 99);
	assert_true(r.h->line);
	assert_int_equal(host_read(r.h, E1000_ICR),
	    E1000_ICR_RXT0 | E1000_ICR_SRPD);
	/* CRC and tag count as far as they are stored. */
	rig_rctl(&r, E1000_RCTL_SECRC);
	rig_give(&r, frame, 100);
	assert_int_equal(host_read(r.h, E1000_ICR),
	    E1000_ICR_RXT0 | E1000_ICR_SRPD);
	host_advance(r.h, 1000000);
	assert_false(r.h->line);
	/* In one batch: the small one stops the delay, a large one starts it */
	rig_rctl(&r, 0);
	both[0] = (struct e82540_frame){ frame, 100, 0 };
	both[1] = (struct e82540_frame){ frame, 60, 0 };
	assert_int_equal(e82540_receive(r.h->dev, r.h->now_ns, both, 2), 2);
	assert_true(host_read(r.h, E1000_ICR) & E1000_ICR_RXT0);
	host_advance(r.h, 1000000);
	assert_false(r.h->line);
	both[1] = both[0];
	both[0].len_bytes = 60;
	assert_int_equal(e82540_receive(r.h->dev, r.h->now_ns, both, 2), 2);
	assert_true(host_read(r.h, E1000_ICR) & E1000_ICR_RXT0);
	assert_false(r.h->line);
	host_advance(r.h, 10 * 1024);
	assert_true(r.h->line);
	rig_stop(&r);
}

/* -------------------------------------------------------------- statistics */

static uint64_t
stat64(struct rig *r, uint32_t low)
{
	uint64_t v = host_read(r->h, low);

	return v | (uint64_t)host_read(r->h, low + 4) << 32;
}

/* 13.7.21 to 13.7.31, 13.7.41, 13.7.43: sizes are with CRC. */
static void
test_statistics(void **state)
{
	static const struct {
		uint32_t bytes, reg;
	} row[] = {
		{ 64, E1000_PRC64 },
		{ 65, E1000_PRC127 },
		{ 127, E1000_PRC127 },
		{ 128, E1000_PRC255 },
		{ 255, E1000_PRC255 },
		{ 256, E1000_PRC511 },
		{ 511, E1000_PRC511 },
		{ 512, E1000_PRC1023 },
		{ 1023, E1000_PRC1023 },
		{ 1024, E1000_PRC1522 },
		{ 1522, E1000_PRC1522 },
		{ 9000, E1000_PRC1522 },
	};
	static uint8_t frame[9000];
	uint64_t octets = 0;
	struct rig r;
	uint32_t i, reg;

	(void)state;
	rig_start(&r, E1000_RCTL_LPE | E1000_RCTL_BAM);
	rig_frame(frame, sizeof(frame), 0x88B5);
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		rig_give(&r, frame, row[i].bytes - 4);
		octets += row[i].bytes;
		for (reg = E1000_PRC64; reg <= E1000_PRC1522; reg += 4)
			assert_int_equal(host_read(r.h, reg),
			    reg == row[i].reg);
		rig_get(&r);
		rig_refill(&r);
	}
	assert_int_equal(host_read(r.h, E1000_GPRC), i);
	assert_int_equal(host_read(r.h, E1000_TPR), i);
	assert_int_equal(stat64(&r, E1000_GORCL), octets);
	assert_int_equal(stat64(&r, E1000_TORL), octets);
	assert_int_equal(host_read(r.h, E1000_BPRC), 0);
	assert_int_equal(host_read(r.h, E1000_MPRC), 0);

	memset(frame, 0xFF, 6);
	rig_give(&r, frame, 60);
	assert_int_equal(host_read(r.h, E1000_BPRC), 1);
	assert_int_equal(host_read(r.h, E1000_MPRC), 0);
	/* 13.7.28: not when the filter for it is off. */
	rig_rctl(&r, E1000_RCTL_MPE);
	rig_give(&r, frame, 60);
	assert_int_equal(host_read(r.h, E1000_BPRC), 0);
	frame[0] = 1;
	rig_give(&r, frame, 60);
	assert_int_equal(host_read(r.h, E1000_MPRC), 1);
	assert_int_equal(host_read(r.h, E1000_GPRC), 3);
	stat64(&r, E1000_GORCL);
	/* Not for us: in the totals only. */
	rig_rctl(&r, 0);
	host_read(r.h, E1000_TPR);
	stat64(&r, E1000_TORL);
	rig_give(&r, frame, 60);
	assert_int_equal(host_read(r.h, E1000_TPR), 1);
	assert_int_equal(stat64(&r, E1000_TORL), 64);
	assert_int_equal(host_read(r.h, E1000_GPRC), 0);
	assert_int_equal(host_read(r.h, E1000_MPRC), 0);
	assert_int_equal(stat64(&r, E1000_GORCL), 0);
	rig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fcs),
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_size_reserved),
		cmocka_unit_test(test_crc_strip),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_all_or_none),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_null_many),
		cmocka_unit_test(test_bad_ring),
		cmocka_unit_test(test_bad_address),
		cmocka_unit_test(test_regions),
		cmocka_unit_test(test_vlan),
		cmocka_unit_test(test_vlan_long),
		cmocka_unit_test(test_rxdmt0),
		cmocka_unit_test(test_delay),
		cmocka_unit_test(test_statistics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
