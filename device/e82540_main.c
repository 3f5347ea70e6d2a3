/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The public functions.  Most begin with bus_enter() and end with bus_leave().
 * bus_enter() takes the bus lock and the time.  bus_leave() does what the code
 * in between asked for (want_*): gates, timer, kick with the bus lock held, the
 * work of data paths without it.
 */
#include "e82540_flow.h"
#include "e82540_intr.h"
#include "e82540_nvm.h"
#include "e82540_pci.h"
#include "e82540_pci_state.h"
#include "e82540_phy.h"
#include "e82540_regs.h"
#include "e82540_rx.h"
#include "e82540_tail.h"
#include "e82540_time.h"
#include "e82540_tx.h"
#include "e82540_wake.h"

/* ------------------------------------------------------------------ gates */

/*
 * May the data paths run?  Each needs its enable bit (13.4.22, 13.4.33), the
 * bus (PCI 6.2.2), power, and a link unless it is in loopback.  All locks.
 */
static void
gates_update(struct e82540 *dev)
{
	uint32_t rctl = e82540_reg(dev, E1000_RCTL);
	bool up = e82540_reg(dev, E1000_STATUS) & E1000_STATUS_LU;
	bool dma = e82540_pci_master(dev) && !e82540_pci_d3(dev);

	/*
	 * RCTL.LBM is for SerDes and external PHYs (13.4.22).  The internal PHY
	 * loops back by its register 0, whatever LBM says.
	 */
	dev->tx.loopback = e82540_phy_loopback(dev);
	up = up || dev->tx.loopback;
	dev->tx.open = dma && up && !dev->paused &&
	    e82540_reg(dev, E1000_TCTL) & E1000_TCTL_EN;
	dev->rx.open = dma && up && rctl & E1000_RCTL_EN;
	dev->rx.unlinked = !up;
	dev->rx.asleep = e82540_pci_d3(dev);
	dev->rx.deaf = dev->tx.loopback && !dev->rx.asleep;
	dev->want_tx |= dev->tx.open;
	/* A frame may have waited for memory, or for the receiver. */
	dev->want_rx = true;
}

/* ------------------------------------------------------------------- time */

static void
deadline_due(struct e82540 *dev, enum e82540_deadline due)
{
	e82540_due_clear(dev, due);
	switch (due) {
	case E82540_DUE_LINK:
		e82540_phy_due(dev);
		break;
	case E82540_DUE_PAUSE:
		e82540_flow_due(dev);
		break;
	case E82540_DUE_STALL:
		e82540_flow_stalled(dev);
		break;
	case E82540_DUE_TX:
		dev->want_tx = dev->want_rx = true;
		break;
	default:
		e82540_intr_due(dev, due);
		break;
	}
}

/* In order of time, so that one late call does the same as several punctual. */
static void
deadlines_run(struct e82540 *dev)
{
	uint64_t now_ns = dev->now_ns;
	enum e82540_deadline next;
	unsigned int n;

	/* A deadline may set another; the bound keeps the loop finite. */
	for (n = 0; n < 2 * E82540_DUES; n++) {
		next = e82540_time_next(dev);
		if (dev->deadline[next] > now_ns)
			return;
		deadline_due(dev, next);
	}
}

static void
bus_enter(struct e82540 *dev, uint64_t now_ns)
{
	e82540_lock(dev, E82540_LOCK_BUS);
	if (now_ns > dev->now_ns)
		dev->now_ns = now_ns;
	/* First what is due, if the host's timer is late or has slack. */
	if (dev->now_ns >= dev->armed)
		e82540_time_disarm(dev);
	else if (dev->config.timer_slack_ns == 0)
		return;
	deadlines_run(dev);
}

/* --------------------------------------------------------------- and leave */

/* Do what the bus lock is needed for. */
static void
bus_settle(struct e82540 *dev)
{
	if (dev->want_gates) {
		dev->want_gates = false;
		e82540_lock_paths(dev);
		gates_update(dev);
		e82540_unlock_paths(dev);
	}
	if (dev->want_tx && dev->host.tx_kick != NULL) {
		dev->want_tx = false;
		if (!atomic_exchange_explicit(&dev->kicked, true,
			memory_order_seq_cst))
			dev->host.tx_kick(dev->config.ctx);
	}
	e82540_time_arm(dev);
}

/*
 * Begin a data path: take its lock, and take in what the guest wrote without a
 * trap.  Hooks of these registers ask for the data path, which runs now in any
 * case.  So their wishes are dropped: else a guest that goes on writing would
 * make bus_leave() go round with it.  Called without the bus lock.
 */
