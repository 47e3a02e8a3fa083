/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* {"type": "pvbuild.p2m"} and {"type": "pvbuild.p2m-entry"} */
#include "json-build.h"

#include "names.h"

static void add_source(struct json_object *object, const struct p2m_view *view)
{
	if (view->domain) {
		json_add_number(object, "domid", view->domain->domid);
		json_add_text(object, "name", view->domain->name);
	} else {
		json_add_null(object, "domid");
		json_add_null(object, "name");
	}
	json_add_text(object, "file", view->file);
}

/* Where a p2m is found, the same of all of it and of one entry. */
static void add_place(struct json_object *object, enum pvb_p2m_anchor anchor, uint32_t levels,
		      uint64_t root, uint64_t vaddr)
{
	json_add_text(object, "form", levels ? "tree" : "list");
	json_add_number(object, "levels", levels);
	json_add_text(object, "anchor", pvb_p2m_anchor_name(anchor));
	json_add_hex(object, "root", root);
	json_add_hex_or_null(object, "va", vaddr);
}

static void add_geometry(struct json_object *object, const struct pvb_p2m_geometry *geometry)
{
	json_add_number(object, "pfns", geometry->pfns);
	json_add_number(object, "entry_size", geometry->entry_size);
	json_add_number(object, "page_size", geometry->page_size);
}

/* As the guest spells them: its all ones are as wide as its words. */
static void add_word(struct json_object *object, const char *key, uint64_t value, uint32_t bits)
{
	json_add_hex(object, key, bits == 32 ? (uint32_t)value : value);
}

static struct json_object *anchors_object(const struct pvb_p2m_anchors *anchors)
{
	const uint32_t bits = anchors->guest_bits;
	struct json_object *object = json_map();

	json_add_number(object, "guest_bits", bits);
	add_word(object, "max_pfn", anchors->max_pfn, bits);
	add_word(object, "pfn_to_mfn_frame_list_list", anchors->frame_list_list, bits);
	add_word(object, "p2m_cr3", anchors->p2m_cr3, bits);
	add_word(object, "p2m_vaddr", anchors->p2m_vaddr, bits);
	json_add_number(object, "p2m_generation", anchors->p2m_generation);
	if (!anchors->has_tree) {
		json_add_null(object, "p2m_levels");
		json_add_null(object, "p2m_root");
		return object;
	}
	json_add_number(object, "p2m_levels", anchors->p2m_levels);
	json_add_hex(object, "p2m_root", anchors->p2m_root);
	return object;
}

static struct json_object *extent_object(const void *extents, size_t index)
{
	const struct pvb_p2m_extent *extent = &((const struct pvb_p2m_extent *)extents)[index];
	struct json_object *object = json_map();

	json_add_hex(object, "pfn", extent->pfn);
	json_add_hex(object, "mfn", extent->mfn);
	json_add_number(object, "count", extent->count);
	return object;
}

/* Those that are within another object are there at once: they are few, but for --all. */
static struct json_object *extents_array(const struct pvb_p2m_extent *extents, size_t count)
{
	struct json_object *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_append(array, extent_object(extents, i));
	return array;
}

static struct json_object *disagreement_object(const void *info, size_t index)
{
	const struct pvb_p2m_disagreement *found =
		&((const struct pvb_p2m_info *)info)->disagreements[index];
	struct json_object *object = json_map();

	json_add_hex(object, "pfn", found->pfn);
	json_add_hex(object, "mfn", found->mfn);
	json_add_hex_or_null(object, "m2p_pfn", found->m2p_pfn);
	json_add_number(object, "count", found->count);
	return object;
}

static struct json_object *conversion_object(const struct conversion *made)
{
	struct json_object *object = json_map();
	uint64_t leaf = made->pages - made->leaves;

	json_add_text(object, "file", made->path);
	json_add_text(object, "form", made->tree ? "tree" : "list");
	json_add_number(object, "levels", made->levels);
	json_add_number(object, "page_size", made->page_size);
	json_add_number(object, "pages", made->pages);
	if (made->tree)
		json_add_hex(object, "root", made->root);
	else
		json_add_null(object, "root");

	struct json_object *parts = json_add(object, "parts", json_map());
	const struct {
		const char *name;
		uint64_t first;
		uint64_t count;
	} all[] = {
		{"nodes", made->root, made->nodes},
		{"shared", leaf - made->shared, made->shared},
		{"leaves", leaf, made->leaves},
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		struct json_object *part = json_add(parts, all[i].name, json_map());

		json_add_hex(part, "first", all[i].first);
		json_add_number(part, "count", all[i].count);
	}
	return object;
}

