/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench/frame.h and bench/sequence.h: the frames that lem-bench counts, and
 * the counting.  This file has a checksum of its own to verify the frames'
 * with: over big-endian words, each carry added at once (RFC 1071, 4.1).  It is
 * first verified with a packet that is known to be good.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frame.h"
#include "sequence.h"

#define GUARD_BYTES 16u

static struct lem_sequence seen;

/* ------------------------------------------------------------- checksums */

static uint16_t
rfc1071(uint32_t sum, const uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
		while (sum > 0xffff)
			sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

static uint16_t
ip_sum(const uint8_t *frame)
{
	return rfc1071(0, frame + 14, 20);
}

/* Over pseudo header (addresses, protocol, length), UDP header and payload. */
static uint16_t
udp_sum(const uint8_t *frame)
{
	uint32_t udp_bytes = (uint32_t)frame[38] << 8 | frame[39];
	uint32_t sum = rfc1071(17 + udp_bytes, frame + 26, 8);

	return rfc1071(sum, frame + 34, udp_bytes);
}

/* A well-known IPv4 header (4500 0073 ... b861), and RFC 1071's example. */
static void
test_reference_sum(void **state)
{
	static const uint8_t header[20] = { 0x45, 0x00, 0x00, 0x73, 0x00, 0x00,
		0x40, 0x00, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01,
		0xc0, 0xa8, 0x00, 0xc7 };
	static const uint8_t words[8] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5,
		0xf6, 0xf7 };

	(void)state;
	assert_int_equal(rfc1071(0, header, 20), 0xffff);
	/* RFC 1071, section 3: the sum is ddf2. */
	assert_int_equal(rfc1071(0, words, 8), 0xddf2);
}

/*
 * Frame 0 of the guest, 60 bytes, worked out by hand: the IPv4 header sum is
 * 4500+002e+4011+0a00+0201+0a00+0202 = 9d42, checksum 62bd.
 */
static void
test_known_frame(void **state)
{
	static const uint8_t want[42] = { 0x52, 0x55, 0x0a, 0x00, 0x02, 0x02,
		0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 0x08, 0x00, 0x45, 0x00,
		0x00, 0x2e, 0x00, 0x00, 0x00, 0x00, 0x40, 0x11, 0x62, 0xbd,
		0x0a, 0x00, 0x02, 0x01, 0x0a, 0x00, 0x02, 0x02, 0x1f, 0x40,
		0x00, 0x09, 0x00, 0x1a };
	struct lem_frame_flow flow;
	uint8_t buf[LEM_FRAME_MAX + GUARD_BYTES];

	(void)state;
	lem_frame_init(&flow, 60, LEM_FRAME_FROM_GUEST);
	lem_frame_build(&flow, 0, buf);
	assert_memory_equal(buf, want, 40);
	/* Sequence 0; the pattern begins with 2^64 / golden ratio. */
	assert_memory_equal(buf + 42, "\0\0\0\0\0\0\0\0", 8);
	assert_memory_equal(buf + 50, "\x15\x7c\x4a\x7f\xb9\x79\x37\x9e", 8);
}

static void
check_frame(const struct lem_frame_flow *flow, uint64_t seq)
{
	uint8_t buf[LEM_FRAME_MAX + GUARD_BYTES];
	uint32_t n = flow->frame_bytes, room = (n + 7) / 8 * 8 + 8, i;
	uint64_t got;

	memset(buf, 0xa5, sizeof(buf));
	lem_frame_build(flow, seq, buf);
	assert_int_equal(buf[16] << 8 | buf[17], n - 14);
	assert_int_equal(buf[38] << 8 | buf[39], n - 34);
	assert_int_equal(ip_sum(buf), 0xffff);
	assert_int_equal(udp_sum(buf), 0xffff);
	assert_int_not_equal(buf[40] << 8 | buf[41], 0);
	for (i = room; i < sizeof(buf); i++)
		assert_int_equal(buf[i], 0xa5);
	assert_int_equal(lem_frame_check(flow, buf, n, &got), 1);
	assert_int_equal(got, seq);
}

static void
test_every_length(void **state)
{
	static const uint64_t seqs[] = { 0, 1, 0xffff, 0x10000, 0xffffffff,
		0x123456789abcdef0, UINT64_MAX - 1 };
	struct lem_frame_flow flow;
	uint32_t n;
	size_t i;

	(void)state;
	for (n = LEM_FRAME_MIN; n <= LEM_FRAME_MAX; n++) {
		lem_frame_init(&flow, n,
		    n % 2 ? LEM_FRAME_TO_GUEST : LEM_FRAME_FROM_GUEST);
		for (i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++)
			check_frame(&flow, seqs[i]);
	}
}

