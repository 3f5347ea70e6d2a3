/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device and the interface: attach, detach, up, down, filters, media.
 * if_lem.h says which thread runs what, and what keeps them apart.
 */
#include "if_lem.h"

#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/priority.h>
#include <sys/proc.h>

#if defined(__amd64__) || defined(__i386__)
#include <machine/clock.h>
#endif

#include <dev/pci/pcireg.h>
#include <dev/pci/pcivar.h>

#include "ifdi_if.h"

MALLOC_DEFINE(M_LEM, "lem", "if_lem");

static SYSCTL_NODE(_hw, OID_AUTO, lem, CTLFLAG_RD, 0, "lem driver");

static int if_lem_enable;
SYSCTL_INT(_hw_lem, OID_AUTO, enable, CTLFLAG_RDTUN, &if_lem_enable, 0,
    "take devices in preference to em(4)");

#define IF_LEM_PVID(id, chip, name) PVID(E1000_VENDOR_INTEL, id, "lem: " name),

static pci_vendor_info_t if_lem_vendors[] = {
	LEM_DEVICES(IF_LEM_PVID) PVID_END,
};

/* ------------------------------------------------------- start and stop */

/* From here on no thread touches rings or registers by way of tx_mtx. */
static void
gate_close(struct if_lem_softc *sc)
{
	mtx_lock_spin(&sc->tx_mtx);
	sc->open = false;
	mtx_unlock_spin(&sc->tx_mtx);
}

static void
gate_open(struct if_lem_softc *sc)
{
	mtx_lock_spin(&sc->tx_mtx);
	sc->unflushed = sc->tx_missed = false;
	sc->rx_busy = sc->rx_masked = false;
	sc->masked = true;	/* as lem_start() leaves them */
	if_lem_tx_settle(sc);
	sc->open = true;
	mtx_unlock_spin(&sc->tx_mtx);
}

static void
softc_stop(struct if_lem_softc *sc)
{
	gate_close(sc);
	callout_drain(&sc->guard);
	sx_xlock(&sc->config_sx);
	sc->guard_armed = false;
	if (sc->awake)
		lem_stop(&sc->core);
	sx_xunlock(&sc->config_sx);
}

/*
 * iflib lets no new sender in, but it does not wait for a sender that is
 * already in its drain before it resets what that sender works on.  Such a
 * sender has often lost the CPU just after a TDT write, which takes long.
 * While we sleep here, it finds the gate closed and leaves.
 */
static void
if_lem_stop(if_ctx_t ctx)
{
	struct if_lem_softc *sc = iflib_get_softc(ctx);

	softc_stop(sc);
	sc->stopped = true;
	pause_sbt("lemstop", SBT_1MS * IF_LEM_DRAIN_MS, 0, 0);
}

static void
filter_add(void *arg, const uint8_t *mac)
{
	struct if_lem_softc *sc = arg;

	if (sc->mc_count < IF_LEM_MC_MAX)
		memcpy(sc->mc[sc->mc_count], mac, sizeof(sc->mc[0]));
	sc->mc_count++;
}

/* The whole receive filter, promiscuous and multicast, from ifnet's flags. */
static int
filter_set(struct if_lem_softc *sc, int if_flags)
{
	uint32_t flags = LEM_FILTER_BROADCAST;

	sx_assert(&sc->config_sx, SA_XLOCKED);
	sc->mc_count = 0;
	if_lem_foreach_maddr(iflib_get_ifp(sc->ctx), filter_add, sc);
	if (if_flags & IFF_PROMISC)
		flags |= LEM_FILTER_PROMISC;
	if (if_flags & IFF_ALLMULTI || sc->mc_count > IF_LEM_MC_MAX) {
		flags |= LEM_FILTER_ALLMULTI;
		sc->mc_count = 0;
	}
	return (-lem_filter_set(&sc->core, flags, (const uint8_t(*)[6])sc->mc,
	    sc->mc_count));
}

