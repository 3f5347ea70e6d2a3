/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Snapshots.  All numbers are little-endian:
 *
 *	8 bytes		magic
 *	32 bits		version, chip, length of the whole snapshot
 *	sections	in the order of section[]: tag, length, bytes
 *	32 bits		CRC-32 of all before it
 *
 * A section's bytes are its fields, one after another; some sections have a
 * tail of variable length.  The tables of fields serve save, load and check: a
 * new member of the device's state needs a new row here, and a new VERSION.
 * test_snapshot.c fails for a member without a row.
 *
 * Times are relative to the time of the snapshot: clocks of two hosts differ.
 *
 * Not in a snapshot: config and memory; what follows from the rest (gates); the
 * counters; what is true of this host alone: that send() was full, that the
 * host was kicked, the level of its interrupt line.
 */
#include "e82540_flow.h"
#include "e82540_intr.h"
#include "e82540_nvm.h"
#include "e82540_pci.h"
#include "e82540_regs.h"
#include "e82540_rx.h"
#include "e82540_sum.h"
#include "e82540_time.h"

#define VERSION		1u
#define HEADER_BYTES	20u
#define VERSION_AT	8u		/* in the header */
#define CHIP_AT		12u
#define LENGTH_AT	16u
#define SECTION_BYTES	8u		/* tag, length */
#define CRC_BYTES	4u
#define PAIR_BYTES	8u		/* of a register: offset, value */

#define WUS_MASK	0xF00FFu	/* as WUFC */

static const uint8_t magic[8] = { 'e', '8', '2', '5', '4', '0', 0x1a, '\n' };

/* ----------------------------------------------------------------- fields */

/* How a member is stored; the low digit is its width in bytes. */
enum kind {
	BOOL = 0x01,
	U8 = 0x11,
	U16 = 0x12,
	U32 = 0x14,
	U64 = 0x18,
	INDEX = 0x24,			/* an atomic u32 */
	AHEAD = 0x28,			/* a time to come, or E82540_NEVER */
	AGO = 0x38,			/* a time that is past */
};

#define WIDTH(kind) ((kind)&0xFu)

struct field {
	uint32_t offset;		/* in struct e82540 */
	uint16_t count;			/* elements of the array, or 1 */
	uint8_t kind;
	uint64_t max;			/* a greater value is refused */
};

/* The kind for a member's type; an array decays to a pointer. */
#define KIND(member)						\
	_Generic(((struct e82540 *)0)->member,			\
	    bool: BOOL, uint8_t: U8, uint16_t: U16,		\
	    uint32_t: U32, uint64_t: U64, uint8_t *: U8,	\
	    uint16_t *: U16, uint32_t *: U32, uint64_t *: U64)

#define FIELD_AS(k, member, most) \
	{ \
		.offset = offsetof(struct e82540, member), \
		.count = sizeof(((struct e82540 *)0)->member) / WIDTH(k), \
		.kind = (k), .max = (most), \
	}
#define FIELD_MAX(member, most)	FIELD_AS(KIND(member), member, most)
#define FIELD(member) FIELD_MAX(member, KIND(member) == BOOL ? 1 : UINT64_MAX)

_Static_assert(sizeof(bool) == 1, "BOOL");
_Static_assert(sizeof(_Atomic(uint32_t)) == 4, "INDEX");

static uint64_t
field_get(const struct e82540 *dev, const struct field *f, unsigned int i,
    uint64_t now_ns)
{
	const void *p = (const char *)dev + f->offset + i * WIDTH(f->kind);
	uint64_t at;

	switch (f->kind) {
	case BOOL:
		return *(const bool *)p;
	case U8:
		return *(const uint8_t *)p;
	case U16:
		return *(const uint16_t *)p;
	case U32:
		return *(const uint32_t *)p;
	case INDEX:
		return e82540_index(p);
	case AHEAD:
		at = *(const uint64_t *)p;
		if (at == E82540_NEVER)
			return at;
		return at > now_ns ? at - now_ns : 0;
	case AGO:
		at = now_ns - *(const uint64_t *)p;
		return at < f->max ? at : f->max;
	default:
		return *(const uint64_t *)p;
	}
}

