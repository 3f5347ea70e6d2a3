/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Register accesses of an e1000 whose driver does not count them: QEMU traces
 * its memory regions (event memory_region_ops) into a stream of lines.
 */
#ifndef LEM_BENCH_TRACE_H
#define LEM_BENCH_TRACE_H

#include <stdbool.h>
#include <stdint.h>

struct lem_trace {
	uint64_t bar;		/* where the registers are; 0: count nothing */
	uint64_t registers;	/* accesses, */
	uint64_t doorbells;	/* and those that write TDT */
};

/* lem_trace_switch: by QMP, which it negotiates too; reads no answer. */
void lem_trace_switch(int qmp_fd, bool on);

/* lem_trace_line: count an access.  Returns false if the line is not one. */
bool lem_trace_line(struct lem_trace *t, const char *line);

#endif
