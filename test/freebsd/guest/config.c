/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest.h"

#include <sys/param.h>
#include <sys/bus.h>
#include <sys/fcntl.h>
#include <sys/kenv.h>
#include <sys/linker.h>
#include <sys/socket.h>
#include <sys/sockio.h>
#include <sys/sysctl.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_dl.h>
#include <net/if_media.h>
#include <net/if_types.h>
#include <net/if_vlan_var.h>
#include <net/route.h>
#include <netinet/in.h>
#include <netinet/in_var.h>

int
do_kenv(int n, char **w)
{
	if (n != 3)
		return -EINVAL;
	return (int)SYS6(kenv, KENV_SET, w[1], w[2], length(w[2]) + 1, 0, 0);
}

int
do_kldload(int n, char **w)
{
	long id = n == 2 ? SYS1(kldload, w[1]) : -EINVAL;

	return id < 0 ? (int)id : 0;
}

int
do_kldunload(int n, char **w)
{
	long id = n == 2 ? SYS1(kldfind, w[1]) : -EINVAL;

	return id < 0 ? (int)id : (int)SYS1(kldunload, id);
}

/* dev attach|detach|suspend|resume NAME */
int
do_dev(int n, char **w)
{
	struct devreq req;
	unsigned long op;
	long fd, error;

	if (n != 3)
		return -EINVAL;
	op = same(w[1], "attach") ? DEV_ATTACH :
	    same(w[1], "detach")  ? DEV_DETACH :
	    same(w[1], "suspend") ? DEV_SUSPEND :
	    same(w[1], "resume")  ? DEV_RESUME :
				    0;
	memset(&req, 0, sizeof(req));
	copy(req.dr_name, w[2], sizeof(req.dr_name));
	fd = SYS3(open, "/dev/devctl2", O_RDONLY, 0);
	if (fd < 0)
		return (int)fd;
	error = SYS3(ioctl, fd, op, &req);
	(void)SYS1(close, fd);
	return (int)error;
}

/* ----------------------------------------------------------- interfaces */

static int
if_ioctl(unsigned long request, void *argument)
{
	long fd = SYS3(socket, AF_INET, SOCK_DGRAM, 0), error;

	if (fd < 0)
		return (int)fd;
	error = SYS3(ioctl, fd, request, argument);
	(void)SYS1(close, fd);
	return (int)error;
}

static void
sin_fill(struct sockaddr_in *sin, uint32_t address)
{
	memset(sin, 0, sizeof(*sin));
	sin->sin_len = sizeof(*sin);
	sin->sin_family = AF_INET;
	sin->sin_addr.s_addr = __builtin_bswap32(address);
}

/* addr IF 10.0.0.2/24: and up. */
int
do_addr(int n, char **w)
{
	struct in_aliasreq req;
	uint32_t address = 0, mask, i;
	const char *s;

	if (n != 3)
		return -EINVAL;
	for (i = 0, s = w[2]; i < 4; i++) {
		address = address << 8 | (uint32_t)number(s);
		while (*s >= '0' && *s <= '9')
			s++;
		s++;
	}
	mask = ~0u << (32 - number(s));
	memset(&req, 0, sizeof(req));
	copy(req.ifra_name, w[1], sizeof(req.ifra_name));
	sin_fill(&req.ifra_addr, address);
	sin_fill(&req.ifra_mask, mask);
	sin_fill(&req.ifra_broadaddr, address | ~mask);
	return if_ioctl(SIOCAIFADDR, &req);
}

