/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit/audit-domain.h"

#include <sys/mman.h>

#include "support/elf-builder.h"
#include "support/test.h"

#define PAGE 4096u
#define FLAG_P 1u
#define LEAF_RW 0x23u
#define LEAF_RO 0x21u
#define UPPER 0x67u
#define USER 4u
#define USUAL_BIT 52u
#define INIT_P2M UINT64_C(0x8000000000)

static const struct {
	unsigned wide, narrow, width_wide, width_narrow;
} fields[] = {
	[SI_NR_PAGES] = {32, 32, 8, 4},
	[SI_SHARED_INFO] = {40, 36, 8, 4},
	[SI_FLAGS] = {48, 40, 4, 4},
	[SI_STORE_MFN] = {56, 44, 8, 4},
	[SI_STORE_EVTCHN] = {64, 48, 4, 4},
	[SI_CONSOLE_MFN] = {72, 52, 8, 4},
	[SI_CONSOLE_EVTCHN] = {80, 56, 4, 4},
	[SI_PT_BASE] = {88, 60, 8, 4},
	[SI_NR_PT_FRAMES] = {96, 64, 8, 4},
	[SI_MFN_LIST] = {104, 68, 8, 4},
	[SI_MOD_START] = {112, 72, 8, 4},
	[SI_MOD_LEN] = {120, 76, 8, 4},
	[SI_CMD_LINE] = {128, 80, 8, 4},
	[SI_FIRST_P2M_PFN] = {1152, 1104, 8, 4},
	[SI_NR_P2M_FRAMES] = {1160, 1108, 8, 4},
};

uint8_t *paper_page(struct paper_domain *domain, uint64_t pfn)
{
	assert_true(pfn < domain->pages);
	return domain->memory + pfn * PAGE;
}

uint64_t paper_va(const struct paper_domain *domain, uint64_t pfn)
{
	return domain->base + pfn * PAGE;
}

uint8_t *paper_start_info(struct paper_domain *domain, enum paper_field field)
{
	return paper_page(domain, domain->start_info) +
	       (domain->bits == 64 ? fields[field].wide : fields[field].narrow);
}

static unsigned field_width(const struct paper_domain *domain, enum paper_field field)
{
	return domain->bits == 64 ? fields[field].width_wide : fields[field].width_narrow;
}

uint64_t paper_get(struct paper_domain *domain, enum paper_field field)
{
	uint64_t value = 0;

	memcpy(&value, paper_start_info(domain, field), field_width(domain, field));
	return value;
}

void paper_set(struct paper_domain *domain, enum paper_field field, uint64_t value)
{
	memcpy(paper_start_info(domain, field), &value, field_width(domain, field));
}

static uint64_t tree_level_pages(const struct paper_domain *domain, unsigned level)
{
	uint64_t pages = domain->pages;

	while (level--)
		pages = (pages + PAGE / (domain->bits / 8) - 1) / (PAGE / (domain->bits / 8));
	return pages;
}

uint64_t paper_tree_page(const struct paper_domain *domain, unsigned level, uint64_t index)
{
	uint64_t pfn = domain->tree + index;

	for (unsigned above = domain->spec.tree_levels; above > level; above--)
		pfn += tree_level_pages(domain, above);
	return pfn;
}

static uint8_t *tree_entry(struct paper_domain *domain, unsigned level, uint64_t entry)
{
	const unsigned width = domain->bits / 8;

	return paper_page(domain, paper_tree_page(domain, level, entry / (PAGE / width))) +
	       entry % (PAGE / width) * width;
}

uint64_t paper_tree_get(struct paper_domain *domain, unsigned level, uint64_t entry)
{
	uint64_t mfn = 0;

	memcpy(&mfn, tree_entry(domain, level, entry), domain->bits / 8);
	return mfn;
}

void paper_tree_set(struct paper_domain *domain, unsigned level, uint64_t entry, uint64_t mfn)
{
	memcpy(tree_entry(domain, level, entry), &mfn, domain->bits / 8);
}

