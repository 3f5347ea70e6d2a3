/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the pair tests share: cmocka, and a machine that is up.
 */
#ifndef PAIR_H
#define PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim.h"

#define PAIR_COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const enum e82540_chip pair_chips[] = { E82540_82540EM, E82540_82545EM,
	E82540_82544GC };

static inline struct sim *
pair_new(const struct sim_config *config)
{
	struct sim *sim = sim_new(config);

	assert_non_null(sim);
	assert_int_equal(sim_up(sim), 0);
	return sim;
}

/* pair_free: the machine's end; the model kept to its contract. */
static inline void
pair_free(struct sim *sim)
{
	struct e82540_counters c;

	e82540_counters(sim->dev, &c, sizeof(c));
	assert_int_equal(c.bad_access, 0);
	assert_int_equal(c.bad_ring, 0);
	assert_int_equal(c.bad_address, 0);
	assert_int_equal(c.bad_descriptor, 0);
	assert_int_equal(sim->violations, 0);
	assert_false(sim->sc.gone);
	sim_free(sim);
}

/* pair_receive: one frame from the network.  Was it consumed? */
static inline bool
pair_receive(struct sim *sim, const void *data, uint32_t len_bytes)
{
	const struct e82540_frame frame = { .data = data,
		.len_bytes = len_bytes };

	return e82540_receive(sim->dev, sim_now(sim), &frame, 1) == 1;
}

#endif
