/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Differential tests: one script of register and ring operations drives two
 * devices, QEMU's e1000 and our model, in step.  Where their answers differ,
 * the file `differences` must have a line that says which of them is right; and
 * each line there must still be true.
 *
 *	main.c		options, chips, which scripts run
 *	qemu.c		QEMU, by its qtest protocol, over pipes of our own
 *	model.c		libe82540 in this process, on a fake clock
 *	pair.c		both at once, and comparing
 *	list.c		the file `differences`
 *	scripts_*.c	what is done to them
 *
 * QEMU's clock.  With its accelerator "qtest" the clock stands until we step
 * it: exact.  Without (Debian's QEMU 7.2 and 10.0) it is run with "tcg", a
 * processor that is halted, and a clock that leaps to the next timer at once
 * (-icount sleep=off): then a step of the clock means "all that is due is
 * done", and scripts about time are left out.
 */
#ifndef DIFF_H
#define DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "e1000_hw.h"
#include "e82540.h"

/* Guest memory that scripts use; both have it. */
#define RAM		0u
#define RAM_BYTES	0x200000u
#define TX_RING		0x100000u	/* 64 KiB each */
#define RX_RING		0x110000u
#define TX_BUFFER	0x120000u	/* 256 KiB */
#define RX_BUFFER	0x160000u	/* 640 KiB */

#define FRAME_MAX	65536u
#define MS		1000000ull	/* in nanoseconds */
/* Autonegotiation takes this in both; all timers of a device take less. */
#define LINK_DELAY_NS	(500 * MS)
#define SETTLE_NS	(40 * MS)
/* QEMU holds frames back so long after a write of RCTL. */
#define RCTL_NS		(1001 * MS)

extern const uint8_t test_mac[6];

/* ---------------------------------------------------------------- qemu.c */

struct qemu;

/*
 * qemu_start: chip is QEMU's name for the device.  exact: accelerator qtest.
 * Returns NULL if it does not start.  Whatever goes wrong later ends us.
 */
struct qemu *qemu_start(const char *program, const char *chip, bool exact);
void qemu_stop(struct qemu *q);

uint32_t qemu_read(struct qemu *q, uint32_t offset);
void qemu_write(struct qemu *q, uint32_t offset, uint32_t value);
/* Accesses of 1 or 2 bytes. */
uint32_t qemu_narrow_read(struct qemu *q, uint32_t offset, unsigned int bytes);
void qemu_narrow_write(struct qemu *q, uint32_t offset, unsigned int bytes,
    uint32_t value);
uint32_t qemu_pci_read(struct qemu *q, uint32_t offset);
void qemu_pci_write(struct qemu *q, uint32_t offset, uint32_t value);
uint32_t qemu_io_read(struct qemu *q, uint32_t offset);
void qemu_io_write(struct qemu *q, uint32_t offset, uint32_t value);
void qemu_mem_read(struct qemu *q, uint32_t gpa, void *buf, uint32_t len);
void
qemu_mem_write(struct qemu *q, uint32_t gpa, const void *buf, uint32_t len);
void qemu_clock(struct qemu *q, uint64_t ns);
bool qemu_line(struct qemu *q);
void qemu_frame_in(struct qemu *q, const void *frame, uint32_t len);
/* qemu_frame_out: the length of the next sent frame; -1 if none was sent. */
int qemu_frame_out(struct qemu *q, void *frame);

/* --------------------------------------------------------------- model.c */

struct model;

struct model *model_start(enum e82540_chip chip);
void model_stop(struct model *m);

uint32_t model_read(struct model *m, uint32_t offset);
void model_write(struct model *m, uint32_t offset, uint32_t value);
uint32_t
model_narrow_read(struct model *m, uint32_t offset, unsigned int bytes);
void model_narrow_write(struct model *m, uint32_t offset, unsigned int bytes,
    uint32_t value);
uint32_t model_pci_read(struct model *m, uint32_t offset);
void model_pci_write(struct model *m, uint32_t offset, uint32_t value);
uint32_t model_io_read(struct model *m, uint32_t offset);
void model_io_write(struct model *m, uint32_t offset, uint32_t value);
void model_mem_read(struct model *m, uint32_t gpa, void *buf, uint32_t len);
void
model_mem_write(struct model *m, uint32_t gpa, const void *buf, uint32_t len);
void model_clock(struct model *m, uint64_t ns);
bool model_line(struct model *m);
void model_frame_in(struct model *m, const void *frame, uint32_t len);
int model_frame_out(struct model *m, void *frame);

/* ---------------------------------------------------------------- list.c */

struct list;

/* list_load: read the file.  If a line is wrong, says why and returns NULL. */
struct list *list_load(const char *path, const char *qemu_version);
void list_free(struct list *list);
/* list_find: is it there?  Marks the line as true. */
bool list_find(struct list *list, const char *where, const char *qemu,
    const char *model);
/* list_stale: print lines that were not met though `ran` has their script. */
unsigned int
list_stale(const struct list *list, const char *const *ran, unsigned int rans);

/* ---------------------------------------------------------------- pair.c */

struct pair {
	struct qemu *qemu;
	struct model *model;
	struct list *list;
	const char *chip;		/* "82540EM" */
	const char *script;
	enum e82540_chip model_chip;
	bool verbose;
	struct {			/* scripts_rx.c */
		unsigned int descs;
		uint32_t buffer_bytes;
		unsigned int qemu_head, model_head;
	} rx;
	uint64_t seed;
	unsigned int steps;
	unsigned int known;		/* differences */
	unsigned int unknown;
};

/* differ: a difference, at chip/script/what. */
void
differ(struct pair *p, const char *what, const char *qemu, const char *model);
void
differ_number(struct pair *p, const char *what, uint32_t qemu, uint32_t model);

/* both_read: read in both, and compare.  Returns the model's value. */
uint32_t both_read(struct pair *p, const char *what, uint32_t offset);
/* both_icr: read ICR; causes that are told apart by themselves: see there. */
void both_icr(struct pair *p, const char *what);
/* both_peek: read in both, without comparing. */
void both_peek(struct pair *p, uint32_t offset);
void both_write(struct pair *p, uint32_t offset, uint32_t value);
void
both_mem_write(struct pair *p, uint32_t gpa, const void *buf, uint32_t len);
void both_mem(struct pair *p, const char *what, uint32_t gpa, uint32_t len);
/* both_mem_at: of QEMU from qemu_gpa on, of the model from model_gpa. */
void both_mem_at(struct pair *p, const char *what, uint32_t qemu_gpa,
    uint32_t model_gpa, uint32_t len);
void both_clock(struct pair *p, uint64_t ns);
void both_line(struct pair *p, const char *what);
/* both_wait: how long until the line is up, to `tolerance_ns`? */
void both_wait(struct pair *p, const char *what, uint64_t max_ns,
    uint64_t tolerance_ns);
void both_frame(struct pair *p, const void *frame, uint32_t len);
/* both_sent: all frames sent since; returns how many the model sent. */
unsigned int both_sent(struct pair *p, const char *what);

/* ------------------------------------------------------------- scripts_*.c */

struct script {
	const char *name;
	void (*run)(struct pair *p);
	bool exact;			/* needs the exact clock */
	bool one_chip;			/* the same for all chips */
	bool cold;			/* before a driver sets the link up */
};

extern const struct script scripts_reg[], scripts_tx[], scripts_rx[],
    scripts_intr[], scripts_random[];	/* up to a NULL name */

/* What they share: scripts_tx.c, scripts_rx.c. */
void tx_setup(struct pair *p, unsigned int descs, unsigned int first);
void rx_setup(struct pair *p, unsigned int descs, unsigned int posted,
    uint32_t buffer_bytes, uint32_t rctl);
/* rx_taken: what was received since the last time: compare. */
void rx_taken(struct pair *p, const char *what);
uint32_t
frame_build(uint8_t *frame, const char *to, unsigned int len, uint32_t seed);

#endif
