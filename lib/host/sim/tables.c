/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Validation of page tables, as a PV guest's are when they come into use (Xen
 * arch/x86/mm.c, promote_l*_table() and what they call).
 *
 * A table is read into a buffer, its entries are checked and take a reference
 * each to what they point at, and those that the hypervisor adjusts are
 * adjusted. What fails on the way lets all references go again.
 */
#include "host/sim/model.h"

#include <stdio.h>
#include <string.h>

#include "core/checked.h"

#define ENTRIES 512u

/* Bits of an entry (Intel SDM 3A, 4.5; the upper ones are software's). */
#define PTE_P (UINT64_C(1) << 0)
#define PTE_RW (UINT64_C(1) << 1)
#define PTE_US (UINT64_C(1) << 2)
#define PTE_A (UINT64_C(1) << 5)
#define PTE_D (UINT64_C(1) << 6)
#define PTE_PSE (UINT64_C(1) << 7)
#define PTE_G (UINT64_C(1) << 8)
#define PTE_AVAIL (UINT64_C(7) << 9)
#define PTE_ADDRESS UINT64_C(0x000ffffffffff000)
#define PTE_AVAIL_HIGH (UINT64_C(0x7ff) << 52)
#define PTE_NX (UINT64_C(1) << 63)

/* Xen's own: what tells the kernel's pages from the user's, and grant mappings (debug). */
#define PTE_GUEST_KERNEL (UINT64_C(1) << 52)
#define PTE_GNTTAB (UINT64_C(1) << 62)

/* mm.c: base_disallow_mask, turned round. */
#define ALLOWED                                                                                    \
	(PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D | PTE_AVAIL | PTE_AVAIL_HIGH | PTE_NX |           \
	 PTE_ADDRESS)
/* mm.c: l3_disallow_mask() of a 32-bit domain. */
#define ALLOWED_PAE_L3 (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D | PTE_AVAIL | PTE_ADDRESS)

/* Slots of an L4 that are the hypervisor's (public arch-x86/xen-x86_64.h, HYPERVISOR_VIRT_*). */
#define L4_FIRST_XEN_SLOT 256u
#define L4_LAST_XEN_SLOT 271u
#define L4_RO_M2P_SLOT 256u
/* From here on Xen has memory mapped (asm-x86/config.h, DIRECTMAP_VIRT_START). */
#define L4_FIRST_DIRECT_SLOT 262u
#define FRAMES_PER_L4_SLOT (UINT64_C(1) << 27)

/* The same in the L2 of a PAE guest's slot 3: from 0xf5800000 on (arch-x86/xen-x86_32.h). */
#define L2_FIRST_XEN_SLOT 428u
#define PAE_L3_ENTRIES 4u
#define PAE_XEN_ENTRY 3u

/*
 * The tables behind the hypervisor's entries lie in the first MiB, which is no
 * domain's memory. Nobody looks inside; that they are there, and whose they
 * are, is all that can be seen of them.
 */
#define XEN_TABLE(n) ((UINT64_C(0x10) + (n)) << SIM_PAGE_SHIFT)
#define XEN_COMPAT_M2P(n) ((UINT64_C(0x40) + (n)) << SIM_PAGE_SHIFT)
#define XEN_RW (PTE_P | PTE_RW | PTE_A | PTE_D)
#define COMPAT_M2P_FRAMES_PER_SLOT (UINT64_C(1) << 19) /* 2 MiB of 4-byte entries */

struct walk {
	struct sim *sim;
	struct sim_domain *domain;
	struct pvb_error *error;
};

/* Where in the tables something is wrong. */
struct place {
	unsigned level;
	uint64_t table;
	unsigned index;
	uint64_t entry;
};

/* Not an error yet: the frame is in use as something else, which may be a linear page table. */
#define WRONG_TYPE 1

static const char call[] = "pin";

static int refuse(struct walk *walk, const struct place *place, const char *format, ...)
	PVB_PRINTF(3, 4);

static int refuse(struct walk *walk, const struct place *place, const char *format, ...)
{
	char reason[300], where[60] = "";
	struct sim_frame frame;
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(reason, sizeof reason, format, arguments);
	va_end(arguments);
	if (sim_owns(walk->sim, walk->domain, place->table, &frame) && frame.kind == SIM_OWNED &&
	    frame.link != SIM_NO_LINK)
		(void)snprintf(where, sizeof where, ", PFN %#llx", (unsigned long long)frame.link);
	return pvb_fail(walk->error, PVB_E_HOST_PIN, call,
			"L%u table of domain %u in machine frame %#llx%s, entry %u, %#018llx: %s",
			place->level, walk->domain->domid, (unsigned long long)place->table, where,
			place->index, (unsigned long long)place->entry, reason);
}

