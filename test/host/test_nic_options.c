/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A NIC's options: the effect of each key, keys that a program does not offer,
 * and options that are not used.
 */
#include "common.h"
#include "nic_options.h"

static const struct nic_offer all = {
	.msi = true,
	.spin = true,
	.doorbell = {
		[NIC_DOORBELL_AUTO] = "auto",
		[NIC_DOORBELL_EXIT] = "exit",
		[NIC_DOORBELL_MAPPED] = "mapped",
		[NIC_DOORBELL_TURNS] = "turns",
	},
};
static const struct nic_offer some = {
	.doorbell = {
		[NIC_DOORBELL_AUTO] = "auto",
		[NIC_DOORBELL_MAPPED] = "mapped",
	},
};
static const struct nic_offer nothing = { 0 };

static struct nic_options o;
static struct err err;

static const struct nic_config *
nic_accepted(const char *text, unsigned int number,
    const struct nic_offer *offer)
{
	if (nic_options_parse(&o, text, number, offer, &err) != 0)
		fail_msg("%s: %s", text, err.text);
	return &o.config;
}

/* The command line is wrong, and the sentence says why. */
static void
nic_refused(const char *text, const struct nic_offer *offer, const char *why)
{
	assert_int_equal(nic_options_parse(&o, text, 0, offer, &err), -1);
	assert_true(err.usage);
	says(&err, why);
	nic_options_free(&o);
}

/* It is parsed, but one of the options is not used. */
static void
nic_unused(const char *text, const struct nic_offer *offer, const char *why)
{
	(void)nic_accepted(text, 0, offer);
	assert_int_equal(nic_options_open(&o, &err), -1);
	assert_true(err.usage);
	says(&err, why);
	nic_options_free(&o);
}

static void
test_defaults(void **state)
{
	static const uint8_t mac[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x58 };
	const struct nic_config *c = nic_accepted("", 2, &nothing);

	(void)state;
	assert_int_equal(c->chip, E82540_82540EM);
	assert_memory_equal(c->mac, mac, 6);
	assert_int_equal(c->moderation, NIC_MODERATION_ADAPTIVE);
	assert_false(c->msi);
	assert_int_equal(c->doorbell, NIC_DOORBELL_AUTO);
	assert_int_equal(c->spin_us, NIC_SPIN_US);
	assert_int_equal(c->stall_ns, E82540_TX_STALL_NS);
	assert_false(c->cable_out);
	assert_int_equal(c->autoneg_ns, 0);
	assert_int_equal(nic_options_open(&o, &err), 0);
	assert_non_null(c->backend);
	c->backend->ops->close(c->backend);
	nic_options_free(&o);
}

static void
test_all_keys(void **state)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 0xaa };
	const struct nic_config *c = nic_accepted(
	    "model=82544gc,mac=02:00:00:00:00:aa,moderation=off,msi,"
	    "doorbell=turns,spin=7,stall=20,link=down,autoneg=1500,"
	    "backend=null,pcap=/dev/null",
	    0, &all);

	(void)state;
	assert_int_equal(c->chip, E82540_82544GC);
	assert_memory_equal(c->mac, mac, 6);
	assert_int_equal(c->moderation, NIC_MODERATION_OFF);
	assert_true(c->msi);
	assert_int_equal(c->doorbell, NIC_DOORBELL_TURNS);
	assert_int_equal(c->spin_us, 7);
	assert_int_equal(c->stall_ns, 20000000);
	assert_true(c->cable_out);
	assert_int_equal(c->autoneg_ns, 1500000000);
	assert_int_equal(nic_options_open(&o, &err), 0);
	c->backend->ops->close(c->backend);
	nic_options_free(&o);
}

static void
test_names(void **state)
{
	static const struct {
		const char *text;
		enum e82540_chip chip;
		enum nic_doorbell doorbell;
	} good[] = {
		{ "model=82540em,doorbell=auto", E82540_82540EM,
		    NIC_DOORBELL_AUTO },
		{ "model=82545em,doorbell=exit", E82540_82545EM,
		    NIC_DOORBELL_EXIT },
		{ "model=82544gc,doorbell=mapped", E82540_82544GC,
		    NIC_DOORBELL_MAPPED },
	};
	size_t i;

	(void)state;
	assert_int_equal(nic_accepted("moderation=on", 0, &nothing)->moderation,
	    NIC_MODERATION_ON);
	nic_options_free(&o);
	assert_int_equal(nic_accepted("moderation", 0, &nothing)->moderation,
	    NIC_MODERATION_ON);
	nic_options_free(&o);
	assert_int_equal(nic_accepted("stall=never", 0, &nothing)->stall_ns,
	    E82540_NEVER);
	nic_options_free(&o);
	for (i = 0; i < COUNT(good); i++) {
		(void)nic_accepted(good[i].text, 0, &all);
		assert_int_equal(o.config.chip, good[i].chip);
		assert_int_equal(o.config.doorbell, good[i].doorbell);
		nic_options_free(&o);
	}
}

static void
test_bad_values(void **state)
{
	(void)state;
	nic_refused("model=rtl8139", &all,
	    "model=rtl8139: must be one of 82540em, 82545em, 82544gc");
	nic_refused("doorbell=bell", &all,
	    "doorbell=bell: must be one of auto, exit, mapped, turns");
	nic_refused("mac=52", &all, "mac");
	nic_refused("moderation=1", &all,
	    "moderation=1: must be one of off, on, adaptive");
	nic_refused("msi=yes", &all, "msi");
	nic_refused("spin=1000001", &all, "spin");
	nic_refused("link=off", &all, "link=off: must be one of up, down");
	nic_refused("autoneg=60001", &all, "autoneg");
	nic_refused("stall=ever", &all, "stall");
	nic_refused("stall=1000001", &all, "stall");
	nic_refused("a,a", &all, "twice");
}

/* A program that has no such mode, or no such key at all. */
static void
test_not_offered(void **state)
{
	(void)state;
	nic_refused("doorbell=turns", &some,
	    "doorbell=turns: must be one of auto, mapped");
	nic_refused("doorbell=exit", &some, "must be one of auto, mapped");
	nic_unused("doorbell=auto", &nothing, "doorbell: unknown option");
	nic_unused("msi=off", &some, "msi: unknown option");
	nic_unused("spin=1", &some, "spin: unknown option");
}

static void
test_unused(void **state)
{
	(void)state;
	nic_unused("speed=1000", &all, "speed: unknown option");
	nic_unused("backend=null,ifname=x", &all,
	    "ifname: unknown option, or not one of backend=null");
}

/* The backend's own error, with nothing left open. */
static void
test_backend(void **state)
{
	(void)state;
	nic_unused("backend=tap", &all, "tap");
	nic_unused("backend=pigeon", &all, "backend");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_all_keys),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_not_offered),
		cmocka_unit_test(test_unused),
		cmocka_unit_test(test_backend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
