# SPDX-License-Identifier: LGPL-2.1-or-later
lib_libpvbuild_all_la_SOURCES += \
	lib/host/sim/books.c \
	lib/host/sim/books.h \
	lib/host/sim/channels.c \
	lib/host/sim/check.c \
	lib/host/sim/contents.c \
	lib/host/sim/contents.h \
	lib/host/sim/cpus.c \
	lib/host/sim/domain.c \
	lib/host/sim/entries.c \
	lib/host/sim/entries.h \
	lib/host/sim/heap.c \
	lib/host/sim/heap.h \
	lib/host/sim/inside.c \
	lib/host/sim/map.c \
	lib/host/sim/model.h \
	lib/host/sim/options-arch.c \
	lib/host/sim/options-parse.h \
	lib/host/sim/options.c \
	lib/host/sim/options.h \
	lib/host/sim/populate.c \
	lib/host/sim/pte-bits.c \
	lib/host/sim/settings.c \
	lib/host/sim/sim.c \
	lib/host/sim/sim.h \
	lib/host/sim/stage2.c \
	lib/host/sim/stage2.h \
	lib/host/sim/tables.c \
	lib/host/sim/translated.c \
	lib/host/sim/types.c \
	lib/host/sim/vcpu.c
