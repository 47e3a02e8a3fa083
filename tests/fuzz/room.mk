# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Fuzz targets, with a corpus that is made by code. "make check" replays it;
# "./configure CC=clang --enable-fuzzers --enable-sanitizers && make fuzz" fuzzes,
# each target FUZZ_SECONDS long, and keeps what it finds in fuzz-corpus/.
.PHONY: fuzz

if HAVE_CMOCKA
check_LTLIBRARIES += tests/fuzz/libtargets.la
tests_fuzz_libtargets_la_SOURCES = \
	tests/fuzz/fuzz-cost.c \
	tests/fuzz/fuzz-image.c \
	tests/fuzz/fuzz-notes.c \
	tests/fuzz/fuzz-p2m.c \
	tests/fuzz/seeds.c \
	tests/fuzz/seeds.h \
	tests/fuzz/targets.h
tests_fuzz_libtargets_la_CPPFLAGS = $(test_cppflags)
fuzz_ldadd = tests/fuzz/libtargets.la tests/malformed/libspecimen.la $(test_ldadd)

check_PROGRAMS += tests/fuzz/test-fuzz-replay
TESTS += tests/fuzz/test-fuzz-replay
tests_fuzz_test_fuzz_replay_LDADD = $(fuzz_ldadd)

EXTRA_PROGRAMS += tests/fuzz/make-seeds
tests_fuzz_make_seeds_LDADD = $(fuzz_ldadd)
CLEANFILES += tests/fuzz/make-seeds

EXTRA_DIST += tests/fuzz/entry.c

if ENABLE_FUZZERS
fuzz_targets = tests/fuzz/fuzz-image tests/fuzz/fuzz-notes tests/fuzz/fuzz-p2m \
	tests/fuzz/fuzz-cost
EXTRA_PROGRAMS += $(fuzz_targets)
CLEANFILES += $(fuzz_targets)

tests_fuzz_fuzz_image_SOURCES = tests/fuzz/entry.c
tests_fuzz_fuzz_image_CPPFLAGS = $(test_cppflags) -DPVB_FUZZ_TARGET=fuzz_image
tests_fuzz_fuzz_image_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_image_LDADD = $(fuzz_ldadd)

tests_fuzz_fuzz_notes_SOURCES = tests/fuzz/entry.c
tests_fuzz_fuzz_notes_CPPFLAGS = $(test_cppflags) -DPVB_FUZZ_TARGET=fuzz_notes
tests_fuzz_fuzz_notes_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_notes_LDADD = $(fuzz_ldadd)

tests_fuzz_fuzz_p2m_SOURCES = tests/fuzz/entry.c
tests_fuzz_fuzz_p2m_CPPFLAGS = $(test_cppflags) -DPVB_FUZZ_TARGET=fuzz_p2m
tests_fuzz_fuzz_p2m_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_p2m_LDADD = $(fuzz_ldadd)

tests_fuzz_fuzz_cost_SOURCES = tests/fuzz/entry.c
tests_fuzz_fuzz_cost_CPPFLAGS = $(test_cppflags) -DPVB_FUZZ_TARGET=fuzz_cost
tests_fuzz_fuzz_cost_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_cost_LDADD = $(fuzz_ldadd)

FUZZ_SECONDS = 60

fuzz: tests/fuzz/make-seeds $(fuzz_targets)
	@set -e; for target in image notes p2m cost; do \
		$(MKDIR_P) fuzz-corpus/$$target; \
		tests/fuzz/make-seeds $$target fuzz-corpus/$$target; \
		echo "fuzzing $$target for $(FUZZ_SECONDS) seconds"; \
		tests/fuzz/fuzz-$$target -max_total_time=$(FUZZ_SECONDS) -max_len=8192 \
			-rss_limit_mb=1024 -timeout=10 -print_final_stats=1 \
			-artifact_prefix=fuzz-corpus/ fuzz-corpus/$$target; \
	done
else
fuzz:
	@echo "fuzzing needs ./configure CC=clang --enable-fuzzers" >&2; exit 1
endif
endif
