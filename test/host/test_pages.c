/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doorbell pages, by a real FUSE mount and real processes: a VMM maps the file
 * (fork() stands in for it), we take pages back, each of the three is killed.
 * If root runs the test, it runs as an ordinary user, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"
#include "dir.h"
#include "pages.h"

#define MS		1000000ull
#define END_NS		(60000 * MS)	/* it does not end at all */
#define FILE_BYTES	0x4000u
#define TDT		(0x1818u / 4)	/* in doorbell memory */
#define WORDS		(E82540_DOORBELL_BYTES / 4)

/* What processes of a test share. */
struct shared {
	_Atomic(pid_t) vmm, child;
	atomic_uint stores;		/* of the VMM: its last value */
	atomic_uint parks, turns;
	atomic_bool stop;
};

static struct shared *shared;

/* ------------------------------------------------------------ small things */

static struct pages *
fuse_pages(void)
{
	struct err err;
	struct pages *p = pages_open(PAGES_FUSE, NULL, &err);

	if (p == NULL)
		fail_msg("%s", err.text);
	return p;
}

static volatile uint32_t *
vmm_map(const struct pages *p)
{
	void *mem = mmap(NULL, E82540_DOORBELL_BYTES, PROT_READ | PROT_WRITE,
	    MAP_SHARED, pages_file(p), E82540_DOORBELL_OFFSET);

	assert_true(mem != MAP_FAILED);
	return mem;
}

static bool
woken(const struct pages *p, int ms)
{
	struct pollfd fd = { .fd = pages_fd(p), .events = POLLIN };

	return poll(&fd, 1, ms) == 1;
}

/* This process has ended, soon; it is our child, or came to us as an orphan. */
static int
end_wait(pid_t pid)
{
	uint64_t end = wall_ns() + END_NS;
	int status;
	pid_t got;

	while ((got = waitpid(pid, &status, WNOHANG)) == 0 && wall_ns() < end)
		usleep(1000);
	if (got != pid)
		fail_msg("process %d does not end (%d)", (int)pid, (int)got);
	return status;
}

static void
file_contains(const char *path, const char *text, bool yes)
{
	static char all[65536];
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(all, 1, sizeof(all) - 1, f);
	(void)fclose(f);
	all[n] = '\0';
	if ((strstr(all, text) != NULL) != yes)
		fail_msg("%s: '%s' %s", path, text, yes ? "lacks" : "is there");
}

/* No mount is left, and no folder. */
static void
nothing_left(void)
{
	file_contains("/proc/self/mounts", dir, false);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(mkdir(dir, 0700), 0);
}

/* Close it; then the child ends. */
static void
pages_end(struct pages *p)
{
	pid_t child = pages_child(p);

	pages_close(p);
	assert_int_equal(end_wait(child), 0);
	nothing_left();
}

/* -------------------------------------------------------------- taken back */

/* What is stored is there after the pages were taken back, at each place. */
static void
test_stores(void **state)
{
	struct pages *p = fuse_pages();
	volatile uint32_t *vmm = vmm_map(p), *ours = pages_memory(p);
	uint32_t seen[WORDS] = { 0 };
	unsigned int i, at;

	(void)state;
	for (i = 1; i < 300; i++) {
		at = i * 37 % WORDS;
		assert_int_equal(pages_ready(p), 0);
		vmm[at] = i;
		assert_int_equal(ours[at], i);
		/* Its last store is not among what was seen. */
		assert_int_equal(pages_park(p, seen), -EAGAIN);
		seen[at] = i;
		assert_int_equal(pages_park(p, seen), 0);
		assert_false(woken(p, 0));
		/* Any access is heard, a load as well. */
		if (i % 2 == 0)
			vmm[at + 1 < WORDS ? at + 1 : 0] = seen[0] = 0;
		else
			assert_int_equal(vmm[at], i);
		assert_true(woken(p, 30000));
		pages_unpark(p);
		memcpy(seen, (const void *)ours, sizeof(seen));
		assert_int_equal(ours[at], at == 0 && i % 2 == 0 ? 0 : i);
	}
	munmap((void *)vmm, E82540_DOORBELL_BYTES);
	pages_end(p);
}

