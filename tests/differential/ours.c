/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A kernel's file, read by libpvbuild. */
#include "differential/facts.h"

#include <elf.h>
#include <stdio.h>

#include <pvbuild/image.h>

static void take(const struct pvb_image_info *info, struct facts *facts)
{
	const struct pvb_image_pv *pv = &info->pv;

	facts->accepted = pv->supported;
	facts->code = pv->refusal;
	(void)snprintf(facts->why, sizeof facts->why, "%.255s", pv->reason ? pv->reason : "");
	(void)snprintf(facts->guest_type, sizeof facts->guest_type, "%s",
		       pvb_guest_type_name(pv->guest_type));
	facts->elf = info->elf_bits != 0;
	facts->start = pv->kernel_start;
	facts->end = pv->kernel_end;
	facts->entry = pv->entry;
	facts->virt_base = pv->virt_base;
	facts->paddr_offset = pv->paddr_offset;
	facts->hypercall_page = pv->hypercall_page;
	facts->init_p2m = pv->init_p2m;
	facts->hv_start_low = pv->hv_start_low;
	facts->pvh_entry = info->pvh_entry;
	facts->features_required = pv->features_required;
	facts->features_supported = pv->features_supported;
	facts->pae = pv->pae;
	facts->mod_start_pfn = pv->mod_start_pfn;
	facts->symtab = pv->bsd_symtab;
	facts->overlap = info->overwritten != 0;
}

void facts_ours(const void *bytes, size_t size, struct facts *facts)
{
	struct pvb_image *image;
	struct pvb_error error = {0};

	*facts = (struct facts){0};
	if (pvb_image_open_memory(bytes, size, "mutant", NULL, &image, &error)) {
		facts->code = error.code;
		(void)snprintf(facts->why, sizeof facts->why, "%.255s", error.message);
		return;
	}
	take(pvb_image_info(image), facts);
	pvb_image_free(image);
}
