/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * e82540: a model of Intel's 82540EM, 82545EM and 82544GC gigabit Ethernet
 * controllers, for virtual machine monitors and emulators.
 *
 * The model contains no OS: no thread, clock, file descriptor or allocation.
 * The host (a VMM or an emulator) passes the time as an argument, guest memory
 * as a table of regions, and a table of callbacks: the interrupt line, a timer,
 * the network.
 *
 *	guest driver                 host (you)                      network
 *	   |  MMIO, port I/O, PCI       |                               |
 *	   +--> e82540_mmio_write() --> model -- host->send() ----------+
 *	   |                             | |                            |
 *	   +<-- host->interrupt() -------+ +<-- e82540_receive() -------+
 *	                                 |
 *	        e82540_run() <--- host->timer()
 *
 * A host in ten lines:
 *
 *	dev = aligned_alloc(E82540_ALIGN, e82540_size());
 *	e82540_init(dev, &config, now);		// config.host: your callbacks
 *	e82540_memory_set(dev, regions, n);	// guest RAM
 *	e82540_link_set(dev, now, true);	// the cable is in
 *	on a guest's access to BAR 0:		e82540_mmio_read(), _write()
 *	... to BAR 2 (I/O):			e82540_io_read(), _write()
 *	... to configuration space:		e82540_pci_read(), _write()
 *	when the time of host->timer() comes:	e82540_run(dev, now)
 *	when frames arrive:			e82540_receive(dev, now, ...)
 *
 * The device does no DMA, and so neither sends nor receives, until
 * E82540_PCI_MASTER is set in the command register.  The guest's operating
 * system or firmware sets it.  A host without a configuration space sets it
 * with e82540_pci_write(), after e82540_init() and again after each
 * e82540_reset(), which clears it.
 *
 * Time is in nanoseconds from any start, of one clock that does not step back
 * (if it does, no time has passed).  A late call of e82540_run() is harmless:
 * what was due happens then.
 *
 * Threads.  Any thread may call any function at any time, if the host's lock()
 * and unlock() exclude other threads.  There are three locks.  The model takes
 * them in the order of enum e82540_lock, each for a bounded time:
 *
 *	E82540_LOCK_BUS	registers, interrupts, timers
 *	E82540_LOCK_TX	transmit: descriptors, guest memory, host->send()
 *	E82540_LOCK_RX	receive: descriptors, guest memory
 *
 * So one thread can transmit, by e82540_transmit(), and another can deliver, by
 * e82540_receive(), while virtual processors access registers.  They meet only
 * for the short time that it takes to post the result of a batch.  The write of
 * some registers (a reset, RCTL, TDBAL) has to reach the data path before it
 * returns: it takes the data path's lock, too.  A host with one thread leaves
 * lock and unlock NULL.
 *
 * Two rules keep a host from a deadlock:
 *
 * 1. A callback must not call any function of this file, not even
 *    e82540_counters(): note what is to be done, and do it afterwards.  One
 *    exception: send() may call e82540_reply(), as a network in the same
 *    program answers while it is given a packet.
 * 2. While you call the model, never hold a lock that one of your callbacks
 *    takes.  send() runs with the tx lock, so with such a lock H: A is in
 *    send(), has tx, wants H; B has H, is in e82540_receive(), wants bus; C is
 *    in a write of TCTL, has bus, wants tx.
 *
 * The model holds these locks during a callback, and no others:
 *
 *	timer, tx_kick		bus
 *	interrupt, msi		bus; in a reset or a load also tx and rx
 *	rx_ready		bus; in a load also tx and rx
 *	send			tx
 *	dirty			tx, rx, or both: see there
 *
 * The model transmits on the thread that writes TDT, or on another one: see
 * host->tx_kick().
 *
 * Bounds.  What a guest does has a bounded cost.  A register access transmits
 * at most E82540_TX_BURST packets, looks at no more than 64 descriptors for
 * each of these, and begins no further batch of E82540_SEND_MAX packets once it
 * has sent E82540_TX_BURST_BYTES; the timer or a kick brings the rest.
 * e82540_transmit() is one such batch.  On a core of 2026 the worst that is
 * known, the host's callbacks not counted, is a loopback of packets of 16 KiB
 * into buffers of 256 bytes: 1.4 ms in one write of TDT; 65,527 bad descriptors
 * are 1.0 ms, 1024 ordinary packets 0.01 ms.  A write of RDT looks at the FIFO
 * and the ring at most four times, whatever other processors write meanwhile;
 * each time it stores at most what the FIFO holds, 56 KiB, and passes each null
 * descriptor once.
 * Nothing that a guest, a frame or a snapshot contains can crash the model,
 * make it loop, or make it touch memory outside of the regions.  The model
 * ignores what would, and counts it: see struct e82540_counters.
 *
 * Sections (13.4.x and so on) are those of Intel's "PCI/PCI-X Family of Gigabit
 * Ethernet Controllers Software Developer's Manual", 317453.
 */
