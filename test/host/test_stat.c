/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lem-stat makes of the statistics of a NIC that runs: the view in each
 * size of a terminal, lines of JSON, Prometheus' text.  And what it makes of
 * answers that are wrong or hostile.
 */
#include <ctype.h>
#include <math.h>

#include "lines.h"
#include "nic_rig.h"
#include "rates.h"
#include "stats.h"
#include "view.h"

#define PACKETS		500u
#define FRAMES		300u

static struct guest *guest;
static struct programs all;

static struct nic *
nic_at(void *ctx, unsigned int i)
{
	(void)ctx;
	return i == 0 ? guest->nic : NULL;
}

static void
own_put(void *ctx, struct json *out)
{
	static unsigned int exits;

	(void)ctx;
	exits += 1000;
	json_put(out, "\"exits\":%u,\"requests\":%u,", exits, exits / 10);
}

static const struct stats_source source = { "lem-test", own_put, nic_at, NULL };

static void
all_begin(size_t n)
{
	size_t i;

	all.at = calloc(n, sizeof(*all.at));
	assert_non_null(all.at);
	all.n = n;
	for (i = 0; i < n; i++) {
		all.at[i].given = true;
		(void)snprintf(all.at[i].path, sizeof(all.at[i].path),
		    "/nowhere/%zu", i);
	}
}

/* Its answer now, as the program would give it. */
static void
sample(struct program *p)
{
	struct json out = { .used = 0 };

	stats_put(&out, &source);
	assert_true(program_take(p, out.text, out.used));
}

/* All that the functions print, until the next call. */
enum what {
	VIEW,
	JSON,
	METRICS,
};

static const char *
printed(enum what what, unsigned int width, unsigned int height)
{
	static char *text;
	struct view view = { width, height, 0, "hint" };
	size_t bytes;
	FILE *out;

	free(text);
	out = open_memstream(&text, &bytes);
	assert_non_null(out);
	if (what == VIEW)
		view_put(out, &all, &view);
	else if (what == JSON)
		json_lines_put(out, &all, 1234.5);
	else
		metrics_put(out, &all);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(strlen(text), bytes);
	return text;
}

static void
holds(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no '%s' in:\n%s", part, text);
}

/* The guest sees a frame before it is counted, the NIC later what it frees. */
static void
settle(void)
{
	uint64_t end = wall_ns() + STALL_NS;
	struct nic_stats s;

	do {
		assert_true(wall_ns() < end);
		s = stats_of(guest);
	} while (s.counters.rx_packets < FRAMES ||
	    s.counters.tx_packets < PACKETS || s.rx_free < COUNT_RING - 1);
}

/* A NIC that has sent PACKETS and received FRAMES between two samples. */
static void
traffic(void)
{
	guest = guest_new(&(
	    struct how){ .doorbell = NIC_DOORBELL_MAPPED, .moderation = true });
	mapped_wait(guest);
	all_begin(1);
	sample(&all.at[0]);
	peer_start(guest);
	guest->peer.want = FRAMES;
	assert_true(tx_burst(guest, PACKETS));
	assert_true(all_done(guest));
	settle();
	sample(&all.at[0]);
}

static void
traffic_end(void)
{
	programs_free(&all);
	guest_end(guest);
}

static void
is_near(double is, double should)
{
	if (!(fabs(is - should) <= fabs(should) * 1e-9))
		fail_msg("%g, not %g", is, should);
}

/* ------------------------------------------------------------------- rates */