struct json_object *json_p2m(const struct p2m_view *view)
{
	const struct pvb_p2m_info *info = view->info;
	struct json_object *object = json_typed("pvbuild.p2m");

	add_source(object, view);
	add_place(object, info->anchor, info->levels, info->root, info->vaddr);
	add_geometry(object, &info->geometry);
	(void)json_add(object, "shared_info", anchors_object(&info->anchors));

	struct json_object *pages = json_add(object, "pages", json_map());

	json_add_number(pages, "tables", info->table_pages);
	json_add_number(pages, "leaves", info->leaf_pages);
	json_add_number(pages, "shared", info->shared_pages);
	json_add_number(pages, "missing", info->missing_pages);

	json_add_number(object, "frames", info->frames);
	json_add_number(object, "holes", info->holes);
	json_add_number(object, "foreign", info->foreign);
	json_add_number(object, "identity", info->identity);
	json_add_number(object, "wild", info->wild);
	json_add_number(object, "restarts", info->restarts);
	json_add_number(object, "total_extents", info->extent_count);
	json_add_list(object, "extents",
		      (struct json_list){info->extents, p2m_view_listed(view, info->extent_count),
					 extent_object});
	if (info->m2p_known) {
		struct json_object *m2p = json_add(object, "m2p", json_map());

		json_add_bool(m2p, "agrees", !info->total_disagreements);
		json_add_number(m2p, "total_disagreements", info->total_disagreements);
		json_add_list(m2p, "disagreements",
			      (struct json_list){info,
						 p2m_view_listed(view, info->disagreement_count),
						 disagreement_object});
	} else {
		json_add_null(object, "m2p");
	}
	if (info->owners_known) {
		struct json_object *owners = json_add(object, "owners", json_map());

		json_add_bool(owners, "agree", !info->total_not_owned);
		json_add_number(owners, "total_not_owned", info->total_not_owned);
		(void)json_add(owners, "not_owned",
			       extents_array(info->not_owned,
					     p2m_view_listed(view, info->not_owned_count)));
	} else {
		json_add_null(object, "owners");
	}
	(void)json_add(object, "written",
		       view->conversion ? conversion_object(view->conversion) : NULL);
	return object;
}

static const char *step_name(enum pvb_p2m_step_kind kind)
{
	switch (kind) {
	case PVB_P2M_STEP_PAGE_TABLE:
		return "page_table";
	case PVB_P2M_STEP_NODE:
		return "node";
	case PVB_P2M_STEP_LEAF:
		break;
	}
	return "leaf";
}

static struct json_object *steps_array(const struct pvb_p2m_path *walk)
{
	struct json_object *array = json_array();

	for (size_t i = 0; i < walk->step_count; i++) {
		const struct pvb_p2m_step *step = &walk->steps[i];
		struct json_object *object = json_map();

		json_add_text(object, "kind", step_name(step->kind));
		json_add_number(object, "level", step->level);
		json_add_hex(object, "mfn", step->mfn);
		json_add_number(object, "index", step->index);
		json_add_hex(object, "entry", step->entry);
		json_append(array, object);
	}
	return array;
}

struct json_object *json_p2m_entry(const struct p2m_view *view)
{
	const struct pvb_p2m_path *walk = view->walk;
	const bool frame = walk->kind == PVB_P2M_ENTRY_FRAME;
	struct json_object *object = json_typed("pvbuild.p2m-entry");

	add_source(object, view);
	add_place(object, walk->anchor, walk->levels, walk->root, walk->vaddr);
	add_geometry(object, &walk->geometry);
	(void)json_add(object, "shared_info", anchors_object(&walk->anchors));
	json_add_hex(object, "pfn", walk->pfn);
	json_add_text(object, "kind", p2m_entry_name(walk->kind));
	json_add_hex_or_null(object, "mfn", frame ? walk->entry : PVB_NONE);
	(void)json_add(object, "steps", steps_array(walk));
	if (frame && walk->m2p_known) {
		struct json_object *m2p = json_add(object, "m2p", json_map());

		json_add_bool(m2p, "agrees", walk->m2p_pfn == walk->pfn);
		json_add_hex_or_null(m2p, "pfn", walk->m2p_pfn);
	} else {
		json_add_null(object, "m2p");
	}
	if (frame && walk->owner_known)
		json_add_bool(object, "owned", walk->owned);
	else
		json_add_null(object, "owned");
	return object;
}
