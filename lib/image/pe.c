/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/pe.h"

#include <inttypes.h>

#include "core/checked.h"
#include "image/image.h"

enum {
	SIGNATURE_SIZE = 4,
	/* Of the COFF header behind the signature. */
	SECTION_COUNT = 2,
	OPTIONAL_HEADER_SIZE = 16,
	COFF_HEADER_SIZE = 20,
	/* Of an entry of the section table. */
	NAME_SIZE = 8,
	VIRTUAL_SIZE = 8,
	RAW_SIZE = 16,
	RAW_OFFSET = 20,
	SECTION_SIZE = 40,
};

static bool is_named(struct pvb_span entry, const char *name)
{
	char padded[NAME_SIZE] = {0};

	memcpy(padded, name, pvb_min(strlen(name), NAME_SIZE));
	return memcmp(entry.bytes, padded, NAME_SIZE) == 0;
}

/* What is in the file may be padded beyond what the section has in memory. */
static int read_section(struct pvb_span file, struct pvb_span entry, const char *name,
			struct pvb_pe_section *section, struct pvb_error *error)
{
	uint32_t memory = 0, raw = 0, offset = 0;

	(void)pvb_span_u32(entry, VIRTUAL_SIZE, &memory);
	(void)pvb_span_u32(entry, RAW_SIZE, &raw);
	(void)pvb_span_u32(entry, RAW_OFFSET, &offset);
	if (!pvb_span_has(file, offset, raw))
		return pvb_fail(error, PVB_E_IMAGE_TRUNCATED, PVB_IMAGE_STAGE,
				"the section %s is 0x%" PRIx32 " bytes at 0x%" PRIx32
				" of the file, which has only 0x%" PRIx64,
				name, raw, offset, file.size);
	section->offset = offset;
	section->size = memory ? pvb_min(memory, raw) : raw;
	return 0;
}

int pvb_pe_find(struct pvb_span file, uint64_t at, const char *name, struct pvb_pe_section *section,
		unsigned *count, struct pvb_error *error)
{
	struct pvb_span signature, coff, table;
	uint16_t sections, optional;

	*count = 0;
	if (!pvb_span_part(file, at, SIGNATURE_SIZE, &signature) ||
	    memcmp(signature.bytes, "PE\0\0", SIGNATURE_SIZE) != 0)
		return pvb_fail(error, PVB_E_ARM64_HEADER, PVB_IMAGE_STAGE,
				"the arm64 Image says that its PE header is at 0x%" PRIx64
				", and there is none",
				at);
	if (!pvb_span_part(file, at + SIGNATURE_SIZE, COFF_HEADER_SIZE, &coff) ||
	    !pvb_span_u16(coff, SECTION_COUNT, &sections) ||
	    !pvb_span_u16(coff, OPTIONAL_HEADER_SIZE, &optional) ||
	    !pvb_span_part(file, at + SIGNATURE_SIZE + COFF_HEADER_SIZE + optional,
			   (uint64_t)sections * SECTION_SIZE, &table))
		return pvb_fail(error, PVB_E_ARM64_HEADER, PVB_IMAGE_STAGE,
				"the arm64 Image's PE header at 0x%" PRIx64
				", with its table of sections, lies outside the file of 0x%" PRIx64
				" bytes",
				at, file.size);
	for (unsigned i = 0; i < sections; i++) {
		struct pvb_span entry =
			pvb_span(table.bytes + (size_t)i * SECTION_SIZE, SECTION_SIZE);
		int rc = 0;

		if (!is_named(entry, name))
			continue;
		if ((*count)++ == 0)
			rc = read_section(file, entry, name, section, error);
		if (rc)
			return rc;
	}
	return 0;
}
