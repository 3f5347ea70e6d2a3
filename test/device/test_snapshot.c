/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Snapshots.  The property: a device that loads what another one saved, at any
 * moment, behaves from then on exactly as the other one, to the byte and the
 * nanosecond, on a clock of its own.
 *
 * LEM_TEST_SEED=n in the environment runs the round with that seed alone.
 */
#include "snapshot_rig.h"

/* The state as it is laid out, to find members that a snapshot lacks. */
#include "e82540_impl.h"
#include "e82540_pci_state.h"

#define ROUNDS	120u

static uint8_t snapshot[2][SNAPSHOT_MAX];

/* Both devices have told their hosts the same since the last time. */
static void
compare_hosts(struct host *a, struct host *b)
{
	uint64_t shift = b->now_ns - a->now_ns, da, db;
	unsigned int i;
	size_t len;

	assert_int_equal(a->packets, b->packets);
	for (i = 0; i < a->packets; i++) {
		assert_int_equal(a->sent[i].len_bytes, b->sent[i].len_bytes);
		assert_memory_equal(a->sent[i].data, b->sent[i].data,
		    a->sent[i].len_bytes);
		assert_memory_equal(&a->sent[i].hdr, &b->sent[i].hdr,
		    sizeof(a->sent[i].hdr));
	}
	assert_int_equal(a->line, b->line);
	assert_int_equal(a->edges, b->edges);
	assert_int_equal(a->msis, b->msis);
	assert_int_equal(a->rx_readies, b->rx_readies);
	assert_int_equal(a->kicks, b->kicks);
	if (a->edges != 0 || a->msis != 0)
		assert_int_equal(a->edge_ns + shift, b->edge_ns);
	if (a->msis != 0) {
		assert_int_equal(a->msi_addr, b->msi_addr);
		assert_int_equal(a->msi_data, b->msi_data);
	}
	da = e82540_deadline(a->dev);
	db = e82540_deadline(b->dev);
	assert_int_equal(da == E82540_NEVER ? da : da + shift, db);
	assert_memory_equal(a->ram, b->ram, HOST_RAM_BYTES);
	len = host_save(a, snapshot[0]);
	assert_int_equal(len, host_save(b, snapshot[1]));
	assert_memory_equal(snapshot[0], snapshot[1], len);
	host_forget(a);
	host_forget(b);
}

static void
clear_member(void *state_of, size_t bytes)
{
	memset(state_of, 0, bytes);
}

/* strip_device: a copy of a device, without what a snapshot does not carry. */
static struct e82540 *
strip_device(const struct e82540 *dev)
{
	struct e82540 *s = aligned_alloc(E82540_ALIGN, sizeof(*s));

	assert_non_null(s);
	memcpy(s, dev, sizeof(*s));
	clear_member(&s->config, sizeof(s->config));
	clear_member(&s->host, sizeof(s->host));
	clear_member(&s->now_ns, sizeof(s->now_ns));
	clear_member(&s->armed, sizeof(s->armed));
	clear_member(&s->epoch, sizeof(s->epoch));
	clear_member(&s->counters, sizeof(s->counters));
	clear_member(&s->mem, sizeof(s->mem));
	clear_member(&s->tx.batch, sizeof(s->tx.batch));
	clear_member(&s->rx.unwrapped, sizeof(s->rx.unwrapped));
	clear_member(&s->wake, sizeof(s->wake));
	s->want_gates = s->want_tx = s->want_rx = false;
	s->tx.hint = s->tx.ring_hint = 0;
	s->rx.hint = s->rx.buffer_hint = 0;
	/* A network that is full is this host's. */
	s->tx.dropping = false;
	s->deadline[E82540_DUE_STALL] = E82540_NEVER;
	if (s->held && !s->paused)
		s->reg[E1000_STATUS / 4] &= ~E1000_STATUS_TXOFF;
	s->held = false;
	/* The last interrupt, if too long ago to matter. */
	if (!s->intr.fired || dev->now_ns - s->intr.last_ns >= 0xFFFF * 256u)
		s->intr.last_ns = 0;
	/* The FIFO's bytes are compared as they are in the snapshot. */
	clear_member(s->rx.fifo, sizeof(s->rx.fifo));
	return s;
}

/*
 * Is every member of the state in the snapshot?  This finds a new member that
 * is neither there nor in strip_device(), once it differs from its default.
 */
static void
compare_inside(const struct host *a, const struct host *b)
{
	struct e82540 *sa = strip_device(a->dev), *sb = strip_device(b->dev);

	assert_int_equal(e82540_index(&sa->tdh), e82540_index(&sb->tdh));
	assert_memory_equal(sa, sb, sizeof(*sa));
	free(sa);
	free(sb);
}

