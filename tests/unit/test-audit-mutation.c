/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For every rule a good domain is broken in that one way, and exactly that
 * rule fires: on a host, and in a core dump where one can show it; in domains made
 * by hand, and in those that the builder makes.
 */
#include <fcntl.h>
#include <unistd.h>

#include <pvbuild/build.h>
#include <pvbuild/dump.h>
#include <pvbuild/plan.h>

#include "support/elf-builder.h"
#include "support/test.h"
#include "unit/audit-mutations.h"

static const struct mutations *const all[] = {&start_mutations, &table_mutations, &memory_mutations,
					      &tree_mutations, &declared_mutations};

#define SUBJECTS (sizeof all / sizeof all[0])

static bool is_wanted(const struct mutation *mutation, const char *rule)
{
	const size_t length = strlen(rule);

	if (strcmp(rule, mutation->rule) == 0)
		return true;
	for (const char *at = mutation->with; (at = strstr(at, rule)); at++)
		if ((at == mutation->with || at[-1] == ' ') &&
		    (at[length] == '\0' || at[length] == ' '))
			return true;
	return false;
}

static bool has_fired(const struct pvb_audit_report *report, const char *rule, size_t length)
{
	for (size_t i = 0; i < report->finding_count; i++)
		if (strlen(report->findings[i].rule) == length &&
		    strncmp(report->findings[i].rule, rule, length) == 0)
			return true;
	return false;
}

static void compare(const struct mutation *mutation, size_t number, const char *how,
		    const struct pvb_audit_report *report)
{
	bool right = has_fired(report, mutation->rule, strlen(mutation->rule)), passed = true;

	for (const char *at = mutation->with; *at;) {
		size_t length = strcspn(at, " ");

		right = right && has_fired(report, at, length);
		at += length + (at[length] == ' ');
	}
	for (size_t i = 0; i < report->finding_count; i++) {
		right = right && is_wanted(mutation, report->findings[i].rule);
		passed = passed && report->findings[i].severity == PVB_SEVERITY_WARNING;
		assert_true(report->findings[i].where[0] && report->findings[i].message[0]);
	}
	if (!right) {
		print_error("mutation %zu (%s), %s: wanted %s and [%s], got\n", number,
			    mutation->rule, how, mutation->rule, mutation->with);
		for (size_t i = 0; i < report->finding_count; i++)
			print_error("  %s at %s: %s\n", report->findings[i].rule,
				    report->findings[i].where, report->findings[i].message);
	}
	assert_true(right);
	assert_int_equal(report->passed, passed);
}

static int open_temporary(const struct blob *blob)
{
	char *path = write_temporary(blob);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	free(path);
	return fd;
}

static void run_mutation(const struct mutation *mutation, size_t number)
{
	struct domain_spec image_spec = mutation->spec;
	struct paper_domain *domain = paper_domain_make(&mutation->spec);
	struct pvb_image *image = NULL;
	struct pvb_audit *audit;
	struct pvb_error error;
	const unsigned where = mutation->where ? mutation->where : BOTH;

	if (mutation->respec)
		mutation->respec(&image_spec);
	struct blob kernel = paper_kernel(&image_spec);

	assert_ok(pvb_image_open_memory(kernel.bytes, kernel.size, "kernel", NULL, &image, &error),
		  &error);

	int module = open_temporary(&domain->module);
	struct pvb_audit_options options = PVB_AUDIT_OPTIONS_INIT;
	struct pvb_memory_range ranges[2];

	options.image = mutation->no_image ? NULL : image;
	options.module_fds = &module;
	options.module_fd_count = domain->module.size ? 1 : 0;
	options.command_line = mutation->no_command_line ? NULL : PAPER_COMMAND_LINE;
	options.max_findings = 2000;
	options.memory = domain->owned * 4096 - mutation->less_memory;
	options.ranges = mutation->by_ranges ? ranges : NULL;
	options.range_count = mutation->by_ranges ? paper_ranges(domain, ranges) : 0;
	ranges[options.range_count > 1].gpa += mutation->higher;
	options.address_bits = mutation->address_bits ? mutation->address_bits
			       : mutation->by_record  ? 0
						      : 46;
	mutation->spoil(domain);
	if (where & LIVE) {
		assert_ok(pvb_audit_domain(&domain->host, 1, &options, &audit, &error), &error);
		compare(mutation, number, "on a host", pvb_audit_report(audit));
		pvb_audit_free(audit);
	}
	if (where & CORE) {
		struct blob core = paper_core(domain, &(struct core_style){0});
		char *path = write_temporary(&core);

		blob_free(&core);
		assert_ok(pvb_audit_core(path, &options, &audit, &error), &error);
		assert_int_equal(unlink(path), 0);
		free(path);
		compare(mutation, number, "in a core", pvb_audit_report(audit));
		pvb_audit_free(audit);
	}
	assert_int_equal(close(module), 0);
	blob_free(&kernel);
	pvb_image_free(image);
	paper_domain_free(domain);
}

