/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usage: differential [option...] QEMU VERSION LIST
 *
 *	QEMU	qemu-system-x86_64, of that VERSION
 *	LIST	the file `differences`
 *	-t	QEMU has no accelerator qtest: use tcg, no exact clock
 *	-c CHIP	82540EM, 82545EM or 82544GC only
 *	-s NAME	that script only
 *	-n N	N rounds of the random scripts (10)
 *	-S SEED	of the random scripts
 *	-v	print known differences, too
 *
 * Exit status: 0 when each difference is listed and each line of the list is
 * true; 1 if not; 2 if something is wrong with QEMU or the list.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "diff.h"

#define RANS	256u

static const struct {
	const char *name;
	const char *qemu;
	enum e82540_chip chip;
} chips[] = {
	{ "82540EM", "e1000", E82540_82540EM },
	{ "82545EM", "e1000-82545em", E82540_82545EM },
	{ "82544GC", "e1000-82544gc", E82540_82544GC },
};

static const struct script *const tables[] = { scripts_reg, scripts_tx,
	scripts_rx, scripts_intr, scripts_random };

struct options {
	const char *program;
	const char *chip;
	const char *script;
	bool exact;
	bool verbose;
	unsigned int rounds;
	uint64_t seed;
};

static char ran[RANS][48];
static unsigned int rans;

static bool
script_wanted(const struct options *o, const struct script *s,
    unsigned int chip)
{
	if (s->exact && !o->exact)
		return false;
	if (o->script != NULL && strcmp(o->script, s->name) != 0)
		return false;
	if (o->chip != NULL)
		return strcmp(o->chip, chips[chip].name) == 0;
	return chip == 0 || !s->one_chip;
}

/* As a driver begins; the link of ours is down until CTRL.SLU. */
static void
link_up(struct pair *p)
{
	both_write(p, E1000_CTRL, E1000_CTRL_SLU | E1000_CTRL_ASDE);
	both_clock(p, LINK_DELAY_NS * 2);
	both_peek(p, E1000_ICR);
}

static void
run_script(struct pair *p, const struct options *o, const struct script *s,
    unsigned int chip)
{
	p->chip = chips[chip].name;
	p->model_chip = chips[chip].chip;
	p->script = s->name;
	p->qemu = qemu_start(o->program, chips[chip].qemu, o->exact);
	if (p->qemu == NULL) {
		fprintf(stderr, "%s does not start\n", o->program);
		exit(2);
	}
	p->model = model_start(chips[chip].chip);
	if (!s->cold)
		link_up(p);
	s->run(p);
	qemu_stop(p->qemu);
	model_stop(p->model);
}

static void
script_run_all(struct pair *p, const struct options *o, const struct script *s,
    unsigned int chip)
{
	unsigned int unknown = p->unknown, known = p->known, steps = p->steps;
	unsigned int i, rounds = 1;

	if (!script_wanted(o, s, chip))
		return;
	if (strncmp(s->name, "random", 6) == 0)
		rounds = o->rounds;
	for (i = 0; i < rounds; i++) {
		p->seed = o->seed + i;
		run_script(p, o, s, chip);
		if (rounds > 1 && p->unknown != unknown) {
			printf("again: -s %s -n 1 -S %" PRIu64 "\n", s->name,
			    o->seed + i);
			break;
		}
	}
	printf("%-8s %-16s %5u steps, %3u differences, %3u not listed\n",
	    p->chip, s->name, p->steps - steps,
	    p->known + p->unknown - known - unknown, p->unknown - unknown);
	fflush(stdout);
	if (rans < RANS)
		snprintf(ran[rans++], sizeof(ran[0]), "%s/%s", p->chip,
		    s->name);
}

static int
usage_print(void)
{
	fprintf(stderr,
	    "usage: differential [-tv] [-c CHIP] [-s SCRIPT]"
	    " [-n ROUNDS] [-S SEED] QEMU VERSION LIST\n");
	return 2;
}

/* Returns how many arguments were options, or a negative number. */
static int
options_parse(struct options *o, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "tvc:s:n:S:")) != -1) {
		switch (option) {
		case 't':
			o->exact = false;
			break;
		case 'v':
			o->verbose = true;
			break;
		case 'c':
			o->chip = optarg;
			break;
		case 's':
			o->script = optarg;
			break;
		case 'n':
			o->rounds = strtoul(optarg, NULL, 0);
			break;
		case 'S':
			o->seed = strtoull(optarg, NULL, 0);
			break;
		default:
			return -1;
		}
	}
	return optind;
}

int
main(int argc, char **argv)
{
	struct options o = { .exact = true, .rounds = 10 };
	struct pair p = { 0 };
	const struct script *s;
	const char *names[RANS];
	unsigned int i, chip, stale = 0;
	int used;

	o.seed = time(NULL);
	used = options_parse(&o, argc, argv);
	if (used < 0 || argc - used != 3)
		return usage_print();
	o.program = argv[used];
	p.verbose = o.verbose;
	p.list = list_load(argv[used + 2], argv[used + 1]);
	if (p.list == NULL)
		return 2;
	printf("QEMU %s, clock %s, seed %" PRIu64 "\n", argv[used + 1],
	    o.exact ? "exact" : "free", o.seed);
	for (chip = 0; chip < sizeof(chips) / sizeof(chips[0]); chip++)
		for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
			for (s = tables[i]; s->name != NULL; s++)
				script_run_all(&p, &o, s, chip);
	for (i = 0; i < rans; i++)
		names[i] = ran[i];
	/* Part of the scripts says little of the list. */
	if (o.script == NULL && o.chip == NULL)
		stale = list_stale(p.list, names, rans);
	printf("%u scripts, %u steps: %u differences, %u not listed;"
	       " %u lines stale\n",
	    rans, p.steps, p.known + p.unknown, p.unknown, stale);
	list_free(p.list);
	return p.unknown != 0 || stale != 0 || rans == 0;
}