/* Capabilities and MTU, as they are when the interface comes up. */
static void
mode_set(struct if_lem_softc *sc)
{
	int caps = if_getcapenable(iflib_get_ifp(sc->ctx));
	uint32_t frame = iflib_get_softc_ctx(sc->ctx)->isc_max_frame_size;

	lem_rx_mode(&sc->core, caps & IFCAP_VLAN_HWTAGGING,
	    caps & IFCAP_VLAN_HWFILTER, frame > E1000_RX_FRAME_MAX_BYTES);
}

static int
softc_start(struct if_lem_softc *sc)
{
	if_softc_ctx_t scctx = iflib_get_softc_ctx(sc->ctx);
	if_t ifp = iflib_get_ifp(sc->ctx);
	struct lem *core = &sc->core;
	int error;

	error = lem_reset(core);
	if (error == 0)
		error =
		    lem_rar_set(core, 0, (const uint8_t *)if_getlladdr(ifp));
	mode_set(sc);
	(void)filter_set(sc, if_getflags(ifp));
	if (error == 0)
		error = lem_tx_ring_init(core, sc->tx_desc, sc->tx_desc_pa,
		    sc->rsq, scctx->isc_ntxd[0],
		    scctx->isc_tx_tso_segments_max + scctx->isc_tx_nsegments +
			2);
	if (error == 0)
		error = lem_rx_ring_init(core, sc->rx_desc, sc->rx_desc_pa,
		    scctx->isc_nrxd[0], iflib_get_rx_mbuf_sz(sc->ctx));
	if (error == 0)
		error = lem_start(core);
	return (-error);
}

static void
link_report(struct if_lem_softc *sc, const struct lem_link *link)
{
	iflib_link_state_change(sc->ctx,
	    link->up ? LINK_STATE_UP : LINK_STATE_DOWN,
	    link->up ? IF_Mbps((uint64_t)link->mbps) : 0);
}

/*
 * The core takes its ring for full no later than iflib does: iflib keeps a
 * packet's worth of descriptors back (tx_nsegments) and stops two before the
 * largest packet.  So the last doorbell before iflib stops sending is not
 * deferred.
 *
 * When media change, iflib of FreeBSD 12 starts a running interface again
 * without stopping it, and so does not empty its transmit ring.  Then ask its
 * admin task for a whole restart.
 */
static void
if_lem_init(if_ctx_t ctx)
{
	struct if_lem_softc *sc = iflib_get_softc(ctx);
	struct lem_link link;
	int error;

	if (!sc->stopped) {
		softc_stop(sc);
		sc->rx_broken = true;
		iflib_request_reset(ctx);
		iflib_admin_intr_deferred(ctx);
		return;
	}
	sc->stopped = false;
	sx_xlock(&sc->config_sx);
	error = sc->awake ? softc_start(sc) : ENXIO;
	sc->credited = sc->core.tx.stats.reclaimed;
	sc->rx_broken = error != 0;
	sc->rx_held = false;
	link = sc->core.link;
	if (error == 0)
		gate_open(sc);
	sx_xunlock(&sc->config_sx);
	if (error != 0) {
		device_printf(sc->dev, "cannot start: error %d\n", error);
		link.up = false;
	}
	link_report(sc, &link);
}

/* --------------------------------------------------------------- newbus */

/* Free what attach has allocated so far. */
static void
softc_free(struct if_lem_softc *sc)
{
	if_lem_sysctl_detach(sc);
	callout_drain(&sc->guard);
	if (sc->core.os.bar != NULL)
		bus_release_resource(sc->dev, SYS_RES_MEMORY, PCIR_BAR(0),
		    sc->core.os.bar);
	counter_u64_free(sc->core.os.reads);
	counter_u64_free(sc->core.os.writes);
	free(sc->rsq, M_LEM);
	mtx_destroy(&sc->tx_mtx);
	sx_destroy(&sc->config_sx);
	free(sc, M_LEM);
}