static void
field_set(struct e82540 *dev, const struct field *f, unsigned int i,
    uint64_t value)
{
	void *p = (char *)dev + f->offset + i * WIDTH(f->kind);

	switch (f->kind) {
	case BOOL:
		*(bool *)p = value;
		break;
	case U8:
		*(uint8_t *)p = value;
		break;
	case U16:
		*(uint16_t *)p = value;
		break;
	case U32:
		*(uint32_t *)p = value;
		break;
	case INDEX:
		e82540_index_set(p, value);
		break;
	case AHEAD:
		*(uint64_t *)p = value < E82540_NEVER - dev->now_ns ?
		    dev->now_ns + value :
						    E82540_NEVER;
		break;
	case AGO:
		*(uint64_t *)p = dev->now_ns - value;
		break;
	default:
		*(uint64_t *)p = value;
		break;
	}
}

static bool
field_valid(const struct field *f, uint64_t value)
{
	return value <= f->max || (f->kind == AHEAD && value == E82540_NEVER);
}

/* -------------------------------------------------------------- the tables */

#define ITR_MAX_NS	((uint64_t)E1000_ITR_INTERVAL_MASK * E1000_ITR_UNIT_NS)
#define DELAY_MAX_NS ((uint64_t)E1000_RDTR_DELAY_MASK * E1000_DELAY_UNIT_NS)
/* Quanta of 512 bit times of 100 ns. */
#define PAUSE_MAX_NS	((uint64_t)UINT16_MAX * 512 * 100)

#define AHEAD_MAX(due, most) FIELD_AS(AHEAD, deadline[E82540_DUE_##due], most)

static const struct field ring_fields[] = {
	FIELD_AS(INDEX, tdh, E1000_TDT_MASK),
	FIELD_AS(INDEX, tdt, E1000_TDT_MASK),
	FIELD_AS(INDEX, rdh, E1000_RDT_MASK),
	FIELD_AS(INDEX, rdt, E1000_RDT_MASK),
};

static const struct field intr_fields[] = {
	FIELD(intr.moderation),
	FIELD(intr.asserted),
	FIELD(intr.fired),
	FIELD_AS(AGO, intr.last_ns, ITR_MAX_NS),
};

static const struct field time_fields[] = {
	AHEAD_MAX(ITR, ITR_MAX_NS),
	AHEAD_MAX(RDTR, DELAY_MAX_NS),
	AHEAD_MAX(RADV, DELAY_MAX_NS),
	AHEAD_MAX(TIDV, DELAY_MAX_NS),
	AHEAD_MAX(TADV, DELAY_MAX_NS),
	AHEAD_MAX(LINK, INT64_MAX),	/* config.link_delay_ns, of any size */
	AHEAD_MAX(PAUSE, PAUSE_MAX_NS),
	AHEAD_MAX(TX, 0),
};

static const struct field nvm_fields[] = {
	FIELD(nvm.word),
	FIELD(nvm.write_enabled),
	FIELD(nvm.phase),
	FIELD(nvm.bits),
	FIELD_MAX(nvm.address, E82540_NVM_WORDS - 1),
	FIELD(nvm.out),
	FIELD(nvm.shift_in),
	FIELD(nvm.shift_out),
};

static const struct field phy_fields[] = {
	FIELD(phy.reg),
	FIELD(phy.window),
	FIELD(phy.coming),
	FIELD(phy.autoneg),
	FIELD(phy.cable),
	FIELD(phy.link),
};

static const struct field pci_fields[] = {
	FIELD(pci.config),		/* first: pci_valid() */
	FIELD_MAX(pci.io_address, 0xFFFFF),
	FIELD(pci.msi_sent),
};

static const struct field tx_fields[] = {
	FIELD(tx.discard),
	FIELD_MAX(tx.segments_done, E82540_TX_SEGMENTS_MAX),
	FIELD_MAX(tx.partial, E82540_TX_DESCS_MAX),
	FIELD(tx.progress_gpa),
	FIELD(tx.context[E82540_TX_CONTEXT_SUM].qword),
	FIELD(tx.context[E82540_TX_CONTEXT_SUM].loaded),
	FIELD(tx.context[E82540_TX_CONTEXT_TSO].qword),
	FIELD(tx.context[E82540_TX_CONTEXT_TSO].loaded),
};

