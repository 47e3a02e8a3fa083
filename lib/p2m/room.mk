# SPDX-License-Identifier: LGPL-2.1-or-later
lib_libpvbuild_all_la_SOURCES += \
	lib/p2m/anchors.c \
	lib/p2m/compare.c \
	lib/p2m/follow.c \
	lib/p2m/geometry.c \
	lib/p2m/list.c \
	lib/p2m/map.c \
	lib/p2m/owners.c \
	lib/p2m/owners.h \
	lib/p2m/p2m.h \
	lib/p2m/pieces.c \
	lib/p2m/pieces.h \
	lib/p2m/publish.c \
	lib/p2m/read.c \
	lib/p2m/read.h \
	lib/p2m/result.h \
	lib/p2m/route.c \
	lib/p2m/seen.c \
	lib/p2m/seen.h \
	lib/p2m/tree.c \
	lib/p2m/walk.c \
	lib/p2m/walk.h
