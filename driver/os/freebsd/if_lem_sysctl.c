/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dev.em.N.*: the knobs of moderation and send combining, and counters.
 */
#include "if_lem.h"

/* ----------------------------------------------------------- moderation */

/* Give the device what was asked for. */
int
if_lem_moderation_apply(struct if_lem_softc *sc)
{
	struct lem_moderation m;
	int error;

	sx_assert(&sc->config_sx, SA_XLOCKED);
	if (sc->adaptive > 1)
		return (EINVAL);
	m.adaptive = sc->adaptive;
	error = lem_itr_from_rate(sc->itr, &m.itr);
	if (error == 0)
		error = lem_itr_from_rate(sc->itr_bulk, &m.itr_bulk);
	if (error == 0)
		error = lem_delay_from_us(sc->delay_us[0], &m.rdtr);
	if (error == 0)
		error = lem_delay_from_us(sc->delay_us[1], &m.radv);
	if (error == 0)
		error = lem_delay_from_us(sc->delay_us[2], &m.tidv);
	if (error == 0)
		error = lem_delay_from_us(sc->delay_us[3], &m.tadv);
	if (error != 0)
		return (-error);
	mtx_lock_spin(&sc->tx_mtx);
	error = lem_moderation_set(&sc->core, &m);
	mtx_unlock_spin(&sc->tx_mtx);
	return (-error);
}

/* arg2: 0 itr, 1 to 4 a delay, 5 itr_bulk, 6 adaptive. */
static int
if_lem_sysctl_moderation(SYSCTL_HANDLER_ARGS)
{
	struct if_lem_softc *sc = arg1;
	unsigned int *knob = arg2 == 0 ? &sc->itr :
	    arg2 == 5                  ? &sc->itr_bulk :
	    arg2 == 6                  ? &sc->adaptive :
					 &sc->delay_us[arg2 - 1];
	unsigned int value = *knob, was;
	int error = sysctl_handle_int(oidp, &value, 0, req);

	if (error != 0 || req->newptr == NULL)
		return (error);
	sx_xlock(&sc->config_sx);
	was = *knob;
	*knob = value;
	error = sc->awake ? if_lem_moderation_apply(sc) : ENXIO;
	if (error != 0)
		*knob = was;
	sx_xunlock(&sc->config_sx);
	return (error);
}

/* arg2: 0 what an interrupt costs, ns; 1 the interval now, ns. */
static int
if_lem_sysctl_learned(SYSCTL_HANDLER_ARGS)
{
	struct if_lem_softc *sc = arg1;
	unsigned int value;

	mtx_lock_spin(&sc->tx_mtx);
	if (arg2 == 0)
		value = lem_intr_cost_ns(&sc->core);
	else
		value = lem_itr_now(&sc->core) * E1000_ITR_UNIT_NS;
	mtx_unlock_spin(&sc->tx_mtx);
	return (sysctl_handle_int(oidp, &value, 0, req));
}

/* --------------------------------------------------------- send combining */

static int
if_lem_sysctl_mit_enable(SYSCTL_HANDLER_ARGS)
{
	struct if_lem_softc *sc = arg1;
	unsigned int value = sc->combine;
	int error = sysctl_handle_int(oidp, &value, 0, req);

	if (error != 0 || req->newptr == NULL)
		return (error);
	if (value > LEM_COMBINE_ORIGINAL)
		return (EINVAL);
	mtx_lock_spin(&sc->tx_mtx);
	sc->combine = value;
	/* Otherwise the next flush or the next start does it. */
	if (sc->open && !sc->unflushed)
		if_lem_tx_settle(sc);
	mtx_unlock_spin(&sc->tx_mtx);
	return (0);
}

/* ------------------------------------------------------------- counters */

/* arg2: the register. */
static int
if_lem_sysctl_mac(SYSCTL_HANDLER_ARGS)
{
	struct if_lem_softc *sc = arg1;
	uint64_t value;

	sx_xlock(&sc->config_sx);
	if_lem_stats_fresh(sc);
	value = lem_stat(&sc->core, arg2);
	sx_xunlock(&sc->config_sx);
	return (sysctl_handle_64(oidp, &value, 0, req));
}

