/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer target of host/vfio_user/vfu_*.c with the model behind them: a
 * hostile client, and through it a hostile guest.
 *
 * The input is a list of messages.  A message is a byte for the command, a byte
 * for what is wrong with it, and the fields that the command has; most fields
 * take a byte, which chooses from values that matter.  A message carries up to
 * 9 descriptors: memory, eventfds, a pipe.  All messages are in the socket
 * before the server begins, some in two parts.
 *
 * The memory begins with a transmit ring, so that a few writes of registers
 * make the device read and write there.  While it does, the client may cut off
 * the file.
 *
 * Checked: every reply is one that the protocol allows, and there are as many
 * as there should be; no descriptor stays open; the model is told only of
 * memory that was mapped, and of none at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "e1000_hw.h"
#include "../host/fds.h"
#include "e82540.h"
#include "fuzz_input.h"
#include "vfu_memory.h"
#include "vfu_server.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))
#define RAM_BYTES	0x10000u
#define MESSAGES_MAX	48u
#define SENT_FDS_MAX	(VFU_FDS_MAX + 1)
#define OWN_FDS		64		/* looked at for leaks */

enum {
	FD_RAM,
	FD_READ_ONLY,
	FD_EVENT,
	FD_RESAMPLE,
	FD_PIPE,
	FD_KINDS
};

static struct {
	struct e82540 *dev;
	uint64_t now_ns;
	unsigned int sum;		/* of what was sent: read it all */
	struct vfu_server *server;
	int client;			/* end of the socket */
	int fd[FD_KINDS];
	uint16_t id;
	/* The bytes of replies so far. */
	uint8_t reply[2 * sizeof(struct vfu_header) + VFU_PAYLOAD_MAX];
	size_t have;
	uint16_t replies;
	uint8_t cut_off;		/* at which write */
} fuzz;

/* A byte that means one of these, or that many further bytes do. */
static uint64_t
one_of(const uint64_t *value, unsigned int n)
{
	unsigned int what = input_u8();

	if (what >= 0xf8)
		return input_n(1 + what % 8);
	return value[what % n];
}

static uint64_t
address(void)
{
	static const uint64_t value[] = { 0, 0x1000, 0x2000, 0x4000, 0x8000,
		0xf000, 0x10000, 0x11000, 0x100000000, UINT64_MAX - 4095,
		UINT64_MAX, (uint64_t)1 << 63, (uint64_t)INT64_MAX - 4095, 1 };

	return one_of(value, COUNT(value));
}

/* ------------------------------------------------------------------ client */

/* What the server has sent until now. */
static void
reply_check(const struct vfu_header *header)
{
	CHECK(header->bytes >= sizeof(*header));
	CHECK(header->bytes <= sizeof(*header) + VFU_PAYLOAD_MAX);
	CHECK((header->flags & ~VFU_ERROR) == VFU_TYPE_REPLY);
	if (header->flags & VFU_ERROR)
		CHECK(header->error != 0 && header->error < 200 &&
		    header->bytes == sizeof(*header));
	else
		CHECK(header->error == 0);
	fuzz.replies++;
}

static void
replies_check(void)
{
	struct vfu_header header;

	while (fuzz.have >= sizeof(header)) {
		memcpy(&header, fuzz.reply, sizeof(header));
		CHECK(header.bytes <= sizeof(fuzz.reply));
		if (fuzz.have < header.bytes)
			return;
		reply_check(&header);
		fuzz.have -= header.bytes;
		memmove(fuzz.reply, fuzz.reply + header.bytes, fuzz.have);
	}
}

static void
fds_close(struct msghdr *msg)
{
	struct cmsghdr *cmsg;
	int fd;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg != NULL;
	     cmsg = CMSG_NXTHDR(msg, cmsg)) {
		CHECK(cmsg->cmsg_type == SCM_RIGHTS &&
		    cmsg->cmsg_len == CMSG_LEN(sizeof(fd)));
		memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
		(void)close(fd);
	}
}

