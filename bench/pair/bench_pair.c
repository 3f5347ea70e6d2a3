/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_pair: what a packet costs in driver and model, without a hypervisor.
 *
 * The driver core and the NIC model run in one process on a fake clock, with a
 * network that takes every packet and does not look at it.  For comparison it
 * measures the floor: the least that any NIC with rings in memory does for a
 * packet, which is to copy the frame once, and to write, read, complete and
 * reclaim one descriptor.
 *
 * Nanoseconds are medians of interleaved rounds; instructions are counted by
 * callgrind, and are exact.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "e82540.h"
#include "lem.h"
#include "opts.h"

#define RING		256u
#define SLOT_BYTES	2048u
#define RAM_BYTES	(4u << 20)
#define RAM		0x100000ull	/* bus address */
#define AT_TX		0x0000u
#define AT_RX		0x4000u
#define AT_RSQ		0x8000u
#define AT_TX_DATA	0x10000u
#define AT_RX_DATA	0x200000u
#define TSO_BYTES	61440u

#define NUMBER_MAX	1000000000u	/* of runs, of packets */

#define ITR		488u		/* 125 us, as in lem-bench */
#define PACKET_NS	400u		/* of a packet, on the fake clock */
#define CLOCK_PACKETS	16u		/* the clock moves for 16 at once */

/* ------------------------------------------------------------ the machine */

struct sim {
	_Atomic(uint64_t) now_ns;
	uint64_t timer_ns;
	bool line;
	_Atomic(uint32_t) doorbell[E82540_DOORBELL_BYTES / 4];
};

static struct machine {
	struct sim sim;
	struct lem sc;
	struct e82540 *dev;
	struct e82540_config config;
	uint8_t *ram;
	uint64_t sent;
} m;

static void
bench_die(const char *what)
{
	fprintf(stderr, "bench_pair: %s\n", what);
	exit(1);
}

static void
clock_advance(struct sim *sim, uint64_t ns)
{
	uint64_t now = atomic_load_explicit(&sim->now_ns, memory_order_relaxed);

	now += ns;
	atomic_store_explicit(&sim->now_ns, now, memory_order_relaxed);
	if (sim->timer_ns > now)
		return;
	sim->timer_ns = E82540_NEVER;
	e82540_run(m.dev, now);
}

void
sim_udelay(struct sim *sim, unsigned int us)
{
	clock_advance(sim, us * 1000ull);
}

bool
sim_doorbell_read(struct sim *sim, uint32_t reg, uint32_t *value)
{
	if (reg - E82540_DOORBELL_OFFSET >= E82540_DOORBELL_BYTES)
		return false;
	*value =
	    atomic_load_explicit(&sim->doorbell[(reg - E82540_DOORBELL_OFFSET) /
				     4],
		memory_order_relaxed);
	return true;
}

bool
sim_doorbell_write(struct sim *sim, uint32_t reg, uint32_t value)
{
	if (reg - E82540_DOORBELL_OFFSET >= E82540_DOORBELL_BYTES)
		return false;
	atomic_store_explicit(&sim->doorbell[(reg - E82540_DOORBELL_OFFSET) /
				  4],
	    value, memory_order_release);
	return true;
}

static void
host_interrupt(void *ctx, bool asserted)
{
	(void)ctx;
	m.sim.line = asserted;
}

static void
host_timer(void *ctx, uint64_t at_ns)
{
	(void)ctx;
	m.sim.timer_ns = at_ns;
}

static unsigned int
host_send(void *ctx, const struct e82540_packet *packet, unsigned int n)
{
	(void)ctx;
	(void)packet;
	m.sent += n;
	return n;
}

static const struct e82540_host host = {
	.interrupt = host_interrupt,
	.timer = host_timer,
	.send = host_send,
};

static void
handle_interrupt(void)
{
	if (m.sim.line)
		lem_intr_dispatch(&m.sc, lem_intr_cause(&m.sc));
}

