/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The three forms of the results: the table, JSON and the HTML page.
 */
#include "../../bench/results.h"
#include "../../bench/svg.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SET(array, text) ((void)snprintf(array, sizeof(array), "%s", text))

static struct lem_cell cells[64];
static struct lem_results results;

/* add_cell: a cell of KVM with plausible figures. */
static struct lem_cell *
add_cell(const char *id, enum lem_row row, double kpps, double ratio)
{
	struct lem_cell *c = &cells[results.cells++];

	assert_true(results.cells <= sizeof(cells) / sizeof(cells[0]));
	*c = (struct lem_cell){
		.vmm = LEM_VMM_KVM,
		.guest = LEM_GUEST_BARE,
		.driver = LEM_DRIVER_LEM,
		.workload = LEM_WORKLOAD_TX,
		.sink = LEM_SINK_NULL,
		.row = row,
		.mit_enable = lem_rows[row].mit_enable,
		.frame = 60,
		.moderation = row != LEM_ROW_STANDARD,
		.itr = 488,
		.kpps = { kpps, kpps * 0.95, kpps * 1.05, 5 },
		.ratio = ratio,
		.ratio_virtio = NAN,
		.ratio_polled = NAN,
		.rfc_kpps = NAN,
		.interrupts_s = NAN,
		.per_packet = { 1, 0.24, 1.5, 1.5, 57.8, 0.5, 0, NAN },
		.batch_max = 254,
		.rtt_p50_us = NAN,
		.rtt_p99_us = NAN,
		.boot_ms = 150,
	};
	snprintf(c->id, sizeof(c->id), "%s", id);
	return c;
}

static int
setup(void **state)
{
	(void)state;
	memset(cells, 0, sizeof(cells));
	results = (struct lem_results){
		.machine = {
			.cpu = "CPU", .kernel = "Linux 6.1", .os = "Debian 12",
			.qemu = "7.2", .nic_qemu = "7.2", .kvm = "nested",
			.date = "2026-01-02",
			.cores = 2, .sink_kpps = NAN,
		},
		.cell = cells, .seconds = 0.5, .runs = 5,
	};
	return 0;
}

/* fill: the RFC's table with both its VMMs, and one of every other kind. */
static void
fill(void)
{
	struct lem_cell *c;

	add_cell("kvm.tx.null.standard", LEM_ROW_STANDARD, 17.3, 1);
	add_cell("kvm.tx.null.moderated", LEM_ROW_MODERATED, 24.3, 1.404);
	add_cell("kvm.tx.null.modified", LEM_ROW_MODIFIED, 1476, 85.3);
	add_cell("kvm.tx.null.original", LEM_ROW_ORIGINAL, 768, 44.4);
	c = add_cell("tcg.tx.null.standard", LEM_ROW_STANDARD, 360, 1);
	c->vmm = LEM_VMM_TCG;
	c->per_packet.exits = NAN;
	c = add_cell("tcg.tx.null.modified", LEM_ROW_MODIFIED, 1495, 4.15);
	c->vmm = LEM_VMM_TCG;
	c->per_packet.exits = NAN;
	add_cell("kvm.tx.dgram.modified", LEM_ROW_MODIFIED, 290, 20)->sink =
	    LEM_SINK_DGRAM;
	c = add_cell("kvm.ping.dgram.modified", LEM_ROW_MODIFIED, 6.1, 0.86);
	c->workload = LEM_WORKLOAD_PING;
	c->sink = LEM_SINK_DGRAM;
	c->rtt_p50_us = 161;
	c->rtt_p99_us = 470;
	c = add_cell("kvm.idle.null.modified", LEM_ROW_MODIFIED, NAN, NAN);
	c->workload = LEM_WORKLOAD_IDLE;
	c->kpps.runs = 0;
}

/* fill_sweep: three points of a curve for each of two workloads. */
static void
fill_sweep(void)
{
	unsigned int k;

	for (k = 0; k < 6; k++) {
		struct lem_cell *c =
		    add_cell("sweep", LEM_ROW_MODIFIED, 100 + 10 * k, 5);

		c->sweep = true;
		c->itr = k / 2 * 488;
		if (k % 2 == 1) {
			c->workload = LEM_WORKLOAD_PING;
			c->sink = LEM_SINK_DGRAM;
			c->rtt_p50_us = 100 + k;
			c->rtt_p99_us = 300 + k;
		}
	}
}