static struct if_lem_softc *
softc_new(device_t dev)
{
	struct if_lem_softc *sc = malloc(sizeof(*sc), M_LEM, M_WAITOK | M_ZERO);

	sc->dev = dev;
	sc->core.device_id = pci_get_device(dev);
	sc->core.os.reads = counter_u64_alloc(M_WAITOK);
	sc->core.os.writes = counter_u64_alloc(M_WAITOK);
	sc->itr = LEM_RATE_DEFAULT;
	sc->itr_bulk = LEM_RATE_BULK_DEFAULT;
	sc->adaptive = 1;
#if defined(__amd64__) || defined(__i386__)
	sc->core.os.khz = tsc_freq / 1000;
#endif
	sx_init(&sc->config_sx, "lem config");
	mtx_init(&sc->tx_mtx, "lem tx", NULL, MTX_SPIN);
	callout_init(&sc->guard, 1);
	return (sc);
}

static struct if_shared_ctx if_lem_sctx;

static void *
if_lem_register(device_t dev __unused)
{
	return (&if_lem_sctx);
}

/*
 * em(4) returns BUS_PROBE_DEFAULT.  Without hw.lem.enable we take only devices
 * that no other driver wants.
 */
static int
if_lem_probe(device_t dev)
{
	int error = iflib_device_probe(dev);

	if (error > 0)
		return (error);
	return (if_lem_enable ? BUS_PROBE_VENDOR : BUS_PROBE_LOW_PRIORITY);
}

/*
 * We allocate the softc, not iflib: iflib tears the interrupt down after
 * ifdi_detach, and when it fails to attach it sometimes calls no method at all.
 */
static int
if_lem_device_attach(device_t dev)
{
	struct if_lem_softc *sc = softc_new(dev);
	if_ctx_t ctx;
	int error;

	pci_enable_busmaster(dev);
	error = iflib_device_register(dev, sc, &if_lem_sctx, &ctx);
	if (error == 0)
		device_set_softc(dev, ctx);
	else
		softc_free(sc);
	return (error);
}

static int
if_lem_device_detach(device_t dev)
{
	if_ctx_t ctx = device_get_softc(dev);
	struct if_lem_softc *sc = iflib_get_softc(ctx);
	int error = iflib_device_deregister(ctx);

	if (error == 0)
		softc_free(sc);
	return (error);
}

/* ------------------------------------------------- attach, the interface */

#define IF_LEM_CAPS                                                            \
	(IFCAP_RXCSUM | IFCAP_TXCSUM | IFCAP_VLAN_MTU | IFCAP_VLAN_HWTAGGING | \
	    IFCAP_VLAN_HWCSUM | IFCAP_VLAN_HWFILTER | IFCAP_VLAN_HWTSO | \
	    IFCAP_TSO4 | IFCAP_LRO | IFCAP_JUMBO_MTU)

static void
scctx_fill(struct if_lem_softc *sc, if_softc_ctx_t scctx)
{
	bool tso = sc->core.chip != LEM_82543;

	if (sc->core.chip == LEM_82543) {
		scctx->isc_ntxd[0] =
		    min(scctx->isc_ntxd[0], LEM_RING_MAX_82543);
		scctx->isc_nrxd[0] =
		    min(scctx->isc_nrxd[0], LEM_RING_MAX_82543);
	}
	scctx->isc_txqsizes[0] = scctx->isc_ntxd[0] * E1000_DESC_BYTES;
	scctx->isc_rxqsizes[0] = scctx->isc_nrxd[0] * E1000_DESC_BYTES;
	scctx->isc_txd_size[0] = E1000_DESC_BYTES;
	scctx->isc_rxd_size[0] = E1000_DESC_BYTES;
	scctx->isc_tx_nsegments = IF_LEM_TX_SEGS;
	scctx->isc_tx_tso_segments_max = IF_LEM_TX_SEGS;
	scctx->isc_tx_tso_size_max = IP_MAXPACKET;
	scctx->isc_tx_tso_segsize_max = LEM_SEG_MAX;
	scctx->isc_tx_csum_flags =
	    CSUM_TCP | CSUM_UDP | (tso ? CSUM_IP_TSO : 0);
	scctx->isc_capabilities =
	    IF_LEM_CAPS & ~(tso ? 0 : IFCAP_TSO4 | IFCAP_VLAN_HWTSO);
	scctx->isc_capenable = scctx->isc_capabilities;
	scctx->isc_ntxqsets_max = scctx->isc_nrxqsets_max = 1;
	scctx->isc_msix_bar = 0;	/* INTx */
	scctx->isc_txrx = &if_lem_txrx;
	scctx->isc_max_frame_size = ETHERMTU + ETHER_HDR_LEN + ETHER_CRC_LEN;
}

