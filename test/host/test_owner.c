/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets in the file system, of a root that becomes another user: two who do
 * that reach each other afterwards.
 */
#include <sys/wait.h>

#include "backend_rig.h"

#define OTHER	65534		/* whoever that is */

static void
owner_is(const char *name, uid_t uid)
{
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_uid, uid);
}

/* In a process of its own, as there is no way back. */
static unsigned int
refused_as_other(struct backend *b)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		if (setresuid(OTHER, OTHER, OTHER) != 0)
			_exit(99);
		(void)send_one(b, 1, 60);
		_exit((int)b->refused);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return (unsigned int)WEXITSTATUS(status);
}

static void
test_dgram(void **state)
{
	struct backend *ours, *theirs, *before;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(dir, 0755), 0);
	before = open_by("backend=dgram,local=%s/0,remote=%s/a", dir, dir);
	owner_is("0", 0);
	backend_owner(OTHER, OTHER);
	ours = open_by("backend=dgram,local=%s/a,remote=%s/b", dir, dir);
	theirs = open_by("backend=dgram,local=%s/b,remote=%s/0", dir, dir);
	owner_is("a", OTHER);
	assert_int_equal(refused_as_other(ours), 0);
	assert_int_equal(refused_as_other(theirs), 1);
	close_it(ours);
	close_it(theirs);
	close_it(before);
}

static void
test_stream(void **state)
{
	struct backend *b;

	(void)state;
	if (geteuid() != 0)
		skip();
	backend_owner(OTHER, OTHER);
	b = open_by("backend=stream,path=%s/s,server=on", dir);
	owner_is("s", OTHER);
	close_it(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dgram),
		cmocka_unit_test(test_stream),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}
