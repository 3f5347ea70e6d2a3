/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frame check sequence: CRC-32 of IEEE 802.3, eight bytes at a time.
 *
 * table[k][n] is what byte n does to the CRC after k more bytes, so that eight
 * look-ups take in eight bytes at once.  A CRC is linear: an entry is the sum
 * (exclusive or) of what its bits do, hence eight constants a table, which are
 * consecutive states of the shift register that starts as the polynomial.
 */
#include "e82540_bytes.h"
#include "e82540_sum.h"

#define BIT(n, b, c)	((n) >> (b)&1u ? (c) : 0u)
#define ENTRY(n, c7, c6, c5, c4, c3, c2, c1, c0)			\
	(BIT(n, 7, c7) ^ BIT(n, 6, c6) ^ BIT(n, 5, c5) ^ BIT(n, 4, c4) ^ \
	    BIT(n, 3, c3) ^ BIT(n, 2, c2) ^ BIT(n, 1, c1) ^ BIT(n, 0, c0))
#define X4(n, ...)							\
	ENTRY((n), __VA_ARGS__), ENTRY((n) + 1u, __VA_ARGS__),		\
	    ENTRY((n) + 2u, __VA_ARGS__), ENTRY((n) + 3u, __VA_ARGS__)
#define X16(n, ...)							\
	X4(n, __VA_ARGS__), X4((n) + 4u, __VA_ARGS__),			\
	    X4((n) + 8u, __VA_ARGS__), X4((n) + 12u, __VA_ARGS__)
#define X64(n, ...)							\
	X16(n, __VA_ARGS__), X16((n) + 16u, __VA_ARGS__),		\
	    X16((n) + 32u, __VA_ARGS__), X16((n) + 48u, __VA_ARGS__)
#define X256(...)							\
	X64(0u, __VA_ARGS__), X64(64u, __VA_ARGS__), X64(128u, __VA_ARGS__), \
	    X64(192u, __VA_ARGS__)

static const uint32_t table[8][256] = {
	{ X256(0xEDB88320u, 0x76DC4190u, 0x3B6E20C8u, 0x1DB71064u, 0x0EDB8832u,
	    0x076DC419u, 0xEE0E612Cu, 0x77073096u) },
	{ X256(0x3B83984Bu, 0xF0794F05u, 0x958424A2u, 0x4AC21251u, 0xC8D98A08u,
	    0x646CC504u, 0x32366282u, 0x191B3141u) },
	{ X256(0xE1351B80u, 0x709A8DC0u, 0x384D46E0u, 0x1C26A370u, 0x0E1351B8u,
	    0x0709A8DCu, 0x0384D46Eu, 0x01C26A37u) },
	{ X256(0xED59B63Bu, 0x9B14583Du, 0xA032AF3Eu, 0x5019579Fu, 0xC5B428EFu,
	    0x8F629757u, 0xAA09C88Bu, 0xB8BC6765u) },
	{ X256(0xB1E6B092u, 0x58F35849u, 0xC1C12F04u, 0x60E09782u, 0x30704BC1u,
	    0xF580A6C0u, 0x7AC05360u, 0x3D6029B0u) },
	{ X256(0x1EB014D8u, 0x0F580A6Cu, 0x07AC0536u, 0x03D6029Bu, 0xEC53826Du,
	    0x9B914216u, 0x4DC8A10Bu, 0xCB5CD3A5u) },
	{ X256(0x8816EAF2u, 0x440B7579u, 0xCFBD399Cu, 0x67DE9CCEu, 0x33EF4E67u,
	    0xF44F2413u, 0x979F1129u, 0xA6770BB4u) },
	{ X256(0x533B85DAu, 0x299DC2EDu, 0xF9766256u, 0x7CBB312Bu, 0xD3E51BB5u,
	    0x844A0EFAu, 0x4225077Du, 0xCCAA009Eu) },
};

/* The four bytes of v, the last of which has k more bytes behind it. */
static inline uint32_t
fcs_four(unsigned int k, uint32_t v)
{
	return table[k + 3][v & 0xff] ^ table[k + 2][v >> 8 & 0xff] ^
	    table[k + 1][v >> 16 & 0xff] ^ table[k][v >> 24];
}

uint32_t
e82540_fcs_add(uint32_t crc, const uint8_t *frame, uint32_t len)
{
	crc = ~crc;
	for (; len >= 8; len -= 8, frame += 8)
		crc = fcs_four(4, e82540_get32(frame) ^ crc) ^
		    fcs_four(0, e82540_get32(frame + 4));
	if (len >= 4) {
		crc = fcs_four(0, e82540_get32(frame) ^ crc);
		len -= 4;
		frame += 4;
	}
	for (; len > 0; len--, frame++)
		crc = table[0][(crc ^ *frame) & 0xff] ^ crc >> 8;
	return ~crc;
}

uint32_t
e82540_fcs(const uint8_t *frame, uint32_t len)
{
	return e82540_fcs_add(0, frame, len);
}
