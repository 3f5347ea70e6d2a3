/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer target of the model: a hostile guest, network and host.
 *
 * The input is a stream of bytes.  Two bytes choose chip, configuration and
 * host, one how to begin.  Then each operation takes one byte, and a few more
 * for its arguments.  Operations are of two kinds.  Some do what a driver does
 * (a ring, a packet with its headers, a doorbell); their arguments are sane
 * unless the input says otherwise, so that short inputs get far.  The others
 * write anything anywhere.  In between guest memory comes and goes, the network
 * takes no more packets, the cable is pulled, time jumps, and the device is
 * saved and loaded.  In half of the inputs doorbells change while a call runs.
 *
 * What is checked is in fuzz_host.h.
 */
#include "fuzz_host.h"

#define OPS_MAX		400u	/* of an input: some cost a full ring */
#define FRAME_BYTES	20000u	/* more than may be received */
#define BURST_MAX	64u	/* frames of one call */

/* What the driver of the fuzzer knows of its rings. */
struct ring {
	uint64_t gpa;
	uint32_t count;
	uint32_t next;
};

static struct ring tx, rx;
static uint8_t frame_bytes[FRAME_BYTES];
static uint8_t *saved;
static unsigned int saves;

/* Registers that matter; raw accesses reach the others. */
static const uint32_t hot[] = { E1000_CTRL, E1000_CTRL_DUP, E1000_STATUS,
	E1000_EECD, E1000_EERD, E1000_CTRL_EXT, E1000_FLA, E1000_MDIC,
	E1000_FCAL, E1000_FCAH, E1000_FCT, E1000_VET, E1000_FCTTV, E1000_TXCW,
	E1000_RXCW, E1000_LEDCTL, E1000_PBA, E1000_ICR, E1000_ITR, E1000_ICS,
	E1000_IMS, E1000_IMC, E1000_RCTL, E1000_FCRTL, E1000_FCRTH, E1000_RDBAL,
	E1000_RDBAH, E1000_RDLEN, E1000_RDH, E1000_RDT, E1000_RDTR,
	E1000_RXDCTL, E1000_RADV, E1000_RSRPD, E1000_RXCSUM, E1000_TCTL,
	E1000_TIPG, E1000_AIFS, E1000_TXDMAC, E1000_TDBAL, E1000_TDBAH,
	E1000_TDLEN, E1000_TDH, E1000_TDT, E1000_TIDV, E1000_TXDCTL, E1000_TADV,
	E1000_TSPMT, E1000_MTA(0), E1000_MTA(127), E1000_RAL(0), E1000_RAH(0),
	E1000_RAL(15), E1000_RAH(15), E1000_VFTA(0), E1000_VFTA(127), E1000_WUC,
	E1000_WUFC, E1000_WUS, E1000_IPAV, E1000_IP4AT(0), E1000_IP6AT(0),
	E1000_WUPL, E1000_WUPM(0), E1000_FFLT(0), E1000_FFMT(0), E1000_FFVT(0),
	E1000_RDFH, E1000_TDFPC, E1000_PBM(0), E1000_GORCH, E1000_MPC };

#define HOTS	(sizeof(hot) / sizeof(hot[0]))

/* ----------------------------------------------------------------- frames */

