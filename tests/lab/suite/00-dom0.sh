#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The lab itself: what suites rely on is there.
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh

for program in pvbuild xl xenstore-ls xenctx xen-mfndump readnotes; do
	ok "dom0 has $program" command -v "$program"
done
try xl list
ok "dom0 is a domain under Xen" both exited 0 '&&' out_has "Domain-0"
try pvbuild version
ok "pvbuild runs" both exited 0 '&&' out_has "pvbuild "
finish
