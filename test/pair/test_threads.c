/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The threading contracts of lem.h and e82540.h, for ThreadSanitizer: the
 * driver's core on four threads, with the locks that lem.h asks for and no
 * others; another processor's register accesses; transmit, receive, and all
 * that a host does besides; each on its own, all at once.
 *
 *	sender	  lem_tx_*(): sends, with and without a tag; the guard
 *	receiver  lem_rx_*(): reads frames, gives buffers back
 *	handler	  lem_intr_*(): takes interrupts, follows the link
 *	config	  filters, modes, moderation, PHY, link, resets
 *	other	  reads statistics and STATUS, sets causes
 *	transmit  e82540_transmit()
 *	receive	  e82540_receive()
 *	host	  e82540_run(), snapshots, guest memory, link, back-pressure,
 *		  doorbells that are memory, and not
 *
 * Packets must reach the wire, and frames the driver, byte for byte, in order.
 * Only a reset, or a link that is down, may lose any.
 */
#include <sched.h>
#include <time.h>

#include "pair.h"

#define PATTERN_AT	22u		/* after addresses and a number */
#define FRAMES_MAX	16u		/* in one call */
#define SNAPSHOT_BYTES	0x80000u
#define SECOND_NS	1000000000ull

static const uint8_t mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

static const struct sim_config defaults = {
	.async = true,
	.threads = true,
	.doorbells = true,
	.tx_count = 64,
	.rx_count = 64,
	.max_segs = 1,
	.buf_bytes = 512,
	.tx_data_bytes = 64 * SIM_TX_SLOT,
	.link_delay_ns = 1000,
};

static struct sim *sim;

static struct {
	bool faults;			/* link loss, resets */
	atomic_bool ending;		/* send and offer nothing new */
	atomic_uint quiet;		/* threads that have seen `ending` */
	atomic_bool ended;
	atomic_ullong accepted;		/* packets, by the driver */
	atomic_ullong sent;		/* number of the wire's next packet */
	atomic_ullong offered;		/* frames, consumed by the model */
	atomic_ullong received;		/* frames that the driver got */
	atomic_ullong wrong;		/* bytes, order, flags */
	atomic_ullong refused;		/* packets, as the device is gone */
	atomic_ullong tagged, resets, snapshots, regions, maps;
} run;

/* The locks of lem.h. */
static pthread_mutex_t config_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t tx_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t rx_lock = PTHREAD_MUTEX_INITIALIZER;

static void
wrong_if(bool wrong)
{
	if (wrong)
		run.wrong++;
}

static uint8_t
pattern_byte(uint64_t number, uint32_t i)
{
	return (uint8_t)((number + 1) * 151 + i * 7);
}

/* ----------------------------------------------------------------- driver */

/* With the model's tx lock held, in whatever thread transmits. */
static void
wire_take(void *arg, const struct e82540_packet *packet)
{
	uint8_t bytes[64];
	uint32_t len = sim_gather(sim, packet, bytes, sizeof(bytes));
	uint64_t id;

	(void)arg;
	wrong_if(len != 60 && len != 64);
	run.tagged += len == 64;
	memcpy(&id, bytes, sizeof(id));
	wrong_if(id != run.sent);
	run.sent++;
}

/* As sim_send_id(), now and then with a tag. */
static int
send_next(void)
{
	struct lem_tx_seg seg = { .len_bytes = 60 };
	struct lem_tx_pkt pkt = { .seg = &seg, .segs = 1, .vlan_tag = 5 };
	uint64_t id = run.accepted;
	uint8_t *slot =
	    sim->tx_data + (size_t)sim->sc.tx.next_to_use * SIM_TX_SLOT;

	pkt.flags = id % 4 == 0 ? LEM_TX_VLAN : 0;
	seg.pa = sim_pa(sim, slot);
	if (lem_tx_free(&sim->sc.tx) >= pkt.segs)
		memcpy(slot, &id, sizeof(id));
	return lem_tx_encap(&sim->sc, &pkt);
}

static void
driver_send(void)
{
	unsigned int i;
	int error = 0;

	for (i = 0; i < 5 && error >= 0; i++) {
		if (lem_tx_low(&sim->sc.tx))
			(void)lem_tx_make_room(&sim->sc);
		error = send_next();
		if (error == -EINVAL)	/* tags are off */
			error = sim_send_id(sim, run.accepted);
		run.refused += error == -ENODEV;
		run.accepted += error >= 0;
		lem_tx_doorbell(&sim->sc);
	}
}