/* The names that em(4) has, where it has one. */
static const struct {
	uint32_t reg;
	const char *name, *what;
} mac_stats[] = {
	{ E1000_CRCERRS, "crc_errs", "CRC errors" },
	{ E1000_ALGNERRC, "alignment_errs", "Alignment errors" },
	{ E1000_SYMERRS, "symbol_errors", "Symbol errors" },
	{ E1000_RXERRC, "recv_errs", "Errors the PHY reported" },
	{ E1000_MPC, "missed_packets", "Received without room in the FIFO" },
	{ E1000_SCC, "single_coll", "Sent after one collision" },
	{ E1000_ECOL, "excess_coll", "Given up after 16 collisions" },
	{ E1000_MCC, "multiple_coll", "Sent after 2 to 15 collisions" },
	{ E1000_LATECOL, "late_coll", "Late collisions" },
	{ E1000_COLC, "collision_count", "Collisions" },
	{ E1000_DC, "defer_count", "Deferred by other traffic" },
	{ E1000_SEC, "sequence_errors", "Sequence errors" },
	{ E1000_CEXTERR, "coll_ext_errs", "Carrier extension errors" },
	{ E1000_RLEC, "recv_length_errors", "Length errors" },
	{ E1000_XONRXC, "xon_recvd", "XON received" },
	{ E1000_XONTXC, "xon_txd", "XON sent" },
	{ E1000_XOFFRXC, "xoff_recvd", "XOFF received" },
	{ E1000_XOFFTXC, "xoff_txd", "XOFF sent" },
	{ E1000_PRC64, "rx_frames_64", "Received, 64 bytes" },
	{ E1000_PRC127, "rx_frames_65_127", "Received, 65 to 127 bytes" },
	{ E1000_PRC255, "rx_frames_128_255", "Received, 128 to 255 bytes" },
	{ E1000_PRC511, "rx_frames_256_511", "Received, 256 to 511 bytes" },
	{ E1000_PRC1023, "rx_frames_512_1023", "Received, 512 to 1023 bytes" },
	{ E1000_PRC1522, "rx_frames_1024_1522", "Received, 1024 bytes up" },
	{ E1000_GPRC, "good_pkts_recvd", "Received, good" },
	{ E1000_BPRC, "bcast_pkts_recvd", "Received, broadcast" },
	{ E1000_MPRC, "mcast_pkts_recvd", "Received, multicast" },
	{ E1000_GORCL, "good_octets_recvd", "Octets received, good" },
	{ E1000_RNBC, "recv_no_buff", "Received without a descriptor" },
	{ E1000_RUC, "recv_undersize", "Received, too short" },
	{ E1000_RFC, "recv_fragmented", "Received, too short, bad CRC" },
	{ E1000_ROC, "recv_oversize", "Received, too long" },
	{ E1000_RJC, "recv_jabber", "Received, too long, bad CRC" },
	{ E1000_TORL, "total_octets_recvd", "Octets received" },
	{ E1000_TPR, "total_pkts_recvd", "Received" },
	{ E1000_GPTC, "good_pkts_txd", "Sent, good" },
	{ E1000_GOTCL, "good_octets_txd", "Octets sent, good" },
	{ E1000_TOTL, "total_octets_txd", "Octets sent" },
	{ E1000_TPT, "total_pkts_txd", "Sent" },
	{ E1000_PTC64, "tx_frames_64", "Sent, 64 bytes" },
	{ E1000_PTC127, "tx_frames_65_127", "Sent, 65 to 127 bytes" },
	{ E1000_PTC255, "tx_frames_128_255", "Sent, 128 to 255 bytes" },
	{ E1000_PTC511, "tx_frames_256_511", "Sent, 256 to 511 bytes" },
	{ E1000_PTC1023, "tx_frames_512_1023", "Sent, 512 to 1023 bytes" },
	{ E1000_PTC1522, "tx_frames_1024_1522", "Sent, 1024 bytes up" },
	{ E1000_MPTC, "mcast_pkts_txd", "Sent, multicast" },
	{ E1000_BPTC, "bcast_pkts_txd", "Sent, broadcast" },
	{ E1000_TSCTC, "tso_txd", "Segmented" },
	{ E1000_TSCTFC, "tso_ctx_fail", "Not segmented" },
};

static const struct {
	size_t offset;
	const char *name, *what;
} counters[] = {
#define COUNTER(field, name, what)                                             \
	{ \
		offsetof(struct if_lem_softc, field), name, what \
	}
	COUNTER(interrupts, "interrupts", "Interrupts"),
	COUNTER(rx_masks, "rx_masks",
	    "Receive interrupts masked, as the last was still being handled"),
	COUNTER(core.tx.stats.packets, "tx_packets", "Packets queued"),
	COUNTER(core.tx.stats.doorbells, "tx_doorbells", "Writes to TDT"),
	COUNTER(core.tx.stats.deferred, "tx_deferred",
	    "Writes to TDT deferred"),
	COUNTER(core.tx.stats.batches, "tx_batches",
	    "Writes to TDT for more than one packet"),
	COUNTER(core.tx.stats.guard_flushes, "tx_guard_flushes",
	    "Writes to TDT because an interrupt was overdue"),
	COUNTER(core.tx.stats.bulk, "tx_streams",
	    "Times ITR was made longer for a stream"),
	COUNTER(core.tx.stats.lone, "tx_lone",
	    "Times transmit interrupts were masked for lone packets"),
	COUNTER(core.tx.stats.ring_full, "tx_ring_full",
	    "Packets refused, not enough descriptors"),
	COUNTER(core.rx.stats.packets, "rx_packets", "Packets received"),
	COUNTER(core.rx.stats.errors, "rx_errors", "Packets damaged"),
	COUNTER(core.rx.stats.doorbells, "rx_doorbells", "Writes to RDT"),
	COUNTER(core.rx.stats.pushes, "rx_pushes",
	    "Reads to push RDT through the hypervisor"),
#undef COUNTER
};

