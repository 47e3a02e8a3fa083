# SPDX-License-Identifier: LGPL-2.1-or-later
unit_tests = \
	tests/unit/test-core

check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

tests_unit_test_core_SOURCES = tests/unit/test-core.c
tests_unit_test_core_CPPFLAGS = $(test_cppflags)
tests_unit_test_core_LDADD = $(test_ldadd)
