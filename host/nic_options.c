/* SPDX-License-Identifier: BSD-2-Clause */
#include "nic_options.h"

#include <stdio.h>
#include <string.h>

#define STALL_MS	1000u
#define AUTONEG_MAX_MS	60000u

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char nic_options_help[] =
    "      model=82540em|82545em|82544gc   the chip (82540em)\n"
    "      moderation=adaptive|on|off      obey ITR and delays (adaptive)\n"
    "      stall=MS|never                  longest time not read (1000)\n"
    "      link=up|down                    the cable is in at first (up)\n"
    "      autoneg=MS                      from cable to link (0)\n";

const char nic_backends_help[] =
    "      backend=null|tap|dgram|stream   where packets go (null):\n"
    "        tap,ifname=NAME    or fd=N; vnet=off: no offloads\n"
    "        dgram,local=PATH,remote=PATH    or fd=N\n"
    "        stream,path=PATH   or fd=N; server=on: wait for a peer\n"
    "      pcap=FILE                       write all packets to FILE, too\n";

/* By enum e82540_chip, enum nic_moderation, nic_config.cable_out. */
static const char *const models[] = { "82540em", "82545em", "82544gc" };
static const char *const moderations[] = { "off", "on", "adaptive" };
static const char *const links[] = { "up", "down" };

/*
 * The index of a key's value in names; NULLs in names are left out.
 * *index stays if there is no such key.  Returns 0, or -1 with err set.
 */
static int
name_index(struct opts *opts, const char *key, const char *const *names,
    size_t n, unsigned int *index, struct err *err)
{
	const char *value = opts_get(opts, key);
	char list[100] = "";
	size_t i, used = 0;

	if (value == NULL)
		return 0;
	for (i = 0; i < n; i++) {
		if (names[i] == NULL)
			continue;
		if (strcmp(names[i], value) == 0) {
			*index = (unsigned int)i;
			return 0;
		}
		used += (size_t)snprintf(list + used, sizeof(list) - used,
		    "%s%s", used > 0 ? ", " : "", names[i]);
	}
	(void)err_usage(err, "must be one of %s", list);
	return err_value(err, key, value);
}

static int
values_parse(struct nic_config *c, struct opts *opts,
    const struct nic_offer *offer, struct err *err)
{
	const char *mac = opts_get(opts, "mac");
	const char *stall = opts_get(opts, "stall");
	const char *pcap = opts_get(opts, "pcap");
	uint64_t spin_us = NIC_SPIN_US, stall_ms = STALL_MS, autoneg_ms = 0;
	unsigned int chip = 0, doorbell = NIC_DOORBELL_AUTO;
	unsigned int moderation = NIC_MODERATION_ADAPTIVE, link = 0;

	if (name_index(opts, "model", models, COUNT(models), &chip, err) != 0 ||
	    name_index(opts, "moderation", moderations, COUNT(moderations),
		&moderation, err) != 0 ||
	    name_index(opts, "link", links, COUNT(links), &link, err) != 0 ||
	    opts_number(opts, "autoneg", AUTONEG_MAX_MS, &autoneg_ms, err) !=
		0 ||
	    (offer->doorbell[NIC_DOORBELL_AUTO] != NULL &&
		name_index(opts, "doorbell", offer->doorbell, NIC_DOORBELLS,
		    &doorbell, err) != 0))
		return -1;
	c->moderation = (enum nic_moderation)moderation;
	c->chip = (enum e82540_chip)chip;
	c->doorbell = (enum nic_doorbell)doorbell;
	c->cable_out = link == 1;
	c->autoneg_ns = autoneg_ms * 1000000;
	if (pcap != NULL && parse_file(pcap, "pcap", &pcap, err) != 0)
		return -1;
	if (mac != NULL && parse_mac(mac, c->mac, err) != 0)
		return -1;
	if ((offer->msi && opts_bool(opts, "msi", &c->msi, err) != 0) ||
	    (offer->spin &&
		opts_number(opts, "spin", 1000000, &spin_us, err) != 0))
		return -1;
	c->spin_us = (unsigned int)spin_us;
	if (stall != NULL && strcmp(stall, "never") == 0) {
		c->stall_ns = E82540_NEVER;
		return 0;
	}
	if (opts_number(opts, "stall", 1000000, &stall_ms, err) != 0)
		return -1;
	/* 0 would be the model's default. */
	c->stall_ns = stall_ms == 0 ? 1 : stall_ms * 1000000;
	return 0;
}

int
nic_options_parse(struct nic_options *o, const char *text, unsigned int number,
    const struct nic_offer *offer, struct err *err)
{
	o->config = (struct nic_config){
		.mac = { 0x52, 0x54, 0x00, 0x12, 0x34,
		    (uint8_t)(0x56 + number) },
	};
	if (opts_parse(&o->opts, text, err) != 0)
		return -1;
	return values_parse(&o->config, &o->opts, offer, err);
}

void
nic_options_free(struct nic_options *o)
{
	opts_free(&o->opts);
}

/* A key that nobody has asked for. */
static int
unused_refuse(struct opts *opts, const char *unused, struct err *err)
{
	static const char *const backends[] = { "null", "tap", "dgram",
		"stream" };
	const char *backend = opts_get(opts, "backend");
	size_t i;

	for (i = 0; i < COUNT(backends); i++)
		if (strcmp(unused, backends[i]) == 0)
			return err_usage(err,
			    "%s: unknown option; write backend=%s", unused,
			    unused);
	return err_usage(err,
	    "%.100s: unknown option, or not one of backend=%s", unused,
	    backend != NULL ? backend : "null");
}

int
nic_options_open(struct nic_options *o, struct err *err)
{
	const char *unused;
	struct backend *b = backend_open(&o->opts, err);

	if (b == NULL)
		return -1;
	unused = opts_unused(&o->opts);
	if (unused == NULL) {
		o->config.backend = b;
		return 0;
	}
	b->ops->close(b);
	return unused_refuse(&o->opts, unused, err);
}
