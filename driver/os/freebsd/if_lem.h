/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * if_lem: the FreeBSD port of the lem driver core, by way of iflib(9).
 *
 *	if_lem.c	newbus, iflib's configuration methods, suspend
 *	if_lem_txrx.c	iflib's data path on the core's seven verbs; interrupts
 *	if_lem_sysctl.c	knobs, counters
 *	if_lem_compat.h	what differs between FreeBSD's versions
 *	lem_os.h	what the core asks of a port
 *
 * Which thread runs what, and what keeps them apart:
 *
 *	thread						core's group
 *	senders, one at a time (iflib's mp_ring lets
 *	  one drain), or netmap: encap, flush, credits	tx
 *	the interrupt filter				tx
 *	the guard, a callout				tx
 *	the receive task, one; netmap			rx
 *	ioctl, sysctl, iflib's admin task: all else	config
 *
 * tx_mtx is the core's tx lock.  It is a spin mutex, because the filter does
 * the interrupt's transmit half: there the deferred TDT write and reclaim cost
 * no thread switch, and most transmit interrupts need nothing else.  `open`
 * belongs to it: a thread that holds tx_mtx touches rings and registers only if
 * `open` is set.  softc_stop() clears it and waits for no thread.  So
 * lem_reset(), lem_start() and lem_stop(), which sleep for milliseconds, run
 * without tx_mtx, and still no other thread is at the rings.
 *
 * config_sx is the core's config lock.  It is a sleepable lock, because the
 * core sleeps while it waits for the device.  (iflib's context lock is not
 * enough: iflib calls promisc_set and get_counter without it.)  Order: iflib's
 * context lock, config_sx, tx_mtx.
 *
 * There is no rx lock: iflib runs one receive task at a time and drains it in
 * iflib_stop(), before a ring is set up again.
 *
 * iflib does not promise that a packet may be posted as soon as it is
 * encapsulated: iflib calls bus_dmamap_sync() for it after encap, and only then
 * flush.  So between encap and flush (`unflushed`) the filter and the guard do
 * not post.  They set `tx_missed`, and flush or the next drain does their work.
 *
 * Names: if_lem_ is the port's prefix, lem_ the core's.
 */
#ifndef IF_LEM_H
#define IF_LEM_H

#include "if_lem_compat.h"

#include <sys/kernel.h>
#include <sys/callout.h>
#include <sys/lock.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/module.h>
#include <sys/mutex.h>
#include <sys/sx.h>
#include <sys/sysctl.h>

#include <net/if_media.h>
#include <net/iflib.h>

#include "lem.h"

/* iflib wants two descriptors more than segments; the core one. */
#define IF_LEM_TX_SEGS	40	/* of a packet: 64 KiB in 2 KiB clusters */
#define IF_LEM_RX_FRAGS	16	/* 16 KiB in 2 KiB clusters, twice */
#define IF_LEM_MC_MAX	128	/* beyond: all multicast */

#define IF_LEM_TX_DESC	1024	/* default of both rings */
#define IF_LEM_RX_DESC	1024
#define IF_LEM_DESC_MIN	128

/*
 * The limit of a packet to send is below that of one to receive (16384 bytes).
 * Header, tag and CRC are part of it.
 */
#define IF_LEM_MTU_MAX							\
	(E1000_TX_PACKET_MAX_BYTES - ETHER_HDR_LEN - ETHER_CRC_LEN -	\
	    ETHER_VLAN_ENCAP_LEN)

#define IF_LEM_DRAIN_MS	10	/* for a sender to leave iflib: if_lem_stop() */

struct if_lem_softc {
	struct lem core;
	if_ctx_t ctx;
	device_t dev;
	struct sx config_sx;
	struct mtx tx_mtx;

	/* tx_mtx */
	bool open;		/* see above */
	bool unflushed;		/* encapsulated, not flushed: not ours yet */
	bool tx_missed;		/* a transmit interrupt while unflushed */
	bool guard_armed;
	bool masked;		/* all interrupts are */
	bool rx_busy;		/* the receive task was asked for */
	bool rx_masked;		/* its interrupts are masked until it is done */
	enum lem_combine combine;	/* as asked; the core's follows */
	uint64_t interrupts;
	uint64_t rx_masks;

	/* The thread that drains the transmit queue. */
	uint64_t credited;	/* of core.tx.stats.reclaimed, told to iflib */

	/* The receive task. */
	bool rx_broken;		/* a damaged packet: a reset is on its way */
	bool rx_held;		/* a buffer that did not fit into the ring */
	uint64_t rx_held_pa;

	/* config_sx */
	bool awake;		/* registers may be read: not suspended */
	bool stopped;		/* by iflib, which has emptied its rings */
	bool counted;		/* core.stat was read */
	int counted_ticks;	/* ... at this time, of `ticks` */
	unsigned int itr;	/* as asked: interrupts a second, 0 no limit */
	unsigned int itr_bulk;	/* the same, for streams; 0 as itr */
	unsigned int adaptive;	/* as asked: 0 or 1 */
	unsigned int delay_us[4];	/* rdtr, radv, tidv, tadv */
	unsigned int mc_count;
	uint8_t mc[IF_LEM_MC_MAX][6];

	if_qflush_fn_t iflib_qflush;
	struct callout guard;
	uint16_t *rsq;		/* the core's, of ntxd entries */
	union e1000_tx_any_desc *tx_desc;
	struct e1000_rx_desc *rx_desc;
	uint64_t tx_desc_pa, rx_desc_pa;
	struct sysctl_ctx_list sysctls;
	bool has_sysctls;
};

MALLOC_DECLARE(M_LEM);

/* if_lem.c */
extern struct if_txrx if_lem_txrx;

/*
 * if_lem_stats_fresh: the device's counters, not older than a second.
 * Locks: config.
 */
void if_lem_stats_fresh(struct if_lem_softc *sc);

/* if_lem_txrx.c */
void if_lem_guard(void *arg);
void if_lem_tx_settle(struct if_lem_softc *sc);

/* if_lem_sysctl.c */
void if_lem_sysctl_attach(struct if_lem_softc *sc);
void if_lem_sysctl_detach(struct if_lem_softc *sc);
int if_lem_moderation_apply(struct if_lem_softc *sc);

#endif
