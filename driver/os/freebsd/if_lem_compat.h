/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that differs between FreeBSD 12, 13, 14 and 15.
 */
#ifndef IF_LEM_COMPAT_H
#define IF_LEM_COMPAT_H

#include <sys/param.h>
#include <sys/socket.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_dl.h>
#include <net/if_var.h>

/* struct ifnet, which is private since 14.0; see if_lem_replace_qflush(). */
#if __has_include(<net/if_private.h>)
#include <net/if_private.h>
#endif

/* Since 14.0 a driver does not name a devclass. */
#if __FreeBSD_version < 1400058
#define IF_LEM_DRIVER_MODULE(name, bus, driver)                                \
	static devclass_t name##_devclass;                                     \
	DRIVER_MODULE(name, bus, driver, name##_devclass, NULL, NULL)
#else
#define IF_LEM_DRIVER_MODULE(name, bus, driver)                                \
	DRIVER_MODULE(name, bus, driver, NULL, NULL)
#endif

/* iflib asks if a change of VLANs needs a restart; earlier it restarts. */
#if __FreeBSD_version >= 1300139
#define IF_LEM_HAVE_NEEDS_RESTART
#endif

/*
 * if_lem_foreach_maddr: calls add(arg, address) for each multicast address of
 * ifp, with a lock of the network stack held.
 */
struct if_lem_foreach {
	void (*add)(void *arg, const uint8_t *mac);
	void *arg;
};

#if __FreeBSD_version < 1300139
static int
if_lem_maddr_cb(void *arg, struct ifmultiaddr *ifma, int count __unused)
{
	struct if_lem_foreach *each = arg;

	if (ifma->ifma_addr->sa_family != AF_LINK)
		return (0);
	each->add(each->arg,
	    LLADDR((struct sockaddr_dl *)(void *)ifma->ifma_addr));
	return (1);
}
#else
static u_int
if_lem_maddr_cb(void *arg, struct sockaddr_dl *sdl, u_int count __unused)
{
	struct if_lem_foreach *each = arg;

	each->add(each->arg, LLADDR(sdl));
	return (1);
}
#endif

static inline void
if_lem_foreach_maddr(if_t ifp, void (*add)(void *arg, const uint8_t *mac),
    void *arg)
{
	struct if_lem_foreach each = { add, arg };

#if __FreeBSD_version < 1300139
	(void)if_multi_apply(ifp, if_lem_maddr_cb, &each);
#else
	(void)if_foreach_llmaddr(ifp, if_lem_maddr_cb, &each);
#endif
}

/*
 * if_lem_replace_qflush: sets ifp's method that flushes its queue.  Returns the
 * old one, for which there is no accessor.
 */
static inline if_qflush_fn_t
if_lem_replace_qflush(if_t ifp, if_qflush_fn_t new)
{
	if_qflush_fn_t old = ifp->if_qflush;

	if_setqflushfn(ifp, new);
	return (old);
}

#endif
