/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traffic both ways, the driver core against the model.  A run is one seed: it
 * draws a chip, rings, buffers, moderation and offloads of the network, and
 * then, for some ten thousand steps, what happens next.  Whatever happens,
 * every packet reaches the other end byte for byte, in order, once.
 *
 * What may be lost: what a reset drops; frames that come while the link is down
 * or that no filter wants.
 *
 * LEM_TEST_SEED=n in the environment runs that seed alone.
 */
#include "pair.h"
#include "net.h"

#define ARENA_BYTES	(8u << 20)
#define SEGS_MAX	24u
#define FRAGS_MAX	64u
#define STEPS		20000u
#define SEEDS		6u		/* a chip */

struct expected {
	struct expected *next;
	uint32_t len_bytes;
	uint16_t vlan_tag;
	uint8_t must, must_not;		/* LEM_RX_* */
	uint8_t data[];
};

struct queue {
	struct expected *first, **last;
	uint64_t put, got;
};

static struct run {
	struct sim *sim;
	struct net_random random;
	uint64_t seed;
	unsigned int step;
	struct queue wire;		/* what the network is to see */
	struct queue guest;		/* what the driver is to see */
	struct queue held;		/* frames that the model did not take */
	uint32_t arena;			/* next byte of tx_data */
	bool vlan, vlan_filter, promisc, allmulti, broadcast, large;
	uint8_t mc[4][6];
	uint64_t next_guard_ns;
} run;

static struct net_frame frame, segment;	/* large, hence here */

static uint32_t
draw_below(uint32_t n)
{
	return net_draw(&run.random, n);
}

static void
run_failed(const char *why)
{
	fail_msg("LEM_TEST_SEED=%llu, step %u: %s",
	    (unsigned long long)run.seed, run.step, why);
}

/* ------------------------------------------------------------------ queues */

static struct expected *
queue_put(struct queue *q, const uint8_t *data, uint32_t len)
{
	struct expected *e = malloc(sizeof(*e) + len);

	assert_non_null(e);
	memset(e, 0, sizeof(*e));
	e->len_bytes = len;
	memcpy(e->data, data, len);
	if (q->first == NULL)
		q->last = &q->first;
	*q->last = e;
	q->last = &e->next;
	q->put++;
	return e;
}

static void
queue_drop(struct queue *q)
{
	struct expected *e = q->first;

	q->first = e->next;
	q->got++;
	free(e);
}

static void
queue_empty(struct queue *q)
{
	while (q->first != NULL)
		queue_drop(q);
}

static void
expected_compare(const struct expected *e, const uint8_t *data, uint32_t len)
{
	uint32_t i;

	if (e == NULL) {
		run_failed("a packet that nobody sent");
		return;
	}
	if (len != e->len_bytes)
		fail_msg("LEM_TEST_SEED=%llu, step %u: %u bytes instead of %u",
		    (unsigned long long)run.seed, run.step, len, e->len_bytes);
	for (i = 0; i < len && data[i] == e->data[i]; i++)
		;
	if (i != len)
		fail_msg("LEM_TEST_SEED=%llu, step %u: byte %u of %u is %02x, "
			 "not %02x",
		    (unsigned long long)run.seed, run.step, i, len, data[i],
		    e->data[i]);
}

/* ------------------------------------------------------------------- wire */

/* The chip pads to 60 bytes (TCTL.PSP, 13.4.33). */
static void
expect_wire(const struct net_frame *f, const uint16_t *tag)
{
	static uint8_t padded[NET_MAX_BYTES + 4];
	uint32_t len = f->len_bytes, at = tag != NULL ? 4 : 0;

	memcpy(padded, f->data, 12);
	if (tag != NULL) {
		net_put16(padded + 12, 0x8100);
		net_put16(padded + 14, *tag);
	}
	memcpy(padded + 12 + at, f->data + 12, len - 12);
	len += at;
	if (len < 60) {
		memset(padded + len, 0, 60 - len);
		len = 60;
	}
	(void)queue_put(&run.wire, padded, len);
}

