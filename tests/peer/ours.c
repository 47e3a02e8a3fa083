/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain by libpvbuild: through its public interface only. */
#include "peer/peer.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <pvbuild/pvbuild.h>

/* PFNs and pages are counted in what the ABI's page is. */
#define PAGE_SHIFT 12

static struct peer_segment *place(struct peer_layout *layout, enum pvb_segment_kind kind)
{
	switch (kind) {
	case PVB_SEGMENT_KERNEL:
		return &layout->kernel;
	case PVB_SEGMENT_MODULE:
		return &layout->module;
	case PVB_SEGMENT_P2M:
		return &layout->p2m;
	case PVB_SEGMENT_START_INFO:
		return &layout->start_info;
	case PVB_SEGMENT_XENSTORE:
		return &layout->xenstore;
	case PVB_SEGMENT_CONSOLE:
		return &layout->console;
	case PVB_SEGMENT_PAGE_TABLES:
		return &layout->page_tables;
	case PVB_SEGMENT_BOOT_STACK:
		return &layout->boot_stack;
	case PVB_SEGMENT_PADDING:
	case PVB_SEGMENT_P2M_TABLES:
	case PVB_SEGMENT_P2M_TREE:
	case PVB_SEGMENT_DEVICE_TREE:
	case PVB_SEGMENT_MEMACCESS:
	case PVB_SEGMENT_VUART:
		break;
	}
	return NULL;
}

static void note_layout(const struct pvb_plan_info *plan, struct peer_layout *layout)
{
	for (size_t i = 0; i < plan->segment_count; i++) {
		const struct pvb_plan_segment *segment = &plan->segments[i];
		struct peer_segment *to = place(layout, segment->kind);
		uint64_t end = (segment->gpa + segment->occupied) >> PAGE_SHIFT;

		if (end > layout->end_pfn)
			layout->end_pfn = end;
		if (to)
			*to = (struct peer_segment){
				.present = true,
				.pfn = segment->gpa >> PAGE_SHIFT,
				.pages = segment->occupied >> PAGE_SHIFT,
				.va = segment->va,
			};
		/* libxenguest counts the tables of an outside list to the list's segment. */
		if (segment->kind == PVB_SEGMENT_P2M_TABLES)
			layout->p2m.pages += segment->occupied >> PAGE_SHIFT;
	}
	layout->map_end = plan->map_to;
}

/* CPU time from the first that is heard of the stage that writes the p2m to the first of the next.
 */
struct p2m_timer {
	bool runs;
	uint64_t start;
	uint64_t time;
};

static int watch_p2m(void *opaque, const char *stage, uint64_t done, uint64_t total)
{
	struct p2m_timer *timer = opaque;
	bool runs = strcmp(stage, "p2m") == 0;

	(void)done;
	(void)total;
	if (runs && !timer->runs)
		timer->start = peer_cpu_time();
	if (!runs && timer->runs)
		timer->time += peer_cpu_time() - timer->start;
	timer->runs = runs;
	return 0;
}

static int fail(struct peer_domain *domain, const struct pvb_error *error)
{
	snprintf(domain->why, sizeof domain->why, "%s: %s", pvb_code_name(error->code),
		 error->message);
	return -1;
}

int peer_ours_on(struct pvb_host *host, const struct peer_case *which, struct peer_domain *domain)
{
	struct pvb_image *image = NULL;
	struct pvb_plan *plan = NULL;
	struct pvb_domain *built = NULL;
	const struct pvb_plan_module module = {.name = "ramdisk", .bytes = which->ramdisk_bytes};
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_build_options options = PVB_BUILD_OPTIONS_INIT;
	struct pvb_host_info info;
	struct pvb_error error = {0};
	struct p2m_timer timer = {0};
	int rc;

	spec.memory = which->memory;
	spec.command_line = which->command_line;
	spec.p2m = which->p2m;
	options.progress = watch_p2m;
	options.progress_opaque = &timer;
	if (which->ramdisk >= 0) {
		spec.modules = &module;
		spec.module_count = 1;
		options.module_fds = &which->ramdisk;
		options.module_fd_count = 1;
	}
	uint64_t start = peer_cpu_time();

	rc = pvb_image_open(which->kernel, NULL, &image, &error);
	domain->decoded = peer_cpu_time() - start;
	if (rc || pvb_host_get_info(host, &info, &error) ||
	    pvb_plan_create(image, &spec, &info, &plan, &error) ||
	    pvb_build(host, plan, image, &options, &built, &error)) {
		rc = fail(domain, &error);
	} else {
		domain->domid = pvb_domain_info(built)->domid;
		note_layout(pvb_plan_info(plan), &domain->layout);
		domain->p2m_time = timer.time;
	}
	pvb_domain_free(built);
	pvb_plan_free(plan);
	pvb_image_free(image);
	return rc;
}
