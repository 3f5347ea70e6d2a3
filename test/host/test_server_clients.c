/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VMMs come one after another, one at a time, and may come again at once.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"
#include "dir.h"
#include "server_clients.h"

static struct clients c;
static struct err err;
static const char *path;

static void
clients_begin(void)
{
	path = dir_path("clients");
	assert_int_equal(clients_open(&c, path, &err), 0);
	assert_int_equal(clients_fd(&c), c.listen_fd);
}

/* A client; `takes`: whether it is to be taken. */
static int
client_connect(bool takes)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(clients_ready(&c), takes ? 0 : 1);
	return fd;
}

/* Has the other side hung up? */
static bool
is_hung_up(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) == 1 && p.revents & POLLRDHUP;
}

static void
test_one_after_another(void **state)
{
	int client, served, i;

	(void)state;
	clients_begin();
	for (i = 0; i < 3; i++) {
		client = client_connect(true);
		served = clients_next(&c);
		assert_true(served >= 0);
		assert_int_equal(write(client, "x", 1), 1);
		(void)close(client);
		(void)close(served);
		clients_done(&c);
	}
	clients_close(&c);
	assert_int_equal(access(path, F_OK), -1);
}

/* vfu_serve() has closed its socket; the copy here must not keep it. */
static void
test_done_hangs_up(void **state)
{
	int client, served;

	(void)state;
	clients_begin();
	client = client_connect(true);
	served = clients_next(&c);
	(void)close(served);
	assert_false(is_hung_up(client));
	clients_done(&c);
	assert_true(is_hung_up(client));
	(void)close(client);
	clients_close(&c);
}

static void
test_second(void **state)
{
	int client, second, served;

	(void)state;
	clients_begin();
	client = client_connect(true);
	/* Before the other thread has taken it, and after that. */
	second = client_connect(false);
	assert_true(is_hung_up(second));
	(void)close(second);
	served = clients_next(&c);
	second = client_connect(false);
	assert_true(is_hung_up(second));
	(void)close(second);
	assert_false(is_hung_up(client));
	(void)close(client);
	(void)close(served);
	clients_done(&c);
	clients_close(&c);
}

/* The last one has hung up, and is served still: the next one waits. */
static void
test_again_at_once(void **state)
{
	int client, second, third, served;

	(void)state;
	clients_begin();
	client = client_connect(true);
	served = clients_next(&c);
	(void)close(client);
	assert_false(clients_wait(&c));
	second = client_connect(true);
	assert_true(clients_wait(&c));
	third = client_connect(false);
	assert_false(is_hung_up(second));
	(void)close(third);
	(void)close(served);
	clients_done(&c);
	served = clients_next(&c);
	assert_true(served >= 0);
	assert_int_equal(write(second, "y", 1), 1);
	(void)close(second);
	(void)close(served);
	clients_done(&c);
	clients_close(&c);
}

static void
test_stop(void **state)
{
	int client;

	(void)state;
	clients_begin();
	client = client_connect(true);
	clients_stop(&c);
	assert_int_equal(clients_next(&c), -1);
	clients_close(&c);
	assert_true(is_hung_up(client));
	(void)close(client);
}

/* A socket that is connected already: its peer is the only client. */
static void
test_connected(void **state)
{
	char where[20];
	int pair[2], served;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	(void)snprintf(where, sizeof(where), "fd=%d", pair[0]);
	assert_int_equal(clients_open(&c, where, &err), 0);
	assert_int_equal(clients_fd(&c), -1);
	served = clients_next(&c);
	assert_int_equal(served, pair[0]);
	(void)close(served);
	clients_done(&c);
	(void)close(pair[1]);
	clients_close(&c);
}

/* Not of that name, not a listening or a stream socket, or not for us. */
static void
test_refuses(void **state)
{
	char where[20];
	int pair[2];

	(void)state;
	assert_int_equal(clients_open(&c, "fd=many", &err), -1);
	says(&err, "--socket fd=many: must be the number of a descriptor");
	clients_close(&c);
	assert_int_equal(clients_open(&c, "fd=1000", &err), -1);
	says(&err, "--socket fd=1000: not an open descriptor");
	clients_close(&c);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	(void)snprintf(where, sizeof(where), "fd=%d", pair[0]);
	assert_int_equal(clients_open(&c, where, &err), -1);
	says(&err, "not a UNIX stream socket");
	clients_close(&c);
	(void)close(pair[0]);
	(void)close(pair[1]);
	assert_int_equal(clients_open(&c, "/nowhere/socket", &err), -1);
	says(&err, "--socket /nowhere/socket: No such file");
	clients_close(&c);
}

static void
test_systemd(void **state)
{
	char pid[20];

	(void)state;
	(void)setenv("LISTEN_FDS", "1", 1);
	(void)setenv("LISTEN_PID", "1", 1);
	assert_int_equal(clients_open(&c, NULL, &err), -1);
	says(&err, "needs --socket PATH");
	assert_true(err.usage);
	clients_close(&c);
	assert_null(getenv("LISTEN_FDS"));

	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	(void)setenv("LISTEN_FDS", "2", 1);
	(void)setenv("LISTEN_PID", pid, 1);
	assert_int_equal(clients_open(&c, NULL, &err), -1);
	says(&err, "systemd passes 2 sockets");
	clients_close(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_after_another),
		cmocka_unit_test(test_done_hangs_up),
		cmocka_unit_test(test_second),
		cmocka_unit_test(test_again_at_once),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_connected),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_systemd),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}