static void
power_on(bool header)
{
	struct e82540_region region = { RAM, RAM_BYTES, NULL, true };

	memset(&m, 0, sizeof(m));
	m.ram = aligned_alloc(4096, RAM_BYTES);
	m.dev = aligned_alloc(E82540_ALIGN,
	    (e82540_size() + E82540_ALIGN - 1) & ~(E82540_ALIGN - 1ul));
	if (m.ram == NULL || m.dev == NULL)
		bench_die("no memory");
	memset(m.ram, 0x5a, RAM_BYTES);
	memset(m.ram, 0, AT_TX_DATA);
	m.config.api = E82540_API;
	m.config.chip = E82540_82540EM;
	m.config.host = &host;
	m.config.mac[0] = 0x02;
	if (header) {
		m.config.vnet_hdr_bytes = 10;
		m.config.offloads = E82540_OFFLOAD_CSUM | E82540_OFFLOAD_TSO4 |
		    E82540_OFFLOAD_TSO6;
	}
	region.host = m.ram;
	m.sim.timer_ns = E82540_NEVER;
	if (e82540_init(m.dev, &m.config, 0) != 0 ||
	    e82540_memory_set(m.dev, &region, 1) != 0)
		bench_die("the model refuses its configuration");
	e82540_pci_write(m.dev, 0, E82540_PCI_COMMAND, 2,
	    E82540_PCI_MEMORY | E82540_PCI_MASTER);
	e82540_link_set(m.dev, 0, true);
	clock_advance(&m.sim, 1);
}

static void
ring_refill(void)
{
	uint64_t pa[RING];
	struct lem_rx_ring *r = &m.sc.rx;
	uint16_t i, n = 0, at = r->next_to_use;

	for (i = (at + 1) % RING; i != r->next_to_clean; i = (i + 1) % RING) {
		pa[n++] = RAM + AT_RX_DATA + at * SLOT_BYTES;
		at = i;
	}
	lem_rx_refill(&m.sc, pa, n);
	lem_rx_flush(&m.sc);
}

static void
driver_up(enum lem_combine combine, bool header)
{
	struct lem_moderation moderation = { .itr = ITR };

	power_on(header);
	m.sc.os.sim = &m.sim;
	m.sc.os.dev = m.dev;
	m.sc.os.now_ns = &m.sim.now_ns;
	m.sc.device_id = E1000_DEV_82540EM;
	if (lem_attach(&m.sc) != 0 ||
	    lem_tx_ring_init(&m.sc, (void *)(m.ram + AT_TX), RAM + AT_TX,
		(void *)(m.ram + AT_RSQ), RING, 4) != 0 ||
	    lem_rx_ring_init(&m.sc, (void *)(m.ram + AT_RX), RAM + AT_RX, RING,
		SLOT_BYTES) != 0 ||
	    lem_filter_set(&m.sc, LEM_FILTER_PROMISC, NULL, 0) != 0 ||
	    lem_moderation_set(&m.sc, &moderation) != 0 ||
	    lem_tx_combine_set(&m.sc, combine) != 0 || lem_start(&m.sc) != 0)
		bench_die("the driver does not come up");
	ring_refill();
	lem_intr_enable(&m.sc);
	handle_interrupt();
	lem_link_update(&m.sc);
	if (!m.sc.link.up)
		bench_die("no link");
}

static void
power_off(void)
{
	free(m.dev);
	free(m.ram);
}

/* -------------------------------------------------------------- workloads */

struct cell {
	const char *name;
	void (*run)(const struct cell *cell, uint64_t packets);
	uint32_t len_bytes;
	enum lem_combine combine;
	bool header;		/* offloads are the network's */
	uint16_t flags;		/* LEM_TX_* */
	bool doorbells;		/* TDT is memory, looked at now and then */
	const char *what;	/* or NULL */
};

/*
 * The floor: driver and device as two loops over one ring, in batches of half
 * of it.  Volatile, as rings in shared memory are.
 */