/* if NAME up|down|promisc|-promisc */
int
do_if(int n, char **w)
{
	struct ifreq req;
	int error, flags;

	if (n != 3)
		return -EINVAL;
	memset(&req, 0, sizeof(req));
	copy(req.ifr_name, w[1], sizeof(req.ifr_name));
	error = if_ioctl(SIOCGIFFLAGS, &req);
	if (error != 0)
		return error;
	flags = (req.ifr_flags & 0xffff) | req.ifr_flagshigh << 16;
	if (same(w[2], "up"))
		flags |= IFF_UP;
	else if (same(w[2], "down"))
		flags &= ~IFF_UP;
	else if (same(w[2], "promisc"))
		flags |= IFF_PPROMISC;
	else if (same(w[2], "-promisc"))
		flags &= ~IFF_PPROMISC;
	else
		return -EINVAL;
	req.ifr_flags = (short)flags;
	req.ifr_flagshigh = (short)(flags >> 16);
	return if_ioctl(SIOCSIFFLAGS, &req);
}

/* caps IF [-]NAME...: switch capabilities. */
int
do_caps(int n, char **w)
{
	static const struct {
		const char *name;
		int bit;
	} cap[] = { { "rxcsum", IFCAP_RXCSUM }, { "txcsum", IFCAP_TXCSUM },
		{ "tso", IFCAP_TSO4 }, { "lro", IFCAP_LRO },
		{ "vlanhwtag", IFCAP_VLAN_HWTAGGING },
		{ "vlanhwfilter", IFCAP_VLAN_HWFILTER } };
	struct ifreq req;
	size_t i;
	int error, k, off;

	if (n < 3)
		return -EINVAL;
	memset(&req, 0, sizeof(req));
	copy(req.ifr_name, w[1], sizeof(req.ifr_name));
	error = if_ioctl(SIOCGIFCAP, &req);
	if (error != 0)
		return error;
	req.ifr_reqcap = req.ifr_curcap;
	for (k = 2; k < n; k++) {
		off = w[k][0] == '-';
		for (i = 0; i < sizeof(cap) / sizeof(cap[0]); i++)
			if (same(w[k] + off, cap[i].name))
				break;
		if (i == sizeof(cap) / sizeof(cap[0]))
			return -EINVAL;
		if (off)
			req.ifr_reqcap &= ~cap[i].bit;
		else
			req.ifr_reqcap |= cap[i].bit;
	}
	return if_ioctl(SIOCSIFCAP, &req);
}

int
do_mtu(int n, char **w)
{
	struct ifreq req;

	if (n != 3)
		return -EINVAL;
	memset(&req, 0, sizeof(req));
	copy(req.ifr_name, w[1], sizeof(req.ifr_name));
	req.ifr_mtu = (int)number(w[2]);
	return if_ioctl(SIOCSIFMTU, &req);
}

/* ether IF LAST: the address 02:00:00:00:00:LAST. */
int
do_ether(int n, char **w)
{
	struct ifreq req;

	if (n != 3)
		return -EINVAL;
	memset(&req, 0, sizeof(req));
	copy(req.ifr_name, w[1], sizeof(req.ifr_name));
	req.ifr_addr.sa_len = ETHER_ADDR_LEN;
	req.ifr_addr.sa_family = AF_LINK;
	req.ifr_addr.sa_data[0] = 2;
	req.ifr_addr.sa_data[5] = (char)number(w[2]);
	return if_ioctl(SIOCSIFLLADDR, &req);
}

/* media IF auto|1000|100|10 */
int
do_media(int n, char **w)
{
	struct ifreq req;

	if (n != 3)
		return -EINVAL;
	memset(&req, 0, sizeof(req));
	copy(req.ifr_name, w[1], sizeof(req.ifr_name));
	req.ifr_media = IFM_ETHER |
	    (same(w[2], "1000")       ? IFM_1000_T | IFM_FDX :
		    same(w[2], "100") ? IFM_100_TX | IFM_FDX :
		    same(w[2], "10")  ? IFM_10_T | IFM_FDX :
					IFM_AUTO);
	return if_ioctl(SIOCSIFMEDIA, &req);
}