#ifndef E82540_H
#define E82540_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * The API: config.api tells the library which e82540.h its caller was compiled
 * with, and so how long the caller's structs are.
 *
 * - struct e82540_config and struct e82540_host grow at their ends, with a
 *   higher E82540_API; 0 and NULL in a new member mean what there was before.
 *   The library takes each number from E82540_API_OLDEST to its own.
 * - struct e82540_counters grows at its end; e82540_counters() is told its
 *   size.
 * - struct e82540_reg_info grows at its end; only the library makes one.
 * - The other structs do not grow: callers have arrays of them, or the layout
 *   is a standard's (struct e82540_vnet_hdr).
 *
 * A change that cannot follow these rules raises the number in the library's
 * name (libe82540.so.2) and in the version of its symbols (LIBE82540_2).
 */
#define E82540_API		2	/* of config.api */
#define E82540_API_OLDEST	2
#define E82540_ALIGN		64	/* of the device's memory, bytes */
#define E82540_NEVER		UINT64_MAX

#define E82540_REGIONS_MAX	512	/* of guest memory */
#define E82540_TX_BURST		1024	/* packets, of one register access */
#define E82540_TX_BURST_BYTES	0x180000	/* 1024 of the usual packets */
#define E82540_SEND_MAX		64	/* packets, of one host->send() */
#define E82540_FRAME_MAX_BYTES	16384	/* received, with its CRC */
#define E82540_TX_STALL_NS	1000000000u	/* config.tx_stall_ns, if 0 */

/*
 * The most of one packet of host->send(): pieces, the header's counted; bytes,
 * without the header; and bytes where the network does TSO, which leaves it
 * segments as large as IP allows.
 */
#define E82540_SEND_IOVS_MAX		258
#define E82540_SEND_MAX_BYTES		16292
#define E82540_SEND_TSO_MAX_BYTES	65557

struct e82540;				/* the device; opaque */

enum e82540_chip {
	E82540_82540EM,			/* QEMU's and VirtualBox's "e1000" */
	E82540_82545EM,			/* VMware's and bhyve's */
	E82540_82544GC			/* older: no ITR, no RADV, no TADV */
};

enum e82540_lock {
	E82540_LOCK_BUS,
	E82540_LOCK_TX,
	E82540_LOCK_RX
};

/*
 * Guest memory: len bytes from bus address gpa on are at `host`.  The memory
 * belongs to the host, and stays mapped until another e82540_memory_set() has
 * returned.
 */
struct e82540_region {
	uint64_t gpa;
	uint64_t len;
	void *host;
	bool writable;			/* by the device; ROM is not */
};

/* Like struct iovec of POSIX. */
struct e82540_iov {
	const void *base;
	size_t len;
};

/*
 * Like struct virtio_net_hdr, little-endian (OASIS virtio 1.1, 5.1.6): what the
 * network has yet to do with a packet.  All zero: nothing.
 */