/* What a network does with a virtio-net header, into frames. */
static void
take_offloaded(const struct e82540_vnet_hdr *hdr, uint32_t len)
{
	uint8_t *field = frame.data + hdr->csum_start + hdr->csum_offset;
	uint32_t i;

	if (hdr->gso_type != E82540_GSO_NONE) {
		frame.len_bytes = len;
		frame.ipv6 = hdr->gso_type == E82540_GSO_TCPV6;
		frame.protocol = NET_TCP;
		frame.l2_len = net_get16(frame.data + 12) == 0x8100 ? 18 : 14;
		frame.l3_len = (uint16_t)(hdr->csum_start - frame.l2_len);
		frame.l4_len = (uint8_t)(hdr->hdr_len - hdr->csum_start);
		if (hdr->csum_offset != 16 || hdr->flags != 1 ||
		    net_get16(field) !=
			net_fold(net_pseudo(&frame, len - hdr->csum_start)))
			run_failed("a wrong header for segmentation");
		for (i = 0; net_segment(&frame, hdr->gso_size, i, &segment);
		     i++) {
			expected_compare(run.wire.first, segment.data,
			    segment.len_bytes);
			queue_drop(&run.wire);
		}
		return;
	}
	if (hdr->flags & E82540_VNET_NEEDS_CSUM) {
		i = (uint16_t)~net_fold(net_sum(frame.data + hdr->csum_start,
		    len - hdr->csum_start, 0));
		net_put16(field, i == 0 && hdr->csum_offset == 6 ? 0xffff : i);
	}
	expected_compare(run.wire.first, frame.data, len);
	queue_drop(&run.wire);
}

static void
wire_take(void *arg, const struct e82540_packet *packet)
{
	struct e82540_vnet_hdr hdr;
	uint32_t len;

	(void)arg;
	memset(&hdr, 0, sizeof(hdr));
	len = sim_gather(run.sim, packet, frame.data, sizeof(frame.data));
	if (len != packet->len_bytes)
		run_failed("a packet's pieces are not its length");
	if (run.sim->config.vnet_hdr_bytes != 0)
		memcpy(&hdr, packet->iov[0].base, packet->iov[0].len);
	take_offloaded(&hdr, len);
}

/* ------------------------------------------------------------------- send */

/* `len` bytes of guest memory, not crossing the arena's end. */
static uint8_t *
arena_get(uint32_t len)
{
	uint8_t *p;

	if (run.arena + len > ARENA_BYTES)
		run.arena = 0;
	p = run.sim->tx_data + run.arena;
	run.arena += len;
	return p;
}

/* Cut a frame into segments, at random places, in memory that is not one. */
static void
packet_scatter(const struct net_frame *f, struct lem_tx_seg *seg,
    uint16_t *segs)
{
	uint32_t at = 0, n, left, most = run.sim->config.max_segs;
	uint8_t *p;

	for (*segs = 0; at < f->len_bytes; at += n) {
		left = f->len_bytes - at;
		n = draw_below(3) != 0 ? 1 + draw_below(left) : left;
		/* Not so little that the rest would not fit. */
		if (left - n > (most - *segs - 1) * LEM_SEG_MAX)
			n = left;
		if (n > LEM_SEG_MAX)
			n = LEM_SEG_MAX;
		p = arena_get(n + draw_below(3));
		memcpy(p, f->data + at, n);
		seg[*segs].pa = sim_pa(run.sim, p);
		seg[(*segs)++].len_bytes = n;
	}
}

static uint32_t
draw_length(uint32_t least)
{
	uint32_t most = run.large && draw_below(4) == 0 ? 9000 : 1514;

	switch (draw_below(4)) {
	case 0:
		return least;
	case 1:
		return most;
	default:
		return least + draw_below(most - least + 1);
	}
}

/* Draw a packet to segment, at most as long as max_segs segments hold. */
static void
draw_tso(struct lem_tx_pkt *pkt, bool ipv6)
{
	uint32_t most = (run.sim->config.max_segs - 1u) * 8000u, i;

	if (most > 60000)
		most = 60000;
	net_ip(&run.random, &frame, NET_TCP, ipv6, 1 + draw_below(most));
	pkt->flags = LEM_TX_TSO | (ipv6 ? LEM_TX_IPV6 : 0);
	pkt->mss = (uint16_t)(200 + draw_below(1261));
	pkt->len_bytes = frame.len_bytes;
	for (i = 0; net_segment(&frame, pkt->mss, i, &segment); i++)
		expect_wire(&segment,
		    pkt->vlan_tag != 0 ? &pkt->vlan_tag : NULL);
	net_unsum(&frame, !ipv6, true, true);
}

