/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transmit statistics (13.7).  They count frames on the wire, with CRC.  If the
 * network segments a packet, they count the frames that it will make.
 */
#include "e82540_cursor.h"
#include "e82540_tx.h"

#define CRC_BYTES	4u
#define SIZES		6u		/* PTC64 to PTC1522 */

struct tally {
	uint32_t frames;
	uint32_t runts;			/* below 64 bytes: not "good" */
	uint32_t size[SIZES];
	uint32_t multicast;
	uint32_t broadcast;
	uint32_t contexts;
	uint32_t no_fcs;
	uint64_t octets;
	uint64_t runt_octets;
	uint64_t bytes;			/* as handed over */
};

/* n frames of len bytes. */
static inline void
tally_frames(struct tally *t, uint32_t len, uint32_t n)
{
	t->frames += n;
	t->octets += (uint64_t)len * n;
	if (len == 64) {
		t->size[0] += n;
	} else if (len >= 1024) {
		t->size[5] += n;
	} else if (len > 64) {
		t->size[1 + (len > 127) + (len > 255) + (len > 511)] += n;
	} else {
		t->runts += n;
		t->runt_octets += (uint64_t)len * n;
	}
}

static uint32_t
frame_padded(uint32_t len, uint32_t min_bytes)
{
	return len > min_bytes ? len : min_bytes;
}

/* Packet i is segmented by the network.  Returns the number of its frames. */
static uint32_t
tally_whole(struct tally *t, const struct e82540_tx_batch *batch,
    unsigned int i, uint32_t min_bytes)
{
	const struct e82540_packet *packet = &batch->packet[i];
	uint32_t head = packet->iov[1].len, mss = batch->mss[i];
	uint32_t payload = packet->len_bytes - head;
	uint32_t n = (payload + mss - 1) / mss;
	uint32_t last = payload - (n - 1) * mss;

	tally_frames(t, frame_padded(head + mss, min_bytes) + CRC_BYTES, n - 1);
	tally_frames(t, frame_padded(head + last, min_bytes) + CRC_BYTES, 1);
	return n;
}

/* Count n frames to a destination with the group bit. */
static void
tally_group(struct tally *t, const struct e82540_iov *iov, uint32_t n)
{
	static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };
	struct e82540_cursor data = { iov, 0 };
	uint8_t to[sizeof(all)];

	e82540_cursor_read(&data, to, sizeof(to));
	if (memcmp(to, all, sizeof(to)) == 0)
		t->broadcast += n;
	else
		t->multicast += n;
}

static void
tally_flags(struct tally *t, uint8_t flags)
{
	t->contexts += (flags & E82540_MARK_CONTEXT_DONE) != 0;
	t->no_fcs += (flags & E82540_MARK_NO_FCS) != 0;
}

static void
tally_post(const struct tally *t, struct e82540_report *report)
{
	uint32_t i;

	report->total_octets_tx += t->octets;
	report->good_octets_tx += t->octets - t->runt_octets;
	report->counters.tx_bytes += t->bytes;
	if (t->no_fcs > 0)
		e82540_rare(report)->tx_no_fcs += t->no_fcs;
	e82540_count(report, E1000_TPT, t->frames);
	e82540_count(report, E1000_GPTC, t->frames - t->runts);
	for (i = 0; i < SIZES; i++)
		if (t->size[i] > 0)
			e82540_count(report, E1000_PTC64 + i * 4, t->size[i]);
	if (t->multicast > 0)
		e82540_count(report, E1000_MPTC, t->multicast);
	if (t->broadcast > 0)
		e82540_count(report, E1000_BPTC, t->broadcast);
	if (t->contexts > 0)
		e82540_count(report, E1000_TSCTC, t->contexts);
}

void
e82540_tx_tally(const struct e82540_tx_batch *batch, unsigned int n, bool hdr,
    uint32_t min_bytes, struct e82540_report *report)
{
	const struct e82540_packet *packet = batch->packet;
	struct tally t = { 0 };
	unsigned int i;
	uint32_t frames;
	uint8_t flags;

	for (i = 0; i < n; i++, packet++) {
		flags = batch->mark[i].flags;
		frames = 1;
		if (flags & E82540_MARK_WHOLE)
			frames = tally_whole(&t, batch, i, min_bytes);
		else
			tally_frames(&t, packet->len_bytes + CRC_BYTES, 1);
		t.bytes += packet->len_bytes;
		if (flags != 0)
			tally_flags(&t, flags);
		if (*(const uint8_t *)packet->iov[hdr].base & 1)
			tally_group(&t, packet->iov + hdr, frames);
	}
	report->counters.tx_packets += n;
	tally_post(&t, report);
}
