# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What tests share. Not installed.
check_LTLIBRARIES += tests/libsupport.la
tests_libsupport_la_SOURCES = \
	tests/support/test.h \
	tests/support/support.c
tests_libsupport_la_CPPFLAGS = $(test_cppflags)
