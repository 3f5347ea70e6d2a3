/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transmit ring without combining: the bytes of descriptors, the context
 * that is not written twice, when the ring is full, where RS is set, and what
 * reclaim does with a ring that is written back in part or wrongly.
 */
#include "rig.h"

/* A descriptor as it lies in memory, in qwords. */
static void
expect_desc(unsigned int i, uint64_t q0, uint64_t q1)
{
	uint64_t q[2];

	memcpy(q, &rig.tx[i], sizeof(q));
	if (q[0] != q0 || q[1] != q1)
		fail_msg(
		    "descriptor %u is %016llx %016llx, not %016llx %016llx", i,
		    (unsigned long long)q[0], (unsigned long long)q[1],
		    (unsigned long long)q0, (unsigned long long)q1);
}

static int
encap(const struct lem_tx_pkt *pkt)
{
	return lem_tx_encap(&rig.sc, pkt);
}

static const struct lem_tx_seg one_seg = { RIG_TX_DATA, 60 };

static const struct lem_tx_pkt plain = { .seg = &one_seg, .segs = 1 };

static const struct lem_tx_pkt tcp4 = { .seg = &one_seg,
	.segs = 1,
	.flags = LEM_TX_IP_CSUM | LEM_TX_TCP_CSUM,
	.l2_len = 14,
	.l3_len = 20 };

static const struct lem_tx_pkt udp4 = { .seg = &one_seg,
	.segs = 1,
	.flags = LEM_TX_UDP_CSUM,
	.l2_len = 14,
	.l3_len = 20 };

static struct lem_tx_seg tso_segs[2] = { { RIG_TX_DATA, 54 },
	{ RIG_TX_DATA + 64, 4000 } };

static const struct lem_tx_pkt tso4 = { .seg = tso_segs,
	.segs = 2,
	.flags = LEM_TX_TSO,
	.l2_len = 14,
	.l3_len = 20,
	.l4_len = 20,
	.mss = 1460,
	.len_bytes = 4054 };

/* ----------------------------------------------------- descriptor bytes */

/* 3.3.3: address; length, CMD = EOP IFCS and, on the last posted, RS. */
static void
test_plain(void **state)
{
	(void)state;
	rig_up(FAKE_82540, 16, 4);
	assert_int_equal(encap(&plain), 1);
	expect_desc(0, 0x500000000, 0x000000000300003c);
	assert_int_equal(fake_peek(&rig.dev, E1000_TDT), 0);
	assert_int_equal(rig.dev.logged, 0);
	lem_tx_doorbell(&rig.sc);
	expect_desc(0, 0x500000000, 0x000000000b00003c);
	assert_int_equal(fake_peek(&rig.dev, E1000_TDT), 1);
	assert_int_equal(fake_tx_run(&rig.dev, 9), 1);
	assert_int_equal(rig.dev.packets, 1);
	assert_true(rig.dev.packet[0].legacy);
	assert_int_equal(rig.dev.packet[0].len_bytes, 60);
}

/* The descriptors and what they point to, before the tail. */
static void
test_barrier(void **state)
{
	int wmb, tdt;

	(void)state;
	rig_up(FAKE_82540, 16, 4);
	(void)encap(&plain);
	lem_tx_doorbell(&rig.sc);
	wmb = fake_log_find(&rig.dev, 0, FAKE_WMB, 0);
	tdt = fake_log_find(&rig.dev, 0, FAKE_WRITE, E1000_TDT);
	assert_int_equal(wmb, 0);
	assert_int_equal(tdt, 1);
	assert_int_equal(rig.dev.logged, 2);
	/* Nothing new: nothing written. */
	lem_tx_doorbell(&rig.sc);
	lem_tx_flush(&rig.sc);
	assert_int_equal(rig.dev.logged, 2);
}

static void
test_scatter_gather(void **state)
{
	const struct lem_tx_seg segs[4] = { { RIG_TX_DATA + 1, 14 },
		{ RIG_TX_DATA + 101, 1 }, { RIG_TX_DATA + 203, 700 },
		{ RIG_TX_DATA + 1009, 33 } };
	const struct lem_tx_pkt pkt = { .seg = segs, .segs = 4 };
	const struct fake_packet *p = &rig.dev.packet[0];
	uint32_t i, at = 0;

	(void)state;
	rig_up(FAKE_82545, 64, 4);
	for (i = 0; i < 2000; i++)
		rig.tx_data[i] = (uint8_t)(i * 7 + i / 256);
	assert_int_equal(encap(&pkt), 4);
	expect_desc(0, RIG_TX_DATA + 1, 0x0200000e);
	expect_desc(1, RIG_TX_DATA + 101, 0x02000001);
	expect_desc(2, RIG_TX_DATA + 203, 0x020002bc);
	expect_desc(3, RIG_TX_DATA + 1009, 0x03000021);
	lem_tx_doorbell(&rig.sc);
	assert_int_equal(fake_tx_run(&rig.dev, 9), 4);
	assert_int_equal(rig.dev.packets, 1);
	assert_int_equal(p->len_bytes, 748);
	for (i = 0; i < 4; i++) {
		assert_memory_equal(p->data + at,
		    rig.tx_data + (segs[i].pa - RIG_TX_DATA),
		    segs[i].len_bytes);
		at += segs[i].len_bytes;
	}
}

/* VLAN: VLE in CMD, the tag in special. */
static void
test_vlan(void **state)
{
	struct lem_tx_pkt pkt = plain;

	(void)state;
	rig_up(FAKE_82540, 64, 4);
	lem_rx_mode(&rig.sc, true, false, false);
	pkt.flags = LEM_TX_VLAN;
	pkt.vlan_tag = 0xeabc;
	assert_int_equal(encap(&pkt), 1);
	expect_desc(0, 0x500000000, 0xeabc00004300003c);
	pkt.flags |= LEM_TX_UDP_CSUM;
	pkt.l2_len = 14;
	pkt.l3_len = 20;
	assert_int_equal(encap(&pkt), 2);
	expect_desc(2, 0x500000000, 0xeabc02006310003c);
	pkt.flags = 0;
	assert_int_equal(encap(&pkt), 1);
	lem_tx_flush(&rig.sc);
	(void)fake_tx_run(&rig.dev, 9);
	assert_int_equal(rig.dev.packets, 3);
	assert_true(rig.dev.packet[0].cmd & E1000_TXD_CMD_VLE);
	assert_int_equal(rig.dev.packet[0].special, 0xeabc);
	assert_true(rig.dev.packet[1].cmd & E1000_TXD_CMD_VLE);
	assert_false(rig.dev.packet[2].cmd & E1000_TXD_CMD_VLE);
}

/*
 * 3.3.6.  IP header from 14, its sum at 24, ending at 33; TCP from 34, its sum
 * at 50, to the end.  TUCMD = DEXT IP TCP; data: DTYP 1, CMD = DEXT IFCS EOP,
 * POPTS = TXSM IXSM.
 */
static void
test_tcp_checksum(void **state)
{
	(void)state;
	rig_up(FAKE_82540, 64, 4);
	assert_int_equal(encap(&tcp4), 2);
	expect_desc(0, 0x000032220021180e, 0x0000000023000000);
	expect_desc(1, 0x500000000, 0x000003002310003c);
}

static void
test_udp_checksum(void **state)
{
	struct lem_tx_pkt pkt = udp4;

	(void)state;
	rig_up(FAKE_82540, 64, 4);
	/* Sum at 40; no IP checksum, so neither IP nor IXSM. */
	assert_int_equal(encap(&udp4), 2);
	expect_desc(0, 0x000028220021180e, 0x0000000020000000);
	expect_desc(1, 0x500000000, 0x000002002310003c);
	/* A tagged frame with options: 18 + 24. */
	pkt.flags |= LEM_TX_IP_CSUM;
	pkt.l2_len = 18;
	pkt.l3_len = 24;
	assert_int_equal(encap(&pkt), 2);
	expect_desc(2, 0x0000302a00291c12, 0x0000000022000000);
	expect_desc(3, 0x500000000, 0x000003002310003c);
}

static void
test_ip_checksum(void **state)
{
	struct lem_tx_pkt pkt = tcp4;

	(void)state;
	rig_up(FAKE_82540, 64, 4);
	pkt.flags = LEM_TX_IP_CSUM;
	assert_int_equal(encap(&pkt), 2);
	assert_int_equal(rig.tx[0].context.ipcss, 14);
	assert_int_equal(rig.tx[0].context.ipcso, 24);
	assert_int_equal(rig.tx[0].context.ipcse, 33);
	expect_desc(1, 0x500000000, 0x000001002310003c);
}

/*
 * TSO: TUCMD = DEXT TSE IP TCP, HDRLEN 54, MSS 1460, payload 4000; data: CMD
 * has TSE, POPTS both sums.
 */
