# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Tests on real Xen: programs and suites that run inside the lab's dom0, beside the domains that
# they are about. README.md tells how.
EXTRA_DIST += doc/libxl-differences.md
lab_scripts = tests/lab/make-ramdisk tests/lab/newer-xen tests/lab/run-lab tests/lab/test-lab.sh \
	tests/lab/test-newer-xen.sh
EXTRA_DIST += tests/lab/suite $(lab_scripts) \
	tests/lab/README.md tests/lab/guest-init tests/lab/run-suite tests/lab/tap.sh

# make check-lab: one boot of real Xen under emulation, in which they all run. It takes minutes and
# packages, so it is not among the tests of make check.
check-lab:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS=tests/lab/test-lab.sh
# The same with the Xen of a newer Debian, for which pvbuild is built in a chroot.
check-newer-xen:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS=tests/lab/test-newer-xen.sh
# What run-lab takes along; probes and examples are built with everything else.
lab-programs: $(filter-out tests/lab/test-%,$(filter tests/lab/%,$(check_PROGRAMS)))
clean-local:
	-rm -rf tests/lab/output tests/lab/newer-xen.log
if HAVE_XEN
lab_build = \
	tests/lab/guest.c tests/lab/guest.h \
	tests/lab/relay.c tests/lab/relay.h
lab_spoils = \
	tests/lab/spoil-pages.c tests/lab/spoil-pages.h \
	tests/lab/spoils-calls.c \
	tests/lab/spoils-contents.c \
	tests/lab/spoils-tables.c \
	tests/lab/spoils-tree.c \
	tests/lab/spoils.c tests/lab/spoils.h
lab_facts = \
	tests/lab/dump.c tests/lab/dump.h \
	tests/lab/facts.c tests/lab/facts.h \
	tests/lab/refusals.c tests/lab/refusals.h \
	tests/lab/trace.c tests/lab/trace.h \
	tests/lab/xl-differences.c tests/lab/xl-differences.h \
	tests/peer/view.c tests/peer/view.h
lab_cppflags = $(AM_CPPFLAGS) $(XEN_CFLAGS)
lab_ldadd = lib/libpvbuild-all.la $(XEN_LIBS)

check_PROGRAMS += tests/lab/compare-model
tests_lab_compare_model_SOURCES = tests/lab/compare-model.c $(lab_build) $(lab_facts)
tests_lab_compare_model_CPPFLAGS = $(lab_cppflags)
tests_lab_compare_model_LDADD = $(lab_ldadd)

check_PROGRAMS += tests/lab/denied-call
tests_lab_denied_call_SOURCES = tests/lab/denied-call.c $(lab_build)
tests_lab_denied_call_CPPFLAGS = $(lab_cppflags)
tests_lab_denied_call_LDADD = $(lab_ldadd)

check_PROGRAMS += tests/lab/predict-pin
tests_lab_predict_pin_SOURCES = tests/lab/predict-pin.c tests/lab/pin.c tests/lab/pin.h $(lab_build)
tests_lab_predict_pin_CPPFLAGS = $(test_cppflags) $(XEN_CFLAGS)

check_PROGRAMS += tests/lab/spoiled-builder
tests_lab_spoiled_builder_SOURCES = tests/lab/spoiled-builder.c \
	tests/lab/run.c tests/lab/run.h $(lab_build) $(lab_spoils)
tests_lab_spoiled_builder_CPPFLAGS = $(lab_cppflags)
tests_lab_spoiled_builder_LDADD = $(lab_ldadd)

check_PROGRAMS += tests/lab/holdings
tests_lab_holdings_CPPFLAGS = -include config.h -I$(top_builddir) $(XEN_CFLAGS)
tests_lab_holdings_LDADD = $(XEN_LIBS)

check_PROGRAMS += tests/lab/hold-page
tests_lab_hold_page_CPPFLAGS = $(lab_cppflags)
tests_lab_hold_page_LDADD = $(lab_ldadd)

check_PROGRAMS += tests/lab/killed-builder
tests_lab_killed_builder_CPPFLAGS = -include config.h -I$(top_builddir) -I$(top_srcdir)/include
tests_lab_killed_builder_LDADD = lib/libpvbuild.la

lab_scenario = tests/torture/sanitized.h tests/torture/scenario.c tests/torture/scenario.h
check_PROGRAMS += tests/lab/test-compare-model tests/lab/test-spoils
TESTS += tests/lab/test-compare-model tests/lab/test-spoils
tests_lab_test_compare_model_SOURCES = tests/lab/test-compare-model.c \
	tests/lab/relay.c tests/lab/relay.h $(lab_facts) $(lab_scenario)
tests_lab_test_compare_model_CPPFLAGS = $(test_cppflags) $(XEN_CFLAGS)
tests_lab_test_spoils_SOURCES = tests/lab/test-spoils.c \
	$(lab_build) $(lab_spoils) $(lab_facts) $(lab_scenario)
tests_lab_test_spoils_CPPFLAGS = $(test_cppflags) $(XEN_CFLAGS)
tests_lab_test_spoils_LDADD = $(test_ldadd) $(XEN_LIBS)
endif
