/* SPDX-License-Identifier: BSD-2-Clause */
#include "connector.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "confine.h"

#define PAUSE_MIN_MS	10
#define PAUSE_MAX_MS	2000
#define STEADY_NS	NSEC		/* a connection this long was good */
#define TYPE		(SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

struct child {
	int ask;
	struct sockaddr_un at;
	int pause_ms;
	uint64_t found_ns;		/* the last connection began */
};

/* Not _exit(): with AddressSanitizer that makes calls that are forbidden. */
static void
child_exit(void)
{
	(void)syscall(SYS_exit_group, 0);
}

static void
child_reply(const struct child *c, int fd)
{
	union control control = { .bytes = "" };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&msg);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	(void)sendmsg(c->ask, &msg, MSG_NOSIGNAL);
}

/* Nothing is asked meanwhile: only the other end's close() ends the pause. */
static void
child_pause(struct child *c)
{
	struct pollfd p = { .fd = c->ask, .events = POLLIN };

	if (poll(&p, 1, c->pause_ms) > 0)
		child_exit();
	c->pause_ms *= 2;
	if (c->pause_ms > PAUSE_MAX_MS)
		c->pause_ms = PAUSE_MAX_MS;
}

static void
child_connect(struct child *c)
{
	const struct sockaddr *at = (const struct sockaddr *)&c->at;
	int fd;

	if (now_ns() - c->found_ns >= STEADY_NS)
		c->pause_ms = PAUSE_MIN_MS;
	else
		child_pause(c);
	for (;; child_pause(c)) {
		fd = socket(AF_UNIX, TYPE, 0);
		if (fd < 0)
			continue;
		/* A full backlog is an error, too: EAGAIN. */
		if (connect(fd, at, sizeof(c->at)) == 0)
			break;
		(void)close(fd);
	}
	c->found_ns = now_ns();
	child_reply(c, fd);
	(void)close(fd);
}

/*
 * Keeps no descriptor of the program's.  A kernel without seccomp, or without
 * Landlock, does not stop it: whether that is an error the program itself says.
 */
static void
child_confine(struct child *c)
{
	static const struct confine_rule own[] = { CONFINE_CALL(socket),
		CONFINE_CALL(connect), CONFINE_CALL(sendmsg),
		CONFINE_CALL(recvfrom), CONFINE_CALL(close) };
	struct confine_user who = { .root = false };
	struct err err;

	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)prctl(PR_SET_NAME, "lem-connector", 0, 0, 0);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)dup2(c->ask, STDIN_FILENO);
	c->ask = STDIN_FILENO;
	(void)close_range(1, UINT_MAX, 0);
	who.root = unix_owner_get(&who.uid, &who.gid);
	if (confine_user_become(&who, &err) != 0)
		child_exit();
	(void)confine_files(NULL, 0, -1, &err);
	(void)confine_thread(0, own, sizeof(own) / sizeof(own[0]), &err);
}

static void
child_main(int ask, const struct sockaddr_un *at)
{
	struct child c = { .ask = ask, .at = *at };
	char byte;

	child_confine(&c);
	while (recv(c.ask, &byte, 1, 0) == 1)
		child_connect(&c);
	child_exit();
}

/* A child's child: not ours to wait for. */
static int
child_fork(int ask, const struct sockaddr_un *at)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)setsid();
		if (fork() == 0)
			child_main(ask, at);
		child_exit();
	}
	if (pid < 0)
		return -1;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

int
connector_start(const struct sockaddr_un *at, struct err *err)
{
	int pair[2], error;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return err_set(err, "socketpair: %s", strerror(errno));
	error = child_fork(pair[1], at);
	(void)close(pair[1]);
	if (error == 0)
		return pair[0];
	(void)err_set(err, "cannot start a process: %s", strerror(errno));
	(void)close(pair[0]);
	return -1;
}

void
connector_ask(int connector)
{
	static const char byte;

	(void)!send(connector, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int
connector_take(int connector)
{
	union control control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct mmsghdr m = { .msg_hdr = { .msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes) } };
	struct cmsghdr *h;
	int fd, n;

	/* recvmmsg(): the NIC's thread may make no other call for this. */
	n = recvmmsg(connector, &m, 1, MSG_DONTWAIT | MSG_CMSG_CLOEXEC, NULL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	h = n == 1 ? CMSG_FIRSTHDR(&m.msg_hdr) : NULL;
	if (h == NULL || h->cmsg_type != SCM_RIGHTS ||
	    h->cmsg_len != CMSG_LEN(sizeof(int)))
		return -EPIPE;
	memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	return fd;
}
