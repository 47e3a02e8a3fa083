/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hypercalls. A 64-bit PV kernel makes them with the instruction itself: the number
 * in rax, up to five arguments in rdi, rsi, rdx, r10 and r8. The hypercall page that
 * older kernels call through holds the same instruction.
 */
#ifndef PROBE_HYPERCALL_H
#define PROBE_HYPERCALL_H

#include "abi.h"

static inline long hypercall(unsigned long number, unsigned long a, unsigned long b,
			     unsigned long c, unsigned long d)
{
	long result;
	register unsigned long r10 __asm__("r10") = d;

	__asm__ volatile("syscall"
			 : "=a"(result), "+D"(a), "+S"(b), "+d"(c), "+r"(r10)
			 : "0"(number)
			 : "rcx", "r8", "r9", "r11", "memory", "cc");
	return result;
}

static inline long hypercall_set_trap_table(const struct trap_info *traps)
{
	return hypercall(HYPERCALL_SET_TRAP_TABLE, (unsigned long)traps, 0, 0, 0);
}

static inline long hypercall_mmu_update(const struct mmu_update *updates, unsigned long count)
{
	return hypercall(HYPERCALL_MMU_UPDATE, (unsigned long)updates, count, 0, DOMID_SELF);
}

static inline long hypercall_update_va_mapping(unsigned long va, unsigned long entry)
{
	return hypercall(HYPERCALL_UPDATE_VA_MAPPING, va, entry, UVMF_INVLPG, 0);
}

static inline long hypercall_get_debugreg(unsigned long number)
{
	return hypercall(HYPERCALL_GET_DEBUGREG, number, 0, 0, 0);
}

static inline long hypercall_memory_op(unsigned long op, void *argument)
{
	return hypercall(HYPERCALL_MEMORY_OP, op, (unsigned long)argument, 0, 0);
}

/* XENVER_version: major << 16 | minor. */
static inline long hypercall_xen_version(void)
{
	return hypercall(HYPERCALL_XEN_VERSION, 0, 0, 0, 0);
}

/* Xen's own console; heard only where Xen was built to let guests speak there. */
static inline long hypercall_console_write(const char *text, unsigned long length)
{
	return hypercall(HYPERCALL_CONSOLE_IO, 0, length, (unsigned long)text, 0);
}

static inline long hypercall_grant_table_op(unsigned long op, void *argument)
{
	return hypercall(HYPERCALL_GRANT_TABLE_OP, op, (unsigned long)argument, 1, 0);
}

static inline long hypercall_sched_op(unsigned long op, void *argument)
{
	return hypercall(HYPERCALL_SCHED_OP, op, (unsigned long)argument, 0, 0);
}

static inline long hypercall_vcpu_op(unsigned long op, unsigned long vcpu, void *argument)
{
	return hypercall(HYPERCALL_VCPU_OP, op, vcpu, (unsigned long)argument, 0);
}

static inline long hypercall_event_channel_op(unsigned long op, void *argument)
{
	return hypercall(HYPERCALL_EVENT_CHANNEL_OP, op, (unsigned long)argument, 0, 0);
}

#endif