static void
path_enter(struct e82540 *dev, enum e82540_lock path)
{
	bool want_tx, want_rx;

	if (e82540_path_begin(dev, path))
		return;
	e82540_unlock(dev, path);
	e82540_lock(dev, E82540_LOCK_BUS);
	e82540_lock(dev, path);
	want_tx = dev->want_tx;
	want_rx = dev->want_rx;
	e82540_regs_absorb(dev, path);
	dev->want_tx = want_tx;
	dev->want_rx = want_rx;
	e82540_unlock(dev, E82540_LOCK_BUS);
}

/* Transmit one batch.  Called without the bus lock, returns with it. */
static void
pump_tx(struct e82540 *dev, struct e82540_report *report)
{
	bool more;

	path_enter(dev, E82540_LOCK_TX);
	e82540_report_init(dev, report);
	more = e82540_tx_run(dev, report);
	e82540_path_end(dev, E82540_LOCK_TX);
	e82540_lock(dev, E82540_LOCK_BUS);
	e82540_report_post(dev, report);
	dev->want_tx |= more;
}

static void
pump_rx(struct e82540 *dev, struct e82540_report *report)
{
	path_enter(dev, E82540_LOCK_RX);
	e82540_report_init(dev, report);
	e82540_rx_drain(dev, report);
	e82540_path_end(dev, E82540_LOCK_RX);
	e82540_lock(dev, E82540_LOCK_BUS);
	e82540_report_post(dev, report);
}

/*
 * The caller waits, so it transmits at most one burst, and looks at the FIFO a
 * few times, whatever guest and other threads ask for meanwhile.  For the rest
 * it sets the timer, due at once.
 */
#define RX_ROUNDS	4u

static void
bus_leave(struct e82540 *dev)
{
	unsigned int batches = E82540_TX_BURST / E82540_SEND_MAX;
	uint64_t bytes = 0;
	unsigned int rounds = RX_ROUNDS;
	struct e82540_report report;

	for (;;) {
		bus_settle(dev);
		if (dev->want_rx && rounds > 0) {
			dev->want_rx = false;
			rounds--;
			e82540_unlock(dev, E82540_LOCK_BUS);
			pump_rx(dev, &report);
		} else if (dev->want_tx && batches > 0 &&
		    bytes < E82540_TX_BURST_BYTES) {
			dev->want_tx = false;
			batches--;
			e82540_unlock(dev, E82540_LOCK_BUS);
			pump_tx(dev, &report);
			bytes += report.counters.tx_bytes;
		} else {
			break;
		}
	}
	if (dev->want_rx || dev->want_tx) {
		dev->want_rx = dev->want_tx = false;
		e82540_due_set(dev, E82540_DUE_TX, dev->now_ns);
		e82540_time_arm(dev);
	}
	e82540_unlock(dev, E82540_LOCK_BUS);
}

/* ----------------------------------------------------------------- set up */

size_t
e82540_size(void)
{
	return sizeof(struct e82540);
}

static bool
config_valid(const struct e82540_config *c)
{
	const uint8_t all =
	    E82540_OFFLOAD_CSUM | E82540_OFFLOAD_TSO4 | E82540_OFFLOAD_TSO6;
	const struct e82540_host *host = c->host;

	if (c->api < E82540_API_OLDEST || c->api > E82540_API ||
	    c->chip > E82540_82544GC || host == NULL)
		return false;
	if (host->interrupt == NULL || host->send == NULL ||
	    (c->msi && host->msi == NULL) ||
	    (host->lock == NULL) != (host->unlock == NULL))
		return false;
	if (c->vnet_hdr_bytes != 0 && c->vnet_hdr_bytes != 10 &&
	    c->vnet_hdr_bytes != 12)
		return false;
	if (c->offloads & ~all || (c->offloads && c->vnet_hdr_bytes == 0))
		return false;
	/* A segment needs its checksum. */
	return !(c->offloads & ~E82540_OFFLOAD_CSUM) ||
	    c->offloads & E82540_OFFLOAD_CSUM;
}

/*
 * The PHY comes first: a new device must not report that its link went down.
 * All locks.
 */
static void
device_power_on(struct e82540 *dev)
{
	e82540_regs_init(dev);
	e82540_pci_reset(dev);
	e82540_phy_reset(dev);
	e82540_device_reset(dev);
}