/* Among 300,000 frames about five have a UDP sum that would be sent as 0. */
static void
test_many_sequences(void **state)
{
	struct lem_frame_flow flow;
	uint64_t seq;
	unsigned int all_ones = 0;
	uint8_t buf[LEM_FRAME_MAX + GUARD_BYTES];

	(void)state;
	lem_frame_init(&flow, 61, LEM_FRAME_FROM_GUEST);
	for (seq = 0; seq < 300000; seq++) {
		lem_frame_build(&flow, seq, buf);
		if (udp_sum(buf) != 0xffff || ip_sum(buf) != 0xffff ||
		    (buf[40] | buf[41]) == 0)
			fail_msg("frame %llu", (unsigned long long)seq);
		all_ones += buf[40] == 0xff && buf[41] == 0xff;
	}
	assert_int_not_equal(all_ones, 0);
}

static void
test_directions(void **state)
{
	struct lem_frame_flow out, in;
	uint8_t buf[LEM_FRAME_MAX + GUARD_BYTES];
	uint64_t seq;

	(void)state;
	lem_frame_init(&out, 128, LEM_FRAME_FROM_GUEST);
	lem_frame_init(&in, 128, LEM_FRAME_TO_GUEST);
	assert_memory_equal(out.header, in.header + 6, 6);
	assert_memory_equal(out.header + 6, in.header, 6);
	assert_memory_equal(out.header + 26, in.header + 30, 4);
	assert_memory_equal(out.header + 30, in.header + 26, 4);
	lem_frame_build(&out, 7, buf);
	assert_int_equal(lem_frame_check(&in, buf, 128, &seq), 0);
}

/* --------------------------------------------------------------- damage */

static void
flip_each_byte(uint32_t frame_bytes, uint64_t seq)
{
	static const uint8_t flips[] = { 0x01, 0x80, 0xff };
	uint8_t buf[LEM_FRAME_MAX + GUARD_BYTES];
	struct lem_frame_flow flow;
	uint64_t got;
	uint32_t i;
	size_t k;

	lem_frame_init(&flow, frame_bytes, LEM_FRAME_FROM_GUEST);
	lem_frame_build(&flow, seq, buf);
	for (i = 0; i < frame_bytes; i++)
		for (k = 0; k < sizeof(flips); k++) {
			buf[i] ^= flips[k];
			if (lem_frame_check(&flow, buf, frame_bytes, &got))
				fail_msg("byte %u of %u", i, frame_bytes);
			buf[i] ^= flips[k];
		}
	assert_int_equal(lem_frame_check(&flow, buf, frame_bytes, &got), 1);
}

static void
test_flipped_bytes(void **state)
{
	uint32_t n;

	(void)state;
	for (n = LEM_FRAME_MIN; n < LEM_FRAME_MIN + 16; n++)
		flip_each_byte(n, 0);
	for (n = LEM_FRAME_MIN; n <= LEM_FRAME_MAX; n += 97)
		flip_each_byte(n, 0xfffffffffeu + n);
	flip_each_byte(LEM_FRAME_MAX, 1);
}

/* One frame's payload under another's number, and two bytes exchanged. */
static void
test_mixed_frames(void **state)
{
	uint8_t a[LEM_FRAME_MAX + GUARD_BYTES], b[sizeof(a)], byte;
	struct lem_frame_flow flow;
	uint64_t got;

	(void)state;
	lem_frame_init(&flow, 200, LEM_FRAME_FROM_GUEST);
	lem_frame_build(&flow, 10, a);
	lem_frame_build(&flow, 11, b);
	memcpy(a + LEM_FRAME_PATTERN_OFF, b + LEM_FRAME_PATTERN_OFF, 150);
	assert_int_equal(lem_frame_check(&flow, a, 200, &got), 0);
	byte = b[100];
	assert_int_not_equal(byte, b[102]);
	b[100] = b[102];
	b[102] = byte;
	assert_int_equal(lem_frame_check(&flow, b, 200, &got), 0);
}

static void
test_wrong_length(void **state)
{
	uint8_t buf[LEM_FRAME_MAX + GUARD_BYTES] = { 0 };
	struct lem_frame_flow flow;
	uint64_t got;
	uint32_t n;

	(void)state;
	lem_frame_init(&flow, 100, LEM_FRAME_FROM_GUEST);
	lem_frame_build(&flow, 3, buf);
	for (n = 0; n <= LEM_FRAME_MAX; n++)
		assert_int_equal(lem_frame_check(&flow, buf, n, &got),
		    n == 100);
}

/* ------------------------------------------------------------- sequence */

static int
clear_seen(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	return 0;
}

static void
expect_seen(uint64_t unique, uint64_t duplicated, uint64_t reordered)
{
	assert_int_equal(seen.unique, unique);
	assert_int_equal(seen.duplicated, duplicated);
	assert_int_equal(seen.reordered, reordered);
}

static void
note_range(uint64_t from, uint64_t to)
{
	uint64_t seq;

	for (seq = from; seq < to; seq++)
		lem_sequence_note(&seen, seq);
}

static void
test_in_order(void **state)
{
	(void)state;
	assert_int_equal(lem_frames_lost(5, seen.unique), 5);
	assert_int_equal(lem_frames_lost(0, seen.unique), 0);
	note_range(0, 3 * LEM_SEQUENCE_WINDOW + 5);
	expect_seen(3 * LEM_SEQUENCE_WINDOW + 5, 0, 0);
	assert_int_equal(lem_frames_lost(seen.unique, seen.unique), 0);
	assert_int_equal(lem_frames_lost(seen.unique + 9, seen.unique), 9);
	assert_int_equal(lem_frames_lost(seen.unique - 1, seen.unique), 0);
}

