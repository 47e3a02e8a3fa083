/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vCPU 0 as it starts (Xen public xen.h, start-of-day; arch-x86/xen.h). Read
 * back from a hypervisor it may have grown what Xen adds by itself: bit 1 of
 * the flags, cr0 and cr4, a valid FPU.
 */
#include "audit/check.h"
#include "core/checked.h"

#define RFLAGS_FIXED (UINT64_C(1) << 1)
#define RFLAGS_IF (UINT64_C(1) << 9)

/* Flat kernel segments of the hypervisor's GDT (arch-x86/xen-x86_64.h, xen-x86_32.h). */
#define CS_64 0xe033u
#define SS_64 0xe02bu
#define CS_32 0xe019u
#define SS_32 0xe021u

#define VGCF_I387_VALID (1u << 0)
#define VGCF_IN_KERNEL (1u << 2)
#define VGCF_ONLINE (1u << 5)

#define ASSIST_PAE_EXTENDED_CR3 (1u << 3)

#define DR6_RESET UINT64_C(0xffff0ff0)
#define DR7_RESET UINT64_C(0x400)

static void check_values(struct check *check)
{
	const struct pvb_host_vcpu *v = &check->view->vcpu;
	const bool wide = check->view->guest_bits == 64;

	expect(check, RULE_REGISTERS_FLAGS, (v->rflags & ~RFLAGS_FIXED) == RFLAGS_IF,
	       place("rflags"), "rflags is 0x%llx, and should be 0x%llx",
	       (unsigned long long)v->rflags, (unsigned long long)RFLAGS_IF);

	const unsigned cs = wide ? CS_64 : CS_32, ss = wide ? SS_64 : SS_32, ds = wide ? 0 : SS_32;

	expect(check, RULE_REGISTERS_SELECTORS,
	       v->cs == cs && v->ss == ss && v->ds == ds && v->es == ds && v->fs == ds &&
		       v->gs == ds,
	       place("cs, ss, ds, es, fs, gs"),
	       "the selectors are 0x%x 0x%x 0x%x 0x%x 0x%x 0x%x, and should be 0x%x 0x%x 0x%x "
	       "0x%x 0x%x 0x%x",
	       v->cs, v->ss, v->ds, v->es, v->fs, v->gs, cs, ss, ds, ds, ds, ds);
	expect(check, RULE_REGISTERS_KERNEL_STACK, v->kernel_ss == v->ss && v->kernel_sp == v->rsp,
	       place("kernel_ss, kernel_sp"),
	       "kernel_ss:kernel_sp is 0x%llx:0x%llx, and should be 0x%x:0x%llx",
	       (unsigned long long)v->kernel_ss, (unsigned long long)v->kernel_sp, v->ss,
	       (unsigned long long)v->rsp);
	expect(check, RULE_REGISTERS_CONTEXT,
	       (v->flags & ~VGCF_I387_VALID) == (VGCF_IN_KERNEL | VGCF_ONLINE), place("flags"),
	       "the context flags are 0x%x, and should be 0x%x", v->flags,
	       VGCF_IN_KERNEL | VGCF_ONLINE);
	expect(check, RULE_REGISTERS_TABLES, !v->gdt_entries && !v->ldt_entries && !v->ldt_base,
	       place("gdt, ldt"),
	       "the GDT has %llu entries and the LDT %llu at 0x%llx, and both should have none",
	       (unsigned long long)v->gdt_entries, (unsigned long long)v->ldt_entries,
	       (unsigned long long)v->ldt_base);
	/* Xen raises the privilege level of a 32-bit guest's selectors, a null one's too. */
	expect(check, RULE_REGISTERS_CALLBACKS,
	       !(v->event_callback_cs & ~UINT64_C(3)) && !v->event_callback_eip &&
		       !(v->failsafe_callback_cs & ~UINT64_C(3)) && !v->failsafe_callback_eip &&
		       !v->syscall_callback_eip,
	       place("callbacks"),
	       "the callbacks are event 0x%llx:0x%llx, failsafe 0x%llx:0x%llx, syscall 0x%llx, and "
	       "should all be zero",
	       (unsigned long long)v->event_callback_cs, (unsigned long long)v->event_callback_eip,
	       (unsigned long long)v->failsafe_callback_cs,
	       (unsigned long long)v->failsafe_callback_eip,
	       (unsigned long long)v->syscall_callback_eip);
	expect(check, RULE_REGISTERS_USER_ROOT, !v->cr[1], place("ctrlreg[1]"),
	       "the user-mode page table is 0x%llx, and should be zero",
	       (unsigned long long)v->cr[1]);
	expect(check, RULE_REGISTERS_BASES, !v->fs_base && !v->gs_base_kernel && !v->gs_base_user,
	       place("fs_base, gs_base"),
	       "the bases are fs 0x%llx, gs 0x%llx (kernel) and 0x%llx (user), and should be zero",
	       (unsigned long long)v->fs_base, (unsigned long long)v->gs_base_kernel,
	       (unsigned long long)v->gs_base_user);
}

