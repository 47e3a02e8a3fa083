/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "render.h"

#include <inttypes.h>
#include <stdio.h>

#include "names.h"
#include "size.h"
#include "table.h"

/* "-" for an address that there is none of. */
struct address_text {
	char text[24];
};

static struct address_text format_address(uint64_t address)
{
	struct address_text result = {"-"};

	if (address != PVB_NONE)
		(void)snprintf(result.text, sizeof result.text, "0x%" PRIx64, address);
	return result;
}

static void render_pv(const struct pvb_image_info *image, const struct pvb_plan_info *least)
{
	const struct pvb_image_pv *pv = &image->pv;

	if (!pv->supported) {
		render_fact("PV", "no: %s [%s]", pv->reason ? pv->reason : "it is no PV kernel",
			    pvb_code_name(pv->refusal));
		if (pv->hint)
			render_fact("", "%s", pv->hint);
		return;
	}
	render_fact("PV", "yes: %s%s", pvb_guest_type_name(pv->guest_type),
		    pv->is_linux ? ", Linux" : "");
	if (pv->guest_type == PVB_GUEST_ARM64) {
		if (least)
			render_fact("  least memory", "%s (%" PRIu64 " bytes)",
				    format_size(least->minimum_memory).text, least->minimum_memory);
		return;
	}
	render_fact("  kernel", "0x%" PRIx64 " - 0x%" PRIx64 ", %s", pv->kernel_start,
		    pv->kernel_end, format_size(pv->kernel_end - pv->kernel_start).text);
	render_fact("  entry", "0x%" PRIx64, pv->entry);
	render_fact("  virt base", "0x%" PRIx64, pv->virt_base);
	if (pv->paddr_offset)
		render_fact("  paddr offset", "0x%" PRIx64, pv->paddr_offset);
	render_fact("  hypercall page", "%s",
		    pv->hypercall_page == PVB_NONE ? "none asked for"
						   : format_address(pv->hypercall_page).text);
	render_fact("  p2m list", "%s",
		    pv->init_p2m == PVB_NONE ? "in the initial mapping"
					     : format_address(pv->init_p2m).text);
	render_fact("  ramdisk", "%s",
		    pv->mod_start_pfn ? "unmapped, by PFN" : "in the initial mapping");
	if (pv->bsd_symtab)
		render_fact("  symbols", "loaded behind the kernel");
	if (least) {
		render_fact("  least memory", "%s (%" PRIu64 " bytes)",
			    format_size(least->minimum_memory).text, least->minimum_memory);
		render_fact("  addresses", "below 2^%u (%s)", least->address_bits,
			    pvb_bits_source_name(least->address_bits_source));
	}
}

/* One line for each thing that is declared. */
static void render_declares(const struct pvb_image_declares *declares)
{
	const char *label = "declares";

	if (declares->address_bits) {
		render_fact(label, "machine addresses of %u bits (%s)", declares->address_bits,
			    pvb_bits_source_name(declares->address_bits_source));
		label = "";
	}
	if (declares->pte_bits) {
		render_fact(label,
			    "table entries: leaves alone 0x%" PRIx64 " of L1, 0x%" PRIx64
			    " above%s",
			    declares->pte_unused_l1, declares->pte_unused_upper,
			    declares->pte_keys ? "; wants protection keys" : "");
		label = "";
	}
	for (unsigned shift = 0; shift < 32; shift++)
		if (declares->granules & UINT32_C(1) << shift) {
			render_fact(label, "hypervisor's pages of %s",
				    format_size(UINT64_C(1) << shift).text);
			label = "";
		}
	if (declares->p2m_tree && declares->p2m_levels)
		render_fact(label, "wants a p2m tree of %" PRIu32 " level%s or more",
			    declares->p2m_levels, declares->p2m_levels == 1 ? "" : "s");
	else if (declares->p2m_tree)
		render_fact(label, "wants a p2m tree");
	else if (*label)
		render_fact(label, "nothing");
}

