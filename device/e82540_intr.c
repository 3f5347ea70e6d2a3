/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts: from causes, through mask and moderation, to INTA# or a message
 * (3.2.7, 3.3.3.1, 13.4.17 to 13.4.21).
 *
 * A cause is recorded in ICR whether it is unmasked or not.  The interrupt is
 * asserted while ICR & IMS is not zero, but not before ITR allows:
 *
 *	            cause     cause, ICR read     window ends
 *	 ICR & IMS  ___/~~~~~~~~~~~~\__/~~~~~~~~~~~~~~~~~~~~~~
 *	 asserted   ___/~~~~~~~~~~~~\____________/~~~~~~~~~~~~
 *	               |<---- ITR x 256 ns ----->|
 *
 * The window runs from one assertion to the next; the first cause after a quiet
 * window interrupts at once.  Other models have a minimum window; this one does
 * not: ITR 0 means no moderation (13.4.18).
 *
 * Before TXDW (for descriptors with IDE) or RXT0 becomes a cause, two timers
 * run: a delay that starts anew with each packet (TIDV, RDTR), and a bound that
 * does not (TADV, RADV).  The first to run out sets the cause and stops the
 * other.
 *
 * The host can ask for a longer window between interrupts for packets, and can
 * end the window for the cause that waits.  ITR holds all the same.
 *
 * With moderation switched off, every event interrupts at once, as it did in
 * hypervisors when the RFC was written.
 */
#include "e82540_intr.h"
#include "e82540_pci_state.h"
#include "e82540_time.h"

/* ----------------------------------------------- out of the device */

/*
 * In D3 there is neither INTA# nor MSI.  A message is a memory write, so it
 * needs the bus.  If the device may not use the bus now, it sends the message
 * later, when it may, if the interrupt is still asserted then.
 */
void
e82540_intr_signal(struct e82540 *dev, bool asserted)
{
	bool msi = e82540_pci_get(dev, E82540_PCI_MSI_CONTROL, 2) &
	    E82540_MSI_ENABLE,
	     line;
	uint64_t addr;

	asserted = asserted && !e82540_pci_d3(dev);
	line = asserted && !msi &&
	    !(e82540_pci_get(dev, E82540_PCI_COMMAND, 2) &
		E82540_PCI_INTX_DISABLE);
	if (line != dev->intr.line) {
		dev->intr.line = line;
		dev->host.interrupt(dev->config.ctx, line);
	}
	if (!asserted || !msi) {
		dev->pci.msi_sent = false;
	} else if (e82540_pci_master(dev) && !dev->pci.msi_sent) {
		dev->pci.msi_sent = true;
		addr = (uint64_t)e82540_pci_get(dev,
			   E82540_PCI_MSI_ADDRESS_HIGH, 4)
			<< 32 |
		    e82540_pci_get(dev, E82540_PCI_MSI_ADDRESS, 4);
		if (dev->host.msi != NULL)
			dev->host.msi(dev->config.ctx, addr,
			    e82540_pci_get(dev, E82540_PCI_MSI_DATA, 2));
	}
}

/* ---------------------------------------------------- when it may come */

static uint64_t
itr_ns(const struct e82540 *dev)
{
	if (!dev->intr.moderation)
		return 0;
	return (uint64_t)(e82540_reg(dev, E1000_ITR) &
		   E1000_ITR_INTERVAL_MASK) *
	    E1000_ITR_UNIT_NS;
}

/* Causes that the host may hold: packets, of which more may come at once. */
#define HOLD_CAUSES	(E1000_ICR_TXDW | E1000_ICR_TXQE | E1000_ICR_RXT0)

static void
held_set(struct e82540 *dev, uint32_t causes)
{
	atomic_store_explicit(&dev->intr.held, causes, memory_order_relaxed);
}

/* The window, with what the host asks for; otherwise itr_ns. */
static uint64_t
window_held(struct e82540 *dev, uint32_t pending, uint64_t itr_ns)
{
	bool holds = dev->intr.moderation && !dev->intr.released &&
	    !(pending & ~HOLD_CAUSES);

	held_set(dev, holds ? pending : 0);
	return holds ? dev->intr.hold_ns : itr_ns;
}

