/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/refusals.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Entries of page tables (Intel SDM 3A, 4.5). */
#define PTE_P UINT64_C(0x1)
#define PTE_RW UINT64_C(0x2)
#define PTE_US UINT64_C(0x4)
#define PTE_PCD UINT64_C(0x10)
#define PTE_A UINT64_C(0x20)
#define PTE_PSE UINT64_C(0x80)
#define TABLE (PTE_P | PTE_RW | PTE_US | PTE_A)
#define WRITABLE (PTE_P | PTE_RW | PTE_A)
#define READ_ONLY (PTE_P | PTE_A)

#define VGCF_IN_KERNEL (1u << 2)
#define VGCF_ONLINE (1u << 5)

#define MAX_PORTS 8

/* PFNs of the small domain: its tables, and the pages that they map. */
enum { L4, L3, L2, L1, FIRST_PAGE, PAGES = 24 };

/*
 * A domain of a few pages, with page tables that would do.
 *
 *   open     there is such a domain
 *   filled   it has memory
 *   spent    what was done to it cannot be undone
 *   other    another one, for what is foreign to this one
 */
struct ground {
	struct pvb_host *host;
	uint32_t domid;
	pvb_mfn_t mfn[PAGES];
	bool open, filled, spent;
	struct ground *other;
};

static int populate_some(const struct ground *ground, uint64_t first, uint64_t count,
			 pvb_mfn_t *out, uint64_t *done, struct pvb_error *error)
{
	pvb_extent_t extents[PAGES];
	const struct pvb_host_populate request = {
		.address = first << ground->host->page_shift,
		.shift = ground->host->page_shift,
		.count = count,
		.node = PVB_HOST_ANY_NODE,
		.out = extents,
	};
	int rc = pvb_host_populate(ground->host, ground->domid, &request, done, error);

	for (uint64_t i = 0; i < *done; i++)
		out[i] = pvb_extent_frame(extents[i], ground->host->page_shift);
	return rc;
}

/* Entry number "index" of the table that is PFN "table". */
static int set_entry(const struct ground *ground, unsigned table, unsigned index, uint64_t entry,
		     struct pvb_error *error)
{
	void *at;
	int rc = pvb_host_map_frames(ground->host, ground->domid, &ground->mfn[table], 1, true, &at,
				     error);

	if (rc)
		return rc;
	((uint64_t *)at)[index] = entry;
	pvb_host_unmap_frames(ground->host, at, 1);
	return 0;
}

static uint64_t leads_to(const struct ground *ground, unsigned pfn, uint64_t flags)
{
	return ground->mfn[pfn].n << 12 | flags;
}

static int write_tables(const struct ground *ground, struct pvb_error *error)
{
	uint64_t tables[4][512] = {{0}};

	tables[L4][0] = leads_to(ground, L3, TABLE);
	tables[L3][0] = leads_to(ground, L2, TABLE);
	tables[L2][0] = leads_to(ground, L1, TABLE);
	for (unsigned pfn = 0; pfn < PAGES; pfn++)
		tables[L1][pfn] = leads_to(ground, pfn, pfn < FIRST_PAGE ? READ_ONLY : WRITABLE);

	void *at;
	int rc = pvb_host_map_frames(ground->host, ground->domid, ground->mfn, 4, true, &at, error);

	if (rc == 0) {
		memcpy(at, tables, sizeof tables);
		pvb_host_unmap_frames(ground->host, at, 4);
	}
	return rc;
}

/* Without memory; ground_fill() gives it some. */
static int ground_open(struct ground *ground, struct pvb_host *host, struct pvb_error *error)
{
	struct pvb_host_domain_config config = {.vcpus = 2, .max_event_channel = MAX_PORTS};

	/* Two that are there at once have names and handles of their own. */
	(void)snprintf(config.name, sizeof config.name, "refusals%s",
		       ground->other ? "" : "-other");
	config.uuid[0] = ground->other ? 1 : 2;
	ground->host = host;
	int rc = pvb_host_create_domain(host, &config, &ground->domid, error);
	if (rc)
		return rc;
	rc = pvb_host_set_max_memory(host, ground->domid, UINT64_C(4096) * PAGES, error);
	if (rc)
		(void)pvb_host_destroy_domain(host, ground->domid, NULL);
	return rc;
}

