/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest and a VMM around nic.c, without KVM, and a peer on a real socket.
 *
 *	guest	accesses registers by nic_mmio_*(), which takes a while as a
 *		trap would; stores to doorbells that are memory; sleeps until it
 *		is interrupted
 *	VMM	of each kind in enum vmm_kind.  It shows memory to the guest,
 *		and takes it away when no store is under way.  A store that
 *		faults is told to nic_fault(), then made again
 *	peer	checks each packet, sends frames when it is told to
 *
 * No packet may be lost, doubled, reordered or changed; no thread may sleep for
 * good (STALL_NS).  ThreadSanitizer does not see what the guest does to its own
 * memory: it does not know that two addresses are one page.
 */
#ifndef TEST_NIC_RIG_H
#define TEST_NIC_RIG_H

#include "nic_vmm.h"

/* ---------------------------------------------------------- how it stores */

static int values_fd = -1;		/* a file of 0, 1, 2, ... */

static inline void
values_make(void)
{
	static uint32_t value[VALUES];
	uint32_t i;

	if (values_fd >= 0)
		return;
	for (i = 0; i < VALUES; i++)
		value[i] = i;
	values_fd = memfd_create("values", MFD_CLOEXEC);
	assert_true(values_fd >= 0);
	assert_int_equal(write(values_fd, value, sizeof(value)), sizeof(value));
}

/*
 * The kernel stores it, and says EFAULT where a guest would fault.
 * ThreadSanitizer follows pread(), but not this system call.  Returns false if
 * it faulted.
 */
static inline bool
store_may_fault(volatile uint32_t *p, uint32_t value)
{
	if (syscall(SYS_pread64, values_fd, p, 4, (long)value * 4) == 4)
		return true;
	if (errno != EFAULT)
		abort();
	return false;
}

static inline void
spin(unsigned int ns)
{
	uint64_t end = wall_ns() + ns;

	while (ns != 0 && wall_ns() < end)
		__builtin_ia32_pause();
}

/* ---------------------------------------------------- the guest: registers */

/* As vcpu_run() does it.  Returns false: it traps. */
static inline bool
store_mapped(struct guest *g, uint32_t reg, uint32_t value)
{
	volatile uint32_t *mem;
	uint64_t changes = 0, was;
	bool done;

	for (;;) {
		pthread_rwlock_rdlock(&g->mapping);
		mem = g->mapped;
		done = mem != NULL &&
		    store_may_fault(mem + (reg - E82540_DOORBELL_OFFSET) / 4,
			value);
		pthread_rwlock_unlock(&g->mapping);
		if (done)
			g->stores++;
		if (done || mem == NULL)
			return done;
		was = changes;
		changes = nic_fault(g->nic);
		if (changes == was) {
			g->wrong++;
			return true;
		}
	}
}

static inline void
reg_write(struct guest *g, uint32_t reg, uint32_t value)
{
	if (reg - E82540_DOORBELL_OFFSET < E82540_DOORBELL_BYTES &&
	    store_mapped(g, reg, value))
		return;
	spin(g->exit_ns / 2);
	nic_mmio_write(g->nic, reg, 4, value);
	spin(g->exit_ns / 2);
}

static inline uint32_t
reg_read(struct guest *g, uint32_t reg)
{
	uint32_t value;

	spin(g->exit_ns / 2);
	value = (uint32_t)nic_mmio_read(g->nic, reg, 4);
	spin(g->exit_ns / 2);
	return value;
}

/* ---------------------------------------------------- the guest: transmit */

static inline struct e1000_tx_desc *
tx_desc(struct guest *g, uint32_t i)
{
	return (void *)(g->ram + TX_RING + (size_t)i * E1000_DESC_BYTES);
}

static inline struct e1000_rx_desc *
rx_desc(struct guest *g, uint32_t i)
{
	return (void *)(g->ram + RX_RING + (size_t)i * E1000_DESC_BYTES);
}

