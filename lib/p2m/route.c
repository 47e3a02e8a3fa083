/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which anchor of a guest's p2m is followed, and whether it can lead anywhere. */
#include "p2m/read.h"

#include <inttypes.h>
#include <stdarg.h>

#include "core/checked.h"
#include "core/error.h"

/* Xen public arch-x86/xen-x86_64.h: what no guest of 64 bits can map anything at. */
#define HYPERVISOR_START UINT64_C(0xffff800000000000)
#define HYPERVISOR_END UINT64_C(0xffff880000000000)
#define VA_BITS_64 48u

int pvb_p2m_check_source(const struct pvb_p2m_access *access, unsigned guest_bits,
			 struct p2m_source *source, struct pvb_error *error)
{
	uint32_t page_size = access->page_size ? access->page_size : P2M_TABLE_PAGE_SIZE;

	if (guest_bits != 64 && guest_bits != 32)
		return pvb_fail(error, PVB_E_ARG_INVALID, P2M_STAGE,
				"a PV guest has 32 or 64 bits, and not %u", guest_bits);
	if (page_size < 4096 || page_size > 65536 || (page_size & (page_size - 1)))
		return pvb_fail(error, PVB_E_ARG_INVALID, P2M_STAGE,
				"frames of %" PRIu32 " bytes were given; the sizes that there are "
				"are powers of two from 4096 to 65536",
				page_size);
	*source = (struct p2m_source){
		.access = access,
		.page_size = page_size,
		.guest_bits = guest_bits,
		.frames = pvb_min(access->frames,
				  guest_bits == 64 ? P2M_FRAMES_MOST : P2M_IDENTITY_BIT(32)),
	};
	return 0;
}

uint64_t pvb_p2m_cr3_frame(unsigned guest_bits, uint64_t cr3)
{
	if (guest_bits == 64)
		return cr3 >> 12;
	return (uint32_t)cr3 >> 12 | (uint32_t)((uint32_t)cr3 << 20);
}

/* ---- by preference ---- */

static enum pvb_p2m_anchor preferred(const struct pvb_p2m_anchors *anchors)
{
	if (anchors->p2m_cr3)
		return PVB_P2M_ANCHOR_CR3;
	if (anchors->has_tree)
		return PVB_P2M_ANCHOR_ROOT;
	return PVB_P2M_ANCHOR_FRAME_LIST;
}

/* ---- sentences ---- */

#define STALE                                                                                      \
	"the guest came from another host and has not set its p2m up again, or has overwritten "   \
	"its shared info"
#define DEEPER                                                                                     \
	"of a guest as large, the kernel has to publish p2m_cr3 and p2m_vaddr, or p2m_levels and " \
	"p2m_root of a tree that is deep enough"

static int refuse(struct pvb_error *error, enum pvb_code code, const char *hint, const char *format,
		  ...) __attribute__((format(printf, 4, 5)));

static int refuse(struct pvb_error *error, enum pvb_code code, const char *hint, const char *format,
		  ...)
{
	va_list arguments;

	va_start(arguments, format);
	int rc = pvb_vfail(error, code, P2M_STAGE, format, arguments);
	va_end(arguments);
	pvb_hint(error, "%s", hint);
	return rc;
}

static int none(const char *name, struct pvb_error *error)
{
	return refuse(
		error, PVB_E_P2M_NONE,
		"a kernel publishes it while it boots: wait for that, or read what its builder "
		"gave it before it runs",
		"%s is 0: the guest has not published its p2m there, or not yet", name);
}

static int all_ones(enum pvb_p2m_anchor anchor, const struct pvb_p2m_anchors *anchors,
		    struct pvb_error *error)
{
	bool tree = anchor == PVB_P2M_ANCHOR_ROOT;

	if (anchor == PVB_P2M_ANCHOR_FRAME_LIST)
		return refuse(
			error, PVB_E_P2M_ANCHOR,
			anchors->p2m_cr3 || anchors->has_tree
				? "follow that one, as is done by preference"
				: "the kernel has to publish either; nothing else tells where "
				  "its p2m is",
			"pfn_to_mfn_frame_list_list is all ones: the guest refers to another "
			"anchor by that, and p2m_cr3 is %s and p2m_levels %s",
			anchors->p2m_cr3 ? "set" : "0",
			anchors->has_tree ? "published" : "not there");
	return refuse(error, PVB_E_P2M_ANCHOR,
		      "the kernel has taken its p2m away without saying so: its anchors cannot be "
		      "relied on",
		      "%s is all ones, which names no frame; where there is %s, it is %s",
		      pvb_p2m_anchor_name(anchor), tree ? "no tree" : "no list",
		      tree ? "not marked as valid" : "0");
}

