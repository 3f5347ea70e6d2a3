/* SPDX-License-Identifier: BSD-2-Clause */
#include "acpi.h"

#include <string.h>

#include "machine.h"

#include "dsdt.hex"			/* dsdt_aml_code[], of dsdt.asl */

#define TABLES		(ACPI_RSDP + 0x40)
#define TABLES_END	0xf0000u

#define IO_APIC		0xfec00000u
#define LOCAL_APIC	0xfee00000u

/* FADT flags (5.2.9, table 5-10) and boot flags (5-11). */
#define FADT_WBINVD	(1u << 0)
#define FADT_PROC_C1	(1u << 2)
#define FADT_NO_BUTTONS	(1u << 4 | 1u << 5)
#define FADT_TMR_32	(1u << 8)
#define FADT_RESET	(1u << 10)
#define BOOT_LEGACY	(1u << 0)
#define BOOT_NO_VGA	(1u << 2)
#define BOOT_NO_RTC	(1u << 5)

#define SPACE_IO	1u

struct header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} __attribute__((packed));

struct address {
	uint8_t space, bits, offset, access;
	uint64_t address;
} __attribute__((packed));

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t checksum_all;
	uint8_t reserved[3];
} __attribute__((packed));

struct facs {
	char signature[4];
	uint32_t length;
	uint8_t zero[24];
	uint8_t version;
	uint8_t reserved[31];
} __attribute__((packed));

struct fadt {
	struct header header;
	uint32_t facs, dsdt;
	uint8_t reserved, profile;
	uint16_t sci_int;
	uint32_t smi_cmd;
	uint8_t enable, disable, s4bios, pstate;
	uint32_t pm1a_evt, pm1b_evt, pm1a_cnt, pm1b_cnt, pm2_cnt, pm_tmr;
	uint32_t gpe0, gpe1;
	uint8_t pm1_evt_len, pm1_cnt_len, pm2_cnt_len, pm_tmr_len;
	uint8_t gpe0_len, gpe1_len, gpe1_base, cst_cnt;
	uint16_t c2_latency, c3_latency, flush_size, flush_stride;
	uint8_t duty_offset, duty_width, day_alarm, month_alarm, century;
	uint16_t boot;
	uint8_t reserved2;
	uint32_t flags;
	struct address reset;
	uint8_t reset_value;
	uint16_t arm_boot;
	uint8_t minor;
	uint64_t x_facs, x_dsdt;
	struct address x_pm1a_evt, x_pm1b_evt, x_pm1a_cnt, x_pm1b_cnt,
	    x_pm2_cnt, x_pm_tmr, x_gpe0, x_gpe1, sleep_control, sleep_status;
	uint64_t hypervisor;
} __attribute__((packed));

_Static_assert(sizeof(struct fadt) == 276, "FADT of revision 6");

struct madt_cpu {
	uint8_t type, length, uid, id;
	uint32_t flags;
} __attribute__((packed));

struct madt_io_apic {
	uint8_t type, length, id, reserved;
	uint32_t address, gsi;
} __attribute__((packed));

struct madt_override {
	uint8_t type, length, bus, irq;
	uint32_t gsi;
	uint16_t flags;
} __attribute__((packed));

/* The next table's place, from TABLES on. */
struct writer {
	const struct ram *ram;
	uint64_t at;
};

static uint8_t
acpi_checksum(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint8_t sum = 0;

	while (n-- > 0)
		sum += *b++;
	return (uint8_t)-sum;
}

static void
header_init(struct header *h, const char *signature, size_t length,
    uint8_t revision)
{
	memcpy(h->signature, signature, 4);
	h->length = (uint32_t)length;
	h->revision = revision;
	memcpy(h->oem_id, "LEM   ", 6);
	memcpy(h->oem_table_id, "LEM-VM  ", 8);
	h->oem_revision = 1;
	memcpy(h->creator_id, "LEM ", 4);
	h->creator_revision = 1;
}

/* Copies n bytes into the guest.  Returns their address, a multiple of 64. */
static uint64_t
acpi_place(struct writer *w, const void *table, size_t n)
{
	uint64_t at = w->at;
	void *to = ram_at(w->ram, at, n);

	if (to == NULL || at + n > TABLES_END)
		return 0;
	memcpy(to, table, n);
	w->at = (at + n + 63) & ~(uint64_t)63;
	return at;
}

static uint64_t
acpi_place_table(struct writer *w, struct header *h)
{
	h->checksum = 0;
	h->checksum = acpi_checksum(h, h->length);
	return acpi_place(w, h, h->length);
}

