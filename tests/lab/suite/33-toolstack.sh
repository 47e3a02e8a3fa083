#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# examples/toolstack: a domain from C, from its kernel to its end.
# Time limit: 240
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh
kernel_or_skip vmlinuz-6.1-cloud

remember
try toolstack xen "$kernels/vmlinuz-6.1-cloud" 128 "console=hvc0" "$ramdisk"
ok "it builds, audits and starts a domain, and waits for its end" both exited 0 '&&' quiet '&&' \
	out_has " 0 findings" '&&' out_has "is started" '&&' out_has "has ended, for reason 0"
ok "after which nothing is left" as_before

toolstack xen "$kernels/vmlinuz-6.1-cloud" 128 "console=hvc0 guest=stay" "$ramdisk" >"$work/said" 2>&1 &
waiting=$!
ok "it says when it has started one" wait_for 60 has "$work/said" "is started"
ok "which outlives it" both kill -KILL "$waiting" '&&' wait_for 5 xl list example
try xl destroy example
ok "until somebody destroys it" both exited 0 '&&' as_before
finish
