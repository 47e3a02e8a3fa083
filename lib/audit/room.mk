# SPDX-License-Identifier: LGPL-2.1-or-later
lib_libpvbuild_all_la_SOURCES += \
	lib/audit/arm64-given.c \
	lib/audit/arm64.c \
	lib/audit/arm64.h \
	lib/audit/audit.c \
	lib/audit/check.h \
	lib/audit/core.c \
	lib/audit/live.c \
	lib/audit/pte-bits.c \
	lib/audit/rules-declared.c \
	lib/audit/rules-given.c \
	lib/audit/rules-layout.c \
	lib/audit/rules-p2m-tree.c \
	lib/audit/rules-p2m.c \
	lib/audit/rules-pages.c \
	lib/audit/rules-registers.c \
	lib/audit/rules-start-info.c \
	lib/audit/rules-tables.c \
	lib/audit/rules.h \
	lib/audit/view.c \
	lib/audit/view.h \
	lib/audit/walk.c \
	lib/audit/walk.h

if HAVE_LIBFDT
lib_libpvbuild_all_la_SOURCES += lib/audit/arm64-tree.c
else
lib_libpvbuild_all_la_SOURCES += lib/audit/arm64-tree-none.c
endif
