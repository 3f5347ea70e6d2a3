/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transmit: from the ring to packets for host->send().
 *
 * A run gathers a batch of packets, hands it over with one call of send(), and
 * then commits what the network took: head, reports (DD), causes, statistics.
 * It commits nothing before.  So a packet that was not taken, or whose last
 * descriptor has not come yet, is still in the ring, and the next run gathers
 * it again.  struct e82540_tx holds what a run remembers for the next: how many
 * frames of a segmentation went out, and whether a packet is being dropped.
 *
 * A run drops a packet that cannot be sent only at the front of a batch: there
 * it is sure to commit the drop.  Further behind, such a packet ends the batch.
 *
 * Most packets are one legacy descriptor without any offload.  These go through
 * simple_packets(), which touches the descriptor, an iovec, a packet, a mark;
 * e82540_tx_tally() touches the first byte of data.  All others go through
 * packet_collect(), which turns any packet into pieces of memory, and then
 * through send_plain() or send_segmented().
 */
#include "e82540_cursor.h"
#include "e82540_offload.h"
#include "e82540_rx.h"
#include "e82540_tail.h"
#include "e82540_tx.h"
#include "e82540_tx_ring.h"

#define ETH_MIN_BYTES	60u	/* without CRC */
#define ETH_BYTES	14u	/* a packet has at least these */
#define CRC_BYTES	4u

/* What packet_collect() found; its pieces are in batch->frag[]. */
struct packet {
	uint32_t first;
	uint32_t next;
	uint32_t descs;
	uint32_t reports;	/* run->reports before it */
	uint32_t frags;
	uint32_t len_bytes;
	uint64_t first_q;	/* second quadword of its first descriptor */
	uint64_t last_q;
	bool segmented;
	bool linear;		/* in batch->bounce */
	bool later;		/* bounce is in use: wait for the next run */
	bool bad_address;
	bool bad;		/* cannot be sent for another reason */
};

/* --------------------------------------------------------------- the ring */

/* The ring is no longer in memory: do nothing until TDT is written. */
static enum step
ring_gone(struct run *run)
{
	e82540_rare(run->report)->bad_address++;
	return STEP_WAIT;
}

static uint64_t
progress_gpa(const struct run *run, uint32_t i)
{
	return run->base + (uint64_t)i * E1000_DESC_BYTES;
}

static void
run_open(struct run *run)
{
	struct e82540 *dev = run->dev;
	struct e82540_tx *tx = run->tx;
	bool psp = e82540_reg(dev, E1000_TCTL) & E1000_TCTL_PSP;

	if (progress_gpa(run, run->at) != tx->progress_gpa) {
		tx->discard = false;
		tx->segments_done = 0;
		tx->partial = 0;
	}
	run->report_bits = E1000_TXD_CMD_RS;
	if (E82540_IS(dev, E82540_82544GC))
		run->report_bits |= E1000_TXD_CMD_RPS;
	run->min_bytes = psp ? ETH_MIN_BYTES : ETH_BYTES;
	run->hdr_bytes = tx->loopback ? 0 : dev->config.vnet_hdr_bytes;
	run->offloads = tx->loopback ? 0 : dev->config.offloads;
	run->scanned = run->partial = run->reports = run->iovs = 0;
	run->segment = tx->segments_done;
	run->n = run->contexts = 0;
	run->bounced = false;
	memcpy(run->batch->context[0], tx->context, sizeof(tx->context));
}

/* ------------------------------------------------------------ one by one */

/* 3.3.3.1: the model sets DD only in descriptors with RS or RPS. */
static inline void
report_add(struct run *run, uint32_t i, uint64_t q1)
{
	uint8_t cmd = desc_cmd(q1);

	if (cmd & run->report_bits)
		run->batch->report[run->reports++] =
		    i | (cmd & E1000_TXD_CMD_IDE ? REPORT_DELAYED : 0);
}