struct e82540_vnet_hdr {
	uint8_t flags;			/* E82540_VNET_* */
	uint8_t gso_type;		/* E82540_GSO_* */
	uint16_t hdr_len;		/* bytes of headers */
	uint16_t gso_size;		/* bytes of payload a segment */
	uint16_t csum_start;		/* sum from this byte on */
	uint16_t csum_offset;		/* ... into this byte from there */
	uint16_t num_buffers;		/* in headers of 12 bytes only */
};

#define E82540_VNET_NEEDS_CSUM	1	/* insert it */
#define E82540_VNET_DATA_VALID	2	/* receive: checksums are right */
#define E82540_GSO_NONE		0
#define E82540_GSO_TCPV4	1
#define E82540_GSO_TCPV6	4

/* What config.offloads lets a packet leave to the network. */
#define E82540_OFFLOAD_CSUM	1u	/* one checksum */
#define E82540_OFFLOAD_TSO4	2u	/* segmentation, with the checksum */
#define E82540_OFFLOAD_TSO6	4u

/*
 * A packet to send.  Its bytes lie in guest memory or in the device, and are
 * valid until send() returns.  The guest can change its own meanwhile: copy
 * before you check.  If config.vnet_hdr_bytes is not zero, iov[0] is the
 * header, and len_bytes does not count it.
 */
struct e82540_packet {
	const struct e82540_iov *iov;
	uint32_t iovs;
	uint32_t len_bytes;		/* without CRC */
};

/* A frame to receive, without CRC.  It is the caller's; the call copies it. */
struct e82540_frame {
	const void *data;
	uint32_t len_bytes;
	uint8_t flags;			/* E82540_FRAME_* */
};

/* Its checksums are known to be right: the model does not compute them. */
#define E82540_FRAME_CSUM_VALID	0x01u

/*
 * The host's side.  ctx is config.ctx.  A callback must not call the model (but
 * see send) and must not block for long.  The model holds the lock that the
 * callback names; "Threads" above has the others.
 * A callback is not NULL unless its comment says that it may be.
 */
struct e82540_host {
	/*
	 * interrupt: INTA# is asserted, or no longer.  Called on changes only.
	 * Lock: bus.
	 */
	void (*interrupt)(void *ctx, bool asserted);

	/*
	 * msi: write data to bus address addr.  Instead of interrupt() while
	 * the guest has MSI enabled.  May be NULL if config.msi is false.
	 * Lock: bus.
	 */
	void (*msi)(void *ctx, uint64_t addr, uint32_t data);

	/*
	 * timer: call e82540_run() at or soon after time at_ns.  Replaces the
	 * time set before.  The model does not tell of a time that moves away:
	 * the timer goes off, finds nothing to do, and is set again.  May be
	 * NULL: then poll e82540_deadline().
	 * Lock: bus.
	 */
	void (*timer)(void *ctx, uint64_t at_ns);

	/*
	 * send: n packets, 1 to E82540_SEND_MAX, to the network, in order.
	 * Returns how many it took.  If that is fewer than n, the others stay
	 * in the ring until e82540_tx_resume().  Meanwhile STATUS.TXOFF is set:
	 * drivers take a silent NIC for a broken one.  After config.tx_stall_ns
	 * the model drops what send() does not take (tx_dropped), until send()
	 * takes all it is given, or the host calls e82540_tx_resume().  Count a
	 * packet that the network refuses for good as taken.  send() may call
	 * e82540_reply().  Lock: tx.
	 */
	unsigned int (*send)(void *ctx, const struct e82540_packet *packet,
	    unsigned int n);

	/*
	 * tx_kick: there is something to transmit: have a thread call
	 * e82540_transmit() until it returns false.  The next kick comes only
	 * after a call of e82540_transmit().  May be NULL: then the model
	 * transmits inside the write of TDT.  Lock: bus.
	 */
	void (*tx_kick)(void *ctx);

