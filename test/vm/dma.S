/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A BIOS image whose NIC sends the same packet again and again, by its I/O BAR,
 * in real mode.
 */
	.code16
	.globl _start
_start:
	movl	$0x80001804, %eax	# device 3: command
	movw	$0xcf8, %dx
	outl	%eax, %dx
	movw	$0xcfc, %dx
	movw	$7, %ax
	outw	%ax, %dx
	.macro	reg, at, value
	movl	$\at, %eax
	movw	$0xc000, %dx
	outl	%eax, %dx
	movl	$\value, %eax
	movw	$0xc004, %dx
	outl	%eax, %dx
	.endm
	movl	$0x2000, 0x1000
	movl	$0, 0x1004
	movl	$0x0b00003c, 0x1008
	movl	$0, 0x100c
	reg	0x3800, 0x1000
	reg	0x3808, 128
1:	reg	0x400, 0
	reg	0x3810, 0
	reg	0x3818, 0
	reg	0x400, 0xa
	reg	0x3818, 1
	jmp	1b
	.org 0xfff0
	.code16
	.byte 0xe9
	.word _start - . - 2
	.org 0x10000
