/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wake-up (6.4, 13.6): for each filter, packets that wake and packets that do
 * not; and the traces of the packet in WUS, WUPL, WUPM and PMCSR.
 */
#include "one_host.h"

#define PMCSR		0xE0
#define D0		0x0000u
#define D3		0x0003u
#define PME_EN		0x0100u
#define PME_STATUS	0x8000u

static uint8_t frame[2048];
static unsigned int len;

static const uint8_t station[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
static const uint8_t other[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x57 };
static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t group[6] = { 0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb };

static uint16_t
pmcsr_read(void)
{
	return e82540_pci_read(h->dev, h->now_ns, PMCSR, 2);
}

static void
pmcsr_write(uint16_t value)
{
	e82540_pci_write(h->dev, h->now_ns, PMCSR, 2, value);
}

/* As a driver and its OS put the device to sleep. */
static void
wake_asleep(enum e82540_chip chip, uint32_t wufc)
{
	h->config.chip = chip;
	host_power(h);
	host_write(h, E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_BAM);
	host_write(h, E1000_WUFC, wufc);
	pmcsr_write(PME_EN | D3);
}

/* ----------------------------------------------------------------- frames */

static void
put16(unsigned int at, uint16_t v)
{
	frame[at] = v >> 8;
	frame[at + 1] = v & 0xff;
}

/* Make a frame of 100 bytes.  Returns the offset behind its type. */
static unsigned int
frame_header(const uint8_t *to, bool tagged, bool snap, uint16_t type)
{
	static const uint8_t llc[6] = { 0xaa, 0xaa, 3, 0, 0, 0 };
	unsigned int at = 12;

	memset(frame, 0, sizeof(frame));
	memcpy(frame, to, 6);
	memcpy(frame + 6, other, 6);
	if (tagged) {
		put16(at, 0x8100);
		put16(at + 2, 7);
		at += 4;
	}
	if (snap) {
		put16(at, 80);
		memcpy(frame + at + 2, llc, 6);
		at += 8;
	}
	put16(at, type);
	len = 100;
	return at + 2;
}

static void
frame_receive(void)
{
	struct e82540_frame f = { frame, len, 0 };

	assert_int_equal(e82540_receive(h->dev, h->now_ns, &f, 1), 1);
}

/* Give it the frame: does it wake, and for this reason? */
static void
expect_wus(uint32_t wus)
{
	frame_receive();
	assert_int_equal(host_read(h, E1000_WUS), wus);
	assert_int_equal(pmcsr_read() & PME_STATUS, wus ? PME_STATUS : 0);
	assert_int_equal(host_read(h, E1000_WUC) & E1000_WUC_PME_STATUS,
	    wus ? E1000_WUC_PME_STATUS : 0);
	if (wus != 0)
		assert_int_equal(host_read(h, E1000_WUPL),
		    len + 4 < 2047 ? len + 4 : 2047);
	host_write(h, E1000_WUS, 0xFFFFFFFF);
	assert_int_equal(host_read(h, E1000_WUS), 0);
	pmcsr_write(pmcsr_read());			/* W1C */
	assert_int_equal(pmcsr_read(), PME_EN | D3 | 0x2000);
}

/* ------------------------------------------------------------------ tests */

static void
test_exact(void **state)
{
	(void)state;
	wake_asleep(E82540_82540EM, E1000_WUFC_EX);
	frame_header(other, false, false, 0x9000);
	expect_wus(0);
	frame_header(station, false, false, 0x9000);
	expect_wus(E1000_WUFC_EX);
	frame_header(all, false, false, 0x9000);
	expect_wus(0);
	/* Any of the sixteen addresses. */
	host_write(h, E1000_RAL(15), 0x12005452);
	host_write(h, E1000_RAH(15), 0x5734 | E1000_RAH_AV);
	frame_header(other, false, false, 0x9000);
	expect_wus(E1000_WUFC_EX);
	host_write(h, E1000_RAH(15), 0x5734);	/* not valid */
	expect_wus(0);
	/* Promiscuous lets it in, but it is not an exact match. */
	host_write(h, E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_UPE);
	expect_wus(0);
	len = 13;
	frame_header(station, false, false, 0x9000);
	len = 13;
	expect_wus(0);
	len = 14;
	expect_wus(E1000_WUFC_EX);
}

static void
test_multicast(void **state)
{
	/* Bits 47:36, 46:35, 45:34, 43:32 of 00:fb, bytes 4 and 5. */
	static const uint16_t hash[4] = { 0xFB0, 0xF60, 0xEC0, 0xB00 };
	unsigned int mo;

	(void)state;
	wake_asleep(E82540_82540EM, E1000_WUFC_MC);
	frame_header(group, false, false, 0x9000);
	expect_wus(0);
	for (mo = 0; mo < 4; mo++) {
		host_write(h, E1000_RCTL,
		    E1000_RCTL_EN | mo << E1000_RCTL_MO_SHIFT);
		host_write(h, E1000_MTA(hash[mo] / 32), 1u << hash[mo] % 32);
		expect_wus(E1000_WUFC_MC);
		host_write(h, E1000_MTA(hash[mo] / 32), ~(1u << hash[mo] % 32));
		expect_wus(0);
		host_write(h, E1000_MTA(hash[mo] / 32), 0);
	}
	/* With MPE all multicasts pass, but MC wakes only by the table. */
	host_write(h, E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_MPE);
	expect_wus(0);
}

static void
test_broadcast(void **state)
{
	(void)state;
	wake_asleep(E82540_82545EM, E1000_WUFC_BC);
	frame_header(all, false, false, 0x9000);
	expect_wus(E1000_WUFC_BC);
	/* It must pass the address filter. */
	host_write(h, E1000_RCTL, E1000_RCTL_EN);
	expect_wus(0);
	host_write(h, E1000_WUFC, 0);
	host_write(h, E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_BAM);
	expect_wus(0);
}

static void
put_magic(unsigned int at, unsigned int ones, unsigned int copies)
{
	unsigned int i;

	memset(frame + at, 0xff, ones);
	for (i = 0; i < copies; i++)
		memcpy(frame + at + ones + i * 6, station, 6);
	len = at + ones + copies * 6;
}

static void
test_magic(void **state)
{
	unsigned int at;

	(void)state;
	wake_asleep(E82540_82540EM, E1000_WUFC_MAG);
	for (at = 14; at < 600; at += 7) {
		frame_header(station, false, false, 0x0842);
		put_magic(at, 6, 16);
		expect_wus(E1000_WUFC_MAG);
	}
	frame_header(station, false, false, 0x0842);
	put_magic(14, 7, 16);			/* more are as good */
	expect_wus(E1000_WUFC_MAG);
	frame_header(station, false, false, 0x0842);
	put_magic(15, 5, 16);
	expect_wus(0);
	frame_header(station, false, false, 0x0842);
	put_magic(14, 6, 15);
	expect_wus(0);
	put_magic(14, 6, 16);
	len--;
	expect_wus(0);
	len++;
	frame[14 + 6 + 95]++;			/* the last byte */
	expect_wus(0);
	/* A false start, and then another stream. */
	frame_header(station, false, false, 0x0842);
	put_magic(14, 6, 7);
	put_magic(len, 6, 16);
	expect_wus(E1000_WUFC_MAG);
	/* To somebody else; to all, and then BAM does not matter. */
	memcpy(frame, other, 6);
	expect_wus(0);
	memcpy(frame, all, 6);
	expect_wus(E1000_WUFC_MAG);
	host_write(h, E1000_RCTL, E1000_RCTL_EN);
	expect_wus(E1000_WUFC_MAG);
	wake_asleep(E82540_82544GC, E1000_WUFC_MAG);
	expect_wus(E1000_WUFC_MAG);
	host_write(h, E1000_RCTL, E1000_RCTL_EN);
	expect_wus(0);				/* to the 82544 it does */
}

static unsigned int
put_arp(bool tagged, bool snap)
{
	static const uint8_t request[8] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	static const uint8_t target[4] = { 192, 0, 2, 7 };
	unsigned int at = frame_header(all, tagged, snap, 0x0806);

	memcpy(frame + at, request, 8);
	memcpy(frame + at + 24, target, 4);
	return at;
}

static void
test_arp(void **state)
{
	unsigned int i, at;

	(void)state;
	wake_asleep(E82540_82540EM, E1000_WUFC_ARP);
	for (i = 0; i < 4; i++) {
		host_write(h, E1000_IPAV, 1u << i);
		host_write(h, E1000_IP4AT(i), 0x070200C0);
		put_arp(i & 1, i & 2);
		expect_wus(E1000_WUFC_ARP);
		host_write(h, E1000_IP4AT(i), 0x070200C1);
		expect_wus(0);
		host_write(h, E1000_IP4AT(i), 0x070200C0);
		host_write(h, E1000_IPAV, 0xF & ~(1u << i));
		expect_wus(0);
		host_write(h, E1000_IP4AT(i), 0);
	}
	host_write(h, E1000_IP4AT(2), 0x070200C0);
	host_write(h, E1000_IPAV, 0xF);
	for (i = 0; i < 8; i++) {	/* each byte of it counts */
		at = put_arp(false, false);
		frame[at + i] ^= 0x10;
		expect_wus(0);
	}
	put_arp(false, false);
	memcpy(frame, station, 6);	/* not a broadcast */
	expect_wus(0);
	put_arp(false, false);
	len = 41;
	expect_wus(0);
	len = 42;
	expect_wus(E1000_WUFC_ARP);
	/* A tag of another VLAN does not pass the filter. */
	put_arp(true, false);
	host_write(h, E1000_VET, E1000_VET_8021Q);
	host_write(h, E1000_RCTL,
	    E1000_RCTL_EN | E1000_RCTL_BAM | E1000_RCTL_VFE);
	expect_wus(0);
	host_write(h, E1000_VFTA(0), 1u << 7);
	expect_wus(E1000_WUFC_ARP);
}

static unsigned int
put_ipv4(bool tagged, bool snap)
{
	static const uint8_t to[4] = { 192, 0, 2, 7 };
	unsigned int at = frame_header(station, tagged, snap, 0x0800);

	frame[at] = 0x45;
	memcpy(frame + at + 16, to, 4);
	return at;
}

static void
test_ipv4(void **state)
{
	unsigned int i, at;

	(void)state;
	wake_asleep(E82540_82544GC, E1000_WUFC_IPV4);
	for (i = 0; i < 4; i++) {
		host_write(h, E1000_IPAV, 1u << i);
		host_write(h, E1000_IP4AT(i), 0x070200C0);
		put_ipv4(i & 1, i & 2);
		expect_wus(E1000_WUFC_IPV4);
		host_write(h, E1000_IP4AT(i), 0);
		expect_wus(0);
	}
	host_write(h, E1000_IP4AT(3), 0x070200C0);
	at = put_ipv4(false, false);
	frame[at] = 0x55;
	expect_wus(0);
	frame[at] = 0x4F;			/* options */
	expect_wus(E1000_WUFC_IPV4);
	memcpy(frame, all, 6);
	expect_wus(0);
	put_ipv4(false, false);
	len = 33;
	expect_wus(0);
	len = 34;
	expect_wus(E1000_WUFC_IPV4);
	put_ipv4(true, true);
	len = 16;				/* cut within the headers */
	expect_wus(0);
	len = 20;
	expect_wus(0);
}

static unsigned int
put_ipv6(uint16_t type)
{
	unsigned int at = frame_header(station, false, false, type), i;

	frame[at] = 0x60;
	for (i = 0; i < 16; i++)
		frame[at + 24 + i] = 0x20 + i;
	return at;
}

static void
test_ipv6(void **state)
{
	unsigned int i, at;

	(void)state;
	wake_asleep(E82540_82545EM, E1000_WUFC_IPV6);
	for (i = 0; i < 4; i++)
		host_write(h, E1000_IP6AT(i), 0x23222120 + 0x04040404 * i);
	put_ipv6(0x86DD);
	expect_wus(0);				/* not valid yet */
	host_write(h, E1000_IPAV, E1000_IPAV_V6);
	expect_wus(E1000_WUFC_IPV6);
	put_ipv6(0x0800);			/* as the manual has it */
	expect_wus(E1000_WUFC_IPV6);
	at = put_ipv6(0x86DD);
	frame[at + 39]++;
	expect_wus(0);
	at = put_ipv6(0x86DD);
	frame[at] = 0x40;
	expect_wus(0);
	put_ipv6(0x86DD);
	len = 53;
	expect_wus(0);
	len = 54;
	expect_wus(E1000_WUFC_IPV6);

	wake_asleep(E82540_82544GC, E1000_WUFC_IPV6);	/* no IPv6 filter */
	for (i = 0; i < 4; i++)
		host_write(h, E1000_IP6AT(i), 0x23222120 + 0x04040404 * i);
	host_write(h, E1000_IPAV, E1000_IPAV_V6);
	expect_wus(0);
}

static void
test_flexible(void **state)
{
	unsigned int i, n;

	(void)state;
	wake_asleep(E82540_82540EM,
	    E1000_WUFC_FLX0 | E1000_WUFC_FLX1 | E1000_WUFC_FLX2 |
		E1000_WUFC_FLX3);
	frame_header(station, false, false, 0x9000);
	for (i = 14; i < 200; i++)
		frame[i] = i * 5;
	len = 128;
	expect_wus(0);				/* lengths are 0 */
	for (i = 0; i < 4; i++) {
		/* Bytes 20, 21 and 127; filters to a byte of FFVT each. */
		for (n = 0; n < 128; n++) {
			host_write(h, E1000_FFMT(n), 0);
			host_write(h, E1000_FFVT(n), 0xEEEEEEEE);
		}
		host_write(h, E1000_FFLT(i), 128);
		host_write(h, E1000_FFMT(20), 1u << i);
		host_write(h, E1000_FFMT(21), 1u << i);
		host_write(h, E1000_FFMT(127), 1u << i);
		host_write(h, E1000_FFVT(20), (20 * 5 & 0xFFu) << i * 8);
		host_write(h, E1000_FFVT(21), (21 * 5 & 0xFFu) << i * 8);
		host_write(h, E1000_FFVT(127), (127 * 5 & 0xFFu) << i * 8);
		expect_wus(E1000_WUFC_FLX0 << i);
		frame[127]++;
		expect_wus(0);
		host_write(h, E1000_FFLT(i), 127);	/* not that far */
		expect_wus(E1000_WUFC_FLX0 << i);
		frame[127]--;
		frame[21]++;
		expect_wus(0);
		frame[21]--;
		len = 126;			/* shorter than required */
		expect_wus(0);
		len = 128;
		memcpy(frame, other, 6);	/* not for us */
		expect_wus(0);
		memcpy(frame, station, 6);
		host_write(h, E1000_FFLT(i), 0x7FF);
		expect_wus(0);
		len = 2047;
		expect_wus(E1000_WUFC_FLX0 << i);
		len = 128;
		host_write(h, E1000_FFLT(i), 0);
	}
	/* Not enabled, it does not count. */
	host_write(h, E1000_FFLT(3), 128);
	expect_wus(E1000_WUFC_FLX3);
	host_write(h, E1000_WUFC, E1000_WUFC_FLX2);
	expect_wus(0);
}

static void
test_packet_kept(void **state)
{
	struct e82540_frame two[3];
	uint8_t first[60], second[200];
	uint32_t word;
	unsigned int i;

	(void)state;
	wake_asleep(E82540_82540EM, E1000_WUFC_EX | E1000_WUFC_BC);
	memset(first, 0x11, sizeof(first));
	memset(second, 0x22, sizeof(second));
	memcpy(first, other, 6);
	two[0] = (struct e82540_frame){ first, 60, 0 };
	memcpy(second, station, 6);
	two[1] = (struct e82540_frame){ second, 200, 0 };
	frame_header(all, false, false, 0x9000);
	two[2] = (struct e82540_frame){ frame, len, 0 };
	assert_int_equal(e82540_receive(h->dev, h->now_ns, two, 3), 3);
	/* Two reasons; of the packets the first that is one. */
	assert_int_equal(host_read(h, E1000_WUS),
	    E1000_WUFC_EX | E1000_WUFC_BC);
	assert_int_equal(host_read(h, E1000_WUPL), 204);
	for (i = 0; i < 32; i++) {
		memcpy(&word, second + 4 * i, 4);
		assert_int_equal(host_read(h, E1000_WUPM(i)), e1000_le32(word));
	}
	/* It stays while WUS tells of it, through resets as well. */
	frame_receive();
	assert_int_equal(host_read(h, E1000_WUPL), 204);
	pmcsr_write(PME_EN | D0);
	host_write(h, E1000_CTRL, E1000_CTRL_RST);
	assert_int_equal(host_read(h, E1000_WUS),
	    E1000_WUFC_EX | E1000_WUFC_BC);
	assert_int_equal(host_read(h, E1000_WUPL), 204);
	assert_int_equal(host_read(h, E1000_WUPM(31)), 0x22222222);
	assert_int_equal(pmcsr_read() & PME_STATUS, PME_STATUS);
	host_write(h, E1000_WUC, E1000_WUC_PME_STATUS | E1000_WUC_PME_EN);
	assert_int_equal(pmcsr_read(), PME_EN | 0x2000);
	host_write(h, E1000_WUS, E1000_WUFC_EX);
	assert_int_equal(host_read(h, E1000_WUS), E1000_WUFC_BC);
}

/* A short packet is padded with zeros, a long one's length stops at 2047. */
static void
test_packet_lengths(void **state)
{
	(void)state;
	wake_asleep(E82540_82540EM, E1000_WUFC_EX);
	frame_header(station, false, false, 0x9000);
	memset(frame + 14, 0x33, sizeof(frame) - 14);
	len = 60;
	frame_receive();
	assert_int_equal(host_read(h, E1000_WUPM(14)), 0x33333333);
	assert_int_equal(host_read(h, E1000_WUPM(15)), 0);
	host_write(h, E1000_WUS, E1000_WUFC_EX);
	len = 2044;
	frame_receive();
	assert_int_equal(host_read(h, E1000_WUPL), 2047);
	assert_int_equal(host_read(h, E1000_WUPM(31)), 0x33333333);
}

static void
test_awake(void **state)
{
	(void)state;
	h->config.chip = E82540_82540EM;
	host_power(h);
	host_write(h, E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_BAM);
	host_write(h, E1000_WUFC, E1000_WUFC_EX | E1000_WUFC_BC);
	frame_header(station, false, false, 0x9000);
	frame_receive();
	assert_int_equal(host_read(h, E1000_WUS), 0);
	assert_int_equal(pmcsr_read() & PME_STATUS, 0);
}

/* Neither PME_En nor APM: the PHY is off, and nothing arrives. */
static void
test_not_enabled(void **state)
{
	(void)state;
	h->config.no_apm = true;
	wake_asleep(E82540_82540EM, E1000_WUFC_EX);
	frame_header(station, false, false, 0x9000);
	assert_true(e82540_link_up(h->dev));
	pmcsr_write(D3);
	assert_false(e82540_link_up(h->dev));
	frame_receive();
	assert_int_equal(pmcsr_read() & PME_STATUS, 0);
	assert_int_equal(host_read(h, E1000_WUS), 0);
	/* Asked for after all: the link comes, then the packet. */
	pmcsr_write(PME_EN | D3);
	host_advance(h, h->config.link_delay_ns);
	assert_true(e82540_link_up(h->dev));
	expect_wus(E1000_WUFC_EX);
	e82540_link_set(h->dev, h->now_ns, false);
	expect_wus(0);
}

/* 6.4.1: without WUFC; to PME only with APMPME. */
static void
test_apm(void **state)
{
	(void)state;
	host_power(h);
	host_write(h, E1000_RCTL, E1000_RCTL_EN);
	host_write(h, E1000_WUC, E1000_WUC_APME);
	pmcsr_write(D3);
	assert_true(e82540_link_up(h->dev));
	frame_header(station, false, false, 0x9000);
	frame_receive();
	assert_int_equal(host_read(h, E1000_WUS), 0);
	put_magic(14, 6, 16);
	frame_receive();
	assert_int_equal(host_read(h, E1000_WUS), E1000_WUFC_MAG);
	assert_int_equal(host_read(h, E1000_WUPL), len + 4);
	assert_int_equal(pmcsr_read() & PME_STATUS, 0);
	host_write(h, E1000_WUS, E1000_WUFC_MAG);
	host_write(h, E1000_WUC, E1000_WUC_APME | E1000_WUC_APMPME);
	frame_receive();
	assert_int_equal(host_read(h, E1000_WUS), E1000_WUFC_MAG);
	assert_int_equal(pmcsr_read() & PME_STATUS, PME_STATUS);
}

static void
test_link_change(void **state)
{
	(void)state;
	wake_asleep(E82540_82540EM, E1000_WUFC_LNKC);
	assert_int_equal(pmcsr_read() & PME_STATUS, 0);
	e82540_link_set(h->dev, h->now_ns, false);
	assert_int_equal(host_read(h, E1000_WUS), E1000_WUFC_LNKC);
	assert_int_equal(pmcsr_read() & PME_STATUS, PME_STATUS);
	host_write(h, E1000_WUS, E1000_WUFC_LNKC);
	pmcsr_write(PME_STATUS | PME_EN | D3);
	e82540_link_set(h->dev, h->now_ns, true);
	assert_int_equal(pmcsr_read() & PME_STATUS, 0);
	host_advance(h, h->config.link_delay_ns);
	assert_int_equal(pmcsr_read() & PME_STATUS, PME_STATUS);

	wake_asleep(E82540_82540EM, E1000_WUFC_EX);
	e82540_link_set(h->dev, h->now_ns, false);
	assert_int_equal(pmcsr_read() & PME_STATUS, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ONE_HOST_TEST(test_exact),
		ONE_HOST_TEST(test_multicast),
		ONE_HOST_TEST(test_broadcast),
		ONE_HOST_TEST(test_magic),
		ONE_HOST_TEST(test_arp),
		ONE_HOST_TEST(test_ipv4),
		ONE_HOST_TEST(test_ipv6),
		ONE_HOST_TEST(test_flexible),
		ONE_HOST_TEST(test_packet_kept),
		ONE_HOST_TEST(test_packet_lengths),
		ONE_HOST_TEST(test_awake),
		ONE_HOST_TEST(test_not_enabled),
		ONE_HOST_TEST(test_apm),
		ONE_HOST_TEST(test_link_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
