/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz/small-guest.h"

#include <string.h>

#include <pvbuild/guest-abi.h>

#include "fuzz/check.h"
#include "support/elf-builder.h"

#define MIB UINT64_C(0x100000)
#define PAGE 4096u

/* ---- making it ----------------------------------------------------------------------------- */

static struct blob kernel(unsigned bits, bool list_outside)
{
	struct elf_builder b = {.bits = bits, .machine = bits == 64 ? 62 : 3};
	const uint64_t base = bits == 64 ? UINT64_C(0xffffffff80000000) : 0xc0000000;
	struct blob notes = xen_notes(bits);

	elf_add_load(&b, MIB, 0x4000, 0x8000);
	note_add_number(&notes, NOTE_VIRT_BASE, base, bits / 8);
	note_add_number(&notes, NOTE_ENTRY, base + MIB + 0x10, bits / 8);
	note_add_number(&notes, NOTE_HYPERCALL_PAGE, base + MIB + PAGE, bits / 8);
	if (list_outside)
		note_add_number(&notes, NOTE_INIT_P2M, UINT64_C(0x8000000000), 8);
	note_add(&notes, PVB_GUEST_NOTE_OWNER, PVB_GUEST_NOTE_ADDRESS_BITS, "\x28\0\0", 4);
	elf_add_note_segment(&b, &notes);
	return elf_build(&b);
}

static struct pvb_domain *build(struct small_guest *guest, const struct pvb_spec *spec,
				struct pvb_plan **plan)
{
	struct pvb_domain *domain = NULL;
	struct pvb_host_info info;
	struct pvb_error error = {0};

	must_after(!pvb_host_get_info(guest->host, &info, &error), &error);
	must_after(!pvb_plan_create(guest->image, spec, &info, plan, &error), &error);
	must_after(!pvb_build(guest->host, *plan, guest->image, NULL, &domain, &error), &error);
	return domain;
}

static void build_neighbour(struct small_guest *guest)
{
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_plan *plan = NULL;

	spec.memory = SMALL_GUEST_PAGES * PAGE;

	struct pvb_domain *domain = build(guest, &spec, &plan);

	guest->foreign = pvb_domain_info(domain)->extents[0].maddr / PAGE;
	pvb_domain_free(domain);
	pvb_plan_free(plan);
}

static void add_tables(struct small_guest *guest, const struct pvb_plan_tables *tables,
		       size_t levels)
{
	for (size_t i = 0; i < levels; i++)
		for (uint64_t n = 0; n < tables[i].count; n++)
			if (guest->table_count < SMALL_GUEST_TABLES)
				guest->tables[guest->table_count++] = tables[i].gpa / PAGE + n;
}

static void note_frames(struct small_guest *guest)
{
	const struct pvb_domain_info *info = pvb_domain_info(guest->domain);

	guest->domid = info->domid;
	guest->shared_info = info->shared_info_maddr / PAGE;
	memset(guest->mfns, 0xff, sizeof guest->mfns);
	for (size_t i = 0; i < info->extent_count; i++) {
		const struct pvb_memory_extent *extent = &info->extents[i];

		for (uint64_t n = 0; n < extent->bytes / PAGE; n++)
			guest->mfns[extent->gpa / PAGE + n] = extent->maddr / PAGE + n;
	}
}

void small_guest_make(struct small_guest *guest, enum small_guest_kind kind)
{
	static const struct pvb_memory_range with_hole[] = {
		{0, 6 * MIB, PVB_ANY_NODE, false},
		{7 * MIB, 2 * MIB, PVB_ANY_NODE, false},
	};
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_error error = {0};

	*guest = (struct small_guest){.bits = kind == SMALL_32_TREE ? 32 : 64};

	struct blob file = kernel(guest->bits, kind == SMALL_64_TREE);

	must_after(!pvb_host_open("sim:memory=64M,fragment=30", &guest->host, &error), &error);
	must_after(!pvb_image_open_memory(file.bytes, file.size, "kernel", NULL, &guest->image,
					  &error),
		   &error);
	blob_free(&file);
	build_neighbour(guest);
	spec.memory = SMALL_GUEST_PAGES * PAGE;
	if (kind == SMALL_64_HOLE) {
		spec.ranges = with_hole;
		spec.range_count = 2;
	} else {
		spec.p2m = PVB_P2M_WANT_TREE;
		spec.p2m_levels = kind == SMALL_64_TREE ? 3 : 2;
	}
	guest->domain = build(guest, &spec, &guest->plan);
	guest->pfns = pvb_plan_info(guest->plan)->p2m_pfns;
	note_frames(guest);

	const struct pvb_plan_info *plan = pvb_plan_info(guest->plan);

	add_tables(guest, plan->tables, plan->table_level_count);
	add_tables(guest, plan->p2m_tables, plan->p2m_table_level_count);
}

void small_guest_free(struct small_guest *guest)
{
	pvb_domain_free(guest->domain);
	pvb_plan_free(guest->plan);
	pvb_image_free(guest->image);
	pvb_host_close(guest->host);
	*guest = (struct small_guest){0};
}

/* ---- spoiling it --------------------------------------------------------------------------- */

struct spoil take_spoil(struct fuzz_input *input)
{
	struct spoil spoil = {.where = (enum spoil_where)(take(input, 1) % SPOIL_WHERES)};
	const unsigned how = (unsigned)take(input, 1);

