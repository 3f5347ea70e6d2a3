/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the model does to a packet between the ring and the network: checksums
 * (3.6), segmentation (3.5), VLAN tag (9.3), padding.  It changes only the
 * first bytes, in a copy; the rest stays in guest memory, and the model reads
 * it only if a checksum covers it.
 *
 * Positions come from the guest.  If a position is outside of the packet, its
 * checksum is left out, as 3.3.3.1 and 3.3.6 say.  So nothing here reaches
 * beyond what was gathered (CVE-2022-23087 was such a case).
 */
#include "e82540_impl.h"
#include "e82540_cursor.h"
#include "e82540_offload.h"
#include "e82540_sum.h"

#define ETH_BYTES	14u
#define ETH_ADDRESSES	12u		/* bytes of both addresses */
#define ETH_MIN_BYTES	60u		/* without CRC */
#define CRC_BYTES	4u
#define TAG_BYTES	4u
#define TYPE_IPV4	0x0800u
#define TYPE_IPV6	0x86DDu
#define TYPE_8021AD	0x88A8u
#define IPV4_BYTES	20u
#define IPV6_BYTES	40u
#define PROTOCOL_TCP	6u
#define TCP_BYTES	20u
#define TCP_CHECKSUM	16u		/* offset in the TCP header */
#define TCP_FIN		0x01u
#define TCP_PSH		0x08u
#define TCP_CWR		0x80u
#define UDP_BYTES	8u
#define UDP_CHECKSUM	6u
#define IP_MAX_BYTES	65535u

/* -------------------------------------------------------------- checksums */

/*
 * Add to sum n bytes, from `skip` bytes behind the cursor on.  at: how many
 * bytes come before them.
 */
static uint64_t
cursor_sum(struct e82540_cursor c, uint32_t skip, uint32_t n, uint64_t sum,
    uint32_t at)
{
	size_t piece;

	c.offset += skip;
	while (n > 0) {
		if (c.offset >= c.iov->len) {
			c.offset -= c.iov->len;
			c.iov++;
			continue;
		}
		piece = c.iov->len - c.offset;
		if (piece > n)
			piece = n;
		sum = e82540_sum_piece((const uint8_t *)c.iov->base + c.offset,
		    piece, sum, at);
		at += piece;
		n -= piece;
		c.offset += piece;
	}
	return sum;
}

bool
e82540_offload_fcs(const struct e82540_iov *iov, uint32_t len)
{
	uint32_t crc = 0, piece;

	if (len < CRC_BYTES)
		return false;
	for (; len > 0; len -= piece, iov++) {
		piece = iov->len < len ? iov->len : len;
		crc = e82540_fcs_add(crc, iov->base, piece);
	}
	return crc == E82540_FCS_OF_GOOD;
}

static uint64_t
frame_sum(const struct e82540_tx_frame *f, uint32_t start, uint32_t end)
{
	uint32_t in_head = 0;
	uint64_t sum = 0;

	if (start < f->head_bytes) {
		in_head = (end < f->head_bytes ? end : f->head_bytes) - start;
		sum = e82540_sum(f->head + start, in_head, 0);
		start += in_head;
	}
	if (start < end)
		sum = cursor_sum(f->payload, start - f->head_bytes, end - start,
		    sum, in_head);
	return sum;
}

/*
 * The offset behind the last byte that a checksum covers.  An end of 0, or one
 * behind the packet, means the packet's end.  Returns 0 if the checksum is not
 * to be inserted.
 */
static uint32_t
sum_end(const struct e82540_tx_frame *f, const struct e82540_tx_sum *s)
{
	uint32_t len = f->head_bytes + f->payload_bytes;
	uint32_t end = s->end == 0 || s->end >= len ? len : s->end + 1u;

	if (!s->wanted || s->start >= end || s->offset + 2u > f->head_bytes)
		return 0;
	return end;
}

static void
sum_insert(struct e82540_tx_frame *f, const struct e82540_tx_sum *s,
    uint32_t end, uint32_t add)
{
	uint16_t sum = ~e82540_fold(frame_sum(f, s->start, end) + add);

	/* In UDP a checksum of 0 means no checksum (RFC 768). */
	if (sum == 0 && s->offset == s->start + UDP_CHECKSUM)
		sum = 0xFFFF;
	e82540_put_be16(f->head + s->offset, sum);
}

/* ------------------------------------------------------ to the network */

