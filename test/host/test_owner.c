/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets in the file system that root makes before it becomes another user:
 * two programs that do so reach each other afterwards, in either order.
 */
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "backend_rig.h"
#include "unix.h"

#define OTHER 65534 /* another user */

static void
owner_is(const char *name, uid_t uid)
{
	struct stat st;

	assert_int_equal(lstat(dir_path(name), &st), 0);
	assert_int_equal(st.st_uid, uid);
}

/* In a process of its own, which cannot become root again. */
static bool
taken_as_other(struct backend *b)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		if (setresuid(OTHER, OTHER, OTHER) != 0)
			_exit(99);
		_exit(send_one(b, 1, 60) == 1 && b->refused == 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) <= 1);
	return WEXITSTATUS(status) == 1;
}

static void
test_dgram(void **state)
{
	struct backend *ours, *early, *roots, *late;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(dir, 0755), 0);
	unix_owner(OTHER, OTHER);
	ours = open_by("backend=dgram,local=%s/a,remote=%s/b", dir, dir);
	early = open_by("backend=dgram,local=%s/b,remote=%s/0", dir, dir);
	owner_is("a", OTHER);
	unix_owner((uid_t)-1, (gid_t)-1);
	roots = open_by("backend=dgram,local=%s/0,remote=%s/none", dir, dir);
	owner_is("0", 0);
	late = open_by("backend=dgram,local=%s/c,remote=%s/0", dir, dir);
	assert_true(taken_as_other(ours));
	assert_false(taken_as_other(early));
	assert_true(taken_as_other(late));
	close_it(ours);
	close_it(early);
	close_it(roots);
	close_it(late);
}

static void
test_stream(void **state)
{
	struct backend *b;

	(void)state;
	if (geteuid() != 0)
		skip();
	unix_owner(OTHER, OTHER);
	b = open_by("backend=stream,path=%s/s,server=on", dir);
	owner_is("s", OTHER);
	close_it(b);
}

/* A socket left by an earlier run is replaced; a file is not. */
static void
test_stale(void **state)
{
	struct sockaddr_un at;
	struct stat st;
	struct err e;
	char path[128];
	int fd;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/stale", dir);
	assert_int_equal(unix_address(&at, path, "path", &e), 0);
	fd = unix_bind(&at, SOCK_STREAM, "path", &e);
	assert_true(fd >= 0);
	assert_int_equal(unix_bind(&at, SOCK_STREAM, "path", &e), -1);
	assert_int_equal(unix_bind(&at, SOCK_DGRAM, "path", &e), -1);
	close(fd);
	assert_int_equal(lstat(path, &st), 0);
	fd = unix_bind(&at, SOCK_DGRAM, "path", &e);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(unlink(path), 0);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(unix_bind(&at, SOCK_STREAM, "path", &e), -1);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(unlink(path), 0);
}

/* As under lem-nic@.service: a set of capabilities without CAP_DAC_OVERRIDE. */
static bool
replaced_without_override(const struct sockaddr_un *at)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct set[2] = { 0 };
	pid_t child = fork();
	struct err e;
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		set[0].permitted = set[0].effective =
		    1u << CAP_CHOWN | 1u << CAP_SETUID | 1u << CAP_SETGID;
		if (syscall(SYS_capset, &header, set) != 0)
			_exit(99);
		_exit(unix_bind(at, SOCK_DGRAM, "path", &e) >= 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) <= 1);
	return WEXITSTATUS(status) == 1;
}

static void
test_stale_of_other(void **state)
{
	struct sockaddr_un at;
	struct err e;
	char path[128];
	int fd;

	(void)state;
	if (geteuid() != 0)
		skip();
	(void)snprintf(path, sizeof(path), "%s/other", dir);
	assert_int_equal(unix_address(&at, path, "path", &e), 0);
	unix_owner(OTHER, OTHER);
	fd = unix_bind(&at, SOCK_DGRAM, "path", &e);
	assert_true(fd >= 0);
	assert_false(replaced_without_override(&at));
	close(fd);
	owner_is("other", OTHER);
	assert_true(replaced_without_override(&at));
	owner_is("other", OTHER);
	assert_int_equal(unlink(path), 0);
	unix_owner((uid_t)-1, (gid_t)-1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dgram),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_stale_of_other),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}