static const struct field rx_fields[] = {
	FIELD(rx.fifo_head),		/* first: rx_valid() */
	FIELD(rx.waiting),
};

static const struct field flow_fields[] = {
	FIELD(xoff_sent),		/* `paused` follows from DUE_PAUSE */
};

static const struct field total_fields[] = {
	FIELD(total),
};

/* ------------------------------------------------------------------ bytes */

struct writer {
	uint8_t *out;			/* NULL: only count */
	size_t at;
};

static void
writer_put(struct writer *w, uint64_t value, unsigned int bytes)
{
	unsigned int i;

	for (i = 0; i < bytes; i++, w->at++)
		if (w->out != NULL)
			w->out[w->at] = value >> i * 8;
}

static void
writer_put_bytes(struct writer *w, const uint8_t *from, size_t n)
{
	if (w->out != NULL)
		memcpy(w->out + w->at, from, n);
	w->at += n;
}

/* -------------------------------------------------------------- registers */

/*
 * Pairs of offset and value, in order, of the registers that differ from their
 * reset values.  So a row that is new in the model gets its reset value.
 */
static const struct e82540_reg_info *
reg_info(const struct e82540 *dev, uint32_t offset)
{
	uint8_t row = dev->row_of[offset / 4];

	return row != 0 ? e82540_reg_info(row - 1) : NULL;
}

/* Bits that the device sets, and a write cannot. */
static uint32_t
device_mask(uint32_t offset)
{
	if (offset >= E1000_CRCERRS && offset <= E1000_TSCTFC)
		return UINT32_MAX;
	switch (offset) {
	case E1000_STATUS:
		return E1000_STATUS_FD | E1000_STATUS_LU | E1000_STATUS_TXOFF |
		    E1000_STATUS_SPEED_MASK | E1000_STATUS_ASDV_MASK;
	case E1000_RDLEN:
	case E1000_TDLEN:
		return E82540_LEN_SHORT;
	case E1000_EERD:
		return E1000_EERD_DONE | E1000_EERD_DATA_MASK;
	case E1000_MDIC:
		return E1000_MDIC_R | E1000_MDIC_E;
	case E1000_ICR:
		return E1000_ICR_MASK;
	case E1000_PBA:
		return E1000_PBA_TXA_MASK;
	case E1000_WUS:
		return WUS_MASK;
	default:
		return 0;
	}
}

static void
regs_save(const struct e82540 *dev, struct writer *w)
{
	const struct e82540_reg_info *info;
	uint32_t offset, value;

	for (offset = 0; offset < E82540_REGS_BYTES; offset += 4) {
		info = reg_info(dev, offset);
		value = e82540_reg(dev, offset);
		if (info == NULL || value == info->reset)
			continue;
		writer_put(w, offset, 4);
		writer_put(w, value, 4);
	}
}

static bool
regs_valid(const struct e82540 *dev, const uint8_t *p, size_t len)
{
	const struct e82540_reg_info *info;
	uint32_t offset, value, next = 0;

	if (len % PAIR_BYTES != 0)
		return false;
	for (; len > 0; len -= PAIR_BYTES, p += PAIR_BYTES) {
		offset = e82540_get_n(p, 4);
		value = e82540_get_n(p + 4, 4);
		if (offset % 4 != 0 || offset < next ||
		    offset >= E82540_REGS_BYTES)
			return false;
		next = offset + 4;
		info = reg_info(dev, offset);
		if (info == NULL ||
		    (value ^ info->reset) &
			~(info->write_mask | device_mask(offset)))
			return false;
	}
	return true;
}

static void
regs_load(struct e82540 *dev, const uint8_t *p, size_t len)
{
	const struct e82540_reg_info *info;
	uint32_t offset;

	for (offset = 0; offset < E82540_REGS_BYTES; offset += 4) {
		info = reg_info(dev, offset);
		if (info != NULL)
			e82540_reg_set(dev, offset, info->reset);
	}
	for (; len > 0; len -= PAIR_BYTES, p += PAIR_BYTES)
		e82540_reg_set(dev, e82540_get_n(p, 4), e82540_get_n(p + 4, 4));
}

