# SPDX-License-Identifier: LGPL-2.1-or-later
lib_libpvbuild_all_la_SOURCES += \
	lib/host/console.c \
	lib/host/console.h \
	lib/host/domains.c \
	lib/host/host.c \
	lib/host/host.h \
	lib/host/name.c \
	lib/host/owned.c \
	lib/host/registers.c

include lib/host/sim/room.mk
include lib/host/xen/room.mk
