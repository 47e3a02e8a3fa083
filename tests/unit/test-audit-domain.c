/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Good domains have no findings; what is no domain to audit is refused. */
#include <fcntl.h>
#include <unistd.h>

#include "support/test.h"
#include "unit/audit-domain.h"

static const struct domain_spec good[] = {
	{.bits = 64},
	{.bits = 64, .at_zero = true, .hypercall = true},
	{.bits = 64, .init_p2m = true, .is_linux = true},
	{.bits = 64, .init_p2m = true, .module_bytes = 123456, .module_by_pfn = true},
	{.bits = 64, .module_bytes = 4096, .scrambled = true},
	{.bits = 64, .init_p2m = true, .scrambled = true, .module_bytes = 1, .module_by_pfn = true},
	{.bits = 64, .pages = 5000, .kernel_pages = 660},
	{.bits = 64, .init_p2m = true, .pages = 3001, .mfn_base = UINT64_C(0x3fff00000)},
	{.bits = 64, .pages = 20000, .kernel_pages = 9000, .hypercall = true},
	{.bits = 32},
	{.bits = 32, .at_zero = true, .hypercall = true, .module_bytes = 5000},
	{.bits = 32, .scrambled = true, .module_bytes = 8192, .module_by_pfn = true},
	{.bits = 32, .mfn_base = 0x200000, .pages = 3333},
	{.bits = 32, .mfn_base = (1u << 25) - 4096},
	{.bits = 64,
	 .init_p2m = true,
	 .module_bytes = 12345,
	 .module_by_pfn = true,
	 .declares = true},
	{.bits = 32, .declares = true},
	{.bits = 64, .declares = true, .kernel_bit = 57, .pte_note = UINT64_C(0x7ff0000000000e00)},
	{.bits = 64, .init_p2m = true, .declares = true, .pte_note = UINT64_C(0x0010000000000000)},
	{.bits = 64, .init_p2m = true, .is_linux = true, .tree_levels = 3},
	{.bits = 64, .module_bytes = 5000, .scrambled = true, .tree_levels = 5},
	{.bits = 64,
	 .init_p2m = true,
	 .module_bytes = 5000,
	 .module_by_pfn = true,
	 .declares = true,
	 .tree_levels = 2},
	{.bits = 32, .module_bytes = 8192, .module_by_pfn = true, .tree_levels = 2},
	{.bits = 32, .tree_levels = 3},
	{.bits = 64,
	 .init_p2m = true,
	 .pages = 100000,
	 .hole_first = 5000,
	 .hole_count = 90000,
	 .tree_levels = 4},
	{.bits = 32, .pages = 9001, .hole_first = 3000, .hole_count = 5000, .tree_levels = 2},
	{.bits = 64, .pages = 9000, .hole_first = 4100, .hole_count = 2500},
	{.bits = 64, .init_p2m = true, .pages = 100000, .hole_first = 5000, .hole_count = 90000},
	{.bits = 64,
	 .init_p2m = true,
	 .pages = 5121,
	 .hole_first = 2048,
	 .hole_count = 3072,
	 .module_bytes = 1,
	 .module_by_pfn = true},
	{.bits = 32, .pages = 9001, .hole_first = 3000, .hole_count = 5000},
};

#define GOOD (sizeof good / sizeof good[0])

static void show(const struct pvb_audit_report *report)
{
	for (size_t i = 0; i < report->finding_count; i++)
		print_error("  %s at %s: %s\n", report->findings[i].rule, report->findings[i].where,
			    report->findings[i].message);
}

static unsigned rule_count(void)
{
	const char *rule;
	unsigned count = 0;

	/* Those of arm64 guests are not for these. */
	for (size_t i = 0; (rule = pvb_audit_rule(i, NULL)); i++)
		count += strncmp(rule, "arm64.", 6) != 0;
	return count;
}

static int open_module(const struct paper_domain *domain)
{
	char *path = write_temporary(&domain->module);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	free(path);
	return fd;
}

