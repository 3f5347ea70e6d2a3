/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * With privileges: fsmount(2), Linux 5.2; such a mount has no folder.  Without:
 * fusermount3, which mounts on a folder; pages_unmount() takes it from there.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pages_fuse.h"

extern char **environ;

/* ----------------------------------------------------------------- fsmount */

static int
option_set(int fs, const char *key, const char *format, unsigned int value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), format, value);
	return fsconfig(fs, FSCONFIG_SET_STRING, key, text, 0);
}

/*
 * allow_other: the child, which mounts as root, is another user when it opens
 * the file.
 */
static int
options_set(int fs, int fuse)
{
	if (option_set(fs, "fd", "%u", (unsigned int)fuse) != 0 ||
	    option_set(fs, "rootmode", "%o", S_IFDIR) != 0 ||
	    option_set(fs, "user_id", "%u", getuid()) != 0 ||
	    option_set(fs, "group_id", "%u", getgid()) != 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "source", "lem-nic", 0) != 0 ||
	    fsconfig(fs, FSCONFIG_SET_FLAG, "allow_other", NULL, 0) != 0)
		return -1;
	return fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

/* Returns 0 or -errno: no privileges, or an older kernel. */
static int
mount_by_fsmount(struct pages_mount *m)
{
	int fs = fsopen("fuse", FSOPEN_CLOEXEC), error = 0;

	if (fs < 0)
		return -errno;
	if (options_set(fs, m->fuse) == 0)
		m->root = fsmount(fs, FSMOUNT_CLOEXEC,
		    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (m->root < 0)
		error = -errno;
	(void)close(fs);
	return error;
}

/* ------------------------------------------------------------- fusermount3 */

/* Run it; err: the first line that it says.  Returns 0, or -1 with err set. */
static int
fusermount_run(char **argv, struct err *err)
{
	posix_spawn_file_actions_t actions;
	char said[200] = "";
	int out[2], status = -1, error;
	ssize_t n;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) != 0)
		return err_set(err, "pipe: %s", strerror(errno));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDERR_FILENO);
	error = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	(void)close(out[1]);
	if (error == 0) {
		n = read(out[0], said, sizeof(said) - 1);
		said[n > 0 ? n : 0] = '\0';
		said[strcspn(said, "\n")] = '\0';
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	(void)close(out[0]);
	if (status == 0)
		return 0;
	return error != 0 ?
	    err_set(err, "FUSE: cannot run %s: %s", argv[0], strerror(error)) :
	    err_set(err, "FUSE: %s", said[0] != '\0' ? said : "fusermount3");
}

/* /dev/fuse, which fusermount3 has sent.  Returns -1: it has not. */
static int
fuse_receive(int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c;
	int fuse;

	if (recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) < 0)
		return -1;
	c = CMSG_FIRSTHDR(&msg);
	if (c == NULL || c->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fuse, CMSG_DATA(c), sizeof(fuse));
	return fuse;
}

/* A new folder of our own, in the place for such. */
static int
dir_make(char dir[PAGES_DIR_BYTES], struct err *err)
{
	const char *base = getenv("RUNTIME_DIRECTORY");
	int len;

	if (base == NULL || base[0] == '\0')
		base = getenv("XDG_RUNTIME_DIR");
	if (base == NULL || base[0] == '\0' || access(base, W_OK) != 0)
		base = "/tmp";
	/* systemd may name several. */
	len = snprintf(dir, PAGES_DIR_BYTES, "%.*s/lem-nic-XXXXXX",
	    (int)strcspn(base, ":"), base);
	if (len < (int)PAGES_DIR_BYTES && mkdtemp(dir) != NULL)
		return 0;
	(void)err_set(err, "%s: %s", dir, strerror(errno));
	dir[0] = '\0';
	return -1;
}

static int
mount_by_fusermount(struct pages_mount *m, char *dir, struct err *err)
{
	char options[] = "fsname=lem-nic,nosuid,nodev,noexec", fd[32];
	char name[] = "fusermount3", o[] = "-o", end[] = "--";
	char *argv[] = { name, o, options, end, dir, NULL };
	int pair[2], error;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return err_set(err, "socketpair: %s", strerror(errno));
	(void)snprintf(fd, sizeof(fd), "%d", pair[1]);
	(void)setenv("_FUSE_COMMFD", fd, 1);
	error = fusermount_run(argv, err);
	(void)unsetenv("_FUSE_COMMFD");
	if (error == 0) {
		m->fuse = fuse_receive(pair[0]);
		m->root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	(void)close(pair[0]);
	(void)close(pair[1]);
	if (error == 0 && (m->fuse < 0 || m->root < 0))
		error = err_set(err, "FUSE: %s did not mount", name);
	return error;
}

/* --------------------------------------------------------------- all of it */

int
pages_mount(struct pages_mount *m, char dir[PAGES_DIR_BYTES], struct err *err)
{
	struct err ignored;
	int error;

	m->root = -1;
	dir[0] = '\0';
	m->fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (m->fuse < 0)
		return err_set(err, "/dev/fuse: %s", strerror(errno));
	error = mount_by_fsmount(m);
	if (error == 0)
		return 0;
	(void)close(m->fuse);
	m->fuse = -1;
	if (geteuid() == 0)
		return err_set(err, "FUSE: cannot mount: %s", strerror(-error));
	/* Without it fusermount3 mounts, but does not unmount. */
	if (access("/etc/mtab", R_OK) != 0)
		return err_set(err,
		    "FUSE: fusermount3 needs /etc/mtab: %s; it is a link to "
		    "../proc/self/mounts",
		    strerror(errno));
	if (dir_make(dir, err) != 0)
		return -1;
	if (mount_by_fusermount(m, dir, err) == 0)
		return 0;
	if (m->fuse >= 0)
		(void)close(m->fuse);
	(void)pages_unmount(dir, &ignored);
	return -1;
}

int
pages_unmount(char dir[PAGES_DIR_BYTES], struct err *err)
{
	char name[] = "fusermount3", options[] = "-uqz", end[] = "--";
	char *argv[] = { name, options, end, dir, NULL };
	int error;

	if (dir[0] == '\0')
		return 0;
	error = fusermount_run(argv, err);
	(void)rmdir(dir);
	dir[0] = '\0';
	return error;
}
