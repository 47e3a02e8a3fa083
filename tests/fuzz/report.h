/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What holds of any audit's report, and of any p2m that was read. */
#ifndef PVB_TESTS_FUZZ_REPORT_H
#define PVB_TESTS_FUZZ_REPORT_H

#include <pvbuild/audit.h>
#include <pvbuild/p2m.h>

/* Findings are by rules that there are, say where and what, and decide whether it passed. */
void must_be_a_report(const struct pvb_audit_report *report);

/* And none of them is an error; they are shown where one is. */
void must_pass(const struct pvb_audit_report *report);

/* Two audits of the same thing say the same. */
void must_agree(const struct pvb_audit_report *one, const struct pvb_audit_report *other);

/* Extents ascend and are apart, and the counts add up. */
void must_be_a_p2m(const struct pvb_p2m_info *info);

/* The same frames at the same PFNs. */
void must_be_same_memory(const struct pvb_p2m_info *one, const struct pvb_p2m_info *other);

#endif
