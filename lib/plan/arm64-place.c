/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where kernel, device tree and ramdisk go (Linux Documentation/arch/arm64/booting.rst).
 *
 * The kernel stands at the start of memory: one that may be placed anywhere is
 * as well off there, and the others want nothing below them. What it takes is reserved up to a
 * boundary of 2 MiB. Device tree and ramdisk follow, in the same block of 512 MiB
 * as the kernel where an old kernel wants that of the tree.
 */
#include "core/checked.h"
#include "plan/arm64.h"

#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)

#define KERNEL_UNIT (2 * MIB)
/* What a kernel from before Linux 4.2 maps of its tree: the tree may not cross a boundary of it. */
#define TREE_UNIT (2 * MIB)

#define WINDOW (32 * GIB)
#define WINDOW_UNIT GIB

/* Kernels from before Linux 4.2 see no more than this of memory when they read their tree. */
#define OLD_TREE_REACH (512 * MIB)

bool pvb_arm64_in_window(uint64_t kernel, uint64_t kernel_end, uint64_t module, uint64_t module_end)
{
	uint64_t from = pvb_round_down(pvb_min(kernel, module), WINDOW_UNIT);

	return pvb_max(kernel_end, module_end) - from <= WINDOW;
}

static uint64_t up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) & ~(unit - 1);
}

/* For either tree, so that a guest with more memory never has less room. */
static uint64_t tree_room(const struct pvb_arm64_placement_input *input)
{
	return up(pvb_max(input->tree_bytes[0], input->tree_bytes[1]), input->page);
}

/* The ramdisk at "from" of the first bank, or, where it does not fit there, in the second. */
static bool place_module(const struct pvb_arm64_placement_input *input, uint64_t from,
			 const uint64_t banks[PVB_ARM64_BANKS],
			 struct pvb_arm64_placement *placement)
{
	uint64_t bytes = up(input->module_bytes, input->page);
	uint64_t end = PVB_ARM64_RAM0 + banks[0];

	if (from <= end && bytes <= end - from)
		placement->module = from;
	else if (bytes <= banks[1])
		placement->module = PVB_ARM64_RAM1;
	else
		return false;
	return pvb_arm64_in_window(placement->kernel, placement->kernel_end, placement->module,
				   placement->module + bytes);
}

/* As far up as an old kernel can use it, where there is room: nothing tells where that ends. */
static bool place_high(const struct pvb_arm64_placement_input *input, uint64_t tree,
		       const uint64_t banks[PVB_ARM64_BANKS], struct pvb_arm64_placement *placement)
{
	uint64_t top = PVB_ARM64_RAM0 + pvb_min(banks[0], OLD_TREE_REACH);
	uint64_t module = up(input->module_bytes, input->page);

	if (placement->kernel_end + tree > top)
		return false;
	/* These kernels map their tree as one block. */
	placement->tree = pvb_round_down(top - tree, TREE_UNIT);
	if (!module)
		return true;
	if (module <= placement->tree - placement->kernel_end) {
		placement->module = placement->tree - module;
		return true;
	}
	return place_module(input, top, banks, placement);
}

/* What is placed is far below 2^63, so that no sum here overflows: the caller has seen to it. */
bool pvb_arm64_place(const struct pvb_arm64_placement_input *input, uint64_t memory,
		     struct pvb_arm64_placement *placement)
{
	const uint64_t first = pvb_min(memory, PVB_ARM64_RAM0_SIZE);
	const uint64_t banks[PVB_ARM64_BANKS] = {first, memory - first};
	const uint64_t tree = tree_room(input);

	*placement = (struct pvb_arm64_placement){.kernel = PVB_ARM64_RAM0 + input->text_offset};
	if (input->kernel_bytes > PVB_ARM64_RAM0_SIZE)
		return false;
	placement->kernel_end = up(placement->kernel + input->kernel_bytes, KERNEL_UNIT);
	if (placement->kernel_end + tree > PVB_ARM64_RAM0 + banks[0])
		return false;
	if (!input->kernel_end_known && place_high(input, tree, banks, placement))
		return true;
	placement->tree = placement->kernel_end;
	return !input->module_bytes ||
	       place_module(input, placement->tree + tree, banks, placement);
}

uint64_t pvb_arm64_least(const struct pvb_arm64_placement_input *input)
{
	struct pvb_arm64_placement placement;
	uint64_t module = up(input->module_bytes, input->page);
	uint64_t kernel = up(input->text_offset + pvb_min(input->kernel_bytes, PVB_ARM64_RAM0_SIZE),
			     KERNEL_UNIT);
	/* All in the first bank, or the ramdisk alone in the second. */
	const uint64_t sizes[] = {
		kernel + tree_room(input) + module,
		PVB_ARM64_RAM0_SIZE + module,
	};

	for (unsigned i = 0; i < 2; i++)
		if (pvb_arm64_place(input, sizes[i], &placement))
			return sizes[i];
	return 0;
}