/* So that the socket is never full. */
static void
client_reads(void)
{
	union {
		char bytes[CMSG_SPACE(4 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t got;

	for (;;) {
		iov.iov_base = fuzz.reply + fuzz.have;
		iov.iov_len = sizeof(fuzz.reply) - fuzz.have;
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		got = recvmsg(fuzz.client, &msg, MSG_DONTWAIT);
		if (got <= 0)
			return;
		fds_close(&msg);
		fuzz.have += (size_t)got;
		replies_check();
	}
}

static void
send_part(const uint8_t *data, size_t n, const int *fd, unsigned int fds)
{
	if (n > 0)
		CHECK(fds_send(fuzz.client, data, n, MSG_DONTWAIT, fd, fds) ==
		    (ssize_t)n);
}

/* ------------------------------------------------------------------ device */

static uint64_t
value_of(const void *data, uint32_t n)
{
	uint64_t value = 0;

	memcpy(&value, data, n < sizeof(value) ? n : sizeof(value));
	return value;
}

static int
on_read(void *ctx, unsigned int region, uint64_t offset, void *data, uint32_t n)
{
	uint8_t *to = data;
	uint64_t value;
	uint32_t i;

	(void)ctx;
	CHECK(n > 0 && n <= VFU_DATA_MAX);
	if (region == VFU_REGION_CONFIG) {
		CHECK(offset + n <= 256);
		for (i = 0; i < n; i++)
			to[i] = (uint8_t)e82540_pci_read(fuzz.dev, fuzz.now_ns,
			    (uint32_t)offset + i, 1);
		return 0;
	}
	CHECK(region == VFU_REGION_BAR0 && offset + n <= E1000_BAR0_SIZE_BYTES);
	if (n > 8)
		return -EINVAL;
	value = e82540_mmio_read(fuzz.dev, fuzz.now_ns, (uint32_t)offset, n);
	memcpy(data, &value, n);
	client_reads();
	return 0;
}

/* A frame comes with every other write. */
static void
time_passes(void)
{
	static const uint8_t frame[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	const struct e82540_frame one = { .data = frame,
		.len_bytes = sizeof(frame) };

	fuzz.now_ns += 1000000;
	e82540_run(fuzz.dev, fuzz.now_ns);
	if (fuzz.now_ns / 1000000 % 2 == 0)
		(void)e82540_receive(fuzz.dev, fuzz.now_ns, &one, 1);
}

static int
on_write(void *ctx, unsigned int region, uint64_t offset, const void *data,
    uint32_t n)
{
	(void)ctx;
	CHECK(n > 0 && n <= VFU_DATA_MAX);
	if (fuzz.cut_off > 0 && --fuzz.cut_off == 0)
		CHECK(ftruncate(fuzz.fd[FD_RAM], 4096) == 0);
	if (n > 8)
		return -EINVAL;
	if (region == VFU_REGION_CONFIG)
		e82540_pci_write(fuzz.dev, fuzz.now_ns, (uint32_t)offset,
		    n > 4 ? 4 : n, (uint32_t)value_of(data, n));
	else
		e82540_mmio_write(fuzz.dev, fuzz.now_ns, (uint32_t)offset, n,
		    value_of(data, n));
	time_passes();
	client_reads();
	return 0;
}

static int
on_memory(void *ctx, const struct e82540_region *region, unsigned int n)
{
	unsigned int i;

	(void)ctx;
	for (i = 0; i < n; i++)
		CHECK(region[i].host != NULL && region[i].len > 0 &&
		    region[i].len <= RAM_BYTES);
	return e82540_memory_set(fuzz.dev, region, n);
}

static void
on_reset(void *ctx)
{
	(void)ctx;
	e82540_reset(fuzz.dev, fuzz.now_ns);
}

static void
on_warn(void *ctx, const char *text)
{
	(void)ctx;
	CHECK(text[0] != '\0' && strchr(text, '\n') == NULL);
}

static const struct vfu_ops ops = {
	.read = on_read,
	.write = on_write,
	.memory = on_memory,
	.reset = on_reset,
	.warn = on_warn,
};

static void
on_irq(void *ctx, bool asserted)
{
	(void)ctx;
	if (fuzz.server != NULL)
		vfu_intx(fuzz.server, asserted);
}

static void
on_msi(void *ctx, uint64_t addr, uint32_t data)
{
	(void)ctx;
	(void)addr;
	(void)data;
	if (fuzz.server != NULL)
		vfu_msi(fuzz.server);
}

static unsigned int
on_send(void *ctx, const struct e82540_packet *packet, unsigned int n)
{
	const uint8_t *p;
	unsigned int i;
	size_t j, k;

	(void)ctx;
	for (i = 0; i < n; i++)
		for (j = 0; j < packet[i].iovs; j++) {
			p = packet[i].iov[j].base;
			for (k = 0; k < packet[i].iov[j].len; k++)
				fuzz.sum += p[k];
		}
	return n;
}

static const struct e82540_host host = { .interrupt = on_irq,
	.msi = on_msi,
	.send = on_send };

/* ---------------------------------------------------------------- messages */

struct out {
	uint8_t bytes[sizeof(struct vfu_header) + VFU_PAYLOAD_MAX + 64];
	size_t n;
};

static void
message_put(struct out *out, const void *data, size_t n)
{
	CHECK(n <= sizeof(out->bytes) - out->n);
	memcpy(out->bytes + out->n, data, n);
	out->n += n;
}

static void
put_argsz(struct out *out, uint32_t right)
{
	const uint64_t value[] = { right, right, right, 64, 0, UINT32_MAX };
	uint32_t argsz = (uint32_t)one_of(value, COUNT(value));

	message_put(out, &argsz, sizeof(argsz));
}

static void
put_version(struct out *out)
{
	static const char *const text[] = { "", "{}", "{\"write_multiple\"",
		"{\"capabilities\":{\"write_multiple\":true}}" };
	struct vfu_version version = { input_u8() == 0xff, input_u8() };
	uint8_t what = input_u8();

	message_put(out, &version, sizeof(version));
	if (what % 5 < COUNT(text))
		message_put(out, text[what % 5],
		    strlen(text[what % 5]) + (what < 128));
}

static void
put_map(struct out *out, bool map)
{
	static const uint64_t bytes[] = { RAM_BYTES, 0x1000, 0x2000, 0x8000, 0,
		1, RAM_BYTES + 4096, UINT64_MAX, UINT64_MAX - 4095,
		(uint64_t)1 << 63 };
	uint64_t value;
	uint32_t flags;

	put_argsz(out, map ? 32 : 24);
	flags = input_u8();
	flags = flags < 0xf0 ? flags % 4 : flags << (flags % 8);
	message_put(out, &flags, sizeof(flags));
	if (map) {
		value = address();
		message_put(out, &value, sizeof(value));
	}
	value = address();
	message_put(out, &value, sizeof(value));
	value = one_of(bytes, COUNT(bytes));
	message_put(out, &value, sizeof(value));
}

static void
put_info(struct out *out, uint32_t right)
{
	const uint32_t zero[4] = { 0 };
	uint32_t index;

	put_argsz(out, right);
	message_put(out, zero, 4);
	index = input_u8();
	message_put(out, &index, sizeof(index));
	message_put(out, zero, right == 32 ? 16 : 0);
	message_put(out, zero, 4);
}

static void
put_irqs(struct out *out)
{
	static const uint64_t flags[] = { 0x24, 0x14, 0x09, 0x11, 0x21, 0x0a,
		0x12, 0x22, 0x0c, 0, 0xff };
	static const uint64_t counts[] = { 1, 1, 1, 0, 2, UINT32_MAX };
	uint32_t value;

	put_argsz(out, 20);
	value = (uint32_t)one_of(flags, COUNT(flags));
	message_put(out, &value, sizeof(value));
	value = input_u8();
	value = value < 0xf0 ? value % 3 : value << 24;
	message_put(out, &value, sizeof(value));
	value = input_u8();
	value = value < 0xf0 ? 0 : value << 24;
	message_put(out, &value, sizeof(value));
	value = (uint32_t)one_of(counts, COUNT(counts));
	message_put(out, &value, sizeof(value));
	value = input_u8() & 1;
	message_put(out, &value, 1);
}

/* Where a guest would look, mostly. */
static void
put_access(struct out *out, uint32_t n)
{
	static const uint64_t reg[] = { E1000_CTRL, E1000_STATUS, E1000_ICR,
		E1000_ICS, E1000_IMS, E1000_IMC, E1000_RCTL, E1000_TCTL,
		E1000_TDBAL, E1000_TDLEN, E1000_TDH, E1000_TDT, E1000_RDBAL,
		E1000_RDLEN, E1000_RDT, E1000_ITR, 0x1fffc, 0x20000, UINT64_MAX,
		UINT64_MAX - 3 };
	struct vfu_access at = { 0, input_u8(), n };

	if (at.region >= 0xf0)
		at.region <<= at.region % 8 * 4;
	else
		at.region =
		    at.region % 2 == 0 ? VFU_REGION_BAR0 : VFU_REGION_CONFIG;
	at.offset = at.region == VFU_REGION_CONFIG ? input_u8() :
						     one_of(reg, COUNT(reg));
	message_put(out, &at, sizeof(at));
}

static uint32_t
access_bytes(void)
{
	static const uint64_t bytes[] = { 4, 4, 4, 4, 2, 1, 8, 3, 0, 256, 257,
		VFU_DATA_MAX, VFU_DATA_MAX + 1, UINT32_MAX };

	return (uint32_t)one_of(bytes, COUNT(bytes));
}

static void
put_value(struct out *out, uint32_t n)
{
	uint8_t zero[64] = { 0 };
	uint64_t value = input_n(4);
	uint32_t part;

	message_put(out, &value, n < 8 ? n : 8);
	for (n -= n < 8 ? n : 8; n > 0; n -= part) {
		part = n < sizeof(zero) ? n : sizeof(zero);
		message_put(out, zero, part);
	}
}

static void
put_write(struct out *out)
{
	uint32_t n = access_bytes();

	put_access(out, n);
	put_value(out, n <= VFU_DATA_MAX ? n : 4);
}

static void
put_multi(struct out *out)
{
	uint64_t n = input_u8(), count, value;
	unsigned int i;

	count = n >= 0xf0 ? n << 56 : n % 11;
	message_put(out, &count, sizeof(count));
	for (i = 0; i < n % 11; i++) {
		put_access(out, access_bytes());
		value = input_n(4);
		message_put(out, &value, sizeof(value));
	}
}

static void
put_payload(struct out *out, uint16_t command)
{
	switch (command) {
	case VFU_VERSION:
		put_version(out);
		break;
	case VFU_DMA_MAP:
	case VFU_DMA_UNMAP:
		put_map(out, command == VFU_DMA_MAP);
		break;
	case VFU_DEVICE_GET_INFO:
	case VFU_DEVICE_GET_IRQ_INFO:
		put_info(out, 16);
		break;
	case VFU_DEVICE_GET_REGION_INFO:
		put_info(out, 32);
		break;
	case VFU_DEVICE_SET_IRQS:
		put_irqs(out);
		break;
	case VFU_REGION_READ:
		put_access(out, access_bytes());
		break;
	case VFU_REGION_WRITE:
		put_write(out);
		break;
	case VFU_REGION_WRITE_MULTI:
		put_multi(out);
		break;
	default:
		break;
	}
}

/*
 * What is wrong with a message: its length, its header, or it is not all sent.
 * Returns false if the server cannot go on after it.
 */
static bool
header_spoil(struct vfu_header *header, struct out *out, uint8_t wrong)
{
	switch (wrong) {
	case 1:				/* too short by a byte or more */
		out->n -= out->n > sizeof(*header) ? 1 + input_u8() % 4u : 0;
		if (out->n < sizeof(*header))
			out->n = sizeof(*header);
		header->bytes = (uint32_t)out->n;
		break;
	case 2:
		message_put(out, "more", 4);
		header->bytes = (uint32_t)out->n;
		break;
	case 3:
		header->flags = (uint32_t)input_n(4);
		break;
	case 4:
		header->bytes = (uint32_t)input_n(4);
		break;
	case 5:
		header->bytes = input_u8() % sizeof(*header);
		break;
	default:
		break;
	}
	return header->bytes == out->n;
}

/* What a message with fewer descriptors than it was sent with does: nothing. */
static unsigned int
fds_choose(int fd[SENT_FDS_MAX])
{
	uint8_t what = input_u8();
	unsigned int i,
	    n = what & 0x80 ? what % (SENT_FDS_MAX + 1) : (what & 0x40) != 0;

	for (i = 0; i < n; i++)
		fd[i] = fuzz.fd[(what >> 3 & 7) % FD_KINDS];
	return n;
}

/* Returns false if no message can follow.  *asked: does it get a reply? */
static bool
message_send(bool *asked)
{
	uint8_t what = input_u8(), wrong = input_u8();
	struct vfu_header header = { fuzz.id++, what % 20, 0, 0, 0 };
	struct out out = { .n = 0 };
	unsigned int fds, part;
	int fd[SENT_FDS_MAX];
	bool good;

	message_put(&out, &header, sizeof(header));
	put_payload(&out, header.command);
	header.bytes = (uint32_t)out.n;
	header.flags = what >= 200 ? VFU_NO_REPLY : 0;
	good = header_spoil(&header, &out, wrong % 64);
	memcpy(out.bytes, &header, sizeof(header));
	fds = fds_choose(fd);
	part = wrong >= 128 ? (wrong & 0x3f) % (unsigned int)out.n : 0;
	send_part(out.bytes, part, fd, fds);
	send_part(out.bytes + part, out.n - part, fd, part > 0 ? 0 : fds);
	*asked = good && !(header.flags & VFU_NO_REPLY) &&
	    (header.flags & VFU_TYPE) != VFU_TYPE_REPLY;
	return good;
}

/* --------------------------------------------------------------------- run */

/* A ring of 8 descriptors for 60 bytes each, at 0; the data is anywhere. */
static int
ram_new(void)
{
	uint64_t desc[16];
	unsigned int i;
	int fd = memfd_create("ram", MFD_CLOEXEC);

	CHECK(fd >= 0 && ftruncate(fd, RAM_BYTES) == 0);
	for (i = 0; i < 8; i++) {
		desc[2 * i] = 0x1000 + i * 0x1f00;
		desc[2 * i + 1] = 0x0b00003c;
	}
	CHECK(pwrite(fd, desc, sizeof(desc), 0) == sizeof(desc));
	return fd;
}

static void
fds_new(void)
{
	const uint64_t one = 1;
	char path[40];
	int pair[2];

	fuzz.fd[FD_RAM] = ram_new();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fuzz.fd[FD_RAM]);
	fuzz.fd[FD_READ_ONLY] = open(path, O_RDONLY | O_CLOEXEC);
	fuzz.fd[FD_EVENT] = eventfd(0, EFD_CLOEXEC);
	fuzz.fd[FD_RESAMPLE] = eventfd(0, EFD_CLOEXEC);
	CHECK(write(fuzz.fd[FD_RESAMPLE], &one, sizeof(one)) == sizeof(one));
	CHECK(pipe2(pair, O_CLOEXEC) == 0);
	fuzz.fd[FD_PIPE] = pair[1];
	(void)close(pair[0]);
}

static void
device_start(uint8_t what)
{
	static _Alignas(E82540_ALIGN) uint8_t space[1u << 19];
	const struct e82540_config config = { .api = E82540_API,
		.chip = what % 3,
		.host = &host,
		.mac = { 2, 0, 0, 0, 0, 1 },
		.moderation_off = what & 4,
		.msi = what & 8 };

	CHECK(e82540_size() <= sizeof(space));
	fuzz.dev = (struct e82540 *)space;
	CHECK(e82540_init(fuzz.dev, &config, 0) == 0);
	e82540_link_set(fuzz.dev, 0, true);
}

static void
server_start(bool msi)
{
	struct vfu_config config = { .ops = &ops, .msi = msi };
	struct err err;

	config.region[VFU_REGION_BAR0] =
	    (struct vfu_region){ E1000_BAR0_SIZE_BYTES, E82540_DOORBELL_OFFSET,
		    E82540_DOORBELL_BYTES, fuzz.fd[FD_RAM] };
	config.region[VFU_REGION_CONFIG].bytes = 256;
	fuzz.server = vfu_new(&config, &err);
	CHECK(fuzz.server != NULL);
}

/* One client, from connection to hang-up. */
static void
client_run(void)
{
	struct vfu_stats stats;
	unsigned int i, asked = 0;
	bool good = true, one;
	struct err err;
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	fuzz.client = pair[1];
	fuzz.have = fuzz.replies = 0;
	for (i = 0; i < MESSAGES_MAX && good && input.left > 0; i++) {
		good = message_send(&one);
		asked += one;
	}
	(void)shutdown(pair[1], SHUT_WR);
	i = (unsigned int)vfu_serve(fuzz.server, pair[0], &err);
	client_reads();
	CHECK(fuzz.have == 0);
	/* It may end early: a broken header, another version, lost memory. */
	CHECK(fuzz.replies <= asked + 1);
	CHECK(i != 0 || !good || fuzz.replies == asked);
	vfu_stats(fuzz.server, &stats);
	CHECK(stats.shared_bytes == 0 && stats.private_bytes == 0);
	(void)close(pair[1]);
}

static unsigned int
fds_open(void)
{
	unsigned int n = 0;
	int fd;

	for (fd = 0; fd < OWN_FDS; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int i, before = fds_open();
	uint8_t what;

	memset(&fuzz, 0, sizeof(fuzz));
	input_begin(data, size);
	what = input_u8();
	fuzz.cut_off = input_u8() % 64;
	fds_new();
	device_start(what);
	server_start(what & 8);
	client_run();
	if (input.left > 0)
		client_run();
	vfu_free(fuzz.server);
	for (i = 0; i < FD_KINDS; i++)
		(void)close(fuzz.fd[i]);
	CHECK(fds_open() == before);
	return 0;
}
