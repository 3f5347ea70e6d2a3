/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The multiboot header that QEMU's -kernel looks for, the note that lem-vm's
 * --kernel looks for (PVH), and the way to long mode when boot.c is done.  See boot.c.
 *
 * Page tables: one page directory of 2 MiB pages for the first GiB, and every
 * entry above it points there.  So a virtual address is its physical one modulo
 * 1 GiB, KERNBASE is 0, and the kernel can reach all that boot.c has made.
 */
	.set	MAGIC, 0x1badb002
	.set	FLAGS, 0x00000003	/* modules on pages; a memory map */

	.section .header, "a"
	.balign	4
	.long	MAGIC, FLAGS, -(MAGIC + FLAGS)

	.section .note.pvh, "a", @note
	.balign	4
	.long	4, 4, 18		/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	start_pvh

	.text
	.code32
	.globl	start
start:
	cld
	movl	$stack_end, %esp
	pushl	%ebx			/* multiboot information */
	call	boot_main
	jmp	booted

start_pvh:
	cld
	movl	$stack_end, %esp
	pushl	%ebx			/* PVH's start information */
	call	boot_pvh
booted:

	movl	$pd + 0x003, %eax
	movl	$pdpt, %edi
	call	fill
	movl	$pdpt + 0x003, %eax
	movl	$pml4, %edi
	call	fill
	movl	$0x00000083, %eax	/* PS, writable, present */
	movl	$pd, %edi
	movl	$512, %ecx
1:	movl	%eax, (%edi)
	movl	$0, 4(%edi)
	addl	$8, %edi
	addl	$0x200000, %eax
	loop	1b

	movl	$0x00000020, %eax	/* PAE */
	movl	%eax, %cr4
	movl	$pml4, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx	/* EFER.LME */
	movl	$0x00000100, %eax
	xorl	%edx, %edx
	wrmsr
	movl	$0x80000011, %eax	/* PG, ET, PE */
	movl	%eax, %cr0
	lgdtl	gdt_ptr
	ljmpl	$0x08, $long_mode

	/* 512 times %eax to (%edi). */
fill:	movl	$512, %ecx
1:	movl	%eax, (%edi)
	movl	$0, 4(%edi)
	addl	$8, %edi
	loop	1b
	ret

	.code64
long_mode:
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	/* The kernel finds at 4(%rsp) its metadata, at 8(%rsp) the first
	 * address that is free. */
	movl	$stack_end - 16, %esp
	movl	boot_metadata(%rip), %eax
	movl	%eax, 4(%rsp)
	movl	boot_free(%rip), %eax
	movl	%eax, 8(%rsp)
	movq	boot_entry(%rip), %rax
	jmpq	*%rax

	.data
	.balign	8
gdt:	.quad	0, 0x00209a0000000000, 0x0000920000000000
gdt_ptr:
	.word	gdt_ptr - gdt - 1
	.long	gdt

	.bss
	.balign	4096
pml4:	.skip	4096
pdpt:	.skip	4096
pd:	.skip	4096
	.skip	8192
stack_end:
