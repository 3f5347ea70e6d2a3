/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers in bytes: little-endian, as the device's own are, and big-endian, as
 * the network's are.  No address needs to be aligned.
 */
#ifndef E82540_BYTES_H
#define E82540_BYTES_H

#include <stdint.h>

static inline uint16_t
e82540_get16(const void *p)
{
	const uint8_t *b = p;

	return b[0] | b[1] << 8;
}

static inline uint32_t
e82540_get32(const void *p)
{
	const uint8_t *b = p;

	return b[0] | b[1] << 8 | b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t
e82540_get64(const void *p)
{
	const uint8_t *b = p;

	return e82540_get32(b) | (uint64_t)e82540_get32(b + 4) << 32;
}

/* e82540_get_n: a number of n bytes, 1 to 8. */
static inline uint64_t
e82540_get_n(const void *p, unsigned int n)
{
	const uint8_t *b = p;
	uint64_t value = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		value |= (uint64_t)b[i] << i * 8;
	return value;
}

static inline void
e82540_put16(void *p, uint16_t v)
{
	uint8_t *b = p;

	b[0] = v & 0xff;
	b[1] = v >> 8;
}

static inline void
e82540_put_n(void *p, unsigned int n, uint64_t v)
{
	uint8_t *b = p;
	unsigned int i;

	for (i = 0; i < n; i++)
		b[i] = v >> i * 8 & 0xff;
}

static inline uint16_t
e82540_get_be16(const void *p)
{
	const uint8_t *b = p;

	return b[0] << 8 | b[1];
}

static inline uint32_t
e82540_get_be32(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)e82540_get_be16(b) << 16 | e82540_get_be16(b + 2);
}

static inline void
e82540_put_be16(void *p, uint16_t v)
{
	uint8_t *b = p;

	b[0] = v >> 8;
	b[1] = v & 0xff;
}

static inline void
e82540_put_be32(void *p, uint32_t v)
{
	uint8_t *b = p;

	e82540_put_be16(b, v >> 16);
	e82540_put_be16(b + 2, v & 0xffff);
}

#endif
