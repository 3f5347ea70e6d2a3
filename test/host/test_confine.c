/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which system calls each kind of thread may make, and which end it.  Each call
 * is made in a process of its own.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/kvm.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "child.h"
#include "confine.h"
#include "sandbox.h"

#define MAIN	(1u << SANDBOX_MAIN)
#define CPU	(1u << SANDBOX_CPU | 1u << SANDBOX_CPU_RESTARTS)
#define NIC	(1u << SANDBOX_NIC)
#define ALL	(MAIN | CPU | NIC)

static const char *const kinds[] = { "main", "CPU", "CPU that restarts",
	"NIC" };

static int null_fd;		/* /dev/null, open before */
static void *page;

static void
sandbox_or_leave(enum sandbox what)
{
	static const struct confine_user stay = { .root = false };
	struct err err;

	if (confine_user_become(&stay, &err) != 0 ||
	    sandbox_enter(what, &err) != 0)
		child_leave(1);
}

/* ------------------------------------------------------------------- calls */

static long
i386_getpid(void)
{
	long value;

	__asm__ volatile("int $0x80"
			 : "=a"(value)
			 : "0"(20)
			 : "r8", "r9", "r10", "r11", "memory");
	return value;
}

enum what {
	PLAIN,
	I386,
	TO_OTHERS,
	TO_SELF,
};

#define CALL(name, who, ...) \
	{ \
#name, who, PLAIN, \
		{ \
			SYS_##name, __VA_ARGS__ \
		} \
	}
#define IOCTL(name, who) \
	{ \
#name, who, PLAIN, \
		{ \
			SYS_ioctl, -1, name \
		} \
	}

/* The calls need no effect: most get an invalid descriptor. */
static const struct {
	const char *name;
	unsigned int who;		/* may */
	enum what what;
	long call[6];
} calls[] = {
	CALL(getpid, ALL, 0),
	CALL(sched_yield, ALL, 0),
	CALL(read, ALL, -1),
	CALL(write, ALL, -1),
	CALL(poll, ALL, 0, 0, 0),
	CALL(munmap, ALL, 0, 0),
	CALL(sendto, ALL, -1),
	CALL(writev, CPU | NIC, -1),
	CALL(timerfd_settime, CPU | NIC, -1),
	CALL(recvfrom, MAIN | NIC, -1),
	CALL(accept4, MAIN | NIC, -1),
	CALL(close, MAIN | NIC, -1),
	CALL(recvmmsg, NIC, -1),
	CALL(unlink, MAIN, 0),
	CALL(fcntl, MAIN, -1, F_GETFL),
	CALL(getsockopt, MAIN, -1),
	IOCTL(TCGETS, MAIN),
	IOCTL(TCSETS, MAIN),
	IOCTL(KVM_RUN, CPU),
	IOCTL(KVM_IRQ_LINE, ALL),
	IOCTL(KVM_SET_USER_MEMORY_REGION, CPU | NIC),
	IOCTL(KVM_IOEVENTFD, 0),
	{ "tgkill to a thread of ours", ALL, TO_SELF, { 0 } },
	{ "mprotect", ALL, PLAIN,
	    { SYS_mprotect, 0, 4096, PROT_READ | PROT_WRITE } },
	{ "mmap", MAIN, PLAIN,
	    { SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1 } },

	CALL(fcntl, 0, -1, F_SETOWN),
	CALL(fcntl, 0, -1, F_SETSIG),
	CALL(fcntl, 0, -1, F_SETOWN_EX),
	CALL(fcntl, 0, -1, F_NOTIFY),
	IOCTL(FIOSETOWN, 0),
	IOCTL(SIOCSPGRP, 0),
	IOCTL(FIOASYNC, 0),
	CALL(sendmsg, 0, -1),
	CALL(sendmmsg, 0, -1),
	CALL(connect, 0, -1, 0),
	{ "sendto an address", 0, PLAIN, { SYS_sendto, -1, 0, 0, 0, 1 } },
	CALL(setrlimit, 0, 0, 0),
	CALL(recvmsg, 0, -1),
	CALL(open, 0, 0),
	CALL(epoll_wait, 0, -1),
	CALL(openat, 0, AT_FDCWD, 0),
	CALL(openat2, 0, AT_FDCWD, 0),
	CALL(creat, 0, 0),
	CALL(rename, 0, 0, 0),
	CALL(socket, 0, AF_INET, SOCK_STREAM, 0),
	CALL(bind, 0, -1),
	CALL(execve, 0, 0, 0, 0),
	CALL(execveat, 0, -1, 0, 0, 0, 0),
	CALL(fork, 0, 0),
	CALL(vfork, 0, 0),
	CALL(clone, 0, SIGCHLD, 0, 0, 0, 0),
	CALL(clone3, 0, 0, 0),
	CALL(ptrace, 0, PTRACE_TRACEME, 0, 0, 0),
	CALL(process_vm_writev, 0, 0),
	CALL(kill, 0, 0, 0),
	CALL(tkill, 0, 0, 0),
	CALL(setuid, 0, 0),
	CALL(setns, 0, -1, 0),
	CALL(unshare, 0, 0),
	CALL(mount, 0, 0, 0, 0, 0, 0),
	CALL(bpf, 0, 0, 0, 0),
	CALL(io_uring_setup, 0, 0, 0),
	CALL(pkey_mprotect, 0, 0, 0, PROT_EXEC, -1),
	CALL(mremap, 0, 0, 0, 0, 0),
	CALL(memfd_create, 0, 0, 0),
	CALL(seccomp, 0, 0, 0, 0),
	IOCTL(KVM_CREATE_VM, 0),
	IOCTL(TIOCSTI, 0),
	{ "tgkill to another process", 0, TO_OTHERS, { 0 } },
	{ "mprotect for code", 0, PLAIN,
	    { SYS_mprotect, 0, 4096, PROT_READ | PROT_EXEC } },
	{ "mmap for code", 0, PLAIN,
	    { SYS_mmap, 0, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1 } },
	{ "getpid of x32", 0, PLAIN, { 0x40000000 | SYS_getpid } },
	{ "getpid of i386", 0, I386, { 0 } },
};