/* -------------------------------------------------------------------- PCI */

static bool
pci_valid(const struct e82540 *dev, const uint8_t *p)
{
	const uint8_t *own = dev->pci.config;
	unsigned int i;

	for (i = 0; i < sizeof(dev->pci.config); i += 4)
		if ((e82540_get32(p + i) ^ e82540_get32(own + i)) &
		    ~e82540_pci_state_mask(dev, i))
			return false;
	return true;
}

/* ------------------------------------------------------------------- FIFO */

/*
 * The FIFO's frames as e82540_rx.c has them, oldest first, with zeros between
 * them.  Here they do not wrap.
 */
#define FRAME_MIN_BYTES	60u
#define FIFO_FLAGS	(E82540_FIFO_INEXACT | E82540_FIFO_CSUM_VALID)

static void
fifo_save(const struct e82540 *dev, struct writer *w)
{
	const struct e82540_rx *rx = &dev->rx;
	uint32_t at, used, first;
	const uint8_t *p;

	for (at = rx->fifo_head; at != rx->fifo_tail;
	     at += e82540_fifo_entry_bytes(used - E82540_FIFO_HEADER_BYTES)) {
		p = &rx->fifo[at % E82540_FIFO_BYTES];
		used = E82540_FIFO_HEADER_BYTES + e82540_get16(p);
		first = E82540_FIFO_BYTES - at % E82540_FIFO_BYTES;
		first = used < first ? used : first;
		writer_put_bytes(w, p, first);
		writer_put_bytes(w, rx->fifo, used - first);
		writer_put(w, 0,
		    e82540_fifo_entry_bytes(used - E82540_FIFO_HEADER_BYTES) -
			used);
	}
}

static bool
fifo_valid(const struct e82540 *dev, const uint8_t *p, size_t len)
{
	uint32_t used;

	(void)dev;
	if (len > E82540_FIFO_BYTES)
		return false;
	for (; len > 0; len -= e82540_fifo_entry_bytes(used),
	     p += e82540_fifo_entry_bytes(used)) {
		if (len < E82540_FIFO_ALIGN)
			return false;
		used = e82540_get16(p);
		if (used < FRAME_MIN_BYTES ||
		    used > E82540_FRAME_MAX_BYTES - CRC_BYTES ||
		    p[2] & ~FIFO_FLAGS || p[3] != 0 ||
		    e82540_fifo_entry_bytes(used) > len)
			return false;
	}
	return true;
}

/* fifo_head is aligned, so that length and flags never wrap. */
static bool
rx_valid(const struct e82540 *dev, const uint8_t *p)
{
	(void)dev;
	return e82540_get32(p) % E82540_FIFO_ALIGN == 0;
}

static void
fifo_load(struct e82540 *dev, const uint8_t *p, size_t len)
{
	struct e82540_rx *rx = &dev->rx;
	uint32_t at, first;

	rx->fifo_packets = 0;
	for (at = 0; at < len;
	     at += e82540_fifo_entry_bytes(e82540_get16(p + at)))
		rx->fifo_packets++;
	rx->fifo_tail = rx->fifo_head + at;
	at = rx->fifo_head % E82540_FIFO_BYTES;
	first = E82540_FIFO_BYTES - at;
	first = len < first ? len : first;
	memcpy(&rx->fifo[at], p, first);
	memcpy(rx->fifo, p + first, len - first);
}

/* --------------------------------------------------------------- sections */

#define TAG(a, b, c, d)							\
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 |	\
	    (uint32_t)(d) << 24)
#define FIELDS(table) \
	.field = (table), .fields = sizeof(table) / sizeof(*(table))

struct section {
	uint32_t tag;
	const struct field *field;
	unsigned int fields;
	/* Checks what the fields' table cannot; or NULL. */
	bool (*fields_valid)(const struct e82540 *dev, const uint8_t *p);
	/* The tail behind the fields; NULL: the section has no tail. */
	void (*tail_save)(const struct e82540 *dev, struct writer *w);
	bool (*tail_valid)(const struct e82540 *dev, const uint8_t *p,
	    size_t len);
	void (*tail_load)(struct e82540 *dev, const uint8_t *p, size_t len);
};

