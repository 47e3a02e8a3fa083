# SPDX-License-Identifier: LGPL-2.1-or-later
unit_tests = \
	tests/unit/test-core

check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

tests_unit_test_core_SOURCES = tests/unit/test-core.c
tests_unit_test_core_CPPFLAGS = $(test_cppflags)
tests_unit_test_core_LDADD = $(test_ldadd)

# ---- plan ----
plan_tests = \
	tests/unit/test-plan-image \
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

tests_unit_test_plan_image_SOURCES = tests/unit/test-plan-image.c
tests_unit_test_plan_image_CPPFLAGS = $(test_cppflags)
tests_unit_test_plan_image_LDADD = $(test_ldadd)

# ---- p2m and build ----
build_tests = \
	tests/unit/test-p2m-list \
	tests/unit/test-build \
	tests/unit/test-build-abi \
	tests/unit/test-build-memory \
	tests/unit/test-build-tables

check_PROGRAMS += $(build_tests)
TESTS += $(build_tests)

tests_unit_test_p2m_list_SOURCES = tests/unit/test-p2m-list.c
tests_unit_test_p2m_list_CPPFLAGS = $(test_cppflags)
tests_unit_test_p2m_list_LDADD = $(test_ldadd)

tests_unit_test_build_abi_SOURCES = tests/unit/test-build-abi.c
tests_unit_test_build_abi_CPPFLAGS = $(test_cppflags) $(XEN_CFLAGS)
tests_unit_test_build_abi_LDADD = $(test_ldadd)

fake_host = tests/unit/fake-host.h tests/unit/fake-host.c

tests_unit_test_build_memory_SOURCES = tests/unit/test-build-memory.c $(fake_host)
tests_unit_test_build_memory_CPPFLAGS = $(test_cppflags)
tests_unit_test_build_memory_LDADD = $(test_ldadd)

tests_unit_test_build_tables_SOURCES = tests/unit/test-build-tables.c $(fake_host)
tests_unit_test_build_tables_CPPFLAGS = $(test_cppflags)
tests_unit_test_build_tables_LDADD = $(test_ldadd)

tests_unit_test_build_SOURCES = tests/unit/test-build.c $(fake_host)
tests_unit_test_build_CPPFLAGS = $(test_cppflags)
tests_unit_test_build_LDADD = $(test_ldadd)

# The simulated host.
sim_tests = \
	tests/unit/test-sim-options \
	tests/unit/test-sim-memory

check_PROGRAMS += $(sim_tests)
TESTS += $(sim_tests)

tests_unit_test_sim_options_SOURCES = tests/unit/test-sim-options.c tests/unit/test-sim.h
tests_unit_test_sim_options_CPPFLAGS = $(test_cppflags)
tests_unit_test_sim_options_LDADD = $(test_ldadd)

tests_unit_test_sim_memory_SOURCES = tests/unit/test-sim-memory.c tests/unit/test-sim.h
tests_unit_test_sim_memory_CPPFLAGS = $(test_cppflags)
tests_unit_test_sim_memory_LDADD = $(test_ldadd)

# ---- audit ----
audit_domain = tests/unit/audit-domain.h tests/unit/audit-domain.c
audit_tests = \
	tests/unit/test-audit-mutation

check_PROGRAMS += $(audit_tests)
TESTS += $(audit_tests)

tests_unit_test_audit_mutation_SOURCES = tests/unit/test-audit-mutation.c $(audit_domain)
tests_unit_test_audit_mutation_CPPFLAGS = $(test_cppflags)
tests_unit_test_audit_mutation_LDADD = $(test_ldadd)