/* link IF up|down: waits for it, at most 10 s; prints the media word. */
int
do_link(int n, char **w)
{
	struct ifmediareq req;
	int i, error, want;

	if (n != 3)
		return -EINVAL;
	want = same(w[2], "up") ? IFM_ACTIVE : 0;
	for (i = 0; i < 100; i++) {
		memset(&req, 0, sizeof(req));
		copy(req.ifm_name, w[1], sizeof(req.ifm_name));
		error = if_ioctl(SIOCGIFMEDIA, &req);
		if (error != 0)
			return error;
		if ((req.ifm_status & IFM_ACTIVE) == want) {
			say("link %s %s, active %x\n", w[1], w[2],
			    (unsigned long)req.ifm_active);
			return 0;
		}
		sleep_us(100000);
	}
	return -ETIMEDOUT;
}

/* vlan NAME PARENT TAG; vlan NAME: destroy. */
int
do_vlan(int n, char **w)
{
	struct vlanreq vlan;
	struct ifreq req;
	int error;

	if (n != 4 && n != 2)
		return -EINVAL;
	memset(&req, 0, sizeof(req));
	copy(req.ifr_name, w[1], sizeof(req.ifr_name));
	if (n == 2)
		return if_ioctl(SIOCIFDESTROY, &req);
	error = if_ioctl(SIOCIFCREATE2, &req);
	if (error != 0)
		return error;
	memset(&vlan, 0, sizeof(vlan));
	copy(vlan.vlr_parent, w[2], sizeof(vlan.vlr_parent));
	vlan.vlr_tag = (unsigned short)number(w[3]);
	req.ifr_data = (void *)&vlan;
	return if_ioctl(SIOCSETVLAN, &req);
}

/* --------------------------------------------------------------- sysctl */

/* The number of a name, in oid; returns how long it is, or -errno. */
static long
sysctl_oid(const char *name, int *oid)
{
	int find[2] = { 0, 3 };
	size_t bytes = CTL_MAXNAME * sizeof(int);
	long error = SYS6(__sysctl, find, 2, oid, &bytes, name, length(name));

	return error != 0 ? error : (long)(bytes / sizeof(int));
}

int
get_sysctl(const char *name, unsigned long *value)
{
	int oid[CTL_MAXNAME];
	long n = sysctl_oid(name, oid), error;
	size_t bytes = sizeof(*value);

	*value = 0;
	if (n < 0)
		return (int)n;
	error = SYS6(__sysctl, oid, n, value, &bytes, 0, 0);
	return (int)error;
}

/* Datagrams that this machine dropped, ever, as their sockets were full. */
unsigned long
udp_full(void)
{
	unsigned long stats[64] = { 0 };	/* struct udpstat, the first */
	size_t bytes = sizeof(stats);
	int oid[CTL_MAXNAME];
	long n = sysctl_oid("net.inet.udp.stats", oid);

	if (n < 0 || SYS6(__sysctl, oid, n, stats, &bytes, 0, 0) != 0)
		return 0;
	return stats[7];			/* udps_fullsock */
}

/* Interrupts of every source that has `word` in its name, as vmstat -i. */
static int
get_interrupts(const char *word, unsigned long *value)
{
	static char names[1 << 18];
	static unsigned long counts[1 << 14];
	size_t bytes = sizeof(names) - 1, i;
	int oid[CTL_MAXNAME];
	const char *name = names, *s;
	long n = sysctl_oid("hw.intrnames", oid), error;

	*value = 0;
	error = n < 0 ? n : SYS6(__sysctl, oid, n, names, &bytes, 0, 0);
	n = sysctl_oid("hw.intrcnt", oid);
	bytes = sizeof(counts);
	if (error == 0)
		error = SYS6(__sysctl, oid, n, counts, &bytes, 0, 0);
	for (i = 0; error == 0 && i < bytes / sizeof(counts[0]); i++) {
		for (s = name; *s != '\0' && !begins(s, word); s++)
			;
		if (*s != '\0')
			*value += counts[i];
		name += length(name) + 1;
	}
	return (int)error;
}

int
get_counter(const char *name, unsigned long *value)
{
	return begins(name, "irq:") ? get_interrupts(name + 4, value) :
				      get_sysctl(name, value);
}