int
e82540_init(struct e82540 *dev, const struct e82540_config *config,
    uint64_t now_ns)
{
	unsigned int i;

	if (!config_valid(config))
		return -EINVAL;
	memset(dev, 0, sizeof(*dev));
	/* All callers have API 2, so their structs are as long as these. */
	dev->config = *config;
	dev->host = *config->host;
	dev->mem.dirty = config->host->dirty;
	dev->mem.ctx = config->ctx;
	dev->now_ns = now_ns;
	e82540_time_disarm(dev);
	for (i = 0; i < E82540_DUES; i++)
		e82540_due_clear(dev, i);
	dev->intr.moderation = !config->moderation_off;
	e82540_nvm_init(dev);
	bus_enter(dev, now_ns);
	e82540_lock_paths(dev);
	device_power_on(dev);
	e82540_unlock_paths(dev);
	bus_leave(dev);
	return 0;
}

/* 14.7: what woke the guest stays; only a loss of power clears it. */
void
e82540_reset(struct e82540 *dev, uint64_t now_ns)
{
	uint32_t wus, wupl, wupm[E1000_WUPM_COUNT];

	bus_enter(dev, now_ns);
	e82540_lock_paths(dev);
	wus = e82540_reg(dev, E1000_WUS);
	wupl = e82540_reg(dev, E1000_WUPL);
	memcpy(wupm, &dev->reg[E1000_WUPM(0) / 4], sizeof(wupm));
	device_power_on(dev);
	e82540_reg_set(dev, E1000_WUS, wus);
	e82540_reg_set(dev, E1000_WUPL, wupl);
	memcpy(&dev->reg[E1000_WUPM(0) / 4], wupm, sizeof(wupm));
	e82540_unlock_paths(dev);
	bus_leave(dev);
}

/* It sorts the regions as it copies, and checks all before it changes any. */
int
e82540_memory_set(struct e82540 *dev, const struct e82540_region *region,
    unsigned int n)
{
	struct guest_mem mem = { .dirty = dev->mem.dirty, .ctx = dev->mem.ctx };
	unsigned int i, at;

	if (n > E82540_REGIONS_MAX)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		if (region[i].len == 0)
			continue;
		if (region[i].gpa + (region[i].len - 1) < region[i].gpa)
			return -EINVAL;
		for (at = mem.n++; at > 0; at--) {
			if (mem.region[at - 1].gpa < region[i].gpa)
				break;
			mem.region[at] = mem.region[at - 1];
		}
		mem.region[at] = region[i];
	}
	for (i = 1; i < mem.n; i++)
		if (mem.region[i].gpa - mem.region[i - 1].gpa <
		    mem.region[i - 1].len)
			return -EINVAL;

	bus_enter(dev, 0);
	e82540_lock_paths(dev);
	dev->mem = mem;
	e82540_unlock_paths(dev);
	/* Go on with what had stopped because memory was missing. */
	dev->want_tx = dev->want_rx = true;
	bus_leave(dev);
	return 0;
}

void
e82540_link_set(struct e82540 *dev, uint64_t now_ns, bool up)
{
	bus_enter(dev, now_ns);
	e82540_phy_cable(dev, up);
	if (dev->config.link_delay_ns == 0)
		deadlines_run(dev);
	bus_leave(dev);
}

bool
e82540_link_up(const struct e82540 *dev)
{
	bool up;

	e82540_lock(dev, E82540_LOCK_BUS);
	up = dev->phy.link;
	e82540_unlock(dev, E82540_LOCK_BUS);
	return up;
}

void
e82540_moderation_set(struct e82540 *dev, uint64_t now_ns, bool on)
{
	bus_enter(dev, now_ns);
	dev->intr.moderation = on;
	if (!on)
		e82540_intr_flush(dev);
	bus_leave(dev);
}

void
e82540_moderation_hold(struct e82540 *dev, uint64_t now_ns,
    uint64_t interval_ns)
{
	bus_enter(dev, now_ns);
	e82540_intr_hold(dev,
	    interval_ns < E82540_HOLD_MAX_NS ? interval_ns :
					       E82540_HOLD_MAX_NS);
	bus_leave(dev);
}

void
e82540_moderation_release(struct e82540 *dev, uint64_t now_ns)
{
	bus_enter(dev, now_ns);
	e82540_intr_release(dev);
	bus_leave(dev);
}

uint32_t
e82540_moderation_held(const struct e82540 *dev)
{
	return atomic_load_explicit(&dev->intr.held, memory_order_relaxed);
}

/* --------------------------------------------------------------- accesses */

uint64_t
e82540_mmio_read(struct e82540 *dev, uint64_t now_ns, uint32_t offset,
    unsigned int size)
{
	unsigned int shift = (offset & 3) * 8;
	uint64_t value = 0;

	bus_enter(dev, now_ns);
	if (offset < E82540_BAR0_BYTES)
		value = e82540_reg_read(dev, offset & ~3u) >> shift;
	else
		e82540_bad_access(dev, 0, offset, 0);
	if (size == 8 && shift == 0 && offset < E82540_BAR0_BYTES - 4)
		value |= (uint64_t)e82540_reg_read(dev, offset + 4) << 32;
	bus_leave(dev);
	return size >= 8 ? value : value & (((uint64_t)1 << size * 8) - 1);
}

