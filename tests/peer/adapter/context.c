/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domctl: the registers of a vCPU, in the structure of the domain's width. */
#include "peer/adapter/internal.h"

#include <errno.h>
#include <string.h>

static bool all_zero(const void *bytes, size_t size)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < size; i++) {
		if (p[i])
			return false;
	}
	return true;
}

/* Registers that both widths have, by the names of the 64-bit structure and of the 32-bit one. */
#define COPY_COMMON(to, from, prefix)                                                              \
	do {                                                                                       \
		(to)->rax = (from)->user_regs.prefix##ax;                                          \
		(to)->rbx = (from)->user_regs.prefix##bx;                                          \
		(to)->rcx = (from)->user_regs.prefix##cx;                                          \
		(to)->rdx = (from)->user_regs.prefix##dx;                                          \
		(to)->rsi = (from)->user_regs.prefix##si;                                          \
		(to)->rdi = (from)->user_regs.prefix##di;                                          \
		(to)->rbp = (from)->user_regs.prefix##bp;                                          \
		(to)->rsp = (from)->user_regs.prefix##sp;                                          \
		(to)->rip = (from)->user_regs.prefix##ip;                                          \
		(to)->rflags = (from)->user_regs.prefix##flags;                                    \
		(to)->cs = (from)->user_regs.cs;                                                   \
		(to)->ss = (from)->user_regs.ss;                                                   \
		(to)->ds = (from)->user_regs.ds;                                                   \
		(to)->es = (from)->user_regs.es;                                                   \
		(to)->fs = (from)->user_regs.fs;                                                   \
		(to)->gs = (from)->user_regs.gs;                                                   \
		(to)->kernel_ss = (from)->kernel_ss;                                               \
		(to)->kernel_sp = (from)->kernel_sp;                                               \
		for (size_t i = 0; i < 8; i++) {                                                   \
			(to)->cr[i] = (from)->ctrlreg[i];                                          \
			(to)->debugreg[i] = (from)->debugreg[i];                                   \
		}                                                                                  \
		(to)->event_callback_eip = (from)->event_callback_eip;                             \
		(to)->failsafe_callback_eip = (from)->failsafe_callback_eip;                       \
		(to)->ldt_base = (from)->ldt_base;                                                 \
		(to)->ldt_entries = (from)->ldt_ents;                                              \
		(to)->gdt_entries = (from)->gdt_ents;                                              \
		(to)->flags = (uint32_t)(from)->flags;                                             \
		(to)->vm_assist = (uint32_t)(from)->vm_assist;                                     \
	} while (0)

/* What a host of ours has no place for, because a start of day leaves it zero. */
#define HAS_MORE(context)                                                                          \
	(!all_zero(&(context)->fpu_ctxt, sizeof(context)->fpu_ctxt) ||                             \
	 !all_zero((context)->trap_ctxt, sizeof(context)->trap_ctxt) ||                            \
	 !all_zero((context)->gdt_frames, sizeof(context)->gdt_frames))

/* The structure is the 32-bit one where the domain is. */
long peer_set_context(struct peer_link *link, const struct xen_domctl *op)
{
	const vcpu_guest_context_any_t *any = (const void *)op->u.vcpucontext.ctxt.p;
	struct pvb_host_vcpu vcpu = {0};
	struct pvb_host_domain domain;
	struct pvb_error error;

	if (pvb_host_get_domain(link->host, op->domain, &domain, &error))
		return peer_refused(&error);
	if (!any)
		return peer_unknown("setvcpucontext without a context, vcpu",
				    op->u.vcpucontext.vcpu, NULL);
	if (domain.guest_bits == 64) {
		const vcpu_guest_context_x86_64_t *context = &any->x64;

		if (HAS_MORE(context))
			return peer_unknown("setvcpucontext with FPU, traps or GDT, vcpu",
					    op->u.vcpucontext.vcpu, NULL);
		COPY_COMMON(&vcpu, context, r);
		vcpu.r8 = context->user_regs.r8;
		vcpu.r9 = context->user_regs.r9;
		vcpu.r10 = context->user_regs.r10;
		vcpu.r11 = context->user_regs.r11;
		vcpu.r12 = context->user_regs.r12;
		vcpu.r13 = context->user_regs.r13;
		vcpu.r14 = context->user_regs.r14;
		vcpu.r15 = context->user_regs.r15;
		vcpu.syscall_callback_eip = context->syscall_callback_eip;
		vcpu.fs_base = context->fs_base;
		vcpu.gs_base_kernel = context->gs_base_kernel;
		vcpu.gs_base_user = context->gs_base_user;
	} else {
		const vcpu_guest_context_x86_32_t *context = &any->x32;

		if (HAS_MORE(context))
			return peer_unknown("setvcpucontext with FPU, traps or GDT, vcpu",
					    op->u.vcpucontext.vcpu, NULL);
		COPY_COMMON(&vcpu, context, e);
		vcpu.event_callback_cs = context->event_callback_cs;
		vcpu.failsafe_callback_cs = context->failsafe_callback_cs;
	}
	return peer_result_as(
		pvb_host_set_vcpu(link->host, op->domain, op->u.vcpucontext.vcpu, &vcpu, &error),
		&error, EOPNOTSUPP);
}

