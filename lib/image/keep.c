/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/keep.h"

#include <elf.h>
#include <errno.h>
#include <sys/mman.h>

#include "core/checked.h"

enum { BUFFER_SIZE = 16 * PVB_STORE_HOLE };

int pvb_keep_store(struct pvb_image *image, struct pvb_store *store, struct pvb_error *error)
{
	image->store = pvb_store_steal(store);
	image->info.unpacked_size = image->store.size;
	/* Private, so that the file can be sealed while it is mapped. */
	void *bytes =
		mmap(NULL, (size_t)image->store.size, PROT_READ, MAP_PRIVATE, image->store.fd, 0);
	if (bytes == MAP_FAILED)
		return pvb_fail(error, PVB_E_ARG_NO_MEMORY, PVB_IMAGE_STAGE,
				"the unpacked image cannot be mapped: %s", strerror(errno));
	image->bytes = pvb_span(bytes, image->store.size);
	return 0;
}

int pvb_keep_begin(struct pvb_keep *keep, struct pvb_error *error)
{
	PVB_STORE_AUTO struct pvb_store store = PVB_STORE_INIT;
	int rc = pvb_limits_check(keep->limits, 0, keep->source->size, "its size", error);

	if (!rc)
		rc = pvb_store_open(&store, keep->limits->cost, error);
	if (!rc)
		rc = pvb_store_finish(&store, keep->source->size, error);
	return rc ? rc : pvb_keep_store(keep->image, &store, error);
}

/* In pieces that end at multiples of the buffer's size, so that zeros are seen page by page. */
static int copy(struct pvb_keep *keep, uint64_t begin, uint64_t end, struct pvb_error *error)
{
	uint8_t buffer[BUFFER_SIZE];

	while (begin < end) {
		size_t part = (size_t)pvb_min(end - begin, BUFFER_SIZE - begin % BUFFER_SIZE);
		int rc = pvb_source_read(keep->source, begin, buffer, part, error);

		if (!rc)
			rc = pvb_store_put(&keep->image->store, begin, buffer, part, error);
		if (rc)
			return rc;
		keep->limits->cost->copied += part;
		begin += part;
	}
	return 0;
}

/* Have what is wanted, as far as it is not there yet. */
static int take(struct pvb_keep *keep, struct pvb_ranges *want, struct pvb_error *error)
{
	struct pvb_ranges *kept = &keep->kept;
	size_t at = 0;
	int rc = 0;

	pvb_ranges_settle(want);
	for (size_t i = 0; !rc && keep->source && i < want->count; i++) {
		uint64_t begin = want->list[i].begin, end = want->list[i].end;

		while (!rc && begin < end) {
			uint64_t stop = pvb_ranges_gap(kept, &at, &begin, end);

			rc = copy(keep, begin, stop, error);
			begin = stop;
		}
	}
	for (size_t i = 0; !rc && i < want->count; i++)
		rc = pvb_ranges_add(kept, UINT64_MAX, want->list[i].begin,
				    want->list[i].end - want->list[i].begin, error);
	pvb_ranges_settle(kept);
	return rc;
}

static int take_one(struct pvb_keep *keep, uint64_t offset, uint64_t size, struct pvb_error *error)
{
	PVB_RANGES_AUTO struct pvb_ranges want = {0};
	int rc = pvb_ranges_add(&want, keep->image->bytes.size, offset, size, error);

	return rc ? rc : take(keep, &want, error);
}

/* ---- an ELF --------------------------------------------------------------------- */

