/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/request.h"

#include <inttypes.h>
#include <string.h>

#include "core/checked.h"
#include "core/error.h"
#include "plan/mapping.h"

#define STAGE "plan"

/* Without a host to say otherwise. */
#define DEFAULT_PAGE_SHIFT 12

static int check_image(const struct pvb_image_info *image, struct pvb_error *error)
{
	const struct pvb_image_pv *pv = &image->pv;

	if (!pv->supported) {
		int rc = pvb_fail(error, (enum pvb_code)pv->refusal, STAGE, "%s",
				  pv->reason ? pv->reason : pvb_code_meaning(pv->refusal));

		if (pv->hint)
			pvb_hint(error, "%s", pv->hint);
		return rc;
	}
	if (pv->guest_type != PVB_GUEST_X86_64 && pv->guest_type != PVB_GUEST_X86_32P)
		return pvb_fail(error, PVB_E_PV_MACHINE, STAGE,
				"no layout is known for guests of type %s",
				pvb_guest_type_name(pv->guest_type));
	/* x86 has one size of page, whatever the host says of itself. */
	if (image->declares.granules && !(image->declares.granules >> DEFAULT_PAGE_SHIFT & 1)) {
		int rc =
			pvb_fail(error, PVB_E_PLAN_GRANULE, STAGE,
				 "the kernel declares that it does not cope with pages of 4 KiB at "
				 "the interface to the hypervisor, and on x86 there are no others");

		pvb_hint(error, "its note GRANULES is a sum of sizes: it has to have 0x1000");
		return rc;
	}
	return 0;
}

/* The kernel's own addresses, and those of its pieces, agree with each other. */
static int check_kernel(const struct pvb_image_info *image, uint64_t page_size,
			struct pvb_error *error)
{
	const struct pvb_image_pv *pv = &image->pv;

	if (!pvb_is_aligned(pv->virt_base, page_size))
		return pvb_fail(error, PVB_E_PV_ADDRESSES, STAGE,
				"VIRT_BASE 0x%" PRIx64 " is not page aligned", pv->virt_base);
	if (pv->kernel_start < pv->virt_base || pv->kernel_end <= pv->kernel_start)
		return pvb_fail(error, PVB_E_PV_ADDRESSES, STAGE,
				"a kernel from 0x%" PRIx64 " to 0x%" PRIx64
				" above a VIRT_BASE of 0x%" PRIx64 " cannot be",
				pv->kernel_start, pv->kernel_end, pv->virt_base);
	if (pv->entry < pv->kernel_start || pv->entry >= pv->kernel_end)
		return pvb_fail(error, PVB_E_PV_ADDRESSES, STAGE,
				"the entry 0x%" PRIx64 " lies outside the kernel, 0x%" PRIx64
				" to 0x%" PRIx64,
				pv->entry, pv->kernel_start, pv->kernel_end);

	for (size_t i = 0; i < image->piece_count; i++) {
		const struct pvb_image_piece *piece = &image->pieces[i];
		uint64_t end;

		if (piece->size > piece->memory_size || piece->va < pv->kernel_start ||
		    !pvb_add(piece->va, piece->memory_size, &end) || end > pv->kernel_end)
			return pvb_fail(
				error, PVB_E_PV_ADDRESSES, STAGE,
				"piece %zu of the image (0x%" PRIx64 ", %" PRIu64
				" bytes) lies outside the kernel, 0x%" PRIx64 " to 0x%" PRIx64,
				i, piece->va, piece->memory_size, pv->kernel_start, pv->kernel_end);
	}

	if (pv->hypercall_page != PVB_NONE &&
	    (!pvb_is_aligned(pv->hypercall_page, page_size) || pv->hypercall_page < pv->virt_base ||
	     pv->hypercall_page >= pv->kernel_end)) {
		int rc = pvb_fail(error, PVB_E_PLAN_HYPERCALL_PAGE, STAGE,
				  "the hypercall page 0x%" PRIx64
				  " is no page of the kernel, whose memory is 0x%" PRIx64
				  " to 0x%" PRIx64,
				  pv->hypercall_page, pv->virt_base, pv->kernel_end);

		pvb_hint(error, "the hypervisor writes it, and nothing else may lie there");
		return rc;
	}
	return 0;
}

int pvb_check_modules(const struct pvb_image_info *image, const struct pvb_spec *spec,
		      struct pvb_error *error)
{
	const struct pvb_plan_module *module = spec->modules;

	if (!spec->module_count)
		return 0;
	if (spec->module_count > 1 || !module) {
		int rc = pvb_fail(error, PVB_E_ARG_MODULES, STAGE,
				  "%zu modules: a PV guest is given one, its ramdisk",
				  spec->module_count);

		pvb_hint(error,
			 "concatenate the ramdisks: Linux takes several cpio archives in one");
		return rc;
	}
	if (!module->bytes)
		return pvb_fail(error, PVB_E_ARG_MODULES, STAGE, "the module %s is empty",
				module->name ? module->name : "module0");
	if (image->pv.guest_type == PVB_GUEST_X86_32P && module->bytes > UINT32_MAX)
		return pvb_fail(error, PVB_E_ARG_MODULES, STAGE,
				"the module %s has %" PRIu64
				" bytes, more than a 32-bit guest can count",
				module->name ? module->name : "module0", module->bytes);
	return 0;
}

