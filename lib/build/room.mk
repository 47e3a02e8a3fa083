# SPDX-License-Identifier: LGPL-2.1-or-later
lib_libpvbuild_all_la_SOURCES += \
	lib/build/abi.h \
	lib/build/arm64.c \
	lib/build/build.c \
	lib/build/builder.h \
	lib/build/cpus.c \
	lib/build/cpus.h \
	lib/build/domain.c \
	lib/build/entries.c \
	lib/build/entries.h \
	lib/build/grants.c \
	lib/build/info.c \
	lib/build/load.c \
	lib/build/memory.c \
	lib/build/p2m.c \
	lib/build/result.c \
	lib/build/schedule.c \
	lib/build/tables.c \
	lib/build/vcpu.c \
	lib/build/window.c
