/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Core files that are malformed, each in one way and each wanting one code. */
#include <sys/stat.h>
#include <unistd.h>

#include "support/test.h"

#include <pvbuild/p2m-domain.h>

#include "unit/audit-domain.h"

/* Offsets in a core as paper_core() lays it out: ELF header, section headers, notes, ... */
enum {
	SHDRS = 64,
	SHDR_NAMES = SHDRS + 1 * 64,
	SHDR_NOTES = SHDRS + 2 * 64,
	SHDR_PRSTATUS = SHDRS + 3 * 64,
	SHDR_SHARED = SHDRS + 4 * 64,
	SHDR_PAGES = SHDRS + 5 * 64,
	SHDR_P2M = SHDRS + 6 * 64,
	NOTES = SHDRS + 7 * 64,
	NOTE_NONE = NOTES,
	NOTE_HEADER = NOTE_NONE + 16,
	HEADER = NOTE_HEADER + 16,
	NOTE_VERSION = HEADER + 32,
	NOTE_FORMAT = NOTE_VERSION + 16 + 1280,
	FORMAT = NOTE_FORMAT + 16,
};

/* width bytes at offset are set to value, in one place or in two. */
struct patch {
	const char *what;
	enum pvb_code code;
	struct {
		size_t offset;
		uint64_t value;
		unsigned width;
	} at[2];
};

/* clang-format off */
static const struct patch patches[] = {
	{"no ELF magic", PVB_E_CORE_FORMAT, {{0, 0x7e, 1}}},
	{"32-bit class", PVB_E_CORE_FORMAT, {{4, 1, 1}}},
	{"big-endian", PVB_E_CORE_FORMAT, {{5, 2, 1}}},
	{"an executable", PVB_E_CORE_FORMAT, {{16, 2, 2}}},
	{"for ARM", PVB_E_CORE_FORMAT, {{18, 40, 2}}},
	{"no section headers", PVB_E_CORE_FORMAT, {{60, 0, 2}}},
	{"small section headers", PVB_E_CORE_FORMAT, {{58, 40, 2}}},
	{"names in no section", PVB_E_CORE_FORMAT, {{62, 99, 2}}},
	{"section headers past the end", PVB_E_CORE_TRUNCATED, {{40, UINT64_MAX - 5, 8}}},
	{"section headers across the end", PVB_E_CORE_TRUNCATED, {{60, 0xffff, 2}, {40, 16 << 20, 8}}},
	{"names past the end", PVB_E_CORE_TRUNCATED, {{SHDR_NAMES + 24, UINT64_MAX, 8}}},
	{"no names", PVB_E_CORE_SECTION, {{SHDR_NAMES + 32, 0, 8}}},
	{"too many names", PVB_E_CORE_SECTION, {{SHDR_NAMES + 32, 2 << 20, 8}, {SHDR_NAMES + 24, 0, 8}}},
	{"names without an end", PVB_E_CORE_FORMAT, {{SHDR_NAMES + 32, 1, 8}, {SHDR_NAMES + 24, 0, 8}}},
	{"no notes section", PVB_E_CORE_FORMAT, {{SHDR_NOTES, 0, 4}}},
	{"name outside the names", PVB_E_CORE_FORMAT, {{SHDR_NOTES, 0x7fffffff, 4}}},
	{"an empty notes section", PVB_E_CORE_FORMAT, {{SHDR_NOTES + 32, 0, 8}}},
	{"notes of another type", PVB_E_CORE_SECTION, {{SHDR_NOTES + 4, 1, 4}}},
	{"notes past the end", PVB_E_CORE_TRUNCATED, {{SHDR_NOTES + 24, 1 << 30, 8}}},
	{"megabytes of notes", PVB_E_CORE_SECTION, {{SHDR_NOTES + 32, 2 << 20, 8}}},
	{"notes that run out", PVB_E_CORE_SECTION, {{SHDR_NOTES + 32, 20, 8}}},
	{"a note with a huge name", PVB_E_CORE_SECTION, {{NOTE_NONE, UINT32_MAX, 4}}},
	{"a note with a huge descriptor", PVB_E_CORE_SECTION, {{NOTE_VERSION + 4, UINT32_MAX - 3, 4}}},
	{"no header note", PVB_E_CORE_SECTION, {{NOTE_HEADER + 8, 0x2000009, 4}}},
	{"a header note of another owner", PVB_E_CORE_SECTION, {{NOTE_HEADER + 12, 'Y', 1}}},
	{"no format version", PVB_E_CORE_SECTION, {{NOTE_FORMAT + 8, 0x2000009, 4}}},
	{"a short header note", PVB_E_CORE_SECTION, {{NOTE_HEADER + 4, 24, 4}, {HEADER + 24, 0, 8}}},
	{"a short format version", PVB_E_CORE_SECTION, {{NOTE_FORMAT + 4, 4, 4}}},
	{"format version 1.0", PVB_E_CORE_FORMAT, {{FORMAT + 4, 1, 4}}},
	{"an HVM domain", PVB_E_CORE_FORMAT, {{HEADER, 0xf00febee, 8}}},
	{"another magic", PVB_E_CORE_FORMAT, {{HEADER, 0xf00febed1, 8}}},
	{"pages of 64 KiB", PVB_E_CORE_FORMAT, {{HEADER + 24, 65536, 8}}},
	{"no vCPUs", PVB_E_CORE_SECTION, {{HEADER + 8, 0, 8}}},
	{"more vCPUs than contexts", PVB_E_CORE_SECTION, {{HEADER + 8, 2, 8}}},
	{"a vCPU count that does not divide", PVB_E_CORE_SECTION, {{HEADER + 8, 5, 8}}},
	{"more pages than there are", PVB_E_CORE_SECTION, {{HEADER + 16, 4097, 8}}},
	{"pages that overflow", PVB_E_CORE_SECTION, {{HEADER + 16, UINT64_C(1) << 52, 8}}},
	{"no registers", PVB_E_CORE_SECTION, {{SHDR_PRSTATUS, 0, 4}}},
	{"registers past the end", PVB_E_CORE_TRUNCATED, {{SHDR_PRSTATUS + 24, UINT64_C(1) << 62, 8}}},
	{"no pages", PVB_E_CORE_SECTION, {{SHDR_PAGES, 0, 4}}},
	{"pages of another type", PVB_E_CORE_SECTION, {{SHDR_PAGES + 4, 8, 4}}},
	{"pages past the end", PVB_E_CORE_TRUNCATED, {{SHDR_PAGES + 32, UINT64_C(1) << 40, 8}}},
	{"pages that wrap", PVB_E_CORE_TRUNCATED, {{SHDR_PAGES + 32, UINT64_MAX - 4095, 8}}},
	{"no p2m", PVB_E_CORE_SECTION, {{SHDR_P2M, 0, 4}}},
	{"a p2m that is short", PVB_E_CORE_SECTION, {{SHDR_P2M + 32, 16, 8}}},
	{"a p2m past the end", PVB_E_CORE_TRUNCATED, {{SHDR_P2M + 32, UINT64_C(1) << 40, 8}}},
	{"a short shared info", PVB_E_CORE_SECTION, {{SHDR_SHARED + 32, 3135, 8}}},
	{"a shared info past the end", PVB_E_CORE_TRUNCATED, {{SHDR_SHARED + 24, UINT64_MAX, 8}}},
};
/* clang-format on */

