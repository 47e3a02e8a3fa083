/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Write a core in Xen's dump-core format 0.1 (docs/misc/dump-core-format.txt of
 * Xen), with the order of sections and the sizes that xl writes.
 */
#include "dump/dump.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <pvbuild/dump.h>

#include "core/checked.h"
#include "core/cleanup.h"
#include "core/error.h"

#define STAGE "dump"
#define PAGE_BYTES 4096u
#define WINDOW_PAGES 2048u

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

enum {
	SECTION_NULL,
	SECTION_STRTAB,
	SECTION_NOTE,
	SECTION_PRSTATUS,
	SECTION_SHARED_INFO,
	SECTION_PAGES,
	SECTION_P2M,
	SECTIONS,
};

static const char section_names[] = "\0.shstrtab\0.note.Xen\0.xen_prstatus\0.xen_shared_info\0"
				    ".xen_pages\0.xen_p2m";

struct core {
	struct pvb_host *host;
	struct pvb_dump_options options;
	const char *path;
	int fd;
	struct pvb_host_info host_info;
	struct pvb_host_domain domain;
	struct pvb_p2m *p2m;
	const struct pvb_p2m_extent *memory;
	size_t memory_count;
	uint64_t pages;
	uint32_t vcpus; /* those that have a context */
	uint8_t *contexts;
	Elf64_Shdr sections[SECTIONS];
};

static int write_at(const struct core *core, const void *bytes, uint64_t size, uint64_t offset,
		    struct pvb_error *error)
{
	const uint8_t *from = (const uint8_t *)bytes;

