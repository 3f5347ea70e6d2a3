/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The statistics as text for people: lines that fit a terminal.
 */
#ifndef STAT_VIEW_H
#define STAT_VIEW_H

#include <stdio.h>
#include <time.h>

#include "programs.h"

#define VIEW_WIDTH	80u

struct view {
	unsigned int width;		/* columns; cells beyond are left out */
	unsigned int height;		/* lines; 0: as many as it takes */
	time_t time;			/* of the sample */
	const char *hint;		/* in the first line, or "" */
};

/*
 * view_put: if the lines are more than the height, those of NICs become one
 * each; if they are still too many, the last line says how many are missing.
 */
void view_put(FILE *out, const struct programs *all, const struct view *view);

/*
 * view_number: a rate in at most 6 characters: "12.3k"; "-" for NAN.
 * view_ratio: the same for what is often below 1: "0.0041".
 */
void view_number(char text[16], double value);
void view_ratio(char text[16], double value);

#endif
