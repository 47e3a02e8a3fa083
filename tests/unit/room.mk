# SPDX-License-Identifier: LGPL-2.1-or-later
unit_tests = \
	tests/unit/test-core

check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

tests_unit_test_core_SOURCES = tests/unit/test-core.c
tests_unit_test_core_CPPFLAGS = $(test_cppflags)
tests_unit_test_core_LDADD = $(test_ldadd)

plan_tests = \
	tests/unit/test-plan-layout \
	tests/unit/test-plan-limits

check_PROGRAMS += $(plan_tests)
TESTS += $(plan_tests)

tests_unit_test_plan_layout_SOURCES = \
	tests/unit/plan-kernels.h \
	tests/unit/test-plan-layout.c
tests_unit_test_plan_layout_CPPFLAGS = $(test_cppflags)
tests_unit_test_plan_layout_LDADD = $(test_ldadd)

tests_unit_test_plan_limits_SOURCES = \
	tests/unit/plan-kernels.h \
	tests/unit/test-plan-limits.c
tests_unit_test_plan_limits_CPPFLAGS = $(test_cppflags)
tests_unit_test_plan_limits_LDADD = $(test_ldadd)
