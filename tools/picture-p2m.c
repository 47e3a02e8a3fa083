/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture-p2m.h"

#include <inttypes.h>
#include <stdio.h>

#include "picture-paint.h"
#include "picture-p2m-rows.h"
#include "picture-pen.h"
#include "size.h"

#define TOP 142.0
#define ROW_STEP 50.0
#define FOOT 110.0

/* A page that is less wide than this is not drawn as one. */
#define CELL_LEAST 5.0
#define CELL_NAMED 30.0

static const struct colour table_colour = RGB(0xf0a19a);
static const struct colour node_colour = RGB(0xd99a4e);
static const struct colour leaf_colour = RGB(0xf6c38b);
static const struct colour wrong_colour = RGB(0xc81e1e);
static const struct colour foreign_colour = RGB(0x7a3fb0);

/* The borders between pages, where they can be told apart, and their indexes in the page above. */
static void draw_cells(cairo_t *cr, const struct pvb_p2m_info *info, double top, uint64_t span,
		       uint64_t count)
{
	const uint64_t per_page = pvb_p2m_entries_per_page(&info->geometry);
	const double width = PFNS_WIDTH * (double)span / (double)info->geometry.pfns;
	char text[24];

	if (width < CELL_LEAST)
		return;
	for (uint64_t i = 0; i < count; i++) {
		const double left = p2m_x_of(info, i * span);

		if (i) {
			cairo_move_to(cr, left, top);
			cairo_line_to(cr, left, top + ROW_HEIGHT);
			p2m_stroke(cr, i % per_page ? 0.6 : 1.6);
		}
		if (count == 1 ||
		    (i + 1 < count ? p2m_x_of(info, (i + 1) * span) : PFNS_RIGHT) - left <
			    CELL_NAMED)
			continue;
		(void)snprintf(text, sizeof text, "%" PRIu64, i % per_page);
		pen_font(cr, "monospace", false, PEN_SMALL_SIZE);
		pen_use(cr, pen_ink, 0.75);
		(void)pen_put(cr, left + 6, top + ROW_HEIGHT / 2, ANCHOR_LEFT, text);
	}
}

/* What the pages of a level are about, but at most all PFNs. */
static uint64_t span_of(const struct pvb_p2m_info *info, unsigned level)
{
	const uint64_t most = pvb_p2m_capacity(&info->geometry, level);

	return most < info->geometry.pfns ? most : info->geometry.pfns;
}

/* How many pages there can be at a level, and of how many of them there is use. */
static void draw_pages(cairo_t *cr, const struct pvb_p2m_info *info, double top, uint64_t pages,
		       uint64_t span)
{
	const uint64_t filled = p2m_count_filled(info, span);
	char number[48], below[48] = "";

	(void)snprintf(number, sizeof number, "%" PRIu64 " page%s", pages, pages == 1 ? "" : "s");
	if (filled < pages)
		(void)snprintf(below, sizeof below, "%" PRIu64 " with frames below", filled);
	p2m_draw_number(cr, top, number, below);
}

static void draw_level(cairo_t *cr, const struct pvb_p2m_info *info, unsigned level, double top)
{
	const uint64_t pages = pvb_p2m_level_pages(&info->geometry, level);
	const uint64_t span = span_of(info, level);
	const bool root = level == info->levels;
	struct strips strips;
	char name[48];

	p2m_fill(&strips, info, span);
	p2m_draw_strips(cr, &strips, top, level == 1 ? leaf_colour : node_colour);
	draw_cells(cr, info, top, span, pages);
	(void)snprintf(name, sizeof name, "level %u", level);
	p2m_draw_name(cr, top, name,
		      level == 1 ? (root ? "root, and entries" : "entries") : (root ? "root" : ""));
	draw_pages(cr, info, top, pages, span);
}

static void draw_tables(cairo_t *cr, const struct pvb_p2m_info *info, double top)
{
	char number[48];

	cairo_rectangle(cr, PFNS_LEFT, top, PFNS_WIDTH, ROW_HEIGHT);
	pen_use(cr, table_colour, 1);
	cairo_fill_preserve(cr);
	p2m_stroke(cr, 1);
	p2m_draw_name(cr, top, "page tables", "of the guest's");
	(void)snprintf(number, sizeof number, "%" PRIu64 " page%s", info->table_pages,
		       info->table_pages == 1 ? "" : "s");
	p2m_draw_number(cr, top, number, "read on the way");
}