/*
 * Leave the checksum to the network.  Its field keeps the value that the sum
 * starts with, which means the same to the chip and to virtio.  The tag is
 * inserted later, before the bytes that are summed; so csum_start counts it.
 */
static void
sum_leave(struct e82540_tx_frame *f, const struct e82540_tx_job *job,
    uint32_t add)
{
	uint8_t *field = f->head + job->l4.offset;

	e82540_put_be16(field,
	    e82540_fold((uint64_t)e82540_get_be16(field) + add));
	f->hdr[offsetof(struct e82540_vnet_hdr, flags)] =
	    E82540_VNET_NEEDS_CSUM;
	e82540_put16(&f->hdr[offsetof(struct e82540_vnet_hdr, csum_start)],
	    job->l4.start + (job->tag ? TAG_BYTES : 0));
	e82540_put16(&f->hdr[offsetof(struct e82540_vnet_hdr, csum_offset)],
	    job->l4.offset - job->l4.start);
	f->hdr_used = true;
}

/* Can the network insert it?  The network sums to the end of the packet. */
static bool
sum_leavable(const struct e82540_tx_frame *f, const struct e82540_tx_sum *s,
    uint32_t end)
{
	return f->offloads & E82540_OFFLOAD_CSUM &&
	    end == f->head_bytes + f->payload_bytes && s->start >= ETH_BYTES &&
	    s->offset >= s->start;
}

/* ------------------------------------------------------------ the job */

uint32_t
e82540_offload_head(const struct e82540_tx_job *job, uint32_t len)
{
	uint32_t n = job->tag ? ETH_ADDRESSES : 0;

	if (job->ip.wanted && job->ip.offset + 2u > n)
		n = job->ip.offset + 2u;
	if (job->l4.wanted && job->l4.offset + 2u > n)
		n = job->l4.offset + 2u;
	if (job->pad && len < ETH_MIN_BYTES)
		n = len;
	return n < len ? n : len;
}

/* 9.1.1: insert type and tag between source address and type. */
static void
tag_insert(struct e82540_tx_frame *f, const struct e82540_tx_job *job)
{
	f->head -= TAG_BYTES;
	f->head_bytes += TAG_BYTES;
	memmove(f->head, f->head + TAG_BYTES, ETH_ADDRESSES);
	e82540_put_be16(f->head + ETH_ADDRESSES, job->tag_type);
	e82540_put_be16(f->head + ETH_ADDRESSES + 2, job->tag_control);
}

static void
frame_pad(struct e82540_tx_frame *f)
{
	uint32_t len = f->head_bytes + f->payload_bytes;

	if (len >= ETH_MIN_BYTES)
		return;
	e82540_cursor_read(&f->payload, f->head + f->head_bytes,
	    f->payload_bytes);
	memset(f->head + len, 0, ETH_MIN_BYTES - len);
	f->head_bytes = ETH_MIN_BYTES;
	f->payload_bytes = 0;
}

/*
 * Offsets do not count the tag (3.3.3), and sums do not cover the padding.  The
 * IP sum comes first, as the other sum may cover it.
 */
void
e82540_offload(struct e82540_tx_frame *f, const struct e82540_tx_job *job,
    uint32_t l4_add)
{
	uint32_t end = sum_end(f, &job->ip);

	if (end != 0)
		sum_insert(f, &job->ip, end, 0);
	end = sum_end(f, &job->l4);
	if (end != 0 && sum_leavable(f, &job->l4, end))
		sum_leave(f, job, l4_add);
	else if (end != 0)
		sum_insert(f, &job->l4, end, l4_add);
	if (job->tag)
		tag_insert(f, job);
	if (job->pad)
		frame_pad(f);
}

/* 3.3.6, first quadword. */
void
e82540_offload_sums(struct e82540_tx_job *job,
    const struct e82540_tx_context *context, uint8_t popts)
{
	uint64_t q = context->qword[0];

	/* 3.6: without a context unpredictable; here there is no checksum. */
	if (!context->loaded)
		return;
	job->ip.wanted = popts & E1000_TXD_POPTS_IXSM;
	job->ip.start = q & 0xFF;
	job->ip.offset = q >> 8 & 0xFF;
	job->ip.end = q >> 16 & 0xFFFF;
	job->l4.wanted = popts & E1000_TXD_POPTS_TXSM;
	job->l4.start = q >> 32 & 0xFF;
	job->l4.offset = q >> 40 & 0xFF;
	job->l4.end = q >> 48;
}

