/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Breadth-first search: which states were seen, by hash; those still to be
 * expanded, packed by image.h; and for each state the way that led to it.
 */
#ifndef PAIR_SEARCH_H
#define PAIR_SEARCH_H

#include <stdio.h>

#include "image.h"

#define SEARCH_CHUNK	4096u		/* states in a piece of the queue */

struct search {
	uint64_t *seen;		/* hashes, 0: free */
	size_t slots;
	uint32_t *parent;	/* of a state, by its number */
	uint8_t *by;		/* the action that led to it */
	size_t states, room;
	uint64_t **chunk;	/* packed states, NULL once they are expanded */
	uint64_t transitions;
};

static inline void *
search_grow(void *p, size_t bytes)
{
	p = realloc(p, bytes > 0 ? bytes : 1);
	if (p == NULL) {
		fprintf(stderr, "explore: no memory\n");
		exit(2);
	}
	return p;
}

static inline bool
search_enter(struct search *s, uint64_t hash)
{
	size_t i = hash & (s->slots - 1);

	for (; s->seen[i] != 0; i = (i + 1) & (s->slots - 1))
		if (s->seen[i] == hash)
			return false;
	s->seen[i] = hash;
	return true;
}

static inline void
search_rehash(struct search *s)
{
	uint64_t *old = s->seen;
	size_t i, n = s->slots;

	s->slots = n == 0 ? 1u << 18 : n * 2;
	s->seen = search_grow(NULL, s->slots * sizeof(*s->seen));
	memset(s->seen, 0, s->slots * sizeof(*s->seen));
	for (i = 0; i < n; i++)
		if (old[i] != 0)
			(void)search_enter(s, old[i]);
	free(old);
}

/* search_state: state n, packed; it was not yet done with. */
static inline uint64_t *
search_state(const struct search *s, const struct image *im, size_t n)
{
	return s->chunk[n / SEARCH_CHUNK] + n % SEARCH_CHUNK * im->words;
}

/* search_add: add the machine's state, by its hash.  True if it was new. */
static inline bool
search_add(struct search *s, const struct image *im, uint64_t hash,
    uint32_t parent, unsigned int by)
{
	size_t n = s->states, chunk = n / SEARCH_CHUNK;

	if (n * 2 >= s->slots)
		search_rehash(s);
	if (!search_enter(s, hash))
		return false;
	if (n == s->room) {
		s->room += 64 * (size_t)SEARCH_CHUNK;
		s->parent =
		    search_grow(s->parent, s->room * sizeof(*s->parent));
		s->by = search_grow(s->by, s->room);
		s->chunk = search_grow(s->chunk,
		    s->room / SEARCH_CHUNK * sizeof(*s->chunk));
	}
	if (n % SEARCH_CHUNK == 0)
		s->chunk[chunk] = search_grow(NULL,
		    SEARCH_CHUNK * im->words * sizeof(uint64_t));
	s->parent[n] = parent;
	s->by[n] = (uint8_t)by;
	image_pack(im, search_state(s, im, n));
	s->states++;
	return true;
}

/* search_done: state n, the next in order, was expanded. */
static inline void
search_done(struct search *s, size_t n)
{
	if (n % SEARCH_CHUNK != SEARCH_CHUNK - 1)
		return;
	free(s->chunk[n / SEARCH_CHUNK]);
	s->chunk[n / SEARCH_CHUNK] = NULL;
}

/* search_depth: how many actions led to state n; no way to it is shorter. */
static inline unsigned int
search_depth(const struct search *s, size_t n)
{
	unsigned int depth = 0;

	for (; n != 0; n = s->parent[n])
		depth++;
	return depth;
}

/* search_random: the next of a row of numbers below n; any *seed. */
static inline unsigned int
search_random(uint64_t *seed, unsigned int n)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(*seed >> 33) % n;
}

static inline void
search_free(struct search *s)
{
	size_t i;

	for (i = 0; i * SEARCH_CHUNK < s->states; i++)
		free(s->chunk[i]);
	free(s->chunk);
	free(s->seen);
	free(s->parent);
	free(s->by);
	memset(s, 0, sizeof(*s));
}

#endif
