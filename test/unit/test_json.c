/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The results as JSON.
 */
#include "results_rig.h"

#include <errno.h>
#include <locale.h>

/* json_text: the JSON, a string that the caller frees. */
static char *
json_text(void)
{
	char *memory = NULL;
	size_t bytes;
	FILE *out = open_memstream(&memory, &bytes);

	assert_non_null(out);
	assert_int_equal(lem_json_write(out, &results), 0);
	fclose(out);
	return memory;
}

/*
 * A checker of JSON (RFC 8259): each returns what follows, NULL for an error.
 */
static const char *check_value(const char *s);

static const char *
skip_space(const char *s)
{
	return s + strspn(s, " \t\r\n");
}

static const char *
check_string(const char *s)
{
	if (*s++ != '"')
		return NULL;
	for (; *s != '"'; s++) {
		if ((unsigned char)*s < ' ')
			return NULL;
		if (*s != '\\')
			continue;
		s++;
		if (*s == 'u') {
			if (strspn(s + 1, "0123456789abcdefABCDEF") < 4)
				return NULL;
			s += 4;
		} else if (*s == '\0' || strchr("\"\\/bfnrt", *s) == NULL) {
			return NULL;
		}
	}
	return s + 1;
}

static const char *
check_digits(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n > 0 ? s + n : NULL;
}

static const char *
check_number(const char *s)
{
	s += *s == '-';
	if (*s == '0' && s[1] >= '0' && s[1] <= '9')
		return NULL;
	s = check_digits(s);
	if (s != NULL && *s == '.')
		s = check_digits(s + 1);
	if (s != NULL && (*s == 'e' || *s == 'E')) {
		s++;
		s = check_digits(s + (*s == '+' || *s == '-'));
	}
	return s;
}

/* check_list: an array or, with keys, an object, after its bracket. */
static const char *
check_list(const char *s, char end, bool keys)
{
	s = skip_space(s);
	if (*s == end)
		return s + 1;
	for (;; s++) {
		if (keys) {
			s = check_string(skip_space(s));
			if (s == NULL || *(s = skip_space(s)) != ':')
				return NULL;
			s++;
		}
		s = check_value(s);
		if (s == NULL)
			return NULL;
		s = skip_space(s);
		if (*s != ',')
			return *s == end ? s + 1 : NULL;
	}
}

static const char *
check_value(const char *s)
{
	static const char *const words[] = { "null", "true", "false" };
	size_t i;

	s = skip_space(s);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strncmp(s, words[i], strlen(words[i])) == 0)
			return s + strlen(words[i]);
	if (*s == '{')
		return check_list(s + 1, '}', true);
	if (*s == '[')
		return check_list(s + 1, ']', false);
	return *s == '"' ? check_string(s) : check_number(s);
}

static void
assert_json(const char *text)
{
	const char *end = check_value(text);

	if (end == NULL || *skip_space(end) != '\0')
		fail_msg("not JSON:\n%s", text);
}

static void
test_checker(void **state)
{
	static const char *const bad[] = {
		"{",
		"[1,]",
		"{\"a\"}",
		"nan",
		"01",
		"1.",
		"\"\t\"",
		"\"\\x\"",
		"\"\\u12\"",
		"-",
		"1e",
		"{\"a\":1,}",
		"\"",
	};
	size_t i;

	(void)state;
	assert_json("{\"a\":[1,-2.5e-3,null,true,\"\\u00e9\\n\"],\"b\":{}}");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_null(check_value(bad[i]));
}

static void
test_json_golden(void **state)
{
	static const char want[] =
	    "{\"schema\":1,\n"
	    "\"machine\":{\"cpu\":\"CPU\",\"kernel\":\"Linux 6.1\","
	    "\"os\":\"Debian 12\",\"qemu\":\"7.2\","
	    "\"nic_qemu\":\"7.2\",\"kvm\":\"nested\","
	    "\"date\":\"2026-01-02\",\"cores\":2,\"sink_kpps\":null},\n"
	    "\"seconds\":0.5,\"runs\":5,\"interrupted\":false,\n"
	    "\"cells\":[\n"
	    "{\"id\":\"kvm.tx.null.original\",\"vmm\":\"qemu-kvm\","
	    "\"host\":\"qemu-kvm\","
	    "\"nic\":\"e1000\",\"driver\":\"lem\",\"guest\":\"bare\","
	    "\"workload\":\"tx\",\"sink\":\"dgram\",\"frame\":60,"
	    "\"moderation\":true,\"adaptive\":false,\"mit_enable\":true,"
	    "\"mit_mode\":\"original\",\"itr\":488,"
	    "\"driver_adaptive\":false,"
	    "\"row\":\"original\",\"order\":\"reclaim-first\","
	    "\"doorbell\":null,"
	    "\"sweep\":false,\"kpps\":{\"median\":768,\"min\":729.6,"
	    "\"max\":806.4,\"runs\":5},\"ratio\":44.4,"
	    "\"mbit_s\":null,"
	    "\"boot_ms\":150,"
	    "\"interrupts_s\":7800,\"interrupt_us\":45.5,"
	    "\"interrupt_share\":0.355,\"itr_end\":null,"
	    "\"learned_us\":null,\"line_ns\":53,"
	    "\"per_packet\":{\"doorbells\":1,\"interrupts\":0.24,"
	    "\"registers\":1.5,\"exits\":1.5,\"host_cpu_us\":57.8,"
	    "\"deferred\":0.5,\"ring_full\":0,\"round_trips\":null,"
	    "\"exits_by\":{\"irq\":0.25,\"irq_window\":0,"
	    "\"mmio\":1.24,\"io\":0,\"halt\":null}},"
	    "\"batch_max\":254,"
	    "\"rtt_us\":{\"p50\":null,\"p99\":null},\"lost\":0,"
	    "\"duplicated\":0,\"reordered\":0,\"corrupted\":"
	    "18446744073709551615,\"guard_flushes\":3,\"skipped\":null,"
	    "\"failed\":\"it burnt\"}\n]}\n";
	struct lem_cell *c;
	char *text;

	(void)state;
	c = add_cell("kvm.tx.null.original", LEM_ROW_ORIGINAL, 768, 44.4);
	c->sink = LEM_SINK_DGRAM;
	c->corrupted = UINT64_MAX;
	c->guard_flushes = 3;
	SET(c->failed, "it burnt");
	text = json_text();
	assert_string_equal(text, want);
	assert_json(text);
	free(text);
}