static void
test_tso4(void **state)
{
	(void)state;
	rig_up(FAKE_82540, 64, 4);
	assert_int_equal(encap(&tso4), 3);
	expect_desc(0, 0x000032220021180e, 0x05b4360027000fa0);
	expect_desc(1, 0x500000000, 0x0000030026100036);
	expect_desc(2, 0x500000040, 0x0000030027100fa0);
}

static void
test_tso6(void **state)
{
	struct lem_tx_pkt pkt = tso4;

	(void)state;
	rig_up(FAKE_82540, 64, 4);
	tso_segs[0].len_bytes = 74;
	pkt.flags |= LEM_TX_IPV6;
	pkt.l3_len = 40;
	pkt.len_bytes = 4074;
	assert_int_equal(encap(&pkt), 3);
	/* TCP at 54, sum at 70; neither IP nor IXSM. */
	assert_int_equal(rig.tx[0].context.tucss, 54);
	assert_int_equal(rig.tx[0].context.tucso, 70);
	assert_int_equal(rig.tx[0].context.tucse, 0);
	assert_int_equal(rig.tx[0].qword[1], 0x05b44a0025000fa0);
	expect_desc(1, 0x500000000, 0x000002002610004a);
	expect_desc(2, 0x500000040, 0x0000020027100fa0);
	tso_segs[0].len_bytes = 54;
}

/* The largest there is: 255 bytes of header, 2^20 - 1 of payload. */
static void
test_tso_limits(void **state)
{
	struct lem_tx_pkt pkt = tso4;

	(void)state;
	rig_up(FAKE_82540, 16, 4);
	pkt.l4_len = 255 - 34;
	pkt.len_bytes = 0xfffff + 255;
	pkt.mss = 65535;
	assert_int_equal(encap(&pkt), 3);
	assert_int_equal(rig.tx[0].context.hdr_len, 255);
	assert_int_equal(rig.tx[0].context.mss, 65535);
	assert_int_equal(rig.tx[0].context.cmd_len, 0x270fffff);
	pkt.len_bytes++;
	assert_int_equal(encap(&pkt), -EINVAL);
	pkt.len_bytes = 255;
	assert_int_equal(encap(&pkt), -EINVAL);
	pkt.len_bytes = 256;
	pkt.l4_len++;
	assert_int_equal(encap(&pkt), -EINVAL);
	pkt.l4_len = 20;
	pkt.mss = 0;
	assert_int_equal(encap(&pkt), -EINVAL);
	pkt.mss = 1;
	pkt.len_bytes = 54;
	assert_int_equal(encap(&pkt), -EINVAL);
	pkt.len_bytes = 55;
	assert_int_equal(encap(&pkt), 3);
}

static void
test_bad_segments(void **state)
{
	struct lem_tx_seg segs[5] = { { RIG_TX_DATA, 60 }, { RIG_TX_DATA, 60 },
		{ RIG_TX_DATA, 60 }, { RIG_TX_DATA, 60 }, { RIG_TX_DATA, 60 } };
	struct lem_tx_pkt pkt = { .seg = segs, .segs = 0 };

	(void)state;
	rig_up(FAKE_82540, 16, 4);
	assert_int_equal(encap(&pkt), -EINVAL);
	pkt.segs = 5;
	assert_int_equal(encap(&pkt), -EINVAL);
	pkt.segs = 65535;
	assert_int_equal(encap(&pkt), -EINVAL);
	pkt.segs = 4;
	segs[3].len_bytes = 0;
	assert_int_equal(encap(&pkt), -EINVAL);
	segs[3].len_bytes = LEM_SEG_MAX + 1;
	assert_int_equal(encap(&pkt), -EINVAL);
	segs[3].len_bytes = UINT32_MAX;
	assert_int_equal(encap(&pkt), -EINVAL);
	assert_int_equal(rig.sc.tx.next_to_use, 0);
	assert_int_equal(rig.sc.tx.stats.packets, 0);
	assert_int_equal(rig.sc.tx.stats.ring_full, 0);
	lem_tx_doorbell(&rig.sc);
	assert_int_equal(rig.dev.logged, 0);
	segs[3].len_bytes = LEM_SEG_MAX;
	assert_int_equal(encap(&pkt), 4);
}

