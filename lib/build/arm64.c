/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A translated guest: its kernel and device tree by guest physical address, what it
 * asks the hypervisor for in the place of start_info, and where it starts.
 */
#include "build/builder.h"

#include <inttypes.h>
#include <string.h>

#include <pvbuild/image.h>

#include "build/abi.h"
#include "core/checked.h"
#include "plan/arm64.h"

/* Whole pages of the host's that a part touches, and how many. */
static uint64_t first_page(const struct pvb_builder *builder, const struct pvb_arm64_part *part)
{
	return part->gpa >> builder->host->page_shift;
}

static uint64_t page_count(const struct pvb_builder *builder, const struct pvb_arm64_part *part)
{
	uint64_t page = UINT64_C(1) << builder->host->page_shift;

	return pvb_div_round_up(part->gpa + part->bytes, page) - first_page(builder, part);
}

int pvb_build_check_arm64_image(const struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_image_info *image = pvb_image_info(builder->image);
	const struct pvb_plan_arm64 *arm64 = builder->plan->arm64;

	if (image->unpacked_size == builder->plan->image_unpacked_size && image->piece_count == 1 &&
	    image->pieces[0].size == arm64->kernel_file_bytes &&
	    image->pieces[0].memory_size == arm64->kernel.bytes)
		return 0;
	return pvb_fail(error, PVB_E_ARG_INVALID, "build",
			"the plan was made from another image: from one of %" PRIu64
			" bytes that takes %" PRIu64,
			arm64->kernel_file_bytes, arm64->kernel.bytes);
}

/* The domain is told that it is one of 64 bits; what the hypervisor calls it is noted. */
int pvb_build_arm64_bits(struct pvb_builder *builder, struct pvb_error *error)
{
	struct pvb_host_domain domain;
	int rc = pvb_host_set_guest_bits(builder->host, builder->domid, builder->plan->guest_bits,
					 error);

	if (rc == 0)
		rc = pvb_host_get_domain(builder->host, builder->domid, &domain, error);
	if (rc)
		return rc;
	memcpy(builder->uuid, domain.uuid, sizeof builder->uuid);
	return pvb_build_find_grant_table(builder, error);
}

uint64_t pvb_build_arm64_load_bytes(const struct pvb_builder *builder)
{
	const struct pvb_plan_arm64 *arm64 = builder->plan->arm64;

	return (page_count(builder, &arm64->kernel) + page_count(builder, &arm64->tree) +
		builder->plan->module.count)
	       << builder->host->page_shift;
}

/* What of a part, of which there are size bytes, lies in count pages from first on. */
struct slice {
	uint64_t skip;   /* from the first page's start */
	uint64_t offset; /* of the part */
	uint64_t size;
};

static struct slice slice_of(const struct pvb_builder *builder, const struct pvb_arm64_part *part,
			     uint64_t size, pvb_pfn_t first, uint64_t count)
{
	unsigned shift = builder->host->page_shift;
	uint64_t from = first.n << shift, to = from + (count << shift);
	uint64_t low = pvb_max(from, part->gpa), high = pvb_min(to, part->gpa + size);

	if (low >= high)
		return (struct slice){0};
	return (struct slice){.skip = low - from, .offset = low - part->gpa, .size = high - low};
}

/* The file, and zeros for what it takes besides: memory comes dirty. */
static int write_image(struct pvb_builder *builder, void *opaque, uint8_t *at, pvb_pfn_t first,
		       uint64_t count, struct pvb_error *error)
{
	const struct pvb_plan_arm64 *arm64 = builder->plan->arm64;
	const struct pvb_image_info *image = pvb_image_info(builder->image);
	struct slice slice =
		slice_of(builder, &arm64->kernel, arm64->kernel_file_bytes, first, count);
	uint64_t end = slice.skip + slice.size;

	(void)opaque;
	memset(at, 0, slice.skip);
	memset(at + end, 0, (count << builder->host->page_shift) - end);
	if (!slice.size)
		return 0;
	return pvb_read_image(builder, image->pieces[0].offset + slice.offset, at + slice.skip,
			      slice.size, error);
}

static int write_tree(struct pvb_builder *builder, void *opaque, uint8_t *at, pvb_pfn_t first,
		      uint64_t count, struct pvb_error *error)
{
	const struct pvb_plan_arm64 *arm64 = builder->plan->arm64;
	struct slice slice = slice_of(builder, &arm64->tree, arm64->tree.bytes, first, count);
	int rc = pvb_write_zero(builder, NULL, at, first, count, error);

	(void)opaque;
	memcpy(at + slice.skip, arm64->tree_bytes + slice.offset, slice.size);
	return rc;
}

static int write_part(struct pvb_builder *builder, const struct pvb_arm64_part *part,
		      pvb_window_fn write, struct pvb_error *error)
{
	return pvb_window_each(builder, PVB_PFN(first_page(builder, part)),
			       page_count(builder, part), write, NULL, error);
}

int pvb_build_arm64_load(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_plan_arm64 *arm64 = builder->plan->arm64;
	int rc = write_part(builder, &arm64->kernel, write_image, error);

	if (rc == 0)
		rc = write_part(builder, &arm64->tree, write_tree, error);
	return rc ? rc : pvb_build_load_module(builder, error);
}

/* Rings are empty; so are the pages for memory events and the serial port, which nobody uses. */
int pvb_build_arm64_rings(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_plan_arm64 *arm64 = builder->plan->arm64;
	static const enum pvb_arm64_magic others[] = {PVB_ARM64_MAGIC_MEMACCESS,
						      PVB_ARM64_MAGIC_VUART};
	int rc = pvb_build_rings(builder, error);

	for (size_t i = 0; i < sizeof others / sizeof others[0] && rc == 0; i++) {
		const struct pvb_arm64_part page = {arm64->magic[others[i]], 1};

		rc = write_part(builder, &page, pvb_write_zero, error);
	}
	return rc;
}

int pvb_build_arm64_parameters(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_plan_arm64 *arm64 = builder->plan->arm64;
	const struct {
		enum pvb_host_parameter parameter;
		uint64_t value;
	} parameters[] = {
		{PVB_PARAMETER_CONSOLE_PAGE, arm64->magic[PVB_ARM64_MAGIC_CONSOLE]},
		{PVB_PARAMETER_CONSOLE_PORT, builder->console_port},
		{PVB_PARAMETER_STORE_PAGE, arm64->magic[PVB_ARM64_MAGIC_XENSTORE]},
		{PVB_PARAMETER_STORE_PORT, builder->store_port},
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof parameters / sizeof parameters[0] && rc == 0; i++)
		rc = pvb_host_set_parameter(builder->host, builder->domid, parameters[i].parameter,
					    parameters[i].value, error);
	return rc;
}

/* The boot protocol of Linux (Documentation/arch/arm64/booting.rst): x0 has the tree, x1 to x3 0.
 */
int pvb_build_arm64_vcpu(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_plan_registers *registers = &builder->plan->info.registers;
	const struct pvb_host_arm64_vcpu vcpu = {
		.pc = registers->pc,
		.x = {registers->x0},
		.cpsr = PVB_ABI_ARM64_PSR,
		.sctlr_el1 = PVB_ABI_ARM64_SCTLR,
		.online = true,
	};

	return pvb_host_set_arm64_vcpu(builder->host, builder->domid, 0, &vcpu, error);
}