	/*
	 * rx_ready: e82540_receive() had taken fewer frames than it was given;
	 * now there is room again.  With several threads it can come before
	 * e82540_receive() has returned: note that it came, and do not clear
	 * the note afterwards.  It can come once too often, for example after
	 * e82540_load().  May be NULL.  Lock: bus.
	 */
	void (*rx_ready)(void *ctx);

	/*
	 * lock, unlock: exclude other threads.  Both are NULL, or neither.
	 */
	void (*lock)(void *ctx, enum e82540_lock lock);
	void (*unlock)(void *ctx, enum e82540_lock lock);

	/*
	 * dirty: the model has written len bytes of guest memory from bus
	 * address gpa on.  It is for hosts that translate code or log dirty
	 * pages.  For a packet's data the model calls it before the guest can
	 * see the packet, for descriptors before the host's call returns.  All
	 * bytes are in the regions.  May be NULL.  Lock: tx for transmit
	 * descriptors, rx for the others (in loopback tx, too).
	 */
	void (*dirty)(void *ctx, uint64_t gpa, uint64_t len);
};

struct e82540_config {
	uint32_t api;			/* E82540_API */
	enum e82540_chip chip;
	const struct e82540_host *host;	/* copied by e82540_init() */
	void *ctx;			/* for the callbacks */
	uint8_t mac[6];			/* into EEPROM, if nvm is NULL */
	bool moderation_off;		/* see e82540_moderation_set() */
	bool msi;			/* offer the MSI capability */
	bool no_fcs;			/* received CRCs are zero: faster */
	bool rx_drop;			/* ring and FIFO full: drop, not wait */
	uint8_t vnet_hdr_bytes;		/* 0, 10 or 12: header before packets */
	uint8_t offloads;		/* E82540_OFFLOAD_*; needs a header */
	uint64_t link_delay_ns;		/* how long autonegotiation takes */
	const uint16_t *nvm;		/* 64 words of EEPROM, copied */
	/*
	 * If nvm is NULL: no APM wake-up in the EEPROM.  Then the link is down
	 * until the driver sets CTRL.SLU (13.4.1), and some drivers never do.
	 */
	bool no_apm;
	/*
	 * By how much the host's timer may be late.  Drivers with a short TIDV
	 * or RDTR (Linux: 8 us) start a timer with nearly every packet; with
	 * slack, one of host->timer() serves for many.  An access or a packet
	 * after the time that is due does not wait for the timer.
	 */
	uint64_t timer_slack_ns;
	/*
	 * How long send() may refuse packets before the model drops them.  0:
	 * E82540_TX_STALL_NS.  E82540_NEVER: it waits, and loses nothing.
	 */
	uint64_t tx_stall_ns;
};

/*
 * What happened, since e82540_init().  No register shows these.  (In C++ write
 * "struct e82540_counters": a function has the same name.)
 */
struct e82540_counters {
	uint64_t reg_reads, reg_writes;	/* 32-bit register accesses */
	uint64_t tdt_writes, rdt_writes;
	uint64_t interrupts;		/* rising edges, or MSIs */
	uint64_t tx_packets;		/* taken by send() or looped back */
	uint64_t tx_bytes;
	uint64_t tx_sends;		/* calls of send() */
	uint64_t tx_stopped;		/* send() took fewer than given */
	uint64_t rx_packets;		/* stored in guest memory */
	uint64_t rx_bytes;
	uint64_t rx_filtered;		/* not for us */
	uint64_t rx_waited;		/* receive() took fewer than given */
	uint64_t rx_dropped;		/* of those that were for us */
	uint64_t resets;		/* CTRL.RST */
	/* What a guest gets wrong. */
	uint64_t bad_access;		/* no such register, or its width */
	uint64_t bad_ring;		/* length 0, index outside of it */
	uint64_t bad_address;		/* DMA outside of guest memory */
	uint64_t bad_descriptor;	/* packet dropped for its descriptors */
	uint64_t tx_dropped;		/* send() refused for too long */
	uint64_t tx_no_fcs;		/* without IFCS, no CRC at the end */
	/* Frames that receive() consumed and lost, ... */
	uint64_t rx_no_link;		/* ... as the link was down */
	uint64_t rx_disabled;		/* ... RCTL.EN, bus master off, D3 */
	uint64_t rx_runts;		/* ... as fewer than 14 bytes */
	/* The last that bad_access counted: see E82540_BAD_*. */
	uint64_t bad_access_where, bad_access_value;
	/* The last that bad_ring counted: TDT or RDT, and its value. */
	uint64_t bad_ring_where, bad_ring_value;
};