static uint32_t
header_ethernet(uint8_t *p, uint8_t kind, uint32_t type)
{
	static const uint8_t to[8][6] = {
		{ 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		{ 0x01, 0x80, 0xc2, 0x00, 0x00, 0x01 },
		{ 0x33, 0x33, 0x00, 0x00, 0x00, 0x01 },
	};
	uint32_t at = 12;

	memcpy(p, to[kind & 7], 6);
	memcpy(p + 6, to[0], 6);
	if ((kind & 8) != 0) {
		e82540_put_be16(p + 12, E1000_VET_8021Q);
		e82540_put_be16(p + 14, 0x2001);
		at = 16;
	}
	e82540_put_be16(p + at, type);
	return at + 2;
}

static const uint8_t addresses[8] = { 10, 0, 0, 1, 10, 0, 0, 2 };

static uint32_t
header_internet(uint8_t *p, bool v6, bool udp, uint32_t len)
{
	if (v6) {
		p[0] = 0x60;
		e82540_put_be16(p + 4, len - 40);
		p[6] = udp ? 17 : 6;
		return 40;
	}
	p[0] = 0x45;
	e82540_put_be16(p + 2, len);
	p[8] = 64;
	p[9] = udp ? 17 : 6;
	memcpy(p + 12, addresses, sizeof(addresses));
	e82540_put_be16(p + 10, 0xffff ^ e82540_fold(e82540_sum(p, 20, 0)));
	return 20;
}

/* TCP or UDP whose checksum is right, for IPv4 at p with its header done. */
static void
transport_sum(uint8_t *p, uint32_t offset, uint32_t len)
{
	uint64_t sum = e82540_sum(p + 12, 8, p[9] + len - 20);

	e82540_put_be16(p + 20 + offset, 0);
	sum = e82540_sum(p + 20, len - 20, sum);
	e82540_put_be16(p + 20 + offset, 0xffff ^ e82540_fold(sum));
}

/*
 * A frame of len bytes, 128 or more in the buffer.  kind: 3 bits of
 * destination, VLAN tag, 4 bits of what it is.  Returns the bytes of headers.
 */
static uint32_t
frame_build(uint8_t *p, uint8_t kind, uint32_t len)
{
	static const uint8_t arp[8] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	static const uint16_t types[16] = { 0x0800, 0x0800, 0x0800, 0x0800,
		0x86dd, 0x86dd, 0x0806, 0x8808, 0x8808, 0x8808, 0x0800, 0x0842,
		0x0010, 0x88f7, 0x0800, 0x86dd };
	uint8_t what = kind >> 4;
	uint32_t at = header_ethernet(p, kind, types[what]);
	bool v6 = types[what] == 0x86dd, udp = (what & 1) != 0;
	uint32_t ip = at;
	unsigned int i;

	switch (what) {
	case 6:				/* an ARP request */
		memcpy(p + at, arp, sizeof(arp));
		memcpy(p + at + 24, addresses + 4, 4);
		return at + 28;
	case 7:				/* PAUSE, go on, unknown */
	case 8:
	case 9:
		e82540_put_be16(p + at, what == 9 ? 2 : 1);
		e82540_put_be16(p + at + 2, what == 8 ? 0 : 0x0100);
		return at + 4;
	case 11:			/* Magic Packet */
		memset(p + at, 0xff, 6);
		for (i = 0; i < 16; i++)
			memcpy(p + at + 6 + i * 6, p + 6, 6);
		return at + 102;
	case 12:
	case 13:
		return at;
	default:
		break;
	}
	at += header_internet(p + at, v6, udp, len > ip ? len - ip : 0);
	if (what == 10)			/* a fragment */
		e82540_put_be16(p + ip + 6, 0x2001);
	e82540_put_be16(p + at, 1000);
	e82540_put_be16(p + at + 2, 2000);
	if (udp)
		e82540_put_be16(p + at + 4, len - at);
	else
		p[at + 12] = 0x50;
	if (!v6 && len > at + 20 && what < 2)
		transport_sum(p + ip, udp ? 6 : 16, len - ip);
	return at + (udp ? 8 : 20);
}

static uint32_t
input_len(void)
{
	uint8_t code = input_u8();

	return code < 0xf0 ? 60 + code * 8u : input_u16() % (FRAME_BYTES + 1);
}

static void
op_receive(void)
{
	uint8_t kind = input_u8(), how = input_u8();
	struct e82540_frame frame[BURST_MAX];
	uint32_t len = input_len();
	unsigned int i, n = how & 0x3f, at;

	memset(frame_bytes, 0, len < 128 ? 128 : len);
	(void)frame_build(frame_bytes, kind, len);
	if ((how & 0x40) != 0) {
		at = input_u8();
		frame_bytes[at] ^= input_u8();
	}
	n = n == 0 ? 1 : n;
	for (i = 0; i < n; i++)
		frame[i] = (struct e82540_frame){ frame_bytes, len, how >> 7 };
	(void)fuzz_receive(frame, n);
}

/* ------------------------------------------------------------------ rings */

/* The base of a ring: mostly a good one, or at a special place of the map. */
static uint64_t
input_base(uint8_t code, uint64_t usual)
{
	switch (code) {
	case 0xf8:
		return usual + 8;		/* unaligned */
	case 0xf9:
		return RAM + 0x10000 - 64;	/* in two regions */
	case 0xfa:
		return RAM + 0x18000 - 64;	/* half in ROM */
	case 0xfb:
		return RAM + 0x18000;		/* in ROM */
	case 0xfc:
		return RAM - 64;		/* half nowhere */
	case 0xfd:
		return 0xfffffffffffff000 - 64; /* half nowhere, at the end */
	case 0xfe:
		return 0xffffffffffffe000;
	case 0xff:
		return input_u32();
	default:
		return usual;
	}
}

static void
input_ring(struct ring *r, uint32_t base_reg, uint64_t usual)
{
	static const uint32_t counts[8] = { 64, 8, 16, 256, 4096, 65528, 0,
		24 };
	uint8_t code = input_u8();

	r->gpa = input_base(input_u8(), usual);
	r->count = counts[code & 7];
	r->next = (code & 8) != 0 ? input_u16() : 0;
	fuzz_reg_write(base_reg, (uint32_t)r->gpa);
	fuzz_reg_write(base_reg + 4, (uint32_t)(r->gpa >> 32));
	fuzz_reg_write(base_reg + 8, r->count * 16);
	fuzz_reg_write(base_reg + 0x10, r->next);
	if ((code & 16) == 0)
		fuzz_reg_write(base_reg + 0x18, r->next);
	r->gpa &= ~(uint64_t)15;
	if (r->count == 0)
		r->count = 8;
}

static void
op_tx_ring(void)
{
	input_ring(&tx, E1000_TDBAL, RAM);
}

static void
op_rx_ring(void)
{
	input_ring(&rx, E1000_RDBAL, RAM + 0x2000);
}

static void
ring_push(struct ring *r, const void *desc)
{
	fuzz_poke(r->gpa + (uint64_t)(r->next % r->count) * 16, desc, 16);
	r->next = (r->next + 1) % r->count;
}

/* The address of a buffer. */
static uint64_t
input_buffer(void)
{
	uint8_t code = input_u8();

	if (code >= 0xf8)
		return input_base(code, RAM);
	return RAM + 0x4000 + code * 0x180u;
}

/* Buffers for the receiver, and the doorbell. */
static void
op_refill(void)
{
	uint8_t n = input_u8(), where = input_u8();
	struct e1000_rx_desc d = { 0 };
	unsigned int i;

	for (i = 0; i < n; i++) {
		d.buffer_addr = where >= 0xf8 ?
		    input_base(where, RAM) :
		    RAM + 0x8000 + (i & 15) * 0x800u + where;
		ring_push(&rx, &d);
	}
	fuzz_reg_write(E1000_RDT, rx.next);
}

/* --------------------------------------------------------------- transmit */

static void
tdt_write(uint32_t tail)
{
	fuzz_reg_write(E1000_TDT, tail);
}

static void
op_legacy(void)
{
	uint8_t how = input_u8();
	struct e1000_tx_desc d = { .buffer_addr = input_buffer(),
		.length = (uint16_t)input_len(),
		.cmd = E1000_TXD_CMD_EOP | E1000_TXD_CMD_RS };

	d.cmd ^= how & 0xdf;
	if ((how & E1000_TXD_CMD_IC) != 0) {
		d.css = input_u8();
		d.cso = input_u8();
	}
	d.special = how;
	ring_push(&tx, &d);
}

static void
op_context(void)
{
	struct e1000_tx_context_desc d;
	uint8_t *p = (uint8_t *)&d;
	unsigned int i;

	for (i = 0; i < sizeof(d); i++)
		p[i] = input_u8();
	d.cmd_len &= ~E1000_TXD_DTYP_MASK;
	d.cmd_len |= (uint32_t)E1000_TXD_TUCMD_DEXT << E1000_TXD_CMD_SHIFT;
	ring_push(&tx, &d);
}

static void
ring_push_data(uint64_t gpa, uint32_t len, uint8_t cmd, uint8_t popts)
{
	struct e1000_tx_data_desc d = { .buffer_addr = gpa,
		.cmd_len = (len & E1000_TXD_LEN_MASK) |
		    (uint32_t)(cmd | E1000_TXD_CMD_DEXT)
			<< E1000_TXD_CMD_SHIFT |
		    E1000_TXD_DTYP_DATA << E1000_TXD_DTYP_SHIFT,
		.popts = popts,
		.special = cmd };

	ring_push(&tx, &d);
}

static void
op_data(void)
{
	uint8_t cmd = input_u8(), popts = input_u8();
	uint64_t gpa = input_buffer();
	uint32_t len = input_len();

	if ((popts & 0x80) != 0)
		len = input_u32();
	ring_push_data(gpa, len, cmd ^ (E1000_TXD_CMD_EOP | E1000_TXD_CMD_RS),
	    popts);
}

/*
 * A packet as drivers make it: context, headers, payload.  Then the input may
 * spoil a byte of the context.
 */
static void
op_packet(void)
{
	uint8_t kind = input_u8(), how = input_u8(), spoil = input_u8();
	uint32_t payload = input_len() * ((how & 1) != 0 ? 16 : 1);
	uint8_t cmd =
	    how & (E1000_TXD_CMD_TSE | E1000_TXD_CMD_VLE | E1000_TXD_CMD_IDE);
	uint8_t head[256] = { 0 };
	uint32_t len = frame_build(head, kind, 0x100),
		 ip = (kind & 8) ? 18 : 14;
	bool v6 = (kind >> 4 & 0xe) == 4, udp = (kind & 0x10) != 0;
	struct e1000_tx_context_desc d = { .ipcss = (uint8_t)ip,
		.ipcso = (uint8_t)(ip + 10),
		.ipcse = (uint16_t)(ip + 19),
		.tucss = (uint8_t)(len - (udp ? 8 : 20)),
		.hdr_len = (uint8_t)len,
		.mss = 1460,
		.cmd_len = payload };
	uint8_t tucmd = (udp ? 0 : E1000_TXD_TUCMD_TCP) |
	    (v6 ? 0 : E1000_TXD_TUCMD_IP) | (cmd & E1000_TXD_CMD_TSE) |
	    E1000_TXD_TUCMD_DEXT;

	d.tucso = (uint8_t)(d.tucss + (udp ? 6 : 16));
	if ((how & 2) != 0)
		d.mss = input_u16();
	d.cmd_len |= (uint32_t)tucmd << E1000_TXD_CMD_SHIFT;
	if (spoil != 0)
		((uint8_t *)&d)[spoil & 15] = input_u8();
	if ((how & 0x20) == 0)
		ring_push(&tx, &d);
	fuzz_poke(RAM + 0x3000, head, sizeof(head));
	if ((how & 8) != 0) {
		ring_push_data(RAM + 0x3000, len, cmd, spoil & 16 ? 0 : 3);
		ring_push_data(input_buffer(), payload,
		    cmd | E1000_TXD_CMD_EOP | E1000_TXD_CMD_RS, 3);
	} else {
		ring_push_data(RAM + 0x3000, len + payload,
		    cmd | E1000_TXD_CMD_EOP | E1000_TXD_CMD_RS, 3);
	}
	if ((how & 0x10) == 0)
		tdt_write(tx.next);
}

/* The same descriptor in all the ring. */
static void
op_flood(void)
{
	uint8_t how = input_u8();
	struct e1000_tx_desc d = { .buffer_addr = input_buffer(), .cmd = how };
	unsigned int i, last = 0;

	d.length = input_u8();
	for (i = 0; i < tx.count && i < 4096; i++) {
		last = tx.next;
		ring_push(&tx, &d);
	}
	tdt_write(last);
}

/* --------------------------------------------------------------- accesses */

static void
op_mmio(void)
{
	uint8_t how = input_u8();
	uint32_t offset = input_u16() | (how & 3u) << 16;
	unsigned int size = 1u << (how >> 2 & 3);
	uint64_t value = input_u32();

	call_begins();
	if ((how & 0x10) != 0)
		fuzz.sum += (uint32_t)e82540_mmio_read(fuzz.dev, fuzz.now_ns,
		    offset, size);
	else
		e82540_mmio_write(fuzz.dev, fuzz.now_ns, offset, size,
		    value << 32 | value);
	call_ends();
}

static void
op_io(void)
{
	uint8_t how = input_u8();
	uint32_t offset = how & 7, size = 1u << (how >> 3 & 3) % 3;

	call_begins();
	if ((how & 0x80) != 0)
		fuzz.sum += e82540_io_read(fuzz.dev, fuzz.now_ns, offset, size);
	else
		e82540_io_write(fuzz.dev, fuzz.now_ns, offset, size,
		    input_u32());
	call_ends();
}

static void
op_pci(void)
{
	uint8_t offset = input_u8(), how = input_u8();
	unsigned int size = 1u << (how & 3) % 3;

	if ((how & 4) != 0)
		fuzz.sum += fuzz_pci_read(offset, size);
	else
		fuzz_pci_write(offset, size, input_u32());
}

/* Power state, MSI: a capability's register, found as a driver does. */
static void
op_capability(void)
{
	uint8_t how = input_u8();
	uint32_t at = fuzz_pci_read(0x34, 1) & 0xfc;

	if ((how & 1) != 0)
		at = fuzz_pci_read(at + 1, 1) & 0xfc;
	if (at < 0x40 || at > 0xe0)
		return;
	fuzz_pci_write(at + (how >> 1 & 3) * 4, 2, input_u16());
}

static void
op_reg_write(void)
{
	uint32_t reg = hot[input_u8() % HOTS];

	fuzz_reg_write(reg, input_u32());
}

static void
op_reg_bit(void)
{
	uint32_t reg = hot[input_u8() % HOTS];

	fuzz_reg_write(reg, 1u << (input_u8() & 31));
}

static void
op_reg_flip(void)
{
	uint32_t reg = hot[input_u8() % HOTS];

	fuzz_reg_write(reg,
	    e82540_reg(fuzz.dev, reg % E82540_REGS_BYTES) ^
		1u << (input_u8() & 31));
}

static void
op_reg_read(void)
{
	fuzz.sum += fuzz_reg_read(hot[input_u8() % HOTS]);
}

static void
eecd_write(uint32_t pins)
{
	fuzz_reg_write(E1000_EECD, E1000_EECD_REQ | pins);
}

/* Clock n bits into the EEPROM by hand, and some out of it. */
static void
op_eeprom(void)
{
	uint8_t n = input_u8() & 63;
	uint64_t bits =
	    (uint64_t)input_u32() << 32 | (uint32_t)input_u16() << 16;
	uint32_t di;

	if (n >= 32)
		eecd_write(E1000_EECD_CS);
	for (n &= 31; n > 0; n--, bits <<= 1) {
		di = bits >> 63 ? E1000_EECD_DI : 0;
		eecd_write(E1000_EECD_CS | di);
		eecd_write(E1000_EECD_CS | di | E1000_EECD_SK);
	}
	fuzz.sum += fuzz_reg_read(E1000_EECD);
	if (bits >> 63)
		eecd_write(0);
}

static void
op_mdic(void)
{
	uint8_t how = input_u8();

	fuzz_reg_write(E1000_MDIC,
	    (how & 31u) << E1000_MDIC_REG_SHIFT |
		(how & 32 ? E1000_MDIC_OP_READ :
			    E1000_MDIC_OP_WRITE | input_u16()) |
		(how & 64 ? E1000_MDIC_I : 0) |
		1u << E1000_MDIC_PHY_SHIFT << (how >> 7));
}

/* Wake-up filters that would match, and to sleep. */
static void
op_sleep(void)
{
	uint8_t mask = input_u8();
	uint32_t i, cap = fuzz_pci_read(0x34, 1) & 0xfc;

	for (i = 0; i < 64; i++) {
		fuzz_reg_write(E1000_FFVT(i), frame_bytes[i] * 0x01010101u);
		fuzz_reg_write(E1000_FFMT(i), mask >> (i & 7) & 1 ? 15 : 0);
	}
	for (i = 0; i < 4; i++)
		fuzz_reg_write(E1000_FFLT(i), 64);
	fuzz_reg_write(E1000_IP4AT(0), 0x0200000a);
	fuzz_reg_write(E1000_IPAV, 0x1000f);
	fuzz_reg_write(E1000_WUC, input_u8());
	fuzz_reg_write(E1000_WUFC, 0xf00ff ^ input_u32());
	if (cap >= 0x40)
		fuzz_pci_write(cap + 4, 2, 0x103);
}

/* ------------------------------------------------------------------- host */

static void
op_time(void)
{
	uint8_t code = input_u8();

	if (code == 0xff)
		fuzz.now_ns -= 500;	/* back: no time has passed */
	else
		fuzz.now_ns += (uint64_t)(1 + (code & 15)) << (code >> 4) * 2;
	if (fuzz.timer_ns <= fuzz.now_ns)
		fuzz_run();
}

static void
op_due(void)
{
	if (fuzz.timer_ns != E82540_NEVER && fuzz.timer_ns > fuzz.now_ns)
		fuzz.now_ns = fuzz.timer_ns;
	fuzz_run();
}

/* Whoever looks at doorbells: all that was rung is answered. */
static void
fuzz_look(void)
{
	(void)fuzz_transmit();
	(void)fuzz_receive(NULL, 0);
	(void)fuzz_transmit();
	CHECK(!fuzz.open || e82540_doorbell_rung(fuzz.dev) == 0);
}

static void
fuzz_doorbells_open(bool mapped)
{
	call_begins();
	CHECK(e82540_doorbell_open(fuzz.dev, fuzz.now_ns, fuzz_doorbell) ==
	    (fuzz.open ? -EBUSY : 0));
	call_ends();
	fuzz.open = true;
	fuzz.mapped = mapped;
	CHECK(e82540_save(fuzz.dev, fuzz.now_ns, NULL, 0) == -EBUSY);
}

/* Open, unmap and close are three steps: in between accesses trap. */
static void
fuzz_doorbells(unsigned int what)
{
	switch (what) {
	case 0:
		fuzz_look();
		break;
	case 1:
		fuzz_doorbells_open(true);
		break;
	case 2:
		fuzz_doorbells_open(false);
		break;
	default:
		fuzz_doorbells_close();
		break;
	}
}

static void
op_host(void)
{
	uint8_t how = input_u8();

	call_begins();
	switch (how & 7) {
	case 0:
		fuzz.room = how >> 3;
		break;
	case 1:
		fuzz.room = UINT32_MAX;
		e82540_tx_resume(fuzz.dev, fuzz.now_ns);
		break;
	case 2:
		e82540_moderation_set(fuzz.dev, fuzz.now_ns, (how & 8) != 0);
		call_ends();
		call_begins();
		e82540_moderation_hold(fuzz.dev, fuzz.now_ns,
		    (how >> 4) * 100000ull);
		break;
	case 3:
		e82540_reset(fuzz.dev, fuzz.now_ns);
		break;
	case 4:
		if (e82540_moderation_held(fuzz.dev) != 0)
			e82540_moderation_release(fuzz.dev, fuzz.now_ns);
		call_ends();
		call_begins();
		/* FALLTHROUGH */
	case 5:
		e82540_link_set(fuzz.dev, fuzz.now_ns, (how & 8) != 0);
		break;
	default:
		break;
	}
	call_ends();
	if ((how & 7) > 5)
		fuzz_doorbells(how >> 3 & 3);
}

static void
op_memory(void)
{
	uint8_t mask = input_u8();

	fuzz_memory_map(mask, (mask & 0x80) != 0 ? input_u8() : 0);
}

static void
op_poke(void)
{
	uint32_t at = input_u16(), n = input_u8() & 31;
	uint8_t bytes[32];
	unsigned int i;

	for (i = 0; i < n; i++)
		bytes[i] = input_u8();
	fuzz_poke(RAM + at * 2u, bytes, n);
}

/*
 * The device can load its own snapshot; it refuses a damaged one, and does not
 * change.
 */
static void
op_snapshot(void)
{
	uint8_t how = input_u8();
	struct e82540 *dev = fuzz.dev;
	int64_t len, again;
	uint8_t *copy;
	uint32_t at;

	if (++saves > 2)
		return;
	fuzz_doorbells_close();
	len = e82540_save(dev, fuzz.now_ns, NULL, 0);
	CHECK(len > 0 && len < 0x100000);
	saved = malloc((size_t)len * 2);
	CHECK(saved != NULL);
	copy = saved + len;
	CHECK(e82540_save(dev, fuzz.now_ns, saved, (size_t)len) == len);
	CHECK(e82540_save(dev, fuzz.now_ns, copy, (size_t)len - 1) == -ENOSPC);
	call_begins();
	if ((how & 1) != 0) {
		memcpy(copy, saved, (size_t)len);
		at = input_u32() % (uint32_t)len;
		copy[at] ^= 1u << (how >> 5);
		CHECK(e82540_load(dev, fuzz.now_ns, copy, (size_t)len) < 0);
	} else {
		fuzz.loaded = true;
		CHECK(e82540_load(dev, fuzz.now_ns, saved, (size_t)len) == 0);
	}
	call_ends();
	/* A loaded device goes on at once: its state may have changed. */
	if ((how & 1) != 0) {
		again = e82540_save(dev, fuzz.now_ns, copy, (size_t)len);
		CHECK(again == len);
		CHECK(memcmp(saved, copy, (size_t)len) == 0);
	}
	free(saved);
}

/* --------------------------------------------------------------- the frame */

static void
op_doorbell(void)
{
	tdt_write(tx.next);
}

/* Any tail. */
static void
op_tail(void)
{
	tdt_write(input_u16());
}

static void (*const ops[32])(void) = { op_reg_write, op_reg_bit, op_reg_flip,
	op_reg_read, op_mmio, op_io, op_pci, op_capability, op_tx_ring,
	op_rx_ring, op_legacy, op_context, op_data, op_packet, op_packet,
	op_doorbell, op_flood, op_refill, op_receive, op_receive, op_time,
	op_due, op_host, op_host, op_memory, op_poke, op_snapshot, op_eeprom,
	op_mdic, op_sleep, fuzz_read_all, op_tail };

/* As a driver leaves it: link up, rings, filters, both directions on. */
static void
fuzz_begin(uint8_t how)
{
	uint16_t rctl = how < 0x80 ? input_u16() : 0;

	tx = (struct ring){ RAM, 64, 0 };
	rx = (struct ring){ RAM + 0x2000, 64, 0 };
	saves = 0;
	if (how >= 0x80)
		return;
	fuzz_pci_write(E82540_PCI_COMMAND, 2,
	    E82540_PCI_IO | E82540_PCI_MEMORY | E82540_PCI_MASTER);
	fuzz_link_set(true);
	fuzz.now_ns += 2000000;
	fuzz_run();
	fuzz_reg_write(E1000_TDBAL, RAM);
	fuzz_reg_write(E1000_TDLEN, 64 * 16);
	fuzz_reg_write(E1000_RDBAL, RAM + 0x2000);
	fuzz_reg_write(E1000_RDLEN, 64 * 16);
	fuzz_reg_write(E1000_IMS, E1000_ICR_MASK);
	fuzz_reg_write(E1000_CTRL,
	    e82540_reg(fuzz.dev, E1000_CTRL) | E1000_CTRL_SLU |
		(how & 1 ? E1000_CTRL_VME : 0) |
		(how & 2 ? E1000_CTRL_RFCE | E1000_CTRL_TFCE : 0));
	fuzz_reg_write(E1000_VET, E1000_VET_8021Q);
	fuzz_reg_write(E1000_VFTA(0), 0x5);
	fuzz_reg_write(E1000_MTA(how & 7), 0xffff);
	fuzz_reg_write(E1000_FCAL, E1000_FCAL_PAUSE);
	fuzz_reg_write(E1000_FCAH, E1000_FCAH_PAUSE);
	fuzz_reg_write(E1000_FCT, E1000_FCT_PAUSE);
	fuzz_reg_write(E1000_FCRTL, E1000_FCRTL_XONE | 0x1000);
	fuzz_reg_write(E1000_FCRTH, 0x2000);
	fuzz_reg_write(E1000_RXCSUM, how & 4 ? 0x70e : 0);
	fuzz_reg_write(E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP);
	/* The upper byte is that of RCTL which is about filters. */
	fuzz_reg_write(E1000_RCTL,
	    E1000_RCTL_EN | (rctl & 0xff) | (rctl & 0xff00u) << 10 |
		(how & 8 ? E1000_RCTL_BAM : 0) |
		(how & 16 ? E1000_RCTL_BSIZE_256 : 0));
	if ((how & 32) != 0)
		fuzz_reg_write(E1000_MDIC,
		    E1000_MDIC_OP_WRITE |
			E1000_PHY_ADDR << E1000_MDIC_PHY_SHIFT |
			E1000_PHY_CTRL_LOOPBACK | E1000_PHY_CTRL_FD |
			E1000_PHY_CTRL_SPEED_MSB);
	if ((how & 64) != 0) {
		fuzz_reg_write(E1000_TIDV, 10);
		fuzz_reg_write(E1000_TADV, 20);
		fuzz_reg_write(E1000_RDTR, 10);
		fuzz_reg_write(E1000_RADV, 20);
		fuzz_reg_write(E1000_ITR, 100);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int n;
	uint8_t how;

	input_begin(data, size);
	fuzz_new();
	how = input_u8();
	if ((how & 128) != 0)
		fuzz.stores = (input_u8() << 16 | 1u) * 2654435761u;
	fuzz_begin(how);
	for (n = 0; n < OPS_MAX && input.left != 0; n++)
		ops[input_u8() & 31]();
	check_usable((how & 1) != 0);
	return 0;
}
