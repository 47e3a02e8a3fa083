# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A test is a source of the same name, linked with all of the library and
# tests/support; only what differs from that is spelled out.
unit_tests = \
	tests/unit/test-audit-core \
	tests/unit/test-audit-domain \
	tests/unit/test-audit-mutation \
	tests/unit/test-audit-random \
	tests/unit/test-build \
	tests/unit/test-build-abi \
	tests/unit/test-build-confined \
	tests/unit/test-build-entries \
	tests/unit/test-build-memory \
	tests/unit/test-build-p2m \
	tests/unit/test-build-pte-bits \
	tests/unit/test-build-ranges \
	tests/unit/test-build-tables \
	tests/unit/test-console-ring \
	tests/unit/test-core \
	tests/unit/test-domains \
	tests/unit/test-dump \
	tests/unit/test-dump-memory \
	tests/unit/test-extent \
	tests/unit/test-host \
	tests/unit/test-image-arm64 \
	tests/unit/test-image-bzimage \
	tests/unit/test-image-codec \
	tests/unit/test-image-cost \
	tests/unit/test-image-declares \
	tests/unit/test-image-elf \
	tests/unit/test-image-failures \
	tests/unit/test-image-notes \
	tests/unit/test-image-notes-foreign \
	tests/unit/test-newfile \
	tests/unit/test-p2m-geometry \
	tests/unit/test-p2m-list \
	tests/unit/test-p2m-domain \
	tests/unit/test-p2m-publish \
	tests/unit/test-p2m-read \
	tests/unit/test-p2m-read-errors \
	tests/unit/test-p2m-read-random \
	tests/unit/test-p2m-read-torn \
	tests/unit/test-p2m-sparse \
	tests/unit/test-p2m-trace \
	tests/unit/test-p2m-tree \
	tests/unit/test-plan-image \
	tests/unit/test-plan-layout \
	tests/unit/test-plan-limits \
	tests/unit/test-plan-p2m \
	tests/unit/test-plan-pte-bits \
	tests/unit/test-plan-ranges \
	tests/unit/test-registers \
	tests/unit/test-sim-arm64 \
	tests/unit/test-sim-check \
	tests/unit/test-sim-cpus \
	tests/unit/test-sim-domain \
	tests/unit/test-sim-fail \
	tests/unit/test-sim-granule \
	tests/unit/test-sim-memory \
	tests/unit/test-sim-options \
	tests/unit/test-sim-pte-bits \
	tests/unit/test-sim-tables \
	tests/unit/test-sim-vcpu

# They read device trees.
if HAVE_LIBFDT
unit_tests += tests/unit/test-audit-arm64 tests/unit/test-build-arm64 tests/unit/test-plan-arm64 \
	tests/unit/test-plan-granules
endif
tests_unit_test_audit_arm64_LDADD = $(LDADD) $(FDT_LIBS)
EXTRA_DIST += tests/unit/arm64-kernels.h
tests_unit_test_plan_arm64_LDADD = $(LDADD) $(FDT_LIBS)

check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

audit_domain = tests/unit/audit-domain.h tests/unit/audit-domain.c \
	tests/unit/audit-core-writer.c tests/unit/audit-host.c
tests_unit_test_audit_core_SOURCES = tests/unit/test-audit-core.c $(audit_domain)
tests_unit_test_audit_domain_SOURCES = tests/unit/test-audit-domain.c $(audit_domain)
tests_unit_test_audit_mutation_SOURCES = tests/unit/test-audit-mutation.c $(audit_domain) \
	tests/unit/audit-mutations.h \
	tests/unit/audit-mutations-declared.c \
	tests/unit/audit-mutations-memory.c \
	tests/unit/audit-mutations-start.c \
	tests/unit/audit-mutations-tables.c \
	tests/unit/audit-mutations-tree.c
tests_unit_test_audit_random_SOURCES = tests/unit/test-audit-random.c $(audit_domain)

fake_host = tests/unit/fake-host.h tests/unit/fake-host.c
tests_unit_test_build_SOURCES = tests/unit/test-build.c $(fake_host)
tests_unit_test_build_abi_CPPFLAGS = $(AM_CPPFLAGS) $(XEN_CFLAGS)
tests_unit_test_build_memory_SOURCES = tests/unit/test-build-memory.c $(fake_host)
tests_unit_test_build_p2m_SOURCES = tests/unit/test-build-p2m.c $(fake_host)
tests_unit_test_build_pte_bits_SOURCES = tests/unit/test-build-pte-bits.c \
	tests/lab/pin.c tests/lab/pin.h tests/lab/relay.c tests/lab/relay.h
tests_unit_test_build_ranges_SOURCES = tests/unit/test-build-ranges.c \
	tests/torture/sanitized.h tests/torture/scenario.h tests/torture/scenario.c
