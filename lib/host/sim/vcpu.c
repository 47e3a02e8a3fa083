/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Registers of vCPUs: what Xen checks of them and makes of them (arch/x86/domain.c,
 * arch_set_info_guest(), and arch_get_info_guest() for the way back).
 */
#include "host/sim/model.h"

#include <stdlib.h>

static const char call[] = "set_vcpu";

/* public arch-x86/xen.h */
#define VGCF_I387_VALID (1u << 0)
#define VGCF_IN_KERNEL (1u << 2)
#define VGCF_ONLINE (1u << 5)

/* public xen.h, VMASST_TYPE_*: 4gb_segments and _notify, writable_pagetables, */
/* pae_extended_cr3, architectural_iopl, runstate_update_flag; m2p_strict for 64-bit. */
#define PV32_VM_ASSISTS (1u << 0 | 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 6)
#define M2P_STRICT (1u << 5)

#define EFLAGS_IF UINT64_C(0x200)
#define CR0_TS UINT64_C(0x8)
/* What a CPU runs with: PE MP ET NE WP AM PG, and PAE MCE OSFXSR OSXMMEXCPT. */
#define CR0_HOST UINT64_C(0x80050033)
#define CR4_HOST UINT64_C(0x660)
#define CR4_GUEST (UINT64_C(0x4) | UINT64_C(0x8) | UINT64_C(0x10000) | UINT64_C(0x40000))

#define MAX_LDT_ENTRIES 8192u
#define MAX_GDT_ENTRIES UINT64_C(7168) /* 14 pages */

#define HYPERVISOR_START UINT64_C(0xffff800000000000)
#define HYPERVISOR_END UINT64_C(0xffff880000000000)

/* When the simulated machine was booted: a fixed moment, 2017-08-14 00:00 UTC. */
#define BOOT_SECONDS UINT64_C(1502668800)
#define BOOT_NANOSECONDS 0u

static bool is_canonical(uint64_t address)
{
	return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

/* Outside the hypervisor's part of the address space (x86_64/uaccess.h, __addr_ok()). */
static bool is_guest_address(uint64_t address)
{
	return address < UINT64_C(1) << 47 || address >= HYPERVISOR_END;
}

static int refuse(struct pvb_error *error, const struct sim_domain *domain, const char *what,
		  uint64_t value, const char *why)
{
	return pvb_fail(error, PVB_E_HOST_CONTEXT, call, "vCPU of domain %u: %s is %#llx, %s",
			domain->domid, what, (unsigned long long)value, why);
}

struct field {
	const char *name;
	uint64_t value;
};

static int check_64(const struct sim_domain *domain, const struct pvb_host_vcpu *r,
		    struct pvb_error *error)
{
	const struct field addresses[] = {
		{"rip", r->rip},
		{"rsp", r->rsp},
		{"kernel_sp", r->kernel_sp},
		{"ldt_base", r->ldt_entries ? r->ldt_base : 0},
		{"fs_base", r->fs_base},
		{"gs_base_kernel", r->gs_base_kernel},
		{"gs_base_user", r->gs_base_user},
		{"event_callback_eip", r->event_callback_eip},
		{"syscall_callback_eip", r->syscall_callback_eip},
		{"failsafe_callback_eip", r->failsafe_callback_eip},
	};

	for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++)
		if (!is_canonical(addresses[i].value))
			return refuse(error, domain, addresses[i].name, addresses[i].value,
				      "which is no canonical address");
	if (!is_guest_address(r->ldt_base))
		return refuse(error, domain, "ldt_base", r->ldt_base, "which is the hypervisor's");
	for (size_t i = 0; i < 4; i++)
		if (!is_guest_address(r->debugreg[i]))
			return refuse(error, domain, "a breakpoint", r->debugreg[i],
				      "which is the hypervisor's");
	if (!(r->flags & VGCF_IN_KERNEL) && !r->cr[1])
		return refuse(error, domain, "flags", r->flags,
			      "in user mode, but cr1 has no user page tables");
	return 0;
}

