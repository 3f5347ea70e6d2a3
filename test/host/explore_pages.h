/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Of explore_pages.c, after the code that it tests: the machine's state, the
 * kernel with its two pages, the guest, and what stands in for pages_fuse.c.
 */
#ifndef TEST_EXPLORE_PAGES_H
#define TEST_EXPLORE_PAGES_H

/* The words of doorbell memory that anybody changes. */
static const uint32_t words[] = { E1000_RDT, E1000_RDH, E1000_TDT, E1000_TDH };
#define WORDS		(sizeof(words) / sizeof(words[0]))

enum phase {
	GUEST_RUNS,
	GUEST_FAULTS,			/* the page is to be read */
	GUEST_WAITS,			/* we are woken; the page comes */
	GUEST_RETRIES,			/* it is there, or was */
};

enum access {
	STORE_TDT,
	LOAD_TDT,
	STORE_RDT,
};

/* All bytes are state. */
static struct world {
	uint32_t tdt, rdt;		/* that the guest stored last */
	uint8_t phase, access;
	uint8_t present[2], dirty[2];
	uint8_t wake;			/* the socket is readable */
	uint8_t told;			/* of the child's end */
	uint8_t heard;			/* nic_fault() comes next */
	uint8_t in_access;		/* a VMM's register access */
	uint8_t woken;			/* the NIC's thread */
	uint8_t trapping;		/* the mapping is off */
	uint8_t dead, left, gone;	/* child; our view; guest */
	uint8_t late;			/* pages that are yet to be taken */
	uint8_t pad[2];
} world;

static struct setting {
	const char *name, *what;
	unsigned int between;		/* actions while pages are taken back */
	bool deaths;			/* the child may be killed */
	bool slow;			/* it may answer too late */
	bool evicts;			/* the kernel may drop pages */
	bool switches;			/* the mapping goes off and on */
	bool whole;			/* both pages are read at once */
	bool both;			/* the guest stores RDT, too */
} const settings[] = {
	{ .name = "plain",
	    .both = true,
	    .what = "pages are read one by one",
	    .between = 2 },
	{ .name = "whole",
	    .what = "both are read at once",
	    .both = true,
	    .between = 2,
	    .whole = true },
	{ .name = "evict",
	    .what = "the kernel writes back and drops pages",
	    .between = 2,
	    .evicts = true,
	    .whole = true },
	{ .name = "switch",
	    .what = "the VMM switches the mapping off and on",
	    .between = 2,
	    .switches = true },
	{ .name = "slow",
	    .what = "the child answers too late",
	    .between = 2,
	    .slow = true },
	{ .name = "death",
	    .what = "the child is killed",
	    .between = 2,
	    .deaths = true },
};
#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

enum fault {
	FAULT_NONE,
	FAULT_LATE_DRAIN,
	FAULT_LOST_WRITE,
	FAULT_DEAF,
	FAULT_NO_COMPARE,
	FAULT_PEEK,
	FAULT_USERS,
	FAULT_NO_POPULATE,
	FAULTS
};

static const struct {
	const char *what, *setting;	/* that finds it */
} faults[FAULTS] = {
	[FAULT_LATE_DRAIN] = { "wake-ups are forgotten after pages are taken",
	    "plain" },
	[FAULT_LOST_WRITE] = { "pages are taken and not written back",
	    "whole" },
	[FAULT_DEAF] = { "nobody is woken by a read", "plain" },
	[FAULT_NO_COMPARE] = { "what was written back is not compared",
	    "whole" },
	[FAULT_PEEK] = { "a frame does not end PARKED", "switch" },
	[FAULT_USERS] = { "parked while a register is accessed", "plain" },
	[FAULT_NO_POPULATE] = { "unpark does not bring pages back", "death" },
};

static const struct setting *set;
static enum fault fault;
static const char *failed;
static struct nic *nic;
static struct pages pages;
static struct pages_store store;
static uint32_t memory[E82540_DOORBELL_BYTES / 4]
    __attribute__((aligned(4096)));
