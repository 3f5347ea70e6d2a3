/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The results as an HTML page.
 */
#include "results_rig.h"
#include "../../bench/svg.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* What chooses the interval by itself: a line across, without dots. */
static void
test_report_across(void **state)
{
	struct lem_cell *c;
	char *text;

	(void)state;
	fill_sweep();
	text = report_text();
	assert_lacks(text, "legend\">modified<");
	assert_lacks(text, "legend\">adaptive<");
	free(text);

	add_cell("kvm.tx.null.modified", LEM_ROW_MODIFIED, 999, 5);
	add_cell("kvm.tx.null.adaptive", LEM_ROW_ADAPTIVE, 777, 5);
	c = add_cell("kvm.ping.dgram.modified", LEM_ROW_MODIFIED, 8, 5);
	c->workload = LEM_WORKLOAD_PING;
	c->sink = LEM_SINK_DGRAM;
	c->rtt_p50_us = 150;
	c->rtt_p99_us = 400;
	/* None of these: fixed, another frame, another VMM, not measured. */
	add_cell("kvm.tx.null.fixed", LEM_ROW_MODIFIED_FIXED, 555, 5);
	add_cell("kvm.tx.null.frame", LEM_ROW_ADAPTIVE, 444, 5)->frame = 1514;
	add_cell("vm.tx.null.both", LEM_ROW_ADAPTIVE_BOTH, 333, 5)->vmm =
	    LEM_VMM_LEM_VM;
	c = add_cell("kvm.tx.null.both", LEM_ROW_ADAPTIVE_BOTH, 222, 5);
	SET(c->failed, "it burnt");
	text = report_text();
	assert_balanced(text);
	assert_int_equal(count_parts(text, "legend\">modified<"), 1);
	assert_int_equal(count_parts(text, "legend\">modified-fixed<"), 1);
	assert_int_equal(count_parts(text, "legend\">adaptive<"), 1);
	assert_int_equal(count_parts(text, "legend\">modified p50<"), 1);
	assert_int_equal(count_parts(text, "legend\">modified p99<"), 1);
	assert_lacks(text, "legend\">adaptive-both<");
	assert_int_equal(count_parts(text, "<circle"), 3 + 6);
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
		cmocka_unit_test(test_html_numbers),
		ON_DISK(test_report),
		ON_DISK(test_report_lem_nic),
		ON_DISK(test_report_no_data),
		ON_DISK(test_report_other_cells),
		ON_DISK(test_report_thin_curves),
		ON_DISK(test_report_across),
		ON_DISK(test_report_escaping),
		ON_DISK(test_report_errors),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
