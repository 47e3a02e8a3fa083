/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "names.h"
#include "render.h"
#include "size.h"
#include "table.h"

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void render_source(const struct p2m_view *view)
{
	if (view->domain)
		render_fact("domain", "%" PRIu32 ", \"%s\"", view->domain->domid,
			    view->domain->name);
	else
		render_fact("file", "%s", view->file);
}

static void render_form(const struct pvb_p2m_info *info)
{
	const char *anchor = pvb_p2m_anchor_name(info->anchor);

	if (info->levels) {
		render_fact("p2m", "tree of %" PRIu32 " level%s, by %s", info->levels,
			    plural(info->levels), anchor);
		render_fact("  root", "MFN 0x%" PRIx64, info->root);
	} else {
		render_fact("p2m", "list at 0x%" PRIx64 ", by %s", info->vaddr, anchor);
		render_fact("  page tables", "root in MFN 0x%" PRIx64 ", %" PRIu64 " table%s read",
			    info->root, info->table_pages, plural(info->table_pages));
	}
	render_fact("  covers", "%" PRIu64 " PFNs (%s), in entries of %" PRIu32 " bytes",
		    info->geometry.pfns,
		    format_size(info->geometry.pfns * info->geometry.page_size).text,
		    info->geometry.entry_size);
	render_fact("  pages", "%" PRIu64 " of entries", info->leaf_pages);
	if (info->shared_pages)
		render_fact("", "%" PRIu64 " of them without a frame, and in more than one place",
			    info->shared_pages);
	if (info->missing_pages)
		render_fact("", "%" PRIu64 " missing", info->missing_pages);
	if (info->levels)
		render_fact("", "%" PRIu64 " above them", info->table_pages);
}

/* What the PFNs are that have no frame. */
static void render_entries(const struct pvb_p2m_info *info)
{
	const struct {
		const char *label;
		const char *meaning;
		uint64_t count;
	} kinds[] = {
		{"  holes", "nothing", info->holes},
		{"  foreign", "pages of other domains (Linux's mark)", info->foreign},
		{"  identity", "the machine's own (Linux's mark)", info->identity},
		{"  wild", "no frames of this host, and without a mark", info->wild},
	};

	render_fact("  frames", "%" PRIu64 " PFN%s (%s) in %zu extent%s", info->frames,
		    plural(info->frames), format_size(info->frames * info->geometry.page_size).text,
		    info->extent_count, plural(info->extent_count));
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (kinds[i].count)
			render_fact(kinds[i].label, "%" PRIu64 " PFN%s: %s", kinds[i].count,
				    plural(kinds[i].count), kinds[i].meaning);
}

static void render_agreement(const struct pvb_p2m_info *info)
{
	if (!info->m2p_known)
		render_fact("  M2P", "not there to be asked");
	else if (!info->total_disagreements)
		render_fact("  M2P", "agrees on every frame");
	else
		render_fact("  M2P", "DISAGREES on %" PRIu64 " PFN%s", info->total_disagreements,
			    plural(info->total_disagreements));
}

static void render_owners(const struct pvb_p2m_info *info)
{
	if (!info->owners_known)
		return;
	if (info->total_not_owned)
		render_fact("  owner", "NOT the domain, of %" PRIu64 " PFN%s",
			    info->total_not_owned, plural(info->total_not_owned));
	else
		render_fact("  owner", "the domain, of every frame");
}

static void render_published(const struct pvb_p2m_anchors *anchors, unsigned restarts)
{
	if (!anchors->max_pfn && !anchors->frame_list_list && !anchors->p2m_cr3 &&
	    !anchors->has_tree) {
		render_fact("shared info", "nothing published yet");
		return;
	}
	render_fact("shared info", "max_pfn 0x%" PRIx64, anchors->max_pfn);
	render_fact("  frame lists", "0x%" PRIx64, anchors->frame_list_list);
	render_fact("  p2m_cr3", "0x%" PRIx64 ", p2m_vaddr 0x%" PRIx64, anchors->p2m_cr3,
		    anchors->p2m_vaddr);
	if (anchors->has_tree)
		render_fact("  p2m_root", "0x%" PRIx64 ", p2m_levels %" PRIu32, anchors->p2m_root,
			    anchors->p2m_levels);
	if (restarts)
		render_fact("  generation",
			    "%" PRIu64 "; it moved, and reading began again %u time%s",
			    anchors->p2m_generation, restarts, plural(restarts));
	else
		render_fact("  generation", "%" PRIu64, anchors->p2m_generation);
}

