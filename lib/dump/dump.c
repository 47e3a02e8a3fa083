/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Write a core in Xen's dump-core format 0.1 (docs/misc/dump-core-format.txt of
 * Xen), with the order of sections and the sizes that xl writes.
 */
#include "dump/dump.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/checked.h"
#include "core/error.h"
#include "core/newfile.h"

#define PAGE_BYTES DUMP_PAGE_BYTES

/* Xen public elfnote.h and xen-tools' xg_core.h */
enum {
	NOTE_NONE = 0x2000000,
	NOTE_HEADER = 0x2000001,
	NOTE_XEN_VERSION = 0x2000002,
	NOTE_FORMAT_VERSION = 0x2000003,
	NOTE_HEAD_BYTES = 16,
	HEADER_BYTES = 32,
	VERSION_BYTES = 1280,
	NOTES_BYTES = 4 * NOTE_HEAD_BYTES + HEADER_BYTES + VERSION_BYTES + 8,
};
#define CORE_MAGIC UINT64_C(0xf00febed)
#define FORMAT_VERSION UINT64_C(1)
#define HYPERVISOR_VIRT_START UINT64_C(0xffff800000000000)

static const char section_names[] = "\0.shstrtab\0.note.Xen\0.xen_prstatus\0.xen_shared_info\0"
				    ".xen_pages\0.xen_p2m";

static int collect_contexts(struct core *core, struct pvb_host_vcpu *first, struct pvb_error *error)
{
	core->contexts = calloc(core->domain.vcpus, PVB_DUMP_CONTEXT_BYTES);
	if (!core->contexts)
		return pvb_fail_memory(error, DUMP_STAGE, "vCPU contexts");

	for (uint32_t i = 0; i < core->domain.vcpus; i++) {
		struct pvb_host_vcpu vcpu;
		struct pvb_error why;
		int rc = pvb_host_get_vcpu(core->host, core->domain.domid, i, &vcpu, &why);

		/* vCPUs that were never brought up have no registers: xl leaves them out, too. */
		if (rc == -PVB_E_HOST_STATE && i > 0)
			continue;
		if (rc) {
			if (error)
				*error = why;
			return rc;
		}
		if (i == 0)
			*first = vcpu;
		pvb_dump_encode_context(&vcpu, core->domain.guest_bits,
					core->contexts +
						(size_t)core->vcpus * PVB_DUMP_CONTEXT_BYTES);
		core->vcpus++;
	}
	return 0;
}

static uint32_t name_offset(const char *name)
{
	for (size_t at = 1; at < sizeof section_names; at += strlen(section_names + at) + 1)
		if (strcmp(section_names + at, name) == 0)
			return (uint32_t)at;
	return 0;
}

static uint64_t place(struct core *core, unsigned index, const char *name, uint32_t type,
		      uint64_t offset, uint64_t size, uint64_t align, uint64_t entry)
{
	core->sections[index] = (Elf64_Shdr){
		.sh_name = name_offset(name),
		.sh_type = type,
		.sh_offset = offset,
		.sh_size = size,
		.sh_addralign = align,
		.sh_entsize = entry,
	};
	return offset + size;
}