static void
call_make(size_t i, pid_t parent)
{
	const long *c = calls[i].call;
	long to = calls[i].what == TO_SELF ? getpid() : parent;

	if (calls[i].what == I386)
		(void)i386_getpid();
	else if (calls[i].what == PLAIN)
		(void)syscall(c[0], c[1], c[2], c[3], c[4], c[5], 0);
	else
		(void)syscall(SYS_tgkill, to, to, 0);
}

static int
try_call(enum sandbox what, size_t i)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0) {
		child_begin();
		sandbox_or_leave(what);
		call_make(i, parent);
		child_leave(ENDED_WELL);
	}
	return child_wait(pid);
}

/* A kernel without i386 calls makes it a fault. */
static bool
call_refused(size_t i, int status)
{
	return was_killed(status) ||
	    (calls[i].what == I386 && WIFSIGNALED(status) &&
		WTERMSIG(status) == SIGSEGV);
}

static void
test_calls(void **state)
{
	unsigned int what;
	int status;
	size_t i;

	(void)state;
	for (what = 0; what < COUNT(kinds); what++)
		for (i = 0; i < COUNT(calls); i++) {
			status = try_call((enum sandbox)what, i);
			if (calls[i].who & 1u << what ?
				!ended_well(status) :
				!call_refused(i, status))
				fail_msg("%s: %s: status %#x", kinds[what],
				    calls[i].name, (unsigned int)status);
		}
}

/* What all threads do. */
static void
test_work(void **state)
{
	struct timespec t;
	unsigned int what;
	pid_t pid;

	(void)state;
	for (what = 0; what < COUNT(kinds); what++) {
		pid = fork();
		if (pid == 0) {
			child_begin();
			sandbox_or_leave((enum sandbox)what);
			if (write(null_fd, "x", 1) == 1 &&
			    mprotect(page, 4096, PROT_READ) == 0 &&
			    mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0 &&
			    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t) ==
				0)
				child_leave(ENDED_WELL);
			child_leave(2);
		}
		assert_true(ended_well(child_wait(pid)));
	}
}