/*
 * bad_access_where: an offset in BAR 0, or with one of these bits in BAR 2 or
 * in configuration space; E82540_BAD_WRITE: bad_access_value was written.
 */
#define E82540_BAD_IO		0x10000000u
#define E82540_BAD_PCI		0x20000000u
#define E82540_BAD_WRITE	0x80000000u

/* ---------------------------------------------------------------- set up */

/* e82540_size: bytes of memory a device takes, about 240 KiB. */
size_t e82540_size(void);

/*
 * e82540_init: make a device, as after power-on with the cable out.
 * dev: e82540_size() bytes, aligned to E82540_ALIGN, which belong to the
 * caller.  To end a device, free them.
 * Returns 0, or -EINVAL if config.api, chip, vnet_hdr_bytes or offloads is not
 * valid, or a callback is NULL that must not be.
 */
int e82540_init(struct e82540 *dev, const struct e82540_config *config,
    uint64_t now_ns);

/*
 * e82540_memory_set: guest memory is now these n regions (0 to
 * E82540_REGIONS_MAX); the call copies the table.  When it returns, the model
 * does not use the old regions any more.
 * Returns 0, or -EINVAL if there are too many, two overlap, or one wraps.
 */
int e82540_memory_set(struct e82540 *dev, const struct e82540_region *region,
    unsigned int n);

/*
 * e82540_reset: PCI reset (RST#).  Everything is as after e82540_init(), except
 * the EEPROM, the counters, the cable, and what woke the guest (14.7).  So bus
 * master is off.
 */
void e82540_reset(struct e82540 *dev, uint64_t now_ns);

/*
 * e82540_link_set: the cable is in, or out.  With it in, autonegotiation
 * begins, and ends link_delay_ns later with 1000 Mb/s, full duplex, or the best
 * that the guest lets the PHY advertise.  With a delay of 0 it has ended when
 * the call returns.
 */
void e82540_link_set(struct e82540 *dev, uint64_t now_ns, bool up);

/*
 * e82540_link_up: is the PHY's link up, autonegotiation done?  CTRL.SLU must be
 * set as well before frames pass: the EEPROM sets it, or the guest's driver.
 */
bool e82540_link_up(const struct e82540 *dev);

/*
 * e82540_moderation_set: obey ITR and the delay timers, as the chip does (the
 * default), or interrupt at each event, as hypervisors of 2012 did.
 */
void e82540_moderation_set(struct e82540 *dev, uint64_t now_ns, bool on);

/*
 * A host that knows what an interrupt costs its guest can ask for fewer: it
 * sets a least interval of its own, beside ITR.  The model itself never adapts.
 *
 * e82540_moderation_hold: from now on an interrupt for packets (TXDW, TXQE,
 * RXT0) comes no earlier than the longer of ITR and interval_ns after the last
 * interrupt.  Other causes, alone or with these, wait for ITR only.  0, as
 * after e82540_init(): ITR alone.  The model takes at most
 * E82540_HOLD_MAX_NS.  What waits now is held for the new interval, or comes at
 * once if that is over.  While moderation is off nothing is held.  The interval
 * is the host's: a reset keeps it, e82540_save() does not save it, and after
 * e82540_load() the interval of this host holds.
 *
 * e82540_moderation_release: what is held now comes as soon as ITR allows, with
 * all causes that come until then.  The next interrupt is held again.
 *
 * e82540_moderation_held: returns the causes (bits of ICR) that wait for the
 * interval, which release() lets go; 0: nothing waits.  Call it on any thread
 * at any time; it takes no lock, so the answer may be old.
 */
