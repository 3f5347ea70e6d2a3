/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The results as JSON.  The keys of a cell are an interface: add, never rename
 * or remove.  One cell a line, so that a diff of two runs can be read.
 */
#include "results.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define LEM_JSON_SCHEMA	1

static const char *const row_keys[] = {
	[LEM_ROW_STANDARD] = "standard",
	[LEM_ROW_COMBINED_ALONE] = "combined-alone",
	[LEM_ROW_MODERATED] = "moderated",
	[LEM_ROW_INTERRUPT] = "interrupt",
	[LEM_ROW_ORIGINAL] = "original",
	[LEM_ROW_COMBINED] = "combined",
	[LEM_ROW_VIRTIO] = "virtio",
	[LEM_ROW_VIRTIO_POLL] = "virtio-poll",
};
_Static_assert(COUNT(row_keys) == LEM_ROWS, "a row has no key");

/* By enum lem_combine: which comes first when a batch is done. */
static const char *const orders[] = { NULL, "doorbell-first", "reclaim-first" };

/*
 * utf8_length: bytes of the character at s, 0 where s is no well-formed UTF-8
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

/* put_char: one character of a string; returns the bytes it took. */
static size_t
put_char(FILE *out, const unsigned char *s)
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
put_string(FILE *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	putc('"', out);
	while (*s != '\0')
		s += put_char(out, s);
	putc('"', out);
}

static void
put_string_key(FILE *out, const char *key, const char *text)
{
	fprintf(out, "\"%s\":", key);
	put_string(out, text);
	putc(',', out);
}

/* put_reason: a string, null for an empty one. */
static void
put_reason(FILE *out, const char *key, const char *text)
{
	fprintf(out, ",\"%s\":", key);
	if (text[0] == '\0')
		fprintf(out, "null");
	else
		put_string(out, text);
}

/* put_number: JSON knows no NAN and no infinity; seven digits are plenty. */
static void
put_number(FILE *out, const char *key, double v)
{
	if (isfinite(v))
		fprintf(out, "\"%s\":%.7g", key, v);
	else
		fprintf(out, "\"%s\":null", key);
}

static const char *
boolean(bool v)
{
	return v ? "true" : "false";
}

static void
put_machine(FILE *out, const struct lem_machine *m)
{
	fprintf(out, "\"machine\":{");
	put_string_key(out, "cpu", m->cpu);
	put_string_key(out, "kernel", m->kernel);
	put_string_key(out, "os", m->os);
	put_string_key(out, "qemu", m->qemu);
	put_string_key(out, "kvm", m->kvm);
	put_string_key(out, "date", m->date);
	fprintf(out, "\"cores\":%u,", m->cores);
	put_number(out, "sink_kpps", m->sink_kpps);
	fprintf(out, "}");
}

/* put_word: one of our own, null for NULL. */
static void
put_word(FILE *out, const char *key, const char *word)
{
	if (word == NULL)
		fprintf(out, "\"%s\":null,", key);
	else
		put_string_key(out, key, word);
}

/* put_identity: what the cell runs. */
static void
put_identity(FILE *out, const struct lem_cell *c)
{
	put_string_key(out, "id", c->id);
	put_string_key(out, "host", c->host);
	put_string_key(out, "nic", c->nic);
	put_string_key(out, "driver", c->driver);
	put_string_key(out, "guest", c->guest);
	put_string_key(out, "workload", c->workload);
	put_string_key(out, "sink", c->sink);
	fprintf(out,
	    "\"frame\":%u,\"moderation\":%s,\"mit_enable\":%s,"
	    "\"itr\":%u,",
	    c->frame, boolean(c->moderation), boolean(c->mit_enable != 0),
	    c->itr);
	put_word(out, "row",
	    (unsigned int)c->row < LEM_ROWS ? row_keys[c->row] : NULL);
	put_word(out, "order",
	    c->mit_enable < COUNT(orders) ? orders[c->mit_enable] : NULL);
	put_word(out, "doorbell", c->doorbell);
	fprintf(out, "\"sweep\":%s,", boolean(c->sweep));
}

