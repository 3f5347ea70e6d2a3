/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer target of vm/: a guest of two CPUs on real KVM, which moves the
 * BARs of its NICs over each other, over memory and over the interrupt
 * controllers, while doorbells are mapped and it stores to them.
 *
 * The input: the NICs and how they use doorbells; then what the CPUs do, at the
 * same time: bit 7 of an action is the CPU.  After that one CPU gives each NIC
 * an address of its own, and must find what it would find after power-on.
 *
 *	memory		what lies where a BAR was put is as it was, for the
 *			guest and for the host
 *	slots		are where the registers are, or nowhere
 *	addresses	answer if a NIC is there, and only then
 *	packets		go out, each once and in order, by each NIC
 *	end		there is one; nothing but the fuzzer stops the VM
 *
 * DMA goes to a window of the memory, so it is not to blame for the rest.
 *
 * Where there is no KVM it says so, and is skipped.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "bars_guest.h"
#include "e1000_hw.h"

#define NICS		3u
#define RAM_BYTES	(16u << 20)
#define ACTIONS_MAX	120u
#define END_NS		240000000000ull	/* none takes so long */

#define WINDOW		0x100000u	/* of DMA */
#define WINDOW_BYTES	0x100000u
#define RING		WINDOW		/* of each NIC; what the input does */
#define RING_GOOD	(WINDOW + 0x8000u) /* likewise; after that */
#define RING_BYTES	0x1000u
#define BUFFERS		(WINDOW + 0x20000u)
#define BUFFERS_GOOD	(WINDOW + 0x40000u)
#define SCRATCH		(WINDOW + 0xe0000u)
#define PACKET_BYTES	60u
#define PATTERN		0x200000u	/* from here on */
#define BAR_BYTES	E82540_BAR0_BYTES
#define BURST		20u

/* Where BARs are put: in the window for them, and where they must not be. */
static const uint32_t place[] = { MACHINE_BAR_MEM, MACHINE_BAR_MEM + BAR_BYTES,
	MACHINE_BAR_MEM + 2 * BAR_BYTES, 0xf0000000, 0xfebe0000, 0xfec00000,
	0xfee00000, 0xfed00000, 0xfefe0000, 0xfffe0000, 0xdffe0000, 0, 0x200000,
	0xfe0000, 0x1000000, 0xfebc0000 };

#define PLACES	(sizeof(place) / sizeof(place[0]))

static struct {
	struct vm *vm;
	pthread_t nic_thread[NICS];
	struct guest_op *op[GUEST_CPUS];	/* the next, of its list */
	enum nic_doorbell doorbell[NICS];
	uint32_t bar[NICS];		/* as the input put it last */
	uint32_t ioapic, lapic;		/* versions, before the input */
	uint64_t slot[MACHINE_NICS];	/* as KVM has it; 0: none */
	struct sink {
		struct backend b;
		atomic_uint good;	/* packets after the input */
		atomic_bool wrong;
	} * sink[NICS];
} fuzz;

static uint64_t
wall_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ------------------------------------------------------------------- slots */

int __real_vm_slot_set(struct vm *vm, uint32_t slot, uint64_t gpa,
    const void *mem, uint64_t bytes, uint32_t flags);
int __wrap_vm_slot_set(struct vm *vm, uint32_t slot, uint64_t gpa,
    const void *mem, uint64_t bytes, uint32_t flags);

static bool
slot_is_taken(uint64_t gpa)
{
	unsigned int i;

	for (i = 0; i < MACHINE_NICS; i++)
		if (fuzz.slot[i] == gpa)
			return true;
	return false;
}

/*
 * What doorbell.c asks KVM for: with slot_lock.  KVM refuses a second NIC at
 * the same address, and nothing else.
 */