static void *
thread_sender(void *arg)
{
	unsigned int i;
	bool ending = false;

	for (i = 1; !run.ended; i++) {
		if (!ending && run.ending) {
			ending = true;
			run.quiet++;
		}
		pthread_mutex_lock(&tx_lock);
		if (!ending && lem_link_up(&sim->sc))
			driver_send();
		if (i % 64 == 0)
			(void)lem_tx_guard(&sim->sc);
		pthread_mutex_unlock(&tx_lock);
		sched_yield();
	}
	return arg;
}

static void
check_frame(const struct lem_rx_pkt *pkt, uint64_t *next)
{
	uint8_t bytes[2048];
	uint32_t at = 0, i;
	uint64_t number;

	for (i = 0; i < pkt->frags; at += pkt->frag[i++].len_bytes)
		memcpy(bytes + at, sim->rx_data + pkt->frag[i].index * 512u,
		    pkt->frag[i].len_bytes);
	memcpy(&number, bytes + 14, sizeof(number));
	wrong_if(pkt->flags & LEM_RX_ERROR);
	wrong_if(run.faults ? number < *next : number != *next);
	wrong_if(pkt->len_bytes != 60 + number % 1400);
	for (i = PATTERN_AT; i < at; i++)
		wrong_if(bytes[i] != pattern_byte(number, i));
	*next = number + 1;
	run.received++;
}

static void *
thread_receiver(void *arg)
{
	struct lem_rx_frag frag[4];
	struct lem_rx_pkt pkt = { .frag = frag, .frags_max = 4 };
	uint64_t next = 0;

	while (!run.ended) {
		pthread_mutex_lock(&rx_lock);
		(void)lem_rx_available(&sim->sc, 8);
		while (lem_rx_pkt_get(&sim->sc, &pkt) == 1)
			check_frame(&pkt, &next);
		sim_refill(sim);
		pthread_mutex_unlock(&rx_lock);
		sched_yield();
	}
	return arg;
}

/* With the config lock. */
static void
link_follow(void)
{
	(void)lem_link_update(&sim->sc);
	if (lem_link_up(&sim->sc))
		return;
	pthread_mutex_lock(&tx_lock);
	lem_tx_flush(&sim->sc);
	pthread_mutex_unlock(&tx_lock);
}

static void *
thread_handler(void *arg)
{
	unsigned int work;
	uint32_t icr;

	for (; !run.ended; sched_yield()) {
		if (!sim->line)
			continue;
		icr = lem_intr_cause(&sim->sc);
		pthread_mutex_lock(&tx_lock);
		work = lem_intr_dispatch(&sim->sc, icr);
		pthread_mutex_unlock(&tx_lock);
		if (work & LEM_WORK_LINK) {
			pthread_mutex_lock(&config_lock);
			link_follow();
			pthread_mutex_unlock(&config_lock);
		}
	}
	return arg;
}

/* lem_stop() drops the packets that were not sent. */
static void
driver_reset(void)
{
	pthread_mutex_lock(&tx_lock);
	pthread_mutex_lock(&rx_lock);
	wrong_if(lem_reset(&sim->sc) != 0);
	run.sent = run.accepted;
	wrong_if(lem_start(&sim->sc) != 0);
	sim_refill(sim);
	lem_intr_enable(&sim->sc);
	pthread_mutex_unlock(&rx_lock);
	pthread_mutex_unlock(&tx_lock);
	run.resets++;
}

static void
config_change(unsigned int i)
{
	struct lem_moderation m = { 0 };
	uint16_t phy;

	switch (i % 5) {
	case 0:
		m.itr = (uint16_t)(i / 5 % 4 * 100);
		m.tidv = (uint16_t)(i / 5 % 3 * 10);
		m.adaptive = m.tidv == 0;
		pthread_mutex_lock(&tx_lock);
		(void)lem_moderation_set(&sim->sc, &m);
		pthread_mutex_unlock(&tx_lock);
		break;
	case 1:
		(void)lem_filter_set(&sim->sc, i / 5 % 8, &mac, 1);
		break;
	case 2:
		lem_rx_mode(&sim->sc, i & 16, i & 32, i & 64);
		break;
	case 3:
		(void)lem_vlan_filter(&sim->sc, 5, i & 16);
		(void)lem_phy_read(&sim->sc, 1, &phy);
		break;
	default:
		link_follow();
		break;
	}
}