static const struct section section[] = {
	{
	    .tag = TAG('R', 'E', 'G', 'S'),
	    .tail_save = regs_save,
	    .tail_valid = regs_valid,
	    .tail_load = regs_load,
	},
	{ .tag = TAG('R', 'I', 'N', 'G'), FIELDS(ring_fields) },
	{ .tag = TAG('I', 'N', 'T', 'R'), FIELDS(intr_fields) },
	{ .tag = TAG('T', 'I', 'M', 'E'), FIELDS(time_fields) },
	{ .tag = TAG('N', 'V', 'M', ' '), FIELDS(nvm_fields) },
	{ .tag = TAG('P', 'H', 'Y', ' '), FIELDS(phy_fields) },
	{
	    .tag = TAG('P', 'C', 'I', ' '),
	    FIELDS(pci_fields),
	    .fields_valid = pci_valid,
	},
	{ .tag = TAG('F', 'L', 'O', 'W'), FIELDS(flow_fields) },
	{ .tag = TAG('T', 'O', 'T', 'L'), FIELDS(total_fields) },
	{ .tag = TAG('T', 'X', ' ', ' '), FIELDS(tx_fields) },
	{
	    .tag = TAG('R', 'X', ' ', ' '),
	    FIELDS(rx_fields),
	    .fields_valid = rx_valid,
	    .tail_save = fifo_save,
	    .tail_valid = fifo_valid,
	    .tail_load = fifo_load,
	},
};

#define SECTIONS	(sizeof(section) / sizeof(*section))

static void
section_save(const struct e82540 *dev, const struct section *s, uint64_t now_ns,
    struct writer *w)
{
	const struct field *f;
	unsigned int n, i;

	for (n = 0; n < s->fields; n++) {
		f = &s->field[n];
		for (i = 0; i < f->count; i++)
			writer_put(w, field_get(dev, f, i, now_ns),
			    WIDTH(f->kind));
	}
	if (s->tail_save != NULL)
		s->tail_save(dev, w);
}

static bool
section_valid(const struct e82540 *dev, const struct section *s,
    const uint8_t *p, size_t len)
{
	const uint8_t *start = p;
	const struct field *f;
	unsigned int n, i, width;

	for (n = 0; n < s->fields; n++) {
		f = &s->field[n];
		width = WIDTH(f->kind);
		if (len < f->count * width)
			return false;
		for (i = 0; i < f->count; i++, p += width, len -= width)
			if (!field_valid(f, e82540_get_n(p, width)))
				return false;
	}
	if (s->fields_valid != NULL && !s->fields_valid(dev, start))
		return false;
	return s->tail_valid != NULL ? s->tail_valid(dev, p, len) : len == 0;
}

static void
section_load(struct e82540 *dev, const struct section *s, const uint8_t *p,
    size_t len)
{
	const struct field *f;
	unsigned int n, i, width;

	for (n = 0; n < s->fields; n++) {
		f = &s->field[n];
		width = WIDTH(f->kind);
		for (i = 0; i < f->count; i++, p += width, len -= width)
			field_set(dev, f, i, e82540_get_n(p, width));
	}
	if (s->tail_load != NULL)
		s->tail_load(dev, p, len);
}

/* --------------------------------------------------------------- the whole */

static void
writer_patch(const struct writer *w, size_t at, uint32_t value)
{
	struct writer there = { w->out, at };

	writer_put(&there, value, 4);
}

/* Returns the length of the snapshot; writes nothing if out is NULL. */
static size_t
snapshot_save(const struct e82540 *dev, uint64_t now_ns, uint8_t *out)
{
	struct writer w = { out, 0 };
	unsigned int i;
	size_t at;

	writer_put_bytes(&w, magic, sizeof(magic));
	writer_put(&w, VERSION, 4);
	writer_put(&w, dev->config.chip, 4);
	writer_put(&w, 0, 4);
	for (i = 0; i < SECTIONS; i++) {
		writer_put(&w, section[i].tag, 4);
		writer_put(&w, 0, 4);
		at = w.at;
		section_save(dev, &section[i], now_ns, &w);
		writer_patch(&w, at - 4, w.at - at);
	}
	writer_patch(&w, LENGTH_AT, w.at + CRC_BYTES);
	writer_put(&w, out != NULL ? e82540_fcs(out, w.at) : 0, CRC_BYTES);
	return w.at;
}