static const struct domain_spec spec = {.bits = 64, .pages = 4096, .init_p2m = true};

static struct blob good_core(void)
{
	struct paper_domain *domain = paper_domain_make(&spec);
	struct blob core = paper_core(domain, &(struct core_style){0});

	paper_domain_free(domain);
	return core;
}

static void wants(const struct blob *core, enum pvb_code code, const char *what)
{
	char *path = write_temporary(core);
	struct pvb_audit *audit;
	struct pvb_error error = {0};
	const unsigned fds = count_open_fds();
	int rc = pvb_audit_core(path, NULL, &audit, &error);

	if (rc != -(int)code)
		print_error("%s: wanted %s, got %s: %s\n", what, pvb_code_name((int)code),
			    pvb_code_name(-rc), error.message);
	assert_int_equal(rc, -(int)code);
	assert_true(error.message[0] != '\0');
	assert_null(audit);
	assert_int_equal(count_open_fds(), fds);
	assert_int_equal(unlink(path), 0);
	free(path);
}

static void a_malformed_core_is_refused_by_name(void **state)
{
	struct blob good = good_core();

	(void)state;
	for (size_t i = 0; i < sizeof patches / sizeof patches[0]; i++) {
		struct blob core = blob_copy(&good);

		for (unsigned k = 0; k < 2 && patches[i].at[k].width; k++)
			blob_put(&core, patches[i].at[k].offset, patches[i].at[k].value,
				 patches[i].at[k].width);
		wants(&core, patches[i].code, patches[i].what);
		blob_free(&core);
	}
	blob_free(&good);
}

