/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz/report.h"

#include <stdio.h>
#include <string.h>

#include "fuzz/check.h"

static bool is_a_rule(const char *name)
{
	const char *rule, *meaning;

	for (size_t i = 0; (rule = pvb_audit_rule(i, &meaning)); i++)
		if (strcmp(rule, name) == 0)
			return true;
	return false;
}

void must_be_a_report(const struct pvb_audit_report *report)
{
	bool errors = false;

	for (size_t i = 0; i < report->finding_count; i++) {
		const struct pvb_finding *finding = &report->findings[i];

		must(is_a_rule(finding->rule));
		must(finding->where[0] && finding->message[0]);
		errors |= finding->severity == PVB_SEVERITY_ERROR;
	}
	must(report->finding_count <= report->total_findings);
	must(!errors || !report->passed);
	must(errors || report->passed || report->finding_count < report->total_findings);
	must(report->checks || report->skipped);
}

void must_pass(const struct pvb_audit_report *report)
{
	must_be_a_report(report);
	if (report->passed)
		return;
	for (size_t i = 0; i < report->finding_count; i++)
		(void)fprintf(stderr, "%s: %s: %s\n", report->findings[i].rule,
			      report->findings[i].where, report->findings[i].message);
	fuzz_broken("it passes its audit", __FILE__, __LINE__, NULL);
}

void must_agree(const struct pvb_audit_report *one, const struct pvb_audit_report *other)
{
	must(one->passed == other->passed);
	must(one->checks == other->checks && one->skipped == other->skipped);
	must(one->total_findings == other->total_findings);
	must(one->finding_count == other->finding_count);
	for (size_t i = 0; i < one->finding_count; i++) {
		must(strcmp(one->findings[i].rule, other->findings[i].rule) == 0);
		must(strcmp(one->findings[i].where, other->findings[i].where) == 0);
		must(strcmp(one->findings[i].message, other->findings[i].message) == 0);
	}
}

void must_be_a_p2m(const struct pvb_p2m_info *info)
{
	uint64_t end = 0, frames = 0;

	for (size_t i = 0; i < info->extent_count; i++) {
		const struct pvb_p2m_extent *extent = &info->extents[i];

		must(extent->pfn >= end && extent->count);
		end = extent->pfn + extent->count;
		frames += extent->count;
	}
	must(end <= info->geometry.pfns && frames <= info->frames);
	must(info->frames + info->holes + info->foreign + info->identity + info->wild ==
	     info->geometry.pfns);
	must(info->disagreement_count <= info->total_disagreements);
}

void must_be_same_memory(const struct pvb_p2m_info *one, const struct pvb_p2m_info *other)
{
	must(one->extent_count == other->extent_count);
	for (size_t i = 0; i < one->extent_count; i++) {
		must(one->extents[i].pfn == other->extents[i].pfn);
		must(one->extents[i].mfn == other->extents[i].mfn);
		must(one->extents[i].count == other->extents[i].count);
	}
}
