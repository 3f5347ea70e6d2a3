/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lem driver on bare metal: the core of driver/ behind the guest's NIC
 * interface.  Memory is mapped one to one, so a pointer is a bus address.
 */
#include "lem.h"
#include "nic.h"

_Static_assert(LEM_MIT_OFF == (int)LEM_COMBINE_OFF &&
	LEM_MIT_ON == (int)LEM_COMBINE_ON &&
	LEM_MIT_ORIGINAL == (int)LEM_COMBINE_ORIGINAL,
    "mit_enable is the driver's enum lem_combine");

/* How often the guard's timer is looked at, in frames and in idle polls. */
#define GUARD_EVERY	64u

static struct lem sc;

static union e1000_tx_any_desc tx_desc[NIC_RING_MAX]
    __attribute__((aligned(4096)));
static struct e1000_rx_desc rx_desc[NIC_RING_MAX]
    __attribute__((aligned(4096)));
static uint16_t tx_rsq[NIC_RING_MAX];
static uint8_t tx_buf[NIC_RING_MAX][NIC_BUF_BYTES] BARE_NOINIT
    __attribute__((aligned(4096)));
static uint8_t rx_buf[NIC_RING_MAX][NIC_BUF_BYTES] BARE_NOINIT
    __attribute__((aligned(4096)));

static struct lem_rx_frag rx_frag;
static bool rx_interrupted;
static bool interrupt_only;
static uint64_t irq_base;
static uint64_t guard_next_tsc, guard_period_tsc;
static uint32_t guard_countdown = GUARD_EVERY;

/* The core's coarse timer: each GUARD_EVERY calls, compare the TSC. */
static void
guard_tick(void)
{
	uint64_t now;

	if (--guard_countdown != 0)
		return;
	guard_countdown = GUARD_EVERY;
	now = bare_rdtsc();
	if (now < guard_next_tsc)
		return;
	guard_next_tsc = now + guard_period_tsc;
	(void)lem_tx_guard(&sc);
}

#define E1000_ID(id, chip, name) id,

static const char *
e1000_map(void)
{
	static const uint16_t ids[] = { LEM_DEVICES(E1000_ID) };
	uint64_t bar[BARE_PCI_BARS];
	unsigned int i;
	int devfn = -1;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]) && devfn < 0; i++) {
		devfn = bare_pci_find(E1000_VENDOR_INTEL, ids[i]);
		sc.device_id = ids[i];
	}
	if (devfn < 0)
		return "no 8254x on the PCI bus";
	if (bare_pci_enable(devfn, bar) != 0)
		return "no room for the BARs of the 8254x";
	sc.os.bar0 = (uint8_t *)(uintptr_t)bar[0];
	return NULL;
}

static const char *
e1000_rings(const struct lem_mailbox *box)
{
	const struct lem_moderation m = {
		.itr = (uint16_t)box->itr,
		.rdtr = (uint16_t)box->rdtr,
		.radv = (uint16_t)box->radv,
		.tidv = (uint16_t)box->tidv,
		.tadv = (uint16_t)box->tadv,
		.adaptive = box->adaptive != 0,
	};
	uint16_t size = (uint16_t)box->ring_size, i;
	uint64_t pa;

	if (box->ring_size > NIC_RING_MAX ||
	    lem_tx_ring_init(&sc, tx_desc, (uintptr_t)tx_desc, tx_rsq, size,
		1) != 0 ||
	    lem_rx_ring_init(&sc, rx_desc, (uintptr_t)rx_desc, size,
		NIC_BUF_BYTES) != 0)
		return "the 8254x cannot have rings of this size";
	if (lem_tx_combine_set(&sc, (enum lem_combine)box->mit_enable) != 0)
		return "the driver has no such mit_enable";
	if (lem_filter_set(&sc, LEM_FILTER_BROADCAST, NULL, 0) != 0 ||
	    lem_moderation_set(&sc, &m) != 0)
		return "this 8254x does not have such moderation";
	if (lem_start(&sc) != 0)
		return "the 8254x did not start";
	for (i = 0; i < size - 1; i++) {
		pa = (uintptr_t)rx_buf[i];
		(void)lem_rx_refill(&sc, &pa, 1);
	}
	lem_rx_flush(&sc);
	return NULL;
}