static bool is_compat(const struct sim_domain *domain)
{
	return domain->bits == 32;
}

static uint64_t target_of(uint64_t entry)
{
	return (entry & PTE_ADDRESS) >> SIM_PAGE_SHIFT;
}

/* Is this slot the guest's to fill? */
static bool is_guest_slot(const struct sim_domain *domain, unsigned level, unsigned flags,
			  unsigned index)
{
	if (level == 4)
		return index < L4_FIRST_XEN_SLOT || index > L4_LAST_XEN_SLOT;
	if (level == 3 && is_compat(domain))
		return index < PAE_L3_ENTRIES;
	if (level == 2 && flags & SIM_PAE_XEN_L2)
		return index < L2_FIRST_XEN_SLOT;
	return true;
}

static bool read_table(struct walk *walk, uint64_t mfn, uint64_t *entries)
{
	return sim_contents_read(&walk->sim->contents, mfn, 0, entries, SIM_PAGE_SIZE);
}

static bool write_table(struct walk *walk, uint64_t mfn, const uint64_t *entries)
{
	return sim_contents_write(&walk->sim->contents, mfn, 0, entries, SIM_PAGE_SIZE);
}

/* ---- what is checked of an entry ----------------------------------------------- */

/*
 * Entries that are not present must not point a speculating CPU at memory (L1TF;
 * Xen asm-x86/shadow.h pv_l1tf_check_pte()). An address is safe if it is 0 or in the
 * top quarter of what the CPU has, and above all memory. Without shadow paging,
 * which distributions leave out, a guest that breaks this is crashed.
 */
static int check_absent(struct walk *walk, const struct place *place)
{
	unsigned width = walk->sim->options.width;
	uint64_t safe =
		pvb_max(UINT64_C(3) << (width - 2), walk->sim->contents.frames << SIM_PAGE_SHIFT);
	uint64_t address = place->entry & ((UINT64_C(1) << width) - 1) & ~(SIM_PAGE_SIZE - 1);
	bool superpage = place->level > 1 && place->entry & PTE_PSE;

	if (!superpage && (address == 0 || address >= safe))
		return 0;

	int rc = refuse(walk, place,
			"not present, but holds %s, which speculation could follow (L1TF)",
			superpage ? "the superpage bit" : "an address");
	pvb_hint(walk->error, "an entry that is not used has to be zero");
	walk->domain->shutdown = true;
	walk->domain->shutdown_reason = SIM_SHUTDOWN_CRASH;
	return rc;
}

static int check_flags(struct walk *walk, const struct place *place)
{
	uint64_t allowed = ALLOWED;

	if (place->level == 1) {
		allowed |= PTE_G;
		if (walk->sim->options.debug)
			allowed &= ~PTE_GNTTAB;
	} else if (place->level == 3 && is_compat(walk->domain)) {
		allowed = ALLOWED_PAE_L3;
	}

	uint64_t bad = place->entry & ~allowed;
	if (!bad)
		return 0;

	int rc = refuse(walk, place, "has bits that a PV guest may not set there: %#llx",
			(unsigned long long)bad);
	if (bad & PTE_PSE && place->level > 1)
		pvb_hint(walk->error, "PV guests have no superpages: map single pages");
	else if (bad & PTE_GNTTAB && place->level == 1)
		pvb_hint(walk->error, "a debug build of Xen keeps bit 62 for grant mappings");
	return rc;
}

static int check_owner(struct walk *walk, const struct place *place, uint64_t target)
{
	struct sim_frame frame;
	char whose[SIM_WHOSE_MAX];

	if (sim_owns(walk->sim, walk->domain, target, &frame))
		return 0;
	return refuse(walk, place, "machine frame %#llx is %s", (unsigned long long)target,
		      sim_whose(walk->sim, target, whose, sizeof whose));
}

/* Is somebody of the toolstack able to write to it? */
static bool is_mapped_writable(const struct sim *sim, uint64_t mfn)
{
	for (const struct sim_mapping *m = sim->mappings; m; m = m->next)
		for (size_t i = 0; m->writable && i < m->run_count; i++)
			if (mfn - m->run[i].mfn < m->run[i].count)
				return true;
	return false;
}

