/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doorbell pages that are taken back, exhaustively: every interleaving of a
 * guest, the kernel, the child, the NIC's thread, the thread that hears of an
 * access, and a VMM that accesses registers and switches the mapping off.
 *
 * The code is the real one: nic.c, nic_doorbell.c, nic_loop.c, pages.c, the
 * model.  This file stands in for the kernel and the child (pages_fuse.c): two
 * pages, each present or not, dirty or not; a guest's access of a page that is
 * not there becomes a read that wakes us, then the page comes, then the guest
 * tries again; a page that is taken back is written back if it is dirty.  No
 * time passes: whether the NIC parks, is not judged, but tried in every state.
 *
 * Taking back is one action with a schedule: between any two of its steps there
 * may be actions that need no lock of the NIC, up to `between` in all.  All
 * schedules are tried.
 *
 * In every state:
 *   - the model does not touch a page that was taken back while it is PARKED;
 *   - a guest loads what it has stored;
 *   - if nothing more is stored, the model gets to know all that was, without
 *     any other wake-up;
 *   - if the child is dead, no read of ours raises SIGBUS, and we are told.
 *
 * usage: explore_pages [-d N] [setting ...]
 * -d N: up to `between` + N actions.  Then each fault is planted, which must be
 * found.  The exit status is 1 if a setting has a violation, or a fault none.
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>

static int explore_clock(clockid_t clock, struct timespec *t);
static int explore_madvise(void *p, size_t bytes, int advice);
static void *
explore_mmap(void *p, size_t bytes, int prot, int flags, int fd, long offset);
static int explore_memcmp(const void *a, const void *b, size_t bytes);

/* NOLINTBEGIN(bugprone-suspicious-include): the code that is tested. */
#define clock_gettime	explore_clock
#include "nic_impl.h"
#define nic_wake	loop_nic_wake
#include "../../host/nic_loop.c"
#undef nic_wake
#include "../../host/nic.c"
#include "../../host/nic_doorbell.c"
#include "../../host/nic_moderate.c"
#define madvise		explore_madvise
#define mmap		explore_mmap
#define memcmp		explore_memcmp
#include "../../host/vfio_user/pages.c"
#undef madvise
#undef mmap
#undef memcmp
/* NOLINTEND(bugprone-suspicious-include) */

#include "../pair/search.h"
#include "e82540_impl.h"

#define STATES_MAX	8000000u
#define CHOICES_MAX	40u
#define RING		8u
#define UNSEEN_MAX	2u		/* stores that the model has not seen */
#define POISON		0xbad0bad5u

#include "explore_pages.h"

/* -------------------------------------------------------- code of the NIC */

/*
 * Around what touches memory: pages that are not there come by a fault; what
 * the model has changed is dirty.
 */
static void
memory_enter(void)
{
	if (doorbell_state(nic) == NIC_PARKED || pages_there())
		return;
	if (world.dead) {
		world_fail("a read of ours raises SIGBUS");
		return;
	}
	read_wakes();
	page_read(0);
	page_read(1);
}

static void
memory_leave(void)
{
	unsigned int i, page;

	for (i = 0; i < WORDS && !world.left; i++) {
		page = page_of(words[i]);
		if (!world.present[page]) {
			if (*word_in_memory(words[i]) != POISON)
				world_fail("stored where pages are away");
		} else if (*word_in_memory(words[i]) !=
		    *word_in_store(words[i])) {
			world.dirty[page] = 1;
		}
	}
}

static void
nic_looks(void)
{
	memory_enter();
	(void)work_step(nic);
	memory_leave();
}

/* The NIC's thread ends its sleep: loop_rest(), without poll(). */
static void
nic_wakes(void)
{
	world.woken = 0;
	memory_enter();
	if (fault != FAULT_PEEK)
		doorbell_awake(nic);
	nic_due(nic, now_ns());
	work_all(nic);
	memory_leave();
}

static void
nic_parks(void)
{
	memory_enter();
	if (fault == FAULT_USERS)
		nic->bell.users = 0;
	doorbell_park(nic);
	memory_leave();
}

/* --------------------------------------------------------------- actions */

static bool
guest_may(void)
{
	return !world.gone && !world.trapping && world.phase == GUEST_RUNS;
}

static bool
may_store_mapped(void)
{
	return guest_may() && may_store_tdt();
}

static void
store_mapped(void)
{
	guest_begins(STORE_TDT);
}

static void
load_mapped(void)
{
	guest_begins(LOAD_TDT);
}

