/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program may still do after set-up.  If it was root, it becomes another
 * user.  It cannot gain privileges.  Each thread may make only the system calls
 * that it needs (seccomp); any other call kills the process.  It can open no
 * file that it does not need (Landlock).
 */
#ifndef HOST_CONFINE_H
#define HOST_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/un.h>

#include "err.h"

/* ------------------------------------------------------------------- user */

struct confine_user {
	bool root;			/* else we stay who we are */
	uid_t uid;
	gid_t gid;
};

/*
 * confine_user_find: the user that root is to become: `user` (NULL: nobody).
 * Returns 0, or -1 with err set.
 */
int
confine_user_find(const char *user, struct confine_user *who, struct err *err);

/*
 * confine_no_new_privs: this thread, and those that it starts from now on,
 * cannot gain privileges.  Returns 0, or -1 with err set.
 */
int confine_no_new_privs(struct err *err);

/*
 * confine_user_become: become that user for good; drop all capabilities, also
 * if we were not root; and confine_no_new_privs().  Call it before there are
 * threads.  Returns 0, or -1 with err set.
 */
int confine_user_become(const struct confine_user *who, struct err *err);

/*
 * confine_descriptors: close what our parent left open by mistake: descriptors
 * from 3 on without FD_CLOEXEC.  Those that an option names have it by now.
 */
void confine_descriptors(void);

/*
 * confine_limits: no core dump, and descriptors below `files`.  It sets no
 * RLIMIT_NPROC: KVM makes a thread at the first KVM_RUN, and seccomp limits
 * processes already.  Returns 0, or -1 with err set.
 */
int confine_limits(unsigned int files, struct err *err);

/* ---------------------------------------------------------------- threads */

/* When a call is allowed. */
enum confine_when {
	CONFINE_ALWAYS,
	CONFINE_NO_EXEC, /* mmap, mprotect: never PROT_EXEC; as next */
	CONFINE_NO_PEERS, /* not the memory of confine_peer() */
	CONFINE_NO_ADDRESS, /* sendto: where its socket is connected */
	CONFINE_REQUEST,	/* its second argument is `value' */
};

struct confine_rule {
	int call;			/* SYS_... */
	enum confine_when when;
	uint32_t value;
};

#define CONFINE_CALL(name) \
	{ \
		SYS_##name, CONFINE_ALWAYS, 0 \
	}
/* send(). */
#define CONFINE_SEND \
	{ \
		SYS_sendto, CONFINE_NO_ADDRESS, 0 \
	}
/* Not F_SETOWN: it sends signals to other programs. */
#define CONFINE_FCNTL(command) \
	{ \
		SYS_fcntl, CONFINE_REQUEST, command \
	}
#define CONFINE_IOCTL(request) \
	{ \
		SYS_ioctl, CONFINE_REQUEST, request \
	}
/* What malloc() and sanitizers need. */
#define CONFINE_MMAP \
	{ \
		SYS_mmap, CONFINE_NO_EXEC, 0 \
	}

/*
 * Sets of rules, by what a thread calls of host/.  All threads may make the
 * calls that threads, locks, signals, malloc() and reading need.
 */
#define CONFINE_ACCESS	(1u << 0)	/* nic_mmio_write() and the like */
#define CONFINE_NIC	(1u << 1)	/* nic_run() */
#define CONFINE_MAIN	(1u << 2)	/* control.h, nic_free() */

/*
 * confine_thread: confine the calling thread for good, to the sets of rules in
 * `sets` and to n rules of the program's own.  Returns 0, or -1 with err set:
 * this kernel has no seccomp filters.
 */
int confine_thread(unsigned int sets, const struct confine_rule *own, size_t n,
    struct err *err);

/* A kind of thread: what one of a program may do. */
struct confine_kind {
	unsigned int sets;
	const struct confine_rule *rule;	/* its own */
	size_t rules;
};

#define CONFINE_KIND(sets, rule) \
	{ \
		sets, rule, sizeof(rule) / sizeof((rule)[0]) \
	}

/*
 * confine_enter: as confine_thread(); err tells the user to try --sandbox off.
 */
int confine_enter(const struct confine_kind *kind, struct err *err);

/* ------------------------------------------------------------------ peers */

#define CONFINE_PEERS_MAX 32u

/*
 * confine_peer: an address to which threads with CONFINE_ACCESS or CONFINE_NIC
 * may connect() or sendto(); they can reach no other.  Returns a copy: filters
 * know it by where it is, and no thread that is confined can change what is
 * there.  It stays for ever.  Call it before there are threads.  Returns NULL
 * with err set.
 */
const struct sockaddr_un *
confine_peer(const struct sockaddr_un *at, struct err *err);

/*
 * confine_peers: for confine_thread().  Returns how many there are.  *end:
 * where the memory after them begins; all other memory is above.
 */
unsigned int confine_peers(const struct sockaddr_un *list[CONFINE_PEERS_MAX],
    uintptr_t *end);

/* ------------------------------------------------------------------ files */

/*
 * confine_files: this thread, and those that it starts from now on, can open no
 * file but those below the folder read_fd (-1: none), to read them.  They can
 * make no file, and remove only what is in the folders of the n paths `remove`
 * (NULL: skipped).  They cannot make TCP connections, or signal other programs.
 * Each as far as this kernel's Landlock has it; a kernel without it changes
 * nothing.  Call confine_no_new_privs() before.  Returns 0, or -1 with err set.
 */
int confine_files(const char *const *remove, size_t n, int read_fd,
    struct err *err);

#endif