/* Checks the whole snapshot, before e82540_load() changes anything. */
static int
snapshot_check(const struct e82540 *dev, const uint8_t *p, size_t len)
{
	const struct section *s;
	size_t left, bytes;

	if (len < HEADER_BYTES + CRC_BYTES ||
	    memcmp(p, magic, sizeof(magic)) != 0)
		return -EINVAL;
	if (e82540_get_n(p + VERSION_AT, 4) != VERSION ||
	    e82540_get_n(p + CHIP_AT, 4) != dev->config.chip)
		return -ENOTSUP;
	left = len - CRC_BYTES;
	if (e82540_get_n(p + LENGTH_AT, 4) != len ||
	    e82540_get_n(p + left, CRC_BYTES) != e82540_fcs(p, left))
		return -EINVAL;
	p += HEADER_BYTES;
	left -= HEADER_BYTES;
	for (s = section; s < section + SECTIONS; s++) {
		if (left < SECTION_BYTES || e82540_get_n(p, 4) != s->tag)
			return -EINVAL;
		bytes = e82540_get_n(p + 4, 4);
		p += SECTION_BYTES;
		left -= SECTION_BYTES;
		if (bytes > left || !section_valid(dev, s, p, bytes))
			return -EINVAL;
		p += bytes;
		left -= bytes;
	}
	return left == 0 ? 0 : -EINVAL;
}

/*
 * Only what this host and the device have told each other stays.  A host that
 * keeps frames may try again, as the FIFO is another now.
 */
static void
snapshot_apply(struct e82540 *dev, const uint8_t *p)
{
	bool waited = dev->rx.waiting;
	unsigned int i;
	size_t bytes;

	p += HEADER_BYTES;
	for (i = 0; i < SECTIONS; i++) {
		bytes = e82540_get_n(p + 4, 4);
		section_load(dev, &section[i], p + SECTION_BYTES, bytes);
		p += SECTION_BYTES + bytes;
	}
	dev->paused = dev->deadline[E82540_DUE_PAUSE] != E82540_NEVER;
	dev->tx.blocked = dev->tx.dropping = dev->held = false;
	e82540_due_clear(dev, E82540_DUE_STALL);
	e82540_flow_show(dev);
	dev->arm = true;
	dev->tx.open = dev->rx.open = false;
	dev->epoch++;
	e82540_intr_loaded(dev);
	if (waited && dev->host.rx_ready != NULL)
		dev->host.rx_ready(dev->config.ctx);
	dev->want_gates = dev->want_tx = dev->want_rx = true;
}

int64_t
e82540_save(struct e82540 *dev, uint64_t now_ns, void *buf, size_t len)
{
	int64_t bytes = -EBUSY;

	e82540_lock(dev, E82540_LOCK_BUS);
	e82540_lock_paths(dev);
	if (now_ns < dev->now_ns)
		now_ns = dev->now_ns;
	if (dev->doorbell.mem == NULL)
		bytes = snapshot_save(dev, now_ns, NULL);
	if (buf != NULL && bytes > 0 && (size_t)bytes > len)
		bytes = -ENOSPC;
	else if (buf != NULL && bytes > 0)
		snapshot_save(dev, now_ns, buf);
	e82540_unlock_paths(dev);
	e82540_unlock(dev, E82540_LOCK_BUS);
	return bytes;
}

/* e82540_run() does what is due now, and what snapshot_apply() asks for. */
int
e82540_load(struct e82540 *dev, uint64_t now_ns, const void *buf, size_t len)
{
	int error;

	e82540_lock(dev, E82540_LOCK_BUS);
	e82540_lock_paths(dev);
	error =
	    dev->doorbell.mem != NULL ? -EBUSY : snapshot_check(dev, buf, len);
	if (error == 0) {
		if (dev->now_ns < now_ns)
			dev->now_ns = now_ns;
		snapshot_apply(dev, buf);
	}
	e82540_unlock_paths(dev);
	e82540_unlock(dev, E82540_LOCK_BUS);
	if (error == 0)
		e82540_run(dev, now_ns);
	return error;
}
