/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The results as JSON.  The keys of a cell are an interface: add some, never
 * rename or remove one.  One cell a line, so that one can read a diff of two
 * runs.
 */
#include "results.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#define LEM_JSON_SCHEMA	1

/* Which comes first when a batch is done. */
static const char *const orders[LEM_MIT_MODES] = {
	[LEM_MIT_ON] = "doorbell-first",
	[LEM_MIT_ORIGINAL] = "reclaim-first",
};

/*
 * utf8_length: bytes of the character at s, 0 if it is not well-formed UTF-8
 * (RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF).
 */
static size_t
utf8_length(const unsigned char *s)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t i, n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = 2 + (s[0] >= 0xe0) + (s[0] >= 0xf0);
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	for (i = 1; i < n; i++) {
		if (s[i] < low || s[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return n;
}

/* json_char: one character of a string; returns the bytes it took. */
static size_t
json_char(FILE *out, const unsigned char *s)
{
	static const char plain[] = "\b\f\n\r\t\"\\", letter[] = "bfnrt\"\\";
	const char *escape = strchr(plain, *s);
	size_t n = utf8_length(s);

	if (n == 0)
		fprintf(out, "\\ufffd");	/* as every decoder would */
	else if (escape != NULL)
		fprintf(out, "\\%c", letter[escape - plain]);
	else if (*s < ' ' || *s == 0x7f)
		fprintf(out, "\\u%04x", *s);
	else
		fwrite(s, 1, n, out);
	return n == 0 ? 1 : n;
}

static void
json_string(FILE *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	putc('"', out);
	while (*s != '\0')
		s += json_char(out, s);
	putc('"', out);
}

static void
json_string_key(FILE *out, const char *key, const char *text)
{
	fprintf(out, "\"%s\":", key);
	json_string(out, text);
	putc(',', out);
}

/* json_reason: a string, or null for an empty one. */
static void
json_reason(FILE *out, const char *key, const char *text)
{
	fprintf(out, ",\"%s\":", key);
	if (text[0] == '\0')
		fprintf(out, "null");
	else
		json_string(out, text);
}

/* json_number: JSON has no NAN and no infinity; seven digits are plenty. */
static void
json_number(FILE *out, const char *key, double v)
{
	if (isfinite(v))
		fprintf(out, "\"%s\":%.7g", key, v);
	else
		fprintf(out, "\"%s\":null", key);
}

static const char *
json_bool(bool v)
{
	return v ? "true" : "false";
}

static void
json_machine(FILE *out, const struct lem_machine *m)
{
	fprintf(out, "\"machine\":{");
	json_string_key(out, "cpu", m->cpu);
	json_string_key(out, "kernel", m->kernel);
	json_string_key(out, "os", m->os);
	json_string_key(out, "qemu", m->qemu);
	json_string_key(out, "nic_qemu", m->nic_qemu);
	json_string_key(out, "kvm", m->kvm);
	json_string_key(out, "date", m->date);
	fprintf(out, "\"cores\":%u,", m->cores);
	json_number(out, "sink_kpps", m->sink_kpps);
	fprintf(out, "}");
}

/* json_word: a string, or null for NULL. */
static void
json_word(FILE *out, const char *key, const char *word)
{
	if (word == NULL)
		fprintf(out, "\"%s\":null,", key);
	else
		json_string_key(out, key, word);
}

/* json_identity: what the cell runs. */
static void
json_identity(FILE *out, const struct lem_cell *c)
{
	json_string_key(out, "id", c->id);
	json_string_key(out, "vmm", lem_vmms[c->vmm].name);
	/* "host" is the older key of the same. */
	json_string_key(out, "host", lem_vmms[c->vmm].name);
	json_string_key(out, "nic", lem_nics[lem_drivers[c->driver].nic]);
	json_string_key(out, "driver", lem_drivers[c->driver].name);
	json_string_key(out, "guest", lem_guests[c->guest].name);
	json_string_key(out, "workload", lem_workloads[c->workload]);
	json_string_key(out, "sink", lem_sinks[c->sink]);
	fprintf(out, "\"frame\":%u,\"moderation\":%s,", c->frame,
	    json_bool(c->moderation));
	fprintf(out, "\"adaptive\":%s,", json_bool(lem_rows[c->row].adaptive));
	fprintf(out, "\"mit_enable\":%s,\"mit_mode\":\"%s\",\"itr\":%u,",
	    json_bool(c->mit_enable != LEM_MIT_OFF),
	    lem_mit_modes[c->mit_enable], c->itr);
	fprintf(out, "\"driver_adaptive\":%s,", json_bool(c->driver_adaptive));
	json_string_key(out, "row", lem_rows[c->row].id);
	json_word(out, "order", orders[c->mit_enable]);
	json_word(out, "doorbell", lem_doorbells[c->doorbell]);
	fprintf(out, "\"sweep\":%s,", json_bool(c->sweep));
}

/* json_rates: how fast it was. */
static void
json_rates(FILE *out, const struct lem_cell *c)
{
	const struct {
		const char *key;
		double value;
	} numbers[] = {
		{ "ratio", c->ratio },
		{ "mbit_s", c->mbit_s },
		{ "boot_ms", c->boot_ms },
		{ "interrupts_s", c->interrupts_s },
		{ "interrupt_us", c->interrupt_us },
		{ "interrupt_share", c->interrupt_share },
		{ "itr_end", c->itr_end },
		{ "learned_us", c->learned_us },
		{ "line_ns", c->line_ns },
	};
	bool run = c->kpps.runs > 0;
	size_t i;

	fprintf(out, "\"kpps\":{");
	json_number(out, "median", run ? c->kpps.median : NAN);
	putc(',', out);
	json_number(out, "min", run ? c->kpps.min : NAN);
	putc(',', out);
	json_number(out, "max", run ? c->kpps.max : NAN);
	fprintf(out, ",\"runs\":%u}", c->kpps.runs);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		putc(',', out);
		json_number(out, numbers[i].key, numbers[i].value);
	}
	if (!lem_cell_has_system(c) && !lem_vmms[c->vmm].lem_nic)
		return;
	putc(',', out);
	json_number(out, "ratio_virtio", c->ratio_virtio);
	putc(',', out);
	if (!lem_cell_has_system(c)) {
		json_number(out, "ratio_virtio_polled", c->ratio_polled);
		return;
	}
	json_number(out, "rfc_kpps", c->rfc_kpps);
}

/* json_loss: null where no receiver looked. */
static void
json_loss(FILE *out, const struct lem_cell *c, const char *key, uint64_t value)
{
	if (lem_cell_checked(c))
		fprintf(out, ",\"%s\":%ju", key, (uintmax_t)value);
	else
		fprintf(out, ",\"%s\":null", key);
}

/* json_costs: what a packet cost, and how many were lost. */
static void
json_costs(FILE *out, const struct lem_cell *c)
{
	unsigned int i;

	fprintf(out, ",\"per_packet\":{");
	json_number(out, "doorbells", c->per_packet.doorbells);
	putc(',', out);
	json_number(out, "interrupts", c->per_packet.interrupts);
	putc(',', out);
	json_number(out, "registers", c->per_packet.registers);
	putc(',', out);
	json_number(out, "exits", c->per_packet.exits);
	putc(',', out);
	json_number(out, "host_cpu_us", c->per_packet.host_cpu_us);
	putc(',', out);
	json_number(out, "deferred", c->per_packet.deferred);
	putc(',', out);
	json_number(out, "ring_full", c->per_packet.ring_full);
	putc(',', out);
	json_number(out, "round_trips", c->per_packet.round_trips);
	fputs(",\"exits_by\":{", out);
	for (i = 0; i < LEM_EXITS; i++) {
		if (i > 0)
			putc(',', out);
		json_number(out, lem_exits[i], c->per_packet.exits_by[i]);
	}
	fprintf(out, "}},");
	json_number(out, "batch_max", c->batch_max);
	fprintf(out, ",\"rtt_us\":{");
	json_number(out, "p50", c->rtt_p50_us);
	putc(',', out);
	json_number(out, "p99", c->rtt_p99_us);
	putc('}', out);
	json_loss(out, c, "lost", c->lost);
	json_loss(out, c, "duplicated", c->duplicated);
	json_loss(out, c, "reordered", c->reordered);
	json_loss(out, c, "corrupted", c->corrupted);
	fprintf(out, ",\"guard_flushes\":%ju", (uintmax_t)c->guard_flushes);
}

static void
json_cell(FILE *out, const struct lem_cell *c)
{
	putc('{', out);
	json_identity(out, c);
	json_rates(out, c);
	json_costs(out, c);
	json_reason(out, "skipped", c->skipped);
	json_reason(out, "failed", c->failed);
	putc('}', out);
}

static void
json_results(FILE *out, const struct lem_results *r)
{
	size_t i;

	fprintf(out, "{\"schema\":%d,\n", LEM_JSON_SCHEMA);
	json_machine(out, &r->machine);
	fprintf(out, ",\n");
	json_number(out, "seconds", r->seconds);
	fprintf(out, ",\"runs\":%u,\"interrupted\":%s,\n\"cells\":[", r->runs,
	    json_bool(r->interrupted));
	for (i = 0; i < r->cells; i++) {
		fprintf(out, i == 0 ? "\n" : ",\n");
		json_cell(out, &r->cell[i]);
	}
	fprintf(out, "\n]}\n");
}

int
lem_json_write(FILE *out, const struct lem_results *r)
{
	/* The user's locale may have a decimal comma; JSON has points. */
	locale_t c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0), old;
	int error = 0;

	if (c == (locale_t)0)
		return -errno;
	old = uselocale(c);
	errno = 0;
	json_results(out, r);
	if (fflush(out) != 0 || ferror(out))
		error = errno != 0 ? -errno : -EIO;
	uselocale(old);
	freelocale(c);
	return error;
}
