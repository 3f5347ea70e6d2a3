/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What guest and peer send each other.  A datagram begins with its number;
 * every byte behind it is a function of that number and of the byte's place.
 * Byte i of a stream is a function of i alone.  Guest and peer both use this
 * file, so it includes no header.
 */
#ifndef PATTERN_H
#define PATTERN_H

#define PATTERN_PORT_ECHO	7	/* UDP and TCP: sent back */
#define PATTERN_PORT_SINK	9	/* UDP: checked and counted */
#define PATTERN_PORT_CONTROL	7001	/* UDP: a line, and a line as answer */
#define PATTERN_NUMBER_BYTES	4u

static inline unsigned char
pattern_byte(unsigned int number, unsigned int i)
{
	unsigned int x = number * 2654435761u + i * 40503u;

	return (unsigned char)(x >> 16 ^ x >> 8 ^ x);
}

static inline void
pattern_fill(unsigned char *p, unsigned int n, unsigned int number)
{
	unsigned int i;

	for (i = 0; i < PATTERN_NUMBER_BYTES; i++)
		p[i] = (unsigned char)(number >> (8 * i));
	for (; i < n; i++)
		p[i] = pattern_byte(number, i);
}

/* The datagram's number, or -1 when a byte of it is wrong. */
static inline long
pattern_check(const unsigned char *p, unsigned int n)
{
	unsigned int i, number = 0;

	if (n < PATTERN_NUMBER_BYTES)
		return -1;
	for (i = 0; i < PATTERN_NUMBER_BYTES; i++)
		number |= (unsigned int)p[i] << (8 * i);
	for (; i < n; i++)
		if (p[i] != pattern_byte(number, i))
			return -1;
	return (long)number;
}

#endif