static inline void
batch_mark(struct run *run, uint32_t head, uint32_t reports, uint8_t flags)
{
	struct e82540_tx_mark *m = &run->batch->mark[run->n];

	m->head = head;
	m->reports = reports;
	m->segment = run->segment;
	m->contexts = run->contexts;
	m->flags = flags;
}

/* A header for the network that asks for nothing. */
static const uint8_t no_hdr[12];

/*
 * Gather the packets that come next, as long as each is one piece of memory,
 * in one legacy descriptor, without any offload.  This is a loop of its own so
 * that the compiler can keep its variables in registers.
 */
static void
simple_packets(struct run *run)
{
	const uint8_t bits = E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS |
	    E1000_TXD_CMD_IC | E1000_TXD_CMD_DEXT | E1000_TXD_CMD_VLE;
	const uint32_t min = run->min_bytes, hdr_bytes = run->hdr_bytes;
	const struct guest_mem *mem = &run->dev->mem;
	const uint32_t tail = run->tail;
	struct e82540_tx_batch *batch = run->batch;
	struct e82540_iov *iov = &batch->iov[run->iovs];
	unsigned int n = run->n, hint = run->tx->hint;
	uint32_t at = run->at, len;
	const void *data;
	uint64_t q[2];

	for (; n < E82540_SEND_MAX && at != tail; n++) {
		ring_read(run, at, q);
		len = q[1] & 0xFFFF;
		if ((desc_cmd(q[1]) & bits) !=
			(E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS) ||
		    len - min > E1000_TX_PACKET_MAX_BYTES - min || q[0] == 0)
			break;
		data = guest_ptr(mem, &hint, q[0], len, false);
		if (data == NULL)
			break;
		batch->mark[n] = (struct e82540_tx_mark){ .head = at,
			.reports = run->reports,
			.contexts = run->contexts };
		batch->packet[n].iov = iov;
		batch->packet[n].iovs = hdr_bytes == 0 ? 1 : 2;
		batch->packet[n].len_bytes = len;
		if (hdr_bytes != 0)
			*iov++ = (struct e82540_iov){ no_hdr, hdr_bytes };
		*iov++ = (struct e82540_iov){ data, len };
		report_add(run, at, q[1]);
		at = e82540_ring_next(at, run->count);
	}
	if (n == run->n)
		return;
	run->tx->hint = hint;
	run->segment = 0;
	run->at = at;
	run->iovs = iov - batch->iov;
	run->n = n;
}

/* 3.3.6: the chip has a context for checksums, and one for segmentation. */
static enum step
next_context(struct run *run, const uint64_t q[2])
{
	struct e82540_tx_batch *batch = run->batch;
	unsigned int kind = desc_cmd(q[1]) & E1000_TXD_TUCMD_TSE ?
	    E82540_TX_CONTEXT_TSO :
	    E82540_TX_CONTEXT_SUM;
	struct e82540_tx_context *context;

	/*
	 * If the network does not take the packets that use the old context,
	 * the next run needs it again: keep it.
	 */
	if (run->n > 0 && batch->mark[run->n - 1].contexts == run->contexts) {
		memcpy(batch->context[run->contexts + 1],
		    batch->context[run->contexts], sizeof(batch->context[0]));
		run->contexts++;
	}
	context = &batch->context[run->contexts][kind];
	context->qword[0] = q[0];
	context->qword[1] = q[1];
	context->loaded = true;
	report_add(run, run->at, q[1]);
	run->segment = 0;
	run->at = e82540_ring_next(run->at, run->count);
	run->scanned++;
	return STEP_NEXT;
}

/*
 * 3.3.3: a descriptor with address 0 or length 0 transfers no data.  If it
 * comes before a packet, the model finishes it at once and does not count it as
 * part of the packet.  Some drivers give the chip a ring of zeros and put their
 * first packet at any place in it.
 */
static bool
desc_is_null(const uint64_t q[2])
{
	bool extended = desc_cmd(q[1]) & E1000_TXD_CMD_DEXT;

	if (desc_cmd(q[1]) & E1000_TXD_CMD_EOP ||
	    (extended && desc_type(q[1]) != E1000_TXD_DTYP_DATA))
		return false;
	return q[0] == 0 ||
	    (q[1] & (extended ? E1000_TXD_LEN_MASK : 0xFFFF)) == 0;
}

