/* SPDX-License-Identifier: BSD-2-Clause */
#include "vfu_irq.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATA_FLAGS VFIO_IRQ_SET_DATA_TYPE_MASK
#define ACTION_FLAGS VFIO_IRQ_SET_ACTION_TYPE_MASK

void
vfu_irq_init(struct vfu_irq *irq, bool msi)
{
	memset(irq, 0, sizeof(*irq));
	(void)pthread_mutex_init(&irq->lock, NULL);
	irq->intx_fd = irq->msi_fd = irq->unmask_fd = -1;
	irq->has_msi = msi;
}

void
vfu_irq_destroy(struct vfu_irq *irq)
{
	vfu_irq_client_gone(irq);
	(void)pthread_mutex_destroy(&irq->lock);
}

/* -------------------------------------------------------------- eventfds */

/* Only the client could make it fail or block, and it would harm itself. */
static void
event_send(struct vfu_irq *irq, int fd)
{
	const uint64_t one = 1;

	if (fd >= 0 && write(fd, &one, sizeof(one)) == sizeof(one))
		(void)atomic_fetch_add_explicit(&irq->interrupts, 1,
		    memory_order_relaxed);
}

/*
 * A write of a pipe or a socket could block, or be answered by SIGPIPE.  An
 * eventfd is neither; it refuses this number, and is as before.
 */
