/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options: which are accepted, and which sentence refuses the others.
 */
#include "common.h"
#include "opts.h"

static struct opts opts;
static struct err err;

static void
opts_accepted(const char *text)
{
	memset(&err, 0, sizeof(err));
	assert_int_equal(opts_parse(&opts, text, &err), 0);
	assert_string_equal(err.text, "");
}

static void
opts_refused(const char *text, const char *why)
{
	assert_int_equal(opts_parse(&opts, text, &err), -1);
	says(&err, why);
	opts_free(&opts);
}

/* ------------------------------------------------------------------ parse */

static void
test_parse(void **state)
{
	(void)state;
	opts_accepted("backend=tap,ifname=tap0,vnet");
	assert_int_equal(opts.n, 3);
	assert_string_equal(opts_get(&opts, "backend"), "tap");
	assert_string_equal(opts_get(&opts, "ifname"), "tap0");
	assert_string_equal(opts_get(&opts, "vnet"), "on");
	assert_null(opts_get(&opts, "back"));
	assert_null(opts_get(&opts, "backends"));
	assert_null(opts_unused(&opts));
	opts_free(&opts);
	opts_free(&opts);
}

static void
test_parse_empty(void **state)
{
	(void)state;
	opts_accepted("");
	assert_int_equal(opts.n, 0);
	assert_null(opts_get(&opts, ""));
	assert_null(opts_unused(&opts));
	opts_free(&opts);
	opts_accepted("a=,b=x=y");
	assert_string_equal(opts_get(&opts, "a"), "");
	assert_string_equal(opts_get(&opts, "b"), "x=y");
	opts_free(&opts);
}

/* Two commas are one in a value; three are one and the end of the value. */
static void
test_parse_commas(void **state)
{
	(void)state;
	opts_accepted("path=/a,,b,pcap=c,,,,d,x=,,,y=e,,");
	assert_int_equal(opts.n, 4);
	assert_string_equal(opts_get(&opts, "path"), "/a,b");
	assert_string_equal(opts_get(&opts, "pcap"), "c,,d");
	assert_string_equal(opts_get(&opts, "x"), ",");
	assert_string_equal(opts_get(&opts, "y"), "e,");
	opts_free(&opts);
	opts_accepted("a=1,");
	assert_int_equal(opts.n, 1);
	opts_free(&opts);
}

static void
test_parse_bad(void **state)
{
	(void)state;
	opts_refused("=x", "an option is KEY=VALUE or KEY");
	opts_refused("a=1,=x", "an option is KEY=VALUE or KEY");
	opts_refused(",a", "an option is KEY=VALUE or KEY");
	opts_refused("a,b=1,a=2", "a: given twice");
	opts_refused("a,a", "a: given twice");
}

static void
test_parse_limit(void **state)
{
	char text[OPTS_MAX * 8 + 8];
	size_t at = 0;
	int i;

	(void)state;
	for (i = 0; i < OPTS_MAX; i++)
		at += (size_t)sprintf(text + at, "k%d=%d,", i, i);
	opts_accepted(text);
	assert_int_equal(opts.n, OPTS_MAX);
	assert_string_equal(opts_get(&opts, "k23"), "23");
	assert_string_equal(opts_peek(&opts, "k0"), "0");
	assert_null(opts_peek(&opts, "k"));
	assert_string_equal(opts_unused(&opts), "k0");
	opts_free(&opts);
	(void)snprintf(text + at, sizeof(text) - at, "more");
	opts_refused(text, "too many options: at most 24");
}

/* A sentence that is too long is cut off. */
static void
test_parse_long(void **state)
{
	char text[2 * ERR_BYTES];

	(void)state;
	memset(text, 'k', sizeof(text));
	text[ERR_BYTES] = ',';
	memset(text + ERR_BYTES + 1, 'k', ERR_BYTES - 2);
	text[sizeof(text) - 1] = '\0';
	opts_accepted(text);
	assert_int_equal(opts.n, 2);
	assert_int_equal(opts_bool(&opts, opts.opt[0].key, &(bool){ false },
			     &err),
	    0);
	opts_free(&opts);
	text[ERR_BYTES] = '=';
	opts_accepted(text);
	assert_int_equal(opts_bool(&opts, opts.opt[0].key, &(bool){ false },
			     &err),
	    -1);
	says(&err, ": must be on or off");
	opts_free(&opts);
	text[0] = '=';
	assert_int_equal(opts_parse(&opts, text, &err), -1);
	assert_int_equal(strlen(err.text), ERR_BYTES - 1);
	opts_free(&opts);
}

static void
test_unused(void **state)
{
	(void)state;
	opts_accepted("a=1,b=2,c");
	(void)opts_get(&opts, "b");
	assert_string_equal(opts_unused(&opts), "a");
	(void)opts_get(&opts, "a");
	assert_string_equal(opts_unused(&opts), "c");
	opts_free(&opts);
}

/* ----------------------------------------------------------------- values */

static void
test_bool(void **state)
{
	bool value = true;

	(void)state;
	opts_accepted("a=on,b=off,c,d=ON,e=,f=1");
	assert_int_equal(opts_bool(&opts, "none", &value, &err), 0);
	assert_true(value);
	assert_int_equal(opts_bool(&opts, "b", &value, &err), 0);
	assert_false(value);
	assert_int_equal(opts_bool(&opts, "none", &value, &err), 0);
	assert_false(value);
	assert_int_equal(opts_bool(&opts, "a", &value, &err), 0);
	assert_true(value);
	value = false;
	assert_int_equal(opts_bool(&opts, "c", &value, &err), 0);
	assert_true(value);
	assert_int_equal(opts_bool(&opts, "d", &value, &err), -1);
	says(&err, "d=ON: must be on or off");
	assert_int_equal(opts_bool(&opts, "e", &value, &err), -1);
	assert_int_equal(opts_bool(&opts, "f", &value, &err), -1);
	assert_true(value);
	opts_free(&opts);
}

