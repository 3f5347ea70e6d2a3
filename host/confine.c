/* SPDX-License-Identifier: BSD-2-Clause */
#include "confine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ------------------------------------------------------------------- user */

int
confine_user_find(const char *user, struct confine_user *who, struct err *err)
{
	const char *name = user != NULL ? user : "nobody";
	struct passwd *pw;

	*who = (struct confine_user){ .root = geteuid() == 0 };
	if (!who->root)
		return user == NULL ?
		    0 :
		    err_set(err, "--user %s: only root can become another user",
			user);
	errno = 0;
	pw = getpwnam(name);
	if (pw == NULL)
		return err_set(err, "--user %s: no such user", name);
	if (pw->pw_uid == 0)
		return err_usage(err,
		    "--user %s: this is root; name an ordinary user", name);
	who->uid = pw->pw_uid;
	who->gid = pw->pw_gid;
	return 0;
}

int
confine_no_new_privs(struct err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_set(err, "no_new_privs: %s", strerror(errno));
	return 0;
}

/*
 * Only with CAP_SETPCAP, which root has.  Without it the bounding set stays; it
 * bounds what execve() gives, and no_new_privs lets execve() give nothing.
 */
static void
capabilities_bound(void)
{
	int i;

	for (i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
}

/* Also of a program that is not root: from its file, or ambient. */
static int
capabilities_drop(struct err *err)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct none[2] = { { 0 } };

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &header, none) != 0)
		return err_set(err, "cannot drop capabilities: %s",
		    strerror(errno));
	return 0;
}

int
confine_user_become(const struct confine_user *who, struct err *err)
{
	if (confine_no_new_privs(err) != 0)
		return -1;
	capabilities_bound();
	if (who->root &&
	    (setgroups(0, NULL) != 0 ||
		setresgid(who->gid, who->gid, who->gid) != 0 ||
		setresuid(who->uid, who->uid, who->uid) != 0))
		return err_set(err, "cannot become user %d: %s", (int)who->uid,
		    strerror(errno));
	return capabilities_drop(err);
}

/*
 * A parent opens files for its own purposes; the kernel has no list of those
 * that are not meant for us.
 */
void
confine_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *entry;
	int fd, flags;

	if (d == NULL)
		return;
	while ((entry = readdir(d)) != NULL) {
		fd = atoi(entry->d_name);
		flags = fd > STDERR_FILENO ? fcntl(fd, F_GETFD) : -1;
		if (flags >= 0 && !(flags & FD_CLOEXEC))
			(void)close(fd);
	}
	(void)closedir(d);
}

int
confine_limits(unsigned int files, struct err *err)
{
	const struct rlimit none = { 0, 0 };
	struct rlimit some = { 0, 0 };

	(void)getrlimit(RLIMIT_NOFILE, &some);
	if (some.rlim_cur > files)
		some.rlim_cur = files;
	some.rlim_max = some.rlim_cur;
	if (setrlimit(RLIMIT_CORE, &none) != 0 ||
	    setrlimit(RLIMIT_NOFILE, &some) != 0)
		return err_set(err, "setrlimit: %s", strerror(errno));
	return 0;
}

/* ------------------------------------------------------------ system calls */

/* What threads, locks, signals and malloc() need; read(), write(), poll(). */
static const struct confine_rule everyone[] = {
	CONFINE_CALL(futex),
	CONFINE_CALL(exit),
	CONFINE_CALL(exit_group),
	CONFINE_CALL(rt_sigreturn),
	CONFINE_CALL(rt_sigprocmask),
	CONFINE_CALL(restart_syscall),
	CONFINE_CALL(sched_yield),
	{ SYS_madvise, CONFINE_NO_PEERS, 0 },
	{ SYS_munmap, CONFINE_NO_PEERS, 0 },
	{ SYS_mprotect, CONFINE_NO_EXEC, 0 },	/* and to park doorbells */
	CONFINE_CALL(clock_gettime),	/* where there is no vDSO */
	CONFINE_CALL(getpid),
	CONFINE_CALL(gettid),
	CONFINE_CALL(read),
	CONFINE_CALL(write),
	CONFINE_CALL(poll),
	CONFINE_CALL(ppoll),
};

/*
 * Backends' send(), and the NIC's timer.  Not sendmsg(), sendmmsg(): a message
 * may carry descriptors, and an address that a filter does not see.
 */
static const struct confine_rule access_rules[] = {
	CONFINE_CALL(writev),
	CONFINE_SEND,
	CONFINE_CALL(timerfd_settime),
};

