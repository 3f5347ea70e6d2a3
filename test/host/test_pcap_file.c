/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A capture file that takes no more: a limit, as a full disk, and a FIFO that
 * nobody reads.  Nothing waits, and what is there has whole records only, in
 * order.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"
#include "dir.h"
#include "pcap_file.h"

#define LEN		1000u
#define HEADER_BYTES	24u
#define RECORD_BYTES	(16u + LEN)

static struct pcap_file file;
static uint8_t data[8 << 20];
static size_t bytes;
static int said_fd;			/* what is standard error meanwhile */

/* A record that has its number in its bytes. */
static void
record_put(uint32_t number)
{
	uint8_t packet[LEN];

	memset(packet, (int)(number & 0xff), sizeof(packet));
	memcpy(packet, &number, sizeof(number));
	pcap_file_record(&file, LEN);
	pcap_file_put(&file, packet, 10);
	pcap_file_put(&file, packet + 10, LEN - 10);
	pcap_file_flush(&file);
}

/* Returns how many records `data` has, each later than the one before. */
static unsigned int
records_check(uint32_t *last)
{
	size_t at = HEADER_BYTES;
	unsigned int n = 0;
	uint32_t number, head[4];

	assert_true(bytes >= HEADER_BYTES);
	for (; at < bytes; at += RECORD_BYTES, n++) {
		assert_true(bytes - at >= RECORD_BYTES);
		memcpy(head, data + at, sizeof(head));
		assert_int_equal(head[2], LEN);
		assert_int_equal(head[3], LEN);
		memcpy(&number, data + at + 16, sizeof(number));
		assert_true(n == 0 ? number == 0 : number > *last);
		assert_int_equal(data[at + RECORD_BYTES - 1], number & 0xff);
		*last = number;
	}
	return n;
}

static void
file_read(const char *path)
{
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	bytes = fread(data, 1, sizeof(data), f);
	(void)fclose(f);
}

static void
open_it(const char *path)
{
	struct err err;

	if (pcap_file_open(&file, path, &err) != 0)
		fail_msg("%s", err.text);
}

static void
limit_set(rlim_t n)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = n;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Standard error goes to a pipe, until said() returns how many lines it has. */
static int stderr_was;

static void
said_begin(void)
{
	int out[2];

	assert_int_equal(pipe2(out, O_CLOEXEC | O_NONBLOCK), 0);
	stderr_was = dup(STDERR_FILENO);
	(void)dup2(out[1], STDERR_FILENO);
	(void)close(out[1]);
	said_fd = out[0];
}

static unsigned int
said(const char *text)
{
	char is[2000] = "";
	unsigned int lines = 0;
	const char *p;

	(void)dup2(stderr_was, STDERR_FILENO);
	(void)close(stderr_was);
	assert_true(read(said_fd, is, sizeof(is) - 1) > 0);
	(void)close(said_fd);
	assert_non_null(strstr(is, text));
	for (p = is; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	return lines;
}

/* A limit in the middle of a record; then there is room again. */
static void
test_full(void **state)
{
	const char *path = dir_path("full");
	uint32_t i, last = 0;
	unsigned int n;

	(void)state;
	open_it(path);
	said_begin();
	limit_set(HEADER_BYTES + 5 * RECORD_BYTES + 700);
	for (i = 0; i < 2000; i++)
		record_put(i);
	limit_set(RLIM_INFINITY);
	assert_int_equal(said("stops until there is room"), 1);
	for (; i < 2010; i++)
		record_put(i);
	pcap_file_close(&file);
	file_read(path);
	n = records_check(&last);
	assert_int_equal(last, 2009);
	/* Those in the file, those in the buffer, and those after it. */
	assert_true(n > 200 && n < 1000);
	(void)unlink(path);
}

/* It ends while the disk is full: the last record is whole. */
static void
test_full_at_the_end(void **state)
{
	const char *path = dir_path("full");
	uint32_t i, last = 0;

	(void)state;
	open_it(path);
	said_begin();
	limit_set(HEADER_BYTES + 5 * RECORD_BYTES + 700);
	for (i = 0; i < 10; i++)
		record_put(i);
	pcap_file_close(&file);
	limit_set(RLIM_INFINITY);
	assert_int_equal(said("File too large"), 1);
	file_read(path);
	assert_int_equal(records_check(&last), 5);
	(void)unlink(path);
}

/* A FIFO whose reader comes late, and reads on after it was full. */
static void
test_fifo(void **state)
{
	const char *path = dir_path("fifo");
	uint32_t i, last = 0;
	unsigned int n, more;
	ssize_t got;
	int fd;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	(void)alarm(20);		/* nothing waits */
	open_it(path);
	said_begin();
	for (i = 0; i < 2000; i++)
		record_put(i);
	assert_int_equal(said("its reader is too slow"), 1);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	bytes = 0;
	for (more = 0; more < 100; more++) {
		while ((got = read(fd, data + bytes, 3000)) > 0)
			bytes += (size_t)got;
		record_put(i++);
	}
	while ((got = read(fd, data + bytes, 3000)) > 0)
		bytes += (size_t)got;
	(void)alarm(0);
	n = records_check(&last);
	assert_int_equal(last, 2099);
	assert_true(n > 200 && n < 1000);
	pcap_file_close(&file);
	(void)close(fd);
	(void)unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_full_at_the_end),
		cmocka_unit_test(test_fifo),
	};

	(void)signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}
