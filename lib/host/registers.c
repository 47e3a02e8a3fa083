/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A vCPU's registers, for those who want to know where a guest was. */
#include <pvbuild/domain.h>

#include "core/error.h"
#include "host/host.h"

#define STAGE "registers"

/* VGCF_* of Xen's public arch-x86/xen.h. */
#define IN_KERNEL (1u << 2)
#define ONLINE (1u << 5)

static struct pvb_registers registers_of(const struct pvb_host_vcpu *vcpu, unsigned bits)
{
	/* clang-format off */
	return (struct pvb_registers){
		.bits = bits,
		.online = vcpu->flags & ONLINE, .in_kernel = vcpu->flags & IN_KERNEL,
		.cs = vcpu->cs, .ss = vcpu->ss, .ds = vcpu->ds, .es = vcpu->es,
		.fs = vcpu->fs, .gs = vcpu->gs,
		.rip = vcpu->rip, .rflags = vcpu->rflags, .rsp = vcpu->rsp, .rbp = vcpu->rbp,
		.rax = vcpu->rax, .rbx = vcpu->rbx, .rcx = vcpu->rcx, .rdx = vcpu->rdx,
		.rsi = vcpu->rsi, .rdi = vcpu->rdi,
		.r8 = vcpu->r8, .r9 = vcpu->r9, .r10 = vcpu->r10, .r11 = vcpu->r11,
		.r12 = vcpu->r12, .r13 = vcpu->r13, .r14 = vcpu->r14, .r15 = vcpu->r15,
		.fs_base = vcpu->fs_base, .gs_base_kernel = vcpu->gs_base_kernel,
		.gs_base_user = vcpu->gs_base_user,
		.cr0 = vcpu->cr[0], .cr2 = vcpu->cr[2], .cr3 = vcpu->cr[3], .cr4 = vcpu->cr[4],
	};
	/* clang-format on */
}

int pvb_domain_registers(struct pvb_host *host, uint32_t domid, uint32_t vcpu,
			 struct pvb_registers *registers, struct pvb_error *error)
{
	struct pvb_host_domain domain;
	struct pvb_host_vcpu state;
	int rc = pvb_host_get_domain(host, domid, &domain, error);

	if (rc)
		return rc;
	if (domain.translated || domain.hvm)
		return pvb_fail(error, PVB_E_HOST_GUEST_TYPE, STAGE,
				"domain %u is no x86 PV guest, and has no registers of one", domid);
	if (vcpu >= domain.vcpus)
		return pvb_fail(error, PVB_E_ARG_INVALID, STAGE,
				"domain %u has %u vCPUs, and none of number %u", domid,
				domain.vcpus, vcpu);
	rc = pvb_host_get_vcpu(host, domid, vcpu, &state, error);
	if (rc)
		return rc;

	struct pvb_registers own = registers_of(&state, domain.guest_bits);

	return pvb_result(registers, &own, sizeof own, STAGE, error);
}
