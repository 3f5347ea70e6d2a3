/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole user space of a FreeBSD guest: init, which reads /script and runs
 * it, a line at a time:
 *
 *	COMMAND WORD...		see commands[] below
 *	fails COMMAND ...	that must fail
 *	bg COMMAND ...		in the background
 *	wait			until all of bg have ended; fails if one did
 *	repeat N, end		the lines between, not nested
 *	sleep MS
 *	# comment
 *
 * A word $NAME is the value of that name in the kernel environment.
 *
 * It prints on the console
 *
 *	@ MS LINE		before each line; uptime
 *	FAIL LINE: why		of each that failed
 *	END n failed
 *
 * and powers off.
 */
#include "guest.h"

#include <sys/param.h>
#include <sys/fcntl.h>
#include <sys/kenv.h>
#include <sys/reboot.h>
#include <sys/wait.h>

#define SCRIPT_BYTES	65536
#define WORDS_MAX	24
#define VALUE_BYTES	32

static char script[SCRIPT_BYTES];
static long failed;

static int
do_sleep(int n, char **w)
{
	if (n != 2)
		return -EINVAL;
	sleep_us(number(w[1]) * 1000);
	return 0;
}

static int
do_wait(int n, char **w)
{
	int status, bad = 0;

	(void)n;
	(void)w;
	while (SYS6(wait4, -1, &status, 0, 0, 0, 0) > 0)
		bad |= status != 0;
	return bad;
}

static const struct {
	const char *name;
	int (*run)(int n, char **w);
} commands[] = {
	{ "addr", do_addr },
	{ "arp", do_arp },
	{ "caps", do_caps },
	{ "dev", do_dev },
	{ "ether", do_ether },
	{ "flood", do_flood },
	{ "get", do_get },
	{ "host", do_host },
	{ "if", do_if },
	{ "kenv", do_kenv },
	{ "kldload", do_kldload },
	{ "kldunload", do_kldunload },
	{ "link", do_link },
	{ "media", do_media },
	{ "mtu", do_mtu },
	{ "netmap", do_netmap },
	{ "ping", do_ping },
	{ "set", do_set },
	{ "sleep", do_sleep },
	{ "tcp", do_tcp },
	{ "udp-in", do_udp_in },
	{ "udp-out", do_udp_out },
	{ "until", do_until },
	{ "vlan", do_vlan },
	{ "wait", do_wait },
	{ "want", do_want },
};

static int
run_command(int n, char **w)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (same(w[0], commands[i].name))
			return commands[i].run(n, w);
	return -ENOENT;
}

static int
run_words(int n, char **w)
{
	long child;
	int result;

	if (n > 1 && same(w[0], "fails"))
		return run_words(n - 1, w + 1) == 0 ? 1 : 0;
	if (n > 1 && same(w[0], "bg")) {
		child = SYS0(fork);
		if (child == 0) {
			result = run_command(n - 1, w + 1);
			if (result != 0)
				say("bg %s: %d\n", w[1], (long)result);
			(void)SYS1(exit, result != 0);
		}
		return child < 0 ? (int)child : 0;
	}
	return run_command(n, w);
}

static void
run_line(const char *line)
{
	char copy_of[512], values[WORDS_MAX][VALUE_BYTES];
	char *w[WORDS_MAX], *s = copy_of;
	int n = 0, i, result;

	copy(copy_of, line, sizeof(copy_of));
	while (n < WORDS_MAX) {
		while (*s == ' ' || *s == '\t')
			*s++ = '\0';
		if (*s == '\0')
			break;
		w[n++] = s;
		while (*s != ' ' && *s != '\t' && *s != '\0')
			s++;
	}
	if (n == 0 || w[0][0] == '#')
		return;
	for (i = 0; i < n; i++)
		if (w[i][0] == '$' &&
		    SYS6(kenv, KENV_GET, w[i] + 1, values[i], VALUE_BYTES, 0,
			0) > 0)
			w[i] = values[i];
	say("@ %d %s\n", (long)(now_us() / 1000), line);
	result = run_words(n, w);
	if (result == 0)
		return;
	failed++;
	if (result < 0)
		say("FAIL %s: error %d\n", line, (long)-result);
	else
		say("FAIL %s\n", line);
}

/* The line at *at, ended in place; *at is at the next, NULL after the last. */
static char *
next_line(char **at)
{
	char *line = *at, *s = line;

	while (*s != '\n' && *s != '\0')
		s++;
	*at = *s == '\0' ? NULL : s + 1;
	*s = '\0';
	return line;
}

static void
run_script(char *at)
{
	char *line, *block = NULL;
	unsigned long times = 0;
	char *lines[2048];
	int n = 0, i;

	while (at != NULL && n < 2048)
		lines[n++] = next_line(&at);
	for (i = 0; i < n; i++) {
		line = lines[i];
		if (begins(line, "repeat ")) {
			times = number(line + 7);
			block = line;
		} else if (same(line, "end") && block != NULL) {
			if (--times > 0)
				while (lines[i] != block)
					i--;
		} else {
			run_line(line);
		}
	}
}

void start(void);

void
start(void)
{
	long fd, n, bytes = 0;

	(void)SYS0(setsid);
	fd = SYS3(open, "/dev/console", O_RDWR, 0);
	if (fd == 0)
		(void)SYS1(dup, fd);
	(void)SYS2(dup2, fd, 1);
	fd = SYS3(open, "/script", O_RDONLY, 0);
	while (
	    (n = SYS3(read, fd, script + bytes, SCRIPT_BYTES - 1 - bytes)) > 0)
		bytes += n;
	if (fd < 0 || bytes == 0)
		say("FAIL no /script: %d\n", fd);
	else
		run_script(script);
	say("END %d failed\n", failed);
	sleep_us(200000);
	(void)SYS1(reboot, RB_POWEROFF | RB_NOSYNC);
	for (;;)
		sleep_us(1000000);
}