/* -------------------------------------------------------- another program */

/*
 * One thread for the control socket and a guest's accesses, with own rules:
 * it maps memory whose descriptor a peer sends.
 */
static const struct confine_rule other_rules[] = {
	CONFINE_CALL(recvmsg), CONFINE_IOCTL(FIONREAD),
	{ SYS_mmap, CONFINE_NO_EXEC, 0 },	/* MAIN has it, too */
};

static const struct {
	const char *name;
	bool may;
	long call[6];
} other_calls[] = {
	{ "writev", true, { SYS_writev, -1 } },
	{ "accept4", true, { SYS_accept4, -1 } },
	{ "recvmsg", true, { SYS_recvmsg, -1 } },
	{ "FIONREAD", true, { SYS_ioctl, -1, FIONREAD } },
	{ "mmap", true,
	    { SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, -1 } },
	{ "mmap for code", false,
	    { SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, -1 } },
	{ "recvmmsg", false, { SYS_recvmmsg, -1 } },
	{ "TIOCSTI", false, { SYS_ioctl, -1, TIOCSTI } },
	{ "KVM_RUN", false, { SYS_ioctl, -1, KVM_RUN } },
	{ "openat", false, { SYS_openat, -1, 0 } },
};

static void
other_begin(void)
{
	static const struct confine_user stay = { .root = false };
	struct err err;

	child_begin();
	if (confine_user_become(&stay, &err) != 0 ||
	    confine_thread(CONFINE_MAIN | CONFINE_ACCESS, other_rules,
		COUNT(other_rules), &err) != 0)
		child_leave(1);
}

static void
other_call(const long *c)
{
	other_begin();
	(void)syscall(c[0], c[1], c[2], c[3], c[4], c[5], 0);
	child_leave(ENDED_WELL);
}

static void
test_own_rules(void **state)
{
	int status;
	pid_t pid;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(other_calls); i++) {
		pid = fork();
		if (pid == 0)
			other_call(other_calls[i].call);
		status = child_wait(pid);
		if (other_calls[i].may ? !ended_well(status) :
					 !was_killed(status))
			fail_msg("%s: status %#x", other_calls[i].name,
			    (unsigned int)status);
	}
}

/* A descriptor in a message.  fd -1: receive one.  Returns it, or -1. */
static int
descriptor_pass(int socket, int fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
			  .cmsg_level = SOL_SOCKET,
			  .cmsg_type = SCM_RIGHTS } };
	struct iovec iov = { &(char){ 'm' }, 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		return sendmsg(socket, &msg, 0) == 1 ? fd : -1;
	}
	if (recvmsg(socket, &msg, 0) != 1 || CMSG_FIRSTHDR(&msg) == NULL)
		return -1;
	memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
	return fd;
}

/* What the confined program does with the memory of its peer. */
static void
other_maps(int socket)
{
	volatile uint32_t *mem;

	other_begin();
	mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
	    descriptor_pass(socket, -1), 0);
	if (mem == MAP_FAILED || mem[7] != 0x1234)
		child_leave(1);
	mem[8] = 0x5678;
	child_leave(munmap((void *)(uintptr_t)mem, 4096) == 0 ? ENDED_WELL : 1);
}

/* Memory is mapped after confinement, when the peer sends its descriptor. */
static void
test_memory_later(void **state)
{
	volatile uint32_t *mem;
	int pair[2], fd = memfd_create("guest", MFD_CLOEXEC);
	pid_t pid;

	(void)state;
	assert_int_equal(ftruncate(fd, 4096), 0);
	mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(mem != MAP_FAILED);
	mem[7] = 0x1234;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pid = fork();
	if (pid == 0)
		other_maps(pair[1]);
	assert_int_equal(descriptor_pass(pair[0], fd), fd);
	assert_true(ended_well(child_wait(pid)));
	assert_int_equal(mem[8], 0x5678);
	(void)munmap((void *)(uintptr_t)mem, 4096);
	close(pair[0]);
	close(pair[1]);
	close(fd);
}