static void run_group(const char *prefix)
{
	unsigned count = 0;

	for (size_t k = 0; k < SUBJECTS; k++)
		for (size_t i = 0; i < all[k]->count; i++) {
			if (strncmp(all[k]->v[i].rule, prefix, strlen(prefix)) != 0)
				continue;
			run_mutation(&all[k]->v[i], i);
			count++;
		}
	assert_true(count > 0);
}

#define GROUP_TEST(name, prefix)                                                                   \
	static void name(void **state)                                                             \
	{                                                                                          \
		(void)state;                                                                       \
		run_group(prefix);                                                                 \
	}

GROUP_TEST(a_register_that_is_wrong_is_found, "registers.")
GROUP_TEST(a_field_of_start_info_that_is_wrong_is_found, "start_info.")
GROUP_TEST(a_layout_that_is_wrong_is_found, "layout.")
GROUP_TEST(a_page_table_that_is_wrong_is_found, "tables.")
GROUP_TEST(a_frame_type_that_is_wrong_is_found, "types.")
GROUP_TEST(a_p2m_list_that_is_wrong_is_found, "p2m.")
GROUP_TEST(a_p2m_tree_that_is_wrong_is_found, "p2m-tree.")
GROUP_TEST(memory_that_is_wrong_is_found, "memory.")
GROUP_TEST(a_ring_that_is_wrong_is_found, "rings.")
GROUP_TEST(a_shared_info_that_is_wrong_is_found, "shared_info.")
GROUP_TEST(a_grant_that_is_wrong_is_found, "grants.")
GROUP_TEST(a_kernel_that_is_wrong_is_found, "kernel.")
GROUP_TEST(a_ramdisk_that_is_wrong_is_found, "module.")
GROUP_TEST(a_command_line_that_is_wrong_is_found, "command-line.")

static bool has_mutation(const char *rule)
{
	for (size_t k = 0; k < SUBJECTS; k++)
		for (size_t i = 0; i < all[k]->count; i++)
			if (strcmp(all[k]->v[i].rule, rule) == 0)
				return true;
	return false;
}

static void every_rule_has_a_mutation(void **state)
{
	const char *rule, *meaning;

	(void)state;
	for (size_t i = 0; (rule = pvb_audit_rule(i, &meaning)); i++) {
		assert_true(meaning[0] != '\0' && strchr(rule, '.'));
		/* Those of arm64 guests are test-audit-arm64's. */
		if (strncmp(rule, "arm64.", 6) != 0 && !has_mutation(rule))
			fail_msg("no mutation breaks %s", rule);
	}
}

static void every_mutation_is_of_a_rule(void **state)
{
	(void)state;
	for (size_t k = 0; k < SUBJECTS; k++)
		for (size_t i = 0; i < all[k]->count; i++) {
			const char *rule;
			bool found = false;

			for (size_t r = 0; (rule = pvb_audit_rule(r, NULL)); r++)
				found = found || strcmp(all[k]->v[i].rule, rule) == 0;
			assert_true(found);
		}
}

/* ---- domains that the builder made ------------------------------------- */

struct built {
	struct pvb_image *image;
	struct paper_domain *domain;
};

