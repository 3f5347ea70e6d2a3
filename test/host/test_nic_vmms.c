/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A NIC under VMMs whose doorbell mapping stays for good (nic_doorbell_ops):
 * one that never hears of an access, one that can take pages back, one that can
 * write-protect them; and by a FUSE file, as lem-nic has it.  While pages are
 * taken back (AWAY) the memory is gone for the model, too: a look at it would
 * crash the test.
 */
#include "nic_cases.h"

static enum vmm_kind kinds[] = { VMM_PERMANENT, VMM_AWAY, VMM_PROTECTS,
	VMM_FUSE };

static bool no_fuse;

static enum vmm_kind
kind_of(void **state)
{
	const enum vmm_kind *kind = *state;

	if (*kind == VMM_FUSE && no_fuse)
		skip();
	return *kind;
}

static void
state_wait(struct guest *g, enum nic_state state)
{
	uint64_t end = wall_ns() + STALL_NS;

	while (nic_state(g->nic) != state)
		if (wall_ns() > end)
			fail_msg("still in state %d", (int)nic_state(g->nic));
}

static void
traffic(enum vmm_kind vmm, enum nic_doorbell doorbell, unsigned int kind)
{
	struct nic_stats s;
	struct guest *g;
	unsigned int i;

	g = guest_new(&(struct how){ .vmm = vmm,
	    .doorbell = doorbell,
	    .moderation = kind % NIC_MODERATIONS,
	    .stream = kind & 2,
	    .read_us = kind & 4 ? 100 : 0,
	    .spin_us = 200 });
	peer_start(g);
	for (i = 0; i < (kind & 4 ? 400u : 1500u); i += 100) {
		g->peer.want += 80;
		assert_true(tx_burst(g, 100));
		quiet(g, MS / 10);
	}
	check_all(g, &s);
	assert_int_equal(s.maps, 0);
	assert_int_equal(s.traps, 0);
	assert_true(g->stores >= g->tx_sent);
	if (doorbell == NIC_DOORBELL_TURNS)
		assert_true(s.turns > 0);
	guest_end(g);
}

static void
test_traffic(void **state)
{
	static const enum nic_doorbell ways[] = { NIC_DOORBELL_AUTO,
		NIC_DOORBELL_MAPPED, NIC_DOORBELL_TURNS };
	enum vmm_kind vmm = kind_of(state);
	unsigned int way, kind;

	for (way = 0; way < COUNT(ways); way++)
		for (kind = 0; kind < 8; kind++)
			traffic(vmm, ways[way], kind);
}

/* Bursts, lonely packets, silence: no packet waits for ever. */
static void
test_rounds(void **state)
{
	uint64_t end = wall_ns() + 60 * SECOND;
	unsigned int round;
	struct nic_stats s;
	struct guest *g;

	g = guest_new(&(struct how){ .vmm = kind_of(state),
	    .doorbell = NIC_DOORBELL_AUTO,
	    .moderation = NIC_MODERATION_ADAPTIVE,
	    .spin_us = 100 });
	peer_start(g);
	for (round = 0; round < 20 && wall_ns() < end; round++) {
		g->peer.want += 50;
		assert_true(tx_burst(g, 200));
		quiet(g, round * MS);
		assert_true(tx_burst(g, 1));
		quiet(g, MS);
		g->peer.want += 1;
		quiet(g, MS);
	}
	/* Certainly once, however late its thread was until now. */
	state_wait(g, NIC_PARKED);
	assert_true(tx_burst(g, 1));
	check_all(g, &s);
	assert_true(s.parked > 0 && s.faults > 0);
	assert_int_equal(s.maps, 0);
	guest_end(g);
}