#define E82540_HOLD_MAX_NS	16776960u /* the longest ITR */

void e82540_moderation_hold(struct e82540 *dev, uint64_t now_ns,
    uint64_t interval_ns);
void e82540_moderation_release(struct e82540 *dev, uint64_t now_ns);
uint32_t e82540_moderation_held(const struct e82540 *dev);

/* -------------------------------------------------------------- accesses */

/*
 * BAR 0, E82540_BAR0_BYTES of it.  size: 1, 2, 4 or 8 bytes.  Registers are 32
 * bits wide (13.3).  Eight bytes are two registers, the lower first.  A read of
 * one or two bytes, or one that is not aligned, gets its part of one register.
 * A write of one or two bytes sets the whole register, its other bits to 0, as
 * drivers know it from QEMU; the model counts it in bad_access.  It ignores and
 * counts a write that is not aligned to 4.  Where there is no register, a read
 * returns 0 and a write has no effect.
 */
#define E82540_BAR0_BYTES	0x20000u

uint64_t e82540_mmio_read(struct e82540 *dev, uint64_t now_ns, uint32_t offset,
    unsigned int size);
void e82540_mmio_write(struct e82540 *dev, uint64_t now_ns, uint32_t offset,
    unsigned int size, uint64_t value);

/*
 * BAR 2, I/O, E82540_BAR2_BYTES of it: IOADDR and IODATA (13.2.2).  A host must
 * have it: Linux and FreeBSD reset these chips only this way.
 */
#define E82540_BAR2_BYTES	8u

uint32_t e82540_io_read(struct e82540 *dev, uint64_t now_ns, uint32_t offset,
    unsigned int size);
void e82540_io_write(struct e82540 *dev, uint64_t now_ns, uint32_t offset,
    unsigned int size, uint32_t value);

/*
 * Configuration space, 256 bytes; size 1, 2 or 4.  A host maps the BARs where
 * the guest put them: look after each write to E82540_PCI_COMMAND or a BAR.
 * The model obeys Bus Master Enable (without it there is no DMA) and Interrupt
 * Disable.  A host with a configuration space of its own forwards the command
 * register:
 *	e82540_pci_write(dev, now, E82540_PCI_COMMAND, 2, E82540_PCI_MASTER)
 * There is no PME# to wake a guest that sleeps in D3: after e82540_receive()
 * and e82540_link_set() look at PME_Status, bit 7 of byte E1h, and wake the
 * guest if it is set.
 */
uint32_t e82540_pci_read(struct e82540 *dev, uint64_t now_ns, uint32_t offset,
    unsigned int size);
void e82540_pci_write(struct e82540 *dev, uint64_t now_ns, uint32_t offset,
    unsigned int size, uint32_t value);

#define E82540_PCI_COMMAND	0x04
#define E82540_PCI_IO		0x0001u	/* BAR 2 answers */
#define E82540_PCI_MEMORY	0x0002u	/* BAR 0 answers */
#define E82540_PCI_MASTER	0x0004u	/* DMA */
#define E82540_PCI_INTX_DISABLE	0x0400u
#define E82540_PCI_BAR0		0x10
#define E82540_PCI_BAR2		0x18

/* ------------------------------------------------------------------ time */

/* e82540_run: do what is due at now_ns. */
void e82540_run(struct e82540 *dev, uint64_t now_ns);

/* e82540_deadline: when e82540_run() is due next, or E82540_NEVER. */
uint64_t e82540_deadline(const struct e82540 *dev);

/* ------------------------------------------------------------- doorbells */

