# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Real Xen. Its libraries' headers are included here and nowhere else.
EXTRA_DIST += lib/host/xen/device.h
# Said in any case: for automake, a flag of some configurations takes the place of all in the others.
lib_libpvbuild_all_la_CPPFLAGS = $(AM_CPPFLAGS) \
	-DPVB_GUARD_PROGRAM='"$(pkglibexecdir)/pvbuild-guard"'
if HAVE_XEN
lib_libpvbuild_all_la_SOURCES += \
	lib/host/xen/console.c \
	lib/host/xen/console.h \
	lib/host/xen/context.c \
	lib/host/xen/context.h \
	lib/host/xen/cpus.c \
	lib/host/xen/domain.c \
	lib/host/xen/end.c \
	lib/host/xen/end.h \
	lib/host/xen/facts.c \
	lib/host/xen/grants.c \
	lib/host/xen/guard-run.c \
	lib/host/xen/guard.c \
	lib/host/xen/guard.h \
	lib/host/xen/life.c \
	lib/host/xen/life.h \
	lib/host/xen/m2p.c \
	lib/host/xen/m2p.h \
	lib/host/xen/memory.c \
	lib/host/xen/monitor.c \
	lib/host/xen/monitor.h \
	lib/host/xen/nodes.c \
	lib/host/xen/nodes.h \
	lib/host/xen/process.c \
	lib/host/xen/process.h \
	lib/host/xen/record.c \
	lib/host/xen/record.h \
	lib/host/xen/settings.c \
	lib/host/xen/store-claim.c \
	lib/host/xen/store-remove.c \
	lib/host/xen/store.c \
	lib/host/xen/store.h \
	lib/host/xen/userdata.c \
	lib/host/xen/userdata.h \
	lib/host/xen/vcpu.c \
	lib/host/xen/watch.c \
	lib/host/xen/watch.h \
	lib/host/xen/xen.c \
	lib/host/xen/xen.h \
	lib/host/xen/xs-calls.c \
	lib/host/xen/xs-wire.h \
	lib/host/xen/xs.c \
	lib/host/xen/xs.h
lib_libpvbuild_all_la_CFLAGS += $(XEN_CFLAGS)
lib_libpvbuild_all_la_LIBADD += $(XEN_LIBS)

# What clears a domain away whose builder was killed.
pkglibexec_PROGRAMS += pvbuild-guard
pvbuild_guard_SOURCES = lib/host/xen/guard-main.c
pvbuild_guard_CPPFLAGS = $(AM_CPPFLAGS)
pvbuild_guard_CFLAGS = $(AM_CFLAGS) $(XEN_CFLAGS)
pvbuild_guard_LDADD = lib/libpvbuild-all.la
pvbuild_guard_LDFLAGS = $(AM_LDFLAGS) -Wl,--as-needed
endif