static int no_frame(const struct p2m_source *source, const char *name, uint64_t word,
		    uint64_t frame, struct pvb_error *error)
{
	bool narrow = source->guest_bits == 64 && word == UINT32_MAX;

	return refuse(
		error, PVB_E_P2M_ANCHOR, STALE,
		"%s is 0x%" PRIx64 ", which names MFN 0x%" PRIx64
		", and there is none from 0x%" PRIx64 " on%s",
		name, word, frame, source->frames,
		narrow ? " (the all ones of a 32-bit guest mean nothing here: this one has 64 "
			 "bits)"
		       : "");
}

/* ---- trees ---- */

static int check_reach(const struct pvb_p2m_geometry *geometry, unsigned levels,
		       struct pvb_error *error)
{
	unsigned least = pvb_p2m_least_levels(geometry);

	if (!least)
		return refuse(error, PVB_E_P2M_SHAPE, STALE,
			      "max_pfn 0x%" PRIx64
			      " is more than a tree of %u levels can hold, and none has more",
			      geometry->pfns, PVB_P2M_LEVELS_MAX);
	if (least > levels)
		return refuse(error, PVB_E_P2M_SHAPE, DEEPER,
			      "max_pfn 0x%" PRIx64
			      " needs %u levels; this tree has %u and ends at PFN 0x%" PRIx64,
			      geometry->pfns, least, levels, pvb_p2m_capacity(geometry, levels));
	return 0;
}

static int route_tree(const struct p2m_source *source, const char *name, unsigned levels,
		      uint64_t root, struct p2m_route *route, struct pvb_error *error)
{
	if (levels < 1 || levels > PVB_P2M_LEVELS_MAX)
		return refuse(error, PVB_E_P2M_SHAPE,
			      "the kernel wrote p2m_levels wrong, or has overwritten it",
			      "p2m_levels is %u, and trees have 1 to %u levels", levels,
			      PVB_P2M_LEVELS_MAX);
	if (root == 0)
		return refuse(
			error, PVB_E_P2M_ANCHOR,
			"a kernel without a tree says so in the mask \"valid\" of its extension",
			"%s is 0, although p2m_levels says that a tree is published: it was "
			"never filled in",
			name);
	if (root >= source->frames)
		return no_frame(source, name, root, root, error);

	int rc = check_reach(&route->geometry, levels, error);

	if (rc)
		return rc;
	route->root = root;
	route->vaddr = PVB_P2M_NONE;
	route->height = levels - 1;
	route->bits = (unsigned)__builtin_ctzll(pvb_p2m_entries_per_page(&route->geometry));
	return 0;
}

/* ---- lists ---- */

/* All of the list lies where a guest can have one: in one half of the address space. */
static bool fits_address_space(unsigned guest_bits, uint64_t vaddr, uint64_t bytes)
{
	uint64_t end, half = UINT64_C(1) << (VA_BITS_64 - 1);

	if (guest_bits == 32)
		return pvb_add(vaddr, bytes, &end) && end <= UINT64_C(1) << 32;
	if (vaddr < half)
		return bytes <= half - vaddr;
	return vaddr >= -half && bytes <= -vaddr;
}

static int check_address(const struct p2m_source *source, const struct pvb_p2m_geometry *geometry,
			 const char *name, uint64_t vaddr, struct pvb_error *error)
{
	uint64_t pages = pvb_p2m_list_pages(geometry), bytes;

	if (!pvb_is_aligned(vaddr, P2M_TABLE_PAGE_SIZE))
		return refuse(error, PVB_E_P2M_ANCHOR, STALE,
			      "%s is 0x%" PRIx64 ", and a list begins with a page", name, vaddr);
	if (!pvb_mul(pages, P2M_TABLE_PAGE_SIZE, &bytes) ||
	    !fits_address_space(source->guest_bits, vaddr, bytes))
		return refuse(error, PVB_E_P2M_SHAPE, STALE,
			      "the list for max_pfn 0x%" PRIx64 ", of %" PRIu64
			      " pages from %s 0x%" PRIx64
			      " on, does not fit into the address space of a %u-bit guest",
			      geometry->pfns, pages, name, vaddr, source->guest_bits);
	if (source->guest_bits == 64 && vaddr < HYPERVISOR_END && vaddr >= HYPERVISOR_START)
		return refuse(error, PVB_E_P2M_ANCHOR, STALE,
			      "%s is 0x%" PRIx64
			      ", which lies in the hypervisor's part of the address space",
			      name, vaddr);
	return 0;
}

