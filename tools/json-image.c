/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* {"type": "pvbuild.image"} */
#include "json-build.h"

#include "names.h"

static struct json_object *elf_object(const struct pvb_image_info *image)
{
	struct json_object *elf = json_map();

	if (image->elf_bits)
		json_add_number(elf, "class", image->elf_bits);
	else
		json_add_null(elf, "class");
	json_add_text(elf, "machine", image->elf_bits ? machine_name(image->elf_machine) : NULL);
	json_add_number(elf, "size", image->unpacked_size);
	json_add_number(elf, "overwritten", image->overwritten);

	struct json_object *segments = json_add(elf, "segments", json_array());

	for (size_t i = 0; i < image->segment_count; i++) {
		const struct pvb_image_segment *segment = &image->segments[i];
		struct json_object *object = json_map();

		json_add_hex(object, "paddr", segment->paddr);
		json_add_hex(object, "vaddr", segment->vaddr);
		json_add_hex(object, "offset", segment->offset);
		json_add_number(object, "filesz", segment->filesz);
		json_add_number(object, "memsz", segment->memsz);
		json_add_text(object, "flags", segment_flags(segment->flags).text);
		json_append(segments, object);
	}
	return elf;
}

static struct json_object *note_object(const void *image, size_t index)
{
	const struct pvb_note *note = &((const struct pvb_image_info *)image)->notes[index];
	struct json_object *object = json_map();

	json_add_text(object, "owner", note->owner);
	if (note->type == UINT32_MAX)
		json_add_null(object, "type");
	else
		json_add_number(object, "type", note->type);
	json_add_text(object, "name", note->name);
	json_add_text(object, "origin", note_origin_name(note->origin));
	switch (note->kind) {
	case PVB_NOTE_KIND_NUMBER:
		json_add_hex(object, "value", note->number);
		break;
	case PVB_NOTE_KIND_STRING:
		json_add_text(object, "value", note->string);
		break;
	case PVB_NOTE_KIND_BYTES:
		json_add_bytes(object, "value", note->bytes, note->size);
		break;
	}
	if (note->meaning)
		json_add_text(object, "meaning", note->meaning);
	json_add_number(object, "size", note->size);
	json_add_bool(object, "cut", note->kind == PVB_NOTE_KIND_BYTES && note->size > JSON_BYTES);
	json_add_bool(object, "used", note->used);
	return object;
}

static struct json_object *features_array(uint32_t features)
{
	struct json_object *array = json_array();

	for (unsigned bit = 0; bit < 32; bit++) {
		const char *name = features >> bit & 1 ? feature_name(bit) : NULL;

		if (name)
			json_append_name(array, name);
	}
	return array;
}

static struct json_object *pv_object(const struct pvb_image_pv *pv,
				     const struct pvb_plan_info *least)
{
	struct json_object *object = json_map();
	uint64_t known =
		pv->supported ? 0 : PVB_NONE; /* or-ed in: no address where there is no PV */

	json_add_bool(object, "supported", pv->supported);
	json_add_text(object, "reason", pv->reason);
	json_add_text(object, "hint", pv->hint);
	json_add_text(object, "refusal", pv->refusal ? pvb_code_name(pv->refusal) : NULL);
	json_add_text(object, "guest_type",
		      pv->guest_type == PVB_GUEST_NONE ? NULL
						       : pvb_guest_type_name(pv->guest_type));
	json_add_hex_or_null(object, "virt_base", pv->virt_base | known);
	json_add_hex_or_null(object, "paddr_offset", pv->paddr_offset | known);
	json_add_hex_or_null(object, "entry", pv->entry | known);
	json_add_hex_or_null(object, "kernel_start", pv->kernel_start | known);
	json_add_hex_or_null(object, "kernel_end", pv->kernel_end | known);
	json_add_hex_or_null(object, "init_p2m", pv->init_p2m | known);
	json_add_bool(object, "mod_start_pfn", pv->mod_start_pfn);
	json_add_hex_or_null(object, "hypercall_page", pv->hypercall_page | known);
	json_add_hex_or_null(object, "hv_start_low", pv->hv_start_low | known);
	json_add_bool(object, "bsd_symtab", pv->bsd_symtab);
	(void)json_add(object, "features_required", features_array(pv->features_required));
	(void)json_add(object, "features_supported", features_array(pv->features_supported));
	if (least)
		json_add_number(object, "minimum_memory", least->minimum_memory);
	else
		json_add_null(object, "minimum_memory");
	return object;
}

