/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where Xen enters the kernel, where it delivers exceptions, and the one read that may fault.
 */
#include "abi.h"

	.code64

/*
 * Entered with rsi = start_info and rsp = the end of a boot stack. Everything is saved before
 * anything is changed, for check-registers.c, and the boot stack is left as it was found.
 */
	.section .text.entry, "ax"
	.globl _start
	.type _start, @function
_start:
	mov %rax, entry_registers + 0 * 8(%rip)
	mov %rbx, entry_registers + 1 * 8(%rip)
	mov %rcx, entry_registers + 2 * 8(%rip)
	mov %rdx, entry_registers + 3 * 8(%rip)
	mov %rsi, entry_registers + 4 * 8(%rip)
	mov %rdi, entry_registers + 5 * 8(%rip)
	mov %rbp, entry_registers + 6 * 8(%rip)
	mov %rsp, entry_registers + 7 * 8(%rip)
	mov %r8, entry_registers + 8 * 8(%rip)
	mov %r9, entry_registers + 9 * 8(%rip)
	mov %r10, entry_registers + 10 * 8(%rip)
	mov %r11, entry_registers + 11 * 8(%rip)
	mov %r12, entry_registers + 12 * 8(%rip)
	mov %r13, entry_registers + 13 * 8(%rip)
	mov %r14, entry_registers + 14 * 8(%rip)
	mov %r15, entry_registers + 15 * 8(%rip)
	lea stack_end(%rip), %rsp
	pushfq
	popq entry_registers + 16 * 8(%rip)
	cld
	mov %cs, %eax
	mov %rax, entry_registers + 17 * 8(%rip)
	mov %ss, %eax
	mov %rax, entry_registers + 18 * 8(%rip)
	mov %ds, %eax
	mov %rax, entry_registers + 19 * 8(%rip)
	mov %es, %eax
	mov %rax, entry_registers + 20 * 8(%rip)
	mov %fs, %eax
	mov %rax, entry_registers + 21 * 8(%rip)
	mov %gs, %eax
	mov %rax, entry_registers + 22 * 8(%rip)
	xor %ebp, %ebp
	call start
	ud2
	.size _start, . - _start

/*
 * bool peek_word(const void *from, uint64_t *to): false where "from" is not mapped. The exception
 * handler knows the address of the read and goes on at peek_failed, with the stack as it was here.
 */
	.text
	.globl peek_word
	.type peek_word, @function
peek_word:
	.globl peek_read
peek_read:
	mov (%rdi), %rax
	mov %rax, (%rsi)
	mov $1, %eax
	ret
peek_failed:
	xor %eax, %eax
	ret
	.size peek_word, . - peek_word

/*
 * Exceptions. Xen pushes rcx and r11 on top of what the processor would, so both are free here.
 * The handler in C returns the stack pointer to go on with at peek_failed, or not at all.
 */
	.macro deliver vector, has_error
	.balign 16
	mov $\vector, %ecx
	mov $\has_error, %r11d
	jmp exception_common
	.endm

	.balign 16
	.globl exception_entries
exception_entries:
	.irp vector, 0, 1, 2, 3, 4, 5, 6, 7
	deliver \vector, 0
	.endr
	deliver 8, 1
	deliver 9, 0
	.irp vector, 10, 11, 12, 13, 14
	deliver \vector, 1
	.endr
	deliver 15, 0
	deliver 16, 0
	deliver 17, 1
	deliver 18, 0
	deliver 19, 0

	.balign 16
exception_common:
	mov %rsp, %rdi
	mov %ecx, %esi
	mov %r11d, %edx
	and $-16, %rsp
	cld
	call exception
	mov %rax, %rsp
	jmp peek_failed

	.data
	.balign 8
	.globl entry_registers
entry_registers:
	.fill 23, 8, 0

	.bss
	.balign 16
	.skip 16384
stack_end:

	.section .note.GNU-stack, "", @progbits
