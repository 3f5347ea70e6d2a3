/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of a machine as a list of 64-bit words, to be put away, taken out
 * again and hashed, some hundred thousand times a second.
 *
 * The machine is several parts of plain memory.  Nearly all of it never
 * changes: the words that do are learnt, by comparing with a copy of the whole,
 * and only these "hot" ones are packed.  image_cold() says whether that was
 * right: as no cold word is ever put back, one that changed stays changed.
 *
 * Bytes that do not belong to what a state is (clocks, counters) are skipped by
 * the hash, but packed.
 */
#ifndef PAIR_IMAGE_H
#define PAIR_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_PARTS	8u
#define IMAGE_HOT_MAX	4096u

struct image {
	struct {
		uint64_t *word;
		uint64_t *base;		/* as it was in the beginning */
		uint8_t *skip;		/* a byte a byte: not hashed */
		uint8_t *hot;		/* a byte a word */
		size_t words;
	} part[IMAGE_PARTS];
	unsigned int parts;
	size_t words;			/* hot ones: */
	uint64_t *at[IMAGE_HOT_MAX];
	uint64_t mask[IMAGE_HOT_MAX];
};

/* image_add: bytes at p, both multiples of 8, belong to the machine. */
static inline void
image_add(struct image *im, void *p, size_t bytes)
{
	unsigned int i = im->parts++;

	im->part[i].word = p;
	im->part[i].words = bytes / 8;
	im->part[i].base = malloc(bytes);
	im->part[i].skip = calloc(1, bytes);
	im->part[i].hot = calloc(1, bytes / 8);
	if (im->part[i].base == NULL || im->part[i].skip == NULL ||
	    im->part[i].hot == NULL)
		abort();
	memcpy(im->part[i].base, p, bytes);
}

static inline void
image_free(struct image *im)
{
	unsigned int i;

	for (i = 0; i < im->parts; i++) {
		free(im->part[i].base);
		free(im->part[i].skip);
		free(im->part[i].hot);
	}
}

/* image_skip: these bytes are not hashed.  Before anything is learnt. */
static inline void
image_skip(struct image *im, const void *p, size_t bytes)
{
	const uint8_t *first;
	unsigned int i;

	for (i = 0; i < im->parts; i++) {
		first = (const uint8_t *)im->part[i].word;
		if ((const uint8_t *)p >= first &&
		    (const uint8_t *)p < first + im->part[i].words * 8) {
			memset(im->part[i].skip + ((const uint8_t *)p - first),
			    1, bytes);
			return;
		}
	}
	abort();
}

static inline void
image_heat(struct image *im, unsigned int i, size_t w)
{
	uint64_t mask = 0;
	uint8_t byte[8];
	unsigned int b;

	if (im->words == IMAGE_HOT_MAX)
		abort();
	for (b = 0; b < 8; b++)
		byte[b] = im->part[i].skip[w * 8 + b] ? 0 : 0xff;
	memcpy(&mask, byte, sizeof(mask));
	im->part[i].hot[w] = 1;
	im->at[im->words] = &im->part[i].word[w];
	im->mask[im->words++] = mask;
}

/* image_learn: what differs now is hot.  Returns true if anything was new. */
static inline bool
image_learn(struct image *im)
{
	size_t w, before = im->words, chunk;
	unsigned int i;

	for (i = 0; i < im->parts; i++)
		for (w = 0; w < im->part[i].words; w++) {
			chunk = im->part[i].words - w;
			if (chunk > 64)
				chunk = 64;
			if (w % 64 == 0 &&
			    memcmp(&im->part[i].word[w], &im->part[i].base[w],
				chunk * 8) == 0)
				w += chunk - 1;
			else if (!im->part[i].hot[w] &&
			    im->part[i].word[w] != im->part[i].base[w])
				image_heat(im, i, w);
		}
	return im->words != before;
}

/* image_cold: has no word changed that is not hot? */
static inline bool
image_cold(const struct image *im)
{
	unsigned int i;
	size_t w;

	for (i = 0; i < im->parts; i++)
		for (w = 0; w < im->part[i].words; w++)
			if (!im->part[i].hot[w] &&
			    im->part[i].word[w] != im->part[i].base[w])
				return false;
	return true;
}

/* image_base: everything as it was in the beginning. */
static inline void
image_base(struct image *im)
{
	unsigned int i;

	for (i = 0; i < im->parts; i++)
		memcpy(im->part[i].word, im->part[i].base,
		    im->part[i].words * 8);
}

/* image_pack, image_unpack: im->words words, out of the machine and into it. */
static inline void
image_pack(const struct image *im, uint64_t *to)
{
	size_t w;

	for (w = 0; w < im->words; w++)
		to[w] = *im->at[w];
}

static inline void
image_unpack(const struct image *im, const uint64_t *from)
{
	size_t w;

	for (w = 0; w < im->words; w++)
		*im->at[w] = from[w];
}

static inline uint64_t
image_mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

static inline uint64_t
image_hash(const struct image *im)
{
	uint64_t h = 0x2545f4914f6cdd1du;
	size_t w;

	for (w = 0; w < im->words; w++)
		if (im->mask[w] != 0)
			h = image_mix(h, *im->at[w] & im->mask[w]);
	return h;
}

#endif
