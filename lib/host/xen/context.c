/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Registers to Xen's structures and back. Interrupt handlers, floating point and the
 * frames of a GDT are not among ours: they go in as zero, and come back as nothing.
 */
#include "host/xen/context.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* clang-format off */
/* The selectors, which are called the same in both. */
#define EACH_SELECTOR(X) \
	X(cs) X(ss) X(ds) X(es) X(fs) X(gs)

#define EACH_REGISTER_64(X) \
	X(rax) X(rbx) X(rcx) X(rdx) X(rsi) X(rdi) X(rbp) X(rsp) \
	X(r8) X(r9) X(r10) X(r11) X(r12) X(r13) X(r14) X(r15) X(rip) X(rflags)

#define EACH_REGISTER_32(X) \
	X(rax, eax) X(rbx, ebx) X(rcx, ecx) X(rdx, edx) X(rsi, esi) X(rdi, edi) X(rbp, ebp) \
	X(rsp, esp) X(rip, eip) X(rflags, eflags)

/* Of the structure itself. 64-bit guests have no code selectors with their callbacks. */
#define EACH_FIELD(X) \
	X(kernel_ss, kernel_ss) X(kernel_sp, kernel_sp) \
	X(event_callback_eip, event_callback_eip) \
	X(failsafe_callback_eip, failsafe_callback_eip) \
	X(ldt_base, ldt_base) X(ldt_entries, ldt_ents) X(gdt_entries, gdt_ents)

#define EACH_FIELD_64(X) \
	EACH_FIELD(X) \
	X(syscall_callback_eip, syscall_callback_eip) X(fs_base, fs_base) \
	X(gs_base_kernel, gs_base_kernel) X(gs_base_user, gs_base_user)

#define EACH_FIELD_32(X) \
	EACH_FIELD(X) \
	X(event_callback_cs, event_callback_cs) X(failsafe_callback_cs, failsafe_callback_cs)
/* clang-format on */

void xen_context_put_64(const struct pvb_host_vcpu *registers, vcpu_guest_context_x86_64_t *context)
{
	memset(context, 0, sizeof *context);
	context->flags = registers->flags;
	context->vm_assist = registers->vm_assist;
#define PUT(name) context->user_regs.name = registers->name;
	EACH_REGISTER_64(PUT)
	EACH_SELECTOR(PUT)
#undef PUT
#define PUT(ours, theirs) context->theirs = registers->ours;
	EACH_FIELD_64(PUT)
#undef PUT
	for (size_t i = 0; i < COUNT(registers->cr); i++)
		context->ctrlreg[i] = registers->cr[i];
	for (size_t i = 0; i < COUNT(registers->debugreg); i++)
		context->debugreg[i] = registers->debugreg[i];
}

void xen_context_get_64(const vcpu_guest_context_x86_64_t *context, struct pvb_host_vcpu *registers)
{
	memset(registers, 0, sizeof *registers);
	registers->flags = (uint32_t)context->flags;
	registers->vm_assist = (uint32_t)context->vm_assist;
#define GET(name) registers->name = context->user_regs.name;
	EACH_REGISTER_64(GET)
	EACH_SELECTOR(GET)
#undef GET
#define GET(ours, theirs) registers->ours = context->theirs;
	EACH_FIELD_64(GET)
#undef GET
	for (size_t i = 0; i < COUNT(registers->cr); i++)
		registers->cr[i] = context->ctrlreg[i];
	for (size_t i = 0; i < COUNT(registers->debugreg); i++)
		registers->debugreg[i] = context->debugreg[i];
}

const char *xen_context_put_32(const struct pvb_host_vcpu *registers,
			       vcpu_guest_context_x86_32_t *context)
{
	memset(context, 0, sizeof *context);
	context->flags = registers->flags;
	context->vm_assist = registers->vm_assist;
#define PUT(ours, theirs)                                                                          \
	if (registers->ours > UINT32_MAX)                                                          \
		return #theirs;                                                                    \
	context->user_regs.theirs = (uint32_t)registers->ours;
	EACH_REGISTER_32(PUT)
#undef PUT
#define PUT(name) context->user_regs.name = registers->name;
	EACH_SELECTOR(PUT)
#undef PUT
#define PUT(ours, theirs)                                                                          \
	if (registers->ours > UINT32_MAX)                                                          \
		return #ours;                                                                      \
	context->theirs = (uint32_t)registers->ours;
	EACH_FIELD_32(PUT)
#undef PUT
	for (size_t i = 0; i < COUNT(registers->cr); i++) {
		if (registers->cr[i] > UINT32_MAX)
			return "a control register";
		context->ctrlreg[i] = (uint32_t)registers->cr[i];
	}
	for (size_t i = 0; i < COUNT(registers->debugreg); i++) {
		if (registers->debugreg[i] > UINT32_MAX)
			return "a debug register";
		context->debugreg[i] = (uint32_t)registers->debugreg[i];
	}
	return NULL;
}

void xen_context_get_32(const vcpu_guest_context_x86_32_t *context, struct pvb_host_vcpu *registers)
{
	memset(registers, 0, sizeof *registers);
	registers->flags = context->flags;
	registers->vm_assist = context->vm_assist;
#define GET(ours, theirs) registers->ours = context->user_regs.theirs;
	EACH_REGISTER_32(GET)
#undef GET
#define GET(name) registers->name = context->user_regs.name;
	EACH_SELECTOR(GET)
#undef GET
#define GET(ours, theirs) registers->ours = context->theirs;
	EACH_FIELD_32(GET)
#undef GET
	for (size_t i = 0; i < COUNT(registers->cr); i++)
		registers->cr[i] = context->ctrlreg[i];
	for (size_t i = 0; i < COUNT(registers->debugreg); i++)
		registers->debugreg[i] = context->debugreg[i];
}
