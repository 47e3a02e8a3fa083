/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/arm64.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <pvbuild/guest-abi.h>

#include "core/checked.h"
#include "core/cleanup.h"
#include "core/error.h"
#include "plan/areas.h"
#include "plan/arm64-matrix.h"
#include "plan/arm64-tree.h"
#include "plan/layout.h"
#include "plan/limits.h"
#include "plan/p2m-form.h"
#include "plan/ranges.h"
#include "plan/request.h"

#define STAGE "plan"

/*
 * Without a host to say otherwise: pages, the Xen that a device tree must name, the interrupt
 * controller.
 */
#define DEFAULT_PAGE_SHIFT 12
#define DEFAULT_XEN_MAJOR 4
#define DEFAULT_XEN_MINOR 17
#define DEFAULT_GIC 3

/* What Linux keeps of its command line (COMMAND_LINE_SIZE), less the NUL. */
#define MAX_COMMAND_LINE 2047

/* Physical addresses that Xen's second stage of translation can hold (PADDR_BITS). */
#define ABI_BITS 48

#define MEMORY_MAX (PVB_ARM64_RAM0_SIZE + PVB_ARM64_RAM1_SIZE)

/* The interrupt controller's two, the grant table, the magic pages, the banks. */
#define AREAS_MAX (2 + 1 + PVB_ARM64_MAGIC_PAGES + PVB_ARM64_BANKS)

/* Kernel, device tree, ramdisk, magic pages. */
#define SEGMENTS_MAX (3 + PVB_ARM64_MAGIC_PAGES)

/* What a plan is asked for, once what needs no layout to be refused has been. */
struct request {
	struct pvb_spec spec;
	struct pvb_address_bits width;
	struct pvb_arm64_placement_input input;
	struct pvb_arm64_tree_facts tree;
	struct pvb_plan_vcpus vcpus;
	unsigned page_shift;
	uint32_t kernel_page; /* bytes, 0 where nobody says */
	const char *module_name;
};

/* A plan with all that its public numbers point to; the tree and two strings are the tail. */
struct storage {
	struct pvb_plan plan; /* first: pvb_plan_free() is given its address */
	struct pvb_plan_arm64 arm64;
	struct pvb_plan_segment segments[SEGMENTS_MAX];
	struct pvb_plan_area areas[AREAS_MAX];
	struct pvb_memory_range ranges[PVB_ARM64_BANKS];
	uint64_t tail[];
};

/* ---- what can be refused without a layout ---- */

static int check_arguments(const struct pvb_host_info *host, struct request *request,
			   struct pvb_error *error)
{
	struct pvb_spec *spec = &request->spec;
	int rc;

	request->tree.gic = host && host->gic_version ? host->gic_version : DEFAULT_GIC;
	if (request->tree.gic != 2 && request->tree.gic != 3)
		return pvb_fail(error, PVB_E_HOST_GUEST_TYPE, STAGE,
				"the host gives its guests an interrupt controller of version "
				"%" PRIu32 ": GICv2 and GICv3 are all that is known here",
				request->tree.gic);
	if (request->tree.gic == 2)
		rc = pvb_resolve_vcpus(spec, "an arm64 guest with a GICv2", PVB_ARM64_GICV2_VCPUS,
				       &request->vcpus, error);
	else
		rc = pvb_resolve_vcpus(spec, "an arm64 guest with a GICv3", PVB_ARM64_GICV3_VCPUS,
				       &request->vcpus, error);
	if (rc)
		return rc;
	request->tree.vcpus = request->vcpus.max;
	request->tree.command_line = spec->command_line ? spec->command_line : "";
	size_t length = strlen(request->tree.command_line);
	if (length > MAX_COMMAND_LINE) {
		rc = pvb_fail(error, PVB_E_ARG_COMMAND_LINE, STAGE,
			      "the command line has %zu bytes, and Linux keeps %d", length,
			      MAX_COMMAND_LINE);

		pvb_hint(error, "shorten it by %zu bytes: a command line cut short is another one",
			 length - MAX_COMMAND_LINE);
		return rc;
	}
	return 0;
}