static int route_list(const struct p2m_source *source, const char *cr3_name, uint64_t cr3,
		      const char *list_name, uint64_t vaddr, struct p2m_route *route,
		      struct pvb_error *error)
{
	uint64_t root = pvb_p2m_cr3_frame(source->guest_bits, cr3);
	int rc;

	if (source->page_size != P2M_TABLE_PAGE_SIZE)
		return refuse(
			error, PVB_E_P2M_SHAPE,
			"only a tree can have pages of another size: follow its anchor",
			"a list in virtual memory has pages of %u bytes, and the frames given "
			"have %" PRIu32,
			P2M_TABLE_PAGE_SIZE, source->page_size);
	if (root >= source->frames)
		return no_frame(source, cr3_name, cr3, root, error);
	rc = check_address(source, &route->geometry, list_name, vaddr, error);
	if (rc)
		return rc;
	route->page_tables = true;
	route->root = root;
	route->vaddr = vaddr;
	route->height = source->guest_bits == 64 ? 4 : 3;
	route->bits = P2M_TABLE_BITS;
	route->place = (vaddr & ((UINT64_C(1) << VA_BITS_64) - 1)) / P2M_TABLE_PAGE_SIZE;
	return 0;
}

/* 0 and all ones are not numbers of frames, and mean different things. */
static int check_sentinels(const struct pvb_p2m_anchors *anchors, enum pvb_p2m_anchor anchor,
			   struct pvb_error *error)
{
	bool tree = anchor == PVB_P2M_ANCHOR_ROOT;
	uint64_t word = anchor == PVB_P2M_ANCHOR_CR3          ? anchors->p2m_cr3
			: anchor == PVB_P2M_ANCHOR_FRAME_LIST ? anchors->frame_list_list
							      : anchors->p2m_root;

	if (tree && !anchors->has_tree)
		return none("p2m_levels", error);
	if (!tree && word == 0)
		return none(pvb_p2m_anchor_name(anchor), error);
	if (word == PVB_P2M_NONE)
		return all_ones(anchor, anchors, error);
	if (!anchors->max_pfn)
		return refuse(error, PVB_E_P2M_SHAPE,
			      "the kernel is still setting its p2m up, or has forgotten max_pfn",
			      "%s is set, and max_pfn is 0: a p2m of no PFN at all",
			      pvb_p2m_anchor_name(anchor));
	return 0;
}

int pvb_p2m_choose_route(const struct p2m_source *source, const struct pvb_p2m_anchors *anchors,
			 const struct pvb_p2m_options *options, struct p2m_route *route,
			 struct pvb_error *error)
{
	enum pvb_p2m_anchor anchor = options->anchor ? options->anchor : preferred(anchors);
	const char *name = pvb_p2m_anchor_name(anchor);
	bool built = anchor == PVB_P2M_ANCHOR_START_INFO;
	int rc;

	if ((unsigned)anchor > PVB_P2M_ANCHOR_START_INFO)
		return pvb_fail(error, PVB_E_ARG_INVALID, P2M_STAGE,
				"anchor %u is asked for, and there is none of that number",
				(unsigned)anchor);
	*route = (struct p2m_route){
		.anchor = anchor,
		.geometry = {.pfns = built ? options->start_info.pfns : anchors->max_pfn,
			     .entry_size = source->guest_bits / 8,
			     .page_size = source->page_size},
		.frames = built ? options->start_info.frames : 0,
	};
	if (built && !route->geometry.pfns)
		return refuse(error, PVB_E_P2M_SHAPE,
			      "set start_info.pfns of struct pvb_p2m_options, too",
			      "start_info speaks of a list of no PFN at all");
	rc = built ? 0 : check_sentinels(anchors, anchor, error);
	if (rc)
		return rc;
	if (built)
		rc = route_list(source, "cr3", options->start_info.cr3, name,
				options->start_info.list, route, error);
	else if (anchor == PVB_P2M_ANCHOR_CR3)
		rc = route_list(source, name, anchors->p2m_cr3, "p2m_vaddr", anchors->p2m_vaddr,
				route, error);
	else if (anchor == PVB_P2M_ANCHOR_ROOT)
		rc = route_tree(source, name, anchors->p2m_levels, anchors->p2m_root, route, error);
	else
		rc = route_tree(source, name, 3, anchors->frame_list_list, route, error);
	if (!rc)
		route->pages = pvb_p2m_list_pages(&route->geometry);
	return rc;
}