static void render_segments(const struct pvb_image_info *image)
{
	struct table *table = table_new("lrrrrl");

	table_cell(table, "segment");
	table_cell(table, "paddr");
	table_cell(table, "vaddr");
	table_cell(table, "in file");
	table_cell(table, "in memory");
	table_cell(table, "flags");
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct pvb_image_segment *segment = &image->segments[i];

		table_cell(table, "%zu", i);
		table_cell(table, "0x%" PRIx64, segment->paddr);
		table_cell(table, "0x%" PRIx64, segment->vaddr);
		table_cell(table, "%" PRIu64, segment->filesz);
		table_cell(table, "%" PRIu64, segment->memsz);
		table_cell(table, "%s", segment_flags(segment->flags).text);
	}
	(void)putchar('\n');
	table_print(table, "", stdout);
}

/* At most so many bytes of a value that is neither a number nor text. */
#define BYTES_SHOWN 20

static void note_value(struct table *table, const struct pvb_note *note)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * BYTES_SHOWN + 1];
	size_t shown = note->size < BYTES_SHOWN ? (size_t)note->size : BYTES_SHOWN;

	if (note->meaning) {
		table_cell(table, "%s", note->meaning);
		return;
	}
	if (note->kind == PVB_NOTE_KIND_NUMBER) {
		table_cell(table, "0x%" PRIx64, note->number);
		return;
	}
	if (note->kind == PVB_NOTE_KIND_STRING) {
		table_cell(table, "\"%s\"", note->string);
		return;
	}
	for (size_t i = 0; i < shown; i++) {
		text[2 * i] = digits[note->bytes[i] >> 4];
		text[2 * i + 1] = digits[note->bytes[i] & 15];
	}
	text[2 * shown] = '\0';
	if (shown < note->size)
		table_cell(table, "%s... (%" PRIu64 " bytes)", text, note->size);
	else
		table_cell(table, "%s", shown ? text : "(nothing)");
}

static void render_notes(const struct pvb_image_info *image)
{
	struct table *table = table_new("lrlll");

	(void)putchar('\n');
	table_flow(table, "", stdout);
	table_cell(table, "note");
	table_cell(table, "type");
	table_cell(table, "name");
	table_cell(table, "from");
	table_cell(table, "value");
	for (size_t i = 0; i < image->note_count; i++) {
		const struct pvb_note *note = &image->notes[i];

		table_cell(table, "%s", note->owner);
		if (note->type == UINT32_MAX)
			table_cell(table, "-");
		else
			table_cell(table, note->type > 0xffff ? "0x%" PRIx32 : "%" PRIu32,
				   note->type);
		table_cell(table, "%s", note->name ? note->name : "-");
		table_cell(table, "%s", note_origin_name(note->origin));
		note_value(table, note);
	}
	table_print(table, "", stdout);
}

static void render_arm64(const struct pvb_image_arm64 *arm64)
{
	render_fact("arm64", "%s-endian, %s pages, %s at offset 0x%" PRIx64,
		    arm64->big_endian ? "big" : "little",
		    arm64->page_size ? format_size(arm64->page_size).text : "unstated",
		    arm64->anywhere ? "anywhere" : "near the start of memory", arm64->text_offset);
	if (arm64->image_size)
		render_fact("", "takes %s in memory", format_size(arm64->image_size).text);
	if (arm64->reserved_flags)
		render_fact("", "flags 0x%" PRIx64 " have no meaning yet, and are ignored",
			    arm64->reserved_flags);
}

void render_image(const struct pvb_image_info *image, const struct pvb_plan_info *least)
{
	render_fact("file", "%s, %s", image->file, format_size(image->file_size).text);
	if (image->codec == PVB_CODEC_NONE)
		render_fact("container", "%s", pvb_container_name(image->container));
	else
		render_fact("container", "%s, %s to %s", pvb_container_name(image->container),
			    pvb_codec_name(image->codec), format_size(image->unpacked_size).text);
	if (image->kernel_version)
		render_fact("version", "%s", image->kernel_version);
	if (image->elf_bits)
		render_fact("ELF", "%u-bit %s", image->elf_bits, machine_name(image->elf_machine));
	if (image->overwritten)
		render_fact("", "segments overlap: %s of them are loaded over by later ones",
			    format_size(image->overwritten).text);
	if (image->container == PVB_CONTAINER_ARM64_IMAGE)
		render_arm64(&image->arm64);
	render_pv(image, least);
	if (image->pvh_entry == PVB_NONE)
		render_fact("PVH", "no");
	else
		render_fact("PVH", "yes, entry 0x%" PRIx64, image->pvh_entry);
	render_declares(&image->declares);
	if (image->segment_count)
		render_segments(image);
	if (image->note_count)
		render_notes(image);
}