void paper_set_anchors(struct paper_domain *domain, uint64_t max_pfn, uint64_t list_list)
{
	const unsigned width = domain->bits / 8;
	uint8_t *at = domain->shared_info + (width == 8 ? 0xc10 : 0x90c);

	memcpy(at, &max_pfn, width);
	memcpy(at + width, &list_list, width);
}

static uint8_t *list_entry(struct paper_domain *domain, uint64_t pfn)
{
	return paper_page(domain, domain->list) + pfn * (domain->bits / 8);
}

uint64_t paper_list_get(struct paper_domain *domain, uint64_t pfn)
{
	uint64_t mfn = 0;

	memcpy(&mfn, list_entry(domain, pfn), domain->bits / 8);
	return mfn;
}

void paper_list_set(struct paper_domain *domain, uint64_t pfn, uint64_t mfn)
{
	memcpy(list_entry(domain, pfn), &mfn, domain->bits / 8);
}

uint64_t *paper_entry(struct paper_domain *domain, uint64_t va, unsigned level)
{
	uint64_t table = domain->tables;

	for (unsigned l = domain->bits == 64 ? 4 : 3;; l--) {
		uint64_t index = va >> (12 + 9 * (l - 1)) & 511;
		uint64_t *entry = (uint64_t *)(void *)paper_page(domain, table) + index;

		if (l == level)
			return entry;
		assert_true(*entry & FLAG_P);
		table = paper_pfn(domain, *entry >> 12 & 0xffffffffff);
	}
}

/* ---- making one -------------------------------------------------------- */

static uint64_t base_of(const struct domain_spec *spec)
{
	if (spec->at_zero)
		return 0;
	return spec->bits == 64 ? UINT64_C(0xffffffff80000000) : 0xc0000000;
}

static uint64_t kernel_pfn(const struct domain_spec *spec)
{
	return spec->kernel_pfn ? spec->kernel_pfn : 256;
}

struct blob paper_kernel(const struct domain_spec *spec)
{
	const unsigned width = spec->bits / 8;
	const uint64_t pages = spec->kernel_pages ? spec->kernel_pages : 40;
	const uint64_t paddr = kernel_pfn(spec) * PAGE, base = base_of(spec);
	struct elf_builder b = {.bits = spec->bits, .machine = spec->bits == 64 ? 62 : 3};
	struct blob notes = BLOB_INIT;

	elf_add_load(&b, paddr, (pages - 2) * PAGE - 0x123, pages * PAGE);
	b.segments[0].vaddr = base + paddr;
	b.entry = paddr;
	note_add_text(&notes, NOTE_GUEST_OS, spec->is_linux ? "linux" : "paper");
	note_add_text(&notes, NOTE_XEN_VERSION, "xen-3.0");
	note_add_text(&notes, NOTE_LOADER, "generic");
	note_add_number(&notes, NOTE_VIRT_BASE, base + (spec->base_note ? PAGE : 0), width);
	note_add_number(&notes, NOTE_PADDR_OFFSET, spec->base_note ? PAGE : 0, width);
	note_add_number(&notes, NOTE_ENTRY, base + paddr + 0x10, width);
	if (spec->bits == 32)
		note_add_text(&notes, NOTE_PAE_MODE, "yes,bimodal");
	if (spec->hypercall)
		note_add_number(&notes, NOTE_HYPERCALL_PAGE, base + paddr + PAGE, width);
	if (spec->init_p2m)
		note_add_number(&notes, NOTE_INIT_P2M,
				INIT_P2M + (spec->init_p2m_note ? 0x10000000 : 0), 8);
	if (spec->module_by_pfn && !spec->no_module_note)
		note_add_number(&notes, NOTE_MOD_START_PFN, 1, 4);
	if (spec->declares)
		note_add(&notes, "pvbuild", 1, "\x28\0\0\0", 4);
	if (spec->pte_note)
		note_add(&notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_PTE_BITS,
			 (const char *)&spec->pte_note, sizeof spec->pte_note);
	elf_add_note_segment(&b, &notes);
	return elf_build(&b);
}

