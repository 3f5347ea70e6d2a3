/* SPDX-License-Identifier: BSD-2-Clause */
/* For files whose tests each have one device, made before and freed after. */
#ifndef TEST_ONE_HOST_H
#define TEST_ONE_HOST_H

#include "host.h"

static struct host *h;

/* An 82540EM, not yet powered: host_power(). */
static inline int
one_host_setup(void **state)
{
	(void)state;
	h = host_new(E82540_82540EM);
	return 0;
}

static inline int
one_host_teardown(void **state)
{
	(void)state;
	host_free(h);
	h = NULL;
	return 0;
}

#define ONE_HOST_TEST(f) \
	cmocka_unit_test_setup_teardown(f, one_host_setup, one_host_teardown)

static inline uint64_t
bad_accesses(void)
{
	return host_counters(h).bad_access;
}

#endif
