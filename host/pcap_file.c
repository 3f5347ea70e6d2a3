/* SPDX-License-Identifier: BSD-2-Clause */
#include "pcap_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "quit.h"

#define MAGIC_NS	0xa1b23c4du
#define LINKTYPE_ETHERNET 1u
#define SNAPLEN		262144u

struct file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy;
	uint32_t snaplen;
	uint32_t linktype;
};

struct record {
	uint32_t seconds, nanoseconds;
	uint32_t captured, length;
};

/* ------------------------------------------------------------------- write */

/* Once: a disk that is full stays so for each packet. */
static void
file_say(struct pcap_file *f, int error)
{
	char text[400];

	if (f->said)
		return;
	f->said = true;
	(void)snprintf(text, sizeof(text),
	    "%s: pcap=%s: %s: the capture stops until there is room\n",
	    program_invocation_short_name, f->path,
	    error == EAGAIN ? "its reader is too slow" : strerror(error));
	quit_say(text);
}

static size_t
record_bytes(const uint8_t *at)
{
	struct record r;

	memcpy(&r, at, sizeof(r));
	return sizeof(r) + r.captured;
}

/* n bytes more of the buffer are written. */
static void
file_advance(struct pcap_file *f, size_t n)
{
	size_t at = 0, bytes;

	f->written += n;
	f->done += n;
	while (
	    f->used > at && f->done >= (bytes = record_bytes(f->data + at))) {
		f->done -= bytes;
		at += bytes;
	}
	f->used -= at;
	memmove(f->data, f->data + at, f->used);
}

/* Returns 0, or the error that stops it. */
static int
file_write(struct pcap_file *f)
{
	ssize_t n;

	while (f->used > 0) {
		n = write(f->fd, f->data + f->done, f->used - f->done);
		if (n > 0)
			file_advance(f, (size_t)n);
		else if (n == 0 || errno != EINTR)
			return n == 0 ? ENOSPC : errno;
	}
	return 0;
}

void
pcap_file_flush(struct pcap_file *f)
{
	int error = file_write(f);

	/* A FIFO's reader may be slow for as long as the buffer lasts. */
	if (error != 0 && error != EAGAIN)
		file_say(f, error);
}

void
pcap_file_record(struct pcap_file *f, uint32_t len)
{
	struct record r = { .captured = len, .length = len };
	struct timespec now;
	int error = 0;

	if (PCAP_FILE_BYTES - f->used < sizeof(r) + len)
		error = file_write(f);
	f->skip = PCAP_FILE_BYTES - f->used < sizeof(r) + len;
	if (f->skip)
		file_say(f, error);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	r.seconds = (uint32_t)now.tv_sec;
	r.nanoseconds = (uint32_t)now.tv_nsec;
	pcap_file_put(f, &r, sizeof(r));
}

void
pcap_file_put(struct pcap_file *f, const void *data, size_t n)
{
	if (f->skip)
		return;
	memcpy(f->data + f->used, data, n);
	f->used += n;
}

/* -------------------------------------------------------------- open, close */

/*
 * Without waiting.  A FIFO that nobody reads cannot be opened to write alone
 * (ENXIO).
 */
static int
file_open(const char *path)
{
	int flags = O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int fd = open(path, O_WRONLY | flags, 0666);

	return fd < 0 && errno == ENXIO ? open(path, O_RDWR | flags, 0666) : fd;
}

static int
file_begin(struct pcap_file *f)
{
	const struct file_header header = {
		.magic = MAGIC_NS,
		.major = 2,
		.minor = 4,
		.snaplen = SNAPLEN,
		.linktype = LINKTYPE_ETHERNET,
	};
	struct stat st;

	if (fstat(f->fd, &st) != 0)
		return -1;
	f->regular = S_ISREG(st.st_mode);
	f->written = sizeof(header);
	return write(f->fd, &header, sizeof(header)) == sizeof(header) ? 0 : -1;
}

int
pcap_file_open(struct pcap_file *f, const char *path, struct err *err)
{
	*f = (struct pcap_file){ .fd = -1 };
	(void)snprintf(f->path, sizeof(f->path), "%s", path);
	f->data = malloc(PCAP_FILE_BYTES);
	if (f->data == NULL)
		return err_set(err, "out of memory");
	f->fd = file_open(path);
	if (f->fd >= 0 && file_begin(f) == 0)
		return 0;
	(void)err_set(err, "pcap=%s: %s", path, strerror(errno));
	if (f->fd >= 0)
		(void)close(f->fd);
	free(f->data);
	return -1;
}

void
pcap_file_close(struct pcap_file *f)
{
	(void)file_write(f);
	if (f->regular && f->done > 0)
		(void)!ftruncate(f->fd, (off_t)(f->written - f->done));
	(void)close(f->fd);
	free(f->data);
}