static void audit_both_ways(struct paper_domain *domain, const struct core_style *style,
			    unsigned skipped_live, unsigned skipped_core)
{
	struct pvb_audit_options options = PVB_AUDIT_OPTIONS_INIT;
	struct pvb_image *image;
	struct pvb_audit *audit;
	struct pvb_error error;
	int module = open_module(domain);

	assert_ok(pvb_image_open_memory(domain->kernel.bytes, domain->kernel.size, "kernel", NULL,
					&image, &error),
		  &error);
	options.image = image;
	options.module_fds = &module;
	options.module_fd_count = domain->module.size ? 1 : 0;
	options.command_line = PAPER_COMMAND_LINE;
	struct pvb_memory_range ranges[2];

	options.memory = (domain->pages - domain->spec.hole_count) * 4096;
	options.ranges = ranges;
	options.range_count = paper_ranges(domain, ranges);
	options.address_bits = 46;
	assert_ok(pvb_audit_domain(&domain->host, 1, &options, &audit, &error), &error);
	show(pvb_audit_report(audit));
	assert_int_equal(pvb_audit_report(audit)->total_findings, 0);
	assert_true(pvb_audit_report(audit)->passed);
	assert_int_equal(pvb_audit_report(audit)->skipped, skipped_live);
	assert_int_equal(pvb_audit_report(audit)->checks, rule_count() - skipped_live);
	pvb_audit_free(audit);

	struct blob core = paper_core(domain, style);
	char *path = write_temporary(&core);

	blob_free(&core);
	assert_ok(pvb_audit_core(path, &options, &audit, &error), &error);
	show(pvb_audit_report(audit));
	assert_int_equal(pvb_audit_report(audit)->total_findings, 0);
	assert_int_equal(pvb_audit_report(audit)->skipped, skipped_core);
	pvb_audit_free(audit);
	assert_int_equal(unlink(path), 0);
	free(path);
	assert_int_equal(close(module), 0);
	pvb_image_free(image);
}

static void good_domains_have_no_findings(void **state)
{
	(void)state;
	for (size_t i = 0; i < GOOD; i++) {
		struct paper_domain *domain = paper_domain_make(&good[i]);
		const bool answered = good[i].declares || good[i].tree_levels;
		/* A list inside has no place of its own to judge, and no ramdisk has no bytes. */
		const unsigned skipped = (good[i].init_p2m ? 0u : 2u) +
					 (good[i].module_bytes ? 0u : 4u) + (answered ? 1u : 3u) +
					 (good[i].bits == 64 ? 1u : 2u) +
					 (good[i].pte_note ? 0u : 1u) +
					 /* That there is no tree, a record tells, too. */
					 (good[i].tree_levels ? 0u
					  : answered          ? 8u
							      : 9u);

		/*
		 * What was told can be compared only with what the hypervisor says, and
		 * that it is on record.
		 */
		audit_both_ways(domain, &(struct core_style){0}, skipped,
				skipped + (answered ? 9 : 7));
		paper_domain_free(domain);
	}
}

