# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Images that lie, each refused with the one code that says how.
check_LTLIBRARIES += tests/malformed/libspecimen.la
tests_malformed_libspecimen_la_SOURCES = \
	tests/malformed/invariants.c \
	tests/malformed/invariants.h \
	tests/malformed/specimen.c \
	tests/malformed/specimen.h \
	tests/malformed/suite.c \
	tests/malformed/suite.h
tests_malformed_libspecimen_la_CPPFLAGS = $(test_cppflags)
malformed_ldadd = tests/malformed/libspecimen.la $(test_ldadd)

malformed_tests = \
	tests/malformed/test-bombs \
	tests/malformed/test-malformed-codecs \
	tests/malformed/test-malformed-containers \
	tests/malformed/test-malformed-declarations \
	tests/malformed/test-malformed-elf \
	tests/malformed/test-malformed-files \
	tests/malformed/test-malformed-notes \
	tests/malformed/test-mutations

check_PROGRAMS += $(malformed_tests)
TESTS += $(malformed_tests)

# The linker hands the library's memfds to the test, which counts what they hold.
tests_malformed_test_bombs_SOURCES = \
	tests/malformed/bomb-maker.c \
	tests/malformed/bomb-maker.h \
	tests/malformed/test-bombs.c
tests_malformed_test_bombs_CPPFLAGS = $(test_cppflags) $(ZLIB_CFLAGS)
tests_malformed_test_bombs_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=memfd_create,--wrap=close
tests_malformed_test_bombs_LDADD = $(malformed_ldadd)
tests_malformed_test_malformed_codecs_CPPFLAGS = $(test_cppflags) $(ZLIB_CFLAGS)
tests_malformed_test_malformed_codecs_LDADD = $(malformed_ldadd)
tests_malformed_test_malformed_containers_LDADD = $(malformed_ldadd)
tests_malformed_test_malformed_declarations_LDADD = $(malformed_ldadd)
tests_malformed_test_malformed_elf_LDADD = $(malformed_ldadd)
tests_malformed_test_malformed_files_LDADD = $(malformed_ldadd)
tests_malformed_test_malformed_notes_LDADD = $(malformed_ldadd)
tests_malformed_test_mutations_LDADD = $(malformed_ldadd)