static void
run_floor(const struct cell *cell, uint64_t packets)
{
	volatile union e1000_tx_any_desc *ring = (void *)(m.ram + AT_TX);
	uint8_t *data = m.ram + AT_TX_DATA, *out = m.ram + AT_RX_DATA;
	uint64_t done = 0, sum = 0;
	unsigned int i, slot, len;

	while (done < packets) {
		for (i = 0; i < RING / 2; i++) {
			slot = (done + i) % RING;
			ring[slot].qword[0] = slot * SLOT_BYTES;
			ring[slot].qword[1] = cell->len_bytes;
		}
		for (i = 0; i < RING / 2; i++) {
			slot = (done + i) % RING;
			len = ring[slot].legacy.length;
			memcpy(out + slot * SLOT_BYTES,
			    data + ring[slot].qword[0], len);
			ring[slot].legacy.status = E1000_TXD_STAT_DD;
		}
		for (i = 0; i < RING / 2; i++)
			sum += ring[(done + i) % RING].legacy.status;
		done += RING / 2;
	}
	if (sum != done)
		bench_die("the floor lost a packet");
}

static void
run_tx(const struct cell *cell, uint64_t packets)
{
	struct lem_tx_seg seg[4];
	struct lem_tx_pkt pkt = {
		.seg = seg,
		.segs = 1,
		.flags = cell->flags,
		.l2_len = 14,
		.l3_len = 20,
		.l4_len = 20,
		.mss = 1448,
		.len_bytes = cell->len_bytes,
	};
	uint64_t i, before = m.sent;
	uint32_t left;

	for (i = 0; i < packets; i++) {
		seg[0].pa =
		    RAM + AT_TX_DATA + m.sc.tx.next_to_use % RING * SLOT_BYTES;
		seg[0].len_bytes = cell->len_bytes;
		if (cell->len_bytes > LEM_SEG_MAX) {
			left = cell->len_bytes;
			for (pkt.segs = 0; left > 0; pkt.segs++) {
				seg[pkt.segs].pa = RAM + AT_TX_DATA;
				seg[pkt.segs].len_bytes =
				    left < LEM_SEG_MAX ? left : LEM_SEG_MAX;
				left -= seg[pkt.segs].len_bytes;
			}
		}
		if (lem_tx_encap(&m.sc, &pkt) < 0)
			bench_die("a packet was refused");
		lem_tx_doorbell(&m.sc);
		if (lem_tx_low(&m.sc.tx))
			lem_tx_make_room(&m.sc);
		if (i % CLOCK_PACKETS == 0) {
			if (cell->doorbells)
				(void)e82540_transmit(m.dev, m.sim.now_ns);
			clock_advance(&m.sim, CLOCK_PACKETS * PACKET_NS);
		}
		handle_interrupt();
	}
	lem_tx_flush(&m.sc);
	if (cell->doorbells)
		while (e82540_transmit(m.dev, m.sim.now_ns))
			continue;
	lem_tx_reclaim(&m.sc);
	if (m.sent - before < packets || m.sc.tx.stats.guard_flushes != 0)
		bench_die("packets were lost");
}

static void
run_rx(const struct cell *cell, uint64_t packets)
{
	struct lem_rx_frag frag[8];
	struct lem_rx_pkt pkt = { .frag = frag, .frags_max = 8 };
	struct e82540_frame frame[32];
	uint64_t done = 0, got = 0;
	unsigned int i;

	for (i = 0; i < 32; i++) {
		frame[i].data = m.ram + AT_TX_DATA + i * SLOT_BYTES;
		frame[i].len_bytes = cell->len_bytes;
		frame[i].flags = E82540_FRAME_CSUM_VALID;
	}
	while (done < packets) {
		done += e82540_receive(m.dev, m.sim.now_ns, frame, 32);
		clock_advance(&m.sim, 32 * PACKET_NS);
		handle_interrupt();
		while (lem_rx_pkt_get(&m.sc, &pkt) == 1)
			got++;
		ring_refill();
	}
	if (got != done)
		bench_die("frames were lost");
}

#define CSUM	(LEM_TX_IP_CSUM | LEM_TX_TCP_CSUM)

