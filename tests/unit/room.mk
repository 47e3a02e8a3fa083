# SPDX-License-Identifier: LGPL-2.1-or-later
unit_tests = \
	tests/unit/test-core

check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

tests_unit_test_core_SOURCES = tests/unit/test-core.c
tests_unit_test_core_CPPFLAGS = $(test_cppflags)
tests_unit_test_core_LDADD = $(test_ldadd)

# The simulated host.
sim_tests = \
	tests/unit/test-sim-options \
	tests/unit/test-sim-memory \
	tests/unit/test-sim-tables \
	tests/unit/test-sim-domain \
	tests/unit/test-sim-vcpu \
	tests/unit/test-sim-fail

check_PROGRAMS += $(sim_tests)
TESTS += $(sim_tests)

tests_unit_test_sim_options_SOURCES = tests/unit/test-sim-options.c tests/unit/test-sim.h
tests_unit_test_sim_options_CPPFLAGS = $(test_cppflags)
tests_unit_test_sim_options_LDADD = $(test_ldadd)

tests_unit_test_sim_memory_SOURCES = tests/unit/test-sim-memory.c tests/unit/test-sim.h
tests_unit_test_sim_memory_CPPFLAGS = $(test_cppflags)
tests_unit_test_sim_memory_LDADD = $(test_ldadd)

tests_unit_test_sim_tables_SOURCES = tests/unit/test-sim-tables.c tests/unit/test-sim.h
tests_unit_test_sim_tables_CPPFLAGS = $(test_cppflags)
tests_unit_test_sim_tables_LDADD = $(test_ldadd)

tests_unit_test_sim_domain_SOURCES = tests/unit/test-sim-domain.c tests/unit/test-sim.h
tests_unit_test_sim_domain_CPPFLAGS = $(test_cppflags)
tests_unit_test_sim_domain_LDADD = $(test_ldadd)

tests_unit_test_sim_vcpu_SOURCES = tests/unit/test-sim-vcpu.c tests/unit/test-sim.h
tests_unit_test_sim_vcpu_CPPFLAGS = $(test_cppflags)
tests_unit_test_sim_vcpu_LDADD = $(test_ldadd)

tests_unit_test_sim_fail_SOURCES = tests/unit/test-sim-fail.c tests/unit/test-sim.h
tests_unit_test_sim_fail_CPPFLAGS = $(test_cppflags)
tests_unit_test_sim_fail_LDADD = $(test_ldadd)
tests_unit_test_sim_fail_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=reallocarray,--wrap=strdup \
	-Wl,--wrap=mmap,--wrap=memfd_create,--wrap=ftruncate,--wrap=mprotect \
	-Wl,--wrap=pwrite,--wrap=pread