static struct paper_domain *paper_new(uint64_t pages)
{
	struct paper_domain *domain = (struct paper_domain *)calloc(1, sizeof *domain);

	assert_non_null(domain);
	domain->host = (struct pvb_host){.ops = &paper_ops, .page_shift = 12};
	domain->pages = domain->owned = pages;
	domain->paused = true;
	domain->page_shift = 12;
	domain->address_bits = 46;
	domain->grant_bit = PVB_GUEST_PTE_NO_BIT;
	domain->memory = (uint8_t *)mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(domain->memory, MAP_FAILED);
	domain->frames = (struct paper_frame *)calloc(pages, sizeof domain->frames[0]);
	domain->by_mfn = (uint64_t *)calloc(pages, sizeof domain->by_mfn[0]);
	assert_non_null(domain->frames);
	assert_non_null(domain->by_mfn);
	return domain;
}

struct keyed {
	uint64_t mfn, pfn;
};

static int by_mfn(const void *a, const void *b)
{
	const struct keyed *x = (const struct keyed *)a, *y = (const struct keyed *)b;

	return x->mfn < y->mfn ? -1 : x->mfn > y->mfn;
}

static void sort_frames(struct paper_domain *domain)
{
	struct keyed *keyed = (struct keyed *)calloc(domain->pages, sizeof *keyed);

	assert_non_null(keyed);
	for (uint64_t pfn = 0; pfn < domain->pages; pfn++)
		keyed[pfn] = (struct keyed){domain->frames[pfn].mfn, pfn};
	qsort(keyed, domain->pages, sizeof *keyed, by_mfn);
	for (uint64_t i = 0; i < domain->pages; i++)
		domain->by_mfn[i] = keyed[i].pfn;
	free(keyed);
}

static void hand_out_frames(struct paper_domain *domain)
{
	const uint64_t base = domain->spec.mfn_base ? domain->spec.mfn_base : 0x4000;

	for (uint64_t pfn = 0; pfn < domain->pages; pfn++) {
		/* Two runs, or, scrambled, pairs of frames in an order of their own. */
		uint64_t slot = domain->spec.scrambled ? pfn ^ 0x154
				: pfn < 700            ? pfn + (domain->pages - 700)
						       : pfn - 700;

		domain->frames[pfn] = (struct paper_frame){
			.mfn = base + slot, .m2p = pfn, .type = PVB_FRAME_PLAIN};
	}
	for (uint64_t n = 0; n < domain->spec.hole_count; n++)
		domain->frames[domain->spec.hole_first + n] =
			(struct paper_frame){.mfn = UINT64_MAX, .m2p = UINT64_MAX, .foreign = true};
	domain->owned -= domain->spec.hole_count;
	sort_frames(domain);
}

static void load_kernel(struct paper_domain *domain)
{
	const struct blob *kernel = &domain->kernel;
	const uint64_t paddr = elf_get_ph(kernel, 0, PH_PADDR);
	uint8_t *stub;

	memcpy(domain->memory + paddr, kernel->bytes + elf_get_ph(kernel, 0, PH_OFFSET),
	       elf_get_ph(kernel, 0, PH_FILESZ));
	domain->kernel_first = kernel_pfn(&domain->spec);
	domain->entry = paper_va(domain, domain->kernel_first) + 0x10;
	if (!domain->spec.hypercall)
		return;
	domain->hypercall_page = domain->kernel_first + 1;
	stub = paper_page(domain, domain->hypercall_page);
	memset(stub, 0xcc, PAGE);
	for (uint32_t i = 0; i < 128; i++, stub += 32) {
		char text[32];
		static const char *const forms[2][2] = {
			{"\xb8%c%c%c%c\xcd\x82\xc3", "\x50\xb8%c%c%c%c\xcd\x82"},
			{"\x51\x41\x53\xb8%c%c%c%c\x0f\x05\x41\x5b\x59\xc3",
			 "\x51\x41\x53\x50\xb8%c%c%c%c\x0f\x05"},
		};
		const char *form = forms[domain->bits == 64][i == 23];
		int n = 0;

		/* A %c is a byte of the hypercall's number. */
		for (unsigned byte = 0; *form; form++)
			if (*form == '%') {
				text[n++] = (char)(i >> (8 * byte++));
				form++;
			} else {
				text[n++] = *form;
			}
		memcpy(stub, text, (size_t)n);
	}
}