/* Draw the checksums to insert: none, one or both. */
static void
draw_sums(struct lem_tx_pkt *pkt)
{
	uint8_t protocol = draw_below(2) ? NET_TCP : NET_UDP;
	bool ipv6 = draw_below(3) == 0, ip, l4;

	net_ip(&run.random, &frame, protocol, ipv6, draw_length(0) % 1350);
	if (run.large && draw_below(8) == 0)
		net_ip(&run.random, &frame, protocol, ipv6, draw_below(8000));
	ip = !ipv6 && draw_below(2);
	l4 = draw_below(4) != 0;
	if (l4)
		pkt->flags |=
		    protocol == NET_TCP ? LEM_TX_TCP_CSUM : LEM_TX_UDP_CSUM;
	if (ip)
		pkt->flags |= LEM_TX_IP_CSUM;
	expect_wire(&frame, pkt->vlan_tag != 0 ? &pkt->vlan_tag : NULL);
	net_unsum(&frame, ip, l4, false);
}

static void
draw_packet(struct lem_tx_pkt *pkt)
{
	if (run.vlan && draw_below(2))
		pkt->vlan_tag = (uint16_t)(1 + draw_below(65535));
	switch (draw_below(4)) {
	case 0:
		net_raw(&run.random, &frame, draw_length(14));
		expect_wire(&frame, pkt->vlan_tag != 0 ? &pkt->vlan_tag : NULL);
		break;
	case 1:
		if (run.sim->config.max_segs >= 2) {
			draw_tso(pkt, draw_below(2));
			break;
		}
		/* FALLTHROUGH */
	default:
		draw_sums(pkt);
		break;
	}
	if (pkt->vlan_tag != 0)
		pkt->flags |= LEM_TX_VLAN;
	pkt->l2_len = frame.l2_len;
	pkt->l3_len = frame.l3_len;
	pkt->l4_len = frame.l4_len;
}

static void
packet_send(bool doorbell)
{
	struct lem_tx_seg seg[SEGS_MAX];
	struct lem_tx_pkt pkt = { .seg = seg };
	struct lem *sc = &run.sim->sc;

	if (!sc->link.up)
		return;
	if (lem_tx_low(&sc->tx))
		(void)lem_tx_make_room(sc);
	if (lem_tx_free(&sc->tx) < sc->tx.reserve)
		return;
	draw_packet(&pkt);
	packet_scatter(&frame, seg, &pkt.segs);
	if (lem_tx_encap(sc, &pkt) < 0)
		run_failed("encap refused a packet that has room");
	if (doorbell)
		lem_tx_doorbell(sc);
}

static void
packets_send(void)
{
	uint32_t n = 1 + draw_below(20);

	while (n-- > 0)
		packet_send(draw_below(2));
	lem_tx_doorbell(&run.sim->sc);
}

/* ---------------------------------------------------------------- receive */

static unsigned int
mta_hash(const uint8_t *mac)
{
	return (unsigned int)(mac[4] >> 4 | mac[5] << 4) & 0xfff;
}

/* Is it for us?  10.1.1, 13.5; no broadcast address has its hash in the MTA. */
static bool
frame_wanted(const struct net_frame *f)
{
	static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };
	uint16_t vid = net_get16(f->data + 14) & 0xfff;
	unsigned int i;

	if (f->len_bytes > 1518 && !run.large)
		return false;
	if (run.vlan_filter && !run.promisc &&
	    net_get16(f->data + 12) == 0x8100 && vid % 3 != 0)
		return false;
	if (run.promisc)
		return true;
	if (memcmp(f->data, all, 6) == 0)
		return run.broadcast;
	if (!(f->data[0] & 1))
		return memcmp(f->data, run.sim->sc.mac, 6) == 0;
	for (i = 0; i < PAIR_COUNT(run.mc); i++)
		if (mta_hash(f->data) == mta_hash(run.mc[i]))
			return true;
	return run.allmulti;
}

static void
draw_address(void)
{
	switch (draw_below(8)) {
	case 0:
		memset(frame.data, 0xff, 6);
		break;
	case 1:
		memcpy(frame.data, run.mc[draw_below(PAIR_COUNT(run.mc))], 6);
		break;
	case 2:
		frame.data[0] = 0x33;
		break;
	case 3:
		break;			/* somebody else's */
	default:
		memcpy(frame.data, run.sim->sc.mac, 6);
		break;
	}
}