/* What a stream in memory holds. */
static char *memory;
static size_t memory_bytes;

/* json_text, table_text: a form as a string the caller frees. */
static char *
json_text(void)
{
	FILE *out = open_memstream(&memory, &memory_bytes);

	assert_non_null(out);
	assert_int_equal(lem_json_write(out, &results), 0);
	fclose(out);
	return memory;
}

static char *
table_text(void)
{
	FILE *out = open_memstream(&memory, &memory_bytes);

	assert_non_null(out);
	lem_table_print(out, &results);
	fclose(out);
	return memory;
}

static void
assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void
assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("\"%s\" in:\n%s", part, text);
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

/* A row added to the enum has every text. */
static void
test_rows_complete(void **state)
{
	char *text;
	int i;

	(void)state;
	for (i = 0; i < LEM_ROWS; i++)
		add_cell("a", (enum lem_row)i, 17.3, 1);
	text = table_text();
	assert_has(text, "modified-alone   17.3");
	assert_has(text, "virtio-polled    17.3");
	assert_has(text, "virtio-polled    virtio-net, polled\n");
	assert_lacks(text, "(null)");
	free(text);
	text = json_text();
	assert_has(text, "\"row\":\"modified-alone\"");
	assert_lacks(text, "(null)");
	free(text);
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
	    "\"row\":\"original\",\"order\":\"reclaim-first\","
	    "\"doorbell\":null,"
	    "\"sweep\":false,\"kpps\":{\"median\":768,\"min\":729.6,"
	    "\"max\":806.4,\"runs\":5},\"ratio\":44.4,"
	    "\"boot_ms\":150,"
	    "\"per_packet\":{\"doorbells\":1,\"interrupts\":0.24,"
	    "\"registers\":1.5,\"exits\":1.5,\"host_cpu_us\":57.8,"
	    "\"deferred\":0.5,\"ring_full\":0,\"round_trips\":null},"
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

/* Every line fits and is ASCII; no line ends in a blank. */
static void
assert_tidy(const char *text)
{
	const char *end;

	for (; *text != '\0'; text = end + 1) {
		end = strchr(text, '\n');
		assert_non_null(end);
		if (end - text >= 80 || (end > text && end[-1] == ' '))
			fail_msg("\"%.*s\"", (int)(end - text), text);
		assert_int_equal(strspn(text,
				     " !\"#$%&'()*+,-./0123456789:;"
		    "<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
				     "abcdefghijklmnopqrstuvwxyz{|}~"),
		    end - text);
	}
}

static void
test_table(void **state)
{
	char *text;

	(void)state;
	fill();
	results.machine.sink_kpps = 612;
	text = table_text();
	assert_tidy(text);
	assert_memory_equal(text, "UDP transmit, 60-byte frames", 28);
	assert_has(text,
	    "                 Kpps (min-max)   ratio  "
	    "Kpps (min-max)   ratio   KVM QEMU\n"
	    "standard         17.3 (16.4-18.2)    1x   "
	    "360 (342-378)      1x    20  6.3\n"
	    "moderated        24.3 (23.1-25.5) 1.40x     -"
	    "                      37   28\n"
	    "modified         1476 (1402-1550) 85.3x  "
	    "1495 (1420-1570) 4.15x   200   34\n"
	    "for reference:\n"
	    "original          768 (730-806)   44.4x     -\n\n"
	    "standard         standard hypervisor, standard driver\n"
	    "moderated        moderated hypervisor, standard driver\n"
	    "modified         moderated hypervisor, modified driver\n"
	    "original         moderated hypervisor, original driver of 2012\n"
	    "\n"
	    "The RFC's ratios: KVM 1x, 1.85x, 10.0x; "
	    "QEMU 1x, 4.44x, 5.40x.\n");
	assert_lacks(text, "virtio-net");
	assert_has(text, "612 Kpps, the most that it can take");
	assert_has(text,
	    "0 lost, 0 duplicated, 0 reordered, 0 corrupted "
	    "in 2 checked cells\n");
	assert_lacks(text, "Skipped");
	assert_lacks(text, "Failed");
	free(text);
}

static void
test_table_behind(void **state)
{
	char *text;

	(void)state;
	fill();
	fill_sweep();
	text = table_text();
	assert_tidy(text);
	assert_has(text,
	    "KVM: tx, sink dgram, 60-byte frames\n"
	    "                 Kpps  ratio   TDT    irq  regs  exits  "
	    "CPU us\n"
	    "modified          290  20.0x  1.00  0.240  1.50   1.50    "
	    "57.8\n");
	assert_has(text, "QEMU (TCG): tx, sink null, 60-byte frames\n");
	assert_has(text, "ping, sink dgram, 60-byte frames; Kpps of round");
	assert_has(text, "     161     470\n");
	assert_has(text, "KVM: idle, sink null; counts are a second");
	assert_has(text, "60-byte frames, against ITR");
	free(text);
}

/* The order of the table is not that of the array. */
static void
test_table_order(void **state)
{
	const char *a, *b, *c;
	char *text;

	(void)state;
	add_cell("c", LEM_ROW_VIRTIO_POLLED, 3, 3);
	add_cell("b", LEM_ROW_MODIFIED, 2, 2);
	add_cell("a", LEM_ROW_STANDARD, 1, 1);
	text = table_text();
	a = strstr(strstr(text, "What lies"), "standard ");
	b = strstr(strstr(text, "What lies"), "modified ");
	c = strstr(strstr(text, "What lies"), "virtio-polled ");
	assert_true(a != NULL && a < b && b < c);
	free(text);
}

static void
test_table_skipped(void **state)
{
	struct lem_cell *c;
	char *text;

	(void)state;
	fill();
	SET(cells[0].skipped,
	    "QEMU 10.0 cannot switch moderation off, "
	    "which it has done without since; name a QEMU 7.2 with --qemu");
	SET(cells[6].skipped, "no /dev/kvm");
	SET(cells[7].skipped, "no /dev/kvm");
	SET(cells[5].failed, "guest said \033[2J\xc3\xa9");
	c = add_cell("kvm.tx.dgram.moderated", LEM_ROW_MODERATED, 20, NAN);
	c->sink = LEM_SINK_DGRAM;
	c->lost = 7;
	c->guard_flushes = 2;
	text = table_text();
	assert_tidy(text);
	assert_has(text, "standard         skipped  ");
	assert_has(text, "failed             ");
	assert_has(text,
	    "Skipped:\n  kvm.tx.null.standard:\n      QEMU 10.0 "
	    "cannot");
	assert_has(text,
	    "  kvm.tx.dgram.modified, kvm.ping.dgram.modified:\n"
	    "      no /dev/kvm\n");
	assert_has(text,
	    "Failed:\n  tcg.tx.null.modified:\n"
	    "      guest said ?[2J??\n");
	assert_has(text,
	    "7 lost, 0 duplicated, 0 reordered, 0 corrupted in "
	    "1 checked cell\n  kvm.tx.dgram.moderated: 7 lost, ");
	assert_has(text, "kvm.tx.dgram.moderated: 2 flushed by the guard\n");
	free(text);
}

static void
test_table_other_frame(void **state)
{
	char *text;

	(void)state;
	results.interrupted = true;
	results.runs = 1;
	add_cell("big", LEM_ROW_STANDARD, 12, 1)->frame = 1514;
	cells[0].kpps.runs = 1;
	text = table_text();
	assert_has(text, "UDP transmit, 1514-byte frames");
	assert_has(text, "standard         12.0              1x");
	assert_has(text, "1 run of 0.5 s a cell; INTERRUPTED");
	free(text);
	add_cell("small", LEM_ROW_STANDARD, 13, 1)->frame = 60;
	text = table_text();
	assert_has(text, "UDP transmit, 60-byte frames");
	free(text);
	results.cells = 0;
	text = table_text();
	assert_has(text, "No cell of the RFC's table (tx, sink null)");
	assert_has(text, "in 0 checked cells");
	free(text);
}

/* A VMM that the RFC does not have gets a column of its own. */
static void
test_table_third_vmm(void **state)
{
	char *text;

	(void)state;
	fill();
	add_cell("vm", LEM_ROW_MODIFIED, 40000, 2000)->vmm = LEM_VMM_LEM_VM;
	text = table_text();
	assert_has(text, "lem-vm");
	/* (min-max) does not fit in a line of 80. */
	assert_has(text, "40000 2000x");
	assert_lacks(text, "(38000");
	free(text);
}

/* add_nic: a cell of lem-nic, of tx and null sink or of ping. */
static struct lem_cell *
add_nic(enum lem_vmm_id vmm, enum lem_row row, bool ping)
{
	struct lem_cell *c = add_cell("nic", row, 13785, 2088);

	c->vmm = vmm;
	c->driver = lem_rows[row].driver;
	c->ratio_virtio = 17.9;
	c->ratio_polled = 13.1;
	c->per_packet.round_trips = 0.00412;
	if (ping) {
		c->workload = LEM_WORKLOAD_PING;
		c->sink = LEM_SINK_DGRAM;
		c->rtt_p50_us = 1161;
		c->rtt_p99_us = 14700;
	}
	return c;
}

/* No line over 79 columns. */
static void
assert_narrow(const char *text)
{
	const char *end;

	for (; (end = strchr(text, '\n')) != NULL; text = end + 1)
		if (end - text > 79)
			fail_msg("over 79 columns: %.*s", (int)(end - text),
			    text);
}

static void
fill_nic(void)
{
	unsigned int row, vmm;

	for (vmm = LEM_VMM_NIC; vmm <= LEM_VMM_NIC_TCG; vmm++)
		for (row = 0; row < LEM_ROWS; row++)
			add_nic((enum lem_vmm_id)vmm, (enum lem_row)row, false);
	add_nic(LEM_VMM_NIC, LEM_ROW_MODIFIED_ALONE, true);
}

/* lem-nic has a table of its own: its ratios are to another row. */
static void
test_table_lem_nic(void **state)
{
	char *text;

	(void)state;
	fill();
	fill_nic();
	SET(results.machine.nic_qemu, "11.1.3");
	text = table_text();
	assert_narrow(text);
	assert_has(text,
	    "\n                 lem-nic, KVM        lem-nic, TCG\n"
	    "                  Kpps ratio /vtnet   Kpps ratio /vtnet\n"
	    "standard         13785 2088x  17.9x  13785 2088x  17.9x\n");
	assert_has(text, "\nstock            13785");
	assert_has(text, "\nstock            QEMU's own e1000, standard ");
	assert_has(text, "  lem-nic 11.1.3\n");
	assert_has(text, "waited for lem-nic: trips.");
	assert_has(text, " 0.0041 ");
	/* Those of the RFC's table are explained there. */
	assert_null(strstr(strstr(text, "original driver of 2012") + 1,
	    "original driver of 2012"));
	free(text);
	text = json_text();
	assert_json(text);
	assert_has(text, "\"vmm\":\"lem-nic-tcg\"");
	assert_has(text, "\"row\":\"stock\"");
	assert_has(text, "\"ratio_virtio\":17.9,\"ratio_virtio_polled\":13.1,");
	assert_has(text, "\"round_trips\":0.00412}");
	free(text);
}

static void
test_table_lem_nic_alone(void **state)
{
	char *text;

	(void)state;
	add_nic(LEM_VMM_NIC, LEM_ROW_MODERATED, false);
	add_nic(LEM_VMM_NIC, LEM_ROW_STOCK, false)->ratio = 1;
	text = table_text();
	assert_narrow(text);
	assert_has(text, "No cell of the RFC's table");
	assert_has(text, "moderated        13785 (13096-14474) 2088x  17.9x\n");
	assert_has(text, "moderated        moderated hypervisor, standard ");
	assert_lacks(text, "standard         standard");
	free(text);
}

static char directory[64];

static int
setup_directory(void **state)
{
	setup(state);
	SET(directory, "/tmp/lem-test-results.XXXXXX");
	return mkdtemp(directory) == NULL ? -1 : 0;
}

static int
teardown_directory(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/report/index.html", directory);
	if (unlink(path) != 0)
		rmdir(path);
	snprintf(path, sizeof(path), "%s/report", directory);
	rmdir(path);
	return rmdir(directory);
}

/* report_text: the page as a string the caller frees. */
static char *
report_text(void)
{
	char path[128], *text;
	size_t len;
	FILE *in;

	snprintf(path, sizeof(path), "%s/report", directory);
	assert_int_equal(lem_report_write(path, &results), 0);
	snprintf(path, sizeof(path), "%s/report/index.html", directory);
	in = fopen(path, "r");
	assert_non_null(in);
	if (in == NULL)
		return NULL;	/* analysers do not know that it ends above */
	text = calloc(1, 1 << 20);
	assert_non_null(text);
	len = fread(text, 1, (1 << 20) - 1, in);
	assert_true(len > 0 && len < (1 << 20) - 1);
	fclose(in);
	return text;
}

/* assert_balanced: every element that opens closes, in order. */
static void
assert_balanced(const char *text)
{
	char open[32][16];
	unsigned int depth = 0;
	const char *s, *end;
	char name[16];

	for (s = strchr(text, '<'); s != NULL; s = strchr(end, '<')) {
		end = strchr(s, '>');
		assert_non_null(end);
		assert_true(memchr(s + 1, '<', (size_t)(end - s - 1)) == NULL);
		if (s[1] == '!' || end[-1] == '/')
			continue;
		snprintf(name, sizeof(name), "%.*s",
		    (int)strcspn(s + 1 + (s[1] == '/'), " >"),
		    s + 1 + (s[1] == '/'));
		if (s[1] != '/') {
			assert_true(depth < 32);
			SET(open[depth], name);
			depth++;
		} else {
			assert_true(depth > 0);
			assert_string_equal(open[--depth], name);
		}
	}
	assert_int_equal(depth, 0);
}

/* assert_alone: the page loads nothing, from a network or a disk. */
static void
assert_alone(const char *text)
{
	static const char *const loads[] = {
		"http:",
		"https:",
		"src=",
		"href=",
		"url(",
		"@import",
		"<script",
		"<link",
		"<img",
		"<iframe",
	};
	size_t i;

	for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		if (strstr(text, loads[i]) != NULL)
			fail_msg("the page has %s", loads[i]);
}

static unsigned int
count_parts(const char *text, const char *part)
{
	unsigned int n = 0;

	for (; (text = strstr(text, part)) != NULL; text++)
		n++;
	return n;
}

static void
test_report(void **state)
{
	char *text;

	(void)state;
	fill();
	fill_sweep();
	text = report_text();
	assert_balanced(text);
	assert_alone(text);
	assert_int_equal(count_parts(text, "<svg role=\"img\""), 4);
	assert_int_equal(count_parts(text, "class=\"bar k0\" d="), 4 + 4);
	assert_int_equal(count_parts(text, "class=\"bar k1\" d="), 2);
	assert_int_equal(count_parts(text, "class=\"mark\""), 5 + 1);
	assert_int_equal(count_parts(text, "<circle"), 3 + 6);
	assert_has(text, "prefers-color-scheme:dark");
	assert_has(text, "<p class=\"big\">85.3\xc3\x97</p>");
	assert_has(text, "200 (10\xc3\x97)");
	assert_has(text, "kvm.idle.null.modified");
	assert_has(text, "lem-bench --runs 5 --seconds 0.5");
	assert_lacks(text, "nan");
	assert_lacks(text, "inf\"");
	assert_lacks(text, "Skipped");
	free(text);
}

/* lem-nic: tables, tiles and bars of its own. */
static void
test_report_lem_nic(void **state)
{
	char *text;

	(void)state;
	fill();
	fill_nic();
	text = report_text();
	assert_balanced(text);
	assert_alone(text);
	assert_has(text, "<h2>The table of the RFC</h2>");
	assert_has(text, "<h2>lem-nic in QEMU</h2>");
	assert_int_equal(count_parts(text, "<p class=\"big\">"), 2 + 2);
	assert_has(text, "moderated hypervisor, standard driver</p>");
	assert_int_equal(count_parts(text, "class=\"bar k3\" d="),
	    2 * LEM_ROWS);
	assert_int_equal(count_parts(text, "class=\"bar k4\" d="),
	    2 * LEM_ROWS);
	assert_has(text, ">trips</th>");
	assert_lacks(text, "nan");
	free(text);
}

static void
test_report_no_data(void **state)
{
	char *text;

	(void)state;
	results.interrupted = true;
	text = report_text();
	assert_balanced(text);
	assert_int_equal(count_parts(text, "<svg"), 0);
	assert_int_equal(count_parts(text, "so there is no chart"), 4);
	assert_has(text, "Interrupted");
	free(text);
}

/* Without the RFC's cells the charts show the first group. */
static void
test_report_other_cells(void **state)
{
	char *text;

	(void)state;
	add_cell("kvm.tx.dgram.modified", LEM_ROW_MODIFIED, 290, NAN)->sink =
	    LEM_SINK_DGRAM;
	cells[0].per_packet.exits = 0;
	text = report_text();
	assert_balanced(text);
	assert_has(text, "No cell of it (tx, sink null) was asked for");
	assert_has(text, "<figcaption>tx, sink dgram, 60-byte frames. ");
	assert_has(text, "kvm.tx.dgram.modified: 0 exits a packet");
	free(text);
}

/* A curve of one point, of ITR 0 only, and of one value throughout. */
static void
test_report_thin_curves(void **state)
{
	char *text;

	(void)state;
	fill_sweep();
	cells[0].vmm = LEM_VMM_TCG;
	cells[2].kpps = cells[4].kpps;
	text = report_text();
	assert_balanced(text);
	assert_int_equal(count_parts(text, "<circle"), 3 + 6);
	assert_lacks(text, "nan");
	assert_lacks(text, "inf");
	free(text);
}

static void
test_report_escaping(void **state)
{
	char *text;

	(void)state;
	fill();
	SET(results.machine.cpu, "<script>alert('1')</script> & \"x\"");
	SET(results.machine.date, "</title><b>");
	SET(cells[0].skipped, "</dd><img src=x> \033[0m");
	SET(cells[4].failed, "a & b");
	text = report_text();
	assert_balanced(text);
	assert_lacks(text, "<script");
	assert_lacks(text, "<img");
	assert_lacks(text, "\033");
	assert_has(text,
	    "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; "
	    "&amp; &quot;x&quot;");
	assert_has(text, "<dd>a &amp; b</dd>");
	assert_has(text, "Skipped cells");
	assert_has(text, "Failed cells");
	free(text);
}

static void
test_report_errors(void **state)
{
	char path[5000];

	(void)state;
	fill();
	snprintf(path, sizeof(path), "%s/no/such", directory);
	assert_int_equal(lem_report_write(path, &results), -ENOENT);
	assert_int_equal(lem_report_write("/dev/null", &results), -ENOTDIR);
	assert_true(lem_report_write("/proc/self", &results) < 0);
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(lem_report_write(path, &results), -ENAMETOOLONG);
	/* A directory where the page should be; nothing is left beside it. */
	snprintf(path, sizeof(path), "%s/report", directory);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/report/index.html", directory);
	assert_int_equal(mkdir(path, 0700), 0);
	*strrchr(path, '/') = '\0';
	assert_int_equal(lem_report_write(path, &results), -EISDIR);
}

static void
test_html_numbers(void **state)
{
	static const struct {
		double v;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 0.0039, "0.0039" },
		{ 0.24, "0.240" },
		{ 1.5, "1.50" },
		{ 9.999, "10.0" },
		{ 17.3, "17.3" },
		{ 360, "360" },
		{ 1476, "1,476" },
		{ 38012345, "38,012,345" },
		{ NAN, "\xe2\x80\x93" },
	};
	char text[LEM_SVG_NUMBER_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(lem_html_number(text, cases[i].v),
		    cases[i].text);
}

#define ON_DISK(test) \
	cmocka_unit_test_setup_teardown(test, setup_directory, \
	    teardown_directory)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checker),
		cmocka_unit_test_setup(test_rows_complete, setup),
		cmocka_unit_test(test_html_numbers),
		cmocka_unit_test_setup(test_json_golden, setup),
		cmocka_unit_test_setup(test_json_many, setup),
		cmocka_unit_test_setup(test_json_absent, setup),
		cmocka_unit_test_setup(test_json_escaping, setup),
		cmocka_unit_test_setup(test_json_full_device, setup),
		cmocka_unit_test_setup(test_json_locale, setup),
		cmocka_unit_test_setup(test_table, setup),
		cmocka_unit_test_setup(test_table_behind, setup),
		cmocka_unit_test_setup(test_table_order, setup),
		cmocka_unit_test_setup(test_table_skipped, setup),
		cmocka_unit_test_setup(test_table_other_frame, setup),
		cmocka_unit_test_setup(test_table_third_vmm, setup),
		cmocka_unit_test_setup(test_table_lem_nic, setup),
		cmocka_unit_test_setup(test_table_lem_nic_alone, setup),
		ON_DISK(test_report),
		ON_DISK(test_report_lem_nic),
		ON_DISK(test_report_no_data),
		ON_DISK(test_report_other_cells),
		ON_DISK(test_report_thin_curves),
		ON_DISK(test_report_escaping),
		ON_DISK(test_report_errors),
	};

	return cmocka_run_group_tests_name("results", tests, NULL, NULL);
}