static void more(size_t listed, uint64_t count, const char *what)
{
	if (count > listed)
		(void)printf("... and %" PRIu64 " more%s\n", count - listed, what);
}

static void render_extents(const struct p2m_view *view)
{
	const struct pvb_p2m_info *info = view->info;
	const size_t listed = p2m_view_listed(view, info->extent_count);
	struct table *table = table_new("rrrr");

	(void)putchar('\n');
	table_flow(table, "", stdout);
	table_cell(table, "PFN");
	table_cell(table, "MFN");
	table_cell(table, "pages");
	table_cell(table, "bytes");
	for (size_t i = 0; i < listed; i++) {
		const struct pvb_p2m_extent *extent = &info->extents[i];

		table_cell(table, "0x%" PRIx64, extent->pfn);
		table_cell(table, "0x%" PRIx64, extent->mfn);
		table_cell(table, "%" PRIu64, extent->count);
		table_cell(table, "%s", format_size(extent->count * info->geometry.page_size).text);
	}
	table_print(table, "", stdout);
	more(listed, info->extent_count, "; --all lists them");
}

static void render_disagreements(const struct p2m_view *view)
{
	const struct pvb_p2m_info *info = view->info;
	const size_t listed = p2m_view_listed(view, info->disagreement_count);
	struct table *table = table_new("rrrl");

	(void)putchar('\n');
	table_flow(table, "", stdout);
	table_cell(table, "PFN");
	table_cell(table, "pages");
	table_cell(table, "MFN");
	table_cell(table, "of which the M2P says");
	for (size_t i = 0; i < listed; i++) {
		const struct pvb_p2m_disagreement *found = &info->disagreements[i];

		table_cell(table, "0x%" PRIx64, found->pfn);
		table_cell(table, "%" PRIu64, found->count);
		table_cell(table, "0x%" PRIx64, found->mfn);
		if (found->m2p_pfn == PVB_P2M_NONE)
			table_cell(table, "nobody's");
		else
			table_cell(table, "PFN 0x%" PRIx64, found->m2p_pfn);
	}
	table_print(table, "", stdout);
	more(listed, info->disagreement_count, "; --all lists them");
}

static void render_not_owned(const struct p2m_view *view)
{
	const struct pvb_p2m_info *info = view->info;
	const size_t listed = p2m_view_listed(view, info->not_owned_count);
	struct table *table = table_new("rrr");

	table_cell(table, "PFN");
	table_cell(table, "pages");
	table_cell(table, "MFN that is not the domain's");
	for (size_t i = 0; i < listed; i++) {
		table_cell(table, "0x%" PRIx64, info->not_owned[i].pfn);
		table_cell(table, "%" PRIu64, info->not_owned[i].count);
		table_cell(table, "0x%" PRIx64, info->not_owned[i].mfn);
	}
	(void)putchar('\n');
	table_print(table, "", stdout);
	more(listed, info->not_owned_count, "; --all lists them");
}

static void render_conversion(const struct conversion *made)
{
	const uint64_t bytes = made->pages * made->page_size;

	if (!made->tree) {
		render_fact("written", "%s: list, %" PRIu64 " page%s (%s)", made->path, made->pages,
			    plural(made->pages), format_size(bytes).text);
		return;
	}
	render_fact("written", "%s: tree of %" PRIu32 " level%s, %" PRIu64 " pages (%s)",
		    made->path, made->levels, plural(made->levels), made->pages,
		    format_size(bytes).text);
	render_fact("", "page 0 shared info; %" PRIu64 " above the leaves; root page %" PRIu64,
		    made->nodes, made->root);
	if (made->shared)
		render_fact("", "%" PRIu64 " shared for what is missing", made->shared);
	render_fact("", "%" PRIu64 " of entries", made->leaves);
}