/* What was going on when snapshots were taken: is this test worth anything? */
static const char *const going_on[] = { "interrupt asserted", "MSI sent",
	"waiting for ITR", "RDTR runs", "RADV runs", "TIDV runs", "TADV runs",
	"negotiating", "paused", "XOFF sent", "FIFO filled", "host waits",
	"TSO cut in two", "packet incomplete", "dropping a packet",
	"checksum context", "TSO context", "EEPROM command", "EEPROM writable",
	"send() full", "asleep" };

#define GOING_ON	(sizeof(going_on) / sizeof(*going_on))

static unsigned int seen[GOING_ON];

static void
note_going_on(const struct e82540 *dev)
{
	const uint64_t *due = dev->deadline;
	const bool now[GOING_ON] = {
		dev->intr.asserted,
		dev->pci.msi_sent,
		due[E82540_DUE_ITR] != E82540_NEVER,
		due[E82540_DUE_RDTR] != E82540_NEVER,
		due[E82540_DUE_RADV] != E82540_NEVER,
		due[E82540_DUE_TIDV] != E82540_NEVER,
		due[E82540_DUE_TADV] != E82540_NEVER,
		due[E82540_DUE_LINK] != E82540_NEVER,
		dev->paused,
		dev->xoff_sent,
		dev->rx.fifo_packets != 0,
		dev->rx.waiting,
		dev->tx.segments_done != 0,
		dev->tx.partial != 0,
		dev->tx.discard,
		dev->tx.context[E82540_TX_CONTEXT_SUM].loaded,
		dev->tx.context[E82540_TX_CONTEXT_TSO].loaded,
		dev->nvm.phase != 0,
		dev->nvm.write_enabled,
		dev->tx.blocked,
		e82540_pci_d3(dev),
	};
	unsigned int i;

	for (i = 0; i < GOING_ON; i++)
		seen[i] += now[i];
}

/* Use a device at random before it is loaded; sometimes leave it busy. */
static void
host_age(struct host *h)
{
	unsigned int i;

	for (i = draw_below(200); i > 0; i--) {
		op_apply(h, draw_operation());
		host_forget(h);
	}
	if (draw_below(4) == 0)
		return;
	op_apply(h, (struct operation){ SETUP, draw64() });
	for (i = 5 + draw_below(40); i > 0; i--) {
		op_apply(h, draw_traffic());
		host_forget(h);
	}
	if (draw_below(8) == 0)		/* D3 */
		e82540_pci_write(h->dev, h->now_ns, 0xE0, 2, 3);
}

/* So that one can compare processors: test/foreign/foreign.sh. */
static void
print_sum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < len; i++)
		sum = sum * 16777619u ^ p[i];
	printf("snapshot: %zu bytes, %08x\n", len, (unsigned int)sum);
}

/*
 * The twin: another host of the same kind, fresh or used, with the same memory,
 * loaded with a's snapshot.
 */
static struct host *
twin_new(struct host *a, unsigned int kind, uint64_t now_ns)
{
	struct e82540_region region = { HOST_RAM, HOST_RAM_BYTES, a->ram,
		true };
	struct host *b = snapshot_host_new(kind, now_ns);
	size_t len;

	if (draw_below(2))
		host_age(b);
	if (draw_below(2) && b->now_ns < a->now_ns)
		host_advance(b, a->now_ns - b->now_ns);
	/* b will look at send(), rings and FIFO anew: so does a. */
	note_going_on(a->dev);
	e82540_tx_resume(a->dev, a->now_ns);
	assert_int_equal(e82540_memory_set(a->dev, &region, 1), 0);
	e82540_run(a->dev, a->now_ns);
	b->room = a->room;
	len = host_save(a, snapshot[0]);
	print_sum(snapshot[0], len);
	memcpy(b->ram, a->ram, HOST_RAM_BYTES);
	host_forget(b);
	assert_int_equal(e82540_load(b->dev, b->now_ns, snapshot[0], len), 0);
	assert_int_equal(b->packets, 0);
	assert_int_equal(b->msis, 0);
	host_forget(a);
	host_forget(b);
	return b;
}

static void
run_round(unsigned int kind)
{
	uint64_t a_ns, b_ns;
	struct operation o;
	struct host *a, *b;
	unsigned int i;

	/* Young clocks, and old ones. */
	a_ns = draw_below(2) ? 1000 : draw64() >> 2;
	b_ns = draw_below(2) ? 1000 : draw64() >> 2;
	a = snapshot_host_new(kind, a_ns);
	host_age(a);
	b = twin_new(a, kind, b_ns);
	if (a->now_ns == b->now_ns)
		compare_inside(a, b);
	/* Both hosts answer their kicks, if there were any. */
	for (i = 0; i < 100; i++)
		assert_int_equal(e82540_transmit(a->dev, a->now_ns),
		    e82540_transmit(b->dev, b->now_ns));
	compare_hosts(a, b);
	for (i = 0; i < 100; i++) {
		o = draw_operation();
		assert_int_equal(op_apply(a, o), op_apply(b, o));
		compare_hosts(a, b);
	}
	host_free(a);
	host_free(b);
}