static int ground_fill(struct ground *ground, struct pvb_error *error)
{
	uint64_t done = 0;
	int rc = pvb_host_set_guest_bits(ground->host, ground->domid, 64, error);

	if (rc == 0)
		rc = populate_some(ground, 0, PAGES, ground->mfn, &done, error);
	if (rc == 0 && done != PAGES)
		rc = pvb_fail(error, PVB_E_HOST_NO_MEMORY, "refusals", "%" PRIu64 " of %d pages",
			      done, PAGES);
	return rc ? rc : write_tables(ground, error);
}

static struct pvb_host_vcpu good_registers(const struct ground *ground)
{
	return (struct pvb_host_vcpu){
		.rip = 0x4000,
		.rsp = 0x6000,
		.rflags = 0x200,
		.cs = 0xe033,
		.ss = 0xe02b,
		.kernel_ss = 0xe02b,
		.kernel_sp = 0x6000,
		.cr[3] = ground->mfn[L4].n << 12,
		.debugreg[6] = 0xffff0ff0,
		.debugreg[7] = 0x400,
		.flags = VGCF_IN_KERNEL | VGCF_ONLINE,
	};
}

static int pin_root(struct ground *ground, struct pvb_error *error)
{
	int rc = pvb_host_pin_table(ground->host, ground->domid, 4, ground->mfn[L4], error);

	ground->spent |= rc == 0;
	return rc;
}

static int set_registers(struct ground *ground, uint32_t number, const struct pvb_host_vcpu *vcpu,
			 struct pvb_error *error)
{
	int rc = pvb_host_set_vcpu(ground->host, ground->domid, number, vcpu, error);

	ground->spent |= rc == 0;
	return rc;
}

/* ---- page tables ---------------------------------------------------------------- */

/* Write an entry that must not be, and pin. setup is for what already fails on the way. */
static int pin_with(struct ground *ground, unsigned table, unsigned index, uint64_t entry,
		    struct pvb_error *error)
{
	int rc = set_entry(ground, table, index, entry, error);

	return rc ? -PVB_E_BUG : pin_root(ground, error);
}

static int pin_mapped(struct ground *ground, struct pvb_error *error)
{
	void *at;
	int rc = pvb_host_map_frames(ground->host, ground->domid, &ground->mfn[L1], 1, true, &at,
				     error);

	if (rc)
		return -PVB_E_BUG;
	/* A page that was not written to is not yet mapped by the processor, but is held. */
	((volatile uint64_t *)at)[511] = 0;
	rc = pin_root(ground, error);
	pvb_host_unmap_frames(ground->host, at, 1);
	return rc;
}

static int pin_writable_alias(struct ground *ground, struct pvb_error *error)
{
	return pin_with(ground, L1, 100, leads_to(ground, L2, WRITABLE), error);
}

static int pin_writable_root(struct ground *ground, struct pvb_error *error)
{
	return pin_with(ground, L1, L4, leads_to(ground, L4, WRITABLE), error);
}

static int pin_superpage(struct ground *ground, struct pvb_error *error)
{
	return pin_with(ground, L2, 1, leads_to(ground, FIRST_PAGE, TABLE | PTE_PSE), error);
}

static int pin_uncached(struct ground *ground, struct pvb_error *error)
{
	return pin_with(ground, L1, 100, leads_to(ground, FIRST_PAGE, WRITABLE | PTE_PCD), error);
}

static int pin_wrong_level(struct ground *ground, struct pvb_error *error)
{
	return pin_with(ground, L3, 1, leads_to(ground, L1, TABLE), error);
}

