/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Snapshots that are not valid: cut short, damaged, forged, of another chip.
 * Either the model refuses them, and the device is as before; or it takes a
 * snapshot whose values are legal, and the device works.
 */
#include "snapshot_rig.h"

static uint8_t snapshot[2][SNAPSHOT_MAX];

/* ------------------------------------------------------------------ sizes */

static void
test_sizes(void **unused)
{
	struct host *h = snapshot_host_new(0, 1000);
	static uint8_t buf[SNAPSHOT_MAX];
	int64_t len = e82540_save(h->dev, h->now_ns, NULL, 0);
	size_t i;

	(void)unused;
	assert_in_range(len, 100, SNAPSHOT_MAX - 1);
	memset(buf, 0xA5, sizeof(buf));
	assert_int_equal(e82540_save(h->dev, h->now_ns, buf, len - 1), -ENOSPC);
	assert_int_equal(e82540_save(h->dev, h->now_ns, buf, 0), -ENOSPC);
	for (i = 0; i < sizeof(buf); i++)
		assert_int_equal(buf[i], 0xA5);
	assert_int_equal(e82540_save(h->dev, h->now_ns, buf, len), len);
	assert_int_equal(buf[len], 0xA5);
	assert_int_equal(host_save(h, snapshot[0]), len);
	assert_memory_equal(buf, snapshot[0], len);
	/* If the clock steps back, no time has passed. */
	host_read(h, E1000_STATUS);
	assert_int_equal(e82540_save(h->dev, 0, snapshot[0], SNAPSHOT_MAX),
	    len);
	assert_memory_equal(buf, snapshot[0], len);
	host_free(h);
}

/* ------------------------------------------------------------- the hostile */

#define VERSION_AT	8
#define CHIP_AT		12
#define LENGTH_AT	16

static void
put32(uint8_t *p, uint32_t value)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		p[i] = value >> 8 * i;
}

static void
snapshot_seal(uint8_t *p, size_t len)
{
	put32(p + len - 4, host_crc(p, len - 4));
}

/* A busy device: something in the FIFO, in the ring, waiting, pending. */
static struct host *
host_busy(unsigned int kind)
{
	struct host *h = snapshot_host_new(kind, 1000);
	uint8_t small[61];
	struct e82540_frame frame = { small, sizeof(small), 0 };
	unsigned int i;

	op_apply(h, (struct operation){ SETUP, 7 });
	host_write(h, E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_BAM);
	host_write(h, E1000_ITR, 500);
	host_write(h, E1000_RDTR, 10);
	host_write(h, E1000_RADV, 50);
	host_write(h, E1000_IMS, E1000_ICR_MASK);
	h->room = 1;
	for (i = 0; i < 6; i++)
		op_apply(h, (struct operation){ SEND, i });
	host_write(h, E1000_RDT, host_read(h, E1000_RDH));
	memset(small, 0xFF, sizeof(small));
	for (i = 0; i < 3; i++)
		assert_int_equal(e82540_receive(h->dev, h->now_ns, &frame, 1),
		    1);
	return h;
}

