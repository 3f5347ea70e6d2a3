/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doorbells: the registers of both rings as memory that the guest writes.
 *
 *	 guest                 mem                       model
 *	TDT = 7  ----------->  [TDT]  ---- _tail() ----> tdt
 *	TADV = 8 ----------->  [TADV] ---- _next() ----> reg[]
 *	x = TDH  <-----------  [TDH]  <--- _head() ----- tdh
 *
 * The guest's write costs it nothing, and calls no function of the model.  So a
 * data path compares memory with seen[] (what memory was when the model looked
 * last) before it looks at the ring.  Four rules:
 *
 * 1. A change of the tail alone, which is the usual one, needs only the lock of
 *    its path.  A change of any other register needs the bus lock as well.
 * 2. The model loads the tail before the others (acquire), and takes it in
 *    after them: so it has all registers that the guest wrote before the tail.
 * 3. Some accesses still trap.  If the path's lock guards the register, the
 *    model first takes in what is in memory, as the guest wrote that before.
 * 4. The model writes to memory (a head; a register without its reserved bits)
 *    by compare and exchange: a value that the guest has written meanwhile
 *    stays, and the model takes it in the next time.
 *
 * Rule 3 keeps the order of a driver's accesses, whatever their kind.  It also
 * keeps everything when memory comes or goes, as accesses trap for a while with
 * memory in place.
 */
#include "e82540_doorbell.h"

#define WORD(offset) (((offset)-E82540_DOORBELL_OFFSET) / 4)

/*
 * The registers of a path: tail, head, those that the data path or the timers
 * use (hot), others.
 */
struct path {
	uint8_t count;
	uint8_t hot;		/* the first `hot`: compared for each batch */
	uint16_t reg[E82540_DOORBELL_REGS];
};

#define TAIL	0
#define HEAD	1

static const struct path paths[E82540_DOORBELL_PATHS] = {
	{
	    .count = 15,
	    .hot = 9,
	    .reg = { E1000_TDT, E1000_TDH, E1000_TDBAL, E1000_TDBAH,
		E1000_TDLEN, E1000_TIDV, E1000_TXDCTL, E1000_TADV, E1000_TSPMT,
		E1000_TXDMAC, E1000_TDFH, E1000_TDFT, E1000_TDFHS, E1000_TDFTS,
		E1000_TDFPC },
	},
	{
	    .count = 13,
	    .hot = 11,
	    .reg = { E1000_RDT, E1000_RDH, E1000_RDBAL, E1000_RDBAH,
		E1000_RDLEN, E1000_RDTR, E1000_RXDCTL, E1000_RADV, E1000_RSRPD,
		E1000_FCRTL, E1000_FCRTH, E1000_RDFHS, E1000_RDFTS },
	},
};

/* The index of a path in paths[] and seen[]. */
static inline unsigned int
path_number(enum e82540_lock path)
{
	return path == E82540_LOCK_TX ? 0 : 1;
}

static inline uint32_t
memory_load(const struct e82540_doorbell *d, uint32_t offset)
{
	return atomic_load_explicit(&d->mem[WORD(offset)],
	    memory_order_relaxed);
}

static inline uint32_t
seen_load(const struct e82540_doorbell *d, unsigned int p, unsigned int i)
{
	return atomic_load_explicit(&d->seen[p][i], memory_order_relaxed);
}

static inline void
seen_store(struct e82540_doorbell *d, unsigned int p, unsigned int i,
    uint32_t v)
{
	atomic_store_explicit(&d->seen[p][i], v, memory_order_relaxed);
}

/* Acquire: later loads find what the guest wrote before the tail. */
static inline uint32_t
tail_load(const struct e82540_doorbell *d, unsigned int p)
{
	return atomic_load_explicit(&d->mem[WORD(paths[p].reg[TAIL])],
	    memory_order_acquire);
}

/* Has any of the first n registers but the tail changed? */
static inline bool
others_changed(const struct e82540_doorbell *d, unsigned int p, unsigned int n)
{
	unsigned int i;
	uint32_t changed = 0;

	for (i = HEAD; i < n; i++)
		changed |= memory_load(d, paths[p].reg[i]) ^ seen_load(d, p, i);
	return changed != 0;
}

