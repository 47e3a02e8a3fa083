#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pvbuild's commands work on a domain that xl made.
# Time limit: 60
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh
kernel_or_skip vmlinuz-6.1-cloud

remember
cfg theirs memory=128 extra='console=hvc0'
try xl create -p "$work/theirs.cfg"
ok "xl creates a domain, paused" exited 0
pvb list
ok "list shows it" both exited 0 '&&' grep -qE '^theirs +[0-9]+ +128 +1 +--p---' "$work/out"
pvb audit theirs --kernel "$kernels/vmlinuz-6.1-cloud" --ramdisk "$ramdisk" --memory 128M \
	--cmdline 'console=hvc0'
cp "$work/out" "$output/audit"
ok "audit finds nothing" exited 0
pvb dump theirs "$work/core"
ok "dump writes its core" both exited 0 '&&' test -s "$work/core"
pvb audit "$work/core" --kernel "$kernels/vmlinuz-6.1-cloud" --ramdisk "$ramdisk"
ok "audit of that finds nothing" exited 0
rm -f "$work/core"
pvb destroy theirs
ok "destroy ends it" exited 0
ok "domains and free memory are as before" as_before
finish
