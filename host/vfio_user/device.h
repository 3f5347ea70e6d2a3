/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The e1000 as a device for vfu_server.h: BAR 0, BAR 2 and configuration space
 * of a NIC (nic.h), its interrupt, and its doorbell memory (pages.h).
 *
 *	vfu_serve()'s thread	register accesses, guest memory, reset
 *	device_run_nic()'s	packets
 *	device_run_faults()'s	the guest's accesses to pages that were taken
 *				back (FUSE)
 */
#ifndef VFU_DEVICE_H
#define VFU_DEVICE_H

#include "nic.h"
#include "pages.h"
#include "vfu_server.h"

struct device_config {
	/* Its backend, too.  vmm, doorbell_ops and ctx are device_new()'s. */
	struct nic_config nic;
	/* NULL: doorbells trap.  The device's, from device_new() on. */
	struct pages *pages;
	/* warn: as in struct vfu_ops.  say: as in struct nic_vmm. */
	void (*warn)(void *ctx, const char *text);
	void (*say)(void *ctx, const char *text);
	void *ctx;
};

struct device {
	struct device_config config;
	struct nic *nic;
	struct vfu_server *server;
	struct nic_doorbell_ops doorbell;
	int stop_fd;			/* ends device_run_faults() */
};

/*
 * device_new: it owns the backend and the pages, even if it fails.  Returns
 * NULL with err set.
 */
struct device *device_new(const struct device_config *config, struct err *err);

/* device_free: when no thread uses it any more. */
void device_free(struct device *d);

/* device_serve: as vfu_serve(). */
int device_serve(struct device *d, int fd, struct err *err);

/* device_run_nic: as nic_run(). */
void device_run_nic(struct device *d);

/* device_has_faults: is a thread for device_run_faults() needed? */
bool device_has_faults(const struct device *d);

/*
 * device_run_faults: returns 0 after device_stop(); or -1 with err set: the
 * pages are gone, so the guest's next access to them fails.
 */
int device_run_faults(struct device *d, struct err *err);

/* device_stop: make all three return, now or when they begin.  Any thread. */
void device_stop(struct device *d);

#endif
