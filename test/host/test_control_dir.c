/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --control auto: where the socket is, who may connect, what becomes of sockets
 * that were left behind, and that a program starts without a socket if it
 * cannot have one.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control_dir.h"
#include "other_rig.h"
#include "unix.h"

static struct control control;
static struct err err;

static void
open_auto(void)
{
	const struct control_config config = { .where = "auto",
		.stats = &source };

	assert_int_equal(control_open(&control, &config, &err), 0);
}

/* Our own socket's path. */
static const char *
auto_path(void)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "lem/prog.%d.sock", (int)getpid());
	return dir_path(name);
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode;
}

static bool
is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* A process id that is free now. */
static pid_t
pid_dead(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

/* A socket with that name; returns its descriptor. */
static int
socket_at(const char *path)
{
	struct sockaddr_un at;
	int fd;

	assert_int_equal(unix_address(&at, path, "path", &err), 0);
	fd = unix_bind(&at, SOCK_STREAM, "path", &err);
	assert_true(fd >= 0);
	return fd;
}

static void
lem_remove(void)
{
	assert_int_equal(rmdir(dir_path("lem")), 0);
}

/* A folder for us alone, and a socket, both while it runs. */
static void
test_auto(void **state)
{
	(void)state;
	open_auto();
	assert_true(control_fd(&control) >= 0);
	assert_int_equal(mode_of(dir_path("lem")), S_IFDIR | 0700);
	assert_int_equal(mode_of(auto_path()), S_IFSOCK | 0600);
	control_close(&control);
	assert_false(is_there(auto_path()));
	/* The folder is there already. */
	open_auto();
	assert_true(is_there(auto_path()));
	control_close(&control);
	lem_remove();
}

/* Whatever the umask lets through. */
static void
test_private(void **state)
{
	mode_t was = umask(0);

	(void)state;
	open_auto();
	assert_int_equal(mode_of(dir_path("lem")), S_IFDIR | 0700);
	assert_int_equal(mode_of(auto_path()), S_IFSOCK | 0600);
	control_close(&control);
	lem_remove();
	(void)umask(was);
}

/* Only what a dead process has left behind goes. */
static void
test_clean(void **state)
{
	char dead[32], alive[32], file[32], paths[4][DIR_BYTES + 32];
	unsigned int i;
	int fd;

	(void)state;
	assert_int_equal(mkdir(dir_path("lem"), 0700), 0);
	(void)snprintf(dead, sizeof(dead), "lem/prog.%d.sock", (int)pid_dead());
	(void)snprintf(alive, sizeof(alive), "lem/else.%d.sock", (int)getpid());
	(void)snprintf(file, sizeof(file), "lem/file.%d.sock", (int)pid_dead());
	(void)snprintf(paths[0], sizeof(paths[0]), "%s", dir_path(dead));
	(void)snprintf(paths[1], sizeof(paths[1]), "%s", dir_path(alive));
	(void)snprintf(paths[2], sizeof(paths[2]), "%s", dir_path(file));
	(void)snprintf(paths[3], sizeof(paths[3]), "%s",
	    dir_path("lem/name.sock"));
	for (i = 0; i < 4; i++) {
		fd = i == 2 ? open(paths[i], O_CREAT | O_WRONLY, 0600) :
			      socket_at(paths[i]);
		assert_true(fd >= 0);
		close(fd);
	}
	open_auto();
	assert_false(is_there(paths[0]));
	for (i = 1; i < 4; i++) {
		assert_true(is_there(paths[i]));
		(void)unlink(paths[i]);
	}
	control_close(&control);
	lem_remove();
}

/* A process is dead here, but its socket is in use: another pid namespace. */
static void
test_clean_in_use(void **state)
{
	char name[32];
	int fd;

	(void)state;
	assert_int_equal(mkdir(dir_path("lem"), 0700), 0);
	(void)snprintf(name, sizeof(name), "lem/prog.%d.sock", (int)pid_dead());
	fd = socket_at(dir_path(name));
	open_auto();
	assert_true(is_there(dir_path(name)));
	close(fd);
	control_close(&control);
	(void)unlink(dir_path(name));
	lem_remove();
}

static void
opens_without(void)
{
	open_auto();
	assert_int_equal(control_fd(&control), -1);
	control_close(&control);
}

/* The program starts all the same. */
static void
test_without(void **state)
{
	char far[200];
	int fd;

	(void)state;
	assert_int_equal(mkdir(dir_path("lem"), 0700), 0);
	assert_int_equal(chmod(dir_path("lem"), 0770), 0);
	opens_without();	/* our group could put sockets there */
	assert_int_equal(chmod(dir_path("lem"), 0500), 0);
	opens_without();
	lem_remove();
	fd = open(dir_path("lem"), O_CREAT | O_WRONLY, 0600);
	close(fd);
	opens_without();
	(void)unlink(dir_path("lem"));
	assert_int_equal(symlink("/tmp", dir_path("lem")), 0);
	opens_without();
	(void)unlink(dir_path("lem"));
	setenv("XDG_RUNTIME_DIR", "/nowhere", 1);
	opens_without();
	memset(far, 'x', sizeof(far) - 1);
	far[0] = '/';
	far[sizeof(far) - 1] = '\0';
	setenv("XDG_RUNTIME_DIR", far, 1);
	opens_without();
	setenv("XDG_RUNTIME_DIR", dir, 1);
}

static void
test_off(void **state)
{
	const struct control_config config = { .where = "off",
		.stats = &source };

	(void)state;
	assert_int_equal(control_open(&control, &config, &err), 0);
	assert_int_equal(control_fd(&control), -1);
	control_close(&control);
	assert_false(is_there(dir_path("lem")));
}

static void
dir_is(const char *should)
{
	char is[CONTROL_DIR_BYTES];

	assert_int_equal(control_dir(is), 0);
	assert_string_equal(is, should);
}

static void
test_where(void **state)
{
	char tmp[48];

	(void)state;
	(void)snprintf(tmp, sizeof(tmp), "/tmp/lem-%u",
	    (unsigned int)geteuid());
	dir_is(dir_path("lem"));
	setenv("XDG_RUNTIME_DIR", "relative", 1);
	dir_is(tmp);
	unsetenv("XDG_RUNTIME_DIR");
	dir_is(tmp);
	setenv("XDG_RUNTIME_DIR", dir, 1);
	if (getuid() == 0) {
		assert_int_equal(seteuid(0), 0);
		dir_is("/run/lem");
		assert_int_equal(seteuid(OTHER), 0);
	}
}

static void
test_names(void **state)
{
	static const char *const bad[] = { "", ".", "..", "prog", "prog.sock",
		".1.sock", "prog..sock", "prog.0.sock", "prog.-1.sock",
		"prog.1.sock2", "prog.1", "prog.+1.sock", "prog. 1.sock",
		"prog.99999999999999999999.sock",
		"a-name-that-is-much-too-long-here.1.sock" };
	char program[CONTROL_PROGRAM_BYTES];
	size_t i;
	pid_t pid;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		assert_false(control_name(bad[i], program, &pid));
	assert_true(control_name("lem-vm.4711.sock", program, &pid));
	assert_string_equal(program, "lem-vm");
	assert_int_equal(pid, 4711);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_auto),
		cmocka_unit_test(test_private),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_clean_in_use),
		cmocka_unit_test(test_without),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_where),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, other_begin, other_end);
}
