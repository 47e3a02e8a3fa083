/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "render.h"

#include <inttypes.h>
#include <stdio.h>

#include "names.h"
#include "size.h"
#include "table.h"

static void render_start_info(const struct pvb_domain_info *domain)
{
	const struct pvb_start_info *info = &domain->start_info;

	render_fact("start_info", "\"%s\", %" PRIu64 " pages, flags 0x%" PRIx32, info->magic,
		    info->nr_pages, info->flags);
	render_fact("  shared info", "machine address 0x%" PRIx64, info->shared_info);
	render_fact("  xenstore", "MFN 0x%" PRIx64 ", event channel %" PRIu32, info->store_mfn,
		    info->store_evtchn);
	render_fact("  console", "MFN 0x%" PRIx64 ", event channel %" PRIu32, info->console_mfn,
		    info->console_evtchn);
	render_fact("  page tables",
		    "%" PRIu64 " at 0x%" PRIx64 ", root at machine address 0x%" PRIx64,
		    info->nr_pt_frames, info->pt_base, domain->root_maddr);
	render_fact("  p2m list", "0x%" PRIx64 ", first PFN 0x%" PRIx64 ", %" PRIu64 " frames",
		    info->mfn_list, info->first_p2m_pfn, info->nr_p2m_frames);
	if (info->mod_len)
		render_fact("  ramdisk", "0x%" PRIx64 ", %" PRIu64 " bytes", info->mod_start,
			    info->mod_len);
}

/* The largest runs tell how fragmented it is; all of them are in the JSON. */
static void render_memory(const struct pvb_domain_info *domain)
{
	const struct pvb_memory_extent *first = domain->extents;

	if (domain->extent_count == 1)
		render_fact("memory", "one run, at machine address 0x%" PRIx64, first->maddr);
	else
		render_fact("memory", "%zu runs, the first at machine address 0x%" PRIx64,
			    domain->extent_count, domain->extent_count ? first->maddr : 0);
}

static void render_steps(const struct creation *creation)
{
	struct table *table = table_new("lr");
	uint64_t total = 0;

	table_cell(table, "stage");
	table_cell(table, "ms");
	for (size_t i = 0; i < creation->step_count; i++) {
		table_cell(table, "%s", creation->steps[i].name);
		table_cell(table, "%.3f", (double)creation->steps[i].nanoseconds / 1e6);
		total += creation->steps[i].nanoseconds;
	}
	table_cell(table, "all");
	table_cell(table, "%.3f", (double)total / 1e6);
	(void)putchar('\n');
	table_print(table, "", stdout);
}

static void render_calls(const struct pvb_host *host)
{
	struct table *table = table_new("lr");
	const char *name;
	uint64_t count;

	table_cell(table, "call to the host");
	table_cell(table, "times");
	for (size_t i = 0; (name = pvb_host_call_count(host, i, &count)); i++) {
		if (!count)
			continue;
		table_cell(table, "%s", name);
		table_cell(table, "%" PRIu64, count);
	}
	(void)putchar('\n');
	table_print(table, "", stdout);
}

void render_domain(const struct creation *creation)
{
	const struct pvb_domain_info *domain = creation->domain;

	render_fact("domain", "%" PRIu32 ", \"%s\", %s, paused", domain->domid, domain->name,
		    format_uuid(domain->uuid).text);
	render_fact("host", "%s, Xen %s", creation->host_info->name, creation->host_info->version);
	render_plan(creation->plan);
	(void)putchar('\n');
	render_start_info(domain);
	render_memory(domain);
	render_steps(creation);
	render_calls(creation->host);
	(void)putchar('\n');
	render_fact("mapped at most", "%s of guest memory",
		    format_size(creation->mapped_peak).text);
	render_fact("peak memory", "%s of this process", format_size(creation->peak_rss).text);
	if (creation->dump)
		render_fact("core", "%s", creation->dump);
	if (creation->audit)
		render_audit(creation->audit);
}

void render_audit(const struct pvb_audit_report *report)
{
	render_fact("audit",
		    "%s: %u rules applied, %u not for want of information, %" PRIu64 " finding%s",
		    report->passed ? "passed" : "FAILED", report->checks, report->skipped,
		    report->total_findings, report->total_findings == 1 ? "" : "s");
	if (!report->finding_count)
		return;

	struct table *table = table_new("llll");

	table_cell(table, "severity");
	table_cell(table, "rule");
	table_cell(table, "where");
	table_cell(table, "what");
	for (size_t i = 0; i < report->finding_count; i++) {
		const struct pvb_finding *finding = &report->findings[i];

		table_cell(table, "%s", severity_name(finding->severity));
		table_cell(table, "%s", finding->rule);
		table_cell(table, "%s", finding->where);
		table_cell(table, "%s", finding->message);
	}
	(void)putchar('\n');
	table_print(table, "", stdout);
	if (report->finding_count < report->total_findings)
		(void)printf("... and %" PRIu64 " more\n",
			     report->total_findings - report->finding_count);
}
