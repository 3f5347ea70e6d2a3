/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdlib.h>

#include "lines.h"
#include "rates.h"

/* JSON has no NAN. */
static void
put_number(json_t *object, const char *key, double value)
{
	(void)json_object_set_new(object, key,
	    isfinite(value) ? json_real(value) : json_null());
}

/* The keys of a NIC that count. */
static const char *const counted[] = { "tx_packets", "rx_packets", "tx_bytes",
	"rx_bytes", "interrupts", "traps", "rung", "turns", "reg_reads",
	"reg_writes", "held" };

static json_t *
nic_object(const struct span *nic)
{
	double packets = nic_packets(nic);
	json_t *object = json_object();
	size_t i;

	for (i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
		put_number(object, counted[i], span_rate(nic, counted[i]));
	for (i = 0; i < DROPS; i++)
		put_number(object, drops[i].key, span_rate(nic, drops[i].key));
	put_number(object, "drops", nic_drops(nic));
	put_number(object, "accesses_per_packet",
	    per(nic_accesses(nic), packets));
	return object;
}

static json_t *
rates_object(const struct span *s)
{
	json_t *object = json_object(), *nics = json_array();
	double packets = program_packets(s);
	struct span nic;
	size_t i;

	put_number(object, "cpu", span_rate(s, "cpu_us") / 1e6);
	put_number(object, "cpu_ns_per_packet",
	    per(span_rate(s, "cpu_us") * 1000, packets));
	put_number(object, "exits", span_rate(s, "exits"));
	put_number(object, "exits_per_packet",
	    per(span_rate(s, "exits"), packets));
	put_number(object, "requests", span_rate(s, "requests"));
	put_number(object, "requests_per_packet",
	    per(span_rate(s, "requests"), packets));
	for (i = 0; i < span_nics(s); i++) {
		nic = span_nic(s, i);
		(void)json_array_append_new(nics, nic_object(&nic));
	}
	(void)json_object_set_new(object, "nics", nics);
	return object;
}

static json_t *
program_object(const struct program *p, double time_s)
{
	struct span s = program_span(p);
	json_t *object = json_object();
	char path[PROGRAM_PATH_BYTES];

	text_clean(path, sizeof(path), p->path);
	put_number(object, "time", time_s);
	(void)json_object_set_new(object, "control", json_string(path));
	(void)json_object_set_new(object, "answers", json_boolean(p->answers));
	if (!p->answers)
		return object;
	put_number(object, "seconds", s.seconds);
	(void)json_object_set_new(object, "rates", rates_object(&s));
	(void)json_object_set(object, "stats", p->now);
	return object;
}

void
json_lines_put(FILE *out, const struct programs *all, double time_s)
{
	json_t *object;
	size_t i;

	for (i = 0; i < all->n; i++) {
		object = program_object(&all->at[i], time_s);
		(void)json_dumpf(object, out,
		    JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15));
		(void)fputc('\n', out);
		json_decref(object);
	}
}
