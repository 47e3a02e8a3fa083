/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains by their numbers and names, whoever made them. */
#include "test-sim.h"

#include <pvbuild/audit.h>
#include <pvbuild/domain.h>
#include <pvbuild/image.h>

static uint32_t named(struct pvb_host *host, const char *name)
{
	struct pvb_host_domain_config config = {.vcpus = 1};
	struct pvb_error error;
	uint32_t domid;

	(void)snprintf(config.name, sizeof config.name, "%s", name);
	memset(config.uuid, name[0], sizeof config.uuid);
	assert_ok(pvb_host_create_domain(host, &config, &domid, &error), &error);
	return domid;
}

static size_t domains_listed(struct pvb_host *host, uint32_t *first, uint32_t *last)
{
	struct pvb_domain_state *list;
	struct pvb_error error;
	size_t count;

	assert_ok(pvb_domain_list(host, &list, &count, &error), &error);
	assert_non_null(list);
	for (size_t i = 1; i < count; i++)
		assert_true(list[i - 1].domid < list[i].domid);
	if (count) {
		*first = list[0].domid;
		*last = list[count - 1].domid;
	}
	free(list);
	return count;
}

static void all_domains_are_listed_however_many(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	uint32_t first = 0, last = 0;

	/* As many as one call to the host gives, one fewer and one more, and twice that. */
	for (size_t made = 0; made <= 130; made++) {
		assert_int_equal(domains_listed(host, &first, &last), made);
		last = named(host, "many");
	}

	uint32_t newest = last;

	assert_int_equal(domains_listed(host, &first, &last), 131);
	assert_int_equal(last, newest);

	/* Holes in the numbers end no list. */
	for (uint32_t domid = first + 1; domid < newest; domid++)
		if (domid % 3)
			destroy(host, domid);
	size_t left = domains_listed(host, &first, &last);
	assert_true(left > 40 && left < 50);
	assert_int_equal(last, newest);
	close_sim(host);
}

static void a_listed_domain_is_as_the_host_says(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	struct pvb_domain_state *list, got;
	struct pvb_error error;
	pvb_mfn_t out[3];
	size_t count;
	uint32_t domid = new_domain(host, 4 * MIB);

	assert_int_equal(give(host, domid, 0, 0, 3, out), 3);
	assert_ok(pvb_domain_list(host, &list, &count, &error), &error);
	assert_int_equal(count, 1);
	assert_int_equal(list[0].domid, domid);
	assert_string_equal(list[0].name, "guest");
	assert_int_equal(list[0].guest_bits, 64);
	assert_int_equal(list[0].vcpus, 2);
	assert_int_equal(list[0].memory, 3 * PAGE);
	assert_int_equal(list[0].max_memory, 4 * MIB);
	assert_true(list[0].paused);
	assert_false(list[0].translated || list[0].hvm || list[0].running || list[0].shutdown ||
		     list[0].dying);
	assert_ok(pvb_domain_get(host, domid, &got, &error), &error);
	assert_int_equal(got.domid, domid);
	assert_int_equal(got.memory, list[0].memory);
	assert_memory_equal(got.uuid, list[0].uuid, sizeof got.uuid);
	free(list);
	close_sim(host);
}

static void an_arm64_domain_is_measured_in_its_hosts_pages(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("arch=arm64,granule=64K,memory=4G");
	uint32_t domid = new_arm64(host, 4 * MIB);
	struct pvb_domain_state got;
	struct pvb_error error;
	pvb_mfn_t out[3];

	assert_int_equal(give(host, domid, 0x4000, 0, 3, out), 3);
	assert_ok(pvb_domain_get(host, domid, &got, &error), &error);
	assert_true(got.translated && got.hvm);
	assert_int_equal(got.memory, 3 * 64 * KIB);
	assert_int_equal(got.max_memory, 4 * MIB);
	close_sim(host);
}