/* A VMM that stores 1, 2, 3, ... until it is told to stop. */
static pid_t
vmm_fork(struct pages *p, unsigned int pause_ns)
{
	uint64_t end = wall_ns() + 10 * END_NS, next;
	volatile uint32_t *mem;
	unsigned int n;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid != 0) {
		shared->vmm = pid;
		return pid;
	}
	mem = vmm_map(p);
	/* As in a VMM: its file is the one that came by a socket. */
	for (n = 1; !shared->stop && wall_ns() < end; n++) {
		mem[TDT] = n;
		shared->stores = n;
		for (next = wall_ns() + pause_ns * (n % 8); wall_ns() < next;)
			;
	}
	_exit(0);
}

/*
 * Under a VMM that stores without pause, or with some: what was parked stays as
 * it was until we are woken, and each store is seen.
 */
static void
take_back(unsigned int pause_ns, unsigned int rounds)
{
	struct pages *p = fuse_pages();
	volatile uint32_t *ours = pages_memory(p);
	uint32_t seen[WORDS] = { 0 }, was = 0;
	uint64_t end = wall_ns() + 30000 * MS;
	unsigned int i, parked = 0, again = 0, late = 0;
	pid_t vmm;

	shared->stop = false;
	vmm = vmm_fork(p, pause_ns);
	/* A VMM that never pauses may store each time. */
	for (i = 0;
	     i < rounds || (parked == 0 && pause_ns != 0 && wall_ns() < end);
	     i++) {
		assert_int_equal(pages_ready(p), 0);
		seen[TDT] = ours[TDT];
		assert_true(seen[TDT] >= was);
		was = seen[TDT];
		switch (pages_park(p, seen)) {
		case 0:
			parked++;
			assert_true(woken(p, 30000));
			pages_unpark(p);
			break;
		case -EAGAIN:
			again++;
			break;
		case -EIO:
			/* The child has had no processor for so long. */
			assert_true(++late < 10);
			break;
		default:
			fail_msg("park fails");
		}
	}
	shared->stop = true;
	assert_int_equal(end_wait(vmm), 0);
	assert_int_equal(ours[TDT], shared->stores);
	print_message("  %u parked, %u stores meanwhile, of %u\n", parked,
	    again, shared->stores);
	assert_true(parked > 0 || pause_ns == 0);
	pages_end(p);
}

static void
test_take_back(void **state)
{
	(void)state;
	take_back(0, 2000);
	take_back(10000, 1000);
	take_back(100000, 500);
}

/* ------------------------------------------------ what a client does to it */

static void
test_client(void **state)
{
	struct pages *p = fuse_pages();
	volatile uint32_t *ours = pages_memory(p);
	uint32_t value = 7, seen[WORDS] = { 0 };
	int fd = pages_file(p), again;
	char path[64];
	struct stat st;

	(void)state;
	ours[TDT] = 1;
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, FILE_BYTES);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 1 << 20), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(fchmod(fd, 0777), -1);
	assert_int_equal(fallocate(fd, 0, 0, 1 << 20), -1);
	assert_int_equal(fallocate(fd,
			     FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			     E82540_DOORBELL_OFFSET, 4096),
	    -1);
	assert_int_equal(pread(fd, &value, 4, FILE_BYTES), 0);
	assert_int_equal(pread(fd, &value, 4, FILE_BYTES - 2), 2);
	assert_int_equal(pwrite(fd, &value, 4, FILE_BYTES), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(pwrite(fd, &value, 4, FILE_BYTES - 2), 2);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, FILE_BYTES);
	assert_int_equal(ours[TDT], 1);

	/* write(2) is a store, and heard. */
	seen[TDT] = 1;
	assert_int_equal(pages_park(p, seen), 0);
	value = 2;
	assert_int_equal(pwrite(fd, &value, 4,
			     E82540_DOORBELL_OFFSET + TDT * 4),
	    4);
	assert_true(woken(p, 30000));
	assert_int_equal(ours[TDT], 2);
	seen[TDT] = 2;
	assert_int_equal(pages_ready(p), 0);
	assert_int_equal(pages_park(p, seen), 0);

	/* Opened again: it comes back, with what was stored. */
	ours[TDT] = 3;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY);
	assert_true(again >= 0);
	assert_int_equal(ours[TDT], 3);
	close(again);
	again = open(path, O_RDWR);
	assert_true(again >= 0);
	assert_int_equal(ours[TDT], 3);
	close(again);
	assert_int_equal(open(path, O_RDWR | O_TRUNC), -1);
	assert_int_equal(ours[TDT], 3);
	assert_int_equal(msync((void *)ours, 4096, MS_SYNC), 0);
	assert_int_equal(fsync(fd), 0);
	assert_int_equal(ours[TDT], 3);
	pages_end(p);
}