static void
test_rates(void **state)
{
	struct nic_stats s;
	struct span p, nic;

	(void)state;
	traffic();
	s = stats_of(guest);
	p = program_span(&all.at[0]);
	assert_true(p.seconds > 0);
	assert_int_equal(span_nics(&p), 1);
	nic = span_nic(&p, 0);
	is_near(span_rate(&nic, "tx_packets") * p.seconds, PACKETS);
	is_near(span_rate(&nic, "rx_packets") * p.seconds, FRAMES);
	is_near(program_packets(&p) * p.seconds, PACKETS + FRAMES);
	is_near(span_rate(&p, "exits") * p.seconds, 1000);
	assert_true(span_rate(&nic, "rung") > 0);
	assert_true(span_rate(&nic, "interrupts") > 0);
	assert_true(nic_accesses(&nic) > 0);
	assert_true(nic_drops(&nic) == 0);
	is_near(number_of(nic.now, "tx_ring"), COUNT_RING);
	is_near(number_of(nic.now, "rx_ring"), COUNT_RING);
	is_near(number_of(nic.now, "tx_used"), 0);
	is_near(number_of(nic.now, "rx_free"), COUNT_RING - 1);
	is_near(number_of(nic.now, "link"), 1);
	is_near(number_of(nic.now, "itr_ns"), 100 * 256);
	is_near(number_of(nic.now, "rung"), (double)s.rung);
	assert_true(isnan(number_of(nic.now, "nonsense")));
	traffic_end();
}

/* A program that starts again at the same path begins anew. */
static void
test_restart(void **state)
{
	static const char first[] =
	    "{\"pid\":1,\"time_us\":1000000,\"nics\":[{\"tx_packets\":9}]}";
	static const char second[] =
	    "{\"pid\":1,\"time_us\":3000000,\"nics\":[{\"tx_packets\":29}]}";
	static const char other[] =
	    "{\"pid\":2,\"time_us\":4000000,\"nics\":[{\"tx_packets\":99}]}";
	struct program *p;
	struct span nic;

	(void)state;
	all_begin(1);
	p = &all.at[0];
	assert_true(program_take(p, first, strlen(first)));
	assert_true(
	    isnan(program_packets(&(struct span){ p->now, NULL, NAN })));
	assert_true(program_take(p, second, strlen(second)));
	nic = program_span(p);
	nic = span_nic(&nic, 0);
	is_near(span_rate(&nic, "tx_packets"), 10);
	/* Silent once: the rate is over both intervals. */
	assert_false(program_take(p, "", 0));
	assert_false(p->answers);
	assert_true(program_take(p, other, strlen(other)));
	assert_null(p->before);
	/* Its clock went back: another program of the same number. */
	assert_true(program_take(p, first, strlen(first)));
	assert_true(program_take(p, first, strlen(first)));
	assert_null(p->before);
	programs_free(&all);
}

/* -------------------------------------------------------------------- view */

static void
fits(const char *text, unsigned int width, unsigned int height)
{
	unsigned int lines = 0;
	size_t n;

	for (; *text != '\0'; text += n + 1, lines++) {
		n = strcspn(text, "\n");
		assert_int_equal(text[n], '\n');
		if (n > width)
			fail_msg("%zu columns, not %u: %.*s", n, width, (int)n,
			    text);
	}
	if (lines > height)
		fail_msg("%u lines, not %u", lines, height);
}

static void
test_view(void **state)
{
	const char *text;

	(void)state;
	traffic();
	text = printed(VIEW, 80, 24);
	print_message("%s", text);
	fits(text, 80, 24);
	holds(text, "1 program, 1 NIC  hint\n");
	holds(text, "TX p/s RX p/s TX b/s RX b/s  IRQ/s TRAP/s SEEN/s TURN/s");
	holds(text, " ACC/p DROP/s\n");
	holds(text, "lem-test " LEM_VERSION "  pid ");
	holds(text, "CPU ");
	holds(text, "s/p  exits ");
	holds(text, "  0 BUSY  ");
	holds(text,
	    "52:54:00:12:34:56  ITR 25.6 us  tx 0/256 waiting  "
		    "rx 255/256 free\n");
	assert_null(strstr(text, "dropped"));
	assert_null(strstr(text, "no link"));
	holds(printed(VIEW, 120, 24), "/p  requests ");
	traffic_end();
}