static int pin_reserved_slot_of_l1(struct ground *ground, struct pvb_error *error)
{
	return pin_with(ground, L4, 272, leads_to(ground, L1, TABLE), error);
}

static int pin_high_frame(struct ground *ground, struct pvb_error *error)
{
	return pin_with(ground, L1, 100, UINT64_C(0xffffffff000) | READ_ONLY, error);
}

static int pin_twice(struct ground *ground, struct pvb_error *error)
{
	return pin_root(ground, error) ? -PVB_E_BUG : pin_root(ground, error);
}

static int pin_as_other_level(struct ground *ground, struct pvb_error *error)
{
	if (pin_root(ground, error))
		return -PVB_E_BUG;
	return pvb_host_pin_table(ground->host, ground->domid, 3, ground->mfn[L2], error);
}

static int map_pinned_writable(struct ground *ground, struct pvb_error *error)
{
	void *at;

	if (pin_root(ground, error))
		return -PVB_E_BUG;
	int rc = pvb_host_map_frames(ground->host, ground->domid, &ground->mfn[L1], 1, true, &at,
				     error);
	if (rc == 0)
		pvb_host_unmap_frames(ground->host, at, 1);
	return rc;
}

static int hypercalls_in_table(struct ground *ground, struct pvb_error *error)
{
	if (pin_root(ground, error))
		return -PVB_E_BUG;
	return pvb_host_fill_hypercall_page(ground->host, ground->domid, ground->mfn[L1], error);
}

static int make_ready(struct ground *ground, struct pvb_host *host, bool bare,
		      struct pvb_error *error);

/* With a frame of another domain. */
static int with_other(struct ground *ground, struct pvb_error *error,
		      int (*act)(struct ground *, pvb_mfn_t, struct pvb_error *))
{
	if (make_ready(ground->other, ground->host, false, error))
		return -PVB_E_BUG;
	return act(ground, ground->other->mfn[5], error);
}

static int act_leaf(struct ground *ground, pvb_mfn_t frame, struct pvb_error *error)
{
	return pin_with(ground, L1, 100, frame.n << 12 | READ_ONLY, error);
}

static int act_table(struct ground *ground, pvb_mfn_t frame, struct pvb_error *error)
{
	return pin_with(ground, L2, 1, frame.n << 12 | TABLE, error);
}

static int act_root(struct ground *ground, pvb_mfn_t frame, struct pvb_error *error)
{
	return pvb_host_pin_table(ground->host, ground->domid, 4, frame, error);
}

static int act_map(struct ground *ground, pvb_mfn_t frame, struct pvb_error *error)
{
	const pvb_mfn_t frames[] = {ground->mfn[FIRST_PAGE], frame};
	void *at;
	int rc = pvb_host_map_frames(ground->host, ground->domid, frames, 2, false, &at, error);

	if (rc == 0)
		pvb_host_unmap_frames(ground->host, at, 2);
	return rc;
}

static int act_hypercalls(struct ground *ground, pvb_mfn_t frame, struct pvb_error *error)
{
	return pvb_host_fill_hypercall_page(ground->host, ground->domid, frame, error);
}

static int act_cr3(struct ground *ground, pvb_mfn_t frame, struct pvb_error *error)
{
	struct pvb_host_vcpu vcpu = good_registers(ground);

	vcpu.cr[3] = frame.n << 12;
	return set_registers(ground, 0, &vcpu, error);
}

#define WITH_OTHER(name, act)                                                                      \
	static int name(struct ground *ground, struct pvb_error *error)                            \
	{                                                                                          \
		return with_other(ground, error, act);                                             \
	}

WITH_OTHER(pin_foreign_leaf, act_leaf)
WITH_OTHER(pin_foreign_table, act_table)
WITH_OTHER(pin_foreign_root, act_root)
WITH_OTHER(map_foreign, act_map)
WITH_OTHER(hypercalls_foreign, act_hypercalls)
WITH_OTHER(cr3_foreign, act_cr3)