/* Draw a frame, and the flags that the driver must, or must not, set for it. */
static void
draw_frame(uint8_t *must, uint8_t *must_not)
{
	uint32_t len = draw_length(60), bad;

	*must = *must_not = 0;
	if (draw_below(4) == 0) {
		net_raw(&run.random, &frame, len);
		*must_not = LEM_RX_IP_OK | LEM_RX_L4_OK;
	} else {
		net_ip(&run.random, &frame, draw_below(2) ? NET_TCP : NET_UDP,
		    draw_below(4) == 0, len > 206 ? len - 160 : 46);
		bad = draw_below(6);
		if (bad == 0) {
			net_l4_sum(&frame)[0] ^= 0x55;
			*must_not |= LEM_RX_L4_OK;
		} else if (!frame.ipv6) {
			*must |= LEM_RX_L4_OK;
		}
		if (bad == 1 && !frame.ipv6) {
			net_l3(&frame)[11] ^= 0x55;
			*must_not |= LEM_RX_IP_OK;
		} else if (!frame.ipv6) {
			*must |= LEM_RX_IP_OK;
		}
	}
	draw_address();
}

/* The network gives waiting frames to the model as long as it takes them. */
static void
held_deliver(void)
{
	struct sim *sim = run.sim;

	while (run.held.first != NULL) {
		sim->rx_ready = false;
		if (!pair_receive(sim, run.held.first->data,
			run.held.first->len_bytes))
			return;
		queue_drop(&run.held);
	}
}

/*
 * Offer a frame, and expect it from now on: a frame that waits with the caller
 * is not lost.  With the link down it would be, so none is offered then.
 */
static void
frame_offer(void)
{
	uint8_t must, must_not;
	struct expected *e;
	bool tagged = draw_below(3) == 0;

	if (run.held.first != NULL || !e82540_link_up(run.sim->dev) ||
	    !run.sim->sc.running)
		return;
	draw_frame(&must, &must_not);
	if (tagged)
		net_tag(&frame, (uint16_t)draw_below(65536));
	(void)queue_put(&run.held, frame.data, frame.len_bytes);
	if (frame_wanted(&frame)) {
		if (tagged && run.vlan) {
			e = queue_put(&run.guest, frame.data,
			    frame.len_bytes - 4);
			memcpy(e->data + 12, frame.data + 16,
			    frame.len_bytes - 16);
			e->vlan_tag = net_get16(frame.data + 14);
			must |= LEM_RX_VLAN;
		} else {
			e = queue_put(&run.guest, frame.data, frame.len_bytes);
			must_not |= LEM_RX_VLAN;
		}
		e->must = must;
		e->must_not = must_not | LEM_RX_ERROR;
	}
	held_deliver();
}

static void
read_frames(uint32_t most)
{
	static uint8_t bytes[NET_MAX_BYTES];
	struct lem_rx_frag frag[FRAGS_MAX] = { { 0 } };
	struct lem_rx_pkt pkt = { .frag = frag, .frags_max = FRAGS_MAX };
	struct lem *sc = &run.sim->sc;
	struct expected *e;
	uint32_t at, i;

	while (most-- > 0 && lem_rx_pkt_get(sc, &pkt) == 1) {
		for (at = i = 0; i < pkt.frags; at += frag[i++].len_bytes)
			memcpy(bytes + at,
			    run.sim->rx_data +
				(size_t)frag[i].index * sc->rx.buf_bytes,
			    frag[i].len_bytes);
		e = run.guest.first;
		expected_compare(e, bytes, at);
		if (e == NULL)
			return;
		if ((pkt.flags & e->must) != e->must || pkt.flags & e->must_not)
			run_failed("a frame with wrong flags");
		if (pkt.flags & LEM_RX_VLAN && pkt.vlan_tag != e->vlan_tag)
			run_failed("a frame with a wrong VLAN tag");
		queue_drop(&run.guest);
	}
}

/* ------------------------------------------------------------------ steps */

