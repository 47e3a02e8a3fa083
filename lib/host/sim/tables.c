/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Validation of page tables, as a PV guest's are when they come into use (Xen
 * arch/x86/mm.c, promote_l*_table() and what they call).
 *
 * A table is read into a buffer, its entries are checked (entries.c) and take a
 * reference each to what they point at, and those that the hypervisor adjusts are
 * adjusted. What fails on the way lets all references go again.
 */
#include "host/sim/entries.h"

#include <stdio.h>
#include <string.h>

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

static bool read_table(struct walk *walk, uint64_t mfn, uint64_t *entries)
{
	return sim_contents_read(&walk->sim->contents, mfn, 0, entries, SIM_PAGE_SIZE);
}

static bool write_table(struct walk *walk, uint64_t mfn, const uint64_t *entries)
{
	return sim_contents_write(&walk->sim->contents, mfn, 0, entries, SIM_PAGE_SIZE);
}

/* ---- what is checked of an entry ----------------------------------------------- */

/* Without shadow paging, which distributions leave out, Xen crashes a guest that breaks this. */
static int check_absent(struct walk *walk, const struct place *place)
{
	bool superpage = place->level > 1 && place->entry & SIM_PTE_PSE;

	if (sim_entry_is_safe(walk->sim, place->level, place->entry))
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
	uint64_t bad = sim_entry_refused(walk->domain, place->level, place->entry);

	if (!bad)
		return 0;

	int rc = refuse(walk, place, "has bits that a PV guest may not set there: %#llx",
			(unsigned long long)bad);
	if (bad & SIM_PTE_PSE && place->level > 1)
		pvb_hint(walk->error, "PV guests have no superpages: map single pages");
	else if (place->level == 1 && bad & sim_pte_mark(walk->domain->pte_bits.grant_bit))
		pvb_hint(walk->error, "a debug build of Xen keeps bit %u for grant mappings",
			 walk->domain->pte_bits.grant_bit);
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
	if (place->entry & SIM_PTE_RW)
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

	if (!(place->entry & SIM_PTE_RW) || sim_get_writable(walk->sim, target, &no_memory) == 0)
		return 0;
	if (no_memory)
		return pvb_fail_memory(walk->error, call, "the simulated host's books");
	return refuse_type(walk, place, target, "writable memory");
}

static int get_entry(struct walk *walk, const struct place *place)
{
	static const char *const wanted[] = {NULL, NULL, "an L1 table", "an L2 table",
					     "an L3 table"};
	uint64_t target = sim_entry_target(place->entry);
	bool xen_l2 = place->level == 3 && sim_is_compat(walk->domain) &&
		      place->index == SIM_PAE_XEN_ENTRY;
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
	if (!(place->level == 3 && sim_is_compat(walk->domain)) && get_linear(walk, place, target))
		return 0;
	return refuse_type(walk, place, target, wanted[place->level]);
}

static void put_entry(struct walk *walk, unsigned level, uint64_t table, uint64_t entry)
{
	uint64_t target = sim_entry_target(entry);

	if (!(entry & SIM_PTE_P))
		return;
	if (level == 1) {
		if (entry & SIM_PTE_RW)
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
	if (sim_books_held(&walk->sim->books, sim_entry_target(place->entry))->count == 1)
		return 0;
	put_table(walk, 2, sim_entry_target(place->entry));
	return refuse(walk, place,
		      "the L2 table of slot 3 is shared, but it holds the "
		      "hypervisor's own entries");
}

static int check_slot(struct walk *walk, const struct place *place)
{
	bool xen_l3e = place->level == 3 && sim_is_compat(walk->domain) &&
		       place->index == SIM_PAE_XEN_ENTRY;

	if (!(place->entry & SIM_PTE_P)) {
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
	uint64_t entries[SIM_TABLE_ENTRIES];
	bool compat_l3 = level == 3 && sim_is_compat(walk->domain);
	unsigned i;
	int rc = 0;

	if (compat_l3)
		rc = check_pae_root(walk, mfn);
	if (rc)
		return rc;
	if (!read_table(walk, mfn, entries))
		return sim_contents_failed(call, walk->error);
	if (compat_l3)
		memset(&entries[SIM_PAE_L3_ENTRIES], 0,
		       (SIM_TABLE_ENTRIES - SIM_PAE_L3_ENTRIES) * sizeof entries[0]);

	for (i = 0; i < SIM_TABLE_ENTRIES; i++) {
		struct place place = {level, mfn, i, entries[i]};

		if (!sim_entry_is_guests(walk->domain, level, flags, i))
			continue;
		rc = check_slot(walk, &place);
		if (rc)
			break;
		entries[i] = sim_entry_adjusted(walk->domain, level, entries[i]);
	}
	if (rc == 0) {
		if (level == 4)
			sim_fill_xen_l4(walk->sim, walk->domain, mfn, entries);
		else if (flags & SIM_PAE_XEN_L2)
			sim_fill_xen_pae_l2(walk->sim, entries);
		if (write_table(walk, mfn, entries)) {
			walk->domain->l4_tables += level == 4;
			return 0;
		}
		rc = sim_contents_failed(call, walk->error);
	}

	/* As in Xen, what was adjusted stays so, but for the root of a PAE guest. */
	for (unsigned k = 0; k < i; k++) {
		if (!sim_entry_is_guests(walk->domain, level, flags, k))
			continue;
		put_entry(walk, level, mfn, entries[k]);
		if (compat_l3)
			entries[k] = sim_entry_unadjusted_pae_l3(entries[k]);
	}
	(void)write_table(walk, mfn, entries);
	return rc;
}

static void demote(struct walk *walk, unsigned level, uint64_t mfn, unsigned flags)
{
	uint64_t entries[SIM_TABLE_ENTRIES];

	if (!read_table(walk, mfn, entries))
		return;
	for (unsigned i = 0; i < SIM_TABLE_ENTRIES; i++)
		if (sim_entry_is_guests(walk->domain, level, flags, i))
			put_entry(walk, level, mfn, entries[i]);
	if (level == 3 && sim_is_compat(walk->domain)) {
		for (unsigned i = 0; i < SIM_PAE_L3_ENTRIES; i++)
			entries[i] = sim_entry_unadjusted_pae_l3(entries[i]);
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
	uint64_t entry = filled ? sim_ro_m2p_entry() : 0;

	if (sim_contents_write(&sim->contents, l4, SIM_L4_RO_M2P_SLOT * sizeof entry, &entry,
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
	uint64_t entries[SIM_TABLE_ENTRIES];

	if (!sim_contents_read(&sim->contents, mfn, 0, entries, sizeof entries))
		return -1;
	for (unsigned i = 0; i < SIM_TABLE_ENTRIES; i++) {
		uint64_t target = sim_entry_target(entries[i]);
		struct sim_frame other;

		if (!(entries[i] & SIM_PTE_P) || target == mfn ||
		    !sim_entry_is_guests(domain, frame->type, frame->flags, i) ||
		    (frame->type == SIM_TYPE_L1 && !(entries[i] & SIM_PTE_RW)))
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

	if (rc == 0)
		rc = sim_want_pv(domain, "pin_table", error);
	if (rc)
		return rc;
	if (level < 1 || level > 4)
		return pvb_fail(error, PVB_E_ARG_INVALID, call, "no page table has level %u",
				level);
	/* MMUEXT_PIN_L4_TABLE of a 32-bit domain succeeds and does nothing. */
	if (level == 4 && sim_is_compat(domain))
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
