/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A 64 KiB raw image for QEMU's -bios: from the reset vector to long mode in
 * as few instructions as possible, then to the payload.
 *
 * There is no firmware because SeaBIOS needs seconds where kernel-mode code is
 * emulated an instruction at a time (a KVM host that is itself a PVM guest).
 * For the same reason this does only what ring 3 cannot do later at full speed.
 *
 * Linked at 0xffff0000, where the chipset shows the last 64 KiB of the image.
 * The payload lies at its start.  This copies it to BARE_BASE; the assembler
 * refuses one that reaches the code (.org cannot move backwards).  It is
 * payload.bin in the assembler's include path.
 *
 * start.S needs this state, from here or from any other loader:
 * long mode, CPL 0, interrupts off, 4 GiB mapped one to one and accessible to
 * ring 3, the payload at 0x100000, a jump to its first byte.  Low memory in
 * use: page tables at 0x10000 to 0x15fff.
 */
	.set	BARE_BASE, 0x100000
	.set	PML4, 0x10000
	.set	PDPT, 0x11000
	.set	PD, 0x12000		/* four pages, 2 MiB an entry */

	.code16
	.section .rom, "ax"
rom:
payload:
	.incbin	"payload.bin"
payload_end:

	.org	0xfe00
entry16:
	cli
	lgdtl	%cs:(gdt_ptr - rom)	/* CS base is 0xffff0000 after reset */
	movl	$0x00000011, %eax	/* PE, ET */
	movl	%eax, %cr0
	ljmpl	$0x08, $entry32

	.code32
entry32:
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	cld
	movl	$payload, %esi
	movl	$BARE_BASE, %edi
	movl	$((payload_end - payload + 3) / 4), %ecx
	rep movsl

	/* Page tables; entries are present, writable, user. */
	movl	$PML4, %edi
	xorl	%eax, %eax
	movl	$((PD - PML4) / 4), %ecx
	rep stosl
	movl	$(PDPT + 7), PML4
	movl	$(PD + 0x0007), PDPT
	movl	$(PD + 0x1007), PDPT + 8
	movl	$(PD + 0x2007), PDPT + 16
	movl	$(PD + 0x3007), PDPT + 24
	movl	$0x00000087, %eax	/* PS: 2 MiB pages; EDI is at PD now */
	movl	$2048, %ecx
1:	movl	%eax, (%edi)
	movl	$0, 4(%edi)
	addl	$8, %edi
	addl	$0x200000, %eax
	loop	1b

	movl	$0x00000620, %eax	/* PAE, OSFXSR, OSXMMEXCPT */
	movl	%eax, %cr4
	movl	$PML4, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx	/* EFER */
	movl	$0x00000101, %eax	/* LME, SCE */
	xorl	%edx, %edx
	wrmsr
	movl	$0x80010033, %eax	/* PG, WP, NE, ET, MP, PE */
	movl	%eax, %cr0
	ljmp	$0x18, $BARE_BASE

	.balign	8
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff	/* 08 code, 32 bit */
	.quad	0x00cf93000000ffff	/* 10 data */
	.quad	0x00af9b000000ffff	/* 18 code, 64 bit */
gdt_ptr:
	.word	. - gdt - 1
	.long	gdt

	.org	0xfff0			/* the reset vector */
	.code16
	.byte	0xe9			/* jmp entry16, 16-bit displacement */
	.word	entry16 - . - 2
	.org	0x10000

	.section .note.GNU-stack, "", @progbits
