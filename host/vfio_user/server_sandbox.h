/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lem-nic may do after set-up: the system calls that each kind of thread
 * needs (confine.h), and no file system but to remove its own sockets
 * (Landlock).
 */
#ifndef VFU_SERVER_SANDBOX_H
#define VFU_SERVER_SANDBOX_H

#include <stddef.h>

#include "err.h"

enum server_sandbox {
	SERVER_MAIN,			/* clients, control, statistics */
	SERVER_VFIO,			/* device_serve() */
	SERVER_NIC,			/* device_run_nic() */
	SERVER_FAULTS,			/* device_run_faults() */
};

/* server_sandbox_enter: as confine_thread(). */
int server_sandbox_enter(enum server_sandbox kind, struct err *err);

/*
 * server_sandbox_files: this thread, and those that it starts from now on, can
 * open no file, make none, and remove only what is in the folders of n paths
 * (NULL: none).  They cannot make TCP connections, or signal other programs.
 * Each as far as this kernel's Landlock has it; a kernel without it changes
 * nothing.  After no_new_privs.  Returns 0, or -1 with err set.
 */
int server_sandbox_files(const char *const *path, size_t n, struct err *err);

#endif