static const struct cell cells[] = {
	{ .name = "floor.60",
	    .run = run_floor,
	    .len_bytes = 60,
	    .what = "copy a frame, use a descriptor" },
	{ .name = "floor.1514", .run = run_floor, .len_bytes = 1514 },
	{ .name = "tx.60",
	    .run = run_tx,
	    .len_bytes = 60,
	    .combine = LEM_COMBINE_ON,
	    .what = "driver + model, send combining" },
	{ .name = "tx.1514",
	    .run = run_tx,
	    .len_bytes = 1514,
	    .combine = LEM_COMBINE_ON,
	    .what = "zero-copy" },
	{ .name = "tx.60.off",
	    .run = run_tx,
	    .len_bytes = 60,
	    .what = "a TDT write a packet" },
	{ .name = "tx.60.memory",
	    .run = run_tx,
	    .len_bytes = 60,
	    .doorbells = true,
	    .what = "... into memory" },
	{ .name = "tx.1514.csum",
	    .run = run_tx,
	    .len_bytes = 1514,
	    .combine = LEM_COMBINE_ON,
	    .flags = CSUM,
	    .what = "the model sums" },
	{ .name = "tx.1514.hdr",
	    .run = run_tx,
	    .len_bytes = 1514,
	    .combine = LEM_COMBINE_ON,
	    .header = true,
	    .flags = CSUM,
	    .what = "the network will sum" },
	{ .name = "tx.60k.tso",
	    .run = run_tx,
	    .len_bytes = TSO_BYTES,
	    .combine = LEM_COMBINE_ON,
	    .flags = LEM_TX_TSO | CSUM,
	    .what = "the model segments" },
	{ .name = "tx.60k.hdr",
	    .run = run_tx,
	    .len_bytes = TSO_BYTES,
	    .combine = LEM_COMBINE_ON,
	    .header = true,
	    .flags = LEM_TX_TSO | CSUM,
	    .what = "the network will segment" },
	{ .name = "rx.60",
	    .run = run_rx,
	    .len_bytes = 60,
	    .combine = LEM_COMBINE_ON,
	    .what = "model + driver, with FCS" },
	{ .name = "rx.1514",
	    .run = run_rx,
	    .len_bytes = 1514,
	    .combine = LEM_COMBINE_ON },
};

#define CELLS (sizeof(cells) / sizeof(cells[0]))

/* Put a TCP/IPv4 header in every buffer, so that offloads have work. */
static void
put_headers(void)
{
	static const uint8_t header[54] = { 0x02, 1, 2, 3, 4, 5, 0x02, 1, 2, 3,
		4, 6, 0x08, 0x00, 0x45, 0, 0x05, 0xdc, 0, 1, 0, 0, 64, 6, 0, 0,
		10, 0, 0, 1, 10, 0, 0, 2, 0x12, 0x34, 0, 80, 0, 0, 0, 1, 0, 0,
		0, 2, 0x50, 0x10, 0xff, 0xff };
	unsigned int i;

	for (i = 0; i < RING; i++)
		memcpy(m.ram + AT_TX_DATA + i * SLOT_BYTES, header,
		    sizeof(header));
}

static void
cell_set_up(const struct cell *cell)
{
	driver_up(cell->combine, cell->header);
	put_headers();
	if (cell->doorbells)
		m.sc.os.doorbells = e82540_doorbell_open(m.dev, m.sim.now_ns,
					m.sim.doorbell) == 0;
}

/* ------------------------------------------------------------ measurement */