static int refuse_type(struct walk *walk, const struct place *place, uint64_t target,
		       const char *wanted)
{
	const struct sim_frame *frame = sim_books_held(&walk->sim->books, target);
	int rc = refuse(walk, place,
			"machine frame %#llx is wanted as %s, but is in use as %s (%u "
			"times)",
			(unsigned long long)target, wanted, sim_type_name(frame->type),
			frame->count);

	if (frame->type == SIM_TYPE_WRITABLE && is_mapped_writable(walk->sim, target))
		pvb_hint(walk->error, "it is mapped writable by the toolstack: unmap page tables "
				      "before they are pinned");
	else
		pvb_hint(walk->error, "a guest may map its page tables only read-only");
	return rc;
}

/* ---- references ---------------------------------------------------------------- */

static int get_table(struct walk *walk, const struct place *place, unsigned level, uint64_t mfn,
		     unsigned flags);
static void put_table(struct walk *walk, unsigned level, uint64_t mfn);

/*
 * An entry may lead to a table of its own level instead of the one below: a
 * linear page table (mm.c, get_l*_linear_pagetable()). It must be read-only, the
 * other table must be valid already, and one that is used like this must have no
 * such entries itself.
 */
static bool get_linear(struct walk *walk, const struct place *place, uint64_t target)
{
	if (place->entry & PTE_RW)
		return false;
	if (target == place->table)
		return true;

	struct sim_frame *container = sim_books_held(&walk->sim->books, place->table);
	struct sim_frame *other = sim_books_held(&walk->sim->books, target);

	if (container->linear < 0 || other->linear > 0 || container->linear == INT16_MAX ||
	    other->linear == INT16_MIN || other->count == UINT32_MAX ||
	    other->type != place->level || !(other->flags & SIM_VALIDATED))
		return false;
	container->linear++;
	other->linear--;
	other->count++;
	return true;
}

static int get_leaf(struct walk *walk, const struct place *place, uint64_t target)
{
	bool no_memory;

	if (!(place->entry & PTE_RW) || sim_get_writable(walk->sim, target, &no_memory) == 0)
		return 0;
	if (no_memory)
		return pvb_fail_memory(walk->error, call, "the simulated host's books");
	return refuse_type(walk, place, target, "writable memory");
}

static int get_entry(struct walk *walk, const struct place *place)
{
	static const char *const wanted[] = {NULL, NULL, "an L1 table", "an L2 table",
					     "an L3 table"};
	uint64_t target = target_of(place->entry);
	bool xen_l2 = place->level == 3 && is_compat(walk->domain) && place->index == PAE_XEN_ENTRY;
	int rc = check_flags(walk, place);

	if (rc == 0)
		rc = check_owner(walk, place, target);
	if (rc)
		return rc;
	if (place->level == 1)
		return get_leaf(walk, place, target);

	rc = get_table(walk, place, place->level - 1, target, xen_l2 ? SIM_PAE_XEN_L2 : 0);
	if (rc != WRONG_TYPE)
		return rc;
	if (!(place->level == 3 && is_compat(walk->domain)) && get_linear(walk, place, target))
		return 0;
	return refuse_type(walk, place, target, wanted[place->level]);
}

static void put_entry(struct walk *walk, unsigned level, uint64_t table, uint64_t entry)
{
	uint64_t target = target_of(entry);

	if (!(entry & PTE_P))
		return;
	if (level == 1) {
		if (entry & PTE_RW)
			sim_put_writable(walk->sim, target);
		return;
	}
	if (target == table)
		return;

	struct sim_frame *other = sim_books_held(&walk->sim->books, target);
	if (other->type == level) {
		sim_books_held(&walk->sim->books, table)->linear--;
		other->linear++;
		other->count--;
		return;
	}
	put_table(walk, level - 1, target);
}

/* ---- what the hypervisor makes of a valid table ---------------------------------- */

/* pv/mm.h, adjust_guest_l*e(). */
static uint64_t adjusted(const struct sim_domain *domain, unsigned level, uint64_t entry)
{
	if (!(entry & PTE_P))
		return entry;
	if (is_compat(domain))
		return level == 3 ? entry | PTE_US | PTE_RW : entry;
	switch (level) {
	case 1:
		if (!(entry & PTE_US))
			entry |= PTE_GUEST_KERNEL | PTE_US;
		if (!(entry & PTE_GUEST_KERNEL))
			entry |= PTE_G | PTE_US;
		return entry;
	case 4:
		return entry | PTE_US | PTE_A;
	default:
		return entry | PTE_US;
	}
}