/* A 32-bit guest's context has 32-bit fields: what does not fit cannot even be said. */
static int check_32(const struct sim_domain *domain, const struct pvb_host_vcpu *r,
		    struct pvb_error *error)
{
	const struct field registers[] = {
		{"eax", r->rax},
		{"ebx", r->rbx},
		{"ecx", r->rcx},
		{"edx", r->rdx},
		{"esi", r->rsi},
		{"edi", r->rdi},
		{"ebp", r->rbp},
		{"esp", r->rsp},
		{"eip", r->rip},
		{"eflags", r->rflags},
		{"kernel_ss", r->kernel_ss},
		{"kernel_sp", r->kernel_sp},
		{"cr3", r->cr[3]},
		{"event_callback_eip", r->event_callback_eip},
		{"failsafe_callback_eip", r->failsafe_callback_eip},
		{"ldt_base", r->ldt_base},
	};

	for (size_t i = 0; i < sizeof registers / sizeof registers[0]; i++)
		if (registers[i].value > UINT32_MAX)
			return refuse(error, domain, registers[i].name, registers[i].value,
				      "which does not fit a 32-bit guest");
	return 0;
}

static int check(const struct sim_domain *domain, uint32_t vcpu, const struct pvb_host_vcpu *r,
		 struct pvb_error *error)
{
	uint32_t assists = domain->bits == 32 ? PV32_VM_ASSISTS : PV32_VM_ASSISTS | M2P_STRICT;
	int rc = domain->bits == 32 ? check_32(domain, r, error) : check_64(domain, r, error);

	if (rc)
		return rc;
	if (r->ldt_base & (SIM_PAGE_SIZE - 1))
		return refuse(error, domain, "ldt_base", r->ldt_base, "which begins in mid-page");
	if (r->ldt_entries > MAX_LDT_ENTRIES)
		return refuse(error, domain, "ldt_entries", r->ldt_entries, "more than 8192");
	if (r->debugreg[6] > UINT32_MAX || r->debugreg[7] > UINT32_MAX)
		return refuse(error, domain, "debugreg[6] | debugreg[7]",
			      r->debugreg[6] | r->debugreg[7], "which has bits above 32");
	if (vcpu == 0 && r->vm_assist & ~assists)
		return refuse(error, domain, "vm_assist", r->vm_assist,
			      "with assists that this guest cannot have");
	if (r->gdt_entries > MAX_GDT_ENTRIES)
		return refuse(error, domain, "gdt_entries", r->gdt_entries, "more than 7168");
	/* The frames of a GDT are not part of what can be set here, so that all would be frame 0.
	 */
	if (r->gdt_entries)
		return refuse(error, domain, "gdt_entries", r->gdt_entries,
			      "but machine frame 0 cannot hold a GDT");
	return 0;
}

/* asm-x86/desc.h: a guest kernel runs in ring 3, a 32-bit one in ring 1. */
static uint64_t fix_selector(const struct sim_domain *domain, uint64_t selector)
{
	unsigned ring = domain->bits == 32 ? 1 : 3;

	return (selector & 3) >= ring ? selector : (selector & ~UINT64_C(3)) | ring;
}

static struct pvb_host_vcpu fixed(const struct sim_domain *domain, const struct pvb_host_vcpu *r)
{
	struct pvb_host_vcpu v = *r;

	v.cs = (uint16_t)fix_selector(domain, v.cs);
	v.ss = (uint16_t)fix_selector(domain, v.ss);
	v.kernel_ss = fix_selector(domain, v.kernel_ss);
	if (domain->bits == 32) {
		v.event_callback_cs = fix_selector(domain, v.event_callback_cs);
		v.failsafe_callback_cs = fix_selector(domain, v.failsafe_callback_cs);
		v.syscall_callback_eip = 0;
		v.fs_base = 0;
		v.gs_base_kernel = 0;
		v.gs_base_user = 0;
		v.cr[1] = 0;
	} else {
		v.event_callback_cs = 0;
		v.failsafe_callback_cs = 0;
	}
	v.rflags |= EFLAGS_IF;
	v.cr[0] = (v.cr[0] & CR0_TS) | (CR0_HOST & ~CR0_TS);
	v.cr[4] = (v.cr[4] & CR4_GUEST) | CR4_HOST;
	if (!v.ldt_entries)
		v.ldt_base = 0;
	return v;
}

/* cr3 is a machine address, or one folded into 32 bits (public arch-x86/xen-x86_32.h). */
static uint64_t root_of(const struct sim_domain *domain, uint64_t cr3)
{
	if (domain->bits == 64)
		return cr3 >> SIM_PAGE_SHIFT;
	return (uint32_t)cr3 >> 12 | (uint32_t)cr3 << 20;
}