/* ----------------------------------------------------------- segmentation */

/* Do the headers that each frame edits lie in the header that is repeated? */
static bool
tso_headers_fit(const struct e82540_tx_tso *t)
{
	uint32_t ip = t->tucmd & E1000_TXD_TUCMD_IP ? IPV4_BYTES : IPV6_BYTES;
	uint32_t l4 = t->tucmd & E1000_TXD_TUCMD_TCP ? TCP_BYTES : UDP_BYTES;

	if (t->header_bytes < ETH_BYTES)
		return false;
	if (!(t->tucmd & (E1000_TXD_TUCMD_TCP | E1000_TXD_TUCMD_IP)))
		return true;
	return t->ip_start + ip <= t->header_bytes &&
	    t->l4_start + l4 <= t->header_bytes;
}

/* 3.3.6 and its notes; a length that does not match is an error (13.7.54). */
bool
e82540_tso_open(struct e82540_tx_tso *tso,
    const struct e82540_tx_context *context, uint32_t len)
{
	const uint64_t *q = context->qword;
	uint32_t longest;

	tso->payload_bytes = q[1] & E1000_TXD_LEN_MASK;
	tso->tucmd = q[1] >> E1000_TXD_CMD_SHIFT & 0xFF;
	tso->header_bytes = q[1] >> 40 & 0xFF;
	tso->mss = q[1] >> 48;
	tso->ip_start = q[0] & 0xFF;
	tso->l4_start = q[0] >> 32 & 0xFF;
	if (!context->loaded || tso->mss == 0 || tso->payload_bytes == 0 ||
	    len != tso->header_bytes + tso->payload_bytes ||
	    !tso_headers_fit(tso))
		return false;
	longest = tso->mss < tso->payload_bytes ? tso->mss : tso->payload_bytes;
	tso->segments = (tso->payload_bytes + tso->mss - 1) / tso->mss;
	return tso->header_bytes + longest <= E1000_TX_PACKET_MAX_BYTES;
}

/*
 * Set the IP length of a frame of len bytes.  3.5.9 gives IPv6 the same length
 * as IPv4; receivers and drivers expect one without its header (RFC 8200).
 */
static void
tso_ip_length(uint8_t *head, const struct e82540_tx_tso *tso, uint32_t len)
{
	uint8_t *ip = head + tso->ip_start;

	len -= tso->ip_start;
	if (tso->tucmd & E1000_TXD_TUCMD_IP)
		e82540_put_be16(ip + 2, len);
	else
		e82540_put_be16(ip + 4, len - IPV6_BYTES);
}

/* 3.5.9: edit what differs from frame to frame. */
static void
tso_header(uint8_t *head, const struct e82540_tx_tso *tso, uint32_t i,
    uint32_t len)
{
	uint8_t *ip = head + tso->ip_start, *l4 = head + tso->l4_start;

	tso_ip_length(head, tso, len);
	if (tso->tucmd & E1000_TXD_TUCMD_IP)
		e82540_put_be16(ip + 4, e82540_get_be16(ip + 4) + i);
	if (tso->tucmd & E1000_TXD_TUCMD_TCP) {
		e82540_put_be32(l4 + 4, e82540_get_be32(l4 + 4) + i * tso->mss);
		if (i + 1 < tso->segments)
			l4[13] &= ~(TCP_FIN | TCP_PSH);
	} else {
		e82540_put_be16(l4 + 4, len - tso->l4_start);
	}
}

/*
 * With TCP and IP clear the header is constant (3.3.6.1).  Else the sum's field
 * holds the pseudo-header's sum without the length, which l4_add adds (3.5.5).
 */
void
e82540_tso_frame(struct e82540_tx_frame *f, const struct e82540_tx_tso *tso,
    const struct e82540_tx_job *job, const uint8_t *header, uint32_t i)
{
	uint32_t left = tso->payload_bytes - i * tso->mss, len, l4_add = 0;

	memcpy(f->head, header, tso->header_bytes);
	f->head_bytes = tso->header_bytes;
	f->payload_bytes = left < tso->mss ? left : tso->mss;
	if (tso->tucmd & (E1000_TXD_TUCMD_TCP | E1000_TXD_TUCMD_IP)) {
		len = f->head_bytes + f->payload_bytes;
		tso_header(f->head, tso, i, len);
		l4_add = len - tso->l4_start;
	}
	e82540_offload(f, job, l4_add);
}

