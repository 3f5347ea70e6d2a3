/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How far apart two processors are now.  The host of a virtual machine moves
 * its processors; two that are far apart pass cache lines several times as
 * slowly, and what shares memory is slower by as much.
 */
#ifndef LEM_BENCH_LINE_H
#define LEM_BENCH_LINE_H

/*
 * lem_line_ns: nanoseconds for a cache line to go from one of the first two
 * processors that this process may use to the other, and back; NAN if it may
 * use only one, or others use them.  Blocks: 1 ms, 20 ms at most.
 */
double lem_line_ns(void);

#endif
