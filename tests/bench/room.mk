# SPDX-License-Identifier: LGPL-2.1-or-later
#
EXTRA_DIST += tests/bench/lab-bench.sh

# make bench: what a build costs, beside libxenguest. It asserts nothing.
if HAVE_CMOCKA
if HAVE_XEN
bench_programs = tests/bench/bench tests/bench/bench-p2m
bench_measure = $(peer_sources) tests/bench/measure.c tests/bench/measure.h
EXTRA_PROGRAMS += $(bench_programs)
CLEANFILES += $(bench_programs)
tests_bench_bench_SOURCES = $(bench_measure) tests/bench/bench.c
tests_bench_bench_CPPFLAGS = $(test_cppflags) $(XEN_CFLAGS)
tests_bench_bench_LDADD = lib/libpvbuild-all.la $(XEN_LIBS) -lxentoollog
tests_bench_bench_p2m_SOURCES = $(bench_measure) tests/bench/bench-p2m.c
tests_bench_bench_p2m_CPPFLAGS = $(test_cppflags) $(XEN_CFLAGS)
tests_bench_bench_p2m_LDADD = lib/libpvbuild-all.la $(XEN_LIBS) -lxentoollog

bench: $(bench_programs) tests/peer/adapter.la
	@PVB_BUILDDIR='$(abs_top_builddir)' tests/bench/bench$(EXEEXT)
	@echo
	@PVB_BUILDDIR='$(abs_top_builddir)' tests/bench/bench-p2m$(EXEEXT)

# make bench-lab: the same beside libxenguest on real Xen, in the lab.
EXTRA_PROGRAMS += tests/bench/lab-bench tests/bench/libxenguest-driver
CLEANFILES += tests/bench/lab-bench tests/bench/libxenguest-driver
tests_bench_lab_bench_CPPFLAGS = $(AM_CPPFLAGS)
tests_bench_lab_bench_LDADD = lib/libpvbuild-all.la $(XEN_LIBS)
tests_bench_libxenguest_driver_CPPFLAGS = $(AM_CPPFLAGS) $(XEN_CFLAGS)
tests_bench_libxenguest_driver_LDADD = $(XEN_LIBS)
EXTRA_LTLIBRARIES = tests/bench/count-calls.la
tests_bench_count_calls_la_SOURCES = tests/bench/count-calls.c
tests_bench_count_calls_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere

bench-lab: tests/bench/lab-bench$(EXEEXT) tests/bench/libxenguest-driver$(EXEEXT) \
		tests/bench/count-calls.la pvbuild$(EXEEXT) pvbuild-lab
	@PVB_BUILDDIR='$(abs_top_builddir)' $(srcdir)/tests/bench/lab-bench.sh
else
bench-lab: bench
bench:
	@echo "make bench compares with libxenguest, and was configured without Xen's libraries" >&2; exit 1
endif
endif
.PHONY: bench bench-lab