	spoil.how = how & 15;
	spoil.count = 1 + (how >> 4) * (how >> 4) * 4;
	spoil.index = (unsigned)take(input, 2);
	spoil.value = take(input, 4);
	spoil.value |= take(input, 2) << 48;
	return spoil;
}

void add_spoil(struct blob *input, enum spoil_where where, unsigned how, unsigned index,
	       uint64_t value)
{
	blob_append_number(input, where, 1);
	blob_append_number(input, how, 1);
	blob_append_number(input, index, 2);
	blob_append_number(input, value, 4);
	blob_append_number(input, value >> 48, 2);
}

static uint64_t mfn_of(const struct small_guest *guest, uint64_t pfn)
{
	return guest->mfns[pfn % guest->pfns];
}

static uint64_t table_of(const struct small_guest *guest, uint64_t number)
{
	return mfn_of(guest, guest->tables[number % guest->table_count]);
}

uint64_t spoilt_word(const struct small_guest *guest, const struct spoil *spoil, unsigned nth,
		     uint64_t before)
{
	const uint64_t value = spoil->value, pfn = (value & 0xffffffff) + nth;

	switch (spoil->how) {
	case 0:
		return value;
	case 1:
		return UINT64_MAX;
	case 2:
		return 0;
	case 3:
		return mfn_of(guest, pfn);
	case 4:
		return mfn_of(guest, value); /* the same again and again */
	case 5:
		return mfn_of(guest, pfn) << 12 | 0x67;
	case 6:
		return mfn_of(guest, pfn) << 12 | 0x25 | value >> 48 << 48;
	case 7:
		return table_of(guest, pfn) << 12 | 0x67;
	case 8:
		return table_of(guest, pfn);
	case 9:
		return guest->foreign + pfn % SMALL_GUEST_PAGES;
	case 10:
		return UINT64_C(1) << (guest->bits - 1) | pfn; /* Linux's mark of foreign pages */
	case 11:
		return UINT64_C(1) << (guest->bits - 2) | pfn; /* and of identity */
	case 12:
		return before ^ UINT64_C(1) << value % 64;
	case 13:
		return before + value;
	case 14:
		return pvb_plan_info(guest->plan)->map_from + pfn * PAGE;
	default:
		return mfn_of(guest, value) + UINT64_C(3) * nth;
	}
}

/* Words from "at" on, within a page; the page is the first of count, or one behind it. */
static struct spoil_place place_in(uint64_t pfn, uint64_t pages, unsigned word, unsigned width)
{
	const unsigned per_page = PAGE / width;

	return (struct spoil_place){
		.pfn = pfn + word / per_page % (pages ? pages : 1),
		.offset = word % per_page * width,
		.width = width,
	};
}

static struct spoil_place place_of_segment(const struct small_guest *guest,
					   enum pvb_segment_kind kind, unsigned word,
					   unsigned width)
{
	const struct pvb_plan_info *plan = pvb_plan_info(guest->plan);

	for (size_t i = 0; i < plan->segment_count; i++)
		if (plan->segments[i].kind == kind)
			return place_in(plan->segments[i].gpa / PAGE,
					plan->segments[i].occupied / PAGE, word, width);
	return place_in(word / 512 % guest->pfns, 1, word, width);
}

/* From max_pfn on (Xen public xen.h), and the structure of <pvbuild/guest-abi.h>. */
static struct spoil_place anchor(const struct small_guest *guest, unsigned word)
{
	const unsigned width = guest->bits / 8, max_pfn = guest->bits == 64 ? 3088 : 2316;
	const unsigned n = word % 18;

	return (struct spoil_place){
		.pfn = PVB_P2M_NONE,
		.offset = n < 6 ? max_pfn + n * width : PVB_GUEST_ABI_OFFSET + (n - 6) * 4,
		.width = n < 6    ? width
			 : n < 16 ? 4
				  : 8,
	};
}

struct spoil_place spoil_place(const struct small_guest *guest, const struct spoil *spoil,
			       unsigned nth)
{
	const unsigned word = spoil->index + nth, width = guest->bits / 8;
	struct spoil_place place;

	switch (spoil->where) {
	case SPOIL_ANCHORS:
		return anchor(guest, word);
	case SPOIL_SHARED_INFO:
		return place_in(PVB_P2M_NONE, 0, word % 512, 8);
	case SPOIL_START_INFO:
		/* Magic, fields, and what lies behind the command line. */
		return place_of_segment(guest, PVB_SEGMENT_START_INFO,
					word % 48 < 32 ? word % 48 : 256 + word % 48, 4);
	case SPOIL_LIST:
		return place_of_segment(guest, PVB_SEGMENT_P2M, word, width);
	case SPOIL_TREE:
		return place_of_segment(guest, PVB_SEGMENT_P2M_TREE, word, width);
	case SPOIL_TABLES:
		place = place_in(0, 1, word, 8);
		place.pfn = guest->tables[word / 512 % guest->table_count];
		return place;
	case SPOIL_PAGE:
	case SPOIL_REGISTERS:
	case SPOIL_M2P:
	case SPOIL_OTHER:
	case SPOIL_WHERES:
		break;
	}
	place = place_in(0, 1, word, 8);
	place.pfn = (word * 7) % guest->pfns;
	return place;
}
