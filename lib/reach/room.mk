# SPDX-License-Identifier: LGPL-2.1-or-later
lib_libpvbuild_all_la_SOURCES += \
	lib/reach/built.c \
	lib/reach/core-context.c \
	lib/reach/core-file.c \
	lib/reach/core-file.h \
	lib/reach/core-memory.c \
	lib/reach/core-memory.h \
	lib/reach/core.c \
	lib/reach/domain.c \
	lib/reach/reach.h