/* An access beyond the end is the client's SIGBUS. */
static void
test_beyond(void **state)
{
	struct pages *p = fuse_pages();
	volatile uint32_t *mem;
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		(void)signal(SIGBUS, SIG_DFL);
		mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
		    pages_file(p), FILE_BYTES);
		mem[0] = 1;
		_exit(0);
	}
	status = end_wait(pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	assert_int_equal(pages_ready(p), 0);
	pages_end(p);
}

/* ------------------------------------------------------------- confinement */

static void
links_of(pid_t pid, const char *const *allowed, unsigned int n)
{
	char path[64], link[256];
	unsigned int i, fd;
	ssize_t len;

	for (fd = 0; fd < 1000; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%u", (int)pid, fd);
		len = readlink(path, link, sizeof(link) - 1);
		if (len < 0)
			continue;
		link[len] = '\0';
		for (i = 0; i < n; i++)
			if (strncmp(link, allowed[i], strlen(allowed[i])) == 0)
				break;
		if (i == n)
			fail_msg("process %d has %s", (int)pid, link);
	}
}

static void
test_confined(void **state)
{
	static const char *const childs[] = { "/dev/null", "/dev/fuse",
		"socket:" };
	struct pages *p = fuse_pages();
	pid_t child = pages_child(p);
	char path[64], link[256];
	unsigned int fd;
	ssize_t len;

	(void)state;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)child);
	file_contains(path, "Name:\tlem-nic-pages\n", true);
	file_contains(path, "Seccomp:\t2\n", true);
	file_contains(path, "NoNewPrivs:\t1\n", true);
	file_contains(path, "CapEff:\t0000000000000000\n", true);
	file_contains(path, "Uid:\t0\t", false);
	assert_int_not_equal(getsid(child), getsid(0));
	if (geteuid() == 0)
		links_of(child, childs, COUNT(childs));
	for (fd = 0; fd < 1000; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%u", fd);
		len = readlink(path, link, sizeof(link) - 1);
		link[len > 0 ? len : 0] = '\0';
		assert_string_not_equal(link, "/dev/fuse");
	}
	pages_end(p);
}

/* ------------------------------------------------------------------ memfd */

static void
test_memfd(void **state)
{
	struct err err;
	struct pages *p = pages_open(PAGES_MEMFD, NULL, &err);
	volatile uint32_t *vmm, *ours;

	(void)state;
	assert_non_null(p);
	assert_int_equal(pages_kind(p), PAGES_MEMFD);
	assert_int_equal(pages_fd(p), -1);
	assert_int_equal(pages_child(p), 0);
	vmm = vmm_map(p);
	ours = pages_memory(p);
	vmm[TDT] = 5;
	assert_int_equal(ours[TDT], 5);
	assert_int_equal(ftruncate(pages_file(p), 0), -1);
	assert_int_equal(ftruncate(pages_file(p), 1 << 20), -1);
	munmap((void *)vmm, E82540_DOORBELL_BYTES);
	pages_close(p);
}

