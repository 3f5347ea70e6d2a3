/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lem-nic's threads may still do: system calls, each in a process of its
 * own, and files where the kernel has Landlock.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"
#include "confine.h"
#include "dir.h"
#include "server_sandbox.h"

#define MAIN	(1u << SERVER_MAIN)
#define VFIO	(1u << SERVER_VFIO)
#define NIC	(1u << SERVER_NIC)
#define FAULTS	(1u << SERVER_FAULTS)
#define ALL	(MAIN | VFIO | NIC | FAULTS)

static const char *const kinds[] = { "main", "vfio", "NIC", "faults" };

#define CALL(name, who, ...) \
	{ \
#name, who, \
		{ \
			SYS_##name, __VA_ARGS__ \
		} \
	}

/* The calls need no effect: most get an invalid descriptor. */
static const struct {
	const char *name;
	unsigned int who;		/* may */
	long call[6];
} calls[] = {
	CALL(read, ALL, -1),
	CALL(write, ALL, -1),
	CALL(poll, ALL, 0, 0, 0),
	CALL(munmap, ALL, 0, 0),
	CALL(sendto, ALL, -1),
	CALL(recvfrom, ALL, -1),
	CALL(sendmsg, VFIO, -1),
	CALL(timerfd_settime, VFIO | NIC | FAULTS, -1),
	CALL(recvmsg, VFIO, -1),
	CALL(shutdown, VFIO, -1),
	CALL(fcntl, MAIN | VFIO, -1, F_GETFL),
	CALL(close, MAIN | VFIO | NIC, -1),
	CALL(accept4, MAIN | NIC, -1),
	CALL(recvmmsg, NIC, -1),
	CALL(unlink, MAIN, 0),
	{ "mmap", ALL,
	    { SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1 } },

	CALL(sendmmsg, 0, -1),
	CALL(connect, 0, -1, 0),
	{ "sendto an address", 0, { SYS_sendto, -1, 0, 0, 0, 1 } },
	{ "F_SETOWN", 0, { SYS_fcntl, -1, F_SETOWN } },
	{ "F_SETOWN_EX", 0, { SYS_fcntl, -1, F_SETOWN_EX } },
	{ "F_SETSIG", 0, { SYS_fcntl, -1, F_SETSIG } },
	CALL(open, 0, 0),
	CALL(openat, 0, AT_FDCWD, 0),
	CALL(socket, 0, AF_UNIX, SOCK_STREAM, 0),
	CALL(bind, 0, -1),
	CALL(listen, 0, -1),
	CALL(rename, 0, 0, 0),
	CALL(execve, 0, 0, 0, 0),
	CALL(fork, 0, 0),
	CALL(kill, 0, 0, 0),
	CALL(setuid, 0, 0),
	CALL(mount, 0, 0, 0, 0, 0, 0),
	CALL(memfd_create, 0, 0, 0),
	CALL(io_uring_setup, 0, 0, 0),
	CALL(ioctl, 0, -1, 0),
	CALL(prctl, 0, 0),
	{ "mmap for code", 0,
	    { SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC,
		MAP_PRIVATE | MAP_ANONYMOUS, -1 } },
	{ "mprotect for code", 0, { SYS_mprotect, 0, 4096, PROT_EXEC } },
};

static void
server_child_begin(void)
{
	static const struct confine_user stay = { .root = false };
	struct err err;

	child_begin();
	if (confine_user_become(&stay, &err) != 0)
		child_leave(1);
}

static int
call_try(enum server_sandbox kind, const long *c)
{
	pid_t pid = fork();
	struct err err;

	if (pid == 0) {
		server_child_begin();
		if (server_sandbox_enter(kind, &err) != 0)
			child_leave(1);
		(void)syscall(c[0], c[1], c[2], c[3], c[4], c[5], 0);
		child_leave(ENDED_WELL);
	}
	return child_wait(pid);
}

static void
test_calls(void **state)
{
	unsigned int kind;
	int status;
	size_t i;

	(void)state;
	for (kind = 0; kind < COUNT(kinds); kind++)
		for (i = 0; i < COUNT(calls); i++) {
			status =
			    call_try((enum server_sandbox)kind, calls[i].call);
			if (calls[i].who & 1u << kind ? !ended_well(status) :
							!was_killed(status))
				fail_msg("%s: %s: status %#x", kinds[kind],
				    calls[i].name, (unsigned int)status);
		}
}

/* Does this kernel have Landlock?  Then nothing of this is allowed. */
static bool
has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
}

static bool
refused(long result)
{
	return result < 0 && errno == EACCES;
}

/* An exit status that names what is wrong. */
static int
files_try(const char *own, const char *made)
{
	const char *paths[] = { NULL, own };
	char other[] = "/tmp/lem-sandbox-not-made";
	struct err err;

	if (confine_files(paths, COUNT(paths), -1, &err) != 0)
		return 10;
	if (!refused(open("/etc/passwd", O_RDONLY)))
		return 11;
	if (!refused(open(own, O_RDONLY)))
		return 12;
	if (!refused(open(made, O_CREAT | O_WRONLY, 0600)))
		return 13;
	if (!refused(unlink("/etc/passwd")))
		return 14;
	if (!refused(mkdir(other, 0700)))
		return 15;
	if (unlink(own) != 0)
		return 16;
	return ENDED_WELL;
}

static void
test_files(void **state)
{
	char own[DIR_BYTES + 32], made[DIR_BYTES + 32];
	pid_t pid;
	int fd;

	(void)state;
	if (!has_landlock())
		skip();
	(void)snprintf(own, sizeof(own), "%s", dir_path("own"));
	(void)snprintf(made, sizeof(made), "%s", dir_path("made"));
	fd = open(own, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
	pid = fork();
	if (pid == 0) {
		server_child_begin();
		child_leave(files_try(own, made));
	}
	assert_int_equal(WEXITSTATUS(child_wait(pid)), ENDED_WELL);
}

/* A path without a folder is in this one; a folder may be gone. */
static void
test_paths(void **state)
{
	static const char *const paths[] = { "name", "/name",
		"/nowhere/at/all/name", NULL };
	struct err err;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		server_child_begin();
		child_leave(confine_files(paths, COUNT(paths), -1, &err) == 0 ?
			ENDED_WELL :
			1);
	}
	assert_true(ended_well(child_wait(pid)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}