int
__wrap_vm_slot_set(struct vm *vm, uint32_t slot, uint64_t gpa, const void *mem,
    uint64_t bytes, uint32_t flags)
{
	unsigned int nic = slot - VM_SLOT_DOORBELL;
	int error = __real_vm_slot_set(vm, slot, gpa, mem, bytes, flags);

	CHECK(nic < vm->machine.nics && mem == vm->doorbell[nic].guest_mem);
	CHECK(gpa % BAR_BYTES == E82540_DOORBELL_OFFSET);
	CHECK(gpa >= MACHINE_BAR_MEM && gpa < MACHINE_BAR_MEM_END);
	if (bytes == 0) {
		CHECK(error == 0 && fuzz.slot[nic] == gpa);
		fuzz.slot[nic] = 0;
		return error;
	}
	CHECK(fuzz.slot[nic] == 0);
	CHECK(error == (slot_is_taken(gpa) ? -EEXIST : 0));
	if (error == 0)
		fuzz.slot[nic] = gpa;
	return error;
}

/* Where a NIC's own registers say that they are; 0: nowhere that counts. */
static uint32_t
bar_of(struct nic *nic)
{
	uint32_t bar = nic_pci_read(nic, E82540_PCI_BAR0, 4) & ~(BAR_BYTES - 1);

	if (!(nic_pci_read(nic, E82540_PCI_COMMAND, 2) & E82540_PCI_MEMORY) ||
	    bar < MACHINE_BAR_MEM || bar > MACHINE_BAR_MEM_END - BAR_BYTES)
		return 0;
	return bar;
}

/* No CPU moves a BAR now. */
static void
slots_check(void)
{
	struct vm *vm = fuzz.vm;
	unsigned int i;
	uint64_t bar;

	pthread_mutex_lock(&vm->slot_lock);
	for (i = 0; i < vm->machine.nics; i++) {
		bar = vm->machine.nic[i].mem;
		CHECK(bar == bar_of(vm->machine.nic[i].nic));
		CHECK(vm->doorbell[i].gpa == fuzz.slot[i]);
		CHECK(fuzz.slot[i] == 0 ||
		    (vm->doorbell[i].shown &&
			fuzz.slot[i] == bar + E82540_DOORBELL_OFFSET));
	}
	pthread_mutex_unlock(&vm->slot_lock);
}

/* -------------------------------------------------------------------- naps */

uint32_t
__real_machine_port_read(struct machine *m, uint16_t port, unsigned int size);
uint32_t
__wrap_machine_port_read(struct machine *m, uint16_t port, unsigned int size);

/* A CPU that has nothing to do leaves the processor to others. */
uint32_t
__wrap_machine_port_read(struct machine *m, uint16_t port, unsigned int size)
{
	if (port != GUEST_NAP)
		return __real_machine_port_read(m, port, size);
	usleep(100);
	return 0;
}

/* ------------------------------------------------------------------ memory */

static uint32_t
pattern(uint32_t at)
{
	return at * 2654435761u + 1;
}

/* Where doorbells would be if a BAR were in memory: each 128 KiB. */
static void
pattern_make(uint8_t *ram)
{
	uint32_t at, i;

	for (at = PATTERN; at < RAM_BYTES; at += BAR_BYTES)
		for (i = at; i < at + 0x4000; i += 4)
			*(uint32_t *)(void *)(ram + i) = pattern(i);
}

static void
pattern_check(const uint8_t *ram)
{
	uint32_t at, i;

	for (at = PATTERN; at < RAM_BYTES; at += BAR_BYTES)
		for (i = at; i < at + 0x4000; i += 4)
			CHECK(*(const uint32_t *)(const void *)(ram + i) ==
			    pattern(i));
}

static uint32_t
pattern_sum(uint32_t at, uint32_t count)
{
	uint32_t sum = 0;

	for (; count > 0; count--, at += 4)
		sum += pattern(at);
	return sum;
}

/* A packet says which NIC it is of, and which number it has there. */
static void
ring_make(uint32_t ring, uint32_t buffers, unsigned int nic, uint8_t kind)
{
	uint8_t *ram = fuzz.vm->ram.base, *p;
	struct e1000_tx_desc *d = (void *)(ram + ring + nic * RING_BYTES);
	unsigned int i;

	buffers += nic * 0x4000;
	for (i = 0; i < 256; i++, buffers += 64) {
		d[i] = (struct e1000_tx_desc){ .buffer_addr = buffers,
			.length = PACKET_BYTES,
			.cmd = E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS |
			    E1000_TXD_CMD_RS };
		p = ram + buffers;
		memset(p, 0x40, PACKET_BYTES);
		p[20] = kind;
		p[21] = (uint8_t)nic;
		p[22] = (uint8_t)i;
	}
}