static int check_page_sizes(const struct pvb_image_info *image, const struct pvb_host_info *host,
			    struct request *request, struct pvb_error *error)
{
	uint32_t stated = image->arm64.page_size, said = request->spec.guest_page_size;

	if (said != 0 && said != 4096 && said != 16384 && said != 65536)
		return pvb_fail(error, PVB_E_ARG_INVALID, STAGE,
				"a kernel with pages of %" PRIu32
				" bytes: arm64 has pages of 4096, 16384 and 65536",
				said);
	if (said && stated && said != stated) {
		int rc = pvb_fail(error, PVB_E_ARG_INVALID, STAGE,
				  "the kernel is said to have pages of %" PRIu32
				  " bytes, and its own header says %" PRIu32,
				  said, stated);

		pvb_hint(error,
			 "leave pvb_spec.guest_page_size out: it is for kernels whose header "
			 "does not say");
		return rc;
	}
	request->kernel_page = stated ? stated : said;

	const struct pvb_granules granules = {
		.host_shift = request->page_shift,
		.kernel_shift =
			request->kernel_page ? (unsigned)__builtin_ctz(request->kernel_page) : 0,
		.declared = image->declares.granules,
		.processor = host ? host->guest_page_sizes : 0,
	};
	return pvb_granules_check(&granules, error);
}

/* The least of these; a guest that is translated never sees a machine address itself. */
static int resolve_width(const struct pvb_host_info *host, struct request *request,
			 struct pvb_error *error)
{
	unsigned admin = request->spec.max_address_bits, host_bits = host ? host->address_bits : 0;
	struct pvb_address_bits *width = &request->width;

	if (pvb_check_admin_bits(admin, error))
		return -PVB_E_ARG_ADDRESS_BITS;
	*width = (struct pvb_address_bits){.bits = ABI_BITS, .source = PVB_BITS_ABI};
	if (admin && admin <= width->bits)
		*width = (struct pvb_address_bits){.bits = admin, .source = PVB_BITS_ADMIN};
	width->own = width->bits;
	width->own_source = width->source;
	if (host_bits && host_bits < width->bits) {
		width->bits = host_bits;
		width->source = PVB_BITS_HOST;
	}
	width->binding = !host_bits || width->bits < host_bits;
	return 0;
}

static int check_kernel(const struct pvb_image_info *image, struct request *request,
			struct pvb_error *error)
{
	const struct pvb_image_pv *pv = &image->pv;
	const struct pvb_image_piece *piece = image->pieces;
	uint64_t bytes = pv->kernel_end - pv->kernel_start;

	if (image->piece_count != 1 || pv->kernel_end <= pv->kernel_start ||
	    pv->entry != pv->kernel_start || piece->va != pv->kernel_start || piece->offset ||
	    piece->memory_size != bytes || piece->size > bytes)
		return pvb_fail(error, PVB_E_PV_ADDRESSES, STAGE,
				"an arm64 Image is one piece that is entered at its start");
	if (bytes > PVB_ARM64_RAM0_SIZE)
		return pvb_fail(error, PVB_E_PLAN_ADDRESS_SPACE, STAGE,
				"the kernel takes %" PRIu64
				" bytes of memory, and the first bank of a guest's has %" PRIu64,
				bytes, PVB_ARM64_RAM0_SIZE);
	request->input = (struct pvb_arm64_placement_input){
		.page = UINT64_C(1) << request->page_shift,
		.text_offset = pv->kernel_start,
		.kernel_bytes = bytes,
		.kernel_end_known = image->arm64.image_size != 0,
	};
	return 0;
}

static int check_module(const struct pvb_image_info *image, struct request *request,
			struct pvb_error *error)
{
	int rc = pvb_check_modules(image, &request->spec, error);

	if (rc || !request->spec.module_count)
		return rc;
	request->tree.has_module = true;
	request->module_name = request->spec.modules[0].name;
	request->input.module_bytes = request->spec.modules[0].bytes;
	if (request->input.module_bytes > PVB_ARM64_RAM1_SIZE)
		return pvb_fail(error, PVB_E_ARG_MODULES, STAGE,
				"the ramdisk has %" PRIu64
				" bytes, more than any bank of a guest's memory",
				request->input.module_bytes);
	return 0;
}

