# SPDX-License-Identifier: LGPL-2.1-or-later
pkginclude_HEADERS += \
	include/pvbuild/audit.h \
	include/pvbuild/build.h \
	include/pvbuild/domain.h \
	include/pvbuild/dump.h \
	include/pvbuild/error.h \
	include/pvbuild/export.h \
	include/pvbuild/guest-abi.h \
	include/pvbuild/host.h \
	include/pvbuild/image.h \
	include/pvbuild/p2m.h \
	include/pvbuild/p2m-domain.h \
	include/pvbuild/plan.h \
	include/pvbuild/progress.h \
	include/pvbuild/pvbuild.h