static unsigned root_level(const struct sim_domain *domain)
{
	return domain->bits == 64 ? 4 : 3;
}

static int get_root(struct sim *sim, struct sim_domain *domain, const char *name, uint64_t cr,
		    struct pvb_error *error)
{
	uint64_t mfn = root_of(domain, cr);
	struct sim_frame frame;
	char whose[SIM_WHOSE_MAX];

	if (!sim_owns(sim, domain, mfn, &frame))
		return pvb_fail(error, PVB_E_HOST_CONTEXT, call,
				"vCPU of domain %u: %s %#llx leads to machine frame %#llx, which "
				"is %s",
				domain->domid, name, (unsigned long long)cr,
				(unsigned long long)mfn, sim_whose(sim, mfn, whose, sizeof whose));
	int rc = sim_get_table(sim, domain, root_level(domain), mfn, error);
	/* Xen says no more of it than of any other register. */
	if (rc == -PVB_E_HOST_PIN) {
		rc = -PVB_E_HOST_CONTEXT;
		if (error)
			error->code = PVB_E_HOST_CONTEXT;
	}
	if (rc)
		pvb_context(error, "%s %#llx of a vCPU of domain %u", name, (unsigned long long)cr,
			    domain->domid);
	return rc;
}

/* What a vCPU that is set up cannot have changed: its page tables and descriptor tables. */
static int check_again(const struct sim_domain *domain, const struct pvb_host_vcpu *was,
		       const struct pvb_host_vcpu *r, struct pvb_error *error)
{
	bool same = r->cr[3] == was->cr[3] && r->ldt_entries == was->ldt_entries &&
		    (!r->ldt_entries || r->ldt_base == was->ldt_base);

	if (domain->bits == 64)
		same = same && r->cr[1] == was->cr[1];
	if (same)
		return 0;
	return pvb_fail(error, PVB_E_HOST_STATE, call,
			"a vCPU of domain %u is set up already, with cr3 %#llx; its page tables "
			"and LDT cannot be changed any more",
			domain->domid, (unsigned long long)was->cr[3]);
}

/* common/time.c, update_domain_wallclock_time(). The version is odd while it changes. */
static int write_wallclock(struct sim *sim, const struct sim_domain *domain,
			   struct pvb_error *error)
{
	bool wide = domain->bits == 64;
	size_t at = wide ? 0xc00 : 0x900;      /* wc_version, wc_sec, wc_nsec */
	size_t high_at = wide ? 0xc0c : 0x924; /* wc_sec_hi */
	uint32_t clock[3], high = (uint32_t)(BOOT_SECONDS >> 32);

	if (!sim_contents_read(&sim->contents, domain->shared_info, at, clock, sizeof clock))
		return sim_contents_failed(call, error);
	clock[0] = ((clock[0] + 1) | 1) + 1;
	clock[1] = (uint32_t)BOOT_SECONDS;
	clock[2] = BOOT_NANOSECONDS;
	if (!sim_contents_write(&sim->contents, domain->shared_info, at, clock, sizeof clock) ||
	    !sim_contents_write(&sim->contents, domain->shared_info, high_at, &high, sizeof high))
		return sim_contents_failed(call, error);
	return 0;
}

/*
 * Take the page tables into use. With m2p_strict user space must not see the M2P,
 * so that its slot depends on which of the two roots this is.
 */
static int get_roots(struct sim *sim, struct sim_domain *domain, const struct pvb_host_vcpu *r,
		     struct pvb_error *error)
{
	bool strict = domain->vm_assist & M2P_STRICT;
	int rc = get_root(sim, domain, "cr3", r->cr[3], error);

	if (rc)
		return rc;
	if (domain->bits == 32)
		return 0;

	uint64_t kernel = root_of(domain, r->cr[3]);
	if (!strict)
		rc = sim_set_ro_m2p(sim, kernel, true, error);
	if (rc == 0 && r->cr[1]) {
		rc = get_root(sim, domain, "cr1", r->cr[1], error);
		if (rc == 0 && strict)
			rc = sim_set_ro_m2p(sim, root_of(domain, r->cr[1]), false, error);
	}
	if (rc)
		sim_put_table(sim, domain, root_level(domain), kernel);
	return rc;
}