/* Trees with one bank and with two: how long they are does not depend on what they say of them. */
static int measure_trees(struct request *request, struct pvb_error *error)
{
	static const struct pvb_plan_area banks[PVB_ARM64_BANKS] = {
		{.gpa = PVB_ARM64_RAM0},
		{.gpa = PVB_ARM64_RAM1},
	};

	for (size_t i = 0; i < PVB_ARM64_BANKS; i++) {
		struct pvb_arm64_tree_facts facts = request->tree;
		PVB_AUTO_FREE void *tree = NULL;
		size_t size;

		facts.banks = banks;
		facts.bank_count = i + 1;
		int rc = pvb_arm64_tree_make(&facts, &tree, &size, error);
		if (rc)
			return rc;
		request->input.tree_bytes[i] = size;
	}
	return 0;
}

static int make_request(const struct pvb_image_info *image, const struct pvb_spec *spec,
			const struct pvb_host_info *host, struct request *request,
			struct pvb_error *error)
{
	int rc;

	*request = (struct request){.page_shift = host ? host->page_shift : DEFAULT_PAGE_SHIFT};
	request->tree.page_shift = request->page_shift;
	request->tree.publish = image->declares.guest_abi;
	request->tree.xen_major = host ? host->xen_major : DEFAULT_XEN_MAJOR;
	request->tree.xen_minor = host ? host->xen_minor : DEFAULT_XEN_MINOR;
	rc = pvb_options(&request->spec, sizeof request->spec, spec, STAGE, error);
	if (!rc)
		rc = pvb_check_guest_type(PVB_GUEST_ARM64, host, error);
	if (!rc)
		rc = pvb_check_no_p2m(&request->spec, PVB_GUEST_ARM64, error);
	if (!rc)
		rc = pvb_refuse_ranges(&request->spec, PVB_GUEST_ARM64, error);
	if (!rc)
		rc = check_arguments(host, request, error);
	if (!rc)
		rc = check_page_sizes(image, host, request, error);
	if (!rc)
		rc = resolve_width(host, request, error);
	if (!rc)
		rc = check_kernel(image, request, error);
	if (!rc)
		rc = check_module(image, request, error);
	return rc ? rc : measure_trees(request, error);
}

/* ---- memory ---- */

static int least_memory(const struct request *request, uint64_t *bytes, struct pvb_error *error)
{
	*bytes = pvb_arm64_least(&request->input);
	if (*bytes)
		return 0;
	int rc = pvb_fail(error, PVB_E_ARG_MODULES, STAGE,
			  "the ramdisk of %" PRIu64 " bytes cannot lie within 32 GiB of the kernel",
			  request->input.module_bytes);
	pvb_hint(error, "Linux looks for it there only: take a smaller one");
	return rc;
}

static int check_memory(const struct request *request, uint64_t least, struct pvb_error *error)
{
	uint64_t memory = request->spec.memory, page = request->input.page;
	int rc = 0;

	if (!pvb_is_aligned(memory, page)) {
		rc = pvb_fail(error, PVB_E_ARG_INVALID, STAGE,
			      "%" PRIu64
			      " bytes of memory is no multiple of the page size, %" PRIu64,
			      memory, page);
		pvb_hint(error, "give it %" PRIu64 " bytes",
			 pvb_max(pvb_round_down(memory, page), least));
	} else if (memory > MEMORY_MAX) {
		rc = pvb_fail(error, PVB_E_ARG_MEMORY_LARGE, STAGE,
			      "%" PRIu64 " bytes of memory: an arm64 guest has room for %" PRIu64,
			      memory, MEMORY_MAX);
		pvb_hint(error, "give it at most 1019 GiB");
	} else if (memory >> pvb_min(request->width.bits, 63) &&
		   request->width.source == PVB_BITS_ADMIN) {
		rc = pvb_fail(error, PVB_E_ARG_MEMORY_LARGE, STAGE,
			      "%" PRIu64
			      " bytes of memory cannot lie below machine address 2^%u, the limit "
			      "that was set",
			      memory, request->width.bits);
		pvb_hint(error, "raise pvb_spec.max_address_bits, or give the guest less memory");
	} else if (memory < least) {
		rc = pvb_fail(error, PVB_E_ARG_MEMORY_SMALL, STAGE,
			      "the guest is to have %" PRIu64
			      " bytes of memory, and kernel, device tree and ramdisk take "
			      "%" PRIu64,
			      memory, least);
		pvb_hint(error, "give it at least %" PRIu64 " bytes (%" PRIu64 " MiB)", least,
			 pvb_div_round_up(least, UINT64_C(1) << 20));
	}
	return rc;
}