static enum step
next_null(struct run *run, const uint64_t q[2])
{
	report_add(run, run->at, q[1]);
	run->segment = 0;
	run->at = e82540_ring_next(run->at, run->count);
	run->scanned++;
	return STEP_NEXT;
}

/* Skip the rest of a packet that is being dropped. */
static enum step
packet_discard(struct run *run)
{
	uint64_t q[2];

	while (run->at != run->tail && run->scanned < E82540_TX_DESCS_MAX) {
		if (!desc_read(run, run->at, q))
			return ring_gone(run);
		report_add(run, run->at, q[1]);
		run->at = e82540_ring_next(run->at, run->count);
		run->scanned++;
		if (!desc_is_context(q[1]) &&
		    desc_cmd(q[1]) & E1000_TXD_CMD_EOP) {
			run->tx->discard = false;
			return STEP_NEXT;
		}
	}
	return STEP_LATER;
}

/* --------------------------------------------------------------- gathering */

static void
packet_linearise(struct run *run, struct packet *p)
{
	struct e82540_tx_batch *batch = run->batch;
	struct e82540_cursor from = { batch->frag, 0 };

	e82540_cursor_read(&from, batch->bounce, p->len_bytes);
	batch->frag[0].base = batch->bounce;
	batch->frag[0].len = p->len_bytes;
	p->frags = 1;
	p->linear = true;
}

/* Add a piece.  If there are too many, copy them all into one buffer. */
static void
packet_add_piece(struct run *run, struct packet *p, const void *data,
    uint32_t len)
{
	struct e82540_iov *frag = run->batch->frag;

	if (p->frags == E82540_TX_FRAGS_MAX) {
		p->bad = p->segmented;
		p->later = run->bounced;
		if (p->bad || p->later)
			return;
		packet_linearise(run, p);
	}
	if (p->linear) {
		memcpy(run->batch->bounce + p->len_bytes, data, len);
		frag[0].len += len;
	} else {
		frag[p->frags].base = data;
		frag[p->frags++].len = len;
	}
	p->len_bytes += len;
}

/* 3.3.3, 3.3.7: a descriptor with address 0 or length 0 has no data. */
static void
packet_add_data(struct run *run, struct packet *p, const uint64_t q[2])
{
	uint32_t max = p->segmented ? E1000_TXD_LEN_MASK + UINT8_MAX :
				      E1000_TX_PACKET_MAX_BYTES;
	bool extended = desc_cmd(q[1]) & E1000_TXD_CMD_DEXT;
	uint32_t len = q[1] & (extended ? E1000_TXD_LEN_MASK : 0xFFFF), span;
	uint64_t gpa = q[0];
	const void *data;

	if (extended && desc_type(q[1]) != E1000_TXD_DTYP_DATA)
		p->bad = true;
	if (gpa == 0)
		return;
	if (len > max - p->len_bytes)
		p->bad = true;
	for (; len > 0; len -= span, gpa += span) {
		if (p->bad || p->bad_address || p->later)
			return;
		span = len;
		data = guest_span(&run->dev->mem, &run->tx->hint, gpa, &span,
		    false);
		if (data == NULL)
			p->bad_address = true;
		else
			packet_add_piece(run, p, data, span);
	}
}

/* Drops only at the front of a batch: only there the count is sure to hold. */
static enum step
packet_drop(struct run *run, const struct packet *p)
{
	if (run->n > 0) {
		run->reports = p->reports;
		return STEP_LATER;
	}
	if (p->bad_address)
		e82540_rare(run->report)->bad_address++;
	else
		e82540_rare(run->report)->bad_descriptor++;
	if (p->segmented)
		e82540_count(run->report, E1000_TSCTFC, 1);
	run->segment = 0;
	run->at = p->next;
	return STEP_NEXT;
}

