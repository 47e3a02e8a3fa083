# SPDX-License-Identifier: LGPL-2.1-or-later
lib_libpvbuild_all_la_SOURCES += \
	lib/p2m/geometry.c \
	lib/p2m/list.c \
	lib/p2m/map.c \
	lib/p2m/p2m.h \
	lib/p2m/tree.c