static void add_bits(struct json_object *object, unsigned bits, enum pvb_bits_source source)
{
	json_add_number(object, "bits", bits);
	json_add_text(object, "source", pvb_bits_source_name(source));
}

/* What the kernel copes with, and what of it remains without a host's own limit. */
static struct json_object *address_bits_object(const struct pvb_image_declares *declares,
					       const struct pvb_plan_info *least)
{
	if (!declares->address_bits && !least)
		return NULL;
	struct json_object *object = json_map();

	if (declares->address_bits)
		add_bits(object, declares->address_bits, declares->address_bits_source);
	else
		add_bits(object, least->address_bits, least->address_bits_source);
	if (least)
		add_bits(json_add(object, "resolved", json_map()), least->address_bits,
			 least->address_bits_source);
	else
		json_add_null(object, "resolved");
	return object;
}

static struct json_object *declares_object(const struct pvb_image_declares *declares,
					   const struct pvb_plan_info *least)
{
	struct json_object *object = json_map();
	struct json_object *bits = address_bits_object(declares, least);

	json_add_bool(object, "guest_abi", declares->guest_abi);
	if (bits)
		(void)json_add(object, "address_bits", bits);
	else
		json_add_null(object, "address_bits");
	if (declares->pte_bits) {
		struct json_object *masks = json_add(object, "pte_bits", json_map());

		json_add_hex(masks, "unused_l1", declares->pte_unused_l1);
		json_add_hex(masks, "unused_upper", declares->pte_unused_upper);
		json_add_bool(masks, "keys", declares->pte_keys);
	} else {
		json_add_null(object, "pte_bits");
	}
	if (declares->p2m_tree)
		json_add_number(json_add(object, "p2m_tree", json_map()), "levels",
				declares->p2m_levels);
	else
		json_add_null(object, "p2m_tree");

	struct json_object *granules = json_add(object, "granules", json_array());

	for (unsigned shift = 0; shift < 32; shift++)
		if (declares->granules & UINT32_C(1) << shift)
			json_append_number(granules, UINT64_C(1) << shift);
	return object;
}

static struct json_object *arm64_object(const struct pvb_image_arm64 *arm64)
{
	struct json_object *object = json_map();

	json_add_hex(object, "text_offset", arm64->text_offset);
	json_add_number(object, "image_size", arm64->image_size);
	json_add_hex(object, "flags", arm64->flags);
	if (arm64->page_size)
		json_add_number(object, "page_size", arm64->page_size);
	else
		json_add_null(object, "page_size");
	json_add_bool(object, "big_endian", arm64->big_endian);
	json_add_bool(object, "anywhere", arm64->anywhere);
	json_add_hex(object, "reserved_flags", arm64->reserved_flags);
	return object;
}

struct json_object *json_image(const struct pvb_image_info *image,
			       const struct pvb_plan_info *least)
{
	struct json_object *object = json_typed("pvbuild.image");

	json_add_text(object, "file", image->file);
	json_add_number(object, "file_size", image->file_size);
	json_add_text(object, "container", pvb_container_name(image->container));
	json_add_text(object, "codec", pvb_codec_name(image->codec));
	json_add_number(object, "layers", image->layers);
	json_add_text(object, "kernel_version", image->kernel_version);
	(void)json_add(object, "elf", elf_object(image));
	json_add_list(object, "notes", (struct json_list){image, image->note_count, note_object});
	(void)json_add(object, "pv", pv_object(&image->pv, least));

	struct json_object *pvh = json_add(object, "pvh", json_map());

	json_add_bool(pvh, "supported", image->pvh_entry != PVB_NONE);
	json_add_hex_or_null(pvh, "entry", image->pvh_entry);
	if (image->container == PVB_CONTAINER_ARM64_IMAGE)
		(void)json_add(object, "arm64", arm64_object(&image->arm64));
	(void)json_add(object, "declares", declares_object(&image->declares, least));
	return object;
}