/*
 * The most descriptors that a packet can have.  A packet that fills the ring
 * without an end never gets one: the ring has no room for it.
 */
static uint32_t
descs_max(const struct run *run)
{
	return run->count - 1 < E82540_TX_DESCS_MAX ? run->count - 1 :
						      E82540_TX_DESCS_MAX;
}

/* The descriptors up to `end` are not the whole packet. */
static enum step
packet_incomplete(struct run *run, struct packet *p, uint32_t end)
{
	bool endless = p->descs >= descs_max(run);

	if (endless && run->n == 0) {
		run->tx->discard = true;
		p->next = end;
		packet_drop(run, p);
		return STEP_LATER;
	}
	run->reports = p->reports;
	if (endless || end != run->tail)
		return STEP_LATER;
	run->partial = p->descs;
	return STEP_WAIT;
}

/*
 * Collect the packet at run->at.  Returns STEP_NEXT if all of it is there.  A
 * context descriptor within a packet makes the packet bad, and loads nothing.
 */
static enum step
packet_collect(struct run *run, struct packet *p)
{
	uint32_t i = run->at;
	bool context;
	uint64_t q[2];

	memset(p, 0, sizeof(*p));
	p->first = i;
	p->reports = run->reports;
	do {
		if (i == run->tail || run->scanned == E82540_TX_DESCS_MAX)
			return packet_incomplete(run, p, i);
		if (!desc_read(run, i, q)) {
			run->reports = p->reports;
			return ring_gone(run);
		}
		context = desc_is_context(q[1]);
		if (p->descs == 0) {
			p->first_q = q[1];
			p->segmented = desc_cmd(q[1]) & E1000_TXD_CMD_DEXT &&
			    desc_cmd(q[1]) & E1000_TXD_CMD_TSE;
		}
		if (context)
			p->bad = true;
		else
			packet_add_data(run, p, q);
		report_add(run, i, q[1]);
		p->last_q = q[1];
		p->descs++;
		run->scanned++;
		i = e82540_ring_next(i, run->count);
	} while (context || !(desc_cmd(q[1]) & E1000_TXD_CMD_EOP));
	p->next = i;
	if (!p->later)
		return STEP_NEXT;
	run->reports = p->reports;
	return STEP_LATER;
}

/*
 * tx->partial is how many descriptors of the packet at TDH have been looked at
 * so far.  Is the packet complete now, or is there another reason to collect
 * it?  This looks at each descriptor only once, even if each write of TDT
 * brings only a few of them.
 */
static bool
partial_changed(struct run *run)
{
	uint32_t there = e82540_ring_distance(run->at, run->tail, run->count);
	uint32_t *seen = &run->tx->partial, i;
	uint64_t q[2];

	if (there < *seen)
		return true;
	i = run->at + *seen;
	i = i >= run->count ? i - run->count : i;
	for (; *seen < there && *seen < descs_max(run); ++*seen) {
		if (!desc_read(run, i, q) ||
		    (!desc_is_context(q[1]) &&
			desc_cmd(q[1]) & E1000_TXD_CMD_EOP))
			return true;
		i = e82540_ring_next(i, run->count);
	}
	return *seen >= descs_max(run);
}

/* ---------------------------------------------------------------- sending */

/* Is there room for a packet's pieces, and for simple packets behind it? */
static bool
iovs_room(const struct run *run, const struct packet *p)
{
	return run->iovs + 2 + p->frags + 2 * E82540_SEND_MAX <= E82540_TX_IOVS;
}

static void
frame_open(struct run *run, struct e82540_tx_frame *f)
{
	memset(f, 0, sizeof(*f));
	f->head = run->batch->head[run->n] + E82540_TX_HEAD_ROOM;
	f->offloads = run->offloads;
}