/*
 * May the interrupt come?  If not, it is due when its window ends.  After
 * e82540_load() last_ns may be before time 0: compare the difference.
 */
static bool
window_open(struct e82540 *dev, uint32_t pending)
{
	uint64_t ns = itr_ns(dev);

	if (dev->intr.hold_ns > ns)
		ns = window_held(dev, pending, ns);
	if (!dev->intr.fired || dev->now_ns - dev->intr.last_ns >= ns)
		return true;
	e82540_due_set(dev, E82540_DUE_ITR, dev->intr.last_ns + ns);
	return false;
}

/* No cause waits any more. */
static void
wait_over(struct e82540 *dev)
{
	e82540_due_clear(dev, E82540_DUE_ITR);
	if (dev->intr.hold_ns == 0)
		return;
	dev->intr.released = false;
	held_set(dev, 0);
}

void
e82540_intr_update(struct e82540 *dev)
{
	uint32_t pending =
	    e82540_reg(dev, E1000_ICR) & e82540_reg(dev, E1000_IMS);
	struct e82540_intr *intr = &dev->intr;

	if (pending == 0) {
		wait_over(dev);
		if (intr->asserted) {
			intr->asserted = false;
			e82540_intr_signal(dev, false);
		}
		return;
	}
	if (intr->asserted || !window_open(dev, pending))
		return;
	wait_over(dev);
	intr->asserted = true;
	intr->fired = true;
	intr->last_ns = dev->now_ns;
	dev->counters.interrupts++;
	e82540_intr_signal(dev, true);
}

void
e82540_intr_hold(struct e82540 *dev, uint64_t interval_ns)
{
	dev->intr.released &= interval_ns != 0;
	held_set(dev, 0);
	dev->intr.hold_ns = interval_ns;
	e82540_intr_update(dev);
}

void
e82540_intr_release(struct e82540 *dev)
{
	if (atomic_load_explicit(&dev->intr.held, memory_order_relaxed) == 0)
		return;
	dev->intr.released = true;
	e82540_intr_update(dev);
}

void
e82540_intr_loaded(struct e82540 *dev)
{
	wait_over(dev);
	e82540_intr_update(dev);
	e82540_intr_signal(dev, dev->intr.asserted);
}

void
e82540_intr_set(struct e82540 *dev, uint32_t causes)
{
	e82540_reg_set(dev, E1000_ICR, e82540_reg(dev, E1000_ICR) | causes);
	e82540_intr_update(dev);
}

void
e82540_intr_reset(struct e82540 *dev)
{
	dev->intr.fired = false;
	e82540_intr_update(dev);
}

/* ---------------------------------------------------------- delay timers */

/*
 * The two timers of one direction: the delay, which each packet starts anew,
 * and the bound, which it does not; and the cause that they set.
 */
struct pair {
	uint32_t cause;
	uint32_t delay_reg, bound_reg;
	enum e82540_deadline delay, bound;
};

static const struct pair transmit = {
	.cause = E1000_ICR_TXDW,
	.delay_reg = E1000_TIDV,
	.bound_reg = E1000_TADV,
	.delay = E82540_DUE_TIDV,
	.bound = E82540_DUE_TADV,
};

static const struct pair receive = {
	.cause = E1000_ICR_RXT0,
	.delay_reg = E1000_RDTR,
	.bound_reg = E1000_RADV,
	.delay = E82540_DUE_RDTR,
	.bound = E82540_DUE_RADV,
};

static uint64_t
delay_ns(const struct e82540 *dev, uint32_t reg)
{
	return (uint64_t)(e82540_reg(dev, reg) & E1000_RDTR_DELAY_MASK) *
	    E1000_DELAY_UNIT_NS;
}

static void
pair_stop(struct e82540 *dev, const struct pair *pair)
{
	e82540_due_clear(dev, pair->delay);
	e82540_due_clear(dev, pair->bound);
}

/*
 * Start the timers for a packet.  The 82544 has no bounds; its RDTR is an
 * absolute delay: packets do not start it anew (3.2.8).
 */
