/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the model does to a packet between ring and network: checksums,
 * segmentation, VLAN tags, padding.  Tx lock.
 */
#ifndef E82540_OFFLOAD_H
#define E82540_OFFLOAD_H

#include "e82540_cursor.h"
#include "e82540_impl.h"

/* A frame on its way out: bytes that may be changed, then others. */
struct e82540_tx_frame {
	uint8_t *head;		/* HEAD_ROOM bytes before it are free */
	uint32_t head_bytes;
	uint32_t payload_bytes;
	struct e82540_cursor payload;
	uint8_t hdr[12];	/* struct e82540_vnet_hdr */
	bool hdr_used;		/* it is not all zero */
	uint8_t offloads;	/* E82540_OFFLOAD_*: what may go there */
};

/* A checksum to insert: of bytes start to end (0: the last), at offset. */
struct e82540_tx_sum {
	bool wanted;
	uint8_t start;
	uint8_t offset;
	uint16_t end;
};

/* What a packet's descriptors ask for. */
struct e82540_tx_job {
	struct e82540_tx_sum ip;
	struct e82540_tx_sum l4;	/* TCP, UDP, or the legacy one */
	bool pad;			/* to 60 bytes, TCTL.PSP */
	bool tag;
	uint16_t tag_type;
	uint16_t tag_control;
};

/* A segmentation context (3.5), with what it was checked against. */
struct e82540_tx_tso {
	uint32_t payload_bytes;
	uint32_t segments;
	uint16_t mss;
	uint8_t header_bytes;
	uint8_t ip_start;
	uint8_t l4_start;
	uint8_t tucmd;
};

/*
 * e82540_offload_fcs: are the last four of these len bytes the CRC of the
 * others?
 */
bool e82540_offload_fcs(const struct e82540_iov *iov, uint32_t len);

/* e82540_offload_head: how many bytes at the front a job may change. */
uint32_t e82540_offload_head(const struct e82540_tx_job *job, uint32_t len);

/*
 * e82540_offload: do the job.  l4_add: to be added to the TCP or UDP sum.
 * f->head_bytes: what e82540_offload_head() said.
 */
void e82540_offload(struct e82540_tx_frame *f, const struct e82540_tx_job *job,
    uint32_t l4_add);

/* e82540_offload_sums: what the context and POPTS want. */
void e82540_offload_sums(struct e82540_tx_job *job,
    const struct e82540_tx_context *context, uint8_t popts);

/*
 * e82540_tso_open: take a context apart, for a packet of len bytes.  Returns
 * false if context and length do not match, or the context makes no sense.
 */
bool e82540_tso_open(struct e82540_tx_tso *tso,
    const struct e82540_tx_context *context, uint32_t len);

/* e82540_tso_frame: make frame i of it, with its head a copy of header. */
void
e82540_tso_frame(struct e82540_tx_frame *f, const struct e82540_tx_tso *tso,
    const struct e82540_tx_job *job, const uint8_t *header, uint32_t i);

/*
 * e82540_tso_whole: leave the segmentation to the network, if it is one that
 * the network can do.  Returns false, having done nothing, if not.
 */
bool
e82540_tso_whole(struct e82540_tx_frame *f, const struct e82540_tx_tso *tso,
    const struct e82540_tx_job *job, const uint8_t *header);

#endif