static bool
may_store_rdt(void)
{
	return set->both && guest_may() &&
	    e82540_index(&nic->dev->rdt) == world.rdt;
}

static void
store_rdt(void)
{
	guest_begins(STORE_RDT);
}

static bool
may_continue(void)
{
	return !world.gone && world.phase != GUEST_RUNS;
}

static bool
may_write_back(void)
{
	return set->evicts && !world.dead && (world.dirty[0] || world.dirty[1]);
}

static void
write_back(void)
{
	unsigned int page;

	for (page = 0; page < 2; page++)
		if (world.dirty[page])
			page_write_back(page);
}

static bool
may_evict(unsigned int page)
{
	return set->evicts && world.present[page] && !world.dirty[page] &&
	    !page_locked(page);
}

static bool
may_evict_first(void)
{
	return may_evict(0);
}

static bool
may_evict_second(void)
{
	return may_evict(1);
}

static void
evict_first(void)
{
	page_drop(0);
}

static void
evict_second(void)
{
	page_drop(1);
}

static bool
may_hear(void)
{
	return !world.heard && (world.wake || (world.dead && !world.told));
}

static void
hear(void)
{
	if (pages_ready(&pages) != 0)
		world.told = 1;
	world.heard = 1;
}

static bool
may_die(void)
{
	return set->deaths && !world.dead;
}

static void
die(void)
{
	world.dead = 1;
}

static bool
may_take_late(void)
{
	return world.late != 0 && !world.dead && !page_locked(2u - world.late);
}

static void
take_late(void)
{
	page_take(2u - world.late);
	world.late--;
}

/* These need a lock of the NIC. */

static bool
may_fault(void)
{
	return world.heard;
}

static void
fault_told(void)
{
	world.heard = 0;
	memory_enter();
	(void)nic_fault(nic);
	memory_leave();
}

static bool
may_access(void)
{
	return !world.in_access;
}

static void
access_begin(void)
{
	memory_enter();
	doorbell_access(nic);
	memory_leave();
	world.in_access = 1;
}

static bool
may_access_end(void)
{
	return world.in_access;
}

static void
access_finish(void)
{
	memory_enter();
	(void)e82540_mmio_read(nic->dev, now_ns(), E1000_TDT, 4);
	access_end(nic);
	memory_leave();
	world.in_access = 0;
}

static bool
may_look(void)
{
	return doorbell_watched(nic);
}

static bool
may_wake(void)
{
	return world.woken && !may_look();
}

static bool
may_frame(void)
{
	return doorbell_state(nic) == NIC_PARKED;
}

static bool
may_switch(void)
{
	return set->switches && world.phase == GUEST_RUNS && !world.gone;
}

static void
switch_mapping(void)
{
	world.trapping ^= 1;
}

static bool
may_trap(void)
{
	return world.trapping && !world.in_access && may_store_tdt();
}

static void
store_trapped(void)
{
	memory_enter();
	world.tdt = (world.tdt + 1) % RING;
	nic_mmio_write(nic, E1000_TDT, 4, world.tdt);
	memory_leave();
}

static const struct {
	const char *name;
	bool (*may)(void);
	void (*take)(void);
	bool unlocked;		/* also while pages are taken back */
} actions[] = {
	{ "store TDT", may_store_mapped, store_mapped, true },
	{ "load TDT", guest_may, load_mapped, true },
	{ "store RDT", may_store_rdt, store_rdt, true },
	{ "fault goes on", may_continue, guest_continues, true },
	{ "write back", may_write_back, write_back, true },
	{ "drop RDT's page", may_evict_first, evict_first, true },
	{ "drop TDT's page", may_evict_second, evict_second, true },
	{ "hear", may_hear, hear, true },
	{ "child dies", may_die, die, true },
	{ "take late", may_take_late, take_late, true },
	{ "nic_fault", may_fault, fault_told, false },
	{ "register access", may_access, access_begin, false },
	{ "register accessed", may_access_end, access_finish, false },
	{ "look", may_look, nic_looks, false },
	{ "thread wakes", may_wake, nic_wakes, false },
	{ "frame", may_frame, nic_wakes, false },
	{ "switch mapping", may_switch, switch_mapping, false },
	{ "store by trap", may_trap, store_trapped, false },
	{ "park", may_look, nic_parks, false },
};
#define ACTIONS	(sizeof(actions) / sizeof(actions[0]))
#define PARK	(ACTIONS - 1)

static bool explaining;
static unsigned int deeper;		/* than the settings say */

