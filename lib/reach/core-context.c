/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A vCPU's registers, from Xen's public struct vcpu_guest_context as cores have it. */
#include "core/span.h"
#include "reach/core-memory.h"

/* Offsets in vcpu_guest_context (Xen public arch-x86/xen.h), by guest width. */
static void read_context_64(struct pvb_span c, struct pvb_host_vcpu *v)
{
	uint64_t *const registers[] = {&v->r15, &v->r14, &v->r13, &v->r12, &v->rbp,
				       &v->rbx, &v->r11, &v->r10, &v->r9,  &v->r8,
				       &v->rax, &v->rcx, &v->rdx, &v->rsi, &v->rdi};
	uint64_t flags = 0, vm_assist = 0;

	(void)pvb_span_u64(c, 512, &flags);
	for (size_t i = 0; i < sizeof registers / sizeof registers[0]; i++)
		(void)pvb_span_u64(c, 520 + 8 * i, registers[i]);
	(void)pvb_span_u64(c, 648, &v->rip);
	(void)pvb_span_u16(c, 656, &v->cs);
	(void)pvb_span_u64(c, 664, &v->rflags);
	(void)pvb_span_u64(c, 672, &v->rsp);
	(void)pvb_span_u16(c, 680, &v->ss);
	(void)pvb_span_u16(c, 688, &v->es);
	(void)pvb_span_u16(c, 696, &v->ds);
	(void)pvb_span_u16(c, 704, &v->fs);
	(void)pvb_span_u16(c, 712, &v->gs);
	(void)pvb_span_u64(c, 4816, &v->ldt_base);
	(void)pvb_span_u64(c, 4824, &v->ldt_entries);
	(void)pvb_span_u64(c, 4960, &v->gdt_entries);
	(void)pvb_span_u64(c, 4968, &v->kernel_ss);
	(void)pvb_span_u64(c, 4976, &v->kernel_sp);
	for (size_t i = 0; i < 8; i++) {
		(void)pvb_span_u64(c, 4984 + 8 * i, &v->cr[i]);
		(void)pvb_span_u64(c, 5048 + 8 * i, &v->debugreg[i]);
	}
	(void)pvb_span_u64(c, 5112, &v->event_callback_eip);
	(void)pvb_span_u64(c, 5120, &v->failsafe_callback_eip);
	(void)pvb_span_u64(c, 5128, &v->syscall_callback_eip);
	(void)pvb_span_u64(c, 5136, &vm_assist);
	(void)pvb_span_u64(c, 5144, &v->fs_base);
	(void)pvb_span_u64(c, 5152, &v->gs_base_kernel);
	(void)pvb_span_u64(c, 5160, &v->gs_base_user);
	/* Assists and flags above bit 31 are none that a new domain can have; keep them visible. */
	v->flags = (uint32_t)flags | (flags >> 32 ? UINT32_C(1) << 31 : 0);
	v->vm_assist = (uint32_t)vm_assist | (vm_assist >> 32 ? UINT32_C(1) << 31 : 0);
}

static uint64_t u32_at(struct pvb_span c, uint64_t offset)
{
	uint32_t value = 0;

	(void)pvb_span_u32(c, offset, &value);
	return value;
}

static void read_context_32(struct pvb_span c, struct pvb_host_vcpu *v)
{
	uint64_t *const registers[] = {&v->rbx, &v->rcx, &v->rdx, &v->rsi,
				       &v->rdi, &v->rbp, &v->rax};

	v->flags = (uint32_t)u32_at(c, 512);
	for (size_t i = 0; i < sizeof registers / sizeof registers[0]; i++)
		*registers[i] = u32_at(c, 516 + 4 * i);
	v->rip = u32_at(c, 548);
	(void)pvb_span_u16(c, 552, &v->cs);
	v->rflags = u32_at(c, 556);
	v->rsp = u32_at(c, 560);
	(void)pvb_span_u16(c, 564, &v->ss);
	(void)pvb_span_u16(c, 568, &v->es);
	(void)pvb_span_u16(c, 572, &v->ds);
	(void)pvb_span_u16(c, 576, &v->fs);
	(void)pvb_span_u16(c, 580, &v->gs);
	v->ldt_base = u32_at(c, 2632);
	v->ldt_entries = u32_at(c, 2636);
	v->gdt_entries = u32_at(c, 2704);
	v->kernel_ss = u32_at(c, 2708);
	v->kernel_sp = u32_at(c, 2712);
	for (size_t i = 0; i < 8; i++) {
		v->cr[i] = u32_at(c, 2716 + 4 * i);
		v->debugreg[i] = u32_at(c, 2748 + 4 * i);
	}
	v->event_callback_cs = u32_at(c, 2780);
	v->event_callback_eip = u32_at(c, 2784);
	v->failsafe_callback_cs = u32_at(c, 2788);
	v->failsafe_callback_eip = u32_at(c, 2792);
	v->vm_assist = (uint32_t)u32_at(c, 2796);
}

void core_read_context(unsigned guest_bits, struct pvb_span context, struct pvb_host_vcpu *vcpu)
{
	if (guest_bits == 64)
		read_context_64(context, vcpu);
	else
		read_context_32(context, vcpu);
}