/* Store the model's value in memory, unless the guest has written there. */
static void
memory_show(struct e82540 *dev, unsigned int p, unsigned int i)
{
	struct e82540_doorbell *d = &dev->doorbell;
	uint32_t offset = paths[p].reg[i];
	uint32_t was = seen_load(d, p, i), now = e82540_ring_reg(dev, offset);

	if (was != now &&
	    atomic_compare_exchange_strong_explicit(&d->mem[WORD(offset)], &was,
		now, memory_order_relaxed, memory_order_relaxed))
		seen_store(d, p, i, now);
}

/* Store the model's value in memory, whatever is there. */
static void
memory_store(struct e82540 *dev, unsigned int p, unsigned int i)
{
	struct e82540_doorbell *d = &dev->doorbell;
	uint32_t now = e82540_ring_reg(dev, paths[p].reg[i]);

	atomic_store_explicit(&d->mem[WORD(paths[p].reg[i])], now,
	    memory_order_relaxed);
	seen_store(d, p, i, now);
}

/* ------------------------------------------------------- for data paths */

bool
e82540_doorbell_tail(struct e82540 *dev, enum e82540_lock path)
{
	struct e82540_doorbell *d = &dev->doorbell;
	unsigned int p = path_number(path);
	uint32_t tail = tail_load(d, p);

	if (others_changed(d, p, paths[p].hot))
		return false;
	if (tail != seen_load(d, p, TAIL)) {
		seen_store(d, p, TAIL, tail);
		e82540_index_set(p == 0 ? &dev->tdt : &dev->rdt,
		    tail & E1000_TDT_MASK);
	}
	return true;
}

void
e82540_doorbell_head(struct e82540 *dev, enum e82540_lock path)
{
	memory_show(dev, path_number(path), HEAD);
	/* A path replaces a tail that is outside of its ring. */
	memory_show(dev, path_number(path), TAIL);
}

/* -------------------------------------------------------- for registers */

/* Rule 2: the tail is loaded here, before the others. */
void
e82540_doorbell_scan(struct e82540 *dev, enum e82540_lock path,
    struct e82540_scan *scan)
{
	scan->done = scan->given = false;
	scan->path = path_number(path);
	scan->at = TAIL;
	scan->tail = tail_load(&dev->doorbell, scan->path);
}

/* The order of registers is HEAD, ..., count - 1, TAIL. */
bool
e82540_doorbell_next(struct e82540 *dev, struct e82540_scan *scan,
    uint32_t *offset, uint32_t *value)
{
	struct e82540_doorbell *d = &dev->doorbell;
	unsigned int p = scan->path, i = scan->at;

	if (scan->given)
		memory_show(dev, p, i);
	scan->given = true;
	while (!scan->done) {
		i = i + 1 == paths[p].count ? TAIL : i + 1;
		scan->done = i == TAIL;
		*value =
		    i == TAIL ? scan->tail : memory_load(d, paths[p].reg[i]);
		if (*value == seen_load(d, p, i))
			continue;
		seen_store(d, p, i, *value);
		*offset = paths[p].reg[i];
		scan->at = i;
		return true;
	}
	return false;
}

void
e82540_doorbell_written(struct e82540 *dev, enum e82540_lock path,
    uint32_t offset)
{
	unsigned int p = path_number(path), i;

	for (i = 0; i < paths[p].count; i++)
		if (paths[p].reg[i] == offset)
			memory_store(dev, p, i);
}

void
e82540_doorbell_renew(struct e82540 *dev)
{
	unsigned int p, i;

	for (p = 0; p < E82540_DOORBELL_PATHS; p++)
		for (i = 0; i < paths[p].count; i++)
			memory_store(dev, p, i);
}

/* --------------------------------------------------------- for the host */

unsigned int
e82540_doorbell_rung(const struct e82540 *dev)
{
	const struct e82540_doorbell *d = &dev->doorbell;
	unsigned int p, rung = 0;

	for (p = 0; p < E82540_DOORBELL_PATHS; p++)
		if (memory_load(d, paths[p].reg[TAIL]) !=
			seen_load(d, p, TAIL) ||
		    others_changed(d, p, paths[p].hot))
			rung |= 1u << p;
	return rung;
}