static struct e82540_iov *
batch_emit_payload(struct e82540_iov *iov, const struct e82540_tx_frame *f)
{
	struct e82540_cursor c = f->payload;
	uint32_t left;

	for (left = f->payload_bytes; left > 0; left -= iov++->len) {
		if (c.offset == c.iov->len) {
			c.iov++;
			c.offset = 0;
		}
		iov->base = (const uint8_t *)c.iov->base + c.offset;
		iov->len = c.iov->len - c.offset;
		if (iov->len > left)
			iov->len = left;
		c.offset += iov->len;
	}
	return iov;
}

static void
batch_emit(struct run *run, const struct e82540_tx_frame *f,
    const struct packet *p, uint8_t flags)
{
	struct e82540_packet *packet = &run->batch->packet[run->n];
	struct e82540_iov *iov = &run->batch->iov[run->iovs];
	uint8_t *hdr = run->batch->head[run->n];

	packet->iov = iov;
	packet->len_bytes = f->head_bytes + f->payload_bytes;
	if (run->hdr_bytes != 0) {
		memcpy(hdr, f->hdr, sizeof(f->hdr));
		iov->base = f->hdr_used ? hdr : no_hdr;
		iov++->len = run->hdr_bytes;
	}
	if (f->head_bytes > 0) {
		iov->base = f->head;
		iov++->len = f->head_bytes;
	}
	iov = batch_emit_payload(iov, f);
	packet->iovs = iov - packet->iov;
	run->iovs += packet->iovs;
	batch_mark(run, p->first, p->reports, flags);
	run->n++;
}

/* q1: of the descriptor whose VLE counts (3.3.7.1).  A tag needs CTRL.VME. */
static void
job_open(const struct run *run, struct e82540_tx_job *job, uint64_t q1)
{
	memset(job, 0, sizeof(*job));
	job->pad = run->min_bytes == ETH_MIN_BYTES;
	job->tag = desc_cmd(q1) & E1000_TXD_CMD_VLE &&
	    e82540_reg(run->dev, E1000_CTRL) & E1000_CTRL_VME;
	job->tag_type = e82540_reg(run->dev, E1000_VET) & 0xFFFF;
	job->tag_control = q1 >> 48;
}

/*
 * POPTS and CSS count in a packet's first descriptor; IC, CSO, VLE in its last
 * (3.3.3, 3.3.7.3).
 */
static void
plain_job(const struct run *run, struct e82540_tx_job *job,
    const struct packet *p)
{
	uint8_t last = desc_cmd(p->last_q);

	job_open(run, job, p->last_q);
	if (desc_cmd(p->first_q) & E1000_TXD_CMD_DEXT) {
		e82540_offload_sums(job,
		    &run->batch->context[run->contexts][E82540_TX_CONTEXT_SUM],
		    p->first_q >> 40 & 0xFF);
	} else {
		job->l4.wanted =
		    last & E1000_TXD_CMD_IC && !(last & E1000_TXD_CMD_DEXT);
		job->l4.start = p->first_q >> 40 & 0xFF;
		job->l4.offset = p->last_q >> 16 & 0xFF;
	}
}

/*
 * Without IFCS the chip sends the bytes as they are: the guest has put a CRC
 * behind its packet (3.3.3.1).  Packets for the network have no CRC, so the
 * model takes it off.  If the last four bytes are not the CRC of the others,
 * they are data: the driver was written for hypervisors that send all bytes.
 * On a wire each receiver would drop that frame.
 */
static uint32_t
plain_len(const struct run *run, const struct packet *p)
{
	if (desc_cmd(p->last_q) & E1000_TXD_CMD_IFCS || p->bad ||
	    p->bad_address || p->len_bytes == 0)
		return p->len_bytes;
	if (e82540_offload_fcs(run->batch->frag, p->len_bytes))
		return p->len_bytes - CRC_BYTES;
	return p->len_bytes;
}

/*
 * A packet of null descriptors alone is empty; it is legal, and nothing is
 * sent.
 */