/* Neither fsmount() nor fusermount3: memory that stays, and the reason. */
static void
test_no_fuse(void **state)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3,
		0 };
	struct __user_cap_data_struct none[2] = { { 0 } };
	struct err why = { 0 }, err = { 0 };
	struct pages *p;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		(void)syscall(SYS_capset, &head, none);
		(void)setenv("PATH", "/nonexistent", 1);
		if (pages_open(PAGES_FUSE, NULL, &err) != NULL ||
		    strstr(err.text, "FUSE: ") == NULL)
			_exit(1);
		p = pages_open(PAGES_AUTO, &why, &err);
		if (p == NULL || pages_kind(p) != PAGES_MEMFD ||
		    strcmp(why.text, err.text) != 0 ||
		    strstr(why.text, "FUSE: ") == NULL)
			_exit(2);
		_exit(0);
	}
	assert_int_equal(end_wait(pid), 0);
	nothing_left();
}

/* -------------------------------------------------------- stopped, killed */

static void
test_stopped(void **state)
{
	struct pages *p = fuse_pages();
	uint32_t seen[WORDS] = { 0 };
	uint64_t begin;
	unsigned int i;

	(void)state;
	assert_int_equal(pages_park(p, seen), 0);
	if (kill(pages_child(p), SIGSTOP) != 0) {
		/* It was root's and is another user's. */
		pages_end(p);
		skip();
	}
	begin = wall_ns();
	assert_int_equal(pages_park(p, seen), -EIO);
	assert_true(wall_ns() - begin >= (PAGES_ANSWER_MS - 100) * MS);
	assert_true(wall_ns() - begin < END_NS);
	/* It is not waited for again; a busy machine is late now and then. */
	i = 0;
	do {
		assert_true(i++ < 20);
		begin = wall_ns();
		assert_int_equal(pages_park(p, seen), -EIO);
	} while (wall_ns() - begin >= PAGES_ANSWER_MS / 2 * MS);
	assert_int_equal(kill(pages_child(p), SIGCONT), 0);
	while (pages_park(p, seen) != 0)
		assert_true(wall_ns() - begin < END_NS);
	pages_end(p);
}

/* As lem-nic does, without a pause, until the child has ended. */
static void
nic_fork_main(void)
{
	struct err err;
	struct pages *p = pages_open(PAGES_FUSE, NULL, &err);
	uint64_t end = wall_ns() + 60000 * MS;
	uint32_t seen[WORDS] = { 0 };
	volatile uint32_t *ours;

	if (p == NULL)
		_exit(9);
	shared->child = pages_child(p);
	(void)vmm_fork(p, 1000);
	/* The VMM has the only other one. */
	ours = pages_memory(p);
	while (!shared->stop && wall_ns() < end) {
		if (pages_ready(p) != 0) {
			/* Our view is still there. */
			shared->turns += ours[TDT] + ours[0] == UINT32_MAX;
			_exit(pages_park(p, seen) == 0 ? 8 : 7);
		}
		seen[TDT] = ours[TDT];
		if (pages_park(p, seen) == 0) {
			shared->parks++;
			(void)woken(p, 20);
			pages_unpark(p);
		}
		shared->turns++;
	}
	_exit(0);
}

static pid_t
nic_fork(void)
{
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)signal(SIGBUS, SIG_DFL);
		nic_fork_main();
	}
	return pid;
}

static void
parks_wait(unsigned int n)
{
	uint64_t end = wall_ns() + END_NS;

	while (shared->parks < n && wall_ns() < end)
		usleep(100);
	assert_true(shared->parks >= n);
}

static void
stores_go_on(void)
{
	unsigned int was = shared->stores;
	uint64_t end = wall_ns() + END_NS;

	while (shared->stores < was + 100 && wall_ns() < end)
		usleep(100);
	assert_true(shared->stores >= was + 100);
}

static unsigned int kills = 6;		/* LEM_LONG=1: more */

#define KILL_NIC	1u
#define KILL_CHILD	2u
#define KILL_VMM	4u

