/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/space.h"

#include <inttypes.h>

#include "core/checked.h"
#include "core/error.h"
#include "plan/mapping.h"

#define STAGE "plan"

/*
 * 64-bit: L4 slots 256 to 271 are the hypervisor's (Xen public
 * arch-x86/xen-x86_64.h, HYPERVISOR_VIRT_START). What a builder puts there is
 * overwritten without a word.
 */
#define HOLE_START UINT64_C(0xffff800000000000)
#define HOLE_END UINT64_C(0xffff880000000000)
#define LOWER_HALF_END UINT64_C(0x0000800000000000)

/* The last multiple of 4 MiB, which is where an initial mapping may end without wrapping. */
#define TOP_64 UINT64_C(0xffffffffffc00000)

/* 32-bit: from here on is the hypervisor's (Xen public arch-x86/xen-x86_32.h). */
#define HYPERVISOR_START_32 UINT64_C(0xf5800000)

#define L4_SLOT_SHIFT 39
#define L4_SLOTS 512

/*
 * Linux takes one L2 from the boot tables, so that of the initial mapping it
 * keeps 1 GiB (arch/x86/xen/mmu_pv.c, xen_setup_kernel_pagetable).
 */
#define LINUX_MAPPING (UINT64_C(1) << 30)

/* The address that an initial mapping may not pass, and what makes it so. */
struct bound {
	uint64_t end;
	enum pvb_code code;
	const char *what;
};

static bool is_64(const struct pvb_layout_input *input)
{
	return input->levels == PVB_LEVELS_X86_64;
}

static uint64_t l4_slot(uint64_t va)
{
	return (va >> L4_SLOT_SHIFT) % L4_SLOTS;
}

const char *pvb_p2m_refusal(const struct pvb_layout_input *input, uint64_t list_pages,
			    uint64_t *room)
{
	uint64_t va = input->init_p2m;
	uint64_t slot = l4_slot(va);

	if (!is_64(input))
		return "INIT_P2M is for 64-bit guests only";
	if (!pvb_is_aligned(va, UINT64_C(1) << input->page_shift))
		return "INIT_P2M is not page aligned";
	if (va >= LOWER_HALF_END && va < HOLE_START)
		return "INIT_P2M is not a canonical address";
	if (va >= HOLE_START && va < HOLE_END)
		return "INIT_P2M lies in the hypervisor's part of the address space";
	/* Kernels tell a list of its own mapping from one in the initial mapping by this. */
	if (va >= input->virt_base)
		return "INIT_P2M does not lie below VIRT_BASE";
	/* The mapping goes up from VIRT_BASE and the list lies below it, so this is all they share.
	 */
	if (slot == l4_slot(input->virt_base))
		return "INIT_P2M shares an L4 slot with the initial mapping";
	/* Linux takes any but the first and the last, which is its own. */
	if (input->is_linux && slot == 0)
		return "INIT_P2M lies in the first L4 slot, where Linux cannot take it over";

	*room = (UINT64_C(1) << (L4_SLOT_SHIFT - input->page_shift)) -
		((va >> input->page_shift) &
		 ((UINT64_C(1) << (L4_SLOT_SHIFT - input->page_shift)) - 1));
	if (list_pages > *room)
		return "the p2m list at INIT_P2M does not fit into one L4 slot";
	return NULL;
}

/* Where the space that VIRT_BASE lies in ends. */
static int find_space(const struct pvb_layout_input *input, struct bound *bound,
		      struct pvb_error *error)
{
	uint64_t base = input->virt_base;

	if (!is_64(input)) {
		bool stated = input->hv_start_low < HYPERVISOR_START_32;

		*bound = (struct bound){
			.end = stated ? input->hv_start_low : HYPERVISOR_START_32,
			.code = PVB_E_PLAN_ADDRESS_SPACE,
			.what = stated ? "the kernel's HV_START_LOW"
				       : "the start of the hypervisor's part",
		};
		return 0;
	}
	if (base >= LOWER_HALF_END && base < HOLE_START)
		return pvb_fail(error, PVB_E_PLAN_HYPERVISOR_HOLE, STAGE,
				"VIRT_BASE 0x%" PRIx64 " is not a canonical address", base);
	if (base >= HOLE_START && base < HOLE_END)
		return pvb_fail(error, PVB_E_PLAN_HYPERVISOR_HOLE, STAGE,
				"VIRT_BASE 0x%" PRIx64
				" lies in the hypervisor's L4 slots, 256 to 271 (0x%" PRIx64
				" to 0x%" PRIx64 ")",
				base, HOLE_START, HOLE_END);
	if (base < LOWER_HALF_END)
		*bound = (struct bound){
			.end = LOWER_HALF_END,
			.code = PVB_E_PLAN_HYPERVISOR_HOLE,
			.what = "the end of the lower half of the address space",
		};
	else
		*bound = (struct bound){
			.end = TOP_64,
			.code = PVB_E_PLAN_ADDRESS_SPACE,
			.what = "the top of the address space",
		};
	return 0;
}