static void
test_number(void **state)
{
	/* strtoull() would take a leading zero for octal. */
	static const struct {
		const char *text;
		uint64_t max, value;
	} good[] = {
		{ "0", 0, 0 },
		{ "500", 500, 500 },
		{ "0x1F", 31, 31 },
		{ "0X1f", 31, 31 },
		{ "010", 10, 10 },
		{ "08", 8, 8 },
		{ "18446744073709551615", UINT64_MAX, UINT64_MAX },
	};
	static const char *const bad[] = { "", " 1", "1 ", "+1", "-1", "x",
		"1x", "0x", "0xg", "1.5", "501", "1e2", "0x1F5",
		"18446744073709551616", "99999999999999999999999" };
	uint64_t value;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++) {
		value = 77;
		assert_int_equal(parse_number(good[i].text, "it", good[i].max,
				     &value, &err),
		    0);
		assert_true(value == good[i].value);
	}
	value = 77;
	for (i = 0; i < COUNT(bad); i++) {
		assert_int_equal(parse_number(bad[i], "it", 500, &value, &err),
		    -1);
		says(&err, "it=");
		says(&err, ": must be a number from 0 to 500");
		assert_int_equal(value, 77);
	}
}

static void
test_opts_number(void **state)
{
	uint64_t value = 77;

	(void)state;
	opts_accepted("a=5,b=x,c");
	assert_int_equal(opts_number(&opts, "none", 9, &value, &err), 0);
	assert_int_equal(value, 77);
	assert_int_equal(opts_number(&opts, "a", 4, &value, &err), -1);
	assert_int_equal(opts_number(&opts, "b", 9, &value, &err), -1);
	says(&err, "b=x: must be a number from 0 to 9");
	assert_int_equal(opts_number(&opts, "c", 9, &value, &err), -1);
	assert_int_equal(value, 77);
	assert_int_equal(opts_number(&opts, "a", 5, &value, &err), 0);
	assert_int_equal(value, 5);
	opts_free(&opts);
}

static void
test_bytes(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
	} good[] = {
		{ "0", 0 },
		{ "16", 16 },
		{ "1k", 1 << 10 },
		{ "3K", 3 << 10 },
		{ "512M", 512u << 20 },
		{ "512m", 512u << 20 },
		{ "64G", (uint64_t)64 << 30 },
		{ "0x10K", 16 << 10 },
		{ "17179869183G", (uint64_t)17179869183 << 30 },
		{ "18446744073709551615", UINT64_MAX },
	};
	static const char *const bad[] = { "", "K", "M", "1KK", "1MB", "1T",
		"-1", "-1K", " 1K", "1 K", "1.5G", "17179869184G",
		"18446744073709551616", "\xe4", "1\xcd",
		"000000000000000000000000000000001K" };
	uint64_t value;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++) {
		assert_int_equal(parse_bytes(good[i].text, "memory", &value,
				     &err),
		    0);
		assert_true(value == good[i].value);
	}
	value = 77;
	for (i = 0; i < COUNT(bad); i++) {
		assert_int_equal(parse_bytes(bad[i], "memory", &value, &err),
		    -1);
		says(&err, "memory");
		assert_int_equal(value, 77);
	}
}

static void
test_mac(void **state)
{
	static const char *const bad[] = { "", "52:54:00:12:34",
		"52:54:00:12:34:5", "52:54:00:12:34:567", "52-54-00-12-34-56",
		"52:54:00:12:34:5g", "52:54:00:12:34:56:", "525:4:00:12:34:56",
		"52:54:00:12:34: 6", "52:54:00:12:34:-1", "52:54:00:12:34:+1",
		"0x:54:00:12:34:56", " 2:54:00:12:34:56",
		"52:54:00:12:34:5\n" };
	static const uint8_t want[6] = { 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x0f };
	uint8_t mac[6] = { 0 }, none[6] = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		assert_int_equal(parse_mac(bad[i], mac, &err), -1);
		if (strchr(bad[i], '\n') == NULL)
			says(&err,
			    "must be an address such as 52:54:00:12:34:56");
		assert_memory_equal(mac, none, 6);
	}
	assert_int_equal(parse_mac("53:54:00:12:34:56", mac, &err), -1);
	says(&err, "mac=53:54:00:12:34:56: multicast address");
	assert_int_equal(parse_mac("ff:ff:ff:ff:ff:ff", mac, &err), -1);
	assert_int_equal(parse_mac("00:00:00:00:00:00", mac, &err), -1);
	says(&err, "mac=00:00:00:00:00:00: all-zero address");
	assert_memory_equal(mac, none, 6);
	assert_int_equal(parse_mac("Fe:dC:bA:98:76:0f", mac, &err), 0);
	assert_memory_equal(mac, want, 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_empty),
		cmocka_unit_test(test_parse_commas),
		cmocka_unit_test(test_parse_bad),
		cmocka_unit_test(test_parse_limit),
		cmocka_unit_test(test_parse_long),
		cmocka_unit_test(test_unused),
		cmocka_unit_test(test_bool),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_opts_number),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_mac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
