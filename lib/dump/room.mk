# SPDX-License-Identifier: LGPL-2.1-or-later
lib_libpvbuild_all_la_SOURCES += \
	lib/dump/context.c \
	lib/dump/dump.c \
	lib/dump/dump.h \
	lib/dump/file.c \
	lib/dump/memory.c \
	lib/dump/pages.c \
	lib/dump/search.c