/* Whatever the size, no line is too long, and there are not too many. */
static void
test_sizes(void **state)
{
	unsigned int width, height, i;

	(void)state;
	traffic();
	programs_free(&all);
	all_begin(5);
	for (i = 0; i < 3; i++) {
		sample(&all.at[i]);
		sample(&all.at[i]);
		all.at[i].pid = 4194303;
	}
	for (width = 1; width <= 300; width++)
		fits(printed(VIEW, width, 0), width, 100);
	for (height = 1; height <= 40; height++) {
		fits(printed(VIEW, 80, height), 80, height);
		fits(printed(VIEW, 20, height), 20, height);
	}
	/* Everything; a line for each NIC; not all of that. */
	holds(printed(VIEW, 80, 24), "rx 255/256 free");
	assert_null(strstr(printed(VIEW, 80, 24), " more lines"));
	assert_null(strstr(printed(VIEW, 80, 10), "rx 255/256 free"));
	assert_null(strstr(printed(VIEW, 80, 10), " more lines"));
	holds(printed(VIEW, 80, 9), "... 2 more lines: make the terminal");
	holds(printed(VIEW, 80, 24), "/nowhere/4  does not answer\n");
	traffic_end();
}

/* The reasons of drops, and their rates. */
static void
test_drops(void **state)
{
	static const char before[] =
	    "{\"pid\":1,\"time_us\":1000000,\"nics\":[{\"rx_dropped\":9,"
	    "\"refused\":4}]}";
	static const char now[] =
	    "{\"pid\":1,\"time_us\":2000000,\"nics\":[{\"rx_dropped\":109,"
	    "\"refused\":4,\"link\":false,\"itr_ns\":0,\"hold_ns\":0}]}";
	const char *text;

	(void)state;
	all_begin(1);
	assert_true(program_take(&all.at[0], before, strlen(before)));
	assert_true(program_take(&all.at[0], now, strlen(now)));
	text = printed(VIEW, 80, 24);
	holds(text, "    dropped: 4 backend refused, 109 no room (+100/s)\n");
	holds(text, "  no link  ITR off  ");
	holds(text, "    100\n");
	programs_free(&all);
}

/* The cable is out: that is why the guest has no link. */
static void
test_cable(void **state)
{
	static const char now[] =
	    "{\"pid\":1,\"time_us\":2000000,\"nics\":[{\"link\":false,"
	    "\"cable\":false,\"itr_ns\":0,\"hold_ns\":0}]}";
	const char *text;

	(void)state;
	all_begin(1);
	assert_true(program_take(&all.at[0], now, strlen(now)));
	text = printed(VIEW, 80, 24);
	holds(text, "  cable out  ITR off  ");
	assert_null(strstr(text, "no link"));
	programs_free(&all);
}

/* The interval in force is the longer one. */
static void
test_hold(void **state)
{
	static const char holds_longer[] =
	    "{\"nics\":[{\"itr_ns\":100000,\"hold_ns\":350000}]}";
	static const char holds_shorter[] =
	    "{\"nics\":[{\"itr_ns\":100000,\"hold_ns\":50000}]}";

	(void)state;
	all_begin(1);
	assert_true(
	    program_take(&all.at[0], holds_longer, strlen(holds_longer)));
	holds(printed(VIEW, 80, 24), "  hold 350.0 us  tx");
	holds(printed(METRICS, 0, 0), "} 0.00035\n");
	assert_true(
	    program_take(&all.at[0], holds_shorter, strlen(holds_shorter)));
	holds(printed(VIEW, 80, 24), "  ITR 100.0 us  tx");
	programs_free(&all);
}

static void
number_is(double value, const char *should)
{
	char text[16];

	view_number(text, value);
	assert_string_equal(text, should);
	assert_true(strlen(text) <= 6);
}

static void
ratio_is(double value, const char *should)
{
	char text[16];

	view_ratio(text, value);
	assert_string_equal(text, should);
	assert_true(strlen(text) <= 6);
}