/*
 * Everything that can fail is done here: when a later method fails, iflib
 * forgets a task that it has queued.
 */
static int
if_lem_attach_pre(if_ctx_t ctx)
{
	struct if_lem_softc *sc = iflib_get_softc(ctx);
	if_softc_ctx_t scctx = iflib_get_softc_ctx(ctx);
	struct lem *core = &sc->core;
	int rid = PCIR_BAR(0), error;

	sc->ctx = ctx;
	core->os.bar =
	    bus_alloc_resource_any(sc->dev, SYS_RES_MEMORY, &rid, RF_ACTIVE);
	if (core->os.bar == NULL) {
		device_printf(sc->dev, "no registers: BAR 0 not mapped\n");
		return (ENXIO);
	}
	sx_xlock(&sc->config_sx);
	error = -lem_attach(core);
	if (error == 0) {
		sc->awake = true;
		if (!lem_has_itr(core))
			sc->itr = sc->itr_bulk = 0;
		error = if_lem_moderation_apply(sc);
	}
	sx_xunlock(&sc->config_sx);
	if (error != 0) {
		device_printf(sc->dev, "device does not answer: error %d\n",
		    error);
		return (error);
	}
	scctx_fill(sc, scctx);
	sc->rsq = malloc(scctx->isc_ntxd[0] * sizeof(*sc->rsq), M_LEM,
	    M_WAITOK | M_ZERO);
	iflib_set_mac(ctx, core->mac);
	return (0);
}

static void
media_add(if_ctx_t ctx)
{
	static const int media[] = { IFM_10_T, IFM_10_T | IFM_FDX, IFM_100_TX,
		IFM_100_TX | IFM_FDX, IFM_1000_T | IFM_FDX, IFM_AUTO };
	size_t i;

	for (i = 0; i < nitems(media); i++)
		ifmedia_add(iflib_get_media(ctx), IFM_ETHER | media[i], 0,
		    NULL);
	ifmedia_set(iflib_get_media(ctx), IFM_ETHER | IFM_AUTO);
}

/*
 * iflib spins until a sender has left its queue.  On a machine with one CPU
 * that keeps the sender from running, for ever.  IFF_UP is off by now, so the
 * sender leaves as soon as it runs: let it.
 */
static void
if_lem_qflush(if_t ifp)
{
	struct if_lem_softc *sc = iflib_get_softc(if_getsoftc(ifp));

	kern_yield(PRI_MAX_TIMESHARE);
	sc->iflib_qflush(ifp);
}

static int
if_lem_attach_post(if_ctx_t ctx)
{
	struct if_lem_softc *sc = iflib_get_softc(ctx);

	media_add(ctx);
	sc->iflib_qflush =
	    if_lem_replace_qflush(iflib_get_ifp(ctx), if_lem_qflush);
	if_lem_sysctl_attach(sc);
	return (0);
}

