/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest of fuzz_bars.c: a program in ring 3 on each of two CPUs, which does
 * what a list in memory says.  There is no kernel: page tables, interrupts off,
 * and a task whose bitmap allows all ports.  (Hosts that are guests themselves
 * may run ring 3 at full speed, and ring 0 an instruction in a microsecond.)
 *
 *	1000	segments	2000	task, I/O bitmap
 *	6000	program		7000	a page for each CPU: struct guest_cpu
 *	10000	page tables	40000	a list for each CPU: struct guest_op
 */
#ifndef FUZZ_BARS_GUEST_H
#define FUZZ_BARS_GUEST_H

#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#include "fuzz_input.h"
#include "vm.h"

#define GUEST_CPUS	2u
#define GUEST_GDT	0x1000u
#define GUEST_TASK	0x2000u
#define GUEST_CODE	0x6000u
#define GUEST_STATE	0x7000u
#define GUEST_TABLES	0x10000u
#define GUEST_LIST	0x40000u
#define GUEST_LIST_BYTES 0x20000u
#define GUEST_NAP	0x4e4eu		/* a port: its CPU's thread naps */
#define GUEST_NAP_TEXT	"0x4e4e"
#define GUEST_OPS	(GUEST_LIST_BYTES / sizeof(struct guest_op))

/* The handlers follow in this order. */
enum guest_do {
	DO_WAIT,			/* the list is at its end */
	DO_OUT8,			/* port at, value */
	DO_OUT16,
	DO_OUT32,
	DO_IN32,			/* port at; result */
	DO_STORE8,			/* value, at */
	DO_STORE16,
	DO_STORE32,
	DO_STORE64,
	DO_LOAD32,			/* at; result */
	DO_LOAD64,
	DO_FILL,			/* count times 4 bytes of value, at */
	DO_COPY,			/* count times 4 bytes, value to at */
	DO_ADD,				/* locked; result: what was there */
	DO_SPIN,			/* count pauses */
	DO_BELL,			/* value to at, add 1; count times */
	DO_SUM,				/* of count times 4 bytes at; result */
	DO_UNTIL,			/* 4 bytes at have a bit of value */
	DO_KINDS
};

struct guest_op {
	uint32_t what, count;
	uint64_t at, value, result;
};

struct guest_cpu {
	uint64_t next;			/* its next struct guest_op */
	uint32_t done;			/* at DO_WAIT; 0: go on */
};

/* RBX: struct guest_cpu.  It is up to date at each op: a reset goes on. */
__asm__("	.pushsection .rodata, \"a\", @progbits\n"
	"	.balign	64\n"
	"guest_code:\n"
	"0:	mov	(%rbx), %rsi\n"
	"	lea	32(%rsi), %rax\n"
	"	mov	%rax, (%rbx)\n"
	"	mov	(%rsi), %eax\n"
	"	mov	4(%rsi), %ecx\n"
	"	mov	8(%rsi), %rdi\n"
	"	mov	16(%rsi), %rdx\n"
	"	lea	guest_handlers(%rip), %r8\n"
	"	shl	$6, %eax\n"
	"	add	%rax, %r8\n"
	"	jmp	*%r8\n"
	"	.balign	64\n"
	"guest_handlers:\n"
	"	mov	%rsi, (%rbx)\n"			/* DO_WAIT */
	"	movl	$1, 8(%rbx)\n"
	"1:	mov	$" GUEST_NAP_TEXT ", %edx\n"
	"	inl	%dx, %eax\n"
	"	cmpl	$0, 8(%rbx)\n"
	"	jne	1b\n"
	"	jmp	0b\n"
	"	.balign	64\n"
	"	mov	%edx, %eax\n"			/* DO_OUT8 */
	"	mov	%edi, %edx\n"
	"	outb	%al, %dx\n"
	"	jmp	0b\n"
	"	.balign	64\n"
	"	mov	%edx, %eax\n"			/* DO_OUT16 */
	"	mov	%edi, %edx\n"
	"	outw	%ax, %dx\n"
	"	jmp	0b\n"
	"	.balign	64\n"
	"	mov	%edx, %eax\n"			/* DO_OUT32 */
	"	mov	%edi, %edx\n"
	"	outl	%eax, %dx\n"
	"	jmp	0b\n"
	"	.balign	64\n"
	"	mov	%edi, %edx\n"			/* DO_IN32 */
	"	inl	%dx, %eax\n"
	"	mov	%rax, 24(%rsi)\n"
	"	jmp	0b\n"
	"	.balign	64\n"
	"	movb	%dl, (%rdi)\n"			/* DO_STORE8 */
	"	jmp	0b\n"
	"	.balign	64\n"
	"	movw	%dx, (%rdi)\n"			/* DO_STORE16 */
	"	jmp	0b\n"
	"	.balign	64\n"
	"	movl	%edx, (%rdi)\n"			/* DO_STORE32 */
	"	jmp	0b\n"
	"	.balign	64\n"
	"	movq	%rdx, (%rdi)\n"			/* DO_STORE64 */
	"	jmp	0b\n"
	"	.balign	64\n"
	"	movl	(%rdi), %eax\n"			/* DO_LOAD32 */
	"	mov	%rax, 24(%rsi)\n"
	"	jmp	0b\n"
	"	.balign	64\n"
	"	movq	(%rdi), %rax\n"			/* DO_LOAD64 */
	"	mov	%rax, 24(%rsi)\n"
	"	jmp	0b\n"
	"	.balign	64\n"
	"	mov	%edx, %eax\n"			/* DO_FILL */
	"	rep stosl\n"
	"	jmp	0b\n"
	"	.balign	64\n"
	"	mov	%rdx, %rsi\n"			/* DO_COPY */
	"	rep movsl\n"
	"	jmp	0b\n"
	"	.balign	64\n"
	"	lock xaddl %edx, (%rdi)\n"		/* DO_ADD */
	"	mov	%rdx, 24(%rsi)\n"
	"	jmp	0b\n"
	"	.balign	64\n"
	"1:	pause\n"				/* DO_SPIN */
	"	dec	%ecx\n"
	"	jnz	1b\n"
	"	jmp	0b\n"
	"	.balign	64\n"
	"1:	movl	%edx, (%rdi)\n"			/* DO_BELL */
	"	inc	%edx\n"
	"	and	$255, %edx\n"
	"	mov	$16, %eax\n"
	"2:	pause\n"
	"	dec	%eax\n"
	"	jnz	2b\n"
	"	dec	%ecx\n"
	"	jnz	1b\n"
	"	jmp	0b\n"
	"	.balign	64\n"
	"	xor	%eax, %eax\n"			/* DO_SUM */
	"1:	add	(%rdi), %eax\n"
	"	add	$4, %rdi\n"
	"	dec	%ecx\n"
	"	jnz	1b\n"
	"	mov	%rax, 24(%rsi)\n"
	"	jmp	0b\n"
	"	.balign	64\n"
	"1:	pause\n"				/* DO_UNTIL */
	"	test	%edx, (%rdi)\n"
	"	jz	1b\n"
	"	jmp	0b\n"
	"guest_code_end:\n"
	"	.popsection\n");

