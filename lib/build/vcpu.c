/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where vCPU 0 starts, and the hypercall page that some kernels start with. The others are left
 * to the guest. */
#include "build/builder.h"

#include <pvbuild/image.h>

#include "build/abi.h"

int pvb_build_hypercall_page(struct pvb_builder *builder, struct pvb_error *error)
{
	pvb_mfn_t frame;

	if (!builder->plan->has_hypercall_page)
		return 0;
	int rc = pvb_builder_frame(builder, builder->plan->hypercall_page, &frame, error);
	if (rc)
		return rc;
	return pvb_host_fill_hypercall_page(builder->host, builder->domid, frame, error);
}

/* Xen's fold of a PAE root above 4 GiB into 32 bits (xen_pfn_to_cr3() of arch-x86/xen-x86_32.h). */
static uint64_t folded_cr3(pvb_mfn_t root)
{
	return (root.n << 12 | root.n >> 20) & UINT32_MAX;
}

int pvb_build_vcpu(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_plan *plan = builder->plan;
	enum pvb_pae_mode pae = pvb_image_info(builder->image)->pv.pae;
	struct pvb_host_vcpu vcpu = {
		.rip = plan->info.registers.rip,
		.rsp = plan->info.registers.rsp,
		.rsi = plan->info.registers.rsi,
		.rflags = PVB_ABI_RFLAGS_IF,
		.debugreg[6] = PVB_ABI_DR6_DEFAULT,
		.debugreg[7] = PVB_ABI_DR7_DEFAULT,
		.flags = PVB_ABI_VGCF_IN_KERNEL | PVB_ABI_VGCF_ONLINE,
	};
	pvb_mfn_t root;
	int rc = pvb_builder_frame(builder, plan->initial.level[plan->levels - 1].first, &root,
				   error);

	if (rc)
		return rc;
	if (plan->guest_bits == 64) {
		vcpu.cs = PVB_ABI_KERNEL_CS_64;
		vcpu.ss = PVB_ABI_KERNEL_SS_64;
		vcpu.cr[3] = root.n << PVB_ABI_X86_PAGE_SHIFT;
	} else {
		vcpu.cs = PVB_ABI_KERNEL_CS_32;
		vcpu.ss = vcpu.ds = vcpu.es = vcpu.fs = vcpu.gs = PVB_ABI_KERNEL_DS_32;
		vcpu.cr[3] = folded_cr3(root);
		if (pae == PVB_PAE_EXTENDED_CR3 || pae == PVB_PAE_BIMODAL)
			vcpu.vm_assist = PVB_ABI_VMASST_PAE_EXTENDED_CR3;
	}
	vcpu.kernel_ss = vcpu.ss;
	vcpu.kernel_sp = vcpu.rsp;
	return pvb_host_set_vcpu(builder->host, builder->domid, 0, &vcpu, error);
}