static inline NO_TSAN void
tx_fill(struct guest *g)
{
	volatile struct e1000_tx_desc *d = tx_desc(g, g->tx_next);
	volatile uint8_t *p = g->ram + TX_SLOTS + (size_t)g->tx_next * SLOT;
	uint32_t i, len = packet_len(g->tx_sent);

	for (i = 0; i < len; i++)
		p[i] = packet_byte(g->tx_sent, i);
	d->buffer_addr = TX_SLOTS + (uint64_t)g->tx_next * SLOT;
	d->length = (uint16_t)len;
	d->cso = d->css = d->status = 0;
	d->special = 0;
	d->cmd = E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS | E1000_TXD_CMD_RS |
	    g->tx_cmd;
}

static inline NO_TSAN bool
tx_is_done(struct guest *g, uint32_t i)
{
	volatile struct e1000_tx_desc *d = tx_desc(g, i);

	return d->status & E1000_TXD_STAT_DD;
}

static inline bool
tx_reclaim(struct guest *g)
{
	uint32_t was = g->tx_clean;

	while (g->tx_clean != g->tx_next && tx_is_done(g, g->tx_clean))
		g->tx_clean = (g->tx_clean + 1) % COUNT_RING;
	return g->tx_clean != was;
}

/* One packet, one write of TDT.  Returns false: the ring is full. */
static inline bool
tx_send(struct guest *g)
{
	uint32_t next = (g->tx_next + 1) % COUNT_RING;

	if (next == g->tx_clean)
		return false;
	tx_fill(g);
	g->tx_next = next;
	g->tx_sent++;
	reg_write(g, E1000_TDT, next);
	return true;
}

/* ----------------------------------------------------- the guest: receive */

static inline NO_TSAN bool
rx_is_done(struct guest *g, uint32_t i)
{
	volatile struct e1000_rx_desc *d = rx_desc(g, i);

	return d->status & E1000_RXD_STAT_DD;
}

/* Is it the frame that comes next?  Its descriptor is free again. */
static inline NO_TSAN bool
rx_take(struct guest *g, uint32_t at, uint64_t number)
{
	volatile struct e1000_rx_desc *d = rx_desc(g, at);
	volatile uint8_t *p = g->ram + RX_SLOTS + (size_t)at * SLOT;
	uint32_t i, len = packet_len(number);
	bool good = d->length == len && d->errors == 0 &&
	    d->status & E1000_RXD_STAT_EOP;

	for (i = 0; i < len; i++)
		good &= p[i] == packet_byte(number, i);
	d->status = 0;
	d->length = 0;
	return good;
}

static inline bool
rx_poll(struct guest *g)
{
	unsigned int n = 0;

	while (rx_is_done(g, g->rx_next)) {
		if (!rx_take(g, g->rx_next, g->rx_got))
			g->wrong++;
		g->rx_got++;
		g->rx_next = (g->rx_next + 1) % COUNT_RING;
		if (++n % 16 == 0)
			reg_write(g, E1000_RDT,
			    (g->rx_next + COUNT_RING - 1) % COUNT_RING);
	}
	if (n % 16 != 0)
		reg_write(g, E1000_RDT,
		    (g->rx_next + COUNT_RING - 1) % COUNT_RING);
	return n > 0;
}

static inline NO_TSAN void
rx_fill(struct guest *g)
{
	uint32_t i;

	memset(g->ram + RX_RING, 0, COUNT_RING * E1000_DESC_BYTES);
	for (i = 0; i < COUNT_RING; i++)
		rx_desc(g, i)->buffer_addr = RX_SLOTS + (uint64_t)i * SLOT;
}

/* -------------------------------------------------- the guest: interrupts */

static inline bool
line_is(struct guest *g)
{
	bool line;

	pthread_mutex_lock(&g->lock);
	line = g->line;
	pthread_mutex_unlock(&g->lock);
	return line;
}