/* And back: whatever is not wider than a register of the domain's. */
#define COPY_BACK(to, from, prefix, word)                                                          \
	do {                                                                                       \
		(to)->user_regs.prefix##ax = (word)(from)->rax;                                    \
		(to)->user_regs.prefix##bx = (word)(from)->rbx;                                    \
		(to)->user_regs.prefix##cx = (word)(from)->rcx;                                    \
		(to)->user_regs.prefix##dx = (word)(from)->rdx;                                    \
		(to)->user_regs.prefix##si = (word)(from)->rsi;                                    \
		(to)->user_regs.prefix##di = (word)(from)->rdi;                                    \
		(to)->user_regs.prefix##bp = (word)(from)->rbp;                                    \
		(to)->user_regs.prefix##sp = (word)(from)->rsp;                                    \
		(to)->user_regs.prefix##ip = (word)(from)->rip;                                    \
		(to)->user_regs.prefix##flags = (word)(from)->rflags;                              \
		(to)->user_regs.cs = (from)->cs;                                                   \
		(to)->user_regs.ss = (from)->ss;                                                   \
		(to)->user_regs.ds = (from)->ds;                                                   \
		(to)->user_regs.es = (from)->es;                                                   \
		(to)->user_regs.fs = (from)->fs;                                                   \
		(to)->user_regs.gs = (from)->gs;                                                   \
		(to)->kernel_ss = (word)(from)->kernel_ss;                                         \
		(to)->kernel_sp = (word)(from)->kernel_sp;                                         \
		for (size_t i = 0; i < 8; i++) {                                                   \
			(to)->ctrlreg[i] = (word)(from)->cr[i];                                    \
			(to)->debugreg[i] = (word)(from)->debugreg[i];                             \
		}                                                                                  \
		(to)->event_callback_eip = (word)(from)->event_callback_eip;                       \
		(to)->failsafe_callback_eip = (word)(from)->failsafe_callback_eip;                 \
		(to)->ldt_base = (word)(from)->ldt_base;                                           \
		(to)->ldt_ents = (word)(from)->ldt_entries;                                        \
		(to)->gdt_ents = (word)(from)->gdt_entries;                                        \
		(to)->flags = (from)->flags;                                                       \
		(to)->vm_assist = (from)->vm_assist;                                               \
	} while (0)

static void copy_back_64(vcpu_guest_context_x86_64_t *context, const struct pvb_host_vcpu *vcpu)
{
	COPY_BACK(context, vcpu, r, uint64_t);
	context->user_regs.r8 = vcpu->r8;
	context->user_regs.r9 = vcpu->r9;
	context->user_regs.r10 = vcpu->r10;
	context->user_regs.r11 = vcpu->r11;
	context->user_regs.r12 = vcpu->r12;
	context->user_regs.r13 = vcpu->r13;
	context->user_regs.r14 = vcpu->r14;
	context->user_regs.r15 = vcpu->r15;
	context->syscall_callback_eip = vcpu->syscall_callback_eip;
	context->fs_base = vcpu->fs_base;
	context->gs_base_kernel = vcpu->gs_base_kernel;
	context->gs_base_user = vcpu->gs_base_user;
}

static void copy_back_32(vcpu_guest_context_x86_32_t *context, const struct pvb_host_vcpu *vcpu)
{
	COPY_BACK(context, vcpu, e, uint32_t);
	context->event_callback_cs = (uint32_t)vcpu->event_callback_cs;
	context->failsafe_callback_cs = (uint32_t)vcpu->failsafe_callback_cs;
}

long peer_get_context(struct peer_link *link, const struct xen_domctl *op)
{
	vcpu_guest_context_any_t *any = (void *)op->u.vcpucontext.ctxt.p;
	struct pvb_host_vcpu vcpu;
	struct pvb_host_domain domain;
	struct pvb_error error;
	int rc = pvb_host_get_domain(link->host, op->domain, &domain, &error);

	if (!rc)
		rc = pvb_host_get_vcpu(link->host, op->domain, op->u.vcpucontext.vcpu, &vcpu,
				       &error);
	if (rc == -(int)PVB_E_HOST_STATE)
		return -ENODATA;
	if (rc)
		return peer_refused(&error);
	memset(any, 0, sizeof *any);
	if (domain.guest_bits == 32)
		copy_back_32(&any->x32, &vcpu);
	else
		copy_back_64(&any->x64, &vcpu);
	return 0;
}
