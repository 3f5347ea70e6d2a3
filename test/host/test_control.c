/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket: its commands, a program's own commands, clients' errors,
 * and the keys of the statistics.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"
#include "dir.h"
#include "machine_rig.h"

#define ANSWER_BYTES	20000u

static struct control control;
static struct rig *rig;			/* NULL: no NICs */
static struct err err;

static void
own_put(void *ctx, struct json *out)
{
	json_put(out, "\"own\":%u,", *(unsigned int *)ctx);
}

static struct nic *
nic_at(void *ctx, unsigned int i)
{
	(void)ctx;
	return rig != NULL && i < rig->m.nics ? rig->m.nic[i].nic : NULL;
}

static unsigned int own = 7;
static const struct stats_source source = { "test", own_put, nic_at, &own };

static bool
own_command(void *ctx, const char *line, struct json *answer)
{
	if (strcmp(line, "wave") != 0)
		return false;
	json_put(answer, "hello %u\n", *(unsigned int *)ctx);
	return true;
}

static const char *
control_path(void)
{
	return dir_path("control");
}

static void
listen_at(const struct stats_source *from)
{
	const struct control_config config = { control_path(), from,
		own_command, &own };

	if (control_open(&control, &config, &err) != 0)
		fail_msg("%s", err.text);
}

/* Serves until there is no more input.  Returns false on "quit". */
static bool
control_serve(void)
{
	struct pollfd fd = { .events = POLLIN };

	for (;;) {
		fd.fd = control_fd(&control);
		if (poll(&fd, 1, 0) <= 0 || fd.fd < 0)
			return true;
		if (!control_ready(&control))
			return false;
	}
}

static int
client_connect(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", control_path());
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void
client_say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_true(control_serve());
}

/* The answer so far; NULL: none; "": the other end has closed. */
static const char *
client_answer(int fd)
{
	static char text[ANSWER_BYTES];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	if (n < 0 && errno == EAGAIN)
		return NULL;
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void
client_answers(int fd, const char *text)
{
	const char *is = client_answer(fd);

	assert_non_null(is);
	assert_string_equal(is, text);
}

/* A client that comes now is served, whatever the one before did. */
static void
client_is_served(void)
{
	int fd = client_connect();

	client_say(fd, "wave\n");
	client_answers(fd, "hello 7\n");
	close(fd);
}

/* ------------------------------------------------------------- statistics */

/* Its keys, each followed by a blank; not its strings. */
static void
json_keys(const char *json, char *keys)
{
	const char *end;

	for (; (json = strchr(json, '"')) != NULL; json = end + 1) {
		end = strchr(++json, '"');
		assert_non_null(end);
		if (end[1] != ':')
			continue;
		memcpy(keys, json, (size_t)(end - json));
		keys += end - json;
		*keys++ = ' ';
	}
	*keys = '\0';
}

#define PROGRAM_KEYS "own cpu_us time_us program pid version nics "
#define NIC_KEYS							\
	"traps busy parked faults maps slower trap_cost_ns looks busy_us " \
	"turns rung refused mac state link cable itr_ns tx_ring tx_used " \
	"rx_ring rx_free held released_ring released_pause " \
	"released_frame released_half hold_ns interrupt_cost_ns " \
	"reg_reads reg_writes " \
	"interrupts tx_packets tx_bytes " \
	"tx_sends tx_stopped tx_dropped rx_packets rx_bytes rx_filtered " \
	"rx_waited rx_dropped tx_no_fcs rx_no_link rx_disabled rx_runts " \
	"tdt_writes rdt_writes resets bad_access bad_access_where " \
	"bad_access_value bad_ring bad_ring_where bad_ring_value " \
	"bad_address bad_descriptor bad "

static void
test_stats(void **state)
{
	static char keys[ANSWER_BYTES];
	const char *json;
	int fd;

	(void)state;
	rig = rig_new(2);
	listen_at(&source);
	fd = client_connect();
	client_say(fd, "stats\n");
	json = client_answer(fd);
	assert_non_null(json);
	assert_true(strncmp(json, "{\"own\":7,\"cpu_us\":", 18) == 0);
	assert_non_null(strstr(json, "\"nics\":[{\"traps\":0,"));
	assert_non_null(strstr(json, "\"bad\":0},{\"traps\":0,"));
	assert_string_equal(json + strlen(json) - 4, "}]}\n");
	json_keys(json, keys);
	assert_string_equal(keys, PROGRAM_KEYS NIC_KEYS NIC_KEYS);
	close(fd);
	control_close(&control);
	rig_free(rig);
	rig = NULL;
}

/* A program without own keys, without NICs. */
static void
test_stats_bare(void **state)
{
	static const struct stats_source bare = { "bare", NULL, nic_at, NULL };
	struct json out = { .used = 0 };

	(void)state;
	stats_put(&out, &bare);
	assert_true(strncmp(out.text, "{\"cpu_us\":", 10) == 0);
	assert_non_null(strstr(out.text, ",\"nics\":[]}\n"));
	assert_int_equal(out.used, strlen(out.text));
}

/* Text that does not fit is cut off. */
static void
test_json_full(void **state)
{
	static struct json out;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(out.text); i++)
		json_put(&out, "abc");
	assert_int_equal(out.used, sizeof(out.text) - 1);
	assert_int_equal(strlen(out.text), sizeof(out.text) - 1);
}