/* Between two steps of taking back: those that the schedule says. */
static void
actions_between(void)
{
	unsigned int may[ACTIONS], n, i;

	while (schedule.actions < set->between + deeper) {
		for (n = i = 0; i < ACTIONS; i++)
			if (actions[i].unlocked && actions[i].may())
				may[n++] = i;
		i = schedule_choose(n + 1);
		if (i == 0)
			return;
		schedule.actions++;
		actions[may[i - 1]].take();
		if (explaining)
			printf("      meanwhile: %s\n",
			    actions[may[i - 1]].name);
	}
}

static void
action_take(unsigned int i)
{
	schedule.at = schedule.actions = 0;
	actions[i].take();
}

/* -------------------------------------------------------------- properties */

static void
check_state(void)
{
	const struct e82540_counters *c = &nic->dev->counters;
	uint32_t unseen = (world.tdt - e82540_index(&nic->dev->tdt)) % RING;

	if (!world.left && unseen > UNSEEN_MAX)
		world_fail("the model has seen what nobody stored");
	if (c->bad_access + c->bad_ring + c->bad_address + c->bad_descriptor)
		world_fail("the model counted something bad");
}

/* From here on nothing is stored. */
static void
check_progress(void)
{
	unsigned int i, steps = 0;
	bool any;

	if (failed != NULL)
		return;
	do {
		any = false;
		for (i = 3; i < ACTIONS && failed == NULL; i++) {
			if (actions[i].take == die ||
			    actions[i].take == evict_first ||
			    actions[i].take == evict_second ||
			    actions[i].take == write_back ||
			    actions[i].take == access_begin ||
			    actions[i].take == switch_mapping ||
			    actions[i].take == store_trapped || i == PARK ||
			    (actions[i].take == nic_wakes && !may_wake()))
				continue;
			if (!actions[i].may())
				continue;
			any |= actions[i].take != nic_looks;
			action_take(i);
		}
		if (++steps == 100)
			world_fail("the machine does not come to rest");
	} while (any && failed == NULL);
	if (world.dead) {
		if (!world.told)
			world_fail("nobody is told that the child is dead");
		return;
	}
	if (e82540_index(&nic->dev->tdt) != world.tdt ||
	    e82540_index(&nic->dev->rdt) != world.rdt)
		world_fail("a store waits for good");
}

/*
 * It does not matter where in the ring the guest is: indexes are hashed
 * relative to its own.
 */
static uint64_t
index_relative(uint64_t h, uint32_t value)
{
	return image_mix(h,
	    value == POISON ? POISON : (value - world.tdt) % RING);
}

static uint64_t
state_hash(void)
{
	struct e82540 *dev = nic->dev;
	uint64_t h = image_hash(&image);
	unsigned int i;

	h = index_relative(h, e82540_index(&dev->tdt));
	h = index_relative(h, e82540_index(&dev->tdh));
	h = index_relative(h, *word_in_memory(E1000_TDT));
	h = index_relative(h, *word_in_memory(E1000_TDH));
	h = index_relative(h, *word_in_store(E1000_TDT));
	h = index_relative(h, *word_in_store(E1000_TDH));
	for (i = 0; i < 2; i++)
		h = index_relative(h, dev->doorbell.seen[0][i]);
	return h | 1;
}

/* ----------------------------------------------------------------- machine */

static void
vmm_interrupt(void *ctx, bool asserted)
{
	(void)ctx;
	(void)asserted;
}

static void
vmm_msi(void *ctx, uint64_t addr, uint32_t data)
{
	(void)ctx;
	(void)addr;
	(void)data;
}

static unsigned int
null_send(struct backend *b, const struct e82540_packet *packet, unsigned int n)
{
	(void)b;
	(void)packet;
	return n;
}

static void
null_close(struct backend *b)
{
	(void)b;
}

/* Packets of one descriptor, without a report: memory does not change. */
static void
guest_set_up(void)
{
	struct e1000_tx_desc *desc = (void *)ram;
	const struct e82540_region region = { 0, sizeof(ram), ram, true };
	unsigned int i;

	for (i = 0; i < RING; i++) {
		desc[i].buffer_addr = 1024;
		desc[i].length = 60;
		desc[i].cmd = E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS;
	}
	if (nic_memory(nic, &region, 1) != 0)
		abort();
	nic_pci_write(nic, E82540_PCI_COMMAND, 2,
	    E82540_PCI_MEMORY | E82540_PCI_MASTER);
	nic_mmio_write(nic, E1000_CTRL, 4, E1000_CTRL_SLU);
	nic_mmio_write(nic, E1000_TDLEN, 4, RING * E1000_DESC_BYTES);
	nic_mmio_write(nic, E1000_TCTL, 4, E1000_TCTL_EN | E1000_TCTL_PSP);
}