void render_p2m(const struct p2m_view *view)
{
	const struct pvb_p2m_info *info = view->info;

	render_source(view);
	render_form(info);
	render_entries(info);
	render_owners(info);
	render_agreement(info);
	render_published(&info->anchors, info->restarts);
	if (view->conversion)
		render_conversion(view->conversion);
	render_extents(view);
	if (info->not_owned_count)
		render_not_owned(view);
	if (info->disagreement_count)
		render_disagreements(view);
}

/* ---- one PFN ---- */

static const char *step_name(enum pvb_p2m_step_kind kind)
{
	switch (kind) {
	case PVB_P2M_STEP_PAGE_TABLE:
		return "page table";
	case PVB_P2M_STEP_NODE:
		return "tree";
	case PVB_P2M_STEP_LEAF:
		break;
	}
	return "entries";
}

static void render_steps(const struct pvb_p2m_path *walk)
{
	struct table *table = table_new("lrrrr");

	table_cell(table, "page");
	table_cell(table, "level");
	table_cell(table, "MFN");
	table_cell(table, "index");
	table_cell(table, "what stands there");
	for (size_t i = 0; i < walk->step_count; i++) {
		const struct pvb_p2m_step *step = &walk->steps[i];

		table_cell(table, "%s", step_name(step->kind));
		if (step->kind == PVB_P2M_STEP_LEAF && !walk->levels)
			table_cell(table, "%s", "");
		else
			table_cell(table, "%" PRIu32, step->level);
		table_cell(table, "0x%" PRIx64, step->mfn);
		table_cell(table, "%" PRIu64, step->index);
		table_cell(table, "0x%" PRIx64, step->entry);
	}
	(void)putchar('\n');
	table_print(table, "", stdout);
	(void)putchar('\n');
}

static void render_meaning(const struct pvb_p2m_path *walk)
{
	const bool leaf =
		walk->step_count && walk->steps[walk->step_count - 1].kind == PVB_P2M_STEP_LEAF;

	switch (walk->kind) {
	case PVB_P2M_ENTRY_FRAME:
		render_fact("PFN", "0x%" PRIx64 " is MFN 0x%" PRIx64, walk->pfn, walk->entry);
		break;
	case PVB_P2M_ENTRY_INVALID:
		render_fact("PFN", "0x%" PRIx64 " has no frame: %s", walk->pfn,
			    leaf ? "its entry is all ones"
				 : "the page of entries that it would be in is missing");
		break;
	case PVB_P2M_ENTRY_FOREIGN:
		render_fact("PFN", "0x%" PRIx64 " is another domain's page, by Linux's mark",
			    walk->pfn);
		break;
	case PVB_P2M_ENTRY_IDENTITY:
		render_fact("PFN", "0x%" PRIx64 " is the machine's own, by Linux's mark",
			    walk->pfn);
		break;
	case PVB_P2M_ENTRY_WILD:
		render_fact("PFN", "0x%" PRIx64 ": 0x%" PRIx64 " is no frame of this host",
			    walk->pfn, walk->entry);
		break;
	}
}

void render_p2m_entry(const struct p2m_view *view)
{
	const struct pvb_p2m_path *walk = view->walk;

	render_source(view);
	if (walk->levels)
		render_fact("p2m", "tree of %" PRIu32 " level%s, by %s", walk->levels,
			    plural(walk->levels), pvb_p2m_anchor_name(walk->anchor));
	else
		render_fact("p2m", "list, by %s; the entry is at 0x%" PRIx64,
			    pvb_p2m_anchor_name(walk->anchor), walk->vaddr);
	render_published(&walk->anchors, 0);
	render_steps(walk);
	render_meaning(walk);
	if (walk->kind != PVB_P2M_ENTRY_FRAME)
		return;
	if (walk->owner_known)
		render_fact("owner", "%s",
			    walk->owned ? "the domain" : "NOT the domain: another one, or nobody");
	if (!walk->m2p_known)
		render_fact("M2P", "not there to be asked");
	else if (walk->m2p_pfn == walk->pfn)
		render_fact("M2P", "agrees");
	else if (walk->m2p_pfn == PVB_P2M_NONE)
		render_fact("M2P", "DISAGREES: that frame is nobody's");
	else
		render_fact("M2P", "DISAGREES: that frame is PFN 0x%" PRIx64, walk->m2p_pfn);
}