/* ----------------------------------------- segmentation by the network */

static bool
tso_ethernet(const uint8_t *header, const struct e82540_tx_tso *t)
{
	uint16_t type = e82540_get_be16(header + ETH_ADDRESSES);

	if (t->ip_start == ETH_BYTES + TAG_BYTES) {
		if (type != E1000_VET_8021Q && type != TYPE_8021AD)
			return false;
		type = e82540_get_be16(header + ETH_ADDRESSES + TAG_BYTES);
	} else if (t->ip_start != ETH_BYTES) {
		return false;
	}
	return type == (t->tucmd & E1000_TXD_TUCMD_IP ? TYPE_IPV4 : TYPE_IPV6);
}

static bool
tso_ipv4(const uint8_t *ip, const struct e82540_tx_tso *t,
    const struct e82540_tx_sum *sum)
{
	uint32_t ip_bytes = (ip[0] & 0xFu) * 4;

	return ip[0] >> 4 == 4 && ip_bytes >= IPV4_BYTES &&
	    t->ip_start + ip_bytes == t->l4_start && ip[9] == PROTOCOL_TCP &&
	    (e82540_get_be16(ip + 6) & 0x3FFF) == 0 && /* no fragment */
	    sum->wanted && sum->start == t->ip_start &&
	    sum->offset == t->ip_start + 10 && sum->end == t->l4_start - 1;
}

static bool
tso_ipv6(const uint8_t *ip, const struct e82540_tx_tso *t,
    const struct e82540_tx_sum *sum)
{
	return ip[0] >> 4 == 6 && t->ip_start + IPV6_BYTES == t->l4_start &&
	    ip[6] == PROTOCOL_TCP && !sum->wanted;
}

/* CWR: the network sets it in the first frame only, the chip in all frames. */
static bool
tso_tcp(const uint8_t *tcp, const struct e82540_tx_tso *t,
    const struct e82540_tx_sum *sum)
{
	return t->l4_start + (tcp[12] >> 4) * 4u == t->header_bytes &&
	    !(tcp[13] & TCP_CWR) && sum->wanted && sum->end == 0 &&
	    sum->start == t->l4_start &&
	    sum->offset == t->l4_start + TCP_CHECKSUM;
}

/* Is it Ethernet, perhaps a tag, IP and TCP, as the context says? */
static bool
tso_regular(const struct e82540_tx_tso *t, const struct e82540_tx_job *job,
    const uint8_t *header)
{
	const uint8_t *ip = header + t->ip_start;

	if (!(t->tucmd & E1000_TXD_TUCMD_TCP) || !tso_ethernet(header, t) ||
	    !tso_tcp(header + t->l4_start, t, &job->l4) ||
	    t->header_bytes - t->ip_start + t->payload_bytes > IP_MAX_BYTES)
		return false;
	if (t->tucmd & E1000_TXD_TUCMD_IP)
		return tso_ipv4(ip, t, &job->ip);
	return tso_ipv6(ip, t, &job->ip);
}

/* As Linux hands a packet to a device that does TSO (skb_shared_info). */
bool
e82540_tso_whole(struct e82540_tx_frame *f, const struct e82540_tx_tso *tso,
    const struct e82540_tx_job *job, const uint8_t *header)
{
	bool v4 = tso->tucmd & E1000_TXD_TUCMD_IP;
	uint32_t len = tso->header_bytes + tso->payload_bytes;

	if (!(f->offloads & E82540_OFFLOAD_CSUM) ||
	    !(f->offloads & (v4 ? E82540_OFFLOAD_TSO4 : E82540_OFFLOAD_TSO6)) ||
	    tso->segments == 1 || len < ETH_MIN_BYTES ||
	    !tso_regular(tso, job, header))
		return false;
	memcpy(f->head, header, tso->header_bytes);
	f->head_bytes = tso->header_bytes;
	f->payload_bytes = tso->payload_bytes;
	tso_ip_length(f->head, tso, len);
	e82540_offload(f, job, len - tso->l4_start);
	f->hdr[offsetof(struct e82540_vnet_hdr, gso_type)] =
	    v4 ? E82540_GSO_TCPV4 : E82540_GSO_TCPV6;
	e82540_put16(&f->hdr[offsetof(struct e82540_vnet_hdr, hdr_len)],
	    f->head_bytes);
	e82540_put16(&f->hdr[offsetof(struct e82540_vnet_hdr, gso_size)],
	    tso->mss);
	return true;
}