static enum step
send_plain(struct run *run, struct packet *p)
{
	struct e82540_tx_job job;
	struct e82540_tx_frame f;
	uint32_t len = plain_len(run, p);

	if (p->bad || p->bad_address || (p->len_bytes > 0 && len < ETH_BYTES))
		return packet_drop(run, p);
	if (!iovs_room(run, p)) {
		run->reports = p->reports;
		return STEP_LATER;
	}
	run->segment = 0;
	run->at = p->next;
	if (len == 0)
		return STEP_NEXT;
	plain_job(run, &job, p);
	frame_open(run, &f);
	f.payload.iov = run->batch->frag;
	f.head_bytes = e82540_offload_head(&job, len);
	f.payload_bytes = len - f.head_bytes;
	e82540_cursor_read(&f.payload, f.head, f.head_bytes);
	e82540_offload(&f, &job, 0);
	batch_emit(run, &f, p,
	    desc_cmd(p->last_q) & E1000_TXD_CMD_IFCS || len < p->len_bytes ?
		0 :
		E82540_MARK_NO_FCS);
	run->bounced |= p->linear;
	return STEP_NEXT;
}

static bool
send_whole(struct run *run, const struct packet *p,
    const struct e82540_tx_tso *tso, const struct e82540_tx_job *job,
    struct e82540_cursor payload)
{
	struct e82540_tx_frame f;

	frame_open(run, &f);
	f.payload = payload;
	if (!e82540_tso_whole(&f, tso, job, run->batch->header))
		return false;
	run->batch->mss[run->n] = tso->mss;
	batch_emit(run, &f, p, E82540_MARK_CONTEXT_DONE | E82540_MARK_WHOLE);
	return true;
}

/* Send the frames of a segmented packet, from run->segment on. */
static enum step
send_frames(struct run *run, const struct packet *p,
    const struct e82540_tx_tso *tso, const struct e82540_tx_job *job,
    struct e82540_cursor payload)
{
	struct e82540_tx_frame f;

	e82540_cursor_skip(&payload, run->segment * tso->mss);
	for (; run->segment < tso->segments; run->segment++) {
		if (run->n == E82540_SEND_MAX || !iovs_room(run, p)) {
			run->reports = p->reports;
			return STEP_LATER;
		}
		frame_open(run, &f);
		f.payload = payload;
		e82540_tso_frame(&f, tso, job, run->batch->header,
		    run->segment);
		batch_emit(run, &f, p,
		    run->segment + 1 == tso->segments ?
			E82540_MARK_CONTEXT_DONE :
			0);
		if (run->segment + 1 < tso->segments)
			e82540_cursor_skip(&payload, tso->mss);
	}
	return STEP_NEXT;
}

/* IFCS has no effect here: the guest does not make these frames' CRCs. */
static enum step
send_segmented(struct run *run, struct packet *p)
{
	const struct e82540_tx_context *context =
	    &run->batch->context[run->contexts][E82540_TX_CONTEXT_TSO];
	struct e82540_cursor payload = { run->batch->frag, 0 };
	struct e82540_tx_tso tso;
	struct e82540_tx_job job;

	if (p->bad || p->bad_address ||
	    !e82540_tso_open(&tso, context, p->len_bytes) ||
	    run->segment >= tso.segments)
		return packet_drop(run, p);
	if (!iovs_room(run, p)) {
		run->reports = p->reports;
		return STEP_LATER;
	}
	job_open(run, &job, p->first_q);
	e82540_offload_sums(&job, context, p->first_q >> 40 & 0xFF);
	e82540_cursor_read(&payload, run->batch->header, tso.header_bytes);
	if ((run->segment > 0 || !send_whole(run, p, &tso, &job, payload)) &&
	    send_frames(run, p, &tso, &job, payload) != STEP_NEXT)
		return STEP_LATER;
	run->segment = 0;
	run->at = p->next;
	return STEP_NEXT;
}

static enum step
run_next(struct run *run)
{
	struct packet p;
	uint64_t q[2];
	enum step step;

	if (run->scanned == E82540_TX_DESCS_MAX)
		return STEP_LATER;
	if (!desc_read(run, run->at, q))
		return ring_gone(run);
	if (desc_is_context(q[1]))
		return next_context(run, q);
	if (desc_is_null(q))
		return next_null(run, q);
	step = packet_collect(run, &p);
	if (step != STEP_NEXT)
		return step;
	return p.segmented ? send_segmented(run, &p) : send_plain(run, &p);
}

