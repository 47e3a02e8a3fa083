/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A paper domain as a core dump, in the layout of Xen's tools (tools/libs/guest/xg_core.c). */
#include <unistd.h>

#include "support/test.h"
#include "unit/audit-domain.h"

#define PAGE 4096u

static void context_64(const struct pvb_host_vcpu *v, struct blob *core, size_t at)
{
	const uint64_t general[] = {v->r15, v->r14, v->r13, v->r12, v->rbp,    v->rbx, v->r11,
				    v->r10, v->r9,  v->r8,  v->rax, v->rcx,    v->rdx, v->rsi,
				    v->rdi, 0,      v->rip, v->cs,  v->rflags, v->rsp, v->ss,
				    v->es,  v->ds,  v->fs,  v->gs};
	const uint64_t callbacks[] = {v->event_callback_eip,
				      v->failsafe_callback_eip,
				      v->syscall_callback_eip,
				      v->vm_assist,
				      v->fs_base,
				      v->gs_base_kernel,
				      v->gs_base_user};

	blob_put(core, at + 512, v->flags, 8);
	for (size_t i = 0; i < 25; i++)
		blob_put(core, at + 520 + 8 * i, general[i], 8);
	blob_put(core, at + 4816, v->ldt_base, 8);
	blob_put(core, at + 4824, v->ldt_entries, 8);
	blob_put(core, at + 4960, v->gdt_entries, 8);
	blob_put(core, at + 4968, v->kernel_ss, 8);
	blob_put(core, at + 4976, v->kernel_sp, 8);
	for (size_t i = 0; i < 8; i++) {
		blob_put(core, at + 4984 + 8 * i, v->cr[i], 8);
		blob_put(core, at + 5048 + 8 * i, v->debugreg[i], 8);
	}
	for (size_t i = 0; i < 7; i++)
		blob_put(core, at + 5112 + 8 * i, callbacks[i], 8);
}

static void context_32(const struct pvb_host_vcpu *v, struct blob *core, size_t at)
{
	const uint64_t general[] = {v->rbx, v->rcx, v->rdx, v->rsi, v->rdi,    v->rbp,
				    v->rax, 0,      v->rip, v->cs,  v->rflags, v->rsp,
				    v->ss,  v->es,  v->ds,  v->fs,  v->gs};
	const uint64_t tail[] = {v->event_callback_cs, v->event_callback_eip,
				 v->failsafe_callback_cs, v->failsafe_callback_eip, v->vm_assist};

	blob_put(core, at + 512, v->flags, 4);
	for (size_t i = 0; i < 17; i++)
		blob_put(core, at + 516 + 4 * i, general[i], 4);
	blob_put(core, at + 2632, v->ldt_base, 4);
	blob_put(core, at + 2636, v->ldt_entries, 4);
	blob_put(core, at + 2704, v->gdt_entries, 4);
	blob_put(core, at + 2708, v->kernel_ss, 4);
	blob_put(core, at + 2712, v->kernel_sp, 4);
	for (size_t i = 0; i < 8; i++) {
		blob_put(core, at + 2716 + 4 * i, v->cr[i], 4);
		blob_put(core, at + 2748 + 4 * i, v->debugreg[i], 4);
	}
	for (size_t i = 0; i < 5; i++)
		blob_put(core, at + 2780 + 4 * i, tail[i], 4);
}

static void note(struct blob *core, uint32_t type, const struct blob *desc)
{
	blob_append_number(core, 4, 4);
	blob_append_number(core, desc->size, 4);
	blob_append_number(core, type, 4);
	blob_append(core, "Xen", 4);
	blob_append_blob(core, desc);
}

static void notes(struct blob *core, uint64_t vcpus, uint64_t pages)
{
	struct blob none = BLOB_INIT, header = BLOB_INIT, version = BLOB_INIT, format = BLOB_INIT;

	blob_append_number(&header, 0xf00febed, 8);
	blob_append_number(&header, vcpus, 8);
	blob_append_number(&header, pages, 8);
	blob_append_number(&header, PAGE, 8);
	blob_append_number(&version, 4, 8);
	blob_append_number(&version, 17, 8);
	blob_append(&version, NULL, 16 + 144 + 1024 + 64);
	blob_append_number(&version, UINT64_C(0xffff800000000000), 8);
	blob_append_number(&version, PAGE, 8);
	blob_append_number(&format, 1, 8);
	note(core, 0x2000000, &none);
	note(core, 0x2000001, &header);
	note(core, 0x2000002, &version);
	note(core, 0x2000003, &format);
	blob_free(&header);
	blob_free(&version);
	blob_free(&format);
}

enum section { SEC_NAMES, SEC_NOTES, SEC_PRSTATUS, SEC_SHARED, SEC_PAGES, SEC_P2M, SEC_COUNT };

static const char *const section_names[SEC_COUNT] = {
	".shstrtab", ".note.Xen", ".xen_prstatus", ".xen_shared_info", ".xen_pages", ".xen_p2m"};

static bool is_hole(const struct paper_domain *domain, uint64_t pfn)
{
	return pfn - domain->spec.hole_first < domain->spec.hole_count;
}

