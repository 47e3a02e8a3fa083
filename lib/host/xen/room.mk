# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Real Xen. Nothing else of the library includes Xen's headers.
EXTRA_DIST += lib/host/xen/device.h
if HAVE_XEN
lib_libpvbuild_all_la_SOURCES += \
	lib/host/xen/context.c \
	lib/host/xen/context.h \
	lib/host/xen/domain.c \
	lib/host/xen/facts.c \
	lib/host/xen/grants.c \
	lib/host/xen/m2p.c \
	lib/host/xen/m2p.h \
	lib/host/xen/memory.c \
	lib/host/xen/vcpu.c \
	lib/host/xen/xen.c \
	lib/host/xen/xen.h
lib_libpvbuild_all_la_CFLAGS += $(XEN_CFLAGS)
lib_libpvbuild_all_la_LIBADD += $(XEN_LIBS)
endif