static void
set_filter(void)
{
	struct lem *sc = &run.sim->sc;
	unsigned int i;

	run.promisc = draw_below(6) == 0;
	run.allmulti = draw_below(4) == 0;
	run.broadcast = run.allmulti || run.promisc || draw_below(2);
	for (i = 0; i < PAIR_COUNT(run.mc); i++) {
		net_fill(&run.random, run.mc[i], 6);
		run.mc[i][0] |= 1;
		run.mc[i][5] &= 0x7f;
	}
	(void)lem_filter_set(sc,
	    (run.promisc ? LEM_FILTER_PROMISC : 0) |
		(run.allmulti ? LEM_FILTER_ALLMULTI : 0) |
		(run.broadcast ? LEM_FILTER_BROADCAST : 0),
	    (const uint8_t(*)[6])run.mc, PAIR_COUNT(run.mc));
}

static void
set_moderation(void)
{
	static const uint16_t some[] = { 0, 0, 1, 100, 488, 4000 };
	struct lem_moderation m = { .rdtr = some[draw_below(6)],
		.tidv = some[draw_below(6)] };

	if (run.sim->config.chip != E82540_82544GC) {
		m.itr = some[draw_below(6)];
		m.radv = some[draw_below(6)];
		m.tadv = some[draw_below(6)];
	}
	if (draw_below(2) == 0)
		m = (struct lem_moderation){ .itr = m.itr, .adaptive = true };
	if (lem_moderation_set(&run.sim->sc, &m) != 0)
		run_failed("moderation refused");
}

/* Reset the driver: another mode; packets that were under way are lost. */
static void
driver_restart(bool first)
{
	struct lem *sc = &run.sim->sc;

	if (!first && lem_reset(sc) != 0)
		run_failed("reset failed");
	queue_empty(&run.wire);
	queue_empty(&run.guest);
	queue_empty(&run.held);
	run.vlan = draw_below(2);
	run.vlan_filter = draw_below(3) == 0;
	run.large =
	    run.sim->config.buf_bytes * (run.sim->config.rx_count - 1u) >=
		16384 &&
	    draw_below(2);
	lem_rx_mode(sc, run.vlan, run.vlan_filter, run.large);
	e82540_link_set(run.sim->dev, sim_now(run.sim), true);
	sim_advance(run.sim, 2 * run.sim->config.link_delay_ns);
	if (sim_start(run.sim) != 0)
		run_failed("start failed");
	set_filter();
}

static void
pass_time(uint32_t ns)
{
	struct sim *sim = run.sim;

	sim_advance(sim, ns);
	if (sim_now(sim) >= run.next_guard_ns) {
		run.next_guard_ns = sim_now(sim) + SIM_GUARD_NS;
		(void)lem_tx_guard(&sim->sc);
	}
}

static void
step_seldom(void)
{
	struct sim *sim = run.sim;

	switch (draw_below(40)) {
	case 0:
		driver_restart(false);
		break;
	case 1:
	case 2:
		/* No frame may wait with the caller: it would be lost. */
		if (run.held.first == NULL)
			e82540_link_set(sim->dev, sim_now(sim), draw_below(2));
		break;
	case 3:
	case 4:
		if (run.held.first == NULL)
			set_filter();
		break;
	case 5:
	case 6:
		set_moderation();
		break;
	case 7:
	case 8:
	case 9:
		(void)lem_tx_combine_set(&sim->sc, draw_below(3));
		break;
	case 10:
		lem_intr_disable(&sim->sc);
		break;
	case 11:
	case 12:
		lem_intr_enable(&sim->sc);
		break;
	case 13:
		(void)sim_regions(sim, 1 + draw_below(E82540_REGIONS_MAX));
		break;
	default:
		sim_room(sim, draw_below(3) == 0 ? draw_below(10) : UINT_MAX);
		break;
	}
}

static void
step_often(void)
{
	struct sim *sim = run.sim;
	uint32_t n;

	switch (draw_below(16)) {
	case 0:
	case 1:
	case 2:
		packet_send(true);
		break;
	case 3:
		packets_send();
		break;
	case 4:
	case 5:
		sim_transmit(sim);
		break;
	case 6:
	case 7:
		(void)sim_irq(sim);
		break;
	case 8:
		(void)lem_tx_reclaim(&sim->sc);
		break;
	case 9:
	case 10:
		for (n = 1 + draw_below(8); n > 0; n--)
			frame_offer();
		break;
	case 11:
		read_frames(1 + draw_below(8));
		break;
	case 12:
		sim_refill(sim);
		break;
	case 13:
		held_deliver();
		break;
	case 14:
		step_seldom();
		break;
	default:
		pass_time(draw_below(50000));
		break;
	}
}