static void
test_loss(void **state)
{
	(void)state;
	note_range(10, 20);
	note_range(30, 31);
	expect_seen(11, 0, 0);
	assert_int_equal(lem_frames_lost(31, seen.unique), 20);
	assert_int_equal(lem_frames_lost(40, seen.unique), 29);
}

static void
test_reorder(void **state)
{
	(void)state;
	lem_sequence_note(&seen, 1);
	lem_sequence_note(&seen, 0);
	lem_sequence_note(&seen, 5);
	lem_sequence_note(&seen, 3);
	lem_sequence_note(&seen, 2);
	lem_sequence_note(&seen, 4);
	expect_seen(6, 0, 4);
	assert_int_equal(lem_frames_lost(6, seen.unique), 0);
}

static void
test_duplicates(void **state)
{
	(void)state;
	note_range(0, 10);
	note_range(0, 10);
	lem_sequence_note(&seen, 9);
	expect_seen(10, 11, 0);
	lem_sequence_note(&seen, 12);
	lem_sequence_note(&seen, 11);
	lem_sequence_note(&seen, 11);
	expect_seen(12, 12, 1);
}

/* A frame that is more than WINDOW behind `next` counts as a duplicate. */
static void
test_window_edge(void **state)
{
	uint64_t last = LEM_SEQUENCE_WINDOW + 1;

	(void)state;
	note_range(0, 2);
	lem_sequence_note(&seen, last);
	expect_seen(3, 0, 0);
	lem_sequence_note(&seen, last - LEM_SEQUENCE_WINDOW + 1);
	expect_seen(4, 0, 1);
	lem_sequence_note(&seen, last - LEM_SEQUENCE_WINDOW + 1);
	expect_seen(4, 1, 1);
	/* 0 and 1 are too old, and count as seen; in fact they were. */
	lem_sequence_note(&seen, 1);
	lem_sequence_note(&seen, 0);
	expect_seen(4, 3, 1);
	note_range(last + 1, last + 2);
	note_range(3, 4);
	expect_seen(6, 3, 2);
}

/* A jump by the window or more clears every bit from before. */
static void
test_window_jumps(void **state)
{
	static const uint64_t jumps[] = { LEM_SEQUENCE_WINDOW - 1,
		LEM_SEQUENCE_WINDOW, LEM_SEQUENCE_WINDOW + 1,
		(uint64_t)LEM_SEQUENCE_WINDOW << 12 };
	uint64_t base;
	size_t i;

	for (i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		clear_seen(state);
		note_range(0, 100);
		base = 99 + jumps[i];
		lem_sequence_note(&seen, base);
		expect_seen(101, 0, 0);
		/* All of the new window but its two oldest are late. */
		note_range(base + 3 - LEM_SEQUENCE_WINDOW, base);
		assert_int_equal(seen.unique + seen.duplicated,
		    98 + LEM_SEQUENCE_WINDOW);
		assert_true(seen.duplicated <= 100);
		if (jumps[i] > LEM_SEQUENCE_WINDOW)
			assert_int_equal(seen.duplicated, 0);
	}
}

static void
shuffle(uint32_t *v, uint32_t n, uint64_t *random)
{
	uint32_t i, j, t;

	for (i = n - 1; i > 0; i--) {
		*random = *random * 6364136223846793005u + 1442695040888963407u;
		j = (uint32_t)(*random >> 33) % (i + 1);
		t = v[i];
		v[i] = v[j];
		v[j] = t;
	}
}

/* Blocks of 1,000, shuffled: every order, nothing lost, nothing twice. */
static void
test_shuffled(void **state)
{
	uint64_t random = 1, late = 0, next = 0;
	uint32_t v[1000], block, i;

	(void)state;
	for (block = 0; block < 50; block++) {
		for (i = 0; i < 1000; i++)
			v[i] = block * 1000 + i;
		shuffle(v, 1000, &random);
		for (i = 0; i < 1000; i++) {
			late += v[i] < next;
			next = v[i] >= next ? v[i] + 1u : next;
			lem_sequence_note(&seen, v[i]);
		}
	}
	expect_seen(50000, 0, late);
	assert_int_equal(lem_frames_lost(50000, seen.unique), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reference_sum),
		cmocka_unit_test(test_known_frame),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_many_sequences),
		cmocka_unit_test(test_directions),
		cmocka_unit_test(test_flipped_bytes),
		cmocka_unit_test(test_mixed_frames),
		cmocka_unit_test(test_wrong_length),
		cmocka_unit_test_setup(test_in_order, clear_seen),
		cmocka_unit_test_setup(test_loss, clear_seen),
		cmocka_unit_test_setup(test_reorder, clear_seen),
		cmocka_unit_test_setup(test_duplicates, clear_seen),
		cmocka_unit_test_setup(test_window_edge, clear_seen),
		cmocka_unit_test_setup(test_window_jumps, clear_seen),
		cmocka_unit_test_setup(test_shuffled, clear_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
