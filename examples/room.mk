# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_PROGRAMS += examples/toolstack
examples_toolstack_SOURCES = examples/toolstack.c
examples_toolstack_LDADD = lib/libpvbuild.la