/* ---- the plan ---- */

static void add_area(struct storage *storage, enum pvb_area_kind kind, const char *name,
		     uint64_t gpa, uint64_t bytes)
{
	storage->areas[storage->plan.info.area_count++] = (struct pvb_plan_area){
		.kind = kind,
		.name = name,
		.gpa = gpa,
		.bytes = bytes,
	};
}

static void add_segment(struct storage *storage, enum pvb_segment_kind kind, uint64_t gpa,
			uint64_t bytes, uint64_t occupied)
{
	storage->segments[storage->plan.info.segment_count++] = (struct pvb_plan_segment){
		.kind = kind,
		.name = pvb_segment_name(kind),
		.gpa = gpa,
		.bytes = bytes,
		.occupied = occupied,
		.va = PVB_NONE,
	};
}

static int by_address(const void *a, const void *b)
{
	const struct pvb_plan_segment *x = a, *y = b;

	return (x->gpa > y->gpa) - (x->gpa < y->gpa);
}

static int fill_areas(struct storage *storage, const struct request *request,
		      struct pvb_error *error)
{
	static const char *const bank_names[PVB_ARM64_BANKS] = {"ram0", "ram1"};
	static const enum pvb_segment_kind magic_kinds[PVB_ARM64_MAGIC_PAGES] = {
		[PVB_ARM64_MAGIC_CONSOLE] = PVB_SEGMENT_CONSOLE,
		[PVB_ARM64_MAGIC_XENSTORE] = PVB_SEGMENT_XENSTORE,
		[PVB_ARM64_MAGIC_MEMACCESS] = PVB_SEGMENT_MEMACCESS,
		[PVB_ARM64_MAGIC_VUART] = PVB_SEGMENT_VUART,
	};
	struct pvb_plan_arm64 *arm64 = &storage->arm64;
	uint64_t page = request->input.page;

	if (request->tree.gic == 2) {
		add_area(storage, PVB_AREA_TRAPPED, "gicd", PVB_ARM64_GICD,
			 PVB_ARM64_GICV2_GICD_SIZE);
		add_area(storage, PVB_AREA_DEVICE, "gicc", PVB_ARM64_GICV2_GICC,
			 PVB_ARM64_GICV2_GICC_SIZE);
	} else {
		add_area(storage, PVB_AREA_TRAPPED, "gicd", PVB_ARM64_GICD,
			 PVB_ARM64_GICV3_GICD_SIZE);
		add_area(storage, PVB_AREA_TRAPPED, "gicr", PVB_ARM64_GICV3_GICR,
			 PVB_ARM64_GICV3_GICR_SIZE);
	}
	add_area(storage, PVB_AREA_HOLE, "grants", PVB_ARM64_GRANTS, PVB_ARM64_GRANTS_SIZE);
	for (unsigned i = 0; i < PVB_ARM64_MAGIC_PAGES; i++) {
		arm64->magic[i] = PVB_ARM64_MAGIC + i * page;
		add_area(storage, PVB_AREA_SHARED, pvb_segment_name(magic_kinds[i]),
			 arm64->magic[i], page);
		add_segment(storage, magic_kinds[i], arm64->magic[i], page, page);
	}
	for (size_t i = 0; i < arm64->bank_count; i++)
		add_area(storage, PVB_AREA_RAM, bank_names[i], arm64->banks[i].gpa,
			 arm64->banks[i].bytes);
	return pvb_areas_check(storage->areas, storage->plan.info.area_count, request->page_shift,
			       error);
}

