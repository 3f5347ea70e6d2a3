/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A filter sees where an address is, not what it says.  So addresses are in a
 * page of their own, which nobody can write any more once threads are confined.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "confine.h"

#define PAGE_BYTES	4096u
#define PAGE_FIRST	0x10000ul	/* the least address that is usual */
#define PAGE_LAST	0x200000ul	/* programs begin at 400000h */

union peer {
	struct sockaddr_un at;
	char bytes[128];
};

#define PEERS	(PAGE_BYTES / sizeof(union peer))

static union peer *peers;
static unsigned int peers_n;

static int
peers_map(struct err *err)
{
	uintptr_t at;
	void *p = MAP_FAILED;

	for (at = PAGE_FIRST; at <= PAGE_LAST && p == MAP_FAILED; at *= 2)
		p = mmap((void *)at, PAGE_BYTES, PROT_READ,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (p == MAP_FAILED)
		return err_set(err, "no memory for addresses: %s",
		    strerror(errno));
	peers = p;
	return 0;
}

const struct sockaddr_un *
confine_peer(const struct sockaddr_un *at, struct err *err)
{
	unsigned int i;

	for (i = 0; i < peers_n; i++)
		if (memcmp(&peers[i].at, at, sizeof(*at)) == 0)
			return &peers[i].at;
	if (peers == NULL && peers_map(err) != 0)
		return NULL;
	if (peers_n == PEERS) {
		(void)err_set(err, "too many peers: at most %zu", PEERS);
		return NULL;
	}
	if (mprotect(peers, PAGE_BYTES, PROT_READ | PROT_WRITE) == 0) {
		peers[peers_n].at = *at;
		if (mprotect(peers, PAGE_BYTES, PROT_READ) == 0)
			return &peers[peers_n++].at;
	}
	(void)err_set(err, "mprotect: %s", strerror(errno));
	return NULL;
}

unsigned int
confine_peers(const struct sockaddr_un *list[CONFINE_PEERS_MAX], uintptr_t *end)
{
	unsigned int i;

	_Static_assert(PEERS <= CONFINE_PEERS_MAX, "they fit");
	for (i = 0; i < peers_n; i++)
		list[i] = &peers[i].at;
	*end = peers == NULL ? 0 : (uintptr_t)peers + PAGE_BYTES;
	return peers_n;
}