/* --------------------------------------------------------------- commands */

static void
test_commands(void **state)
{
	int fd;

	(void)state;
	listen_at(&source);
	fd = client_connect();
	client_say(fd, "wave\n");
	client_answers(fd, "hello 7\n");
	client_say(fd, "dance\n");
	assert_non_null(strstr(client_answer(fd), "{\"error\":\""));
	client_say(fd, "\n");
	assert_non_null(strstr(client_answer(fd), "{\"error\":\""));
	/* A line in parts; several lines at once. */
	client_say(fd, "wa");
	assert_null(client_answer(fd));
	client_say(fd, "ve\nwave\nwav");
	client_answers(fd, "hello 7\nhello 7\n");
	client_say(fd, "e\n");
	client_answers(fd, "hello 7\n");
	close(fd);
	control_close(&control);
}

/* Their backends are up: the cable alone decides. */
static bool
cable_is_in(unsigned int nic)
{
	struct nic_stats s;

	nic_stats(rig->m.nic[nic].nic, &s);
	return s.cable;
}

static void
test_link(void **state)
{
	int fd;

	(void)state;
	rig = rig_new(2);
	listen_at(&source);
	fd = client_connect();
	client_say(fd, "link 1 down\n");
	client_answers(fd, "{\"nic\":1,\"link\":\"down\"}\n");
	assert_true(cable_is_in(0));
	assert_false(cable_is_in(1));
	client_say(fd, "link 1 up\n");
	client_answers(fd, "{\"nic\":1,\"link\":\"up\"}\n");
	assert_true(cable_is_in(1));
	client_say(fd, "link down\n");
	client_answers(fd,
	    "{\"error\":\"link N up|down, where N is less than 2\"}\n");
	client_say(fd, "link 2 down\nlink 4294967296 down\n");
	client_answers(fd,
	    "{\"error\":\"link N up|down, where N is less than 2\"}\n"
	    "{\"error\":\"link N up|down, where N is less than 2\"}\n");
	client_say(fd, "link 0 off\nlink \nlink 0up\nlink 0  up\n");
	client_answers(fd,
	    "{\"error\":\"link [N] up|down\"}\n"
	    "{\"error\":\"link [N] up|down\"}\n"
	    "{\"error\":\"link [N] up|down\"}\n"
	    "{\"error\":\"link [N] up|down\"}\n");
	assert_true(cable_is_in(0) && cable_is_in(1));
	rig_free(rig);
	rig = rig_new(1);
	client_say(fd, "link down\n");
	client_answers(fd, "{\"nic\":0,\"link\":\"down\"}\n");
	assert_false(cable_is_in(0));
	close(fd);
	control_close(&control);
	rig_free(rig);
	rig = NULL;
}

static void
test_quit(void **state)
{
	static const char text[] = "wave\nquit\nwave\n";
	int fd;

	(void)state;
	listen_at(&source);
	fd = client_connect();
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_false(control_serve());
	client_answers(fd, "hello 7\n");
	close(fd);
	control_close(&control);
}

/* ---------------------------------------------------------------- clients */

/* The second client waits, and its command is not lost. */
static void
test_clients(void **state)
{
	int first, second;

	(void)state;
	listen_at(&source);
	first = client_connect();
	client_say(first, "wave\n");
	second = client_connect();
	client_say(second, "wave\n");
	client_answers(first, "hello 7\n");
	assert_null(client_answer(second));
	client_say(first, "wa");
	close(first);
	assert_true(control_serve());
	client_answers(second, "hello 7\n");
	close(second);
	assert_true(control_serve());
	control_close(&control);
}