static void
image_make(void)
{
	struct e82540 *dev = nic->dev;
	struct doorbell *b = &nic->bell;
	uint8_t *after = (uint8_t *)(&dev->tx.batch + 1);
	uint32_t *stat = &dev->reg[E1000_CRCERRS / 4];

	memset(&image, 0, sizeof(image));
	image_add(&image, &world, sizeof(world));
	image_add(&image, nic, sizeof(*nic) / 8 * 8);
	image_add(&image, memory, sizeof(memory));
	image_add(&image, store.file, sizeof(store.file));
	image_add(&image, dev, offsetof(struct e82540, tx.batch));
	image_add(&image, after, (size_t)(dev->rx.fifo - after) / 8 * 8);
	/* What state_hash() hashes in its own way. */
	image_skip(&image, &world.tdt, sizeof(world.tdt));
	image_skip(&image, &dev->tdt, sizeof(dev->tdt));
	image_skip(&image, &dev->tdh, sizeof(dev->tdh));
	image_skip(&image, dev->doorbell.seen[0], 2 * sizeof(uint32_t));
	image_skip(&image, word_in_memory(E1000_TDT), 4);
	image_skip(&image, word_in_memory(E1000_TDH), 4);
	image_skip(&image, word_in_store(E1000_TDT), 4);
	image_skip(&image, word_in_store(E1000_TDH), 4);
	image_skip(&image, &dev->tx.progress_gpa, sizeof(uint64_t));
	/* Counts, and times. */
	image_skip(&image, &nic->moderation, sizeof(nic->moderation));
	image_skip(&image, &nic->packets, sizeof(nic->packets));
	image_skip(&image, &nic->sent, sizeof(nic->sent));
	image_skip(&image, &nic->loop.look_for_ns,
	    sizeof(nic->loop.look_for_ns));
	image_skip(&image, &b->trap_cost_ns,
	    offsetof(struct doorbell, seen) -
		offsetof(struct doorbell, trap_cost_ns));
	image_skip(&image, b->seen, sizeof(b->seen));
	image_skip(&image, &b->refused,
	    sizeof(*b) - offsetof(struct doorbell, refused));
	image_skip(&image, dev->total, sizeof(dev->total));
	image_skip(&image, &dev->counters, sizeof(dev->counters));
	image_skip(&image, stat, E82540_STATS * sizeof(*stat));
	image_skip(&image, &dev->tx.hint, sizeof(dev->tx.hint));
	image_skip(&image, &dev->tx.ring_hint, sizeof(dev->tx.ring_hint));
}

static void
machine_new(void)
{
	static const struct nic_vmm vmm = { .interrupt = vmm_interrupt,
		.msi = vmm_msi };
	static const struct backend_ops null_ops = { .send = null_send,
		.close = null_close };
	static struct backend backend;
	struct nic_config config = { .doorbell = NIC_DOORBELL_AUTO,
		.spin_us = NIC_SPIN_US,
		.backend = &backend,
		.vmm = &vmm,
		.doorbell_ops = &doorbell_ops,
		.doorbell_mem = memory,
		.ctx = &pages };
	struct err err;

	memset(&world, 0, sizeof(world));
	memset(memory, 0, sizeof(memory));
	memset(&store, 0, sizeof(store));
	memset(&backend, 0, sizeof(backend));
	backend.ops = &null_ops;
	backend.fd = -1;
	backend.up = true;
	world.present[0] = world.present[1] = 1;
	failed = NULL;
	pages = (struct pages){ .kind = PAGES_FUSE,
		.file = -1,
		.mem = memory,
		.fuse = { .store = &store } };
	nic = nic_new(&config, &err);
	if (nic == NULL)
		abort();
	link_follow(nic);
	guest_set_up();
	atomic_store(&nic->loop.asleep, true);
	memcpy(store.file + E82540_DOORBELL_OFFSET, memory, sizeof(memory));
	nic_looks();
	world.woken = 0;
	check_state();
	if (failed != NULL)
		abort();
	image_make();
}

static void
machine_free(void)
{
	image_free(&image);
	nic_free(nic);
}

/* -------------------------------------------------------------- the search */

static struct schedule *schedules;	/* that led to a state */
static size_t schedules_room;

