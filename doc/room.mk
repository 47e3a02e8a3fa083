# SPDX-License-Identifier: LGPL-2.1-or-later
man_MANS += doc/libpvbuild.3 doc/pvbuild-lab.1 doc/pvbuild.1
dist_doc_DATA = doc/errors.md doc/guest-abi.md doc/p2m.md doc/p2m.svg doc/xen-tools-p2m.md
EXTRA_DIST += doc/libpvbuild.3 doc/pvbuild-lab.1 doc/pvbuild.1 doc/security-history.md
