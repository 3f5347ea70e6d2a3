/* SPDX-License-Identifier: BSD-2-Clause */
#include "pages_fuse.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "pages.h"

/* ---------------------------------------------------------------- the child */

/* A child's child, so that it is not ours to wait for. */
static int
child_fork(int ask, int wake, struct pages_store *store)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)setsid();
		pid = fork();
		if (pid == 0)
			pages_child_main(ask, wake, store);
		_exit(pid < 0);
	}
	if (pid < 0)
		return -errno;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

/* Its first message.  Returns the file, or -1 with err set. */
static int
hello_receive(struct pages_fuse *f, struct err *err)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct pages_hello hello = { 0 };
	struct iovec iov = { &hello, sizeof(hello) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c;
	ssize_t n;
	int fd;

	do
		n = recvmsg(f->ask, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(hello))
		return err_set(err, "the process for doorbells has ended");
	if (hello.err.text[0] != '\0') {
		*err = hello.err;
		return -1;
	}
	c = CMSG_FIRSTHDR(&msg);
	if (c == NULL || c->cmsg_type != SCM_RIGHTS)
		return err_set(err, "the file of doorbells did not come");
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	f->pid = hello.pid;
	return fd;
}

/* -------------------------------------------------------------- open, close */

static int
store_open(struct pages_fuse *f)
{
	f->store_fd = memfd_create(PAGES_NAME, MFD_CLOEXEC);
	if (f->store_fd < 0 || ftruncate(f->store_fd, sizeof(*f->store)) != 0)
		return -1;
	f->store = mmap(NULL, sizeof(*f->store), PROT_READ | PROT_WRITE,
	    MAP_SHARED, f->store_fd, 0);
	return f->store == MAP_FAILED ? -1 : 0;
}

static void
fd_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* Sets f->ask, f->wake.  Returns 0 or -errno. */
static int
child_start(struct pages_fuse *f)
{
	int ask[2] = { -1, -1 }, wake[2] = { -1, -1 }, error;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ask) != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, wake) != 0)
		error = -errno;
	else
		error = child_fork(ask[1], wake[1], f->store);
	fd_close(&ask[1]);
	fd_close(&wake[1]);
	f->ask = ask[0];
	f->wake = wake[0];
	return error;
}

int
pages_fuse_open(struct pages_fuse *f, struct err *err)
{
	struct err ignored;
	int error;

	*f = (struct pages_fuse){ .file = -1,
		.ask = -1,
		.wake = -1,
		.store_fd = -1,
		.store = MAP_FAILED };
	error = store_open(f) != 0 ? -errno : child_start(f);
	if (error != 0)
		(void)err_set(err, "cannot start a process for doorbells: %s",
		    strerror(-error));
	else
		f->file = hello_receive(f, err);
	if (f->file >= 0)
		return 0;
	/* It was killed in the middle of it. */
	if (f->store != MAP_FAILED)
		(void)pages_unmount(f->store->dir, &ignored);
	pages_fuse_close(f);
	return -1;
}

void
pages_fuse_close(struct pages_fuse *f)
{
	fd_close(&f->file);
	fd_close(&f->ask);
	fd_close(&f->wake);
	fd_close(&f->store_fd);
	if (f->store != MAP_FAILED)
		(void)munmap(f->store, sizeof(*f->store));
}

/* -------------------------------------------------------------------- asks */

/*
 * Returns 0: there is an answer; else -errno.  -EAGAIN: not yet.  An answer to
 * an earlier question, which came too late, does not count.
 */
static int
answer_receive(struct pages_fuse *f)
{
	uint32_t number;
	ssize_t n;

	while (f->answered != f->asked) {
		n = recv(f->ask, &number, sizeof(number), MSG_DONTWAIT);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -EPIPE;
		if (n == (ssize_t)sizeof(number))
			f->answered = number;
	}
	return 0;
}

int
pages_fuse_take_back(struct pages_fuse *f)
{
	struct pollfd fd = { .fd = f->ask, .events = POLLIN };
	uint64_t end_ns = now_ns() + PAGES_ANSWER_MS * 1000000ull;
	int left_ms, error;

	/* It is still at the last question: do not wait for it again. */
	error = answer_receive(f);
	if (error != 0)
		return error == -EAGAIN ? -EIO : -EPIPE;
	f->asked++;
	if (send(f->ask, &f->asked, sizeof(f->asked),
		MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)sizeof(f->asked)) {
		f->asked--;
		return -EPIPE;
	}
	while ((error = answer_receive(f)) == -EAGAIN) {
		left_ms = ms_until(end_ns);
		if (left_ms == 0)
			break;
		(void)poll(&fd, 1, left_ms);
	}
	if (error == -EAGAIN)
		return -EIO;
	return error == 0 ? 0 : -EPIPE;
}

int
pages_fuse_alive(const struct pages_fuse *f)
{
	struct pollfd fd = { .fd = f->wake };

	return poll(&fd, 1, 0) == 1 && fd.revents & POLLHUP ? -EPIPE : 0;
}

int
pages_fuse_woken(struct pages_fuse *f)
{
	char bytes[256];
	ssize_t n;

	do
		n = recv(f->wake, bytes, sizeof(bytes), MSG_DONTWAIT);
	while (n == (ssize_t)sizeof(bytes) || (n < 0 && errno == EINTR));
	return n == 0 || (n < 0 && errno != EAGAIN) ? -EPIPE : 0;
}
