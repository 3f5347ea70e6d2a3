/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The results as a table for a terminal.
 */
#include "results_rig.h"

/* table_text: the table, a string that the caller frees. */
static char *
table_text(void)
{
	char *memory = NULL;
	size_t bytes;
	FILE *out = open_memstream(&memory, &bytes);

	assert_non_null(out);
	lem_table_print(out, &results);
	fclose(out);
	return memory;
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
	    "distance  53.0 ns for a cache line from one processor to another");
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
	assert_tidy(text);
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
}

static void
test_table_lem_nic_alone(void **state)
{
	char *text;

	(void)state;
	add_nic(LEM_VMM_NIC, LEM_ROW_MODERATED, false);
	add_nic(LEM_VMM_NIC, LEM_ROW_STOCK, false)->ratio = 1;
	text = table_text();
	assert_tidy(text);
	assert_has(text, "No cell of the RFC's table");
	assert_has(text, "moderated        13785 (13096-14474) 2088x  17.9x\n");
	assert_has(text, "moderated        moderated hypervisor, standard ");
	assert_lacks(text, "standard         standard");
	free(text);
}

/* A row added to the enum has every text. */
static void
test_table_rows(void **state)
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
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_table_rows, setup),
		cmocka_unit_test_setup(test_table, setup),
		cmocka_unit_test_setup(test_table_behind, setup),
		cmocka_unit_test_setup(test_table_order, setup),
		cmocka_unit_test_setup(test_table_skipped, setup),
		cmocka_unit_test_setup(test_table_other_frame, setup),
		cmocka_unit_test_setup(test_table_third_vmm, setup),
		cmocka_unit_test_setup(test_table_lem_nic, setup),
		cmocka_unit_test_setup(test_table_lem_nic_alone, setup),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