static void draw_list(cairo_t *cr, const struct pvb_p2m_info *info, double top)
{
	const uint64_t pages = pvb_p2m_list_pages(&info->geometry);
	const uint64_t span = span_of(info, 1);
	struct strips strips;
	char text[48];

	p2m_fill(&strips, info, span);
	p2m_draw_strips(cr, &strips, top, leaf_colour);
	draw_cells(cr, info, top, span, pages);
	(void)snprintf(text, sizeof text, "at 0x%" PRIx64, info->vaddr);
	p2m_draw_name(cr, top, "list", text);
	draw_pages(cr, info, top, pages, span);
}

/* Over the row of PFNs, and out of it at both ends. */
static void draw_mark(cairo_t *cr, const struct pvb_p2m_info *info, double top, uint64_t pfn,
		      uint64_t count)
{
	const double left = p2m_x_of(info, pfn);
	const double width = p2m_x_of(info, pfn + count) - left;

	cairo_rectangle(cr, left, top - 5, width < 2 ? 2 : width, ROW_HEIGHT + 10);
	cairo_fill(cr);
}

/*
 * What the entries say: frames; in red where the M2P says otherwise, and in violet where the
 * frame is not the domain's.
 */
static void draw_entries(cairo_t *cr, const struct pvb_p2m_info *info, double top)
{
	struct strips strips;
	char number[64], below[64] = "";

	p2m_fill(&strips, info, 1);
	p2m_draw_strips(cr, &strips, top, p2m_frame_colour);
	pen_use(cr, wrong_colour, 1);
	for (size_t i = 0; i < info->disagreement_count; i++)
		draw_mark(cr, info, top, info->disagreements[i].pfn, info->disagreements[i].count);
	pen_use(cr, foreign_colour, 1);
	for (size_t i = 0; i < info->not_owned_count; i++)
		draw_mark(cr, info, top, info->not_owned[i].pfn, info->not_owned[i].count);
	p2m_draw_name(cr, top, "PFNs", "");
	(void)snprintf(number, sizeof number, "%s",
		       format_size(info->frames * info->geometry.page_size).text);
	if (info->frames < info->geometry.pfns)
		(void)snprintf(below, sizeof below, "%" PRIu64 " without a frame",
			       info->geometry.pfns - info->frames);
	p2m_draw_number(cr, top, number, below);
}

/* What was followed, pointing at what it leads to. */
static void draw_anchor(cairo_t *cr, const struct pvb_p2m_info *info)
{
	const double y = TOP - 22, tip = TOP - 3, x = PFNS_LEFT + 16;
	char text[96];

	if (info->levels)
		(void)snprintf(text, sizeof text, "%s  MFN 0x%" PRIx64,
			       pvb_p2m_anchor_name(info->anchor), info->root);
	else
		(void)snprintf(text, sizeof text, "%s  MFN 0x%" PRIx64 ", address 0x%" PRIx64,
			       pvb_p2m_anchor_name(info->anchor), info->root, info->vaddr);
	pen_font(cr, "monospace", true, PEN_SMALL_SIZE);
	cairo_rectangle(cr, PFNS_LEFT, y - 9, pen_width(cr, text) + 14, 18);
	pen_use(cr, pen_ink, 0.85);
	cairo_fill(cr);
	cairo_move_to(cr, x - 6, y + 9);
	cairo_line_to(cr, x + 6, y + 9);
	cairo_line_to(cr, x, tip);
	cairo_close_path(cr);
	cairo_fill(cr);
	cairo_set_source_rgb(cr, 1, 1, 1);
	(void)pen_put(cr, PFNS_LEFT + 7, y, ANCHOR_LEFT, text);
	(void)snprintf(text, sizeof text, "PFN 0x%" PRIx64, info->geometry.pfns - 1);
	pen_font(cr, "monospace", false, PEN_SMALL_SIZE);
	pen_use(cr, pen_ink, 1);
	(void)pen_put(cr, PFNS_RIGHT, y + 6, ANCHOR_RIGHT, text);
}