static double
time_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double
time_ns(const struct cell *cell, uint64_t packets)
{
	double start, ns;

	cell_set_up(cell);
	cell->run(cell, packets / 8 + 1);	/* warm */
	start = time_seconds();
	cell->run(cell, packets);
	ns = (time_seconds() - start) * 1e9 / (double)packets;
	power_off();
	return ns;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median_of(double *value, unsigned int n)
{
	qsort(value, n, sizeof(*value), by_value);
	return n & 1 ? value[n / 2] : (value[n / 2 - 1] + value[n / 2]) / 2;
}

/* Callgrind's count for so many packets; negative without callgrind. */
static double
callgrind_count(const char *self, const struct cell *cell, unsigned int packets)
{
	char command[512], line[256];
	double collected = -1;
	FILE *out;

	snprintf(command, sizeof(command),
	    "valgrind --tool=callgrind --callgrind-out-file=/dev/null "
	    "'%s' --cell %s --packets %u 2>&1 </dev/null",
	    self, cell->name, packets);
	out = popen(command, "r");
	if (out == NULL)
		return -1;
	while (fgets(line, sizeof(line), out) != NULL)
		if (strstr(line, "Collected :") != NULL)
			collected = strtod(strchr(line, ':') + 1, NULL);
	return pclose(out) == 0 ? collected : -1;
}

static double
callgrind_per_packet(const char *self, const struct cell *cell)
{
	unsigned int few = cell->len_bytes > LEM_SEG_MAX ? 512 : 2560;
	double a = callgrind_count(self, cell, few),
	       b = callgrind_count(self, cell, few * 3);

	return a < 0 || b < 0 ? -1 : (b - a) / (few * 2);
}

struct result {
	double ns, ratio, count;
};

static unsigned int
floor_of(unsigned int i)
{
	return cells[i].len_bytes == 60 ? 0 : 1;
}

static void
print_table(const struct result *r, const char *why)
{
	unsigned int i;

	printf("%-14s %10s %9s %13s\n", "cell", "ns/packet", "x floor",
	    "instructions");
	for (i = 0; i < CELLS; i++) {
		printf("%-14s %10.1f %9.2f ", cells[i].name, r[i].ns,
		    r[i].ratio);
		if (r[i].count < 0)
			printf("%13s", "-");
		else
			printf("%13.1f", r[i].count);
		printf("  %s\n", cells[i].what != NULL ? cells[i].what : "");
	}
	printf("1514 bytes cost %.2f times what 60 cost.\n", r[3].ns / r[2].ns);
	if (r[0].count < 0)
		printf("No instructions: %s.\n", why);
}

static int
write_json(const char *path, const struct result *r, unsigned int runs,
    uint64_t packets)
{
	FILE *f = fopen(path, "w");
	unsigned int i;

	if (f == NULL) {
		perror(path);
		return 1;
	}
	fprintf(f, "{\n  \"bench\": \"bench_pair\", \"version\": \"%s\",\n",
	    LEM_VERSION);
	fprintf(f, "  \"runs\": %u, \"packets\": %llu, \"ring\": %u,\n", runs,
	    (unsigned long long)packets, RING);
	fprintf(f, "  \"tx_1514_over_60\": %.4f,\n", r[3].ns / r[2].ns);
	fprintf(f, "  \"cells\": {\n");
	for (i = 0; i < CELLS; i++) {
		fprintf(f, "    \"%s\": { \"ns\": %.3f, \"x_floor\": %.4f, ",
		    cells[i].name, r[i].ns, r[i].ratio);
		if (r[i].count < 0)
			fprintf(f, "\"instructions\": null }");
		else
			fprintf(f, "\"instructions\": %.2f }", r[i].count);
		fprintf(f, "%s\n", i + 1 < CELLS ? "," : "");
	}
	fprintf(f, "  }\n}\n");
	if (ferror(f) || fclose(f) != 0) {
		perror(path);
		return 1;
	}
	return 0;
}

/* ------------------------------------------------------------------- main */

static void
usage_print(void)
{
	(void)fputs(
	    "usage: bench_pair [--json FILE] [--runs N] [--packets N]\n"
	    "                  [--no-count] [--cell NAME]\n"
	    "\n"
	    "Times a packet through the driver core and the NIC model in one\n"
	    "process, beside the floor: a copy of the frame and a descriptor.\n"
	    "\n"
	    "  --json FILE   write the results there, too\n"
	    "  --runs N      rounds, of which the median counts (9)\n"
	    "  --packets N   packets of a round (200000)\n"
	    "  --no-count    no instructions (valgrind counts them)\n"
	    "  --cell NAME   only run that cell, print nothing\n"
	    "  --help, --version\n"
	    "\n"
	    "Exit status: 0, 1 failed, 2 usage.\n",
	    stdout);
}

struct options {
	const char *json, *cell;
	uint64_t packets, runs;
	bool counted;
};

enum {
	OPT_JSON = COMMAND_OWN,
	OPT_RUNS,
	OPT_PACKETS,
	OPT_NO_COUNT,
	OPT_CELL,
};

static const struct option long_options[] = {
	{ "json", required_argument, NULL, OPT_JSON },
	{ "runs", required_argument, NULL, OPT_RUNS },
	{ "packets", required_argument, NULL, OPT_PACKETS },
	{ "no-count", no_argument, NULL, OPT_NO_COUNT },
	{ "cell", required_argument, NULL, OPT_CELL },
	{ 0 },
};

static int
number_take(const char *text, const char *what, uint64_t *n, struct err *err)
{
	if (parse_number(text, what, NUMBER_MAX, n, err) == 0 && *n > 0)
		return 0;
	(void)err_usage(err, "must be a number from 1 to %u", NUMBER_MAX);
	return err_value(err, what, text);
}

static int
option_take(void *ctx, int option, const char *text, struct err *err)
{
	struct options *o = ctx;

	switch (option) {
	case OPT_JSON:
		return parse_file(text, "--json", &o->json, err);
	case OPT_RUNS:
		return number_take(text, "--runs", &o->runs, err);
	case OPT_PACKETS:
		return number_take(text, "--packets", &o->packets, err);
	case OPT_NO_COUNT:
		o->counted = false;
		return 0;
	default:
		o->cell = text;
		return 0;
	}
}

static int
run_one(const char *name, uint64_t packets)
{
	unsigned int i;

	for (i = 0; i < CELLS; i++) {
		if (strcmp(cells[i].name, name) != 0)
			continue;
		cell_set_up(&cells[i]);
		cells[i].run(&cells[i], packets);
		power_off();
		return 0;
	}
	fprintf(stderr, "bench_pair: no cell is called %s\n", name);
	return 2;
}

static void
progress_show(const char *what, const char *cell)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K%s %s", what, cell);
}

