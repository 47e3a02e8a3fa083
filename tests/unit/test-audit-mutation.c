/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For every rule a good domain is broken in that one way, and exactly that
 * rule fires: on a host, and in a core dump where one can show it.
 */
#include <fcntl.h>
#include <unistd.h>

#include "support/test.h"
#include "unit/audit-domain.h"

/* Where a mutation can be seen. */
#define LIVE 1u
#define CORE 2u
#define BOTH (LIVE | CORE)

/*
 *   rule      that has to fire
 *   with      others that have to, as they follow from it
 *   spec      the good domain
 *   spoil     breaks it
 *   respec    changes what the image is made from, and not the domain
 */
struct mutation {
	const char *rule;
	const char *with;
	struct domain_spec spec;
	void (*spoil)(struct paper_domain *domain);
	void (*respec)(struct domain_spec *spec);
	unsigned where; /* 0 means BOTH */
	bool no_image;
	bool no_command_line;
	unsigned address_bits;
	uint64_t less_memory;
};

#define BITS_64                                                                                    \
	{                                                                                          \
		.bits = 64, .init_p2m = true, .hypercall = true, .is_linux = true,                    \
		.module_bytes = 12345, .module_by_pfn = true                                       \
	}
#define BITS_64_INSIDE                                                                             \
	{                                                                                          \
		.bits = 64, .module_bytes = 12345, .scrambled = true                               \
	}
#define BITS_32                                                                                    \
	{                                                                                          \
		.bits = 32, .hypercall = true, .module_bytes = 4097                                \
	}
#define BITS_32_ZERO                                                                               \
	{                                                                                          \
		.bits = 32, .at_zero = true                                                        \
	}

/* ---- registers --------------------------------------------------------- */

static void cr3_with_low_bits(struct paper_domain *d)
{
	d->vcpu.cr[3] |= 8;
}

static void cr3_of_nobody(struct paper_domain *d)
{
	d->vcpu.cr[3] = UINT64_C(0x7654321) << 12;
}

static void cr3_beyond_the_host(struct paper_domain *d)
{
	d->vcpu.cr[3] = UINT64_C(0x7ffffffff) << 12;
}

static void no_extended_cr3(struct paper_domain *d)
{
	d->vcpu.vm_assist = 0;
}

static void rip_off_the_entry(struct paper_domain *d)
{
	d->vcpu.rip += 0x40;
}

static void rip_unmapped(struct paper_domain *d)
{
	d->vcpu.rip = d->base + d->end * 4096;
}

static void rip_not_executable(struct paper_domain *d)
{
	*paper_entry(d, d->vcpu.rip, 1) |= UINT64_C(1) << 63;
}

static void rsi_unaligned(struct paper_domain *d)
{
	d->vcpu.rsi += 8;
}

static void rsi_unmapped(struct paper_domain *d)
{
	d->vcpu.rsi = d->base + d->end * 4096;
}

static void rsi_not_canonical(struct paper_domain *d)
{
	d->vcpu.rsi ^= UINT64_C(1) << 60;
}

static void rsi_at_high_pfn(struct paper_domain *d)
{
	/* At an address so low that PFN 0 would be below all of them. */
	d->vcpu.rsi = 0;
	d->frames[0].m2p = d->end + 300;
}

static void rsp_in_the_page(struct paper_domain *d)
{
	d->vcpu.rsp -= 8;
	d->vcpu.kernel_sp -= 8;
}

static void rsp_unmapped(struct paper_domain *d)
{
	d->vcpu.rsp = d->vcpu.kernel_sp = d->base + (d->end + 5) * 4096;
}

static void trap_flag(struct paper_domain *d)
{
	d->vcpu.rflags |= 0x100;
}

static void events_off(struct paper_domain *d)
{
	d->vcpu.rflags = 2;
}

static void selector(struct paper_domain *d)
{
	d->vcpu.fs = 0x10;
}

static void kernel_sp(struct paper_domain *d)
{
	d->vcpu.kernel_sp -= 4096;
}

static void context_flag(struct paper_domain *d)
{
	d->vcpu.flags |= 8;
}

static void offline(struct paper_domain *d)
{
	d->vcpu.flags &= ~0x20u;
}

static void gdt(struct paper_domain *d)
{
	d->vcpu.gdt_entries = 512;
}

static void ldt(struct paper_domain *d)
{
	d->vcpu.ldt_base = 0x1000;
}

static void callback(struct paper_domain *d)
{
	d->vcpu.event_callback_eip = d->entry;
}

static void failsafe(struct paper_domain *d)
{
	d->vcpu.failsafe_callback_eip = 16;
}

static void user_root(struct paper_domain *d)
{
	d->vcpu.cr[1] = d->vcpu.cr[3];
}

static void assist(struct paper_domain *d)
{
	d->vcpu.vm_assist |= 4;
}

static void general_register(struct paper_domain *d)
{
	d->vcpu.rbx = 1;
}

static void debug_register(struct paper_domain *d)
{
	d->vcpu.debugreg[7] |= 1;
}

static void segment_base(struct paper_domain *d)
{
	d->vcpu.gs_base_kernel = 4096;
}

/* ---- start_info -------------------------------------------------------- */

static void magic(struct paper_domain *d)
{
	paper_page(d, d->start_info)[4] = '4';
}

static void nr_pages(struct paper_domain *d)
{
	paper_set(d, SI_NR_PAGES, paper_get(d, SI_NR_PAGES) + 1);
}

static void nr_pages_huge(struct paper_domain *d)
{
	paper_set(d, SI_NR_PAGES, UINT64_MAX);
}

static void shared_info_address(struct paper_domain *d)
{
	paper_set(d, SI_SHARED_INFO, paper_get(d, SI_SHARED_INFO) + 8);
}

static void shared_info_elsewhere(struct paper_domain *d)
{
	paper_set(d, SI_SHARED_INFO, paper_get(d, SI_SHARED_INFO) + 4096);
}

static void privileged(struct paper_domain *d)
{
	paper_set(d, SI_FLAGS, paper_get(d, SI_FLAGS) | 1);
}

static void unknown_flag(struct paper_domain *d)
{
	paper_set(d, SI_FLAGS, paper_get(d, SI_FLAGS) | 1u << 30);
}

static void store_outside(struct paper_domain *d)
{
	paper_set(d, SI_STORE_MFN, d->frames[d->end + 200].mfn);
}

static void console_outside(struct paper_domain *d)
{
	paper_set(d, SI_CONSOLE_MFN, 0x7654321);
}

static void one_event_channel(struct paper_domain *d)
{
	paper_set(d, SI_CONSOLE_EVTCHN, paper_get(d, SI_STORE_EVTCHN));
}

static void no_event_channel(struct paper_domain *d)
{
	paper_set(d, SI_STORE_EVTCHN, 0);
}

static void pt_base(struct paper_domain *d)
{
	paper_set(d, SI_PT_BASE, paper_get(d, SI_PT_BASE) + 4096);
}

static void nr_pt_frames(struct paper_domain *d)
{
	paper_set(d, SI_NR_PT_FRAMES, paper_get(d, SI_NR_PT_FRAMES) + 1);
}

static void mfn_list(struct paper_domain *d)
{
	paper_set(d, SI_MFN_LIST, paper_get(d, SI_MFN_LIST) + 8);
}

static void mfn_list_unmapped(struct paper_domain *d)
{
	paper_set(d, SI_MFN_LIST, d->base + (d->end + 8) * 4096);
}

static void module_at(struct paper_domain *d, uint64_t start)
{
	paper_set(d, SI_MOD_START, start);
}

static void module_past_the_end(struct paper_domain *d)
{
	module_at(d, d->pages - 1);
}

static void module_over_the_kernel(struct paper_domain *d)
{
	module_at(d, d->kernel_first);
}

static void module_over_the_list(struct paper_domain *d)
{
	module_at(d, d->list);
}

static void module_unaligned(struct paper_domain *d)
{
	module_at(d, paper_get(d, SI_MOD_START) + 1);
}

static void module_unmapped(struct paper_domain *d)
{
	module_at(d, paper_va(d, d->end));
}

static void module_huge(struct paper_domain *d)
{
	paper_set(d, SI_MOD_LEN, UINT64_MAX);
}

static void module_empty(struct paper_domain *d)
{
	paper_set(d, SI_MOD_START, d->base);
}

static void cmd_line_unterminated(struct paper_domain *d)
{
	memset(paper_start_info(d, SI_CMD_LINE), 'x', 1024);
}

static void p2m_range(struct paper_domain *d)
{
	paper_set(d, SI_NR_P2M_FRAMES, paper_get(d, SI_NR_P2M_FRAMES) - 1);
}

static void p2m_range_of_list_inside(struct paper_domain *d)
{
	paper_set(d, SI_FIRST_P2M_PFN, d->list);
}

/* ---- layout ------------------------------------------------------------ */

static uint64_t *padding(struct paper_domain *d)
{
	return paper_entry(d, paper_va(d, d->end - 3), 1);
}

/* Another frame for an entry, with its flags. */
static void point_to(struct paper_domain *d, uint64_t *entry, uint64_t pfn)
{
	*entry = (*entry & UINT64_C(0xfff0000000000fff)) | d->frames[pfn].mfn << 12;
}

/* An L2 entry that covers nothing. */
static uint64_t *free_l2(struct paper_domain *d)
{
	return paper_entry(d, paper_va(d, d->end) + (UINT64_C(64) << 20), 2);
}

static void unmapped_page(struct paper_domain *d)
{
	*padding(d) = 0;
}

static void unmapped_kernel(struct paper_domain *d)
{
	*paper_entry(d, paper_va(d, d->kernel_first + 4), 1) = 0;
}

static void wrong_pfn(struct paper_domain *d)
{
	point_to(d, padding(d), d->end + 200);
}

static void last_page_unmapped(struct paper_domain *d)
{
	*paper_entry(d, paper_va(d, d->end - 1), 1) = 0;
}

static void rings_swapped(struct paper_domain *d)
{
	uint64_t store = paper_get(d, SI_STORE_MFN), console = paper_get(d, SI_CONSOLE_MFN);

	paper_set(d, SI_STORE_MFN, console);
	paper_set(d, SI_CONSOLE_MFN, store);
	d->grants[0].frame = PVB_MFN(store);
	d->grants[1].frame = PVB_MFN(console);
}

static void stack_a_page_later(struct paper_domain *d)
{
	d->vcpu.rsp += 4096;
	d->vcpu.kernel_sp += 4096;
}

static void mapped_behind_the_list(struct paper_domain *d)
{
	uint64_t *last = paper_entry(d, d->list_va + (d->list_pages - 1) * 4096, 1);

	last[2] = last[0];
	point_to(d, &last[2], d->end + 200);
}

static void in_xens_slot(struct paper_domain *d)
{
	uint64_t *entry = paper_entry(d, UINT64_C(0xffff828000000000), 4);

	*entry = d->frames[d->end + 200].mfn << 12 | 0x67;
}

static void in_xens_l2_slot(struct paper_domain *d)
{
	*paper_entry(d, 0xf5800000, 2) = d->frames[d->end + 200].mfn << 12 | 0x67;
}

static void nothing(struct paper_domain *d)
{
	(void)d;
}

static void other_base(struct domain_spec *spec)
{
	spec->base_note = true;
}

/* ---- tables ------------------------------------------------------------ */

static void cached_oddly(struct paper_domain *d)
{
	*padding(d) |= 8;
}

static void upper_global(struct paper_domain *d)
{
	*paper_entry(d, d->base, 2) |= 0x100;
}

static void superpage(struct paper_domain *d)
{
	*free_l2(d) = d->frames[d->end + 200].mfn << 12 | 0xe7;
}

static void available_bit(struct paper_domain *d)
{
	*padding(d) |= 0x200;
}

static void upper_available_bit(struct paper_domain *d)
{
	*paper_entry(d, d->base, 2) |= 0x200;
}

static void upper_not_user(struct paper_domain *d)
{
	*paper_entry(d, d->base, 2) &= ~UINT64_C(4);
}

static void upper_read_only(struct paper_domain *d)
{
	*paper_entry(d, d->list_va, 2) &= ~UINT64_C(2);
}

static void other_form(struct paper_domain *d)
{
	*padding(d) &= ~(UINT64_C(1) << 52 | 4);
}

static void not_present(struct paper_domain *d)
{
	*free_l2(d) = 0x1000;
}

static void leads_to_nobody(struct paper_domain *d)
{
	*free_l2(d) = UINT64_C(0x7654321) << 12 | 0x67;
}

static void leads_beyond_the_host(struct paper_domain *d)
{
	*free_l2(d) = UINT64_C(0xffffffffff) << 12 | 0x67;
}

static void leaf_of_nobody(struct paper_domain *d)
{
	*padding(d) = (*padding(d) & UINT64_C(0xfff0000000000fff)) | UINT64_C(0x7654321) << 12;
}

static void table_twice(struct paper_domain *d)
{
	*free_l2(d) = *paper_entry(d, d->base, 2);
}

static void root_as_a_table(struct paper_domain *d)
{
	*free_l2(d) = d->frames[d->tables].mfn << 12 | 0x67;
}

static void tables_swapped(struct paper_domain *d)
{
	uint64_t *first = paper_entry(d, d->base, 2), *second = first + 1, entry = *first;
	uint64_t a = paper_pfn(d, *first >> 12 & 0xffffffffff);
	uint64_t b = paper_pfn(d, *second >> 12 & 0xffffffffff);
	uint8_t page[4096];

	*first = *second;
	*second = entry;
	memcpy(page, paper_page(d, a), 4096);
	memcpy(paper_page(d, a), paper_page(d, b), 4096);
	memcpy(paper_page(d, b), page, 4096);
}

static void table_elsewhere(struct paper_domain *d)
{
	*free_l2(d) = d->frames[d->end + 200].mfn << 12 | 0x67;
	d->frames[d->end + 200].type = PVB_FRAME_L1;
	memset(paper_page(d, d->end + 200), 0, 4096);
}

static void table_writable(struct paper_domain *d)
{
	*paper_entry(d, paper_va(d, d->tables + 2), 1) |= 2;
}

static void page_read_only(struct paper_domain *d)
{
	*padding(d) &= ~UINT64_C(2);
}

static void p2m_table_mapped(struct paper_domain *d)
{
	point_to(d, padding(d), d->p2m_tables);
	*padding(d) &= ~UINT64_C(2);
}

static void pae_fifth_entry(struct paper_domain *d)
{
	((uint64_t *)(void *)paper_page(d, d->tables))[7] = 0x1001;
}

static void pae_no_slot3(struct paper_domain *d)
{
	((uint64_t *)(void *)paper_page(d, d->tables))[3] = 0;
}

static void many_regions(struct paper_domain *d)
{
	for (uint64_t pfn = d->stack + 1; pfn < d->end; pfn += 2)
		*paper_entry(d, paper_va(d, pfn), 1) |= UINT64_C(1) << 63;
}

static void not_pinned(struct paper_domain *d)
{
	d->frames[d->tables].pinned = false;
}

static void not_a_table(struct paper_domain *d)
{
	d->frames[d->tables + d->table_count - 1].type = PVB_FRAME_PLAIN;
}

static void a_page_as_a_table(struct paper_domain *d)
{
	d->frames[d->end - 3].type = PVB_FRAME_L1;
}

/* ---- p2m --------------------------------------------------------------- */

static void list_hole(struct paper_domain *d)
{
	*paper_entry(d, d->list_va + 3 * 4096, 1) = 0;
}

static void list_end_hole(struct paper_domain *d)
{
	*paper_entry(d, d->list_va + (d->list_pages - 1) * 4096, 1) = 0;
}

static void list_pages_swapped(struct paper_domain *d)
{
	uint64_t *entry = paper_entry(d, d->list_va + 3 * 4096, 1), first = *entry;
	uint8_t page[4096];

	entry[0] = entry[1];
	entry[1] = first;
	memcpy(page, paper_page(d, d->list + 3), 4096);
	memcpy(paper_page(d, d->list + 3), paper_page(d, d->list + 4), 4096);
	memcpy(paper_page(d, d->list + 4), page, 4096);
}

static void hole(struct paper_domain *d)
{
	paper_list_set(d, 17, UINT64_MAX);
}

static void frame_of_nobody(struct paper_domain *d)
{
	paper_list_set(d, 17, 0x7654321);
}

static void frame_of_another(struct paper_domain *d)
{
	/* The M2P agrees, and yet the frame is somebody else's: only the hypervisor knows. */
	d->frames[d->end + 200].foreign = true;
}

static void frame_twice(struct paper_domain *d)
{
	paper_list_set(d, 17, paper_list_get(d, 1000));
}

static void frames_swapped(struct paper_domain *d)
{
	uint64_t frame = paper_list_get(d, 17);

	paper_list_set(d, 17, paper_list_get(d, 1000));
	paper_list_set(d, 1000, frame);
}

static void m2p_out_of_range(struct paper_domain *d)
{
	d->frames[d->end + 200].m2p = 0x123456789;
}

static void list_tail(struct paper_domain *d)
{
	paper_list_set(d, d->pages + 1, 0x1234);
}

static void other_init_p2m(struct domain_spec *spec)
{
	spec->init_p2m_note = true;
}

static void wide_host(struct paper_domain *d)
{
	d->address_bits = 52;
}

/* ---- pages ------------------------------------------------------------- */

static void console_index(struct paper_domain *d)
{
	paper_page(d, d->console)[3076] = 1;
}

static void console_connection(struct paper_domain *d)
{
	paper_page(d, d->console)[3088] = 2;
}

static void console_dirt(struct paper_domain *d)
{
	paper_page(d, d->console)[2000] = 1;
}

static void store_index(struct paper_domain *d)
{
	paper_page(d, d->store)[2056] = 1;
}

static void store_dirt(struct paper_domain *d)
{
	paper_page(d, d->store)[4095] = 1;
}

static void upcall_unmasked(struct paper_domain *d)
{
	d->shared_info[31 * 64 + 1] = 0;
}

static void event_pending(struct paper_domain *d)
{
	d->shared_info[0x800] |= 1 << 5;
}

static void event_masked(struct paper_domain *d)
{
	d->shared_info[d->bits == 64 ? 0xa00 : 0x880] = 1;
}

static void upcall_pending(struct paper_domain *d)
{
	d->shared_info[0] = 1;
}

static void p2m_generation(struct paper_domain *d)
{
	d->shared_info[d->bits == 64 ? 0xc38 : 0x920] = 2;
}

static void shared_info_dirt(struct paper_domain *d)
{
	d->shared_info[4000] = 1;
}

static void grant_of_another_page(struct paper_domain *d)
{
	d->grants[0].frame = PVB_MFN(d->frames[5].mfn);
}

static void grant_missing(struct paper_domain *d)
{
	d->grant_count = 1;
}

static void grant_more(struct paper_domain *d)
{
	d->grants[2] = (struct pvb_host_grant){9, 1, 3, PVB_MFN(d->frames[5].mfn)};
	d->grant_count = 3;
}

/* ---- what it was made of ----------------------------------------------- */

static void other_width(struct domain_spec *spec)
{
	spec->bits = 32;
}

static void kernel_byte(struct paper_domain *d)
{
	paper_page(d, d->kernel_first + 5)[77] ^= 1;
}

static void kernel_bss(struct paper_domain *d)
{
	paper_page(d, d->kernel_first + 39)[4095] = 1;
}

static void hypercall_page(struct paper_domain *d)
{
	paper_page(d, d->hypercall_page)[32 * 23 + 1] ^= 1;
}

static void no_module_note(struct domain_spec *spec)
{
	spec->no_module_note = true;
}

static void module_length(struct paper_domain *d)
{
	paper_set(d, SI_MOD_LEN, paper_get(d, SI_MOD_LEN) - 1);
}

static void module_rounded(struct paper_domain *d)
{
	paper_set(d, SI_MOD_LEN, (paper_get(d, SI_MOD_LEN) + 4095) / 4096 * 4096);
}

static void module_byte(struct paper_domain *d)
{
	paper_page(d, d->module_first)[4000] ^= 1;
}

static void module_tail(struct paper_domain *d)
{
	paper_page(d, d->module_first + (d->module.size - 1) / 4096)[4095] = 1;
}

static void command_line(struct paper_domain *d)
{
	paper_start_info(d, SI_CMD_LINE)[3] ^= 1;
}