extern const uint8_t guest_code[], guest_code_end[];

/* Of ring 3, with the selectors of Linux: some hosts allow no other. */
static struct kvm_segment
guest_segment(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment){ .limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.dpl = 3,
		.s = 1,
		.g = 1,
		.db = type == 0x3,
		.l = type == 0xb };
}

static void
guest_cpu_set(const struct vm *vm, unsigned int i)
{
	struct kvm_regs regs = { .rflags = 0x3002,	/* IOPL 3 */
		.rip = GUEST_CODE,
		.rbx = GUEST_STATE + i * 0x1000 };
	struct kvm_mp_state runs = { KVM_MP_STATE_RUNNABLE };
	struct kvm_sregs s;

	CHECK(ioctl(vm->cpu[i].fd, KVM_GET_SREGS, &s) == 0);
	s.cs = guest_segment(0x33, 0xb);
	s.ss = s.ds = s.es = s.fs = s.gs = guest_segment(0x2b, 0x3);
	s.tr = (struct kvm_segment){ .base = GUEST_TASK,
		.limit = 104 + 8192,
		.selector = 0x38,
		.type = 0xb,
		.present = 1 };
	s.gdt.base = GUEST_GDT;
	s.gdt.limit = 0x47;
	s.cr0 = 0x80050033;
	s.cr3 = GUEST_TABLES;
	s.cr4 = 0x620;
	s.efer = 0x500;
	CHECK(ioctl(vm->cpu[i].fd, KVM_SET_SREGS, &s) == 0);
	CHECK(ioctl(vm->cpu[i].fd, KVM_SET_REGS, &regs) == 0);
	CHECK(ioctl(vm->cpu[i].fd, KVM_SET_MP_STATE, &runs) == 0);
}

/* 4 GiB one to one, by pages of 2 MiB. */
static void
guest_tables(uint8_t *ram)
{
	uint64_t *p = (uint64_t *)(void *)(ram + GUEST_TABLES);
	unsigned int i;

	p[0] = (GUEST_TABLES + 0x1000) | 7;
	for (i = 0; i < 4; i++)
		p[512 + i] = (GUEST_TABLES + 0x2000 + i * 0x1000) | 7;
	for (i = 0; i < 2048; i++)
		p[1024 + i] = (uint64_t)i << 21 | 0x87;
}

static void
guest_segments(uint8_t *ram)
{
	static const uint64_t segment[] = { 0, 0, 0, 0x00af9b000000ffff, 0,
		0x00cff3000000ffff, 0x00affb000000ffff, 0x00008b0020002068, 0 };

	memcpy(ram + GUEST_GDT, segment, sizeof(segment));
	ram[GUEST_TASK + 0x66] = 104;		/* where the bitmap is */
	ram[GUEST_TASK + 104 + 8192] = 0xff;
}

static struct guest_cpu *
guest_state(const struct vm *vm, unsigned int cpu)
{
	return (void *)(vm->ram.base + GUEST_STATE + cpu * 0x1000);
}

static struct guest_op *
guest_list(const struct vm *vm, unsigned int cpu)
{
	return (void *)(vm->ram.base + GUEST_LIST + cpu * GUEST_LIST_BYTES);
}

/* guest_make: in the VM's memory, at rest.  Its CPUs do nothing yet. */
static void
guest_make(struct vm *vm)
{
	const struct boot boot = { .mode = BOOT_LONG };
	struct err err;
	unsigned int i;

	CHECK(vm_boot(vm, &boot, &err) == 0);
	guest_segments(vm->ram.base);
	guest_tables(vm->ram.base);
	memcpy(vm->ram.base + GUEST_CODE, guest_code,
	    (size_t)(guest_code_end - guest_code));
	for (i = 0; i < GUEST_CPUS; i++) {
		guest_state(vm, i)->next = GUEST_LIST + i * GUEST_LIST_BYTES;
		guest_cpu_set(vm, i);
	}
}

#endif