/* As a driver's handler; returns whether anything was done. */
static inline bool
irq(struct guest *g)
{
	bool any = false;

	while (line_is(g)) {
		spin(g->irq_ns);
		(void)reg_read(g, E1000_ICR);
		any |= tx_reclaim(g);
		any |= rx_poll(g);
	}
	return any;
}

/* Sleep until it is interrupted; false: it is not, until until_ns. */
static inline bool
halt(struct guest *g, uint64_t until_ns)
{
	struct timespec t = { .tv_sec = (time_t)(until_ns / SECOND),
		.tv_nsec = (long)(until_ns % SECOND) };
	bool line;

	pthread_mutex_lock(&g->lock);
	while (!g->line)
		if (pthread_cond_timedwait(&g->cond, &g->lock, &t) != 0)
			break;
	line = g->line;
	pthread_mutex_unlock(&g->lock);
	return line;
}

/* For ns nanoseconds, only answer interrupts. */
static inline void
quiet(struct guest *g, uint64_t ns)
{
	uint64_t end = wall_ns() + ns;

	do {
		(void)irq(g);
	} while (halt(g, end));
}

/* Send n packets.  Returns false: no interrupt came. */
static inline bool
tx_burst(struct guest *g, unsigned int n)
{
	while (n > 0) {
		if (tx_send(g))
			n--;
		else if (!halt(g, wall_ns() + STALL_NS))
			return false;
		(void)irq(g);
	}
	return true;
}

/* Wait until all has arrived, both ways.  Returns whether it did. */
static inline bool
all_done(struct guest *g)
{
	uint64_t end = wall_ns() + STALL_NS;

	while (g->tx_clean != g->tx_next || g->rx_got != g->peer.want) {
		if (wall_ns() > end)
			return false;
		(void)halt(g, wall_ns() + MS);
		if (irq(g))
			end = wall_ns() + STALL_NS;
	}
	while (g->peer.got != g->tx_sent || g->peer.sent != g->peer.want) {
		if (wall_ns() > end)
			return false;
		sched_yield();
	}
	return true;
}

/* ------------------------------------------------------------------- peer */

static void
peer_packet(struct guest *g, const uint8_t *p, size_t len)
{
	uint64_t number = g->peer.got, it;
	bool good;
	uint32_t i;

	if (g->peer.skip && len >= 22) {
		memcpy(&it, p + 14, sizeof(it));
		number = it > number ? it : number;
	}
	g->peer.skip = false;
	good = len == packet_len(number);
	for (i = 0; i < len && good; i++)
		good = p[i] == packet_byte(number, i);
	if (!good)
		g->wrong++;
	g->peer.got = number + 1;
}

/* Returns false: the other end has gone. */
static bool
peer_reads_stream(struct guest *g)
{
	struct peer *p = &g->peer;
	size_t at = 0, len;
	ssize_t n;

	n = recv(p->fd, p->in + p->in_len, sizeof(p->in) - p->in_len,
	    MSG_DONTWAIT);
	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	for (p->in_len += (size_t)n; p->in_len - at >= 4; at += 4 + len) {
		len = (size_t)p->in[at + 2] << 8 | p->in[at + 3];
		if (p->in_len - at < 4 + len)
			break;
		peer_packet(g, p->in + at + 4, len);
	}
	p->in_len -= at;
	memmove(p->in, p->in + at, p->in_len);
	return true;
}

static bool
peer_reads(struct guest *g)
{
	struct peer *p = &g->peer;
	unsigned int i;
	ssize_t n;

	if (p->stream)
		return peer_reads_stream(g);
	for (i = 0; i < 16; i++) {
		n = recv(p->fd, p->in, sizeof(p->in), MSG_DONTWAIT);
		if (n < 0)
			break;
		peer_packet(g, p->in, (size_t)n);
		if (p->read_us != 0)
			spin(p->read_us * 1000);
	}
	return true;
}