/* A line that is too long ends the connection only. */
static void
test_long_line(void **state)
{
	char line[sizeof(control.line) + 1];
	int fd;

	(void)state;
	listen_at(&source);
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	fd = client_connect();
	client_say(fd, line);
	assert_non_null(client_answer(fd));
	assert_true(control_serve());
	close(fd);
	client_is_served();
	control_close(&control);
}

/* A client that reads nothing is dropped, and does not block us. */
static void
test_deaf(void **state)
{
	unsigned int i;
	int fd;

	(void)state;
	listen_at(&source);
	fd = client_connect();
	for (i = 0; i < 10000 && write(fd, "stats\n", 6) == 6; i++)
		assert_true(control_serve());
	assert_true(i < 10000);
	assert_int_equal(errno, EPIPE);
	close(fd);
	client_is_served();
	control_close(&control);
}

/* ------------------------------------------------------------------- open */

static void
test_descriptor(void **state)
{
	struct control_config config = { .stats = &source };
	char where[16];
	int fd[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
			     fd),
	    0);
	(void)snprintf(where, sizeof(where), "fd=%d", fd[0]);
	config.where = where;
	assert_int_equal(control_open(&control, &config, &err), 0);
	assert_int_equal(fcntl(fd[0], F_GETFD), FD_CLOEXEC);
	client_say(fd[1], "stats\n");
	assert_non_null(strstr(client_answer(fd[1]), "\"own\":7"));
	client_say(fd[1], "wave\n");
	assert_non_null(strstr(client_answer(fd[1]), "{\"error\":\""));
	close(fd[1]);
	assert_true(control_serve());
	assert_int_equal(control_fd(&control), -1);
	control_close(&control);
}

static void
open_refused(const char *where, const char *why)
{
	const struct control_config config = { .where = where,
		.stats = &source };

	assert_int_equal(control_open(&control, &config, &err), -1);
	says(&err, "--control");
	says(&err, why);
	control_close(&control);
}

static void
test_refused(void **state)
{
	char where[16];
	int fd;

	(void)state;
	open_refused("", "path");
	open_refused("fd=x", "number");
	open_refused("fd=-1", "number");
	open_refused("/nowhere/at/all", "No such file");
	open_refused(dir, "in use");
	fd = open("/dev/null", O_RDONLY);
	(void)snprintf(where, sizeof(where), "fd=%d", fd);
	open_refused(where, "stream socket");
	close(fd);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	(void)snprintf(where, sizeof(where), "fd=%d", fd);
	open_refused(where, "stream socket");
	close(fd);
}

/* control_close() removes the socket. */
static void
test_unlinked(void **state)
{
	struct stat st;

	(void)state;
	listen_at(&source);
	assert_int_equal(lstat(control_path(), &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	control_close(&control);
	assert_int_equal(lstat(control_path(), &st), -1);
}

/* Only its owner and root, whatever umask says, and whatever the mode is. */
static void
test_owner(void **state)
{
	mode_t mask = umask(0);
	const char *answer;
	struct stat st;
	int fd, status;
	pid_t pid;

	(void)state;
	listen_at(&source);
	(void)umask(mask);
	assert_int_equal(lstat(control_path(), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	client_is_served();
	if (geteuid() == 0) {
		assert_int_equal(chmod(control_path(), 0666), 0);
		assert_int_equal(chmod(dir, 0755), 0);
		pid = fork();
		if (pid == 0) {
			if (setresuid(65533, 65533, 65533) != 0)
				_exit(99);
			fd = client_connect();
			/* It may be closed already. */
			(void)!write(fd, "wave\n", 5);
			(void)poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 30000);
			answer = client_answer(fd);
			_exit(answer != NULL && *answer == '\0' ? 3 : 4);
		}
		while (waitpid(pid, &status, WNOHANG) == 0) {
			assert_true(control_serve());
			(void)usleep(1000);
		}
		assert_int_equal(WEXITSTATUS(status), 3);
		client_is_served();
	}
	control_close(&control);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_stats_bare),
		cmocka_unit_test(test_json_full),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_quit),
		cmocka_unit_test(test_clients),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_deaf),
		cmocka_unit_test(test_descriptor),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_unlinked),
		cmocka_unit_test(test_owner),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}