static void *
thread_config(void *arg)
{
	const struct timespec pause = { .tv_nsec = 200000 };
	unsigned int i;

	for (i = 1; !run.ended; i++) {
		pthread_mutex_lock(&config_lock);
		if (run.faults && !run.ending && i % 32 == 0)
			driver_reset();
		else
			config_change(i);
		pthread_mutex_unlock(&config_lock);
		nanosleep(&pause, NULL);
	}
	return arg;
}

static void *
thread_other(void *arg)
{
	static const uint32_t reg[] = { E1000_GPRC, E1000_GPTC, E1000_GORCL,
		E1000_GORCH, E1000_TPT, E1000_TPR, E1000_MPC, E1000_STATUS,
		E1000_TDH, E1000_TDT, E1000_RDH, E1000_RDT, E1000_RCTL };
	/* Not a copy: others count its cycles. */
	struct lem_os os = { .sim = sim,
		.dev = sim->dev,
		.now_ns = &sim->now_ns,
		.doorbells = sim->sc.os.doorbells };
	unsigned int i;

	while (!run.ended) {
		for (i = 0; i < PAIR_COUNT(reg); i++)
			(void)lem_os_read32(&os, reg[i]);
		lem_os_write32(&os, E1000_ICS, E1000_ICR_RXT0);
		sched_yield();
	}
	return arg;
}

/* ------------------------------------------------------------------- host */

static void *
thread_transmit(void *arg)
{
	unsigned int i;

	for (i = 0; !run.ended; i++) {
		sim_transmit(sim);
		/* Uncalled for, which is allowed. */
		if (i % 16 == 0)
			(void)e82540_transmit(sim->dev, sim_now(sim));
		sched_yield();
	}
	return arg;
}

static void *
thread_receive(void *arg)
{
	static uint8_t data[FRAMES_MAX][2048];
	struct e82540_frame frame[FRAMES_MAX];
	uint64_t number = 0, n;
	unsigned int i, count = 0, taken;
	uint32_t k;

	while (!run.ending) {
		for (i = 0; i < FRAMES_MAX; i++) {
			n = number + i;
			memcpy(data[i], mac, sizeof(mac));
			memcpy(data[i] + 14, &n, sizeof(n));
			frame[i].data = data[i];
			frame[i].len_bytes = (uint32_t)(60 + n % 1400);
			frame[i].flags = 0;
			for (k = PATTERN_AT; k < frame[i].len_bytes; k++)
				data[i][k] = pattern_byte(n, k);
		}
		count = count % FRAMES_MAX + 1;
		taken = e82540_receive(sim->dev, sim_now(sim), frame, count);
		run.offered += taken;
		number += taken;
		/* rx_ready may come late: do not wait for it for ever. */
		for (i = 0; taken < count && i < 100 && !sim->rx_ready; i++)
			sched_yield();
		sim->rx_ready = false;
		sched_yield();
	}
	run.quiet++;
	return arg;
}

static void
host_seldom(unsigned int i, void *snapshot)
{
	struct e82540_counters counters;
	uint16_t nvm[64];

	if (i % 7 == 0)
		run.snapshots += e82540_save(sim->dev, sim_now(sim), snapshot,
				     SNAPSHOT_BYTES) > 0;
	if (i % 5 == 0)
		run.regions +=
		    sim_regions(sim, 1 + i % E82540_REGIONS_MAX) == 0;
	if (i % 11 == 0) {
		e82540_counters(sim->dev, &counters, sizeof(counters));
		e82540_nvm_get(sim->dev, nvm);
		(void)e82540_deadline(sim->dev);
	}
	if (i % 13 == 0)
		e82540_moderation_set(sim->dev, sim_now(sim), i % 2);
	if (i % 17 == 0)
		e82540_moderation_hold(sim->dev, sim_now(sim),
		    i % 3 * 100000ull);
	if (e82540_moderation_held(sim->dev) != 0 && i % 3 == 0)
		e82540_moderation_release(sim->dev, sim_now(sim));
	if (run.faults && i % 50 == 0)
		e82540_link_set(sim->dev, sim_now(sim), i % 200 != 0);
}

/* Doorbells come and go, now and then without ever being the guest's. */
static void
host_doorbells(unsigned int i)
{
	switch (i % 4) {
	case 0:
		wrong_if(e82540_doorbell_open(sim->dev, sim_now(sim),
			     sim->doorbell) != 0);
		break;
	case 1:
		sim_doorbell_map(sim, i % 16 != 1);
		run.maps += i % 16 != 1;
		break;
	case 2:
		(void)e82540_doorbell_rung(sim->dev);
		(void)e82540_receive(sim->dev, sim_now(sim), NULL, 0);
		sim_doorbell_map(sim, false);
		break;
	default:
		e82540_doorbell_close(sim->dev, sim_now(sim));
		break;
	}
}