/* Tables that cover [from, to) at a level of 1 (L1s) and up. */
static uint64_t tables_for(uint64_t from, uint64_t to, unsigned level)
{
	unsigned shift = 12 + 9 * level;

	return ((to - 1) >> shift) - (from >> shift) + 1;
}

static uint64_t count_tables(const struct paper_domain *domain, uint64_t from, uint64_t to,
			     uint64_t counts[5])
{
	counts[1] = tables_for(from, to, 1);
	counts[2] = tables_for(from, to, 2);
	counts[3] = domain->bits == 64 ? tables_for(from, to, 3) : 1;
	counts[4] = domain->bits == 64 ? 1 : 0;
	if (domain->bits == 32 && to <= 0xc0000000)
		counts[2] = 4 - (from >> 30);
	return counts[1] + counts[2] + counts[3] + counts[4];
}

static uint64_t leaf_flags(const struct paper_domain *domain, bool writable)
{
	const unsigned mark = domain->spec.kernel_bit ? domain->spec.kernel_bit : USUAL_BIT;
	const uint64_t pinned = UINT64_C(1) << mark | USER;

	return (writable ? LEAF_RW : LEAF_RO) |
	       (domain->bits == 64 && !domain->spec.unpinned ? pinned : 0);
}

/*
 * Fill tables that stand at PFN first on, counts[level] of each, root first, so that
 * [from, from + pages) maps PFN pfn and on. A root that is there already is used.
 */
static void fill_tables(struct paper_domain *domain, uint64_t first, const uint64_t counts[5],
			uint64_t from, uint64_t pages, uint64_t pfn)
{
	const unsigned top = domain->bits == 64 ? 4 : 3;
	const uint64_t mask = domain->bits == 64 ? 0xffffffffffff : 0xffffffff;
	uint64_t at = first, table[5] = {0};

	from &= mask;
	for (unsigned level = top; level > 0; level--) {
		table[level] = at;
		at += counts[level];
		for (uint64_t i = 0; i < counts[level]; i++) {
			domain->frames[table[level] + i].type =
				(enum pvb_frame_type)(PVB_FRAME_L1 + level - 1);
		}
	}
	if (!counts[top])
		table[top] = domain->tables;
	for (unsigned level = top; level > 1; level--) {
		const unsigned shift = 12 + 9 * (level - 1);

		for (uint64_t i = 0; i < counts[level - 1]; i++) {
			uint64_t unit = (from >> shift) + i;
			uint64_t owner = counts[level] ? unit / 512 - (from >> (shift + 9)) : 0;
			uint64_t *entries =
				(uint64_t *)(void *)paper_page(domain, table[level] + owner);

			entries[unit % 512] =
				domain->frames[table[level - 1] + i].mfn << 12 | UPPER;
		}
	}
	for (uint64_t i = 0; i < pages; i++) {
		uint64_t unit = (from >> 12) + i;
		uint64_t *entries = (uint64_t *)(void *)paper_page(domain, table[1] + unit / 512 -
										   (from >> 21));
		bool is_table =
			pfn + i >= domain->tables && pfn + i < domain->tables + domain->table_count;

		entries[unit % 512] =
			domain->frames[pfn + i].mfn << 12 | leaf_flags(domain, !is_table);
	}
}

static void place_elements(struct paper_domain *domain)
{
	const struct domain_spec *spec = &domain->spec;
	const uint64_t entries = PAGE / (domain->bits / 8);
	const uint64_t module_pages = (spec->module_bytes + PAGE - 1) / PAGE;
	uint64_t counts[5] = {0},
		 next = domain->kernel_first + (spec->kernel_pages ? spec->kernel_pages : 40);
	uint64_t tables = 0;

	domain->list_pages = (domain->pages + entries - 1) / entries + spec->long_list;
	if (module_pages && !spec->module_by_pfn) {
		domain->module_first = next;
		next += module_pages;
	}
	if (!spec->init_p2m) {
		domain->list = next;
		domain->list_va = paper_va(domain, next);
		next += domain->list_pages;
	}
	domain->start_info = next++;
	domain->store = next++;
	domain->console = next++;
	domain->tables = next;
	do {
		domain->table_count = tables;
		domain->stack = domain->tables + tables;
		domain->end =
			(domain->stack + 1 + (spec->no_padding ? 0 : 128) + 1023) / 1024 * 1024;
		tables = count_tables(domain, domain->base, domain->base + domain->end * PAGE,
				      counts);
	} while (tables != domain->table_count);
	fill_tables(domain, domain->tables, counts, domain->base, domain->end, 0);

	next = domain->end;
	if (module_pages && spec->module_by_pfn) {
		domain->module_first = next;
		next += module_pages;
	}
	if (spec->init_p2m) {
		domain->list = next;
		domain->list_va = domain->init_p2m = INIT_P2M;
		domain->p2m_tables = next + domain->list_pages;
		domain->p2m_table_count =
			count_tables(domain, INIT_P2M, INIT_P2M + domain->list_pages * PAGE,
				     counts) -
			1;
		counts[4] = 0;
		fill_tables(domain, domain->p2m_tables, counts, INIT_P2M, domain->list_pages,
			    domain->list);
	}
	if (spec->init_p2m)
		next += domain->list_pages + domain->p2m_table_count;
	domain->tree = next;
	for (unsigned level = 2; level <= spec->tree_levels; level++)
		domain->tree_count += tree_level_pages(domain, level);
	/* Xen's own entries: its linear mapping of the tables, and one that leads elsewhere. */
	if (domain->bits == 64) {
		uint64_t *root = (uint64_t *)(void *)paper_page(domain, domain->tables);

		root[258] = domain->frames[domain->tables].mfn << 12 | 0x63;
		root[256] = UINT64_C(0x3ff0000) << 12 | 0x67;
	}
	domain->frames[domain->tables].pinned = !spec->unpinned;
	if (spec->unpinned)
		for (uint64_t pfn = 0; pfn < domain->pages; pfn++)
			domain->frames[pfn].type = PVB_FRAME_PLAIN;
}

static void fill_tree(struct paper_domain *domain)
{
	const unsigned levels = domain->spec.tree_levels;

	if (domain->tree_count)
		memset(paper_page(domain, domain->tree), 0xff, domain->tree_count * PAGE);
	for (unsigned level = 2; level <= levels; level++)
		for (uint64_t i = 0; i < tree_level_pages(domain, level - 1); i++) {
			uint64_t pfn = level == 2 ? domain->list + i
						  : paper_tree_page(domain, level - 1, i);

			paper_tree_set(domain, level, i, domain->frames[pfn].mfn);
		}
}

/* As the kernel finds it; one that is told of a tree has one that goes on for 16 bytes. */
static void answer(struct paper_domain *domain)
{
	const struct domain_spec *spec = &domain->spec;
	const uint8_t mark = domain->bits == 32 ? 0xff
			     : spec->kernel_bit ? (uint8_t)spec->kernel_bit
						: USUAL_BIT;
	const uint8_t bytes[] = {
		'p', 'v', 'b', 'g', 'u', 'e', 's', 't', 1, 0, 0, 0, 32, 0, 0, 0, 7,
	};
	const uint64_t root =
		domain->frames[spec->tree_levels == 1 ? domain->list : domain->tree].mfn;
	uint8_t *at = domain->shared_info + 0xe00;

	memcpy(at, bytes, sizeof bytes);
	at[24] = spec->declares ? 40 : 46;
	at[25] = mark;
	at[26] = 0xff;
	at[28] = 12;
	domain->record = (struct pvb_host_record){.known = true,
						  .guest_abi = true,
						  .address_bits = at[24],
						  .granule_shift = 12,
						  .pte_bits = true,
						  .pte_kernel_bit = mark,
						  .pte_grant_bit = 0xff,
						  .p2m_levels = (uint8_t)spec->tree_levels};
	if (!spec->tree_levels)
		return;
	at[12] = 48;
	at[16] = 15;
	at[32] = (uint8_t)spec->tree_levels;
	memcpy(at + 40, &root, sizeof root);
	paper_set_anchors(domain, domain->pages, spec->tree_levels == 3 ? root : UINT64_MAX);
}