static uint8_t ram[4096] __attribute__((aligned(64)));
static struct image image;
static struct search search;

static void
world_fail(const char *what)
{
	if (failed == NULL)
		failed = what;
}

/* ----------------------------------------------------- schedules of choices */

static struct schedule {
	uint8_t choice[CHOICES_MAX], of[CHOICES_MAX];
	unsigned int n, at;
	unsigned int actions;		/* in this one */
} schedule;

static unsigned int
schedule_choose(unsigned int of)
{
	struct schedule *s = &schedule;

	if (s->at == s->n) {
		if (s->n == CHOICES_MAX)
			abort();
		s->of[s->n] = (uint8_t)of;
		s->choice[s->n++] = 0;
	}
	return s->choice[s->at++];
}

/* The next one that differs, or false. */
static bool
schedule_next(void)
{
	struct schedule *s = &schedule;

	while (s->n > 0 && s->choice[s->n - 1] + 1 == s->of[s->n - 1])
		s->n--;
	if (s->n == 0)
		return false;
	s->choice[s->n - 1]++;
	return true;
}

/* ------------------------------------------------------- the kernel's pages */

static unsigned int
page_of(uint32_t reg)
{
	return (reg - E82540_DOORBELL_OFFSET) / 4096;
}

static uint32_t *
word_in_memory(uint32_t reg)
{
	return &memory[(reg - E82540_DOORBELL_OFFSET) / 4];
}

static uint32_t *
word_in_store(uint32_t reg)
{
	return (uint32_t *)(void *)(store.file + reg);
}

static void
page_write_back(unsigned int page)
{
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		if (page_of(words[i]) == page)
			*word_in_store(words[i]) = *word_in_memory(words[i]);
	world.dirty[page] = 0;
}

static void
page_drop(unsigned int page)
{
	unsigned int i;

	world.present[page] = world.dirty[page] = 0;
	for (i = 0; i < WORDS && !world.left; i++)
		if (page_of(words[i]) == page)
			*word_in_memory(words[i]) = POISON;
}

static void
page_read(unsigned int page)
{
	unsigned int i;

	if (world.present[page])
		return;
	world.present[page] = 1;
	for (i = 0; i < WORDS && !world.left; i++)
		if (page_of(words[i]) == page)
			*word_in_memory(words[i]) = *word_in_store(words[i]);
}

static void
read_wakes(void)
{
	if (fault != FAULT_DEAF)
		world.wake = 1;
}

/* A page is locked while it is read: nobody takes it meanwhile. */
static bool
page_locked(unsigned int page)
{
	return world.phase == GUEST_WAITS &&
	    (set->whole ||
		page_of(world.access == STORE_RDT ? E1000_RDT : E1000_TDT) ==
		    page);
}

static void
page_take(unsigned int page)
{
	if (world.dirty[page] && fault != FAULT_LOST_WRITE)
		page_write_back(page);
	page_drop(page);
}

/* --------------------------------------------------------------- the guest */

static uint32_t
guest_reg(void)
{
	return world.access == STORE_RDT ? E1000_RDT : E1000_TDT;
}

static bool
may_store_tdt(void)
{
	return !world.gone &&
	    (world.tdt - e82540_index(&nic->dev->tdt)) % RING < UNSEEN_MAX;
}

/* The page is there: the access is made. */
static void
guest_accesses(void)
{
	uint32_t reg = guest_reg(), *word = word_in_memory(reg);
	enum access access = world.access;

	world.phase = GUEST_RUNS;
	world.access = 0;
	if (world.left)
		return;			/* its pages are not ours any more */
	if (*word != (access == STORE_RDT ? world.rdt : world.tdt))
		world_fail("the guest does not find what it stored");
	if (access == LOAD_TDT)
		return;
	if (access == STORE_RDT)
		*word = world.rdt ^= 1;
	else
		*word = world.tdt = (world.tdt + 1) % RING;
	world.dirty[page_of(reg)] = 1;
}