/* Use a device after a load: its state must be as good as any other. */
static void
host_exercise(struct host *h)
{
	static const enum verb verbs[] = { SEND, REFILL, RECEIVE, WAIT,
		BIT_BANG, PHY, ACKNOWLEDGE };
	unsigned int i;

	h->room = UINT32_MAX;
	for (i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		op_apply(h, (struct operation){ verbs[i], i });
	host_forget(h);
}

/* Load what may be bad; check that a refused load changes nothing. */
static int
load_attempt(struct host *h, const uint8_t *p, size_t len)
{
	static uint8_t before[SNAPSHOT_MAX], after[SNAPSHOT_MAX];
	size_t size = host_save(h, before);
	int error = e82540_load(h->dev, h->now_ns, p, len);

	if (error != 0) {
		assert_int_equal(host_save(h, after), size);
		assert_memory_equal(before, after, size);
	}
	return error;
}

static void
test_damaged(void **unused)
{
	struct host *h = host_busy(0), *to = snapshot_host_new(0, 5000000);
	size_t len = host_save(h, snapshot[0]), i;
	uint8_t *p = malloc(len + 8);

	(void)unused;
	assert_non_null(p);
	/* Cut short, each in memory of just its size. */
	for (i = 0; i < len; i++) {
		uint8_t *cut = malloc(i + (i == 0));

		assert_non_null(cut);
		memcpy(cut, snapshot[0], i);
		assert_int_equal(e82540_load(to->dev, to->now_ns, cut, i),
		    -EINVAL);
		if (i > LENGTH_AT + 8) {
			put32(cut + LENGTH_AT, i);
			snapshot_seal(cut, i);
			assert_int_equal(e82540_load(to->dev, to->now_ns, cut,
					     i),
			    -EINVAL);
		}
		free(cut);
	}
	/* Something behind it, known of or not. */
	memcpy(p, snapshot[0], len);
	memset(p + len, 0, 8);
	assert_int_equal(load_attempt(to, p, len + 8), -EINVAL);
	put32(p + LENGTH_AT, len + 8);
	assert_int_equal(load_attempt(to, p, len + 8), -EINVAL);
	snapshot_seal(p, len + 8);
	assert_int_equal(load_attempt(to, p, len + 8), -EINVAL);
	/* Each bit. */
	memcpy(p, snapshot[0], len);
	for (i = 0; i < len * 8; i++) {
		p[i / 8] ^= 1 << i % 8;
		assert_true(e82540_load(to->dev, to->now_ns, p, len) < 0);
		p[i / 8] ^= 1 << i % 8;
	}
	assert_int_equal(load_attempt(to, p, len), 0);
	free(p);
	host_free(h);
	host_free(to);
}

static void
test_other_kind(void **unused)
{
	struct host *h = host_busy(0), *other = snapshot_host_new(1, 1000);
	size_t len = host_save(h, snapshot[0]);

	(void)unused;
	assert_int_equal(load_attempt(other, snapshot[0], len), -ENOTSUP);
	memcpy(snapshot[1], snapshot[0], len);
	put32(snapshot[1] + VERSION_AT, 2);
	snapshot_seal(snapshot[1], len);
	assert_int_equal(load_attempt(h, snapshot[1], len), -ENOTSUP);
	memcpy(snapshot[1], snapshot[0], len);
	put32(snapshot[1] + CHIP_AT, 77);
	snapshot_seal(snapshot[1], len);
	assert_int_equal(load_attempt(h, snapshot[1], len), -ENOTSUP);
	snapshot[0][0] ^= 1;
	snapshot_seal(snapshot[0], len);
	assert_int_equal(load_attempt(h, snapshot[0], len), -EINVAL);
	host_free(h);
	host_free(other);
}

/* The bytes of a section, by its tag. */
static uint8_t *
section_find(uint8_t *p, const char *tag)
{
	for (p += 20; memcmp(p, tag, 4) != 0; p += 8 + p[4] + (p[5] << 8))
		;
	return p + 8;
}

static void
test_out_of_range(void **unused)
{
	static const struct {
		char tag[5];
		uint16_t at;
		uint8_t bits;
	} cases[] = {
		{ "REGS", 0, 0x02 },	/* no register's offset */
		{ "REGS", 1, 0x40 },	/* not in order */
		{ "RING", 2, 0x01 },	/* TDH: 17 bits */
		{ "INTR", 0, 0x02 },	/* neither false nor true */
		{ "INTR", 10, 0x01 },	/* more than any ITR ago */
		{ "TIME", 7, 0x01 },	/* ITR: years */
		{ "PCI ", 0x10, 0x10 },	/* BAR 0: not aligned */
		{ "PCI ", 0x18, 0x02 },	/* BAR 2: a reserved bit */
		{ "PCI ", 0x34, 0x01 },	/* the list of capabilities */
		{ "PCI ", 0xF2, 0x01 },	/* MSI without config.msi */
		{ "RX  ", 0, 0x04 },	/* the FIFO's head: not aligned */
		{ "RX  ", 4, 0x02 },
		{ "RX  ", 5, 0x40 },	/* a frame of fewer bytes than it has */
		{ "RX  ", 6, 0x80 },	/* a frame longer than all */
		{ "RX  ", 7, 0x80 },	/* a frame with unknown flags */
	};
	struct host *h = host_busy(0);
	size_t len = host_save(h, snapshot[0]), i;

	(void)unused;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		memcpy(snapshot[1], snapshot[0], len);
		section_find(snapshot[1], cases[i].tag)[cases[i].at] ^=
		    cases[i].bits;
		snapshot_seal(snapshot[1], len);
		if (load_attempt(h, snapshot[1], len) != -EINVAL)
			fail_msg("%s, byte %u: taken", cases[i].tag,
			    cases[i].at);
	}
	host_free(h);
}

/* Each bit, with a CRC that is right. */
static void
test_forged(void **unused)
{
	unsigned int kind, accepted, refused;
	struct host *h, *to;
	size_t len, i;
	uint8_t *p;

	(void)unused;
	for (kind = 0; kind < 3; kind += 2) {
		h = host_busy(kind);
		to = snapshot_host_new(kind, 5000000);
		len = host_save(h, snapshot[0]);
		accepted = refused = 0;
		p = malloc(len);
		assert_non_null(p);
		memcpy(p, snapshot[0], len);
		for (i = 0; i < (len - 4) * 8; i++) {
			p[i / 8] ^= 1 << i % 8;
			snapshot_seal(p, len);
			if (load_attempt(to, p, len) == 0) {
				accepted++;
				host_exercise(to);
			} else {
				refused++;
			}
			p[i / 8] ^= 1 << i % 8;
		}
		printf("chip %u: %u flips refused, %u accepted\n", kind,
		    refused, accepted);
		assert_true(accepted > 1000 && refused > 1000);
		free(p);
		host_free(h);
		host_free(to);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_other_kind),
		cmocka_unit_test(test_out_of_range),
		cmocka_unit_test(test_forged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