/* Offsets must fit their bytes: L4 begins at 239 at most. */
static void
test_bad_offsets(void **state)
{
	struct lem_tx_pkt pkt = tcp4;

	(void)state;
	rig_up(FAKE_82540, 16, 4);
	pkt.l3_len = 239 - 14;
	assert_int_equal(encap(&pkt), 2);
	assert_int_equal(rig.tx[0].context.tucss, 239);
	assert_int_equal(rig.tx[0].context.tucso, 255);
	pkt.l3_len++;
	assert_int_equal(encap(&pkt), -EINVAL);
	pkt.l3_len = 65535;
	assert_int_equal(encap(&pkt), -EINVAL);
	pkt.l2_len = 255;
	pkt.l3_len = 20;
	assert_int_equal(encap(&pkt), -EINVAL);
	/* No headers, so no place for a sum. */
	pkt.l2_len = 0;
	assert_int_equal(encap(&pkt), -EINVAL);
	pkt.l2_len = 14;
	pkt.l3_len = 0;
	assert_int_equal(encap(&pkt), -EINVAL);
	assert_int_equal(lem_tx_free(&rig.sc.tx), 13);
}

/* Requests that no context can express. */
static void
test_contradictions(void **state)
{
	static const uint16_t flags[] = {
		LEM_TX_TCP_CSUM | LEM_TX_UDP_CSUM,
		LEM_TX_TSO | LEM_TX_UDP_CSUM,
		LEM_TX_IPV6 | LEM_TX_IP_CSUM,
		0x40,
		0x8000,
	};
	struct lem_tx_pkt pkt = tcp4;
	size_t i;

	(void)state;
	rig_up(FAKE_82540, 16, 4);
	for (i = 0; i < RIG_COUNT(flags); i++) {
		pkt.flags = flags[i];
		assert_int_equal(encap(&pkt), -EINVAL);
	}
	assert_int_equal(lem_tx_free(&rig.sc.tx), 15);
}

/* A VLAN tag and a checksum need headers; nothing else does. */
static void
test_vlan_needs_no_headers(void **state)
{
	struct lem_tx_pkt pkt = plain;

	(void)state;
	rig_up(FAKE_82540, 16, 4);
	lem_rx_mode(&rig.sc, true, false, false);
	pkt.flags = LEM_TX_VLAN;
	pkt.l2_len = 255;
	pkt.l3_len = 65535;
	assert_int_equal(encap(&pkt), 1);
}

/* A request that the chip cannot do is refused, not ignored. */
static void
test_not_possible(void **state)
{
	struct lem_tx_pkt pkt = plain;
	unsigned int i;

	(void)state;
	pkt.flags = LEM_TX_VLAN;
	for (i = 0; i < 4; i++) {
		rig_up(rig_chips[i], 64, 4);
		/* CTRL.VME is off: it would leave without its tag. */
		assert_int_equal(encap(&pkt), -EINVAL);
		lem_rx_mode(&rig.sc, true, false, false);
		assert_int_equal(encap(&pkt), 1);
		assert_int_equal(encap(&tso4), i == 0 ? -EOPNOTSUPP : 3);
		assert_int_equal(encap(&tcp4), 2);
	}
	rig.sc.gone = true;
	assert_int_equal(encap(&plain), -ENODEV);
}

/* ------------------------------------------------------ cached contexts */

static void
test_context_once(void **state)
{
	unsigned int i;

	(void)state;
	rig_up(FAKE_82540, 64, 4);
	assert_int_equal(encap(&tcp4), 2);
	for (i = 0; i < 5; i++)
		assert_int_equal(encap(&tcp4), 1);
	assert_int_equal(encap(&plain), 1);
	assert_int_equal(encap(&tcp4), 1);
	assert_int_equal(encap(&udp4), 2);
	assert_int_equal(encap(&udp4), 1);
	assert_int_equal(encap(&tcp4), 2);
	lem_tx_doorbell(&rig.sc);
	(void)fake_tx_run(&rig.dev, 64);
	assert_int_equal(rig.dev.packets, 11);
	for (i = 0; i < 11; i++) {
		const struct fake_packet *p = &rig.dev.packet[i];

		if (i != 6)
			assert_int_equal(p->context.tucso,
			    i == 8 || i == 9 ? 40 : 50);
	}
}

/* A packet's payload uses its TSO context up: each packet needs one. */
static void
test_context_tso(void **state)
{
	(void)state;
	rig_up(FAKE_82540, 64, 4);
	assert_int_equal(encap(&tso4), 3);
	assert_int_equal(encap(&tso4), 3);
	assert_int_equal(encap(&tcp4), 2);
	assert_int_equal(encap(&tso4), 3);
	lem_tx_doorbell(&rig.sc);
	(void)fake_tx_run(&rig.dev, 64);
	assert_int_equal(rig.dev.packets, 4);
}