int pvb_keep_elf_tables(struct pvb_keep *keep, struct pvb_elf *elf, struct pvb_error *error)
{
	int rc = take_one(keep, 0, PVB_ELF_EHDR_MAX, error);

	if (!rc)
		rc = pvb_elf_header(keep->image->bytes, elf, error);
	if (!rc)
		rc = take_one(keep, elf->phoff, (uint64_t)elf->phnum * elf->phstride, error);
	/* The first of them may have to say how many there are. */
	if (!rc)
		rc = take_one(keep, elf->shoff, elf->shoff ? PVB_ELF_SHDR_MAX : 0, error);
	if (!rc)
		rc = pvb_elf_open(keep->image->bytes, elf, error);
	if (!rc)
		rc = take_one(keep, elf->shoff, (uint64_t)elf->shnum * elf->shstride, error);
	return rc;
}

static int want_segments(const struct pvb_elf *elf, struct pvb_ranges *want,
			 struct pvb_error *error)
{
	int rc = 0;

	for (uint32_t i = 0; !rc && i < elf->phnum; i++) {
		struct pvb_elf_segment segment;

		pvb_elf_segment(elf, i, &segment);
		if (segment.type == PT_LOAD || segment.type == PT_NOTE)
			rc = pvb_ranges_add(want, elf->file.size, segment.offset, segment.filesz,
					    error);
	}
	return rc;
}

static int want_section(const struct pvb_elf *elf, const struct pvb_elf_section *section,
			struct pvb_ranges *want, struct pvb_error *error)
{
	return pvb_ranges_add(want, elf->file.size, section->offset, section->size, error);
}

/* Those of notes, and the names, by which the string of old kernels is found. */
static int want_sections(const struct pvb_elf *elf, struct pvb_ranges *want,
			 struct pvb_error *error)
{
	int rc = 0;

	for (uint32_t i = 1; !rc && i < elf->shnum; i++) {
		struct pvb_elf_section section;

		pvb_elf_section(elf, i, &section);
		if (section.type == SHT_NOTE || i == elf->shstrndx)
			rc = want_section(elf, &section, want, error);
	}
	return rc;
}

int pvb_keep_elf_parts(struct pvb_keep *keep, const struct pvb_elf *elf, struct pvb_error *error)
{
	PVB_RANGES_AUTO struct pvb_ranges want = {0};
	struct pvb_elf_section legacy = {0};
	bool found = false;
	int rc = want_segments(elf, &want, error);

	if (!rc)
		rc = want_sections(elf, &want, error);
	if (!rc)
		rc = take(keep, &want, error);
	if (!rc)
		pvb_elf_find_section(elf, PVB_LEGACY_SECTION, &legacy, &found);
	if (found)
		rc = take_one(keep, legacy.offset, legacy.size, error);
	return rc;
}

int pvb_keep_elf_symbols(struct pvb_keep *keep, const struct pvb_elf *elf, struct pvb_error *error)
{
	PVB_RANGES_AUTO struct pvb_ranges want = {0};
	struct pvb_elf_section section = {0};
	uint32_t i = 1;
	int rc = 0;

	for (; i < elf->shnum; i++) {
		pvb_elf_section(elf, i, &section);
		if (section.type == SHT_SYMTAB)
			break;
	}
	if (i >= elf->shnum)
		return 0;
	rc = want_section(elf, &section, &want, error);
	if (!rc && section.link < elf->shnum) {
		pvb_elf_section(elf, section.link, &section);
		rc = want_section(elf, &section, &want, error);
	}
	return rc ? rc : take(keep, &want, error);
}

/* ---- what is left ------------------------------------------------------------------ */

void pvb_keep_drop_rest(struct pvb_keep *keep, uint64_t size)
{
	struct pvb_store *store = &keep->image->store;
	uint64_t begin = 0;
	size_t at = 0;

	while (begin < size) {
		uint64_t stop = pvb_ranges_gap(&keep->kept, &at, &begin, size);

		if (stop - begin >= PVB_STORE_HOLE)
			pvb_store_drop(store, begin, stop - begin);
		begin = stop;
	}
	pvb_store_measure(store);
}

void pvb_keep_end(struct pvb_keep *keep)
{
	pvb_ranges_free(&keep->kept);
}
