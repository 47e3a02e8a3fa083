/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "differential/judge.h"

#include <string.h>

#include "differential/built.h"

const char *const difference_names[DIFFERENCES] = {
	[DIFFER_REFUSED] = "refused",
	[DIFFER_GUEST_TYPE] = "guest type",
	[DIFFER_START] = "start",
	[DIFFER_END] = "end",
	[DIFFER_ENTRY] = "entry",
	[DIFFER_VIRT_BASE] = "virt_base",
	[DIFFER_PADDR_OFFSET] = "paddr_offset",
	[DIFFER_HYPERCALL_PAGE] = "hypercall page",
	[DIFFER_INIT_P2M] = "init_p2m",
	[DIFFER_HV_START_LOW] = "hv_start_low",
	[DIFFER_PVH_ENTRY] = "PVH entry",
	[DIFFER_REQUIRED] = "features required",
	[DIFFER_SUPPORTED] = "features supported",
	[DIFFER_PAE] = "PAE",
	[DIFFER_MOD_START_PFN] = "mod_start_pfn",
	[DIFFER_SYMTAB] = "symbol table",
	[DIFFER_NOT_BUILT] = "not built",
	[DIFFER_DOMAIN] = "the domain",
};

static uint32_t bit(enum differing difference, bool differs)
{
	return differs ? UINT32_C(1) << difference : 0;
}

/* Nothing else than ELF has notes. */
static uint32_t differences_of_notes(const struct facts *ours, const struct facts *theirs)
{
	return bit(DIFFER_PADDR_OFFSET, ours->paddr_offset != theirs->paddr_offset) |
	       bit(DIFFER_HYPERCALL_PAGE, ours->hypercall_page != theirs->hypercall_page) |
	       bit(DIFFER_INIT_P2M, ours->init_p2m != theirs->init_p2m) |
	       bit(DIFFER_HV_START_LOW, ours->hv_start_low != theirs->hv_start_low) |
	       bit(DIFFER_PVH_ENTRY, ours->pvh_entry != theirs->pvh_entry) |
	       bit(DIFFER_REQUIRED, ours->features_required != theirs->features_required) |
	       bit(DIFFER_SUPPORTED, ours->features_supported != theirs->features_supported) |
	       bit(DIFFER_PAE,
		   strcmp(theirs->guest_type, "xen-3.0-x86_32p") == 0 && ours->pae != theirs->pae) |
	       bit(DIFFER_MOD_START_PFN, ours->mod_start_pfn != theirs->mod_start_pfn) |
	       /* Asked for is not carried: what is carried moves the end. */
	       bit(DIFFER_SYMTAB, ours->symtab && !theirs->symtab);
}

uint32_t differences(const struct facts *ours, const struct facts *theirs)
{
	if (!theirs->accepted)
		return 0;
	if (!ours->accepted)
		return bit(DIFFER_REFUSED, true);
	return bit(DIFFER_GUEST_TYPE, strcmp(ours->guest_type, theirs->guest_type) != 0) |
	       bit(DIFFER_START, ours->start != theirs->start) |
	       bit(DIFFER_END, ours->end != theirs->end) |
	       bit(DIFFER_ENTRY, ours->entry != theirs->entry) |
	       bit(DIFFER_VIRT_BASE, ours->virt_base != theirs->virt_base) |
	       (ours->elf ? differences_of_notes(ours, theirs) : 0);
}

uint32_t differences_built(const struct built *built)
{
	return bit(DIFFER_NOT_BUILT, built->outcome == BUILT_BY_THEM_ALONE) |
	       bit(DIFFER_DOMAIN, built->outcome == BUILT_DIFFERENTLY);
}

static bool has_code(const struct excuse *excuse, int code)
{
	for (unsigned i = 0; i < EXCUSE_CODES && excuse->codes[i]; i++)
		if (excuse->codes[i] == code || excuse->codes[i] == EXCUSE_ANY)
			return true;
	return false;
}

void judge(const struct look *look, uint32_t differences, int code, size_t without,
	   struct verdict *verdict)
{
	*verdict = (struct verdict){.differences = differences, .unexcused = differences};
	for (size_t i = 0; verdict->unexcused && i < excuse_count; i++) {
		const struct excuse *excuse = &excuses[i];
		uint32_t covers = verdict->unexcused & excuse->differences;

		if (i == without || !covers || (code && !has_code(excuse, code)) ||
		    !excuse->applies(look))
			continue;
		verdict->unexcused &= ~covers;
		verdict->excused_by |= UINT64_C(1) << i;
	}
}
