/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The child: the server of a FUSE file system with one file.  The protocol is
 * the kernel's (linux/fuse.h, fuse(4)).
 *
 * It has two threads.
 *
 *	the first	answers the kernel.  It waits for nobody, and has the
 *			only descriptor of /dev/fuse.
 *	the second	takes pages back.  It opens the file, and the answer
 *			does not say FOPEN_KEEP_CACHE: so the kernel takes the
 *			pages out of all page tables, and has what was stored
 *			there written back, before open() returns.
 *
 * While it does, the second thread waits in the kernel for the first, and no
 * signal ends that.  But they have different tables of descriptors: if the
 * child is killed, the first one's table is closed, which ends the connection,
 * which ends the wait.  (FUSE_NOTIFY_INVAL_INODE does the same as this open();
 * but the thread that writes it has /dev/fuse, so it would wait for ever.)
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "confine.h"
#include "pages_fuse.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

#define FILE_INO	2u
#define VALID_S		(1u << 30)	/* names and sizes stay */
#define FH_SHARED	1u		/* opened to be written */
#define MINOR		31u		/* of the protocol, as it is here */

struct child {
	struct pages_mount mount;
	int ask, wake;
	struct pages_store *store;
	sem_t apart;			/* the second thread has its table */
	unsigned int shared;		/* the file is open so often */
	bool over;
};

/*
 * Once confined: with AddressSanitizer _exit() makes system calls that are
 * forbidden.
 */
static void
child_exit(int status)
{
	(void)syscall(SYS_exit_group, status);
}

/*
 * close() of one thread.  ThreadSanitizer takes close() for that of both: it
 * does not know that they have different tables.
 */
static void
table_close(int fd)
{
	(void)syscall(SYS_close, fd);
}

/* ------------------------------------------------ requests and answers */

union request {
	struct {
		struct fuse_in_header head;
		union {
			struct fuse_init_in init;
			struct fuse_open_in open;
			struct fuse_release_in release;
			struct fuse_read_in read;
			struct {
				struct fuse_write_in write;
				uint8_t data[PAGES_FILE_BYTES];
			};
			char name[sizeof(PAGES_NAME)];
		};
	};
	uint8_t bytes[FUSE_MIN_READ_BUFFER + PAGES_FILE_BYTES];
};

/* That it is not wanted any more is the only error. */
static void
reply(const struct child *c, const union request *r, int error,
    const void *data, size_t len)
{
	struct fuse_out_header head = {
		.len = (uint32_t)(sizeof(head) + len),
		.error = error,
		.unique = r->head.unique,
	};
	struct iovec iov[] = { { &head, sizeof(head) },
		{ (void *)(uintptr_t)data, len } };

	(void)!writev(c->mount.fuse, iov, len != 0 ? 2 : 1);
}

static struct fuse_attr
attr_of(uint64_t ino)
{
	struct fuse_attr attr = { .ino = ino,
		.nlink = 1,
		.blksize = 4096,
		.uid = getuid(),
		.gid = getgid(),
		.mode = S_IFDIR | 0500 };

	if (ino != FILE_INO)
		return attr;
	attr.mode = S_IFREG | 0600;
	attr.size = PAGES_FILE_BYTES;
	attr.blocks = PAGES_FILE_BYTES / 512;
	return attr;
}

static void
request_init(const struct child *c, const union request *r)
{
	struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION,
		.minor = MINOR,
		.max_readahead = PAGES_FILE_BYTES,
		.max_background = 4,
		.congestion_threshold = 4,
		.max_write = PAGES_FILE_BYTES };

	reply(c, r, 0, &out, sizeof(out));
}

static void
request_lookup(const struct child *c, const union request *r)
{
	struct fuse_entry_out out = { .nodeid = FILE_INO,
		.entry_valid = VALID_S,
		.attr_valid = VALID_S,
		.attr = attr_of(FILE_INO) };

	if (r->head.nodeid != FUSE_ROOT_ID ||
	    strncmp(r->name, PAGES_NAME, sizeof(PAGES_NAME)) != 0)
		reply(c, r, -ENOENT, NULL, 0);
	else
		reply(c, r, 0, &out, sizeof(out));
}

static void
request_getattr(const struct child *c, const union request *r)
{
	struct fuse_attr_out out = { .attr_valid = VALID_S,
		.attr = attr_of(r->head.nodeid) };

	reply(c, r, 0, &out, sizeof(out));
}

