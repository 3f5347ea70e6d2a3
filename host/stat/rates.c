/* SPDX-License-Identifier: BSD-2-Clause */
#include "rates.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

double
number_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_boolean(value))
		return json_is_true(value) ? 1 : 0;
	return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

void
text_clean(char *text, size_t bytes, const char *from)
{
	size_t i;

	for (i = 0; i + 1 < bytes && from[i] != '\0'; i++)
		text[i] = isascii((unsigned char)from[i]) &&
			isprint((unsigned char)from[i]) &&
			strchr("\\\"", from[i]) == NULL ?
		    from[i] :
		    '?';
	text[i] = '\0';
}

void
text_of(char *text, size_t bytes, const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	text_clean(text, bytes, value != NULL ? value : "");
}

struct span
program_span(const struct program *p)
{
	struct span s = { p->now, p->before, (double)NAN };

	if (p->before != NULL)
		s.seconds = (number_of(p->now, "time_us") -
				number_of(p->before, "time_us")) /
		    1e6;
	return s;
}

size_t
span_nics(const struct span *program)
{
	return json_array_size(json_object_get(program->now, "nics"));
}

struct span
span_nic(const struct span *program, size_t i)
{
	struct span s = *program;

	s.now = json_array_get(json_object_get(s.now, "nics"), i);
	s.before = json_array_get(json_object_get(s.before, "nics"), i);
	return s;
}

double
span_rate(const struct span *s, const char *key)
{
	double more = number_of(s->now, key) - number_of(s->before, key);

	return more >= 0 ? more / s->seconds : (double)NAN;
}

double
nic_packets(const struct span *nic)
{
	return span_rate(nic, "tx_packets") + span_rate(nic, "rx_packets");
}

double
program_packets(const struct span *program)
{
	double sum = 0;
	struct span nic;
	size_t i;

	for (i = 0; i < span_nics(program); i++) {
		nic = span_nic(program, i);
		sum += nic_packets(&nic);
	}
	return sum;
}

double
nic_accesses(const struct span *nic)
{
	return span_rate(nic, "reg_reads") + span_rate(nic, "reg_writes");
}

double
per(double a, double b)
{
	return b > 0 ? a / b : (double)NAN;
}

const struct drop drops[DROPS] = {
	{ "refused", "backend refused", "backend_refused" },
	{ "tx_dropped", "peer stalled", "peer_stalled" },
	{ "bad_descriptor", "bad descriptors", "bad_descriptors" },
	{ "rx_dropped", "no room", "no_room" },
	{ "rx_no_link", "no link", "no_link" },
	{ "rx_disabled", "receiver off", "receiver_off" },
	{ "rx_runts", "runts", "runt" },
};

double
nic_drops(const struct span *nic)
{
	double rate, sum = 0;
	unsigned int i;

	for (i = 0; i < DROPS; i++) {
		rate = span_rate(nic, drops[i].key);
		sum += isnan(rate) ? 0 : rate;
	}
	return isnan(nic->seconds) ? (double)NAN : sum;
}