static void
test_numbers(void **state)
{
	(void)state;
	number_is((double)NAN, "-");
	number_is(0, "0");
	number_is(0.021, "0.02");
	number_is(0.999, "1.0");
	number_is(7, "7");
	number_is(7.26, "7.3");
	number_is(9.96, "10");
	number_is(999.4, "999");
	number_is(999.5, "1.00k");
	number_is(12345, "12.3k");
	number_is(999499, "999k");
	number_is(999501, "1.00M");
	number_is(13.4e6, "13.4M");
	number_is(6.4e9, "6.40G");
	number_is(1e300, "999T");
	ratio_is((double)NAN, "-");
	ratio_is(0, "0");
	ratio_is(0.00001, "0.0000");
	ratio_is(0.0041, "0.0041");
	ratio_is(0.5, "0.50");
	ratio_is(1.03, "1.03");
	ratio_is(12.3, "12");
}

/* -------------------------------------------------------------------- JSON */

static void
test_json(void **state)
{
	json_t *line, *rates, *nic, *stats;
	const char *text;

	(void)state;
	traffic();
	text = printed(JSON, 0, 0);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	line = json_loads(text, 0, NULL);
	assert_non_null(line);
	assert_true(number_of(line, "time") == 1234.5);
	assert_true(json_is_true(json_object_get(line, "answers")));
	rates = json_object_get(line, "rates");
	nic = json_array_get(json_object_get(rates, "nics"), 0);
	is_near(number_of(nic, "tx_packets") * number_of(line, "seconds"),
	    PACKETS);
	assert_true(number_of(nic, "drops") == 0);
	assert_true(number_of(nic, "accesses_per_packet") > 0);
	assert_true(number_of(rates, "cpu") > 0);
	assert_true(number_of(rates, "cpu_ns_per_packet") > 0);
	is_near(number_of(rates, "exits_per_packet"),
	    1000.0 / (PACKETS + FRAMES));
	stats = json_object_get(line, "stats");
	assert_true(json_equal(stats, all.at[0].now));
	json_decref(line);
	/* Silent: still a line. */
	all.at[0].answers = false;
	assert_string_equal(printed(JSON, 0, 0),
	    "{\"time\":1234.5,\"control\":\"/nowhere/0\","
	    "\"answers\":false}\n");
	traffic_end();
}

/* ----------------------------------------------------------------- metrics */

/* A name of Prometheus', without the prefixes of other programs. */
static size_t
name_check(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz_");

	assert_true(n > 4 && strncmp(text, "lem_", 4) == 0);
	return n;
}

/* {label="value",...} and a number. */
static void
sample_check(const char *at, const char *end)
{
	char *after;
	size_t n;

	assert_int_equal(*at, '{');
	do {
		at++;
		n = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
		assert_true(n > 0 && at[n] == '=' && at[n + 1] == '"');
		at += n + 2;
		at += strcspn(at, "\"\\\n");
		assert_int_equal(*at++, '"');
	} while (*at == ',');
	assert_int_equal(at[0], '}');
	assert_int_equal(at[1], ' ');
	assert_true(isfinite(strtod(at + 2, &after)));
	assert_ptr_equal(after, end);
}

/*
 * "# HELP name text", "# TYPE name type", then this name's samples.  What
 * counts ends in _total, and nothing else does.
 */
static void
metrics_check(const char *text)
{
	char name[64] = "", type[80] = "", seen[4096] = "";
	const char *end;
	size_t n, prefix = strlen("# HELP ");
	bool total;

	for (; *text != '\0'; text = end + 1) {
		end = strchr(text, '\n');
		assert_non_null(end);
		if (strncmp(text, "# HELP ", prefix) == 0) {
			n = name_check(text + prefix);
			(void)snprintf(name, sizeof(name), "%.*s", (int)n,
			    text + prefix);
			assert_true(end - text > (ptrdiff_t)(prefix + n + 5));
			assert_null(strstr(seen, name));
			n = strlen(seen);
			(void)snprintf(seen + n, sizeof(seen) - n, "%s ", name);
			continue;
		}
		if (text[0] == '#') {
			(void)snprintf(type, sizeof(type), "# TYPE %s ", name);
			assert_int_equal(strncmp(text, type, strlen(type)), 0);
			total = strlen(name) > 6 &&
			    strcmp(name + strlen(name) - 6, "_total") == 0;
			assert_int_equal(strncmp(text + strlen(type),
					     total ? "counter\n" : "gauge\n",
					     total ? 8 : 6),
			    0);
			continue;
		}
		n = name_check(text);
		assert_int_equal(n, strlen(name));
		assert_int_equal(strncmp(text, name, n), 0);
		sample_check(text + n, end);
	}
}