/* In 1 GiB and a little there are two pages at level 2; a core of it would take as much. */
static void a_tree_may_have_more_than_one_page_at_a_level(void **state)
{
	const struct domain_spec specs[] = {
		{.bits = 64, .init_p2m = true, .pages = 262144 + 513, .tree_levels = 3},
		{.bits = 64, .init_p2m = true, .pages = 262144 + 1, .tree_levels = 5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
		struct paper_domain *domain = paper_domain_make(&specs[i]);
		struct pvb_audit *audit;
		struct pvb_error error;

		assert_int_equal(domain->tree_count, specs[i].tree_levels);
		assert_ok(pvb_audit_domain(&domain->host, 1, NULL, &audit, &error), &error);
		show(pvb_audit_report(audit));
		assert_int_equal(pvb_audit_report(audit)->total_findings, 0);
		pvb_audit_free(audit);
		paper_domain_free(domain);
	}
}

static void a_domain_is_judged_by_itself_where_nothing_is_given(void **state)
{
	(void)state;
	for (size_t i = 0; i < GOOD; i++) {
		struct paper_domain *domain = paper_domain_make(&good[i]);
		struct pvb_audit *audit;
		struct pvb_error error;

		assert_ok(pvb_audit_domain(&domain->host, 1, NULL, &audit, &error), &error);
		show(pvb_audit_report(audit));
		assert_int_equal(pvb_audit_report(audit)->total_findings, 0);
		assert_true(pvb_audit_report(audit)->skipped > 0);
		pvb_audit_free(audit);
		paper_domain_free(domain);
	}
}

static void a_core_is_read_however_it_is_laid_out(void **state)
{
	const struct domain_spec wide = {.bits = 64, .init_p2m = true};
	const struct domain_spec narrow = {.bits = 32};
	struct paper_domain *domain;

	(void)state;
	domain = paper_domain_make(&wide);
	audit_both_ways(domain, &(struct core_style){.sections_last = true}, 18, 25);
	audit_both_ways(domain, &(struct core_style){.vcpus = 7}, 18, 25);
	audit_both_ways(domain, &(struct core_style){.no_shared_info = true}, 18, 30);
	paper_domain_free(domain);
	domain = paper_domain_make(&narrow);
	audit_both_ways(domain, &(struct core_style){.small_contexts = true, .vcpus = 2}, 21, 28);
	paper_domain_free(domain);
}

static void a_domain_that_is_not_pinned_yet_fails_only_for_that(void **state)
{
	const struct domain_spec spec = {.bits = 64, .init_p2m = true, .unpinned = true};
	struct paper_domain *domain = paper_domain_make(&spec);
	struct pvb_audit *audit;
	struct pvb_error error;

	(void)state;
	assert_ok(pvb_audit_domain(&domain->host, 1, NULL, &audit, &error), &error);
	const struct pvb_audit_report *report = pvb_audit_report(audit);

	for (size_t i = 0; i < report->finding_count; i++)
		assert_memory_equal(report->findings[i].rule, "types.", 6);
	assert_false(report->passed);
	pvb_audit_free(audit);

	/* In a core nobody can tell. */
	struct blob core = paper_core(domain, &(struct core_style){0});
	char *path = write_temporary(&core);

	blob_free(&core);
	assert_ok(pvb_audit_core(path, NULL, &audit, &error), &error);
	assert_int_equal(pvb_audit_report(audit)->total_findings, 0);
	pvb_audit_free(audit);
	assert_int_equal(unlink(path), 0);
	free(path);
	paper_domain_free(domain);
}

static void what_backends_and_the_hypervisor_do_to_a_new_domain_is_fine(void **state)
{
	const struct domain_spec spec = {.bits = 64};
	struct paper_domain *domain = paper_domain_make(&spec);
	struct pvb_audit *audit;
	struct pvb_error error;

	(void)state;
	/* Registers read back, a console that is mapped, a store that knows features and kicked. */
	domain->vcpu.rflags |= 2;
	domain->vcpu.flags |= 1;
	domain->vcpu.cr[0] = 0x80050033;
	domain->vcpu.cr[4] = 0x2660;
	domain->grants[0].flags |= 0x18;
	paper_page(domain, domain->store)[2064] = 3;
	paper_page(domain, domain->console)[3088] = 1;
	domain->shared_info[0] = 1;
	domain->shared_info[8] = 1;
	domain->shared_info[0x800] = 1 << 1 | 1 << 2;
	domain->shared_info[32] = 77;
	domain->shared_info[0xc04] = 99;
	assert_ok(pvb_audit_domain(&domain->host, 1, NULL, &audit, &error), &error);
	show(pvb_audit_report(audit));
	assert_int_equal(pvb_audit_report(audit)->total_findings, 0);
	pvb_audit_free(audit);
	paper_domain_free(domain);
}

static void no_more_findings_are_kept_than_were_asked_for(void **state)
{
	const struct domain_spec spec = {.bits = 64};
	struct paper_domain *domain = paper_domain_make(&spec);
	struct pvb_audit_options options = PVB_AUDIT_OPTIONS_INIT;
	struct pvb_audit *audit;
	struct pvb_error error;

	(void)state;
	for (uint64_t pfn = 0; pfn < 1000; pfn++)
		paper_list_set(domain, pfn, UINT64_MAX);
	assert_ok(pvb_audit_domain(&domain->host, 1, NULL, &audit, &error), &error);
	assert_int_equal(pvb_audit_report(audit)->finding_count, 100);
	assert_int_equal(pvb_audit_report(audit)->total_findings, 1000);
	pvb_audit_free(audit);
	options.max_findings = 7;
	assert_ok(pvb_audit_domain(&domain->host, 1, &options, &audit, &error), &error);
	assert_int_equal(pvb_audit_report(audit)->finding_count, 7);
	assert_int_equal(pvb_audit_report(audit)->total_findings, 1000);
	assert_false(pvb_audit_report(audit)->passed);
	pvb_audit_free(audit);
	paper_domain_free(domain);
}

static void a_warning_does_not_fail_a_domain(void **state)
{
	const struct domain_spec spec = {.bits = 64};
	struct paper_domain *domain = paper_domain_make(&spec);
	struct pvb_audit *audit;
	struct pvb_error error;

	(void)state;
	domain->vcpu.r15 = 3;
	assert_ok(pvb_audit_domain(&domain->host, 1, NULL, &audit, &error), &error);
	assert_int_equal(pvb_audit_report(audit)->finding_count, 1);
	assert_int_equal(pvb_audit_report(audit)->findings[0].severity, PVB_SEVERITY_WARNING);
	assert_true(pvb_audit_report(audit)->passed);
	pvb_audit_free(audit);
	paper_domain_free(domain);
}

static void only_a_paused_pv_domain_can_be_audited(void **state)
{
	const struct domain_spec spec = {.bits = 64};
	struct paper_domain *domain = paper_domain_make(&spec);
	struct pvb_audit *audit;
	struct pvb_error error;

	(void)state;
	assert_fails_with(pvb_audit_domain(&domain->host, 7, NULL, &audit, &error),
			  PVB_E_HOST_NO_DOMAIN, &error);
	assert_null(audit);
	domain->paused = false;
	assert_fails_with(pvb_audit_domain(&domain->host, 1, NULL, &audit, &error),
			  PVB_E_HOST_STATE, &error);
	assert_true(error.hint[0] != '\0');
	domain->paused = domain->dying = true;
	assert_fails_with(pvb_audit_domain(&domain->host, 1, NULL, &audit, &error),
			  PVB_E_HOST_STATE, &error);
	domain->dying = false;
	domain->shutdown = true;
	assert_fails_with(pvb_audit_domain(&domain->host, 1, NULL, &audit, &error),
			  PVB_E_HOST_STATE, &error);
	domain->shutdown = false;
	domain->cpu_time_ns = 1;
	assert_fails_with(pvb_audit_domain(&domain->host, 1, NULL, &audit, &error),
			  PVB_E_HOST_STATE, &error);
	assert_non_null(strstr(error.message, "running before"));
	domain->cpu_time_ns = 0;
	domain->hvm = true;
	assert_fails_with(pvb_audit_domain(&domain->host, 1, NULL, &audit, &error),
			  PVB_E_HOST_GUEST_TYPE, &error);
	domain->hvm = false;
	domain->said_bits = 16;
	assert_fails_with(pvb_audit_domain(&domain->host, 1, NULL, &audit, &error),
			  PVB_E_HOST_GUEST_TYPE, &error);
	domain->said_bits = 64;
	domain->page_shift = 14;
	assert_fails_with(pvb_audit_domain(&domain->host, 1, NULL, &audit, &error),
			  PVB_E_ARG_UNSUPPORTED, &error);
	domain->page_shift = 12;
	domain->address_bits = 64;
	assert_fails_with(pvb_audit_domain(&domain->host, 1, NULL, &audit, &error),
			  PVB_E_HOST_LIMIT, &error);
	paper_domain_free(domain);
}

static void options_from_a_newer_library_are_refused(void **state)
{
	const struct domain_spec spec = {.bits = 64};
	struct paper_domain *domain = paper_domain_make(&spec);
	struct {
		struct pvb_audit_options known;
		uint64_t more;
	} options = {.known.size = sizeof options, .more = 1};
	struct pvb_audit *audit;
	struct pvb_error error;

	(void)state;
	assert_fails_with(pvb_audit_domain(&domain->host, 1, &options.known, &audit, &error),
			  PVB_E_ARG_VERSION, &error);
	assert_fails_with(pvb_audit_core("nowhere", &options.known, &audit, &error),
			  PVB_E_ARG_VERSION, &error);
	paper_domain_free(domain);
}

static void every_call_that_fails_ends_the_audit_cleanly(void **state)
{
	const struct domain_spec spec = {
		.bits = 64, .init_p2m = true, .module_bytes = 5000, .module_by_pfn = true};
	struct paper_domain *domain = paper_domain_make(&spec);
	struct pvb_audit_options options = PVB_AUDIT_OPTIONS_INIT;
	struct pvb_image *image;
	struct pvb_error error;
	int module = open_module(domain);
	const unsigned fds = count_open_fds();
	unsigned failed = 0;
	int rc;

	(void)state;
	assert_ok(pvb_image_open_memory(domain->kernel.bytes, domain->kernel.size, "kernel", NULL,
					&image, &error),
		  &error);
	options.image = image;
	options.module_fds = &module;
	options.module_fd_count = 1;
	/* A frame twice, so that the call that looks at the other place can fail, too. */
	paper_list_set(domain, 40, paper_list_get(domain, 1500));
	do {
		struct pvb_audit *audit = NULL;

		domain->calls = 0;
		domain->fail_after = ++failed;
		memset(&error, 0, sizeof error);
		rc = pvb_audit_domain(&domain->host, 1, &options, &audit, &error);
		assert_int_equal(domain->mapped_pages, 0);
		if (rc) {
			assert_int_equal(rc, -PVB_E_HOST_INJECTED);
			assert_null(audit);
		}
		pvb_audit_free(audit);
	} while (rc);
	assert_true(failed > 30);
	pvb_image_free(image);
	assert_int_equal(count_open_fds(), fds);
	assert_int_equal(close(module), 0);
	paper_domain_free(domain);
}

static void a_ramdisk_that_cannot_be_read_is_an_error(void **state)
{
	const struct domain_spec spec = {.bits = 64, .module_bytes = 5000};
	struct paper_domain *domain = paper_domain_make(&spec);
	struct pvb_audit_options options = PVB_AUDIT_OPTIONS_INIT;
	struct pvb_audit *audit;
	struct pvb_error error;
	int module = -1;

	(void)state;
	options.module_fds = &module;
	options.module_fd_count = 1;
	assert_fails_with(pvb_audit_domain(&domain->host, 1, &options, &audit, &error),
			  PVB_E_ARG_FILE, &error);
	paper_domain_free(domain);
}

static void a_ramdisk_that_the_guest_lacks_is_found(void **state)
{
	const struct domain_spec without = {.bits = 64}, with = {.bits = 64, .module_bytes = 5000};
	struct paper_domain *domain = paper_domain_make(&without),
			    *other = paper_domain_make(&with);
	struct pvb_audit_options options = PVB_AUDIT_OPTIONS_INIT;
	struct pvb_audit *audit;
	struct pvb_error error;
	int module = open_module(other);

	(void)state;
	options.module_fds = &module;
	options.module_fd_count = 1;
	assert_ok(pvb_audit_domain(&domain->host, 1, &options, &audit, &error), &error);
	assert_int_equal(pvb_audit_report(audit)->finding_count, 1);
	assert_string_equal(pvb_audit_report(audit)->findings[0].rule, "module.length");
	pvb_audit_free(audit);
	assert_int_equal(close(module), 0);
	paper_domain_free(domain);
	paper_domain_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_domains_have_no_findings),
		cmocka_unit_test(a_tree_may_have_more_than_one_page_at_a_level),
		cmocka_unit_test(a_domain_is_judged_by_itself_where_nothing_is_given),
		cmocka_unit_test(a_core_is_read_however_it_is_laid_out),
		cmocka_unit_test(a_domain_that_is_not_pinned_yet_fails_only_for_that),
		cmocka_unit_test(what_backends_and_the_hypervisor_do_to_a_new_domain_is_fine),
		cmocka_unit_test(no_more_findings_are_kept_than_were_asked_for),
		cmocka_unit_test(a_warning_does_not_fail_a_domain),
		cmocka_unit_test(only_a_paused_pv_domain_can_be_audited),
		cmocka_unit_test(options_from_a_newer_library_are_refused),
		cmocka_unit_test(every_call_that_fails_ends_the_audit_cleanly),
		cmocka_unit_test(a_ramdisk_that_cannot_be_read_is_an_error),
		cmocka_unit_test(a_ramdisk_that_the_guest_lacks_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