static void lay_out(struct core *core)
{
	uint64_t at = sizeof(Elf64_Ehdr) + sizeof core->sections;

	at = place(core, SECTION_NOTE, ".note.Xen", SHT_NOTE, at, NOTES_BYTES, 0, 0);
	at = place(core, SECTION_PRSTATUS, ".xen_prstatus", SHT_PROGBITS, at,
		   (uint64_t)core->vcpus * PVB_DUMP_CONTEXT_BYTES, 8, PVB_DUMP_CONTEXT_BYTES);
	at = place(core, SECTION_SHARED_INFO, ".xen_shared_info", SHT_PROGBITS, at, PAGE_BYTES, 8,
		   PAGE_BYTES);
	at = (at + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
	at = place(core, SECTION_PAGES, ".xen_pages", SHT_PROGBITS, at,
		   core->memory.result.pages * PAGE_BYTES, PAGE_BYTES, PAGE_BYTES);
	at = place(core, SECTION_P2M, ".xen_p2m", SHT_PROGBITS, at, core->memory.result.pages * 16,
		   8, 16);
	core->bytes = place(core, SECTION_STRTAB, ".shstrtab", SHT_STRTAB, at, sizeof section_names,
			    0, 0);
}

static int write_headers(const struct core *core, struct pvb_error *error)
{
	/* The machine is the guest's, as in xl's cores: it is what tells readers its width. */
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT,
			    ELFOSABI_SYSV, EV_CURRENT},
		.e_type = ET_CORE,
		.e_machine = core->domain.guest_bits == 64 ? EM_X86_64 : EM_386,
		.e_version = EV_CURRENT,
		.e_shoff = sizeof header,
		.e_ehsize = sizeof header,
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = SECTIONS,
		.e_shstrndx = SECTION_STRTAB,
	};
	int rc = pvb_dump_write(core, &header, sizeof header, 0, error);

	if (!rc)
		rc = pvb_dump_write(core, core->sections, sizeof core->sections, sizeof header,
				    error);
	if (!rc)
		rc = pvb_dump_write(core, section_names, sizeof section_names,
				    core->sections[SECTION_STRTAB].sh_offset, error);
	return rc;
}

static uint8_t *put(uint8_t *at, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> (8 * i));
	return at + size;
}

static uint8_t *put_note(uint8_t *at, uint32_t type, uint32_t size)
{
	at = put(at, 4, 4);
	at = put(at, size, 4);
	at = put(at, type, 4);
	memcpy(at, "Xen", 4);
	return at + 4;
}

static int write_notes(const struct core *core, struct pvb_error *error)
{
	uint8_t notes[NOTES_BYTES] = {0};
	uint8_t *at = put_note(notes, NOTE_NONE, 0);

	at = put_note(at, NOTE_HEADER, HEADER_BYTES);
	at = put(at, CORE_MAGIC, 8);
	at = put(at, core->vcpus, 8);
	at = put(at, core->memory.result.pages, 8);
	at = put(at, PAGE_BYTES, 8);

	/*
	 * Xen public version.h: extra_version 16 bytes, compile_info 144, capabilities 1024,
	 * changeset 64, platform_parameters 8. For 32-bit guests xl moves the page size, last,
	 * to where a 32-bit compiler would align it.
	 */
	at = put_note(at, NOTE_XEN_VERSION, VERSION_BYTES);
	(void)put(at, core->host_info.xen_major, 8);
	(void)put(at + 8, core->host_info.xen_minor, 8);
	memcpy(at + 176, core->host_info.capabilities, strlen(core->host_info.capabilities));
	(void)put(at + 1264, HYPERVISOR_VIRT_START, 8);
	(void)put(at + (core->domain.guest_bits == 64 ? 1272 : 1268), PAGE_BYTES, 8);
	at += VERSION_BYTES;

	at = put_note(at, NOTE_FORMAT_VERSION, 8);
	(void)put(at, FORMAT_VERSION, 8);
	return pvb_dump_write(core, notes, sizeof notes, core->sections[SECTION_NOTE].sh_offset,
			      error);
}

static int write_shared_info(const struct core *core, struct pvb_error *error)
{
	void *page;
	int rc = pvb_host_map_frames(core->host, core->domain.domid, &core->domain.shared_info, 1,
				     false, &page, error);

	if (rc)
		return rc;
	rc = pvb_dump_write(core, page, PAGE_BYTES, core->sections[SECTION_SHARED_INFO].sh_offset,
			    error);
	pvb_host_unmap_frames(core->host, page, 1);
	return rc;
}

