/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * INTx of vfio-user: every interleaving of device, client, KVM and guest, to
 * the fixpoint of all states.
 *
 *	device		asserts the line, ends that
 *	line		writes the eventfd (vfu_line.h)
 *	client, KVM	takes an event: the guest's pin is up.  At the EOI the
 *			pin is down, and an unmask is on its way: KVM wrote the
 *			resample eventfd, or QEMU sends a message.
 *	client		masks, unmasks, replaces and removes eventfds, switches
 *			between KVM and messages, disables the interrupt
 *	guest		enters its handler when the pin is up; it makes the
 *			device end the level, or does not; EOI
 *
 * Checked in each state:
 *
 *	not lost	If the device asserts, and there is an eventfd and no
 *			mask, then an event is unread, or the pin is up, or the
 *			guest is in its handler, or an unmask is on its way.
 *	not doubled	The line never fires twice without an unmask or a new
 *			eventfd between.
 *	not wrong	It fires only if the device asserts, and there is an
 *			eventfd and no mask.
 *
 * That the checks can fail: the same exploration must find an error in each of
 * the wrong lines below.
 */
#include "common.h"
#include "vfu_line.h"

/* What the line does for the three parties, right or wrong. */
struct line_ops {
	const char *name;
	bool (*level)(struct vfu_line *line, bool asserted);
	bool (*mask)(struct vfu_line *line);
	bool (*unmask)(struct vfu_line *line);
	bool (*arm)(struct vfu_line *line, bool armed);
	bool (*off)(struct vfu_line *line);
};

struct world {
	struct vfu_line line;
	bool events;			/* unread, of the eventfd in use */
	bool pin;			/* of the guest */
	bool handler;			/* the guest is in it */
	bool kvm;			/* the EOI goes by eventfd */
	bool resample;			/* that eventfd is unread */
	bool message;			/* an unmask is under way */
	/* What the parties know, whatever the line does. */
	bool level, armed, masked;
	bool fired;			/* and neither unmask nor new eventfd */
};

#define BITS 14u
#define STATES (1u << BITS)

static struct {
	const struct line_ops *ops;
	bool seen[STATES];
	unsigned int queue[STATES];
	unsigned int from[STATES];
	const char *by[STATES];
	unsigned int head, tail;
	const char *wrong;
} run;

static unsigned int
pack(const struct world *w)
{
	const bool bit[BITS] = { w->line.asserted, w->line.armed,
		w->line.masked, w->line.serving, w->events, w->pin, w->handler,
		w->kvm, w->resample, w->message, w->level, w->armed, w->masked,
		w->fired };
	unsigned int i, code = 0;

	for (i = 0; i < BITS; i++)
		code |= (unsigned int)bit[i] << i;
	return code;
}

static struct world
unpack(unsigned int code)
{
	bool bit[BITS];
	unsigned int i;

	for (i = 0; i < BITS; i++)
		bit[i] = code >> i & 1;
	return (struct world){ { bit[0], bit[1], bit[2], bit[3] }, bit[4],
		bit[5], bit[6], bit[7], bit[8], bit[9], bit[10], bit[11],
		bit[12], bit[13] };
}

/* The line wants the eventfd to be written, or not. */
static void
fire(struct world *w, bool now)
{
	if (!now)
		return;
	if (w->fired)
		run.wrong = "doubled";
	if (!w->level || !w->armed || w->masked)
		run.wrong = "fired without a reason";
	w->fired = true;
	w->events = true;
}

static void
unmask(struct world *w)
{
	w->masked = w->fired = false;
	fire(w, run.ops->unmask(&w->line));
}

static void
arm(struct world *w, bool armed)
{
	w->armed = armed;
	w->events = w->fired = false;
	fire(w, run.ops->arm(&w->line, armed));
}

/* ---------------------------------------------------------------- actions */

/* Each returns false if it cannot happen now. */
static bool
device_asserts(struct world *w)
{
	w->level = true;
	fire(w, run.ops->level(&w->line, true));
	return true;
}

static bool
device_ends(struct world *w)
{
	w->level = false;
	fire(w, run.ops->level(&w->line, false));
	return true;
}

static bool
event_taken(struct world *w)
{
	if (!w->events)
		return false;
	w->events = false;
	w->pin = true;
	return true;
}

static bool
guest_enters(struct world *w)
{
	if (!w->pin || w->handler)
		return false;
	w->handler = true;
	return true;
}

static void
eoi(struct world *w)
{
	w->pin = false;
	if (w->kvm)
		w->resample = true;
	else
		w->message = true;
}

static bool
guest_eoi(struct world *w)
{
	if (!w->handler)
		return false;
	w->handler = false;
	eoi(w);
	return true;
}

/* Of another device's interrupt, on the same pin. */
static bool
foreign_eoi(struct world *w)
{
	eoi(w);
	return true;
}

static bool
resample_read(struct world *w)
{
	if (!w->resample)
		return false;
	w->resample = false;
	unmask(w);
	return true;
}

static bool
unmask_arrives(struct world *w)
{
	w->message = false;
	unmask(w);
	return true;
}

static bool
mask_arrives(struct world *w)
{
	w->masked = true;
	fire(w, run.ops->mask(&w->line));
	return true;
}