static void
schedule_keep(size_t n)
{
	if (n >= schedules_room) {
		schedules_room = n + 65536;
		if (schedules_room < 65536)
			abort();
		schedules =
		    search_grow(schedules, schedules_room * sizeof(*schedules));
	}
	schedules[n] = schedule;
}

static void
print_way(uint32_t n, unsigned int last)
{
	struct schedule last_schedule = schedule;
	uint32_t way[1000];
	unsigned int steps = 0;

	printf("%s: %s:\n", set->name, failed);
	for (; n != 0 && steps < 1000; n = search.parent[n])
		way[steps++] = n;
	image_base(&image);
	failed = NULL;
	explaining = true;
	while (steps-- > 0) {
		schedule = schedules[way[steps]];
		printf("    %s\n", actions[search.by[way[steps]]].name);
		action_take(search.by[way[steps]]);
	}
	schedule = last_schedule;
	printf("    %s\n", actions[last].name);
	action_take(last);
	explaining = false;
}

/* An action, with each schedule.  Returns false on a violation. */
static bool
action_expand(uint32_t n, const uint64_t *state, unsigned int i)
{
	size_t was;

	schedule.n = 0;
	do {
		image_unpack(&image, state);
		if (!actions[i].may())
			return true;
		action_take(i);
		check_state();
		search.transitions++;
		was = search.states;
		if (failed == NULL &&
		    search_add(&search, &image, state_hash(), n, i)) {
			schedule_keep(was);
			check_progress();
		}
		if (failed != NULL)
			return false;
	} while (schedule_next());
	return true;
}

/* Returns 0; 1 violation; -1 a word changed that was not known to. */
static int
search_all(void)
{
	uint32_t n;
	unsigned int i;

	(void)search_add(&search, &image, state_hash(), 0, 0);
	schedule_keep(0);
	for (n = 0; n < search.states; n++) {
		if (search.states > STATES_MAX) {
			printf("%s: too many states\n", set->name);
			return 1;
		}
		for (i = 0; i < ACTIONS; i++)
			if (!action_expand(n, search_state(&search, &image, n),
				i)) {
				if (!image_cold(&image))
					return -1;
				if (fault == FAULT_NONE)
					print_way(n, i);
				return 1;
			}
		search_done(&search, n);
		if (n % 1024 == 0 && !image_cold(&image))
			return -1;
	}
	return image_cold(&image) ? 0 : -1;
}

/* Learn which words change: act at random. */
static void
hot_words_learn(void)
{
	uint64_t random = 1;
	unsigned int step, i;

	for (step = 0; step < 20000; step++) {
		if (step % 500 == 0)
			image_base(&image);
		i = search_random(&random, ACTIONS);
		schedule.n = 0;
		if (!actions[i].may())
			continue;
		action_take(i);
		(void)image_learn(&image);
	}
	image_base(&image);
	failed = NULL;
}

static int
setting_explore(void)
{
	int error;

	machine_new();
	hot_words_learn();
	while ((error = search_all()) < 0) {
		search_free(&search);
		(void)image_learn(&image);
		image_base(&image);
		failed = NULL;
	}
	if (error == 0)
		printf("%-8s %8zu states %10llu transitions  depth %3u  (%s)\n",
		    set->name, search.states,
		    (unsigned long long)search.transitions,
		    search_depth(&search, search.states - 1), set->what);
	fflush(stdout);
	search_free(&search);
	machine_free();
	return error;
}

/* In the setting that is to find it. */
static bool
fault_found(void)
{
	unsigned int i;

	for (i = 0; i < SETTINGS; i++)
		if (strcmp(settings[i].name, faults[fault].setting) == 0)
			set = &settings[i];
	if (setting_explore() == 0) {
		printf("not found: %s\n", faults[fault].what);
		return false;
	}
	printf("found by %-8s %s\n", set->name, faults[fault].what);
	return true;
}

int
main(int argc, char **argv)
{
	int first = 1, status = 0, a;
	unsigned int i;

	if (argc > 2 && strcmp(argv[1], "-d") == 0) {
		deeper = (unsigned int)atoi(argv[2]);
		first = 3;
	}
	for (i = 0; i < SETTINGS; i++) {
		set = &settings[i];
		for (a = first; a < argc; a++)
			if (strcmp(argv[a], set->name) == 0)
				break;
		if ((first == argc || a < argc) && setting_explore() != 0)
			status = 1;
	}
	for (fault = 1; fault < FAULTS && first == argc; fault++)
		if (!fault_found())
			status = 1;
	return status;
}
