/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domctl: making a domain, asking after it, and setting its first vCPU's registers. */
#include "peer/adapter/internal.h"

#include <errno.h>
#include <string.h>

/* Numbers of Xen's public domctl.h. */
static const char *const names[] = {
	[XEN_DOMCTL_createdomain] = "createdomain",
	[XEN_DOMCTL_destroydomain] = "destroydomain",
	[XEN_DOMCTL_pausedomain] = "pausedomain",
	[XEN_DOMCTL_unpausedomain] = "unpausedomain",
	[XEN_DOMCTL_getdomaininfo] = "getdomaininfo",
	[XEN_DOMCTL_setvcpuaffinity] = "setvcpuaffinity",
	[XEN_DOMCTL_shadow_op] = "shadow_op",
	[XEN_DOMCTL_max_mem] = "max_mem",
	[XEN_DOMCTL_setvcpucontext] = "setvcpucontext",
	[XEN_DOMCTL_getvcpucontext] = "getvcpucontext",
	[XEN_DOMCTL_getvcpuinfo] = "getvcpuinfo",
	[XEN_DOMCTL_max_vcpus] = "max_vcpus",
	[XEN_DOMCTL_setdomainhandle] = "setdomainhandle",
	[XEN_DOMCTL_hypercall_init] = "hypercall_init",
	[XEN_DOMCTL_settimeoffset] = "settimeoffset",
	[XEN_DOMCTL_set_address_size] = "set_address_size",
	[XEN_DOMCTL_get_address_size] = "get_address_size",
	[XEN_DOMCTL_settscinfo] = "settscinfo",
	[XEN_DOMCTL_getpageframeinfo3] = "getpageframeinfo3",
	[XEN_DOMCTL_setnodeaffinity] = "setnodeaffinity",
	[XEN_DOMCTL_setvnumainfo] = "setvnumainfo",
	[XEN_DOMCTL_get_cpu_policy] = "get_cpu_policy",
	[XEN_DOMCTL_set_cpu_policy] = "set_cpu_policy",
};

static long result_of(int rc, const struct pvb_error *error)
{
	return rc ? peer_refused(error) : 0;
}

static long create(struct peer_link *link, struct xen_domctl *op)
{
	const struct xen_domctl_createdomain *in = &op->u.createdomain;
	struct pvb_host_domain_config config = {
		.vcpus = in->max_vcpus,
		.max_event_channel = in->max_evtchn_port,
		.max_grant_frames = in->max_grant_frames < 0 ? 64 : (uint32_t)in->max_grant_frames,
	};
	struct pvb_error error;
	uint32_t domid;

	if (in->flags || in->arch.emulation_flags)
		return peer_unknown("createdomain flag", in->flags | in->arch.emulation_flags,
				    NULL);
	memcpy(config.uuid, in->handle, sizeof config.uuid);
	if (pvb_host_create_domain(link->host, &config, &domid, &error))
		return peer_refused(&error);
	op->domain = (domid_t)domid;
	return 0;
}

/* As 4.17 has it: the domain of that number, or the next that there is. */
static long get_info(struct peer_link *link, struct xen_domctl *op)
{
	struct pvb_host_domain domain;
	struct pvb_error error;
	size_t count;

	if (pvb_host_list_domains(link->host, op->domain, &domain, 1, &count, &error))
		return peer_refused(&error);
	if (count == 0)
		return -ESRCH;

	struct xen_domctl_getdomaininfo *out = &op->u.getdomaininfo;

	memset(out, 0, sizeof *out);
	op->domain = out->domain = (domid_t)domain.domid;
	out->flags = (domain.dying ? XEN_DOMINF_dying : 0u) |
		     (domain.shutdown ? XEN_DOMINF_shutdown : 0u) |
		     (domain.paused ? XEN_DOMINF_paused : 0u) |
		     (domain.shutdown_reason & XEN_DOMINF_shutdownmask) << XEN_DOMINF_shutdownshift;
	out->tot_pages = domain.pages;
	out->max_pages = domain.max_pages;
	out->outstanding_pages = domain.claimed_pages;
	out->shared_info_frame = domain.shared_info.n;
	out->cpu_time = domain.cpu_time_ns;
	out->max_vcpu_id = domain.vcpus - 1;
	memcpy(out->handle, domain.uuid, sizeof out->handle);
	return 0;
}

/* The vCPUs were made with the domain; this only has to agree, as in Xen since 4.13. */
static long max_vcpus(struct peer_link *link, const struct xen_domctl *op)
{
	struct pvb_host_domain domain;
	struct pvb_error error;

	if (pvb_host_get_domain(link->host, op->domain, &domain, &error))
		return peer_refused(&error);
	return domain.vcpus == op->u.max_vcpus.max ? 0 : -EINVAL;
}

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
static long set_context(struct peer_link *link, const struct xen_domctl *op)
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
	return result_of(
		pvb_host_set_vcpu(link->host, op->domain, op->u.vcpucontext.vcpu, &vcpu, &error),
		&error);
}

long peer_domctl(struct peer_link *link, const uint64_t *arguments)
{
	struct xen_domctl *op = peer_pointer(arguments[0]);
	struct pvb_host *host = link->host;
	struct pvb_error error;

	if (op->interface_version != XEN_DOMCTL_INTERFACE_VERSION)
		return -EACCES;
	switch (op->cmd) {
	case XEN_DOMCTL_createdomain:
		return create(link, op);
	case XEN_DOMCTL_destroydomain:
		return result_of(pvb_host_destroy_domain(host, op->domain, &error), &error);
	case XEN_DOMCTL_pausedomain:
		return result_of(pvb_host_pause_domain(host, op->domain, &error), &error);
	case XEN_DOMCTL_unpausedomain:
		return result_of(pvb_host_unpause_domain(host, op->domain, &error), &error);
	case XEN_DOMCTL_getdomaininfo:
		return get_info(link, op);
	case XEN_DOMCTL_max_mem:
		return result_of(pvb_host_set_max_memory(host, op->domain,
							 op->u.max_mem.max_memkb << 10, &error),
				 &error);
	case XEN_DOMCTL_max_vcpus:
		return max_vcpus(link, op);
	case XEN_DOMCTL_set_address_size:
		return result_of(
			pvb_host_set_guest_bits(host, op->domain, op->u.address_size.size, &error),
			&error);
	case XEN_DOMCTL_hypercall_init:
		return result_of(pvb_host_fill_hypercall_page(host, op->domain,
							      PVB_MFN(op->u.hypercall_init.gmfn),
							      &error),
				 &error);
	case XEN_DOMCTL_setvcpucontext:
		return set_context(link, op);
	default:
		return peer_unknown("domctl", op->cmd, PEER_NAME(names, op->cmd));
	}
}