static struct address
acpi_io_address(uint32_t port, uint8_t bits)
{
	return (struct address){ SPACE_IO, bits, 0,
		bits / 8 == 4     ? 3 :
		    bits / 8 == 2 ? 2 :
				    1,
		port };
}

static uint64_t
fadt_write(struct writer *w)
{
	struct facs facs = { .signature = { 'F', 'A', 'C', 'S' },
		.length = sizeof(facs),
		.version = 2 };
	struct fadt f = {
		.sci_int = MACHINE_IRQ_SCI,
		.pm1a_evt = MACHINE_PORT_PM,
		.pm1a_cnt = MACHINE_PORT_PM + 4,
		.pm_tmr = MACHINE_PORT_PM + 8,
		.pm1_evt_len = 4,
		.pm1_cnt_len = 2,
		.pm_tmr_len = 4,
		.c2_latency = 0xffff,	/* no C2, no C3 */
		.c3_latency = 0xffff,
		.boot = BOOT_LEGACY | BOOT_NO_VGA | BOOT_NO_RTC,
		.flags = FADT_WBINVD | FADT_PROC_C1 | FADT_NO_BUTTONS |
		    FADT_TMR_32 | FADT_RESET,
		.reset_value = 1,
		.minor = 3,
	};

	header_init(&f.header, "FACP", sizeof(f), 6);
	f.reset = acpi_io_address(MACHINE_PORT_PM + 12, 8);
	f.x_pm1a_evt = acpi_io_address(MACHINE_PORT_PM, 32);
	f.x_pm1a_cnt = acpi_io_address(MACHINE_PORT_PM + 4, 16);
	f.x_pm_tmr = acpi_io_address(MACHINE_PORT_PM + 8, 32);
	f.facs = (uint32_t)acpi_place(w, &facs, sizeof(facs));
	f.x_dsdt = acpi_place(w, dsdt_aml_code, sizeof(dsdt_aml_code));
	f.dsdt = (uint32_t)f.x_dsdt;
	return acpi_place_table(w, &f.header);
}

static uint64_t
madt_write(struct writer *w, unsigned int cpus)
{
	struct {
		struct header header;
		uint32_t local_apic, flags;
		struct madt_io_apic io_apic;
		struct madt_override timer, sci;
		struct madt_cpu cpu[64];
	} __attribute__((packed)) m = {
		.local_apic = LOCAL_APIC,
		.flags = 1,		/* there are two 8259s, too */
		/* KVM's I/O APIC has number 0, which a CPU may have, too. */
		.io_apic = { 1, sizeof(m.io_apic), 0, 0, IO_APIC, 0 },
		/* The timer is on pin 2; ACPI's interrupt is level, high. */
		.timer = { 2, sizeof(m.timer), 0, 0, 2, 0 },
		.sci = { 2, sizeof(m.sci), 0, MACHINE_IRQ_SCI, MACHINE_IRQ_SCI,
		    0xd },
	};
	unsigned int i;

	for (i = 0; i < cpus && i < 64; i++)
		m.cpu[i] = (struct madt_cpu){ 0, sizeof(m.cpu[i]), (uint8_t)i,
			(uint8_t)i, 1 };
	header_init(&m.header, "APIC",
	    sizeof(m) - sizeof(m.cpu) + i * sizeof(m.cpu[0]), 3);
	return acpi_place_table(w, &m.header);
}

void
acpi_write(const struct ram *ram, unsigned int cpus)
{
	struct writer w = { ram, TABLES };
	struct {
		struct header header;
		uint64_t table[2];
	} __attribute__((packed)) xsdt;
	struct rsdp rsdp = { .revision = 2, .length = sizeof(rsdp) };

	xsdt.table[0] = fadt_write(&w);
	xsdt.table[1] = madt_write(&w, cpus);
	header_init(&xsdt.header, "XSDT", sizeof(xsdt), 1);
	rsdp.xsdt = acpi_place_table(&w, &xsdt.header);
	memcpy(rsdp.signature, "RSD PTR ", 8);
	memcpy(rsdp.oem_id, "LEM   ", 6);
	rsdp.checksum = acpi_checksum(&rsdp, 20);
	rsdp.checksum_all = acpi_checksum(&rsdp, sizeof(rsdp));
	w.at = ACPI_RSDP;
	(void)acpi_place(&w, &rsdp, sizeof(rsdp));
}