/* ------------------------------------------------------------------ backend */

static unsigned int
sink_send(struct backend *b, const struct e82540_packet *packet, unsigned int n)
{
	struct sink *s = (struct sink *)b;
	const uint8_t *p;
	unsigned int i;

	for (i = 0; i < n; i++) {
		p = packet[i].iov[0].base;
		if (packet[i].len_bytes != PACKET_BYTES ||
		    packet[i].iov[0].len < 23 || p[20] != 'g')
			continue;
		if (p[22] != s->good || s != fuzz.sink[p[21] % NICS])
			s->wrong = true;
		s->good++;
	}
	return n;
}

static void
sink_close(struct backend *b)
{
	free(b);
}

static const struct backend_ops sink_ops = { .send = sink_send,
	.close = sink_close };

/* ---------------------------------------------------------------------- VM */

static void *
nic_main(void *arg)
{
	nic_run(arg);
	return NULL;
}

static void *
cpu_main(void *arg)
{
	vcpu_run(arg);
	return NULL;
}

static int
load(void *ctx, struct err *err)
{
	(void)ctx;
	(void)err;
	return 0;
}

static void
nic_add(unsigned int i, uint8_t how)
{
	static const enum nic_doorbell doorbell[] = { NIC_DOORBELL_MAPPED,
		NIC_DOORBELL_AUTO, NIC_DOORBELL_TURNS, NIC_DOORBELL_EXIT };
	const struct e82540_region region[] = {
		{ 0, WINDOW, fuzz.vm->ram.base, false },
		{ WINDOW, WINDOW_BYTES, fuzz.vm->ram.base + WINDOW, true },
		{ PATTERN, RAM_BYTES - PATTERN, fuzz.vm->ram.base + PATTERN,
		    false },
	};
	struct nic_config config = { .mac = { 2, 0, 0, 0, 0, (uint8_t)i },
		.chip = i % 3,
		.moderation =
		    how >> 2 & 1 ? NIC_MODERATION_ADAPTIVE : NIC_MODERATION_ON,
		.doorbell = doorbell[how & 3],
		.spin_us = 200 };
	struct err err;
	struct nic *nic;

	fuzz.sink[i] = backend_new(sizeof(*fuzz.sink[i]), &sink_ops, -1, &err);
	CHECK(fuzz.sink[i] != NULL);
	config.backend = &fuzz.sink[i]->b;
	nic = vm_nic_add(fuzz.vm, &config, &err);
	CHECK(nic != NULL && nic_memory(nic, region, 3) == 0);
	fuzz.doorbell[i] = config.doorbell;
	fuzz.bar[i] = MACHINE_BAR_MEM + i * BAR_BYTES;
	ring_make(RING, BUFFERS, i, 'f');
}

static void
vm_begin(void)
{
	const struct vm_config config = { RAM_BYTES, -1, GUEST_CPUS, -1 };
	unsigned int i, nics = 1 + input_u8() % NICS;
	struct err err;
	struct vm *vm;

	memset(&fuzz, 0, sizeof(fuzz));
	vm = vm_new(&config, &err);
	if (vm == NULL)
		fprintf(stderr, "%s\n", err.text);
	CHECK(vm != NULL);
	fuzz.vm = vm;
	pattern_make(vm->ram.base);
	for (i = 0; i < nics; i++)
		nic_add(i, input_u8());
	guest_make(vm);
	CHECK(restart_save(vm, load, NULL, &err) == 0);
	for (i = 0; i < nics; i++)
		CHECK(pthread_create(&fuzz.nic_thread[i], NULL, nic_main,
			  vm->machine.nic[i].nic) == 0);
	for (i = 0; i < GUEST_CPUS; i++) {
		CHECK(pthread_create(&vm->cpu[i].thread, NULL, cpu_main,
			  &vm->cpu[i]) == 0);
		vm->cpu[i].started = true;
	}
}

