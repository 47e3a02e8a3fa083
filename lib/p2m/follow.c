/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an entry above the pages of entries leads to, and words for where it stands. */
#include "p2m/read.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/checked.h"
#include "core/cleanup.h"
#include "core/error.h"

/* Intel SDM 3A, 4.5: entries of page tables above the last level can map a large page. */
#define PTE_PRESENT 1u
#define PTE_LARGE 0x80u
#define PTE_FRAME(entry) (((entry) >> 12) & ((UINT64_C(1) << 40) - 1))

/* The first PFN that an entry is for. */
static uint64_t first_pfn(const struct p2m_route *route, const struct p2m_place *place)
{
	return place->page * (route->geometry.page_size / route->geometry.entry_size);
}

static void say_place(const struct p2m_route *route, const struct p2m_place *place, char *to,
		      size_t size)
{
	(void)snprintf(
		to, size,
		"%s, %slevel %u, index %" PRIu64 " of MFN 0x%" PRIx64 " (for PFN 0x%" PRIx64 " on)",
		pvb_p2m_anchor_name(route->anchor), route->page_tables ? "page table of " : "",
		route->page_tables ? place->height : place->height + 1, place->index, place->table,
		first_pfn(route, place));
}

int pvb_p2m_fail_at(const struct p2m_route *route, const struct p2m_place *place,
		    enum pvb_code code, struct pvb_error *error, const char *format, ...)
{
	char where[160], what[400];
	va_list arguments;

	say_place(route, place, where, sizeof where);
	va_start(arguments, format);
	(void)vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	return pvb_fail(error, code, P2M_STAGE, "%s: %s", where, what);
}

void pvb_p2m_context_at(const struct p2m_route *route, const struct p2m_place *place,
			struct pvb_error *error)
{
	char where[160];

	say_place(route, place, where, sizeof where);
	pvb_context(error, "following %s", where);
}

static int follow_table(const struct p2m_source *source, const struct p2m_route *route,
			const struct p2m_place *place, uint64_t entry, uint64_t *frame,
			struct pvb_error *error)
{
	int rc;

	*frame = PVB_P2M_NONE;
	if (!(entry & PTE_PRESENT))
		return 0;
	if (place->height > 1 && (entry & PTE_LARGE)) {
		rc = pvb_p2m_fail_at(route, place, PVB_E_P2M_UNMAPPED, error,
				     "the entry is 0x%" PRIx64
				     ", which maps a large page; PV guests have none",
				     entry);
		pvb_hint(error, "p2m_cr3 leads to what is no page table of a PV guest");
		return rc;
	}
	if (PTE_FRAME(entry) >= source->frames) {
		rc = pvb_p2m_fail_at(route, place, PVB_E_P2M_RANGE, error,
				     "the entry is 0x%" PRIx64 ", which leads to MFN 0x%" PRIx64
				     ", and there is none from 0x%" PRIx64 " on",
				     entry, PTE_FRAME(entry), source->frames);
		pvb_hint(error, "the root is no page table, or one of another host that the guest "
				"came from");
		return rc;
	}
	*frame = PTE_FRAME(entry);
	return 0;
}

static int follow_tree(const struct p2m_source *source, const struct p2m_route *route,
		       const struct p2m_place *place, uint64_t entry, uint64_t *frame,
		       struct pvb_error *error)
{
	int rc;

	*frame = entry;
	if (entry == PVB_P2M_NONE || (entry && entry < source->frames))
		return 0;
	if (!entry) {
		rc = pvb_p2m_fail_at(
			route, place, PVB_E_P2M_ZERO, error,
			"the entry is 0, so it was never filled in, although max_pfn is "
			"0x%" PRIx64,
			route->geometry.pfns);
		pvb_hint(error,
			 "what is missing on purpose is all ones; the kernel is still filling "
			 "the tree in, or has forgotten to");
		return rc;
	}
	rc = pvb_p2m_fail_at(route, place, PVB_E_P2M_RANGE, error,
			     "the entry is 0x%" PRIx64 ", and there is no MFN from 0x%" PRIx64
			     " on%s",
			     entry, source->frames,
			     entry == UINT32_MAX && route->geometry.entry_size == 8
				     ? " (nor is it the all ones of a missing page, which have 64 "
				       "bits here)"
				     : "");
	pvb_hint(error, "the page was overwritten, or the guest came from another host and has not "
			"set its tree up again");
	return rc;
}