int pvb_resolve_vcpus(const struct pvb_spec *spec, const char *guest, uint32_t most,
		      struct pvb_plan_vcpus *vcpus, struct pvb_error *error)
{
	vcpus->online = spec->vcpus ? spec->vcpus : 1;
	vcpus->max = spec->max_vcpus ? spec->max_vcpus : vcpus->online;
	if (vcpus->max < vcpus->online) {
		int rc = pvb_fail(error, PVB_E_ARG_VCPUS, STAGE,
				  "%" PRIu32 " vCPUs are to be online, but the domain is to have "
				  "%" PRIu32,
				  vcpus->online, vcpus->max);

		pvb_hint(error, "raise pvb_spec.max_vcpus, or lower pvb_spec.vcpus");
		return rc;
	}
	if (vcpus->max > most)
		return pvb_fail(error, PVB_E_ARG_VCPUS, STAGE,
				"%" PRIu32 " vCPUs: %s can have at most %" PRIu32, vcpus->max,
				guest, most);
	return 0;
}

static int check_arguments(const struct pvb_image_info *image, struct pvb_plan_request *request,
			   struct pvb_error *error)
{
	const struct pvb_spec *spec = &request->spec;
	size_t length;
	int rc;

	rc = pvb_resolve_vcpus(spec, "a PV guest", PVB_MAX_VCPUS, &request->vcpus, error);
	if (rc)
		return rc;
	request->command_line = spec->command_line ? spec->command_line : "";
	length = strlen(request->command_line);
	if (length > PVB_MAX_COMMAND_LINE) {
		rc = pvb_fail(error, PVB_E_ARG_COMMAND_LINE, STAGE,
			      "the command line has %zu bytes, and start_info has room for %d",
			      length, PVB_MAX_COMMAND_LINE);
		pvb_hint(error, "shorten it by %zu bytes: a command line cut short is another one",
			 length - PVB_MAX_COMMAND_LINE);
		return rc;
	}

	if (spec->guest_page_size)
		return pvb_fail(
			error, PVB_E_ARG_INVALID, STAGE,
			"the page size of a %s guest's kernel is no question: only an arm64 "
			"kernel can have others",
			pvb_guest_type_name(image->pv.guest_type));
	rc = pvb_check_modules(image, spec, error);
	if (rc)
		return rc;
	request->has_module = spec->module_count > 0;
	request->module_bytes = request->has_module ? spec->modules[0].bytes : 0;
	request->module_name = request->has_module ? spec->modules[0].name : NULL;
	return 0;
}

/* Everything that can be refused without a layout; ignores the memory asked for. */
int pvb_make_plan_request(const struct pvb_image_info *image, const struct pvb_spec *spec,
			  const struct pvb_host_info *host, struct pvb_plan_request *request,
			  struct pvb_error *error)
{
	const struct pvb_image_pv *pv = &image->pv;
	unsigned page_shift = host ? host->page_shift : DEFAULT_PAGE_SHIFT;
	bool wide = pv->guest_type == PVB_GUEST_X86_64;
	uint64_t page_size, kernel_start;
	struct pvb_p2m_wanted p2m;
	int rc;

	*request = (struct pvb_plan_request){0};
	rc = pvb_options(&request->spec, sizeof request->spec, spec, STAGE, error);
	if (!rc)
		rc = check_image(image, error);
	if (!rc)
		rc = pvb_check_guest_type(pv->guest_type, host, error);
	if (!rc)
		rc = check_arguments(image, request, error);
	if (!rc)
		rc = pvb_resolve_address_bits(image, request->spec.max_address_bits, host,
					      &request->width, error);
	if (!rc) {
		const struct pvb_pte_guest guest = pvb_pte_guest_of(image);

		rc = pvb_pte_bits_resolve(&guest, host, STAGE, &request->pte_bits, error);
	}
	if (!rc)
		rc = pvb_resolve_p2m(&image->declares, &request->spec, &p2m, error);
	if (rc)
		return rc;
	page_size = UINT64_C(1) << page_shift;
	rc = check_kernel(image, page_size, error);
	if (rc)
		return rc;

	kernel_start = pvb_round_down(pv->kernel_start, page_size);
	request->input = (struct pvb_layout_input){
		.levels = wide ? PVB_LEVELS_X86_64 : PVB_LEVELS_PAE,
		.page_shift = page_shift,
		.p2m_entry_size = wide ? 8 : 4,
		.is_linux = pv->is_linux,
		.strict_p2m = request->spec.strict_p2m,
		.module_unmapped = request->has_module && pv->mod_start_pfn,
		.virt_base = pv->virt_base,
		.kernel_first = (kernel_start - pv->virt_base) / page_size,
		.kernel_pages = pvb_div_round_up(pv->kernel_end - kernel_start, page_size),
		.module_pages = pvb_div_round_up(request->module_bytes, page_size),
		.init_p2m = pv->init_p2m,
		.hv_start_low = pv->hv_start_low,
		.p2m = p2m,
	};
	return 0;
}
