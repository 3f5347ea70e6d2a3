/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doorbell memory that a VMM in another process maps into its guest: a file,
 * and what struct nic_doorbell_ops needs of it.
 *
 *	fuse	A file of a FUSE mount that a small child process serves.  Its
 *		pages can be taken back from the guest; the guest's next access
 *		wakes us (nic_fault()).  `permanent`, `away`.
 *	memfd	Memory that stays mapped.  Nobody hears of an access.
 *		`permanent` only, without park and unpark.  It is sealed: no
 *		client makes it shorter.
 *
 *	VMM ----------- guest memory ---+
 *	                                +--- pages of the file, in the kernel
 *	lem-nic ------- its view -------+          |  ^
 *	   |  ^                          written   |  |  read: an access of the
 *	   |  |                          back      v  |  guest, after park
 *	   |  +--- wake: it was read ---------- child: /dev/fuse
 *	   +------ ask: take them back -------> child
 *
 * The child has nothing but /dev/fuse, the root of the mount, two sockets and
 * memory that it shares with us, in which it keeps the file.  It cannot gain
 * privileges, and makes no system call but those that it needs (seccomp,
 * Landlock).  Without root it needs fusermount3.  No folder shows the mount: it
 * exists as long as somebody has the file.
 *
 * The end of each process, however it comes:
 *
 *	VMM	Nothing happens to us.
 *	lem-nic	The child goes on until the VMM has closed the file, too.  So
 *		the guest goes on; what it stores is never looked at.  If the
 *		child is killed then, it is as in the next line.  systemd kills
 *		it together with us, unless the unit says KillMode=process.
 *	child	Nobody waits in the kernel: each access of pages that are not
 *		in memory fails.  We are told (pages_ready()).  QEMU with KVM
 *		says "kvm run failed: Bad address" and stops the guest
 *		(internal-error); QEMU with TCG gets SIGBUS and ends.
 *
 * What a client may do to the file:
 *
 *	store, load, read(2)	as to any file
 *	write(2)		as a store
 *	beyond the end		read(2) returns 0, write(2) EFBIG, access SIGBUS
 *	ftruncate(), chmod()	EPERM
 *	open() again, by /proc	the pages are taken back; no store is lost
 *
 * Security modules of the VMM's side (libvirt):
 *
 *	AppArmor: the file is in no folder.  In a profile with
 *	attach_disconnected, as libvirt has it (TEMPLATE.qemu), its name is
 *	/lem-nic-doorbells, which no rule of libvirt allows: add
 *	"/lem-nic-doorbells rw," to /etc/apparmor.d/abstractions/libvirt-qemu.d/
 *	SELinux: the file is fusefs_t, which svirt_t may use after
 *	"setsebool -P virt_use_fusefs on".
 *	Neither is tried here.  A memfd needs neither.
 */
#ifndef VFU_PAGES_H
#define VFU_PAGES_H

#include <sys/types.h>

#include "nic.h"

enum pages_kind {
	PAGES_AUTO,		/* FUSE, or memfd where there is no FUSE */
	PAGES_FUSE,
	PAGES_MEMFD,
};

struct pages;

/*
 * pages_open: make the file and map it.  Before there are threads, and before
 * privileges are dropped.  why: if not NULL, it gets the reason why PAGES_AUTO
 * does not use FUSE.  Returns NULL with err set.
 */
struct pages *
pages_open(enum pages_kind kind, struct err *why, struct err *err);

/* pages_close: no thread uses the pages or their operations any more. */
void pages_close(struct pages *p);

/* pages_file: the file, for clients to map at E82540_DOORBELL_OFFSET. */
int pages_file(const struct pages *p);

/* pages_kind: PAGES_FUSE or PAGES_MEMFD. */
enum pages_kind pages_kind(const struct pages *p);

/* pages_child: the process that serves the file, or 0. */
pid_t pages_child(const struct pages *p);

/* pages_memory: our view, E82540_DOORBELL_BYTES (nic_config.doorbell_mem). */
void *pages_memory(struct pages *p);

/*
 * pages_park, pages_unpark: as park and unpark of struct nic_doorbell_ops; not
 * with memfd.  pages_park() waits PAGES_ANSWER_MS at most for the child, then
 * it returns -EIO; -EPIPE: the child has ended.  System calls: those of
 * CONFINE_NIC, and mmap() without PROT_EXEC when the child has ended.
 */
#define PAGES_ANSWER_MS	2000
int pages_park(struct pages *p, const uint32_t *seen);
void pages_unpark(struct pages *p);

/*
 * pages_fd: to poll for POLLIN, or -1.  Readable: the guest's access has
 * faulted: call pages_ready(), then nic_fault().  pages_ready() returns 0; or
 * -EPIPE: the child has ended.  Then no access of the guest succeeds any more;
 * our own view is memory that nobody else sees, pages_park() fails, and
 * pages_fd() stays readable.  Any thread.
 */
int pages_fd(const struct pages *p);
int pages_ready(struct pages *p);

#endif
