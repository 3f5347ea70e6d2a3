/* SPDX-License-Identifier: BSD-2-Clause */
/* Checksums of packets, for transmit and receive. */
#ifndef E82540_SUM_H
#define E82540_SUM_H

#include <stdint.h>

/*
 * e82540_sum: the Internet checksum, unfolded: add len bytes, the first at an
 * even place, to sum.  They add less than 65536.
 */
uint64_t e82540_sum(const uint8_t *p, uint32_t len, uint64_t sum);

/*
 * e82540_sum_piece: add to sum a piece of what is summed.  at: how many bytes
 * of it come before the piece.  At an odd place, the bytes of a word swap.
 */
static inline uint64_t
e82540_sum_piece(const uint8_t *p, uint32_t len, uint64_t sum, uint32_t at)
{
	return at & 1 ? sum + (e82540_sum(p, len, 0) << 8) :
			e82540_sum(p, len, sum);
}

/* e82540_fold: a sum in 16 bits, not complemented. */
static inline uint16_t
e82540_fold(uint64_t sum)
{
	sum = (sum >> 32) + (sum & 0xFFFFFFFF);
	sum = (sum >> 32) + (sum & 0xFFFFFFFF);
	sum = (sum >> 16) + (sum & 0xFFFF);
	sum = (sum >> 16) + (sum & 0xFFFF);
	return (sum >> 16) + (sum & 0xFFFF);
}

/* e82540_fcs: the CRC of an Ethernet frame (802.3, 3.2.9), as a number. */
uint32_t e82540_fcs(const uint8_t *frame, uint32_t len);

/* e82540_fcs_add: crc is that of the bytes before (0: none); take in more. */
uint32_t e82540_fcs_add(uint32_t crc, const uint8_t *frame, uint32_t len);

/* The CRC of any frame with its own CRC behind it, least byte first. */
#define E82540_FCS_OF_GOOD	0x2144DF1Cu

#endif
