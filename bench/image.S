/* SPDX-License-Identifier: BSD-2-Clause */
/* The bare-metal guest, 64 KiB, inside lem-bench: nothing to be found on disk. */
	.section .rodata
	.globl lem_guest_image, lem_guest_image_end
	.balign 16
lem_guest_image:
	.incbin "guest.bin"
lem_guest_image_end:
	.section .note.GNU-stack, "", @progbits