static void
test_context_after_reset(void **state)
{
	(void)state;
	rig_up(FAKE_82540, 64, 4);
	assert_int_equal(encap(&tcp4), 2);
	assert_int_equal(encap(&tcp4), 1);
	lem_tx_doorbell(&rig.sc);
	(void)fake_tx_run(&rig.dev, 64);
	assert_int_equal(lem_reset(&rig.sc), 0);
	assert_int_equal(lem_start(&rig.sc), 0);
	assert_int_equal(encap(&tcp4), 2);
	lem_tx_doorbell(&rig.sc);
	(void)fake_tx_run(&rig.dev, 64);
	assert_int_equal(rig.dev.packets, 3);
	rig_rings(32, 4, 2048);
	assert_int_equal(encap(&tcp4), 2);
}

/* IDE is in the context's command byte, too; a change makes it new. */
static void
test_context_ide(void **state)
{
	const struct lem_moderation m = { .tidv = 8 };

	(void)state;
	rig_up(FAKE_82540, 64, 4);
	assert_int_equal(encap(&tcp4), 2);
	assert_int_equal(lem_moderation_set(&rig.sc, &m), 0);
	assert_int_equal(encap(&tcp4), 2);
	assert_int_equal(rig.tx[2].legacy.cmd & E1000_TXD_CMD_IDE,
	    E1000_TXD_CMD_IDE);
	assert_int_equal(rig.tx[3].legacy.cmd & E1000_TXD_CMD_IDE,
	    E1000_TXD_CMD_IDE);
}

/*
 * A packet is refused at its last segment, after its context was written: the
 * device never sees that context, so the next packet must write its own.
 */
static void
test_context_refused(void **state)
{
	struct lem_tx_seg segs[2] = { { RIG_TX_DATA, 60 }, { RIG_TX_DATA, 0 } };
	struct lem_tx_pkt bad = udp4;
	unsigned int i;

	(void)state;
	rig_up(FAKE_82540, 64, 4);
	bad.seg = segs;
	bad.segs = 2;
	assert_int_equal(encap(&tcp4), 2);
	assert_int_equal(encap(&bad), -EINVAL);
	assert_int_equal(encap(&udp4), 2);
	assert_int_equal(encap(&bad), -EINVAL);
	assert_true(encap(&tcp4) > 0);
	bad.flags = 0;
	assert_int_equal(encap(&bad), -EINVAL);
	assert_true(encap(&tcp4) > 0);
	lem_tx_doorbell(&rig.sc);
	(void)fake_tx_run(&rig.dev, 64);
	assert_int_equal(rig.dev.packets, 4);
	for (i = 0; i < 4; i++)
		assert_int_equal(rig.dev.packet[i].context.tucso,
		    i == 1 ? 40 : 50);
}

/* Refused because the ring is full: neither ring nor cache changes. */
static void
test_context_no_room(void **state)
{
	unsigned int n = 0;

	(void)state;
	rig_up(FAKE_82540, 16, 4);
	assert_int_equal(encap(&tcp4), 2);
	while (encap(&tcp4) > 0)
		n++;
	assert_int_equal(n, 12);
	assert_int_equal(lem_tx_free(&rig.sc.tx), 1);
	assert_int_equal(encap(&udp4), -ENOSPC);
	lem_tx_doorbell(&rig.sc);
	(void)fake_tx_run(&rig.dev, 64);
	assert_int_equal(lem_tx_reclaim(&rig.sc), 14);
	assert_int_equal(encap(&tcp4), 1);
	lem_tx_doorbell(&rig.sc);
	(void)fake_tx_run(&rig.dev, 64);
	assert_int_equal(rig.dev.packets, 14);
	assert_int_equal(rig.dev.packet[13].context.tucso, 50);
}

/*
 * Do the offsets put the sums where they belong?  Insert them as the chip does
 * (3.5: ones' complement sum from start to end, stored at offset) and verify
 * the packet as a receiver would.
 */
static uint16_t
sum16(const uint8_t *p, uint32_t from, uint32_t end, uint32_t sum)
{
	for (; from < end; from += 2)
		sum +=
		    (uint32_t)p[from] << 8 | (from + 1 < end ? p[from + 1] : 0);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void
insert(uint8_t *p, uint32_t start, uint32_t at, uint32_t end)
{
	uint16_t sum = (uint16_t)~sum16(p, start, end, 0);

	p[at] = (uint8_t)(sum >> 8);
	p[at + 1] = (uint8_t)sum;
}

static void
check_inserted(bool tcp)
{
	uint8_t *d = rig.tx_data;
	struct lem_tx_pkt pkt = tcp4;
	struct fake_packet *p = &rig.dev.packet[rig.dev.packets];
	uint16_t pseudo, at = tcp ? 50 : 40;
	unsigned int i;

	for (i = 0; i < 60; i++)
		d[i] = (uint8_t)(i * 37 + tcp);
	d[24] = d[25] = 0;
	d[23] = tcp ? 6 : 17;
	pseudo = sum16(d, 26, 34, d[23] + 26u);
	d[at] = (uint8_t)(pseudo >> 8);
	d[at + 1] = (uint8_t)pseudo;
	pkt.flags = LEM_TX_IP_CSUM | (tcp ? LEM_TX_TCP_CSUM : LEM_TX_UDP_CSUM);
	assert_true(encap(&pkt) > 0);
	lem_tx_flush(&rig.sc);
	(void)fake_tx_run(&rig.dev, 9);
	assert_int_equal(p->popts, 3);
	insert(p->data, p->context.ipcss, p->context.ipcso,
	    p->context.ipcse + 1u);
	insert(p->data, p->context.tucss, p->context.tucso, p->len_bytes);
	assert_int_equal(sum16(p->data, 14, 34, 0), 0xffff);
	assert_int_equal(sum16(p->data, 34, 60,
			     sum16(p->data, 26, 34, p->data[23] + 26u)),
	    0xffff);
}

static void
test_checksums_add_up(void **state)
{
	(void)state;
	rig_up(FAKE_82540, 16, 1);
	check_inserted(true);
	check_inserted(false);
}

/* -------------------------------------------------------- full and wraps */

/*
 * count - 1 single descriptors fit, for one stays free; at every place of the
 * ring.
 */
static void
test_full_everywhere(void **state)
{
	uint64_t id = 0, seen = 0;
	unsigned int lap, n, i;

	(void)state;
	rig_up(FAKE_82540, 24, 3);
	for (lap = 0; lap < 100; lap++) {
		for (n = 0; encap(&plain) == 1; n++)
			id++;
		assert_int_equal(n, 23);
		assert_int_equal(lem_tx_free(&rig.sc.tx), 0);
		assert_int_equal(rig.sc.tx.stats.ring_full, lap + 1);
		lem_tx_doorbell(&rig.sc);
		for (i = 0; i < n; i++)
			assert_int_equal(fake_tx_run(&rig.dev, 1), 1);
		assert_int_equal(fake_tx_run(&rig.dev, 1), 0);
		seen += lem_tx_reclaim(&rig.sc);
		assert_int_equal(seen, id);
		assert_int_equal(lem_tx_free(&rig.sc.tx), 23);
	}
	assert_int_equal(rig.dev.packets, id);
	assert_int_equal(rig.sc.tx.stats.packets, id);
	assert_int_equal(rig.sc.tx.stats.reclaimed, id);
}

static uint32_t
draw(uint64_t *random, uint32_t n)
{
	*random = *random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*random >> 33) % n;
}

struct full_model {
	unsigned int free;
	uint64_t accepted;
	uint64_t random;
};

static void
full_encap(struct full_model *m)
{
	static struct lem_tx_seg segs[5];
	struct lem_tx_pkt pkt = { .seg = segs };
	unsigned int i;
	int used;

	pkt.segs = (uint16_t)(1 + draw(&m->random, 5));
	for (i = 0; i < pkt.segs; i++) {
		segs[i].pa = RIG_TX_DATA + draw(&m->random, 1000);
		segs[i].len_bytes = 1 + draw(&m->random, 999);
	}
	used = encap(&pkt);
	if (pkt.segs <= m->free) {
		assert_int_equal(used, pkt.segs);
		m->free -= (unsigned int)used;
		m->accepted++;
	} else {
		assert_int_equal(used, -ENOSPC);
	}
	assert_int_equal(lem_tx_free(&rig.sc.tx), m->free);
}

