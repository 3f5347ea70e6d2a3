/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The statistics for programs: a line of JSON for each program and sample, and
 * Prometheus' text format (version 0.0.4).
 */
#ifndef STAT_LINES_H
#define STAT_LINES_H

#include <stdio.h>

#include "programs.h"

/* json_lines_put: time_s: of the sample, seconds since 1970. */
void json_lines_put(FILE *out, const struct programs *all, double time_s);

/* metrics_put: the counters since the start of each program. */
void metrics_put(FILE *out, const struct programs *all);

#endif