/* clang-format off */
static const struct mutation mutations[] = {
	{"registers.cr3", "", BITS_64, cr3_with_low_bits, .where = BOTH},
	{"registers.cr3", "", BITS_64, cr3_of_nobody, .where = BOTH},
	{"registers.cr3", "", BITS_64, cr3_beyond_the_host, .where = BOTH},
	{"registers.cr3-high", "", {.bits = 32, .mfn_base = 0x200000}, no_extended_cr3, .no_image = true},
	{"registers.rip", "", BITS_64, rip_off_the_entry, .where = BOTH},
	{"registers.rip", "", BITS_32, rip_unmapped, .where = BOTH},
	{"registers.rip", "tables.unusual-bits", BITS_64, rip_not_executable, .where = BOTH},
	{"registers.rsi", "", BITS_64, rsi_unaligned, .where = BOTH},
	{"registers.rsi", "", BITS_32, rsi_unmapped, .where = BOTH},
	{"registers.rsi", "", BITS_64, rsi_not_canonical, .where = BOTH},
	{"registers.rsi", "", BITS_32_ZERO, rsi_at_high_pfn, .where = LIVE},
	{"registers.rsp", "", BITS_64, rsp_in_the_page, .where = BOTH},
	{"registers.rsp", "", BITS_32, rsp_unmapped, .where = BOTH},
	{"registers.flags", "", BITS_64, trap_flag, .where = BOTH},
	{"registers.flags", "", BITS_32, events_off, .where = BOTH},
	{"registers.selectors", "", BITS_64, selector, .where = BOTH},
	{"registers.selectors", "", BITS_32, selector, .where = BOTH},
	{"registers.kernel-stack", "", BITS_64, kernel_sp, .where = BOTH},
	{"registers.context-flags", "", BITS_64, context_flag, .where = BOTH},
	{"registers.context-flags", "", BITS_32, offline, .where = BOTH},
	{"registers.descriptor-tables", "", BITS_64, gdt, .where = BOTH},
	{"registers.descriptor-tables", "", BITS_32, ldt, .where = BOTH},
	{"registers.callbacks", "", BITS_64, callback, .where = BOTH},
	{"registers.callbacks", "", BITS_32, failsafe, .where = BOTH},
	{"registers.user-root", "", BITS_64, user_root, .where = BOTH},
	{"registers.vm-assist", "", BITS_64, assist, .where = BOTH},
	{"registers.vm-assist", "", BITS_32, no_extended_cr3, .where = BOTH},
	{"registers.general", "", BITS_64, general_register, .where = BOTH},
	{"registers.debug", "", BITS_32, debug_register, .where = BOTH},
	{"registers.segment-bases", "", BITS_64, segment_base, .where = BOTH},

	{"start_info.magic", "", BITS_64, magic, .where = BOTH},
	{"start_info.nr-pages", "", BITS_64, nr_pages, .where = BOTH},
	{"start_info.nr-pages", "", BITS_32, nr_pages_huge, .where = BOTH},
	{"start_info.shared-info", "", BITS_64, shared_info_address, .where = BOTH},
	{"start_info.shared-info", "", BITS_32, shared_info_elsewhere, .where = LIVE},
	{"start_info.flags", "", BITS_64, privileged, .where = BOTH},
	{"start_info.flags", "", BITS_32, unknown_flag, .where = BOTH},
	{"start_info.store-frame", "grants.xenstore", BITS_64, store_outside, .where = LIVE},
	{"start_info.store-frame", "", BITS_64, store_outside, .where = CORE},
	{"start_info.console-frame", "grants.console", BITS_32, console_outside, .where = LIVE},
	{"start_info.console-frame", "", BITS_64, console_outside, .where = CORE},
	{"start_info.event-channels", "", BITS_64, one_event_channel, .where = BOTH},
	{"start_info.event-channels", "", BITS_32, no_event_channel, .where = BOTH},
	{"start_info.pt-base", "", BITS_64, pt_base, .where = BOTH},
	{"start_info.nr-pt-frames", "", BITS_64, nr_pt_frames, .where = BOTH},
	{"start_info.mfn-list", "", BITS_64, mfn_list, .where = BOTH},
	{"start_info.mfn-list", "", BITS_32, mfn_list_unmapped, .where = BOTH},
	{"start_info.module", "", BITS_64, module_past_the_end, .where = BOTH},
	{"start_info.module", "", BITS_64, module_over_the_kernel, .where = BOTH},
	{"start_info.module", "", BITS_64, module_over_the_list, .where = BOTH},
	{"start_info.module", "", BITS_64_INSIDE, module_unaligned, .where = BOTH},
	{"start_info.module", "", BITS_64_INSIDE, module_unmapped, .where = BOTH},
	{"start_info.module", "module.length", BITS_32, module_huge, .where = BOTH},
	{"start_info.module", "", {.bits = 32}, module_empty, .where = BOTH},
	{"start_info.cmd-line", "", BITS_64, cmd_line_unterminated, .no_command_line = true},
	{"start_info.cmd-line", "command-line.text", BITS_32, cmd_line_unterminated, .where = BOTH},
	{"start_info.p2m-range", "", BITS_64, p2m_range, .where = BOTH},
	{"start_info.p2m-range", "", BITS_64_INSIDE, p2m_range_of_list_inside, .where = BOTH},

	{"layout.contiguous", "", BITS_64, unmapped_page, .where = BOTH},
	{"layout.contiguous", "", BITS_32, unmapped_kernel, .where = BOTH},
	{"layout.linear", "", BITS_64, wrong_pfn, .where = BOTH},
	{"layout.end", "", BITS_64, last_page_unmapped, .where = BOTH},
	{"layout.end", "", BITS_32, last_page_unmapped, .where = BOTH},
	{"layout.padding", "", {.bits = 64, .kernel_pages = 660, .no_padding = true}, nothing, .where = BOTH},
	{"layout.order", "", BITS_64, rings_swapped, .where = BOTH},
	{"layout.packed", "", BITS_64, stack_a_page_later, .where = BOTH},
	{"layout.packed", "", BITS_32, stack_a_page_later, .where = BOTH},
	{"layout.stray-mapping", "", BITS_64, mapped_behind_the_list, .where = BOTH},
	{"layout.hypervisor-area", "", BITS_64, in_xens_slot, .where = BOTH},
	{"layout.hypervisor-area", "", BITS_32, in_xens_l2_slot, .where = BOTH},
	{"layout.virt-base", "", BITS_64, nothing, other_base, .where = BOTH},
	{"layout.linux-1g", "", {.bits = 64, .pages = 0x41400, .kernel_pages = 0x40000,
		.is_linux = true, .init_p2m = true}, nothing, .where = LIVE},

	{"tables.illegal-bits", "", BITS_64, cached_oddly, .where = BOTH},
	{"tables.illegal-bits", "", BITS_32, upper_global, .where = BOTH},
	{"tables.superpage", "", BITS_64, superpage, .where = BOTH},
	{"tables.superpage", "", BITS_32, superpage, .where = BOTH},
	{"tables.unusual-bits", "", BITS_64, available_bit, .where = BOTH},
	{"tables.unusual-bits", "", BITS_32, upper_available_bit, .where = BOTH},
	{"tables.upper-flags", "", BITS_64, upper_not_user, .where = BOTH},
	{"tables.upper-flags", "", BITS_64, upper_read_only, .where = BOTH},
	{"tables.leaf-form", "", BITS_64, other_form, .where = BOTH},
	{"tables.not-present", "", BITS_64, not_present, .where = BOTH},
	{"tables.foreign-frame", "", BITS_64, leads_to_nobody, .where = BOTH},
	{"tables.foreign-frame", "", BITS_64, leads_beyond_the_host, .where = BOTH},
	{"tables.foreign-frame", "layout.contiguous", BITS_32, leaf_of_nobody, .where = BOTH},
	{"tables.shared", "", BITS_64, table_twice, .where = BOTH},
	{"tables.shared", "", BITS_32, root_as_a_table, .where = BOTH},
	{"tables.order", "", BITS_64, tables_swapped, .where = BOTH},
	{"tables.order", "", BITS_32, tables_swapped, .where = BOTH},
	{"tables.place", "", BITS_64_INSIDE, table_elsewhere, .where = BOTH},
	{"tables.place", "start_info.p2m-range", BITS_64, table_elsewhere, .where = BOTH},
	{"tables.writable", "", BITS_64, table_writable, .where = BOTH},
	{"tables.writable", "", BITS_32, table_writable, .where = BOTH},
	{"tables.read-only-page", "", BITS_64, page_read_only, .where = BOTH},
	/* Whatever maps it is out of line as well. */
	{"tables.p2m-mapped", "layout.linear", BITS_64, p2m_table_mapped, .where = BOTH},
	{"tables.pae-slot3", "", BITS_32, pae_fifth_entry, .where = BOTH},
	/* The lost L2 is then a page like others, but mapped as a table and counted as one. */
	{"tables.pae-slot3", "start_info.nr-pt-frames tables.order tables.read-only-page layout.packed",
		BITS_32_ZERO, pae_no_slot3, .where = CORE},
	{"tables.pae-slot3", "start_info.nr-pt-frames tables.order tables.read-only-page layout.packed types.leaf",
		BITS_32_ZERO, pae_no_slot3, .where = LIVE},
	{"tables.too-many", "tables.unusual-bits", {.bits = 64, .kernel_pages = 635}, many_regions, .where = BOTH},
	{"types.root", "", BITS_64, not_pinned, .where = LIVE},
	{"types.root", "", BITS_32, not_pinned, .where = LIVE},
	{"types.table", "", BITS_64, not_a_table, .where = LIVE},
	{"types.leaf", "", BITS_64, a_page_as_a_table, .where = LIVE},

	{"p2m.list-mapped", "", BITS_64, list_hole, .where = BOTH},
	{"p2m.list-mapped", "", BITS_64, list_end_hole, .where = BOTH},
	{"p2m.list-frames", "", BITS_64, list_pages_swapped, .where = BOTH},
	{"p2m.missing", "", BITS_64, hole, .where = BOTH},
	{"p2m.missing", "", BITS_32, hole, .where = BOTH},
	{"p2m.foreign-frame", "", BITS_64, frame_of_nobody, .where = BOTH},
	{"p2m.foreign-frame", "", BITS_64_INSIDE, frame_of_another, .where = LIVE},
	{"p2m.frame-twice", "", BITS_64, frame_twice, .where = BOTH},
	{"p2m.frame-twice", "", BITS_32, frame_twice, .where = BOTH},
	{"p2m.m2p", "", BITS_64_INSIDE, frames_swapped, .where = BOTH},
	{"p2m.m2p", "", BITS_64, m2p_out_of_range, .where = LIVE},
	{"p2m.tail", "", {.bits = 64, .pages = 4100}, list_tail, .where = BOTH},
	{"p2m.tail", "", {.bits = 32, .pages = 4100}, list_tail, .where = BOTH},
	{"p2m.init-p2m", "", BITS_64, nothing, other_init_p2m, .where = BOTH},
	{"memory.amount", "", BITS_64, nothing, .less_memory = 4096},
	{"memory.address-bits", "", BITS_64, nothing, .address_bits = 26},
	{"memory.m2p-window", "", {.bits = 64, .mfn_base = UINT64_C(1) << 35}, wide_host, .address_bits = 52},
	{"memory.m2p-window", "", {.bits = 32, .mfn_base = UINT64_C(1) << 25}, nothing, .where = BOTH},

	{"rings.console", "", BITS_64, console_index, .where = BOTH},
	{"rings.console", "", BITS_32, console_connection, .where = BOTH},
	{"rings.console-dirty", "", BITS_64, console_dirt, .where = BOTH},
	{"rings.xenstore", "", BITS_64, store_index, .where = BOTH},
	{"rings.xenstore-dirty", "", BITS_32, store_dirt, .where = BOTH},
	{"shared_info.upcall-mask", "", BITS_64, upcall_unmasked, .where = BOTH},
	{"shared_info.events", "", BITS_64, event_pending, .where = BOTH},
	{"shared_info.events", "", BITS_32, event_masked, .where = BOTH},
	{"shared_info.events", "", BITS_64, upcall_pending, .where = BOTH},
	{"shared_info.arch", "", BITS_64, p2m_generation, .where = BOTH},
	{"shared_info.arch", "", BITS_32, p2m_generation, .where = BOTH},
	{"shared_info.spare", "", BITS_64, shared_info_dirt, .where = BOTH},
	{"grants.console", "", BITS_64, grant_of_another_page, .where = LIVE},
	{"grants.xenstore", "", BITS_32, grant_missing, .where = LIVE},
	{"grants.extra", "", BITS_64, grant_more, .where = LIVE},

	{"kernel.guest-type", "", {.bits = 64, .at_zero = true}, nothing, other_width, .where = BOTH},
	{"kernel.bytes", "", BITS_64, kernel_byte, .where = BOTH},
	{"kernel.bss", "", BITS_32, kernel_bss, .where = BOTH},
	{"kernel.hypercall-page", "", BITS_64, hypercall_page, .where = BOTH},
	{"kernel.hypercall-page", "", BITS_32, hypercall_page, .where = BOTH},
	{"module.flag", "", BITS_64, nothing, no_module_note, .where = BOTH},
	{"module.length", "", BITS_64_INSIDE, module_length, .where = BOTH},
	{"module.length-rounded", "", BITS_64, module_rounded, .where = BOTH},
	{"module.length", "", BITS_32, module_rounded, .where = BOTH},
	{"module.bytes", "", BITS_64, module_byte, .where = BOTH},
	{"module.bytes", "", BITS_32, module_byte, .where = BOTH},
	{"module.tail", "", BITS_64, module_tail, .where = BOTH},
	{"module.tail", "", BITS_64_INSIDE, module_tail, .where = BOTH},
	{"command-line.text", "", BITS_64, command_line, .where = BOTH},
};
/* clang-format on */

