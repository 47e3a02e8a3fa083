/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/ranges.h"

#include <inttypes.h>
#include <string.h>

#include "core/checked.h"
#include "core/error.h"

#define STAGE "plan"

/*
 * A PFN goes where an MFN goes, as in the page tables of a saved guest: into the frame of a
 * page-table entry, which ends at bit 51, and for a 32-bit guest into one of its words.
 */
#define ADDRESS_BITS_64 52u
#define ADDRESS_BITS_32 44u

/* Nodes that a request to Xen can name: 8 bits, less what stands for none (XENMEMF_node()). */
#define MAX_NODES 255

static uint64_t end_of(const struct pvb_memory_range *range)
{
	return range->gpa + range->bytes;
}

static int check_place(const struct pvb_spec *spec, size_t i, unsigned page_shift,
		       unsigned address_bits, struct pvb_error *error)
{
	const struct pvb_memory_range *range = &spec->ranges[i];
	uint64_t page_size = UINT64_C(1) << page_shift, end;

	if (!range->bytes)
		return pvb_fail(error, PVB_E_ARG_RANGES, STAGE,
				"range %zu of memory, at 0x%" PRIx64 ", is empty", i, range->gpa);
	if (!pvb_is_aligned(range->gpa | range->bytes, page_size))
		return pvb_fail(error, PVB_E_ARG_RANGES, STAGE,
				"range %zu of memory, %" PRIu64 " bytes at 0x%" PRIx64
				", is not whole pages of %" PRIu64 " bytes",
				i, range->bytes, range->gpa, page_size);
	if (!pvb_add(range->gpa, range->bytes, &end) || end > UINT64_C(1) << address_bits)
		return pvb_fail(error, PVB_E_ARG_RANGES, STAGE,
				"range %zu of memory, %" PRIu64 " bytes at 0x%" PRIx64
				", goes past guest physical address 2^%u, the last that a PFN of "
				"such a guest can stand for",
				i, range->bytes, range->gpa, address_bits);
	if (i == 0 && range->gpa)
		return pvb_fail(error, PVB_E_ARG_RANGES, STAGE,
				"the first range of memory begins at 0x%" PRIx64
				", and a PV guest has its kernel from 0 on",
				range->gpa);
	if (i == 0 || range->gpa >= end_of(&spec->ranges[i - 1]))
		return 0;

	const struct pvb_memory_range *before = &spec->ranges[i - 1];

	if (end <= before->gpa)
		return pvb_fail(error, PVB_E_ARG_RANGES, STAGE,
				"range %zu of memory, at 0x%" PRIx64
				", lies before range %zu, at 0x%" PRIx64 ": they have to ascend",
				i, range->gpa, i - 1, before->gpa);
	return pvb_fail(error, PVB_E_ARG_RANGES, STAGE,
			"range %zu of memory begins at 0x%" PRIx64
			" and overlaps range %zu, which goes from 0x%" PRIx64 " to 0x%" PRIx64,
			i, range->gpa, i - 1, before->gpa, end_of(before));
}

static int check_node(const struct pvb_spec *spec, size_t i, const struct pvb_host_info *host,
		      struct pvb_error *error)
{
	const struct pvb_memory_range *range = &spec->ranges[i];
	int nodes = host ? (int)pvb_min(host->nodes, MAX_NODES) : MAX_NODES, rc;

	if (range->node == PVB_ANY_NODE && !range->exact)
		return 0;
	if (range->node == PVB_ANY_NODE)
		return pvb_fail(error, PVB_E_ARG_RANGES, STAGE,
				"range %zu of memory is to come from one node exactly, and names "
				"none",
				i);
	if (range->node >= 0 && range->node < nodes)
		return 0;
	rc = pvb_fail(error, PVB_E_ARG_RANGES, STAGE,
		      "range %zu of memory is to come from node %d, and %s %d nodes, from 0 on", i,
		      range->node, host ? "the host has" : "no host has more than", nodes);
	pvb_hint(error, "a range without a node is taken from wherever there is memory");
	return rc;
}

int pvb_take_ranges(enum pvb_guest_type type, const struct pvb_spec *spec,
		    const struct pvb_host_info *host, unsigned page_shift,
		    struct pvb_plan_memory *memory, struct pvb_error *error)
{
	unsigned bits = type == PVB_GUEST_X86_64 ? ADDRESS_BITS_64 : ADDRESS_BITS_32;
	uint64_t bytes = 0, room = 0, next = 0;

	*memory = (struct pvb_plan_memory){.count = 1, .page_shift = page_shift};
	if (!spec->ranges && !spec->range_count)
		return 0;
	if (!spec->ranges || !spec->range_count || spec->range_count > PVB_MAX_RANGES)
		return pvb_fail(error, PVB_E_ARG_RANGES, STAGE,
				"%zu ranges of memory%s: there are from 1 to %d of them, as that "
				"is what a memory map has room for",
				spec->range_count, spec->ranges ? "" : " in no list",
				PVB_MAX_RANGES);
	for (size_t i = 0; i < spec->range_count; i++) {
		int rc = check_place(spec, i, page_shift, bits, error);

		if (!rc)
			rc = check_node(spec, i, host, error);
		if (rc)
			return rc;
		/* Ranges that adjoin, as those of two nodes may, have no hole between them. */
		if (spec->ranges[i].gpa == room)
			room = end_of(&spec->ranges[i]);
		else if (!next)
			next = spec->ranges[i].gpa;
		bytes += spec->ranges[i].bytes;
	}
	memory->ranges = spec->ranges;
	memory->count = spec->range_count;
	memory->pages = bytes >> page_shift;
	memory->pfns = end_of(&spec->ranges[spec->range_count - 1]) >> page_shift;
	memory->room = room >> page_shift;
	memory->next = next ? next >> page_shift : memory->pfns;
	return 0;
}

