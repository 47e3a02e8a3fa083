/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The p2m: the list, and the tree above its pages where the plan has one; each page written once.
 */
#include "build/builder.h"

#include <inttypes.h>

#include "p2m/p2m.h"

/* Pages of the p2m are counted from a PFN of the guest's on. */
struct p2m_pages {
	struct pvb_builder *builder;
	uint64_t first;
};

struct p2m_visit {
	uint64_t first;
	pvb_p2m_visit_fn visit;
	void *visitor;
};

static int visit_pages(struct pvb_builder *builder, void *opaque, uint8_t *at, pvb_pfn_t first,
		       uint64_t count, struct pvb_error *error)
{
	const struct p2m_visit *visit = opaque;

	(void)builder;
	return visit->visit(visit->visitor, at, first.n - visit->first, count, error);
}

static int each_page(void *opaque, uint64_t first, uint64_t count, pvb_p2m_visit_fn visit,
		     void *visitor, struct pvb_error *error)
{
	const struct p2m_pages *pages = opaque;
	struct p2m_visit adapter = {.first = pages->first, .visit = visit, .visitor = visitor};

	return pvb_window_each(pages->builder, PVB_PFN(pages->first + first), count, visit_pages,
			       &adapter, error);
}

uint64_t pvb_build_p2m_bytes(const struct pvb_builder *builder)
{
	return (builder->plan->p2m.count + builder->plan->p2m_tree.count)
	       << builder->host->page_shift;
}

static int write_list(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_plan *plan = builder->plan;
	struct pvb_p2m_runs runs = {.runs = &builder->memory};
	struct pvb_p2m_map memory = pvb_p2m_map_of_runs(&runs);
	struct p2m_pages pages = {builder, plan->p2m.first.n};
	struct pvb_p2m_sink sink = {.opaque = &pages, .each = each_page};
	uint64_t needed = pvb_p2m_list_pages(&plan->p2m_geometry);

	if (needed != plan->p2m.count)
		return pvb_fail(error, PVB_E_BUG, builder->stage,
				"the plan has %" PRIu64 " frames for a p2m list of %" PRIu64,
				plan->p2m.count, needed);
	return pvb_p2m_write_list(&plan->p2m_geometry, &memory, &sink, error);
}

/* No leaf is missing: the list has its pages for holes, too. */
static int write_tree(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_plan *plan = builder->plan;
	struct pvb_p2m_runs leaves = {.runs = &builder->memory, .first = plan->p2m.first.n};
	struct pvb_p2m_runs nodes = {.runs = &builder->memory, .first = plan->p2m_tree.first.n};
	struct p2m_pages pages = {builder, plan->p2m_tree.first.n};
	struct pvb_p2m_sink sink = {.opaque = &pages, .each = each_page};
	const struct pvb_p2m_tree tree = {
		.geometry = plan->p2m_geometry,
		.levels = plan->p2m_levels,
		.leaves = pvb_p2m_map_of_runs(&leaves),
		.nodes = pvb_p2m_map_of_runs(&nodes),
	};
	uint64_t needed = pvb_p2m_tree_pages(&plan->p2m_geometry, plan->p2m_levels);

	if (needed != plan->p2m_tree.count)
		return pvb_fail(error, PVB_E_BUG, builder->stage,
				"the plan has %" PRIu64 " frames for a p2m tree of %" PRIu64
				" above the list",
				plan->p2m_tree.count, needed);
	builder->p2m_root = PVB_MFN(pvb_p2m_root(&tree));
	return pvb_p2m_write_tree(&tree, &sink, error);
}

int pvb_build_p2m(struct pvb_builder *builder, struct pvb_error *error)
{
	const struct pvb_plan *plan = builder->plan;
	int rc;

	if (plan->info.p2m_fallback)
		pvb_builder_log(builder, 0, "the list is in the initial mapping: %s",
				plan->info.p2m_fallback);
	rc = write_list(builder, error);
	return rc || !plan->p2m_levels ? rc : write_tree(builder, error);
}