int pvb_p2m_follow(const struct p2m_source *source, const struct p2m_route *route,
		   const struct p2m_place *place, const void *table, uint64_t *frame,
		   struct pvb_error *error)
{
	unsigned size = route->page_tables ? 8 : route->geometry.entry_size;
	uint64_t entry = p2m_entry(size, table, place->index);

	return route->page_tables ? follow_table(source, route, place, entry, frame, error)
				  : follow_tree(source, route, place, entry, frame, error);
}

/* ---- one page alone ---- */

int pvb_p2m_frame_of_page(const struct p2m_source *source, const struct p2m_route *route,
			  uint64_t page, uint64_t *frame, struct pvb_error *error)
{
	PVB_AUTO_FREE void *table = malloc(source->page_size);
	uint64_t path[P2M_HEIGHT_MAX + 1];
	uint64_t at = route->root;
	struct p2m_place place = {.height = route->height, .table = at, .page = page};

	if (!table)
		return pvb_fail_memory(error, P2M_STAGE, "a page of a p2m");
	for (unsigned height = route->height; height > 0; height--) {
		int rc = source->access->read(source->access->opaque, &at, 1, table, error);

		if (rc) {
			pvb_p2m_context_at(route, &place, error);
			return rc;
		}
		path[height] = at;
		place = (struct p2m_place){
			.height = height,
			.table = at,
			.index = p2m_index(route, height, route->place + page),
			.page = page,
		};
		rc = pvb_p2m_follow(source, route, &place, table, &at, error);
		for (unsigned i = height; !rc && i <= route->height; i++)
			if (path[i] == at)
				rc = pvb_p2m_fail_cycle(route, &place, i, at, error);
		if (rc)
			return rc;
		if (at == PVB_P2M_NONE)
			break;
	}
	*frame = at;
	return 0;
}

int pvb_p2m_fail_cycle(const struct p2m_route *route, const struct p2m_place *place,
		       unsigned height, uint64_t frame, struct pvb_error *error)
{
	int rc = pvb_p2m_fail_at(
		route, place, PVB_E_P2M_CYCLE, error,
		"the entry leads to MFN 0x%" PRIx64
		", which is the page of level %u above it: the p2m stands in itself",
		frame, route->page_tables ? height : height + 1);

	pvb_hint(error, "no p2m is made so: its pages were overwritten, or the anchor leads to "
			"something else");
	return rc;
}

int pvb_p2m_translate(const struct p2m_source *source, uint64_t cr3, uint64_t vaddr,
		      uint64_t *frame, struct pvb_error *error)
{
	const struct p2m_route route = {
		.anchor = PVB_P2M_ANCHOR_START_INFO,
		.geometry = {.pfns = 1,
			     .entry_size = source->guest_bits / 8,
			     .page_size = P2M_TABLE_PAGE_SIZE},
		.page_tables = true,
		.height = source->guest_bits == 64 ? 4 : 3,
		.bits = P2M_TABLE_BITS,
		.root = pvb_p2m_cr3_frame(source->guest_bits, cr3),
		.vaddr = vaddr,
		.place = (vaddr & ((UINT64_C(1) << 48) - 1)) / P2M_TABLE_PAGE_SIZE,
		.pages = 1,
	};

	*frame = PVB_P2M_NONE;
	if (route.root >= source->frames || (source->guest_bits == 32 && vaddr > UINT32_MAX))
		return 0;
	return pvb_p2m_frame_of_page(source, &route, 0, frame, error);
}