/* Only the filter may still run, and it finds the gate closed. */
static int
if_lem_detach(if_ctx_t ctx)
{
	struct if_lem_softc *sc = iflib_get_softc(ctx);

	softc_stop(sc);
	if_lem_sysctl_detach(sc);
	sx_xlock(&sc->config_sx);
	if (sc->awake)
		(void)lem_reset(&sc->core);
	sc->awake = false;
	sx_xunlock(&sc->config_sx);
	return (0);
}

static int
if_lem_tx_queues_alloc(if_ctx_t ctx, caddr_t *vaddrs, uint64_t *paddrs,
    int ntxqs __unused, int ntxqsets __unused)
{
	struct if_lem_softc *sc = iflib_get_softc(ctx);

	sc->tx_desc = (union e1000_tx_any_desc *)(void *)vaddrs[0];
	sc->tx_desc_pa = paddrs[0];
	return (0);
}

static int
if_lem_rx_queues_alloc(if_ctx_t ctx, caddr_t *vaddrs, uint64_t *paddrs,
    int nrxqs __unused, int nrxqsets __unused)
{
	struct if_lem_softc *sc = iflib_get_softc(ctx);

	sc->rx_desc = (struct e1000_rx_desc *)(void *)vaddrs[0];
	sc->rx_desc_pa = paddrs[0];
	return (0);
}

static int
if_lem_suspend(if_ctx_t ctx)
{
	struct if_lem_softc *sc = iflib_get_softc(ctx);

	softc_stop(sc);
	sx_xlock(&sc->config_sx);
	sc->awake = false;
	sx_xunlock(&sc->config_sx);
	return (0);
}

/* iflib calls if_lem_init() next. */
static int
if_lem_resume(if_ctx_t ctx)
{
	struct if_lem_softc *sc = iflib_get_softc(ctx);

	sx_xlock(&sc->config_sx);
	lem_resume(&sc->core);
	sc->awake = true;
	sx_xunlock(&sc->config_sx);
	return (0);
}

/* -------------------------------------------------------- configuration */

static void
if_lem_intr_disable(if_ctx_t ctx)
{
	struct if_lem_softc *sc = iflib_get_softc(ctx);

	mtx_lock_spin(&sc->tx_mtx);
	if (sc->open) {
		lem_intr_disable(&sc->core);
		sc->masked = true;
	}
	mtx_unlock_spin(&sc->tx_mtx);
}

/*
 * iflib calls this when the interface is up, after a change of multicast, and
 * when one of its tasks is done.  That is often, and mostly needs no register.
 */
static void
if_lem_intr_enable(if_ctx_t ctx)
{
	struct if_lem_softc *sc = iflib_get_softc(ctx);

	if (!sc->masked && !sc->rx_masked && !sc->rx_busy)
		return;
	mtx_lock_spin(&sc->tx_mtx);
	sc->rx_busy = false;
	if (sc->open && sc->masked)
		lem_intr_enable(&sc->core);
	else if (sc->open && sc->rx_masked)
		lem_intr_rx_set(&sc->core, true);
	if (sc->open)
		sc->masked = sc->rx_masked = false;
	mtx_unlock_spin(&sc->tx_mtx);
}

static void
if_lem_update_admin_status(if_ctx_t ctx)
{
	struct if_lem_softc *sc = iflib_get_softc(ctx);
	struct lem_link link;
	int changed = 0;

	sx_xlock(&sc->config_sx);
	if (sc->awake && sc->core.running)
		changed = lem_link_update(&sc->core);
	link = sc->core.link;
	if (changed < 0)
		link.up = false;
	mtx_lock_spin(&sc->tx_mtx);
	if (sc->open && !link.up && !sc->unflushed)
		lem_tx_flush(&sc->core);
	mtx_unlock_spin(&sc->tx_mtx);
	sx_xunlock(&sc->config_sx);
	if (changed != 0)
		link_report(sc, &link);
}