static void
test_metrics(void **state)
{
	char line[128];
	const char *text;

	(void)state;
	traffic();
	text = printed(METRICS, 0, 0);
	print_message("%s", text);
	metrics_check(text);
	(void)snprintf(line, sizeof(line),
	    "lem_nic_packets_total{program=\"lem-test\",pid=\"%d\",nic=\"0\","
	    "direction=\"transmit\"} %u\n",
	    (int)getpid(), PACKETS);
	holds(text, line);
	holds(text, ",mac=\"52:54:00:12:34:56\",state=\"busy\"} 1\n");
	holds(text, ",state=\"parked\"} 0\n");
	holds(text, "lem_nic_interrupt_interval_seconds{program=");
	holds(text, "} 2.56e-05\n");
	holds(text, ",reason=\"no_room\"} 0\n");
	/* Silent: that it is. */
	all.at[0].answers = false;
	text = printed(METRICS, 0, 0);
	metrics_check(text);
	holds(text, ",control=\"/nowhere/0\"} 0\n");
	assert_null(strstr(text, "lem_nic_packets_total{"));
	traffic_end();
}

/* ----------------------------------------------------------------- hostile */

/* No control characters, whatever a program answers. */
static void
harmless(const struct program *p)
{
	const char *text;
	unsigned int i;

	(void)p;
	for (i = VIEW; i <= METRICS; i++) {
		for (text = printed(i, 80, 24); *text != '\0'; text++)
			if (*text != '\n' && !isprint((unsigned char)*text))
				fail_msg("character %d", *text);
	}
	fits(printed(VIEW, 80, 24), 80, 24);
	metrics_check(printed(METRICS, 80, 24));
}

static void
test_hostile(void **state)
{
	static const char *const bad[] = { "", "\n", "{", "[]", "1", "null",
		"stats", "{\"nics\":{}}", "{\"nics\":1}",
		"{\"error\":\"unknown command\"}", "{\"nics\":[]",
		"{\"nics\":[{\"traps\":99999999999999999999}]}",
		"{\"nics\":[\"\xff\"]}" };
	static const char *const odd[] = { "{\"nics\":[]}",
		"{\"nics\":[1,\"x\",null,[],{}],\"pid\":\"x\"}",
		"{\"pid\":-5,\"time_us\":1e308,\"cpu_us\":-1e308,\"nics\":["
		"{\"tx_packets\":-1,\"rx_packets\":1e308,\"tx_ring\":1e300,"
		"\"itr_ns\":-7,\"refused\":1e308}]}",
		"{\"program\":\"\\u001b[2J\\\"\\\\\","
		"\"version\":\"\\n\\u0007\","
		"\"nics\":[{\"mac\":\"\\u009b1m\\\"\","
		"\"state\":\"\\u001b]0;x\"}]}" };
	char deep[20000];
	unsigned int i, j;

	(void)state;
	all_begin(1);
	for (i = 0; i < COUNT(bad); i++)
		assert_false(program_take(&all.at[0], bad[i], strlen(bad[i])));
	memset(deep, '[', sizeof(deep));
	assert_false(program_take(&all.at[0], deep, sizeof(deep)));
	programs_free(&all);
	for (i = 0; i < COUNT(odd); i++) {
		all_begin(1);
		for (j = 0; j < 3; j++) {
			assert_true(
			    program_take(&all.at[0], odd[i], strlen(odd[i])));
			harmless(&all.at[0]);
		}
		programs_free(&all);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_view),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_drops),
		cmocka_unit_test(test_cable),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
