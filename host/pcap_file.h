/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A capture file: pcap 2.4 with nanoseconds, link type Ethernet, in the byte
 * order of this machine.
 *
 * Writing never waits: for a reader of a FIFO, or for room on a disk.  What the
 * file does not take now waits in a buffer; records that do not fit there are
 * left out, whole.  So the file is readable from its first record to its last,
 * also after the disk was full.
 *
 * One thread at a time.
 */
#ifndef HOST_PCAP_FILE_H
#define HOST_PCAP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define PCAP_FILE_BYTES	(256u * 1024)	/* of the buffer */

struct pcap_file {
	int fd;
	bool regular;
	bool said;			/* that it is full */
	bool skip;			/* the record that is being put */
	char path[200];			/* for messages */
	uint64_t written;		/* bytes, since the beginning */
	/* Whole records; the first `done` bytes of the first are written. */
	uint8_t *data;
	size_t used, done;
};

/*
 * pcap_file_open: make the file, or empty it.  The reader of a FIFO may
 * come later.  Returns 0, or -1 with err set.
 */
int pcap_file_open(struct pcap_file *f, const char *path, struct err *err);

/*
 * pcap_file_record: a packet of len bytes, now.  They follow by
 * pcap_file_put(), in pieces.
 */
void pcap_file_record(struct pcap_file *f, uint32_t len);
void pcap_file_put(struct pcap_file *f, const void *data, size_t n);

/* pcap_file_flush: write what the file takes. */
void pcap_file_flush(struct pcap_file *f);

/* pcap_file_close: a record that is written in part is removed. */
void pcap_file_close(struct pcap_file *f);

#endif
