/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine of the sim port: see sim.h.
 */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define SIM_PCI_DEVICE_ID	0x02

/* ------------------------------------------------------- the model's side */

static void
sim_interrupt(void *ctx, bool asserted)
{
	struct sim *sim = ctx;

	if (sim->line == asserted)
		sim->violations++;	/* on changes only */
	sim->line = asserted;
	if (asserted) {
		sim->edges++;
		sim->edge_ns = sim_now(sim);
	}
}

static void
sim_timer(void *ctx, uint64_t at_ns)
{
	struct sim *sim = ctx;

	sim->timer_ns = at_ns;
}

static unsigned int
sim_wire(void *ctx, const struct e82540_packet *packet, unsigned int n)
{
	struct sim *sim = ctx;
	unsigned int i;

	if (n == 0 || n > E82540_SEND_MAX)
		sim->violations++;
	for (i = 0; i < n && sim->room > 0; i++) {
		if (sim->room != UINT_MAX)
			sim->room--;
		if (sim->wire != NULL)
			sim->wire(sim->arg, &packet[i]);
	}
	return i;
}

static void
sim_kick(void *ctx)
{
	struct sim *sim = ctx;

	if (atomic_exchange(&sim->kicked, true) && !sim->config.threads)
		sim->violations++;	/* the last kick is not answered */
}

static void
sim_rx_ready(void *ctx)
{
	struct sim *sim = ctx;

	sim->rx_ready = true;
}

static void
sim_lock(void *ctx, enum e82540_lock lock)
{
	struct sim *sim = ctx;

	pthread_mutex_lock(&sim->lock[lock]);
}

static void
sim_unlock(void *ctx, enum e82540_lock lock)
{
	struct sim *sim = ctx;

	pthread_mutex_unlock(&sim->lock[lock]);
}

/* ----------------------------------------------------------------- making */

static void *
sim_alloc(size_t bytes)
{
	size_t whole = (bytes + E82540_ALIGN - 1) / E82540_ALIGN * E82540_ALIGN;
	void *p = aligned_alloc(E82540_ALIGN, whole);

	if (p != NULL)
		memset(p, 0, whole);
	return p;
}

/* The next `bytes` of guest memory, at a multiple of 128. */
static void *
sim_carve(struct sim *sim, uint32_t *at, uint32_t bytes)
{
	void *p = sim->ram + *at;

	*at += (bytes + 127) / 128 * 128;
	return p;
}

static int
sim_ram_init(struct sim *sim)
{
	const struct sim_config *c = &sim->config;
	uint32_t at = 0;

	sim->ram_bytes = 4 * 128 + c->tx_count * 18u + c->rx_count * 16u +
	    c->tx_data_bytes + (uint32_t)c->rx_count * c->buf_bytes;
	sim->ram_bytes = (sim->ram_bytes + 127) / 128 * 128;
	sim->ram = sim_alloc(sim->ram_bytes);
	if (sim->ram == NULL)
		return -ENOMEM;
	sim->tx = sim_carve(sim, &at, c->tx_count * 16u);
	sim->rx = sim_carve(sim, &at, c->rx_count * 16u);
	sim->rsq = sim_carve(sim, &at, c->tx_count * 2u);
	sim->tx_data = sim_carve(sim, &at, c->tx_data_bytes);
	sim->rx_data = sim->ram + at;
	return 0;
}

static void
sim_host_init(struct sim *sim)
{
	sim->host = (struct e82540_host){
		.interrupt = sim_interrupt,
		.timer = sim_timer,
		.send = sim_wire,
		.rx_ready = sim_rx_ready,
	};
	if (sim->config.async)
		sim->host.tx_kick = sim_kick;
	if (sim->config.threads) {
		sim->host.lock = sim_lock;
		sim->host.unlock = sim_unlock;
	}
}