/* Send the next frame.  Returns false if the socket is full. */
static bool
peer_sends(struct peer *p)
{
	uint8_t bytes[4 + SLOT];
	uint64_t number = p->sent;
	uint32_t i, len = packet_len(number), head = p->stream ? 4 : 0;
	ssize_t n;

	bytes[0] = bytes[1] = 0;
	bytes[2] = (uint8_t)(len >> 8);
	bytes[3] = (uint8_t)len;
	for (i = 0; i < len; i++)
		bytes[head + i] = packet_byte(number, i);
	n = send(p->out_fd >= 0 ? p->out_fd : p->fd, bytes, head + len,
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return false;
	/* A stream may take a part: the rest must follow. */
	if ((size_t)n < head + len)
		(void)send(p->fd, bytes + n, head + len - (size_t)n,
		    MSG_NOSIGNAL);
	p->sent = number + 1;
	return true;
}

static void *
peer_main(void *arg)
{
	struct guest *g = arg;
	struct peer *p = &g->peer;
	struct pollfd fd[2] = { { .fd = p->fd },
		{ .fd = p->out_fd >= 0 ? p->out_fd : p->fd } };

	while (!p->stop) {
		fd[0].events = p->deaf ? 0 : POLLIN;
		fd[1].events = p->sent < p->want ? POLLOUT : 0;
		(void)poll(fd, 2, 1);
		if (!p->deaf && !peer_reads(g))
			break;
		while (p->sent < p->want && peer_sends(p))
			;
	}
	return NULL;
}

static inline void
peer_start(struct guest *g)
{
	assert_int_equal(pthread_create(&g->peer.thread, NULL, peer_main, g),
	    0);
	g->peer.started = true;
}

static inline void
peer_end(struct guest *g)
{
	if (!g->peer.started)
		return;
	g->peer.stop = true;
	pthread_join(g->peer.thread, NULL);
	g->peer.started = false;
	g->peer.stop = false;
}

/* -------------------------------------------------------------- beginning */

struct how {
	enum vmm_kind vmm;
	enum nic_doorbell doorbell;
	enum nic_moderation moderation;
	bool stream;
	bool msi;
	unsigned int spin_us;
	unsigned int read_us;
	unsigned int exit_ns;
	unsigned int autoneg_ms;
	unsigned int stall_ms;		/* 0: packets wait for ever */
	bool cable_out;
};

static void *
nic_main(void *arg)
{
	struct guest *g = arg;

	nic_run(g->nic);
	g->nic_ended = true;
	return NULL;
}

static inline void
guest_init(struct guest *g)
{
	pthread_rwlockattr_t prefer_writer;
	pthread_condattr_t monotonic;

	pthread_rwlockattr_init(&prefer_writer);
	pthread_rwlockattr_setkind_np(&prefer_writer,
	    PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&g->mapping, &prefer_writer);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&g->cond, &monotonic);
	pthread_mutex_init(&g->lock, NULL);
	values_make();
	g->ram = aligned_alloc(4096, RAM_BYTES);
	assert_non_null(g->ram);
	memset(g->ram, 0, RAM_BYTES);
}

static inline void *
memory_map(int fd, off_t offset)
{
	void *p = mmap(NULL, E82540_DOORBELL_BYTES, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, offset);

	assert_true(p != MAP_FAILED);
	return p;
}

static inline void
memory_make(struct guest *g)
{
	struct err err;
	int fd;

	if (g->ops == &vmm_ops[VMM_FUSE]) {
		g->pages = pages_open(PAGES_FUSE, NULL, &err);
		if (g->pages == NULL)
			fail_msg("%s", err.text);
		g->mem = pages_memory(g->pages);
		g->guest_mem =
		    memory_map(pages_file(g->pages), E82540_DOORBELL_OFFSET);
		return;
	}
	fd = memfd_create("doorbells", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fd, E82540_DOORBELL_BYTES), 0);
	g->mem = memory_map(fd, 0);
	g->guest_mem = memory_map(fd, 0);
	close(fd);
}