/* A thread with all sets, and one with none. */
static void
test_sets(void **state)
{
	static const unsigned int sets[] = { 0,
		CONFINE_ACCESS | CONFINE_NIC | CONFINE_MAIN };
	struct err err;
	pid_t pid;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(sets); i++) {
		pid = fork();
		if (pid == 0) {
			child_begin();
			if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
			    confine_thread(sets[i], NULL, 0, &err) == 0)
				child_leave(ENDED_WELL);
			child_leave(1);
		}
		assert_true(ended_well(child_wait(pid)));
	}
}

/* ------------------------------------------------------------------ peers */

static const struct sockaddr_un *to_peer;

#define PEER_BYTES	((long)sizeof(*to_peer))
#define BEGIN		((long)(uintptr_t)to_peer)
#define SENDERS		(CPU | NIC)

struct peer_call {
	const char *name;
	unsigned int who;		/* may */
	long call[7];
};

static int
peer_call_try(enum sandbox what, const long *c)
{
	pid_t pid = fork();

	if (pid == 0) {
		child_begin();
		sandbox_or_leave(what);
		(void)syscall(c[0], c[1], c[2], c[3], c[4], c[5], c[6]);
		child_leave(ENDED_WELL);
	}
	return child_wait(pid);
}

/* No thread sends elsewhere, or changes what the address is. */
static void
test_peers(void **state)
{
	static struct sockaddr_un at = { .sun_family = AF_UNIX,
		.sun_path = "/nowhere/peer" };
	struct err err;
	long copy = (long)(uintptr_t)&at;
	unsigned int what;
	int status;
	size_t i;

	(void)state;
	to_peer = confine_peer(&at, &err);
	assert_non_null(to_peer);
	assert_ptr_equal(confine_peer(&at, &err), to_peer);
	assert_memory_equal(to_peer, &at, sizeof(at));
	const struct peer_call list[] = {
		{ "connect", SENDERS, { SYS_connect, -1, BEGIN, PEER_BYTES } },
		{ "sendto", SENDERS,
		    { SYS_sendto, -1, 0, 0, 0, BEGIN, PEER_BYTES } },
		{ "munmap", ALL, { SYS_munmap, BEGIN + 4096, 4096 } },
		{ "connect elsewhere", 0,
		    { SYS_connect, -1, copy, PEER_BYTES } },
		{ "connect to a part", 0,
		    { SYS_connect, -1, BEGIN, PEER_BYTES - 1 } },
		{ "connect within", 0,
		    { SYS_connect, -1, BEGIN + 2, PEER_BYTES } },
		{ "sendto elsewhere", 0,
		    { SYS_sendto, -1, 0, 0, 0, copy, PEER_BYTES } },
		{ "sendto a part", 0,
		    { SYS_sendto, -1, 0, 0, 0, BEGIN, PEER_BYTES - 1 } },
		{ "munmap it", 0, { SYS_munmap, BEGIN, 4096 } },
		{ "munmap around it", 0, { SYS_munmap, 0, 0x100000 } },
		{ "madvise it", 0,
		    { SYS_madvise, BEGIN, 4096, MADV_DONTNEED } },
		{ "mprotect it", 0,
		    { SYS_mprotect, BEGIN, 4096, PROT_READ | PROT_WRITE } },
		{ "mprotect around it", 0,
		    { SYS_mprotect, BEGIN - 4096, 8192, PROT_READ } },
		{ "mmap over it", 0,
		    { SYS_mmap, BEGIN, 4096, PROT_READ,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1 } },
		{ "mmap from below", 0,
		    { SYS_mmap, BEGIN - 4096, 8192, PROT_READ,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1 } },
	};
	for (what = 0; what < COUNT(kinds); what++)
		for (i = 0; i < COUNT(list); i++) {
			status =
			    peer_call_try((enum sandbox)what, list[i].call);
			if (list[i].who & 1u << what ? !ended_well(status) :
						       !was_killed(status))
				fail_msg("%s: %s: status %#x", kinds[what],
				    list[i].name, (unsigned int)status);
		}
	assert_memory_equal(to_peer, &at, sizeof(at));
}