/* ---- registers ------------------------------------------------------------------ */

static int vcpu_other_root(struct ground *ground, struct pvb_error *error)
{
	struct pvb_host_vcpu vcpu = good_registers(ground);

	if (set_registers(ground, 0, &vcpu, error))
		return -PVB_E_BUG;
	vcpu.cr[3] = ground->mfn[FIRST_PAGE].n << 12;
	return set_registers(ground, 0, &vcpu, error);
}

static int vcpu_root_is_writable(struct ground *ground, struct pvb_error *error)
{
	struct pvb_host_vcpu vcpu = good_registers(ground);

	if (set_registers(ground, 0, &vcpu, error))
		return -PVB_E_BUG;
	vcpu.cr[3] = ground->mfn[FIRST_PAGE].n << 12;
	return set_registers(ground, 1, &vcpu, error);
}

static int vcpu_that_is_not(struct ground *ground, struct pvb_error *error)
{
	struct pvb_host_vcpu vcpu = good_registers(ground);

	return set_registers(ground, 2, &vcpu, error);
}

/* One register of good ones is wrong. */
#define WRONG_REGISTER(name, assignment)                                                           \
	static int name(struct ground *ground, struct pvb_error *error)                            \
	{                                                                                          \
		struct pvb_host_vcpu vcpu = good_registers(ground);                                \
                                                                                                   \
		vcpu.assignment;                                                                   \
		return set_registers(ground, 0, &vcpu, error);                                     \
	}

WRONG_REGISTER(vcpu_rip_not_canonical, rip = UINT64_C(0x800000000000))
WRONG_REGISTER(vcpu_rsp_not_canonical, rsp = UINT64_C(0x1000000000000))
WRONG_REGISTER(vcpu_gs_not_canonical, gs_base_kernel = UINT64_C(0x800000000000))
WRONG_REGISTER(vcpu_callback_not_canonical, event_callback_eip = UINT64_C(0x800000000000))
WRONG_REGISTER(vcpu_in_user_space, flags = VGCF_ONLINE)
WRONG_REGISTER(vcpu_unknown_assist, vm_assist = 1u << 30)
WRONG_REGISTER(vcpu_large_ldt, ldt_entries = 8193)
WRONG_REGISTER(vcpu_large_gdt, gdt_entries = 8192)

static int vcpu_never_set(struct ground *ground, struct pvb_error *error)
{
	struct pvb_host_vcpu vcpu;

	return pvb_host_get_vcpu(ground->host, ground->domid, 0, &vcpu, error);
}

static int unpause_unset(struct ground *ground, struct pvb_error *error)
{
	ground->spent = true;
	return pvb_host_unpause_domain(ground->host, ground->domid, error);
}

/* ---- memory and the domain ------------------------------------------------------- */

/* What comes short is refused as well: as in Xen, no cause is given. */
static int populate_too_much(struct ground *ground, struct pvb_error *error)
{
	pvb_mfn_t more[4];
	uint64_t done;
	int rc = populate_some(ground, PAGES, 4, more, &done, error);

	if (rc)
		return rc;
	return done ? 0 : pvb_fail(error, PVB_E_HOST_LIMIT, "refusals", "a count of 0");
}

/* Five pages of room, eight asked for. */
static int populate_half(struct ground *ground, struct pvb_error *error)
{
	pvb_mfn_t more[8];
	uint64_t done;

	if (pvb_host_set_max_memory(ground->host, ground->domid, UINT64_C(4096) * (PAGES + 5),
				    error))
		return -PVB_E_BUG;
	int rc = populate_some(ground, PAGES, 8, more, &done, error);

	ground->spent = true;
	if (rc)
		return rc;
	return done == 8
		       ? 0
		       : pvb_fail(error, PVB_E_HOST_LIMIT, "refusals", "a count of %" PRIu64, done);
}