void
e82540_mmio_write(struct e82540 *dev, uint64_t now_ns, uint32_t offset,
    unsigned int size, uint64_t value)
{
	bus_enter(dev, now_ns);
	if (size < 4)
		value &= ((uint64_t)1 << size * 8) - 1;
	if (size < 4 || offset & 3 || offset >= E82540_BAR0_BYTES)
		e82540_bad_access(dev, E82540_BAD_WRITE, offset, value);
	if (!(offset & 3) && offset < E82540_BAR0_BYTES) {
		e82540_reg_write(dev, offset, value);
		if (size == 8 && offset + 4 < E82540_BAR0_BYTES)
			e82540_reg_write(dev, offset + 4, value >> 32);
	}
	bus_leave(dev);
}

/*
 * Bits 19:0 of IOADDR are writable.  Beyond BAR 0's size (13.2.2.1) IODATA
 * reads 0 and ignores writes.
 */
uint32_t
e82540_io_read(struct e82540 *dev, uint64_t now_ns, uint32_t offset,
    unsigned int size)
{
	uint32_t value = 0, shift = (offset & 3) * 8;

	bus_enter(dev, now_ns);
	if ((offset & ~3u) == E1000_IOADDR)
		value = dev->pci.io_address;
	else if ((offset & ~3u) == E1000_IODATA &&
	    dev->pci.io_address < E82540_BAR0_BYTES)
		value = e82540_reg_read(dev, dev->pci.io_address & ~3u);
	else
		e82540_bad_access(dev, E82540_BAD_IO, offset, 0);
	bus_leave(dev);
	value >>= shift;
	return size >= 4 ? value : value & ((1u << size * 8) - 1);
}

void
e82540_io_write(struct e82540 *dev, uint64_t now_ns, uint32_t offset,
    unsigned int size, uint32_t value)
{
	bus_enter(dev, now_ns);
	if (offset == E1000_IOADDR && size == 4)
		dev->pci.io_address = value & 0xFFFFFu;
	else if (offset == E1000_IODATA && size == 4 &&
	    !(dev->pci.io_address & 3) &&
	    dev->pci.io_address < E82540_BAR0_BYTES)
		e82540_reg_write(dev, dev->pci.io_address, value);
	else
		e82540_bad_access(dev, E82540_BAD_IO | E82540_BAD_WRITE, offset,
		    value);
	bus_leave(dev);
}

uint32_t
e82540_pci_read(struct e82540 *dev, uint64_t now_ns, uint32_t offset,
    unsigned int size)
{
	uint32_t value;

	bus_enter(dev, now_ns);
	value = e82540_pci_config_read(dev, offset, size);
	bus_leave(dev);
	return value;
}

void
e82540_pci_write(struct e82540 *dev, uint64_t now_ns, uint32_t offset,
    unsigned int size, uint32_t value)
{
	bus_enter(dev, now_ns);
	e82540_pci_config_write(dev, offset, size, value);
	bus_leave(dev);
}

/* ------------------------------------------------------------------- time */

void
e82540_run(struct e82540 *dev, uint64_t now_ns)
{
	bus_enter(dev, now_ns);
	e82540_time_disarm(dev);
	deadlines_run(dev);
	bus_leave(dev);
}

uint64_t
e82540_deadline(const struct e82540 *dev)
{
	uint64_t at;

	e82540_lock(dev, E82540_LOCK_BUS);
	at = dev->deadline[e82540_time_next(dev)];
	e82540_unlock(dev, E82540_LOCK_BUS);
	return at;
}

/* --------------------------------------------------------------- doorbells */

int
e82540_doorbell_open(struct e82540 *dev, uint64_t now_ns, void *mem)
{
	int error = -EBUSY;

	bus_enter(dev, now_ns);
	e82540_lock_paths(dev);
	if (dev->doorbell.mem == NULL) {
		memset(mem, 0, E82540_DOORBELL_BYTES);
		dev->doorbell.mem = mem;
		e82540_doorbell_renew(dev);
		error = 0;
	}
	e82540_unlock_paths(dev);
	bus_leave(dev);
	return error;
}