#define MUTATIONS (sizeof mutations / sizeof mutations[0])

/* ---- running them ------------------------------------------------------ */

static bool is_wanted(const struct mutation *mutation, const char *rule)
{
	const size_t length = strlen(rule);

	if (strcmp(rule, mutation->rule) == 0)
		return true;
	for (const char *at = mutation->with; (at = strstr(at, rule)); at++)
		if ((at == mutation->with || at[-1] == ' ') &&
		    (at[length] == '\0' || at[length] == ' '))
			return true;
	return false;
}

static bool has_fired(const struct pvb_audit_report *report, const char *rule, size_t length)
{
	for (size_t i = 0; i < report->finding_count; i++)
		if (strlen(report->findings[i].rule) == length &&
		    strncmp(report->findings[i].rule, rule, length) == 0)
			return true;
	return false;
}

static void compare(const struct mutation *mutation, size_t number, const char *how,
		    const struct pvb_audit_report *report)
{
	bool right = has_fired(report, mutation->rule, strlen(mutation->rule)), passed = true;

	for (const char *at = mutation->with; *at;) {
		size_t length = strcspn(at, " ");

		right = right && has_fired(report, at, length);
		at += length + (at[length] == ' ');
	}
	for (size_t i = 0; i < report->finding_count; i++) {
		right = right && is_wanted(mutation, report->findings[i].rule);
		passed = passed && report->findings[i].severity == PVB_SEVERITY_WARNING;
		assert_true(report->findings[i].where[0] && report->findings[i].message[0]);
	}
	if (!right) {
		print_error("mutation %zu (%s), %s: wanted %s and [%s], got\n", number,
			    mutation->rule, how, mutation->rule, mutation->with);
		for (size_t i = 0; i < report->finding_count; i++)
			print_error("  %s at %s: %s\n", report->findings[i].rule,
				    report->findings[i].where, report->findings[i].message);
	}
	assert_true(right);
	assert_int_equal(report->passed, passed);
}