static void a_domain_is_found_by_number_and_by_name(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	struct pvb_domain_state found;
	struct pvb_error error;
	uint32_t a = named(host, "alpha");
	uint32_t b = named(host, "beta");
	char number[24];

	assert_ok(pvb_domain_find(host, "alpha", &found, &error), &error);
	assert_int_equal(found.domid, a);
	assert_ok(pvb_domain_find(host, "beta", &found, &error), &error);
	assert_int_equal(found.domid, b);
	(void)snprintf(number, sizeof number, "%u", b);
	assert_ok(pvb_domain_find(host, number, &found, &error), &error);
	assert_string_equal(found.name, "beta");
	(void)snprintf(number, sizeof number, "00%u", a);
	assert_ok(pvb_domain_find(host, number, &found, &error), &error);
	assert_string_equal(found.name, "alpha");
	close_sim(host);
}

static void a_domain_that_nobody_can_mean_is_not_found(void **state)
{
	static const char *const wrong[] = {
		"", "alph", "alphaa", "777", "-1", "4294967296", "1844674407370955161600000"};
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	struct pvb_domain_state found = {.domid = 4711};
	struct pvb_error error;

	(void)named(host, "alpha");
	(void)named(host, "");
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_fails_with(pvb_domain_find(host, wrong[i], &found, &error),
				  PVB_E_HOST_NO_DOMAIN, &error);

	uint32_t twin = named(host, "alpha");

	assert_fails_with(pvb_domain_find(host, "alpha", &found, &error), PVB_E_HOST_NO_DOMAIN,
			  &error);
	assert_non_null(strstr(error.message, "2 domains"));
	assert_non_null(strstr(error.hint, "number"));
	assert_int_equal(found.domid, 4711);
	destroy(host, twin);
	assert_ok(pvb_domain_find(host, "alpha", &found, &error), &error);
	close_sim(host);
}

static void names_of_digits_and_letters_are_names(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	struct pvb_domain_state found;
	struct pvb_error error;
	uint32_t domid = named(host, "3rd");

	assert_ok(pvb_domain_find(host, "3rd", &found, &error), &error);
	assert_int_equal(found.domid, domid);
	close_sim(host);
}

static void pauses_are_counted(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	struct pvb_domain_state found;
	struct pvb_error error;
	uint32_t domid = named(host, "guest");

	assert_ok(pvb_domain_pause(host, domid, &error), &error);
	assert_ok(pvb_domain_unpause(host, domid, &error), &error);
	assert_ok(pvb_domain_get(host, domid, &found, &error), &error);
	assert_true(found.paused);
	assert_ok(pvb_domain_unpause(host, domid, &error), &error);
	assert_ok(pvb_domain_get(host, domid, &found, &error), &error);
	assert_false(found.paused);
	assert_fails_with(pvb_domain_unpause(host, domid, &error), PVB_E_HOST_STATE, &error);
	close_sim(host);
}

static void a_destroyed_domain_is_gone(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	struct pvb_domain_state found;
	struct pvb_error error;
	uint32_t domid = named(host, "guest");

	assert_ok(pvb_domain_keep(host, domid, &error), &error);
	assert_ok(pvb_domain_destroy(host, domid, &error), &error);
	assert_fails_with(pvb_domain_get(host, domid, &found, &error), PVB_E_HOST_NO_DOMAIN,
			  &error);
	assert_fails_with(pvb_domain_find(host, "guest", &found, &error), PVB_E_HOST_NO_DOMAIN,
			  &error);
	assert_fails_with(pvb_domain_destroy(host, domid, &error), PVB_E_HOST_NO_DOMAIN, &error);
	assert_fails_with(pvb_domain_pause(host, domid, &error), PVB_E_HOST_NO_DOMAIN, &error);
	assert_fails_with(pvb_domain_unpause(host, domid, &error), PVB_E_HOST_NO_DOMAIN, &error);
	close_sim(host);
}

static void where_nothing_runs_there_is_no_console_and_nothing_to_wait_for(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	struct pvb_error error;
	uint32_t domid = named(host, "guest");
	int fd = 4711;

	assert_fails_with(pvb_domain_open_console(host, domid, &fd, &error), PVB_E_HOST_STATE,
			  &error);
	assert_int_equal(fd, -1);
	uint32_t bytes = 4711;

	assert_ok(pvb_domain_console_pending(host, domid, &bytes, &error), &error);
	assert_int_equal(bytes, 0);
	fd = 4711;
	assert_fails_with(pvb_domain_watch(host, &fd, &error), PVB_E_HOST_STATE, &error);
	assert_int_equal(fd, -1);
	close_sim(host);
}