static void check_spare(struct check *check)
{
	const struct pvb_host_vcpu *v = &check->view->vcpu;
	const uint64_t general[] = {v->rax, v->rbx, v->rcx, v->rdx, v->rdi, v->rbp, v->r8,
				    v->r9,  v->r10, v->r11, v->r12, v->r13, v->r14, v->r15};
	static const char *const names[] = {"rax", "rbx", "rcx", "rdx", "rdi", "rbp", "r8",
					    "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};

	applies(check, RULE_REGISTERS_GENERAL);
	for (size_t i = 0; i < sizeof general / sizeof general[0]; i++)
		if (general[i])
			finding(check, RULE_REGISTERS_GENERAL, place("%s", names[i]),
				"%s is 0x%llx, and should be zero", names[i],
				(unsigned long long)general[i]);

	applies(check, RULE_REGISTERS_DEBUG);
	for (unsigned i = 0; i < 8; i++) {
		uint64_t want = i == 6 ? DR6_RESET : i == 7 ? DR7_RESET : 0;

		if (v->debugreg[i] != want)
			finding(check, RULE_REGISTERS_DEBUG, place("debugreg[%u]", i),
				"debug register %u is 0x%llx, and should be 0x%llx", i,
				(unsigned long long)v->debugreg[i], (unsigned long long)want);
	}
}

static void check_assists(struct check *check)
{
	const uint32_t assist = check->view->vcpu.vm_assist;
	uint32_t must = 0, may = 0;

	if (check->view->guest_bits == 32) {
		may = ASSIST_PAE_EXTENDED_CR3;
		if (check->image) {
			enum pvb_pae_mode pae = check->image->pv.pae;

			if (pae != PVB_PAE_EXTENDED_CR3 && pae != PVB_PAE_BIMODAL)
				may = 0;
			must = may;
		}
	}
	expect(check, RULE_REGISTERS_VM_ASSIST, (assist & ~may) == 0 && (assist & must) == must,
	       place("vm_assist"), "the assists are 0x%x, and should be 0x%x", assist, must);
}

/*
 * 64-bit: the frame's address. 32-bit: folded, so that a frame above 4 GiB
 * fits into 32 bits (xen_pfn_to_cr3()).
 */
pvb_mfn_t root_of_cr3(const struct check *check)
{
	const uint64_t cr3 = check->view->vcpu.cr[3];

	if (check->view->guest_bits == 64)
		return PVB_MFN(cr3 >> VIEW_PAGE_SHIFT);
	const uint32_t low = (uint32_t)cr3;

	return PVB_MFN(low >> 12 | (uint32_t)(low << 20));
}

int check_registers(struct check *check, bool *go_on, struct pvb_error *error)
{
	const uint64_t cr3 = check->view->vcpu.cr[3];
	const bool wide = check->view->guest_bits == 64;

	*go_on = false;
	check_values(check);
	check_spare(check);
	check_assists(check);

	check->root = root_of_cr3(check);
	pvb_pfn_t pfn;
	int rc = view_own(check->view, check->root, &check->root_info, &pfn, error);

	if (rc)
		return rc;
	expect(check, RULE_REGISTERS_CR3,
	       pfn.n != PVB_NO_FRAME &&
		       (wide ? (cr3 & (VIEW_PAGE_SIZE - 1)) == 0 : cr3 <= UINT32_MAX),
	       place("cr3"), "cr3 is 0x%llx, MFN 0x%llx, which is %s", (unsigned long long)cr3,
	       (unsigned long long)check->root.n,
	       pfn.n == PVB_NO_FRAME ? "no frame of the domain" : "not how a root is encoded");
	expect(check, RULE_REGISTERS_CR3_HIGH,
	       wide || check->root.n < 0x100000 ||
		       (check->view->vcpu.vm_assist & ASSIST_PAE_EXTENDED_CR3),
	       place("cr3"),
	       "the root is MFN 0x%llx, above 4 GiB, and the pae_extended_cr3 assist is off",
	       (unsigned long long)check->root.n);
	*go_on = pfn.n != PVB_NO_FRAME;
	return 0;
}
