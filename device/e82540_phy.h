/* SPDX-License-Identifier: BSD-2-Clause */
/* The PHY, and the link.  All with the bus lock. */
#ifndef E82540_PHY_H
#define E82540_PHY_H

#include "e82540_impl.h"

/* e82540_phy_reset: PHY to its defaults; negotiates if there is a cable. */
void e82540_phy_reset(struct e82540 *dev);
void e82540_phy_due(struct e82540 *dev);	/* negotiation is done */
void e82540_phy_cable(struct e82540 *dev, bool in);
/* e82540_phy_power: power state, or what wakes from it, has changed. */
void e82540_phy_power(struct e82540 *dev);
bool e82540_phy_loopback(const struct e82540 *dev);
void e82540_mdic_write(struct e82540 *dev, uint32_t offset, uint32_t value);
/* e82540_link_update: STATUS from PHY and CTRL; LSC if LU changed. */
void e82540_link_update(struct e82540 *dev);

#endif
