/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "render.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "machine.h"
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
	if (domain->p2m_root_maddr != PVB_NONE)
		render_fact("  p2m tree", "root at machine address 0x%" PRIx64,
			    domain->p2m_root_maddr);
	if (info->mod_len)
		render_fact("  ramdisk", "0x%" PRIx64 ", %" PRIu64 " bytes", info->mod_start,
			    info->mod_len);
}

/* Where there is no start_info: what the guest asks the hypervisor for. */
static void render_parameters(const struct pvb_domain_parameters *parameters)
{
	render_fact("xenstore", "guest address 0x%" PRIx64 ", event channel %" PRIu32,
		    parameters->store_gpa, parameters->store_port);
	render_fact("console", "guest address 0x%" PRIx64 ", event channel %" PRIu32,
		    parameters->console_gpa, parameters->console_port);
}

/* What kernels that do not say otherwise are taken to cope with: 64 TiB. */
#define HIGH_BITS 46

/* The runs tell how fragmented it is; all of them are in the JSON. */
static void render_memory(const struct pvb_domain_info *domain)
{
	struct machine_span span = machine_span(domain);
	uint64_t high = machine_side(domain, HIGH_BITS).above;

	if (domain->extent_count == 1)
		render_fact("memory", "one run, at machine address 0x%" PRIx64, span.from);
	else
		render_fact("memory", "%zu runs, at machine addresses 0x%" PRIx64 " to 0x%" PRIx64,
			    domain->extent_count, span.from, span.to);
	if (high)
		render_fact("", "%s of it above 64 TiB", format_size(high).text);
	for (size_t i = 0; domain->grant_table_high && i < domain->grant_table_pages; i++)
		if (domain->grant_table[i] >> domain->address_bits)
			render_fact("",
				    "page %zu of the grant table is above the guest's limit, at "
				    "0x%" PRIx64,
				    i, domain->grant_table[i]);
}

/* The next call that was made, from *index on. */
static const char *next_call(const struct pvb_host *host, size_t *index, uint64_t *count)
{
	const char *name;

	while ((name = pvb_host_call_count(host, (*index)++, count)))
		if (*count)
			return name;
	return NULL;
}

/* Stages and calls have nothing to do with each other, but stand well side by side. */
static void render_costs(const struct creation *creation)
{
	struct table *table = table_new("lrllr");
	const char *call = NULL;
	uint64_t total = 0;
	uint64_t count = 0;
	size_t index = 0;
	bool calls = true;

	table_cell(table, "stage");
	table_cell(table, "ms");
	table_cell(table, "  ");
	table_cell(table, "call to the host");
	table_cell(table, "times");
	for (size_t row = 0; row <= creation->step_count || calls; row++) {
		if (calls)
			call = next_call(creation->host, &index, &count);
		calls = call != NULL;
		if (row > creation->step_count && !calls)
			break;
		if (row < creation->step_count) {
			table_cell(table, "%s", creation->steps[row].name);
			table_cell(table, "%.3f", (double)creation->steps[row].nanoseconds / 1e6);
			total += creation->steps[row].nanoseconds;
		} else {
			table_cell(table, "%s", row == creation->step_count ? "all" : "");
			if (row == creation->step_count)
				table_cell(table, "%.3f", (double)total / 1e6);
			else
				table_cell(table, "%s", "");
		}
		table_cell(table, "%s", "");
		table_cell(table, "%s", calls ? call : "");
		if (calls)
			table_cell(table, "%" PRIu64, count);
		else
			table_cell(table, "%s", "");
	}
	(void)putchar('\n');
	table_print(table, "", stdout);
}

void render_domain(const struct creation *creation)
{
	const struct pvb_domain_info *domain = creation->domain;

	render_fact("domain", "%" PRIu32 ", \"%s\", %s, %s", domain->domid, domain->name,
		    format_uuid(domain->uuid).text, creation->runs ? "running" : "paused");
	render_fact("host", "%s, Xen %s", creation->host_info->name, creation->host_info->version);
	render_plan(creation->plan);
	(void)putchar('\n');
	if (domain->translated)
		render_parameters(&domain->parameters);
	else
		render_start_info(domain);
	render_memory(domain);
	render_costs(creation);
	(void)putchar('\n');
	render_fact("mapped at most", "%s of guest memory",
		    format_size(creation->mapped_peak).text);
	render_fact("peak memory", "%s of this process, %s of the unpacked kernel beside it",
		    format_size(creation->peak_rss).text, format_size(creation->image_peak).text);
	if (creation->dump)
		render_fact("core", "%s", creation->dump);
	if (creation->audit)
		render_audit(creation->audit);
}

void render_audit(const struct pvb_audit_report *report)
{
	render_fact("audit", "%s: %u rules, %" PRIu64 " finding%s",
		    report->passed ? "passed" : "FAILED", report->checks, report->total_findings,
		    report->total_findings == 1 ? "" : "s");
	if (report->skipped)
		render_fact("", "%u more rules had nothing to be compared with", report->skipped);
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