static int open_temporary(const struct blob *blob)
{
	char *path = write_temporary(blob);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	free(path);
	return fd;
}

static void run_mutation(const struct mutation *mutation, size_t number)
{
	struct domain_spec image_spec = mutation->spec;
	struct paper_domain *domain = paper_domain_make(&mutation->spec);
	struct pvb_image *image = NULL;
	struct pvb_audit *audit;
	struct pvb_error error;
	const unsigned where = mutation->where ? mutation->where : BOTH;

	if (mutation->respec)
		mutation->respec(&image_spec);
	struct blob kernel = paper_kernel(&image_spec);

	assert_ok(pvb_image_open_memory(kernel.bytes, kernel.size, "kernel", NULL, &image, &error),
		  &error);

	int module = open_temporary(&domain->module);
	struct pvb_audit_options options = PVB_AUDIT_OPTIONS_INIT;

	options.image = mutation->no_image ? NULL : image;
	options.module_fds = &module;
	options.module_fd_count = domain->module.size ? 1 : 0;
	options.command_line = mutation->no_command_line ? NULL : PAPER_COMMAND_LINE;
	options.max_findings = 2000;
	options.memory = domain->pages * 4096 - mutation->less_memory;
	options.address_bits = mutation->address_bits ? mutation->address_bits : 46;
	mutation->spoil(domain);
	if (where & LIVE) {
		assert_ok(pvb_audit_domain(&domain->host, 1, &options, &audit, &error), &error);
		compare(mutation, number, "on a host", pvb_audit_report(audit));
		pvb_audit_free(audit);
	}
	if (where & CORE) {
		struct blob core = paper_core(domain, &(struct core_style){0});
		char *path = write_temporary(&core);

		blob_free(&core);
		assert_ok(pvb_audit_core(path, &options, &audit, &error), &error);
		assert_int_equal(unlink(path), 0);
		free(path);
		compare(mutation, number, "in a core", pvb_audit_report(audit));
		pvb_audit_free(audit);
	}
	assert_int_equal(close(module), 0);
	blob_free(&kernel);
	pvb_image_free(image);
	paper_domain_free(domain);
}