static int populate_below_a_page(struct ground *ground, struct pvb_error *error)
{
	pvb_extent_t more;
	const struct pvb_host_populate request = {
		.address = (uint64_t)PAGES << ground->host->page_shift,
		.shift = ground->host->page_shift,
		.count = 1,
		.address_bits = 12,
		.node = PVB_HOST_ANY_NODE,
		.out = &more,
	};
	uint64_t done;

	if (pvb_host_set_max_memory(ground->host, ground->domid, UINT64_C(4096) * (PAGES + 5),
				    error))
		return -PVB_E_BUG;
	int rc = pvb_host_populate(ground->host, ground->domid, &request, &done, error);
	if (rc)
		return rc;
	return done ? 0 : pvb_fail(error, PVB_E_HOST_LIMIT, "refusals", "a count of 0");
}

static int bits_after_memory(struct ground *ground, struct pvb_error *error)
{
	return pvb_host_set_guest_bits(ground->host, ground->domid, 32, error);
}

static int bits_unknown(struct ground *ground, struct pvb_error *error)
{
	return pvb_host_set_guest_bits(ground->host, ground->domid, 48, error);
}

static int claim_too_much(struct ground *ground, struct pvb_error *error)
{
	struct pvb_host_info info;

	if (pvb_host_get_info(ground->host, &info, error))
		return -PVB_E_BUG;
	/* max_pages is no limit to a claim; free memory is. */
	return pvb_host_claim_memory(ground->host, ground->domid,
				     info.memory_free + (UINT64_C(64) << 20), error);
}

static int claim_less_than_there_is(struct ground *ground, struct pvb_error *error)
{
	return pvb_host_claim_memory(ground->host, ground->domid, 4096, error);
}

static int map_no_frame(struct ground *ground, struct pvb_error *error)
{
	return act_map(ground, PVB_MFN(UINT64_C(0xfffffffff)), error);
}

static int too_many_ports(struct ground *ground, struct pvb_error *error)
{
	uint32_t port;
	int rc = 0;

	ground->spent = true;
	for (unsigned i = 0; rc == 0 && i <= MAX_PORTS; i++)
		rc = pvb_host_alloc_event_channel(ground->host, ground->domid, 0, &port, error);
	return rc;
}

static int port_to_nobody(struct ground *ground, struct pvb_error *error)
{
	uint32_t port;

	return pvb_host_alloc_event_channel(ground->host, ground->domid, 32000, &port, error);
}

static int grant_beyond_the_table(struct ground *ground, struct pvb_error *error)
{
	const struct pvb_host_grant grant = {
		.index = 1u << 24, .flags = 1, .frame = ground->mfn[FIRST_PAGE]};

	return pvb_host_set_grants(ground->host, ground->domid, &grant, 1, error);
}

static int too_many_vcpus(struct ground *ground, struct pvb_error *error)
{
	struct pvb_host_domain_config config = {.name = "crowd", .vcpus = 8193};
	uint32_t domid;
	int rc = pvb_host_create_domain(ground->host, &config, &domid, error);

	if (rc == 0)
		(void)pvb_host_destroy_domain(ground->host, domid, NULL);
	return rc;
}

static int unknown_grants(struct ground *ground, struct pvb_error *error)
{
	struct pvb_host_domain_config config = {
		.name = "refused", .vcpus = 1, .max_grant_version = 3};

	return pvb_host_create_domain(ground->host, &config, &(uint32_t){0}, error);
}

#define NO_POOL 4711u

static int no_such_pool(struct ground *ground, struct pvb_error *error)
{
	struct pvb_host_domain_config config = {.name = "refused", .vcpus = 1, .pool = NO_POOL};

	return pvb_host_create_domain(ground->host, &config, &(uint32_t){0}, error);
}

static int look_at_no_pool(struct ground *ground, struct pvb_error *error)
{
	struct pvb_host_pool pool;

	return pvb_host_get_pool(ground->host, NO_POOL, &pool, error);
}