static int
filter_update(struct if_lem_softc *sc, int if_flags)
{
	int error = 0;

	sx_xlock(&sc->config_sx);
	if (sc->awake)
		error = filter_set(sc, if_flags);
	sx_xunlock(&sc->config_sx);
	return (error);
}

static void
if_lem_multi_set(if_ctx_t ctx)
{
	(void)filter_update(iflib_get_softc(ctx),
	    if_getflags(iflib_get_ifp(ctx)));
}

static int
if_lem_promisc_set(if_ctx_t ctx, int flags)
{
	return (filter_update(iflib_get_softc(ctx), flags));
}

static int
if_lem_mtu_set(if_ctx_t ctx, uint32_t mtu)
{
	if (mtu > IF_LEM_MTU_MAX)
		return (EINVAL);
	iflib_get_softc_ctx(ctx)->isc_max_frame_size =
	    mtu + ETHER_HDR_LEN + ETHER_CRC_LEN + ETHER_VLAN_ENCAP_LEN;
	return (0);
}

static void
vlan_set(if_ctx_t ctx, uint16_t vtag, bool accept)
{
	struct if_lem_softc *sc = iflib_get_softc(ctx);

	sx_xlock(&sc->config_sx);
	if (sc->awake)
		(void)lem_vlan_filter(&sc->core, vtag, accept);
	sx_xunlock(&sc->config_sx);
}

static void
if_lem_vlan_register(if_ctx_t ctx, uint16_t vtag)
{
	vlan_set(ctx, vtag, true);
}

static void
if_lem_vlan_unregister(if_ctx_t ctx, uint16_t vtag)
{
	vlan_set(ctx, vtag, false);
}

#ifdef IF_LEM_HAVE_NEEDS_RESTART
static bool
if_lem_needs_restart(if_ctx_t ctx __unused,
    enum iflib_restart_event event __unused)
{
	return (false);
}
#endif

/* ---------------------------------------------------------------- media */

static void
if_lem_media_status(if_ctx_t ctx, struct ifmediareq *ifmr)
{
	struct if_lem_softc *sc = iflib_get_softc(ctx);
	struct lem_link link;

	sx_xlock(&sc->config_sx);
	link = sc->core.link;
	sx_xunlock(&sc->config_sx);
	ifmr->ifm_status = IFM_AVALID;
	ifmr->ifm_active = IFM_ETHER;
	if (!link.up)
		return;
	ifmr->ifm_status |= IFM_ACTIVE;
	ifmr->ifm_active |= link.mbps == 1000 ? IFM_1000_T :
	    link.mbps == 100                  ? IFM_100_TX :
						IFM_10_T;
	ifmr->ifm_active |= link.full_duplex ? IFM_FDX : IFM_HDX;
}

/* What to offer in negotiation: the values of ANA and 1000BASE-T control. */
static int
media_offer(int media, uint16_t *ana, uint16_t *gcon)
{
	bool full = (media & IFM_FDX) != 0;

	*ana = E1000_PHY_ANA_SELECTOR_8023;
	*gcon = 0;
	switch (IFM_SUBTYPE(media)) {
	case IFM_AUTO:
		*ana |= E1000_PHY_ANA_10_HD | E1000_PHY_ANA_10_FD |
		    E1000_PHY_ANA_100_HD | E1000_PHY_ANA_100_FD;
		/* FALLTHROUGH */
	case IFM_1000_T:
		*gcon = E1000_PHY_GCON_1000_FD;
		return (0);
	case IFM_100_TX:
		*ana |= full ? E1000_PHY_ANA_100_FD : E1000_PHY_ANA_100_HD;
		return (0);
	case IFM_10_T:
		*ana |= full ? E1000_PHY_ANA_10_FD : E1000_PHY_ANA_10_HD;
		return (0);
	default:
		return (EINVAL);
	}
}

