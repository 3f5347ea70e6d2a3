/* SPDX-License-Identifier: BSD-2-Clause */
/* Which frames are for us. */
#ifndef E82540_FILTER_H
#define E82540_FILTER_H

#include "e82540_impl.h"

/*
 * e82540_filter: is a frame for us (10.1.1, 13.5)?  len: 14 or more.
 * Returns 0 no, E82540_PASS, or'ed with E82540_PASS_INEXACT if only a hash said
 * so (PIF).  Rx lock.
 */
#define E82540_PASS		1u
#define E82540_PASS_INEXACT	2u
unsigned int
e82540_filter(const struct e82540 *dev, const uint8_t *frame, uint32_t len);

#endif