/* Pages are taken back as soon as possible, under a guest that never pauses. */
static void
test_take_back(void **state)
{
	struct nic_stats s;
	struct guest *g;

	(void)state;
	g = guest_new(&(struct how){ .vmm = kind_of(state),
	    .doorbell = NIC_DOORBELL_AUTO,
	    .moderation = NIC_MODERATION_ADAPTIVE,
	    .spin_us = 1 });
	peer_start(g);
	g->peer.want = 500;
	assert_true(tx_burst(g, 5000));
	check_all(g, &s);
	state_wait(g, NIC_PARKED);
	guest_end(g);
}

/*
 * A lone packet each time, at any moment of taking back: it is the guest's only
 * access until it is sent.
 */
static void
test_lone(void **state)
{
	unsigned int i;
	struct nic_stats s;
	struct guest *g;
	uint64_t end;

	g = guest_new(&(struct how){ .vmm = kind_of(state),
	    .doorbell = NIC_DOORBELL_AUTO,
	    .spin_us = 1 });
	peer_start(g);
	reg_write(g, E1000_IMC, UINT32_MAX);
	for (i = 0; i < 4000; i++) {
		end = wall_ns() + STALL_NS;
		assert_true(tx_send(g));
		while (!tx_reclaim(g))
			if (wall_ns() > end)
				fail_msg("packet %u stays", i);
		spin(i % 64 * 500);
	}
	check_all(g, &s);
	state_wait(g, NIC_PARKED);
	guest_end(g);
}

/* One sends, one receives, one looks on: each may end PARKED. */
static void
test_processors(void **state)
{
	processors(kind_of(state), NIC_DOORBELL_AUTO, 10, false);
}

/*
 * While the transmitter is off the NIC is PARKED, whatever its doorbells are to
 * be.  Then its thread sleeps.
 */
static void
test_transmitter_off(void **state)
{
	static const enum nic_doorbell ways[] = { NIC_DOORBELL_AUTO,
		NIC_DOORBELL_MAPPED, NIC_DOORBELL_TURNS };
	enum vmm_kind vmm = kind_of(state);
	unsigned int way;
	struct guest *g;

	for (way = 0; way < COUNT(ways); way++) {
		g = guest_alloc();
		guest_start(g, open_by("backend=null"),
		    &(struct how){ .vmm = vmm, .doorbell = ways[way] });
		state_wait(g, NIC_PARKED);
		sleeps(g);
		/* By memory, before there is a ring. */
		reg_write(g, E1000_TDT, 5);
		state_wait(g, NIC_PARKED);
		guest_up(g);
		if (ways[way] == NIC_DOORBELL_MAPPED)
			state_wait(g, NIC_BUSY);
		if (ways[way] == NIC_DOORBELL_TURNS)
			state_wait(g, NIC_TURNS);
		reg_write(g, E1000_TCTL, 0);
		state_wait(g, NIC_PARKED);
		sleeps(g);
		/* And by the reset of a device. */
		reg_write(g, E1000_TCTL, E1000_TCTL_EN);
		nic_reset(g->nic);
		assert_int_equal(nic_mmio_read(g->nic, E1000_TCTL, 4), 0);
		state_wait(g, NIC_PARKED);
		sleeps(g);
		assert_int_equal(g->wrong, 0);
		guest_end(g);
	}
}

/*
 * A driver sets the NIC up, by many accesses close to each other: they do not
 * end PARKED one by one, and the thread sleeps between them.
 */