static void draw_head(cairo_t *cr, const struct p2m_view *view)
{
	const struct pvb_p2m_info *info = view->info;
	char text[256];

	pen_use(cr, pen_ink, 1);
	pen_font(cr, "sans", true, 20);
	if (info->levels)
		(void)snprintf(text, sizeof text, "p2m, a tree of %" PRIu32 " level%s",
			       info->levels, info->levels == 1 ? "" : "s");
	else
		(void)snprintf(text, sizeof text, "p2m, a list");
	(void)pen_put(cr, MARGIN, 40, ANCHOR_LEFT, text);
	pen_font(cr, "sans", false, PEN_TEXT_SIZE);
	pen_use(cr, pen_faint_ink, 1);
	if (view->domain)
		(void)snprintf(text, sizeof text, "of domain %" PRIu32 ", %s", view->domain->domid,
			       view->domain->name);
	else
		(void)snprintf(text, sizeof text, "in %s", view->file);
	(void)pen_put(cr, MARGIN, 66, ANCHOR_LEFT, text);
	(void)snprintf(text, sizeof text,
		       "%" PRIu64 " PFNs (%s), %" PRIu64 " entries of %" PRIu32 " bytes a page",
		       info->geometry.pfns,
		       format_size(info->geometry.pfns * info->geometry.page_size).text,
		       pvb_p2m_entries_per_page(&info->geometry), info->geometry.entry_size);
	(void)pen_put(cr, MARGIN, 86, ANCHOR_LEFT, text);
}

static void draw_foot(cairo_t *cr, const struct pvb_p2m_info *info, double top)
{
	char text[256];
	double right;

	pen_font(cr, "sans", true, PEN_TEXT_SIZE);
	pen_use(cr, info->total_disagreements ? wrong_colour : pen_ink, 1);
	if (!info->m2p_known)
		(void)snprintf(text, sizeof text, "The M2P was not there to be asked.");
	else if (info->total_disagreements)
		(void)snprintf(text, sizeof text, "The M2P disagrees on %" PRIu64 " PFNs (red).",
			       info->total_disagreements);
	else
		(void)snprintf(text, sizeof text, "The M2P agrees on every frame.");
	right = MARGIN + pen_width(cr, text) + 16;
	(void)pen_put(cr, MARGIN, top, ANCHOR_LEFT, text);
	if (info->total_not_owned) {
		(void)snprintf(text, sizeof text,
			       "%" PRIu64 " PFNs have frames that are not the domain's (violet).",
			       info->total_not_owned);
		pen_use(cr, foreign_colour, 1);
		(void)pen_put(cr, right, top, ANCHOR_LEFT, text);
	}
	pen_font(cr, "sans", false, PEN_TEXT_SIZE);
	pen_use(cr, pen_ink, 1);
	(void)snprintf(text, sizeof text,
		       "%" PRIu64 " frames,  %" PRIu64 " holes,  %" PRIu64 " foreign,  %" PRIu64
		       " identity,  %" PRIu64 " wild entries;  generation %" PRIu64,
		       info->frames, info->holes, info->foreign, info->identity, info->wild,
		       info->anchors.p2m_generation);
	(void)pen_put(cr, MARGIN, top + 22, ANCHOR_LEFT, text);
	pen_use(cr, pen_faint_ink, 1);
	(void)pen_put(cr, MARGIN, top + 44, ANCHOR_LEFT,
		      "PFNs grow to the right, in all rows alike: a page stands over what it is "
		      "about, with its index in the page above. Empty: no frame below.");
}

static unsigned rows_of(const struct pvb_p2m_info *info)
{
	return info->levels ? info->levels : 2;
}

double picture_p2m_height(const struct p2m_view *view)
{
	return TOP + rows_of(view->info) * ROW_STEP + ROW_HEIGHT + RIBBON_HEIGHT + ROW_HEIGHT + 30 +
	       FOOT;
}

void picture_p2m_paint(cairo_t *cr, const struct p2m_view *view)
{
	const struct pvb_p2m_info *info = view->info;
	double top = TOP;

	cairo_set_source_rgb(cr, 1, 1, 1);
	cairo_paint(cr);
	draw_head(cr, view);
	draw_anchor(cr, info);
	if (!info->levels) {
		draw_tables(cr, info, top);
		draw_list(cr, info, top + ROW_STEP);
		top += 2 * ROW_STEP;
	}
	for (unsigned level = info->levels; level >= 1; level--) {
		draw_level(cr, info, level, top);
		top += ROW_STEP;
	}
	p2m_draw_machine(cr, info, top + ROW_HEIGHT);
	draw_entries(cr, info, top);
	draw_foot(cr, info, top + ROW_HEIGHT + RIBBON_HEIGHT + ROW_HEIGHT + 30 + 36);
}