static void a_core_cut_off_anywhere_is_truncated(void **state)
{
	static const size_t cuts[] = {4,     16,   63,    64,      100,     500,
				      NOTES, 5000, 20000, 1 << 20, 16 << 20};
	struct blob core = good_core();

	(void)state;
	for (size_t i = sizeof cuts / sizeof cuts[0]; i-- > 0;) {
		blob_cut(&core, cuts[i]);
		wants(&core, PVB_E_CORE_TRUNCATED, "cut off");
	}
	blob_cut(&core, 3);
	wants(&core, PVB_E_CORE_FORMAT, "three bytes");
	blob_cut(&core, 0);
	wants(&core, PVB_E_CORE_FORMAT, "an empty file");
	blob_free(&core);
}

static size_t p2m_of(const struct blob *core)
{
	return blob_get(core, SHDR_P2M + 24, 8);
}

static void a_p2m_that_no_writer_makes_is_refused(void **state)
{
	struct blob good = good_core();
	const struct {
		const char *what;
		uint64_t entry, pfn, mfn;
	} entries[] = {
		{"a PFN that does not ascend", 7, 5, 0x4000},
		{"a PFN twice", 7, 6, 0x4000},
		{"a huge PFN", 4095, UINT64_C(1) << 60, 0x4000},
		{"a huge MFN", 7, 7, UINT64_C(1) << 60},
		{"a PFN after the end", 7, UINT64_MAX, UINT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
		struct blob core = blob_copy(&good);

		blob_put(&core, p2m_of(&core) + entries[i].entry * 16, entries[i].pfn, 8);
		blob_put(&core, p2m_of(&core) + entries[i].entry * 16 + 8, entries[i].mfn, 8);
		wants(&core, PVB_E_CORE_SECTION, entries[i].what);
		blob_free(&core);
	}
	blob_free(&good);
}

/* Each takes memory while the core is read, and whoever made it chose how many there are. */
static void a_core_in_too_many_pieces_is_refused(void **state)
{
	struct blob core = good_core();
	struct pvb_audit_options audit_options = PVB_AUDIT_OPTIONS_INIT;
	struct pvb_p2m_options options = PVB_P2M_OPTIONS_INIT;
	struct pvb_audit *audit;
	struct pvb_p2m *p2m;
	struct pvb_error error;

	(void)state;
	for (uint64_t i = 0; i < spec.pages; i++)
		blob_put(&core, p2m_of(&core) + i * 16 + 8, 0x100000 + 2 * i, 8);

	char *path = write_temporary(&core);

	audit_options.max_extents = options.max_extents = spec.pages - 1;
	assert_fails_with(pvb_audit_core(path, &audit_options, &audit, &error), PVB_E_P2M_SCATTERED,
			  &error);
	assert_non_null(strstr(error.message, "in more than 4095 pieces"));
	assert_non_null(strstr(error.hint, "max_extents"));
	assert_fails_with(pvb_p2m_core(path, &options, &p2m, &error), PVB_E_P2M_SCATTERED, &error);
	assert_non_null(strstr(error.message, "in more than 4095 pieces"));
	audit_options.max_extents = options.max_extents = spec.pages;
	assert_ok(pvb_audit_core(path, &audit_options, &audit, &error), &error);
	pvb_audit_free(audit);
	assert_int_not_equal(pvb_p2m_core(path, &options, &p2m, &error), -PVB_E_P2M_SCATTERED);
	pvb_p2m_free(p2m);
	assert_int_equal(unlink(path), 0);
	free(path);
	blob_free(&core);
}

static void a_section_twice_is_refused(void **state)
{
	struct blob core = good_core();

	(void)state;
	blob_put(&core, SHDR_SHARED, blob_get(&core, SHDR_PAGES, 4), 4);
	wants(&core, PVB_E_CORE_SECTION, "two .xen_pages");
	blob_free(&core);
}

static void a_core_of_an_auto_translated_domain_is_refused(void **state)
{
	struct blob core = good_core();
	size_t name = blob_get(&core, SHDR_NAMES + 24, 8) + blob_get(&core, SHDR_P2M, 4);

	(void)state;
	memcpy(core.bytes + name, ".xen_pfn", 8);
	wants(&core, PVB_E_CORE_FORMAT, ".xen_pfn");
	blob_free(&core);
}

static void a_frame_twice_in_the_p2m_of_a_core_is_a_finding(void **state)
{
	struct paper_domain *domain = paper_domain_make(&spec);
	struct blob core = paper_core(domain, &(struct core_style){0});
	struct pvb_audit *audit;
	struct pvb_error error;

	/* As a dumper would write it that follows the guest's own list. */
	(void)state;
	paper_list_set(domain, 3000, paper_list_get(domain, 2000));
	blob_free(&core);
	domain->frames[3000].mfn = domain->frames[2000].mfn;
	core = paper_core(domain, &(struct core_style){0});
	char *path = write_temporary(&core);

	assert_ok(pvb_audit_core(path, NULL, &audit, &error), &error);
	assert_int_equal(pvb_audit_report(audit)->finding_count, 1);
	assert_string_equal(pvb_audit_report(audit)->findings[0].rule, "p2m.frame-twice");
	pvb_audit_free(audit);
	assert_int_equal(unlink(path), 0);
	free(path);
	blob_free(&core);
	paper_domain_free(domain);
}

static void pages_that_went_away_during_a_dump_are_missing(void **state)
{
	struct paper_domain *domain = paper_domain_make(&spec);
	struct blob core = paper_core(domain, &(struct core_style){.invalid = 5});
	char *path = write_temporary(&core);
	struct pvb_audit *audit;
	struct pvb_error error;

	(void)state;
	assert_ok(pvb_audit_core(path, NULL, &audit, &error), &error);
	const struct pvb_audit_report *report = pvb_audit_report(audit);

	/* The domain then has 5 pages less than it says, and the list's tail names them. */
	assert_int_equal(report->finding_count, 2);
	assert_string_equal(report->findings[0].rule, "start_info.nr-pages");
	assert_string_equal(report->findings[1].rule, "p2m.tail");
	pvb_audit_free(audit);
	assert_int_equal(unlink(path), 0);
	free(path);
	blob_free(&core);
	paper_domain_free(domain);
}

static void what_is_no_file_is_refused(void **state)
{
	struct pvb_audit *audit;
	struct pvb_error error;

	(void)state;
	assert_fails_with(pvb_audit_core("no-such-file", NULL, &audit, &error), PVB_E_ARG_FILE,
			  &error);
	assert_fails_with(pvb_audit_core(".", NULL, &audit, &error), PVB_E_ARG_FILE, &error);
	assert_fails_with(pvb_audit_core("/dev/null", NULL, &audit, &error), PVB_E_ARG_FILE,
			  &error);

	/* A FIFO that nobody writes to: opening it must not wait. */
	char fifo[] = "/tmp/pvbuild-fifo-XXXXXX";

	assert_non_null(mkdtemp(fifo));
	assert_int_equal(rmdir(fifo), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_fails_with(pvb_audit_core(fifo, NULL, &audit, &error), PVB_E_ARG_FILE, &error);
	assert_int_equal(unlink(fifo), 0);
}

/* To look at each name to its end would be to look at 400 GB. */
static void many_sections_with_long_names_are_passed_over(void **state)
{
	enum { SECTIONS = 65535, NAMES = 1 << 20, KNOWN = 7 };
	struct blob core = good_core();
	const size_t old_names = blob_get(&core, SHDR_NAMES + 24, 8);
	const size_t old_size = blob_get(&core, SHDR_NAMES + 32, 8);
	const size_t names = blob_append(&core, NULL, NAMES);
	const size_t headers = blob_append(&core, NULL, (size_t)SECTIONS * 64);
	struct pvb_audit *audit;
	struct pvb_error error;

	(void)state;
	memcpy(core.bytes + names, core.bytes + old_names, old_size);
	memset(core.bytes + names + old_size, 'A', NAMES - old_size - 1);
	memcpy(core.bytes + headers, core.bytes + SHDRS, (size_t)KNOWN * 64);
	for (size_t i = KNOWN; i < SECTIONS; i++)
		blob_put(&core, headers + i * 64, old_size, 4);
	blob_put(&core, headers + 64 + 24, names, 8);
	blob_put(&core, headers + 64 + 32, NAMES, 8);
	blob_put(&core, 40, headers, 8);
	blob_put(&core, 60, SECTIONS, 2);

	char *path = write_temporary(&core);

	assert_ok(pvb_audit_core(path, NULL, &audit, &error), &error);
	pvb_audit_free(audit);
	assert_int_equal(unlink(path), 0);
	free(path);
	blob_free(&core);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_malformed_core_is_refused_by_name),
		cmocka_unit_test(a_core_cut_off_anywhere_is_truncated),
		cmocka_unit_test(a_p2m_that_no_writer_makes_is_refused),
		cmocka_unit_test(a_core_in_too_many_pieces_is_refused),
		cmocka_unit_test(a_section_twice_is_refused),
		cmocka_unit_test(a_core_of_an_auto_translated_domain_is_refused),
		cmocka_unit_test(a_frame_twice_in_the_p2m_of_a_core_is_a_finding),
		cmocka_unit_test(pages_that_went_away_during_a_dump_are_missing),
		cmocka_unit_test(what_is_no_file_is_refused),
		cmocka_unit_test(many_sections_with_long_names_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