/* With that backend, and the VMM that how says; g->ops, if set, instead. */
static inline void
guest_start(struct guest *g, struct backend *b, const struct how *how)
{
	struct nic_config config = { .doorbell = how->doorbell,
		.moderation = how->moderation,
		.msi = how->msi,
		.autoneg_ns = how->autoneg_ms * MS,
		.stall_ns =
		    how->stall_ms != 0 ? how->stall_ms * MS : E82540_NEVER,
		.cable_out = how->cable_out,
		.spin_us = how->spin_us != 0 ? how->spin_us : NIC_SPIN_US,
		.backend = b,
		.vmm = &g->vmm,
		.ctx = g };
	struct e82540_region region = { 0, RAM_BYTES, NULL, true };
	struct err err;

	if (g->ops == NULL && how->vmm != VMM_TRAPS)
		g->ops = &vmm_ops[how->vmm];
	memory_make(g);
	config.doorbell_ops = g->ops;
	config.doorbell_mem = g->mem;
	guest_init(g);
	g->exit_ns = how->exit_ns;
	memcpy(config.mac, guest_mac, 6);
	g->nic = nic_new(&config, &err);
	assert_non_null(g->nic);
	if (g->ops != NULL && g->ops->permanent)
		g->mapped = g->guest_mem;
	region.host = g->ram;
	assert_int_equal(nic_memory(g->nic, &region, 1), 0);
	assert_int_equal(pthread_create(&g->nic_thread, NULL, nic_main, g), 0);
	if (g->pages != NULL)
		assert_int_equal(pthread_create(&g->waker, NULL, vmm_fuse_wake,
				     g),
		    0);
}

/* As a driver leaves it: rings, interrupts, both directions on. */
static inline void
guest_up(struct guest *g)
{
	nic_pci_write(g->nic, E82540_PCI_COMMAND, 2,
	    E82540_PCI_MEMORY | E82540_PCI_MASTER);
	rx_fill(g);
	reg_write(g, E1000_CTRL, reg_read(g, E1000_CTRL) | E1000_CTRL_SLU);
	reg_write(g, E1000_TDBAL, TX_RING);
	reg_write(g, E1000_TDLEN, COUNT_RING * E1000_DESC_BYTES);
	reg_write(g, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP);
	reg_write(g, E1000_RDBAL, RX_RING);
	reg_write(g, E1000_RDLEN, COUNT_RING * E1000_DESC_BYTES);
	reg_write(g, E1000_RDT, COUNT_RING - 1);
	reg_write(g, E1000_RCTL,
	    E1000_RCTL_EN | E1000_RCTL_BAM | E1000_RCTL_SECRC);
	reg_write(g, E1000_ITR, 100);
	reg_write(g, E1000_IMS,
	    E1000_ICR_TXDW | E1000_ICR_RXT0 | E1000_ICR_LSC);
}

static inline bool
link_wait(struct guest *g, bool up)
{
	uint64_t end = wall_ns() + STALL_NS;

	while (!(reg_read(g, E1000_STATUS) & E1000_STATUS_LU) == up) {
		if (wall_ns() > end)
			return false;
		usleep(100);
	}
	return true;
}

static inline bool
mapped(struct guest *g)
{
	bool is;

	pthread_rwlock_rdlock(&g->mapping);
	is = g->mapped != NULL;
	pthread_rwlock_unlock(&g->mapping);
	return is;
}

static inline void
mapped_wait(struct guest *g)
{
	uint64_t end = wall_ns() + STALL_NS;

	while (!mapped(g))
		if (wall_ns() > end)
			fail_msg("still no memory");
}

/* On the heap: threads that a failed test left running still use it. */
static inline struct guest *
guest_alloc(void)
{
	struct guest *g = calloc(1, sizeof(*g));

	assert_non_null(g);
	g->vmm = vmm_all;
	g->peer.fd = g->peer.out_fd = -1;
	return g;
}

