/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The test frame: UDP over IPv4, a sequence number, and a payload that is a
 * function of it, so that a receiver can check every byte.  Guest and host
 * share this file; it needs no library.
 *
 *	 0  Ethernet	14	destination, source, 0x0800
 *	14  IPv4	20	identification = low 16 bits of the sequence
 *	34  UDP		 8	checksum over pseudo header, header and payload
 *	42  sequence	 8	little endian
 *	50  pattern	..	64-bit words, word k = mix(sequence) + k * odd
 *
 * Lengths are frame lengths without FCS, LEM_FRAME_MIN to LEM_FRAME_MAX bytes.
 */
#ifndef LEM_BENCH_FRAME_H
#define LEM_BENCH_FRAME_H

#include <stdint.h>

#define LEM_FRAME_MIN		60u
#define LEM_FRAME_MAX		1514u
#define LEM_FRAME_SEQ_OFF	42u
#define LEM_FRAME_PATTERN_OFF	50u

/* Direction of a frame: it selects addresses and ports. */
enum lem_frame_dir {
	LEM_FRAME_FROM_GUEST,
	LEM_FRAME_TO_GUEST,
};

/*
 * The constant part of a flow's frames, made once by lem_frame_init(): the 42
 * header bytes, with zeros for identification and checksums, and the sums of
 * what does not change.
 */
struct lem_frame_flow {
	uint8_t header[48];
	uint32_t ip_sum;	/* of the header without id and checksum */
	uint32_t udp_sum;	/* of pseudo header and UDP header */
	uint32_t frame_bytes;
};

/* A 16-bit word of an Internet checksum, in memory order (RFC 1071, 2B). */
static inline uint32_t
lem_frame_load16(const uint8_t *p)
{
	uint16_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint16_t
lem_frame_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/*
 * lem_frame_init: prepare a flow.
 * frame_bytes: LEM_FRAME_MIN to LEM_FRAME_MAX; the caller has checked it.
 */
static inline void
lem_frame_init(struct lem_frame_flow *flow, uint32_t frame_bytes,
    enum lem_frame_dir dir)
{
	static const uint8_t guest_mac[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
	static const uint8_t host_mac[6] = { 0x52, 0x55, 10, 0, 2, 2 };
	const uint8_t *dst = dir == LEM_FRAME_FROM_GUEST ? host_mac : guest_mac;
	const uint8_t *src = dir == LEM_FRAME_FROM_GUEST ? guest_mac : host_mac;
	uint8_t dst_host = dir == LEM_FRAME_FROM_GUEST ? 2 : 1;
	uint8_t *h = flow->header;
	uint32_t ip_bytes = frame_bytes - 14, udp_bytes = frame_bytes - 34;
	unsigned int i;

	for (i = 0; i < sizeof(flow->header); i++)
		h[i] = 0;
	for (i = 0; i < 6; i++) {
		h[i] = dst[i];
		h[6 + i] = src[i];
	}
	h[12] = 0x08;
	h[14] = 0x45;
	h[16] = (uint8_t)(ip_bytes >> 8);
	h[17] = (uint8_t)ip_bytes;
	h[22] = 64;			/* TTL */
	h[23] = 17;			/* UDP */
	h[26] = h[30] = 10;
	h[28] = h[32] = 2;
	h[29] = 3 - dst_host;
	h[33] = dst_host;
	h[34] = 0x1f;			/* source port 8000 + direction */
	h[35] = 0x40 + (uint8_t)dir;
	h[37] = 9;			/* discard */
	h[38] = (uint8_t)(udp_bytes >> 8);
	h[39] = (uint8_t)udp_bytes;

	flow->frame_bytes = frame_bytes;
	flow->ip_sum = flow->udp_sum = 0;
	for (i = 14; i < 34; i += 2)
		flow->ip_sum += lem_frame_load16(h + i);
	for (i = 26; i < 42; i += 2)
		flow->udp_sum += lem_frame_load16(h + i);
	/* Rest of the pseudo header: protocol and UDP length (RFC 768). */
	flow->udp_sum += (uint32_t)h[23] << 8;
	flow->udp_sum += lem_frame_load16(h + 38);
}

/*
 * lem_frame_build: write frame number `seq` of a flow to buf.
 * buf: at least flow->frame_bytes rounded up to 8, plus 8.
 */
static inline void
lem_frame_build(const struct lem_frame_flow *flow, uint64_t seq, uint8_t *buf)
{
	uint32_t left = flow->frame_bytes - LEM_FRAME_PATTERN_OFF;
	uint8_t *p = buf + LEM_FRAME_PATTERN_OFF;
	uint64_t word = (seq + 1) * 0x9e3779b97f4a7c15u;
	uint64_t sum, tail;
	uint16_t id = (uint16_t)seq, check;

	__builtin_memcpy(buf, flow->header, LEM_FRAME_SEQ_OFF);
	__builtin_memcpy(buf + LEM_FRAME_SEQ_OFF, &seq, sizeof(seq));

	/* Sum the two halves of a 64-bit word, so that no carry is lost. */
	sum = (seq & 0xffffffff) + (seq >> 32) + flow->udp_sum;
	for (; left >= 8; left -= 8, p += 8) {
		__builtin_memcpy(p, &word, sizeof(word));
		sum += (word & 0xffffffff) + (word >> 32);
		word += 0xd1342543de82ef95u;
	}
	tail = word & ((1ull << (left * 8)) - 1);
	__builtin_memcpy(p, &tail, sizeof(tail));
	sum += (tail & 0xffffffff) + (tail >> 32);

	check = (uint16_t)~lem_frame_fold((uint64_t)flow->ip_sum + id);
	__builtin_memcpy(buf + 18, &id, sizeof(id));
	__builtin_memcpy(buf + 24, &check, sizeof(check));
	check = (uint16_t)~lem_frame_fold(sum);
	if (check == 0)
		check = 0xffff;
	__builtin_memcpy(buf + 40, &check, sizeof(check));
}

/*
 * lem_frame_check: is this, byte for byte, some frame of the flow?
 * buf, len_bytes: the frame as received.
 * seq: set to the frame's sequence number.
 * Returns 1 if it is, 0 if a byte or the length is wrong.
 */
static inline int
lem_frame_check(const struct lem_frame_flow *flow, const uint8_t *buf,
    uint32_t len_bytes, uint64_t *seq)
{
	uint8_t want[LEM_FRAME_MAX + 16] __attribute__((aligned(8)));

	if (len_bytes != flow->frame_bytes)
		return 0;
	__builtin_memcpy(seq, buf + LEM_FRAME_SEQ_OFF, sizeof(*seq));
	lem_frame_build(flow, *seq, want);
	return __builtin_memcmp(want, buf, len_bytes) == 0;
}

#endif