int pvb_take_memory(enum pvb_guest_type type, const struct pvb_spec *spec,
		    const struct pvb_host_info *host, unsigned page_shift,
		    const struct pvb_address_bits *width, struct pvb_plan_memory *memory,
		    struct pvb_error *error)
{
	int rc = pvb_take_ranges(type, spec, host, page_shift, memory, error);
	uint64_t bytes = memory->ranges ? memory->pages << page_shift : spec->memory;

	if (!rc && spec->memory && spec->memory != bytes) {
		rc = pvb_fail(error, PVB_E_ARG_RANGES, STAGE,
			      "the guest is to have %" PRIu64
			      " bytes of memory, and its ranges come to %" PRIu64,
			      spec->memory, bytes);
		pvb_hint(error, "leave the memory out: with ranges it is their sum");
	}
	if (!rc)
		rc = pvb_check_memory(type, bytes, page_shift, width, error);
	if (!rc && !memory->ranges)
		memory->pages = memory->pfns = memory->room = memory->next = bytes >> page_shift;
	return rc;
}

int pvb_refuse_ranges(const struct pvb_spec *spec, enum pvb_guest_type type,
		      struct pvb_error *error)
{
	if (!spec->ranges && !spec->range_count)
		return 0;
	int rc = pvb_fail(error, PVB_E_ARG_RANGES, STAGE,
			  "%zu ranges of memory for a guest of type %s: where its memory is is "
			  "fixed by its ABI",
			  spec->range_count, pvb_guest_type_name(type));

	pvb_hint(error, "leave the ranges out, and say how much memory it is to have");
	return rc;
}

static bool has_hole(const struct pvb_plan_memory *memory)
{
	return memory->room != memory->pfns;
}

int pvb_memory_check_layout(const struct pvb_plan_memory *memory,
			    const struct pvb_layout_input *input, const struct pvb_layout *layout,
			    uint64_t max_pages, struct pvb_error *error)
{
	const unsigned shift = memory->page_shift;
	const struct pvb_layout_part *first;
	const char *name;

	if (!has_hole(memory))
		return pvb_layout_check_memory(input, layout, memory->pages, max_pages, error);
	if (layout->frames <= memory->room)
		return 0;
	first = pvb_layout_first_past(layout, memory->room, &name);
	int rc = pvb_fail(error, PVB_E_ARG_RANGES, STAGE,
			  "the layout takes %" PRIu64 " bytes from 0 on, and the memory before the "
			  "first hole is %" PRIu64 ": %s, %" PRIu64 " bytes at 0x%" PRIx64
			  ", does not fit",
			  layout->frames << shift, memory->room << shift, name,
			  first->count << shift, first->first << shift);

	if (layout->frames > memory->next)
		pvb_hint(error,
			 "make the first range %" PRIu64 " KiB or more, and have the memory behind "
			 "the hole, at 0x%" PRIx64 ", begin above that",
			 layout->frames << (shift - 10), memory->next << shift);
	else
		pvb_hint(error,
			 "make the first range %" PRIu64 " KiB or more: the p2m has an entry for "
			 "each PFN up to 0x%" PRIx64 ", holes included",
			 layout->frames << (shift - 10), memory->pfns - 1);
	return rc;
}

/* What is behind the first hole stays, and so does what the p2m covers. */
static int least_with_hole(const struct pvb_plan_memory *memory,
			   const struct pvb_layout_input *input, uint64_t max_pages,
			   uint64_t *pages, struct pvb_error *error)
{
	const unsigned shift = memory->page_shift;
	struct pvb_layout layout = pvb_layout_solve(input, memory->pfns);
	int rc = pvb_layout_check_addresses(input, &layout, error);

	if (rc)
		return rc;
	if (layout.frames > memory->next)
		return pvb_fail(error, PVB_E_ARG_RANGES, STAGE,
				"the layout takes %" PRIu64 " bytes from 0 on, and the memory "
				"behind the first hole begins at 0x%" PRIx64 " already",
				layout.frames << shift, memory->next << shift);
	*pages = layout.frames + (memory->pages - memory->room);
	if (*pages > max_pages)
		return pvb_fail(error, PVB_E_ARG_MEMORY_LARGE, STAGE,
				"this kernel and ramdisk, with the memory behind the first hole, "
				"take at least %" PRIu64
				" pages of memory; such a guest can have at most %" PRIu64,
				*pages, max_pages);
	return 0;
}

int pvb_memory_least_pages(const struct pvb_plan_memory *memory,
			   const struct pvb_layout_input *input, uint64_t max_pages,
			   uint64_t *pages, struct pvb_error *error)
{
	if (has_hole(memory))
		return least_with_hole(memory, input, max_pages, pages, error);
	return pvb_layout_least_pages(input, 0, max_pages, pages, error);
}

void pvb_tell_ranges(const struct pvb_plan_memory *memory, struct pvb_memory_range *list)
{
	if (memory->ranges)
		memcpy(list, memory->ranges, memory->count * sizeof *list);
	else
		*list = (struct pvb_memory_range){
			.bytes = memory->pages << memory->page_shift,
			.node = PVB_ANY_NODE,
		};
}
