/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which kernel goes with which hypervisor, by their page sizes: one test a
 * row, each through a whole plan. What is expected is said here once more, in words.
 */
#include "unit/arm64-kernels.h"

#define FITS 0
#define LACKS PVB_E_HOST_GRANULE
#define REFUSED PVB_E_PLAN_GRANULE

/* Log2 of the hypervisor's pages and of the kernel's, and what is said of its declaration. */
struct row {
	unsigned host, kernel;
	struct {
		int code;
		const char *words; /* in the refusal */
	} silent, declares, declares_others, lacking;
};

#define UNAWARE                                                                                    \
	{                                                                                          \
		REFUSED, "does not declare that it copes with any but 4 KiB"                       \
	}
#define SMALLER                                                                                    \
	{                                                                                          \
		REFUSED, "it cannot share less than"                                               \
	}
#define UNSTATED                                                                                   \
	{                                                                                          \
		REFUSED, "header does not say what its own are"                                    \
	}
#define OTHERS                                                                                     \
	{                                                                                          \
		REFUSED, "declares that it copes with"                                             \
	}
#define LACKING                                                                                    \
	{                                                                                          \
		LACKS, "this host's processor has for guests is"                                   \
	}
#define OK                                                                                         \
	{                                                                                          \
		FITS, NULL                                                                         \
	}

static const struct row rows[] = {
	{12, 12, OK, OK, OTHERS, LACKING},      {12, 14, OK, OK, OTHERS, LACKING},
	{12, 16, OK, OK, OTHERS, LACKING},      {12, 0, OK, OK, OTHERS, OK},
	{14, 12, SMALLER, OK, OTHERS, LACKING}, {14, 14, UNAWARE, OK, OTHERS, LACKING},
	{14, 16, UNAWARE, OK, OTHERS, LACKING}, {14, 0, UNSTATED, UNSTATED, OTHERS, UNSTATED},
	{16, 12, SMALLER, OK, OTHERS, LACKING}, {16, 14, SMALLER, OK, OTHERS, LACKING},
	{16, 16, UNAWARE, OK, OTHERS, LACKING}, {16, 0, UNSTATED, UNSTATED, OTHERS, UNSTATED},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static void check(struct arm64_guest *made, int code, const char *words)
{
	struct pvb_plan *plan;
	struct pvb_error error;

	if (!code) {
		assert_ok(plan_guest(arm64_finish(made), &plan, &error), &error);
		assert_int_equal(pvb_plan_info(plan)->page_size, 1u << made->host.page_shift);
		pvb_plan_free(plan);
		return;
	}
	assert_fails_with(plan_guest(arm64_finish(made), &plan, &error), code, &error);
	assert_null(plan);
	if (!strstr(error.message, words))
		print_error("not \"%s\": %s\n", words, error.message);
	assert_non_null(strstr(error.message, words));
	assert_true(error.hint[0]);
}

static void a_row_of_the_matrix(void **state)
{
	const struct row *row = *state;
	struct arm64_guest made = arm64_guest(row->host, row->kernel);

	check(&made, row->silent.code, row->silent.words);

	made = arm64_guest(row->host, row->kernel);
	made.guest.image.declares.granules = 1u << row->host;
	check(&made, row->declares.code, row->declares.words);

	made = arm64_guest(row->host, row->kernel);
	made.guest.image.declares.granules = (1u << 12 | 1u << 14 | 1u << 16) & ~(1u << row->host);
	check(&made, row->declares_others.code, row->declares_others.words);

	/* Whatever the kernel declares. */
	for (unsigned declares = 0; declares < 2; declares++) {
		made = arm64_guest(row->host, row->kernel);
		made.guest.image.declares.granules = declares ? 1u << row->host : 0;
		made.host.guest_page_sizes = row->kernel ? 0x15000u & ~(1u << row->kernel) : 0x4000;
		check(&made, row->lacking.code, row->lacking.words);
	}
}

static void what_a_header_does_not_say_can_be_said_for_it(void **state)
{
	(void)state;
	for (unsigned kernel = 12; kernel <= 16; kernel += 2) {
		struct arm64_guest made = arm64_guest(16, 0);

		made.guest.image.declares.granules = 1u << 16;
		made.guest.spec.guest_page_size = 1u << kernel;
		check(&made, FITS, NULL);
	}
}

static void nobody_contradicts_a_header(void **state)
{
	struct pvb_plan *plan;
	struct pvb_error error;

	(void)state;
	struct arm64_guest made = arm64_guest(12, 14);
	made.guest.spec.guest_page_size = 16384;
	check(&made, FITS, NULL);

	made.guest.spec.guest_page_size = 4096;
	assert_fails_with(plan_guest(arm64_finish(&made), &plan, &error), PVB_E_ARG_INVALID,
			  &error);
	made = arm64_guest(12, 0);
	made.guest.spec.guest_page_size = 8192;
	assert_fails_with(plan_guest(arm64_finish(&made), &plan, &error), PVB_E_ARG_INVALID,
			  &error);

	/* And an x86 kernel has pages of 4 KiB, which is nobody's choice. */
	struct guest guest = linux_guest();
	guest.spec.guest_page_size = 4096;
	assert_fails_with(plan_guest(&guest, &plan, &error), PVB_E_ARG_INVALID, &error);
}

static void a_hypervisor_with_other_pages_is_refused(void **state)
{
	static const unsigned shifts[] = {10, 13, 15, 21};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct arm64_guest made = arm64_guest(shifts[i], 12);
		struct pvb_plan *plan;
		struct pvb_error error;

		assert_fails_with(plan_guest(arm64_finish(&made), &plan, &error),
				  PVB_E_HOST_GRANULE, &error);
	}
}

int main(void)
{
	static struct CMUnitTest tests[ROWS + 3];
	static struct row copies[ROWS];
	static char names[ROWS][96];

	for (unsigned i = 0; i < ROWS; i++) {
		copies[i] = rows[i];
		(void)snprintf(names[i], sizeof names[i],
			       "a kernel with pages of %u KiB on a hypervisor with %u KiB",
			       rows[i].kernel ? 1u << (rows[i].kernel - 10) : 0,
			       1u << (rows[i].host - 10));
		tests[i] = (struct CMUnitTest){
			.name = names[i],
			.test_func = a_row_of_the_matrix,
			.initial_state = &copies[i],
		};
	}
	tests[ROWS] =
		(struct CMUnitTest)cmocka_unit_test(what_a_header_does_not_say_can_be_said_for_it);
	tests[ROWS + 1] = (struct CMUnitTest)cmocka_unit_test(nobody_contradicts_a_header);
	tests[ROWS + 2] =
		(struct CMUnitTest)cmocka_unit_test(a_hypervisor_with_other_pages_is_refused);
	return _cmocka_run_group_tests("page sizes", tests, ROWS + 3, NULL, NULL);
}
