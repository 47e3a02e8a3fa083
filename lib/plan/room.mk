# SPDX-License-Identifier: LGPL-2.1-or-later
lib_libpvbuild_all_la_SOURCES += \
	lib/plan/layout.c \
	lib/plan/layout.h \
	lib/plan/limits.c \
	lib/plan/limits.h \
	lib/plan/mapping.c \
	lib/plan/mapping.h \
	lib/plan/plan.c \
	lib/plan/plan.h \
	lib/plan/pte-bits.c \
	lib/plan/pte-bits.h \
	lib/plan/public.c \
	lib/plan/request.c \
	lib/plan/request.h \
	lib/plan/space.c \
	lib/plan/space.h