int
do_set(int n, char **w)
{
	int oid[CTL_MAXNAME];
	unsigned long value;
	size_t bytes = 0;
	long error, k;

	if (n != 3)
		return -EINVAL;
	value = number(w[2]);
	k = sysctl_oid(w[1], oid);
	if (k < 0)
		return (int)k;
	error = SYS6(__sysctl, oid, k, 0, &bytes, 0, 0);
	if (error == 0)
		error = SYS6(__sysctl, oid, k, 0, 0, &value, bytes);
	return (int)error;
}

int
do_get(int n, char **w)
{
	unsigned long value;
	int error, i;

	for (i = 1; i < n; i++) {
		error = get_sysctl(w[i], &value);
		if (error != 0)
			return error;
		say("%s = %d\n", w[i], (long)value);
	}
	return 0;
}

/* want NAME =|<|> VALUE */
int
do_want(int n, char **w)
{
	unsigned long value, than;
	int error;

	if (n != 4)
		return -EINVAL;
	error = get_sysctl(w[1], &value);
	if (error != 0)
		return error;
	than = number(w[3]);
	if (w[2][0] == '='     ? value == than :
		w[2][0] == '<' ? value < than :
				 value > than)
		return 0;
	if (same(w[0], "want"))
		say("%s is %d\n", w[1], (long)value);
	return 1;
}

/* until NAME =|<|> VALUE: wants it within 10 s. */
int
do_until(int n, char **w)
{
	unsigned long start = now_us();
	int result;

	while ((result = do_want(n, w)) > 0 && now_us() - start < 10000000)
		sleep_us(10000);
	return result;
}

/* ------------------------------------------------------------------ ARP */

/* A route message with two addresses, as arp(8) sends it. */
struct arp_message {
	struct rt_msghdr header;
	struct sockaddr_in host;
	struct sockaddr_dl ethernet;
};

static unsigned short
if_index(const char *name)
{
	struct ifreq req;

	memset(&req, 0, sizeof(req));
	copy(req.ifr_name, name, sizeof(req.ifr_name));
	return if_ioctl(SIOCGIFINDEX, &req) == 0 ?
	    (unsigned short)req.ifr_index :
	    0;
}

/* arp IF HOST LAST: HOST is at 02:00:00:00:00:LAST; a permanent entry. */
int
do_arp(int n, char **w)
{
	struct arp_message m;
	uint32_t address = 0, i;
	const char *s;
	long fd, sent;

	if (n != 4)
		return -EINVAL;
	for (i = 0, s = w[2]; i < 4; i++) {
		address = address << 8 | (uint32_t)number(s);
		while (*s >= '0' && *s <= '9')
			s++;
		s++;
	}
	memset(&m, 0, sizeof(m));
	m.header.rtm_msglen = sizeof(m);
	m.header.rtm_version = RTM_VERSION;
	m.header.rtm_type = RTM_ADD;
	m.header.rtm_addrs = RTA_DST | RTA_GATEWAY;
	m.header.rtm_flags = RTF_HOST | RTF_STATIC | RTF_LLDATA;
	m.header.rtm_inits = RTV_EXPIRE;
	sin_fill(&m.host, address);
	m.ethernet.sdl_len = sizeof(m.ethernet);
	m.ethernet.sdl_family = AF_LINK;
	m.ethernet.sdl_index = if_index(w[1]);
	m.ethernet.sdl_type = IFT_ETHER;
	m.ethernet.sdl_alen = ETHER_ADDR_LEN;
	m.ethernet.sdl_data[0] = 2;
	m.ethernet.sdl_data[5] = (char)number(w[3]);
	fd = SYS3(socket, PF_ROUTE, SOCK_RAW, 0);
	if (fd < 0)
		return (int)fd;
	sent = SYS3(write, fd, &m, sizeof(m));
	(void)SYS1(close, fd);
	return sent < 0 ? (int)sent : 0;
}