static void fill_info(struct paper_domain *domain)
{
	const struct domain_spec *spec = &domain->spec;
	const bool wide = domain->bits == 64;

	const char *magic = wide ? "xen-3.0-x86_64" : "xen-3.0-x86_32p";

	memcpy(paper_page(domain, domain->start_info), magic, strlen(magic) + 1);
	paper_set(domain, SI_NR_PAGES, domain->owned);
	paper_set(domain, SI_SHARED_INFO, domain->shared_frame * PAGE);
	paper_set(domain, SI_FLAGS, spec->module_by_pfn && spec->module_bytes ? 1u << 3 : 0);
	paper_set(domain, SI_STORE_MFN, domain->frames[domain->store].mfn);
	paper_set(domain, SI_STORE_EVTCHN, 1);
	paper_set(domain, SI_CONSOLE_MFN, domain->frames[domain->console].mfn);
	paper_set(domain, SI_CONSOLE_EVTCHN, 2);
	paper_set(domain, SI_PT_BASE, paper_va(domain, domain->tables));
	paper_set(domain, SI_NR_PT_FRAMES, domain->table_count);
	paper_set(domain, SI_MFN_LIST, domain->list_va);
	if (spec->init_p2m) {
		paper_set(domain, SI_FIRST_P2M_PFN, domain->list);
		paper_set(domain, SI_NR_P2M_FRAMES,
			  domain->list_pages + domain->p2m_table_count + domain->tree_count);
	}
	if (spec->module_bytes) {
		paper_set(domain, SI_MOD_START,
			  spec->module_by_pfn ? domain->module_first
					      : paper_va(domain, domain->module_first));
		paper_set(domain, SI_MOD_LEN, spec->module_bytes);
		for (uint64_t i = 0; i < spec->module_bytes; i++)
			blob_append_number(&domain->module, (i * 37 + i / 251) & 0xff, 1);
		memcpy(paper_page(domain, domain->module_first), domain->module.bytes,
		       domain->module.size);
	}
	memcpy(paper_start_info(domain, SI_CMD_LINE), PAPER_COMMAND_LINE,
	       sizeof PAPER_COMMAND_LINE);

	memset(list_entry(domain, 0), 0xff, domain->list_pages * PAGE);
	for (uint64_t pfn = 0; pfn < domain->pages; pfn++)
		paper_list_set(domain, pfn, domain->frames[pfn].mfn);
	for (unsigned i = 0; i < 32; i++)
		domain->shared_info[i * 64 + 1] = 1;
	domain->grants[0] =
		(struct pvb_host_grant){0, 1, 0, PVB_MFN(domain->frames[domain->console].mfn)};
	domain->grants[1] =
		(struct pvb_host_grant){1, 1, 0, PVB_MFN(domain->frames[domain->store].mfn)};
	domain->grant_count = 2;
	domain->grant_frames[0] = PVB_MFN(0x3211);
	domain->grant_frame_count = 1;
	fill_tree(domain);
	if (spec->declares || spec->tree_levels)
		answer(domain);
}