static void
vm_end(void)
{
	struct vm *vm = fuzz.vm;
	unsigned int i;

	vm_stop(vm);
	for (i = 0; i < GUEST_CPUS; i++)
		pthread_join(vm->cpu[i].thread, NULL);
	for (i = 0; i < vm->machine.nics; i++) {
		nic_stop(vm->machine.nic[i].nic);
		pthread_join(fuzz.nic_thread[i], NULL);
		CHECK(fuzz.slot[i] == 0);
	}
	vm_free(vm);
}

/* ------------------------------------------------------------------- lists */

static struct guest_op *
op(unsigned int cpu, enum guest_do what, uint64_t at, uint64_t value,
    uint32_t count)
{
	struct guest_op *o = fuzz.op[cpu]++;

	CHECK(o < guest_list(fuzz.vm, cpu) + GUEST_OPS);
	*o = (struct guest_op){ what, count, at, value, 0 };
	return o;
}

static void
lists_begin(void)
{
	unsigned int i;

	for (i = 0; i < GUEST_CPUS; i++)
		fuzz.op[i] = guest_list(fuzz.vm, i);
}

static bool
cpu_done(unsigned int cpu)
{
	return __atomic_load_n(&guest_state(fuzz.vm, cpu)->done,
		   __ATOMIC_ACQUIRE) != 0;
}

/* Both CPUs are at the end of their lists.  If not, in time: a bug. */
static void
lists_wait(void)
{
	uint64_t end = wall_ns() + END_NS;
	struct vm *vm = fuzz.vm;

	while (!cpu_done(0) || !cpu_done(1)) {
		if (atomic_load(&vm->stopping)) {
			pthread_mutex_lock(&vm->end_lock);
			fprintf(stderr, "the VM ended: %d: %s\n",
			    (int)atomic_load(&vm->end), vm->why.text);
			pthread_mutex_unlock(&vm->end_lock);
		}
		CHECK(!atomic_load(&vm->stopping));
		CHECK(wall_ns() < end);
		usleep(100);
	}
}

static void
lists_run(void)
{
	struct guest_cpu *cpu;
	unsigned int i;

	lists_wait();
	for (i = 0; i < GUEST_CPUS; i++) {
		op(i, DO_WAIT, 0, 0, 0);
		cpu = guest_state(fuzz.vm, i);
		cpu->next = GUEST_LIST + i * GUEST_LIST_BYTES;
		__atomic_store_n(&cpu->done, 0, __ATOMIC_RELEASE);
	}
	lists_wait();
}

static void
config_write(unsigned int cpu, unsigned int nic, unsigned int offset,
    unsigned int size, uint32_t value)
{
	op(cpu, DO_OUT32, 0xcf8,
	    0x80000000 | (MACHINE_NIC_DEV + nic) << 11 | (offset & 0xfc), 0);
	op(cpu,
	    size == 1     ? DO_OUT8 :
		size == 2 ? DO_OUT16 :
			    DO_OUT32,
	    0xcfc + (offset & 3), value, 0);
}

/* ----------------------------------------------------- what the input does */

/* An address that the guest's stores may go to. */
static uint64_t
store_at(void)
{
	static const uint16_t offset[] = { 0, E1000_TDT, E1000_RDT, E1000_TDH,
		E1000_TCTL, E1000_RCTL, 0x1ffc, 0x1ffd, 0x2ffc, 0x2fff, 0x3ffc,
		0x3ffe, E1000_ICR, E1000_IMS, E1000_TXDCTL, 0x2000 };
	uint8_t where = input_u8();
	uint32_t base = fuzz.bar[where % NICS];

	if ((where & 0x80) != 0)
		base = place[where >> 2 & 15] < MACHINE_BAR_MEM ||
			place[where >> 2 & 15] >= MACHINE_BAR_MEM_END ?
		    MACHINE_BAR_MEM :
		    place[where >> 2 & 15];
	return base +
	    ((where & 0x40) != 0 ? input_u16() % 0x6000u :
					     offset[where >> 2 & 15]);
}