static void
guest_begins(enum access access)
{
	world.access = (uint8_t)access;
	if (world.present[page_of(guest_reg())])
		guest_accesses();
	else
		world.phase = GUEST_FAULTS;
}

static void
guest_continues(void)
{
	unsigned int page = page_of(guest_reg());

	if (world.phase != GUEST_RETRIES && world.dead) {
		world.gone = 1;		/* SIGBUS, or KVM's EFAULT */
		world.phase = GUEST_RUNS;
	} else if (world.phase == GUEST_FAULTS) {
		read_wakes();
		world.phase = GUEST_WAITS;
	} else if (world.phase == GUEST_WAITS) {
		page_read(page);
		if (set->whole)
			page_read(1 - page);
		world.phase = GUEST_RETRIES;
	} else if (world.present[page]) {
		guest_accesses();
	} else {
		world.phase = GUEST_FAULTS;
	}
}

/* ----------------------------------- what stands in for clock, kernel, FUSE */

static int
explore_clock(clockid_t clock, struct timespec *t)
{
	(void)clock;
	*t = (struct timespec){ .tv_sec = 1000 };
	return 0;
}

static bool
pages_there(void)
{
	return world.left || (world.present[0] && world.present[1]);
}

static int
explore_madvise(void *p, size_t bytes, int advice)
{
	if (p != memory || bytes != sizeof(memory) ||
	    advice != MADV_POPULATE_READ)
		abort();
	if (pages_there() || fault == FAULT_NO_POPULATE)
		return 0;
	if (world.dead) {
		errno = EFAULT;
		return -1;
	}
	read_wakes();
	page_read(0);
	page_read(1);
	return 0;
}

static void *
explore_mmap(void *p, size_t bytes, int prot, int flags, int fd, long offset)
{
	unsigned int i;

	(void)bytes;
	(void)prot;
	(void)fd;
	(void)offset;
	if (p != memory || !(flags & MAP_FIXED))
		abort();
	world.left = 1;
	for (i = 0; i < WORDS; i++)
		*word_in_memory(words[i]) = *word_in_store(words[i]);
	return p;
}

static int
explore_memcmp(const void *a, const void *b, size_t bytes)
{
	return fault == FAULT_NO_COMPARE ? 0 : memcmp(a, b, bytes);
}

void
nic_wake(struct nic *n)
{
	if (atomic_load(&n->loop.asleep))
		world.woken = 1;
}

int
pages_fuse_open(struct pages_fuse *f, struct err *err)
{
	(void)f;
	return err_set(err, "not here");
}

void
pages_fuse_close(struct pages_fuse *f)
{
	(void)f;
}

int
pages_fuse_alive(const struct pages_fuse *f)
{
	(void)f;
	return world.dead ? -EPIPE : 0;
}

int
pages_fuse_woken(struct pages_fuse *f)
{
	world.wake = 0;
	return pages_fuse_alive(f);
}

static void actions_between(void);

/* As the child's second thread: page by page. */
int
pages_fuse_take_back(struct pages_fuse *f)
{
	unsigned int page;

	(void)f;
	actions_between();
	if (world.dead)
		return -EPIPE;
	if (world.late != 0)
		return -EIO;
	if (set->slow && schedule_choose(2) == 1) {
		world.late = 2;
		actions_between();
		return -EIO;
	}
	for (page = 0; page < 2; page++) {
		while (page_locked(page))
			guest_continues();
		if (world.dead)
			return -EPIPE;
		page_take(page);
		actions_between();
	}
	if (fault == FAULT_LATE_DRAIN)
		world.wake = 0;
	return 0;
}

static int
ops_park(void *ctx, const uint32_t *seen)
{
	int error = pages_park(ctx, seen);

	actions_between();
	return error;
}

static void
ops_unpark(void *ctx)
{
	pages_unpark(ctx);
}

static const struct nic_doorbell_ops doorbell_ops = {
	.permanent = true,
	.away = true,
	.park = ops_park,
	.unpark = ops_unpark,
};

#endif