static void fill_vcpu(struct paper_domain *domain)
{
	const uint64_t root = domain->frames[domain->tables].mfn;
	const bool wide = domain->bits == 64;

	domain->vcpu = (struct pvb_host_vcpu){
		.rip = domain->entry,
		.rsp = paper_va(domain, domain->stack + 1),
		.rsi = paper_va(domain, domain->start_info),
		.rflags = 0x200,
		.cs = wide ? 0xe033 : 0xe019,
		.ss = wide ? 0xe02b : 0xe021,
		.ds = wide ? 0 : 0xe021,
		.es = wide ? 0 : 0xe021,
		.fs = wide ? 0 : 0xe021,
		.gs = wide ? 0 : 0xe021,
		.kernel_ss = wide ? 0xe02b : 0xe021,
		.kernel_sp = paper_va(domain, domain->stack + 1),
		.flags = 0x24,
		.vm_assist = wide ? 0 : 8,
	};
	domain->vcpu.cr[3] = wide ? root << 12 : (uint32_t)(root << 12 | root >> 20);
	domain->vcpu.debugreg[6] = 0xffff0ff0;
	domain->vcpu.debugreg[7] = 0x400;
}

size_t paper_ranges(const struct paper_domain *domain, struct pvb_memory_range ranges[2])
{
	const uint64_t first = domain->spec.hole_first * PAGE;
	const uint64_t next = first + domain->spec.hole_count * PAGE;

	ranges[0] = (struct pvb_memory_range){0, domain->pages * PAGE, PVB_ANY_NODE, false};
	if (!domain->spec.hole_count)
		return 1;
	ranges[0].bytes = first;
	ranges[1] = (struct pvb_memory_range){next, domain->pages * PAGE - next, 0, false};
	return 2;
}

struct paper_domain *paper_domain_make(const struct domain_spec *spec)
{
	struct paper_domain *domain = paper_new(spec->pages                ? spec->pages
						: spec->kernel_pages > 600 ? 4096
									   : 2048);

	domain->spec = *spec;
	domain->bits = domain->said_bits = spec->bits;
	domain->base = base_of(spec);
	domain->shared_frame = 0x3210;
	domain->kernel = paper_kernel(spec);
	hand_out_frames(domain);
	load_kernel(domain);
	place_elements(domain);
	fill_info(domain);
	fill_vcpu(domain);
	return domain;
}

/* ---- copying one ------------------------------------------------------- */

static void copy_frames(struct paper_domain *domain, struct pvb_host *host, uint32_t domid)
{
	struct pvb_host_info info;
	struct pvb_error error;
	uint64_t found = 0;

	assert_ok(pvb_host_get_info(host, &info, &error), &error);
	domain->address_bits = info.address_bits;
	domain->grant_bit = info.pte_grant_bit;
	const uint64_t limit = UINT64_C(1) << (info.address_bits - 12);

	/* All of the M2P, in windows: other domains' frames are left out by their owner. */
	for (uint64_t mfn = 0; mfn < limit && found < domain->pages;) {
		struct pvb_host_frame_info types[512];
		pvb_mfn_t frames[512];
		pvb_pfn_t pfn;
		uint64_t count;
		size_t n = 0;
		void *at;

		assert_ok(
			pvb_host_get_m2p_run(host, PVB_MFN(mfn), limit - mfn, &pfn, &count, &error),
			&error);
		if (pfn.n == PVB_NO_FRAME) {
			mfn += count;
			continue;
		}
		for (; n < 512 && n < count; n++)
			frames[n] = PVB_MFN(mfn + n);
		mfn += n;
		assert_ok(pvb_host_get_frame_info(host, domid, frames, n, types, &error), &error);
		for (size_t i = 1; i < n; i++)
			assert_int_equal(types[i].type == PVB_FRAME_FOREIGN,
					 types[0].type == PVB_FRAME_FOREIGN);
		if (types[0].type == PVB_FRAME_FOREIGN)
			continue;
		assert_true(pfn.n + n <= domain->pages);
		assert_ok(pvb_host_map_frames(host, domid, frames, n, false, &at, &error), &error);
		memcpy(paper_page(domain, pfn.n), at, n * PAGE);
		pvb_host_unmap_frames(host, at, n);
		for (size_t i = 0; i < n; i++)
			domain->frames[pfn.n + i] = (struct paper_frame){
				frames[i].n, pfn.n + i, types[i].type, types[i].pinned, false};
		found += n;
	}
	assert_int_equal(found, domain->pages);
	sort_frames(domain);
}