/* ----------------------------------------------------------------- commit */

/*
 * Write the status: DD alone (3.3.3.2).  This comes after the head, and after
 * the model's last read of descriptor and buffer: a guest that sees DD may use
 * them again.
 */
static void
commit_report(const struct run *run, uint32_t what)
{
	uint8_t *desc = desc_at(run, what & 0xFFFF);

	guest_publish8(desc + offsetof(struct e1000_tx_desc, status),
	    E1000_TXD_STAT_DD);
	if (what & REPORT_DELAYED) {
		run->report->txdw_delayed = true;
	} else {
		/* 3.3.3.1: TXDW comes at once, and stops the timer. */
		run->report->txdw_delayed = false;
		run->report->icr |= E1000_ICR_TXDW;
	}
}

/*
 * 3.4.3: TXQE when the ring has become empty; TXD_LOW when the number of
 * descriptors left falls to 8 * LWTHRESH (13.4.43).  With tx_kick() or doorbell
 * memory the guest can write TDT several times before one run.  A chip would
 * have begun with the first of them, so perhaps it would not have set TXD_LOW:
 * then maybe_low is reported.
 */
static void
commit_causes(const struct run *run, uint32_t head)
{
	uint32_t low =
	    (e82540_reg(run->dev, E1000_TXDCTL) & E1000_TXDCTL_LWTHRESH_MASK) >>
	    E1000_TXDCTL_LWTHRESH_SHIFT;
	uint32_t before =
	    e82540_ring_distance(run->first, run->tail, run->count);
	uint32_t left = e82540_ring_distance(head, run->tail, run->count);

	if (left == 0)
		run->report->icr |= E1000_ICR_TXQE;
	if (E82540_IS(run->dev, E82540_82544GC) || before <= low * 8 ||
	    left > low * 8)
		return;
	if (low == 0 ||
	    (run->dev->host.tx_kick == NULL && run->dev->doorbell.mem == NULL))
		run->report->icr |= E1000_ICR_TXD_LOW;
	else
		run->report->maybe_low = true;
}

/* Commit what the network took, and the descriptors up to the next packet. */
static void
run_commit(struct run *run, unsigned int taken)
{
	const struct e82540_tx_mark *m = &run->batch->mark[taken];
	const struct guest_mem *mem = &run->dev->mem;
	struct e82540_tx *tx = run->tx;
	uint32_t head = m->head, i;

	/* Before the reports, as it reads the packets once more. */
	if (taken > 0)
		e82540_tx_tally(run->batch, taken, run->hdr_bytes != 0,
		    run->min_bytes, run->report);
	memcpy(tx->context, run->batch->context[m->contexts],
	    sizeof(tx->context));
	tx->segments_done = m->segment;
	tx->partial = taken == run->n ? run->partial : 0;
	if (run->mended)
		head = ring_mended(run, head);
	tx->progress_gpa = progress_gpa(run, head);
	e82540_index_set(&run->dev->tdh, head);
	for (i = 0; i < m->reports; i++)
		commit_report(run, run->batch->report[i]);
	for (i = 0; mem->dirty != NULL && i < m->reports; i++)
		guest_dirty_keep(mem, &tx->dirty,
		    run->base +
			(run->batch->report[i] & 0xFFFF) * E1000_DESC_BYTES,
		    E1000_DESC_BYTES);
	guest_dirty_end(mem, &tx->dirty);
	commit_causes(run, m->head);
}

/* --------------------------------------------------------------- delivery */

/*
 * The wire loses the packets: the network has taken none for too long.  The
 * chip's own statistics count them as sent.
 */
