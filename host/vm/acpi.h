/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VM_ACPI_H
#define VM_ACPI_H

#include "ram.h"

#define ACPI_RSDP	0xe0000u	/* guests look for it there, too */

/*
 * acpi_write: write the tables of a machine with so many CPUs: RSDP at
 * ACPI_RSDP, then XSDT, FADT, FACS, DSDT, MADT (ACPI 6.3, 5.2).
 */
void acpi_write(const struct ram *ram, unsigned int cpus);

#endif
