/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Both devices at once, and comparing.
 */
#include <stdio.h>
#include <string.h>

#include "diff.h"

#define WAIT_STEPS	512u

void
differ(struct pair *p, const char *what, const char *qemu, const char *model)
{
	char where[160];
	bool found;

	snprintf(where, sizeof(where), "%s/%s/%s", p->chip, p->script, what);
	found = list_find(p->list, where, qemu, model);
	if (found)
		p->known++;
	else
		p->unknown++;
	if (!found || p->verbose)
		printf("%s %s | %s | %s\n", found ? "known" : "DIFFERS", where,
		    qemu, model);
}

void
differ_number(struct pair *p, const char *what, uint32_t qemu, uint32_t model)
{
	char a[16], b[16];

	if (qemu == model)
		return;
	snprintf(a, sizeof(a), "%08x", qemu);
	snprintf(b, sizeof(b), "%08x", model);
	differ(p, what, a, b);
}

uint32_t
both_read(struct pair *p, const char *what, uint32_t offset)
{
	uint32_t model = model_read(p->model, offset);

	p->steps++;
	differ_number(p, what, qemu_read(p->qemu, offset), model);
	return model;
}

/*
 * TXQE, TXD_LOW and RXDMT0 are reported each by itself: QEMU sets them by rules
 * of its own, and one difference should be one line of the list.
 */
void
both_icr(struct pair *p, const char *what)
{
	uint32_t apart = E1000_ICR_TXQE | E1000_ICR_TXD_LOW | E1000_ICR_RXDMT0;
	uint32_t qemu = qemu_read(p->qemu, E1000_ICR);
	uint32_t model = model_read(p->model, E1000_ICR);
	char name[64];

	p->steps++;
	snprintf(name, sizeof(name), "%s.ICR", what);
	differ_number(p, name, qemu & ~apart, model & ~apart);
	differ_number(p, "ICR.TXQE", qemu & E1000_ICR_TXQE,
	    model & E1000_ICR_TXQE);
	differ_number(p, "ICR.TXD_LOW", qemu & E1000_ICR_TXD_LOW,
	    model & E1000_ICR_TXD_LOW);
	differ_number(p, "ICR.RXDMT0", qemu & E1000_ICR_RXDMT0,
	    model & E1000_ICR_RXDMT0);
}

void
both_peek(struct pair *p, uint32_t offset)
{
	qemu_read(p->qemu, offset);
	model_read(p->model, offset);
}

void
both_write(struct pair *p, uint32_t offset, uint32_t value)
{
	p->steps++;
	qemu_write(p->qemu, offset, value);
	model_write(p->model, offset, value);
}

void
both_mem_write(struct pair *p, uint32_t gpa, const void *buf, uint32_t len)
{
	qemu_mem_write(p->qemu, gpa, buf, len);
	model_mem_write(p->model, gpa, buf, len);
}

/* bytes_differ: from the first byte that differs, up to eight of each. */
static void
bytes_differ(struct pair *p, const char *what, const uint8_t *qemu,
    const uint8_t *model, uint32_t len)
{
	char a[48], b[48];
	uint32_t at, i;

	for (at = 0; at < len && qemu[at] == model[at]; at++)
		;
	if (at == len)
		return;
	snprintf(a, sizeof(a), "@%u:", at);
	snprintf(b, sizeof(b), "@%u:", at);
	for (i = at; i < len && i < at + 8; i++) {
		snprintf(a + strlen(a), sizeof(a) - strlen(a), " %02x",
		    qemu[i]);
		snprintf(b + strlen(b), sizeof(b) - strlen(b), " %02x",
		    model[i]);
	}
	differ(p, what, a, b);
}

void
both_mem_at(struct pair *p, const char *what, uint32_t qemu_gpa,
    uint32_t model_gpa, uint32_t len)
{
	static uint8_t qemu[RAM_BYTES], model[RAM_BYTES];

	p->steps++;
	qemu_mem_read(p->qemu, qemu_gpa, qemu, len);
	model_mem_read(p->model, model_gpa, model, len);
	bytes_differ(p, what, qemu, model, len);
}

void
both_mem(struct pair *p, const char *what, uint32_t gpa, uint32_t len)
{
	both_mem_at(p, what, gpa, gpa, len);
}

void
both_clock(struct pair *p, uint64_t ns)
{
	qemu_clock(p->qemu, ns);
	model_clock(p->model, ns);
}

void
both_line(struct pair *p, const char *what)
{
	p->steps++;
	differ_number(p, what, qemu_line(p->qemu), model_line(p->model));
}

void
both_wait(struct pair *p, const char *what, uint64_t max_ns,
    uint64_t tolerance_ns)
{
	uint64_t step = max_ns / WAIT_STEPS, t, up[2] = { 0, 0 };
	char text[2][24];
	unsigned int i;

	p->steps++;
	for (t = 0; t <= max_ns && (up[0] == 0 || up[1] == 0); t += step) {
		if (up[0] == 0 && qemu_line(p->qemu))
			up[0] = t + 1;
		if (up[1] == 0 && model_line(p->model))
			up[1] = t + 1;
		both_clock(p, step);
	}
	if (up[0] != 0 && up[1] != 0 && up[0] <= up[1] + tolerance_ns + step &&
	    up[1] <= up[0] + tolerance_ns + step)
		return;
	if (up[0] == up[1])
		return;
	for (i = 0; i < 2; i++)
		if (up[i] == 0)
			snprintf(text[i], sizeof(text[i]), "never");
		else
			snprintf(text[i], sizeof(text[i]), "%lluus",
			    (unsigned long long)(up[i] - 1) / 1000);
	differ(p, what, text[0], text[1]);
}

void
both_frame(struct pair *p, const void *frame, uint32_t len)
{
	p->steps++;
	qemu_frame_in(p->qemu, frame, len);
	model_frame_in(p->model, frame, len);
}

unsigned int
both_sent(struct pair *p, const char *what)
{
	static uint8_t qemu[FRAME_MAX], model[FRAME_MAX];
	int qemu_len = 0, model_len = 0;
	uint32_t qemus = 0, models = 0;
	char name[96];

	p->steps++;
	while (qemu_len >= 0 || model_len >= 0) {
		qemu_len = qemu_frame_out(p->qemu, qemu);
		model_len = model_frame_out(p->model, model);
		qemus += qemu_len >= 0;
		models += model_len >= 0;
		if (qemu_len < 0 || model_len < 0)
			continue;
		snprintf(name, sizeof(name), "%s.bytes", what);
		bytes_differ(p, name, qemu, model,
		    qemu_len < model_len ? qemu_len : model_len);
		snprintf(name, sizeof(name), "%s.length", what);
		differ_number(p, name, qemu_len, model_len);
	}
	snprintf(name, sizeof(name), "%s.frames", what);
	differ_number(p, name, qemus, models);
	return models;
}