static bool
is_eventfd(int fd)
{
	const uint64_t refused = UINT64_MAX;
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (flags < 0 || fstat(fd, &st) != 0 || S_ISFIFO(st.st_mode) ||
	    S_ISSOCK(st.st_mode) || S_ISCHR(st.st_mode))
		return false;
	if (!(flags & O_NONBLOCK) &&
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return false;
	return write(fd, &refused, sizeof(refused)) < 0 && errno == EINVAL;
}

/* `slot` is fd from now on. */
static void
fd_replace(int *slot, int fd)
{
	if (*slot >= 0)
		(void)close(*slot);
	*slot = fd;
}

/* ----------------------------------------------------------------- device */

/* With the lock held. */
static void
line_send(struct vfu_irq *irq, bool fire)
{
	if (fire) {
		irq->kept = true;
		event_send(irq, irq->intx_fd);
	}
}

void
vfu_irq_level(struct vfu_irq *irq, bool asserted)
{
	(void)pthread_mutex_lock(&irq->lock);
	irq->kept = irq->kept && asserted;
	line_send(irq, vfu_line_level(&irq->line, asserted));
	(void)pthread_mutex_unlock(&irq->lock);
}

void
vfu_irq_msi(struct vfu_irq *irq)
{
	(void)pthread_mutex_lock(&irq->lock);
	/* QEMU gives the eventfd a moment after the guest has enabled MSI. */
	irq->msi_waits = irq->msi_fd < 0;
	event_send(irq, irq->msi_fd);
	(void)pthread_mutex_unlock(&irq->lock);
}

/* ----------------------------------------------------------------- client */

/* An unmask that is counted has had its effect. */
static void
line_mask(struct vfu_irq *irq, bool mask)
{
	(void)pthread_mutex_lock(&irq->lock);
	line_send(irq,
	    mask ? vfu_line_mask(&irq->line) : vfu_line_unmask(&irq->line));
	if (!mask)
		(void)atomic_fetch_add(&irq->unmasks, 1);
	(void)pthread_mutex_unlock(&irq->lock);
}

bool
vfu_irq_kept(struct vfu_irq *irq)
{
	bool kept;

	(void)pthread_mutex_lock(&irq->lock);
	kept = irq->kept;
	(void)pthread_mutex_unlock(&irq->lock);
	return kept;
}

void
vfu_irq_resample(struct vfu_irq *irq)
{
	uint64_t count;
	ssize_t n = read(irq->unmask_fd, &count, sizeof(count));

	if (n == sizeof(count))
		line_mask(irq, false);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		vfu_irq_resample_end(irq);
}

void
vfu_irq_resample_end(struct vfu_irq *irq)
{
	fd_replace(&irq->unmask_fd, -1);
}

/* What was written to the old one still counts. */
static void
unmask_fd_set(struct vfu_irq *irq, int fd)
{
	if (irq->unmask_fd >= 0)
		vfu_irq_resample(irq);
	fd_replace(&irq->unmask_fd, fd);
}

static void
trigger_set(struct vfu_irq *irq, uint32_t index, int fd)
{
	(void)pthread_mutex_lock(&irq->lock);
	if (index == VFIO_PCI_INTX_IRQ_INDEX) {
		fd_replace(&irq->intx_fd, fd);
		line_send(irq, vfu_line_arm(&irq->line, fd >= 0));
	} else {
		fd_replace(&irq->msi_fd, fd);
		if (fd >= 0 && irq->msi_waits)
			event_send(irq, fd);
		if (fd >= 0)
			irq->msi_waits = false;
	}
	(void)pthread_mutex_unlock(&irq->lock);
}

/* The client triggers the interrupt itself.  No state changes. */
static void
trigger_now(struct vfu_irq *irq, uint32_t index)
{
	(void)pthread_mutex_lock(&irq->lock);
	event_send(irq,
	    index == VFIO_PCI_INTX_IRQ_INDEX ? irq->intx_fd : irq->msi_fd);
	(void)pthread_mutex_unlock(&irq->lock);
}

static void
index_off(struct vfu_irq *irq, uint32_t index)
{
	(void)pthread_mutex_lock(&irq->lock);
	if (index == VFIO_PCI_INTX_IRQ_INDEX) {
		fd_replace(&irq->intx_fd, -1);
		fd_replace(&irq->unmask_fd, -1);
		(void)vfu_line_off(&irq->line);
	} else {
		fd_replace(&irq->msi_fd, -1);
		irq->msi_waits = false;
	}
	(void)pthread_mutex_unlock(&irq->lock);
}

void
vfu_irq_client_gone(struct vfu_irq *irq)
{
	index_off(irq, VFIO_PCI_INTX_IRQ_INDEX);
	index_off(irq, VFIO_PCI_MSI_IRQ_INDEX);
}

/* --------------------------------------------------------------- messages */

static uint32_t
index_count(const struct vfu_irq *irq, uint32_t index)
{
	if (index == VFIO_PCI_INTX_IRQ_INDEX)
		return 1;
	return index == VFIO_PCI_MSI_IRQ_INDEX && irq->has_msi ? 1 : 0;
}

int
vfu_irq_info(const struct vfu_irq *irq, uint32_t index,
    struct vfio_irq_info *info)
{
	if (index > VFIO_PCI_MSIX_IRQ_INDEX)
		return -EINVAL;
	info->argsz = sizeof(*info);
	info->index = index;
	info->count = index_count(irq, index);
	info->flags = index == VFIO_PCI_INTX_IRQ_INDEX ?
	    VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE |
		VFIO_IRQ_INFO_AUTOMASKED :
	    VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE;
	return 0;
}

/* Linux has no eventfd that masks, either. */
static int
eventfd_set(struct vfu_irq *irq, struct vfu_message *m,
    const struct vfu_irq_set *set)
{
	uint32_t action = set->flags & ACTION_FLAGS;
	int fd = -1;

	if (m->fds.n != 0 && m->fds.n != set->count)
		return -EINVAL;
	if (action == VFIO_IRQ_SET_ACTION_MASK ||
	    (action == VFIO_IRQ_SET_ACTION_UNMASK &&
		set->index != VFIO_PCI_INTX_IRQ_INDEX))
		return -EOPNOTSUPP;
	if (m->fds.n != 0) {
		if (!is_eventfd(m->fds.fd[0]))
			return -EINVAL;
		fd = vfu_message_fd(m, 0);
	}
	if (action == VFIO_IRQ_SET_ACTION_UNMASK)
		unmask_fd_set(irq, fd);
	else
		trigger_set(irq, set->index, fd);
	return 0;
}

/* One interrupt, by message. */
static int
action_do(struct vfu_irq *irq, const struct vfu_irq_set *set)
{
	uint32_t action = set->flags & ACTION_FLAGS;

	if (action == VFIO_IRQ_SET_ACTION_TRIGGER)
		trigger_now(irq, set->index);
	else if (set->index == VFIO_PCI_INTX_IRQ_INDEX)
		line_mask(irq, action == VFIO_IRQ_SET_ACTION_MASK);
	else
		return -EOPNOTSUPP;
	return 0;
}

static bool
one_bit(uint32_t flags)
{
	return flags != 0 && (flags & (flags - 1)) == 0;
}

static bool
is_off(const struct vfu_irq_set *set)
{
	return set->flags ==
	    (VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER) &&
	    set->start == 0 && set->count == 0;
}

static int
set_check(const struct vfu_irq *irq, const struct vfu_message *m,
    const struct vfu_irq_set *set)
{
	uint32_t n = index_count(irq, set->index);

	if (set->argsz < sizeof(*set) || n == 0 ||
	    set->flags & ~(DATA_FLAGS | ACTION_FLAGS) ||
	    !one_bit(set->flags & DATA_FLAGS) ||
	    !one_bit(set->flags & ACTION_FLAGS))
		return -EINVAL;
	if (is_off(set))
		return 0;
	if (set->count == 0 || set->start >= n || set->count > n - set->start)
		return -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_BOOL &&
	    m->payload_bytes - sizeof(*set) < set->count)
		return -EINVAL;
	return 0;
}

/* Each index has one interrupt at most: start is 0, count is 1. */
int
vfu_irq_set(struct vfu_irq *irq, struct vfu_message *m)
{
	struct vfu_irq_set set;
	int error;

	if (m->payload_bytes < sizeof(set))
		return -EINVAL;
	memcpy(&set, m->payload, sizeof(set));
	error = set_check(irq, m, &set);
	if (error != 0)
		return error;
	if (is_off(&set))
		index_off(irq, set.index);
	else if (set.flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return eventfd_set(irq, m, &set);
	else if (set.flags & VFIO_IRQ_SET_DATA_NONE ||
	    m->payload[sizeof(set)] != 0)
		return action_do(irq, &set);
	return 0;
}