static void run_group(const char *prefix)
{
	unsigned count = 0;

	for (size_t i = 0; i < MUTATIONS; i++) {
		if (strncmp(mutations[i].rule, prefix, strlen(prefix)) != 0)
			continue;
		run_mutation(&mutations[i], i);
		count++;
	}
	assert_true(count > 0);
}

#define GROUP_TEST(name, prefix)                                                                   \
	static void name(void **state)                                                             \
	{                                                                                          \
		(void)state;                                                                       \
		run_group(prefix);                                                                 \
	}

GROUP_TEST(a_register_that_is_wrong_is_found, "registers.")
GROUP_TEST(a_field_of_start_info_that_is_wrong_is_found, "start_info.")
GROUP_TEST(a_layout_that_is_wrong_is_found, "layout.")
GROUP_TEST(a_page_table_that_is_wrong_is_found, "tables.")
GROUP_TEST(a_frame_type_that_is_wrong_is_found, "types.")
GROUP_TEST(a_p2m_list_that_is_wrong_is_found, "p2m.")
GROUP_TEST(memory_that_is_wrong_is_found, "memory.")
GROUP_TEST(a_ring_that_is_wrong_is_found, "rings.")
GROUP_TEST(a_shared_info_that_is_wrong_is_found, "shared_info.")
GROUP_TEST(a_grant_that_is_wrong_is_found, "grants.")
GROUP_TEST(a_kernel_that_is_wrong_is_found, "kernel.")
GROUP_TEST(a_ramdisk_that_is_wrong_is_found, "module.")
GROUP_TEST(a_command_line_that_is_wrong_is_found, "command-line.")

static void every_rule_has_a_mutation(void **state)
{
	const char *rule, *meaning;

	(void)state;
	for (size_t i = 0; (rule = pvb_audit_rule(i, &meaning)); i++) {
		bool found = false;

		assert_true(meaning[0] != '\0' && strchr(rule, '.'));
		for (size_t k = 0; k < MUTATIONS; k++)
			found = found || strcmp(mutations[k].rule, rule) == 0;
		if (!found)
			print_error("no mutation breaks %s\n", rule);
		assert_true(found);
	}
}

static void every_mutation_is_of_a_rule(void **state)
{
	(void)state;
	for (size_t k = 0; k < MUTATIONS; k++) {
		const char *rule;
		bool found = false;

		for (size_t i = 0; (rule = pvb_audit_rule(i, NULL)); i++)
			found = found || strcmp(mutations[k].rule, rule) == 0;
		assert_true(found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_has_a_mutation),
		cmocka_unit_test(every_mutation_is_of_a_rule),
		cmocka_unit_test(a_register_that_is_wrong_is_found),
		cmocka_unit_test(a_field_of_start_info_that_is_wrong_is_found),
		cmocka_unit_test(a_layout_that_is_wrong_is_found),
		cmocka_unit_test(a_page_table_that_is_wrong_is_found),
		cmocka_unit_test(a_frame_type_that_is_wrong_is_found),
		cmocka_unit_test(a_p2m_list_that_is_wrong_is_found),
		cmocka_unit_test(memory_that_is_wrong_is_found),
		cmocka_unit_test(a_ring_that_is_wrong_is_found),
		cmocka_unit_test(a_shared_info_that_is_wrong_is_found),
		cmocka_unit_test(a_grant_that_is_wrong_is_found),
		cmocka_unit_test(a_kernel_that_is_wrong_is_found),
		cmocka_unit_test(a_ramdisk_that_is_wrong_is_found),
		cmocka_unit_test(a_command_line_that_is_wrong_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
