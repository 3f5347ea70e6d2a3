/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of device/ need of cmocka, for machines that have no cmocka:
 * foreign.sh compiles them with this folder on the include path.  A failure
 * says where, and ends the program.
 */
#ifndef TEST_FOREIGN_CMOCKA_H
#define TEST_FOREIGN_CMOCKA_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The tests read and write descriptors in guest memory as structs, and those
 * are little-endian.  Here gcc swaps the bytes of their members; the model's
 * own files do not include this one.
 */
/* clang-format off */
#pragma scalar_storage_order little-endian
#include "e1000_hw.h"
#pragma scalar_storage_order default
/* clang-format on */

struct CMUnitTest {
	const char *name;
	void (*test)(void **state);
	int (*setup)(void **state);
	int (*teardown)(void **state);
};

/* clang-format off */
#define cmocka_unit_test(f)	{ #f, f, NULL, NULL }
#define cmocka_unit_test_teardown(f, t) { #f, f, NULL, t }
#define cmocka_unit_test_setup_teardown(f, s, t) { #f, f, s, t }
/* clang-format on */
#define cmocka_run_group_tests(tests, setup, teardown) \
	foreign_run(tests, sizeof(tests) / sizeof((tests)[0]))

#define print_message(...) printf(__VA_ARGS__)
#define fail_msg(...) \
	(printf(__VA_ARGS__), \
	    foreign_check(0, "fail", 0, 0, __FILE__, __LINE__))

#define FOREIGN(ok, what, a, b) \
	foreign_check(ok, what, a, b, __FILE__, __LINE__)
#define assert_true(e) FOREIGN(!!(e), #e, 0, 1)
#define assert_false(e) FOREIGN(!(e), "not " #e, 1, 0)
#define assert_null(p) FOREIGN((p) == NULL, #p " is NULL", 0, 0)
#define assert_non_null(p) FOREIGN((p) != NULL, #p " is not NULL", 0, 0)
#define assert_int_equal(a, b) \
	foreign_equal((uint64_t)(a), (uint64_t)(b), 1, #a " == " #b, __FILE__, \
	    __LINE__)
#define assert_int_not_equal(a, b) \
	foreign_equal((uint64_t)(a), (uint64_t)(b), 0, #a " != " #b, __FILE__, \
	    __LINE__)
#define assert_in_range(v, min, max) \
	foreign_range((uint64_t)(v), (uint64_t)(min), (uint64_t)(max), #v, \
	    __FILE__, __LINE__)
#define assert_string_equal(a, b) FOREIGN(strcmp(a, b) == 0, #a " is " #b, 0, 0)
#define assert_memory_equal(a, b, n) \
	FOREIGN(memcmp(a, b, n) == 0, #a " has the bytes of " #b, 0, 0)

static inline void
foreign_check(int ok, const char *what, uint64_t a, uint64_t b,
    const char *file, int line)
{
	if (ok)
		return;
	printf("%s:%d: not so: %s (%#llx, %#llx)\n", file, line, what,
	    (unsigned long long)a, (unsigned long long)b);
	exit(1);
}

static inline void
foreign_equal(uint64_t a, uint64_t b, int equal, const char *what,
    const char *file, int line)
{
	foreign_check((a == b) == equal, what, a, b, file, line);
}

static inline void
foreign_range(uint64_t v, uint64_t min, uint64_t max, const char *what,
    const char *file, int line)
{
	foreign_check(v >= min, what, v, min, file, line);
	foreign_check(v <= max, what, v, max, file, line);
}

static inline int
foreign_run(const struct CMUnitTest *tests, size_t n)
{
	void *state = NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		printf("%s\n", tests[i].name);
		fflush(stdout);
		if (tests[i].setup != NULL && tests[i].setup(&state) != 0)
			exit(1);
		tests[i].test(&state);
		if (tests[i].teardown != NULL && tests[i].teardown(&state) != 0)
			exit(1);
	}
	return 0;
}

#endif