static void put_roots(struct sim *sim, struct sim_domain *domain, const struct pvb_host_vcpu *r)
{
	sim_put_table(sim, domain, root_level(domain), root_of(domain, r->cr[3]));
	if (r->cr[1])
		sim_put_table(sim, domain, root_level(domain), root_of(domain, r->cr[1]));
}

static int set_up(struct sim *sim, struct sim_domain *domain, uint32_t number,
		  const struct pvb_host_vcpu *r, struct pvb_error *error)
{
	struct sim_vcpu *vcpu = calloc(1, sizeof *vcpu);
	uint32_t assists_before = domain->vm_assist;
	int rc = 0;

	if (!vcpu)
		return pvb_fail_memory(error, call, "a vCPU");
	if (number == 0) {
		if (r->vm_assist & M2P_STRICT && !(domain->vm_assist & M2P_STRICT))
			rc = sim_fill_all_ro_m2p(sim, domain, error);
		domain->vm_assist = r->vm_assist;
	}
	if (rc == 0)
		rc = get_roots(sim, domain, r, error);
	if (rc == 0 && number == 0) {
		rc = write_wallclock(sim, domain, error);
		if (rc)
			put_roots(sim, domain, r);
	}
	if (rc) {
		domain->vm_assist = assists_before;
		free(vcpu);
		return rc;
	}
	vcpu->root[0] = root_of(domain, r->cr[3]);
	vcpu->root[1] = r->cr[1] ? root_of(domain, r->cr[1]) : PVB_NO_FRAME;
	domain->vcpu[number] = vcpu;
	return 0;
}

int sim_set_vcpu(struct pvb_host *host, uint32_t domid, uint32_t number,
		 const struct pvb_host_vcpu *registers, struct pvb_error *error)
{
	struct sim *sim = sim_of(host);
	struct sim_domain *domain;
	int rc = sim_call_live(sim, call, domid, &domain, error);

	if (rc == 0)
		rc = sim_want_pv(domain, call, error);
	if (rc)
		return rc;
	if (number >= domain->vcpu_count)
		return pvb_fail(error, PVB_E_HOST_CONTEXT, call,
				"vCPU %u of domain %u, which has %u", number, domid,
				domain->vcpu_count);
	rc = check(domain, number, registers, error);
	if (rc)
		return rc;

	struct pvb_host_vcpu v = fixed(domain, registers);
	if (domain->vcpu[number])
		rc = check_again(domain, &domain->vcpu[number]->registers, &v, error);
	else
		rc = set_up(sim, domain, number, &v, error);
	if (rc)
		return rc;
	domain->vcpu[number]->registers = v;
	domain->vcpu[number]->online = v.flags & VGCF_ONLINE;
	return 0;
}

int sim_get_vcpu(struct pvb_host *host, uint32_t domid, uint32_t number,
		 struct pvb_host_vcpu *registers, struct pvb_error *error)
{
	struct sim_domain *domain;
	int rc = sim_call(sim_of(host), "get_vcpu", domid, &domain, error);

	if (rc == 0)
		rc = sim_want_pv(domain, "get_vcpu", error);
	if (rc)
		return rc;
	if (number >= domain->vcpu_count)
		return pvb_fail(error, PVB_E_ARG_INVALID, "get_vcpu",
				"vCPU %u of domain %u, which has %u", number, domid,
				domain->vcpu_count);

	const struct sim_vcpu *vcpu = domain->vcpu[number];
	if (!vcpu)
		return pvb_fail(error, PVB_E_HOST_STATE, "get_vcpu",
				"vCPU %u of domain %u was never set up", number, domid);
	*registers = vcpu->registers;
	registers->vm_assist = domain->vm_assist;

	/* In the kernel: 64-bit guests by their own word, 32-bit ones by ring. */
	bool in_kernel =
		domain->bits == 64 ? registers->flags & VGCF_IN_KERNEL : (registers->cs & 3) == 1;
	registers->flags &= ~(VGCF_IN_KERNEL | VGCF_ONLINE);
	registers->flags |= (in_kernel ? VGCF_IN_KERNEL : 0) | (vcpu->online ? VGCF_ONLINE : 0);
	return 0;
}