/* An honest end: everything reaches the other side. */
static void
run_finish(void)
{
	struct sim *sim = run.sim;
	unsigned int i;

	lem_intr_enable(&sim->sc);
	e82540_link_set(sim->dev, sim_now(sim), true);
	for (i = 0; i < 1000; i++) {
		sim_room(sim, UINT_MAX);
		sim_transmit(sim);
		(void)sim_irq(sim);
		read_frames(UINT32_MAX);
		sim_refill(sim);
		held_deliver();
		pass_time(100000);
	}
	(void)lem_tx_reclaim(&sim->sc);
	if (run.wire.first != NULL)
		run_failed("a packet was lost");
	if (run.guest.first != NULL || run.held.first != NULL)
		run_failed("a frame was lost");
	if (lem_tx_free(&sim->sc.tx) != sim->sc.tx.count - 1)
		run_failed("not everything was reclaimed");
	if (sim->sc.rx.stats.errors != 0)
		run_failed("frames with errors");
}

static void
draw_config(struct sim_config *c, enum e82540_chip chip)
{
	static const uint16_t counts[] = { 8, 16, 64, 256 };
	static const uint16_t bufs[] = { 256, 512, 1024, 2048, 4096, 8192,
		16384 };
	static const uint8_t offloads[] = { 0, E82540_OFFLOAD_CSUM,
		E82540_OFFLOAD_CSUM | E82540_OFFLOAD_TSO4,
		E82540_OFFLOAD_CSUM | E82540_OFFLOAD_TSO4 |
		    E82540_OFFLOAD_TSO6 };

	c->chip = chip;
	c->async = draw_below(2);
	c->tx_count = counts[draw_below(4)];
	c->rx_count = counts[1 + draw_below(3)];
	c->buf_bytes = bufs[draw_below(7)];
	c->max_segs = (uint16_t)(1 +
	    draw_below(c->tx_count > 16 ? SEGS_MAX - 1u : c->tx_count / 2u));
	c->vnet_hdr_bytes = (uint8_t[]){ 0, 0, 10, 12 }[draw_below(4)];
	if (c->vnet_hdr_bytes != 0)
		c->offloads = offloads[draw_below(4)];
	c->tx_data_bytes = ARENA_BYTES;
	c->link_delay_ns = 1000;
}

static void
run_seed(uint64_t seed, enum e82540_chip chip, unsigned int steps)
{
	struct sim_config config = { 0 };
	struct e82540_counters c;

	memset(&run, 0, sizeof(run));
	run.seed = run.random.state = seed;
	(void)draw_below(1);
	draw_config(&config, chip);
	run.sim = sim_new(&config);
	assert_non_null(run.sim);
	run.sim->wire = wire_take;
	assert_int_equal(sim_attach(run.sim), 0);
	for (run.step = 0; run.step < 4096; run.step += 3)
		(void)lem_vlan_filter(&run.sim->sc, (uint16_t)run.step, true);
	run.step = 0;
	driver_restart(true);
	(void)lem_tx_combine_set(&run.sim->sc, draw_below(3));
	set_moderation();
	for (run.step = 0; run.step < steps; run.step++)
		step_often();
	run_finish();
	e82540_counters(run.sim->dev, &c, sizeof(c));
	print_message("  seed %llu: %llu packets, %llu frames, %llu resets\n",
	    (unsigned long long)seed, (unsigned long long)c.tx_packets,
	    (unsigned long long)c.rx_packets, (unsigned long long)c.resets);
	pair_free(run.sim);
}

static void
run_chip(enum e82540_chip chip)
{
	const char *only = getenv("LEM_TEST_SEED");
	uint64_t seed;

	if (only != NULL) {
		run_seed(strtoull(only, NULL, 0), chip, STEPS);
		return;
	}
	for (seed = 1; seed <= SEEDS; seed++)
		run_seed(seed * 1000 + chip, chip, STEPS);
}

static void
test_82540em(void **state)
{
	(void)state;
	run_chip(E82540_82540EM);
}

static void
test_82545em(void **state)
{
	(void)state;
	run_chip(E82540_82545EM);
}

static void
test_82544gc(void **state)
{
	(void)state;
	run_chip(E82540_82544GC);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_82540em),
		cmocka_unit_test(test_82545em),
		cmocka_unit_test(test_82544gc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