void
e82540_doorbell_close(struct e82540 *dev, uint64_t now_ns)
{
	bus_enter(dev, now_ns);
	e82540_lock_paths(dev);
	e82540_regs_absorb(dev, E82540_LOCK_TX);
	e82540_regs_absorb(dev, E82540_LOCK_RX);
	dev->doorbell.mem = NULL;
	e82540_unlock_paths(dev);
	bus_leave(dev);
}

/* ------------------------------------------------------------------- data */

/*
 * It answers the kick before it looks at the ring: if the guest posts a packet
 * after that look, the model kicks again.  The exchange orders the two.
 */
bool
e82540_transmit(struct e82540 *dev, uint64_t now_ns)
{
	struct e82540_report report;
	bool more;

	if (atomic_load_explicit(&dev->kicked, memory_order_relaxed))
		atomic_exchange_explicit(&dev->kicked, false,
		    memory_order_seq_cst);
	path_enter(dev, E82540_LOCK_TX);
	e82540_report_init(dev, &report);
	more = e82540_tx_run(dev, &report);
	e82540_path_end(dev, E82540_LOCK_TX);
	bus_enter(dev, now_ns);
	e82540_report_post(dev, &report);
	bus_leave(dev);
	return more;
}

void
e82540_tx_resume(struct e82540 *dev, uint64_t now_ns)
{
	e82540_lock(dev, E82540_LOCK_TX);
	dev->tx.blocked = dev->tx.dropping = false;
	e82540_unlock(dev, E82540_LOCK_TX);
	bus_enter(dev, now_ns);
	e82540_flow_resumed(dev);
	dev->want_tx = true;
	bus_leave(dev);
}

unsigned int
e82540_receive(struct e82540 *dev, uint64_t now_ns,
    const struct e82540_frame *frame, unsigned int n)
{
	struct e82540_report report;
	unsigned int taken;

	/* One thread, and inside send(): what it has to call is reply(). */
	if (dev->host.lock == NULL && dev->tx.report != NULL)
		return e82540_reply(dev, frame, n);
	path_enter(dev, E82540_LOCK_RX);
	e82540_report_init(dev, &report);
	if (n == 0)
		e82540_rx_drain(dev, &report);
	if (dev->rx.deaf) {
		e82540_rare(&report)->rx_disabled += n;
		taken = n;
	} else {
		taken = e82540_rx_run(dev, frame, n, &report);
	}
	e82540_path_end(dev, E82540_LOCK_RX);
	bus_enter(dev, now_ns);
	e82540_report_post(dev, &report);
	bus_leave(dev);
	return taken;
}

/*
 * As in loopback, the tail suffices: registers of the receiver that the guest
 * wrote in doorbell memory need the bus lock, and come later.
 */
unsigned int
e82540_reply(struct e82540 *dev, const struct e82540_frame *frame,
    unsigned int n)
{
	unsigned int taken;

	if (dev->tx.report == NULL)
		return 0;
	(void)e82540_path_begin(dev, E82540_LOCK_RX);
	taken = e82540_rx_run(dev, frame, n, dev->tx.report);
	e82540_path_end(dev, E82540_LOCK_RX);
	return taken;
}

void
e82540_counters(const struct e82540 *dev, struct e82540_counters *counters,
    size_t size)
{
	size_t known = size < sizeof(*counters) ? size : sizeof(*counters);

	e82540_lock(dev, E82540_LOCK_BUS);
	memcpy(counters, &dev->counters, known);
	e82540_unlock(dev, E82540_LOCK_BUS);
	memset((uint8_t *)counters + known, 0, size - known);
}

void
e82540_mac_get(const struct e82540 *dev, uint8_t mac[6])
{
	e82540_lock(dev, E82540_LOCK_BUS);
	e82540_put_n(mac, 4, e82540_reg(dev, E1000_RAL(0)));
	e82540_put_n(mac + 4, 2, e82540_reg(dev, E1000_RAH(0)));
	e82540_unlock(dev, E82540_LOCK_BUS);
}

const char *
e82540_version(void)
{
	return LEM_VERSION;
}

void
e82540_nvm_get(const struct e82540 *dev, uint16_t nvm[64])
{
	e82540_lock(dev, E82540_LOCK_BUS);
	memcpy(nvm, dev->nvm.word, sizeof(dev->nvm.word));
	e82540_unlock(dev, E82540_LOCK_BUS);
}

uint32_t
e82540_peek(const struct e82540 *dev, uint32_t offset)
{
	uint32_t value;

	if (offset & 3 || offset >= E82540_BAR0_BYTES)
		return 0;
	e82540_lock(dev, E82540_LOCK_BUS);
	value = e82540_reg_value(dev, offset);
	e82540_unlock(dev, E82540_LOCK_BUS);
	return value;
}