static void a_list_that_fails_halfway_is_none(void **state)
{
	(void)state;
	struct pvb_host *host = open_sim("memory=4G");
	struct pvb_domain_state *list = (struct pvb_domain_state *)host;
	struct pvb_domain_state found;
	struct pvb_error error;
	size_t count = 4711;

	for (unsigned i = 0; i < 70; i++)
		(void)named(host, "guest");
	pvb_sim_fail_after(host, 2);
	assert_fails_with(pvb_domain_list(host, &list, &count, &error), PVB_E_HOST_INJECTED,
			  &error);
	assert_null(list);
	assert_int_equal(count, 0);
	pvb_sim_fail_after(host, 1);
	assert_fails_with(pvb_domain_find(host, "guest", &found, &error), PVB_E_HOST_INJECTED,
			  &error);
	pvb_sim_fail_after(host, 1);
	assert_int_equal(pvb_domain_find(host, "guest", &found, NULL), -PVB_E_HOST_INJECTED);
	close_sim(host);
}

static void names_become_parts_of_paths_and_lines(void **state)
{
	(void)state;
	static const char *const names[] = {"a",   "0",  "caf\xc3\xa9", "caf\xe9",
					    "a b", "..", "\xc2\xa0",    "\xe2\x82\xac"};
	char name[PVB_DOMAIN_NAME_MAX + 2] = "";
	struct pvb_error error;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		assert_ok(pvb_domain_check_name(names[i], &error), &error);
	memset(name, 'n', PVB_DOMAIN_NAME_MAX);
	assert_ok(pvb_domain_check_name(name, &error), &error);
	name[PVB_DOMAIN_NAME_MAX] = 'n';
	assert_fails_with(pvb_domain_check_name(name, &error), PVB_E_ARG_NAME, &error);
	assert_fails_with(pvb_domain_check_name("", &error), PVB_E_ARG_NAME, &error);
	assert_fails_with(pvb_domain_check_name(NULL, &error), PVB_E_ARG_NAME, &error);

	/* Each control character, wherever it stands; C1 ones in UTF-8. */
	for (unsigned c = 1; c < 0xa0; c++) {
		bool control = c < 0x20 || c == 0x7f || c == '/';
		char wrong[] = {'a', (char)c, 'b', '\0'};
		char wide[] = {'a', '\xc2', (char)c, '\0'};

		if (control)
			assert_fails_with(pvb_domain_check_name(wrong, &error), PVB_E_ARG_NAME,
					  &error);
		if (c >= 0x80)
			assert_fails_with(pvb_domain_check_name(wide, &error), PVB_E_ARG_NAME,
					  &error);
	}
}

static void a_path_that_is_none_is_refused(void **state)
{
	(void)state;
	struct pvb_image *image;
	struct pvb_audit *audit;
	struct pvb_error error;

	assert_fails_with(pvb_image_open(NULL, NULL, &image, &error), PVB_E_ARG_INVALID, &error);
	assert_fails_with(pvb_image_open("", NULL, &image, &error), PVB_E_ARG_FILE, &error);
	assert_fails_with(pvb_audit_core(NULL, NULL, &audit, &error), PVB_E_ARG_INVALID, &error);
	assert_fails_with(pvb_audit_core("", NULL, &audit, &error), PVB_E_ARG_FILE, &error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_domains_are_listed_however_many),
		cmocka_unit_test(a_listed_domain_is_as_the_host_says),
		cmocka_unit_test(an_arm64_domain_is_measured_in_its_hosts_pages),
		cmocka_unit_test(a_domain_is_found_by_number_and_by_name),
		cmocka_unit_test(a_domain_that_nobody_can_mean_is_not_found),
		cmocka_unit_test(names_of_digits_and_letters_are_names),
		cmocka_unit_test(pauses_are_counted),
		cmocka_unit_test(a_destroyed_domain_is_gone),
		cmocka_unit_test(where_nothing_runs_there_is_no_console_and_nothing_to_wait_for),
		cmocka_unit_test(a_list_that_fails_halfway_is_none),
		cmocka_unit_test(names_become_parts_of_paths_and_lines),
		cmocka_unit_test(a_path_that_is_none_is_refused),
	};

	return cmocka_run_group_tests_name("domains", tests, NULL, NULL);
}
