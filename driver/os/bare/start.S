/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ring 0 of the bare-metal platform: set the machine up, drop to ring 3, and
 * come back only for an interrupt.
 *
 * The program lives in ring 3 because there are KVM hosts (PVM: nested without
 * vmx or svm) that emulate every ring-0 instruction at about 1 us each, while
 * ring-3 code runs natively.  On any other host it makes no difference.  So
 * everything that ring 3 can do is done there, and the rest, here, is straight
 * code.
 *
 * Linked at 0x100000 and entered at its first byte, in the state that rom.S
 * describes.  All addresses here are in the first 64 KiB, so their bits 16 to
 * 31 are BARE_BASE's: descriptors need them as constants.
 */
	.set	BARE_BASE, 0x100000
	.set	KERNEL_CS, 0x18		/* as in rom.S's GDT */
	/*
	 * The selectors of the ring-3 segments are Linux's own user selectors:
	 * a PVM host runs us with its real ones.
	 */
	.set	USER_DS, 0x2b
	.set	USER_CS, 0x33
	.set	TSS_SEL, 0x38
	.set	IRQ_BASE, 0x20		/* vectors of the 8259 pair */
	.set	IRQ_NIC, 5

	.set	LAPIC_EOI, 0xfee000b0
	.set	PORT_CONSOLE, 0x402	/* isa-debugcon */
	.set	PORT_EXIT, 0xf4		/* isa-debug-exit */

	.code64
	.section .text.start, "ax", @progbits
	.globl	bare_start
bare_start:
	lgdt	gdt_ptr
	lidt	idt_ptr
	movl	$TSS_SEL, %eax
	ltr	%ax
	/* 8259 pair: ICW1 to ICW4, automatic EOI on the master, IRQ5 alone. */
	movb	$0x11, %al
	outb	%al, $0x20
	outb	%al, $0xa0
	movb	$IRQ_BASE, %al
	outb	%al, $0x21
	movb	$(IRQ_BASE + 8), %al
	outb	%al, $0xa1
	movb	$0x04, %al
	outb	%al, $0x21
	movb	$0x02, %al
	outb	%al, $0xa1
	movb	$0x03, %al		/* 8086 mode, automatic EOI */
	outb	%al, $0x21
	movb	$0x01, %al
	outb	%al, $0xa1
	movb	$(0xff & ~(1 << IRQ_NIC)), %al
	outb	%al, $0x21
	movb	$0xff, %al
	outb	%al, $0xa1
	/*
	 * ELCR: edges.  In level mode, with automatic EOI, the line pends
	 * again as soon as the CPU takes the interrupt, as it is still high.
	 * Then KVM asks for an exit when the handler ends.  No edge is lost:
	 * the NIC is alone on IRQ5, and the read of its causes lowers the
	 * line.
	 */
	xorl	%eax, %eax
	movl	$0x4d0, %edx
	outb	%al, %dx

	movq	$stack0_top, %rsp
	pushq	$USER_DS
	pushq	$stack3_top
	pushq	$0x3202			/* IOPL 3, IF */
	pushq	$USER_CS
	pushq	$ring3
	iretq

	/* The first ring-3 code: from here on the CPU runs at its own speed. */
ring3:
	movq	$bare_bss, %rdi
	movq	$bare_bss_end, %rcx
	subq	%rdi, %rcx
	shrq	$3, %rcx
	xorl	%eax, %eax
	rep stosq
	call	bare_main
	xorl	%edi, %edi
	jmp	bare_exit

	/*
	 * The NIC's interrupt.  Reading the cause register clears it and
	 * deasserts INTx, so with automatic EOI that is all there is to do.
	 * bare_irq_attach() writes the register's address into the movabs
	 * (one instruction less than a load of the address) and points the
	 * gate of IRQ5 at the stub of the register's width.
	 */
	.globl	bare_irq_stub32, bare_irq_stub8
	.globl	bare_irq_stub32_addr, bare_irq_stub8_addr
	.balign	16
bare_irq_stub32:
	pushq	%rax
	.byte	0xa1			/* movabs address, %eax */
bare_irq_stub32_addr:
	.quad	no_device
	orl	%eax, bare_irq_cause
	incl	bare_irq_count
	popq	%rax
	iretq

	.balign	16
bare_irq_stub8:
	pushq	%rax
	.byte	0xa0			/* movabs address, %al */
bare_irq_stub8_addr:
	.quad	no_device
	orb	%al, bare_irq_cause
	incl	bare_irq_count
	popq	%rax
	iretq

	/* The LAPIC timer: its only purpose is to end a hlt. */
	.balign	16
irq_tick:
	pushq	%rax
	xorl	%eax, %eax
	movabsl	%eax, LAPIC_EOI
	popq	%rax
	iretq

	/* Every other vector from 0x20: the 8259's IRQ7, the LAPIC's 0x2f. */
	.balign	16
irq_spurious:
	incl	bare_irq_spurious
	iretq

	/*
	 * Exceptions, 16 bytes a stub: make all frames alike (an error code,
	 * real or 0) and add the vector.
	 */
	.set	HAVE_ERROR, 0x60227d00	/* 8, 10-14, 17, 21, 29, 30 */
	.balign	16
