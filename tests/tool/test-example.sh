#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# examples/toolstack, on the simulated host.
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

toolstack() {
	status=0
	"$builddir/examples/toolstack" "$@" >"$work/out" 2>"$work/err" || status=$?
}

head -c 12345 /dev/urandom >"$work/ramdisk"
toolstack sim "$(kernel linux64)" 64 "console=hvc0" "$work/ramdisk"
ok "it inspects, plans, builds, audits and starts" both exited 0 '&&' quiet '&&' out_has "xen-3.0-x86_64" '&&' \
	out_has "67108864 bytes of memory" '&&' out_has "is built and paused" '&&' out_has " 0 findings" '&&' \
	out_has "is started"
toolstack sim "$(kernel small64)" 64
ok "without a ramdisk, too" both exited 0 '&&' out_has "is started"
toolstack sim "$(kernel pvh)" 64
ok "it says what is wrong with a kernel" both exited 2 '&&' err_has "pv.pvh-only"
toolstack sim:memory=128M "$(kernel small64)" 1024
ok "and what the host lacks" both exited 3 '&&' err_has "host.no-memory"
toolstack kvm "$(kernel small64)" 64
ok "and that there is no such host" both exited 3 '&&' err_has "host.option"
toolstack sim "$(kernel small64)" 64 "" "$work/no-such-ramdisk"
ok "and that a file is missing" both exited 1 '&&' err_has "no-such-ramdisk"
for megabytes in x 0 -1 64M 99999999999999999999; do
	toolstack sim "$(kernel small64)" "$megabytes"
	ok "\"$megabytes\" is no number of megabytes" both exited 2 '&&' err_has "usage:"
done
ok "it has less than 150 lines" test "$(wc -l <"$srcdir/examples/toolstack.c")" -lt 150
finish