static int
sim_device_init(struct sim *sim)
{
	const struct e82540_config config = {
		.api = E82540_API,
		/* No second more in each state of test/pair/explore.c. */
		.tx_stall_ns = E82540_NEVER,
		.chip = sim->config.chip,
		.host = &sim->host,
		.ctx = sim,
		.mac = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 },
		.moderation_off = sim->config.moderation_off,
		.vnet_hdr_bytes = sim->config.vnet_hdr_bytes,
		.offloads = sim->config.offloads,
		.link_delay_ns = sim->config.link_delay_ns,
	};
	int error;

	sim->dev = sim_alloc(e82540_size());
	if (sim->dev == NULL)
		return -ENOMEM;
	error = e82540_init(sim->dev, &config, sim_now(sim));
	if (error == 0)
		error = sim_regions(sim, SIM_REGIONS);
	if (error != 0)
		return error;
	e82540_pci_write(sim->dev, sim_now(sim), E82540_PCI_COMMAND, 2,
	    E82540_PCI_MEMORY | E82540_PCI_MASTER);
	e82540_link_set(sim->dev, sim_now(sim), true);
	return 0;
}

struct sim *
sim_new(const struct sim_config *config)
{
	struct sim *sim = sim_alloc(sizeof(*sim));
	unsigned int i;

	if (sim == NULL)
		return NULL;
	sim->config = *config;
	sim->now_ns = 1000000;
	sim->timer_ns = E82540_NEVER;
	sim->room = UINT_MAX;
	for (i = 0; i < 3; i++)
		pthread_mutex_init(&sim->lock[i], NULL);
	pthread_rwlock_init(&sim->mapping, NULL);
	sim_host_init(sim);
	sim->doorbell = sim_alloc(E82540_DOORBELL_BYTES);
	if (sim->doorbell == NULL || sim_ram_init(sim) != 0 ||
	    sim_device_init(sim) != 0) {
		sim_free(sim);
		return NULL;
	}
	return sim;
}

void
sim_free(struct sim *sim)
{
	unsigned int i;

	if (sim == NULL)
		return;
	for (i = 0; i < 3; i++)
		pthread_mutex_destroy(&sim->lock[i]);
	pthread_rwlock_destroy(&sim->mapping);
	free(sim->doorbell);
	free(sim->ram);
	free(sim->dev);
	free(sim);
}

int
sim_regions(struct sim *sim, unsigned int n)
{
	struct e82540_region region[E82540_REGIONS_MAX];
	uint32_t piece = sim->ram_bytes / n / 16 * 16, at = 0;
	unsigned int i;

	for (i = 0; i < n; i++, at += piece) {
		region[i].gpa = SIM_RAM + at;
		region[i].len = i + 1 < n ? piece : sim->ram_bytes - at;
		region[i].host = sim->ram + at;
		region[i].writable = true;
	}
	return e82540_memory_set(sim->dev, region, n);
}

/* ------------------------------------------------------ the driver's side */

int
sim_attach(struct sim *sim)
{
	const struct sim_config *c = &sim->config;
	int error;

	memset(&sim->sc, 0, sizeof(sim->sc));
	sim->sc.os.sim = sim;
	sim->sc.os.dev = sim->dev;
	sim->sc.os.now_ns = &sim->now_ns;
	sim->sc.os.doorbells = c->doorbells;
	sim->sc.device_id = (uint16_t)e82540_pci_read(sim->dev, sim->now_ns,
	    SIM_PCI_DEVICE_ID, 2);
	error = lem_attach(&sim->sc);
	if (error == 0)
		error = lem_tx_ring_init(&sim->sc, sim->tx,
		    sim_pa(sim, sim->tx), sim->rsq, c->tx_count, c->max_segs);
	if (error == 0)
		error = lem_rx_ring_init(&sim->sc, sim->rx,
		    sim_pa(sim, sim->rx), c->rx_count, c->buf_bytes);
	return error;
}

int
sim_start(struct sim *sim)
{
	int error = lem_start(&sim->sc);

	if (error != 0)
		return error;
	sim_refill(sim);
	lem_intr_enable(&sim->sc);
	sim_advance(sim, 2 * sim->config.link_delay_ns);
	(void)lem_link_update(&sim->sc);
	(void)sim_irq(sim);
	return sim->sc.link.up ? 0 : -EIO;
}

int
sim_up(struct sim *sim)
{
	int error = sim_attach(sim);

	return error != 0 ? error : sim_start(sim);
}

void
sim_advance(struct sim *sim, uint64_t ns)
{
	uint64_t end_ns = sim_now(sim) + ns, at_ns;

	while ((at_ns = sim->timer_ns) <= end_ns) {
		if (at_ns > sim_now(sim))
			sim->now_ns = at_ns;
		/* Whoever else set it meanwhile: run() sets it anew. */
		sim->timer_ns = E82540_NEVER;
		e82540_run(sim->dev, sim_now(sim));
	}
	sim->now_ns = end_ns;
}