static uint32_t
bar_value(void)
{
	uint8_t which = input_u8();

	return which < 240 ? place[which % PLACES] : input_u32();
}

/* The rings, as a driver sets them up; then it transmits. */
static void
act_set_up(unsigned int cpu, unsigned int nic)
{
	uint64_t bar = fuzz.bar[nic];

	config_write(cpu, nic, E82540_PCI_COMMAND, 2, 7);
	op(cpu, DO_STORE32, bar + E1000_CTRL, E1000_CTRL_SLU, 0);
	op(cpu, DO_STORE32, bar + E1000_TDBAL, RING + nic * RING_BYTES, 0);
	op(cpu, DO_STORE32, bar + E1000_TDBAH, 0, 0);
	op(cpu, DO_STORE32, bar + E1000_TDLEN, RING_BYTES, 0);
	op(cpu, DO_STORE32, bar + E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP,
	    0);
	op(cpu, DO_BELL, bar + E1000_TDT, 1, BURST);
}

static void
act_store(unsigned int cpu)
{
	static const uint8_t what[] = { DO_STORE32, DO_STORE8, DO_STORE16,
		DO_STORE64, DO_FILL, DO_ADD, DO_LOAD32, DO_LOAD64 };
	uint8_t which = input_u8();
	uint64_t at = store_at();

	op(cpu, what[which % 8], at, input_n(which >> 3 & 1 ? 4 : 1),
	    1 + (which >> 4));
}

static void
act_copy(unsigned int cpu)
{
	uint8_t which = input_u8();
	uint64_t at = store_at();

	op(cpu, DO_COPY, which & 1 ? at : SCRATCH, which & 1 ? SCRATCH : at,
	    1 + (which >> 5));
}

/* What a guest may read: anything. */
static void
act_load(unsigned int cpu)
{
	uint8_t which = input_u8();

	op(cpu, DO_LOAD32, place[which & 15] + (which >> 4) * 0x404u, 0, 0);
}

static void
act_io(unsigned int cpu)
{
	uint8_t which = input_u8();
	uint16_t port = (uint16_t)(MACHINE_BAR_IO + which % NICS * 64);

	op(cpu, DO_OUT32, port, input_u16() % 0x6000u, 0);
	if ((which & 0x80) != 0)
		op(cpu, DO_IN32, port + 4, 0, 0);
	else
		op(cpu, DO_OUT32, port + 4, input_u32(), 0);
}

static void
act_bar(unsigned int cpu, unsigned int nic)
{
	uint32_t value = bar_value();

	config_write(cpu, nic, E82540_PCI_BAR0, 4, value);
	if (value >= MACHINE_BAR_MEM && value < MACHINE_BAR_MEM_END)
		fuzz.bar[nic] = value & ~(BAR_BYTES - 1);
}

static void
act_config(unsigned int cpu, unsigned int nic)
{
	static const uint8_t offset[] = { E82540_PCI_COMMAND,
		E82540_PCI_COMMAND, E82540_PCI_BAR0 + 2, E82540_PCI_BAR0 + 3,
		E82540_PCI_BAR2, E82540_PCI_BAR2 + 1, 0xe0, 0xe1 };
	uint8_t which = input_u8();

	config_write(cpu, nic,
	    which & 0x80 ? input_u8() : offset[which % sizeof(offset)],
	    1u << (which >> 4) % 3, input_n(1 + (which >> 3 & 1)));
}

