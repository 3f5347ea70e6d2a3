/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum (RFC 1071). */
#include <string.h>

#include "e82540_bytes.h"
#include "e82540_sum.h"

/*
 * Sum eight bytes at a time, in the machine's byte order.  The sum then has its
 * bytes in the same order as the data (RFC 1071, 2B).
 */
uint64_t
e82540_sum(const uint8_t *p, uint32_t len, uint64_t sum)
{
	uint64_t word, part = 0;
	uint8_t b[2];
	uint16_t half;

	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		part += word;
		part += part < word;
	}
	if (len > 0) {
		word = 0;
		memcpy(&word, p, len);
		part += word;
		part += part < word;
	}
	half = e82540_fold(part);
	memcpy(b, &half, sizeof(b));
	return sum + e82540_get_be16(b);
}
