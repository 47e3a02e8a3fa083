# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The peer: libxenguest builds the same kernels over our simulated host, and the
# two domains are compared. Needs Xen's libraries.
EXTRA_DIST += doc/libxenguest-differences.md
if HAVE_XEN

# Preloaded, it stands in for libxencall and libxenforeignmemory.
check_LTLIBRARIES += tests/peer/adapter.la
tests_peer_adapter_la_SOURCES = \
	tests/peer/adapter/adapter.h \
	tests/peer/adapter/context.c \
	tests/peer/adapter/cpus.c \
	tests/peer/adapter/domctl.c \
	tests/peer/adapter/foreign.c \
	tests/peer/adapter/hypercall.c \
	tests/peer/adapter/internal.h \
	tests/peer/adapter/link.c \
	tests/peer/adapter/m2p.c \
	tests/peer/adapter/memory-op.c \
	tests/peer/adapter/mmuext-op.c \
	tests/peer/adapter/sysctl.c
tests_peer_adapter_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests $(XEN_CFLAGS)
tests_peer_adapter_la_LIBADD = lib/libpvbuild-all.la
tests_peer_adapter_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere \
	-export-symbols-regex '^(xencall|xenforeignmemory_|xendevicemodel_|munmap$$|peer_attach$$|peer_refuse$$)'

peer_sources = \
	tests/peer/domain.c \
	tests/peer/ours.c \
	tests/peer/peer.h \
	tests/peer/preload.c \
	tests/peer/theirs.c

peer_tests = \
	tests/peer/test-adapter \
	tests/peer/test-behaviour \
	tests/peer/test-peer \
	tests/peer/test-xen-host
check_PROGRAMS += $(peer_tests)
TESTS += $(peer_tests)

tests_peer_test_adapter_SOURCES = tests/peer/preload.c tests/peer/test-adapter.c
tests_peer_test_adapter_CPPFLAGS = $(test_cppflags) $(XEN_CFLAGS)
tests_peer_test_adapter_LDADD = $(test_ldadd) $(XEN_LIBS)

tests_peer_test_behaviour_SOURCES = $(peer_sources) \
	tests/peer/test-behaviour.c \
	tests/peer/view.c \
	tests/peer/view.h
tests_peer_test_behaviour_CPPFLAGS = $(test_cppflags) $(XEN_CFLAGS)
tests_peer_test_behaviour_LDADD = $(test_ldadd) $(XEN_LIBS) $(ZLIB_LIBS) -lxentoollog

tests_peer_test_peer_SOURCES = $(peer_sources) $(differential_list) \
	tests/peer/compare.c \
	tests/peer/compare.h \
	tests/peer/expectations.c \
	tests/peer/test-peer.c \
	tests/peer/view.c \
	tests/peer/view.h
tests_peer_test_peer_CPPFLAGS = $(test_cppflags) $(XEN_CFLAGS)
tests_peer_test_peer_LDADD = lib/libpvbuild-all.la $(XEN_LIBS) -lxentoollog

tests_peer_test_xen_host_SOURCES = tests/peer/preload.c tests/peer/test-xen-host.c \
	$(torture_scenario) $(fake_xenstore)
tests_peer_test_xen_host_CPPFLAGS = $(test_cppflags) -I$(srcdir)/tests/unit $(XEN_CFLAGS)
tests_peer_test_xen_host_LDADD = $(test_ldadd) $(XEN_LIBS)

endif