static uint64_t unadjusted_pae_l3(uint64_t entry)
{
	return entry & PTE_P ? entry & ~(PTE_US | PTE_RW | PTE_A) : entry;
}

/* __PAGE_HYPERVISOR_RO | _PAGE_USER: not to be written or executed, whatever lies below. */
static uint64_t ro_m2p_entry(void)
{
	return XEN_TABLE(0) | PTE_P | PTE_US | PTE_A | PTE_NX;
}

/*
 * mm.c, init_xen_l4_slots(). Whatever the guest had there is gone: the M2P (if it is
 * to be seen from user space too), MMCFG (which this machine does not have), the table
 * itself, nothing, the domain's own, Xen itself with what it keeps of memory, and memory, as
 * far as there is any.
 */
static void write_xen_l4(const struct sim *sim, const struct sim_domain *domain, uint64_t mfn,
			 uint64_t *entries)
{
	bool strict = domain->vm_assist & 1u << 5; /* VMASST_TYPE_m2p_strict */
	uint64_t *slot = entries + L4_FIRST_XEN_SLOT;
	uint64_t end = pvb_min(L4_FIRST_DIRECT_SLOT +
				       pvb_div_round_up(sim->contents.frames, FRAMES_PER_L4_SLOT),
			       L4_LAST_XEN_SLOT + 1);

	memset(slot, 0, (L4_LAST_XEN_SLOT + 1 - L4_FIRST_XEN_SLOT) * sizeof *slot);
	slot[0] = strict ? ro_m2p_entry() : 0;
	slot[2] = mfn << SIM_PAGE_SHIFT | XEN_RW | PTE_NX;
	slot[4] = XEN_TABLE(2) | XEN_RW | PTE_NX;
	slot[5] = XEN_TABLE(5) | XEN_RW;
	for (uint64_t i = L4_FIRST_DIRECT_SLOT; i < end; i++)
		entries[i] = XEN_TABLE(i - L4_FIRST_XEN_SLOT) | XEN_RW | PTE_NX;
}

/* pv/mm.c, init_xen_pae_l2_slots(): the M2P, as far as there is memory. */
static void write_xen_pae_l2(const struct sim *sim, uint64_t *entries)
{
	uint64_t slots = pvb_div_round_up(sim->contents.frames, COMPAT_M2P_FRAMES_PER_SLOT);

	for (unsigned i = L2_FIRST_XEN_SLOT; i < ENTRIES; i++) {
		unsigned n = i - L2_FIRST_XEN_SLOT;
		bool used = n < slots && i < ENTRIES - 1;

		entries[i] = used ? XEN_COMPAT_M2P(n) | PTE_P | PTE_US | PTE_A : 0;
	}
}

/* ---- tables -------------------------------------------------------------------- */

/*
 * A PAE root must be below 4 GiB, unless the guest knows the extended format of
 * cr3. Builders are not held to it: it is looked at only once vCPU 0 is set up. Lost
 * before 4.19 (Xen a773adedbd).
 */
static int check_pae_root(struct walk *walk, uint64_t mfn)
{
	const struct sim_domain *domain = walk->domain;

	if (!sim_xen_since(&walk->sim->options, 4, 19) || !domain->vcpu[0] ||
	    domain->vm_assist & 1u << 3 /* VMASST_TYPE_pae_extended_cr3 */ ||
	    mfn >> (32 - SIM_PAGE_SHIFT) == 0)
		return 0;
	return pvb_fail(walk->error, PVB_E_HOST_PIN, call,
			"the PAE root of domain %u, machine frame %#llx, lies above 4 GiB and the "
			"guest does not know extended cr3",
			domain->domid, (unsigned long long)mfn);
}

static int check_pae_xen_l2(struct walk *walk, const struct place *place)
{
	if (sim_books_held(&walk->sim->books, target_of(place->entry))->count == 1)
		return 0;
	put_table(walk, 2, target_of(place->entry));
	return refuse(walk, place,
		      "the L2 table of slot 3 is shared, but it holds the "
		      "hypervisor's own entries");
}

static int check_slot(struct walk *walk, const struct place *place)
{
	bool xen_l3e =
		place->level == 3 && is_compat(walk->domain) && place->index == PAE_XEN_ENTRY;

	if (!(place->entry & PTE_P)) {
		if (xen_l3e)
			return refuse(walk, place,
				      "slot 3 of a PAE root has to be there: its L2 "
				      "table takes the hypervisor's entries");
		return check_absent(walk, place);
	}
	int rc = get_entry(walk, place);
	if (rc == 0 && xen_l3e)
		rc = check_pae_xen_l2(walk, place);
	return rc;
}