static void
test_json_many(void **state)
{
	char *text;

	(void)state;
	fill();
	fill_sweep();
	results.interrupted = true;
	text = json_text();
	assert_json(text);
	assert_has(text, "\"order\":\"doorbell-first\"");
	assert_has(text, "\"order\":null");
	assert_has(text, "\"sweep\":true");
	assert_has(text, "\"interrupted\":true");
	assert_has(text, "\"rtt_us\":{\"p50\":161,\"p99\":470}");
	free(text);
	results.cells = 0;
	text = json_text();
	assert_json(text);
	assert_has(text, "\"cells\":[\n]");
	free(text);
}

/* NAN, infinity, and what stands in kpps without a measurement. */
static void
test_json_absent(void **state)
{
	struct lem_cell *c;
	char *text;

	(void)state;
	c = add_cell("a", LEM_ROW_STANDARD, 1, NAN);
	c->kpps.runs = 0;
	c->per_packet.exits = INFINITY;
	c->per_packet.registers = -INFINITY;
	SET(c->skipped, "no KVM");
	text = json_text();
	assert_json(text);
	assert_has(text,
	    "\"kpps\":{\"median\":null,\"min\":null,"
	    "\"max\":null,\"runs\":0},\"ratio\":null");
	assert_has(text, "\"registers\":null,\"exits\":null");
	assert_has(text, "\"skipped\":\"no KVM\"");
	assert_has(text, "\"lost\":null,\"duplicated\":null");
	assert_lacks(text, "nan");
	assert_lacks(text, "inf");
	free(text);
}

static void
test_json_escaping(void **state)
{
	struct lem_cell *c;
	char *text;

	(void)state;
	c = add_cell("a", LEM_ROW_STANDARD, 1, 1);
	SET(c->failed, "q\" b\\ n\n t\t r\r b\b f\f e\033 d\177 / <");
	SET(results.machine.cpu, "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
	/* Stray, overlong, surrogate, too large, cut short. */
	SET(results.machine.os,
	    "\xff|\xc0\xaf|\xed\xa0\x80|"
	    "\xf4\x90\x80\x80|\xe2\x82");
	text = json_text();
	assert_json(text);
	assert_has(text,
	    "\"q\\\" b\\\\ n\\n t\\t r\\r b\\b f\\f e\\u001b "
	    "d\\u007f / <\"");
	assert_has(text, "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
	assert_has(text,
	    "\"\\ufffd|\\ufffd\\ufffd|\\ufffd\\ufffd\\ufffd|"
	    "\\ufffd\\ufffd\\ufffd\\ufffd|\\ufffd\\ufffd\"");
	free(text);
}

static void
test_json_full_device(void **state)
{
	FILE *out = fopen("/dev/full", "w");

	(void)state;
	if (out == NULL)
		skip();
	fill();
	assert_int_equal(lem_json_write(out, &results), -ENOSPC);
	fclose(out);
}

static void
test_json_locale(void **state)
{
	static const char *const comma[] = {
		"de_DE.UTF-8",
		"de_DE.utf8",
		"fr_FR.UTF-8",
		"it_IT.UTF-8",
	};
	const char *found = NULL;
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < 4 && found == NULL; i++)
		found = setlocale(LC_ALL, comma[i]);
	if (found == NULL)
		skip();
	add_cell("a", LEM_ROW_STANDARD, 17.25, 1);
	text = json_text();
	assert_string_equal(localeconv()->decimal_point, ",");
	setlocale(LC_ALL, "C");
	assert_json(text);
	assert_has(text, "\"median\":17.25");
	free(text);
}

/* A row added to the enum has a name. */
static void
test_json_rows(void **state)
{
	char *text;
	int i;

	(void)state;
	for (i = 0; i < LEM_ROWS; i++)
		add_cell("a", (enum lem_row)i, 17.3, 1);
	text = json_text();
	assert_has(text, "\"row\":\"modified-alone\"");
	assert_lacks(text, "(null)");
	free(text);
}

static void
test_json_lem_nic(void **state)
{
	char *text;

	(void)state;
	fill();
	fill_nic();
	text = json_text();
	assert_json(text);
	assert_has(text, "\"vmm\":\"lem-nic-tcg\"");
	assert_has(text, "\"row\":\"stock\"");
	assert_has(text, "\"ratio_virtio\":17.9,\"ratio_virtio_polled\":13.1,");
	assert_has(text, "\"round_trips\":0.00412,");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checker),
		cmocka_unit_test_setup(test_json_rows, setup),
		cmocka_unit_test_setup(test_json_golden, setup),
		cmocka_unit_test_setup(test_json_many, setup),
		cmocka_unit_test_setup(test_json_absent, setup),
		cmocka_unit_test_setup(test_json_escaping, setup),
		cmocka_unit_test_setup(test_json_full_device, setup),
		cmocka_unit_test_setup(test_json_locale, setup),
		cmocka_unit_test_setup(test_json_lem_nic, setup),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
