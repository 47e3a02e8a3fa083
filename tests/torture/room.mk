# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Everything that can fail fails in turn; memory of every shape; what a large domain may cost.
torture_tests = \
	tests/torture/test-allocation-failures \
	tests/torture/test-awkward-memory \
	tests/torture/test-budget \
	tests/torture/test-host-failures \
	tests/torture/test-p2m-sizes

check_PROGRAMS += $(torture_tests)
TESTS += $(torture_tests)

torture_scenario = \
	tests/torture/sanitized.h \
	tests/torture/scenario.h \
	tests/torture/scenario.c

tests_torture_test_allocation_failures_SOURCES = \
	tests/torture/test-allocation-failures.c \
	tests/torture/inject.h tests/torture/inject.c $(torture_scenario)
tests_torture_test_allocation_failures_CPPFLAGS = $(test_cppflags)
tests_torture_test_allocation_failures_LDADD = $(test_ldadd)
tests_torture_test_allocation_failures_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=strdup \
	-Wl,--wrap=mmap,--wrap=memfd_create

tests_torture_test_awkward_memory_SOURCES = tests/torture/test-awkward-memory.c $(torture_scenario)
tests_torture_test_awkward_memory_CPPFLAGS = $(test_cppflags)
tests_torture_test_awkward_memory_LDADD = $(test_ldadd)

torture_cost = tests/torture/cost.h tests/torture/cost.c $(torture_scenario)
tests_torture_test_budget_SOURCES = tests/torture/test-budget.c $(torture_cost)
tests_torture_test_budget_CPPFLAGS = $(test_cppflags)
tests_torture_test_budget_LDADD = $(test_ldadd)

tests_torture_test_host_failures_SOURCES = tests/torture/test-host-failures.c $(torture_scenario)
tests_torture_test_host_failures_CPPFLAGS = $(test_cppflags)
tests_torture_test_host_failures_LDADD = $(test_ldadd)

tests_torture_test_p2m_sizes_SOURCES = tests/torture/test-p2m-sizes.c $(torture_cost)
tests_torture_test_p2m_sizes_CPPFLAGS = $(test_cppflags)
tests_torture_test_p2m_sizes_LDADD = $(test_ldadd)