static int run_nowhere(struct ground *ground, struct pvb_error *error)
{
	const struct pvb_cpus none = {{0}};

	return pvb_host_set_affinity(ground->host, ground->domid, 0, &none, NULL, error);
}

static int affinity_of_nobody(struct ground *ground, struct pvb_error *error)
{
	struct pvb_cpus hard, soft;

	return pvb_host_get_affinity(ground->host, ground->domid, 9, &hard, &soft, error);
}

static int weigh_nothing(struct ground *ground, struct pvb_error *error)
{
	const struct pvb_host_share share = {.weight = 0};

	return pvb_host_set_share(ground->host, ground->domid, &share, error);
}

static int cap_too_high(struct ground *ground, struct pvb_error *error)
{
	const struct pvb_host_share share = {.weight = 256, .cap = 201};

	return pvb_host_set_share(ground->host, ground->domid, &share, error);
}

#define NOBODY 31999

static int no_such_domain(struct ground *ground, struct pvb_error *error)
{
	struct pvb_host_domain domain;

	return pvb_host_get_domain(ground->host, NOBODY, &domain, error);
}

static int destroy_nobody(struct ground *ground, struct pvb_error *error)
{
	return pvb_host_destroy_domain(ground->host, NOBODY, error);
}

static int pause_nobody(struct ground *ground, struct pvb_error *error)
{
	return pvb_host_pause_domain(ground->host, NOBODY, error);
}

/* ---- all of them ----------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*act)(struct ground *ground, struct pvb_error *error);
	bool bare;   /* before it has memory */
	bool either; /* legal where the hypervisor says so: what counts is that all do */
} refusals[] = {
	{"pin a root whose L1 table the toolstack has mapped writable", pin_mapped, false, false},
	{"pin with a writable mapping of a table", pin_writable_alias, false, false},
	{"pin with a writable mapping of the root", pin_writable_root, false, false},
	{"pin with a superpage", pin_superpage, false, false},
	{"pin with an uncached page", pin_uncached, false, false},
	{"pin with an L1 table in an L3 entry", pin_wrong_level, false, false},
	{"pin with an L1 table in an L4 entry behind the hypervisor's", pin_reserved_slot_of_l1,
	 false, false},
	{"pin with a frame beyond all memory", pin_high_frame, false, false},
	{"pin with another domain's page", pin_foreign_leaf, false, false},
	{"pin with another domain's table", pin_foreign_table, false, false},
	{"pin another domain's frame", pin_foreign_root, false, false},
	{"pin a root twice", pin_twice, false, false},
	{"pin a table as one of another level", pin_as_other_level, false, false},
	{"map a pinned table writable", map_pinned_writable, false, false},
	{"write the hypercall page into a table", hypercalls_in_table, false, false},
	{"write the hypercall page into another domain's frame", hypercalls_foreign, false, false},
	{"map another domain's frame", map_foreign, false, false},
	{"map a frame beyond all memory", map_no_frame, false, false},
	{"set a vCPU twice, with another root", vcpu_other_root, false, false},
	{"set a vCPU with another domain's root", cr3_foreign, false, false},
	{"set a vCPU with a root that is mapped writable", vcpu_root_is_writable, false, false},
	{"set a vCPU that there is not", vcpu_that_is_not, false, false},
	{"set rip to an address that is not canonical", vcpu_rip_not_canonical, false, false},
	{"set rsp to an address that is not canonical", vcpu_rsp_not_canonical, false, false},
	{"set gs_base to an address that is not canonical", vcpu_gs_not_canonical, false, false},
	{"set an event callback that is not canonical", vcpu_callback_not_canonical, false, false},
	{"start in user space without its page tables", vcpu_in_user_space, false, false},
	{"ask for an assist that there is not", vcpu_unknown_assist, false, false},
	{"set an LDT that is too large", vcpu_large_ldt, false, false},
	{"set a GDT that is too large", vcpu_large_gdt, false, false},
	{"read a vCPU that was never set", vcpu_never_set, false, false},
	{"unpause without a vCPU that was set", unpause_unset, false, true},
	{"populate beyond the limit", populate_too_much, false, false},
	{"populate across the limit", populate_half, false, false},
	{"populate below the first page", populate_below_a_page, false, false},
	{"make it a 32-bit domain once it has memory", bits_after_memory, false, false},
	{"make it a 48-bit domain", bits_unknown, true, false},
	{"claim more than is free", claim_too_much, true, false},
	{"claim less than it has", claim_less_than_there_is, false, false},
	{"allocate more event channels than it may have", too_many_ports, true, false},
	{"allocate an event channel to a domain that there is not", port_to_nobody, true, true},
	{"write a grant beyond the table", grant_beyond_the_table, false, false},
	{"create a domain of 8193 vCPUs", too_many_vcpus, true, false},
	{"create a domain with grants of version 3", unknown_grants, true, false},
	{"create a domain in a CPU pool that there is not", no_such_pool, true, false},
	{"let a vCPU run nowhere", run_nowhere, true, false},
	{"look where a vCPU may run that there is not", affinity_of_nobody, true, false},
	{"set a weight of 0", weigh_nothing, true, false},
	{"set a cap of more than all vCPUs can use", cap_too_high, true, false},
	{"look at a CPU pool that there is not", look_at_no_pool, true, false},
	{"look at a domain that there is not", no_such_domain, true, false},
	{"destroy a domain that there is not", destroy_nobody, true, false},
	{"pause a domain that there is not", pause_nobody, true, false},
};

