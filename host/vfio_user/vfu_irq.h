/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's eventfds for INTx and MSI.
 */
#ifndef VFU_IRQ_H
#define VFU_IRQ_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "vfu_line.h"
#include "vfu_message.h"

struct vfu_irq {
	pthread_mutex_t lock;		/* held for a write() of an eventfd */
	struct vfu_line line;
	bool kept;			/* asserted since it fired, no break */
	int intx_fd;			/* or -1 */
	int msi_fd;
	bool msi_waits;			/* a message came without an eventfd */
	bool has_msi;
	/* Only vfu_serve()'s thread uses it: read it when it is readable. */
	int unmask_fd;
	_Atomic uint64_t interrupts, unmasks;
};

void vfu_irq_init(struct vfu_irq *irq, bool msi);
void vfu_irq_destroy(struct vfu_irq *irq);

/* Any thread. */
void vfu_irq_level(struct vfu_irq *irq, bool asserted);
void vfu_irq_msi(struct vfu_irq *irq);

/*
 * The others are for vfu_serve()'s thread.
 *
 * vfu_irq_set: a SET_IRQS; takes the descriptors that it keeps.  Returns 0 or
 * -errno.
 */
int vfu_irq_set(struct vfu_irq *irq, struct vfu_message *m);

/* vfu_irq_info: a GET_IRQ_INFO.  Returns 0 or -errno. */
int vfu_irq_info(const struct vfu_irq *irq, uint32_t index,
    struct vfio_irq_info *info);

/*
 * vfu_irq_kept: the line has fired, and the device has asserted it ever since.
 */
bool vfu_irq_kept(struct vfu_irq *irq);

/*
 * vfu_irq_resample: unmask_fd is readable.  vfu_irq_resample_end: it fails.
 */
void vfu_irq_resample(struct vfu_irq *irq);
void vfu_irq_resample_end(struct vfu_irq *irq);

/* vfu_irq_client_gone: close all; the level stays. */
void vfu_irq_client_gone(struct vfu_irq *irq);

#endif