/* Packets of 1 to 5 descriptors against a count of what is free. */
static void
test_full_random(void **state)
{
	static const uint16_t counts[] = { 8, 16, 40, 256 };
	struct full_model m = { .random = 3 };
	unsigned int i, k;

	(void)state;
	for (k = 0; k < RIG_COUNT(counts); k++) {
		rig_up(FAKE_82540, counts[k], 5);
		m.free = counts[k] - 1u;
		m.accepted = 0;
		for (i = 0; i < 20000; i++) {
			full_encap(&m);
			if (draw(&m.random, 3) == 0)
				lem_tx_doorbell(&rig.sc);
			(void)fake_tx_run(&rig.dev, draw(&m.random, 8));
			m.free += lem_tx_reclaim(&rig.sc);
			assert_true(m.free < counts[k]);
			assert_int_equal(lem_tx_free(&rig.sc.tx), m.free);
			/* Full, and the caller does nothing: no deadlock. */
			if (m.free < 6)
				m.free += lem_tx_make_room(&rig.sc);
		}
		lem_tx_flush(&rig.sc);
		(void)fake_tx_run(&rig.dev, UINT32_MAX);
		(void)lem_tx_reclaim(&rig.sc);
		assert_int_equal(lem_tx_free(&rig.sc.tx), counts[k] - 1);
		assert_int_equal(rig.dev.packets, m.accepted);
		rig_ok();
	}
}

/* lem_tx_low() false promises that the next packet fits, in every mode. */
static void
test_low_is_a_promise(void **state)
{
	static const uint16_t counts[] = { 8, 16, 64, 256 };
	enum lem_combine mode;
	unsigned int k;

	(void)state;
	for (k = 0; k < RIG_COUNT(counts); k++)
		for (mode = 0; mode <= LEM_COMBINE_ORIGINAL; mode++) {
			rig_up(FAKE_82540, counts[k], 1);
			assert_int_equal(lem_tx_combine_set(&rig.sc, mode), 0);
			while (!lem_tx_low(&rig.sc.tx))
				if (encap(&plain) != 1)
					fail_msg("ring of %u, mode %d",
					    counts[k], mode);
		}
}

/* ------------------------------------------------------------ RS, reclaim */

static unsigned int
rs_count(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < rig.sc.tx.count; i++)
		n += (rig.tx[i].legacy.cmd & E1000_TXD_CMD_RS) != 0;
	return n;
}

static bool
has_rs(unsigned int i)
{
	return rig.tx[i].legacy.cmd & E1000_TXD_CMD_RS;
}

/* One for each doorbell, on its last descriptor. */
static void
test_rs_per_doorbell(void **state)
{
	(void)state;
	rig_up(FAKE_82540, 64, 4);
	(void)encap(&plain);
	lem_tx_doorbell(&rig.sc);
	(void)encap(&plain);
	(void)encap(&plain);
	(void)encap(&tcp4);
	assert_int_equal(rs_count(), 1);
	lem_tx_doorbell(&rig.sc);
	assert_int_equal(rs_count(), 2);
	assert_true(has_rs(0));
	assert_true(has_rs(4));
}

/* RS also comes on every quarter of the ring within one doorbell. */
static void
test_rs_per_quarter(void **state)
{
	unsigned int i;

	(void)state;
	rig_up(FAKE_82540, 64, 4);
	for (i = 0; i < 62; i++)
		assert_int_equal(encap(&plain), 1);
	lem_tx_doorbell(&rig.sc);
	assert_int_equal(rs_count(), 4);
	assert_true(has_rs(15) && has_rs(31) && has_rs(47) && has_rs(61));
	/* The quarter's RS is the doorbell's, if they coincide. */
	rig_up(FAKE_82540, 64, 4);
	for (i = 0; i < 16; i++)
		(void)encap(&plain);
	lem_tx_doorbell(&rig.sc);
	assert_int_equal(rs_count(), 1);
	assert_true(has_rs(15));
}

/* On the end of a packet, never within; never on a context. */
static void
test_rs_on_eop(void **state)
{
	static struct lem_tx_seg segs[5];
	struct lem_tx_pkt pkt = { .seg = segs,
		.flags = LEM_TX_UDP_CSUM,
		.l2_len = 14 };
	uint64_t random = 9;
	unsigned int i, n;

	(void)state;
	rig_up(FAKE_82540, 32, 5);
	for (i = 0; i < 5; i++)
		segs[i] = (struct lem_tx_seg){ RIG_TX_DATA, 10 };
	for (n = 0; n < 3000; n++) {
		pkt.segs = (uint16_t)(1 + draw(&random, 5));
		pkt.l3_len = (uint16_t)(20 + 4 * draw(&random, 2));
		(void)encap(&pkt);
		for (i = 0; i < 32; i++)
			if (has_rs(i))
				assert_true(
				    rig.tx[i].legacy.cmd & E1000_TXD_CMD_EOP &&
				    rig.tx[i].data.cmd_len & 1u << 20);
		if (draw(&random, 2)) {
			lem_tx_doorbell(&rig.sc);
			(void)fake_tx_run(&rig.dev, 32);
			(void)lem_tx_reclaim(&rig.sc);
		}
	}
}

