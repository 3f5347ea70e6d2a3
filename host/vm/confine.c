/* SPDX-License-Identifier: BSD-2-Clause */
#include "confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/kvm.h>
#include <pwd.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

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
		    err_set(err, "only root can become another user");
	errno = 0;
	pw = getpwnam(name);
	if (pw == NULL)
		return err_set(err, "there is no user %s here", name);
	if (pw->pw_uid == 0)
		return err_set(err, "user %s is root", name);
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
		return err_set(err, "can not become user %d: %s", (int)who->uid,
		    strerror(errno));
	return 0;
}

/* ------------------------------------------------------------ system calls */

#define MAIN	(1u << CONFINE_MAIN)
#define CPU	(1u << CONFINE_CPU)
#define NIC	(1u << CONFINE_NIC)
#define ALL	(MAIN | CPU | NIC)

/* Whatever its arguments. */
static const struct {
	int call;
	unsigned int who;
} calls[] = {
	/* What threads, locks and signals are made of. */
	{ SCMP_SYS(futex), ALL },
	{ SCMP_SYS(exit), ALL },
	{ SCMP_SYS(exit_group), ALL },
	{ SCMP_SYS(rt_sigreturn), ALL },
	{ SCMP_SYS(rt_sigprocmask), ALL },
	{ SCMP_SYS(restart_syscall), ALL },
	{ SCMP_SYS(sched_yield), ALL },
	{ SCMP_SYS(madvise), ALL },
	{ SCMP_SYS(munmap), ALL },
	{ SCMP_SYS(clock_gettime), ALL },	/* where there is no vDSO */
	{ SCMP_SYS(getpid), ALL },
	{ SCMP_SYS(gettid), ALL },
	/* Eventfds, the console, pcap files. */
	{ SCMP_SYS(read), ALL },
	{ SCMP_SYS(write), ALL },
	{ SCMP_SYS(poll), ALL },
	{ SCMP_SYS(ppoll), ALL },
	{ SCMP_SYS(close), MAIN | NIC },
	/* Backends. */
	{ SCMP_SYS(writev), CPU | NIC },
	{ SCMP_SYS(sendto), ALL },
	{ SCMP_SYS(sendmsg), CPU | NIC },
	{ SCMP_SYS(sendmmsg), CPU | NIC },
	{ SCMP_SYS(connect), CPU | NIC },	/* of a socket there is */
	{ SCMP_SYS(recvfrom), MAIN | NIC },
	{ SCMP_SYS(recvmmsg), NIC },
	{ SCMP_SYS(accept4), MAIN | NIC },
	{ SCMP_SYS(timerfd_settime), CPU | NIC },
	/* Statistics, and the way out. */
	{ SCMP_SYS(pread64), MAIN },
	{ SCMP_SYS(brk), MAIN },
	{ SCMP_SYS(fcntl), MAIN },
	{ SCMP_SYS(unlink), MAIN },
	{ SCMP_SYS(rt_sigaction), MAIN },
};

static const struct {
	unsigned long request;
	unsigned int who;
} ioctls[] = {
	{ KVM_RUN, CPU },
	{ KVM_GET_REGS, CPU },
	{ KVM_IRQ_LINE, ALL },
	{ KVM_SIGNAL_MSI, CPU | NIC },
	{ KVM_SET_USER_MEMORY_REGION, CPU | NIC },
	{ TCGETS, MAIN },
	{ TCSETS, MAIN },
	{ 0x802c542a, MAIN },		/* TCGETS2, TCSETS2: newer libraries */
	{ 0x402c542b, MAIN },
};

static int
rules_add(scmp_filter_ctx ctx, unsigned int who)
{
	const struct scmp_arg_cmp no_exec =
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	const struct scmp_arg_cmp ourselves =
	    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0);
	int error = 0;
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].who & who && error == 0)
			error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW,
			    calls[i].call, 0);
	for (i = 0; i < sizeof(ioctls) / sizeof(ioctls[0]); i++)
		if (ioctls[i].who & who && error == 0)
			error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW,
			    SCMP_SYS(ioctl), 1,
			    SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff,
				ioctls[i].request));
	/* Doorbells are parked, and are not: never code. */
	if (error == 0)
		error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW,
		    SCMP_SYS(mprotect), 1, no_exec);
	/* Signals to our own threads. */
	if (error == 0)
		error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill),
		    1, ourselves);
	if (error == 0 && who & MAIN)
		error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
		    no_exec);
	return error;
}

int
confine_thread(enum confine what, struct err *err)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int error;

	if (ctx == NULL)
		return err_set(err, "seccomp: out of memory");
	/* Calls of other kinds (i386, x32) are none that we make. */
	error = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
	    SCMP_ACT_KILL_PROCESS);
	if (error == 0)
		error = rules_add(ctx, 1u << what);
	if (error == 0)
		error = seccomp_load(ctx);
	seccomp_release(ctx);
	return error == 0 ?
	    0 :
	    err_set(err, "seccomp: %s: --sandbox off runs without",
		strerror(-error));
}