static void fill_banks(struct pvb_plan_arm64 *arm64, uint64_t memory)
{
	uint64_t first = pvb_min(memory, PVB_ARM64_RAM0_SIZE);

	arm64->banks[0] = (struct pvb_arm64_part){.gpa = PVB_ARM64_RAM0, .bytes = first};
	arm64->banks[1] = (struct pvb_arm64_part){.gpa = PVB_ARM64_RAM1, .bytes = memory - first};
	arm64->bank_count = memory > first ? 2 : 1;
}

static void fill_parts(struct storage *storage, const struct pvb_image_info *image,
		       const struct request *request, const struct pvb_arm64_placement *placement)
{
	struct pvb_plan_arm64 *arm64 = &storage->arm64;
	uint64_t page = request->input.page, module = request->input.module_bytes;
	uint64_t tree = request->input.tree_bytes[arm64->bank_count - 1];

	arm64->kernel = (struct pvb_arm64_part){placement->kernel, request->input.kernel_bytes};
	arm64->kernel_file_bytes = image->pieces[0].size;
	arm64->tree = (struct pvb_arm64_part){placement->tree, tree};
	add_segment(storage, PVB_SEGMENT_KERNEL, placement->kernel, arm64->kernel.bytes,
		    placement->kernel_end - placement->kernel);
	add_segment(storage, PVB_SEGMENT_DEVICE_TREE, placement->tree, tree,
		    pvb_div_round_up(tree, page) * page);
	if (module) {
		arm64->module = (struct pvb_arm64_part){placement->module, module};
		add_segment(storage, PVB_SEGMENT_MODULE, placement->module, module,
			    pvb_div_round_up(module, page) * page);
	}
	qsort(storage->segments, storage->plan.info.segment_count, sizeof storage->segments[0],
	      by_address);
}

/* The tree with what is known now, in the first of the storage's tail. */
static int fill_tree(struct storage *storage, const struct request *request,
		     struct pvb_error *error)
{
	struct pvb_plan_arm64 *arm64 = &storage->arm64;
	struct pvb_arm64_tree_facts facts = request->tree;
	struct pvb_plan_area banks[PVB_ARM64_BANKS];
	PVB_AUTO_FREE void *tree = NULL;
	size_t size;

	for (size_t i = 0; i < arm64->bank_count; i++)
		banks[i] = (struct pvb_plan_area){.gpa = arm64->banks[i].gpa,
						  .bytes = arm64->banks[i].bytes};
	facts.banks = banks;
	facts.bank_count = arm64->bank_count;
	facts.module_from = arm64->module.gpa;
	facts.module_to = arm64->module.gpa + arm64->module.bytes;
	int rc = pvb_arm64_tree_make(&facts, &tree, &size, error);
	if (rc)
		return rc;
	if (size != arm64->tree.bytes)
		return pvb_fail(error, PVB_E_BUG, STAGE,
				"a device tree has %zu bytes that was to have %" PRIu64, size,
				arm64->tree.bytes);
	memcpy(storage->tail, tree, size);
	arm64->tree_bytes = (const uint8_t *)storage->tail;
	return 0;
}

static struct pvb_plan_region region_of(const struct pvb_plan *plan,
					const struct pvb_arm64_part *part)
{
	return (struct pvb_plan_region){
		.first = PVB_PFN(part->gpa >> plan->page_shift),
		.count = pvb_div_round_up(part->bytes, UINT64_C(1) << plan->page_shift),
		.bytes = part->bytes,
		.va = PVB_VA(PVB_NONE),
	};
}

