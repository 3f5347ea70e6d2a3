/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What differs between the kernels that lem.ko builds against: 6.1 to 7.2.
 */
#ifndef LEM_COMPAT_H
#define LEM_COMPAT_H

#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/timer.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#include <net/page_pool/helpers.h>
#else
#include <net/page_pool.h>
#endif

/* 6.2 renamed del_timer_sync(); 6.16 renamed from_timer(). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define timer_delete_sync(timer) del_timer_sync(timer)
#endif
#ifndef timer_container_of
#define timer_container_of(var, timer, member) from_timer(var, timer, member)
#endif

/* 6.8 renamed it. */
#ifndef PCI_IRQ_INTX
#define PCI_IRQ_INTX PCI_IRQ_LEGACY
#endif

/* 6.3 lets a driver say what its XDP can do. */
static inline void lem_compat_xdp_features(struct net_device *netdev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	netdev->xdp_features = NETDEV_XDP_ACT_BASIC | NETDEV_XDP_ACT_REDIRECT |
			       NETDEV_XDP_ACT_NDO_XMIT;
#endif
}

#endif