/*
 * Registers of both rings as memory: TDT, RDT and their neighbours, from BAR 0
 * + E82540_DOORBELL_OFFSET on.  This is for a host whose guest pays dearly for
 * register accesses, while the guest is busy:
 *
 *	e82540_doorbell_open(dev, now, mem);
 *	... let the guest see mem there: its writes do not trap any more ...
 *	while (busy)
 *		if (e82540_doorbell_rung(dev))
 *			e82540_transmit(), e82540_receive() of 0 frames
 *	... take mem away from the guest: its writes trap again ...
 *	e82540_doorbell_close(dev, now);
 *
 * A write of the guest's there calls nobody: a thread of the host has to look.
 * Every driver works with this, unmodified.  What it writes takes effect when a
 * thread looks, or at the driver's next access that traps and could depend on
 * it (TCTL, CTRL.RST).  Nothing is lost when mem comes or goes, whatever
 * processors write at that moment, if the guest sees mem only after open() has
 * returned, and no longer when close() is called.  A guest that reads there
 * finds what the registers have, except: TDH and RDH are those of the last
 * batch; RDFH, RDFT and RDFPC are zero; reserved bits are as the guest wrote
 * them until a thread looks.  So close the doorbells while TCTL.EN is off,
 * which is when drivers test registers.
 *
 * mem: E82540_DOORBELL_BYTES, aligned to 4, the host's, for nothing else.
 * open() returns 0, or -EBUSY if the doorbells are open.
 */
#define E82540_DOORBELL_OFFSET	0x2000u
#define E82540_DOORBELL_BYTES	0x2000u

int e82540_doorbell_open(struct e82540 *dev, uint64_t now_ns, void *mem);
void e82540_doorbell_close(struct e82540 *dev, uint64_t now_ns);

/*
 * e82540_doorbell_rung: has the guest written since a thread looked last?
 * E82540_RUNG_TX: call e82540_transmit(); E82540_RUNG_RX: call
 * e82540_receive(), with 0 frames if none came.  Takes no lock.  Call it
 * between open() and close() only, and not while another thread is inside of
 * either.
 */
#define E82540_RUNG_TX	1u
#define E82540_RUNG_RX	2u
unsigned int e82540_doorbell_rung(const struct e82540 *dev);

/* ------------------------------------------------------------------ data */

/*
 * e82540_transmit: send what is in the ring, at most E82540_SEND_MAX packets.
 * For hosts with a tx_kick(), on a thread of their choice; a host that polls
 * may call it without a kick.
 * Returns true if there is more to do: call again.
 */
bool e82540_transmit(struct e82540 *dev, uint64_t now_ns);

/*
 * e82540_tx_resume: send() can take packets again.  Transmits, or kicks.
 */
void e82540_tx_resume(struct e82540 *dev, uint64_t now_ns);

/*
 * e82540_receive: n frames, in order, from the network.  The model filters
 * each, and stores it in the ring, or in the device's FIFO (RXA of PBA, 48 KiB)
 * if the ring has no room.  Returns how many it consumed, whatever became of
 * them.  These are fewer than n when FIFO and ring are full: keep the others
 * until rx_ready().  With config.rx_drop it consumes all, and counts what has
 * no room in MPC, as it does with a frame that is larger than the whole ring.
 * It consumes and loses frames that come while the receiver is disabled or the
 * link is down.  It raises one interrupt at most for all.  With an n of 0 it
 * only moves what is in the FIFO to the ring, if that has room now.
 */
unsigned int e82540_receive(struct e82540 *dev, uint64_t now_ns,
    const struct e82540_frame *frame, unsigned int n);

/*
 * e82540_reply: e82540_receive() for use inside host->send(), on its thread,
 * and nowhere else: frames with which the network answers the packets that it
 * is being given.  They are in the guest's memory when the call returns; the
 * interrupt comes when the outer call posts its batch.  Takes the rx lock, not
 * the bus lock.  Copy first what you still need of the packets: a guest may
 * receive into the buffers that it sends from.
 * In a host without lock() e82540_receive() does the same there.
 * Returns how many it consumed, as e82540_receive(), 0 outside of send().  The
 * others are the caller's: keep them until rx_ready(), in a queue with a bound.
 */