static int give_up(struct ground *ground, struct pvb_error *error)
{
	int rc = ground->open ? pvb_host_destroy_domain(ground->host, ground->domid, error) : 0;

	ground->open = ground->filled = ground->spent = false;
	return rc;
}

/* As new: what an earlier trial left is made good where that is possible. */
static int make_ready(struct ground *ground, struct pvb_host *host, bool bare,
		      struct pvb_error *error)
{
	int rc = 0;

	if (ground->spent || (bare && ground->filled))
		rc = give_up(ground, error);
	if (rc == 0 && !ground->open) {
		rc = ground_open(ground, host, error);
		ground->open = rc == 0;
	}
	if (rc == 0 && !bare && ground->filled)
		rc = write_tables(ground, error);
	if (rc == 0 && !bare && !ground->filled) {
		rc = ground_fill(ground, error);
		ground->filled = rc == 0;
	}
	return rc;
}

/* What was accepted may have changed anything. */
static int try_one(struct ground *ground, struct pvb_host *host, size_t index,
		   struct pvb_error *error)
{
	int rc = make_ready(ground, host, refusals[index].bare, error);

	rc = rc ? -PVB_E_BUG : refusals[index].act(ground, error);
	ground->spent |= rc == 0 || rc == -PVB_E_BUG;
	return rc;
}

unsigned try_refusals(struct pvb_host *host, struct facts *facts, bool verbose)
{
	struct ground other = {.open = false}, ground = {.other = &other};
	unsigned wrong = 0;

	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		struct pvb_error error = {0};
		int rc = try_one(&ground, host, i, &error);

		if (rc == -PVB_E_BUG)
			facts_add(facts, refusals[i].name, "could not be tried: %.300s",
				  error.message);
		else if (rc)
			facts_add(facts, refusals[i].name, "%s", pvb_code_name(-rc));
		else
			facts_add(facts, refusals[i].name, "accepted");
		wrong += (rc == 0 && !refusals[i].either) || rc == -PVB_E_BUG;
		if (verbose)
			printf("# %s: %s: %s\n", refusals[i].name, pvb_code_name(-rc),
			       error.message);
	}
	wrong += give_up(&ground, NULL) != 0;
	wrong += give_up(&other, NULL) != 0;
	return wrong;
}