static void
test_lockstep(void **unused)
{
	const char *only = getenv("LEM_TEST_SEED");
	uint64_t seed = only != NULL ? strtoull(only, NULL, 0) : 1;
	uint64_t last = only != NULL ? seed : ROUNDS;
	unsigned int i;

	(void)unused;
	for (; seed <= last; seed++) {
		printf("LEM_TEST_SEED=%llu\n", (unsigned long long)seed);
		fflush(stdout);
		state = seed;
		run_round(draw_below(128));
	}
	for (i = 0; i < GOING_ON; i++) {
		printf("%20s: %u of %u\n", going_on[i], seen[i], ROUNDS);
		assert_true(seen[i] != 0 || only != NULL);
	}
}

/* ------------------------------------------------------------ the new host */

/* A load tells the host what has changed for it: the line, and free room. */
static void
test_host_is_told(void **unused)
{
	static uint8_t frame[1000];
	struct e82540_frame frames[64];
	struct host *quiet = snapshot_host_new(0, 1000),
		    *loud = snapshot_host_new(0, 70000);
	unsigned int i;
	size_t len;

	(void)unused;
	memset(frame, 0xFF, sizeof(frame));
	for (i = 0; i < 64; i++)
		frames[i] = (struct e82540_frame){ frame, sizeof(frame), 0 };
	host_write(loud, E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_BAM);
	assert_in_range(e82540_receive(loud->dev, loud->now_ns, frames, 64), 1,
	    63);
	host_write(loud, E1000_IMS, E1000_ICR_LSC);
	host_write(loud, E1000_ICS, E1000_ICR_LSC);
	assert_true(loud->line);
	assert_false(quiet->line);

	/* The loud device's line falls, and its network may try again. */
	len = host_save(loud, snapshot[1]);
	assert_int_equal(loud->rx_readies, 0);
	assert_int_equal(e82540_load(loud->dev, loud->now_ns, snapshot[0],
			     host_save(quiet, snapshot[0])),
	    0);
	assert_false(loud->line);
	assert_int_equal(loud->rx_readies, 1);
	/* And the other one's rises; its network was not told to wait. */
	assert_int_equal(e82540_load(quiet->dev, quiet->now_ns, snapshot[1],
			     len),
	    0);
	assert_true(quiet->line);
	assert_int_equal(quiet->edges, 1);
	assert_int_equal(quiet->rx_readies, 0);
	/* 48 KiB of frames, each a multiple of 8 bytes with its length. */
	assert_int_equal(host_read(quiet, E1000_RDFPC), 48 * 1024 / 1008);
	host_free(quiet);
	host_free(loud);
}

/* Lengths of 1 to 7 descriptors, which the registers' masks do not have. */
static void
test_short_rings(void **unused)
{
	struct host *from = host_new(E82540_82540EM);
	struct host *to = host_new(E82540_82540EM);
	uint32_t len;

	(void)unused;
	host_power(from);
	host_power(to);
	for (len = 16; len < 128; len += 16) {
		host_write(from, E1000_TDLEN, len);
		host_write(from, E1000_RDLEN, 128 - len);
		assert_int_equal(e82540_load(to->dev, to->now_ns, snapshot[0],
				     host_save(from, snapshot[0])),
		    0);
		assert_int_equal(host_read(to, E1000_TDLEN), len);
		assert_int_equal(host_read(to, E1000_RDLEN), 128 - len);
	}
	host_free(to);
	host_free(from);
}

static unsigned int held, taken;

static void
count_lock(void *ctx, enum e82540_lock which)
{
	(void)ctx;
	/* Neither this lock nor a later one is held. */
	assert_int_equal(held >> which, 0);
	held |= 1u << which;
	taken |= 1u << which;
}

static void
count_unlock(void *ctx, enum e82540_lock which)
{
	(void)ctx;
	assert_true(held >> which & 1);
	held &= ~(1u << which);
}

static void
test_locks(void **unused)
{
	struct host *h = host_new(E82540_82540EM);
	size_t len;

	(void)unused;
	h->table.lock = count_lock;
	h->table.unlock = count_unlock;
	host_power(h);
	taken = 0;
	len = host_save(h, snapshot[0]);
	assert_int_equal(held, 0);
	assert_int_equal(taken, 7);
	taken = 0;
	assert_int_equal(e82540_load(h->dev, h->now_ns, snapshot[0], len), 0);
	assert_int_equal(held, 0);
	assert_int_equal(taken, 7);
	assert_int_equal(e82540_load(h->dev, h->now_ns, snapshot[0], 3),
	    -EINVAL);
	assert_int_equal(held, 0);
	host_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_is_told),
		cmocka_unit_test(test_short_rings),
		cmocka_unit_test(test_locks),
		cmocka_unit_test(test_lockstep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