tests_unit_test_build_tables_SOURCES = tests/unit/test-build-tables.c $(fake_host)

tests_unit_test_p2m_domain_SOURCES = tests/unit/test-p2m-domain.c \
	tests/torture/sanitized.h tests/torture/scenario.h tests/torture/scenario.c
p2m_guest = tests/unit/p2m-guest.h tests/unit/p2m-guest.c
tests_unit_test_p2m_read_SOURCES = tests/unit/test-p2m-read.c $(p2m_guest)
tests_unit_test_p2m_read_errors_SOURCES = tests/unit/test-p2m-read-errors.c $(p2m_guest) \
	tests/torture/inject.h tests/torture/inject.c
tests_unit_test_p2m_read_errors_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=strdup \
	-Wl,--wrap=mmap,--wrap=memfd_create
tests_unit_test_p2m_read_random_SOURCES = tests/unit/test-p2m-read-random.c $(p2m_guest)
tests_unit_test_p2m_read_torn_SOURCES = tests/unit/test-p2m-read-torn.c $(p2m_guest)
tests_unit_test_p2m_trace_SOURCES = tests/unit/test-p2m-trace.c $(p2m_guest)

tests_unit_test_registers_SOURCES = tests/unit/test-registers.c \
	tests/torture/scenario.h tests/torture/scenario.c

dump_fixture = tests/unit/dump-fixture.h tests/unit/dump-fixture.c \
	tests/torture/sanitized.h tests/torture/scenario.h tests/torture/scenario.c
tests_unit_test_dump_SOURCES = tests/unit/test-dump.c $(dump_fixture)
tests_unit_test_dump_memory_SOURCES = tests/unit/test-dump-memory.c $(dump_fixture)

p2m_store = tests/unit/p2m-store.h tests/unit/p2m-store.c
tests_unit_test_p2m_sparse_SOURCES = tests/unit/test-p2m-sparse.c $(p2m_store)
tests_unit_test_p2m_tree_SOURCES = tests/unit/test-p2m-tree.c $(p2m_store)

# Every allocation that the simulated host makes can be made to fail.
tests_unit_test_sim_fail_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=reallocarray,--wrap=strdup \
	-Wl,--wrap=mmap,--wrap=memfd_create,--wrap=ftruncate,--wrap=mprotect \
	-Wl,--wrap=pwrite,--wrap=pread

tests_unit_test_image_failures_SOURCES = tests/unit/test-image-failures.c \
	tests/torture/inject.h tests/torture/inject.c
tests_unit_test_image_failures_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=strdup \
	-Wl,--wrap=mmap,--wrap=memfd_create

EXTRA_DIST += tests/unit/plan-kernels.h tests/unit/test-sim.h

# Real Xen without Xen: the connection to xenstored is the test's own.
if HAVE_XEN
xen_tests = \
	tests/unit/test-xen-console \
	tests/unit/test-xen-context \
	tests/unit/test-xen-guard \
	tests/unit/test-xen-monitor \
	tests/unit/test-xen-store \
	tests/unit/test-xen-xs
check_PROGRAMS += $(xen_tests) tests/unit/fake-guard
TESTS += $(xen_tests)
fake_xenstore = tests/unit/fake-xenstore.h tests/unit/fake-xenstore.c
tests_unit_test_xen_console_SOURCES = tests/unit/test-xen-console.c $(fake_xenstore)
tests_unit_test_xen_console_CPPFLAGS = $(test_cppflags) -I$(srcdir)/tests/unit $(XEN_CFLAGS)
tests_unit_test_xen_context_CPPFLAGS = $(test_cppflags) $(XEN_CFLAGS)
tests_unit_test_xen_monitor_SOURCES = tests/unit/test-xen-monitor.c $(fake_xenstore)
tests_unit_test_xen_monitor_CPPFLAGS = $(test_cppflags) -I$(srcdir)/tests/unit $(XEN_CFLAGS)
tests_unit_test_xen_store_SOURCES = tests/unit/test-xen-store.c $(fake_xenstore)
tests_unit_test_xen_store_CPPFLAGS = $(test_cppflags) -I$(srcdir)/tests/unit $(XEN_CFLAGS)
tests_unit_test_xen_xs_CPPFLAGS = $(test_cppflags) $(XEN_CFLAGS)
endif

# The headers of Xen that guests include, and the example that does without them.
if BUILD_PROBE
if HAVE_XEN
check_PROGRAMS += tests/unit/test-probe-abi
TESTS += tests/unit/test-probe-abi
tests_unit_test_probe_abi_SOURCES = tests/unit/test-probe-abi.c tests/unit/probe-abi.h \
	tests/unit/probe-abi-ours.c tests/unit/probe-abi-ours.h
endif
endif