static void
cells_measure(struct result *r, unsigned int runs, uint64_t packets)
{
	double *ns = calloc((size_t)runs * CELLS, sizeof(*ns));
	double *ratio = calloc(runs, sizeof(*ratio));
	unsigned int i, run;
	uint64_t n;

	if (ns == NULL || ratio == NULL)
		bench_die("no memory");
	for (run = 0; run < runs; run++)
		for (i = 0; i < CELLS; i++) {
			n = packets;
			if (cells[i].len_bytes > LEM_SEG_MAX)
				n = packets / 32 + 1;
			progress_show("timing", cells[i].name);
			ns[i * runs + run] = time_ns(&cells[i], n);
		}
	for (i = 0; i < CELLS; i++) {
		for (run = 0; run < runs; run++)
			ratio[run] =
			    ns[i * runs + run] / ns[floor_of(i) * runs + run];
		r[i].ratio = median_of(ratio, runs);
	}
	for (i = 0; i < CELLS; i++)
		r[i].ns = median_of(ns + (size_t)i * runs, runs);
	free(ns);
	free(ratio);
}

int
main(int argc, char **argv)
{
	struct options o = { .packets = 200000, .runs = 9, .counted = true };
	const struct command command = { "bench_pair", long_options, NULL,
		usage_print, option_take, &o };
	const char *why = "valgrind is not here";
	struct result r[CELLS];
	struct err err;
	unsigned int i;
	int parsed;

	command_standard_fds();
	parsed = command_parse(&command, argc, argv, &err);
	if (parsed < 0)
		fprintf(stderr, "bench_pair: %s\n", err.text);
	if (parsed != 0)
		return parsed > 0 ? 0 : err.usage ? 2 : 1;
	if (o.cell != NULL)
		return run_one(o.cell, o.packets);
	if (!o.counted)
		why = "--no-count";

	cells_measure(r, (unsigned int)o.runs, o.packets);
	for (i = 0; i < CELLS; i++) {
		r[i].count = -1;
		if (o.counted) {
			progress_show("counting", cells[i].name);
			r[i].count = callgrind_per_packet(argv[0], &cells[i]);
			o.counted = r[i].count >= 0;
		}
	}
	progress_show("", "");
	print_table(r, why);
	return o.json == NULL ?
	    0 :
	    write_json(o.json, r, (unsigned int)o.runs, o.packets);
}