/* Backends' receive(). */
static const struct confine_rule nic_rules[] = {
	CONFINE_CALL(recvfrom),
	CONFINE_CALL(recvmmsg),
	CONFINE_CALL(accept4),
	CONFINE_CALL(close),
};

static const struct confine_rule main_rules[] = {
	CONFINE_CALL(getsockopt),	/* SO_PEERCRED */
	CONFINE_CALL(timer_settime),	/* quit.c */
	CONFINE_CALL(accept4),
	CONFINE_CALL(recvfrom),
	CONFINE_SEND,
	CONFINE_CALL(close),
	CONFINE_FCNTL(F_GETFD),
	CONFINE_FCNTL(F_SETFD),
	CONFINE_FCNTL(F_GETFL),
	CONFINE_FCNTL(F_SETFL),
	CONFINE_CALL(unlink),
	CONFINE_CALL(ftruncate),	/* pcap_file.c */
	CONFINE_CALL(rt_sigaction),
	CONFINE_CALL(brk),
	CONFINE_MMAP,
};

/*
 * Memory that ends, changes or is replaced: none below `floor', where the
 * addresses of confine_peer() are.
 */
static int
rule_add_memory(scmp_filter_ctx ctx, const struct confine_rule *r,
    uintptr_t floor)
{
	const struct scmp_arg_cmp above = SCMP_A0(SCMP_CMP_GE, floor, 0);
	const struct scmp_arg_cmp code =
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	const struct scmp_arg_cmp anywhere =
	    SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_FIXED, 0);
	int error;

	if (r->when == CONFINE_NO_PEERS)
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, r->call, 1, above);
	error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, r->call, 2, above, code);
	return error != 0 || r->call != SYS_mmap ?
	    error :
	    seccomp_rule_add(ctx, SCMP_ACT_ALLOW, r->call, 2, code, anywhere);
}

/* Requests are 32 bits wide: the kernel ignores the others. */
static int
rule_add(scmp_filter_ctx ctx, const struct confine_rule *r, uintptr_t floor)
{
	switch (r->when) {
	case CONFINE_ALWAYS:
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, r->call, 0);
	case CONFINE_NO_EXEC:
	case CONFINE_NO_PEERS:
		return rule_add_memory(ctx, r, floor);
	case CONFINE_NO_ADDRESS:
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, r->call, 1,
		    SCMP_A4(SCMP_CMP_EQ, 0, 0));
	default:
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, r->call, 1,
		    SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, r->value));
	}
}

/* connect() and sendto() to these alone. */
static int
peers_add(scmp_filter_ctx ctx, const struct sockaddr_un *const *peer,
    unsigned int n)
{
	const scmp_datum_t bytes = sizeof(**peer);
	int error = 0;
	unsigned int i;

	for (i = 0; i < n && error == 0; i++) {
		error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(connect),
		    2, SCMP_A1(SCMP_CMP_EQ, (uintptr_t)peer[i], 0),
		    SCMP_A2(SCMP_CMP_EQ, bytes, 0));
		if (error == 0)
			error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW,
			    SCMP_SYS(sendto), 2,
			    SCMP_A4(SCMP_CMP_EQ, (uintptr_t)peer[i], 0),
			    SCMP_A5(SCMP_CMP_EQ, bytes, 0));
	}
	return error;
}

static int
rules_add(scmp_filter_ctx ctx, const struct confine_rule *rule, size_t n,
    uintptr_t floor)
{
	int error = 0;
	size_t i;

	for (i = 0; i < n && error == 0; i++)
		error = rule_add(ctx, &rule[i], floor);
	return error;
}

static int
filter_fill(scmp_filter_ctx ctx, unsigned int sets,
    const struct confine_rule *own, size_t n)
{
	const struct sockaddr_un *peer[CONFINE_PEERS_MAX];
	uintptr_t floor;
	unsigned int peers = confine_peers(peer, &floor);
	/* Signals to our own threads. */
	int error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
	    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));

	if (error == 0)
		error = rules_add(ctx, everyone, COUNT(everyone), floor);
	if (error == 0 && sets & (CONFINE_ACCESS | CONFINE_NIC))
		error =
		    rules_add(ctx, access_rules, COUNT(access_rules), floor);
	if (error == 0 && sets & (CONFINE_ACCESS | CONFINE_NIC))
		error = peers_add(ctx, peer, peers);
	if (error == 0 && sets & CONFINE_NIC)
		error = rules_add(ctx, nic_rules, COUNT(nic_rules), floor);
	if (error == 0 && sets & CONFINE_MAIN)
		error = rules_add(ctx, main_rules, COUNT(main_rules), floor);
	return error == 0 ? rules_add(ctx, own, n, floor) : error;
}

