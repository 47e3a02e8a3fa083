#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A domain that pvbuild made is at home in the host: Xen's own tools find it and
# work with it.
# Time limit: 120
# shellcheck source-path=SCRIPTDIR/.. source=tap.sh
. /tests/tap.sh
kernel_or_skip vmlinuz-6.1-cloud

# column FILE NAME NUMBER: of the line of that domain in a list.
column() { awk -v name="$2" -v number="$3" '$1 == name { print $number }' "$1"; }

remember
cfg home memory=128 extra='console=hvc0 guest=stay'
pvb create --paused "$work/home.cfg"
ok "a domain is created, and paused" exited 0

try xl list
ok "xl list shows it by its name, with its memory, paused" both \
	test "$(column "$work/out" home 3)" = 128 '&&' test "$(column "$work/out" home 5)" = --p---
domain=$(column "$work/out" home 2)
try xl vcpu-list home
ok "xl vcpu-list shows its vCPU" test "$(grep -c '^home ' "$work/out")" = 1
pvb list
ok "pvbuild list shows it as xl list does, under the same number" both exited 0 '&&' out_has Domain-0 '&&' \
	test "$(column "$work/out" home 2)" = "$domain" '&&' test "$(column "$work/out" home 3)" = 128
try xl domid home
ok "xl finds it by its name" both exited 0 '&&' grep -qx "$domain" "$work/out"
try xenstore-ls -f "/local/domain/$domain"
for node in name domid vm memory/static-max memory/target console/ring-ref console/port console/tty \
	store/ring-ref store/port cpu/0/availability control; do
	ok "xenstore has its $node" out_has "/local/domain/$domain/$node = "
done

pvb audit home --kernel "$kernels/vmlinuz-6.1-cloud" --ramdisk "$ramdisk" --memory 128M \
	--cmdline 'console=hvc0 guest=stay'
ok "audit of the live, paused domain finds nothing" exited 0
pvb dump home "$work/core"
ok "pvbuild dump writes its core" both exited 0 '&&' test -s "$work/core"
pvb audit "$work/core" --kernel "$kernels/vmlinuz-6.1-cloud" --ramdisk "$ramdisk"
ok "audit of that finds nothing, too" exited 0
rm -f "$work/core"

try xl unpause home
ok "xl unpause starts it" exited 0
mkfifo "$work/keys"
xl console home <>"$work/keys" >"$work/console" 2>&1 &
console=$!
ok "xl console shows what it says" wait_for 60 has "$work/console" "guest: staying"
cp "$work/console" "$output/xl.console"
kill "$console" 2>/dev/null
# What xl console is becomes interactive on a terminal only, unless it is told so.
xenconsole --interactive "$domain" <>"$work/keys" >"$work/console" 2>&1 &
console=$!
echo "hello" >"$work/keys"
ok "and takes what is typed" wait_for 20 has "$work/console" "guest: heard hello"
kill "$console" 2>/dev/null

# Xen's own tools work with it once more in 32-console: xl dump-core takes its time.
try xl destroy home
ok "xl destroy ends it" exited 0
ok "domains and free memory are as before" as_before
try xenstore-ls -f
ok "xenstore has nothing of it any more" bash -c "! grep -E '/local/domain/$domain(/| )|/libxl/$domain(/| )' '$work/out'"
finish
