# SPDX-License-Identifier: LGPL-2.1-or-later
lib_libpvbuild_all_la_SOURCES += \
	lib/plan/areas.c \
	lib/plan/areas.h \
	lib/plan/arm64-map.h \
	lib/plan/arm64-matrix.c \
	lib/plan/arm64-matrix.h \
	lib/plan/arm64-place.c \
	lib/plan/arm64-tree.h \
	lib/plan/arm64.c \
	lib/plan/arm64.h \
	lib/plan/layout.c \
	lib/plan/layout.h \
	lib/plan/limits.c \
	lib/plan/limits.h \
	lib/plan/mapping.c \
	lib/plan/mapping.h \
	lib/plan/p2m-form.c \
	lib/plan/p2m-form.h \
	lib/plan/plan.c \
	lib/plan/plan.h \
	lib/plan/pte-bits.c \
	lib/plan/pte-bits.h \
	lib/plan/pte-pin.c \
	lib/plan/pte-pin.h \
	lib/plan/public.c \
	lib/plan/ranges.c \
	lib/plan/ranges.h \
	lib/plan/request.c \
	lib/plan/request.h \
	lib/plan/space.c \
	lib/plan/space.h

# The device tree of an arm64 guest needs libfdt.
if HAVE_LIBFDT
lib_libpvbuild_all_la_SOURCES += lib/plan/arm64-tree.c
else
lib_libpvbuild_all_la_SOURCES += lib/plan/arm64-tree-none.c
endif