	while (size) {
		ssize_t written = pwrite(core->fd, from, size, (off_t)offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return pvb_fail(error, PVB_E_ARG_FILE, STAGE,
					"cannot write %" PRIu64 " bytes at %" PRIu64 " of %s: %s",
					size, offset, core->path,
					strerror(written ? errno : ENOSPC));
		from += written;
		offset += (uint64_t)written;
		size -= (uint64_t)written;
	}
	return 0;
}

static int collect_contexts(struct core *core, struct pvb_host_vcpu *first, struct pvb_error *error)
{
	core->contexts = calloc(core->domain.vcpus, PVB_DUMP_CONTEXT_BYTES);
	if (!core->contexts)
		return pvb_fail_memory(error, STAGE, "vCPU contexts");

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
	at = place(core, SECTION_PAGES, ".xen_pages", SHT_PROGBITS, at, core->pages * PAGE_BYTES,
		   PAGE_BYTES, PAGE_BYTES);
	at = place(core, SECTION_P2M, ".xen_p2m", SHT_PROGBITS, at, core->pages * 16, 8, 16);
	place(core, SECTION_STRTAB, ".shstrtab", SHT_STRTAB, at, sizeof section_names, 0, 0);
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
	int rc = write_at(core, &header, sizeof header, 0, error);

	if (!rc)
		rc = write_at(core, core->sections, sizeof core->sections, sizeof header, error);
	if (!rc)
		rc = write_at(core, section_names, sizeof section_names,
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
	at = put(at, core->pages, 8);
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
	return write_at(core, notes, sizeof notes, core->sections[SECTION_NOTE].sh_offset, error);
}

static int write_shared_info(const struct core *core, struct pvb_error *error)
{
	void *page;
	int rc = pvb_host_map_frames(core->host, core->domain.domid, &core->domain.shared_info, 1,
				     false, &page, error);

	if (rc)
		return rc;
	rc = write_at(core, page, PAGE_BYTES, core->sections[SECTION_SHARED_INFO].sh_offset, error);
	pvb_host_unmap_frames(core->host, page, 1);
	return rc;
}

/* The file stays sparse where a page holds nothing but zeros. */
static int write_window(const struct core *core, const uint8_t *bytes, size_t pages,
			uint64_t offset, struct pvb_error *error)
{
	static const uint8_t zeros[PAGE_BYTES];
	size_t first = 0;

	for (size_t i = 0; i <= pages; i++) {
		if (i < pages && memcmp(bytes + i * PAGE_BYTES, zeros, PAGE_BYTES) != 0)
			continue;
		if (i > first) {
			int rc = write_at(core, bytes + first * PAGE_BYTES,
					  (uint64_t)(i - first) * PAGE_BYTES,
					  offset + first * PAGE_BYTES, error);

			if (rc)
				return rc;
		}
		first = i + 1;
	}
	return 0;
}

/* Of guest memory, all up to an offset of the file is there. */
static int report_progress(const struct core *core, uint64_t offset, struct pvb_error *error)
{
	const struct pvb_dump_options *options = &core->options;

	if (!options->progress ||
	    options->progress(options->progress_opaque, STAGE,
			      offset - core->sections[SECTION_PAGES].sh_offset,
			      core->pages * PAGE_BYTES) == 0)
		return 0;
	return pvb_fail(error, PVB_E_ARG_CANCELLED, STAGE, "the dump was cancelled by its caller");
}

/* count frames from mfn on, whose contents belong at offset. */
static int write_touched(const struct core *core, uint64_t mfn, uint64_t count, uint64_t offset,
			 struct pvb_error *error)
{
	pvb_mfn_t frames[WINDOW_PAGES];

	for (uint64_t done = 0; done < count;) {
		size_t n = (size_t)pvb_min(count - done, WINDOW_PAGES);
		void *at;

		for (size_t i = 0; i < n; i++)
			frames[i] = PVB_MFN(mfn + done + i);
		int rc = pvb_host_map_frames(core->host, core->domain.domid, frames, n, false, &at,
					     error);

		if (rc)
			return rc;
		rc = write_window(core, at, n, offset + done * PAGE_BYTES, error);
		pvb_host_unmap_frames(core->host, at, n);
		done += n;
		if (!rc)
			rc = report_progress(core, offset + done * PAGE_BYTES, error);
		if (rc)
			return rc;
	}
	return 0;
}

static int write_pages(const struct core *core, struct pvb_error *error)
{
	uint64_t offset = core->sections[SECTION_PAGES].sh_offset;

	for (size_t i = 0; i < core->memory_count; i++) {
		const struct pvb_p2m_extent *run = &core->memory[i];

		for (uint64_t done = 0; done < run->count;) {
			uint64_t count;
			bool touched;
			int rc = pvb_host_get_touched_run(core->host, PVB_MFN(run->mfn + done),
							  run->count - done, &touched, &count,
							  error);

			if (!rc && touched)
				rc = write_touched(core, run->mfn + done, count, offset, error);
			if (rc)
				return rc;
			done += count;
			offset += count * PAGE_BYTES;
			rc = touched ? 0 : report_progress(core, offset, error);
			if (rc)
				return rc;
		}
	}
	return 0;
}

static int write_p2m(const struct core *core, struct pvb_error *error)
{
	uint64_t offset = core->sections[SECTION_P2M].sh_offset;
	uint8_t buffer[16 * 4096];
	uint8_t *at = buffer;

	for (size_t i = 0; i < core->memory_count; i++) {
		const struct pvb_p2m_extent *run = &core->memory[i];

		for (uint64_t j = 0; j < run->count; j++) {
			at = put(at, run->pfn + j, 8);
			at = put(at, run->mfn + j, 8);
			if (at < buffer + sizeof buffer)
				continue;
			int rc = write_at(core, buffer, sizeof buffer, offset, error);

			if (rc)
				return rc;
			offset += sizeof buffer;
			at = buffer;
		}
	}
	return write_at(core, buffer, (uint64_t)(at - buffer), offset, error);
}

static int write_core(struct core *core, struct pvb_error *error)
{
	struct pvb_host_vcpu first = {0};
	int rc = collect_contexts(core, &first, error);

	if (!rc)
		rc = pvb_dump_find_memory(core->host, &core->domain, &first, &core->p2m, error);
	if (rc)
		return rc;
	core->memory = pvb_p2m_info(core->p2m)->extents;
	core->memory_count = pvb_p2m_info(core->p2m)->extent_count;
	for (size_t i = 0; i < core->memory_count; i++)
		core->pages += core->memory[i].count;
	lay_out(core);

	int (*const parts[])(const struct core *, struct pvb_error *) = {
		write_headers, write_notes, write_shared_info, write_pages, write_p2m,
	};

	for (size_t i = 0; !rc && i < sizeof parts / sizeof parts[0]; i++)
		rc = parts[i](core, error);
	return rc ? rc
		  : write_at(core, core->contexts, core->sections[SECTION_PRSTATUS].sh_size,
			     core->sections[SECTION_PRSTATUS].sh_offset, error);
}

/* What is at path is replaced by name: a device or a link would be lost by that. */
static int check_place(const char *path, struct pvb_error *error)
{
	struct stat there;

	if (lstat(path, &there) != 0 || S_ISREG(there.st_mode))
		return 0;

	int rc = pvb_fail(error, PVB_E_ARG_FILE, STAGE,
			  "cannot put the core at %s: what is there is no regular file", path);

	pvb_hint(error, "name a regular file, which is replaced, or what does not exist yet");
	return rc;
}

/* The core is made beside its place, so that its folder has to be there and to be writable. */
static int check_folder(const char *path, struct pvb_error *error)
{
	const char *slash = strrchr(path, '/');
	PVB_AUTO_FREE char *folder =
		!slash ? strdup(".") : strndup(path, slash > path ? (size_t)(slash - path) : 1);

	if (!folder)
		return pvb_fail_memory(error, STAGE, "a file name");
	if (access(folder, W_OK | X_OK) == 0)
		return 0;
	return pvb_fail(error, PVB_E_ARG_FILE, STAGE,
			"cannot put the core at %s: no file can be created in %s: %s", path, folder,
			strerror(errno));
}

int pvb_dump_check(const char *path, struct pvb_error *error)
{
	int rc = check_place(path, error);

	return rc ? rc : check_folder(path, error);
}

int pvb_dump_core(struct pvb_host *host, uint32_t domid, const char *path,
		  const struct pvb_dump_options *options, struct pvb_error *error)
{
	PVB_AUTO_CLOSE int fd = -1;
	struct core core = {.host = host, .path = path};
	int rc = pvb_options(&core.options, sizeof core.options, options, STAGE, error);

	if (!rc)
		rc = pvb_host_get_info(host, &core.host_info, error);
	if (!rc)
		rc = pvb_host_get_domain(host, domid, &core.domain, error);
	if (rc)
		return rc;
	if (core.domain.translated) {
		rc = pvb_fail(error, PVB_E_HOST_GUEST_TYPE, STAGE,
			      "domain %u is an arm64 guest, of which no core is written", domid);
		pvb_hint(error, "a core is told from page tables and p2m of a PV guest, which it "
				"does not have");
		return rc;
	}
	if (!core.domain.paused) {
		rc = pvb_fail(error, PVB_E_HOST_STATE, STAGE, "domain %u is running", domid);
		pvb_hint(error, "pause it before it is dumped");
		return rc;
	}

	rc = pvb_dump_check(path, error);
	if (rc)
		return rc;

	/* Written beside its place and moved there when whole: a failure leaves an old core alone.
	 */
	PVB_AUTO_FREE char *temporary = NULL;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
		temporary = NULL;
		return pvb_fail_memory(error, STAGE, "a file name");
	}
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return pvb_fail(error, PVB_E_ARG_FILE, STAGE, "cannot create %s: %s", temporary,
				strerror(errno));
	core.fd = fd;
	rc = write_core(&core, error);
	if (!rc && close(PVB_STEAL_FD(fd)) != 0)
		rc = pvb_fail(error, PVB_E_ARG_FILE, STAGE, "cannot finish writing %s: %s",
			      temporary, strerror(errno));
	if (!rc && rename(temporary, path) != 0)
		rc = pvb_fail(error, PVB_E_ARG_FILE, STAGE, "cannot put the core at %s: %s", path,
			      strerror(errno));
	if (rc)
		(void)unlink(temporary);
	pvb_p2m_free(core.p2m);
	free(core.contexts);
	return rc;
}