/* Nobody can write there, and there is an end. */
static void
test_peers_memory(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct err err;
	unsigned int i;
	int fd[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], "xx", 2), 2);
	assert_int_equal(read(fd[0], (void *)(uintptr_t)to_peer, 2), -1);
	close(fd[0]);
	close(fd[1]);
	pid = fork();
	if (pid == 0) {
		child_begin();
		for (i = 0; i < 2 * CONFINE_PEERS_MAX; i++) {
			(void)snprintf(at.sun_path, sizeof(at.sun_path), "%u",
			    i);
			if (confine_peer(&at, &err) == NULL)
				break;
		}
		child_leave(i == CONFINE_PEERS_MAX - 1 ? ENDED_WELL : 1);
	}
	status = child_wait(pid);
	assert_true(ended_well(status));
}

/* ---------------------------------------------------------------- threads */

struct thread {
	enum sandbox what;
	bool forbidden;
	pthread_barrier_t confined;
};

static void *
thread_main(void *arg)
{
	struct thread *t = arg;

	sandbox_or_leave(t->what);
	(void)pthread_barrier_wait(&t->confined);
	if (t->forbidden)
		(void)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY);
	(void)poll(NULL, 0, -1);
	return NULL;
}

/* Only one thread is confined, but a violation ends the process. */
static int
try_thread(enum sandbox what, bool forbidden)
{
	struct thread t = { .what = what, .forbidden = forbidden };
	pid_t pid = fork();
	pthread_t thread;

	if (pid == 0) {
		child_begin();
		(void)pthread_barrier_init(&t.confined, NULL, 2);
		if (pthread_create(&thread, NULL, thread_main, &t) != 0)
			child_leave(1);
		(void)pthread_barrier_wait(&t.confined);
		if (forbidden)
			(void)pthread_join(thread, NULL);
		child_leave(open("/dev/null", O_RDONLY) >= 0 ? ENDED_WELL : 2);
	}
	return child_wait(pid);
}

static void
test_threads(void **state)
{
	unsigned int what;

	(void)state;
	for (what = 0; what < COUNT(kinds); what++) {
		assert_true(ended_well(try_thread((enum sandbox)what, false)));
		assert_true(was_killed(try_thread((enum sandbox)what, true)));
	}
}

/* ------------------------------------------------------------------- user */

static void
test_user_find(void **state)
{
	struct confine_user who;
	struct err err;

	(void)state;
	assert_int_equal(confine_user_find("root", &who, &err), -1);
	assert_int_equal(confine_user_find("no-such-user-here", &who, &err),
	    -1);
	if (geteuid() != 0) {
		assert_int_equal(confine_user_find("nobody", &who, &err), -1);
		assert_int_equal(confine_user_find(NULL, &who, &err), 0);
		assert_false(who.root);
	} else {
		assert_int_equal(confine_user_find(NULL, &who, &err), 0);
		assert_true(who.root);
		assert_true(who.uid != 0 && who.gid != 0);
	}
}

/* Exits with the number of the line that fails. */
#define EXPECT(what) ((what) ? (void)0 : child_leave(__LINE__ % 250 + 4))

/* Are these sets of capabilities empty?  sets: letters of "IPEAB". */
static bool
capabilities_none(const char *sets)
{
	FILE *f = fopen("/proc/thread-self/status", "r");
	char line[200], letter;
	unsigned long long set;
	unsigned int n = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "Cap%c%*c%*c: %llx", &letter, &set) == 2 &&
		    strchr(sets, letter) != NULL)
			n += set == 0 ? 1 : 100;
	if (f != NULL)
		(void)fclose(f);
	return n == strlen(sets);
}

