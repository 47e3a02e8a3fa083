/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/flat.h"

#include <inttypes.h>

#include "core/checked.h"
#include "image/image.h"

#define MAGIC UINT32_C(0x336ec578)

#define FLAG_ALIGN_4K UINT32_C(0x00000001)
#define FLAG_PAE_SHIFT 14
#define FLAG_PAE_MASK (UINT32_C(3) << FLAG_PAE_SHIFT)
#define FLAG_ADDRESSES_VALID UINT32_C(0x00010000)

struct table {
	uint32_t magic, flags, checksum;
	uint32_t header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr;
};

static bool read_table(struct pvb_span bytes, uint64_t offset, struct table *table)
{
	return pvb_span_has(bytes, offset, PVB_FLAT_TABLE) &&
	       pvb_span_u32(bytes, offset, &table->magic) &&
	       pvb_span_u32(bytes, offset + 4, &table->flags) &&
	       pvb_span_u32(bytes, offset + 8, &table->checksum) &&
	       pvb_span_u32(bytes, offset + 12, &table->header_addr) &&
	       pvb_span_u32(bytes, offset + 16, &table->load_addr) &&
	       pvb_span_u32(bytes, offset + 20, &table->load_end_addr) &&
	       pvb_span_u32(bytes, offset + 24, &table->bss_end_addr) &&
	       pvb_span_u32(bytes, offset + 28, &table->entry_addr);
}

static bool search(struct pvb_span head, bool checksum_right, uint64_t *offset)
{
	struct table table;

	for (uint64_t at = 0; at < PVB_FLAT_SEARCH && read_table(head, at, &table); at += 4) {
		*offset = at;
		if (table.magic == MAGIC &&
		    (table.magic + table.flags + table.checksum == 0) == checksum_right)
			return true;
	}
	return false;
}

bool pvb_flat_find(struct pvb_span head, uint64_t *offset)
{
	return search(head, true, offset);
}

bool pvb_flat_bad_checksum(struct pvb_span head)
{
	uint64_t offset;

	return search(head, false, &offset);
}

#define MALFORMED(...) pvb_fail(error, PVB_E_MULTIBOOT_HEADER, PVB_IMAGE_STAGE, __VA_ARGS__)

int pvb_flat_parse(struct pvb_span file, struct pvb_flat *flat, struct pvb_error *error)
{
	struct table table;
	uint64_t offset;

	if (!pvb_flat_find(file, &offset) || !read_table(file, offset, &table))
		return MALFORMED("the flat binary lost its table while it was read");
	if ((table.flags & ~(FLAG_ALIGN_4K | FLAG_PAE_MASK)) != FLAG_ADDRESSES_VALID)
		return MALFORMED("the flat binary's flags are 0x%08" PRIx32 "; of them 0x%08" PRIx32
				 " must be set, and only 0x%08" PRIx32 " may be besides",
				 table.flags, FLAG_ADDRESSES_VALID, FLAG_ALIGN_4K | FLAG_PAE_MASK);
	if (table.header_addr < table.load_addr || table.header_addr < offset)
		return MALFORMED("the flat binary's table stands at 0x%" PRIx64
				 " of the file and at address 0x%" PRIx32
				 ", so the file would begin below 0, or at 0x%" PRIx32
				 " where it is loaded, behind its table",
				 offset, table.header_addr, table.load_addr);

	flat->start = table.header_addr - offset;
	if (table.load_addr < flat->start)
		return MALFORMED("the flat binary's first byte is at address 0x%" PRIx64
				 ", but it wants to be loaded from 0x%" PRIx32 " on",
				 flat->start, table.load_addr);

	uint64_t file_end = flat->start + file.size;
	uint64_t load_end = table.load_end_addr ? table.load_end_addr : file_end;
	uint64_t bss_end = table.bss_end_addr ? table.bss_end_addr : load_end;
	if (load_end < table.load_addr || load_end > file_end)
		return MALFORMED("the flat binary is to be loaded from 0x%" PRIx32 " to 0x%" PRIx64
				 ", but its bytes end at 0x%" PRIx64,
				 table.load_addr, load_end, file_end);
	if (bss_end < load_end)
		return MALFORMED("the flat binary's bss ends at 0x%" PRIx64
				 ", before its data at 0x%" PRIx64,
				 bss_end, load_end);
	if (bss_end == table.load_addr)
		return MALFORMED("the flat binary has nothing to load at 0x%" PRIx32,
				 table.load_addr);

	flat->load = table.load_addr;
	flat->offset = table.load_addr - flat->start;
	flat->filesz = load_end - table.load_addr;
	flat->memsz = bss_end - table.load_addr;
	flat->entry = table.entry_addr;
	flat->pae = (table.flags & FLAG_PAE_MASK) >> FLAG_PAE_SHIFT;
	return 0;
}