static void section_bytes(struct paper_domain *domain, const struct core_style *style,
			  enum section section, struct blob *core)
{
	const uint64_t vcpus = style->vcpus ? style->vcpus : 1;
	const size_t context = domain->bits == 32 && style->small_contexts ? 2800 : 5168;
	size_t at;

	switch (section) {
	case SEC_NAMES:
		blob_append(core, NULL, 1);
		for (unsigned i = 0; i < SEC_COUNT; i++)
			blob_append(core, section_names[i], strlen(section_names[i]) + 1);
		break;
	case SEC_NOTES:
		notes(core, vcpus, domain->pages - domain->spec.hole_count);
		break;
	case SEC_PRSTATUS:
		at = blob_append(core, NULL, vcpus * context);
		if (domain->bits == 64)
			context_64(&domain->vcpu, core, at);
		else
			context_32(&domain->vcpu, core, at);
		break;
	case SEC_SHARED:
		blob_append(core, domain->shared_info, PAGE);
		break;
	case SEC_PAGES:
		blob_align(core, PAGE);
		for (uint64_t pfn = 0; pfn < domain->pages; pfn++)
			if (!is_hole(domain, pfn))
				blob_append(core, domain->memory + pfn * PAGE, PAGE);
		break;
	case SEC_P2M:
		for (uint64_t pfn = 0; pfn < domain->pages; pfn++) {
			bool valid = pfn < domain->pages - style->invalid;

			if (is_hole(domain, pfn))
				continue;
			blob_append_number(core, valid ? domain->frames[pfn].m2p : UINT64_MAX, 8);
			blob_append_number(core, valid ? domain->frames[pfn].mfn : UINT64_MAX, 8);
		}
		break;
	case SEC_COUNT:
		break;
	}
}

struct blob paper_core(struct paper_domain *domain, const struct core_style *style)
{
	static const enum section as_xl[] = {SEC_NOTES, SEC_PRSTATUS, SEC_SHARED,
					     SEC_PAGES, SEC_P2M,      SEC_NAMES};
	static const enum section reversed[] = {SEC_NAMES,  SEC_P2M,      SEC_PAGES,
						SEC_SHARED, SEC_PRSTATUS, SEC_NOTES};
	/* In the section table: the names first, then as in the file. */
	static const enum section headers[] = {SEC_NAMES,  SEC_NOTES, SEC_PRSTATUS,
					       SEC_SHARED, SEC_PAGES, SEC_P2M};
	const size_t table_size = (SEC_COUNT + 1) * 64;
	uint64_t offset[SEC_COUNT] = {0}, size[SEC_COUNT] = {0};
	struct blob core = BLOB_INIT;
	size_t table = 64;

	blob_append(&core, NULL, 64);
	if (!style->sections_last)
		blob_append(&core, NULL, table_size);
	for (unsigned i = 0; i < SEC_COUNT; i++) {
		enum section section = style->sections_last ? reversed[i] : as_xl[i];

		if (section == SEC_PAGES)
			blob_align(&core, PAGE);
		offset[section] = core.size;
		section_bytes(domain, style, section, &core);
		size[section] = core.size - offset[section];
	}
	if (style->sections_last)
		table = blob_append(&core, NULL, table_size);

	static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 1};
	memcpy(core.bytes, ident, sizeof ident);
	blob_put(&core, 16, 4, 2);
	blob_put(&core, 18, domain->bits == 64 ? 62 : 3, 2);
	blob_put(&core, 20, 1, 4);
	blob_put(&core, 40, table, 8);
	blob_put(&core, 52, 64, 2);
	blob_put(&core, 54, 56, 2);
	blob_put(&core, 58, 64, 2);
	blob_put(&core, 60, SEC_COUNT + 1, 2);
	blob_put(&core, 62, 1, 2);
	size_t name = 1;
	for (unsigned i = 0; i < SEC_COUNT; i++) {
		enum section section = headers[i];
		size_t at = table + (i + 1) * 64;

		name = 1;
		for (unsigned k = 0; k < section; k++)
			name += strlen(section_names[k]) + 1;
		if (section == SEC_SHARED && style->no_shared_info)
			name = 0;
		blob_put(&core, at, name, 4);
		blob_put(&core, at + 4, section == SEC_NAMES ? 3 : section == SEC_NOTES ? 7 : 1, 4);
		blob_put(&core, at + 24, offset[section], 8);
		blob_put(&core, at + 32, size[section], 8);
	}
	return core;
}

char *write_temporary(const struct blob *blob)
{
	char *path = strdup("audit-core-XXXXXX");

	assert_non_null(path);
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)blob->size), 0);
	for (size_t done = 0; done < blob->size; done += PAGE) {
		static const uint8_t zeros[PAGE];
		size_t size = blob->size - done < PAGE ? blob->size - done : PAGE;

		if (memcmp(blob->bytes + done, zeros, size) != 0)
			assert_int_equal(pwrite(fd, blob->bytes + done, size, (off_t)done), size);
	}
	assert_int_equal(close(fd), 0);
	return path;
}
