/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two more ways by which a write of TDT can reach a thread without a trip of
 * the vCPU's to user space, kept to be measured beside the others
 * (doc/lem-vm.md):
 *
 *	ioeventfd	an eventfd for each value of TDT, by datamatch.  Which
 *			value came last is not known, but which is furthest is.
 *	coalesced	KVM puts writes into a ring of its own, which a thread
 *			that looks all the time sees at once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "e1000_hw.h"
#include "vm.h"

#define EVENTS		256u		/* values of TDT that have one */

struct ways {
	struct vm *vm;
	enum nic_doorbell way;
	uint64_t bar;			/* where it is registered; 0: not */
	int epoll_fd;
	int event_fd[EVENTS];
	/* coalesced: KVM's ring, in the first CPU's shared pages. */
	struct kvm_coalesced_mmio_ring *ring;
	uint32_t slots;
	pthread_mutex_t lock;		/* of ring->first and tail */
	int tail;
};

/* -------------------------------------------------------------- ioeventfd */

static int
events_new(struct ways *w, struct err *err)
{
	struct epoll_event e = { .events = EPOLLIN };
	unsigned int i;

	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll_fd < 0)
		return err_set(err, "epoll: %s", strerror(errno));
	for (i = 0; i < EVENTS; i++) {
		w->event_fd[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		e.data.u32 = i;
		if (w->event_fd[i] < 0 ||
		    epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->event_fd[i], &e) !=
			0)
			return err_set(err, "eventfd: %s", strerror(errno));
	}
	return 0;
}

static void
events_set(struct ways *w, uint64_t bar, uint32_t flags)
{
	struct kvm_ioeventfd e = {
		.addr = bar + E1000_TDT,
		.len = 4,
		.flags = KVM_IOEVENTFD_FLAG_DATAMATCH | flags,
	};
	unsigned int i;

	for (i = 0; i < EVENTS; i++) {
		e.datamatch = i;
		e.fd = w->event_fd[i];
		(void)ioctl(w->vm->fd, KVM_IOEVENTFD, &e);
	}
}

/* All at once: one left for later would be taken for the next lap's. */
static int
events_tail(struct ways *w, uint32_t head, uint32_t count)
{
	struct epoll_event e[EVENTS];
	uint32_t furthest = 0, distance;
	int i, n, tail = -1;
	uint64_t rung;

	n = epoll_wait(w->epoll_fd, e, EVENTS, 0);
	for (i = 0; i < n; i++) {
		(void)!read(w->event_fd[e[i].data.u32], &rung, sizeof(rung));
		if (count == 0)
			continue;	/* no ring: rung for nothing */
		distance = (e[i].data.u32 + count - head) % count;
		if (tail < 0 || distance > furthest) {
			furthest = distance;
			tail = (int)e[i].data.u32;
		}
	}
	return tail;
}

/* -------------------------------------------------------------- coalesced */

static int
ring_find(struct ways *w, struct err *err)
{
	int page =
	    ioctl(w->vm->kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_COALESCED_MMIO);
	long bytes = sysconf(_SC_PAGESIZE);

	if (page <= 0)
		return err_set(err, "this KVM does not coalesce writes");
	w->ring = (void *)((uint8_t *)w->vm->cpu[0].run + page * bytes);
	w->slots = (uint32_t)((size_t)bytes - sizeof(*w->ring)) /
	    sizeof(struct kvm_coalesced_mmio);
	return 0;
}

static void
ring_set(struct ways *w, uint64_t bar, bool on)
{
	struct kvm_coalesced_mmio_zone zone = { .addr = bar + E1000_TDT,
		.size = 4 };

	(void)ioctl(w->vm->fd,
	    on ? KVM_REGISTER_COALESCED_MMIO : KVM_UNREGISTER_COALESCED_MMIO,
	    &zone);
}

/* Writes to TDT are all that can be in there. */
static void
ring_drain(struct ways *w)
{
	struct kvm_coalesced_mmio_ring *r = w->ring;
	uint32_t first = r->first, value;

	while (first != __atomic_load_n(&r->last, __ATOMIC_ACQUIRE)) {
		memcpy(&value, r->coalesced_mmio[first].data, sizeof(value));
		w->tail = (int)(value & E1000_TDT_MASK);
		first = (first + 1) % w->slots;
		__atomic_store_n(&r->first, first, __ATOMIC_RELEASE);
	}
}

/* --------------------------------------------------------------- for both */

void
ways_move(struct ways *w, uint64_t bar)
{
	if (bar == w->bar)
		return;
	if (w->way == NIC_DOORBELL_IOEVENTFD) {
		if (w->bar != 0)
			events_set(w, w->bar, KVM_IOEVENTFD_FLAG_DEASSIGN);
		if (bar != 0)
			events_set(w, bar, 0);
	} else {
		if (w->bar != 0)
			ring_set(w, w->bar, false);
		if (bar != 0)
			ring_set(w, bar, true);
	}
	w->bar = bar;
}

int
ways_tail(struct ways *w, uint32_t head, uint32_t count)
{
	int tail;

	if (w->way == NIC_DOORBELL_IOEVENTFD)
		return events_tail(w, head, count);
	pthread_mutex_lock(&w->lock);
	ring_drain(w);
	tail = w->tail;
	w->tail = -1;
	pthread_mutex_unlock(&w->lock);
	return tail;
}

int
ways_fd(const struct ways *w)
{
	return w->epoll_fd;
}

/* What the guest wrote before it made the access that exits. */
void
ways_drain(struct ways *w)
{
	int tail;

	if (w->way != NIC_DOORBELL_COALESCED)
		return;
	pthread_mutex_lock(&w->lock);
	ring_drain(w);
	tail = w->tail;
	w->tail = -1;
	pthread_mutex_unlock(&w->lock);
	if (tail >= 0)
		nic_mmio_write(w->vm->machine.nic[0].nic, E1000_TDT, 4,
		    (uint64_t)tail);
}

struct ways *
ways_new(struct vm *vm, enum nic_doorbell way, struct err *err)
{
	struct ways *w = calloc(1, sizeof(*w));
	unsigned int i;

	if (w == NULL) {
		(void)err_set(err, "out of memory");
		return NULL;
	}
	w->vm = vm;
	w->way = way;
	w->epoll_fd = -1;
	w->tail = -1;
	pthread_mutex_init(&w->lock, NULL);
	for (i = 0; i < EVENTS; i++)
		w->event_fd[i] = -1;
	if ((way == NIC_DOORBELL_IOEVENTFD ? events_new(w, err) :
					     ring_find(w, err)) == 0)
		return w;
	ways_free(w);
	return NULL;
}

void
ways_free(struct ways *w)
{
	unsigned int i;

	for (i = 0; i < EVENTS; i++)
		if (w->event_fd[i] >= 0)
			(void)close(w->event_fd[i]);
	if (w->epoll_fd >= 0)
		(void)close(w->epoll_fd);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
