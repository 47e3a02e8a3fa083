# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What tests share. Not installed.
check_LTLIBRARIES += tests/libsupport.la
tests_libsupport_la_SOURCES = \
	tests/support/blob.c \
	tests/support/blob.h \
	tests/support/compress.c \
	tests/support/compress.h \
	tests/support/cost.c \
	tests/support/cost.h \
	tests/support/elf-builder.c \
	tests/support/elf-builder.h \
	tests/support/open.c \
	tests/support/open.h \
	tests/support/test.h \
	tests/support/support.c
tests_libsupport_la_CPPFLAGS = $(test_cppflags) \
	$(ZLIB_CFLAGS) $(LZMA_CFLAGS) $(ZSTD_CFLAGS) $(LZ4_CFLAGS)
EXTRA_DIST += tests/support/cases.sh