static int
if_lem_media_change(if_ctx_t ctx)
{
	struct if_lem_softc *sc = iflib_get_softc(ctx);
	struct ifmedia *ifm = iflib_get_media(ctx);
	uint16_t ana, gcon;
	int error;

	if (IFM_TYPE(ifm->ifm_media) != IFM_ETHER)
		return (EINVAL);
	error = media_offer(ifm->ifm_media, &ana, &gcon);
	if (error != 0)
		return (error);
	sx_xlock(&sc->config_sx);
	error = sc->awake ? 0 : -ENXIO;
	if (error == 0)
		error = lem_phy_write(&sc->core, E1000_PHY_ANA, ana);
	if (error == 0)
		error = lem_phy_write(&sc->core, E1000_PHY_GCON, gcon);
	if (error == 0)
		error = lem_phy_renegotiate(&sc->core);
	sx_xunlock(&sc->config_sx);
	return (-error);
}

/* ------------------------------------------------------------- counters */

/* 65 register reads: only on request, and at most once a second. */
void
if_lem_stats_fresh(struct if_lem_softc *sc)
{
	sx_assert(&sc->config_sx, SA_XLOCKED);
	if (!sc->awake || (sc->counted && ticks - sc->counted_ticks < hz))
		return;
	sc->counted = lem_stats_update(&sc->core) == 0;
	sc->counted_ticks = ticks;
}

/*
 * The network stack may ask where a thread may not sleep.  So do not wait for
 * the lock: without it the counters are as they were last read.
 */
static uint64_t
if_lem_get_counter(if_ctx_t ctx, ift_counter counter)
{
	struct if_lem_softc *sc = iflib_get_softc(ctx);
	const struct lem *core = &sc->core;
	uint64_t n;
	bool locked;

	if (counter != IFCOUNTER_IERRORS && counter != IFCOUNTER_OERRORS &&
	    counter != IFCOUNTER_COLLISIONS && counter != IFCOUNTER_IQDROPS)
		return (if_get_counter_default(iflib_get_ifp(ctx), counter));
	locked = sx_try_xlock(&sc->config_sx) != 0;
	if (locked)
		if_lem_stats_fresh(sc);
	if (counter == IFCOUNTER_IERRORS)
		n = core->rx.stats.errors + lem_stat(core, E1000_CRCERRS) +
		    lem_stat(core, E1000_ALGNERRC) +
		    lem_stat(core, E1000_RXERRC) + lem_stat(core, E1000_RLEC) +
		    lem_stat(core, E1000_RUC) + lem_stat(core, E1000_ROC) +
		    lem_stat(core, E1000_CEXTERR);
	else if (counter == IFCOUNTER_OERRORS)
		n = lem_stat(core, E1000_ECOL) + lem_stat(core, E1000_LATECOL);
	else if (counter == IFCOUNTER_COLLISIONS)
		n = lem_stat(core, E1000_COLC);
	else
		n = lem_stat(core, E1000_MPC);
	if (locked)
		sx_xunlock(&sc->config_sx);
	return (n);
}

/* --------------------------------------------------------------- tables */

