/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Format: Xen docs/misc/dump-core-format. Sections may come in any order; what
 * "xl dump-core" writes has the section headers right behind the ELF header,
 * notes, registers and shared info next, then pages, p2m and names.
 */
#include "reach/core-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/checked.h"
#include "core/cleanup.h"
#include "core/error.h"
#include "core/span.h"

#define STAGE "core"

/* ELF64 (System V ABI) */
#define EHDR_SIZE 64u
#define SHDR_SIZE 64u
#define ET_CORE_ 4u
#define EM_386_ 3u
#define EM_X86_64_ 62u
#define SHT_PROGBITS_ 1u
#define SHT_NOTE_ 7u

/* Notes of a Xen core (Xen public elfnote.h, tools' xg_core.h) */
#define NOTE_HEADER 0x2000001u
#define NOTE_FORMAT_VERSION 0x2000003u
#define MAGIC_PV UINT64_C(0xf00febed)
#define MAGIC_HVM UINT64_C(0xf00febee)

/* Sizes of vcpu_guest_context and shared_info, by guest width. */
#define CONTEXT_64 5168u
#define CONTEXT_32 2800u
#define SHARED_INFO_64 3136u
#define SHARED_INFO_32 2344u

#define PAGE 4096u
#define P2M_ENTRY 16u

/* More than any notes section has; what is larger is no notes section. */
#define MAX_NOTES (1u << 20)
#define MAX_NAMES (1u << 20)

int core_file_read(const struct core_file *core, uint64_t offset, void *to, size_t size,
		   struct pvb_error *error)
{
	uint8_t *at = (uint8_t *)to;

