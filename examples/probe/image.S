/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For check-image.c: words that it can reckon, multiples of an odd number; and bytes that are zero. */
	.data
	.balign 4
	.globl image_pattern
image_pattern:
	.set image_word, 0
	.rept 4096
	.set image_word, (image_word + 0x9e3779b1) & 0xffffffff
	.long image_word
	.endr
	.globl image_pattern_end
image_pattern_end:

	.bss
	.globl image_bss
image_bss:
	.skip 65536
	.globl image_bss_end
image_bss_end:

	.section .note.GNU-stack, "", @progbits