/* Reclaim takes whole reports: a descriptor done but not reported waits. */
static void
test_reclaim_partial(void **state)
{
	unsigned int i;

	(void)state;
	rig_up(FAKE_82540, 64, 4);
	for (i = 0; i < 40; i++)
		(void)encap(&plain);
	lem_tx_doorbell(&rig.sc);
	assert_int_equal(lem_tx_reclaim(&rig.sc), 0);
	(void)fake_tx_run(&rig.dev, 15);
	assert_int_equal(lem_tx_reclaim(&rig.sc), 0);
	(void)fake_tx_run(&rig.dev, 1);
	assert_int_equal(lem_tx_reclaim(&rig.sc), 16);
	assert_int_equal(rig.sc.tx.next_to_clean, 16);
	(void)fake_tx_run(&rig.dev, 23);
	assert_int_equal(lem_tx_reclaim(&rig.sc), 16);
	assert_int_equal(lem_tx_reclaim(&rig.sc), 0);
	(void)fake_tx_run(&rig.dev, 1);
	assert_int_equal(lem_tx_reclaim(&rig.sc), 8);
	assert_int_equal(lem_tx_free(&rig.sc.tx), 63);
	assert_int_equal(rig.sc.tx.stats.reclaimed, 40);
	/* It read memory only. */
	assert_int_equal(fake_log_count(&rig.dev, FAKE_READ, E1000_TDH), 0);
}

/* Two doorbells, the device between them. */
static void
test_reclaim_doorbells(void **state)
{
	unsigned int i;

	(void)state;
	rig_up(FAKE_82540, 64, 4);
	for (i = 0; i < 6; i++)
		assert_int_equal(rig_send(i), 1);
	for (i = 0; i < 6; i++) {
		assert_int_equal(fake_tx_run(&rig.dev, 1), 1);
		assert_int_equal(lem_tx_reclaim(&rig.sc), 1);
	}
}

/* A bad device sets DD all over the ring: only what was posted comes back. */
static void
test_reclaim_liar(void **state)
{
	unsigned int i;

	(void)state;
	rig_up(FAKE_82540, 16, 4);
	for (i = 0; i < 16; i++)
		rig.tx[i].legacy.status = 0xff;
	assert_int_equal(lem_tx_reclaim(&rig.sc), 0);
	for (i = 0; i < 5; i++)
		(void)encap(&plain);
	lem_tx_doorbell(&rig.sc);
	for (i = 0; i < 6; i++)
		(void)encap(&plain);
	for (i = 5; i < 16; i++)
		rig.tx[i].legacy.status = 0xff;
	assert_int_equal(lem_tx_reclaim(&rig.sc), 0);
	for (i = 0; i < 16; i++)
		rig.tx[i].legacy.status = 0xff;
	assert_int_equal(lem_tx_reclaim(&rig.sc), 5);
	assert_int_equal(lem_tx_reclaim(&rig.sc), 0);
	assert_int_equal(lem_tx_free(&rig.sc.tx), 9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_plain),
		RIG_TEST(test_barrier),
		RIG_TEST(test_scatter_gather),
		RIG_TEST(test_vlan),
		RIG_TEST(test_tcp_checksum),
		RIG_TEST(test_udp_checksum),
		RIG_TEST(test_ip_checksum),
		RIG_TEST(test_tso4),
		RIG_TEST(test_tso6),
		RIG_TEST(test_tso_limits),
		RIG_TEST(test_bad_segments),
		RIG_TEST(test_bad_offsets),
		RIG_TEST(test_contradictions),
		RIG_TEST(test_vlan_needs_no_headers),
		RIG_TEST(test_not_possible),
		RIG_TEST(test_context_once),
		RIG_TEST(test_context_tso),
		RIG_TEST(test_context_after_reset),
		RIG_TEST(test_context_ide),
		RIG_TEST(test_context_refused),
		RIG_TEST(test_context_no_room),
		RIG_TEST(test_checksums_add_up),
		RIG_TEST(test_full_everywhere),
		RIG_TEST(test_full_random),
		RIG_TEST(test_low_is_a_promise),
		RIG_TEST(test_rs_per_doorbell),
		RIG_TEST(test_rs_per_quarter),
		RIG_TEST(test_rs_on_eop),
		RIG_TEST(test_reclaim_partial),
		RIG_TEST(test_reclaim_doorbells),
		RIG_TEST(test_reclaim_liar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
