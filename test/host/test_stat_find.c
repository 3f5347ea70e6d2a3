/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How lem-stat finds programs and asks them: real control sockets, each served
 * by a process of its own, and sockets that do not answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "other_rig.h"
#include "programs.h"
#include "rates.h"
#include "unix.h"

#define LONG_MS		20000u		/* on a busy machine, too */
#define TRIES		20u

static struct programs all;
static struct err err;

/* ---------------------------------------------------------------- programs */

/* In its process: serve until "quit" or until it is killed. */
static void
program_main(const char *where, int ready)
{
	const struct control_config config = { .where = where,
		.stats = &source };
	struct control control;
	struct pollfd fd = { .events = POLLIN };

	/* A test that fails leaves no process behind. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (control_open(&control, &config, &err) != 0 ||
	    control_fd(&control) < 0 || write(ready, "", 1) != 1)
		_exit(1);
	do {
		fd.fd = control_fd(&control);
		(void)poll(&fd, 1, -1);
	} while (control_ready(&control));
	control_close(&control);
	_exit(0);
}

/* A program that serves at `where` when this returns. */
static pid_t
program_begin(const char *where)
{
	int ready[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		program_main(where, ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void
program_end(pid_t pid, int signal)
{
	kill(pid, signal);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
program_quit(pid_t pid, const char *path)
{
	struct sockaddr_un at;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(unix_address(&at, path, "path", &err), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(write(fd, "quit\n", 5), 5);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(fd);
}

static const char *
auto_path(pid_t pid)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "lem/prog.%d.sock", (int)pid);
	return dir_path(name);
}

/* A socket with this name that listens, and nobody accepts. */
static int
socket_deaf(const char *path)
{
	struct sockaddr_un at;
	int fd;

	assert_int_equal(unix_address(&at, path, "path", &err), 0);
	fd = unix_bind(&at, SOCK_STREAM, "path", &err);
	assert_true(fd >= 0);
	assert_int_equal(listen(fd, 0), 0);
	return fd;
}

static void
find_add(const char *path)
{
	if (programs_add(&all, path, &err) != 0)
		fail_msg("%s", err.text);
}

/*
 * It does not wait for long, whatever programs do.  Those that can may answer
 * late on a busy machine, but not always.
 */
static void
find_look(size_t there, size_t answer)
{
	unsigned int tries = 0;
	uint64_t begin;

	do {
		begin = wall_ns();
		programs_sample(&all);
		assert_true((wall_ns() - begin) / 1000000 < LONG_MS);
		assert_int_equal(programs_there(&all), there);
	} while (programs_answer(&all) < answer && ++tries < TRIES);
	assert_int_equal(programs_answer(&all), answer);
}

static void
lem_remove(void)
{
	programs_free(&all);
	assert_int_equal(rmdir(dir_path("lem")), 0);
}

/* ----------------------------------------------------------------- to find */

static void
test_find(void **state)
{
	pid_t a, b;
	size_t i;

	(void)state;
	find_look(0, 0);
	a = program_begin("auto");
	find_look(1, 1);
	assert_string_equal(all.at[0].name, "prog");
	assert_int_equal(all.at[0].pid, a);
	assert_null(all.at[0].before);
	b = program_begin("auto");
	for (i = 0; i < 20; i++)
		find_look(2, 2);
	assert_non_null(all.at[0].before);
	assert_true(program_span(&all.at[0]).seconds > 0);
	assert_int_equal(number_of(all.at[1].now, "pid"), all.at[1].pid);
	/* One leaves its socket behind, the other removes it. */
	program_end(a, SIGKILL);
	find_look(1, 1);
	assert_int_equal(all.n, 1);
	assert_int_equal(all.at[0].pid, b);
	program_quit(b, auto_path(b));
	find_look(0, 0);
	assert_int_equal(all.n, 0);
	(void)unlink(auto_path(a));
	lem_remove();
}

/* A folder that others may write to, a link to one, and other names. */
static void
test_trust(void **state)
{
	char deaf[DIR_BYTES + 32];
	pid_t pid;
	int fd;

	(void)state;
	pid = program_begin("auto");
	assert_int_equal(chmod(dir_path("lem"), 0722), 0);
	find_look(0, 0);
	assert_int_equal(chmod(dir_path("lem"), 0700), 0);
	find_look(1, 1);
	(void)snprintf(deaf, sizeof(deaf), "%s", dir_path("far"));
	assert_int_equal(rename(dir_path("lem"), deaf), 0);
	assert_int_equal(symlink(deaf, dir_path("lem")), 0);
	find_look(0, 0);
	(void)unlink(dir_path("lem"));
	assert_int_equal(rename(deaf, dir_path("lem")), 0);
	/* A link to a socket of somebody else. */
	(void)snprintf(deaf, sizeof(deaf), "%s", dir_path("deaf"));
	fd = socket_deaf(deaf);
	assert_int_equal(symlink(deaf, dir_path("lem/prog.1.sock")), 0);
	find_look(1, 1);
	(void)unlink(dir_path("lem/prog.1.sock"));
	/* A socket that is not named as one. */
	assert_int_equal(rename(deaf, dir_path("lem/prog.sock")), 0);
	find_look(1, 1);
	close(fd);
	(void)unlink(dir_path("lem/prog.sock"));
	program_quit(pid, auto_path(pid));
	lem_remove();
}

/* ------------------------------------------------------------------ to ask */

/* The others are not waited for, and nothing is lost when they go on. */
static void
test_silent(void **state)
{
	pid_t a = program_begin("auto"), b = program_begin("auto");

	(void)state;
	find_look(2, 2);
	kill(a, SIGSTOP);
	find_look(2, 1);
	find_look(2, 1);
	kill(a, SIGCONT);
	find_look(2, 2);
	assert_non_null(all.at[0].before);
	assert_non_null(all.at[1].before);
	program_quit(a, auto_path(a));
	program_quit(b, auto_path(b));
	lem_remove();
}

/* Each answer in a connection of its own: another client gets its turn. */
static void
test_polite(void **state)
{
	pid_t pid = program_begin("auto");
	struct sockaddr_un at;
	char text[4096];
	int fd, i;

	(void)state;
	assert_int_equal(unix_address(&at, auto_path(pid), "path", &err), 0);
	for (i = 0; i < 10; i++) {
		find_look(1, 1);
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		assert_int_equal(connect(fd, (struct sockaddr *)&at,
				     sizeof(at)),
		    0);
		find_look(1, 0);	/* now it is the other's turn */
		assert_int_equal(write(fd, "stats\n", 6), 6);
		assert_true(read(fd, text, sizeof(text)) > 0);
		close(fd);
	}
	find_look(1, 1);
	program_quit(pid, auto_path(pid));
	lem_remove();
}

/* Those that were given stay in the list; no others are looked for. */
static void
test_given(void **state)
{
	char path[DIR_BYTES + 32];
	int deaf;
	pid_t other = program_begin("auto"), pid;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s", dir_path("given"));
	find_add(path);
	find_add(path);
	assert_int_equal(all.n, 1);
	find_look(0, 0);
	assert_int_equal(all.n, 1);
	assert_string_equal(all.at[0].name, "");
	pid = program_begin(path);
	find_look(1, 1);
	assert_string_equal(all.at[0].name, "prog");
	assert_int_equal(all.at[0].pid, pid);
	find_look(1, 1);
	assert_non_null(all.at[0].before);
	program_end(pid, SIGKILL);
	find_look(0, 0);
	/* Started again: another process. */
	pid = program_begin(path);
	find_look(1, 1);
	assert_null(all.at[0].before);
	assert_int_equal(all.at[0].pid, pid);
	program_quit(pid, path);
	programs_free(&all);
	/* Its queue gets full: connect() would wait. */
	deaf = socket_deaf(path);
	find_add(path);
	find_look(1, 0);
	find_look(1, 0);
	find_look(1, 0);
	close(deaf);
	(void)unlink(path);
	program_quit(other, auto_path(other));
	lem_remove();
}

static void
test_refused(void **state)
{
	char far[200];

	(void)state;
	assert_int_equal(programs_add(&all, "", &err), -1);
	says(&err, "--control");
	memset(far, 'x', sizeof(far) - 1);
	far[sizeof(far) - 1] = '\0';
	assert_int_equal(programs_add(&all, far, &err), -1);
	says(&err, "--control");
	programs_free(&all);
}

static void
test_folders(void **state)
{
	char text[256], should[256];

	(void)state;
	programs_folders(text, sizeof(text));
	(void)snprintf(should, sizeof(should),
	    "%s, /run/user/%u/lem, /tmp/lem-%u", dir_path("lem"),
	    (unsigned int)geteuid(), (unsigned int)geteuid());
	assert_string_equal(text, should);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_trust),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_polite),
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_folders),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, other_begin, other_end);
}