unsigned int e82540_reply(struct e82540 *dev, const struct e82540_frame *frame,
    unsigned int n);

/* -------------------------------------------------------------- snapshot */

/*
 * e82540_save: write a snapshot of the device to buf: its whole state, with the
 * moderation switch, but without config and memory.  No other thread may be in
 * a call of the model: the snapshot would lack what that call reports at its
 * end.  The format has a version, is little-endian, and is the same on all
 * machines.
 * buf: of `len` bytes, or NULL to ask how many it takes.
 * Returns the number of bytes written (or that it takes); -ENOSPC if len is too
 * small; -EBUSY if doorbells are open.
 */
int64_t e82540_save(struct e82540 *dev, uint64_t now_ns, void *buf, size_t len);

/*
 * e82540_load: give this device the state of a snapshot, which a device of the
 * same chip has saved.  First set the memory (e82540_memory_set()), with the
 * contents that it had at the save.  No other thread may be in a call of the
 * model.  Afterwards look at the BARs and the command register again, as after
 * e82540_pci_write().
 * buf: len bytes, which must not change during the call.  They may come from
 * anywhere: the call checks them first, and changes nothing if it refuses them.
 * Returns 0; -EINVAL if buf does not hold a snapshot, or the snapshot is
 * damaged or has a value out of range; -ENOTSUP if it is of another version or
 * chip; -EBUSY if doorbells are open.
 */
int
e82540_load(struct e82540 *dev, uint64_t now_ns, const void *buf, size_t len);

/* ---------------------------------------------------------------- to see */

/*
 * e82540_counters: fill *counters, the caller's, in.  size: sizeof(*counters)
 * there.  A member that this library does not have yet is 0.
 * Takes the bus lock.  Any thread.
 */
void e82540_counters(const struct e82540 *dev, struct e82540_counters *counters,
    size_t size);

/*
 * e82540_peek: the register at `offset` of BAR 0, as the host looks at it.  The
 * guest does not notice: nothing is counted, no time passes, nothing is
 * cleared (ICR and statistics keep their values), and nothing is taken in from
 * doorbell memory: TDT and RDT are the ones that the model knows of.  Takes
 * the bus lock, and for RDFH, RDFT, RDFPC and PBM the rx lock.  Any thread, but
 * not from a callback.
 * Returns the value; 0 if there is no register, or offset is not a multiple of
 * 4.
 */
uint32_t e82540_peek(const struct e82540 *dev, uint32_t offset);

/*
 * e82540_mac_get: the address in RAL(0) and RAH(0), which the guest can change.
 * The call does not count as a register read.
 */
void e82540_mac_get(const struct e82540 *dev, uint8_t mac[6]);

/* e82540_version: of the library that runs, "0.1". */
const char *e82540_version(void);

/* e82540_nvm_get: the 64 words of EEPROM, which the guest can write. */
void e82540_nvm_get(const struct e82540 *dev, uint16_t nvm[64]);

/*
 * The register map of the model: row 0, 1, ... until NULL.  For tools, tests
 * and documentation.  It is constant.
 */
struct e82540_reg_info {
	const char *name;		/* "TDT"; of an array "MTA" */
	uint32_t offset;		/* in BAR 0 */
	uint16_t count;			/* 1, or of the array */
	uint16_t stride;		/* bytes from one to the next */
	uint32_t reset;			/* value after reset */
	uint32_t write_mask;		/* bits that hold what is written */
	uint8_t chips;			/* bit 1 << enum e82540_chip */
	const char *section;		/* of the manual */
	const char *note;		/* what it does not do, or "" */
};
const struct e82540_reg_info *e82540_reg_info(unsigned int row);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* E82540_H */
