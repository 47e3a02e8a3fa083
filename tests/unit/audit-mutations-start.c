/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a start can be broken: registers and start_info. */
#include "support/test.h"
#include "unit/audit-mutations.h"

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

static void nr_pages_with_holes(struct paper_domain *d)
{
	paper_set(d, SI_NR_PAGES, d->pages);
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
	{"start_info.nr-pages", "", HOLEY_64, nr_pages_with_holes, .where = BOTH},
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
};
/* clang-format on */

const struct mutations start_mutations = {mutations, sizeof mutations / sizeof mutations[0]};