static const char *
e1000_link(void)
{
	unsigned int ms;

	for (ms = 0; ms < 3000 && !sc.link.up; ms++) {
		if (lem_link_update(&sc) == -ENODEV)
			return "the 8254x is gone";
		if (!sc.link.up)
			bare_udelay(1000);
	}
	return sc.link.up ? NULL : "no link within 3 s";
}

static const char *
e1000_open(struct lem_mailbox *box)
{
	const char *why;

	sc.os.khz = (uint32_t)(box->tsc_hz / 1000);
	why = e1000_map();
	if (why != NULL)
		return why;
	switch (lem_attach(&sc)) {
	case 0:
		break;
	case -EIO:
		return "the 8254x has no valid address in its EEPROM or RAR 0";
	default:
		return "the 8254x does not answer or its reset does not end";
	}
	why = e1000_rings(box);
	if (why == NULL)
		why = e1000_link();
	if (why != NULL)
		return why;
	interrupt_only = box->interrupt_only != 0;
	guard_period_tsc = box->tsc_hz / 1000 * LEM_GUARD_MS;
	guard_next_tsc = bare_rdtsc() + guard_period_tsc;
	(void)lem_stats_update(&sc);
	(void)bare_irq_attach(sc.os.bar0 + E1000_ICR, 4);
	irq_base = bare_irq_count;
	lem_intr_enable(&sc);
	return NULL;
}

static void
e1000_poll(void)
{
	uint32_t icr = bare_irq_take();

	if (icr == 0)
		lem_beat(&sc);
	else if (lem_intr_dispatch(&sc, icr) & LEM_WORK_RX)
		rx_interrupted = true;
	guard_tick();
}

/* Many drivers look at a full ring only after an interrupt. */
static uint8_t *
e1000_tx_buffer(void)
{
	if (lem_tx_low(&sc.tx)) {
		if (!interrupt_only)
			(void)lem_tx_make_room(&sc);
		if (lem_tx_free(&sc.tx) < sc.tx.reserve)
			return NULL;
	}
	return tx_buf[sc.tx.next_to_use];
}

static void
e1000_tx_submit(uint32_t len_bytes)
{
	struct lem_tx_seg seg;
	struct lem_tx_pkt pkt = { .seg = &seg, .segs = 1 };

	seg.pa = (uintptr_t)tx_buf[sc.tx.next_to_use];
	seg.len_bytes = len_bytes;
	if (lem_tx_encap(&sc, &pkt) > 0)
		lem_tx_doorbell(&sc);
}

static bool
e1000_tx_idle(void)
{
	(void)lem_tx_reclaim(&sc);
	return sc.tx.next_to_clean == sc.tx.next_to_use;
}

/* As drivers do: an interrupt starts it, an empty ring ends it. */
static const uint8_t *
e1000_rx_next(uint32_t *len_bytes)
{
	struct lem_rx_pkt pkt = { .frag = &rx_frag, .frags_max = 1 };

	if (!rx_interrupted)
		return NULL;
	if (lem_rx_pkt_get(&sc, &pkt) == 0) {
		rx_interrupted = false;
		return NULL;
	}
	/* A damaged frame has length 0, which the workload counts as wrong. */
	*len_bytes = pkt.flags & LEM_RX_ERROR ? 0 : pkt.len_bytes;
	return rx_buf[rx_frag.index];
}

/*
 * Buffer i always serves descriptor i.  This gives back the buffer of
 * the previous frame, not of this one: a ring is never full, so next_to_use
 * stays one descriptor behind.
 */
static void
e1000_rx_release(void)
{
	uint64_t pa = (uintptr_t)rx_buf[sc.rx.next_to_use];

	(void)lem_rx_refill(&sc, &pa, 1);
}

static void
e1000_rx_flush(void)
{
	lem_rx_flush(&sc);
}

#define TICKS_SAMPLES	9u
#define TICKS_ITR	390u	/* 100 us: the next cause has to wait */
#define TICKS_WAIT_US	20000u

