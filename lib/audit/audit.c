/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <pvbuild/audit.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/arm64.h"
#include "audit/check.h"
#include "core/checked.h"

#define DEFAULT_MAX_FINDINGS 100u

struct pvb_audit {
	struct pvb_audit_report report;
	struct pvb_finding *findings;
	size_t capacity;
	size_t max_findings;
	bool out_of_memory;
};

static const struct rule {
	const char *name;
	const char *meaning;
	enum pvb_severity severity;
} rules[RULE_COUNT] = {
#define ENTRY(id, name, severity, meaning) {name, meaning, PVB_SEVERITY_##severity},
	AUDIT_RULES(ENTRY)
#undef ENTRY
};

const char *pvb_audit_rule(size_t index, const char **meaning)
{
	if (index >= RULE_COUNT)
		return NULL;
	if (meaning)
		*meaning = rules[index].meaning;
	return rules[index].name;
}

struct place place(const char *format, ...)
{
	struct place where;
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(where.text, sizeof where.text, format, arguments);
	va_end(arguments);
	return where;
}

uint64_t page_address(const struct check *check, uint64_t page)
{
	uint64_t address = page << VIEW_PAGE_SHIFT;

	if (check->view->guest_bits == 64 && address >> 47 & 1)
		address |= UINT64_C(0xffff) << 48;
	return address;
}

bool page_of_address(const struct check *check, uint64_t address, uint64_t *page)
{
	if (check->view->guest_bits == 64) {
		*page = (address & ((UINT64_C(1) << 48) - 1)) >> VIEW_PAGE_SHIFT;
		return address >> 47 == 0 || address >> 47 == 0x1ffff;
	}
	*page = (uint32_t)address >> VIEW_PAGE_SHIFT;
	return address <= UINT32_MAX;
}

struct place place_address(uint64_t address)
{
	return place("address 0x%llx", (unsigned long long)address);
}

struct place place_page(const struct check *check, uint64_t page)
{
	return place_address(page_address(check, page));
}

size_t first_difference(const uint8_t *a, const uint8_t *b, size_t size)
{
	size_t at = 0;

	if (memcmp(a, b, size) == 0)
		return size;
	while (a[at] == b[at])
		at++;
	return at;
}

void applies(struct check *check, enum audit_rule rule)
{
	check->applied[rule] = true;
}

static bool make_room(struct pvb_audit *audit)
{
	if (audit->report.finding_count < audit->capacity)
		return true;
	size_t capacity = audit->capacity ? audit->capacity * 2 : 16;
	struct pvb_finding *grown =
		(struct pvb_finding *)reallocarray(audit->findings, capacity, sizeof *grown);

	if (!grown)
		return false;
	audit->findings = grown;
	audit->capacity = capacity;
	return true;
}

static bool keep(struct pvb_audit *audit, enum audit_rule rule, const char *where,
		 const char *message)
{
	if (!make_room(audit))
		return false;

	struct pvb_finding *kept = &audit->findings[audit->report.finding_count++];

	*kept = (struct pvb_finding){
		.rule = rules[rule].name,
		.severity = rules[rule].severity,
		.where = strdup(where),
		.message = strdup(message),
	};
	return kept->where && kept->message;
}

void finding(struct check *check, enum audit_rule rule, struct place where, const char *format, ...)
{
	struct pvb_audit *audit = check->audit;
	char message[400];
	va_list arguments;

	applies(check, rule);
	audit->report.total_findings++;
	if (rules[rule].severity == PVB_SEVERITY_ERROR)
		audit->report.passed = false;
	if (audit->report.finding_count >= audit->max_findings || audit->out_of_memory)
		return;

	va_start(arguments, format);
	(void)vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	audit->out_of_memory = !keep(audit, rule, where.text, message);
}

size_t first_nonzero(const uint8_t *bytes, size_t from, size_t to)
{
	while (from < to && !bytes[from])
		from++;
	return from;
}

int read_virtual(struct check *check, uint64_t page, uint64_t count, uint8_t *to, uint64_t *done,
		 struct pvb_error *error)
{
	pvb_mfn_t frames[VIEW_BATCH];

	*done = 0;
	while (*done < count) {
		size_t batch = (size_t)pvb_min(count - *done, VIEW_BATCH), found;
		int rc = walk_frames(check, page + *done, batch, frames, &found, error);

		if (!rc)
			rc = view_read(check->view, frames, found, to + *done * VIEW_PAGE_SIZE,
				       error);
		if (rc)
			return rc;
		*done += found;
		if (found < batch)
			break;
	}
	return 0;
}

/* What the list says of count PFNs from first on; *done of them, up to one that is not to be
 * trusted. */
static int frames_of_pfns(struct check *check, pvb_pfn_t first, size_t count, pvb_mfn_t *frames,
			  size_t *done, struct pvb_error *error)
{
	const uint64_t width = check->view->guest_bits / 8, per_page = VIEW_PAGE_SIZE / width;
	struct view_frame info[VIEW_BATCH];
	uint8_t list[VIEW_PAGE_SIZE];
	uint64_t have = UINT64_MAX;
	size_t n = 0;

	*done = 0;
	for (; n < count && (first.n + n) / per_page < check->layout.list_pages; n++) {
		uint64_t pfn = first.n + n, page = check->layout.list + pfn / per_page, read;

		if (page != have) {
			int rc = read_virtual(check, page, 1, list, &read, error);

			if (rc)
				return rc;
			if (read != 1)
				break;
			have = page;
		}
		frames[n] = PVB_MFN(0);
		memcpy(&frames[n].n, list + pfn % per_page * width, (size_t)width);
	}
	int rc = view_frames(check->view, frames, n, info, error);

	for (size_t i = 0; i < n && !rc && info[i].owned; i++) {
		pvb_pfn_t back;
		uint64_t run;

		rc = view_m2p(check->view, frames[i], 1, &back, &run, error);
		if (rc || back.n != first.n + i)
			break;
		*done = i + 1;
	}
	return rc;
}

int read_pfns(struct check *check, pvb_pfn_t first, uint64_t count, uint8_t *to, uint64_t *done,
	      struct pvb_error *error)
{
	pvb_mfn_t frames[VIEW_BATCH];

	*done = 0;
	while (*done < count) {
		size_t batch = (size_t)pvb_min(count - *done, VIEW_BATCH), found;
		int rc = frames_of_pfns(check, PVB_PFN(first.n + *done), batch, frames, &found,
					error);

		if (!rc)
			rc = view_read(check->view, frames, found, to + *done * VIEW_PAGE_SIZE,
				       error);
		if (rc)
			return rc;
		*done += found;
		if (found < batch)
			break;
	}
	return 0;
}

static int check_made_of(struct check *check, struct pvb_error *error)
{
	int rc = check_p2m(check, error);

	if (!rc)
		rc = check_p2m_tree(check, error);
	if (!rc)
		rc = check_pages(check, error);
	if (!rc)
		rc = check_kernel(check, error);
	return rc ? rc : check_module(check, error);
}

/* As far as one thing leads to the next: the root from cr3, start_info from rsi, the rest from it.
 */
static int run(struct check *check, struct pvb_error *error)
{
	bool go_on;
	int rc = check_registers(check, &go_on, error);

	if (rc || !go_on)
		return rc;
	find_marks(check);
	check_marks(check);
	rc = walk_tables(check, error);
	if (!rc) {
		check_tables(check);
		rc = check_types(check, error);
	}
	if (!rc)
		rc = check_start_info(check, &go_on, error);
	if (rc || !go_on)
		return rc;
	check_layout(check);
	check_table_places(check);
	check_grants(check);
	return check_made_of(check, error);
}

/* What is to be audited: one of a view and a domain that has none. */
struct subject {
	struct view *view;
	struct pvb_host *host;
	uint32_t domid;
};

static int run_on(struct check *check, const struct subject *subject, struct pvb_error *error)
{
	if (!subject->view)
		return audit_arm64(check, subject->host, subject->domid, error);
	read_answer(check);
	find_address_bits(check);
	find_tree(check);
	int rc = run(check, error);

	check_shared_info(check);
	check_answer(check);
	check_address_bits(check);
	walk_free(&check->walk);
	return rc;
}

/* Rules are of one kind of guest or the other. */
static void count_rules(struct check *check, bool arm64)
{
	struct pvb_audit_report *report = &check->audit->report;
	const size_t first = arm64 ? RULE_FIRST_ARM64 : 0;
	const size_t end = arm64 ? RULE_COUNT : RULE_FIRST_ARM64;

	for (size_t i = first; i < end; i++)
		*(check->applied[i] ? &report->checks : &report->skipped) += 1;
}

/* Takes the view. */
static int audit_subject(const struct subject *subject, struct pvb_audit_options *options,
			 struct pvb_audit **out, struct pvb_error *error)
{
	struct pvb_audit *audit = (struct pvb_audit *)calloc(1, sizeof *audit);
	struct check *check = (struct check *)calloc(1, sizeof *check);
	int rc = 0;

	if (!audit || !check) {
		rc = pvb_fail_memory(error, "audit", "an audit");
	} else {
		audit->max_findings =
			options->max_findings ? options->max_findings : DEFAULT_MAX_FINDINGS;
		audit->report.passed = true;
		check->audit = audit;
		check->view = subject->view;
		if (!options->ranges)
			options->range_count = 0;
		check->options = options;
		check->image = options->image ? pvb_image_info(options->image) : NULL;
		rc = run_on(check, subject, error);
		if (!rc && audit->out_of_memory)
			rc = pvb_fail_memory(error, "audit", "the findings");
		count_rules(check, !subject->view);
		audit->report.findings = audit->findings;
	}
	free(check);
	view_close(subject->view);
	if (rc) {
		pvb_audit_free(audit);
		return rc;
	}
	*out = audit;
	return 0;
}

/* Whether it is a guest that the processor translates. Who has none of them is not asked. */
static int is_translated(struct pvb_host *host, uint32_t domid, bool *translated,
			 struct pvb_error *error)
{
	struct pvb_host_domain domain;

	*translated = false;
	if (!host->ops->get_memory_run)
		return 0;
	int rc = pvb_host_get_domain(host, domid, &domain, error);

	*translated = !rc && domain.translated;
	return rc;
}

int pvb_audit_domain(struct pvb_host *host, uint32_t domid, const struct pvb_audit_options *options,
		     struct pvb_audit **audit, struct pvb_error *error)
{
	struct subject subject = {.host = host, .domid = domid};
	struct pvb_audit_options known;
	bool translated = false;

	*audit = NULL;
	int rc = pvb_options(&known, sizeof known, options, "audit", error);

	if (!rc)
		rc = is_translated(host, domid, &translated, error);
	if (!rc && !translated)
		rc = view_live(host, domid, &subject.view, error);
	return rc ? rc : audit_subject(&subject, &known, audit, error);
}

int pvb_audit_core(const char *path, const struct pvb_audit_options *options,
		   struct pvb_audit **audit, struct pvb_error *error)
{
	struct pvb_audit_options known;
	struct subject subject = {0};

	*audit = NULL;
	int rc = pvb_options(&known, sizeof known, options, "audit", error);

	if (!rc)
		rc = view_core(path, known.max_extents, &subject.view, error);
	return rc ? rc : audit_subject(&subject, &known, audit, error);
}

const struct pvb_audit_report *pvb_audit_report(const struct pvb_audit *audit)
{
	return &audit->report;
}

void pvb_audit_free(struct pvb_audit *audit)
{
	if (!audit)
		return;
	for (size_t i = 0; i < audit->report.finding_count; i++) {
		free((char *)(uintptr_t)audit->findings[i].where);
		free((char *)(uintptr_t)audit->findings[i].message);
	}
	free(audit->findings);
	free(audit);
}
