/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine without KVM, with real NICs and null backends.  The test is the
 * guest, and accesses ports and addresses.
 */
#ifndef TEST_MACHINE_RIG_H
#define TEST_MACHINE_RIG_H

#include "common.h"
#include "e1000_hw.h"
#include "machine.h"

#define COMMAND_IO	E82540_PCI_IO
#define COMMAND_MEM	E82540_PCI_MEMORY

struct rig {
	struct machine m;
	bool line[MACHINE_GSIS];
	unsigned int changes[MACHINE_GSIS];
	uint8_t out[4096];
	size_t out_n;
	unsigned int ends;
	enum machine_end how;
	int status;
	unsigned int bars[MACHINE_NICS];
	struct place {
		struct rig *rig;
		unsigned int number;
	} place[MACHINE_NICS];
};

/* It must be called on changes only. */
static void
rig_irq(void *ctx, unsigned int gsi, bool level)
{
	struct rig *r = ctx;

	assert_true(gsi < MACHINE_GSIS);
	assert_int_not_equal(r->line[gsi], level);
	r->line[gsi] = level;
	r->changes[gsi]++;
}

static void
rig_output(void *ctx, const uint8_t *data, size_t n)
{
	struct rig *r = ctx;

	assert_true(n <= sizeof(r->out) - r->out_n);
	memcpy(r->out + r->out_n, data, n);
	r->out_n += n;
}

static void
rig_end(void *ctx, enum machine_end how, int status)
{
	struct rig *r = ctx;

	r->ends++;
	r->how = how;
	r->status = status;
}

static void
rig_bars(void *ctx, unsigned int nic)
{
	struct rig *r = ctx;

	assert_true(nic < r->m.nics);
	r->bars[nic]++;
}

static const struct machine_ops rig_ops = { rig_irq, rig_output, rig_end,
	rig_bars };

static void
rig_nic_irq(void *ctx, bool asserted)
{
	struct place *p = ctx;

	machine_nic_irq(&p->rig->m, p->number, asserted);
}

static const struct nic_vmm rig_vmm = { .interrupt = rig_nic_irq };

static inline void
rig_nic(struct rig *r)
{
	unsigned int i = r->m.nics;
	struct nic_config c = { .mac = { 0x52, 0x54, 0, 0, 0, (uint8_t)i },
		.moderation = NIC_MODERATION_ADAPTIVE,
		.vmm = &rig_vmm,
		.ctx = &r->place[i] };
	struct opts none = { 0 };
	struct err err;
	struct nic *nic;

	c.backend = backend_open(&none, &err);
	assert_non_null(c.backend);
	r->place[i] = (struct place){ r, i };
	nic = nic_new(&c, &err);
	assert_non_null(nic);
	assert_int_equal(machine_nic_add(&r->m, nic), i);
}

static inline struct rig *
rig_new(unsigned int nics)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	machine_init(&r->m, &rig_ops, r);
	while (nics-- > 0)
		rig_nic(r);
	return r;
}

static inline void
rig_free(struct rig *r)
{
	unsigned int i;

	for (i = 0; i < r->m.nics; i++)
		nic_free(r->m.nic[i].nic);
	machine_destroy(&r->m);
	free(r);
}

/* ------------------------------------------------------------------ ports */

static inline uint32_t
ones(unsigned int size)
{
	return UINT32_MAX >> (32 - size * 8);
}

/* A CPU uses only as many bytes as its instruction reads. */
static inline uint32_t
in(struct rig *r, uint16_t port, unsigned int size)
{
	return machine_port_read(&r->m, port, size) & ones(size);
}

static inline uint8_t
inb(struct rig *r, uint16_t port)
{
	return (uint8_t)in(r, port, 1);
}

static inline void
outb(struct rig *r, uint16_t port, uint8_t value)
{
	machine_port_write(&r->m, port, 1, value);
}

static inline uint32_t
config_address(unsigned int device, unsigned int offset)
{
	return 0x80000000 | device << 11 | (offset & 0xfc);
}

/* As Linux's pci_conf1_read() and pci_conf1_write(). */
static inline uint32_t
config_read(struct rig *r, unsigned int device, unsigned int offset,
    unsigned int size)
{
	machine_port_write(&r->m, 0xcf8, 4, config_address(device, offset));
	return in(r, (uint16_t)(0xcfc + (offset & 3)), size);
}

static inline void
config_write(struct rig *r, unsigned int device, unsigned int offset,
    unsigned int size, uint32_t value)
{
	machine_port_write(&r->m, 0xcf8, 4, config_address(device, offset));
	machine_port_write(&r->m, (uint16_t)(0xcfc + (offset & 3)), size,
	    value);
}

#endif