static void
test_set_up(void **state)
{
	struct nic_stats before, after;
	struct guest *g = guest_alloc();
	unsigned int i, late = 0;
	uint64_t was;

	guest_start(g, open_by("backend=null"),
	    &(struct how){ .vmm = kind_of(state),
		.doorbell = NIC_DOORBELL_AUTO });
	state_wait(g, NIC_PARKED);
	before = stats_of(g);
	for (i = 0; i < 300; i++) {
		was = wall_ns();
		(void)nic_mmio_read(g->nic, E1000_STATUS, 4);
		(void)usleep(300);
		late += wall_ns() - was > 5 * MS;
	}
	after = stats_of(g);
	print_message("  parked %llu times, %llu looks\n",
	    (unsigned long long)(after.parked - before.parked),
	    (unsigned long long)(after.looks - before.looks));
	/* A busy machine holds this guest up now and then. */
	assert_true(after.parked - before.parked <= 100 + late);
	/* Where nobody hears of accesses it looks when it is PARKED, too. */
	assert_true(after.looks - before.looks <= 1000 + late * 1000);
	/* The transmitter is switched on: it is awake, and sends at once. */
	guest_up(g);
	assert_true(tx_burst(g, 100));
	assert_int_equal(g->wrong, 0);
	guest_end(g);
}

/* There is no TRAP here. */
static void
test_exit(void **state)
{
	struct nic_config config = { .doorbell = NIC_DOORBELL_EXIT,
		.backend = open_by("backend=null"),
		.doorbell_ops = &vmm_ops[VMM_AWAY] };
	struct err err;

	(void)state;
	assert_null(nic_new(&config, &err));
	assert_non_null(strstr(err.text, "doorbell=exit"));
}

/* A VMM that cannot park: nothing stalls, and it is not asked all the time. */
static atomic_uint parks;

static int
park_fails(void *ctx, const uint32_t *seen)
{
	(void)ctx;
	(void)seen;
	parks++;
	return -ENOSYS;
}

static void
test_park_fails(void **state)
{
	struct nic_doorbell_ops ops = vmm_ops[VMM_AWAY];
	uint64_t begin = wall_ns();
	struct nic_stats s;
	struct guest *g;
	int pair[2];

	(void)state;
	ops.park = park_fails;
	parks = 0;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	g = guest_alloc();
	g->peer.fd = pair[1];
	g->ops = &ops;
	guest_start(g, open_by("backend=dgram,fd=%d", pair[0]),
	    &(struct how){ .doorbell = NIC_DOORBELL_AUTO, .spin_us = 1 });
	while (parks == 0 && wall_ns() - begin < STALL_NS)
		usleep(1000);
	guest_up(g);
	assert_true(link_wait(g, true));
	peer_start(g);
	g->peer.want = 200;
	assert_true(tx_burst(g, 500));
	check_all(g, &s);
	assert_int_equal(s.parked, 0);
	assert_true(parks > 0);
	assert_true(parks <= 2 + (wall_ns() - begin) / (20 * MS));
	guest_end(g);
}

/* In the middle of anything. */
static void
test_stop(void **state)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		stop_at(i,
		    &(struct how){ .vmm = kind_of(state),
			.doorbell = NIC_DOORBELL_AUTO,
			.moderation = i & 2,
			.spin_us = 50 });
}

/* test KIND, a test, by each kind. */
#define EACH(what) \
	{ "permanent: " #what, test_##what, NULL, NULL, &kinds[0] }, \
	    { "away: " #what, test_##what, NULL, NULL, &kinds[1] }, \
	    { "protects: " #what, test_##what, NULL, NULL, &kinds[2] }, \
	{ \
		"fuse: " #what, test_##what, NULL, NULL, &kinds[3] \
	}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		EACH(traffic),
		EACH(rounds),
		EACH(lone),
		EACH(processors),
		EACH(transmitter_off),
		EACH(set_up),
		EACH(stop),
		{ "away: take_back", test_take_back, NULL, NULL, &kinds[1] },
		{ "fuse: take_back", test_take_back, NULL, NULL, &kinds[3] },
		cmocka_unit_test(test_exit),
		cmocka_unit_test(test_park_fails),
	};
	struct err why;
	struct pages *p = pages_open(PAGES_FUSE, NULL, &why);
	int failed;

	no_fuse = p == NULL;
	if (!no_fuse)
		pages_close(p);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (failed != 0 || !no_fuse)
		return failed;
	/* All else passed. */
	printf("%s\n", why.text);
	return 77;
}