/*
 * Ask for an interrupt (a change of the link, which no hypervisor holds back),
 * and look at the clock all the time: where a look took longest, it came.  If
 * it came within the write that asked, the write counts, too, but for what a
 * write that asks for nothing takes.
 */
static uint64_t
interrupt_sample(uint64_t write_ticks)
{
	uint32_t count = bare_irq_count;
	uint64_t begin = bare_rdtsc(), last, before;
	uint64_t limit =
	    begin + guard_period_tsc / LEM_GUARD_MS * TICKS_WAIT_US / 1000;

	lem_os_write32(&sc.os, E1000_ICS, E1000_ICR_LSC);
	last = bare_rdtsc();
	if (bare_irq_count != count)
		return last - begin > write_ticks ? last - begin - write_ticks :
						    0;
	do {
		before = last;
		last = bare_rdtsc();
		if (bare_irq_count != count)
			return bare_rdtsc() - before;
	} while (last < limit);
	return 0;
}

/* The median; or 0 if an interrupt did not come. */
static uint64_t
e1000_interrupt_ticks(void)
{
	uint64_t sorted[TICKS_SAMPLES] = { 0 }, write_ticks = UINT64_MAX, v;
	unsigned int i, at;

	lem_os_write32(&sc.os, E1000_ITR, TICKS_ITR);
	for (i = 0; i < TICKS_SAMPLES; i++) {
		v = bare_rdtsc();
		lem_os_write32(&sc.os, E1000_ICS, 0);
		v = bare_rdtsc() - v;
		write_ticks = v < write_ticks ? v : write_ticks;
	}
	/* The first comes at once, the others when ITR allows. */
	(void)interrupt_sample(write_ticks);
	for (i = 0; i < TICKS_SAMPLES; i++) {
		v = interrupt_sample(write_ticks);
		for (at = i; at > 0 && sorted[at - 1] > v; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = v;
	}
	(void)bare_irq_take();
	return sorted[0] == 0 ? 0 : sorted[TICKS_SAMPLES / 2];
}

static void
e1000_counters(struct lem_box_counters *c)
{
	uint64_t irqs = bare_irq_count - irq_base;

	(void)lem_tx_reclaim(&sc);
	c->tx_packets = sc.tx.stats.reclaimed;	/* a descriptor each */
	c->rx_packets = sc.rx.stats.packets;
	c->doorbells = sc.tx.stats.doorbells;
	c->interrupts = irqs;
	/* The interrupt stub itself reads ICR, once each time. */
	c->reg_reads = sc.os.reads + irqs;
	c->reg_writes = sc.os.writes;
	c->deferred = sc.tx.stats.deferred;
	c->batches = sc.tx.stats.batches;
	c->batch_max = sc.tx.stats.batch_max;
	c->guard_flushes = sc.tx.stats.guard_flushes;
	c->ring_full = sc.tx.stats.ring_full;
	c->intr_cost_ns = lem_intr_cost_ns(&sc);
	c->itr = lem_itr_now(&sc);
}

static const char *
e1000_verify(uint64_t frames_sent)
{
	if (lem_stats_update(&sc) != 0)
		return "the 8254x is gone";
	/* Some QEMUs have no statistics (0); all count in 32 bits. */
	if (lem_stat(&sc, E1000_TPT) == 0 || frames_sent >= UINT32_MAX)
		return NULL;
	if (lem_stat(&sc, E1000_TPT) != frames_sent)
		return "the 8254x's TPT differs from the frames sent";
	return NULL;
}

const struct nic nic_e1000 = {
	.open = e1000_open,
	.tx_buffer = e1000_tx_buffer,
	.tx_submit = e1000_tx_submit,
	.poll = e1000_poll,
	.tx_idle = e1000_tx_idle,
	.rx_next = e1000_rx_next,
	.rx_release = e1000_rx_release,
	.rx_flush = e1000_rx_flush,
	.counters = e1000_counters,
	.interrupt_ticks = e1000_interrupt_ticks,
	.verify = e1000_verify,
};