/* clang-format off */
static device_method_t if_lem_methods[] = {
	DEVMETHOD(ifdi_attach_pre, if_lem_attach_pre),
	DEVMETHOD(ifdi_attach_post, if_lem_attach_post),
	DEVMETHOD(ifdi_detach, if_lem_detach),
	DEVMETHOD(ifdi_shutdown, if_lem_suspend),
	DEVMETHOD(ifdi_suspend, if_lem_suspend),
	DEVMETHOD(ifdi_resume, if_lem_resume),
	DEVMETHOD(ifdi_tx_queues_alloc, if_lem_tx_queues_alloc),
	DEVMETHOD(ifdi_rx_queues_alloc, if_lem_rx_queues_alloc),
	DEVMETHOD(ifdi_init, if_lem_init),
	DEVMETHOD(ifdi_stop, if_lem_stop),
	DEVMETHOD(ifdi_intr_enable, if_lem_intr_enable),
	DEVMETHOD(ifdi_intr_disable, if_lem_intr_disable),
	DEVMETHOD(ifdi_update_admin_status, if_lem_update_admin_status),
	DEVMETHOD(ifdi_multi_set, if_lem_multi_set),
	DEVMETHOD(ifdi_promisc_set, if_lem_promisc_set),
	DEVMETHOD(ifdi_mtu_set, if_lem_mtu_set),
	DEVMETHOD(ifdi_vlan_register, if_lem_vlan_register),
	DEVMETHOD(ifdi_vlan_unregister, if_lem_vlan_unregister),
#ifdef IF_LEM_HAVE_NEEDS_RESTART
	DEVMETHOD(ifdi_needs_restart, if_lem_needs_restart),
#endif
	DEVMETHOD(ifdi_media_status, if_lem_media_status),
	DEVMETHOD(ifdi_media_change, if_lem_media_change),
	DEVMETHOD(ifdi_get_counter, if_lem_get_counter),
	DEVMETHOD_END
};
/* clang-format on */

static driver_t if_lem_driver = { "lem_if", if_lem_methods, 0 };

static struct if_shared_ctx if_lem_sctx = {
	.isc_magic = IFLIB_MAGIC,
	.isc_driver = &if_lem_driver,
	.isc_driver_version = "lem",
	.isc_vendor_info = if_lem_vendors,
	.isc_flags =
	    IFLIB_NEED_SCRATCH | IFLIB_TSO_INIT_IP | IFLIB_NEED_ZERO_CSUM,
	.isc_q_align = PAGE_SIZE,
	.isc_tx_maxsize = IP_MAXPACKET + sizeof(struct ether_vlan_header),
	.isc_tx_maxsegsize = LEM_SEG_MAX,
	.isc_tso_maxsize = IP_MAXPACKET + sizeof(struct ether_vlan_header),
	.isc_tso_maxsegsize = LEM_SEG_MAX,
	.isc_rx_maxsize = MJUM9BYTES,
	.isc_rx_nsegments = 1,
	.isc_rx_maxsegsize = MJUM9BYTES,
	.isc_nfl = 1,
	.isc_nrxqs = 1,
	.isc_ntxqs = 1,
	.isc_admin_intrcnt = 1,
	.isc_nrxd_min = { IF_LEM_DESC_MIN },
	.isc_nrxd_default = { IF_LEM_RX_DESC },
	.isc_nrxd_max = { LEM_RING_MAX },
	.isc_ntxd_min = { IF_LEM_DESC_MIN },
	.isc_ntxd_default = { IF_LEM_TX_DESC },
	.isc_ntxd_max = { LEM_RING_MAX },
};

/* clang-format off */
static device_method_t if_lem_device_methods[] = {
	DEVMETHOD(device_register, if_lem_register),
	DEVMETHOD(device_probe, if_lem_probe),
	DEVMETHOD(device_attach, if_lem_device_attach),
	DEVMETHOD(device_detach, if_lem_device_detach),
	DEVMETHOD(device_shutdown, iflib_device_shutdown),
	DEVMETHOD(device_suspend, iflib_device_suspend),
	DEVMETHOD(device_resume, iflib_device_resume),
	DEVMETHOD_END
};
/* clang-format on */

/*
 * The module is lem and its devices are em0, em1, ..., as those of the lem
 * driver of FreeBSD 8 to 11 were: rc.conf and sysctl names stay the same when a
 * user changes drivers.
 */
static driver_t if_lem_device_driver = { "em", if_lem_device_methods, 0 };

IF_LEM_DRIVER_MODULE(lem, pci, if_lem_device_driver);
MODULE_VERSION(lem, 1);
MODULE_DEPEND(lem, pci, 1, 1, 1);
MODULE_DEPEND(lem, ether, 1, 1, 1);
MODULE_DEPEND(lem, iflib, 1, 1, 1);