static void
user_become(void)
{
	struct confine_user who;
	gid_t groups[8], gid[3];
	uid_t uid[3];
	struct err err;
	bool bounded;

	bounded = prctl(PR_CAPBSET_READ, CAP_SETPCAP, 0, 0, 0) == 1;
	EXPECT(confine_user_find(NULL, &who, &err) == 0);
	EXPECT(confine_user_become(&who, &err) == 0);
	EXPECT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	EXPECT(getresuid(&uid[0], &uid[1], &uid[2]) == 0);
	EXPECT(getresgid(&gid[0], &gid[1], &gid[2]) == 0);
	EXPECT(uid[0] == uid[1] && uid[1] == uid[2] && uid[0] != 0);
	EXPECT(gid[0] == gid[1] && gid[1] == gid[2]);
	EXPECT(setuid(0) != 0 && setgid(0) != 0);
	EXPECT(capabilities_none("IPEA"));
	if (who.root) {
		EXPECT(!bounded || capabilities_none("B"));
		EXPECT(uid[0] == who.uid && gid[0] == who.gid);
		EXPECT(getgroups(8, groups) == 0);
	}
	child_leave(ENDED_WELL);
}

/* Not root, but with an ambient capability: systemd's, or setpriv's. */
static void
ambient_become(void)
{
	static const struct confine_user stay = { .root = false };
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3,
		0 };
	struct __user_cap_data_struct data[2] = { { 0 } };
	struct err err;

	EXPECT(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
	EXPECT(setresuid(65533, 65533, 65533) == 0);
	data[0].effective = 1u << CAP_NET_ADMIN;
	data[0].permitted = data[0].inheritable = data[0].effective;
	EXPECT(syscall(SYS_capset, &header, data) == 0);
	EXPECT(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0,
		   0) == 0);
	EXPECT(!capabilities_none("IPEA"));
	EXPECT(confine_user_become(&stay, &err) == 0);
	EXPECT(capabilities_none("IPEA"));
	child_leave(ENDED_WELL);
}

static void
test_ambient(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	if (geteuid() != 0)
		skip();
	pid = fork();
	if (pid == 0) {
		child_begin();
		ambient_become();
	}
	status = child_wait(pid);
	if (!ended_well(status))
		fail_msg("status %#x", (unsigned int)status);
}

/* What a parent left open goes; what has FD_CLOEXEC is ours. */
static void
test_descriptors(void **state)
{
	pid_t pid = fork();
	int left, own;

	(void)state;
	if (pid == 0) {
		child_begin();
		left = open("/dev/null", O_RDONLY);
		own = open("/dev/null", O_RDONLY | O_CLOEXEC);
		confine_descriptors();
		EXPECT(fcntl(left, F_GETFD) < 0);
		EXPECT(fcntl(own, F_GETFD) == FD_CLOEXEC);
		EXPECT(fcntl(STDERR_FILENO, F_GETFD) >= 0);
		child_leave(ENDED_WELL);
	}
	assert_true(ended_well(child_wait(pid)));
}

static void
test_limits(void **state)
{
	struct rlimit files, core;
	struct err err;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		child_begin();
		EXPECT(confine_limits(100, &err) == 0);
		EXPECT(getrlimit(RLIMIT_NOFILE, &files) == 0);
		EXPECT(getrlimit(RLIMIT_CORE, &core) == 0);
		EXPECT(files.rlim_max <= 100 && core.rlim_max == 0);
		EXPECT(fcntl(0, F_DUPFD, 100) < 0);
		child_leave(ENDED_WELL);
	}
	assert_true(ended_well(child_wait(pid)));
}

static void
test_user_become(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		child_begin();
		user_become();
	}
	status = child_wait(pid);
	if (!ended_well(status))
		fail_msg("status %#x", (unsigned int)status);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_work),
		cmocka_unit_test(test_own_rules),
		cmocka_unit_test(test_peers),
		cmocka_unit_test(test_peers_memory),
		cmocka_unit_test(test_memory_later),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_user_find),
		cmocka_unit_test(test_user_become),
		cmocka_unit_test(test_ambient),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_limits),
	};

	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0) {
		puts("this kernel has no seccomp");
		return 77;
	}
	null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (null_fd < 0 || page == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
