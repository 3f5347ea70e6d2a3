/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of the frames 0 .. n-1 arrived, how often and in what order.  Used by
 * the receiver on the host and by the guest's rx workload alike.
 */
#ifndef LEM_BENCH_SEQUENCE_H
#define LEM_BENCH_SEQUENCE_H

#include <stdint.h>

/* How far back a late frame is still known from a duplicate. */
#define LEM_SEQUENCE_WINDOW	(1u << 20)

struct lem_sequence {
	uint64_t next;		/* one past the largest number seen */
	uint64_t unique;
	uint64_t duplicated;
	uint64_t reordered;
	uint8_t seen[LEM_SEQUENCE_WINDOW / 8];	/* zeroed before first use */
};

/* lem_sequence_note: frame `seq` arrived. */
static inline void
lem_sequence_note(struct lem_sequence *s, uint64_t seq)
{
	uint8_t *byte = &s->seen[seq % LEM_SEQUENCE_WINDOW / 8];
	uint8_t bit = (uint8_t)(1u << (seq % 8));

	if (seq >= s->next) {
		uint64_t gap = seq - s->next;

		if (gap >= LEM_SEQUENCE_WINDOW)
			gap = LEM_SEQUENCE_WINDOW;
		for (; gap > 0; gap--) {
			uint64_t k = seq - gap;

			s->seen[k % LEM_SEQUENCE_WINDOW / 8] &=
			    (uint8_t)~(1u << (k % 8));
		}
		s->next = seq + 1;
		s->unique++;
		*byte |= bit;
	} else if (s->next - seq > LEM_SEQUENCE_WINDOW || (*byte & bit)) {
		s->duplicated++;
	} else {
		s->reordered++;
		s->unique++;
		*byte |= bit;
	}
}

/* lem_frames_lost: `sent` were sent and `unique` came: how many did not? */
static inline uint64_t
lem_frames_lost(uint64_t sent, uint64_t unique)
{
	return sent > unique ? sent - unique : 0;
}

#endif
