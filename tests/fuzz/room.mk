# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Fuzz targets, with seeds that are made by code or stand in tests/fuzz/seeds. "make check"
# replays them; "./configure CC=clang --enable-fuzzers --enable-sanitizers && make fuzz" fuzzes
# each target for MINUTES, and keeps what it finds in fuzz-corpus/TARGET and fuzz-found/.
.PHONY: fuzz

if HAVE_CMOCKA
check_LTLIBRARIES += tests/fuzz/libtargets.la
tests_fuzz_libtargets_la_SOURCES = \
	tests/fuzz/check.c \
	tests/fuzz/check.h \
	tests/fuzz/fuzz-core.c \
	tests/fuzz/fuzz-cost.c \
	tests/fuzz/fuzz-image.c \
	tests/fuzz/fuzz-life.c \
	tests/fuzz/fuzz-live.c \
	tests/fuzz/fuzz-notes.c \
	tests/fuzz/fuzz-p2m-file.c \
	tests/fuzz/fuzz-p2m.c \
	tests/fuzz/input.h \
	tests/fuzz/life-kernel.c \
	tests/fuzz/life-kernel.h \
	tests/fuzz/life-seeds.c \
	tests/fuzz/report.c \
	tests/fuzz/report.h \
	tests/fuzz/scratch.c \
	tests/fuzz/scratch.h \
	tests/fuzz/small-guest.c \
	tests/fuzz/small-guest.h \
	tests/fuzz/targets.c \
	tests/fuzz/targets.h
tests_fuzz_libtargets_la_CPPFLAGS = $(test_cppflags) -I$(top_srcdir)/tools
fuzz_ldadd = tests/fuzz/libtargets.la tests/malformed/libspecimen.la tools/libpvbuild-tool.la \
	$(test_ldadd) $(FDT_LIBS)

if HAVE_LIBFDT
tests_fuzz_libtargets_la_SOURCES += tests/fuzz/fuzz-tree.c
endif
if HAVE_XEN
tests_fuzz_libtargets_la_SOURCES += tests/fuzz/fuzz-cfg.c tests/fuzz/fuzz-guard.c
endif

check_PROGRAMS += tests/fuzz/test-fuzz-replay tests/fuzz/make-seeds
TESTS += tests/fuzz/test-fuzz-replay
# A guard that is started is the target's own.
fuzz_ldflags = $(AM_LDFLAGS) \
	-Wl,--wrap=posix_spawn,--wrap=posix_spawn_file_actions_adddup2
tests_fuzz_test_fuzz_replay_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_make_seeds_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_test_fuzz_replay_LDADD = $(fuzz_ldadd)
tests_fuzz_make_seeds_LDADD = $(fuzz_ldadd)
EXTRA_DIST += tests/fuzz/fuzz.c tests/fuzz/run-fuzzers tests/fuzz/seeds

if ENABLE_FUZZERS
EXTRA_PROGRAMS += tests/fuzz/fuzz
CLEANFILES += tests/fuzz/fuzz
tests_fuzz_fuzz_LDFLAGS = $(fuzz_ldflags) -fsanitize=fuzzer
tests_fuzz_fuzz_LDADD = $(fuzz_ldadd)

# Of each target; and which, if not all.
MINUTES = 1
TARGETS =

fuzz: tests/fuzz/make-seeds$(EXEEXT) tests/fuzz/fuzz$(EXEEXT)
	@$(srcdir)/tests/fuzz/run-fuzzers $(MINUTES) $(TARGETS)
else
fuzz:
	@echo "fuzzing needs ./configure CC=clang --enable-fuzzers" >&2; exit 1
endif
endif