/* The part to blame for a mapping that has more than "room" frames. */
static enum pvb_segment_kind find_culprit(const struct pvb_layout *layout, uint64_t room)
{
	const struct pvb_layout_part *list = &layout->part[PVB_SEGMENT_P2M];
	unsigned kind = PVB_SEGMENT_KERNEL;

	/* The list is, wherever it would fit without it: it alone grows with the guest. */
	if (!layout->p2m_outside && layout->map_end - list->count <= room)
		return PVB_SEGMENT_P2M;
	while (kind < PVB_SEGMENT_PADDING &&
	       (!layout->part[kind].count || layout->part[kind].first >= layout->map_end ||
		layout->part[kind].first + layout->part[kind].count <= room))
		kind++;
	return (enum pvb_segment_kind)kind;
}

static void hint_at(const struct pvb_layout_input *input, const struct pvb_layout *layout,
		    enum pvb_code code, enum pvb_segment_kind culprit, struct pvb_error *error)
{
	if (culprit == PVB_SEGMENT_P2M && layout->p2m_fallback)
		pvb_hint(
			error,
			"the p2m list lies there because %s; give the guest less memory or smaller "
			"holes in it, or the kernel a usable INIT_P2M note",
			layout->p2m_fallback);
	else if (culprit == PVB_SEGMENT_P2M)
		pvb_hint(error,
			 "the p2m list takes %u bytes for each PFN, holes included, and lies there "
			 "because the kernel has no INIT_P2M note; give the guest less memory or "
			 "smaller holes in it",
			 input->p2m_entry_size);
	else if (culprit == PVB_SEGMENT_MODULE)
		pvb_hint(error,
			 "take a smaller ramdisk, or a kernel with a MOD_START_PFN note, which "
			 "takes its ramdisk unmapped");
	else if (code == PVB_E_PLAN_LINUX_1G)
		pvb_hint(error, "make the kernel smaller: its whole initial mapping must fit");
	else
		pvb_hint(error, "link the kernel at a lower VIRT_BASE, or make it smaller");
}

int pvb_layout_check_addresses(const struct pvb_layout_input *input,
			       const struct pvb_layout *layout, struct pvb_error *error)
{
	unsigned shift = input->page_shift;
	uint64_t base = input->virt_base;
	enum pvb_segment_kind culprit;
	struct bound bound = {0};
	uint64_t room;
	int rc = pvb_check_p2m_levels(&input->p2m, &layout->p2m, error);

	if (!rc)
		rc = find_space(input, &bound, error);
	if (rc)
		return rc;
	if (input->is_linux && is_64(input) && base < bound.end &&
	    bound.end - base > LINUX_MAPPING) {
		bound = (struct bound){
			.end = base + LINUX_MAPPING,
			.code = PVB_E_PLAN_LINUX_1G,
			.what = "1 GiB above VIRT_BASE, as far as Linux takes the mapping over",
		};
	}

	room = bound.end > base ? (bound.end - base) >> shift : 0;
	if (layout->map_end > room) {
		culprit = find_culprit(layout, room);
		rc = pvb_fail(error, bound.code, STAGE,
			      "the initial mapping from 0x%" PRIx64 " takes %" PRIu64
			      " KiB, %" PRIu64 " KiB more than there are up to 0x%" PRIx64
			      " (%s): %s%s, %" PRIu64 " KiB, is what does not fit",
			      base, layout->map_end << (shift - 10),
			      (layout->map_end - room) << (shift - 10), bound.end, bound.what,
			      pvb_segment_name(culprit),
			      culprit == PVB_SEGMENT_P2M
				      ? " (which no usable INIT_P2M takes elsewhere)"
				      : "",
			      layout->part[culprit].count << (shift - 10));
		hint_at(input, layout, bound.code, culprit, error);
		return rc;
	}

	if (layout->p2m_fallback && input->strict_p2m) {
		rc = pvb_fail(error, PVB_E_PLAN_P2M_BASE, STAGE,
			      "the p2m list cannot lie at 0x%" PRIx64 ": %s", input->init_p2m,
			      layout->p2m_fallback);
		pvb_hint(error,
			 "leave pvb_spec.strict_p2m out: then the list goes into the initial "
			 "mapping");
		return rc;
	}
	return 0;
}