static int write_p2m(const struct core *core, struct pvb_error *error)
{
	uint64_t offset = core->sections[SECTION_P2M].sh_offset;
	uint8_t buffer[16 * 4096];
	uint8_t *at = buffer;

	for (size_t i = 0; i < core->memory.count; i++) {
		const struct pvb_p2m_extent *run = &core->memory.extents[i];

		for (uint64_t j = 0; j < run->count; j++) {
			at = put(at, run->pfn + j, 8);
			at = put(at, run->mfn + j, 8);
			if (at < buffer + sizeof buffer)
				continue;
			int rc = pvb_dump_write(core, buffer, sizeof buffer, offset, error);

			if (rc)
				return rc;
			offset += sizeof buffer;
			at = buffer;
		}
	}
	return pvb_dump_write(core, buffer, (uint64_t)(at - buffer), offset, error);
}

/* What the caller's structure has room for. */
static void hand_out(const struct core *core)
{
	struct pvb_dump_result result = core->memory.result;
	struct pvb_dump_result *out = core->options.result;

	if (!out)
		return;
	result.size = out->size;
	memcpy(out, &result, (size_t)pvb_min(out->size, sizeof result));
}

static int write_core(struct core *core, struct pvb_error *error)
{
	struct pvb_host_vcpu first = {0};
	int rc = collect_contexts(core, &first, error);

	if (!rc)
		rc = pvb_dump_find_memory(core->host, &core->domain, &first, &core->memory, error);
	hand_out(core);
	if (rc)
		return rc;
	lay_out(core);
	rc = pvb_dump_check_room(core, error);

	int (*const parts[])(const struct core *, struct pvb_error *) = {
		write_headers, write_notes, write_shared_info, pvb_dump_write_pages, write_p2m,
	};

	for (size_t i = 0; !rc && i < sizeof parts / sizeof parts[0]; i++)
		rc = parts[i](core, error);
	return rc ? rc
		  : pvb_dump_write(core, core->contexts, core->sections[SECTION_PRSTATUS].sh_size,
				   core->sections[SECTION_PRSTATUS].sh_offset, error);
}

static int check_domain(const struct pvb_host_domain *domain, struct pvb_error *error)
{
	int rc;

	if (domain->translated) {
		rc = pvb_fail(error, PVB_E_HOST_GUEST_TYPE, DUMP_STAGE,
			      "domain %u is an arm64 guest, of which no core is written",
			      domain->domid);
		pvb_hint(error, "a core is told from page tables and p2m of a PV guest, which it "
				"does not have");
		return rc;
	}
	if (!domain->paused) {
		rc = pvb_fail(error, PVB_E_HOST_STATE, DUMP_STAGE, "domain %u is running",
			      domain->domid);
		pvb_hint(error, "pause it before it is dumped");
		return rc;
	}
	return 0;
}

int pvb_dump_core(struct pvb_host *host, uint32_t domid, const char *path,
		  const struct pvb_dump_options *options, struct pvb_error *error)
{
	struct core core = {.host = host, .path = path};
	struct pvb_newfile file;
	int rc = pvb_options(&core.options, sizeof core.options, options, DUMP_STAGE, error);

	if (!rc && core.options.result &&
	    core.options.result->size < sizeof core.options.result->size)
		rc = pvb_fail(error, PVB_E_ARG_INVALID, DUMP_STAGE,
			      "a result structure says that it has %zu bytes",
			      core.options.result->size);
	if (!rc)
		rc = pvb_host_get_info(host, &core.host_info, error);
	if (!rc)
		rc = pvb_host_get_domain(host, domid, &core.domain, error);
	if (!rc)
		rc = check_domain(&core.domain, error);
	if (!rc)
		rc = pvb_dump_check(path, error);
	if (rc)
		return rc;
	if (pvb_newfile_open(&file, path, 0600) != 0)
		return pvb_fail(error, PVB_E_ARG_FILE, DUMP_STAGE, "cannot create %s: %s", path,
				strerror(errno));
	core.fd = file.fd;
	rc = write_core(&core, error);
	/* Whoever destroys the domain afterwards has nothing but this file. */
	if (!rc && pvb_newfile_commit(&file, true) != 0)
		rc = pvb_fail(error, PVB_E_ARG_FILE, DUMP_STAGE, "cannot put the core at %s: %s",
			      path, strerror(errno));
	pvb_newfile_discard(&file);
	pvb_dump_forget_memory(&core.memory);
	free(core.contexts);
	return rc;
}
