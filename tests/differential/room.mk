# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Kernels with something changed, read by libpvbuild and by libxenguest. Needs Xen's libraries.
if HAVE_XEN

differential_list = \
	tests/differential/excuses.c \
	tests/differential/facts.h \
	tests/differential/judge.c \
	tests/differential/judge.h \
	tests/differential/kinds-elf.c \
	tests/differential/kinds-notes.c \
	tests/differential/kinds.h \
	tests/differential/look.c \
	tests/differential/look.h

differential_sources = $(differential_list) \
	tests/differential/bases.c \
	tests/differential/bases.h \
	tests/differential/built.c \
	tests/differential/built.h \
	tests/differential/command.c \
	tests/differential/mutant.c \
	tests/differential/mutant.h \
	tests/differential/ours.c \
	tests/differential/run.c \
	tests/differential/run.h \
	tests/differential/steps-elf.c \
	tests/differential/steps-notes.c \
	tests/differential/steps.c \
	tests/differential/steps.h \
	tests/differential/theirs.c \
	tests/torture/sanitized.h
check_PROGRAMS += tests/differential/test-differential
TESTS += tests/differential/test-differential
tests_differential_test_differential_SOURCES = $(differential_sources) \
	tests/differential/test-differential.c \
	$(peer_sources) \
	tests/peer/compare.c \
	tests/peer/compare.h \
	tests/peer/expectations.c \
	tests/peer/view.c \
	tests/peer/view.h
tests_differential_test_differential_CPPFLAGS = $(test_cppflags) $(XEN_CFLAGS)
tests_differential_test_differential_LDADD = tests/malformed/libspecimen.la $(test_ldadd) \
	$(XEN_LIBS) -lxentoollog

# For MINUTES, or an hour, other mutants each time; those of SEED if there is one.
check-differential: tests/differential/test-differential tests/peer/adapter.la
	PVB_BUILDDIR='$(abs_top_builddir)' tests/differential/test-differential \
		--minutes $${MINUTES:-60} $${SEED}

else
check-differential:
	@echo "this needs Xen's libraries (libxen-dev), which configure did not find" >&2; exit 1
endif