/* The unread event of the old one goes with it. */
static bool
eventfd_replaced(struct world *w)
{
	arm(w, true);
	return true;
}

static bool
eventfd_removed(struct world *w)
{
	arm(w, false);
	return true;
}

/* As QEMU does.  The server reads the old resample eventfd once more. */
static bool
kvm_switched(struct world *w)
{
	(void)mask_arrives(w);
	w->pin = false;
	(void)resample_read(w);
	w->kvm = !w->kvm;
	return unmask_arrives(w);
}

static bool
interrupt_disabled(struct world *w)
{
	w->armed = w->masked = w->fired = false;
	w->events = w->resample = false;
	fire(w, run.ops->off(&w->line));
	return true;
}

static const struct action {
	const char *name;
	bool (*act)(struct world *w);
} action[] = {
	{ "device asserts", device_asserts },
	{ "device ends", device_ends },
	{ "event taken", event_taken },
	{ "guest enters", guest_enters },
	{ "EOI", guest_eoi },
	{ "EOI of another device", foreign_eoi },
	{ "resample read", resample_read },
	{ "unmask", unmask_arrives },
	{ "mask", mask_arrives },
	{ "eventfd replaced", eventfd_replaced },
	{ "eventfd removed", eventfd_removed },
	{ "KVM switched", kvm_switched },
	{ "disabled", interrupt_disabled },
};

/* ---------------------------------------------------------------- explore */

static void
check(const struct world *w)
{
	if (w->level && w->armed && !w->masked && !w->events && !w->pin &&
	    !w->handler && !w->resample && !w->message)
		run.wrong = "lost";
}

static void
reach(const struct world *w, unsigned int from, const char *by)
{
	unsigned int code = pack(w);

	if (run.seen[code])
		return;
	run.seen[code] = true;
	run.from[code] = from;
	run.by[code] = by;
	run.queue[run.tail++] = code;
}

static void
story_print(unsigned int code)
{
	if (run.by[code] == NULL)
		return;
	story_print(run.from[code]);
	print_message("	%s\n", run.by[code]);
}

/* Returns the number of states; run.wrong says what is wrong in the last. */
static unsigned int
explore(const struct line_ops *ops)
{
	struct world w = { .kvm = true };
	unsigned int code;
	size_t i;

	memset(&run, 0, sizeof(run));
	run.ops = ops;
	reach(&w, 0, NULL);
	while (run.head < run.tail && run.wrong == NULL) {
		code = run.queue[run.head++];
		for (i = 0; i < COUNT(action) && run.wrong == NULL; i++) {
			w = unpack(code);
			if (!action[i].act(&w))
				continue;
			check(&w);
			reach(&w, code, action[i].name);
			if (run.wrong == NULL)
				continue;
			story_print(code);
			print_message("	%s: %s\n", action[i].name, run.wrong);
		}
	}
	return run.tail;
}

static const struct line_ops right = { "right", vfu_line_level, vfu_line_mask,
	vfu_line_unmask, vfu_line_arm, vfu_line_off };

static void
test_all_interleavings(void **state)
{
	unsigned int n;

	(void)state;
	n = explore(&right);
	print_message("%u states\n", n);
	assert_null(run.wrong);
	/* Fewer: some action no longer happens. */
	assert_int_equal(n, 266);
}

/* ------------------------------------------------------------ wrong lines */

static bool
unmask_only(struct vfu_line *line)
{
	line->masked = line->serving = false;
	return false;
}

static bool
unmask_keeps_serving(struct vfu_line *line)
{
	line->masked = false;
	return vfu_line_fire(line);
}

static bool
level_forgets_serving(struct vfu_line *line, bool asserted)
{
	if (!asserted)
		line->serving = false;
	return vfu_line_level(line, asserted);
}

static bool
level_ignores_mask(struct vfu_line *line, bool asserted)
{
	line->masked = false;
	return vfu_line_level(line, asserted);
}

static bool
arm_keeps_serving(struct vfu_line *line, bool armed)
{
	line->armed = armed;
	return vfu_line_fire(line);
}

static bool
arm_only(struct vfu_line *line, bool armed)
{
	line->armed = armed;
	line->serving = false;
	return false;
}

static bool
off_keeps_mask(struct vfu_line *line)
{
	return vfu_line_arm(line, false);
}

static bool
mask_forgets_serving(struct vfu_line *line)
{
	line->serving = false;
	return vfu_line_fire(line);
}

static void
test_wrong_lines_are_found(void **state)
{
	struct line_ops wrong[8];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(wrong); i++)
		wrong[i] = right;
	wrong[0].unmask = unmask_only;
	wrong[1].unmask = unmask_keeps_serving;
	wrong[2].level = level_forgets_serving;
	wrong[3].level = level_ignores_mask;
	wrong[4].arm = arm_keeps_serving;
	wrong[5].arm = arm_only;
	wrong[6].off = off_keeps_mask;
	wrong[7].mask = mask_forgets_serving;
	for (i = 0; i < COUNT(wrong); i++) {
		print_message("wrong line %zu:\n", i);
		(void)explore(&wrong[i]);
		assert_non_null(run.wrong);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_interleavings),
		cmocka_unit_test(test_wrong_lines_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
