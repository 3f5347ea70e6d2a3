/* SPDX-License-Identifier: BSD-2-Clause */
#include "server_sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "confine.h"

/* ---------------------------------------------------------------- seccomp */

static const struct confine_rule main_rules[] = {
	CONFINE_CALL(alarm),
	CONFINE_CALL(getsockopt),
};

static const struct confine_rule vfio_rules[] = {
	CONFINE_CALL(recvmsg),
	CONFINE_CALL(recvfrom),
	CONFINE_CALL(shutdown),
	CONFINE_CALL(close),
	CONFINE_CALL(fstat),
	CONFINE_CALL(newfstatat),	/* fstat(), of newer C libraries */
	CONFINE_CALL(fcntl),
	CONFINE_CALL(brk),
	{ SYS_mmap, CONFINE_NO_EXEC, 0 },
};

/*
 * Where a client has cut its memory off, or the child that serves pages has
 * ended, other memory is mapped in place of that.  Pages are taken back by a
 * message to the child.
 */
static const struct confine_rule memory_rules[] = {
	CONFINE_CALL(recvfrom),
	{ SYS_mmap, CONFINE_NO_EXEC, 0 },
};

static const struct {
	unsigned int sets;
	const struct confine_rule *rule;
	size_t rules;
} kinds[] = {
#define RULES(name) name, sizeof(name) / sizeof((name)[0])
	[SERVER_MAIN] = { CONFINE_MAIN, RULES(main_rules) },
	[SERVER_VFIO] = { CONFINE_ACCESS, RULES(vfio_rules) },
	[SERVER_NIC] = { CONFINE_NIC, RULES(memory_rules) },
	[SERVER_FAULTS] = { CONFINE_ACCESS, RULES(memory_rules) },
};

int
server_sandbox_enter(enum server_sandbox kind, struct err *err)
{
	struct err why;

	if (confine_thread(kinds[kind].sets, kinds[kind].rule,
		kinds[kind].rules, &why) == 0)
		return 0;
	return err_set(err, "%.200s; --sandbox off runs without a filter",
	    why.text);
}

/* --------------------------------------------------------------- Landlock */

/*
 * What it can restrict, by its versions: files since Linux 5.13, TCP since 6.7,
 * ioctl() since 6.10, signals and abstract sockets since 6.12.  The headers may
 * be older than the kernel.
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

/* May remove what is in the folder of a path. */
static int
landlock_allow_remove(int ruleset, const char *path)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_REMOVE_FILE,
	};
	const char *slash = strrchr(path, '/');
	char folder[256] = ".";
	int result;

	if (slash == path)
		slash++;
	if (slash != NULL) {
		if ((size_t)(slash - path) >= sizeof(folder))
			return -1;
		memcpy(folder, path, (size_t)(slash - path));
		folder[slash - path] = '\0';
	}
	rule.parent_fd = open(folder, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return 0;		/* then nothing can be removed there */
	result = (int)syscall(SYS_landlock_add_rule, ruleset,
	    LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	(void)close(rule.parent_fd);
	return result;
}

int
server_sandbox_files(const char *const *path, size_t n, struct err *err)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_rights rights;
	int ruleset, result = 0;
	size_t i;

	if (version <= 0)
		return 0;
	rights = landlock_rights_of(version);
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &rights,
	    sizeof(rights), 0);
	if (ruleset < 0)
		return err_set(err, "Landlock: %s", strerror(errno));
	for (i = 0; i < n && result == 0; i++)
		if (path[i] != NULL)
			result = landlock_allow_remove(ruleset, path[i]);
	if (result == 0)
		result = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
	if (result != 0)
		(void)err_set(err, "Landlock: %s", strerror(errno));
	(void)close(ruleset);
	return result;
}
