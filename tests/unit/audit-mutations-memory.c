/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How memory can be broken: the p2m list, the shared pages, and what the guest was made of. */
#include "support/test.h"
#include "unit/audit-mutations.h"

static void nothing(struct paper_domain *d)
{
	(void)d;
}

/* ---- p2m --------------------------------------------------------------- */

static void list_hole(struct paper_domain *d)
{
	*paper_entry(d, d->list_va + 4096, 1) = 0;
}

static void list_end_hole(struct paper_domain *d)
{
	*paper_entry(d, d->list_va + (d->list_pages - 1) * 4096, 1) = 0;
}

static void list_pages_swapped(struct paper_domain *d)
{
	uint64_t *entry = paper_entry(d, d->list_va + 4096, 1), first = *entry;
	uint8_t page[4096];

	entry[0] = entry[1];
	entry[1] = first;
	memcpy(page, paper_page(d, d->list + 1), 4096);
	memcpy(paper_page(d, d->list + 1), paper_page(d, d->list + 2), 4096);
	memcpy(paper_page(d, d->list + 2), page, 4096);
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

static void frame_of_another_by_its_pfn(struct paper_domain *d)
{
	d->frames[d->end + 200].foreign = true;
	d->frames[d->end + 200].m2p = 0x123456;
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

static void last_page_missing(struct paper_domain *d)
{
	paper_list_set(d, d->pages - 1, UINT64_MAX);
}

static void nobody_in_a_hole(struct paper_domain *d)
{
	paper_list_set(d, d->spec.hole_first + 1, 0x7654321);
}

static void frame_twice_in_a_hole(struct paper_domain *d)
{
	paper_list_set(d, d->spec.hole_first, paper_list_get(d, 1000));
}

static void frame_moved_into_a_hole(struct paper_domain *d)
{
	uint64_t pfn = d->spec.hole_first + d->spec.hole_count, to = d->spec.hole_first + 7;

	paper_list_set(d, to, paper_list_get(d, pfn));
	paper_list_set(d, pfn, UINT64_MAX);
	d->frames[pfn].m2p = to;
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
	{"p2m.list-mapped", "", BITS_64, list_hole, .where = BOTH},
	{"p2m.list-mapped", "", BITS_64, list_end_hole, .where = BOTH},
	{"p2m.list-frames", "", BITS_64, list_pages_swapped, .where = BOTH},
	{"p2m.missing", "", BITS_64, hole, .where = BOTH},
	{"p2m.missing", "", BITS_32, hole, .where = BOTH},
	{"p2m.foreign-frame", "", BITS_64, frame_of_nobody, .where = BOTH},
	{"p2m.foreign-frame", "", BITS_64_INSIDE, frame_of_another, .where = LIVE},
	{"p2m.foreign-frame", "p2m.m2p", BITS_64_INSIDE, frame_of_another_by_its_pfn, .where = LIVE},
	{"p2m.frame-twice", "", BITS_64, frame_twice, .where = BOTH},
	{"p2m.frame-twice", "", BITS_32, frame_twice, .where = BOTH},
	{"p2m.m2p", "", BITS_64_INSIDE, frames_swapped, .where = BOTH},
	{"p2m.m2p", "", BITS_64, m2p_out_of_range, .where = LIVE},
	{"p2m.tail", "", {.bits = 64, .pages = 4100}, list_tail, .where = BOTH},
	{"p2m.tail", "", {.bits = 32, .pages = 4100}, list_tail, .where = BOTH},
	{"p2m.tail", "", HOLEY_64, list_tail, .where = BOTH},
	{"p2m.missing", "", BITS_64, last_page_missing, .where = BOTH},
	{"p2m.missing", "", HOLEY_64, hole, .where = BOTH},
	{"p2m.missing", "", HOLEY_32, hole, .where = BOTH},
	{"p2m.missing", "", HOLEY_64, last_page_missing, .where = BOTH},
	{"p2m.missing", "", HOLEY_32, last_page_missing, .where = BOTH},
	{"p2m.missing", "p2m.ranges", HOLEY_64, last_page_missing, .where = BOTH, .by_ranges = true},
	{"p2m.foreign-frame", "", HOLEY_64, nobody_in_a_hole, .where = BOTH},
	{"p2m.foreign-frame", "p2m.ranges", HOLEY_32, nobody_in_a_hole, .where = BOTH, .by_ranges = true},
	{"p2m.frame-twice", "", HOLEY_64, frame_twice_in_a_hole, .where = BOTH},
	{"p2m.list-mapped", "", HOLEY_64, list_hole, .where = BOTH},
	{"p2m.ranges", "", HOLEY_64, frame_moved_into_a_hole, .where = LIVE, .by_ranges = true},
	{"p2m.ranges", "", HOLEY_64, nothing, .where = BOTH, .by_ranges = true, .higher = 0x5000},
	{"p2m.ranges", "", BITS_32, nothing, .where = BOTH, .by_ranges = true, .higher = 0x100000000},
	{"p2m.ranges", "p2m.missing", BITS_64, hole, .where = BOTH, .by_ranges = true},
	{"start_info.p2m-range", "", {.bits = 64, .init_p2m = true, .long_list = true}, nothing, .where = BOTH},
	{"start_info.p2m-range", "", {.bits = 64, .init_p2m = true, .long_list = true, .pages = 9000, .hole_first = 4100, .hole_count = 2500}, nothing, .where = BOTH},
	{"layout.packed", "", {.bits = 64, .long_list = true}, nothing, .where = BOTH},
	{"layout.packed", "", {.bits = 32, .long_list = true}, nothing, .where = BOTH},
	{"p2m.init-p2m", "", BITS_64, nothing, other_init_p2m, .where = BOTH},

	{"memory.amount", "", BITS_64, nothing, .less_memory = 4096},
	{"memory.address-bits", "tables.address-bits", BITS_64, nothing, .address_bits = 26},
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

const struct mutations memory_mutations = {mutations, sizeof mutations / sizeof mutations[0]};