static int promote(struct walk *walk, unsigned level, uint64_t mfn, unsigned flags)
{
	uint64_t entries[ENTRIES];
	bool compat_l3 = level == 3 && is_compat(walk->domain);
	unsigned i;
	int rc = 0;

	if (compat_l3)
		rc = check_pae_root(walk, mfn);
	if (rc)
		return rc;
	if (!read_table(walk, mfn, entries))
		return sim_contents_failed(call, walk->error);
	if (compat_l3)
		memset(&entries[PAE_L3_ENTRIES], 0, (ENTRIES - PAE_L3_ENTRIES) * sizeof entries[0]);

	for (i = 0; i < ENTRIES; i++) {
		struct place place = {level, mfn, i, entries[i]};

		if (!is_guest_slot(walk->domain, level, flags, i))
			continue;
		rc = check_slot(walk, &place);
		if (rc)
			break;
		entries[i] = adjusted(walk->domain, level, entries[i]);
	}
	if (rc == 0) {
		if (level == 4)
			write_xen_l4(walk->sim, walk->domain, mfn, entries);
		else if (flags & SIM_PAE_XEN_L2)
			write_xen_pae_l2(walk->sim, entries);
		if (write_table(walk, mfn, entries)) {
			walk->domain->l4_tables += level == 4;
			return 0;
		}
		rc = sim_contents_failed(call, walk->error);
	}

	/* As in Xen, what was adjusted stays so, but for the root of a PAE guest. */
	for (unsigned k = 0; k < i; k++) {
		if (!is_guest_slot(walk->domain, level, flags, k))
			continue;
		put_entry(walk, level, mfn, entries[k]);
		if (compat_l3)
			entries[k] = unadjusted_pae_l3(entries[k]);
	}
	(void)write_table(walk, mfn, entries);
	return rc;
}

static void demote(struct walk *walk, unsigned level, uint64_t mfn, unsigned flags)
{
	uint64_t entries[ENTRIES];

	if (!read_table(walk, mfn, entries))
		return;
	for (unsigned i = 0; i < ENTRIES; i++)
		if (is_guest_slot(walk->domain, level, flags, i))
			put_entry(walk, level, mfn, entries[i]);
	if (level == 3 && is_compat(walk->domain)) {
		for (unsigned i = 0; i < PAE_L3_ENTRIES; i++)
			entries[i] = unadjusted_pae_l3(entries[i]);
		(void)write_table(walk, mfn, entries);
	}
	walk->domain->l4_tables -= level == 4;
}

/* The types are numbered like the levels. */
_Static_assert((int)SIM_TYPE_L1 == 1 && (int)SIM_TYPE_L4 == 4, "types are levels");

static int get_table(struct walk *walk, const struct place *place, unsigned level, uint64_t mfn,
		     unsigned flags)
{
	struct sim_frame *frame = sim_books_frame(&walk->sim->books, mfn);

	if (!frame)
		return pvb_fail_memory(walk->error, call, "the simulated host's books");
	if (frame->count) {
		if (frame->type != level || (frame->flags & SIM_PAE_XEN_L2) != flags ||
		    !(frame->flags & SIM_VALIDATED))
			return WRONG_TYPE;
		if (frame->count == UINT32_MAX)
			return refuse(walk, place, "machine frame %#llx is in use too often",
				      (unsigned long long)mfn);
		frame->count++;
		return 0;
	}

	frame->type = (uint8_t)level;
	frame->flags = (uint8_t)flags;
	frame->count = 1;

	int rc = promote(walk, level, mfn, flags);
	if (rc) {
		frame->type = SIM_TYPE_NONE;
		frame->flags = 0;
		frame->count = 0;
		return rc;
	}
	frame->flags |= SIM_VALIDATED;
	return 0;
}

static void put_table(struct walk *walk, unsigned level, uint64_t mfn)
{
	struct sim_frame *frame = sim_books_held(&walk->sim->books, mfn);

	if (frame->count == 1) {
		demote(walk, level, mfn, frame->flags & SIM_PAE_XEN_L2);
		frame->type = SIM_TYPE_NONE;
		frame->flags = 0;
	}
	frame->count--;
}

