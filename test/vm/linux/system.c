/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest asks of its kernel that no program of the initial RAM disk does:
 * the time at which a datagram was sent, and another kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <linux/reboot.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "traffic.h"

#define STAMP_WAIT_NS	20000000000ull

/* The software time stamp of what udp has sent; 0: none came. */
static long
stamp(int udp)
{
	uint64_t end = now_ns() + STAMP_WAIT_NS;
	char control[512];
	struct msghdr m = { .msg_control = control,
		.msg_controllen = sizeof(control) };
	struct scm_timestamping t;
	struct cmsghdr *c;

	/* An error that another datagram caused would end poll() at once. */
	while (recvmsg(udp, &m, MSG_ERRQUEUE) < 0) {
		if (errno != EAGAIN || now_ns() > end)
			return 0;
		(void)poll(NULL, 0, 1);
	}
	for (c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SCM_TIMESTAMPING) {
			memcpy(&t, CMSG_DATA(c), sizeof(t));
			return t.ts[0].tv_sec;
		}
	return 0;
}

/* Nobody listens there: the answer to an earlier datagram may be an error. */
static bool
send_again(int udp, unsigned int i)
{
	unsigned int tries;

	for (tries = 0; tries < 3; tries++)
		if (send(udp, &i, sizeof(i), 0) > 0)
			return true;
		else if (errno != ECONNREFUSED)
			return false;
	return false;
}

int
stamps_client(const struct peer *peer, unsigned int count)
{
	int what = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
	int udp = net_connect(peer, SOCK_DGRAM);
	unsigned int i;

	if (udp < 0)
		return EXIT_FAILURE;
	if (setsockopt(udp, SOL_SOCKET, SO_TIMESTAMPING, &what, sizeof(what)))
		return fail("SO_TIMESTAMPING: %s", strerror(errno));
	for (i = 0; i < count; i++)
		if (!send_again(udp, i) || stamp(udp) == 0)
			return fail("datagram %u has no time stamp: %s", i,
			    strerror(errno));
	printf("%u time stamps\n", count);
	(void)close(udp);
	return EXIT_SUCCESS;
}

/* Does not return if it succeeds. */
int
kexec(const char *kernel, const char *initrd, const char *append)
{
	int kernel_fd = open(kernel, O_RDONLY | O_CLOEXEC);
	int initrd_fd = open(initrd, O_RDONLY | O_CLOEXEC);

	if (kernel_fd < 0 || initrd_fd < 0)
		return fail("%s, %s: %s", kernel, initrd, strerror(errno));
	if (syscall(SYS_kexec_file_load, kernel_fd, initrd_fd,
		strlen(append) + 1, append, 0ul) != 0)
		return fail("kexec_file_load: %s", strerror(errno));
	sync();
	(void)syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
	    LINUX_REBOOT_CMD_KEXEC, NULL);
	return fail("kexec: %s", strerror(errno));
}