/* --------------------------------------------------------- attach, detach */

static void
add_knobs(struct if_lem_softc *sc, struct sysctl_oid_list *tree)
{
	static const struct {
		const char *name, *what;
	} knob[] = {
		{ "itr", "Most interrupts a second, 0 for any number" },
		{ "rx_int_delay", "Receive interrupt delay, us" },
		{ "rx_abs_int_delay", "Longest receive interrupt delay, us" },
		{ "tx_int_delay", "Transmit interrupt delay, us" },
		{ "tx_abs_int_delay", "Longest transmit interrupt delay, us" },
		{ "itr_bulk", "As itr, the longest for streams" },
		{ "adaptive",
		    "With mit_enable 1: longer intervals for streams, "
		    "by what an interrupt costs" },
	};
	/* The second is its name in FreeBSD's own lem(4). */
	static const char *const enable[] = { "mit_enable", "sc_enable" };
	size_t i;

	for (i = 0; i < nitems(knob); i++)
		SYSCTL_ADD_PROC(&sc->sysctls, tree, OID_AUTO, knob[i].name,
		    CTLTYPE_UINT | CTLFLAG_RWTUN | CTLFLAG_MPSAFE, sc, i,
		    if_lem_sysctl_moderation, "IU", knob[i].what);
	for (i = 0; i < nitems(enable); i++)
		SYSCTL_ADD_PROC(&sc->sysctls, tree, OID_AUTO, enable[i],
		    CTLTYPE_UINT | CTLFLAG_RWTUN | CTLFLAG_MPSAFE, sc, 0,
		    if_lem_sysctl_mit_enable, "IU",
		    "Send combining: 0 off, 1 on, 2 original (the order of "
		    "2012)");
}

static void
add_counters(struct if_lem_softc *sc, struct sysctl_oid_list *tree)
{
	struct sysctl_oid *mac;
	size_t i;

	for (i = 0; i < nitems(counters); i++)
		SYSCTL_ADD_U64(&sc->sysctls, tree, OID_AUTO, counters[i].name,
		    CTLFLAG_RD,
		    (uint64_t *)(void *)((char *)sc + counters[i].offset), 0,
		    counters[i].what);
	SYSCTL_ADD_U32(&sc->sysctls, tree, OID_AUTO, "tx_batch_max", CTLFLAG_RD,
	    &sc->core.tx.stats.batch_max, 0,
	    "Most packets of one write to TDT");
	SYSCTL_ADD_COUNTER_U64(&sc->sysctls, tree, OID_AUTO, "reg_reads",
	    CTLFLAG_RD, &sc->core.os.reads, "Register reads");
	SYSCTL_ADD_COUNTER_U64(&sc->sysctls, tree, OID_AUTO, "reg_writes",
	    CTLFLAG_RD, &sc->core.os.writes, "Register writes");
	SYSCTL_ADD_PROC(&sc->sysctls, tree, OID_AUTO, "interrupt_cost",
	    CTLTYPE_UINT | CTLFLAG_RD | CTLFLAG_MPSAFE, sc, 0,
	    if_lem_sysctl_learned, "IU",
	    "What an interrupt costs, ns; 0: not learned");
	SYSCTL_ADD_PROC(&sc->sysctls, tree, OID_AUTO, "interrupt_interval",
	    CTLTYPE_UINT | CTLFLAG_RD | CTLFLAG_MPSAFE, sc, 1,
	    if_lem_sysctl_learned, "IU",
	    "Least time between interrupts now, ns");
	mac = SYSCTL_ADD_NODE(&sc->sysctls, tree, OID_AUTO, "mac_stats",
	    CTLFLAG_RD | CTLFLAG_MPSAFE, NULL, "The device's own counters");
	for (i = 0; i < nitems(mac_stats); i++)
		SYSCTL_ADD_PROC(&sc->sysctls, SYSCTL_CHILDREN(mac), OID_AUTO,
		    mac_stats[i].name,
		    CTLTYPE_U64 | CTLFLAG_RD | CTLFLAG_MPSAFE, sc,
		    mac_stats[i].reg, if_lem_sysctl_mac, "QU",
		    mac_stats[i].what);
}

/*
 * We use a context of our own: the device's is freed only when the driver is
 * gone, and a handler might still be at work then.
 */
void
if_lem_sysctl_attach(struct if_lem_softc *sc)
{
	struct sysctl_oid_list *tree =
	    SYSCTL_CHILDREN(device_get_sysctl_tree(sc->dev));

	sysctl_ctx_init(&sc->sysctls);
	sc->has_sysctls = true;
	add_knobs(sc, tree);
	add_counters(sc, tree);
}

/* Returns when no handler runs any more. */
void
if_lem_sysctl_detach(struct if_lem_softc *sc)
{
	if (sc->has_sysctls)
		(void)sysctl_ctx_free(&sc->sysctls);
	sc->has_sysctls = false;
}
