/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The commands of the guest's script, see main.c.  Each takes its words (word 0
 * is its name) and returns 0, -errno, or 1 after it has printed what is wrong.
 */
#ifndef GUEST_H
#define GUEST_H

#include "sys.h"

/* config.c */
int do_kenv(int n, char **w);
int do_kldload(int n, char **w);
int do_kldunload(int n, char **w);
int do_dev(int n, char **w);
int do_addr(int n, char **w);
int do_arp(int n, char **w);
int do_if(int n, char **w);
int do_caps(int n, char **w);
int do_mtu(int n, char **w);
int do_ether(int n, char **w);
int do_media(int n, char **w);
int do_link(int n, char **w);
int do_vlan(int n, char **w);
int do_set(int n, char **w);
int do_get(int n, char **w);
int do_want(int n, char **w);
int do_until(int n, char **w);

/* traffic.c */
int do_host(int n, char **w);
int do_ping(int n, char **w);
int do_udp_out(int n, char **w);
int do_udp_in(int n, char **w);
unsigned long udp_full(void);
int do_tcp(int n, char **w);
int do_flood(int n, char **w);

/* netmap.c */
int do_netmap(int n, char **w);

/*
 * traffic.c, for the peer's control port.  tell: sends a line, up to three
 * times until an answer comes, and ignores the answer.  tell_only: sends it
 * once and does not wait.  sink_has: the sink has count datagrams, except for a
 * few in a thousand, not one damaged, not one twice.
 */
int tell(const char *host, const char *line);
int tell_only(const char *host, const char *line);
int sink_has(const char *host, unsigned long count, unsigned long permil);
void join(char *line, size_t bytes, int n, char **w);

/*
 * get_sysctl: an integer of 4 or 8 bytes.  get_counter: the same, or, where the
 * name is irq:WORD, how many interrupts sources with that word have had.
 * 0 or -errno.
 */
int get_sysctl(const char *name, unsigned long *value);
int get_counter(const char *name, unsigned long *value);

#endif