/* The library's own core dumps are read like anybody's. */
static void audit_dump(struct pvb_host *host, uint32_t domid, const struct pvb_image *image)
{
	struct pvb_audit_options options = PVB_AUDIT_OPTIONS_INIT;
	char *path = write_temporary(&(struct blob){0});
	struct pvb_audit *audit;
	struct pvb_error error;

	options.image = image;
	options.command_line = "";
	options.memory = 32 << 20;
	assert_ok(pvb_dump_core(host, domid, path, NULL, &error), &error);
	assert_ok(pvb_audit_core(path, &options, &audit, &error), &error);
	for (size_t i = 0; i < pvb_audit_report(audit)->finding_count; i++)
		print_error("  %s at %s: %s\n", pvb_audit_report(audit)->findings[i].rule,
			    pvb_audit_report(audit)->findings[i].where,
			    pvb_audit_report(audit)->findings[i].message);
	assert_int_equal(pvb_audit_report(audit)->total_findings, 0);
	pvb_audit_free(audit);
	assert_int_equal(unlink(path), 0);
	free(path);
}

static struct blob make_kernel(unsigned bits, bool declares)
{
	struct elf_builder b = linux_like(bits);
	struct blob notes = BLOB_INIT;

	if (declares) {
		note_add(&notes, "pvbuild", 1, "\x28\0\0\0", 4);
		elf_add_note_segment(&b, &notes);
	}
	return elf_build(&b);
}

static struct built build(unsigned bits, bool declares, unsigned levels)
{
	struct blob kernel = make_kernel(bits, declares), ramdisk = BLOB_INIT;
	struct pvb_plan_module module = {.name = "ramdisk", .bytes = 12345};
	struct pvb_spec spec = PVB_SPEC_INIT;
	struct pvb_build_options options = PVB_BUILD_OPTIONS_INIT;
	struct pvb_host_info info;
	struct pvb_host *host;
	struct pvb_plan *plan;
	struct pvb_domain *domain;
	struct pvb_error error;
	struct built built;

	for (unsigned i = 0; i < module.bytes; i++)
		blob_append_number(&ramdisk, i & 0xff, 1);
	int fd = open_temporary(&ramdisk);

	spec.memory = 32 << 20;
	spec.p2m = levels ? PVB_P2M_WANT_TREE : PVB_P2M_AS_GUEST_ASKS;
	spec.p2m_levels = levels;
	spec.modules = &module;
	spec.module_count = 1;
	options.module_fds = &fd;
	options.module_fd_count = 1;
	assert_ok(pvb_host_open("sim:memory=512M", &host, &error), &error);
	assert_ok(pvb_host_get_info(host, &info, &error), &error);
	assert_ok(pvb_image_open_memory(kernel.bytes, kernel.size, "kernel", NULL, &built.image,
					&error),
		  &error);
	assert_ok(pvb_plan_create(built.image, &spec, &info, &plan, &error), &error);
	assert_ok(pvb_build(host, plan, built.image, &options, &domain, &error), &error);
	built.domain = paper_domain_copy(host, pvb_domain_info(domain)->domid);
	built.domain->spec.declares = declares;
	audit_dump(host, pvb_domain_info(domain)->domid, built.image);
	pvb_domain_free(domain);
	pvb_plan_free(plan);
	pvb_host_close(host);
	blob_free(&kernel);
	blob_free(&ramdisk);
	assert_int_equal(close(fd), 0);
	return built;
}

/* What suits any domain of this width: nothing that depends on how the hand-made one was made. */
static bool suits(const struct mutation *mutation, const struct paper_domain *domain)
{
	static const char *const unfit[] = {"kernel.", "module.", "command-line.", "memory.",
					    "start_info.module"};

	if (mutation->respec || mutation->spec.bits != domain->bits ||
	    mutation->spec.init_p2m != domain->spec.init_p2m || mutation->spec.pages ||
	    mutation->spec.at_zero || mutation->spec.mfn_base || mutation->spec.kernel_pages ||
	    mutation->no_image || !(mutation->spec.module_bytes) || mutation->where == CORE ||
	    mutation->address_bits || mutation->by_record || mutation->by_ranges ||
	    mutation->spec.declares != domain->spec.declares ||
	    mutation->spec.tree_levels != domain->spec.tree_levels)
		return false;
	for (size_t i = 0; i < sizeof unfit / sizeof unfit[0]; i++)
		if (strncmp(mutation->rule, unfit[i], strlen(unfit[i])) == 0)
			return false;
	return true;
}

