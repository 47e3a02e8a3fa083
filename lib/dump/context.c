/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A vCPU's registers in the layout of Xen's public struct vcpu_guest_context. */
#include "dump/dump.h"

#include <string.h>

static void put(uint8_t *out, unsigned at, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		out[at + i] = (uint8_t)(value >> (8 * i));
}

/* arch-x86/xen-x86_64.h: struct cpu_user_regs, then arch-x86/xen.h: struct vcpu_guest_context */
static void encode_64(const struct pvb_host_vcpu *v, uint8_t *out)
{
	enum { USER_REGS = 520, SELECTORS = USER_REGS + 136 };
	const uint64_t registers[] = {v->r15, v->r14, v->r13, v->r12, v->rbp, v->rbx,
				      v->r11, v->r10, v->r9,  v->r8,  v->rax, v->rcx,
				      v->rdx, v->rsi, v->rdi, 0,      v->rip};

	put(out, 512, v->flags, 8);
	for (unsigned i = 0; i < sizeof registers / sizeof registers[0]; i++)
		put(out, USER_REGS + 8 * i, registers[i], 8);
	put(out, SELECTORS, v->cs, 2);
	put(out, SELECTORS + 8, v->rflags, 8);
	put(out, SELECTORS + 16, v->rsp, 8);
	put(out, SELECTORS + 24, v->ss, 2);
	put(out, SELECTORS + 32, v->es, 2);
	put(out, SELECTORS + 40, v->ds, 2);
	put(out, SELECTORS + 48, v->fs, 2);
	put(out, SELECTORS + 56, v->gs, 2);
	put(out, 4816, v->ldt_base, 8);
	put(out, 4824, v->ldt_entries, 8);
	put(out, 4960, v->gdt_entries, 8);
	put(out, 4968, v->kernel_ss, 8);
	put(out, 4976, v->kernel_sp, 8);
	for (unsigned i = 0; i < 8; i++) {
		put(out, 4984 + 8 * i, v->cr[i], 8);
		put(out, 5048 + 8 * i, v->debugreg[i], 8);
	}
	put(out, 5112, v->event_callback_eip, 8);
	put(out, 5120, v->failsafe_callback_eip, 8);
	put(out, 5128, v->syscall_callback_eip, 8);
	put(out, 5136, v->vm_assist, 8);
	put(out, 5144, v->fs_base, 8);
	put(out, 5152, v->gs_base_kernel, 8);
	put(out, 5160, v->gs_base_user, 8);
}

/* arch-x86/xen-x86_32.h */
static void encode_32(const struct pvb_host_vcpu *v, uint8_t *out)
{
	enum { USER_REGS = 516 };
	const uint64_t registers[] = {v->rbx, v->rcx, v->rdx, v->rsi, v->rdi, v->rbp, v->rax};

	put(out, 512, v->flags, 4);
	for (unsigned i = 0; i < sizeof registers / sizeof registers[0]; i++)
		put(out, USER_REGS + 4 * i, registers[i], 4);
	put(out, USER_REGS + 32, v->rip, 4);
	put(out, USER_REGS + 36, v->cs, 2);
	put(out, USER_REGS + 40, v->rflags, 4);
	put(out, USER_REGS + 44, v->rsp, 4);
	put(out, USER_REGS + 48, v->ss, 2);
	put(out, USER_REGS + 52, v->es, 2);
	put(out, USER_REGS + 56, v->ds, 2);
	put(out, USER_REGS + 60, v->fs, 2);
	put(out, USER_REGS + 64, v->gs, 2);
	put(out, 2632, v->ldt_base, 4);
	put(out, 2636, v->ldt_entries, 4);
	put(out, 2704, v->gdt_entries, 4);
	put(out, 2708, v->kernel_ss, 4);
	put(out, 2712, v->kernel_sp, 4);
	for (unsigned i = 0; i < 8; i++) {
		put(out, 2716 + 4 * i, v->cr[i], 4);
		put(out, 2748 + 4 * i, v->debugreg[i], 4);
	}
	put(out, 2780, v->event_callback_cs, 4);
	put(out, 2784, v->event_callback_eip, 4);
	put(out, 2788, v->failsafe_callback_cs, 4);
	put(out, 2792, v->failsafe_callback_eip, 4);
	put(out, 2796, v->vm_assist, 4);
}

void pvb_dump_encode_context(const struct pvb_host_vcpu *vcpu, unsigned guest_bits,
			     uint8_t out[PVB_DUMP_CONTEXT_BYTES])
{
	memset(out, 0, PVB_DUMP_CONTEXT_BYTES);
	if (guest_bits == 64)
		encode_64(vcpu, out);
	else
		encode_32(vcpu, out);
}