static void
act(void)
{
	uint8_t kind = input_u8();
	unsigned int cpu = kind >> 7, nic = kind >> 4 & 7, n;

	nic %= fuzz.vm->machine.nics;
	switch (kind & 15) {
	case 0:
	case 1:
		act_bar(cpu, nic);
		break;
	case 2:
		config_write(cpu, nic, E82540_PCI_COMMAND, 2, input_u8() & 7);
		break;
	case 3:
		act_config(cpu, nic);
		break;
	case 4:
	case 5:
		act_set_up(cpu, nic);
		break;
	case 6:
	case 7:
		n = input_u8();
		op(cpu, DO_BELL, fuzz.bar[nic] + E1000_TDT, input_u8(),
		    1 + n % 32);
		break;
	case 8:
		op(cpu, DO_STORE32, fuzz.bar[nic] + E1000_TCTL,
		    input_u8() & 1 ? E1000_TCTL_EN : 0, 0);
		break;
	case 9:
		op(cpu, DO_STORE32, fuzz.bar[nic] + E1000_CTRL,
		    E1000_CTRL_RST | E1000_CTRL_SLU, 0);
		break;
	case 10:
	case 11:
		act_store(cpu);
		break;
	case 12:
		act_copy(cpu);
		break;
	case 13:
		act_load(cpu);
		break;
	case 14:
		act_io(cpu);
		break;
	default:
		n = input_u8();
		if (n == 255)		/* the machine's reset */
			op(cpu, DO_OUT8, 0x64, 0xfe, 0);
		else
			op(cpu, DO_SPIN, 0, 0, 1 + n * n / 2);
		break;
	}
}

/* ---------------------------------------------------------- and after that */

static struct guest_op *
versions(void)
{
	lists_begin();
	op(0, DO_LOAD32, 0xfee00030, 0, 0);
	op(0, DO_STORE32, 0xfec00000, 1, 0);
	op(0, DO_LOAD32, 0xfec00010, 0, 0);
	lists_run();
	return guest_list(fuzz.vm, 0);
}

static uint32_t
good_bar(unsigned int nic, unsigned int turn)
{
	return MACHINE_BAR_MEM + (nic + turn) % NICS * BAR_BYTES;
}

/* Each NIC has its address, and is reset. */
static void
give_addresses(unsigned int turn)
{
	unsigned int i, nics = fuzz.vm->machine.nics;

	lists_begin();
	for (i = 0; i < nics; i++)
		config_write(0, i, E82540_PCI_COMMAND, 2, 0);
	for (i = 0; i < nics; i++) {
		config_write(0, i, 0xe0, 2, 0x8000);	/* D0 */
		config_write(0, i, E82540_PCI_BAR0, 4, good_bar(i, turn));
		config_write(0, i, E82540_PCI_BAR2, 4, MACHINE_BAR_IO + i * 64);
		config_write(0, i, E82540_PCI_COMMAND, 2, 7);
		op(0, DO_STORE32, good_bar(i, turn) + E1000_CTRL,
		    E1000_CTRL_RST, 0);
	}
	lists_run();
}

static void
send_good(unsigned int nic, unsigned int turn)
{
	uint64_t bar = good_bar(nic, turn), ring = RING_GOOD + nic * RING_BYTES;

	op(0, DO_STORE32, bar + E1000_CTRL, E1000_CTRL_SLU | E1000_CTRL_FD, 0);
	op(0, DO_UNTIL, bar + E1000_STATUS, E1000_STATUS_LU, 0);
	op(0, DO_STORE32, bar + E1000_TDBAL, ring, 0);
	op(0, DO_STORE32, bar + E1000_TDBAH, 0, 0);
	op(0, DO_STORE32, bar + E1000_TDLEN, RING_BYTES, 0);
	op(0, DO_STORE32, bar + E1000_TDH, 0, 0);
	op(0, DO_STORE32, bar + E1000_TDT, 0, 0);
	op(0, DO_STORE32, bar + E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP, 0);
	op(0, DO_BELL, bar + E1000_TDT, 1, BURST);
	op(0, DO_UNTIL, ring + (BURST - 1) * 16 + 12, E1000_TXD_STAT_DD, 0);
	op(0, DO_SPIN, 0, 0, 5000);
	op(0, DO_BELL, bar + E1000_TDT, BURST + 1, BURST);
	op(0, DO_UNTIL, ring + (2 * BURST - 1) * 16 + 12, E1000_TXD_STAT_DD, 0);
}