static void *
thread_host(void *arg)
{
	void *snapshot = malloc(SNAPSHOT_BYTES);
	unsigned int i;

	for (i = 0; !run.ended; i++) {
		sim_advance(sim, 1 + i % 10000);
		e82540_run(sim->dev, sim_now(sim));
		sim_room(sim, i % 3 == 0 ? 3 : UINT_MAX);
		host_doorbells(i);
		if (!run.ending)
			host_seldom(i, snapshot);
		else if (!e82540_link_up(sim->dev))
			e82540_link_set(sim->dev, sim_now(sim), true);
		sched_yield();
	}
	free(snapshot);
	return arg;
}

/* ------------------------------------------------------------------ tests */

static uint64_t
wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

static void
run_until(uint64_t end_ns, bool (*done)(void))
{
	const struct timespec ms = { .tv_nsec = 1000000 };

	while (wall_ns() < end_ns && !done())
		nanosleep(&ms, NULL);
}

static bool
run_never(void)
{
	return false;
}

/* Has each thread done something?  On a busy machine that takes a while. */
static bool
run_enough(void)
{
	return run.sent > 100 && run.received > 100 && run.tagged > 0 &&
	    run.snapshots > 0 && run.regions > 0 && run.maps > 0 &&
	    (!run.faults || run.resets > 0);
}

static bool
run_complete(void)
{
	return run.quiet == 2 && run.sent == run.accepted &&
	    (run.faults || run.received == run.offered);
}

static bool
run_refused(void)
{
	return run.refused > 0 && lem_gone(&sim->sc);
}

#define THREADS	8u

static void
threads_start(pthread_t thread[THREADS], enum e82540_chip chip, bool faults)
{
	void *(*const start[THREADS])(void *) = { thread_sender,
		thread_receiver, thread_handler, thread_config, thread_other,
		thread_transmit, thread_receive, thread_host };
	struct sim_config c = defaults;
	unsigned int i;

	memset(&run, 0, sizeof(run));
	run.faults = faults;
	c.chip = chip;
	sim = pair_new(&c);
	sim->wire = wire_take;
	assert_int_equal(lem_tx_combine_set(&sim->sc, LEM_COMBINE_ON), 0);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, start[i],
				     NULL),
		    0);
}

static void
threads_end(pthread_t thread[THREADS])
{
	unsigned int i;

	run.ending = true;
	run.ended = true;
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(run.wrong, 0);
}

static void
run_all(enum e82540_chip chip, bool faults)
{
	struct e82540_counters c;
	pthread_t thread[THREADS];

	threads_start(thread, chip, faults);
	run_until(wall_ns() + SECOND_NS, run_never);
	run_until(wall_ns() + 60 * SECOND_NS, run_enough);
	run.ending = true;
	run_until(wall_ns() + 60 * SECOND_NS, run_complete);
	threads_end(thread);

	e82540_counters(sim->dev, &c, sizeof(c));
	print_message("%llu packets, %llu tagged, %llu frames of %llu, %llu "
		      "resets, %llu snapshots, %llu regions, %llu maps, %llu "
		      "interrupts\n",
	    run.sent, run.tagged, run.received, run.offered, run.resets,
	    run.snapshots, run.regions, run.maps,
	    (unsigned long long)c.interrupts);
	assert_int_equal(run.sent, run.accepted);
	assert_true(run_enough());
	if (!faults) {
		assert_int_equal(run.received, run.offered);
		assert_int_equal(c.tx_packets, run.sent);
		assert_int_equal(c.rx_packets, run.received);
	} else {
		assert_true(run.received <= run.offered);
	}
	pair_free(sim);
}

static void
test_threads(void **state)
{
	(void)state;
	run_all(E82540_82540EM, false);
}

static void
test_threads_faults(void **state)
{
	(void)state;
	run_all(E82540_82545EM, true);
}

/* The device goes away under all of them. */
static void
test_threads_removal(void **state)
{
	pthread_t thread[THREADS];

	(void)state;
	threads_start(thread, E82540_82540EM, false);
	run_until(wall_ns() + SECOND_NS / 4, run_never);
	sim_remove(sim);
	run_until(wall_ns() + 60 * SECOND_NS, run_refused);
	threads_end(thread);
	assert_true(run_refused());
	assert_int_equal(sim->violations, 0);
	sim_free(sim);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_threads_faults),
		cmocka_unit_test(test_threads_removal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