exceptions:
	.set	vector, 0
	.rept	32
	.balign	16
	.if	((HAVE_ERROR >> vector) & 1) == 0
	pushq	$0
	.endif
	pushq	$vector
	jmp	exception
	.set	vector, vector + 1
	.endr

	/*
	 * General protection.  A hlt in ring 3 ends here, with interrupts off,
	 * and means "halt unless a cause is pending" (bare.h).  sti holds
	 * interrupts back for one more instruction, so that none comes
	 * between it and hlt.  (A syscall would need three MSRs set up; an int
	 * instruction faults on PVM hosts.)
	 */
	.balign	16
gp_fault:
	cmpq	$bare_wait_for_interrupt, 8(%rsp)	/* RIP */
	jne	2f
	cmpl	$0, bare_irq_cause
	jne	1f
	sti
	hlt
1:	addq	$8, %rsp		/* the error code */
	incq	(%rsp)			/* past the hlt */
	iretq
2:	pushq	$13
	jmp	exception

	/* Ring 3, a function for C. */
	.globl	bare_wait_for_interrupt
bare_wait_for_interrupt:
	hlt
	ret

	/* Say "!vector error rip cr2" in hexadecimal and leave with 0x7f. */
exception:
	movl	$PORT_CONSOLE, %edx
	movb	$'!', %al
	outb	%al, %dx
	movq	(%rsp), %rbx
	call	put_hex
	movq	8(%rsp), %rbx
	call	put_hex
	movq	16(%rsp), %rbx
	call	put_hex
	movq	%cr2, %rbx
	call	put_hex
	movb	$'\n', %al
	outb	%al, %dx
	movl	$PORT_EXIT, %edx
	movl	$0x7f, %eax
	outl	%eax, %dx
1:	hlt
	jmp	1b

	/* RBX in hexadecimal without leading zeros, then a space. */
put_hex:
	movl	$16, %ecx
1:	rolq	$4, %rbx
	movl	%ebx, %eax
	andl	$15, %eax
	jnz	2f
	decl	%ecx
	jnz	1b
	incl	%ecx
2:	movl	%ebx, %eax
	andl	$15, %eax
	addl	$'0', %eax
	cmpl	$'9', %eax
	jbe	3f
	addl	$('a' - '9' - 1), %eax
3:	outb	%al, %dx
	rolq	$4, %rbx
	decl	%ecx
	jnz	2b
	movb	$' ', %al
	outb	%al, %dx
	ret

	/*
	 * The tables.  Here, not in .data, because they hold distances from
	 * bare_start, which an assembler can only tell within a section.
	 */
	/* An interrupt gate of ring 0; `offset` is from bare_start. */
	.macro	GATE offset
	.word	\offset
	.word	KERNEL_CS
	.word	0x8e00
	.word	BARE_BASE >> 16
	.quad	0
	.endm

	.globl	bare_irq_gate
	.balign	16
idt:
	.set	vector, 0
	.rept	32
	.if	vector == 13
	GATE	(gp_fault - bare_start)
	.else
	GATE	(exceptions - bare_start + 16 * vector)
	.endif
	.set	vector, vector + 1
	.endr
	.rept	IRQ_NIC
	GATE	(irq_spurious - bare_start)
	.endr
bare_irq_gate:
	GATE	(bare_irq_stub32 - bare_start)
	.rept	14 - IRQ_NIC - 1
	GATE	(irq_spurious - bare_start)
	.endr
	GATE	(irq_tick - bare_start)		/* 0x2e: bare_tick_start() */
	GATE	(irq_spurious - bare_start)
idt_end:

	.balign	16
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff	/* 08 unused, as in rom.S */
	.quad	0x00cf93000000ffff	/* 10 ring-0 data */
	.quad	0x00af9b000000ffff	/* 18 ring-0 code, 64 bit */
	.quad	0x00cf93000000ffff	/* 20 unused */
	.quad	0x00cff3000000ffff	/* 28 ring-3 data */
	.quad	0x00affb000000ffff	/* 30 ring-3 code, 64 bit */
	.word	tss_end - tss - 1	/* 38 TSS, 16 bytes */
	.word	tss - bare_start
	.byte	BARE_BASE >> 16, 0x89, 0, 0
	.quad	0
gdt_end:

idt_ptr:
	.word	idt_end - idt - 1
	.quad	idt
gdt_ptr:
	.word	gdt_end - gdt - 1
	.quad	gdt

	/*
	 * The bitmap grants ring 3 all ports.  IOPL 3 ought to be enough, but
	 * a PVM host looks at the bitmap alone.
	 */
	.balign	16
tss:
	.long	0
	.quad	stack0_top
	.fill	22, 4, 0
	.word	0
	.word	bitmap - tss
bitmap:
	.fill	8192, 1, 0
	.byte	0xff			/* the SDM wants this last byte */
tss_end:

no_device:
	.long	0

	.data
	.globl	bare_irq_cause, bare_irq_count, bare_irq_spurious
	.balign	64
bare_irq_cause:
	.long	0
bare_irq_count:
	.long	0
bare_irq_spurious:
	.long	0

	.section .bss.noinit, "aw", @nobits
	.balign	64
	.skip	4096
stack0_top:
	.skip	65536
stack3_top:

	.section .note.GNU-stack, "", @progbits
