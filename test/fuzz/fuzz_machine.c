/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer target of machine.c, pci.c, uart.c and nic.c: the ports and
 * addresses of a guest of lem-vm, without KVM.
 *
 * The input: the number of NICs; then accesses.  An access is a byte for the
 * kind and the width, up to two for the address, and up to four for the value
 * of a write.  Known ports take one byte, because most ports are unused.
 * Memory addresses count from the current BARs.
 *
 * The callbacks must be consistent: levels change, BARs are in their window,
 * and the serial port returns the bytes that it took.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "e1000_hw.h"
#include "fuzz_input.h"
#include "machine.h"

#define RAM_BYTES	0x10000u
#define ACCESSES_MAX	2000u

static struct {
	struct machine m;
	bool line[MACHINE_GSIS];
	uint64_t bar[MACHINE_NICS];
	struct place {
		unsigned int number;
	} place[MACHINE_NICS];
} fuzz;

static _Alignas(4096) uint8_t ram[RAM_BYTES];

/* -------------------------------------------------------------------- VMM */

static void
on_irq(void *ctx, unsigned int gsi, bool level)
{
	(void)ctx;
	CHECK(gsi < MACHINE_GSIS && fuzz.line[gsi] != level);
	fuzz.line[gsi] = level;
}

static void
on_output(void *ctx, const uint8_t *data, size_t n)
{
	(void)ctx;
	(void)data;
	CHECK(n > 0);
}

static void
on_end(void *ctx, enum machine_end how, int status)
{
	(void)ctx;
	CHECK(how > MACHINE_RUNS && how <= MACHINE_EXIT);
	CHECK(how != MACHINE_EXIT || (status & 1 && status <= 255));
}

static void
on_bars(void *ctx, unsigned int nic)
{
	uint64_t at;

	(void)ctx;
	CHECK(nic < fuzz.m.nics);
	at = fuzz.m.nic[nic].mem;
	CHECK(at != fuzz.bar[nic]);
	CHECK(at == 0 ||
	    (at % E1000_BAR0_SIZE_BYTES == 0 && at >= MACHINE_BAR_MEM &&
		at + E1000_BAR0_SIZE_BYTES <= MACHINE_BAR_MEM_END));
	fuzz.bar[nic] = at;
}

static const struct machine_ops ops = { on_irq, on_output, on_end, on_bars };

static void
on_nic_irq(void *ctx, bool asserted)
{
	machine_nic_irq(&fuzz.m, ((struct place *)ctx)->number, asserted);
}

static void
on_msi(void *ctx, uint64_t addr, uint32_t value)
{
	(void)ctx;
	(void)addr;
	(void)value;
}

static const struct nic_vmm vmm = { .interrupt = on_nic_irq, .msi = on_msi };

static void
nic_add(unsigned int i)
{
	const struct e82540_region region = { 0, RAM_BYTES, ram, true };
	struct nic_config config = { .mac = { 2, 0, 0, 0, 0, (uint8_t)i },
		.chip = i % 3,
		.moderation = i % NIC_MODERATIONS,
		.msi = i & 1,
		.doorbell = NIC_DOORBELL_EXIT,
		.vmm = &vmm,
		.ctx = &fuzz.place[i] };
	struct opts none = { 0 };
	struct err err;
	struct nic *nic;

	config.backend = backend_open(&none, &err);
	CHECK(config.backend != NULL);
	fuzz.place[i].number = i;
	nic = nic_new(&config, &err);
	CHECK(nic != NULL && nic_memory(nic, &region, 1) == 0);
	CHECK(machine_nic_add(&fuzz.m, nic) == i);
}

/* --------------------------------------------------------------- accesses */

static uint16_t
port(void)
{
	static const uint16_t known[] = { 0x60, 0x64, 0xf4, 0x402, 0xcf8, 0xcfc,
		MACHINE_PORT_COM1, MACHINE_PORT_PM, MACHINE_PORT_PM + 8 };
	uint8_t what = input_u8();
	uint32_t base;

	if (what < 9 * 8)
		return (uint16_t)(known[what / 8] + what % 8);
	if (what < 255 && fuzz.m.nics > 0) {
		base = fuzz.m.nic[what / 8 % fuzz.m.nics].io;
		return (uint16_t)(base + what % 8);
	}
	return input_u16();
}

static uint64_t
address(void)
{
	uint64_t base = 0;
	uint8_t what = input_u8();

	if (what < 250 && fuzz.m.nics > 0)
		base = fuzz.m.nic[what % fuzz.m.nics].mem;
	/* Most of the registers are in the first 24 KiB. */
	return base + (what & 0x40 ? input_u32() : input_u16() % 0x6000u);
}

static void
serial_input(void)
{
	uint8_t bytes[80];
	size_t n = input_u8() % (sizeof(bytes) + 1), taken;

	memset(bytes, 'x', sizeof(bytes));
	taken = machine_input(&fuzz.m, bytes, n);
	CHECK(taken <= n && fuzz.m.uart.in_n <= sizeof(fuzz.m.uart.in));
}

static void
access_one(void)
{
	uint8_t kind = input_u8();
	unsigned int size = 1u << (kind >> 4) % 3;
	uint64_t at;

	switch (kind % 8) {
	case 0:
	case 1:
		(void)machine_port_read(&fuzz.m, port(), size);
		break;
	case 2:
	case 3:
		at = port();
		machine_port_write(&fuzz.m, (uint16_t)at, size,
		    (uint32_t)input_n(size));
		break;
	case 4:
		at = address();
		(void)machine_mem_read(&fuzz.m, at, 1 + (kind >> 4) % 8);
		break;
	case 5:
	case 6:
		at = address();
		machine_mem_write(&fuzz.m, at, 1 + (kind >> 4) % 8, input_n(4));
		break;
	default:
		serial_input();
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int i, nics;

	memset(&fuzz, 0, sizeof(fuzz));
	memset(ram, 0, sizeof(ram));
	input_begin(data, size);
	machine_init(&fuzz.m, &ops, NULL);
	nics = input_u8() % (MACHINE_NICS + 1);
	for (i = 0; i < nics; i++)
		nic_add(i);
	for (i = 0; i < ACCESSES_MAX && input.left > 0; i++)
		access_one();
	for (i = 0; i < nics; i++)
		nic_free(fuzz.m.nic[i].nic);
	machine_destroy(&fuzz.m);
	return 0;
}