/* Who opens it to read has the pages taken back: see above. */
static void
request_open(struct child *c, const union request *r)
{
	struct fuse_open_out out = { .open_flags = FOPEN_NOFLUSH };

	if ((r->open.flags & O_ACCMODE) != O_RDONLY) {
		out.open_flags = FOPEN_KEEP_CACHE;
		out.fh = FH_SHARED;
		c->shared++;
	}
	reply(c, r, 0, &out, sizeof(out));
}

/* When nobody has the file any more, this is over. */
static void
request_release(struct child *c, const union request *r)
{
	reply(c, r, 0, NULL, 0);
	if (r->release.fh == FH_SHARED)
		c->over = --c->shared == 0;
}

static void
wake(const struct child *c)
{
	(void)send(c->wake, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/*
 * A page that was not there: perhaps the guest's next access.  We are woken
 * before it goes on: so after each access that brings a page back there is a
 * wake-up.
 */
static void
request_read(const struct child *c, const union request *r)
{
	uint64_t offset = r->read.offset;
	size_t len = r->read.size;

	if (offset > PAGES_FILE_BYTES)
		offset = PAGES_FILE_BYTES;
	if (len > PAGES_FILE_BYTES - offset)
		len = PAGES_FILE_BYTES - offset;
	wake(c);
	reply(c, r, 0, c->store->file + offset, len);
}

/*
 * What was stored there, written back; or somebody's write(2), which may bring
 * back pages of which nobody will hear then.
 */
static void
request_write(const struct child *c, const union request *r, size_t len)
{
	struct fuse_write_out out = { .size = r->write.size };
	uint64_t offset = r->write.offset;

	if (offset > PAGES_FILE_BYTES || out.size > PAGES_FILE_BYTES - offset ||
	    len < offsetof(union request, data) + out.size) {
		reply(c, r, -EFBIG, NULL, 0);
		return;
	}
	memcpy(c->store->file + offset, r->data, out.size);
	if (!(r->write.write_flags & FUSE_WRITE_CACHE))
		wake(c);
	reply(c, r, 0, &out, sizeof(out));
}

static void
request_answer(struct child *c, const union request *r, size_t len)
{
	switch (r->head.opcode) {
	case FUSE_INIT:
		request_init(c, r);
		break;
	case FUSE_LOOKUP:
		request_lookup(c, r);
		break;
	case FUSE_GETATTR:
		request_getattr(c, r);
		break;
	case FUSE_SETATTR:
		reply(c, r, -EPERM, NULL, 0);
		break;
	case FUSE_OPEN:
		request_open(c, r);
		break;
	case FUSE_READ:
		request_read(c, r);
		break;
	case FUSE_WRITE:
		request_write(c, r, len);
		break;
	case FUSE_RELEASE:
		request_release(c, r);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;		/* without an answer */
	default:
		reply(c, r, -ENOSYS, NULL, 0);
	}
}

/* Until the kernel says that there is no such mount any more. */
static void
requests_serve(struct child *c)
{
	static union request r;
	ssize_t n;

	while (!c->over) {
		n = read(c->mount.fuse, &r, sizeof(r));
		if (n >= (ssize_t)sizeof(r.head))
			request_answer(c, &r, (size_t)n);
		else if (n >= 0 || errno == ENODEV)
			return;
	}
}

/* -------------------------------------------- the second thread: takes back */

static int
taker_confine(const struct child *c, struct err *err)
{
	static const struct confine_rule own[] = { CONFINE_CALL(openat),
		CONFINE_CALL(close), CONFINE_CALL(recvfrom), CONFINE_SEND,
		CONFINE_CALL(sendmsg), CONFINE_MMAP };
	struct err ignored;

	if (confine_no_new_privs(err) != 0)
		return -1;
	/* No file but those of the mount; seccomp is what matters. */
	(void)confine_files(NULL, 0, c->mount.root, &ignored);
	return confine_thread(0, own, COUNT(own), err);
}

/* Send the file, or what failed (file < 0). */
static void
hello_send(const struct child *c, int file, const struct err *err)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct pages_hello hello = { .pid = getpid() };
	struct iovec iov = { &hello, sizeof(hello) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *m;

	if (file < 0) {
		hello.err = *err;
	} else {
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
		m = CMSG_FIRSTHDR(&msg);
		m->cmsg_level = SOL_SOCKET;
		m->cmsg_type = SCM_RIGHTS;
		m->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(m), &file, sizeof(file));
	}
	(void)sendmsg(c->ask, &msg, MSG_NOSIGNAL);
}

/* The file, when no folder shows it any more; -1 with err set. */
static int
file_open(const struct child *c, struct err *err)
{
	int file = openat(c->mount.root, PAGES_NAME, O_RDWR | O_CLOEXEC);

	if (file < 0)
		(void)err_set(err, "FUSE: cannot open the file: %s",
		    strerror(errno));
	if (pages_unmount(c->store->dir, err) == 0 && file >= 0 &&
	    taker_confine(c, err) == 0)
		return file;
	if (file >= 0)
		table_close(file);
	return -1;
}

static void
pages_take(const struct child *c, uint32_t number)
{
	int fd = openat(c->mount.root, PAGES_NAME, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		child_exit(1);
	(void)send(c->ask, &number, sizeof(number),
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	table_close(fd);
}

static void *
taker_main(void *arg)
{
	struct child *c = arg;
	struct err err = { 0 };
	uint32_t number;
	ssize_t n;
	int file;

	if (unshare(CLONE_FILES) != 0)
		_exit(1);
	table_close(c->mount.fuse);
	table_close(c->wake);
	(void)sem_post(&c->apart);
	file = file_open(c, &err);
	hello_send(c, file, &err);
	if (file < 0)
		child_exit(1);
	table_close(file);
	for (;;) {
		n = recv(c->ask, &number, sizeof(number), 0);
		if (n == (ssize_t)sizeof(number))
			pages_take(c, number);
		else if (n == 0 || errno != EINTR)
			break;
	}
	/* lem-nic has ended, the VMM perhaps not: this thread ends alone. */
	(void)syscall(SYS_exit, 0);
	return NULL;
}

/* ------------------------------------------------------------------- begin */

/* All descriptors but 0, 1, 2 and these. */
static void
others_close(unsigned int a, unsigned int b)
{
	unsigned int low = a < b ? a : b, high = a < b ? b : a;

	if (low > 3)
		(void)close_range(3, low - 1, 0);
	if (high > low + 1)
		(void)close_range(low + 1, high - 1, 0);
	(void)close_range(high + 1, UINT_MAX, 0);
}

static void
stdio_leave(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
	(void)dup2(null, STDERR_FILENO);
	(void)close(null);
}

/* It ends when the file is closed, not when a terminal or systemd says so. */
static void
signals_ignore(void)
{
	sigset_t none;

	sigemptyset(&none);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)pthread_sigmask(SIG_SETMASK, &none, NULL);
}

static int
child_mount(struct child *c, struct err *err)
{
	struct confine_user who;

	if (confine_user_find(NULL, &who, err) != 0 ||
	    pages_mount(&c->mount, c->store->dir, err) != 0)
		return -1;
	/* Not yet where a program with other privileges is needed. */
	return who.root ? confine_user_become(&who, err) : 0;
}

static int
server_confine(struct child *c, struct err *err)
{
	static const struct confine_rule own[] = { CONFINE_CALL(writev),
		CONFINE_SEND, CONFINE_CALL(getuid), CONFINE_CALL(getgid),
		CONFINE_MMAP };

	table_close(c->mount.root);
	table_close(c->ask);
	if (confine_no_new_privs(err) != 0)
		return -1;
	return confine_thread(0, own, COUNT(own), err);
}

void
pages_child_main(int ask, int wake_fd, struct pages_store *store)
{
	struct child c = { .ask = ask, .wake = wake_fd, .store = store };
	struct err err = { 0 };
	pthread_t taker;

	signals_ignore();
	(void)prctl(PR_SET_NAME, "lem-nic-pages", 0, 0, 0);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	stdio_leave();
	others_close((unsigned int)ask, (unsigned int)wake_fd);
	(void)sem_init(&c.apart, 0, 0);
	if (child_mount(&c, &err) != 0) {
		hello_send(&c, -1, &err);
		_exit(1);
	}
	if (pthread_create(&taker, NULL, taker_main, &c) != 0)
		_exit(1);
	while (sem_wait(&c.apart) != 0)
		;
	if (server_confine(&c, &err) == 0)
		requests_serve(&c);
	child_exit(0);
	_exit(0);
}