static void
packets_lose(struct run *run)
{
	struct e82540_traffic *c = &run->report->counters;
	unsigned int i;

	for (i = 0; i < run->n; i++) {
		e82540_rare(run->report)->tx_dropped++;
		c->tx_packets--;
		c->tx_bytes -= run->batch->packet[i].len_bytes;
	}
}

static unsigned int
to_network(struct run *run)
{
	struct e82540 *dev = run->dev;
	unsigned int taken;

	run->tx->report = run->report;
	taken = dev->host.send(dev->config.ctx, run->batch->packet, run->n);
	run->tx->report = NULL;
	run->report->counters.tx_sends++;
	/* It takes frames again: what it has no room for yet waits. */
	if (taken > 0)
		run->tx->dropping = false;
	if (taken >= run->n)
		return run->n;
	run->report->counters.tx_stopped++;
	if (run->tx->dropping) {
		packets_lose(run);
		return run->n;
	}
	run->tx->blocked = run->report->held = true;
	return taken;
}

/* 3.2.7.4, 13.7.5: in loopback no caller keeps the frame: it is lost. */
static void
loop_missed(struct e82540_report *report)
{
	report->counters.rx_waited--;
	report->counters.rx_dropped++;
	report->icr |= E1000_ICR_RXO;
	e82540_count(report, E1000_RNBC, 1);
	e82540_count(report, E1000_MPC, 1);
}

/*
 * Loopback.  Each packet is copied first: the receiver may store it into the
 * very buffer that it comes from.  If the receiver has no room for a packet, it
 * is lost, as on a wire.
 */
static unsigned int
to_ourselves(struct run *run)
{
	struct e82540 *dev = run->dev;
	struct e82540_frame frame = { .data = run->batch->loop };
	struct e82540_cursor from = { 0 };
	bool waiting;
	unsigned int i;

	/*
	 * The tail suffices here.  Other registers of the receiver that the
	 * guest wrote in doorbell memory need the bus lock, and come later.
	 */
	(void)e82540_path_begin(dev, E82540_LOCK_RX);
	waiting = dev->rx.waiting;
	for (i = 0; i < run->n; i++) {
		from.iov = run->batch->packet[i].iov;
		from.offset = 0;
		frame.len_bytes = run->batch->packet[i].len_bytes;
		e82540_cursor_read(&from, run->batch->loop, frame.len_bytes);
		if (e82540_rx_run(dev, &frame, 1, run->report) == 0) {
			dev->rx.waiting = waiting;
			loop_missed(run->report);
		}
	}
	e82540_path_end(dev, E82540_LOCK_RX);
	return run->n;
}

bool
e82540_tx_run(struct e82540 *dev, struct e82540_report *report)
{
	struct e82540_tx *tx = &dev->tx;
	enum step step = STEP_NEXT;
	unsigned int taken = 0, n;
	struct run run;

	if (!tx->open || (tx->blocked && !tx->loopback) ||
	    !ring_open(&run, dev, report))
		return false;
	run_open(&run);
	if (tx->partial > 0 && !partial_changed(&run))
		return false;
	if (tx->discard)
		step = packet_discard(&run);
	while (step == STEP_NEXT && run.n < E82540_SEND_MAX &&
	    run.at != run.tail) {
		n = run.n;
		if (run.ring != NULL)
			simple_packets(&run);
		if (run.n == n)
			step = run_next(&run);
	}
	batch_mark(&run, run.at, run.reports, 0);
	if (run.n > 0)
		taken = tx->loopback ? to_ourselves(&run) : to_network(&run);
	run_commit(&run, taken);
	return taken == run.n && step != STEP_WAIT &&
	    (e82540_index(&dev->tdh) != run.tail || run.mended);
}

void
e82540_tx_forget(struct e82540 *dev)
{
	struct e82540_tx *tx = &dev->tx;

	tx->discard = false;
	tx->segments_done = 0;
	tx->partial = 0;
	tx->progress_gpa = 0;
}

void
e82540_tx_reset(struct e82540 *dev)
{
	e82540_tx_forget(dev);
	memset(dev->tx.context, 0, sizeof(dev->tx.context));
}