static void
kill_some(unsigned int who, unsigned int delay_us)
{
	pid_t nic = nic_fork();
	int status;

	parks_wait(2);
	usleep(delay_us);
	if (who & KILL_CHILD)
		assert_int_equal(kill(shared->child, SIGKILL), 0);
	if (who & KILL_NIC)
		assert_int_equal(kill(nic, SIGKILL), 0);
	if (who & KILL_VMM)
		assert_int_equal(kill(shared->vmm, SIGKILL), 0);
	if (who == KILL_NIC) {
		/* The guest goes on. */
		(void)end_wait(nic);
		stores_go_on();
		assert_int_equal(kill(shared->child, 0), 0);
		shared->stop = true;
		assert_int_equal(end_wait(shared->vmm), 0);
		assert_int_equal(end_wait(shared->child), 0);
	} else if (who == KILL_CHILD) {
		/* We are told; no access waits for ever. */
		status = end_wait(nic);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
		shared->stop = true;
		status = end_wait(shared->vmm);
		assert_true(WIFEXITED(status) || WTERMSIG(status) == SIGBUS);
		(void)end_wait(shared->child);
	} else if (who == KILL_VMM) {
		(void)shared->turns;
		parks_wait(shared->parks + 2);
		shared->stop = true;
		assert_int_equal(end_wait(nic), 0);
		(void)end_wait(shared->vmm);
		assert_int_equal(end_wait(shared->child), 0);
	} else {
		shared->stop = true;
		(void)end_wait(nic);
		(void)end_wait(shared->vmm);
		(void)end_wait(shared->child);
	}
	nothing_left();
}

/* Those who are killed, at any moment of taking back; who can be killed. */
static void
test_kill(void **state)
{
	unsigned int who, i;

	(void)state;
	for (who = 1; who < 8; who++)
		for (i = 0; i < kills; i++)
			kill_some(who, i * 97 % 500);
}

/* lem-nic is killed while it opens the pages. */
static void
test_kill_early(void **state)
{
	uint64_t end;
	unsigned int i;
	pid_t nic;

	(void)state;
	for (i = 0; i < kills * 4; i++) {
		nic = nic_fork();
		usleep(i * 1000);
		(void)kill(nic, SIGKILL);
		(void)end_wait(nic);
		shared->stop = true;
		/* Whoever is left comes to us, and ends. */
		end = wall_ns() + END_NS;
		while (waitpid(-1, NULL, WNOHANG) >= 0 && wall_ns() < end)
			usleep(1000);
		assert_true(wall_ns() < end);
		nothing_left();
	}
}

/* -------------------------------------------------------------------- main */

static int
tests_run(const char *who)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stores),
		cmocka_unit_test(test_take_back),
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_beyond),
		cmocka_unit_test(test_confined),
		cmocka_unit_test(test_memfd),
		cmocka_unit_test(test_no_fuse),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_kill),
		cmocka_unit_test(test_kill_early),
	};
	struct err err;
	struct pages *p;
	int failed;

	if (dir_make(NULL) != 0)
		return 1;
	(void)setenv("RUNTIME_DIRECTORY", dir, 1);
	p = pages_open(PAGES_FUSE, NULL, &err);
	if (p == NULL) {
		(void)dir_remove(NULL);
		printf("as %s: %s\n", who, err.text);
		return 77;
	}
	pages_end(p);
	failed = cmocka_run_group_tests_name(who, tests, NULL, NULL);
	failed |= dir_remove(NULL);
	return failed != 0;
}

/* As nobody, in a process of its own. */
static int
tests_run_as_nobody(void)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		if (setgroups(0, NULL) != 0 ||
		    setresgid(65534, 65534, 65534) != 0 ||
		    setresuid(65534, 65534, 65534) != 0)
			_exit(1);
		(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
		exit(tests_run("nobody"));
	}
	(void)waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int
main(int argc, char **argv)
{
	int status;

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	if (getenv("LEM_LONG") != NULL)
		kills = 24;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	status = tests_run(geteuid() == 0 ? "root" : "user");
	if (geteuid() != 0 || status == 1)
		return status;
	return tests_run_as_nobody();
}