static void
pair_start(struct e82540 *dev, const struct pair *pair)
{
	uint64_t delay = delay_ns(dev, pair->delay_reg);
	uint64_t bound = delay_ns(dev, pair->bound_reg);
	bool runs = dev->deadline[pair->delay] != E82540_NEVER;

	if (!dev->intr.moderation || delay == 0) {
		pair_stop(dev, pair);
		e82540_intr_set(dev, pair->cause);
		return;
	}
	if (!(runs && E82540_IS(dev, E82540_82544GC) && pair == &receive))
		e82540_due_set(dev, pair->delay, dev->now_ns + delay);
	if (bound != 0 && dev->deadline[pair->bound] == E82540_NEVER)
		e82540_due_set(dev, pair->bound, dev->now_ns + bound);
}

void
e82540_intr_report(struct e82540 *dev, const struct e82540_report *r)
{
	if (r->icr & E1000_ICR_TXDW)
		pair_stop(dev, &transmit);
	if (r->icr & E1000_ICR_RXT0)
		pair_stop(dev, &receive);
	if (r->txdw_delayed)
		pair_start(dev, &transmit);
	if (r->rxt0_delayed)
		pair_start(dev, &receive);
	if (r->icr != 0)
		e82540_intr_set(dev, r->icr);
	/* A guest that unmasks it must not miss one; another counts each. */
	if (r->maybe_low && e82540_reg(dev, E1000_IMS) & E1000_ICR_TXD_LOW)
		e82540_intr_set(dev, E1000_ICR_TXD_LOW);
}

void
e82540_intr_due(struct e82540 *dev, enum e82540_deadline due)
{
	switch (due) {
	case E82540_DUE_RDTR:
	case E82540_DUE_RADV:
		pair_stop(dev, &receive);
		e82540_intr_set(dev, E1000_ICR_RXT0);
		break;
	case E82540_DUE_TIDV:
	case E82540_DUE_TADV:
		pair_stop(dev, &transmit);
		e82540_intr_set(dev, E1000_ICR_TXDW);
		break;
	default:
		e82540_intr_update(dev);
		break;
	}
}

static void
pair_flush(struct e82540 *dev, const struct pair *pair)
{
	if (dev->deadline[pair->delay] == E82540_NEVER)
		return;
	pair_stop(dev, pair);
	e82540_intr_set(dev, pair->cause);
}

void
e82540_intr_flush(struct e82540 *dev)
{
	pair_flush(dev, &transmit);
	pair_flush(dev, &receive);
	e82540_intr_update(dev);
}

/* ----------------------------------------------------------- registers */

/* 13.4.17: a read clears all causes, and so deasserts the interrupt. */
void
e82540_icr_after_read(struct e82540 *dev, uint32_t offset)
{
	e82540_reg_set(dev, offset, 0);
	e82540_intr_update(dev);
}

/* 13.4.17: a bit written as 1 clears that cause. */
void
e82540_icr_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	e82540_reg_set(dev, offset, e82540_reg(dev, offset) & ~value);
	e82540_intr_update(dev);
}

void
e82540_ics_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	(void)offset;
	e82540_intr_set(dev, value & E1000_ICR_MASK);
}

void
e82540_ims_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	e82540_reg_set(dev, offset,
	    e82540_reg(dev, offset) | (value & E1000_ICR_MASK));
	e82540_intr_update(dev);
}

void
e82540_imc_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	(void)offset;
	e82540_reg_set(dev, E1000_IMS, e82540_reg(dev, E1000_IMS) & ~value);
	e82540_intr_update(dev);
}

/* A new interval counts from the last assertion: the wait may end now. */
void
e82540_itr_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	e82540_reg_set(dev, offset, value & E1000_ITR_INTERVAL_MASK);
	held_set(dev, 0);
	e82540_intr_update(dev);
}

/* 13.4.30: FPD expires a running timer at once, and reads as 0. */
void
e82540_rdtr_write(struct e82540 *dev, uint32_t offset, uint32_t value)
{
	e82540_reg_set(dev, offset, value & E1000_RDTR_DELAY_MASK);
	if (value & E1000_RDTR_FPD)
		pair_flush(dev, &receive);
}