/* A guest, a NIC that runs, and a peer on a pair of sockets. */
static inline struct guest *
guest_new(const struct how *how)
{
	struct guest *g = guest_alloc();
	int pair[2], small = 10000;

	g->peer.stream = how->stream;
	g->peer.read_us = how->read_us;
	assert_int_equal(socketpair(AF_UNIX,
			     how->stream ? SOCK_STREAM : SOCK_DGRAM, 0, pair),
	    0);
	g->peer.fd = pair[1];
	if (how->read_us != 0)
		assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF,
				     &small, sizeof(small)),
		    0);
	guest_start(g,
	    open_by("backend=%s,fd=%d", how->stream ? "stream" : "dgram",
		pair[0]),
	    how);
	guest_up(g);
	assert_true(link_wait(g, true));
	return g;
}

/* -------------------------------------------------------------------- end */

/* nic_run() returns soon, whatever it is at. */
static inline void
nic_end(struct guest *g)
{
	uint64_t end = wall_ns() + STALL_NS;

	nic_stop(g->nic);
	while (!g->nic_ended && wall_ns() < end)
		usleep(100);
	assert_true(g->nic_ended);
	pthread_join(g->nic_thread, NULL);
}

static inline void
guest_free(struct guest *g)
{
	if (g->pages != NULL) {
		g->waker_stop = true;
		pthread_join(g->waker, NULL);
	}
	nic_free(g->nic);
	if (g->ops == NULL || !g->ops->permanent)
		assert_null(g->mapped);
	if (g->pages != NULL)
		pages_close(g->pages);
	else
		munmap(g->mem, E82540_DOORBELL_BYTES);
	munmap(g->guest_mem, E82540_DOORBELL_BYTES);
	pthread_rwlock_destroy(&g->mapping);
	pthread_cond_destroy(&g->cond);
	pthread_mutex_destroy(&g->lock);
	free(g->ram);
	free(g);
}

static inline struct nic_stats
stats_of(struct guest *g)
{
	struct nic_stats s;

	nic_stats(g->nic, &s);
	return s;
}

static inline void
guest_end(struct guest *g)
{
	nic_end(g);
	peer_end(g);
	if (g->peer.fd >= 0)
		close(g->peer.fd);
	guest_free(g);
}

/* ------------------------------------------------------------- to assert */

static inline void
print_stats(const struct guest *g, const struct nic_stats *s)
{
	print_message("  %llu packets, %llu frames, %llu traps, %llu stores, "
		      "busy %llu, parked %llu, faults %llu, maps %llu, slower "
		      "%llu, turns %llu, blocked %llu, interrupts %llu\n",
	    (unsigned long long)g->tx_sent, (unsigned long long)g->rx_got,
	    (unsigned long long)s->traps, (unsigned long long)g->stores,
	    (unsigned long long)s->busy, (unsigned long long)s->parked,
	    (unsigned long long)s->faults, (unsigned long long)s->maps,
	    (unsigned long long)s->slower, (unsigned long long)s->turns,
	    (unsigned long long)s->counters.tx_stopped,
	    (unsigned long long)s->counters.interrupts);
}

/* Everything arrived, once, in order, as it was sent. */
static inline void
check_all(struct guest *g, struct nic_stats *s)
{
	uint64_t end = wall_ns() + STALL_NS;

	assert_true(all_done(g));
	/* The guest sees a frame before it is counted. */
	do
		*s = stats_of(g);
	while ((s->counters.rx_packets != g->rx_got ||
		   s->counters.tx_packets != g->tx_sent) &&
	    wall_ns() < end);
	print_stats(g, s);
	assert_int_equal(g->wrong, 0);
	assert_int_equal(g->peer.got, g->tx_sent);
	assert_int_equal(g->rx_got, g->peer.sent);
	assert_int_equal(s->counters.tx_packets, g->tx_sent);
	assert_int_equal(s->counters.rx_packets, g->rx_got);
	assert_int_equal(s->counters.rx_dropped, 0);
	assert_int_equal(s->refused, 0);
}

static inline bool
parked_twice(struct guest *g)
{
	struct nic_stats s = stats_of(g);

	return s.parked >= 2 && s.faults >= 2 && s.maps > 0;
}

#endif