static void
check_packets(unsigned int turn)
{
	unsigned int i, nics = fuzz.vm->machine.nics;

	for (i = 0; i < nics; i++)
		ring_make(RING_GOOD, BUFFERS_GOOD, i, 'g');
	lists_begin();
	for (i = 0; i < nics; i++)
		send_good(i, turn);
	lists_run();
	for (i = 0; i < nics; i++)
		CHECK(fuzz.sink[i]->good == 2 * BURST && !fuzz.sink[i]->wrong);
}

/* Nothing answers where no NIC is; memory is as it was, for the guest, too. */
static void
check_addresses(unsigned int turn)
{
	static const uint32_t reg[] = { E1000_STATUS, E1000_TDT, E1000_RDT };
	const struct guest_op *o = guest_list(fuzz.vm, 0);
	unsigned int i, j, n = 0, nics = fuzz.vm->machine.nics;
	uint32_t at;

	lists_begin();
	for (i = 0; i < PLACES; i++) {
		for (j = 0; j < nics && good_bar(j, turn) != place[i]; j++)
			;
		if (j < nics || place[i] < MACHINE_BAR_MEM ||
		    place[i] >= MACHINE_BAR_MEM_END)
			continue;
		op(0, DO_STORE32, place[i] + E1000_TDT, 0x55, 0);
		for (j = 0; j < 3; j++)
			op(0, DO_LOAD32, place[i] + reg[j], 0, 0);
		n += 4;
	}
	for (at = PATTERN; at < RAM_BYTES; at += BAR_BYTES)
		op(0, DO_SUM, at, 0, 0x1000);
	lists_run();
	for (i = 0; i < n; i++)
		CHECK(o[i].what != DO_LOAD32 || o[i].result == UINT32_MAX);
	for (at = PATTERN; at < RAM_BYTES; at += BAR_BYTES, i++)
		CHECK(o[i].result == pattern_sum(at, 0x1000));
	pattern_check(fuzz.vm->ram.base);
}

/* NICs that map doorbells whatever the guest does: they do it again. */
static void
check_mapped(void)
{
	uint64_t end = wall_ns() + END_NS;
	struct vm *vm = fuzz.vm;
	unsigned int i;
	bool mapped;

	for (i = 0; i < vm->machine.nics; i++) {
		if (fuzz.doorbell[i] < NIC_DOORBELL_MAPPED)
			continue;
		do {
			pthread_mutex_lock(&vm->slot_lock);
			mapped = fuzz.slot[i] != 0;
			pthread_mutex_unlock(&vm->slot_lock);
			CHECK(wall_ns() < end);
		} while (!mapped);
	}
}

/* ------------------------------------------------------------------- fuzzer */

static void
interrupts(int number)
{
	(void)number;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct sigaction act = { .sa_handler = interrupts };
	const struct vm_config config = { RAM_BYTES, -1, GUEST_CPUS, -1 };
	struct err err;
	struct vm *vm = vm_new(&config, &err);

	(void)argc;
	(void)argv;
	if (vm == NULL) {
		fprintf(stderr, "skipped: KVM: %s\n", err.text);
		_exit(0);
	}
	vm_free(vm);
	return sigaction(VCPU_SIGNAL, &act, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct guest_op *o;
	unsigned int i, turn;

	input_begin(data, size);
	vm_begin();
	o = versions();
	fuzz.lapic = (uint32_t)o[0].result;
	fuzz.ioapic = (uint32_t)o[2].result;
	CHECK(fuzz.lapic != UINT32_MAX && fuzz.ioapic != UINT32_MAX);
	lists_begin();
	for (i = 0; i < ACTIONS_MAX && input.left > 0; i++)
		act();
	lists_run();
	slots_check();
	turn = size % NICS;
	give_addresses(turn);
	check_packets(turn);
	check_mapped();
	check_addresses(turn);
	o = versions();
	CHECK(o[0].result == fuzz.lapic && o[2].result == fuzz.ioapic);
	slots_check();
	vm_end();
	return 0;
}
