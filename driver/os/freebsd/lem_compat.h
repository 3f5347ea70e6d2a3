/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What differs between FreeBSD 12, 13, 14 and 15, all of it.
 */
#ifndef LEM_COMPAT_H
#define LEM_COMPAT_H

#include <sys/param.h>
#include <sys/socket.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_dl.h>
#include <net/if_var.h>

/* struct ifnet, which is private since 14.0; see lem_replace_qflush(). */
#if __has_include(<net/if_private.h>)
#include <net/if_private.h>
#endif

/* A driver names no devclass any more. */
#if __FreeBSD_version < 1400058
#define LEM_DRIVER_MODULE(name, bus, driver)                                   \
	static devclass_t name##_devclass;                                     \
	DRIVER_MODULE(name, bus, driver, name##_devclass, NULL, NULL)
#else
#define LEM_DRIVER_MODULE(name, bus, driver)                                   \
	DRIVER_MODULE(name, bus, driver, NULL, NULL)
#endif

/* iflib asks whether a change of VLANs needs a restart; before, it restarts. */
#if __FreeBSD_version >= 1300139
#define LEM_HAVE_NEEDS_RESTART
#endif

/*
 * lem_foreach_maddr: add(arg, address) for each multicast address of ifp, with
 * a lock of the network stack's held.
 */
struct lem_foreach {
	void (*add)(void *arg, const uint8_t *mac);
	void *arg;
};

#if __FreeBSD_version < 1300139
static int
lem_maddr_cb(void *arg, struct ifmultiaddr *ifma, int count __unused)
{
	struct lem_foreach *each = arg;

	if (ifma->ifma_addr->sa_family != AF_LINK)
		return (0);
	each->add(each->arg,
	    LLADDR((struct sockaddr_dl *)(void *)ifma->ifma_addr));
	return (1);
}
#else
static u_int
lem_maddr_cb(void *arg, struct sockaddr_dl *sdl, u_int count __unused)
{
	struct lem_foreach *each = arg;

	each->add(each->arg, LLADDR(sdl));
	return (1);
}
#endif

static inline void
lem_foreach_maddr(if_t ifp, void (*add)(void *arg, const uint8_t *mac),
    void *arg)
{
	struct lem_foreach each = { add, arg };

#if __FreeBSD_version < 1300139
	(void)if_multi_apply(ifp, lem_maddr_cb, &each);
#else
	(void)if_foreach_llmaddr(ifp, lem_maddr_cb, &each);
#endif
}

/*
 * lem_replace_qflush: ifp's method to flush its queue.  Returns the old
 * one, for which there is no accessor.
 */
static inline if_qflush_fn_t
lem_replace_qflush(if_t ifp, if_qflush_fn_t new)
{
	if_qflush_fn_t old = ifp->if_qflush;

	if_setqflushfn(ifp, new);
	return (old);
}

#endif
