/* SPDX-License-Identifier: BSD-2-Clause */
#include "pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pages_fuse.h"

struct pages {
	enum pages_kind kind;
	int file;
	void *mem;
	struct pages_fuse fuse;
};

/* ------------------------------------------------------------- open, close */

/* Sealed: a client that made it shorter would kill us. */
static int
memfd_open(struct err *err)
{
	int fd = memfd_create(PAGES_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && ftruncate(fd, PAGES_FILE_BYTES) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) ==
		0)
		return fd;
	(void)err_set(err, "memory for doorbells: %s", strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static int
file_open(struct pages *p, enum pages_kind kind, struct err *why,
    struct err *err)
{
	struct err no_fuse = { 0 };

	p->kind = PAGES_FUSE;
	if (kind != PAGES_MEMFD && pages_fuse_open(&p->fuse, &no_fuse) == 0)
		return p->fuse.file;
	if (kind == PAGES_FUSE) {
		*err = no_fuse;
		return -1;
	}
	if (kind == PAGES_AUTO && why != NULL)
		*why = no_fuse;
	p->kind = PAGES_MEMFD;
	return memfd_open(err);
}

struct pages *
pages_open(enum pages_kind kind, struct err *why, struct err *err)
{
	struct pages *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	p->mem = MAP_FAILED;
	p->file = file_open(p, kind, why, err);
	if (p->file < 0) {
		free(p);
		return NULL;
	}
	p->mem = mmap(NULL, E82540_DOORBELL_BYTES, PROT_READ | PROT_WRITE,
	    MAP_SHARED, p->file, E82540_DOORBELL_OFFSET);
	if (p->mem == MAP_FAILED) {
		(void)err_set(err, "cannot map doorbells: %s", strerror(errno));
		pages_close(p);
		return NULL;
	}
	if (p->kind == PAGES_FUSE)
		pages_unpark(p);
	return p;
}

void
pages_close(struct pages *p)
{
	if (p->mem != MAP_FAILED)
		(void)munmap(p->mem, E82540_DOORBELL_BYTES);
	if (p->kind == PAGES_FUSE)
		pages_fuse_close(&p->fuse);
	else
		(void)close(p->file);
	free(p);
}

/* ------------------------------------------------------------ what they are */

int
pages_file(const struct pages *p)
{
	return p->file;
}

enum pages_kind
pages_kind(const struct pages *p)
{
	return p->kind;
}

pid_t
pages_child(const struct pages *p)
{
	return p->kind == PAGES_FUSE ? p->fuse.pid : 0;
}

void *
pages_memory(struct pages *p)
{
	return p->mem;
}

int
pages_fd(const struct pages *p)
{
	return p->kind == PAGES_FUSE ? p->fuse.wake : -1;
}

/* -------------------------------------------------------------- park, wake */

/*
 * The child has ended: a look at pages that are not in memory would kill us.
 * From now on our view is the memory in which the child kept them.
 */
static void
view_leave(struct pages *p)
{
	(void)mmap(p->mem, E82540_DOORBELL_BYTES, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_FIXED, p->fuse.store_fd, E82540_DOORBELL_OFFSET);
}

/*
 * An access that faults before the pages are taken back says nothing: either
 * its store is among what is compared, or it faults again after that.
 */
int
pages_park(struct pages *p, const uint32_t *seen)
{
	const uint8_t *stored = p->fuse.store->file + E82540_DOORBELL_OFFSET;
	int error = pages_ready(p);

	if (error == 0)
		error = pages_fuse_take_back(&p->fuse);
	if (error == -EPIPE) {
		view_leave(p);
	} else if (error == 0 &&
	    memcmp(stored, seen, E82540_DOORBELL_BYTES) != 0) {
		pages_unpark(p);
		error = -EAGAIN;
	}
	return error;
}

/*
 * Have our view there before the model looks: a look that finds the child dead
 * would be SIGBUS, this is an error.  (EINVAL: a kernel older than 5.14.)
 */
void
pages_unpark(struct pages *p)
{
	if ((madvise(p->mem, E82540_DOORBELL_BYTES, MADV_POPULATE_READ) != 0 &&
		errno != EINVAL) ||
	    pages_fuse_alive(&p->fuse) != 0)
		view_leave(p);
}

int
pages_ready(struct pages *p)
{
	int error = pages_fuse_woken(&p->fuse);

	if (error != 0)
		view_leave(p);
	return error;
}