	while (size) {
		ssize_t n = pread(core->fd, at, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pvb_fail(error, PVB_E_ARG_FILE, STAGE,
					"the core cannot be read at offset %llu: %s",
					(unsigned long long)offset, strerror(errno));
		if (n == 0)
			return pvb_fail(error, PVB_E_CORE_TRUNCATED, STAGE,
					"the core ends at offset %llu, %zu bytes short",
					(unsigned long long)offset, size);
		at += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

static int check_ident(const struct core_file *core, struct pvb_span header,
		       struct pvb_error *error)
{
	uint8_t class = 0, data = 0;
	uint16_t type = 0;

	if (header.size < 4 || memcmp(header.bytes, "\177ELF", 4) != 0)
		return pvb_fail(error, PVB_E_CORE_FORMAT, STAGE,
				"the file does not begin as an ELF does");
	if (header.size < EHDR_SIZE)
		return pvb_fail(error, PVB_E_CORE_TRUNCATED, STAGE,
				"the file has %llu bytes, which is less than an ELF header",
				(unsigned long long)core->size);
	(void)pvb_span_u8(header, 4, &class);
	(void)pvb_span_u8(header, 5, &data);
	(void)pvb_span_u16(header, 16, &type);
	if (class != 2 || data != 1)
		return pvb_fail(error, PVB_E_CORE_FORMAT, STAGE,
				"the ELF has class %u and data encoding %u; Xen cores of x86 "
				"guests are 64-bit (2) and little-endian (1)",
				class, data);
	if (type != ET_CORE_)
		return pvb_fail(error, PVB_E_CORE_FORMAT, STAGE,
				"the ELF has type %u, and a core has %u", type, ET_CORE_);
	return 0;
}

struct section_table {
	uint8_t *headers;
	uint8_t *names;
	uint64_t count;
	uint64_t names_size;
};

struct section {
	struct core_section at;
	uint32_t type;
	uint32_t name; /* its place among the names */
};

static struct section section_at(const struct section_table *table, uint64_t index)
{
	struct pvb_span header = pvb_span(table->headers + index * SHDR_SIZE, SHDR_SIZE);
	struct section section = {0};

	(void)pvb_span_u32(header, 0, &section.name);
	(void)pvb_span_u32(header, 4, &section.type);
	(void)pvb_span_u64(header, 24, &section.at.offset);
	(void)pvb_span_u64(header, 32, &section.at.size);
	return section;
}

/* Looks at no more of a name than it has to: there may be many, and they may be long. */
static bool is_named(const struct section_table *table, const struct section *section,
		     const char *name)
{
	struct pvb_span names = pvb_span(table->names, table->names_size);
	struct pvb_span here;

	return pvb_span_part(names, section->name, strlen(name) + 1, &here) &&
	       memcmp(here.bytes, name, here.size) == 0;
}

static bool in_file(const struct core_file *core, struct core_section at)
{
	return at.offset <= core->size && at.size <= core->size - at.offset;
}

static int read_sections(const struct core_file *core, struct pvb_span header,
			 struct section_table *table, struct pvb_error *error)
{
	uint64_t offset = 0;
	uint16_t entry = 0, count = 0, names = 0;

	(void)pvb_span_u64(header, 40, &offset);
	(void)pvb_span_u16(header, 58, &entry);
	(void)pvb_span_u16(header, 60, &count);
	(void)pvb_span_u16(header, 62, &names);
	if (entry != SHDR_SIZE || count == 0 || names >= count)
		return pvb_fail(error, PVB_E_CORE_FORMAT, STAGE,
				"the ELF has %u section headers of %u bytes and the names in "
				"section %u, which is no section table of a Xen core",
				count, entry, names);
	struct core_section where = {offset, (uint64_t)count * SHDR_SIZE};

	if (!in_file(core, where))
		return pvb_fail(error, PVB_E_CORE_TRUNCATED, STAGE,
				"the %u section headers at offset %llu lie outside the file of "
				"%llu bytes",
				count, (unsigned long long)offset, (unsigned long long)core->size);
	table->headers = (uint8_t *)malloc((size_t)where.size);
	if (!table->headers)
		return pvb_fail_memory(error, STAGE, "section headers");
	table->count = count;
	int rc = core_file_read(core, where.offset, table->headers, (size_t)where.size, error);

	if (rc)
		return rc;

	struct core_section at = section_at(table, names).at;

	if (!in_file(core, at))
		return pvb_fail(error, PVB_E_CORE_TRUNCATED, STAGE,
				"the section names, %llu bytes at offset %llu, lie outside the "
				"file of %llu bytes",
				(unsigned long long)at.size, (unsigned long long)at.offset,
				(unsigned long long)core->size);
	if (at.size == 0 || at.size > MAX_NAMES)
		return pvb_fail(error, PVB_E_CORE_SECTION, STAGE,
				"the section names have %llu bytes", (unsigned long long)at.size);
	table->names = (uint8_t *)malloc((size_t)at.size);
	if (!table->names)
		return pvb_fail_memory(error, STAGE, "section names");
	rc = core_file_read(core, at.offset, table->names, (size_t)at.size, error);
	if (!rc)
		table->names_size = at.size;
	return rc;
}

/* A section by name; *at stays {0, 0} where there is none. */
static int find_section(const struct core_file *core, const struct section_table *table,
			const char *name, uint32_t type, struct core_section *at,
			struct pvb_error *error)
{
	bool found = false;

	*at = (struct core_section){0, 0};
	for (uint64_t i = 1; i < table->count; i++) {
		struct section section = section_at(table, i);

		if (!is_named(table, &section, name))
			continue;
		if (found)
			return pvb_fail(error, PVB_E_CORE_SECTION, STAGE,
					"there are two sections %s", name);
		if (section.type != type)
			return pvb_fail(error, PVB_E_CORE_SECTION, STAGE,
					"section %s has type %u, and should have %u", name,
					section.type, type);
		if (!in_file(core, section.at))
			return pvb_fail(error, PVB_E_CORE_TRUNCATED, STAGE,
					"section %s, %llu bytes at offset %llu, lies outside the "
					"file of %llu bytes",
					name, (unsigned long long)section.at.size,
					(unsigned long long)section.at.offset,
					(unsigned long long)core->size);
		*at = section.at;
		found = true;
	}
	return 0;
}

static int missing(const char *name, struct pvb_error *error)
{
	return pvb_fail(error, PVB_E_CORE_SECTION, STAGE, "section %s is missing or empty", name);
}

static int read_header_note(struct core_file *core, struct pvb_span desc, struct pvb_error *error)
{
	uint64_t magic = 0, page_size = 0;

	if (!pvb_span_u64(desc, 0, &magic) || !pvb_span_u64(desc, 8, &core->vcpus) ||
	    !pvb_span_u64(desc, 16, &core->pages) || !pvb_span_u64(desc, 24, &page_size))
		return pvb_fail(error, PVB_E_CORE_SECTION, STAGE,
				"the header note has %llu bytes, and should have 32",
				(unsigned long long)desc.size);
	if (magic == MAGIC_HVM)
		return pvb_fail(error, PVB_E_CORE_FORMAT, STAGE,
				"this is a core of an HVM domain, and only of PV domains is "
				"anything read");
	if (magic != MAGIC_PV)
		return pvb_fail(error, PVB_E_CORE_FORMAT, STAGE,
				"the header note has magic 0x%llx, and should have 0x%llx",
				(unsigned long long)magic, (unsigned long long)MAGIC_PV);
	if (page_size != PAGE)
		return pvb_fail(error, PVB_E_CORE_FORMAT, STAGE,
				"the core has pages of %llu bytes; x86 PV domains have pages of %u",
				(unsigned long long)page_size, PAGE);
	return 0;
}

static int read_version_note(struct pvb_span desc, struct pvb_error *error)
{
	uint64_t version = 0;

	if (!pvb_span_u64(desc, 0, &version))
		return pvb_fail(error, PVB_E_CORE_SECTION, STAGE,
				"the format version note has %llu bytes, and should have 8",
				(unsigned long long)desc.size);
	if (version >> 32 != 0)
		return pvb_fail(error, PVB_E_CORE_FORMAT, STAGE,
				"the core has format version %llu.%llu, and only 0.x is known",
				(unsigned long long)(version >> 32),
				(unsigned long long)(version & UINT32_MAX));
	return 0;
}

static int read_notes(struct core_file *core, struct pvb_span notes, struct pvb_error *error)
{
	bool have_header = false, have_version = false;
	uint64_t at = 0;

	while (at < notes.size) {
		uint32_t name_size, desc_size, type;
		uint64_t name_room, desc_room;
		struct pvb_span name, desc;

		if (!pvb_span_u32(notes, at, &name_size) ||
		    !pvb_span_u32(notes, at + 4, &desc_size) ||
		    !pvb_span_u32(notes, at + 8, &type) ||
		    !pvb_round_up(name_size, 4, &name_room) ||
		    !pvb_round_up(desc_size, 4, &desc_room) ||
		    !pvb_span_part(notes, at + 12, name_room, &name) ||
		    !pvb_span_part(notes, at + 12 + name_room, desc_size, &desc))
			return pvb_fail(error, PVB_E_CORE_SECTION, STAGE,
					"the note at byte %llu of .note.Xen runs out of it",
					(unsigned long long)at);
		at += 12 + name_room + desc_room;
		if (name_size != 4 || memcmp(name.bytes, "Xen", 4) != 0)
			continue;

		int rc = 0;
		if (type == NOTE_HEADER) {
			rc = read_header_note(core, desc, error);
			have_header = true;
		} else if (type == NOTE_FORMAT_VERSION) {
			rc = read_version_note(desc, error);
			have_version = true;
		}
		if (rc)
			return rc;
	}
	if (!have_header || !have_version)
		return pvb_fail(error, PVB_E_CORE_SECTION, STAGE, ".note.Xen has no %s note",
				have_header ? "format version" : "header");
	return 0;
}

static int check_sizes(const struct core_file *core, struct pvb_error *error)
{
	uint64_t context = core->guest_bits == 64 ? CONTEXT_64 : CONTEXT_32;
	uint64_t shared = core->guest_bits == 64 ? SHARED_INFO_64 : SHARED_INFO_32;
	uint64_t want;

	if (core->vcpus == 0 || core->prstatus.size % core->vcpus != 0 ||
	    core->prstatus.size / core->vcpus < context)
		return pvb_fail(error, PVB_E_CORE_SECTION, STAGE,
				"section .xen_prstatus has %llu bytes for %llu vCPUs of at least "
				"%llu each",
				(unsigned long long)core->prstatus.size,
				(unsigned long long)core->vcpus, (unsigned long long)context);
	if (!pvb_mul(core->pages, PAGE, &want) || core->page_data.size != want)
		return pvb_fail(error, PVB_E_CORE_SECTION, STAGE,
				"section .xen_pages has %llu bytes for %llu pages of %u",
				(unsigned long long)core->page_data.size,
				(unsigned long long)core->pages, PAGE);
	if (core->p2m.size != core->pages * P2M_ENTRY)
		return pvb_fail(error, PVB_E_CORE_SECTION, STAGE,
				"section .xen_p2m has %llu bytes for %llu entries of %u",
				(unsigned long long)core->p2m.size, (unsigned long long)core->pages,
				P2M_ENTRY);
	if (core->shared_info.size && core->shared_info.size < shared)
		return pvb_fail(error, PVB_E_CORE_SECTION, STAGE,
				"section .xen_shared_info has %llu bytes, and should have at "
				"least %llu",
				(unsigned long long)core->shared_info.size,
				(unsigned long long)shared);
	return 0;
}

static int find_sections(struct core_file *core, const struct section_table *table,
			 struct pvb_error *error)
{
	struct core_section notes, pfn;
	int rc = find_section(core, table, ".note.Xen", SHT_NOTE_, &notes, error);

	if (rc)
		return rc;
	if (!notes.size)
		return pvb_fail(error, PVB_E_CORE_FORMAT, STAGE,
				"the ELF core has no section .note.Xen: it is not Xen's");
	if (notes.size > MAX_NOTES)
		return pvb_fail(error, PVB_E_CORE_SECTION, STAGE,
				"section .note.Xen has %llu bytes", (unsigned long long)notes.size);
	PVB_AUTO_FREE uint8_t *bytes = (uint8_t *)malloc((size_t)notes.size);

	if (!bytes)
		return pvb_fail_memory(error, STAGE, "the notes of a core");
	rc = core_file_read(core, notes.offset, bytes, (size_t)notes.size, error);
	if (!rc)
		rc = read_notes(core, pvb_span(bytes, notes.size), error);
	if (!rc)
		rc = find_section(core, table, ".xen_prstatus", SHT_PROGBITS_, &core->prstatus,
				  error);
	if (!rc)
		rc = find_section(core, table, ".xen_shared_info", SHT_PROGBITS_,
				  &core->shared_info, error);
	if (!rc)
		rc = find_section(core, table, ".xen_p2m", SHT_PROGBITS_, &core->p2m, error);
	if (!rc)
		rc = find_section(core, table, ".xen_pfn", SHT_PROGBITS_, &pfn, error);
	if (!rc)
		rc = find_section(core, table, ".xen_pages", SHT_PROGBITS_, &core->page_data,
				  error);
	if (rc)
		return rc;
	if (!core->p2m.size && pfn.size)
		return pvb_fail(error, PVB_E_CORE_FORMAT, STAGE,
				"the core has .xen_pfn and no .xen_p2m: it is of an "
				"auto-translated domain, not of a PV domain");
	if (!core->prstatus.size)
		return missing(".xen_prstatus", error);
	if (!core->p2m.size)
		return missing(".xen_p2m", error);
	if (!core->page_data.size)
		return missing(".xen_pages", error);
	return check_sizes(core, error);
}

static int parse(struct core_file *core, struct pvb_error *error)
{
	uint8_t bytes[EHDR_SIZE] = {0};
	size_t have = (size_t)pvb_min(core->size, sizeof bytes);
	uint16_t machine = 0;
	int rc = core_file_read(core, 0, bytes, have, error);

	if (!rc)
		rc = check_ident(core, pvb_span(bytes, have), error);
	if (rc)
		return rc;
	struct pvb_span header = pvb_span(bytes, have);

	(void)pvb_span_u16(header, 18, &machine);
	if (machine != EM_X86_64_ && machine != EM_386_)
		return pvb_fail(error, PVB_E_CORE_FORMAT, STAGE,
				"the ELF is for machine %u, which has no PV guests", machine);
	core->guest_bits = machine == EM_X86_64_ ? 64 : 32;

	struct section_table table = {0};

	rc = read_sections(core, header, &table, error);
	if (!rc)
		rc = find_sections(core, &table, error);
	free(table.headers);
	free(table.names);
	return rc;
}

int core_file_open(const char *path, struct core_file *core, struct pvb_error *error)
{
	struct stat stat;

	*core = (struct core_file){.fd = -1};
	int rc = pvb_check_path(path, STAGE, "the core", error);

	if (rc)
		return rc;
	/* Not to wait for a writer of a FIFO who may never come. */
	*core = (struct core_file){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
	if (core->fd < 0)
		return pvb_fail(error, PVB_E_ARG_FILE, STAGE, "%s cannot be opened: %s", path,
				strerror(errno));
	if (fstat(core->fd, &stat) != 0)
		rc = pvb_fail(error, PVB_E_ARG_FILE, STAGE, "%s cannot be read: %s", path,
			      strerror(errno));
	else if (!S_ISREG(stat.st_mode))
		rc = pvb_fail(error, PVB_E_ARG_FILE, STAGE, "%s is no regular file", path);
	if (!rc) {
		core->size = (uint64_t)stat.st_size;
		rc = parse(core, error);
		if (rc)
			pvb_context(error, "reading %s", path);
	}
	if (rc)
		core_file_close(core);
	return rc;
}

void core_file_close(struct core_file *core)
{
	if (core->fd >= 0)
		(void)close(core->fd);
	core->fd = -1;
}