int
confine_thread(unsigned int sets, const struct confine_rule *own, size_t n,
    struct err *err)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int error;

	if (ctx == NULL)
		return err_set(err,
		    "seccomp: no memory, or a filter of the parent "
		    "forbids seccomp(2)");
	/* We make no calls of other kinds (i386, x32). */
	error = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
	    SCMP_ACT_KILL_PROCESS);
	if (error == 0)
		error = filter_fill(ctx, sets, own, n);
	if (error == 0)
		error = seccomp_load(ctx);
	seccomp_release(ctx);
	return error == 0 ? 0 : err_set(err, "seccomp: %s", strerror(-error));
}

int
confine_enter(const struct confine_kind *kind, struct err *err)
{
	struct err why;

	if (confine_thread(kind->sets, kind->rule, kind->rules, &why) == 0)
		return 0;
	return err_set(err, "%.200s; --sandbox off runs without a filter",
	    why.text);
}

/* ------------------------------------------------------------------- files */

/*
 * What Landlock can restrict, by its versions: files since Linux 5.13, TCP
 * since 6.7, ioctl() since 6.10, signals and abstract sockets since 6.12.  The
 * headers may be older than the kernel.
 */
struct landlock_rights {
	uint64_t files, net, scoped;
};

#define FILES_1		((1ull << 13) - 1)
#define FILES_REFER	(1ull << 13)	/* 2 */
#define FILES_TRUNCATE	(1ull << 14)	/* 3 */
#define FILES_IOCTL	(1ull << 15)	/* 5 */
#define NET_TCP		3ull		/* 4 */
#define SCOPED_ALL	3ull		/* 6 */

static struct landlock_rights
landlock_rights_of(long version)
{
	struct landlock_rights r = { .files = FILES_1 };

	if (version >= 2)
		r.files |= FILES_REFER;
	if (version >= 3)
		r.files |= FILES_TRUNCATE;
	if (version >= 4)
		r.net = NET_TCP;
	if (version >= 5)
		r.files |= FILES_IOCTL;
	if (version >= 6)
		r.scoped = SCOPED_ALL;
	return r;
}

static int
landlock_allow(int ruleset, int folder, uint64_t access)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = access,
		.parent_fd = folder };

	return (int)syscall(SYS_landlock_add_rule, ruleset,
	    LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

/* May remove what is in the folder of a path. */
static int
landlock_allow_remove(int ruleset, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[256] = ".";
	int fd, result;

	if (slash == path)
		slash++;
	if (slash != NULL) {
		if ((size_t)(slash - path) >= sizeof(folder)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(folder, path, (size_t)(slash - path));
		folder[slash - path] = '\0';
	}
	fd = open(folder, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return 0;		/* then nothing can be removed there */
	result = landlock_allow(ruleset, fd, LANDLOCK_ACCESS_FS_REMOVE_FILE);
	(void)close(fd);
	return result;
}

static int
landlock_fill(int ruleset, const char *const *remove, size_t n, int read_fd)
{
	int result = 0;
	size_t i;

	if (read_fd >= 0)
		result = landlock_allow(ruleset, read_fd,
		    LANDLOCK_ACCESS_FS_READ_FILE);
	for (i = 0; i < n && result == 0; i++)
		if (remove[i] != NULL)
			result = landlock_allow_remove(ruleset, remove[i]);
	return result;
}

/*
 * Not close(): a thread may have a table of descriptors of its own, and
 * ThreadSanitizer would take this for another thread's descriptor.
 */
int
confine_files(const char *const *remove, size_t n, int read_fd, struct err *err)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_rights rights;
	int ruleset, result;

	if (version <= 0)
		return 0;
	rights = landlock_rights_of(version);
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &rights,
	    sizeof(rights), 0);
	if (ruleset < 0)
		return err_set(err, "Landlock: %s", strerror(errno));
	result = landlock_fill(ruleset, remove, n, read_fd);
	if (result == 0)
		result = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
	if (result != 0)
		(void)err_set(err, "Landlock: %s", strerror(errno));
	(void)syscall(SYS_close, ruleset);
	return result;
}
