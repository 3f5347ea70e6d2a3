/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all fuzzers share: the input as a stream of bytes, and CHECK().  After
 * the end of the stream every byte is 0.
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(what) ((what) ? (void)0 : fuzz_broken(#what, __FILE__, __LINE__))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	const uint8_t *data;
	size_t left;
} input;

static inline void
fuzz_broken(const char *what, const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: %s\n", file, line, what);
	abort();
}

static inline void
input_begin(const uint8_t *data, size_t size)
{
	input.data = data;
	input.left = size;
}

static inline uint8_t
input_u8(void)
{
	if (input.left == 0)
		return 0;
	input.left--;
	return *input.data++;
}

/* input_n: a number of n bytes, 1 to 8, the lowest first. */
static inline uint64_t
input_n(unsigned int n)
{
	uint64_t value = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		value |= (uint64_t)input_u8() << i * 8;
	return value;
}

static inline uint16_t
input_u16(void)
{
	return (uint16_t)input_n(2);
}

static inline uint32_t
input_u32(void)
{
	return (uint32_t)input_n(4);
}

#endif