struct paper_domain *paper_domain_copy(struct pvb_host *host, uint32_t domid)
{
	struct pvb_host_domain info;
	struct pvb_error error;
	void *at;

	assert_ok(pvb_host_get_domain(host, domid, &info, &error), &error);
	struct paper_domain *domain = paper_new(info.pages);

	domain->bits = domain->said_bits = info.guest_bits;
	domain->shared_frame = info.shared_info.n;
	copy_frames(domain, host, domid);
	assert_ok(pvb_host_map_frames(host, domid, &info.shared_info, 1, false, &at, &error),
		  &error);
	memcpy(domain->shared_info, at, PAGE);
	pvb_host_unmap_frames(host, at, 1);
	assert_ok(pvb_host_get_vcpu(host, domid, 0, &domain->vcpu, &error), &error);
	assert_ok(pvb_host_get_grants(host, domid, domain->grants, 4, &domain->grant_count, &error),
		  &error);
	assert_ok(pvb_host_get_grant_frames(host, domid, domain->grant_frames, 2,
					    &domain->grant_frame_count, &error),
		  &error);
	assert_ok(pvb_host_get_record(host, domid, &domain->record, &error), &error);

	/* Where things are. */
	const uint64_t cr3 = domain->vcpu.cr[3];

	domain->tables =
		paper_pfn(domain, domain->bits == 64 ? cr3 >> 12
						     : (uint32_t)cr3 >> 12 | (uint32_t)(cr3 << 20));
	domain->start_info =
		paper_pfn(domain, *paper_entry(domain, domain->vcpu.rsi, 1) >> 12 & 0xffffffffff);
	domain->base = domain->vcpu.rsi - domain->start_info * PAGE;
	domain->store = paper_pfn(domain, paper_get(domain, SI_STORE_MFN));
	domain->console = paper_pfn(domain, paper_get(domain, SI_CONSOLE_MFN));
	domain->table_count = paper_get(domain, SI_NR_PT_FRAMES);
	domain->stack = (domain->vcpu.rsp - domain->base) / PAGE - 1;
	domain->entry = domain->vcpu.rip;
	domain->kernel_first = (domain->entry - domain->base) / PAGE;
	domain->list_va = paper_get(domain, SI_MFN_LIST);
	domain->list =
		paper_pfn(domain, *paper_entry(domain, domain->list_va, 1) >> 12 & 0xffffffffff);
	domain->list_pages = (domain->pages * (domain->bits / 8) + PAGE - 1) / PAGE;
	domain->p2m_table_count = paper_get(domain, SI_NR_P2M_FRAMES)
					  ? paper_get(domain, SI_NR_P2M_FRAMES) - domain->list_pages
					  : 0;
	domain->p2m_tables = domain->list + domain->list_pages;
	domain->end = (domain->stack + 1 + 128 + 1023) / 1024 * 1024;
	domain->spec.bits = domain->bits;
	domain->spec.tree_levels = domain->record.p2m_levels;
	if (domain->spec.tree_levels) {
		uint64_t root;

		memcpy(&root, domain->shared_info + 0xe00 + 40, sizeof root);
		domain->tree = paper_pfn(domain, root);
		for (unsigned level = 2; level <= domain->spec.tree_levels; level++)
			domain->tree_count += tree_level_pages(domain, level);
		if (domain->p2m_table_count)
			domain->p2m_table_count -= domain->tree_count;
	}
	domain->spec.declares = domain->record.guest_abi;
	domain->spec.init_p2m = domain->p2m_table_count != 0;
	return domain;
}

void paper_domain_free(struct paper_domain *domain)
{
	assert_int_equal(domain->mapped_pages, 0);
	assert_int_equal(munmap(domain->memory, domain->pages * PAGE), 0);
	free(domain->frames);
	free(domain->by_mfn);
	blob_free(&domain->kernel);
	blob_free(&domain->module);
	free(domain);
}
