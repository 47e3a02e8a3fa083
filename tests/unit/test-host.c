/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which host a description stands for, on this machine and in this build. */
#include "support/test.h"

#include <unistd.h>

#include <pvbuild/host.h>

#define PRIVCMD "/dev/xen/privcmd"

static bool machine_runs_on_xen(void)
{
	return access(PRIVCMD, F_OK) == 0;
}

static void without_xen_below_the_default_is_the_simulated_host(void **state)
{
	struct pvb_host *host = NULL;
	struct pvb_host_info info;
	struct pvb_error error;

	(void)state;
	if (machine_runs_on_xen())
		skip();
	assert_ok(pvb_host_open(NULL, &host, &error), &error);
	assert_ok(pvb_host_get_info(host, &info, &error), &error);
	assert_string_equal(info.name, "sim");
	assert_string_equal(info.reasons, "");
	pvb_host_close(host);
}

/* One error for each cause, whatever Xen's libraries say of it, and nothing stays open. */
static void xen_where_there_is_none_is_absent_or_not_built_in(void **state)
{
	struct pvb_host *host = NULL;
	struct pvb_error error;
	unsigned fds = count_open_fds();

	(void)state;
	if (machine_runs_on_xen())
		skip();
#ifdef HAVE_XEN
	assert_fails_with(pvb_host_open("xen", &host, &error), PVB_E_HOST_ABSENT, &error);
	assert_string_equal(error.stage, "host");
	assert_non_null(strstr(error.message, PRIVCMD));
	assert_non_null(strstr(error.hint, "sim"));
#else
	assert_fails_with(pvb_host_open("xen", &host, &error), PVB_E_ARG_UNSUPPORTED, &error);
	assert_non_null(strstr(error.message, "configured without"));
#endif
	assert_null(host);
	assert_int_equal(count_open_fds(), fds);
}

static void any_other_name_is_no_host(void **state)
{
	static const char *const names[] = {"", "kvm", "Xen", "xen:", "xen:debug", "simulated"};
	struct pvb_host *host = NULL;
	struct pvb_error error;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		assert_fails_with(pvb_host_open(names[i], &host, &error), PVB_E_HOST_OPTION,
				  &error);
		assert_null(host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_xen_below_the_default_is_the_simulated_host),
		cmocka_unit_test(xen_where_there_is_none_is_absent_or_not_built_in),
		cmocka_unit_test(any_other_name_is_no_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