int sim_get_table(struct sim *sim, struct sim_domain *domain, unsigned level, uint64_t mfn,
		  struct pvb_error *error)
{
	struct walk walk = {sim, domain, error};
	struct place place = {level, mfn, 0, 0};
	int rc = get_table(&walk, &place, level, mfn, 0);

	if (rc != WRONG_TYPE)
		return rc;

	const struct sim_frame *frame = sim_books_held(&sim->books, mfn);
	rc = pvb_fail(error, PVB_E_HOST_PIN, call,
		      "machine frame %#llx of domain %u cannot become an L%u table: it is in use "
		      "as %s (%u times)",
		      (unsigned long long)mfn, domain->domid, level, sim_type_name(frame->type),
		      frame->count);
	if (is_mapped_writable(sim, mfn))
		pvb_hint(error, "it is mapped writable by the toolstack: unmap page tables before "
				"they are pinned");
	return rc;
}

void sim_put_table(struct sim *sim, struct sim_domain *domain, unsigned level, uint64_t mfn)
{
	struct walk walk = {sim, domain, NULL};

	put_table(&walk, level, mfn);
}

int sim_set_ro_m2p(struct sim *sim, uint64_t l4, bool filled, struct pvb_error *error)
{
	uint64_t entry = filled ? ro_m2p_entry() : 0;

	if (sim_contents_write(&sim->contents, l4, L4_RO_M2P_SLOT * sizeof entry, &entry,
			       sizeof entry))
		return 0;
	return sim_contents_failed(call, error);
}

int sim_fill_all_ro_m2p(struct sim *sim, struct sim_domain *domain, struct pvb_error *error)
{
	uint64_t count;

	for (uint64_t mfn = 0; domain->l4_tables && mfn < sim->contents.frames; mfn += count) {
		struct sim_frame frame = sim_books_look(&sim->books, mfn, &count);

		if (frame.kind != SIM_OWNED || frame.domid != domain->domid ||
		    frame.type != SIM_TYPE_L4 || !frame.count)
			continue;
		int rc = sim_set_ro_m2p(sim, mfn, true, error);
		if (rc)
			return rc;
	}
	return 0;
}

int sim_table_references(struct sim *sim, const struct sim_domain *domain, uint64_t mfn,
			 const struct sim_frame *frame, sim_reference *reference, void *data)
{
	uint64_t entries[ENTRIES];

	if (!sim_contents_read(&sim->contents, mfn, 0, entries, sizeof entries))
		return -1;
	for (unsigned i = 0; i < ENTRIES; i++) {
		uint64_t target = target_of(entries[i]);
		struct sim_frame other;

		if (!(entries[i] & PTE_P) || target == mfn ||
		    !is_guest_slot(domain, frame->type, frame->flags, i) ||
		    (frame->type == SIM_TYPE_L1 && !(entries[i] & PTE_RW)))
			continue;
		if (!sim_owns(sim, domain, target, &other))
			return -1;
		reference(sim, target, other.type == frame->type, data);
	}
	return 0;
}

int sim_pin_table(struct pvb_host *host, uint32_t domid, unsigned level, pvb_mfn_t frame,
		  struct pvb_error *error)
{
	struct sim *sim = sim_of(host);
	struct sim_domain *domain;
	int rc = sim_call_live(sim, "pin_table", domid, &domain, error);

	if (rc)
		return rc;
	if (level < 1 || level > 4)
		return pvb_fail(error, PVB_E_ARG_INVALID, call, "no page table has level %u",
				level);
	/* MMUEXT_PIN_L4_TABLE of a 32-bit domain succeeds and does nothing. */
	if (level == 4 && is_compat(domain))
		return 0;

	struct sim_frame owned;
	char whose[SIM_WHOSE_MAX];

	if (!sim_owns(sim, domain, frame.n, &owned))
		return pvb_fail(error, PVB_E_HOST_PIN, call,
				"machine frame %#llx cannot become an L%u table of domain %u: it "
				"is %s",
				(unsigned long long)frame.n, level, domid,
				sim_whose(sim, frame.n, whose, sizeof whose));
	rc = sim_get_table(sim, domain, level, frame.n, error);
	if (rc)
		return rc;

	struct sim_frame *entry = sim_books_held(&sim->books, frame.n);
	if (entry->flags & SIM_PINNED) {
		sim_put_table(sim, domain, level, frame.n);
		return pvb_fail(error, PVB_E_HOST_PIN, call,
				"L%u table of domain %u in machine frame %#llx is pinned already",
				level, domid, (unsigned long long)frame.n);
	}
	entry->flags |= SIM_PINNED;
	return 0;
}
