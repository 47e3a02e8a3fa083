# SPDX-License-Identifier: LGPL-2.1-or-later
lib_libpvbuild_all_la_SOURCES += \
	lib/core/budget.h \
	lib/core/checked.h \
	lib/core/cleanup.h \
	lib/core/clock.h \
	lib/core/cpus.c \
	lib/core/cpus.h \
	lib/core/error.c \
	lib/core/error.h \
	lib/core/extent.c \
	lib/core/extent.h \
	lib/core/frames.h \
	lib/core/newfile.c \
	lib/core/newfile.h \
	lib/core/runs.c \
	lib/core/runs.h \
	lib/core/span.h
