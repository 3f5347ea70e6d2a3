/* SPDX-License-Identifier: BSD-2-Clause */
#include "confine.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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
		return err_set(err,
		    "--user %s: this is root; name an ordinary user", name);
	who->uid = pw->pw_uid;
	who->gid = pw->pw_gid;
	return 0;
}

int
confine_user_become(const struct confine_user *who, struct err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_set(err, "no_new_privs: %s", strerror(errno));
	if (who->root &&
	    (setgroups(0, NULL) != 0 ||
		setresgid(who->gid, who->gid, who->gid) != 0 ||
		setresuid(who->uid, who->uid, who->uid) != 0))
		return err_set(err, "cannot become user %d: %s", (int)who->uid,
		    strerror(errno));
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
	CONFINE_CALL(madvise),
	CONFINE_CALL(munmap),
	{ SYS_mprotect, CONFINE_NO_EXEC, 0 },	/* and to park doorbells */
	CONFINE_CALL(clock_gettime),	/* where there is no vDSO */
	CONFINE_CALL(getpid),
	CONFINE_CALL(gettid),
	CONFINE_CALL(read),
	CONFINE_CALL(write),
	CONFINE_CALL(poll),
	CONFINE_CALL(ppoll),
};

/* Backends' send(), and the NIC's timer. */
static const struct confine_rule access_rules[] = {
	CONFINE_CALL(writev),
	CONFINE_CALL(sendto),
	CONFINE_CALL(sendmsg),
	CONFINE_CALL(sendmmsg),
	CONFINE_CALL(connect),		/* of a socket that exists */
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
	CONFINE_CALL(accept4),
	CONFINE_CALL(recvfrom),
	CONFINE_CALL(sendto),
	CONFINE_CALL(close),
	CONFINE_CALL(fcntl),
	CONFINE_CALL(unlink),
	CONFINE_CALL(rt_sigaction),
	CONFINE_CALL(brk),
	{ SYS_mmap, CONFINE_NO_EXEC, 0 },
};

/* The compared argument is 32 bits wide: the kernel ignores the others. */
static int
rule_add(scmp_filter_ctx ctx, const struct confine_rule *r)
{
	switch (r->when) {
	case CONFINE_ALWAYS:
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, r->call, 0);
	case CONFINE_NO_EXEC:
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, r->call, 1,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	default:
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, r->call, 1,
		    SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, r->value));
	}
}

static int
rules_add(scmp_filter_ctx ctx, const struct confine_rule *rule, size_t n)
{
	int error = 0;
	size_t i;

	for (i = 0; i < n && error == 0; i++)
		error = rule_add(ctx, &rule[i]);
	return error;
}

static int
filter_fill(scmp_filter_ctx ctx, unsigned int sets,
    const struct confine_rule *own, size_t n)
{
	/* Signals to our own threads. */
	int error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
	    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));

	if (error == 0)
		error = rules_add(ctx, everyone, COUNT(everyone));
	if (error == 0 && sets & (CONFINE_ACCESS | CONFINE_NIC))
		error = rules_add(ctx, access_rules, COUNT(access_rules));
	if (error == 0 && sets & CONFINE_NIC)
		error = rules_add(ctx, nic_rules, COUNT(nic_rules));
	if (error == 0 && sets & CONFINE_MAIN)
		error = rules_add(ctx, main_rules, COUNT(main_rules));
	return error == 0 ? rules_add(ctx, own, n) : error;
}

int
confine_thread(unsigned int sets, const struct confine_rule *own, size_t n,
    struct err *err)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int error;

	if (ctx == NULL)
		return err_set(err, "seccomp: out of memory");
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