/* put_rates: how fast it was. */
static void
put_rates(FILE *out, const struct lem_cell *c)
{
	bool run = c->kpps.runs > 0;

	fprintf(out, "\"kpps\":{");
	put_number(out, "median", run ? c->kpps.median : NAN);
	putc(',', out);
	put_number(out, "min", run ? c->kpps.min : NAN);
	putc(',', out);
	put_number(out, "max", run ? c->kpps.max : NAN);
	fprintf(out, ",\"runs\":%u},", c->kpps.runs);
	put_number(out, "ratio", c->ratio);
	putc(',', out);
	put_number(out, "boot_ms", c->boot_ms);
	if (!lem_cell_freebsd(c))
		return;
	putc(',', out);
	put_number(out, "ratio_virtio", c->ratio_virtio);
	putc(',', out);
	put_number(out, "rfc_kpps", c->rfc_kpps);
	putc(',', out);
	put_number(out, "interrupts_s", c->interrupts_s);
}

/* put_loss: null where no receiver looked: nobody knows. */
static void
put_loss(FILE *out, const struct lem_cell *c, const char *key, uint64_t value)
{
	if (lem_cell_checked(c))
		fprintf(out, ",\"%s\":%ju", key, (uintmax_t)value);
	else
		fprintf(out, ",\"%s\":null", key);
}

/* put_costs: what a packet cost, and what became of it. */
static void
put_costs(FILE *out, const struct lem_cell *c)
{
	fprintf(out, ",\"per_packet\":{");
	put_number(out, "doorbells", c->per_packet.doorbells);
	putc(',', out);
	put_number(out, "interrupts", c->per_packet.interrupts);
	putc(',', out);
	put_number(out, "registers", c->per_packet.registers);
	putc(',', out);
	put_number(out, "exits", c->per_packet.exits);
	putc(',', out);
	put_number(out, "host_cpu_us", c->per_packet.host_cpu_us);
	putc(',', out);
	put_number(out, "deferred", c->per_packet.deferred);
	putc(',', out);
	put_number(out, "ring_full", c->per_packet.ring_full);
	fprintf(out, "},");
	put_number(out, "batch_max", c->batch_max);
	fprintf(out, ",\"rtt_us\":{");
	put_number(out, "p50", c->rtt_p50_us);
	putc(',', out);
	put_number(out, "p99", c->rtt_p99_us);
	putc('}', out);
	put_loss(out, c, "lost", c->lost);
	put_loss(out, c, "duplicated", c->duplicated);
	put_loss(out, c, "reordered", c->reordered);
	put_loss(out, c, "corrupted", c->corrupted);
	fprintf(out, ",\"guard_flushes\":%ju", (uintmax_t)c->guard_flushes);
}

static void
put_cell(FILE *out, const struct lem_cell *c)
{
	putc('{', out);
	put_identity(out, c);
	put_rates(out, c);
	put_costs(out, c);
	put_reason(out, "skipped", c->skipped);
	put_reason(out, "failed", c->failed);
	putc('}', out);
}

static void
put_results(FILE *out, const struct lem_results *r)
{
	size_t i;

	fprintf(out, "{\"schema\":%d,\n", LEM_JSON_SCHEMA);
	put_machine(out, &r->machine);
	fprintf(out, ",\n");
	put_number(out, "seconds", r->seconds);
	fprintf(out, ",\"runs\":%u,\"interrupted\":%s,\n\"cells\":[", r->runs,
	    boolean(r->interrupted));
	for (i = 0; i < r->cells; i++) {
		fprintf(out, i == 0 ? "\n" : ",\n");
		put_cell(out, &r->cell[i]);
	}
	fprintf(out, "\n]}\n");
}

int
lem_json_write(FILE *out, const struct lem_results *r)
{
	/* The user's locale may write a decimal comma; JSON may not. */
	locale_t c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0), old;
	int error = 0;

	if (c == (locale_t)0)
		return -errno;
	old = uselocale(c);
	errno = 0;
	put_results(out, r);
	if (fflush(out) != 0 || ferror(out))
		error = errno != 0 ? -errno : -EIO;
	uselocale(old);
	freelocale(c);
	return error;
}
