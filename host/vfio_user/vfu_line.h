/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * INTx of vfio as a state machine, without descriptors, so that a test can
 * explore it (test/host/test_vfu_line.c).
 *
 * INTA# is a level, but what crosses to the client is an event.  The line
 * "fires": it writes the eventfd.  Then it is silent ("serving") until the
 * client, or KVM, says that the guest has handled the interrupt ("unmask").  If
 * the device asserts the line even then, the line fires again.  So the rules:
 *
 *	not lost	asserted, armed, not masked, not serving: never at rest
 *	not doubled	between two firings there is an unmask or a new eventfd
 *
 * The eventfd of a firing may be replaced before the client has read it.  So a
 * new one makes the line forget that it is serving.  A mask of the client's
 * stays until an unmask, as in Linux.
 *
 * Each function changes the state and returns true if the caller must write
 * the eventfd now.
 */
#ifndef VFU_LINE_H
#define VFU_LINE_H

#include <stdbool.h>

struct vfu_line {
	bool asserted;			/* by the device */
	bool armed;			/* there is an eventfd */
	bool masked;			/* by the client */
	bool serving;			/* it fired, and no unmask came since */
};

static inline bool
vfu_line_fire(struct vfu_line *line)
{
	if (!line->asserted || !line->armed || line->masked || line->serving)
		return false;
	line->serving = true;
	return true;
}

/* The device asserts the line, or ends that. */
static inline bool
vfu_line_level(struct vfu_line *line, bool asserted)
{
	line->asserted = asserted;
	return vfu_line_fire(line);
}

static inline bool
vfu_line_mask(struct vfu_line *line)
{
	line->masked = true;
	return false;
}

/* By message, or by the eventfd that KVM writes at the guest's EOI. */
static inline bool
vfu_line_unmask(struct vfu_line *line)
{
	line->masked = false;
	line->serving = false;
	return vfu_line_fire(line);
}

/* There is a new eventfd, or (false) no longer one. */
static inline bool
vfu_line_arm(struct vfu_line *line, bool armed)
{
	line->armed = armed;
	line->serving = false;
	return vfu_line_fire(line);
}

/* The client wants no interrupts of this kind, or it is gone. */
static inline bool
vfu_line_off(struct vfu_line *line)
{
	line->masked = false;
	return vfu_line_arm(line, false);
}

#endif
