/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system calls that each kind of thread of lem-nic may make: those of
 * confine.h, and those that vfio-user needs.
 */
#ifndef VFU_SERVER_SANDBOX_H
#define VFU_SERVER_SANDBOX_H

#include "err.h"

enum server_sandbox {
	SERVER_MAIN,			/* clients, control, statistics */
	SERVER_VFIO,			/* device_serve() */
	SERVER_NIC,			/* device_run_nic() */
	SERVER_FAULTS,			/* device_run_faults() */
};

/* server_sandbox_enter: as confine_thread(). */
int server_sandbox_enter(enum server_sandbox kind, struct err *err);

#endif
