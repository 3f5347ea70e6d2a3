/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system calls that each kind of thread of lem-vm may make: those of
 * confine.h, and those that KVM and the terminal need.
 */
#ifndef VM_SANDBOX_H
#define VM_SANDBOX_H

#include "err.h"

enum sandbox {
	SANDBOX_MAIN,			/* with the terminal */
	SANDBOX_CPU,			/* vcpu_run() */
	SANDBOX_CPU_RESTARTS,		/* the same, with restart_save() */
	SANDBOX_NIC,			/* nic_run() */
	SANDBOX_LOADER,			/* boot_again() */
};

/* sandbox_enter: as confine_thread(). */
int sandbox_enter(enum sandbox kind, struct err *err);

#endif