static void fill_info(struct storage *storage, const struct pvb_image_info *image,
		      const struct request *request, uint64_t least)
{
	struct pvb_plan *plan = &storage->plan;
	const struct pvb_plan_arm64 *arm64 = &storage->arm64;
	struct pvb_plan_info *info = &plan->info;
	char *text = (char *)storage->tail + arm64->tree.bytes;
	size_t length = strlen(request->tree.command_line) + 1;

	memcpy(text, request->tree.command_line, length);
	info->command_line = text;
	if (request->module_name) {
		text += length;
		memcpy(text, request->module_name, strlen(request->module_name) + 1);
		plan->module_name = text;
	}
	plan->guest_type = info->guest_type = PVB_GUEST_ARM64;
	plan->guest_bits = 64;
	plan->page_shift = request->page_shift;
	plan->pages = request->spec.memory >> request->page_shift;
	plan->has_module = arm64->module.bytes != 0;
	plan->module = region_of(plan, &arm64->module);
	plan->console =
		region_of(plan, &(struct pvb_arm64_part){arm64->magic[PVB_ARM64_MAGIC_CONSOLE],
							 request->input.page});
	plan->xenstore =
		region_of(plan, &(struct pvb_arm64_part){arm64->magic[PVB_ARM64_MAGIC_XENSTORE],
							 request->input.page});
	plan->image_unpacked_size = image->unpacked_size;
	plan->arm64 = arm64;

	info->memory = request->spec.memory;
	info->minimum_memory = least;
	info->page_size = UINT32_C(1) << request->page_shift;
	info->vcpus = request->vcpus.online;
	info->max_vcpus = request->vcpus.max;
	info->virt_base = info->p2m_va = info->p2m_gpa = info->hypercall_page = PVB_NONE;
	info->p2m_root_gpa = PVB_NONE;
	info->map_from = info->map_to = PVB_NONE;
	info->segments = storage->segments;
	info->registers = (struct pvb_plan_registers){
		.pc = arm64->kernel.gpa,
		.x0 = arm64->tree.gpa,
	};
	pvb_tell_declared(info, image, &request->width);
	/* Its page tables are its own. */
	info->pte_bits.kernel_bit = info->pte_bits.grant_bit = PVB_GUEST_PTE_NO_BIT;
	info->areas = storage->areas;
	info->ranges = storage->ranges;
	info->range_count = arm64->bank_count;
	for (size_t i = 0; i < arm64->bank_count; i++)
		storage->ranges[i] = (struct pvb_memory_range){.gpa = arm64->banks[i].gpa,
							       .bytes = arm64->banks[i].bytes,
							       .node = PVB_ANY_NODE};
	info->guest_page_size = request->kernel_page;
	info->gic = request->tree.gic;
	info->device_tree = arm64->tree_bytes;
	info->device_tree_size = arm64->tree.bytes;
}

int pvb_plan_arm64(const struct pvb_image_info *image, const struct pvb_spec *spec,
		   const struct pvb_host_info *host, struct pvb_plan **plan,
		   struct pvb_error *error)
{
	struct pvb_arm64_placement placement;
	struct request request;
	uint64_t least;
	int rc = make_request(image, spec, host, &request, error);

	*plan = NULL;
	if (!rc)
		rc = least_memory(&request, &least, error);
	if (!rc)
		rc = check_memory(&request, least, error);
	if (rc)
		return rc;
	if (!pvb_arm64_place(&request.input, request.spec.memory, &placement))
		return pvb_fail(error, PVB_E_BUG, STAGE,
				"%" PRIu64 " bytes of memory are enough, but nothing fits there",
				request.spec.memory);

	size_t tail = pvb_max(request.input.tree_bytes[0], request.input.tree_bytes[1]) +
		      strlen(request.tree.command_line) + 1 +
		      (request.module_name ? strlen(request.module_name) + 1 : 0);
	PVB_AUTO_FREE struct storage *storage = calloc(1, sizeof *storage + tail);
	if (!storage)
		return pvb_fail_memory(error, STAGE, "the plan");
	fill_banks(&storage->arm64, request.spec.memory);
	rc = fill_areas(storage, &request, error);
	if (rc)
		return rc;
	fill_parts(storage, image, &request, &placement);
	rc = fill_tree(storage, &request, error);
	if (rc)
		return rc;
	fill_info(storage, image, &request, least);
	*plan = &PVB_STEAL(storage)->plan;
	return 0;
}

int pvb_plan_arm64_minimum(const struct pvb_image_info *image, const struct pvb_spec *spec,
			   const struct pvb_host_info *host, uint64_t *bytes,
			   struct pvb_error *error)
{
	struct request request;
	int rc = make_request(image, spec, host, &request, error);

	return rc ? rc : least_memory(&request, bytes, error);
}
