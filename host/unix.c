/* SPDX-License-Identifier: BSD-2-Clause */
#include "unix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static uid_t owner_uid = (uid_t)-1;
static gid_t owner_gid = (gid_t)-1;

int
unix_address(struct sockaddr_un *at, const char *path, const char *what,
    struct err *err)
{
	size_t bytes = strlen(path) + 1;

	memset(at, 0, sizeof(*at));
	at->sun_family = AF_UNIX;
	if (bytes == 1 || bytes > sizeof(at->sun_path)) {
		(void)err_usage(err,
		    "a socket's path must be 1 to %zu bytes long",
		    sizeof(at->sun_path) - 1);
		return err_value(err, what, path);
	}
	memcpy(at->sun_path, path, bytes);
	return 0;
}

void
unix_owner(uid_t uid, gid_t gid)
{
	owner_uid = uid;
	owner_gid = gid;
}

bool
unix_owner_get(uid_t *uid, gid_t *gid)
{
	*uid = owner_uid;
	*gid = owner_gid;
	return owner_uid != (uid_t)-1;
}

/*
 * By a descriptor, because another user may own the folder and may have put
 * another file there.  Only a socket with a single name is given away.
 */
static int
unix_give_away(const char *path)
{
	struct stat st;
	int fd, error;

	if (owner_uid == (uid_t)-1)
		return 0;
	fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	error = fstat(fd, &st);
	if (error == 0 && (!S_ISSOCK(st.st_mode) || st.st_nlink != 1)) {
		errno = ENOTSOCK;
		error = -1;
	}
	if (error == 0)
		error = fchownat(fd, "", owner_uid, owner_gid, AT_EMPTY_PATH);
	(void)close(fd);
	return error;
}

/* A socket of a type that we never bind: then nobody notices (EPROTOTYPE). */
static int
connect_error(int fd, const struct sockaddr_un *at)
{
	return connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 ?
	    0 :
	    errno;
}

/* As the owner: root without CAP_DAC_OVERRIDE may not write to the file. */
static int
connect_error_as(uid_t owner, int fd, const struct sockaddr_un *at)
{
	uid_t uid = (uid_t)setfsuid(owner);
	int error = connect_error(fd, at);

	(void)setfsuid(uid);
	return error;
}

bool
unix_is_stale(const struct sockaddr_un *at)
{
	int error, fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd < 0)
		return false;
	error = lstat(at->sun_path, &st) != 0 ? errno :
	    !S_ISSOCK(st.st_mode)             ? ENOTSOCK :
						connect_error(fd, at);
	if (error == EACCES)
		error = connect_error_as(st.st_uid, fd, at);
	(void)close(fd);
	return error == ECONNREFUSED;
}

bool
unix_is_same(const char *a, const char *b)
{
	struct stat sa, sb;

	return stat(a, &sa) == 0 && stat(b, &sb) == 0 &&
	    sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static int
unix_bind_at(int fd, const struct sockaddr_un *at)
{
	const struct sockaddr *to = (const struct sockaddr *)at;

	if (bind(fd, to, sizeof(*at)) == 0)
		return 0;
	if (errno != EADDRINUSE)
		return -1;
	if (!unix_is_stale(at)) {
		errno = EADDRINUSE;
		return -1;
	}
	return unlink(at->sun_path) == 0 ? bind(fd, to, sizeof(*at)) : -1;
}

/* fchmod() of a socket decides what bind() gives its name. */
static int
unix_bind_mode(const struct sockaddr_un *at, int type, bool closed,
    const char *what, struct err *err)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_set(err, "socket: %s", strerror(errno));
	if ((closed && fchmod(fd, S_IRUSR | S_IWUSR) != 0) ||
	    unix_bind_at(fd, at) != 0) {
		(void)err_set(err, "%s%s", strerror(errno),
		    errno == EADDRINUSE ?
			": another program uses it, or it is not a socket" :
			"");
		(void)err_value(err, what, at->sun_path);
		(void)close(fd);
		return -1;
	}
	if (unix_give_away(at->sun_path) != 0) {
		(void)err_set(err, "cannot give it to the other user: %s",
		    strerror(errno));
		(void)err_value(err, what, at->sun_path);
		(void)unlink(at->sun_path);
		(void)close(fd);
		return -1;
	}
	return fd;
}

int
unix_bind(const struct sockaddr_un *at, int type, const char *what,
    struct err *err)
{
	return unix_bind_mode(at, type, false, what, err);
}

int
unix_bind_owned(const struct sockaddr_un *at, const char *what, struct err *err)
{
	return unix_bind_mode(at, SOCK_STREAM, true, what, err);
}

uid_t
unix_owner_uid(void)
{
	return owner_uid != (uid_t)-1 ? owner_uid : geteuid();
}

int
unix_bind_private(const struct sockaddr_un *at)
{
	int error,
	    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (fchmod(fd, S_IRUSR | S_IWUSR) == 0 && unix_bind_at(fd, at) == 0)
		return fd;
	error = -errno;
	(void)close(fd);
	return error;
}
