/* SPDX-License-Identifier: BSD-2-Clause */
#include "stats.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"

void
json_put(struct json *out, const char *format, ...)
{
	size_t room = sizeof(out->text) - out->used;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(out->text + out->used, room, format, ap);
	va_end(ap);
	if (n > 0)
		out->used += (size_t)n < room ? (size_t)n : room - 1;
}

static void
count_put(struct json *out, const char *key, uint64_t count)
{
	json_put(out, "\"%s\":%" PRIu64 ",", key, count);
}

static void
now_put(struct json *out, const struct nic_stats *s)
{
	static const char *const states[] = {
		[NIC_TRAP] = "trap",
		[NIC_BUSY] = "busy",
		[NIC_TURNS] = "turns",
		[NIC_PARKED] = "parked",
	};
	const uint8_t *m = s->mac;

	json_put(out, "\"mac\":\"%02x:%02x:%02x:%02x:%02x:%02x\",", m[0], m[1],
	    m[2], m[3], m[4], m[5]);
	json_put(out, "\"state\":\"%s\",\"link\":%s,\"cable\":%s,",
	    states[s->state], s->link ? "true" : "false",
	    s->cable ? "true" : "false");
	count_put(out, "itr_ns", s->itr_ns);
	count_put(out, "tx_ring", s->tx_ring);
	count_put(out, "tx_used", s->tx_used);
	count_put(out, "rx_ring", s->rx_ring);
	count_put(out, "rx_free", s->rx_free);
}

/* How its doorbells came, and what its backend would not take. */
static void
doorbells_put(struct json *out, const struct nic_stats *s)
{
	count_put(out, "traps", s->traps);
	count_put(out, "busy", s->busy);
	count_put(out, "parked", s->parked);
	count_put(out, "faults", s->faults);
	count_put(out, "maps", s->maps);
	count_put(out, "slower", s->slower);
	count_put(out, "trap_cost_ns", s->trap_cost_ns);
	count_put(out, "looks", s->looks);
	count_put(out, "busy_us", s->busy_ns / 1000);
	count_put(out, "turns", s->turns);
	count_put(out, "rung", s->rung);
	count_put(out, "refused", s->refused);
}

/* In hexadecimal: a guest may have written what no signed number holds. */
static void
hex_put(struct json *out, const char *key, uint64_t value)
{
	json_put(out, "\"%s\":\"0x%" PRIx64 "\",", key, value);
}

static void
bad_put(struct json *out, const struct e82540_counters *c)
{
	count_put(out, "bad_access", c->bad_access);
	hex_put(out, "bad_access_where", c->bad_access_where);
	hex_put(out, "bad_access_value", c->bad_access_value);
	count_put(out, "bad_ring", c->bad_ring);
	hex_put(out, "bad_ring_where", c->bad_ring_where);
	hex_put(out, "bad_ring_value", c->bad_ring_value);
	count_put(out, "bad_address", c->bad_address);
	count_put(out, "bad_descriptor", c->bad_descriptor);
	json_put(out, "\"bad\":%" PRIu64,
	    c->bad_access + c->bad_ring + c->bad_address + c->bad_descriptor);
}

static void
moderation_put(struct json *out, const struct nic_stats *s)
{
	count_put(out, "held", s->held);
	count_put(out, "released_ring", s->released_ring);
	count_put(out, "released_pause", s->released_pause);
	count_put(out, "released_frame", s->released_frame);
	count_put(out, "released_half", s->released_half);
	count_put(out, "hold_ns", s->hold_ns);
	count_put(out, "interrupt_cost_ns", s->interrupt_cost_ns);
}

static void
counters_put(struct json *out, const struct e82540_counters *c)
{
	count_put(out, "reg_reads", c->reg_reads);
	count_put(out, "reg_writes", c->reg_writes);
	count_put(out, "interrupts", c->interrupts);
	count_put(out, "tx_packets", c->tx_packets);
	count_put(out, "tx_bytes", c->tx_bytes);
	count_put(out, "tx_sends", c->tx_sends);
	count_put(out, "tx_stopped", c->tx_stopped);
	count_put(out, "tx_dropped", c->tx_dropped);
	count_put(out, "rx_packets", c->rx_packets);
	count_put(out, "rx_bytes", c->rx_bytes);
	count_put(out, "rx_filtered", c->rx_filtered);
	count_put(out, "rx_waited", c->rx_waited);
	count_put(out, "rx_dropped", c->rx_dropped);
	count_put(out, "tx_no_fcs", c->tx_no_fcs);
	count_put(out, "rx_no_link", c->rx_no_link);
	count_put(out, "rx_disabled", c->rx_disabled);
	count_put(out, "rx_runts", c->rx_runts);
	count_put(out, "tdt_writes", c->tdt_writes);
	count_put(out, "rdt_writes", c->rdt_writes);
	count_put(out, "resets", c->resets);
	bad_put(out, c);
}

static void
nic_put(struct json *out, struct nic *nic)
{
	struct nic_stats s;

	nic_stats(nic, &s);
	json_put(out, "{");
	doorbells_put(out, &s);
	now_put(out, &s);
	moderation_put(out, &s);
	counters_put(out, &s.counters);
	json_put(out, "}");
}

void
stats_put(struct json *out, const struct stats_source *from)
{
	uint64_t cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID), now = now_ns();
	struct nic *nic;
	unsigned int i;

	json_put(out, "{");
	if (from->own != NULL)
		from->own(from->ctx, out);
	count_put(out, "cpu_us", cpu_ns / 1000);
	count_put(out, "time_us", now / 1000);
	json_put(out, "\"program\":\"%s\",\"pid\":%d,\"version\":\"%s\",",
	    from->program, (int)getpid(), LEM_VERSION);
	json_put(out, "\"nics\":[");
	for (i = 0; (nic = from->nic(from->ctx, i)) != NULL; i++) {
		json_put(out, "%s", i > 0 ? "," : "");
		nic_put(out, nic);
	}
	json_put(out, "]}\n");
}