static void break_built_domain(unsigned bits, bool declares, unsigned levels, unsigned at_least)
{
	struct built built = build(bits, declares, levels);
	struct pvb_audit_options options = PVB_AUDIT_OPTIONS_INIT;
	struct pvb_audit *audit;
	struct pvb_error error;
	unsigned count = 0;

	options.image = built.image;
	options.command_line = "";
	assert_ok(pvb_audit_domain(&built.domain->host, 1, &options, &audit, &error), &error);
	assert_int_equal(pvb_audit_report(audit)->total_findings, 0);
	pvb_audit_free(audit);
	for (size_t k = 0; k < SUBJECTS; k++)
		for (size_t i = 0; i < all[k]->count; i++) {
			const struct mutation *mutation = &all[k]->v[i];

			if (!suits(mutation, built.domain))
				continue;
			struct paper_domain *copy = paper_domain_copy(&built.domain->host, 1);

			options.command_line = mutation->no_command_line ? NULL : "";
			mutation->spoil(copy);
			assert_ok(pvb_audit_domain(&copy->host, 1, &options, &audit, &error),
				  &error);
			compare(mutation, i, "as built", pvb_audit_report(audit));
			pvb_audit_free(audit);
			paper_domain_free(copy);
			count++;
		}
	if (count < at_least)
		fail_msg("only %u mutations suit", count);
	paper_domain_free(built.domain);
	pvb_image_free(built.image);
}

static void a_64_bit_domain_that_the_builder_made_is_no_different(void **state)
{
	(void)state;
	break_built_domain(64, false, 0, 70);
}

static void one_that_was_answered_is_no_different(void **state)
{
	(void)state;
	break_built_domain(64, true, 0, 12);
	break_built_domain(32, true, 0, 2);
}

static void a_32_bit_domain_that_the_builder_made_is_no_different(void **state)
{
	(void)state;
	break_built_domain(32, false, 0, 25);
}

static void one_with_a_tree_is_no_different(void **state)
{
	(void)state;
	break_built_domain(64, false, 3, 20);
	break_built_domain(64, true, 3, 1);
	break_built_domain(32, false, 2, 6);
	break_built_domain(32, false, 3, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_has_a_mutation),
		cmocka_unit_test(every_mutation_is_of_a_rule),
		cmocka_unit_test(a_register_that_is_wrong_is_found),
		cmocka_unit_test(a_field_of_start_info_that_is_wrong_is_found),
		cmocka_unit_test(a_layout_that_is_wrong_is_found),
		cmocka_unit_test(a_page_table_that_is_wrong_is_found),
		cmocka_unit_test(a_frame_type_that_is_wrong_is_found),
		cmocka_unit_test(a_p2m_list_that_is_wrong_is_found),
		cmocka_unit_test(a_p2m_tree_that_is_wrong_is_found),
		cmocka_unit_test(memory_that_is_wrong_is_found),
		cmocka_unit_test(a_ring_that_is_wrong_is_found),
		cmocka_unit_test(a_shared_info_that_is_wrong_is_found),
		cmocka_unit_test(a_grant_that_is_wrong_is_found),
		cmocka_unit_test(a_kernel_that_is_wrong_is_found),
		cmocka_unit_test(a_ramdisk_that_is_wrong_is_found),
		cmocka_unit_test(a_command_line_that_is_wrong_is_found),
		cmocka_unit_test(a_64_bit_domain_that_the_builder_made_is_no_different),
		cmocka_unit_test(a_32_bit_domain_that_the_builder_made_is_no_different),
		cmocka_unit_test(one_that_was_answered_is_no_different),
		cmocka_unit_test(one_with_a_tree_is_no_different),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