static _Atomic(uint32_t) *
sim_doorbell_word(struct sim *sim, uint32_t reg)
{
	if (!sim->mapped ||
	    reg - E82540_DOORBELL_OFFSET >= E82540_DOORBELL_BYTES)
		return NULL;
	return &sim->doorbell[(reg - E82540_DOORBELL_OFFSET) / 4];
}

bool
sim_doorbell_read(struct sim *sim, uint32_t reg, uint32_t *value)
{
	_Atomic(uint32_t) *word;

	if (sim->removed) {
		*value = UINT32_MAX;
		return true;
	}
	pthread_rwlock_rdlock(&sim->mapping);
	word = sim_doorbell_word(sim, reg);
	if (word != NULL)
		*value = atomic_load_explicit(word, memory_order_relaxed);
	pthread_rwlock_unlock(&sim->mapping);
	return word != NULL;
}

/* Release: as x86 orders stores. */
bool
sim_doorbell_write(struct sim *sim, uint32_t reg, uint32_t value)
{
	_Atomic(uint32_t) *word;

	if (sim->removed)
		return true;
	pthread_rwlock_rdlock(&sim->mapping);
	word = sim_doorbell_word(sim, reg);
	if (word != NULL)
		atomic_store_explicit(word, value, memory_order_release);
	pthread_rwlock_unlock(&sim->mapping);
	return word != NULL;
}

void
sim_doorbell_map(struct sim *sim, bool mapped)
{
	pthread_rwlock_wrlock(&sim->mapping);
	sim->mapped = mapped;
	pthread_rwlock_unlock(&sim->mapping);
}

void
sim_remove(struct sim *sim)
{
	sim->removed = true;
}

/* Let at least us microseconds pass; with quanta, a whole number of them. */
void
sim_udelay(struct sim *sim, unsigned int us)
{
	uint64_t ns = (uint64_t)us * 1000, q = sim->config.quantum_ns;

	sim_advance(sim, q == 0 ? ns : (ns + q - 1) / q * q);
}

void
sim_transmit(struct sim *sim)
{
	if (!atomic_exchange(&sim->kicked, false))
		return;
	while (e82540_transmit(sim->dev, sim_now(sim)))
		;
}

void
sim_room(struct sim *sim, unsigned int n)
{
	sim->room = n;
	e82540_tx_resume(sim->dev, sim_now(sim));
}

unsigned int
sim_irq(struct sim *sim)
{
	unsigned int work;

	if (!sim->line)
		return 0;
	work = lem_intr_dispatch(&sim->sc, lem_intr_cause(&sim->sc));
	if (work & LEM_WORK_LINK) {
		(void)lem_link_update(&sim->sc);
		if (!sim->sc.link.up)
			lem_tx_flush(&sim->sc);
	}
	return work;
}

void
sim_refill(struct sim *sim)
{
	struct lem_rx_ring *r = &sim->sc.rx;
	uint64_t pa;

	do {
		pa = sim_pa(sim, sim->rx_data) +
		    (uint64_t)r->next_to_use * r->buf_bytes;
	} while (lem_rx_refill(&sim->sc, &pa, 1) == 1);
	lem_rx_flush(&sim->sc);
}

int
sim_send_id(struct sim *sim, uint64_t id)
{
	struct lem_tx_seg seg = { .len_bytes = 60 };
	struct lem_tx_pkt pkt = { .seg = &seg, .segs = 1 };
	uint8_t *slot =
	    sim->tx_data + (size_t)sim->sc.tx.next_to_use * SIM_TX_SLOT;

	seg.pa = sim_pa(sim, slot);
	if (lem_tx_free(&sim->sc.tx) >= pkt.segs)
		memcpy(slot, &id, sizeof(id));
	return lem_tx_encap(&sim->sc, &pkt);
}

uint32_t
sim_gather(const struct sim *sim, const struct e82540_packet *packet,
    uint8_t *buf, uint32_t size)
{
	unsigned int i = sim->config.vnet_hdr_bytes != 0;
	uint32_t at = 0, len;

	for (; i < packet->iovs; i++) {
		len = (uint32_t)packet->iov[i].len;
		if (at + len <= size)
			memcpy(buf + at, packet->iov[i].base, len);
		at += len;
	}
	return at;
}
